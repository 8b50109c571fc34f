"""Which row of a file or sheet has the names of the columns: titles may stand above it, or no row has them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

ROWS_LOOKED_AT = 100
"""Rows at the beginning of a table by which its header is found."""

_NUMBER = re.compile(r"[(+-]?\W{0,3}\d[\d.,'\u2019 \u00a0\u202f]*\W{0,3}\)?")
_DAY = re.compile(r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})([ T]\d{1,2}:\d{2}.*)?")


def header_position(rows: Sequence[Sequence[str]]) -> int:
    """Return the place of the row that has the names among the first rows of a table; 0 is the first.

    Rows above it are empty, or hold little: the title of a report, the day on which it was printed, a comment.

    Parameters
    ----------
    rows : sequence of sequence of str
        Cells as texts.
    """
    width = usual_width(rows)
    for i, row in enumerate(rows):
        filled = sum(bool(cell.strip()) for cell in row)
        if not filled:
            continue
        is_title = width > 1 and filled <= max(1, width // 2) and (len(row) < width or width > 2)
        is_comment = row[0].lstrip().startswith("#") and len(row) != width
        if not (is_title or is_comment):
            return i if i == 0 or _could_be_names(row, width) or not any(map(_filled, rows[:i])) else _first(rows)
    return _first(rows)


def usual_width(rows: Sequence[Sequence[str]]) -> int:
    """Return how many cells most of the rows have; of those that are empty, none counts."""
    widths = Counter(len(row) for row in rows if _filled(row))
    return max(widths, key=lambda width: (widths[width], width), default=0)


def looks_like_data(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Say whether the cells of a row that should have names are values of the columns below them.

    Years and whole numbers in sequence can be names: those of a table with one column a year.
    """
    filled = [i for i, cell in enumerate(row) if cell.strip()]
    if not below or not filled:
        return False
    numbers = [row[i].strip() for i in filled if row[i].strip().isdecimal()]
    years = {text for text in numbers if len(text) == 4 and text[:2] in ("19", "20")}
    counted = [int(text) for text in numbers if len(text) < 10]
    in_sequence = len(counted) > 2 and counted == list(range(counted[0], counted[0] + len(counted)))
    alike = 0
    for i in filled:
        form = _form(row[i])
        forms = [_form(other[i]) for other in below if len(other) > i and other[i].strip()]
        named = row[i].strip() in years or (in_sequence and row[i].strip() in numbers)
        alike += bool(form and not named and forms and forms.count(form) > len(forms) / 2)
    return alike >= max(1, len(filled) / 2)


def _form(cell: str) -> str:
    cell = cell.strip()
    return "day" if _DAY.fullmatch(cell) else "number" if _NUMBER.fullmatch(cell) else ""


def _filled(row: Sequence[str]) -> bool:
    return any(cell.strip() for cell in row)


def _first(rows: Sequence[Sequence[str]]) -> int:
    """Return the place of the first row that holds anything."""
    return next((i for i, row in enumerate(rows) if _filled(row)), 0)


def _could_be_names(row: Sequence[str], width: int) -> bool:
    """Say whether a row below a title can be the header: as wide as the table, every cell another name, no day."""
    cells = [cell.strip().casefold() for cell in row if cell.strip()]
    return len(row) == width and len(set(cells)) == len(cells) and not any(_form(cell) == "day" for cell in cells)
