"""eda."""

from seglib.eda.correlation import TIED, correlations, numbers, tied
from seglib.eda.counts import calendar, claims, coupon_counts, demographics
from seglib.eda.heterogeneity import homogeneity
from seglib.eda.redemption_curve import burned_by_age, fates

__all__ = [
    "TIED",
    "burned_by_age",
    "calendar",
    "claims",
    "correlations",
    "coupon_counts",
    "demographics",
    "fates",
    "homogeneity",
    "numbers",
    "tied",
]
