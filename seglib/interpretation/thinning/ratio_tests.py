"""Ratios of two sums by segment: what is tested, and how."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import f as f_distribution

MARKS: dict[str, tuple[str, str]] = {
    "burn_rate": ("n_matured_burned", "n_matured"),
    "days_to_burn": ("lag_days", "n_matured_burned"),
}
"""What happened to coupons: where all customers are alike, it says nothing of the coupons in the other half."""

COUNTS: dict[str, str] = {"coupons_per_month": "n_coupons", "spend_per_month": "spend"}
"""How much came in the time a customer was there: independent halves if coupons come as a Poisson process."""


def ratios_of(
    first: pd.DataFrame, second: pd.DataFrame, time: pd.Series | None
) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Return what the second half says of the customers that are in the first: numerators and denominators."""
    seen = second[second.index.isin(first.index)]
    ratios = {name: (seen[a], seen[b]) for name, (a, b) in MARKS.items() if seen[a].notna().any()}
    if time is not None:
        everybody = second.reindex(first.index)
        for name, count in COUNTS.items():
            if second[count].notna().any():
                ratios[name] = (everybody[count].fillna(0), time.reindex(first.index))
    return ratios


def ratio_test(above: pd.Series, below: pd.Series, groups: pd.Series) -> float:
    """Test whether sum(above) / sum(below) is the same in all groups.

    Parameters
    ----------
    above, below : pandas.Series of float, shape (n_customers,)
        Rows in which ``below`` is not greater than 0 say nothing, and are left out.
    groups : pandas.Series of str, on the same index

    Returns
    -------
    float
        p-value of Welch's (1951) heteroscedastic one-way analysis of the ratios, each with its linearised variance
        sum((above - ratio below)^2) n / (n - 1) / sum(below)^2. Groups of fewer than two customers, or without any
        variance, are left out; NaN if fewer than two are left.
    """
    known = above.notna() & (below > 0) & groups.notna()
    y, x, who = above[known].to_numpy(float), below[known].to_numpy(float), pd.factorize(groups[known])[0]
    if not len(y):
        return float("nan")
    n = np.bincount(who)
    total = np.bincount(who, weights=x)
    ratio = np.bincount(who, weights=y) / total
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.bincount(who, weights=(y - ratio[who] * x) ** 2) * n / (n - 1) / total**2
    usable = (n > 1) & (variance > 1e-300)
    n, ratio, weight = n[usable], ratio[usable], 1 / variance[usable]
    k = len(n)
    if k < 2:
        return float("nan")
    mean = (weight * ratio).sum() / weight.sum()
    lost = ((1 - weight / weight.sum()) ** 2 / (n - 1)).sum()
    statistic = (weight * (ratio - mean) ** 2).sum() / (k - 1) / (1 + 2 * (k - 2) / (k**2 - 1) * lost)
    return float(f_distribution.sf(statistic, k - 1, (k**2 - 1) / (3 * lost)))


def underdispersion_test(counts: np.ndarray, expected: np.ndarray) -> bool:
    """Say whether numbers of coupons scatter less than a Poisson process would, at the 1% level.

    Fisher's index of dispersion, sum((n - e)^2 / e), beside its mean and variance under Poisson, N - 1 and
    2 N + sum(1 / e).

    Examples
    --------
    >>> underdispersion_test(np.full(100, 8), np.full(100, 8.0))
    True
    >>> underdispersion_test(np.random.default_rng(0).poisson(8, 100), np.full(100, 8.0))
    False
    """
    known = expected > 0
    counts, expected = counts[known], expected[known]
    if len(counts) < 2:
        return False
    index = ((counts - expected) ** 2 / expected).sum()
    return bool((index - (len(counts) - 1)) / np.sqrt(2 * len(counts) + (1 / expected).sum()) < -2.326)
