"""Display the card of a segment."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Protocol

from IPython.display import HTML, display

from seglib.style import colour


class Note(Protocol):
    """What a card says beside its text: a heading and a sentence, such as the notes of a segment's card."""

    @property
    def heading(self) -> str:
        """What the note is about."""

    @property
    def text(self) -> str:
        """What it says."""


def card(letter: str, name: str, text: str, notes: Iterable[Note] = ()) -> None:
    """Display what is known of a segment, with its colour at the side.

    Parameters
    ----------
    letter, name : str
        Of the segment.
    text : str
        How its customers behave; plain text.
    notes : iterable of Note
        What else to know: anything with a ``heading`` and a ``text``. They become a list below the text; notes with the
        same heading are one item of it.
    """
    texts: dict[str, list[str]] = {}
    for note in notes:
        texts.setdefault(note.heading, []).append(note.text)
    items = "".join(f"<li><em>{html.escape(head)}:</em> {html.escape(' '.join(t))}</li>" for head, t in texts.items())
    display(
        HTML(
            f'<div class="card" style="border-left: .5em solid {colour(letter)}; padding-left: 1em; margin: 1.4em 0">'
            f"<h3>{letter} · {html.escape(name)}</h3><p>{html.escape(text)}</p>{f'<ul>{items}</ul>' if items else ''}"
            "</div>"
        )
    )
