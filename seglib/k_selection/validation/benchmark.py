"""Every criterion, for every k, beside what it gives on shops without segments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config
from threadpoolctl import threadpool_limits

from seglib.errors import ParameterRefused
from seglib.k_selection.criteria.batch_kmeans import Rows, one_start
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
"""What is compared with every null; stability only with the first, because it costs ten fits for one."""

STABILITY = ("prediction_strength", "segment_jaccard", "bootstrap_ari", "restart_agreement")
NULL_SPLITS = 2
"""Splits of every shop without segments: a few each, of many shops."""

SAME = 1e-6
"""Values closer than that are the same: fits are made in float32."""

CHUNK = 9
"""Shops that one task makes."""


@dataclass(frozen=True)
class Benchmark:
    """The outcome of `benchmark`.

    Attributes
    ----------
    scores : pandas.DataFrame
        One row a k, a metric and a null: k, metric, null, value, null_median, null_low, null_high (5% and 95% points),
        excess (value over the null's median, signed so that positive is better), p.
    tests : pandas.DataFrame
        The greatest silhouette over all k beside the same of every null: null, what, value, null_median,
        null_low, null_high, p.
    segments : pandas.DataFrame
        Stability of every segment: k, cluster, rows, share, jaccard (Hennig), steadiness (from k - 1 to k; missing at
        k = 2).
    flows : pandas.DataFrame
        Where rows go from k to k + 1 clusters: k, from, to, rows.
    gap_k : int
        What the gap statistic chooses, 1 included.
    n_null : int
        Shops of each null.
    """

    scores: pd.DataFrame
    tests: pd.DataFrame
    segments: pd.DataFrame
    flows: pd.DataFrame
    gap_k: int
    n_null: int

    def of(self, metric: str, null: str | None = None) -> pd.DataFrame:
        """Return one metric, indexed by k, beside one null (default: the first it was compared with)."""
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
    """Judge the clusterings of a matrix, and those of shops without segments in the same way.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
    nulls : sequence of Null
        `seglib.k_selection.ProcessNull`, `seglib.k_selection.CopulaNull`. Stability is compared with the first.
    k_max : int, default=10
    n_null : int, default=99
        Shops of each null.
    n_starts : int, default=3
        Starts of KMeans, for the data and for every shop alike: more care for one would favour it.
    n_samples : int, default=100
        Bootstrap samples of the data.
    n_splits : int, default=50
        Splits of the data for prediction strength.
    n_references : int, default=99
        References of the gap statistic.
    null_samples : int, default=4
        Bootstrap samples of every shop without segments, at least 2; 0 leaves their stability under the bootstrap out,
        which the verdict does not need.
    seed : int
    n_jobs : int, default=1
        Processes; each works in one thread. The outcome does not depend on it, to the last bit.
    progress : callable, optional
        Called with the number of tasks done and of all tasks.

    Returns
    -------
    Battery

    Raises
    ------
    ParameterRefused
        If ``n_null`` is less than 19: no p-value could then be .05.

    Notes
    -----
    p = (1 + number of shops that do as well) / (n_null + 1), of one k at a time; the test of the greatest silhouette
    (`Battery.tests`) allows for having looked at every k. Metrics: ``inertia``, ``silhouette`` (exact, Euclidean),
    ``calinski_harabasz``, ``davies_bouldin``; ``gap`` against rows spread evenly over a box, beside the gaps of shops
    without segments against the same box; ``prediction_strength`` (mean over splits), ``segment_jaccard`` (of the least
    stable segment), ``bootstrap_ari`` and ``restart_agreement``; ``smallest_share``, of rows, has no null. Of the
    stability measures a shop without segments gives only a few samples (``null_samples``, `NULL_SPLITS`), so their
    bands are rather too wide, and their p rather too large.
    """
    if n_null < 19:
        raise ParameterRefused(f"n_null is at least 19, or no p-value could be .05; not {n_null}", parameter="n_null")
    chunks, boxes = _chunks(n_null), _chunks(n_references)
    tasks = [delayed(_observed)(X, k_max, n_starts, n_samples, n_splits, seed)]
    tasks += [delayed(_references)(X, k_max, n_starts, seed, box) for box in boxes]
    tasks += [
        delayed(_of_null)(null, k_max, n_starts, place == 0, null_samples, [seed, 2 + place], chunk)
        for place, null in enumerate(nulls)
        for chunk in chunks
    ]
    found = []
    for done, result in enumerate(_run(tasks, n_jobs), start=1):
        found.append(result)
        if progress:
            progress(done, len(tasks))
    observed, rest = found[0], found[1 + len(boxes) :]
    references = np.concatenate(found[1 : 1 + len(boxes)])
    of_nulls = {}
    for place, null in enumerate(nulls):
        draws = [draw for chunk in rest[place * len(chunks) : (place + 1) * len(chunks)] for draw in chunk]
        of_nulls[null.name] = {metric: np.array([d[metric] for d in draws]) for metric in draws[0]}
    return _gathered(observed, references, of_nulls, {null.name: null.what for null in nulls}, n_null)


def _chunks(n: int) -> list[range]:
    return [range(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK)]


def first_silhouettes(null: Null, place: int, *, k_max: int, n_starts: int, seed: int) -> np.ndarray:
    """Return the greatest silhouettes of the first shops of a null, those that `benchmark` makes with the same seed.

    For studies: where enough of them reach the data's own, the outcome of the test is known without the rest.
    """
    found = _of_null(null, k_max, n_starts, False, 0, [seed, 2 + place], range(CHUNK))
    return np.array([np.max(one["silhouette"][1:]) for one in found])


def _run(tasks: list, n_jobs: int) -> Iterator:
    """Yield the results of tasks in their order; every process works in one thread."""
    if n_jobs == 1:
        with threadpool_limits(limits=1):
            yield from (function(*args, **options) for function, args, options in tasks)
        return
    with parallel_config("loky", inner_max_num_threads=1):
        yield from Parallel(n_jobs=n_jobs, return_as="generator")(tasks)


def _observed(X: np.ndarray, k_max: int, n_starts: int, n_samples: int, n_splits: int, seed: int) -> dict:
    with threadpool_limits(limits=1):
        rng = np.random.default_rng([seed, 0])
        rows = Rows(X)
        starts = [one_start(rows, k_max, rng) for _ in range(n_starts)]
        fits = [min(same_k, key=lambda f: f.inertia) for same_k in zip(*starts, strict=True)]
        found = cluster_indices(rows, fits)
        found["restart_agreement"] = restarts(starts, fits)
        found["prediction_strength"] = prediction_strength(rows, k_max, rng, n_splits=n_splits).mean(axis=0)
        segments, agreement = bootstrap(rows, fits, rng, n_samples=n_samples)
        found["segments"] = [mean_jaccard(per_sample) for per_sample in segments]
        found["segment_jaccard"] = np.array([stable.min() for stable in found["segments"]])
        found["bootstrap_ari"] = agreement.mean(axis=0)
        found["labels"] = {len(f.centres): f.labels for f in fits}
        return found


def _references(X: np.ndarray, k_max: int, n_starts: int, seed: int, chunk: range) -> np.ndarray:
    with threadpool_limits(limits=1):
        rng = np.random.default_rng([seed, 1, chunk.start])
        return box_inertias(Rows(X), k_max, rng, n_references=len(chunk), n_init=n_starts)


def _of_null(
    null: Null, k_max: int, n_starts: int, stability: bool, n_samples: int, seed: list[int], chunk: range
) -> list[dict]:
    with threadpool_limits(limits=1):
        rngs = [np.random.default_rng([*seed, b]) for b in chunk]
        how = k_max, n_starts, stability, n_samples
        return [_judged(X, *how, rng) for X, rng in zip(null.draws(rngs), rngs, strict=True)]


def _judged(
    X: np.ndarray, k_max: int, n_starts: int, stability: bool, n_samples: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    rows = Rows(X)
    starts = [one_start(rows, k_max, rng) for _ in range(n_starts)]
    fits = [min(same_k, key=lambda f: f.inertia) for same_k in zip(*starts, strict=True)]
    found = cluster_indices(rows, fits)
    if stability:
        found["restart_agreement"] = restarts(starts, fits)
        found["prediction_strength"] = prediction_strength(rows, k_max, rng, n_splits=NULL_SPLITS).mean(axis=0)
    if stability and n_samples:
        segments, agreement = bootstrap(rows, fits, rng, n_samples=n_samples)
        found["segment_jaccard"] = np.array([mean_jaccard(per_sample).min() for per_sample in segments])
        found["bootstrap_ari"] = agreement.mean(axis=0)
    return found


def _gathered(observed: dict, references: np.ndarray, of_nulls: dict, whats: dict, n_null: int) -> Benchmark:
    gaps, errors = gap(observed["inertia"], references)
    observed["gap"] = gaps
    for draws in of_nulls.values():
        draws["gap"] = references.mean(axis=0) - np.log(np.maximum(draws["inertia"], 1e-12))
    k_max = len(gaps)
    labels = observed["labels"]
    sizes = {k: np.bincount(labels[k], minlength=k) for k in labels}
    records = []
    for name, draws in of_nulls.items():
        for metric in (*AGAINST_ALL, *STABILITY):
            if metric not in draws:
                continue
            first = 1 if metric in ("inertia", "gap") else 2
            for k in range(first, k_max + 1):
                records.append((k, metric, name, *_beside(observed[metric][k - 1], draws[metric][:, k - 1], metric)))
    nothing = [float("nan")] * 5
    n = sum(sizes[1])
    alone = [metric for metric in STABILITY if not any(metric in draws for draws in of_nulls.values())]
    records += [(k, metric, "", observed[metric][k - 1], *nothing) for metric in alone for k in range(2, k_max + 1)]
    records += [(k, "gap_error", "", errors[k - 1], *nothing) for k in range(1, k_max + 1)]
    records += [(k, "smallest_share", "", sizes[k].min() / n, *nothing) for k in range(2, k_max + 1)]
    columns = ["k", "metric", "null", "value", "null_median", "null_low", "null_high", "excess", "p"]
    scores = pd.DataFrame(records, columns=columns).round(6)
    greatest = float(np.max(observed["silhouette"][1:]))
    tests = []
    for name, draws in of_nulls.items():
        most = draws["silhouette"][:, 1:].max(axis=1)
        _, median, low, high, _, p = _beside(greatest, most, "silhouette")
        tests.append((name, whats[name], greatest, median, low, high, p))
    stable = [
        (
            k,
            i,
            int(sizes[k][i]),
            sizes[k][i] / n,
            observed["segments"][k - 1][i],
            segment_level_stability(np.bincount(labels[k - 1][labels[k] == i], minlength=k - 1)),
        )
        for k in range(2, k_max + 1)
        for i in range(k)
    ]
    return Benchmark(
        scores,
        pd.DataFrame(tests, columns=["null", "what", "value", "null_median", "null_low", "null_high", "p"]).round(6),
        pd.DataFrame(stable, columns=["k", "cluster", "rows", "share", "jaccard", "steadiness"]).round(6),
        pd.DataFrame(flows(labels), columns=["k", "from", "to", "rows"]),
        gap_choice(gaps, errors),
        n_null,
    )


def _beside(value: float, null: np.ndarray, metric: str) -> tuple[float, float, float, float, float, float]:
    """Return value, median, 5% and 95% points of the null, excess, and p."""
    low, median, high = np.quantile(null, [0.05, 0.5, 0.95])
    better = -1.0 if metric in SMALLER_IS_BETTER else 1.0
    reached = int((better * null >= better * value - SAME).sum())
    return float(value), median, low, high, better * (value - median), (1 + reached) / (len(null) + 1)
