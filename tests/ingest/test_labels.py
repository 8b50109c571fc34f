"""Somebody else's segments are read as ids of a shop are, and refused by rule."""

import pandas as pd
import pytest

from seglib.errors import ParameterRefused
from seglib.ingest.labels import LabelsFile, read_labels


@pytest.fixture
def read(tmp_path):
    """Write a file and read it."""

    def write_and_read(text, name="agency.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_labels(path)

    return write_and_read


def test_without_a_file_nothing_is_given():
    assert read_labels(None) == LabelsFile()
    assert read_labels(None).table.empty


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("customer_id,segment\n007,Gold\n8,Silver\n", {"007": "Gold", "8": "Silver"}),
        ("Segment,x,Customer_ID\nGold,1,007\nSilver,2,8\n", {"007": "Gold", "8": "Silver"}),  # by name
        ("who;what\n1.0;Gold\n 2.0 ; Silver \n", {"1": "Gold", "2": "Silver"}),  # by place; whole numbers with gaps
        ("segment,who\nGold,1\nSilver,2\n", {"1": "Gold", "2": "Silver"}),  # one of the names, one column left
        ("\ufeffcustomer_id\tsegment\nä\tGold\nß\tSilver\n", {"ä": "Gold", "ß": "Silver"}),
        ('id,segment\n1,"Gold, old"\n2,3\n', {"1": "Gold, old", "2": "3"}),
    ],
)
def test_ids_and_names_are_text(read, text, labels):
    labels_file = read(text)
    assert labels_file.labels.to_dict() == labels
    assert labels_file.labels.index.name == "customer_id"
    assert labels_file.file == "agency.csv"


def test_typed_columns_give_the_same_ids_as_text(tmp_path):
    path = tmp_path / "labels.parquet"
    pd.DataFrame({"customer_id": [1.0, 2.0, 30.0], "segment": [1, 2, 1]}).to_parquet(path)
    labels_file = read_labels(path)
    assert labels_file.labels.to_dict() == {"1": "1", "2": "2", "30": "1"}
    assert len(labels_file.sha256) == 64


def test_a_file_has_the_digest_of_its_bytes(read):
    from hashlib import sha256

    text = "customer_id,segment\n1,a\n2,b\n"
    assert read(text).sha256 == sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("customer_id\n1\n", ["missing_column", "'customer_id'"]),
        ("customer_id,a,b\n1,x,y\n", ["missing_column", "'a' or 'b'"]),
        ("customer_id,segment\n", ["empty_file"]),
        ("", ["it is empty"]),
        (
            "customer_id,segment\n1,a\n1,b\n,c\n4,\n5,\n",
            [
                "empty_customer: 1 row has no customer (line 4)",
                "empty_segment: 2 customers have no segment (lines 5, 6)",
                "duplicate_customer: 1 customer is there more than once ('1')",
            ],
        ),
        ("a,b\n1,x\n2,x\n", ["one_segment: all customers are in 'x'"]),
        ("a,b\n" + "".join(f"{i},s{i}\n" for i in range(27)), ["too_many_segments: 27"]),
        ("a,b\n1,x\n2," + "y" * 61 + "\n", ["long_name", "60 characters"]),
        ("a,b\n1,At risk\n2,at  Risk\n", ["similar_names: 'At risk', 'at  Risk'"]),
        ("a,b\n1,x,3\n2,y,4\n", ["line 2 has 3 fields"]),
    ],
)
def test_a_bad_file_is_refused_with_every_rule_that_it_breaks(read, text, messages):
    with pytest.raises(ParameterRefused) as refused:
        read(text)
    assert refused.value.parameter == ("labels",)
    for message in ("labels 'agency.csv' cannot be used", *messages):
        assert message in str(refused.value)


def test_26_segments_are_allowed(read):
    assert read("a,b\n" + "".join(f"{i},s{i % 26}\n" for i in range(52))).labels.nunique() == 26


def test_what_is_no_table_is_refused(read, tmp_path):
    with pytest.raises(ParameterRefused, match="neither a CSV nor a Parquet file"):
        read("x", "labels.docx")
    with pytest.raises(ParameterRefused, match="no such file"):
        read_labels(tmp_path / "nowhere.csv")
    with pytest.raises(ParameterRefused, match="cannot be read as parquet"):
        read(b"PAR1 and then nothing", "labels.parquet")
