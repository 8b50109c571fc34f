"""What 01 says about a shop: small results with a table and a text, made by `seglib.ingest.shop.Shop`."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from seglib.schema.tables import TABLES, describe
from seglib.style import NO_TRANSACTIONS


@dataclass(frozen=True)
class TableContract:
    """What a canonical table must look like.

    Attributes
    ----------
    name : str
        Of the table.
    """

    name: str

    @property
    def table(self) -> pd.DataFrame:
        """One row per column, see `seglib.schema.tables.describe`."""
        return describe(self.name)

    @property
    def text(self) -> str:
        """What a row of the table is."""
        return TABLES[self.name].description


@dataclass(frozen=True)
class RejectedShares:
    """How much of each table breaks a rule, and how much may.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per table: table, broken (rows with an error), rows (those that came in, less those that the mapping or
        ``cities`` leaves out), share (0 to 1).
    limit : float
        Largest share that is accepted.
    """

    table: pd.DataFrame
    limit: float

    @property
    def text(self) -> str:
        """The largest share beside the limit."""
        worst = self.table["share"].max()
        return f"At most {worst:.1%} of any table broke a rule; {self.limit:.0%} would have been accepted."


@dataclass(frozen=True)
class ObservationDay:
    """The day on which the shop is looked at, and what happened after it.

    Attributes
    ----------
    as_of : pandas.Timestamp or None
        None: there are no transactions.
    has_status : bool
        Whether any transaction has a status.
    joins, transactions, burns : int
        How many of them lie after the day.
    """

    as_of: pd.Timestamp | None
    has_status: bool
    joins: int
    transactions: int
    burns: int

    @property
    def table(self) -> pd.DataFrame:
        """One row per kind of event: event, after_as_of."""
        return pd.DataFrame(
            {
                "event": ["joins", "transactions", "burns"],
                "after_as_of": [self.joins, self.transactions, self.burns],
            }
        )

    @property
    def applies(self) -> bool:
        """Whether there are transactions."""
        return self.as_of is not None

    @property
    def text(self) -> str:
        """The day, and how much the run does not see."""
        if self.as_of is None:
            return f"{NO_TRANSACTIONS} So there is no day to look from: every customer counts as the table has them."
        after = f"{self.joins:,} joins and {self.transactions:,} transactions (invisible)"
        if self.has_status:
            after += f", and {self.burns:,} burns (their coupons count as open)"
        return f"The run stands on {self.as_of:%d %B %Y}. After that day lie {after}."


@dataclass(frozen=True)
class MergedRows:
    """How many transactions there are before and after the tables were merged.

    Attributes
    ----------
    accepted : int
        Rows of the table of transactions.
    after_as_of : int
        Those of them that the run does not see.
    unified : int
        Rows of the unified table.
    """

    accepted: int
    after_as_of: int
    unified: int

    @property
    def table(self) -> pd.DataFrame:
        """One row: accepted, after_as_of, unified."""
        return pd.DataFrame({"accepted": [self.accepted], "after_as_of": [self.after_as_of], "unified": [self.unified]})

    @property
    def applies(self) -> bool:
        """Whether there are transactions."""
        return bool(self.accepted)

    @property
    def text(self) -> str:
        """The three numbers in a sentence."""
        if not self.accepted:
            return "There is nothing to merge here: the unified table is written all the same, without a row."
        return (
            f"{self.accepted:,} accepted transactions, less {self.after_as_of:,} after the day, "
            f"are {self.unified:,} unified rows."
        )
