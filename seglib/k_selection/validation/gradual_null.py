"""The null model in which customers differ gradually: one cloud of traits, and coupons that come from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from seglib.k_selection.validation.coupon_history import CouponHistory
from seglib.k_selection.validation.coupon_process import CouponProcess, Traits, squared

ROUNDS, SHOPS_PER_ROUND = 16, 3
"""Rounds in which the traits are moved, and shops that are simulated in each."""

GAIN = 0.5
"""Part of the computed move that is made in a round: the whole of it overshoots."""

LARGEST_STEP = 0.7
"""Largest move of a mean or of a standard deviation in one round, in units of the trait."""

STATUSES = pd.array(["subscribed", "burned"], dtype="str")
"""The status of a coupon that was not burned, and of one that was."""

LEAST_SLOPE = 0.05
"""Where a trait moves its statistic by less, it is not moved: the statistic says nothing of it."""


class GradualNull:
    """Customers who differ gradually, with coupons that come from how they are.

    Every customer has traits (how often they claim, how likely and how fast they burn, what they spend, when they
    lapse) from one multivariate normal distribution: there are differences, and no groups. Coupons come from the
    traits by chance: a Poisson number over the time since the customer joined, more of them on busy days, each burned
    or not, sooner or later. So little is known of a customer with two coupons, as in the shop itself. Features and
    matrix are computed from the coupons by the same code as for the shop. Means, spreads and correlations of the traits
    are moved until simulated shops show those that are observed. The means may depend on how long a customer has been
    there, and on columns that coupons do not change, such as gender. The cloud may be bent: where the least and the
    most engaged burn, and those between do not, customers lie along a curve, and still differ gradually.

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
    order : ndarray of int, shape (n_customers,), optional
        The place in ``history.customers`` of the customer of every row of the matrix. Without it, rows are no
        customers, and there is no `within`.
    seed : int, default=0
        Of the simulations by which the traits are fitted.

    Attributes
    ----------
    traits : Traits
    match : pandas.DataFrame
        One row per moment: moment ("mean", "spread", "correlation"), of (the traits), observed, simulated.

    Notes
    -----
    Simulated minimum distance (McFadden 1989, Econometrica 57(5)), solved by stochastic approximation (Robbins & Monro
    1951) with averaging (Polyak & Juditsky 1992): mean and covariance of the traits are moved by the difference of
    observed and simulated moments, divided by how strongly a trait moves its statistic. By Stein's lemma that slope is
    the covariance of the two over the variance of the trait, because traits are normal. Matching the observed moments
    without simulation fails: they are those of few coupons, which spread more and are less correlated than traits.
    """

    name = "gradual"
    what = "customers differ gradually, without groups, and their {coupons} are drawn at random from these differences"
    customers_differ = True
    follows_the_data = False

    def __init__(
        self,
        history: CouponHistory,
        *,
        shrinkage: Mapping[str, float | None],
        rebuild: Callable[[Sequence[pd.DataFrame]], Iterator[np.ndarray]],
        fixed: np.ndarray | None = None,
        order: np.ndarray | None = None,
        seed: int = 0,
    ) -> None:
        self.history, self.rebuild = history, rebuild
        self._shrinkage, self._seed = shrinkage, seed
        self._order = order
        self._customers = pd.array(history.customers, dtype="str")
        self._process = CouponProcess(history, shrinkage)
        self._given = np.zeros((len(history.customers), 0)) if fixed is None else fixed
        # Old customers may have other habits than new ones: counts that do not grow with the time since joining, say.
        self._fixed = np.column_stack([self._given, _exposure_columns(history)])
        self._fixed = self._fixed - self._fixed.mean(axis=0)
        self._solve = np.linalg.pinv(self._fixed) if self._fixed.size else self._fixed.T
        self._along, self._direction = self._widest(self._process.observed)
        rng = np.random.default_rng([seed, 7])
        self.traits = self._matched_traits(rng)
        self._clock = self._process.clock_of(self.traits)
        self._centre = self._centres(self.traits)
        observed, simulated = self._moments(self._process.observed), self._simulated_moments(self.traits, rng)
        self.match = _match_table(self.traits.names, observed, simulated)

    def draws(self, rngs: Sequence[np.random.Generator]) -> Iterator[np.ndarray]:
        """Yield matrices of shops whose customers differ gradually."""
        return self.rebuild([self.simulated(rng) for rng in rngs])

    def within(self, labels: np.ndarray) -> GradualNull | None:
        """Return the null model of as many groups as there are labels, with gradual differences inside each.

        None where a row of the matrix is not a customer.

        Parameters
        ----------
        labels : ndarray of int, shape (n_rows,)
            The group of every row of the matrix, 0, 1, ...; one row per customer.
        """
        if self._order is None:
            return None
        group = np.empty(len(labels), dtype=np.int64)
        group[self._order] = labels
        membership = (group[:, None] == np.arange(1, labels.max() + 1)).astype(float)
        return GradualNull(
            self.history,
            shrinkage=self._shrinkage,
            rebuild=self.rebuild,
            fixed=np.column_stack([self._given, membership]),
            order=self._order,
            seed=self._seed,
        )

    def simulated(self, rng: np.random.Generator) -> pd.DataFrame:
        """Return the transactions of one simulated shop."""
        history, names = self.history, self.traits.names
        shop = self._process.simulate(self.traits, self._centre, self._clock, rng)
        n = len(shop.owner)
        claimed = history.dates_of(shop.claimed)
        # taking rows of a column of text is many times as fast as making one from objects
        columns = {"customer_id": self._customers.take(shop.owner), "transaction_date": claimed}
        if "transaction_id" in history.coupons:
            columns["transaction_id"] = np.arange(n).astype(str).astype(object)
        if "burn" in names:
            columns["transaction_status"] = STATUSES.take(shop.burned.astype(np.int64))
            columns["burn_date"] = claimed + pd.Series(pd.to_timedelta(shop.lag, unit="D"))
        if "amount" in names:
            columns["amount"] = shop.amount
        # what a coupon has beside its day, outcome and amount, such as its branch, is that of any coupon of the shop
        any_coupon = rng.integers(0, len(history.coupons), n)
        coupons = history.coupons
        return pd.DataFrame(
            {name: columns[name] if name in columns else coupons[name].array.take(any_coupon) for name in coupons}
        )

    def _matched_traits(self, rng: np.random.Generator) -> Traits:
        """Move the traits until simulated shops have the observed moments."""
        traits = replace(self._process.first_guess(self._fixed.shape[1]), along=self._along)
        observed = self._moments(self._process.observed)
        # Of a customer who lapses, only the end is seen: how the cloud bends there cannot be told.
        bends = np.array([name != "life" for name in traits.names])
        visited = []
        for number in range(ROUNDS):
            moments = self._simulated_moments(traits, rng)
            slope = np.where(np.abs(moments.slope) < LEAST_SLOPE, np.inf, moments.slope)
            step = np.clip((observed.mean - moments.mean) / slope, -LARGEST_STEP, LARGEST_STEP)
            turn = np.clip((observed.effects - moments.effects) / slope, -LARGEST_STEP, LARGEST_STEP)
            bend = np.clip((observed.curve - moments.curve) / slope, -LARGEST_STEP, LARGEST_STEP)
            change = (observed.covariance - moments.covariance) / np.outer(slope, slope)
            traits = replace(
                traits,
                mean=traits.mean + GAIN * step,
                covariance=_nearest_covariance(traits.covariance + GAIN * change, traits.covariance),
                effects=traits.effects + GAIN * turn,
                bend=traits.bend + GAIN * bend * bends,
            )
            # The first rounds approach the solution, the later ones fluctuate round it: their mean is the answer.
            if number >= ROUNDS // 2:
                visited.append(traits)
        names = ("mean", "covariance", "effects", "bend")
        return replace(traits, **{name: np.mean([getattr(t, name) for t in visited], axis=0) for name in names})

    def _centres(self, traits: Traits) -> np.ndarray:
        return traits.mean + self._fixed @ traits.effects

    def _simulated_moments(self, traits: Traits, rng: np.random.Generator) -> _Moments:
        """Return the mean moments of a few simulated shops."""
        centre, clock = self._centres(traits), self._process.clock_of(traits)
        parts = []
        for _ in range(SHOPS_PER_ROUND):
            shop = self._process.simulate(traits, centre, clock, rng)
            parts.append(self._moments(self._process.statistics(shop), shop.trait - centre))
        return _Moments(*(np.mean(part, axis=0) for part in zip(*parts, strict=True)))

    def _widest(self, statistics: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the direction in which customers differ most, in standard deviations and in units of statistics."""
        residual = statistics - statistics.mean(axis=0)
        residual = residual - self._fixed @ (self._solve @ residual)
        spread = np.maximum(residual.std(axis=0), 1e-9)
        scaled = residual / spread
        along = np.linalg.eigh(scaled.T @ scaled)[1][:, -1]
        return along, along / spread

    def _moments(self, statistics: np.ndarray, deviation: np.ndarray | None = None) -> _Moments:
        """Return the moments of a shop; ``deviation`` is how far the traits of its customers are from their centre."""
        mean = statistics.mean(axis=0)
        effects = self._solve @ (statistics - mean)
        residual = statistics - mean - self._fixed @ effects
        covariance = residual.T @ residual / max(len(statistics) - 1, 1)
        curve = residual.T @ squared(_standardized(residual @ self._direction)) / len(residual)
        if deviation is None:
            return _Moments(mean, effects, covariance, curve, np.ones(len(mean)))
        deviation = deviation - deviation.mean(axis=0)
        slope = (deviation * residual).sum(axis=0) / np.maximum((deviation**2).sum(axis=0), 1e-12)
        return _Moments(mean, effects, covariance, curve, slope)


