"""Reassigned arms: the shortcuts against the plain way, exact tests of others, and simulations of the truth."""

import math

import numpy as np
import pytest
from scipy.stats import chi2, fisher_exact

from seglib.stats.reassignment import (
    few_for_their_skewness,
    reassign,
    share_heterogeneity_p,
    share_randomisation_p,
)
from seglib.stats.two_arms import arm_moments, share_heterogeneity

BOTH = np.arange(2)


def spend(rng, n, buyers=0.4, log_sd=1.0):
    return rng.lognormal(0, log_sd, n) * (rng.random(n) < buyers)


@pytest.fixture(scope="module")
def sample():
    """200 customers in three strata, of whom 40% are control."""
    rng = np.random.default_rng(5)
    return rng.lognormal(0, 1, 200), rng.random(200) < 0.4, rng.integers(0, 3, 200)


@pytest.fixture(scope="module")
def plain(sample):
    """2,000 times the plain way: shuffle the arms within strata, and compute everything anew."""
    _, control, stratum = sample
    rng, shuffled = np.random.default_rng(1), []
    for _ in range(2000):
        arm = control.copy()
        for s in range(3):
            arm[stratum == s] = rng.permutation(control[stratum == s])
        shuffled.append(arm)

    def statistics(values):
        rows = []
        for arm in [control, *shuffled]:
            moments = arm_moments(values, arm, stratum, 3)
            overall = moments.overall()
            rows.append((overall.value / overall.se, moments.heterogeneity().q))
        return np.array(rows).T

    return statistics


def test_an_interval_that_ends_at_no_effect_holds_it():
    """Nobody of the control group bought: 0 is the end, as divisions without a buyer there are all alike."""
    x = np.array([0.0] * 16 + [3.0, 5.0, 8.0, 20.0])
    control = np.arange(20) < 3
    arms = reassign(x, control, np.zeros(20, dtype=int), n_permutations=999, rng=np.random.default_rng(0))
    low, high = arms.interval(np.array([0]))
    assert low == 0.0
    assert arms.p_no_effect(np.array([0])) > 0.05
    assert 0 < x[3:].mean() < high


