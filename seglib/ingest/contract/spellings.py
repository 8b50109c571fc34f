"""One thing under several spellings: each is a level, or a person, of its own."""

from __future__ import annotations

from collections.abc import Iterator

from seglib.ingest.contract.alike import alike
from seglib.ingest.contract.doubts import CountedRows, Doubt
from seglib.ingest.contract.rules import Rule

MOST_LEVELS = 2_000
"""Of more different values, none is looked at: they are no levels."""


FEWEST_ROWS = 10
"""Of fewer customers nobody makes segments."""


def spelled_in_several_ways(rows: CountedRows, column: str, value: str) -> Iterator[Doubt]:
    """Find levels that differ in capitals, accents, blanks and points only.

    Parameters
    ----------
    rows : CountedRows
    column : str
        Canonical, or a variable.
    value : str
        SQL of its text.
    """
    texts = f"SELECT {value} AS x FROM {rows.cells_sql}"
    levels = (
        f"SELECT x, {alike('strip_accents(x)')} AS same, count(*) AS n FROM ({texts}) WHERE x IS NOT NULL GROUP BY ALL"
    )
    [(n_levels, n_rows)] = rows.con.sql(
        f"SELECT approx_count_distinct({value}), count(*) FROM {rows.cells_sql}"
    ).fetchall()
    if not 1 < n_levels <= MOST_LEVELS or (rows.table == "customers" and n_rows < FEWEST_ROWS):
        return
    groups = rows.con.sql(
        f"SELECT list(x ORDER BY n DESC, x), sum(n) - max(n) FROM ({levels}) WHERE regexp_matches(same, '[^0-9]') "
        "GROUP BY same HAVING count(*) > 1 ORDER BY sum(n) DESC, min(x)"
    ).fetchall()
    if not groups:
        return
    first = groups[0][0]
    rule = Rule(
        f"{rows.table}.{column}.spelled",
        "warning",
        "",
        f"{column} spells one thing in several ways, it seems: each of them counts as another",
        "if they are one, translate them in the mapping file, whatever their case: "
        f"values: {{{first[1].lower()}: {first[0]}}}",
        cells=True,
    )
    yield Doubt(rule, int(sum(n for _, n in groups)), ", ".join(" and ".join(words[:4]) for words, _ in groups[:5]))
