"""Features that stay on the engine where they were made, for shops too large to be fetched whole."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from seglib.features.counts import fit_counts
from seglib.features.customers import CustomerFeatures, typed
from seglib.features.engines.base import Engine
from seglib.features.own_features import own_select, refuse_taken_names
from seglib.features.redemption import Redemption
from seglib.features.reliability import reliability_table
from seglib.schema.columns import CUSTOMER_COLUMNS
from seglib.schema.features import FEATURES
from seglib.sql import FEATURES_SQL, quoted, unordered
from seglib.study import Study


@dataclass(frozen=True)
class FeaturesInDatabase:
    """What describes each customer, left on the engine: for shops too large to be fetched whole.

    Attributes
    ----------
    engine : Engine
        Its statements see a table ``features``: customer_id, the columns of `FEATURES`, those that the customers table
        adds; one row per customer with at least one transaction by ``as_of``, in no order.
    redemption, reliability, study
        As in `CustomerFeatures`; whether customers differ in how much they claim is not asked here.
    """

    engine: Engine = field(repr=False)
    redemption: Redemption
    reliability: pd.DataFrame
    study: Study

    def fetch(self, customers: int | None = None) -> CustomerFeatures:
        """Fetch some customers, or all.

        Parameters
        ----------
        customers : int, optional
            As many as this, those with the smallest MD5 of their ids: as good as a random sample, and the same
            customers on every engine.

        Returns
        -------
        CustomerFeatures
            ``absent`` is empty: customers without a transaction are not looked for.
        """
        source = "features"
        if customers is not None:
            source = f"(SELECT * FROM features ORDER BY md5(customer_id), customer_id LIMIT {int(customers)})"
        rows = self.engine.frame(f"SELECT * FROM {source} AS f ORDER BY length(f.customer_id), f.customer_id")
        added = rows.drop(columns=[f.name for f in FEATURES]).set_index("customer_id")
        nobody = pd.DataFrame({"customer_id": pd.Series(dtype="str"), "join_date": pd.Series(dtype="datetime64[us]")})
        return CustomerFeatures(
            typed(rows).join(added), nobody, self.redemption, self.reliability, self.study, engine=self.engine.name
        )


def features_in_database(engine: Engine, study: Study) -> FeaturesInDatabase:
    """Describe every customer that has a transaction, and leave the features on the engine.

    What leaves it is small: how many customers have the same counts, for the fits.

    Parameters
    ----------
    engine : Engine
        Sees the canonical tables.
    study : Study
        As in `customer_features`.

    Returns
    -------
    FeaturesInDatabase
    """
    fitted = fit_counts(engine, study)
    select = unordered(FEATURES_SQL)
    columns = engine.frame("SELECT * FROM customers LIMIT 0").columns
    added = ", ".join(f"c.{quoted(name)}" for name in columns if name not in CUSTOMER_COLUMNS)
    if added:
        select = f"SELECT d.*, {added} FROM ({select}) AS d INNER JOIN customers AS c ON c.customer_id = d.customer_id"
    if study.own_features:
        refuse_taken_names(study, columns)
        engine.keep("own_features", own_select(study.own_features))
        theirs = ", ".join(f"o.{quoted(name)}" for name in study.own_kinds)
        select = (
            f"SELECT d.*, {theirs} FROM ({select}) AS d LEFT JOIN own_features AS o ON o.customer_id = d.customer_id"
        )
    engine.keep("features", select)
    return FeaturesInDatabase(engine, fitted.redemption, reliability_table(fitted.tests), fitted.study)
