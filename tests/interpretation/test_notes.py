"""What a card tells beside its sentence, and that it claims no more than the verdict."""

import pytest

from seglib.clustering.segmentation import segment
from seglib.interpretation.cards.cards import segment_cards
from seglib.interpretation.cards.notes import TRY, with_notes
from seglib.interpretation.profiles.exemplars import exemplars
from seglib.interpretation.profiles.means import profile
from seglib.interpretation.profiles.usage import usage
from seglib.preprocessing.customer import customer_matrix
from seglib.style.wording import TRANSACTION

BOTH = {"structure": "natural", "useful": "useful"}
NEITHER = {"structure": "constructed", "useful": "not shown to be useful"}


@pytest.fixture(scope="module")
def known(prepared):
    """What the cards of the sample are made of, in three segments."""
    run, features = prepared("sample")
    matrix = customer_matrix(features.table).table
    fit = segment(matrix, k=3, order_by=features.table["n_burned"], n_init=5)
    profiles = profile(features.table, fit.table["segment"])
    return {
        "cards": segment_cards(profiles, {}),
        "profiles": profiles,
        "segments": fit.table.assign(agreement=1.0),
        "usage": usage(run.read("unified"), fit.table, as_of=run.read("shop")["as_of"]),
        "paragons": exemplars(matrix, fit.table["segment"], fit.centres),
        "features": features.table,
    }


def told(known, verdict, **changed):
    given = {name: known[name] for name in ("profiles", "segments", "usage", "paragons")} | changed
    return {c.segment: dict(c.facts) for c in with_notes(known["cards"], verdict=verdict, **given)}


def test_facts_are_what_was_counted(known):
    facts, usage = told(known, BOTH), known["usage"].set_index("segment")
    for letter, said in facts.items():
        row = usage.loc[letter]
        assert f"{row['coupons']:,.0f} coupons, {row['coupons_per_customer']:.1f} a customer" in said["Coupons"]
        assert f"{row['burned']:.0%} burned so far" in said["Coupons"]
        assert f"usage frequency {row['usage_frequency']:.1f}" in said["Coupons"]
        own = known["features"][known["segments"]["segment"] == letter]
        assert f"{own['recency_days'].mean():,.0f} days ago" in said["Last seen"]
        [one] = known["paragons"].query("segment == @letter")["customer_id"]
        assert f"id {one}" in said["A customer who stands for them"]
        assert known["segments"].loc[one, "segment"] == letter


def test_no_card_claims_more_than_the_verdict(known):
    for letter, said in told(known, NEITHER).items():
        assert "that was not shown" in said["What not to conclude"], letter
        assert "cut by the method" in said["What not to conclude"]
        assert "was not shown" in said[TRY]
    for said in told(known, BOTH).values():
        assert "cut by the method" not in said["What not to conclude"]
        assert "nobody has tried" in said["What not to conclude"]
    ideas = {letter: said[TRY] for letter, said in told(known, BOTH).items()}
    assert len(set(ideas.values())) == 3
    assert not any("lift of" in idea or "%" in idea for idea in ideas.values())  # nothing is promised


def test_what_is_not_there_is_not_told(known):
    said = told(known, BOTH, usage=None, paragons=None, segments=known["segments"].drop(columns="agreement"))["A"]
    assert "Coupons" not in said
    assert "A customer who stands for them" not in said
    assert "models" not in said["How sure"]
    without = with_notes(known["cards"], profiles=known["profiles"], segments=known["segments"],
                         verdict=BOTH, usage=known["usage"].assign(burned=float("nan")), said=TRANSACTION)  # fmt: skip
    assert "burned" not in dict(without[0].facts)["Transactions"]


def test_a_card_reads_as_a_paragraph_and_a_list(known):
    [card, *_] = with_notes(
        known["cards"], profiles=known["profiles"], segments=known["segments"], verdict=BOTH, usage=known["usage"]
    )
    assert card.text.startswith("**A · ")
    assert "\n\n- *Coupons:* " in card.text
    assert card.summary()["facts"] == dict(card.facts)
