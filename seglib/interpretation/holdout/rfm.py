"""The plain alternative: three quintiles a customer, which anybody can compute without a model.

Recency, frequency and monetary value, each cut into five by itself (Hughes 1994, *Strategic Database Marketing*: the
independent quintile method), with one difference: customers who are equal always get the same score. Where many are
equal, fifths cannot be equally large, and some scores stay empty; the usual way out, to break ties by the order of the
rows, gives customers who did the same different scores.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

SCORES = ("recency_score", "frequency_score", "monetary_score")
"""The columns of `rfm_scores`."""

BURNED = "burned_score"
"""What comes beside them where money is spend: without it the plain rules would know nothing of burning."""

FIFTHS = 5


def quintiles(values: pd.Series, *, parts: int = FIFTHS) -> pd.Series:
    """Score values from 1 (lowest fifth) to 5 (highest); equal values get equal scores.

    Parameters
    ----------
    values : pandas.Series of float, shape (n,)
        Missing values get no score.
    parts : int, default=5

    Returns
    -------
    pandas.Series of float, shape (n,)
        1 + the number of quintile boundaries that lie below the value. A boundary is the smallest value that at least
        a fifth (two fifths, ...) of the customers do not exceed: type 1 of Hyndman & Fan (1996, The American
        Statistician 50(4)), which no monotone change of scale moves to other customers.

    Examples
    --------
    >>> quintiles(pd.Series([10, 20, 30, 40, 50])).tolist()
    [1.0, 2.0, 3.0, 4.0, 5.0]
    >>> quintiles(pd.Series([0, 0, 0, 0, 7])).tolist()
    [1.0, 1.0, 1.0, 1.0, 5.0]
    """
    x = values.to_numpy(dtype=float)
    known = ~np.isnan(x)
    score = np.full(len(x), np.nan)
    if known.any():
        inner = np.arange(1, parts) / parts
        boundaries = np.quantile(x[known], inner, method="inverted_cdf")
        score[known] = 1 + np.searchsorted(boundaries, x[known], side="left")
    return pd.Series(score, values.index, name=values.name)


def monetary_of(features: pd.DataFrame) -> str | None:
    """Return what stands for money: spend where it is recorded, else burned coupons; None if neither is."""
    return next((name for name in ("spend", "n_burned") if features[name].notna().any()), None)


def rfm_scores(features: pd.DataFrame) -> pd.DataFrame:
    """Score recency, frequency and monetary value of every customer.

    Parameters
    ----------
    features : pandas.DataFrame
        One row a customer (`seglib.features.CustomerFeatures.table`): recency_days, n_coupons, spend, n_burned.

    Returns
    -------
    pandas.DataFrame of float
        On the same index: recency_score (5: the last coupon is least long ago), frequency_score (number of coupons),
        monetary_score (`monetary_of`; missing where neither is recorded); burned_score (burned coupons, where the
        monetary score is spend; else missing).
    """
    money = monetary_of(features)
    nothing = pd.Series(np.nan, features.index)
    parts = [-features["recency_days"], features["n_coupons"]]
    parts.append(features[money] if money else nothing)
    parts.append(features["n_burned"] if money == "spend" else nothing)
    scored = {name: quintiles(part) for name, part in zip((*SCORES, BURNED), parts, strict=True)}
    return pd.DataFrame(scored, index=features.index)
