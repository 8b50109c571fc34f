"""Arms of a test, reassigned at random within strata: tests and intervals that hold however few and skewed values are.

A test by a formula (`seglib.stats.two_arms`) rests on the normal distribution of means. Of spend, which most customers
do not have and a few have much of, that takes hundreds of customers in the smaller arm. Here the distribution comes
from the experiment itself: had chance put other customers into the control group, what would have been seen?
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import skew

from seglib.stats.permutation import tail_p_value
from seglib.stats.two_arms import score_shares, score_variance

CUSTOMERS_PER_SQUARED_SKEWNESS = 25
"""Cochran (1977), *Sampling Techniques*, 3rd edition, section 2.15: with more than 25 G^2 values, G their skewness, a
95% interval by the normal distribution misses the mean in at most 6% of samples."""

EXPECTED_COUNT = 20
"""Cochran (1954, Biometrics 10(4)) trusts chi-square where 5 successes and 5 failures are expected in each arm; here
four times as many have to be, as p-values far below 5% are wanted too (Holm)."""

CERTAIN = 1e9
"""What a difference without any standard error counts as, in standard errors."""

AT_ONCE = 500
"""Up to so many customers, all divisions of a stratum are drawn in one call; with more, one call for each is faster."""

FARTHEST = 2.0**20
"""Limits of an interval are looked for up to so many standard errors away."""


def few_for_their_skewness(values: np.ndarray, control: np.ndarray, stratum: np.ndarray, n_strata: int) -> np.ndarray:
    """Say of which strata the smaller arm is too small for an interval by the normal distribution.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
    control : ndarray of bool, shape (n,)
    stratum : ndarray of int, shape (n,)
        0 to n_strata - 1.
    n_strata : int

    Returns
    -------
    ndarray of bool, shape (n_strata,)
        By Cochran's rule (`CUSTOMERS_PER_SQUARED_SKEWNESS`), with the skewness of both arms together: that of a small
        arm alone is taken too low, as it holds few of the large values.
    """
    too_few = np.zeros(n_strata, dtype=bool)
    for place in range(n_strata):
        rows = stratum == place
        x, arm = values[rows], control[rows]
        if len(x) and np.ptp(x) > 0:
            smaller = min(arm.sum(), (~arm).sum())
            too_few[place] = smaller <= CUSTOMERS_PER_SQUARED_SKEWNESS * skew(x) ** 2
    return too_few


def few_for_their_share(events: np.ndarray, n: np.ndarray, events_control: np.ndarray, n_control: np.ndarray) -> bool:
    """Say whether an arm of a stratum has too few successes, or failures, for a test by the normal distribution.

    Parameters
    ----------
    events, n, events_control, n_control : ndarray of float, shape (n_strata,)
        As in `seglib.stats.share_difference`.
    """
    share = (events + events_control) / (n + n_control)
    expected = np.minimum(n, n_control) * np.minimum(share, 1 - share)
    return bool((expected < EXPECTED_COUNT).any())


@dataclass(frozen=True)
class ReassignedArms:
    """What would have been seen with other arms of the same sizes, drawn at random within each stratum.

    Made by `reassign`. Sums are those of the control arm of each division; values are centred by stratum.

    Attributes
    ----------
    n, n_control : ndarray of float, shape (n_strata,)
    values, squares, treated, treated_values : ndarray of float, shape (1 + n_permutations, n_strata)
        Sums over the control arm of a division: of x, of x^2, of 1 and of x for those who truly were treated. The first
        row is the division that took place.
    totals : tuple of ndarray of float, shape (n_strata,)
        The same four sums over both arms.
    """

    n: np.ndarray
    n_control: np.ndarray
    values: np.ndarray
    squares: np.ndarray
    treated: np.ndarray
    treated_values: np.ndarray
    totals: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]

    def p_no_effect(self, strata: np.ndarray) -> float:
        """Return the p-value of no effect on anybody, over the strata given: twice that of the less likely side."""
        statistic = self._studentised(0.0, strata)
        sides = (tail_p_value(sign * statistic[0], sign * statistic[1:]) for sign in (-1, 1))
        return min(1.0, 2 * min(sides))

    def p_same_effect(self, effect: float) -> float:
        """Return the p-value of one and the same effect on everybody; NaN with one stratum.

        Parameters
        ----------
        effect : float
            The overall difference. It is taken from the treated first: under the hypothesis, arms are then alike.
        """
        if len(self.n) < 2:
            return float("nan")
        difference, variance = self._differences(effect, np.arange(len(self.n)))
        q = np.zeros(len(difference))
        varies = (variance > 0).all(axis=1)
        weight = 1 / variance[varies]
        d = difference[varies]
        mean = (weight * d).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
        q[varies] = (weight * (d - mean) ** 2).sum(axis=1)
        return tail_p_value(q[0], q[1:])

    def interval(self, strata: np.ndarray, *, level: float = 0.95) -> tuple[float, float]:
        """Return the effects that the test of reassigned arms does not reject, over the strata given.

        Parameters
        ----------
        strata : ndarray of int
        level : float, default=0.95
            Half of the rest on each side.

        Returns
        -------
        tuple of float
            Infinite where no effect is rejected on that side: the arms are too small for this level.

        Notes
        -----
        For every d, the test of one effect d on everybody: take d from the treated, and compare the difference over its
        standard error with that of reassigned arms. Each of its sums is a polynomial in d, so that no arm is drawn
        twice. Garthwaite (1996, Biometrics 52(4)) on intervals by inverted randomisation tests; over its standard
        error, the test also holds, with many customers, where the effect is not the same on everybody: Chung & Romano
        (2013, Annals of Statistics 41(2)).
        """
        difference, variance = self._differences(0.0, strata)
        weight = self._weight(strata)
        effect, se = float(difference[0] @ weight), float(np.sqrt(variance[0] @ weight**2))
        if not se > 0:
            return float("nan"), float("nan")
        return (
            _limit(lambda d: self.excess(d, strata, side=-1, level=level), effect, -se),
            _limit(lambda d: self.excess(d, strata, side=1, level=level), effect, se),
        )

    def excess(self, effect: float, strata: np.ndarray, *, side: int, level: float = 0.95) -> float:
        """Return by how much the test of one effect on everybody rejects it on one side; negative where it does not.

        Parameters
        ----------
        effect : float
        strata : ndarray of int
        side : {-1, 1}
            1: because the difference lies too far below the effect; -1: too far above.
        level : float, default=0.95
            Of the interval: half of the rest on each side.

        Returns
        -------
        float
            In standard errors.
        """
        statistic = side * self._studentised(effect, strata)
        return _low_quantile(statistic[1:], (1 - level) / 2) - float(statistic[0])

    def _weight(self, strata: np.ndarray) -> np.ndarray:
        size = (self.n + self.n_control)[strata]
        return size / size.sum()

    def _studentised(self, effect: float, strata: np.ndarray) -> np.ndarray:
        """Return the difference over its standard error of all divisions, after an effect was taken out."""
        difference, variance = self._differences(effect, strata)
        weight = self._weight(strata)
        value, squared = difference @ weight, variance @ weight**2
        sure = np.where(np.abs(value) > 1e-12, np.copysign(CERTAIN, value), 0.0)
        return np.divide(value, np.sqrt(squared), out=sure, where=squared > 0)

    def _differences(self, effect: float, strata: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return treated less control and its squared error by division and stratum, after an effect was taken out."""
        x, xx, a, ax = (total[strata] for total in self.totals)
        total, total_squares = x - effect * a, xx - 2 * effect * ax + effect**2 * a
        treated = self.treated[:, strata]
        part = self.values[:, strata] - effect * treated
        squares = self.squares[:, strata] - 2 * effect * self.treated_values[:, strata] + effect**2 * treated
        mean, squared = _moments(part, squares, self.n_control[strata])
        mean_treated, squared_treated = _moments(total - part, total_squares - squares, self.n[strata])
        return mean_treated - mean, squared + squared_treated


