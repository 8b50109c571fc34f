"""One page for a manager: are the segments real and useful, who are they, what to do, and what not to believe?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from seglib.interpretation.audiences import advice, on_lists
from seglib.interpretation.cards.cards import SegmentCard
from seglib.interpretation.holdout.predictive_gain import PredictiveGain
from seglib.schema.records import VerdictRecord
from seglib.style import escape_markdown

NOT_TO_BELIEVE = (
    "That a segment explains its members, or that a campaign works better in one of them: nobody has tried. A name is "
    "a summary of averages; most members differ from it in something."
)


@dataclass(frozen=True)
class Summary:
    """Questions of a manager, each with its answer.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per question: question, answer (plain text; of the segments, one line each).
    """

    table: pd.DataFrame = field(repr=False)

    @property
    def text(self) -> str:
        """All questions and answers in one line."""
        return " ".join(f"{row.question} {' '.join(row.answer.splitlines())}" for row in self.table.itertuples())

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """Questions and answers in Markdown, a list where an answer has several lines."""
        return tuple(_paragraph(row.question, row.answer) for row in self.table.itertuples())


def _paragraph(question: str, answer: str) -> str:
    """Write a question and its answer in Markdown."""
    lines = [escape_markdown(line) for line in answer.splitlines()]
    if len(lines) == 1:
        return f"**{question}** {lines[0]}"
    return "\n".join([f"**{question}**", "", *(f"- {line}" for line in lines)])


def summary(
    verdict: VerdictRecord,
    gain: PredictiveGain,
    cards: Sequence[SegmentCard],
    chosen: pd.DataFrame,
    listed: pd.DataFrame,
    *,
    weights: str,
) -> Summary:
    """Answer what a manager asks of a segmentation.

    Parameters
    ----------
    verdict : VerdictRecord
        On structure and use (`seglib.interpretation.with_usefulness`).
    gain : PredictiveGain
    cards : sequence of SegmentCard
    chosen : pandas.DataFrame
        From `seglib.interpretation.targets`.
    listed : pandas.DataFrame
        From `seglib.interpretation.customer_list`.
    weights : str
        As they were given to `seglib.interpretation.targets`.
    """
    reached = on_lists(listed)
    n_control = int(reached["control"].sum())
    who = "\n".join(f"{card.segment} · {card.name} ({card.share:.0%}): {card.sentence}" for card in cards)
    test = (
        f"Compare with the control group ({n_control:,} of {len(reached):,} customers) afterwards: it gets what it "
        "would get without the test."
    )
    answers = {
        "Are they real?": " ".join(filter(None, [f"{verdict.headline}.", verdict.meaning])),
        "Are they useful?": gain.lead,
        "Who are they?": who,
        "What to do?": advice(chosen, replace(verdict, advice=verdict.monday or verdict.advice), weights),
        "How would one know that it worked?": test,
        "What not to believe?": NOT_TO_BELIEVE,
    }
    return Summary(pd.DataFrame(answers.items(), columns=["question", "answer"]))
