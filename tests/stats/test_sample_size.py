"""The size of a test is that of the published formula, and a test of that size has the power it was asked for."""

import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from seglib.stats.sample_size import (
    smallest_difference,
    smallest_mean_difference,
    two_mean_sample_size,
    two_proportion_sample_size,
)

shares = st.floats(0.01, 0.99)
allocations = st.floats(0.02, 0.98)


@pytest.mark.parametrize(
    ("p_control", "p_treated", "power", "in_each_arm"),
    [(0.5, 0.75, 0.9, 76.7), (0.15, 0.30, 0.85, 137.6)],  # as power.prop.test of R has them
)
def test_equal_arms_are_as_published(p_control, p_treated, power, in_each_arm):
    needed = two_proportion_sample_size(p_control, p_treated, power=power)
    assert needed / 2 == pytest.approx(in_each_arm, abs=0.05)
    # without a continuity correction it does not matter which arm is called control
    assert two_proportion_sample_size(p_treated, p_control, power=power) == pytest.approx(needed)


@pytest.mark.parametrize(
    ("p_control", "lift", "control_per_treated", "treated"),
    [
        # statsmodels 0.14, samplesize_proportions_2indep_onetail(alternative="two-sided"), power .8
        (0.02, 0.10, 1 / 9, 569.398361336831),
        (0.30, 0.05, 1 / 9, 6958.913881988019),
        (0.30, 0.05, 3 / 7, 2307.579404733642),
        (0.60, 0.02, 1 / 4, 23283.347302011112),
    ],
)
def test_unequal_arms_are_those_of_statsmodels(p_control, lift, control_per_treated, treated):
    share_control = control_per_treated / (1 + control_per_treated)
    needed = two_proportion_sample_size(p_control, p_control + lift, share_control=share_control)
    assert needed * (1 - share_control) == pytest.approx(treated, rel=1e-12)


def exact_power(p_control, p_treated, n_control, n_treated):
    """Sum the probabilities of all outcomes in which the pooled z test rejects at the two-sided level of 5%."""
    x, y = np.arange(n_control + 1)[:, None], np.arange(n_treated + 1)[None, :]
    pooled = (x + y) / (n_control + n_treated)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n_control + 1 / n_treated))
    rejects = np.abs(y / n_treated - x / n_control) > norm.ppf(0.975) * error
    return (binom.pmf(x, n_control, p_control) * binom.pmf(y, n_treated, p_treated))[rejects].sum()


@pytest.mark.parametrize("share_control", [0.5, 0.3, 0.1])
@pytest.mark.parametrize(("p_control", "lift"), [(0.1, 0.1), (0.3, 0.1), (0.5, 0.1), (0.8, 0.1), (0.02, 0.02)])
def test_a_test_of_that_size_has_the_power_that_was_asked_for(p_control, lift, share_control):
    needed = two_proportion_sample_size(p_control, p_control + lift, share_control=share_control)
    n_control = round(needed * share_control)
    n_treated = round(needed) - n_control
    assert exact_power(p_control, p_control + lift, n_control, n_treated) == pytest.approx(0.8, abs=0.02)


def test_simulated_tests_reject_as_often_as_the_power_says():
    rng = np.random.default_rng(20)
    for share_control, power in [(0.5, 0.8), (0.25, 0.9), (0.1, 0.6)]:
        needed = two_proportion_sample_size(0.2, 0.26, share_control=share_control, power=power)
        n_control, n_treated = round(needed * share_control), round(needed * (1 - share_control))
        a = rng.binomial(n_control, 0.2, 40_000) / n_control
        b = rng.binomial(n_treated, 0.26, 40_000) / n_treated
        pooled = (n_control * a + n_treated * b) / (n_control + n_treated)
        z = (b - a) / np.sqrt(pooled * (1 - pooled) * (1 / n_control + 1 / n_treated))
        assert (np.abs(z) > norm.ppf(0.975)).mean() == pytest.approx(power, abs=0.02)


def test_the_rule_of_thumb_understates_rare_events_by_three():
    """16 p (1 - p) / d^2 knows the variance of the control arm alone, and equal arms alone."""
    rule_of_thumb = 16 * 0.02 * 0.98 / 0.1**2  # 31.4 in each arm
    assert two_proportion_sample_size(0.02, 0.12) / 2 == pytest.approx(3.2 * rule_of_thumb, rel=0.05)
    assert two_proportion_sample_size(0.5, 0.51) / 2 == pytest.approx(16 * 0.25 / 0.01**2, rel=0.03)


