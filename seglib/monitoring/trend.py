"""07 Many months of one shop: sizes, movement and drift from month to month, and which months stand out.

Every comparison leaves its numbers in ``trend.json``, after those of the comparisons before it. So the trend grows by
one month with every `seglib compare`, and needs no earlier run but the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seglib.monitoring.comparison import LEVEL, MonthComparison
from seglib.run import finished
from seglib.schema.comparison_records import ComparisonRecord, TrendRecord, UnusualRecord
from seglib.style import ENGLISH, humanize, join_words, position, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STRUCTURES = ("natural", "reproducible", "borderline", "constructed")
"""The verdicts, the strongest first."""

FEWEST = 2
"""With fewer comparisons there is no trend."""

MOVED = {
    "all together": "in another segment",
    "real movement": "real movement",
    "redefinition": "redefinition",
}
"""The parts of the movement that are drawn, and what they are called there."""

SHARE = "share of customers"

MOST_NAMED = 4
"""Panels that a sentence names."""

ROUNDING = 1e-9
"""A value so near to the end of its band, relative to itself, is at its end."""

Adjust = Callable[[pd.Series], np.ndarray]


@dataclass(frozen=True)
class Panels:
    """Small multiples: one line a panel over the months, with a band of what calm months give.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per panel and month: panel, day, value, low, high (95% of calm months; missing where there is none),
        stands_out.
    measure, ylabel : str
        What is drawn, with its unit: in the caption, and shorter at the axis.
    what : str
        What a panel is, for those who cannot see it.
    n_calm : int
        Simulated calm months of each month.
    as_percent : bool
        Whether values are shares.
    """

    table: pd.DataFrame = field(repr=False)
    measure: str
    ylabel: str
    what: str
    n_calm: int
    as_percent: bool

    @property
    def n_months(self) -> int:
        """Months that are drawn."""
        return self.table["day"].nunique()

    @property
    def outside(self) -> int:
        """How often a value lies outside of its band."""
        return int(sum(_beyond(self.table, side).sum() for side in ("low", "high")))

    @property
    def applies(self) -> bool:
        """Whether there is anything to draw."""
        return not self.table.empty

    @property
    def title(self) -> str:
        """The finding."""
        n = int(self.table["low"].notna().sum())
        return f"{self.outside} of {n} values are outside of what calm months give"

    @property
    def text(self) -> str:
        """What the panels say."""
        if not self.applies:
            return ""
        is_out = _beyond(self.table, "low") | _beyond(self.table, "high")
        names = list(dict.fromkeys(self.table.loc[is_out, "panel"]))
        where = f" They are of {shortened(names, MOST_NAMED)}." if names else ""
        return f"{self.title}; one of twenty would be by chance.{where}"

    @property
    def alt(self) -> str:
        """What the figure shows."""
        if not self.applies:
            return ""
        return (
            f"Small multiples, {self.what}, over {self.n_months} months, each with a band of calm months. {self.text}"
        )

    @property
    def caption(self) -> str:
        """How to read the figure."""
        return (
            f"{self.n_months} months, each compared with the one before. Lines: {self.measure}. Bands: 95% of "
            f"{self.n_calm} simulated calm months. Diamonds: months that stand out."
        )

    def figure(self) -> Figure:
        """Draw the panels."""
        from seglib.plots import plot_months

        return plot_months(self.table, title=self.title, ylabel=self.ylabel, as_percent=self.as_percent)


@dataclass(frozen=True)
class Verdicts:
    """Whether the segments of each month are real, and how many they are.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per month: day, segments (their number), structure (the verdict).
    """

    table: pd.DataFrame = field(repr=False)

    @property
    def applies(self) -> bool:
        """Whether there is anything to draw."""
        return not self.table.empty

    @property
    def text(self) -> str:
        """How often each verdict was given, and whether it or the number of segments changed."""
        if not self.applies:
            return ""
        counts = self.table["structure"].value_counts()
        parts = join_words([f"{label} in {counts[label]}" for label in STRUCTURES if label in counts])
        k = sorted({int(number) for number in self.table["segments"]})
        number = f"always {k[0]}" if len(k) == 1 else f"{k[0]} to {k[-1]}"
        return f"Of {len(self.table)} months the segments are {parts}; their number is {number}."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        return f"The verdict of each month, with the number of segments. {self.text}" if self.applies else ""

    @property
    def caption(self) -> str:
        """How to read the figure."""
        return f"{len(self.table)} months. Height: the verdict of the month. Number: its segments."

    def figure(self) -> Figure:
        """Draw the verdict of every month."""
        from seglib.plots import plot_verdicts

        return plot_verdicts(self.table, title=self.text)


@dataclass(frozen=True)
class Trend:
    """Months of one shop in their order, each compared with the one before.

    Attributes
    ----------
    comparisons : tuple of ComparisonRecord
    p : ndarray of float, shape (n_comparisons,)
        How often a calm month is as unusual as this one, in whatever was asked; before the correction.
    p_adjusted : ndarray of float, shape (n_comparisons,)
        Corrected for the number of months.
    """

    comparisons: tuple[ComparisonRecord, ...]
    p: np.ndarray
    p_adjusted: np.ndarray

    @property
    def applies(self) -> bool:
        """Whether there are enough months for a trend."""
        return len(self.comparisons) >= FEWEST

    @property
    def unusual(self) -> list[ComparisonRecord]:
        """The comparisons whose later month stands out."""
        marked = zip(self.comparisons, self._stands_out, strict=True)
        return [record for record, stands_out in marked if stands_out]

    @property
    def _stands_out(self) -> np.ndarray:
        return self.p_adjusted <= LEVEL

    @property
    def smallest_p(self) -> float:
        """The smallest p-value that these calm months can give a month."""
        return 1 / (1 + sum(len(record.calm_largest) for record in self.comparisons))

    @property
    def table(self) -> pd.DataFrame:
        """One row per month, the first included.

        Returns
        -------
        pandas.DataFrame
            day, run, customers, segments, structure (the verdict of the month); compared with the month before: label,
            advice, moved, real, redefined (shares of the customers in both), p, p_holm (corrected for the number of
            months), stands_out.
        """
        rows = []
        if self.comparisons and self.comparisons[0].months:
            rows.append(_of_month(self.comparisons[0], 0))
        for record, p, adjusted, stands_out in zip(
            self.comparisons, self.p, self.p_adjusted, self._stands_out, strict=True
        ):
            parts = {part.part: part.share for part in record.parts}
            row = _of_month(record, 1)
            row |= {"label": record.label, "advice": record.advice, "moved": parts.get("all together")}
            row |= {"real": parts.get("real movement"), "redefined": parts.get("redefinition")}
            rows.append(row | {"p": p, "p_holm": adjusted, "stands_out": bool(stands_out)})
        columns = ["day", "run", "customers", "segments", "structure", "label", "advice", "moved", "real", "redefined"]
        return pd.DataFrame(rows, columns=[*columns, "p", "p_holm", "stands_out"])

    @property
    def printed(self) -> pd.DataFrame:
        """The table without what two months do not have; empty where there is no trend."""
        columns = ["day", "customers", "segments", "structure", "label", "advice", "moved", "p_holm", "stands_out"]
        table = self.table[columns].astype({"customers": "Int64", "segments": "Int64", "stands_out": object})
        marks = table["stands_out"].map({True: "yes", False: "no"})
        return table.assign(stands_out=marks) if self.applies else table.head(0)

    @property
    def text(self) -> str:
        """Which months stand out."""
        n = len(self.comparisons)
        if not self.applies:
            return (
                "This is the first comparison, or the earlier run was not compared with one before it. From the next "
                "comparison on, this part shows how sizes, movement and drift go on over the months."
            )
        if self.smallest_p * n > LEVEL:
            return (
                f"{n} comparisons, with too few calm months for any of them to stand out among so many: at least "
                f"{int(np.ceil(1 / LEVEL))} calm months are needed for each (n_calm)."
            )
        if not self.unusual:
            return f"None of {n} months stands out: each may be a calm month.{self._gaps}"
        days = [ENGLISH.day(record.later) for record in self.unusual]
        reasons = " ".join(f"{ENGLISH.day(record.later)}: {record.headline}" for record in self.unusual)
        verb = "stands" if len(days) == 1 else "stand"
        return f"Of {n} months, {join_words(days)} {verb} out. {reasons}{self._gaps}"

    @property
    def _gaps(self) -> str:
        """Which months lie further apart than the others; empty where none do."""
        days = [pd.Timestamp(record.day) for record in self.comparisons]
        days += [pd.Timestamp(record.later) for record in self.comparisons[-1:]]
        apart = np.diff(np.array(days, dtype="datetime64[D]")).astype(int)
        if len(apart) < FEWEST:
            return ""
        usual = float(np.median(apart))
        long = [
            f"{ENGLISH.day(str(days[i].date()))} and {ENGLISH.day(str(days[i + 1].date()))} ({apart[i]} days)"
            for i in np.flatnonzero(apart > 1.5 * usual)
        ]
        if not long:
            return ""
        return (
            f" Between {join_words(long)} there is no month: what moved then is that of a longer time, and so are its "
            f"calm months; the others are about {usual:.0f} days apart."
        )

    @property
    def method(self) -> str:
        """How it is decided which months stand out; empty where there is no trend."""
        n = len(self.comparisons)
        if not self.applies:
            return ""
        return (
            "How unusual a month is: the most unusual of all that was asked of it, beside its own calm months, in "
            f"their standard deviations. Its p-value is the share of the calm months of all {n} comparisons, taken "
            "together, that are as unusual; so few calm months a month are enough. Holm's correction is for the number "
            "of months: where nothing changes, any month at all stands out in about one of twenty such series."
        )

    @property
    def verdicts(self) -> Verdicts:
        """The verdict of every month."""
        table = self.table[["day", "segments", "structure"]].dropna()
        table = table[table["structure"].isin(STRUCTURES)].reset_index(drop=True)
        return Verdicts(table if self.applies else table.head(0))

    @property
    def sizes(self) -> Panels:
        """The share of every segment, by the segments of the month before: so it moves by what customers did alone."""
        rows = [
            (
                f"{size.segment} {size.name}".strip(),
                record.later,
                size.share_frozen,
                size.calm_low,
                size.calm_high,
                stands_out,
                position(size.segment),
            )
            for record, stands_out in self._drawn
            for size in record.sizes
            if size.share_frozen is not None
        ]
        rows = _with_last_names(rows)
        table = _panels(sorted(rows, key=lambda row: (row[-1], row[1])))
        return Panels(
            table,
            "share of the customers in both months, by the segments of the month before",
            SHARE,
            "one a segment",
            *self._n_calm,
            True,
        )

    @property
    def movement(self) -> Panels:
        """The share of customers who moved, for whatever reason, by what they did, and by segments made anew."""
        rows = [
            (MOVED[part.part], record.later, part.share, part.calm_low, part.calm_high, stands_out, place)
            for place, name in enumerate(MOVED)
            for record, stands_out in self._drawn
            for part in record.parts
            if part.part == name
        ]
        table = _panels(rows)
        return Panels(
            table,
            "share of the customers in both months",
            SHARE,
            "one a part of the movement",
            *self._n_calm,
            True,
        )

    @property
    def drift(self) -> Panels:
        """How far every number drifted, in standard deviations of the month before."""
        rows = []
        for record, stands_out in self._drawn:
            for place, drift in enumerate(record.drift):
                if drift.wasserstein is None or not drift.spread:
                    continue
                values = [
                    None if value is None else value / drift.spread
                    for value in (drift.wasserstein, drift.calm_low, drift.calm_high)
                ]
                rows.append((humanize(drift.feature), record.later, *values, stands_out, place))
        table = _panels(sorted(rows, key=lambda row: (row[-1], row[0], row[1])))
        moves = table.assign(most=table[["value", "high"]].abs().max(axis=1)).groupby("panel")["most"].transform("max")
        table = table[moves > ROUNDING].reset_index(drop=True)  # what only the clock changes does not drift
        return Panels(
            table,
            "Wasserstein distance from the month before, in standard deviations",
            "standard deviations",
            "one a feature",
            *self._n_calm,
            False,
        )

    @property
    def record(self) -> TrendRecord:
        """As ``trend.json`` has it."""
        p = [float(value) for value, stands_out in zip(self.p_adjusted, self._stands_out, strict=True) if stands_out]
        unusual = tuple(
            UnusualRecord(record.new, record.later, value, record.headline)
            for record, value in zip(self.unusual, p, strict=True)
        )
        return TrendRecord(self.text, unusual, self.comparisons)

    @property
    def _drawn(self) -> list[tuple[ComparisonRecord, bool]]:
        """The comparisons, and whether the later month stands out; none where there is no trend."""
        marked = [(record, bool(mark)) for record, mark in zip(self.comparisons, self._stands_out, strict=True)]
        return marked if self.applies else []

    @property
    def _n_calm(self) -> tuple[int]:
        return (min((record.n_calm for record in self.comparisons), default=0),)


def _of_month(record: ComparisonRecord, which: int) -> dict[str, object]:
    """Return a month end of a comparison: 0 the earlier one, 1 the later one."""
    if not record.months:
        return {"day": (record.day, record.later)[which], "run": (record.old, record.new)[which]}
    month = record.months[which]
    return {
        "day": month.day,
        "run": month.run,
        "customers": month.customers,
        "segments": month.k,
        "structure": month.structure,
    }


def _with_last_names(rows: Sequence[tuple]) -> list[tuple]:
    """Give every segment the name that it has in the last month: names may change from month to month."""
    last = {row[-1]: row[0] for row in sorted(rows, key=lambda row: row[1])}
    return [(last[row[-1]], *row[1:]) for row in rows]


def _panels(rows: Sequence[tuple]) -> pd.DataFrame:
    columns = ["panel", "day", "value", "low", "high", "stands_out", "place"]
    table = pd.DataFrame(rows, columns=columns).drop(columns="place")
    return table.astype({"value": float, "low": float, "high": float, "stands_out": bool})


def _beyond(table: pd.DataFrame, side: str) -> pd.Series:
    """Say which values lie beyond a side of their band, by more than rounding."""
    distance = table["value"] - table["high"] if side == "high" else table["low"] - table["value"]
    return distance > ROUNDING * table["value"].abs().clip(lower=ROUNDING)


def trend_of(comparison: MonthComparison, *, adjust: Adjust) -> Trend:
    """Return the trend that ends with a comparison.

    Parameters
    ----------
    comparison : MonthComparison
        Its earlier run may have been compared with one before it, and so on.
    adjust : callable
        Corrects p-values for their number, such as `seglib.stats.holm`.

    Returns
    -------
    Trend
    """
    last = comparison.record
    run = finished(last.old)
    before = run.read("trend").comparisons if run.path("trend").exists() else ()
    return trend([*before, last], adjust=adjust)


def trend(comparisons: Sequence[ComparisonRecord], *, adjust: Adjust) -> Trend:
    """Return the trend of comparisons of which each begins where the one before ends; what does not fit is left out.

    Parameters
    ----------
    comparisons : sequence of ComparisonRecord
        In the order of their days. Counted from the last one back, the first that does not join ends the trend.
    adjust : callable
        Corrects p-values for their number.

    Notes
    -----
    A month is as unusual as its largest standardised statistic (`seglib.monitoring.comparison.standardised`). These are
    on one scale in all comparisons, so the calm months of all serve every one: with m months and n calm months each,
    the smallest p-value is 1 / (1 + m n), which Holm's first step, 0.05 / m, lets through from n = 20 on.
    """
    chain: list[ComparisonRecord] = []
    for record in reversed(comparisons):
        if chain and (record.new != chain[0].old or record.later != chain[0].day or record.largest is None):
            break
        chain.insert(0, record)
    null = np.array([value for record in chain for value in record.calm_largest])
    largest = np.array([np.nan if record.largest is None else record.largest for record in chain])
    p = (1 + (null[None, :] >= largest[:, None] - 1e-9).sum(axis=1)) / (1 + len(null))
    return Trend(tuple(chain), p, adjust(pd.Series(p)))
