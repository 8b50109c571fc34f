"""The shop as it was known on a day, and what customers did after it. No transaction is in both."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import pandas as pd

from seglib.schema.columns import CUSTOMER_COLUMNS
from seglib.sql import in_memory

if TYPE_CHECKING:
    import duckdb

AFTER_SQL = """
-- one row per customer with a transaction after the cut
SELECT
    customer_id,
    count(*) AS n_coupons,
    -- three cases: yes is 1, no is 0, and without a status the sum stays NULL instead of 0
    sum(CASE WHEN burned THEN 1 WHEN burned IS NOT NULL THEN 0 END) AS n_burned,
    sum(CASE WHEN matured AND burned IS NOT NULL THEN 1 WHEN burned IS NOT NULL THEN 0 END) AS n_matured,
    sum(CASE WHEN matured AND burned THEN 1 WHEN burned IS NOT NULL THEN 0 END) AS n_matured_burned,
    -- amounts are summed as decimals: the sum must not depend on the order of the rows
    CAST(sum(CAST(amount AS DECIMAL(18, 4))) AS DOUBLE) AS spend
FROM (
    SELECT
        customer_id,
        amount,
        -- burned later than the last day: not burned yet; burned without a date: the recorded status counts
        transaction_status = 'burned' AND (burn_date IS NULL OR burn_date <= CAST($as_of AS DATE)) AS burned,
        date_diff('day', transaction_date, CAST($as_of AS DATE)) >= $burn_window AS matured
    FROM transactions
    WHERE transaction_date > CAST($cut AS DATE) AND transaction_date <= CAST($as_of AS DATE)
)
GROUP BY customer_id
"""
"""What each customer did with the coupons claimed after the cut, as far as it is known on the last day (``as_of``)."""


def snapshot(
    con: duckdb.DuckDBPyConnection, *, cut: str, burns_dated: bool, known_by_cut: Collection[str] = ()
) -> duckdb.DuckDBPyConnection:
    """Return the canonical tables as they were known at the end of a day.

    Later transactions are not there; a coupon burned later is not burned yet; a customer who joined later has no join
    date yet. Where burns have no date, it is not known what was burned by that day, and the status is removed. So are
    the columns that the shop adds to its customers, because it is not known when their values came to be known.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Sees the canonical tables. Nothing in it is changed.
    cut : str
        The day, ISO format.
    burns_dated : bool
        Whether days of burning are recorded.
    known_by_cut : collection of str, optional
        Columns of the customers table that were known by that day, and stay.

    Returns
    -------
    duckdb.DuckDBPyConnection
        In memory, with copies of the tables.
    """
    columns = [c for c in con.table("customers").columns if c not in CUSTOMER_COLUMNS and c in known_by_cut]
    added = "".join(', "' + c.replace('"', '""') + '"' for c in columns)
    # The optional columns of the tables must all exist, whatever is not known: a NULL keeps the statements of features
    # and of the unified table unchanged.
    burned_later = f"burn_date > DATE '{cut}'"
    status, burn_date = "NULL::VARCHAR", "NULL::DATE"
    if burns_dated:
        status = f"CASE WHEN {burned_later} THEN 'subscribed' ELSE transaction_status END"
        burn_date = f"CASE WHEN NOT {burned_later} THEN burn_date END"
    statements = {
        "customers": f"SELECT customer_id, CASE WHEN join_date <= DATE '{cut}' THEN join_date END AS join_date, "
        f"city_id, gender_id{added} FROM customers",
        "transactions": "SELECT transaction_id, customer_id, transaction_date, coupon_name, branch_id, amount, "
        f"{status} AS transaction_status, {burn_date} AS burn_date FROM transactions "
        f"WHERE transaction_date <= DATE '{cut}'",
    }
    statements |= {name: f"SELECT * FROM {name}" for name in ("genders", "cities", "branches", "merchants")}
    at_cut = in_memory()
    for name, statement in statements.items():
        at_cut.register(name, con.sql(statement).to_arrow_table())
    at_cut.execute(f"CREATE TEMP TABLE study AS SELECT DATE '{cut}' AS as_of")
    return at_cut


def first_transaction(con: duckdb.DuckDBPyConnection, *, as_of: str) -> pd.Timestamp | None:
    """Return the day of the first transaction by ``as_of``; None if there is none."""
    first = con.execute("SELECT min(transaction_date) FROM transactions WHERE transaction_date <= $1", [as_of])
    [(day,)] = first.fetchall()
    return None if day is None else pd.Timestamp(day)


def outcomes_after(
    con: duckdb.DuckDBPyConnection, customers: pd.Index, *, cut: str, as_of: str, burn_window: int
) -> pd.DataFrame:
    """Describe what customers did after a day.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Sees the canonical tables.
    customers : pandas.Index
        The customers to describe: those known on the day of the cut.
    cut, as_of : str
        From the day after ``cut`` up to ``as_of``, ISO format.
    burn_window : int
        Age in days from which on a coupon is old enough to judge.

    Returns
    -------
    pandas.DataFrame of float
        On ``customers``: active (1 if any coupon was claimed), coupons (how many), burned (1 if any coupon claimed in
        these days was burned in them), matured, matured_burned (of those coupons, old enough to judge on the last
        day), spend (money). What the shop does not record is missing for everybody.
    """
    parameters = {"cut": cut, "as_of": as_of, "burn_window": burn_window}
    counts = con.execute(AFTER_SQL, parameters).df().set_index("customer_id").astype(float).reindex(customers)
    # No transaction after the cut is an answer, not a missing value: nothing was claimed, burned or spent.
    counts = counts.where(counts["n_coupons"].notna(), 0.0)
    table = pd.DataFrame(
        {
            "active": (counts["n_coupons"] > 0).astype(float),
            "coupons": counts["n_coupons"],
            "burned": (counts["n_burned"] > 0).astype(float),
            "matured": counts["n_matured"],
            "matured_burned": counts["n_matured_burned"],
            "spend": counts["spend"].fillna(0.0),
        }
    )
    statement = "SELECT count(transaction_status) > 0, count(amount) > 0 FROM transactions"
    has_status, has_amount = con.sql(statement).fetchall()[0]
    if not has_status:
        table[["burned", "matured", "matured_burned"]] = float("nan")
    if not has_amount:
        table["spend"] = float("nan")
    return table
