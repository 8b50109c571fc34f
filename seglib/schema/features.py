"""The feature dictionary: what describes a customer, in which unit, by which formula, and what for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from seglib.style import called


@dataclass(frozen=True)
class Feature:
    """One line of the feature dictionary.

    Attributes
    ----------
    name, unit, meaning : str
        The meaning is the formula in words.
    role : {"segmentation", "demographic", "descriptor", "count"}
        ``segmentation`` features build the segments, ``demographic`` ones do so with the weight the analyst gives
        them, ``descriptor`` ones only describe the result, and a ``count`` is what others are made of.
    kind : {"numeric", "binary", "nominal"}
        A binary feature is 0 or 1, a nominal one a name.
    range : str
        The values it can have.
    log : bool
        Whether differences are judged on the scale of log(1 + x).
    ratio : tuple of str, optional
        The two counts whose sums give the feature of a group of customers, as it was seen.
    """

    name: str
    unit: str
    meaning: str
    role: Literal["segmentation", "demographic", "descriptor", "count"]
    kind: Literal["numeric", "binary", "nominal"] = "numeric"
    range: str = "0 or more"
    log: bool = False
    ratio: tuple[str, str] | None = None


FEATURES: tuple[Feature, ...] = (
    Feature(
        "coupons_per_month", "coupons a month", "coupons claimed / months observed (at least one)",
        "segmentation", range="more than 0", log=True, ratio=("n_coupons", "months_observed"),
    ),
    Feature(
        "burn_rate", "share", "share of decided coupons that were burned, shrunk to the shop's",
        "segmentation", range="0 to 1", ratio=("n_decided_burned", "n_decided"),
    ),
    Feature(
        "days_to_burn", "days", "mean days from claim to burn over decided burned coupons, shrunk to the shop's",
        "segmentation", ratio=("lag_days", "n_decided_burned"),
    ),
    Feature(
        "never_burned", "0 or 1", "1 if no decided coupon was burned; missing if none is decided",
        "segmentation", kind="binary", range="0 or 1",
    ),
    Feature("recency_days", "days", "days from the last claim to as_of", "segmentation"),
    Feature(
        "spend_per_month", "money a month", "amount spent / months observed",
        "segmentation", range="any; refunds count against it", log=True, ratio=("spend", "months_observed"),
    ),
    Feature("gender_name", "name", "gender", "demographic", kind="nominal", range="the shop's"),
    Feature("city_name", "name", "city", "demographic", kind="nominal", range="the shop's"),
    Feature("n_coupons", "coupons", "coupons claimed", "descriptor", range="1 or more"),
    Feature("n_burned", "coupons", "coupons burned by as_of", "descriptor"),
    Feature("n_branches", "branches", "different branches", "descriptor"),
    Feature("n_merchants", "merchants", "different merchants", "descriptor"),
    Feature("tenure_days", "days", "days from joining (or the first coupon, if earlier) to as_of", "descriptor"),
    Feature("n_decided", "coupons", "coupons old enough for their fate to be decided", "count"),
    Feature("n_decided_burned", "coupons", "decided coupons that were burned", "count"),
    Feature("lag_days", "days", "days from claim to burn, summed over decided burned coupons", "count"),
    Feature("spend", "money", "amount spent", "count", range="any; refunds count against it"),
    Feature("months_observed", "months", "tenure in months, at least one", "count", range="1 or more"),
)  # fmt: skip
"""The feature dictionary, in the order of the columns of features.parquet."""


def features_of(table: pd.DataFrame, variables: Mapping[str, Mapping] | None = None) -> list[Feature]:
    """Return what a shop's own features are: those that have a value, and what its customers table adds.

    Parameters
    ----------
    table : pandas.DataFrame
        `CustomerFeatures.table`. Without a status its rows count transactions, and the words say so.
    variables : mapping of str to mapping, optional
        The columns of the customers table that build segments, as ``shop.json`` has them: kind, unit, log.
    """
    said = called(table["n_burned"])
    ours = {f.name: replace(f, unit=said.of(f.unit), meaning=said.of(f.meaning)) for f in FEATURES}
    theirs = {name: _own(table[name], (variables or {}).get(name)) for name in table if name not in ours}
    return [feature for name, feature in (ours | theirs).items() if name in table and table[name].notna().any()]


def _own(values: pd.Series, declared: Mapping | None) -> Feature:
    """Describe a column of the shop's own: a descriptor, unless the mapping file declares that it builds segments."""
    known = declared or {}
    kind = known.get("kind") or ("numeric" if pd.api.types.is_numeric_dtype(values) else "nominal")
    unit = known.get("unit") or {"numeric": "number", "binary": "0 or 1", "nominal": "name"}[kind]
    seen = f"{values.min():,.6g} to {values.max():,.6g}" if kind == "numeric" else unit
    role = "descriptor" if declared is None else "segmentation"
    described = {"kind": kind, "range": "the shop's" if kind == "nominal" else seen, "log": bool(known.get("log"))}
    return Feature(str(values.name), unit, "from the customers table", role, **described)


def dictionary(table: pd.DataFrame | None = None, variables: Mapping[str, Mapping] | None = None) -> pd.DataFrame:
    """Return the feature dictionary as a table: name, unit, meaning, range, role.

    Parameters
    ----------
    table, variables
        Of one shop, see `features_of`; default: of every shop.
    """
    told = FEATURES if table is None else features_of(table, variables)
    return pd.DataFrame(told)[["name", "unit", "meaning", "range", "role"]]
