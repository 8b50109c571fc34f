"""Apply the contract of `seglib.schema` to the raw tables of a source.

Every step is a query on the DuckDB connection that holds them: read each column by its kind, find the rows
that break a rule, accept the others, count both.
"""

from __future__ import annotations

from collections import Counter

import duckdb
import pandas as pd

from seglib.errors import InputRefused
from seglib.schema import RULES, TABLES, Column, Rule, Table
from seglib.sources import Source
from seglib.words import near

LARGEST_NUMBER = 1e12
"""Larger ones, and infinity, are no number that a shop can mean; sums of smaller ones are exact decimals."""

FIRST_YEAR, LAST_YEAR = 1950, 2099
"""A date outside of these years is a slip of the pen, or a spreadsheet's zero."""


def apply(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Make the canonical tables from ``raw.<table>``, with accepted rows only.

    Also makes ``staged_<table>`` (every row, read by kind) and ``broken`` (one row a row and a rule it breaks).

    Raises
    ------
    InputRefused
        If a required column is missing; all of them are named at once.
    """
    columns = _match_columns(con, source)
    con.execute("CREATE TABLE broken (table_name VARCHAR, row_number BIGINT, rule VARCHAR, severity VARCHAR)")
    for name, table in TABLES.items():
        _stage(con, table, columns.get(name, {}))
        for rule in RULES:
            if rule.table == name and rule.severity != "fact":
                con.execute(
                    f"INSERT INTO broken SELECT ?, row_number, ?, ? FROM staged_{name} AS t WHERE {rule.where}",
                    [name, rule.id, rule.severity],
                )
        _accept(con, table)


def _match_columns(con: duckdb.DuckDBPyConnection, source: Source) -> dict[str, dict[str, tuple[str, str]]]:
    """Map each canonical column to the source's own (name, type); refuse if a required one is missing."""
    matched: dict[str, dict[str, tuple[str, str]]] = {}
    problems = []
    for name in source.files:
        columns = [(row[0], row[1]) for row in con.sql(f"DESCRIBE raw.{name}").fetchall()]
        found = {column.strip().lower(): (column, kind) for column, kind in columns}
        if len(found) < len(columns):
            twice = Counter(column.strip().lower() for column, _ in columns).most_common(1)[0][0]
            problems.append(f"table {name}: column '{twice}' is there more than once; keep one of them")
        matched[name] = {c.name: found[c.name] for c in TABLES[name].columns if c.name in found}
        problems += [
            f"table {name}: column '{c.name}' is missing{near(c.name, list(found))}; "
            f"found: {', '.join(repr(f) for f in found)}"
            for c in TABLES[name].columns
            if c.required and c.name not in found
        ]
    if problems:
        raise InputRefused("\n".join(problems))
    return matched


def _stage(con: duckdb.DuckDBPyConnection, table: Table, columns: dict[str, tuple[str, str]]) -> None:
    """Read every column by its kind into ``staged_<table>``, keeping the row number and what was unreadable."""
    if not columns:  # the shop has no such table: it is there, and empty
        empty = ", ".join(f"CAST(NULL AS {c.sql_type}) AS {c.name}" for c in table.columns)
        unreadable = ", ".join(f"false AS {c.name}__unreadable" for c in table.columns if _parsed(c))
        selected = f"SELECT 0 AS row_number, {', '.join(filter(None, [empty, unreadable]))} WHERE false"
    else:
        parts = ["row_number() OVER () AS row_number"]
        for column in table.columns:
            if column.name not in columns:
                value, text = f"CAST(NULL AS {column.sql_type})", "NULL"
            else:
                value, text = _reading(column, *columns[column.name])
            parts.append(f"{value} AS {column.name}")
            if _parsed(column):
                parts.append(f"({value} IS NULL AND {text} IS NOT NULL) AS {column.name}__unreadable")
        selected = f"SELECT {', '.join(parts)} FROM raw.{table.name}"
    con.execute(
        f"CREATE TABLE staged_{table.name} AS SELECT *, row_number() OVER "
        f"(PARTITION BY {table.key} ORDER BY row_number) AS key_copy FROM ({selected})"
    )


def _parsed(column: Column) -> bool:
    return column.kind in ("date", "number")


def _reading(column: Column, name: str, raw_type: str) -> tuple[str, str]:
    """Return two SQL expressions: the value read by the column's kind, and the cell's text (NULL if blank)."""
    raw = '"' + name.replace('"', '""') + '"'
    floating = raw_type in ("DOUBLE", "FLOAT")
    text = f"nullif(trim(CAST({raw} AS VARCHAR)), '')"
    if floating:  # a spreadsheet or pandas writes whole numbers with gaps as 7.0, and the gaps as nan
        whole = f"{raw} = floor({raw}) AND abs({raw}) < 9e15"
        text = (
            f"CASE WHEN isnan({raw}) THEN NULL WHEN {whole} THEN CAST(CAST({raw} AS BIGINT) AS VARCHAR) "
            f"ELSE CAST({raw} AS VARCHAR) END"
        )
    if column.kind == "status":
        return f"lower({text})", text
    if column.kind == "number":
        number = f"TRY_CAST({text} AS DOUBLE)"
        return f"CASE WHEN abs({number}) < {LARGEST_NUMBER} THEN {number} END", text
    if column.kind == "date":
        day = "CAST(NULL AS DATE)"
        if raw_type == "TIMESTAMP WITH TIME ZONE":  # the day in UTC, wherever this runs
            day = f"CAST(make_timestamp(epoch_us({raw})) AS DATE)"
        elif raw_type == "DATE" or raw_type.startswith("TIMESTAMP"):
            day = f"CAST({raw} AS DATE)"
        elif raw_type == "VARCHAR":
            day = f"CAST(TRY_CAST({text} AS TIMESTAMP) AS DATE)"
        return f"CASE WHEN {day} BETWEEN DATE '{FIRST_YEAR}-01-01' AND DATE '{LAST_YEAR}-12-31' THEN {day} END", text
    return text, text


def _accept(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    names = ", ".join(c.name for c in table.columns)
    con.execute(
        f"CREATE TABLE {table.name} AS SELECT {names} FROM staged_{table.name} WHERE row_number NOT IN "
        "(SELECT row_number FROM broken WHERE severity = 'error' AND table_name = ?) ORDER BY row_number",
        [table.name],
    )


def count_rows(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Count rows in, accepted and quarantined of every table, and make sure that none was lost."""
    counts = [
        (
            name,
            con.table(f"staged_{name}").shape[0],
            con.table(name).shape[0],
            con.execute(
                "SELECT count(DISTINCT row_number) FROM broken WHERE severity = 'error' AND table_name = ?",
                [name],
            ).fetchall()[0][0],
        )
        for name in TABLES
    ]
    rows = pd.DataFrame(counts, columns=["table", "rows_in", "accepted", "quarantined"])
    lost = rows.query("rows_in != accepted + quarantined")
    if len(lost):  # cannot happen; if it does, no number after it deserves trust
        raise AssertionError(f"rows were lost:\n{lost}")
    return rows


def quality(con: duckdb.DuckDBPyConnection, rows: pd.DataFrame) -> pd.DataFrame:
    """Tell what every rule found; facts need ``study``, a table with one row: as_of."""
    size = rows.set_index("table")["rows_in"]
    records = []
    for rule in RULES:
        count, examples = _found(con, rule)
        share = count / size[rule.table] if size[rule.table] else 0.0
        records.append((rule.id, rule.table, rule.severity, count, share, examples, rule.sentence, rule.remedy))
    return pd.DataFrame(
        records, columns=["rule", "table", "severity", "rows", "share", "examples", "sentence", "remedy"]
    )


def _found(con: duckdb.DuckDBPyConnection, rule: Rule) -> tuple[int, str]:
    """Count the rows a rule found, and name up to five of them by key and row number."""
    key = TABLES[rule.table].key
    if rule.severity == "fact":
        found = f"SELECT {key} AS example, {key} AS place FROM {rule.table} AS t WHERE {rule.where}"
        order = "length(place), place"
    else:
        found = (
            f"SELECT coalesce({key}, '(empty)') || ' in row ' || row_number AS example, row_number AS place "
            f"FROM staged_{rule.table} WHERE row_number IN (SELECT row_number FROM broken WHERE rule = '{rule.id}')"
        )
        order = "place"
    [(count,)] = con.sql(f"SELECT count(*) FROM ({found})").fetchall()
    first = con.sql(f"SELECT example FROM ({found}) ORDER BY {order} LIMIT 5").fetchall() if count else []
    return count, ", ".join(e for (e,) in first)


def quarantine(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return the rows that were set aside, as they came, each with all the rules it breaks."""
    broken = con.execute("SELECT DISTINCT table_name FROM broken WHERE severity = 'error'").fetchall()
    parts = [
        f"""SELECT '{name}' AS "table", b.row_number AS row, b.rules, to_json(r.original) AS original
        FROM (SELECT row_number, string_agg(rule, ', ' ORDER BY rule) AS rules FROM broken
              WHERE table_name = '{name}' AND severity = 'error' GROUP BY row_number) AS b
        JOIN (SELECT row_number() OVER () AS row_number, source AS original FROM raw.{name} AS source) AS r
        USING (row_number)"""
        for (name,) in broken
    ]
    parts.append("""SELECT '' AS "table", 0 AS row, '' AS rules, '{}' AS original WHERE false""")
    return con.sql(f'SELECT * FROM ({" UNION ALL ".join(parts)}) ORDER BY "table", row').df()
