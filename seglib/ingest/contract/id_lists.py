"""Leave rows out by their id: ids in the mapping file, or in a file that lists them; transactions go with customers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seglib.errors import InputRefused, ParameterRefused
from seglib.ingest.contract.parsing import RawColumn, read
from seglib.ingest.mapping.model import LISTS, ColumnSource, Exclusion, Formats, TableMapping
from seglib.ingest.sources.csv_files import is_csv
from seglib.ingest.sources.open import open_source
from seglib.sql import in_memory, restrict, sql_literal

if TYPE_CHECKING:
    import duckdb

WITH_CUSTOMERS = "transactions.left_out.with_their_customers"
"""The rule of transactions whose customers the mapping leaves out."""

CUSTOMERS_LEFT_OUT = (
    "SELECT customer_id FROM staged_customers WHERE left_out IS NOT NULL AND customer_id IS NOT NULL "
    "UNION SELECT id FROM listed_ids WHERE table_name = 'customers' EXCEPT SELECT customer_id FROM customers"
)
"""Who is left out: customers of whom no row is accepted, and those on a list whom the table of customers lacks."""


def load_lists(con: duckdb.DuckDBPyConnection, name: str, mapping: TableMapping, header: tuple[str, ...]) -> None:
    """Write the ids by which a table's rows are left out to the table ``listed_ids``: table_name, label, id.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    name : str
        Of the canonical table.
    mapping : TableMapping
    header : tuple of str
        What the column of the ids may be called in a file, besides its canonical name.

    Raises
    ------
    ParameterRefused
        If a file cannot be read, or has no row.
    """
    con.execute("CREATE TABLE IF NOT EXISTS listed_ids (table_name VARCHAR, label VARCHAR, id VARCHAR)")
    for exclusion in mapping.leave_out:
        if exclusion.test in LISTS:
            ids = read_ids(Path(exclusion.values[0]), header) if exclusion.test == "file" else list(exclusion.values)
            con.execute("INSERT INTO listed_ids SELECT ?, ?, unnest(?::VARCHAR[])", [name, exclusion.name, ids])


def in_list(name: str, exclusion: Exclusion, identity: str) -> str:
    """Write the SQL condition of a row whose id is in a list; ``identity`` is the SQL of the id as it is read."""
    listed = f"table_name = {sql_literal(name)} AND label = {sql_literal(exclusion.name)}"
    return f"{identity} IN (SELECT id FROM listed_ids WHERE {listed})"


def list_notes(con: duckdb.DuckDBPyConnection, name: str, mapping: TableMapping, identities: str) -> list[str]:
    """Say of each list how many ids it has, and how many of them the table has.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    name : str
        Of the canonical table.
    mapping : TableMapping
    identities : str
        The SELECT of all ids of the table.
    """
    notes = []
    for exclusion in mapping.leave_out:
        if exclusion.test in LISTS:
            [(n_ids, n_found)] = con.execute(
                f"SELECT count(DISTINCT id), count(DISTINCT id) FILTER (id IN ({identities})) FROM listed_ids "
                "WHERE table_name = ? AND label = ?",
                [name, exclusion.name],
            ).fetchall()
            place = f" in the list '{Path(exclusion.values[0]).name}'" if exclusion.test == "file" else ""
            ids = "id" if n_ids == 1 else "ids"
            notes.append(
                f"the mapping leaves out {n_ids:,} {ids}{place} ({exclusion.name}); "
                f"table {name} has {n_found:,} of them"
            )
    return notes


def read_ids(path: Path, header: tuple[str, ...]) -> list[str]:
    """Read a list of ids, as the ids of a shop are read, from a CSV, text or Parquet file.

    Parameters
    ----------
    path : Path
        Of several columns, the one whose name is in ``header`` counts, else the first. A first line without such a name
        counts as an id.
    header : tuple of str

    Returns
    -------
    list of str
        In the order of the file, without empty ones.

    Raises
    ------
    ParameterRefused
        If the file cannot be read, or has no id.
    """
    with path.open("rb") as stream:
        is_parquet = stream.read(4) == b"PAR1"
    if not (is_parquet or is_csv(path)):
        raise _refused(path, "it is neither a CSV or text file nor a Parquet file")
    con = in_memory(reads=None)
    try:
        source = open_source(path, csv={} if is_parquet else {"header_row": "0"})
        restrict(con, source.paths)
        [load] = source.tables.values()
        load(con, "list")
    except InputRefused as error:
        raise _refused(path, error.message) from None
    columns = {name: RawColumn(name, kind) for name, kind, *_ in con.sql("DESCRIBE list").fetchall()}
    names = {name.strip().casefold() for name in header}
    first = [cell for row in con.sql("FROM list LIMIT 1").fetchall() for cell in row]
    titles = list(columns) if is_parquet else [str(cell) for cell in first]
    chosen = next((place for place, title in enumerate(titles) if title.strip().casefold() in names), None)
    column = list(columns)[chosen or 0]
    identity = read("id", ColumnSource((column,)), columns, Formats()).value
    skipped = " OFFSET 1" if chosen is not None and not is_parquet else ""
    rows = con.sql(f"SELECT {identity} FROM (FROM list{skipped})").fetchall()
    ids = [id_ for (id_,) in rows if id_ is not None]
    if not ids:
        raise _refused(path, "it has no id")
    return ids


def _refused(path: Path, problem: str) -> ParameterRefused:
    return ParameterRefused(f"leave_out: list '{path.name}' cannot be used: {problem}", parameter="mapping")
