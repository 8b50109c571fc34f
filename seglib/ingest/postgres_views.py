"""Describe a shop inside its own PostgreSQL database: one SELECT per canonical table over the shop's own tables.

What `seglib.ingest.contract.parsing` does to every cell in DuckDB, these SELECTs do inside the shop's database: names,
ids as text, dates, translated values, constants, defaults. What they cannot do (parse text, set rows aside) is reported
in words. 01 then checks the result: it compares the rows that the SELECTs give with the rows that it accepted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seglib.errors import InputRefused
from seglib.ingest.contract.loading import LoadedTable, plain
from seglib.ingest.contract.nothing import nothing_numbers, nothing_words
from seglib.ingest.mapping.model import ColumnSource, Formats, ShopMapping, TableMapping
from seglib.ingest.sources.base import Source
from seglib.ingest.sources.database import Database, only_read, refusing
from seglib.schema.records import DatabaseRecord
from seglib.schema.tables import FIRST_DAY, LARGEST_NUMBER, LAST_DAY, TABLES, key, kind
from seglib.sql import quoted, sql_literal

if TYPE_CHECKING:
    import duckdb
    import sqlalchemy as sa

COLLATION = 'COLLATE "C"'
"""Text is compared and sorted by its characters, whatever the database's language."""

_TYPES = {"id": "text", "text": "text", "status": "text", "date": "date", "number": "double precision"}
_BLANKS = r"E' \t\r\n\u00A0\uFEFF'"  # those of `seglib.ingest.contract.parsing`
_FLOATS = ("real", "double precision")
_NUMBERS = ("smallint", "integer", "bigint", "numeric", *_FLOATS)
_WITHOUT_ZONE, _WITH_ZONE = "timestamp without time zone", "timestamp with time zone"


class CannotTranslate(Exception):
    """Why a shop cannot be described inside its database; its message is a clause without a full stop."""


@dataclass(frozen=True)
class DatabaseColumn:
    """A column of a table in the shop's database.

    Attributes
    ----------
    sql : str
        Its name, quoted.
    type : str
        In PostgreSQL.
    arrived : str
        In DuckDB, where 01 read it.
    """

    sql: str
    type: str
    arrived: str


@dataclass(frozen=True)
class DatabaseTable:
    """A table in the shop's database.

    Attributes
    ----------
    sql : str
        Its schema and name, quoted.
    columns : mapping of str to DatabaseColumn
        By their names as names are compared.
    key : tuple of str
        The columns of its primary key, quoted; empty if it has none.
    """

    sql: str
    columns: Mapping[str, DatabaseColumn]
    key: tuple[str, ...]


def describe_views(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    tables: Mapping[str, LoadedTable],
    mapping: ShopMapping,
    *,
    aside: int,
) -> DatabaseRecord:
    """Describe the canonical tables inside the database that the source is, or say why that is not possible.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Holds the tables as they came, ``raw.<name>``, and the canonical ones.
    source : Source
    tables : mapping of str to LoadedTable
        What the canonical tables are made from.
    mapping : ShopMapping
        What the source calls its tables and columns.
    aside : int
        How many rows were set aside.

    Returns
    -------
    DatabaseRecord
        The SELECT of every canonical table and the `table_fingerprint` of its rows; or the reason why there is none.
    """
    database = source.database
    try:
        if database is None:
            raise CannotTranslate("the source is no database")
        if database.server.dialect.name != "postgresql":
            raise CannotTranslate(f"the source is no PostgreSQL database but a {source.kind}")
        if "transactions" not in tables:
            raise CannotTranslate("there are no transactions to describe customers by")
        if aside:
            rows = "1 row was" if aside == 1 else f"{aside:,} rows were"
            raise CannotTranslate(f"{rows} set aside, which the database still has")
        with refusing("the database cannot be asked", database.secrets), database.server.connect() as connection:
            only_read(connection)
            views = {}
            for name in TABLES:
                loaded = tables.get(name)
                table = _database_table(loaded, con, database, connection) if loaded else None
                views[name] = _select(name, mapping, loaded, table)
            query = query_function(connection, views)
            remote = {name: table_fingerprint(name, query, "postgres") for name in TABLES}
        local = {name: table_fingerprint(name, lambda sql: con.sql(sql).fetchall()[0], "duckdb") for name in TABLES}
        differing = [name for name in TABLES if local[name] != remote[name]]
        if differing:
            raise CannotTranslate(
                f"the database does not give the same rows of table {differing[0]} that were accepted"
            )
    except (CannotTranslate, InputRefused) as why:
        return DatabaseRecord(reason=str(why))
    return DatabaseRecord(views=views, fingerprints=local)


