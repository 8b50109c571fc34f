"""Figures of 08: what a campaign did."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter, MaxNLocator

from seglib.plots.theme import DARK, colour, marker, new_figure, shorten


def plot_effects(
    table: pd.DataFrame,
    *,
    kinds: Mapping[str, str],
    labels: Mapping[str, str],
    names: Mapping[str, str] | None = None,
) -> plt.Figure:
    """Draw effects with their intervals: a panel per outcome, a line for all together and one per segment.

    A forest plot (Lewis & Clarke 2001, BMJ 322): the reader sees whether intervals lie on one side of no effect, and
    whether segments lie apart. Returns the Figure.

    Parameters
    ----------
    table : pandas.DataFrame
        outcome, segment ("all" first), effect, low, high.
    kinds : mapping of str to {"share", "mean"}
        By outcome; shares are drawn in points.
    labels : mapping of str to str
        What is said of each outcome; it stands in the title of its panel.
    names : mapping of str to str, optional
        Names of segments, by letter; default: letters alone.
    """
    outcomes = list(dict.fromkeys(table["outcome"]))
    n_rows = table.groupby("outcome", sort=False).size()
    figure, axes = new_figure(
        len(outcomes), 1, height=0.7 + sum(0.3 * n + 0.75 for n in n_rows), height_ratios=[n + 2 for n in n_rows]
    )
    for ax, outcome in zip(axes.flat, outcomes, strict=True):
        rows = table[table["outcome"] == outcome]
        scale = 100 if kinds[outcome] == "share" else 1
        for place, row in enumerate(rows.itertuples()):
            is_all = row.segment == "all"
            look = {"color": DARK if is_all else colour(row.segment), "marker": "D" if is_all else marker(row.segment)}
            if not np.isnan(row.low):
                ax.plot([scale * row.low, scale * row.high], [place, place], color=look["color"], linewidth=2.2)
            ax.plot([scale * row.effect], [place], markersize=8, linestyle="none", **look)
        ax.axvline(0, color=DARK, linewidth=1)
        ax.set_yticks(range(len(rows)), [_name_of(segment, names or {}) for segment in rows["segment"]])
        ax.set(ylim=(len(rows) - 0.5, -0.6), xlabel="points" if scale == 100 else "difference per customer")
        ax.set_title(f"{shorten(outcome, 24)}: {labels[outcome]}")
        ax.xaxis.set_major_locator(MaxNLocator(6))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g}" if abs(value) > 1e-12 else "0"))
        ax.grid(visible=False, axis="y")
    return figure


def _name_of(segment: str, names: Mapping[str, str]) -> str:
    if segment == "all":
        return "all together"
    name = names.get(segment, segment)
    return segment if name == segment else f"{segment}  {shorten(name, 20)}"
