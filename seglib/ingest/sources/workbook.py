"""Read an .xlsx workbook, one sheet a table, through calamine."""

from __future__ import annotations

import datetime as dt
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seglib.errors import InputRefused
from seglib.ingest.sources.base import Loaded, Source

if TYPE_CHECKING:
    import duckdb
    from python_calamine import CalamineWorkbook


def open_file(path: Path, *, name: str) -> Source:
    """Open a workbook; its sheets are its tables.

    Raises
    ------
    InputRefused
        If it is damaged, protected by a password, or no workbook.
    """
    from python_calamine import CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = list(book.sheet_names)
    except Exception:  # calamine raises its own types, zipfile others: all mean the same to the reader
        raise InputRefused(
            f"'{path.name}' cannot be opened as an .xlsx workbook: {_reason(path)}. "
            "Save it again as 'Excel workbook (.xlsx)' without a password"
        ) from None
    return Source(name, "workbook", {sheet: partial(_load, book=book, sheet=sheet, path=path) for sheet in sheets})


def _load(con: duckdb.DuckDBPyConnection, target: str, *, book: CalamineWorkbook, sheet: str, path: Path) -> Loaded:
    """Make a table of texts of a sheet; its first row that is not empty has the names."""
    import pyarrow as pa

    from seglib.ingest.sources.base import sha256

    try:
        rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=True)
    except Exception:
        raise InputRefused(f"'{path.name}': sheet '{sheet}' is damaged; save the workbook again") from None
    header, *body = rows or [[]]
    if not header:
        raise InputRefused(f"'{path.name}': sheet '{sheet}' is empty")
    names = [_text(cell) or f"column {i}" for i, cell in enumerate(header, start=1)]
    twice = next((n for i, n in enumerate(names) if n.casefold() in map(str.casefold, names[:i])), None)
    if twice:
        raise InputRefused(
            f"'{path.name}', sheet '{sheet}': column '{twice}' is there more than once; keep one of them"
        )
    columns = [pa.array([_text(row[i]) for row in body], pa.string()) for i in range(len(names))]
    con.register("sheet", pa.table(columns, names=names or None))
    con.execute(f"CREATE TABLE {target} AS FROM sheet")
    con.unregister("sheet")
    return Loaded(sha256((path,)))


def _text(cell: Any) -> str | None:
    """Write a cell as text: 7 for 7.0, an ISO date for a date; nothing for an empty one."""
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 9e15 else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    return None if cell is None else str(cell)


def _reason(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(8)
    if not head:
        return "the file is empty"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "it is an old .xls file or protected by a password"
    if head.startswith(b"PK"):
        return "it is damaged or cut short, or not a workbook"
    return "its content is not a workbook (plain text, perhaps)"
