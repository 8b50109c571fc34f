"""Read the tables and views of a database through SQLAlchemy: exactly, in chunks, and without writing to it."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seglib import credentials
from seglib.credentials import is_url
from seglib.errors import InputRefused
from seglib.ingest.sources.base import Loaded, Source
from seglib.ingest.sources.limits import out_of_memory, out_of_time, seconds
from seglib.schema.files import find_file, looked_for_in

if TYPE_CHECKING:
    import duckdb
    import sqlalchemy as sa

__all__ = ["is_url", "open_file", "open_url"]

CHUNK = 50_000
"""Rows that are in memory at one time."""

LONGEST_VALUE = 10_000_000
"""Bytes of one value of an SQLite file."""

KINDS = {"postgresql": "PostgreSQL", "sqlite": "SQLite", "mysql": "MySQL", "mariadb": "MariaDB", "mssql": "SQL Server"}
SYSTEM = {"information_schema", "performance_schema", "mysql", "sys"}
"""Schemas that belong to the server."""

FITS = {
    "BIGINT": "CAST(TRY_CAST({0} AS BIGINT) AS VARCHAR) = {0}",
    "DOUBLE": "TRY_CAST({0} AS DOUBLE) IS NOT NULL AND NOT contains({0}, '_')",
    "BOOLEAN": "lower({0}) IN ('0', '1', 't', 'f', 'true', 'false')",
    "DATE": "CAST(TRY_CAST({0} AS DATE) AS VARCHAR) = {0}",
    "TIMESTAMP": "TRY_CAST({0} AS TIMESTAMP) IS NOT NULL",
    "TIMESTAMPTZ": r"TRY_CAST({0} AS TIMESTAMPTZ) IS NOT NULL AND regexp_matches({0}, '([+-]\d\d(:\d\d)?|infinity)$')",
}
"""By DuckDB type, when a text can be read as that type and nothing of it is lost."""


@dataclass(frozen=True)
class Database:
    """The server of a source, for those who ask it more than its tables.

    Attributes
    ----------
    server : sqlalchemy.Engine
    secrets : frozenset of str
        What no message may repeat.
    places : mapping of str to (str, str)
        Schema and name of each of the source's tables.
    """

    server: sa.Engine = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    places: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def open_url(url: str) -> Source:
    """Open the database that a URL names.

    Parameters
    ----------
    url : str
        As SQLAlchemy has it, ``${NAME}`` filled from the environment; where it was recorded without its credentials,
        they come from the environment (`seglib.credentials.whole`).

    Returns
    -------
    Source
        Tables and views of the default schema by their names, those of others as ``schema.table``.

    Raises
    ------
    InputRefused
        If there is no such database or no way in. The message holds no credentials.
    """
    url = credentials.filled(credentials.whole(url))
    with refusing(
        f"'{credentials.shown(url)}' cannot be opened", credentials.secrets(url), OSError, ValueError, TypeError
    ):
        import sqlalchemy as sa

        address = sa.make_url(url)
        if address.get_backend_name() == "sqlite":
            return open_file(find_file(address.database or ":memory:"))
        engine = server_of(url)
        name = f"{engine.dialect.name}://{address.host or ''}" + (f"/{address.database}" if address.database else "")
        return _source(engine, name, credentials.secrets(url))


def server_of(url: str) -> sa.Engine:
    """Return how to reach the server of a filled URL; nothing is asked of it yet."""
    import sqlalchemy as sa

    address, options = sa.make_url(url), {}
    if address.drivername in ("postgres", "postgresql"):
        address = address.set(drivername="postgresql+psycopg")
    if address.drivername == "postgresql+psycopg":
        options["isolation_level"] = "REPEATABLE READ"  # a table that is read twice is the same table
        if "connect_timeout" not in address.query:
            options["connect_args"] = {"connect_timeout": 10}
    return sa.create_engine(address, poolclass=sa.NullPool, hide_parameters=True, **options)


def open_file(path: Path) -> Source:
    """Open an SQLite file.

    Raises
    ------
    InputRefused
        If there is none, or it is none. No file is address.
    """
    import sqlalchemy as sa

    if not path.is_file():
        raise InputRefused(f"there is no SQLite file '{path.name}'{looked_for_in(path)}")
    with path.open("rb") as file:
        by_log = file.read(20)[18:] == b"\2\2"
    # SQLite makes two files beside one that is written by a log (WAL), even to read it. Without a log nobody writes.
    unlocked = by_log and not path.with_name(f"{path.name}-wal").exists()
    address = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' * unlocked}"
    engine = sa.create_engine(
        "sqlite://", creator=partial(_connect_sqlite, address), poolclass=sa.NullPool, hide_parameters=True
    )
    return _source(engine, path.name, set())


def _connect_sqlite(address: str) -> sqlite3.Connection:
    """Open an SQLite file whose views and triggers are somebody else's: they reach no other file, and load nothing."""
    connection = sqlite3.connect(address, uri=True)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    return connection


