"""Outcomes of a campaign: a table of any form, or what a shop's transactions say after a day."""

import pandas as pd
import pytest

from seglib.errors import InputRefused, ParameterRefused
from seglib.ingest.outcomes import read_outcomes


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, mapping=None, **options):
        path = tmp_path / "outcomes.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if mapping:
            options["mapping"] = tmp_path / "mapping.yaml"
            options["mapping"].write_text(mapping, encoding="utf-8")
        return read_outcomes(path, **options)

    return write_and_read


@pytest.mark.parametrize(
    ("text", "mapping", "values", "kinds"),
    [
        (
            "customer_id,visit,spend,channel\n007,1,3.5,web\n8,0,0,app\n",
            None,
            {"visit": {"007": 1, "8": 0}, "spend": {"007": 3.5, "8": 0}},
            {"visit": "share", "spend": "mean"},
        ),
        (
            "Client;Used;Revenue\n 007 ;yes;1.234,50\n8.0;no;7,00\n",  # words, points for thousands, whole numbers
            None,
            {"Used": {"007": 1, "8": 0}, "Revenue": {"007": 1234.5, "8": 7}},
            {"Used": "share", "Revenue": "mean"},
        ),
        (
            "a,who,b\n1,x,2\n0,y,3\n",
            "customer: Who\noutcomes:\n  burned: a\n  visits: {column: b, kind: numeric}\n",
            {"burned": {"x": 1, "y": 0}, "visits": {"x": 2, "y": 3}},
            {"burned": "share", "visits": "mean"},
        ),
        # somebody put the outcomes beside the list
        (
            "customer_id,segment,control,burned\n1,A,1,1\n2,B,0,0\n",
            None,
            {"burned": {"1": 1, "2": 0}},
            {"burned": "share"},
        ),
    ],
)
def test_a_table_is_read(read, text, mapping, values, kinds):
    found = read(text, mapping)
    assert found.by_customer.to_dict() == values
    assert dict(found.kinds) == kinds
    assert found.name == "outcomes.csv"


def test_a_parquet_file_is_read_too(tmp_path):
    path = tmp_path / "o.parquet"
    pd.DataFrame({"customer_id": [1, 2], "burned": [True, False]}).to_parquet(path)
    assert read_outcomes(path).by_customer.to_dict() == {"burned": {"1": 1.0, "2": 0.0}}


def test_what_came_before_the_lists_is_left_out(read):
    rows = "id,burned,day\n1,1,2026-07-01\n2,1,2026-06-30\n3,1,2026-01-01\n"
    found = read(rows, "customer: id\ndate: day\n", after="2026-06-30")
    assert found.by_customer.index.tolist() == ["1"]
    assert "2 rows are of 2026-06-30, the day of the lists, or before it" in found.text
    with pytest.raises(InputRefused, match="no effect of it"):
        read(rows, "customer: id\ndate: day\n", after="2026-07-01")
    with pytest.raises(InputRefused, match="no day that can be read"):
        read("id,burned,day\n1,1,soon\n", "customer: id\ndate: day\n", after="2026-07-01")
    assert "is taken on trust" in read("id,burned\n1,1\n2,0\n", after="2026-06-30").text


DATED = "id,burned,when\n1,1,2026-07-01\n2,1,2026-06-30\n3,0,\n"


def test_the_only_column_with_days_says_when_it_happened(read):
    found = read(DATED, after="2026-06-30")
    assert found.by_customer["burned"].to_dict() == {"1": 1.0, "3": 0.0}
    assert "The days are those of column 'when'." in found.text
    assert "1 row is of 2026-06-30" in found.text
    assert "1 row has no day" in found.text
    with pytest.raises(InputRefused, match="all 2 days in column 'when' are 2026-08-01, the day of the lists, or earl"):
        read(DATED, after="2026-08-01")
    # whoever knows better says so
    assert len(read(DATED, "date:\n", after="2026-08-01").by_customer) == 3
    # of several, it is not known which
    several = read("id,burned,born,when\n1,1,1980-01-01,2026-07-01\n2,0,1990-01-01,2026-07-02\n", after="2026-06-30")
    assert len(several.by_customer) == 2
    assert "Columns born and when hold days: name one of them" in several.text
    assert "is taken on trust" in several.text


@pytest.mark.parametrize(
    ("day", "after_the_lists"),
    [
        ("2026-07-01T00:30:00+02:00", True),  # the day that is written there, whatever the zone of the machine
        ("2026-06-30T23:30:00-11:00", False),
        ("2026-06-30T23:59:59Z", False),
        ("2026-07-01 00:00", True),
    ],
)
def test_a_day_with_a_time_zone_is_the_day_that_is_written(read, day, after_the_lists):
    found = read(f"id,burned,when\n1,1,{day}\n2,1,2026-07-05\n", after="2026-06-30")
    assert ("1" in found.by_customer.index) == after_the_lists


