"""03 What describes a customer? One row a customer, in original units.

`customer_features` runs ``sql/features.sql`` on any engine. The statement shrinks rates towards the shop's own; by how
much, `seglib.shrinkage` finds out from counts of customers, which the same statement makes on its way.
`features_in_database` does the same and leaves the features on the engine.
"""

from seglib.features.counts import FEATURES_SQL, SHRUNK_BY
from seglib.features.customers import DAYS_PER_MONTH, CustomerFeatures, customer_features, features_with_shrinkage
from seglib.features.dictionary import dictionary, features_of
from seglib.features.engines.open import DuckDB
from seglib.features.in_database import features_in_database
from seglib.features.redemption import NO_STATUS, Redemption, burned_by, coupon_redemption, not_recorded, records
from seglib.features.reliability import RELIABLE_P

__all__ = [
    "DAYS_PER_MONTH",
    "FEATURES_SQL",
    "NO_STATUS",
    "RELIABLE_P",
    "SHRUNK_BY",
    "CustomerFeatures",
    "DuckDB",
    "Redemption",
    "burned_by",
    "coupon_redemption",
    "customer_features",
    "dictionary",
    "features_in_database",
    "features_of",
    "features_with_shrinkage",
    "not_recorded",
    "records",
]
