"""What the values of a column support: a guess is sure only if they can be what the name of the column says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from seglib.errors import InputRefused
from seglib.ingest.contract.month_names import english_months
from seglib.ingest.contract.numbers import NumberStyle, ambiguity, find_style
from seglib.ingest.contract.parsing import NO, YES, RawColumn, cell_value, read
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
    "%d. %B %Y",
    "%d. %b %Y",
    "%d de %B de %Y",
    "%b-%d-%Y",
    "%d-%B-%Y",
    "%b %d, %Y",
    "%B %d, %Y",
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
DATES = {day: tuple(day + time for time in _TIMES) for day in _DAYS} | {"unix": ("unix",), "excel": ("excel",)}
"""How days are written, each with the times of day that may follow. ISO dates are always read."""

_ANSWERS = {word for word in (*YES, *NO) if word.isalpha()}

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
    spellings : mapping of str to str
        Translations that make one name of what is spelled differently; the analyst decides.
    row_number : bool
        Whether the number of the row stands for it.
    fill_down : bool
        Whether empty cells have the value of the line above.
    per : str
        ``transaction``, where all lines of a transaction repeat its amount.
    """

    column: str
    names: tuple[str, ...]
    score: float = 1.0
    doubt: str = ""
    note: str = ""
    days: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)
    row_number: bool = False
    fill_down: bool = False
    per: str = ""


class SourceTable:
    """A table of the source: all of its rows, to look up references, and its first rows, to examine values.

    Several tables with the same columns, its ``members``, are one below the other; ``title`` is what their names share.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        name: str,
        all_rows: str,
        first_rows: str,
        *,
        members: Sequence[str] = (),
        title: str = "",
    ) -> None:
        self.members = tuple(members) or (name,)
        self.title = title or name
        self._styles: dict[str, NumberStyle] = {}
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
        """Write the SQL of a cell's text; NULL where a word says that nothing is there."""
        return cell_value("id", ColumnSource((column,)), self.columns[column], Formats())

    def value(self, what: str, column: str, formats: Formats) -> str:
        """Write the SQL of a cell's value, as the contract would read it."""
        return read(what, ColumnSource((column,)), {column: self.columns[column]}, formats).value

    def ask(self, *expressions: str, where: str = "true") -> tuple:
        """Return one row of aggregates over the first rows."""
        [row] = self.con.sql(f"SELECT {', '.join(expressions)} FROM {self.first_rows} WHERE {where}").fetchall()
        return row

    def style(self, column: str) -> NumberStyle:
        """Return how a column of numbers is written."""
        if self.columns[column].type != "VARCHAR":
            return NumberStyle()
        if column not in self._styles:
            self._styles[column] = find_style(self.con, self.first_rows, self.text(column), Formats())
        return self._styles[column]

    def number(self, column: str) -> str:
        """Write the SQL of a cell's number, in the way that fits the column best."""
        columns = {column: self.columns[column]}
        return read("number", ColumnSource((column,)), columns, Formats(), {column: self.style(column)}).value

    def share_of_numbers(self, column: str) -> float:
        """Return the share of a column's values that can be read as a number."""
        [count] = self.ask(f"count({self.number(column)})")
        return count / max(self.filled[column], 1)

    def shares(self, what: str, column: str, formats: Sequence[Formats]) -> list[float]:
        """Return the share of a column's values that can be read, for each way of writing them."""
        counts = self.ask(*(f"count({self.value(what, column, form)})" for form in formats))
        return [count / max(self.filled[column], 1) for count in counts]

    def repeats(self, column: str) -> float:
        """Return the share of a column's values that an earlier row has."""
        return 1 - self.distinct[column] / max(self.filled[column], 1)

    def levels(self, column: str) -> dict[str, int]:
        """Return the most frequent values of a column with their rows; one more than `FEW` of them at most."""
        texts = f"SELECT {self.text(column)} AS x FROM {self.first_rows}"
        query = f"SELECT x, count(*) FROM ({texts}) WHERE x IS NOT NULL GROUP BY ALL"
        return dict(self.con.sql(f"{query} ORDER BY 2 DESC, 1 LIMIT {FEW + 1}").fetchall())

    def example(self, value: str, column: str) -> str:
        """Return a cell that cannot be read: ``value``, the SQL of its reading, is NULL."""
        [value] = self.ask(f"min({self.text(column)})", where=f"{value} IS NULL")
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
    elif column in ("customer_id", "transaction_id") and {*map(str.casefold, source.levels(name))} <= _ANSWERS:
        guess = replace(guess, doubt="its values say yes or no")
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
        example = source.example(source.value("date", name, form), name)
        return replace(guess, doubt=f"{best:.0%} of its values can be read as a date, not {example}")
    alike = tuple(way for way, share in zip(ways, shares, strict=True) if share == best)
    return replace(guess, days=_not_contradicted(source, name, alike))


