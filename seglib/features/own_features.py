"""Features that an analyst adds: one statement in a file, and what its columns mean.

The file begins with a comment in YAML that has, for every column, its unit and its meaning. What follows is one SELECT
with one row a customer. It may read the canonical tables and ``study``, and it sees transactions as they were known on
the day ``as_of``, so it cannot look into the future. The same statement runs on the shop, on simulated shops, on halves
of the coupons, on the shop of an earlier day, and in the statement that places new customers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import yaml

from seglib.errors import ParameterRefused, SeglibError
from seglib.features.counts import study_row
from seglib.features.engines.base import Engine
from seglib.features.engines.duckdb import DuckDB
from seglib.schema.columns import CUSTOMER_COLUMNS
from seglib.schema.features import FEATURES
from seglib.schema.files import find_file, looked_for_in
from seglib.schema.records import OwnFeatureRecord, OwnFeaturesRecord
from seglib.sql import StatementRefused, own_parts, own_statement
from seglib.study import Study
from seglib.style import did_you_mean, join_words

if TYPE_CHECKING:
    import duckdb

PARAMETER = "own_features"

KINDS, ROLES = ("numeric", "binary", "nominal"), ("segmentation", "descriptor")
KEYS = ("unit", "meaning", "kind", "role", "log", "words")
"""What the comment may say of a column; the first two it must say."""

RESERVED = {*CUSTOMER_COLUMNS, *(f.name for f in FEATURES), "segment", "transaction_id"}
"""Names of columns that are taken."""

_COMMENT = re.compile(r"\s*/\*(.*?)\*/(.*)", re.DOTALL)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def read_own_features(path: str | Path) -> OwnFeaturesRecord:
    """Read a file of own features, without running its statement.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    ParameterRefused
        If there is no such file, its comment does not describe columns, or its statement cannot be used; the message
        says what to change.
    """
    place = find_file(path)
    try:
        text = place.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        hint = "it is not text in UTF-8" if place.is_file() else f"there is no such file{looked_for_in(path)}"
        raise _refused(path, hint) from None
    parts = _COMMENT.fullmatch(text)
    if parts is None:
        raise _refused(path, "it does not begin with a comment /* ... */ that says unit and meaning of every column")
    features = tuple(_feature(path, name, entry) for name, entry in _header(path, parts[1]).items())
    try:
        statement = own_statement(parts[2])
    except StatementRefused as why:
        raise _refused(path, str(why)) from None
    names = {"customer_id", *(feature.name for feature in features)}
    if lacking := sorted(names.difference(statement.columns)):
        raise _refused(path, f"its SELECT has no column {join_words(lacking)}")
    if more := [name for name in statement.columns if name not in names]:
        raise _refused(path, f"its SELECT has {join_words(more)}, of which the comment says nothing")
    return OwnFeaturesRecord(statement.sql, features, "transactions" in statement.tables)


def own_table(engine: Engine, study: Study, customers: pd.Index, *, strict: bool = False) -> pd.DataFrame:
    """Return the features that the analyst has added.

    Parameters
    ----------
    engine : Engine
        Sees the canonical tables and ``study``.
    study : Study
    customers : pandas.Index of str
        The customers to describe. One for whom the statement has no row has missing values.
    strict : bool, default=False
        Whether infinite numbers are refused; else they count as missing, as in the statement that places new customers.

    Returns
    -------
    pandas.DataFrame
        On ``customers``; without columns where nothing was added.

    Raises
    ------
    ParameterRefused
        If the statement does not run, or does not give one row a customer with the columns that its comment names.
    """
    record = study.own_features
    if record is None:
        return pd.DataFrame(index=customers)
    rows = _rows(engine, record, finite=not strict)
    names = list(record.kinds)
    if rows["customer_id"].duplicated().any():
        twice = rows.loc[rows["customer_id"].duplicated(), "customer_id"].iloc[0]
        raise _refused("", f"it has more than one row for customer '{twice}': end it with GROUP BY customer_id")
    table = rows.set_index("customer_id")[names].reindex(customers)
    for name, kind in record.kinds.items():
        if kind == "nominal":
            table[name] = table[name].astype("str")
            continue
        values = table[name].astype("float64")
        if np.isinf(values).any():
            raise _refused(
                "", f"{name} is infinite for {int(np.isinf(values).sum()):,} customers: divide by nullif(x, 0)"
            )
        if kind == "binary" and not values.dropna().isin([0, 1]).all():
            raise _refused("", f"{name} is of kind binary, and has other values than 0 and 1")
        table[name] = values
    return table.rename_axis(customers.name)


def without_unreadable(con: duckdb.DuckDBPyConnection, study: Study) -> Study:
    """Return a study without the features that the analyst has added, where its statement cannot run on some tables.

    On an earlier day the customers table lacks the columns whose values may have come to be known later.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Sees canonical tables; afterwards also ``study``.
    study : Study
    """
    if study.own_features is None:
        return study
    DuckDB(con).keep("study", study_row(study))
    if _runs_on(con, study.own_features):
        return study
    return replace(study, own_features=None)


def refuse_taken_names(study: Study, columns: Iterable[str]) -> None:
    """Refuse a feature that is called like a column of the customers table.

    Raises
    ------
    ParameterRefused
    """
    if taken := [name for name in columns if name in study.own_kinds]:
        raise _refused("", f"{taken[0]} is a column of the customers table already: take another name")


def own_select(record: OwnFeaturesRecord, *, finite: bool = True) -> str:
    """Return the statement with what stands before it, in DuckDB's dialect (`seglib.sql.own_parts`)."""
    parts = own_parts(record.sql, record.kinds, finite=finite)
    *_, last = parts
    return f"WITH {', '.join(f'{name} AS ({select})' for name, select in parts.items())} SELECT * FROM {last}"


