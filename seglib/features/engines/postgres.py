"""The database that the source is, where the shop's own tables stay: it is asked, and nothing is written to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seglib.errors import InputRefused
from seglib.ingest import query_function, table_fingerprint, with_views
from seglib.ingest.sources import connect_read_only
from seglib.sql import in_parts, translated

if TYPE_CHECKING:
    import pandas as pd

    from seglib.run import Run

CHUNK = 50_000
"""Rows that become a part of a table at one time."""

_NUMBERS = (20, 21, 23, 700, 701, 1700)
_WHOLE, _DATE = (20, 21, 23), 1082  # PostgreSQL's own numbers for its types


class NotThere(Exception):
    """Why the database cannot be used; its message is a clause without a full stop."""


class Database:
    """PostgreSQL, on the shop's own tables as the mapping reads them; all that it sees is of one moment."""

    name = "database"

    def __init__(self, url: str, tables: dict[str, str]) -> None:
        """Take a URL, as it was recorded, and the SELECT of every canonical table.

        Raises
        ------
        InputRefused
            If there is no way in; the message holds no credentials.
        """
        self._database = connect_read_only(url)
        self._connection = self._database.connection
        self.text = f"The statements run in the source itself, {self._database.shown}, which is only read."
        self._tables = dict(tables)

    def close(self) -> None:
        """Leave the database; the end of the process does so too."""
        self._connection.close()

    def fingerprints(self) -> dict[str, str]:
        """Return what tells the canonical tables from any others, as they are there now."""
        query = query_function(self._connection, self._tables)
        with self._database.refusing():
            return {name: table_fingerprint(name, query, "postgres") for name in self._tables}

    def keep(self, name: str, sql: str) -> None:
        """Put a SELECT in front of later statements: nothing can be kept in a database that is only read."""
        self._tables[name] = translated(sql, "postgres")

    def frame(self, sql: str) -> pd.DataFrame:
        """Return the rows of a SELECT."""
        import pandas as pd

        ctes, select = in_parts(sql, "postgres")
        statement = with_views(self._tables | ctes, select)
        with self._database.refusing():
            result = self._connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
            names, types = list(result.keys()), [column.type_code for column in result.cursor.description]
            parts = [_typed(rows, names, types) for rows in result.partitions(CHUNK)]
        return pd.concat(parts, ignore_index=True) if parts else _typed([], names, types)


def open_database(run: Run) -> Database:
    """Open the database that the source of a run is.

    Raises
    ------
    NotThere
        If the source is none, or does not give, or no longer gives, the rows that 01 accepted.
    """
    database = run.read("shop").database
    if database.reason is not None:
        raise NotThere(database.reason)
    try:
        engine = Database(database.url, database.views)
        changed = [name for name, now in engine.fingerprints().items() if now != database.fingerprints[name]]
    except InputRefused as why:
        raise NotThere(str(why)) from None
    if changed:
        engine.close()
        raise NotThere(f"table {changed[0]} has changed in the database since 01 read it")
    return engine


def _typed(rows: list, names: list[str], types: list[int]) -> pd.DataFrame:
    """Make a table of rows: numbers as floats where one is missing, days as datetime64."""
    import pandas as pd

    table = pd.DataFrame([tuple(row) for row in rows], columns=names, dtype=object)
    for name, of in zip(names, types, strict=True):
        if of in _NUMBERS:
            whole = of in _WHOLE and table[name].notna().all()
            table[name] = table[name].astype("int64" if whole else "float64")
        elif of == _DATE:
            table[name] = pd.to_datetime(table[name]).astype("datetime64[us]")
        elif table[name].map(lambda value: value is None or isinstance(value, str)).all():
            table[name] = table[name].astype("str")
    return table
