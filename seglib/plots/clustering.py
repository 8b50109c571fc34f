"""Figures of 05: sizes, a projection, and how sure members are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from seglib.plots.theme import ACCENT, DARK, colour, count_axis, marker, new_axes, percent_axis, set_title, shorten
from seglib.style import humanize, position

ARROWS = 4
"""Columns of the matrix that a projection shows the directions of."""


def plot_sizes(segments: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the size of each segment and how sure its members are (`seglib.clustering.customer_segments`)."""
    table = segments.groupby("segment")["margin"].agg(["size", "median"])
    table = table.loc[sorted(table.index, key=position)]
    ax = ax or new_axes(height=1.2 + 0.5 * len(table))
    bars = ax.barh(table.index, table["size"], color=[colour(s) for s in table.index], height=0.7)
    share = table["size"] / table["size"].sum()
    labels = [f"{s:.0%}, confidence {c:.2f}" for s, c in zip(share, table["median"], strict=True)]
    ax.bar_label(bars, labels, padding=4, fontsize=9)
    ax.invert_yaxis()
    ax.set(
        xlabel="customers (label: share, and median confidence)",
        ylabel="segment",
        xlim=(0, table["size"].max() * 1.5),
    )
    set_title(ax, f"Segments hold from {share.min():.0%} to {share.max():.0%} of customers")
    count_axis(ax.xaxis)
    ax.grid(visible=False, axis="y")
    return ax


def plot_projection(matrix: pd.DataFrame, segments: pd.Series, *, seed: int = 0, ax: Axes | None = None) -> Axes:
    """Draw the rows of the matrix in their first two principal components, at most 2,000 of them.

    Arrows show in which direction the columns grow that weigh most in these components (a biplot, Gabriel 1971).
    """
    X = (matrix - matrix.mean()).to_numpy()
    if X.shape[1] == 1:
        X = np.column_stack([X, np.zeros(len(X))])
    variance, axes = np.linalg.eigh(X.T @ X)
    main = axes[:, ::-1][:, :2]
    main = main * np.sign(main[np.abs(main).argmax(axis=0), [0, 1]])  # the largest entry points up
    kept = variance[::-1][:2] / variance.sum()
    rows = np.random.default_rng(seed).permutation(len(matrix))[:2000]
    points = X @ main
    ax = ax or new_axes(height=4.6)
    for letter in sorted(segments.unique(), key=position):
        own = rows[(segments.to_numpy() == letter)[rows]]
        ax.scatter(
            *points[own].T,
            s=14,
            alpha=0.55,
            color=colour(letter),
            marker=marker(letter),
            linewidths=0,
            label=letter,
        )
    ax.set(xlabel=f"first component ({kept[0]:.0%} of variance)", ylabel=f"second component ({kept[1]:.0%})")
    m = matrix.shape[1]
    if m > 1:
        _draw_axes(ax, main * np.sqrt(np.maximum(variance[::-1][:2], 0)), list(matrix.columns), points)
    two = f"Two of {m} dimensions, {kept.sum():.0%} of the variance"
    set_title(ax, two if m > 1 else "The only dimension there is")
    ax.legend(title="segment", markerscale=2, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def _draw_axes(ax: Axes, loadings: np.ndarray, columns: list[str], points: np.ndarray) -> None:
    """Draw the columns with the longest arrows, at most `ARROWS`, as long as the cloud allows."""
    length = np.hypot(*loadings.T)
    longest = np.argsort(-length, kind="stable")[:ARROWS]
    longest_arrow = 0.85 * np.quantile(np.hypot(*points.T), 0.98) / length[longest[0]]
    for column in longest[length[longest] > 0.25 * length[longest[0]]]:
        x, y = loadings[column] * longest_arrow
        ax.annotate("", (x, y), (0, 0), arrowprops={"arrowstyle": "->", "color": DARK, "lw": 1.2}, zorder=4)
        label = ax.annotate(
            shorten(humanize(columns[column]), 22), (x, y), (0, 4 if y >= 0 else -4),
            textcoords="offset points", ha="right" if x >= 0 else "left", va="bottom" if y >= 0 else "top",
            fontsize=8.5, color=DARK, zorder=5,
        )  # fmt: skip
        label.set_path_effects([withStroke(linewidth=2.5, foreground="white")])


def plot_margins(segments: pd.DataFrame, *, near: float, ax: Axes | None = None) -> Axes:
    """Draw the margins of the members of each segment, from the least to the most sure; ``near`` marks a border."""
    share = (segments["margin"] < near).mean()
    title = f"{share:.0%} of customers lie near a border (confidence below {near})"
    return _sorted(segments, "margin", near, title, "confidence", ax)


def plot_agreement(segments: pd.DataFrame, *, near: float, ax: Axes | None = None) -> Axes:
    """Draw, for the members of each segment, the share of models that agree, from the least to the most."""
    share = (segments["agreement"] < near).mean()
    title = f"{share:.0%} of customers would move in more than {1 - near:.0%} of the models"
    return _sorted(segments, "agreement", near, title, "share of models that agree", ax)


def plot_sensitivity(table: pd.DataFrame, *, alike: float, ax: Axes | None = None) -> Axes:
    """Draw how like the segments are when one decision is changed (`seglib.clustering.Sensitivity`).

    ``alike`` is the adjusted Rand index from which on they count as the same; open circles do not count.
    """
    table = table.iloc[::-1].reset_index(drop=True)
    judged = ~table["change"].isin(("contrast", "number of segments"))
    ax = ax or new_axes(height=1.3 + 0.36 * len(table))
    for own, face in ((judged, ACCENT), (~judged, "white")):
        look = {"color": face, "edgecolors": ACCENT, "linewidths": 1.3, "zorder": 3, "clip_on": False}
        ax.scatter(table.loc[own, "ari"], table.index[own], s=42, **look)
    ax.axvline(alike, color=DARK, linestyle=":", linewidth=1)
    for place, kept in enumerate(table["kept"]):
        ax.annotate(f"{kept:.0%}", (1.1, place), va="center", ha="left", fontsize=9, annotation_clip=False)
    ax.annotate("rows stay", (1.1, len(table) - 0.35), ha="left", fontsize=8.5, annotation_clip=False)
    between = np.where(table["change"].str.len() + table["variant"].str.len() > 24, ":\n", ": ")
    labels = list(table["change"] + between + table["variant"])
    ax.set_yticks(table.index, labels, fontsize=8.5)
    ax.set(xlabel="adjusted Rand index", xlim=(min(0, table["ari"].min() - 0.03), 1.04))
    firm = int((table.loc[judged, "ari"] >= alike).sum())
    set_title(ax, f"Much the same under {firm} of {int(judged.sum())} changes")
    return ax


def _sorted(segments: pd.DataFrame, column: str, near: float, title: str, label: str, ax: Axes | None) -> Axes:
    ax = ax or new_axes()
    for letter in sorted(segments["segment"].unique(), key=position):
        sure = np.sort(segments.loc[segments["segment"] == letter, column])
        part = (np.arange(len(sure)) + 0.5) / len(sure)
        ax.plot(part, sure, color=colour(letter), marker=marker(letter), markevery=0.1, markersize=6, label=letter)
    ax.axhline(near, color=DARK, linestyle=":", linewidth=1)
    ax.set(
        xlabel="members of the segment, from the least sure to the most",
        ylabel=label,
        xlim=(0, 1),
        ylim=(0, 1.05),
    )
    set_title(ax, title)
    percent_axis(ax.xaxis)
    ax.legend(title="segment", loc="center left", bbox_to_anchor=(1, 0.5))
    return ax
