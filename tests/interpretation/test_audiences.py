"""Lists that leave the house: safe to open, honest about what they hold, and nothing more of a person."""

import csv
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglib.errors import ParameterRefused
from seglib.interpretation.audiences import advice, audience_lists, customer_list, readme, sample_sizes, targets
from seglib.run import Run
from seglib.schema.records import VerdictRecord

NAMES = {
    "A": "=cmd|' /C calc'!A0",
    "B": "<script>alert(1)</script>",
    "C": 'comma, "quote"\nnew line',
    "D": "🛒 émoji",
}
VERDICT = VerdictRecord(
    structure="constructed",
    useful="not shown to be useful",
    headline="",
    sentence="Constructed: no groups.",
    meaning="",
    advice="Prefer simple rules.",
    k_star=None,
    evidence=(),
    use="Not shown to be useful.",
)


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
            "probability": np.where(np.arange(len(letters)) == 7, 0.5, 0.5 + margin / 2),
        },
        index=pd.Index([f"+{i}" if i == 3 else str(i) for i in range(len(letters))], name="customer_id"),
    )


def test_the_list_has_the_agreed_columns_and_a_control_group_in_every_segment(segments):
    listed = customer_list(segments, NAMES, control_share=0.1)
    assert listed.columns.tolist() == [
        "customer_id",
        "segment",
        "segment_name",
        "probability",
        "confidence",
        "second_segment",
        "outlier",
        "control",
    ]
    assert listed["customer_id"].tolist() == segments.index.tolist()
    assert (listed["segment_name"] == listed["segment"].map(NAMES)).all()
    for _, members in listed.groupby("segment"):
        assert members["control"].sum() == round(0.1 * len(members))


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
    lists = audience_lists(listed, segments, min_segment=50)
    assert list(lists.tables) == ["A", "B", "C"]
    assert lists.text == "3 of 4 segments have a list of their own. Not D: fewer than 50 customers."
    for letter, table in lists.tables.items():
        assert table["probability"].is_monotonic_decreasing
        assert set(table["segment"]) == {letter}
        assert table["borderline"].tolist() == (segments.loc[table["customer_id"], "probability"] < 0.7).tolist()
    row = lists.table.set_index("segment").loc["A"]
    n_low = int((segments.loc[segments["segment"] == "A", "probability"] < 0.7).sum())
    assert 20 < n_low < 200
    assert (row["customers"], row["control"], row["borderline"], row["outliers"]) == (200, 20, n_low, 1)
    with pytest.raises(ParameterRefused, match="min_segment"):
        audience_lists(listed, segments, min_segment=0)


def test_without_probabilities_those_near_a_border_are_borderline(segments):
    segments = segments.assign(probability=np.nan)
    tables = audience_lists(customer_list(segments, NAMES), segments, min_segment=50).tables
    for table in tables.values():
        assert table["confidence"].is_monotonic_decreasing
        assert table["borderline"].tolist() == (table["confidence"] < 0.2).tolist()
        assert table["borderline"].any()


def test_names_of_any_kind_open_safely_in_a_spreadsheet(segments, tmp_path):
    run = Run("r", base=tmp_path)
    lists = audience_lists(customer_list(segments, NAMES), segments, min_segment=1)
    for letter, table in lists.tables.items():
        run.write_csv(f"audience/{letter}", table)
        raw = (run.report_dir / "audience" / f"{letter}.csv").read_bytes()
        rows = list(csv.reader(io.StringIO(raw.decode("utf-8"), newline="")))
        assert len(rows) == len(table) + 1
        for row in rows[1:]:
            assert row[2].removeprefix("'") == NAMES[letter]
            assert not any(cell.startswith(("=", "@", "\t")) for cell in row)
    assert "'=cmd|" in (run.report_dir / "audience" / "A.csv").read_text(encoding="utf-8")


def test_what_goes_with_the_lists_claims_no_more_than_the_verdict(segments):
    lists = audience_lists(customer_list(segments, NAMES), segments)
    text = readme(lists, VERDICT, control_share=0.1)
    for sentence in (VERDICT.sentence, VERDICT.use, VERDICT.advice, "leave these 10% out", lists.text):
        assert sentence in text


def test_a_test_needs_so_many_customers_by_hand():
    sizes = sample_sizes({"A": 0.5, "B": 0.9, "C": float("nan")}, {"A": 1000, "B": 3000, "C": 9}, lifts=(0.1, 0.05))
    table = sizes.table
    assert sizes.text.startswith("Enough customers for a test: 2 of 6 ")
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


def test_without_a_burn_rate_there_is_nothing_to_lift():
    sizes = sample_sizes({}, {"A": 1000})
    assert sizes.table.empty
    assert sizes.text.startswith("No burning is recorded")


# What the analyst finds attractive ----------------------------------------------------------------------------------


@pytest.fixture
def table():
    return pd.DataFrame({"customers": [100, 200, 10], "recency_days": [10.0, 400.0, 50.0]}, index=list("ABC"))


def test_weights_order_segments_and_knock_outs_come_last(table):
    chosen = targets(table, weights="customers 1, recency_days -3", knock_outs="customers < 50")
    assert chosen["segment"].tolist() == ["A", "B", "C"]
    assert chosen.set_index("segment").loc["C", "knocked_out"] == "customers < 50"
    a = chosen.set_index("segment").loc["A"]
    assert a["recency_days"] == 10  # least of what is unwanted
    assert a["attractiveness"] == pytest.approx((10 * 90 / 190 + 3 * 10) / 4)
    assert targets(table, weights="customers 1").iloc[0]["segment"] == "B"


def test_advice_names_a_segment_only_where_segments_may_be_useful(table):
    chosen = targets(table, weights="customers 1")
    assert advice(chosen, VERDICT) == "Prefer simple rules."
    useful = replace(VERDICT, useful="useful", advice="Use them.")
    assert advice(chosen, useful) == "Use them. By your weights, begin with B."
    nobody = targets(table, weights="customers 1", knock_outs="customers < 500")
    assert advice(nobody, useful) == "Use them."


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
    chosen = targets(table, weights=f"x {weight:.3f}, customers 1")
    assert chosen["attractiveness"].between(0, 10 + 1e-9).all()
    moved = targets(table.assign(x=table["x"] * 3 + 7), weights=f"x {weight:.3f}, customers 1")
    assert moved["attractiveness"].to_numpy() == pytest.approx(chosen["attractiveness"].to_numpy(), abs=1e-3)
