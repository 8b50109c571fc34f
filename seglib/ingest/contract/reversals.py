"""Columns that say what a row is, and that nobody mapped: a refund counts as a purchase, two currencies as one.

They are looked for among the columns that the mapping does not use, by the words in them and in their names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from seglib.ingest.contract.doubts import CountedRows, Doubt
from seglib.ingest.contract.numbers import CODES
from seglib.ingest.contract.parsing import NO, YES
from seglib.ingest.contract.rules import Rule
from seglib.style import join_words

MOST_LEVELS = 40
"""A column that says what a row is has no more different values than that."""

REVERSED = frozenset(
    re.findall(
        r"\w+",
        "refund refunds refunded return returns returned reversal reversed chargeback void voided cancel "
        "cancelled canceled cancellation cancelation declined rejected failed storno storniert stornierung "
        "stornorechnung retoure retouren retourniert rucksendung ruckgabe erstattung erstattet ruckerstattung "
        "gutschrift abgebrochen abgelehnt fehlgeschlagen rembourse remboursee remboursement annule annulee "
        "annulation retourne devolucion devuelto devuelta reembolso reembolsado reembolsada anulado anulada "
        "cancelado cancelada rimborso rimborsato annullato annullata stornato reso devolucao estorno estornado "
        "zwrot zwrocone anulowane anulowano geannuleerd terugbetaald terugbetaling retour iade iptal возврат "
        "отмена отменен отменено",
    )
)
"""Words without accents, in small letters, that say that a purchase was taken back or never was one."""

_NOT = frozenset(re.findall(r"\w+", "no not non nicht kein keine ohne sin sans niet geen nie nao"))


@dataclass(frozen=True)
class Reversals:
    """A column that says which rows are returns or cancellations.

    Attributes
    ----------
    column : str
        As the source calls it.
    values : tuple of str
        The values that say so; empty: every filled cell does.
    rows : int
    """

    column: str
    values: tuple[str, ...]
    rows: int


def says_reversed(text: str) -> bool:
    """Say whether a text, a value or the name of a column, says that something was taken back.

    Examples
    --------
    >>> says_reversed("Refund"), says_reversed("is_returned"), says_reversed("Rückerstattung")
    (True, True, True)
    >>> says_reversed("not returned"), says_reversed("nicht storniert"), says_reversed("returning")
    (False, False, False)
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    bare = "".join(c for c in unicodedata.normalize("NFKD", spaced) if not unicodedata.combining(c)).casefold()
    words = set(re.findall(r"[^\W\d_]+", bare))
    return bool(words & REVERSED) and not words & _NOT


def reversals_in(column: str, levels: Mapping[str, int], size: int) -> Reversals | None:
    """Say which values of a column name returns or cancellations; None if it does not tell them from other rows.

    Parameters
    ----------
    column : str
    levels : mapping of str to int
        Its values with their rows.
    size : int
        Rows of the table.

    Examples
    --------
    >>> reversals_in("Type", {"Sale": 90, "Refund": 10}, 100)
    Reversals(column='Type', values=('Refund',), rows=10)
    >>> reversals_in("is_returned", {"0": 95, "1": 5}, 100)
    Reversals(column='is_returned', values=('1',), rows=5)
    >>> reversals_in("Type", {"Refund": 100}, 100), reversals_in("colour", {"red": 50, "blue": 50}, 100)
    (None, None)
    """
    named = tuple(sorted(value for value in levels if says_reversed(value)))
    if not named and says_reversed(column) and {value.casefold() for value in levels} <= {*YES, *NO}:
        named = tuple(sorted(value for value in levels if value.casefold() in YES))
    rows = sum(levels[value] for value in named)
    return Reversals(column, named, rows) if named and rows < size else None


def reversed_rows(rows: CountedRows, levels_by_column: Mapping[str, Mapping[str, int]]) -> Iterator[Doubt]:
    """Find returns and cancellations that count as purchases; the levels are those of columns that nobody uses."""
    for name, levels in levels_by_column.items():
        column = rows.columns[name].name
        reversals = reversals_in(column, levels, rows.size)
        if reversals is None:
            continue
        values = join_words([f"'{value}'" for value in reversals.values], last="or")
        rule = Rule(
            rows.rule_id(name, "reversed"),
            "warning",
            "",
            f"column '{column}' says {values}: such a row counts as a transaction like any other, with its amount",
            "if it is none, leave it out in the mapping file: leave_out: "
            f"{{reversed: {{column: {column}, is: [{', '.join(reversals.values)}]}}}}",
            cells=True,
        )
        examples = ", ".join(
            f"{value} in {levels[value]:,} row{'s' if levels[value] > 1 else ''}" for value in reversals.values[:5]
        )
        yield Doubt(rule, reversals.rows, examples)


def currencies(rows: CountedRows, levels_by_column: Mapping[str, Mapping[str, int]]) -> Iterator[Doubt]:
    """Find a column that says that amounts are in several currencies."""
    names = {*CODES.split(), "€", "$", "£", "¥", "₹", "EURO", "DOLLAR"}
    for name, levels in levels_by_column.items():
        if len(levels) < 2 or not {level.upper() for level in levels} <= names:
            continue
        usual = max(levels, key=lambda level: levels[level])
        column = rows.columns[name].name
        rule = Rule(
            f"{rows.table}.amount.currencies",
            "warning",
            "",
            f"column '{column}' names several currencies, and the amounts are added up as if they were one",
            f"convert them at the source, or leave out all but one in the mapping file: leave_out: {{others: {{column: "
            f"{column}, is: [{', '.join(level for level in levels if level != usual)}]}}}}",
            cells=True,
        )
        examples = ", ".join(f"{level} in {n:,} row{'s' if n > 1 else ''}" for level, n in [*levels.items()][:5])
        yield Doubt(rule, sum(levels.values()) - levels[usual], examples)


def levels_of(rows: CountedRows, free: Collection[str]) -> dict[str, dict[str, int]]:
    """Return the values of the columns that have few, with their rows."""
    texts = {name: text for name, text in rows.texts(only_varchar=False).items() if name in free}
    if not texts:
        return {}
    counts = rows.ask(*(f"approx_count_distinct({text})" for text in texts.values()))
    return {
        name: levels
        for (name, text), n in zip(texts.items(), counts, strict=True)
        if 0 < n <= 2 * MOST_LEVELS and (levels := rows.levels(text, MOST_LEVELS))
    }