def query_function(connection: sa.Connection, tables: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a function that runs a statement of PostgreSQL on named SELECTs and returns the first row."""

    def query(sql: str) -> Any:
        return connection.exec_driver_sql(with_views(tables, sql), execution_options={"no_parameters": True}).fetchone()

    return query


def with_views(tables: Mapping[str, str], sql: str) -> str:
    """Put named SELECTs in front of a statement that has no WITH clause."""
    parts = ",\n".join(f'"{name}" AS (\n{select}\n)' for name, select in tables.items())
    return f"WITH {parts}\n{sql}"


def table_fingerprint(table: str, query: Callable[[str], Any], dialect: str) -> str:
    """Return what tells the rows of a canonical table from any others: their number, and a sum of a hash of each.

    The order of the rows does not matter. Numbers count with four decimals, as they do in the features.

    Parameters
    ----------
    table : str
    query : callable
        Runs SQL where the table can be seen, and returns the first row.
    dialect : {"duckdb", "postgres"}
    """
    # Both databases must write the same text for the same row. Floats are the difficulty: their shortest text differs
    # between databases, so a number is rounded to an integer of ten-thousandths. The length in front of every cell
    # keeps ('ab', 'c') and ('a', 'bc') apart, and '-' stands for NULL, which no cell with a length can be.
    cells = []
    for name, column in TABLES[table].columns.items():
        cell = f"CAST(floor({name} * 10000 + 0.5) AS BIGINT)" if kind(column) == "number" else name
        text = f"CAST({cell} AS VARCHAR)"
        cells.append(f"coalesce(CAST(length({text}) AS VARCHAR) || ':' || {text}, '-')")
    # Twelve hexadecimal digits of the hash are 48 bits: they fit in a signed 64-bit integer in both databases, which
    # each reads them in its own way. A sum does not depend on the order of the rows, counts a repeated row twice
    # (an XOR would cancel it), and cannot overflow, because both databases add BIGINTs up in a wider type.
    digits = f"substr(md5({' || '.join(cells)}), 1, 12)"
    number = {"duckdb": f"CAST('0x' || {digits} AS BIGINT)", "postgres": f"CAST(('x' || {digits})::bit(48) AS bigint)"}
    rows, total = query(f"SELECT count(*), CAST(coalesce(sum({number[dialect]}), 0) AS VARCHAR) FROM {table}")
    return f"{rows} rows, {total}"


def _select(name: str, mapping: ShopMapping, loaded: LoadedTable | None, table: DatabaseTable | None) -> str:
    """Write the SELECT of one canonical table."""
    kinds = {column: kind(declared) for column, declared in TABLES[name].columns.items()}
    if loaded is None or table is None:
        return f"SELECT {_select_list({}, kinds)} WHERE false"
    if loaded.lines:
        raise CannotTranslate(f"several lines of table '{loaded.source}' make one row of {name}")
    table_mapping = mapping.table(name)
    if any(origin.fill_down for origin in table_mapping.columns.values()):
        raise CannotTranslate(f"empty cells of {name} are filled from the row above")
    origins = {
        column: table_mapping.columns.get(column) or ColumnSource((column,))
        for column in kinds
        if column in loaded.columns
    }
    values = {
        column: _value(f"{name}.{column}", kinds[column], origin, table, mapping.formats)
        for column, origin in origins.items()
    }
    if "burn_date" in values and "transaction_status" not in values:
        values["transaction_status"] = f"CASE WHEN {values['burn_date']} IS NULL THEN 'subscribed' ELSE 'burned' END"
    return f"SELECT {_select_list(values, kinds)} FROM {_from(name, table_mapping, origins, values, table)}"


def _select_list(values: Mapping[str, str], kinds: Mapping[str, str]) -> str:
    """Write the columns of a canonical table, in its order and types; those that the shop does not have are NULL."""
    cells = []
    for column, column_kind in kinds.items():
        sql_type = _TYPES[column_kind]
        cell = f"CAST({values.get(column, 'NULL')} AS {sql_type})"
        if sql_type == "text":
            cell += f" {COLLATION}"
        cells.append(f'{cell} AS "{column}"')
    return ", ".join(cells)


def _from(
    name: str,
    table_mapping: TableMapping,
    origins: Mapping[str, ColumnSource],
    values: Mapping[str, str],
    table: DatabaseTable,
) -> str:
    """Write what the rows come from: the table; the first row of every key, where the mapping says ``distinct``."""
    if table_mapping.rows != "distinct":
        return table.sql
    # Rows of a database have no order. "The first" has a meaning only if there is a primary key to sort by, or if
    # every column comes from the key itself, so that all rows of a key are alike.
    only_key = all(origin.columns == origins[key(name)].columns for origin in origins.values())
    if not (table.key or only_key):
        raise CannotTranslate(f"table {table.sql} has no primary key, so nobody knows which row of a key comes first")
    identity = values[key(name)]
    order = f" ORDER BY {', '.join(table.key)}" if table.key else ""
    first = f"row_number() OVER (PARTITION BY {identity} {COLLATION}{order}) AS __place"
    return f"(SELECT *, {first} FROM {table.sql} WHERE {identity} IS NOT NULL) AS held WHERE __place = 1"


def _database_table(
    loaded: LoadedTable, con: duckdb.DuckDBPyConnection, database: Database, connection: sa.Connection
) -> DatabaseTable:
    """Find out what PostgreSQL says of a table: the types of its columns, and its primary key."""
    import sqlalchemy as sa

    if loaded.source not in database.places:
        raise CannotTranslate(f"several tables make table {loaded.name}")
    schema, table = database.places[loaded.source]
    place = f"{quoted(schema)}.{quoted(table)}"
    attributes = connection.execute(
        sa.text(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
            "WHERE attrelid = CAST(:place AS regclass) AND attnum > 0 AND NOT attisdropped"
        ),
        {"place": place},
    )
    arrived = {row[0]: row[1] for row in con.sql(f"DESCRIBE raw.{loaded.name}").fetchall()}
    columns = {plain(name): DatabaseColumn(quoted(name), type_, arrived[name]) for name, type_ in attributes}
    primary = sa.inspect(connection).get_pk_constraint(table, schema).get("constrained_columns", [])
    return DatabaseTable(place, columns, tuple(map(quoted, primary)))


def _value(where: str, what: str, origin: ColumnSource, table: DatabaseTable, formats: Formats) -> str:
    """Write the value of one canonical column; ``what`` is its kind."""
    if origin.row_number:
        raise CannotTranslate(f"{where} is the number of a row, and the rows of a database have no order")
    formats = origin.formats or formats
    parts = [table.columns[plain(name)] for name in origin.columns]
    if len(parts) > 1:
        return _in_range(" * ".join(_number(where, ColumnSource((part.sql,)), part, formats) for part in parts))
    column = parts[0] if parts else None
    if what == "number":
        return _number(where, origin, column, formats)
    if what == "date":
        return _day(where, origin, column, formats)
    text = _text(origin, column, nothing_words(what, formats))
    if what == "id" and column and column.arrived == "VARCHAR":  # a table with gaps writes whole numbers as 7.0
        text = f"CASE WHEN {text} ~ '^[0-9]+[.,]0$' THEN left({text}, -2) ELSE {text} END"
    return f"lower({text})" if what == "status" else text


def _text(origin: ColumnSource, column: DatabaseColumn | None, nothing: tuple[str, ...]) -> str:
    """Write a cell's text as `seglib.ingest.contract.parsing.cell_value` does in DuckDB."""
    text = _cell_text(column) if column else f"CAST({sql_literal(origin.constant)} AS text)"
    cell, words = text, [word for word in nothing if word not in origin.values]
    if column and column.arrived == "VARCHAR" and words:
        text = f"CASE WHEN lower({cell}) IN ({', '.join(map(sql_literal, words))}) THEN NULL ELSE {cell} END"
    if origin.values:
        whens = " ".join(f"WHEN {sql_literal(old)} THEN {sql_literal(new)}" for old, new in origin.values.items())
        text = f"nullif(CASE lower({cell}) {whens} ELSE {text} END, '')"
    return text if origin.default is None else f"coalesce({text}, {sql_literal(origin.default)})"


def _cell_text(column: DatabaseColumn) -> str:
    """Write a cell's text as `seglib.ingest.contract.parsing.cell_text` does in DuckDB."""
    text = f"CAST({column.sql} AS text)"
    if column.arrived == "VARCHAR":
        return f"nullif(btrim({text}, {_BLANKS}), '')"
    if column.type not in _FLOATS:
        return text
    whole = f"{column.sql} = floor({column.sql}) AND abs({column.sql}) < 9e15"
    digits = f"CAST(CAST({column.sql} AS bigint) AS text)"
    return f"CASE WHEN {column.sql} = 'NaN' THEN NULL WHEN {whole} THEN {digits} ELSE {text} END"


def _number(where: str, origin: ColumnSource, column: DatabaseColumn | None, formats: Formats) -> str:
    if origin.values:
        raise CannotTranslate(f"{where} is translated from words to numbers")
    if column and column.type not in _NUMBERS:
        raise CannotTranslate(f"{where} must be read from a column of type {column.type}")
    if column is None:
        number = _constant(where, origin.constant)
    elif column.type == "real":
        # by its text: 0.1 as a real is not the double next to 0.1
        number = f"CAST({column.sql} AS text)"
    else:
        number = column.sql
    number = f"CAST({number} AS double precision)"
    if origin.default is not None:
        number = f"coalesce({number}, CAST({_constant(where, origin.default)} AS double precision))"
    codes = nothing_numbers(formats) if column else ()
    if codes:
        number = f"CASE WHEN {number} NOT IN ({', '.join(map(repr, codes))}) THEN {number} END"
    return _in_range(number)


def _in_range(number: str) -> str:
    return f"CASE WHEN abs({number}) <= {LARGEST_NUMBER:.0f} THEN {number} END"


def _constant(where: str, text: str | None) -> str:
    try:
        return f"'{float(text or '')!r}'"
    except ValueError:
        raise CannotTranslate(f"{where} is filled with a text that must be read as a number") from None


def _day(where: str, origin: ColumnSource, column: DatabaseColumn | None, formats: Formats) -> str:
    if origin.values or origin.default is not None:
        raise CannotTranslate(f"{where} is translated or filled")
    if column is None:
        try:
            return f"DATE '{dt.date.fromisoformat(origin.constant or '')}'"
        except ValueError:
            raise CannotTranslate(f"{where} is filled with a text that must be read as a day") from None
    shop_zone = sql_literal(formats.time_zone or "UTC")
    moment = column.sql
    if column.arrived == "TIMESTAMP" and column.type == _WITHOUT_ZONE and formats.times_are_in:
        moment = f"timezone({shop_zone}, timezone({sql_literal(formats.times_are_in)}, {column.sql}))"
    elif column.arrived == "TIMESTAMP WITH TIME ZONE" and column.type == _WITH_ZONE:
        moment = f"timezone({shop_zone}, {column.sql})"
    elif (column.arrived, column.type) not in (("DATE", "date"), ("TIMESTAMP", _WITHOUT_ZONE)):
        raise CannotTranslate(f"{where} must be read from a column of type {column.type}")
    day = f"CAST({moment} AS date)"
    return f"CASE WHEN {day} BETWEEN DATE '{FIRST_DAY:%Y-%m-%d}' AND DATE '{LAST_DAY:%Y-%m-%d}' THEN {day} END"
