"""Texts that people take for the same: they differ in capitals, blanks, or signs that nobody sees."""

from __future__ import annotations

from seglib.sql import sql_literal

INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Signs that nobody sees: they come from pages and mails."""


def alike(text: str, signs: str = " .\u00a0\u202f") -> str:
    """Write the SQL of a text without capitals, accents in two signs, blanks, points and what nobody sees."""
    return f"translate(lower(nfc_normalize({text})), {sql_literal(signs + INVISIBLE)}, '')"
