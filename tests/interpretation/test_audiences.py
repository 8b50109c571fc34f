"""Lists that leave the house: safe to open, honest about what they hold, and nothing more of a person."""

import csv
import io
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglib.campaign.arms import ControlGroup
from seglib.errors import ParameterRefused
from seglib.interpretation.audiences import (
    advice,
    audience_lists,
    customer_list,
    list_name,
    readme,
    sample_sizes,
    smallest_change,
    targets,
)
from seglib.run.run import Run
from seglib.schema.records import VerdictRecord
from seglib.stats.sample_size import smallest_difference
from seglib.study import Study
from seglib.style.wording import WORDINGS

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
    listed = customer_list(segments, NAMES, group=ControlGroup("campaign", 0.1))
    assert listed.columns.tolist() == [
        "customer_id",
        "segment",
        "segment_name",
        "probability",
        "confidence",
        "second_segment",
        "outlier",
        "control",
        "near_border",
    ]
    assert listed["customer_id"].tolist() == segments.index.tolist()
    assert (listed["segment_name"] == listed["segment"].map(NAMES)).all()
    large = [members for _, members in listed.groupby("segment") if len(members) > 50]
    assert all(0.03 < members["control"].mean() < 0.2 for members in large)


def listed_for(segments, salt):
    return customer_list(segments, NAMES, group=ControlGroup(salt, 0.1)).set_index("customer_id")


def test_the_control_group_follows_from_the_id_and_the_campaign(segments):
    spring, autumn = (listed_for(segments, name) for name in "ab")
    assert not spring["control"].equals(autumn["control"])
    # next month some have left, others have joined, all stand elsewhere, and many are in another segment
    later = segments.iloc[::-1].iloc[10:].assign(segment="A")
    later.index = [*later.index[:-5], *(f"new-{i}" for i in range(5))]
    again = listed_for(later.rename_axis("customer_id"), "a")
    stayed = again.index.intersection(spring.index)
    assert len(stayed) == len(segments) - 15
    assert (again.loc[stayed, "control"] == spring.loc[stayed, "control"]).all()


def test_an_audience_has_the_surest_first_and_marks_the_borderline(segments):
    listed = customer_list(segments, NAMES)
    lists = audience_lists(listed, segments, min_segment=50)
    assert list(lists.tables) == ["A", "B", "C"]
    assert lists.text == "3 of 4 segments have a list of their own. Not D: fewer than 50 customers."
    for letter, table in lists.tables.items():
        assert table["probability"].is_monotonic_decreasing
        assert set(table["segment"]) == {letter}
        assert table["near_border"].tolist() == (segments.loc[table["customer_id"], "probability"] < 0.7).tolist()
    row = lists.table.set_index("segment").loc["A"]
    n_low = int((segments.loc[segments["segment"] == "A", "probability"] < 0.7).sum())
    assert 20 < n_low < 200
    assert (row["customers"], row["control"], row["borderline"], row["outliers"]) == (
        200,
        lists.tables["A"]["control"].sum(),
        n_low,
        1,
    )
    with pytest.raises(ParameterRefused, match="min_segment"):
        audience_lists(listed, segments, min_segment=0)


def test_without_probabilities_those_near_a_border_are_borderline(segments):
    segments = segments.assign(probability=np.nan)
    tables = audience_lists(customer_list(segments, NAMES), segments, min_segment=50).tables
    for table in tables.values():
        assert table["confidence"].is_monotonic_decreasing
        assert table["near_border"].tolist() == (segments.loc[table["customer_id"], "margin"] < 0.2).tolist()
        assert table["near_border"].any()


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


def test_what_goes_with_the_lists_says_shop_day_and_sizes_in_few_lines(segments):
    listed = customer_list(segments, {letter: f"Group {letter}" for letter in "ABCD"})
    lists = audience_lists(listed, segments, run="spring")
    needed = sample_sizes({"A": 0.5, "B": 0.9}, listed)
    study = Study(as_of="2026-06-30")
    text = readme(lists, VERDICT, needed, control_share=0.1, source="shop.xlsx", study=study)
    lines = text.split("\r\n")
    assert lines[0] == "Customer lists of shop.xlsx, state of 30 June 2026; report 'spring'."
    control = listed.groupby("segment")["control"].sum()
    points = 100 * smallest_difference(0.5, control["A"], 200 - control["A"])
    assert lines[1].startswith(f"A  Group A: {200 - control['A']} to send to, {control['A']} as control; ")
    assert f"a change of {points:.0f} points of coupons used" in lines[1]
    # the share of coupons used is not known in C
    assert lines[3] == f"C  Group C: {60 - control['C']} to send to, {control['C']} as control"
    assert lines[4] == "D  Group D: 8 customers, no list"
    for part in (VERDICT.advice, "control (10% of a group)", "3 of 4 groups have a list", "Not D: fewer than 50"):
        assert part in text
    assert len(lines) - 4 <= 10  # beside one line per group
    assert max(map(len, lines)) < 200


