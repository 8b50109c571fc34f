"""The rules in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from seglib.interpretation.surrogate_tree.tree import Bounds, Question, TreePath, by_column
from seglib.schema.features import Feature
from seglib.style import ENGLISH, Vocabulary, Wording

MONEY = ("spend_per_month", "spend")
"""Features that are amounts of money."""


def conditions(
    path: TreePath,
    features: pd.DataFrame,
    by_name: Mapping[str, Feature],
    wording: Wording,
    vocabulary: Vocabulary = ENGLISH,
) -> str:
    """Write what leads to a leaf: every column once, in the order of the questions."""
    words, phrases = vocabulary.RULE_WORDS, []
    wording = vocabulary.wording(wording)
    for column, questions in by_column(path).items():
        feature, name = by_name[column], vocabulary.name_of(column, wording)
        if feature.kind == "nominal":
            phrases.append(_of_a_name(name, questions, vocabulary))
            continue
        bounds = Bounds.of(questions)
        if not bounds.possible:
            phrases.append(vocabulary.fill(words["none known"], feature=name))
            continue
        if not (math.isfinite(bounds.least) or math.isfinite(bounds.most)):
            phrases.append(vocabulary.fill(words["any known"], feature=name))
            continue
        write = _of_a_yes_or_no if feature.kind == "binary" else _of_a_number
        phrase = write(feature, bounds, wording, vocabulary)
        if bounds.missing and features[column].isna().any():
            phrase = vocabulary.fill(words["or unknown"], condition=phrase)
        phrases.append(phrase)
    return vocabulary.join(phrases) if phrases else words["everybody"]


def _of_a_name(name: str, questions: Sequence[tuple[Question, bool]], vocabulary: Vocabulary) -> str:
    words, levels = vocabulary.RULE_WORDS, {True: [], False: []}
    for question, answer in questions:
        unknown = question.level is None
        levels[answer].append(words["unknown"] if unknown else " ".join(str(question.level).split()))
    if levels[True]:
        return vocabulary.fill(words["is"], feature=name, level=levels[True][0])
    return vocabulary.fill(words["is not"], feature=name, levels=vocabulary.join(levels[False], last=words["or"]))


def _of_a_yes_or_no(feature: Feature, bounds: Bounds, wording: Wording, vocabulary: Vocabulary) -> str:
    no = math.isfinite(bounds.most)  # at most 0
    if feature.name == "never_burned":
        return vocabulary.fill(vocabulary.RULE_WORDS["used one" if no else "never used"], wording)
    name = vocabulary.name_of(feature.name, wording)
    return vocabulary.fill(vocabulary.RULE_WORDS["no" if no else "yes"], feature=name)


def _of_a_number(feature: Feature, bounds: Bounds, wording: Wording, vocabulary: Vocabulary) -> str:
    words, sides = vocabulary.RULE_WORDS, []
    if math.isfinite(bounds.least):
        sides.append(vocabulary.fill(words["more than"], number=_number(bounds.least, feature, vocabulary)))
    if math.isfinite(bounds.most):
        sides.append(vocabulary.fill(words["at most"], number=_number(bounds.most, feature, vocabulary)))
    between = vocabulary.join(sides, last=words["but"])
    if feature.name in vocabulary.RULES:
        return vocabulary.fill(vocabulary.RULES[feature.name], wording, between=between)
    unit = "" if feature.unit in ("number", "") else f" {feature.unit}"
    name = vocabulary.name_of(feature.name, wording)
    return vocabulary.fill(words["other"], feature=name, between=f"{between}{unit}")


def _number(value: float, feature: Feature, vocabulary: Vocabulary) -> str:
    if feature.unit == "share":
        return vocabulary.PERCENT.format(n=_digits(100 * value, vocabulary))
    number = _digits(value, vocabulary)
    return vocabulary.amount(number) if feature.name in MONEY else number


def _digits(value: float, vocabulary: Vocabulary) -> str:
    """Write all digits of a number that was rounded already."""
    rounded = float(f"{value:.12g}")
    decimals = 0 if rounded == int(rounded) else len(f"{rounded:.12f}".rstrip("0").partition(".")[2])
    return vocabulary.numbers.write(rounded, f",.{decimals}f")
