"""Look at a shop as it stood on an earlier day, segment it, and see what the segments did next."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd

from seglib.clustering import customer_segments, lettered_by, order_values, segment
from seglib.errors import InputRefused, ParameterRefused
from seglib.features import NO_STATUS, DuckDB, coupon_redemption, customer_features, features_of
from seglib.interpretation.holdout.by_group import OUTCOMES, Outcome, by_group
from seglib.interpretation.holdout.rfm import BURNED, SCORES, monetary_of, rfm_scores
from seglib.interpretation.holdout.snapshot import calendar, snapshot, what_followed
from seglib.preprocessing import rebuild_matrix
from seglib.schema.records import RecipeRecord
from seglib.sql import UNIFIED_SQL
from seglib.study import Study
from seglib.style import COUPON, NO_TRANSACTIONS, Wording, humanize, join_words, position

if TYPE_CHECKING:
    import duckdb

LEAST_DAYS = 28
"""Before the cut and after it: in fewer days neither a habit nor its end can be seen."""

LEAST_CUSTOMERS = 100
"""Customers known on the day of the cut; fewer cannot show that segments help, nor that they do not."""

LEAST_IN_SEGMENT = 20
"""Customers a segment needs to be compared; at least two segments must have as many."""

COLUMNS = ["segment", "tenure_days", *SCORES, BURNED, "decided", "decided_burned"]


@dataclass(frozen=True)
class Holdout:
    """Segments made of what was known on one day, and what their customers did afterwards.

    Attributes
    ----------
    table : pandas.DataFrame
        Indexed by customer_id, one row a customer with a transaction by the cut: segment, tenure_days (on that day),
        recency_score, frequency_score, monetary_score, burned_score (`seglib.interpretation.rfm_scores`, on that day),
        decided, decided_burned (coupons claimed after it, decided by the last day), and a column for each of
        ``outcomes``.
    by_segment : pandas.DataFrame
        One row a segment and an outcome: segment, outcome, unit, customers, value, low, high (95%), overall.
    cut, as_of : str or None
        The last day that was known, and the last day of what followed, ISO format.
    outcomes : tuple of Outcome
        What could be measured.
    notes : tuple of str
        What could not, and what else a reader must know.
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
    def text(self) -> str:
        """What was frozen, what is looked at, and what falls away."""
        if self.why:
            return f"What the segments would have done next cannot be seen: {self.why}"
        sizes = self.table["segment"].value_counts()
        days = (pd.Timestamp(self.as_of) - pd.Timestamp(self.cut)).days
        parts = ", ".join(f"{name} {sizes[name]:,}" for name in sorted(sizes.index, key=position))
        told = (
            f"The shop as it stood on {self.cut}: {len(self.table):,} customers were known and are segmented by "
            f"what was known of them on that day ({parts}). Looked at is what they did in the {days} days after it, up "
            f"to {self.as_of}: {join_words([o.meaning for o in self.outcomes])}."
        )
        return " ".join([told, *self.notes])


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
) -> Holdout:
    """Freeze a shop on an earlier day, segment its customers by the same recipe, and look at what they did next.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Sees the canonical tables (`seglib.run.Run.connect`).
    study : Study
        Its ``as_of`` is the last day that is looked at. Its variables count only as far as they are ``known_by_cut``.
    recipe : RecipeRecord
        Of the run. The columns are those of the run; what stands in them, and everything that is fitted (burn window,
        shrinkage, scales, levels), is of the cut.
    k : int
        Number of segments.
    cut : str, optional
        The last day that is known, ISO format; default: by ``share``.
    share : float, default=2/3
        Part of the calendar, from the first transaction to ``as_of``, that lies before the cut.
    order_by, n_init, seed
        See `seglib.clustering.segment`.
    burn_window : int, optional
        Days after which a coupon is decided, if the analyst set it; default: found anew in what was known by the cut.
    known_by_cut : collection of str, optional
        Columns that the shop adds to its customers whose values were known by the cut. All others are left out: a
        column such as the spend of the whole year would tell the future.

    Returns
    -------
    Holdout
        With ``why`` set, and without rows, where it cannot be done.

    Raises
    ------
    ParameterRefused
        If ``share`` is not between 0 and 1, or ``cut`` is no day before ``as_of``.
    """
    if not 0 < share < 1:
        raise ParameterRefused(
            f"share is a part of the calendar, more than 0 and less than 1, not {share}", parameter="share"
        )
    if study.as_of is None or (first := calendar(con, as_of=study.as_of)) is None:
        return _cannot(NO_TRANSACTIONS, as_of=study.as_of)
    last = pd.Timestamp(study.as_of)
    day = first + pd.Timedelta(days=int(share * (last - first).days)) if cut is None else _day(cut, last)
    as_of, at = last.date().isoformat(), day.date().isoformat()
    if min((day - first).days, (last - day).days) < LEAST_DAYS:
        return _cannot(
            f"the calendar runs from {first.date()} to {as_of}, and with the cut on {at} one side of it has fewer "
            f"than {LEAST_DAYS} days.", cut=at, as_of=as_of,
        )  # fmt: skip
    window = burn_window or recipe.burn_window or None
    redemption = coupon_redemption(DuckDB(con), replace(study, as_of=as_of, burn_window=window, shrinkage={}))
    then = snapshot(con, cut=at, burns_dated=redemption.dated, known=known_by_cut)
    at_cut = replace(study, as_of=at, burn_window=burn_window if redemption.dated else None, shrinkage={})
    features = customer_features(then, at_cut).table
    if len(features) < LEAST_CUSTOMERS:
        return _cannot(
            f"on {at} only {len(features):,} customers had a transaction, and fewer than {LEAST_CUSTOMERS} cannot "
            "show it either way.", cut=at, as_of=as_of,
        )  # fmt: skip
    try:
        segments, notes = _segments(then, features, recipe, study, k=k, order_by=order_by, n_init=n_init, seed=seed)
    except (InputRefused, ParameterRefused) as refused:
        return _cannot(f"with what was known on {at} no segments could be made: {refused}.", cut=at, as_of=as_of)
    if (segments.value_counts() >= LEAST_IN_SEGMENT).sum() < 2:
        return _cannot(f"fewer than two segments hold {LEAST_IN_SEGMENT} customers on {at}.", cut=at, as_of=as_of)
    after = what_followed(con, features.index, cut=at, as_of=as_of, burn_window=redemption.window or 0)
    after["burn_rate"] = (after["decided_burned"] / after["decided"]).where(after["decided"] > 0)
    wording = study.wording
    outcomes = tuple(
        replace(o, unit=wording.of(o.unit), meaning=wording.of(o.meaning))
        for o in OUTCOMES
        if after[o.name].notna().any()
    )
    notes = (
        *notes,
        *_not_measured(after, status=redemption.status, dated=redemption.dated, window=redemption.window or 0),
    )
    if (money := monetary_of(features)) != "spend":
        stands = "burned coupons stand" if money else "nothing stands"
        notes = (*notes, f"In RFM, {stands} for money: no amounts are recorded by {at}.")
    table = pd.concat([segments, features[["tenure_days"]].astype(float), rfm_scores(features), after], axis=1)
    table = table[COLUMNS + [o.name for o in outcomes]]
    told = [by_group(table, table["segment"], o).rename(columns={"group": "segment"}) for o in outcomes]
    by = pd.concat(told, ignore_index=True)
    by = by.sort_values("segment", key=lambda s: s.map(position), kind="stable", ignore_index=True)
    return Holdout(table, by, at, as_of, outcomes, notes, wording=study.wording)


