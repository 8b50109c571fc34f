"""The entries of a batch that are the month ends of one shop: ``months`` in a parameter file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from seglib.errors import ParameterRefused
from seglib.run import list_unknown

KEYS = ("last", "number")
MOST = 120
"""Months of one batch: ten years."""


def month_ends(section: Mapping[str, Any], last: str | None = None) -> dict[str, dict[str, str]]:
    """Return the entries for the last months, the earliest first.

    Parameters
    ----------
    section : mapping
        ``last``: a day, whose month is the last one; ``number``: how many months.
    last : str, optional
        A day, ISO format, that goes before the one of the section.

    Returns
    -------
    dict of str to dict
        ``as_of`` by the name of the month: its last day; of the last month the day that was given.

    Raises
    ------
    ParameterRefused
        If something is missing, or is no day or number.

    Examples
    --------
    >>> month_ends({"last": "2026-03-15", "number": 3})
    {'2026-01': {'as_of': '2026-01-31'}, '2026-02': {'as_of': '2026-02-28'}, '2026-03': {'as_of': '2026-03-15'}}
    """
    if unknown := [key for key in section if key not in KEYS]:
        raise ParameterRefused(f"months has last and number, not {list_unknown(unknown, KEYS)}", parameter="months")
    number = section.get("number")
    if not isinstance(number, int) or isinstance(number, bool) or not 2 <= number <= MOST:
        raise ParameterRefused(f"months: number is a whole number from 2 to {MOST}, not {number!r}", parameter="months")
    end = _day(last if last is not None else section.get("last"))
    days = [end]
    while len(days) < number:
        days.insert(0, days[0].replace(day=1) - dt.timedelta(days=1))
    return {f"{day:%Y-%m}": {"as_of": day.isoformat()} for day in days}


def _day(value: Any) -> dt.date:
    """Return a day from a text, or as YAML gives it."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        what = "is missing" if value is None else f"is a day such as 2026-06-30, not {value!r}"
        raise ParameterRefused(
            f"months: last {what}; --as-of on the command line goes before it", parameter=("months", "as_of")
        ) from None
