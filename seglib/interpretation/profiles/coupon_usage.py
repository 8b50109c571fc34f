"""How each segment uses coupons: what the original analysis described its clusters by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seglib.features import burned_by, records
from seglib.study import Study
from seglib.style import NO_TRANSACTIONS, Wording, each, position

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = [
    "segment",
    "customers",
    "coupons",
    "coupons_per_customer",
    "subscribed",
    "burned",
    "usage_frequency",
]


@dataclass(frozen=True)
class CouponUsage:
    """How many coupons each segment has, how often its customers come, and what became of the coupons.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per segment: segment, customers, coupons, coupons_per_customer, subscribed, burned (shares of the
        coupons by their status on the day of the study; missing where the shop records none), usage_frequency (mean
        over its coupons of the number of coupons their customer has: the original analysis's measure). Empty if
        the source has no transactions.
    burns_dated : bool
        Whether every burned coupon has a date.
    wording : Wording
        What a transaction is called.
    """

    table: pd.DataFrame
    burns_dated: bool
    wording: Wording

    @property
    def applies(self) -> bool:
        """Whether there are transactions."""
        return not self.table.empty

    @property
    def text(self) -> str:
        """How many coupons there are and how to read their status, or that there are none."""
        if self.table.empty:
            return NO_TRANSACTIONS
        counted = f"{int(self.table['coupons'].sum()):,} {self.wording.many} are counted."
        return f"{counted} {self.status.text}" if self.status.alt else counted

    @property
    def caption(self) -> str:
        """What the columns of the printed table hold."""
        one, many = self.wording.one, self.wording.many
        return (
            f"{many.capitalize()} by segment, and per customer. Frequency: how many {many} the customer of a {one} "
            "has, on average"
        )

    @property
    def printed(self) -> pd.DataFrame:
        """The table with short headings in the words of the shop, without columns that it does not record."""
        headings = {
            "coupons": self.wording.many,
            "coupons_per_customer": "per_customer",
            "usage_frequency": "frequency",
        }
        return self.table.dropna(axis="columns", how="all").rename(columns=headings)

    @property
    def status(self) -> CouponStatus:
        """The share of burned coupons in each segment."""
        return CouponStatus(self.table, self.burns_dated)


@dataclass(frozen=True)
class CouponStatus:
    """The share of burned and of open coupons in each segment, on the day of the study."""

    table: pd.DataFrame
    burns_dated: bool

    @property
    def applies(self) -> bool:
        """Whether a status is recorded."""
        return self._recorded

    @property
    def text(self) -> str:
        """How to read a status, or that the shop records none."""
        if not self._recorded:
            return "No status is recorded, so there are no shares of burned and open ones."
        return (
            "A status is that of the day we look from: a recent coupon counts as open, although it may still be burned."
        )

    @property
    def alt(self) -> str:
        """What the figure shows; empty if there is no status."""
        if not self._recorded:
            return ""
        return f"Share of burned coupons by segment: {each(self.table.set_index('segment')['burned'], '{:.0%}')}."

    @property
    def caption(self) -> str:
        """Number of coupons, and whether the day of a burn is known."""
        undated = "" if self.burns_dated else ", with the status that is recorded (no burn has a date)"
        return f"{int(self.table['coupons'].sum()):,} coupons, all ages{undated}."

    @property
    def _recorded(self) -> bool:
        return bool(self.table["burned"].notna().any())

    def figure(self) -> Axes:
        """Draw the shares."""
        from seglib.plots import plot_status

        return plot_status(self.table)


def coupon_usage(unified: pd.DataFrame, assignments: pd.DataFrame, study: Study) -> CouponUsage:
    """Count how each segment uses coupons: how many, how often, and what became of them.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row per transaction: the columns that are the index of ``assignments``, transaction_status, burn_date.
    assignments : pandas.DataFrame
        `seglib.clustering.Segmentation.table`, one row per customer or one row per transaction.
    study : Study
        The day the shop is looked at (a coupon burned later is open), and what a transaction is called.

    Returns
    -------
    CouponUsage
    """
    if unified.empty:
        return CouponUsage(pd.DataFrame(columns=COLUMNS), burns_dated=False, wording=study.wording)
    # ids become numbers once: texts of twenty million rows are slow to look up
    customer, ids = unified["customer_id"].factorize()
    letters, key = assignments["segment"].astype("category"), list(assignments.index.names)
    by_row = letters.reindex(ids).array[customer] if len(key) == 1 else unified[key].join(letters, on=key)["segment"]
    rows = pd.DataFrame(
        {
            "segment": by_row,
            "customer": customer,
            "frequency": np.bincount(customer)[customer],
            "burned": burned_by(unified, as_of=study.as_of),
        }
    )
    table = rows.groupby("segment", observed=True).agg(
        customers=("customer", "nunique"),
        coupons=("customer", "size"),
        burned=("burned", "mean"),
        usage_frequency=("frequency", "mean"),
    )
    table["subscribed"] = 1 - table["burned"]
    table["coupons_per_customer"] = table["coupons"] / table["customers"]
    table = table.loc[sorted(table.index, key=position)].reset_index()
    _, burns_dated = records(unified)
    return CouponUsage(table[COLUMNS], burns_dated, study.wording)
