"""The first page of a run, in the order of a decision: what to do, figures, groups, test, changes, left out, lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from seglib.credentials import without_folder
from seglib.report import words
from seglib.report.groups import GroupView, group_views
from seglib.report.pages import Page
from seglib.report.render import render
from seglib.schema.records import FigureRecord, FindingRecord, RunRecord, RunVerdictRecord
from seglib.style import ENGLISH, Vocabulary

AT_ONCE = ("to_try",)
"""The kinds of notes that a card shows without being opened."""

LABELLED = ("useful", "not shown to be useful")
"""Labels of usefulness that stand in front of the claim."""

SHOWN_FINDINGS = 3
"""Findings of the check of the data that are shown without being unfolded."""

MORE_FINDINGS = 8
"""Findings that are shown once the others are unfolded."""

FIGURES = 4
"""Figures at the top."""

FILES = ("segments.csv", "audience/README.txt", "customers_without_transaction.csv")
"""Files for everybody, if they are there and not empty."""

FILES_FOR_IT = ("model.skops", "scoring.sql", "scoring_from_tables.sql", "run.json")
"""Files for those who run it, if they are there. What each is stands in the vocabulary."""


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
    views, vocabulary = group_views(record), words.vocabulary_of_run(record)
    others = [finding for finding in record.findings if not _is_said_of_customers(finding, record)]
    set_aside = [finding for finding in record.findings if finding.severity in ("error", "exclusion")]
    return render(
        "index.html.j2",
        words=vocabulary,
        wording=words.wording_of_run(record),
        record=record,
        overview=record.overview,
        figures=figures(record),
        changes=previous["figures"] if previous else {},
        groups=views,
        for_all=for_all(views),
        best_test=best_test(views),
        checked=checked_by(folder, record),
        limit=words.limit(record),
        terms=words.terms(record),
        set_aside=[in_words(f, vocabulary) for f in set_aside[:SHOWN_FINDINGS]],
        findings=[in_words(f, vocabulary) for f in others if f not in set_aside[:SHOWN_FINDINGS]][:MORE_FINDINGS],
        audit_findings=[finding for finding in record.audit.findings if vocabulary.allows(finding)],
        at_once=AT_ONCE,
        parameters=_shown(record.parameters),
        pages=pages,
        picture=picture,
        previous=previous,
        files=_files(folder, {name: vocabulary.page(name) for name in FILES} | _of_own_notebooks(folder, pages)),
        files_for_it=_files(folder, {name: vocabulary.page(name) for name in FILES_FOR_IT}),
        verdict=vocabulary.verdict(record.verdict),
        structure=vocabulary.STRUCTURES.get(record.verdict.structure, record.verdict.structure),
        useful=vocabulary.USEFULNESS.get(record.verdict.useful, record.verdict.useful),
        use=_use(record.verdict, vocabulary),
        questions=vocabulary.QUESTIONS if "QUESTIONS" in vocabulary.changed else {},
        pdf_note=pdf_note,
    )


def _is_said_of_customers(finding: FindingRecord, record: RunRecord) -> bool:
    """Say whether a finding is that customers have no transaction, which the page says of them already."""
    return finding.rule.endswith(".no_transaction") and record.customers_without_transaction > 0


def for_all(views: Sequence[GroupView]) -> str:
    """Return what to try where it is the same for all groups: it is said once then; else empty."""
    ideas = {view.segment.to_try for view in views}
    return next(iter(ideas)) if len(ideas) == 1 else ""


def best_test(views: Sequence[GroupView]) -> str:
    """Return the letter of the group whose test shows most; empty where no group has a test of its own."""
    if for_all(views):
        return ""  # the test is one of all customers
    changes = {v.segment.segment: v.group.smallest_change for v in views if v.group.smallest_change}
    return min(changes, key=changes.get, default="") if len(views) > 1 else ""


def checked_by(folder: Path, record: RunRecord) -> str:
    """Say by what a list can be checked by eye: the columns that ``segments.csv`` has for that."""
    vocabulary, wording = words.vocabulary_of_run(record), words.wording_of_run(record)
    path = folder / "segments.csv"
    columns = path.read_text("utf-8").partition("\n")[0].strip().split(",") if path.exists() else []
    keys = {
        vocabulary.fill(vocabulary.LAST, wording): "last day",
        vocabulary.USED_SHARE: "share used",
        vocabulary.fill(vocabulary.CITY, wording): "place",
    }
    shown = [vocabulary.page(key, wording) for column, key in keys.items() if column in columns]
    return vocabulary.join(shown) if shown else ""


def in_words(finding: FindingRecord, vocabulary: Vocabulary) -> str:
    """Say how many rows of which table a finding is about, how much money they hold, and what it is.

    What it is stands in the words of the package in the contract: where these are replaced, a shorter reason.
    """
    money = ""
    if finding.money is not None:
        money = f" ({vocabulary.page('in money', money=vocabulary.money(finding.money, total=True))})"
    key = "row of" if finding.rows == 1 else "rows of"
    table = vocabulary.TABLES.get(finding.table, finding.table)
    rows = vocabulary.page(key, n=vocabulary.count(finding.rows), table=table, money=money)
    sentence = finding.sentence if vocabulary.allows(finding.sentence) else _reason(finding.rule, vocabulary)
    return vocabulary.page("finding", rows=rows, sentence=sentence)


def _reason(rule: str, vocabulary: Vocabulary) -> str:
    """Return why a rule found rows, in words of the vocabulary; a rule is named by table, column and what it asks."""
    _, column, problem = f"{rule}..".split(".")[:3]
    kind = column if column in vocabulary.FINDINGS else problem
    return vocabulary.fill(
        vocabulary.FINDINGS.get(kind, vocabulary.FINDINGS["other"]), column=vocabulary.name_of(column)
    )


def figures(record: RunRecord) -> list[FigureRecord]:
    """Return the figures of the top: who is in a group, what they did, and what was left out.

    Where few things are recorded of customers, the number of groups and the largest of them fill the row.
    """
    vocabulary = words.vocabulary_of_run(record)
    text, count, k = vocabulary.page, vocabulary.count, record.k
    placed = text("of", n=count(record.customers), all=count(n_customers(record)))
    middle = list(record.overview.figures[: FIGURES - 2])
    if len(middle) < FIGURES - 2:
        middle.append(FigureRecord("groups", text("number of groups"), k, str(k)))
    if len(middle) < FIGURES - 2 and record.segments:
        share = max(segment.share for segment in record.segments)
        middle.append(FigureRecord("largest", text("largest"), share, vocabulary.whole_percent(share), "share"))
    aside = record.rows.quarantined
    return [
        FigureRecord("placed", text("placed"), record.customers, placed),
        *middle,
        FigureRecord("left_out", text("rows left out"), aside, count(aside), note=money_left_out(record)),
    ]


def n_customers(record: RunRecord) -> int:
    """Return how many customers there are, with a group or without."""
    without_label = record.labels.without_label if record.labels else 0
    return record.customers + record.customers_without_transaction + without_label


def money_left_out(record: RunRecord) -> str:
    """Say how much money the rows hold that were set aside, refunds counted against sales; empty without amounts."""
    money, vocabulary = sum(finding.money or 0 for finding in record.findings), words.vocabulary_of_run(record)
    return vocabulary.page("in money", money=vocabulary.money(money, total=True)) if money else ""


def _use(verdict: RunVerdictRecord, vocabulary: Vocabulary = ENGLISH) -> str:
    """Return whether the segments are useful, with the label but without numbers, which are in a part of their own."""
    claim = vocabulary.verdict(verdict).use
    if verdict.useful not in LABELLED or not claim or vocabulary.foreign:
        return claim  # it says itself that it cannot be said
    return f"{verdict.useful.capitalize()}: {claim[0].lower()}{claim[1:]}"


def _shown(parameters: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the parameters with files named without their folders, which are private."""
    return {step: {n: without_folder(n, v) for n, v in values.items()} for step, values in parameters.items()}


def _of_own_notebooks(folder: Path, pages: Sequence[Page]) -> dict[str, str]:
    """Return the files of notebooks of an analyst's own, which are in folders of their names."""
    return {
        path.relative_to(folder).as_posix(): page.question
        for page in pages
        for path in sorted((folder / page.name).rglob("*"))
        if path.is_file()
    }


def _files(folder: Path, files: dict[str, str]) -> list[dict[str, str]]:
    """Return those files that are there and hold something: a list with nothing but its head is no file to offer."""
    return [
        {"path": path, "what": what, "size": _size((folder / path).stat().st_size)}
        for path, what in files.items()
        if (folder / path).exists() and not _is_empty_list(folder / path)
    ]


def _is_empty_list(path: Path) -> bool:
    return path.suffix == ".csv" and path.stat().st_size < 200 and len(path.read_text("utf-8").splitlines()) <= 1


def _size(n_bytes: int) -> str:
    """Write the size of a file.

    >>> _size(312), _size(65443)
    ('1 kB', '65 kB')
    """
    return f"{max(1, round(n_bytes / 1000)):,} kB"