def reassign(
    values: np.ndarray, control: np.ndarray, stratum: np.ndarray, *, n_permutations: int, rng: np.random.Generator
) -> ReassignedArms:
    """Reassign the arms at random within each stratum.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
    control : ndarray of bool, shape (n,)
        At least two customers of each arm in each stratum.
    stratum : ndarray of int, shape (n,)
        0, 1, ...
    n_permutations : int
    rng : numpy.random.Generator
    """
    n_strata = int(stratum.max()) + 1
    order = np.argsort(stratum, kind="stable")
    arm, layer = control[order], stratum[order]
    size = np.bincount(layer, minlength=n_strata)
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    n_control = np.bincount(layer, weights=arm, minlength=n_strata).astype(int)
    x = values[order].astype(float)
    # centred, so that sums of squares lose no digits
    x = x - (np.bincount(layer, weights=x, minlength=n_strata) / size)[layer]
    columns = np.column_stack([x, x**2, ~arm, x * ~arm])
    totals = _sums(columns, layer, n_strata)
    sums = np.empty((1 + n_permutations, n_strata, 4))
    sums[0] = _sums(columns[arm], layer[arm], n_strata)
    for place, (begin, n, k) in enumerate(zip(start, size, n_control, strict=True)):
        # only the smaller arm is drawn: the other one is what is left
        part = _drawn_sums(columns[begin : begin + n], min(k, n - k), n_permutations, rng)
        sums[1:, place] = part if k <= n - k else totals[place] - part
    return ReassignedArms(
        (size - n_control).astype(float), n_control.astype(float), *np.moveaxis(sums, 2, 0), tuple(totals.T)
    )


