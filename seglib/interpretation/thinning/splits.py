"""Count splitting: every coupon goes to one of two halves at random, and customers are described by each half."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seglib.features import JoinedShops, connect_tables, customer_features, with_own_features
from seglib.sql import read_canonical_tables
from seglib.stats import expected_claims
from seglib.study import Study

if TYPE_CHECKING:
    import duckdb

MAX_ROWS_PER_STATEMENT = 500_000
"""Several splits are described by one SQL statement, as long as they have no more rows together."""


def read_tables(
    con: duckdb.DuckDBPyConnection, as_of: str, sample_customers: int, seed: int
) -> dict[str, pd.DataFrame]:
    """Read the canonical tables, those of customers and transactions for a sample if there are many."""
    ids = con.sql("SELECT customer_id FROM customers ORDER BY length(customer_id), customer_id").df()["customer_id"]
    if len(ids) > sample_customers:
        kept = np.random.default_rng([seed, 99]).choice(len(ids), sample_customers, replace=False)
        ids = ids.iloc[np.sort(kept)]
    return read_canonical_tables(con, ids, as_of)


def exposure(customers: pd.DataFrame, transactions: pd.DataFrame, *, as_of: str) -> pd.Series | None:
    """Return how many coupons each customer could be expected to claim if all were alike; they add up to those claimed.

    Parameters
    ----------
    customers, transactions : pandas.DataFrame
        The canonical tables.
    as_of : str
        ISO date.

    Returns
    -------
    pandas.Series of float or None
        By customer_id, of those who had joined. A day counts as much as the shop was busy, per customer present on it.
        None if a customer with a coupon has no day of joining, or joined after the first one.
    """
    day = pd.Timestamp(as_of)
    joined = customers.set_index("customer_id")["join_date"].astype("datetime64[ns]")
    joined = joined[joined.isna() | (joined <= day)]
    claimed = transactions["transaction_date"].astype("datetime64[ns]")
    first = claimed.groupby(transactions["customer_id"]).min()
    if not len(first) or joined.isna().any() or not first.index.isin(joined.index).all():
        return None
    if (first < joined.reindex(first.index)).any():
        return None
    start = joined.min()
    came, n_days = (joined - start).dt.days.to_numpy(), (day - start).days + 1
    return pd.Series(expected_claims(came, (claimed - start).dt.days.to_numpy(), n_days=n_days), joined.index)


def split_counts(
    tables: Mapping[str, pd.DataFrame], rngs: Sequence[np.random.Generator], study: Study
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Split the coupons in two at random, and describe customers by each half.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        The canonical tables.
    rngs : sequence of numpy.random.Generator
        One per split.
    study : Study
        Both halves are shrunk by its numbers.

    Yields
    ------
    tuple of pandas.DataFrame
        Features of the customers that have a coupon in the first half, and of those that have one in the second.
    """
    coupons, customers = tables["transactions"], tables["customers"]
    together = max(1, MAX_ROWS_PER_STATEMENT // max(len(coupons) + 2 * len(customers), 1))
    for start in range(0, len(rngs), together):
        group = rngs[start : start + together]
        tossed = [2 * place + (rng.random(len(coupons)) >= 0.5) for place, rng in enumerate(group)]
        halves = JoinedShops(2 * len(group))  # every half of every split is a shop
        marked = [halves.mark(coupons, side) for side in tossed]
        with connect_tables(halves.tables(tables, marked)) as con:
            parts = halves.split(customer_features(con, replace(study, own_features=None)).table)
        shops = [coupons[side == 2 * place + half] for place, side in enumerate(tossed) for half in (0, 1)]
        parts = list(with_own_features(parts, tables, shops, study))
        yield from zip(parts[::2], parts[1::2], strict=True)
