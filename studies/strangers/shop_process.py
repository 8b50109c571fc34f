"""From customers and their traits to the tables of a coupon shop.

Every customer claims coupons as a Poisson process over the own time in the shop, on days as busy as the calendar says,
and burns each with the own probability after a random number of days. The tables are an export on the last day: a burn
that is still to come is not in it.

This is written apart from `seglib.datasets.make_shop`, which draws a fixed number of coupons and deals them to
customers: other calendars, other ways of joining, other distributions of days to burn, and amounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

Calendar = Literal["flat", "weekend", "payday", "season"]
Joining = Literal["start", "even", "growth", "waves"]
Lags = Literal["lognormal", "weibull", "exponential", "uniform"]
Amounts = Literal["none", "all", "burned"]

CITIES = ("Aarhus", "Bergen", "Gdansk", "Malmo", "Riga", "Tallinn", "Turku", "Vilnius")
GENDERS = ("Female", "Male", "Not stated")
COUPONS = ("Half price", "Free coffee", "Three for two", "Birthday", "Refer a friend", "Weekend special")
SPEND_SPREAD = 0.5
"""Of the amounts of one customer, on the scale of logarithms."""

LOGNORMAL_SPREAD, WEIBULL_SHAPE = 0.6, 1.5
"""Of the days to burn of one customer."""


@dataclass(frozen=True)
class Traits:
    """What the customers of a shop are like; every array has shape (n_customers,).

    Attributes
    ----------
    rate : ndarray of float
        Coupons claimed in a given time, relative to the other customers.
    burn : ndarray of float
        Probability that a coupon is burned.
    lag : ndarray of float
        Mean number of days from claim to burn.
    spend : ndarray of float, optional
        Median amount of a transaction.
    lifetime : ndarray of float, optional
        Days after joining for which the customer comes; None: all stay.
    fade : ndarray of float, optional
        Share of the rate that a customer loses in a day.
    coupons : ndarray of int, optional
        Number of coupons, where it is not drawn from the rate.
    """

    rate: np.ndarray
    burn: np.ndarray
    lag: np.ndarray
    spend: np.ndarray | None = None
    lifetime: np.ndarray | None = None
    fade: np.ndarray | None = None
    coupons: np.ndarray | None = None


@dataclass(frozen=True)
class Setting:
    """What a shop is like.

    Attributes
    ----------
    first_day : str
        ISO date.
    n_days : int
    calendar : {"flat", "weekend", "payday", "season"}
        Which days are busy: none; Friday to Sunday; the first of a month and the last week; the end of a year.
    joining : {"start", "even", "growth", "waves"}
        When customers join: before the first day; evenly over three quarters of the time; more and more; in three weeks
        of advertising.
    lags : {"lognormal", "weibull", "exponential", "uniform"}
        Distribution of one customer's days to burn.
    amounts : {"none", "all", "burned"}
        Which transactions have one.
    per_customer : float
        Expected number of coupons, the mean over customers.
    branches : int
        0: the shop records none.
    """

    first_day: str = "2023-03-01"
    n_days: int = 550
    calendar: Calendar = "flat"
    joining: Joining = "even"
    lags: Lags = "lognormal"
    amounts: Amounts = "none"
    per_customer: float = 8.0
    branches: int = 0


def shop_tables(rng: np.random.Generator, traits: Traits, setting: Setting) -> dict[str, pd.DataFrame]:
    """Draw the tables of a shop: customers, genders, cities, transactions (branches and merchants where there are any).

    Customers are numbered from 1 on. Some may have no transaction.
    """
    n = len(traits.rate)
    joined = _join_days(rng, n, setting)
    tables = {
        "customers": pd.DataFrame(
            {
                "customer_id": np.arange(1, n + 1),
                "join_date": _dates(setting, joined),
                "city_id": rng.choice(len(CITIES), n, p=_falling(len(CITIES))) + 1,
                "gender_id": rng.choice(len(GENDERS), n, p=(0.55, 0.38, 0.07)) + 1,
            }
        ),
        "genders": pd.DataFrame({"gender_id": np.arange(1, len(GENDERS) + 1), "gender_name": GENDERS}),
        "cities": pd.DataFrame({"city_id": np.arange(1, len(CITIES) + 1), "city_name": CITIES}),
    }
    who, day = _claims(rng, traits, setting, joined)
    tables["transactions"] = _transactions(rng, who, day, traits, setting)
    if setting.branches:
        tables["transactions"]["branch_id"] = _branches(rng, who, n, setting.branches)
        tables["branches"] = pd.DataFrame(
            {
                "branch_id": np.arange(1, setting.branches + 1),
                "merchant_id": np.arange(setting.branches) % 3 + 1,
            }
        )
        tables["merchants"] = pd.DataFrame({"merchant_id": [1, 2, 3], "merchant_name": ["Grocer", "Bakery", "Chemist"]})
    return tables


def busy_days(setting: Setting) -> np.ndarray:
    """Return how busy each day is, shape (n_days,), mean 1."""
    days = pd.date_range(setting.first_day, periods=setting.n_days, freq="D")
    if setting.calendar == "weekend":
        busy = np.where(days.day_of_week >= 4, 1.8, 0.7)
    elif setting.calendar == "payday":
        busy = np.where((days.day >= 25) | (days.day == 1), 2.2, 0.7)
    elif setting.calendar == "season":
        busy = np.exp(0.8 * np.cos(2 * np.pi * (days.day_of_year.to_numpy() - 340) / 365.25))
    else:
        busy = np.ones(setting.n_days)
    return np.asarray(busy / busy.mean(), dtype=np.float64)


def _join_days(rng: np.random.Generator, n: int, setting: Setting) -> np.ndarray:
    """Draw the day on which each customer joins, counted from the first day."""
    if setting.joining == "start":
        return np.zeros(n, dtype=np.int64)
    if setting.joining == "even":
        share = rng.uniform(0, 0.75, n)
    elif setting.joining == "growth":  # the density of joining grows e-fold twice over the time
        share = np.log1p(rng.random(n) * np.expm1(2.0)) / 2.0 * 0.9
    else:
        share = rng.choice([0.05, 0.35, 0.6], n, p=(0.4, 0.25, 0.35)) + 7 * rng.random(n) / setting.n_days
    return np.floor(share * setting.n_days).astype(np.int64)


def _claims(
    rng: np.random.Generator, traits: Traits, setting: Setting, joined: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draw who claims a coupon on which day, in the order of days."""
    n, last = len(joined), setting.n_days - 1
    until = np.full(n, last)
    if traits.lifetime is not None:
        until = np.minimum(joined + np.floor(traits.lifetime), last).astype(np.int64)
    # The clock runs faster on busy days. A Poisson process of constant rate on this clock is drawn by a Poisson number
    # of even draws between the customer's first and last moment, and turned back into days.
    clock = np.concatenate([[0.0], np.cumsum(busy_days(setting))])
    start, exposure = clock[joined], clock[until + 1] - clock[joined]
    if traits.coupons is None:
        lasting = exposure
        if traits.fade is not None:  # the integral of exp(-fade t), which is the share that the thinning below leaves
            lasting = -np.expm1(-traits.fade * exposure) / np.maximum(traits.fade, 1e-12)
        n_coupons = rng.poisson(traits.rate * exposure * setting.per_customer / (traits.rate * lasting).mean())
    else:
        n_coupons = traits.coupons
    who = np.repeat(np.arange(n), n_coupons)
    moment = start[who] + rng.random(len(who)) * exposure[who]
    day = np.clip(np.searchsorted(clock, moment, side="right") - 1, joined[who], until[who])
    if traits.fade is not None:  # a Poisson process of falling rate is one of constant rate, thinned
        stays = rng.random(len(who)) < np.exp(-traits.fade[who] * (day - joined[who]))
        who, day = who[stays], day[stays]
    order = np.argsort(day, kind="stable")
    return who[order], day[order]


