"""Days that were written as midnight on another clock: 2024-01-05 in Vienna is 2024-01-04T23:00:00Z in an export."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seglib.ingest.contract.doubts import CountedRows, Doubt
from seglib.ingest.contract.parsing import RawColumn, cell_text
from seglib.ingest.contract.rules import Rule

FEWEST_DAYS = 5
"""Of fewer different days nothing follows if all have the same time."""


NOON = 12 * 60

FIRST_LOOK = 100
"""Rows that are looked at first."""


def midnights_elsewhere(rows: CountedRows, column: str, raw: RawColumn) -> Iterator[Doubt]:
    """Find a column of moments that are all midnight of a zone to the east: every day is one too early.

    All moments have one time of day, or two (summer and winter), of the afternoon or evening, on the half hour.

    Parameters
    ----------
    rows : CountedRows
    column : str
        Canonical.
    raw : RawColumn
        What it is read from.
    """
    if raw.type != "VARCHAR" and not raw.type.startswith("TIMESTAMP"):
        return
    moment = f"CAST({raw.sql} AS TIMESTAMP)" if raw.type != "VARCHAR" else f"TRY_CAST({cell_text(raw)} AS TIMESTAMP)"
    minutes = "60 * hour(x) + minute(x)"
    moments = f"SELECT {moment} AS x FROM {rows.sql}"
    first = [row[0] for row in rows.con.sql(f"SELECT {minutes} FROM ({moments} LIMIT {FIRST_LOOK})").fetchall()]
    if not _one_time([minute for minute in first if minute is not None]):
        return  # nearly every column shows soon that it has other times
    [(least, largest, times, days, exact, n_rows)] = rows.con.sql(
        f"SELECT min({minutes}), max({minutes}), count(DISTINCT {minutes}), count(DISTINCT CAST(x AS DATE)), "
        f"bool_and(second(x) = 0), count(x) FROM ({moments}) WHERE x IS NOT NULL"
    ).fetchall()
    if times > 2 or not exact or not _one_time([least, largest]):
        return
    if days < FEWEST_DAYS:
        return
    shown = " or ".join(dict.fromkeys(f"{m // 60:02d}:{m % 60:02d}" for m in (least, largest)))
    rule = Rule(
        f"{rows.table}.{column}.midnight",
        "warning",
        "",
        f"every {column} is at {shown}: midnight on the clock of another place? Then its day is one too early",
        "if it is, say in the mapping file where the shop is: time_zone: Europe/Vienna; and times_are_in: UTC, if the "
        "times have no zone behind them",
        cells=True,
    )
    yield Doubt(rule, n_rows, shown)


def _one_time(minutes: Sequence[int]) -> bool:
    """Say whether minutes since midnight are those of one time after noon, or of two an hour apart."""
    if not minutes:
        return False
    least, largest = min(minutes), max(minutes)
    return least >= NOON and largest - least <= 60 and all(minute % 30 == 0 for minute in minutes)
