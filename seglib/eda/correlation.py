"""How customers differ in numbers, and which numbers move together: two that always do are one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seglib.features import CustomerFeatures
from seglib.style import COUPON, Wording, join_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from seglib.schema.features import Feature

HIGH_CORRELATION = 0.8
"""Rank correlation above which two numbers are as good as one."""


def correlated_pairs(table: pd.DataFrame, *, above: float = HIGH_CORRELATION) -> pd.DataFrame:
    """List the pairs of numbers that always move together.

    Parameters
    ----------
    table : pandas.DataFrame of float, shape (n_rows, n_columns)
        A column with one value, or none, is correlated with nothing.
    above : float, default=HIGH_CORRELATION
        Rank correlation, up or down, above which a pair is listed.

    Returns
    -------
    pandas.DataFrame
        first, second, spearman; in the order of the columns. Spearman (1904), Am. J. Psychol. 15(1).
    """
    rho = table.astype(float).corr(method="spearman")
    pairs = [(a, b, rho.loc[a, b]) for a, b in combinations(table.columns, 2) if abs(rho.loc[a, b]) > above]
    return pd.DataFrame(pairs, columns=["first", "second", "spearman"]).astype({"spearman": float})


def numbers(described: Iterable[Feature], *, most: int = 10) -> list[str]:
    """Name the numbers that are worth a look: what builds segments first, the time as a customer last.

    Parameters
    ----------
    described : iterable of Feature
        What the columns are (`seglib.features.CustomerFeatures.features`).
    most : int, default=10
        Largest number of names: more could not be read in one figure.
    """
    roles = {f.name: f.role for f in described if f.kind == "numeric" and f.role in ("segmentation", "descriptor")}
    behind = [name for name in ("tenure_days",) if name in roles]
    last = [*behind, "n_burned"]  # burned coupons are part of the burn rate already
    first = sorted((name for name in roles if name not in last), key=lambda name: roles[name] != "segmentation")
    return [*first[: most - len(behind)], *behind]


def rank_correlations(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rank correlation of every two numbers that vary.

    Parameters
    ----------
    table : pandas.DataFrame of float, shape (n_rows, n_columns)

    Returns
    -------
    pandas.DataFrame of float, shape (n_varying, n_varying)
        Spearman (1904), Am. J. Psychol. 15(1), over the rows in which both numbers are known.
    """
    return table.loc[:, varying(table)].astype(float).corr(method="spearman")


def varying(table: pd.DataFrame) -> list[str]:
    """Name the numbers that are not the same for everybody."""
    limits = table.astype(float).agg(["min", "max"])
    close = np.isclose(limits.loc["min"], limits.loc["max"], rtol=1e-9, atol=1e-12, equal_nan=True)
    return limits.columns[~close].tolist()


@dataclass(frozen=True)
class Distributions:
    """How customers differ in each number, in its own unit.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per customer, one column per number that varies.
    units : mapping of str to str
        The unit of each column.
    constant : tuple of str
        The numbers that are the same for everybody.
    wording : Wording
        What a transaction is called.
    """

    table: pd.DataFrame
    units: Mapping[str, str]
    constant: tuple[str, ...] = ()
    wording: Wording = COUPON

    @property
    def text(self) -> str:
        """What is not drawn and why; empty if all is."""
        if self.constant:
            names = [self.wording.name_of(name) for name in self.constant]
            return f"Not drawn: {join_words(names)} (the same for everybody)."
        return "" if self.units else "Not drawn: none (there are no numbers)."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        if not self.units:
            return ""
        return f"Histograms of {join_words(list(self._drawn))}, each with its median."

    @property
    def caption(self) -> str:
        """Number of customers, and how to read the last bar."""
        return f"{len(self.table):,} customers. The last bar holds the highest 1%."

    def figure(self) -> Figure:
        """Draw a histogram of every number."""
        from seglib.plots import plot_distributions

        return plot_distributions(self.table.rename(columns=self.wording.name_of), self._drawn)

    @property
    def _drawn(self) -> dict[str, str]:
        """The units by the names in the words of the shop."""
        return {self.wording.name_of(name): unit for name, unit in self.units.items()}


def distributions(features: CustomerFeatures) -> Distributions:
    """Look at each number that is worth a look (`numbers`).

    Parameters
    ----------
    features : CustomerFeatures
        What describes customers.
    """
    names = numbers(features.features)
    vary = varying(features.table[names])
    units = {f.name: f.unit for f in features.features if f.name in vary}
    constant = tuple(name for name in names if name not in units)
    return Distributions(features.table[vary], units, constant, features.study.wording)


@dataclass(frozen=True)
class Correlations:
    """Which numbers move together.

    Attributes
    ----------
    table : pandas.DataFrame of float, shape (n, n)
        Rank correlations of the numbers that vary (`rank_correlations`).
    pairs : pandas.DataFrame
        Those so close that two numbers are as good as one (`correlated_pairs`).
    n_customers : int
    wording : Wording
        What a transaction is called.
    """

    table: pd.DataFrame
    pairs: pd.DataFrame
    n_customers: int
    wording: Wording = COUPON

    @property
    def names(self) -> list[str]:
        """The correlated pairs in words."""
        name_of = self.wording.name_of
        return [f"{name_of(pair.first)} with {name_of(pair.second)}" for pair in self.pairs.itertuples()]

    @property
    def applies(self) -> bool:
        """Whether there are two numbers that vary."""
        return len(self.table) > 1

    @property
    def text(self) -> str:
        """Which pairs are as good as one number."""
        if len(self.table) < 2:
            return "Fewer than two numbers vary: there is no pair to correlate."
        if self.names:
            return f"Correlated (above {HIGH_CORRELATION}): {'; '.join(self.names)}."
        return f"No pair is above {HIGH_CORRELATION}."

    @property
    def takeaway(self) -> str:
        """The same in a few words."""
        return f"Correlated: {'; '.join(self.names)}." if self.names else "No two numbers are strongly correlated."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        if len(self.table) < 2:
            return ""
        return f"Rank correlations of {join_words([self.wording.name_of(name) for name in self.table])}. {self.text}"

    @property
    def caption(self) -> str:
        """Number of customers, and the correlated pairs."""
        return f"{self.n_customers:,} customers. {self.text}"

    def figure(self) -> Axes:
        """Draw the correlations, the close pairs in a frame."""
        from seglib.plots import plot_correlation

        words = self.table.rename(index=self.wording.name_of, columns=self.wording.name_of)
        return plot_correlation(words, above=HIGH_CORRELATION)


def correlations(features: CustomerFeatures) -> Correlations:
    """Correlate the numbers that are worth a look (`numbers`).

    Parameters
    ----------
    features : CustomerFeatures
        What describes customers, and the study.
    """
    rho = rank_correlations(features.table[numbers(features.features)])
    pairs = correlated_pairs(features.table[list(rho)])
    return Correlations(rho, pairs, len(features.table), features.study.wording)
