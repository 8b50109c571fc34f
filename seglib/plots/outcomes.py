"""Figures of 06 about what segments did next, and whether that could be known without them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from seglib.plots.theme import ACCENT, DARK, GREY, OURS, colour, marker, new_axes, percent_axis, set_title, shorten
from seglib.style import COUPON, Wording, p_value, plain, position


def plot_outcomes(
    by_segment: pd.DataFrame,
    *,
    outcome: str,
    names: Mapping[str, str] | None = None,
    said: Wording = COUPON,
    ax: Axes | None = None,
) -> Axes:
    """Draw one outcome by segment, each with its interval, beside that of all customers (dashed).

    A segment stands out if all customers lie outside its interval.

    Parameters
    ----------
    by_segment : pandas.DataFrame
        `seglib.interpretation.Holdout.by_segment`.
    outcome : str
    names : mapping of str to str, optional
        Name of each segment.
    said : Wording
        What a transaction is called.
    """
    rows = by_segment[by_segment["outcome"] == outcome]
    rows = rows.sort_values("segment", key=lambda s: s.map(position), kind="stable")
    ax = ax or new_axes(height=1.3 + 0.42 * len(rows))
    for place, row in enumerate(rows.itertuples()):
        ax.plot([row.low, row.high], [place, place], color=colour(row.segment), linewidth=2.5, solid_capstyle="round")
        ax.plot(row.value, place, marker(row.segment), color=colour(row.segment), markersize=9)
    overall, unit = rows["overall"].iloc[0], rows["unit"].iloc[0]
    ax.axvline(overall, color=DARK, linestyle="--", linewidth=1)
    labels = [f"{s} · {shorten(names[s], 28)}" if names and s in names else s for s in rows["segment"]]
    ax.set_yticks(range(len(rows)), labels)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel(f"{unit} (dashed: all customers)")
    if unit.startswith("share"):
        percent_axis(ax.xaxis)
        ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))  # beside names there is little room
    reach = rows[["low", "high", "value"]].max(axis=None) - min(0.0, rows[["low", "value"]].min(axis=None))
    ax.set_xlim(min(0.0, rows[["low", "value"]].min(axis=None)) - 0.02 * reach, None)
    apart = rows[(rows["low"] > overall) | (rows["high"] < overall)]
    what = said.of(plain(outcome)).capitalize()
    far = f"{len(apart)} of {len(rows)} segments stand out"
    same = "no segment stands out"
    set_title(ax, f"{what} after the cut: {far if len(apart) else same}")
    ax.grid(visible=False, axis="y")
    return ax


def plot_gain(table: pd.DataFrame, *, said: Wording = COUPON, ax: Axes | None = None) -> Axes:
    """Draw how much of each outcome plain rules predict out of sample, and how much with the segments.

    Parameters
    ----------
    table : pandas.DataFrame
        `seglib.interpretation.Gain.table`.
    """
    ax = ax or new_axes(height=1.9 + 0.62 * len(table))
    places = np.arange(len(table))
    scale = 100 * table[["baseline", "with_segments", "gain", "low", "high", "segments_alone", "rfm_alone"]]
    tenure = scale["baseline"] - scale["rfm_alone"]
    alone = tenure + scale["segments_alone"]
    # the interval is that of the gain, so it starts from the plain rules; at three heights no mark hides another
    lower, upper = places + 0.2, places - 0.2
    ax.hlines(lower, scale["baseline"] + scale["low"], scale["baseline"] + scale["high"], color=ACCENT, linewidth=2.5)
    ax.plot(alone, upper, "D", color=GREY, markersize=6, label="tenure and segments")
    ax.plot(scale["baseline"], places, "o", color=DARK, markersize=6, label="tenure and RFM quintiles")
    ax.plot(
        scale["with_segments"], lower, "s", color=ACCENT, markersize=6, label="all three; line: 95% interval of gain"
    )
    labels = [f"{said.of(plain(r.outcome))}\n{_signed(100 * r.gain)}, {p_value(r.p_holm)}" for r in table.itertuples()]
    ax.set_yticks(places, labels)
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_xlabel("share of the variance predicted out of sample, in per cent")
    ax.axvline(0, color=DARK, linewidth=0.8)
    better = table[(table["p_holm"] <= 0.05) & (table["low"] > 0)]
    found = f"Segments add to tenure and RFM in {len(better)} of {len(table)} outcome{'s' * (len(table) > 1)}"
    set_title(ax, found if len(better) else "Segments add nothing to tenure and RFM that could be shown")
    if ax.figure.get_label() == OURS:
        ax.figure.legend(loc="outside lower left")
    else:
        ax.legend(loc="best")
    ax.grid(visible=False, axis="y")
    return ax


def _signed(points: float) -> str:
    return f"{points:+.1f}".replace("-", "−") if abs(points) >= 0.05 else "±0.0"