@pytest.mark.parametrize("cell", ["abc", "inf", "1e300", "12..5"])
def test_a_column_of_numbers_with_another_cell_is_left_out_with_the_reason(read, cell):
    why = f"column 'spend' holds '{cell}' (1 such cell), which is no number"
    found = read(f"id,spend,burned\n1,3.5,1\n2,-4,0\n3,{cell},1\n")
    assert dict(found.kinds) == {"burned": "share"}
    assert f"Left out: {why}." in found.text
    with pytest.raises(InputRefused) as refused:
        read(f"id,spend\n1,3.5\n2,-4\n3,{cell}\n")
    assert why in str(refused.value)


def test_numbers_that_do_not_mean_the_same_are_refused(read):
    assert read("id,rate\n1,12%\n2,3.5 %\n").by_customer["rate"].to_dict() == {"1": 12.0, "2": 3.5}
    with pytest.raises(InputRefused, match="with a percent sign, and others without"):
        read("id,rate\n1,12%\n2,0.5\n")
    with pytest.raises(InputRefused, match=r"numbers in .*EUR.*: give all in one unit"):
        read("id,spend\n1,12.50 EUR\n2,3.50 USD\n")


def test_a_list_with_outcomes_beside_it_has_only_those(read):
    head = "customer_id,segment,segment_name,holdout,control,last_coupon,coupons,share_used,city,burned"
    found = read(f"{head}\n'=1,A,x,False,True,2026-01-01,3,0.5,Rome,1\n2,A,x,False,False,2026-01-02,4,0.5,Oslo,0\n")
    assert found.by_customer.to_dict() == {"burned": {"=1": 1.0, "2": 0.0}}  # ids as they were before the list
    assert read("customer_id,coupons\n1,3\n2,0\n").kinds == {"coupons": "mean"}


@pytest.mark.parametrize(
    ("text", "mapping", "error", "why"),
    [
        ("id,burned\n1,1\n1,0\n", None, InputRefused, "1 customer is there more than once, such as '1'"),
        ("id,burned\n,1\n1,0\n", None, InputRefused, "1 row has no customer"),
        ("id,what\n1,x\n2,y\n", None, InputRefused, "at least one outcome"),
        ("id\n1\n2\n", None, InputRefused, "at least one outcome"),
        ("id,b\n", None, InputRefused, "it has no row"),
        ("id,b\n1,x\n2,1\n", "outcomes: {burned: b}", InputRefused, "column 'b' holds 'x' .1 such cell"),
        ("id,b\n1,3\n2,0\n", "outcomes: {burned: {column: b, kind: binary}}", InputRefused, "neither yes nor no"),
        ("id,b\n1,1\n", "outcomes: {burned: c}", ParameterRefused, "has no column 'c'"),
        ("id,b\n1,1\n", "outcomes: [b]", ParameterRefused, "expected lines 'name: value'"),
        ("id,b\n1,1\n", "outcomes: {burned: {column: b, kind: money}}", ParameterRefused, "binary or numeric"),
        ("id,b\n1,1\n", "outcome: {burned: b}", ParameterRefused, "did you mean 'outcomes'"),
        ("id,b\n1,1\n", "- a\n- b\n", ParameterRefused, "mapping of outcomes"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(read, text, mapping, error, why):
    with pytest.raises(error, match=why) as refused:
        read(text, mapping)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputRefused, match="do not exist"):
        read_outcomes(tmp_path / "nowhere.csv")


def test_a_shop_is_counted_after_the_day_of_the_lists(tables, write_csv):
    source = write_csv(tables)
    found = read_outcomes(source, after="2024-02-28")
    # by hand: claims after that day by customers 1 (28 Jun), 2 (1 Mar), 3 (30 Jun); burns by 1 (2 Jul: after the last
    # transaction, 30 Jun, so not known yet) and 2 (5 Mar)
    assert found.by_customer.to_dict() == {
        "claimed": {"1": 1.0, "2": 1.0, "3": 1.0},
        "burned": {"1": 0.0, "2": 1.0, "3": 0.0},
    }
    assert found.of_transactions
    some = read_outcomes(source, after="2024-02-28", days=30)
    assert some.by_customer["claimed"].to_dict() == {"1": 0.0, "2": 1.0, "3": 0.0}
    assert "from the day after 2024-02-28 to 2024-03-29" in some.text


def test_a_shop_in_which_nothing_happened_since_is_refused(tables, write_csv):
    source = write_csv(tables)
    with pytest.raises(InputRefused, match=r"last transaction of .* is of 2024-06-30, and the lists are of 2024-06-30"):
        read_outcomes(source, after="2024-06-30")
    with pytest.raises(InputRefused, match="has no transaction from the day after 2024-03-05 to 2024-03-07"):
        read_outcomes(source, after="2024-03-05", days=2)
    with pytest.raises(InputRefused, match="the lists have no day"):
        read_outcomes(source)


def test_spend_is_the_sum_of_amounts(tables, write_csv):
    tables["transactions"]["amount"] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    found = read_outcomes(write_csv(tables), after="2024-02-28")
    assert found.by_customer["spend"].to_dict() == {"1": 4.0, "2": 16.0, "3": 32.0}
    assert found.kinds["spend"] == "mean"
