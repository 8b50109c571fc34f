"""Write files whole or not at all, and tables for people so that a spreadsheet runs nothing."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seglib.schema.records import Record

if TYPE_CHECKING:
    import pandas as pd

_FORMULA, _NUMBER = re.compile(r"[=+\-@\t\r]"), re.compile(r"[+-]?\d+(\.\d+)?")


def safe_csv(frame: pd.DataFrame) -> str:
    """Write a table as CSV that is safe to open in a spreadsheet.

    A text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection);
    lines end as RFC 4180 has it, so that a name with a line break stays in its quotes.
    """
    text = [c for c in frame.columns if frame[c].dtype == object or str(frame[c].dtype) in ("str", "string")]
    safe = frame.assign(**{c: frame[c].map(_no_formula, na_action="ignore") for c in text})
    return safe.to_csv(index=False, lineterminator="\r\n")


def workbook(frame: pd.DataFrame) -> bytes:
    """Write a table as a workbook of one sheet, which opens in every spreadsheet in whatever language.

    No text becomes a formula or a link; ids stay text. The bytes depend on the table only.
    """
    import pandas as pd
    import xlsxwriter

    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"created": dt.datetime(2000, 1, 1)})  # else the moment, and the same list would differ
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, list(frame.columns), book.add_format({"bold": True}))
        for place, name in enumerate(frame.columns):
            values = [None if pd.isna(value) else value for value in frame[name].tolist()]
            sheet.write_column(1, place, values)
            longest = max([len(str(name)), *(len(str(value)) for value in values[:200])])
            sheet.set_column(place, place, min(longest + 3, 40))
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, len(frame), max(len(frame.columns) - 1, 0))
    return buffer.getvalue()


def write_whole(path: Path, text: str) -> Path:
    """Write a text file whole or not at all, also where two processes write it at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(text.encode("utf-8", "replace"))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a table; dates without a time come as timestamps."""
    import pyarrow.parquet as pq

    return pq.read_table(path).to_pandas(date_as_object=False)


def _no_formula(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def write_artefact(path: Path, content: Any) -> None:
    """Write a table (pandas or DuckDB) as Parquet, a record or JSON as JSON; whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    if isinstance(content, Record):
        content = content.to_json()
    elif isinstance(content, list):
        content = [item.to_json() if isinstance(item, Record) else item for item in content]
    if isinstance(content, dict | list):
        part.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    elif hasattr(content, "write_parquet"):
        content.write_parquet(str(part), compression="zstd")
    else:
        content.to_parquet(part, compression="zstd")
    part.replace(path)
