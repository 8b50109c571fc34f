"""How much happens in which month, and how many coupons a customer has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import poisson

from seglib.features import CustomerFeatures, records
from seglib.stats import expected_claims
from seglib.study import Study
from seglib.style import COUPON, NO_TRANSACTIONS, Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRANSACTION_COLUMNS = ("customer_id", "transaction_date", "transaction_status", "burn_date", "amount")
"""Of the unified table, all that this package looks at."""

ALIKE, BY_TIME = "the same chance for everybody", "a chance that grows with the time as a customer"
"""The two ways in which customers can be alike: neither need be the truth, so the milder one is believed."""


@dataclass(frozen=True)
class Overview:
    """How many customers there are, and how many transactions they made.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per customer who had joined: `claims`. Without rows where there are no transactions.
    text : str
        Transactions, customers, and the first and the last day.
    takeaway : str
        The same in a few words.
    applies : bool
        A shop has customers, always.
    """

    table: pd.DataFrame
    text: str
    takeaway: str
    applies: bool = True


def overview(unified: pd.DataFrame, claimed: pd.DataFrame, features: CustomerFeatures) -> Overview:
    """Count customers and transactions.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row per transaction.
    claimed : pandas.DataFrame
        From `claims`.
    features : CustomerFeatures
        The customers that are described, and the study.
    """
    n_customers, wording = len(features.table), features.study.wording
    if not features.observed:
        text = f"{n_customers:,} customers are described, each by one row."
        return Overview(claimed, text, f"{n_customers:,} customers.")
    first, last = unified["transaction_date"].min(), unified["transaction_date"].max()
    each = len(unified) / n_customers
    text = (
        f"{len(unified):,} {wording.many} were {wording.made} by {n_customers:,} customers ({each:.1f} each) "
        f"between {first:%d %B %Y} and {last:%d %B %Y}. "
        f"{(claimed['coupons'] == 0).sum():,} customers had joined and {wording.made} none."
    )
    return Overview(claimed, text, f"{n_customers:,} customers {wording.made} {each:.1f} {wording.many} each.")


@dataclass(frozen=True)
class Calendar:
    """Coupons claimed and burned by month.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per month: month (its first day), claimed, and burned where the shop records burn dates. Without rows
        where there are no transactions.
    wording : Wording
        What a transaction is called.
    """

    table: pd.DataFrame
    wording: Wording = COUPON

    @property
    def busiest(self) -> pd.Series:
        """The row of the month in which most coupons were claimed."""
        return self.table.loc[self.table["claimed"].idxmax()]

    @property
    def finding(self) -> str:
        """In which month most coupons were claimed."""
        month = self.busiest
        return f"Most {self.wording.many} were {self.wording.made} in {month['month']:%B %Y} ({month['claimed']:,})"

    @property
    def applies(self) -> bool:
        """Whether there are transactions."""
        return not self.table.empty

    @property
    def text(self) -> str:
        """The finding as a sentence."""
        return NO_TRANSACTIONS if self.table.empty else f"{self.finding}."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        if self.table.empty:
            return ""
        counted = f"{self.wording.made} and burned" if "burned" in self.table else self.wording.made
        return (
            f"Line chart of {self.wording.many} {counted} by month; the busiest month is {self.busiest['month']:%B %Y}."
        )

    @property
    def caption(self) -> str:
        """Number of coupons, and what to mind."""
        total = self.table["claimed"].sum()
        return f"{total:,} {self.wording.many}. The first and the last month may be incomplete."

    def figure(self) -> Axes:
        """Draw coupons by month."""
        from seglib.plots import plot_calendar

        return plot_calendar(self.table, title=self.finding, wording=self.wording)


def calendar(unified: pd.DataFrame, study: Study) -> Calendar:
    """Count coupons claimed and burned by month, up to the day on which the shop is looked at.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row per transaction.
    study : Study
        The day, and what a transaction is called.
    """
    if study.as_of is None or unified.empty:
        return Calendar(pd.DataFrame(columns=["month", "claimed"]), study.wording)
    days = {"claimed": unified["transaction_date"]}
    if records(unified)[1]:
        days["burned"] = unified.loc[unified["burn_date"] <= pd.Timestamp(study.as_of), "burn_date"]
    months = pd.DataFrame({name: day.dt.to_period("M").value_counts() for name, day in days.items()})
    every = pd.period_range(months.index.min(), pd.Period(study.as_of, "M"), freq="M", name="month")
    months = months.reindex(every).fillna(0).astype("int64").reset_index()
    return Calendar(months.assign(month=months["month"].dt.to_timestamp()), study.wording)


def claims(unified: pd.DataFrame, customers: pd.DataFrame, *, as_of: str | None) -> pd.DataFrame:
    """Count the coupons of every customer who had joined, and how many one would expect of them.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row per transaction.
    customers : pandas.DataFrame
        The canonical table; a customer without a join date counts from the first coupon.
    as_of : str or None
        The day on which the shop is looked at; None where there are no transactions.

    Returns
    -------
    pandas.DataFrame
        Indexed by customer_id, one row per customer who had joined by ``as_of``: coupons, since (day), expected:
        coupons that a customer of the same day would claim if all were alike (`seglib.stats.expected_claims`). It
        follows the calendar: on each day, the shop's claims are shared among those who had joined.
    """
    if as_of is None or unified.empty:
        return pd.DataFrame(columns=["coupons", "since", "expected"])
    day = pd.Timestamp(as_of)
    by_customer = unified.groupby("customer_id")["transaction_date"]
    people = pd.DataFrame(
        {
            "joined": customers.set_index("customer_id")["join_date"],
            "coupons": by_customer.size(),
            "first": by_customer.min(),
        }
    )
    people["since"] = people[["joined", "first"]].min(axis=1)
    people = people[people["since"] <= day].sort_index()
    start = people["since"].min()
    dates = unified.loc[unified["transaction_date"] <= day, "transaction_date"]
    joined, claimed = ((days - start).dt.days.to_numpy() for days in (people["since"], dates))
    return pd.DataFrame(
        {
            "coupons": people["coupons"].fillna(0).astype("int64"),
            "since": people["since"],
            "expected": expected_claims(joined, claimed, n_days=(day - start).days + 1),
        }
    )


@dataclass(frozen=True)
class CouponCounts:
    """How many customers have 0, 1, 2, ... coupons, beside what chance alone would give.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per number of coupons: coupons, customers, expected, view. ``expected`` is Poisson with the same mean
        for everybody, or with the expectation of each customer's own time in the shop, whichever comes nearer to the
        counts; ``view`` names it (`ALIKE` or `BY_TIME`). Without rows where there are no transactions.
    wording : Wording
        What a transaction is called.
    """

    table: pd.DataFrame
    wording: Wording = COUPON

    @property
    def finding(self) -> str:
        """How widely the numbers of coupons spread, compared with chance."""
        coupons = self.table["coupons"]
        spread = [
            np.sqrt(np.average((coupons - np.average(coupons, weights=weight)) ** 2, weights=weight))
            for weight in (self.table["customers"], self.table["expected"])
        ]
        times = f"{spread[0] / spread[1]:.1f}"
        wide = "as widely" if times == "1.0" else f"{times} times as widely"
        return f"{self.wording.many.capitalize()} per customer spread {wide} as chance makes them"

    @property
    def applies(self) -> bool:
        """Whether there are transactions."""
        return not self.table.empty

    @property
    def text(self) -> str:
        """The finding as a sentence."""
        return NO_TRANSACTIONS if self.table.empty else f"{self.finding}."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        if self.table.empty:
            return ""
        what = f"customers by number of {self.wording.many}"
        return f"Bar chart of {what}, with the counts that chance alone would give as a line."

    @property
    def caption(self) -> str:
        """Number of customers, and what the line is."""
        view = self.table["view"].iloc[0]
        return f"{self.table['customers'].sum():,} customers. Line: Poisson, {view} (the nearer of two views)."

    def figure(self) -> Axes:
        """Draw customers by number of coupons."""
        from seglib.plots import plot_coupon_counts

        return plot_coupon_counts(self.table, title=self.finding, wording=self.wording)


def coupon_counts(claimed: pd.DataFrame, study: Study) -> CouponCounts:
    """Compare how many customers have 0, 1, 2, ... coupons with what chance alone would give.

    Parameters
    ----------
    claimed : pandas.DataFrame
        From `claims`.
    study : Study
        What a transaction is called.
    """
    if claimed.empty:
        return CouponCounts(pd.DataFrame(columns=["coupons", "customers", "expected", "view"]), study.wording)
    n = claimed["coupons"]
    coupons = np.arange(n.max() + 1)
    observed = n.value_counts().reindex(coupons, fill_value=0).to_numpy()
    typical = np.quantile(claimed["expected"], (np.arange(500) + 0.5) / 500)  # 500 customers stand for all
    views = {
        ALIKE: len(n) * poisson.pmf(coupons, n.mean()),
        BY_TIME: len(n) * poisson.pmf(coupons[:, None], typical[None, :]).mean(axis=1),
    }
    nearest = min(views, key=lambda view: np.abs(views[view] - observed).sum())
    table = pd.DataFrame({"coupons": coupons, "customers": observed, "expected": views[nearest], "view": nearest})
    return CouponCounts(table, study.wording)
