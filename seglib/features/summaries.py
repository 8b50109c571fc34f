"""What 03 says about described customers: small results with a table and a text, made by `CustomerFeatures`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from seglib.features.redemption import Redemption


@dataclass(frozen=True)
class ShrinkageSummary:
    """How much a customer's own coupons count in the burn rate, and how much the mean of the shop.

    Attributes
    ----------
    redemption : Redemption
        Whether burning is recorded.
    shrinkage : mapping of str to float or None
        The fitted numbers (`seglib.schema.features.SHRUNK_BY`).
    """

    redemption: Redemption
    shrinkage: Mapping[str, float | None]

    @property
    def worth(self) -> float | None:
        """Number of decided coupons from which on a customer's own share counts for more than the mean of the shop.

        It is a + b of the beta distribution that was fitted: reliability = 1 / (a + b + 1). None if nothing was fitted;
        infinite if customers do not differ.
        """
        reliability = self.shrinkage.get("burn_reliability")
        if reliability is None:
            return None
        return 1 / reliability - 1 if reliability > 0 else float("inf")

    @property
    def table(self) -> pd.DataFrame:
        """One row: burn_mean, burn_reliability, coupons (`worth`). Without rows where nothing was fitted."""
        columns = ["burn_mean", "burn_reliability", "coupons"]
        numbers = [self.shrinkage.get("burn_mean"), self.shrinkage.get("burn_reliability"), self.worth]
        return pd.DataFrame([numbers] if self.worth is not None else [], columns=columns)

    @property
    def applies(self) -> bool:
        """Whether burning is recorded."""
        return self.redemption.status

    @property
    def text(self) -> str:
        """From how many coupons on a customer's own share counts for more; or why nothing is shrunk."""
        if not self.redemption.status:
            return "No burning is recorded here: there is no rate to shrink."
        mean = self.shrinkage.get("burn_mean")
        if self.worth is None or mean is None:
            return "No coupon is decided yet: there is no rate to shrink."
        if self.worth == float("inf"):
            return (
                f"Customers do not differ in their burn rates here, so everybody gets the mean of the shop, {mean:.0%}."
            )
        return (
            f"The mean of the shop is {mean:.0%}, and it counts as much as {self.worth:.1f} decided coupons: the more "
            "coupons customers have, the closer is their burn rate to their own share."
        )


@dataclass(frozen=True)
class ReliabilitySummary:
    """By which features customers can be told apart.

    Attributes
    ----------
    table : pandas.DataFrame
        `seglib.features.CustomerFeatures.reliability`.
    observed : bool
        Whether there are transactions.
    """

    table: pd.DataFrame
    observed: bool = True

    @property
    def applies(self) -> bool:
        """Whether there is anything to test."""
        return self.observed and not self.table.empty

    @property
    def text(self) -> str:
        """One sentence per test; or that there is none."""
        if not self.observed:
            return "Nothing here is counted from transactions, so nothing can be tested this way."
        if self.table.empty:
            return "Nothing can be tested this way: neither burning nor the days of joining are recorded."
        return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in self.table["sentence"])


@dataclass(frozen=True)
class ListedApart:
    """The customers who have no transaction: they are listed, not clustered.

    Attributes
    ----------
    table : pandas.DataFrame
        customer_id, join_date.
    n_described : int
        Number of customers who are described.
    observed : bool
        Whether there are transactions.
    """

    table: pd.DataFrame
    n_described: int
    observed: bool = True

    @property
    def applies(self) -> bool:
        """Whether there are transactions that somebody could lack."""
        return self.observed

    @property
    def text(self) -> str:
        """How many customers are described, and how many are listed apart."""
        apart = f"{len(self.table):,} without a transaction are listed apart" if len(self.table) else "none is left out"
        return f"{self.n_described:,} customers are described; {apart}."
