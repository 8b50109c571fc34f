"""The words of the first page and of the pages of the groups that are not those of the cards: terms, limits, headings.

Texts are templates: ``{coupon}`` and ``{coupons}`` are what the shop calls a transaction, other fields are named by
what they hold. Sentences are short, for readers in their second or third language.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seglib.schema.records import RunRecord


@dataclass(frozen=True)
class Term:
    """A word that a reader may ask for.

    Attributes
    ----------
    key : str
        By it, pages put a question mark beside the word.
    word, meaning : str
        Templates.
    applies : callable
        Whether this report uses the word.
    """

    key: str
    word: str
    meaning: str
    applies: Callable[[RunRecord], bool] = lambda record: True


def _is_used(record: RunRecord) -> bool:
    return bool(record.overview.used)


def _came_back(record: RunRecord) -> bool:
    return bool(record.overview.came_back)


def _has_test(record: RunRecord) -> bool:
    return any(group.smallest_change for group in record.overview.groups)


def _has_lists(record: RunRecord) -> bool:
    return bool(record.overview.lists)


TERMS: tuple[Term, ...] = (
    Term("group", "Group", "Customers who are alike in what this report looks at. Other pages say segment."),
    Term(
        "placed",
        "Customers in groups",
        "Customers with enough data to be put into a group. The others are counted as left out.",
    ),
    Term(
        "work",
        "Share of sales or {coupons}",
        "How much of all that customers did was done by the group. Compare it with the group's share of customers.",
        lambda record: bool(record.overview.work),
    ),
    Term(
        "used",
        "{coupons} used",
        "Of the {coupons} that are old enough to judge: how many were used. A {coupon} of yesterday says nothing yet.",
        _is_used,
    ),
    Term(
        "came_back",
        "Came back",
        "The report looks at the shop as it was on an earlier day. It counts who came again after that day.",
        _came_back,
    ),
    Term(
        "test",
        "What a test shows",
        "The smallest change that a comparison of the two lists shows, in points of a hundred. Smaller changes may be "
        "chance. It is reckoned so that four of five such changes are seen.",
        _has_test,
    ),
    Term(
        "control",
        "Comparison group (control)",
        "Customers drawn by lot. They get what they would get without the test: nothing, or the usual offer.",
        _has_lists,
    ),
    Term(
        "near_border",
        "Near a border",
        "A customer who could as well be in another group. Leave them out of a test, or treat both groups alike.",
    ),
    Term("left_out", "Left out", "Rows or customers that are in no group, each with the reason."),
    Term(
        "real",
        "Are the groups real?",
        "The same method is run on invented shops without groups. Groups are real only if yours are clearer.",
    ),
    Term(
        "useful",
        "Are they useful?",
        "Whether the group helps to foresee what a customer does, beyond how long, how lately and how often they came.",
        _came_back,
    ),
    Term(
        "marker",
        "What sets a group apart",
        "A difference of half the usual spread between customers, or more (half a standard deviation).",
    ),
    Term("natural", "Natural", "Customers clump together by themselves, and the groups follow the clumps."),
    Term(
        "reproducible",
        "Reproducible",
        "Other customers of this shop would give the same groups, but where one ends is a choice, as with age groups.",
    ),
    Term("constructed", "Constructed", "The method cut the groups. Nothing shows that the customers fall into them."),
    Term("borderline", "Borderline", "The evidence does not decide. The report takes the weaker answer."),
    Term(
        "probability",
        "Probability",
        "How likely a customer belongs to the group, if the groups are taken as given.",
    ),
    Term("confidence", "Confidence", "How near a customer is to the middle of the group: 1 there, 0 at the border."),
    Term(
        "rfm",
        "RFM",
        "Recency, frequency, money: how lately, how often and for how much somebody bought. The plain rule to beat.",
        _came_back,
    ),
    Term("tenure", "Tenure", "How long somebody has been a customer.", lambda record: record.as_of is not None),
    Term("run", "Run", "One making of this report, with its name, its data and its settings."),
)
"""In the order of the glossary."""

NOBODY_TRIED = "Nobody has tried an offer here yet. Only a comparison shows whether one works."

DRAWN = "With other customers the borders would lie elsewhere. Do not take a group for a type of person."

FINDINGS = "Technical checks found {n} {problems}. Read that under Evidence first."

AUDIT_PROBLEMS = ("problem", "problems")

NO_NEXT = "What such customers did next is not known: no group of an earlier day is like this one."

NO_DATES = "What such customers do next is not known: this source has no dates."

SINCE_FIRST = "First report of this name"


def limit(record: RunRecord) -> str:
    """Return the one thing that a reader must not forget."""
    if n := len(record.audit.findings):
        return FINDINGS.format(n=n, problems=AUDIT_PROBLEMS[n > 1])
    weakest = record.verdict.between[-1] if record.verdict.between else record.verdict.structure
    return DRAWN if weakest == "constructed" else NOBODY_TRIED


def terms(record: RunRecord) -> dict[str, tuple[str, str]]:
    """Return word and meaning of every term that this report uses, by key, in the words of the shop."""
    many = record.overview.thing or "coupons"
    words = {"coupons": many, "coupon": many.removesuffix("s")}
    return {
        term.key: (_capital(term.word.format(**words)), term.meaning.format(**words))
        for term in TERMS
        if term.applies(record) and (term.key not in LABELS or term.key == record.verdict.structure)
    }


LABELS = ("natural", "reproducible", "constructed", "borderline")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
