"""Bounds on what a source may ask for: regular files only, so much unfolded, so far apart, so long.

A file of a few kilobytes can unfold to gigabytes, a workbook can have one cell a million rows below the others, a view
can have no end, and a pipe can never deliver. Each of them is refused with one sentence, before memory or patience is
used up.
"""

from __future__ import annotations

import os
import re
import stat
import threading
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from seglib.errors import InputRefused

if TYPE_CHECKING:
    import duckdb

SECONDS = 600
"""How long a view of somebody else's may take; the environment variable `SECONDS_VARIABLE` sets another limit."""

SECONDS_VARIABLE = "SEGLIB_VIEW_SECONDS"

LONGEST_HEADER = 1 << 20
"""Characters of the first line of a CSV file; real ones have a few thousand."""

LARGEST_UNFOLDED = 1 << 30
"""Bytes that a compressed file may unfold to whatever its size; a larger one must not be packed beyond `DENSEST`."""

DENSEST = 100
"""How many times its size a large compressed file may unfold to. Tables of text reach 5 to 30, zeros 1000."""

LARGEST_GRID = 10_000_000
"""Cells that the corners of a sheet may span whatever is in it; a larger one must be filled to a tenth."""

MOST_CELLS = 60_000_000
"""Cells with a content in one sheet: more do not fit in memory."""

_CELL = re.compile(rb"<(?:\w+:)?c\b[^<>]*?\br\s*=\s*[\"']([A-Z]{1,3})([0-9]{1,7})[\"'][^<>]*(?<!/)>")


def refuse_irregular(paths: Iterable[Path]) -> None:
    """Refuse a pipe or a device, which may never end.

    Raises
    ------
    InputRefused
    """
    for path in paths:
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            what = "a folder" if path.is_dir() else "a pipe or a device"
            raise InputRefused(f"'{path.name}' is {what}, not a file: save what it holds to a file first")


def refuse_unfolding(path: Path) -> None:
    """Refuse a gzip file that unfolds to far more than a table of its size can hold.

    Raises
    ------
    InputRefused
    """
    size = path.stat().st_size
    if path.suffix.lower() != ".gz" or size * 1032 <= LARGEST_UNFOLDED:  # deflate packs 1032 to 1 at best
        return
    unfolded, unpacker = 0, zlib.decompressobj(wbits=31)
    with path.open("rb") as stream:
        while block := unpacker.unconsumed_tail or stream.read(1 << 16):
            try:
                unfolded += len(unpacker.decompress(block, 1 << 20))
            except zlib.error:
                return  # damaged: whoever reads it says so
            if unpacker.eof:  # of one member; a file may have several
                rest = unpacker.unused_data
                unpacker = zlib.decompressobj(wbits=31)
                unfolded += len(unpacker.decompress(rest, 1 << 20)) if rest.startswith(b"\x1f\x8b") else 0
            if unfolded > max(LARGEST_UNFOLDED, DENSEST * size):
                raise InputRefused(_unfolds(path))


def _unfolds(path: Path) -> str:
    return (
        f"'{path.name}' unfolds to more than {DENSEST} times its size and more than {LARGEST_UNFOLDED >> 30} GB: it is "
        "not read; if it is a table all the same, unpack it first"
    )


def refuse_large_workbook(path: Path) -> None:
    """Refuse a workbook that unfolds to gigabytes, or has a sheet whose corners are too far apart.

    Whoever reads a sheet holds a grid from its first cell to its last. One value in the last row and column asks for
    17,179,869,184 cells.

    Raises
    ------
    InputRefused
    """
    size, unfolded = max(path.stat().st_size, 1), 0
    try:
        with zipfile.ZipFile(path) as archive:
            names = _sheet_names(archive)
            for entry in archive.infolist():
                with archive.open(entry) as stream:
                    sheet = _Corners()
                    while block := stream.read(1 << 20):
                        unfolded += len(block)
                        if unfolded > max(LARGEST_UNFOLDED, DENSEST * size) or unfolded > 4 * LARGEST_UNFOLDED:
                            raise InputRefused(_unfolds(path).replace("unpack it first", "save its sheets as CSV"))
                        if "/worksheets/" in entry.filename:
                            sheet.see(block)
                    label = names.get(entry.filename.rsplit("/", 1)[-1], entry.filename)
                    sheet.refuse(f"'{path.name}', sheet '{label}'")
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError):
        return  # damaged or protected: whoever opens it says so