def _transactions(
    rng: np.random.Generator, who: np.ndarray, day: np.ndarray, traits: Traits, setting: Setting
) -> pd.DataFrame:
    n = len(who)
    lag = np.floor(traits.lag[who] * _unit_lags(rng, n, setting.lags)).astype(np.int64)
    burned = (rng.random(n) < traits.burn[who]) & (day + lag < setting.n_days)
    burn_date = _dates(setting, day + lag)
    burn_date[~burned] = np.datetime64("NaT")
    table = pd.DataFrame(
        {
            "transaction_id": np.arange(1, n + 1),
            "customer_id": who + 1,
            "transaction_date": _dates(setting, day),
            "transaction_status": pd.Categorical.from_codes(burned.astype(np.int8), ["subscribed", "burned"]),
            "coupon_name": pd.Categorical.from_codes(rng.integers(0, len(COUPONS), n), COUPONS),
            "burn_date": burn_date,
        }
    )
    if setting.amounts != "none":
        amount = np.round(traits.spend[who] * np.exp(SPEND_SPREAD * rng.standard_normal(n)), 2)
        table["amount"] = amount if setting.amounts == "all" else np.where(burned, amount, np.nan)
    return table


def _unit_lags(rng: np.random.Generator, n: int, lags: Lags) -> np.ndarray:
    """Draw positive numbers with mean 1."""
    if lags == "lognormal":
        return np.exp(LOGNORMAL_SPREAD * rng.standard_normal(n) - LOGNORMAL_SPREAD**2 / 2)
    if lags == "weibull":
        draws = rng.weibull(WEIBULL_SHAPE, n)
        return draws / 0.9027452929509336  # the mean of this Weibull distribution, Gamma(1 + 1 / 1.5)
    if lags == "exponential":
        return rng.exponential(1.0, n)
    return rng.uniform(0.0, 2.0, n)


def _branches(rng: np.random.Generator, who: np.ndarray, n_customers: int, branches: int) -> np.ndarray:
    """Draw where: six of ten times at the branch near home, else anywhere."""
    near = rng.integers(0, branches, n_customers)
    return np.where(rng.random(len(who)) < 0.6, near[who], rng.integers(0, branches, len(who))) + 1


def _falling(n: int) -> np.ndarray:
    weight = 0.8 ** np.arange(n)
    return weight / weight.sum()


def _dates(setting: Setting, day: np.ndarray) -> np.ndarray:
    return (np.datetime64(setting.first_day) + day.astype("timedelta64[D]")).astype("datetime64[us]")
