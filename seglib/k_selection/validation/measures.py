"""Every measure of the clusterings of one matrix, for all k at once: the same code for the data and for null models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seglib.k_selection.criteria.batch_kmeans import Rows, all_starts
from seglib.k_selection.criteria.indices import cluster_indices
from seglib.k_selection.criteria.stability import bootstrap, contingency, mean_jaccard, prediction_strength, restarts
from seglib.k_selection.criteria.valleys import least_clear

Metric = Callable[[np.ndarray, np.ndarray], float]
"""A metric of the analyst's own: a function of the matrix and the labels of its rows."""


@dataclass(frozen=True)
class Effort:
    """How much is spent on one matrix. More starts or splits favour either side, so data and null models get the same.

    Attributes
    ----------
    n_starts : int
        Starts of KMeans, outside and inside of bootstrap samples and halves.
    n_splits : int
        Splits for prediction strength; 0 leaves it out.
    n_samples : int
        Bootstrap samples; 0 leaves them out.
    """

    n_starts: int
    n_splits: int
    n_samples: int


@dataclass(frozen=True)
class Measured:
    """The measures of one matrix.

    Attributes
    ----------
    metrics : dict of str to ndarray, shape (k_max,)
        By name, for k = 1, 2, ...; NaN where a measure was left out.
    labels : list of ndarray of int, shape (n_rows,)
        For k = 1, 2, ...
    segments : list of ndarray, shape (k,)
        Mean Jaccard index of every segment, for k = 1, 2, ...; empty without bootstrap samples.
    """

    metrics: dict[str, np.ndarray]
    labels: list[np.ndarray]
    segments: list[np.ndarray]


def measure(
    X: np.ndarray,
    k_max: int,
    effort: Effort,
    rng: np.random.Generator,
    *,
    stability_k: int | None = None,
    own_metrics: Mapping[str, Metric] | None = None,
) -> Measured:
    """Cluster a matrix into 1, 2, ..., k_max clusters and measure every clustering.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
    k_max : int
    effort : Effort
    rng : numpy.random.Generator
    stability_k : int, optional
        The largest k whose stability is measured; default: k_max.
    own_metrics : mapping of str to callable, optional
        Computed for k = 2, 3, ...; see `seglib.k_selection.benchmark`.
    """
    rows = Rows(X)
    fits_of_k = all_starts(rows, k_max, rng, n_init=effort.n_starts)
    fits = [min(of_k, key=lambda f: f.inertia) for of_k in fits_of_k]
    metrics = cluster_indices(rows, fits)
    metrics["restart_agreement"] = restarts(list(zip(*fits_of_k, strict=True)), fits)
    metrics["valley"] = least_clear(rows.X, fits)
    last = min(stability_k or k_max, k_max)
    segments: list[np.ndarray] = []
    for name in ("prediction_strength", "segment_jaccard", "bootstrap_ari"):
        metrics[name] = np.full(k_max, np.nan)
    if effort.n_splits:
        strength = prediction_strength(rows, last, rng, n_splits=effort.n_splits, n_init=effort.n_starts)
        metrics["prediction_strength"][:last] = strength.mean(axis=0)
    if effort.n_samples:
        per_sample, agreement = bootstrap(rows, fits[:last], rng, n_samples=effort.n_samples, n_init=effort.n_starts)
        segments = [mean_jaccard(jaccards) for jaccards in per_sample]
        metrics["segment_jaccard"][:last] = [jaccards.min() for jaccards in segments]
        metrics["bootstrap_ari"][:last] = agreement.mean(axis=0)
    for name, function in (own_metrics or {}).items():
        values = [float(function(X.copy(), f.labels.copy())) for f in fits[1:]]
        metrics[name] = np.array([np.nan, *values])
    return Measured(metrics, [f.labels for f in fits], segments)


def pooled(repeats: Sequence[Measured]) -> Measured:
    """Return the measures of one matrix from several repeats with other seeds.

    Criteria of a clustering are the median of the repeats, stability (a mean over samples or splits) their mean. The
    labels are those of the repeat with the least inertia; segments of the others are matched to them by overlap.
    """
    metrics = {}
    for name in repeats[0].metrics:
        values = np.array([m.metrics[name] for m in repeats])
        averaged = name in ("prediction_strength", "segment_jaccard", "bootstrap_ari")
        metrics[name] = values.mean(axis=0) if averaged else np.median(values, axis=0)
    inertia = np.array([m.metrics["inertia"] for m in repeats])
    labels, segments = [], []
    for place, best in enumerate(inertia.argmin(axis=0)):
        k, reference = place + 1, repeats[best].labels[place]
        labels.append(reference)
        matched = []
        for repeat in repeats:
            if repeat.segments:
                # A repeat may divide the rows otherwise. Then the segment that is most like the reference comes back,
                # and the reference itself only as far as the two have the same members.
                overlap = contingency(reference, repeat.labels[place], k, k)
                union = overlap.sum(axis=1)[:, None] + overlap.sum(axis=0) - overlap
                alike = overlap / np.maximum(union, 1)
                matched.append(repeat.segments[place][alike.argmax(axis=1)] * alike.max(axis=1))
        segments.append(np.mean(matched, axis=0) if matched else np.full(k, np.nan))
    if repeats[0].segments:
        metrics["segment_jaccard"] = np.array([jaccards.min() for jaccards in segments])
    return Measured(metrics, labels, segments)


def stacked(draws: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return the metrics of several shops as one array each, shape (n_shops, k_max)."""
    return {name: np.array([metrics[name] for metrics in draws]) for name in draws[0]}
