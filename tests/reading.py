"""How much there is to read on a page before anything is unfolded, and how long its sentences are."""

import re
from pathlib import Path

from bs4 import BeautifulSoup


def unfolded(page: Path) -> BeautifulSoup:
    """Return what a reader sees of a page: of what is folded, the line that opens it."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    for part in soup.select("style, title, .skip, template"):
        part.decompose()
    for fold in soup.select("details:not([open])"):
        if not fold.decomposed:
            summary = fold.find("summary")
            fold.replace_with(summary)
    return soup


def words(soup: BeautifulSoup) -> int:
    """Count the words of a page, numbers and question marks included."""
    return len(soup.body.get_text(" ").split())


def sentences(soup: BeautifulSoup) -> list[str]:
    """Return the sentences of the running text: paragraphs and entries of lists. A row of a table is no sentence."""
    texts = [
        " ".join(e.get_text(" ").split()) for e in soup.main.select("p, li, .line") if not e.find(["p", "li", "dl"])
    ]
    parts = [part for text in texts for part in re.split(r"(?<=[.!?])\s+(?=[A-Z0-9“])", text)]
    return [part for part in parts if len(part.split()) > 1]


def lengths(soup: BeautifulSoup) -> list[int]:
    """Return the number of words of every sentence."""
    return [len(sentence.split()) for sentence in sentences(soup)]
