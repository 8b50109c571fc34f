"""DuckDB inside this process: the default engine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from seglib.sql import in_memory

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


class DuckDB:
    """DuckDB inside this process: the default."""

    name = "duckdb"

    def __init__(self, con: duckdb.DuckDBPyConnection, *, because: str = "") -> None:
        self.con = con
        self.text = "The statements run on DuckDB, inside this process" + (f": {because}." if because else ".")

    def keep(self, name: str, sql: str) -> None:
        """Make a temporary table of the rows of a SELECT."""
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")

    def frame(self, sql: str) -> pd.DataFrame:
        """Return the rows of a SELECT."""
        return self.con.sql(sql).df()

    def frame_in_order(self, sql: str, tables: Iterable[str]) -> pd.DataFrame:
        """Return the rows of a SELECT that may add floats: in one thread, so always in the same order.

        Parameters
        ----------
        sql : str
        tables : iterable of str
            What it reads. The number of threads is fixed once a connection is open, so another one reads copies.
        """
        [(threads,)] = self.con.sql("SELECT current_setting('threads')").fetchall()
        if int(threads) == 1:
            return self.frame(sql)
        with in_memory(threads="1") as con:
            for name in tables:
                con.register(name, self.con.sql(f"SELECT * FROM {name}").to_arrow_table())
            return con.sql(sql).df()
