"""The first step of the features: counts of every customer, and what is fitted to them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from seglib.features.engines.base import Engine
from seglib.features.redemption import Redemption, coupon_redemption
from seglib.features.reliability import ReliabilityTest, never_burned_test, reliability_test
from seglib.schema.features import SHRUNK_BY
from seglib.sql import COUNTS_SQL
from seglib.stats import BetaBinomial, VarianceComponents, excess_zeros, fit_beta_binomial, variance_components
from seglib.study import Study

CELLS_SQL = """
SELECT
    n_matured, n_matured_burned, count(*) AS customers,
    sum(lag_sum) AS lag_sum, sum(lag_sum * lag_sum) AS lag_sum_squared, sum(lag_sumsq) AS lag_sumsq
FROM counts
WHERE n_matured > 0
GROUP BY n_matured, n_matured_burned
ORDER BY n_matured, n_matured_burned
"""
"""How many customers have the same counts: all that the fits need, small enough to leave any engine."""


LAGS_SQL = """
SELECT date_diff('day', t.transaction_date, t.burn_date) AS lag_days, count(*) AS coupons
FROM transactions AS t CROSS JOIN study AS s
WHERE t.transaction_status = 'burned' AND t.burn_date <= s.as_of
    AND date_diff('day', t.transaction_date, s.as_of) >= s.burn_window_days
GROUP BY lag_days
ORDER BY lag_days
"""
"""How many of the coupons old enough to judge took each number of days to burn. How skewed these days are decides how
large their variance between customers becomes by chance."""


@dataclass(frozen=True)
class FittedCounts:
    """What was fitted to the counts, which are on the engine, where `seglib.sql.FEATURES_SQL` reads them.

    Attributes
    ----------
    redemption : Redemption
    study : Study
        With the burn window and the shrinkage that were fitted or given.
    tests : list of ReliabilityTest
        Empty where the shrinkage was given: then nothing was fitted.
    """

    redemption: Redemption
    study: Study
    tests: list[ReliabilityTest]


def fit_counts(engine: Engine, study: Study) -> FittedCounts:
    """Count what every customer did, and fit what the features are shrunk by.

    Parameters
    ----------
    engine : Engine
        Sees the canonical tables; afterwards also ``study`` and ``counts``.
    study : Study
        Where it has a shrinkage, nothing is fitted and nothing is tested.
    """
    redemption, study = with_redemption(engine, study)
    engine.keep("counts", COUNTS_SQL)
    if study.shrinkage:
        return FittedCounts(redemption, study, [])
    # The likelihoods depend on a customer only through these few counts. So customers with the same counts are one
    # cell, weighted by their number: a few thousand rows leave the engine instead of millions of customers.
    cells = engine.frame(CELLS_SQL).astype(float)
    n, x, customers = cells["n_matured"], cells["n_matured_burned"], cells["customers"]
    rate = fit_beta_binomial(x, n, customers)
    lag = _fit_days_to_burn(engine, cells, dated=redemption.dated)
    study = replace(study, shrinkage=_shrinkage(rate, lag))
    engine.keep("study", study_row(study))
    tests = []
    if redemption.status:
        tests.append(reliability_test("burn_rate", rate))
    if redemption.dated:
        tests.append(reliability_test("days_to_burn", lag))
    if redemption.status:
        tests.append(never_burned_test(excess_zeros(rate, x, n, customers)))
    return FittedCounts(redemption, study, tests)


def with_redemption(engine: Engine, study: Study) -> tuple[Redemption, Study]:
    """Find out what is recorded of the redemption of coupons; let later statements see it as the one row of ``study``.

    Returns
    -------
    Redemption, Study
        The study with what was found out.
    """
    redemption = coupon_redemption(engine, study)
    study = replace(study, burn_window=redemption.window, burns_dated=redemption.dated)
    engine.keep("study", study_row(study))
    return redemption, study


def _fit_days_to_burn(engine: Engine, cells: pd.DataFrame, *, dated: bool) -> VarianceComponents:
    """Split the variance of the days to burn into that between customers and that within them."""
    if dated:
        burned = cells["n_matured_burned"]
        days = engine.frame(LAGS_SQL).astype("int64").set_index("lag_days")["coupons"]
    else:  # without burn dates no day is known: every customer has zero observations
        burned = pd.Series(0.0, cells.index)
        days = None
    # One-way analysis of variance needs three sums of a customer: the number of burns, the sum of the days and the
    # sum of their squares. A cell adds the customers up, so it also carries the sum of the squared sums.
    return variance_components(
        cells["lag_sum"],
        cells["lag_sumsq"],
        burned,
        customers=cells["customers"],
        total_squared=cells["lag_sum_squared"],
        values=days,
    )


def _shrinkage(rate: BetaBinomial, lag: VarianceComponents) -> dict[str, float | None]:
    """Return the fitted numbers under the names that ``study`` has for them; None where there was nothing to fit."""
    fitted = {
        "burn_mean": rate.mean,
        "burn_reliability": rate.reliability,
        "lag_mean": lag.mean,
        "lag_reliability": lag.reliability,
    }
    return {name: None if np.isnan(value) else float(value) for name, value in fitted.items()}


def study_row(study: Study) -> str:
    """Return the one row that the statements call ``study``, as a SELECT."""
    values: dict[str, tuple[object, str]] = {
        "as_of": (study.as_of, "DATE"),
        "burn_window_days": (study.burn_window, "INTEGER"),
        "burns_dated": (study.burns_dated, "BOOLEAN"),
    }
    values |= {name: (study.shrinkage.get(name), "DOUBLE") for name in SHRUNK_BY}
    cells = [
        f"CAST({'NULL' if value is None else repr(str(value))} AS {kind}) AS {name}"
        for name, (value, kind) in values.items()
    ]
    return f"SELECT {', '.join(cells)}"
