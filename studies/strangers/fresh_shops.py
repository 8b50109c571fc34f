"""Shops that were written when the rule was finished, and that nobody looked at before."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from .kinds import Kind, Made, generator, group_labels, truth_of
from .shop_process import Setting, Traits, shop_tables


def two_factors(seed: int, customers: int) -> Made:
    """Draw a shop that two unrelated factors move: how engaged a customer is, and how much money there is."""
    rng = generator(seed, "two_factors")
    engaged, rich = rng.standard_normal((2, customers))
    noise = rng.standard_normal((4, customers))
    traits = Traits(
        rate=np.exp(0.6 * engaged + 0.2 * noise[0]),
        burn=expit(0.4 + 0.7 * engaged - 0.6 * rich + 0.3 * noise[1]),
        lag=20 * np.exp(0.4 * rich - 0.2 * engaged + 0.2 * noise[2]),
        spend=25 * np.exp(0.7 * rich + 0.2 * noise[3]),
    )
    return Made(shop_tables(rng, traits, Setting(n_days=540, calendar="payday", joining="growth", amounts="all")))


def gamma_and_beta(seed: int, customers: int) -> Made:
    """Draw the standard model of a customer base: gamma rates, beta burning, gamma days to burn, all independent."""
    rng = generator(seed, "gamma_and_beta")
    traits = Traits(
        rate=rng.gamma(1.2, 1.0, customers),
        burn=rng.beta(0.9, 1.4, customers),
        lag=rng.gamma(3.0, 7.0, customers) + 1,
        spend=rng.gamma(2.0, 12.0, customers) + 2,
    )
    return Made(shop_tables(rng, traits, Setting(calendar="season", lags="exponential", amounts="burned")))


def saturation(seed: int, customers: int) -> Made:
    """Draw a shop in which burning rises with engagement up to a limit, and everybody above it burns all."""
    rng = generator(seed, "saturation")
    factor = rng.standard_normal(customers)
    traits = Traits(
        rate=np.exp(0.4 * factor + 0.2 * rng.standard_normal(customers)),
        burn=np.clip(0.6 + 0.35 * factor + 0.08 * rng.standard_normal(customers), 0.02, 0.98),
        lag=15 * np.exp(-0.3 * factor + 0.2 * rng.standard_normal(customers)),
    )
    return Made(shop_tables(rng, traits, Setting(n_days=450, calendar="weekend", lags="weibull", branches=4)))


def bargain_hunters(seed: int, customers: int) -> Made:
    """Draw a quarter of bargain hunters, who claim much and burn at once, among customers who differ gradually."""
    rng = generator(seed, "bargain_hunters")
    labels = group_labels(rng, customers, (0.75, 0.25))
    noise = rng.standard_normal((4, customers))
    traits = Traits(
        rate=np.exp(np.where(labels == 1, 1.1, -0.2) + 0.3 * noise[0]),
        burn=expit(np.where(labels == 1, 2.2, -0.4) + 0.5 * noise[1]),
        lag=np.where(labels == 1, 4.0, 28.0) * np.exp(0.25 * noise[2]),
        spend=np.where(labels == 1, 12.0, 34.0) * np.exp(0.35 * noise[3]),
    )
    return Made(shop_tables(rng, traits, Setting(n_days=600, joining="even", amounts="all")), truth_of(labels))


def four_lifestyles(seed: int, customers: int) -> Made:
    """Draw four groups: who burns soon, who burns late, who collects and never burns, who hardly comes."""
    rng = generator(seed, "four_lifestyles")
    labels = group_labels(rng, customers, (0.35, 0.3, 0.2, 0.15))
    noise = rng.standard_normal((3, customers))
    centres = np.array([(0.2, 2.0, 5.0), (0.2, 2.0, 45.0), (0.7, -3.0, 20.0), (-1.0, 0.0, 20.0)])[labels]
    traits = Traits(
        rate=np.exp(centres[:, 0] + 0.2 * noise[0]),
        burn=expit(centres[:, 1] + 0.3 * noise[1]),
        lag=centres[:, 2] * np.exp(0.2 * noise[2]),
    )
    setting = Setting(first_day="2023-03-01", n_days=700, calendar="payday", joining="start", per_customer=14)
    return Made(shop_tables(rng, traits, setting), truth_of(labels))


FRESH_SHOPS = (
    Kind(
        "two factors",
        "shop",
        "own",
        0,
        "engagement and money, which have nothing to do with each other, move everything; no groups",
        two_factors,
        tuned=False,
    ),
    Kind(
        "gamma and beta",
        "shop",
        "own",
        0,
        "gamma rates, beta burning, gamma days to burn, all independent; no groups",
        gamma_and_beta,
        tuned=False,
    ),
    Kind(
        "saturation",
        "shop",
        "own",
        0,
        "one engagement factor, and burning rises with it up to a limit; no groups, but many at the limit",
        saturation,
        tuned=False,
    ),
    Kind(
        "bargain hunters",
        "shop",
        "own",
        2,
        "a quarter claim much, burn at once and spend little; the others differ gradually: natural, k = 2",
        bargain_hunters,
        tuned=False,
    ),
    Kind(
        "four lifestyles",
        "shop",
        "own",
        4,
        "four groups in claims, burning and days to burn: natural or reproducible, k = 4",
        four_lifestyles,
        tuned=False,
    ),
)
