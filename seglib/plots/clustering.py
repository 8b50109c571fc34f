"""Figures of 05: sizes, a projection, and how sure members are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from seglib.plots.theme import DARK, colour, count_axis, marker, new_axes, percent_axis, set_title
from seglib.words import position


def plot_sizes(segments: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the size of each segment and how sure its members are (`seglib.clustering.customer_segments`)."""
    table = segments.groupby("segment")["confidence"].agg(["size", "median"])
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
    """Draw the rows of the matrix in their first two principal components, at most 2,000 of them."""
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
    two = f"Two of {m} dimensions, {kept.sum():.0%} of the variance"
    set_title(ax, two if m > 1 else "The only dimension there is")
    ax.legend(title="segment", markerscale=2, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def plot_confidence(segments: pd.DataFrame, *, near: float, ax: Axes | None = None) -> Axes:
    """Draw the certainty of the members of each segment, from the least to the most sure; ``near`` marks a border."""
    ax = ax or new_axes()
    for letter in sorted(segments["segment"].unique(), key=position):
        sure = np.sort(segments.loc[segments["segment"] == letter, "confidence"])
        part = (np.arange(len(sure)) + 0.5) / len(sure)
        ax.plot(part, sure, color=colour(letter), marker=marker(letter), markevery=0.1, markersize=6, label=letter)
    ax.axhline(near, color=DARK, linestyle=":", linewidth=1)
    share = (segments["confidence"] < near).mean()
    ax.set(
        xlabel="members of the segment, from the least sure to the most",
        ylabel="confidence",
        xlim=(0, 1),
        ylim=(0, 1.05),
    )
    set_title(ax, f"{share:.0%} of customers lie near a border (confidence below {near})")
    percent_axis(ax.xaxis)
    ax.legend(title="segment", loc="center left", bbox_to_anchor=(1, 0.5))
    return ax
