"""Figures of 05: sizes, a projection, margins and agreement of the members, reliability, sensitivity; two divisions."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from seglib.plots.theme import (
    ACCENT,
    DARK,
    GREY,
    colour,
    count_axis,
    marker,
    new_axes,
    percent_axis,
    scatter_segments,
    set_title,
    shorten,
)
from seglib.style import humanize, position

MOSTLY = 0.8
"""Share of a given segment from which on it counts as kept together."""


def plot_sizes(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the size of each segment, with the median margin of its members (`seglib.clustering.segment_sizes`)."""
    ax = ax or new_axes(height=1.2 + 0.5 * len(table))
    bars = ax.barh(table["segment"], table["customers"], color=[colour(s) for s in table["segment"]], height=0.7)
    share = table["share"]
    labels = [f"{s:.0%}, confidence {m:.2f}" for s, m in zip(share, table["median_margin"], strict=True)]
    ax.bar_label(bars, labels, padding=4, fontsize=9)
    ax.invert_yaxis()
    ax.set(
        xlabel="customers (label: share, and median confidence)",
        ylabel="segment",
        xlim=(0, table["customers"].max() * 1.5),
    )
    set_title(ax, f"Segments hold from {share.min():.0%} to {share.max():.0%} of customers")
    count_axis(ax.xaxis)
    ax.grid(visible=False, axis="y")
    return ax


