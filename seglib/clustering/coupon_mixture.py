"""How coupons come about in a group: how many and until when, how many are burned, after how long, for how much.

Each part is a distribution of counts and sums in which customers of one group differ, too. So two coupons say less than
twenty: with few coupons the density is wide in every group.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import betaln, digamma, gammaln, zeta

N_FRACTIONS = 16
"""Number of shares of the time observed after which a customer may have stopped."""

FRACTIONS = np.arange(1, N_FRACTIONS + 1) / N_FRACTIONS
"""The shares themselves; 1 is a customer who is still active."""

STOP_PRIOR = 1.0
"""Customers that an even distribution over `FRACTIONS` counts for in every group."""

LEAST_PARAMETER = 1e-3
"""Least value of a parameter."""

LONGEST_STEP = 1.5
"""Longest Newton step, in the logarithm of a parameter."""

LEAST_SIZE = 1e-3
"""Customers that a group must have for its parameters to be moved."""

USUAL_SHAPE, SHAPE_SPREAD = 20.0, 1.0
"""Prior of the shape of a distribution between customers of one group: median, and standard deviation of its logarithm.
EM starts at the median. A shape of 20 is a coefficient of variation of 22%."""

NEVER = -1e300
"""Log density of what cannot be."""


class ActivityParams(NamedTuple):
    """Gamma distribution of the rate of each group (shape, and rate in months), and probabilities of `FRACTIONS`."""

    shape: np.ndarray
    rate: np.ndarray
    stop: np.ndarray


@dataclass(frozen=True)
class Activity:
    """The number of coupons and the time of the last one, given how long a customer was observed.

    A customer claims coupons as a Poisson process with a rate of their own until they stop. Rates are gamma distributed
    within a group, so counts are negative binomial; the share of the time observed after which customers stop is one of
    `FRACTIONS`, with probabilities that depend on the group.

    Attributes
    ----------
    events : ndarray of float, shape (n_rows,)
        Number of coupons; where customers are observed from their first coupon on, of those after it.
    months : ndarray of float, shape (n_rows,)
        Time observed.
    last : ndarray of float, shape (n_rows,)
        Months from the beginning to the last coupon.
    truncated : bool
        Whether customers without an event are not among the rows.

    Notes
    -----
    The lapse follows the idea of the Pareto/NBD and BG/NBD models (Schmittlein, Morrison & Colombo 1987, Management
    Science 33(1); Fader, Hardie & Lee 2005, Marketing Science 24(2)). Here the time of stopping is not exponential but
    discrete, so that the likelihood is a finite sum and groups may differ in it in any way.
    """

    events: np.ndarray
    months: np.ndarray
    last: np.ndarray
    truncated: bool = True

    @cached_property
    def active(self) -> np.ndarray:
        """Months until each of the possible stops, shape (n_rows, n_fractions)."""
        return self.months[:, None] * FRACTIONS

    @cached_property
    def cells(self) -> tuple[np.ndarray, np.ndarray]:
        """The different numbers of events, and the place of each row among them."""
        return np.unique(self.events, return_inverse=True)

    @cached_property
    def impossible(self) -> np.ndarray:
        """`NEVER` where a customer had a coupon after the stop, else 0; shape (n_rows, n_fractions)."""
        late = (self.last[:, None] > self.active + 1e-9) & (self.events > 0)[:, None]
        late[:, -1] = False  # a customer who is active until the end can have had a coupon at any time
        return np.where(late, NEVER, 0.0)

    @cached_property
    def fixed(self) -> np.ndarray:
        """The terms of the log density that depend on no parameter."""
        x, t = self.events, np.maximum(self.last, 1e-3)
        # of x events that are uniform over the active time A the last has density x t^(x-1) / A^x; the power of A
        # cancels with that of the negative binomial probability of x
        return np.where(x > 0, np.log(np.maximum(x, 1)) + (x - 1) * np.log(t), 0.0) - gammaln(x + 1)

    def first(self, weights: np.ndarray) -> ActivityParams:
        """Return `USUAL_SHAPE`, the rates of the segments, and the stops that the last coupons suggest."""
        # of x coupons at random times the last lies, on average, x / (x + 1) of the active time after the beginning
        guess = np.clip(self.last / self.months * (1 + 1 / np.maximum(self.events, 1)), 0, 1)
        place = np.clip(np.ceil(guess * N_FRACTIONS).astype(int) - 1, 0, N_FRACTIONS - 1)
        stop = np.stack([np.bincount(place, column, N_FRACTIONS) for column in weights.T])
        mean = (weights.T @ self.events + 0.5) / (weights.T @ (self.months * FRACTIONS[place]) + 1e-9)
        shape = np.full(weights.shape[1], USUAL_SHAPE)
        return ActivityParams(shape, shape / mean, _with_prior(stop))

    def expect(self, params: ActivityParams) -> tuple[np.ndarray, list]:
        """Return the log density of each row in each group, and the distribution of the stop given each row."""
        x = self.events
        density, expected = np.empty((len(x), len(params.shape))), []
        for group, (shape, rate, stop) in enumerate(zip(*params, strict=True)):
            # log(1 + A / rate), not log(rate + A) - log(rate): where customers are alike, rate is large
            growth = np.log1p(self.active / rate)
            joint = np.log(stop) - (shape + x)[:, None] * growth + self.impossible
            top = joint.max(axis=1, keepdims=True)
            given = np.exp(joint - top)
            total = given.sum(axis=1, keepdims=True)
            given /= total
            values, place = self.cells
            of_events = gammaln(shape + values) - gammaln(shape) - values * np.log(rate)
            none = np.exp(-shape * growth) * stop if self.truncated else np.zeros_like(growth)
            no_event = np.minimum(none.sum(axis=1), 1 - 1e-12)
            density[:, group] = (top + np.log(total))[:, 0] + of_events[place] + self.fixed - np.log1p(-no_event)
            expected.append((growth, given, none, no_event))
        return density, expected

    def update(self, params: ActivityParams, weights: np.ndarray, expected: list) -> ActivityParams:
        """Return stops that fit those expected of the rows, and gamma distributions after a Newton step."""
        updated = []
        for group, (growth, given, none, no_event) in enumerate(expected):
            seen = weights[:, group, None] * given
            # Customers without an event are not among the rows. Each row stands for P(none) / P(some) of them, which
            # had the same time and are completed like any missing data (Dempster, Laird & Rubin 1977, section 4.2).
            unseen = (weights[:, group] / (1 - no_event))[:, None] * none
            start = np.array([params.shape[group], params.rate[group]])
            rates = self._rates(start, growth, seen, unseen)
            updated.append((*rates, (seen + unseen).sum(axis=0)))
        shape, rate, stop = (np.array(column) for column in zip(*updated, strict=True))
        return ActivityParams(shape, rate, _with_prior(stop))

    def _rates(self, start: np.ndarray, growth: np.ndarray, seen: np.ndarray, unseen: np.ndarray) -> np.ndarray:
        """Return shape and rate of one group's gamma distribution: the stops are missing data, the rates are not."""
        shape, rate = start
        x, place = self.cells
        customers = seen + unseen
        events = seen * self.events[:, None]
        of_cell = np.bincount(place, seen.sum(axis=1), len(x))
        size, n_events = customers.sum(), of_cell @ x
        if size < LEAST_SIZE:
            return start

        def likelihood(theta: np.ndarray) -> float:
            a, b = theta
            grown = growth if theta is start else np.log1p(self.active / b)
            of_events = of_cell @ (gammaln(a + x) - gammaln(a)) - n_events * np.log(b)
            # np.vdot: a sum of products, without an array in between
            return float(of_events - a * np.vdot(customers, grown) - np.vdot(events, grown) + shape_prior(a)[0])

        inverse = 1 / (rate + self.active)
        exponent = shape * customers + events
        gone = np.vdot(exponent, inverse)
        gradient = np.array(
            [
                of_cell @ (digamma(shape + x) - digamma(shape)) - np.vdot(customers, growth),
                size * shape / rate - gone,
            ]
        )
        mixed = size / rate - np.vdot(customers, inverse)
        curved = of_cell @ (trigamma(shape + x) - trigamma(shape))
        last = np.vdot(exponent, inverse**2) - size * shape / rate**2
        hessian = np.array([[curved, mixed], [mixed, last]])
        gradient[0] += shape_prior(shape)[1]
        hessian[0, 0] += shape_prior(shape)[2]
        return newton_step(start, likelihood, gradient, hessian, size)

    def log_prior(self, params: ActivityParams) -> float:
        """Return the log density of the Dirichlet distributions of the stops, and of the priors of the shapes."""
        return float(STOP_PRIOR / N_FRACTIONS * np.log(params.stop).sum() + shape_prior(params.shape)[0].sum())

    def draw(
        self, params: ActivityParams, group: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw the events and the time of the last one of customers whose group and time observed are given.

        Parameters
        ----------
        params : ActivityParams
        group : ndarray of int, shape (n_rows,)
        rng : numpy.random.Generator

        Returns
        -------
        events, last : ndarray of float, shape (n_rows,)
            ``last`` is 0 where there is no event.
        """
        events, active = np.zeros(len(group)), np.zeros(len(group))
        missing = np.arange(len(group))
        for _ in range(1000 if self.truncated else 1):  # whoever has no event is drawn again, as no such row exists
            of = group[missing]
            stop = (rng.random(len(of))[:, None] > params.stop.cumsum(axis=1)[of]).sum(axis=1)
            active[missing] = self.months[missing] * FRACTIONS[np.minimum(stop, N_FRACTIONS - 1)]
            rate = rng.gamma(params.shape[of]) / params.rate[of]
            events[missing] = rng.poisson(rate * active[missing])
            missing = missing[events[missing] == 0]
            if not len(missing):
                break
        if self.truncated:
            events[missing] = 1
        last = active * rng.beta(np.maximum(events, 1), 1)
        return events, np.where(events > 0, last, 0.0)


def _with_prior(stop: np.ndarray) -> np.ndarray:
    stop = stop + STOP_PRIOR / N_FRACTIONS
    return stop / stop.sum(axis=1, keepdims=True)


def trigamma(x: np.ndarray) -> np.ndarray:
    """Return the derivative of the digamma function, a Hurwitz zeta function; `scipy.special.polygamma` is slower."""
    return zeta(2, x)


def shape_prior(shape: float) -> tuple[float, float, float]:
    """Return the log density of the prior of a shape, up to a constant, and its first and second derivative.

    Notes
    -----
    Segments are cut out of their neighbourhood, so EM starts from groups that are more alike than they are, and a shape
    that has gone to infinity does not come back. A weak prior keeps it from there (Chung, Rabe-Hesketh, Dorie, Gelman &
    Liu 2013, Psychometrika 78(4), for variance components).
    """
    distance = np.log(shape / USUAL_SHAPE) / SHAPE_SPREAD**2
    return (
        -0.5 * distance**2 * SHAPE_SPREAD**2,
        -distance / shape,
        (distance - 1 / SHAPE_SPREAD**2) / shape**2,
    )


def newton_step(
    start: np.ndarray,
    likelihood: Callable[[np.ndarray], float],
    gradient: np.ndarray,
    hessian: np.ndarray,
    size: float,
) -> np.ndarray:
    """Return positive parameters that are no less likely: one safeguarded Newton step in their logarithms.

    Parameters
    ----------
    start : ndarray of float, shape (n_params,)
    likelihood : callable
    gradient, hessian : ndarray of float, shapes (n_params,) and (n_params, n_params)
        First and second derivatives of the log-likelihood at ``start``, by the parameters themselves.
    size : float
        Number of rows that the log-likelihood is the sum of.

    Notes
    -----
    A customer's rate could be taken for missing data, as the group is; the step would be simpler, but it would take
    hundreds of steps to find out how much of the variance lies within customers and how much between them.
    """
    # a direction in which the likelihood is not concave is turned round, so that the step always leads uphill
    slope = gradient * start
    values, vectors = np.linalg.eigh(hessian * np.outer(start, start) + np.diag(slope))
    direction = vectors @ ((vectors.T @ slope) / np.maximum(np.abs(values), 1e-6 * size))
    direction *= min(1.0, LONGEST_STEP / np.abs(direction).max(initial=1e-12))
    before = likelihood(start)
    for halving in range(8):
        candidate = np.clip(start * np.exp(direction / 2**halving), LEAST_PARAMETER, None)
        if likelihood(candidate) >= before:
            return candidate
    return start


@dataclass(frozen=True)
class Burned:
    """How many of the coupons that are old enough to judge were burned: beta-binomial in each group.

    Attributes
    ----------
    burned, matured : ndarray of int, shape (n_rows,)
    """

    burned: np.ndarray
    matured: np.ndarray

    @cached_property
    def cells(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The different pairs of counts, and the number of each row's pair: densities are computed once a pair."""
        pairs, cell = np.unique(np.stack([self.burned, self.matured], axis=1), axis=0, return_inverse=True)
        return pairs[:, :1].astype(float), pairs[:, 1:].astype(float), cell.reshape(-1)

    def first(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return both parameters of the Beta distribution of each group: its burn rate, and `USUAL_SHAPE`."""
        mean = (weights.T @ self.burned + 0.5) / (weights.T @ self.matured + 1)
        return USUAL_SHAPE * mean, USUAL_SHAPE * (1 - mean)

    def expect(self, params: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, None]:
        """Return the log probability of each row's counts."""
        x, n, cell = self.cells
        a, b = params
        ways = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
        return (ways + betaln(x + a, n - x + b) - betaln(a, b))[cell], None

    def update(self, params, weights: np.ndarray, expected: None) -> tuple[np.ndarray, np.ndarray]:
        """Return parameters after a Newton step."""
        x, _, cell = self.cells
        pairs = np.stack(params, axis=1)
        counts = np.stack([np.bincount(cell, column, len(x)) for column in weights.T])
        return tuple(np.array([self._step(start, w) for start, w in zip(pairs, counts, strict=True)]).T)

    def _step(self, start: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the parameters of one group with a greater weighted log-likelihood, if a step finds one."""
        x, n = (counts[:, 0] for counts in self.cells[:2])
        size = weights @ (n > 0)
        if size < LEAST_SIZE:
            return start
        a, b = start

        def likelihood(theta: np.ndarray) -> float:
            fitted = weights @ (betaln(x + theta[0], n - x + theta[1]) - betaln(*theta))
            return float(fitted + shape_prior(theta.sum())[0])

        both = weights @ (digamma(n + a + b) - digamma(a + b))
        both_slope = weights @ (trigamma(n + a + b) - trigamma(a + b))
        gradient = np.array(
            [weights @ (digamma(x + a) - digamma(a)) - both, weights @ (digamma(n - x + b) - digamma(b)) - both]
        )
        slopes = [
            weights @ (trigamma(x + a) - trigamma(a)),
            weights @ (trigamma(n - x + b) - trigamma(b)),
        ]
        _, first, second = shape_prior(a + b)
        return newton_step(start, likelihood, gradient + first, np.diag(slopes) - both_slope + second, size)

    def log_prior(self, params: tuple[np.ndarray, np.ndarray]) -> float:
        """Return the log density of the priors of the sizes a + b."""
        return float(shape_prior(params[0] + params[1])[0].sum())

    def draw(self, params, group: np.ndarray, rng: np.random.Generator, matured: np.ndarray) -> np.ndarray:
        """Draw how many of other numbers of coupons are burned."""
        a, b = params
        return rng.binomial(matured.astype(int), rng.beta(a[group], b[group]))


class TotalParams(NamedTuple):
    """Shape of a single value; shape and rate of the gamma distribution of a customer's rate, for each group."""

    within: np.ndarray
    shape: np.ndarray
    rate: np.ndarray


@dataclass(frozen=True)
class Totals:
    """The sum of positive values, given their number: days to burn, or money.

    A single value is gamma distributed with a rate that is the customer's own; rates are gamma distributed in a group.

    Attributes
    ----------
    total : ndarray of float, shape (n_rows,)
    number : ndarray of float, shape (n_rows,)
        Rows with number 0 say nothing.

    Notes
    -----
    The gamma-gamma model (Fader & Hardie 2013, "The Gamma-Gamma Model of Monetary Value"): with within-customer shape
    c and Gamma(g, h) rates, the sum L of b values has density
    Γ(cb + g) / (Γ(cb) Γ(g)) h^g L^(cb - 1) / (h + L)^(cb + g).
    """

    total: np.ndarray
    number: np.ndarray

    @cached_property
    def some(self) -> np.ndarray:
        """The numbers of the rows with a value."""
        return np.flatnonzero(self.number > 0)

    @cached_property
    def cells(self) -> tuple[np.ndarray, np.ndarray]:
        """The different numbers of values, and the place of each row among them."""
        return np.unique(self.number[self.some], return_inverse=True)

    def first(self, weights: np.ndarray) -> TotalParams:
        """Return shapes that make single values vary much and customers little, and the mean of the segments."""
        k = weights.shape[1]
        mean = (weights.T @ (self.total * (self.number > 0)) + 1e-6) / (weights.T @ self.number + 1e-6)
        within, shape = np.full(k, 2.0), np.full(k, USUAL_SHAPE)
        return TotalParams(within, shape, mean * (shape - 1) / within)

    def expect(self, params: TotalParams) -> tuple[np.ndarray, None]:
        """Return the log density of each row's sum; 0 for rows without a value."""
        density = np.zeros((len(self.total), len(params.within)))
        if not len(self.some):
            return density, None
        number, place = self.cells
        c, g, h = params
        of_number = gammaln(c * number[:, None] + g) - gammaln(c * number[:, None]) - gammaln(g)
        total, exponent = self.total[self.some, None], c * self.number[self.some, None]
        # g log(h / (h + L)) + cb log(L / (h + L)): stable for large h
        share = -g * np.log1p(total / h) + exponent * (np.log(total) - np.log(total + h)) - np.log(total)
        density[self.some] = of_number[place] + share
        return density, None

    def update(self, params: TotalParams, weights: np.ndarray, expected: None) -> TotalParams:
        """Return parameters after a Newton step."""
        k = weights.shape[1]
        steps = [self._step(np.array([p[group] for p in params]), weights[self.some, group]) for group in range(k)]
        return TotalParams(*np.stack(steps, axis=1))

    def _step(self, start: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return within, shape and rate of one group with a greater weighted log-likelihood, if a step finds one."""
        number, place = self.cells
        total, n = self.total[self.some], self.number[self.some]
        of_cell = np.bincount(place, weights, len(number))
        n_log_total = (weights * n * np.log(total)).sum()
        size = of_cell.sum()
        if size < LEAST_SIZE:
            return start

        def likelihood(theta: np.ndarray) -> float:
            c, g, h = theta
            of_number = gammaln(c * number + g) - gammaln(c * number) - gammaln(g) + g * np.log(h)
            fitted = of_cell @ of_number + c * n_log_total - ((c * n + g) * weights) @ np.log(h + total)
            return float(fitted + shape_prior(g)[0])

        c, g, h = start
        log_sum, inverse = weights * np.log(h + total), weights / (h + total)
        log_sum_n, inverse_n, posterior = (log_sum * n).sum(), (inverse * n).sum(), c * n + g
        both, both_slope = digamma(c * number + g), trigamma(c * number + g)
        gradient = np.array(
            [
                of_cell @ (number * (both - digamma(c * number))) + n_log_total - log_sum_n,
                of_cell @ (both - digamma(g)) + size * np.log(h) - log_sum.sum(),
                size * g / h - (posterior * inverse).sum(),
            ]
        )
        hessian = np.empty((3, 3))
        hessian[0, 0] = of_cell @ (number**2 * (both_slope - trigamma(c * number)))
        hessian[0, 1] = hessian[1, 0] = of_cell @ (number * both_slope)
        hessian[0, 2] = hessian[2, 0] = -inverse_n
        hessian[1, 1] = of_cell @ both_slope - size * trigamma(g)
        hessian[1, 2] = hessian[2, 1] = size / h - inverse.sum()
        hessian[2, 2] = -size * g / h**2 + (posterior * inverse / (h + total)).sum()
        gradient[1] += shape_prior(g)[1]
        hessian[1, 1] += shape_prior(g)[2]
        return newton_step(start, likelihood, gradient, hessian, size)

    def log_prior(self, params: TotalParams) -> float:
        """Return the log density of the priors of the shapes."""
        return float(shape_prior(params.shape)[0].sum())

    def draw(self, params: TotalParams, group: np.ndarray, rng: np.random.Generator, number: np.ndarray) -> np.ndarray:
        """Draw the sums of other numbers of values; 0 where there is no value."""
        rate = rng.gamma(params.shape[group]) / params.rate[group]
        return np.where(number > 0, rng.gamma(np.maximum(params.within[group] * number, 1e-9)) / rate, 0.0)


DAYS_PER_MONTH = 365.25 / 12

COUPON_PARTS = ("activity", "burned", "lag", "spend")
"""Names of the parts that `coupon_parts` makes."""

OF_ACTIVITY = frozenset({"coupons_per_month", "recency_days", "n_coupons"})
"""Features that `Activity` stands for."""


def coupon_parts(features: pd.DataFrame, sources: Collection[str]) -> dict[str, Activity | Burned | Totals]:
    """Return the parts of a mixture that stand for those sources of a matrix that come from coupons.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer, the columns of ``features.parquet``.
    sources : collection of str
        Features that the matrix is made from.

    Returns
    -------
    dict of str to part
        activity, burned, lag and spend, as far as the sources need them and the shop records them. Empty where there
        are no transactions.
    """
    parts = {}
    if features["n_coupons"].isna().any():
        return parts
    number = features["n_coupons"].to_numpy(float)
    if OF_ACTIVITY.intersection(sources):
        parts["activity"] = _activity_of(features, number)
    if {"burn_rate", "never_burned"}.intersection(sources) and features["n_matured"].notna().all():
        burned, matured = features["n_matured_burned"].to_numpy(int), features["n_matured"].to_numpy(int)
        parts["burned"] = Burned(burned, matured)
    if "days_to_burn" in sources and features["lag_days"].notna().all():
        burned = features["n_matured_burned"].to_numpy(float)
        # a day is what has begun: half a day more makes the time of a burn on the day of its claim positive
        parts["lag"] = Totals(features["lag_days"].to_numpy(float) + 0.5 * burned, burned)
    if "spend_per_month" in sources and (features["spend"] > 0).all():
        parts["spend"] = Totals(features["spend"].to_numpy(float), number)
    return parts


def _activity_of(features: pd.DataFrame, number: np.ndarray) -> Activity:
    """Return the part of counts; where no day of joining is known, customers are observed from the first coupon on."""
    months = features["months_observed"].to_numpy(float)
    since = (features["tenure_days"] - features["recency_days"]).to_numpy(float)
    last = np.clip((since + 0.5) / DAYS_PER_MONTH, 0, months)
    once = number == 1
    if once.any() and (since[once] <= 0).all():
        return Activity(number - 1, months, last, truncated=False)
    return Activity(number, months, last)


def stands_for(parts: Collection[str]) -> set[str]:
    """Return the features of which `draw_coupons` makes new values for parts of these names; other parts have none."""
    features = {
        "activity": OF_ACTIVITY,
        "burned": {"burn_rate", "never_burned"},
        "lag": {"days_to_burn"},
        "spend": {"spend_per_month", "spend"},
    }
    return set().union(*(features[part] for part in parts if part in features))


def draw_coupons(
    features: pd.DataFrame,
    parts: Mapping[str, Activity | Burned | Totals],
    params: Mapping[str, Any],
    group: np.ndarray,
    shrinkage: Mapping[str, float | None],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Draw what customers of given groups do, who are observed for as long as those of a table.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer.
    parts : mapping
        From `coupon_parts`, of the same rows.
    params : mapping
        The fitted parameters of each part.
    group : ndarray of int, shape (n_rows,)
    shrinkage : mapping of str to float or None
        By what rates and means are shrunk (`seglib.study.Study.shrinkage`).
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        The same rows, with new values of the features that the parts stand for and of the counts they are made of.
    """
    new = features.copy()
    number, months = features["n_coupons"].to_numpy(float), features["months_observed"].to_numpy(float)
    matured = features["n_matured"].fillna(0).to_numpy(float)
    if "activity" in parts:
        events, last = parts["activity"].draw(params["activity"], group, rng)
        share = matured / number
        number = events if parts["activity"].truncated else events + 1
        # how many coupons are old enough to judge depends on the calendar: the same share as of the customer before
        matured = rng.binomial(number.astype(int), np.clip(share, 0, 1)).astype(float)
        tenure = features["tenure_days"].to_numpy(float)
        new["n_coupons"] = number
        new["coupons_per_month"] = number / months
        new["recency_days"] = np.clip(np.ceil(tenure - last * DAYS_PER_MONTH), 0, np.maximum(tenure, 0))
    burned = features["n_matured_burned"].fillna(0).to_numpy(float)
    if "burned" in parts:
        burned = parts["burned"].draw(params["burned"], group, rng, matured).astype(float)
        new["n_matured"], new["n_matured_burned"] = matured, burned
        new["burn_rate"] = _shrunk(burned, matured, shrinkage["burn_mean"], shrinkage["burn_reliability"])
        new["never_burned"] = np.where(matured > 0, (burned == 0).astype(float), np.nan)
    if "lag" in parts:
        total = parts["lag"].draw(params["lag"], group, rng, burned)
        days = np.clip(np.round(total - 0.5 * burned), 0, None)
        new["n_matured_burned"], new["lag_days"] = burned, days
        new["days_to_burn"] = _shrunk(days, burned, shrinkage["lag_mean"], shrinkage["lag_reliability"])
    if "spend" in parts:
        new["spend"] = parts["spend"].draw(params["spend"], group, rng, number)
        new["spend_per_month"] = new["spend"] / months
    return new


def _shrunk(total: np.ndarray, number: np.ndarray, mean: float, reliability: float) -> np.ndarray:
    """Shrink a mean as ``seglib/sql/features.sql`` does."""
    return ((1 - reliability) * mean + reliability * total) / ((1 - reliability) + reliability * number)
