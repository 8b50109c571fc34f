"""Display the card of a segment."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TYPE_CHECKING

from IPython.display import HTML, display

from seglib.style import colour

if TYPE_CHECKING:
    from seglib.schema.records import NoteRecord


def card(letter: str, name: str, text: str, notes: Iterable[NoteRecord] = ()) -> None:
    """Display what is told of a segment, with its colour at the side.

    Parameters
    ----------
    letter, name, text : str
    notes : iterable of NoteRecord
        What else to know.
    """
    listed = "".join(f"<li><em>{html.escape(note.heading)}:</em> {html.escape(note.text)}</li>" for note in notes)
    display(
        HTML(
            f'<div class="card" style="border-left: .5em solid {colour(letter)}; padding-left: 1em; margin: 1.4em 0">'
            f"<h3>{letter} · {html.escape(name)}</h3><p>{html.escape(text)}</p>{f'<ul>{listed}</ul>' if listed else ''}"
            "</div>"
        )
    )
