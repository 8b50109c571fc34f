"""Who the customers are: how many there are of every gender, city, and what else the shop knows by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from seglib.features import CustomerFeatures
from seglib.style import humanize, join_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_DRAWN = 6
"""Largest number of descriptors that are drawn."""


@dataclass(frozen=True)
class LevelShares:
    """How many customers there are of each level of one descriptor.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per level, from `level_shares`.
    name : str
        What the descriptor is called.
    population : str
        Whom the figure describes, such as "customers with a coupon".
    """

    table: pd.DataFrame
    name: str
    population: str = "customers"

    @property
    def text(self) -> str:
        """The largest group and its share."""
        largest = self.table.iloc[0]
        return f"The largest group is {largest['level']} with {largest['share']:.0%}."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        return f"Bar chart of customers by {self.name}; {self.text[0].lower()}{self.text[1:]}"

    @property
    def caption(self) -> str:
        """Number of customers, and what the labels are."""
        return f"{self.table['customers'].sum():,} {self.population}; labels count them."

    def figure(self) -> Axes:
        """Draw the share of customers by level."""
        from seglib.plots import plot_demographics

        return plot_demographics(self.table, self.name)


@dataclass(frozen=True)
class Demographics:
    """What the shop knows of its customers by name.

    Attributes
    ----------
    parts : tuple of LevelShares
        One per descriptor, at most `MOST_DRAWN`.
    left_out : tuple of str
        Columns for which there was no room.
    """

    parts: tuple[LevelShares, ...]
    left_out: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row per descriptor and level: descriptor, level, customers, share, coupons_per_customer."""
        columns = ["descriptor", "level", "customers", "share", "coupons_per_customer"]
        if not self.parts:
            return pd.DataFrame(columns=columns)
        tables = [part.table.assign(descriptor=part.name) for part in self.parts]
        return pd.concat(tables, ignore_index=True)[columns]

    @property
    def text(self) -> str:
        """What is not drawn; empty if all is."""
        if self.left_out:
            return f"Not drawn: {join_words([humanize(name) for name in self.left_out])}."
        return "" if self.parts else "Neither gender nor city is recorded here."


def demographics(features: CustomerFeatures) -> Demographics:
    """Count the customers of each level of every descriptor that is a name, or yes or no.

    Parameters
    ----------
    features : CustomerFeatures
        What describes customers, and the study.
    """
    names = [f.name for f in features.features if f.kind != "numeric" and f.name != "never_burned"]
    population = f"customers with a {features.study.wording.one}" if features.observed else "customers"
    name_of = features.study.wording.name_of
    parts = [LevelShares(level_shares(features.table, name), name_of(name), population) for name in names[:MOST_DRAWN]]
    return Demographics(tuple(parts), tuple(names[MOST_DRAWN:]))


def level_shares(customers: pd.DataFrame, column: str, *, levels: int = 12) -> pd.DataFrame:
    """Count the customers of each level of a descriptor, largest first; the rare ones are taken together.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row per customer (`seglib.features.CustomerFeatures.table`); 0 and 1 are shown as no and yes.
    column : str
    levels : int, default=12
        Largest number of lines.

    Returns
    -------
    pandas.DataFrame
        level, customers, share, coupons_per_customer (missing where there are no transactions).
    """
    level = customers[column]
    if pd.api.types.is_numeric_dtype(level) and level.dropna().isin([0, 1]).all():
        level = level.map({0: "no", 1: "yes"})
    rows = pd.DataFrame({"level": level.astype(object).where(level.notna(), "unknown").astype(str)})
    rows["coupons"] = customers["n_coupons"].astype(float)
    size = rows["level"].value_counts()
    size = size[sorted(size.index, key=lambda name: (-size[name], name))]
    if len(size) > levels:
        rare = size.index[levels - 1 :]
        rows["level"] = rows["level"].where(~rows["level"].isin(rare), f"{len(rare)} others")
    table = rows.groupby("level").agg(customers=("level", "size"), coupons_per_customer=("coupons", "mean"))
    table["share"] = table["customers"] / table["customers"].sum()
    order = [name for name in size.index if name in table.index]  # "9 others" comes last
    table = table.loc[[*order, *table.index.difference(order)]].reset_index()
    return table[["level", "customers", "share", "coupons_per_customer"]]
