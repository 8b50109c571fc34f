"""Display computed sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.display import Markdown, display

if TYPE_CHECKING:
    pass


def say(*sentences: str) -> None:
    """Display Markdown, one paragraph a sentence."""
    display(Markdown("\n\n".join(sentences)))
