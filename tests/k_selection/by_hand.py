"""A null model that is a function, and a benchmark in which every number is what a test wants it to be."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from seglib.k_selection.validation.benchmark import (
    AGAINST_ALL,
    STABILITY,
    STABLE,
    Benchmark,
    NullComparison,
    compare,
    greatest_excess,
)
from seglib.k_selection.validation.evidence import WELL_PREDICTED
from seglib.k_selection.validation.measures import Measured
from seglib.k_selection.validation.sequential import COLUMNS, GroupsNeeded

N_NULL, N_ROWS = 99, 500
COUPONS, TABLE = ("gradual", "process", "copula"), ("smooth", "copula")
"""The null models of a shop with coupons, and those of a table."""

DIFFER = {"gradual": True, "process": False, "copula": True, "smooth": True}
"""Whether customers differ in a null model."""


class FunctionNull:
    """A null model whose matrices come from a function."""

    def __init__(self, make: Callable, name: str = "function", *, customers_differ: bool = True) -> None:
        self.make, self.name, self.what = make, name, "simulated by a function"
        self.customers_differ, self.follows_the_data = customers_differ, False

    def draws(self, rngs):
        return (self.make(rng) for rng in rngs)


def reached_by(p: float) -> np.ndarray:
    """Which of the simulated shops do as well as the data, so that the p-value is p = (1 + number) / 100."""
    return np.arange(N_NULL) < round(p * (N_NULL + 1)) - 1


def measured_of(
    *,
    silhouette: Sequence[float] = (0.3, 0.4, 0.35),
    jaccard: Sequence[float] = (0.9, 0.9, 0.9),
    prediction: Sequence[float] = (0.7, 0.7, 0.7),
    valley: Sequence[float] = (1.0, 1.0, 1.0),
    share: Sequence[float] = (0.3, 0.2, 0.1),
) -> Measured:
    """Measures for k = 1, 2, ...: what there is from k = 2 on is given.

    The valley is the dip times the square root of the rows: 1.0 is far beyond the 95% point of one mode, .53. A
    prediction strength of .7 is too small to make a k stable by itself.
    """
    k_max = len(silhouette) + 1
    first = {"silhouette": 0.0, "segment_jaccard": 1.0, "prediction_strength": 1.0, "valley": np.inf}
    given = {"silhouette": silhouette, "segment_jaccard": jaccard, "prediction_strength": prediction, "valley": valley}
    metrics = {name: np.array([first[name], *values], dtype=float) for name, values in given.items()}
    metrics["inertia"] = 100.0 / np.arange(1, k_max + 1)
    metrics["gap"] = np.linspace(0.5, 1.0, k_max)
    metrics["calinski_harabasz"] = np.linspace(100, 110, k_max)
    metrics["davies_bouldin"] = np.linspace(1.0, 0.9, k_max)
    metrics["bootstrap_ari"] = metrics["segment_jaccard"].copy()
    metrics["restart_agreement"] = np.ones(k_max)
    labels = [np.zeros(N_ROWS, dtype=int)]
    for k, smallest in zip(range(2, k_max + 1), share, strict=True):
        n_smallest = round(smallest * N_ROWS)
        others = np.arange(N_ROWS - n_smallest) % (k - 1)
        labels.append(np.concatenate([others, np.full(n_smallest, k - 1)]))
    segments = [np.full(k, value) for k, value in enumerate(metrics["segment_jaccard"], start=1)]
    return Measured(metrics, labels, segments)


def benchmark_of(
    *,
    p: Sequence[float] = (0.01, 0.01, 0.01),
    prediction_p: Sequence[float] = (0.01, 0.01, 0.01),
    valley_p: Sequence[float] = (0.01, 0.01, 0.01),
    excess: Sequence[float] = (0.1, 0.2, 0.15),
    gap_p: Sequence[float] = (0.01, 0.01, 0.01),
    gap_k: int = 3,
    errors: float = 0.0,
    repeats: Sequence[dict] = ({},) * 5,
    nulls: Sequence[str] = COUPONS,
    follows: Sequence[str] = ("smooth",),
    all_scores: bool = True,
    **observed,
) -> Benchmark:
    """A benchmark for k = 2, 3, 4, in which everything supports k = 3 unless it is changed.

    Parameters
    ----------
    p : sequence of float
        Of the greatest silhouette, by null model.
    prediction_p, valley_p, gap_p : sequence of float
        By k: of prediction beside the first null model, of the valley and of the gap beside each.
    excess : sequence of float
        By k: silhouette over the median of every null model; over that of all but the last one it is .05 more.
    errors : float
        Standard error of the difference of two silhouettes.
    follows : sequence of str
        The null models that follow the data.
    repeats : sequence of dict
        What is measured otherwise in each repeat.
    all_scores : bool
        Whether the table of scores has every metric; the verdict needs none of them.
    **observed
        `measured_of`.
    """
    data = measured_of(**observed)
    metrics, k_max = data.metrics, len(data.labels)
    comes_back = (metrics["segment_jaccard"] >= STABLE) | (metrics["prediction_strength"] >= WELL_PREDICTED)
    stability_k = max([k for k in range(2, k_max + 1) if comes_back[k - 1]], default=3)
    simulated = {}
    for place, (null, greatest_p) in enumerate(zip(nulls, p, strict=True)):
        lower = 0.0 if place == len(nulls) - 1 else 0.05
        silhouette = np.zeros((N_NULL, k_max))
        silhouette[:, 1:] = metrics["silhouette"][1:] - np.array(excess) - lower
        silhouette[reached_by(greatest_p), 1:] = metrics["silhouette"].max() + 0.01
        draws = {"silhouette": silhouette}
        for name, by_k in (("valley", valley_p), ("gap", gap_p)):
            draws[name] = np.full((N_NULL, k_max), np.inf)
            for k in range(2, k_max + 1):
                value = metrics[name][k - 1]
                draws[name][:, k - 1] = np.where(reached_by(by_k[k - 2]), value + 0.1, value - 0.2)
        draws["gap"][:, 0] = metrics["gap"][0] - 0.2
        draws["inertia"] = np.tile(metrics["inertia"] * 0.9, (N_NULL, 1))
        draws["calinski_harabasz"] = np.where(reached_by(0.2)[:, None], 1000.0, np.full((N_NULL, k_max), 1.0))
        draws["davies_bouldin"] = np.where(reached_by(0.03)[:, None], 0.1, np.full((N_NULL, k_max), 2.0))
        for name in STABILITY:
            draws[name] = np.full((N_NULL, k_max), np.nan)
        draws["restart_agreement"][:] = 1.0
        if place == 0:
            for k in range(1, stability_k + 1):
                strength = metrics["prediction_strength"][k - 1]
                reached = reached_by(prediction_p[k - 2] if k > 1 else 0.5)
                draws["prediction_strength"][:, k - 1] = np.where(reached, strength + 0.05, strength - 0.2)
                draws["segment_jaccard"][:, k - 1] = 0.6
                draws["bootstrap_ari"][:, k - 1] = np.where(reached_by(0.2), 1.0, 0.3)
        simulated[null] = draws
    return Benchmark(
        scores=scores_of(data, simulated, (*AGAINST_ALL, *STABILITY) if all_scores else ("silhouette",)),
        tests=tests_of(data, simulated, follows),
        segments=pd.DataFrame(),
        flows=pd.DataFrame(),
        gap_k=gap_k,
        n_null=N_NULL,
        n_rows=N_ROWS,
        n_samples=100,
        n_splits=50,
        observed=data,
        repeats=tuple(measured_of(**(observed | change)) for change in repeats),
        simulated=simulated,
        customers_differ={null: DIFFER[null] for null in nulls},
        follows_the_data={null: null in follows for null in nulls},
        silhouette_errors=np.full((k_max, k_max), errors),
        X=np.random.default_rng(0).normal(size=(N_ROWS, 2)),
        examples=(),
    )


def scores_of(data: Measured, simulated: dict, metrics: Sequence[str]) -> pd.DataFrame:
    """One row per k, metric and null model; of stability only beside those that have it."""
    rows = []
    for null, draws in simulated.items():
        for metric in metrics:
            if metric in STABILITY and np.isnan(draws[metric][:, 1]).all():
                continue
            rows += [
                (k, metric, null, *compare(data.metrics[metric][k - 1], draws[metric][:, k - 1], metric))
                for k in range(1 if metric in ("inertia", "gap") else 2, len(data.labels) + 1)
            ]
    return pd.DataFrame(rows, columns=["k", "metric", "null", *NullComparison._fields])


def tests_of(data: Measured, simulated: dict, follows: Sequence[str]) -> pd.DataFrame:
    """The silhouette beside that of every null model, where the data exceed the nearest of them most."""
    silhouette = data.metrics["silhouette"]
    beside = {
        null: greatest_excess(silhouette[1:], draws["silhouette"][:, 1:], scaled=null not in follows)
        for null, draws in simulated.items()
    }
    place = 1 + int(np.min([excess for excess, _ in beside.values()], axis=0).argmax())
    rows = []
    for null, draws in simulated.items():
        at = compare(silhouette[place], draws["silhouette"][:, place], "silhouette")
        bands = at.value, at.null_median, at.null_low, at.null_high
        rows.append((null, f"what {null} is", place + 1, *bands, beside[null][1]))
    return pd.DataFrame(rows, columns=["null", "what", "k", "value", "null_median", "null_low", "null_high", "p"])


def needed_of(*tests: tuple[int, int, float], candidates: Sequence[int] = (2, 3, 4)) -> GroupsNeeded:
    """Tests of k groups against more, each given by k, the larger k, and p."""
    rows = [(k, against, 0.1, 0.05, p, N_NULL) for k, against, p in tests]
    return GroupsNeeded(pd.DataFrame(rows, columns=COLUMNS), tuple(candidates))
