"""What each source column weighs: its share of the total variance of the matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from seglib.preprocessing.matrix import Matrix
from seglib.style import COUPON, Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class VarianceShare:
    """How much of the matrix each source column is.

    Attributes
    ----------
    table : pandas.DataFrame
        column, share; largest first. Shares add up to 1.
    caption : str
    wording : Wording
        What a transaction, and the place of a customer, are called.
    """

    table: pd.DataFrame
    caption: str
    wording: Wording = COUPON

    @property
    def text(self) -> str:
        """Which column is the heaviest, and whether it makes the clusters on its own."""
        top = self.table.iloc[0]
        verdict = ": it will make the clusters on its own" if top["share"] > 0.5 else "; none dominates"
        name = self.wording.name_of(top["column"])
        return f"The heaviest column, {name}, holds {top['share']:.0%} of the variance{verdict}."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        top = self.table.iloc[0]
        return (
            f"Bar chart of shares of the total variance; {self.wording.name_of(top['column'])} has {top['share']:.0%}."
        )

    def figure(self) -> Axes:
        """Draw the shares as bars."""
        from seglib.plots import plot_variance_share

        return plot_variance_share(self.table.assign(column=self.table["column"].map(self.wording.name_of)))


def variance_share(matrix: Matrix) -> VarianceShare:
    """Say how much of the matrix each source column is: its share of the total variance.

    Squared distances between rows, and so the clusters, are dominated by what varies most.
    """
    n, m = matrix.table.shape
    variance = {name: matrix.made_of(name).var(ddof=0).sum() for name in matrix.sources}
    caption = f"{n:,} rows, {m} columns. Shares add up to 100%."
    return VarianceShare(share_table(pd.Series(variance)), caption, matrix.wording)


def share_table(variance: pd.Series) -> pd.DataFrame:
    """Return variances by column as shares of their sum, the largest first: column, share."""
    table = (variance / variance.sum()).rename("share").rename_axis("column").reset_index()
    return table.sort_values("share", ascending=False, kind="stable", ignore_index=True)
