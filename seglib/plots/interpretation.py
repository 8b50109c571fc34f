"""Figures of 06: what each segment is, beside all customers."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill, wrap

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from scipy.cluster.hierarchy import leaves_list, linkage

from seglib.plots.theme import (
    ACCENT,
    DARK,
    GREY,
    PageFigure,
    colour,
    marker,
    new_axes,
    new_figure,
    percent_axis,
    scatter_segments,
    set_title,
    shorten,
)
from seglib.style import COUPON, PLAIN_RULE, Wording, format_number, humanize, p_value, position

BESIDE_FROM = 6
"""From so many segments on, their panels stand two beside each other."""

PALE, EDGE = "#ececec", "#b0b0b0"
"""What is no marker: pale with an edge, because a segment can be grey too."""


def plot_profile(profiles: pd.DataFrame, names: Mapping[str, str], *, coloured_from: float = 0.5) -> plt.Figure:
    """Draw a panel per segment: its means as bars, those of all customers as dots; great differences are coloured.

    The segment profile plot of Dolnicar & Leisch (2014, International Journal of Market Research 56(2)): a small
    difference is grey, and features that go together over the segments stand together. Bars are in standard deviations
    from the mean of all customers, because features have different units. Returns the Figure.

    Parameters
    ----------
    profiles : pandas.DataFrame
        From `seglib.interpretation.profile`, its table.
    names : mapping of str to str
        Name of each segment.
    coloured_from : float, default=0.5
        The least difference in standard deviations that is coloured.
    """
    rows = profiles[profiles["role"] == "segmentation"]
    features = _alike_together(rows)
    columns = 1 if len(names) < BESIDE_FROM else 2
    lines = -(-len(names) // columns)
    titles = {letter: _panel_title(letter, name, 54 // columns) for letter, name in names.items()}
    height = (0.3 * len(features) + 0.28 + 0.16 * max(t.count("\n") + 1 for t in titles.values())) * lines + 0.75
    figure, axes = new_figure(lines, columns, height=height, sharex=True, sharey=True)
    figure.get_layout_engine().set(h_pad=0.06)
    reach = max(1.0, rows["difference"].abs().max()) * (1.3 if columns == 1 else 1.62)  # room for the longest label
    y = np.arange(len(features))
    for ax, (letter, title) in zip(axes.flat, titles.items(), strict=False):
        panel = rows[rows["segment"] == letter].set_index("feature").reindex(features)
        marked = (panel["difference"].abs() >= coloured_from).tolist()  # missing where the segment has no value
        tones = [colour(letter) if mark else PALE for mark in marked]
        edges = [colour(letter) if mark else EDGE for mark in marked]
        bars = ax.barh(y, panel["difference"].fillna(0), color=tones, edgecolor=edges, linewidth=0.8, height=0.7)
        ax.axvline(0, color=DARK, linewidth=1)
        ax.plot(np.zeros(len(y)), y, "o", color=DARK, markersize=4, label="all customers")
        labels = [_number(m, u) for m, u in zip(panel["observed"], panel["unit"].fillna(""), strict=True)]
        texts = ax.bar_label(bars, labels, padding=4, fontsize=9.5 if columns == 1 else 8.5)
        for text, mark in zip(texts, marked, strict=True):
            text.set(weight="bold" if mark else "normal", color=DARK)
        ax.set(xlim=(-reach, reach), ylim=(len(y) - 0.4, -0.6))
        ax.set_yticks(y, [shorten(humanize(f), 24 if columns == 1 else 18) for f in features])
        ax.set_title(title, fontsize=9 if columns == 1 else 8.5, pad=4)
        ax.grid(visible=False, axis="y")
        ax.tick_params(axis="y", length=0)
        ax.tick_params(labelbottom=ax in axes[-1] or (ax is axes.flat[len(names) - 1]))
    for ax in axes.flat[len(names) :]:
        ax.set_axis_off()
    if lines > 1 and len(names) < axes.size:  # nothing below the last panel on the right: it needs its own ticks
        axes[-2][-1].tick_params(labelbottom=True)
    figure.supxlabel("standard deviations from all customers (dots); label: what was seen", fontsize=10)
    return figure


def _alike_together(rows: pd.DataFrame) -> list[str]:
    """Order features so that those with a similar profile over the segments are neighbours (average linkage)."""
    features = list(dict.fromkeys(rows["feature"]))
    if len(features) < 3:
        return features
    table = rows.pivot_table(index="feature", columns="segment", values="difference", dropna=False)
    values = table.reindex(features).fillna(0.0).to_numpy()
    order = leaves_list(linkage(values, method="average", optimal_ordering=True))
    order = order if order[0] < order[-1] else order[::-1]
    return [features[i] for i in order]


def _panel_title(letter: str, name: str, width: int) -> str:
    """Write letter and name on at most two lines."""
    lines = wrap(f"{letter} · {' '.join(name.split())}", width, max_lines=2, placeholder=" …")
    return "\n".join(lines).replace("$", r"\$")


def plot_gorge(
    similarity: pd.DataFrame,
    segments: pd.Series,
    *,
    title: str,
    names: Mapping[str, str] | None = None,
    bins: int = 20,
) -> plt.Figure:
    """Draw how similar customers are to each centre: those of the segment in colour, the others in grey.

    The gorge plot of Dolnicar, Gruen & Leisch (2018, *Market Segmentation Analysis*, section 7.5.1): a gorge between
    two peaks, near 0 and near 1, is what segments would give that lie apart; customers between segments fill it. The
    more segments, the smaller the similarities, so compare figures with the same number. Returns the Figure.

    Parameters
    ----------
    similarity : pandas.DataFrame of float, shape (n_rows, n_segments)
        `seglib.interpretation.centre_similarity`, its table.
    segments : pandas.Series of str, shape (n_rows,)
        The letter of each row, on the same index.
    title : str
        The finding.
    names : mapping of str to str, optional
        Name of each segment.
    bins : int, default=20
    """
    letters = sorted(similarity.columns, key=position)
    segment_of_row = segments.to_numpy()
    unit = "customers" if similarity.index.nlevels == 1 else "transactions"
    columns = 1 if len(letters) < BESIDE_FROM else 2
    lines = -(-len(letters) // columns)
    panel_height = 1.25 if columns == 1 else 1.15
    height = 1.25 + panel_height * lines
    figure, axes = new_figure(lines, columns, height=height, sharex=True, sharey=True)
    edges = np.linspace(0, 1, bins + 1)
    for ax, letter in zip(axes.flat, letters, strict=False):
        members = segment_of_row == letter
        for rows, look in (
            (~members, {"color": PALE, "edgecolor": EDGE}),
            (members, {"color": colour(letter), "edgecolor": "white", "alpha": 0.85}),
        ):
            counts = np.histogram(similarity.loc[rows, letter], edges)[0]
            ax.bar(edges[:-1], counts / max(counts.sum(), 1), width=1 / bins, align="edge", linewidth=0.7, **look)
        name = (names or {}).get(letter) or f"{int(members.sum()):,} {unit}"
        ax.set_title(_panel_title(letter, name, 54 // columns), fontsize=9 if columns == 1 else 8.5, pad=4)
        ax.set(xlim=(0, 1), xticks=np.linspace(0, 1, 6) if columns == 1 else [0.25, 0.5, 0.75])
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.4g}%"))
        ax.yaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 5, 10]))
        ax.tick_params(labelsize=8.5)
        ax.grid(visible=False, axis="x")
    for ax in axes.flat[len(letters) :]:
        ax.set_axis_off()
    figure.suptitle(fill(title, 58), x=0.01, ha="left", fontsize=9.5, weight="bold")
    figure.supxlabel(f"similarity to the centre (coloured: its own {unit}; grey: others)", fontsize=10)
    figure.supylabel("share of each group", fontsize=10)
    return figure


def plot_heatmap(profiles: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the standardised difference of every feature in every segment (`seglib.interpretation.profile`)."""
    table = profiles.pivot_table(index="feature", columns="segment", values="difference", sort=False)
    table.index = [shorten(humanize(f)) for f in table.index]
    ax = ax or new_axes(height=max(3.2, 1.3 + 0.36 * len(table)))  # the scale needs room for its label
    reach = max(1.0, float(table.abs().max(axis=None)))
    table = table.mask(table.abs() < 0.05, 0.0)  # no "-0.0"
    sns.heatmap(
        table,
        ax=ax,
        vmin=-reach,
        vmax=reach,
        cmap="vlag",
        annot=True,
        fmt="+.1f",
        annot_kws={"fontsize": 9 if table.shape[1] <= 6 else 7},
        linewidths=1,
        cbar_kws={"label": "standard deviations from all customers"},
    )
    for text, value in zip(ax.texts, table.stack().dropna(), strict=True):  # white on pale red cannot be read
        text.set_color("white" if abs(value) > 0.7 * reach else DARK)
    marked = int((table.abs() >= 0.5).to_numpy().sum())
    ax.set(xlabel="segment", ylabel="")
    set_title(ax, f"{marked} of {table.size} differences reach half a standard deviation")
    ax.tick_params(axis="y", rotation=0)
    ax.grid(visible=False)
    return ax


