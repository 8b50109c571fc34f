"""The first page of a run: the verdict, the segments, the data, and the files that a reader may take along."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from seglib.credentials import without_folder
from seglib.report.pages import Page
from seglib.report.render import render
from seglib.schema.records import BesideRecord, RunRecord, RunSegmentRecord, RunVerdictRecord

AT_ONCE = ("certainty", "to_try", "test")
"""The kinds of notes that a card shows without being opened."""

LABELLED = ("useful", "not shown to be useful")
"""Labels of usefulness that stand in front of the claim."""

FILES = {
    "segments.csv": "one row a customer, with segment, name and probability",
    "audience/README.txt": "how to read the lists",
    "model.skops": "places customers who were not there (seglib score)",
    "scoring.sql": "the same as one SQL statement, from features",
    "scoring_from_tables.sql": "the same from the tables",
    "customers_without_transaction.csv": "those who could not be described",
    "summary.pdf": "one page to print",
    "run.json": "this page for machines, with parameters and versions",
}
"""Files that a reader may take along, if they are there; the lists of segments come second."""


def index_page(
    folder: Path,
    record: RunRecord,
    pages: Sequence[Page],
    *,
    picture: Markup | None,
    previous: dict | None,
    pdf_note: str = "",
) -> str:
    """Make ``index.html``.

    Parameters
    ----------
    folder : Path
        The run's report folder: files that are there are linked.
    record : RunRecord
    pages : sequence of Page
    picture : Markup, optional
        The figure that shows the verdict.
    previous : dict, optional
        What `seglib.report.changes.compared` found.
    pdf_note : str, optional
        What to say where there is no PDF.

    Returns
    -------
    str
    """
    return render(
        "index.html.j2",
        record=record,
        segments=[(segment, [_with_widths(row) for row in segment.beside]) for segment in record.segments],
        parameters=_shown(record.parameters),
        pages=pages,
        picture=picture,
        previous=previous,
        files=_files(folder, record.segments, pages),
        at_once=AT_ONCE,
        use=_use(record.verdict),
        pdf_note=pdf_note,
    )


def _use(verdict: RunVerdictRecord) -> str:
    """Return whether the segments are useful, with the label but without numbers, which are in a part of their own."""
    claim = verdict.use_claim or ""
    if verdict.useful not in LABELLED or not claim:
        return claim  # it says itself that it cannot be said
    return f"{verdict.useful.capitalize()}: {claim[0].lower()}{claim[1:]}"


def _with_widths(row: BesideRecord) -> dict[str, Any]:
    """Add how far the bars of a comparison reach, in per cent: a share of all, another number of the greater one."""
    whole = 1 if row.unit in ("share", "0 or 1") else 1.1 * max(row.own, row.all)

    def width(value: float) -> float:
        return round(100 * min(max(value / whole, 0), 1), 1) if whole > 0 else 0

    return {**vars(row), "own_width": width(row.own), "all_width": width(row.all)}


def _shown(parameters: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the parameters with files named without their folders, which are private."""
    return {step: {n: without_folder(n, v) for n, v in values.items()} for step, values in parameters.items()}


def _files(folder: Path, segments: Sequence[RunSegmentRecord], pages: Sequence[Page]) -> list[dict[str, str]]:
    lists = {f"audience/{s.segment}.csv": f"{s.segment} · {s.name}, the surest first" for s in segments}
    added = {  # of a notebook of an analyst's own, in a folder of its name
        path.relative_to(folder).as_posix(): page.question
        for page in pages
        for path in sorted((folder / page.name).rglob("*"))
        if path.is_file()
    }
    first, *others = {**FILES, **added}.items()
    return [
        {"path": path, "what": what, "size": _size((folder / path).stat().st_size)}
        for path, what in [first, *lists.items(), *others]
        if (folder / path).exists()
    ]


def _size(n_bytes: int) -> str:
    """Write the size of a file.

    >>> _size(312), _size(65443)
    ('1 kB', '65 kB')
    """
    return f"{max(1, round(n_bytes / 1000)):,} kB"
