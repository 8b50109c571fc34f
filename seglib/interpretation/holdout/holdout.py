"""Segment a shop as it was known on an earlier day, and measure what the segments did next."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd

from seglib.clustering import SegmentRule, customer_segments, lettered_by, order_values, segment
from seglib.errors import InputRefused, ParameterRefused
from seglib.features import (
    NO_STATUS,
    DuckDB,
    Redemption,
    coupon_redemption,
    customer_features,
    without_unreadable,
)
from seglib.interpretation.holdout.by_group import COLUMNS as BY_GROUP
from seglib.interpretation.holdout.by_group import OUTCOMES, Outcome, OutcomeBySegment, by_group
from seglib.interpretation.holdout.rfm import BURNED, LOGS, SCORES, monetary_of, parse_rfm, rfm_logs, rfm_scores
from seglib.interpretation.holdout.snapshot import first_transaction, outcomes_after, snapshot
from seglib.preprocessing import rebuild_matrix
from seglib.schema.days import EXAMPLE, iso_day
from seglib.schema.records import RecipeRecord
from seglib.sql import UNIFIED_SQL
from seglib.study import Study
from seglib.style import COUPON, NO_TRANSACTIONS, Wording, humanize, join_words, position

if TYPE_CHECKING:
    import duckdb

MIN_DAYS = 28
"""Before the cut and after it: in fewer days neither a habit nor its end can be seen."""

MIN_CUSTOMERS = 100
"""Customers known on the day of the cut; fewer can show neither that segments help nor that they do not."""

MIN_IN_SEGMENT = 20
"""Customers that a segment needs to be compared; at least two segments must have as many."""

GIVEN_TODAY = "the segments were given, and who was in which on an earlier day is not known"

COLUMNS = ["segment", "tenure_days", *SCORES, BURNED, *LOGS, "matured", "matured_burned"]


@dataclass(frozen=True)
class Holdout:
    """Segments made from what was known on one day, and what their customers did afterwards.

    Attributes
    ----------
    table : pandas.DataFrame
        Indexed by customer_id, one row per customer with a transaction by the cut: segment, tenure_days (on that
        day), recency_score, frequency_score, monetary_score, burned_score, log_recency, log_frequency, log_monetary,
        log_burned (the plain rule, `seglib.interpretation.holdout.rfm`, on that day), matured, matured_burned (coupons
        claimed after it that are old enough to judge on the last day), and a column for each of ``outcomes``.
    by_segment : pandas.DataFrame
        One row per segment and outcome: segment, outcome, unit, customers, value, low, high (95%), overall.
    cut, as_of : str or None
        The last day that was known, and the last day of what followed, ISO format.
    outcomes : tuple of Outcome
        What could be measured.
    notes : tuple of str
        What could not be measured, and what else a reader must know.
    why : str
        Why it cannot be done; empty if it can. Then there are no rows.
    """

    table: pd.DataFrame
    by_segment: pd.DataFrame
    cut: str | None
    as_of: str | None
    outcomes: tuple[Outcome, ...] = ()
    notes: tuple[str, ...] = ()
    why: str = ""
    wording: Wording = field(default=COUPON, repr=False)

    @property
    def applies(self) -> bool:
        """Whether there are days, so that one can ask what customers did next."""
        return self.as_of is not None

    @property
    def text(self) -> str:
        """What was known at the cut, which outcomes are measured, and which are not."""
        if self.why:
            return f"What the segments would have done next cannot be seen: {self.why}"
        sizes = self.table["segment"].value_counts()
        days = (pd.Timestamp(self.as_of) - pd.Timestamp(self.cut)).days
        parts = ", ".join(f"{name} {sizes[name]:,}" for name in sorted(sizes.index, key=position))
        sentence = (
            f"The shop as it stood on {self.cut}: {len(self.table):,} customers were known and are segmented by "
            f"what was known of them on that day ({parts}). Looked at is what they did in the {days} days after it, up "
            f"to {self.as_of}: {join_words([o.meaning for o in self.outcomes])}."
        )
        return " ".join([sentence, *self.notes])

    @property
    def figures(self) -> tuple[OutcomeBySegment, ...]:
        """One drawn result per outcome; none where the holdout could not be made."""
        return tuple(
            OutcomeBySegment(outcome, self.by_segment[self.by_segment["outcome"] == outcome.name], self.wording)
            for outcome in self.outcomes
        )


def evaluate_holdout(
    con: duckdb.DuckDBPyConnection,
    study: Study,
    recipe: RecipeRecord,
    *,
    k: int,
    cut: str | None = None,
    share: float = 2 / 3,
    order_by: str = "n_burned",
    n_init: int = 50,
    seed: int = 0,
    burn_window: int | None = None,
    known_by_cut: Collection[str] = (),
    rule: SegmentRule | None = None,
    rfm: str | None = None,
) -> Holdout:
    """Take a snapshot of a shop on an earlier day, segment it by the same recipe, and measure what followed.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Sees the canonical tables (`seglib.run.Run.connect`).
    study : Study
        Its ``as_of`` is the last day of the outcomes. Its variables are used only if they are ``known_by_cut``.
    recipe : RecipeRecord
        Of the run. The columns are those of the run; their values, and everything that is fitted (burn window,
        shrinkage, scales, levels), are those of the cut.
    k : int
        Number of segments.
    cut : str, optional
        The last day that is known, ISO format; default: by ``share``.
    share : float, default=2/3
        Part of the calendar, from the first transaction to ``as_of``, that lies before the cut.
    order_by, n_init, seed
        See `seglib.clustering.segment`.
    burn_window : int, optional
        Days after which a coupon is old enough to judge, if the analyst set it; default: estimated from what was known
        by the cut.
    known_by_cut : collection of str, optional
        Columns that the shop adds to its customers whose values were known by the cut. All others are left out: a
        column such as the spend of the whole year would leak the future.
    rule : SegmentRule, optional
        What stands for segments that were given: they are known for today only, so on the day of the cut this rule
        places the customers. Default: the segments are made by KMeans.
    rfm : str, optional
        What stands for recency, frequency and money in the plain rule (`parse_rfm`).

    Returns
    -------
    Holdout
        With ``why`` set, and without rows, where it cannot be done.

    Raises
    ------
    ParameterRefused
        If ``share`` is not between 0 and 1, ``cut`` is no day before ``as_of``, or ``rfm`` names what is not there.
    """
    rfm_rule = parse_rfm(rfm)
    if not 0 < share < 1:
        raise ParameterRefused(
            f"share is a part of the calendar, more than 0 and less than 1, not {share}", parameter="share"
        )
    if study.as_of is None or (first_day := first_transaction(con, as_of=study.as_of)) is None:
        return _not_possible(NO_TRANSACTIONS, as_of=study.as_of)
    if rule and rule.why_not:
        return _not_possible(f"{GIVEN_TODAY}, and {rule.why_not}.", as_of=study.as_of)
    if rule and recipe.mixes_columns:
        return _not_possible(
            f"{GIVEN_TODAY}, and the components of the matrix are others on another day.", as_of=study.as_of
        )
    last_day = pd.Timestamp(study.as_of)
    if cut is None:
        cut_day = first_day + pd.Timedelta(days=int(share * (last_day - first_day).days))
    else:
        cut_day = _parse_cut(cut, last_day)
    as_of, cut = last_day.date().isoformat(), cut_day.date().isoformat()
    if min((cut_day - first_day).days, (last_day - cut_day).days) < MIN_DAYS:
        why = (
            f"the calendar runs from {first_day.date()} to {as_of}, and with the cut on {cut} one side of it has fewer "
            f"than {MIN_DAYS} days."
        )
        return _not_possible(why, cut=cut, as_of=as_of)
    # Outcomes are judged by the burn window of the whole calendar: they are what is to be predicted. The features are
    # those of the snapshot, and everything that is fitted for them is fitted to the snapshot alone.
    window = burn_window or recipe.burn_window or None
    redemption = coupon_redemption(DuckDB(con), replace(study, as_of=as_of, burn_window=window, shrinkage={}))
    con_at_cut = snapshot(con, cut=cut, burns_dated=redemption.dated, known_by_cut=known_by_cut)
    study_at_cut = replace(study, as_of=cut, burn_window=burn_window if redemption.dated else None, shrinkage={})
    study_at_cut = without_unreadable(con_at_cut, study_at_cut)
    features = customer_features(con_at_cut, study_at_cut).table
    if len(features) < MIN_CUSTOMERS:
        why = (
            f"on {cut} only {len(features):,} customers had a transaction, and fewer than {MIN_CUSTOMERS} cannot "
            "show it either way."
        )
        return _not_possible(why, cut=cut, as_of=as_of)
    try:
        segments, notes = _segment_at_cut(
            con_at_cut, features, recipe, study, k=k, order_by=order_by, n_init=n_init, seed=seed, rule=rule
        )
    except (InputRefused, ParameterRefused) as refused:
        why = f"with what was known on {cut} no segments could be made: {refused}."
        return _not_possible(why, cut=cut, as_of=as_of)
    if (segments.value_counts() >= MIN_IN_SEGMENT).sum() < 2:
        why = f"fewer than two segments hold {MIN_IN_SEGMENT} customers on {cut}."
        return _not_possible(why, cut=cut, as_of=as_of)
    after = outcomes_after(con, features.index, cut=cut, as_of=as_of, burn_window=redemption.window or 0)
    after["burn_rate"] = (after["matured_burned"] / after["matured"]).where(after["matured"] > 0)
    wording = study.wording
    outcomes = tuple(
        replace(outcome, unit=wording.of(outcome.unit), meaning=wording.of(outcome.meaning))
        for outcome in OUTCOMES
        if after[outcome.name].notna().any()
    )
    notes += _notes_on_outcomes(after, redemption, wording)
    if rfm_rule.note:
        notes.append(rfm_rule.note)
    if rfm_rule.money is None and (money := monetary_of(features, rfm_rule)) != "spend":
        stands = "burned coupons stand" if money else "nothing stands"
        notes.append(f"In RFM, {stands} for money: no amounts are recorded by {cut}.")
    plain_rule = [features[["tenure_days"]].astype(float), rfm_scores(features, rfm_rule), rfm_logs(features, rfm_rule)]
    table = pd.concat([segments, *plain_rule, after], axis=1)
    table = table[COLUMNS + [o.name for o in outcomes]]
    parts = [by_group(table, table["segment"], o).rename(columns={"group": "segment"}) for o in outcomes]
    by_segment = pd.concat(parts, ignore_index=True)
    by_segment = by_segment.sort_values(
        "segment", key=lambda column: column.map(position), kind="stable", ignore_index=True
    )
    return Holdout(table, by_segment, cut, as_of, outcomes, tuple(notes), wording=study.wording)


def _segment_at_cut(
    con_at_cut: duckdb.DuckDBPyConnection,
    features: pd.DataFrame,
    recipe: RecipeRecord,
    study: Study,
    *,
    k: int,
    order_by: str,
    n_init: int,
    seed: int,
    rule: SegmentRule | None,
) -> tuple[pd.Series, list[str]]:
    """Return the segment of every customer on the day of the cut, and what a reader must know of the segments."""
    not_dated = []
    if recipe.name == "baseline":
        matrix = rebuild_matrix(con_at_cut.sql(UNIFIED_SQL).df(), recipe)
    else:
        not_dated = [name for name in recipe.sources if name not in features]
        recorded = tuple(name for name in recipe.sources if name in features and features[name].notna().any())
        matrix = rebuild_matrix(features, replace(recipe, sources=recorded), described=study.describe(features))
    notes = []
    if not_dated:
        names = join_words([humanize(name) for name in not_dated])
        notes.append(
            f"Not among what the segments are made of: {names}, since nothing says when these values came to be known."
        )
    if missing := [name for name in recipe.sources if name not in not_dated and name not in matrix.sources]:
        notes.append(f"Not known yet on that day: {join_words([humanize(name) for name in missing])}.")
    if rule:
        given = f"{GIVEN_TODAY[0].upper()}{GIVEN_TODAY[1:]}"
        notes.append(f"{given}; on that day customers go to the nearest of the centres of today.")
        rows = rule.place(matrix.table).to_frame().assign(margin=1.0, second_segment=None, outlier=False)
        return customer_segments(rows)["segment"].reindex(features.index), notes
    variables = {name: variable for name, variable in study.variables.items() if name in features}
    by = lettered_by(features, order_by if order_by in features else "n_burned", replace(study, variables=variables))
    order = order_values(features, by, matrix.table.index)
    rows = segment(matrix.table, k=k, order_by=order, n_init=n_init, seed=seed)
    return customer_segments(rows.table)["segment"].reindex(features.index), notes


def _notes_on_outcomes(after: pd.DataFrame, redemption: Redemption, wording: Wording) -> list[str]:
    """Say which outcomes are not measured, and why; where no coupons are recorded nobody misses their use."""
    notes = []
    if not redemption.status:
        notes += [] if wording.kind == "transaction" else [f"Burning is not looked at: {NO_STATUS}."]
    elif not redemption.dated:
        notes.append(
            "The days of burning are not recorded: what was burned by the cut is not known, so nothing of it enters "
            "the segments; of coupons claimed after it the status counts that is recorded."
        )
    if redemption.status and after["burn_rate"].isna().all():
        days = redemption.window or 0
        notes.append(f"No coupon claimed after the cut is old enough to judge on the last day: that takes {days} days.")
    if after["spend"].isna().all():
        notes.append("Spend is not looked at: no amounts are recorded.")
    return notes


def _parse_cut(cut: str, last_day: pd.Timestamp) -> pd.Timestamp:
    day = iso_day(str(cut))
    if day is None or pd.Timestamp(day) >= last_day:
        raise ParameterRefused(
            f"cut is a day before {last_day.date()}, written like {EXAMPLE}, not '{cut}'", parameter="cut"
        )
    return pd.Timestamp(day)


def _not_possible(why: str, *, as_of: str | None, cut: str | None = None) -> Holdout:
    """Return a holdout without rows that says why."""
    by_segment = pd.DataFrame(columns=["segment", *BY_GROUP[1:]])
    return Holdout(pd.DataFrame(columns=COLUMNS), by_segment, cut, as_of, why=why)
