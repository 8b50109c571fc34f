"""Apply the contract to the raw tables of a source.

Every step is a query on the DuckDB connection that holds them: read each column by its kind, find the rows that violate
a rule, accept the others, count both. The canonical tables are views on the staged ones, so every row is held once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import duckdb
import pandas as pd

from seglib.ingest.contract.id_lists import CUSTOMERS_LEFT_OUT
from seglib.ingest.contract.loading import LoadedTable, refuse_damage, with_cells
from seglib.ingest.contract.parsing import NULL_TEXT, ParsedColumn, RawColumn, cell_text
from seglib.ingest.contract.rules import (
    NOBODY_RETURNS,
    RULES,
    Rule,
    amount_of_lines_rules,
    descriptor_rules,
    first_line_rules,
    one_customer_per_transaction,
    row_number_rule,
    rows_of_one_key_rule,
    variable_rules,
)
from seglib.schema.tables import SQL_TYPES, TABLES, can_be_unreadable, key, kind
from seglib.sql import quoted, sql_literal

PARSED_KINDS = ("date", "number", "binary")
"""The kinds whose cells can be unreadable."""

WORDS = ("nothing", "units")
"""The remarks of which the words are shown, and not the cells."""

NOT_COPIED = "not_asked_for"
"""The problem of rows of another market: counted as every row, but not copied to the quarantine: they may be most."""


def apply(con: duckdb.DuckDBPyConnection, tables: Mapping[str, LoadedTable]) -> tuple[Rule, ...]:
    """Make the canonical tables from ``raw.<table>``, with accepted rows only.

    Also makes ``staged_<table>`` (every row, read by kind), ``violations`` (one row per row of a table and rule that it
    violates), ``set_aside`` (those violations that keep a row out) and ``remarks`` (one row per rule on how cells are
    written, with the number of cells).

    Returns
    -------
    tuple of Rule
        The rules that were applied, the exclusions of the mapping among them, in the order in which they are listed.
    """
    con.execute("CREATE TABLE violations (table_name VARCHAR, row_number BIGINT, rule VARCHAR, severity VARCHAR)")
    con.execute("CREATE TABLE remarks (rule VARCHAR, rows BIGINT, examples VARCHAR)")
    con.execute("CREATE VIEW set_aside AS FROM violations WHERE severity IN ('error', 'exclusion')")
    for name in TABLES:
        loaded = tables.get(name)
        _stage(con, name, loaded)
        # One statement per rule, in the order of the contract: a rule may look into the accepted rows of the tables
        # before its own (references), so each table is accepted before the next one is checked.
        for rule in _applicable_rules(name, loaded):
            if rule.cells:
                continue
            con.execute(
                f"INSERT INTO violations SELECT ?, row_number, ?, ? FROM staged_{name} AS t "
                f"WHERE ({rule.where}){_excuses(rule, loaded)}",
                [name, rule.id, rule.severity],
            )
        accept(con, name, loaded)
        if name == "customers" and loaded and loaded.exclusions:
            con.execute(f"CREATE TABLE customers_left_out AS {CUSTOMERS_LEFT_OUT}")
        if loaded:
            _remark(con, name, loaded)
            for doubt in loaded.doubts:
                con.execute("INSERT INTO remarks VALUES (?, ?, ?)", [doubt.rule.id, doubt.rows, doubt.examples])
            for column, differing in loaded.differing.items():
                rule = rows_of_one_key_rule(name, column, differing.source)
                con.execute("INSERT INTO remarks VALUES (?, ?, ?)", [rule.id, differing.keys, differing.examples])
    row_rules = [rule for name in TABLES for rule in _row_rules(name, tables.get(name))]
    all_rules = (*RULES, *_rules_of_added(tables.get("customers")))
    info_rules = [rule for rule in all_rules if rule.severity == "info" and not rule.cells]
    if "transactions" in tables and (names := columns_that_repeat(con, tables)):
        remedy = f"{NOBODY_RETURNS.remedy}; some values of {' and '.join(names)} repeat"
        info_rules = [replace(rule, remedy=remedy) if rule is NOBODY_RETURNS else rule for rule in info_rules]
    if "customers" in tables and tables["customers"].numbered:
        info_rules.append(row_number_rule("customers"))
    return (*row_rules, *info_rules)


def _rules_of_added(loaded: LoadedTable | None) -> list[Rule]:
    """Return the rules of the columns beyond the contract: variables to segment by, and descriptors."""
    if loaded is None:
        return []
    rules = [rule for name, variable in loaded.variables.items() for rule in variable_rules(name, variable.kind)]
    descriptors = {name: kind for name, kind in loaded.added.items() if name not in loaded.variables}
    return rules + [
        rule
        for name, kind in descriptors.items()
        for rule in descriptor_rules(name, kind, words="nothing" in loaded.columns[name].remarks)
    ]


FEWEST_VALUES, MOST_VALUES = 0.05, 0.95
"""Shares of different values among the rows between which a column may name persons who come several times."""


def columns_that_repeat(con: duckdb.DuckDBPyConnection, tables: Mapping[str, LoadedTable]) -> list[str]:
    """Name the columns that may name a person, where every transaction has another customer; else none.

    Columns of customers and transactions that the mapping does not use, of many values, some of which repeat; no days
    and no numbers with decimals.
    """
    [(rows, customers)] = con.sql("SELECT count(*), count(DISTINCT customer_id) FROM transactions").fetchall()
    if not rows or rows != customers:
        return []
    names = []
    for table in ("customers", "transactions"):
        if table not in tables:
            continue
        columns = [RawColumn(*row[:2]) for row in con.sql(f"DESCRIBE raw.{table}").fetchall()]
        free = [c for c in columns if c.name.strip().casefold() not in tables[table].used]
        for column in free:
            text = cell_text(column)
            number = f"TRY_CAST({text} AS DOUBLE)"
            [(filled, values, days, fractions)] = con.sql(
                f"SELECT count({text}), count(DISTINCT {text}), count(TRY_CAST({text} AS TIMESTAMP)), "
                f"count(*) FILTER ({number} <> floor({number})) FROM raw.{table}"
            ).fetchall()
            if FEWEST_VALUES * filled < values < MOST_VALUES * filled and not days and not fractions:
                names.append(f"column '{column.name}' of table {table}")
    return names


def _row_rules(name: str, loaded: LoadedTable | None) -> list[Rule]:
    """Return the rules that rows of a table can violate, whether or not the shop has the columns."""
    exclusions = [rule for rule, _ in loaded.exclusions] if loaded else []
    added = _rules_of_added(loaded) if name == "customers" else []
    rules = [rule for rule in (*RULES, *added) if rule.table == name and (rule.severity != "info" or rule.cells)]
    if loaded and loaded.lines:
        rules = [rule for rule in rules if rule.id != f"{name}.{key(name)}.duplicate"]
        counted = _counted_rows(loaded)
        rules += [
            one_customer_per_transaction(counted),
            *first_line_rules(counted),
            *amount_of_lines_rules(loaded.per.get("amount"), counted),
        ]
    if loaded:
        rules += [rows_of_one_key_rule(name, column, of.source) for column, of in loaded.differing.items()]
        rules += [doubt.rule for doubt in loaded.doubts]
    return exclusions + rules


def _applicable_rules(name: str, loaded: LoadedTable | None) -> list[Rule]:
    """Return the rules that can be violated: a column that the shop does not have cannot be wrong."""
    if loaded is None:
        return []
    return [rule for rule in _row_rules(name, loaded) if rule.column in (*loaded.columns, "text", "left_out")]


def _counted_rows(loaded: LoadedTable | None) -> str:
    """Write the condition of a row that counts: the mapping does not leave it out."""
    return "left_out IS NULL" if loaded and loaded.exclusions else "true"


def _excuses(rule: Rule, loaded: LoadedTable) -> str:
    """Write the SQL of what excuses a row from a rule, to be added to the condition of the rule.

    A row that the mapping leaves out violates nothing else. A cell that could not be read is NULL in the staged table,
    but it is not missing: it is reported once, as unreadable or out of range.
    """
    excuses = ""
    if loaded.exclusions and rule.severity != "exclusion":
        excuses += " AND left_out IS NULL"
    column = TABLES[rule.table].columns.get(rule.column)
    is_parsed = loaded.added.get(rule.column) in PARSED_KINDS if column is None else can_be_unreadable(column)
    if is_parsed and rule.problem == "missing":
        unreadable, out_of_range = (quoted(f"{rule.column}__{problem}") for problem in ("unreadable", "out_of_range"))
        excuses += (
            f" AND row_number NOT IN (SELECT row_number FROM parse_errors_{rule.table} "
            f"WHERE coalesce({unreadable}, {out_of_range}) IS NOT NULL)"
        )
    return excuses


def _stage(con: duckdb.DuckDBPyConnection, name: str, loaded: LoadedTable | None) -> None:
    """Read every column by its kind into ``staged_<table>``; what is wrong with cells goes to ``parse_errors_<table>``.

    The second table has one row per row with a parse error, and a text column per column and problem, such as
    ``burn_date__unreadable``: the cell as it came, where it has that problem.
    """
    kinds = {column: kind(declared) for column, declared in TABLES[name].columns.items()}
    columns: dict[str, ParsedColumn] = {}
    if loaded:
        kinds |= loaded.added
        columns |= loaded.columns
    errors = _parse_errors(columns, kinds)
    if "burn_date" in columns and "transaction_status" not in columns:
        # a shop that records the day of the burn needs no status: a coupon with a day is burned
        status = f"CASE WHEN {columns['burn_date'].value} IS NULL THEN 'subscribed' ELSE 'burned' END"
        columns["transaction_status"] = ParsedColumn(status)
    parts = [f"CAST({c.value} AS {SQL_TYPES[kinds[column]]}) AS {quoted(column)}" for column, c in columns.items()]
    # Few cells have errors. All those of a row are held as one JSON text, NULL in nearly every row, instead of a
    # column for each: millions of rows stay small. A second, short table takes them apart again.
    fields = ", ".join(f"{sql_literal(error)}: {cell}" for error, cell in errors.items())
    parts.append(
        f"CASE WHEN {_first_not_null(errors.values())} IS NOT NULL THEN to_json({{{fields}}}) END AS parse_errors"
    )
    if loaded and loaded.exclusions:
        whens = [f"WHEN {where} THEN {sql_literal(rule.problem)}" for rule, where in loaded.exclusions]
        parts.append(f"CASE {' '.join(whens)} END AS left_out")
    rows = f"FROM {with_cells(name, loaded.cells)}" if loaded else "WHERE false"
    with refuse_damage(name):
        con.execute(f"CREATE TABLE read_{name} AS SELECT {', '.join(parts)} {rows}")
    # Rows are numbered as they were read: a table keeps their order. A window would number them too, in one thread.
    # Canonical columns that the shop does not have are NULL in the view: they take no room.
    absent = [
        f"CAST(NULL AS {SQL_TYPES[k]}) AS {quoted(column)}" for column, k in kinds.items() if column not in columns
    ]
    numbered = "rowid + 1 AS row_number"
    con.execute(f"CREATE VIEW staged_{name} AS SELECT {', '.join([numbered, '*', *absent])} FROM read_{name}")
    cells = [f"parse_errors ->> {sql_literal('$.' + quoted(error))} AS {quoted(error)}" for error in errors]
    con.execute(
        f"CREATE TABLE parse_errors_{name} AS SELECT {numbered}, {', '.join(cells)} FROM read_{name} "
        "WHERE parse_errors IS NOT NULL"
    )
    _find_repeated(con, name, _counted_rows(loaded))


def _parse_errors(columns: Mapping[str, ParsedColumn], kinds: Mapping[str, str]) -> dict[str, str]:
    """Write the SQL of every cell that has a parse error, by ``<column>__<problem>``; ``text`` is any text column."""
    errors = {}
    for column, parsed in columns.items():
        if kinds[column] in PARSED_KINDS:
            errors[f"{column}__unreadable"] = parsed.unreadable
            errors[f"{column}__out_of_range"] = parsed.out_of_range
    texts = [parsed for column, parsed in columns.items() if kinds[column] in ("id", "text", "status")]
    errors["text__blanks"] = _first_not_null(text.blanks for text in texts)
    errors["text__formula"] = _first_not_null(
        f"CASE WHEN starts_with({text.value}, '=') THEN {text.value} END" for text in texts
    )
    return errors


def _remark(con: duckdb.DuckDBPyConnection, name: str, loaded: LoadedTable) -> None:
    """Count the cells that are written in a way worth a remark; they may be most of a table, so no row is noted."""
    counted = " AND ".join(["true", *(f"NOT coalesce({where}, false)" for _, where in loaded.exclusions)])
    remarks = {
        (column, problem): cell for column, parsed in loaded.columns.items() for problem, cell in parsed.remarks.items()
    }
    if not remarks:
        return
    rows = with_cells(name, loaded.cells)
    with refuse_damage(name):
        [counts] = con.sql(
            f"SELECT {', '.join(f'count({cell})' for cell in remarks.values())} FROM {rows} WHERE {counted}"
        ).fetchall()
    for ((column, problem), cell), n_cells in zip(remarks.items(), counts, strict=True):
        if not n_cells:
            continue
        cells = (
            f"SELECT cell, row FROM (SELECT {cell} AS cell, row_number() OVER () AS row, ({counted}) AS counted "
            f"FROM {rows}) WHERE counted AND cell IS NOT NULL"
        )
        if problem in WORDS:
            words = con.sql(f"SELECT cell, count(*) AS n FROM ({cells}) GROUP BY cell ORDER BY n DESC, cell LIMIT 5")
            examples = [f"{word} in {n:,} row{'s' if n > 1 else ''}" for word, n in words.fetchall()]
        else:
            examples = [f"row {row} ({text})" for text, row in con.sql(f"{cells} ORDER BY row LIMIT 5").fetchall()]
        con.execute(
            "INSERT INTO remarks VALUES (?, ?, ?)", [f"{name}.{column}.{problem}", n_cells, ", ".join(examples)]
        )


def _find_repeated(con: duckdb.DuckDBPyConnection, name: str, counted: str) -> None:
    """Make ``repeated_<table>``: the rows whose key an earlier row has."""
    identity = key(name)
    # A window over all rows would sort all of them. Keys seldom repeat: a hash aggregate finds those that do, and only
    # their rows are sorted.
    con.execute(
        f"CREATE TABLE repeated_{name} AS SELECT row_number FROM staged_{name} WHERE {counted} AND {identity} IN "
        f"(SELECT {identity} FROM staged_{name} WHERE {counted} GROUP BY ALL HAVING count(*) > 1) "
        f"QUALIFY row_number() OVER (PARTITION BY {identity} ORDER BY row_number) > 1"
    )


def accept(con: duckdb.DuckDBPyConnection, name: str, loaded: LoadedTable | None) -> None:
    """Make a canonical table of the staged rows that are not set aside; again, if more of them were set aside."""
    [(n_violations,)] = con.execute("SELECT count(*) FROM set_aside WHERE table_name = ?", [name]).fetchall()
    condition = f" WHERE {_accepted(name)}" if n_violations else ""
    if loaded and loaded.lines:
        con.execute(
            f"CREATE OR REPLACE TABLE {name} AS {_merged_lines(name, loaded.per)}{condition} GROUP BY {key(name)} "
            "ORDER BY min(row_number)"
        )
    else:
        columns = [quoted(c) for c in (*TABLES[name].columns, *(loaded.added if loaded else ()))]
        con.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {', '.join(columns)} FROM staged_{name}{condition}")


def _accepted(name: str) -> str:
    """Write the condition of a staged row that is not set aside."""
    return f"row_number NOT IN (SELECT row_number FROM set_aside WHERE table_name = '{name}')"


def _merged_lines(name: str, per: Mapping[str, str]) -> str:
    """Write the SQL that makes one row of the lines of a transaction: amounts add up, else the first line counts.

    An amount ``per`` transaction is that of the first line that has one.
    """
    parts = []
    for column, declared in TABLES[name].columns.items():
        if column == key(name):
            parts.append(column)
        elif kind(declared) == "number" and per.get(column) != "transaction":
            # sums of floats depend on their order, and a database has none: decimals add up exactly
            parts.append(f"CAST(sum(CAST({column} AS DECIMAL(24, 6))) AS DOUBLE) AS {column}")
        elif kind(declared) == "date":
            parts.append(f"min({column}) AS {column}")
        else:
            parts.append(f"arg_min({column}, row_number) AS {column}")
    return f"SELECT {', '.join(parts)} FROM staged_{name}"


def count_rows(con: duckdb.DuckDBPyConnection, tables: Mapping[str, LoadedTable]) -> pd.DataFrame:
    """Count rows in, accepted and quarantined of every table, and make sure that none was lost."""
    counts = []
    for name in TABLES:
        [(quarantined, left_out)] = con.execute(
            "SELECT count(DISTINCT row_number), count(DISTINCT row_number) FILTER (severity = 'exclusion') "
            "FROM set_aside WHERE table_name = ?",
            [name],
        ).fetchall()
        # rows are counted where they came from, not where they were staged: a row lost in between would show
        raw = f"raw.{name}" if name in tables else f"staged_{name}"
        [(rows_in, accepted, rows_out)] = con.sql(
            f"SELECT (SELECT count(*) FROM {raw}), "
            f"(SELECT count(*) FROM staged_{name} WHERE {_accepted(name)}), (SELECT count(*) FROM {name})"
        ).fetchall()
        counts.append((name, rows_in, accepted, quarantined, left_out, rows_out))
    rows = pd.DataFrame(counts, columns=["table", "rows_in", "accepted", "quarantined", "left_out", "rows_out"])
    lost = rows.query("rows_in != accepted + quarantined")
    if len(lost):  # cannot happen; if it does, no number after it deserves trust
        raise AssertionError(f"rows were lost:\n{lost}")
    return rows


def money_aside(con: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Return how much money the rows hold that were set aside, by rule; only of rules whose rows have amounts.

    A row that violates several rules counts at each of them. Sums are exact, whatever the order of the rows.
    """
    return dict(
        con.sql(
            """SELECT a.rule, CAST(sum(TRY_CAST(t.amount AS DECIMAL(24, 6))) AS DOUBLE) AS money
            FROM (SELECT DISTINCT rule, row_number FROM set_aside WHERE table_name = 'transactions') AS a
            JOIN staged_transactions AS t USING (row_number) GROUP BY a.rule HAVING money IS NOT NULL"""
        ).fetchall()
    )


