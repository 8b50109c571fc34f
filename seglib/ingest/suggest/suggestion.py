"""A first mapping file for a source, for the analyst to correct.

The name says what a table or column may be, and its values must support it: a date must be read as one, a key must tell
rows apart, a reference must be found. What is sure becomes a line; what is not, a comment with the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from seglib.errors import InputRefused
from seglib.ingest.suggest.draft import scalar, write_mapping
from seglib.ingest.suggest.tables import match_tables, table_likeness
from seglib.ingest.suggest.values import SourceTable
from seglib.schema.tables import TABLES

if TYPE_CHECKING:
    import duckdb

    from seglib.ingest.sources.base import Source

MOST_TABLES = 40
"""Tables of a source that are examined: those whose names come nearest to the contract's."""


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
    con.execute("CREATE SCHEMA all_rows")
    con.execute("CREATE SCHEMA first_rows")
    nearest = sorted(source.tables, key=lambda name: -max(table_likeness(name, table) for table in TABLES))
    unread = dict.fromkeys(nearest[MOST_TABLES:], f"only the {MOST_TABLES} with the likeliest names are")
    tables = []
    for i, name in enumerate(source.tables):
        if name not in unread:
            try:
                source.tables[name](con, f"all_rows.t{i}")
                tables.append(SourceTable(con, name, f"all_rows.t{i}", f"first_rows.t{i}"))
            except InputRefused as error:
                unread[name] = str(error)
    if not tables:
        raise InputRefused("\n".join(unread.values()) or f"source '{source.name}' has no tables")
    return write_mapping(source, tables, match_tables(tables), unread)
