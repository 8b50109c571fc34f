"""What the values of a column support: a guess is sure only if they can be what the name of the column says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from seglib.errors import InputRefused
from seglib.ingest.contract.parsing import RawColumn, cell_text, read
from seglib.ingest.mapping.model import ColumnSource, Formats
from seglib.ingest.suggest.names import SURE, words
from seglib.schema.tables import STATUSES, TABLES, key, kind

if TYPE_CHECKING:
    import duckdb

ROWS_EXAMINED = 10_000
"""Rows of a table whose values are examined."""

MOST = 0.8
"""Share of a column's values that must be what the column is taken for."""

FEW = 20
"""A status or a gender has no more values than that."""

REPEATS = 0.05
"""A key that repeats more often is no key, or the key of something else."""

_DAYS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%y-%m-%d",
    "%Y%m%d",
    "%Y.%m.%d",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
DATES = {day: tuple(day + time for time in _TIMES) for day in _DAYS} | {"excel": ("excel",)}
"""How days are written, each with the times of day that may follow. ISO dates are always read."""

NUMBERS = (
    Formats(),
    Formats(thousands=","),
    Formats(decimal=","),
    Formats(decimal=",", thousands="."),
    Formats(thousands=" "),
    Formats(decimal=",", thousands=" "),
    Formats(thousands="'"),
)
"""How numbers are written. What fits two ways is the earlier one: 1,234 is a thousand."""

_STATUS = {
    "burned": "burned burnt used redeemed spent complete completed consumed",
    "subscribed": "subscribed open claimed active issued pending unused available sent",
}
_FLAG = {"burned": "yes y true t 1", "subscribed": "no n false f 0"}
"""What the values of a status mean, and those of a column that is called 'used'."""


@dataclass(frozen=True)
class Guess:
    """Where the values of a canonical column come from.

    Attributes
    ----------
    column : str
        Canonical.
    names : tuple of str
        The source's column; several are multiplied.
    score : float
        How near the name comes (`seglib.ingest.suggest.names.likeness`).
    doubt : str
        Why it is not sure; empty if it is.
    note : str
        What the analyst should know of it.
    days : tuple of str
        The ways of writing days (keys of `DATES`) that fit its values equally well.
    values : mapping of str to str
        Translations of a status; empty where it is not known what a value means.
    """

    column: str
    names: tuple[str, ...]
    score: float = 1.0
    doubt: str = ""
    note: str = ""
    days: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)


class SourceTable:
    """A table of the source: all of its rows, to look up references, and its first rows, to examine values."""

    def __init__(self, con: duckdb.DuckDBPyConnection, name: str, all_rows: str, first_rows: str) -> None:
        self.con, self.name, self.all_rows, self.first_rows = con, name, all_rows, first_rows
        con.execute(f"CREATE TABLE {first_rows} AS FROM {all_rows} LIMIT {ROWS_EXAMINED}")
        self.columns = {row[0]: RawColumn(*row[:2]) for row in con.sql(f"DESCRIBE {all_rows}").fetchall()}
        if not self.columns:
            raise InputRefused("it has no columns")
        texts = [self.text(column) for column in self.columns]
        counts = self.ask(*(f"count({text}), count(DISTINCT {text})" for text in texts))
        self.filled = dict(zip(self.columns, counts[::2], strict=True))
        self.distinct = dict(zip(self.columns, counts[1::2], strict=True))

    def text(self, column: str) -> str:
        """Write the SQL of a cell's text."""
        return cell_text(self.columns[column])

    def value(self, what: str, column: str, formats: Formats) -> str:
        """Write the SQL of a cell's value, as the contract would read it."""
        return read(what, ColumnSource((column,)), {column: self.columns[column]}, formats).value

    def ask(self, *expressions: str, where: str = "true") -> tuple:
        """Return one row of aggregates over the first rows."""
        [row] = self.con.sql(f"SELECT {', '.join(expressions)} FROM {self.first_rows} WHERE {where}").fetchall()
        return row

    def shares(self, what: str, column: str, formats: Sequence[Formats]) -> list[float]:
        """Return the share of a column's values that can be read, for each way of writing them."""
        counts = self.ask(*(f"count({self.value(what, column, form)})" for form in formats))
        return [count / max(self.filled[column], 1) for count in counts]

    def repeats(self, column: str) -> float:
        """Return the share of a column's values that an earlier row has."""
        return 1 - self.distinct[column] / max(self.filled[column], 1)

    def levels(self, column: str) -> dict[str, int]:
        """Return the most frequent values of a column with their rows; one more than `FEW` of them at most."""
        query = f"SELECT {self.text(column)} AS x, count(*) FROM {self.first_rows} WHERE x IS NOT NULL GROUP BY ALL"
        return dict(self.con.sql(f"{query} ORDER BY 2 DESC, 1 LIMIT {FEW + 1}").fetchall())

    def example(self, what: str, column: str, formats: Formats) -> str:
        """Return a value that cannot be read."""
        [value] = self.ask(f"min({self.text(column)})", where=f"{self.value(what, column, formats)} IS NULL")
        return repr(value)[:40]


