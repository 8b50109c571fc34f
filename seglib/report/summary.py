"""One page to hand on: the verdict, the segments, what to try. On screen, and as one sheet of A4."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from markupsafe import Markup

from seglib.report.index import n_customers
from seglib.report.pdf import Printed, find_browser, print_pdf
from seglib.report.render import render
from seglib.report.words import vocabulary_of_run, wording_of_run
from seglib.run import write_whole
from seglib.schema.records import RunRecord, RunSegmentRecord
from seglib.style import VerdictWords

FITS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6)
"""Sizes of the print, largest first: the largest one at which everything is on one sheet is taken."""

SHEET, LINE, CHARACTER = 276, 5.1, 1.95
"""In millimetres: the height of a sheet between its margins, that of a line of text at the first size, and the mean
width of a character at that size."""

FEW, MANY = 4, 10
"""Up to so many segments, a card has the whole sentence; with more than so many, it does not say what to try."""

LONGEST_LEAD, LONGEST_USE = 200, 400
"""Characters of a short text; a longer one is cut between words."""


@dataclass(frozen=True)
class SmallCard:
    """What the page shows of a segment."""

    segment: str
    name: str
    customers: int
    share: float
    sentence: str
    to_try: str


def write_summary(
    folder: Path, record: RunRecord, picture: Markup | None = None, *, given_up: Event | None = None
) -> Printed:
    """Write ``summary.html`` and, where a browser is installed, ``summary.pdf``.

    Parameters
    ----------
    folder : Path
        The run's report folder.
    record : RunRecord
    picture : markupsafe.Markup, optional
        The figure of the verdict (`seglib.report.figures.figure_named`).
    given_up : threading.Event, optional
        Once it is set, no browser prints any more.

    Returns
    -------
    Printed
        What came of the PDF; its ``note`` stands on the page too, but not on paper.

    Notes
    -----
    The amount of text differs from run to run. The first size to try is an estimate (`_height`), so that one print is
    nearly always enough: starting a browser takes seconds. Where the sheet still has a second page, the next smaller
    size is printed.
    """
    page, pdf = folder / "summary.html", folder / "summary.pdf"
    seconds, printed = 0.0, Printed()
    sizes = FITS[FITS.index(_size(record, picture)) :]
    for size in sizes if find_browser() else sizes[:1]:
        printed = print_pdf(_html(record, picture, size, paper=True), pdf, given_up=given_up)
        seconds += printed.seconds
        if printed.pages <= 1 or (given_up is not None and given_up.is_set()):
            break
    write_whole(page, _html(record, picture, size, note=printed.note))
    return Printed(printed.path, printed.pages, seconds, printed.note)


def shortened_between_words(text: str, longest: int) -> str:
    """Return a text; one with more than ``longest`` characters is cut between two words.

    Examples
    --------
    >>> shortened_between_words("They come often and stay long.", 20)
    'They come often…'
    """
    return text if len(text) <= longest else f"{text[: longest - 1].rsplit(' ', 1)[0]}…"


def _html(record: RunRecord, picture: Markup | None, size: float, *, note: str = "", paper: bool = False) -> str:
    vocabulary = vocabulary_of_run(record)
    verdict = vocabulary.verdict(record.verdict)
    return render(
        "summary.html.j2",
        words=vocabulary,
        wording=wording_of_run(record),
        verdict=verdict,
        record=record,
        cards=_cards(record.segments),
        real=verdict.claim,
        use=vocabulary.USE_ANSWERS.get(record.verdict.useful, record.verdict.useful),
        why=_why(verdict),
        columns=_columns(record.k),
        n_customers=n_customers(record),
        sends=[entry for entry in record.overview.lists if entry.kind == "send"],
        picture=picture,
        size=size,
        note=note,
        paper=paper,
    )


def _cards(segments: Sequence[RunSegmentRecord]) -> list[SmallCard]:
    """Return the small cards: of few segments all there is, of more only the lead, of many no suggestion either."""
    cards = []
    for segment in segments:
        sentence = segment.sentence
        if len(segments) > FEW:
            sentence = shortened_between_words(segment.lead or segment.sentence, LONGEST_LEAD)
        to_try = segment.to_try if len(segments) <= MANY else ""
        cards.append(SmallCard(segment.segment, segment.name, segment.customers, segment.share, sentence, to_try))
    return cards


def _why(verdict: VerdictWords) -> str:
    """Return in one sentence why the segments are useful, or not."""
    return shortened_between_words(verdict.use_lead or verdict.use, LONGEST_USE)


def _columns(k: int) -> int:
    """Return how many cards stand beside each other on paper."""
    return 3 if k in (3, 9) or k > MANY else 2


def _size(record: RunRecord, picture: Markup | None) -> float:
    """Return the largest size of the print at which everything should be on one sheet."""
    return next((size for size in FITS if _height(record, picture, size) <= SHEET), FITS[-1])


def _height(record: RunRecord, picture: Markup | None, size: float) -> float:
    """Estimate how many millimetres of a sheet are filled at a size of the print."""

    def lines(text: str | int, share: float = 1.0) -> int:
        """Count the lines of a text, or of so many characters, in a column of a share of the sheet."""
        width = share * 186 - 9 * size  # 186 mm between the margins, less the padding of a box
        characters = max(10, width / (CHARACTER * size))
        return math.ceil((text if isinstance(text, int) else len(text)) / characters)

    # All heights below are counted in lines. Numbers that stand alone are fixed parts of the page (headings, padding,
    # the line with the size of a segment); they were measured once at the first size.
    verdict = vocabulary_of_run(record).verdict(record.verdict)
    cards, columns = _cards(record.segments), _columns(record.k)
    answers = 3 + max(lines(verdict.claim, 0.5), lines(_why(verdict), 0.5))  # two answers beside each other
    advice = 1 + 1.3 * lines(verdict.monday, 0.5) + lines(verdict.advice, 0.5)
    image = min(35 / (LINE * size), 7.6) if picture else 0  # beside the advice; the style limits its height
    heights = [
        2.6 + lines(card.name, 0.8 / columns) + lines(card.sentence, 1 / columns) + lines(card.to_try, 1 / columns)
        for card in cards
    ]
    rows = [max(heights[i : i + columns]) for i in range(0, len(heights), columns)]  # a row is as high as its highest
    limits = [len(verdict.meaning) + 90, 90, *(len(finding) for finding in record.audit.findings)]  # 90: fixed texts
    lists = 5 + lines(8 * len(record.audiences), 0.45)  # a letter and a number
    notes = 1.5 + 0.92 * max(lists, sum(lines(n, 0.53) for n in limits))  # in smaller type
    return LINE * size * (11 + answers + max(advice, image) + sum(rows) + notes)
