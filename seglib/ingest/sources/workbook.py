"""Read an .xlsx workbook, one sheet a table, through calamine; titles above the header are passed over, and noted."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seglib.errors import InputRefused
from seglib.ingest.sources.base import Loaded, Source
from seglib.ingest.sources.headers import ROWS_LOOKED_AT, header_position, looks_like_data
from seglib.ingest.sources.hidden import note_of_hidden
from seglib.ingest.sources.limits import refuse_large_workbook

if TYPE_CHECKING:
    import duckdb
    from python_calamine import CalamineWorkbook


FAR = 100
"""Rows without any value between two others, from which on the lower one may be a stray value."""


def open_file(path: Path, *, name: str, header_rows: Mapping[str, int]) -> Source:
    """Open a workbook; its sheets are its tables. ``header_rows`` has the row of the names, by sheet.

    Raises
    ------
    InputRefused
        If it is damaged, protected by a password, or no workbook.
    """
    from python_calamine import CalamineWorkbook

    refuse_large_workbook(path)
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
        cells = book.get_sheet_by_name(sheet)
        every = enumerate(cells.iter_rows(), start=1)
        numbered = [(number, row) for number, row in every if _is_filled(row)]
    except Exception:
        raise InputRefused(f"'{path.name}': sheet '{sheet}' is damaged; save the workbook again") from None
    numbers, rows = [number for number, _ in numbered], [row for _, row in numbered]
    if not rows:
        raise InputRefused(f"'{path.name}': sheet '{sheet}' is empty")
    place = _header_place(rows, numbers, header_row, f"'{path.name}', sheet '{sheet}'")
    header, body = rows[place] if place >= 0 else [None] * len(rows[0]), rows[place + 1 :]
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
    numbered_names = dict(enumerate(names, start=1 + cells.start[1]))  # from the first column that holds something
    hidden = note_of_hidden(path, sheet, numbered_names, numbers[place + 1 :])
    notes = (_note(sheet, numbers[max(place, 0)], header_row), _apart(sheet, numbers), hidden)
    return Loaded(sha256((path,)), "; ".join(filter(None, notes)))


def _header_place(rows: list[list[Any]], numbers: Sequence[int], header_row: int | None, where: str) -> int:
    """Return the place of the header among the rows of a sheet; -1 if no row has names.

    Parameters
    ----------
    rows : list of list
        Those with a value in them.
    numbers : sequence of int
        Of these rows, as the spreadsheet counts.
    header_row : int, optional
        As the mapping has it, counted as the spreadsheet counts.
    where : str
        The sheet, for messages.
    """
    if header_row == 0:
        return -1
    if header_row is not None:
        if header_row not in numbers:
            raise InputRefused(f"{where} has nothing in row {header_row}, which should be its header")
        return numbers.index(header_row)
    first = [[_text(cell) or "" for cell in row] for row in rows[:ROWS_LOOKED_AT]]
    place = header_position(first)
    if looks_like_data(first[place], first[place + 1 :]):
        row = numbers[place]
        raise InputRefused(
            f"{where}: row {row} looks like values, not like names of columns "
            f"({', '.join(repr(cell) for cell in first[place][:4])}); write 'header_row: none' at the table in a "
            f"mapping file if no row has names (the columns are then called column 1, column 2 and so on), or "
            f"'header_row: {row}' if these are names"
        )
    return place


def _note(sheet: str, row: int, header_row: int | None) -> str:
    """Say which row has the names, where it is not the first."""
    if header_row == 0:
        return f"sheet '{sheet}' has no header: its columns are called column 1, column 2 and so on"
    return f"the header of sheet '{sheet}' is row {row}" if row > 1 else ""


def _apart(sheet: str, numbers: Sequence[int]) -> str:
    """Say where rows lie far below the others, with nothing in between: somebody left a value there."""
    gaps = [(after - before - 1, after) for before, after in itertools.pairwise(numbers) if after - before > FAR]
    if not gaps:
        return ""
    between, row = max(gaps)
    return (
        f"sheet '{sheet}': {between:,} rows without any value lie above row {row:,}; rows without any value are passed "
        f"over, and what stands in row {row:,} is read: delete it, if it is a stray value"
    )


def _is_filled(row: Sequence[Any]) -> bool:
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
