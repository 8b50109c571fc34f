"""A SELECT that somebody outside of this project wrote: what it may say, and how it is put among other statements.

It describes customers, and it travels: into null models, into a model file, into other warehouses. So it may read the
canonical tables and ``study`` and nothing else, and it may say nothing that differs from one moment, or from one engine
to the next. It sees transactions as they were known on the day ``as_of``: `TRANSACTIONS_BY_AS_OF` stands in the place
of ``transactions``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seglib.sql.canonical import LOOKUP_TABLES
from seglib.sql.quoting import quoted

if TYPE_CHECKING:
    from sqlglot import exp

READABLE = ("customers", "transactions", *LOOKUP_TABLES, "study")
"""The tables that such a statement may read."""

TRANSACTIONS_BY_AS_OF = """
SELECT
    t.transaction_id,
    t.customer_id,
    t.transaction_date,
    -- burned later than as_of: not burned yet; burned without a date: the recorded status counts
    CASE WHEN t.burn_date > s.as_of THEN 'subscribed' ELSE t.transaction_status END AS transaction_status,
    t.coupon_name,
    CASE WHEN t.burn_date <= s.as_of THEN t.burn_date END AS burn_date,
    t.branch_id,
    t.amount
FROM transactions AS t
CROSS JOIN study AS s
WHERE t.transaction_date <= s.as_of
"""
"""The transactions as they were known on the day ``as_of``: a statement that reads them cannot look past it."""

_BY_AS_OF, _OWN = "transactions_by_as_of", "own_features"

_CHANGES = ("Current", "Local", "Rand", "Uuid", "Session", "Unix", "Utc")
"""How sqlglot's names begin for what differs from one moment to the next: the clock, chance, the user."""


_CLOCK = ("now", "get_current_timestamp", "transaction_timestamp", "setseed", "txid_current")
"""Functions of the same kind that it knows by no name of its own."""


class StatementRefused(ValueError):
    """Why a statement cannot be used; its message is a clause without a full stop."""


@dataclass(frozen=True)
class OwnStatement:
    """What a statement reads.

    Attributes
    ----------
    sql : str
        The statement, without what follows its last word.
    columns : tuple of str
        The columns that it gives.
    tables : frozenset of str
        The canonical tables that it reads, and ``study``.
    words : frozenset of str
        All names in it, in lower case; ``*`` where it takes all columns of a table.
    """

    sql: str
    columns: tuple[str, ...]
    tables: frozenset[str]
    words: frozenset[str]

    def needs(self, column: str) -> bool:
        """Whether it may read a column of one of its tables."""
        return column in self.words or "*" in self.words


def own_statement(sql: str) -> OwnStatement:
    """Look at a statement, without running it.

    Parameters
    ----------
    sql : str
        DuckDB's dialect.

    Raises
    ------
    StatementRefused
        If it is not one SELECT, reads anything but `READABLE`, depends on the clock, on chance or on who runs it, or
        uses a function that is not known, and so could not be written for another database.
    """
    from sqlglot import exp

    tree = _parsed(sql)
    if not isinstance(tree, exp.Query):
        raise StatementRefused("it is not one SELECT")
    named_parts = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    if clash := sorted(named_parts & {*READABLE, _BY_AS_OF, _OWN}):
        raise StatementRefused(f"it calls one of its own parts '{clash[0]}', which is the name of a table")
    read = set()
    for node in tree.walk():
        _refuse_node(node)
        if isinstance(node, exp.Table):
            name = node.name.lower()
            is_plain = isinstance(node.this, exp.Identifier) and not (node.db or node.catalog)
            if not is_plain or name not in {*READABLE, *named_parts}:
                raise StatementRefused(
                    f"it reads {node.sql(dialect='duckdb')}; there are: {', '.join(READABLE)}, "
                    "and the parts that it names itself"
                )
            read.add(name)
    columns = tuple(tree.named_selects)
    if "*" in columns or "" in columns:
        raise StatementRefused("its last SELECT takes a column without a name, or *: name every column that it gives")
    words = {node.name.lower() for node in tree.find_all(exp.Identifier)}
    if any(node for node in tree.find_all(exp.Star) if not isinstance(node.parent, exp.Count)):
        words.add("*")
    return OwnStatement(sql.strip().rstrip(";").rstrip(), columns, frozenset(read & {*READABLE}), frozenset(words))


def own_parts(sql: str, kinds: Mapping[str, str], *, finite: bool = True) -> dict[str, str]:
    """Return the named parts by which another statement can read what a statement says of customers.

    Parameters
    ----------
    sql : str
        As in `own_statement`.
    kinds : mapping of str to {"numeric", "binary", "nominal"}
        Its columns beside customer_id.
    finite : bool, default=True
        Whether a number that is infinite, or none, counts as missing.

    Returns
    -------
    dict of str to str
        SELECTs in DuckDB's dialect by name, in their order; the last one is ``own_features``, with customer_id and the
        columns, numbers as DOUBLE.
    """
    from sqlglot import exp

    tree, reads_transactions = _parsed(sql), False
    for table in tree.find_all(exp.Table):
        if table.name.lower() == "transactions":
            reads_transactions = True
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
            table.set("this", exp.to_identifier(_BY_AS_OF))
    cells = ["CAST(f.customer_id AS VARCHAR) AS customer_id"]
    for name, kind in kinds.items():
        cell = f"CAST(f.{quoted(name)} AS {'VARCHAR' if kind == 'nominal' else 'DOUBLE'})"
        if kind != "nominal" and finite:
            cell = f"CASE WHEN abs({cell}) < 1e300 THEN {cell} END"
        cells.append(f"{cell} AS {quoted(name)}")
    # in brackets, so that the names of its parts cannot be taken for those of other parts
    statement = f"SELECT {', '.join(cells)} FROM ({tree.sql(dialect='duckdb', comments=False)}) AS f"
    before = {_BY_AS_OF: TRANSACTIONS_BY_AS_OF} if reads_transactions else {}
    return before | {_OWN: statement}


def _parsed(sql: str) -> exp.Expression:
    from sqlglot import parse
    from sqlglot.errors import SqlglotError

    try:
        trees = [tree for tree in parse(sql, dialect="duckdb") if tree is not None]
    except SqlglotError as error:
        problem = " ".join(str(error).split())[:200]
        raise StatementRefused(f"it cannot be read as SQL: {problem}") from None
    if len(trees) != 1:
        raise StatementRefused("it is not one SELECT")
    return trees[0]


def _refuse_node(node: exp.Expression) -> None:
    """Refuse what cannot travel."""
    from sqlglot import exp

    is_unknown = isinstance(node, exp.Anonymous | exp.AnonymousAggFunc)
    if is_unknown and node.name.lower() not in _CLOCK:
        raise StatementRefused(
            f"it uses {node.name}(), which cannot be written for other databases; take a function of standard SQL"
        )
    if is_unknown or type(node).__name__.startswith(_CHANGES) or isinstance(node, exp.TableSample):
        raise StatementRefused(
            f"it uses {node.sql(dialect='duckdb')}, which is another one each time; the day is as_of, in study"
        )
    if isinstance(node, exp.Into | exp.Placeholder | exp.Parameter | exp.Pivot | exp.GenerateSeries):
        raise StatementRefused(f"it uses {node.sql(dialect='duckdb')}, which is no part of a SELECT that describes")
    if isinstance(node, exp.With) and node.recursive:
        raise StatementRefused("it calls itself (WITH RECURSIVE)")
