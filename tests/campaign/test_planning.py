"""Plans: the sizes are those of `seglib.stats`, for shares and means, and what cannot be planned is said."""

import pytest

from seglib.campaign.planning import Baseline, joined_plans, plan
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
        (Baseline("A", 900, 100, 0.0), "has nothing of it"),
        (Baseline("A", 900, 100, 1.0), "everybody in the control group has it"),
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
