"""Lists that leave the house: safe to open, honest about what they hold, and nothing more of a person."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglib.errors import ParameterRefused
from seglib.interpretation.audiences import audience_lists, customer_list, readme, sample_sizes, targets
from seglib.run import Run

NAMES = {
    "A": "=cmd|' /C calc'!A0",
    "B": "<script>alert(1)</script>",
    "C": 'comma, "quote"\nnew line',
    "D": "🛒 émoji",
}
VERDICT = {"sentence": "Constructed: no groups.", "use": "Not shown to be useful.", "advice": "Prefer simple rules."}


@pytest.fixture
def segments():
    """Four segments of 200, 100, 60 and 8 customers, one in ten near a border."""
    rng = np.random.default_rng(5)
    letters = np.repeat(list("ABCD"), [200, 100, 60, 8])
    margin = np.where(np.arange(len(letters)) % 10 == 0, 0.1, rng.uniform(0.3, 1, len(letters)))
    return pd.DataFrame(
        {
            "segment": letters,
            "margin": margin,
            "second_segment": np.where(letters == "A", "B", "A"),
            "outlier": np.arange(len(letters)) == 5,
            "agreement": np.where(np.arange(len(letters)) == 7, 0.5, 1.0),
        },
        index=pd.Index([f"+{i}" if i == 3 else str(i) for i in range(len(letters))], name="customer_id"),
    )


def test_the_list_has_the_agreed_columns_and_a_control_group_in_every_segment(segments):
    listed = customer_list(segments, NAMES, control_share=0.1)
    assert listed.columns.tolist() == [
        "customer_id", "segment", "segment_name", "confidence", "second_segment", "outlier", "control",
    ]  # fmt: skip
    assert listed["customer_id"].tolist() == segments.index.tolist()
    assert (listed["segment_name"] == listed["segment"].map(NAMES)).all()
    for _, own in listed.groupby("segment"):
        assert own["control"].sum() == round(0.1 * len(own))


def test_the_control_group_is_drawn_by_seed(segments):
    a, b, c = (customer_list(segments, NAMES, seed=seed)["control"] for seed in (0, 0, 1))
    assert a.equals(b)
    assert not a.equals(c)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_control_share_that_is_none_is_refused(segments, share):
    with pytest.raises(ParameterRefused, match="control_share"):
        customer_list(segments, NAMES, control_share=share)


def test_an_audience_has_the_surest_first_and_marks_the_borderline(segments):
    listed = customer_list(segments, NAMES)
    made = audience_lists(listed, segments, min_segment=50)
    assert list(made.tables) == ["A", "B", "C"]
    assert made.text == "3 of 4 segments have a list of their own. Not D: fewer than 50 customers."
    for letter, table in made.tables.items():
        assert table["confidence"].is_monotonic_decreasing
        assert set(table["segment"]) == {letter}
        own = segments.loc[table["customer_id"]]
        expected = (own["margin"] < 0.2) | own["outlier"] | (own["agreement"] < 0.8)
        assert table["borderline"].tolist() == expected.tolist()
    row = made.table.set_index("segment").loc["A"]
    assert (row["customers"], row["control"], row["borderline"], row["outliers"]) == (200, 20, 22, 1)
    with pytest.raises(ParameterRefused, match="min_segment"):
        audience_lists(listed, segments, min_segment=0)


def test_names_of_any_kind_open_safely_in_a_spreadsheet(segments, tmp_path):
    run = Run("r", base=tmp_path)
    made = audience_lists(customer_list(segments, NAMES), segments, min_segment=1)
    for letter, table in made.tables.items():
        run.write_csv(f"audience/{letter}", table)
        raw = (run.report_dir / "audience" / f"{letter}.csv").read_bytes()
        rows = list(csv.reader(io.StringIO(raw.decode("utf-8"), newline="")))
        assert len(rows) == len(table) + 1
        for row in rows[1:]:
            assert row[2].removeprefix("'") == NAMES[letter]
            assert not any(cell.startswith(("=", "@", "\t")) for cell in row)
    assert "'=cmd|" in (run.report_dir / "audience" / "A.csv").read_text(encoding="utf-8")


def test_what_goes_with_the_lists_claims_no_more_than_the_verdict(segments):
    made = audience_lists(customer_list(segments, NAMES), segments)
    text = readme(made, VERDICT, control_share=0.1)
    for told in (*VERDICT.values(), "leave these 10% out", made.text):
        assert told in text


def test_a_test_needs_so_many_customers_by_hand():
    table = sample_sizes({"A": 0.5, "B": 0.9, "C": float("nan")}, {"A": 1000, "B": 3000, "C": 9}, lifts=(0.1, 0.05))
    per_arm = table.set_index(["segment", "lift"])["per_arm"]
    assert per_arm[("A", 0.1)] == 400  # 16 x .25 / .01
    assert per_arm[("A", 0.05)] == 1600
    assert per_arm[("B", 0.05)] == 576
    assert pd.isna(per_arm[("B", 0.1)])  # nobody burns all of them
    assert pd.isna(per_arm[("C", 0.1)])
    enough = table.set_index(["segment", "lift"])["enough"]
    assert enough[("A", 0.1)]
    assert not enough[("A", 0.05)]
    assert enough[("B", 0.05)]


# What the analyst finds attractive ----------------------------------------------------------------------------------


@pytest.fixture
def table():
    return pd.DataFrame({"customers": [100, 200, 10], "recency_days": [10.0, 400.0, 50.0]}, index=list("ABC"))


def test_weights_order_segments_and_knock_outs_come_last(table):
    found = targets(table, weights="customers 1, recency_days -3", knock_outs="customers < 50")
    assert found["segment"].tolist() == ["A", "B", "C"]
    assert found.set_index("segment").loc["C", "knocked_out"] == "customers < 50"
    a = found.set_index("segment").loc["A"]
    assert a["recency_days"] == 10  # least of what is unwanted
    assert a["attractiveness"] == pytest.approx((10 * 90 / 190 + 3 * 10) / 4)
    assert targets(table, weights="customers 1").iloc[0]["segment"] == "B"


@pytest.mark.parametrize(
    ("weights", "knock_outs", "why"),
    [
        ("custmers 1", "", "did you mean 'customers'"),
        ("customers", "", "weights are written like"),
        ("customers 0", "", "at least one weight"),
        ("", "", "at least one weight"),
        ("customers 1", "customers = 3", "knock_outs are written like"),
        ("customers 1", "spend > 3", "no criterion 'spend'"),
    ],
)
def test_weights_that_say_nothing_are_refused(table, weights, knock_outs, why):
    with pytest.raises(ParameterRefused, match=why):
        targets(table, weights=weights, knock_outs=knock_outs)


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=8), st.floats(0.1, 5))
@settings(max_examples=25, deadline=None)
def test_attractiveness_lies_between_0_and_10_whatever_the_scale(values, weight):
    table = pd.DataFrame({"x": values, "customers": range(len(values))}, index=list("ABCDEFGH")[: len(values)])
    found = targets(table, weights=f"x {weight:.3f}, customers 1")
    assert found["attractiveness"].between(0, 10 + 1e-9).all()
    moved = targets(table.assign(x=table["x"] * 3 + 7), weights=f"x {weight:.3f}, customers 1")
    assert moved["attractiveness"].to_numpy() == pytest.approx(found["attractiveness"].to_numpy(), abs=1e-3)
