"""One page to hand on: what was found, who they are, what to try. On screen, and as one sheet of A4."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from seglib.report.pdf import Printed, find_browser, print_pdf
from seglib.report.render import render
from seglib.run import write_whole

FITS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6)
"""Sizes of the print, from that of a book downwards: the first one by which all is on one sheet is taken."""

SHEET, LINE, SIGN = 276, 5.1, 1.95
"""Millimetres: what a sheet has between its margins, a line of text at the first size, and a sign in it."""

USE: dict[str, str] = {
    "useful": "Yes, they tell what customers do next",
    "not shown to be useful": "That was not shown",
    "cannot be said": "That cannot be said yet",
    "not tested": "That was not tested",
}
"""The second axis of the verdict as an answer."""


def write_summary(folder: Path, record: Mapping[str, Any], picture: Markup | None = None) -> Printed:
    """Write ``summary.html`` and, where a browser is installed, ``summary.pdf``.

    Parameters
    ----------
    folder : Path
        The run's report folder.
    record : mapping
        ``run.json``.
    picture : markupsafe.Markup, optional
        The figure of the verdict (`seglib.report.figures.figure_named`).

    Returns
    -------
    Printed
        What came of the PDF; its ``note`` stands on the page too, but not on paper.
    """
    page, pdf = folder / "summary.html", folder / "summary.pdf"
    seconds, printed = 0.0, Printed()
    sizes = FITS[FITS.index(_size(record, picture)) :]
    for size in sizes if find_browser() else sizes[:1]:
        printed = print_pdf(_html(record, picture, size, paper=True), pdf)
        seconds += printed.seconds
        if printed.pages <= 1:
            break
    write_whole(page, _html(record, picture, size, note=printed.note))
    return Printed(printed.path, printed.pages, seconds, printed.note)


def first_sentence(text: str, *, longest: int = 200) -> str:
    """Return the first sentence of a text; one that is too long is cut between words.

    Examples
    --------
    >>> first_sentence("They live in St. Gallen (9%, all: 1%). They burned 3 of 4.")
    'They live in St. Gallen (9%, all: 1%).'
    >>> first_sentence("They come often and stay long.", longest=20)
    'They come often…'
    """
    for end in re.finditer(r"[.!?](?=\s+[A-Z])", text):
        word = text[: end.start()].rsplit(" ", 1)[-1]
        if not (word.isalpha() and word[0].isupper() and len(word) <= 3):  # as in "St. Gallen"
            text = text[: end.end()]
            break
    return text if len(text) <= longest else f"{text[: longest - 1].rsplit(' ', 1)[0]}…"


def _html(
    record: Mapping[str, Any], picture: Markup | None, size: float, *, note: str = "", paper: bool = False
) -> str:
    verdict = record["verdict"]
    return render(
        "summary.html.j2",
        record=record,
        cards=_cards(record["segments"]),
        real=verdict["claim"],
        use=USE.get(verdict["useful"], verdict["useful"]),
        why=_why(verdict),
        columns=_columns(record["k"]),
        picture=picture,
        size=size,
        note=note,
        paper=paper,
    )


def _cards(segments: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what a small card tells: of few segments all, of many one sentence and what to try, of very many less."""
    few, many = len(segments) <= 4, len(segments) > 10
    return [
        {
            "segment": segment["segment"],
            "name": segment["name"],
            "customers": segment["customers"],
            "share": segment["share"],
            "sentence": segment["sentence"] if few else first_sentence(segment["sentence"]),
            "try": "" if many else _to_try(segment),
        }
        for segment in segments
    ]


def _to_try(segment: Mapping[str, Any]) -> str:
    return next((note["text"] for note in segment["notes"] if note["kind"] == "to_try"), "")


def _why(verdict: Mapping[str, str]) -> str:
    """Return in one sentence what says that the segments are useful, or not."""
    return first_sentence(verdict["use_claim"], longest=400)


def _columns(k: int) -> int:
    """Return how many cards stand beside each other on paper."""
    return 3 if k in (3, 9) or k > 10 else 2


def _size(record: Mapping[str, Any], picture: Markup | None) -> float:
    """Return the first size of the print by which all should be on one sheet, so that one print is enough."""
    return next((size for size in FITS if _height(record, picture, size) <= SHEET), FITS[-1])


def _height(record: Mapping[str, Any], picture: Markup | None, size: float) -> float:
    """Guess how many millimetres of a sheet are filled at a size of the print."""

    def lines(text: str, share: float = 1.0) -> int:
        """Lines that a text takes in a column of a share of the sheet, less than its padding."""
        signs = max(10, (share * 186 - 9 * size) / (SIGN * size))
        return math.ceil(len(text) / signs)

    verdict, cards, columns = record["verdict"], _cards(record["segments"]), _columns(record["k"])
    answers = 3 + max(lines(verdict["claim"], 0.5), lines(_why(verdict), 0.5))
    follows = max(1 + lines(verdict["advice"], 0.5), min(35 / (LINE * size), 7.6) if picture else 0)
    card = [
        2.6 + lines(card["name"], 0.8 / columns) + sum(lines(card[part], 1 / columns) for part in ("sentence", "try"))
        for card in cards
    ]
    rows = [max(card[i : i + columns]) for i in range(0, len(card), columns)]
    limits = [record["verdict"]["meaning"] + 90 * "x", 90 * "x", *record["audit"]["findings"]]
    lists = 5 + lines(20 * "x" * len(record["audiences"]), 0.45)
    notes = 1.5 + 0.92 * max(lists, sum(lines(text, 0.53) for text in limits))
    return LINE * size * (11 + answers + follows + sum(rows) + notes)