def _source(engine: sa.Engine, name: str, secrets: Collection[str]) -> Source:
    import sqlalchemy as sa

    kind = f"{KINDS.get(engine.dialect.name, engine.dialect.name)} database"
    tables, places = {}, {}
    remedy = " (check host, database, user and password)" if engine.dialect.name != "sqlite" else ""
    with refusing(f"{kind} '{name}' cannot be opened{remedy}", secrets), engine.connect() as connection:
        inspector = sa.inspect(connection)
        default = inspector.default_schema_name
        for schema in [None, *sorted({*inspector.get_schema_names()} - {default})]:
            if schema is None or schema.lower() not in SYSTEM:
                views = set(inspector.get_view_names(schema))
                for table in _names(inspector, schema):
                    label = table if schema is None else f"{schema}.{table}"
                    what = "view" if table in views else "table"
                    tables[label] = _loader(
                        engine, schema, table, f"{what} '{label}' of {kind} '{name}'", secrets, is_view=table in views
                    )
                    places[label] = (schema or default, table)
    return Source(name, kind, tables, database=Database(engine, frozenset(secrets), places))


def _names(inspector: sa.Inspector, schema: str | None) -> list[str]:
    names = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
    if inspector.dialect.name == "postgresql":
        names += [*inspector.get_materialized_view_names(schema), *inspector.get_foreign_table_names(schema)]
    return sorted(names)


def _loader(
    engine: sa.Engine, schema: str | None, table: str, label: str, secrets: Collection[str], *, is_view: bool
) -> Callable[[duckdb.DuckDBPyConnection, str], Loaded]:
    """Return the function that reads one table; see `seglib.ingest.Source`."""

    def load(con: duckdb.DuckDBPyConnection, target: str) -> Loaded:
        import sqlalchemy as sa

        with refusing(f"{label} cannot be read", secrets), engine.connect() as connection:
            inspector = sa.inspect(connection)
            with warnings.catch_warnings():  # of a type that SQLAlchemy does not know: it arrives as text
                warnings.simplefilter("ignore", sa.exc.SAWarning)
                types = {c["name"]: _type(c["type"], engine.dialect.name) for c in inspector.get_columns(table, schema)}
            key = inspector.get_pk_constraint(table, schema).get("constrained_columns", [])
            if len({name.lower() for name in types}) < len(types) or not types:
                raise InputRefused(f"{label} has no columns, or two that differ in upper and lower case only")
            query = sa.select(*map(sa.column, types)).select_from(sa.table(table, schema=schema))
            query = query.order_by(*map(sa.column, key)).execution_options(yield_per=CHUNK)
            _ask_for_plain_values(connection)
            with within_time(connection, label) if is_view else nullcontext(lambda: None) as refuse_late:
                while True:  # a column is what it was declared to be, unless a value does not fit: then it is text
                    misfits, digest = _copy(connection.execute(query), types, con, target, refuse_late)
                    if not misfits:
                        return Loaded(digest)
                    types |= dict.fromkeys(misfits, "VARCHAR")

    return load


@contextmanager
def within_time(connection: sa.Connection, view: str) -> Iterator[Callable[[], None]]:
    """Read a view within the time that a view may take; gives a function that refuses it once the time is over.

    Raises
    ------
    InputRefused
    """
    import sqlalchemy as sa

    end = time.monotonic() + seconds()
    if connection.dialect.name == "sqlite":
        connection.connection.dbapi_connection.set_progress_handler(lambda: time.monotonic() > end, 100_000)
    elif connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {round(seconds() * 1000)}")

    def refuse_late() -> None:
        if time.monotonic() > end:
            raise out_of_time(view)

    try:
        yield refuse_late
    except sa.exc.SQLAlchemyError:
        refuse_late()
        raise


def _type(declared: Any, dialect: str) -> str:
    """Return the DuckDB type for a declared one; whatever could lose something is text."""
    import sqlalchemy as sa

    if isinstance(declared, sa.DateTime):
        return "VARCHAR" if dialect == "sqlite" else "TIMESTAMPTZ" if declared.timezone else "TIMESTAMP"
    if isinstance(declared, sa.Date):
        return "VARCHAR" if dialect == "sqlite" else "DATE"  # in SQLite a date is a text
    duckdb_types = ((sa.Boolean, "BOOLEAN"), (sa.Integer, "BIGINT"), (sa.Float, "DOUBLE"))
    return next((name for kind, name in duckdb_types if isinstance(declared, kind)), "VARCHAR")


def _ask_for_plain_values(connection: sa.Connection) -> None:
    """Have the driver give values as the database writes them, and nothing that depends on this machine."""
    driver = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        driver.text_factory = bytes  # text that is not UTF-8 is a value too
        connection.exec_driver_sql("BEGIN")
    elif connection.dialect.driver == "psycopg":
        from psycopg.types.string import TextLoader

        for info in driver.adapters.types:
            for oid in {info.oid, info.array_oid} - {0} if info.name != "bytea" else ():
                driver.adapters.register_loader(oid, TextLoader)
        only_read(connection)


