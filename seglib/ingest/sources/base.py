"""What a source is: tables that can be loaded into DuckDB, none of them read yet."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Loaded:
    """What is known of a table once it has been read.

    Attributes
    ----------
    sha256 : str
        Of the bytes of its files; of its rows, where it came from a database.
    note : str
        How it was read, where that was found out and not given: delimiter, encoding.
    """

    sha256: str
    note: str = ""


@dataclass(frozen=True)
class Source:
    """Something that holds tables.

    Attributes
    ----------
    name : str
        Fit to be shown: no path, no credentials.
    kind : str
        What it is, in words: "workbook", "folder of csv files".
    tables : mapping of str to callable
        Its tables by their own names. ``tables[name](con, target)`` makes the DuckDB table or view ``target`` (an SQL
        name, quoted where it needs to be) with every row and column as the source has them, and returns `Loaded`.
    mapping : mapping of str to Any
        What the tables mean, in the form of a mapping file, where the source itself knows (adapters).
    notes : tuple of str
        Sentences a reader of 01 should know about where the tables come from.
    paths : tuple of Path
        The files and folders that the engine may read while its tables are loaded.
    database : seglib.ingest.sources.database.Database, optional
        Where they can be asked for more, if they are in a database.
    """

    name: str
    kind: str
    tables: Mapping[str, Callable[[duckdb.DuckDBPyConnection, str], Loaded]]
    mapping: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    database: Any = field(default=None, repr=False)


def sha256(files: tuple[Path, ...]) -> str:
    """Return the SHA-256 of the bytes of files, one after the other."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
