"""05 Who belongs where, and how surely?

KMeans on the matrix, with letters that stay the same from run to run and a certainty for every customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from seglib.errors import ParameterRefused
from seglib.words import letter, near

NEAR_BORDER = 0.2
"""Below this confidence an object lies near the border to another segment."""

OUTLIER_FACTOR = 1.5
"""An object is an outlier beyond this multiple of the 99th percentile of the distances in its segment."""


def best_kmeans(X: np.ndarray, k: int, *, n_init: int = 50, seed: int = 0) -> KMeans:
    """Fit KMeans and return the best of ``n_init`` starts.

    One start in two can end in a local optimum (it does on the workbook of the original analysis), so the
    number of starts is not a detail. The fit runs in one thread: sums of floats depend on how they are split,
    and a result must not depend on the machine.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
    k : int
        Number of clusters, 1 to the number of different rows.
    n_init : int, default=50
        Number of k-means++ starts (Arthur & Vassilvitskii 2007).
    seed : int, default=0
        Seed of the starts.

    Returns
    -------
    sklearn.cluster.KMeans
    """
    with threadpool_limits(limits=1):
        return KMeans(k, n_init=n_init, random_state=seed).fit(X)


def sampled_silhouette(X: np.ndarray, labels: np.ndarray, *, sample_rows: int, seed: int) -> float:
    """Return the mean silhouette width (Rousseeuw 1987), on a sample stratified by cluster if there are more rows.

    Parameters
    ----------
    X : ndarray, shape (n_rows, n_columns)
    labels : ndarray of int, shape (n_rows,)
    sample_rows : int
        Largest number of rows looked at: the computation grows with its square.
    seed : int

    Returns
    -------
    float
        Between -1 and 1.
    """
    keep = stratified(labels, sample_rows, seed)
    with threadpool_limits(limits=1):
        return float(silhouette_score(X[keep], labels[keep]))


def stratified(labels: np.ndarray, sample_rows: int, seed: int) -> np.ndarray:
    """Return the places of all rows, or of a sample of ``sample_rows`` in which every cluster has its share."""
    if len(labels) <= sample_rows:
        return np.arange(len(labels))
    rows = pd.Series(labels).sample(frac=1.0, random_state=seed)
    order = rows.groupby(rows).cumcount() / rows.groupby(rows).transform("size")
    return np.sort(order.nsmallest(sample_rows, keep="first").index.to_numpy())


@dataclass(frozen=True)
class Segmentation:
    """Segments of the rows of a matrix.

    Attributes
    ----------
    table : pandas.DataFrame
        Indexed like the matrix: segment, confidence (1 - d1/d2: 0 on the border between two segments, 1 on
        the centre), second_segment, outlier.
    centres : pandas.DataFrame
        One row a segment, in the columns of the matrix.
    inertia : float
        Sum of squared distances to the own centre.
    silhouette : float
    """

    table: pd.DataFrame
    centres: pd.DataFrame
    inertia: float
    silhouette: float

    @property
    def k(self) -> int:
        """Number of segments."""
        return len(self.centres)

    @property
    def sizes(self) -> pd.Series:
        """Rows in each segment."""
        return self.table["segment"].value_counts().reindex(self.centres.index, fill_value=0)

    def summary(self) -> dict:
        """Return k, inertia, silhouette and sizes for the run's record."""
        return {
            "k": self.k,
            "rows": len(self.table),
            "inertia": self.inertia,
            "silhouette": self.silhouette,
            "sizes": {segment: int(n) for segment, n in self.sizes.items()},
        }


def segment(
    matrix: pd.DataFrame,
    *,
    k: int,
    order_by: pd.Series,
    n_init: int = 50,
    seed: int = 0,
    sample_rows: int = 10_000,
) -> Segmentation:
    """Cluster the rows of a matrix with KMeans and letter the clusters.

    Parameters
    ----------
    matrix : pandas.DataFrame of float, shape (n_rows, n_columns)
    k : int
        Number of segments.
    order_by : pandas.Series, shape (n_rows,)
        The segment with the greatest mean of it is A, the next B, and so on: the letters do not depend on
        the numbers KMeans gives out. Missing values do not count, and a segment without any comes last. Equal
        means: the larger segment first, then by the centre.
    n_init, seed
        See `best_kmeans`.
    sample_rows : int, default=10_000
        See `sampled_silhouette`.

    Returns
    -------
    Segmentation

    Raises
    ------
    ParameterRefused
        If k is less than 2 or more than the number of different rows.
    """
    X = matrix.to_numpy(dtype=np.float64)
    check_k(X, k)
    model = best_kmeans(X, k, n_init=n_init, seed=seed)
    ranked = _ranked(model, np.asarray(order_by, dtype=float))
    names = [letter(i) for i in range(k)]
    letters = np.empty(k, dtype=object)
    letters[ranked] = names
    distance = model.transform(X)
    rows = np.arange(len(X))
    order = np.argsort(distance, axis=1, kind="stable")
    first, second = order[:, 0], order[:, 1]
    nearest, next_nearest = distance[rows, first], distance[rows, second]
    far = pd.Series(nearest).groupby(first).transform(lambda d: np.quantile(d, 0.99)).to_numpy()
    between = np.divide(nearest, next_nearest, out=np.ones_like(nearest), where=next_nearest > 0)
    table = pd.DataFrame(
        {
            "segment": letters[first],
            "confidence": np.round(1 - between, 6),
            "second_segment": letters[second],
            "outlier": nearest > OUTLIER_FACTOR * far + 1e-9,
        },
        index=matrix.index,
    )
    return Segmentation(
        table,
        pd.DataFrame(model.cluster_centers_[ranked], pd.Index(names, name="segment"), matrix.columns),
        round(float(model.inertia_), 6),
        round(sampled_silhouette(X, first, sample_rows=sample_rows, seed=seed), 6),
    )


