"""One sweep over k: the best clustering of all rows for k = 1, 2, ..., and four criteria of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.cluster import KMeans
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples
from threadpoolctl import threadpool_limits

from seglib.errors import InputRefused, ParameterRefused
from seglib.k_selection.criteria.batch_kmeans import Rows, best_starts
from seglib.k_selection.criteria.indices import sampled_silhouette, squared_silhouette, stratified

WARM_ROWS = 20_000
"""Of more rows than that, a sample of as many finds where to start; the fits then see every row."""

WARM_STARTS = 10
"""Starts on that sample. With 4 the inertia of a million rows was 2% too large for one k, with 10 it was .01%."""


@dataclass(frozen=True)
class Sweep:
    """The clusterings of one matrix, and what four criteria say of them.

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


def largest_k(matrix: pd.DataFrame, k_max: int) -> int:
    """Return the largest k that the rows of a matrix can make, at most ``k_max``.

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
    """Cluster the matrix into 1, 2, ..., k_max clusters and judge each outcome.

    Parameters
    ----------
    matrix : pandas.DataFrame of float, shape (n_rows, n_columns)
    k_max : int, default=10
        Largest k; fewer if the matrix has fewer different rows.
    n_init : int, default=50
        Starts for every k, of which the best counts. Of more than `WARM_ROWS` rows a sample gets `WARM_STARTS`, and
        all rows go on from the best of them, in float32.
    seed : int, default=0
    sample_rows : int, default=10_000
        Largest number of rows the silhouette looks at.
    n_jobs : int, default=1
        Threads, over k. The outcome does not depend on it.

    Returns
    -------
    Sweep
        Metrics: ``inertia`` (k = 1, 2, ...; the smaller the tighter), and from k = 2 on ``silhouette`` (Rousseeuw 1987;
        -1 to 1, greater is better), ``calinski_harabasz`` (1974; greater is better) and ``davies_bouldin`` (1979;
        smaller is better); of more than ``sample_rows`` rows also ``squared_silhouette``, of all rows
        (`seglib.k_selection.criteria.indices.squared_silhouette`).

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
    with threadpool_limits(limits=1):
        rows = Rows(part)
        starts = [f.centres + rows.shift for f in best_starts(rows, most, rng, n_init=WARM_STARTS if many else n_init)]
        jobs = (delayed(_polished)(X, start) for start in sorted(starts, key=len, reverse=True))
        fits = {len(f.cluster_centers_): f for f in Parallel(n_jobs=n_jobs, prefer="threads")(jobs)}
        records = []
        for k in range(1, most + 1):
            records.append((k, "inertia", float(fits[k].inertia_)))
            if k > 1:
                labels = fits[k].labels_
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


def row_silhouettes(
    matrix: pd.DataFrame, labels: np.ndarray, *, sample_rows: int = 2_500, seed: int = 0
) -> pd.DataFrame:
    """Return the silhouette width of every row, or of a sample of them, with clusters numbered by size.

    Parameters
    ----------
    matrix : pandas.DataFrame of float, shape (n_rows, n_columns)
    labels : ndarray of int, shape (n_rows,)
    sample_rows : int
        Of more rows, a sample of so many, stratified by cluster.
    seed : int

    Returns
    -------
    pandas.DataFrame
        Indexed like the matrix: cluster (0 is the largest), width (-1 to 1).
    """
    X = matrix.to_numpy(dtype=np.float64)
    keep = stratified(labels, sample_rows, seed)
    rank = np.empty(labels.max() + 1, dtype=np.int64)
    rank[np.argsort(-np.bincount(labels), kind="stable")] = np.arange(len(rank))
    with threadpool_limits(limits=1):
        return pd.DataFrame(
            {"cluster": rank[labels[keep]], "width": silhouette_samples(X[keep], labels[keep])}, matrix.index[keep]
        )


def _polished(X: np.ndarray, centres: np.ndarray) -> KMeans:
    """Let scikit-learn go on from centres until nothing moves, in one thread: a sum must not depend on threads."""
    with threadpool_limits(limits=1):
        return KMeans(len(centres), init=centres.astype(X.dtype), n_init=1).fit(X)
