"""The null model in which customers differ gradually: one cloud of traits, and coupons that come from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from seglib.k_selection.validation.coupon_history import CouponHistory, nearby

ROUNDS, SHOPS_PER_ROUND = 16, 3
GAIN = 0.5
"""Rounds in which the traits are moved, and shops that are simulated in each."""

DAYS_PER_MONTH = 365.25 / 12

MOST_REDRAWS = 50
"""Customers without a coupon are drawn again, at most so often; then they get one."""

LAPSE_ALPHA = 0.01
"""Level of the test whether customers lapse."""

VISIBLE_LAPSE = 0.1
"""A customer counts as visibly lapsed if the silence since the last coupon had a probability below this."""

MOST_PRIOR = 20.0
"""Observations that the mean of all customers counts for at most, in the statistics that are matched."""

LARGEST_STEP = 0.7
"""Largest move of a mean or of a standard deviation in one round, in units of the trait."""


@dataclass(frozen=True)
class Traits:
    """One multivariate normal cloud of customer traits.

    Attributes
    ----------
    names : tuple of str
        Of ``rate`` (log of claims per unit of the shop's clock), ``burn`` (log odds of burning a coupon), ``lag`` (log
        of the mean days to burn), ``amount`` (log of the mean amount of a transaction), ``life`` (log of the days from
        joining to the last activity): those that the shop records.
    mean : ndarray, shape (n_traits,)
    covariance : ndarray, shape (n_traits, n_traits)
    effects : ndarray, shape (n_columns, n_traits)
        How the means move with columns that coupons do not change, such as gender.
    """

    names: tuple[str, ...]
    mean: np.ndarray
    covariance: np.ndarray
    effects: np.ndarray


class GradualNull:
    """Customers who differ gradually, with coupons that come from how they are.

    Every customer has traits (how often they claim, how likely and how fast they burn, what they spend, when they
    lapse) from one multivariate normal distribution: there are differences, and no groups. Coupons come from the
    traits by chance: a Poisson number over the time since the customer joined, on busy days rather, each burned or
    not, sooner or later. So a customer with two coupons is known as badly as in the shop itself. Features and matrix
    are computed from the coupons as in the shop. Means, spreads and correlations of the traits are moved until
    simulated shops have the same means, spreads and correlations of what is observed of a customer.

    Parameters
    ----------
    history : CouponHistory
    shrinkage : mapping of str to float or None
        The numbers by which the shop's burn rate and days to burn are shrunk.
    rebuild : callable
        From the transactions tables of several shops with the same customers to the matrix of each.
    fixed : ndarray, shape (n_customers, n_columns), optional
        Columns that do not come from coupons, in the order of ``history.customers``: the means of the traits move with
        them as much as in the shop.
    seed : int
        Of the simulations by which the traits are fitted.

    Attributes
    ----------
    traits : Traits
    fit : pandas.DataFrame
        One row per statistic: statistic, observed, simulated. Means, standard deviations and correlations.

    Notes
    -----
    The fit is simulated minimum distance (McFadden 1989, Econometrica 57; Gourieroux, Monfort & Renault 1993) by a
    fixed-point iteration: mean and covariance of the traits are moved by the difference between observed and simulated
    moments, divided by how strongly a trait moves its statistic. By Stein's lemma that slope is the covariance of the
    two over the variance of the trait, because traits are normal.
    """

    name = "gradual"
    what = "customers differ gradually, without groups, and their coupons come from that by chance"

    def __init__(
        self,
        history: CouponHistory,
        *,
        shrinkage: Mapping[str, float | None],
        rebuild: Callable[[Sequence[pd.DataFrame]], Iterator[np.ndarray]],
        fixed: np.ndarray | None = None,
        seed: int = 0,
    ) -> None:
        self.history, self.rebuild, self._shrinkage = history, rebuild, dict(shrinkage)
        n = len(history.customers)
        self._fixed = np.zeros((n, 0)) if fixed is None else fixed - fixed.mean(axis=0)
        self._prepare()
        self._observed = self._statistics(
            history.owner, history.claimed, history.matured, history.burned, history.lag, self._amount
        )
        self.fit = self._match(np.random.default_rng([seed, 7]))

    def draws(self, rngs: Sequence[np.random.Generator]) -> Iterator[np.ndarray]:
        """Yield matrices of shops whose customers differ gradually."""
        return self.rebuild([self.simulated(rng) for rng in rngs])

    def simulated(self, rng: np.random.Generator) -> pd.DataFrame:
        """Return the transactions of one simulated shop."""
        history, shop = self.history, self._simulate(rng)
        n = len(shop.owner)
        source = history.coupons.iloc[rng.integers(0, len(history.coupons), n)].reset_index(drop=True)
        claimed = history.dates_of(shop.claimed)
        columns = {
            "transaction_id": np.arange(n).astype(str).astype(object),
            "customer_id": history.customers[shop.owner],
            "transaction_date": claimed,
        }
        if self._has_status:
            columns["transaction_status"] = np.where(shop.burned, "burned", "subscribed").astype(object)
            columns["burn_date"] = claimed + pd.Series(pd.to_timedelta(np.where(shop.burned, shop.lag, np.nan), unit="D"))
        if self._amount is not None:
            columns["amount"] = shop.amount
        return source.assign(**columns)

    # -- what the shop records ----------------------------------------------------------------------------------

    def _prepare(self) -> None:
        history = self.history
        matured = np.flatnonzero(history.matured)
        self._has_status = len(matured) > 0
        burned = matured[history.burned[matured] & ~np.isnan(history.lag[matured])]
        self._has_lag = len(burned) > 1
        amount = history.coupons["amount"].to_numpy(dtype=float)
        self._amount = np.nan_to_num(amount) if np.isfinite(amount).any() else None
        self._months = np.maximum((history.n_days - 1 - history.joined) / DAYS_PER_MONTH, 1.0)
        # The season of burning: log odds of the coupons claimed at about the same time, less those of all.
        self._season = np.zeros(history.n_days)
        if self._has_status:
            order = matured[np.argsort(history.claimed[matured], kind="stable")]
            self._season = _season(history.claimed[order], history.burned[order], history.n_days)
        self._lag_spread = _within(history.owner[burned], history.lag[burned]) if self._has_lag else np.ones(1)
        self._longest_lag = history.lag[burned].max() if self._has_lag else 0.0
        self._amount_spread = np.ones(1) if self._amount is None else _within(history.owner, self._amount)
        names = ["rate"]
        if self._has_status:
            names.append("burn")
        if self._has_lag:
            names.append("lag")
        if self._amount is not None:
            names.append("amount")
        if self._lapses():
            names.append("life")
        self._names = tuple(names)

    def _lapses(self) -> bool:
        """Test whether customers lapse: is the silence after the last coupon longer than chance makes it?"""
        # Without lapse, the N coupons of a customer are spread evenly on the clock. The last one is the greatest of N
        # uniform numbers, so its N-th power is uniform too. Where customers stop coming, it is too small.
        silence = self._silence(self.history.owner, self.history.claimed)
        n = len(silence)
        return bool(n > 1 and (silence.mean() - 0.5) * np.sqrt(12 * n) < -_NORMAL_QUANTILE)

    def _silence(self, owner: np.ndarray, claimed: np.ndarray) -> np.ndarray:
        """Return the probability that the last coupon comes as early as it does, of every customer without lapse."""
        n = len(self.history.customers)
        count = np.bincount(owner, minlength=n)
        last = np.zeros(n, dtype=np.int64)
        np.maximum.at(last, owner, claimed)
        clock = self.history.clock
        start, end = clock[self.history.joined], clock[-1]
        # a day is an interval of the clock: the last coupon lies somewhere in it
        moment = (clock[last] + clock[last + 1]) / 2
        return np.clip((moment - start) / np.maximum(end - start, 1e-12), 0, 1) ** count

    # -- what is observed of a customer --------------------------------------------------------------------------

    def _statistics(
        self,
        owner: np.ndarray,
        claimed: np.ndarray,
        matured: np.ndarray,
        burned: np.ndarray,
        lag: np.ndarray,
        amount: np.ndarray | None,
    ) -> np.ndarray:
        """Return one statistic per trait of every customer, shape (n_customers, n_traits)."""
        n = len(self.history.customers)
        count = np.bincount(owner, minlength=n)
        columns = {"rate": np.log1p(count / self._months)}
        if "burn" in self._names:
            decided = np.bincount(owner[matured], minlength=n)
            successes = np.bincount(owner[matured & burned], minlength=n)
            columns["burn"] = _shrunk(successes, decided, self._shrinkage, "burn")
        if "lag" in self._names:
            dated = matured & burned & ~np.isnan(lag)
            total = np.bincount(owner[dated], weights=lag[dated], minlength=n)
            columns["lag"] = np.log1p(_shrunk(total, np.bincount(owner[dated], minlength=n), self._shrinkage, "lag"))
        if "amount" in self._names:
            spend = np.bincount(owner, weights=amount, minlength=n)
            columns["amount"] = np.log1p(np.maximum(spend, 0) / np.maximum(count, 1))
        if "life" in self._names:
            last = np.zeros(n, dtype=np.int64)
            np.maximum.at(last, owner, claimed)
            columns["life"] = -np.log1p(self.history.n_days - 1 - last)
        return np.column_stack([columns[name] for name in self._names])

    # -- one shop --------------------------------------------------------------------------------------------------

    def _simulate(self, rng: np.random.Generator) -> _SimulatedShop:
        history, traits = self.history, self.traits
        n, names = len(history.customers), traits.names
        values, vectors = np.linalg.eigh(traits.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0))
        centre = traits.mean + self._fixed @ traits.effects
        trait = np.empty((n, len(names)))
        count = np.zeros(n, dtype=np.int64)
        start, end = self.clock[history.joined], np.full(n, self.clock[-1])
        # Only customers with a coupon are seen. So those who get none are drawn again, with other traits.
        missing = np.arange(n)
        for _ in range(MOST_REDRAWS):
            trait[missing] = centre[missing] + rng.standard_normal((len(missing), len(names))) @ root.T
            if "life" in names:
                life = np.exp(np.minimum(trait[missing, names.index("life")], 20.0))
                last_day = np.minimum(history.joined[missing] + np.ceil(life).astype(np.int64), history.n_days)
                end[missing] = self.clock[last_day]
            expected = np.exp(np.minimum(trait[missing, 0], 20.0)) * (end[missing] - start[missing])
            count[missing] = rng.poisson(np.minimum(expected, 1e6))
            missing = missing[count[missing] == 0]
            if not len(missing):
                break
        count[missing] = 1
        owner = np.repeat(np.arange(n), count)
        claimed = history.days_of(start[owner] + rng.random(len(owner)) * (end - start)[owner], self.clock)
        claimed = np.maximum(claimed, history.joined[owner])
        burned, lag, amount = np.zeros(len(owner), dtype=bool), np.full(len(owner), np.nan), None
        age = history.n_days - 1 - claimed
        if "burn" in names:
            burned = rng.random(len(owner)) < expit(trait[owner, names.index("burn")] + self._season[claimed])
        if "lag" in names:
            mean = np.exp(trait[owner, names.index("lag")])
            lag = np.floor(np.minimum(mean * rng.choice(self._lag_spread, len(owner)), self._longest_lag))
            burned &= lag <= age
        if "amount" in names:
            amount = np.exp(trait[owner, names.index("amount")]) * rng.choice(self._amount_spread, len(owner))
        return _SimulatedShop(trait, owner, claimed, burned, lag, amount)

    # -- the fit ---------------------------------------------------------------------------------------------------

    def _match(self, rng: np.random.Generator) -> pd.DataFrame:
        """Move the traits until simulated shops look like the shop; return observed and simulated moments."""
        history, observed, names = self.history, self._observed, self._names
        self.clock = history.clock
        self.traits = Traits(names, self._start(), np.diag(np.full(len(names), 0.25)), np.zeros((self._fixed.shape[1], len(names))))
        effects = np.linalg.lstsq(self._fixed, observed, rcond=None)[0]
        mean, covariance = observed.mean(axis=0), np.cov(observed.T).reshape(len(names), len(names))
        visited = []
        for number in range(ROUNDS):
            moments = self._moments([self._simulate(rng) for _ in range(SHOPS_PER_ROUND)])
            slope = np.where(np.abs(moments.slope) < 0.05, np.inf, moments.slope)
            step = GAIN * np.clip((mean - moments.mean) / slope, -LARGEST_STEP, LARGEST_STEP)
            change = GAIN * (covariance - moments.covariance) / np.outer(slope, slope)
            self.traits = Traits(
                names,
                self.traits.mean + step,
                _plausible(self.traits.covariance + change, self.traits.covariance),
                np.where(np.isfinite(slope), effects / slope, 0.0),
            )
            if "life" in names:
                self.clock = self._clock_of_the_present()
            if number >= ROUNDS // 2:
                visited.append(self.traits)
        # Single rounds are noisy. The mean of the later ones is not (Polyak & Juditsky 1992).
        self.traits = Traits(
            names, *(np.mean([getattr(t, part) for t in visited], axis=0) for part in ("mean", "covariance", "effects"))
        )
        if "life" in names:
            self.clock = self._clock_of_the_present()
        moments = self._moments([self._simulate(rng) for _ in range(SHOPS_PER_ROUND)])
        return _fit_table(names, mean, covariance, moments)

    def _start(self) -> np.ndarray:
        history = self.history
        exposure = self.clock[-1] - self.clock[history.joined]
        burn = np.clip(history.burned[history.matured].mean(), 0.01, 0.99) if self._has_status else 0.5
        lag = np.nanmean(history.lag[history.matured & history.burned]) if self._has_lag else 1.0
        amount = 1.0 if self._amount is None else self._amount.mean()
        start = {
            "rate": np.log(len(history.owner) / exposure.sum()),
            "burn": logit(burn),
            "lag": np.log(max(lag, 0.5)),
            "amount": np.log(max(amount, 1e-3)),
            "life": np.log(2.0 * history.n_days),
        }
        return np.array([start[name] for name in self._names])

    def _clock_of_the_present(self) -> np.ndarray:
        """Return the clock of a customer who does not lapse: claims of each day per customer who is still active."""
        history, place = self.history, self._names.index("life")
        life_mean, life_sd = self.traits.mean[place], np.sqrt(self.traits.covariance[place, place])
        from scipy.special import ndtr

        age = np.arange(history.n_days)
        active = ndtr((life_mean - np.log(age + 1.0)) / max(life_sd, 1e-6))
        present = np.convolve(np.bincount(history.joined, minlength=history.n_days), active)[: history.n_days]
        per_day = np.bincount(history.claimed, minlength=history.n_days)
        return np.concatenate([[0.0], np.cumsum(per_day / np.maximum(present, 1.0))])

    def _moments(self, shops: Sequence[_SimulatedShop]) -> _Moments:
        parts = []
        for shop in shops:
            age = self.history.n_days - 1 - shop.claimed
            matured = age >= self._window
            y = self._statistics(shop.owner, shop.claimed, matured, shop.burned, shop.lag, shop.amount)
            centred = shop.trait - shop.trait.mean(axis=0)
            slope = (centred * (y - y.mean(axis=0))).sum(axis=0) / np.maximum((centred**2).sum(axis=0), 1e-12)
            parts.append((y.mean(axis=0), np.cov(y.T).reshape(len(self._names), -1), slope))
        return _Moments(*(np.mean(part, axis=0) for part in zip(*parts, strict=True)))

    @property
    def _window(self) -> int:
        age = self.history.n_days - 1 - self.history.claimed
        return int(age[self.history.matured].min()) if self._has_status else 0


_NORMAL_QUANTILE = 2.3263478740408408


@dataclass(frozen=True)
class _SimulatedShop:
    trait: np.ndarray
    owner: np.ndarray
    claimed: np.ndarray
    burned: np.ndarray
    lag: np.ndarray
    amount: np.ndarray | None


@dataclass(frozen=True)
class _Moments:
    mean: np.ndarray
    covariance: np.ndarray
    slope: np.ndarray


def _shrunk(total: np.ndarray, n: np.ndarray, shrinkage: Mapping[str, float | None], name: str) -> np.ndarray:
    """Return means of few values, mixed with the mean of all customers as in ``features.sql``."""
    mean, reliability = shrinkage.get(f"{name}_mean") or 0.0, shrinkage.get(f"{name}_reliability") or 0.0
    # Where customers hardly differ, nothing would be left of their own values, and no spread could be matched.
    prior = MOST_PRIOR if reliability < 1 / (1 + MOST_PRIOR) else (1 - reliability) / reliability
    return (prior * mean + total) / (prior + n)


def _season(days: np.ndarray, burned: np.ndarray, n_days: int) -> np.ndarray:
    """Return by how much the log odds of burning on each day differ from those of all days."""
    from seglib.k_selection.validation.coupon_history import FEWEST_NEIGHBOURS, NEIGHBOURS

    reach = min(max(len(days) // NEIGHBOURS, FEWEST_NEIGHBOURS), len(days) - 1)
    total = np.concatenate([[0], np.cumsum(burned)])
    place = np.searchsorted(days, np.arange(n_days))
    low, high = np.maximum(place - reach, 0), np.minimum(place + reach, len(days))
    successes, n = total[high] - total[low], high - low
    overall = np.clip(burned.mean(), 0.005, 0.995)
    local = (successes + 20 * overall) / (n + 20)
    return logit(np.clip(local, 0.005, 0.995)) - logit(overall)


def _within(owner: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return values relative to the mean of their customer: how a customer's own values are spread, with mean 1."""
    n = np.bincount(owner)
    mean = np.bincount(owner, weights=values) / np.maximum(n, 1)
    usable = (n[owner] > 1) & (mean[owner] > 1e-9)
    if usable.sum() < 50:
        return values / values.mean() if values.mean() > 1e-9 else np.ones(1)
    # Around their own mean, n values spread less than around the mean of the customer: hence the factor.
    ratio = 1 + (values / np.where(mean > 1e-9, mean, 1.0)[owner] - 1) * np.sqrt(n / np.maximum(n - 1, 1))[owner]
    ratio = ratio[usable]
    if values.min() >= 0:
        ratio = np.maximum(ratio, 0)
    return ratio / ratio.mean()


