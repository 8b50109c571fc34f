"""Display the card of a segment."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TYPE_CHECKING

from IPython.display import HTML, display

from seglib.style import colour

if TYPE_CHECKING:
    pass


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