@pytest.mark.parametrize("n", [60, 700])  # all divisions in one call, or one after the other
def test_each_division_draws_as_many_as_the_arm_has_and_all_alike(n):
    rng = np.random.default_rng(3)
    x, control = rng.random(n), np.arange(n) < n // 5
    arms = reassign(x, control, np.zeros(n, dtype=int), n_permutations=2000, rng=rng)
    means = arms.values[1:, 0] / (n // 5)  # of values that are centred
    expected = x.var(ddof=1) / (n // 5) * (1 - 1 / 5)  # drawn without replacement
    assert means.mean() == pytest.approx(0.0, abs=4 * math.sqrt(expected / 2000))
    assert means.var() == pytest.approx(expected, rel=0.15)
    assert arms.treated[1:].max() <= n // 5


def test_the_shortcut_gives_what_computing_anew_gives(sample, plain):
    x, control, stratum = sample
    arms = reassign(x, control, stratum, n_permutations=2000, rng=np.random.default_rng(0))
    effect = arm_moments(x, control, stratum, 3).overall().value
    t, _ = plain(x)
    _, q = plain(np.where(control, x, x - effect))
    sides = [np.mean(t[1:] >= t[0]), np.mean(t[1:] <= t[0])]
    assert arms.p_no_effect(np.arange(3)) == pytest.approx(2 * min(sides), abs=0.04)
    assert arms.p_same_effect(effect) == pytest.approx(np.mean(q[1:] >= q[0]), abs=0.04)


def test_at_each_limit_the_plain_test_rejects_in_one_tail_of_forty(sample, plain):
    x, control, stratum = sample
    arms = reassign(x, control, stratum, n_permutations=2000, rng=np.random.default_rng(0))
    low, high = arms.interval(np.arange(3))
    t, _ = plain(np.where(control, x, x - low))
    assert np.mean(t[1:] >= t[0]) == pytest.approx(0.025, abs=0.012)
    t, _ = plain(np.where(control, x, x - high))
    assert np.mean(t[1:] <= t[0]) == pytest.approx(0.025, abs=0.012)


def test_a_larger_effect_moves_the_interval_by_as_much(sample):
    x, control, stratum = sample
    options = {"n_permutations": 199}
    before = reassign(x, control, stratum, rng=np.random.default_rng(0), **options).interval(BOTH)
    after = reassign(x + 5.0 * ~control, control, stratum, rng=np.random.default_rng(0), **options).interval(BOTH)
    assert after == pytest.approx(np.array(before) + 5, abs=1e-4)


def test_the_level_holds_where_spend_is_skewed():
    """Six control customers a stratum: Welch's interval holds no effect in three quarters of samples, this one does."""
    rng, runs = np.random.default_rng(7), 300
    rejected, differ, held, held_by_welch = 0, 0, 0, 0
    for _ in range(runs):
        x = spend(rng, 120, buyers=0.15, log_sd=0.8)
        control, stratum = np.arange(120) % 10 == 0, np.arange(120) // 60
        arms = reassign(x, control, stratum, n_permutations=99, rng=rng)
        moments = arm_moments(x, control, stratum, 2)
        rejected += arms.p_no_effect(BOTH) < 0.05
        differ += arms.p_same_effect(moments.overall().value) < 0.05
        low, high = arms.interval(np.array([0]))
        held += low <= 0 <= high or np.isnan(low)
        first = moments.at(np.array([0])).overall()
        held_by_welch += first.low <= 0 <= first.high
    three = 3 * math.sqrt(0.05 * 0.95 / runs)
    assert rejected / runs <= 0.05 + three
    assert differ / runs <= 0.05 + three
    assert held / runs >= 0.95 - three
    assert held_by_welch / runs < 0.87


def test_arms_without_any_limit_are_infinitely_unsure():
    """Two of four customers: of six divisions, none is as rare as one in forty."""
    x, control = np.array([1.0, 2.0, 3.0, 5.0]), np.array([True, True, False, False])
    arms = reassign(x, control, np.zeros(4, int), n_permutations=99, rng=np.random.default_rng(0))
    assert arms.interval(np.array([0])) == (-np.inf, np.inf)


def test_cochrans_rule():
    rng = np.random.default_rng(0)
    x, stratum = np.concatenate([rng.normal(size=600), spend(rng, 600, buyers=0.05)]), np.arange(1200) // 600
    control = np.arange(1200) % 2 == 0
    assert few_for_their_skewness(x, control, stratum, 2).tolist() == [False, True]


@pytest.mark.parametrize("counts", [(5, 56, 0, 29), (9, 10, 3, 10), (12, 40, 2, 9), (40, 400, 30, 200)])
def test_one_stratum_of_shares_is_fishers_exact_test(counts):
    x, n, y, m = (np.array([float(count)]) for count in counts)
    p = share_randomisation_p(x, n, y, m, n_permutations=20_000, rng=np.random.default_rng(0))
    low, high = (
        fisher_exact([[x[0], n[0] - x[0]], [y[0], m[0] - y[0]]], alternative=side).pvalue
        for side in ("less", "greater")
    )
    # Fisher's two-sided test orders tables by their probability, this one by the difference: between one side and two
    assert min(low, high) * 0.9 <= p <= 2.2 * min(low, high)


def test_large_arms_of_shares_give_chi_square():
    x, n, y, m = (np.array(v, dtype=float) for v in ([6000, 3000], [20000, 20000], [5000, 2150], [20000, 20000]))
    expected = share_heterogeneity(x, n, y, m)
    assert expected.p == pytest.approx(chi2.sf(expected.q, 1))
    simulated = share_heterogeneity_p(x, n, y, m, n_simulations=5000, rng=np.random.default_rng(0))
    assert simulated == pytest.approx(expected.p, abs=0.02)