def rfm_table(held: Holdout) -> pd.DataFrame:
    """Describe the outcomes by the scores of the plain alternative, instead of by segment.

    Returns
    -------
    pandas.DataFrame
        One row a score and an outcome: by (recency_score, frequency_score, monetary_score), score, outcome, unit,
        customers, value, low, high, overall. Scores that no customer has are not there.
    """
    columns = ["by", "score", "outcome", "unit", "customers", "value", "low", "high", "overall"]
    parts = [
        by_group(held.table, held.table[name], outcome).rename(columns={"group": "score"}).assign(by=name)
        for name in SCORES
        if held.table[name].notna().any()
        for outcome in held.outcomes
    ]
    return (
        pd.concat(parts, ignore_index=True)[columns].astype({"score": int})
        if parts
        else pd.DataFrame([], columns=columns)
    )


def _segments(
    then: duckdb.DuckDBPyConnection,
    features: pd.DataFrame,
    recipe: RecipeRecord,
    study: Study,
    *,
    k: int,
    order_by: str,
    n_init: int,
    seed: int,
) -> tuple[pd.Series, tuple[str, ...]]:
    """Return the segment of every customer on the day of the cut, and what a reader must know of them."""
    theirs = []
    if recipe.name == "baseline":
        matrix = rebuild_matrix(then.sql(UNIFIED_SQL).df(), recipe)
    else:
        theirs = [name for name in recipe.sources if name not in features]
        recorded = tuple(name for name in recipe.sources if name in features and features[name].notna().any())
        matrix = rebuild_matrix(features, replace(recipe, sources=recorded), described=features_of(features, study))
    notes = []
    if theirs:
        notes.append(
            f"Not among what the segments are made of: {join_words([humanize(s) for s in theirs])}, "
            "since nothing says when "
            "these values came to be known."
        )
    if gone := [s for s in recipe.sources if s not in theirs and s not in matrix.sources]:
        notes.append(f"Not known yet on that day: {join_words([humanize(s) for s in gone])}.")
    variables = {name: variable for name, variable in study.variables.items() if name in features}
    by = lettered_by(features, order_by if order_by in features else "n_burned", replace(study, variables=variables))
    rows = segment(matrix.table, k=k, order_by=order_values(features, by, matrix.table.index), n_init=n_init, seed=seed)
    return customer_segments(rows.table)["segment"].reindex(features.index), tuple(notes)


def _not_measured(after: pd.DataFrame, *, status: bool, dated: bool, window: int) -> list[str]:
    """Say what falls away."""
    notes = []
    if not status:
        notes.append(f"Burning is not looked at: {NO_STATUS}.")
    elif not dated:
        notes.append(
            "The days of burning are not recorded: what was burned by the cut is not known, so nothing of it enters "
            "the segments; of coupons claimed after it the status counts that is recorded."
        )
    if status and after["burn_rate"].isna().all():
        notes.append(f"No coupon claimed after the cut is decided by the last day: that takes {window} days.")
    if after["spend"].isna().all():
        notes.append("Spend is not looked at: no amounts are recorded.")
    return notes


def _day(cut: str, last: pd.Timestamp) -> pd.Timestamp:
    try:
        day = pd.Timestamp(cut).normalize()
    except ValueError:
        day = pd.NaT
    if pd.isna(day) or day >= last:
        raise ParameterRefused(
            f"cut is a day before {last.date()}, written like 2025-12-31, not '{cut}'", parameter="cut"
        )
    return day


def _cannot(why: str, *, as_of: str | None, cut: str | None = None) -> Holdout:
    columns = ["segment", "outcome", "unit", "customers", "value", "low", "high", "overall"]
    return Holdout(pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=columns), cut, as_of, why=why)
