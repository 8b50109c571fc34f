"""The words of the SELECTs that describe a shop inside PostgreSQL, so that others can tell them from any other SQL."""

from __future__ import annotations

import re

WORDS = frozenset(
    {
        *(
            "and",
            "as",
            "between",
            "by",
            "case",
            "collate",
            "else",
            "end",
            "false",
            "from",
            "in",
            "is",
            "not",
            "null",
            "order",
        ),
        *("over", "partition", "select", "then", "when", "where"),
        *("bigint", "date", "double", "numeric", "precision", "text"),
        *("abs", "btrim", "cast", "coalesce", "floor", "left", "lower", "nullif", "row_number", "timezone"),
        *("held", "__place"),
    }
)
"""Keywords, types, functions and names that `seglib.ingest.postgres_views` writes without quotes: nothing that changes
anything, waits, or reads files."""

_BLANKS = r"E' \t\r\n\u00A0\uFEFF'"
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_WORD = re.compile(r"[A-Za-z_]\w*")
_BETWEEN_WORDS = re.compile(r"[\s\d().,*=<>~-]*")
_NUMBER = re.compile(r"\b\d+(?:e\d+)?\b")


def is_own_view(select: str) -> bool:
    """Say whether a text can be one of the SELECTs that `seglib.ingest.postgres_views` writes.

    Names and texts in quotes may hold anything. Outside of them there may be only `WORDS`, numbers and a few signs: no
    second statement, no comment, and no function of somebody else's.

    Examples
    --------
    >>> is_own_view('SELECT CAST(lower("Id") AS text) COLLATE "C" AS "customer_id" FROM "public"."clients"')
    True
    >>> is_own_view("SELECT pg_read_file('/etc/passwd') AS customer_id")
    False
    """
    if "\0" in select or not select.startswith("SELECT "):
        return False
    bare = _NUMBER.sub(" ", _QUOTED.sub(" ", select.replace(_BLANKS, "''")))
    if re.search(r"--|/\*", bare):
        return False
    words = {word.lower() for word in _WORD.findall(bare)}
    return words <= WORDS and bool(_BETWEEN_WORDS.fullmatch(_WORD.sub(" ", bare)))
