"""A shop that stays where it is: the canonical tables as one SELECT each over the shop's own tables, in PostgreSQL.

What `seglib.ingest.contract.parsing` does to every cell in DuckDB, these do inside the shop's database: names, ids as
text, dates, translated values, constants, defaults. What they cannot do (text to be parsed, rows to be set aside) is
said in words. Nothing is believed: 01 compares what they give, row by row, with the rows that it accepted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seglib.errors import InputRefused
from seglib.ingest.contract.loading import Intake, plain
from seglib.ingest.mapping.model import ColumnSource, Formats, TableMapping
from seglib.ingest.mapping.model import ShopMapping as Told
from seglib.ingest.sources.base import Source
from seglib.ingest.sources.database import Database, only_read, refusing
from seglib.schema.records import DatabaseRecord
from seglib.schema.tables import FIRST_DAY, LARGEST_NUMBER, LAST_DAY, TABLES, key, kind
from seglib.sql import quoted, sql_literal

if TYPE_CHECKING:
    import duckdb
    import sqlalchemy as sa

SAME = 'COLLATE "C"'
"""Text is compared and sorted by its characters, whatever the database's language."""

_TYPES = {"id": "text", "text": "text", "status": "text", "date": "date", "number": "double precision"}
_BLANKS = r"E' \t\r\n\u00A0\uFEFF'"  # those of `seglib.ingest.contract.parsing`
_FLOATS = ("real", "double precision")
_NUMBERS = ("smallint", "integer", "bigint", "numeric", *_FLOATS)
_CLOCK, _MOMENT = "timestamp without time zone", "timestamp with time zone"


class Unsaid(Exception):
    """Why a shop cannot be described where it is; its message is a clause without a full stop."""


@dataclass(frozen=True)
class Held:
    """A column of a shop's own table: its name, quoted, its type in PostgreSQL, and the one it arrived in."""

    sql: str
    type: str
    arrived: str


@dataclass(frozen=True)
class Whole:
    """A shop's own table: where it is, quoted, its columns by their names as they are compared, and its primary key."""

    sql: str
    columns: Mapping[str, Held]
    key: tuple[str, ...]


def describe_views(
    con: duckdb.DuckDBPyConnection, source: Source, taken: Mapping[str, Intake], told: Told, *, aside: int
) -> DatabaseRecord:
    """Say how the canonical tables can be had in the database that the source is; or why they cannot.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Holds the tables as they came, ``raw.<name>``, and the canonical ones.
    source : Source
    taken : mapping of str to Intake
        What the canonical tables are made from.
    told : seglib.ingest.mapping.model.ShopMapping
        What the source calls its tables and columns.
    aside : int
        How many rows were set aside.

    Returns
    -------
    DatabaseRecord
        The SELECT of every canonical table and `table_fingerprint` of its rows; or the reason why there is none.
    """
    database = source.database
    try:
        if database is None:
            raise Unsaid("the source is no database")
        if database.server.dialect.name != "postgresql":
            raise Unsaid(f"the source is no PostgreSQL database but a {source.kind}")
        if "transactions" not in taken:
            raise Unsaid("there are no transactions to describe customers by")
        if aside:
            rows = "1 row was" if aside == 1 else f"{aside:,} rows were"
            raise Unsaid(f"{rows} set aside, which the database still has")
        with refusing("the database cannot be asked", database.secrets), database.server.connect() as connection:
            only_read(connection)
            made = {}
            for name in TABLES:
                held = _held(taken[name], con, database, connection) if name in taken else None
                made[name] = _table(name, told, taken.get(name), held)
            there = {name: table_fingerprint(name, asking(connection, made), "postgres") for name in TABLES}
        here = {name: table_fingerprint(name, lambda sql: con.sql(sql).fetchall()[0], "duckdb") for name in TABLES}
        other = [name for name in TABLES if here[name] != there[name]]
        if other:
            raise Unsaid(f"the database does not give the same rows of table {other[0]} that were accepted")
    except (Unsaid, InputRefused) as why:
        return DatabaseRecord(reason=str(why))
    return DatabaseRecord(views=made, fingerprints=here)


