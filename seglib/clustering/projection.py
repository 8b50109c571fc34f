"""The segments in two dimensions: the first two principal components of the matrix."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_POINTS = 2_000
"""Rows that are drawn; of more, a random sample."""

ARROWS = 4
"""Columns of the matrix whose direction is drawn, at most."""


@dataclass(frozen=True)
class Projection:
    """Rows of the matrix in the two directions of greatest variance.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per drawn row of the matrix, in random order: first, second (components), segment.
    arrows : pandas.DataFrame
        One row per column of the matrix that weighs much in the components: column, first, second (where its arrow
        ends). Empty where the matrix has one column.
    explained : tuple of float
        Share of the variance in the first and in the second component.
    n_columns, n_rows, k : int
        Of the matrix, and the number of segments.
    """

    table: pd.DataFrame = field(repr=False)
    arrows: pd.DataFrame = field(repr=False)
    explained: tuple[float, float]
    n_columns: int
    n_rows: int
    k: int

    @property
    def text(self) -> str:
        """How much of the matrix can be seen in two dimensions."""
        if self.n_columns == 1:
            return "The only dimension there is"
        return f"Two of {self.n_columns} dimensions, {sum(self.explained):.0%} of the variance"

    @property
    def alt(self) -> str:
        """What the figure shows."""
        return f"Scatter plot of the {self.k} segments in the first two principal components."

    @property
    def caption(self) -> str:
        """Number of rows that are drawn, and of all."""
        return f"{len(self.table):,} of {self.n_rows:,} rows; principal components of the matrix."

    def figure(self) -> Axes:
        """Draw the rows, and the directions in which the columns grow."""
        from seglib.plots import plot_projection

        return plot_projection(self.table, self.arrows, explained=self.explained, title=self.text)


def project(matrix: pd.DataFrame, segments: pd.Series, *, seed: int = 0) -> Projection:
    """Project the rows of the matrix onto their first two principal components.

    Parameters
    ----------
    matrix : pandas.DataFrame of float, shape (n_rows, n_columns)
    segments : pandas.Series of str, shape (n_rows,)
        The letter of each row.
    seed : int, default=0
        Seed of the sample of `MOST_POINTS` rows.

    Notes
    -----
    With the directions of the columns it is a biplot (Gabriel 1971).
    """
    X = (matrix - matrix.mean()).to_numpy()
    if X.shape[1] == 1:
        X = np.column_stack([X, np.zeros(len(X))])
    variance, vectors = np.linalg.eigh(X.T @ X)  # ascending
    variance, vectors = variance[::-1], vectors[:, ::-1][:, :2]
    # an eigenvector has no sign of its own: its largest entry is made positive, so that a rerun shows the same picture
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), [0, 1]])
    points = X @ vectors
    shares = variance[:2] / variance.sum()
    arrows = pd.DataFrame(columns=["column", "first", "second"])
    if matrix.shape[1] > 1:
        loadings = vectors * np.sqrt(np.maximum(variance[:2], 0))
        arrows = _arrows(loadings, list(matrix.columns), points)
    drawn = np.random.default_rng(seed).permutation(len(matrix))[:MOST_POINTS]
    table = pd.DataFrame(points[drawn], columns=["first", "second"]).assign(segment=segments.to_numpy()[drawn])
    explained = (float(shares[0]), float(shares[1]))
    return Projection(table, arrows, explained, matrix.shape[1], len(matrix), segments.nunique())


def _arrows(loadings: np.ndarray, columns: list[str], points: np.ndarray) -> pd.DataFrame:
    """Return the longest loadings, at most `ARROWS`, scaled so that the longest nearly spans the cloud of points."""
    length = np.hypot(*loadings.T)
    longest = np.argsort(-length, kind="stable")[:ARROWS]
    scale = 0.85 * np.quantile(np.hypot(*points.T), 0.98) / length[longest[0]]
    drawn = longest[length[longest] > 0.25 * length[longest[0]]]
    arrows = pd.DataFrame(loadings[drawn] * scale, columns=["first", "second"])
    arrows.insert(0, "column", [columns[place] for place in drawn])
    return arrows
