"""Rows that are no data of their own: sums of other rows, lines of names among the values, lines that came twice."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

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

LONGEST_TOTAL = max(map(len, TOTALS)) + 4
"""Characters of a cell that says no more than that it is a total."""

FEWEST_SUMMED = 4
"""Of fewer rows above it, a last row may be their sum by chance."""

OFTEN = 0.05
"""Share of lines that repeat an earlier one from which on it is a warning."""

_SECOND_NAMES = ("response", "open-ended response", "responses")
"""What services for surveys write below the names of columns; others write ``{"ImportId": ...}``."""


def stray_rows(rows: CountedRows, identities: Collection[str]) -> Iterator[Doubt]:
    """Find rows that say that they are a total, rows of names among the values, and a second line of names.

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
    is_total = {  # the cheap test comes first
        name: f"(length({rows.columns[name].sql}) < {LONGEST_TOTAL} AND rtrim(lower({text}), ' :.') IN ({listed}))"
        for name, text in texts.items()
    }
    either = "|".join(sorted(TOTALS, key=lambda word: (-len(word), word)))
    pattern = sql_literal(f"^(?:{either})[: ]+|[: ]+(?:{either})$")
    of_group = {
        name: f"(contains({rows.columns[name].sql}, ' ') AND regexp_matches(lower({texts[name]}), {pattern}))"
        for name in identities
        if name in texts
    }
    conditions = [*is_total.items(), *of_group.items()]
    *counts, n_names = rows.ask(
        *(f"count(*) FILTER ({condition})" for _, condition in conditions), f"count(*) FILTER ({_names_again(texts)})"
    )
    for (name, condition), count in zip(conditions, counts, strict=True):
        if count and name in of_group and condition == of_group[name]:
            ids = f"SELECT lower({texts[name]}) FROM {rows.sql} WHERE {texts[name]} IS NOT NULL"
            condition = f"({condition} AND regexp_replace(lower({texts[name]}), {pattern}, '') IN ({ids}))"
            [count] = rows.ask(f"count(*) FILTER ({condition})")
        if count:
            yield _total(rows, name, condition, count)
    if n_names:
        yield _names_doubt(rows, texts, n_names)
    yield from _second_names(rows, texts)


def _total(rows: CountedRows, name: str, condition: str, count: int) -> Doubt:
    column = rows.columns[name].name
    words = rows.con.sql(
        f"SELECT DISTINCT {rows.texts()[name]} FROM {rows.sql} WHERE {condition} ORDER BY 1 LIMIT 3"
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
    numbers = f"(SELECT {value} AS x, __row FROM {rows.numbered_sql})"
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


def _names_again(texts: Mapping[str, str]) -> str:
    """Write the SQL condition of a row whose every cell is the name of its column."""
    pairs = [f"lower({text}) = {sql_literal(name)}" for name, text in texts.items()]
    filled = " + ".join(f"CAST({text} IS NOT NULL AS INTEGER)" for text in texts.values())
    named = " + ".join(f"CAST(coalesce({pair}, false) AS INTEGER)" for pair in pairs)
    return f"(({' OR '.join(pairs[:2])}) AND ({named}) > 1 AND ({named}) = ({filled}))"


def _names_doubt(rows: CountedRows, texts: Mapping[str, str], count: int) -> Doubt:
    rule = Rule(
        f"{rows.table}.text.names_again",
        "warning",
        "",
        "every cell of the row is the name of its column: were files put together with their first lines?",
        "drop these rows at the source",
        cells=True,
    )
    return Doubt(rule, count, rows.examples(_names_again(texts), next(iter(texts.values()))))


def _second_names(rows: CountedRows, texts: Mapping[str, str]) -> Iterator[Doubt]:
    """Find a second line of names among the first two rows, as services for surveys write it."""
    first = rows.con.sql(f"SELECT {', '.join(texts.values())} FROM {rows.sql} LIMIT 2").fetchall()
    for place, cells in enumerate(first, start=1):
        names = [
            cell for cell in filter(None, cells) if cell.lower() in _SECOND_NAMES or cell.startswith('{"ImportId"')
        ]
        if names:
            rule = Rule(
                f"{rows.table}.text.second_names",
                "warning",
                "",
                "one of the first rows looks like a second line of names, as services for surveys write it",
                "drop all lines between the names and the first answers at the source",
                cells=True,
            )
            yield Doubt(rule, 1, f"row {place} ({names[0][:40]})")
            return


def empty_rows(rows: CountedRows) -> Iterator[Doubt]:
    """Find rows without any value where the number of the row stands for an id: they count as customers."""
    texts = rows.texts(only_varchar=False)
    empty = f"coalesce({', '.join(texts.values())}) IS NULL"
    [count] = rows.ask(f"count(*) FILTER ({empty})")
    if count:
        rule = Rule(
            f"{rows.table}.text.empty_row",
            "warning",
            "",
            "the row has no value at all, and counts as a customer, because the number of the row stands for an id",
            "drop these rows at the source",
            cells=True,
        )
        yield Doubt(rule, count, rows.examples(empty, "'empty'"))


def repeated_lines(rows: CountedRows) -> Iterator[Doubt]:
    """Find lines of transactions that are the same in every column as an earlier one: they add up once more."""
    cells = ", ".join(column.sql for column in rows.columns.values())
    [count] = rows.ask(f"count(*) - count(DISTINCT hash({cells}))")
    if not count:
        return
    rule = Rule(
        f"{rows.table}.text.repeated_line",
        "warning" if count >= OFTEN * rows.size else "info",
        "",
        "a line is the same in every column as an earlier one, and is added up: was something exported twice?",
        "if it was, take one copy away at the source; two equal pieces on two lines are as they should be",
        cells=True,
    )
    again = rows.con.sql(
        f"SELECT __row FROM {rows.numbered_sql} QUALIFY row_number() OVER (PARTITION BY hash({cells}) ORDER BY __row) "
        "> 1 ORDER BY __row LIMIT 5"
    ).fetchall()
    yield Doubt(rule, count, ", ".join(f"row {row}" for (row,) in again))
