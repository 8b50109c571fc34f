"""Bring a source's tables into DuckDB and find, for every canonical column, where its values come from.

The mapping file says it; what it does not say goes by the canonical names. Everything that is missing is named at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seglib.errors import InputRefused
from seglib.ingest.contract.parsing import RawColumn, Reading, left_out, read
from seglib.ingest.contract.rules import Rule
from seglib.ingest.mapping.model import Choice, ColumnSource, Formats, ShopMapping, TableMapping, Variable
from seglib.ingest.sources.base import Loaded, Source
from seglib.schema.tables import TABLES, key, kind
from seglib.sql import sql_literal
from seglib.style import did_you_mean

if TYPE_CHECKING:
    import duckdb

FEW_LEVELS = 12
"""A descriptor with more different values, all of them numbers, is a number; with fewer it is a code, hence text."""


@dataclass(frozen=True)
class Intake:
    """A canonical table before the contract is applied; ``raw.<name>`` holds its rows as they came.

    Attributes
    ----------
    name : str
        Canonical.
    source : str
        What the source calls the table it comes from.
    loaded : Loaded
    readings : mapping of str to Reading
        The canonical columns that the source has, and those beyond the contract.
    added : mapping of str to {"number", "binary", "text"}
        How the columns beyond the contract are read: variables to segment by, and descriptors.
    choices : tuple of (Rule, str)
        What the mapping leaves out: the rule it is told by, and its condition on the raw table.
    lines : bool
        Whether several rows with one key are one row here.
    variables : mapping of str to Variable
        Those of the added columns that segments are built by.
    """

    name: str
    source: str
    loaded: Loaded
    readings: AnyMapping[str, Reading]
    added: AnyMapping[str, str]
    choices: tuple[tuple[Rule, str], ...]
    lines: bool
    variables: AnyMapping[str, Variable]


def take_in(con: duckdb.DuckDBPyConnection, source: Source, mapping: ShopMapping) -> dict[str, Intake]:
    """Load the tables that the canonical ones are made from, as ``raw.<canonical name>``.

    Raises
    ------
    InputRefused
        If a table or a column that is needed, or that the mapping names, is not there; all of them are named.
    """
    con.execute("CREATE SCHEMA source")
    con.execute("CREATE SCHEMA raw")
    loaded: dict[str, Loaded] = {}
    taken: dict[str, Intake] = {}
    problems: list[str] = []
    for name, found in _resolve(source, mapping).items():
        held = 'source."' + found.replace('"', '""') + '"'
        if found not in loaded:
            loaded[found] = source.tables[found](con, held)
        with damage_refused(name):
            columns = [RawColumn(*row[:2]) for row in con.sql(f"DESCRIBE {held}").fetchall()]
        asked = mapping.table(name)
        named, missing = _origins(name, found, asked, columns)
        problems += missing
        if missing:
            continue
        by_name = {plain(column.name): column for column in columns}
        with damage_refused(name):
            _view(con, name, held, asked, named, by_name, mapping.formats)
            kinds = {
                column: named[column].kind or _kind_of(con, held, by_name, named[column], mapping.formats)
                for column in asked.added
            }
        readings = {
            column: read(kinds.get(column) or kind(TABLES[name].columns[column]), origin, by_name, mapping.formats)
            for column, origin in named.items()
        }
        choices = tuple((_choice_rule(name, c), left_out(c, by_name[plain(c.column)])) for c in asked.leave_out)
        lines = asked.rows == "lines"
        taken[name] = Intake(name, found, loaded[found], readings, kinds, choices, lines, asked.segment_by)
    if problems:
        raise InputRefused("\n".join(problems))
    return taken


def with_names(source: Source, mapping: ShopMapping) -> ShopMapping:
    """Let genders and cities be called by their ids where the mapping says the id, and no table has the names."""
    customers, there = mapping.table("customers"), {plain(name) for name in source.tables}
    made = {}
    for table, column, name in (("genders", "gender_id", "gender_name"), ("cities", "city_id", "city_name")):
        origin = customers.columns.get(column)
        if origin and table not in mapping.tables and table not in there:
            columns = {column: origin, name: origin}
            made[table] = TableMapping(customers.source or "customers", "distinct", columns)
    return replace(mapping, tables={**mapping.tables, **made})


@contextmanager
def damage_refused(table: str) -> Iterator[None]:
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


def _resolve(source: Source, mapping: ShopMapping) -> dict[str, str]:
    """Say which of the source's tables each canonical one comes from."""
    there = {plain(name): name for name in source.tables}
    found, problems = {}, []
    for name in TABLES:
        wanted = mapping.table(name).source
        at = there.get(plain(wanted or name)) or there.get(plain((wanted or name).rsplit(".", 1)[0]))
        if at is not None:
            found[name] = at
        elif wanted or mapping.needs(name):
            problems.append(f"no table '{wanted or name}'{did_you_mean(wanted or name, list(source.tables))}")
    if problems:
        listed = ", ".join(f"'{name}'" for name in source.tables) or "none"
        hint = (
            "" if mapping.tables else "; a mapping file says what they are called (seglib check --suggest writes one)"
        )
        if "transactions" not in found and not mapping.table("transactions").source:
            hint += (
                "; a table with one row a customer needs no transactions, if the mapping file says which of its "
                "columns to segment by (segment_by, under customers)"
            )
        raise InputRefused(f"source '{source.name}' has {' and '.join(problems)}; found: {listed}{hint}")
    return found


