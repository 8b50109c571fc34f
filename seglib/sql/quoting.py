"""How names and texts are written in SQL."""

from __future__ import annotations


def sql_literal(text: str | None) -> str:
    """Write a text as an SQL literal; None as NULL.

    Examples
    --------
    >>> sql_literal("O'Brien"), sql_literal(None)
    ("'O''Brien'", 'CAST(NULL AS VARCHAR)')
    """
    return "CAST(NULL AS VARCHAR)" if text is None else "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Write a column's name as SQL has it.

    Examples
    --------
    >>> print(quoted('a "b" c'))
    "a ""b"" c"
    """
    return '"' + name.replace('"', '""') + '"'
