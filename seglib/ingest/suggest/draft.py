"""A mapping file, written: lines for what is sure, comments for what is not."""

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
from seglib.ingest.suggest.tables import Found, LeftOut
from seglib.ingest.suggest.values import FEW, LOOKED_AT, MOST, NUMBERS, Guess, Looked, date_formats, numbers
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
"""Words in the name of a column that tells who a customer is, not what they are like."""


def written(source: Source, tables: Collection[Looked], found: Mapping[str, Found], unread: Mapping[str, str]) -> str:
    """Write a mapping file.

    Parameters
    ----------
    source : Source
    tables : collection of Looked
    found : mapping of str to Found
        By canonical table.
    unread : mapping of str to str
        Tables of the source that were not looked at, and why.
    """
    dates = {
        (one.table, made.column): date_formats(one.looked, made)
        for one in found.values()
        for made in one.guesses.values()
        if made.column.endswith("_date")
    }
    sure = {forms for (table, column), forms in dates.items() if found[table].sure(column)}
    common = sure.pop() if len(sure) == 1 else ()
    amount = found["transactions"].guesses.get("amount") if "transactions" in found else None
    number = numbers(found["transactions"].looked, amount)[0] if amount and not amount.doubt else Formats()
    body = [f"date_format: {scalar(common)}"] * bool(common)
    body += [f"decimal: {scalar(number.decimal)}"] * (number.decimal != ".")
    body += [f"thousands: {scalar(number.thousands)}"] * bool(number.thousands)
    sections: list[str] = []
    ready = _is_ready(tables, found)
    for table in TABLES:
        if table in found:
            sections += _table(found[table], dates, common, ready=ready)
        elif needed(table) and not ready:
            there = ", ".join(map(scalar, source.tables)) or "none"
            sections += [f"  # {table}:", f"  #   from: ???  # needed: {TABLES[table].description}; there are: {there}"]
            sections += ["  #   columns:", *(f"  #     {line}" for line in _needed(table))]
    body += ["tables:", *sections] * bool(sections)
    head = _HEAD.format(source=scalar(source.name), rows=LOOKED_AT) + _aside(tables, found, unread)
    return head + ("".join(f"{line}\n" for line in body) or _NOTHING)


def _is_ready(tables: Collection[Looked], found: Mapping[str, Found]) -> bool:
    """Say whether a source has customers, one row each, and nothing else that could hold transactions."""
    spare = {one.name for one in tables} - {one.looked.name for one in found.values()}
    return "customers" in found and found["customers"].rows == "as_is" and "transactions" not in found and not spare


def _aside(tables: Collection[Looked], found: Mapping[str, Found], unread: Mapping[str, str]) -> str:
    """Say what the file does not use; with its columns, where something that is needed was not found."""
    used = {one.looked.name for one in found.values()}
    spare = [one for one in tables if one.name not in used]
    lines = [f"Not looked at: {', '.join(scalar(n) for n in unread if unread[n] == why)}: {' '.join(why.split())}"
             for why in dict.fromkeys(unread.values())]  # fmt: skip
    if _is_ready(tables, found) or all(table in found for table in TABLES if needed(table)):
        lines += [f"Not used: {', '.join(scalar(one.name) for one in spare)}"] * bool(spare)
    else:
        lines += [f"Not used: {scalar(one.name)} ({', '.join(map(scalar, one.columns))})" for one in spare]
    absent = [table for table in TABLES if table not in found and not needed(table)]
    lines += [f"Not found, and not needed: {', '.join(absent)}"] * bool(absent)
    return "".join(f"# {line}\n" for line in lines)


def _table(
    one: Found, dates: Mapping[tuple[str, str], tuple[str, ...]], common: tuple[str, ...], *, ready: bool
) -> list[str]:
    """Write the section of a table; nothing if there is nothing to say."""
    columns: list[str] = []
    there = ", ".join(map(scalar, one.looked.columns))
    for column, declared in TABLES[one.table].columns.items():
        if column in one.guesses:
            forms = dates.get((one.table, column), ())
            columns += _column(one.table, one.guesses[column], () if forms == common and one.sure(column) else forms)
        elif declared.required:
            columns += [f"# {line}; there are: {there}" for line in _needed(one.table, column)]
    choices = [_choice(choice) for choice in one.left_out]
    lines = [f"from: {scalar(one.looked.name)}"] * (plain(one.looked.name) != one.table)
    identity = one.sure(key(one.table))
    lines += [f"rows: {one.rows}  # {scalar(identity)} repeats"] if one.rows != "as_is" and identity else []
    lines += ["columns:", *(f"  {line}" for line in columns)] * bool(columns)
    lines += ["leave_out:", *(f"  {line}" for line in choices)] * bool(choices)
    lines += _variables(one) if ready and one.table == "customers" else _descriptors(one)
    absent = [c for c, said in TABLES[one.table].columns.items() if c not in one.guesses and not said.required]
    lines += [f"# not found, and not needed: {', '.join(absent)}"] * bool(lines and absent)
    return [f"  {one.table}:", *(f"    {line}" for line in lines)] * bool(lines)


