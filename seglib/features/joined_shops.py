"""Several shops that one statement describes at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seglib.features.counts import study_row
from seglib.features.engines.duckdb import DuckDB
from seglib.features.own_features import own_table
from seglib.sql import in_memory
from seglib.study import Study

if TYPE_CHECKING:
    import duckdb


TRANSACTION_COLUMNS = ("transaction_id", "coupon_name", "branch_id", "amount")
"""Columns of transactions that a simulated shop need not have."""


class JoinedShops:
    """Several shops with the same customers, joined into one: every customer id begins with the number of its shop.

    A simulation needs the features of thousands of shops. One statement that describes many shops together is several
    times as fast as one statement per shop, because most of its time does not depend on the number of rows.

    Parameters
    ----------
    n_shops : int
        The shops are numbered 0, ..., n_shops - 1.

    Examples
    --------
    >>> shops = JoinedShops(11)
    >>> shops.mark(pd.DataFrame({"customer_id": ["7", "8"]}), 3)["customer_id"].tolist()
    ['037', '038']
    """

    def __init__(self, n_shops: int) -> None:
        # All numbers have the same width, so that the id behind them begins at the same place, whatever it looks like.
        self._width = len(str(n_shops))
        self._prefixes = [str(number).zfill(self._width) for number in range(n_shops)]

    def mark(self, table: pd.DataFrame, shop: int | np.ndarray) -> pd.DataFrame:
        """Return a table with the number of the shop before each customer id.

        Parameters
        ----------
        table : pandas.DataFrame
            With the column customer_id, a text.
        shop : int or ndarray of int, shape (n_rows,)
            The shop of all rows, or of every row.
        """
        prefix = np.array(self._prefixes, dtype=object)[shop]
        return table.assign(customer_id=prefix + table["customer_id"])

    def tables(
        self, tables: Mapping[str, pd.DataFrame], transactions: Sequence[pd.DataFrame]
    ) -> dict[str, pd.DataFrame]:
        """Return the canonical tables of all shops as one.

        Parameters
        ----------
        tables : mapping of str to pandas.DataFrame
            The canonical tables of one shop. All have its customers, branches and names.
        transactions : sequence of pandas.DataFrame
            Of all shops, marked.
        """
        customers = [self.mark(tables["customers"], shop) for shop in range(len(self._prefixes))]
        return {**tables, "customers": pd.concat(customers), "transactions": pd.concat(transactions)}

    def split(self, features: pd.DataFrame) -> list[pd.DataFrame]:
        """Return the rows of every shop, under their own customer ids.

        Parameters
        ----------
        features : pandas.DataFrame
            Indexed by marked customer_id.
        """
        shop = features.index.str[: self._width].astype(int).to_numpy()
        by_shop = features.set_axis(features.index.str[self._width :].rename("customer_id"), axis=0)
        by_shop = by_shop.iloc[np.argsort(shop, kind="stable")]
        ends = np.cumsum(np.bincount(shop, minlength=len(self._prefixes)))
        return [by_shop.iloc[end - size : end] for end, size in zip(ends, np.diff(ends, prepend=0), strict=True)]


def with_own_features(
    described: Sequence[pd.DataFrame],
    tables: Mapping[str, pd.DataFrame],
    shops: Sequence[pd.DataFrame],
    study: Study,
) -> Iterator[pd.DataFrame]:
    """Add to described customers of several shops what the analyst has added to the features.

    The statement of the analyst runs on one shop after the other, not on the joined shops: it may compare customers
    with each other, and those of other shops must not count.

    Parameters
    ----------
    described : sequence of pandas.DataFrame
        Features of the customers of every shop, indexed by customer_id.
    tables : mapping of str to pandas.DataFrame
        The canonical tables of one shop. All have its customers, branches and names.
    shops : sequence of pandas.DataFrame
        The transactions of every shop; a column that the statement does not need may be absent.
    study : Study
        With the burn window and the shrinkage of the shop itself.

    Yields
    ------
    pandas.DataFrame
        Features of one shop; as they came where nothing was added.
    """
    if study.own_features is None:
        yield from described
        return
    for features, transactions in zip(described, shops, strict=True):
        absent = {name: None for name in TRANSACTION_COLUMNS if name not in transactions}
        with connect_tables({**tables, "transactions": transactions.assign(**absent)}) as con:
            engine = DuckDB(con)
            engine.keep("study", study_row(study))
            yield features.join(own_table(engine, study, features.index))


def connect_tables(tables: Mapping[str, pd.DataFrame]) -> duckdb.DuckDBPyConnection:
    """Return a connection that sees tables under their names, and nothing else, and works in one thread."""
    con = _database().cursor()
    for name, table in tables.items():
        con.register(name, table)
    return con


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """Return the DuckDB of this process whose cursors `connect_tables` hands out.

    Tables that are registered with a cursor, and its temporary tables, are seen by this cursor only. Starting a new
    DuckDB takes longer than describing a thousand customers.
    """
    return in_memory(threads="1")
