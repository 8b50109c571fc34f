"""What may stand in a model file: every key, letter and name is held against what this project writes.

The checksum of a model file is not keyed: whoever changes the file can compute it again. So nothing in it is believed
because it is there. Names and keys from here become parts of SQL; they are checked before the model is built, and what
the model would run is checked once more as a whole.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from seglib.run import Run
from seglib.schema.features import FEATURES, SHRUNK_BY
from seglib.schema.records import OwnFeaturesRecord
from seglib.schema.tables import TABLES
from seglib.scoring.model import DICTIONARY, PACKAGES, SegmentModel
from seglib.sql import own_statement
from seglib.style import letter

KEYS = {
    *("schema", "run", "pipeline", "letters", "columns", "centres", "outlier_radius", "bootstrap", "description"),
    "probe",
    *("reach", "told"),  # of version 0.6
}
"""What a file holds."""

DESCRIPTION_KEYS = {
    *("recipe", "study", "variables", "dictionary", "training", "verdict", "inputs", "versions", "names", "views"),
    *("made_of", "prelude"),  # of version 0.6
}
"""What its description holds."""

STUDY_KEYS = ("as_of", "burn_window_days", "burns_dated", *SHRUNK_BY)

BASELINE_SOURCES = ("gender_name", "city_name", "transaction_status", "coupon_usage_frequency")

MOST_LETTERS = 702
"""Segments that have letters: A to ZZ."""

LONGEST_NAME = 300
"""Characters of the name of a variable, a level or a segment."""

_VERSION = re.compile(r"[0-9A-Za-z.+!_-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def check_file(content: Mapping[str, Any]) -> None:
    """Refuse a file with keys, letters or a run that no model of ours has.

    Raises
    ------
    ValueError, TypeError, KeyError
        What does not fit, in a clause.
    """
    _only(content, KEYS, "the file")
    letters = content["letters"]
    if not isinstance(letters, list) or letters != [letter(i) for i in range(min(len(letters), MOST_LETTERS))]:
        raise ValueError("its segments are not called A, B, C and so on")
    if not isinstance(content["run"], str):
        raise TypeError("the name of its run is no text")
    Run(content["run"])  # refuses what is no name


def check_description(text: Any, letters: Collection[str]) -> None:
    """Refuse a description with keys or values that no model of ours has; before anything is made of it.

    Raises
    ------
    ValueError, TypeError, KeyError
        What does not fit, in a clause.
    """
    from seglib.ingest import is_own_view

    _only(text, DESCRIPTION_KEYS, "the description")
    _check_study(text["study"])
    for package, version in _mapping(text["versions"], "versions").items():
        if package not in PACKAGES or not isinstance(version, str) or not _VERSION.fullmatch(version):
            raise ValueError(f"versions: '{package}' is no version of a package that a model names")
    names = _mapping(text["names"], "names")
    if names and set(names) != set(letters):
        raise ValueError("it names other segments than it has")
    for name in names.values():
        _check_name(name, "the name of a segment")
    for table, select in _mapping(text["views"], "views").items():
        if table not in TABLES or not isinstance(select, str) or not is_own_view(select):
            raise ValueError(f"the SELECT of table '{table}' is none that seglib writes")
    for name in _mapping(text["variables"], "variables"):
        _check_variable(name)
    for line in text["dictionary"]:
        _only(line, set(DICTIONARY), "the dictionary")
        if line["kind"] not in ("numeric", "binary", "nominal"):
            raise ValueError(f"'{line['name']}' is of no kind that there is")


def check_model(model: SegmentModel) -> None:
    """Refuse a model whose columns, recipe or statement are none of ours.

    Raises
    ------
    ValueError, TypeError, KeyError
        What does not fit, in a clause.
    """
    recipe = model.recipe
    if (recipe.name, recipe.grain) not in (("customer", "customer"), ("baseline", "transaction")):
        raise ValueError("its recipe is none of ours")
    features = {feature.name for feature in FEATURES}
    added = _check_own(recipe.own_features)
    for name in recipe.sources:
        allowed = BASELINE_SOURCES if recipe.name == "baseline" else features | {*model.variables, *added}
        if name not in allowed:
            raise ValueError(f"it is made of '{name}', which is no column that there is")
    for name, kind in model.sources.items():
        if name in features - {"never_burned", "gender_name", "city_name"} and kind != "numeric":
            raise ValueError(f"'{name}' is no {kind} column")
    for value in (*model.centres.to_numpy().ravel(), *model.outlier_radius):
        if not math.isfinite(value):
            raise ValueError("it holds a number that is not finite")
    if not isinstance(model.training["customers"], int):
        raise TypeError("the number of its customers is no number")
    _check_statement(model)


def _check_own(record: OwnFeaturesRecord | None) -> Collection[str]:
    """Refuse a statement of added features that 03 would refuse in the file of an analyst; return their names."""
    if record is None:
        return ()
    statement = own_statement(record.sql)
    if set(statement.columns) != {"customer_id", *record.kinds}:
        raise ValueError("its statement of added features has other columns than it names")
    for name, kind in record.kinds.items():
        _check_variable(name)
        if kind not in ("numeric", "binary", "nominal"):
            raise ValueError(f"'{name}' is of no kind that there is")
    return record.kinds


def _check_statement(model: SegmentModel) -> None:
    """Refuse a model whose statement is not one SELECT."""
    from sqlglot import exp, parse

    from seglib.scoring.sql import scoring_sql

    statements = parse(scoring_sql(model, start="tables"), dialect="duckdb")
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        raise ValueError("its statement is not one SELECT")


def _check_study(study: Any) -> None:
    if not isinstance(study, Mapping) or set(study) != set(STUDY_KEYS):
        raise ValueError(f"the day and how rates are shrunk are not {', '.join(STUDY_KEYS)}")
    if study["as_of"] is not None:
        dt.date.fromisoformat(study["as_of"])
    if not isinstance(study["burns_dated"], bool):
        raise TypeError("burns_dated is neither true nor false")
    for name in ("burn_window_days", *SHRUNK_BY):
        value = study[name]
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise TypeError(f"{name} is no number")


def _check_variable(name: Any) -> None:
    _check_name(name, "the name of a variable")
    if any(sign in name for sign in '.,"') or "__" in name:
        raise ValueError("the name of a variable has signs that a mapping file refuses")


def _check_name(name: Any, what: str) -> None:
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME or _CONTROL.search(name):
        raise ValueError(f"{what} is empty, too long, or holds signs that steer a display")


def _mapping(entry: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(entry, Mapping):
        raise TypeError(f"{what} are not given by name")
    return entry


def _only(entry: Any, allowed: Collection[str], what: str) -> None:
    if unknown := [key for key in _mapping(entry, what) if key not in allowed]:
        raise ValueError(f"{what} has a key that no model of seglib has: '{str(unknown[0])[:60]}'")
