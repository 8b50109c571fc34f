"""What becomes of a coupon as it grows older, including those that are too young to judge."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import norm

from seglib.features import Redemption, burned_by, records
from seglib.study import Study
from seglib.style import NO_TRANSACTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AGES = (30, 60, 90, 180)
"""Days at which ages of coupons are divided where no burn window is known."""


def _redemption(unified: pd.DataFrame, study: Study) -> Redemption | None:
    """Return what the shop records of burning; None if there are no transactions."""
    if study.as_of is None or unified.empty:
        return None
    status, dated = records(unified)
    return Redemption(status, dated if study.burns_dated is None else study.burns_dated, study.burn_window)


@dataclass(frozen=True)
class RedemptionByAge:
    """Coupons by age, and the share of them that is burned.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per class of age: age, coupons, burned. Without rows where the shop records no status.
    redemption : Redemption or None
        What the shop records of burning; None if there are no transactions.
    """

    table: pd.DataFrame
    redemption: Redemption | None

    @property
    def applies(self) -> bool:
        """Whether coupons have a status."""
        return not self.table.empty

    @property
    def text(self) -> str:
        """From which age on a coupon counts, and what is not known."""
        if self.redemption is None:
            return NO_TRANSACTIONS
        if len(self.table) and not self.table["burned"].any():
            return f"Nothing was burned by that day: this shop says nothing about burning. {self.redemption.text}"
        return self.redemption.text


def redemption_by_age(unified: pd.DataFrame, study: Study) -> RedemptionByAge:
    """Count coupons, and the share of them burned, for those old enough to judge and for younger ones.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row per transaction.
    study : Study
        The day on which the shop is looked at, and the burn window (`seglib.features.CustomerFeatures.study`). A
        window of 0 or None means that nothing is known of how long a burn takes: then coupons are divided by `AGES`,
        whose shares show whether age matters.
    """
    redemption = _redemption(unified, study)
    if redemption is None or not redemption.status:
        return RedemptionByAge(pd.DataFrame(columns=["age", "coupons", "burned"]), redemption)
    limits = (study.burn_window,) if study.burn_window else AGES
    days = (pd.Timestamp(study.as_of) - unified["transaction_date"]).dt.days
    burned = burned_by(unified, as_of=study.as_of)
    table = burned.groupby(np.searchsorted(limits, days, side="right")).agg(coupons="size", burned="mean")
    between = [f"{low} to {high - 1} days" for low, high in pairwise(limits)]
    names = dict(enumerate([f"under {limits[0]} days", *between, f"{limits[-1]} days or older"]))
    return RedemptionByAge(table.rename(index=names).rename_axis("age").reset_index(), redemption)


@dataclass(frozen=True)
class RedemptionCurve:
    """The share of coupons burned by age; of a coupon that is too young to judge, only its age so far is used.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per day of age, from 0: age (days), at_risk (coupons observed at that age and not burned before it),
        burned (of these, on that day of age), share (burned by that age, of all coupons), low and high (its 95%
        interval; missing while the share is 0 or 1), naive (the share if every coupon that was not burned counted as
        a failure, however young). Without rows where there are no burn dates.
    redemption : Redemption or None
        What the shop records of burning; None if there are no transactions.
    """

    table: pd.DataFrame
    redemption: Redemption | None

    @property
    def window(self) -> int:
        """Age in days from which on a coupon is old enough to judge."""
        return (self.redemption.window if self.redemption else None) or 0

    @property
    def half(self) -> int | None:
        """The age in days by which half of the coupons are burned; None if they never are, as far as was observed."""
        reached = self.table.loc[self.table["share"] >= 0.5, "age"]
        return None if reached.empty else int(reached.iloc[0])

    @property
    def matured(self) -> pd.Series:
        """The row of the burn window, or of the oldest age there is."""
        return self.table.iloc[min(self.window, len(self.table) - 1)]

    @property
    def finding(self) -> str:
        """How fast coupons are burned."""
        end = self.matured
        if not self.table["burned"].any():
            return "No coupon was burned"
        share, days = f"{end['share']:.0%}", f"{end['age']:.0f} day{'' if end['age'] == 1 else 's'}"
        if self.half is None or self.half >= end["age"]:
            return f"{share} of the coupons are burned within {days}"
        soon = f"by day {self.half}" if self.half else "at once"
        return f"Half of the coupons are burned {soon}, {share} within {days}"

    @property
    def applies(self) -> bool:
        """Whether burns have a date."""
        return not self.table.empty

    @property
    def text(self) -> str:
        """The finding with its interval, and what ignoring the young coupons would have said."""
        if self.redemption is None:
            return NO_TRANSACTIONS
        if self.table.empty:
            return "No curve: there are no burn dates."
        end = self.matured
        share, naive = f"{end['share']:.0%}", f"{end['naive']:.0%}"
        between = f" (95% interval {end['low']:.0%} to {end['high']:.0%})" if pd.notna(end["low"]) else ""
        young = f" Counting every young coupon as a failure would say {naive}." if naive != share else ""
        return f"{self.finding}{between}.{young}"

    @property
    def takeaway(self) -> str:
        """How fast coupons are burned; where there is no curve, what the shop records instead."""
        return self.redemption.text if self.redemption and self.table.empty else self.text

    @property
    def alt(self) -> str:
        """What the figure shows."""
        if self.table.empty:
            return ""
        return f"Curve of the share of coupons burned by days since the claim. {self.text}"

    @property
    def caption(self) -> str:
        """Number of coupons, and how many of them are still open."""
        total = self.table["at_risk"].iloc[0]
        still_open = total - self.table["burned"].sum()
        return f"{total:,} coupons, {still_open:,} of them not burned on the day we look from. Band: 95%."

    def figure(self) -> Axes:
        """Draw the share burned by age."""
        from seglib.plots import plot_burned_by_age

        return plot_burned_by_age(self.table, window=self.window, title=self.finding)


CURVE_COLUMNS = ["age", "at_risk", "burned", "share", "low", "high", "naive"]


def redemption_curve(unified: pd.DataFrame, study: Study) -> RedemptionCurve:
    """Estimate the share of coupons burned by age, although the younger ones may still be burned.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row per transaction.
    study : Study
        The day on which the shop is looked at, and the burn window (`seglib.features.CustomerFeatures.study`). A burn
        after that day was not observed, and a coupon not burned by it is known only up to its age on that day.

    Returns
    -------
    RedemptionCurve
        Ages from 0 to that of the oldest coupon; without rows where burns have no dates.

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
    >>> table = redemption_curve(coupons, Study(as_of="2024-01-10", burn_window=2)).table
    >>> table.head(3)[["age", "at_risk", "burned", "share", "naive"]]
       age  at_risk  burned     share     naive
    0    0        3       0  0.000000  0.000000
    1    1        3       1  0.333333  0.333333
    2    2        1       1  1.000000  0.666667
    """
    redemption = _redemption(unified, study)
    if redemption is None or not redemption.dated:
        return RedemptionCurve(pd.DataFrame(columns=CURVE_COLUMNS), redemption)
    age = (pd.Timestamp(study.as_of) - unified["transaction_date"]).dt.days.to_numpy()
    burned = (burned_by(unified, as_of=study.as_of) == 1).to_numpy()
    lag = (unified["burn_date"] - unified["transaction_date"]).dt.days.to_numpy()
    known_until = np.where(burned, lag, age).astype("int64")
    length = int(age.max()) + 1
    events = np.bincount(known_until[burned], minlength=length)
    # at risk at an age: coupons that are watched at least so long, burned later or still open
    at_risk = np.bincount(known_until, minlength=length)[::-1].cumsum()[::-1]
    rest = np.maximum(at_risk, 1)
    open_share = np.cumprod(1 - events / rest)
    # Greenwood's variance, on the scale of log(-log) so that the limits stay between 0 and 1. Where the share is 0 or 1
    # the logarithms are infinite: there is no interval, and the values are masked below.
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
    return RedemptionCurve(table, redemption)
