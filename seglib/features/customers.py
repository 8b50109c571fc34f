"""One row per customer: ``sql/features.sql`` on any engine, shrunk by what was fitted to the counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from seglib.errors import ParameterRefused
from seglib.features.counts import fit_counts, study_row, with_redemption
from seglib.features.dictionary import dictionary
from seglib.features.engines.base import Engine
from seglib.features.engines.duckdb import DuckDB
from seglib.features.own_features import own_table, read_own_features, refuse_taken_names
from seglib.features.own_reliability import own_reliability
from seglib.features.redemption import NO_BURN_DATES, NO_STATUS, Redemption, not_recorded, worth_saying
from seglib.features.reliability import DOUBTED, claim_rate_test, reliability_table
from seglib.features.summaries import ListedApart, ReliabilitySummary, ShrinkageSummary
from seglib.schema.columns import CUSTOMER_COLUMNS
from seglib.schema.features import FEATURES, Feature
from seglib.sql import COUNTS_SQL, FEATURES_SQL
from seglib.study import Study
from seglib.style import join_words

if TYPE_CHECKING:
    import duckdb


DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class CustomerFeatures:
    """What describes each customer, and what can be believed of it.

    Attributes
    ----------
    table : pandas.DataFrame
        Indexed by customer_id, one row per customer with at least one transaction by ``as_of``; where there are no
        transactions at all, one row per customer. The columns are those of `FEATURES`, missing where the shop records
        nothing of the kind, then those that the customers table adds.
    absent : pandas.DataFrame
        The customers that had joined by ``as_of`` and have no transaction: customer_id, join_date.
    redemption : Redemption
        Whether burning is recorded, and the age from which on a coupon is old enough to judge.
    reliability : pandas.DataFrame
        One row per rate, mean or count that was tested: the fields of `seglib.features.reliability.ReliabilityTest`.
    study : Study
        The one that was given, with the burn window and the shrinkage that were fitted.
    engine : str
        Where the statement ran.
    where : str
        The same as a sentence; empty where there was nothing to count.
    """

    table: pd.DataFrame
    absent: pd.DataFrame
    redemption: Redemption
    reliability: pd.DataFrame
    study: Study
    engine: str = "duckdb"
    where: str = ""

    @property
    def observed(self) -> bool:
        """Whether there are transactions."""
        return self.study.as_of is not None

    @property
    def features(self) -> list[Feature]:
        """What the columns of the table are, for `seglib.preprocessing`."""
        return self.study.describe(self.table)

    @property
    def missing(self) -> dict[str, str]:
        """Features that could build segments if the shop recorded them, each with the reason."""
        if not self.observed:
            return {}
        reasons = {}
        if not self.redemption.status:
            reasons |= {"burn_rate": NO_STATUS, "days_to_burn": NO_STATUS}
        elif not self.redemption.dated:
            reasons["days_to_burn"] = NO_BURN_DATES
        for feature in FEATURES:
            if feature.role == "demographic" and self.table[feature.name].isna().all():
                reasons[feature.name] = not_recorded(feature.name)
        return reasons

    @property
    def unreliable(self) -> dict[str, str]:
        """Features in which customers cannot be told apart, each with the reason, for `seglib.preprocessing`."""
        doubted = [*DOUBTED, *self.study.own_from_transactions]
        bad = self.reliability[~self.reliability["reliable"] & self.reliability["feature"].isin(doubted)]
        return dict(zip(bad["feature"], bad["sentence"], strict=True))

    @property
    def dictionary(self) -> pd.DataFrame:
        """The feature dictionary of this shop: name, unit, meaning, range, role."""
        return dictionary(self.table, self.study)

    @property
    def shrinkage(self) -> ShrinkageSummary:
        """How much a customer's own coupons count in the burn rate."""
        return ShrinkageSummary(self.redemption, self.study.shrinkage)

    @property
    def tests(self) -> ReliabilitySummary:
        """By which features customers can be told apart."""
        return ReliabilitySummary(self.reliability, self.observed)

    @property
    def listed_apart(self) -> ListedApart:
        """The customers without a transaction."""
        return ListedApart(self.absent, len(self.table), self.observed)

    @property
    def text(self) -> str:
        """Who is described, who is not, from when on a coupon counts, and what is missing."""
        if not self.observed:
            return f"{len(self.table):,} customers are described, each by one row of the customers table."
        text = (
            f"{len(self.table):,} customers have a transaction and are described; {len(self.absent):,} have none "
            f"and are listed apart. {self.redemption.text}"
        )
        for why, names in worth_saying(self.missing, self.study.wording).items():
            text += f" Not there: {join_words(names)} ({why})."
        return f"{text} {self.where}".rstrip()


