"""Control totals: rows of every file and the sum of its amounts, so that anybody can reconcile them with the source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb
import pandas as pd

from seglib.ingest.contract.loading import LoadedTable
from seglib.ingest.contract.validation import NOT_COPIED
from seglib.sql import quoted, sql_literal

ALL, USED = "all rows of the source", "used"
"""The first and the last thing that is said of the rows of transactions."""


@dataclass(frozen=True)
class ControlTotals:
    """Rows of the files of a source, what became of them, and their amounts.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per table of the source (a file, sheet or table) and thing that became of its rows: found_in, rows_are,
        rows, amount (the sum of all amounts that can be read; missing where there are none), without_amount (rows
        that have none). Of the table with the transactions, all other rows add up to the first one.
    """

    table: pd.DataFrame

    @property
    def text(self) -> str:
        """How many rows the source has, and how much their amounts are, before and after the contract."""
        files = self.table[self.table["rows_are"] == ALL]
        parts = [_rows_of(row.found_in, row.rows, row.amount) for row in files.itertuples()]
        used = self.table[self.table["rows_are"] == USED]
        parts += [
            f"{row.rows:,} row{'s' if row.rows != 1 else ''} of {row.found_in} {'are' if row.rows != 1 else 'is'} used"
            f"{_amounts(row.amount)}"
            for row in used.itertuples()
        ]
        return f"To reconcile with the source: {'; '.join(parts)}."


def control_totals(con: duckdb.DuckDBPyConnection, tables: Mapping[str, LoadedTable]) -> ControlTotals:
    """Count the rows of a source and add up their amounts.

    Amounts are added up as decimals, so that the sum does not depend on the order of the rows.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        After the contract was applied; with ``study``, a table with one row: as_of.
    tables : mapping of str to LoadedTable
        By canonical name.
    """
    transactions = tables.get("transactions")
    records: list[tuple[str, str, int, float | None, int | None]] = []
    for name in _source_tables(con):
        if transactions is not None and name == transactions.source:
            records += _of_transactions(con, transactions)
        else:
            [(rows,)] = con.sql(f"SELECT count(*) FROM source.{quoted(name)}").fetchall()
            records.append((name, ALL, rows, None, None))
    table = pd.DataFrame(records, columns=["found_in", "rows_are", "rows", "amount", "without_amount"])
    return ControlTotals(table.astype({"rows": int, "amount": float, "without_amount": "Int64"}))


def _source_tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    """List the tables of the source that were read, in the order of their names."""
    names = con.sql(
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_schema = 'source' AND table_catalog = current_database() ORDER BY 1"
    )
    return [name for (name,) in names.fetchall()]


def _of_transactions(
    con: duckdb.DuckDBPyConnection, loaded: LoadedTable
) -> Iterator[tuple[str, str, int, float | None, int | None]]:
    """Yield what became of the rows of transactions: a row is counted at one place only."""
    name = loaded.source
    [(of_source, of_raw)] = con.sql(
        f"SELECT (SELECT count(*) FROM source.{quoted(name)}), (SELECT count(*) FROM raw.transactions)"
    ).fetchall()
    # a row that a rule sets aside may violate several; of those that were left out, each was for one reason
    parts = con.sql(
        f"""
        WITH reasons AS (
            SELECT row_number, min(CASE
                WHEN severity = 'error' THEN 'set aside: they break a rule'
                WHEN ends_with(rule, {sql_literal(f".{NOT_COPIED}")}) THEN 'of other cities, as asked'
                ELSE 'left out by the mapping: ' || regexp_replace(rule, '^transactions[.]left_out[.]', '') END) AS why
            FROM set_aside WHERE table_name = 'transactions' GROUP BY ALL
        ),
        placed AS (
            SELECT amount, CASE
                WHEN why IS NOT NULL THEN why
                WHEN transaction_date > as_of THEN 'after the day we look from'
                ELSE {sql_literal(USED)} END AS rows_are
            FROM staged_transactions CROSS JOIN study LEFT JOIN reasons USING (row_number)
        )
        SELECT rows_are, count(*), sum(CAST(amount AS DECIMAL(24, 6))), count(*) - count(amount)
        FROM placed GROUP BY rows_are ORDER BY rows_are = {sql_literal(USED)}, rows_are
        """
    ).fetchall()
    has_amounts = "amount" in loaded.columns
    repeated = of_source - of_raw
    total = sum(amount for _, _, amount, _ in parts if amount is not None)
    without = sum(lacking for *_, lacking in parts)
    # of rows that only repeat a key nothing is read, so the amounts of all rows of the file are not known
    is_whole = has_amounts and not repeated
    yield name, ALL, of_source, float(total) if is_whole else None, without if is_whole else None
    if repeated:
        yield name, "repetitions of a key, or without one (rows: distinct)", repeated, None, None
    for what, rows, amount, lacking in parts:
        yield name, what, rows, float(amount or 0) if has_amounts else None, lacking if has_amounts else None


def _rows_of(name: str, rows: int, amount: float) -> str:
    return f"{name} has {rows:,} row{'s' if rows != 1 else ''}{_amounts(amount)}"


def _amounts(amount: float) -> str:
    return "" if pd.isna(amount) else f", with amounts of {amount:,.2f} in all"
