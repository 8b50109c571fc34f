"""display."""

from seglib.display.card import card
from seglib.display.progress import progress
from seglib.display.say import say
from seglib.display.show import show
from seglib.display.sql import sql
from seglib.display.table import table

__all__ = [
    "card",
    "progress",
    "say",
    "show",
    "sql",
    "table",
]