def customer_features(
    con: duckdb.DuckDBPyConnection,
    study: Study,
    *,
    own_features: str | Path | None = None,
    engine: Engine | None = None,
) -> CustomerFeatures:
    """Describe every customer that has a transaction; every customer, where there are no transactions at all.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Sees the canonical tables (`seglib.run.Run.connect`).
    study : Study
        The day, the burn window and the variables. Where it has a shrinkage (that of another shop), rates are shrunk by
        it, so that the two can be compared, and reliability is not tested again.
    own_features : str or Path, optional
        A file with features of the analyst's own (`seglib.features.own_features`); default: those of the study.
    engine : Engine, optional
        Where the statement runs (`seglib.features.engines.open_engine`); default: on ``con``.

    Returns
    -------
    CustomerFeatures

    Raises
    ------
    ParameterRefused
        If the file of own features cannot be used; the message says why.
    """
    if own_features is not None:
        study = replace(study, own_features=read_own_features(own_features))
    standard = ", ".join(name for name in CUSTOMER_COLUMNS if name != "customer_id")
    added = con.sql(f"SELECT * EXCLUDE ({standard}) FROM customers").df().set_index("customer_id")
    refuse_taken_names(study, added.columns)
    absent = _without_transaction(con, study.as_of)
    if study.as_of is None:
        none = Redemption(status=False, dated=False, window=None)
        people = _demographics(con)
        theirs = _without_day(con, study, people.index)
        return CustomerFeatures(people.join(theirs).join(added), absent, none, reliability_table([]), study)
    engine = engine or DuckDB(con)
    fitted = fit_counts(engine, study)
    table, tests = typed(engine.frame(FEATURES_SQL)), fitted.tests
    theirs = own_table(engine, fitted.study, table.index, strict=True)
    if not study.shrinkage:
        tests = [*tests, *own_reliability(con, fitted.study)]
    # how much customers claim can only be compared where it is known for all of them since when they could
    some_joined = con.sql("SELECT count(join_date) FROM customers").fetchall()[0][0] > 0
    if not study.shrinkage and some_joined and absent["join_date"].notna().all():
        tests = [claim_rate_test(table, absent, study.as_of), *tests]
    return CustomerFeatures(
        table.join(theirs).join(added),
        absent,
        fitted.redemption,
        reliability_table(tests),
        fitted.study,
        engine=engine.name,
        where=engine.text,
    )


def features_with_shrinkage(
    con: duckdb.DuckDBPyConnection, study: Study, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return the table of `customer_features`, shrunk as the study says.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Sees the canonical tables.
    study : Study
        With a shrinkage.
    columns : sequence of str, optional
        Which of `FEATURES` to return; default: all. The fewer, the faster.
    """
    engine = DuckDB(con)
    with_redemption(engine, study)
    names = [f.name for f in FEATURES if columns is None or f.name in columns]
    # in one statement with the features, what these do not need is not counted
    selected = f"SELECT {', '.join(['customer_id', *names])} FROM ({FEATURES_SQL})"
    return typed(engine.frame(f"WITH counts AS ({COUNTS_SQL}) {selected}"))


def _without_day(con: duckdb.DuckDBPyConnection, study: Study, customers: pd.Index) -> pd.DataFrame:
    """Return the analyst's own features in a shop without transactions, where ``study`` has no day."""
    if study.own_features is None:
        return pd.DataFrame(index=customers)
    if study.own_features.from_transactions:
        raise ParameterRefused(
            "own_features: its SELECT reads transactions, and this shop has none", parameter="own_features"
        )
    engine = DuckDB(con)
    engine.keep("study", study_row(study))
    return own_table(engine, study, customers, strict=True)


def typed(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the same types whatever the engine: whole numbers where all are known, other numbers as floats."""
    table = rows.set_index("customer_id")[[f.name for f in FEATURES if f.name in rows]]
    names = [f.name for f in FEATURES if f.kind == "nominal" and f.name in table]
    table = table.astype({c: "float64" for c in table if c not in names} | dict.fromkeys(names, "str"))
    whole = [c for c in table if c.startswith("n_") or c in ("recency_days", "tenure_days", "lag_days")]
    return table.astype({c: "int64" for c in whole if table[c].notna().all()}).rename_axis("customer_id")


def _demographics(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return one row per customer with the names of gender and city; the other features are missing."""
    people = con.sql(
        "SELECT c.customer_id, g.gender_name, y.city_name FROM customers AS c LEFT JOIN genders AS g USING (gender_id) "
        "LEFT JOIN cities AS y USING (city_id) ORDER BY length(c.customer_id), c.customer_id"
    ).df()
    return typed(people.reindex(columns=["customer_id", *(f.name for f in FEATURES)]))


def _without_transaction(con: duckdb.DuckDBPyConnection, as_of: str | None) -> pd.DataFrame:
    """Return the customers who had joined by that day and have no transaction."""
    return con.execute(
        "SELECT customer_id, join_date FROM customers, (SELECT CAST(? AS DATE) AS as_of) "
        "WHERE as_of IS NOT NULL AND (join_date IS NULL OR join_date <= as_of) "
        "AND customer_id NOT IN (SELECT customer_id FROM transactions WHERE transaction_date <= as_of) "
        "ORDER BY length(customer_id), customer_id",
        [as_of],
    ).df()