def _needed(table: str, *columns: str) -> list[str]:
    """Name what a table cannot do without: all of it, or some columns."""
    needs = {name: said.description for name, said in TABLES[table].columns.items() if said.required}
    needs[key(table)] = "what tells one from another"
    if table == "transactions":
        needs[key(table)] += "; {row_number: true}, if every row is a transaction"
    return [f"{name}: ???  # needed: {what}" for name, what in needs.items() if name in (columns or needs)]


def _column(table: str, made: Guess, dates: tuple[str, ...]) -> list[str]:
    """Write where a column comes from; nothing if its name says it and its values need no word."""
    declared = TABLES[table].columns[made.column]
    why = "; ".join(filter(None, ("needed" * (declared.required and bool(made.doubt)), made.doubt, made.note)))
    reason = f"  # {why}" if why else ""
    sign = "# " if made.doubt else ""
    said = {"multiply": made.names} if len(made.names) > 1 else {"column": made.names[0]}
    said |= {"date_format": dates} if dates else {}
    if made.values:
        lines = [f"{made.column}:{reason}", f"  column: {scalar(made.names[0])}", "  values:"]
        for level, status in made.values.items():
            if not status:
                lines.append(f"    {'' if sign else '# '}{scalar(level)}: ???  # {' or '.join(STATUSES)}")
            elif level.lower() != status:
                lines.append(f"    {scalar(level)}: {status}")
        return [sign + line for line in lines]
    if list(said) != ["column"]:
        inner = ", ".join(f"{name}: {scalar(value)}" for name, value in said.items())
        return [f"{sign}{made.column}: {{{inner}}}{reason}"]
    if plain(made.names[0]) == made.column:
        return [f"# {made.column}: {why}"] * bool(why)
    return [f"{sign}{made.column}: {scalar(made.names[0])}{reason}"]


def _choice(choice: LeftOut) -> str:
    line = f"{choice.name}: {{column: {scalar(choice.column)}, {choice.test}: {scalar(choice.value)}}}"
    return f"# {line}  # {choice.doubt}" if choice.doubt else line


def _descriptors(one: Found) -> list[str]:
    """Offer the further columns of the customers that are not their names or numbers."""
    if one.table != "customers" or one.rows == "distinct":
        return []
    offered = _offered(one, "descriptors")
    if not offered:
        return []
    pairs = ", ".join(f"{scalar(call)}: {scalar(name)}" for call, name in offered.items())
    short = list(offered) == list(offered.values())
    said = f"[{', '.join(map(scalar, offered))}]" if short else f"{{{pairs}}}"
    return [f"# descriptors: {said}  # what else describes customers"]


def _variables(one: Found) -> list[str]:
    """Offer what says what customers are like as variables to segment by, where there are no transactions."""
    lines = []
    for call, name in _offered(one, "segment_by").items():
        shares = one.looked.shares("number", name, NUMBERS)
        said = {"column": name} if call != name else {}
        numeric, [yes_or_no] = max(shares) >= MOST, one.looked.shares("binary", name, NUMBERS[:1])
        if yes_or_no >= MOST and not (numeric and one.looked.distinct[name] > 2):  # 0, 1, 2 are a number
            said["kind"] = "binary"
        elif numeric:
            form = NUMBERS[shares.index(max(shares))]
            signs = {"decimal": form.decimal, "thousands": form.thousands}
            said |= {"kind": "numeric"} | {sign: mark for sign, mark in signs.items() if mark not in ("", ".")}
            said |= {"thousands": "."} if form.thousands == "." else {}
        else:
            said["kind"] = "nominal"
        inner = ", ".join(f"{key}: {scalar(value)}" for key, value in said.items())
        lines.append(f"  {scalar(call)}: {said['kind'] if list(said) == ['kind'] else f'{{{inner}}}'}")
    why = "no table holds transactions: what of this shall build the segments? Move the rest to descriptors"
    return [f"segment_by:  # {why}", *lines] * bool(lines)


def _offered(one: Found, use: str) -> dict[str, str]:
    """Return the columns that say what customers are like, by the name they can have in a mapping."""
    named = {name for made in one.guesses.values() for name in made.names}
    offered: dict[str, str] = {}
    for name in one.looked.columns:
        if name not in named and _describes(one.looked, name):
            bare = re.sub(r'[.,"]', " ", name).strip()
            call = next((call for call in (name, bare, f"own_{bare}") if _may_be_called(call, use)), None)
            offered |= {call: name} if call else {}
    return offered


def _describes(looked: Looked, name: str) -> bool:
    """Say whether a column says what customers are like: it has levels, or numbers, and is no address."""
    levels = looked.distinct[name]
    if levels < 2 or _PERSONAL & {*words(name)}:
        return False
    return levels <= max(FEW, looked.filled[name] / 2) or max(looked.shares("number", name, NUMBERS)) >= MOST


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