def test_lists_are_named_so_that_they_say_what_they_are(segments):
    listed = customer_list(
        segments, {"A": "Quick burners", "B": "=cmd|/C", "C": "\u30ea\u30d4\u30fc\u30bf\u30fc", "D": "d"}
    )
    lists = audience_lists(listed, segments, run="spring", min_segment=50)
    assert [entry.file for entry in lists.files] == [
        "spring_A_quick-burners_send",
        "spring_A_quick-burners_control",
        "spring_B_cmd-c_send",
        "spring_B_cmd-c_control",
        "spring_C_\u30ea\u30d4\u30fc\u30bf\u30fc_send",
        "spring_C_\u30ea\u30d4\u30fc\u30bf\u30fc_control",
    ]
    for entry in lists.files:
        part = lists.parts[entry.file]
        assert len(part) == entry.customers
        assert (part["control"] == (entry.kind == "control")).all()
    for letter, members in lists.tables.items():
        both = [lists.parts[entry.file] for entry in lists.files if entry.segment == letter]
        assert sorted(pd.concat(both)["customer_id"]) == sorted(members["customer_id"])


@given(st.text(max_size=80), st.sampled_from(["A", "Z"]))
def test_the_name_of_a_list_is_a_file_name_everywhere(name, letter):
    file = list_name("run", letter, name, "send")
    assert re.fullmatch(rf"run_{letter}(_[^\W_][\w-]*)?_send", file)
    assert len(file) <= 60


def test_without_a_control_group_there_is_no_list_of_one(segments):
    lists = audience_lists(customer_list(segments, NAMES, group=ControlGroup("campaign", 0)), segments, run="r")
    assert {entry.kind for entry in lists.files} == {"send"}


