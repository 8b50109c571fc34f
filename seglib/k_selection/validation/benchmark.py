"""The benchmark: every criterion, for every k, beside its distribution over null models (shops without segments)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import delayed

from seglib.errors import ParameterRefused
from seglib.k_selection.criteria.batch_kmeans import Rows
from seglib.k_selection.criteria.gap import box_inertias, gap, gap_choice
from seglib.k_selection.criteria.indices import distances, silhouette_widths
from seglib.k_selection.criteria.stability import flows, segment_level_stability
from seglib.k_selection.criteria.threads import one_thread
from seglib.k_selection.validation.measures import Effort, Measured, Metric, measure, pooled, stacked
from seglib.k_selection.validation.null_models import Null
from seglib.k_selection.validation.processes import run_tasks

SMALLER_IS_BETTER = ("inertia", "davies_bouldin")
AGAINST_ALL = ("inertia", "silhouette", "calinski_harabasz", "davies_bouldin", "gap", "valley")
"""Metrics that are compared with every null model; stability only with the first, because it costs ten times more."""

STABILITY = ("prediction_strength", "segment_jaccard", "bootstrap_ari", "restart_agreement")
STABLE = 0.75
"""Mean Jaccard index from which on a segment counts as stable (Hennig 2007)."""

WELL_PREDICTED = 0.8
"""Prediction strength from which on its authors call a number of clusters well supported."""

N_REPEATS = 5
"""Seeds with which the data are measured: each has its share of the samples and splits, as many as a simulated shop."""

LEAST_STABILITY_K = 3
"""Up to this k at least, the stability of simulated shops is measured."""

N_EXAMPLES = 19
"""Simulated shops whose matrices are kept for pictures."""

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
        The silhouette beside that of every null model, at the k at which it exceeds them most: null, what, k, value,
        null_median, null_low, null_high, and p, which accounts for the search over k (`greatest_excess`).
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
    observed : Measured
        The measures of the data, over all repeats.
    repeats : tuple of Measured
        The measures of the data with other seeds.
    simulated : dict of str to dict of str to ndarray, shape (n_null, k_max)
        The measures of the simulated shops, by null model and metric.
    customers_differ, follows_the_data : dict of str to bool
        Properties of the null models (`seglib.k_selection.validation.null_models.Null`).
    silhouette_errors : ndarray, shape (k_max, k_max)
        Standard error of the difference between the mean silhouettes of two k, from the widths of the same rows.
    X : ndarray of float, shape (n_rows, n_columns)
        The matrix.
    examples : tuple of ndarray of float32, shape (n_rows, n_columns)
        The matrices of the first simulated shops of the first null model, for pictures.
    own_metrics : tuple of str
        The names of the analyst's own metrics, which are among the scores.
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
    observed: Measured
    repeats: tuple[Measured, ...]
    simulated: dict[str, dict[str, np.ndarray]]
    customers_differ: dict[str, bool]
    follows_the_data: dict[str, bool]
    silhouette_errors: np.ndarray
    X: np.ndarray
    examples: tuple[np.ndarray, ...]
    own_metrics: tuple[str, ...] = ()

    @property
    def k_max(self) -> int:
        """The largest k."""
        return int(self.scores["k"].max())

    @property
    def gradual(self) -> str:
        """What the first null model, with which stability is compared, keeps and removes."""
        return str(self.tests["what"].iloc[0])

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
    n_starts: int = 5,
    n_samples: int = 100,
    n_splits: int = 20,
    n_references: int = 49,
    null_samples: int = 2,
    metrics: Mapping[str, Metric] | None = None,
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
    n_starts : int, default=5
        Starts of KMeans, the same number for the data and for every simulated shop: more would favour either side.
    n_samples : int, default=100
        Bootstrap samples of the data.
    n_splits : int, default=20
        Splits of the data for prediction strength.
    n_references : int, default=49
        References of the gap statistic.
    null_samples : int, default=2
        Bootstrap samples of every simulated shop, at least 2; 0 leaves out their stability under the bootstrap, which
        the verdict does not need.
    metrics : mapping of str to callable, optional
        Metrics of your own, by name. Each is a function of the matrix and the labels, ndarray of int of shape
        (n_rows,) with the numbers 0 to k - 1, that returns a number; the greater, the better (else return it with a
        minus). It is computed for k = 2, 3, ... of the data and of every simulated shop, and changes no other number.
        Where it cannot be computed, it returns NaN; a k at which that happens has no band.
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
        If ``n_null`` is less than 19: no p-value could then be .05; or if a metric has the name of one that is computed
        anyway.

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
    metrics = dict(metrics or {})
    taken = sorted(metrics.keys() & {*AGAINST_ALL, *STABILITY, "gap_error", "smallest_share"})
    if taken:
        raise ParameterRefused(f"a metric of your own needs a name of its own, not {taken[0]!r}", parameter="metrics")
    # Every task has a random generator of its own, seeded by what the task does and by the numbers of its shops. So the
    # result depends neither on the number of processes nor on the order in which tasks finish.
    chunks, boxes = chunks_of(n_null), chunks_of(n_references)
    each = Effort(n_starts, max(n_splits // N_REPEATS, 1), max(n_samples // N_REPEATS, 2))
    n_tasks = N_REPEATS + len(boxes) + len(nulls) * len(chunks)
    first = [delayed(_repeat)(X, k_max, each, seed, number, metrics) for number in range(N_REPEATS)]
    first += [delayed(_references)(X, k_max, n_starts, seed, box) for box in boxes]
    report = progress or (lambda n_finished, n_tasks: None)
    results = run_tasks(first, n_jobs, finished=lambda n: report(n, n_tasks))
    repeats, references = tuple(results[:N_REPEATS]), np.concatenate(results[N_REPEATS:])
    observed = pooled(repeats)
    # Where segments of the data do not come back, nobody asks whether those of shops without segments do.
    stable = observed.metrics["segment_jaccard"][1:] >= STABLE
    comes_back = np.flatnonzero(stable | (observed.metrics["prediction_strength"][1:] >= WELL_PREDICTED)) + 2
    stability_k = min(max(int(comes_back.max(initial=0)), LEAST_STABILITY_K), k_max)
    tasks = []
    for place, null in enumerate(nulls):
        effort = Effort(n_starts, each.n_splits, null_samples) if place == 0 else Effort(n_starts, 0, 0)
        tasks += [
            delayed(_simulated)(null, k_max, effort, stability_k, [seed, 2 + place], chunk, metrics) for chunk in chunks
        ]
    of_chunks = run_tasks(tasks, n_jobs, finished=lambda n: report(len(first) + n, n_tasks))
    simulated = {}
    for place, null in enumerate(nulls):
        parts = of_chunks[place * len(chunks) : (place + 1) * len(chunks)]
        simulated[null.name] = stacked([draw for part in parts for draw in part.metrics])
    gaps, errors = gap(observed.metrics["inertia"], references)
    observed.metrics["gap"] = gaps
    for repeat in repeats:
        repeat.metrics["gap"] = gap(repeat.metrics["inertia"], references)[0]
    for draws in simulated.values():
        draws["gap"] = references.mean(axis=0) - np.log(np.maximum(draws["inertia"], 1e-12))
    return Benchmark(
        scores=_scores(observed, errors, simulated, tuple(metrics)),
        tests=_silhouette_tests(observed.metrics["silhouette"], simulated, nulls),
        segments=_segment_stability(observed),
        flows=pd.DataFrame(flows(dict(enumerate(observed.labels, start=1))), columns=["k", "from", "to", "rows"]),
        gap_k=gap_choice(gaps, errors),
        n_null=n_null,
        n_rows=len(X),
        n_samples=N_REPEATS * each.n_samples,
        n_splits=N_REPEATS * each.n_splits,
        observed=observed,
        repeats=repeats,
        simulated=simulated,
        customers_differ={null.name: null.customers_differ for null in nulls},
        follows_the_data={null.name: null.follows_the_data for null in nulls},
        silhouette_errors=_silhouette_errors(X, observed.labels),
        X=X,
        examples=tuple(matrix for part in of_chunks[: len(chunks)] for matrix in part.examples),
        own_metrics=tuple(metrics),
    )


def _silhouette_errors(X: np.ndarray, labels: Sequence[np.ndarray]) -> np.ndarray:
    """Return the standard error of the difference of two mean silhouettes, for all pairs of k."""
    with one_thread():
        widths = silhouette_widths(distances(Rows(X)), [(of_k, k) for k, of_k in enumerate(labels, start=1) if k > 1])
    # The same rows have a width at every k, so the difference is that of pairs.
    covariance = np.zeros((len(labels), len(labels)))
    covariance[1:, 1:] = np.atleast_2d(np.cov(np.array(widths)))
    variance = np.diag(covariance)
    return np.sqrt(np.maximum(variance[:, None] + variance - 2 * covariance, 0) / len(X))


class _SimulatedChunk(NamedTuple):
    """The metrics of some simulated shops, and the matrices of the first of them."""

    metrics: list[dict[str, np.ndarray]]
    examples: list[np.ndarray]


def chunks_of(n: int) -> list[range]:
    """Return the numbers of simulated shops, task by task."""
    return [range(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK)]


def _repeat(
    X: np.ndarray, k_max: int, effort: Effort, seed: int, number: int, metrics: Mapping[str, Metric]
) -> Measured:
    return measure(X, k_max, effort, np.random.default_rng([seed, 0, number]), own_metrics=metrics)


def _references(X: np.ndarray, k_max: int, n_starts: int, seed: int, chunk: range) -> np.ndarray:
    rng = np.random.default_rng([seed, 1, chunk.start])
    return box_inertias(Rows(X), k_max, rng, n_references=len(chunk), n_init=n_starts)


def _simulated(
    null: Null,
    k_max: int,
    effort: Effort,
    stability_k: int | None,
    seed: list[int],
    chunk: range,
    own_metrics: Mapping[str, Metric],
) -> _SimulatedChunk:
    """Return the metrics of the shops of one task, and the matrices of those that serve as examples."""
    metrics, examples = [], []
    rngs = [np.random.default_rng([*seed, number]) for number in chunk]
    for number, X, rng in zip(chunk, null.draws(rngs), rngs, strict=True):
        measured = measure(X, k_max, effort, rng, stability_k=stability_k, own_metrics=own_metrics)
        metrics.append(measured.metrics)
        if effort.n_splits and number < N_EXAMPLES:
            examples.append(X.astype(np.float32))
    return _SimulatedChunk(metrics, examples)


def _scores(
    observed: Measured,
    gap_errors: np.ndarray,
    simulated: Mapping[str, Mapping[str, np.ndarray]],
    own_metrics: tuple[str, ...],
) -> pd.DataFrame:
    """Return one row per k, metric and null model; metrics that no null model has get an empty name and no band."""
    k_max = len(gap_errors)
    records = []
    for name, draws in simulated.items():
        for metric in (*AGAINST_ALL, *STABILITY, *own_metrics):
            if metric in STABILITY and not np.isfinite(draws[metric][:, 1]).any():
                continue
            first = 1 if metric in ("inertia", "gap") else 2
            for k in range(first, k_max + 1):
                comparison = compare(observed.metrics[metric][k - 1], draws[metric][:, k - 1], metric)
                records.append((k, metric, name, *comparison))
    compared = {metric for _, metric, *_ in records}
    for metric in STABILITY:
        if metric not in compared:
            records += [(k, metric, "", *_alone(observed.metrics[metric][k - 1])) for k in range(2, k_max + 1)]
    records += [(k, "gap_error", "", *_alone(gap_errors[k - 1])) for k in range(1, k_max + 1)]
    sizes = [np.bincount(labels, minlength=k) for k, labels in enumerate(observed.labels, start=1)]
    records += [(k, "smallest_share", "", *_alone(sizes[k - 1].min() / sizes[0][0])) for k in range(2, k_max + 1)]
    return pd.DataFrame(records, columns=["k", "metric", "null", *NullComparison._fields]).round(6)


def greatest_excess(values: np.ndarray, null: np.ndarray, *, scaled: bool = True) -> tuple[np.ndarray, float]:
    """Compare a curve over k with those of a null model, corrected for the search over k.

    Parameters
    ----------
    values : ndarray of float, shape (n_k,)
    null : ndarray of float, shape (n_null, n_k)
    scaled : bool, default=True
        Whether every k is judged on its own scale. A null model that follows the data has the same curve but for small
        shifts, which differ between k; there the values themselves are compared.

    Returns
    -------
    excess : ndarray of float, shape (n_k,)
        By how many standard deviations each value is above the mean at its k.
    p : float
        Share of all curves, the data among them, whose greatest excess is at least as great.

    Notes
    -----
    The greatest of several silhouettes is greater than that of a k fixed in advance, with segments or without. So the
    search is repeated in every simulated shop, and maxima are compared. Each k is judged on its own scale: without
    that, the k at which null models have the greatest silhouettes (mostly 2) would decide alone (Westfall & Young 1993,
    *Resampling-Based Multiple Testing*). Mean and standard deviation are those of all curves together, so that the
    data are treated as one of them.
    """
    curves = np.vstack([values, null])
    excess = (curves - curves.mean(axis=0)) / np.maximum(curves.std(axis=0), 1e-12)
    greatest = (excess if scaled else curves).max(axis=1)
    return excess[0], float((greatest >= greatest[0] - TOLERANCE).mean())


def _silhouette_tests(
    silhouette: np.ndarray, simulated: Mapping[str, Mapping[str, np.ndarray]], nulls: Sequence[Null]
) -> pd.DataFrame:
    """Compare the silhouettes of all k with those of every null model."""
    descriptions = {null.name: null.what for null in nulls}
    excess, p = {}, {}
    for null in nulls:
        draws = simulated[null.name]["silhouette"][:, 1:]
        excess[null.name], p[null.name] = greatest_excess(silhouette[1:], draws, scaled=not null.follows_the_data)
    # shown is the k at which the data exceed that null model most which they exceed least
    place = 1 + int(np.min(list(excess.values()), axis=0).argmax())
    records = []
    for name, draws in simulated.items():
        at = compare(silhouette[place], draws["silhouette"][:, place], "silhouette")
        records.append(
            (name, descriptions[name], place + 1, at.value, at.null_median, at.null_low, at.null_high, p[name])
        )
    columns = ["null", "what", "k", "value", "null_median", "null_low", "null_high", "p"]
    return pd.DataFrame(records, columns=columns).round(6)


def _segment_stability(observed: Measured) -> pd.DataFrame:
    """Return one row per k and segment: its size, and its stability under the bootstrap and from k - 1 to k."""
    records = []
    for k in range(2, len(observed.labels) + 1):
        labels, before = observed.labels[k - 1], observed.labels[k - 2]
        sizes = np.bincount(labels, minlength=k)
        for segment in range(k):
            came_from = np.bincount(before[labels == segment], minlength=k - 1)
            jaccard, stability = observed.segments[k - 1][segment], segment_level_stability(came_from)
            records.append((k, segment, int(sizes[segment]), sizes[segment] / len(labels), jaccard, stability))
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
    if not np.isfinite(null).all():
        return _alone(value)
    low, median, high = np.quantile(null, [0.05, 0.5, 0.95])
    sign = -1.0 if metric in SMALLER_IS_BETTER else 1.0
    above = (sign * null > sign * value + TOLERANCE).sum()
    equal = (np.abs(null - value) <= TOLERANCE).sum()
    # Prediction strength ends at 1: where the data and the null model both reach it, that speaks neither way.
    reached = above + equal * (0.5 if metric == "prediction_strength" else 1.0)
    p = (1 + reached) / (len(null) + 1)
    return NullComparison(float(value), median, low, high, sign * (value - median), p)


def _alone(value: float) -> NullComparison:
    """Return a number that is not compared with any null model."""
    missing = float("nan")
    return NullComparison(value, missing, missing, missing, missing, missing)
