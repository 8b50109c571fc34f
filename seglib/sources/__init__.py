"""Where a shop's tables come from.

`open_source` looks at what it is given, registers every canonical table it finds as a view in the schema
``raw`` of a DuckDB connection, untouched, and tells what it found. Cleaning is the business of
`seglib.ingest`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seglib.errors import InputRefused
from seglib.run import project_root
from seglib.schema import TABLES
from seglib.words import near

if TYPE_CHECKING:
    import duckdb

SAMPLE = project_root() / "data" / "sample" / "shop.xlsx"
"""The shop that ships with the project; the source named ``sample``."""


@dataclass(frozen=True)
class Source:
    """What was opened: a name fit to be shown, the kind, and the names of the tables that were found.

    ``files`` maps each table to the files it was read from.
    """

    name: str
    kind: str
    files: dict[str, tuple[Path, ...]]
    ignored: tuple[str, ...] = ()

    def sha256(self, table: str) -> str:
        """Return the SHA-256 of the bytes of a table's files, in order."""
        digest = hashlib.sha256()
        for file in self.files[table]:
            with file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        return digest.hexdigest()


def open_source(source: str | Path, con: duckdb.DuckDBPyConnection) -> Source:
    """Register the tables of a source as views ``raw.<table>`` and say what was found.

    Parameters
    ----------
    source : str or Path
        ``sample``, an ``.xlsx`` workbook with one sheet a table, or a folder with one CSV or Parquet
        file (or sub-folder of Parquet files) a table. Names are those of the canonical tables; case and
        blanks around them do not matter.
    con : duckdb.DuckDBPyConnection
        Where the views are made.

    Returns
    -------
    Source

    Raises
    ------
    InputRefused
        If there is no such file, its content is not what its name says, or a required table is missing.
    """
    from seglib.sources import folder, workbook

    path = SAMPLE if str(source) == "sample" else Path(source).expanduser()
    if not path.exists():
        raise InputRefused(f"source '{source}' does not exist; give a workbook (.xlsx), a folder, or 'sample'")
    con.execute("CREATE SCHEMA IF NOT EXISTS raw")
    if path.is_dir():
        files, ignored, kind = folder.register(path, con)
    elif path.suffix.lower() == ".xlsx":
        files, ignored, kind = workbook.register(path, con)
    else:
        raise InputRefused(
            f"source '{path.name}' is not a workbook (.xlsx) or a folder of CSV or Parquet files; "
            "put single CSV files into a folder, one file a table"
        )
    missing = [name for name, table in TABLES.items() if table.required and name not in files]
    if missing:
        raise InputRefused(_missing_tables(path.name, missing, [*files, *ignored]))
    return Source("sample" if str(source) == "sample" else path.name, kind, files, tuple(ignored))


def match_table(name: str) -> str | None:
    """Return the canonical table a sheet or file name stands for, or None."""
    plain = name.strip().lower()
    return plain if plain in TABLES else None


def _missing_tables(source: str, missing: list[str], found: list[str]) -> str:
    parts = [f"'{name}'{near(name, found)}" for name in missing]
    listed = ", ".join(f"'{n}'" for n in found) or "none"
    return f"source '{source}' has no table {' and no table '.join(parts)}; found: {listed}"
