"""A first mapping file for a source, for the analyst to correct.

Names say what a table or column may be, values must bear it out: a date must be read as one, a key must tell rows
apart, a reference must be found. What is sure becomes a line; what is not, a comment with the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from seglib.errors import InputRefused
from seglib.ingest.suggest.draft import scalar, written
from seglib.ingest.suggest.tables import find, table_likeness
from seglib.ingest.suggest.values import Looked
from seglib.schema.tables import TABLES

if TYPE_CHECKING:
    import duckdb

    from seglib.ingest.sources.base import Source

MOST_TABLES = 40
"""Tables of a source that are looked at: those whose names come nearest to the contract's."""


def suggest(source: Source, con: duckdb.DuckDBPyConnection) -> str:
    """Write a first mapping file for a source.

    Parameters
    ----------
    source : Source
    con : duckdb.DuckDBPyConnection
        Where its tables are looked at; nothing of them is there yet.

    Returns
    -------
    str
        YAML as `seglib.ingest.mapping.file` reads it, with comments. It can be parsed; whether it is right, the analyst
        says.

    Raises
    ------
    InputRefused
        If it has no table that can be read.
    """
    if source.mapping:
        told = yaml.safe_dump(dict(source.mapping), sort_keys=False, allow_unicode=True)
        return f"# {scalar(source.name)} knows what its tables mean. This is what it says.\n{told}"
    con.execute("CREATE SCHEMA held")
    con.execute("CREATE SCHEMA seen")
    nearest = sorted(source.tables, key=lambda name: -max(table_likeness(name, table) for table in TABLES))
    unread = dict.fromkeys(nearest[MOST_TABLES:], f"only the {MOST_TABLES} with the likeliest names are")
    tables = []
    for i, name in enumerate(source.tables):
        if name not in unread:
            try:
                source.tables[name](con, f"held.t{i}")
                tables.append(Looked(con, name, f"held.t{i}", f"seen.t{i}"))
            except InputRefused as error:
                unread[name] = str(error)
    if not tables:
        raise InputRefused("\n".join(unread.values()) or f"source '{source.name}' has no tables")
    return written(source, tables, find(tables), unread)
