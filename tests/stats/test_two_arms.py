"""Differences of two arms: published intervals, an independent likelihood, and simulations of the truth."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import chi2, chisquare, ttest_ind

from seglib.stats.two_arms import (
    chi_square_of_counts,
    mean_difference,
    mean_heterogeneity,
    score_variance,
    share_difference,
    share_heterogeneity,
)

# Newcombe (1998, Statistics in Medicine 17(8)), table II, method 6 (Miettinen & Nurminen)
PUBLISHED = {
    (56, 70, 48, 80): (0.0528, 0.3382),
    (9, 10, 3, 10): (0.1700, 0.8406),
    (6, 7, 2, 7): (0.0342, 0.8534),
    (5, 56, 0, 29): (-0.0326, 0.1933),
}


@pytest.mark.parametrize(("counts", "limits"), PUBLISHED.items())
def test_one_stratum_is_the_published_interval(counts, limits):
    found = share_difference(*[[count] for count in counts])
    assert (round(found.low, 4), round(found.high, 4)) == limits
    assert found.value == pytest.approx(counts[0] / counts[1] - counts[2] / counts[3])


@pytest.mark.parametrize("counts", [(0, 10, 0, 20), (0, 10, 0, 10), (10, 10, 0, 20), (10, 10, 0, 10), (3, 9, 9, 9)])
def test_an_arm_with_none_or_all_has_an_interval_too(counts):
    x, n, y, m = (np.array([float(count)]) for count in counts)
    found = share_difference(x, n, y, m)
    for limit in (found.low, found.high):
        if abs(limit) < 1:
            deviation = math.sqrt(score_variance(x, n, y, m, limit)[0])
            assert abs(found.value - limit) / deviation == pytest.approx(1.959963984540054, rel=1e-6)
    assert found.high - found.low > 0.2


arms = st.tuples(st.integers(1, 60), st.integers(1, 60), st.floats(0, 1), st.floats(0, 1))


@given(arms, st.floats(-0.95, 0.95))
@settings(max_examples=200, deadline=None)
def test_the_variance_is_that_of_the_restricted_likelihood(arm, difference):
    n, n_control, share, share_control = arm
    x, y = round(n * share), round(n_control * share_control)

    def minus_log_likelihood(control):
        treated = control + difference
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = [(x, treated), (n - x, 1 - treated), (y, control), (n_control - y, 1 - control)]
            return -sum(k * math.log(max(p, 1e-300)) for k, p in terms if k)

    low, high = max(0, -difference), min(1, 1 - difference)
    best = minimize_scalar(minus_log_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    best = min([best, low, high], key=minus_log_likelihood)
    treated = best + difference
    total = n + n_control
    expected = (treated * (1 - treated) / n + best * (1 - best) / n_control) * total / (total - 1)
    found = score_variance(*(np.array([float(v)]) for v in (x, n, y, n_control)), difference)[0]
    assert found == pytest.approx(expected, abs=2e-6)


@given(st.lists(arms, min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_the_interval_holds_the_estimate_and_turns_with_the_arms(strata):
    n, n_control, share, share_control = (np.array(values) for values in zip(*strata, strict=True))
    x, y = np.round(n * share), np.round(n_control * share_control)
    one, other = share_difference(x, n, y, n_control), share_difference(y, n_control, x, n)
    assert -1 <= one.low <= one.value <= one.high <= 1
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low), abs=1e-8)
    # the test rejects no difference exactly where the interval excludes 0
    if abs(one.p - 0.05) > 1e-6:
        assert (one.p < 0.05) == (one.low > 1e-12 or one.high < -1e-12)


def test_one_stratum_of_means_is_welchs_test():
    rng = np.random.default_rng(1)
    a, b = rng.normal(1, 2, 40), rng.normal(0, 1, 15)
    expected = ttest_ind(a, b, equal_var=False)
    found = mean_difference([a.mean()], [a.var(ddof=1)], [40], [b.mean()], [b.var(ddof=1)], [15])
    assert found.p == pytest.approx(expected.pvalue, rel=1e-12)
    interval = expected.confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-12)


def test_strata_are_weighted_by_their_sizes():
    # by hand: 100 of the first stratum, 300 of the second; differences 1 and 5
    found = mean_difference([2, 6], [4, 4], [50, 200], [1, 1], [4, 4], [50, 100])
    assert found.value == pytest.approx(0.25 * 1 + 0.75 * 5)
    assert found.se == pytest.approx(math.sqrt(0.25**2 * (4 / 50 + 4 / 50) + 0.75**2 * (4 / 200 + 4 / 100)))


def test_pooling_would_claim_where_there_is_nothing():
    """Controls of 5, 10 and 30%, no effect anywhere: the segment that burns least has most of the control group."""
    rng = np.random.default_rng(3)
    n, control_share, rate = np.array([4000, 3000, 3000]), np.array([0.05, 0.10, 0.30]), np.array([0.6, 0.4, 0.1])
    stratified, pooled, runs = 0, 0, 400
    for _ in range(runs):
        n_control = rng.binomial(n, control_share)
        y, x = rng.binomial(n_control, rate), rng.binomial(n - n_control, rate)
        stratified += share_difference(x, n - n_control, y, n_control).p < 0.05
        pooled += share_difference([x.sum()], [(n - n_control).sum()], [y.sum()], [n_control.sum()]).p < 0.05
    assert pooled / runs > 0.95
    assert stratified / runs <= 0.08  # 5% and three standard errors


def test_large_arms_give_cochrans_q():
    x, n, y, m = (np.array(v, dtype=float) for v in ([6000, 3000], [20000, 20000], [5000, 2600], [20000, 20000]))
    d = x / n - y / m
    w = 1 / (x / n * (1 - x / n) / n + y / m * (1 - y / m) / m)
    q = (w * (d - (w * d).sum() / w.sum()) ** 2).sum()
    found = share_heterogeneity(x, n, y, m)
    assert found.q == pytest.approx(q, rel=2e-3)
    assert found.p == pytest.approx(chi2.sf(found.q, 1), rel=1e-12)
    of_means = mean_heterogeneity(d, 1 / w, [1e9, 1e9])
    assert of_means.q == pytest.approx(q, rel=1e-12)
    assert of_means.p == pytest.approx(chi2.sf(q, 1), rel=1e-5)


def test_one_stratum_differs_from_nothing():
    assert math.isnan(share_heterogeneity([1], [10], [1], [10]).p)
    assert math.isnan(mean_heterogeneity([1.0], [1.0], [5.0]).p)


def test_counts_beside_expected_ones_are_pearsons_chi_square():
    found = chi_square_of_counts([21307, 21387, 21306], [1 / 3] * 3)
    assert found == pytest.approx(tuple(chisquare([21307, 21387, 21306])), rel=1e-12)
    two = chi_square_of_counts([[90, 10], [70, 30]], [0.9, 0.1])
    assert two[0] == pytest.approx(0 + 400 / 90 + 400 / 10)
    assert two[1] == pytest.approx(chi2.sf(two[0], 2))


@pytest.mark.parametrize("arm", [([1], [0], [1], [5]), ([1], [5], [1], [0])])
def test_an_empty_arm_is_an_error(arm):
    with pytest.raises(ValueError, match="at least one customer"):
        share_difference(*arm)
    with pytest.raises(ValueError, match="at least two customers"):
        mean_difference([1], [1], arm[1], [1], [1], arm[3])
