"""Beside chance: tests that keep their level, see what is there, and say when nothing could be compared."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglib.chance import NOTHING, between, dispersion, holm


def level(draw, n=200):
    """Share of p-values below .05 over repeated draws."""
    return np.mean([draw(np.random.default_rng(seed)).p < 0.05 for seed in range(n)])


def test_dispersion_keeps_its_level_with_unequal_chances():
    def draw(rng):
        weight = rng.uniform(0.1, 3, 200)
        return dispersion(rng.multinomial(800, weight / weight.sum()), weight, n_shuffles=99, rng=rng)

    assert 0.01 <= level(draw) <= 0.1


def test_dispersion_sees_that_some_claim_more():
    rng = np.random.default_rng(0)
    found = dispersion(rng.poisson(rng.gamma(2, 2, 300)), np.ones(300), n_shuffles=199, rng=rng)
    assert found.p == 1 / 200
    assert found.value > 2 > 1.2 > found.null_high > 1 > found.null_low > 0.8


def test_between_keeps_its_level_with_skewed_values():
    def draw(rng):
        return between(
            pd.Series(rng.lognormal(0, 1.5, 300)), pd.Series(rng.integers(0, 80, 300)), n_shuffles=99, rng=rng
        )

    assert 0.01 <= level(draw) <= 0.1


def test_a_drift_over_strata_is_no_difference_between_groups():
    """Groups live in different months, and the value drifts over the months: nobody differs."""

    def draw(rng, stratified):
        month = pd.Series(np.repeat(np.arange(12), 30))
        who = month * 5 + rng.integers(0, 5, 360)
        value = (rng.random(360) < 0.2 + 0.05 * month).astype(float)
        return between(value, who, stratum=month if stratified else None, n_shuffles=99, rng=rng)

    assert level(lambda rng: draw(rng, True), 100) <= 0.12
    assert level(lambda rng: draw(rng, False), 100) > 0.5


def test_between_sees_groups():
    rng = np.random.default_rng(1)
    who = pd.Series(np.repeat(np.arange(60), 5))
    value = pd.Series(rng.normal(0, 1, 60)).reindex(who).reset_index(drop=True) + rng.normal(0, 1, 300)
    assert between(value, who, n_shuffles=199, rng=rng).p == 1 / 200


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
    assert between(pd.Series(value, dtype=float), pd.Series(group, dtype=object), **options) is NOTHING


@pytest.mark.parametrize(("counts", "weight"), [([0, 0], [1.0, 1]), ([3], [1.0]), ([2, 3], [0.0, 1])])
def test_no_counts_to_compare_is_said(counts, weight):
    options = {"n_shuffles": 9, "rng": np.random.default_rng(0)}
    assert dispersion(np.array(counts), np.array(weight), **options) is NOTHING


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_between_the_raw_p_and_bonferroni_and_keeps_the_order(p):
    adjusted = holm(pd.Series(p))
    assert (adjusted >= np.array(p) - 1e-12).all()
    assert (adjusted <= np.minimum(1, np.array(p) * len(p)) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= -1e-12).all()


def test_holm_leaves_out_what_could_not_be_tested():
    assert holm(pd.Series([0.04, np.nan, 0.01])).tolist() == pytest.approx([0.04, np.nan, 0.02], nan_ok=True)