def test_a_list_can_be_checked_by_eye(segments):
    features = pd.DataFrame(
        {
            "recency_days": np.arange(len(segments)),
            "n_coupons": 4,
            "n_burned": np.arange(len(segments)) % 5,
            "burn_rate": 0.3,  # shrunk: not what anybody could count
            "city_name": ["Genoa", None] * (len(segments) // 2),
        },
        index=segments.index,
    )
    listed = customer_list(segments, NAMES, features=features, study=Study(as_of="2026-03-02"))
    row = listed.iloc[2]
    assert (row["last_coupon"], row["coupons"], row["share_used"], row["city"]) == ("2026-02-28", 4, 0.5, "Genoa")
    bare = customer_list(segments, NAMES, features=features.assign(burn_rate=np.nan, city_name=None), study=Study())
    assert list(bare)[-1] == "near_border"  # no day, no status, no city
    other = Study(as_of="2026-03-02", wording=WORDINGS["transaction"])
    assert "last_transaction" in customer_list(segments, NAMES, features=features, study=other)


def test_numbers_in_a_list_have_three_digits(segments):
    listed = customer_list(segments.assign(margin=0.123456, probability=0.98765), NAMES)
    assert set(listed["confidence"]) == {0.123}
    assert set(listed["probability"]) == {0.988}


@given(st.floats(0.02, 0.98), st.integers(30, 5_000), st.floats(0.05, 0.5))
def test_the_smallest_change_is_the_same_for_a_share_and_for_what_is_left(rate, customers, share):
    control = max(1, round(share * customers))
    change, mirrored = smallest_change(rate, customers, control), smallest_change(1 - rate, customers, control)
    assert (change is None) == (mirrored is None)
    if change is not None:
        assert change == pytest.approx(mirrored, rel=1e-6)


def listed_as(**arms):
    """Return a list with so many customers, and so many of them as control group, for each letter."""
    rows = [(letter, i < control) for letter, (n, control) in arms.items() for i in range(n)]
    return pd.DataFrame(rows, columns=["segment", "control"])


def test_a_test_needs_so_many_customers_by_hand():
    """Lift 10 points, half and half: (1.95996 sqrt(4 P (1 - P)) + .84162 sqrt(2 (p (1 - p) + q (1 - q))))^2 / .1^2."""
    rates = {"A": 0.5, "B": 0.9, "C": float("nan")}
    sizes = sample_sizes(rates, listed_as(A=(1_000, 500), B=(3_000, 300), C=(9, 1)), lifts=(0.1, 0.05))
    table = sizes.table.set_index(["segment", "lift"])
    assert table.loc[("A", 0.1), "needed"] == 775  # P = .55: (1.95996 x .994987 + .84162 x .989949)^2 / .01 = 774.7
    assert table.loc[("A", 0.05), "needed"] == 3_130  # P = .525: (1.95996 x .998749 + .84162 x .997497)^2 / .0025
    # a tenth as control, P = .945: sqrt(P (1 - P) / .09) = .759933, sqrt(.09 / .1 + .0475 / .9) = .976103
    assert table.loc[("B", 0.05), "needed"] == math.ceil((1.959964 * 0.759934 + 0.841621 * 0.976103) ** 2 / 0.0025)
    assert pd.isna(table.loc[("B", 0.1), "needed"])  # nobody burns all of them
    assert table.loc["C", "needed"].isna().all()
    assert table["enough"].tolist() == [True, False, pd.NA, True, pd.NA, pd.NA]
    assert table.loc["B", "control"].tolist() == [300, 300]
    assert sizes.text.startswith("Enough customers for a test: 2 of 6 ")
    assert "No number for segment B and a lift of 10 points: its burn rate would be 100% or more." in sizes.text
    assert "No number for segment C: its burn rate is not known." in sizes.text


def test_enough_customers_see_the_lift_and_too_few_do_not():
    sizes = sample_sizes({"A": 0.02, "B": 0.5}, listed_as(A=(5_000, 500), B=(800, 80)))
    for row in sizes.table.itertuples():
        assert row.enough == (row.smallest_lift <= row.lift)
    smallest = sizes.table.groupby("segment")["smallest_lift"].first()
    assert f"in points: A {100 * smallest['A']:.1f} and B {100 * smallest['B']:.1f}." in sizes.text


def test_a_control_group_counts_as_it_is_and_not_as_half_of_all():
    tenth = sample_sizes({"A": 0.5}, listed_as(A=(5_000, 500))).table
    halves = sample_sizes({"A": 0.5}, listed_as(A=(5_000, 2_500))).table
    as_good = sample_sizes({"A": 0.5}, listed_as(A=(1_800, 900))).table
    assert (tenth["needed"] > 2.7 * halves["needed"]).all()
    assert tenth["smallest_lift"].iloc[0] == pytest.approx(as_good["smallest_lift"].iloc[0], rel=0.005)


@pytest.mark.parametrize(
    ("rate", "arms", "why"),
    [
        (0.0, (100, 10), "nothing was burned"),
        (1.0, (100, 10), "everything was burned"),
        (0.5, (100, 0), "no control group"),
        (0.5, (100, 100), "all its customers are in the control group"),
    ],
)
def test_what_no_test_can_be_planned_for_is_said(rate, arms, why):
    sizes = sample_sizes({"A": rate}, listed_as(A=arms))
    assert sizes.table[["needed", "enough", "smallest_lift"]].isna().all(axis=None)
    assert why in sizes.text
    assert "smallest lift" not in sizes.text


def test_customers_too_few_for_any_lift_are_said():
    sizes = sample_sizes({"A": 0.9, "B": 0.5}, listed_as(A=(20, 2), B=(400, 200)))
    assert sizes.table.loc[sizes.table["segment"] == "A", "smallest_lift"].isna().all()
    assert "Segment A has too few customers: even a burn rate of 100% would not be seen." in sizes.text
    assert "in points: B " in sizes.text


def test_without_a_burn_rate_there_is_nothing_to_lift():
    sizes = sample_sizes({}, listed_as(A=(1_000, 100)))
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
    assert advice(chosen, VERDICT, "customers 1") == "Prefer simple rules."
    useful = replace(VERDICT, useful="useful", advice="Use them.")
    assert advice(chosen, useful, "customers 1") == "Use them. By your weights, begin with B."
    assert advice(chosen, useful, "confidence 1, customers 1") == "Use them."  # the default: nobody chose it
    nobody = targets(table, weights="customers 1", knock_outs="customers < 500")
    assert advice(nobody, useful, "customers 1") == "Use them."


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


def test_the_text_beside_the_lists_says_whom_nobody_can_tell_apart(segments):
    unsure = segments.assign(probability=segments["probability"].mask(segments["segment"] == "B", 0.2))
    listed = customer_list(unsure, {letter: f"Group {letter}" for letter in "ABCD"})
    lists = audience_lists(listed, unsure, run="spring")
    text = readme(lists, VERDICT, sample_sizes({"A": 0.5, "B": 0.9}, listed), control_share=0.1)
    line = {text_line[:1]: text_line for text_line in text.split("\r\n")[1:4]}
    assert line["B"].endswith("nobody surely belongs to it: treat it like the others")
    assert "a change of" not in line["B"]
    assert "nobody surely" not in line["A"]


def test_where_no_size_of_a_change_is_named_none_is_referred_to(segments):
    listed = customer_list(segments, {letter: f"Group {letter}" for letter in "ABCD"})
    text = readme(audience_lists(listed, segments), VERDICT, sample_sizes({}, listed), control_share=0.1)
    assert "than named above" not in text
    assert "A small change may be chance." in text
