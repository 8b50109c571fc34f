"""What a spreadsheet would take for a formula: written with an apostrophe in front, and read without it."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"[\t\r\n]|[\s\x00-\x1f\ufeff\u200b-\u200f\u202a-\u202e\u2066-\u2069]*[=+\-@＝＋－＠﹢﹣]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def guarded(text: str) -> str:
    """Return a text with an apostrophe in front if a spreadsheet would take it for a formula (OWASP, CSV injection).

    Examples
    --------
    >>> guarded("=1+1"), guarded("-1"), guarded("A7")
    ("'=1+1", '-1', 'A7')
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unguarded(text: str) -> str:
    """Return a text without the apostrophe that `guarded` puts in front of it.

    Examples
    --------
    >>> unguarded("'=1+1"), unguarded("'s-Gravenhage"), unguarded("A7")
    ('=1+1', "'s-Gravenhage", 'A7')
    """
    return text[1:] if text.startswith("'") and guarded(text[1:]) == text else text
