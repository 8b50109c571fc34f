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


def plot_prepared(columns: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the numbers of the matrix on their common scale: the middle, where 90% lie, and the extremes.

    Parameters
    ----------
    columns : pandas.DataFrame of float
        The columns of the matrix that are numbers.
    """
    ax = ax or new_axes(height=1.5 + 0.42 * columns.shape[1])
    points = columns.quantile([0, 0.05, 0.5, 0.95, 1])
    for y, name in enumerate(columns):
        low, tenth, middle, ninetieth, high = points[name]
        ax.plot([low, high], [y, y], color=GREY, linewidth=1.2, label="all" if y == 0 else None)
        ax.plot(
            [tenth, ninetieth], [y, y], color=ACCENT, linewidth=8, solid_capstyle="butt",
            label="90% of the rows" if y == 0 else None,
        )  # fmt: skip
        ax.plot(
            [middle], [y], "o", color="white", markeredgecolor=DARK, markersize=6, label="median" if not y else None
        )
    reach = points.abs().max()
    ax.set_yticks(range(columns.shape[1]), [humanize(c) for c in columns])
    ax.set_ylim(columns.shape[1] - 0.5, -0.5)
    ax.set(xlabel="value in the matrix (numbers only)")
    set_title(ax, f"{humanize(reach.idxmax()).capitalize()} reaches furthest out: {reach.max():.1f} from the middle")
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.75 / (0.42 * columns.shape[1] + 0.4)), ncols=3)
    ax.grid(visible=False, axis="y")
    return ax


def plot_turned_knob(turned: pd.DataFrame, *, knob: str, ax: Axes | None = None) -> Axes:
    """Draw each source column's share of the variance for several values of one knob.

    Parameters
    ----------
    turned : pandas.DataFrame of float, shape (n_sources, n_values)
        Indexed by source column; one column a value of the knob, shares between 0 and 1.
    knob : str
        Name of the parameter that was turned.
    """
    height = 0.22 * turned.shape[1]
    ax = ax or new_axes(height=1.5 + (height + 0.14) * len(turned))
    tones, hatches = sns.light_palette(ACCENT, turned.shape[1] + 1)[1:], ("", "//", "..", "xx", "--")
    for i, (value, shares) in enumerate(turned.items()):
        y = np.arange(len(turned)) + (i - (turned.shape[1] - 1) / 2) * 0.8 / turned.shape[1]
        ax.barh(
            y, shares, height=0.8 / turned.shape[1], color=tones[i], hatch=hatches[i % len(hatches)],
            edgecolor="white", label=f"{value}",
        )  # fmt: skip
        for at, share in zip(y, shares, strict=True):
            if share > 0:
                ax.annotate(f"{share:.0%}", (share, at), (3, 0), textcoords="offset points", va="center", fontsize=8)
    moved = (turned.iloc[:, -1] - turned.iloc[:, 0]).abs().idxmax()
    first, last = turned.loc[moved].iloc[[0, -1]]
    ax.set_yticks(range(len(turned)), [humanize(name) for name in turned.index])
    ax.set_ylim(len(turned) - 0.5, -0.5)
    ax.axvline(0.5, color=DARK, linewidth=0.8, linestyle=":")
    ax.set(xlabel="share of the total variance", xlim=(0, max(0.55, turned.to_numpy().max() * 1.15)))
    set_title(ax, f"{humanize(moved).capitalize()} goes from {first:.0%} to {last:.0%} of the variance")
    percent_axis(ax.xaxis)
    ax.grid(visible=False, axis="y")
    under = -0.72 / ((height + 0.14) * len(turned) + 0.4)
    ax.legend(title=humanize(knob), loc="upper center", bbox_to_anchor=(0.4, under), ncols=turned.shape[1])
    return ax
