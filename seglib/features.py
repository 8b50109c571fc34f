"""03 What describes a customer? One row a customer, in original units.

`customer_features` runs ``sql/features.sql`` (counts and sums, on any engine) and makes rates of them, shrunk
towards the shop's own (`seglib.shrinkage`).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

import pandas as pd

from seglib.errors import ParameterRefused
from seglib.shrinkage import BetaBinomial, VarianceComponents, fit_beta_binomial, variance_components
from seglib.words import p_value, plain

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


def dictionary() -> pd.DataFrame:
    """Return the feature dictionary as a table: name, unit, meaning, role."""
    return pd.DataFrame(FEATURES)[["name", "unit", "meaning", "role"]]


@dataclass(frozen=True)
class CustomerFeatures:
    """The features and what was learned on the way to them.

    Attributes
    ----------
    table : pandas.DataFrame
        Indexed by customer_id, one row a customer with at least one transaction by ``as_of``; the columns
        of `FEATURES`.
    absent : pandas.DataFrame
        The customers that had joined by ``as_of`` and have no transaction: customer_id, join_date.
    burn_window : int
        Days after which a coupon counts as decided.
    reliability : pandas.DataFrame
        One row a shrunk feature: feature, reliability (share of the variance of a single value that lies
        between customers), p (of the hypothesis that it is zero), reliable, sentence.
    """

    table: pd.DataFrame
    absent: pd.DataFrame
    burn_window: int
    reliability: pd.DataFrame

    @property
    def unreliable(self) -> dict[str, str]:
        """Features in which customers cannot be told apart, each with the reason, for `seglib.preprocessing`."""
        bad = self.reliability[~self.reliability["reliable"]]
        return dict(zip(bad["feature"], bad["sentence"], strict=True))

    @property
    def text(self) -> str:
        """Who is described, who is not, and from when on a coupon counts."""
        return (
            f"{len(self.table):,} customers have a transaction and are described; {len(self.absent):,} have none "
            f"and are listed apart. A coupon counts as decided {self.burn_window} days after its claim."
        )


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
        Days after which a coupon's fate is decided; default: what `observed_burn_window` finds (1 if nothing
        was ever burned).

    Returns
    -------
    CustomerFeatures
    """
    if burn_window is not None and burn_window < 1:
        raise ParameterRefused(f"burn_window is a number of days, at least 1, not {burn_window}")
    window = burn_window or observed_burn_window(con, as_of) or 1
    con.execute(
        "CREATE OR REPLACE TABLE study AS SELECT CAST(? AS DATE) AS as_of, CAST(? AS INTEGER) AS burn_window_days",
        [as_of, window],
    )
    counts = con.sql(FEATURES_SQL).df().set_index("customer_id")
    absent = con.sql(
        "SELECT customer_id, join_date FROM customers, study WHERE (join_date IS NULL OR join_date <= as_of) "
        "AND customer_id NOT IN (SELECT customer_id FROM transactions, study WHERE transaction_date <= as_of) "
        "ORDER BY length(customer_id), customer_id"
    ).df()
    prior = fit_beta_binomial(counts["n_decided_burned"], counts["n_decided"])
    lag = variance_components(counts["lag_days_sum"], counts["lag_days_sumsq"], counts["n_decided_burned"])
    reliability = pd.DataFrame([_reliability("burn_rate", prior), _reliability("days_to_burn", lag)])
    return CustomerFeatures(_rates(counts, prior, lag), absent, window, reliability)


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
        burn_rate=prior.shrink(counts["n_decided_burned"], counts["n_decided"]),
        days_to_burn=lag.shrink(counts["lag_days_sum"], counts["n_decided_burned"]),
        never_burned=(counts["n_decided_burned"] == 0).astype(float).where(counts["n_decided"] > 0),
        spend_per_month=counts["spend"] / months,
        months_observed=months,
    )
    counted = [c for c in table if c.startswith("n_") or c in ("recency_days", "tenure_days", "lag_days")]
    return table[[f.name for f in FEATURES]].astype(dict.fromkeys(counted, "int64"))


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


def scatter_by_coupons(table: pd.DataFrame) -> pd.DataFrame:
    """Show what few coupons do to a raw burn rate, and what shrinkage makes of it.

    Parameters
    ----------
    table : pandas.DataFrame
        `CustomerFeatures.table`.

    Returns
    -------
    pandas.DataFrame
        One row a group of customers by number of decided coupons: decided_coupons, customers, extreme (share of
        raw rates that are exactly 0 or 1), raw_sd, shrunk_sd (standard deviation of raw and of shrunk rates).
    """
    decided = table[table["n_decided"] > 0]
    raw = decided["n_decided_burned"] / decided["n_decided"]
    group = pd.cut(decided["n_decided"], [0, 1, 3, 6, float("inf")], labels=["1", "2 or 3", "4 to 6", "7 or more"])
    rates = pd.DataFrame({"raw": raw, "shrunk": decided["burn_rate"], "extreme": raw.isin([0, 1])})
    scatter = rates.groupby(group, observed=True).agg(
        customers=("raw", "size"), extreme=("extreme", "mean"), raw_sd=("raw", "std"), shrunk_sd=("shrunk", "std")
    )
    return scatter.rename_axis("decided_coupons").reset_index().astype({"decided_coupons": "str"})
