"""The interval of a share is Wilson's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from seglib.stats.intervals import wilson


@given(st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_it_is_that_of_scipy(counts, level):
    x, n = counts
    theirs = binomtest(x, n).proportion_ci(level, "wilson")
    assert wilson(x / n, n, level=level) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_the_number_of_observations_need_not_be_whole():
    narrow, wide = wilson(0.3, 80.5), wilson(0.3, 20.5)
    assert wide[0] < narrow[0] < 0.3 < narrow[1] < wide[1]
