"""Four internal criteria of a clustering, for every k of a sweep at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import silhouette_score

from seglib.k_selection.criteria.batch_kmeans import Fit, Rows
from seglib.k_selection.criteria.threads import one_thread

CRITERIA = ("inertia", "silhouette", "calinski_harabasz", "davies_bouldin")


def one_hot(labels: np.ndarray, k: int) -> np.ndarray:
    """Return 1 where a row belongs to a cluster and 0 elsewhere, float32, shape (k, n_rows)."""
    return (labels == np.arange(k)[:, None]).astype(np.float32)


def distances(rows: Rows) -> np.ndarray:
    """Return the Euclidean distances between all rows, float32, shape (n_rows, n_rows)."""
    # |x - y|^2 = |x|^2 - 2 x.y + |y|^2, in place: the array is by far the largest of a benchmark. Rounding can leave
    # small negative numbers, and something other than zero between a row and itself.
    squared = (-2 * rows.X) @ rows.transposed
    squared += rows.squares[:, None]
    squared += rows.squares
    np.maximum(squared, 0, out=squared)
    np.fill_diagonal(squared, 0)
    return np.sqrt(squared, out=squared)


def silhouette_widths(between: np.ndarray, clusterings: Sequence[tuple[np.ndarray, int]]) -> list[np.ndarray]:
    """Return the silhouette width of every row, for several clusterings of the same rows.

    Parameters
    ----------
    between : ndarray, shape (n_rows, n_rows)
        Distances, from `distances`.
    clusterings : sequence of (labels, k)
        Labels 0, ..., k - 1 of every row. Clusters may be empty.

    Returns
    -------
    list of ndarray of float64, shape (n_rows,)
        Between -1 and 1; 0 in a cluster of one row.

    Notes
    -----
    Rousseeuw (1987), J. Comput. Appl. Math. 20, eq. 6. One matrix product gives the sums of distances to the clusters
    of all clusterings.
    """
    # The distances are the same for every k. So the members of all clusters of all clusterings are stacked, some fifty
    # rows for k = 2 to 10, and the large matrix of distances is passed through once.
    members = np.concatenate([one_hot(labels, k) for labels, k in clusterings])
    sums = (members @ between).astype(np.float64)
    place = np.arange(between.shape[0])
    widths, start = [], 0
    for labels, k in clusterings:
        total, start = sums[start : start + k], start + k
        size = np.bincount(labels, minlength=k).astype(float)
        own_size = size[labels]
        # a: mean distance to the other rows of the same cluster; the row itself adds 0 to the sum, so n - 1 divides it.
        a = total[labels, place] / np.maximum(own_size - 1, 1)
        # b: smallest mean distance to another cluster. Empty clusters are missing, the row's own one is never smallest.
        mean = total / np.where(size > 0, size, np.nan)[:, None]
        mean[labels, place] = np.inf
        b = np.fmin.reduce(mean, axis=0)
        wide = np.maximum(a, b)
        width = np.divide(b - a, wide, out=np.zeros_like(a), where=np.isfinite(wide) & (wide > 0))
        widths.append(np.where(own_size > 1, width, 0.0))
    return widths


def squared_silhouette(X: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean silhouette width with squared Euclidean distances, of any number of rows.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
    labels : ndarray of int, shape (n_rows,)
        Values 0, ..., k - 1.

    Returns
    -------
    float
        Not comparable with the silhouette of `silhouette_widths`, because squares stretch large distances.

    Notes
    -----
    The sum of squared distances of a row to a cluster follows from the cluster's size, sum and sum of squares, so the
    time grows with the number of rows, not with its square.
    """
    # sum over y in C of |x - y|^2 = n_C |x|^2 - 2 x.(sum of y) + (sum of |y|^2): three numbers per cluster instead of
    # all pairs. Without the shift to mean zero, the difference of large numbers would lose its digits.
    X = np.asarray(X, dtype=np.float64) - np.mean(X, axis=0, dtype=np.float64)
    k = int(labels.max()) + 1
    size = np.bincount(labels, minlength=k).astype(float)
    squares = np.einsum("ij,ij->i", X, X)
    sums = np.stack([np.bincount(labels, weights=column, minlength=k) for column in X.T], axis=1)
    of_squares = np.bincount(labels, weights=squares, minlength=k)
    total = np.maximum(size[None] * squares[:, None] - 2 * X @ sums.T + of_squares[None], 0)
    place = np.arange(len(X))
    a = total[place, labels] / np.maximum(size[labels] - 1, 1)
    mean = total / np.where(size > 0, size, np.nan)
    mean[place, labels] = np.inf
    b = np.nanmin(mean, axis=1)
    wide = np.maximum(a, b)
    width = np.divide(b - a, wide, out=np.zeros_like(a), where=np.isfinite(wide) & (wide > 0))
    return float(np.where(size[labels] > 1, width, 0.0).mean())