def _plausible(covariance: np.ndarray, previous: np.ndarray) -> np.ndarray:
    """Return the nearest covariance matrix with variances that have not grown or shrunk too much in one step."""
    before = np.sqrt(np.diag(previous))
    sd = np.sqrt(np.clip(np.diag(covariance), 1e-4, None))
    sd = np.clip(sd, np.maximum(before - LARGEST_STEP, 0.5 * before), before + LARGEST_STEP)
    raw = np.sqrt(np.clip(np.diag(covariance), 1e-4, None))
    correlation = np.clip(covariance / np.outer(raw, raw), -0.98, 0.98)
    np.fill_diagonal(correlation, 1.0)
    values, vectors = np.linalg.eigh(correlation)
    correlation = (vectors * np.maximum(values, 0.01)) @ vectors.T
    scale = np.sqrt(np.diag(correlation))
    return correlation / np.outer(scale, scale) * np.outer(sd, sd)


def _fit_table(names: Sequence[str], mean: np.ndarray, covariance: np.ndarray, moments: _Moments) -> pd.DataFrame:
    """Return observed and simulated means, standard deviations and correlations."""
    rows = []
    sd, simulated_sd = np.sqrt(np.diag(covariance)), np.sqrt(np.diag(moments.covariance))
    rows += [(f"mean {name}", mean[i], moments.mean[i]) for i, name in enumerate(names)]
    rows += [(f"spread {name}", sd[i], simulated_sd[i]) for i, name in enumerate(names)]
    observed_r = covariance / np.outer(sd, sd)
    simulated_r = moments.covariance / np.outer(simulated_sd, simulated_sd)
    rows += [
        (f"correlation {names[i]}, {names[j]}", observed_r[i, j], simulated_r[i, j])
        for i in range(len(names))
        for j in range(i)
    ]
    return pd.DataFrame(rows, columns=["statistic", "observed", "simulated"])
