"""What a campaign that is over says on the first page of the run."""

from __future__ import annotations

from bs4 import BeautifulSoup
from markupsafe import Markup

from seglib.report.alone_page import with_section
from seglib.schema.campaign_records import EffectRecord
from seglib.style import each_once

ANCHOR = "campaign"
"""Id of the section on the first page."""

UNTRIED = "untried"
"""Id of the sentence on the first page that no offer was tried yet."""

_SECTION = Markup(
    '<section id="{anchor}"><h2>Campaign {campaign}: {question}</h2><p><strong>{headline}</strong></p>{claims}'
    '<p class="small"><a href="{step}_business.html">What the campaign did</a> '
    '(<a href="{step}.html">with code</a>), read from {source}; '
    '<a href="effect.json">effect.json</a> for machines.</p></section>'
)


def with_campaign(index: str, effect: EffectRecord, step: str, question: str) -> str:
    """Put what a campaign says on the first page, before its first section; there, an offer is no longer untried.

    Parameters
    ----------
    index : str
        The page as it is; a section of an earlier reading is replaced.
    effect : EffectRecord
    step, question : str
        Name of the notebook, and the question it answers.
    """
    outcomes = effect.outcomes
    sentences = [
        *(f"{outcome.outcome}: {outcome.claim}" for outcome in outcomes),
        *each_once({outcome.outcome: outcome.segments_claim for outcome in outcomes}),
        *each_once({outcome.outcome: outcome.next_step for outcome in outcomes}),
    ]
    section = _SECTION.format(
        anchor=ANCHOR,
        question=f"{question[0].lower()}{question[1:]}",
        headline=effect.headline,
        claims=Markup("").join(Markup("<p>{}</p>").format(each) for each in [effect.stopped, *sentences] if each),
        step=step,
        campaign=effect.campaign,
        source=effect.outcomes_from,
    )
    soup = BeautifulSoup(with_section(index, ANCHOR, section), "html.parser")
    if untried := soup.find(id=UNTRIED):
        untried.attrs.pop("hidden", None)
        if not effect.stopped:
            untried["hidden"] = ""
    return soup.decode(formatter="html5")