def calinski_harabasz(inertia: float, total: float, n: int, k: int) -> float:
    """Return the spread between clusters over the spread inside them (Calinski & Harabasz 1974, eq. 3)."""
    return (total - inertia) / max(inertia, 1e-12) * (n - k) / (k - 1)


def davies_bouldin(rows: Rows, fit: Fit) -> float:
    """Return the mean similarity of every cluster to its most similar neighbour (Davies & Bouldin 1979)."""
    closeness = rows.closeness(fit.centres)[fit.labels, np.arange(len(rows.X))]
    distance = np.sqrt(np.maximum(rows.squares - 2 * closeness, 0))
    k = len(fit.centres)
    inside = np.bincount(fit.labels, weights=distance, minlength=k) / np.maximum(
        np.bincount(fit.labels, minlength=k), 1
    )
    apart = np.linalg.norm(fit.centres[:, None] - fit.centres[None], axis=2).astype(np.float64)
    np.fill_diagonal(apart, np.inf)
    return float(((inside[:, None] + inside[None]) / np.maximum(apart, 1e-12)).max(axis=1).mean())


def cluster_indices(rows: Rows, fits: Sequence[Fit]) -> dict[str, np.ndarray]:
    """Return four criteria of the fits for k = 1, 2, ...

    Parameters
    ----------
    rows : Rows
    fits : sequence of Fit
        For k = 1, 2, ..., k_max.

    Returns
    -------
    dict of str to ndarray, shape (k_max,)
        `CRITERIA`; NaN at k = 1 for all but inertia.
    """
    indices = {name: np.full(len(fits), np.nan) for name in CRITERIA}
    indices["inertia"][:] = [f.inertia for f in fits]
    widths = silhouette_widths(distances(rows), [(f.labels, len(f.centres)) for f in fits[1:]])
    indices["silhouette"][1:] = [w.mean() for w in widths]
    for place, f in enumerate(fits[1:], start=1):
        indices["calinski_harabasz"][place] = calinski_harabasz(f.inertia, fits[0].inertia, len(rows.X), place + 1)
        indices["davies_bouldin"][place] = davies_bouldin(rows, f)
    return indices


def sampled_silhouette(X: np.ndarray, labels: np.ndarray, *, sample_rows: int, seed: int) -> float:
    """Return the mean silhouette width (Rousseeuw 1987), on a sample stratified by cluster if there are more rows.

    Parameters
    ----------
    X : ndarray, shape (n_rows, n_columns)
    labels : ndarray of int, shape (n_rows,)
    sample_rows : int
        Largest number of rows used: the time grows with its square.
    seed : int

    Returns
    -------
    float
        Between -1 and 1.
    """
    sample = stratified(labels, sample_rows, seed)
    with one_thread():
        return float(silhouette_score(X[sample], labels[sample]))


def stratified(labels: np.ndarray, sample_rows: int, seed: int) -> np.ndarray:
    """Return the positions of all rows, or of a sample of ``sample_rows`` that is stratified by cluster."""
    if len(labels) <= sample_rows:
        return np.arange(len(labels))
    # Shuffle, then number the rows of every cluster from 0 to (nearly) 1: the smallest numbers are a sample in which
    # every cluster has its share, and at least one row.
    rows = pd.Series(labels).sample(frac=1.0, random_state=seed)
    order = rows.groupby(rows).cumcount() / rows.groupby(rows).transform("size")
    return np.sort(order.nsmallest(sample_rows, keep="first").index.to_numpy())
