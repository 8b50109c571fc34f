"""A page for every group: who, what they did next, how to recognise them, a typical customer, the lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seglib.report import words
from seglib.report.render import render
from seglib.schema.records import BesideRecord, GroupRecord, ListRecord, NoteRecord, RunRecord, RunSegmentRecord

PREFIX = "group_"
"""What the names of the pages begin with."""

NUMBERS = ("use", "last_seen", "certainty", "markers")
"""Kinds of notes that are numbers, behind a fold on the page of a group."""


@dataclass(frozen=True)
class GroupView:
    """What pages show of a group.

    Attributes
    ----------
    segment : RunSegmentRecord
    group : GroupRecord
    beside : tuple of dict
        The comparisons with all customers, each with the widths of its bars in per cent.
    send, control : ListRecord or None
    page : str
        The file of its own page.
    """

    segment: RunSegmentRecord
    group: GroupRecord
    beside: tuple[dict[str, Any], ...]
    send: ListRecord | None
    control: ListRecord | None
    page: str

    def notes(self, *kinds: str) -> list[NoteRecord]:
        """Return the notes of some kinds."""
        return [note for note in self.segment.notes if note.kind in kinds]


def group_views(record: RunRecord) -> list[GroupView]:
    """Return what pages show of every group, in the order of the letters."""
    greatest = _greatest(record.segments)
    views = []
    for segment in record.segments:
        lists = {entry.kind: entry for entry in record.overview.lists_of(segment.segment)}
        views.append(
            GroupView(
                segment,
                record.overview.group(segment.segment),
                tuple(_with_widths(row, greatest[row.what]) for row in segment.beside),
                lists.get("send"),
                lists.get("control"),
                f"{PREFIX}{segment.segment}.html",
            )
        )
    return views


def write_groups(folder: Path, record: RunRecord) -> list[Path]:
    """Write the page of every group, and remove those of groups that are no more.

    Parameters
    ----------
    folder : Path
        The run's report folder.
    record : RunRecord

    Returns
    -------
    list of Path
    """
    views, overview, vocabulary = group_views(record), record.overview, words.vocabulary_of_run(record)
    paths = [folder / view.page for view in views]
    for page in folder.glob(f"{PREFIX}*.html"):
        if page not in paths:
            page.unlink()
    for place, (view, path) in enumerate(zip(views, paths, strict=True)):
        text = render(
            "group.html.j2",
            words=vocabulary,
            wording=words.wording_of_run(record),
            record=record,
            overview=overview,
            view=view,
            before=views[place - 1] if place else None,
            after=views[place + 1] if place + 1 < len(views) else None,
            cut=vocabulary.day(overview.cut) if overview.cut else "",
            terms=words.terms(record),
            numbers=NUMBERS,
        )
        path.write_text(text, encoding="utf-8")
    return paths


def write_glossary(folder: Path, record: RunRecord) -> Path:
    """Write the page that says what every term means."""
    path = folder / "glossary.html"
    vocabulary = words.vocabulary_of_run(record)
    path.write_text(render("glossary.html.j2", words=vocabulary, record=record, terms=words.terms(record)), "utf-8")
    return path


def _greatest(segments: Sequence[RunSegmentRecord]) -> dict[str, float]:
    """Return where the scale of every comparison ends: bars of one kind have one scale on all cards."""
    greatest: dict[str, float] = {}
    for row in (row for segment in segments for row in segment.beside):
        whole = 1.0 if row.unit in ("share", "0 or 1") else 1.1 * max(row.own, row.all)
        greatest[row.what] = max(whole, greatest.get(row.what, 0.0))
    return greatest


def _with_widths(row: BesideRecord, whole: float) -> dict[str, Any]:
    """Add how far the bars of a comparison reach, in per cent of the scale."""

    def width(value: float) -> float:
        return round(100 * min(max(value / whole, 0), 1), 1) if whole > 0 else 0

    return {**vars(row), "own_width": width(row.own), "all_width": width(row.all)}
