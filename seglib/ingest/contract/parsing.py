"""Read a cell: from what a source holds to the value the contract wants, in SQL.

A cell is text first (trimmed, translated, filled with its default) and then read by the kind of its column. What
cannot be read is kept, so that it can be told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from seglib.ingest.mapping.model import Choice, ColumnSource, Formats
from seglib.schema.tables import FIRST_DAY, LARGEST_NUMBER, LAST_DAY
from seglib.sql import quoted, sql_literal

BLANKS = " \t\r\n\u00a0\ufeff"
"""What is cut off at both ends of a text."""

YES = ("1", "1.0", "yes", "y", "true", "t", "ja", "j", "oui", "si", "sí", "sì", "sim")
NO = ("0", "0.0", "no", "n", "false", "f", "nein", "nee", "nej", "non", "não")
"""What is read as 1 and as 0 where a column is binary, whatever its case."""

_FLOATING = ("DOUBLE", "FLOAT")
_UTC = "UTC"


@dataclass(frozen=True)
class RawColumn:
    """A column as the source has it: its name and its DuckDB type."""

    name: str
    type: str

    @property
    def sql(self) -> str:
        """The name, quoted."""
        return quoted(self.name)


@dataclass(frozen=True)
class Reading:
    """SQL expressions over the raw table for one canonical column.

    Attributes
    ----------
    value : str
        In the type of the column's kind; NULL where there is none or it cannot be read.
    unreadable, out_of_range : str
        The cell's text where it cannot be read, or is nothing a shop can mean; otherwise NULL.
    blanks : str
        The cell where it has blanks before or after it; otherwise NULL.
    """

    value: str
    unreadable: str = "CAST(NULL AS VARCHAR)"
    out_of_range: str = "CAST(NULL AS VARCHAR)"
    blanks: str = "CAST(NULL AS VARCHAR)"


def read(kind: str, origin: ColumnSource, columns: Mapping[str, RawColumn], formats: Formats) -> Reading:
    """Write the SQL that reads a column.

    Parameters
    ----------
    kind : str
        ``id``, ``text``, ``status``, ``date``, ``number`` or ``binary``.
    origin : Origin
        Its ``columns`` are keys of ``columns``.
    columns : mapping of str to RawColumn
    formats : Formats
        How dates and numbers are written, unless the origin says otherwise.

    Returns
    -------
    Reading
    """
    if origin.row_number:
        return Reading("CAST(row_number() OVER () AS VARCHAR)")
    formats = origin.formats or formats
    raw = [columns[name] for name in origin.columns]
    if len(raw) > 1:
        return _product([_read_one("number", replace(origin, columns=(c.name,)), c, formats) for c in raw])
    return _read_one(kind, origin, raw[0] if raw else None, formats)


def _read_one(kind: str, origin: ColumnSource, raw: RawColumn | None, formats: Formats) -> Reading:
    text = _text(origin, raw)
    if kind == "number":
        typed = raw is not None and raw.type != "VARCHAR"  # then there are no signs to be told
        number = f"TRY_CAST({text} AS DOUBLE)" if typed else _number(text, formats)
        good = f"isfinite({number})"
        within = f"abs({number}) <= {LARGEST_NUMBER}"
        return _checked(number, text, good, within)
    if kind == "binary":
        yes, no = (", ".join(map(sql_literal, said)) for said in (YES, NO))
        value = f"CASE WHEN lower({text}) IN ({yes}) THEN 1.0 WHEN lower({text}) IN ({no}) THEN 0.0 END"
        return Reading(value, f"CASE WHEN {value} IS NULL THEN {text} END")
    if kind == "date":
        day = _day(text, raw, formats, plain=not (origin.values or origin.default))
        within = f"{day} BETWEEN DATE '{FIRST_DAY:%Y-%m-%d}' AND DATE '{LAST_DAY:%Y-%m-%d}'"
        return _checked(day, text, f"isfinite({day})", within)
    blanks = "CAST(NULL AS VARCHAR)"
    if raw and raw.type == "VARCHAR":
        blanks = f"CASE WHEN {cell_text(raw)} <> {raw.sql} THEN {raw.sql} END"
    if kind == "id" and raw and raw.type == "VARCHAR":  # a table with gaps writes whole numbers as 7.0, also in CSV
        whole = f"ends_with({text}, '.0') AND regexp_full_match({text}, '[0-9]+[.]0')"
        text = f"CASE WHEN {whole} THEN left({text}, -2) ELSE {text} END"
    return Reading(f"lower({text})" if kind == "status" else text, blanks=blanks)


def _checked(value: str, text: str, good: str, within: str) -> Reading:
    good = f"coalesce({good}, false)"
    return Reading(
        f"CASE WHEN {good} AND {within} THEN {value} END",
        f"CASE WHEN NOT {good} THEN {text} END",
        f"CASE WHEN {good} AND NOT ({within}) THEN {text} END",
    )


def _product(factors: list[Reading]) -> Reading:
    values = [factor.value for factor in factors]
    unreadable, out_of_range = ([getattr(f, name) for f in factors] for name in ("unreadable", "out_of_range"))
    product = " * ".join(values)
    within = f"abs({product}) <= {LARGEST_NUMBER}"
    return Reading(
        f"CASE WHEN {within} THEN {product} END",
        f"coalesce({', '.join(unreadable)})",
        f"coalesce({', '.join(out_of_range)}, CASE WHEN NOT ({within}) THEN CAST({product} AS VARCHAR) END)",
    )


def cell_text(raw: RawColumn) -> str:
    """Write the SQL of a cell's text: without blanks around it, NULL if nothing is left."""
    text = f"nullif(trim(CAST({raw.sql} AS VARCHAR), '{BLANKS}'), '')"
    if raw.type not in _FLOATING:
        return text if raw.type == "VARCHAR" else f"CAST({raw.sql} AS VARCHAR)"
    # a spreadsheet or pandas writes whole numbers with gaps as 7.0, and the gaps as nan
    whole = f"{raw.sql} = floor({raw.sql}) AND abs({raw.sql}) < 9e15"
    return (
        f"CASE WHEN isnan({raw.sql}) THEN NULL WHEN {whole} THEN CAST(CAST({raw.sql} AS BIGINT) AS VARCHAR) "
        f"ELSE CAST({raw.sql} AS VARCHAR) END"
    )


