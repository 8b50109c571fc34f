"""03 What describes a customer? One row a customer, in original units.

`customer_features` runs ``sql/features.sql`` (counts and sums, on any engine) and makes rates of them, shrunk
towards the shop's own (`seglib.shrinkage`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

import pandas as pd

from seglib.errors import ParameterRefused
from seglib.shrinkage import BetaBinomial, VarianceComponents, fit_beta_binomial, variance_components
from seglib.words import called, listing, p_value, plain

if TYPE_CHECKING:
    import duckdb

FEATURES_SQL: str = files("seglib").joinpath("sql/features.sql").read_text(encoding="utf-8")
"""The statement that turns canonical tables into one row a customer."""

DAYS_PER_MONTH = 365.25 / 12
RELIABLE_P = 0.01
"""Level at which customers must differ in a shrunk feature, or it leaves the matrix: noise gets no full weight."""


@dataclass(frozen=True)
class Feature:
    """One line of the feature dictionary.

    Attributes
    ----------
    name, unit, meaning : str
    role : {"segmentation", "demographic", "descriptor", "count"}
        ``segmentation`` features build the segments, ``demographic`` ones do so with the weight the analyst gives
        them, ``descriptor`` ones only describe the result, and a ``count`` is what others are made of.
    log : bool
        Whether differences are judged on the scale of log(1 + x).
    ratio : tuple of str, optional
        The two counts whose sums give the feature of a group of customers, as it was seen.
    """

    name: str
    unit: str
    meaning: str
    role: Literal["segmentation", "demographic", "descriptor", "count"]
    log: bool = False
    ratio: tuple[str, str] | None = None


FEATURES: tuple[Feature, ...] = (
    Feature(
        "coupons_per_month", "coupons a month", "coupons claimed / months observed (at least one)",
        "segmentation", log=True, ratio=("n_coupons", "months_observed"),
    ),
    Feature(
        "burn_rate", "share", "share of decided coupons that were burned, shrunk to the shop's",
        "segmentation", ratio=("n_decided_burned", "n_decided"),
    ),
    Feature(
        "days_to_burn", "days", "mean days from claim to burn, shrunk to the shop's",
        "segmentation", ratio=("lag_days", "n_decided_burned"),
    ),
    Feature("recency_days", "days", "days from the last claim to as_of", "segmentation"),
    Feature("gender_name", "name", "gender", "demographic"),
    Feature("city_name", "name", "city", "demographic"),
    Feature("n_coupons", "coupons", "coupons claimed", "descriptor"),
    Feature("n_burned", "coupons", "coupons burned by as_of", "descriptor"),
    Feature("never_burned", "0 or 1", "1 if no decided coupon was burned; missing if none is decided", "descriptor"),
    Feature("n_branches", "branches", "different branches", "descriptor"),
    Feature("n_merchants", "merchants", "different merchants", "descriptor"),
    Feature(
        "spend_per_month", "money a month", "amount spent / months observed", "descriptor",
        ratio=("spend", "months_observed"),
    ),
    Feature("tenure_days", "days", "days from joining (or the first coupon, if earlier) to as_of", "descriptor"),
    Feature("n_decided", "coupons", "coupons old enough for their fate to be decided", "count"),
    Feature("n_decided_burned", "coupons", "decided coupons that were burned", "count"),
    Feature("lag_days", "days", "days from claim to burn, summed over decided burned coupons", "count"),
    Feature("spend", "money", "amount spent", "count"),
    Feature("months_observed", "months", "tenure in months, at least one", "count"),
)  # fmt: skip
"""The feature dictionary, in the order of the columns of features.parquet."""

NO_STATUS, NO_BURN_DATES = "the shop records no coupon status", "the shop records no burn dates"


def not_recorded(column: str) -> str:
    """Say why a column that a recipe would use is not there."""
    return NO_STATUS if column == "transaction_status" else "the shop records none"


def features_of(table: pd.DataFrame) -> list[Feature]:
    """Return what a shop's own features are: those that have a value, and what its customers table adds.

    Parameters
    ----------
    table : pandas.DataFrame
        `CustomerFeatures.table`. Without a status its rows count transactions, and the words say so.
    """
    said = called(table["n_burned"])
    ours = {f.name: replace(f, unit=said.of(f.unit), meaning=said.of(f.meaning)) for f in FEATURES}
    theirs = {
        name: Feature(
            name,
            "number" if pd.api.types.is_numeric_dtype(table[name]) else "name",
            "from the customers table",
            "descriptor",
        )
        for name in table
        if name not in ours
    }
    return [feature for name, feature in (ours | theirs).items() if name in table and table[name].notna().any()]


def dictionary(table: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the feature dictionary as a table: name, unit, meaning, role; that of one shop if its table is given."""
    return pd.DataFrame(FEATURES if table is None else features_of(table))[["name", "unit", "meaning", "role"]]


