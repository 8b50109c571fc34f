"""Read the cells of a column: SQL that turns what a source holds into the values that the contract wants.

A cell becomes text first (trimmed, translated, filled with its default). The text is then read by the kind of its
column. What cannot be read is kept as text, so that it can be reported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from seglib.ingest.contract.month_names import english_months
from seglib.ingest.contract.nothing import nothing_numbers, nothing_words
from seglib.ingest.contract.numbers import BARE, NumberStyle, ambiguous_cell, number_sql, unit_sql
from seglib.ingest.mapping.model import ColumnSource, Exclusion, Formats
from seglib.schema.tables import FIRST_DAY, LARGEST_NUMBER, LAST_DAY
from seglib.sql import quoted, sql_literal

BLANKS = " \t\r\n\u00a0\ufeff"
"""What is cut off at both ends of a text."""

YES = ("1", "1.0", "yes", "y", "true", "t", "ja", "j", "oui", "si", "sí", "sì", "sim")
NO = ("0", "0.0", "no", "n", "false", "f", "nein", "nee", "nej", "non", "não")
"""What is read as 1 and as 0 where a column is binary, whatever its case."""

NULL_TEXT = "CAST(NULL AS VARCHAR)"

ANSWERS = r" *[;|,/&+\n] *"
"""What stands between several answers in one cell."""

_FLOATING = ("DOUBLE", "FLOAT")
_WITH_ZONE = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS")
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
class ParsedColumn:
    """SQL expressions over the raw table for one canonical column.

    Attributes
    ----------
    value : str
        In the type of the column's kind; NULL where there is none or it cannot be read.
    unreadable, out_of_range : str
        The cell's text where it cannot be read, or lies outside of what a shop can mean; otherwise NULL.
    blanks : str
        The cell where it has blanks before or after it; otherwise NULL.
    remarks : mapping of str to str
        What else there is to say of cells, by the problem: the cell's text, or the word in it, or NULL.
    """

    value: str
    unreadable: str = NULL_TEXT
    out_of_range: str = NULL_TEXT
    blanks: str = NULL_TEXT
    remarks: Mapping[str, str] = field(default_factory=dict)


def read(
    kind: str,
    origin: ColumnSource,
    columns: Mapping[str, RawColumn],
    formats: Formats,
    styles: Mapping[str, NumberStyle] | None = None,
    cells: Mapping[str, str] | None = None,
) -> ParsedColumn:
    """Write the SQL that reads a column.

    Parameters
    ----------
    kind : str
        ``id``, ``text``, ``status``, ``date``, ``number`` or ``binary``.
    origin : ColumnSource
        Its ``columns`` are keys of ``columns``.
    columns : mapping of str to RawColumn
    formats : Formats
        How dates and numbers are written, unless the origin says otherwise.
    styles : mapping of str to NumberStyle, optional
        By column: how its numbers are written, where that was found out (`seglib.ingest.contract.numbers`).
    cells : mapping of str to str, optional
        By column: the SQL name of a column that holds its `cell_value` already, so that statements stay short.

    Returns
    -------
    ParsedColumn
    """
    styles, cells = styles or {}, cells or {}
    if origin.row_number:
        return ParsedColumn("CAST(row_number() OVER () AS VARCHAR)")
    formats = origin.formats or formats
    raw = [columns[name] for name in origin.columns]
    if len(raw) > 1:
        return _product(
            [
                _read_one(
                    "number", replace(origin, columns=(name,)), column, formats, styles.get(name), cells.get(name)
                )
                for name, column in zip(origin.columns, raw, strict=True)
            ]
        )
    if not raw:
        return _read_one(kind, origin, None, formats, None, None)
    [name] = origin.columns
    return _read_one(kind, origin, raw[0], formats, styles.get(name), cells.get(name))


def _read_one(
    kind: str,
    origin: ColumnSource,
    raw: RawColumn | None,
    formats: Formats,
    style: NumberStyle | None,
    cell: str | None,
) -> ParsedColumn:
    """Write the SQL of a column that is read from one column, or is a constant; ``cell`` is its text, if given."""
    text = cell or cell_value(kind, origin, raw, formats)
    parsed = _parsed(kind, origin, raw, formats, style, text)
    remarks: dict[str, str] = {}
    if raw and kind == "id" and (shortened := _shortened(raw)):
        remarks["shortened"] = f"CASE WHEN {shortened} THEN {cell_text(raw)} END"
    codes = nothing_numbers(formats) if kind == "number" else ()
    if raw and codes:
        number = _number(raw, formats, style, cell_text(raw))
        remarks["nothing"] = f"CASE WHEN {number} IN ({', '.join(map(repr, codes))}) THEN {cell_text(raw)} END"
    if raw and raw.type == "VARCHAR":
        words = nothing_words(kind, formats)
        if words:
            is_word = _is_word(cell_text(raw), words, origin)
            otherwise = f" ELSE {remarks['nothing']}" if codes else ""
            remarks["nothing"] = f"CASE WHEN {is_word} THEN {cell_text(raw)}{otherwise} END"
        if kind == "number" and style:
            if style.alike:
                remarks["ambiguous"] = ambiguous_cell(text, style)
            if len(style.units) > 1 or style.bare:
                unit = f"coalesce(nullif({unit_sql(text)}, ''), {sql_literal(BARE)})" if style.bare else unit_sql(text)
                remarks["units"] = f"CASE WHEN {parsed.value} IS NOT NULL THEN nullif({unit}, '') END"
    return replace(parsed, remarks=remarks)


def _parsed(
    kind: str, origin: ColumnSource, raw: RawColumn | None, formats: Formats, style: NumberStyle | None, text: str
) -> ParsedColumn:
    """Write the SQL of a column's value, and of cells that have none although they hold something."""
    if kind == "number":
        number = _number(raw, formats, style, text)
        parsed = _checked(number, text, f"isfinite({number})", f"abs({number}) <= {LARGEST_NUMBER}")
        codes = nothing_numbers(formats) if raw else ()
        return replace(parsed, value=_without(parsed.value, codes)) if codes else parsed
    if kind == "binary" and origin.contains:
        answer = sql_literal(_one_of_several(origin.contains))
        return ParsedColumn(f"CAST(regexp_matches(lower({text}), {answer}) AS DOUBLE)")
    if kind == "binary":
        yes, no = (", ".join(map(sql_literal, words)) for words in (YES, NO))
        value = f"CASE WHEN lower({text}) IN ({yes}) THEN 1.0 WHEN lower({text}) IN ({no}) THEN 0.0 END"
        return ParsedColumn(value, f"CASE WHEN {value} IS NULL THEN {text} END")
    if kind == "date":
        day = _day(text, raw, formats, untouched=not (origin.values or origin.default))
        within = f"{day} BETWEEN DATE '{FIRST_DAY:%Y-%m-%d}' AND DATE '{LAST_DAY:%Y-%m-%d}'"
        return _checked(day, text, f"isfinite({day})", within)
    blanks = NULL_TEXT
    if raw and raw.type == "VARCHAR":
        blanks = f"CASE WHEN {cell_text(raw)} <> {raw.sql} THEN {raw.sql} END"
    if kind == "id" and raw and raw.type == "VARCHAR":
        # A column of whole numbers with gaps is exported as 7.0, or 7,0, also in CSV: the id is 7. The cheap test comes
        # first, so that the regular expression runs on few cells.
        whole = f"(ends_with({text}, '.0') OR ends_with({text}, ',0')) AND regexp_full_match({text}, '[0-9]+[.,]0')"
        text = f"CASE WHEN {whole} THEN left({text}, -2) ELSE {text} END"
    return ParsedColumn(f"lower({text})" if kind == "status" else text, blanks=blanks)


