"""How many customers each segment has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from seglib.style import each, position

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class SegmentSizes:
    """Customers by segment.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per segment: segment, customers, share, median_margin.
    split : int
        Customers whose rows lie in more than one segment; 0 where a row is a customer.
    """

    table: pd.DataFrame = field(repr=False)
    split: int

    @property
    def customers(self) -> int:
        """All customers that have a segment."""
        return int(self.table["customers"].sum())

    @property
    def text(self) -> str:
        """How many customers have a segment, and how many have rows in more than one."""
        text = (
            f"{self.customers:,} customers have a segment; {self.split:,} of them ({self.split / self.customers:.1%}) "
        )
        text += "have rows in more than one"
        return f"{text}, so a letter describes only part of what they do." if self.split else f"{text}."

    @property
    def range(self) -> str:
        """The smallest and the largest share."""
        share = self.table["share"]
        return f"{len(share)} segments, from {share.min():.0%} to {share.max():.0%} of {self.customers:,} customers."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        return f"Bar chart of customers by segment: {each(self.table.set_index('segment')['customers'], '{:,}')}."

    @property
    def caption(self) -> str:
        """Number of customers."""
        return f"{self.customers:,} customers."

    def figure(self) -> Axes:
        """Draw the size of each segment."""
        from seglib.plots import plot_sizes

        return plot_sizes(self.table)


def segment_sizes(segments: pd.DataFrame, assignments: pd.DataFrame) -> SegmentSizes:
    """Count the customers of each segment.

    Parameters
    ----------
    segments : pandas.DataFrame
        From `customer_segments`, one row per customer.
    assignments : pandas.DataFrame
        `Segmentation.table`, one row per row of the matrix.
    """
    table = segments.groupby("segment")["margin"].agg(["size", "median"])
    table = table.set_axis(["customers", "median_margin"], axis="columns")
    table = table.loc[sorted(table.index, key=position)].reset_index()
    table.insert(2, "share", table["customers"] / table["customers"].sum())
    n_segments = assignments.groupby("customer_id")["segment"].nunique()
    return SegmentSizes(table, int((n_segments > 1).sum()))
