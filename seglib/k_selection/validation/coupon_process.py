"""Coupons that come from the traits of customers: one simulated shop, and what is observed of its customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtr

from seglib.k_selection.validation.coupon_history import CouponHistory, window_of

DAYS_PER_MONTH = 365.25 / 12

MOST_REDRAWS = 50
"""Customers without a coupon are drawn again, at most so often; then they get one."""

LAPSE_Z = -2.326
"""Customers lapse if their silence is that improbable: the 1% point of the normal distribution."""

MOST_PRIOR = 20.0
"""Observations that the mean of all customers counts for at most, in the statistics that are matched."""

SEASON_PRIOR = 20
"""Coupons of average burning that are added to those of a season, so that few coupons make no season."""

FEWEST_RATIOS = 50
"""Values of customers with two or more, from which on the spread within customers is taken from them alone."""


@dataclass(frozen=True)
class Traits:
    """One multivariate normal cloud of customer traits.

    Attributes
    ----------
    names : tuple of str
        Of ``rate`` (log of claims per unit of the clock), ``burn`` (log odds of burning a coupon), ``lag`` (log of the
        mean days to burn), ``amount`` (log of the mean amount of a transaction) and ``life`` (log of the days from
        joining to the last activity): those that the shop records and needs.
    mean : ndarray, shape (n_traits,)
    covariance : ndarray, shape (n_traits, n_traits)
    effects : ndarray, shape (n_columns, n_traits)
        How the means move with columns that coupons do not change, such as gender.
    along : ndarray, shape (n_traits,)
        The direction in which customers differ most, in standard deviations of the traits.
    bend : ndarray, shape (n_traits,)
        By how much the cloud is bent: the coefficient of the squared place along this direction (standardised).
    """

    names: tuple[str, ...]
    mean: np.ndarray
    covariance: np.ndarray
    effects: np.ndarray
    along: np.ndarray
    bend: np.ndarray

    @property
    def root(self) -> np.ndarray:
        """A square root of the covariance: standard normal rows times its transpose have it."""
        values, vectors = np.linalg.eigh(self.covariance)
        return vectors * np.sqrt(np.maximum(values, 0))

    def drawn(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw how far customers are from their centre, shape (n, n_traits)."""
        straight = rng.standard_normal((n, len(self.names))) @ self.root.T
        return straight + squared(straight @ self.direction)[:, None] * self.bend

    @property
    def direction(self) -> np.ndarray:
        """The weights of the traits that give the place along the direction, with variance 1."""
        weights = self.along / np.sqrt(np.diag(self.covariance))
        return weights / np.sqrt(max(weights @ self.covariance @ weights, 1e-12))


def squared(place: np.ndarray) -> np.ndarray:
    """Return the square of standard normal numbers, with mean 0 and variance 1."""
    return (place**2 - 1) / np.sqrt(2)


@dataclass(frozen=True)
class SimulatedCoupons:
    """The traits of all customers, and their coupons.

    Attributes
    ----------
    trait : ndarray, shape (n_customers, n_traits)
    owner, claimed : ndarray of int, shape (n_coupons,)
        Place of the customer, and day of the claim.
    matured, burned : ndarray of bool, shape (n_coupons,)
        Whether a coupon is old enough to judge, and whether it was burned by the last day.
    lag, amount : ndarray of float, shape (n_coupons,)
        Days from claim to burn, and money; NaN and 0 where a shop records none.
    """

    trait: np.ndarray
    owner: np.ndarray
    claimed: np.ndarray
    matured: np.ndarray
    burned: np.ndarray
    lag: np.ndarray
    amount: np.ndarray


