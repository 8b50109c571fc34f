"""Recipe customer: one row per customer, comparable scales, names one-hot with a stated weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

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
    level_steps,
    n_level_columns,
    number_steps,
    zero_one_steps,
)
from seglib.preprocessing.matrix import Matrix, fit_matrix, missing_shares
from seglib.preprocessing.recipes import RECIPES
from seglib.schema.features import FEATURES, Feature
from seglib.style import COUPON, Wording, did_you_mean, join_words

NOT_NAMED = "not named in segment_by"
"""Why gender and city build no segments where somebody says what to segment by."""

EXPOSURE = "months_observed"
"""What a rate is divided by that depends on the calendar only."""

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
    wording: Wording = COUPON,
) -> Matrix:
    """Build the matrix of recipe ``customer``.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer (`seglib.features.customer_features`).
    described : sequence of Feature
        What its columns are (`CustomerFeatures.features`). Of two correlated ones the earlier stays.
    segment_by : sequence of str, optional
        Features that build the segments, whatever their role, gender and city among them; default: those whose role is
        segmentation. Gender and city come on top of them, by ``demographic_weight``, unless the shop says itself what
        to segment by (a mapping file with ``segment_by``): then they build segments only where they are named.
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
    scaling : {"standard", "robust", "none"}, default="standard"
        ``standard``: mean 0, standard deviation 1. ``robust``: median 0, and the interquartile range that a standard
        deviation of 1 has in a normal distribution; extremes then keep their full weight. ``none``: numbers stay in
        their units, a yes or no is one column of 0 and 1. A variable of the shop's own may have another one. Names have
        a weight instead.
    drop_correlated : bool, default=True
        Of two numbers whose ranks are correlated by more than .8, keep the one that is described first.
    min_level_share : float, default=0.01
        Levels of a name that fewer customers have are pooled; 0 keeps all.
    wording : Wording, optional
        What a transaction, and the place of a customer, are called.

    Returns
    -------
    Matrix
        With standard scaling, numbers have mean 0 and standard deviation 1; the columns of a name have variance
        one half together, times the square of its weight. A missing number is the median, a missing name a level; of
        a yes or no that is not scaled, the commoner answer.

    Raises
    ------
    ParameterRefused
        If a weight or share is out of range, or a name is unknown.
    InputRefused
        If no column is left in which customers differ.
    """
    _refuse(demographic_weight, transform, scaling, min_level_share)
    leave_out, unreliable, by_default = leave_out or {}, unreliable or {}, segment_by is None
    candidates = _candidates(described, segment_by)
    left_out = _not_available(leave_out, described, candidates)
    left_out |= {f.name: NOT_NAMED for f in described if f.role == "demographic" and f not in candidates}
    if by_default and ("days_to_burn" in left_out or "days_to_burn" in unreliable):
        # never_burned marks the customers who were given the mean days; without days there is nobody to mark
        candidates = [f for f in candidates if f.name != "never_burned"]
    for feature in _remaining(candidates, left_out):
        if feature.role == "demographic" and not demographic_weight:
            left_out[feature.name] = "demographic_weight is 0"
        elif reason := _same_for_everybody(feature, features, min_level_share):
            # what was shrunk to one value is the same for everybody because it is unreliable: that is the reason
            left_out[feature.name] = unreliable.get(feature.name, reason)
    noise = _noise(_remaining(candidates, left_out), unreliable)
    notes = ()
    if _has_behaviour(_remaining(candidates, left_out | noise)):
        left_out |= noise
    elif noise:
        notes = (f"Kept because nothing else is left: {join_words([wording.name_of(c) for c in noise])}.",)
    if by_default and "never_burned" in {f.name for f in _remaining(candidates, left_out)}:
        left_out |= _never_burned_left_out(features["never_burned"].mean())
    if drop_correlated:
        numbers = [f.name for f in _remaining(candidates, left_out) if f.kind == "numeric"]
        left_out |= _correlated_left_out(features[numbers], wording)
    sources = _remaining(candidates, left_out)
    if not _has_behaviour(sources):
        raise InputRefused(
            f"there is nothing to segment by: no behaviour differs among the customers (there are {len(features):,})"
        )
    steps = {}
    for feature in sources:
        own_scaling = feature.scaling or scaling
        if feature.kind == "numeric":
            steps[feature.name] = number_steps(
                features[feature.name],
                log=feature.log,
                transform=transform,
                scaling=own_scaling,
                weight=feature.weight,
            )
        elif _stays_zero_one(feature, scaling):
            steps[feature.name] = zero_one_steps(weight=feature.weight)
        else:
            weight = demographic_weight if feature.role == "demographic" else feature.weight
            steps[feature.name] = level_steps(weight=weight, min_level_share=min_level_share)
    matrix = fit_matrix(
        RECIPES["customer"],
        steps,
        features,
        left_out=left_out,
        nominal=tuple(f.name for f in sources if f.kind != "numeric" and not _stays_zero_one(f, scaling)),
        filled=missing_shares(features[list(steps)]),
        notes=notes,
        options={
            "demographic_weight": demographic_weight,
            "transform": transform,
            "scaling": scaling,
            "drop_correlated": drop_correlated,
            "min_level_share": min_level_share,
            "segment_by": None if by_default else list(segment_by),
        },
    )
    return replace(matrix, wording=wording)


def _stays_zero_one(feature: Feature, scaling: Scaling) -> bool:
    """Say whether a yes or no is one column of 0 and 1."""
    return feature.kind == "binary" and (feature.scaling or scaling) == "none"


def demographics_by_default(described: Sequence[Feature], segment_by: Sequence[str] | None) -> bool:
    """Say whether gender and city build segments without being named: where nobody says what to segment by.

    Parameters
    ----------
    described : sequence of Feature
        What the columns are (`seglib.study.Study.describe`).
    segment_by : sequence of str or None
        As in `customer_matrix`.
    """
    ours = {feature.name for feature in FEATURES}
    of_the_shop = any(f.role == "segmentation" and f.name not in ours for f in described)
    return segment_by is None and not of_the_shop


def _candidates(described: Sequence[Feature], segment_by: Sequence[str] | None) -> list[Feature]:
    """Return the features that may build segments: those that were named, or are meant for it.

    Gender and city come on top where nobody says what to segment by.
    """
    names = [f.name for f in described]
    meant_for_it = [f.name for f in described if f.role == "segmentation"]
    wanted = meant_for_it if segment_by is None else list(segment_by)
    unknown = [f"'{name}'{did_you_mean(name, names)}" for name in wanted if name not in names]
    if unknown:
        raise ParameterRefused(
            f"segment_by names no feature {' or '.join(unknown)}; there are: {', '.join(names)}", parameter="segment_by"
        )
    on_top = demographics_by_default(described, segment_by)
    return [f for f in described if f.name in wanted or (on_top and f.role == "demographic")]


def _not_available(
    leave_out: Mapping[str, str], described: Sequence[Feature], candidates: Sequence[Feature]
) -> dict[str, str]:
    """Return the reasons that concern this matrix: not those of features that would not be in it anyhow."""
    others = {f.name for f in described} - {f.name for f in candidates}
    return {name: reason for name, reason in leave_out.items() if name not in others}


def _remaining(candidates: Sequence[Feature], left_out: Mapping[str, str]) -> list[Feature]:
    """Return the candidates that are not left out."""
    return [feature for feature in candidates if feature.name not in left_out]


def _noise(features: Sequence[Feature], unreliable: Mapping[str, str]) -> dict[str, str]:
    """Return those of the features in which customers cannot be told apart, each with the reason."""
    names = {feature.name for feature in features}
    return {name: reason for name, reason in unreliable.items() if name in names}


def _has_behaviour(features: Sequence[Feature]) -> bool:
    """Whether there is anything but gender and city."""
    return any(feature.role != "demographic" for feature in features)


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
    if feature.ratio and feature.ratio[1] == EXPOSURE and _is_constant(features, feature.ratio[0]):
        return "what is counted is the same for everybody: the rate only tells for how long"
    if feature.kind != "numeric" and n_level_columns(values, min_level_share) < 2:
        return f"of all its levels none has {min_level_share:.1%} of the customers"
    return ""


def _is_constant(features: pd.DataFrame, name: str) -> bool:
    """Say whether a column is there and has one value only."""
    return name in features and features[name].notna().all() and features[name].nunique() == 1


def _never_burned_left_out(share: float) -> dict[str, str]:
    """Say why customers without a burned coupon get no column of their own, beside the mean days they are given.

    A column that is nearly constant has tiny variance, and standardised it would isolate a handful of customers.
    """
    if FEW <= share <= MOST:
        return {}
    return {"never_burned": f"{share:.1%} of the customers, which is {'too few' if share < FEW else 'nearly all'}"}


def _correlated_left_out(numbers: pd.DataFrame, wording: Wording) -> dict[str, str]:
    """Name the second one of every correlated pair, going from the first column to the last."""
    dropped = {}
    for first, second, rho in correlated_pairs(numbers).itertuples(index=False):  # in the order of the columns
        if first not in dropped and second not in dropped:
            limit = f"rank correlation {rho:.2f}, more than {HIGH_CORRELATION:g}"
            dropped[second] = f"correlated with {wording.name_of(first)}, {limit}"
    return dropped
