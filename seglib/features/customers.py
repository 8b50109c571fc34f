"""One row a customer: ``sql/features.sql`` on any engine, shrunk by what was fitted to its counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from seglib.features.counts import fit_counts
from seglib.features.dictionary import features_of
from seglib.features.engines.open import DuckDB, Engine
from seglib.features.redemption import NO_BURN_DATES, NO_STATUS, Redemption, not_recorded
from seglib.features.reliability import DOUBTED, _claiming, reliability_table
from seglib.schema.columns import CUSTOMER_COLUMNS
from seglib.schema.features import FEATURES, Feature
from seglib.study import Study
from seglib.style import NO_TRANSACTIONS, humanize, join_words

if TYPE_CHECKING:
    import duckdb


DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class CustomerFeatures:
    """What describes each customer, and what can be believed of it.

    Attributes
    ----------
    table : pandas.DataFrame
        Indexed by customer_id, one row a customer with at least one transaction by ``as_of``; the columns
        of `FEATURES`, missing where the shop records nothing of the kind, then those that the customers table adds.
        Where there are no transactions at all, one row a customer.
    absent : pandas.DataFrame
        The customers that had joined by ``as_of`` and have no transaction: customer_id, join_date.
    redemption : Redemption
        Whether burning is recorded, and the age from which on a coupon counts as decided.
    reliability : pandas.DataFrame
        One row a rate, mean or count: feature, reliability (share of the variance of a single value, or of a count,
        that lies between customers), p (of the hypothesis that it is zero), reliable, sentence.
    study : Study
        What was asked for, with the burn window and the shrinkage that were found.
    engine : str
        Where the statement ran.
    """

    table: pd.DataFrame
    absent: pd.DataFrame
    redemption: Redemption
    reliability: pd.DataFrame
    study: Study
    engine: str = "duckdb"

    @property
    def observed(self) -> bool:
        """Whether there are transactions."""
        return self.study.as_of is not None

    @property
    def features(self) -> list[Feature]:
        """What the columns of the table are, for `seglib.preprocessing`."""
        return features_of(self.table, self.study)

    @property
    def missing(self) -> dict[str, str]:
        """Features that could build segments if the shop recorded them, each with the reason."""
        if not self.observed:
            return {}
        rate = {} if self.redemption.status else {"burn_rate": NO_STATUS}
        days = {} if self.redemption.dated else {"days_to_burn": NO_BURN_DATES if self.redemption.status else NO_STATUS}
        demographics = [f.name for f in FEATURES if f.role == "demographic" and self.table[f.name].isna().all()]
        return rate | days | {name: not_recorded(name) for name in demographics}

    @property
    def unreliable(self) -> dict[str, str]:
        """Features in which customers cannot be told apart, each with the reason, for `seglib.preprocessing`."""
        bad = self.reliability[~self.reliability["reliable"] & self.reliability["feature"].isin(DOUBTED)]
        return dict(zip(bad["feature"], bad["sentence"], strict=True))

    @property
    def text(self) -> str:
        """Who is described, who is not, from when on a coupon counts, and what falls away."""
        if not self.observed:
            described = f"{len(self.table):,} customers are described, each by one row of the customers table."
            return f"{described} {NO_TRANSACTIONS}"
        text = (
            f"{len(self.table):,} customers have a transaction and are described; {len(self.absent):,} have none "
            f"and are listed apart. {self.redemption.text}"
        )
        for why in dict.fromkeys(self.missing.values()):
            text += f" Not there: {join_words([humanize(f) for f, w in self.missing.items() if w == why])} ({why})."
        return text


def customer_features(
    con: duckdb.DuckDBPyConnection, study: Study, *, engine: Engine | None = None
) -> CustomerFeatures:
    """Describe every customer that has a transaction; every customer, where there are no transactions at all.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Sees the canonical tables (`seglib.run.Run.connect`).
    study : Study
        The day, the burn window and the variables. Where it has a shrinkage (that of another shop), rates are shrunk by
        it, so that both are seen in the same way, and reliability is not asked again.
    engine : Engine, optional
        Where the statement runs (`seglib.features.engines.open_engine`); default: on ``con``.

    Returns
    -------
    CustomerFeatures
    """
    declared = ", ".join(name for name in CUSTOMER_COLUMNS if name != "customer_id")
    added = con.sql(f"SELECT * EXCLUDE ({declared}) FROM customers").df().set_index("customer_id")
    if study.as_of is None:
        none = Redemption(status=False, dated=False, window=None)
        return CustomerFeatures(_named(con).join(added), _absent(con, None), none, reliability_table([]), study)
    engine = engine or DuckDB(con)
    fitted = fit_counts(engine, study)
    table, absent, tested = typed(engine.frame(fitted.select)), _absent(con, study.as_of), fitted.tested
    joined = con.sql("SELECT count(join_date) FROM customers").fetchall()[0][0]
    if not study.shrinkage and joined and absent["join_date"].notna().all():
        tested = [_claiming(table, absent, study.as_of), *tested]
    return CustomerFeatures(
        table.join(added), absent, fitted.redemption, reliability_table(tested), fitted.study, engine=engine.name
    )


def features_with_shrinkage(con: duckdb.DuckDBPyConnection, study: Study) -> pd.DataFrame:
    """Return the table of `customer_features`, shrunk as the study says, with the columns of `FEATURES` only."""
    engine = DuckDB(con)
    return typed(engine.frame(fit_counts(engine, study).select))


def typed(found: pd.DataFrame) -> pd.DataFrame:
    """Give the same types whatever the engine: whole numbers where all are known, other numbers as floats."""
    table = found.set_index("customer_id")[[f.name for f in FEATURES]]
    names = [f.name for f in FEATURES if f.kind == "nominal"]
    table = table.astype({c: "float64" for c in table if c not in names} | dict.fromkeys(names, "str"))
    whole = [c for c in table if c.startswith("n_") or c in ("recency_days", "tenure_days", "lag_days")]
    return table.astype({c: "int64" for c in whole if table[c].notna().all()}).rename_axis("customer_id")


def _named(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return one row a customer with the names of gender and city, and nothing else known."""
    people = con.sql(
        "SELECT c.customer_id, g.gender_name, y.city_name FROM customers AS c LEFT JOIN genders AS g USING (gender_id) "
        "LEFT JOIN cities AS y USING (city_id) ORDER BY length(c.customer_id), c.customer_id"
    ).df()
    return typed(people.reindex(columns=["customer_id", *(f.name for f in FEATURES)]))


def _absent(con: duckdb.DuckDBPyConnection, as_of: str | None) -> pd.DataFrame:
    """Return the customers who had joined and have no transaction."""
    return con.execute(
        "SELECT customer_id, join_date FROM customers, (SELECT CAST(? AS DATE) AS as_of) "
        "WHERE as_of IS NOT NULL AND (join_date IS NULL OR join_date <= as_of) "
        "AND customer_id NOT IN (SELECT customer_id FROM transactions WHERE transaction_date <= as_of) "
        "ORDER BY length(customer_id), customer_id",
        [as_of],
    ).df()