def _standardized(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / max(float(values.std()), 1e-9)


def _exposure_columns(history: CouponHistory) -> np.ndarray:
    """Return the logarithm of the time since joining, on the shop's clock, and its square, standardised."""
    exposure = history.clock[-1] - history.clock[history.joined]
    log_exposure = np.log(np.maximum(exposure, exposure.max() / len(history.clock)))
    scaled = (log_exposure - log_exposure.mean()) / max(float(log_exposure.std()), 1e-9)
    return np.column_stack([scaled, scaled**2])


class _Moments(NamedTuple):
    """What is matched, and how strongly each trait moves its statistic.

    Means; how the means move with the fixed columns; covariance around that; how the deviations curve along the
    direction in which customers differ most.
    """

    mean: np.ndarray
    effects: np.ndarray
    covariance: np.ndarray
    curve: np.ndarray
    slope: np.ndarray


def _nearest_covariance(covariance: np.ndarray, previous: np.ndarray) -> np.ndarray:
    """Return a covariance matrix near a symmetric one, with standard deviations that did not jump since the last."""
    before, wanted = np.sqrt(np.diag(previous)), np.sqrt(np.maximum(np.diag(covariance), 1e-4))
    spread = np.clip(wanted, np.maximum(before - LARGEST_STEP, before / 2), before + LARGEST_STEP)
    correlation = np.clip(covariance / np.outer(wanted, wanted), -0.98, 0.98)
    np.fill_diagonal(correlation, 1.0)
    # negative eigenvalues are set to a small positive one (Higham 2002, IMA J. Numer. Anal. 22(3), first step)
    values, vectors = np.linalg.eigh(correlation)
    correlation = (vectors * np.maximum(values, 0.01)) @ vectors.T
    scale = spread / np.sqrt(np.diag(correlation))
    return correlation * np.outer(scale, scale)


def _match_table(names: Sequence[str], observed: _Moments, simulated: _Moments) -> pd.DataFrame:
    """Return observed and simulated means, standard deviations and correlations."""
    spreads = [np.sqrt(np.maximum(np.diag(moments.covariance), 1e-12)) for moments in (observed, simulated)]
    correlations = [
        moments.covariance / np.outer(spread, spread)
        for moments, spread in zip((observed, simulated), spreads, strict=True)
    ]
    rows = [("mean", name, observed.mean[i], simulated.mean[i]) for i, name in enumerate(names)]
    rows += [("spread", name, spreads[0][i], spreads[1][i]) for i, name in enumerate(names)]
    rows += [
        ("correlation", f"{names[j]} and {names[i]}", correlations[0][i, j], correlations[1][i, j])
        for i in range(len(names))
        for j in range(i)
    ]
    return pd.DataFrame(rows, columns=["moment", "of", "observed", "simulated"])
