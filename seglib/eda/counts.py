"""How much happens when, how many coupons a customer has, and who the customers are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import poisson

from seglib.features import records
from seglib.stats import expected_claims

ALIKE, BY_TIME = "the same chance for everybody", "a chance that grows with the time as a customer"
"""The two ways in which customers can be alike: neither need be the truth, so the milder one is believed."""


def calendar(unified: pd.DataFrame, *, as_of: str) -> pd.DataFrame:
    """Count coupons claimed and burned by month, up to ``as_of``.

    Returns
    -------
    pandas.DataFrame
        month (first day), claimed, and burned where the shop records burn dates.
    """
    days = {"claimed": unified["transaction_date"]}
    if records(unified)[1]:
        days["burned"] = unified.loc[unified["burn_date"] <= pd.Timestamp(as_of), "burn_date"]
    months = pd.DataFrame({name: day.dt.to_period("M").value_counts() for name, day in days.items()})
    every = pd.period_range(months.index.min(), pd.Period(as_of, "M"), freq="M", name="month")
    months = months.reindex(every).fillna(0).astype("int64").reset_index()
    return months.assign(month=months["month"].dt.to_timestamp())


def claims(unified: pd.DataFrame, customers: pd.DataFrame, *, as_of: str) -> pd.DataFrame:
    """Count the coupons of every customer who had joined, and how many one would expect of them.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row a transaction.
    customers : pandas.DataFrame
        The canonical table; a customer without a join date counts from the first coupon.
    as_of : str

    Returns
    -------
    pandas.DataFrame
        Indexed by customer_id, customers who had joined by ``as_of``: coupons, since (day), expected: coupons
        that a customer of the same day would claim if all were alike. It follows the calendar: on each day,
        the shop's claims are shared among those who had joined.
    """
    day = pd.Timestamp(as_of)
    by_customer = unified.groupby("customer_id")["transaction_date"]
    people = pd.DataFrame(
        {
            "joined": customers.set_index("customer_id")["join_date"],
            "coupons": by_customer.size(),
            "first": by_customer.min(),
        }
    )
    people["since"] = people[["joined", "first"]].min(axis=1)
    people = people[people["since"] <= day].sort_index()
    start = people["since"].min()
    dates = unified.loc[unified["transaction_date"] <= day, "transaction_date"]
    joined, claimed = ((days - start).dt.days.to_numpy() for days in (people["since"], dates))
    return pd.DataFrame(
        {
            "coupons": people["coupons"].fillna(0).astype("int64"),
            "since": people["since"],
            "expected": expected_claims(joined, claimed, n_days=(day - start).days + 1),
        }
    )


def coupon_counts(claimed: pd.DataFrame) -> pd.DataFrame:
    """Compare how many customers have 0, 1, 2, ... coupons with what chance alone would give.

    Parameters
    ----------
    claimed : pandas.DataFrame
        From `claims`.

    Returns
    -------
    pandas.DataFrame
        coupons, customers, expected, view. ``expected`` is Poisson with the same mean for everybody, or with the
        expectation of each customer's own time in the shop, whichever comes nearer to the counts; ``view`` names
        it (`ALIKE` or `BY_TIME`).
    """
    n = claimed["coupons"]
    coupons = np.arange(n.max() + 1)
    found = n.value_counts().reindex(coupons, fill_value=0).to_numpy()
    typical = np.quantile(claimed["expected"], (np.arange(500) + 0.5) / 500)  # 500 customers stand for all
    views = {
        ALIKE: len(n) * poisson.pmf(coupons, n.mean()),
        BY_TIME: len(n) * poisson.pmf(coupons[:, None], typical[None, :]).mean(axis=1),
    }
    nearest = min(views, key=lambda view: np.abs(views[view] - found).sum())
    return pd.DataFrame({"coupons": coupons, "customers": found, "expected": views[nearest], "view": nearest})


def demographics(customers: pd.DataFrame, column: str, *, levels: int = 12) -> pd.DataFrame:
    """Count the customers of each level of a descriptor, largest first; the rare ones are taken together.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row a customer (`seglib.features.CustomerFeatures.table`); 0 and 1 are shown as no and yes.
    column : str
    levels : int, default=12
        Largest number of lines.

    Returns
    -------
    pandas.DataFrame
        level, customers, share, coupons_per_customer (missing where there are no transactions).
    """
    level = customers[column]
    if pd.api.types.is_numeric_dtype(level) and level.dropna().isin([0, 1]).all():
        level = level.map({0: "no", 1: "yes"})
    rows = pd.DataFrame({"level": level.astype(object).where(level.notna(), "unknown").astype(str)})
    rows["coupons"] = customers["n_coupons"].astype(float)
    size = rows["level"].value_counts()
    size = size[sorted(size.index, key=lambda name: (-size[name], name))]
    if len(size) > levels:
        rare = size.index[levels - 1 :]
        rows["level"] = rows["level"].where(~rows["level"].isin(rare), f"{len(rare)} others")
    table = rows.groupby("level").agg(customers=("level", "size"), coupons_per_customer=("coupons", "mean"))
    table["share"] = table["customers"] / table["customers"].sum()
    order = [name for name in size.index if name in table.index]  # "9 others" comes last
    table = table.loc[[*order, *table.index.difference(order)]].reset_index()
    return table[["level", "customers", "share", "coupons_per_customer"]]