@dataclass(frozen=True)
class Fates:
    """What a shop records of the fate of its coupons, and from which age on it counts.

    Attributes
    ----------
    status, dated : bool
        Whether it is recorded that a coupon was burned, and on which day.
    window : int or None
        Days after which a coupon counts as decided; 0 if all do, None without a status.
    """

    status: bool
    dated: bool
    window: int | None

    @property
    def text(self) -> str:
        """From when on a coupon counts, and what cannot be known."""
        if not self.status:
            return "Every transaction counts, and nothing is known of burning."
        if self.dated:
            return (
                f"A coupon counts as decided {self.window} days after its claim; younger ones are left out where "
                "burning is measured."
            )
        if self.window:
            return (
                f"{NO_BURN_DATES.capitalize()}: a coupon counts as decided {self.window} days after its claim, as "
                "burn_window says, with the status that is recorded, also where it was burned after as_of."
            )
        return (
            f"{NO_BURN_DATES.capitalize()}: every coupon counts as decided, with the status that is recorded. "
            "So a burn after as_of counts as well, and a young coupon counts as not burned although it may still be. "
            "Where the share burned depends on the age, give burn_window, the days for which a coupon can be burned."
        )


def coupon_fates(con: duckdb.DuckDBPyConnection, *, as_of: str, burn_window: int | None = None) -> Fates:
    """Find out what is recorded of the fate of coupons, and the age from which on it counts.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Sees the canonical tables (`seglib.run.Run.connect`).
    as_of : str
        The day on which the shop is looked at, ISO format.
    burn_window : int, optional
        The age in days; default: what `observed_burn_window` finds (1 if nothing was ever burned), and 0 where
        no burn has a date: nothing is known then of how long a burn takes.
    """
    if burn_window is not None and burn_window < 1:
        raise ParameterRefused(f"burn_window is a number of days, at least 1, not {burn_window}")
    status, dated = records(
        con.sql("SELECT transaction_status, min(burn_date) AS burn_date FROM transactions GROUP BY ALL").df()
    )
    if not status:
        return Fates(status, dated, None)
    return Fates(status, dated, burn_window or ((observed_burn_window(con, as_of) or 1) if dated else 0))


def records(transactions: pd.DataFrame) -> tuple[bool, bool]:
    """Return whether transactions have a status, and whether those that are burned have a date."""
    status = transactions["transaction_status"]
    known = bool(status.notna().any())
    return known, known and bool(transactions.loc[status == "burned", "burn_date"].notna().all())


def burned_by(transactions: pd.DataFrame, *, as_of: str) -> pd.Series:
    """Return 1 for a coupon burned by ``as_of``, 0 for another; missing without a status.

    A burn without a date counts as recorded. It is what ``sql/features.sql`` counts.
    """
    status = transactions["transaction_status"]
    burned = (status == "burned") & ~(transactions["burn_date"] > pd.Timestamp(as_of))
    return burned.astype(float).where(status.notna())


@dataclass(frozen=True)
class CustomerFeatures:
    """The features and what was learned on the way to them.

    Attributes
    ----------
    table : pandas.DataFrame
        Indexed by customer_id, one row a customer with at least one transaction by ``as_of``; the columns
        of `FEATURES`, missing where the shop records nothing of the kind, then those that the customers table adds.
    absent : pandas.DataFrame
        The customers that had joined by ``as_of`` and have no transaction: customer_id, join_date.
    fates : Fates
        Whether burning is recorded, and the age from which on a coupon counts as decided.
    reliability : pandas.DataFrame
        One row a shrunk feature: feature, reliability (share of the variance of a single value that lies
        between customers), p (of the hypothesis that it is zero), reliable, sentence.
    """

    table: pd.DataFrame
    absent: pd.DataFrame
    fates: Fates
    reliability: pd.DataFrame

    @property
    def missing(self) -> dict[str, str]:
        """Features that could build segments if the shop recorded them, each with the reason."""
        rate = {} if self.fates.status else {"burn_rate": NO_STATUS}
        days = {} if self.fates.dated else {"days_to_burn": NO_BURN_DATES if self.fates.status else NO_STATUS}
        demographics = [f.name for f in FEATURES if f.role == "demographic" and self.table[f.name].isna().all()]
        return rate | days | {name: not_recorded(name) for name in demographics}

    @property
    def unreliable(self) -> dict[str, str]:
        """Features in which customers cannot be told apart, each with the reason, for `seglib.preprocessing`."""
        bad = self.reliability[~self.reliability["reliable"]]
        return dict(zip(bad["feature"], bad["sentence"], strict=True))

    @property
    def text(self) -> str:
        """Who is described, who is not, from when on a coupon counts, and what falls away."""
        text = (
            f"{len(self.table):,} customers have a transaction and are described; {len(self.absent):,} have none "
            f"and are listed apart. {self.fates.text}"
        )
        for why in dict.fromkeys(self.missing.values()):
            text += f" Not there: {listing([plain(f) for f, w in self.missing.items() if w == why])} ({why})."
        return text


