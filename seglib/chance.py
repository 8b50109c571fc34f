"""What chance alone gives: statistics of difference beside the same statistic on shops in which all are alike.

Every function returns a `Finding`: the variance found over the variance that chance gives (1 if all are
alike), and where that number falls on simulated shops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Finding:
    """A statistic beside its distribution under chance: the 5%, 50% and 95% points, and the p-value.

    All are NaN where nothing could be compared.
    """

    value: float
    null_low: float
    null_median: float
    null_high: float
    p: float


NOTHING = Finding(*[float("nan")] * 5)
"""There was nothing to compare: fewer than two groups, or one value for everybody."""


def dispersion(counts: np.ndarray, weight: np.ndarray, *, n_shuffles: int, rng: np.random.Generator) -> Finding:
    """Compare the spread of counts with that of the same total dealt out by chance.

    Parameters
    ----------
    counts : ndarray of int, shape (n_customers,)
    weight : ndarray of float, shape (n_customers,)
        The chance of a customer to get the next one is proportional to it.
    n_shuffles : int
        Number of simulated shops.
    rng : numpy.random.Generator

    Notes
    -----
    Index of dispersion, conditional on the total (Cochran 1954, Biometrics 10(4)).
    """
    known = weight > 0
    counts, weight = counts[known], weight[known]
    if len(counts) < 2 or not counts.sum():
        return NOTHING
    chance = weight / weight.sum()
    expected = counts.sum() * chance

    def index(drawn: np.ndarray) -> float:
        return float(((drawn - expected) ** 2 / expected).sum()) / (len(drawn) - 1)

    return _beside_null(index(counts), lambda: index(rng.multinomial(counts.sum(), chance)), n_shuffles)


def between(
    value: pd.Series,
    group: pd.Series,
    *,
    stratum: pd.Series | None = None,
    n_shuffles: int,
    rng: np.random.Generator,
) -> Finding:
    """Compare the variance of a value between groups with that of the same values dealt out by chance.

    Parameters
    ----------
    value, group : pandas.Series, shape (n,)
        Rows in which either is missing are left out.
    stratum : pandas.Series, shape (n,), optional
        Values are dealt out within each stratum only, so that a drift from one to the next (burning that
        becomes more frequent over the months, say) is no difference between groups.
    n_shuffles : int
        Number of shuffles.
    rng : numpy.random.Generator

    Notes
    -----
    Permutation test of one-way analysis of variance (Good 2005, *Permutation, Parametric and Bootstrap Tests*,
    section 3.5); the statistic is the mean square between groups of the standardised values.
    """
    known = value.notna() & group.notna()
    x = value[known].to_numpy(dtype=float)
    who = pd.factorize(group[known])[0]
    size = np.bincount(who) if len(who) else np.zeros(0)
    if len(size) < 2 or len(size) == len(x) or x.std() < 1e-12:
        return NOTHING
    x = (x - x.mean()) / x.std(ddof=1)
    layer = np.zeros(len(x)) if stratum is None else pd.factorize(stratum[known], sort=True)[0]
    place = np.argsort(layer, kind="stable")

    def ratio(values: np.ndarray) -> float:
        return float((np.bincount(who, weights=values) ** 2 / size).sum()) / (len(size) - 1)

    def shuffled() -> np.ndarray:
        out = np.empty_like(x)
        out[place] = x[np.lexsort((rng.random(len(x)), layer))]
        return out

    return _beside_null(ratio(x), lambda: ratio(shuffled()), n_shuffles)


def holm(p: pd.Series) -> np.ndarray:
    """Return p-values adjusted for their number after Holm (1979, Scand. J. Statist. 6(2)); NaN stays NaN.

    Examples
    --------
    >>> holm(pd.Series([0.01, 0.04, np.nan, 0.03])).round(3).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    p = np.asarray(p, dtype=float)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    out = np.full_like(p, np.nan)
    out[order] = np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)).clip(max=1.0)
    return out


def _beside_null(value: float, draw: Callable[[], float], n_draws: int) -> Finding:
    null = np.array([draw() for _ in range(n_draws)])
    low, median, high = np.quantile(null, [0.05, 0.5, 0.95])
    p = (1 + int((null >= value - 1e-12).sum())) / (n_draws + 1)
    return Finding(value, float(low), float(median), float(high), p)