def guess_column(source: SourceTable, table: str, column: str, name: str, score: float) -> Guess:
    """Say whether a source's column can be a canonical one that its name comes near to."""
    guess = Guess(column, (name,), score)
    if not source.filled[name]:
        guess = replace(guess, doubt="it is empty")
    elif column == "transaction_status":
        guess = _status(source, guess)
    elif kind(TABLES[table].columns[column]) == "date":
        guess = _date(source, guess)
    elif kind(TABLES[table].columns[column]) == "number":
        _, guess = numbers(source, guess)
    elif column == "gender_id" and source.distinct[name] > FEW:
        guess = replace(guess, doubt=f"{source.distinct[name]:,} different values are too many")
    elif column == key(table) != "transaction_id" and score < 1 and source.repeats(name) > REPEATS:  # it may have lines
        guess = replace(guess, doubt="its values repeat")
    if score > 1:  # the contract's own name: it is taken in any case
        return replace(guess, doubt="", note=guess.note or guess.doubt)
    return guess if guess.doubt or score >= SURE else replace(guess, doubt="its name comes near, no more")


def _date(source: SourceTable, guess: Guess) -> Guess:
    [name] = guess.names
    [iso] = source.shares("date", name, [Formats()])
    if iso >= MOST:
        return guess
    ways = _plausible_ways(source, name)
    shares = source.shares("date", name, [Formats(dates=DATES[way]) for way in ways]) if ways else []
    best = max(shares, default=iso)
    if best < MOST:
        form = Formats(dates=DATES[ways[shares.index(best)]]) if ways else Formats()
        example = source.example("date", name, form)
        return replace(guess, doubt=f"{best:.0%} of its values can be read as a date, not {example}")
    alike = tuple(way for way, share in zip(ways, shares, strict=True) if share == best)
    return replace(guess, days=_not_contradicted(source, name, alike))


def _plausible_ways(source: SourceTable, name: str) -> list[str]:
    """Return the ways of writing days that any of a few values is written in; it is quick."""
    text = source.text(name)
    counts = [f"count(try_strptime(x, {list(DATES[way])}))" for way in DATES if way != "excel"]
    [hits] = source.con.sql(
        f"SELECT {', '.join(counts)} FROM (SELECT {text} AS x FROM {source.first_rows} WHERE x <> '' LIMIT 500)"
    ).fetchall()
    ways = [way for way, hit in zip(DATES, hits, strict=False) if hit]
    return [*ways, "excel"] if "date" in words(name) else ways


def _not_contradicted(source: SourceTable, name: str, ways: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ways of writing days that no row contradicts; all rows are asked: a year begins with twelve days."""
    best, *others = ways
    alike = [best]
    for way in others:
        one, other = (source.value("date", name, Formats(dates=DATES[w])) for w in (best, way))
        both = f"SELECT {one} AS a, {other} AS b FROM {source.all_rows}"
        [(here, there)] = source.con.sql(
            f"SELECT count(a), count(b) FROM (SELECT a, b FROM ({both}) WHERE (a IS NULL) <> (b IS NULL) LIMIT {FEW})"
        ).fetchall()
        if there > here:
            best, alike = way, [way]
        elif there == here:
            alike.append(way)
    return tuple(alike)


def date_formats(source: SourceTable, guess: Guess) -> tuple[str, ...]:
    """Return the formats that the first way of writing days needs, with the times of day that are there."""
    forms = [form for day in guess.days[:1] for form in DATES[day]]
    shares = source.shares("date", guess.names[0], [Formats(dates=(form,)) for form in forms]) if forms else []
    return tuple(form for form, share in zip(forms, shares, strict=True) if share > 0)


def numbers(source: SourceTable, guess: Guess) -> tuple[Formats, Guess]:
    """Return the way of writing numbers that fits all columns of a guess best, and the guess with its doubt."""
    shares = [min(fits) for fits in zip(*(source.shares("number", n, NUMBERS) for n in guess.names), strict=True)]
    best = NUMBERS[shares.index(max(shares))]
    if max(shares) >= MOST:
        return best, guess
    example = source.example("number", guess.names[0], best)
    return best, replace(guess, doubt=f"{max(shares):.0%} of its values can be read as a number, not {example}")


def _status(source: SourceTable, guess: Guess) -> Guess:
    [name] = guess.names
    levels = source.levels(name)
    if len(levels) > FEW:
        return replace(guess, doubt=f"more than {FEW} different values are too many")
    flag = bool({"used", "redeemed", "burned"} & set(words(name)))
    meanings = {text: status for status, texts in (_FLAG if flag else _STATUS).items() for text in texts.split()}
    values = {level: meanings.get(level.casefold(), "") for level in levels}
    if {level.lower() for level in levels} <= {*STATUSES}:
        return guess
    meant = sum(rows for level, rows in levels.items() if values[level])
    doubt = "say what its values mean" if meant < source.filled[name] / 2 else ""
    return replace(guess, doubt=doubt, values=values)
