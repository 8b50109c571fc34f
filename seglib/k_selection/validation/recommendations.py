"""What each criterion would choose, and why it is believed or not."""

from __future__ import annotations

import pandas as pd

from seglib.k_selection.validation.benchmark import Benchmark
from seglib.k_selection.validation.verdict import ALPHA, STABLE, Verdict, evidence_by_k
from seglib.style import p_value

WELL_PREDICTED = 0.8
"""Prediction strength from which on its authors call a number of clusters well supported."""


def recommendations(votes: pd.DataFrame, battery: Benchmark, verdict: Verdict) -> pd.DataFrame:
    """Lay side by side what each criterion would choose, and whether shops without segments give the same.

    Parameters
    ----------
    votes : pandas.DataFrame
        `seglib.k_selection.votes`: criterion, k, reading.
    battery : Battery
    verdict : Verdict

    Returns
    -------
    pandas.DataFrame
        criterion, k (missing if it names none), reading, believed, because.
    """
    lines = []
    for row in votes.itertuples():
        metric = "gap" if row.criterion.startswith("elbow") else row.criterion
        lines.append((row.criterion, row.k, row.reading, *_beside_nulls(battery, metric, row.k)))
    gap_k = battery.gap_k
    if gap_k == 1:
        of_gap = True, "it can say that there are no segments, and does"
    else:
        of_gap = _beside_nulls(battery, "gap", gap_k)
    lines.append(("gap", gap_k, "the first gap that the next one does not exceed by its error", *of_gap))
    strength, stable = battery.of("prediction_strength")["value"], battery.of("segment_jaccard")["value"]
    agreement = battery.of("bootstrap_ari")["value"]
    for name, picked, reading in [
        ("prediction_strength", _last(strength >= WELL_PREDICTED), f"the largest k with at least {WELL_PREDICTED:g}"),
        ("segment_jaccard", _last(stable >= STABLE), f"the largest k with all segments at least {STABLE:g}"),
        ("bootstrap_ari", int(agreement.idxmax()), "the greatest agreement of two samples"),
    ]:
        lines.append((name, picked, reading, *_beside_nulls(battery, name, picked)))
    star = verdict.k_star
    supported = star is not None and bool(evidence_by_k(battery).loc[star, "supported"])
    why = {
        True: "segments come back, one half predicts the other, and the silhouette exceeds most",
        False: "segments come back, but one half predicts the other no better than without segments",
    }[supported]
    because = why if star else "for no k do all segments come back"
    lines.append(("all evidence together", star, "k* of the verdict", supported, because))
    table = pd.DataFrame(lines, columns=["criterion", "k", "reading", "believed", "because"])
    return table.astype({"k": "Int64", "believed": bool})


AT_A_GLANCE = ("segment_jaccard", "prediction_strength", "silhouette")
"""Measures that end at 1 and can be told in a sentence."""


def at_a_glance(battery: Benchmark, k: int) -> pd.DataFrame:
    """Put a few measures of one k beside what shops without segments reach.

    Parameters
    ----------
    battery : Battery
    k : int

    Returns
    -------
    pandas.DataFrame
        metric, value, reached (the greatest 95% quantile of any kind of shop without segments), beyond.
    """
    rows = battery.scores[(battery.scores["k"] == k) & battery.scores["null_high"].notna()]
    table = rows.groupby("metric").agg(value=("value", "first"), reached=("null_high", "max"))
    table = table.reindex([metric for metric in AT_A_GLANCE if metric in table.index]).reset_index()
    return table.assign(beyond=table["value"] > table["reached"])


def assess_k(k: int, battery: Benchmark) -> str:
    """Say in a sentence what the evidence says of one number of segments, whoever chose it."""
    if k not in battery.of("segment_jaccard").index:
        return f"k = {k} was not compared with shops without segments."
    at = evidence_by_k(battery).loc[k]
    there = "" if pd.isna(at["jaccard_null"]) else f"; without segments {at['jaccard_null']:.2f}"
    parts = [
        f"the least stable segment {'comes back' if at['stable'] else 'does not come back'} "
        f"(Jaccard {at['jaccard']:.2f}{there})",
        f"one half {'predicts the other better' if at['predicted'] else 'predicts the other no better'} than without "
        f"segments ({at['prediction']:.2f}, there up to {at['prediction_high']:.2f})",
        f"its silhouette is {abs(at['excess']):.3f} {'above' if at['excess'] > 0 else 'below'} theirs",
    ]
    small = "" if at["large_enough"] else f" Its smallest segment has only {at['smallest_share']:.1%} of the rows."
    return f"With k = {k}, {parts[0]}, {parts[1]}, and {parts[2]}.{small}"


def _beside_nulls(battery: Benchmark, metric: str, k: int | None) -> tuple[bool, str]:
    """Say whether a metric at k beats every kind of shop it was compared with."""
    if k is None or pd.isna(k) or k < 2:
        return False, "it names none"
    rows = battery.scores[(battery.scores["metric"] == metric) & (battery.scores["k"] == k)]
    p = rows["p"].max()
    if pd.isna(p):
        return False, "it was not compared with shops without segments"
    believed = bool(p <= ALPHA)
    return believed, f"shops without segments {'do worse there' if believed else 'do as well there'} ({p_value(p)})"


def _last(holds: pd.Series) -> int | None:
    return int(holds.index[holds][-1]) if holds.any() else None
