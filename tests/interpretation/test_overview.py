"""What the first page shows: it adds up, and says of a group only what is known of it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglib.interpretation.audiences import audience_lists, customer_list
from seglib.interpretation.holdout.by_group import COLUMNS
from seglib.interpretation.holdout.holdout import Holdout
from seglib.interpretation.overview import matching_then, overview
from seglib.interpretation.profiles.means import profile
from seglib.schema.records import VariableRecord
from seglib.study import Study


class Rules:
    """The only part of the rules that is used."""

    table = pd.DataFrame(
        {
            "segment": ["A", "A", "B"],
            "precision": [0.99, 1.0, np.nan],
            "covers": [0.9, 0.05, 0.0],
            "conditions": ["used much", "gender is Male", "nothing"],
        }
    )


STUDY = Study(as_of="2026-06-30")
NOT_HELD = Holdout(pd.DataFrame(columns=["segment"]), pd.DataFrame(columns=["segment", *COLUMNS[1:]]), None, None)


def shop(n, seed, *, spend=True, burns=True):
    """Return features and segments of a shop of any kind."""
    rng = np.random.default_rng(seed)
    index = pd.Index([str(i) for i in range(n)], name="customer_id")
    coupons = rng.integers(1, 9, n)
    burned = rng.binomial(coupons, 0.4)
    features = pd.DataFrame(
        {
            "coupons_per_month": coupons / 12,
            "burn_rate": (burned / coupons) if burns else np.nan,
            "recency_days": rng.integers(0, 300, n),
            "n_coupons": coupons,
            "n_burned": burned if burns else 0,
            "n_matured": coupons if burns else 0,
            "n_matured_burned": burned if burns else 0,
            "months_observed": 12.0,
            "spend": rng.uniform(1, 9, n) if spend else np.nan,
            "tenure_days": 365,
            "gender_name": "Female",
            "city_name": "Genoa",
        },
        index=index,
    )
    letters = np.array(list("ABC"))[np.arange(n) % 3]
    segments = pd.DataFrame(
        {"segment": letters, "margin": 0.5, "second_segment": "A", "outlier": False, "probability": 0.9}, index=index
    )
    return features, segments


def overview_of(features, segments, *, held=NOT_HELD, study=STUDY, examples=None):
    listed = customer_list(segments, dict(zip("ABC", ["a", "b", "c"], strict=True)), features=features, study=study)
    lists = audience_lists(listed, segments, run="r", min_segment=1)
    profiles = profile(features, segments["segment"], study=study).table
    return overview(features, segments, profiles, held, Rules, lists, examples=examples, study=study)


@given(st.integers(9, 120), st.integers(0, 10_000), st.booleans(), st.booleans())
@settings(max_examples=25, deadline=None)
def test_the_groups_add_up_to_all_customers(n, seed, spend, burns):
    features, segments = shop(n, seed, spend=spend, burns=burns)
    record = overview_of(features, segments).record
    sizes = segments["segment"].value_counts()
    assert sum(group.work_share for group in record.groups) == pytest.approx(1, abs=1e-9)
    if burns:
        weighted = sum(group.used * sizes[group.segment] for group in record.groups) / n
        assert record.everybody.used == pytest.approx(weighted, abs=1e-9)
        assert record.figure("used").value == record.everybody.used
    else:
        assert record.used == ""
        assert record.figure("used") is None
    assert record.work == ("share of sales" if spend else "share of used coupons" if burns else "share of coupons")
    assert sum(entry.customers for entry in record.lists) == n
    if spend:
        assert record.figure("spend").value == pytest.approx(features["spend"].sum())


def test_the_table_writes_what_a_test_shows_as_the_first_page_does():
    result = overview_of(*shop(120, 3, spend=False, burns=True))
    changes = {group.segment: group.smallest_change for group in result.record.groups}
    written = result.table.set_index("segment")["a test shows"].dropna()
    assert len(written)
    assert dict(written) == {s: f"{100 * change:.0f} points" for s, change in changes.items() if change}
    assert set(result.shares) == {"share of used coupons", result.record.used}


def held_of(letters, active):
    """Return a holdout in which so many customers of each segment of the earlier day came back."""
    index = pd.Index([str(i) for i in range(len(letters))], name="customer_id")
    table = pd.DataFrame({"segment": list(letters)}, index=index)
    overall = sum(active[s] for s in letters) / len(letters)
    rows = [(s, "active", "share of customers", list(letters).count(s), v, v, v, overall) for s, v in active.items()]
    return Holdout(table, pd.DataFrame(rows, columns=["segment", *COLUMNS[1:]]), "2025-10-30", "2026-06-30")


def test_what_followed_is_told_of_the_group_that_it_was():
    features, segments = shop(9, 1)  # today ABCABCABC
    then = ["B", "A", "C"] * 3  # the letters A and B were the other way round
    record = overview_of(features, segments, held=held_of(then, {"A": 0.2, "B": 0.9, "C": 0.5})).record
    assert [group.came_back for group in record.groups] == [0.9, 0.2, 0.5]
    assert [group.then for group in record.groups] == [3, 3, 3]
    assert record.everybody.came_back == pytest.approx((0.9 + 0.2 + 0.5) / 3, abs=1e-9)
    assert record.came_back == "come back in 8 months"
    [followed] = record.group("A").next
    assert (followed.what, followed.own_text, followed.all_text) == ("came back", "90%", "53%")


def test_of_a_group_that_is_new_nothing_is_told():
    features, segments = shop(9, 1)
    record = overview_of(features, segments, held=held_of("AABAABAAB", {"A": 0.2, "B": 0.9})).record
    assert record.group("C").came_back == 0.9  # the third of every three
    told_of = [group.segment for group in record.groups if group.next]
    assert len(told_of) == 2  # A or B of today was A then, not both


def test_groups_match_only_where_each_is_the_most_similar_of_the_other():
    now = pd.Series(list("AAAABBCC"))
    assert matching_then(now, pd.Series(list("xxxxyyzz"))) == {"A": "x", "B": "y", "C": "z"}
    assert matching_then(now, pd.Series(list("xxxxxxyy"))) == {"A": "x", "C": "y"}
    assert matching_then(now, pd.Series(list("xx"), index=[90, 91])) == {}


def test_the_rule_that_takes_most_of_a_group_stands_for_it():
    record = overview_of(*shop(30, 2)).record
    rule = "Used much. 99% of such customers are in this group, and 90% of the group are such."
    assert record.group("A").rule == rule
    assert record.group("B").rule == record.group("C").rule == ""


def test_the_story_of_a_customer_can_be_looked_up():
    features, segments = shop(9, 1)
    features.loc["3", ["n_coupons", "n_burned", "recency_days", "spend"]] = [12, 11, 30, 1234.5]
    examples = pd.DataFrame({"segment": ["A", "B"], "customer_id": ["3", None]})
    record = overview_of(features, segments, examples=examples).record
    parts = (
        "Female, Genoa, customer for 12 months, 12 coupons, 11 of them used, the last one on 31 May 2026, 1,234 spent"
    )
    assert record.group("A").story == f"No. 3: {parts}."
    assert record.group("B").story == ""


def test_the_story_of_a_survey_has_its_answers():
    index = pd.Index(["1", "2", "3"], name="customer_id")
    features = pd.DataFrame({"age": [44.0, 20.0, 61.0], "member": [1.0, 0.0, np.nan], "colour": ["red"] * 3}, index)
    variables = {
        "age": VariableRecord("numeric", "years"),
        "member": VariableRecord("binary"),
        "colour": VariableRecord("nominal"),
    }
    segments = pd.DataFrame(
        {"segment": list("ABC"), "margin": 0.5, "second_segment": "A", "outlier": False, "probability": 0.9}, index
    )
    study = Study(as_of=None, variables=variables)
    examples = pd.DataFrame({"segment": list("ABC"), "customer_id": list("123")})
    record = overview_of(features, segments, study=study, examples=examples).record
    assert record.group("A").story == "No. 1: age 44 years, member yes, colour red."
    assert record.group("C").story == "No. 3: age 61 years, colour red."
    assert (record.figures, record.work, record.used, record.came_back, record.thing) == ((), "", "", "", "")