class _Corners:
    """The first and last row and column that hold something, and how many cells do."""

    def __init__(self) -> None:
        self._rest = b""
        self._cells = 0
        self._columns: dict[bytes, str] = {}
        self._first = self._last = 0

    def see(self, block: bytes) -> None:
        """Look at the next bytes of a sheet."""
        text = self._rest + block
        cut = text.rfind(b"<")
        self._rest = text[cut:][-4096:] if cut >= 0 else b""
        cells = _CELL.findall(text[: max(cut, 0)])
        if not cells:
            return
        self._cells += len(cells)
        rows = [int(row) for _, row in cells]
        self._first = min(self._first or min(rows), min(rows))
        self._last = max(self._last, max(rows))
        for column, row in cells:
            if column not in self._columns:
                self._columns[column] = f"{column.decode()}{row.decode()}"

    def refuse(self, where: str) -> None:
        """Refuse a sheet that would take too much memory."""
        if self._cells > MOST_CELLS:
            raise InputRefused(f"{where} has {self._cells:,} cells: export it as CSV, which is read in parts")
        if not self._columns:
            return
        places = {_number(column): cell for column, cell in self._columns.items()}
        width, height = max(places) - min(places) + 1, self._last - self._first + 1
        if width * height > max(LARGEST_GRID, 10 * self._cells):
            last = places[max(places)] if width > 1000 else f"row {self._last:,}"
            raise InputRefused(
                f"{where} has {self._cells:,} cells with a value spread over {height:,} rows and {width:,} columns: a "
                f"stray value lies far from the table (look at {last}); delete it and save the workbook again"
            )


def _number(column: bytes) -> int:
    """Return the number of a column: 1 for A, 27 for AA."""
    number = 0
    for letter in column:
        number = number * 26 + letter - 64
    return number


def _sheet_names(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the names of sheets by the file that most programs keep them in: the first in ``sheet1.xml``."""
    try:
        with archive.open("xl/workbook.xml") as stream:
            text = stream.read(1 << 20).decode("utf-8", "replace")
    except KeyError:
        return {}
    names = re.findall(r"<(?:\w+:)?sheet\b[^>]*?\bname=\"([^\"]*)\"", text)
    return {f"sheet{place}.xml": name for place, name in enumerate(names, start=1)}


def seconds() -> float:
    """Return how long a view may take."""
    try:
        return max(float(os.environ.get(SECONDS_VARIABLE, SECONDS)), 0.1)
    except ValueError:
        return SECONDS


def out_of_time(view: str) -> InputRefused:
    """Say that a view took too long."""
    return InputRefused(
        f"{view} was not read to its end within {seconds():g} seconds (the environment variable {SECONDS_VARIABLE} "
        "sets another limit): export its rows into a table"
    )


@contextmanager
def reading_view(con: duckdb.DuckDBPyConnection, view: str) -> Iterator[None]:
    """Read a view of somebody else's: within a time, within memory, and out of its own file only.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Restricted to the files of the source.
    view : str
        What it is called in a message.

    Raises
    ------
    InputRefused
    """
    import duckdb

    timer = threading.Timer(seconds(), con.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.InterruptException:
        raise out_of_time(view) from None
    except duckdb.PermissionException:
        raise InputRefused(
            f"{view} reads something outside of its file, which is not allowed while a source is read: export its rows "
            "into a table"
        ) from None
    except duckdb.OutOfMemoryException:
        raise out_of_memory(view) from None
    except duckdb.Error as error:
        reason = " ".join(str(error).split("\n\n")[0].split())
        raise InputRefused(f"{view} cannot be read: {reason}; export its rows into a table") from None
    finally:
        timer.cancel()


def out_of_memory(what: str) -> InputRefused:
    """Say that a table is too large."""
    return InputRefused(f"{what} is larger than memory and the space set aside on disk allow: export a part of it")
