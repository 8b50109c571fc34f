"""Permutation and simulation tests: a statistic beside the same statistic on shops in which all customers are alike.

Both tests return a `TestResult`: the variance found over the variance that chance gives (1 if all are alike), and
where that number lies among those of simulated shops. A p-value below one in the number of shops is read from a
curve fitted to them, see `tail_p_value`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binom, pearson3, skew

FEW_REACH = 10
"""Where fewer simulated shops than that reach the observed value, counting them is too coarse."""

SMALLEST_P = 1e-300
"""No p-value is zero: a smaller one is given as this."""


@dataclass(frozen=True)
class TestResult:
    """A statistic beside its null distribution: the 5%, 50% and 95% points of that, and the p-value.

    All are NaN where nothing could be compared.
    """

    value: float
    null_low: float
    null_median: float
    null_high: float
    p: float


NO_RESULT = TestResult(*[float("nan")] * 5)
"""There was nothing to compare: fewer than two groups, or one value for everybody."""


def dispersion_test(counts: np.ndarray, weight: np.ndarray, *, n_shuffles: int, rng: np.random.Generator) -> TestResult:
    """Compare the spread of counts with that of the same total distributed at random.

    Parameters
    ----------
    counts : ndarray of int, shape (n_customers,)
    weight : ndarray of float, shape (n_customers,)
        The probability that the next count falls on a customer is proportional to it.
    n_shuffles : int
        Number of simulated shops.
    rng : numpy.random.Generator

    Notes
    -----
    Index of dispersion, conditional on the total (Cochran 1954, Biometrics 10(4)).
    """
    possible = weight > 0
    counts, weight = counts[possible], weight[possible]
    if len(counts) < 2 or not counts.sum():
        return NO_RESULT
    probability = weight / weight.sum()
    expected = counts.sum() * probability

    def index(drawn: np.ndarray) -> float:
        return float(((drawn - expected) ** 2 / expected).sum()) / (len(drawn) - 1)

    return _beside_null(index(counts), lambda: index(rng.multinomial(counts.sum(), probability)), n_shuffles)


def anova_permutation_test(
    value: pd.Series,
    group: pd.Series,
    *,
    stratum: pd.Series | None = None,
    n_shuffles: int,
    rng: np.random.Generator,
) -> TestResult:
    """Compare the variance of a value between groups with that of the same values permuted.

    Parameters
    ----------
    value, group : pandas.Series, shape (n,)
        Rows in which either is missing are left out.
    stratum : pandas.Series, shape (n,), optional
        Values are permuted within each stratum only, so that a drift from one to the next (burning that
        becomes more frequent over the months, say) is no difference between groups.
    n_shuffles : int
        Number of permutations.
    rng : numpy.random.Generator

    Notes
    -----
    Permutation test of one-way analysis of variance (Good 2005, *Permutation, Parametric and Bootstrap Tests*,
    section 3.5); the statistic is the mean square between groups of the standardised values. For a value of 0 or 1 (was
    the coupon burned?) it is the chi-square statistic over its degrees of freedom, times (n - 1) / n; the
    permutation holds whatever the expected counts, so nothing has to be done where they are below 5.
    """
    complete = value.notna() & group.notna()
    x = value[complete].to_numpy(dtype=float)
    who = pd.factorize(group[complete])[0]
    size = np.bincount(who) if len(who) else np.zeros(0)
    if len(size) < 2 or len(size) == len(x) or x.std() < 1e-12:
        return NO_RESULT
    x = (x - x.mean()) / x.std(ddof=1)
    ends = np.array([len(x)])
    if stratum is not None:  # one stratum after the other, so that each is a slice
        layer = pd.factorize(stratum[complete], sort=True)[0]
        order = np.argsort(layer, kind="stable")
        x, who, ends = x[order], who[order], np.cumsum(np.bincount(layer))
    slices = list(zip([0, *ends[:-1]], ends, strict=True))
    permuted = x.copy()

    def ratio(values: np.ndarray) -> float:
        # values have mean 0 and variance 1, so this is the mean square between groups over the total variance
        return float((np.bincount(who, weights=values) ** 2 / size).sum()) / (len(size) - 1)

    def permute() -> np.ndarray:
        # shuffled in place, each permutation from the one before: as random as from the start, and without a copy
        for start, stop in slices:
            rng.shuffle(permuted[start:stop])
        return permuted

    return _beside_null(ratio(x), lambda: ratio(permute()), n_shuffles)


def tail_p_value(value: float, null: np.ndarray) -> float:
    """Return the share of shops without any difference that reach a value.

    Parameters
    ----------
    value : float
        The observed statistic; the greater, the more difference.
    null : ndarray of float, shape (n_shuffles,)
        The same statistic on simulated shops in which all are alike.

    Returns
    -------
    float
        (1 + number that reach it) / (n_shuffles + 1), if `FEW_REACH` or more do. If fewer do, that is too coarse, and
        p is read from the tail of a Pearson type III distribution (a shifted gamma distribution) with the mean,
        standard deviation and skewness of ``null``; never zero. A skewness below zero counts as zero, since such a
        curve would end at some value. Where the curve says far less than what was counted (so few that 1 in 20 times
        chance gives as many), the count is taken after all.

    Notes
    -----
    Moments of a few hundred shops are not exact, and in the tail that makes p too small on average: measured on
    chi-square statistics with 99 shops, p < .0025 came twice as often as it should. So about one standard error is
    added to standard deviation and skewness: it then came 0.2 to 1.1 times as often (1 to 400 degrees of freedom).

    The three-moment approximation: Mielke & Berry (2007), *Permutation Methods: A Distance Function Approach*,
    section 2.3. The rule of ten: Knijnenburg, Wessels, Reinders & Shmulevich (2009), Bioinformatics 25(12).

    Examples
    --------
    >>> null = np.arange(1, 100) / 100
    >>> tail_p_value(0.5, null)
    0.51
    """
    reached = int((null >= value - 1e-12).sum())  # a permutation that gives the same value must not miss it by rounding
    counted = (1 + reached) / (len(null) + 1)
    if reached >= FEW_REACH or len(null) < FEW_REACH or null.std() < 1e-12:
        return counted
    # Too few shops reach the value to be counted, so p is the tail of a gamma curve with their three moments. Moments
    # of few shops vary, and a curve with too thin a tail gives far too small a p: skewness and standard deviation are
    # taken about one standard error (sqrt(6 / n) and 1 / sqrt(2 n) of itself) too large.
    skewness = max(0.0, float(skew(null, bias=False)))
    skewness += np.sqrt(6 / len(null)) * (1 + skewness / 2)
    scale = null.std(ddof=1) * (1 + 1 / np.sqrt(2 * len(null)))
    fitted = float(pearson3.sf(value, skewness, loc=null.mean(), scale=scale))
    # a curve under which so many shops would hardly ever reach the value does not fit them: the count stands
    if binom.sf(reached - 1, len(null), fitted) < 0.05:
        return counted
    return max(fitted, SMALLEST_P)


def holm(p: pd.Series) -> np.ndarray:
    """Return p-values adjusted for their number after Holm (1979, Scand. J. Statist. 6(2)); NaN stays NaN.

    Examples
    --------
    >>> holm(pd.Series([0.01, 0.04, np.nan, 0.03])).round(3).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    p = np.asarray(p, dtype=float)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    out = np.full_like(p, np.nan)
    out[order] = np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)).clip(max=1.0)
    return out


def _beside_null(value: float, draw: Callable[[], float], n_draws: int) -> TestResult:
    """Return a statistic beside as many draws of it under the hypothesis of no difference."""
    null = np.array([draw() for _ in range(n_draws)])
    low, median, high = np.quantile(null, [0.05, 0.5, 0.95])
    return TestResult(value, float(low), float(median), float(high), tail_p_value(value, null))
