"""Files and folders of files: CSV, Parquet, DuckDB and SQLite, told apart by their content."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seglib.errors import InputRefused
from seglib.ingest.sources import csv_files, database
from seglib.ingest.sources.base import Loaded, Source, sha256

if TYPE_CHECKING:
    import duckdb


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
            tables[name] = partial(_parquet, parts=parts)
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
        files = sorted(file for file in entry.rglob("*") if file.is_file() and not file.name.startswith("."))
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


def _parquet(con: duckdb.DuckDBPyConnection, target: str, *, parts: tuple[Path, ...]) -> Loaded:
    """Make a view on Parquet files; folders named ``column=value`` give a column, as text."""
    import duckdb

    names = "[" + ", ".join("'" + str(part).replace("'", "''") + "'" for part in parts) + "]"
    hive = "true" if any("=" in folder for part in parts for folder in part.parent.parts) else "false"
    options = f"union_by_name=true, hive_partitioning={hive}, hive_types_autocast=false"
    try:
        con.execute(f"CREATE VIEW {target} AS FROM read_parquet({names}, {options})")
    except duckdb.Error:
        raise InputRefused(
            f"'{parts[0].name}' cannot be read as parquet: it is damaged, cut short, or no Parquet file"
        ) from None
    return Loaded(sha256(parts))


def _open_duckdb(path: Path) -> Source:
    import duckdb

    try:
        with duckdb.connect(str(path), read_only=True) as con:
            listed = con.sql(
                "SELECT table_schema, table_name FROM information_schema.tables "
                "WHERE table_catalog = current_database() ORDER BY ALL"
            ).fetchall()
    except duckdb.Error as error:
        reason = " ".join(str(error).replace(str(path.resolve()), path.name).replace(str(path), path.name).split())
        raise InputRefused(f"'{path.name}' cannot be opened as a DuckDB file: {reason}") from None
    tables = {
        name if schema == "main" else f"{schema}.{name}": partial(_from_duckdb, path=path, schema=schema, name=name)
        for schema, name in listed
    }
    return Source(path.name, "DuckDB file", tables)


def _from_duckdb(con: duckdb.DuckDBPyConnection, target: str, *, path: Path, schema: str, name: str) -> Loaded:
    attached = [row[0] for row in con.sql("SELECT database_name FROM duckdb_databases()").fetchall()]
    if "source_file" not in attached:
        con.execute(f"ATTACH '{str(path).replace(chr(39), chr(39) * 2)}' AS source_file (READ_ONLY)")
    schema, name = (part.replace('"', '""') for part in (schema, name))
    con.execute(f'CREATE VIEW {target} AS FROM source_file."{schema}"."{name}"')
    return Loaded(sha256((path,)))