def plot_projection(
    table: pd.DataFrame,
    arrows: pd.DataFrame,
    *,
    explained: tuple[float, float],
    title: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw rows of the matrix in their first two principal components (`seglib.clustering.project`).

    Parameters
    ----------
    table : pandas.DataFrame
        first, second (components), segment.
    arrows : pandas.DataFrame
        column, first, second: in which direction the columns grow that weigh most.
    explained : tuple of float
        Share of the variance in each component.
    title : str
    ax : matplotlib Axes, optional
    """
    ax = ax or new_axes(height=4.6)
    scatter_segments(ax, table, "first", "second", size=14, alpha=0.55)
    ax.set(
        xlabel=f"first component ({explained[0]:.0%} of variance)",
        ylabel=f"second component ({explained[1]:.0%})",
    )
    for arrow in arrows.itertuples():
        _draw_arrow(ax, arrow.column, arrow.first, arrow.second)
    set_title(ax, title)
    ax.legend(title="segment", markerscale=2, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def _draw_arrow(ax: Axes, column: str, x: float, y: float) -> None:
    """Draw an arrow from the origin, with the name of its column at the end."""
    ax.annotate("", (x, y), (0, 0), arrowprops={"arrowstyle": "->", "color": DARK, "lw": 1.2}, zorder=4)
    label = ax.annotate(
        shorten(humanize(column), 22),
        (x, y),
        (0, 4 if y >= 0 else -4),
        textcoords="offset points",
        ha="right" if x >= 0 else "left",
        va="bottom" if y >= 0 else "top",
        fontsize=8.5,
        color=DARK,
        zorder=5,
    )
    label.set_path_effects([withStroke(linewidth=2.5, foreground="white")])


def plot_margins(segments: pd.DataFrame, *, near: float, ax: Axes | None = None) -> Axes:
    """Draw the margins of the members of each segment, sorted; customers below ``near`` lie near a border."""
    share = (segments["margin"] < near).mean()
    ax = _sorted_curves(segments, "margin", near, ax)
    ax.set_ylabel("confidence")
    set_title(ax, f"{share:.0%} of customers lie near a border (confidence below {near})")
    return ax


def plot_agreement(segments: pd.DataFrame, *, near: float, ax: Axes | None = None) -> Axes:
    """Draw, for the members of each segment, the share of models that agree, sorted; below ``near`` it is low."""
    share = (segments["agreement"] < near).mean()
    ax = _sorted_curves(segments, "agreement", near, ax)
    ax.set_ylabel("share of models that agree")
    set_title(ax, f"{share:.0%} of customers would move in more than {1 - near:.0%} of the models")
    return ax


def plot_reliability(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how often simulated customers are right, by probability, over the numbers of customers of the shop.

    Parameters
    ----------
    table : pandas.DataFrame
        `seglib.clustering.Membership.table`; empty bins are left out.
    ax : matplotlib Axes, optional
    """
    ax = ax or new_axes(height=4.2)
    width = (table["high"] - table["low"]).to_numpy()
    share = table["customers"] / max(1, table["customers"].sum())
    ax.bar(table["low"], share, width, align="edge", color=GREY, alpha=0.35, label="customers of this shop (share)")
    ax.plot([0, 1], [0, 1], color=DARK, linestyle=":", linewidth=1, label="keeps its word")
    some = table[table["simulated"] > 0]
    # Wilson's interval, which stays between 0 and 1
    n, p, z = some["simulated"], some["share_right"], 1.96
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    ax.vlines(some["mean_probability"], middle - half, middle + half, color=ACCENT, linewidth=1.4)
    ax.scatter(some["mean_probability"], p, color=ACCENT, s=30, zorder=3, label="simulated customers")
    off = ((some["mean_probability"] - p).abs() * n).sum() / max(1, n.sum())
    ax.set(xlabel="probability of belonging to the segment", ylabel="share", xlim=(0, 1), ylim=(0, 1.05))
    percent_axis(ax.xaxis)
    percent_axis(ax.yaxis)
    set_title(ax, f"Where the truth is simulated, the probability is off by {100 * off:.1f} points")
    ax.legend(loc="upper left")
    return ax


def plot_sensitivity(
    table: pd.DataFrame, *, alike: float, contrasts: Collection[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw how similar the segments are when one decision is changed (`seglib.clustering.Sensitivity`).

    ``alike`` is the adjusted Rand index from which on they count as the same. Changes that are ``contrasts`` do not
    count, and have open circles.
    """
    table = table.iloc[::-1].reset_index(drop=True)
    judged = ~table["change"].isin(list(contrasts))
    ax = ax or new_axes(height=1.3 + 0.36 * len(table))
    for rows, face in ((table[judged], ACCENT), (table[~judged], "white")):
        ax.scatter(
            rows["ari"], rows.index, s=42, color=face, edgecolors=ACCENT, linewidths=1.3, zorder=3, clip_on=False
        )
    ax.axvline(alike, color=DARK, linestyle=":", linewidth=1)
    for place, kept in enumerate(table["kept"]):
        ax.annotate(f"{kept:.0%}", (1.1, place), va="center", ha="left", fontsize=9, annotation_clip=False)
    ax.annotate("rows stay", (1.1, len(table) - 0.35), ha="left", fontsize=8.5, annotation_clip=False)
    separator = np.where(table["change"].str.len() + table["variant"].str.len() > 24, ":\n", ": ")
    labels = list(table["change"] + separator + table["variant"])
    ax.set_yticks(table.index, labels, fontsize=8.5)
    ax.set(xlabel="adjusted Rand index", xlim=(min(0, table["ari"].min() - 0.03), 1.04))
    firm = int((table.loc[judged, "ari"] >= alike).sum())
    set_title(ax, f"Much the same under {firm} of {int(judged.sum())} changes")
    return ax


def plot_comparison(counts: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw where the customers of given segments are in ours (`seglib.clustering.compared_with_ours`).

    ``counts`` has a row per given segment, by name, and a column per segment of ours. Colour is the share of the row.
    """
    import seaborn as sns

    share = counts.div(counts.sum(axis=1), axis=0)
    share.index = [shorten(name) for name in share.index]
    ax = ax or new_axes(height=max(3.2, 1.3 + 0.36 * len(share)))
    numbers = counts.map("{:,}".format).set_axis(share.index)
    sns.heatmap(
        share,
        ax=ax,
        vmin=0,
        vmax=1,
        cmap="Blues",
        annot=numbers,
        fmt="",
        annot_kws={"fontsize": 9 if counts.shape[1] <= 6 else 7},
        linewidths=1,
        cbar_kws={"label": "share of the given segment"},
    )
    for text, value in zip(ax.texts, share.to_numpy().ravel(), strict=True):
        text.set_color("white" if value > 0.6 else DARK)
    whole = int((share.max(axis=1) >= MOSTLY).sum())
    ax.set(xlabel="our segment", ylabel="given segment")
    set_title(ax, f"{whole} of {len(share)} given segments have {MOSTLY:.0%} or more in one of ours")
    ax.tick_params(axis="y", rotation=0)
    ax.grid(visible=False)
    return ax


def _sorted_curves(segments: pd.DataFrame, column: str, near: float, ax: Axes | None) -> Axes:
    """Draw a value of the members of each segment, from the least to the greatest, and a line at ``near``."""
    ax = ax or new_axes()
    for letter in sorted(segments["segment"].unique(), key=position):
        values = np.sort(segments.loc[segments["segment"] == letter, column])
        share = (np.arange(len(values)) + 0.5) / len(values)
        ax.plot(share, values, color=colour(letter), marker=marker(letter), markevery=0.1, markersize=6, label=letter)
    ax.axhline(near, color=DARK, linestyle=":", linewidth=1)
    ax.set(xlabel="members of the segment, from the lowest to the highest", xlim=(0, 1), ylim=(0, 1.05))
    percent_axis(ax.xaxis)
    ax.legend(title="segment", loc="center left", bbox_to_anchor=(1, 0.5))
    return ax