def _plausible_ways(source: SourceTable, name: str) -> list[str]:
    """Return the ways of writing days that any of a few values is written in; it is quick."""
    text = source.text(name)
    counts, named = [], []
    for way, forms in DATES.items():
        if way == "unix":
            counts.append(r"count(*) FILTER (regexp_full_match(x, '1\d{9}(\d{3})?([.]\d+)?'))")
        elif way != "excel":
            counts.append(f"count(try_strptime(x, {list(forms)}))")
        if "%B" in way:
            short = [re.sub(r"\bdel? ", "", form.replace("%B", "%b")) for form in forms]
            named.append((way, f"count(try_strptime(named, {short}))"))
    values = f"FROM (SELECT {text} AS x FROM {source.first_rows}) WHERE x <> '' LIMIT 500"
    [hits] = source.con.sql(
        f"SELECT {', '.join([*counts, *(count for _, count in named)])} "
        f"FROM (SELECT x, {english_months('x')} AS named FROM ({values}))"
    ).fetchall()
    direct = dict(zip(DATES, hits, strict=False))
    twins = {way: way.replace("%B", "%b") for way in DATES} | {
        way.replace("%B", "%b"): way for way in DATES if "%B" in way
    }
    # a short name of a month is read as a long one, and the other way round: the one that is written there counts
    ways = [way for way, hit in direct.items() if hit and hit >= direct.get(twins[way], 0)]
    if not any("%b" in way.lower() for way in ways):  # months in another language
        ways += [way for (way, _), hit in zip(named, hits[len(counts) :], strict=True) if hit]
    return [*ways, "excel"] if "date" in words(name) else ways


def is_date(source: SourceTable, name: str) -> bool:
    """Say whether most values of a column are days, in any way of writing them but as a bare number."""
    if source.columns[name].type.startswith(("DATE", "TIMESTAMP")):
        return True
    ways = [way for way in _plausible_ways(source, name) if way not in ("unix", "excel", "%Y%m%d")]
    formats = [Formats(), *(Formats(dates=DATES[way]) for way in ways)]
    return max(source.shares("date", name, formats)) >= MOST


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
    """Return the way of writing numbers that fits the columns of a guess best, and the guess with its doubt or note."""
    shares = {name: source.share_of_numbers(name) for name in guess.names}
    worst = min(shares, key=lambda name: shares[name])
    styles = {name: source.style(name) for name in guess.names}
    marked = next((style for style in styles.values() if style.decimal != "." or style.thousands), NumberStyle())
    form = Formats(decimal=marked.decimal, thousands=marked.thousands)
    if shares[worst] < MOST:
        example = source.example(source.number(worst), worst)
        return form, replace(guess, doubt=f"{shares[worst]:.0%} of its values can be read as a number, not {example}")
    return form, replace(guess, note="; ".join(filter(None, (guess.note, *map(_remark, styles.values())))))


def _remark(style: NumberStyle) -> str:
    """Say what an analyst should know of how numbers are written."""
    remarks = []
    if style.alike:
        remarks.append(f"{ambiguity(style)}: say which is right")
    if len(style.units) > 1:
        remarks.append(f"several units: {', '.join(style.units)}")
    elif style.units:
        remarks.append(f"in {style.unit}")
    return "; ".join(remarks)


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
