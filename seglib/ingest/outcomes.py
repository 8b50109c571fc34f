"""What customers did after a campaign: a table of outcomes, or a later export of the shop itself.

A table has one row per customer and a column for each outcome: yes or no (1 or 0), or a number. A small mapping file
says what its columns are called; everything in it is optional::

    customer: Client no            # default: customer_id, or else the first column
    date: Day                      # rows of the day of the lists, or before it, are left out; default: the only column
                                   # that holds days; nothing behind it: none
    outcomes:                      # default: every other column that holds numbers, or yes and no
      burned: Used
      spend: {column: Revenue, kind: numeric}
    decimal: ","                   # and thousands, date_format, nothing: as in the mapping of a shop

Of a shop, what its transactions say after the day of the lists is counted: who claimed a coupon (or bought), who burned
one, and what was spent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from seglib.errors import InputRefused, ParameterRefused
from seglib.ingest.contract.numbers import NumberStyle, find_style
from seglib.ingest.contract.parsing import RawColumn, cell_text, read
from seglib.ingest.mapping.file import parse, read_mapping
from seglib.ingest.mapping.model import ColumnSource
from seglib.ingest.shop import connect, ingest
from seglib.ingest.sources.csv_files import is_csv
from seglib.ingest.sources.open import open_source
from seglib.schema.files import find_file, looked_for_in
from seglib.schema.formulas import unguarded
from seglib.schema.sources import ADAPTERS
from seglib.sql import quoted, restrict
from seglib.style import did_you_mean, join_words

if TYPE_CHECKING:
    import duckdb

ID = "customer_id"

OF_LISTS = (
    *("segment", "segment_name", "probability", "confidence", "second_segment", "outlier", "control", "holdout"),
    *("borderline", "near_border", "arm", "treatment"),
)
"""Columns of lists: where somebody put the outcomes beside them, they are none."""

DESCRIBING = r"last_\w+|share_used|coupons|transactions"
"""Further columns of lists, which say what customers did before; elsewhere they may be outcomes."""

MOSTLY = 0.5
"""Part of the cells of a column from which on it is said to hold numbers."""

_KEYS, _FORMATS = ("customer", "date", "outcomes"), ("decimal", "thousands", "date_format", "nothing")
_KINDS = {"binary": "binary", "numeric": "number"}


@dataclass(frozen=True)
class OutcomeTable:
    """What customers did after the day of the lists.

    Attributes
    ----------
    name : str
        Where it comes from: the name of a file or shop, without folder.
    by_customer : pandas.DataFrame
        One row per customer who is there, indexed by customer_id; a column of float for each outcome. A missing value
        is not known.
    kinds : mapping of str to {"share", "mean"}
        By outcome: a share where all values are 0 or 1.
    of_transactions : bool
        Whether they were counted from transactions; then who is not there did nothing.
    notes : tuple of str
        What was left out on the way, and what has to be taken on trust.
    """

    name: str
    by_customer: pd.DataFrame
    kinds: Mapping[str, str]
    of_transactions: bool = False
    notes: tuple[str, ...] = field(default=())

    @property
    def table(self) -> pd.DataFrame:
        """One row per outcome: outcome, kind, customers (who have a value), mean."""
        counts = self.by_customer.count()
        return pd.DataFrame(
            {
                "outcome": list(self.kinds),
                "kind": list(self.kinds.values()),
                "customers": [int(counts[name]) for name in self.kinds],
                "mean": [float(self.by_customer[name].mean()) for name in self.kinds],
            }
        )

    @property
    def text(self) -> str:
        """What was read."""
        n, names = len(self.by_customer), join_words(list(self.kinds))
        return f"{n:,} customers from '{self.name}'; outcomes: {names}. {' '.join(self.notes)}".strip()


def read_outcomes(
    source: str | Path, *, mapping: str | Path | None = None, after: str | None = None, days: int | None = None
) -> OutcomeTable:
    """Read what customers did after the day of the lists.

    Parameters
    ----------
    source : str or Path
        A CSV or Parquet file with one row per customer; or a shop as `seglib.ingest.ingest` reads it (a workbook, a
        folder, a database), whose transactions are counted.
    mapping : str or Path, optional
        A mapping file: of outcomes (see the beginning of this file), or of a shop, if it names ``tables``.
    after : str, optional
        The day of the lists, ISO format. What happened until then is left out, where there are dates.
    days : int, optional
        Of a shop: only the first so many days after it are counted. Default: all.

    Returns
    -------
    OutcomeTable

    Raises
    ------
    InputRefused
        If it cannot be read, a customer is there twice, a cell of an outcome is no number, nothing happened after the
        day, or there is no outcome.
    ParameterRefused
        If the mapping file is wrong.
    """
    content = read_mapping(mapping) if mapping else {}
    if not isinstance(content, Mapping):
        raise ParameterRefused("a mapping of outcomes has lines such as 'customer: Client no'", parameter="mapping")
    path = find_file(source)
    is_shop = "tables" in content or str(source) in ADAPTERS or "://" in str(source) or not _is_one_table(path)
    if not is_shop:
        return _of_file(path, content, after)
    if content and "tables" not in content:
        raise ParameterRefused(
            f"'{source}' is read as a shop, and the mapping file names no tables: outcomes of its own are one CSV or "
            "Parquet file",
            parameter="mapping",
        )
    return _of_shop(source, mapping, after, days)


def _is_one_table(path: Path) -> bool:
    if not path.exists():
        raise InputRefused(f"outcomes '{path}' do not exist{looked_for_in(path)}")
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(4) == b"PAR1" or is_csv(path)


def _of_file(path: Path, content: Mapping[str, Any], after: str | None) -> OutcomeTable:
    """Read a table of outcomes."""
    top = _lines(content, "the mapping of outcomes", (*_KEYS, *_FORMATS))
    formats = parse({key: top[key] for key in _FORMATS if key in top}).formats
    con = connect()
    try:
        source = open_source(path)
        restrict(con, source.paths)
        [load] = source.tables.values()
        load(con, "outcomes")
    except InputRefused as error:
        raise _refused(path, error.message) from None
    columns = {name: RawColumn(name, kind) for name, kind, *_ in con.sql("DESCRIBE outcomes").fetchall()}
    customer = _column(path, top.get("customer"), columns, "customer") or _default_customer(columns)
    day = _column(path, top.get("date"), columns, "date")
    wanted = _wanted(path, top.get("outcomes"), columns, {customer, day})
    cells = [f"{read('id', ColumnSource((customer,)), columns, formats).value} AS {ID}"]
    asked_for = list(dict.fromkeys([column for column, _ in wanted.values()] + ([day] if day else [])))
    styles = {
        column: find_style(con, "outcomes", cell_text(columns[column]), formats)
        for column in asked_for
        if columns[column].type == "VARCHAR"
    }
    for column in asked_for:
        for kind in ("number", "binary", "date"):
            parsed = read(kind, ColumnSource((column,)), columns, formats, styles)
            value = parsed.value if kind == "date" else f"CAST({parsed.value} AS DOUBLE)"
            cells.append(f"{value} AS {quoted(f'{kind} {column}')}")
            cells.append(f"coalesce({parsed.unreadable}, {parsed.out_of_range}) AS {quoted(f'unread {kind} {column}')}")
    table = con.sql(f"SELECT {', '.join(cells)} FROM outcomes").df()
    days = [] if top.get("outcomes") else [column for column, _ in wanted.values() if _holds_days(table, column)]
    notes = []
    if "date" not in top and len(days) == 1 and after is not None:
        [day] = days
        notes.append(f"The days are those of column '{day}'.")
    table, of_days = _after(path, table, after, day, [] if "date" in top else days)
    notes += of_days
    table = _one_row_each(path, table)
    values, spoilt, left_out = {}, [], []
    for name, (column, kind) in wanted.items():
        readable = [k for k in _kinds(kind) if _is_read(table, column, k)]
        why = _why_unreadable(table, column, _kinds(kind))
        if readable:
            _refuse_mixed_units(path, column, styles.get(column))
            values[name] = table[f"{readable[0]} {column}"]
        elif top.get("outcomes"):
            raise _refused(path, why)
        elif column not in days:
            (spoilt if _mostly_numbers(table, column) else left_out).append(column)
    reasons = [_why_unreadable(table, column, _kinds(None)) for column in spoilt]
    if not values:
        none = "no column beside the customer holds numbers, or yes and no: it takes at least one outcome"
        raise _refused(path, reasons[0] if reasons else none)
    if left_out:
        word = "Column" if len(left_out) == 1 else "Columns"
        notes.append(f"{word} without numbers, left out: {join_words(left_out)}.")
    notes += [f"Left out: {why}." for why in reasons]
    return _outcomes(path.name, pd.DataFrame(values), notes)


def _is_read(table: pd.DataFrame, column: str, kind: str) -> bool:
    """Say whether every cell of a column that is not empty was read as that kind, and one at least was."""
    return bool(table[f"unread {kind} {column}"].isna().all() and table[f"{kind} {column}"].notna().any())


def _holds_days(table: pd.DataFrame, column: str) -> bool:
    return _is_read(table, column, "date") and not _is_read(table, column, "number")


def _mostly_numbers(table: pd.DataFrame, column: str) -> bool:
    read_cells, unread = table[f"number {column}"].notna().sum(), table[f"unread number {column}"].notna().sum()
    return bool(read_cells > 0 and read_cells >= MOSTLY * (read_cells + unread))


def _refuse_mixed_units(path: Path, column: str, style: NumberStyle | None) -> None:
    """Refuse a column whose numbers do not mean the same: in two currencies, or some of them in percent."""
    if style is None:
        return
    if len(style.units) > 1:
        raise _refused(
            path, f"column '{column}' holds numbers in {join_words(list(style.units))}: give all in one unit"
        )
    if style.bare:
        raise _refused(
            path, f"column '{column}' holds numbers with a percent sign, and others without: write all in one way"
        )


def _of_shop(source: str | Path, mapping: str | Path | None, after: str | None, days: int | None) -> OutcomeTable:
    """Count what the transactions of a shop say after a day."""
    shop = ingest(source, mapping=mapping)
    if shop.as_of is None:
        raise InputRefused(f"outcomes: '{shop.source.name}' has no transactions, so there is nothing to count")
    if after is None:
        raise InputRefused("outcomes: the lists have no day, so it is not known which transactions came after them")
    last = shop.as_of.date().isoformat()
    if last <= after:
        raise InputRefused(
            f"outcomes: the last transaction of '{shop.source.name}' is of {last}, and the lists are of {after}: "
            "nothing "
            "has happened since. Give an export that was made after the campaign"
        )
    until = min(pd.Timestamp(last), pd.Timestamp(after) + pd.Timedelta(days=days)) if days else pd.Timestamp(last)
    end = until.date().isoformat()
    frame = count_outcomes(shop.con, after, end, wording=shop.record.wording)
    if not (frame != 0).any(axis=None):
        raise InputRefused(f"outcomes: '{shop.source.name}' has no transaction from the day after {after} to {end}")
    notes = [f"Counted from the day after {after} to {end}."]
    return _outcomes(shop.source.name, frame, notes, of_transactions=True)


def count_outcomes(con: duckdb.DuckDBPyConnection, after: str, until: str, *, wording: str) -> pd.DataFrame:
    """Count what customers did in a time.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With the canonical table ``transactions``.
    after, until : str
        From the day after the first to the second one, ISO format.
    wording : str
        Of the shop: what a transaction is called.

    Returns
    -------
    pandas.DataFrame
        One row per customer who has ever had a transaction, indexed by customer_id: claimed (or bought) and burned
        (0 or 1), spend, as far as the shop records them.
    """
    table = con.execute(
        """
        SELECT
            customer_id,
            max(CASE WHEN transaction_date > CAST($1 AS DATE) AND transaction_date <= CAST($2 AS DATE)
                THEN 1.0 ELSE 0.0 END) AS came,
            max(CASE WHEN burn_date > CAST($1 AS DATE) AND burn_date <= CAST($2 AS DATE)
                THEN 1.0 ELSE 0.0 END) AS burned,
            sum(CASE WHEN transaction_date > CAST($1 AS DATE) AND transaction_date <= CAST($2 AS DATE)
                THEN CAST(amount AS DOUBLE) ELSE 0 END) AS spend,
            count(burn_date) AS n_dated,
            count(amount) AS n_amounts
        FROM transactions
        GROUP BY customer_id
        ORDER BY length(customer_id), customer_id
        """,
        [after, until],
    ).df()
    values = {"claimed" if wording == "coupon" else "bought": table["came"]}
    if table["n_dated"].sum():
        values["burned"] = table["burned"]
    if table["n_amounts"].sum():
        values["spend"] = table["spend"].fillna(0.0)
    return pd.DataFrame(values).set_index(pd.Index(table[ID].tolist(), dtype=object, name=ID))


def outcomes_before(
    con: duckdb.DuckDBPyConnection, wording: str, *, as_of: str | None, days: Sequence[int]
) -> list[tuple[int, pd.DataFrame]]:
    """Count what customers did in the last days before a day: what they would do without a campaign.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With the canonical table ``transactions``.
    wording : str
        Of the shop.
    as_of : str or None
        The day of the lists.
    days : sequence of int
        Lengths of the times.

    Returns
    -------
    list of (int, pandas.DataFrame)
        The shortest time first; times for which the shop is too young are left out.

    Raises
    ------
    InputRefused
        If there are no transactions, or they do not go back so far.
    ParameterRefused
        If a number of days is less than 1.
    """
    if min(days) < 1:
        raise ParameterRefused(f"days is at least 1, not {min(days)}", parameter="days")
    if as_of is None:
        raise InputRefused(
            "this shop has no transactions with days, so it is not known what customers do without a campaign: give "
            "--outcomes of an earlier time"
        )
    [(first,)] = con.sql("SELECT min(transaction_date) FROM transactions").fetchall()
    last, times = pd.Timestamp(as_of), []
    for n in sorted(set(days)):
        start = last - pd.Timedelta(days=n)
        if first is not None and start >= pd.Timestamp(first) - pd.Timedelta(days=1):
            times.append((n, count_outcomes(con, start.date().isoformat(), as_of, wording=wording)))
    if not times:
        raise InputRefused(
            f"the transactions begin on {pd.Timestamp(first).date()}, less than {min(days)} days before {as_of}: give "
            "fewer --days"
        )
    return times


def _outcomes(name: str, values: pd.DataFrame, notes: list[str], *, of_transactions: bool = False) -> OutcomeTable:
    kinds = {column: "share" if values[column].dropna().isin([0.0, 1.0]).all() else "mean" for column in values.columns}
    return OutcomeTable(name, values.astype(float), kinds, of_transactions, tuple(notes))


def _wanted(
    path: Path, entry: Any, columns: Mapping[str, RawColumn], taken: set[str | None]
) -> dict[str, tuple[str, str | None]]:
    """Return by outcome its column, and how it is read if the mapping says so."""
    if not entry:
        folded = {name.strip().casefold() for name in columns}
        none = [*OF_LISTS, *([DESCRIBING] if {"segment", "control"} <= folded else [])]
        others = [
            name
            for name in columns
            if name not in taken and not any(re.fullmatch(each, name.strip().casefold()) for each in none)
        ]
        return {name: (name, None) for name in others}
    wanted: dict[str, tuple[str, str | None]] = {}
    for name, origin in _lines(entry, "outcomes").items():
        parts = (
            {"column": origin} if isinstance(origin, str) else _lines(origin, f"outcomes: {name}", ("column", "kind"))
        )
        kind = parts.get("kind")
        if kind is not None and kind not in _KINDS:
            raise ParameterRefused(
                f"outcomes: {name}: kind is binary or numeric, not '{kind}'{did_you_mean(str(kind), _KINDS)}",
                parameter="mapping",
            )
        column = _column(path, str(parts.get("column") or name), columns, f"outcomes: {name}")
        wanted[str(name)] = (str(column), kind)
    return wanted


def _lines(entry: Any, where: str, allowed: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Return the lines below a key, after their keys were checked."""
    if not isinstance(entry, Mapping):
        raise ParameterRefused(f"{where}: expected lines 'name: value', not {entry!r}", parameter="mapping")
    unknown = [str(key) for key in entry if allowed is not None and key not in allowed]
    if unknown:
        raise ParameterRefused(
            f"{where}: unknown '{unknown[0]}'{did_you_mean(unknown[0], allowed)}; there are: {', '.join(allowed)}",
            parameter="mapping",
        )
    return dict(entry)


