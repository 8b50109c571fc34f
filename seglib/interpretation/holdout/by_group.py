"""Outcomes by group, each with an interval: segments, or the scores of the plain alternative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from seglib.stats import wilson

Z = float(norm.ppf(0.975))


@dataclass(frozen=True)
class Outcome:
    """Something customers did after the cut.

    Attributes
    ----------
    name : str
        A column of `Holdout.table`.
    kind : {"yes or no", "rate", "count", "money"}
    unit, meaning : str
        In `OUTCOMES` templates that `seglib.style.Wording.of` fills; those of a `Holdout` are filled.
    """

    name: str
    kind: Literal["yes or no", "rate", "count", "money"]
    unit: str
    meaning: str


OUTCOMES: tuple[Outcome, ...] = (
    Outcome("active", "yes or no", "share of customers", "{claimed} a {coupon}"),
    Outcome("coupons", "count", "{coupons} a customer", "how many {coupons} a customer {claimed}"),
    Outcome("burned", "yes or no", "share of customers", "burned a {coupon} {claimed} after the cut"),
    Outcome("burn_rate", "rate", "share of decided {coupons}", "how many of the {coupons} {claimed} were burned"),
    Outcome("spend", "money", "money a customer", "what a customer spent"),
)
"""In the order in which they are told."""

KINDS: dict[str, str] = {outcome.name: outcome.kind for outcome in OUTCOMES}


def by_group(table: pd.DataFrame, group: pd.Series, outcome: Outcome) -> pd.DataFrame:
    """Describe an outcome in every group, with a 95% interval over customers.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a customer: the outcome; for burn_rate also decided, decided_burned. Customers for whom it is missing
        do not count.
    group : pandas.Series
        On the same index.
    outcome : Outcome

    Returns
    -------
    pandas.DataFrame
        group, outcome, unit, customers, value, low, high, overall (the same of all customers). Yes or no: the share
        and its Wilson interval. Rate: all coupons burned over all decided ones, with Wilson's interval for the number
        of customers that would tell as much (the ratio's variance over customers, Cochran 1977, *Sampling Techniques*,
        2.11; Korn & Graubard 1998, Survey Methodology 24(2)), since the coupons of one customer are alike. Count and
        money: the mean and its t interval; missing for a single customer.
    """
    known = table[table[outcome.name].notna() & group.notna()]
    overall = _told(known, outcome)[0] if len(known) else float("nan")
    rows = []
    for name, part in known.groupby(group.reindex(known.index), sort=True):
        value, low, high = _told(part, outcome)
        rows.append((name, outcome.name, outcome.unit, len(part), value, low, high, overall))
    columns = ["group", "outcome", "unit", "customers", "value", "low", "high", "overall"]
    return pd.DataFrame(rows, columns=columns)


def _told(part: pd.DataFrame, outcome: Outcome) -> tuple[float, float, float]:
    n, x = len(part), part[outcome.name].to_numpy(dtype=float)
    if outcome.kind == "yes or no":
        return float(x.mean()), *wilson(float(x.mean()), n)
    if outcome.kind == "rate":
        above, below = part["decided_burned"].to_numpy(dtype=float), part["decided"].to_numpy(dtype=float)
        rate = float(above.sum() / below.sum())
        squares = float(((above - rate * below) ** 2).sum())
        worth = float(n)  # where all burned, or none did, customers cannot be seen to differ
        if 0 < rate < 1 and squares > 0 and n > 1:
            variance = squares * n / (n - 1) / below.sum() ** 2
            worth = rate * (1 - rate) / variance
        return rate, *wilson(rate, worth)
    mean = float(x.mean())
    if n < 2:
        return mean, float("nan"), float("nan")
    reach = float(t.ppf(0.975, n - 1) * x.std(ddof=1) / np.sqrt(n))
    least = 0.0 if outcome.kind == "count" else -np.inf
    return mean, max(least, mean - reach), mean + reach
