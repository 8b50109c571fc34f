"""The first step of the features: counts of every customer, and what is fitted to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from seglib.features.engines.open import Engine
from seglib.features.redemption import Redemption, coupon_redemption
from seglib.features.reliability import _never_burning, _reliability
from seglib.stats import (
    excess_zeros,
    fit_beta_binomial,
    variance_components,
)

if TYPE_CHECKING:
    pass


FEATURES_SQL: str = files("seglib").joinpath("sql/features.sql").read_text(encoding="utf-8")
"""The statement that turns canonical tables into one row a customer."""


CELLS_SQL = """
SELECT
    n_decided, n_decided_burned, count(*) AS customers,
    sum(lag_sum) AS lag_sum, sum(lag_sum * lag_sum) AS lag_sum_squared, sum(lag_sumsq) AS lag_sumsq
FROM counts
WHERE n_decided > 0
GROUP BY n_decided, n_decided_burned
ORDER BY n_decided, n_decided_burned
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
    """What was fitted to the counts, which are on the engine, and the SELECT of the features."""

    redemption: Redemption
    shrinkage: dict[str, float]
    tested: list[dict]
    select: str


def fit_counts(
    engine: Engine, as_of: str, burn_window: int | None, shrinkage: Mapping[str, float] | None
) -> FittedCounts:
    """Run the first half of the statement, the counts, and find what the second half needs to know of them."""
    fates = coupon_redemption(engine, as_of=as_of, burn_window=burn_window)
    first, then = split(FEATURES_SQL, after="counts")
    study = {"as_of": as_of, "burn_window_days": fates.window, "burns_dated": fates.dated}
    fitted = dict(shrinkage or dict.fromkeys(SHRUNK_BY, float("nan")))
    engine.keep("study", _study(study | fitted))
    engine.keep("counts", first)
    if shrinkage:
        return FittedCounts(fates, fitted, [], then)
    cells = engine.frame(CELLS_SQL).astype(float)
    n, x = cells["n_decided"], cells["n_decided_burned"]
    rate = fit_beta_binomial(x, n, cells["customers"])
    days = engine.frame(LAGS_SQL).astype("int64").set_index("lag_days")["coupons"] if fates.dated else None
    lag = variance_components(
        cells["lag_sum"], cells["lag_sumsq"], x * fates.dated,
        customers=cells["customers"], total_squared=cells["lag_sum_squared"], values=days,
    )  # fmt: skip
    fitted = {"burn_mean": rate.mean, "burn_reliability": rate.reliability}
    fitted |= {"lag_mean": lag.mean, "lag_reliability": lag.reliability}
    engine.keep("study", _study(study | fitted))
    tested = [_reliability("burn_rate", rate)] * fates.status + [_reliability("days_to_burn", lag)] * fates.dated
    tested += [_never_burning(excess_zeros(rate, x, n, cells["customers"]))] * fates.status
    return FittedCounts(fates, fitted, tested, then)


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


def _study(known: Mapping[str, object]) -> str:
    """Write the one row that the statement calls study."""
    types = {"as_of": "DATE", "burn_window_days": "INTEGER", "burns_dated": "BOOLEAN"}
    cells = []
    for name, value in known.items():
        nothing = value is None or value != value
        cells.append(f"CAST({'NULL' if nothing else repr(str(value))} AS {types.get(name, 'DOUBLE')}) AS {name}")
    return f"SELECT {', '.join(cells)}"
