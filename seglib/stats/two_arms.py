"""Two arms of a randomised test, in one stratum or in several: what is the difference, and is it the same everywhere?

Each function takes one value per stratum (a segment, say). Overall differences are weighted by the sizes of the strata.
So arms may be divided differently from stratum to stratum: pooled over strata, customers who buy more anyway would
count more often in the arm that they are more often in, and that would look like an effect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import chi2, f, norm, t


@dataclass(frozen=True)
class Difference:
    """A difference between two arms, treated less control.

    Attributes
    ----------
    value : float
    low, high : float
        Confidence interval.
    se : float
        Standard error without any hypothesis.
    p : float
        Two-sided p-value of no difference.
    """

    value: float
    low: float
    high: float
    se: float
    p: float


@dataclass(frozen=True)
class Heterogeneity:
    """Cochran's Q: do strata differ in their differences by more than chance?

    Attributes
    ----------
    q : float
    df : int
        Number of strata less one.
    p : float
        NaN with fewer than two strata.
    """

    q: float
    df: int
    p: float


def share_difference(
    events: ArrayLike, n: ArrayLike, events_control: ArrayLike, n_control: ArrayLike, *, level: float = 0.95
) -> Difference:
    """Compare two shares, weighted over strata by their sizes: score interval and score test.

    Parameters
    ----------
    events, n : array_like of float, shape (n_strata,)
        Successes and customers of the treated arm.
    events_control, n_control : array_like of float, shape (n_strata,)
        The same of the control arm.
    level : float, default=0.95

    Returns
    -------
    Difference

    Raises
    ------
    ValueError
        If an arm is empty in a stratum.

    Notes
    -----
    The interval holds every difference d that a test does not reject, where the test takes the variance under d: the
    shares of maximum likelihood among those that differ by d in each stratum. It keeps its level in small arms and at
    shares near 0 and 1, where estimate plus or minus two standard errors does not. Miettinen & Nurminen (1985,
    Statistics in Medicine 4(2)), equations 9 to 11 and their appendix, with the factor N / (N - 1) in each stratum;
    here with weights in proportion to the sizes.

    Examples
    --------
    >>> d = share_difference([56], [70], [48], [80])  # Newcombe (1998), example a
    >>> round(d.value, 4), round(d.low, 4), round(d.high, 4)
    (0.2, 0.0528, 0.3382)
    """
    x, size, y, other = (np.asarray(v, dtype=float) for v in (events, n, events_control, n_control))
    if not ((size > 0) & (other > 0)).all():
        raise ValueError("both arms hold at least one customer in every stratum")
    weight = (size + other) / (size + other).sum()
    value = float(weight @ (x / size - y / other))

    def deviation(difference: float) -> float:
        return float(np.sqrt((weight**2) @ score_variance(x, size, y, other, difference)))

    z = float(ndtri(0.5 + level / 2))
    low = _limit(lambda d: value - d - z * deviation(d), value, -1.0)
    high = _limit(lambda d: d - value - z * deviation(d), value, 1.0)
    unrestricted = x / size * (1 - x / size) / size + y / other * (1 - y / other) / other
    null = deviation(0.0)
    p = float(2 * norm.sf(abs(value) / null)) if null > 0 else 1.0
    return Difference(value, low, high, float(np.sqrt((weight**2) @ unrestricted)), p)


def score_shares(
    events: np.ndarray,
    n: np.ndarray,
    events_control: np.ndarray,
    n_control: np.ndarray,
    difference: float | np.ndarray,
) -> np.ndarray:
    """Return the share of the control arm of maximum likelihood among those that differ by ``difference``.

    Parameters
    ----------
    events, n, events_control, n_control : ndarray of float, shape (n_strata,)
    difference : float or ndarray of float of a shape that fits
        -1 to 1.

    Returns
    -------
    ndarray of float, shape (n_strata,)
        That of the treated arm is larger by ``difference``.

    Notes
    -----
    Miettinen & Nurminen (1985), appendix I: the likelihood under the restriction is a cubic in the share of the control
    arm, and the root that is a share has a closed form.
    """
    total, both = n + n_control, events + events_control
    a3 = total
    a2 = (n + 2 * n_control) * difference - total - both
    a1 = (n_control * difference - total - 2 * events_control) * difference + both
    a0 = events_control * difference * (1 - difference)
    centre = a2 / (3 * a3)
    q = centre**3 - a1 * a2 / (6 * a3**2) + a0 / (2 * a3)
    spread = np.sqrt(np.maximum(centre**2 - a1 / (3 * a3), 0.0))
    reach = np.where(q < 0, -spread, spread)
    # rounding may take the cosine a little beyond 1; where the spread is 0, all three roots are the same
    cosine = np.divide(q, reach**3, out=np.zeros_like(q), where=reach != 0)
    angle = (np.pi + np.arccos(np.clip(cosine, -1, 1))) / 3
    return np.clip(2 * reach * np.cos(angle) - centre, np.maximum(0.0, -difference), np.minimum(1.0, 1.0 - difference))


def score_variance(
    events: np.ndarray,
    n: np.ndarray,
    events_control: np.ndarray,
    n_control: np.ndarray,
    difference: float | np.ndarray,
) -> np.ndarray:
    """Return the variance of each difference of shares if the true one is ``difference``.

    Parameters and shape as in `score_shares`.

    Notes
    -----
    Miettinen & Nurminen (1985), equation 9, with the factor N / (N - 1).
    """
    control = score_shares(events, n, events_control, n_control, difference)
    treated, total = control + difference, n + n_control
    variance = treated * (1 - treated) / n + control * (1 - control) / n_control
    return np.maximum(variance, 0.0) * total / np.maximum(total - 1, 1)


def mean_difference(
    mean: ArrayLike,
    variance: ArrayLike,
    n: ArrayLike,
    mean_control: ArrayLike,
    variance_control: ArrayLike,
    n_control: ArrayLike,
    *,
    level: float = 0.95,
) -> Difference:
    """Compare two means, weighted over strata by their sizes: Welch's interval and test.

    Parameters
    ----------
    mean, variance, n : array_like of float, shape (n_strata,)
        Mean, variance (divided by n - 1) and number of customers of the treated arm, at least two in each stratum.
    mean_control, variance_control, n_control : array_like of float, shape (n_strata,)
        The same of the control arm.
    level : float, default=0.95

    Returns
    -------
    Difference
        p and interval are NaN where nothing varies.

    Raises
    ------
    ValueError
        If an arm has fewer than two customers in a stratum.

    Notes
    -----
    Welch (1947, Biometrika 34), with the degrees of freedom of Satterthwaite (1946, Biometrics Bulletin 2) over all
    arms of all strata. With one stratum this is Welch's t-test.
    """
    m, v, size, m0, v0, size0 = (
        np.asarray(x, dtype=float) for x in (mean, variance, n, mean_control, variance_control, n_control)
    )
    if not ((size > 1) & (size0 > 1)).all():
        raise ValueError("both arms hold at least two customers in every stratum")
    weight = (size + size0) / (size + size0).sum()
    value = float(weight @ (m - m0))
    parts = np.concatenate([weight**2 * v / size, weight**2 * v0 / size0])
    se = float(np.sqrt(parts.sum()))
    if se == 0:
        return Difference(value, float("nan"), float("nan"), 0.0, float("nan"))
    df = parts.sum() ** 2 / (parts**2 / np.concatenate([size - 1, size0 - 1])).sum()
    reach = float(t.ppf(0.5 + level / 2, df)) * se
    return Difference(value, value - reach, value + reach, se, float(2 * t.sf(abs(value) / se, df)))


def share_heterogeneity(
    events: ArrayLike, n: ArrayLike, events_control: ArrayLike, n_control: ArrayLike
) -> Heterogeneity:
    """Ask whether strata differ in their difference of shares.

    Notes
    -----
    Cochran (1954, Biometrics 10(1)): Q = sum of w (d - mean)^2, w the inverse variances, chi-square distributed with
    one degree of freedom less than there are strata. The variances are those under the hypothesis, one difference
    everywhere (`score_variance`): an arm without any success, or with nothing else, then has no variance of 0.
    """
    x, size, y, other = (np.asarray(v, dtype=float) for v in (events, n, events_control, n_control))
    strata = len(size)
    if strata < 2:
        return Heterogeneity(float("nan"), max(strata - 1, 0), float("nan"))
    difference = x / size - y / other
    common = float(difference @ (size + other) / (size + other).sum())
    variance = score_variance(x, size, y, other, common)
    if not (variance > 0).all():
        return Heterogeneity(float("nan"), strata - 1, float("nan"))
    q = _cochran(difference, variance)
    return Heterogeneity(q, strata - 1, float(chi2.sf(q, strata - 1)))


def mean_heterogeneity(difference: ArrayLike, variance: ArrayLike, df: ArrayLike) -> Heterogeneity:
    """Ask whether strata differ in their difference of means.

    Parameters
    ----------
    difference, variance : array_like of float, shape (n_strata,)
        The difference of each stratum, and the square of its standard error.
    df : array_like of float, shape (n_strata,)
        Degrees of freedom of each variance.

    Notes
    -----
    Cochran's Q as in `share_heterogeneity`. Its variances are estimated, and with few customers chi-square would find
    differences too often; so p comes from the F distribution of Welch (1951, Biometrika 38), which allows for that.
    """
    d, v, freedom = (np.asarray(x, dtype=float) for x in (difference, variance, df))
    strata = len(d)
    if strata < 2 or not (v > 0).all():
        return Heterogeneity(float("nan"), max(strata - 1, 0), float("nan"))
    q, weight = _cochran(d, v), 1 / v
    unsure = ((1 - weight / weight.sum()) ** 2 / freedom).sum()
    ratio = q / (strata - 1) / (1 + 2 * (strata - 2) / (strata**2 - 1) * unsure)
    return Heterogeneity(q, strata - 1, float(f.sf(ratio, strata - 1, (strata**2 - 1) / (3 * unsure))))


def chi_square_of_counts(counts: ArrayLike, shares: ArrayLike) -> tuple[float, float]:
    """Compare counts with what was expected: Pearson's chi-square.

    Parameters
    ----------
    counts : array_like of int, shape (n_arms,) or (n_strata, n_arms)
        Customers in each arm.
    shares : array_like of float, of a shape that fits
        The share of customers that each arm was meant to get, more than 0; they add up to 1 in each stratum.

    Returns
    -------
    tuple of float
        The statistic and its p-value; the degrees of freedom are the number of arms less one, in each stratum.

    Examples
    --------
    >>> round(chi_square_of_counts([21307, 21387, 21306], [1 / 3, 1 / 3, 1 / 3])[1], 3)
    0.904
    """
    observed = np.atleast_2d(np.asarray(counts, dtype=float))
    expected = observed.sum(axis=1, keepdims=True) * np.broadcast_to(np.asarray(shares, dtype=float), observed.shape)
    rows = expected.sum(axis=1) > 0
    statistic = float(((observed[rows] - expected[rows]) ** 2 / expected[rows]).sum())
    return statistic, float(chi2.sf(statistic, rows.sum() * (observed.shape[1] - 1)))


@dataclass(frozen=True)
class ArmMoments:
    """Means and variances of both arms in each stratum.

    Attributes
    ----------
    mean, variance, n, mean_control, variance_control, n_control : ndarray of float, shape (n_strata,)
        Variances are divided by n - 1.
    """

    mean: np.ndarray
    variance: np.ndarray
    n: np.ndarray
    mean_control: np.ndarray
    variance_control: np.ndarray
    n_control: np.ndarray

    @property
    def difference(self) -> np.ndarray:
        """Treated less control, in each stratum."""
        return self.mean - self.mean_control

    @property
    def squared_errors(self) -> np.ndarray:
        """The squared standard error of each difference."""
        return self.variance / self.n + self.variance_control / self.n_control

    @property
    def df(self) -> np.ndarray:
        """Welch's degrees of freedom of each squared standard error."""
        a, b = self.variance / self.n, self.variance_control / self.n_control
        with np.errstate(invalid="ignore"):
            return (a + b) ** 2 / (a**2 / (self.n - 1) + b**2 / (self.n_control - 1))

    def at(self, places: np.ndarray) -> ArmMoments:
        """Return those of some strata."""
        return ArmMoments(*(getattr(self, f.name)[places] for f in fields(self)))

    def overall(self, *, level: float = 0.95) -> Difference:
        """Return `mean_difference` of all strata."""
        return mean_difference(
            self.mean, self.variance, self.n, self.mean_control, self.variance_control, self.n_control, level=level
        )

    def heterogeneity(self) -> Heterogeneity:
        """Return `mean_heterogeneity` of the strata."""
        return mean_heterogeneity(self.difference, self.squared_errors, self.df)