def _kinds(kind: str | None) -> tuple[str, ...]:
    return (_KINDS[kind],) if kind else ("number", "binary")


def _column(path: Path, wanted: Any, columns: Mapping[str, RawColumn], what: str) -> str | None:
    """Return the column of that name, whatever its case; None if none is wanted."""
    wanted = "" if wanted is None else str(wanted)
    if not wanted.strip():
        return None
    folded = {name.strip().casefold(): name for name in columns}
    if wanted.strip().casefold() not in folded:
        raise ParameterRefused(
            f"{what}: '{path.name}' has no column '{wanted}'{did_you_mean(wanted, columns)}; there are: "
            f"{join_words(list(columns))}",
            parameter="mapping",
        )
    return folded[wanted.strip().casefold()]


def _default_customer(columns: Mapping[str, RawColumn]) -> str:
    return next((name for name in columns if name.strip().casefold() == ID), next(iter(columns)))


def _after(
    path: Path, table: pd.DataFrame, after: str | None, day: str | None, days: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Leave out what happened until the day of the lists; return the rest, and what to say of it.

    ``day`` is the column with the day of each row; ``days`` are all those that hold days, where none was named.
    """
    if after is None:
        return table, []
    if not day:
        several = f" Columns {join_words(list(days))} hold days: name one of them in a mapping file." if days else ""
        return table, [
            f"No day is read from the outcomes: that all of them happened after {after}, the day of the lists, is "
            f"taken on trust.{several}"
        ]
    if n := int(table[f"unread date {day}"].notna().sum()):
        raise _refused(path, f"{_rows(n, 'has', 'have')} no day that can be read; name its form with date_format")
    when = table[f"date {day}"]
    early = when <= pd.Timestamp(after)
    if early.sum() == when.notna().sum():
        raise _refused(
            path,
            f"all {int(early.sum()):,} days in column '{day}' are {after}, the day of the lists, or earlier: what "
            "happened before a campaign is no effect of it. If that column says something else, leave it out of the "
            "file",
        )
    notes = []
    if n := int(early.sum()):
        notes.append(f"{_rows(n, 'is', 'are')} of {after}, the day of the lists, or before it, and left out.")
    if n := int(when.isna().sum()):
        notes.append(f"{_rows(n, 'has', 'have')} no day: that they are later than the lists is taken on trust.")
    return table[~early], notes


def _one_row_each(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Return the table by customer; refuse one without a customer, or with one of them twice."""
    if table.empty:
        raise _refused(path, "it has no row")
    if n := int(table[ID].isna().sum()):
        raise _refused(path, f"{_rows(n, 'has', 'have')} no customer")
    # as the lists have them, where a file was made from a list: an id that looks like a formula has an apostrophe there
    table = table.assign(**{ID: table[ID].map(unguarded)})
    if len(twice := table.loc[table[ID].duplicated(), ID].unique()):
        customers = "customer is" if len(twice) == 1 else "customers are"
        raise _refused(
            path,
            f"{len(twice):,} {customers} there more than once, such as '{twice[0]}': it takes one row per "
            "customer, with "
            "the sum of what they did",
        )
    return table.set_index(pd.Index(table[ID].tolist(), dtype=object, name=ID)).drop(columns=ID)


def _why_unreadable(table: pd.DataFrame, column: str, kinds: tuple[str, ...]) -> str:
    unread = table[f"unread {kinds[0]} {column}"].dropna()
    if unread.empty:
        return f"column '{column}' is empty"
    cells = "cell" if len(unread) == 1 else "cells"
    wanted = "neither yes nor no" if kinds == ("binary",) else "no number"
    return f"column '{column}' holds '{unread.iloc[0]}' ({len(unread):,} such {cells}), which is {wanted}"


def _rows(n: int, one: str, many: str) -> str:
    return f"{n:,} row {one}" if n == 1 else f"{n:,} rows {many}"


def _refused(path: Path, problem: str) -> InputRefused:
    return InputRefused(f"outcomes '{path.name}' cannot be used: {problem}")
