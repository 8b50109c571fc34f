"""Somebody else's segments beside null models: silhouette, stability and valleys of labels that KMeans did not make.

What the labels were made by is not known. So a rule stands for them in shops without segments: the centres of the
labels, and everybody goes to the nearest one. Nor is it known whether the labels were fitted to these very customers.
So every shop without segments has the better of two labellings: that of the rule as it stands, and that of the rule
after its centres were moved to the customers of this shop until nothing changes (KMeans).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from joblib import delayed

from seglib.errors import ParameterRefused
from seglib.k_selection.criteria.batch_kmeans import Fit, Rows, fit
from seglib.k_selection.criteria.indices import distances, silhouette_widths
from seglib.k_selection.criteria.stability import contingency, jaccard, mean_jaccard
from seglib.k_selection.criteria.threads import one_thread
from seglib.k_selection.criteria.valleys import least_clear
from seglib.k_selection.validation.benchmark import STABLE, chunks_of, compare
from seglib.k_selection.validation.evidence import ALPHA, Evidence
from seglib.k_selection.validation.null_models import Null
from seglib.k_selection.validation.processes import run_tasks
from seglib.stats import dip_p_value

MEASURES = ("silhouette", "jaccard", "valley")
"""What is compared with null models; ``jaccard`` with the first only."""

N_REPEATS = 5
"""Other seeds with which the data are resampled: where they do not agree, the verdict is borderline."""


@dataclass(frozen=True)
class LabelBenchmark:
    """Given labels, measured in the data and, through their rule, in shops without segments.

    Attributes
    ----------
    segments : pandas.DataFrame
        One row per segment, the largest first: segment, rows, share, jaccard (mean Jaccard index with what KMeans makes
        of resampled rows from the same centres; `STABLE`), by_rule (share of its rows that the nearest centre gives the
        same label).
    silhouette, valley : float
        Of the labels.
    repeats : ndarray of float, shape (N_REPEATS, k)
        Mean Jaccard index of every segment, for each repeat.
    simulated : dict of str to dict of str to ndarray, shape (n_null,)
        `MEASURES` of the simulated shops, by null model.
    descriptions : dict of str to str
        What each null model keeps and removes.
    customers_differ : dict of str to bool
        Whether customers differ in a null model.
    follows_the_data : dict of str to bool
        Whether a null model follows the data (`Null`).
    by_rule : float
        Share of the rows whose nearest centre is that of their segment.
    n_null : int
        Simulated shops of each null model.
    """

    segments: pd.DataFrame
    silhouette: float
    valley: float
    repeats: np.ndarray
    simulated: dict[str, dict[str, np.ndarray]]
    descriptions: dict[str, str]
    customers_differ: dict[str, bool]
    follows_the_data: dict[str, bool]
    by_rule: float
    n_null: int

    @property
    def k(self) -> int:
        """Number of segments."""
        return len(self.segments)

    @property
    def n_rows(self) -> int:
        """Rows that have a label."""
        return int(self.segments["rows"].sum())


def label_benchmark(
    X: np.ndarray,
    nulls: Sequence[Null],
    labels: Sequence[str],
    *,
    n_null: int = 99,
    n_samples: int = 10,
    seed: int = 0,
    n_jobs: int = 1,
) -> LabelBenchmark:
    """Measure given labels, and those of their rule in the shops of null models.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
    nulls : sequence of Null
        Stability is compared with the first only.
    labels : sequence of str, shape (n_rows,)
        The segment of every row.
    n_null : int, default=99
        Simulated shops of each null model.
    n_samples : int, default=10
        Bootstrap samples of every repeat of the data, and of every simulated shop of the first null model.
    seed : int
    n_jobs : int, default=1
        Processes. The result does not depend on it.

    Raises
    ------
    ParameterRefused
        If ``n_null`` is less than 19, there is one segment only, or not one label for each row.
    """
    names, codes = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
    if n_null < 19:
        raise ParameterRefused(f"n_null is at least 19, or no p-value could be .05; not {n_null}", parameter="n_null")
    if len(codes) != len(X):
        raise ParameterRefused(f"{len(codes):,} labels for {len(X):,} rows", parameter="labels")
    if len(names) < 2:
        raise ParameterRefused("all customers have the same label, and one segment is none", parameter="labels")
    with one_thread():
        rows, k = Rows(X), len(names)
        centres = label_centres(rows.X, codes, k)
        by_rule = rows.nearest(centres)
        # A gap between two segments can be made by giving whoever stands in it to a third one. So the valley must be
        # there by the labels, and also when everybody counts with the nearest centre.
        fits = [Fit(centres, codes, np.nan), _without_empty(Fit(centres, by_rule, np.nan))]
        valley = float(np.nanmin(least_clear(rows.X, fits)))
        width = silhouette_widths(distances(rows), [(codes, k)])[0].mean()
        rngs = [np.random.default_rng([seed, 12, number]) for number in range(N_REPEATS)]
        repeats = np.array([stability(rows, codes, centres, n_samples, rng) for rng in rngs])
    tasks = [
        delayed(_simulated)(null, centres + rows.shift, n_samples if place == 0 else 0, [seed, 2 + place], chunk)
        for place, null in enumerate(nulls)
        for chunk in chunks_of(n_null)
    ]
    parts, n_chunks = run_tasks(tasks, n_jobs), len(chunks_of(n_null))
    simulated = {
        null.name: _stacked([shop for part in parts[place * n_chunks : (place + 1) * n_chunks] for shop in part])
        for place, null in enumerate(nulls)
    }
    size = np.bincount(codes, minlength=k)
    segments = pd.DataFrame(
        {
            "segment": names,
            "rows": size,
            "share": size / size.sum(),
            "jaccard": repeats.mean(axis=0),
            "by_rule": np.bincount(codes[by_rule == codes], minlength=k) / size,
        }
    )
    return LabelBenchmark(
        segments=segments.sort_values(["rows", "segment"], ascending=[False, True], ignore_index=True),
        silhouette=float(width),
        valley=valley,
        repeats=repeats,
        simulated=simulated,
        descriptions={null.name: null.what for null in nulls},
        customers_differ={null.name: null.customers_differ for null in nulls},
        follows_the_data={null.name: null.follows_the_data for null in nulls},
        by_rule=float((by_rule == codes).mean()),
        n_null=n_null,
    )


def label_centres(rows: np.ndarray, codes: np.ndarray, k: int) -> np.ndarray:
    """Return the mean of the rows of each label, float32, shape (k, n_columns); every label has a row."""
    size = np.bincount(codes, minlength=k)
    sums = np.stack([np.bincount(codes, weights=column, minlength=k) for column in rows.T], axis=1)
    return (sums / size[:, None]).astype(np.float32)


def stability(
    rows: Rows, codes: np.ndarray, centres: np.ndarray, n_samples: int, rng: np.random.Generator
) -> np.ndarray:
    """Return how surely every segment comes back where resampled rows are clustered from the centres of the labels.

    Parameters
    ----------
    rows : Rows
    codes : ndarray of int, shape (n_rows,)
        Labels 0, ..., k - 1.
    centres : ndarray of float32, shape (k, n_columns)
    n_samples : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of float, shape (k,)
        Mean Jaccard index of each segment with the most similar cluster (Hennig 2007, Comput. Stat. Data Anal. 52(1)).

    Notes
    -----
    KMeans starts at the centres of the labels, so it finds them if they are a solution at all; other starts could only
    be further away.
    """
    n, k = len(codes), len(centres)
    per_sample = np.full((n_samples, k), np.nan)
    for sample in range(n_samples):
        drawn = np.unique(rng.integers(0, n, n))
        refit = fit(rows.take(drawn), centres)
        per_sample[sample] = jaccard(contingency(codes[drawn], refit.labels, k, k))
    return mean_jaccard(per_sample)


def _simulated(
    null: Null, centres: np.ndarray, n_samples: int, seed: Sequence[int], chunk: range
) -> list[dict[str, float]]:
    """Return the measures of some shops of a null model."""
    measured = []
    with one_thread():
        rngs = [np.random.default_rng([*seed, number]) for number in chunk]
        for X, rng in zip(null.draws(rngs), rngs, strict=True):
            rows = Rows(X)
            measured.append(_of_rule(rows, (centres - rows.shift).astype(np.float32), n_samples, rng))
    return measured


def _of_rule(rows: Rows, centres: np.ndarray, n_samples: int, rng: np.random.Generator) -> dict[str, float]:
    """Return the measures of the rule in one shop: of the rule as it stands or moved to the shop, the better one."""
    k = len(centres)
    fits = [Fit(centres, rows.nearest(centres), np.nan), fit(rows, centres)]
    widths = silhouette_widths(distances(rows), [(f.labels, k) for f in fits])
    # a segment that nobody is nearest to has no index at all, and does not come back
    surely = [stability(rows, f.labels, f.centres, n_samples, rng).min() for f in fits] if n_samples else [np.nan]
    return {
        "silhouette": float(max(width.mean() for width in widths)),
        "jaccard": float(max(surely)),
        "valley": float(np.nanmax(least_clear(rows.X, [_without_empty(f) for f in fits]))),
    }


def _without_empty(solution: Fit) -> Fit:
    """Return a fit without the segments that nobody is nearest to: there is no valley beside nobody."""
    there, labels = np.unique(solution.labels, return_inverse=True)
    return Fit(solution.centres[there], labels, solution.inertia)


def _stacked(shops: Sequence[Mapping[str, float]]) -> dict[str, np.ndarray]:
    return {name: np.array([shop[name] for shop in shops]) for name in MEASURES}


def label_evidence(
    benchmark: LabelBenchmark, *, differ: bool = False, repeat: int | None = None, seed: int = 0
) -> Evidence:
    """Return the evidence for given labels, in the form in which it is weighed for every k.

    Parameters
    ----------
    benchmark : LabelBenchmark
    differ : bool, default=False
        Whether customers were shown to differ (02).
    repeat : int, optional
        Stability is that of this repeat, and the simulated shops are resampled; default: of all repeats and shops.
    seed : int, default=0
        Of that resampling.

    Returns
    -------
    Evidence
        ``by_k`` has one row. ``predicted`` is whether the least stable segment comes back more surely than that of the
        rule in the first null model; the columns of prediction strength are missing, because the rule predicts itself.
    """
    draws = benchmark.simulated
    jaccards = benchmark.repeats
    if repeat is not None:
        rng = np.random.default_rng([seed, 13, repeat])
        shops = [rng.integers(0, benchmark.n_null, benchmark.n_null) for _ in draws]
        draws = {
            null: {name: values[drawn] for name, values in measures.items()}
            for (null, measures), drawn in zip(draws.items(), shops, strict=True)
        }
        jaccards = jaccards[[repeat]]
    first = next(iter(draws))
    silhouette = {null: compare(benchmark.silhouette, draws[null]["silhouette"], "silhouette") for null in draws}
    valley = {null: compare(benchmark.valley, draws[null]["valley"], "valley") for null in draws}
    # the least of several means is smaller the fewer samples they are from, so it is taken within each repeat, which
    # has as many as a simulated shop
    surely = compare(jaccards.min(axis=1).mean(), draws[first]["jaccard"], "jaccard")
    least = float(jaccards.mean(axis=0).min())
    dip_p = float(dip_p_value(benchmark.valley / np.sqrt(benchmark.n_rows), benchmark.n_rows))
    apart = [null for null in draws if not benchmark.follows_the_data[null]]
    valley_p = max(dip_p, *(valley[null].p for null in apart))
    stable = least >= STABLE
    row = {
        "silhouette": benchmark.silhouette,
        "excess": min(comparison.excess for comparison in silhouette.values()),
        "jaccard": least,
        "jaccard_null": surely.null_median,
        "jaccard_high": surely.null_high,
        "prediction": np.nan,
        "prediction_high": np.nan,
        "prediction_p": np.nan,
        "valley": benchmark.valley,
        "valley_high": max(valley[null].null_high for null in apart),
        "valley_p": valley_p,
        "smallest_share": float(benchmark.segments["share"].min()),
        "stable": stable,
        "predicted": stable and surely.p <= ALPHA,
        "clear": valley_p <= ALPHA,
    }
    by_k = pd.DataFrame([row], index=pd.Index([benchmark.k], name="k"))
    p_by_null = {null: comparison.p for null, comparison in silhouette.items()}
    differing = [p_by_null[null] for null in draws if benchmark.customers_differ[null]]
    p, p_gradual = max(p_by_null[null] for null in apart), max(differing, default=1.0)
    return Evidence(by_k, p, p_gradual, p_by_null, valley_p, differ)
