"""Figures of 02: the calendar, the coupons, the customers, and whether they differ."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, MonthLocator
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from seglib.plots.theme import ACCENT, DARK, GREY, count_axis, new_axes, new_figure, percent_axis, set_title, shorten
from seglib.style import COUPON, Wording, humanize

MOST_COMPARISONS = 20
"""More lines of `plot_homogeneity` could not be read in one figure."""


def plot_calendar(months: pd.DataFrame, *, title: str, wording: Wording = COUPON, ax: Axes | None = None) -> Axes:
    """Draw coupons claimed by month, and burned where that is known.

    Parameters
    ----------
    months : pandas.DataFrame
        ``table`` of `seglib.eda.calendar`.
    title : str
        The finding.
    wording : Wording
        What a transaction is called.
    ax : Axes, optional
    """
    ax = ax or new_axes()
    ax.plot(months["month"], months["claimed"], "o-", color=ACCENT, markersize=4, label=wording.made)
    if "burned" in months:
        ax.plot(months["month"], months["burned"], "s--", color=GREY, markersize=4, label="burned")
    ax.set(ylabel=f"{wording.many} a month", xlabel="", ylim=(0, None))
    count_axis(ax.yaxis)
    set_title(ax, title)
    ax.xaxis.set_major_locator(MonthLocator(interval=max(1, round(len(months) / 6))))
    ax.xaxis.set_major_formatter(DateFormatter("%b\n%Y"))
    if "burned" in months:
        ax.legend(loc="best")
    return ax


def plot_coupon_counts(counts: pd.DataFrame, *, title: str, wording: Wording = COUPON, ax: Axes | None = None) -> Axes:
    """Draw customers by number of coupons beside what chance alone gives.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``table`` of `seglib.eda.coupon_counts`.
    title : str
        The finding.
    wording : Wording
        What a transaction is called.
    ax : Axes, optional
    """
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
    ax.set(xlabel=f"{wording.many} {wording.made} by a customer", ylabel="customers")
    count_axis(ax.yaxis)
    set_title(ax, title)
    count_axis(ax.xaxis)
    ax.legend()
    return ax


def plot_burned_by_age(ages: pd.DataFrame, *, window: int, title: str, ax: Axes | None = None) -> Axes:
    """Draw the share of coupons burned by age, beside the share that ignores how young some are.

    Parameters
    ----------
    ages : pandas.DataFrame
        ``table`` of `seglib.eda.redemption_curve`.
    window : int
        Age in days from which on a coupon is old enough to judge.
    title : str
        The finding.
    ax : Axes, optional
    """
    ax = ax or new_axes()
    last = ages.loc[ages["burned"] > 0, "age"].max() if ages["burned"].any() else 0
    shown = ages[ages["age"] <= max(10, 1.25 * window, 1.1 * last)]
    ax.fill_between(shown["age"], shown["low"], shown["high"], step="post", color=ACCENT, alpha=0.25, linewidth=0)
    ax.step(shown["age"], shown["share"], where="post", color=ACCENT, linewidth=2, label="burned by that age (95%)")
    failures = "if every young coupon were a failure"
    ax.step(shown["age"], shown["naive"], where="post", color=GREY, linewidth=1.5, linestyle="--", label=failures)
    if window <= shown["age"].max():
        ax.axvline(window, color=DARK, linewidth=1, linestyle=":")
        ax.annotate(
            f"decided: {window} days ", (window, 0.02), xycoords=("data", "axes fraction"), ha="right", fontsize=9.5
        )
    top = np.nanmax([shown["high"].max(), shown["share"].max(), 0.05])
    ax.set(xlabel="days since the claim", ylabel="share of coupons", xlim=(0, shown["age"].max() or 1))
    ax.set_ylim(0, min(1.0, 1.1 * top))
    count_axis(ax.xaxis)
    percent_axis(ax.yaxis)
    set_title(ax, title)
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=1)
    return ax


def plot_demographics(table: pd.DataFrame, what: str, *, ax: Axes | None = None) -> Axes:
    """Draw the share of customers by level of a descriptor.

    Parameters
    ----------
    table : pandas.DataFrame
        From `seglib.eda.level_shares`.
    what : str
        What the descriptor is called.
    ax : Axes, optional
    """
    ax = ax or new_axes(height=0.9 + 0.3 * len(table))
    ax.barh(range(len(table)), table["share"], color=ACCENT, height=0.7)  # by place: shortened names can be equal
    ax.set_yticks(range(len(table)), table["level"].map(shorten))
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
    top = (table if named.empty else named).sort_values("share", kind="stable").iloc[-1]
    ax.set(xlabel="share of customers", ylabel="", xlim=(0, table["share"].max() * 1.15))
    descriptor = f"{what[0].upper()}{what[1:]}"
    set_title(ax, f"{shorten(descriptor)}: most often {shorten(top['level'])}, {top['share']:.0%} of customers")
    percent_axis(ax.xaxis)
    ax.grid(visible=False, axis="y")
    return ax


def plot_distributions(features: pd.DataFrame, units: dict[str, str]) -> plt.Figure:
    """Draw the distribution of each number in original units; returns the Figure.

    Parameters
    ----------
    features : pandas.DataFrame
    units : dict of str to str
        Unit by column, for the columns to be drawn; columns without a value are left out.
    """
    units = {name: unit for name, unit in units.items() if features[name].notna().any()}
    if not units:
        ax = new_axes(height=1.2)
        set_title(ax, "There is no number to draw")
        ax.set_axis_off()
        return ax.figure
    rows = max(1, (len(units) + 1) // 2)
    figure, axes = new_figure(rows, 2, height=0.4 + 2.3 * rows)
    for ax, (name, unit) in zip(axes.flat, units.items(), strict=False):
        values = features[name].dropna().astype(float)
        values = values.clip(upper=values.quantile(0.99, interpolation="lower"))
        few = bool((values % 1 == 0).all()) and values.max() - values.min() < 30
        ax.hist(values, bins=np.arange(values.min(), values.max() + 2) - 0.5 if few else 30, rwidth=0.85, color=ACCENT)
        ax.axvline(values.median(), color=DARK, linestyle="--", linewidth=1.2)
        ax.set(xlabel=shorten(unit), ylabel="customers")
        count_axis(ax.yaxis)
        ax.xaxis.set_major_locator(plt.MaxNLocator(4, integer=few, min_n_ticks=1))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.6g}"))
        ax.set_title(f"{shorten(humanize(name))}\nhalf are at most {_format_value(values.median())}", fontsize=9.5)
    for ax in axes.flat[len(units) :]:
        ax.remove()
    set_title(figure.axes[0], _longest_tail(features[list(units)], units))
    return figure


def _longest_tail(features: pd.DataFrame, units: dict[str, str]) -> str:
    """Say which number has the longest tail, compared with its median."""
    points = features.astype(float).quantile([0.5, 0.95])
    times = (points.loc[0.95] / points.loc[0.5])[(points.loc[0.5] > 0) & (features.min() >= 0)]
    if times.empty or times.max() < 3:
        return "No long tail: nowhere is 1 customer in 20 above 3 times the median"
    name = times.idxmax()
    above = _format_value(points.loc[0.95, name])
    return f"Longest tail: {shorten(humanize(name))}, with 1 customer in 20 above {above} {shorten(units[name])}"


def _format_value(value: float) -> str:
    """Write whole numbers from 100 on, and three digits of smaller ones."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def plot_correlation(rho: pd.DataFrame, *, above: float, ax: Axes | None = None) -> Axes:
    """Draw rank correlations, those so close that two numbers are as good as one in a frame.

    Parameters
    ----------
    rho : pandas.DataFrame of float, shape (n, n)
        From `seglib.eda.rank_correlations`.
    above : float
        Correlation, up or down, from which on a pair is framed.
    ax : Axes, optional
    """
    if len(rho) < 2:
        ax = ax or new_axes(height=1.2)
        set_title(ax, "Fewer than two numbers vary: there is no pair to correlate")
        ax.set_axis_off()
        return ax
    ax = ax or new_axes(height=1.5 + 0.4 * len(rho))
    names = [shorten(humanize(c), 18) for c in rho]
    # below the diagonal only, since the other half is the same; + 0.0 turns "-0.00" into "0.00"
    shown = rho.mask(np.triu(np.ones(rho.shape, dtype=bool))).iloc[1:, :-1].round(2) + 0.0
    labels = shown.map(lambda r: "" if np.isnan(r) else f"{r:.2f}".replace("0.", ".", 1))
    sns.heatmap(
        shown,
        ax=ax,
        vmin=-1,
        vmax=1,
        cmap="vlag",
        annot=labels,
        annot_kws={"fontsize": 9.5},
        fmt="",
        cbar=False,
        linewidths=1,
        xticklabels=names[:-1],
        yticklabels=names[1:],
    )
    pairs = [(i, j) for j in range(len(rho)) for i in range(j + 1, len(rho)) if abs(rho.iloc[i, j]) > above]
    for i, j in pairs:
        ax.add_patch(Rectangle((j + 0.04, i - 0.96), 0.92, 0.92, fill=False, edgecolor="black", linewidth=2.2))
    set_title(ax, _correlation_finding(rho, pairs, names))
    ax.set(xlabel="Spearman's rank correlation", ylabel="")
    ax.grid(visible=False)
    ax.tick_params(axis="y", rotation=0)
    ax.tick_params(axis="x", rotation=40)
    plt.setp(ax.get_xticklabels(), ha="right", rotation_mode="anchor")
    return ax


