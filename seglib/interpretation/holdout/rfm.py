"""RFM, the plain alternative to segments: recency, frequency and money, which anybody can compute without a model.

Segments are compared with tenure and RFM: how long somebody has been a customer, and recency, frequency and monetary
value. Each of the four enters in two forms:

- as quintiles (`quintiles`, `rfm_scores`). Each value is cut into five by itself (Hughes 1994, *Strategic Database
  Marketing*: the independent quintile method), with one difference: customers with equal values always get the same
  score. Where many are equal, fifths cannot be equally large, and some scores stay empty. The usual solution, to break
  ties by the order of the rows, gives different scores to customers who did the same.
- as logarithms, log(1 + x) (`signed_log`, `rfm_logs`). A quintile takes a fifth of the customers for one. Where a few
  customers do most of everything, segments divide the highest fifth once more, and would seem useful for no other
  reason: a Pareto tail is no group. The logarithm knows the tail as well. The logarithm of tenure belongs to it: how
  often somebody comes, which segments know, is frequency over tenure, the difference of two logarithms.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import pandas as pd

SCORES = ("recency_score", "frequency_score", "monetary_score")
"""The columns of `rfm_scores`."""

BURNED = "burned_score"
"""The additional score where money is spend: without it the scores would know nothing of burning."""

LOGS = ("log_recency", "log_frequency", "log_monetary", "log_burned")
"""The columns of `rfm_logs`: one for each score."""

N_QUINTILES = 5

Values = TypeVar("Values", np.ndarray, pd.Series, pd.DataFrame)


def quintiles(values: pd.Series, *, parts: int = N_QUINTILES) -> pd.Series:
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
    present = ~np.isnan(x)
    score = np.full(len(x), np.nan)
    if present.any():
        inner = np.arange(1, parts) / parts
        boundaries = np.quantile(x[present], inner, method="inverted_cdf")
        score[present] = 1 + np.searchsorted(boundaries, x[present], side="left")
    return pd.Series(score, values.index, name=values.name)


def monetary_of(features: pd.DataFrame) -> str | None:
    """Return the column that stands for money: spend where it is recorded, else burned coupons; None if neither is."""
    return next((name for name in ("spend", "n_burned") if features[name].notna().any()), None)


def rfm_scores(features: pd.DataFrame) -> pd.DataFrame:
    """Score recency, frequency and monetary value of every customer.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer (`seglib.features.CustomerFeatures.table`): recency_days, n_coupons, spend, n_burned.

    Returns
    -------
    pandas.DataFrame of float
        On the same index: recency_score (5: the last coupon is least long ago), frequency_score (number of coupons),
        monetary_score (`monetary_of`; missing where neither is recorded); burned_score (burned coupons, where the
        monetary score is spend; else missing).
    """
    money = monetary_of(features)
    missing = pd.Series(np.nan, features.index)
    return pd.DataFrame(
        {
            "recency_score": quintiles(-features["recency_days"]),
            "frequency_score": quintiles(features["n_coupons"]),
            "monetary_score": quintiles(features[money] if money else missing),
            BURNED: quintiles(features["n_burned"] if money == "spend" else missing),
        },
        index=features.index,
    )


def signed_log(values: Values) -> Values:
    """Return log(1 + x); of a negative x, -log(1 + |x|).

    Who got back more money than they paid has a negative spend. They are then as far below zero as others are above,
    the order of the customers stays, and no value is lost. Missing values stay missing.

    Examples
    --------
    >>> signed_log(np.array([0.0, np.e - 1, 1 - np.e])).tolist()
    [0.0, 1.0, -1.0]
    """
    return np.sign(values) * np.log1p(np.abs(values))


def rfm_logs(features: pd.DataFrame) -> pd.DataFrame:
    """Return recency, frequency and monetary value of every customer as logarithms.

    Parameters
    ----------
    features : pandas.DataFrame
        As for `rfm_scores`.

    Returns
    -------
    pandas.DataFrame of float
        On the same index: log_recency (days), log_frequency (number of coupons), log_monetary (`monetary_of`, by
        `signed_log`), log_burned (burned coupons, where money is spend). Missing where the value of a customer is
        missing, and for everybody where the score of that name is.
    """
    money = monetary_of(features)
    missing = pd.Series(np.nan, features.index)
    values = {
        "log_recency": features["recency_days"],
        "log_frequency": features["n_coupons"],
        "log_monetary": features[money] if money else missing,
        "log_burned": features["n_burned"] if money == "spend" else missing,
    }
    return pd.DataFrame({name: signed_log(x.astype(float)) for name, x in values.items()}, index=features.index)
