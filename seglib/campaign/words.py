"""08 What may be said of an effect: it worked, it did not work, or it cannot be said. Every sentence is made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seglib.campaign.planning import Plan
from seglib.style import each, format_number, join_words, p_value

WORKED, DID_NOT, UNKNOWN = "worked", "did not work", "cannot be said"

LEVEL = 0.05
"""Of every claim, after Holm."""

PRINTED = ["outcome", "did it work?", "written to", "control group", "difference", "from", "to"]
"""The columns of `row_of`."""


@dataclass(frozen=True)
class Conclusion:
    """What may be said of one outcome.

    Attributes
    ----------
    label : {"worked", "did not work", "cannot be said"}
    claim : str
        What was seen, and what it means, without a word of statistics.
    segments_claim : str
        Whether segments answer differently, likewise.
    next_step : str
        What to do, and what it would cost to know more.
    margin : float
        What is as good as no effect, in units of the outcome.
    evidence : str
        The tests behind it, for analysts.
    """

    label: str
    claim: str
    segments_claim: str
    next_step: str
    margin: float
    evidence: str = ""


def label_of(effect: float, low: float, high: float, p: float, margin: float) -> str:
    """Say in one word what an effect and its interval allow.

    Parameters
    ----------
    effect, low, high : float
        With its 95% interval.
    p : float
        Of no effect, after Holm.
    margin : float
        What is as good as no effect, 0 or more.

    Returns
    -------
    str
        ``worked``: more than chance gives. ``did not work``: less than nothing by more than chance gives, or the whole
        interval lies within the margin. ``cannot be said``: neither.

    Examples
    --------
    >>> label_of(0.03, 0.01, 0.05, 0.004, 0.01), label_of(0.001, -0.004, 0.006, 0.7, 0.01)
    ('worked', 'did not work')
    >>> label_of(0.02, -0.01, 0.05, 0.2, 0.01)
    'cannot be said'
    """
    if p < LEVEL:
        return WORKED if effect > 0 else DID_NOT
    return DID_NOT if -margin <= low and high <= margin else UNKNOWN


def conclude(
    kind: str,
    overall: pd.Series,
    by_segment: pd.DataFrame,
    *,
    p: float,
    q: tuple[float, float],
    margin: float,
    plan: Plan,
) -> Conclusion:
    """Say what may be said of one outcome.

    Parameters
    ----------
    kind : {"share", "mean"}
    overall : pandas.Series
        The row of all together (`seglib.campaign.effects.Effects`).
    by_segment : pandas.DataFrame
        The rows of segments, with a column p_holm.
    p : float
        Of no effect, after Holm over outcomes.
    q : tuple of float
        Cochran's Q, and its p-value after Holm over outcomes.
    margin : float
        As a part of the value of the control group.
    plan : Plan
        What a test needs that sees the margin, of all together.
    """
    least = margin * abs(overall["control_value"])
    label = label_of(overall["effect"], overall["low"], overall["high"], p, least)
    differ = q[1] < LEVEL
    return Conclusion(
        label,
        f"{_seen(overall, kind)} {_meaning(label, overall, kind, least, margin)}",
        _on_segments(by_segment, kind, q, margin),
        _next(label, overall, kind, least, plan, differ),
        least,
        _evidence(overall, kind, p, q),
    )


def row_of(outcome: str, kind: str, overall: pd.Series, conclusion: Conclusion) -> tuple[str, ...]:
    """Write an outcome as a line of a table: `PRINTED`.

    Parameters
    ----------
    outcome : str
    kind : {"share", "mean"}
    overall : pandas.Series
        As in `conclude`.
    conclusion : Conclusion
    """
    values = [_value(overall[name], kind) for name in ("treated_value", "control_value")]
    ends = ("–", "–") if np.isnan(overall["low"]) else _ends(overall, kind)
    return outcome, conclusion.label, *values, _change(overall["effect"], kind), *ends


def nothing_varies(value: float, kind: str) -> Conclusion:
    """Say that everybody has the same value."""
    claim = f"Everybody has the same value ({_value(value, kind)}), on both sides: no difference can be read."
    return Conclusion(UNKNOWN, claim, "", "Check whether this outcome was recorded at all.", float("nan"))


def too_small() -> Conclusion:
    """Say that no segment has two arms that are large enough."""
    return Conclusion(
        UNKNOWN,
        "In no segment do both sides have enough customers to be compared.",
        "",
        "Draw a larger control group next time.",
        float("nan"),
    )


def _seen(overall: pd.Series, kind: str) -> str:
    """Say what both arms did, by how much they differ, and from where to where the effect may really be."""
    treated, control = (_value(overall[name], kind) for name in ("treated_value", "control_value"))
    if kind == "share":
        values = f"{treated} of those who were written to, {control} of the control group"
    else:
        values = f"On average {treated} for each of those who were written to, {control} for each of the control group"
    difference = f"{values}: a difference of {_change(overall['effect'], kind)}."
    if np.isnan(overall["low"]):
        return f"{difference} There are too few customers to say how far from the real effect that may be."
    return f"{difference} The real effect may be anything from {_range(overall, kind)}."


def _meaning(label: str, overall: pd.Series, kind: str, margin: float, part: float) -> str:
    matters = f"{_amount(margin, kind)}, the least that matters ({part:.0%} of what the control group has)"
    if label == WORKED:
        if overall["low"] < margin:
            return f"It did something; whether that is more than {matters}, is open."
        return f"It did something, and more than {matters}."
    if label == DID_NOT and overall["high"] < 0:
        return "It did harm: they would have done more without it."
    if label == DID_NOT:
        return f"Whatever it did is less than {matters}."
    return f"That may be chance; an effect of {matters}, is neither shown nor excluded."


def _evidence(overall: pd.Series, kind: str, p: float, q: tuple[float, float]) -> str:
    """Name the tests behind a conclusion."""
    no_interval = np.isnan(overall["low"])
    interval = "no interval: too few customers" if no_interval else f"95% interval {_range(overall, kind)}"
    differ = "" if np.isnan(q[1]) else f"; segments: Cochran's Q = {q[0]:.1f}, {p_value(q[1])}"
    return f"{interval}, {p_value(p)}{differ} (p after Holm over outcomes)."


def _next(label: str, overall: pd.Series, kind: str, margin: float, plan: Plan, differ: bool) -> str:
    if label == WORKED:
        whom = "Go on with the segments in which it worked" if differ else "Go on, and write to everybody like them"
        return f"{whom}; keep a control group, so that you see when it stops working."
    if label == DID_NOT:
        return "Stop it, or change the offer. A larger test of the same offer would not change this answer."
    advice = "Decide nothing from this test."
    if plan.table.empty:
        return f"{advice} {' '.join(plan.left_out)}".strip()
    row = plan.table.iloc[0]
    n = int(row["customers"] + row["control"])
    cost = (
        f"To see {_amount(margin, kind)}, a test needs {row['needed']:,} customers with a control group of this "
        "share, or "
        f"{row['needed_half']:,} if half of them are control; this one had {n:,}"
    )
    if row["needed"] <= n:
        return f"{advice} {cost}: repeat it as it is."
    rounds = int(row["rounds"])
    return f"{advice} {cost}. That is {rounds:,} campaigns of this size, each with other customers."


def _on_segments(by_segment: pd.DataFrame, kind: str, q: tuple[float, float], margin: float) -> str:
    """Say whether segments answer differently; single ones are named only if they do."""
    p = q[1]
    if len(by_segment) < 2:
        return ""
    if np.isnan(p):
        return "Whether segments answer differently cannot be said: too few of them can be compared."
    if p >= LEVEL:
        return (
            "No segment is shown to answer in another way: what they differ by may be chance. Take the effect of all "
            "together for each of them."
        )
    labels = {
        row.segment: label_of(row.effect, row.low, row.high, row.p_holm, margin * abs(row.control_value))
        for row in by_segment.itertuples()
        if not np.isnan(row.effect)
    }
    groups = [
        f"{join_words([letter for letter, given in labels.items() if given == label])}: {label}"
        for label in (WORKED, DID_NOT, UNKNOWN)
        if label in labels.values()
    ]
    effects = by_segment.set_index("segment")["effect"].dropna()
    effects = 100 * effects if kind == "share" else effects
    unit = "in points" if kind == "share" else "on average"
    return (
        f"Segments answer differently, by more than chance gives. {'; '.join(groups)}. Differences {unit}: "
        f"{each(effects, '{:+.1f}' if kind == 'share' else '{:+.2f}')}."
    )


def _value(value: float, kind: str) -> str:
    """Write a share or a mean.

    >>> _value(0.1234, "share"), _value(0.00573, "share"), _value(1.4226, "mean")
    ('12.3%', '0.57%', '1.42')
    """
    if np.isnan(value):
        return "–"
    if kind == "mean":
        return format_number(value)
    return f"{value:.2%}" if abs(value) < 0.02 else f"{value:.1%}"


def _amount(value: float, kind: str) -> str:
    """Write a difference without its sign.

    >>> _amount(0.0123, "share"), _amount(0.0006, "share"), _amount(0.597, "mean")
    ('1.2 points', '0.06 points', '0.60')
    """
    if kind == "mean":
        return format_number(abs(value))
    points = abs(100 * value)
    return f"{points:.1f} points" if points >= 1 else f"{points:.2f} points"


def _change(value: float, kind: str) -> str:
    """Write a difference with its sign.

    >>> _change(-0.0123, "share"), _change(0.0, "mean"), _change(float("nan"), "mean")
    ('-1.2 points', '0', '–')
    """
    if np.isnan(value):
        return "–"
    if value == 0:
        return "0"
    return f"{'-' if value < 0 else '+'}{_amount(value, kind)}"


def _range(row: pd.Series, kind: str) -> str:
    """Write from where to where.

    >>> _range(pd.Series({"low": 0.0091, "high": 0.157}), "share")
    '+0.9 to +15.7 points'
    >>> _range(pd.Series({"low": -1.5, "high": 0.0}), "mean")
    '-1.50 to 0'
    """
    low, high = _ends(row, kind)
    return f"{low} to {high}" if kind == "mean" else f"{low} to {high} points"


def _ends(row: pd.Series, kind: str) -> tuple[str, str]:
    """Write both ends, with as many digits; those of a share in points."""
    if kind == "mean":
        return _change(row["low"], kind), _change(row["high"], kind)
    digits = 1 if 100 * max(abs(row["low"]), abs(row["high"])) >= 1 else 2
    low, high = (f"{100 * end:+.{digits}f}" if end else "0" for end in (row["low"], row["high"]))
    return low, high


def headline(labels: Sequence[tuple[str, str]]) -> str:
    """Say in one sentence what the test says.

    Parameters
    ----------
    labels : sequence of (str, str)
        Outcome and label.

    Examples
    --------
    >>> headline([("visit", "worked"), ("spend", "cannot be said")])
    'It worked on visit; whether it worked on spend cannot be said.'
    """
    groups = {label: [outcome for outcome, given in labels if given == label] for label in (WORKED, DID_NOT, UNKNOWN)}
    parts = {
        WORKED: "it worked on {}",
        DID_NOT: "it did not work on {}",
        UNKNOWN: "whether it worked on {} cannot be said",
    }
    sentence = "; ".join(parts[label].format(join_words(names)) for label, names in groups.items() if names)
    sentence = sentence or "nothing was read"
    return f"{sentence[0].upper()}{sentence[1:]}."
