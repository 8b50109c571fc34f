"""Tables that lie one below the other, and write numbers differently: 1.250 is a thousand in one month only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from seglib.ingest.contract.doubts import Doubt
from seglib.ingest.contract.numbers import NumberStyle, find_style, number_sql
from seglib.ingest.contract.rules import Rule
from seglib.ingest.mapping.model import Formats
from seglib.sql import sql_literal

if TYPE_CHECKING:
    import duckdb


def written_otherwise(
    con: duckdb.DuckDBPyConnection,
    column: str,
    text: str,
    style: NumberStyle,
    formats: Formats,
    parts: Mapping[str, str],
) -> list[Doubt]:
    """Find the tables whose numbers, looked at alone, can mean others than those that were read.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    column : str
        Table and canonical column, with a point between.
    text : str
        SQL of the cell's text.
    style : NumberStyle
        How the numbers of all tables together were read.
    formats : Formats
        What the mapping says of it.
    parts : mapping of str to str
        The SQL name of every table, by its name.
    """
    if style.alike is not None or (formats.decimal and formats.thousands):
        return []  # the doubt is told already; or there is none
    read = number_sql(text, style)
    grouped = sql_literal(r"(^|[^0-9])[1-9]\d{0,2}[.,]\d{3}([^0-9]|$)")
    rows_by_part = {}
    for name, table in parts.items():
        [(some,)] = con.sql(f"SELECT count(*) FROM {table} WHERE regexp_matches({text}, {grouped})").fetchall()
        if not some:
            continue
        alone = find_style(con, table, text, formats)
        ways = [alone]
        if alone.alike:
            ways.append(NumberStyle(alone.alike.decimal, alone.alike.thousands, alone.affixes))
        differ = " OR ".join(f"{read} <> {number_sql(text, way)}" for way in ways)
        [(rows,)] = con.sql(f"SELECT count(*) FROM {table} WHERE {differ}").fetchall()
        if rows:
            rows_by_part[name] = rows
    if not rows_by_part:
        return []
    rule = Rule(
        f"{column}.parts",
        "warning",
        "",
        f"{column.split('.')[1]} of one table alone could be others, such as 1.250 as 1250 or as 1.25: it was read "
        "as in the other tables",
        "if all are written in one way, say it in the mapping file: decimal and thousands; else export them again",
        cells=True,
    )
    examples = ", ".join(f"{n:,} row{'s' if n > 1 else ''} of {name}" for name, n in [*rows_by_part.items()][:5])
    return [Doubt(rule, sum(rows_by_part.values()), examples)]
