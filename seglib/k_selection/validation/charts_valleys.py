"""The picture of separation: customers along the line between neighbouring segments, beside shops without segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seglib.k_selection.criteria.valleys import GRID, Valleys
from seglib.k_selection.validation.evidence import ALPHA
from seglib.style import letter, position

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PAIRS = 9
"""How many pairs are drawn, the least clear valley first."""

TABLE_COLUMNS = ["rank", "first", "second", "density_between", "place", "density", "null_low", "null_high"]


@dataclass(frozen=True)
class ValleyChart:
    """Are there few customers between each segment and its neighbours?

    Attributes
    ----------
    pairs : pandas.DataFrame
        `Valleys.table` with letters in ``first`` and ``second``, the letter that comes first in the alphabet first.
    table : pandas.DataFrame
        What is drawn, one row a pair and a place: rank (0: the least clear valley), first, second, density_between,
        place (first centre -1, second 1), density, null_low, null_high (5% and 95% points of null shops, else NaN).
    p_null : float
        Share of null shops whose least clear valley is at least as clear as the least clear one here; NaN without null
        shops.
    k, n_rows, n_null : int
        Number of segments, of rows and of null shops.
    """

    pairs: pd.DataFrame
    table: pd.DataFrame
    p_null: float
    k: int
    n_rows: int
    n_null: int

    @property
    def separate(self) -> bool:
        """Whether there is a valley between all neighbours: by the dips, and beyond the null shops if there are any."""
        return bool(len(self.pairs)) and bool(self.pairs["p"].max() <= ALPHA) and not self.p_null > ALPHA

    @property
    def text(self) -> str:
        """Whether there is a valley between all neighbours, and how deep the least clear one is."""
        if not len(self.pairs):
            return "One segment has no neighbours, so there is no valley to look for."
        n_pairs, least = len(self.pairs), self.pairs.iloc[0]
        pair = f"segments {least['first']} and {least['second']}"
        if self.separate:
            deepest = f"{self.pairs['density_between'].max():.0%}"
            if n_pairs == 1:
                return f"Between {pair} there are few customers: the density falls to {deepest} of the lower peak."
            return (
                f"Between all {n_pairs} pairs of neighbouring segments there are few customers: the density falls to "
                f"{deepest} of the lower peak, or less."
            )
        share = f"{least['density_between']:.0%}"
        falls = "the density does not fall" if share == "100%" else f"the density falls to {share} of the lower peak"
        if least["p"] > ALPHA:
            reason = "" if share == "100%" else ", no more than by chance within one group"
        else:
            reason = ", and in shops without segments the least clear valley is often as clear"
        return f"Between {pair} there is no clear valley: {falls}{reason}."

    @property
    def alt(self) -> str:
        """What the figure shows; empty where there is nothing to draw."""
        if not len(self.pairs):
            return ""
        drawn = self.pairs.head(MOST_PAIRS)
        lowest = ", ".join(
            f"{row.first} to {row.second} {row.density_between:.0%}" for row in drawn.itertuples(index=False)
        )
        return f"{self.text} Lowest density between two centres relative to the lower peak: {lowest}."

    @property
    def caption(self) -> str:
        """Number of rows and pairs, what is drawn, and which null shops are comparable."""
        some = f"{len(self.pairs)} pairs" if len(self.pairs) != 1 else "1 pair"
        if len(self.pairs) > MOST_PAIRS:
            some = f"the {MOST_PAIRS} least clear of {some}"
        bands = (
            f" Hatched: the middle 90% of {self.n_null} shops without segments, divided into {self.k} in the same way: "
            "their least clear pair beside the least clear one here, their second beside the second, and so on, the "
            "larger segment on the same side."
            if self.n_null
            else ""
        )
        return (
            f"{self.n_rows:,} rows, {self.k} segments, {some} of neighbours, the least clear valley first. Density of "
            "the customers of both segments along the line through their centres (letters); dotted: the border. "
            f"Lowest point: relative to the lower peak; 100% is no valley.{bands}"
        )

    def figure(self) -> Figure:
        """Draw the densities of all pairs."""
        from seglib.plots import plot_valleys

        return plot_valleys(self.table, separate=self.separate)


def valley_chart(
    valleys: Valleys, null_valleys: Sequence[Valleys] = (), *, letters: Sequence[str] | None = None, n_rows: int
) -> ValleyChart:
    """Put the valleys of a shop beside those of null shops with the same number of segments.

    Parameters
    ----------
    valleys : Valleys
        Of the data.
    null_valleys : sequence of Valleys
        Of null shops, each divided into as many segments.
    letters : sequence of str, optional
        Letter of each segment by its number; default: A for 0, B for 1, and so on.
    n_rows : int
        Rows of the data.
    """
    return valley_chart_from_arrays(
        valleys,
        stacked_densities(null_valleys),
        np.array([null.table["scaled_dip"].min() for null in null_valleys if len(null.table)]),
        letters=letters,
        n_rows=n_rows,
    )


def stacked_densities(null_valleys: Sequence[Valleys]) -> np.ndarray:
    """Return the densities of null shops, shape (n_null, most pairs, len(GRID)): by rank, the larger segment first.

    NaN where a shop has fewer pairs than another.
    """
    curves = [null.larger_first for null in null_valleys]
    stack = np.full((len(curves), max(map(len, curves), default=0), len(GRID)), np.nan)
    for place, curve in enumerate(curves):
        stack[place, : len(curve)] = curve
    return stack


def valley_chart_from_arrays(
    valleys: Valleys,
    null_densities: np.ndarray,
    null_least_clear: np.ndarray,
    *,
    letters: Sequence[str] | None = None,
    n_rows: int,
) -> ValleyChart:
    """Put the valleys of a shop beside those of null shops that were kept as arrays only.

    Parameters
    ----------
    valleys : Valleys
        Of the data.
    null_densities : ndarray of float, shape (n_null, n_ranks, len(GRID))
        From `stacked_densities`.
    null_least_clear : ndarray of float, shape (n_null,)
        The smallest scaled dip of each null shop (`seglib.k_selection.criteria.valleys.least_clear`).
    letters, n_rows
        As in `valley_chart`.
    """
    pairs = valleys.table.copy()
    k = int(pairs[["first", "second"]].to_numpy().max()) + 1 if len(pairs) else 1
    names = list(letters) if letters is not None else [letter(number) for number in range(k)]
    parts = []
    for rank, (row, curve) in enumerate(zip(valleys.table.itertuples(), valleys.densities, strict=True)):
        swap = position(names[row.first]) > position(names[row.second])
        first, second = (row.second, row.first) if swap else (row.first, row.second)
        size = (row.n_second, row.n_first) if swap else (row.n_first, row.n_second)
        pairs.loc[rank, ["n_first", "n_second"]] = size
        low, high = _band(null_densities, rank, swap=size[1] > size[0])
        part = {"rank": rank, "first": names[first], "second": names[second], "density_between": row.density_between}
        drawn = {"place": GRID, "density": curve[::-1] if swap else curve, "null_low": low, "null_high": high}
        parts.append(pd.DataFrame(part | drawn))
    pairs["first"], pairs["second"] = ([part[side].iloc[0] for part in parts] for side in ("first", "second"))
    n_null = len(null_least_clear)
    smallest = pairs["scaled_dip"].min() if len(pairs) else np.nan
    p_null = (1 + int((null_least_clear >= smallest - 1e-12).sum())) / (n_null + 1) if n_null and len(pairs) else np.nan
    table = pd.concat(parts[:MOST_PAIRS], ignore_index=True) if parts else pd.DataFrame(columns=TABLE_COLUMNS)
    return ValleyChart(pairs, table, p_null, k, n_rows, len(null_densities))


def _band(null_densities: np.ndarray, rank: int, *, swap: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the 5% and 95% points of the null densities of one rank; NaN where fewer than half of them have it."""
    curves = null_densities[:, rank] if rank < null_densities.shape[1] else np.empty((0, len(GRID)))
    curves = curves[~np.isnan(curves).any(axis=1)]
    if not len(curves) or len(curves) < len(null_densities) / 2:
        return np.full(len(GRID), np.nan), np.full(len(GRID), np.nan)
    low, high = np.quantile(curves, [0.05, 0.95], axis=0)
    return (low[::-1], high[::-1]) if swap else (low, high)
