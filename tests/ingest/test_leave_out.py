"""Customers whom the mapping leaves out, by id, by a list or by a condition: they go with all their transactions."""

import json

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seglib.errors import ParameterRefused
from seglib.ingest.contract.id_lists import read_ids
from seglib.ingest.mapping.file import parse
from seglib.ingest.mapping.model import Exclusion
from seglib.ingest.shop import ingest
from seglib.report import check

BY_CONDITION = "tables: {customers: {leave_out: {staff: {column: team, is: [Staff, test]}}}}"


def mapping_of(folder, text):
    path = folder / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def rows_of(shop):
    return shop.findings.set_index("rule")["rows"].to_dict()


@pytest.fixture
def with_staff(tables):
    """The shop of four customers; 2 is staff and claimed two coupons, 4 is a test account without any."""
    tables["customers"]["team"] = ["", "staff", "", "TEST"]
    return tables


def test_transactions_go_with_their_customers_and_are_no_error(with_staff, write_csv, tmp_path, reconciles):
    shop = ingest(write_csv(with_staff), mapping=mapping_of(tmp_path, BY_CONDITION))
    choices = shop.findings.query("severity == 'exclusion'").set_index("rule")["rows"]
    assert choices.to_dict() == {"customers.left_out.staff": 2, "transactions.left_out.with_their_customers": 2}
    assert not (shop.findings["severity"] == "error").any()
    assert shop.table("customers")["customer_id"].tolist() == ["1", "3"]
    assert shop.table("transactions")["transaction_id"].tolist() == ["1", "2", "3", "6"]
    assert "(4 by choice of the mapping)" in shop.text
    shop.require(max_reject_share=0.0)
    reconciles(shop)


def test_what_is_left_out_is_in_every_form_of_the_check(with_staff, write_csv, tmp_path):
    shop = ingest(write_csv(with_staff), mapping=mapping_of(tmp_path, BY_CONDITION))
    assert check.passed(shop)
    for text in (check.without_colours(check.as_text(shop)), json.dumps(check.as_json(shop)), check.as_html(shop)):
        assert "customers.left_out.staff" in text
        assert "transactions.left_out.with_their_customers" in text
        assert "the mapping leaves out the customer of the transaction" in text


def test_nothing_else_is_wrong_with_a_transaction_that_is_left_out(with_staff, write_csv, tmp_path):
    with_staff["transactions"].loc[3, "transaction_status"] = "odd"  # of customer 2
    with_staff["transactions"].loc[5, "transaction_id"] = "5"  # of customer 3, and the same as one of customer 2
    shop = ingest(write_csv(with_staff), mapping=mapping_of(tmp_path, BY_CONDITION))
    assert not (shop.findings["severity"] == "error").any()
    assert shop.table("transactions")["transaction_id"].tolist() == ["1", "2", "3", "5"]


@pytest.mark.parametrize("listed", ["ids: ['2', '77']", "file: staff.txt", "file: staff.csv", "file: staff.parquet"])
def test_a_list_also_names_whom_the_table_of_customers_lacks(tables, write_csv, tmp_path, listed):
    tables["transactions"].loc[0, "customer_id"] = "77"  # on the list, in no table: no orphan either
    (tmp_path / "staff.txt").write_text("2\n77\n", encoding="utf-8")
    (tmp_path / "staff.csv").write_text("Name;Customer_ID\nAnn; 2\nBo;77\n;\n", encoding="utf-8")
    pd.DataFrame({"name": ["Ann", "Bo"], "customer_id": [2, 77]}).to_parquet(tmp_path / "staff.parquet")
    mapping = mapping_of(tmp_path, f"tables: {{customers: {{leave_out: {{staff: {{{listed}}}}}}}}}")
    shop = ingest(write_csv(tables), mapping=mapping)
    rows = rows_of(shop)
    assert rows["customers.left_out.staff"] == 1
    assert rows["transactions.left_out.with_their_customers"] == 3
    assert "transactions.customer_id.orphan" not in rows
    [note] = [note for note in shop.notes if "leaves out" in note]
    assert "2 ids" in note
    assert "table customers has 1 of them" in note


