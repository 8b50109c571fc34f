"""02 Who are the customers, and do they differ at all?

Counts and calendars, and the question that comes before any clustering: is there more difference between
customers than chance alone would make? If not, no segment can be more than a slice of noise.
"""

from seglib.explore.counts import ALIKE, BY_TIME, calendar, claims, coupon_counts, demographics
from seglib.explore.lifecycle import AGES, Lifecycle, burned_by_age, fates
from seglib.explore.panel import LEVEL, Homogeneity, homogeneity
from seglib.explore.ties import TIED, correlations, numbers, tied

__all__ = [
    "AGES",
    "ALIKE",
    "BY_TIME",
    "LEVEL",
    "TIED",
    "Homogeneity",
    "Lifecycle",
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
