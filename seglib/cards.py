"""06 Who are they? A name and a sentence for every segment, by stated rules from its markers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from seglib.errors import ParameterRefused
from seglib.words import COUPON, Wording, listing, literal, plain

WORDS: dict[str, tuple[str, str]] = {
    "burn_rate": ("burners", "collectors"),
    "coupons_per_month": ("frequent", "occasional"),
    "days_to_burn": ("slow", "quick"),
    "recency_days": ("lapsed", "recent"),
}
"""The word for much and for little of each behaviour that can name a segment; burn_rate gives the noun."""

VERBS: dict[str, str] = {
    "coupons_per_month": "claimed {own:.2f} coupons a month (all customers: {all:.2f})",
    "burn_rate": "burned {own:.0%} of their decided coupons (all: {all:.0%})",
    "days_to_burn": "took {own:.0f} days to burn a coupon (all: {all:.0f})",
    "recency_days": "claimed their last coupon {own:.0f} days ago (all: {all:.0f})",
}

ORIGINS = ("gender_name", "city_name")
"""The names that can tell where the customers of a segment come from."""

NO_MARKER = "In what they do they hardly differ from the average: no behaviour lies half a standard deviation away."


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
    """

    segment: str
    name: str
    sentence: str
    customers: int
    share: float
    table: pd.DataFrame = field(repr=False)

    @property
    def heading(self) -> str:
        """Letter and name as Markdown."""
        return f"**{self.segment} · {literal(self.name)}**"

    @property
    def text(self) -> str:
        """The card as one paragraph of Markdown."""
        return f"{self.heading} ({self.customers:,} customers, {self.share:.0%}). {literal(self.sentence)}"

    def summary(self) -> dict:
        """Return the card for the run's record."""
        return {
            "segment": self.segment,
            "name": self.name,
            "sentence": self.sentence,
            "customers": self.customers,
            "share": self.share,
            "markers": self.table.astype(object).where(self.table.notna(), None).to_dict("records"),
        }


def segment_cards(
    profiles: pd.DataFrame, demographics: Mapping[str, pd.DataFrame], *, said: Wording = COUPON
) -> list[SegmentCard]:
    """Name and describe every segment by the markers.

    The strongest markers give the words (`WORDS`): first what a segment does, and only where it does nothing
    special, where its customers come from. Equal names get one more word, or at last the letter.

    Parameters
    ----------
    profiles : pandas.DataFrame
        From `seglib.profiling.profile`.
    demographics : mapping of str to pandas.DataFrame
        From `seglib.profiling.shares`, by column. Only gender and city name a segment; others are passed over.
    said : Wording
        What a transaction is called.

    Returns
    -------
    list of SegmentCard
        In the order of the letters.
    """
    origins = {column: table for column, table in demographics.items() if column in ORIGINS}
    markers = {letter: _Markers.of(letter, profiles, origins) for letter in dict.fromkeys(profiles["segment"])}
    names = _unique({letter: found.names() for letter, found in markers.items()})
    total = sum(found.customers for found in markers.values())
    return [
        SegmentCard(
            letter,
            names[letter],
            found.sentence(said),
            found.customers,
            round(found.customers / total, 6),
            found.table(),
        )
        for letter, found in markers.items()
    ]


def customer_list(
    segments: pd.DataFrame, made: Sequence[SegmentCard], *, control_share: float = 0.1, seed: int = 0
) -> pd.DataFrame:
    """Make the list that leaves the house: one row a customer, with the name of the segment and a control flag.

    Parameters
    ----------
    segments : pandas.DataFrame
        From `seglib.clustering.customer_segments`.
    made : sequence of SegmentCard
    control_share : float, default=0.1
        Share of every segment that is drawn as control group: leave them out of a campaign, and its effect
        can be told from what would have happened anyway.
    seed : int, default=0
        Seed of the draw.

    Returns
    -------
    pandas.DataFrame
        customer_id, segment, segment_name, confidence, second_segment, outlier, control.
    """
    if not 0 <= control_share <= 1:
        raise ParameterRefused(f"control_share lies between 0 and 1, not {control_share}")
    rng = np.random.default_rng(seed)
    table = segments.reset_index()
    table["segment_name"] = table["segment"].map({card.segment: card.name for card in made})
    drawn = pd.Series(rng.random(len(table))).groupby(table["segment"].to_numpy()).rank(method="first")
    size = table.groupby("segment")["segment"].transform("size")
    table["control"] = drawn.to_numpy() <= np.round(control_share * size)
    return table[["customer_id", "segment", "segment_name", "confidence", "second_segment", "outlier", "control"]]


