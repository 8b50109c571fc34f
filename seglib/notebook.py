"""What a notebook cell needs to speak: `say` a computed sentence, show a `table`, `show` a figure.

All three write plain HTML or Markdown that reads the same in JupyterLab and in the report.
"""

from __future__ import annotations

import base64
import html
import io
import os
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd
from IPython.display import HTML, Markdown, display

from seglib.words import p_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI, SHOWN_WIDTH = 220, 640
"""Figures are 5.6 inches wide and shown at up to 640 px: about two dots a pixel."""

STAYS = "display: inline-block; position: sticky; left: 0; max-width: calc(100vw - 2.5rem)"
"""Style of a table's caption: on a narrow screen it breaks and stays where it is while the table is moved."""


def say(*sentences: str) -> None:
    """Display Markdown, one paragraph a sentence."""
    display(Markdown("\n\n".join(sentences)))


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
        Columns are shown, the index is not. Columns named p or p_holm are p-values.
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
    shown = frame.head(rows)
    formats = {c: _formatter(shown[c], c in percent, digits) for c in shown.columns}
    numbers = {c for c in shown.columns if pd.api.types.is_numeric_dtype(shown[c]) and shown[c].dtype != bool}
    head = "".join(_cell("th", html.escape(str(c).replace("_", " ")), c in numbers, ' scope="col"') for c in shown)
    body = "".join(
        "<tr>" + "".join(_cell("td", formats[c](v), c in numbers) for c, v in zip(shown, row, strict=True)) + "</tr>\n"
        for row in shown.itertuples(index=False)
    )
    note = f" The first {rows:,} of {len(frame):,} rows." if cut else ""
    label = html.escape(f"{caption}{note}")
    display(
        HTML(
            f'<div class="table-scroll" role="region" aria-label="{label}" tabindex="0"><table>\n'
            f'<caption><span style="{STAYS}">{label}</span></caption>\n'
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>"
        )
    )


def show(drawing: Axes | Figure, *, alt: str, caption: str = "") -> None:
    """Display a figure with the text that stands for it, and close it.

    Parameters
    ----------
    drawing : matplotlib Axes or Figure
    alt : str
        What the figure shows, for a reader who cannot see it: the finding, not the kind of chart.
    caption : str, optional
        Number of objects, source, how to read it.
    """
    from matplotlib import pyplot as plt

    if not alt.strip():
        raise ValueError("a figure needs alt text: say what it shows")
    figure = drawing.figure if hasattr(drawing, "figure") else drawing
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=DPI, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    image = base64.b64encode(png.getvalue()).decode("ascii")
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    display(
        HTML(
            f'<figure><img src="data:image/png;base64,{image}" alt="{html.escape(alt)}" '
            f'style="width: {SHOWN_WIDTH}px; max-width: 100%">{below}</figure>'
        )
    )


def _cell(tag: str, content: str, number: bool, more: str = "") -> str:
    look = ' class="number"' if number else ""
    return f"<{tag}{more}{look}>{content}</{tag}>"


def _formatter(column: pd.Series, percent: bool, digits: int):
    if percent:
        write = "{:.1%}".format
    elif str(column.name) in ("p", "p_holm") and pd.api.types.is_float_dtype(column):
        return lambda value: (
            "–" if pd.isna(value) else html.escape(p_value(value).removeprefix("p ").removeprefix("= "))
        )
    elif pd.api.types.is_bool_dtype(column):
        write = {True: "yes", False: "no"}.get
    elif pd.api.types.is_integer_dtype(column):
        write = "{:,}".format
    elif pd.api.types.is_float_dtype(column):
        write = f"{{:,.{digits}f}}".format
    elif pd.api.types.is_datetime64_any_dtype(column):
        write = "{:%Y-%m-%d}".format
    else:
        return lambda value: "–" if pd.isna(value) else _breakable(html.escape(str(value)))
    return lambda value: "–" if pd.isna(value) else html.escape(write(value))


def _breakable(text: str) -> str:
    """Let long words that hold no blank (rule ids, say) break after their dots and underscores."""
    return re.sub(r"\S{20,}", lambda word: re.sub(r"(?<=[._])(?=\w)", "<wbr>", word[0]), text)