def quality(con: duckdb.DuckDBPyConnection, rules: tuple[Rule, ...], rows: pd.DataFrame) -> pd.DataFrame:
    """Count what every rule found; rules of severity info need ``study``, a table with one row: as_of."""
    rows_in, rows_out = (rows.set_index("table")[column] for column in ("rows_in", "rows_out"))
    counts = dict(con.sql("SELECT rule, count(*) FROM violations GROUP BY rule").fetchall())
    remarks = {rule: (count, examples) for rule, count, examples in con.sql("FROM remarks").fetchall()}
    counts |= {rule: count for rule, (count, _) in remarks.items()}
    records = []
    for rule in rules:
        of_accepted = rule.severity == "info" and not rule.cells
        size = rows_out[rule.table] if of_accepted else rows_in[rule.table]
        if of_accepted and size:
            [(counts[rule.id],)] = con.sql(f"SELECT count(*) FROM {rule.table} AS t WHERE {rule.where}").fetchall()
        count = counts.get(rule.id, 0)
        share = count / size if size else 0.0
        examples = remarks[rule.id][1] if rule.id in remarks else _examples(con, rule) if count else ""
        records.append((rule.id, rule.table, rule.severity, count, share, examples, rule.sentence, rule.remedy))
    return pd.DataFrame(
        records, columns=["rule", "table", "severity", "rows", "share", "examples", "sentence", "remedy"]
    )


