"""The dip: published values, the definition solved by linear programming, and what must leave it as it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog
from sklearn.datasets import load_iris

from seglib.stats.unimodality import FEW_POINTS, MOST_VALUES, SMALLEST_P, _scan, dip, dip_p_value, dips

whole = arrays(np.float64, st.integers(1, 12), elements=st.integers(0, 6).map(float))
real = arrays(np.float64, st.integers(1, 40), elements=st.integers(-100_000, 100_000).map(lambda v: v / 1000))


def dip_by_linear_programming(x):
    """The definition, word by word: the least distance of a G with one mode, over all modes at a value.

    Unknown are G at each value up to the mode (to the left of its jump there), G at each value from the mode on (to the
    right of that jump), and the distance. In between G may be taken as linear: the empirical one is flat there.
    """
    u, counts = np.unique(x, return_counts=True)
    up = np.cumsum(counts) / counts.sum()
    return min(nearest_with_mode(u, up - counts / counts.sum(), up, mode) for mode in range(len(u)))


def nearest_with_mode(u, low, up, mode):
    unknowns = np.eye(len(u) + 2)
    left, right, distance = unknowns[: mode + 1], unknowns[mode + 1 : -1], unknowns[-1]
    near = [*zip(left, low[: mode + 1], strict=True), *zip(left[:-1], up[:mode], strict=True)]
    near += [*zip(right, up[mode:], strict=True), *zip(right[1:], low[mode + 1 :], strict=True)]
    lines = [sign * g - distance for g, _ in near for sign in (1, -1)]
    limits = [sign * value for _, value in near for sign in (1, -1)]
    rising = np.diff(left, axis=0) / np.diff(u[: mode + 1])[:, None]
    falling = np.diff(right, axis=0) / np.diff(u[mode:])[:, None]
    lines += [*-rising[:1], *-np.diff(rising, axis=0), *-falling[-1:], *np.diff(falling, axis=0), left[-1] - right[0]]
    limits += [0] * (len(lines) - len(limits))
    free = [(None, None)] * len(unknowns)
    return linprog(distance, A_ub=np.array(lines), b_ub=limits, bounds=free, method="highs").fun


def test_published_values():
    iris = load_iris().data
    assert dip([*range(1, 6), *range(11, 16)]) == pytest.approx(0.15, abs=1e-12)
    assert [round(dip(iris[:, column]), 5) for column in (2, 3, 0)] == [0.11897, 0.09491, 0.04026]
    assert dip_p_value(dip(iris[:, 0]), 150) == pytest.approx(0.079, abs=0.008)
    assert dip_p_value(dip(iris[:, 2]), 150) == pytest.approx(SMALLEST_P)


@pytest.mark.parametrize(("n", "point"), [(50, 0.0693), (200, 0.0374), (1000, 0.0168)])
def test_five_per_cent_of_uniform_samples_are_beyond_the_published_point(n, point):
    """The points come from 4,000 samples, so their error is about .0035 in p: two and a half of these are allowed."""
    assert dip_p_value(point, n) == pytest.approx(0.05, abs=0.009)


@pytest.mark.parametrize("n", [4, 11, 70, 300])
def test_p_values_of_uniform_samples_are_uniform(n):
    """Sizes that are, and are not, in the table."""
    p = dip_p_value(dips(np.random.default_rng(n).random((2000, n))), n)
    for level in (0.01, 0.05, 0.2, 0.5):
        at_most = (p <= level).mean()
        error = np.sqrt(level * (1 - level) / 2000)
        assert at_most <= level + 4 * error
        assert n < 10 or at_most >= level - 4 * error  # a small sample has few different dips


def test_p_value_falls_with_the_dip_and_ends_with_the_table():
    for n in (4, 7, 33, 600, 5000, 10**6):
        p = dip_p_value(np.linspace(0, 0.25, 400), n)
        assert (np.diff(p) <= 1e-15).all()
        assert p[0] == 1
        assert p[-1] == pytest.approx(SMALLEST_P)
    assert dip_p_value(0.25, 2) == 1
    assert dip_p_value(0.5 / np.sqrt(5000), 5000) == pytest.approx(dip_p_value(0.5 / np.sqrt(10**8), 10**8), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(whole)
def test_it_is_the_definition_also_with_ties(x):
    assert dip(x) == pytest.approx(dip_by_linear_programming(x), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 15))
def test_it_is_the_definition_for_different_values(seed, n):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n) + rng.integers(0, 2, n) * rng.choice([0, 2, 6])
    assert dip(x) == pytest.approx(dip_by_linear_programming(x), abs=1e-9)


@settings(max_examples=200, deadline=None)
@given(real, st.floats(0.001, 1000), st.floats(-1000, 1000))
def test_shift_scale_and_reflection_leave_it_and_it_stays_in_its_limits(x, factor, shift):
    value = dip(x)
    assert dip(-x) == pytest.approx(value, abs=1e-12)
    assert dip(factor * x) == pytest.approx(value, abs=1e-7)
    assert dip(np.round(x + round(shift), 3)) == pytest.approx(value, abs=1e-7)
    if len(np.unique(x)) > 1:
        assert 0.5 / len(x) - 1e-12 <= value <= 0.25 + 1e-12
    else:
        assert value == 0


@settings(max_examples=100, deadline=None)
@given(real)
def test_order_and_repetition_leave_it(x):
    assert dip(np.random.default_rng(0).permutation(x)) == dip(x)
    assert dip(np.repeat(x, 3)) == pytest.approx(dip(np.repeat(x, 5)), abs=1e-12)


def test_one_mode_is_as_near_as_a_sample_can_be():
    """Quantiles of a monotone density, of a uniform and of a density with a mode inside: 1 / (2 n)."""
    grid = (np.arange(400) + 0.5) / 400
    for quantiles in (
        grid,
        -np.log(grid),
        np.sqrt(grid),
        np.where(grid < 0.3, np.sqrt(grid * 0.3), 1 - np.sqrt((1 - grid) * 0.7)),
    ):
        assert dip(quantiles) == pytest.approx(1 / 800, abs=1e-12)


def test_a_heavy_value_is_a_mode_and_two_are_not():
    """By hand: all but one tenth at the mode; two equal atoms; atoms of .6 and .4, where the smaller is spread."""
    assert dip([0] + [1] * 8 + [2]) == pytest.approx(0.05, abs=1e-12)
    assert dip([0, 0, 1, 1]) == 0.25
    assert dip([0] * 6 + [1] * 4) == pytest.approx(0.2, abs=1e-12)
    assert dip([7]) == dip([7, 7, 7]) == 0


def test_many_samples_at_once_are_the_same_as_one_by_one():
    rng = np.random.default_rng(1)
    samples = [rng.normal(size=n) for n in (1, 2, 5, FEW_POINTS, 900, 2500)] + [
        rng.poisson(3, 500),
        rng.integers(0, 2, 40),
    ]
    samples += [rng.random(MOST_VALUES + 1), rng.random(30), [3.0]]
    assert dips(samples).tolist() == [dip(sample) for sample in samples]
    assert dips([]).shape == (0,)


def test_a_point_is_passed_over_where_it_is_on_the_chord():
    assert _scan([0, 1, 2, 3, 4.0], [0, 1, 2, 0, 5.0], [True, False, False, False, True]) == [0, 3, 4]


def test_what_is_not_a_sample_is_refused():
    with pytest.raises(ValueError, match="no value"):
        dip([])
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="finite"):
            dip([1.0, bad])
