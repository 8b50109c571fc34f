"""Figures of 03: what the columns of the matrix look like, and what they weigh."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from seglib.plots.theme import ACCENT, DARK, GREY, new_axes, percent_axis, set_title
from seglib.style import humanize


def plot_variance_share(shares: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw each source column's share of the total variance (`seglib.preprocessing.variance_share`)."""
    ax = ax or new_axes(height=1.1 + 0.42 * len(shares))
    alarming = shares["share"] > 0.5
    ax.barh(
        shares["column"].map(humanize),
        shares["share"],
        color=[sns.color_palette("colorblind")[3] if a else ACCENT for a in alarming],
        hatch=["//" if a else "" for a in alarming],
        edgecolor="white",
        height=0.7,
    )
    ax.invert_yaxis()
    for y, share in enumerate(shares["share"]):
        ax.annotate(f"{share:.1%}", (share, y), (4, 0), textcoords="offset points", va="center", fontsize=9)
    ax.axvline(0.5, color=DARK, linewidth=0.8, linestyle=":")
    top = shares.iloc[0]
    title = (
        f"{humanize(top['column']).capitalize()} holds {top['share']:.0%} of all variance: it will make the clusters"
        if alarming.any()
        else f"No column dominates: the largest share is {top['share']:.0%}"
    )
    ax.set(xlabel="share of the total variance", xlim=(0, 1.08))
    set_title(ax, title)
    percent_axis(ax.xaxis)
    ax.grid(visible=False, axis="y")
    return ax


def plot_number_ranges(ranges: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the numbers of the matrix on their common scale: the median, the middle 90%, and the extremes.

    Parameters
    ----------
    ranges : pandas.DataFrame
        One row per number: column, min, p05, median, p95, max (`seglib.preprocessing.number_ranges`).
    """
    ax = ax or new_axes(height=1.5 + 0.42 * len(ranges))
    for y, row in enumerate(ranges.itertuples()):
        labelled = y == 0  # one entry of the legend for all rows
        ax.plot([row.min, row.max], [y, y], color=GREY, linewidth=1.2, label="all" if labelled else None)
        ax.plot(
            [row.p05, row.p95],
            [y, y],
            color=ACCENT,
            linewidth=8,
            solid_capstyle="butt",
            label="90% of the rows" if labelled else None,
        )
        ax.plot(
            [row.median],
            [y],
            "o",
            color="white",
            markeredgecolor=DARK,
            markersize=6,
            label="median" if labelled else None,
        )
    furthest = ranges.set_index("column")[["min", "max"]].abs().max(axis=1)
    ax.set_yticks(range(len(ranges)), [humanize(c) for c in ranges["column"]])
    ax.set_ylim(len(ranges) - 0.5, -0.5)
    ax.set(xlabel="value in the matrix (numbers only)")
    title = (
        f"{humanize(furthest.idxmax()).capitalize()} has the most extreme value: {furthest.max():.1f} from the centre"
    )
    set_title(ax, title)
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.75 / (0.42 * len(ranges) + 0.4)), ncols=3)
    ax.grid(visible=False, axis="y")
    return ax


def plot_variance_by_option(shares: pd.DataFrame, *, option: str, ax: Axes | None = None) -> Axes:
    """Draw each source column's share of the variance for several values of one option.

    Parameters
    ----------
    shares : pandas.DataFrame of float, shape (n_sources, n_values)
        Indexed by source column; one column per value of the option, shares between 0 and 1.
    option : str
        Name of the option.
    """
    n_sources, n_values = shares.shape
    group = 0.22 * n_values + 0.14  # height of the bars of one source, with a gap, in inches
    ax = ax or new_axes(height=1.5 + group * n_sources)
    tones, hatches = sns.light_palette(ACCENT, n_values + 1)[1:], ("", "//", "||", "xx", "--")
    for i, (value, column) in enumerate(shares.items()):
        y = np.arange(n_sources) + (i - (n_values - 1) / 2) * 0.8 / n_values
        ax.barh(
            y,
            column,
            height=0.8 / n_values,
            color=tones[i],
            hatch=hatches[i % len(hatches)],
            edgecolor="white",
            label=f"{value}",
        )
        for at, share in zip(y, column, strict=True):
            if share > 0:
                ax.annotate(f"{share:.0%}", (share, at), (3, 0), textcoords="offset points", va="center", fontsize=8)
    moved = (shares.iloc[:, -1] - shares.iloc[:, 0]).abs().idxmax()
    first, last = shares.loc[moved].iloc[[0, -1]]
    ax.set_yticks(range(n_sources), [humanize(name) for name in shares.index])
    ax.set_ylim(n_sources - 0.5, -0.5)
    ax.axvline(0.5, color=DARK, linewidth=0.8, linestyle=":")
    ax.set(xlabel="share of the total variance", xlim=(0, max(0.55, shares.to_numpy().max() * 1.15)))
    set_title(ax, f"{humanize(moved).capitalize()} goes from {first:.0%} to {last:.0%} of the variance")
    percent_axis(ax.xaxis)
    ax.grid(visible=False, axis="y")
    below = -0.72 / (group * n_sources + 0.4)
    ax.legend(title=humanize(option), loc="upper center", bbox_to_anchor=(0.4, below), ncols=n_values)
    return ax
