"""Ratios of two sums by segment: which ones are tested, and the test."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import f as f_distribution

MARKS: dict[str, tuple[str, str]] = {
    "burn_rate": ("n_matured_burned", "n_matured"),
    "days_to_burn": ("lag_days", "n_matured_burned"),
}
"""What happened to coupons, as numerator and denominator. Where all customers are alike, the halves are independent."""

COUNTS: dict[str, str] = {"coupons_per_month": "n_coupons", "spend_per_month": "spend"}
"""How much came in the time a customer was there. The halves are independent if coupons come as a Poisson process."""


def ratios_of(
    first: pd.DataFrame, second: pd.DataFrame, time: pd.Series | None
) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Return numerators and denominators in the second half, of the customers that are in the first.

    Parameters
    ----------
    first, second : pandas.DataFrame
        Features by half (`seglib.interpretation.split_counts`).
    time : pandas.Series of float or None
        Expected coupons of each customer; None: counts are not tested.

    Returns
    -------
    dict of str to tuple of pandas.Series
        By feature: numerator and denominator, one value per customer.
    """
    in_both = second[second.index.isin(first.index)]
    ratios = {name: (in_both[a], in_both[b]) for name, (a, b) in MARKS.items() if in_both[a].notna().any()}
    if time is not None:
        # a customer of the first half without a coupon in the second is no missing value: the count is 0
        clustered = second.reindex(first.index)
        for name, count in COUNTS.items():
            if second[count].notna().any():
                ratios[name] = (clustered[count].fillna(0), time.reindex(first.index))
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
    complete = above.notna() & (below > 0) & groups.notna()
    y, x = above[complete].to_numpy(float), below[complete].to_numpy(float)
    group = pd.factorize(groups[complete])[0]
    if not len(y):
        return float("nan")
    n = np.bincount(group)
    total = np.bincount(group, weights=x)
    ratio = np.bincount(group, weights=y) / total
    # The variance of a ratio of sums has no exact form. Its linearisation is the variance of the sum of the residuals
    # y - ratio x, over the squared denominator. Residuals are taken by customer, so customers with few coupons may
    # scatter more, and the coupons of one customer may be alike.
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.bincount(group, weights=(y - ratio[group] * x) ** 2) * n / (n - 1) / total**2
    usable = (n > 1) & (variance > 1e-300)
    n, ratio, weight = n[usable], ratio[usable], 1 / variance[usable]
    k = len(n)
    if k < 2:
        return float("nan")
    # Welch's statistic: squared distances of the ratios from their precision-weighted mean. The weights come from
    # estimated variances, so the statistic is corrected, and its second degrees of freedom are estimated as well.
    mean = (weight * ratio).sum() / weight.sum()
    correction = ((1 - weight / weight.sum()) ** 2 / (n - 1)).sum()
    statistic = (weight * (ratio - mean) ** 2).sum() / (k - 1) / (1 + 2 * (k - 2) / (k**2 - 1) * correction)
    return float(f_distribution.sf(statistic, k - 1, (k**2 - 1) / (3 * correction)))


def underdispersion_test(counts: np.ndarray, expected: np.ndarray) -> bool:
    """Test whether numbers of coupons scatter less than those of a Poisson process, one-sided, at the 1% level.

    Parameters
    ----------
    counts, expected : ndarray of float, shape (n_customers,)
        Coupons of each customer, and how many are expected. Customers of whom none is expected are left out.

    Returns
    -------
    bool
        Whether Fisher's index of dispersion, sum((n - e)^2 / e), is too small. Under Poisson its mean is N - 1 and its
        variance 2 N + sum(1 / e).

    Examples
    --------
    >>> underdispersion_test(np.full(100, 8), np.full(100, 8.0))
    True
    >>> underdispersion_test(np.random.default_rng(0).poisson(8, 100), np.full(100, 8.0))
    False
    """
    positive = expected > 0
    counts, expected = counts[positive], expected[positive]
    if len(counts) < 2:
        return False
    index = ((counts - expected) ** 2 / expected).sum()
    # The chi-squared approximation needs expected counts of about 5, and many customers have fewer. The exact variance
    # of a squared Poisson residual is 2 + 1 / e, so the normal approximation with that variance is used.
    z = (index - (len(counts) - 1)) / np.sqrt(2 * len(counts) + (1 / expected).sum())
    return bool(z < -2.326)
