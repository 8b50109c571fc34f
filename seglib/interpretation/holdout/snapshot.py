"""What could be known on a day, and what customers did after it; no row is in both."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import pandas as pd

from seglib.schema.columns import CUSTOMER_COLUMNS
from seglib.sql import in_memory

if TYPE_CHECKING:
    import duckdb

AFTER_SQL = """
SELECT
    customer_id,
    count(*) AS n_coupons,
    sum(CASE WHEN burned THEN 1 WHEN burned IS NOT NULL THEN 0 END) AS n_burned,
    sum(CASE WHEN decided AND burned IS NOT NULL THEN 1 WHEN burned IS NOT NULL THEN 0 END) AS n_matured,
    sum(CASE WHEN decided AND burned THEN 1 WHEN burned IS NOT NULL THEN 0 END) AS n_matured_burned,
    -- amounts are summed as decimals: the sum must not depend on the order of the rows
    CAST(sum(CAST(amount AS DECIMAL(18, 4))) AS DOUBLE) AS spend
FROM (
    SELECT
        customer_id,
        amount,
        transaction_status = 'burned' AND (burn_date IS NULL OR burn_date <= CAST($as_of AS DATE)) AS burned,
        date_diff('day', transaction_date, CAST($as_of AS DATE)) >= $burn_window AS decided
    FROM transactions
    WHERE transaction_date > CAST($cut AS DATE) AND transaction_date <= CAST($as_of AS DATE)
)
GROUP BY customer_id
"""
"""What each customer did with the coupons claimed after the cut, as far as it is known on the last day."""


def snapshot(
    con: duckdb.DuckDBPyConnection, *, cut: str, burns_dated: bool, known: Collection[str] = ()
) -> duckdb.DuckDBPyConnection:
    """Return the canonical tables as they stood at the end of a day.

    Later transactions are not there; a coupon burned later is not burned yet; who joined later has no join date yet.
    Where burns have no date, nobody can say what was burned by that day, and the status is taken away. So are the
    columns that the shop adds to its customers: nothing says when their values came to be known.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Sees the canonical tables. Nothing in it is changed.
    cut : str
        The day, ISO format.
    burns_dated : bool
        Whether days of burning are recorded.
    known : collection of str, optional
        Columns of the customers table that were known by that day, and stay.

    Returns
    -------
    duckdb.DuckDBPyConnection
        In memory, with copies of the tables.
    """
    own = [c for c in con.table("customers").columns if c not in CUSTOMER_COLUMNS and c in known]
    added = "".join(', "' + c.replace('"', '""') + '"' for c in own)
    later = f"burn_date > DATE '{cut}'"
    status = f"CASE WHEN {later} THEN 'subscribed' ELSE transaction_status END" if burns_dated else "NULL::VARCHAR"
    statements = {
        "customers": f"SELECT customer_id, CASE WHEN join_date <= DATE '{cut}' THEN join_date END AS join_date, "
        f"city_id, gender_id{added} FROM customers",
        "transactions": "SELECT transaction_id, customer_id, transaction_date, coupon_name, branch_id, amount, "
        f"{status} AS transaction_status, CASE WHEN {'NOT ' + later if burns_dated else 'FALSE'} THEN burn_date END "
        f"AS burn_date FROM transactions WHERE transaction_date <= DATE '{cut}'",
    }
    statements |= {name: f"SELECT * FROM {name}" for name in ("genders", "cities", "branches", "merchants")}
    then = in_memory()
    for name, statement in statements.items():
        then.register(name, con.sql(statement).to_arrow_table())
    then.execute(f"CREATE TEMP TABLE study AS SELECT DATE '{cut}' AS as_of")
    return then


def calendar(con: duckdb.DuckDBPyConnection, *, as_of: str) -> pd.Timestamp | None:
    """Return the day of the first transaction by ``as_of``; None if there is none."""
    first = con.execute("SELECT min(transaction_date) FROM transactions WHERE transaction_date <= $1", [as_of])
    [(day,)] = first.fetchall()
    return None if day is None else pd.Timestamp(day)


def what_followed(
    con: duckdb.DuckDBPyConnection, customers: pd.Index, *, cut: str, as_of: str, burn_window: int
) -> pd.DataFrame:
    """Describe what customers did after a day.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Sees the canonical tables.
    customers : pandas.Index
        Whom to describe: those known on the day of the cut.
    cut, as_of : str
        From the day after ``cut`` up to ``as_of``, ISO format.
    burn_window : int
        Age in days from which on the fate of a coupon is decided.

    Returns
    -------
    pandas.DataFrame of float
        On ``customers``: active (1 if any coupon was claimed), coupons (how many), burned (1 if any coupon claimed in
        these days was burned in them), decided, decided_burned (of those coupons, old enough on the last day), spend
        (money). What the shop does not record is missing for everybody.
    """
    told = {"cut": cut, "as_of": as_of, "burn_window": burn_window}
    rows = con.execute(AFTER_SQL, told).df().set_index("customer_id").astype(float).reindex(customers)
    none = rows["n_coupons"].isna()  # nothing claimed: nothing burned and nothing spent, where that is recorded
    filled = rows.where(~none, 0.0)
    recorded = con.sql("SELECT count(transaction_status) > 0, count(amount) > 0 FROM transactions").fetchall()[0]
    table = pd.DataFrame(
        {
            "active": (filled["n_coupons"] > 0).astype(float),
            "coupons": filled["n_coupons"],
            "burned": (filled["n_burned"] > 0).astype(float),
            "decided": filled["n_matured"],
            "decided_burned": filled["n_matured_burned"],
            "spend": filled["spend"].fillna(0.0),
        }
    )
    status, amount = recorded
    lacking = ([] if status else ["burned", "decided", "decided_burned"]) + ([] if amount else ["spend"])
    return table.assign(**dict.fromkeys(lacking, float("nan")))
