"""Read an .xlsx workbook, one sheet a table, through calamine."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from seglib.errors import InputRefused
from seglib.sources import match_table

if TYPE_CHECKING:
    import duckdb


def register(path: Path, con: duckdb.DuckDBPyConnection) -> tuple[dict[str, tuple[Path, ...]], list[str], str]:
    """Make every sheet that is a canonical table a DuckDB table ``raw.<table>``.

    Returns
    -------
    files : dict of str to tuple of Path
    ignored : list of str
        Sheets that are no canonical table.
    kind : str
    """
    try:  # empty cells are missing; the words "NA" or "None" are words
        sheets = pd.read_excel(path, sheet_name=None, engine="calamine", keep_default_na=False, na_values=[""])
    except Exception as error:  # calamine raises its own types, zipfile others: all mean the same to the reader
        raise InputRefused(
            f"'{path.name}' cannot be opened as an .xlsx workbook: {_reason(path)}. "
            "Save it again as 'Excel workbook (.xlsx)' without a password"
        ) from error
    files: dict[str, tuple[Path, ...]] = {}
    ignored: list[str] = []
    for sheet, frame in sheets.items():
        table = match_table(sheet)
        if table is None or table in files:
            ignored.append(sheet)
            continue
        frame.columns = [str(c) for c in frame.columns]
        con.register("sheet", frame.apply(_plain))
        con.execute(f"CREATE TABLE raw.{table} AS SELECT * FROM sheet")
        con.unregister("sheet")
        files[table] = (path,)
    return files, ignored, "workbook"


def _plain(column: pd.Series) -> pd.Series:
    """Turn a column of mixed cells into text; leave whole numbers, numbers and dates as they are."""
    if column.isna().all():
        return pd.Series([None] * len(column), index=column.index, dtype="str")
    if column.dtype != object:
        return column
    return column.map(_cell_text, na_action="ignore").astype("str")


def _cell_text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime | dt.date):
        return cell.isoformat(sep=" ") if isinstance(cell, dt.datetime) else cell.isoformat()
    return str(cell)


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
