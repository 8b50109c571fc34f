"""The second axis of the verdict: are the segments useful, and what follows from both axes together?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seglib.interpretation.holdout.predictive_gain import PredictiveGain

USEFUL, NOT_SHOWN, NOT_SAID = "useful", "not shown to be useful", "cannot be said"

RULES_INSTEAD = (
    "Prefer simple rules that anybody can follow, such as how recently and how often a customer was there: for what "
    "customers do next they say as much."
)

ADVICE: dict[tuple[str, str], str] = {
    ("natural", USEFUL): "You can plan with these segments: they are there, and they tell what customers do next.",
    ("natural", NOT_SHOWN): "The groups are there, and describe your customers. To choose whom to write to, recency "
    "and frequency say as much.",
    ("reproducible", USEFUL): "You can work with these segments as with age groups: where one ends is a choice, but "
    "they tell what customers do next. Treat customers near a border alike.",
    ("reproducible", NOT_SHOWN): "You can describe customers with these segments as with age groups. To choose whom "
    "to write to, recency and frequency say as much.",
    ("constructed", USEFUL): "The segments are cut by the method, as price brackets are, and yet they tell what "
    "customers do next: use them for that, and do not read a character into a segment.",
    ("constructed", NOT_SHOWN): f"{RULES_INSTEAD} If you do use these segments, choose as many as you can serve, and "
    "do not read a character into one.",
}
"""What follows, by structure and use; where use cannot be said, what the verdict on structure says stands."""


def with_usefulness(verdict: Mapping[str, Any], gain: PredictiveGain) -> dict[str, Any]:
    """Complete the verdict: on structure by 04, on use by what customers did next.

    Parameters
    ----------
    verdict : mapping
        ``verdict`` of ``choice.json``: structure, advice, and so on.
    gain : Gain

    Returns
    -------
    dict
        The same with ``useful`` (useful, not shown to be useful, or cannot be said), ``use`` (the answer in plain
        words) and ``advice`` (what follows from both).
    """
    useful = NOT_SAID if gain.useful is None else USEFUL if gain.useful else NOT_SHOWN
    advice = ADVICE.get((verdict["structure"], useful), verdict["advice"])
    return {**verdict, "useful": useful, "use": gain.text, "advice": advice}
