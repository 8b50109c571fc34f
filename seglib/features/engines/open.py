"""Choose the engine on which the statements run: DuckDB, Spark, or the database that the source is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seglib.errors import ParameterRefused
from seglib.features.engines.base import Engine
from seglib.features.engines.duckdb import DuckDB
from seglib.style import did_you_mean, join_words

if TYPE_CHECKING:
    import duckdb

    from seglib.run import Run

ENGINES = ("duckdb", "spark", "database")


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
