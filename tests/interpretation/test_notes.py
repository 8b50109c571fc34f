"""What a card says beside its sentence, and that it claims no more than the verdict."""

import re
from dataclasses import replace

import numpy as np
import pytest

from seglib.campaign.arms import ControlGroup
from seglib.clustering.segmentation import segment
from seglib.interpretation.audiences import customer_list
from seglib.interpretation.cards.cards import segment_cards
from seglib.interpretation.cards.notes import with_notes
from seglib.interpretation.holdout.usefulness import ALIKE
from seglib.interpretation.profiles.coupon_usage import coupon_usage
from seglib.interpretation.profiles.exemplars import exemplars
from seglib.interpretation.profiles.means import profile
from seglib.preprocessing.customer import customer_matrix
from seglib.schema.records import VerdictRecord
from seglib.study import Study
from seglib.style.formats import in_words
from seglib.style.vocabulary import cards as vocabulary
from seglib.style.vocabulary.cards import CAUTION, CERTAINTY, STANDS_FOR, TRY
from seglib.style.vocabulary.verdict import MONDAY
from seglib.style.wording import COUPON, TRANSACTION


def verdict_of(structure, useful):
    return VerdictRecord(
        structure=structure,
        useful=useful,
        headline="",
        sentence="",
        meaning="",
        advice="",
        k_star=None,
        evidence=(),
    )


BOTH = verdict_of("natural", "useful")
NEITHER = verdict_of("constructed", "not shown to be useful")


@pytest.fixture(scope="module")
def sample(prepared):
    """What the cards of the sample are made of, in three segments."""
    run, features = prepared("sample")
    matrix = customer_matrix(features.table).table
    fit = segment(matrix, k=3, order_by=features.table["n_burned"], n_init=5)
    profiles = profile(features.table, fit.table["segment"]).table
    return {
        "cards": segment_cards(profiles, {}),
        "profiles": profiles,
        "segments": fit.table.assign(probability=np.where(fit.table["margin"] < 0.3, 0.6, 0.9)),
        "usage": coupon_usage(run.read("unified"), fit.table, run.study()).table,
        "exemplars": exemplars(matrix, fit.table["segment"], fit.centres),
        "features": features.table,
    }


def notes_of(sample, verdict, **changed):
    """Return the notes of every card: text by heading, by letter."""
    options = {name: sample[name] for name in ("profiles", "segments", "usage", "exemplars")} | changed
    cards = with_notes(sample["cards"], verdict=verdict, **options)
    texts = {card.segment: {} for card in cards}
    for card in cards:
        for note in card.notes:
            texts[card.segment].setdefault(note.heading, []).append(note.text)
    return {letter: {heading: " ".join(parts) for heading, parts in notes.items()} for letter, notes in texts.items()}


def test_notes_are_what_was_counted(sample):
    usage = sample["usage"].set_index("segment")
    for letter, notes in notes_of(sample, BOTH).items():
        row = usage.loc[letter]
        assert f"{row['coupons']:,.0f} coupons, {row['coupons_per_customer']:.1f} a customer" in notes["Coupons"]
        assert "so far" not in notes["Coupons"]  # young coupons say nothing yet of how many are used
        assert f"usage frequency {row['usage_frequency']:.1f}" in notes["Coupons"]
        members = sample["features"][sample["segments"]["segment"] == letter]
        assert f"{in_words(members['recency_days'].mean(), 'days')} ago on average" in notes["Last coupon"]
        [customer] = sample["exemplars"].query("segment == @letter")["customer_id"]
        assert f"id {customer}" in notes[STANDS_FOR]
        assert sample["segments"].loc[customer, "segment"] == letter
        margin = sample["segments"].query("segment == @letter")["margin"]
        low = (margin < 0.3).mean()
        assert f"probability of {0.6 * low + 0.9 * (1 - low):.1%} on average; for {low:.1%} " in notes[CERTAINTY]
        assert "if these groups are taken as given" in notes[CERTAINTY]


def test_no_card_claims_more_than_the_verdict(sample):
    for letter, notes in notes_of(sample, NEITHER).items():
        assert "than you know already: that was not shown" in notes[CAUTION], letter
        assert "the method cut it" in notes[CAUTION]
        assert "was not shown" in notes[TRY]
    for notes in notes_of(sample, BOTH).values():
        assert "the method cut it" not in notes[CAUTION]
        assert "nobody has tried" in notes[CAUTION]
    ideas = {letter: notes[TRY] for letter, notes in notes_of(sample, BOTH).items()}
    assert len(set(ideas.values())) == 3
    assert all(idea.endswith((".", "?")) and not idea.endswith("?.") for idea in ideas.values())
    assert not any("lift of" in idea or "%" in idea for idea in ideas.values())  # nothing is promised


