"""Display computed sentences."""

from __future__ import annotations

from collections.abc import Sequence

from IPython.display import Markdown, display

from seglib.style import bullet_list


def say(*sentences: str | Sequence[str], applies: bool = True) -> None:
    """Display sentences, each as a paragraph of its own.

    Parameters
    ----------
    *sentences : str or sequence of str
        A string is Markdown: a text from the data has to go through `seglib.style.escape_markdown` first. A sequence
        holds plain texts: they are escaped and become a list of bullet points. Empty ones are left out; if all are
        empty, nothing is displayed.
    applies : bool, default=True
        Whether what they are about is there in this shop. A section of a report that shows nothing else is left out
        (`seglib.report.sections`).
    """
    paragraphs = [s if isinstance(s, str) else bullet_list(filter(None, s)) for s in sentences if s]
    paragraphs = [paragraph for paragraph in paragraphs if paragraph]
    if paragraphs:
        options = {} if applies else {"metadata": {"applies": False}}
        display(Markdown("\n\n".join(paragraphs)), **options)
