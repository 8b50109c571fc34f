"""06 What is each segment, and what would you do with it?

Profiles in original units, each beside the average of all customers. Nothing here tests whether a segment
differs on what it was built from: it does, by construction.
"""

from __future__ import annotations

import pandas as pd
from scipy.stats import binomtest

from seglib.features import FEATURES
from seglib.preprocessing import UNKNOWN
from seglib.words import position

MARKER = 0.5
"""A behaviour marks a segment if its mean lies this many standard deviations from the mean of all customers."""

MARKER_SHARE, MARKER_RELATIVE = 0.25, 0.5
"""A level marks a segment if its share differs by 25 points, or by half (and by more than chance)."""


def profile(features: pd.DataFrame, segments: pd.Series) -> pd.DataFrame:
    """Compare every numeric feature of every segment with all customers.

    Parameters
    ----------
    features : pandas.DataFrame
        One row a customer, original units.
    segments : pandas.Series
        The letter of each customer, on the same index.

    Returns
    -------
    pandas.DataFrame
        One row a segment and a feature: segment, feature, unit, role, customers, mean, overall_mean,
        overall_sd, difference (standardised: (mean - overall mean) / overall sd), marker.
    """
    told = [f for f in FEATURES if f.name in features and pd.api.types.is_numeric_dtype(features[f.name])]
    told = [f for f in told if features[f.name].notna().any()]
    parts = []
    for feature in told:
        values = features[feature.name]
        part = values.groupby(segments).agg(customers="size", mean="mean").rename_axis("segment").reset_index()
        sd = values.std(ddof=0)
        part = part.assign(
            feature=feature.name,
            unit=feature.unit,
            role=feature.role,
            overall_mean=values.mean(),
            overall_sd=sd,
        )
        part["difference"] = (part["mean"] - values.mean()) / sd if sd > 1e-12 else 0.0
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    table["marker"] = table["difference"].abs() >= MARKER
    columns = [
        "segment",
        "feature",
        "unit",
        "role",
        "customers",
        "mean",
        "overall_mean",
        "overall_sd",
        "difference",
    ]
    return table[[*columns, "marker"]].sort_values(
        "segment", key=lambda s: s.map(position), kind="stable", ignore_index=True
    )


def shares(features: pd.DataFrame, segments: pd.Series, column: str) -> pd.DataFrame:
    """Compare the levels of a name (gender, city) in every segment with all customers.

    Returns
    -------
    pandas.DataFrame
        One row a segment and a level: segment, level, customers, share, low, high (95% Wilson interval of the
        share), overall_share, lift (share / overall share), marker.
    """
    level = features[column].fillna(UNKNOWN)
    counts = pd.crosstab(segments.rename("segment"), level.rename("level"))
    overall = level.value_counts(normalize=True)
    records = []
    for segment in sorted(counts.index, key=position):
        n = int(counts.loc[segment].sum())
        for name in overall.index:
            x = int(counts.loc[segment, name])
            interval = binomtest(x, n).proportion_ci(method="wilson")
            records.append((segment, name, x, x / n, interval.low, interval.high, overall[name]))
    table = pd.DataFrame(records, columns=["segment", "level", "customers", "share", "low", "high", "overall_share"])
    table["lift"] = table["share"] / table["overall_share"]
    differs = (table["low"] > table["overall_share"]) | (table["high"] < table["overall_share"])
    far = (table["share"] - table["overall_share"]).abs() >= MARKER_SHARE
    far |= (table["lift"] - 1).abs() >= MARKER_RELATIVE
    return table.assign(marker=differs & far)


def usage(unified: pd.DataFrame, assignments: pd.DataFrame) -> pd.DataFrame:
    """Count how each segment uses coupons: how many, how often, and what became of them.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row a transaction.
    assignments : pandas.DataFrame
        `seglib.clustering.Segmentation.table`, one row a customer or one row a transaction.

    Returns
    -------
    pandas.DataFrame
        One row a segment: segment, customers, coupons, coupons_per_customer, subscribed, burned (shares of
        the coupons by their recorded status), usage_frequency (mean over its coupons of the number of coupons
        their customer has: the original analysis's measure).
    """
    key = list(assignments.index.names)
    rows = unified.join(assignments["segment"], on=key, how="inner")
    rows["frequency"] = rows["customer_id"].map(unified["customer_id"].value_counts())
    rows["burned"] = rows["transaction_status"].eq("burned")
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
