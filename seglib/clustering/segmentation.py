"""Segments of the rows of a matrix, and the one segment of every customer."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from seglib.clustering.bootstrap import Bootstrap, bootstrap_models
from seglib.clustering.kmeans import SegmentKMeans
from seglib.clustering.labels import match_labels
from seglib.errors import ParameterRefused
from seglib.k_selection import sampled_silhouette
from seglib.schema.records import ClusteringRecord, VerdictRecord
from seglib.style import letter, position


@dataclass(frozen=True)
class Segmentation:
    """Segments of the rows of a matrix.

    Attributes
    ----------
    table : pandas.DataFrame
        Indexed like the matrix: segment, margin (1 - d1/d2: 0 on the border between two segments, 1 on
        the centre), second_segment, outlier.
    centres : pandas.DataFrame
        One row per segment, in the columns of the matrix.
    outlier_radius : pandas.Series of float
        By segment, the distance from its centre beyond which a row is an outlier.
    inertia : float
        Sum of squared distances of the rows to their centres.
    silhouette : float
    """

    table: pd.DataFrame
    centres: pd.DataFrame
    outlier_radius: pd.Series = field(repr=False)
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

    @property
    def text(self) -> str:
        """What was clustered, and how well."""
        grain = "customer" if self.table.index.nlevels == 1 else "transaction"
        return (
            f"{self.k} segments of {len(self.table):,} rows (one a {grain}): inertia {self.inertia:,.1f}, mean "
            f"silhouette {self.silhouette:.3f}, both on the matrix alone, without any label column in it."
        )

    @property
    def numbers(self) -> pd.Series:
        """The segment of each row as a number: the place of its letter among those of ``centres``."""
        return self.table["segment"].map({letter: place for place, letter in enumerate(self.centres.index)})

    @property
    def record(self) -> ClusteringRecord:
        """The final fit as ``clustering.json`` has it."""
        sizes = {segment: int(n) for segment, n in self.sizes.items()}
        return ClusteringRecord(self.k, len(self.table), self.inertia, self.silhouette, sizes)

    @property
    def named(self) -> dict[str, str]:
        """What the segments are called by whoever gave them, by letter; empty: KMeans gives no names."""
        return {}

    @property
    def why_no_sensitivity(self) -> str:
        """Why the segments cannot be made in another way; empty, because they can."""
        return ""

    @property
    def why_no_probability(self) -> str:
        """Why no probability of belonging to a segment can be computed; empty if it can."""
        return ""

    def models(self, X: np.ndarray, *, n_models: int, sample_rows: int, seed: int) -> Bootstrap:
        """Return models of bootstrap samples of the rows (`bootstrap_models`)."""
        return bootstrap_models(X, self.centres.to_numpy(), n_models=n_models, sample_rows=sample_rows, seed=seed)

    def compared(self, placed: pd.Series) -> str:
        """Say how many customers another execution of the model places where this one does."""
        same = int((placed == customer_segments(self.table)["segment"].reindex(placed.index)).sum())
        return f"The SQL statement places {same:,} of {len(placed):,} customers where scikit-learn does."

    def completed(self, verdict: VerdictRecord | None) -> ClusteringRecord:
        """Return ``clustering.json``; the verdict on these segments is that of 04, so none is kept here."""
        return self.record


def segment(
    matrix: pd.DataFrame,
    *,
    k: int,
    order_by: pd.Series,
    align_to: pd.Series | None = None,
    n_init: int = 50,
    seed: int = 0,
    sample_rows: int = 10_000,
) -> Segmentation:
    """Cluster the rows of a matrix with KMeans and letter the clusters.

    Parameters
    ----------
    matrix : pandas.DataFrame of float, shape (n_rows, n_columns)
        Indexed by customer_id, or by customer_id and transaction_id.
    k : int
        Number of segments.
    order_by : pandas.Series, shape (n_rows,)
        The segment with the greatest mean of it is A, the next B, and so on: the letters do not depend on
        the numbers of the clusters (`seglib.clustering.labels.ranking`).
    align_to : pandas.Series of str, optional
        The segments of customers in an earlier run: letters are then kept (`match_labels`), whatever ``order_by`` says.
    n_init, seed
        See `best_kmeans`.
    sample_rows : int, default=10_000
        See `seglib.k_selection.sampled_silhouette`.

    Returns
    -------
    Segmentation

    Raises
    ------
    ParameterRefused
        If k is less than 2 or more than the number of different rows, or if no customer was in the earlier run.
    """
    X = matrix.to_numpy(dtype=np.float64)
    check_k(X, k)
    model = SegmentKMeans(k, n_init=n_init, random_state=seed).fit(X, order_by=order_by)
    letters = pd.Series([letter(number) for number in range(k)])
    described = model.describe(X).set_axis(matrix.index)
    table = pd.DataFrame(
        {
            "segment": described["cluster"].map(letters),
            "margin": described["margin"],
            "second_segment": described["second"].map(letters),
            "outlier": described["outlier"],
        }
    )
    if align_to is not None:
        earlier = match_labels(customer_segments(table)["segment"], align_to)
        letters = letters.map(earlier)
        table = table.assign(segment=table["segment"].map(earlier), second_segment=table["second_segment"].map(earlier))
    names = pd.Index(letters, name="segment")
    order = sorted(names, key=position)
    return Segmentation(
        table,
        pd.DataFrame(model.cluster_centers_, names, matrix.columns).loc[order],
        pd.Series(model.outlier_radius_, names).loc[order],
        round(model.inertia_, 6),
        round(sampled_silhouette(X, model.labels_, sample_rows=sample_rows, seed=seed), 6),
    )


def check_k(X: np.ndarray, k: int) -> None:
    """Refuse a number of segments that the rows cannot make."""
    different = len(pd.DataFrame(X).drop_duplicates())
    if not 2 <= k <= min(different, len(X) - 1):
        raise ParameterRefused(
            f"k = {k} is not possible: it lies between 2 and {min(different, len(X) - 1)} "
            f"for {len(X):,} rows, {different:,} of them different",
            parameter="k",
        )


def customer_segments(assignments: pd.DataFrame) -> pd.DataFrame:
    """Give every customer one segment.

    Where a row is a customer this changes nothing. Where a row is a transaction (recipe ``baseline``), the rows of one
    customer may lie in several segments: the customer gets the one with most rows (on a tie, the earlier letter).
    ``margin`` is then the share of the customer's rows in it, ``second_segment`` the segment with the second most rows,
    missing if there is none, and ``agreement``, where there is one, the mean over the rows. A ``probability`` is then
    missing (`seglib.clustering.membership_probability`).

    Parameters
    ----------
    assignments : pandas.DataFrame
        `Segmentation.table`, with or without ``agreement`` (`Bootstrap.agreement`) and ``probability``, indexed by
        customer_id, or by customer_id and transaction_id.

    Returns
    -------
    pandas.DataFrame
        Indexed by customer_id, with the same columns.
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
            "margin": first["share"].round(6),
            "second_segment": second.reindex(first.index),
            "outlier": rows.groupby("customer_id")["outlier"].any(),
        }
    )
    if "agreement" in rows:
        table["agreement"] = rows.groupby("customer_id")["agreement"].mean().round(6)
    if "probability" in rows:
        table["probability"] = np.nan
    return table.iloc[np.lexsort([table.index, table.index.str.len()])]
