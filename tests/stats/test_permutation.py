"""Beside chance: tests that keep their level, see what is there, and say when nothing could be compared."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, norm

from seglib.stats.permutation import NO_RESULT, SMALLEST_P, anova_permutation_test, dispersion_test, holm, tail_p_value


def level(draw, n=200):
    """Share of p-values below .05 over repeated draws."""
    return np.mean([draw(np.random.default_rng(seed)).p < 0.05 for seed in range(n)])


def test_dispersion_keeps_its_level_with_unequal_chances():
    def draw(rng):
        weight = rng.uniform(0.1, 3, 200)
        return dispersion_test(rng.multinomial(800, weight / weight.sum()), weight, n_shuffles=99, rng=rng)

    assert 0.01 <= level(draw) <= 0.1


def test_dispersion_sees_that_some_claim_more():
    rng = np.random.default_rng(0)
    result = dispersion_test(rng.poisson(rng.gamma(2, 2, 300)), np.ones(300), n_shuffles=199, rng=rng)
    assert 0 < result.p < 1e-6
    assert result.value > 2 > 1.2 > result.null_high > 1 > result.null_low > 0.8


def test_between_keeps_its_level_with_skewed_values():
    def draw(rng):
        return anova_permutation_test(
            pd.Series(rng.lognormal(0, 1.5, 300)), pd.Series(rng.integers(0, 80, 300)), n_shuffles=99, rng=rng
        )

    assert 0.01 <= level(draw) <= 0.1


def test_a_drift_over_strata_is_no_difference_between_groups():
    """Groups live in different months, and the value drifts over the months: nobody differs."""

    def draw(rng, stratified):
        month = pd.Series(np.repeat(np.arange(12), 30))
        who = month * 5 + rng.integers(0, 5, 360)
        value = (rng.random(360) < 0.2 + 0.05 * month).astype(float)
        return anova_permutation_test(value, who, stratum=month if stratified else None, n_shuffles=99, rng=rng)

    assert level(lambda rng: draw(rng, True), 100) <= 0.12
    assert level(lambda rng: draw(rng, False), 100) > 0.5


def test_between_sees_groups():
    rng = np.random.default_rng(1)
    who = pd.Series(np.repeat(np.arange(60), 5))
    value = pd.Series(rng.normal(0, 1, 60)).reindex(who).reset_index(drop=True) + rng.normal(0, 1, 300)
    assert 0 < anova_permutation_test(value, who, n_shuffles=199, rng=rng).p < 1e-6


def test_values_stay_in_their_stratum():
    """Groups and strata are the same: nothing can be permuted, so nothing is found however far they lie apart."""
    month = pd.Series(np.repeat(np.arange(6), 10))
    value = 5.0 * month + np.random.default_rng(0).normal(size=60)
    assert anova_permutation_test(value, month, stratum=month, n_shuffles=49, rng=np.random.default_rng(0)).p == 1


def test_the_answer_does_not_depend_on_how_groups_are_called():
    rng = np.random.default_rng(3)
    who, value, month = rng.integers(0, 9, 90), pd.Series(rng.normal(size=90)), pd.Series(rng.integers(0, 4, 90))
    results = [
        anova_permutation_test(
            value, pd.Series(who).map(names), stratum=month, n_shuffles=49, rng=np.random.default_rng(1)
        )
        for names in (dict(enumerate("abcdefghi")), dict(enumerate("rstuvwxyz")))
    ]
    assert results[0] == results[1]


def test_what_shops_reach_often_is_counted():
    null = np.arange(1.0, 200)
    assert tail_p_value(190, null) == (1 + 10) / 200
    assert tail_p_value(0, null) == 1


@pytest.mark.parametrize(("curve", "z"), [(norm(0, 1), 5.0), (chi2(1), 20.0), (chi2(11), 40.0), (chi2(400), 550.0)])
def test_far_out_p_comes_near_the_true_one_and_not_below_it(curve, z):
    """With many shops the curve is right within a factor; with few, it errs on the side of a greater p."""
    true = curve.sf(z)
    far = np.median([tail_p_value(z, curve.rvs(9999, random_state=seed)) for seed in range(9)])
    near = np.median([tail_p_value(z, curve.rvs(199, random_state=seed)) for seed in range(9)])
    assert true / 3 < far < true * 10
    assert true < near < 1 / 200


def test_far_out_p_keeps_its_level():
    rng = np.random.default_rng(0)
    drawn = rng.chisquare(2, (4000, 100))
    p = np.array([tail_p_value(row[0], row[1:]) for row in drawn])
    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=0.012)
    assert np.mean(p < 0.005) < 0.009  # 1 in 100 could not be below without the curve


def test_p_is_never_zero_and_never_from_a_curve_that_contradicts_the_count():
    null = np.random.default_rng(0).normal(size=199)
    assert tail_p_value(1e6, null) == SMALLEST_P
    assert tail_p_value(9.0, np.r_[null, [9.0] * 5]) == 6 / 205  # a lump far out: no curve has it
    assert tail_p_value(1.0, np.ones(99)) == 1


@pytest.mark.parametrize(
    ("value", "group"),
    [
        ([1.0, 1, 1, 1], list("aabb")),
        ([1.0, 2, 3, 4], list("aaaa")),
        ([1.0, 2, 3], list("abc")),
        ([], []),
        ([np.nan] * 4, list("aabb")),
    ],
)
def test_nothing_to_compare_is_said(value, group):
    options = {"n_shuffles": 9, "rng": np.random.default_rng(0)}
    assert anova_permutation_test(pd.Series(value, dtype=float), pd.Series(group, dtype=object), **options) is NO_RESULT


@pytest.mark.parametrize(("counts", "weight"), [([0, 0], [1.0, 1]), ([3], [1.0]), ([2, 3], [0.0, 1])])
def test_no_counts_to_compare_is_said(counts, weight):
    options = {"n_shuffles": 9, "rng": np.random.default_rng(0)}
    assert dispersion_test(np.array(counts), np.array(weight), **options) is NO_RESULT


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_between_the_raw_p_and_bonferroni_and_keeps_the_order(p):
    adjusted = holm(pd.Series(p))
    assert (adjusted >= np.array(p) - 1e-12).all()
    assert (adjusted <= np.minimum(1, np.array(p) * len(p)) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= -1e-12).all()


def test_holm_leaves_out_what_could_not_be_tested():
    assert holm(pd.Series([0.04, np.nan, 0.01])).tolist() == pytest.approx([0.04, np.nan, 0.02], nan_ok=True)
