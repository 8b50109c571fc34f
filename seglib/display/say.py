"""Display computed sentences."""

from __future__ import annotations

from IPython.display import Markdown, display


def say(*sentences: str) -> None:
    """Display sentences, each as a paragraph of its own.

    Parameters
    ----------
    *sentences : str
        Markdown. A text from the data has to go through `seglib.style.escape_markdown` first. Empty sentences are
        left out; if all are empty, nothing is displayed.
    """
    paragraphs = [sentence for sentence in sentences if sentence]
    if paragraphs:
        display(Markdown("\n\n".join(paragraphs)))
