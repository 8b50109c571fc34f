"""What one expects of a customer follows the calendar, and adds up to what was claimed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seglib.stats.exposure import cumulative_exposure, expected_claims

N_DAYS = 20
DAYS = st.integers(0, N_DAYS - 1)


@given(st.lists(DAYS, max_size=30), st.lists(DAYS, max_size=60))
def test_expected_claims_add_up_to_the_claims_made(joined, claimed):
    joined = np.array([0, *joined])  # somebody is present on every day
    expected = expected_claims(joined, np.array(claimed, dtype=int), n_days=N_DAYS)
    assert expected.sum() == pytest.approx(len(claimed))
    assert (expected >= -1e-12).all()
    assert (np.diff(expected[np.argsort(joined, kind="stable")]) <= 1e-12).all()  # who came earlier could claim more


def test_who_joins_after_the_last_claim_is_expected_to_have_none():
    expected = expected_claims(np.array([0, 3, 9]), np.array([0, 2, 5]), n_days=10)
    assert expected.tolist() == [2.5, 0.5, 0.0]


def test_claims_before_the_first_customer_are_expected_of_nobody_and_break_nothing():
    assert cumulative_exposure(np.array([2]), np.array([0, 2]), n_days=3).tolist() == [0.0, 1.0, 1.0, 2.0]
