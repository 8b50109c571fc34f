"""Codes for no answer among numbers: 99 beside answers of 1 to 5, -1 beside ages, 999999 beside incomes."""

from __future__ import annotations

from collections.abc import Iterator

from seglib.ingest.contract.doubts import CountedRows, Doubt
from seglib.ingest.contract.rules import Rule
from seglib.style import join_words

CANDIDATES = (
    *(float(digit * n) for n in range(2, 10) for digit in "789"),
    9.0,
    *(97.0, 98.0, 997.0, 998.0, 9997.0, 9998.0),
    *(-1.0, -2.0, -3.0, -7.0, -8.0, -9.0),
    *(-float(digit * n) for n in range(2, 8) for digit in "789"),
    *(-97.0, -98.0, -997.0, -998.0),
)
"""Numbers that stand for no answer in the files of surveys and registers."""

LONGEST_SCALE = 10
"""Steps of a scale of answers."""


def codes_query(value: str, rows: str) -> str:
    """Write the query of the `CANDIDATES` among some numbers, and of all others.

    Parameters
    ----------
    value : str
        SQL of the number.
    rows : str
        What follows FROM.

    Returns
    -------
    str
        One row: a map of the candidates to their rows; of the others the least and the largest, how many different
        ones, and whether all are whole.
    """
    listed = ", ".join(map(repr, CANDIDATES))
    return (
        f"SELECT histogram(x) FILTER (x IN ({listed})), min(x) FILTER (x NOT IN ({listed})), "
        f"max(x) FILTER (x NOT IN ({listed})), approx_count_distinct(x) FILTER (x NOT IN ({listed})), "
        f"bool_and(x = floor(x)) FROM (SELECT {value} AS x FROM {rows}) WHERE x IS NOT NULL"
    )


def codes(
    candidates: dict[float, int], least: float | None, largest: float | None, n_others: int, *, whole: bool
) -> list[float]:
    """Return the numbers that are codes for no answer, by what the others are.

    A negative one is a code where all others are 0 or more. A positive one is a code where it lies farther above the
    others than they lie apart; or one of a scale that begins with 1, has no gap, and ends before it.

    Examples
    --------
    >>> codes({99.0: 8}, 1, 5, 5, whole=True), codes({-1.0: 2}, 18, 80, 50, whole=True)
    ([99.0], [-1.0])
    >>> codes({99.0: 1}, 18, 96, 70, whole=True)
    []
    >>> codes({9.0: 8}, 1, 7, 7, whole=True), codes({9.0: 2}, 0, 8, 9, whole=True)
    ([9.0], [])
    """
    if least is None or largest is None:
        return []
    matching = []
    high = largest
    for code in sorted(candidates):
        if code < 0:
            is_code = least >= 0
        else:
            apart = code - high > max(largest - least, 1)
            scale = whole and least == 1 and n_others == largest <= LONGEST_SCALE and code - largest >= 2
            is_code = n_others > 1 and (apart or scale)
        if is_code:
            matching.append(code)
        elif code > 0:
            high = max(high, code)
    return matching


def answer_codes(rows: CountedRows, column: str, value: str) -> Iterator[Doubt]:
    """Find numbers of a variable that are codes for no answer.

    Parameters
    ----------
    rows : CountedRows
    column : str
        The variable.
    value : str
        SQL of its number.
    """
    [(candidates, least, largest, n_others, whole)] = rows.con.sql(codes_query(value, rows.cells_sql)).fetchall()
    matching = codes(dict(candidates or {}), least, largest, n_others, whole=bool(whole))
    if not matching:
        return
    listed = [f"{code:g}" if abs(code) < 1e6 else f"{code:.0f}" for code in matching]
    rule = Rule(
        f"{rows.table}.{column}.code",
        "warning",
        "",
        f"{column} is {join_words(listed, last='or')} in some rows, and lies between {least:g} and "
        f"{largest:g} in all others: a code for no answer? It counts as a number",
        f"if it is one, say so in the mapping file: {column}: {{kind: numeric, nothing: [{', '.join(listed)}]}}",
        cells=True,
    )
    counts = {code: candidates[code] for code in matching}
    examples = ", ".join(
        f"{text} in {n:,} row{'s' if n > 1 else ''}" for text, n in zip(listed, counts.values(), strict=True)
    )
    yield Doubt(rule, sum(counts.values()), examples)
