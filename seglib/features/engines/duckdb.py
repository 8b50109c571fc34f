"""DuckDB inside this process: the default engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

    def frame_in_order(self, sql: str) -> pd.DataFrame:
        """Return the rows of a SELECT that may add floats: in one thread, so always in the same order."""
        threads = self.con.sql("SELECT current_setting('threads')").fetchall()[0][0]
        self.con.execute("SET threads = 1")
        try:
            return self.frame(sql)
        finally:
            self.con.execute(f"SET threads = {int(threads)}")