def _number(raw: RawColumn | None, formats: Formats, style: NumberStyle | None, text: str) -> str:
    """Write the SQL of a number: a column of text has decimal and thousands signs, a typed one is cast as it is."""
    if raw is not None and raw.type != "VARCHAR":
        return f"TRY_CAST({text} AS DOUBLE)"
    return number_sql(text, style or NumberStyle(formats.decimal or ".", formats.thousands))


def _without(number: str, codes: tuple[float, ...]) -> str:
    """Write the SQL of a number that is NULL where it is a code for no answer, however the code is written."""
    return f"CASE WHEN {number} NOT IN ({', '.join(map(repr, codes))}) THEN {number} END"


def _one_of_several(answer: str) -> str:
    """Write the regular expression of a cell that has an answer, alone or between others; it may have commas itself."""
    return rf"(^|{ANSWERS}){re.escape(answer.strip().lower())}($|{ANSWERS})"


def _checked(value: str, text: str, readable: str, within: str) -> ParsedColumn:
    """Split cells in three: readable and in range, unreadable, out of range."""
    readable = f"coalesce({readable}, false)"  # NULL, where the cast failed, must count as unreadable
    return ParsedColumn(
        f"CASE WHEN {readable} AND {within} THEN {value} END",
        f"CASE WHEN NOT {readable} THEN {text} END",
        f"CASE WHEN {readable} AND NOT ({within}) THEN {text} END",
    )


