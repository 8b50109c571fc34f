"""How each segment uses coupons: what the original analysis described its clusters by."""

from __future__ import annotations

import pandas as pd

from seglib.features import burned_by
from seglib.style import position


def usage(unified: pd.DataFrame, assignments: pd.DataFrame, *, as_of: str) -> pd.DataFrame:
    """Count how each segment uses coupons: how many, how often, and what became of them.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row a transaction.
    assignments : pandas.DataFrame
        `seglib.clustering.Segmentation.table`, one row a customer or one row a transaction.
    as_of : str
        Day the shop is looked at: a coupon burned later is open.

    Returns
    -------
    pandas.DataFrame
        One row a segment: segment, customers, coupons, coupons_per_customer, subscribed, burned (shares of
        the coupons by their status on that day; missing where the shop records none), usage_frequency (mean over
        its coupons of the number of coupons their customer has: the original analysis's measure).
    """
    key = list(assignments.index.names)
    rows = unified.join(assignments["segment"], on=key, how="inner")
    rows["frequency"] = rows["customer_id"].map(unified["customer_id"].value_counts())
    rows["burned"] = burned_by(rows, as_of=as_of)
    table = rows.groupby("segment").agg(
        customers=("customer_id", "nunique"),
        coupons=("customer_id", "size"),
        burned=("burned", "mean"),
        usage_frequency=("frequency", "mean"),
    )
    table["subscribed"] = 1 - table["burned"]
    table["coupons_per_customer"] = table["coupons"] / table["customers"]
    table = table.loc[sorted(table.index, key=position)].reset_index()
    columns = [
        "segment",
        "customers",
        "coupons",
        "coupons_per_customer",
        "subscribed",
        "burned",
        "usage_frequency",
    ]
    return table[columns]
