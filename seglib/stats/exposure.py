"""How many claims one expects of a customer, given when they joined and how busy the shop was."""

from __future__ import annotations

import numpy as np


def cumulative_exposure(joined: np.ndarray, claimed: np.ndarray, *, n_days: int) -> np.ndarray:
    """Return how many claims are expected, up to each day, of a customer who is present from the first day on.

    Parameters
    ----------
    joined : ndarray of int, shape (n_customers,)
        The day from which each customer is present; the first day of the calendar is 0.
    claimed : ndarray of int, shape (n_claims,)
        The day of each claim.
    n_days : int
        Length of the calendar.

    Returns
    -------
    ndarray of float, shape (n_days + 1,)
        Element d holds the claims expected before day d. A customer who joins on day d is expected to make the last
        element less element d.

    Examples
    --------
    One customer is present from day 0, another from day 1. The claim of day 0 can only be the first one's.

    >>> cumulative_exposure(np.array([0, 1]), np.array([0, 1, 2]), n_days=3).tolist()
    [0.0, 1.0, 1.5, 2.0]
    """
    present = np.bincount(joined, minlength=n_days).cumsum()
    per_day = np.bincount(claimed, minlength=n_days)
    # each day's claims are shared among those present; a day before the first customer has none to share
    return np.concatenate([[0.0], np.cumsum(per_day / np.maximum(present, 1))])


def expected_claims(joined: np.ndarray, claimed: np.ndarray, *, n_days: int) -> np.ndarray:
    """Return how many claims are expected of each customer if all are alike; they add up to the claims made.

    Parameters
    ----------
    joined, claimed, n_days
        See `cumulative_exposure`.

    Returns
    -------
    ndarray of float, shape (n_customers,)
        The claims of each day, shared among the customers present on it, from the day of joining on.
    """
    until = cumulative_exposure(joined, claimed, n_days=n_days)
    return until[-1] - until[joined]