def lettered_by(features: pd.DataFrame, order_by: str, variables: Mapping[str, Mapping] | None = None) -> str | None:
    """Return the feature that gives out the letters: ``order_by``, or what comes next where no burns are recorded.

    Parameters
    ----------
    features : pandas.DataFrame
        One row a customer.
    order_by : str
        If it is n_burned and nothing is known of burning, the number of coupons takes its place; where there are no
        coupons, the first of the ``variables`` that is a number, or yes or no.
    variables : mapping of str to mapping, optional
        What the mapping file segments by (``variables`` of ``shop.json``).

    Returns
    -------
    str or None
        None if there is nothing but names: then size decides.
    """
    if order_by != "n_burned" or features["n_burned"].notna().any():
        return order_by
    numbers = [name for name, said in (variables or {}).items() if said["kind"] != "nominal"]
    return next((name for name in ("n_coupons", *numbers) if features[name].notna().any()), None)


def order_values(features: pd.DataFrame, order_by: str | None, rows: pd.Index) -> pd.Series:
    """Return, for every row of a matrix, the feature of its customer by which segments are lettered.

    Parameters
    ----------
    features : pandas.DataFrame
        Indexed by customer_id.
    order_by : str or None
        A numeric column of it; None: no row comes before another.
    rows : pandas.Index
        Index of the matrix, with a level customer_id.

    Raises
    ------
    ParameterRefused
        If there is no such column.
    """
    if order_by is None:
        return pd.Series(0.0, rows)
    numeric = [c for c in features if pd.api.types.is_numeric_dtype(features[c]) and features[c].notna().any()]
    if order_by not in numeric:
        raise ParameterRefused(
            f"order_by is a numeric feature{near(order_by, numeric)}: {', '.join(numeric)}; not '{order_by}'"
        )
    return features[order_by].reindex(rows.get_level_values("customer_id")).set_axis(rows)


def check_k(X: np.ndarray, k: int) -> None:
    """Refuse a number of segments that the rows cannot make."""
    different = len(np.unique(X, axis=0))
    if not 2 <= k <= min(different, len(X) - 1):
        raise ParameterRefused(
            f"k = {k} is not possible: it lies between 2 and {min(different, len(X) - 1)} "
            f"for {len(X):,} rows, {different:,} of them different"
        )


def _ranked(model: KMeans, order_by: np.ndarray) -> list[int]:
    """Return the KMeans labels in the order of their letters."""
    k = model.n_clusters
    size = np.bincount(model.labels_, minlength=k)
    known = ~np.isnan(order_by)
    total = np.bincount(model.labels_[known], weights=order_by[known], minlength=k)
    n_known = np.bincount(model.labels_[known], minlength=k)
    mean = np.divide(total, n_known, out=np.full(k, -np.inf), where=n_known > 0)
    centre = [tuple(np.round(c, 6)) for c in model.cluster_centers_]
    return sorted(range(k), key=lambda j: (-round(mean[j], 9), -size[j], centre[j]))


def customer_segments(assignments: pd.DataFrame) -> pd.DataFrame:
    """Give every customer one segment.

    Where a row is a customer this changes nothing. Where a row is a transaction (recipe ``baseline``), the
    rows of one customer may lie in several segments: the customer goes where most of them are (on a tie, to
    the earlier letter), ``confidence`` is the share of them that lie there, and ``second_segment`` the runner-up,
    missing if there is none.

    Parameters
    ----------
    assignments : pandas.DataFrame
        `Segmentation.table`, indexed by customer_id, or by customer_id and transaction_id.

    Returns
    -------
    pandas.DataFrame
        Indexed by customer_id: segment, confidence, second_segment, outlier.
    """
    if assignments.index.nlevels == 1:
        return assignments
    rows = assignments.reset_index()
    counts = rows.groupby(["customer_id", "segment"]).size().rename("rows").reset_index()
    counts = counts.sort_values(["customer_id", "rows", "segment"], ascending=[True, False, True])
    counts["share"] = counts["rows"] / counts.groupby("customer_id")["rows"].transform("sum")
    counts["rank"] = counts.groupby("customer_id").cumcount()
    first = counts[counts["rank"] == 0].set_index("customer_id")
    second = counts[counts["rank"] == 1].set_index("customer_id")["segment"]
    table = pd.DataFrame(
        {
            "segment": first["segment"],
            "confidence": first["share"].round(6),
            "second_segment": second.reindex(first.index),
            "outlier": rows.groupby("customer_id")["outlier"].any(),
        }
    )
    return table.iloc[np.lexsort([table.index, table.index.str.len()])]
