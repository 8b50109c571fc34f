"""06 What else is there to know of a segment? How it uses coupons, how sure it is, what to try, what to doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from seglib.campaign import ControlGroup
from seglib.clustering import LOW_PROBABILITY
from seglib.interpretation.audiences import smallest_change
from seglib.interpretation.cards.cards import SegmentCard
from seglib.interpretation.holdout.predictive_gain import NOT_SHOWN, USEFUL
from seglib.interpretation.holdout.usefulness import ALIKE
from seglib.interpretation.profiles.profile import MARKER
from seglib.schema.records import LabelsRecord, NoteRecord, VerdictRecord
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import Vocabulary, Wording


def with_notes(
    cards: Sequence[SegmentCard],
    *,
    profiles: pd.DataFrame,
    segments: pd.DataFrame,
    verdict: VerdictRecord,
    usage: pd.DataFrame | None = None,
    exemplars: pd.DataFrame | None = None,
    study: Study = DEFAULT_STUDY,
    labels: LabelsRecord | None = None,
    control: ControlGroup | None = None,
) -> list[SegmentCard]:
    """Add to every card what else there is to know.

    Parameters
    ----------
    cards : sequence of SegmentCard
    profiles : pandas.DataFrame
        From `seglib.interpretation.profile`, its table.
    segments : pandas.DataFrame
        From `seglib.clustering.customer_segments`.
    verdict : VerdictRecord
        Structure and use (`seglib.interpretation.with_usefulness`): no card claims more.
    usage : pandas.DataFrame, optional
        From `seglib.interpretation.coupon_usage`, its table; empty if the source has no transactions.
    exemplars : pandas.DataFrame, optional
        From `seglib.interpretation.exemplars`.
    study : Study, optional
        What a transaction is called.
    labels : LabelsRecord, optional
        Where somebody else's segments were given.
    control : ControlGroup, optional
        Who is in the comparison group of the lists (`seglib.interpretation.control_group`). Where there is one and the
        shop records burning, the card says how large a change a test with those who were drawn would show.

    Returns
    -------
    list of SegmentCard
        The same cards with notes, in the order of a card and in its words.
    """
    noted = []
    for card in cards:
        vocabulary = card.vocabulary
        wording = vocabulary.wording(study.wording)
        unsure = _nobody_is_sure(card, segments, labels)
        notes = (
            *_describe_use(card, usage, wording, vocabulary),
            *_describe_recency(card, profiles, wording, vocabulary),
            *_describe_certainty(card, segments, labels, vocabulary),
            *_describe_markers(card, profiles, wording, vocabulary),
            *_describe_exemplar(card, exemplars, vocabulary),
            *_suggest_test(card, profiles, verdict, wording, vocabulary, unsure=unsure),
            *([] if unsure else _say_what_a_test_shows(card, profiles, segments, control, vocabulary)),
            *_list_cautions(card, profiles, verdict, labels, vocabulary),
        )
        noted.append(replace(card, notes=notes))
    return noted


def _describe_use(
    card: SegmentCard, usage: pd.DataFrame | None, wording: Wording, vocabulary: Vocabulary
) -> list[NoteRecord]:
    if usage is None or usage.empty:
        return []
    row = usage.set_index("segment").loc[card.segment]
    text = vocabulary.fill(
        vocabulary.USED, coupons=row["coupons"], many=wording.many, per_customer=row["coupons_per_customer"]
    )
    of_coupons = wording.kind == "coupon"  # the original analysis described clusters of coupons by it
    text += vocabulary.fill(vocabulary.FREQUENCY, frequency=row["usage_frequency"]) if of_coupons else "."
    return [NoteRecord("use", wording.many[:1].upper() + wording.many[1:], text)]


def _find_row(card: SegmentCard, profiles: pd.DataFrame, feature: str) -> pd.Series | None:
    rows = profiles[(profiles["segment"] == card.segment) & (profiles["feature"] == feature)]
    return rows.iloc[0] if len(rows) else None


def _describe_recency(
    card: SegmentCard, profiles: pd.DataFrame, wording: Wording, vocabulary: Vocabulary
) -> list[NoteRecord]:
    row = _find_row(card, profiles, "recency_days")
    if row is None:
        return []
    value, every = vocabulary.in_words(row["observed"], "days"), vocabulary.in_words(row["observed_overall"], "days")
    return [
        NoteRecord(
            "last_seen",
            vocabulary.fill(vocabulary.LAST_CLAIM, wording),
            vocabulary.fill(vocabulary.DAYS_AGO, own=value, all=every),
        )
    ]


def _describe_certainty(
    card: SegmentCard, segments: pd.DataFrame, labels: LabelsRecord | None, vocabulary: Vocabulary
) -> list[NoteRecord]:
    if labels and labels.why_no_rule:
        return [NoteRecord("certainty", vocabulary.CERTAINTY, f"{vocabulary.NO_CERTAINTY}.")]
    members = segments[segments["segment"] == card.segment]
    if "probability" not in members or members["probability"].isna().all():
        return []  # a row of the matrix is a transaction: no customer was put anywhere as a whole
    if _nobody_is_sure(card, segments, labels):
        text = vocabulary.fill(vocabulary.NOBODY_SURE, customers=vocabulary.customers(len(members)))
        return [NoteRecord("unsure", vocabulary.CERTAINTY, text)]
    probability = members["probability"]
    text = vocabulary.fill(
        vocabulary.PROBABILITY,
        mean=vocabulary.percent(probability.mean()),
        low=vocabulary.percent((probability < LOW_PROBABILITY).mean()),
        limit=LOW_PROBABILITY,
    )
    return [NoteRecord("certainty", vocabulary.CERTAINTY, text)]


def _nobody_is_sure(card: SegmentCard, segments: pd.DataFrame, labels: LabelsRecord | None) -> bool:
    """Say whether every member may belong to another segment: what is tried with the segment alone tells nothing."""
    members = segments[segments["segment"] == card.segment]
    if (labels and labels.why_no_rule) or "probability" not in members:
        return False
    return bool((members["probability"] < LOW_PROBABILITY).all())


def _markers(card: SegmentCard, profiles: pd.DataFrame) -> pd.DataFrame:
    """Return the features that mark the segment, the greatest difference first."""
    rows = profiles[profiles["segment"] == card.segment]
    rows = rows[rows["marker"].astype(bool) & (rows["role"] == "segmentation")]
    return rows.loc[rows["difference"].abs().sort_values(ascending=False, kind="stable").index]


def _describe_markers(
    card: SegmentCard, profiles: pd.DataFrame, wording: Wording, vocabulary: Vocabulary
) -> list[NoteRecord]:
    marks = _markers(card, profiles)
    if marks.empty:
        return []
    differences = [
        vocabulary.fill(
            vocabulary.DIFFERENCE,
            feature=vocabulary.name_of(row.feature, wording),
            difference=row.difference,
            scale=vocabulary.OF_LOGARITHMS if row.scale else "",
        )
        for row in marks.itertuples()
    ]
    return [NoteRecord("markers", vocabulary.SETS_APART, f"{vocabulary.join(differences)}.")]


def _describe_exemplar(card: SegmentCard, exemplars: pd.DataFrame | None, vocabulary: Vocabulary) -> list[NoteRecord]:
    if exemplars is None:
        return []
    customer = exemplars.set_index("segment").loc[card.segment, "customer_id"]
    if pd.isna(customer):
        return []
    return [NoteRecord("exemplar", vocabulary.STANDS_FOR, vocabulary.fill(vocabulary.NEAREST, customer=customer))]


def _suggest_test(
    card: SegmentCard,
    profiles: pd.DataFrame,
    verdict: VerdictRecord,
    wording: Wording,
    vocabulary: Vocabulary,
    *,
    unsure: bool,
) -> list[NoteRecord]:
    """Return the idea for the strongest marker that has one, if any; one for everybody if no use was shown."""
    if verdict.keys.get("monday") == ALIKE or (verdict.weakest == "constructed" and verdict.useful != USEFUL):
        return [NoteRecord("to_try", vocabulary.TRY, vocabulary.PLAIN_RULES)]
    if unsure:
        return [NoteRecord("to_try", vocabulary.TRY, vocabulary.LIKE_OTHERS)]
    for row in _markers(card, profiles).itertuples():
        key = (row.feature, row.difference > 0)
        if idea := vocabulary.TO_TRY.get(key):
            text = vocabulary.fill(idea, wording) + vocabulary.COMPARED_WITH[vocabulary.OTHERS_GET.get(key, "usual")]
            return [NoteRecord("to_try", vocabulary.TRY, text)]
    return []


def _say_what_a_test_shows(
    card: SegmentCard,
    profiles: pd.DataFrame,
    segments: pd.DataFrame,
    control: ControlGroup | None,
    vocabulary: Vocabulary,
) -> list[NoteRecord]:
    """Say how large a change of the burn rate a test would show, with the comparison group at hand and with half."""
    row = _find_row(card, profiles, "burn_rate")
    if row is None or control is None:
        return []
    members = segments.index[segments["segment"] == card.segment]
    members = members[~control.holds_out(members)]
    n_control = int(control.contains(members).sum())
    rate, customers = float(row["observed"]), len(members)
    change, halves = smallest_change(rate, customers, n_control), smallest_change(rate, customers, customers / 2)
    if change is None or halves is None:
        return []
    size = vocabulary.customers(n_control)
    points, half = vocabulary.points(change), vocabulary.points(halves)
    text = vocabulary.fill(vocabulary.TEST_SIZE, control=size, points=points, half=half)
    return [NoteRecord("test", vocabulary.TEST, text)]


def _list_cautions(
    card: SegmentCard,
    profiles: pd.DataFrame,
    verdict: VerdictRecord,
    labels: LabelsRecord | None,
    vocabulary: Vocabulary,
) -> list[NoteRecord]:
    cautions = []
    by_structure = vocabulary.GIVEN_BY_STRUCTURE if labels and not labels.algorithm else vocabulary.BY_STRUCTURE
    if verdict.weakest in by_structure:
        cautions.append(by_structure[verdict.weakest])
    if verdict.useful == NOT_SHOWN:
        cautions.append(vocabulary.NOT_USEFUL)
    elif verdict.useful != USEFUL:
        cautions.append(vocabulary.USE_NOT_ASKED)
    tenure = _find_row(card, profiles, "tenure_days")
    if tenure is not None and abs(tenure["difference"]) >= MARKER:
        longer = vocabulary.LONGER if tenure["difference"] > 0 else vocabulary.SHORTER
        cautions.append(vocabulary.fill(vocabulary.TENURE_DIFFERS, longer=longer))
    if card.table["difference"].isna().all():
        cautions.append(vocabulary.NOTHING_DIFFERS)
    cautions.append(vocabulary.NOBODY_TRIED)
    return [NoteRecord("caution", vocabulary.CAUTION, caution) for caution in cautions]
