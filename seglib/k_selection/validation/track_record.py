"""How often the verdict was right on data whose truth is known: the result of the study of strangers, in short."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seglib.stats import wilson
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
    of : str
        What the data are: "shops" (with transactions) or "tables" (without).
    table : pandas.DataFrame
        One row per kind and number of customers: kind, form ("shop" or "table"), groups (planted; 0: none), tuned
        (whether rules were chosen on it), customers, draws, and how many of these were called natural, reproducible,
        constructed, borderline; two_kinds (said to hold two kinds in one trait); right_k (of those called natural or
        reproducible, those with the planted number) and in_range (with the planted number among those that are not
        told apart).
    """

    of: str
    table: pd.DataFrame

    @property
    def text(self) -> str:
        """How often data without groups are called natural, and how often planted groups are found."""
        without, planted = self._without, self._planted
        if not len(without) or not len(planted):
            return "How often this verdict is right has not been measured."
        natural = without["natural"] / without["draws"]
        worst = without.loc[natural.idxmax()]
        draws = without["draws"].sum()
        low, high = wilson(without["natural"].sum() / draws, draws)
        at_worst = f"; at worst {natural.max():.0%}, {worst['kind']}" if natural.max() > 0 else ""
        n_called = (planted["natural"] + planted["reproducible"]).sum()
        return (
            f"The verdict was tried on {int(draws):,} {self.of} without groups, of {without['kind'].nunique()} kinds: "
            f"it called {without['natural'].sum() / draws:.1%} natural (95% interval {low:.0%} to {high:.0%}{at_worst})"
            f" and {without['reproducible'].sum() / draws:.1%} reproducible. In "
            f"{int(planted['draws'].sum()):,} {self.of} with planted groups, of {planted['kind'].nunique()} kinds, it "
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
            f"One bar per kind of {self.of}; generators of several origins, misses included. The whole table, with "
            "other data: studies/strangers.md."
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


def track_record(*, dated: bool) -> TrackRecord:
    """Read how often the verdict was right on data like these.

    Parameters
    ----------
    dated : bool
        Whether the source has transactions: shops with them and tables without are other tasks.
    """
    with (files("seglib.k_selection.validation") / RATES).open(encoding="utf-8") as file:
        rates_of_all = pd.read_csv(file)
    form = "shop" if dated else "table"
    return TrackRecord(f"{form}s", rates_of_all[rates_of_all["form"] == form].reset_index(drop=True))


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