def arm_moments(values: np.ndarray, control: np.ndarray, stratum: np.ndarray, n_strata: int) -> ArmMoments:
    """Count and average the customers of each arm and stratum.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
    control : ndarray of bool, shape (n,)
    stratum : ndarray of int, shape (n,)
        0 to n_strata - 1.
    n_strata : int
    """
    cell = 2 * stratum + control
    n = np.bincount(cell, minlength=2 * n_strata).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(cell, weights=values, minlength=2 * n_strata) / n
        variance = np.bincount(cell, weights=(values - mean[cell]) ** 2, minlength=2 * n_strata) / (n - 1)
    return ArmMoments(mean[0::2], variance[0::2], n[0::2], mean[1::2], variance[1::2], n[1::2])


def _cochran(difference: np.ndarray, variance: np.ndarray) -> float:
    weight = 1 / variance
    return float(weight @ (difference - weight @ difference / weight.sum()) ** 2)


def _limit(beyond: Callable[[float], float], value: float, end: float) -> float:
    """Return where a limit lies between the estimate and ``end``: where ``beyond`` turns from negative to positive."""
    # where no customer, or every one, had a success in both arms, the variance at the estimate itself is 0
    inside = value + 1e-9 * (end - value)
    if abs(end - value) < 1e-9 or beyond(inside) >= 0:
        return float(value)
    return float(brentq(beyond, inside, end, xtol=1e-14, rtol=1e-12)) if beyond(end) > 0 else end
