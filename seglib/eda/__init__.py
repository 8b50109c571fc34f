"""02 Who are the customers, and do they differ at all?

What goes in are the transactions (``unified``), the customers table, the customer features of `seglib.features`, and
the `seglib.study.Study`. Every function returns a result that a notebook shows with `seglib.display.show`: a table, a
text, and mostly a figure with its alt text and caption. Where a question does not apply to a shop (it has no
transactions, or records no status), the result says so.

Start with `homogeneity`, the question of the chapter: do customers, and groups of them, differ by more than chance? The
rest describes: `calendar`, `cohort_retention` and `coupon_counts` (how many coupons, when and by whom),
`redemption_curve` and `redemption_by_age` (what becomes of a coupon), `demographics`, `distributions` and
`correlations` (who customers are).
"""

from seglib.eda.correlation import HIGH_CORRELATION, correlated_pairs, correlations, distributions
from seglib.eda.counts import TRANSACTION_COLUMNS, calendar, claims, coupon_counts, overview
from seglib.eda.demographics import demographics
from seglib.eda.heterogeneity import Homogeneity, homogeneity
from seglib.eda.redemption_curve import redemption_by_age, redemption_curve
from seglib.eda.retention import cohort_retention

__all__ = [
    "HIGH_CORRELATION",
    "TRANSACTION_COLUMNS",
    "Homogeneity",
    "calendar",
    "claims",
    "cohort_retention",
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