def test_a_card_says_how_large_a_change_its_test_shows(sample):
    """By hand: the change d at which p and p + d are told apart, power 80%, by those drawn and by half of all."""
    group, segments = ControlGroup("spring", 0.1), sample["segments"]
    listed = customer_list(segments, dict.fromkeys("ABC", "a name"), group=group)
    for letter, notes in notes_of(sample, BOTH, control=group).items():
        row = sample["profiles"].query("segment == @letter and feature == 'burn_rate'").iloc[0]
        p, n = min(row["observed"], 1 - row["observed"]), row["customers"]
        said = [float(x) for x in re.findall(r"(\d+) points", notes["What a test can show"])]
        control = listed.loc[listed["segment"] == letter, "control"].sum()  # on the list, and so on the card
        for points, sizes in zip(said, ((control, n - control), (n / 2, n / 2)), strict=True):
            d = points / 100
            pooled = (sizes[0] * p + sizes[1] * (p + d)) / n
            spread = np.sqrt(pooled * (1 - pooled) * (1 / sizes[0] + 1 / sizes[1]))
            apart = np.sqrt(p * (1 - p) / sizes[0] + (p + d) * (1 - p - d) / sizes[1])
            assert d == pytest.approx(1.95996 * spread + 0.84162 * apart, abs=0.012)  # points are whole
        assert said[0] > said[1]
        assert f"the {control} customers" in notes["What a test can show"]
    assert all("What a test can show" not in notes for notes in notes_of(sample, BOTH).values())


def test_ideas_of_a_shop_without_coupons_speak_of_none():
    """What it sells is a transaction, and nobody is sent one: an offer is."""
    for (feature, _), idea in vocabulary.TO_TRY.items():
        if feature in ("recency_days", "coupons_per_month", "spend_per_month"):
            assert TRANSACTION.of(idea) == COUPON.of(idea)
    for text in (*vocabulary.COMPARED_WITH.values(), vocabulary.NOBODY_TRIED):
        assert "coupon" not in text


def test_where_no_marker_has_an_idea_nothing_is_to_try(sample):
    profiles = sample["profiles"].assign(marker=False)
    for notes in notes_of(sample, BOTH, profiles=profiles).values():
        assert TRY not in notes


def test_every_idea_says_what_the_comparison_group_gets(sample):
    assert vocabulary.OTHERS_GET.keys() == vocabulary.TO_TRY.keys()
    for notes in notes_of(sample, BOTH).values():
        assert "The others get " in notes[TRY]


def test_what_is_not_there_is_not_said(sample):
    segments = sample["segments"].assign(probability=np.nan)
    notes = notes_of(sample, BOTH, usage=None, exemplars=None, segments=segments)["A"]
    assert "Coupons" not in notes
    assert STANDS_FOR not in notes
    assert CERTAINTY not in notes
    assert "Coupons" not in notes_of(sample, BOTH, usage=sample["usage"].head(0))["A"]  # no transactions at all
    unburned = sample["usage"].assign(burned=float("nan"))
    notes = notes_of(sample, BOTH, usage=unburned, study=Study(wording=TRANSACTION))["A"]
    assert "burned" not in notes["Transactions"]


def test_a_card_reads_as_a_paragraph_and_a_list(sample):
    [card, *_] = with_notes(
        sample["cards"],
        profiles=sample["profiles"],
        segments=sample["segments"],
        verdict=BOTH,
        usage=sample["usage"],
    )
    assert card.text.startswith("**A · ")
    assert "\n\n- *Coupons:* " in card.text
    assert card.record.notes == card.notes
    assert card.record.to_try == next(note.text for note in card.notes if note.heading == TRY)


PAIRS = (
    ("Treat all customers alike", "smaller"),
    ("offer per group", "for everybody"),
    ("Test the ideas below", "for everybody"),
    ("on a random half", "The others get"),
)
"""What to do first, and what a card must not say beside it."""


@pytest.mark.parametrize("monday", list(MONDAY))
def test_no_card_contradicts_what_to_do_first(sample, monday):
    structure, useful = ("natural", "not shown to be useful") if monday == ALIKE else monday.split(", ")
    first = MONDAY[monday]
    verdict = replace(BOTH, structure=structure, useful=useful, monday=first, keys={"monday": monday})
    for notes in notes_of(sample, verdict).values():
        for said_first, not_beside in PAIRS:
            assert said_first not in first or not_beside not in notes[TRY], (first, notes[TRY])


def test_a_group_nobody_surely_belongs_to_is_told_in_words_with_what_to_do(sample):
    members = sample["segments"]["segment"] == "B"
    unsure = sample["segments"].assign(probability=sample["segments"]["probability"].mask(members, 0.1))
    options = {name: sample[name] for name in ("profiles", "usage", "exemplars")} | {"control": ControlGroup("x", 0.1)}
    cards = {card.segment: card for card in with_notes(sample["cards"], verdict=BOTH, segments=unsure, **options)}
    kinds = {letter: [note.kind for note in card.notes] for letter, card in cards.items()}
    assert "unsure" in kinds["B"]
    assert not {"certainty", "test"} & set(kinds["B"])  # no probability beside it, and no test of it alone
    assert {"certainty", "test"} <= set(kinds["A"])
    assert "unsure" not in kinds["A"]
    texts = {note.kind: note.text for note in cards["B"].notes}
    assert f"what is known of its {members.sum()} customers fits another group too" in texts["unsure"]
    assert "treat it like the others" in texts["unsure"]
    assert "what the other groups get" in texts["to_try"]
    one = unsure.copy()
    one.loc[members[members].index[0], "probability"] = 0.9
    [card] = [c for c in with_notes(sample["cards"], verdict=BOTH, segments=one, **options) if c.segment == "B"]
    assert "unsure" not in [note.kind for note in card.notes]


def test_where_nobody_uses_coupons_no_card_speaks_of_usage(sample):
    study = Study(wording=TRANSACTION)
    for notes in notes_of(sample, BOTH, study=study).values():
        assert notes["Transactions"].endswith("a customer.")
