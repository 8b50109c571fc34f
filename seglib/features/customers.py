"""One row a customer: ``sql/features.sql`` on any engine, shrunk by what was fitted to its counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seglib.features.engines.open import DuckDB, Engine
from seglib.features.redemption import NO_BURN_DATES, NO_STATUS, Fates, coupon_fates, not_recorded
from seglib.schema.features import FEATURES, Feature, features_of
from seglib.stats import (
    BetaBinomial,
    ExcessZeros,
    Overdispersion,
    VarianceComponents,
    excess_zeros,
    fit_beta_binomial,
    overdispersion,
    variance_components,
)
from seglib.style import NO_TRANSACTIONS, listing, p_value, plain

if TYPE_CHECKING:
    import duckdb

FEATURES_SQL: str = files("seglib").joinpath("sql/features.sql").read_text(encoding="utf-8")
"""The statement that turns canonical tables into one row a customer."""

CELLS_SQL = """
SELECT
    n_decided, n_decided_burned, count(*) AS customers,
    sum(lag_sum) AS lag_sum, sum(lag_sum * lag_sum) AS lag_sum_squared, sum(lag_sumsq) AS lag_sumsq
FROM counts
WHERE n_decided > 0
GROUP BY n_decided, n_decided_burned
ORDER BY n_decided, n_decided_burned
"""
"""How many customers have the same counts: all that the fits need, small enough to leave any engine."""

LAGS_SQL = """
SELECT date_diff('day', t.transaction_date, t.burn_date) AS lag_days, count(*) AS coupons
FROM transactions AS t CROSS JOIN study AS s
WHERE t.transaction_status = 'burned' AND t.burn_date <= s.as_of
    AND date_diff('day', t.transaction_date, s.as_of) >= s.burn_window_days
GROUP BY lag_days
ORDER BY lag_days
"""
"""How often each number of days to burn came, among decided coupons: how skewed they are decides what chance can do."""

DAYS_PER_MONTH = 365.25 / 12
DOUBTED = ("burn_rate", "days_to_burn", "never_burned")
"""The features that leave the matrix where customers cannot be told apart by them; counts of what happened stay."""

SHRUNK_BY = ("burn_mean", "burn_reliability", "lag_mean", "lag_reliability")
"""The numbers by which rates and means are shrunk, as ``study`` names them."""

RELIABLE_P = 0.01
"""Level at which customers must differ in one of them, or it leaves the matrix: noise gets no full weight."""


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
    fates : Fates
        Whether burning is recorded, and the age from which on a coupon counts as decided.
    reliability : pandas.DataFrame
        One row a rate, mean or count: feature, reliability (share of the variance of a single value, or of a count,
        that lies between customers), p (of the hypothesis that it is zero), reliable, sentence.
    variables : mapping of str to mapping
        What the mapping file says of columns of the customers table that build segments.
    observed : bool
        Whether there are transactions.
    engine : str
        Where the statement ran.
    shrinkage : mapping of str to float
        What rates and means were shrunk by: burn_mean, burn_reliability, lag_mean, lag_reliability; NaN where there is
        nothing to shrink, empty where there are no transactions.
    """

    table: pd.DataFrame
    absent: pd.DataFrame
    fates: Fates
    reliability: pd.DataFrame
    variables: Mapping[str, Mapping] = field(default_factory=dict)
    observed: bool = True
    engine: str = "duckdb"
    shrinkage: Mapping[str, float] = field(default_factory=dict)

    @property
    def features(self) -> list[Feature]:
        """What the columns of the table are, for `seglib.preprocessing`."""
        return features_of(self.table, self.variables)

    @property
    def missing(self) -> dict[str, str]:
        """Features that could build segments if the shop recorded them, each with the reason."""
        if not self.observed:
            return {}
        rate = {} if self.fates.status else {"burn_rate": NO_STATUS}
        days = {} if self.fates.dated else {"days_to_burn": NO_BURN_DATES if self.fates.status else NO_STATUS}
        demographics = [f.name for f in FEATURES if f.role == "demographic" and self.table[f.name].isna().all()]
        return rate | days | {name: not_recorded(name) for name in demographics}

    @property
    def unreliable(self) -> dict[str, str]:
        """Features in which customers cannot be told apart, each with the reason, for `seglib.preprocessing`."""
        bad = self.reliability[~self.reliability["reliable"] & self.reliability["feature"].isin(DOUBTED)]
        return dict(zip(bad["feature"], bad["sentence"], strict=True))

    @property
    def lens(self) -> dict[str, float | None]:
        """The numbers of ``shrinkage`` for a run's record; None where there is nothing to shrink."""
        return {name: None if np.isnan(value) else float(value) for name, value in self.shrinkage.items()}

    @property
    def text(self) -> str:
        """Who is described, who is not, from when on a coupon counts, and what falls away."""
        if not self.observed:
            described = f"{len(self.table):,} customers are described, each by one row of the customers table."
            return f"{described} {NO_TRANSACTIONS}"
        text = (
            f"{len(self.table):,} customers have a transaction and are described; {len(self.absent):,} have none "
            f"and are listed apart. {self.fates.text}"
        )
        for why in dict.fromkeys(self.missing.values()):
            text += f" Not there: {listing([plain(f) for f, w in self.missing.items() if w == why])} ({why})."
        return text


