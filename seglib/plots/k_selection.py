"""Figures of 04: each criterion over k, beside the null models."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from seglib.plots.theme import ACCENT, DARK, GREY, colour, count_axis, marker, new_axes, new_figure, set_title, shorten
from seglib.style import ENGLISH, format_number, humanize, join_words, letter, p_value

NULLS = {
    "gradual": ("customers differ gradually", "#5f5f5f", "--"),
    "process": ("all customers alike", "#d55e00", "//"),
    "smooth": ("gradual in the matrix, curved", "#5f5f5f", "--"),
    "copula": ("gradual in the matrix", "#cc78bc", "\\\\"),
}
"""Name, colour and hatching of each null model. Lines only: dots are circles, and make a figure twice as large."""

STABLE = 0.75
"""Mean Jaccard index from which on a segment counts as stable (Hennig 2007), as in `seglib.k_selection`."""


def plot_against_nulls(tests: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the silhouette of the data beside those of shops without segments (`Benchmark.tests`)."""
    ax = ax or new_axes(1.4 + 0.4 * len(tests))
    value = tests["value"].iloc[0]
    for place, row in enumerate(tests.itertuples()):
        _, shade, _ = NULLS[row.null]
        ax.hlines(place, row.null_low, row.null_high, color=shade, linewidth=9, alpha=0.45)
        ax.plot(row.null_median, place, "|", color=shade, markersize=16, markeredgewidth=2.5)
        ax.annotate(p_value(row.p), (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=9.5)
    ax.axvline(value, color=ACCENT, linewidth=2.5)
    ax.annotate(
        "this shop",
        (value, 1),
        (4, -4),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        va="top",
        color=ACCENT,
        fontsize=9.5,
        weight="bold",
    )
    ax.set_yticks(range(len(tests)), [NULLS[null][0] for null in tests["null"]])
    ax.set(xlabel=f"mean silhouette with k = {tests['k'].iloc[0]}", ylim=(-0.6, len(tests) - 0.1))
    drawn = [value, *tests["null_low"], *tests["null_high"]]
    margin = 0.18 * (max(drawn) - min(drawn)) + 0.01
    ax.set_xlim(min(drawn) - margin, max(drawn) + margin)
    ax.grid(visible=False, axis="y")
    n_beaten = int((tests["p"] <= 0.05).sum())
    if n_beaten == len(tests):
        title = "This shop stands out from shops without segments"
    elif n_beaten == 0:
        title = "Shops without segments do as well"
    else:
        title = f"This shop stands out from {n_beaten} of {len(tests)} kinds of shop without segments"
    set_title(ax, title)
    return ax


def plot_verdict(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw measures of the data beside what shops without segments reach (`seglib.k_selection.Charts.at_a_glance`)."""
    ax, words = ax or new_axes(0.9 + 0.6 * len(table)), ENGLISH.PICTURE
    table = table[::-1].reset_index(drop=True)
    ax.barh(
        table.index,
        table["reached"],
        height=0.46,
        color="#e3e3e3",
        edgecolor=GREY,
        hatch="//",
        linewidth=0.6,
        label=words["without groups"],
    )
    n = int(table["beyond"].sum())
    other = words["not beyond" if n else "your shop"]
    for beyond, sign, fill, label in [(True, "D", ACCENT, words["beyond"]), (False, "o", "white", other)]:
        rows = table[table["beyond"] == beyond]
        if len(rows):
            ax.plot(rows["value"], rows.index, sign, color=ACCENT, mfc=fill, mew=2, ms=11, ls="", label=label)
    ax.set_yticks(table.index, [words[metric] for metric in table["metric"]])
    low = table["value"].min()
    ax.set(xlim=(low - 0.04 if low < 0.02 else 0, 1.04), xlabel=words["scale"])
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)
    title = words["none" if n == 0 else "all" if n == len(table) else "some"]
    set_title(ax, ENGLISH.fill(title, n=n, of=len(table)))
    ax.figure.legend(loc="outside lower center", ncols=3, fontsize=8.5, handletextpad=0.4, columnspacing=1.0)
    return ax


LABEL_COLOURS = {"natural": "#029e73", "reproducible": "#0173b2", "borderline": "#bbbbbb", "constructed": "#f0a30a"}
"""The labels of the verdict and their colours, the strongest first."""


def plot_track_record(table: pd.DataFrame) -> plt.Figure:
    """Draw how often each label was given, by kind of data (`seglib.k_selection.TrackRecord`); returns the Figure."""
    table = table.assign(kind=np.where(table["customers"] > 2_500, table["kind"] + ", many customers", table["kind"]))
    parts = [table[table["groups"] == 0], table[table["groups"] > 0]]
    heights = [max(len(part), 1) for part in parts]
    figure, grid = new_figure(2, 1, height=1.2 + 0.17 * sum(heights), sharex=True, height_ratios=heights)
    for ax, part, title in zip(grid.flat, parts, ("without groups", "with planted groups"), strict=True):
        left = np.zeros(len(part))
        for label, shade in LABEL_COLOURS.items():
            share = (part[label] / part["draws"]).to_numpy()
            ax.barh(np.arange(len(part)), share, left=left, color=shade, height=0.8, label=label, linewidth=0)
            left = left + share
        ax.set_yticks(np.arange(len(part)), part["kind"], fontsize=7.5)
        ax.margins(y=0.01)
        ax.invert_yaxis()
        ax.set(xlim=(0, 1))
        ax.xaxis.set_major_formatter("{x:.0%}")
        ax.set_title(title, fontsize=9, weight="normal")
        ax.grid(visible=False, axis="y")
        ax.tick_params(axis="y", length=0)
    grid[1, 0].set_xlabel("share of the data sets")
    wrong = parts[0]["natural"].sum() / max(parts[0]["draws"].sum(), 1)
    share_found = (parts[1]["natural"] + parts[1]["reproducible"]).sum() / max(parts[1]["draws"].sum(), 1)
    set_title(
        grid[0, 0], f"Called natural without groups: {wrong:.1%}; groups found where there are some: {share_found:.0%}"
    )
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8.5)
    return figure


def plot_example(table: pd.DataFrame) -> plt.Figure:
    """Draw the data and one simulated shop side by side (`seglib.k_selection.Charts.example`); returns the Figure."""
    figure, grid = new_figure(1, 2, height=3.1, sharex=True, sharey=True)
    for ax, (which, part) in zip(grid.flat, table.groupby("which", sort=False), strict=True):
        ax.scatter(part["first"], part["second"], s=9, color=ACCENT, alpha=0.35, linewidths=0, rasterized=True)
        ax.set(xlabel="first principal component")
        ax.set_title(which, fontsize=9, weight="normal")
    grid[0, 0].set_ylabel("second principal component")
    set_title(grid[0, 0], "Your data beside a shop without segments")
    return figure


def plot_valleys(table: pd.DataFrame, *, separate: bool) -> plt.Figure:
    """Draw how many customers there are along the line between neighbouring segments; returns the Figure.

    Parameters
    ----------
    table : pandas.DataFrame
        `seglib.k_selection.ValleyChart.table`: one row a pair and a place, the least clear valley first. The centre of
        ``first`` is at place -1, that of ``second`` at 1.
    separate : bool
        Whether there is a valley between all of them.
    """
    pairs = [part for _, part in table.groupby("rank")]
    columns = min(3, len(pairs))
    rows = -(-len(pairs) // columns)
    figure, grid = new_figure(rows, columns, height=1.1 + (2.2 if rows == 1 else 1.75 * rows), sharex=True)
    for ax, part in zip(grid.flat, pairs, strict=False):
        first, second, between = part[["first", "second", "density_between"]].iloc[0]
        top = 1.3 * np.nanmax(part[["density", "null_high"]].to_numpy())
        for name, side in ((first, part[part["place"] <= 0]), (second, part[part["place"] >= 0])):
            ax.fill_between(side["place"], 0, side["density"], color=colour(name), alpha=0.45, linewidth=0)
            ax.plot(side["place"], side["density"], color=colour(name), linewidth=2)
        if part["null_high"].notna().any():
            ax.fill_between(
                part["place"],
                part["null_low"],
                part["null_high"],
                facecolor="none",
                edgecolor=GREY,
                hatch="////",
                linewidth=0.8,
                label="shops without segments",
            )
        for name, place in ((first, -1), (second, 1)):
            ax.plot(place, 0.91 * top, marker(name), color=colour(name), markersize=6)
            ax.annotate(
                name, (place, 0.91 * top), (6, 0), textcoords="offset points", va="center", weight="bold", fontsize=9.5
            )
        ax.axvline(0, color=DARK, linestyle=":", linewidth=1)
        ax.set_title(f"lowest point: {between:.0%}", fontsize=8.5, weight="normal")
        ax.set(xlabel=f"from {first} to {second}", ylim=(0, top), yticks=[], xticks=[], xlim=(-2.5, 2.5))
        ax.grid(visible=False)
    for row in grid:
        row[0].set_ylabel("customers")
    for ax in grid.flat[len(pairs) :]:
        ax.set_axis_off()
    least = pairs[0].iloc[0]
    if separate:
        title = "Between neighbouring segments there are few customers"
    else:
        title = f"Between segments {least['first']} and {least['second']} there is no clear valley"
    set_title(grid[0, 0], title)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", fontsize=8.5)
    return figure


def plot_elbow(
    scores: pd.DataFrame, elbow: int | None, *, k: int | None = None, believed: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw the inertia over k with its null bands, and the elbow annotated (`Benchmark.scores`, `elbow`)."""
    ax = ax or new_axes()
    inertia = _with_bands(ax, scores, "inertia")
    if elbow is not None and elbow in inertia.index:
        ax.annotate(
            f"elbow: k = {elbow}",
            (elbow, inertia[elbow]),
            (22, -44),
            textcoords="offset points",
            arrowprops={"arrowstyle": "->", "color": DARK},
            fontsize=9,
        )
    _mark_k(ax, k)
    ax.set(xlabel="number of segments k", ylabel="inertia (sum of squared distances)", ylim=(0, None))
    if elbow is None:
        title = "The curve does not bend: it has no elbow"
    elif believed:
        title = f"The curve bends at k = {elbow}, further down than without segments"
    else:
        title = f"The curve bends at k = {elbow}, but shops without segments fall as fast"
    set_title(ax, title)
    count_axis(ax.xaxis)
    count_axis(ax.yaxis)
    ax.legend(loc="upper right")
    return ax


def plot_silhouette(scores: pd.DataFrame, p: float, *, k: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw the mean silhouette over k with its null bands (`Benchmark.scores`); ``p`` is that of the greatest."""
    ax = ax or new_axes()
    width = _with_bands(ax, scores, "silhouette")
    best = int(width.idxmax())
    ax.plot(best, width[best], "D", color=DARK, markersize=9)
    _mark_k(ax, k)
    most = max(width.max(), scores.loc[scores["metric"] == "silhouette", "null_high"].max())
    ax.set(xlabel="number of segments k", ylabel="mean silhouette", ylim=(0, max(0.5, 1.35 * most)))
    beside = "above shops without segments" if p <= 0.05 else "which shops without segments reach, too"
    set_title(ax, f"The silhouette is greatest at k = {best} ({width[best]:.2f}), {beside}")
    count_axis(ax.xaxis)
    ax.legend(loc="upper right", ncols=1)
    return ax


def plot_other_criteria(scores: pd.DataFrame, *, k: int | None = None) -> plt.Figure:
    """Draw Calinski-Harabasz and Davies-Bouldin over k with their null bands; returns the Figure."""
    figure, grid = new_figure(2, 1, height=5.4, sharex=True)
    axes = grid[:, 0]
    greatest = _with_bands(axes[0], scores, "calinski_harabasz")
    smallest = _with_bands(axes[1], scores, "davies_bouldin")
    best = int(greatest.idxmax()), int(smallest.idxmin())
    axes[0].set_title(f"Calinski-Harabasz is greatest at k = {best[0]}")
    axes[1].set_title(f"Davies-Bouldin is smallest at k = {best[1]}")
    for ax, values, k_best in zip(axes, (greatest, smallest), best, strict=True):
        ax.plot(k_best, values[k_best], "D", color=DARK, markersize=9)
        _mark_k(ax, k)
        ax.set_ylabel("index")
        count_axis(ax.xaxis)
    axes[0].legend(loc="upper right")
    axes[-1].set_xlabel("number of segments k")
    return figure


def plot_metric(scores: pd.DataFrame, metric: str, *, title: str, k: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw a metric of the analyst's own over k with its null bands (`Benchmark.scores`)."""
    ax = ax or new_axes()
    values = _with_bands(ax, scores, metric)
    _mark_k(ax, k)
    ax.set(xlabel="number of segments k", ylabel=shorten(humanize(metric)))
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.35 * (high - low))  # room for the legend
    set_title(ax, title)
    count_axis(ax.xaxis)
    ax.set_xticks(values.index)
    ax.legend(loc="upper right", ncols=1)
    return ax


def plot_gap(scores: pd.DataFrame, gap_k: int, *, k: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw the gap statistic with its errors, beside the gaps of shops without segments (`Benchmark.scores`)."""
    ax = ax or new_axes()
    gaps = _with_bands(ax, scores, "gap")
    error = scores[scores["metric"] == "gap_error"].set_index("k")["value"]
    ax.errorbar(gaps.index, gaps, error.reindex(gaps.index), color=ACCENT, capsize=3, linewidth=0, elinewidth=1.2)
    ax.plot(gap_k, gaps[gap_k], "D", color=DARK, markersize=9)
    _mark_k(ax, k)
    ax.set(xlabel="number of segments k", ylabel="gap (log inertia, box less data)")
    at_k = scores[(scores["metric"] == "gap") & (scores["k"] == max(gap_k, 2))]
    above = gap_k > 1 and bool((at_k["p"] <= 0.05).all())
    if gap_k == 1:
        title = "The gap statistic chooses k = 1: no segments"
    elif above:
        title = f"The gap statistic chooses k = {gap_k}, above what shops without segments give"
    else:
        title = f"The gap statistic chooses k = {gap_k}, as it would without segments"
    set_title(ax, title)
    count_axis(ax.xaxis)
    low, high = ax.get_ylim()
    ax.set_ylim(low - 0.5 * (high - low), high)  # room for the legend, below whatever the curves do
    ax.legend(loc="lower right")
    return ax


def plot_stability(scores: pd.DataFrame, *, k: int | None = None) -> plt.Figure:
    """Draw three measures of stability over k with their null bands; returns the Figure."""
    figure, grid = new_figure(3, 1, height=7.2, sharex=True)
    axes = grid[:, 0]
    questions = [
        ("segment_jaccard", "Does the least stable segment come back? (Jaccard)"),
        ("prediction_strength", "Does one half predict the other? (prediction strength)"),
        ("bootstrap_ari", "Do two samples of customers agree? (adjusted Rand)"),
    ]
    for ax, (metric, question) in zip(axes, questions, strict=True):
        _with_bands(ax, scores, metric)
        _mark_k(ax, k)
        ax.set(ylim=(0, 1.05), ylabel="agreement")
        ax.set_title(question)
        count_axis(ax.xaxis)
    axes[0].axhline(STABLE, color=DARK, linewidth=1, linestyle="--")
    axes[0].annotate(
        f"stable from {STABLE:g}",
        (1, STABLE),
        (-3, 3),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        fontsize=8.5,
    )
    axes[-1].legend(loc="lower left", fontsize=8.5)
    axes[-1].set_xlabel("number of segments k")
    return figure


def plot_flow(segments: pd.DataFrame, flows: pd.DataFrame, *, k: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw where the rows of every cluster go from k to k + 1, and how stable each is (`Benchmark`)."""
    ax = ax or new_axes(4.2)
    order, total = _in_order(segments, flows), segments.groupby("k")["rows"].sum().iloc[0]
    # Every k is a column of bars, one per cluster, with equal spaces and centred: `spot` holds where each bar begins
    # and how high it is. Ribbons are stacked on the right side of the bar that they leave and on the left side of the
    # bar that they reach; drawn in the order of the bars, they do not cross without need.
    spot = {}
    for number, clusters in order.items():
        size = segments[segments["k"] == number].set_index("cluster")["rows"] if number > 1 else pd.Series({0: total})
        free, top = 0.22 / max(len(clusters), 1), 0.0
        for cluster in clusters:
            height = size[cluster] / total
            spot[number, cluster] = [top, height]
            top += height + free
        for cluster in clusters:  # centred vertically, whatever the number of spaces
            spot[number, cluster][0] += (1.22 - (top - free)) / 2
    left = {key: value[0] for key, value in spot.items()}
    right = dict(left)
    half = 0.09
    moves = [tuple(row) for row in flows.itertuples(index=False)]
    moves.sort(key=lambda m: (m[0], order[m[0]].index(m[1]), order[m[0] + 1].index(m[2])))
    for number, source, target, rows in moves:
        thick = rows / total
        y0, y1 = right[number, source], left[number + 1, target]
        right[number, source] += thick
        left[number + 1, target] += thick
        x0, x1, middle = number + half, number + 1 - half, number + 0.5
        edge = [(x0, y0), (middle, y0), (middle, y1), (x1, y1), (x1, y1 + thick), (middle, y1 + thick)]
        edge += [(middle, y0 + thick), (x0, y0 + thick), (x0, y0)]
        curve = [Path.CURVE4, Path.CURVE4, Path.CURVE4]
        codes = [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY]
        ax.add_patch(PathPatch(Path(edge, codes), facecolor=GREY, alpha=0.35, linewidth=0))
    jaccard = segments.set_index(["k", "cluster"])["jaccard"]
    for (number, cluster), (bottom, height) in spot.items():
        stable = number == 1 or jaccard[number, cluster] >= STABLE
        ax.bar(
            number,
            height,
            2 * half,
            bottom,
            color=ACCENT if stable else "white",
            edgecolor=DARK,
            linewidth=0.8,
            hatch=None if stable else "////",
        )
    for stable in (True, False):
        ax.bar(
            0,
            0,
            color=ACCENT if stable else "white",
            edgecolor=DARK,
            hatch=None if stable else "////",
            label="comes back" if stable else "does not",
        )
    _mark_k(ax, k)
    most = int(segments["k"].max())
    ax.set(xlabel="number of segments k", xlim=(0.7, most + 0.3), ylim=(1.4, -0.05), yticks=[])
    ax.set_xticks(range(1, most + 1))
    ax.grid(visible=False)
    ax.legend(loc="lower center", ncols=3, bbox_to_anchor=(0.5, -0.02))
    whole = segments.groupby("k")["jaccard"].min()
    good = [int(n) for n in whole.index[whole >= STABLE]]
    if good:
        title = f"All segments come back for k = {', '.join(map(str, good))}"
    else:
        title = "For no number of segments do all of them come back"
    set_title(ax, title)
    return ax


def plot_silhouette_widths(widths: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the silhouette width of every row, by segment, greatest first (columns segment, width)."""
    ax = ax or new_axes(3.8)
    start, ticks = 0, []
    n = len(widths)
    for name, part in widths.groupby("segment"):
        values = np.sort(part["width"].to_numpy())[::-1]
        place = np.arange(start, start + len(values))
        ax.fill_betweenx(place, 0, values, color=colour(name), alpha=0.85, linewidth=0)
        ax.plot(values[len(values) // 2], start + len(values) / 2, marker(name), color=DARK, markersize=6)
        ticks.append((start + len(values) / 2, name))
        start += len(values) + max(2, n // 60)
    mean = widths["width"].mean()
    ax.axvline(mean, color=DARK, linestyle=":", linewidth=1.4)
    ax.annotate(f"mean {mean:.2f}", (mean, 0), (4, 2), textcoords="offset points", fontsize=9, va="bottom")
    ax.set_yticks([t for t, _ in ticks], [name for _, name in ticks])
    ax.set(xlabel="silhouette width (1: deep inside; below 0: nearer to another)", ylabel="segment")
    ax.set_ylim(start, 0 - n // 60)
    ax.grid(visible=False, axis="y")
    nearer = (widths["width"] < 0).mean()
    set_title(ax, f"{nearer:.0%} of the rows are nearer to another segment than to their own")
    return ax


def _with_bands(ax: Axes, scores: pd.DataFrame, metric: str) -> pd.Series:
    """Draw one metric over k, with a band for every kind of shop without segments, and return it."""
    rows = scores[scores["metric"] == metric]
    for null, part in rows[rows["null"] != ""].groupby("null", sort=False):
        name, shade, hatch = NULLS[null]
        part = part.set_index("k")
        ax.fill_between(
            part.index,
            part["null_low"],
            part["null_high"],
            color=shade,
            alpha=0.25,
            linewidth=0.5,
            hatch=hatch,
            edgecolor=shade,
        )
        label = f"without segments: {name}"
        ax.plot(part.index, part["null_median"], color=shade, linewidth=1.4, linestyle="--", label=label)
    values = rows.drop_duplicates("k").set_index("k")["value"]
    ax.plot(values.index, values, "o-", color=ACCENT, label="this shop", linewidth=2)
    return values


def plot_two_kinds(bins: pd.DataFrame) -> plt.Figure:
    """Draw features that show two kinds of customers (`OneTraitTests.histograms`); returns the Figure."""
    features = list(bins["feature"].unique())
    figure, grid = new_figure(len(features), 1, height=0.6 + 2.3 * len(features))
    for ax, feature in zip(grid[:, 0], features, strict=True):
        part = bins[bins["feature"] == feature]
        # drawn on the scale of the test, on which a fit has one peak or two; the axis is labelled in original units
        left, width = part["left"].to_numpy(), (part["right"] - part["left"]).to_numpy()
        ax.bar(
            left, part["customers"] / width, width, align="edge", color="#d9d9d9", edgecolor="white", label="recorded"
        )
        middle = left + width / 2
        ax.plot(middle, part["one_peak"] / width, color=DARK, linestyle="--", linewidth=1.6, label="fit with one peak")
        ax.plot(middle, part["two_kinds"] / width, color=ACCENT, linewidth=2.2, label="fit with two kinds")
        # the outermost bins can be wide and nearly empty
        share = part["customers"].cumsum().to_numpy() / part["customers"].sum()
        first, last = int(np.searchsorted(share, 0.002)), min(int(np.searchsorted(share, 0.998)), len(part) - 1)
        ax.set_xlim(left[first], part["right"].iloc[last])
        ticks = np.unique(np.linspace(first, last, 7).round().astype(int))
        ax.set_xticks(left[ticks], [format_number(value) for value in part["original_left"].iloc[ticks]])
        unit = part["unit"].iloc[0]
        name = shorten(humanize(feature), 40)
        ax.set(xlabel=name if unit in ("", "number", "share", "0 or 1") else f"{name} ({unit})", ylabel="customers")
        ax.set_yticks([])
    grid[0, 0].legend(loc="best")
    names = join_words([shorten(humanize(feature)) for feature in features])
    set_title(grid[0, 0], f"Customers are of two kinds in {names}")
    return figure


def plot_other_shapes(points: pd.DataFrame) -> plt.Figure:
    """Draw groups of another shape beside those of KMeans (`OtherShapes.points`); returns the Figure."""
    figure, grid = new_figure(1, 2, height=3.6, sharex=True, sharey=True)
    for ax, column, name in zip(grid[0], ("group", "kmeans"), ("two other methods", "KMeans"), strict=True):
        for group, part in points.groupby(column):
            noise = group < 0
            ax.scatter(
                part["x"],
                part["y"],
                s=9,
                color=GREY if noise else colour(letter(int(group))),
                marker="." if noise else marker(letter(int(group))),
                alpha=0.6,
                linewidths=0,
            )
        ax.set(xlabel="first principal component")
        ax.set_title(name)
    grid[0, 0].set(ylabel="second principal component")
    set_title(grid[0, 0], "Other methods agree on groups that KMeans cuts across")
    return figure


def _in_order(segments: pd.DataFrame, flows: pd.DataFrame) -> dict[int, list[int]]:
    """Order the clusters of every k by the mean position of the clusters that their rows came from: few flows cross."""
    order = {1: [0]}
    for number in sorted(segments["k"].unique()):
        place = {cluster: i for i, cluster in enumerate(order[number - 1])}
        came = flows[flows["k"] == number - 1]
        weight = came["rows"] * came["from"].map(place)
        mean = weight.groupby(came["to"]).sum() / came.groupby("to")["rows"].sum()
        order[int(number)] = [int(c) for c in mean.sort_values(kind="stable").index]
    return order


def _mark_k(ax: Axes, k: int | None) -> None:
    if k is not None:
        ax.axvline(k, color=DARK, linestyle=":", linewidth=1.4, label=f"chosen: k = {k}")
