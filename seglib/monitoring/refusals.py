"""07 What cannot be compared, and why: each in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from seglib.errors import ParameterRefused
from seglib.run import Run
from seglib.schema.features import Feature
from seglib.schema.records import RecipeRecord, ShopRecord
from seglib.style import join_words

COMMON = 0.5
"""Below this share of the customers of the earlier month that are in the later one, it is another shop."""

REVISED = 0.5
"""If the later run tells another past of more than this share of the customers, its records are made in another way."""

RENAMED = 0.9
"""A name is another one for the same thing if so many of its customers have one and the same new name."""


def refuse_other_kind(old: Run, new: Run) -> None:
    """Refuse two runs whose segments are made of other things, or are not of two days.

    Raises
    ------
    ParameterRefused
    """
    shops, recipes = [run.read("shop") for run in (old, new)], [run.read("recipe") for run in (old, new)]
    reason = _why_not(old.name, new.name, shops, recipes)
    for run in (old, new):
        if not reason and run.read("clustering").labels:
            reason = (
                f"the segments of run '{run.name}' were given by labels, and the model that would follow them is "
                "not theirs"
            )
    if reason:
        raise ParameterRefused(f"runs '{old.name}' and '{new.name}' cannot be compared: {reason}", parameter="old")


def _why_not(old: str, new: str, shops: Sequence[ShopRecord], recipes: Sequence[RecipeRecord]) -> str:
    """Say why two runs cannot be compared; empty if they can."""
    then, now = shops
    if recipes[0].name != recipes[1].name:
        return f"recipe '{recipes[0].name}' made the segments of the first, and '{recipes[1].name}' of the second"
    if recipes[0].grain == "transaction":
        return (
            f"recipe '{recipes[0].name}' makes segments of transactions, and what is asked for is the movement of "
            "customers"
        )
    if then.as_of is None or now.as_of is None:
        return "there are no transactions, so nothing tells what a calm month gives"
    if then.as_of >= now.as_of:
        return (
            f"'{old}' looks at the shop on {then.as_of}, which is not before the day of '{new}', {now.as_of}: name the "
            "earlier run first"
        )
    if then.cities != now.cities:
        return "they look at different cities"
    if then.variables != now.variables:
        return "their mapping files name different columns of the customers table that build segments"
    theirs, ours = set(recipes[0].sources), set(recipes[1].sources)
    if theirs != ours:
        parts = [
            f"only '{name}' uses {join_words(sorted(features))}"
            for name, features in ((old, theirs - ours), (new, ours - theirs))
            if features
        ]
        both = ", ".join(name for name in recipes[0].sources if name in ours)
        remedy = f'; make both again with what they share: --set segment_by="{both}"' if both else ""
        return f"their segments are made of other features ({'; '.join(parts)}){remedy}"
    if recipes[0].options != recipes[1].options:
        different = sorted(
            name
            for name in {*recipes[0].options, *recipes[1].options}
            if recipes[0].options.get(name) != recipes[1].options.get(name)
        )
        return f"their features are weighed in another way (different in {join_words(different)})"
    if recipes[0].own_features != recipes[1].own_features:
        return "the features that were added by a file are others"
    return ""


def refuse_strangers(old: str, new: str, then: pd.Index, now: pd.Index) -> None:
    """Refuse two runs that have few customers in common: ids that were given anew, or another shop.

    Raises
    ------
    ParameterRefused
    """
    common = int(then.isin(now).sum())
    if common < COMMON * len(then):
        raise ParameterRefused(
            f"runs '{old}' and '{new}' cannot be compared: only {common:,} of {len(then):,} customers of the first are "
            "in the second, so it is another shop, or the ids were given anew",
            parameter="old",
        )


def refuse_another_past(old: str, new: str, revised: int, n: int, *, day: str) -> None:
    """Refuse two runs of which the later one tells another past of most customers, as after a change of the mapping.

    Parameters
    ----------
    old, new : str
        Names of the runs.
    revised, n : int
        Customers whose past is another one, and all in both runs.
    day : str
        Up to which both look back, ISO format.

    Raises
    ------
    ParameterRefused
    """
    if revised > REVISED * n:
        raise ParameterRefused(
            f"runs '{old}' and '{new}' cannot be compared: of {revised:,} of {n:,} customers the second has other "
            f"transactions up to {day} than the first, so a mapping, or the way in which the data are exported, was "
            "changed in between; make the first run again from the same data as the second, with as_of",
            parameter="old",
        )


def refuse_renamed(old: str, new: str, before: pd.DataFrame, after: pd.DataFrame, features: Sequence[Feature]) -> None:
    """Refuse two runs in which the same place or gender has two names: everybody there would seem to have moved.

    Parameters
    ----------
    old, new : str
        Names of the runs.
    before, after : pandas.DataFrame
        The same customers, in the same order.
    features : sequence of Feature
        Those that are names.

    Raises
    ------
    ParameterRefused
    """
    for feature in features:
        then, now = before[feature.name].dropna().astype(str), after[feature.name].dropna().astype(str)
        gone, arrived = set(then) - set(now), set(now) - set(then)
        for level in sorted(gone):
            called = now.reindex(then.index[then == level]).value_counts(normalize=True)
            if len(called) and called.index[0] in arrived and called.iloc[0] >= RENAMED:
                raise ParameterRefused(
                    f"runs '{old}' and '{new}' cannot be compared: what {feature.name} calls '{level}' in the first is "
                    f"'{called.index[0]}' in the second; give both the same name, in the mapping or in the data",
                    parameter="old",
                )
