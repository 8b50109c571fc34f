"""Margins: how far is a customer from the border of the segment? 1 - d1/d2 with the two nearest centres."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pandas as pd

from seglib.style import COUPON, Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEAR_BORDER = 0.2
"""Below this margin an object lies near the border to another segment."""

LEAST_CERTAIN = 5
"""Customers that `least_certain` lists."""


@dataclass(frozen=True)
class Margins:
    """The margins of all customers; readers see them under the name confidence.

    Attributes
    ----------
    segments : pandas.DataFrame
        By customer: segment, margin.
    grain : {"customer", "transaction"}
        What a row of the matrix is. Of transactions, the margin is the share of a customer's rows in their segment.
    wording : Wording
    """

    segments: pd.DataFrame = field(repr=False)
    grain: Literal["customer", "transaction"] = "customer"
    wording: Wording = COUPON

    @property
    def near_border(self) -> pd.Series:
        """By customer, whether the margin is less than `NEAR_BORDER`."""
        return self.segments["margin"] < NEAR_BORDER

    @property
    def table(self) -> pd.DataFrame:
        """One row per segment: segment, customers, median_confidence, near_border (share of the customers)."""
        rows = self.segments.assign(near=self.near_border).groupby("segment")
        table = rows.agg(
            customers=("margin", "size"), median_confidence=("margin", "median"), near_border=("near", "mean")
        )
        return table.reset_index()

    @property
    def text(self) -> str:
        """The median, and how many customers lie near a border; of transactions, how many customers are not split."""
        median = f"The median customer has a confidence of {self.segments['margin'].median():.2f}."
        if self.grain == "customer":
            return f"{median} {self.near_border.mean():.0%} lie near a border."
        whole = (self.segments["margin"] == 1).mean()
        return f"{median} {whole:.0%} of customers have all their {self.wording.many} in one segment."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        share = f"{self.near_border.mean():.0%} lie below {NEAR_BORDER}"
        return f"Confidence of the members of each segment, sorted; {share}."

    @property
    def caption(self) -> str:
        """Number of customers, and their order."""
        return f"{len(self.segments):,} customers, each segment sorted from the lowest to the highest."

    def figure(self) -> Axes:
        """Draw the margins of the members of each segment, sorted."""
        from seglib.plots import plot_margins

        return plot_margins(self.segments, near=NEAR_BORDER)


@dataclass(frozen=True)
class LeastCertain:
    """The customers whose segment is least certain, and how many are outliers.

    Attributes
    ----------
    table : pandas.DataFrame
        The columns of `customer_segments`, the margin under its published name, confidence.
    outliers : int
        Of all customers.
    """

    table: pd.DataFrame = field(repr=False)
    outliers: int

    @property
    def text(self) -> str:
        """How many customers are outliers, and what that means."""
        return (
            f"{self.outliers:,} customers are outliers: more than one and a half times as far from their centre as 99% "
            "of their segment. They have a segment because every customer gets one."
        )


def least_certain(segments: pd.DataFrame) -> LeastCertain:
    """List the customers with the lowest probability; where none is given, those nearest to a border.

    Parameters
    ----------
    segments : pandas.DataFrame
        From `customer_segments`, with probability.
    """
    first = segments.sort_values(["probability", "margin"]).head(LEAST_CERTAIN)
    table = first.reset_index().rename(columns={"margin": "confidence"})
    return LeastCertain(table, int(segments["outlier"].sum()))