def share_randomisation_p(
    events: np.ndarray,
    n: np.ndarray,
    events_control: np.ndarray,
    n_control: np.ndarray,
    *,
    n_permutations: int,
    rng: np.random.Generator,
) -> float:
    """Return the p-value of no difference of shares with arms reassigned at random within each stratum.

    Parameters
    ----------
    events, n, events_control, n_control : ndarray of float, shape (n_strata,)
        As in `seglib.stats.share_difference`; the statistic is its difference, on both sides.
    n_permutations : int
    rng : numpy.random.Generator

    Notes
    -----
    How many of the successes fall to the control arm is hypergeometric: no customer has to be drawn. With one stratum
    this is Fisher's exact test, but for chance.
    """
    weight = (n + n_control) / (n + n_control).sum()
    both = events + events_control
    drawn = rng.hypergeometric(
        both.astype(int), (n + n_control - both).astype(int), n_control.astype(int), size=(n_permutations, len(n))
    )
    null = np.abs(((both - drawn) / n - drawn / n_control) @ weight)
    return tail_p_value(abs(float(weight @ (events / n - events_control / n_control))), null)


def share_heterogeneity_p(
    events: np.ndarray,
    n: np.ndarray,
    events_control: np.ndarray,
    n_control: np.ndarray,
    *,
    n_simulations: int,
    rng: np.random.Generator,
) -> float:
    """Return the p-value of Cochran's Q of shares by simulation.

    Parameters
    ----------
    events, n, events_control, n_control : ndarray of float, shape (n_strata,)
        As in `seglib.stats.share_heterogeneity`.
    n_simulations : int
    rng : numpy.random.Generator

    Returns
    -------
    float
        NaN where there is no Q.

    Notes
    -----
    A parametric bootstrap (Davison & Hinkley, 1997, *Bootstrap Methods and their Application*, section 4.2.3): both
    arms are drawn anew with the shares of maximum likelihood under the hypothesis, one difference everywhere. In arms
    with few successes Q takes few values, and chi-square describes them badly.
    """
    size = n + n_control

    def q(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        difference = x / n - y / n_control
        common = difference @ (size / size.sum())
        variance = score_variance(x, n, y, n_control, common[:, None])
        weight = np.divide(1.0, variance, out=np.zeros_like(variance), where=variance > 0)
        mean = (weight * difference).sum(axis=1, keepdims=True) / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
        return np.where((variance > 0).all(axis=1), (weight * (difference - mean) ** 2).sum(axis=1), 0.0)

    observed = q(events[None], events_control[None])[0]
    common = float((events / n - events_control / n_control) @ (size / size.sum()))
    control = score_shares(events, n, events_control, n_control, common)
    drawn_control = rng.binomial(n_control.astype(int), control, size=(n_simulations, len(n)))
    drawn = rng.binomial(n.astype(int), np.clip(control + common, 0, 1), size=(n_simulations, len(n)))
    return tail_p_value(observed, q(drawn.astype(float), drawn_control.astype(float)))


def _sums(columns: np.ndarray, layer: np.ndarray, n_strata: int) -> np.ndarray:
    """Return the sum of every column by stratum, shape (n_strata, n_columns)."""
    return np.column_stack([np.bincount(layer, weights=column, minlength=n_strata) for column in columns.T])


def _drawn_sums(columns: np.ndarray, k: int, n_draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return the sums over k rows that are drawn at random, so many times; shape (n_draws, n_columns)."""
    n = len(columns)
    if n <= AT_ONCE:
        rows = rng.permuted(np.broadcast_to(np.arange(n), (n_draws, n)), axis=1)[:, :k]
        return columns[rows].sum(axis=1)
    draws = (rng.choice(n, k, replace=False, shuffle=False) for _ in range(n_draws))
    return np.array([columns.take(rows, axis=0).sum(axis=0) for rows in draws]).reshape(n_draws, columns.shape[1])


def _moments(total: np.ndarray, squares: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and squared standard error of an arm."""
    squared = (squares - total**2 / n) / ((n - 1) * n)
    # what rounding leaves of a variance of 0
    return total / n, np.where(squared > 1e-12 * np.abs(squares) / n**2, squared, 0.0)


def _low_quantile(values: np.ndarray, rank: float) -> float:
    """Return a quantile so that, of n + 1 exchangeable values, one in 1 / rank lies below it (Weibull's definition)."""
    place = rank * (len(values) + 1) - 1
    below = int(np.clip(np.floor(place), 0, len(values) - 2))
    low, high = np.partition(values, (below, below + 1))[below : below + 2]
    return float(low if place <= below else low + (place - below) * (high - low))


def _limit(beyond: Callable[[float], float], effect: float, step: float) -> float:
    """Return where d turns from accepted to rejected, from the effect on in the direction of ``step``."""
    near, far = effect, effect + 2 * step
    while beyond(far) <= 0:
        near, far = far, effect + 2 * (far - effect)
        if abs(far - effect) > FARTHEST * abs(step):
            return float(np.sign(step) * np.inf)
    if beyond(near) > 0:
        return near
    tolerance = 1e-5 * abs(step)
    end = float(brentq(beyond, near, far, xtol=tolerance))
    # rounded outwards; where customers who spent nothing are all that one arm has, an interval ends exactly at 0
    return 0.0 if abs(end) <= 2 * tolerance else end + float(np.copysign(tolerance, step))
