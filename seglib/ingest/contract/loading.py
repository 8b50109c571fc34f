"""Load a source's tables into DuckDB and find, for every canonical column, where its values come from.

The mapping file says it; where it says nothing, the canonical names count. Everything that is missing is named at
once.
"""

from __future__ import annotations

import fnmatch
import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from seglib.errors import InputRefused
from seglib.ingest.contract.doubts import CountedRows, Doubt
from seglib.ingest.contract.id_lists import WITH_CUSTOMERS, in_list, list_notes, load_lists
from seglib.ingest.contract.numbers import NumberStyle, ambiguity, find_style, has_decimals, settled
from seglib.ingest.contract.parsing import (
    ANSWERS,
    ParsedColumn,
    RawColumn,
    cell_text,
    cell_value,
    exclusion_condition,
    read,
)
from seglib.ingest.contract.parts import written_otherwise
from seglib.ingest.contract.review import review
from seglib.ingest.contract.rules import Rule
from seglib.ingest.contract.swapped_days import swapped_days
from seglib.ingest.mapping.model import (
    LISTS,
    ColumnSource,
    Exclusion,
    Formats,
    ShopMapping,
    TableMapping,
    Variable,
)
from seglib.ingest.sources.base import Loaded, Source
from seglib.schema.tables import TABLES, key, kind
from seglib.sql import quoted, restrict, sql_literal
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
    cells : mapping of str to str
        The SQL of the texts that ``columns`` are read from, by the SQL name that they have there (`with_cells`).
    added : mapping of str to {"number", "binary", "text"}
        How the columns beyond the contract are read: variables to segment by, and descriptors.
    exclusions : tuple of (Rule, str)
        What the mapping leaves out: the rule that reports it, and its condition on the raw table.
    lines : bool
        Whether several rows with one key become one row.
    variables : mapping of str to Variable
        Those of the added columns that segments are built by.
    numbered : bool
        Whether the number of the row is the key.
    per : mapping of str to {"line", "transaction"}
        What the mapping says of amounts that stand on several lines, by column.
    differing : mapping of str to Differing
        Where the first row of each key counts: the columns in which rows of one key differ.
    units : mapping of str to str
        The unit of every number that has one: the mapping says it, or the cells carry it.
    used : frozenset of str
        The source's columns that mean something, in names as they are compared.
    doubts : tuple of Doubt
        What can be read and may mean something else.
    notes : tuple of str
        How the source was read, how numbers were, where that was found out, and what the table is made of.
    """

    name: str
    source: str
    loaded: Loaded
    columns: Mapping[str, ParsedColumn]
    cells: Mapping[str, str]
    added: Mapping[str, str]
    exclusions: tuple[tuple[Rule, str], ...]
    lines: bool
    variables: Mapping[str, Variable]
    numbered: bool = False
    per: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    differing: Mapping[str, Differing] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    doubts: tuple[Doubt, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Differing:
    """A column in which rows of one key differ.

    Attributes
    ----------
    source : str
        What the source calls the column, in quotes.
    keys : int
        How many keys have rows that differ.
    examples : str
        Some of these keys.
    """

    source: str
    keys: int
    examples: str


def load_tables(
    con: duckdb.DuckDBPyConnection, source: Source, mapping: ShopMapping, *, only: Collection[str] | None = None
) -> dict[str, LoadedTable]:
    """Load the tables that the canonical ones are made from, as ``raw.<canonical name>``.

    From then on the connection reaches the files of the source and nothing else.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    source : Source
    mapping : ShopMapping
    only : collection of str, optional
        Canonical names of the tables that are loaded; default: all that there are.

    Raises
    ------
    InputRefused
        If a table or a column that is needed, or that the mapping names, is not there; all of them are named.
    """
    restrict(con, source.paths)
    con.execute("CREATE SCHEMA source")
    con.execute("CREATE SCHEMA raw")
    loaded: dict[tuple[str, ...], Loaded] = {}
    tables: dict[str, LoadedTable] = {}
    problems: list[str] = []
    for name, source_tables in find_source_tables(source, mapping).items():
        if only is not None and name not in only:
            continue
        label = label_of(source_tables)
        target = f"source.{quoted(label)}"
        for one in source_tables:
            if (one,) not in loaded:
                loaded[(one,)] = source.tables[one](con, f"source.{quoted(one)}")
        table_mapping = mapping.table(name)
        if source_tables not in loaded:
            loaded[source_tables] = _stack(con, target, {one: loaded[(one,)] for one in source_tables})
        with refuse_damage(name):
            raw = [RawColumn(*row[:2]) for row in con.sql(f"DESCRIBE {target}").fetchall()]
        origins, missing = _column_sources(name, label, table_mapping, raw)
        missing = missing or _missing_in_parts(con, source_tables, origins)
        problems += missing
        if missing:
            continue
        by_name = {plain(column.name): column for column in raw}
        with refuse_damage(name):
            differing = _make_raw_table(con, name, target, table_mapping, origins, by_name, mapping.formats)
            table = _loaded_table(con, name, source_tables, loaded[source_tables], mapping, origins, by_name)
            tables[name] = replace(table, differing=differing)
    if problems:
        raise InputRefused("\n".join(problems))
    if "transactions" in tables and tables["customers"].exclusions:
        tables["transactions"] = _with_their_customers(tables["transactions"])
    return tables


def _loaded_table(
    con: duckdb.DuckDBPyConnection,
    name: str,
    source_tables: tuple[str, ...],
    loaded: Loaded,
    mapping: ShopMapping,
    origins: Mapping[str, ColumnSource],
    by_name: Mapping[str, RawColumn],
) -> LoadedTable:
    """Find out how the columns of ``raw.<name>`` are read."""
    table_mapping, formats, label = mapping.table(name), mapping.formats, label_of(source_tables)
    kinds = {column: kind(declared) for column, declared in TABLES[name].columns.items()}
    kinds |= {column: origin.kind or "" for column, origin in table_mapping.added.items()}
    styles = _number_styles(
        con, name, {c: o for c, o in origins.items() if kinds[c] in ("number", "")}, by_name, formats
    )
    for column in table_mapping.added:
        kinds[column] = kinds[column] or _kind_of(con, name, by_name, origins[column], formats, styles[column])
    notes = [loaded.note] if loaded.note else []
    wanted = table_mapping.source
    if wanted and not _named(wanted, {plain(label): label}) and len(table_mapping.sources) == 1 and "*" not in wanted:
        notes.append(f"the mapping takes {name} from '{wanted}': that is '{label}' here, the only table")
    notes += _style_notes(styles, kinds, by_name)
    cells: dict[str, str] = {}
    columns = {}
    for column, origin in origins.items():
        kind_of_cell = kinds[column] if len(origin.columns) < 2 else "number"
        texts = {
            one: (quoted(f"__cell_{column}_{i}"), cell_value(kind_of_cell, origin, by_name[one], formats))
            for i, one in enumerate(origin.columns)
            if by_name[one].type == "VARCHAR"
        }
        cells |= dict(texts.values())
        names = {one: alias for one, (alias, _) in texts.items()}
        columns[column] = read(kinds[column], origin, by_name, formats, styles.get(column), names)
    columns |= _without_idle_words(con, name, {c: columns[c] for c in table_mapping.descriptors if kinds[c] == "text"})
    for column, variable in table_mapping.segment_by.items():
        if variable.kind == "nominal" and (cell := _several_answers(con, name, columns[column].value, cells)):
            remarks = {**columns[column].remarks, "several": cell}
            columns[column] = replace(columns[column], remarks=remarks)
    names_of_id = (key(name), *origins[key(name)].columns)
    load_lists(con, name, table_mapping, names_of_id)
    identities = f"SELECT {columns[key(name)].value} FROM {with_cells(name, cells)}"
    notes += list_notes(con, name, table_mapping, identities)
    exclusions = tuple(
        (
            _exclusion_rule(name, exclusion),
            in_list(name, exclusion, columns[key(name)].value)
            if exclusion.test in LISTS
            else exclusion_condition(exclusion, by_name[plain(exclusion.column)], formats),
        )
        for exclusion in table_mapping.leave_out
    )
    notes += _without_effect(con, name, table_mapping, cells, [where for _, where in exclusions])
    counted = " AND ".join(["true", *(f"NOT coalesce({where}, false)" for _, where in exclusions)])
    numbered = f"(SELECT *, row_number() OVER () AS __row FROM {with_cells(name, cells)})"
    with_texts = with_cells(name, cells)
    with_texts = f"(SELECT * FROM {with_texts} WHERE {counted})" if exclusions else with_texts
    bare = with_texts if exclusions else f"raw.{name}"
    rows = CountedRows(con, name, bare, with_texts, f"(SELECT * FROM {numbered} WHERE {counted})", by_name)
    return LoadedTable(
        name=name,
        source=label,
        loaded=loaded,
        columns=columns,
        cells=cells,
        added={column: kinds[column] for column in table_mapping.added},
        exclusions=exclusions,
        doubts=(
            *review(rows, table_mapping, columns, origins, formats),
            *_differing_parts(con, name, source_tables, origins, by_name, formats, styles),
        ),
        lines=table_mapping.rows == "lines",
        variables={
            column: replace(variable, unit=variable.unit or _unit(styles.get(column, {})))
            for column, variable in table_mapping.segment_by.items()
        },
        numbered=origins[key(name)].row_number,
        per={column: origin.per for column, origin in origins.items() if origin.per},
        units={column: unit for column in styles if (unit := origins[column].unit or _unit(styles[column]))},
        used=frozenset(one for origin in origins.values() for one in origin.columns),
        notes=tuple(notes),
    )


def _differing_parts(
    con: duckdb.DuckDBPyConnection,
    name: str,
    source_tables: tuple[str, ...],
    origins: Mapping[str, ColumnSource],
    by_name: Mapping[str, RawColumn],
    formats: Formats,
    styles: Mapping[str, Mapping[str, NumberStyle]],
) -> list[Doubt]:
    """Find columns that a table writes in another way than it was read in, as it seems, or than other tables do."""
    parts = {one: f"source.{quoted(one)}" for one in source_tables}
    doubts: list[Doubt] = []
    for column, declared in TABLES[name].columns.items():
        origin = origins.get(column)
        if origin and kind(declared) == "date" and len(origin.columns) == 1 and not origin.fill_down:
            written = origin.formats or formats
            if any("%m" in form and "%d" in form for form in written.dates):
                doubts += swapped_days(con, f"{name}.{column}", read("date", origin, by_name, formats).value, parts)
    for column, by_column in styles.items() if len(parts) > 1 else ():
        for one, style in by_column.items():
            written = origins[column].formats or formats
            text = cell_value("number", origins[column], by_name[one], formats)
            doubts += written_otherwise(con, f"{name}.{column}", text, style, written, parts)
    return doubts


def _without_idle_words(
    con: duckdb.DuckDBPyConnection, name: str, texts: Mapping[str, ParsedColumn]
) -> dict[str, ParsedColumn]:
    """Return descriptors that are texts, without the remark on words for nothing where none of them has such a word."""
    words = {column: parsed.remarks["nothing"] for column, parsed in texts.items() if "nothing" in parsed.remarks}
    if not words:
        return {}
    [counts] = con.sql(f"SELECT {', '.join(f'count({cell})' for cell in words.values())} FROM raw.{name}").fetchall()
    return {
        column: replace(texts[column], remarks={k: v for k, v in texts[column].remarks.items() if k != "nothing"})
        for column, count in zip(words, counts, strict=True)
        if not count
    }


def _without_effect(
    con: duckdb.DuckDBPyConnection,
    name: str,
    mapping: TableMapping,
    cells: Mapping[str, str],
    conditions: Sequence[str],
) -> list[str]:
    """Say which exclusions by the value of a column leave no row out; those by a list say themselves how many."""
    counted = {
        exclusion: where
        for exclusion, where in zip(mapping.leave_out, conditions, strict=True)
        if exclusion.test not in LISTS
    }
    if not counted:
        return []
    counts = f"SELECT {', '.join(f'count(*) FILTER ({where})' for where in counted.values())}"
    [rows] = con.sql(f"{counts} FROM {with_cells(name, cells)}").fetchall()
    return [
        f"leave_out {exclusion.name} leaves no row of table {name} out: there is none in which {exclusion.sentence}"
        for exclusion, n_rows in zip(counted, rows, strict=True)
        if not n_rows
    ]


def _number_styles(
    con: duckdb.DuckDBPyConnection,
    name: str,
    origins: Mapping[str, ColumnSource],
    by_name: Mapping[str, RawColumn],
    formats: Formats,
) -> dict[str, dict[str, NumberStyle]]:
    """Find out how the numbers of a table are written, by canonical column and column of the source."""
    table, styles, texts = f"raw.{name}", {}, {}
    for column, origin in origins.items():
        styles[column] = {}
        for one in origin.columns:
            if by_name[one].type == "VARCHAR":
                texts[column, one] = cell_value("number", origin, by_name[one], formats)
                styles[column][one] = find_style(con, table, texts[column, one], origin.formats or formats)
    if not any(style.alike for by_column in styles.values() for style in by_column.values()):
        return styles
    decimals = {
        styles[column][one].decimal
        for (column, one), text in texts.items()
        if has_decimals(con, table, text, styles[column][one])
    }
    return {
        column: {one: settled(style, decimals) for one, style in by_column.items()}
        for column, by_column in styles.items()
    }


def _style_notes(
    styles: Mapping[str, Mapping[str, NumberStyle]], kinds: Mapping[str, str], by_name: Mapping[str, RawColumn]
) -> list[str]:
    """Say how numbers were read where that was found out."""
    notes = []
    for column, by_column in styles.items():
        for one, style in by_column.items():
            if kinds[column] == "number":
                notes.append(style.sentence(by_name[one].name))
                if style.alike:
                    notes.append(f"column '{by_name[one].name}': {ambiguity(style)}")
    return [note for note in dict.fromkeys(notes) if note]


def _unit(styles: Mapping[str, NumberStyle]) -> str:
    """Return the unit that the cells of a variable carry; empty if they carry none, or it has several columns."""
    units = [style.unit for style in styles.values()]
    return units[0] if len(units) == 1 else ""


def several_answers_query(text: str, table: str) -> str:
    """Write the query of the cells that hold several answers: each of its parts stands in other cells too."""
    parts = f"SELECT x, unnest(string_split_regex(x, {sql_literal(ANSWERS)})) AS part FROM texts"
    return (
        f"WITH texts AS (SELECT DISTINCT {text} AS x FROM {table} WHERE {text} IS NOT NULL), parts AS ({parts}), "
        "shared AS (SELECT part FROM parts GROUP BY part HAVING count(DISTINCT x) > 1) "
        "SELECT x FROM parts GROUP BY x HAVING count(*) > 1 AND bool_and(part IN (FROM shared)) ORDER BY x"
    )


def _several_answers(con: duckdb.DuckDBPyConnection, name: str, text: str, cells: Mapping[str, str]) -> str | None:
    """Write the SQL of a cell that holds several answers; None if the column has less than two such texts."""
    texts = con.sql(several_answers_query(text, with_cells(name, cells))).fetchall()
    if len(texts) < 2:
        return None
    return f"CASE WHEN regexp_matches({text}, {sql_literal(ANSWERS)}) THEN {text} END"


def with_cells(name: str, cells: Mapping[str, str]) -> str:
    """Write the FROM clause of a raw table with the texts of its cells beside it: each is written once."""
    texts = "".join(f", {text} AS {alias}" for alias, text in cells.items())
    return f"(SELECT *{texts} FROM raw.{name})"


def label_of(source_tables: tuple[str, ...]) -> str:
    """Return what the tables that one canonical table is made from are called together."""
    if len(source_tables) == 1:
        return source_tables[0]
    return f"{source_tables[0]} to {source_tables[-1]} ({len(source_tables)} tables)"


def _stack(con: duckdb.DuckDBPyConnection, target: str, parts: Mapping[str, Loaded]) -> Loaded:
    """Make a view of tables that lie one below the other, with their columns matched by name."""
    union = " UNION ALL BY NAME ".join(f"SELECT * FROM source.{quoted(one)}" for one in parts)
    con.execute(f"CREATE VIEW {target} AS {union}")
    digest = hashlib.sha256("".join(loaded.sha256 for loaded in parts.values()).encode()).hexdigest()
    rows = [con.sql(f"SELECT count(*) FROM source.{quoted(one)}").fetchall()[0][0] for one in parts]
    listed = ", ".join(f"'{one}' ({n:,} rows)" for one, n in zip(parts, rows, strict=True))
    return Loaded(
        digest, "; ".join([f"one below the other: {listed}", *dict.fromkeys(p.note for p in parts.values() if p.note)])
    )


def _missing_in_parts(
    con: duckdb.DuckDBPyConnection, source_tables: tuple[str, ...], origins: Mapping[str, ColumnSource]
) -> list[str]:
    """Name the columns that are used and that one of several tables lacks: its rows would be empty there."""
    problems = []
    for one in source_tables if len(source_tables) > 1 else ():
        there = {plain(row[0]) for row in con.sql(f"DESCRIBE source.{quoted(one)}").fetchall()}
        absent = dict.fromkeys(
            column for origin in origins.values() for column in origin.columns if column not in there
        )
        problems += [
            f"table '{one}' has no column '{column}', which the others of {label_of(source_tables)} have"
            for column in absent
        ]
    return problems


def with_name_tables(source: Source, mapping: ShopMapping) -> ShopMapping:
    """Let the ids of genders and cities be their names, where the mapping says the id and no table has the names."""
    customers, existing = mapping.table("customers"), {plain(name) for name in source.tables}
    added = {}
    for table, column, name in (("genders", "gender_id", "gender_name"), ("cities", "city_id", "city_name")):
        origin = customers.columns.get(column)
        if origin and table not in mapping.tables and table not in existing:
            columns = {column: origin, name: origin}
            added[table] = TableMapping(customers.sources or ("customers",), "distinct", columns)
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


def find_source_tables(source: Source, mapping: ShopMapping) -> dict[str, tuple[str, ...]]:
    """Find the source's tables behind each canonical one.

    Raises
    ------
    InputRefused
        If one that is needed, or that the mapping names, is not there.
    """
    by_name = {plain(name): name for name in source.tables}
    only = _only_table(source, mapping)
    matches: dict[str, tuple[str, ...]] = {}
    problems = []
    for name in TABLES:
        given = mapping.table(name).sources
        if only and (given or name in mapping.tables):
            matches[name] = (only,)
            continue
        matched: list[str] = []
        for wanted in given or (name,):
            named = _named(wanted, by_name)
            if named:
                matched += [one for one in named if one not in matched]
            elif given or mapping.needs(name):
                problems.append(f"no table '{wanted}'{did_you_mean(wanted, list(source.tables))}")
        if matched:
            matches[name] = tuple(matched)
    if problems:
        listed = ", ".join(f"'{name}'" for name in source.tables) or "none"
        hint = ""
        if not mapping.tables:
            hint += "; a mapping file says what they are called (seglib check --suggest writes one)"
        if "transactions" not in matches and not mapping.table("transactions").sources:
            hint += (
                "; a table with one row a customer needs no transactions, if the mapping file says which of its "
                "columns to segment by (segment_by, under customers)"
            )
        raise InputRefused(f"source '{source.name}' has {' and '.join(problems)}; found: {listed}{hint}")
    return matches


def _only_table(source: Source, mapping: ShopMapping) -> str | None:
    """Return the only table of a source, where the mapping speaks of one table: it is that one, whatever it is called.

    So a model that was made of survey-2024.csv, with its mapping file, scores survey-2025.csv.
    """
    wanted = {mapping.tables[name].sources or (name,) for name in mapping.tables}
    if len(source.tables) != 1 or len(wanted) != 1 or len(next(iter(wanted))) != 1:
        return None
    return next(iter(source.tables))


def _named(wanted: str, by_name: Mapping[str, str]) -> list[str]:
    """Return the tables that a name means: the table of that name, or all those that fit it as a pattern."""
    one = by_name.get(plain(wanted)) or by_name.get(plain(wanted.rsplit(".", 1)[0]))
    if one is not None:
        return [one]
    if not set(wanted) & {"*", "?"}:
        return []
    pattern = plain(wanted).replace("[", "[[]")
    return [name for folded, name in by_name.items() if fnmatch.fnmatchcase(folded, pattern)]


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
        if exclusion.test not in LISTS and plain(exclusion.column) not in times:
            problems.append(
                f"{where}: leave_out names column '{exclusion.column}'{did_you_mean(exclusion.column, list(times))}; "
                f"found: {listed}"
            )
    origins: dict[str, ColumnSource] = {}
    for column, declared in TABLES[name].columns.items():
        if column in table_mapping.without:
            continue
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
) -> dict[str, Differing]:
    """Make ``raw.<name>``: the rows of the source; the first row of each key, where the mapping says ``distinct``.

    Returns
    -------
    dict of str to Differing
        Where the first row of each key counts: the columns in which rows of one key differ.
    """
    if any(origin.fill_down for origin in origins.values()):
        in_lines = table_mapping.rows == "lines"
        con.execute(
            f"CREATE TABLE raw.{name}__filled AS {_filled_down(name, target, origins, columns, formats, in_lines)}"
        )
        target = f"raw.{name}__filled"
    if table_mapping.rows != "distinct":
        con.execute(f"CREATE VIEW raw.{name} AS FROM {target}")
        return {}
    identity = read("id", origins[key(name)], columns, formats).value
    # The place of a row is fixed before anything is sorted, so "the first row" is that of the file on every machine.
    con.execute(
        f"CREATE TABLE raw.{name} AS SELECT * EXCLUDE (__place) FROM "
        f"(SELECT *, row_number() OVER () AS __place FROM {target}) WHERE {identity} IS NOT NULL "
        f"QUALIFY row_number() OVER (PARTITION BY {identity} ORDER BY __place) = 1 ORDER BY __place"
    )
    return _differing(con, name, target, identity, origins, columns)


def _differing(
    con: duckdb.DuckDBPyConnection,
    name: str,
    target: str,
    identity: str,
    origins: Mapping[str, ColumnSource],
    columns: Mapping[str, RawColumn],
) -> dict[str, Differing]:
    """Find the columns in which rows of one key differ; an empty cell differs from nothing."""
    others = [c for c, origin in origins.items() if c != key(name) and len(origin.columns) == 1]
    others = [c for c in others if origins[c].columns != origins[key(name)].columns]
    texts = {c: cell_text(columns[origins[c].columns[0]]) for c in others}
    if not texts:
        return {}
    parts = [f"min({text}) <> max({text}) AS c{place}" for place, text in enumerate(texts.values())]
    con.execute(
        f"CREATE TEMP TABLE differing AS SELECT {identity} AS id, {', '.join(parts)} FROM {target} "
        f"WHERE {identity} IS NOT NULL GROUP BY ALL"
    )
    differing = {}
    for place, column in enumerate(texts):
        [(keys,)] = con.sql(f"SELECT count(*) FROM differing WHERE c{place}").fetchall()
        if keys:
            rows = con.sql(f"SELECT id FROM differing WHERE c{place} ORDER BY length(id), id LIMIT 5").fetchall()
            source = f"'{columns[origins[column].columns[0]].name}'"
            differing[column] = Differing(source, keys, ", ".join(example for (example,) in rows))
    con.execute("DROP TABLE differing")
    return differing


def _filled_down(
    name: str,
    target: str,
    origins: Mapping[str, ColumnSource],
    columns: Mapping[str, RawColumn],
    formats: Formats,
    in_lines: bool,
) -> str:
    """Write the SELECT of the rows of a source with empty cells filled from above.

    The key comes first: it has the value of the row above, whatever that is. Of the lines of a transaction, the other
    columns have the value of an earlier line of the same one.
    """
    identity = origins[key(name)]
    rows = f"SELECT *, row_number() OVER () AS __place FROM {target}"
    by = {column: origin for column, origin in origins.items() if origin.fill_down}
    if key(name) in by:
        rows = f"SELECT * REPLACE ({_from_above(identity, columns, formats, '')}) FROM ({rows})"
    partition = ""
    if in_lines and identity.columns:
        partition = f"PARTITION BY {read('id', identity, columns, formats).value} "
    others = {
        origin.columns[0]: _from_above(origin, columns, formats, partition)
        for column, origin in by.items()
        if column != key(name) and origin.columns != identity.columns
    }
    if others:
        rows = f"SELECT * REPLACE ({', '.join(others.values())}) FROM ({rows})"
    return f"SELECT * EXCLUDE (__place) FROM ({rows}) ORDER BY __place"


def _from_above(origin: ColumnSource, columns: Mapping[str, RawColumn], formats: Formats, partition: str) -> str:
    """Write the SQL of a column of the source whose empty cells have the last value above them."""
    raw = columns[origin.columns[0]]
    is_there = f"{cell_value('id', ColumnSource(origin.columns, formats=origin.formats), raw, formats)} IS NOT NULL"
    window = f"{partition}ORDER BY __place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    return f"last_value(CASE WHEN {is_there} THEN {raw.sql} END IGNORE NULLS) OVER ({window}) AS {raw.sql}"


def _kind_of(
    con: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, RawColumn],
    origin: ColumnSource,
    formats: Formats,
    styles: Mapping[str, NumberStyle],
) -> str:
    """Say whether a descriptor is a number or text, by its values, whatever type the source gives it."""
    if len(origin.columns) > 1:
        return "number"
    text, number = (read(kind, origin, columns, formats, styles) for kind in ("text", "number"))
    [(numbers, levels)] = con.sql(
        f"SELECT coalesce(bool_and(x IS NULL OR y IS NOT NULL), false), count(DISTINCT x) "
        f"FROM (SELECT {text.value} AS x, {number.value} AS y FROM raw.{name})"
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


def _with_their_customers(transactions: LoadedTable) -> LoadedTable:
    """Let the transactions of customers who are left out be left out, too."""
    rule = Rule(
        WITH_CUSTOMERS,
        "exclusion",
        "left_out = 'with_their_customers'",
        "the mapping leaves out the customer of the transaction",
        "nothing to do; take it out of the mapping file to keep the customer",
    )
    condition = f"{transactions.columns['customer_id'].value} IN (FROM customers_left_out)"
    return replace(transactions, exclusions=(*transactions.exclusions, (rule, condition)))
