"""Names: the share of each level in every segment, beside all customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from seglib.preprocessing import UNKNOWN
from seglib.stats import wilson
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import COUPON, Wording, join_words, position

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKER_SHARE, MARKER_RELATIVE = 0.25, 0.5
"""A level marks a segment if its share differs by 25 points, or by half (and by more than chance)."""

LEANING = 0.1
"""A segment leans to a level if its share is greater by so much, and by more than chance. That gives no name."""

MOST_LEVELS = 30
"""A name of the shop's own with more levels is an address or a comment: shares of it say nothing."""


@dataclass(frozen=True)
class LevelShares:
    """The levels of one name in every segment, beside all customers.

    Attributes
    ----------
    column : str
    table : pandas.DataFrame
        See `shares`.
    customers : int
    wording : Wording
        What the place of a customer is called.
    """

    column: str
    table: pd.DataFrame
    customers: int
    wording: Wording = COUPON

    @property
    def name(self) -> str:
        """The column in the words of the shop."""
        return self.wording.name_of(self.column)

    @property
    def n_markers(self) -> int:
        """Number of levels that are a marker of some segment."""
        return int(self.table.loc[self.table["marker"], "level"].nunique())

    @property
    def text(self) -> str:
        """How many levels mark a segment."""
        return f"Number of levels of {self.name} that are a marker of some segment: {self.n_markers}."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        return (
            f"Shares by {self.name} and segment with intervals; levels that are a marker of some segment: "
            f"{self.n_markers}."
        )

    @property
    def caption(self) -> str:
        """Number of customers, and what a marker is."""
        return (
            f"{self.customers:,} customers; at most the eight most frequent levels. Markers lie "
            f"{100 * MARKER_SHARE:.0f} points, or {MARKER_RELATIVE:.0%} of it, off the black line."
        )

    def figure(self) -> Axes:
        """Draw the shares with their intervals."""
        from seglib.plots import plot_shares

        return plot_shares(self.table, self.name)


@dataclass(frozen=True)
class ComparedNames:
    """All names whose levels can be compared, each with its shares.

    Attributes
    ----------
    results : tuple of LevelShares
        Empty if the shop records no name with few levels.
    """

    results: tuple[LevelShares, ...]

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The shares of each name, by column."""
        return {result.column: result.table for result in self.results}

    @property
    def table(self) -> pd.DataFrame:
        """The shares of all names in one table: column, and the columns of `shares`."""
        if not self.results:
            return pd.DataFrame()
        return pd.concat(self.tables, names=["column"]).reset_index("column").reset_index(drop=True)

    @property
    def text(self) -> str:
        """How many levels of each name mark a segment, or that there is nothing to compare."""
        if not self.results:
            return "This shop records neither gender nor city, nor another name with few levels."
        counts = [f"{result.name} {result.n_markers}" for result in self.results]
        return f"Number of levels that are a marker of some segment: {join_words(counts)}."


def compare_names(features: pd.DataFrame, segments: pd.Series, study: Study = DEFAULT_STUDY) -> ComparedNames:
    """Compare the levels of all names (gender, city, and those of the shop's own) in every segment with all customers.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer, original units.
    segments : pandas.Series of str
        The letter of each customer, on the same index.
    study : Study, optional
        Which columns of the customers table build segments.
    """
    names = compared_names(features, study)
    results = (LevelShares(n, shares(features, segments, n), len(segments), study.wording) for n in names)
    return ComparedNames(tuple(results))


def compared_names(features: pd.DataFrame, study: Study = DEFAULT_STUDY) -> list[str]:
    """Return the names whose levels can be compared: gender, city, variables, and what the customers table adds.

    Of the latter those with at most `MOST_LEVELS` levels; unknown is a level.
    """
    names = [feature for feature in study.describe(features) if feature.kind == "nominal"]
    levels = {feature: features[feature.name].fillna(UNKNOWN).nunique() for feature in names}
    return [f.name for f, n in levels.items() if n > 1 and (f.role != "descriptor" or n <= MOST_LEVELS)]


def shares(features: pd.DataFrame, segments: pd.Series, column: str) -> pd.DataFrame:
    """Compare the levels of a name (gender, city) in every segment with all customers.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer.
    segments : pandas.Series of str
        The letter of each customer, on the same index.
    column : str
        A missing value counts as a level of its own.

    Returns
    -------
    pandas.DataFrame
        One row per segment and level: segment, level, customers, share, low, high (95% Wilson interval of the
        share), overall_share, lift (share / overall share), marker, leaning. A marker differs by `MARKER_SHARE` or
        `MARKER_RELATIVE`, and by more than chance: its interval excludes the overall share also at 95% for
        all segments and levels together (Bonferroni). A leaning is greater by `LEANING`, and by more than chance.
    """
    level = features[column].fillna(UNKNOWN)
    counts = pd.crosstab(segments.rename("segment"), level.rename("level"))
    overall = level.value_counts(normalize=True)
    # Bonferroni: with many cells some 95% intervals miss the overall share by chance; at this level all of them
    # together hold with 95%
    joint_confidence = 1 - 0.05 / max(counts.size, 1)
    records = []
    for segment in sorted(counts.index, key=position):
        n = int(counts.loc[segment].sum())
        for name in overall.index:
            x = int(counts.loc[segment, name])
            low, high = wilson(x / n, n)
            joint_low, joint_high = wilson(x / n, n, level=joint_confidence)
            differs = not joint_low <= overall[name] <= joint_high
            records.append(
                {
                    "segment": segment,
                    "level": name,
                    "customers": x,
                    "share": x / n,
                    "low": low,
                    "high": high,
                    "overall_share": overall[name],
                    "differs": differs,
                }
            )
    columns = ["segment", "level", "customers", "share", "low", "high", "overall_share", "differs"]
    table = pd.DataFrame(records, columns=columns)
    table["lift"] = table["share"] / table["overall_share"]
    large = (table["share"] - table["overall_share"]).abs() >= MARKER_SHARE
    large |= (table["lift"] - 1).abs() >= MARKER_RELATIVE
    differs = table.pop("differs")
    leaning = differs & (table["share"] - table["overall_share"] >= LEANING)
    return table.assign(marker=differs & large, leaning=leaning)
