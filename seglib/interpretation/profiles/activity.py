"""How much of what all customers did each segment did: its share of customers beside its share of burns and spend."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from seglib.study import DEFAULT_STUDY, Study
from seglib.style import join_words, position

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CUSTOMERS = "customers"

NO_ACTIVITY = "Customers are not compared with what they did: no transactions are recorded here."


@dataclass(frozen=True)
class ActivityShares:
    """The share of each segment in the customers, and in what they did.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per segment and measure: segment, measure (customers; burned coupons, or transactions where no burn is
        recorded; amount spent, where it is recorded), total (of the segment), share (0 to 1, of all segments
        together). Empty where no transactions are recorded.
    customers : int
    """

    table: pd.DataFrame = field(repr=False)
    customers: int

    @property
    def wide(self) -> pd.DataFrame:
        """One row per segment, one column of shares per measure, for reading."""
        shares = self.table.pivot_table(index="segment", columns="measure", values="share", sort=False)
        return shares.rename_axis(columns=None).reset_index()

    @property
    def measures(self) -> list[str]:
        """What is counted, customers first."""
        return list(self.table["measure"].unique())

    @property
    def applies(self) -> bool:
        """Whether there are transactions."""
        return not self.table.empty

    @property
    def text(self) -> str:
        """The segment that has most for its number of customers, by the first measure of what they did."""
        if self.table.empty:
            return NO_ACTIVITY
        shares = self.table.pivot_table(index="segment", columns="measure", values="share", sort=False)
        activity = self.measures[1]
        most = (shares[activity] / shares[CUSTOMERS]).idxmax()
        return (
            f"Segment {most} has {shares.loc[most, CUSTOMERS]:.0%} of the customers and "
            f"{shares.loc[most, activity]:.0%} of the {activity}."
        )

    @property
    def alt(self) -> str:
        """What the figure shows; empty if no transactions are recorded."""
        if self.table.empty:
            return ""
        return f"Bars by segment: share of {join_words(self.measures)}. {self.text}"

    @property
    def caption(self) -> str:
        """Number of customers, and how to read the bars."""
        return f"{self.customers:,} customers. The bars of one measure add up to 100% over all segments."

    def figure(self) -> Axes:
        """Draw the shares as bars, side by side."""
        from seglib.plots import plot_activity

        return plot_activity(self.table, title=self.text.removesuffix("."))


def activity_shares(features: pd.DataFrame, segments: pd.Series, study: Study = DEFAULT_STUDY) -> ActivityShares:
    """Compare the share of each segment in the customers with its share in what they did.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer, original units. Of its columns ``n_burned`` (or ``n_coupons``, where nobody burned any)
        and ``spend`` are used, as far as they are there.
    segments : pandas.Series of str
        The letter of each customer, on the same index.
    study : Study, optional
        What a transaction is called.

    Returns
    -------
    ActivityShares
        A measure is left out where its total is not positive, or that of a segment is negative (refunds can exceed
        sales): shares would then not be parts of a whole.
    """
    totals = {CUSTOMERS: segments.groupby(segments).size().astype(float)}
    sums = {
        name: features[name].astype(float).groupby(segments).sum()
        for name in ("n_burned", "n_coupons", "spend")
        if name in features and features[name].notna().any()
    }
    parts = {name: total for name, total in sums.items() if total.sum() > 0 and total.min() >= 0}
    if "n_burned" in parts:
        totals[f"burned {study.wording.many}"] = parts["n_burned"]
    elif "n_coupons" in parts:
        totals[study.wording.many] = parts["n_coupons"]
    if "spend" in parts:
        totals["amount spent"] = parts["spend"]
    columns = ["segment", "measure", "total", "share"]
    if len(totals) == 1:
        return ActivityShares(pd.DataFrame(columns=columns), len(segments))
    letters = sorted(totals[CUSTOMERS].index, key=position)
    records = [
        (letter, measure, float(total[letter]), float(total[letter] / total.sum()))
        for letter in letters
        for measure, total in totals.items()
    ]
    return ActivityShares(pd.DataFrame(records, columns=columns), len(segments))
