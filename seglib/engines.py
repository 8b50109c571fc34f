"""Where the statements run: one readable SQL, on whatever engine holds the shop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


class Engine(Protocol):
    """Runs SQL, written in DuckDB's dialect, where the canonical tables can be seen.

    Attributes
    ----------
    name : str
    text : str
        Where the statements run, and why there.
    """

    name: str
    text: str

    def keep(self, name: str, sql: str) -> None:
        """Let later statements see the rows of a SELECT under a name; it takes the place of an earlier one."""

    def frame(self, sql: str) -> pd.DataFrame:
        """Return the rows of a SELECT."""


class DuckDB:
    """DuckDB inside this process: the default."""

    name = "duckdb"
    text = "The statements run on DuckDB, inside this process."

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con

    def keep(self, name: str, sql: str) -> None:
        """Make a temporary table of the rows of a SELECT."""
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")

    def frame(self, sql: str) -> pd.DataFrame:
        """Return the rows of a SELECT."""
        return self.con.sql(sql).df()
