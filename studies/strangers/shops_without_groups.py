"""Shops in which customers differ gradually, or not at all. A right verdict claims no groups."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from .kinds import Kind, Made, generator
from .shop_process import Setting, Traits, shop_tables

LIFETIME = 300.0
"""Mean number of days that a customer of a shop with lapse stays."""


def _correlated(rng: np.random.Generator, factor: np.ndarray, loading: float, spread: float) -> np.ndarray:
    """Return a trait that the factor moves by ``loading``, and that scatters by ``spread`` around it."""
    return loading * factor + spread * rng.standard_normal(len(factor))


def engagement_traits(rng: np.random.Generator, factor: np.ndarray) -> Traits:
    """Return customers who claim more, burn more, burn sooner and spend more, the greater their factor is."""
    return Traits(
        rate=np.exp(_correlated(rng, factor, 0.5, 0.3)),
        burn=expit(0.2 + _correlated(rng, factor, 1.0, 0.4)),
        lag=16 * np.exp(_correlated(rng, factor, -0.4, 0.25)),
        spend=20 * np.exp(_correlated(rng, factor, 0.5, 0.3)),
    )


def engagement(seed: int, customers: int) -> Made:
    """Draw a shop that one Gaussian factor moves."""
    rng = generator(seed, "engagement")
    traits = engagement_traits(rng, rng.standard_normal(customers))
    return Made(shop_tables(rng, traits, Setting(calendar="weekend", amounts="all")))


def engagement_without_amounts(seed: int, customers: int) -> Made:
    """Draw a shop that one Gaussian factor moves, and that records no amounts."""
    rng = generator(seed, "engagement_without_amounts")
    traits = engagement_traits(rng, rng.standard_normal(customers))
    setting = Setting(first_day="2024-01-15", n_days=420, calendar="payday", lags="weibull")
    return Made(shop_tables(rng, traits, setting))


def engagement_curved(seed: int, customers: int) -> Made:
    """Draw a shop in which the least and the most engaged burn, and those between do not."""
    rng = generator(seed, "engagement_curved")
    factor = rng.standard_normal(customers)
    traits = Traits(
        rate=np.exp(_correlated(rng, factor, 0.7, 0.2)),
        burn=expit(-1.2 + 1.2 * factor**2 + 0.3 * rng.standard_normal(customers)),
        lag=14 * np.exp(_correlated(rng, factor, -0.5, 0.2)),
        spend=25 * np.exp(_correlated(rng, factor, 0.7, 0.3)),
    )
    return Made(shop_tables(rng, traits, Setting(n_days=700, calendar="season", lags="weibull", amounts="burned")))


def engagement_heavy_tails(seed: int, customers: int) -> Made:
    """Draw a shop that one factor with heavy tails moves (t with 4 degrees of freedom)."""
    rng = generator(seed, "engagement_heavy_tails")
    factor = rng.standard_t(4, customers) / np.sqrt(2)
    return Made(shop_tables(rng, engagement_traits(rng, factor), Setting(lags="exponential", amounts="all")))


def engagement_and_lapse(seed: int, customers: int) -> Made:
    """Draw a shop that one factor moves, and whose less engaged customers stop coming earlier."""
    rng = generator(seed, "engagement_and_lapse")
    factor = rng.standard_normal(customers)
    traits = engagement_traits(rng, factor)
    lifetime = rng.exponential(380 * np.exp(0.5 * factor))
    traits = Traits(traits.rate, traits.burn, traits.lag, traits.spend, lifetime=lifetime)
    return Made(shop_tables(rng, traits, Setting(n_days=640, calendar="weekend", amounts="all", branches=7)))


def lifetimes(seed: int, customers: int) -> Made:
    """Draw a shop whose customers stop coming after an exponential time."""
    rng = generator(seed, "lifetimes")
    traits = Traits(
        rate=rng.gamma(3.0, 1 / 3, customers),
        burn=rng.beta(3, 2, customers),
        lag=np.full(customers, 15.0),
        lifetime=rng.exponential(LIFETIME, customers),
    )
    return Made(shop_tables(rng, traits, Setting(n_days=600)))


def fading_rates(seed: int, customers: int) -> Made:
    """Draw a shop whose customers come less and less, some faster than others."""
    rng = generator(seed, "fading_rates")
    traits = Traits(
        rate=np.exp(0.4 * rng.standard_normal(customers)),
        burn=rng.beta(2, 2, customers),
        lag=20 * np.exp(0.3 * rng.standard_normal(customers)),
        fade=np.exp(-5.2 + 0.6 * rng.standard_normal(customers)),
    )
    return Made(shop_tables(rng, traits, Setting(n_days=500, joining="growth", lags="weibull")))


def independent_traits(seed: int, customers: int) -> Made:
    """Draw a shop whose customers differ in every trait, each for itself."""
    rng = generator(seed, "independent_traits")
    traits = Traits(
        rate=np.exp(0.6 * rng.standard_normal(customers)),
        burn=expit(1.2 * rng.standard_normal(customers)),
        lag=18 * np.exp(0.5 * rng.standard_normal(customers)),
        spend=30 * np.exp(0.6 * rng.standard_normal(customers)),
    )
    return Made(shop_tables(rng, traits, Setting(calendar="payday", amounts="all")))


def pareto_tail(seed: int, customers: int) -> Made:
    """Draw a shop in which few customers claim and spend most of all."""
    rng = generator(seed, "pareto_tail")
    traits = Traits(
        rate=np.minimum(1 + rng.pareto(1.6, customers), 60),
        burn=rng.beta(4, 3, customers),
        lag=np.full(customers, 12.0),
        spend=12 * np.minimum(1 + rng.pareto(1.4, customers), 200),
    )
    return Made(shop_tables(rng, traits, Setting(lags="exponential", amounts="all")))


def season_and_growth(seed: int, customers: int) -> Made:
    """Draw a shop with a strong season and more and more customers, who differ only in how often they come."""
    rng = generator(seed, "season_and_growth")
    traits = Traits(rate=rng.gamma(2.0, 0.5, customers), burn=np.full(customers, 0.55), lag=np.full(customers, 22.0))
    return Made(shop_tables(rng, traits, Setting(n_days=720, calendar="season", joining="growth")))


def join_waves(seed: int, customers: int) -> Made:
    """Draw a shop whose customers joined in three weeks of advertising, and are otherwise a continuum."""
    rng = generator(seed, "join_waves")
    traits = Traits(rate=rng.gamma(2.5, 0.4, customers), burn=rng.beta(2, 3, customers), lag=np.full(customers, 17.0))
    return Made(shop_tables(rng, traits, Setting(n_days=600, joining="waves", lags="weibull")))


def few_coupons(seed: int, customers: int) -> Made:
    """Draw a shop with one or two coupons a customer."""
    rng = generator(seed, "few_coupons")
    traits = Traits(
        rate=np.ones(customers),
        burn=rng.beta(2, 2, customers),
        lag=np.full(customers, 20.0),
        coupons=1 + rng.binomial(1, 0.45, customers),
    )
    return Made(shop_tables(rng, traits, Setting(n_days=480, calendar="weekend")))


def all_alike(seed: int, customers: int) -> Made:
    """Draw a shop whose customers are all alike."""
    rng = generator(seed, "all_alike")
    traits = Traits(
        rate=np.ones(customers),
        burn=np.full(customers, 0.5),
        lag=np.full(customers, 20.0),
        spend=np.full(customers, 18.0),
    )
    return Made(shop_tables(rng, traits, Setting(n_days=400, calendar="payday", amounts="all", branches=5)))


def uniform_lags(seed: int, customers: int) -> Made:
    """Draw a shop of a gradual kind in which any day of the validity is as good as another to burn a coupon."""
    rng = generator(seed, "uniform_lags")
    traits = Traits(
        rate=rng.gamma(2.0, 0.5, customers), burn=rng.beta(1.5, 1.5, customers), lag=np.full(customers, 45.0)
    )
    return Made(shop_tables(rng, traits, Setting(n_days=560, lags="uniform")))


SHOPS_WITHOUT_GROUPS = (
    Kind(
        "engagement",
        "shop",
        "own",
        0,
        "one engagement factor moves everything: who claims more also burns more, burns sooner and spends more; no "
        "groups",
        engagement,
        tuned=True,
    ),
    Kind(
        "engagement without amounts",
        "shop",
        "own",
        0,
        "one engagement factor moves claims, burning and days to burn; no groups",
        engagement_without_amounts,
        tuned=True,
    ),
    Kind(
        "engagement, curved",
        "shop",
        "own",
        0,
        "one strong engagement factor, and burning depends on its square: a bent line of customers; no groups",
        engagement_curved,
        tuned=True,
    ),
    Kind(
        "engagement, heavy tails",
        "shop",
        "own",
        0,
        "one engagement factor with heavy tails moves everything; no groups, and a few extreme customers",
        engagement_heavy_tails,
        tuned=True,
    ),
    Kind(
        "engagement and lapse",
        "shop",
        "own",
        0,
        "one engagement factor moves everything, also how long customers stay; no groups",
        engagement_and_lapse,
        tuned=True,
    ),
    Kind(
        "exponential lifetimes",
        "shop",
        "own",
        0,
        "customers stop coming after an exponential time, any time alike; no groups",
        lifetimes,
        tuned=True,
    ),
    Kind(
        "fading rates",
        "shop",
        "own",
        0,
        "all customers come less and less, some faster than others; no groups",
        fading_rates,
        tuned=True,
    ),
    Kind(
        "independent traits",
        "shop",
        "own",
        0,
        "customers differ gradually in four traits that have nothing to do with each other; no groups",
        independent_traits,
        tuned=True,
    ),
    Kind(
        "Pareto tail",
        "shop",
        "own",
        0,
        "few customers claim and spend most of all, with a tail that has no step; no groups",
        pareto_tail,
        tuned=True,
    ),
    Kind(
        "season and growth",
        "shop",
        "own",
        0,
        "a strong season and a growing number of customers, who differ only in how often they come; no groups",
        season_and_growth,
        tuned=True,
    ),
    Kind(
        "join waves",
        "shop",
        "own",
        0,
        "customers joined in three weeks of advertising, but behave as one continuum; no groups of behaviour",
        join_waves,
        tuned=True,
    ),
    Kind(
        "one or two coupons",
        "shop",
        "own",
        0,
        "one or two coupons a customer: too few to tell customers apart; no groups",
        few_coupons,
        tuned=True,
    ),
    Kind("all alike", "shop", "own", 0, "customers are all alike and differ by chance only", all_alike, tuned=True),
    Kind(
        "uniform lags",
        "shop",
        "own",
        0,
        "customers differ gradually in claims and burning, and burn on any day alike; no groups",
        uniform_lags,
        tuned=True,
    ),
)