def _origins(
    name: str, found: str, asked: TableMapping, columns: list[RawColumn]
) -> tuple[dict[str, ColumnSource], list[str]]:
    """Say where each canonical column comes from, in names as they are compared; and what is missing."""
    where = f"table {name}" if plain(found) == name else f"table {name} (from '{found}')"
    listed = ", ".join(f"'{column.name}'" for column in columns)
    times = Counter(plain(column.name) for column in columns)
    problems = [
        f"{where}: column '{column}' is there more than once; keep one of them" for column, n in times.items() if n > 1
    ]
    for rule in asked.leave_out:
        if plain(rule.column) not in times:
            problems.append(
                f"{where}: leave_out names column '{rule.column}'{did_you_mean(rule.column, list(times))}; "
                f"found: {listed}"
            )
    origins: dict[str, ColumnSource] = {}
    for column, declared in TABLES[name].columns.items():
        origin = asked.columns.get(column)
        if origin is None and column in times:
            origin = ColumnSource((column,))
        if origin is not None:
            origins[column] = origin
        elif declared.required:
            problems.append(
                f"{where}: column '{column}' is missing{did_you_mean(column, list(times))}; found: {listed}"
            )
    origins |= asked.added
    for column, origin in origins.items():
        for wanted in origin.columns:
            if plain(wanted) not in times:
                problems.append(
                    f"{where}: the mapping takes {column} from column '{wanted}', which is not there"
                    f"{did_you_mean(plain(wanted), list(times))}; found: {listed}"
                )
    return {c: replace(o, columns=tuple(map(plain, o.columns))) for c, o in origins.items()}, problems


def _view(
    con: duckdb.DuckDBPyConnection,
    name: str,
    held: str,
    asked: TableMapping,
    origins: AnyMapping[str, ColumnSource],
    columns: AnyMapping[str, RawColumn],
    formats: Formats,
) -> None:
    """Make ``raw.<name>``: the rows of the source; one a key, the first, where the mapping says ``distinct``."""
    if asked.rows != "distinct":
        con.execute(f"CREATE VIEW raw.{name} AS FROM {held}")
        return
    identity = read("id", origins[key(name)], columns, formats).value
    con.execute(
        f"CREATE TABLE raw.{name} AS SELECT * EXCLUDE (__place) FROM "
        f"(SELECT *, row_number() OVER () AS __place FROM {held}) WHERE {identity} IS NOT NULL "
        f"QUALIFY row_number() OVER (PARTITION BY {identity} ORDER BY __place) = 1 ORDER BY __place"
    )


def _kind_of(
    con: duckdb.DuckDBPyConnection,
    held: str,
    columns: AnyMapping[str, RawColumn],
    origin: ColumnSource,
    formats: Formats,
) -> str:
    """Say whether a descriptor is a number or text, by its values, whatever type the source gives it."""
    if len(origin.columns) > 1:
        return "number"
    text, number = (read(kind, origin, columns, formats) for kind in ("text", "number"))
    [(numbers, levels)] = con.sql(
        f"SELECT coalesce(bool_and(x IS NULL OR y IS NOT NULL), false), count(DISTINCT x) "
        f"FROM (SELECT {text.value} AS x, {number.value} AS y FROM {held})"
    ).fetchall()
    return "number" if numbers and levels > FEW_LEVELS else "text"


def _choice_rule(table: str, choice: Choice) -> Rule:
    return Rule(
        f"{table}.left_out.{choice.name}",
        "choice",
        f"left_out = {sql_literal(choice.name)}",
        f"the mapping leaves out rows in which {choice.sentence}",
        "nothing to do; take it out of the mapping file to keep them",
    )
