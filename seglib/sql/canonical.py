"""The canonical tables of some customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

LOOKUP_TABLES = ("genders", "cities", "branches", "merchants")
"""The canonical tables that say what an id means; customers and transactions are the others."""


def read_canonical_tables(
    con: duckdb.DuckDBPyConnection, customers: pd.Index | pd.Series | None = None, as_of: str | None = None
) -> dict[str, pd.DataFrame]:
    """Read the canonical tables as they are for some customers.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Sees the canonical tables (`seglib.run.Run.connect`). Nothing in it is changed.
    customers : pandas.Index or pandas.Series of str, optional
        The customer ids; default: all.
    as_of : str, optional
        ISO date; later transactions are left out. Default: all transactions.

    Returns
    -------
    dict of str to pandas.DataFrame
        The lookup tables whole; customers and transactions of these customers, in the order of their ids.
    """
    import pandas as pd

    tables = {name: con.sql(f"SELECT * FROM {name}").df() for name in LOOKUP_TABLES}
    of_them, by_then, parameters = "TRUE", "TRUE", []
    if customers is not None:
        con.register("wanted_customers", pd.DataFrame({"customer_id": customers}))
        of_them = "customer_id IN (SELECT customer_id FROM wanted_customers)"
    if as_of is not None:
        by_then, parameters = "transaction_date <= CAST(? AS DATE)", [as_of]
    tables["customers"] = con.sql(
        f"SELECT * FROM customers WHERE {of_them} ORDER BY length(customer_id), customer_id"
    ).df()
    tables["transactions"] = con.execute(
        f"SELECT * FROM transactions WHERE {of_them} AND {by_then} ORDER BY length(transaction_id), transaction_id",
        parameters,
    ).df()
    if customers is not None:
        con.unregister("wanted_customers")
    return tables
