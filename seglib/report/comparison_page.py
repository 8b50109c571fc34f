"""What a comparison with an earlier run says on the first page of the run."""

from __future__ import annotations

from markupsafe import Markup

from seglib.report.alone_page import with_section
from seglib.schema.comparison_records import ComparisonRecord
from seglib.style import ENGLISH, Vocabulary, Wording

ANCHOR = "monitoring"
"""Id of the section on the first page."""

GROUPS = "groups"
"""Id of the section behind which it stands: what to do with whom comes first."""

LEVEL = 0.05
"""From which p-value on a feature has drifted, as 07 says."""

UNSTEADY = 0.4
"""Below this kappa groups do not last, as 07 says."""

MENTIONED = 0.02
"""From this share of the customers on, what the clock alone would have moved is told with every headline."""

_SECTION = Markup(
    '<section id="{anchor}"><h2>{heading}</h2><p><strong>{headline}</strong></p>'
    "<details><summary>{more}</summary><p>{because}</p><p>{next_step}</p>"
    '<p class="small"><a href="{step}_business.html">{since}</a> '
    '(<a href="{step}.html">{with_code}</a>); <a href="movers.csv">{who}</a>: {moved}, {joined}, {lost}; '
    '<a href="compare.json">compare.json</a> {for_machines}.</p></details></section>'
)
"""Folded but for the headline: the first page is short."""


def with_comparison(
    index: str,
    comparison: ComparisonRecord,
    step: str,
    words: Vocabulary = ENGLISH,
    wording: Wording | None = None,
) -> str:
    """Put what has moved on the first page, behind its groups, in the words of that page.

    Parameters
    ----------
    index : str
        The page as it is; a section of an earlier comparison is replaced.
    comparison : ComparisonRecord
    step : str
        Name of the notebook.
    words : Vocabulary, optional
    wording : Wording, optional
        What the shop calls its things.
    """
    section = _SECTION.format(
        anchor=ANCHOR,
        heading=words.page("moved since", day=words.day(comparison.day)),
        more=words.page("more"),
        headline=words.MOVED[comparison.label],
        because=because(comparison, words, wording),
        next_step=_next_step(comparison, words),
        step=step,
        since=words.page("since", day=words.day(comparison.day), run=comparison.old),
        with_code=words.page("with code"),
        who=words.page("moved list"),
        moved=words.page("moved customers", n=words.count(comparison.moved)),
        joined=words.page("joined customers", n=words.count(comparison.joined)),
        lost=words.page("lost customers", n=words.count(comparison.lost)),
        for_machines=words.page("for machines"),
    )
    return with_section(index, ANCHOR, section, after=GROUPS)


def because(comparison: ComparisonRecord, words: Vocabulary = ENGLISH, wording: Wording | None = None) -> str:
    """Say what the headline rests on, as 07 does, in the words of the page.

    Parameters
    ----------
    comparison : ComparisonRecord
        One of the last version lacks some numbers: then less is said.
    words : Vocabulary, optional
    wording : Wording, optional
    """
    parts = {part.part: part for part in comparison.parts}
    real, ageing, label = parts.get("real movement"), parts.get("ageing"), comparison.label
    sentences = []
    if label == "drift":
        names = [words.name_of(d.feature, wording) for d in comparison.drift if d.p is not None and d.p <= LEVEL]
        sentences.append(words.fill(words.MOVED_BECAUSE["drift"], features=words.join(names)))
    elif label == "redefinition":
        step = parts["redefinition"].moved_by_step if "redefinition" in parts else None
        if step is not None:
            sentences.append(words.fill(words.MOVED_BECAUSE["redefinition"], share=words.percent(step)))
    elif label == "ageing" and ageing:
        sentences.append(words.fill(words.MOVED_BECAUSE["ageing"], share=words.percent(ageing.share)))
    elif real and label != "movement" and real.share < 0 and real.calm_high < 0:
        sentences.append(_beside(words, "back", -real.share, -real.calm_high, -real.calm_low))
    elif real:
        key = "nobody" if label != "movement" and real.share < 0 else "real"
        sentences.append(_beside(words, key, real.share, real.calm_low, real.calm_high))
        if label == "movement" and comparison.beyond_chance:
            more, low, high = comparison.beyond_chance
            sentences.append(_beside(words, "more", max(more, 0), low, high))
    if label != "ageing" and ageing and ageing.share >= MENTIONED:
        sentences.append(words.fill(words.MOVED_BECAUSE["clock"], share=words.percent(ageing.share)))
    if is_unsteady(comparison) and "all together" in parts:
        share = words.percent(parts["all together"].share)
        sentences.append(words.fill(words.MOVED_BECAUSE["unsteady"], share=share))
    return " ".join(sentences)


def is_unsteady(comparison: ComparisonRecord) -> bool:
    """Say whether so many customers are elsewhere that a group says little of where the same customer is later."""
    return comparison.kappa is not None and comparison.kappa < UNSTEADY


def _next_step(comparison: ComparisonRecord, words: Vocabulary) -> str:
    """Say what to do."""
    if comparison.advice == "keep" and is_unsteady(comparison):
        return words.MOVED_NEXT["unsteady"]
    more = (comparison.advice, comparison.label) in (("watch", "drift"), ("keep", "ageing"))
    return words.MOVED_NEXT[comparison.label if more else comparison.advice]


def _beside(words: Vocabulary, key: str, share: float, low: float, high: float) -> str:
    """Fill a text with a share and the points between which it may lie."""
    points = {"low": words.numbers.write(100 * low, ".1f"), "high": words.numbers.write(100 * high, ".1f")}
    return words.fill(words.MOVED_BECAUSE[key], share=words.percent(share), **points)