def _correlation_finding(rho: pd.DataFrame, pairs: list[tuple[int, int]], names: list[str]) -> str:
    """Say which numbers are as good as one, or which come nearest to it."""
    if not pairs:
        sizes = rho.mask(np.triu(np.ones(rho.shape, dtype=bool))).abs().stack()
        if sizes.empty:
            return "Nothing can be compared"
        i, j = (rho.columns.get_loc(name) for name in sizes.idxmax())
        return f"No strong correlation; closest: {names[j]} and {names[i]} ({rho.iloc[i, j]:.2f})"
    in_words = [f"{names[j]} with {names[i]}" for i, j in pairs]
    more = f"; {len(pairs) - 3} more" if len(pairs) > 3 else ""
    return f"As good as one number: {'; '.join(in_words[:3])}{more}"


def plot_retention(
    grid: pd.DataFrame, *, period: str, title: str, wording: Wording = COUPON, ax: Axes | None = None
) -> Axes:
    """Draw the share of each cohort that is active in each period since joining.

    Parameters
    ----------
    grid : pandas.DataFrame of float, shape (n_cohorts, n_periods)
        ``grid`` of `seglib.eda.cohort_retention`; missing cells stay white.
    period : str
        What a period is called, such as month.
    title : str
        The finding.
    wording : Wording
        What a transaction is called.
    ax : Axes, optional
    """
    ax = ax or new_axes(height=1.6 + 0.17 * len(grid))
    heat = sns.heatmap(
        grid.to_numpy(dtype=float),
        ax=ax,
        vmin=0,
        vmax=max(0.05, float(np.nanmax(grid.to_numpy(dtype=float)))),
        cmap="Blues",
        cbar_kws={"label": f"share with a {wording.one}", "format": FuncFormatter(lambda x, _: f"{x:.0%}")},
    )
    starts = pd.DatetimeIndex(grid.index)
    names = {"month": [f"{day:%b %Y}" for day in starts], "quarter": [f"{day.year} Q{day.quarter}" for day in starts]}
    every = max(1, round(len(grid) / 12))
    ax.set_yticks(np.arange(0, len(grid), every) + 0.5, names.get(period, [f"{day:%Y}" for day in starts])[::every])
    step = max(1, round(grid.shape[1] / 8))
    ax.set_xticks(np.arange(0, grid.shape[1], step) + 0.5, [f"{since}" for since in grid.columns[::step]])
    ax.set(xlabel=f"{period}s since joining", ylabel=f"{period} of joining")
    ax.tick_params(axis="both", rotation=0)
    ax.grid(visible=False)
    heat.collections[0].colorbar.outline.set_visible(False)
    set_title(ax, title)
    return ax


