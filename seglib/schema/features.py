"""The feature dictionary: what describes a customer, in which unit, by which formula, and what for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Feature:
    """One line of the feature dictionary.

    Attributes
    ----------
    name, unit, meaning : str
        The meaning is the formula in words. In `FEATURES`, unit and meaning are templates that
        `seglib.style.Wording.of` fills; `seglib.study.Study.describe` returns them filled.
    role : {"segmentation", "demographic", "descriptor", "count"}
        ``segmentation`` features build the segments, ``demographic`` ones do so with the weight the analyst gives
        them, ``descriptor`` ones only describe the result, and a ``count`` is what others are made of.
    kind : {"numeric", "binary", "nominal"}
        A binary feature is 0 or 1, a nominal one a name.
    range : str
        The values it can have.
    log : bool
        Whether differences are judged on the scale of log(1 + x).
    ratio : tuple of str, optional
        The two counts whose sums give the feature of a group of customers, as it was seen.
    weight : float
        How much a variable of the shop's own counts in the matrix; differences are multiplied by it.
    scaling : {"standard", "robust", "none"}, optional
        The scale of a variable of the shop's own; None: that of the run.
    added : bool
        Whether the analyst has added it by a statement (`seglib.features.own_features`).
    """

    name: str
    unit: str
    meaning: str
    role: Literal["segmentation", "demographic", "descriptor", "count"]
    kind: Literal["numeric", "binary", "nominal"] = "numeric"
    range: str = "0 or more"
    log: bool = False
    ratio: tuple[str, str] | None = None
    weight: float = 1.0
    scaling: Literal["standard", "robust", "none"] | None = None
    added: bool = False


FEATURES: tuple[Feature, ...] = (
    Feature(
        "coupons_per_month",
        "{coupons} a month",
        "{coupons} {claimed} / months observed (at least one)",
        "segmentation",
        range="more than 0",
        log=True,
        ratio=("n_coupons", "months_observed"),
    ),
    Feature(
        "burn_rate",
        "share",
        "share of decided {coupons} that were burned, shrunk towards the mean of the shop",
        "segmentation",
        range="0 to 1",
        ratio=("n_matured_burned", "n_matured"),
    ),
    Feature(
        "days_to_burn",
        "days",
        "mean days from {claim} to burn over decided burned {coupons}, shrunk towards the mean of the shop",
        "segmentation",
        ratio=("lag_days", "n_matured_burned"),
    ),
    Feature(
        "never_burned",
        "0 or 1",
        "1 if no decided {coupon} was burned; missing if none is decided",
        "segmentation",
        kind="binary",
        range="0 or 1",
    ),
    Feature("recency_days", "days", "days from the last {claim} to as_of", "segmentation"),
    Feature(
        "spend_per_month",
        "{money} a month",
        "amount spent / months observed",
        "segmentation",
        range="any; refunds count against it",
        log=True,
        ratio=("spend", "months_observed"),
    ),
    Feature("gender_name", "name", "gender", "demographic", kind="nominal", range="the shop's"),
    Feature("city_name", "name", "{place}", "demographic", kind="nominal", range="the shop's"),
    Feature("n_coupons", "{coupons}", "{coupons} {claimed}", "descriptor", range="1 or more"),
    Feature("n_burned", "{coupons}", "{coupons} burned by as_of", "descriptor"),
    Feature("n_branches", "branches", "different branches", "descriptor"),
    Feature("n_merchants", "merchants", "different merchants", "descriptor"),
    Feature("tenure_days", "days", "days from joining (or the first {coupon}, if earlier) to as_of", "descriptor"),
    Feature("n_matured", "{coupons}", "decided {coupons}: at least as old as the burn window", "count"),
    Feature("n_matured_burned", "{coupons}", "decided {coupons} that were burned", "count"),
    Feature("lag_days", "days", "days from {claim} to burn, summed over decided burned {coupons}", "count"),
    Feature("spend", "{money}", "amount spent", "count", range="any; refunds count against it"),
    Feature("months_observed", "months", "tenure in months, at least one", "count", range="1 or more"),
)
"""The feature dictionary, in the order of the columns of features.parquet."""

SHRUNK_BY = ("burn_mean", "burn_reliability", "lag_mean", "lag_reliability")
"""The numbers by which rates and means are shrunk, as the SQL names them."""
