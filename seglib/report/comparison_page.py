"""The pages that compare a run with an earlier one, and their lines on the first page of the run."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from seglib.report.alone_page import with_section, write_alone
from seglib.schema.comparison_records import ComparisonRecord
from seglib.schema.records import RunRecord
from seglib.style import ENGLISH

ANCHOR = "monitoring"
"""Id of the section on the first page."""

_SECTION = Markup(
    '<section id="{anchor}"><h2>{question}</h2><p><strong>{headline}</strong> {because}</p><p>{next_step}</p>'
    '<p class="small"><a href="{step}_business.html">Since {day}</a> '
    '(<a href="{step}.html">with code</a>); <a href="movers.csv">who moved</a>: {moved}, {joined}, {lost}; '
    '<a href="compare.json">compare.json</a> for machines.</p></section>'
)


def add_comparison(folder: Path, record: RunRecord, comparison: ComparisonRecord, *, step: str, question: str) -> None:
    """Write the two pages of the comparison, and link them on ``index.html``.

    Parameters
    ----------
    folder : Path
        Report folder of the later run, with the executed notebooks.
    record : RunRecord
        Of the later run.
    comparison : ComparisonRecord
    step, question : str
        Name of the notebook, and the question it answers.
    """
    write_alone(folder, record, step=step, question=question)
    index = folder / "index.html"
    index.write_text(with_comparison(index.read_text(encoding="utf-8"), comparison, step, question), encoding="utf-8")


def with_comparison(index: str, comparison: ComparisonRecord, step: str, question: str) -> str:
    """Put what has moved on the first page, before its first section.

    Parameters
    ----------
    index : str
        The page as it is; a section of an earlier comparison is replaced.
    comparison : ComparisonRecord
    step, question : str
        Name of the notebook, and the question it answers.
    """
    section = _SECTION.format(
        anchor=ANCHOR,
        question=question,
        headline=comparison.headline,
        because=comparison.because,
        next_step=comparison.next_step,
        step=step,
        day=f"{ENGLISH.day(comparison.day)}, run {comparison.old}",
        moved=f"{comparison.moved:,} in another segment",
        joined=f"{comparison.joined:,} new",
        lost=f"{comparison.lost:,} no longer there",
    )
    return with_section(index, ANCHOR, section)
