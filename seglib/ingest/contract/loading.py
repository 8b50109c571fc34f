"""Load a source's tables into DuckDB and find, for every canonical column, where its values come from.

The mapping file says it; where it says nothing, the canonical names count. Everything that is missing is named at
once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seglib.errors import InputRefused
from seglib.ingest.contract.parsing import ParsedColumn, RawColumn, exclusion_condition, read
from seglib.ingest.contract.rules import Rule
from seglib.ingest.mapping.model import ColumnSource, Exclusion, Formats, ShopMapping, TableMapping, Variable
from seglib.ingest.sources.base import Loaded, Source
from seglib.schema.tables import TABLES, key, kind
from seglib.sql import quoted, sql_literal
from seglib.style import did_you_mean

if TYPE_CHECKING:
    import duckdb

FEW_LEVELS = 12
"""A descriptor with more different values, all of them numbers, is a number; with fewer it is a code, hence text."""


@dataclass(frozen=True)
class LoadedTable:
    """A canonical table before the contract is applied; ``raw.<name>`` holds its rows as they came.

    Attributes
    ----------
    name : str
        Canonical.
    source : str
        What the source calls the table it comes from.
    loaded : Loaded
        Checksum and note of its reading.
    columns : mapping of str to ParsedColumn
        How each column is read: the canonical columns that the source has, and those beyond the contract.
    added : mapping of str to {"number", "binary", "text"}
        How the columns beyond the contract are read: variables to segment by, and descriptors.
    exclusions : tuple of (Rule, str)
        What the mapping leaves out: the rule that reports it, and its condition on the raw table.
    lines : bool
        Whether several rows with one key become one row.
    variables : mapping of str to Variable
        Those of the added columns that segments are built by.
    """

    name: str
    source: str
    loaded: Loaded
    columns: Mapping[str, ParsedColumn]
    added: Mapping[str, str]
    exclusions: tuple[tuple[Rule, str], ...]
    lines: bool
    variables: Mapping[str, Variable]


def load_tables(con: duckdb.DuckDBPyConnection, source: Source, mapping: ShopMapping) -> dict[str, LoadedTable]:
    """Load the tables that the canonical ones are made from, as ``raw.<canonical name>``.

    Raises
    ------
    InputRefused
        If a table or a column that is needed, or that the mapping names, is not there; all of them are named.
    """
    con.execute("CREATE SCHEMA source")
    con.execute("CREATE SCHEMA raw")
    loaded: dict[str, Loaded] = {}
    tables: dict[str, LoadedTable] = {}
    problems: list[str] = []
    for name, source_table in _source_tables(source, mapping).items():
        target = f"source.{quoted(source_table)}"
        if source_table not in loaded:
            loaded[source_table] = source.tables[source_table](con, target)
        with refuse_damage(name):
            raw = [RawColumn(*row[:2]) for row in con.sql(f"DESCRIBE {target}").fetchall()]
        table_mapping = mapping.table(name)
        origins, missing = _column_sources(name, source_table, table_mapping, raw)
        problems += missing
        if missing:
            continue
        by_name = {plain(column.name): column for column in raw}
        with refuse_damage(name):
            _make_raw_table(con, name, target, table_mapping, origins, by_name, mapping.formats)
            kinds = {
                column: origins[column].kind or _kind_of(con, target, by_name, origins[column], mapping.formats)
                for column in table_mapping.added
            }
        tables[name] = LoadedTable(
            name=name,
            source=source_table,
            loaded=loaded[source_table],
            columns={
                column: read(kinds.get(column) or kind(TABLES[name].columns[column]), origin, by_name, mapping.formats)
                for column, origin in origins.items()
            },
            added=kinds,
            exclusions=tuple(
                (_exclusion_rule(name, exclusion), exclusion_condition(exclusion, by_name[plain(exclusion.column)]))
                for exclusion in table_mapping.leave_out
            ),
            lines=table_mapping.rows == "lines",
            variables=table_mapping.segment_by,
        )
    if problems:
        raise InputRefused("\n".join(problems))
    return tables


def with_name_tables(source: Source, mapping: ShopMapping) -> ShopMapping:
    """Let the ids of genders and cities be their names, where the mapping says the id and no table has the names."""
    customers, existing = mapping.table("customers"), {plain(name) for name in source.tables}
    added = {}
    for table, column, name in (("genders", "gender_id", "gender_name"), ("cities", "city_id", "city_name")):
        origin = customers.columns.get(column)
        if origin and table not in mapping.tables and table not in existing:
            columns = {column: origin, name: origin}
            added[table] = TableMapping(customers.source or "customers", "distinct", columns)
    return replace(mapping, tables={**mapping.tables, **added})


@contextmanager
def refuse_damage(table: str) -> Iterator[None]:
    """Refuse a table that breaks off while it is read; an error in our own SQL stays what it is.

    Raises
    ------
    InputRefused
    """
    import duckdb

    try:
        yield
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error:
        raise InputRefused(f"table {table} cannot be read to its end: its file is damaged; export it again") from None


def plain(name: str) -> str:
    """Return a name as names are compared: case and blanks around it do not matter."""
    return name.strip().casefold()


def _source_tables(source: Source, mapping: ShopMapping) -> dict[str, str]:
    """Find the source's table behind each canonical one."""
    by_name = {plain(name): name for name in source.tables}
    matches: dict[str, str] = {}
    problems = []
    for name in TABLES:
        given = mapping.table(name).source
        wanted = given or name
        match = by_name.get(plain(wanted)) or by_name.get(plain(wanted.rsplit(".", 1)[0]))
        if match is not None:
            matches[name] = match
        elif given or mapping.needs(name):
            problems.append(f"no table '{wanted}'{did_you_mean(wanted, list(source.tables))}")
    if problems:
        listed = ", ".join(f"'{name}'" for name in source.tables) or "none"
        hint = ""
        if not mapping.tables:
            hint += "; a mapping file says what they are called (seglib check --suggest writes one)"
        if "transactions" not in matches and not mapping.table("transactions").source:
            hint += (
                "; a table with one row a customer needs no transactions, if the mapping file says which of its "
                "columns to segment by (segment_by, under customers)"
            )
        raise InputRefused(f"source '{source.name}' has {' and '.join(problems)}; found: {listed}{hint}")
    return matches


