"""What happened in a shop, as arrays: the input of null models that simulate coupons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from seglib.stats import cumulative_exposure

NEIGHBOURS = 12
"""Whether a coupon is burned is drawn from the matured coupons nearest in time: one in so many of them to each side."""

FEWEST_NEIGHBOURS = 100
"""... and at least so many to each side, where there are as many."""


@dataclass(frozen=True)
class CouponHistory:
    """The coupons of a shop by a day, and how busy it was until then.

    Attributes
    ----------
    customers : ndarray of str, shape (n_customers,)
        The customers who have a coupon.
    coupons : pandas.DataFrame, shape (n_coupons, ...)
        The transactions up to ``as_of``.
    owner : ndarray of int, shape (n_coupons,)
        The place of each coupon's customer in ``customers``.
    joined : ndarray of int, shape (n_customers,)
        The day from which each customer is present: of joining, or of the first coupon where that is earlier.
    claimed : ndarray of int, shape (n_coupons,)
        The day of each claim.
    first_day, as_of : pandas.Timestamp
        Day 0, and the last day of the calendar.
    clock : ndarray of float, shape (n_days + 1,)
        Claims that are expected before each day of a customer who is present from the first day on
        (`seglib.stats.cumulative_exposure`).
    matured : ndarray of bool, shape (n_coupons,)
        Whether a coupon is old enough to judge, and its status is known.
    burned : ndarray of bool, shape (n_coupons,)
        Whether it was burned by ``as_of``.
    lag : ndarray of float, shape (n_coupons,)
        Days from claim to burn; NaN where it was not burned or no day is known.
    """

    customers: np.ndarray
    coupons: pd.DataFrame
    owner: np.ndarray
    joined: np.ndarray
    claimed: np.ndarray
    first_day: pd.Timestamp
    as_of: pd.Timestamp
    clock: np.ndarray
    matured: np.ndarray
    burned: np.ndarray
    lag: np.ndarray

    @classmethod
    def of(
        cls, customers: pd.DataFrame, transactions: pd.DataFrame, *, as_of: str, burn_window: int | None
    ) -> CouponHistory:
        """Read the history off the canonical tables.

        Parameters
        ----------
        customers, transactions : pandas.DataFrame
        as_of : str
            ISO date. What happens later is not known: a later transaction is left out, a later burn has not happened.
        burn_window : int or None
            Days after which a coupon is matured (`seglib.features.Redemption.window`).
        """
        day = pd.Timestamp(as_of)
        coupons = transactions[transactions["transaction_date"] <= day].reset_index(drop=True)
        first = coupons.groupby("customer_id", sort=False)["transaction_date"].min()
        join_date = customers.set_index("customer_id")["join_date"]
        since = pd.concat([join_date.reindex(first.index), first], axis=1).min(axis=1)
        present_since = pd.concat([join_date, first], axis=1).min(axis=1)
        present_since = present_since[present_since <= day]
        first_day = present_since.min()
        n_days = (day - first_day).days + 1
        claimed = (coupons["transaction_date"] - first_day).dt.days.to_numpy()
        # How busy a day was is its number of coupons per customer present on it: without the division, the days of a
        # growing shop would be busier only because it had more customers. The running sum is the clock by which
        # claims arrive at a constant rate.
        clock = cumulative_exposure((present_since - first_day).dt.days.to_numpy(), claimed, n_days=n_days)
        status, burn_date = coupons["transaction_status"], coupons["burn_date"]
        age = (day - coupons["transaction_date"]).dt.days
        burned = ((status == "burned") & ~(burn_date > day)).to_numpy(dtype=bool)
        lag = (burn_date - coupons["transaction_date"]).dt.days.where(burned)
        return cls(
            customers=first.index.to_numpy(),
            coupons=coupons,
            owner=first.index.get_indexer(coupons["customer_id"]),
            joined=(since - first_day).dt.days.to_numpy(),
            claimed=claimed,
            first_day=first_day,
            as_of=day,
            clock=clock,
            matured=((age >= (burn_window or 0)) & status.notna()).to_numpy(dtype=bool),
            burned=burned,
            lag=lag.to_numpy(dtype=float),
        )

    @property
    def n_days(self) -> int:
        """Days of the calendar."""
        return len(self.clock) - 1

    @property
    def neighbours(self) -> int:
        """How many matured coupons to each side of a day count as claimed at about the same time."""
        n = int(self.matured.sum())
        return min(max(n // NEIGHBOURS, FEWEST_NEIGHBOURS), max(n - 1, 0))

    def days_of(self, moments: np.ndarray, clock: np.ndarray | None = None) -> np.ndarray:
        """Return the day of the calendar at which a clock (default: that of the shop) shows each moment."""
        clock = self.clock if clock is None else clock
        return np.clip(np.searchsorted(clock, moments, side="right") - 1, 0, self.n_days - 1)

    def dates_of(self, days: np.ndarray) -> pd.Series:
        """Return days of the calendar as dates."""
        return pd.Series(self._calendar.take(days))

    @cached_property
    def _calendar(self) -> pd.DatetimeIndex:
        """The date of every day."""
        return pd.DatetimeIndex(self.first_day + pd.to_timedelta(np.arange(self.n_days), unit="D"))


def window_of(history: CouponHistory) -> int:
    """Return the age in days from which on coupons are old enough to judge; 0 where no status is known."""
    age = history.n_days - 1 - history.claimed
    return int(age[history.matured].min()) if history.matured.any() else 0