class CouponProcess:
    """How coupons arise in a shop, given what each customer is like.

    Parameters
    ----------
    history : CouponHistory
        Exposure, calendar, season of burning, and the spread of days and amounts within customers are those of the
        shop.
    shrinkage : mapping of str to float or None
        The numbers by which the shop's burn rate and days to burn are shrunk.

    Attributes
    ----------
    names : tuple of str
        The traits that the shop records.
    observed : ndarray, shape (n_customers, n_traits)
        `statistics` of the shop itself.
    """

    def __init__(self, history: CouponHistory, shrinkage: Mapping[str, float | None]) -> None:
        self.history, self._shrinkage = history, dict(shrinkage)
        amount = history.coupons["amount"].to_numpy(dtype=float)
        has_amount = bool(np.isfinite(amount).any())
        amount = np.nan_to_num(amount)
        matured = np.flatnonzero(history.matured)
        dated = matured[history.burned[matured] & ~np.isnan(history.lag[matured])]
        self._months = np.maximum((history.n_days - 1 - history.joined) / DAYS_PER_MONTH, 1.0)
        self._window = window_of(history)
        self._season = _season(history)
        self._lag_ratios = _ratios_within(history.owner[dated], history.lag[dated])
        self._longest_lag = float(history.lag[dated].max(initial=0.0))
        # Money often comes only with burned coupons: then how much depends on burning.
        self._paid_by_burning = bool(history.burned.any()) and not amount[~history.burned].any()
        paid = history.burned if self._paid_by_burning else np.ones(len(amount), dtype=bool)
        self._amount_ratios = _ratios_within(history.owner[paid], amount[paid])
        recorded = {
            "rate": True,
            "burn": len(matured) > 0,
            "lag": len(dated) > 1,
            "amount": has_amount,
            "life": _customers_lapse(history),
        }
        self.names = tuple(name for name, is_recorded in recorded.items() if is_recorded)
        shop = SimulatedCoupons(
            np.empty((0, 0)), history.owner, history.claimed, history.matured, history.burned, history.lag, amount
        )
        self.observed = self.statistics(shop)
        self._first_guess = {
            "rate": np.log(len(history.owner) / (history.clock[-1] - history.clock[history.joined]).sum()),
            "burn": logit(np.clip(history.burned[matured].mean(), 0.01, 0.99)) if len(matured) else 0.0,
            "lag": np.log(max(history.lag[dated].mean(), 0.5)) if len(dated) else 0.0,
            "amount": np.log(max(amount[paid].mean(), 1e-3)) if has_amount else 0.0,
            "life": np.log(2.0 * history.n_days),
        }

    def first_guess(self, n_columns: int) -> Traits:
        """Return traits to start from: means of all customers, some spread, no correlation."""
        n = len(self.names)
        mean = np.array([self._first_guess[name] for name in self.names])
        return Traits(self.names, mean, 0.25 * np.eye(n), np.zeros((n_columns, n)), np.zeros(n), np.zeros(n))

    def clock_of(self, traits: Traits) -> np.ndarray:
        """Return the clock of a customer who does not lapse: claims of each day for every customer still active.

        The clock of the history counts everybody who ever joined as present. Where customers lapse, it slows down
        because they do, and lapse would count twice.
        """
        history = self.history
        if "life" not in traits.names:
            return history.clock
        place = traits.names.index("life")
        spread = max(float(np.sqrt(traits.covariance[place, place])), 1e-6)
        still_active = ndtr((traits.mean[place] - np.log(np.arange(history.n_days) + 1.0)) / spread)
        joined = np.bincount(history.joined, minlength=history.n_days)
        present = np.convolve(joined, still_active)[: history.n_days]
        per_day = np.bincount(history.claimed, minlength=history.n_days)
        return np.concatenate([[0.0], np.cumsum(per_day / np.maximum(present, 1.0))])

    def simulate(
        self, traits: Traits, centre: np.ndarray, clock: np.ndarray, rng: np.random.Generator
    ) -> SimulatedCoupons:
        """Draw the traits of all customers, and coupons that come from them.

        Parameters
        ----------
        traits : Traits
        centre : ndarray, shape (n_customers, n_traits)
            The mean of the traits of every customer.
        clock : ndarray, shape (n_days + 1,)
            From `clock_of`.
        rng : numpy.random.Generator
        """
        history, names = self.history, self.names
        n = len(history.customers)
        start, end = clock[history.joined], np.full(n, clock[-1])
        trait, count = np.empty((n, len(names))), np.zeros(n, dtype=np.int64)
        # Only customers with a coupon are seen. So those who get none are drawn again, with other traits: this gives
        # the distribution of traits among those who are seen.
        unseen = np.arange(n)
        for _ in range(MOST_REDRAWS):
            trait[unseen] = centre[unseen] + traits.drawn(len(unseen), rng)
            if "life" in names:
                life = np.exp(np.minimum(trait[unseen, names.index("life")], 20.0))
                end[unseen] = clock[np.minimum(history.joined[unseen] + np.ceil(life).astype(np.int64), history.n_days)]
            expected = np.exp(np.minimum(trait[unseen, 0], 20.0)) * (end[unseen] - start[unseen])
            count[unseen] = rng.poisson(np.minimum(expected, 1e6))
            unseen = unseen[count[unseen] == 0]
            if not len(unseen):
                break
        count[unseen] = 1
        owner = np.repeat(np.arange(n), count)
        claimed = history.days_of(start[owner] + rng.random(len(owner)) * (end - start)[owner], clock)
        claimed = np.maximum(claimed, history.joined[owner])
        age = history.n_days - 1 - claimed
        burned = np.zeros(len(owner), dtype=bool)
        lag, amount = np.full(len(owner), np.nan), np.zeros(len(owner))
        if "burn" in names:
            odds = trait[owner, names.index("burn")] + self._season[claimed]
            burned = rng.random(len(owner)) < expit(odds)
        if "lag" in names:
            days = np.exp(np.minimum(trait[owner, names.index("lag")], 20.0)) * rng.choice(self._lag_ratios, len(owner))
            lag = np.floor(np.minimum(days, self._longest_lag))
            burned &= lag <= age
        if "amount" in names:
            mean = np.exp(np.minimum(trait[owner, names.index("amount")], 40.0))
            amount = mean * rng.choice(self._amount_ratios, len(owner))
            if self._paid_by_burning:
                amount = np.where(burned, amount, 0.0)
        matured = (age >= self._window) & ("burn" in names)
        return SimulatedCoupons(trait, owner, claimed, matured, burned, np.where(burned, lag, np.nan), amount)

    def statistics(self, shop: SimulatedCoupons) -> np.ndarray:
        """Return what is observed of every customer, one number per trait, shape (n_customers, n_traits).

        On the scale of the matrix where it has such a column: log(1 + coupons a month), shrunk burn rate, log of the
        shrunk days to burn, log(1 + mean amount), minus log(1 + days since the last coupon).
        """
        n, owner = len(self.history.customers), shop.owner
        count = np.bincount(owner, minlength=n)
        columns = {"rate": np.log1p(count / self._months)}
        if "burn" in self.names:
            matured = owner[shop.matured]
            burned = owner[shop.matured & shop.burned]
            columns["burn"] = self._shrunk(np.bincount(burned, minlength=n), np.bincount(matured, minlength=n), "burn")
        if "lag" in self.names:
            dated = shop.matured & shop.burned & ~np.isnan(shop.lag)
            total = np.bincount(owner[dated], weights=shop.lag[dated], minlength=n)
            columns["lag"] = np.log1p(self._shrunk(total, np.bincount(owner[dated], minlength=n), "lag"))
        if "amount" in self.names:
            spend = np.bincount(owner, weights=shop.amount, minlength=n)
            columns["amount"] = np.log1p(np.maximum(spend, 0) / count)
        if "life" in self.names:
            columns["life"] = -np.log1p(self.history.n_days - 1 - last_claims(owner, shop.claimed, n))
        return np.column_stack([columns[name] for name in self.names])

    def _shrunk(self, total: np.ndarray, n: np.ndarray, name: str) -> np.ndarray:
        """Return means of few values, mixed with the mean of all customers as in ``features.sql``."""
        mean = self._shrinkage.get(f"{name}_mean") or 0.0
        reliability = self._shrinkage.get(f"{name}_reliability") or 0.0
        # Where customers hardly differ, nothing would be left of their own values, and no spread could be matched.
        prior = MOST_PRIOR if reliability < 1 / (1 + MOST_PRIOR) else (1 - reliability) / reliability
        return (prior * mean + total) / np.maximum(prior + n, 1e-9)