def asking(connection: sa.Connection, tables: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a function that runs PostgreSQL on named SELECTs and returns the first row."""

    def ask(sql: str) -> Any:
        return connection.exec_driver_sql(behind(tables, sql), execution_options={"no_parameters": True}).fetchone()

    return ask


def behind(tables: Mapping[str, str], sql: str) -> str:
    """Put named SELECTs in front of a statement, which has none of its own."""
    parts = ",\n".join(f'"{name}" AS (\n{select}\n)' for name, select in tables.items())
    return f"WITH {parts}\n{sql}"


def table_fingerprint(table: str, ask: Callable[[str], Any], dialect: str) -> str:
    """Return what tells a canonical table from any other: the number of its rows, and a sum of a hash of each.

    The order of the rows does not matter. Numbers count with four decimals, as they do in the features.

    Parameters
    ----------
    table : str
    ask : callable
        Runs SQL where the table can be seen, and returns the first row.
    dialect : {"duckdb", "postgres"}
    """
    cells = []
    for name, column in TABLES[table].columns.items():
        cell = f"CAST(floor({name} * 10000 + 0.5) AS BIGINT)" if kind(column) == "number" else name
        text = f"CAST({cell} AS VARCHAR)"
        cells.append(f"coalesce(CAST(length({text}) AS VARCHAR) || ':' || {text}, '-')")
    digits = f"substr(md5({' || '.join(cells)}), 1, 12)"
    number = {"duckdb": f"CAST('0x' || {digits} AS BIGINT)", "postgres": f"CAST(('x' || {digits})::bit(48) AS bigint)"}
    rows, total = ask(f"SELECT count(*), CAST(coalesce(sum({number[dialect]}), 0) AS VARCHAR) FROM {table}")
    return f"{rows} rows, {total}"


def _table(name: str, told: Told, intake: Intake | None, held: Whole | None) -> str:
    """Write the SELECT of one canonical table."""
    kinds = {column: kind(declared) for column, declared in TABLES[name].columns.items()}
    if intake is None or held is None:
        return f"SELECT {_listed({}, kinds)} WHERE false"
    if intake.lines:
        raise Unsaid(f"several lines of table '{intake.source}' make one row of {name}")
    asked = told.table(name)
    origins = {
        column: asked.columns.get(column) or ColumnSource((column,)) for column in kinds if column in intake.readings
    }
    values = {
        column: _value(f"{name}.{column}", kinds[column], origin, held, told.formats)
        for column, origin in origins.items()
    }
    if "burn_date" in values and "transaction_status" not in values:
        values["transaction_status"] = f"CASE WHEN {values['burn_date']} IS NULL THEN 'subscribed' ELSE 'burned' END"
    return f"SELECT {_listed(values, kinds)} FROM {_rows(name, asked, origins, values, held)}"


def _listed(values: Mapping[str, str], kinds: Mapping[str, str]) -> str:
    cells = {column: f"CAST({values.get(column, 'NULL')} AS {_TYPES[kinds[column]]})" for column in kinds}
    return ", ".join(
        f'{cell}{f" {SAME}" if _TYPES[kinds[column]] == "text" else ""} AS "{column}"' for column, cell in cells.items()
    )


def _rows(
    name: str, asked: TableMapping, origins: Mapping[str, ColumnSource], values: Mapping[str, str], held: Whole
) -> str:
    """Write what the rows come from: the table; the first row of every key, where the mapping says ``distinct``."""
    if asked.rows != "distinct":
        return held.sql
    alone = all(origin.columns == origins[key(name)].columns for origin in origins.values())
    if not (held.key or alone):
        raise Unsaid(f"table {held.sql} has no primary key, so nobody knows which row of a key comes first")
    identity = values[key(name)]
    order = f" ORDER BY {', '.join(held.key)}" if held.key else ""
    first = f"row_number() OVER (PARTITION BY {identity} {SAME}{order}) AS __place"
    return f"(SELECT *, {first} FROM {held.sql} WHERE {identity} IS NOT NULL) AS held WHERE __place = 1"


def _held(intake: Intake, con: duckdb.DuckDBPyConnection, database: Database, connection: sa.Connection) -> Whole:
    """Find out what PostgreSQL says of a table: the types of its columns, and its primary key."""
    import sqlalchemy as sa

    schema, table = database.places[intake.source]
    place = f"{quoted(schema)}.{quoted(table)}"
    found = connection.execute(
        sa.text(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
            "WHERE attrelid = CAST(:place AS regclass) AND attnum > 0 AND NOT attisdropped"
        ),
        {"place": place},
    )
    arrived = {name: held for name, held, *_ in con.sql(f"DESCRIBE raw.{intake.name}").fetchall()}
    columns = {plain(name): Held(quoted(name), held, arrived[name]) for name, held in found}
    primary = sa.inspect(connection).get_pk_constraint(table, schema).get("constrained_columns", [])
    return Whole(place, columns, tuple(map(quoted, primary)))


def _value(where: str, what: str, origin: ColumnSource, held: Whole, formats: Formats) -> str:
    """Write the value of one canonical column."""
    if origin.row_number:
        raise Unsaid(f"{where} is the number of a row, and the rows of a database have no order")
    formats = origin.formats or formats
    parts = [held.columns[plain(name)] for name in origin.columns]
    if len(parts) > 1:
        return _within(" * ".join(_number(where, ColumnSource((p.sql,)), p) for p in parts))
    column = parts[0] if parts else None
    if what == "number":
        return _number(where, origin, column)
    if what == "date":
        return _day(where, origin, column, formats)
    text = _text(origin, column)
    if what == "id" and column and column.arrived == "VARCHAR":  # a table with gaps writes whole numbers as 7.0
        text = f"CASE WHEN {text} ~ '^[0-9]+[.]0$' THEN left({text}, -2) ELSE {text} END"
    return f"lower({text})" if what == "status" else text


def _text(origin: ColumnSource, column: Held | None) -> str:
    text = _cell_text(column) if column else f"CAST({sql_literal(origin.constant)} AS text)"
    if origin.values:
        whens = " ".join(f"WHEN {sql_literal(old)} THEN {sql_literal(new)}" for old, new in origin.values.items())
        text = f"CASE lower({text}) {whens} ELSE {text} END"
    return f"coalesce({text}, {sql_literal(origin.default)})" if origin.default is not None else text


def _cell_text(column: Held) -> str:
    text = f"CAST({column.sql} AS text)"
    if column.arrived == "VARCHAR":
        return f"nullif(btrim({text}, {_BLANKS}), '')"
    if column.type not in _FLOATS:
        return text
    whole = f"{column.sql} = floor({column.sql}) AND abs({column.sql}) < 9e15"
    digits = f"CAST(CAST({column.sql} AS bigint) AS text)"
    return f"CASE WHEN {column.sql} = 'NaN' THEN NULL WHEN {whole} THEN {digits} ELSE {text} END"


def _number(where: str, origin: ColumnSource, column: Held | None) -> str:
    if origin.values:
        raise Unsaid(f"{where} is translated from words to numbers")
    if column and column.type not in _NUMBERS:
        raise Unsaid(f"{where} must be read from a column of type {column.type}")
    by_text = column and column.type == "real"  # 0.1 is not the nearest number with twice as many digits
    number = (f"CAST({column.sql} AS text)" if by_text else column.sql) if column else _constant(where, origin.constant)
    number = f"CAST({number} AS double precision)"
    if origin.default is not None:
        number = f"coalesce({number}, CAST({_constant(where, origin.default)} AS double precision))"
    return _within(number)


def _within(number: str) -> str:
    return f"CASE WHEN abs({number}) <= {LARGEST_NUMBER:.0f} THEN {number} END"


def _constant(where: str, text: str | None) -> str:
    try:
        return f"'{float(text or '')!r}'"
    except ValueError:
        raise Unsaid(f"{where} is filled with a text that must be read as a number") from None


def _day(where: str, origin: ColumnSource, column: Held | None, formats: Formats) -> str:
    if origin.values or origin.default is not None:
        raise Unsaid(f"{where} is translated or filled")
    if column is None:
        try:
            return f"DATE '{dt.date.fromisoformat(origin.constant or '')}'"
        except ValueError:
            raise Unsaid(f"{where} is filled with a text that must be read as a day") from None
    clock = sql_literal(formats.time_zone or "UTC")
    moved = column.sql
    if column.arrived == "TIMESTAMP" and column.type == _CLOCK and formats.times_are_in:
        moved = f"timezone({clock}, timezone({sql_literal(formats.times_are_in)}, {column.sql}))"
    elif column.arrived == "TIMESTAMP WITH TIME ZONE" and column.type == _MOMENT:
        moved = f"timezone({clock}, {column.sql})"
    elif (column.arrived, column.type) not in (("DATE", "date"), ("TIMESTAMP", _CLOCK)):
        raise Unsaid(f"{where} must be read from a column of type {column.type}")
    day = f"CAST({moved} AS date)"
    return f"CASE WHEN {day} BETWEEN DATE '{FIRST_DAY:%Y-%m-%d}' AND DATE '{LAST_DAY:%Y-%m-%d}' THEN {day} END"
