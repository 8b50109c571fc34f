"""Apply the contract to the raw tables of a source.

Every step is a query on the DuckDB connection that holds them: read each column by its kind, find the rows that break a
rule, accept the others, count both. The canonical tables are views on the staged ones, so that every row is held once.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pandas as pd

from seglib.ingest.contract.loading import Intake, damage_refused
from seglib.ingest.contract.parsing import Reading
from seglib.ingest.contract.rules import RULES, Rule, descriptor_rules, variable_rules
from seglib.schema.tables import SQL_TYPES, TABLES, key, kind, parsed
from seglib.sql import quoted, sql_literal

NULL_TEXT = "CAST(NULL AS VARCHAR)"
READ = ("date", "number", "binary")
"""The kinds whose cells can be unreadable."""

NOT_COPIED = "not_asked_for"
"""The problem of rows of another market: counted as every row, but not copied to the quarantine: they may be most."""


def apply(con: duckdb.DuckDBPyConnection, taken: Mapping[str, Intake]) -> tuple[Rule, ...]:
    """Make the canonical tables from ``raw.<table>``, with accepted rows only.

    Also makes ``staged_<table>`` (every row, read by kind), ``broken`` (one row a row and a rule it breaks) and
    ``set_aside`` (those of them that keep a row out).

    Returns
    -------
    tuple of Rule
        The rules that were applied, the choices of the mapping among them, in the order in which they are told.
    """
    con.execute("CREATE TABLE broken (table_name VARCHAR, row_number BIGINT, rule VARCHAR, severity VARCHAR)")
    con.execute("CREATE VIEW set_aside AS FROM broken WHERE severity IN ('error', 'choice')")
    for name in TABLES:
        intake = taken.get(name)
        _stage(con, name, intake)
        for rule in _rules_of(name, intake):
            con.execute(
                f"INSERT INTO broken SELECT ?, row_number, ?, ? FROM staged_{name} AS t "
                f"WHERE ({rule.where}){_unless(rule, intake)}",
                [name, rule.id, rule.severity],
            )
        accept(con, name, intake)
    row_rules = [rule for name in TABLES for rule in _told_of(name, taken.get(name))]
    facts = [rule for rule in (*RULES, *_of_added(taken.get("customers"))) if rule.severity == "fact"]
    return (*row_rules, *facts)


def _of_added(intake: Intake | None) -> list[Rule]:
    """Return the rules of the columns beyond the contract: variables to segment by, and descriptors."""
    if intake is None:
        return []
    rules = [rule for name, variable in intake.variables.items() for rule in variable_rules(name, variable.kind)]
    descriptors = {name: kind for name, kind in intake.added.items() if name not in intake.variables}
    return rules + [rule for name, kind in descriptors.items() for rule in descriptor_rules(name, kind)]


def _unless(rule: Rule, intake: Intake) -> str:
    """Write the SQL of what excuses a row: it is left out anyway, or the cell is not empty but unreadable."""
    excuses = ""
    if intake.choices and rule.severity != "choice":
        excuses += " AND left_out IS NULL"
    column = TABLES[rule.table].columns.get(rule.column)
    can_be_wrong = parsed(column) if column is not None else intake.added.get(rule.column) in READ
    if can_be_wrong and rule.id.endswith(".missing"):
        unreadable, beyond = (quoted(f"{rule.column}__{problem}") for problem in ("unreadable", "out_of_range"))
        excuses += f" AND row_number NOT IN (SELECT row_number FROM trouble_{rule.table} WHERE "
        excuses += f"coalesce({unreadable}, {beyond}) IS NOT NULL)"
    return excuses


def _told_of(name: str, intake: Intake | None) -> list[Rule]:
    choices = [rule for rule, _ in intake.choices] if intake else []
    own = _of_added(intake) if name == "customers" else []
    rules = [rule for rule in (*RULES, *own) if rule.table == name and rule.severity != "fact"]
    if intake and intake.lines:
        rules = [rule for rule in rules if rule.id != f"{name}.{key(name)}.duplicate"]
        rules.append(_one_customer_a_transaction("left_out IS NULL" if intake.choices else "true"))
    return choices + rules


def _rules_of(name: str, intake: Intake | None) -> list[Rule]:
    """Return the rules that can be broken: what a shop does not have, it cannot have wrong."""
    if intake is None:
        return []
    return [rule for rule in _told_of(name, intake) if rule.column in (*intake.readings, "text", "left_out")]


def _one_customer_a_transaction(counted: str) -> Rule:
    return Rule(
        "transactions.customer_id.varies",
        "error",
        "customer_id IS NOT NULL AND transaction_id IN (SELECT transaction_id FROM staged_transactions "
        f"WHERE {counted} GROUP BY ALL HAVING count(DISTINCT customer_id) > 1)",
        "the lines of one transaction name different customers",
        "one transaction belongs to one customer: correct the lines, or the transaction_id",
    )


def _stage(con: duckdb.DuckDBPyConnection, name: str, intake: Intake | None) -> None:
    """Read every column by its kind into ``staged_<table>``; what is wrong with cells goes to ``trouble_<table>``.

    Cells are seldom wrong, so what is wrong with a row is held as one text: rows by the million stay small.
    """
    kinds = {column: kind(declared) for column, declared in TABLES[name].columns.items()}
    there = dict(intake.readings) if intake else {}
    kinds |= intake.added if intake else {}
    texts = [reading for column, reading in there.items() if kinds[column] in ("id", "text", "status")]
    wrong = {f"{column}__{problem}": getattr(reading, problem) for column, reading in there.items()
             for problem in ("unreadable", "out_of_range") if kinds[column] in READ}  # fmt: skip
    wrong["text__blanks"] = _first([r.blanks for r in texts])
    wrong["text__formula"] = _first([f"CASE WHEN starts_with({r.value}, '=') THEN {r.value} END" for r in texts])
    if "burn_date" in there and "transaction_status" not in there:  # who records the day of the burn says it all
        burned = f"CASE WHEN {there['burn_date'].value} IS NULL THEN 'subscribed' ELSE 'burned' END"
        there["transaction_status"] = Reading(burned)
    parts = ["row_number() OVER () AS row_number"]
    parts += [f"CAST({r.value} AS {SQL_TYPES[kinds[column]]}) AS {quoted(column)}" for column, r in there.items()]
    fields = ", ".join(f"{sql_literal(what)}: {text}" for what, text in wrong.items())
    parts.append(f"CASE WHEN {_first(list(wrong.values()))} IS NOT NULL THEN to_json({{{fields}}}) END AS trouble")
    if intake and intake.choices:
        whens = [f"WHEN {where} THEN {sql_literal(rule.id.split('.', 2)[2])}" for rule, where in intake.choices]
        parts.append(f"CASE {' '.join(whens)} END AS left_out")
    rows = f"FROM raw.{name}" if intake else "WHERE false"
    with damage_refused(name):
        con.execute(f"CREATE TABLE read_{name} AS SELECT {', '.join(parts)} {rows}")
    absent = [f"CAST(NULL AS {SQL_TYPES[k]}) AS {quoted(column)}" for column, k in kinds.items() if column not in there]
    con.execute(f"CREATE VIEW staged_{name} AS SELECT {', '.join(['*', *absent])} FROM read_{name}")
    cells = [f"trouble ->> {sql_literal('$.' + quoted(what))} AS {quoted(what)}" for what in wrong]
    con.execute(
        f"CREATE TABLE trouble_{name} AS SELECT row_number, {', '.join(cells)} FROM read_{name} "
        "WHERE trouble IS NOT NULL"
    )
    _find_repeated(con, name, "left_out IS NULL" if intake and intake.choices else "true")


def _find_repeated(con: duckdb.DuckDBPyConnection, name: str, counted: str) -> None:
    """Make ``repeated_<table>``: the rows whose key an earlier row has. Keys seldom repeat: only those are sorted."""
    identity = key(name)
    con.execute(
        f"CREATE TABLE repeated_{name} AS SELECT row_number FROM staged_{name} WHERE {counted} AND {identity} IN "
        f"(SELECT {identity} FROM staged_{name} WHERE {counted} GROUP BY ALL HAVING count(*) > 1) "
        f"QUALIFY row_number() OVER (PARTITION BY {identity} ORDER BY row_number) > 1"
    )


def accept(con: duckdb.DuckDBPyConnection, name: str, intake: Intake | None) -> None:
    """Make a canonical table of the staged rows that are not set aside; once more, where more of them were."""
    columns = [quoted(c) for c in (*TABLES[name].columns, *(intake.added if intake else ()))]
    [(broken,)] = con.execute("SELECT count(*) FROM set_aside WHERE table_name = ?", [name]).fetchall()
    kept = f" WHERE {_kept(name)}" if broken else ""
    if intake and intake.lines:
        con.execute(
            f"CREATE OR REPLACE TABLE {name} AS {_merged_lines(name)}{kept} GROUP BY {key(name)} "
            "ORDER BY min(row_number)"
        )
    else:
        con.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {', '.join(columns)} FROM staged_{name}{kept}")


def _kept(name: str) -> str:
    """Write the condition of a staged row that is not set aside."""
    return f"row_number NOT IN (SELECT row_number FROM set_aside WHERE table_name = '{name}')"


def _merged_lines(name: str) -> str:
    """Write the SQL that makes one row of the lines of a transaction: amounts add up, else the first line counts."""
    parts = []
    for column, declared in TABLES[name].columns.items():
        if column == key(name):
            parts.append(column)
        elif kind(declared) == "number":  # exact: the order of the lines must not matter
            parts.append(f"CAST(sum(CAST({column} AS DECIMAL(24, 6))) AS DOUBLE) AS {column}")
        elif kind(declared) == "date":
            parts.append(f"min({column}) AS {column}")
        else:
            parts.append(f"arg_min({column}, row_number) AS {column}")
    return f"SELECT {', '.join(parts)} FROM staged_{name}"


def count_rows(con: duckdb.DuckDBPyConnection, taken: Mapping[str, Intake]) -> pd.DataFrame:
    """Count rows in, accepted and quarantined of every table, and make sure that none was lost."""
    counts = []
    for name in TABLES:
        aside = con.execute(
            "SELECT count(DISTINCT row_number), count(DISTINCT row_number) FILTER (severity = 'choice') "
            "FROM set_aside WHERE table_name = ?",
            [name],
        ).fetchall()[0]
        came_from = f"raw.{name}" if name in taken else f"staged_{name}"
        [(came, accepted, made)] = con.sql(
            f"SELECT (SELECT count(*) FROM {came_from}), "
            f"(SELECT count(*) FROM staged_{name} WHERE {_kept(name)}), (SELECT count(*) FROM {name})"
        ).fetchall()
        counts.append((name, came, accepted, *aside, made))
    rows = pd.DataFrame(counts, columns=["table", "rows_in", "accepted", "quarantined", "left_out", "rows_out"])
    lost = rows.query("rows_in != accepted + quarantined")
    if len(lost):  # cannot happen; if it does, no number after it deserves trust
        raise AssertionError(f"rows were lost:\n{lost}")
    return rows


def quality(con: duckdb.DuckDBPyConnection, rules: tuple[Rule, ...], rows: pd.DataFrame) -> pd.DataFrame:
    """Tell what every rule found; facts need ``study``, a table with one row: as_of."""
    came, made = (rows.set_index("table")[column] for column in ("rows_in", "rows_out"))
    counts = dict(con.sql("SELECT rule, count(*) FROM broken GROUP BY rule").fetchall())
    records = []
    for rule in rules:
        size = made[rule.table] if rule.severity == "fact" else came[rule.table]
        if rule.severity == "fact" and size:
            [(counts[rule.id],)] = con.sql(f"SELECT count(*) FROM {rule.table} AS t WHERE {rule.where}").fetchall()
        count = counts.get(rule.id, 0)
        share = count / size if size else 0.0
        examples = _examples(con, rule) if count else ""
        records.append((rule.id, rule.table, rule.severity, count, share, examples, rule.sentence, rule.remedy))
    return pd.DataFrame(
        records, columns=["rule", "table", "severity", "rows", "share", "examples", "sentence", "remedy"]
    )


def _examples(con: duckdb.DuckDBPyConnection, rule: Rule) -> str:
    """Name up to five of the rows a rule found, by key; broken ones also by row number and offending value."""
    identity = key(rule.table)
    if rule.severity == "fact":
        found = f"SELECT {identity} AS example, {identity} AS place FROM {rule.table} AS t WHERE {rule.where}"
        order = "length(place), place"
    else:
        found = (
            f"SELECT coalesce({identity}, '(empty)') || ' in row ' || row_number || {_value_of(rule)} AS example, "
            f"row_number AS place FROM staged_{rule.table} LEFT JOIN trouble_{rule.table} USING (row_number) "
            f"WHERE row_number IN (SELECT row_number FROM broken WHERE rule = {sql_literal(rule.id)})"
        )
        order = "place"
    return ", ".join(text for (text,) in con.sql(f"SELECT example FROM ({found}) ORDER BY {order} LIMIT 5").fetchall())


def _value_of(rule: Rule) -> str:
    """Write the SQL of the value to show beside a row; nothing where the key says it already."""
    problem = rule.id.split(".", 2)[2]
    if rule.column == "text" or problem in ("unreadable", "out_of_range"):
        value = quoted(f"{rule.column}__{problem}")
    elif rule.column in (key(rule.table), "left_out"):
        return "''"
    else:
        value = f"CAST({quoted(rule.column)} AS VARCHAR)"
    return f"coalesce(' (' || {value} || ')', '')"


def quarantine(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return the rows that were set aside, as they came, each with all the rules it breaks; of this market only."""
    copied = f"NOT ends_with(rule, '.{NOT_COPIED}')"
    broken = con.sql(f"SELECT DISTINCT table_name FROM set_aside WHERE {copied}").fetchall()
    parts = [
        f"""SELECT '{name}' AS "table", b.row_number AS row, b.rules, to_json(r.original) AS original
        FROM (SELECT row_number, string_agg(rule, ', ' ORDER BY rule) AS rules FROM set_aside
              WHERE table_name = '{name}' AND {copied} GROUP BY row_number) AS b
        JOIN (SELECT row_number() OVER () AS row_number, source AS original FROM raw.{name} AS source) AS r
        USING (row_number)"""
        for (name,) in broken
    ]
    parts.append("""SELECT '' AS "table", 0 AS row, '' AS rules, '{}' AS original WHERE false""")
    return con.sql(f'SELECT * FROM ({" UNION ALL ".join(parts)}) ORDER BY "table", row').df()


def _first(values: list[str]) -> str:
    return f"coalesce({', '.join([*values, NULL_TEXT])})"
