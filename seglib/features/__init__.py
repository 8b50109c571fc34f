"""03 What describes a customer? One row per customer, in original units.

In go the canonical tables of a shop and a `seglib.study.Study` (the day, the burn window); out comes
`CustomerFeatures`: the table, the feature dictionary of the shop, and what can be believed of each feature. Two
statements do the work, on DuckDB, Spark or the shop's own database (`seglib.features.engines`). ``sql/counts.sql``
counts what every customer did; from these counts `seglib.stats` estimates how much customers differ; and
``sql/features.sql`` shrinks small counts towards the mean of all customers by just that much (empirical Bayes). A rate
in which customers do not differ by more than chance is named as unreliable, and preprocessing leaves it out.

Start with `customer_features`; an analyst may add features by a file (`seglib.features.own_features`).
`features_in_database` does the same for shops too large to be fetched, and leaves the
features on the engine; `dictionary` says what every column means.
"""

from seglib.features.customers import DAYS_PER_MONTH, CustomerFeatures, customer_features, features_with_shrinkage
from seglib.features.dictionary import dictionary
from seglib.features.engines.duckdb import DuckDB
from seglib.features.in_database import features_in_database
from seglib.features.joined_shops import JoinedShops, connect_tables, with_own_features
from seglib.features.own_features import without_unreadable
from seglib.features.redemption import (
    NO_STATUS,
    Redemption,
    burned_by,
    coupon_redemption,
    not_recorded,
    records,
    worth_saying,
)
from seglib.features.reliability import RELIABLE_P

__all__ = [
    "DAYS_PER_MONTH",
    "NO_STATUS",
    "RELIABLE_P",
    "CustomerFeatures",
    "DuckDB",
    "JoinedShops",
    "Redemption",
    "burned_by",
    "connect_tables",
    "coupon_redemption",
    "customer_features",
    "dictionary",
    "features_in_database",
    "features_with_shrinkage",
    "not_recorded",
    "records",
    "with_own_features",
    "without_unreadable",
    "worth_saying",
]
