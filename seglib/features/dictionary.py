"""The feature dictionary of a shop: our features in its words, then those that its customers table adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from seglib.schema.features import FEATURES, Feature
from seglib.style import wording_of


def features_of(table: pd.DataFrame, variables: Mapping[str, Mapping] | None = None) -> list[Feature]:
    """Return what a shop's own features are: those that have a value, and what its customers table adds.

    Parameters
    ----------
    table : pandas.DataFrame
        `CustomerFeatures.table`. Without a status its rows count transactions, and the words say so.
    variables : mapping of str to mapping, optional
        The columns of the customers table that build segments, as ``shop.json`` has them: kind, unit, log.
    """
    said = wording_of(table["n_burned"])
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
