"""07 Who went from where to where, and what they spend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.metrics import cohen_kappa_score

from seglib.monitoring.months import Months
from seglib.style import format_number, percent, position

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Migration:
    """Customers in both months by their segment then and now.

    Attributes
    ----------
    customers : pandas.DataFrame
        By customer: from, to, margin_then, margin_now; with amounts: spent_before, spent_since.
    names : mapping of str to str
        What segments are called, by letter.
    """

    customers: pd.DataFrame = field(repr=False)
    names: Mapping[str, str]

    @property
    def letters(self) -> list[str]:
        """All segments, then or now."""
        return sorted({*self.customers["from"], *self.customers["to"]}, key=position)

    @property
    def matrix(self) -> pd.DataFrame:
        """Customers by segment then (rows) and now (columns)."""
        counts = pd.crosstab(self.customers["from"], self.customers["to"])
        return counts.reindex(index=self.letters, columns=self.letters, fill_value=0)

    @property
    def has_money(self) -> bool:
        """Whether it is known what customers spend."""
        return "spent_since" in self.customers

    @property
    def table(self) -> pd.DataFrame:
        """One row per path that somebody took: from, to, customers, share; with amounts: spent_before, spent_since."""
        paths = self.customers.groupby(["from", "to"], sort=False)
        table = paths.size().rename("customers").reset_index()
        table["share"] = table["customers"] / len(self.customers)
        if self.has_money:
            table = table.merge(paths[["spent_before", "spent_since"]].sum().reset_index(), on=["from", "to"])
        order = [
            (position(row.from_), position(row.to)) for row in table.rename(columns={"from": "from_"}).itertuples()
        ]
        return table.iloc[sorted(range(len(table)), key=order.__getitem__)].reset_index(drop=True)

    @property
    def kappa(self) -> float:
        """Cohen's kappa (1960) of both months: 1 nobody moved, 0 as many as by chance; NaN with one segment."""
        if len(self.letters) < 2:
            return float("nan")
        return float(cohen_kappa_score(self.customers["from"], self.customers["to"]))

    @property
    def movers(self) -> pd.DataFrame:
        """The customers in another segment than before."""
        return self.customers[self.customers["from"] != self.customers["to"]]

    @property
    def largest(self) -> pd.Series | None:
        """The path to another segment that most took; None where nobody moved."""
        paths = self.table[self.table["from"] != self.table["to"]]
        return None if paths.empty else paths.loc[paths["customers"].idxmax()]

    @property
    def text(self) -> str:
        """How many moved, by which path most of them, and kappa."""
        n = len(self.customers)
        if self.largest is None:
            return f"All {n:,} customers in both months are in the segment in which they were."
        path = self.largest
        money = ""
        if self.has_money:
            sums = self.movers[["spent_before", "spent_since"]].sum()
            money = (
                f" Those who moved spent {format_number(sums['spent_before'])} in the period before and "
                f"{format_number(sums['spent_since'])} since."
            )
        return (
            f"{len(self.movers):,} of {n:,} customers ({percent(len(self.movers) / n)}) are in another segment; most "
            f"of them, {path['customers']:,}, went from {path['from']} to {path['to']}. Cohen's kappa is "
            f"{self.kappa:.2f} (1: nobody moved; 0: as many stayed as chance gives).{money}"
        )

    @property
    def alt(self) -> str:
        """What the figure shows."""
        return f"Bands from the segments of then, left, to those of now, right. {self.text}"

    @property
    def caption(self) -> str:
        """How to read the figure."""
        return f"{len(self.customers):,} customers in both months; the width of a band is their number."

    def figure(self) -> Axes:
        """Draw the flow of customers."""
        from seglib.plots import plot_migration

        return plot_migration(self.matrix, kappa=self.kappa)


def migration_of(months: Months) -> Migration:
    """Return the migration of the customers in both months."""
    then, now = months.then.loc[months.both], months.now.loc[months.both]
    table = pd.DataFrame(
        {
            "from": then["segment"],
            "to": now["segment"],
            "margin_then": then["margin"],
            "margin_now": now["margin"],
        },
        index=months.both,
    )
    if months.money is not None:
        table["spent_before"], table["spent_since"] = months.money["before"], months.money["since"]
    return Migration(table, months.names)


def movers_list(months: Months, migration: Migration) -> pd.DataFrame:
    """Return ``movers.csv``: who moved, joined or is lost, from where to where, with the margin then and now.

    Returns
    -------
    pandas.DataFrame
        customer_id, what ("moved", "new", "lost"), from, to, from_name, to_name, margin_then, margin_now.
    """
    moved = migration.movers[["from", "to", "margin_then", "margin_now"]].assign(what="moved")
    new = months.now.loc[months.joined].rename(columns={"segment": "to", "margin": "margin_now"}).assign(what="new")
    lost = months.then.loc[months.lost].rename(columns={"segment": "from", "margin": "margin_then"})
    parts = [part for part in (moved, new, lost.assign(what="lost")) if len(part)]
    columns = ["customer_id", "what", "from", "to", "from_name", "to_name", "margin_then", "margin_now"]
    if not parts:
        return pd.DataFrame(columns=columns)
    table = pd.concat(parts).rename_axis("customer_id").reset_index()
    for side in ("from", "to"):
        letters = table[side] if side in table else pd.Series(np.nan, table.index, dtype=object)
        table[f"{side}_name"] = [months.names.get(letter, "") for letter in letters]
    return table.reindex(columns=columns)
