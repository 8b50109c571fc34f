"""The picture of a null model: the data beside one shop that it simulates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

YOURS, SIMULATED = "your data", "simulated, without segments"


@dataclass(frozen=True)
class ExampleChart:
    """The rows of the data and of one simulated shop, on the same two axes.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per row of a matrix: which (`YOURS` or `SIMULATED`), first, second (scores on the first two principal
        components of the data).
    explained : float
        Share of the variance of the data that the two axes show.
    what : str
        What the null model keeps and removes.
    """

    table: pd.DataFrame
    explained: float
    what: str

    @property
    def text(self) -> str:
        """What is beside the data."""
        return f"Left your data, right one simulated shop: {self.what}. Do you see more than the right one shows?"

    @property
    def alt(self) -> str:
        """What the figure shows."""
        spread = self.table.groupby("which", sort=False)[["first", "second"]].std().round(1)
        mine, other = spread.loc[YOURS], spread.loc[SIMULATED]
        return (
            "Two clouds of customers on the same axes. The spread of your data along them is "
            f"{mine['first']:g} and {mine['second']:g}, that of the simulated shop {other['first']:g} and "
            f"{other['second']:g}."
        )

    @property
    def caption(self) -> str:
        """Number of rows, and what the axes are."""
        n = int((self.table["which"] == YOURS).sum())
        return (
            f"{n:,} rows. Axes: the first two principal components of your data ({self.explained:.0%} of the variance)."
        )

    def figure(self) -> Figure:
        """Draw both clouds side by side."""
        from seglib.plots import plot_example

        return plot_example(self.table)


def example_chart(X: np.ndarray, example: np.ndarray, what: str) -> ExampleChart:
    """Put one simulated matrix beside the data.

    Parameters
    ----------
    X, example : ndarray of float, shape (n_rows, n_columns)
    what : str
        What the null model keeps and removes.
    """
    mean = X.mean(axis=0)
    _, singular, axes = np.linalg.svd(X - mean, full_matrices=False)
    variance = singular**2
    parts = []
    for which, matrix in ((YOURS, X), (SIMULATED, example)):
        scores = (matrix - mean) @ axes[:2].T
        scores = np.column_stack([scores, np.zeros((len(matrix), 2 - scores.shape[1]))])
        parts.append(pd.DataFrame({"which": which, "first": scores[:, 0], "second": scores[:, 1]}))
    explained = float(variance[:2].sum() / max(variance.sum(), 1e-12))
    return ExampleChart(pd.concat(parts, ignore_index=True), explained, what)
