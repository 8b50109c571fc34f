"""Words that programs and people write where there is no value, and which of them mean nothing in which column."""

from __future__ import annotations

import math

from seglib.ingest.mapping.model import Formats

_NO_ANSWER = (
    "null",
    "(null)",
    "<null>",
    r"\n",
    "<na>",
    "nan",
    "nat",
    "undefined",
    "#n/a",
    "#nv",
    "#ref!",
    "#bezug!",
    "#value!",
    "#wert!",
    "#div/0!",
    "#name?",
    "#num!",
    "#zahl!",
    "#null!",
    "(blank)",
    "(empty)",
    "(leer)",
    "(vide)",
    "(vuoto)",
    "(en blanco)",
    "(vazio)",
    '""',
    "''",
)
"""What databases, languages and spreadsheets write: nobody's answer, in columns of any kind."""

NOTHING = (
    *_NO_ANSWER,
    "na",
    "n/a",
    "n.a.",
    "n. a.",
    "none",
    "nil",
    "-",
    "--",
    "---",
    "\u2013",
    "\u2014",
    "$ -",
    "\u20ac -",
    "- \u20ac",
    "k.a.",
    "k. a.",
    "keine angabe",
    "keine angaben",
    "nicht verf\u00fcgbar",
    "n.v.",
    "s/d",
    "s.d.",
    "n/d",
    "n.d.",
    "sin dato",
    "sin datos",
    "non renseign\u00e9",
    "not available",
    "no data",
)
"""Words that mean nothing in columns of `NOTHING_KINDS`, in small letters; in a text some of them are answers."""

NOTHING_KINDS = ("date", "number", "id", "binary")
"""The kinds in which every word of `NOTHING` means nothing; in a text only those do that are nobody's answer."""


def nothing_words(kind: str, formats: Formats) -> tuple[str, ...]:
    """Return the words that mean nothing in a column of one kind, in small letters.

    Examples
    --------
    >>> "none" in nothing_words("number", Formats()), "none" in nothing_words("text", Formats())
    (True, False)
    >>> "#ref!" in nothing_words("text", Formats()), nothing_words("text", Formats(nothing=("?",)))
    (True, ('?',))
    """
    if formats.nothing is not None:
        return formats.nothing
    if kind in NOTHING_KINDS:
        return NOTHING
    return _NO_ANSWER if kind == "text" else ()


def nothing_numbers(formats: Formats) -> tuple[float, ...]:
    """Return the numbers among the words that a mapping says mean nothing: 99 is 99,0 and 99.00 too.

    Examples
    --------
    >>> nothing_numbers(Formats(nothing=("99", "?", "-1"))), nothing_numbers(Formats())
    ((99.0, -1.0), ())
    """
    numbers = []
    for word in formats.nothing or ():
        try:
            number = float(word)
        except ValueError:
            continue
        if math.isfinite(number):
            numbers.append(number)
    return tuple(numbers)
