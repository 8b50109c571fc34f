"""What becomes of a coupon: what a shop records of it, and from which age on it is old enough to judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seglib.errors import ParameterRefused
from seglib.features.engines.base import Engine
from seglib.study import Study
from seglib.style import Wording

NO_STATUS, NO_BURN_DATES = "the shop records no coupon status", "the shop records no burn dates"


def not_recorded(column: str) -> str:
    """Say why a column that a recipe would use is not there."""
    return NO_STATUS if column == "transaction_status" else "the shop records none"


def worth_saying(reasons: Mapping[str, str], wording: Wording) -> dict[str, list[str]]:
    """Return why features are not there, each reason with its features, as a reader of this shop wants to know it.

    Where no coupons are recorded nobody misses what would be known of their use.

    Examples
    --------
    >>> from seglib.style import COUPON, TRANSACTION
    >>> reasons = {"burn_rate": NO_STATUS, "gender_name": "the shop records none"}
    >>> worth_saying(reasons, TRANSACTION)
    {'the shop records none': ['gender']}
    >>> worth_saying(reasons, COUPON)
    {'the shop records no coupon status': ['burn rate'], 'the shop records none': ['gender']}
    """
    by_reason: dict[str, list[str]] = {}
    for feature, why in reasons.items():
        if why != NO_STATUS or wording.kind != "transaction":
            by_reason.setdefault(why, []).append(wording.name_of(feature))
    return by_reason


@dataclass(frozen=True)
class Redemption:
    """What a shop records of the redemption of its coupons, and from which age on a coupon counts.

    Attributes
    ----------
    status, dated : bool
        Whether it is recorded that a coupon was burned, and on which day.
    window : int or None
        Days after which a coupon is old enough to judge; 0 if all are, None without a status.
    """

    status: bool
    dated: bool
    window: int | None

    @property
    def text(self) -> str:
        """From when on a coupon counts, and what cannot be known."""
        if not self.status:
            return "Every transaction counts."
        days = f"{self.window} day{'' if self.window == 1 else 's'}"
        if self.dated:
            return (
                f"A coupon is old enough to judge {days} after its claim; younger ones are left out where burning is "
                "measured."
            )
        if self.window:
            return (
                f"{NO_BURN_DATES.capitalize()}: a coupon is old enough to judge {days} after its claim, "
                "as burn_window says; it counts with the status that is recorded, also where it was burned after as_of."
            )
        return (
            f"{NO_BURN_DATES.capitalize()}: every coupon counts, with the status that is recorded. "
            "So a burn after as_of counts as well, and a young coupon counts as not burned although it may still be. "
            "Where the share burned depends on the age, give burn_window, the days for which a coupon can be burned."
        )


def coupon_redemption(engine: Engine, study: Study) -> Redemption:
    """Find out what is recorded of the redemption of coupons, and the age from which on a coupon counts.

    Parameters
    ----------
    engine : Engine
        Sees the canonical tables.
    study : Study
        The day on which the shop is looked at, and the age in days. Default of the age: what `observed_burn_window`
        finds (1 if nothing was ever burned), and 0 where no burn has a date: then nothing is known of how long a
        burn takes.

    Raises
    ------
    ParameterRefused
        If the burn window is less than one day.
    """
    burn_window = study.burn_window
    if burn_window is not None and burn_window < 1:
        raise ParameterRefused(
            f"burn_window is a number of days, at least 1, not {burn_window}", parameter="burn_window"
        )
    status, dated = records(
        engine.frame(
            "SELECT transaction_status, min(burn_date) AS burn_date FROM transactions GROUP BY transaction_status"
        )
    )
    if not status:
        window = None
    elif burn_window is not None:
        window = burn_window
    elif dated:
        window = observed_burn_window(engine, study.as_of) or 1
    else:
        window = 0
    return Redemption(status, dated, window)


def records(transactions: pd.DataFrame) -> tuple[bool, bool]:
    """Return whether transactions have a status, and whether those that are burned have a date."""
    status = transactions["transaction_status"]
    has_status = bool(status.notna().any())
    all_dated = bool(transactions.loc[status == "burned", "burn_date"].notna().all())
    return has_status, has_status and all_dated


def burned_by(transactions: pd.DataFrame, *, as_of: str) -> pd.Series:
    """Return 1 for a coupon burned by ``as_of``, 0 for another; missing without a status.

    A burn without a date counts as recorded. ``sql/counts.sql`` counts the same.
    """
    status = transactions["transaction_status"]
    burned = (status == "burned") & ~(transactions["burn_date"] > pd.Timestamp(as_of))
    return burned.astype(float).where(status.notna())


def observed_burn_window(engine: Engine, as_of: str) -> int | None:
    """Return the days within which practically every burn happens, from the burns observed by ``as_of``.

    The 99th percentile of the days from claim to burn, rounded up to the next full ten days. Slow burns of young
    coupons have not been observed yet, so only coupons at least as old as the slowest observed burn are counted; where
    fewer than a hundred of those were burned, the slowest burn itself is taken.

    Returns
    -------
    int or None
        None if nothing was burned.
    """
    lags = engine.frame(
        f"SELECT date_diff('day', transaction_date, burn_date) AS lag, "
        f"date_diff('day', transaction_date, CAST('{as_of}' AS DATE)) AS age, count(*) AS burns "
        f"FROM transactions WHERE burn_date <= CAST('{as_of}' AS DATE) GROUP BY lag, age"
    ).astype("int64")
    if lags.empty:
        return None
    # A young coupon shows its burn only if that was quick, so the days of young coupons are too short on average
    # (right censoring). Coupons older than the slowest burn have had time for any burn: their days are not cut short.
    window = lags["lag"].max()
    burned_within = lags[lags["age"] >= window].groupby("lag")["burns"].sum().cumsum()
    n_burns = 0 if burned_within.empty else burned_within.iloc[-1]
    if n_burns >= 100:
        # the 99th percentile, read off the cumulative counts: the first lag within which that many burns happened
        rank = int(0.99 * (n_burns - 1)) + 1
        window = burned_within.index[np.searchsorted(burned_within.to_numpy(), rank)]
    # the next full ten days, always more than the days themselves: a burn on the last day is then inside
    return 10 * (int(window) // 10 + 1)
