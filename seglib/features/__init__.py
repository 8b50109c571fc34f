"""03 What describes a customer? One row a customer, in original units.

`customer_features` runs ``sql/features.sql`` on any engine. The statement shrinks rates towards the shop's own; by how
much, `seglib.shrinkage` finds out from counts of customers, which the same statement makes on its way. `keep_features`
does the same and leaves the features on the engine.
"""

from seglib.features.customers import (
    CELLS_SQL,
    DAYS_PER_MONTH,
    DOUBTED,
    FEATURES_SQL,
    RELIABLE_P,
    SHRUNK_BY,
    CustomerFeatures,
    customer_features,
    features_through,
    split,
)
from seglib.features.dictionary import FEATURES, Feature, dictionary, features_of
from seglib.features.fates import (
    NO_BURN_DATES,
    NO_STATUS,
    Fates,
    burned_by,
    coupon_fates,
    not_recorded,
    observed_burn_window,
    records,
)
from seglib.features.kept import KeptFeatures, keep_features

__all__ = [
    "CELLS_SQL",
    "DAYS_PER_MONTH",
    "DOUBTED",
    "FEATURES",
    "FEATURES_SQL",
    "NO_BURN_DATES",
    "NO_STATUS",
    "RELIABLE_P",
    "SHRUNK_BY",
    "CustomerFeatures",
    "Fates",
    "Feature",
    "KeptFeatures",
    "burned_by",
    "coupon_fates",
    "customer_features",
    "dictionary",
    "features_of",
    "features_through",
    "keep_features",
    "not_recorded",
    "observed_burn_window",
    "records",
    "split",
]
