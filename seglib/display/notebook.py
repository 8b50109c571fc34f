"""What a notebook cell needs to speak: `say` a computed sentence, show a `table`, a `card`, `show` a figure.

All write plain HTML or Markdown that reads the same in JupyterLab and in the report.
"""

from __future__ import annotations

import base64
import html
import io
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from IPython.display import HTML, Markdown, display
from matplotlib.collections import Collection
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from pandas.io.formats.style import Styler

from seglib.style import colour, p_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI, SHOWN_WIDTH = 220, 640
"""Figures are 5.6 inches wide and shown at up to 640 px: about two dots a pixel."""

MANY_MARKS = 3_000
"""A figure with more marks is drawn in dots."""

_LETTER = re.compile(r"[A-Z]{1,2}")

STAYS = "display: inline-block; position: sticky; left: 0; max-width: calc(100vw - 2.5rem)"
"""Style of a table's caption: on a narrow screen it breaks and stays where it is while the table is moved."""


def say(*sentences: str) -> None:
    """Display Markdown, one paragraph a sentence."""
    display(Markdown("\n\n".join(sentences)))


def card(letter: str, name: str, text: str, facts: Iterable[tuple[str, str]] = ()) -> None:
    """Display what is told of a segment, with its colour at the side.

    Parameters
    ----------
    letter, name, text : str
    facts : iterable of (str, str)
        What else to know, each with its heading.
    """
    listed = "".join(f"<li><em>{html.escape(heading)}:</em> {html.escape(told)}</li>" for heading, told in facts)
    display(
        HTML(
            f'<div class="card" style="border-left: .5em solid {colour(letter)}; padding-left: 1em; margin: 1.4em 0">'
            f"<h3>{letter} · {html.escape(name)}</h3><p>{html.escape(text)}</p>{f'<ul>{listed}</ul>' if listed else ''}"
            "</div>"
        )
    )


def sql(statement: str) -> None:
    """Display an SQL statement."""
    display(Markdown(f"```sql\n{statement.strip()}\n```"))


def progress(what: str) -> Callable[[int, int], None] | None:
    """Return what shows a bar while something long is computed, and takes it away at the end.

    Returns
    -------
    callable or None
        Takes the number of steps done, and of all steps. None where nobody looks: the runner and the tests set the
        environment variable SEGLIB_QUIET.
    """
    if os.environ.get("SEGLIB_QUIET"):
        return None
    shown = display(HTML(""), display_id=True)

    def show_step(done: int, of: int) -> None:
        bar = f'{html.escape(what)}: <progress value="{done}" max="{of}"></progress> {done} of {of}'
        shown.update(HTML(bar if done < of else ""))

    return show_step


def table(
    frame: pd.DataFrame,
    caption: str,
    *,
    percent: Sequence[str] = (),
    digits: int = 2,
    rows: int = 30,
) -> None:
    """Display a table for reading: thousands separated, decimals cut, dates without a time, a dash for nothing.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns are shown, the index is not. Columns named p, p_holm or p_median are p-values.
    caption : str
        What the table holds.
    percent : sequence of str
        Columns of shares to be written in per cent.
    digits : int, default=2
        Decimals of other floats.
    rows : int, default=30
        Longer tables are cut there, and say so.
    """
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
    display(HTML(styler.to_html(exclude_styles=True, label=label, stays=STAYS, numbers=numbers)))


def show(drawing: Axes | Figure, *, alt: str, caption: str = "", name: str | None = None) -> None:
    """Display a figure with the text that stands for it, and close it.

    A figure of few marks becomes SVG, sharp at any size; one of many becomes PNG, because SVG would hold each of them.

    Parameters
    ----------
    drawing : matplotlib Axes or Figure
    alt : str
        What the figure shows, for a reader who cannot see it: the finding, not the kind of chart.
    caption : str, optional
        Number of objects, source, how to read it.
    name : str, optional
        By which other pages of the report find it (`seglib.report.figures`).

    Raises
    ------
    ValueError
        If there is no alt text.
    """
    from matplotlib import pyplot as plt

    if not alt.strip():
        raise ValueError("a figure needs alt text: say what it shows")
    figure = drawing.figure if hasattr(drawing, "figure") else drawing
    source = _png(figure) if _marks(figure) > MANY_MARKS else _svg(figure)
    plt.close(figure)
    named = f' data-name="{html.escape(name)}"' if name else ""
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    display(
        HTML(
            f'<figure{named}><img src="{source}" alt="{html.escape(alt)}" '
            f'style="width: {SHOWN_WIDTH}px; max-width: 100%">{below}</figure>'
        )
    )


def _marks(figure: Figure) -> int:
    """Count what a figure draws: points of lines and of outlines, dots, cells of images."""
    n = 0
    for artist in figure.findobj():
        if isinstance(artist, Line2D):
            n += len(artist.get_xdata())
        elif isinstance(artist, Collection):
            n += max(len(artist.get_offsets()), sum(len(path.vertices) for path in artist.get_paths()))
        elif isinstance(artist, AxesImage):
            n += artist.get_size()[0] * artist.get_size()[1]
    return n


def _png(figure: Figure) -> str:
    """Draw a figure in dots, about two a pixel of the page, in at most 256 colours."""
    from PIL import Image

    drawn, packed = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI, bbox_inches="tight", metadata={"Software": None})
    Image.open(drawn).convert("RGB").quantize(256).save(packed, format="png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(packed.getvalue()).decode('ascii')}"


def _svg(figure: Figure) -> str:
    """Draw a figure in lines, its letters as outlines: no font needs to be there."""
    from matplotlib import rc_context

    drawn = io.BytesIO()
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "seglib"}):
        figure.savefig(drawn, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.getvalue()).decode('ascii')}"


class _Table(Styler.from_custom_template(str(Path(__file__).parent), "table.html.j2")):
    """pandas' Styler with our markup: header cells say what they head, the caption labels a box that scrolls."""


def _heading(column: object) -> str:
    return _breakable(html.escape(str(column).replace("_", " ")))


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
    if pd.api.types.is_bool_dtype(column):
        return {True: "yes", False: "no"}.get
    if pd.api.types.is_integer_dtype(column):
        return "{:,}"
    if pd.api.types.is_float_dtype(column):
        return f"{{:,.{digits}f}}"
    if pd.api.types.is_datetime64_any_dtype(column):
        return "{:%Y-%m-%d}"
    if str(column.name).endswith("segment") and column.dropna().astype(str).map(_LETTER.fullmatch).all():
        return _segment
    return lambda value: _breakable(html.escape(str(value)))


def _breakable(text: str) -> str:
    """Let long words that hold no blank (rule ids, say) break after their dots and underscores, else somewhere."""
    text = re.sub(r"\S{20,}", lambda word: re.sub(r"(?<=[._])(?=\w)", "<wbr>", word[0]), text)
    return re.sub(r"\w{16}(?=\w{4})", r"\g<0><wbr>", text)
