"""07 Two month ends of one shop, laid side by side: who was where, and what the old model says on the new day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import duckdb
import numpy as np
import pandas as pd

from seglib.clustering import match_labels
from seglib.errors import ParameterRefused
from seglib.features import connect_tables, customer_features
from seglib.monitoring.calm import BESIDES, FROM_TRANSACTIONS, CalmMonths
from seglib.monitoring.refusals import refuse_another_past, refuse_other_kind, refuse_renamed, refuse_strangers
from seglib.run import Run, finished
from seglib.schema.comparison_records import MonthRecord
from seglib.schema.features import Feature
from seglib.scoring import SegmentModel, load_model
from seglib.sql import read_canonical_tables
from seglib.study import Study
from seglib.style import ENGLISH, position

UNIQUE = "transaction_id"


@dataclass(frozen=True)
class Months:
    """Two month ends of one shop.

    Attributes
    ----------
    old, new : str
        Names of the runs.
    day, later : pandas.Timestamp
        On which they look at the shop.
    model : SegmentModel
        Of the earlier run: the frozen model.
    study : Study
        Of the earlier run, with its shrinkage: features of both days are made by it.
    then, now : pandas.DataFrame
        Segments of the customers in each run, by customer: segment, margin. The letters of ``now`` are those that the
        segments would have had in the earlier run (`seglib.clustering.match_labels`).
    letters : dict of str to str
        The letter of a segment in the later run, and the one that is used here.
    names : dict of str to str
        What the segments are called, by letter: in the earlier run, and those that are new in the later one.
    features_then, features_aged, features_now : pandas.DataFrame
        By customer, of those in both: on the earlier day; on the later day without anything that happened since; on
        the later day.
    described : tuple of Feature
        What their columns are.
    calm : CalmMonths
    ends : tuple of MonthRecord
        Both month ends as a trend needs them; empty where no runs were read.
    revised : int
        Customers in both of whom the later run tells another past than the earlier one did.
    """

    old: str
    new: str
    day: pd.Timestamp
    later: pd.Timestamp
    model: SegmentModel = field(repr=False)
    study: Study = field(repr=False)
    then: pd.DataFrame = field(repr=False)
    now: pd.DataFrame = field(repr=False)
    letters: Mapping[str, str]
    names: Mapping[str, str]
    features_then: pd.DataFrame = field(repr=False)
    features_aged: pd.DataFrame = field(repr=False)
    features_now: pd.DataFrame = field(repr=False)
    described: tuple[Feature, ...] = field(repr=False)
    calm: CalmMonths = field(repr=False)
    ends: tuple[MonthRecord, ...] = ()
    revised: int = 0

    @property
    def both(self) -> pd.Index:
        """The customers in both months."""
        return self.features_then.index

    @property
    def joined(self) -> pd.Index:
        """The customers of the later month who are not in the earlier one."""
        return self.now.index.difference(self.then.index, sort=False)

    @property
    def lost(self) -> pd.Index:
        """The customers of the earlier month who are not in the later one."""
        return self.then.index.difference(self.now.index, sort=False)

    @property
    def n_days(self) -> int:
        """Days between both."""
        return (self.later - self.day).days

    @property
    def n_days_before(self) -> int:
        """Days from the first transaction of the customers in both months to the earlier day."""
        first = self.calm.tables["transactions"]["transaction_date"].min()
        return 0 if pd.isna(first) else (self.day - first).days

    @property
    def n_new(self) -> int:
        """Transactions since the earlier day of the customers in both months."""
        return len(self.calm.new)

    @cached_property
    def money(self) -> pd.DataFrame | None:
        """What customers spent, by customer: before (as many days up to the earlier day), since; None if unknown."""
        old, new = self.calm.tables["transactions"], self.calm.new
        if "amount" not in old or not old["amount"].notna().any():
            return None
        last = old[old["transaction_date"] > self.day - (self.later - self.day)]
        sums = {"before": last, "since": new}
        by_customer = {name: rows.groupby("customer_id")["amount"].sum() for name, rows in sums.items()}
        return pd.DataFrame(by_customer).reindex(self.both).fillna(0.0).astype(float)

    @property
    def table(self) -> pd.DataFrame:
        """One row per segment: segment, name, then, now (customers), of these now: joined."""
        letters = sorted({*self.then["segment"], *self.now["segment"]}, key=position)
        then, now = self.then["segment"].value_counts(), self.now["segment"].value_counts()
        new = self.now.loc[self.joined, "segment"].value_counts()
        return pd.DataFrame(
            {
                "segment": letters,
                "name": [self.names.get(letter, "") for letter in letters],
                "then": [int(then.get(letter, 0)) for letter in letters],
                "now": [int(now.get(letter, 0)) for letter in letters],
                "joined": [int(new.get(letter, 0)) for letter in letters],
            }
        )

    @property
    def text(self) -> str:
        """What is compared, who is in both, and which letters were changed."""
        sentences = [
            f"Run {self.old} looks at the shop on {ENGLISH.day(str(self.day))}, run {self.new} on "
            f"{ENGLISH.day(str(self.later))}, {self.n_days:,} days later. {len(self.both):,} customers are in both; "
            f"{len(self.joined):,} are new, and {len(self.lost):,} are no longer there."
        ]
        changed = [f"{there} is {here}" for there, here in self.letters.items() if there != here]
        if changed:
            sentences.append(
                f"The letters are those of run {self.old}, so that as many customers as possible keep theirs: of run "
                f"{self.new}, {', '.join(changed)} here."
            )
        if self.revised:
            sentences.append(
                f"Of {self.revised:,} of these customers, run {self.new} has other transactions up to "
                f"{ENGLISH.day(str(self.day))} than run {self.old} had: what was recorded later, corrected or handed "
                "over counts as what happened since."
            )
        if not self.n_new:
            sentences.append(
                f"None of their transactions is newer than {ENGLISH.day(str(self.day))}: only the clock has moved."
            )
        return " ".join(sentences)


def read_months(old: str, run: Run) -> Months:
    """Read two runs of one shop.

    Parameters
    ----------
    old : str
        Name of the earlier run, which is finished.
    run : Run
        The later one.

    Returns
    -------
    Months

    Raises
    ------
    ParameterRefused
        If they cannot be compared; the message says why in one sentence.
    InputRefused
        If an artefact is missing.
    """
    if old == run.name:
        raise ParameterRefused("old: a run is compared with another one, not with itself", parameter="old")
    earlier = finished(old)
    refuse_other_kind(earlier, run)
    model = load_model(earlier.existing("model"))
    segments = [r.read("segments")[["segment", "margin"]] for r in (earlier, run)]
    names = [{card.segment: card.name for card in r.read("cards")} for r in (earlier, run)]
    months = lay_side_by_side(
        old,
        run.name,
        model=model,
        study=earlier.study(),
        later=run.read("shop").as_of,
        connections=(earlier.connect(), run.connect()),
        segments=segments,
        names=names,
    )
    return replace(months, ends=tuple(_end_of(r) for r in (earlier, run)))


def _end_of(run: Run) -> MonthRecord:
    """Return a month end as a trend needs it."""
    structure = run.structure().structure if run.path("choice").exists() else ""
    return MonthRecord(
        run.name,
        run.read("shop").as_of,
        len(run.read("segments")),
        run.read("clustering").k,
        structure,
        str(run.read_record().get("started_utc", "")),
    )


def lay_side_by_side(
    old: str,
    new: str,
    *,
    model: SegmentModel,
    study: Study,
    later: str,
    connections: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection],
    segments: tuple[pd.DataFrame, pd.DataFrame],
    names: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
) -> Months:
    """Make features of both days by the study of the earlier run, and give its letters to the later segments.

    Parameters
    ----------
    old, new : str
        Names of the runs.
    model : SegmentModel
        Of the earlier run.
    study : Study
        Of the earlier run, with its day and its shrinkage.
    later : str
        The later day, ISO format.
    connections : tuple of duckdb.DuckDBPyConnection
        See the canonical tables, of the earlier run and of the later one.
    segments : tuple of pandas.DataFrame
        By customer: segment, margin.
    names : tuple of mapping of str to str
        What the segments are called, by letter.

    Raises
    ------
    ParameterRefused
        If few customers are in both, a place or a gender has another name now, or the past is another one.
    """
    then, now = segments
    refuse_strangers(old, new, then.index, now.index)
    day, day_later = pd.Timestamp(study.as_of), pd.Timestamp(later)
    both = now.index[now.index.isin(then.index)]
    tables = read_canonical_tables(connections[0], both, as_of=study.as_of)
    tables["transactions"] = _seen_on(tables["transactions"], day)
    study_later = replace(study, as_of=later)
    with connect_tables(tables) as con:
        before = customer_features(con, study).table
        aged = customer_features(con, study_later).table
    after = customer_features(connections[1], study_later).table
    both = before.index[before.index.isin(after.index)]
    before, aged, after = before.loc[both], aged.loc[both], after.loc[both]
    described = tuple(f for f in study.describe(before) if f.name in after)
    missing = [name for name in model.sources if name not in after or after[name].isna().all()]
    if missing:
        raise ParameterRefused(
            f"run '{new}' has no {missing[0]}, by which run '{old}' makes its segments, so they cannot be compared",
            parameter="old",
        )
    refuse_renamed(old, new, before, after, [f for f in described if f.kind == "nominal"])
    past = customer_features(connections[1], study).table.reindex(both)
    revised = int(differs(before, past).sum())
    refuse_another_past(old, new, revised, len(both), day=f"{day:%Y-%m-%d}")
    letters = match_labels(now["segment"], then["segment"])
    spare = {letters[letter]: name for letter, name in names[1].items() if letter in letters}
    tables = _of_customers(tables, both)
    transactions = _new_transactions(connections[1], both, day, later, list(tables["transactions"]))
    needed = [c for c in tables["transactions"] if c not in BESIDES or study.own_from_transactions]
    tables["transactions"] = tables["transactions"][needed]
    fixed = aged[[c for c in aged if c not in FROM_TRANSACTIONS | study.own_from_transactions]]
    return Months(
        old,
        new,
        day,
        day_later,
        model,
        study,
        then,
        now.assign(segment=now["segment"].map(letters)),
        letters,
        {**spare, **names[0]},
        before,
        aged,
        after,
        described,
        CalmMonths(tables, transactions[needed], study, day, day_later, fixed),
        revised=revised,
    )


RECORDED = ("n_coupons", "n_burned", "n_branches", "n_merchants", "spend")
"""Features that are the same on one and the same day, whoever looks back at it, unless the records were changed."""


def differs(then: pd.DataFrame, later: pd.DataFrame) -> np.ndarray:
    """Say of which customers two runs have recorded other things up to the same day.

    Parameters
    ----------
    then, later : pandas.DataFrame
        Features on that day, of the same customers, by what either run has recorded.

    Returns
    -------
    ndarray of bool, shape (n_customers,)
    """
    columns = [name for name in RECORDED if name in then and name in later and not then[name].isna().all()]
    if "days_to_burn" not in then or then["days_to_burn"].isna().all():  # then nobody knows when a coupon was burned
        columns = [name for name in columns if name != "n_burned"]
    left, right = (table[columns].to_numpy(dtype=float) for table in (then, later))
    # sums of amounts in another order differ by their rounding
    return ~np.isclose(left, right, rtol=1e-6, atol=1e-6, equal_nan=True).all(axis=1)


def _seen_on(transactions: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Return transactions as they were known on a day: what is burned later is still open."""
    later = transactions["burn_date"] > day
    status = transactions["transaction_status"].astype(object)
    return transactions.assign(
        transaction_status=status.where(~(later & (status == "burned")), "subscribed"),
        burn_date=transactions["burn_date"].where(~later),
    )


def _of_customers(tables: Mapping[str, pd.DataFrame], customers: pd.Index) -> dict[str, pd.DataFrame]:
    """Return the tables of some customers only."""
    some = {name: tables[name][tables[name]["customer_id"].isin(customers)] for name in ("customers", "transactions")}
    return {**tables, **{name: table.reset_index(drop=True) for name, table in some.items()}}


def _new_transactions(
    con: duckdb.DuckDBPyConnection, customers: pd.Index, day: pd.Timestamp, later: str, columns: list[str]
) -> pd.DataFrame:
    """Return the transactions of customers after a day and up to the later one."""
    table = read_canonical_tables(con, customers, as_of=later)["transactions"]
    new = table[table["transaction_date"] > day].reset_index(drop=True)
    return new.reindex(columns=columns).astype({"customer_id": object}) if len(new) else new.reindex(columns=columns)


def disagreement(left: np.ndarray | pd.Series, right: np.ndarray | pd.Series) -> float:
    """Return the share of customers who are in another segment."""
    return float((np.asarray(left) != np.asarray(right)).mean())
