"""The look that all figures share: one palette, one width, titles that state the finding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from seglib.style import colours, position

WIDTH = 5.6
"""Inches. Narrow on purpose: on a telephone a figure shrinks to 350 pixels, and its text must still be read."""

GREY, DARK = "#8c8c8c", "#333333"
ACCENT = sns.color_palette("colorblind")[0]
MARKERS = "osD^vPXph*<>"

THEME: dict[str, object] = {
    "figure.figsize": (WIDTH, 3.4),
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 7,
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.fontsize": 9.5,
    "legend.title_fontsize": 9.5,
    "legend.frameon": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
}
"""Settings of matplotlib; a change here changes every figure of the package."""


class PageFigure(Figure):
    """A figure that stands alone on a page: its title is the finding, and starts at the left edge of the figure."""


def use_theme() -> None:
    """Set seaborn's theme to that of the package.

    `new_axes` and `new_figure` call it, so every figure of the package looks the same. Importing the package sets
    nothing, and a drawing in Axes of your own keeps the look that you gave them; call it yourself if you want ours.
    """
    sns.set_theme(context="notebook", style="ticks", palette="colorblind", rc=THEME)


def colour(letter: str) -> tuple[float, float, float]:
    """Return the colour of a segment, the same in every figure."""
    return to_rgb(colours.colour(letter))


def palette(letters: Iterable[str]) -> dict[str, str]:
    """Return the colour of every segment, for a chart of your own: seaborn's ``palette=palette(letters)``.

    Parameters
    ----------
    letters : iterable of str
        Letters of segments, such as the column ``segment`` of a table; repeated and missing ones do not matter.

    Returns
    -------
    dict of str to str
        Hexadecimal code by letter, A first: the colours of all figures, tables and pages of the package.

    Examples
    --------
    >>> palette(["B", "A", "B"])
    {'A': '#0173b2', 'B': '#de8f05'}
    """
    different = {letter for letter in letters if isinstance(letter, str)}
    return {letter: colours.colour(letter) for letter in sorted(different, key=position)}


def marker(letter: str) -> str:
    """Return the marker of a segment, the same in every figure."""
    return MARKERS[position(letter) % len(MARKERS)]


def scatter_segments(ax: Axes, table: pd.DataFrame, x: str, y: str, *, size: float, alpha: float) -> None:
    """Draw the rows of every segment in its colour and with its marker; as pixels, because there can be thousands."""
    for letter in sorted(table["segment"].unique(), key=position):
        members = table[table["segment"] == letter]
        look = {"color": colour(letter), "marker": marker(letter), "s": size, "alpha": alpha, "linewidths": 0}
        ax.scatter(members[x], members[y], label=letter, rasterized=True, **look)


def new_axes(height: float = 3.4) -> Axes:
    """Return the Axes of a new figure, as wide as all others and ``height`` inches high."""
    return new_figure(1, 1, height=height)[1][0, 0]


def new_figure(
    rows: int,
    columns: int,
    *,
    height: float,
    sharex: bool = False,
    sharey: bool = False,
    height_ratios: Sequence[float] | None = None,
) -> tuple[PageFigure, np.ndarray]:
    """Return a new figure of several Axes, as wide as all others.

    Parameters
    ----------
    rows, columns : int
        The grid of Axes.
    height : float
        Of the figure, in inches.
    sharex, sharey : bool, default=False
        Whether all Axes have the same limits.
    height_ratios : sequence of float, optional
        Relative heights of the rows.

    Returns
    -------
    figure : PageFigure
    axes : ndarray of Axes, shape (rows, columns)
    """
    use_theme()
    return plt.subplots(
        rows,
        columns,
        figsize=(WIDTH, height),
        layout="constrained",
        sharex=sharex,
        sharey=sharey,
        squeeze=False,
        height_ratios=height_ratios,
        FigureClass=PageFigure,
    )


def set_title(ax: Axes, text: str) -> None:
    """Set the finding as title: from the left edge of a `PageFigure`, else above the Axes that were given."""
    text = fill(text, 58)
    if isinstance(ax.figure, PageFigure):
        ax.figure.suptitle(text, x=0.01, ha="left", fontsize=9.5, weight="bold")
    else:
        ax.set_title(text)


def count_axis(axis: Axis) -> None:
    """Let an axis count: ticks at whole numbers only, however few there are, and thousands separated."""
    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def percent_axis(axis: Axis) -> None:
    """Let an axis of shares speak in per cent, at round numbers."""
    axis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.4g}%"))


def shorten(text: str, most: int = 24) -> str:
    """Cut a text from the data to fit on one line, and keep matplotlib from reading dollar signs as formulas."""
    text = " ".join(text.split())
    return (text if len(text) <= most else text[: most - 1] + "…").replace("$", r"\$")
