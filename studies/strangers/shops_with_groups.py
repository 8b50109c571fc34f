"""Shops with planted groups of customers. A right verdict finds that there are some."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from .kinds import Kind, Made, generator, group_labels, truth_of
from .shop_process import Setting, Traits, shop_tables

SPREAD = (0.15, 0.25, 0.12, 0.15)
"""Standard deviation within a group of log rate, log-odds of burning, log days to burn and log amount."""


def grouped_traits(
    rng: np.random.Generator, labels: np.ndarray, centres: np.ndarray, spread: tuple[float, ...] = SPREAD
) -> Traits:
    """Return customers who scatter around the centre of their group.

    Parameters
    ----------
    rng : numpy.random.Generator
    labels : ndarray of int, shape (n_customers,)
    centres : array-like, shape (n_groups, 3 or 4)
        Log of the rate, log-odds of burning, mean days to burn, and median amount.
    spread : tuple of float
        Standard deviations on these scales, of days and amounts on the scale of logarithms.
    """
    centres = np.asarray(centres, dtype=np.float64)
    noise = rng.standard_normal((len(labels), 4)) * np.asarray(spread)
    return Traits(
        rate=np.exp(centres[labels, 0] + noise[:, 0]),
        burn=expit(centres[labels, 1] + noise[:, 1]),
        lag=centres[labels, 2] * np.exp(noise[:, 2]),
        spend=centres[labels, 3] * np.exp(noise[:, 3]) if centres.shape[1] > 3 else None,
    )


def _grouped(
    seed: int,
    customers: int,
    name: str,
    shares: tuple[float, ...],
    centres: tuple[tuple[float, ...], ...],
    setting: Setting,
    spread: tuple[float, ...] = SPREAD,
) -> Made:
    """Draw a shop of groups that scatter around their centres."""
    rng = generator(seed, name)
    labels = group_labels(rng, customers, shares)
    traits = grouped_traits(rng, labels, np.array(centres), spread)
    return Made(shop_tables(rng, traits, setting), truth_of(labels))


def three_separated(seed: int, customers: int) -> Made:
    """Draw three groups that lie far apart in claims, burning and days to burn."""
    centres = ((0.7, 2.8, 4.5), (-0.2, -3.0, 40), (-0.2, 2.8, 50))
    setting = Setting(calendar="weekend", joining="start", per_customer=10)
    return _grouped(seed, customers, "three_separated", (0.4, 0.35, 0.25), centres, setting)


def three_overlapping(seed: int, customers: int) -> Made:
    """Draw three groups that overlap in every trait."""
    centres = ((0.4, 1.0, 10), (-0.3, -1.3, 22), (-0.2, 1.0, 32))
    setting = Setting(first_day="2024-02-01", n_days=480, calendar="payday", lags="weibull")
    return _grouped(seed, customers, "three_overlapping", (0.4, 0.35, 0.25), centres, setting)


def five_separated(seed: int, customers: int) -> Made:
    """Draw five groups that lie far apart."""
    centres = (
        (0.9, 2.8, 6, 8),
        (0.8, -2.8, 20, 60),
        (-0.4, 2.8, 45, 40),
        (-0.5, -2.8, 20, 4),
        (-0.6, 2.8, 6, 250),
    )
    setting = Setting(n_days=700, joining="start", amounts="all", per_customer=14)
    return _grouped(seed, customers, "five_separated", (0.26, 0.22, 0.2, 0.18, 0.14), centres, setting)


def five_overlapping(seed: int, customers: int) -> Made:
    """Draw five groups of which neighbours overlap."""
    centres = ((0.6, 1.2, 8), (0.4, -1.0, 18), (-0.4, 1.2, 36), (-0.5, -1.4, 30), (-0.5, 0.8, 9))
    setting = Setting(n_days=600, calendar="weekend")
    return _grouped(seed, customers, "five_overlapping", (0.25, 0.22, 0.2, 0.18, 0.15), centres, setting)


def dormant_third(seed: int, customers: int) -> Made:
    """Draw a shop a third of whose customers stopped coming half a year ago or more."""
    rng = generator(seed, "dormant_third")
    labels = group_labels(rng, customers, (2 / 3, 1 / 3))
    setting = Setting(n_days=640, joining="start", lags="exponential")
    left = rng.uniform(0.35, 0.65, customers) * setting.n_days
    traits = Traits(
        rate=np.exp(0.3 * rng.standard_normal(customers)),
        burn=rng.beta(3, 3, customers),
        lag=np.full(customers, 14.0),
        lifetime=np.where(labels == 1, left, np.inf),
    )
    return Made(shop_tables(rng, traits, setting), truth_of(labels))


def lag_only(seed: int, customers: int) -> Made:
    """Draw two groups that differ in nothing but their days to burn."""
    rng = generator(seed, "lag_only")
    labels = group_labels(rng, customers, (0.55, 0.45))
    traits = Traits(
        rate=np.exp(0.35 * rng.standard_normal(customers)),
        burn=expit(0.8 + 0.6 * rng.standard_normal(customers)),
        lag=np.where(labels == 1, 40.0, 6.0) * np.exp(0.12 * rng.standard_normal(customers)),
    )
    return Made(shop_tables(rng, traits, Setting(n_days=600, calendar="payday")), truth_of(labels))


def never_burn(seed: int, customers: int) -> Made:
    """Draw a shop in which 40% of the customers never burn a coupon, and the others differ gradually."""
    rng = generator(seed, "never_burn")
    labels = group_labels(rng, customers, (0.6, 0.4))
    traits = Traits(
        rate=np.exp(0.4 * rng.standard_normal(customers)),
        burn=np.where(labels == 1, 0.0, rng.beta(4, 3, customers)),
        lag=18 * np.exp(0.3 * rng.standard_normal(customers)),
    )
    return Made(shop_tables(rng, traits, Setting(n_days=520, lags="weibull")), truth_of(labels))


def groups_in_gradient(seed: int, customers: int) -> Made:
    """Draw three groups along and off an engagement factor that also moves everybody within the groups."""
    rng = generator(seed, "groups_in_gradient")
    labels = group_labels(rng, customers, (0.45, 0.3, 0.25))
    factor = 0.8 * rng.standard_normal(customers)
    centres = np.array([(0.5, 1.8, 8.0, 35.0), (-0.6, -1.6, 30.0, 12.0), (0.2, -1.8, 34.0, 70.0)])
    within = grouped_traits(rng, labels, centres, (0.15, 0.25, 0.12, 0.15))
    traits = Traits(
        rate=within.rate * np.exp(0.4 * factor),
        burn=expit(np.log(within.burn / (1 - within.burn)) + 0.8 * factor),
        lag=within.lag * np.exp(-0.3 * factor),
        spend=within.spend * np.exp(0.4 * factor),
    )
    return Made(shop_tables(rng, traits, Setting(calendar="weekend", amounts="all")), truth_of(labels))


def sizes_90_7_3(seed: int, customers: int) -> Made:
    """Draw a large group and two small ones, far apart."""
    centres = ((-0.2, 0.3, 18), (1.6, 3.2, 3), (2.2, -3.5, 18))
    setting = Setting(n_days=560, calendar="weekend", joining="start", per_customer=14)
    return _grouped(seed, customers, "sizes_90_7_3", (0.9, 0.07, 0.03), centres, setting)


def spend_only(seed: int, customers: int) -> Made:
    """Draw two groups that differ in nothing but the amounts that they spend."""
    rng = generator(seed, "spend_only")
    labels = group_labels(rng, customers, (0.7, 0.3))
    traits = Traits(
        rate=np.exp(0.35 * rng.standard_normal(customers)),
        burn=rng.beta(3, 3, customers),
        lag=np.full(customers, 20.0),
        spend=np.where(labels == 1, 120.0, 15.0) * np.exp(0.2 * rng.standard_normal(customers)),
    )
    return Made(shop_tables(rng, traits, Setting(lags="exponential", amounts="all")), truth_of(labels))


def four_with_amounts(seed: int, customers: int) -> Made:
    """Draw four groups in claims, burning, days and amounts."""
    centres = ((0.7, 1.8, 7, 15), (-0.4, 1.8, 32, 70), (0.5, -1.8, 20, 70), (-0.6, -1.8, 20, 12))
    setting = Setting(first_day="2023-09-01", n_days=640, joining="growth", amounts="all", branches=6)
    return _grouped(seed, customers, "four_with_amounts", (0.3, 0.25, 0.25, 0.2), centres, setting)


SHOPS_WITH_GROUPS = (
    Kind(
        "three groups, separated",
        "shop",
        "own",
        3,
        "three groups far apart in claims, burning and days to burn: natural, k = 3",
        three_separated,
        tuned=True,
    ),
    Kind(
        "three groups, overlapping",
        "shop",
        "own",
        3,
        "three groups that overlap in every trait: at least reproducible",
        three_overlapping,
        tuned=True,
    ),
    Kind(
        "five groups, separated",
        "shop",
        "own",
        5,
        "five groups far apart in claims, burning, days and amounts: natural, k = 5",
        five_separated,
        tuned=True,
    ),
    Kind(
        "five groups, overlapping",
        "shop",
        "own",
        5,
        "five groups of which neighbours overlap: at least reproducible",
        five_overlapping,
        tuned=True,
    ),
    Kind(
        "dormant third",
        "shop",
        "own",
        2,
        "a third of the customers stopped coming long ago, the others still come: two groups in recency",
        dormant_third,
        tuned=True,
    ),
    Kind(
        "two groups by lag",
        "shop",
        "own",
        2,
        "two groups that differ in days to burn and in nothing else: two kinds in one trait",
        lag_only,
        tuned=True,
    ),
    Kind(
        "40% never burn",
        "shop",
        "own",
        2,
        "40% of the customers never burn a coupon, the others differ gradually: two kinds in one trait",
        never_burn,
        tuned=True,
    ),
    Kind(
        "groups in a gradient",
        "shop",
        "own",
        3,
        "three groups along and off an engagement factor that moves everybody as well: at least reproducible",
        groups_in_gradient,
        tuned=True,
    ),
    Kind(
        "sizes 90/7/3",
        "shop",
        "own",
        3,
        "one group of 90% and two small ones of 7% and 3%, far apart: not to be denied for their size",
        sizes_90_7_3,
        tuned=True,
    ),
    Kind(
        "two groups by spend",
        "shop",
        "own",
        2,
        "two groups that differ in amounts and in nothing else: two kinds in one trait",
        spend_only,
        tuned=True,
    ),
    Kind(
        "four groups with amounts",
        "shop",
        "own",
        4,
        "four groups in claims, burning, days and amounts: at least reproducible, k = 4",
        four_with_amounts,
        tuned=True,
    ),
)
