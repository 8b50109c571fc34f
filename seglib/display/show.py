"""Display a figure with its alt text and caption."""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING, Protocol

from IPython.display import HTML, display
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from seglib.display.say import say
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
        What they say, in a sentence or a few. Where the question does not apply to this shop, it says so.
    """

    table: pd.DataFrame
    text: str


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

    alt: str
    caption: str

    def figure(self) -> Axes | Figure:
        """Draw the result."""


def show(
    result: DrawnResult | Result | Axes | Figure, *, alt: str = "", caption: str = "", name: str | None = None
) -> None:
    """Display a result: its figure with the text that stands for it, or its text where it has no figure.

    A figure of few marks becomes SVG, sharp at any size; one of many becomes PNG, because SVG would hold each of them.

    Parameters
    ----------
    result : DrawnResult, Result, or matplotlib Axes or Figure
        A drawing of one's own needs ``alt``.
    alt : str
        What a drawing of one's own shows: the finding, not the kind of chart.
    caption : str, optional
        Number of objects, source, how to read it; default: that of the result.
    name : str, optional
        By which other pages of the report find it (`seglib.report.figures`).

    Raises
    ------
    ValueError
        If a drawing has no alt text.
    """
    from matplotlib import pyplot as plt

    drawing = result
    if not isinstance(result, Axes | Figure) and isinstance(result.text, str):
        if not getattr(result, "alt", ""):
            say(escape_markdown(result.text))
            return
        drawing, alt, caption = result.figure(), alt or result.alt, caption or result.caption
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
