"""Read an .xlsx workbook, one sheet a table, through calamine; titles above the header are passed over, and noted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seglib.errors import InputRefused
from seglib.ingest.sources.base import Loaded, Source
from seglib.ingest.sources.headers import ROWS_LOOKED_AT, header_position, looks_like_data

if TYPE_CHECKING:
    import duckdb
    from python_calamine import CalamineWorkbook


def open_file(path: Path, *, name: str, header_rows: Mapping[str, int]) -> Source:
    """Open a workbook; its sheets are its tables. ``header_rows`` has the row of the names, by sheet.

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
    rows = {sheet.strip().casefold(): row for sheet, row in header_rows.items()}
    return Source(
        name,
        "workbook",
        {
            sheet: partial(_load, book=book, sheet=sheet, path=path, header_row=rows.get(sheet.strip().casefold()))
            for sheet in sheets
        },
    )


def _load(
    con: duckdb.DuckDBPyConnection,
    target: str,
    *,
    book: CalamineWorkbook,
    sheet: str,
    path: Path,
    header_row: int | None,
) -> Loaded:
    """Make a table of texts of a sheet; rows that are wholly empty are no rows."""
    import pyarrow as pa

    from seglib.ingest.sources.base import sha256

    try:
        opened = book.get_sheet_by_name(sheet)
        rows = opened.to_python(skip_empty_area=True)
    except Exception:
        raise InputRefused(f"'{path.name}': sheet '{sheet}' is damaged; save the workbook again") from None
    if not any(map(_is_filled, rows)):
        raise InputRefused(f"'{path.name}': sheet '{sheet}' is empty")
    above = opened.start[0] if opened.start else 0
    place = _header_place(rows, above, header_row, f"'{path.name}', sheet '{sheet}'")
    header = rows[place] if place >= 0 else [None] * len(rows[0])
    body = [row for row in rows[place + 1 :] if _is_filled(row)]
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
    return Loaded(sha256((path,)), _note(sheet, above + place + 1, header_row))


def _header_place(rows: list[list[Any]], above: int, header_row: int | None, where: str) -> int:
    """Return the place of the header among the rows of a sheet; -1 if no row has names.

    Parameters
    ----------
    rows : list of list
    above : int
        Empty rows above the first of them.
    header_row : int, optional
        As the mapping has it, counted as the spreadsheet counts.
    where : str
        The sheet, for messages.
    """
    if header_row is not None:
        place = header_row - 1 - above if header_row else -1
        if header_row and not 0 <= place < len(rows):
            raise InputRefused(f"{where} has nothing in row {header_row}, which should be its header")
        return place
    first = [[_text(cell) or "" for cell in row] for row in rows[:ROWS_LOOKED_AT]]
    place = header_position(first)
    if looks_like_data(first[place], first[place + 1 :]):
        raise InputRefused(
            f"{where}: row {above + place + 1} looks like values, not like names of columns "
            f"({', '.join(repr(cell) for cell in first[place][:4])}); write 'header_row: none' at the table in a "
            f"mapping file if no row has names (the columns are then called column 1, column 2 and so on), or "
            f"'header_row: {above + place + 1}' if these are names"
        )
    return place


def _note(sheet: str, row: int, header_row: int | None) -> str:
    """Say which row has the names, where it is not the first."""
    if header_row == 0:
        return f"sheet '{sheet}' has no header: its columns are called column 1, column 2 and so on"
    return f"the header of sheet '{sheet}' is row {row}" if row > 1 else ""


def _is_filled(row: list[Any]) -> bool:
    return any(cell is not None and cell != "" for cell in row)


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
