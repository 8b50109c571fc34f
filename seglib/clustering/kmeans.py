"""KMeans with clusters in a stated order, and a margin for every row."""

from __future__ import annotations

from typing import Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from seglib.clustering.labels import ranking
from seglib.k_selection import WARM_ROWS

OUTLIER_FACTOR = 1.5
"""A row is an outlier beyond this multiple of the 99th percentile of the distances in its segment."""

SLACK = 1e-9
"""Added to that limit: rows that all lie on their centre are no outliers."""


class SegmentKMeans(TransformerMixin, ClusterMixin, BaseEstimator):
    """KMeans with clusters in a stated order, a margin for every row, and a limit beyond which a row is an outlier.

    Parameters
    ----------
    n_clusters : int, default=3
    n_init : int, default=50
        Starts, of which the best counts (`best_kmeans`).
    random_state : int, RandomState or None, default=0
        Seed of the starts.

    Attributes
    ----------
    cluster_centers_ : ndarray of float64, shape (n_clusters, n_columns)
        Cluster 0 comes first.
    labels_ : ndarray of int, shape (n_rows,)
    inertia_ : float
        Sum of squared distances of the rows to their centres.
    outlier_radius_ : ndarray of float64, shape (n_clusters,)
        Distance from which on a row of a cluster is an outlier: `OUTLIER_FACTOR` times the 99th percentile.
    n_features_in_ : int

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0], [12.0]])
    >>> SegmentKMeans(2).fit(X).labels_.tolist()  # the larger cluster is 0
    [1, 1, 0, 0, 0]
    >>> SegmentKMeans(2).fit(X, order_by=-X[:, 0]).labels_.tolist()  # the one with the greatest mean of order_by is 0
    [0, 0, 1, 1, 1]
    """

    def __init__(self, n_clusters: int = 3, *, n_init: int = 50, random_state: int | None = 0) -> None:
        self.n_clusters = n_clusters
        self.n_init = n_init
        self.random_state = random_state

    def fit(self, X, y=None, *, order_by=None) -> Self:
        """Cluster rows.

        Parameters
        ----------
        X : array-like of float, shape (n_rows, n_columns)
        y : None
            Not used; scikit-learn's convention.
        order_by : array-like of float, shape (n_rows,), optional
            Clusters are numbered by its mean, greatest first (`seglib.clustering.ranking`); default: by size.

        Returns
        -------
        SegmentKMeans
        """
        X = validate_data(self, X, dtype=np.float64)
        fit = best_kmeans(X, self.n_clusters, n_init=self.n_init, seed=self.random_state)
        order = ranking(fit.labels_, fit.cluster_centers_, order_by)
        self.cluster_centers_ = fit.cluster_centers_[order]
        self.inertia_ = float(fit.inertia_)
        distance = distances(X, self.cluster_centers_)
        # not the labels of the fit: those were found with a matrix product, and must be what `predict` will say
        self.labels_ = distance.argmin(axis=1).astype(np.int32)
        far = pd.Series(distance.min(axis=1)).groupby(self.labels_).quantile(0.99)
        self.outlier_radius_ = OUTLIER_FACTOR * far.reindex(range(len(order)), fill_value=0.0).to_numpy() + SLACK
        return self

    def transform(self, X) -> np.ndarray:
        """Return the Euclidean distance of every row to every centre, shape (n_rows, n_clusters)."""
        check_is_fitted(self)
        return distances(validate_data(self, X, dtype=np.float64, reset=False), self.cluster_centers_)

    def predict(self, X) -> np.ndarray:
        """Return the number of the nearest centre of every row; of two equally near, the first."""
        return self.transform(X).argmin(axis=1).astype(np.int32)

    def describe(self, X) -> pd.DataFrame:
        """Return the cluster of each row, its margin, the next cluster, and whether the row is an outlier.

        Returns
        -------
        pandas.DataFrame
            Indexed like ``X``: cluster; margin (1 - d1 / d2 with the distances to the nearest and the next
            centre: 1 on a centre, 0 on a border); second (the next cluster); outlier. With one cluster, the margin is
            1 and the second the cluster itself.
        """
        distance = self.transform(X)
        rows, order = np.arange(len(distance)), np.argsort(distance, axis=1, kind="stable")
        first, second = order[:, 0], order[:, min(1, distance.shape[1] - 1)]
        nearest, next_nearest = distance[rows, first], distance[rows, second]
        ratio = np.divide(nearest, next_nearest, out=np.ones_like(nearest), where=next_nearest > 0)
        margin = 1 - ratio if distance.shape[1] > 1 else np.ones(len(rows))
        table = {
            "cluster": first,
            "margin": np.round(margin, 6),
            "second": second,
            "outlier": nearest > self.outlier_radius_[first],
        }
        return pd.DataFrame(table, index=X.index if isinstance(X, pd.DataFrame) else None)

    @property
    def _n_features_out(self) -> int:
        return len(self.cluster_centers_)


def best_kmeans(X: np.ndarray, k: int, *, n_init: int = 50, seed: int | None = 0) -> KMeans:
    """Fit KMeans and return the best of ``n_init`` starts.

    One start in two can end in a local optimum (it does on the workbook of the original analysis), so the number of
    starts matters. The fit runs in one thread: sums of floats depend on how they are split between threads, and a
    result must not depend on the machine.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
    k : int
        Number of clusters, 1 to the number of different rows.
    n_init : int, default=50
        Number of k-means++ starts (Arthur & Vassilvitskii 2007). Of more than `seglib.k_selection.WARM_ROWS` rows, a
        sample of that many is clustered from so many starts, and the best of them is the only start for all rows.
    seed : int or None, default=0
        Seed of the starts.

    Returns
    -------
    sklearn.cluster.KMeans
    """
    with threadpool_limits(limits=1):
        if len(X) <= WARM_ROWS:
            return KMeans(k, n_init=n_init, random_state=seed).fit(X)
        # Warm start. What the many starts are for is to find the right basin of attraction, and a sample of 20,000 rows
        # shows the basins as well as all rows do, at a fraction of the cost. Lloyd's algorithm on all rows then only
        # has to move the centres of the sample a little.
        rng = np.random.default_rng(seed if isinstance(seed, int) else None)
        drawn = np.sort(rng.choice(len(X), WARM_ROWS, replace=False))
        warm = KMeans(k, n_init=n_init, random_state=seed).fit(X[drawn])
        return KMeans(k, init=warm.cluster_centers_, n_init=1).fit(X)


def distances(X: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return all distances, without a matrix product, which loses digits and depends on the number of threads."""
    distance = np.empty((len(X), len(centres)))
    for number, centre in enumerate(centres):
        difference = X - centre
        distance[:, number] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return distance
