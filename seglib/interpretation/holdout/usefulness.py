"""The second part of the verdict: whether the segments are useful, and the advice that follows from both parts."""

from __future__ import annotations

from dataclasses import replace

from seglib.interpretation.holdout.predictive_gain import NOT_SAID, NOT_SHOWN, USEFUL, PredictiveGain
from seglib.schema.records import VerdictRecord

RULES_INSTEAD = (
    "Prefer simple rules that anybody can follow, such as how recently and how often a customer was there: for what "
    "customers do next they say as much."
)

TREAT_ALIKE = (
    "Nothing here predicts what customers do next. Treat all customers alike, and test one offer on a random half of "
    "them."
)

"""Advice where neither segments nor recency, frequency and money predict anything, whatever the structure."""

ADVICE: dict[tuple[str, str], str] = {
    ("natural", USEFUL): "You can plan with these segments: they are there, and they tell what customers do next.",
    ("natural", NOT_SHOWN): "The clumps are there, and describe your customers. To choose whom to write to, recency "
    "and frequency say as much.",
    ("reproducible", USEFUL): "You can work with these segments as with age groups: where one ends is a choice, but "
    "they tell what customers do next. Treat customers near a border alike.",
    ("reproducible", NOT_SHOWN): "You can describe customers with these segments as with age groups. To choose whom "
    "to write to, recency and frequency say as much.",
    ("constructed", USEFUL): "The segments are cut as price brackets are, and yet they tell what "
    "customers do next: use them for that, and do not read a character into a segment.",
    ("constructed", NOT_SHOWN): f"{RULES_INSTEAD} If you do use these segments, choose as many as you can serve, and "
    "do not read a character into one.",
}
"""Advice by structure and usefulness. Where usefulness cannot be said, the advice on structure stands."""


ALIKE = "Treat all customers alike, and test one offer on a random half."

BY_HABIT = "Choose whom to write to by how recently and how often they came. Test the ideas below."

BY_HABIT_ALIKE = "Choose whom to write to by how recently and how often they came. Test one offer on a random half."

MONDAY: dict[tuple[str, str], str] = {
    ("natural", USEFUL): "Plan one offer per group, and test each beside its comparison group.",
    ("natural", NOT_SHOWN): BY_HABIT,
    ("natural", NOT_SAID): "Try one offer per group, each beside its comparison group.",
    ("reproducible", USEFUL): "Plan one offer per group, and treat customers near a border alike.",
    ("reproducible", NOT_SHOWN): BY_HABIT,
    ("reproducible", NOT_SAID): "Try one offer per group, and treat customers near a border alike.",
    ("constructed", USEFUL): "Use the groups to foresee what customers do, not as types of people.",
    ("constructed", NOT_SHOWN): BY_HABIT_ALIKE,
    ("constructed", NOT_SAID): ALIKE,
}
"""What to do first, by structure and usefulness; `ALIKE` where nothing predicts anything."""


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
    advice = TREAT_ALIKE if gain.nothing_predicts else ADVICE.get((verdict.weakest, gain.label), verdict.advice)
    monday = ALIKE if gain.nothing_predicts else MONDAY.get((verdict.weakest, gain.label), ALIKE)
    return replace(
        verdict,
        useful=gain.label,
        use=gain.text,
        use_claim=gain.claim,
        use_lead=gain.lead,
        advice=advice,
        monday=monday,
    )
