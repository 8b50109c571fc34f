"""06 Who are they? A name and a sentence for every segment, by stated rules from its markers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from seglib.interpretation.profiles.profile import MARKER
from seglib.schema.records import BesideRecord, CardRecord, MarkerRecord, NoteRecord
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import ENGLISH, Vocabulary, Wording, escape_markdown

ORIGINS = ("gender_name", "city_name")
"""The names of ours that can tell where the customers of a segment come from."""

BESIDE = 3
"""How many comparisons with all customers a card shows at a glance."""

UNITS: dict[str, str] = {"coupons_per_month": "a month", "spend_per_month": "money"}
"""How a value is written where the unit of the feature would say it twice."""

LEVELS_SHOWN = 3
"""How many levels of a name are listed."""

ALL = 0.995
"""From this share on a segment has one gender."""

Words = Mapping[str, Sequence[str]]
"""By feature, the words for much and for little of it."""


@dataclass(frozen=True)
class SegmentCard:
    """What a card says of a segment.

    Attributes
    ----------
    segment : str
        The letter.
    name : str
        By rule from the markers, unique within the run.
    sentence : str
        How its customers behave, beside all customers; often several sentences.
    lead : str
        The first of them.
    customers, share : int, float
    table : pandas.DataFrame
        The markers: what, own, all, difference.
    beside : pandas.DataFrame
        At most three things that differ from all customers by half a standard deviation or more, or by a leaning to a
        level: what, unit, own, all, marker (whether it built the segments).
    notes : tuple of NoteRecord
        What else to know (`seglib.interpretation.with_notes`).
    vocabulary : Vocabulary
        The words it is written in.
    """

    segment: str
    name: str
    sentence: str
    lead: str
    customers: int
    share: float
    table: pd.DataFrame = field(repr=False)
    beside: pd.DataFrame = field(repr=False)
    notes: tuple[NoteRecord, ...] = ()
    vocabulary: Vocabulary = field(default=ENGLISH, repr=False)

    @property
    def heading(self) -> str:
        """Letter and name as Markdown."""
        return f"**{self.segment} · {escape_markdown(self.name)}**"

    @property
    def size(self) -> str:
        """How many customers it has, and what share of all."""
        return f"{self.vocabulary.customers(self.customers)}, {self.vocabulary.whole_percent(self.share)}"

    @property
    def text(self) -> str:
        """The card as Markdown: a paragraph, and a list of what else to know."""
        paragraph = f"{self.heading} ({self.size}). {escape_markdown(self.sentence)}"
        notes = "\n".join(f"- *{note.heading}:* {escape_markdown(note.text)}" for note in self.notes)
        return f"{paragraph}\n\n{notes}" if notes else paragraph

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
                    **row,
                    own_text=self.vocabulary.in_words(row["own"], row["unit"]),
                    all_text=self.vocabulary.in_words(row["all"], row["unit"]),
                )
                for row in self.beside.to_dict("records")
            ),
            lead=self.lead,
        )


def segment_cards(
    profiles: pd.DataFrame,
    demographics: Mapping[str, pd.DataFrame],
    *,
    study: Study = DEFAULT_STUDY,
    vocabulary: Vocabulary = ENGLISH,
) -> list[SegmentCard]:
    """Name and describe every segment by the markers.

    The strongest markers give the words: first what a segment does (`WORDS`, or "with high income" of a variable of
    the shop's own), and only where it does nothing special, where its customers come from. Equal names get one more
    word, or at last the letter.

    Parameters
    ----------
    profiles : pandas.DataFrame
        From `seglib.interpretation.profile`, its table.
    demographics : mapping of str to pandas.DataFrame
        From `seglib.interpretation.compare_names`, by column. Only gender, city and the variables of the study name a
        segment; others are passed over.
    study : Study, optional
        Which columns of the customers table build segments, and what a transaction is called.
    vocabulary : Vocabulary, optional
        The words of the cards (`seglib.interpretation.read_vocabulary`).

    Returns
    -------
    list of SegmentCard
        In the order of the letters.
    """
    origins = {column: table for column, table in demographics.items() if column in (*ORIGINS, *study.variables)}
    letters = dict.fromkeys([*profiles["segment"], *(s for table in origins.values() for s in table["segment"])])
    markers = {letter: _Markers.of(letter, profiles, origins, vocabulary) for letter in letters}
    words = vocabulary.WORDS | study.own_words
    names = _make_unique({letter: marker.names(words) for letter, marker in markers.items()})
    total = sum(marker.customers for marker in markers.values())
    wording, cards = vocabulary.wording(study.wording), []
    for letter, marker in markers.items():
        sentences = marker.sentences(wording)
        cards.append(
            SegmentCard(
                segment=letter,
                name=names[letter],
                sentence=" ".join(sentences),
                lead=sentences[0],
                customers=marker.customers,
                share=round(marker.customers / total, 6),
                table=marker.table(wording),
                beside=marker.beside(wording),
                vocabulary=vocabulary,
            )
        )
    return cards


def rename_cards(cards: Sequence[SegmentCard], names: Mapping[str, str]) -> list[SegmentCard]:
    """Give cards the names of the analyst.

    Parameters
    ----------
    cards : sequence of SegmentCard
    names : mapping of str to str
        By letter (`read_names`). Segments that are not in it keep their name; where the analyst gives that name to
        another segment, it gets its letter.
    """
    taken = {name.casefold() for name in names.values()}
    renamed = []
    for card in cards:
        name = f"{card.name} ({card.segment})" if card.name.casefold() in taken else card.name
        renamed.append(replace(card, name=names.get(card.segment, name)))
    return renamed


@dataclass(frozen=True)
class _Name:
    """A candidate for the name of a segment.

    Attributes
    ----------
    text : str
    meaning : frozenset of str
        What it says, in whatever order: names with the same meaning are the same name.
    """

    text: str
    meaning: frozenset[str]

    @classmethod
    def of(cls, text: str, noun: str, marks: Sequence[Any] = ()) -> _Name:
        """Return a name that is composed of a noun and of markers."""
        directions = {f"{mark.feature} {'more' if mark.difference > 0 else 'less'}" for mark in marks}
        return cls(text[0].upper() + text[1:], frozenset({noun, *directions}))


@dataclass(frozen=True)
class _Markers:
    """What marks one segment.

    Attributes
    ----------
    customers : int
    profile : pandas.DataFrame
        Its rows of the profile of features that build segments.
    behaviour : pandas.DataFrame
        Those of them that are markers, the strongest first.
    tenure : pandas.DataFrame
        The row of tenure, if it is a marker.
    levels : dict of str to pandas.DataFrame
        By column: the levels that are markers (rows of shares), the strongest first. They can name the segment.
    leanings : dict of str to pandas.DataFrame
        By column: those, and the levels that the segment leans to, the most frequent first.
    vocabulary : Vocabulary
    """

    customers: int
    profile: pd.DataFrame
    behaviour: pd.DataFrame
    tenure: pd.DataFrame
    levels: dict[str, pd.DataFrame]
    leanings: dict[str, pd.DataFrame]
    vocabulary: Vocabulary = ENGLISH

    @classmethod
    def of(
        cls, letter: str, profiles: pd.DataFrame, demographics: Mapping[str, pd.DataFrame], vocabulary: Vocabulary
    ) -> _Markers:
        """Gather the markers of a segment."""
        rows = profiles[profiles["segment"] == letter]
        behaviour = rows[rows["marker"].astype(bool) & (rows["role"] == "segmentation")]
        strongest = behaviour["difference"].abs().sort_values(ascending=False, kind="stable").index
        levels, leanings = {}, {}
        for column, table in demographics.items():
            more = table[(table["segment"] == letter) & (table["marker"] | table["leaning"]) & (table["lift"] > 1)]
            if len(more):
                leanings[column] = more.sort_values("share", ascending=False, kind="stable")
            if more["marker"].any():
                levels[column] = more[more["marker"]].sort_values("lift", ascending=False, kind="stable")
        if len(rows):
            customers = rows["customers"].iloc[0]
        else:  # nothing is a number: each customer has one level of every name
            table = next(iter(demographics.values()))
            customers = table.loc[table["segment"] == letter, "customers"].sum()
        return cls(
            customers=int(customers),
            profile=rows[rows["role"] == "segmentation"],
            behaviour=behaviour.loc[strongest],
            tenure=rows[rows["marker"].astype(bool) & (rows["feature"] == "tenure_days")],
            levels=levels,
            leanings=leanings,
            vocabulary=vocabulary,
        )

    def names(self, words: Words) -> list[_Name]:
        """Return candidate names, the shortest first."""
        vocabulary = self.vocabulary
        marks = {row.feature: row for row in self.behaviour.itertuples()}
        levels, noun = dict(self.levels), vocabulary.CUSTOMERS
        if one_gender := self._only_gender():
            noun = one_gender
            levels.pop("gender_name")
        if "burn_rate" in marks:
            noun = _choose_word(marks.pop("burn_rate"), words)
            marks.pop("never_burned", None)  # which says the same once more
        if self._is_new():
            # Who joined lately came lately, and has few months over which coupons are counted: that is the calendar.
            marks = {name: mark for name, mark in marks.items() if not _is_recent_or_frequent(mark)}
            noun = vocabulary.fill(vocabulary.NEW, noun=noun)
        origin = "".join(self._describe_origin(column) for column in levels)
        if self.behaviour.empty and noun == vocabulary.CUSTOMERS:
            text = f"{noun}{origin}" if origin else vocabulary.AVERAGE
            return [_Name.of(text, text)]
        lengths = range(min(2, len(marks)), len(marks) + 1)
        chosen = [list(marks.values())[:n] for n in lengths]
        candidates = [_Name.of(_compose_name(noun, some, words, vocabulary), noun, some) for some in chosen]
        if origin:
            longest = _compose_name(noun, chosen[-1], words, vocabulary)
            candidates.append(_Name.of(longest + origin, noun + origin, chosen[-1]))
        return candidates

    def _is_new(self) -> bool:
        """Say whether the customers of the segment joined much later than others."""
        return bool((self.tenure["difference"] < 0).any())

    def _only_gender(self) -> str:
        """Return the word for customers of one gender, where the segment has no others; else nothing."""
        vocabulary = self.vocabulary
        levels = self.levels.get("gender_name")
        if levels is None or levels["share"].iloc[0] < ALL:
            return ""
        return vocabulary.OF_ONE_GENDER.get(str(levels["level"].iloc[0]).lower(), "")

    def _describe_origin(self, column: str) -> str:
        """Return " from Cairo and 3 other places", ", mostly female", or ", tier mostly gold".

        "more often" where they are no majority.
        """
        vocabulary = self.vocabulary
        levels = list(self.levels[column]["level"])
        majority = self.levels[column]["share"].sum() > 0.5
        if column == "city_name":
            if len(levels) > 3:
                levels = [*levels[:2], vocabulary.fill(vocabulary.OTHER_PLACES, n=len(levels) - 2)]
            text = vocabulary.FROM if majority else vocabulary.MORE_OFTEN_FROM
            return vocabulary.fill(text, places=vocabulary.join(levels))
        often = vocabulary.MOSTLY if majority else vocabulary.MORE_OFTEN
        if column in ORIGINS:
            return vocabulary.fill(vocabulary.OF_GENDER, often=often, levels=vocabulary.join(levels).lower())
        return vocabulary.fill(
            vocabulary.OF_LEVEL, feature=vocabulary.name_of(column), often=often, levels=vocabulary.join(levels)
        )

    def sentences(self, wording: Wording) -> list[str]:
        """Say how the segment behaves, and where its customers come from, beside all customers; at least one."""
        vocabulary = self.vocabulary
        sentences = []
        if len(self.behaviour):
            sentences.append(
                vocabulary.fill(vocabulary.THEY, phrases=vocabulary.join(self._describe_behaviour(wording)))
            )
        elif len(self.profile):
            far = (self.profile["difference"].abs() >= MARKER).any()
            sentences.append(vocabulary.ONLY_ELSEWHERE if far else vocabulary.NO_MARKER)
        for row in self.tenure.itertuples():
            value, every = (
                vocabulary.in_words(row.observed, "days"),
                vocabulary.in_words(row.observed_overall, "days"),
            )
            sentences.append(vocabulary.fill(vocabulary.TENURE, own=value, all=every))
        for column, levels in self.leanings.items():
            shown = [
                vocabulary.fill(vocabulary.LEVEL, level=row.level, own=row.share, all=row.overall_share)
                for row in levels.head(LEVELS_SHOWN).itertuples()
            ]
            if len(levels) > LEVELS_SHOWN:
                shown.append(vocabulary.fill(vocabulary.MORE_LEVELS, n=len(levels) - LEVELS_SHOWN))
            sentences.append(
                vocabulary.fill(
                    vocabulary.LEVELS, feature=vocabulary.name_of(column, wording), levels=vocabulary.join(shown)
                )
            )
        return sentences or [vocabulary.NO_MARKER]

    def _describe_behaviour(self, wording: Wording) -> list[str]:
        """Say of each behaviour what the segment did; variables of the shop's own in a row share one "have"."""
        vocabulary = self.vocabulary
        phrases, have_before = [], False
        for row in self.behaviour.itertuples():
            if row.feature in vocabulary.VERBS:
                unit = UNITS.get(row.feature, row.unit)
                value, every = (
                    vocabulary.in_words(row.observed, unit),
                    vocabulary.in_words(row.observed_overall, unit),
                )
                phrases.append(vocabulary.fill(vocabulary.VERBS[row.feature], wording, own=value, all=every))
                have_before = False
            else:
                what = _describe_variable(row, vocabulary)
                phrases.append(what if have_before else vocabulary.fill(vocabulary.HAVE, what=what))
                have_before = True
        return phrases

    def table(self, wording: Wording) -> pd.DataFrame:
        """Return the markers: what, unit, own, all, difference (standardised)."""
        vocabulary = self.vocabulary
        records = [
            (vocabulary.name_of(row.feature, wording), row.unit, row.observed, row.observed_overall, row.difference)
            for row in self.behaviour.itertuples()
        ]
        records += [
            (f"{vocabulary.name_of(column, wording)}: {row.level}", "share", row.share, row.overall_share, np.nan)
            for column, levels in self.leanings.items()
            for row in levels.head(LEVELS_SHOWN).itertuples()
        ]
        return pd.DataFrame(records, columns=["what", "unit", "own", "all", "difference"]).round(6)

    def beside(self, wording: Wording) -> pd.DataFrame:
        """Return what differs by half a standard deviation or more, the greatest difference first, then the levels.

        What was left out of the matrix (03) although it differs so much is there too, and the card says so.
        """
        vocabulary = self.vocabulary
        size = self.profile["difference"].abs()
        size = size[size >= MARKER]
        records = [
            (*_label(row, wording, vocabulary), row.observed, row.observed_overall, bool(row.marker))
            for row in self.profile.loc[size.sort_values(ascending=False, kind="stable").index].itertuples()
            if pd.notna(row.observed) and pd.notna(row.observed_overall)
        ]
        markers = self.table(wording)
        levels = markers[markers["difference"].isna()]
        records += [(row.what, row.unit, row.own, row.all, True) for row in levels.itertuples(index=False)]
        return pd.DataFrame(records[:BESIDE], columns=["what", "unit", "own", "all", "marker"]).round(6)


def _label(mark: Any, wording: Wording, vocabulary: Vocabulary) -> tuple[str, str]:
    """Return what a number is called on a card, and its unit where that does not say it already."""
    if mark.feature in vocabulary.LABELS:
        unit = mark.unit if mark.unit in ("share", "0 or 1", "days") else "number"
        return vocabulary.fill(vocabulary.LABELS[mark.feature], wording), UNITS.get(mark.feature, unit)
    return vocabulary.name_of(mark.feature), mark.unit


def _is_recent_or_frequent(mark: Any) -> bool:
    """Say whether a marker says that customers came lately, or often."""
    return (mark.feature == "recency_days" and mark.difference < 0) or (
        mark.feature == "coupons_per_month" and mark.difference > 0
    )


def _choose_word(mark: Any, words: Words) -> str:
    """Return the word for a marker that has one."""
    much, little = words[mark.feature]
    return much if mark.difference > 0 else little


def _compose_name(noun: str, marks: Sequence[Any], words: Words, vocabulary: Vocabulary) -> str:
    """Return "recent, frequent burners", "customers with high income and low age, member mostly yes"."""
    chosen = [_choose_word(mark, words) for mark in marks if mark.feature in words]
    others = [mark for mark in marks if mark.feature not in words]
    levels = []
    for mark in others:
        if mark.kind != "binary":
            level = vocabulary.HIGH if mark.difference > 0 else vocabulary.LOW
            levels.append(vocabulary.fill(level, feature=vocabulary.name_of(mark.feature)))
    name = f"{', '.join(chosen)} {noun}" if chosen else noun
    if levels:
        name += vocabulary.fill(vocabulary.WITH, levels=vocabulary.join(levels))
    for mark in others:
        if mark.kind == "binary":
            yes = mark.difference > 0
            share = mark.observed if yes else 1 - mark.observed
            name += vocabulary.fill(
                vocabulary.ANSWERED,
                feature=vocabulary.name_of(mark.feature),
                often=vocabulary.MOSTLY if share > 0.5 else vocabulary.MORE_OFTEN,
                answer=vocabulary.YES if yes else vocabulary.NO,
            )
    return name


def _describe_variable(mark: Any, vocabulary: Vocabulary) -> str:
    """Say what a marker among the variables of the shop's own is: "a mean age of 20 years (all: 41)"."""
    feature = vocabulary.name_of(mark.feature)
    if mark.kind == "binary":
        return vocabulary.fill(vocabulary.OWN_ANSWER, feature=feature, own=mark.observed, all=mark.observed_overall)
    mean, every = vocabulary.number(mark.observed), vocabulary.number(mark.observed_overall)
    if mark.unit == "share":
        mean, every = vocabulary.whole_percent(mark.observed), vocabulary.whole_percent(mark.observed_overall)
    elif mark.unit != "number":
        mean += f" {mark.unit}"
    return vocabulary.fill(vocabulary.OWN_NUMBER, feature=feature, own=mean, all=every)


def _make_unique(candidates: Mapping[str, Sequence[_Name]]) -> dict[str, str]:
    """Give every letter its first candidate; where two mean the same, the next ones, and at last the letter itself."""
    names = {letter: options[0] for letter, options in candidates.items()}
    for depth in range(1, max(map(len, candidates.values()))):
        taken = Counter(name.meaning for name in names.values())
        for letter, options in candidates.items():
            if taken[names[letter].meaning] > 1 and len(options) > depth:
                names[letter] = options[depth]
    taken = Counter(name.meaning for name in names.values())
    return {
        letter: f"{name.text} ({letter})" if taken[name.meaning] > 1 else name.text for letter, name in names.items()
    }
