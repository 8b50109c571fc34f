"""What becomes of a coupon: what a shop records of it, and from which age on it is decided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from seglib.errors import ParameterRefused
from seglib.features.engines.open import Engine
from seglib.study import Study

NO_STATUS, NO_BURN_DATES = "the shop records no coupon status", "the shop records no burn dates"


def not_recorded(column: str) -> str:
    """Say why a column that a recipe would use is not there."""
    return NO_STATUS if column == "transaction_status" else "the shop records none"


@dataclass(frozen=True)
class Redemption:
    """What a shop records of the fate of its coupons, and from which age on it counts.

    Attributes
    ----------
    status, dated : bool
        Whether it is recorded that a coupon was burned, and on which day.
    window : int or None
        Days after which a coupon counts as decided; 0 if all do, None without a status.
    """

    status: bool
    dated: bool
    window: int | None

    @property
    def text(self) -> str:
        """From when on a coupon counts, and what cannot be known."""
        if not self.status:
            return "Every transaction counts, and nothing is known of burning."
        days = f"{self.window} day{'' if self.window == 1 else 's'}"
        if self.dated:
            counts = f"A coupon counts as decided {days} after its claim"
            return f"{counts}; younger ones are left out where burning is measured."
        if self.window:
            return (
                f"{NO_BURN_DATES.capitalize()}: a coupon counts as decided {days} after its claim, as "
                "burn_window says, with the status that is recorded, also where it was burned after as_of."
            )
        return (
            f"{NO_BURN_DATES.capitalize()}: every coupon counts as decided, with the status that is recorded. "
            "So a burn after as_of counts as well, and a young coupon counts as not burned although it may still be. "
            "Where the share burned depends on the age, give burn_window, the days for which a coupon can be burned."
        )


def coupon_redemption(engine: Engine, study: Study) -> Redemption:
    """Find out what is recorded of the fate of coupons, and the age from which on it counts.

    Parameters
    ----------
    engine : Engine
        Sees the canonical tables.
    study : Study
        The day on which the shop is looked at, and the age in days. Default of the age: what `observed_burn_window`
        finds (1 if nothing was ever burned), and 0 where no burn has a date: nothing is known then of how long a
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
        return Redemption(status, dated, None)
    return Redemption(status, dated, burn_window or ((observed_burn_window(engine, study.as_of) or 1) if dated else 0))


def records(transactions: pd.DataFrame) -> tuple[bool, bool]:
    """Return whether transactions have a status, and whether those that are burned have a date."""
    status = transactions["transaction_status"]
    known = bool(status.notna().any())
    return known, known and bool(transactions.loc[status == "burned", "burn_date"].notna().all())


def burned_by(transactions: pd.DataFrame, *, as_of: str) -> pd.Series:
    """Return 1 for a coupon burned by ``as_of``, 0 for another; missing without a status.

    A burn without a date counts as recorded. It is what ``sql/features.sql`` counts.
    """
    status = transactions["transaction_status"]
    burned = (status == "burned") & ~(transactions["burn_date"] > pd.Timestamp(as_of))
    return burned.astype(float).where(status.notna())


def observed_burn_window(engine: Engine, as_of: str) -> int | None:
    """Return the days within which practically every burn happens, from the burns seen by ``as_of``.

    The 99th percentile of the days from claim to burn, taken up to the next full ten days. Slow burns of young
    coupons have not been seen yet, so only coupons at least as old as the slowest burn seen are counted; where
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
    slowest = lags["lag"].max()
    seen = lags[lags["age"] >= slowest].groupby("lag")["burns"].sum().cumsum()
    if not seen.empty and seen.iloc[-1] >= 100:
        slowest = seen.index[np.searchsorted(seen.to_numpy(), int(0.99 * (seen.iloc[-1] - 1)) + 1)]
    return 10 * (int(slowest) // 10 + 1)
