"""Read a folder of CSV or Parquet files, one file (or folder of Parquet files) a table, through DuckDB."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from seglib.errors import InputRefused
from seglib.sources import match_table

if TYPE_CHECKING:
    import duckdb


def register(path: Path, con: duckdb.DuckDBPyConnection) -> tuple[dict[str, tuple[Path, ...]], list[str], str]:
    """Make every file that is a canonical table a view ``raw.<table>``; see `seglib.sources.workbook`.

    CSV values stay text until `seglib.ingest` reads them by the contract: nothing is guessed here.
    """
    files: dict[str, tuple[Path, ...]] = {}
    ignored: list[str] = []
    kinds: set[str] = set()
    for entry in sorted(path.iterdir()):
        table = match_table(entry.stem)
        parts = tuple(sorted(entry.rglob("*.parquet"))) if entry.is_dir() else (entry,)
        suffix = ".parquet" if entry.is_dir() and parts else entry.suffix.lower()
        if table is None or suffix not in (".csv", ".parquet"):
            ignored.append(entry.name)
            continue
        if table in files:
            raise InputRefused(f"folder '{path.name}' holds table '{table}' twice: keep one of its files")
        _view(con, table, parts, suffix)
        files[table] = parts
        kinds.add(suffix[1:])
    return files, ignored, f"folder of {' and '.join(sorted(kinds))} files"


def _view(con: duckdb.DuckDBPyConnection, table: str, parts: tuple[Path, ...], suffix: str) -> None:
    import duckdb

    names = "[" + ", ".join("'" + str(p).replace("'", "''") + "'" for p in parts) + "]"
    try:
        if suffix == ".csv":  # read once, here, so that a malformed line is found now
            dialect = f"delim='{_delimiter(parts[0])}', quote='\"', escape='\"', comment='', header=true, skip=0"
            con.execute(f"CREATE TABLE raw.{table} AS FROM read_csv({names}, {dialect}, all_varchar=true)")
        else:
            con.execute(f"CREATE VIEW raw.{table} AS FROM read_parquet({names}, union_by_name=true)")
    except duckdb.Error as error:
        reason = _csv_fault(parts[0]) if suffix == ".csv" else "it is damaged, cut short, or no Parquet file"
        raise InputRefused(f"'{parts[0].name}' cannot be read as {suffix[1:]}: {reason}") from error


def _delimiter(path: Path) -> str:
    """Return the delimiter that the header line uses most; a comma if it uses none."""
    with path.open("rb") as file:
        header = file.readline()
    return max(",;\t|", key=lambda c: header.count(c.encode()))


def _csv_fault(path: Path) -> str:
    """Say what is wrong with a CSV file that could not be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, delimiter=_delimiter(path))
            width = len(next(rows))
            for row in rows:
                if row and len(row) != width:
                    return f"line {rows.line_num} has {len(row)} fields, the header has {width}"
    except UnicodeDecodeError:
        return "it is not UTF-8 text; save it as 'CSV UTF-8'"
    return "its lines do not form a table; check quotes and delimiters"
