"""Figures of 07: who went where, what the movement is made of, how far features drifted, and all that over months."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter

from seglib.plots.theme import ACCENT, DARK, GREY, colour, new_axes, new_figure, percent_axis, set_title, shorten
from seglib.style import humanize

SPACE = 0.06
"""Of the height of the figure, free between two segments."""


def plot_migration(matrix: pd.DataFrame, *, kappa: float, ax: Axes | None = None) -> Axes:
    """Draw the flow of customers from the segments of then (left) to those of now (right): an alluvial diagram.

    ``matrix`` has the customers by segment then (rows) and now (columns). Bands have the colour of the segment they
    come from; those who stayed are pale.
    """
    ax = ax or new_axes(height=max(3.2, 1.6 + 0.45 * len(matrix)))
    total = matrix.to_numpy().sum()
    sizes = [matrix.sum(axis=1) / total, matrix.sum(axis=0) / total]
    begin = [_stacked(size) for size in sizes]
    left, right = dict(begin[0]), dict(begin[1])
    for source in matrix.index:
        for target in matrix.columns:
            thick = matrix.loc[source, target] / total
            if not thick:
                continue
            edge = _band(left[source], right[target], thick)
            left[source] += thick
            right[target] += thick
            alpha = 0.2 if source == target else 0.7
            ax.add_patch(PathPatch(edge, facecolor=colour(source), alpha=alpha, linewidth=0))
    for side, (size, bottoms) in enumerate(zip(sizes, begin, strict=True)):
        for segment, share in size.items():
            if not share:
                continue
            ax.bar(side, share, 0.08, bottoms[segment], color=colour(segment), edgecolor=DARK, linewidth=0.8)
            ax.text(
                side + (0.07 if side else -0.07),
                bottoms[segment] + share / 2,
                f"{segment}: {share * total:,.0f}",
                va="center",
                ha="left" if side else "right",
                fontsize=9.5,
            )
    ax.set(xlim=(-0.45, 1.45), ylim=(1.02 + SPACE * (len(matrix) - 1), -0.02), yticks=[], ylabel="customers")
    ax.set_xticks([0, 1], ["then", "now"])
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_visible(False)
    moved = 1 - np.trace(matrix.to_numpy()) / total
    agreement = "" if np.isnan(kappa) else f" (kappa {kappa:.2f})"
    set_title(ax, f"{moved:.1%} of the customers are in another segment{agreement}")
    return ax


def _stacked(size: pd.Series) -> dict[str, float]:
    """Return where the bar of each segment begins, from above."""
    place, top = {}, 0.0
    for segment, share in size.items():
        place[segment] = top
        top += share + (SPACE if share else 0.0)
    return place


def _band(y0: float, y1: float, thick: float) -> Path:
    """Return the outline of a band from the left bar to the right one."""
    x0, x1, middle = 0.04, 0.96, 0.5
    corners = [(x0, y0), (middle, y0), (middle, y1), (x1, y1), (x1, y1 + thick), (middle, y1 + thick)]
    corners += [(middle, y0 + thick), (x0, y0 + thick), (x0, y0)]
    curve = [Path.CURVE4, Path.CURVE4, Path.CURVE4]
    return Path(corners, [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY])


def plot_movement(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the parts of the movement, which add up to the last bar, with 95% of calm months as a line.

    ``table`` is `seglib.monitoring.movement.Movement.table`.
    """
    ax = ax or new_axes(3.2)
    places, share = np.arange(len(table)), 100 * table["share"]
    last = len(table) - 1
    ax.barh(places, share, 0.6, color=[GREY if place == last else ACCENT for place in places])
    for place, row in enumerate(table.itertuples()):
        low, high = 100 * row.calm_low, 100 * row.calm_high
        ax.plot([low, high], [place, place], color=DARK, linewidth=3, solid_capstyle="butt")
        ax.plot([low, high], [place, place], color=DARK, marker="|", markersize=10, linestyle="none")
    ax.axvline(0, color=DARK, linewidth=1)
    ax.set_yticks(places, table["part"])
    ax.set(ylim=(last + 0.6, -0.6), xlabel="points: share of the customers in both months")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g}" if abs(value) > 1e-12 else "0"))
    ax.grid(visible=False, axis="y")
    parts = table.iloc[:last]
    largest = parts.loc[parts["share"].abs().idxmax()]
    if round(100 * largest["share"], 1):
        set_title(ax, f"The largest part of the movement is {largest['part']}: {100 * largest['share']:+.1f} points")
    else:
        set_title(ax, "Nobody is in another segment, for whatever reason")
    return ax


