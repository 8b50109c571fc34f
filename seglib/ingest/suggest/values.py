"""What the values of a source's columns bear out: a guess is sure only if they can be what its name says."""

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

LOOKED_AT = 10_000
"""Rows of a table whose values are looked at."""

MOST = 0.8
"""Share of a column's values that must be what the column is taken for."""

FEW = 20
"""A status or a gender has no more values than that."""

REPEATS = 0.05
"""A key that repeats more often than that is none, or the key of something else."""

_DAYS = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%m-%y",
    "%m-%d-%y", "%y-%m-%d", "%Y%m%d", "%Y.%m.%d", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y",
    "%B %d, %Y",
)  # fmt: skip
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
DATES = {day: tuple(day + time for time in _TIMES) for day in _DAYS} | {"excel": ("excel",)}
"""How days are written, each with the times of day that may follow. ISO dates are always read."""

NUMBERS = (
    Formats(), Formats(thousands=","), Formats(decimal=","), Formats(decimal=",", thousands="."),
    Formats(thousands=" "), Formats(decimal=",", thousands=" "), Formats(thousands="'"),
)  # fmt: skip
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


class Looked:
    """A table of the source: all of it, to find references in, and its first rows."""

    def __init__(self, con: duckdb.DuckDBPyConnection, name: str, held: str, seen: str) -> None:
        self.con, self.name, self.held, self.seen = con, name, held, seen
        con.execute(f"CREATE TABLE {seen} AS FROM {held} LIMIT {LOOKED_AT}")
        self.columns = {row[0]: RawColumn(*row[:2]) for row in con.sql(f"DESCRIBE {held}").fetchall()}
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
        [row] = self.con.sql(f"SELECT {', '.join(expressions)} FROM {self.seen} WHERE {where}").fetchall()
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
        found = f"SELECT {self.text(column)} AS x, count(*) FROM {self.seen} WHERE x IS NOT NULL GROUP BY ALL"
        return dict(self.con.sql(f"{found} ORDER BY 2 DESC, 1 LIMIT {FEW + 1}").fetchall())

    def example(self, what: str, column: str, formats: Formats) -> str:
        """Return a value that cannot be read."""
        [value] = self.ask(f"min({self.text(column)})", where=f"{self.value(what, column, formats)} IS NULL")
        return repr(value)[:40]


def guess(looked: Looked, table: str, column: str, name: str, score: float) -> Guess:
    """Say whether a source's column can be a canonical one that its name comes near to."""
    made = Guess(column, (name,), score)
    if not looked.filled[name]:
        made = replace(made, doubt="it is empty")
    elif column == "transaction_status":
        made = _status(looked, made)
    elif kind(TABLES[table].columns[column]) == "date":
        made = _date(looked, made)
    elif kind(TABLES[table].columns[column]) == "number":
        _, made = numbers(looked, made)
    elif column == "gender_id" and looked.distinct[name] > FEW:
        made = replace(made, doubt=f"{looked.distinct[name]:,} different values are too many")
    elif column == key(table) != "transaction_id" and score < 1 and looked.repeats(name) > REPEATS:  # it may have lines
        made = replace(made, doubt="its values repeat")
    if score > 1:  # the contract's own name: it is taken in any case
        return replace(made, doubt="", note=made.note or made.doubt)
    return made if made.doubt or score >= SURE else replace(made, doubt="its name comes near, no more")


def _date(looked: Looked, made: Guess) -> Guess:
    [name] = made.names
    [iso] = looked.shares("date", name, [Formats()])
    if iso >= MOST:
        return made
    ways = _likely(looked, name)
    shares = looked.shares("date", name, [Formats(dates=DATES[way]) for way in ways]) if ways else []
    best = max(shares, default=iso)
    if best < MOST:
        form = Formats(dates=DATES[ways[shares.index(best)]]) if ways else Formats()
        example = looked.example("date", name, form)
        return replace(made, doubt=f"{best:.0%} of its values can be read as a date, not {example}")
    alike = tuple(way for way, share in zip(ways, shares, strict=True) if share == best)
    return replace(made, days=_told_apart(looked, name, alike))


def _likely(looked: Looked, name: str) -> list[str]:
    """Return the ways of writing days that any of a few values is written in; it is quick."""
    text = looked.text(name)
    counts = [f"count(try_strptime(x, {list(DATES[way])}))" for way in DATES if way != "excel"]
    [hits] = looked.con.sql(
        f"SELECT {', '.join(counts)} FROM (SELECT {text} AS x FROM {looked.seen} WHERE x <> '' LIMIT 500)"
    ).fetchall()
    found = [way for way, hit in zip(DATES, hits, strict=False) if hit]
    return [*found, "excel"] if "date" in words(name) else found


def _told_apart(looked: Looked, name: str, ways: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ways of writing days that no row contradicts; all rows are asked: a year begins with twelve days."""
    best, *others = ways
    alike = [best]
    for way in others:
        one, other = (looked.value("date", name, Formats(dates=DATES[w])) for w in (best, way))
        [(here, there)] = looked.con.sql(
            f"SELECT count(a), count(b) FROM (SELECT a, b FROM (SELECT {one} AS a, {other} AS b FROM {looked.held}) "
            f"WHERE (a IS NULL) <> (b IS NULL) LIMIT {FEW})"
        ).fetchall()
        if there > here:
            best, alike = way, [way]
        elif there == here:
            alike.append(way)
    return tuple(alike)


def date_formats(looked: Looked, made: Guess) -> tuple[str, ...]:
    """Return the formats that the first way of writing days needs, with the times of day that are there."""
    forms = [form for day in made.days[:1] for form in DATES[day]]
    shares = looked.shares("date", made.names[0], [Formats(dates=(form,)) for form in forms]) if forms else []
    return tuple(form for form, share in zip(forms, shares, strict=True) if share > 0)


def numbers(looked: Looked, made: Guess) -> tuple[Formats, Guess]:
    """Return the way of writing numbers that fits all columns of a guess best, and the guess with its doubt."""
    shares = [min(fits) for fits in zip(*(looked.shares("number", n, NUMBERS) for n in made.names), strict=True)]
    best = NUMBERS[shares.index(max(shares))]
    if max(shares) >= MOST:
        return best, made
    example = looked.example("number", made.names[0], best)
    return best, replace(made, doubt=f"{max(shares):.0%} of its values can be read as a number, not {example}")


def _status(looked: Looked, made: Guess) -> Guess:
    [name] = made.names
    levels = looked.levels(name)
    if len(levels) > FEW:
        return replace(made, doubt=f"more than {FEW} different values are too many")
    flag = bool({"used", "redeemed", "burned"} & set(words(name)))
    known = {text: status for status, texts in (_FLAG if flag else _STATUS).items() for text in texts.split()}
    values = {level: known.get(level.casefold(), "") for level in levels}
    if {level.lower() for level in levels} <= {*STATUSES}:
        return made
    meant = sum(rows for level, rows in levels.items() if values[level])
    doubt = "say what its values mean" if meant < looked.filled[name] / 2 else ""
    return replace(made, doubt=doubt, values=values)