def customer_features(
    con: duckdb.DuckDBPyConnection, *, as_of: str, burn_window: int | None = None
) -> CustomerFeatures:
    """Describe every customer that has a transaction.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Sees the canonical tables (`seglib.run.Run.connect`).
    as_of : str
        The day on which the shop is looked at, ISO format.
    burn_window : int, optional
        Days after which a coupon's fate is decided; default: see `coupon_fates`.

    Returns
    -------
    CustomerFeatures
    """
    fates = coupon_fates(con, as_of=as_of, burn_window=burn_window)
    con.execute(
        "CREATE OR REPLACE TABLE study AS SELECT CAST(? AS DATE) AS as_of, CAST(? AS INTEGER) AS burn_window_days",
        [as_of, fates.window],
    )
    counts = con.sql(FEATURES_SQL).df().set_index("customer_id")
    absent = con.sql(
        "SELECT customer_id, join_date FROM customers, study WHERE (join_date IS NULL OR join_date <= as_of) "
        "AND customer_id NOT IN (SELECT customer_id FROM transactions, study WHERE transaction_date <= as_of) "
        "ORDER BY length(customer_id), customer_id"
    ).df()
    if not fates.dated:
        counts = counts.assign(lag_days_sum=float("nan"), lag_days_sumsq=float("nan"))
    prior = fit_beta_binomial(counts["n_decided_burned"], counts["n_decided"])
    n_dated = counts["n_decided_burned"] * fates.dated
    lag = variance_components(counts["lag_days_sum"], counts["lag_days_sumsq"], n_dated)
    tested = [_reliability("burn_rate", prior)] * fates.status + [_reliability("days_to_burn", lag)] * fates.dated
    reliability = pd.DataFrame(tested, columns=["feature", "reliability", "p", "reliable", "sentence"])
    added = con.sql("SELECT * EXCLUDE (join_date, gender_id, city_id) FROM customers").df().set_index("customer_id")
    table = _rates(counts, prior, lag).join(added)
    return CustomerFeatures(table, absent, fates, reliability.astype({"reliable": bool}))


def observed_burn_window(con: duckdb.DuckDBPyConnection, as_of: str) -> int | None:
    """Return the days within which practically every burn happens, from the burns seen by ``as_of``.

    The 99th percentile of the days from claim to burn, taken up to the next full ten days. Slow burns of young
    coupons have not been seen yet, so only coupons at least as old as the slowest burn seen are counted; where
    fewer than a hundred of those were burned, the slowest burn itself is taken.

    Returns
    -------
    int or None
        None if nothing was burned.
    """
    lags = con.execute(
        "SELECT date_diff('day', transaction_date, burn_date) AS lag, "
        "date_diff('day', transaction_date, CAST(? AS DATE)) AS age "
        "FROM transactions WHERE burn_date <= CAST(? AS DATE)",
        [as_of, as_of],
    ).df()
    if lags.empty:
        return None
    old = lags.loc[lags["age"] >= lags["lag"].max(), "lag"]
    slow = old.quantile(0.99, interpolation="lower") if len(old) >= 100 else lags["lag"].max()
    return 10 * (int(slow) // 10 + 1)


def _rates(counts: pd.DataFrame, prior: BetaBinomial, lag: VarianceComponents) -> pd.DataFrame:
    months = (counts["tenure_days"] / DAYS_PER_MONTH).clip(lower=1.0)
    table = counts.rename(columns={"lag_days_sum": "lag_days"}).assign(
        coupons_per_month=counts["n_coupons"] / months,
        burn_rate=prior.shrink(counts["n_decided_burned"], counts["n_decided"]).where(counts["n_decided"].notna()),
        days_to_burn=lag.shrink(counts["lag_days_sum"], counts["n_decided_burned"]),
        never_burned=(counts["n_decided_burned"] == 0).astype(float).where(counts["n_decided"] > 0),
        spend_per_month=counts["spend"] / months,
        months_observed=months,
    )
    counted = [c for c in table if c.startswith("n_") or c in ("recency_days", "tenure_days", "lag_days")]
    unseen = [c for c in ("n_branches", "n_merchants") if not table[c].any()]
    table = table.assign(**dict.fromkeys(unseen, float("nan")))  # a shop that records none has not 0 of them
    known = [c for c in counted if table[c].notna().all()]
    return table[[f.name for f in FEATURES]].astype(dict.fromkeys(known, "int64"))


def _reliability(feature: str, fit: BetaBinomial | VarianceComponents) -> dict:
    reliable = bool(fit.p < RELIABLE_P)
    can = "can" if reliable else "cannot"
    sentence = (
        f"customers {can} be told apart by their {plain(feature)} (reliability {fit.reliability:.2f}, {p_value(fit.p)})"
    )
    return {
        "feature": feature,
        "reliability": fit.reliability,
        "p": fit.p,
        "reliable": reliable,
        "sentence": sentence,
    }