def _product(factors: list[ParsedColumn]) -> ParsedColumn:
    """Multiply several columns; the first factor that is wrong is what is wrong with the product."""
    product = " * ".join(factor.value for factor in factors)
    unreadable = ", ".join(factor.unreadable for factor in factors)
    out_of_range = ", ".join(factor.out_of_range for factor in factors)
    within = f"abs({product}) <= {LARGEST_NUMBER}"
    problems = dict.fromkeys(problem for factor in factors for problem in factor.remarks)
    remarks = {
        problem: f"coalesce({', '.join([f.remarks[problem] for f in factors if problem in f.remarks] + [NULL_TEXT])})"
        for problem in problems
    }
    return ParsedColumn(
        f"CASE WHEN {within} THEN {product} END",
        f"coalesce({unreadable})",
        f"coalesce({out_of_range}, CASE WHEN NOT ({within}) THEN CAST({product} AS VARCHAR) END)",
        remarks=remarks,
    )


def cell_text(raw: RawColumn) -> str:
    """Write the SQL of a cell's text: without blanks around it, NULL if nothing is left."""
    if raw.type == "VARCHAR":
        return f"nullif(trim(CAST({raw.sql} AS VARCHAR), '{BLANKS}'), '')"
    if raw.type not in _FLOATING:
        return f"CAST({raw.sql} AS VARCHAR)"
    # A spreadsheet or pandas makes a column of whole numbers with gaps a column of floats, and the gaps NaN. Below
    # 9e15 every whole number is exact as a double and fits in a BIGINT.
    whole = f"{raw.sql} = floor({raw.sql}) AND abs({raw.sql}) < 9e15"
    return (
        f"CASE WHEN isnan({raw.sql}) THEN NULL WHEN {whole} THEN CAST(CAST({raw.sql} AS BIGINT) AS VARCHAR) "
        f"ELSE CAST({raw.sql} AS VARCHAR) END"
    )


def _shortened(raw: RawColumn) -> str:
    """Write the SQL condition of an id that has lost digits, as a spreadsheet or a column of floats shortens it."""
    if raw.type in _FLOATING:
        return f"abs({raw.sql}) >= 9e15 AND isfinite({raw.sql})"
    if raw.type == "VARCHAR":  # the cheap test comes first, so that the regular expression runs on few cells
        written = rf"regexp_full_match({cell_text(raw)}, '\d([.,]\d+)?[eE][+]\d+')"
        return f"(contains({raw.sql}, 'E+') OR contains({raw.sql}, 'e+')) AND {written}"
    return ""


def _is_word(text: str, words: tuple[str, ...], origin: ColumnSource) -> str:
    """Write the SQL condition of a cell that holds one of some words, and that the mapping does not translate."""
    listed = ", ".join(sql_literal(word) for word in words if word not in origin.values)
    return f"lower({text}) IN ({listed})" if listed else "false"


def cell_value(kind: str, origin: ColumnSource, raw: RawColumn | None, formats: Formats) -> str:
    """Write the SQL of a cell's text after the mapping translated it, took words for nothing out and filled it."""
    text = cell_text(raw) if raw else sql_literal(origin.constant)
    words = nothing_words(kind, origin.formats or formats) if raw and raw.type == "VARCHAR" else ()
    otherwise = f"CASE WHEN {_is_word(text, words, origin)} THEN NULL ELSE {text} END" if words else text
    if origin.values:
        whens = " ".join(f"WHEN {sql_literal(old)} THEN {sql_literal(new)}" for old, new in origin.values.items())
        otherwise = f"nullif(CASE lower({text}) {whens} ELSE {otherwise} END, '')"
    return otherwise if origin.default is None else f"coalesce({otherwise}, {sql_literal(origin.default)})"