def plot_activity(shares: pd.DataFrame, *, title: str, ax: Axes | None = None) -> Axes:
    """Draw the share of each segment in customers and in what they did (`seglib.interpretation.activity_shares`).

    Parameters
    ----------
    shares : pandas.DataFrame
        segment, measure, share; customers are the first measure.
    title : str
        The finding.
    ax : matplotlib Axes, optional
    """
    measures, letters = list(shares["measure"].unique()), list(shares["segment"].unique())
    ax = ax or new_axes(height=1.3 + 0.24 * len(shares))
    width = 0.84 / len(measures)
    for place, measure in enumerate(measures):
        part = shares[shares["measure"] == measure].set_index("segment")["share"].reindex(letters)
        y = np.arange(len(letters)) + (place - (len(measures) - 1) / 2) * width
        # customers are pale; what they did has the colour of the segment, the second measure hatched
        looks = [
            {"color": "#d9d9d9"},
            {"color": [colour(letter) for letter in letters]},
            {"color": [colour(letter) for letter in letters], "alpha": 0.55, "hatch": "//", "edgecolor": "white"},
        ]
        bars = ax.barh(y, part, height=0.9 * width, **looks[place])
        ax.bar_label(bars, [f"{measure} {value:.0%}" for value in part], padding=4, fontsize=9, color=DARK)
    ax.set_yticks(np.arange(len(letters)), letters)
    ax.invert_yaxis()
    ax.set(xlabel="share of all segments together", ylabel="segment", xlim=(0, 1.35 * shares["share"].max()))
    percent_axis(ax.xaxis)
    ax.set_xticks([tick for tick in ax.get_xticks() if 0 <= tick <= 1])  # beyond 100% there is room for labels only
    ax.grid(visible=False, axis="y")
    set_title(ax, title)
    return ax