def customer_features(
    con: duckdb.DuckDBPyConnection,
    *,
    as_of: str | None,
    burn_window: int | None = None,
    variables: Mapping[str, Mapping] | None = None,
    engine: Engine | None = None,
    shrinkage: Mapping[str, float] | None = None,
) -> CustomerFeatures:
    """Describe every customer that has a transaction; every customer, where there are no transactions at all.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Sees the canonical tables (`seglib.run.Run.connect`).
    as_of : str or None
        The day on which the shop is looked at, ISO format; None: a ready table of customers, without transactions.
    burn_window : int, optional
        Days after which a coupon's fate is decided; default: see `coupon_fates`.
    variables : mapping of str to mapping, optional
        The columns of the customers table that build segments (``variables`` of ``shop.json``).
    engine : Engine, optional
        Where the statement runs (`seglib.features.open_engine`); default: on ``con``.
    shrinkage : mapping of str to float, optional
        Shrink by these numbers (`CustomerFeatures.shrinkage` of another shop), so that both are seen through the same
        lens; default: fit them. Where they are given, reliability is not asked again.

    Returns
    -------
    CustomerFeatures
    """
    added = con.sql("SELECT * EXCLUDE (join_date, gender_id, city_id) FROM customers").df().set_index("customer_id")
    own = {"variables": variables or {}}
    if as_of is None:
        none = Fates(status=False, dated=False, window=None)
        return CustomerFeatures(_named(con).join(added), _absent(con, None), none, told([]), **own, observed=False)
    engine = engine or DuckDB(con)
    fitted = fitted_to_counts(engine, as_of, burn_window, shrinkage)
    table, tested, absent = typed(engine.frame(fitted.select)), fitted.tested, _absent(con, as_of)
    own |= {"engine": engine.name, "shrinkage": fitted.shrinkage}
    if shrinkage:
        return CustomerFeatures(table.join(added), absent, fitted.fates, told([]), **own)
    if absent["join_date"].notna().all() and con.sql("SELECT count(join_date) FROM customers").fetchall()[0][0]:
        tested = [_claiming(table, absent, as_of), *tested]
    return CustomerFeatures(table.join(added), absent, fitted.fates, told(tested), **own)


def features_through(
    con: duckdb.DuckDBPyConnection, *, as_of: str, burn_window: int | None, shrinkage: Mapping[str, float]
) -> pd.DataFrame:
    """Return the table of `customer_features` as the lens of another shop shows it, the columns of `FEATURES` only."""
    engine = DuckDB(con)
    return typed(engine.frame(fitted_to_counts(engine, as_of, burn_window, shrinkage).select))


@dataclass(frozen=True)
class Fitted:
    """What was fitted to the counts, which are on the engine, and the SELECT of the features."""

    fates: Fates
    shrinkage: dict[str, float]
    tested: list[dict]
    select: str