def plot_drift(table: pd.DataFrame, *, beyond: Sequence[str], ax: Axes | None = None) -> Axes:
    """Draw how far each feature drifted, in standard deviations, with 95% of calm months as a line.

    ``table`` is `seglib.monitoring.drift.Drift.table` without names; ``beyond`` are the features that drifted further
    than calm months let them.
    """
    ax = ax or new_axes(height=1.3 + 0.3 * max(len(table), 2))
    places = np.arange(len(table))
    spread = table["spread"].where(table["spread"] > 0, 1.0).to_numpy()
    for place, low, high in zip(places, table["calm_low"] / spread, table["calm_high"] / spread, strict=True):
        ax.plot([low, high], [place, place], color=GREY, linewidth=6, solid_capstyle="butt")
    is_beyond = table["feature"].isin(beyond).to_numpy()
    value = table["wasserstein"].to_numpy() / spread
    ax.plot(value[~is_beyond], places[~is_beyond], "o", color=DARK, markersize=6)
    ax.plot(value[is_beyond], places[is_beyond], "D", color="#d55e00", markersize=7)
    ax.set_yticks(places, [shorten(humanize(name)) for name in table["feature"]])
    ax.set(ylim=(len(table) - 0.4, -0.6), xlabel="Wasserstein distance in standard deviations")
    ax.set_xlim(left=0)
    ax.grid(visible=False, axis="y")
    count = int(is_beyond.sum())
    set_title(
        ax,
        f"{count} of {len(table)} features drifted further than in calm months"
        if count
        else "No feature drifted further than in calm months",
    )
    return ax


BESIDE = 2
"""Panels in a row of small multiples: more could not be read on a telephone."""


def plot_months(table: pd.DataFrame, *, title: str, ylabel: str, as_percent: bool) -> Figure:
    """Draw small multiples over months, each with the band that calm months give.

    ``table`` is `seglib.monitoring.trend.Panels.table`. Months that stand out are diamonds.
    """
    panels = list(dict.fromkeys(table["panel"]))
    n_rows = -(-len(panels) // BESIDE)
    figure, axes = new_figure(n_rows, BESIDE, height=1.0 + 1.45 * n_rows, sharex=True)
    for ax, panel in zip(axes.flat, panels, strict=False):
        rows = table[table["panel"] == panel]
        day = pd.to_datetime(rows["day"])
        ax.fill_between(day, rows["low"], rows["high"], color=GREY, alpha=0.3, linewidth=0)
        if len(rows) == 1:  # a band of one day has no width
            ax.vlines(day, rows["low"], rows["high"], color=GREY, alpha=0.3, linewidth=8)
        ax.plot(day, rows["value"], "-o", color=ACCENT, linewidth=1.3, markersize=3.5)
        out = rows["stands_out"].to_numpy()
        ax.plot(day[out], rows["value"][out], "D", color="#d55e00", markersize=6.5)
        ax.set_title(shorten(panel, 32), fontsize=9.5, loc="left", weight="normal")
        low, high = ax.get_ylim()
        if low > 0 and low < 0.4 * high:
            ax.set_ylim(bottom=0)
        if as_percent:
            percent_axis(ax.yaxis)
        _month_ticks(ax, pd.to_datetime(table["day"]))
        ax.tick_params(labelsize=8.5)
    for ax in axes.flat[len(panels) :]:
        ax.set_axis_off()
    figure.supylabel(ylabel, fontsize=9.5)
    set_title(axes[0, 0], title)
    return figure


def plot_verdicts(table: pd.DataFrame, *, title: str) -> Figure:
    """Draw the verdict of every month as a step, with the number of segments above it.

    ``table`` is `seglib.monitoring.trend.Verdicts.table`.
    """
    ax = new_axes(2.1)
    day = pd.to_datetime(table["day"])
    place = table["structure"].map({label: -number for number, label in enumerate(VERDICTS)})
    ax.plot(day, place, "-", color=GREY, linewidth=1)
    ax.plot(day, place, "o", color=ACCENT, markersize=6)
    for when, height, number in zip(day, place, table["segments"], strict=True):
        ax.annotate(str(number), (when, height), (0, 6), textcoords="offset points", ha="center", fontsize=8.5)
    ax.set_yticks([-number for number in range(len(VERDICTS))], VERDICTS)
    ax.set(ylim=(-len(VERDICTS) + 0.6, 0.8), ylabel="verdict")
    ax.margins(x=0.06)
    _month_ticks(ax, day)
    set_title(ax, title)
    return ax.figure


VERDICTS = ("natural", "reproducible", "borderline", "constructed")
"""From above."""

MOST_TICKS = 3
"""Months that are named below a panel."""


def _month_ticks(ax: Axes, days: pd.Series) -> None:
    """Name a few of the months: the first, the last, and those in between that are evenly spaced."""
    different = days.drop_duplicates().sort_values().reset_index(drop=True)
    places = np.unique(np.linspace(0, len(different) - 1, min(MOST_TICKS, len(different))).round().astype(int))
    ax.set_xticks(different[places], [f"{day:%Y-%m}" for day in different[places]])
