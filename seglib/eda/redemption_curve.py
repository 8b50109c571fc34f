"""What becomes of a coupon as it grows older, those whose fate is not decided yet among them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.stats import norm

from seglib.features import burned_by

AGES = (30, 60, 90, 180)
"""Days at which ages of coupons are divided where no burn window is known."""


def redemption_by_age(unified: pd.DataFrame, *, as_of: str, burn_window: int) -> pd.DataFrame:
    """Count coupons, and the share of them burned, for those whose fate is decided and for younger ones.

    Parameters
    ----------
    unified : pandas.DataFrame
    as_of : str
    burn_window : int
        Age in days from which a coupon counts as decided; 0 if every coupon does, because nothing is known of how
        long a burn takes: then by `AGES`, whose shares show whether age matters.

    Returns
    -------
    pandas.DataFrame
        age, coupons, burned.
    """
    limits = (burn_window,) if burn_window else AGES
    days = (pd.Timestamp(as_of) - unified["transaction_date"]).dt.days
    burned = burned_by(unified, as_of=as_of)
    table = burned.groupby(np.searchsorted(limits, days, side="right")).agg(coupons="size", burned="mean")
    between = [f"{low} to {high - 1} days" for low, high in pairwise(limits)]
    names = dict(enumerate([f"under {limits[0]} days", *between, f"{limits[-1]} days or older"]))
    return table.rename(index=names).rename_axis("age").reset_index()


@dataclass(frozen=True)
class RedemptionCurve:
    """The share of coupons burned by age, with those too young to know counted as what they are: unknown.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a day of age, from 0: age (days), at_risk (coupons seen at that age and not burned before it),
        burned (of these, on that day of age), share (burned by that age, of all coupons), low and high (its 95%
        interval; missing while the share is 0 or 1), naive (the share if every coupon that was not burned counted as
        a failure, however young).
    window : int
        Age in days at which a coupon counts as decided.
    """

    table: pd.DataFrame
    window: int

    @property
    def half(self) -> int | None:
        """The age in days by which half of the coupons are burned; None if they never are, as far as was seen."""
        reached = self.table.loc[self.table["share"] >= 0.5, "age"]
        return None if reached.empty else int(reached.iloc[0])

    @property
    def decided(self) -> pd.Series:
        """The row of the burn window, or the oldest age there is."""
        return self.table.iloc[min(self.window, len(self.table) - 1)]

    @property
    def finding(self) -> str:
        """How fast coupons are burned."""
        end = self.decided
        if not self.table["burned"].any():
            return "No coupon was burned"
        share, days = f"{end['share']:.0%}", f"{end['age']:.0f} days"
        if self.half is None or self.half >= end["age"]:
            return f"{share} of the coupons are burned within {days}"
        soon = f"by day {self.half}" if self.half else "at once"
        return f"Half of the coupons are burned {soon}, {share} within {days}"

    @property
    def text(self) -> str:
        """The finding with its interval, and what ignoring the young coupons would have said."""
        end = self.decided
        share, naive = f"{end['share']:.0%}", f"{end['naive']:.0%}"
        between = f" (95% interval {end['low']:.0%} to {end['high']:.0%})" if end["low"] == end["low"] else ""
        young = f" Counting every young coupon as a failure would say {naive}." if naive != share else ""
        return f"{self.finding}{between}.{young}"


def redemption_curve(unified: pd.DataFrame, *, as_of: str, window: int) -> RedemptionCurve:
    """Estimate the share of coupons burned by age, although the younger ones may still be burned.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row a transaction, with a status and with burn dates (`seglib.features.Redemption.dated`).
    as_of : str
        The day we look from: a burn after it was not seen, and a coupon not burned by it is known only up to its
        age on that day.
    window : int
        Age in days at which a coupon counts as decided.

    Returns
    -------
    Lifecycle
        Ages from 0 to that of the oldest coupon.

    Notes
    -----
    Product-limit estimator of Kaplan & Meier (1958), JASA 53(282); variance after Greenwood (1926), interval on
    the scale of log(-log) after Kalbfleisch & Prentice (2002), *The Statistical Analysis of Failure Time Data*,
    section 1.4. It is made from counts by day, so it is exact for any number of coupons. It takes coupons
    as independent: where a few customers hold many, the interval is too narrow.

    Examples
    --------
    Three coupons: burned after one day; burned after two; claimed a day ago and open.

    >>> claimed = pd.to_datetime(["2024-01-01", "2024-01-01", "2024-01-09"])
    >>> burned = pd.to_datetime(["2024-01-02", "2024-01-03", None])
    >>> status = ["burned", "burned", "subscribed"]
    >>> coupons = pd.DataFrame({"transaction_date": claimed, "burn_date": burned, "transaction_status": status})
    >>> table = redemption_curve(coupons, as_of="2024-01-10", window=2).table
    >>> table.head(3)[["age", "at_risk", "burned", "share", "naive"]]
       age  at_risk  burned     share     naive
    0    0        3       0  0.000000  0.000000
    1    1        3       1  0.333333  0.333333
    2    2        1       1  1.000000  0.666667
    """
    age = (pd.Timestamp(as_of) - unified["transaction_date"]).dt.days.to_numpy()
    burned = (burned_by(unified, as_of=as_of) == 1).to_numpy()
    lag = (unified["burn_date"] - unified["transaction_date"]).dt.days.to_numpy()
    known_until = np.where(burned, lag, age).astype("int64")
    length = int(age.max()) + 1
    events = np.bincount(known_until[burned], minlength=length)
    at_risk = np.bincount(known_until, minlength=length)[::-1].cumsum()[::-1]
    rest = np.maximum(at_risk, 1)
    open_share = np.cumprod(1 - events / rest)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.cumsum(events / (rest * (at_risk - events)))) / np.abs(np.log(open_share))
        reach = np.exp(norm.ppf(0.975) * spread)
        low, high = 1 - open_share ** (1 / reach), 1 - open_share**reach
    inside = (open_share > 0) & (open_share < 1)
    table = pd.DataFrame(
        {
            "age": np.arange(length),
            "at_risk": at_risk,
            "burned": events,
            "share": 1 - open_share,
            "low": np.where(inside, low, np.nan),
            "high": np.where(inside, high, np.nan),
            "naive": events.cumsum() / len(unified),
        }
    )
    return RedemptionCurve(table, window)
