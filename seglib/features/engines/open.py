"""Where the statements run: one readable SQL, on the engine that holds the shop.

Statements are written in DuckDB's dialect. `DuckDB` runs them as they are, on the tables that 01 wrote; `Spark` and
`Database` run what sqlglot makes of them, on the same tables or where the shop's own tables are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from seglib.errors import ParameterRefused
from seglib.style import did_you_mean, join_words

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from seglib.run import Run

ENGINES = ("duckdb", "spark", "database")


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

    def __init__(self, con: duckdb.DuckDBPyConnection, *, because: str = "") -> None:
        self.con = con
        self.text = "The statements run on DuckDB, inside this process" + (f": {because}." if because else ".")

    def keep(self, name: str, sql: str) -> None:
        """Make a temporary table of the rows of a SELECT."""
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")

    def frame(self, sql: str) -> pd.DataFrame:
        """Return the rows of a SELECT."""
        return self.con.sql(sql).df()


def open_engine(name: str | None, run: Run, con: duckdb.DuckDBPyConnection) -> Engine:
    """Open the engine that runs the statements of a run.

    Parameters
    ----------
    name : str or None
        One of `ENGINES`. ``database`` is the database that the source is, which is only read. None: that one where
        it gives exactly the rows that 01 accepted, else DuckDB.
    run : Run
        01 has written its tables.
    con : duckdb.DuckDBPyConnection
        Sees them (`seglib.run.Run.connect`).

    Returns
    -------
    Engine
        Its ``text`` says where the statements run, and why there.

    Raises
    ------
    ParameterRefused
        If there is no such engine, or it cannot be used; the message says why, and what to do.
    """
    if name == "duckdb":
        return DuckDB(con)
    if name == "spark":
        from seglib.features.engines.spark import open_spark

        return open_spark(run)
    if name not in (None, "database"):
        raise ParameterRefused(
            f"there is no engine '{name}'{did_you_mean(name, ENGINES)}; there are: {join_words(ENGINES)}",
            parameter="engine",
        )
    from seglib.features.engines.postgres import NotThere, open_database

    try:
        return open_database(run)
    except NotThere as why:
        if name:
            raise ParameterRefused(f"engine 'database' cannot be used here: {why}", parameter="engine") from None
        return DuckDB(con, because=str(why))
