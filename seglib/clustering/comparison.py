"""Somebody else's segments beside ours: how far they agree, and what moving from theirs to ours would mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from seglib.clustering.given import GivenSegmentation
from seglib.clustering.segmentation import Segmentation, customer_segments
from seglib.k_selection import adjusted_rand
from seglib.style import join_words, position

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PART = 0.2
"""From this share of a segment on, a part of it counts as one of the pieces that it is split into."""


@dataclass(frozen=True)
class Comparison:
    """Two divisions of the same customers.

    Attributes
    ----------
    counts : pandas.DataFrame of int
        Customers by their segment (rows, by name, in the order of the letters) and ours (columns, by letter).
    """

    counts: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """The counts with a column ``given``, their segments by name."""
        return self.counts.rename_axis("given").rename_axis(None, axis="columns").reset_index()

    @property
    def adjusted_rand(self) -> float:
        """Adjusted Rand index (Hubert & Arabie 1985): 1 the same division, 0 as alike as by chance."""
        return adjusted_rand(self.counts.to_numpy(dtype=float))

    @property
    def matched(self) -> dict[str, str]:
        """Their segment and ours, one to one, so that as many customers as possible are in both (Hungarian method)."""
        counts = self.counts.to_numpy()
        pairs = zip(*linear_sum_assignment(-counts), strict=True)
        return {self.counts.index[i]: self.counts.columns[j] for i, j in pairs if counts[i, j]}

    @property
    def moving(self) -> int:
        """Customers who are not in the one of ours that stands for their segment."""
        staying = sum(int(self.counts.loc[theirs, ours]) for theirs, ours in self.matched.items())
        return int(self.counts.to_numpy().sum()) - staying

    @property
    def split(self) -> dict[str, list[str]]:
        """Their segments of which two or more of ours hold a part (`PART`), with these, the largest part first."""
        share = self.counts.div(self.counts.sum(axis=1), axis=0)
        parts = {name: row[row >= PART].sort_values(ascending=False, kind="stable") for name, row in share.iterrows()}
        return {name: list(row.index) for name, row in parts.items() if len(row) > 1}

    @property
    def joined(self) -> dict[str, list[str]]:
        """Our segments in which two or more of theirs have the largest part of their customers, with these."""
        home = self.counts.idxmax(axis=1)
        groups = {ours: list(home.index[home == ours]) for ours in self.counts.columns}
        return {ours: theirs for ours, theirs in groups.items() if len(theirs) > 1}

    @property
    def text(self) -> str:
        """How far both agree, who would be treated otherwise, and what is split or joined; empty without labels."""
        if self.counts.empty:
            return ""
        n = int(self.counts.to_numpy().sum())
        sentences = [
            f"Adjusted Rand index {self.adjusted_rand:.2f} (1: the same, 0: as alike as by chance).",
            "Let each of ours take over the treatment of one of theirs, so that as many customers as possible keep "
            f"theirs: then {self.moving:,} of {n:,} customers ({self.moving / n:.0%}) would be treated otherwise.",
        ]
        if self.split:
            alike: dict[tuple[str, ...], list[str]] = {}
            for name, ours in self.split.items():
                alike.setdefault(tuple(sorted(ours, key=position)), []).append(f"'{name}'")
            parts = [f"{join_words(names)} between {join_words(list(ours))}" for ours, names in alike.items()]
            sentences.append(f"Ours split {'; '.join(parts)}.")
        if self.joined:
            quoted = {ours: [f"'{name}'" for name in theirs] for ours, theirs in self.joined.items()}
            parts = [f"{join_words(theirs)} into {ours}" for ours, theirs in quoted.items()]
            sentences.append(f"Ours join most of {'; most of '.join(parts)}.")
        if not (self.split or self.joined):
            sentences.append("Ours neither split nor join any of theirs.")
        return " ".join(sentences)

    @property
    def alt(self) -> str:
        """What the figure shows; empty where nothing is compared."""
        if self.counts.empty:
            return ""
        return (
            f"Heatmap of customers by given segment and by ours; adjusted Rand index {self.adjusted_rand:.2f}. "
            f"{self.moving:,} customers are outside of the matched pairs."
        )

    @property
    def caption(self) -> str:
        """Number of customers, and how to read the figure."""
        n = int(self.counts.to_numpy().sum())
        return f"{n:,} customers; colour: share of the given segment (row), number: customers."

    def figure(self) -> Axes:
        """Draw the counts."""
        from seglib.plots import plot_comparison

        return plot_comparison(self.counts)


def compared_with_ours(fit: Segmentation, ours: Segmentation) -> Comparison:
    """Compare segments that were given with those of KMeans.

    Parameters
    ----------
    fit : Segmentation
        A `GivenSegmentation`; anything else gives an empty comparison.
    ours : Segmentation
        Of the same matrix; customers without a given segment do not count.

    Returns
    -------
    Comparison
    """
    if not isinstance(fit, GivenSegmentation):
        return Comparison(pd.DataFrame())
    theirs = customer_segments(fit.table)["segment"]
    others = customer_segments(ours.table)["segment"].reindex(theirs.index)
    counts = pd.crosstab(theirs, others)
    rows, columns = sorted(counts.index, key=position), sorted(counts.columns, key=position)
    counts = counts.loc[rows, columns].astype(np.int64)
    return Comparison(counts.set_axis([fit.names[segment] for segment in rows], axis="index"))
