"""How much customers differ in a count, beyond what a Poisson process gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2


@dataclass(frozen=True)
class Overdispersion:
    """How much more counts differ between customers than the same total distributed at random.

    Attributes
    ----------
    reliability : float
        Share of the variance of a count that lies between customers.
    p : float
        Of the hypothesis that there is none.
    """

    reliability: float
    p: float


def overdispersion(counts: pd.Series, exposure: pd.Series) -> Overdispersion:
    """Say what share of the variance of a count lies between customers.

    Parameters
    ----------
    counts : pandas.Series of int, shape (n_customers,)
        Customers with a count of 0 belong to it.
    exposure : pandas.Series of float, shape (n_customers,)
        Time for which each customer could be counted.

    Returns
    -------
    Overdispersion
        ``reliability`` is 1 - 1 / D, where D is the index of dispersion, the variance over what chance gives: the share
        that is not Poisson. It is not known whether the chance is the same for everybody, or grows with the exposure:
        the milder of the two answers is taken. ``p`` by chi-square. Where less than one count is expected of a
        customer nothing can be said: reliability 0, p = 1.

    Notes
    -----
    Cochran (1954), Biometrics 10(4).
    """
    n, views = np.asarray(counts, float), []
    if len(n) < 2 or n.mean() < 1:
        return Overdispersion(0.0, 1.0)
    for weight in (np.ones(len(n)), np.asarray(exposure, float)):
        expected = n.sum() * weight / weight.sum()
        possible = expected > 0
        freedom = int(possible.sum()) - 1
        square = float(((n - expected)[possible] ** 2 / expected[possible]).sum())
        reliability = max(0.0, 1 - freedom / square) if square else 0.0
        views.append(Overdispersion(reliability, float(chi2.sf(square, freedom))))
    return max(views, key=lambda view: (view.p, -view.reliability))
