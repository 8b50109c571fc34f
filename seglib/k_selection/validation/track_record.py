"""How often the verdict was right on data whose truth is known: the result of the study of strangers, in short."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seglib.style import join_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RATES = "track_record.csv"
"""One row per kind and number of customers; written by ``python -m studies.strangers``."""


@dataclass(frozen=True)
class TrackRecord:
    """How often the verdict was right, by kind of data.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per kind and number of customers: kind, form ("shop" or "table"), groups (planted; 0: none), tuned
        (whether rules were chosen on it), customers, draws, and how many of these were called natural, reproducible,
        constructed, borderline; two_kinds (said to hold two kinds in one trait); right_k (of those called natural or
        reproducible, those with the planted number) and in_range (with the planted number among those that are not
        told apart).
    """

    table: pd.DataFrame

    @property
    def text(self) -> str:
        """How often data without groups are called natural, and how often planted groups are found."""
        without, planted = self._without, self._planted
        if not len(without) or not len(planted):
            return "How often this verdict is right has not been measured."
        natural = without["natural"] / without["draws"]
        worst = without.loc[natural.idxmax()]
        reproducible = without["reproducible"].sum() / without["draws"].sum()
        n_called = (planted["natural"] + planted["reproducible"]).sum()
        return (
            f"The verdict was tried on {int(without['draws'].sum()):,} data sets without groups, of "
            f"{without['kind'].nunique()} kinds: it called {without['natural'].sum() / without['draws'].sum():.1%} "
            f"natural (at worst {natural.max():.0%}, {worst['kind']}) and {reproducible:.1%} reproducible. In "
            f"{int(planted['draws'].sum()):,} data sets with planted groups, of {planted['kind'].nunique()} kinds, it "
            f"found groups in {n_called / planted['draws'].sum():.0%}, and named the planted number in "
            f"{planted['right_k'].sum() / max(n_called, 1):.0%} of these."
        )

    @property
    def alt(self) -> str:
        """What the figure shows; empty where nothing was measured."""
        if not len(self._without) or not len(self._planted):
            return ""
        missed = self._planted[self._planted["natural"] + self._planted["reproducible"] < self._planted["draws"] / 2]
        which = f" Missed in more than half: {join_words(missed['kind'].tolist())}." if len(missed) else ""
        return f"Share of each label by kind of data, without and with groups. {self.text}{which}"

    @property
    def caption(self) -> str:
        """What a bar is, and where the whole table stands."""
        return (
            "One bar per kind of data; generators of several origins, misses included. The whole table: "
            "studies/strangers.md."
        )

    def figure(self) -> Figure:
        """Draw the share of each label, by kind."""
        from seglib.plots import plot_track_record

        return plot_track_record(self.table)

    @property
    def _without(self) -> pd.DataFrame:
        return self.table[self.table["groups"] == 0]

    @property
    def _planted(self) -> pd.DataFrame:
        return self.table[self.table["groups"] > 0]


def track_record() -> TrackRecord:
    """Read how often the verdict was right."""
    with (files("seglib.k_selection.validation") / RATES).open(encoding="utf-8") as file:
        return TrackRecord(pd.read_csv(file))


def rates(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the table of a `TrackRecord` from the outcomes of the study.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        One row per draw: kind, form, groups, tuned, customers, structure, two_kinds, k, k_range.
    """
    rows = outcomes[outcomes["groups"].notna()].copy()
    rows["groups"] = rows["groups"].astype(int)
    for label in ("natural", "reproducible", "constructed", "borderline"):
        rows[label] = rows["structure"] == label
    called = rows["natural"] | rows["reproducible"]
    rows["right_k"] = called & (rows["k"] == rows["groups"])
    ranges = rows["k_range"].fillna("").astype(str).str.replace(".0", "", regex=False).str.split()
    planted = rows["groups"].astype(str)
    rows["in_range"] = called & np.array([k in numbers for k, numbers in zip(planted, ranges, strict=True)], dtype=bool)
    rows["two_kinds"] = rows["two_kinds"].fillna("").astype(str) != ""
    counts = ["natural", "reproducible", "constructed", "borderline", "two_kinds", "right_k", "in_range"]
    by_kind = rows.groupby(["kind", "form", "groups", "tuned", "customers"], sort=False)
    table = by_kind[counts].sum().astype(int)
    table.insert(0, "draws", by_kind.size())
    return table.reset_index()
