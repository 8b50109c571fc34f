"""Write a mapping file: lines for what is sure, comments for what is not."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import yaml

from seglib.ingest.contract.loading import plain
from seglib.ingest.mapping.model import Formats
from seglib.ingest.suggest.matches import Exclusion, TableMatch
from seglib.ingest.suggest.values import ROWS_EXAMINED, Guess, SourceTable, date_formats, numbers
from seglib.ingest.suggest.variables import Offer, offers, reasons
from seglib.schema.tables import STATUSES, TABLES, key, needed

if TYPE_CHECKING:
    from seglib.ingest.sources.base import Source

_HEAD = """\
# A first mapping of {source}, by seglib check --suggest. Correct it, then give it to seglib with --mapping.
# A line is a guess that the names and the values (of the first {rows:,} rows of each table) bear out. Behind the sign
# that begins this line is what is not sure, with the reason: take the sign away where the guess is right.
"""

_NOTHING = "# Every table and column that was found has the name of the contract: nothing needs to be said.\n"


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
    if number.decimal not in ("", ".") or number.thousands:
        lines.append(f"decimal: {scalar(number.decimal)}")
    if number.thousands:
        lines.append(f"thousands: {scalar(number.thousands)}")
    sections: list[str] = []
    ready = _is_ready(tables, matches)
    for table in TABLES:
        if table in matches:
            of_source = {name for m in matches.values() if m.source is matches[table].source for name in m.named}
            matched = {match.source.name for match in matches.values()}
            sections += _table(
                matches[table], dates, common, ready=ready, of_source=of_source, matched=matched, tables=tables
            )
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
        lines += [
            f"Not used: {', '.join(map(scalar, table.members))} ({', '.join(map(scalar, table.columns))})"
            for table in spare
        ]
    elif spare:
        lines.append(f"Not used: {', '.join(scalar(name) for table in spare for name in table.members)}")
    absent = [table for table in TABLES if table not in matches and not needed(table)]
    if absent:
        lines.append(f"Not found, and not needed: {', '.join(absent)}")
    return "".join(f"# {line}\n" for line in lines)


def _table(
    match: TableMatch,
    dates: Mapping[tuple[str, str], tuple[str, ...]],
    common: tuple[str, ...],
    *,
    ready: bool,
    of_source: Collection[str],
    matched: Collection[str],
    tables: Collection[SourceTable],
) -> list[str]:
    """Write the section of a table; nothing if there is nothing to say.

    ``of_source``: the columns of its source that any table is made of; ``matched``: the sources of all tables.
    """
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
    if len(match.source.members) > 1:
        lines.append(_from(match.source, tables))
    elif plain(match.source.name) != match.table:
        lines.append(f"from: {scalar(match.source.name)}")
    lines += _parts(match, matched, tables)
    identity = match.sure(key(match.table))
    if match.rows != "as_is" and identity:
        lines.append(f"rows: {match.rows}  # {scalar(identity)} repeats")
    if columns:
        lines += ["columns:", *(f"  {line}" for line in columns)]
    if match.left_out:
        lines += ["leave_out:", *(f"  {_exclusion(exclusion)}" for exclusion in match.left_out)]
    if match.table == "customers" and match.rows != "distinct":
        lines += _variables(match) if ready else _descriptors(match)
    elif lines and match.rows != "distinct" and (unused := [n for n in match.source.columns if n not in of_source]):
        lines.append(f"# not used: {', '.join(map(scalar, unused))}")
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
    if guess.row_number:
        return [f"{guess.column}: {{row_number: true}}{reason}"]
    entry: dict[str, str | tuple[str, ...]] = (
        {"multiply": guess.names} if len(guess.names) > 1 else {"column": guess.names[0]}
    )
    if dates:
        entry["date_format"] = dates
    if guess.fill_down:
        entry["fill"] = "down"
    if guess.per:
        entry["per"] = guess.per
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
        return [f"# {guess.column}: {why}", *_hint(guess)] if why else _hint(guess)
    return [f"{sign}{guess.column}: {scalar(guess.names[0])}{reason}", *_hint(guess)]


def _hint(guess: Guess) -> list[str]:
    """Write what would make one name of a gender or city that is spelled in several ways, as a comment."""
    if not guess.spellings:
        return []
    values = _pairs(guess.spellings)
    line = f"# {guess.column}: {{column: {scalar(guess.names[0])}, values: {values}}}"
    return [f"{line}  # one is spelled in several ways"]


def _pairs(values: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{scalar(old)}: {scalar(new)}' for old, new in values.items())}}}"


def _from(source: SourceTable, tables: Collection[SourceTable]) -> str:
    """Write of which tables one is made: a pattern, where it fits them and no others; else the list."""
    members = source.members
    others = [name for table in tables if table is not source for name in table.members]
    start = _common_start(members).rstrip("0123456789")  # so that the months to come fit, too
    end = _common_start([name[len(start) :][::-1] for name in members])[::-1].lstrip("0123456789")
    pattern = f"{start}*{end}"
    fits = [name for name in others if fnmatch.fnmatchcase(plain(name), plain(pattern).replace("[", "[[]"))]
    listed = ", ".join(map(scalar, members))
    if len(start) < 2 or fits or set(start + end) & {"*", "?"}:
        return f"from: [{listed}]  # {len(members)} tables with the same columns"
    shown = listed if len(members) <= 6 else f"{scalar(members[0])} to {scalar(members[-1])}"
    return f"from: {scalar(pattern)}  # {len(members)} tables with the same columns: {shown}"


def _parts(match: TableMatch, matched: Collection[str], tables: Collection[SourceTable]) -> list[str]:
    """Ask whether tables that nothing is made of, and that have the same columns, are parts of this one."""
    columns = {plain(name) for name in match.source.columns}
    alike = [
        name
        for table in tables
        if table.name not in matched and len(columns) > 2 and {plain(name) for name in table.columns} == columns
        for name in table.members
    ]
    if not alike or match.table not in ("customers", "transactions"):
        return []
    every = ", ".join(map(scalar, [*match.source.members, *alike]))
    return [f"# from: [{every}]  # the same columns: are they parts of one table?"]


def _common_start(names: Sequence[str]) -> str:
    """Return the signs with which all names begin."""
    first, last = min(names), max(names)
    return next((first[:i] for i, sign in enumerate(first) if i >= len(last) or sign != last[i]), first)


def _exclusion(exclusion: Exclusion) -> str:
    test = f"{exclusion.test}: {scalar(exclusion.value)}"
    line = f"{exclusion.name}: {{column: {scalar(exclusion.column)}, {test}}}"
    return f"# {line}  # {exclusion.doubt}" if exclusion.doubt else line


def _descriptors(match: TableMatch) -> list[str]:
    """Offer the further columns of the customers, and name what is left out."""
    offered, left_out = offers(match.source, match.named, "descriptors")
    lines = []
    if offered:
        pairs = ", ".join(f"{scalar(offer.call)}: {scalar(offer.name)}" for offer in offered)
        short = all(offer.call == offer.name for offer in offered)
        offer = f"[{', '.join(scalar(offer.call) for offer in offered)}]" if short else f"{{{pairs}}}"
        lines.append(f"# descriptors: {offer}  # what else describes customers")
    return [*lines, *_left_out(left_out)]


def _variables(match: TableMatch) -> list[str]:
    """Offer what says what customers are like as variables to segment by, and name what is left out."""
    offered, left_out = offers(match.source, match.named, "segment_by")
    lines = [f"  {line}" for offer in offered for line in _variable(offer)]
    if not offered:
        return _left_out(left_out)
    why = "no table holds transactions: what of this shall build the segments? Move the rest to descriptors"
    head = "segment_by:" if any(not line.startswith("  #") for line in lines) else "# segment_by:"
    return [f"{head}  # {why}", *lines, *_left_out(left_out)]


def _variable(offer: Offer) -> list[str]:
    """Write the line of a variable, with what is doubtful; and as comments what may be better."""
    inner = _inner(offer.entry)
    why = "; ".join(filter(None, (offer.doubt, offer.note)))
    line = f"{'# ' if offer.doubt else ''}{scalar(offer.call)}: {inner}{f'  # {why}' if why else ''}"
    more = []
    if offer.values:
        with_column = {"column": offer.name, **offer.entry} if "column" not in offer.entry else dict(offer.entry)
        entry = _inner(with_column)[:-1] + f", values: {_pairs(offer.values)}}}"
        more.append(f"# {scalar(offer.call)}: {entry}")
    for answer in offer.answers:
        entry = _inner({"column": offer.name, "kind": "binary", "contains": answer})
        more.append(f"# {scalar(re.sub(r'[.,]', ' ', f'{offer.call} {answer}'))}: {entry}")
    return [line, *more]


def _inner(entry: Mapping[str, str]) -> str:
    """Write what is said of a variable: its kind alone, or several things."""
    if list(entry) == ["kind"]:
        return entry["kind"]
    return f"{{{', '.join(f'{name}: {scalar(value)}' for name, value in entry.items())}}}"


def _left_out(left_out: Mapping[str, str]) -> list[str]:
    """Name the columns that are not offered, by the reason."""
    return [f"# left out ({reason}): {', '.join(map(scalar, names))}" for reason, names in reasons(left_out).items()]


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
