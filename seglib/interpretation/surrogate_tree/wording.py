"""The rules in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from seglib.interpretation.surrogate_tree.tree import Bounds, Question, TreePath, by_column
from seglib.schema.features import Feature
from seglib.style import Wording, humanize, join_words

PHRASES: dict[str, tuple[str, str]] = {
    "coupons_per_month": ("{claimed}", "{coupons} a month"),
    "burn_rate": ("used", "of their {coupons} old enough to judge"),
    "days_to_burn": ("took", "days to use a {coupon}"),
    "recency_days": ("{claimed} their last {coupon}", "days ago"),
    "spend_per_month": ("spent", "a month"),
    "n_coupons": ("{claimed}", "{coupons}"),
    "n_burned": ("used", "{coupons}"),
    "tenure_days": ("have been customers for", "days"),
}
"""The words round a number of ours, as templates: "{claimed}" at most 2.3 "{coupons} a month"."""


def conditions(path: TreePath, features: pd.DataFrame, by_name: Mapping[str, Feature], wording: Wording) -> str:
    """Write what leads to a leaf: every column once, in the order of the questions."""
    phrases = []
    for column, questions in by_column(path).items():
        feature = by_name[column]
        if feature.kind == "nominal":
            phrases.append(_of_a_name(humanize(column), questions))
            continue
        bounds = Bounds.of(questions)
        if not bounds.possible:
            phrases.append(f"have no known {humanize(column)}")
            continue
        if not (math.isfinite(bounds.least) or math.isfinite(bounds.most)):
            phrases.append(f"have a known {humanize(column)}")
            continue
        words = _of_a_yes_or_no if feature.kind == "binary" else _of_a_number
        phrase = words(feature, bounds, wording)
        if bounds.missing and features[column].isna().any():
            phrase += " (or it is not known)"
        phrases.append(phrase)
    return join_words(phrases) if phrases else "everybody"


def _of_a_name(name: str, questions: Sequence[tuple[Question, bool]]) -> str:
    levels = {True: [], False: []}
    for question, answer in questions:
        levels[answer].append("unknown" if question.level is None else " ".join(str(question.level).split()))
    if levels[True]:
        return f"{name} is {levels[True][0]}"
    return f"{name} is not {join_words(levels[False], last='or')}"


def _of_a_yes_or_no(feature: Feature, bounds: Bounds, wording: Wording) -> str:
    no = math.isfinite(bounds.most)  # at most 0
    if feature.name == "never_burned":
        return wording.of("burned at least one {coupon}" if no else "never burned a {coupon}")
    return f"have {'no' if no else 'yes'} under {humanize(feature.name)}"


def _of_a_number(feature: Feature, bounds: Bounds, wording: Wording) -> str:
    sides = []
    if math.isfinite(bounds.least):
        sides.append(f"more than {_number(bounds.least, feature)}")
    if math.isfinite(bounds.most):
        sides.append(f"at most {_number(bounds.most, feature)}")
    between = join_words(sides, last="but")
    if feature.name in PHRASES:
        before, after = (wording.of(part) for part in PHRASES[feature.name])
        return f"{before} {between} {after}"
    unit = "" if feature.unit in ("number", "") else f" {feature.unit}"
    return f"have {humanize(feature.name)} of {between}{unit}"


def _number(value: float, feature: Feature) -> str:
    if feature.unit == "share":
        return f"{_digits(100 * value)}%"
    return _digits(value)


def _digits(value: float) -> str:
    """Write all digits of a number that was rounded already."""
    rounded = float(f"{value:.12g}")
    return f"{rounded:,.0f}" if rounded == int(rounded) else f"{rounded:,.12f}".rstrip("0")
