"""A sweep over k: the best clustering of all rows for k = 1, 2, ..., and four criteria of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.cluster import KMeans
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples

from seglib.errors import InputRefused, ParameterRefused
from seglib.k_selection.criteria.batch_kmeans import Rows, best_starts
from seglib.k_selection.criteria.indices import sampled_silhouette, squared_silhouette, stratified
from seglib.k_selection.criteria.threads import one_thread
from seglib.style import letter

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WARM_ROWS = 20_000
"""Of more rows, a sample of this size provides the starting centres; the fits then use every row."""

WARM_STARTS = 10
"""Starts on that sample. With 4, the inertia of a million rows was 2% too large for one k; with 10, it was .01%."""


@dataclass(frozen=True)
class Sweep:
    """The clusterings of one matrix, and four criteria of each.

    Attributes
    ----------
    table : pandas.DataFrame
        k, metric, value; see `sweep`.
    labels : dict of int to ndarray of int
        The cluster of every row, by k.
    centres : dict of int to ndarray of float
        By k, shape (k, n_columns).
    """

    table: pd.DataFrame
    labels: dict[int, np.ndarray]
    centres: dict[int, np.ndarray]

    @property
    def k_max(self) -> int:
        """The largest k of the sweep."""
        return max(self.labels)


def largest_k(matrix: pd.DataFrame, k_max: int) -> int:
    """Return the largest k for which the rows of a matrix suffice, at most ``k_max``.

    Raises
    ------
    ParameterRefused
        If ``k_max`` is less than 2.
    InputRefused
        If there are fewer than three rows, or fewer than two different ones.
    """
    if k_max < 2:
        raise ParameterRefused(f"k_max is at least 2, not {k_max}", parameter="k_max")
    different = len(matrix.drop_duplicates())
    most = min(k_max, len(matrix) - 1, different)
    if most < 2:
        raise InputRefused(
            f"segments need at least three rows, two of them different; the matrix has {len(matrix)}, "
            f"{different} different"
        )
    return most


def sweep(
    matrix: pd.DataFrame,
    *,
    k_max: int = 10,
    n_init: int = 50,
    seed: int = 0,
    sample_rows: int = 10_000,
    n_jobs: int = 1,
) -> Sweep:
    """Cluster the matrix into 1, 2, ..., k_max clusters and compute the criteria of each.

    Parameters
    ----------
    matrix : pandas.DataFrame of float, shape (n_rows, n_columns)
    k_max : int, default=10
        Largest k; fewer if the matrix has fewer different rows.
    n_init : int, default=50
        Starts for every k, of which the best is used. Of more than `WARM_ROWS` rows a sample gets `WARM_STARTS`, and
        the fits of all rows start from the best of these, in float32.
    seed : int, default=0
    sample_rows : int, default=10_000
        Largest number of rows that the silhouette uses.
    n_jobs : int, default=1
        Threads, over k. The result does not depend on it.

    Returns
    -------
    Sweep
        Metrics: ``inertia`` (k = 1, 2, ...; the smaller the tighter), and from k = 2 on ``silhouette`` (Rousseeuw 1987;
        -1 to 1, greater is better), ``calinski_harabasz`` (1974; greater is better) and ``davies_bouldin`` (1979;
        smaller is better), and ``smallest_segment``, the rows of the smallest cluster; of more than ``sample_rows``
        rows also ``squared_silhouette``, of all rows (`seglib.k_selection.criteria.indices.squared_silhouette`).

    Raises
    ------
    InputRefused
        If there are fewer than three rows, or fewer than two different ones.
    """
    most = largest_k(matrix, k_max)
    many = len(matrix) > WARM_ROWS
    X = matrix.to_numpy(dtype=np.float32 if many else np.float64)
    rng = np.random.default_rng(seed)
    part = X[np.sort(rng.choice(len(X), WARM_ROWS, replace=False))] if many else X
    with one_thread():
        rows = Rows(part)
        starts = [f.centres + rows.shift for f in best_starts(rows, most, rng, n_init=WARM_STARTS if many else n_init)]
        jobs = (delayed(_refine)(X, start) for start in sorted(starts, key=len, reverse=True))
        fits = {len(f.cluster_centers_): f for f in Parallel(n_jobs=n_jobs, prefer="threads")(jobs)}
        records = []
        for k in range(1, most + 1):
            records.append((k, "inertia", float(fits[k].inertia_)))
            if k > 1:
                labels = fits[k].labels_
                records.append((k, "smallest_segment", float(np.bincount(labels, minlength=k).min())))
                records += [
                    (k, "silhouette", sampled_silhouette(X, labels, sample_rows=sample_rows, seed=seed)),
                    (k, "calinski_harabasz", float(calinski_harabasz_score(X, labels))),
                    (k, "davies_bouldin", float(davies_bouldin_score(X, labels))),
                ]
                if len(X) > sample_rows:
                    records.append((k, "squared_silhouette", squared_silhouette(X, labels)))
    table = pd.DataFrame(records, columns=["k", "metric", "value"])
    return Sweep(
        table.assign(value=table["value"].round(6)),
        {k: fits[k].labels_ for k in range(1, most + 1)},
        {k: fits[k].cluster_centers_ for k in range(1, most + 1)},
    )


@dataclass(frozen=True)
class SilhouetteWidths:
    """The silhouette width of every row, or of a sample of them.

    Attributes
    ----------
    table : pandas.DataFrame
        Indexed like the matrix: cluster (0 is the largest), segment (its letter), width (-1 to 1).
    n_rows : int
        Rows of the matrix.
    """

    table: pd.DataFrame
    n_rows: int

    @property
    def text(self) -> str:
        """How many rows are nearer to another segment than to their own."""
        return f"{self._below_zero:.0%} of the rows are nearer to another segment than to their own."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        k = self.table["cluster"].nunique()
        return f"Silhouette widths of the {k} segments, sorted; {self._below_zero:.0%} lie below zero."

    @property
    def caption(self) -> str:
        """Number of rows, and what the letters mean."""
        return f"{len(self.table):,} of {self.n_rows:,} rows. Letters by size here; 05 gives the final ones."

    def figure(self) -> Axes:
        """Draw the widths of every segment, sorted."""
        from seglib.plots import plot_silhouette_widths

        return plot_silhouette_widths(self.table)

    @property
    def _below_zero(self) -> float:
        return float((self.table["width"] < 0).mean())


def row_silhouettes(
    matrix: pd.DataFrame, labels: np.ndarray, *, sample_rows: int = 2_500, seed: int = 0
) -> SilhouetteWidths:
    """Compute the silhouette width of every row, or of a sample of them, with clusters numbered by size.

    Parameters
    ----------
    matrix : pandas.DataFrame of float, shape (n_rows, n_columns)
    labels : ndarray of int, shape (n_rows,)
    sample_rows : int
        Of more rows, a sample of this size, stratified by cluster.
    seed : int

    Returns
    -------
    SilhouetteWidths
    """
    X = matrix.to_numpy(dtype=np.float64)
    sample = stratified(labels, sample_rows, seed)
    rank = np.empty(labels.max() + 1, dtype=np.int64)
    rank[np.argsort(-np.bincount(labels), kind="stable")] = np.arange(len(rank))
    cluster = rank[labels[sample]]
    with one_thread():
        width = silhouette_samples(X[sample], labels[sample])
    table = pd.DataFrame(
        {"cluster": cluster, "segment": [letter(i) for i in cluster], "width": width}, matrix.index[sample]
    )
    return SilhouetteWidths(table, len(matrix))


def _refine(X: np.ndarray, centres: np.ndarray) -> KMeans:
    """Run scikit-learn's KMeans from given centres, in one thread, because a sum depends on the number of threads."""
    with one_thread():
        return KMeans(len(centres), init=centres.astype(X.dtype), n_init=1).fit(X)
