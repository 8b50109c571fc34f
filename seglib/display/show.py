"""Display a result, or a drawing with its alt text and caption."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from IPython.display import HTML, display
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from seglib.display.say import say
from seglib.display.table import table
from seglib.style import escape_markdown

if TYPE_CHECKING:
    import pandas as pd


DPI, SHOWN_WIDTH = 220, 640
"""Figures are 5.6 inches wide and shown at up to 640 px: about two dots a pixel."""


MANY_MARKS = 3_000
"""A figure with more marks is drawn in dots."""


class Result(Protocol):
    """What an analysis returns to a notebook.

    Attributes
    ----------
    table : pandas.DataFrame
        The numbers, tidy.
    text : str
        What they say, in a sentence or a few, as plain text. Where the question does not apply to this shop, it says
        so. Empty where there is nothing to say.
    applies : bool, optional
        Whether the question applies to this shop; a result without it does.
    """

    @property
    def table(self) -> pd.DataFrame:
        """The numbers, tidy."""

    @property
    def text(self) -> str:
        """What they say."""


class DrawnResult(Result, Protocol):
    """A result that has a figure.

    Attributes
    ----------
    alt : str
        What the figure shows, for a reader who cannot see it. Empty where there is nothing to draw; then the text is
        shown instead.
    caption : str
        Number of objects, source, how to read it.
    """

    @property
    def alt(self) -> str:
        """What the figure shows."""

    @property
    def caption(self) -> str:
        """Number of objects, source, how to read it."""

    def figure(self) -> Axes | Figure:
        """Draw the result."""


def show(
    result: DrawnResult | Result | Axes | Figure,
    *,
    alt: str = "",
    caption: str = "",
    name: str | None = None,
    with_text: bool = False,
    with_table: str = "",
    percent: Sequence[str] = (),
    digits: int = 2,
) -> None:
    """Display a result: its figure with the text that stands for it, or its text where it has no figure.

    A figure of few marks becomes SVG, sharp at any size; one of many becomes PNG, because SVG would hold each of them.

    Parameters
    ----------
    result : DrawnResult, Result, or matplotlib Axes or Figure
        A drawing of one's own needs ``alt``.
    alt : str
        What a drawing of one's own shows: the finding, not the kind of chart. Default: that of the result.
    caption : str, optional
        Number of objects, source, how to read it; default: that of the result.
    name : str, optional
        By which other pages of the report find it (`seglib.report.figures`).
    with_text : bool, default=False
        Whether the text of a result is displayed below its figure, too.
    with_table : str, optional
        What the table of a result holds: then it is displayed below, with this caption.
    percent, digits
        How that table is written (`seglib.display.table`).

    Raises
    ------
    ValueError
        If a drawing has no alt text.
    """
    if isinstance(result, Axes | Figure):
        _show_drawing(result, alt, caption, name)
        return
    drawn = bool(getattr(result, "alt", ""))
    if drawn:
        _show_drawing(result.figure(), alt or result.alt, caption or result.caption, name)
    if with_text or not drawn:
        say(escape_markdown(result.text), applies=getattr(result, "applies", True))
    if with_table:
        table(getattr(result, "printed", result.table), with_table, percent=percent, digits=digits)


def _show_drawing(drawing: Axes | Figure, alt: str, caption: str, name: str | None) -> None:
    """Display a drawing with its alt text and caption, and close it."""
    from matplotlib import pyplot as plt

    if not alt.strip():
        raise ValueError("a figure needs alt text: say what it shows")
    figure = drawing if isinstance(drawing, Figure) else drawing.figure
    source = _png(figure) if _marks(figure) > MANY_MARKS else _svg(figure)
    plt.close(figure)
    name_attribute = f' data-name="{html.escape(name)}"' if name else ""
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    display(
        HTML(
            f'<figure{name_attribute}><img src="{source}" alt="{html.escape(alt)}" '
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
    """Return a figure as a PNG in at most 256 colours, about two dots per pixel of the page, as a data URI."""
    from PIL import Image

    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png", dpi=DPI, bbox_inches="tight", metadata={"Software": None})
    Image.open(full).convert("RGB").quantize(256).save(small, format="png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(small.getvalue()).decode('ascii')}"


def _svg(figure: Figure) -> str:
    """Return a figure as an SVG whose letters are outlines, so that it needs no font, as a data URI."""
    from matplotlib import rc_context

    # no date and a fixed salt for ids: the same figure gives the same bytes
    content = io.BytesIO()
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "seglib"}):
        figure.savefig(content, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"
