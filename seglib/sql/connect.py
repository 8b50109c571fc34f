"""Open DuckDB as the whole project does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def in_memory() -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB without a progress bar, which would be drawn over our own lines on a terminal."""
    import duckdb

    con = duckdb.connect()
    if con.sql("SELECT current_setting('enable_progress_bar')").fetchall()[0][0]:  # in a notebook it is off, and fixed
        con.execute("SET enable_progress_bar = false")
    return con
