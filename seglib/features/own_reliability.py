"""Can customers be told apart by a feature that the analyst has added? Nothing is known of it but its statement.

So the coupons of every customer are divided in two at random, and the statement describes them by each half. What is of
the customer comes back in the other half; what is chance does not. Customers are compared with those who have as many
coupons: the largest of several shares, say, is greater where there are few coupons, in both halves, also by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import norm

from seglib.features.joined_shops import with_own_features
from seglib.features.reliability import RELIABLE_P, ReliabilityTest
from seglib.sql import read_canonical_tables
from seglib.study import Study
from seglib.style import humanize, p_value

if TYPE_CHECKING:
    import duckdb

SPLITS = 5
"""How often the coupons are divided: one division would be valid, but another would give another p."""

MOST_CUSTOMERS, FEWEST_CUSTOMERS = 5_000, 20
"""Of more customers a sample is described; of fewer, nothing can be said."""


def own_reliability(con: duckdb.DuckDBPyConnection, study: Study) -> list[ReliabilityTest]:
    """Say of every number that the analyst has added whether customers can be told apart by it.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Sees the canonical tables.
    study : Study
        With the burn window and the shrinkage that were fitted.

    Returns
    -------
    list of ReliabilityTest
        None for a statement that reads no transactions, for names, and where too few customers have a value in both
        halves.

    Notes
    -----
    r is the correlation of the halves within `_strata`, and p one-sided; the reliability of all coupons together is
    2r / (1 + r) (Spearman 1910, Brown 1910, Brit. J. Psychol. 3). Divisions share their coupons, so twice the median of
    their p-values is taken, which is valid whatever their dependence (Rueger 1978, Metrika 25).
    """
    numbers = [name for name, kind in study.own_kinds.items() if kind != "nominal"]
    if not study.own_from_transactions or not numbers:
        return []
    divisions = list(_halves(con, study))
    tests = []
    for name in numbers:
        fits = [_correlation(first[name], second[name], n_coupons) for first, second, n_coupons in divisions]
        fits = [fit for fit in fits if fit is not None]
        if fits:
            r, p = np.median([r for r, _ in fits]), min(1.0, 2 * float(np.median([p for _, p in fits])))
            tests.append(_test(name, float(2 * r / (1 + r)) if r > 0 else 0.0, p, study))
    return tests


def _test(name: str, reliability: float, p: float, study: Study) -> ReliabilityTest:
    reliable = bool(p < RELIABLE_P)
    sentence = study.wording.of(
        "customers with as many {coupons} {can} be told apart by their {name} (reliability {reliability:.2f}, {p})",
        can="can" if reliable else "cannot",
        name=humanize(name),
        reliability=reliability,
        p=p_value(p),
    )
    return ReliabilityTest(name, reliability, p, reliable, sentence)


def _halves(con: duckdb.DuckDBPyConnection, study: Study) -> Iterator[tuple[pd.DataFrame, pd.DataFrame, pd.Series]]:
    """Yield, for every division, the features by each half, and how many coupons each customer has in all."""
    ids = con.execute(
        "SELECT DISTINCT customer_id FROM transactions WHERE transaction_date <= CAST(? AS DATE) "
        f"ORDER BY md5(customer_id), customer_id LIMIT {MOST_CUSTOMERS}",
        [study.as_of],
    ).df()["customer_id"]
    tables = read_canonical_tables(con, ids, study.as_of)
    coupons, customers = tables["transactions"], pd.Index(ids, name="customer_id")
    n_coupons = coupons["customer_id"].value_counts().reindex(customers)
    nobody = [pd.DataFrame(index=customers)] * 2
    for division in range(SPLITS):
        # by a digest of the id: as good as chance, and the same in every run
        key = coupons["transaction_id"].astype(str) + f"/{division}"
        side = pd.util.hash_array(key.to_numpy(dtype=object)) % 2
        shops = [coupons[side == 0], coupons[side == 1]]
        yield *with_own_features(nobody, tables, shops, study), n_coupons


def _correlation(first: pd.Series, second: pd.Series, n_coupons: pd.Series) -> tuple[float, float] | None:
    """Return the correlation of two halves and its one-sided p-value; None where pairs or differences are too few.

    Values are taken less the mean of their stratum. Their spread depends on the number of coupons in both halves, so
    the standard error is the one that allows for that (White 1980, Econometrica 48(4)).
    """
    both = pd.DataFrame({"a": first, "b": second}).dropna()
    within = both - both.groupby(_strata(n_coupons.loc[both.index])).transform("mean")
    a, b = within["a"].to_numpy(), within["b"].to_numpy()
    if len(a) < FEWEST_CUSTOMERS or min(np.ptp(a), np.ptp(b)) < 1e-12:
        return None
    product = a * b
    r = float(product.mean() / np.sqrt(np.square(a).mean() * np.square(b).mean()))
    return r, float(norm.sf(product.sum() / np.sqrt(np.square(product).sum())))


def _strata(n_coupons: pd.Series) -> pd.Series:
    """Return which customers have as many coupons: exactly up to 8, beyond that within a fifth."""
    return n_coupons.where(n_coupons <= 8, 8 + np.ceil(4 * np.log2(np.maximum(n_coupons, 8) / 8)))