@dataclass(frozen=True)
class _Markers:
    """What marks one segment: behaviours and tenure (rows of a profile), levels by column (rows of shares)."""

    customers: int
    behaviour: pd.DataFrame
    tenure: pd.DataFrame
    levels: dict[str, pd.DataFrame]

    @classmethod
    def of(cls, letter: str, profiles: pd.DataFrame, demographics: Mapping[str, pd.DataFrame]) -> _Markers:
        own = profiles[profiles["segment"] == letter]
        behaviour = own[own["marker"] & own["feature"].isin(list(WORDS))]
        levels = {}
        for column, table in demographics.items():
            more = table[(table["segment"] == letter) & table["marker"] & (table["lift"] > 1)]
            if len(more):
                levels[column] = more.sort_values("lift", ascending=False, kind="stable")
        strongest = behaviour["difference"].abs().sort_values(ascending=False, kind="stable").index
        tenure = own[own["marker"] & (own["feature"] == "tenure_days")]
        return cls(int(own["customers"].iloc[0]), behaviour.loc[strongest], tenure, levels)

    def names(self) -> list[str]:
        """Return candidate names, the shortest first."""
        word = {r.feature: WORDS[r.feature][0 if r.difference > 0 else 1] for r in self.behaviour.itertuples()}
        noun = word.pop("burn_rate", "customers")
        words = list(word.values())
        extra = "".join(self._origin(column) for column in self.levels)
        if self.behaviour.empty:
            candidates = [f"customers{extra}" if extra else "average customers"]
        else:
            lengths = range(min(2, len(words)), len(words) + 1)
            candidates = [f"{', '.join(words[:n])} {noun}".strip() for n in lengths]
            candidates += [candidates[-1] + extra] if extra else []
        return [c[0].upper() + c[1:] for c in candidates]

    def _origin(self, column: str) -> str:
        """Return " from Cairo and 3 other places", or ", mostly female"; "more often" where they are no majority."""
        levels = list(self.levels[column]["level"])
        majority = self.levels[column]["share"].sum() > 0.5
        if column == "city_name":
            few = levels if len(levels) <= 3 else [*levels[:2], f"{len(levels) - 2} other places"]
            return f"{'' if majority else ', more often'} from {listing(few)}"
        return f", {'mostly' if majority else 'more often'} {listing(levels).lower()}"

    def sentence(self, said: Wording) -> str:
        """Say how the segment behaves, and where its customers come from, beside all customers."""
        told = [said.of(VERBS[r.feature]).format(own=r.seen, all=r.seen_overall) for r in self.behaviour.itertuples()]
        text = f"They {listing(told)}." if told else NO_MARKER
        for r in self.tenure.itertuples():
            text += f" They have been customers for {r.seen:,.0f} days (all: {r.seen_overall:,.0f})."
        for column, levels in self.levels.items():
            shown = [f"{r.level} ({r.share:.0%}, all: {r.overall_share:.0%})" for r in levels.head(3).itertuples()]
            rest = [f"{len(levels) - 3} more"] if len(levels) > 3 else []
            text += f" Over-represented by {plain(column)}: {listing([*shown, *rest])}."
        return text

    def table(self) -> pd.DataFrame:
        """Return the markers: what, unit, own, all, difference (standardised)."""
        records = [
            (plain(r.feature), r.unit, r.seen, r.seen_overall, r.difference) for r in self.behaviour.itertuples()
        ]
        records += [
            (f"{plain(column)}: {r.level}", "share", r.share, r.overall_share, np.nan)
            for column, levels in self.levels.items()
            for r in levels.head(3).itertuples()
        ]
        return pd.DataFrame(records, columns=["what", "unit", "own", "all", "difference"]).round(6)


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