def fitted_to_counts(
    engine: Engine, as_of: str, burn_window: int | None, shrinkage: Mapping[str, float] | None
) -> Fitted:
    """Run the first half of the statement, the counts, and find what the second half needs to know of them."""
    fates = coupon_fates(engine, as_of=as_of, burn_window=burn_window)
    first, then = split(FEATURES_SQL, after="counts")
    study = {"as_of": as_of, "burn_window_days": fates.window, "burns_dated": fates.dated}
    fitted = dict(shrinkage or dict.fromkeys(SHRUNK_BY, float("nan")))
    engine.keep("study", _study(study | fitted))
    engine.keep("counts", first)
    if shrinkage:
        return Fitted(fates, fitted, [], then)
    cells = engine.frame(CELLS_SQL).astype(float)
    n, x = cells["n_decided"], cells["n_decided_burned"]
    rate = fit_beta_binomial(x, n, cells["customers"])
    days = engine.frame(LAGS_SQL).astype("int64").set_index("lag_days")["coupons"] if fates.dated else None
    lag = variance_components(
        cells["lag_sum"], cells["lag_sumsq"], x * fates.dated,
        customers=cells["customers"], total_squared=cells["lag_sum_squared"], values=days,
    )  # fmt: skip
    fitted = {"burn_mean": rate.mean, "burn_reliability": rate.reliability}
    fitted |= {"lag_mean": lag.mean, "lag_reliability": lag.reliability}
    engine.keep("study", _study(study | fitted))
    tested = [_reliability("burn_rate", rate)] * fates.status + [_reliability("days_to_burn", lag)] * fates.dated
    tested += [_never_burning(excess_zeros(rate, x, n, cells["customers"]))] * fates.status
    return Fitted(fates, fitted, tested, then)


@cache
def split(statement: str, *, after: str) -> tuple[str, str]:
    """Cut a statement in two: a SELECT of the rows of one of its named parts, and the rest, which reads them.

    Parameters
    ----------
    statement : str
        ``WITH ... SELECT``, DuckDB's dialect.
    after : str
        Name of the part after which to cut.

    Returns
    -------
    tuple of str
        The second one reads a table that bears the name of that part.
    """
    from sqlglot import parse_one

    tree = parse_one(statement, dialect="duckdb")
    parts = list(tree.ctes)
    place = [part.alias for part in parts].index(after)
    first = parts[place].this.copy()
    for part in parts[:place]:
        first = first.with_(part.alias, as_=part.this.copy(), copy=False)
    for part in parts[: place + 1]:
        part.pop()
    return first.sql(dialect="duckdb", pretty=True), tree.sql(dialect="duckdb", pretty=True)


def _study(known: Mapping[str, object]) -> str:
    """Write the one row that the statement calls study."""
    types = {"as_of": "DATE", "burn_window_days": "INTEGER", "burns_dated": "BOOLEAN"}
    cells = []
    for name, value in known.items():
        nothing = value is None or value != value
        cells.append(f"CAST({'NULL' if nothing else repr(str(value))} AS {types.get(name, 'DOUBLE')}) AS {name}")
    return f"SELECT {', '.join(cells)}"


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


def _claiming(table: pd.DataFrame, absent: pd.DataFrame, as_of: str) -> dict:
    """Say whether customers differ in how much they claim, those who claimed nothing among them."""
    days = (pd.Timestamp(as_of) - absent["join_date"]).dt.days
    counts = np.concatenate([table["n_coupons"], np.zeros(len(days))])
    return _reliability("coupons_per_month", overdispersion(counts, np.concatenate([table["tenure_days"], days])))


def _never_burning(fit: ExcessZeros) -> dict:
    """Say whether some customers never burn, beyond what their rates and few coupons explain.

    If not, a column for them would count the burn rate twice.
    """
    reliable = bool(fit.p < RELIABLE_P)
    told = f"{fit.expected:.1%} expected, {p_value(fit.p)}"
    sentence = (
        f"that {fit.share:.1%} of the customers never burned a coupon is {'more than' if reliable else 'what'} "
        f"their burn rates and numbers of coupons explain ({told})"
    )
    found = {"feature": "never_burned", "reliability": fit.reliability, "p": fit.p, "reliable": reliable}
    return found | {"sentence": sentence}


def _reliability(feature: str, fit: BetaBinomial | VarianceComponents | Overdispersion) -> dict:
    reliable = bool(fit.p < RELIABLE_P)
    can = "can" if reliable else "cannot"
    told = f"reliability {fit.reliability:.2f}, {p_value(fit.p)}"
    sentence = f"customers {can} be told apart by their {plain(feature)} ({told})"
    found = {"feature": feature, "reliability": fit.reliability, "p": fit.p, "reliable": reliable}
    return found | {"sentence": sentence}


def told(tested: list[dict]) -> pd.DataFrame:
    """Return what was found of each feature as a table."""
    table = pd.DataFrame(tested, columns=["feature", "reliability", "p", "reliable", "sentence"])
    return table.astype({"reliable": bool})
