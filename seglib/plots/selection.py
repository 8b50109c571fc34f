"""Figures of 04: each criterion over k."""

from __future__ import annotations

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from seglib.plots.theme import ACCENT, DARK, WIDTH, count_axis, new_axes, set_title


def plot_elbow(scores: pd.DataFrame, elbow: int | None, *, k: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw the inertia over k, with the elbow annotated (`seglib.selection.sweep`, `seglib.selection.elbow`)."""
    inertia = _curve(scores, "inertia")
    ax = ax or new_axes()
    ax.plot(inertia.index, inertia, "o-", color=ACCENT)
    if elbow is not None:
        ax.annotate(
            f"elbow: k = {elbow}", (elbow, inertia[elbow]), (35, 35), textcoords="offset points",
            arrowprops={"arrowstyle": "->", "color": DARK}, fontsize=9,
        )  # fmt: skip
    _mark_k(ax, k)
    ax.set(xlabel="number of segments k", ylabel="inertia (sum of squared distances)", ylim=(0, None))
    set_title(ax, f"The curve bends most at k = {elbow}" if elbow else "The curve does not bend: it has no elbow")
    count_axis(ax.xaxis)
    count_axis(ax.yaxis)
    return ax


def plot_silhouette(scores: pd.DataFrame, *, k: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw the mean silhouette over k (`seglib.selection.sweep`)."""
    width = _curve(scores, "silhouette")
    best = int(width.idxmax())
    ax = ax or new_axes()
    ax.plot(width.index, width, "o-", color=ACCENT)
    ax.plot(best, width[best], "D", color=DARK, markersize=9)
    _mark_k(ax, k)
    ax.set(xlabel="number of segments k", ylabel="mean silhouette", ylim=(0, max(0.7, width.max() * 1.1)))
    set_title(ax, f"The silhouette is greatest at k = {best} ({width[best]:.2f})")
    count_axis(ax.xaxis)
    return ax


def plot_other_criteria(scores: pd.DataFrame, *, k: int | None = None) -> plt.Figure:
    """Draw Calinski-Harabasz and Davies-Bouldin over k; returns the Figure."""
    figure, axes = plt.subplots(2, 1, figsize=(WIDTH, 4.8), layout="constrained", sharex=True)
    for ax, (metric, name, better) in zip(
        axes,
        [
            ("calinski_harabasz", "Calinski-Harabasz", "idxmax"),
            ("davies_bouldin", "Davies-Bouldin", "idxmin"),
        ],
        strict=True,
    ):
        values = _curve(scores, metric)
        best = int(getattr(values, better)())
        ax.plot(values.index, values, "o-", color=ACCENT)
        ax.plot(best, values[best], "D", color=DARK, markersize=9)
        _mark_k(ax, k)
        ax.set_ylabel("index")
        ax.set_title(f"{name} is {'greatest' if better == 'idxmax' else 'smallest'} at k = {best}")
        count_axis(ax.xaxis)
    axes[-1].set_xlabel("number of segments k")
    return figure


def _curve(scores: pd.DataFrame, metric: str) -> pd.Series:
    return scores[scores["metric"] == metric].set_index("k")["value"]


def _mark_k(ax: Axes, k: int | None) -> None:
    if k is not None:
        ax.axvline(k, color=DARK, linestyle=":", linewidth=1.2)
        ax.annotate(
            f"chosen: {k}",
            (k, 1),
            (9, -2),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            va="top",
            fontsize=9,
        )
