"""04 How many segments? The same clustering for every k, judged by four criteria.

A criterion always names a k, also where there is nothing to find. What it says is worth something beside
what it says of a shop without segments; until then read these curves with that in mind.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from kneed import KneeLocator
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

from seglib.clustering import best_kmeans, sampled_silhouette
from seglib.errors import InputRefused, ParameterRefused

Rule = Literal["silhouette", "elbow"]


def sweep(
    matrix: pd.DataFrame, *, k_max: int = 10, n_init: int = 50, seed: int = 0, sample_rows: int = 10_000
) -> pd.DataFrame:
    """Cluster the matrix into 1, 2, ..., k_max clusters and judge each outcome.

    Parameters
    ----------
    matrix : pandas.DataFrame of float, shape (n_rows, n_columns)
    k_max : int, default=10
        Largest k; fewer if the matrix has fewer different rows.
    n_init, seed
        See `seglib.clustering.best_kmeans`.
    sample_rows : int, default=10_000
        Largest number of rows the silhouette looks at.

    Returns
    -------
    pandas.DataFrame
        One row a k and a metric: k, metric, value. Metrics: ``inertia`` (k = 1, 2, ...; the smaller the
        tighter), and from k = 2 on ``silhouette`` (Rousseeuw 1987; -1 to 1, greater is better),
        ``calinski_harabasz`` (1974; greater is better) and ``davies_bouldin`` (1979; smaller is better).

    Raises
    ------
    InputRefused
        If there are fewer than three rows, or fewer than two different ones.
    """
    if k_max < 2:
        raise ParameterRefused(f"k_max is at least 2, not {k_max}")
    X = matrix.to_numpy(dtype=np.float64)
    different = len(np.unique(X, axis=0))
    most = min(k_max, len(X) - 1, different)
    if most < 2:
        raise InputRefused(
            f"segments need at least three rows, two of them different; the matrix has {len(X)}, {different} different"
        )
    records = []
    for k in range(1, most + 1):
        model = best_kmeans(X, k, n_init=n_init, seed=seed)
        records.append((k, "inertia", float(model.inertia_)))
        if k > 1:
            labels = model.labels_
            records += [
                (k, "silhouette", sampled_silhouette(X, labels, sample_rows=sample_rows, seed=seed)),
                (k, "calinski_harabasz", float(calinski_harabasz_score(X, labels))),
                (k, "davies_bouldin", float(davies_bouldin_score(X, labels))),
            ]
    scores = pd.DataFrame(records, columns=["k", "metric", "value"])
    return scores.assign(value=scores["value"].round(6))


def curve(scores: pd.DataFrame, metric: str) -> pd.Series:
    """Return one metric of a sweep as a Series over k."""
    return scores[scores["metric"] == metric].set_index("k")["value"]


def elbow(scores: pd.DataFrame, *, k_min: int = 1) -> int | None:
    """Return the k at which the inertia curve bends most, or None if it does not bend.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `sweep`.
    k_min : int, default=1
        Where the curve starts. The answer depends on it, as it does on k_max: an elbow is a drawing, not a
        test (Schubert 2023, arXiv 2212.12189).

    Notes
    -----
    Kneedle (Satopaa et al. 2011, ICDCSW), as implemented by kneed.
    """
    inertia = curve(scores, "inertia").loc[k_min:]
    if len(inertia) < 3:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kneed warns where there is no knee; None says the same
        knee = KneeLocator(inertia.index.to_list(), inertia.to_list(), curve="convex", direction="decreasing").knee
    return None if knee is None else int(knee)


@dataclass(frozen=True)
class Choice:
    """The number of segments and why.

    Attributes
    ----------
    k : int
    reason : str
        One sentence.
    table : pandas.DataFrame
        What each criterion would choose: criterion, k, reading.
    """

    k: int
    reason: str
    table: pd.DataFrame

    @property
    def text(self) -> str:
        """The choice and its reason as one sentence."""
        return f"k = {self.k}: {self.reason}"

    def summary(self, scores: pd.DataFrame) -> dict:
        """Return the choice and its scores for the run's record."""
        at_k = scores[scores["k"] == self.k].set_index("metric")["value"]
        votes = self.table.set_index("criterion")["k"]
        return {
            "k": self.k,
            "reason": self.reason,
            "scores": at_k.to_dict(),
            "criteria": {name: None if pd.isna(k) else int(k) for name, k in votes.items()},
        }


def choose_k(scores: pd.DataFrame, *, rule: Rule, k: int | None = None) -> Choice:
    """Choose the number of segments.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `sweep`.
    rule : {"silhouette", "elbow"}
        ``silhouette``: the k with the greatest silhouette. ``elbow``: the elbow of the inertia from k = 1 on,
        or the silhouette's k where the curve has no elbow.
    k : int, optional
        The analyst's own choice; it is taken as it is.

    Returns
    -------
    Choice
    """
    best = int(curve(scores, "silhouette").idxmax())
    bend, bend_from_2 = elbow(scores), elbow(scores, k_min=2)
    most = int(scores["k"].max())
    table = pd.DataFrame(
        [
            ("silhouette", best, "the greatest mean silhouette"),
            ("calinski_harabasz", int(curve(scores, "calinski_harabasz").idxmax()), "the greatest value"),
            ("davies_bouldin", int(curve(scores, "davies_bouldin").idxmin()), "the smallest value"),
            ("elbow", bend, f"the bend of the inertia over k = 1 to {most}"),
            ("elbow_from_2", bend_from_2, f"the bend of the inertia over k = 2 to {most}"),
        ],
        columns=["criterion", "k", "reading"],
    ).astype({"k": "Int64"})
    if k is not None:
        if not 2 <= k <= most:
            raise ParameterRefused(f"k = {k} is outside the sweep, 2 to {most}")
        return Choice(k, "given by the analyst.", table)
    width = curve(scores, "silhouette")[best]
    if rule == "elbow" and bend is not None and bend >= 2:
        reason = (
            f"the inertia bends there over k = 1 to {most} (elbow; over k = 2 to {most} it bends at "
            f"{bend_from_2 or 'no k'})."
        )
        return Choice(bend, reason, table)
    reason = f"the mean silhouette is greatest there ({width:.3f}) among k = 2 to {most}."
    return Choice(best, reason, table)
