"""The charts of 04: each criterion over k, beside the null models. Every chart is a result that `show` displays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from seglib.errors import ParameterRefused
from seglib.k_selection.criteria.batch_kmeans import Rows, best_starts
from seglib.k_selection.criteria.choice import Choice, elbow
from seglib.k_selection.criteria.sweep import Sweep
from seglib.k_selection.criteria.valleys import valleys
from seglib.k_selection.validation.benchmark import STABLE, Benchmark
from seglib.k_selection.validation.charts_example import ExampleChart, example_chart
from seglib.k_selection.validation.charts_valleys import ValleyChart, stacked_densities, valley_chart_from_arrays
from seglib.k_selection.validation.evidence import ALPHA
from seglib.k_selection.validation.verdict import Verdict, evidence_by_k
from seglib.schema.records import GlanceRecord, MeasureRecord
from seglib.stats import dip_p_value
from seglib.style import ENGLISH, humanize, join_words, letter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

AT_A_GLANCE = ("segment_jaccard", "prediction_strength", "silhouette")
"""Measures that end at 1 and can be explained in a sentence. The valley between neighbours is added to them."""

GREATEST_DIP = 0.25
"""The dip of two points with nothing between them."""


@dataclass(frozen=True)
class Chart:
    """One or more metrics over k beside the null models, with the chosen k.

    Attributes
    ----------
    benchmark : Benchmark
    k : int or None
        The number of segments that was chosen.
    metrics : tuple of str
        What is drawn.
    """

    benchmark: Benchmark
    k: int | None = None
    metrics: ClassVar[tuple[str, ...]] = ()

    @property
    def table(self) -> pd.DataFrame:
        """The rows of `Benchmark.scores` that are drawn."""
        scores = self.benchmark.scores
        return scores[scores["metric"].isin(self.metrics)]

    @property
    def caption(self) -> str:
        """Number of rows, and how to read the bands."""
        return f"{self._rows} {self._bands}"

    def _curve(self, metric: str) -> pd.Series:
        return self.benchmark.of(metric)["value"]

    @property
    def _rows(self) -> str:
        return f"{self.benchmark.n_rows:,} rows."

    @property
    def _bands(self) -> str:
        return f"Bands: the middle 90% of {self.benchmark.n_null} shops without segments of each kind."


@dataclass(frozen=True)
class GreatestSilhouette:
    """The greatest silhouette over all k beside the same of every null model.

    Attributes
    ----------
    benchmark : Benchmark
    verdict : Verdict
    """

    benchmark: Benchmark
    verdict: Verdict

    @property
    def table(self) -> pd.DataFrame:
        """`Benchmark.tests`."""
        return self.benchmark.tests

    @property
    def text(self) -> str:
        """The headline of the verdict, with the silhouette of the shop and of the null models."""
        medians = join_words([f"{median:.3f}" for median in self.table["null_median"]])
        return (
            f"{self.verdict.headline}: silhouette {self.table['value'].iloc[0]:.3f} with k = "
            f"{self.table['k'].iloc[0]}, without segments {medians}."
        )

    @property
    def alt(self) -> str:
        """What the figure shows."""
        return self.text

    @property
    def caption(self) -> str:
        """Number of rows, and how to read the bars."""
        return (
            f"{self.benchmark.n_rows:,} rows, at the k at which this shop exceeds others most. Bars: the middle 90% "
            f"of {self.benchmark.n_null} shops without segments of each kind. p is corrected for trying every k."
        )

    def figure(self) -> Axes:
        """Draw the silhouette of the shop beside the bars of the null models."""
        from seglib.plots import plot_against_nulls

        return plot_against_nulls(self.table)


@dataclass(frozen=True)
class ElbowChart(Chart):
    """The inertia over k, with its elbow.

    Attributes
    ----------
    elbow, elbow_from_2 : int or None
        Where the curve of the sweep bends most, over k from 1 and over k from 2.
    """

    elbow: int | None = None
    elbow_from_2: int | None = None
    metrics: ClassVar[tuple[str, ...]] = ("inertia",)

    @property
    def text(self) -> str:
        """Where the elbow is, and whether that depends on where the curve starts."""
        same = "the range does not matter here." if self.elbow == self.elbow_from_2 else "the range decides."
        return (
            f"Over k = 1 to {self.benchmark.k_max} the elbow is at {self.elbow}, "
            f"over k = 2 to {self.benchmark.k_max} at {self.elbow_from_2}: {same}"
        )

    @property
    def alt(self) -> str:
        """What the figure shows."""
        return f"Inertia over k, falling; the elbow is at k = {self.elbow}, with the bands of shops without segments."

    @property
    def caption(self) -> str:
        """Number of rows, how the elbow was computed, and how to read the bands."""
        return f"{self._rows} Elbow by Kneedle over k = 1 to {self.benchmark.k_max}. {self._bands}"

    @property
    def believed(self) -> bool:
        """Whether the inertia at the elbow is smaller than that of every null model, against the same box."""
        scores = self.benchmark.scores
        p = scores.loc[(scores["metric"] == "gap") & (scores["k"] == self.elbow), "p"].max()
        return bool(p <= ALPHA)

    def figure(self) -> Axes:
        """Draw the inertia over k."""
        from seglib.plots import plot_elbow

        return plot_elbow(self.table, self.elbow, k=self.k, believed=self.believed)


@dataclass(frozen=True)
class SilhouetteChart(Chart):
    """The mean silhouette over k."""

    metrics: ClassVar[tuple[str, ...]] = ("silhouette",)

    @property
    def text(self) -> str:
        """Where the mean silhouette is greatest."""
        silhouette = self._curve("silhouette")
        return f"The mean silhouette is greatest at k = {silhouette.idxmax()} ({silhouette.max():.2f})."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        silhouette = self._curve("silhouette")
        return f"Mean silhouette over k; the greatest, {silhouette.max():.2f}, is at k = {silhouette.idxmax()}."

    def figure(self) -> Axes:
        """Draw the mean silhouette over k."""
        from seglib.plots import plot_silhouette

        return plot_silhouette(self.table, float(self.benchmark.tests["p"].max()), k=self.k)


@dataclass(frozen=True)
class OtherCriteriaChart(Chart):
    """Calinski-Harabasz and Davies-Bouldin over k."""

    metrics: ClassVar[tuple[str, ...]] = ("calinski_harabasz", "davies_bouldin")

    @property
    def text(self) -> str:
        """Which k the two indices would choose."""
        greatest = self._curve("calinski_harabasz").idxmax()
        smallest = self._curve("davies_bouldin").idxmin()
        return f"Calinski-Harabasz is greatest at k = {greatest}, Davies-Bouldin smallest at k = {smallest}."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        return "Calinski-Harabasz and Davies-Bouldin indices over k, each with its best k and the bands."

    def figure(self) -> Figure:
        """Draw the two indices over k."""
        from seglib.plots import plot_other_criteria

        return plot_other_criteria(self.table, k=self.k)


@dataclass(frozen=True)
class OwnMetricChart(Chart):
    """A metric of the analyst's own over k.

    Attributes
    ----------
    metric : str
    """

    metric: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """The rows of `Benchmark.scores` that are drawn."""
        return self.benchmark.scores[self.benchmark.scores["metric"] == self.metric]

    @property
    def text(self) -> str:
        """At which k the shop exceeds every kind of shop without segments, or that it does so at none."""
        p = self.table.groupby("k")["p"].max()
        better = [str(k) for k in p.index[p <= ALPHA]]
        if p.isna().all():
            return f"{self._name} has no band: it could not be computed in every shop without segments."
        if not better:
            return f"{self._name} is nowhere greater than in shops without segments."
        return f"{self._name} is greater than in shops without segments at k = {', '.join(better)}, each k by itself."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        values = self._curve(self.metric)
        shown = ", ".join(f"{value:.3g} at k = {k}" for k, value in values.items())
        return f"{self._name} over k with bands: {shown}. {self.text}"

    @property
    def _name(self) -> str:
        return humanize(self.metric).capitalize()

    def figure(self) -> Axes:
        """Draw the metric over k."""
        from seglib.plots import plot_metric

        return plot_metric(self.table, self.metric, title=self.text.removesuffix("."), k=self.k)


@dataclass(frozen=True)
class GapChart(Chart):
    """The gap statistic over k, with its standard error."""

    metrics: ClassVar[tuple[str, ...]] = ("gap", "gap_error")

    @property
    def text(self) -> str:
        """Which k the gap statistic chooses."""
        none = ", which means no segments" if self.benchmark.gap_k == 1 else ""
        return f"The gap statistic chooses k = {self.benchmark.gap_k}{none}."

    @property
    def alt(self) -> str:
        """What the figure shows."""
        return f"Gap statistic over k; it chooses k = {self.benchmark.gap_k}."

    @property
    def caption(self) -> str:
        """Number of rows, and how to read error bars and bands."""
        return f"{self._rows} Error bars: one standard error of the reference. {self._bands}"

    def figure(self) -> Axes:
        """Draw the gap over k."""
        from seglib.plots import plot_gap

        return plot_gap(self.table, self.benchmark.gap_k, k=self.k)


@dataclass(frozen=True)
class StabilityChart(Chart):
    """Three measures of stability over k."""

    metrics: ClassVar[tuple[str, ...]] = ("segment_jaccard", "prediction_strength", "bootstrap_ari")

    @property
    def text(self) -> str:
        """For which k all segments come back."""
        return _which_come_back(self.benchmark)

    @property
    def alt(self) -> str:
        """What the figure shows."""
        numbers = ", ".join(_stable_k(self.benchmark)) or "none"
        return f"Three measures of stability over k with bands; all segments come back for k = {numbers}."

    @property
    def caption(self) -> str:
        """Number of rows, of samples and of splits, and what the bands are."""
        sizes = (
            f"{self.benchmark.n_rows:,} rows, {self.benchmark.n_samples} samples, {self.benchmark.n_splits} halvings"
        )
        return f"{sizes}. Bands: {self.benchmark.gradual}, as far as segments of the data come back."

    def figure(self) -> Figure:
        """Draw the three measures over k."""
        from seglib.plots import plot_stability

        return plot_stability(self.table, k=self.k)


@dataclass(frozen=True)
class SegmentFlowChart(Chart):
    """Where the rows of every segment go with one segment more, and how stable each segment is."""

    @property
    def table(self) -> pd.DataFrame:
        """`Benchmark.flows`."""
        return self.benchmark.flows

    @property
    def text(self) -> str:
        """For which k every segment comes back."""
        return _which_come_back(self.benchmark)

    @property
    def alt(self) -> str:
        """What the figure shows."""
        numbers = ", ".join(_stable_k(self.benchmark)) or "none"
        return f"Flow of rows from k to k + 1 segments; every segment comes back for k = {numbers}."

    @property
    def caption(self) -> str:
        """Number of rows, and which segments are filled."""
        return (
            f"{self._rows} Filled: mean Jaccard index of at least {STABLE:g} over {self.benchmark.n_samples} samples."
        )

    def figure(self) -> Axes:
        """Draw the flows."""
        from seglib.plots import plot_flow

        return plot_flow(self.benchmark.segments, self.benchmark.flows, k=self.k)


def _stable_k(benchmark: Benchmark) -> list[str]:
    """Return every k for which all segments come back."""
    jaccard = benchmark.of("segment_jaccard")["value"]
    return [str(k) for k in jaccard.index[jaccard >= STABLE]]


def _which_come_back(benchmark: Benchmark) -> str:
    stable = _stable_k(benchmark)
    if not stable:
        return "For no number of segments do all of them come back."
    return f"All segments come back for k = {', '.join(stable)}."


@dataclass(frozen=True)
class AtAGlance:
    """A few measures of one k beside what shops without segments reach.

    Attributes
    ----------
    table : pandas.DataFrame
        metric, value, reached (the greatest 95% point of all null models), beyond.
    k : int
    headline : str
        Of the verdict.
    n_rows, n_null : int
        Rows of the matrix, and simulated shops of each null model.
    """

    table: pd.DataFrame
    k: int
    headline: str
    n_rows: int
    n_null: int

    @property
    def text(self) -> str:
        """The headline of the verdict, and in which measures this shop goes beyond shops without segments."""
        return ENGLISH.glance(self.record, self.headline, self.k).alt

    @property
    def alt(self) -> str:
        """What the figure shows."""
        return self.text

    @property
    def caption(self) -> str:
        """Number of segments, rows and simulated shops."""
        return ENGLISH.glance(self.record, self.headline, self.k).caption

    @property
    def record(self) -> GlanceRecord:
        """The numbers of the picture, with which the first page draws it in its own words."""
        rows = self.table.itertuples()
        measures = tuple(MeasureRecord(row.metric, float(row.value), float(row.reached)) for row in rows)
        return GlanceRecord(measures, self.n_rows, self.n_null)

    def figure(self) -> Axes:
        """Draw the measures beside what shops without segments reach."""
        from seglib.plots import plot_verdict

        return plot_verdict(self.table)


def at_a_glance(benchmark: Benchmark, k: int, verdict: Verdict) -> AtAGlance:
    """Compare a few measures of one k with what shops without segments reach.

    Parameters
    ----------
    benchmark : Benchmark
    k : int
    verdict : Verdict

    Returns
    -------
    AtAGlance
    """
    rows = benchmark.scores[(benchmark.scores["k"] == k) & benchmark.scores["null_high"].notna()]
    table = rows.groupby("metric").agg(value=("value", "first"), reached=("null_high", "max"))
    table = table.reindex([metric for metric in AT_A_GLANCE if metric in table.index]).reset_index()
    if (valley := _valley_at_a_glance(benchmark, k)) is not None:
        table.loc[len(table)] = valley
    table = table.assign(beyond=table["value"] > table["reached"])
    return AtAGlance(table, k, verdict.headline, benchmark.n_rows, benchmark.n_null)


def _valley_at_a_glance(benchmark: Benchmark, k: int) -> tuple[str, float, float] | None:
    """Return the least clear valley of one k beside what it must go beyond, as shares of the greatest dip.

    A verdict may rest on valleys alone, and a picture without them would contradict it. They must go beyond the null
    models and beyond what chance makes within one group (`seglib.stats.dip_p_value`).
    """
    by_k = evidence_by_k(benchmark)
    if k not in by_k.index or pd.isna(by_k.loc[k, "valley_high"]):
        return None
    unit = GREATEST_DIP * np.sqrt(benchmark.n_rows)
    dips = np.linspace(0, GREATEST_DIP, 1_001)
    by_chance = dips[dip_p_value(dips, benchmark.n_rows) > ALPHA].max()
    reached = max(by_k.loc[k, "valley_high"] / unit, by_chance / GREATEST_DIP)
    return "valley", float(by_k.loc[k, "valley"] / unit), float(min(reached, 1))


@dataclass(frozen=True)
class Charts:
    """What 04 shows of a benchmark, one result per figure.

    Attributes
    ----------
    benchmark : Benchmark
    sweep : Sweep
        Of all rows; the elbow is read off its inertia.
    choice : Choice
        The chosen k is marked in every chart.
    verdict : Verdict
    """

    benchmark: Benchmark
    sweep: Sweep
    choice: Choice
    verdict: Verdict

    @property
    def greatest_silhouette(self) -> GreatestSilhouette:
        """The greatest silhouette over all k beside the same of every null model."""
        return GreatestSilhouette(self.benchmark, self.verdict)

    @property
    def elbow(self) -> ElbowChart:
        """The inertia over k, with its elbow."""
        scores = self.sweep.table
        return ElbowChart(self.benchmark, self.choice.k, elbow=elbow(scores), elbow_from_2=elbow(scores, k_min=2))

    @property
    def silhouette(self) -> SilhouetteChart:
        """The mean silhouette over k."""
        return SilhouetteChart(self.benchmark, self.choice.k)

    @property
    def other_criteria(self) -> OtherCriteriaChart:
        """Calinski-Harabasz and Davies-Bouldin over k."""
        return OtherCriteriaChart(self.benchmark, self.choice.k)

    def own_metric(self, name: str) -> OwnMetricChart:
        """Return one of the analyst's own metrics over k (``metrics`` of `seglib.k_selection.benchmark`).

        Raises
        ------
        ParameterRefused
            If the benchmark has no such metric.
        """
        names = self.benchmark.own_metrics
        if name not in names:
            known_names = f": {join_words(list(names))}" if names else ""
            raise ParameterRefused(
                f"'{name}' is none of the metrics that were given to the benchmark{known_names}", parameter="metrics"
            )
        return OwnMetricChart(self.benchmark, self.choice.k, name)

    @property
    def gap(self) -> GapChart:
        """The gap statistic over k."""
        return GapChart(self.benchmark, self.choice.k)

    @property
    def stability(self) -> StabilityChart:
        """Three measures of stability over k."""
        return StabilityChart(self.benchmark, self.choice.k)

    @property
    def flow(self) -> SegmentFlowChart:
        """Where the rows of every segment go with one segment more."""
        return SegmentFlowChart(self.benchmark, self.choice.k)

    @property
    def example(self) -> ExampleChart:
        """The data beside one shop of the first null model."""
        return example_chart(self.benchmark.X, self.benchmark.examples[0], self.benchmark.gradual)

    @property
    def valleys(self) -> ValleyChart:
        """Customers along the lines between neighbouring segments, beside simulated shops."""
        k, benchmark = self.choice.k, self.benchmark
        labels, of_null = benchmark.observed.labels[k - 1], []
        for number, example in enumerate(benchmark.examples):
            rows = Rows(example)
            fit = best_starts(rows, k, np.random.default_rng(number), n_init=2)[-1]
            of_null.append(valleys(rows.X, fit.labels, fit.centres))
        centres = np.array([benchmark.X[labels == segment].mean(axis=0) for segment in range(k)])
        hardest = benchmark.scores[(benchmark.scores["metric"] == "valley") & (benchmark.scores["k"] == k)]
        null = hardest.loc[hardest["p"].idxmax(), "null"]
        rank = np.empty(k, dtype=np.int64)
        rank[np.argsort(-np.bincount(labels, minlength=k), kind="stable")] = np.arange(k)
        return valley_chart_from_arrays(
            valleys(benchmark.X, labels, centres),
            stacked_densities(of_null),
            benchmark.simulated[null]["valley"][:, k - 1],
            letters=[letter(int(place)) for place in rank],
            n_rows=benchmark.n_rows,
        )

    @property
    def at_a_glance(self) -> AtAGlance:
        """A few measures of the chosen k beside what shops without segments reach."""
        return at_a_glance(self.benchmark, self.choice.k, self.verdict)