def last_claims(owner: np.ndarray, claimed: np.ndarray, n_customers: int) -> np.ndarray:
    """Return the day of the last claim of every customer."""
    last = np.zeros(n_customers, dtype=np.int64)
    np.maximum.at(last, owner, claimed)
    return last


def _customers_lapse(history: CouponHistory) -> bool:
    """Test whether customers lapse: is the silence after the last coupons longer than chance makes it?"""
    # Without lapse, the N coupons of a customer are spread evenly on the clock. The last one is the greatest of N
    # uniform numbers, so its N-th power is uniform too, with mean 1/2 and variance 1/12. Where customers stop coming,
    # it is smaller. A day is an interval of the clock; its middle stands for it.
    n = len(history.customers)
    count, last = np.bincount(history.owner, minlength=n), last_claims(history.owner, history.claimed, n)
    start, end = history.clock[history.joined], history.clock[-1]
    moment = (history.clock[last] + history.clock[last + 1]) / 2
    share = np.clip((moment - start) / np.maximum(end - start, 1e-12), 0, 1)
    return bool((np.mean(share**count) - 0.5) * np.sqrt(12 * n) < LAPSE_Z)


def _season(history: CouponHistory) -> np.ndarray:
    """Return by how much the log odds of burning on each day differ from those of all days, shape (n_days,)."""
    if not history.matured.any():
        return np.zeros(history.n_days)
    matured = np.flatnonzero(history.matured)
    matured = matured[np.argsort(history.claimed[matured], kind="stable")]
    burned_before = np.concatenate([[0], np.cumsum(history.burned[matured])])
    place = np.searchsorted(history.claimed[matured], np.arange(history.n_days))
    reach = history.neighbours
    low, high = np.maximum(place - reach, 0), np.minimum(place + reach, len(matured))
    overall = np.clip(history.burned[matured].mean(), 0.005, 0.995)
    local = (burned_before[high] - burned_before[low] + SEASON_PRIOR * overall) / (high - low + SEASON_PRIOR)
    return logit(np.clip(local, 0.005, 0.995)) - logit(overall)


def _ratios_within(owner: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return values over the mean of their customer: how the values of one customer are spread, with mean 1."""
    if not len(values) or values.mean() <= 0:
        return np.ones(1)
    n = np.bincount(owner)
    mean = np.bincount(owner, weights=values) / np.maximum(n, 1)
    usable = (n[owner] > 1) & (mean[owner] > 0)
    if usable.sum() < FEWEST_RATIOS:
        return values / values.mean()
    # Around their own mean, n values are spread less than around the mean that their customer has: hence the factor.
    of_customer = n[owner][usable]
    ratio = 1 + (values[usable] / mean[owner][usable] - 1) * np.sqrt(of_customer / (of_customer - 1))
    if values.min() >= 0:
        ratio = np.maximum(ratio, 0)
    return ratio / ratio.mean()
