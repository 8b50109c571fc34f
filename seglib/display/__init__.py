"""What a notebook shows: results, tables, sentences, cards, SQL, and a progress bar.

Start with `show(result)`. A result is any object with

- ``table``: the numbers, a tidy pandas DataFrame,
- ``text``: what they say, in plain text; where the question does not apply to this shop, the text says so,
- and, if it can be drawn, ``figure()``, ``alt`` (what the figure shows, for readers who cannot see it) and ``caption``.
  Where there is nothing to draw, ``alt`` is empty, and the text is shown instead of a figure.

So a notebook needs no branches for shops that record less. `show` takes a matplotlib Axes or Figure, too, if it is
given an alt text. What is displayed is HTML or Markdown; every text from the data is escaped.
"""

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
