"""06 Who are they? A name and a sentence for every segment, by stated rules from its markers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from seglib.interpretation.cards.vocabulary import LABELS, NO_MARKER, VERBS, WORDS
from seglib.interpretation.profiles.means import MARKER
from seglib.schema.records import BesideRecord, CardRecord, MarkerRecord, NoteRecord
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import Wording, escape_markdown, format_number, humanize, join_words, measured

ORIGINS = ("gender_name", "city_name")
"""The names of ours that can tell where the customers of a segment come from."""

BESIDE = 3
"""How many comparisons with all customers a card shows at a glance."""


@dataclass(frozen=True)
class SegmentCard:
    """What a marketer is told of a segment.

    Attributes
    ----------
    segment : str
        The letter.
    name : str
        By rule from the markers, unique within the run.
    sentence : str
        How its customers behave, beside all customers.
    customers, share : int, float
    table : pandas.DataFrame
        The markers: what, own, all, difference.
    beside : pandas.DataFrame
        At most three things that differ most from all customers, markers or not: what, unit, own, all, marker.
    notes : tuple of NoteRecord
        What else to know (`seglib.interpretation.with_notes`).
    """

    segment: str
    name: str
    sentence: str
    customers: int
    share: float
    table: pd.DataFrame = field(repr=False)
    beside: pd.DataFrame = field(repr=False)
    notes: tuple[NoteRecord, ...] = ()

    @property
    def heading(self) -> str:
        """Letter and name as Markdown."""
        return f"**{self.segment} · {escape_markdown(self.name)}**"

    @property
    def text(self) -> str:
        """The card as Markdown: a paragraph, and a list of what else to know."""
        told = f"{self.heading} ({self.customers:,} customers, {self.share:.0%}). {escape_markdown(self.sentence)}"
        notes = "\n".join(f"- *{note.heading}:* {escape_markdown(note.text)}" for note in self.notes)
        return f"{told}\n\n{notes}" if notes else told

    @property
    def record(self) -> CardRecord:
        """The card as ``cards.json`` has it."""
        markers = self.table.astype(object).where(self.table.notna(), None)
        return CardRecord(
            segment=self.segment,
            name=self.name,
            sentence=self.sentence,
            customers=self.customers,
            share=self.share,
            notes=self.notes,
            markers=tuple(MarkerRecord(**row) for row in markers.to_dict("records")),
            beside=tuple(
                BesideRecord(
                    **row, own_text=measured(row["own"], row["unit"]), all_text=measured(row["all"], row["unit"])
                )
                for row in self.beside.to_dict("records")
            ),
        )


def segment_cards(
    profiles: pd.DataFrame,
    demographics: Mapping[str, pd.DataFrame],
    *,
    study: Study = DEFAULT_STUDY,
) -> list[SegmentCard]:
    """Name and describe every segment by the markers.

    The strongest markers give the words: first what a segment does (`WORDS`, or "with high income" of a variable of
    the shop's own), and only where it does nothing special, where its customers come from. Equal names get one more
    word, or at last the letter.

    Parameters
    ----------
    profiles : pandas.DataFrame
        From `seglib.interpretation.profile`.
    demographics : mapping of str to pandas.DataFrame
        From `seglib.interpretation.shares`, by column. Only gender, city and ``variables`` name a segment; others are
        passed over.
    study : Study, optional
        Which columns of the customers table build segments, and what a transaction is called.

    Returns
    -------
    list of SegmentCard
        In the order of the letters.
    """
    origins = {column: table for column, table in demographics.items() if column in (*ORIGINS, *study.variables)}
    letters = dict.fromkeys([*profiles["segment"], *(s for table in origins.values() for s in table["segment"])])
    markers = {letter: _Markers.of(letter, profiles, origins) for letter in letters}
    names = _unique({letter: found.names() for letter, found in markers.items()})
    total = sum(found.customers for found in markers.values())
    return [
        SegmentCard(
            letter,
            names[letter],
            found.sentence(study.wording),
            found.customers,
            round(found.customers / total, 6),
            found.table(),
            found.beside(study.wording),
        )
        for letter, found in markers.items()
    ]


def rename_cards(made: Sequence[SegmentCard], names: Mapping[str, str]) -> list[SegmentCard]:
    """Give cards the names of the analyst; where one of ours is the same, ours gets its letter."""
    theirs = {name.casefold() for name in names.values()}
    own = {c.segment: f"{c.name} ({c.segment})" if c.name.casefold() in theirs else c.name for c in made}
    return [replace(card, name=names.get(card.segment, own[card.segment])) for card in made]


@dataclass(frozen=True)
class _Markers:
    """What marks one segment: of all its behaviours those that do, tenure, and levels by column (rows of shares)."""

    customers: int
    own: pd.DataFrame
    behaviour: pd.DataFrame
    tenure: pd.DataFrame
    levels: dict[str, pd.DataFrame]

    @classmethod
    def of(cls, letter: str, profiles: pd.DataFrame, demographics: Mapping[str, pd.DataFrame]) -> _Markers:
        own = profiles[profiles["segment"] == letter]
        behaviour = own[own["marker"].astype(bool) & (own["role"] == "segmentation")]
        levels = {}
        for column, table in demographics.items():
            more = table[(table["segment"] == letter) & table["marker"] & (table["lift"] > 1)]
            if len(more):
                levels[column] = more.sort_values("lift", ascending=False, kind="stable")
        strongest = behaviour["difference"].abs().sort_values(ascending=False, kind="stable").index
        tenure = own[own["marker"].astype(bool) & (own["feature"] == "tenure_days")]
        # where nothing is a number, each customer has one level of every name
        sizes = [*own["customers"], *(t.loc[t["segment"] == letter, "customers"].sum() for t in demographics.values())]
        judged = own[own["role"] == "segmentation"]
        return cls(int(sizes[0]), judged, behaviour.loc[strongest], tenure, levels)

    def names(self) -> list[str]:
        """Return candidate names, the shortest first."""
        marks = {r.feature: r for r in self.behaviour.itertuples()}
        noun = "customers"
        if "burn_rate" in marks:
            noun = _word(marks.pop("burn_rate"))
            marks.pop("never_burned", None)  # which says the same once more
        extra = "".join(self._origin(column) for column in self.levels)
        if self.behaviour.empty:
            candidates = [f"customers{extra}" if extra else "average customers"]
        else:
            lengths = range(min(2, len(marks)), len(marks) + 1)
            candidates = [_phrase(noun, list(marks.values())[:n]) for n in lengths]
            candidates += [candidates[-1] + extra] if extra else []
        return [c[0].upper() + c[1:] for c in candidates]

    def _origin(self, column: str) -> str:
        """Return " from Cairo and 3 other places", ", mostly female", or ", tier mostly gold".

        "more often" where they are no majority.
        """
        levels = list(self.levels[column]["level"])
        majority = self.levels[column]["share"].sum() > 0.5
        if column == "city_name":
            few = levels if len(levels) <= 3 else [*levels[:2], f"{len(levels) - 2} other places"]
            return f"{'' if majority else ', more often'} from {join_words(few)}"
        often = "mostly" if majority else "more often"
        if column in ORIGINS:
            return f", {often} {join_words(levels).lower()}"
        return f", {humanize(column)} {often} {join_words(levels)}"

    def sentence(self, wording: Wording) -> str:
        """Say how the segment behaves, and where its customers come from, beside all customers."""
        told = [_verb(r, wording) for r in self.behaviour.itertuples()]
        told = [verb.removeprefix("have ") if i and told[i - 1].startswith("have ") else verb
                for i, verb in enumerate(told)]  # fmt: skip
        text = f"They {join_words(told)}." if told else NO_MARKER if len(self.own) else ""
        for r in self.tenure.itertuples():
            text += f" They have been customers for {r.seen:,.0f} days (all: {r.seen_overall:,.0f})."
        for column, levels in self.levels.items():
            shown = [f"{r.level} ({r.share:.0%}, all: {r.overall_share:.0%})" for r in levels.head(3).itertuples()]
            rest = [f"{len(levels) - 3} more"] if len(levels) > 3 else []
            text += f" Over-represented by {humanize(column)}: {join_words([*shown, *rest])}."
        return text.strip() or NO_MARKER

    def table(self) -> pd.DataFrame:
        """Return the markers: what, unit, own, all, difference (standardised)."""
        records = [
            (humanize(r.feature), r.unit, r.seen, r.seen_overall, r.difference) for r in self.behaviour.itertuples()
        ]
        records += [
            (f"{humanize(column)}: {r.level}", "share", r.share, r.overall_share, np.nan)
            for column, levels in self.levels.items()
            for r in levels.head(3).itertuples()
        ]
        return pd.DataFrame(records, columns=["what", "unit", "own", "all", "difference"]).round(6)

    def beside(self, wording: Wording) -> pd.DataFrame:
        """Return what differs most from all customers: markers first, behaviours before levels; then what is no marker.

        A great difference that is no marker is left out: customers cannot be told apart by it (03).
        """
        size = self.own["difference"].abs()
        size = size[self.own["marker"].astype(bool) | (size < MARKER)]
        records = [
            (*_named(r, wording), r.seen, r.seen_overall, bool(r.marker))
            for r in self.own.loc[size.sort_values(ascending=False, kind="stable").index].itertuples()
            if pd.notna(r.seen) and pd.notna(r.seen_overall)
        ]
        marks = self.table()
        levels = marks[marks["difference"].isna()]
        records += [(r.what, r.unit, r.own, r.all, True) for r in levels.itertuples(index=False)]
        records.sort(key=lambda record: not record[-1])
        return pd.DataFrame(records[:BESIDE], columns=["what", "unit", "own", "all", "marker"]).round(6)


def _named(mark: Any, wording: Wording) -> tuple[str, str]:
    """Return what a number is called on a card, and its unit where that does not say it already."""
    if mark.feature in LABELS:
        return wording.of(LABELS[mark.feature]), mark.unit if mark.unit in ("share", "0 or 1", "days") else "number"
    return humanize(mark.feature), mark.unit


def _word(mark: Any) -> str:
    """Return the word for a marker of ours."""
    return WORDS[mark.feature][0 if mark.difference > 0 else 1]


def _phrase(noun: str, marks: Sequence[Any]) -> str:
    """Return "recent, frequent burners", "customers with high income and low age, member mostly yes"."""
    ours = [_word(mark) for mark in marks if mark.feature in WORDS]
    own = [mark for mark in marks if mark.feature not in WORDS]
    numbers = [mark for mark in own if mark.kind != "binary"]
    levels = [f"{'high' if mark.difference > 0 else 'low'} {humanize(mark.feature)}" for mark in numbers]
    text = f"{', '.join(ours)} {noun}".strip() + (f" with {join_words(levels)}" if levels else "")
    for mark in own:
        if mark.kind == "binary":
            answer, share = ("yes", mark.seen) if mark.difference > 0 else ("no", 1 - mark.seen)
            text += f", {humanize(mark.feature)} {'mostly' if share > 0.5 else 'more often'} {answer}"
    return text


def _verb(mark: Any, wording: Wording) -> str:
    """Say what a marker is: the segment beside all customers."""
    if mark.feature in VERBS:
        return wording.of(VERBS[mark.feature], own=mark.seen, all=mark.seen_overall)
    name = humanize(mark.feature)
    if mark.kind == "binary":
        return f"have yes under {name} in {mark.seen:.0%} of cases (all: {mark.seen_overall:.0%})"
    unit = "" if mark.unit == "number" else f" {mark.unit}"
    return f"have a mean {name} of {format_number(mark.seen)}{unit} (all: {format_number(mark.seen_overall)})"


def _unique(candidates: dict[str, list[str]]) -> dict[str, str]:
    """Give every letter its first candidate; where two agree, the next ones, and at last the letter itself."""
    names = {letter: options[0] for letter, options in candidates.items()}
    for depth in range(1, max(map(len, candidates.values()))):
        taken = Counter(names.values())
        for letter, options in candidates.items():
            if taken[names[letter]] > 1 and len(options) > depth:
                names[letter] = options[depth]
    taken = Counter(names.values())
    return {letter: f"{name} ({letter})" if taken[name] > 1 else name for letter, name in names.items()}
