"""Values with one peak in place of those with several."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from seglib.stats.one_peak import one_peak_values
from seglib.stats.unimodality import dip, dip_p_value

few_examples = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(20, 300)
distances = st.floats(0, 12)


def two_groups(seed, n, apart, share=0.5):
    rng = np.random.default_rng(seed)
    return rng.normal(size=n) + apart * (rng.random(n) < share)


@few_examples
@given(seeds, sizes, distances, st.floats(0.1, 0.9))
def test_values_are_sorted_and_within_the_range(seed, n, apart, share):
    x = two_groups(seed, n, apart, share)
    values = one_peak_values(x)
    assert values.shape == x.shape
    assert (np.diff(values) >= 0).all()
    assert x.min() <= values[0] <= values[-1] <= x.max()
    shuffled = np.random.default_rng(seed).permutation(x)
    assert (one_peak_values(shuffled) == values).all()


@few_examples
@given(seeds, sizes, distances, st.floats(0.1, 0.9))
def test_no_second_peak_is_left(seed, n, apart, share):
    """The dip is that of quantiles of a distribution with one peak: no greater than that of most uniform samples."""
    values = one_peak_values(two_groups(seed, n, apart, share))
    assert dip_p_value(dip(values), n) > 0.01


@few_examples
@given(seeds, st.floats(-50, 50), st.floats(0.01, 100))
def test_units_do_not_matter(seed, shift, factor):
    x = two_groups(seed, 80, 6.0)
    assert one_peak_values(x * factor + shift) == pytest.approx(one_peak_values(x) * factor + shift, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("quantile", [norm.ppf, lambda p: p, lambda p: -np.log(1 - p)])
def test_values_with_one_peak_hardly_move(quantile):
    """Quantiles of the normal, the uniform and the exponential distribution."""
    x = quantile((np.arange(400) + 0.5) / 400)
    values = one_peak_values(x)
    inner = slice(8, -8)  # the ends, where the density is lowest, are moved most
    assert np.abs(values - x)[inner].max() < 0.05 * x.std()
    assert values.std() == pytest.approx(x.std(), rel=0.05)


def test_the_gap_between_two_groups_is_filled():
    """Two uniform groups on [0, 1] and [9, 10]: the densest interval that one peak allows is one of them, and the other
    half is spread evenly over the rest, of length 9. So 8/9 of it lies in the gap: 89 of 100 values."""
    x = np.concatenate([np.linspace(0, 1, 100), np.linspace(9, 10, 100)])
    assert dip_p_value(dip(x), 200) < 0.001
    values = one_peak_values(x)
    assert ((values > 1) & (values < 9)).sum() == pytest.approx(89, abs=2)
    assert dip_p_value(dip(values), 200) > 0.5


def test_density_rises_and_falls_by_hand():
    """Places 0, 1, 2, 3 with 1, 2, 2 and 1 values: the three gaps have the same mass, so the density is constant."""
    values = one_peak_values(np.array([0.0, 1.0, 1.0, 2.0, 2.0, 3.0]))
    # halves of a value lie in the gaps on either side, all of it at the ends: 2, 2 and 2 of 6
    assert values == pytest.approx((np.arange(6) + 0.5) / 6 * 3)


def test_tied_values_are_spread():
    values = one_peak_values(np.repeat([0.0, 1.0, 2.0, 7.0], [10, 20, 10, 10]))
    assert len(np.unique(values)) == 50
    assert dip_p_value(dip(values), 50) > 0.01
