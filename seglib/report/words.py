"""The words of a run's pages: its vocabulary, what the shop calls its things, the terms that it uses, its one limit.

The texts themselves stand in `seglib.style.vocabulary.pages`.
"""

from __future__ import annotations

from collections.abc import Callable

from seglib.schema.records import RunRecord
from seglib.style import COUPON, ENGLISH, TRANSACTION, Vocabulary, Wording

LABELS = ("natural", "reproducible", "constructed", "borderline")
"""Terms that only a report of that verdict uses."""

APPLIES: dict[str, Callable[[RunRecord], bool]] = {
    "work": lambda record: bool(record.overview.work),
    "used": lambda record: bool(record.overview.used),
    "came_back": lambda record: bool(record.overview.came_back),
    "test": lambda record: any(group.smallest_change for group in record.overview.groups),
    "control": lambda record: bool(record.overview.lists),
    "useful": lambda record: bool(record.overview.came_back),
    "rfm": lambda record: bool(record.overview.came_back),
    "tenure": lambda record: record.as_of is not None,
}
"""Whether a report uses a term; without an entry it does."""


def vocabulary_of_run(record: RunRecord) -> Vocabulary:
    """Return the words in which the pages of a run are written."""
    overview = record.overview
    return Vocabulary(overview.words, file=overview.words_file or ENGLISH.file)


def wording_of_run(record: RunRecord) -> Wording:
    """Return what the shop calls a transaction and a place; records of earlier versions know the plural only."""
    words = record.overview.wording
    if not words:
        many = record.overview.thing or "transactions"
        return Wording(many.removesuffix("s"), "made", many.removesuffix("s"), plural=many)
    return Wording(
        words["coupon"],
        words["claimed"],
        words["claim"],
        kind=words.get("kind", "coupon"),
        names=tuple(vocabulary_of_run(record).FEATURES.items()),
        place=words["place"],
        places=words["places"],
        plural=words["coupons"],
    )


def wording_of_notebooks(record: RunRecord) -> Wording:
    """Return what the shop calls its things where the pages of the notebooks say it: they stay English."""
    if not vocabulary_of_run(record).foreign:
        return wording_of_run(record)
    return TRANSACTION if record.overview.wording.get("kind") == "transaction" else COUPON


def limit(record: RunRecord) -> str:
    """Return the one thing that a reader must not forget."""
    words = vocabulary_of_run(record)
    if n := len(record.audit.findings):
        return words.fill(words.CHECKS_FOUND["one" if n == 1 else "many"], n=n)
    weakest = record.verdict.between[-1] if record.verdict.between else record.verdict.structure
    return words.DRAWN if weakest == "constructed" else words.NOBODY_TRIED_YET


def terms(record: RunRecord) -> dict[str, tuple[str, str]]:
    """Return word and meaning of every term that this report uses, by key, in the words of the shop."""
    words, wording = vocabulary_of_run(record), wording_of_run(record)
    return {
        key: (_capital(words.fill(term, wording)), words.fill(words.entry("MEANINGS", key), wording))
        for key, term in words.TERMS.items()
        if APPLIES.get(key, _always)(record) and (key not in LABELS or key == record.verdict.structure)
    }


def _always(record: RunRecord) -> bool:
    return True


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
