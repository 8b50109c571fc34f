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

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from seglib.errors import ParameterRefused
from seglib.style import did_you_mean, humanize, join_words

SCORES = ("recency_score", "frequency_score", "monetary_score")
"""The columns of `rfm_scores`."""

BURNED = "burned_score"
"""The additional score where money is spend: without it the scores would know nothing of burning."""

LOGS = ("log_recency", "log_frequency", "log_monetary", "log_burned")
"""The columns of `rfm_logs`: one for each score."""

N_QUINTILES = 5

MOST_PARTS = 10
"""Classes that a quantity is cut into, at most."""

QUANTITIES = ("recency", "frequency", "money")
"""What a rule of the analyst's own can name, beside ``parts``."""


@dataclass(frozen=True)
class RfmRule:
    """Which features stand for recency, frequency and money, and into how many classes each is cut.

    Attributes
    ----------
    recency : str
        Days since the last event: less is better.
    frequency : str
    money : str or None
        None: `monetary_of` finds it.
    parts : int
    """

    recency: str = "recency_days"
    frequency: str = "n_coupons"
    money: str | None = None
    parts: int = N_QUINTILES

    @property
    def note(self) -> str:
        """What is not as usual; empty for the usual rule."""
        usual = RfmRule()
        names = [
            f"{quantity} is {humanize(getattr(self, quantity))}"
            for quantity in QUANTITIES
            if getattr(self, quantity) != getattr(usual, quantity)
        ]
        if self.parts != usual.parts:
            names.append(f"each is cut into {self.parts} classes")
        return f"In RFM, as set: {join_words(names)}." if names else ""


def parse_rfm(text: str | None) -> RfmRule:
    """Read a rule of the analyst's own.

    Parameters
    ----------
    text : str or None
        Quantities and the features that stand for them, separated by commas, and the number of classes: "frequency
        n_burned, parts 3". What it does not name stays as usual.

    Raises
    ------
    ParameterRefused
        If a quantity does not exist or is named twice, or ``parts`` is not 2 to 10.

    Examples
    --------
    >>> parse_rfm("frequency n_burned, parts 3")
    RfmRule(recency='recency_days', frequency='n_burned', money=None, parts=3)
    """
    values: dict[str, str] = {}
    for part in (part.split() for part in (text or "").split(",")):
        if not part:
            continue
        if len(part) != 2 or part[0] not in (*QUANTITIES, "parts") or part[0] in values:
            near = did_you_mean(part[0], (*QUANTITIES, "parts"))
            raise ParameterRefused(
                f"rfm is written like 'recency recency_days, frequency n_coupons, money spend, parts 5', each once, "
                f"not '{' '.join(part)}'{near}",
                parameter="rfm",
            )
        values[part[0]] = part[1]
    parts = values.pop("parts", str(N_QUINTILES))
    if not (parts.isascii() and parts.isdigit() and 2 <= int(parts) <= MOST_PARTS):
        raise ParameterRefused(f"rfm: parts is a number from 2 to {MOST_PARTS}, not '{parts}'", parameter="rfm")
    return RfmRule(**values, parts=int(parts))


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


def monetary_of(features: pd.DataFrame, rule: RfmRule = RfmRule()) -> str | None:
    """Return the column that stands for money: spend where it is recorded, else burned coupons; None if neither is.

    Raises
    ------
    ParameterRefused
        If a feature of the rule is not there, or is no number.
    """
    numeric = [name for name in features if pd.api.types.is_numeric_dtype(features[name])]
    usual = RfmRule()
    for name in {rule.recency, rule.frequency, rule.money} - {usual.recency, usual.frequency, usual.money}:
        if name not in numeric or features[name].isna().all():
            raise ParameterRefused(
                f"rfm: there is no numeric feature '{name}' on the day of the cut{did_you_mean(name, numeric)}; there "
                f"are {join_words(numeric)}",
                parameter="rfm",
            )
    if rule.money is not None:
        return rule.money
    return next((name for name in ("spend", "n_burned") if features[name].notna().any()), None)


def rfm_scores(features: pd.DataFrame, rule: RfmRule = RfmRule()) -> pd.DataFrame:
    """Score recency, frequency and monetary value of every customer.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer (`seglib.features.CustomerFeatures.table`): recency_days, n_coupons, spend, n_burned.
    rule : RfmRule, optional

    Returns
    -------
    pandas.DataFrame of float
        On the same index: recency_score (5: the last coupon is least long ago), frequency_score (number of coupons),
        monetary_score (`monetary_of`; missing where neither is recorded); burned_score (burned coupons, where the
        monetary score is spend; else missing).
    """
    money, parts = monetary_of(features, rule), rule.parts
    missing = pd.Series(np.nan, features.index)
    return pd.DataFrame(
        {
            "recency_score": quintiles(-features[rule.recency], parts=parts),
            "frequency_score": quintiles(features[rule.frequency], parts=parts),
            "monetary_score": quintiles(features[money] if money else missing, parts=parts),
            BURNED: quintiles(features["n_burned"] if _burned_is_new(money, rule) else missing, parts=parts),
        },
        index=features.index,
    )


def _burned_is_new(money: str | None, rule: RfmRule) -> bool:
    """Say whether burned coupons are not yet among the quantities, though there is something beside them."""
    return money is not None and "n_burned" not in (money, rule.frequency)


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


def rfm_logs(features: pd.DataFrame, rule: RfmRule = RfmRule()) -> pd.DataFrame:
    """Return recency, frequency and monetary value of every customer as logarithms.

    Parameters
    ----------
    features : pandas.DataFrame
        As for `rfm_scores`.
    rule : RfmRule, optional

    Returns
    -------
    pandas.DataFrame of float
        On the same index: log_recency (days), log_frequency (number of coupons), log_monetary (`monetary_of`, by
        `signed_log`), log_burned (burned coupons, where money is spend). Missing where the value of a customer is
        missing, and for everybody where the score of that name is.
    """
    money = monetary_of(features, rule)
    missing = pd.Series(np.nan, features.index)
    values = {
        "log_recency": features[rule.recency],
        "log_frequency": features[rule.frequency],
        "log_monetary": features[money] if money else missing,
        "log_burned": features["n_burned"] if _burned_is_new(money, rule) else missing,
    }
    return pd.DataFrame({name: signed_log(x.astype(float)) for name, x in values.items()}, index=features.index)
