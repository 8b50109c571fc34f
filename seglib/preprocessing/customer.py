"""Recipe customer: one row per customer, comparable scales, names one-hot with a stated weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from seglib.eda import HIGH_CORRELATION, correlated_pairs
from seglib.errors import InputRefused, ParameterRefused
from seglib.features import not_recorded
from seglib.preprocessing.encoders import (
    SCALINGS,
    TRANSFORMS,
    Scaling,
    Transform,
    kept_levels,
    level_steps,
    number_steps,
)
from seglib.preprocessing.matrix import RECIPES, Matrix, _fit
from seglib.schema.features import FEATURES, Feature
from seglib.style import did_you_mean, humanize, join_words

FEW, MOST = 0.05, 0.95
"""Shares of customers who never burned a coupon between which a column of its own says so."""


def customer_matrix(
    features: pd.DataFrame,
    *,
    described: Sequence[Feature] = FEATURES,
    segment_by: Sequence[str] | None = None,
    leave_out: Mapping[str, str] | None = None,
    unreliable: Mapping[str, str] | None = None,
    demographic_weight: float = 1.0,
    transform: Transform = "log",
    scaling: Scaling = "standard",
    drop_correlated: bool = True,
    min_level_share: float = 0.01,
) -> Matrix:
    """Build the matrix of recipe ``customer``.

    Parameters
    ----------
    features : pandas.DataFrame
        One row a customer (`seglib.features.customer_features`).
    described : sequence of Feature
        What its columns are (`CustomerFeatures.features`). Their order is the order of preference among tied ones.
    segment_by : sequence of str, optional
        Features that build the segments, whatever their role; default: those whose role is segmentation. Gender and
        city come on top of them, by ``demographic_weight``.
    leave_out : mapping of str to str, optional
        Features that cannot build segments, each with the reason (`CustomerFeatures.missing`).
    unreliable : mapping of str to str, optional
        Features in which customers cannot be told apart, each with the reason (`CustomerFeatures.unreliable`).
        They are left out too, unless nothing else would be left.
    demographic_weight : float, default=1.0
        Weight of gender and city: at 1 each counts like half a behavioural feature, at 0 they only describe.
    transform : {"log", "yeo-johnson", "none"}, default="log"
        ``log`` takes counts and money to logarithms, log(1 + x); ``yeo-johnson`` takes every number to the scale on
        which it is most nearly normal (Yeo & Johnson 2000, Biometrika 87(4)).
    scaling : {"standard", "robust"}, default="standard"
        ``standard``: mean 0, standard deviation 1. ``robust``: median 0, and the interquartile range that a standard
        deviation of 1 has in a normal distribution; extremes then keep their full weight.
    drop_correlated : bool, default=True
        Of two numbers whose ranks are correlated by more than .8, keep the one that is described first.
    min_level_share : float, default=0.01
        Levels of a name that fewer customers have are pooled; 0 keeps all.

    Returns
    -------
    Matrix
        With standard scaling, numbers have mean 0 and standard deviation 1; the columns of a name have variance
        one half together, times the square of its weight. A missing number is the median, a missing name a level.

    Raises
    ------
    ParameterRefused
        If a weight or share is out of range, or a name is unknown.
    InputRefused
        If no column is left in which customers differ.
    """
    _refuse(demographic_weight, transform, scaling, min_level_share)
    options = {
        "demographic_weight": demographic_weight,
        "transform": transform,
        "scaling": scaling,
        "drop_correlated": drop_correlated,
        "min_level_share": min_level_share,
        "segment_by": None if segment_by is None else list(segment_by),
    }
    known = {feature.name: feature for feature in described}
    by_default = segment_by is None
    asked = [f.name for f in described if f.role == "segmentation"] if by_default else list(segment_by)
    unknown = [f"'{name}'{did_you_mean(name, list(known))}" for name in asked if name not in known]
    if unknown:
        raise ParameterRefused(
            f"segment_by names no feature {' or '.join(unknown)}; there are: {', '.join(known)}", parameter="segment_by"
        )
    candidates = [f for f in described if f.name in asked or f.role == "demographic"]
    left_out = {name: why for name, why in (leave_out or {}).items() if name not in known or known[name] in candidates}
    if by_default and "days_to_burn" in {**left_out, **(unreliable or {})}:  # nothing to say that never_burned adds to
        candidates = [f for f in candidates if f.name != "never_burned"]
    for feature in candidates:
        if feature.role == "demographic" and not demographic_weight:
            left_out.setdefault(feature.name, "demographic_weight is 0")
        if feature.name not in left_out and (why := _same_for_everybody(feature, features, min_level_share)):
            left_out[feature.name] = (unreliable or {}).get(feature.name, why)  # so, because it was shrunk to one value

    def remaining() -> list[Feature]:
        return [feature for feature in candidates if feature.name not in left_out]

    doubtful = {name: why for name, why in (unreliable or {}).items() if name in {f.name for f in remaining()}}
    notes = []
    if any(f.role != "demographic" and f.name not in doubtful for f in remaining()):
        left_out |= doubtful
    elif doubtful:
        notes.append(f"Kept because nothing else is left: {join_words([humanize(c) for c in doubtful])}.")
    if by_default and "never_burned" in {f.name for f in remaining()}:
        left_out |= _never_burned_left_out(features["never_burned"].mean())
    if drop_correlated:
        numbers = [f.name for f in remaining() if f.kind == "numeric"]
        left_out |= _correlated_left_out(features[numbers])
    used = remaining()
    if all(f.role == "demographic" for f in used):
        raise InputRefused(
            f"there is nothing to segment by: no behaviour differs among the customers (there are {len(features):,})"
        )
    steps = {
        f.name: number_steps(features[f.name], log=f.log, transform=transform, scaling=scaling)
        if f.kind == "numeric"
        else level_steps(weight=demographic_weight if f.role == "demographic" else 1.0, min_level_share=min_level_share)
        for f in used
    }
    gaps = features[list(steps)].isna().mean()
    return _fit(
        RECIPES["customer"], steps, features, left_out,
        nominal=tuple(f.name for f in used if f.kind != "numeric"), filled=gaps[gaps > 0].to_dict(), notes=tuple(notes),
        options=options,
    )  # fmt: skip


def _refuse(demographic_weight: float, transform: str, scaling: str, min_level_share: float) -> None:
    if not (np.isfinite(demographic_weight) and demographic_weight >= 0):
        raise ParameterRefused(
            f"demographic_weight is a number of at least 0, not {demographic_weight}", parameter="demographic_weight"
        )
    if not 0 <= min_level_share < 1:
        raise ParameterRefused(
            f"min_level_share is a share, at least 0 and less than 1, not {min_level_share}",
            parameter="min_level_share",
        )
    for name, value, choices in (("transform", transform, TRANSFORMS), ("scaling", scaling, SCALINGS)):
        if value not in choices:
            raise ParameterRefused(f"{name} is one of {', '.join(choices)}, not '{value}'", parameter=name)


def _same_for_everybody(feature: Feature, features: pd.DataFrame, min_level_share: float) -> str:
    """Say why a feature tells nobody apart, or nothing if it does."""
    values = features[feature.name]
    if values.isna().all():
        return not_recorded(feature.name)
    if values.nunique() < 2 and (feature.kind == "numeric" or values.notna().all()):
        return "the same for everybody"
    if feature.kind != "numeric" and kept_levels(values, min_level_share) < 2:
        return f"of all its levels none has {min_level_share:.1%} of the customers"
    return ""


def _never_burned_left_out(share: float) -> dict[str, str]:
    """Say why customers without a burned coupon get no column of their own, beside the mean days they are given."""
    if FEW <= share <= MOST:
        return {}
    return {"never_burned": f"{share:.1%} of the customers, which is {'too few' if share < FEW else 'nearly all'}"}


def _correlated_left_out(numbers: pd.DataFrame) -> dict[str, str]:
    """Of every tied pair, name the second one, going from the first column to the last."""
    pairs, dropped = correlated_pairs(numbers), {}
    order = {name: place for place, name in enumerate(numbers)}
    for first, second, rho in sorted(pairs.itertuples(index=False), key=lambda p: (order[p[0]], order[p[1]])):
        if first not in dropped and second not in dropped:
            dropped[second] = f"tied to {humanize(first)}, rank correlation {rho:.2f}, more than {HIGH_CORRELATION:g}"
    return dropped
