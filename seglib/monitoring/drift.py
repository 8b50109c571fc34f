"""07 How far has each feature drifted, and is that more than calm months give?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import wasserstein_distance

from seglib.schema.features import Feature
from seglib.style import humanize, join_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

N_BINS = 10
"""Bins of the population stability index: tenths of the earlier month."""

LEAST_SHARE = 1e-4
"""A bin without any customer counts as this share: the logarithm of nothing is not a number."""

CUSTOMS = (0.1, 0.25)
"""Where custom says "some" and "much" of a population stability index. They know nothing of n, and decide nothing."""


def stability_index(then: pd.Series, now: pd.Series) -> float:
    """Return the population stability index of a feature: sum of (q - p) log(q / p) over bins.

    Numbers are cut at the tenths of ``then``; equal cuts are one. Names are their own bins. Missing values are a bin.
    It is the symmetric Kullback-Leibler divergence of both histograms (Jeffreys 1946); the name is that of credit
    scoring (Siddiqi 2006, *Credit Risk Scorecards*).

    Examples
    --------
    >>> stability_index(pd.Series(["a", "b"]), pd.Series(["a", "b"]))
    0.0
    """
    if pd.api.types.is_numeric_dtype(then):
        values = then.to_numpy(dtype=float)
        cuts = np.unique(np.nanquantile(values, np.linspace(0, 1, N_BINS + 1)[1:-1])) if then.notna().any() else []
        bins = [_bins(column.to_numpy(dtype=float), np.asarray(cuts)) for column in (then, now)]
        counts = [np.bincount(column, minlength=len(cuts) + 2) for column in bins]
    else:
        both = [column.astype(object).where(column.notna(), "") for column in (then, now)]
        levels = sorted({*both[0], *both[1]}, key=str)
        counts = [column.value_counts().reindex(levels, fill_value=0).to_numpy() for column in both]
    p, q = (np.maximum(count / count.sum(), LEAST_SHARE) for count in counts)
    used = (counts[0] + counts[1]) > 0
    return float(((q - p) * np.log(q / p))[used].sum())


def _bins(values: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Return the bin of each value; a missing one is in the last."""
    return np.where(np.isnan(values), len(cuts) + 1, np.searchsorted(cuts, values, side="left"))


def distance(then: pd.Series, now: pd.Series) -> float:
    """Return the Wasserstein distance of a number between two months, in its unit; missing values do not count."""
    left, right = then.dropna().to_numpy(dtype=float), now.dropna().to_numpy(dtype=float)
    return float(wasserstein_distance(left, right)) if len(left) and len(right) else 0.0


def distances(then: pd.DataFrame, now: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Return `distance` of several features."""
    return np.array([distance(then[name], now[name]) for name in names])


def indices(then: pd.DataFrame, now: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Return `stability_index` of several features."""
    return np.array([stability_index(then[name], now[name]) for name in names])


@dataclass(frozen=True)
class Drift:
    """How far features have drifted between two months, of the customers in both.

    The part of the clock is taken out: what is compared is the later day without anything that happened since with the
    later day as it was. Calm months are compared in the same way.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per feature: feature, unit, wasserstein (in its unit), calm_low, calm_high (95% of calm months), p (how
        often calm months give as much, corrected for their number; missing for names), psi, psi_calm_high, ageing (the
        Wasserstein distance that the clock alone makes), spread (standard deviation in the earlier month).
    n : int
        Customers.
    n_calm : int
        Simulated calm months.
    """

    table: pd.DataFrame = field(repr=False)
    n: int
    n_calm: int
    level: float = 0.05

    @property
    def beyond(self) -> list[str]:
        """Features that drifted further than calm months let them."""
        return list(self.table.loc[self.table["p"] <= self.level, "feature"])

    @property
    def customary(self) -> list[str]:
        """Features whose index custom would call "much"."""
        return list(self.table.loc[self.table["psi"] > CUSTOMS[1], "feature"])

    @property
    def text(self) -> str:
        """Which features drifted, and what custom would have said."""
        if self.beyond:
            names = join_words([humanize(name) for name in self.beyond])
            first = f"Beyond what calm months give, {names} {'has' if len(self.beyond) == 1 else 'have'} drifted."
        else:
            first = "No feature has drifted beyond what calm months give."
        n = len(self.customary)
        custom = f"The usual limit knows nothing of calm months; by it, the drift of {n} of {len(self.table)} is large"
        return f"{first} {custom} (index above {CUSTOMS[1]})."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        return f"Drift of each feature as a point, with the band of calm months as a line. {self.text}"

    @property
    def caption(self) -> str:
        """How to read the figure."""
        return (
            f"{self.n:,} customers in both months. Points: Wasserstein distance in standard deviations of the earlier "
            f"month. Lines: 95% of {self.n_calm} simulated calm months."
        )

    def figure(self) -> Axes:
        """Draw the drift of each number beside calm months."""
        from seglib.plots import plot_drift

        return plot_drift(self.table[self.table["wasserstein"].notna()], beyond=self.beyond)


def drift_of(
    before: pd.DataFrame,
    aged: pd.DataFrame,
    after: pd.DataFrame,
    described: Sequence[Feature],
    *,
    calm_distances: np.ndarray,
    calm_indices: np.ndarray,
    p: np.ndarray,
) -> Drift:
    """Put together the drift of features.

    Parameters
    ----------
    before, aged, after : pandas.DataFrame
        Features of the same customers: on the earlier day; on the later day without anything that happened since; on
        the later day.
    described : sequence of Feature
        Numbers first (`numbers_of`).
    calm_distances, calm_indices : ndarray of float, shape (n_calm, n_numbers)
        Of the numbers, in calm months.
    p : ndarray of float, shape (n_numbers,)
    """
    numbers = numbers_of(described)
    names = [feature for feature in described if feature.kind == "nominal"]
    low, high = np.quantile(calm_distances, [0.025, 0.975], axis=0)
    most = np.quantile(calm_indices, 0.95, axis=0)
    rows = []
    for place, feature in enumerate(numbers):
        then, now = aged[feature.name], after[feature.name]
        rows.append(
            {
                "feature": feature.name,
                "unit": feature.unit,
                "wasserstein": distance(then, now),
                "calm_low": low[place],
                "calm_high": high[place],
                "p": p[place],
                "psi": stability_index(then, now),
                "psi_calm_high": most[place],
                "ageing": distance(before[feature.name], then),
                "spread": float(before[feature.name].std()),
            }
        )
    for feature in names:
        rows.append(
            {
                "feature": feature.name,
                "unit": feature.unit,
                "psi": stability_index(aged[feature.name], after[feature.name]),
            }
        )
    columns = ["feature", "unit", "wasserstein", "calm_low", "calm_high", "p", "psi", "psi_calm_high", "ageing"]
    return Drift(pd.DataFrame(rows, columns=[*columns, "spread"]), len(after), len(calm_distances))


def numbers_of(described: Sequence[Feature]) -> list[Feature]:
    """Return the features that are numbers, without counts that others are made of."""
    return [feature for feature in described if feature.kind != "nominal" and feature.role != "count"]
