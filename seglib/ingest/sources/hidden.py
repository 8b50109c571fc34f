"""What a spreadsheet hides is read like all the rest; whoever hid it may not expect that, so it is told."""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from seglib.style import join_words

MOST_NAMED = 5
"""Rows or columns that a note names."""

_HIDDEN = re.compile(rb"\bhidden\s*=\s*[\"'](?:1|true)[\"']")
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_COLUMNS = re.compile(rb"<(?:\w+:)?col\b([^>]*)>")
_NUMBER = re.compile(rb"\br\s*=\s*[\"'](\d+)[\"']")
_ENDS = re.compile(rb"\b(min|max)\s*=\s*[\"'](\d+)[\"']")


def note_of_hidden(path: Path, sheet: str, names: Mapping[int, str], rows: Sequence[int]) -> str:
    """Say what of a sheet is hidden, and read all the same: the sheet, columns, rows (by hand, a filter or an outline).

    Parameters
    ----------
    path : Path
        The workbook.
    sheet : str
    names : mapping of int to str
        What its columns are called, by their number: 1 for A.
    rows : sequence of int
        The rows that are read as values, as the spreadsheet counts.

    Returns
    -------
    str
        Empty where nothing is hidden, or where it cannot be known.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            member, whole = _member(archive, sheet)
            hidden_rows, hidden_columns = _hidden(archive, member) if member else (set(), set())
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError, ElementTree.ParseError, RuntimeError):
        return ""  # a workbook of another kind: whoever reads its values says what is wrong
    parts = ["the whole sheet"] if whole else []
    columns = [name for number, name in names.items() if number in hidden_columns]
    if columns:
        parts.append(_few("column", columns))
    numbers = [number for number in rows if number in hidden_rows]
    if numbers:
        parts.append(_few("row", numbers))
    if not parts:
        return ""
    return (
        f"the workbook hides part of sheet '{sheet}' ({join_words(parts)}): it is read like the rest; delete what "
        "shall not be read, or leave it out in a mapping file"
    )


def _few(what: str, names: Sequence[object]) -> str:
    """Return how many there are, and the first ones."""
    listed = ", ".join(map(str, names[:MOST_NAMED])) + (", ..." if len(names) > MOST_NAMED else "")
    return f"{what} {listed}" if len(names) == 1 else f"{len(names):,} {what}s: {listed}"


def _member(archive: zipfile.ZipFile, sheet: str) -> tuple[str, bool]:
    """Return which file of the workbook a sheet is in, and whether the sheet is hidden as a whole."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for element in book.iter():
        if element.tag.rpartition("}")[2] == "sheet" and element.get("name") == sheet:
            key = next((value for name, value in element.items() if name.endswith("}id")), None)
            target = posixpath.normpath(posixpath.join("xl", targets.get(key, "")))  # an absolute target stays one
            return target.lstrip("/"), element.get("state", "visible") != "visible"
    return "", False


def _hidden(archive: zipfile.ZipFile, member: str) -> tuple[set[int], set[int]]:
    """Return the numbers of the rows and columns that a sheet hides, from 1 on."""
    rows: set[int] = set()
    columns: set[int] = set()
    number = 0
    for text in _pieces(archive, member):
        for tag in _COLUMNS.finditer(text):
            if _HIDDEN.search(tag[1]):
                ends = dict(_ENDS.findall(tag[1]))
                columns.update(range(int(ends[b"min"]), min(int(ends[b"max"]), 1 << 14) + 1))
        for tag in _ROW.finditer(text):
            stated = _NUMBER.search(tag[1])
            number = int(stated[1]) if stated else number + 1
            if _HIDDEN.search(tag[1]):
                rows.add(number)
    return rows, columns


def _pieces(archive: zipfile.ZipFile, member: str) -> Iterator[bytes]:
    """Read a file of the workbook in pieces that end before a tag begins."""
    rest = b""
    with archive.open(member) as stream:
        while block := stream.read(1 << 20):
            head, _, tail = (rest + block).rpartition(b"<")
            yield head
            rest = b"<" + tail
    yield rest
