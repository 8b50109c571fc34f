"""The second part of the verdict: whether the segments are useful, and the advice that follows from both parts."""

from __future__ import annotations

from dataclasses import replace

from seglib.interpretation.holdout.predictive_gain import PredictiveGain
from seglib.schema.records import VerdictRecord
from seglib.style import ADVICE, MONDAY

ALIKE = "alike"
"""The key of the texts where nothing predicts anything."""


def with_usefulness(verdict: VerdictRecord, gain: PredictiveGain) -> VerdictRecord:
    """Complete the verdict: structure is from 04, usefulness is from what customers did next.

    Parameters
    ----------
    verdict : VerdictRecord
        Of ``choice.json``.
    gain : PredictiveGain

    Returns
    -------
    VerdictRecord
        With ``useful`` (useful, not shown to be useful, or cannot be said), ``use`` (the answer in plain words),
        ``use_claim`` (the same without numbers), ``use_lead`` (its first sentence), ``advice`` (what follows from
        both) and ``monday`` (what to do first, in a short sentence).
    """
    key = ALIKE if gain.nothing_predicts else f"{verdict.weakest}, {gain.label}"
    first = key if key in MONDAY else ALIKE
    keys = verdict.keys | {"monday": first, "use": gain.key}
    advice = verdict.advice
    if key in ADVICE:  # where usefulness cannot be said, the advice on structure stands
        advice, keys = ADVICE[key], keys | {"advice": key}
    return replace(
        verdict,
        useful=gain.label,
        use=gain.text,
        use_claim=gain.claim,
        use_lead=gain.lead,
        advice=advice,
        monday=MONDAY[first],
        keys=keys,
    )
