"""06 What is each segment, and what would you do with it?

Profiles in original units, each beside the average of all customers. Nothing here tests whether a segment
differs on what it was built from: it does, by construction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd
from scipy.stats import binomtest

from seglib.features import burned_by, features_of
from seglib.preprocessing import UNKNOWN
from seglib.words import position

MARKER = 0.5
"""A behaviour marks a segment if its mean lies this many standard deviations from the mean of all customers."""

MARKER_SHARE, MARKER_RELATIVE = 0.25, 0.5
"""A level marks a segment if its share differs by 25 points, or by half (and by more than chance)."""

MOST_LEVELS = 30
"""A name of the shop's own with more levels is an address or a comment: shares of it say nothing."""


def profile(
    features: pd.DataFrame,
    segments: pd.Series,
    *,
    unreliable: Collection[str] = (),
    variables: Mapping[str, Mapping] | None = None,
) -> pd.DataFrame:
    """Compare every segment with all customers, feature by feature.

    Parameters
    ----------
    features : pandas.DataFrame
        One row a customer, original units.
    segments : pandas.Series
        The letter of each customer, on the same index.
    unreliable : collection of str, optional
        Features in which customers cannot be told apart (`seglib.features.CustomerFeatures.unreliable`): no segment
        is marked by what may be chance.
    variables : mapping of str to mapping, optional
        What the mapping file segments by (``variables`` of ``shop.json``).

    Returns
    -------
    pandas.DataFrame
        One row a segment and a feature that is a number, or yes or no: segment, feature, unit, kind, role, customers,
        seen, seen_overall, difference, marker. ``seen`` and ``seen_overall`` are what was counted in the segment and
        in all (coupons burned / coupons decided, say; the plain mean where a feature is no ratio). ``difference``
        compares the features that went into the matrix: (mean of the segment - mean of all) / standard deviation of
        all. What the shop does not record is not there; numbers that its customers table adds are descriptors like
        others, unless they are among the ``variables``.
    """
    parts = []
    for feature in features_of(features, variables):
        if feature.role not in ("segmentation", "descriptor") or feature.kind == "nominal":
            continue
        values = features[feature.name].astype(float)
        above, below = (features[c].astype(float) for c in feature.ratio) if feature.ratio else (values, values.notna())
        part = values.groupby(segments).agg(customers="size", mean="mean").rename_axis("segment").reset_index()
        seen = above.groupby(segments).sum() / below.groupby(segments).sum()
        sd = values.std(ddof=0)
        part = part.assign(
            feature=feature.name,
            unit=feature.unit,
            kind=feature.kind,
            role=feature.role,
            seen=part["segment"].map(seen),
            seen_overall=above.sum() / below.sum() if below.sum() else float("nan"),
            difference=(part["mean"] - values.mean()) / sd if sd > 1e-12 else 0.0,
        )
        parts.append(part)
    columns = [
        "segment", "feature", "unit", "kind", "role", "customers", "seen", "seen_overall", "difference", "marker",
    ]  # fmt: skip
    if not parts:  # a source that has nothing but names
        return pd.DataFrame(columns=columns)
    table = pd.concat(parts, ignore_index=True)
    table["marker"] = (table["difference"].abs() >= MARKER) & ~table["feature"].isin(list(unreliable))
    return table[columns].sort_values("segment", key=lambda s: s.map(position), kind="stable", ignore_index=True)


def compared_names(features: pd.DataFrame, variables: Mapping[str, Mapping] | None = None) -> list[str]:
    """Return the names whose levels can be compared: gender, city, variables, and what the customers table adds.

    Of the latter those with at most `MOST_LEVELS` levels; unknown is a level.
    """
    names = [feature for feature in features_of(features, variables) if feature.kind == "nominal"]
    levels = {feature: features[feature.name].fillna(UNKNOWN).nunique() for feature in names}
    return [f.name for f, n in levels.items() if n > 1 and (f.role != "descriptor" or n <= MOST_LEVELS)]


def shares(features: pd.DataFrame, segments: pd.Series, column: str) -> pd.DataFrame:
    """Compare the levels of a name (gender, city) in every segment with all customers.

    Returns
    -------
    pandas.DataFrame
        One row a segment and a level: segment, level, customers, share, low, high (95% Wilson interval of the
        share), overall_share, lift (share / overall share), marker. A marker differs by `MARKER_SHARE` or
        `MARKER_RELATIVE`, and by more than chance: its interval excludes the overall share also at 95% for
        all segments and levels together (Bonferroni).
    """
    level = features[column].fillna(UNKNOWN)
    counts = pd.crosstab(segments.rename("segment"), level.rename("level"))
    overall = level.value_counts(normalize=True)
    together = 1 - 0.05 / max(counts.size, 1)
    records = []
    for segment in sorted(counts.index, key=position):
        n = int(counts.loc[segment].sum())
        for name in overall.index:
            x = int(counts.loc[segment, name])
            alone, all_at_once = (binomtest(x, n).proportion_ci(level, "wilson") for level in (0.95, together))
            differs = not all_at_once.low <= overall[name] <= all_at_once.high
            records.append((segment, name, x, x / n, alone.low, alone.high, overall[name], differs))
    columns = ["segment", "level", "customers", "share", "low", "high", "overall_share", "differs"]
    table = pd.DataFrame(records, columns=columns)
    table["lift"] = table["share"] / table["overall_share"]
    far = (table["share"] - table["overall_share"]).abs() >= MARKER_SHARE
    far |= (table["lift"] - 1).abs() >= MARKER_RELATIVE
    return table.assign(marker=table.pop("differs") & far)


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
