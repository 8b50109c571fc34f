"""The records of two months compared (``compare.json``)."""

from __future__ import annotations

from dataclasses import dataclass, field

from seglib.schema.records import Record


@dataclass(frozen=True)
class PartRecord(Record):
    """A part of the movement, as shares of the customers in both months; ``p`` is None where it is not tested."""

    part: str
    share: float
    customers: int
    calm_low: float
    calm_high: float
    p: float | None


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
