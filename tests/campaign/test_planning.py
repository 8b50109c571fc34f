"""Plans: the sizes are those of `seglib.stats`, for shares and means, and what cannot be planned is said."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from seglib.campaign.arms import ControlGroup
from seglib.campaign.lists import lists_of
from seglib.campaign.planning import Baseline, joined_plans, plan, plan_campaign
from seglib.errors import InputRefused, ParameterRefused
from seglib.ingest.outcomes import outcomes_before
from seglib.interpretation.audiences import sample_sizes, smallest_change
from seglib.stats.sample_size import smallest_difference, two_mean_sample_size, two_proportion_sample_size


def test_a_share_and_a_mean():
    bases = [Baseline("all", 900, 100, 0.2), Baseline("A", 450, 50, 0.3)]
    table = plan("burned", bases, lifts=[0.1, 0.5]).table
    assert table["difference"].tolist() == pytest.approx([0.02, 0.1, 0.03, 0.15])
    exact = two_proportion_sample_size(0.2, 0.3, share_control=0.1)
    assert table.loc[1, "needed"] == -(-exact // 1)
    assert table.loc[1, "enough"] == (exact <= 1000)
    assert table.loc[0, "smallest"] == smallest_difference(0.2, 100, 900)
    assert table.loc[0, "rounds"] == -(-table.loc[0, "needed"] // 1000)
    means = plan("spend", [Baseline("all", 900, 100, 10.0, sd=30.0)], lifts=[0.1]).table.iloc[0]
    assert means["needed"] == -(-two_mean_sample_size(30, 30, 1.0, share_control=0.1) // 1)
    assert means["needed_half"] == -(-two_mean_sample_size(30, 30, 1.0) // 1)


@pytest.mark.parametrize(
    ("base", "why"),
    [
        (Baseline("A", 900, 0, 0.2), "one arm is empty"),
        (Baseline("A", 900, 100, 0.0), "nobody has any of it"),
        (Baseline("A", 900, 100, 1.0), "everybody has it"),
        (Baseline("A", 900, 100, 5.0, sd=0.0), "everybody has the same value"),
        (Baseline("A", 900, 100, float("nan")), "not known"),
        (Baseline("A", 900, 100, 0.95), "100% or more"),
    ],
)
def test_what_cannot_be_planned_is_said(base, why):
    found = plan("burned", [base], lifts=[0.1])
    assert found.table.empty
    assert why in found.text


def test_several_outcomes_in_one():
    both = joined_plans([plan("a", [Baseline("A", 90, 10, 0.2)]), plan("b", [Baseline("A", 90, 10, 0.0)])])
    assert both.table["outcome"].tolist() == ["a"]
    assert "enough for 0 of 1 difference" in both.text
    assert "No number for b" in both.text
    assert joined_plans([]).text == "There is nothing to plan."


# Before a campaign --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lists():
    ids = [str(i) for i in range(4000)]
    table = pd.DataFrame({"customer_id": ids, "segment": ["A"] * 3000 + ["B"] * 1000})
    return lists_of(table.assign(control=ControlGroup("spring", 0.3).contains(ids)))


def behaviour(share, seed=0):
    """A and B burn with probabilities of share and 2 * share, and spend about 20 if they do; some have no row."""
    rng = np.random.default_rng(seed)
    burned = (rng.random(4000) < np.where(np.arange(4000) < 3000, share, 2 * share)).astype(float)
    frame = pd.DataFrame(
        {"burned": burned, "spend": burned * rng.gamma(4, 5, 4000)}, index=[str(i) for i in range(4000)]
    )
    return frame[frame["burned"] > 0]


def test_a_campaign_is_planned_for_all_together_and_per_segment(lists):
    before = behaviour(0.2)
    table = plan_campaign(lists, [(30, before)], lifts=[0.1]).table.set_index(["outcome", "segment"])
    whole = before.reindex([str(i) for i in range(4000)]).fillna(0.0)
    control = lists.table["control"]
    for segment, rows in {"all": slice(0, 4000), "A": slice(0, 3000), "B": slice(3000, 4000)}.items():
        share, n, n_control = whole["burned"][rows].mean(), len(control[rows]), int(control[rows].sum())
        row = table.loc[("burned", segment)]
        assert (row["value"], row["control"], row["customers"]) == (pytest.approx(share), n_control, n - n_control)
        assert row["smallest"] == pytest.approx(smallest_difference(share, n_control, n - n_control))
        assert row["needed"] == -(-two_proportion_sample_size(share, 1.1 * share, share_control=n_control / n) // 1)
    spend = whole["spend"].to_numpy()
    sd = np.sqrt((2999 * spend[:3000].var(ddof=1) + 999 * spend[3000:].var(ddof=1)) / 3998)
    row = table.loc[("spend", "all")]
    expected = two_mean_sample_size(sd, sd, 0.1 * spend.mean(), share_control=control.mean())
    assert row["needed"] == -(-expected // 1)
    assert table.loc[("spend", "B"), "days"] == 30


def test_it_says_after_how_long_a_difference_is_seen(lists):
    planned = plan_campaign(lists, [(30, behaviour(0.05)), (90, behaviour(0.4))], lifts=[0.1, 0.01])
    ten, one = [line for line in planned.text.splitlines() if "of burned" in line]
    table = planned.table.query("outcome == 'burned' and segment == 'all'")
    assert table["enough"].tolist() == [False, False, True, False]
    assert ten.startswith("10% more of burned: these 4,000 customers, ")
    assert "show it after 90 days" in ten
    last = table.iloc[-1]
    assert one.startswith("1% more of burned: not shown within 90 days.")
    assert f"{last['needed']:,} customers, or {last['needed_half']:,} if half" in one
    assert f"{last['rounds']:,} campaigns of this size" in one


def test_it_says_what_each_segment_shows_by_itself(lists):
    planned = plan_campaign(lists, [(30, behaviour(0.05)), (90, behaviour(0.4))], lifts=[0.1])
    [line] = [line for line in planned.text.splitlines() if line.startswith("burned, each segment by itself")]
    rows = planned.table.query("outcome == 'burned' and days == 90").set_index("segment")
    percent = [f"{letter} {rows.loc[letter, 'smallest'] / rows.loc[letter, 'value']:.0%}" for letter in "AB"]
    assert line == f"burned, each segment by itself after 90 days: what is seen is {' and '.join(percent)} more."


@pytest.mark.parametrize("rate", [0.9, 0.5, 0.2])
def test_the_table_of_06_and_the_first_page_mean_the_same_change(rate):
    """A change either way: for a fall of a share, what a rise of the rest is (by symmetry)."""
    table = pd.DataFrame({"segment": "A", "control": np.arange(600) < 60})
    text = sample_sizes({"A": rate}, table).text
    rise, either = smallest_difference(rate, 60, 540), smallest_difference(min(rate, 1 - rate), 60, 540)
    assert smallest_change(rate, 600, 60) == either
    assert f"in points: A {100 * rise:.1f}." in text
    assert (f"to be seen, in points: A {100 * either:.1f}." in text) == (rate > 0.5)


def test_an_outcome_that_nobody_has_is_left_out_with_the_reason(lists):
    nothing = pd.DataFrame({"burned": [0.0]}, index=["1"])
    planned = plan_campaign(lists, [(30, nothing)])
    assert planned.table.empty
    assert "from nothing no test can be planned (in 30 days)." in planned.text


def test_what_customers_did_before_is_counted_from_the_days_before_the_lists():
    con = duckdb.connect()
    rows = pd.DataFrame(
        {
            "customer_id": ["1", "1", "2", "3"],
            "transaction_date": pd.to_datetime(["2026-05-01", "2026-06-30", "2026-06-01", "2026-04-01"]),
            "burn_date": pd.to_datetime(["2026-05-20", None, "2026-06-02", None]),
            "amount": [5.0, 7.0, None, 9.0],
        }
    )
    con.register("transactions", rows)
    times = outcomes_before(con, "coupon", as_of="2026-06-30", days=[60, 30, 500])
    assert [n for n, _ in times] == [30, 60]  # 500 days ago there was no shop
    month, two = (frame for _, frame in times)
    # the 30 days before are those from June 1 on
    assert month.loc[["1", "2", "3"]].to_numpy().tolist() == [[1, 0, 7], [1, 1, 0], [0, 0, 0]]
    assert two.loc[["1", "2", "3"]].to_numpy().tolist() == [[1, 1, 7], [1, 1, 0], [0, 0, 0]]
    assert month.columns.tolist() == ["claimed", "burned", "spend"]
    with pytest.raises(InputRefused, match="give fewer --days"):
        outcomes_before(con, "coupon", as_of="2026-06-30", days=[500])
    with pytest.raises(InputRefused, match="give --outcomes"):
        outcomes_before(con, "none", as_of=None, days=[30])
    with pytest.raises(ParameterRefused, match="at least 1"):
        outcomes_before(con, "coupon", as_of="2026-06-30", days=[0])