def plot_strongest(
    table: pd.DataFrame,
    *,
    units: tuple[str, ...],
    logarithmic: tuple[bool, ...],
    title: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw customers by the two features in which segments differ most (`seglib.interpretation.strongest_markers`).

    Parameters
    ----------
    table : pandas.DataFrame
        The two features, in original units, and segment.
    units : tuple of str
        Their units.
    logarithmic : tuple of bool
        Whether each axis is logarithmic.
    title : str
        The finding.
    ax : matplotlib Axes, optional
    """
    ax = ax or new_axes(height=4.2)
    x, y = (name for name in table if name != "segment")
    scatter_segments(ax, table, x, y, size=12, alpha=0.5)
    for letter, middle in table.groupby("segment")[[x, y]].median().iterrows():
        ax.annotate(
            str(letter),
            (middle[x], middle[y]),
            ha="center",
            va="center",
            weight="bold",
            color=DARK,
            bbox={"boxstyle": "circle,pad=0.25", "facecolor": "white", "edgecolor": colour(str(letter)), "lw": 2},
        )
    names = [f"{shorten(humanize(name))} ({unit})" for name, unit in zip((x, y), units, strict=True)]
    ax.set(xlabel=names[0], ylabel=names[1])
    for axis, is_logarithmic in zip(("x", "y"), logarithmic, strict=True):
        if is_logarithmic:
            ax.set(**{f"{axis}scale": "log"})
            ticks = ax.xaxis if axis == "x" else ax.yaxis
            ticks.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ticks.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
            ticks.set_minor_locator(NullLocator())
    ax.legend(title="segment", markerscale=2, loc="center left", bbox_to_anchor=(1, 0.5))
    set_title(ax, title)
    return ax


def plot_status(usage: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the share of burned and of open coupons in each segment (`seglib.interpretation.coupon_usage`)."""
    ax = ax or new_axes(height=1.3 + 0.5 * len(usage))
    letters = usage["segment"]
    ax.barh(letters, usage["burned"], color=[colour(s) for s in letters], height=0.7, label="burned")
    ax.barh(
        letters,
        usage["subscribed"],
        left=usage["burned"],
        color="#d9d9d9",
        hatch="//",
        edgecolor="white",
        height=0.7,
    )
    for y, row in enumerate(usage.itertuples()):  # beside the bar: a word on a bar is read as the name of that part
        text = f"used {row.burned:.0%}, not yet {row.subscribed:.0%}"
        ax.annotate(text, (1.02, y), va="center", fontsize=9, color=DARK, annotation_clip=False)
    ax.invert_yaxis()
    ax.set(xlabel="share of the segment's coupons (hatched: not yet used)", ylabel="segment", xlim=(0, 1))
    # No finding in the title: coupons that are too young to judge are among them.
    set_title(ax, "What became of the coupons so far, young ones included")
    percent_axis(ax.xaxis)
    ax.grid(visible=False, axis="y")
    return ax


def plot_shares(shares: pd.DataFrame, what: str, *, levels: int = 8, ax: Axes | None = None) -> Axes:
    """Draw the share of each level in each segment, with its interval (`seglib.interpretation.LevelShares`)."""
    top = shares.drop_duplicates("level").nlargest(levels, "overall_share")
    letters = sorted(shares["segment"].unique(), key=position)
    ax = ax or new_axes(height=1.4 + 0.14 * len(top) * (len(letters) + 1))
    step = 0.8 / len(letters)
    for i, letter in enumerate(letters):
        rows = shares[shares["segment"] == letter].set_index("level").loc[top["level"]]
        y = np.arange(len(top)) + (i - (len(letters) - 1) / 2) * step
        reach = np.abs(rows[["low", "high"]].sub(rows["share"], axis=0)).to_numpy().T
        ax.errorbar(
            rows["share"],
            y,
            xerr=reach,
            fmt=marker(letter),
            color=colour(letter),
            markersize=5.5,
            linewidth=1.3,
            label=letter,
        )
    ax.vlines(
        top["overall_share"],
        np.arange(len(top)) - 0.45,
        np.arange(len(top)) + 0.45,
        color=DARK,
        linewidth=1.5,
        label="all",
    )
    ax.set_yticks(np.arange(len(top)), [shorten(level) for level in top["level"]])
    ax.set_ylim(len(top) - 0.4, -0.6)
    marked = int(shares["marker"].sum())
    ax.set(xlabel="share of the segment's customers (95% interval)", ylabel="")
    count = f"{marked} marker{'s' if marked != 1 else ''}" if marked else "no marker"
    furthest = 100 * (shares["share"] - shares["overall_share"]).abs().max()
    what = shorten(what[:1].upper() + what[1:])
    set_title(ax, f"{what}: {count}; at most {furthest:.0f} points from all customers")
    percent_axis(ax.xaxis)
    ax.legend(title="segment", loc="center left", bbox_to_anchor=(1, 0.5))
    ax.grid(visible=False, axis="y")
    return ax


def _number(value: float, unit: str) -> str:
    if pd.isna(value):  # nothing was observed
        return "–"
    return f"{value:.0%}" if unit in ("share", "0 or 1") else format_number(value)


def plot_outcomes(
    by_segment: pd.DataFrame,
    *,
    outcome: str,
    names: Mapping[str, str] | None = None,
    wording: Wording = COUPON,
    ax: Axes | None = None,
) -> Axes:
    """Draw one outcome by segment, each with its interval, beside that of all customers (dashed).

    A segment stands out if all customers lie outside its interval. The segments are those of the day of the cut, so
    they are all dark, with neither the colours nor the bare letters of those of today.

    Parameters
    ----------
    by_segment : pandas.DataFrame
        `seglib.interpretation.Holdout.by_segment`.
    outcome : str
    names : mapping of str to str, optional
        Name of each segment.
    wording : Wording
        What a transaction is called.
    """
    rows = by_segment[by_segment["outcome"] == outcome]
    rows = rows.sort_values("segment", key=lambda s: s.map(position), kind="stable")
    ax = ax or new_axes(height=1.3 + 0.42 * len(rows))
    for place, row in enumerate(rows.itertuples()):
        ax.plot([row.low, row.high], [place, place], color=DARK, linewidth=2.5, solid_capstyle="round")
        ax.plot(row.value, place, marker(row.segment), color=DARK, markersize=9)
    overall, unit = rows["overall"].iloc[0], rows["unit"].iloc[0]
    ax.axvline(overall, color=DARK, linestyle="--", linewidth=1)
    labels = [f"{s} · {shorten(names[s], 28)}" if names and s in names else f"{s} then" for s in rows["segment"]]
    ax.set_yticks(range(len(rows)), labels)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel(f"{unit} (dashed: all customers)")
    if unit.startswith("share"):
        percent_axis(ax.xaxis)
        ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))  # beside names there is little room
    left = min(0.0, rows[["low", "value"]].min(axis=None))
    width = rows[["low", "high", "value"]].max(axis=None) - left
    ax.set_xlim(left - 0.02 * width, None)
    apart = rows[(rows["low"] > overall) | (rows["high"] < overall)]
    finding = f"{len(apart)} of {len(rows)} segments stand out" if len(apart) else "no segment stands out"
    set_title(ax, f"{wording.name_of(outcome).capitalize()} after the cut: {finding}")
    ax.grid(visible=False, axis="y")
    return ax


