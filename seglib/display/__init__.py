"""display."""

from seglib.display.notebook import card, progress, say, show, sql, table

__all__ = [
    "card",
    "progress",
    "say",
    "show",
    "sql",
    "table",
]
