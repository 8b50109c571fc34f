"""07 Two months compared: what has moved, why, whether it is more than calm months give, and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from seglib.monitoring.drift import Drift, distances, drift_of, indices, numbers_of
from seglib.monitoring.migration import Migration, migration_of, movers_list
from seglib.monitoring.months import Months, disagreement
from seglib.monitoring.movement import Movement, Shares, place, refit
from seglib.schema.comparison_records import ComparisonRecord, DriftRecord, PartRecord, PathRecord, SizeRecord
from seglib.scoring import SegmentModel
from seglib.style import humanize, join_words, percent

LEVEL = 0.05
"""Chance that anything is called more than noise where nothing has changed, all questions together."""

HEADLINES = {
    "nothing": "Nothing has moved beyond noise.",
    "ageing": "The clock has moved customers, and not what they did.",
    "movement": "Customers have moved, more than in calm months.",
    "redefinition": "The segments themselves have become others.",
    "drift": "Features have drifted, but customers have not changed segment more than in calm months.",
}
"""By label; where several hold, the label is the first of movement, redefinition, drift, ageing."""

LONG = 1 / 3
"""If the time between both days is longer than this part of the time before, the past says little of it."""

UNSTEADY = 0.4
"""Below this kappa, agreement is no more than fair (Landis & Koch 1977, Biometrics 33(1)); it decides nothing else."""

MENTIONED = 0.02
"""From this share of the customers on, what the clock alone would have moved is told with every headline."""

RULE = (
    "Refit if segments that are made anew differ from the old ones by more than calm months and the clock give. Watch "
    "if customers moved or features drifted by more than calm months give, while the segments stay. Keep otherwise."
)

ADVICE = {
    "refit": "Refit: take the new segments, and look at their cards again before the next campaign.",
    "watch": "Watch: the segments hold, but customers are elsewhere. Use the new lists, and compare again next month.",
    "drift": "Watch: customers stay in their segments, but what describes them is changing. Compare again next month.",
    "ageing": "Keep: nothing calls for other segments. But lists of the earlier day are out of date: use the new ones.",
    "keep": "Keep: the old segments hold. Use the new lists, because some customers always change places.",
    "unsteady": "Keep: nothing says that other segments would last longer. But customers do not stay in these: make "
    "lists anew right before they are used.",
}


@dataclass(frozen=True)
class MonthComparison:
    """Two months compared.

    Attributes
    ----------
    months : Months
    migration : Migration
    movement : Movement
    drift : Drift
    label : {"nothing", "ageing", "movement", "redefinition", "drift"}
    advice : {"keep", "watch", "refit"}
    sampled : int
        Customers of whom calm months were simulated, where that is a sample; 0 where it is all.
    sizes : tuple of SizeRecord
    largest : ndarray of float, shape (1 + n_calm,)
        The largest of all standardised statistics, of the observed month first (`standardised`).
    """

    months: Months
    migration: Migration
    movement: Movement
    drift: Drift
    label: str
    advice: str
    sampled: int = field(default=0)
    sizes: tuple[SizeRecord, ...] = field(default=(), repr=False)
    largest: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False)

    @property
    def headline(self) -> str:
        """What the comparison says, in a sentence."""
        return HEADLINES[self.label]

    @property
    def because(self) -> str:
        """What the headline rests on."""
        ageing = self.movement.share("ageing")
        if self.label == "ageing" or ageing < MENTIONED:
            return self._reason
        return f"{self._reason} The clock alone would have moved {percent(ageing)}."

    @property
    def _reason(self) -> str:
        low, high = self.movement.calm_range("real movement")
        real, ageing = self.movement.share("real movement"), self.movement.share("ageing")
        calm = f"calm months give {_pair(low, high)}"
        if self.label == "movement":
            more, at_least, at_most = self.movement.beyond_chance
            return (
                f"{percent(real)} of the customers changed segment by what they did; {calm}. About "
                f"{percent(max(more, 0))} moved for another reason than chance ({_pair(at_least, at_most)})."
            )
        if self.label == "redefinition":
            share = percent(self.movement.observed.steps["redefinition"])
            return f"The new segments put {share} of the customers elsewhere than the old model does on the same day."
        if self.label == "drift":
            return f"It is {join_words([humanize(name) for name in self.drift.beyond])}."
        if self.label == "ageing":
            return (
                f"By the old segments, {percent(ageing)} of the customers are elsewhere because time has passed, and "
                "no more moved by what they did than in calm months."
            )
        if real >= 0:
            return f"{percent(real)} of the customers changed segment by what they did; {calm}."
        if high < 0:
            return (
                f"What customers did since brought {percent(-real)} of them back into their segments; calm months "
                f"bring back {_pair(-high, -low)}."
            )
        return f"What customers did since moved nobody on balance; {calm}."

    @property
    def unsteady(self) -> bool:
        """Whether so many are elsewhere that a segment says little of where the same customer is on the later day."""
        return not pd.isna(self.migration.kappa) and self.migration.kappa < UNSTEADY

    @property
    def caution(self) -> str:
        """What else a reader must know; empty where segments are steady."""
        if not self.unsteady:
            return ""
        low, high = np.quantile([shares.total for shares in self.movement.calm], [0.025, 0.975])
        return (
            f"{percent(self.movement.observed.total)} of the customers are in another segment, and calm months would "
            f"put {percent(low)} to {percent(high)} there: a segment says little of where the same customer is "
            f"{self.months.n_days:,} days later (kappa {self.migration.kappa:.2f})."
        )

    @property
    def next_step(self) -> str:
        """What to do, in a sentence."""
        if self.advice == "keep" and self.unsteady:
            return ADVICE["unsteady"]
        more = (self.advice, self.label) in (("watch", "drift"), ("keep", "ageing"))
        return ADVICE[self.label if more else self.advice]

    @property
    def rule(self) -> str:
        """By which rule."""
        return RULE

    @property
    def table(self) -> pd.DataFrame:
        """The parts of the movement (`Movement.table`)."""
        return self.movement.table

    @property
    def text(self) -> str:
        """Headline, reason, caution and advice."""
        return " ".join(filter(None, [self.headline, self.because, self.caution, self.next_step]))

    @property
    def method(self) -> str:
        """How calm months were simulated."""
        whose = f"a sample of {self.sampled:,} customers" if self.sampled else "all customers in both months"
        text = (
            f"{len(self.movement.calm)} calm months were simulated, of {whose}. In a calm month every customer goes on "
            "as customers like them did in the period before, and all together have as many new transactions as there "
            "were. All questions together, something is called more than noise in about one of twenty calm months."
        )
        if self.months.n_days > LONG * self.months.n_days_before:
            text += (
                f" There are {self.months.n_days:,} days between both, and {self.months.n_days_before:,} before the "
                "first: calm months rest on a short past, so take what is called more than noise with care."
            )
        return text

    @property
    def movers(self) -> pd.DataFrame:
        """``movers.csv``: `movers_list`."""
        return movers_list(self.months, self.migration)

    @property
    def record(self) -> ComparisonRecord:
        """As ``compare.json`` has it."""
        months, table = self.months, self.movement.table
        parts = tuple(
            PartRecord(r.part, r.share, r.customers, r.calm_low, r.calm_high, _or_none(r.p), _or_none(r.moved_by_step))
            for r in table.itertuples()
        )
        paths = tuple(
            PathRecord(*row)
            for row in self.migration.table[["from", "to", "customers", "share"]].itertuples(index=False, name=None)
        )
        drift = tuple(
            DriftRecord(
                r.feature,
                *(_or_none(value) for value in (r.wasserstein, r.calm_high, r.p)),
                r.psi,
                *(_or_none(value) for value in (r.calm_low, r.spread)),
            )
            for r in self.drift.table.itertuples()
        )
        return ComparisonRecord(
            old=months.old,
            new=months.new,
            day=f"{months.day:%Y-%m-%d}",
            later=f"{months.later:%Y-%m-%d}",
            label=self.label,
            headline=self.headline,
            because=self.because,
            advice=self.advice,
            next_step=self.next_step,
            rule=self.rule,
            customers=len(months.both),
            joined=len(months.joined),
            lost=len(months.lost),
            moved=len(self.migration.movers),
            kappa=_or_none(self.migration.kappa),
            letters=dict(months.letters),
            n_calm=len(self.movement.calm),
            parts=parts,
            paths=paths,
            drift=drift,
            sizes=self.sizes,
            months=months.ends,
            largest=float(self.largest[0]),
            calm_largest=tuple(float(value) for value in self.largest[1:]),
            beyond_chance=self.movement.beyond_chance,
        )


def _pair(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {100 * high:.1f} points"


def _or_none(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def compare_months(
    months: Months, *, n_calm: int = 39, sample_customers: int = 2_500, seed: int = 0
) -> MonthComparison:
    """Compare two months.

    Parameters
    ----------
    months : Months
    n_calm : int, default=39
        Calm months to simulate.
    sample_customers : int, default=2_500
        If more customers are in both months, calm months are simulated of a sample of this size.
    seed : int

    Returns
    -------
    MonthComparison

    Notes
    -----
    The questions (has real movement, has the refit, has any number drifted more than in calm months?) are asked
    together: every statistic is standardised over the observed month and the calm ones, and its p-value is the share
    of all these months whose largest statistic reaches it (single-step maxT, Westfall & Young 1993, *Resampling-Based
    Multiple Testing*, section 2.3). So something is called more than noise in 1 of 20 calm months, however many
    features there are.
    """
    tested = months if len(months.both) <= sample_customers else _sampled(months, sample_customers, seed)
    observed, aged = _observed(months)
    seen, aged_there = (observed, aged) if tested is months else _observed(tested)
    names = [feature.name for feature in numbers_of(months.described)]
    then = tested.then.loc[tested.both, "segment"]
    shares, far, index, sizes = [], [], [], []
    for number, after in enumerate(tested.calm.features(n_calm, seed=seed)):
        after = after.loc[tested.both]
        now = refit(months.model, after, then, k=len(months.model.letters), seed=seed + number)
        shares.append(Shares.of(months.model, then.to_numpy(), aged_there, now, after))
        sizes.append(_shares_of_segments(months.model, after))
        far.append(distances(tested.features_aged, after, names))
        index.append(indices(tested.features_aged, after, names))
    far_seen = distances(tested.features_aged, tested.features_now, names)
    z = standardised(
        np.array([_statistics(seen, far_seen), *(_statistics(s, f) for s, f in zip(shares, far, strict=True))])
    )
    p = max_t(z)
    movement = Movement(
        observed, tuple(shares), len(months.both), {"real movement": float(p[0]), "redefinition": float(p[1])}
    )
    drift = drift_of(
        months.features_then,
        months.features_aged,
        months.features_now,
        months.described,
        calm_distances=np.array(far),
        calm_indices=np.array(index),
        p=p[2:],
    )
    by_clock = disagreement(
        aged_there,
        refit(months.model, tested.features_aged, then, k=len(months.model.letters), seed=seed),
    )
    redefined = p[1] <= LEVEL and seen.replaced > by_clock
    label = _label(months, movement, drift, redefined=redefined)
    advice = "refit" if redefined else "watch" if label in ("movement", "drift") else "keep"
    sampled = 0 if tested is months else len(tested.both)
    return MonthComparison(
        months,
        migration_of(months),
        movement,
        drift,
        label,
        advice,
        sampled,
        sizes=_sizes(months, np.array(sizes)),
        largest=z.max(axis=1),
    )


def _shares_of_segments(model: SegmentModel, features: pd.DataFrame) -> list[float]:
    """Return the share of the customers in every segment of a frozen model."""
    letters = place(model, features)
    return [float((letters == letter).mean()) for letter in model.letters]


def _sizes(months: Months, calm: np.ndarray) -> tuple[SizeRecord, ...]:
    """Return the size of every segment beside calm months.

    Parameters
    ----------
    months : Months
    calm : ndarray of float, shape (n_calm, n_letters)
        Shares of the segments of the old model, in calm months.
    """
    observed = _shares_of_segments(months.model, months.features_now)
    low, high = np.quantile(calm, [0.025, 0.975], axis=0).tolist()
    frozen = dict(zip(months.model.letters, zip(observed, low, high, strict=True), strict=True))
    then, now = (table.loc[months.both, "segment"] for table in (months.then, months.now))
    return tuple(
        SizeRecord(
            *(row.segment, row.name, row.then, row.now),
            float((then == row.segment).mean()),
            float((now == row.segment).mean()),
            *frozen.get(row.segment, (None, None, None)),
        )
        for row in months.table.itertuples(index=False)
    )


def _label(months: Months, movement: Movement, drift: Drift, *, redefined: bool) -> str:
    if movement.p["real movement"] <= LEVEL:
        return "movement"
    if redefined:
        return "redefinition"
    if drift.beyond:
        return "drift"
    ageing = movement.share("ageing")
    # with new transactions, ageing is what would have been without them, and they bring many customers back
    if ageing > 0 and not months.n_new:
        return "ageing"
    return "nothing"


def _observed(months: Months) -> tuple[Shares, np.ndarray]:
    """Return what was observed, and the segments that the clock alone gives."""
    both = months.both
    then, now = (table.loc[both, "segment"].to_numpy(dtype=object) for table in (months.then, months.now))
    aged = place(months.model, months.features_aged)
    return Shares.of(months.model, then, aged, now, months.features_now), aged


def _statistics(shares: Shares, far: np.ndarray) -> np.ndarray:
    return np.array([shares.parts["real movement"], shares.replaced, *far])


def standardised(statistics: np.ndarray) -> np.ndarray:
    """Return statistics less their mean, in their standard deviations, over the observed month and the calm ones.

    Parameters
    ----------
    statistics : ndarray of float, shape (1 + n_calm, n_statistics)
        The observed ones first; the greater, the more.

    Returns
    -------
    ndarray of float, shape (1 + n_calm, n_statistics)
        Zero where a statistic is the same everywhere.
    """
    spread = statistics.std(axis=0)
    # rounding alone must not make a difference where all are equal
    constant = spread <= 1e-9 * np.maximum(1.0, np.abs(statistics).max(axis=0))
    z = (statistics - statistics.mean(axis=0)) / np.where(constant, 1.0, spread)
    z[:, constant] = 0.0
    return z


def max_t(statistics: np.ndarray) -> np.ndarray:
    """Return p-values of several statistics, corrected for their number.

    Parameters
    ----------
    statistics : ndarray of float, shape (1 + n_calm, n_statistics)
        The observed ones first; the greater, the more. Standardised ones stay as they are.

    Returns
    -------
    ndarray of float, shape (n_statistics,)

    Examples
    --------
    >>> null = np.arange(20.0)
    >>> max_t(np.column_stack([[30.0, *null], [5.0, *null]])).round(3).tolist()
    [0.048, 0.762]
    """
    z = standardised(statistics)
    largest = z.max(axis=1)
    return (largest[:, None] >= z[0] - 1e-9).mean(axis=0)


def _sampled(months: Months, n: int, seed: int) -> Months:
    """Return the same months with a sample of the customers in both."""
    rng = np.random.default_rng([seed, 808])
    some = months.both[np.sort(rng.choice(len(months.both), n, replace=False))]
    calm = months.calm
    tables = {
        name: table[table["customer_id"].isin(some)].reset_index(drop=True) if "customer_id" in table else table
        for name, table in calm.tables.items()
    }
    new = calm.new[calm.new["customer_id"].isin(some)].reset_index(drop=True)
    return replace(
        months,
        features_then=months.features_then.loc[some],
        features_aged=months.features_aged.loc[some],
        features_now=months.features_now.loc[some],
        calm=replace(calm, tables=tables, new=new, fixed=calm.fixed.loc[some]),
    )