def test_a_small_control_group_is_worth_the_harmonic_mean():
    """500 customers beside 4,500 see what 900 beside 900 see: a small difference, and nearly equal variances."""
    unequal, equal = smallest_difference(0.5, 500, 4_500), smallest_difference(0.5, 900, 900)
    assert unequal == pytest.approx(equal, rel=0.005)
    assert smallest_difference(0.5, 2_500, 2_500) < 0.65 * unequal


@given(shares, shares, allocations, st.floats(0.5, 0.99))
@example(0.02, 0.12, 0.1, 0.8)
def test_size_and_smallest_difference_are_inverse(p, q, share_control, power):
    p_control, p_treated = sorted((p, q))
    assume(p_treated - p_control > 1e-3)
    needed = two_proportion_sample_size(p_control, p_treated, share_control=share_control, power=power)
    control, treated = needed * share_control, needed * (1 - share_control)
    assert smallest_difference(p_control, control, treated, power=power) == pytest.approx(
        p_treated - p_control, rel=1e-7
    )


@given(shares, st.floats(2, 1e5), st.floats(2, 1e5), st.floats(1.01, 50))
def test_more_customers_see_smaller_differences(p, n_control, n_treated, factor):
    few = smallest_difference(p, n_control, n_treated)
    many = smallest_difference(p, factor * n_control, factor * n_treated)
    assert math.isnan(few) or many < few
    assert math.isnan(few) or 0 < few <= 1 - p


def test_what_no_test_could_see_is_missing():
    assert math.isnan(smallest_difference(0.9, 5, 5))
    assert smallest_difference(0.9, 500, 500) == pytest.approx(0.0474, abs=5e-4)


@pytest.mark.parametrize(
    ("p_control", "p_treated", "options", "why"),
    [
        (0.0, 0.5, {}, "p_control"),
        (0.5, 1.0, {}, "p_treated"),
        (0.5, 0.5, {}, "equal shares"),
        (float("nan"), 0.5, {}, "p_control"),
        (0.5, 0.6, {"share_control": 0.0}, "share_control"),
        (0.5, 0.6, {"alpha": 1.0}, "alpha"),
        (0.5, 0.6, {"power": 1.0}, "power"),
        (0.5, 0.6, {"power": 0.4}, "power"),
    ],
)
def test_what_is_no_share_is_refused(p_control, p_treated, options, why):
    with pytest.raises(ValueError, match=why):
        two_proportion_sample_size(p_control, p_treated, **options)


@pytest.mark.parametrize(("p", "n_control", "n_treated"), [(0.0, 9, 9), (1.0, 9, 9), (0.5, 0, 9), (0.5, 9, 0)])
def test_arms_without_customers_or_variance_are_refused(p, n_control, n_treated):
    with pytest.raises(ValueError, match=r"p_control|both arms"):
        smallest_difference(p, n_control, n_treated)


def test_means_need_what_the_textbook_says():
    # Cohen: d = .5, two-sided 5%, 80% power: 63 in each arm by the normal distribution
    assert math.ceil(two_mean_sample_size(1, 1, 0.5) / 2) == 63
    # a quarter as control group, twice the spread there: by hand (z = 1.959964 + .841621)
    z = 1.959963984540054 + 0.8416212335729143
    expected = z**2 * (4 / 0.25 + 1 / 0.75) / 0.3**2
    assert two_mean_sample_size(2, 1, 0.3, share_control=0.25) == pytest.approx(expected, rel=1e-12)


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.floats(0.01, 5), st.floats(0.05, 0.95))
def test_the_smallest_difference_of_means_is_the_inverse(sd_control, sd_treated, difference, share):
    n = two_mean_sample_size(sd_control, sd_treated, difference, share_control=share)
    smallest = smallest_mean_difference(sd_control, sd_treated, share * n, (1 - share) * n)
    assert smallest == pytest.approx(difference, rel=1e-9)


def test_what_does_not_vary_needs_no_test():
    with pytest.raises(ValueError, match="vary"):
        two_mean_sample_size(0, 0, 1)
    with pytest.raises(ValueError, match="vary"):
        two_mean_sample_size(1, 1, 0)
    with pytest.raises(ValueError, match="at least one"):
        smallest_mean_difference(1, 1, 0, 5)