def _examples(con: duckdb.DuckDBPyConnection, rule: Rule) -> str:
    """Name up to five of the rows a rule found, by key; violations also by row number and offending value."""
    identity = key(rule.table)
    if rule.severity == "info":
        select = f"SELECT {identity} AS example, {identity} AS place FROM {rule.table} AS t WHERE {rule.where}"
        order = "length(place), place"  # ids are text: so 9 comes before 10
    else:
        select = (
            f"SELECT coalesce({identity}, '(empty)') || ' in row ' || row_number || {_offending_value(rule)} "
            f"AS example, row_number AS place FROM staged_{rule.table} "
            f"LEFT JOIN parse_errors_{rule.table} USING (row_number) "
            f"WHERE row_number IN (SELECT row_number FROM violations WHERE rule = {sql_literal(rule.id)})"
        )
        order = "place"
    examples = con.sql(f"SELECT example FROM ({select}) ORDER BY {order} LIMIT 5").fetchall()
    return ", ".join(example for (example,) in examples)


def _offending_value(rule: Rule) -> str:
    """Write the SQL of the value to show beside a row; nothing where the key says it already."""
    if rule.column == "text" or rule.problem in ("unreadable", "out_of_range"):
        value = quoted(f"{rule.column}__{rule.problem}")
    elif rule.column in (key(rule.table), "left_out"):
        return "''"
    else:
        value = f"CAST({quoted(rule.column)} AS VARCHAR)"
    return f"coalesce(' (' || {value} || ')', '')"


def quarantine(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return the rows that were set aside, as they came, each with all the rules it violates; of this market only."""
    copied = f"NOT ends_with(rule, '.{NOT_COPIED}')"
    names = con.sql(f"SELECT DISTINCT table_name FROM set_aside WHERE {copied}").fetchall()
    parts = [
        f"""SELECT '{name}' AS "table", b.row_number AS row, b.rules, to_json(r.original) AS original
        FROM (SELECT row_number, string_agg(rule, ', ' ORDER BY rule) AS rules FROM set_aside
              WHERE table_name = '{name}' AND {copied} GROUP BY row_number) AS b
        JOIN (SELECT row_number() OVER () AS row_number, source AS original FROM raw.{name} AS source) AS r
        USING (row_number)"""
        for (name,) in names
    ]
    parts.append("""SELECT '' AS "table", 0 AS row, '' AS rules, '{}' AS original WHERE false""")
    return con.sql(f'SELECT * FROM ({" UNION ALL ".join(parts)}) ORDER BY "table", row').df()


def _first_not_null(cells: Iterable[str]) -> str:
    return f"coalesce({', '.join([*cells, NULL_TEXT])})"
