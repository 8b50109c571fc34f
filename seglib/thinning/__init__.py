"""06 Do segments differ in what they were built from? An honest test: two halves of the coupons.

KMeans cuts customers where they differ most, so a test on the same data rejects always, and dividing the customers in
two does not help: whoever is put into the segment nearest to them has the values of that segment. What helps is to
divide the coupons: a coin is tossed for each. Segments are made from one half, and the other half, which had no part in
it, says whether they differ.
"""

from seglib.thinning.halves import exposure, halves, read_tables
from seglib.thinning.inference import FROM_CUSTOMERS, NO_JOINING, TOO_REGULAR, Thinned, thinned
from seglib.thinning.ratios import ratio_test, too_regular

__all__ = [
    "FROM_CUSTOMERS",
    "NO_JOINING",
    "TOO_REGULAR",
    "Thinned",
    "exposure",
    "halves",
    "ratio_test",
    "read_tables",
    "thinned",
    "too_regular",
]
