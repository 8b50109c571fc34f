"""06 What else is there to know of a segment? How it uses coupons, how sure it is, what to try, what to doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from seglib.clustering import LOW_AGREEMENT
from seglib.interpretation.cards.cards import SegmentCard
from seglib.interpretation.cards.vocabulary import CERTAINTY, TO_TRY, TRY
from seglib.interpretation.holdout.predictive_gain import NOT_SHOWN, USEFUL
from seglib.interpretation.profiles.means import MARKER
from seglib.schema.records import NoteRecord, VerdictRecord
from seglib.style import COUPON, Wording, join_words


def with_notes(
    made: Sequence[SegmentCard],
    *,
    profiles: pd.DataFrame,
    segments: pd.DataFrame,
    verdict: VerdictRecord,
    usage: pd.DataFrame | None = None,
    exemplars: pd.DataFrame | None = None,
    wording: Wording = COUPON,
) -> list[SegmentCard]:
    """Add to every card what else there is to know.

    Parameters
    ----------
    made : sequence of SegmentCard
    profiles : pandas.DataFrame
        From `seglib.interpretation.profile`.
    segments : pandas.DataFrame
        From `seglib.clustering.customer_segments`.
    verdict : VerdictRecord
        Structure and use (`seglib.interpretation.with_usefulness`): no card claims more.
    usage : pandas.DataFrame, optional
        From `seglib.interpretation.usage`.
    exemplars : pandas.DataFrame, optional
        From `seglib.interpretation.exemplars`.
    wording : Wording
        What a transaction is called.
    """
    return [
        replace(
            card,
            notes=(
                *_used(card, usage, wording),
                *_last_seen(card, profiles),
                *_certain(card, segments),
                *_apart(card, profiles, wording),
                *_stands_for(card, exemplars),
                *_to_try(card, profiles, verdict, wording),
                NoteRecord("caution", "What not to conclude", _caution(card, profiles, verdict, segments)),
            ),
        )
        for card in made
    ]


def _used(card: SegmentCard, usage: pd.DataFrame | None, wording: Wording) -> list[NoteRecord]:
    if usage is None:
        return []
    row = usage.set_index("segment").loc[card.segment]
    told = f"{row['coupons']:,.0f} {wording.many}, {row['coupons_per_customer']:.1f} a customer"
    if row["burned"] == row["burned"]:
        told += f"; {row['burned']:.0%} burned so far, {row['subscribed']:.0%} not"
    return [NoteRecord("use", wording.many.capitalize(), f"{told}; usage frequency {row['usage_frequency']:.1f}.")]


def _seen(card: SegmentCard, profiles: pd.DataFrame, feature: str) -> pd.Series | None:
    found = profiles[(profiles["segment"] == card.segment) & (profiles["feature"] == feature)]
    return found.iloc[0] if len(found) else None


def _markers(card: SegmentCard, profiles: pd.DataFrame) -> pd.DataFrame:
    """Return what the segment does otherwise than all customers, the greatest difference first."""
    rows = profiles[profiles["segment"] == card.segment]
    rows = rows[rows["marker"].astype(bool) & (rows["role"] == "segmentation")]
    return rows.loc[rows["difference"].abs().sort_values(ascending=False, kind="stable").index]


def _last_seen(card: SegmentCard, profiles: pd.DataFrame) -> list[NoteRecord]:
    row = _seen(card, profiles, "recency_days")
    if row is None:
        return []
    return [
        NoteRecord(
            "last_seen",
            "Last seen",
            f"{row['seen']:,.0f} days ago on average (all customers: {row['seen_overall']:,.0f}).",
        )
    ]


def _certain(card: SegmentCard, segments: pd.DataFrame) -> list[NoteRecord]:
    own = segments[segments["segment"] == card.segment]
    told = f"median confidence {own['margin'].median():.2f}"
    if "agreement" in own:
        wavering = (own["agreement"] < LOW_AGREEMENT).mean()
        told += f"; {wavering:.0%} of them would move in more than {1 - LOW_AGREEMENT:.0%} of models of other samples"
    return [NoteRecord("certainty", CERTAINTY, f"{told}.")]


def _apart(card: SegmentCard, profiles: pd.DataFrame, wording: Wording) -> list[NoteRecord]:
    marks = _markers(card, profiles)
    if marks.empty:
        return []
    told = [f"{wording.name_of(row.feature)} ({row.difference:+.1f} standard deviations)" for row in marks.itertuples()]
    return [NoteRecord("markers", "What sets them apart", f"{join_words(told)}.")]


def _stands_for(card: SegmentCard, exemplars: pd.DataFrame | None) -> list[NoteRecord]:
    if exemplars is None:
        return []
    row = exemplars.set_index("segment").loc[card.segment]
    if row["customer_id"] is None or row["customer_id"] != row["customer_id"]:
        return []
    return [
        NoteRecord("exemplar", "A customer who stands for them", f"id {row['customer_id']}, nearest to the centre.")
    ]


def _to_try(card: SegmentCard, profiles: pd.DataFrame, verdict: VerdictRecord, wording: Wording) -> list[NoteRecord]:
    if verdict.structure == "constructed" and verdict.useful != USEFUL:
        return [
            NoteRecord(
                "to_try", TRY, "what recency and frequency suggest: that the segment adds anything was not shown."
            )
        ]
    for row in _markers(card, profiles).itertuples():
        if idea := TO_TRY.get((row.feature, row.difference > 0)):
            return [NoteRecord("to_try", TRY, f"{wording.of(idea)}.".replace("?.", "?"))]
    return [NoteRecord("to_try", TRY, "the same as with everybody: nothing here asks for more.")]


def _caution(card: SegmentCard, profiles: pd.DataFrame, verdict: VerdictRecord, segments: pd.DataFrame) -> str:
    told = []
    if verdict.structure == "constructed":
        told.append("that there is such a group: the segment was cut by the method")
    elif verdict.structure == "reproducible":
        told.append("that the border means something: it is a choice")
    if verdict.useful == NOT_SHOWN:
        told.append("that they will act otherwise than recency and frequency say: that was not shown")
    elif verdict.useful != USEFUL:
        told.append("that they will act otherwise than others: that could not be asked")
    tenure = _seen(card, profiles, "tenure_days")
    if tenure is not None and abs(tenure["difference"]) >= MARKER:
        older = "longer" if tenure["difference"] > 0 else "shorter"
        told.append(f"that habits differ: they have been customers for a {older} time, and part of it is the calendar")
    if card.table["difference"].notna().sum() == 0:
        told.append("that they behave in a way of their own: no difference reaches half a standard deviation")
    told.append("that a coupon would work better or worse here: nobody has tried")
    return f"{'; '.join(told)}."
