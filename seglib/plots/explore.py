"""Figures of 02: the calendar, the customers, and whether they differ."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from seglib.plots.theme import ACCENT, DARK, GREY, count_axis, new_axes, percent_axis, set_title, shorten
from seglib.words import COUPON, Wording


def plot_calendar(months: pd.DataFrame, *, said: Wording = COUPON, ax: Axes | None = None) -> Axes:
    """Draw coupons claimed by month, and burned where that is known (`seglib.explore.calendar`)."""
    ax = ax or new_axes()
    for column, style, tone in (("claimed", "o-", ACCENT), ("burned", "s--", GREY)):
        if column in months:
            ax.plot(months["month"], months[column], style, color=tone, markersize=4, label=said.of(column))
    busiest = months.loc[months["claimed"].idxmax()]
    ax.set(ylabel=f"{said.many} a month", xlabel="", ylim=(0, None))
    count_axis(ax.yaxis)
    set_title(ax, f"Most {said.many} were {said.made} in {busiest['month']:%B %Y} ({busiest['claimed']:,})")
    ax.xaxis.set_major_locator(_month_locator(len(months)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{plt.matplotlib.dates.num2date(x):%b\n%Y}"))
    if "burned" in months:
        ax.legend(loc="best")
    return ax


def plot_coupon_counts(counts: pd.DataFrame, *, said: Wording = COUPON, ax: Axes | None = None) -> Axes:
    """Draw customers by number of coupons beside what chance alone gives (`seglib.explore.coupon_counts`)."""
    ax = ax or new_axes()
    ax.bar(counts["coupons"], counts["customers"], color=ACCENT, width=0.85, label="this shop")
    ax.plot(
        counts["coupons"],
        counts["expected"],
        "D-",
        color=DARK,
        markersize=3.5,
        label="if all customers were alike",
    )
    spread = [
        np.sqrt(np.average((counts["coupons"] - np.average(counts["coupons"], weights=w)) ** 2, weights=w))
        for w in (counts["customers"], counts["expected"])
    ]
    ax.set(xlabel=f"{said.many} {said.made} by a customer", ylabel="customers")
    count_axis(ax.yaxis)
    times = f"{spread[0] / spread[1]:.1f}"
    wide = "as widely" if times == "1.0" else f"{times} times as widely"
    set_title(ax, f"{said.many.capitalize()} per customer spread {wide} as chance makes them")
    count_axis(ax.xaxis)
    ax.legend()
    return ax


def plot_demographics(table: pd.DataFrame, what: str, *, ax: Axes | None = None) -> Axes:
    """Draw the share of customers by level of a descriptor (`seglib.explore.demographics`)."""
    ax = ax or new_axes(height=0.9 + 0.3 * len(table))
    ax.barh(table["level"].map(shorten), table["share"], color=ACCENT, height=0.7)
    ax.invert_yaxis()
    for y, row in enumerate(table.itertuples()):
        ax.annotate(
            f"{row.customers:,}",
            (row.share, y),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9.5,
        )
    named = table[~table["level"].str.fullmatch(r"\d+ others")]
    top = named.loc[named["share"].idxmax()]
    ax.set(xlabel="share of customers", ylabel="", xlim=(0, table["share"].max() * 1.15))
    set_title(ax, f"Largest {what}: {shorten(top['level'])}, {top['share']:.0%} of customers")
    percent_axis(ax.xaxis)
    ax.grid(visible=False, axis="y")
    return ax


_SINGULAR = {"customers": "customer", "genders": "gender", "cities": "city"}


def plot_homogeneity(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw each test's value beside its null band (`seglib.explore.homogeneity`)."""
    table = table[table["p"].notna()]  # what could not be compared is told in words
    ax = ax or new_axes(height=max(2.6, 1.3 + 0.36 * len(table)))
    y = np.arange(len(table))
    ax.hlines(
        y,
        table["null_low"],
        table["null_high"],
        color="#bdbdbd",
        linewidth=9,
        label="if all were alike (5–95%)",
    )
    for differs, mark, tone in ((True, "D", ACCENT), (False, "o", GREY)):
        rows = table["differ"] == differs
        label = "found, more than chance" if differs else "found, not more than chance"
        ax.plot(table.loc[rows, "value"], y[rows], mark, color=tone, markersize=8, label=label)
    ax.axvline(1, color=DARK, linewidth=0.8)
    ax.set_yticks(y, [f"{r.behaviour}, by {_SINGULAR[r.among]}" for r in table.itertuples()])
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_xscale("log")
    ax.set_xlim(left=0.15)
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if ax.get_xlim()[1] < 30 else (1,)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set(xlabel="variance found / variance that chance gives (log scale)")
    number = int(table["differ"].sum())
    set_title(
        ax,
        f"{number} of {len(table)} comparisons show more than chance"
        if number
        else "Nothing differs by more than chance",
    )
    ax.legend(loc="upper center", bbox_to_anchor=(0.3, -0.6 / (0.36 * max(3, len(table)))))  # clear of the label
    ax.grid(visible=False, axis="y")
    return ax


def _month_locator(n_months: int):
    from matplotlib.dates import MonthLocator

    return MonthLocator(interval=max(1, round(n_months / 6)))