READ_ONLY_SETTINGS = (
    "TRANSACTION READ ONLY",
    "LOCAL timezone = 'UTC'",
    "LOCAL datestyle = 'ISO'",
    "LOCAL extra_float_digits = 1",
    "LOCAL synchronize_seqscans = off",
    "LOCAL standard_conforming_strings = on",
)
"""Settings of a transaction of PostgreSQL that writes nothing, and whose answers depend on nobody's settings."""


def only_read(connection: sa.Connection) -> None:
    """Begin a transaction of PostgreSQL that can write nothing, and whose answers depend on nobody's settings."""
    for setting in READ_ONLY_SETTINGS:
        connection.exec_driver_sql(f"SET {setting}")


@dataclass(frozen=True)
class ReadOnlyConnection:
    """A database that is open in a transaction that can write nothing.

    Attributes
    ----------
    shown : str
        Its URL without credentials.
    connection : sqlalchemy.Connection
    secrets : collection of str
        What no message may repeat.
    """

    shown: str
    connection: sa.Connection = field(repr=False)
    secrets: Collection[str] = field(repr=False)

    def refusing(self) -> AbstractContextManager[None]:
        """Turn an error of the driver into one sentence without credentials."""
        return refusing(f"'{self.shown}' cannot be read", self.secrets)


def connect_read_only(url: str) -> ReadOnlyConnection:
    """Open the database that a run recorded, in a transaction that can write nothing.

    Parameters
    ----------
    url : str
        As `seglib.credentials.recorded` wrote it; the rest comes from the environment.

    Raises
    ------
    InputRefused
        If there is no way in; the message holds no credentials.
    """
    shown = credentials.shown(url)
    url = credentials.filled(credentials.whole(url))
    secrets = credentials.secrets(url)
    with refusing(f"'{shown}' cannot be read", secrets):
        connection = server_of(url).connect()
        only_read(connection)
    return ReadOnlyConnection(shown, connection, secrets)


def _copy(
    result: sa.CursorResult,
    types: dict[str, str],
    con: duckdb.DuckDBPyConnection,
    target: str,
    refuse_late: Callable[[], None],
) -> tuple[list[str], str]:
    """Stream rows into the DuckDB table ``target``.

    Returns
    -------
    misfits : list of str
        Columns with a value that does not fit their type; reading stopped there.
    digest : str
        SHA-256 of one JSON array of arrays, ASCII only: the names of the columns, then the texts of every row.
    """
    import pyarrow as pa

    quoted = ['"' + name.replace('"', '""') + '"' for name in types]
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(quoted, types.values(), strict=True))
    con.execute(f"CREATE OR REPLACE TABLE {target} ({columns})")
    checks = [
        f"bool_and({name} IS NULL OR coalesce({FITS[kind].format(name)}, false))" if kind in FITS else "bool_and(true)"
        for name, kind in zip(quoted, types.values(), strict=True)
    ]
    schema = pa.schema([(name, pa.large_string()) for name in types])
    digest = sha256(f"[{json.dumps(list(types))}".encode())
    with result:
        for rows in result.partitions():
            refuse_late()
            texts = [[v if type(v) is str else _text(v) for v in column] for column in zip(*rows, strict=True)]
            digest.update(f", {json.dumps(list(zip(*texts, strict=True)))[1:-1]}".encode())
            con.register("seglib_chunk", pa.table(texts, schema))
            [fits] = con.execute(f"SELECT {', '.join(checks)} FROM seglib_chunk").fetchall()
            if all(fits):
                con.execute(f"INSERT INTO {target} FROM seglib_chunk")
            con.unregister("seglib_chunk")
            if not all(fits):
                return [name for name, fit in zip(types, fits, strict=True) if not fit], ""
    digest.update(b"]")
    return [], digest.hexdigest()


def _text(value: Any) -> str | None:
    """Return the exact text of a value, the same on every machine."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        try:
            return str(value, "utf-8")
        except UnicodeDecodeError:
            return value.hex()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = repr(value)
        return f"{Decimal(text):f}" if "e" in text else text
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        return (value.astimezone(dt.UTC) if value.tzinfo else value).isoformat(" ")
    return str(value)


@contextmanager
def refusing(what: str, secrets: Collection[str], *also: type[Exception]) -> Iterator[None]:
    """Turn an error of a driver, or one of ``also``, into one sentence without credentials or traceback."""
    import duckdb
    import sqlalchemy as sa

    try:
        yield
    except duckdb.OutOfMemoryException:
        raise out_of_memory(what.removesuffix(" cannot be read")) from None
    except (sa.exc.NoSuchModuleError, ImportError):
        raise InputRefused(
            f"{what}: no driver for it is installed; install one beside seglib, and name it as SQLAlchemy does "
            "(such as mysql+pymysql://...)"
        ) from None
    except (sa.exc.SQLAlchemyError, *also) as error:
        message = " ".join(str(getattr(error, "orig", None) or error).split())
        if any(secret.lower() in message.lower() for secret in secrets):
            message = "its driver's message is not shown, because it repeats what is secret"
        raise InputRefused(f"{what}: {message}") from None
