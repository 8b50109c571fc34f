"""Look a table over for what can be read and may mean something else (`seglib.ingest.contract.doubts`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from seglib.ingest.contract.answer_codes import answer_codes
from seglib.ingest.contract.doubts import CountedRows, Doubt
from seglib.ingest.contract.midnights import midnights_elsewhere
from seglib.ingest.contract.nobody import customers_who_are_nobody
from seglib.ingest.contract.parsing import NULL_TEXT, ParsedColumn
from seglib.ingest.contract.reversals import currencies, levels_of, reversed_rows
from seglib.ingest.contract.spellings import spelled_in_several_ways
from seglib.ingest.contract.stray_rows import empty_rows, repeated_lines, stray_rows, sum_of_others
from seglib.ingest.mapping.model import ColumnSource, Formats, TableMapping
from seglib.schema.tables import TABLES, kind

_SPELLED = {"genders": "gender_name", "cities": "city_name"}
"""Canonical columns whose texts are levels, by table."""


def review(
    rows: CountedRows,
    mapping: TableMapping,
    columns: Mapping[str, ParsedColumn],
    origins: Mapping[str, ColumnSource],
    formats: Formats,
) -> tuple[Doubt, ...]:
    """Find what is doubtful in a table.

    Parameters
    ----------
    rows : CountedRows
    mapping : TableMapping
        What the analyst says of the table.
    columns : mapping of str to ParsedColumn
        How its canonical columns and those beyond the contract are read from ``rows``.
    origins : mapping of str to ColumnSource
        What they are read from.
    formats : Formats
    """
    spoken_of = {one for origin in origins.values() for one in origin.columns}
    spoken_of |= {exclusion.column.strip().casefold() for exclusion in mapping.leave_out}
    doubts: list[Iterator[Doubt]] = []
    if rows.table in ("customers", "transactions") and mapping.rows != "distinct":
        identities = [one for c in ("transaction_id", "customer_id") if c in origins for one in origins[c].columns]
        doubts.append(stray_rows(rows, identities))
    if rows.table == "customers":
        if origins["customer_id"].row_number:
            doubts.append(empty_rows(rows))
        doubts.append(_of_customers(rows, mapping, columns))
    if rows.table == "transactions":
        levels = levels_of(rows, set(rows.columns) - spoken_of)
        doubts.append(_of_transactions(rows, mapping, columns, origins, formats, levels))
    if rows.table in _SPELLED:
        doubts.append(spelled_in_several_ways(rows, _SPELLED[rows.table], columns[_SPELLED[rows.table]].value))
    return tuple(chain(*doubts))


def _of_customers(rows: CountedRows, mapping: TableMapping, columns: Mapping[str, ParsedColumn]) -> Iterator[Doubt]:
    for name, variable in mapping.segment_by.items():
        value = columns[name].value
        if variable.kind == "numeric":
            yield from answer_codes(rows, name, value)
            if mapping.rows != "distinct":
                yield from sum_of_others(rows, name, value)
        elif variable.kind == "nominal":
            yield from spelled_in_several_ways(rows, name, value)
    for name in mapping.descriptors:
        if columns[name].unreadable == NULL_TEXT:  # a text is never wrong
            yield from spelled_in_several_ways(rows, name, columns[name].value)


def _of_transactions(
    rows: CountedRows,
    mapping: TableMapping,
    columns: Mapping[str, ParsedColumn],
    origins: Mapping[str, ColumnSource],
    formats: Formats,
    levels: Mapping[str, Mapping[str, int]],
) -> Iterator[Doubt]:
    yield from reversed_rows(rows, levels)
    if origins["customer_id"].columns and origins["transaction_id"].columns:
        yield from customers_who_are_nobody(rows, columns["customer_id"].value, columns["transaction_id"].value)
    amount = origins.get("amount")
    if amount:
        yield from currencies(rows, levels)
        if mapping.rows == "lines" and amount.per != "transaction":
            yield from repeated_lines(rows)
    for name, declared in TABLES["transactions"].columns.items():
        if kind(declared) == "date" and name in origins and len(origins[name].columns) == 1:
            zone = (origins[name].formats or formats).time_zone
            if not zone:
                yield from midnights_elsewhere(rows, name, rows.columns[origins[name].columns[0]])