def _text(origin: ColumnSource, raw: RawColumn | None) -> str:
    text = cell_text(raw) if raw else sql_literal(origin.constant)
    if origin.values:
        whens = " ".join(f"WHEN {sql_literal(old)} THEN {sql_literal(new)}" for old, new in origin.values.items())
        text = f"CASE lower({text}) {whens} ELSE {text} END"
    return f"coalesce({text}, {sql_literal(origin.default)})" if origin.default is not None else text


def _number(text: str, formats: Formats) -> str:
    if formats.decimal == "." and not formats.thousands:
        return f"TRY_CAST({text} AS DOUBLE)"
    point, mark = re.escape(formats.decimal), re.escape(formats.thousands)
    groups = rf"\d{{1,3}}({mark}\d{{3}})+|\d+" if mark else r"\d+"
    shape = sql_literal(rf"[+-]?({groups})({point}\d+)?")
    bare = f"replace({text}, {sql_literal(formats.thousands)}, '')" if formats.thousands else text
    bare = f"replace({bare}, {sql_literal(formats.decimal)}, '.')" if formats.decimal != "." else bare
    return f"CASE WHEN regexp_full_match({text}, {shape}) THEN TRY_CAST({bare} AS DOUBLE) END"


def _day(text: str, raw: RawColumn | None, formats: Formats, *, plain: bool) -> str:
    """Write the SQL of a day; moments are taken to the shop's clock first."""
    if raw and raw.type == "DATE" and plain:
        return raw.sql
    if raw and raw.type == "TIMESTAMP WITH TIME ZONE" and plain:
        return f"CAST({_on_shop_clock(raw.sql, formats)} AS DATE)"
    if raw and raw.type.startswith("TIMESTAMP") and plain:
        return f"CAST({_moved(f'CAST({raw.sql} AS TIMESTAMP)', formats)} AS DATE)"
    if raw and not (formats.dates or raw.type in ("VARCHAR", "DATE") or raw.type.startswith("TIMESTAMP")):
        return "CAST(NULL AS DATE)"  # a bare number is no date, unless the analyst says that it is
    ways = []
    if "excel" in formats.dates:
        serial = f"TRY_CAST({text} AS DOUBLE)"
        day = f"DATE '1899-12-30' + CAST(floor({serial}) AS INTEGER)"
        ways.append(f"CASE WHEN {serial} BETWEEN 1 AND 2958465 THEN {day} END")
    written = [form for form in formats.dates if form != "excel"]
    if written:
        known = ", ".join(sql_literal(form) for form in written)
        ways.append(f"CAST({_moved(f'try_strptime({text}, [{known}])', formats)} AS DATE)")
    ways.append(_iso_day(text, formats))
    return f"coalesce({', '.join(ways)})" if len(ways) > 1 else ways[0]


def _iso_day(text: str, formats: Formats) -> str:
    # the session's time zone is UTC: a text without a zone keeps its clock, one with a zone is taken to UTC
    if not formats.time_zone:
        return f"CAST(TRY_CAST({text} AS TIMESTAMP) AS DATE)"
    zoned = rf"regexp_matches({text}, ':.*(Z|[+-]\d\d(:?\d\d)?)$')"
    return (
        f"CASE WHEN NOT contains({text}, ':') THEN TRY_CAST({text} AS DATE) "
        f"WHEN {zoned} THEN CAST({_on_shop_clock(f'TRY_CAST({text} AS TIMESTAMPTZ)', formats)} AS DATE) "
        f"ELSE CAST({_moved(f'TRY_CAST({text} AS TIMESTAMP)', formats)} AS DATE) END"
    )


def _on_shop_clock(moment: str, formats: Formats) -> str:
    """Write the SQL of what the shop's clock shows at a moment; in UTC where nothing is said about it."""
    return f"timezone({sql_literal(formats.time_zone or _UTC)}, {moment})"


def _moved(clock: str, formats: Formats) -> str:
    """Write the SQL of a time without a zone on the shop's clock."""
    if not formats.times_are_in:
        return clock
    return _on_shop_clock(f"timezone({sql_literal(formats.times_are_in)}, {clock})", formats)


def left_out(choice: Choice, raw: RawColumn) -> str:
    """Write the SQL condition of a row that the mapping leaves out."""
    text = cell_text(raw)
    if choice.test == "empty":
        return f"{text} IS NULL"
    if choice.test == "is":
        return f"lower({text}) IN ({', '.join(sql_literal(v.strip().lower()) for v in choice.values)})"
    test = {"starts_with": "starts_with", "ends_with": "ends_with", "contains": "contains"}[choice.test]
    return f"({' OR '.join(f'coalesce({test}({text}, {sql_literal(v)}), false)' for v in choice.values)})"
