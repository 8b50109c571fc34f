"""What a table holds that can be read, and may mean something else: each is counted and told, and no row is touched.

What is looked for stands in modules of its own: `stray_rows`, `reversals`, `answer_codes`, `spellings`, `midnights`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from seglib.ingest.contract.parsing import RawColumn, cell_text
from seglib.ingest.contract.rules import Rule

if TYPE_CHECKING:
    import duckdb

EXAMPLES = 5
"""Rows or words that a finding names."""


@dataclass(frozen=True)
class Doubt:
    """Something that a table holds and that may mean something else.

    Attributes
    ----------
    rule : Rule
        How it is told.
    rows : int
        How many rows it concerns.
    examples : str
    """

    rule: Rule
    rows: int
    examples: str


@dataclass(frozen=True)
class CountedRows:
    """The rows of a table that its mapping does not leave out.

    Attributes
    ----------
    con : duckdb.DuckDBPyConnection
    table : str
        Canonical name.
    sql, cells_sql : str
        What follows FROM: the columns of the source; these, and the texts of cells that values are read from.
    numbered_sql : str
        These, and ``__row``, the number of the row.
    columns : mapping of str to RawColumn
        The source's columns, in names as they are compared.
    """

    con: duckdb.DuckDBPyConnection
    table: str
    sql: str
    cells_sql: str
    numbered_sql: str
    columns: Mapping[str, RawColumn]

    @cached_property
    def size(self) -> int:
        """How many rows there are."""
        return self.ask("count(*)")[0]

    def texts(self, *, only_varchar: bool = True) -> dict[str, str]:
        """Return the SQL of the text of a cell, by column."""
        return {
            name: cell_text(column)
            for name, column in self.columns.items()
            if column.type == "VARCHAR" or not only_varchar
        }

    def ask(self, *expressions: str) -> tuple:
        """Return one row of aggregates."""
        [row] = self.con.sql(f"SELECT {', '.join(expressions)} FROM {self.sql}").fetchall()
        return row

    def examples(self, where: str, text: str) -> str:
        """Name the first rows that a condition is true of, each with a text."""
        rows = self.con.sql(
            f"SELECT __row, {text} FROM {self.numbered_sql} WHERE {where} ORDER BY __row LIMIT {EXAMPLES}"
        ).fetchall()
        return ", ".join(f"row {row} ({cell})" for row, cell in rows)

    def rule_id(self, column: str, problem: str) -> str:
        """Write the id of a rule; a column of the source may have points in its name."""
        return f"{self.table}.{column.replace('.', ' ')}.{problem}"

    def levels(self, text: str, most: int) -> dict[str, int]:
        """Return the values of a text with their rows, the most frequent first; empty if there are too many."""
        rows = self.con.sql(
            f"SELECT {text}, count(*) FROM {self.sql} WHERE {text} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 "
            f"LIMIT {most + 1}"
        ).fetchall()
        return dict(rows) if len(rows) <= most else {}
