"""How a day is written in parameters and options: as ISO 8601 has it, and in no other way."""

from __future__ import annotations

import datetime as dt
import re

EXAMPLE = "2026-06-30"

FIRST_DAY, LAST_DAY = dt.datetime(1950, 1, 1), dt.datetime(2099, 12, 31)
"""A date outside of these is a typing error, or a spreadsheet's zero."""


def iso_day(text: str) -> str | None:
    """Return the day that a text names, in the form ``2026-06-30``; None where it names none.

    A day such as 01/06/2026 is the first of June to some and the sixth of January to others, so it is not guessed.
    Days out of the range that the contract allows are no days either: 9999-12-31 stands for "never".

    Examples
    --------
    >>> iso_day("2026-06-30")
    '2026-06-30'
    >>> iso_day("01/06/2026"), iso_day("nan"), iso_day("9999-12-31"), iso_day("2026-02-30")
    (None, None, None, None)
    """
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, flags=re.ASCII):
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return text if FIRST_DAY.date() <= day <= LAST_DAY.date() else None
