"""The evidence for segments, for every k: what the verdict weighs, computed once for the data and once per repeat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from seglib.k_selection.validation.benchmark import STABLE, WELL_PREDICTED, Benchmark, compare, greatest_excess
from seglib.k_selection.validation.measures import Measured
from seglib.stats import dip_p_value

Structure = Literal["natural", "reproducible", "constructed"]

ALPHA = 0.05
"""Significance level of every comparison with null models."""

SMALLEST = 0.05
"""Share of the rows below which a segment counts as small. A small segment can be real: it is a separate remark."""

UNDECIDED_Z = 1.96
"""Two numbers of segments are not told apart where the excess of their silhouettes differs by fewer standard errors."""


@dataclass(frozen=True)
class Evidence:
    """The evidence, for every k, before it is put into words.

    Attributes
    ----------
    by_k : pandas.DataFrame
        Indexed by k from 2 on: silhouette, excess (over the highest median of all null models); jaccard (of the least
        stable segment), jaccard_null; prediction, prediction_high, prediction_p; valley (the least clear one: square
        root of the number of rows times the dip), valley_high (the highest 95% point of all null models), valley_p
        (the largest of the dip test and of all null models); smallest_share; and stable, predicted, clear (bool).
    p : float
        Of the greatest silhouette: the largest p-value over the null models that have no groups of any kind (a table's
        smooth null model follows the data, and is left out).
    p_gradual : float
        The same over the null models in which customers differ.
    p_by_null : dict of str to float
        The same, by null model.
    p_valley : float
        Of the clearest valley over all k: the largest p-value over the same null models as `p`.
    differ : bool
        Whether customers were shown to differ (02).
    """

    by_k: pd.DataFrame
    p: float
    p_gradual: float
    p_by_null: dict[str, float]
    p_valley: float
    differ: bool

    @property
    def stands_out(self) -> bool:
        """Evidence E: the greatest silhouette is greater than in all null models."""
        return self.p <= ALPHA

    @property
    def beyond_gradual(self) -> bool:
        """Whether the greatest silhouette is greater than in the null models in which customers differ."""
        return self.p_gradual <= ALPHA

    @property
    def beats_only_copula(self) -> bool:
        """Whether a table is more clumped than the Gaussian copula, but not than smooth data along its curves."""
        return {"smooth", "copula"} <= set(self.p_by_null) and self.p_by_null["copula"] <= ALPHA < self.p_by_null[
            "smooth"
        ]

    @property
    def stable_k(self) -> list[int]:
        """The k whose segments all come back in resampled data: in bootstrap samples, or in the other half."""
        return self._where("stable")

    @property
    def predicted_k(self) -> list[int]:
        """The stable k at which one half predicts the other better than in the null model."""
        return self._where("predicted")

    @property
    def supported_k(self) -> list[int]:
        """Evidence S: the k whose segments come back, for more reason than gradual differences.

        They are more clumped than in the null models in which customers differ, or one half predicts the other better,
        or there is a valley between all neighbours.
        """
        if self.beyond_gradual:
            return self.stable_k
        return sorted({*self.predicted_k, *self.clear_k})

    @property
    def clear_k(self) -> list[int]:
        """Evidence D: the stable k with a valley between all neighbouring segments."""
        return [k for k in self.stable_k if self.by_k.loc[k, "clear"]]

    @property
    def has_valleys(self) -> bool:
        """Whether valleys alone show groups: they are clearer than in all null models, with all k looked at."""
        return bool(self.clear_k) and self.p_valley <= ALPHA

    @property
    def structure(self) -> Structure:
        """The label that follows."""
        if self.stands_out and self.clear_k:
            return "natural"
        if self.supported_k and (self.stands_out or self.differ or self.has_valleys):
            return "reproducible"
        return "constructed"

    @property
    def k_star(self) -> int | None:
        """The k whose silhouette exceeds the null models most, of those with valleys if natural; None if constructed.

        The silhouette itself favours few segments: it is greater there without any segments, too.
        """
        if self.structure == "constructed":
            return None
        candidates = self.clear_k if self.structure == "natural" else self.supported_k
        return int(self.by_k.loc[candidates, "excess"].idxmax())

    def _where(self, column: str) -> list[int]:
        return [int(k) for k in self.by_k.index[self.by_k[column]]]


def evidence_of(benchmark: Benchmark, *, differ: bool = False) -> Evidence:
    """Return the evidence that a benchmark holds.

    Parameters
    ----------
    benchmark : Benchmark
    differ : bool, default=False
        Whether customers were shown to differ (02).
    """
    return _evidence(benchmark, benchmark.observed, benchmark.simulated, differ)


def evidence_of_repeats(benchmark: Benchmark, *, differ: bool = False, seed: int = 0) -> list[Evidence]:
    """Return the evidence of every repeat of the data, each beside a resample of the simulated shops.

    Parameters
    ----------
    benchmark : Benchmark
    differ : bool, default=False
    seed : int, default=0
        Of the resampling: with other seeds the simulated shops would be others, too.
    """
    rng = np.random.default_rng([seed, 11])
    evidence = []
    for repeat in benchmark.repeats:
        draws = {}
        for null, metrics in benchmark.simulated.items():
            shops = rng.integers(0, benchmark.n_null, benchmark.n_null)
            draws[null] = {metric: values[shops] for metric, values in metrics.items()}
        evidence.append(_evidence(benchmark, repeat, draws, differ))
    return evidence


def undecided_k(evidence: Evidence, best: int | None, errors: np.ndarray) -> tuple[int, ...]:
    """Return a k and the supported k whose silhouettes exceed the null models not clearly less; empty without a k.

    Parameters
    ----------
    evidence : Evidence
    best : int or None
    errors : ndarray, shape (k_max, k_max)
        Standard error of the difference between the mean silhouettes of two k (`Benchmark.silhouette_errors`).
    """
    if best is None:
        return ()
    excess = evidence.by_k["excess"]
    close = [k for k in evidence.supported_k if excess[best] - excess[k] <= UNDECIDED_Z * errors[best - 1, k - 1]]
    return tuple(sorted({best, *close}))


def _evidence(
    benchmark: Benchmark, measured: Measured, draws: Mapping[str, Mapping[str, np.ndarray]], differ: bool
) -> Evidence:
    metrics, k_max = measured.metrics, benchmark.k_max
    nulls = list(draws)
    first = nulls[0]  # stability was measured in its shops only
    apart = [null for null in nulls if not benchmark.follows_the_data[null]]
    greatest = {
        null: greatest_excess(metrics["silhouette"][1:], draws[null]["silhouette"][:, 1:], scaled=null in apart)[1]
        for null in nulls
    }
    p_valley = max(greatest_excess(metrics["valley"][1:], draws[null]["valley"][:, 1:])[1] for null in apart)
    rows = []
    for place in range(1, k_max):
        at = {
            null: {
                name: compare(metrics[name][place], draws[null][name][:, place], name)
                for name in ("silhouette", "valley")
            }
            for null in nulls
        }
        strength = compare(
            metrics["prediction_strength"][place], draws[first]["prediction_strength"][:, place], "prediction_strength"
        )
        jaccard = compare(
            metrics["segment_jaccard"][place], draws[first]["segment_jaccard"][:, place], "segment_jaccard"
        )
        dip = metrics["valley"][place] / np.sqrt(benchmark.n_rows)
        sizes = np.bincount(measured.labels[place], minlength=place + 1)
        rows.append(
            {
                "k": place + 1,
                "silhouette": metrics["silhouette"][place],
                "excess": min(at[null]["silhouette"].excess for null in nulls),
                "jaccard": jaccard.value,
                "jaccard_null": jaccard.null_median,
                "prediction": strength.value,
                "prediction_high": strength.null_high,
                "prediction_p": strength.p,
                "valley": metrics["valley"][place],
                "valley_high": max(at[null]["valley"].null_high for null in apart),
                "valley_p": max(dip_p_value(dip, benchmark.n_rows), *(at[null]["valley"].p for null in apart)),
                "smallest_share": sizes.min() / sizes.sum(),
            }
        )
    by_k = pd.DataFrame(rows).set_index("k")
    stable = (by_k["jaccard"] >= STABLE) | (by_k["prediction"] >= WELL_PREDICTED)
    # One k among several is sought, so the level is shared among those that could be it (Bonferroni).
    predicted = stable & (by_k["prediction_p"] * max(int(stable.sum()), 1) <= ALPHA)
    by_k = by_k.assign(stable=stable, predicted=predicted, clear=by_k["valley_p"] <= ALPHA)
    differing = [greatest[null] for null in nulls if benchmark.customers_differ[null]]
    p, p_gradual = max(greatest[null] for null in apart), max(differing, default=1.0)
    return Evidence(by_k, p, p_gradual, greatest, p_valley, differ)


def with_differences(evidence: Evidence, differ: bool) -> Evidence:
    """Return the same evidence with another answer to whether customers differ."""
    return replace(evidence, differ=differ)
