"""Files and folders of files: CSV, Parquet, DuckDB and SQLite, told apart by their content."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seglib.errors import InputRefused
from seglib.ingest.sources import csv_files, database
from seglib.ingest.sources.base import Loaded, Source, sha256
from seglib.ingest.sources.limits import reading_view, refuse_irregular
from seglib.sql import exact_path, in_memory, quoted, restrict, sql_literal

if TYPE_CHECKING:
    import duckdb

_NANOSECONDS = "TIMESTAMPTZ_NS"


def open_folder(path: Path, *, csv: Mapping[str, str], header_rows: Mapping[str, int]) -> Source:
    """Open a folder with one CSV file, Parquet file, or folder of such files (partitioned or not) a table."""
    tables = {}
    kinds: set[str] = set()
    for entry in sorted(path.iterdir()):
        if entry.name.startswith("."):
            continue
        parts, kind = _parts(entry)
        if kind is None:
            continue
        name = entry.name if entry.is_dir() else csv_files.stem(entry)
        if name in tables:
            raise InputRefused(f"folder '{path.name}' holds table '{name}' twice: keep one of its files")
        if kind == "Parquet":
            tables[name] = partial(_parquet, parts=parts, table=entry)
        elif entry.is_dir():
            tables[name] = partial(
                csv_files.load_folder, folder=entry, parts=parts, options=csv, header_rows=header_rows
            )
        else:
            tables[name] = partial(csv_files.load, path=entry, options=csv, header_rows=header_rows)
        kinds.add(kind)
    return Source(path.name, f"folder of {' and '.join(sorted(kinds)) or 'no known'} files", tables)


def _parts(entry: Path) -> tuple[tuple[Path, ...], str | None]:
    """Return the files of which a table is made, and what they are; None if they are nothing known."""
    if entry.is_dir():
        files = sorted(file for file in entry.rglob("*") if not file.is_dir() and not file.name.startswith("."))
        parquet = tuple(file for file in files if file.suffix.lower() == ".parquet")
        of_csv = tuple(file for file in files if csv_files.is_csv(file))
        return (parquet, "Parquet") if parquet else (of_csv, "CSV" if of_csv else None)
    if entry.suffix.lower() == ".parquet":
        return (entry,), "Parquet"
    return (entry,), "CSV" if csv_files.is_csv(entry) and entry.is_file() else None


def open_file(path: Path, *, csv: Mapping[str, str], header_rows: Mapping[str, int]) -> Source:
    """Open a single file that holds one table (CSV, Parquet) or many (DuckDB, SQLite)."""
    with path.open("rb") as stream:
        head = stream.read(16)
    if head.startswith(b"SQLite format 3\0"):
        return database.open_file(path)
    if head[8:12] == b"DUCK":
        return _open_duckdb(path)
    if head.startswith(b"PAR1"):
        return Source(path.name, "Parquet file", {path.stem: partial(_parquet, parts=(path,))})
    if csv_files.is_csv(path):
        load = partial(csv_files.load, path=path, options=csv, header_rows=header_rows)
        return Source(path.name, "CSV file", {csv_files.stem(path): load})
    reason = "it is empty" if not head else "it is no workbook (.xlsx), CSV, Parquet, DuckDB or SQLite file"
    raise InputRefused(f"source '{path.name}' cannot be opened: {reason}")


def _parquet(
    con: duckdb.DuckDBPyConnection, target: str, *, parts: tuple[Path, ...], table: Path | None = None
) -> Loaded:
    """Make a view on Parquet files; folders named ``column=value`` inside that of the table give a column, as text."""
    import duckdb

    refuse_irregular(parts)
    below = table if table is not None and table.is_dir() else None
    names = "[" + ", ".join(sql_literal(exact_path(con, part, below=below)) for part in parts) + "]"
    folders = [folder for part in parts for folder in (part.relative_to(below).parent.parts if below else ())]
    hive = "true" if any("=" in folder for folder in folders) else "false"
    options = f"union_by_name=true, hive_partitioning={hive}, hive_types_autocast=false"
    try:
        _view(con, target, f"read_parquet({names}, {options})")
    except duckdb.Error:
        raise InputRefused(
            f"'{parts[0].name}' cannot be read as parquet: it is damaged, cut short, or no Parquet file"
        ) from None
    return Loaded(sha256(parts))


def _view(con: duckdb.DuckDBPyConnection, target: str, origin: str) -> None:
    con.execute(f"CREATE VIEW {target} AS SELECT * {_microseconds(con, origin)} FROM {origin}")


def _microseconds(con: duckdb.DuckDBPyConnection, origin: str) -> str:
    """Write how moments with a zone in nanoseconds, as pandas has them, become moments that DuckDB calculates with."""
    columns = [quoted(name) for name, kind, *_ in con.sql(f"DESCRIBE FROM {origin}").fetchall() if kind == _NANOSECONDS]
    casts = [f"timezone('UTC', CAST(CAST({name} AS TIMESTAMP_NS) AS TIMESTAMP)) AS {name}" for name in columns]
    return f"REPLACE ({', '.join(casts)})" if casts else ""


def _open_duckdb(path: Path) -> Source:
    import duckdb

    try:
        with in_memory(reads=_with_log(path)) as con:
            _attach(con, path)
            listed = con.sql(
                "SELECT table_schema, table_name, table_type = 'VIEW' FROM information_schema.tables "
                "WHERE table_catalog = 'source_file' ORDER BY ALL"
            ).fetchall()
    except duckdb.Error as error:
        reason = " ".join(str(error).replace(str(path.resolve()), path.name).replace(str(path), path.name).split())
        raise InputRefused(f"'{path.name}' cannot be opened as a DuckDB file: {reason}") from None
    tables = {
        name if schema == "main" else f"{schema}.{name}": partial(
            _from_duckdb, path=path, schema=schema, name=name, is_view=is_view
        )
        for schema, name, is_view in listed
    }
    return Source(path.name, "DuckDB file", tables, paths=_with_log(path))


def _from_duckdb(
    con: duckdb.DuckDBPyConnection, target: str, *, path: Path, schema: str, name: str, is_view: bool
) -> Loaded:
    attached = [row[0] for row in con.sql("SELECT database_name FROM duckdb_databases()").fetchall()]
    if "source_file" not in attached:
        _attach(con, path)
    origin = f"source_file.{quoted(schema)}.{quoted(name)}"
    if is_view:  # a statement of somebody else's: it is run once, here, and its rows are kept
        restrict(con, _with_log(path))
        with reading_view(con, f"view '{name}' of '{path.name}'"):
            con.execute(f"CREATE TABLE {target} AS SELECT * {_microseconds(con, origin)} FROM {origin}")
    else:
        _view(con, target, origin)
    return Loaded(sha256((path,)))


def _attach(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Attach a DuckDB file, as ``source_file``, to be read only."""
    place, log = Path(exact_path(con, path)), _with_log(path)[1]
    if place.name != path.name and log.exists():
        place.with_name(f"{place.name}.wal").symlink_to(log.absolute())
    con.execute(f"ATTACH {sql_literal(place.as_posix())} AS source_file (TYPE duckdb, READ_ONLY)")


def _with_log(path: Path) -> tuple[Path, ...]:
    """Return a DuckDB file and the log of its last changes, which need not be there."""
    # of a name with a question mark, DuckDB puts .wal in front of it
    return path, path.with_name(f"{path.name}.wal"), path.with_name(path.name.replace("?", ".wal?", 1))