def _column_sources(
    name: str, source_table: str, table_mapping: TableMapping, raw: list[RawColumn]
) -> tuple[dict[str, ColumnSource], list[str]]:
    """Find where each canonical column comes from, in names as they are compared; and what is missing."""
    where = f"table {name}" if plain(source_table) == name else f"table {name} (from '{source_table}')"
    listed = ", ".join(f"'{column.name}'" for column in raw)
    times = Counter(plain(column.name) for column in raw)
    problems = [
        f"{where}: column '{column}' is there more than once; keep one of them" for column, n in times.items() if n > 1
    ]
    for exclusion in table_mapping.leave_out:
        if plain(exclusion.column) not in times:
            problems.append(
                f"{where}: leave_out names column '{exclusion.column}'{did_you_mean(exclusion.column, list(times))}; "
                f"found: {listed}"
            )
    origins: dict[str, ColumnSource] = {}
    for column, declared in TABLES[name].columns.items():
        origin = table_mapping.columns.get(column)
        if origin is None and column in times:
            origin = ColumnSource((column,))
        if origin is not None:
            origins[column] = origin
        elif declared.required:
            problems.append(
                f"{where}: column '{column}' is missing{did_you_mean(column, list(times))}; found: {listed}"
            )
    origins |= table_mapping.added
    for column, origin in origins.items():
        for wanted in origin.columns:
            if plain(wanted) not in times:
                problems.append(
                    f"{where}: the mapping takes {column} from column '{wanted}', which is not there"
                    f"{did_you_mean(plain(wanted), list(times))}; found: {listed}"
                )
    return {c: replace(o, columns=tuple(map(plain, o.columns))) for c, o in origins.items()}, problems


def _make_raw_table(
    con: duckdb.DuckDBPyConnection,
    name: str,
    target: str,
    table_mapping: TableMapping,
    origins: Mapping[str, ColumnSource],
    columns: Mapping[str, RawColumn],
    formats: Formats,
) -> None:
    """Make ``raw.<name>``: the rows of the source; the first row of each key, where the mapping says ``distinct``."""
    if table_mapping.rows != "distinct":
        con.execute(f"CREATE VIEW raw.{name} AS FROM {target}")
        return
    identity = read("id", origins[key(name)], columns, formats).value
    # The place of a row is fixed before anything is sorted, so "the first row" is that of the file on every machine.
    con.execute(
        f"CREATE TABLE raw.{name} AS SELECT * EXCLUDE (__place) FROM "
        f"(SELECT *, row_number() OVER () AS __place FROM {target}) WHERE {identity} IS NOT NULL "
        f"QUALIFY row_number() OVER (PARTITION BY {identity} ORDER BY __place) = 1 ORDER BY __place"
    )


def _kind_of(
    con: duckdb.DuckDBPyConnection,
    target: str,
    columns: Mapping[str, RawColumn],
    origin: ColumnSource,
    formats: Formats,
) -> str:
    """Say whether a descriptor is a number or text, by its values, whatever type the source gives it."""
    if len(origin.columns) > 1:
        return "number"
    text, number = (read(kind, origin, columns, formats) for kind in ("text", "number"))
    [(numbers, levels)] = con.sql(
        f"SELECT coalesce(bool_and(x IS NULL OR y IS NOT NULL), false), count(DISTINCT x) "
        f"FROM (SELECT {text.value} AS x, {number.value} AS y FROM {target})"
    ).fetchall()
    return "number" if numbers and levels > FEW_LEVELS else "text"


def _exclusion_rule(table: str, exclusion: Exclusion) -> Rule:
    return Rule(
        f"{table}.left_out.{exclusion.name}",
        "exclusion",
        f"left_out = {sql_literal(exclusion.name)}",
        f"the mapping leaves out rows in which {exclusion.sentence}",
        "nothing to do; take it out of the mapping file to keep them",
    )
