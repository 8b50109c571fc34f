"""The benchmark: every criterion, for every k, beside its distribution over null models (shops without segments)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config
from threadpoolctl import threadpool_limits

from seglib.errors import ParameterRefused
from seglib.k_selection.criteria.batch_kmeans import Fit, Rows, one_start
from seglib.k_selection.criteria.gap import box_inertias, gap, gap_choice
from seglib.k_selection.criteria.indices import cluster_indices
from seglib.k_selection.criteria.stability import (
    bootstrap,
    flows,
    mean_jaccard,
    prediction_strength,
    restarts,
    segment_level_stability,
)
from seglib.k_selection.validation.null_models import Null

SMALLER_IS_BETTER = ("inertia", "davies_bouldin")
AGAINST_ALL = ("inertia", "silhouette", "calinski_harabasz", "davies_bouldin", "gap")
"""Metrics that are compared with every null model; stability only with the first, because it costs ten times more."""

STABILITY = ("prediction_strength", "segment_jaccard", "bootstrap_ari", "restart_agreement")
NULL_SPLITS = 2
"""Splits of every simulated shop for prediction strength: few of each, because there are many shops."""

TOLERANCE = 1e-6
"""Values closer than that count as equal, because fits are made in float32."""

CHUNK = 9
"""Simulated shops of one task."""


class NullComparison(NamedTuple):
    """One number of the data beside the same number of the shops of one null model.

    Attributes
    ----------
    value : float
        Of the data.
    null_median, null_low, null_high : float
        Median, 5% and 95% points of the null distribution.
    excess : float
        Value over the median, signed so that positive is better.
    p : float
        (1 + number of shops that do as well) / (number of shops + 1).
    """

    value: float
    null_median: float
    null_low: float
    null_high: float
    excess: float
    p: float


@dataclass(frozen=True)
class Benchmark:
    """The result of `benchmark`.

    Attributes
    ----------
    scores : pandas.DataFrame
        One row per k, metric and null model: k, metric, null, and the fields of `NullComparison`.
    tests : pandas.DataFrame
        The greatest silhouette over all k beside the same of every null model: null, what, value, null_median,
        null_low, null_high, p.
    segments : pandas.DataFrame
        Stability of every segment: k, cluster, rows, share, jaccard (Hennig), segment_level_stability (from k - 1 to k;
        missing at k = 2).
    flows : pandas.DataFrame
        Where rows go from k to k + 1 clusters: k, from, to, rows.
    gap_k : int
        What the gap statistic chooses, 1 included.
    n_null : int
        Simulated shops of each null model.
    n_rows : int
        Rows of the matrix.
    n_samples, n_splits : int
        Bootstrap samples of the data, and splits for prediction strength.
    """

    scores: pd.DataFrame
    tests: pd.DataFrame
    segments: pd.DataFrame
    flows: pd.DataFrame
    gap_k: int
    n_null: int
    n_rows: int
    n_samples: int
    n_splits: int

    @property
    def k_max(self) -> int:
        """The largest k."""
        return int(self.scores["k"].max())

    def of(self, metric: str, null: str | None = None) -> pd.DataFrame:
        """Return one metric, indexed by k, beside one null model (default: the first it was compared with)."""
        rows = self.scores[self.scores["metric"] == metric]
        return rows[rows["null"] == (null or rows["null"].iloc[0])].set_index("k")


def benchmark(
    X: np.ndarray,
    nulls: Sequence[Null],
    *,
    k_max: int = 10,
    n_null: int = 99,
    n_starts: int = 3,
    n_samples: int = 100,
    n_splits: int = 50,
    n_references: int = 99,
    null_samples: int = 4,
    seed: int = 0,
    n_jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Benchmark:
    """Evaluate the clusterings of a matrix, and in the same way those of shops simulated by null models.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
    nulls : sequence of Null
        Such as `seglib.k_selection.CopulaNull`. Stability is compared with the first only.
    k_max : int, default=10
    n_null : int, default=99
        Simulated shops of each null model.
    n_starts : int, default=3
        Starts of KMeans, the same number for the data and for every simulated shop: more would favour either side.
    n_samples : int, default=100
        Bootstrap samples of the data.
    n_splits : int, default=50
        Splits of the data for prediction strength.
    n_references : int, default=99
        References of the gap statistic.
    null_samples : int, default=4
        Bootstrap samples of every simulated shop, at least 2; 0 leaves out their stability under the bootstrap, which
        the verdict does not need.
    seed : int
    n_jobs : int, default=1
        Processes; each works in one thread. The result does not depend on it, to the last bit.
    progress : callable, optional
        Called with the number of finished tasks and of all tasks.

    Returns
    -------
    Benchmark

    Raises
    ------
    ParameterRefused
        If ``n_null`` is less than 19: no p-value could then be .05.

    Notes
    -----
    p = (1 + number of shops that do as well) / (n_null + 1), for one k at a time; the test of the greatest silhouette
    (`Benchmark.tests`) accounts for the search over k. Metrics: ``inertia``, ``silhouette`` (exact, Euclidean),
    ``calinski_harabasz``, ``davies_bouldin``; ``gap`` against rows spread evenly over a box, beside the gaps of
    simulated shops against the same box; ``prediction_strength`` (mean over splits), ``segment_jaccard`` (of the least
    stable segment), ``bootstrap_ari`` and ``restart_agreement``; ``smallest_share``, of the rows, has no null
    distribution. The stability of a simulated shop is estimated from few samples (``null_samples``, `NULL_SPLITS`), so
    the bands of these measures are too wide rather than too narrow, and their p too large rather than too small.
    """
    if n_null < 19:
        raise ParameterRefused(f"n_null is at least 19, or no p-value could be .05; not {n_null}", parameter="n_null")
    # Every task has a random generator of its own, seeded by what the task does and by the numbers of its shops. So the
    # result depends neither on the number of processes nor on the order in which tasks finish.
    chunks, boxes = _chunks(n_null), _chunks(n_references)
    tasks = [delayed(_observed)(X, k_max, n_starts, n_samples, n_splits, seed)]
    tasks += [delayed(_references)(X, k_max, n_starts, seed, box) for box in boxes]
    tasks += [
        delayed(_simulated)(null, k_max, n_starts, place == 0, null_samples, [seed, 2 + place], chunk)
        for place, null in enumerate(nulls)
        for chunk in chunks
    ]
    results = []
    for n_finished, result in enumerate(_run(tasks, n_jobs), start=1):
        results.append(result)
        if progress:
            progress(n_finished, len(tasks))
    observed, of_chunks = results[0], results[1 + len(boxes) :]
    references = np.concatenate(results[1 : 1 + len(boxes)])
    simulated = {}
    for place, null in enumerate(nulls):
        draws = [draw for chunk in of_chunks[place * len(chunks) : (place + 1) * len(chunks)] for draw in chunk]
        simulated[null.name] = {metric: np.array([d[metric] for d in draws]) for metric in draws[0]}
    gaps, errors = gap(observed["inertia"], references)
    observed["gap"] = gaps
    for draws in simulated.values():
        draws["gap"] = references.mean(axis=0) - np.log(np.maximum(draws["inertia"], 1e-12))
    return Benchmark(
        scores=_scores(observed, errors, simulated),
        tests=_silhouette_tests(observed["silhouette"], simulated, {null.name: null.what for null in nulls}),
        segments=_segment_stability(observed),
        flows=pd.DataFrame(flows(observed["labels"]), columns=["k", "from", "to", "rows"]),
        gap_k=gap_choice(gaps, errors),
        n_null=n_null,
        n_rows=len(X),
        n_samples=n_samples,
        n_splits=n_splits,
    )


def _chunks(n: int) -> list[range]:
    return [range(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK)]


def first_silhouettes(null: Null, place: int, *, k_max: int, n_starts: int, seed: int) -> np.ndarray:
    """Return the greatest silhouettes of the first shops of a null model, the same as `benchmark` with this seed.

    For studies: where enough of them reach the silhouette of the data, the result of the test is clear without the
    rest.
    """
    simulated = _simulated(null, k_max, n_starts, False, 0, [seed, 2 + place], range(CHUNK))
    return np.array([np.max(metrics["silhouette"][1:]) for metrics in simulated])


def _run(tasks: list, n_jobs: int) -> Iterator:
    """Yield the results of tasks in their order; every process works in one thread."""
    if n_jobs == 1:
        with threadpool_limits(limits=1):
            yield from (function(*args, **options) for function, args, options in tasks)
        return
    with parallel_config("loky", inner_max_num_threads=1):
        yield from Parallel(n_jobs=n_jobs, return_as="generator")(tasks)


def _observed(X: np.ndarray, k_max: int, n_starts: int, n_samples: int, n_splits: int, seed: int) -> dict:
    """Return the metrics of the data, an array over k each, and ``segments`` and ``labels`` of every k."""
    with threadpool_limits(limits=1):
        rng = np.random.default_rng([seed, 0])
        rows = Rows(X)
        starts, fits = _fits(rows, k_max, n_starts, rng)
        metrics = cluster_indices(rows, fits)
        metrics["restart_agreement"] = restarts(starts, fits)
        metrics["prediction_strength"] = prediction_strength(rows, k_max, rng, n_splits=n_splits).mean(axis=0)
        segments, agreement = bootstrap(rows, fits, rng, n_samples=n_samples)
        metrics["segments"] = [mean_jaccard(per_sample) for per_sample in segments]
        metrics["segment_jaccard"] = np.array([jaccard.min() for jaccard in metrics["segments"]])
        metrics["bootstrap_ari"] = agreement.mean(axis=0)
        metrics["labels"] = {len(f.centres): f.labels for f in fits}
        return metrics


def _fits(rows: Rows, k_max: int, n_starts: int, rng: np.random.Generator) -> tuple[list[list[Fit]], list[Fit]]:
    """Return the fits of every start, and the best of them for every k."""
    starts = [one_start(rows, k_max, rng) for _ in range(n_starts)]
    return starts, [min(same_k, key=lambda f: f.inertia) for same_k in zip(*starts, strict=True)]


def _references(X: np.ndarray, k_max: int, n_starts: int, seed: int, chunk: range) -> np.ndarray:
    with threadpool_limits(limits=1):
        rng = np.random.default_rng([seed, 1, chunk.start])
        return box_inertias(Rows(X), k_max, rng, n_references=len(chunk), n_init=n_starts)


def _simulated(
    null: Null, k_max: int, n_starts: int, stability: bool, n_samples: int, seed: list[int], chunk: range
) -> list[dict[str, np.ndarray]]:
    """Return the metrics of the shops of one task, an array over k each."""
    with threadpool_limits(limits=1):
        rngs = [np.random.default_rng([*seed, number]) for number in chunk]
        return [
            _metrics_of_draw(X, k_max, n_starts, stability, n_samples, rng)
            for X, rng in zip(null.draws(rngs), rngs, strict=True)
        ]


def _metrics_of_draw(
    X: np.ndarray, k_max: int, n_starts: int, stability: bool, n_samples: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    rows = Rows(X)
    starts, fits = _fits(rows, k_max, n_starts, rng)
    metrics = cluster_indices(rows, fits)
    if stability:
        metrics["restart_agreement"] = restarts(starts, fits)
        metrics["prediction_strength"] = prediction_strength(rows, k_max, rng, n_splits=NULL_SPLITS).mean(axis=0)
    if stability and n_samples:
        segments, agreement = bootstrap(rows, fits, rng, n_samples=n_samples)
        metrics["segment_jaccard"] = np.array([mean_jaccard(per_sample).min() for per_sample in segments])
        metrics["bootstrap_ari"] = agreement.mean(axis=0)
    return metrics


def _scores(
    observed: Mapping, gap_errors: np.ndarray, simulated: Mapping[str, Mapping[str, np.ndarray]]
) -> pd.DataFrame:
    """Return one row per k, metric and null model; metrics that no null model has get an empty name and no band."""
    k_max = len(gap_errors)
    records = []
    for name, draws in simulated.items():
        for metric in (*AGAINST_ALL, *STABILITY):
            if metric not in draws:
                continue
            first = 1 if metric in ("inertia", "gap") else 2
            for k in range(first, k_max + 1):
                comparison = compare(observed[metric][k - 1], draws[metric][:, k - 1], metric)
                records.append((k, metric, name, *comparison))
    sizes = {k: np.bincount(labels, minlength=k) for k, labels in observed["labels"].items()}
    n_rows = len(observed["labels"][1])
    for metric in STABILITY:
        if not any(metric in draws for draws in simulated.values()):
            records += [(k, metric, "", *_alone(observed[metric][k - 1])) for k in range(2, k_max + 1)]
    records += [(k, "gap_error", "", *_alone(gap_errors[k - 1])) for k in range(1, k_max + 1)]
    records += [(k, "smallest_share", "", *_alone(sizes[k].min() / n_rows)) for k in range(2, k_max + 1)]
    return pd.DataFrame(records, columns=["k", "metric", "null", *NullComparison._fields]).round(6)


def _silhouette_tests(
    silhouette: np.ndarray, simulated: Mapping[str, Mapping[str, np.ndarray]], descriptions: Mapping[str, str]
) -> pd.DataFrame:
    """Compare the greatest silhouette over all k with that of every null model."""
    # The greatest of several silhouettes is greater than that of a k fixed in advance, with segments or without. So the
    # search over k is repeated in every simulated shop, and the maxima are compared.
    greatest = float(np.max(silhouette[1:]))
    records = []
    for name, draws in simulated.items():
        test = compare(greatest, draws["silhouette"][:, 1:].max(axis=1), "silhouette")
        records.append((name, descriptions[name], test.value, test.null_median, test.null_low, test.null_high, test.p))
    columns = ["null", "what", "value", "null_median", "null_low", "null_high", "p"]
    return pd.DataFrame(records, columns=columns).round(6)


def _segment_stability(observed: Mapping) -> pd.DataFrame:
    """Return one row per k and segment: its size, and its stability under the bootstrap and from k - 1 to k."""
    labels = observed["labels"]
    records = []
    for k in range(2, len(labels) + 1):
        sizes = np.bincount(labels[k], minlength=k)
        for segment in range(k):
            came_from = np.bincount(labels[k - 1][labels[k] == segment], minlength=k - 1)
            jaccard, stability = observed["segments"][k - 1][segment], segment_level_stability(came_from)
            records.append((k, segment, int(sizes[segment]), sizes[segment] / len(labels[k]), jaccard, stability))
    columns = ["k", "cluster", "rows", "share", "jaccard", "segment_level_stability"]
    return pd.DataFrame(records, columns=columns).round(6)


def compare(value: float, null: np.ndarray, metric: str) -> NullComparison:
    """Compare one number of the data with the same number of the shops of a null model.

    Parameters
    ----------
    value : float
    null : ndarray of float, shape (n_null,)
    metric : str
        Whether smaller is better depends on it (`SMALLER_IS_BETTER`).
    """
    # The data count as one of the shops, hence the 1 on both sides: p is then valid for any number of shops, and never
    # 0. Values that differ by rounding only count as reached.
    low, median, high = np.quantile(null, [0.05, 0.5, 0.95])
    sign = -1.0 if metric in SMALLER_IS_BETTER else 1.0
    reached = int((sign * null >= sign * value - TOLERANCE).sum())
    p = (1 + reached) / (len(null) + 1)
    return NullComparison(float(value), median, low, high, sign * (value - median), p)


def _alone(value: float) -> NullComparison:
    """Return a number that is not compared with any null model."""
    missing = float("nan")
    return NullComparison(value, missing, missing, missing, missing, missing)
