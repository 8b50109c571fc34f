"""Write files whole or not at all, and tables for people so that a spreadsheet runs nothing."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seglib.schema.formulas import guarded
from seglib.schema.records import Record

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

ROWS_A_PART = 122_880
"""Rows of a row group in a Parquet file that is written from DuckDB."""


def safe_csv(frame: pd.DataFrame) -> str:
    """Write a table as CSV that is safe to open in a spreadsheet.

    A text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection), wherever it
    stands: in a cell, a category, a header, also behind blanks, line breaks and signs that are not shown, and with a
    full-width sign. Lines end as RFC 4180 has it, so that a name with a line break stays in its quotes.
    """
    import pandas as pd

    columns = [frame.iloc[:, place] for place in range(frame.shape[1])]
    columns = [_without_formulas(column) if _may_be_text(column) else column for column in columns]
    safe = pd.concat(columns, axis="columns") if columns else frame
    header = [_no_formula(str(name)) for name in frame.columns]
    return safe.to_csv(index=False, header=header, lineterminator="\r\n")


def _without_formulas(column: pd.Series) -> pd.Series:
    """Guard every text of a column; of a long one only those that do not begin with a letter or a digit are looked at.

    No formula begins with one of these, and nearly all ids and names do.
    """
    import pandas as pd

    if column.dtype.name not in ("str", "string"):
        return column.astype(object).map(_no_formula, na_action="ignore")
    texts = column.to_numpy(dtype=object, copy=True)
    doubtful = ~column.str.slice(0, 1).str.isalnum().fillna(True).to_numpy(dtype=bool)
    texts[doubtful] = [_no_formula(text) for text in texts[doubtful]]
    return pd.Series(texts, column.index, dtype=object)


def _may_be_text(column: pd.Series) -> bool:
    kind = column.dtype
    return kind.name in ("object", "str", "string", "category")


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
    """Write a text file whole or not at all, also where two processes write it at the same time.

    What is no file, such as a pipe or ``/dev/null``, is written to as it is; a link keeps leading where it did.
    """
    content, target = text.encode("utf-8", "replace"), path.resolve()
    if target.exists() and not target.is_file():
        target.write_bytes(content)
        return path
    target.parent.mkdir(parents=True, exist_ok=True)
    with _whole(target) as part, part.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())  # so that no cut of power leaves an empty file under this name
    return path


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Give a path beside a file; what is written there takes its place, unless an error comes first."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        yield part
        part.replace(path)
    except BaseException:
        with suppress(OSError):  # it says nothing that the error does not say
            part.unlink(missing_ok=True)
        raise


def read_json(path: Path) -> dict[str, Any]:
    """Read a record that was written as JSON; empty if it is not there, broken, or anything but an object."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a table, or some columns of it; dates without a time come as timestamps."""
    import pyarrow.parquet as pq

    wanted = None if columns is None else list(columns)
    return pq.read_table(path, columns=wanted, use_pandas_metadata=True).to_pandas(date_as_object=False)


def _no_formula(cell: Any) -> Any:
    return guarded(cell) if isinstance(cell, str) else cell


def _write_relation(rows: duckdb.DuckDBPyRelation, path: Path) -> None:
    """Write the rows of a DuckDB relation to a Parquet file, in parts. DuckDB itself may write nowhere."""
    import pyarrow.parquet as pq

    batches = rows.to_arrow_reader(ROWS_A_PART)
    with pq.ParquetWriter(path, batches.schema, compression="zstd") as writer, ThreadPoolExecutor(1) as reader:
        ahead = reader.submit(next, batches, None)
        while (batch := ahead.result()) is not None:
            ahead = reader.submit(next, batches, None)  # the next part is made while this one is written
            writer.write_batch(batch)


def write_artefact(path: Path, content: Any) -> None:
    """Write a table (pandas or DuckDB) as Parquet, a record or JSON as JSON; whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Record):
        content = content.to_json()
    elif isinstance(content, list):
        content = [item.to_json() if isinstance(item, Record) else item for item in content]
    if isinstance(content, dict | list):
        write_whole(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        return
    with _whole(path) as part:
        if hasattr(content, "write_parquet"):
            _write_relation(content, part)
        else:
            content.to_parquet(part, compression="zstd")
