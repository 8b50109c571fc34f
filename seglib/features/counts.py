"""The first step of the features: counts of every customer, and what is fitted to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np

from seglib.features.engines.open import Engine
from seglib.features.redemption import Redemption, coupon_redemption
from seglib.features.reliability import _never_burning, _reliability
from seglib.stats import (
    excess_zeros,
    fit_beta_binomial,
    variance_components,
)
from seglib.study import Study

FEATURES_SQL: str = files("seglib").joinpath("sql/features.sql").read_text(encoding="utf-8")
"""The statement that turns canonical tables into one row a customer."""


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
"""How often each number of days to burn came, among decided coupons: how skewed they are decides what chance can do."""


SHRUNK_BY = ("burn_mean", "burn_reliability", "lag_mean", "lag_reliability")
"""The numbers by which rates and means are shrunk, as ``study`` names them."""


@dataclass(frozen=True)
class FittedCounts:
    """What was fitted to the counts, which are on the engine, and the SELECT of the features.

    Attributes
    ----------
    redemption : Redemption
    study : Study
        With the burn window and the shrinkage that were found.
    tested : list of dict
        One line a feature, for `seglib.features.reliability.reliability_table`.
    select : str
    """

    redemption: Redemption
    study: Study
    tested: list[dict]
    select: str


def fit_counts(engine: Engine, study: Study) -> FittedCounts:
    """Count what every customer did, and fit what the features are shrunk by.

    Parameters
    ----------
    engine : Engine
        Sees the canonical tables; afterwards also ``study`` and ``counts``.
    study : Study
        Where it has a shrinkage, nothing is fitted and nothing is tested.
    """
    redemption = coupon_redemption(engine, study)
    study = replace(study, burn_window=redemption.window, burns_dated=redemption.dated)
    counts, select = split(FEATURES_SQL, after="counts")
    given = bool(study.shrinkage)
    engine.keep("study", study_row(study))
    engine.keep("counts", counts)
    if given:
        return FittedCounts(redemption, study, [], select)
    cells = engine.frame(CELLS_SQL).astype(float)
    n, x = cells["n_matured"], cells["n_matured_burned"]
    rate = fit_beta_binomial(x, n, cells["customers"])
    days = engine.frame(LAGS_SQL).astype("int64").set_index("lag_days")["coupons"] if redemption.dated else None
    lag = variance_components(
        cells["lag_sum"],
        cells["lag_sumsq"],
        x if redemption.dated else 0 * x,
        customers=cells["customers"],
        total_squared=cells["lag_sum_squared"],
        values=days,
    )
    fitted = {
        "burn_mean": rate.mean,
        "burn_reliability": rate.reliability,
        "lag_mean": lag.mean,
        "lag_reliability": lag.reliability,
    }
    study = replace(study, shrinkage={name: _number(value) for name, value in fitted.items()})
    engine.keep("study", study_row(study))
    tested = []
    if redemption.status:
        tested.append(_reliability("burn_rate", rate))
    if redemption.dated:
        tested.append(_reliability("days_to_burn", lag))
    if redemption.status:
        tested.append(_never_burning(excess_zeros(rate, x, n, cells["customers"])))
    return FittedCounts(redemption, study, tested, select)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


@cache
def split(statement: str, *, after: str) -> tuple[str, str]:
    """Cut a statement in two: a SELECT of the rows of one of its named parts, and the rest, which reads them.

    Parameters
    ----------
    statement : str
        ``WITH ... SELECT``, DuckDB's dialect.
    after : str
        Name of the part after which to cut.

    Returns
    -------
    tuple of str
        The second one reads a table that bears the name of that part.
    """
    from sqlglot import parse_one

    tree = parse_one(statement, dialect="duckdb")
    parts = list(tree.ctes)
    place = [part.alias for part in parts].index(after)
    first = parts[place].this.copy()
    for part in parts[:place]:
        first = first.with_(part.alias, as_=part.this.copy(), copy=False)
    for part in parts[: place + 1]:
        part.pop()
    return first.sql(dialect="duckdb", pretty=True), tree.sql(dialect="duckdb", pretty=True)


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
