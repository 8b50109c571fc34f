"""What a comparison with an earlier run says on the first page of the run."""

from __future__ import annotations

from markupsafe import Markup

from seglib.report.alone_page import with_section
from seglib.schema.comparison_records import ComparisonRecord
from seglib.style import ENGLISH

ANCHOR = "monitoring"
"""Id of the section on the first page."""

_SECTION = Markup(
    '<section id="{anchor}"><h2>{question}</h2><p><strong>{headline}</strong> {because}</p><p>{next_step}</p>'
    '<p class="small"><a href="{step}_business.html">Since {day}</a> '
    '(<a href="{step}.html">with code</a>); <a href="movers.csv">who moved</a>: {moved}, {joined}, {lost}; '
    '<a href="compare.json">compare.json</a> for machines.</p></section>'
)


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
