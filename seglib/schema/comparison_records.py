"""The records of two months compared (``compare.json``)."""

from __future__ import annotations

from dataclasses import dataclass, field

from seglib.schema.records import Record


@dataclass(frozen=True)
class PartRecord(Record):
    """A part of the movement, as shares of the customers in both months; ``p`` is None where it is not tested.

    ``moved_by_step`` is how many the step alone moves; None for all parts together.
    """

    part: str
    share: float
    customers: int
    calm_low: float
    calm_high: float
    p: float | None
    moved_by_step: float | None = None


@dataclass(frozen=True)
class PathRecord(Record):
    """How many customers went from a segment to a segment, or stayed; ``share`` of those in both months."""

    source: str = field(metadata={"key": "from"})
    target: str = field(metadata={"key": "to"})
    customers: int
    share: float


@dataclass(frozen=True)
class DriftRecord(Record):
    """How far a feature has drifted; what cannot be computed of names is None."""

    feature: str
    wasserstein: float | None
    calm_high: float | None
    p: float | None
    psi: float
    calm_low: float | None = None
    spread: float | None = None


@dataclass(frozen=True)
class SizeRecord(Record):
    """The size of a segment: customers then and now, and its share of the customers in both months.

    ``share_then`` and ``share_now`` are by the segments of either month; ``share_frozen`` is by the old model on the
    later day, and ``calm_low`` and ``calm_high`` hold 95% of the same in calm months. These are None for a segment that
    the earlier month does not have.
    """

    segment: str
    name: str
    then: int
    now: int
    share_then: float
    share_now: float
    share_frozen: float | None
    calm_low: float | None
    calm_high: float | None


@dataclass(frozen=True)
class MonthRecord(Record):
    """One month end, as far as a trend needs it; ``started`` is when the run was (UTC)."""

    run: str
    day: str
    customers: int
    k: int
    structure: str
    started: str = ""


@dataclass(frozen=True)
class ComparisonRecord(Record):
    """Two months compared (``compare.json``).

    Attributes
    ----------
    old, new : str
        Names of the runs.
    day, later : str
        On which they look at the shop, ISO format.
    label : str
        "nothing", "ageing", "movement", "redefinition" or "drift".
    headline, because : str
        What the comparison says, and what that rests on.
    advice : str
        "keep", "watch" or "refit".
    next_step, rule : str
        What to do, and by which rule.
    customers, joined, lost, moved : int
        Customers in both months, those that are new, those that are no longer there, and movers.
    kappa : float or None
        Cohen's kappa of both months.
    letters : dict of str to str
        The letter of each segment in the later run, and the one of the comparison, which is that of the earlier run.
    n_calm : int
        Simulated calm months.
    parts : tuple of PartRecord
    paths : tuple of PathRecord
    drift : tuple of DriftRecord
    sizes : tuple of SizeRecord
    months : tuple of MonthRecord
        The earlier one and the later one.
    largest : float or None
        How far the most unusual of all questions lies from calm months, in their standard deviations.
    calm_largest : tuple of float
        The same of every calm month, beside the others.
    beyond_chance : tuple of float
        Real movement less what a calm month gives: on average, at least, at most.
    """

    old: str
    new: str
    day: str
    later: str
    label: str
    headline: str
    because: str
    advice: str
    next_step: str
    rule: str
    customers: int
    joined: int
    lost: int
    moved: int
    kappa: float | None
    letters: dict[str, str]
    n_calm: int
    parts: tuple[PartRecord, ...] = ()
    paths: tuple[PathRecord, ...] = ()
    drift: tuple[DriftRecord, ...] = ()
    sizes: tuple[SizeRecord, ...] = ()
    months: tuple[MonthRecord, ...] = ()
    largest: float | None = None
    calm_largest: tuple[float, ...] = ()
    beyond_chance: tuple[float, ...] = ()


@dataclass(frozen=True)
class UnusualRecord(Record):
    """A month that stands out among the others, and what was said of it when it was compared."""

    run: str
    day: str
    p: float
    headline: str


@dataclass(frozen=True)
class TrendRecord(Record):
    """Many months of one shop (``trend.json``): every comparison in its order, and which months stand out."""

    text: str
    unusual: tuple[UnusualRecord, ...]
    comparisons: tuple[ComparisonRecord, ...]