def plot_gain(table: pd.DataFrame, *, wording: Wording = COUPON, ax: Axes | None = None) -> Axes:
    """Draw how much of each outcome tenure and RFM predict out of sample, and how much with the segments.

    Parameters
    ----------
    table : pandas.DataFrame
        `seglib.interpretation.PredictiveGain.table`.
    wording : Wording
        What a transaction is called.
    """
    ax = ax or new_axes(height=1.9 + 0.62 * len(table))
    places = np.arange(len(table))
    scale = 100 * table[["baseline", "with_segments", "gain", "low", "high", "segments_alone", "rfm_alone"]]
    tenure = scale["baseline"] - scale["rfm_alone"]
    alone = tenure + scale["segments_alone"]
    # The interval is that of the gain, so it is drawn from the baseline on. At three heights no mark hides another.
    lower, upper = places + 0.2, places - 0.2
    ax.hlines(lower, scale["baseline"] + scale["low"], scale["baseline"] + scale["high"], color=ACCENT, linewidth=2.5)
    ax.plot(alone, upper, "D", color=GREY, markersize=6, label="tenure and segments")
    ax.plot(scale["baseline"], places, "o", color=DARK, markersize=6, label=PLAIN_RULE)
    ax.plot(
        scale["with_segments"], lower, "s", color=ACCENT, markersize=6, label="all three; line: 95% interval of gain"
    )
    labels = [f"{wording.name_of(r.outcome)}\n{_signed(100 * r.gain)}, {p_value(r.p_holm)}" for r in table.itertuples()]
    ax.set_yticks(places, labels)
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_xlabel("share of the variance predicted out of sample, in per cent")
    ax.axvline(0, color=DARK, linewidth=0.8)
    improved = table[(table["p_holm"] <= 0.05) & (table["low"] > 0)]
    if len(improved):
        outcomes = "outcomes" if len(table) > 1 else "outcome"
        set_title(ax, f"Segments add to {PLAIN_RULE} in {len(improved)} of {len(table)} {outcomes}")
    else:
        set_title(ax, f"Segments add nothing to {PLAIN_RULE} that could be shown")
    if isinstance(ax.figure, PageFigure):
        ax.figure.legend(loc="outside lower left")
    else:
        ax.legend(loc="best")
    ax.grid(visible=False, axis="y")
    return ax


def _signed(points: float) -> str:
    return f"{points:+.1f}".replace("-", "−") if abs(points) >= 0.05 else "±0.0"