_SINGULAR = {"customers": "customer", "genders": "gender", "cities": "city", "countries": "country"}
_SINGULAR |= {f"{place}s": place for place in ("region", "state", "province", "district", "postcode")}


def plot_homogeneity(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw each test's value beside its null band (``table`` of `seglib.eda.homogeneity`).

    Of more than `MOST_COMPARISONS`, those of customers are drawn and of the others those with the smallest p.
    """
    table = table[table["p"].notna()]  # the sentence says what could not be compared
    number, total = int(table["differ"].sum()), len(table)
    if total > MOST_COMPARISONS:
        first = table.assign(group=table["among"] != "customers").sort_values(["group", "p"], kind="stable")
        table = table.loc[first.index[:MOST_COMPARISONS].sort_values()]
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
    by = [_SINGULAR.get(among, shorten(among, 16)) for among in table["among"]]
    ax.set_yticks(y, [f"{behaviour}, by {one}" for behaviour, one in zip(table["behaviour"], by, strict=True)])
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_xscale("log")
    ax.set_xlim(left=0.15)
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if ax.get_xlim()[1] < 30 else (1,)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    hidden = f"\ndrawn of {total}: customers, and the groups with the smallest p" if total > len(table) else ""
    ax.set(xlabel=f"variance found / variance that chance gives (log scale){hidden}")
    set_title(
        ax,
        f"{number} of {total} comparisons show more than chance" if number else "Nothing differs by more than chance",
    )
    below = 0.85 if hidden else 0.6  # clear of the label
    ax.legend(loc="upper center", bbox_to_anchor=(0.3, -below / (0.36 * max(3, len(table)))))
    ax.grid(visible=False, axis="y")
    return ax
