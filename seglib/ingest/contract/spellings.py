"""One thing under several spellings: each is a level, or a person, of its own."""

from __future__ import annotations

from collections.abc import Iterator

from seglib.ingest.contract.doubts import CountedRows, Doubt
from seglib.ingest.contract.rules import Rule
from seglib.sql import sql_literal

INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Signs that nobody sees: they come from pages and mails."""

MOST_LEVELS = 2_000
"""Of more different values, none is looked at: they are no levels."""


def alike(text: str, signs: str = " .\u00a0\u202f") -> str:
    """Write the SQL of a text without capitals, accents in two signs, blanks, points and what nobody sees."""
    return f"translate(lower(nfc_normalize({text})), {sql_literal(signs + INVISIBLE)}, '')"


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
    levels = (
        f"SELECT x, {alike('strip_accents(x)')} AS same, n FROM (SELECT {value} AS x, count(*) AS n FROM {rows.sql} "
        f"WHERE {value} IS NOT NULL GROUP BY x)"
    )
    [(n_levels,)] = rows.con.sql(f"SELECT approx_count_distinct({value}) FROM {rows.sql}").fetchall()
    if not 1 < n_levels <= MOST_LEVELS:
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
