"""Rows that are the lines of one transaction: what is repeated on each of them, and what only the first one has."""

from __future__ import annotations

from dataclasses import replace

from seglib.ingest.contract.rules import BY_CHANCE, REPEATED
from seglib.ingest.suggest.matches import TableMatch
from seglib.ingest.suggest.values import REPEATS

EMPTY = 0.01
"""A share of rows without a customer that is no slip any more."""

ON_FIRST_LINE = ("customer_id", "transaction_date")
"""What every line needs, and an export may write on the first one only."""


def as_lines(match: TableMatch) -> TableMatch:
    """Say whether several rows make one transaction, and how what belongs to all of them is written."""
    identity, customer = match.sure("transaction_id"), match.sure("customer_id")
    if not identity:
        return match
    below = _written_once(match, identity)
    if below:
        match = _filled(match, below)
        return _amount_per(replace(match, rows="lines"), filled=True)
    if match.source.repeats(identity) <= REPEATS:
        return match
    text = match.source.text(identity)
    if customer:
        who = match.source.text(customer)
        [(several,)] = match.source.con.sql(
            f"SELECT avg(CAST(n > 1 AS INTEGER)) "
            f"FROM (SELECT count(DISTINCT {who}) AS n FROM {match.source.first_rows} "
            f"WHERE {text} IS NOT NULL GROUP BY {text})"
        ).fetchall()
        if several > REPEATS:
            doubt = "rows with one of its values name several customers"
            guess = replace(match.guesses["transaction_id"], doubt=doubt)
            return replace(match, guesses={**match.guesses, "transaction_id": guess})
    match = _filled(match, [column for column in ON_FIRST_LINE if _on_first_line(match, column, text)])
    return _amount_per(replace(match, rows="lines"), filled=False)


def _written_once(match: TableMatch, identity: str) -> list[str]:
    """Return the columns that stand only on the first line of a transaction, if its number is one of them."""
    source = match.source
    [rows] = source.ask("count(*)")
    gaps = rows - source.filled[identity]
    if gaps <= EMPTY * rows:
        return []
    columns = [column for column in ON_FIRST_LINE if match.sure(column)]
    empty = [f"{source.text(match.guesses[column].names[0])} IS NULL" for column in columns]
    if not empty:
        return []
    [together] = source.ask(f"count(*) FILTER ({source.text(identity)} IS NULL AND {' AND '.join(empty)})")
    return ["transaction_id", *columns] if together >= (1 - EMPTY) * gaps else []


def _on_first_line(match: TableMatch, column: str, identity: str) -> bool:
    """Say whether a column is empty on lines of transactions that have it on another line."""
    name = match.sure(column)
    if not name:
        return False
    text, rows = match.source.text(name), match.source.first_rows
    [(n_rows, gaps, elsewhere)] = match.source.con.sql(
        "SELECT count(*), count(*) FILTER (x IS NULL), count(*) FILTER (x IS NULL AND there) FROM "
        f"(SELECT {text} AS x, count({text}) OVER (PARTITION BY {identity}) > 0 AND {identity} IS NOT NULL AS there "
        f"FROM {rows})"
    ).fetchall()
    return gaps > EMPTY * n_rows and elsewhere >= gaps / 2


def _filled(match: TableMatch, columns: list[str]) -> TableMatch:
    guesses = {
        column: replace(match.guesses[column], fill_down=True, note="only on the first line of a transaction")
        for column in columns
    }
    return replace(match, guesses={**match.guesses, **guesses})


def _amount_per(match: TableMatch, *, filled: bool) -> TableMatch:
    """Say that an amount is that of the whole transaction, where all of its lines repeat it."""
    amount, source = match.guesses.get("amount"), match.source
    identity = match.sure("transaction_id")
    if amount is None or amount.doubt or len(amount.names) != 1 or filled or identity is None:
        return match
    rows = (
        f"(SELECT {source.text(identity)} AS id, {source.number(amount.names[0])} AS amount FROM {source.first_rows}) "
        "WHERE id IS NOT NULL AND amount IS NOT NULL"
    )
    [(same, several)] = source.con.sql(
        f"SELECT avg(CAST(same AS INTEGER)), count(*) FROM (SELECT min(amount) = max(amount) AS same FROM {rows} "
        "GROUP BY id HAVING count(*) > 1)"
    ).fetchall()
    [(chance,)] = source.con.sql(
        f"SELECT sum(n * n) / pow(sum(n), 2) FROM (SELECT count(*) AS n FROM {rows} GROUP BY amount)"
    ).fetchall()
    if not several or same < REPEATED or chance**several >= BY_CHANCE:
        return match
    note = "; ".join(filter(None, (amount.note, "the same on every line of a transaction: counted once")))
    return replace(match, guesses={**match.guesses, "amount": replace(amount, per="transaction", note=note)})
