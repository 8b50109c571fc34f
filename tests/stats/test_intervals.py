"""The interval of a share is Wilson's."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import binomtest

from seglib.stats.intervals import wilson


@given(st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.9999))
@example((0, 7), 0.95)
@example((7, 7), 0.95)
@example((1, 3), 0.99)
def test_it_is_that_of_scipy(counts, level):
    x, n = counts
    theirs = binomtest(x, n).proportion_ci(level, "wilson")
    assert wilson(x / n, n, level=level) == pytest.approx((theirs.low, theirs.high), abs=1e-15, rel=0)


def test_it_is_that_of_newcombes_table():
    """Newcombe 1998, Statistics in Medicine 17(8), table I: method 3 for 81/263, 15/148, 0/20 and 1/29."""
    table = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0, 0.1611), (1, 29): (0.0061, 0.1718)}
    for (x, n), limits in table.items():
        assert wilson(x / n, n) == pytest.approx(limits, abs=5e-5)


@given(st.integers(1, 10**9), st.floats(0.01, 0.999999))
def test_limits_are_exact_at_the_ends_and_hold_the_share(n, level):
    assert wilson(0.0, n, level=level)[0] == 0.0
    assert wilson(1.0, n, level=level)[1] == 1.0
    low, high = wilson(0.5, n, level=level)
    assert 0 <= low <= 0.5 <= high <= 1


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.5, 1e6)), min_size=1, max_size=30))
def test_many_shares_at_once_are_each_share_alone(pairs):
    share, n = np.array(pairs).T
    low, high = wilson(share, n)
    assert [(lo, hi) for lo, hi in zip(low, high, strict=True)] == [wilson(p, m) for p, m in pairs]
    assert wilson(share, 40)[0].shape == share.shape
    assert isinstance(wilson(0.2, 40)[0], float)


def test_what_is_missing_stays_missing():
    low, high = wilson(np.array([np.nan, 0.5]), 10)
    assert np.isnan([low[0], high[0]]).all()
    assert low[1] < 0.5 < high[1]


def test_the_number_of_observations_need_not_be_whole():
    narrow, wide = wilson(0.3, 80.5), wilson(0.3, 20.5)
    assert wide[0] < narrow[0] < 0.3 < narrow[1] < wide[1]
