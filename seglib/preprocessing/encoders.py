"""One column at a time: how a number, a yes or no, and a name become columns of the matrix."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, PowerTransformer, RobustScaler, StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

Transform = Literal["log", "yeo-johnson", "none"]
Scaling = Literal["standard", "robust", "none"]
TRANSFORMS, SCALINGS = get_args(Transform), get_args(Scaling)

UNKNOWN = "unknown"
"""The level of a customer whose name, or yes or no, is missing."""

RARE = "rare"
"""The name of all levels rarer than ``min_level_share``, pooled into one; an unseen level is one of them."""


class HennigLiaoScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Scale the dummy columns of one nominal variable so that together they weigh half as much as a number.

    Fitted on the 0/1 columns of a one-hot encoder, dense or sparse; level l with share p_l gets the column
    ``weight * sqrt(q / (1 - sum p_l^2)) * dummy_l`` with q = 1/2, so that the variance of all columns
    together is ``weight^2 * q``, however many levels there are.

    Parameters
    ----------
    weight : float, default=1.0
        Extra factor: 0 switches the variable off, 2 quadruples its variance.

    Notes
    -----
    Hennig & Liao (2013), J. R. Stat. Soc. C 62(3), section 6.
    """

    def __init__(self, weight: float = 1.0) -> None:
        self.weight = weight

    def fit(self, X, y=None):
        """Learn the shares of the levels from ``X``, 0/1 dummies of shape (n_rows, n_levels)."""
        X = validate_data(self, X, dtype=np.float64, accept_sparse="csr")
        # A dummy with share p has variance p (1 - p). Over all levels that sums to 1 - sum p^2, which grows with the
        # number of levels and their balance; dividing by it gives every name the same total variance, one half. Why
        # half of what a standardised number has: two customers of different levels differ in two dummies at once.
        spread = 1.0 - np.square(np.asarray(X.mean(axis=0))).sum()
        # one level only: the dummies are constant, and have no variance that could be scaled
        self.scale_ = self.weight * np.sqrt(0.5 / spread) if spread > 1e-12 else 0.0
        return self

    def transform(self, X):
        """Scale the dummies; sparse ones stay sparse."""
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, accept_sparse="csr", reset=False) * self.scale_

    def __sklearn_tags__(self):
        """Declare to scikit-learn that sparse dummies are accepted."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class WeightScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Multiply numbers by a weight: with a weight of 2 a difference counts twice, and has four times the variance.

    Parameters
    ----------
    weight : float, default=1.0
    """

    def __init__(self, weight: float = 1.0) -> None:
        self.weight = weight

    def fit(self, X, y=None):
        """Check ``X``, shape (n_rows, n_columns); there is nothing to learn."""
        validate_data(self, X, dtype=np.float64)
        self.scale_ = float(self.weight)
        return self

    def transform(self, X):
        """Multiply."""
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, reset=False) * self.scale_

    def inverse_transform(self, X):
        """Divide; a weight of 0 leaves nothing to go back from."""
        check_is_fitted(self)
        return np.asarray(X, dtype=np.float64) / self.scale_


def log_of_size(X):
    """Return sign(x) * log(1 + |x|): the logarithm of a count or of money, which refunds can make negative."""
    return np.sign(X) * np.log1p(np.abs(X))


def levels_of(X: pd.DataFrame) -> pd.DataFrame:
    """Return names as text, 0/1 as no and yes, and `UNKNOWN` where there is none."""
    return X.apply(_levels)


def _levels(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        column = column.map({0: "no", 1: "yes"})
    return column.astype(object).where(column.notna(), UNKNOWN)


def level_name(column: str, level: object) -> str:
    """Name the dummy column of a level; the pooled one, which scikit-learn calls infrequent, becomes `RARE`."""
    return f"{column}_{RARE if level == 'infrequent_sklearn' else level}"


def number_steps(
    values: pd.Series, *, log: bool, transform: Transform, scaling: Scaling, weight: float = 1.0
) -> Pipeline:
    """Return the steps of a number: fill gaps with the median, transform, scale, weigh.

    Parameters
    ----------
    values : pandas.Series of float
        The robust scale is the interquartile range, as the standard deviation of a normal distribution that has it;
        where half of the values are equal there is none, and the standard deviation is taken.
    log : bool
        Whether ``transform="log"`` concerns this number.
    transform, scaling
        See `seglib.preprocessing.customer_matrix`.
    weight : float, default=1.0
        How much it counts.
    """
    steps = [SimpleImputer(strategy="median")]
    if transform == "yeo-johnson":
        steps.append(PowerTransformer(method="yeo-johnson", standardize=False))
    elif transform == "log" and log:
        steps.append(FunctionTransformer(log_of_size, feature_names_out="one-to-one"))
    if scaling != "none":
        low, high = values.quantile([0.25, 0.75])
        robust = scaling == "robust" and high > low
        steps.append(RobustScaler(unit_variance=True) if robust else StandardScaler())
    if weight != 1:
        steps.append(WeightScaler(weight))
    return make_pipeline(*steps)


def zero_one_steps(*, weight: float = 1.0) -> Pipeline:
    """Return the steps of a yes or no that stays one column of 0 and 1: fill gaps with the commoner answer, weigh."""
    steps = [SimpleImputer(strategy="most_frequent")]
    if weight != 1:
        steps.append(WeightScaler(weight))
    return make_pipeline(*steps)


def level_steps(*, weight: float, min_level_share: float) -> Pipeline:
    """Return the steps of a name, or of a yes or no: one column per level, rare levels pooled, one weight for all.

    A level that is new to the fitted steps counts as a rare one; where no level was rare, all its columns are 0.
    """
    return make_pipeline(
        FunctionTransformer(levels_of, feature_names_out="one-to-one"),
        OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=min_level_share or None,
            feature_name_combiner=level_name,
        ),
        HennigLiaoScaler(weight),
    )


def n_level_columns(values: pd.Series, min_level_share: float) -> int:
    """Count the columns that `level_steps` makes: one per level that is not rare, and one for all that are."""
    share = _levels(values).value_counts(normalize=True)
    return int((share >= min_level_share).sum() + (share < min_level_share).any())
