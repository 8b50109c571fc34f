"""Display a table for reading."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import HTML, display
from pandas.io.formats.style import Styler

from seglib.style import colour, p_value, show_controls

_LETTER = re.compile(r"[A-Z]{1,2}")


MOST_CARDS = 30
"""Rows of the longest table whose rows become cards on a narrow screen."""

STAYS = "display: inline-block; position: sticky; left: 0; max-width: calc(100vw - 2.5rem)"
"""Style of a table's caption: on a narrow screen it breaks, and stays in view while the table is scrolled sideways."""


def table(
    frame: pd.DataFrame,
    caption: str,
    *,
    percent: Sequence[str] = (),
    digits: int = 2,
    rows: int = 30,
) -> None:
    """Display a table for reading: thousands separated, few decimals, dates without a time, a dash for a missing value.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns are shown, the index is not. Columns named p, p_holm or p_median are p-values. Without rows, nothing is
        shown.
    caption : str
        What the table holds.
    percent : sequence of str
        Columns of shares to be written in per cent.
    digits : int, default=2
        Decimals of other floats.
    rows : int, default=30
        Longer tables are cut there, and say so.
    """
    if frame.empty:
        return
    cut = len(frame) > rows
    shown = frame.head(rows).reset_index(drop=True)
    numbers = [c for c in shown if pd.api.types.is_numeric_dtype(shown[c]) and shown[c].dtype != bool]
    letters = {c for c in shown if shown.columns.name == "segment" and _LETTER.fullmatch(str(c))}
    numbers += [c for c in shown.columns[1:] if letters and c not in numbers]  # written with their units
    styler = _Table(shown).hide(axis="index")
    styler.format({c: _formatter(shown[c], c in percent, digits) for c in shown}, na_rep="–")
    styler.format_index(lambda c: _segment(c) if c in letters else _heading(c), axis=1)
    styler.set_td_classes(pd.DataFrame("number", index=shown.index, columns=numbers))
    note = f" The first {rows:,} of {len(frame):,} rows." if cut else ""
    label = html.escape(f"{caption}{note}")
    words = _has_words(shown, numbers)
    display(HTML(styler.to_html(exclude_styles=True, label=label, stays=STAYS, numbers=numbers, words=words)))


def _has_words(shown: pd.DataFrame, numbers: Sequence[object]) -> bool:
    """Say whether a table is read row by row: behind its first column it has words, and it is not too long for that.

    On a narrow screen its rows become cards then. A table of numbers is read by column, and scrolls.
    """
    words = [column for column in shown.columns[1:] if column not in numbers]
    return bool(words) and len(shown.columns) > 2 and len(shown) <= MOST_CARDS


class _Table(Styler.from_custom_template(str(Path(__file__).parent), "table.html.j2")):
    """pandas' Styler with our markup: header cells say what they head, the caption labels a box that scrolls."""


def _heading(column: object) -> str:
    return _breakable(html.escape(show_controls(str(column)).replace("_", " ")))


def _segment(letter: object) -> str:
    """Write a letter with the colour of its segment beside it."""
    bar = f"border-left: .5em solid {colour(str(letter))}; padding-left: .4em"
    return f'<span class="segment" style="{bar}">{letter}</span>'


def _formatter(column: pd.Series, percent: bool, digits: int) -> str | Callable[[Any], str]:
    """Return how the values of a column are written, as `pandas.io.formats.style.Styler.format` takes it."""
    if percent:
        return "{:.1%}"
    if str(column.name) in ("p", "p_holm", "p_median") and pd.api.types.is_float_dtype(column):
        return lambda value: html.escape(p_value(value).removeprefix("p ").removeprefix("= "))
    if pd.api.types.is_bool_dtype(column) or _is_yes_or_no(column):
        return {True: "yes", False: "no"}.get
    if pd.api.types.is_integer_dtype(column):
        return "{:,}"
    if pd.api.types.is_float_dtype(column):
        return f"{{:z,.{digits}f}}"  # z: what is rounded to nothing has no sign
    if pd.api.types.is_datetime64_any_dtype(column):
        return "{:%Y-%m-%d}"
    if str(column.name).endswith("segment") and column.dropna().astype(str).map(_LETTER.fullmatch).all():
        return _segment
    return lambda value: _breakable(html.escape(show_controls(str(value))))


def _is_yes_or_no(column: pd.Series) -> bool:
    """Say whether a column holds yes, no and gaps; with gaps it is no column of truth values to pandas."""
    values = column.dropna()
    return column.dtype == object and len(values) > 0 and all(isinstance(value, bool | np.bool_) for value in values)


def _breakable(text: str) -> str:
    """Let long words that hold no blank (rule ids, say) break after their dots and underscores, else somewhere."""
    text = re.sub(r"\S{20,}", lambda word: re.sub(r"(?<=[._])(?=\w)", "<wbr>", word[0]), text)
    return re.sub(r"\w{16}(?=\w{4})", r"\g<0><wbr>", text)
