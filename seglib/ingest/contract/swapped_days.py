"""Days and months that are swapped: February 1 to 12, with the month first, read as the 2nd of twelve months."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from seglib.ingest.contract.doubts import Doubt
from seglib.ingest.contract.rules import Rule

if TYPE_CHECKING:
    import duckdb

FEWEST_DAYS = 3
"""Of fewer different days nothing follows."""

TIMES_LONGER = 4
"""How many times longer the period is that a table covers as read, than with days and months swapped."""


def swapped_days(con: duckdb.DuckDBPyConnection, column: str, value: str, parts: Mapping[str, str]) -> list[Doubt]:
    """Find tables whose days all lie within a month once day and month change places, and far apart as they were read.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    column : str
        Table and canonical column, with a point between.
    value : str
        SQL of the day.
    parts : mapping of str to str
        What follows FROM for every table, by its name.
    """
    rows_by_part = {}
    for name, table in parts.items():
        [(rows, days, latest, as_read, swapped)] = con.sql(
            "SELECT count(d), count(DISTINCT d), max(day(d)), max(d) - min(d), "
            "max(make_date(year(d), day(d), month(d))) - min(make_date(year(d), day(d), month(d))) "
            f"FROM (SELECT CASE WHEN day(d) <= 12 THEN d ELSE NULL END AS d, d IS NOT NULL AS is_day FROM "
            f"(SELECT {value} AS d FROM {table})) HAVING count(d) = count(*) FILTER (is_day)"
        ).fetchall() or [(0, 0, 0, 0, 0)]
        if days >= FEWEST_DAYS and latest <= 12 and swapped <= 31 and as_read > TIMES_LONGER * max(swapped, 7):
            rows_by_part[name] = rows
    if not rows_by_part:
        return []
    rule = Rule(
        f"{column}.swapped",
        "warning",
        "",
        f"every {column.split('.')[1]} of a table lies within one month, if day and month change places: is the month "
        "written first there?",
        "say how its days are written: date_format in the mapping file; tables that are written differently have to be "
        "exported again",
        cells=True,
    )
    examples = ", ".join(f"{n:,} row{'s' if n > 1 else ''} of {name}" for name, n in [*rows_by_part.items()][:5])
    return [Doubt(rule, sum(rows_by_part.values()), examples)]