def _runs_on(con: duckdb.DuckDBPyConnection, record: OwnFeaturesRecord) -> bool:
    import duckdb

    try:
        con.sql(f"SELECT * FROM ({own_select(record)}) AS f LIMIT 0").fetchall()
    except duckdb.BinderException:
        return False
    return True


def _rows(engine: Engine, record: OwnFeaturesRecord, *, finite: bool) -> pd.DataFrame:
    select = own_select(record, finite=finite)
    try:
        if isinstance(engine, DuckDB):
            tables = own_statement(record.sql).tables
            implied = {"transactions", "study"} if "transactions" in tables else set()  # known on the day of the study
            return engine.frame_in_order(select, sorted(tables | implied))
        return engine.frame(select)
    except SeglibError:
        raise
    except Exception as error:  # every engine has errors of its own
        raise _refused("", f"its SELECT does not run: {str(error).splitlines()[0]}") from None


def _header(path: str | Path, text: str) -> dict[str, Any]:
    """Read what the comment says of every column."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _refused(path, f"its comment is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or not content:
        raise _refused(path, "its comment does not name a column, with its unit and meaning below")
    names = [str(key.value) for key, _ in node.value]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise _refused(path, f"its comment has '{twice}' twice")
    return {str(name): entry for name, entry in content.items()}


def _feature(path: str | Path, name: str, entry: Any) -> OwnFeatureRecord:
    """Check what the comment says of one column."""
    if not _NAME.fullmatch(name):
        raise _refused(path, f"'{name}' is no name of a feature: small letters, digits and _, at most 40")
    if name in RESERVED:
        raise _refused(path, f"'{name}' is the name of a column that is there already: take another one")
    if not isinstance(entry, dict):
        raise _refused(path, f"below {name} its comment has no lines unit: ... and meaning: ...")
    if unknown := [str(key) for key in entry if key not in KEYS]:
        raise _refused(
            path, f"{name} has '{unknown[0]}'{did_you_mean(unknown[0], KEYS)}; there are: {join_words(list(KEYS))}"
        )
    for key in ("unit", "meaning"):
        if not str(entry.get(key) or "").strip():
            raise _refused(path, f"{name} has no {key}")
    kind, role, log, words = (
        entry.get(key, usual)
        for key, usual in (("kind", "numeric"), ("role", "segmentation"), ("log", False), ("words", []))
    )
    for key, value, choices in (("kind", kind, KINDS), ("role", role, ROLES)):
        if value not in choices:
            raise _refused(path, f"{key} of {name} is one of {join_words(list(choices))}, not '{value}'")
    if not isinstance(log, bool) or (log and kind != "numeric"):
        raise _refused(path, f"log of {name} is true or false, and true only for a number")
    is_pair = isinstance(words, list) and len(words) == 2 and all(isinstance(w, str) and w.strip() for w in words)
    if words and not is_pair:
        raise _refused(path, f"words of {name} are two: for much of it, and for little")
    return OwnFeatureRecord(
        name, str(entry["unit"]).strip(), str(entry["meaning"]).strip(), kind, role, log, tuple(words)
    )


def _refused(path: str | Path, why: str) -> ParameterRefused:
    return ParameterRefused(f"{PARAMETER}{f' {str(path)!r}' if path else ''}: {why}", parameter=PARAMETER)
