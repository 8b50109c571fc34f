"""Rows that are no data of their own: sums of other rows, lines of names among the values, lines that came twice."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from seglib.ingest.contract.doubts import CountedRows, Doubt
from seglib.ingest.contract.rules import Rule
from seglib.sql import sql_literal
from seglib.style import join_words

TOTALS = (
    "total",
    "totals",
    "grand total",
    "subtotal",
    "sub-total",
    "sub total",
    "sum",
    "summe",
    "gesamt",
    "gesamtsumme",
    "gesamtergebnis",
    "zwischensumme",
    "insgesamt",
    "ergebnis",
    "total général",
    "total general",
    "sous-total",
    "somme",
    "suma",
    "totale",
    "totale complessivo",
    "totaal",
    "eindtotaal",
    "soma",
    "total geral",
    "razem",
    "suma końcowa",
    "celkem",
    "összesen",
    "toplam",
    "genel toplam",
    "итого",
    "всего",
    "общий итог",
)
"""What stands in a row that sums up others, in small letters."""

LONGEST_TOTAL = 60
"""Characters of a cell that can name the sum of a group."""

FEWEST_SUMMED = 4
"""Of fewer rows above it, a last row may be their sum by chance."""

OFTEN = 0.05
"""Share of lines that repeat an earlier one from which on it is a warning."""

_SECOND_NAMES = ("response", "open-ended response", "responses")
"""What services for surveys write below the names of columns; others write ``{"ImportId": ...}``."""


def totals(rows: CountedRows, identities: Collection[str]) -> Iterator[Doubt]:
    """Find rows that say that they are a total, in any column of texts.

    Parameters
    ----------
    rows : CountedRows
    identities : collection of str
        The columns of ids: there "Total" may stand beside one of the ids, as spreadsheets name the sum of a group.
    """
    texts = rows.texts()
    if not texts:
        return
    listed = ", ".join(map(sql_literal, TOTALS))
    # the cheap test comes first: a total is named in a few letters
    is_total = {
        name: f"(length({text}) < {LONGEST_TOTAL} AND rtrim(lower({text}), ' :.') IN ({listed}))"
        for name, text in texts.items()
    }
    counts = rows.ask(*(f"count(*) FILTER ({condition})" for condition in is_total.values()))
    for name, count in zip(is_total, counts, strict=True):
        if count:
            yield _total(rows, name, is_total[name], count)
    either = "|".join(sorted(TOTALS, key=lambda word: (-len(word), word)))
    for name in identities:
        if name not in texts:
            continue
        text = texts[name]
        key = f"regexp_replace(lower({text}), {sql_literal(f'^(?:{either})[: ]+|[: ]+(?:{either})$')}, '')"
        condition = (
            f"length({text}) < {LONGEST_TOTAL} AND {key} <> lower({text}) AND {key} IN "
            f"(SELECT lower({text}) FROM {rows.sql} WHERE {text} IS NOT NULL)"
        )
        [(count,)] = rows.con.sql(f"SELECT count(*) FROM {rows.sql} WHERE {condition}").fetchall()
        if count:
            yield _total(rows, name, condition, count)


def _total(rows: CountedRows, name: str, condition: str, count: int) -> Doubt:
    column = rows.columns[name].name
    words = rows.con.sql(
        f"SELECT DISTINCT {rows.texts()[name]} AS x FROM {rows.sql} WHERE {condition} ORDER BY x LIMIT 3"
    ).fetchall()
    listed = [word for (word,) in words]
    words_in_quotes = join_words([f"'{word}'" for word in listed], last="or")
    rule = Rule(
        rows.rule_id(name, "total"),
        "warning",
        "",
        f"column '{column}' says {words_in_quotes}: is the row the sum of others? It counts as one of them",
        f"if it is, leave it out in the mapping file: leave_out: {{totals: {{column: {column}, is: "
        f"[{', '.join(listed)}]}}}}",
        cells=True,
    )
    return Doubt(rule, count, rows.examples(condition, rows.texts()[name]))


def sum_of_others(rows: CountedRows, column: str, value: str) -> Iterator[Doubt]:
    """Find a last row whose number is the sum of all others.

    Parameters
    ----------
    rows : CountedRows
    column : str
        Canonical.
    value : str
        SQL of its number.
    """
    numbers = f"(SELECT {value} AS x, __row FROM {rows.sql})"
    [(last, row, total, count)] = rows.con.sql(
        f"SELECT arg_max(x, __row), max(__row), sum(x), count(x) FROM {numbers} WHERE x IS NOT NULL"
    ).fetchall()
    if not last or count <= FEWEST_SUMMED or abs(total - 2 * last) > 1e-9 * abs(total):
        return
    rule = Rule(
        f"{rows.table}.{column}.sum_of_others",
        "warning",
        "",
        f"{column} of the last row is the sum of all others: is it a total?",
        "if it is, drop the row at the source, or leave it out in the mapping file",
        cells=True,
    )
    yield Doubt(rule, 1, f"row {row} ({last:g})")


def names_among_values(rows: CountedRows) -> Iterator[Doubt]:
    """Find rows whose every cell is the name of its column, and a second line of names below the first."""
    texts = rows.texts()
    if len(texts) < 2:
        return
    filled = " + ".join(f"CAST({text} IS NOT NULL AS INTEGER)" for text in texts.values())
    named = " + ".join(
        f"CAST(coalesce(lower({text}) = {sql_literal(name)}, false) AS INTEGER)" for name, text in texts.items()
    )
    first = next(iter(texts.values()))
    again = f"(({named}) > 1 AND ({named}) = ({filled}))"
    listed = ", ".join(map(sql_literal, _SECOND_NAMES))
    second = " OR ".join(
        f"lower({text}) IN ({listed}) OR starts_with({text}, '{{\"ImportId\"')" for text in texts.values()
    )
    below = f"(__row <= 2 AND ({second}))"
    n_again, n_below = rows.ask(f"count(*) FILTER ({again})", f"count(*) FILTER ({below})")
    if n_again:
        rule = Rule(
            f"{rows.table}.text.names_again",
            "warning",
            "",
            "every cell of the row is the name of its column: were files put together with their first lines?",
            "drop these rows at the source",
            cells=True,
        )
        yield Doubt(rule, n_again, rows.examples(again, first))
    if n_below:
        rule = Rule(
            f"{rows.table}.text.second_names",
            "warning",
            "",
            "one of the first rows looks like a second line of names, as services for surveys write it",
            "drop all lines between the names and the first answers at the source",
            cells=True,
        )
        yield Doubt(rule, n_below, rows.examples(below, f"coalesce({', '.join(texts.values())})"))


def repeated_lines(rows: CountedRows, size: int) -> Iterator[Doubt]:
    """Find lines of transactions that are the same in every column as an earlier one: they add up once more.

    Parameters
    ----------
    rows : CountedRows
    size : int
        How many rows there are.
    """
    cells = ", ".join(column.sql for column in rows.columns.values())
    [count] = rows.ask(f"count(*) - count(DISTINCT hash({cells}))")
    if not count:
        return
    rule = Rule(
        f"{rows.table}.text.repeated_line",
        "warning" if count >= OFTEN * size else "info",
        "",
        "a line is the same in every column as an earlier one, and is added up: was something exported twice?",
        "if it was, take one copy away at the source; two equal pieces on two lines are as they should be",
        cells=True,
    )
    again = rows.con.sql(
        f"SELECT __row FROM {rows.sql} QUALIFY row_number() OVER (PARTITION BY hash({cells}) ORDER BY __row) > 1 "
        "ORDER BY __row LIMIT 5"
    ).fetchall()
    yield Doubt(rule, count, ", ".join(f"row {row}" for (row,) in again))