def test_ids_are_compared_as_they_are_read(tables, write_csv, tmp_path):
    tables["customers"]["customer_id"] = ["001", "2.0", "3.0", None]
    tables["transactions"]["customer_id"] = ["001", "001", "2", "2.0", "3", "3"]
    mapping = mapping_of(tmp_path, "tables: {customers: {leave_out: {x: {ids: ['2', '1']}}}}")
    shop = ingest(write_csv(tables), mapping=mapping)
    assert rows_of(shop)["customers.left_out.x"] == 1  # 1 is not 001
    assert rows_of(shop)["transactions.left_out.with_their_customers"] == 2


def test_who_has_another_row_that_counts_stays(with_staff, write_csv, tmp_path):
    again = with_staff["customers"].iloc[[1]].assign(team="")
    with_staff["customers"] = pd.concat([with_staff["customers"], again])
    shop = ingest(write_csv(with_staff), mapping=mapping_of(tmp_path, BY_CONDITION))
    assert shop.table("customers")["customer_id"].tolist() == ["1", "3", "2"]
    assert len(shop.table("transactions")) == 6


def test_lists_also_leave_out_other_rows(tables, write_csv, tmp_path):
    mapping = mapping_of(tmp_path, "tables: {transactions: {leave_out: {tests: {ids: ['6', '1']}}}}")
    shop = ingest(write_csv(tables), mapping=mapping)
    assert shop.table("transactions")["transaction_id"].tolist() == ["2", "3", "4", "5"]
    assert len(shop.table("customers")) == 4


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(out=st.sets(st.sampled_from("1234"), min_size=1, max_size=3))
def test_leaving_customers_out_is_the_same_as_if_they_had_never_been_there(tables, write_csv, tmp_path, out):
    listed = ", ".join(f"'{id_}'" for id_ in sorted(out))
    mapping = mapping_of(tmp_path, f"tables: {{customers: {{leave_out: {{x: {{ids: [{listed}]}}}}}}}}")
    others = {
        name: frame[~frame["customer_id"].isin(out)] if "customer_id" in frame else frame
        for name, frame in tables.items()
    }
    shop = ingest(write_csv(tables), mapping=mapping, as_of="2024-07-31")
    without = ingest(write_csv(others, "others"), as_of="2024-07-31") if len(others["transactions"]) else None
    if without is None:
        assert shop.table("transactions").empty
        return
    pd.testing.assert_frame_equal(shop.unified.df(), without.unified.df())
    pd.testing.assert_frame_equal(shop.table("customers"), without.table("customers"))


@pytest.mark.parametrize(
    ("exclusion", "message"),
    [
        ("{ids: ['1'], column: team}", "without a column"),
        ("{ids: ['1'], file: a.csv}", "or ids, or file"),
        ("{column: team}", "say a column and one of"),
        ("{ids: ['1', ' ']}", "an id is not empty"),
        ("{file: [a.csv]}", "leave_out.x.file: expected a word, not a list"),
        ("{file: {a: b}}", "leave_out.x.file: expected a word, not lines"),
        ("{ids: {a: b}}", "leave_out.x.ids: expected a word or a list of words, not lines"),
        ("{ids: [[a]]}", "leave_out.x.ids: expected a word or a list of words"),
        ("{file: nowhere.csv}", "no file 'nowhere.csv' beside the mapping file"),
        ("{id: ['1']}", "unknown 'id' .did you mean 'ids'"),
    ],
)
def test_what_cannot_be_meant_is_refused(tables, write_csv, tmp_path, exclusion, message):
    mapping = mapping_of(tmp_path, f"tables: {{customers: {{leave_out: {{x: {exclusion}}}}}}}")
    with pytest.raises(ParameterRefused, match=message) as refused:
        ingest(write_csv(tables), mapping=mapping)
    assert refused.value.parameter == ("mapping",)


def test_a_file_that_is_no_list_is_refused(tmp_path):
    (tmp_path / "empty.csv").write_text("customer_id\n", encoding="utf-8")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    for file in ("empty.csv", "picture.png"):
        with pytest.raises(ParameterRefused, match=f"list '{file}' cannot be used"):
            read_ids(tmp_path / file, ("customer_id",))


def test_a_list_is_looked_for_beside_the_mapping_file(tmp_path):
    (tmp_path / "staff.txt").write_text("1\n", encoding="utf-8")
    content = {"tables": {"customers": {"leave_out": {"staff": {"file": "staff.txt"}}}}}
    expected = Exclusion("staff", "", "file", (str(tmp_path / "staff.txt"),))
    assert parse(content, tmp_path).table("customers").leave_out == (expected,)
