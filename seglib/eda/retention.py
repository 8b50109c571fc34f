"""Cohort retention: of the customers who joined together, which share is active in each month since?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seglib.study import Study
from seglib.style import COUPON, NO_TRANSACTIONS, Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_COHORTS = 24
"""More cohorts could not be read in one figure: then customers are grouped by quarter, or by year."""

PERIODS: dict[int, tuple[str, str]] = {1: ("M", "month"), 3: ("Q", "quarter"), 12: ("Y", "year")}
"""Months in a period: its name in pandas, and in words."""

COLUMNS = ["cohort", "since", "customers", "active", "share"]


@dataclass(frozen=True)
class CohortRetention:
    """The share of each cohort that is active in each period since joining.

    A cohort is the customers who joined in the same calendar month. Their months are counted from their own day of
    joining: month 0 is the first month as a customer. A customer is active in a month with at least one coupon.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per cohort and period since joining: cohort (first day of the calendar period), since (0, 1, ...),
        customers (of the cohort), active (those with a coupon in that period), share (0 to 1). Only periods that the
        whole cohort has completed. Without rows where there are no join dates or no transactions.
    months : int
        Months in a period: 1, or 3 or 12 where there are more than `MOST_COHORTS` cohorts.
    without_date : int
        Customers who have no join date, and are in no cohort.
    observed : bool
        Whether there are transactions.
    wording : Wording
        What a transaction is called.
    """

    table: pd.DataFrame
    months: int = 1
    without_date: int = 0
    observed: bool = True
    wording: Wording = COUPON

    @property
    def period(self) -> str:
        """What a period is called: month, quarter or year."""
        return PERIODS[self.months][1]

    @property
    def grid(self) -> pd.DataFrame:
        """The shares, one row per cohort and one column per period since joining; missing where not completed."""
        return self.table.pivot_table(index="cohort", columns="since", values="share")

    @property
    def last_common(self) -> int:
        """The latest period that at least half of the customers have completed."""
        customers = self.table.groupby("since")["customers"].sum()
        return int(customers.index[customers >= customers.iloc[0] / 2].max())

    @property
    def finding(self) -> str:
        """The share active in the first period, and in the latest that half of the customers have completed."""
        since, wording = self.last_common, self.wording
        pooled = self._pooled(since)
        first = f"{pooled[0]:.0%} {wording.made} a {wording.one} in their first {self.period}"
        later = f", and {pooled[since]:.0%} {since} {self.period}{'s' if since > 1 else ''} later"
        return f"{first}{later if since else ''}"

    @property
    def applies(self) -> bool:
        """Whether there are cohorts."""
        return not self.table.empty

    @property
    def text(self) -> str:
        """The finding as a sentence, or why there is none."""
        if not self.observed:
            return NO_TRANSACTIONS
        if self.table.empty:
            return "No cohorts: no customer has a join date and a first full month."
        since = self.last_common
        rows = self.table[self.table["since"] == since]
        who = f"{rows['customers'].sum():,} customers, of the cohorts observed for so long"
        missing = f" Without a join date, and so left out: {self.without_date:,}." if self.without_date else ""
        return f"{self.finding} ({who}).{missing}"

    @property
    def alt(self) -> str:
        """What the figure shows; empty where there are no cohorts."""
        if self.table.empty:
            return ""
        what = f"Heatmap: share of customers with a {self.wording.one}"
        return f"{what}, by {self.period} of joining and {self.period}s since. {self.text}"

    @property
    def caption(self) -> str:
        """Number of customers, and how to read a row."""
        customers = self.table.loc[self.table["since"] == 0, "customers"].sum()
        return (
            f"{customers:,} customers. One row: those who joined in the same {self.period}. Column 0 is the first "
            f"{self.period} after a customer's own day of joining."
        )

    def figure(self) -> Axes:
        """Draw the shares as a heatmap."""
        from seglib.plots import plot_retention

        return plot_retention(self.grid, period=self.period, title=self.finding, wording=self.wording)

    def _pooled(self, last: int) -> pd.Series:
        """Return the share active by period, over the cohorts that have completed the last one."""
        cohorts = self.table.loc[self.table["since"] == last, "cohort"]
        rows = self.table[self.table["cohort"].isin(cohorts)]
        sums = rows.groupby("since")[["active", "customers"]].sum()
        return sums["active"] / sums["customers"]


def cohort_retention(unified: pd.DataFrame, customers: pd.DataFrame, study: Study) -> CohortRetention:
    """Count, for each cohort of customers, how many are active in each period since joining.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row per transaction.
    customers : pandas.DataFrame
        The canonical table. A customer without a join date, or who joined after the day, is in no cohort.
    study : Study
        The day on which the shop is looked at, and what a transaction is called.

    Returns
    -------
    CohortRetention

    Examples
    --------
    Two customers joined in January. Both claim a coupon in their first month, one of them again in the second.

    >>> joined = pd.DataFrame({"customer_id": ["1", "2"], "join_date": pd.to_datetime(["2024-01-05", "2024-01-20"])})
    >>> days = pd.to_datetime(["2024-01-06", "2024-02-19", "2024-02-20"])
    >>> coupons = pd.DataFrame({"customer_id": ["1", "2", "2"], "transaction_date": days})
    >>> cohort_retention(coupons, joined, Study(as_of="2024-03-31")).table[["since", "customers", "active", "share"]]
       since  customers  active  share
    0      0          2       2    1.0
    1      1          2       1    0.5
    """
    nothing = pd.DataFrame(columns=COLUMNS)
    if study.as_of is None or unified.empty:
        return CohortRetention(nothing, observed=False, wording=study.wording)
    day = pd.Timestamp(study.as_of)
    joined = customers.set_index("customer_id")["join_date"]
    without_date = int(joined.isna().sum())
    joined = joined[joined <= day]
    if joined.empty:
        return CohortRetention(nothing, without_date=without_date, wording=study.wording)
    months = next((m for m, (unit, _) in PERIODS.items() if joined.dt.to_period(unit).nunique() <= MOST_COHORTS), 12)
    cohort = joined.dt.to_period(PERIODS[months][0])
    # the day itself is over, so a period that ends with it is complete
    completed = full_months(joined, pd.Series(day + pd.Timedelta(days=1), joined.index)) // months
    completed = completed.groupby(cohort).min()

    # ids become numbers once: texts of twenty million rows are slow to look up and to compare
    seen = unified.loc[unified["transaction_date"] <= day, ["customer_id", "transaction_date"]]
    customer, ids = seen["customer_id"].factorize()
    joining = joined.reindex(ids)
    start = pd.Series(joining.array[customer], seen.index)
    since = (full_months(start.fillna(day), seen["transaction_date"]) // months).to_numpy()
    counted = start.notna().to_numpy() & (since >= 0)
    once = pd.unique(since[counted] * len(ids) + customer[counted])
    active = pd.DataFrame({"cohort": cohort.reindex(ids).array[once % len(ids)], "since": once // len(ids)})
    counts = active.groupby(["cohort", "since"]).size()

    cells = [(name, period) for name, n in completed.items() for period in range(n)]
    table = pd.DataFrame(cells, columns=["cohort", "since"])
    table["customers"] = table["cohort"].map(cohort.value_counts()).astype("int64")
    index = pd.MultiIndex.from_frame(table[["cohort", "since"]])
    table["active"] = counts.reindex(index, fill_value=0).to_numpy(dtype="int64")
    table["share"] = table["active"] / table["customers"]
    if len(table):
        table["cohort"] = pd.PeriodIndex(table["cohort"]).to_timestamp()
    return CohortRetention(table[COLUMNS], months, without_date, wording=study.wording)


def full_months(start: pd.Series, end: pd.Series) -> pd.Series:
    """Count the full months from one day to another, as one counts an age; negative if the end comes first."""
    difference = 12 * (end.dt.year - start.dt.year) + end.dt.month - start.dt.month
    return (difference - (end.dt.day < start.dt.day)).astype(np.int64)