def _day(text: str, raw: RawColumn | None, formats: Formats, *, untouched: bool) -> str:
    """Write the SQL of a day; moments are put on the shop's clock first.

    ``untouched``: the mapping neither translates nor fills the cells, so a typed column can be read without its text.
    """
    if raw and raw.type == "DATE" and untouched:
        return raw.sql
    if raw and raw.type in _WITH_ZONE and untouched:
        return f"CAST({_on_shop_clock(f'CAST({raw.sql} AS TIMESTAMPTZ)', formats)} AS DATE)"
    if raw and raw.type.startswith("TIMESTAMP") and untouched:
        return f"CAST({_zoneless_on_shop_clock(f'CAST({raw.sql} AS TIMESTAMP)', formats)} AS DATE)"
    if raw and not (formats.dates or raw.type in ("VARCHAR", "DATE") or raw.type.startswith("TIMESTAMP")):
        return "CAST(NULL AS DATE)"  # a bare number is no date, unless the analyst says that it is
    # The ways to read a text, tried in this order: serial numbers, the formats of the mapping, ISO.
    ways = []
    if "excel" in formats.dates:
        # A spreadsheet counts days from 1900-01-01 as day 1 and believes in a 29 February 1900: with 1899-12-30 as
        # day 0 all days from March 1900 on are right. 2958465 is 9999-12-31.
        serial = f"TRY_CAST({text} AS DOUBLE)"
        day = f"DATE '1899-12-30' + CAST(floor({serial}) AS INTEGER)"
        ways.append(f"CASE WHEN {serial} BETWEEN 1 AND 2958465 THEN {day} END")
    if "unix" in formats.dates:
        ways.append(_unix_day(text, formats))
    patterns = [form for form in formats.dates if form not in ("excel", "unix")]
    if patterns:
        ways.append(f"CAST({_zoneless_on_shop_clock(_strptime(text, patterns), formats)} AS DATE)")
        named = [re.sub(r"\bdel? ", "", form.replace("%B", "%b")) for form in patterns if re.search("%[bB]", form)]
        if named:  # months in another language, or in full where the format has them short
            ways.append(f"CAST({_zoneless_on_shop_clock(_strptime(english_months(text), named), formats)} AS DATE)")
    ways.append(_iso_day(text, formats))
    return f"coalesce({', '.join(ways)})" if len(ways) > 1 else ways[0]


def _strptime(text: str, patterns: list[str]) -> str:
    """Write the SQL of a time without a zone that is written in one of several formats."""
    return f"try_strptime({text}, [{', '.join(map(sql_literal, patterns))}])"


def _unix_day(text: str, formats: Formats) -> str:
    """Write the SQL of the day of a moment in seconds since 1970, or in thousandths or millionths of them.

    Which of them it is shows in the number: up to 1e11 seconds are the years until 5138, from there thousandths begin
    in 1973.
    """
    number = f"TRY_CAST({text} AS DOUBLE)"
    seconds = (
        f"CASE WHEN abs({number}) < 1e11 THEN {number} WHEN abs({number}) < 1e14 THEN {number} / 1e3 "
        f"WHEN abs({number}) < 1e17 THEN {number} / 1e6 END"
    )
    return f"CAST({_on_shop_clock(f'to_timestamp({seconds})', formats)} AS DATE)"


def _iso_day(text: str, formats: Formats) -> str:
    """Write the SQL of a day in ISO form: a date, a moment without a zone or one with a zone."""
    # A cast to TIMESTAMP keeps the clock that is written, whatever zone stands behind it: midnight in Vienna stays the
    # day of Vienna. If the shop has a clock of its own, the three forms must be told apart: only a text with a colon
    # has a time, and only Z or an offset after it is a zone.
    if not formats.time_zone:
        return f"CAST(TRY_CAST({text} AS TIMESTAMP) AS DATE)"
    zoned = rf"regexp_matches({text}, ':.*(Z|[+-]\d\d(:?\d\d)?)$')"
    return (
        f"CASE WHEN NOT contains({text}, ':') THEN TRY_CAST({text} AS DATE) "
        f"WHEN {zoned} THEN CAST({_on_shop_clock(f'TRY_CAST({text} AS TIMESTAMPTZ)', formats)} AS DATE) "
        f"ELSE CAST({_zoneless_on_shop_clock(f'TRY_CAST({text} AS TIMESTAMP)', formats)} AS DATE) END"
    )


def _on_shop_clock(moment: str, formats: Formats) -> str:
    """Write the SQL of what the shop's clock shows at a moment; in UTC where the mapping says nothing about it."""
    return f"timezone({sql_literal(formats.time_zone or _UTC)}, {moment})"


def _zoneless_on_shop_clock(clock: str, formats: Formats) -> str:
    """Write the SQL of a time without a zone on the shop's clock."""
    if not formats.times_are_in:
        return clock
    return _on_shop_clock(f"timezone({sql_literal(formats.times_are_in)}, {clock})", formats)


def exclusion_condition(exclusion: Exclusion, raw: RawColumn, formats: Formats) -> str:
    """Write the SQL condition of a row that the mapping leaves out."""
    text = cell_text(raw)
    if exclusion.test == "empty":
        return f"{cell_value('id', ColumnSource((raw.name,)), raw, formats)} IS NULL"
    if exclusion.test == "is":
        return f"lower({text}) IN ({', '.join(sql_literal(v.strip().lower()) for v in exclusion.values)})"
    function = {"starts_with": "starts_with", "ends_with": "ends_with", "contains": "contains"}[exclusion.test]
    return f"({' OR '.join(f'coalesce({function}({text}, {sql_literal(v)}), false)' for v in exclusion.values)})"
