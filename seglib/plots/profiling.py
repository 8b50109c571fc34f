"""Figures of 06: what each segment is, beside all customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from seglib.plots.theme import DARK, WIDTH, colour, marker, new_axes, percent_axis, set_title, shorten
from seglib.words import figure, plain, position


def plot_profile(profiles: pd.DataFrame, names: dict[str, str]) -> plt.Figure:
    """Draw each segment's means beside those of all customers, in standard deviations; markers are coloured.

    After the segment profile plot of Dolnicar & Leisch (2014, International Journal of Market Research 56(2)).
    Returns the Figure.

    Parameters
    ----------
    profiles : pandas.DataFrame
        From `seglib.profiling.profile`.
    names : dict of str to str
        Name of each segment.
    """
    rows = profiles[profiles["role"] == "segmentation"]
    features = list(dict.fromkeys(rows["feature"]))
    figure, axes = plt.subplots(
        len(names), 1, figsize=(WIDTH, (0.34 * len(features) + 0.75) * len(names)), layout="constrained",
        sharex=True, squeeze=False,
    )  # fmt: skip
    reach = max(1.0, rows["difference"].abs().max() * 1.3)  # room for the label of the longest bar
    for ax, (letter, name) in zip(axes.flat, names.items(), strict=True):
        own = rows[rows["segment"] == letter].set_index("feature").loc[features]
        tones = [colour(letter) if m else "#cfcfcf" for m in own["marker"]]
        bars = ax.barh(range(len(features)), own["difference"], color=tones, height=0.7)
        ax.set_yticks(range(len(features)), [shorten(plain(f)) for f in features])
        labels = [_number(m, u) for m, u in zip(own["seen"], own["unit"], strict=True)]
        ax.bar_label(bars, labels, padding=3, fontsize=9.5)
        ax.axvline(0, color=DARK, linewidth=1)
        ax.invert_yaxis()
        ax.set(xlim=(-reach, reach))
        ax.set_title(f"{letter} · {shorten(name, 48)}", fontsize=9)
        ax.grid(visible=False, axis="y")
    axes.flat[-1].set_xlabel("difference from all customers (standard deviations); label: what was seen")
    return figure


def plot_heatmap(profiles: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the standardised difference of every feature in every segment (`seglib.profiling.profile`)."""
    table = profiles.pivot_table(index="feature", columns="segment", values="difference", sort=False)
    table.index = [shorten(plain(f)) for f in table.index]
    ax = ax or new_axes(height=max(3.2, 1.3 + 0.36 * len(table)))  # the scale needs room for its label
    reach = max(1.0, float(table.abs().max(axis=None)))
    table = table.mask(table.abs() < 0.05, 0.0)  # no "-0.0"
    sns.heatmap(
        table, ax=ax, vmin=-reach, vmax=reach, cmap="vlag", annot=True, fmt="+.1f",
        annot_kws={"fontsize": 9 if table.shape[1] <= 6 else 7},
        linewidths=1, cbar_kws={"label": "standard deviations from all customers"},
    )  # fmt: skip
    for text, value in zip(ax.texts, table.stack().dropna(), strict=True):  # white on pale red cannot be read
        text.set_color("white" if abs(value) > 0.7 * reach else DARK)
    marked = int((table.abs() >= 0.5).to_numpy().sum())
    ax.set(xlabel="segment", ylabel="")
    set_title(ax, f"{marked} of {table.size} differences reach half a standard deviation")
    ax.tick_params(axis="y", rotation=0)
    ax.grid(visible=False)
    return ax


def plot_status(usage: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the share of burned and of open coupons in each segment (`seglib.profiling.usage`)."""
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
    for y, row in enumerate(usage.itertuples()):
        inside = row.burned > 0.3
        ax.annotate(
            f"burned {row.burned:.0%}", (0.02 if inside else row.burned + 0.02, y), va="center", fontsize=9,
            color="white" if inside else DARK, weight="bold",
        )  # fmt: skip
        ax.annotate(
            f"open {row.subscribed:.0%}",
            (1.02, y),
            va="center",
            fontsize=9,
            color=DARK,
            annotation_clip=False,
        )
    most, least = usage.loc[usage["burned"].idxmax()], usage.loc[usage["burned"].idxmin()]
    ax.invert_yaxis()
    ax.set(xlabel="share of the segment's coupons", ylabel="segment", xlim=(0, 1))
    set_title(
        ax,
        f"{most['segment']} burns {most['burned']:.0%} of its coupons, {least['segment']} burns {least['burned']:.0%}"
        if most["burned"] > least["burned"]
        else f"Every segment burns {most['burned']:.0%} of its coupons",
    )
    percent_axis(ax.xaxis)
    ax.grid(visible=False, axis="y")
    return ax


def plot_shares(shares: pd.DataFrame, what: str, *, levels: int = 8, ax: Axes | None = None) -> Axes:
    """Draw the share of each level in each segment, with its interval (`seglib.profiling.shares`)."""
    top = shares.drop_duplicates("level").nlargest(levels, "overall_share")
    letters = sorted(shares["segment"].unique(), key=position)
    ax = ax or new_axes(height=1.4 + 0.14 * len(top) * (len(letters) + 1))
    step = 0.8 / len(letters)
    for i, letter in enumerate(letters):
        own = shares[shares["segment"] == letter].set_index("level").loc[top["level"]]
        y = np.arange(len(top)) + (i - (len(letters) - 1) / 2) * step
        reach = np.abs(own[["low", "high"]].sub(own["share"], axis=0)).to_numpy().T
        ax.errorbar(
            own["share"], y, xerr=reach, fmt=marker(letter), color=colour(letter), markersize=5.5, linewidth=1.3,
            label=letter,
        )  # fmt: skip
    ax.vlines(
        top["overall_share"],
        np.arange(len(top)) - 0.45,
        np.arange(len(top)) + 0.45,
        color=DARK,
        linewidth=1.5,
        label="all",
    )
    ax.set_yticks(np.arange(len(top)), [shorten(level) for level in top["level"]])
    ax.invert_yaxis()
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
    if value != value:  # nothing was seen
        return "–"
    return f"{value:.0%}" if unit in ("share", "0 or 1") else figure(value)
