"""Where a shop's tables come from.

`open_source` looks at what it is given and returns a `Source`: the tables that are there, none of them read yet.
Each is then loaded into DuckDB untouched, if the contract wants it. What the tables and columns *mean* is the business
of `seglib.ingest.mapping.model`, whether they can be *trusted* that of `seglib.ingest.contract.validation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from seglib.errors import InputRefused
from seglib.ingest.sources.base import Source
from seglib.schema.files import find_file, looked_for_in, project_root
from seglib.schema.sources import ADAPTERS

SAMPLE = project_root() / "data" / "sample" / "shop.xlsx"
"""The shop that ships with the project; the source named ``sample``."""


def open_source(
    source: str | Path, *, csv: Mapping[str, str] | None = None, header_rows: Mapping[str, int] | None = None
) -> Source:
    """Find out what a source is and which tables it holds.

    Parameters
    ----------
    source : str or Path
        An adapter's name (`ADAPTERS`); a database URL as SQLAlchemy has it; an ``.xlsx`` workbook, one table a sheet; a
        CSV file (also ``.csv.gz``), a Parquet, DuckDB or SQLite file; or a folder with one CSV file, Parquet file
        or (partitioned) folder of such files a table.
    csv : mapping of str to str, optional
        ``delimiter``, ``encoding`` and ``header_row`` of CSV files, where they shall not be found out.
    header_rows : mapping of str to int, optional
        By file (without suffix) or sheet, the row that has the names; 0: none has. Other tables: it is found out.

    Returns
    -------
    Source

    Raises
    ------
    InputRefused
        If there is no such source, or its content is not what its name says.
    """
    from seglib.credentials import is_url, shown
    from seglib.ingest.sources import database, files, workbook
    from seglib.ingest.sources.limits import refuse_irregular

    text = str(source) if is_url(str(source)) else shown(str(source))  # a mistyped URL may hold a password
    if text == "completejourney":
        from seglib.ingest.sources import completejourney

        return completejourney.open_package()
    if is_url(text):
        return database.open_url(text)
    path = SAMPLE if text == "sample" else find_file(source)
    if not path.exists():
        raise InputRefused(
            f"source '{source}' does not exist{looked_for_in(source)}; give a workbook (.xlsx), a file or folder of "
            f"CSV or Parquet, a database (file or URL), or one of {', '.join(repr(a) for a in ADAPTERS)}"
        )
    if path.is_dir():
        opened = files.open_folder(path, csv=csv or {}, header_rows=header_rows or {})
    else:
        refuse_irregular([path])
        if path.suffix.lower() == ".xlsx":
            name = "sample" if text == "sample" else path.name
            return workbook.open_file(path, name=name, header_rows=header_rows or {})
        opened = files.open_file(path, csv=csv or {}, header_rows=header_rows or {})
    return opened if opened.paths or opened.database else replace(opened, paths=(path,))
