"""A statement that somebody else wrote: what it may say, and that it cannot look past the day."""

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglib.sql.dialects import DIALECTS, in_parts
from seglib.sql.own_statement import READABLE, StatementRefused, own_parts, own_statement

REFUSED = {
    "": "not one SELECT",
    "SELECT 1 AS a; SELECT 2 AS a": "not one SELECT",
    "DROP TABLE customers": "not one SELECT",
    "COPY customers TO 'x.csv'": "not one SELECT",
    "INSERT INTO customers SELECT 1": "not one SELECT",
    "ATTACH 'x.db'": "not one SELECT",
    "SELECT a FROM (": "cannot be read as SQL",
    "SELECT * FROM customers": "name every column",
    "SELECT count(*) FROM customers": "name every column",
    "SELECT a FROM 'secrets.csv'": "secrets.csv",
    "SELECT a FROM read_csv('secrets.csv')": "secrets.csv",
    "SELECT a FROM customers WHERE EXISTS (FROM 'secrets.parquet')": "secrets.parquet",
    "SELECT (SELECT content FROM read_text('/etc/passwd')) AS a FROM customers": "READ_TEXT",
    "SELECT a FROM duckdb_settings()": "DUCKDB_SETTINGS",
    "SELECT a FROM information_schema.tables": "information_schema.tables",
    "SELECT a FROM other.transactions": "other.transactions",
    "SELECT a FROM counts": "it reads counts",
    "SELECT a FROM range(1000000000) AS t(a)": "RANGE",
    "WITH RECURSIVE w AS (SELECT 1 AS a UNION ALL SELECT a FROM w) SELECT a FROM w": "RECURSIVE",
    "WITH transactions AS (SELECT 1 AS a) SELECT a FROM transactions": "'transactions', which is the name of a table",
    "SELECT getenv('HOME') AS a FROM customers": "getenv()",
    "SELECT current_setting('threads') AS a FROM customers": "current_setting()",
    "SELECT random() AS a FROM customers": "another one each time",
    "SELECT date_diff('day', join_date, current_date) AS a FROM customers": "another one each time",
    "SELECT now() AS a FROM customers": "another one each time",
    "SELECT a FROM customers TABLESAMPLE 10%": "another one each time",
    "SELECT $1 AS a FROM customers": "$1",
}


@pytest.mark.parametrize("sql", REFUSED)
def test_what_cannot_travel_is_refused_and_named(sql):
    with pytest.raises(StatementRefused) as refused:
        own_statement(sql)
    assert REFUSED[sql] in str(refused.value)
    assert not str(refused.value).endswith(".")


def test_what_a_statement_reads_is_known():
    statement = own_statement(
        "WITH visits AS (SELECT customer_id, coupon_name FROM Transactions CROSS JOIN study) "
        "SELECT customer_id, count(*) AS n FROM visits GROUP BY customer_id;"
    )
    assert statement.columns == ("customer_id", "n")
    assert statement.tables == {"transactions", "study"}
    assert statement.needs("coupon_name")
    assert not statement.needs("transaction_id")
    assert own_statement("SELECT customer_id FROM (SELECT * FROM transactions)").needs("transaction_id")


@pytest.fixture
def con():
    """Three coupons of one customer, one of them after the day, one burned after it."""
    con = duckdb.connect()
    con.execute("CREATE TABLE study AS SELECT DATE '2024-03-31' AS as_of")
    rows = pd.DataFrame(
        {
            "transaction_id": ["1", "2", "3"],
            "customer_id": ["a", "a", "a"],
            "transaction_date": pd.to_datetime(["2024-01-01", "2024-03-01", "2024-04-02"]),
            "transaction_status": ["burned", "burned", "subscribed"],
            "coupon_name": ["x", "y", "z"],
            "burn_date": pd.to_datetime(["2024-01-05", "2024-04-01", None]),
            "branch_id": ["1", "1", "2"],
            "amount": [1.0, 2.0, 4.0],
        }
    )
    con.register("rows", rows)
    con.execute(
        "CREATE TABLE transactions AS SELECT * REPLACE (CAST(transaction_date AS DATE) AS transaction_date, "
        "CAST(burn_date AS DATE) AS burn_date) FROM rows"
    )
    return con


STATEMENT = """
WITH visits AS (SELECT transactions.customer_id, transactions.amount, transactions.transaction_status, burn_date
    FROM transactions)
SELECT v.customer_id, sum(v.amount) AS spend, count(v.burn_date) AS burns,
    sum(CASE WHEN v.transaction_status = 'burned' THEN 1 ELSE 0 END) AS burned
FROM visits AS v GROUP BY v.customer_id
"""
KINDS = {"spend": "numeric", "burns": "numeric", "burned": "numeric"}


def run(con, parts):
    *_, last = parts
    named = ", ".join(f"{name} AS ({select})" for name, select in parts.items())
    return con.sql(f"WITH {named} SELECT * FROM {last}").df()


def test_it_sees_the_shop_as_it_was_known_on_the_day(con):
    [row] = run(con, own_parts(STATEMENT, KINDS)).to_dict("records")
    assert row == {"customer_id": "a", "spend": 3.0, "burns": 1.0, "burned": 1.0}


@settings(deadline=None, max_examples=15)
@given(later=st.lists(st.integers(1, 1000), max_size=5))
def test_no_later_coupon_changes_anything(later):
    def table(days):
        con = duckdb.connect()
        con.execute("CREATE TABLE study AS SELECT DATE '2024-03-31' AS as_of")
        dates = ", ".join(f"DATE '2024-03-31' + ({day})" for day in days)
        con.execute(
            "CREATE TABLE transactions AS SELECT 'i' AS transaction_id, 'a' AS customer_id, CAST(d AS DATE) AS "
            "transaction_date, 'burned' AS transaction_status, 'c' AS coupon_name, CAST(d AS DATE) AS burn_date, "
            f"'b' AS branch_id, 1.5 AS amount FROM (SELECT unnest([{dates}]) AS d)"
        )
        return run(con, own_parts(STATEMENT, KINDS))

    before = [-9, -3, 0]
    pd.testing.assert_frame_equal(table(before), table([*before, *later]))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_it_is_written_in_every_dialect_and_its_parts_stay_inside(dialect):
    parts = own_parts(STATEMENT, KINDS)
    assert list(parts) == ["transactions_by_as_of", "own_features"]
    ctes, body = in_parts(parts["own_features"], dialect)
    assert ctes == {}
    assert "transactions_by_as_of" in body


def test_without_transactions_there_is_no_part_for_them():
    assert list(own_parts("SELECT customer_id, 1 AS a FROM customers", {"a": "numeric"})) == ["own_features"]
    assert set(READABLE) >= {"customers", "transactions", "study"}
