"""Features that stay on the engine where they were made, for shops with more customers than one wants to fetch."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from seglib.features.counts import fit_counts
from seglib.features.customers import CustomerFeatures, typed
from seglib.features.engines.open import Engine
from seglib.features.redemption import Redemption
from seglib.features.reliability import reliability_table
from seglib.schema.columns import CUSTOMER_COLUMNS
from seglib.schema.features import FEATURES
from seglib.sql import quoted, unordered
from seglib.study import Study


@dataclass(frozen=True)
class FeaturesInDatabase:
    """What describes each customer, left where it was made: for shops with more customers than one wants to fetch.

    Attributes
    ----------
    engine : Engine
        Its statements see a table ``features``: customer_id, the columns of `FEATURES`, those that the customers table
        adds; one row a customer with at least one transaction by ``as_of``, in no order.
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
            So many with the smallest MD5 of their ids: as good as drawn by lot, and the same ones on every engine.

        Returns
        -------
        CustomerFeatures
            Nobody is ``absent``: who has no transaction is not looked for.
        """
        some = "features"
        if customers is not None:
            some = f"(SELECT * FROM features ORDER BY md5(customer_id), customer_id LIMIT {int(customers)})"
        found = self.engine.frame(f"SELECT * FROM {some} AS f ORDER BY length(f.customer_id), f.customer_id")
        added = found.drop(columns=[f.name for f in FEATURES]).set_index("customer_id")
        nobody = pd.DataFrame({"customer_id": pd.Series(dtype="str"), "join_date": pd.Series(dtype="datetime64[us]")})
        return CustomerFeatures(
            typed(found).join(added), nobody, self.redemption, self.reliability, self.study, engine=self.engine.name
        )


def features_in_database(engine: Engine, study: Study) -> FeaturesInDatabase:
    """Describe every customer that has a transaction, and leave the features on the engine.

    Only cells come from there: how many customers have the same counts, for the fits.

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
    select = unordered(fitted.select)
    own = [name for name in engine.frame("SELECT * FROM customers LIMIT 0").columns if name not in CUSTOMER_COLUMNS]
    if own:
        more = ", ".join(f"c.{quoted(name)}" for name in own)
        select = f"SELECT d.*, {more} FROM ({select}) AS d INNER JOIN customers AS c ON c.customer_id = d.customer_id"
    engine.keep("features", select)
    return FeaturesInDatabase(engine, fitted.redemption, reliability_table(fitted.tested), fitted.study)
