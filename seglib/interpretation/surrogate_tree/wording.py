"""What the rules are in words."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from seglib.interpretation.surrogate_tree.tree import Bounds
from seglib.schema.features import Feature
from seglib.style import Wording, humanize, join_words

PHRASES: dict[str, tuple[str, str]] = {
    "coupons_per_month": ("{claimed}", "{coupons} a month"),
    "burn_rate": ("burned", "of their decided {coupons}"),
    "days_to_burn": ("took", "days to burn a {coupon}"),
    "recency_days": ("{claimed} their last {coupon}", "days ago"),
    "spend_per_month": ("spent", "a month"),
    "n_coupons": ("{claimed}", "{coupons}"),
    "n_burned": ("burned", "{coupons}"),
    "tenure_days": ("have been customers for", "days"),
}
"""The words round a number of ours, as templates: "{claimed}" at most 2.3 "{coupons} a month"."""


def conditions(path: tuple, features: pd.DataFrame, described: Mapping[str, Feature], wording: Wording) -> str:
    """Write what leads to a leaf: every column once, in the order of the questions."""
    told = []
    for column in dict.fromkeys(question.column for question, _ in path):
        own = [(q, answer) for q, answer in path if q.column == column]
        feature = described[column]
        if feature.kind == "nominal":
            told.append(_of_a_name(humanize(column), own))
            continue
        bounds = Bounds.of(own)
        if not bounds.known or not (math.isfinite(bounds.least) or math.isfinite(bounds.most)):
            told.append(f"have {'a known' if bounds.known else 'no known'} {humanize(column)}")
            continue
        words = _of_a_yes_or_no if feature.kind == "binary" else _of_a_number
        doubt = " (or it is not known)" if bounds.unknown and features[column].isna().any() else ""
        told.append(words(feature, bounds, wording) + doubt)
    return join_words(told) if told else "everybody"


def _of_a_name(name: str, own: list) -> str:
    levels = {True: [], False: []}
    for question, answer in own:
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
    told = [f"more than {_number(bounds.least, feature)}"] if math.isfinite(bounds.least) else []
    told += [f"at most {_number(bounds.most, feature)}"] if math.isfinite(bounds.most) else []
    between = join_words(told, last="but")
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
