"""The records of campaigns: what lists were made, and what a finished test says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seglib.schema.records import Record


@dataclass(frozen=True)
class ListsRecord(Record):
    """The lists of a run, as 06 made them (``lists.json``).

    Attributes
    ----------
    campaign : str
        Its name.
    salt : str
        What the ids were hashed with to draw the control group.
    control_share : float
        Share of the customers that was drawn.
    as_of : str or None
        The day the lists look from, ISO format; None where the shop has no days.
    customers, control : int
        Customers on all lists, and how many of them are in the control group.
    sha256 : str
        Digest of who is on the lists, in which segment and arm (`seglib.campaign.fingerprint`).
    holdout_share : float
        Share of the customers that gets no campaign at all, and is on no list.
    holdout_salt : str
        What they were drawn with; empty where there are none.
    """

    campaign: str
    salt: str
    control_share: float
    as_of: str | None
    customers: int
    control: int
    sha256: str
    holdout_share: float = 0.0
    holdout_salt: str = ""


@dataclass(frozen=True)
class SegmentEffectRecord(Record):
    """An effect with its 95% interval, of one segment or of all together.

    Attributes
    ----------
    segment : str
        Letter; "all": weighted by the sizes of the segments.
    customers, control : int
        Customers who were written to, and customers of the control group.
    treated_value, control_value : float
        Share or mean in each arm; of all together, weighted as the effect is.
    effect, low, high : float or None
        Treated less control; None where it cannot be computed.
    """

    segment: str
    customers: int
    control: int
    treated_value: float | None
    control_value: float | None
    effect: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class OutcomeEffectRecord(Record):
    """What the test says of one outcome.

    Attributes
    ----------
    outcome, kind : str
        Its name; "share" or "mean".
    label : str
        "worked", "did not work" or "cannot be said".
    claim, segments_claim, next_step : str
        What was seen, whether segments answer differently, and what follows: without a word of statistics.
    p, p_holm : float or None
        Of no effect; after Holm over outcomes.
    q, q_p_holm : float or None
        Cochran's Q over segments, and its p-value after Holm over outcomes.
    margin : float or None
        What is as good as no effect.
    effects : tuple of SegmentEffectRecord
        Of all together first.
    cuped : SegmentEffectRecord or None
        The overall effect after CUPED, where something was known before.
    evidence : str
        The tests behind the claim.
    """

    outcome: str
    kind: str
    label: str
    claim: str
    segments_claim: str
    next_step: str
    p: float | None
    p_holm: float | None
    q: float | None
    q_p_holm: float | None
    margin: float | None
    effects: tuple[SegmentEffectRecord, ...] = ()
    cuped: SegmentEffectRecord | None = None
    evidence: str = ""


@dataclass(frozen=True)
class EffectRecord(Record):
    """What a finished test says (``effect.json``).

    Attributes
    ----------
    campaign, run : str
    as_of : str or None
        The day of the lists.
    outcomes_from : str
        Where the outcomes come from: the name of a file or a shop, without folder.
    customers, control : int
        Customers on the lists, and of them in the control group.
    sample_ratio_p : float or None
        Of the sizes of the arms.
    stopped : str
        Why nothing was read; empty if it was.
    headline : str
        What the test says, in a sentence.
    outcomes : tuple of OutcomeEffectRecord
    notes : tuple of str
        What was counted and left out on the way.
    """

    campaign: str
    run: str
    as_of: str | None
    outcomes_from: str
    customers: int
    control: int
    sample_ratio_p: float | None
    stopped: str
    headline: str
    outcomes: tuple[OutcomeEffectRecord, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CampaignRecord(Record):
    """A line of the register of campaigns (``reports/campaigns.json``).

    Attributes
    ----------
    campaign, salt : str
        Its name, and the salt of its control group: that of its first use.
    control_share : float
    first_run : str
        The run by which it was first used.
    lists : tuple of mapping
        What was made for it, the earliest first: run, as_of, customers, control, sha256.
    read : tuple of mapping
        When it was read: run, outcomes_from, labels by outcome.
    """

    campaign: str
    salt: str
    control_share: float
    first_run: str
    lists: tuple[Mapping, ...] = ()
    read: tuple[Mapping, ...] = field(default=())
