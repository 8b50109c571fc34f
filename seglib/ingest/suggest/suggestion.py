"""A first mapping file for a source, for the analyst to correct.

The name says what a table or column may be, and its values must support it: a date must be read as one, a key must tell
rows apart, a reference must be found. What is sure becomes a line; what is not, a comment with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import yaml

from seglib.errors import InputRefused
from seglib.ingest.contract.loading import plain
from seglib.ingest.contract.month_names import MONTHS
from seglib.ingest.suggest.draft import scalar, write_mapping
from seglib.ingest.suggest.tables import match_tables, table_likeness
from seglib.ingest.suggest.values import SourceTable
from seglib.schema.tables import TABLES
from seglib.sql import restrict

if TYPE_CHECKING:
    import duckdb

    from seglib.ingest.sources.base import Source

MOST_TABLES = 40
"""Tables of a source that are examined: those whose names come nearest to the contract's; those of months are one."""

_PERIODS = {"q", "w", "kw", "h", "fy", "part", "t"}
"""What stands before the number of a period or part."""


def suggest(source: Source, con: duckdb.DuckDBPyConnection) -> str:
    """Write a first mapping file for a source.

    Parameters
    ----------
    source : Source
    con : duckdb.DuckDBPyConnection
        Where its tables are loaded and examined.

    Returns
    -------
    str
        YAML as `seglib.ingest.mapping.file` reads it, with comments. It can be parsed; the analyst decides whether it
        is right.

    Raises
    ------
    InputRefused
        If it has no table that can be read.
    """
    if source.mapping:
        content = yaml.safe_dump(dict(source.mapping), sort_keys=False, allow_unicode=True)
        return f"# {scalar(source.name)} knows what its tables mean. This is what it says.\n{content}"
    restrict(con, source.paths)
    con.execute("CREATE SCHEMA all_rows")
    con.execute("CREATE SCHEMA first_rows")
    nearest = sorted(source.tables, key=lambda name: -max(table_likeness(_stem(name), table) for table in TABLES))
    stems = list(dict.fromkeys(map(_stem, nearest)))[:MOST_TABLES]
    unread = {
        name: f"only the {MOST_TABLES} with the likeliest names are" for name in nearest if _stem(name) not in stems
    }
    views: dict[str, str] = {}
    for i, name in enumerate(source.tables):
        if name not in unread:
            try:
                source.tables[name](con, f"all_rows.t{i}")
                if not con.sql(f"DESCRIBE all_rows.t{i}").fetchall():
                    raise InputRefused("it has no columns")
                views[name] = f"all_rows.t{i}"
            except InputRefused as error:
                unread[name] = str(error)
    tables = []
    for i, names in enumerate(_alike(con, views)):
        if len(names) == 1:
            tables.append(SourceTable(con, names[0], views[names[0]], f"first_rows.t{i}"))
            continue
        union = " UNION ALL BY NAME ".join(f"SELECT * FROM {views[name]}" for name in names)
        con.execute(f"CREATE VIEW all_rows.stack{i} AS {union}")
        title = _stem(names[0]) or names[0]
        tables.append(SourceTable(con, names[0], f"all_rows.stack{i}", f"first_rows.t{i}", members=names, title=title))
    if not tables:
        raise InputRefused("\n".join(unread.values()) or f"source '{source.name}' has no tables")
    return write_mapping(source, tables, match_tables(tables), unread)


def _alike(con: duckdb.DuckDBPyConnection, views: Mapping[str, str]) -> list[list[str]]:
    """Return tables together that have the same columns, and whose names differ by a month, a year or a number only."""
    groups: dict[tuple[str, frozenset[str]], list[str]] = {}
    for name, view in views.items():
        columns = frozenset(plain(row[0]) for row in con.sql(f"DESCRIBE {view}").fetchall())
        groups.setdefault((_stem(name), columns), []).append(name)
    return list(groups.values())


def _stem(name: str) -> str:
    """Return what is left of a table's name without numbers, months and what stands between them.

    Examples
    --------
    >>> _stem("orders202401"), _stem("Sales-2024-03"), _stem("Orders January 2024"), _stem("2024"), _stem("customers")
    ('orders', 'sales', 'orders', '', 'customers')
    """
    parts = re.findall(r"[^\W\d_]+", name.casefold())
    months = {word for names in MONTHS.values() for word in names.split()}
    if any(c.isdigit() for c in name) or {*parts} & months:
        return " ".join(part for part in parts if part not in months and part not in _PERIODS)
    return name.casefold().strip()
