"""The feature dictionary of a shop: our features in its words, then the columns that its customers table adds."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from seglib.schema.features import FEATURES, Feature
from seglib.schema.records import VariableRecord
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import Wording


def features_of(table: pd.DataFrame, study: Study) -> list[Feature]:
    """Return the features of a shop: those of ours that have a value, and the columns that its customers table adds.

    Parameters
    ----------
    table : pandas.DataFrame
        `CustomerFeatures.table`.
    study : Study
        Which columns of the customers table build segments, and what a transaction is called.
    """
    ours = {feature.name: _filled(feature, study.wording) for feature in FEATURES}
    added = {name: _added(table[name], study.variables.get(name)) for name in table if name not in ours}
    return [feature for name, feature in (ours | added).items() if name in table and table[name].notna().any()]


def _filled(feature: Feature, wording: Wording) -> Feature:
    """Fill the templates of a feature of ours with what a transaction is called."""
    return replace(feature, unit=wording.of(feature.unit), meaning=wording.of(feature.meaning))


def _added(values: pd.Series, variable: VariableRecord | None) -> Feature:
    """Describe a column of the customers table: a descriptor, unless the mapping file says that it builds segments."""
    numeric = pd.api.types.is_numeric_dtype(values)
    if variable:
        kind, unit, log, role = variable.kind, variable.unit, variable.log, "segmentation"
    else:
        kind, unit, log, role = "numeric" if numeric else "nominal", "", False, "descriptor"
    unit = unit or {"numeric": "number", "binary": "0 or 1", "nominal": "name"}[kind]
    values_range = unit
    if kind == "nominal":
        values_range = "the shop's"
    elif kind == "numeric" and numeric:
        values_range = f"{values.min():,.6g} to {values.max():,.6g}"
    return Feature(str(values.name), unit, "from the customers table", role, kind=kind, range=values_range, log=log)


def dictionary(table: pd.DataFrame | None = None, study: Study | None = None) -> pd.DataFrame:
    """Return the feature dictionary as a table: name, unit, meaning, range, role.

    Parameters
    ----------
    table, study
        Of one shop, see `features_of`; default: of every shop.
    """
    study = study or DEFAULT_STUDY
    every = [_filled(feature, study.wording) for feature in FEATURES]
    features = every if table is None else features_of(table, study)
    return pd.DataFrame(features)[["name", "unit", "meaning", "range", "role"]]
