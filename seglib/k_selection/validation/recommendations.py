"""What each criterion would choose, whether it is believed, and what the evidence says of one k."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from seglib.k_selection.validation.benchmark import STABLE, WELL_PREDICTED, Benchmark
from seglib.k_selection.validation.evidence import ALPHA, SMALLEST, Evidence, evidence_of
from seglib.k_selection.validation.verdict import Verdict
from seglib.k_selection.validation.verdict_words import number_of_segments
from seglib.style import humanize, join_words, p_value


class Recommendation(NamedTuple):
    """What one criterion would choose.

    Attributes
    ----------
    criterion : str
    k : int or None
        None if the criterion names none.
    reading : str
        How k is read off the curve of the criterion.
    believed : bool
        Whether shops without segments do worse at this k.
    because : str
        Why it is believed or not.
    """

    criterion: str
    k: int | None
    reading: str
    believed: bool
    because: str


@dataclass(frozen=True)
class Recommendations:
    """What each criterion would choose.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per criterion, the fields of `Recommendation`.
    """

    table: pd.DataFrame

    @property
    def printed(self) -> pd.DataFrame:
        """The table with the names of the criteria in words."""
        return self.table.assign(criterion=self.table["criterion"].map(humanize))

    @property
    def text(self) -> str:
        """How many criteria name a k at which shops without segments do worse, and which k."""
        believed = self.table[self.table["believed"] & (self.table["k"] > 1)]
        named = [str(k) for k in sorted(set(believed["k"].dropna()))]
        these = f" ({join_words(named)})" if named else ""
        return (
            f"Of {len(self.table)} criteria, {len(believed)} name a k at which shops without segments do worse{these}."
        )


def recommendations(votes: pd.DataFrame, benchmark: Benchmark, verdict: Verdict) -> Recommendations:
    """Compare what each criterion would choose with what it would choose in shops without segments.

    Parameters
    ----------
    votes : pandas.DataFrame
        `seglib.k_selection.criteria.choice.Choice.table`: criterion, k, reading.
    benchmark : Benchmark
    verdict : Verdict

    Returns
    -------
    Recommendations
    """
    rows = []
    for vote in votes.itertuples():
        metric = "gap" if vote.criterion.startswith("elbow") else vote.criterion
        rows.append(_recommendation(benchmark, vote.criterion, vote.k, vote.reading, metric=metric))
    reading = "the first gap that the next one does not exceed by its error"
    if benchmark.gap_k == 1:
        because = "it can say that there are no segments, and does"
        rows.append(Recommendation("gap", 1, reading, True, because))
    else:
        rows.append(_recommendation(benchmark, "gap", benchmark.gap_k, reading))
    strength, jaccard = benchmark.of("prediction_strength")["value"], benchmark.of("segment_jaccard")["value"]
    largest_predicted, largest_stable = _largest(strength >= WELL_PREDICTED), _largest(jaccard >= STABLE)
    most_agreement = int(benchmark.of("bootstrap_ari")["value"].idxmax())
    rows += [
        _recommendation(
            benchmark, "prediction_strength", largest_predicted, f"the largest k with at least {WELL_PREDICTED:g}"
        ),
        _recommendation(
            benchmark, "segment_jaccard", largest_stable, f"the largest k with all segments at least {STABLE:g}"
        ),
        _recommendation(benchmark, "bootstrap_ari", most_agreement, "the greatest agreement of two samples"),
        _all_evidence(verdict),
    ]
    return Recommendations(pd.DataFrame(rows, columns=Recommendation._fields).astype({"k": "Int64", "believed": bool}))


def assess_k(k: int, benchmark: Benchmark) -> str:
    """Say in a sentence what the evidence says of one number of segments, whoever chose it."""
    by_k = evidence_of(benchmark).by_k
    if k not in by_k.index:
        return f"k = {k} was not compared with shops without segments."
    at = by_k.loc[k]
    null = "" if pd.isna(at["jaccard_null"]) else f"; without segments {at['jaccard_null']:.2f}"
    parts = [
        f"the least stable segment {'comes back' if at['stable'] else 'does not come back'} in resampled data "
        f"(Jaccard {at['jaccard']:.2f}{null})",
    ]
    if pd.notna(at["prediction_high"]):
        numbers = f"({at['prediction']:.2f}, there up to {at['prediction_high']:.2f})"
        if at["predicted"]:
            parts.append(f"one half predicts the other better than without segments {numbers}")
        elif at["prediction"] > at["prediction_high"]:  # beyond at this k, but the best of several proves nothing
            parts.append(
                "with several k tried, one half was not shown to predict the other better than without segments "
                f"{numbers}"
            )
        else:
            parts.append(f"one half predicts the other no better than without segments {numbers}")
    decides = ", which decides" if at["clear"] and at["excess"] <= 0 else ""
    parts += [
        f"its silhouette is {abs(at['excess']):.3f} {'above' if at['excess'] > 0 else 'below'} theirs",
        f"there is {'a' if at['clear'] else 'no'} valley between all neighbouring segments{decides}",
    ]
    small = ""
    if at["smallest_share"] < SMALLEST:
        small = f" Its smallest segment has only {at['smallest_share']:.1%} of the rows."
    return f"With k = {k}, {join_words(parts)}.{small}"


def _recommendation(
    benchmark: Benchmark, criterion: str, k: int | None, reading: str, *, metric: str | None = None
) -> Recommendation:
    """Believe a criterion where its metric at k beats every null model that it was compared with."""
    if k is None or pd.isna(k) or k < 2:
        return Recommendation(criterion, k, reading, False, "it names none")
    scores = benchmark.scores
    p = scores.loc[(scores["metric"] == (metric or criterion)) & (scores["k"] == k), "p"].max()
    if pd.isna(p):
        return Recommendation(criterion, k, reading, False, "it was not compared with shops without segments")
    believed = bool(p <= ALPHA)
    because = f"shops without segments {'do worse there' if believed else 'do as well there'} ({p_value(p)})"
    return Recommendation(criterion, k, reading, believed, because)


def _all_evidence(verdict: Verdict) -> Recommendation:
    """Return the k of the verdict, and why it is that one."""
    evidence: Evidence = verdict.weighed
    if verdict.k_star is not None:
        because = "of the k whose segments come back it describes the data best"
        if len(verdict.k_range) > 1:
            because += f"; {number_of_segments(verdict.k_range)} cannot be told apart"
    elif not evidence.stable_k:
        because = "for no k do all segments come back"
    elif not evidence.supported_k:
        because = "segments come back, but no better than where customers differ gradually"
    else:
        because = "the evidence is not enough"
    return Recommendation(
        "all evidence together", verdict.k_star, "k* of the verdict", verdict.k_star is not None, because
    )


def _largest(holds: pd.Series) -> int | None:
    return int(holds.index[holds][-1]) if holds.any() else None
