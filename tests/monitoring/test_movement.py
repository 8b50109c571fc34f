"""Movement is split into parts that add up, planted movers are found, and the clock alone is called ageing."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import linear_sum_assignment

from seglib.datasets.months import make_months
from seglib.monitoring.comparison import compare_months, max_t
from seglib.monitoring.drift import distance, stability_index
from seglib.monitoring.months import read_months
from seglib.monitoring.movement import PARTS, Shares
from seglib.report.comparison_page import because
from seglib.schema.comparison_records import ComparisonRecord
from seglib.style.vocabulary.vocabulary import ENGLISH
from tests.earlier import make_run

CUSTOMERS = 400


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Two month ends with movers, and what the comparison says of them."""
    folder = tmp_path_factory.mktemp("movers")
    months = make_months(customers=CUSTOMERS, transactions=8 * CUSTOMERS, movers=0.1, prices=0.0, seed=5)
    months.write(folder / "shop")
    make_run("may", folder / "shop/month_1", base=folder)
    june = make_run("june", folder / "shop/month_2", base=folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGLIB_HOME", str(folder))
        laid = read_months("may", june)
        # one and the same export, sixty days later
        clock = read_months("may", make_run("later", folder / "shop/month_1", as_of="2026-07-30", base=folder))
    return months, laid, compare_months(laid, n_calm=19), clock


def test_parts_are_what_they_are_defined_as(shop):
    """Computed once more from the definition, with the centres of the model and nothing else of the package."""
    _, months, comparison, _ = shop
    model, both = months.model, months.both
    letters = np.array(list(model.centres.index))

    def nearest(features, centres):
        X = model.matrix(features).to_numpy()
        return letters[((X[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)]

    then, now = months.then.loc[both, "segment"].to_numpy(), months.now.loc[both, "segment"].to_numpy()
    aged = nearest(months.features_aged, model.centres.to_numpy())
    frozen = nearest(months.features_now, model.centres.to_numpy())
    refits = [(nearest(months.features_now, centres) != then).mean() for centres in model.bootstrap.centres]
    expected = {
        "ageing": (aged != then).mean(),
        "real movement": (frozen != then).mean() - (aged != then).mean(),
        "redefinition": (now != then).mean() - np.mean(refits),
        "label noise": np.mean(refits) - (frozen != then).mean(),
    }
    table = comparison.movement.table.set_index("part")["share"]
    for part, share in expected.items():
        assert table[part] == pytest.approx(share, abs=1e-12)
    assert sum(table[part] for part in PARTS) == pytest.approx((now != then).mean(), abs=1e-12)


share = st.floats(0, 1)


@given(st.tuples(*[share] * 7))
def test_parts_add_up_whatever_the_shares_are(values):
    shares = Shares(*values)
    assert sum(shares.parts.values()) == pytest.approx(shares.total)


def test_planted_movers_are_recovered(shop):
    months, laid, comparison, _ = shop
    truth = months.truth[months.truth["month"] == 2].set_index("customer_id")
    truth.index = truth.index.astype(str)
    planted = truth.loc[laid.both, "moved"]
    more, low, high = comparison.movement.beyond_chance
    assert abs(more - planted.mean()) < 0.03
    assert low <= more <= high
    assert comparison.label == "movement"
    assert comparison.advice == "watch"  # customers are elsewhere, and the segments are what they were
    movers = comparison.movers
    listed = set(movers.loc[movers["what"] == "moved", "customer_id"])
    assert len(listed & set(planted.index[planted])) > 0.85 * planted.sum()
    assert len(listed) == comparison.record.moved


def test_the_record_is_whole_and_comes_back(shop):
    record = shop[2].record
    assert ComparisonRecord.from_json(record.to_json()) == record
    assert sum(path.customers for path in record.paths) == record.customers
    assert sum(path.customers for path in record.paths if path.source != path.target) == record.moved
    assert sum(part.share for part in record.parts[:4]) == pytest.approx(record.parts[4].share)


def test_the_clock_alone_is_ageing_and_no_movement(shop):
    _, _, _, clock = shop
    comparison = compare_months(clock, n_calm=19)
    assert comparison.movement.share("real movement") == 0
    assert comparison.label in ("ageing", "nothing")
    assert comparison.advice == "keep"
    assert comparison.next_step.startswith("Keep")
    assert not comparison.drift.beyond
    assert comparison.movement.share("ageing") == comparison.movement.observed.frozen
    assert "only the clock has moved" in clock.text


def test_a_calm_month_keeps_the_past_and_the_number_of_transactions(shop):
    _, laid, _, _ = shop
    calm = laid.calm
    [one, two] = list(calm.features(2, seed=1))
    real = laid.features_now
    for drawn in (one, two):
        assert drawn.index.equals(real.index)
        assert drawn["n_coupons"].sum() == real["n_coupons"].sum()
        assert (drawn["n_coupons"] >= laid.features_then["n_coupons"]).all()
        assert (drawn["recency_days"] <= laid.features_aged["recency_days"]).all()
        assert (drawn["n_burned"] >= laid.features_then["n_burned"]).all()
        assert (drawn["city_name"].fillna("") == real["city_name"].fillna("")).all()
    assert not one["n_coupons"].equals(two["n_coupons"])
    pd.testing.assert_frame_equal(one, next(iter(calm.features(1, seed=1))))  # the same seed, the same month
    # customers go on as they did: those who were silent for half a year have few of the new transactions
    silent = laid.features_then["recency_days"] > 180
    new = one["n_coupons"] - laid.features_then["n_coupons"]
    assert new[silent].mean() < 0.3 * new[~silent].mean()


def test_a_sample_of_the_customers_is_enough_for_calm_months(shop):
    _, laid, whole, _ = shop
    part = compare_months(laid, n_calm=19, sample_customers=200)
    assert part.sampled == 200
    assert part.movement.observed == whole.movement.observed  # what is observed is of all
    assert part.label == "movement"
    assert "a sample of 200 customers" in part.method


def test_results_speak(shop):
    comparison = shop[2]
    for result in (comparison.migration, comparison.movement, comparison.drift):
        figure = result.figure().figure
        assert result.alt
        assert result.caption
        assert not result.table.empty
        assert figure.get_suptitle()
    assert comparison.rule.startswith("Refit if")


def test_segments_that_are_made_anew_of_something_else_call_for_a_refit(shop):
    """The new run cuts the customers at random, while they did what they always do."""
    _, laid, _, _ = shop
    rng = np.random.default_rng(1)
    mixed = laid.now["segment"].where(rng.random(len(laid.now)) < 0.5, rng.permutation(laid.now["segment"]))
    comparison = compare_months(replace(laid, now=laid.now.assign(segment=mixed)), n_calm=19)
    assert comparison.movement.p["redefinition"] <= 0.05
    assert comparison.advice == "refit"


def test_what_brings_customers_back_is_no_movement_and_a_segment_in_which_nobody_stays_is_said_to_be_so(shop):
    """As in a shop of chance after half a year: the clock alone would move most, new transactions bring them back."""
    comparison = shop[2]
    calm = tuple(
        Shares(0.67, 0.67 - back, 0.35, 0.4 + back / 10, 0.6, 0.2, 0.03) for back in np.linspace(0.28, 0.36, 41)
    )
    movement = replace(comparison.movement, observed=Shares(0.67, 0.35, 0.35, 0.41, 0.6, 0.2, 0.03), calm=calm)
    people = comparison.migration.customers
    mixed = people.assign(to=np.random.default_rng(0).permutation(people["to"]))
    chance = replace(
        comparison,
        movement=movement,
        migration=replace(comparison.migration, customers=mixed),
        label="nothing",
        advice="keep",
    )
    assert chance.because == (
        "What customers did since brought 32.0% of them back into their segments; calm months bring back 28.2 to 35.8 "
        "points. The clock alone would have moved 67.0%."
    )
    assert (
        "41.0% of the customers are in another segment, and calm months would put 42.8% to 43.6% there"
        in chance.caution
    )
    assert "hold" not in chance.next_step
    assert not comparison.caution
    section = because(chance.record)
    assert chance.because.replace("segments", "groups") in section
    assert "a group says little of where a customer will be later" in section


@pytest.mark.parametrize("label", ["nothing", "movement", "redefinition", "drift", "ageing"])
def test_the_first_page_says_what_the_comparison_says(shop, label):
    comparison = replace(shop[2], label=label)
    assert because(comparison.record) == comparison.because.replace("segment", "group")
    if label != "drift":  # a manager does not know features
        assert ENGLISH.MOVED[label] == comparison.headline.replace("segment", "group")


def test_of_shuffled_data_no_movement_is_claimed(tmp_path, monkeypatch):
    """The original workbook, half a year apart: its coupons are independent draws, and segments say nothing of later.

    Whether coupons per month have drifted is at the border there: all have about five, whenever they joined, so that
    those who joined late claim faster than such customers did half a year before.
    """
    book = Path(os.environ.get("SEGLIB_REAL_DATA", "")) / "E-commerce_data.xlsx"
    if not book.exists():
        pytest.skip("the original workbook is not at hand: set SEGLIB_REAL_DATA to its folder")
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path))
    make_run("january", book, as_of="2024-01-14", base=tmp_path)
    july = make_run("july", book, as_of="2024-07-14", base=tmp_path)
    comparison = compare_months(read_months("january", july), n_calm=19)
    assert comparison.label in ("nothing", "drift")
    assert set(comparison.drift.beyond) <= {"coupons_per_month"}
    assert min(comparison.movement.p["real movement"], comparison.movement.p["redefinition"]) > 0.2
    assert comparison.movement.share("ageing") > 0.2  # so much would the clock alone have moved
    assert "a segment says little" in comparison.text


@settings(max_examples=50)
@given(hnp.arrays(float, (20, 3), elements=st.floats(-100, 100)), st.integers(0, 19))
def test_p_values_of_one_statistic_are_its_rank_among_all_months(values, which):
    one = np.vstack([values[which : which + 1], np.delete(values, which, axis=0)])[:, :1].round(3)
    expected = np.mean(one[:, 0] >= one[0, 0] - 1e-9 * one.std()) if one.std() > 1e-6 else 1.0
    assert max_t(one)[0] == pytest.approx(expected, abs=1e-12)


def test_p_values_hold_for_all_questions_together():
    """Of months that are all alike, one in twenty is called more than noise, however many questions are asked."""
    rng = np.random.default_rng(3)
    alarms = [max_t(rng.gamma(1.0, size=(20, 12))).min() <= 0.05 for _ in range(600)]
    assert 0.03 < np.mean(alarms) < 0.072


def test_population_stability_index_of_a_worked_example():
    then = pd.Series(["a"] * 50 + ["b"] * 50)
    now = pd.Series(["a"] * 60 + ["b"] * 40)
    assert stability_index(then, now) == pytest.approx(0.1 * np.log(1.2) - 0.1 * np.log(0.8))
    number = pd.Series(np.arange(1000.0))
    assert stability_index(number, number) == 0
    assert stability_index(number, number + 1000) > 1
    # one tenth of the customers goes from the lowest tenth to the highest
    moved = number.where(number >= 100, 950.0)
    expected = (0.2 - 0.1) * np.log(0.2 / 0.1) + (1e-4 - 0.1) * np.log(1e-4 / 0.1)
    assert stability_index(number, moved) == pytest.approx(expected, abs=0.01)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12), st.data())
def test_wasserstein_distance_is_the_cheapest_way_to_carry_one_to_the_other(left, data):
    right = data.draw(st.lists(st.integers(0, 50), min_size=len(left), max_size=len(left)))
    cost = np.abs(np.subtract.outer(np.array(left, dtype=float), np.array(right, dtype=float)))
    expected = cost[linear_sum_assignment(cost)].mean()
    assert distance(pd.Series(left), pd.Series(right)) == pytest.approx(expected)
