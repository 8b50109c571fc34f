"""The profile of all segments, and what is shown of it: observed values, the heatmap, what the customers table adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from seglib.schema.features import FEATURES
from seglib.style import COUPON, Wording, humanize, measured

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKER = 0.5
"""A behaviour marks a segment if its mean lies this many standard deviations from the mean of all customers."""

NO_NUMBERS = "This source has no numbers to compare: it describes customers by names only."


def n_large(table: pd.DataFrame) -> int:
    """Return how many differences reach half a standard deviation, believed or not."""
    return int((table["difference"].abs() >= MARKER).sum())


@dataclass(frozen=True)
class Profile:
    """Every segment beside all customers, feature by feature.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per segment and feature, see `seglib.interpretation.profile`.
    customers : int
    wording : Wording
        What a transaction is called.
    own_features : tuple of str
        Those of the features that the analyst has added.
    """

    table: pd.DataFrame
    customers: int
    wording: Wording = COUPON
    own_features: tuple[str, ...] = ()

    @property
    def in_words(self) -> pd.DataFrame:
        """The table with the names of features in the words of the shop, for figures."""
        return self.table.assign(feature=self.table["feature"].map(self.wording.name_of))

    @property
    def text(self) -> str:
        """How many differences are markers."""
        if self.table.empty:
            return NO_NUMBERS
        return f"{n_large(self.table)} of {len(self.table)} differences reach half a standard deviation."

    @property
    def behaviour(self) -> pd.DataFrame:
        """The rows of the features that build segments."""
        return self.table[self.table["role"] == "segmentation"]

    @property
    def observed(self) -> ObservedValues:
        """What was observed of each feature that builds segments, by segment."""
        return ObservedValues(self.in_words[self.table["role"] == "segmentation"])

    @property
    def added(self) -> AddedNumbers:
        """The numbers that the customers table adds, by segment."""
        ours = [feature.name for feature in FEATURES]
        descriptors = self.table["role"] == "descriptor"
        rows = self.table[descriptors & ~self.table["feature"].isin(ours)]
        if rows["feature"].isin(self.own_features).any():
            return AddedNumbers(rows, "customers table and your own statement add")
        return AddedNumbers(rows)

    @property
    def heatmap(self) -> DifferenceHeatmap:
        """The standardised differences of all features at once."""
        return DifferenceHeatmap(self.in_words, self.customers)

    def observed_of(self, feature: str) -> dict[str, float]:
        """Return what was observed of a feature that builds segments, by letter; empty if the shop has none."""
        rows = self.behaviour[self.behaviour["feature"] == feature]
        return dict(zip(rows["segment"], rows["observed"], strict=True))


@dataclass(frozen=True)
class ObservedValues:
    """What was observed of each feature in each segment and in all customers, written with its unit."""

    rows: pd.DataFrame

    caption = "What was observed of each feature, by segment; for yes/no features, the share"

    @property
    def table(self) -> pd.DataFrame:
        """One row per feature: feature, a column for each segment, all customers."""
        unit = self.rows["unit"].where(self.rows["unit"].isin(["share", "0 or 1", "days"]), "number")
        of_money = (self.rows["feature"] == humanize("spend_per_month")) & (self.rows["unit"] != "money a month")
        unit = unit.mask(of_money, self.rows["unit"].str.removesuffix(" a month"))
        written = self.rows.assign(
            feature=self.rows["feature"].map(humanize),
            observed=self.rows["observed"].combine(unit, measured),
            overall=self.rows["observed_overall"].combine(unit, measured),
        )
        table = written.pivot_table(index="feature", columns="segment", values="observed", aggfunc="first")
        table["all customers"] = written.groupby("feature")["overall"].first()
        return table.reset_index()

    @property
    def text(self) -> str:
        """The values in one line per feature."""
        if self.rows.empty:
            return NO_NUMBERS
        lines = [f"{name}: {', '.join(values)}" for name, *values in self.table.itertuples(index=False)]
        return f"By segment, and at last of all customers: {'; '.join(lines)}."


@dataclass(frozen=True)
class AddedNumbers:
    """Numbers that the customers table adds and that do not build segments: their means by segment."""

    rows: pd.DataFrame
    origin: str = "customers table adds"

    @property
    def caption(self) -> str:
        """What the table holds."""
        return f"What the {self.origin}: mean by segment"

    @property
    def table(self) -> pd.DataFrame:
        """One row per column: feature, a column for each segment, all customers."""
        table = self.rows.pivot_table(index="feature", columns="segment", values="observed")
        table["all customers"] = self.rows.groupby("feature")["observed_overall"].first()
        return table.reset_index()

    @property
    def text(self) -> str:
        """How many columns there are."""
        if self.rows.empty:
            return "The customers table adds no numbers that do not build the segments."
        return f"Numbers that the {self.origin}: {self.rows['feature'].nunique()}."


@dataclass(frozen=True)
class DifferenceHeatmap:
    """All numeric features at once: the standardised difference of every segment from all customers."""

    table: pd.DataFrame
    customers: int

    @property
    def text(self) -> str:
        """How many differences reach half a standard deviation."""
        return self.alt or NO_NUMBERS

    @property
    def alt(self) -> str:
        """What the figure shows; empty if there are no numbers."""
        if self.table.empty:
            return ""
        return f"Heatmap of standardised differences; {n_large(self.table)} reach half a standard deviation."

    @property
    def caption(self) -> str:
        """Number of customers, and how to read the colours."""
        return f"{self.customers:,} customers. Red: more than all customers, blue: less."

    def figure(self) -> Axes:
        """Draw the heatmap."""
        from seglib.plots import plot_heatmap

        return plot_heatmap(self.table)
