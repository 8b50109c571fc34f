"""How similar every row is to the centre of every segment: are the segments apart?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class CentreSimilarity:
    """The similarity of every row of the matrix to every centre, and the gorge plot of it.

    Attributes
    ----------
    table : pandas.DataFrame of float, shape (n_rows, n_segments)
        A column for each segment; every row sums to 1.
    segments : pandas.Series of str, shape (n_rows,)
        The letter of each row.
    names : mapping of str to str
        Name of each segment.
    """

    table: pd.DataFrame
    segments: pd.Series
    names: Mapping[str, str]

    @property
    def finding(self) -> str:
        """The share of rows that clearly belong to one centre."""
        unit = "customers" if self.table.index.nlevels == 1 else "transactions"
        ranked = np.sort(self.table.to_numpy(), axis=1)
        clear = float((ranked[:, -1] >= 2 * ranked[:, -2]).mean())
        return f"{clear:.0%} of {unit} are at least twice as similar to their own centre as to any other"

    @property
    def text(self) -> str:
        """The finding as a sentence."""
        return f"{self.finding}."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        return (
            f"Histograms of how near the rows of each of {self.table.shape[1]} segments are to its centre, members and "
            "others."
        )

    @property
    def caption(self) -> str:
        """Number of rows, and how to read the scale."""
        return f"{len(self.table):,} rows. Similarity to the centre of the segment, 1 on the centre."

    def figure(self) -> Figure:
        """Draw a histogram per segment."""
        from seglib.plots import plot_gorge

        return plot_gorge(self.table, self.segments, title=self.finding, names=self.names)


def centre_similarity(
    matrix: pd.DataFrame,
    centres: pd.DataFrame,
    segments: pd.Series,
    *,
    names: Mapping[str, str] | None = None,
) -> CentreSimilarity:
    """Compute how similar every row is to each centre.

    Parameters
    ----------
    matrix : pandas.DataFrame of float, shape (n_rows, n_columns)
        What was clustered.
    centres : pandas.DataFrame
        One row per segment, in the columns of the matrix (`seglib.clustering.Segmentation.centres`).
    segments : pandas.Series of str, shape (n_rows,)
        The letter of each row.
    names : mapping of str to str, optional
        Name of each segment.

    Returns
    -------
    CentreSimilarity
        exp(-d_h) / sum exp(-d_l), with d the Euclidean distances to all centres: a share. The more segments, the
        smaller the shares.

    Notes
    -----
    Dolnicar, Gruen & Leisch (2018), *Market Segmentation Analysis*, section 7.5.1.
    """
    X, C = matrix.to_numpy(float), centres[list(matrix.columns)].to_numpy(float)
    distance = np.column_stack([np.sqrt(((X - c) ** 2).sum(axis=1)) for c in C])
    # exp(-d) is 0 for every centre of a row that is far from all of them; the smallest distance is taken off first,
    # which cancels in the share
    similarity = np.exp(distance.min(axis=1, keepdims=True) - distance)
    similarity /= similarity.sum(axis=1, keepdims=True)
    table = pd.DataFrame(similarity, matrix.index, centres.index)
    return CentreSimilarity(table, segments.reindex(matrix.index), names or {})
