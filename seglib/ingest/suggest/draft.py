"""Write a mapping file: lines for what is sure, comments for what is not."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import yaml

from seglib.errors import ParameterRefused
from seglib.ingest.contract.loading import plain
from seglib.ingest.mapping.file import parse
from seglib.ingest.mapping.model import Formats
from seglib.ingest.suggest.names import words
from seglib.ingest.suggest.tables import Exclusion, TableMatch
from seglib.ingest.suggest.values import FEW, MOST, NUMBERS, ROWS_EXAMINED, Guess, SourceTable, date_formats, numbers
from seglib.schema.tables import STATUSES, TABLES, key, needed

if TYPE_CHECKING:
    from seglib.ingest.sources.base import Source

_HEAD = """\
# A first mapping of {source}, by seglib check --suggest. Correct it, then give it to seglib with --mapping.
# A line is a guess that the names and the values (of the first {rows:,} rows of each table) bear out. Behind the sign
# that begins this line is what is not sure, with the reason: take the sign away where the guess is right.
"""

_NOTHING = "# Every table and column that was found has the name of the contract: nothing needs to be said.\n"

_PERSONAL = {"id", "name", "email", "mail", "phone", "mobile", "fax", "address", "street", "zip", "postal", "birth"}
"""Words in the name of a column that identifies a customer, and does not describe them."""


def write_mapping(
    source: Source,
    tables: Collection[SourceTable],
    matches: Mapping[str, TableMatch],
    unread: Mapping[str, str],
) -> str:
    """Write a mapping file.

    Parameters
    ----------
    source : Source
    tables : collection of SourceTable
    matches : mapping of str to TableMatch
        By canonical table.
    unread : mapping of str to str
        Tables of the source that were not examined, and why.
    """
    dates = {
        (match.table, guess.column): date_formats(match.source, guess)
        for match in matches.values()
        for guess in match.guesses.values()
        if guess.column.endswith("_date")
    }
    sure = {forms for (table, column), forms in dates.items() if matches[table].sure(column)}
    common = sure.pop() if len(sure) == 1 else ()
    lines = []
    if common:
        lines.append(f"date_format: {scalar(common)}")
    number = _number_format(matches)
    if number.decimal != ".":
        lines.append(f"decimal: {scalar(number.decimal)}")
    if number.thousands:
        lines.append(f"thousands: {scalar(number.thousands)}")
    sections: list[str] = []
    ready = _is_ready(tables, matches)
    for table in TABLES:
        if table in matches:
            sections += _table(matches[table], dates, common, ready=ready)
        elif needed(table) and not ready:
            there = ", ".join(map(scalar, source.tables)) or "none"
            sections += [f"  # {table}:", f"  #   from: ???  # needed: {TABLES[table].description}; there are: {there}"]
            sections += ["  #   columns:", *(f"  #     {line}" for line in _needed(table))]
    if sections:
        lines += ["tables:", *sections]
    head = _HEAD.format(source=scalar(source.name), rows=ROWS_EXAMINED) + _unused(tables, matches, unread)
    return head + ("".join(f"{line}\n" for line in lines) or _NOTHING)


def _number_format(matches: Mapping[str, TableMatch]) -> Formats:
    """Return how the amounts of the transactions are written, where there is a column of them."""
    amount = matches["transactions"].guesses.get("amount") if "transactions" in matches else None
    if amount is None or amount.doubt:
        return Formats()
    return numbers(matches["transactions"].source, amount)[0]


def _is_ready(tables: Collection[SourceTable], matches: Mapping[str, TableMatch]) -> bool:
    """Say whether a source has customers, one row each, and nothing else that could hold transactions."""
    spare = {table.name for table in tables} - {match.source.name for match in matches.values()}
    return (
        "customers" in matches and matches["customers"].rows == "as_is" and "transactions" not in matches and not spare
    )


def _unused(tables: Collection[SourceTable], matches: Mapping[str, TableMatch], unread: Mapping[str, str]) -> str:
    """Say what the file does not use; with its columns, where something that is needed was not found."""
    used = {match.source.name for match in matches.values()}
    spare = [table for table in tables if table.name not in used]
    lines = []
    for why in dict.fromkeys(unread.values()):
        names = ", ".join(scalar(name) for name in unread if unread[name] == why)
        lines.append(f"Not looked at: {names}: {' '.join(why.split())}")
    if not (_is_ready(tables, matches) or all(table in matches for table in TABLES if needed(table))):
        lines += [f"Not used: {scalar(table.name)} ({', '.join(map(scalar, table.columns))})" for table in spare]
    elif spare:
        lines.append(f"Not used: {', '.join(scalar(table.name) for table in spare)}")
    absent = [table for table in TABLES if table not in matches and not needed(table)]
    if absent:
        lines.append(f"Not found, and not needed: {', '.join(absent)}")
    return "".join(f"# {line}\n" for line in lines)


def _table(
    match: TableMatch, dates: Mapping[tuple[str, str], tuple[str, ...]], common: tuple[str, ...], *, ready: bool
) -> list[str]:
    """Write the section of a table; nothing if there is nothing to say."""
    columns: list[str] = []
    there = ", ".join(map(scalar, match.source.columns))
    for column, declared in TABLES[match.table].columns.items():
        if column in match.guesses:
            forms = dates.get((match.table, column), ())
            if forms == common and match.sure(column):
                forms = ()
            columns += _column(match.table, match.guesses[column], forms)
        elif declared.required:
            columns += [f"# {line}; there are: {there}" for line in _needed(match.table, column)]
    lines = []
    if plain(match.source.name) != match.table:
        lines.append(f"from: {scalar(match.source.name)}")
    identity = match.sure(key(match.table))
    if match.rows != "as_is" and identity:
        lines.append(f"rows: {match.rows}  # {scalar(identity)} repeats")
    if columns:
        lines += ["columns:", *(f"  {line}" for line in columns)]
    if match.left_out:
        lines += ["leave_out:", *(f"  {_exclusion(exclusion)}" for exclusion in match.left_out)]
    lines += _variables(match) if ready and match.table == "customers" else _descriptors(match)
    if not lines:
        return []
    declared = TABLES[match.table].columns.items()
    absent = [name for name, column in declared if name not in match.guesses and not column.required]
    if absent:
        lines.append(f"# not found, and not needed: {', '.join(absent)}")
    return [f"  {match.table}:", *(f"    {line}" for line in lines)]


def _needed(table: str, *columns: str) -> list[str]:
    """Name what a table cannot do without: all of it, or some columns."""
    needs = {name: column.description for name, column in TABLES[table].columns.items() if column.required}
    needs[key(table)] = "what tells one from another"
    if table == "transactions":
        needs[key(table)] += "; {row_number: true}, if every row is a transaction"
    return [f"{name}: ???  # needed: {what}" for name, what in needs.items() if name in (columns or needs)]


def _column(table: str, guess: Guess, dates: tuple[str, ...]) -> list[str]:
    """Write where a column comes from; nothing if its name says it and its values need no word."""
    needs_word = "needed" if TABLES[table].columns[guess.column].required and guess.doubt else ""
    why = "; ".join(filter(None, (needs_word, guess.doubt, guess.note)))
    reason = f"  # {why}" if why else ""
    sign = "# " if guess.doubt else ""
    entry: dict[str, str | tuple[str, ...]] = (
        {"multiply": guess.names} if len(guess.names) > 1 else {"column": guess.names[0]}
    )
    if dates:
        entry["date_format"] = dates
    if guess.values:
        lines = [f"{guess.column}:{reason}", f"  column: {scalar(guess.names[0])}", "  values:"]
        for level, status in guess.values.items():
            if not status:
                lines.append(f"    {'' if sign else '# '}{scalar(level)}: ???  # {' or '.join(STATUSES)}")
            elif level.lower() != status:
                lines.append(f"    {scalar(level)}: {status}")
        return [sign + line for line in lines]
    if list(entry) != ["column"]:
        inner = ", ".join(f"{name}: {scalar(value)}" for name, value in entry.items())
        return [f"{sign}{guess.column}: {{{inner}}}{reason}"]
    if plain(guess.names[0]) == guess.column:
        return [f"# {guess.column}: {why}"] if why else []
    return [f"{sign}{guess.column}: {scalar(guess.names[0])}{reason}"]


def _exclusion(exclusion: Exclusion) -> str:
    test = f"{exclusion.test}: {scalar(exclusion.value)}"
    line = f"{exclusion.name}: {{column: {scalar(exclusion.column)}, {test}}}"
    return f"# {line}  # {exclusion.doubt}" if exclusion.doubt else line


def _descriptors(match: TableMatch) -> list[str]:
    """Offer the further columns of the customers that are not their names or numbers."""
    if match.table != "customers" or match.rows == "distinct":
        return []
    offered = _offered(match, "descriptors")
    if not offered:
        return []
    pairs = ", ".join(f"{scalar(call)}: {scalar(name)}" for call, name in offered.items())
    short = list(offered) == list(offered.values())
    offer = f"[{', '.join(map(scalar, offered))}]" if short else f"{{{pairs}}}"
    return [f"# descriptors: {offer}  # what else describes customers"]


def _variables(match: TableMatch) -> list[str]:
    """Offer what says what customers are like as variables to segment by, where there are no transactions."""
    lines = []
    for call, name in _offered(match, "segment_by").items():
        shares = match.source.shares("number", name, NUMBERS)
        numeric, [yes_or_no] = max(shares) >= MOST, match.source.shares("binary", name, NUMBERS[:1])
        entry = {"column": name} if call != name else {}
        if yes_or_no >= MOST and not (numeric and match.source.distinct[name] > 2):  # 0, 1, 2 are a number
            entry["kind"] = "binary"
        elif numeric:
            entry["kind"] = "numeric"
            form = NUMBERS[shares.index(max(shares))]
            if form.decimal != ".":
                entry["decimal"] = form.decimal
            if form.thousands:
                entry["thousands"] = form.thousands
        else:
            entry["kind"] = "nominal"
        inner = ", ".join(f"{key}: {scalar(value)}" for key, value in entry.items())
        lines.append(f"  {scalar(call)}: {entry['kind'] if list(entry) == ['kind'] else f'{{{inner}}}'}")
    if not lines:
        return []
    why = "no table holds transactions: what of this shall build the segments? Move the rest to descriptors"
    return [f"segment_by:  # {why}", *lines]


def _offered(match: TableMatch, use: str) -> dict[str, str]:
    """Return the columns that say what customers are like, by the name they can have in a mapping."""
    named = {name for guess in match.guesses.values() for name in guess.names}
    offered: dict[str, str] = {}
    for name in match.source.columns:
        if name not in named and _describes(match.source, name):
            bare = re.sub(r'[.,"]', " ", name).strip()
            call = next((call for call in (name, bare, f"own_{bare}") if _may_be_called(call, use)), None)
            offered |= {call: name} if call else {}
    return offered


def _describes(source: SourceTable, name: str) -> bool:
    """Say whether a column says what customers are like: it has levels, or numbers, and is no address."""
    levels = source.distinct[name]
    if levels < 2 or _PERSONAL & {*words(name)}:
        return False
    return levels <= max(FEW, source.filled[name] / 2) or max(source.shares("number", name, NUMBERS)) >= MOST


def _may_be_called(name: str, use: str) -> bool:
    """Say whether a descriptor, or a variable to segment by, can have a name."""
    kind = "text" if use == "descriptors" else "nominal"
    try:
        parse({"tables": {"customers": {use: {name: {"column": name, "kind": kind}}}}})
    except ParameterRefused:
        return False
    return True


def scalar(value: str | tuple[str, ...]) -> str:
    """Write a text, or several, as YAML on one line.

    Examples
    --------
    >>> print(scalar("Client No"), scalar("%d/%m/%Y"), scalar(("a", "b: c")))
    Client No "%d/%m/%Y" [a, "b: c"]
    """
    if isinstance(value, tuple):
        return scalar(value[0]) if len(value) == 1 else f"[{', '.join(map(scalar, value))}]"
    if re.fullmatch(r"[^\W\d_][\w ()./%-]*", value) and not value.endswith(" "):
        return value
    text = yaml.safe_dump(value, default_style='"', allow_unicode=True, width=float("inf")).strip()
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)  # nothing that hides or turns text
