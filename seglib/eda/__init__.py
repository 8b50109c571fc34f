"""eda."""

from seglib.eda.correlation import HIGH_CORRELATION, correlated_pairs, correlations, distributions
from seglib.eda.counts import calendar, claims, coupon_counts, overview
from seglib.eda.demographics import demographics
from seglib.eda.heterogeneity import homogeneity
from seglib.eda.redemption_curve import redemption_by_age, redemption_curve

__all__ = [
    "HIGH_CORRELATION",
    "calendar",
    "claims",
    "correlated_pairs",
    "correlations",
    "coupon_counts",
    "demographics",
    "distributions",
    "homogeneity",
    "overview",
    "redemption_by_age",
    "redemption_curve",
]
