"""How far the numbers of a matrix reach on their common scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from seglib.preprocessing.matrix import Matrix
from seglib.style import COUPON, Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class NumberRanges:
    """Median, middle 90% and extremes of every number of a matrix.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per number: column, min, p05, median, p95, max, in units of the matrix; no row where there is none.
    n_rows : int
        Number of rows of the matrix.
    wording : Wording
        What a transaction, and the place of a customer, are called.
    """

    table: pd.DataFrame
    n_rows: int
    wording: Wording = COUPON

    @property
    def text(self) -> str:
        """Which number has the most extreme value; or that there is none."""
        if self.table.empty:
            return "There is no number in this matrix."
        column, distance = self._furthest()
        return (
            f"{self.wording.name_of(column).capitalize()} has the most extreme value: {distance:.1f} from the centre."
        )

    @property
    def alt(self) -> str:
        """What the figure shows; empty where there is no number."""
        if self.table.empty:
            return ""
        column, distance = self._furthest()
        name = self.wording.name_of(column)
        return f"Ranges of the numbers in the matrix; {name} has the most extreme value, {distance:.1f}."

    @property
    def caption(self) -> str:
        """Number of rows, and what the marks are."""
        return f"{self.n_rows:,} rows. Dot: the median; thick: 90% of the rows; thin: all."

    def figure(self) -> Axes:
        """Draw one line per number."""
        from seglib.plots import plot_number_ranges

        return plot_number_ranges(self.table.assign(column=self.table["column"].map(self.wording.name_of)))

    def _furthest(self) -> tuple[str, float]:
        distance = self.table.set_index("column")[["min", "max"]].abs().max(axis=1)
        return distance.idxmax(), distance.max()


def number_ranges(matrix: Matrix) -> NumberRanges:
    """Say how far the numbers of a matrix reach: outliers pull the centres towards them. A yes or no has no range."""
    numbers = [name for name in matrix.numeric if matrix.table[name].nunique() > 2]
    quantiles = matrix.table[numbers].quantile([0, 0.05, 0.5, 0.95, 1])
    table = quantiles.T.set_axis(["min", "p05", "median", "p95", "max"], axis=1)
    return NumberRanges(table.rename_axis("column").reset_index(), len(matrix.table), matrix.wording)
