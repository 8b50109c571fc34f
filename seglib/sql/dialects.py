"""The same statement in the dialect of another engine, by sqlglot."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

DIALECTS = ("duckdb", "postgres", "spark", "databricks", "bigquery", "snowflake", "redshift", "trino")
"""Dialects that statements can be written in. Tests run the first three; the others are only written and read again."""


def translated(sql: str, to: str) -> str:
    """Write a statement in another dialect.

    Two things stay as they are in DuckDB. Differences of days have 64 bits: elsewhere they have 32, and their squares
    do not fit. Floats become decimals by the same rounding: PostgreSQL would look at 15 digits only, Spark at the
    shortest text of the number.

    Parameters
    ----------
    sql : str
        One statement, DuckDB's dialect.
    to : str
        One of `DIALECTS`.

    Raises
    ------
    sqlglot.errors.SqlglotError
        If it cannot be read, or the other dialect lacks something that it uses.

    Examples
    --------
    >>> translated("SELECT date_diff('day', a, b) AS days FROM t", "spark")
    'SELECT CAST(DATEDIFF(DAY, a, b) AS BIGINT) AS days FROM t'
    """
    return _written(_read(sql), to)


def in_parts(sql: str, to: str, *, pretty: bool = False) -> tuple[dict[str, str], str]:
    """Write a statement in another dialect: its common table expressions, and the SELECT that reads them.

    Parameters
    ----------
    sql, to
        As in `translated`.
    pretty : bool, default=False
        In several indented lines.

    Returns
    -------
    dict of str to str, str
        The common table expressions by name, in their order, and the SELECT.

    Examples
    --------
    >>> in_parts("WITH a AS (SELECT 1 AS x) SELECT x FROM a", "postgres")
    ({'a': 'SELECT 1 AS x'}, 'SELECT x FROM a')
    """
    tree = _read(sql)
    parts = {part.alias: _written(part.this, to, pretty) for part in tree.ctes}
    for part in list(tree.ctes):
        part.pop()
    return parts, _written(tree, to, pretty)


def unordered(sql: str) -> str:
    """Return a statement in DuckDB's dialect without its ORDER BY, which has no effect inside another statement.

    Examples
    --------
    >>> unordered("SELECT a FROM t ORDER BY length(a), a")
    'SELECT a FROM t'
    """
    from sqlglot import parse_one

    tree = parse_one(sql, dialect="duckdb")
    tree.set("order", None)
    return tree.sql(dialect="duckdb", comments=False)


def _read(sql: str) -> exp.Expression:
    from sqlglot import exp, parse_one

    def exact(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.DateDiff):
            return exp.cast(node, "BIGINT")
        if isinstance(node, exp.Cast) and node.to.is_type("DECIMAL"):
            return _rounded(node)
        return node

    return parse_one(sql, dialect="duckdb").transform(exact)


def _rounded(cast: exp.Cast) -> exp.Expression:
    """Write out how DuckDB makes a decimal of a float: other engines round the text of the float instead."""
    from sqlglot import exp

    _, decimals = (int(size.name) for size in cast.to.expressions)
    x, power = cast.this.sql(dialect="duckdb"), 10**decimals
    # half away from zero, on the binary value; as a whole number of the smallest unit, so that no digit is lost
    whole = f"CAST(CAST(sign({x}) * floor(abs({x}) * {power} + 0.5) AS BIGINT) AS DECIMAL(19, 0))"
    return exp.cast(exp.maybe_parse(f"{whole} * {1 / power:.{decimals}f}", dialect="duckdb"), cast.to)


def _written(tree: exp.Expression, to: str, pretty: bool = False) -> str:
    from sqlglot import ErrorLevel, exp

    if to == "postgres":  # which would hash the bytes of the database's own encoding
        utf_8 = exp.Literal.string("UTF8")
        tree = tree.transform(
            lambda node: (
                exp.func("MD5", exp.func("CONVERT_TO", node.this, utf_8.copy())) if _hashes_text(node) else node
            )
        )
    return tree.sql(dialect=to, pretty=pretty, comments=False, unsupported_level=ErrorLevel.RAISE)


def _hashes_text(node: exp.Expression) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.MD5) and not isinstance(node.this, exp.Anonymous)
