"""03 How much does each thing weigh? From described objects to the matrix that KMeans sees.

KMeans measures squared distances, so a column counts as much as it varies. Every recipe is a scikit-learn
Pipeline whose only business is to settle those weights; `variance_share` shows the outcome before any
cluster exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from seglib.errors import InputRefused, ParameterRefused
from seglib.features import FEATURES, Feature, not_recorded
from seglib.words import listing, plain

BASELINE_COLUMNS = ("gender_name", "city_name", "transaction_status", "coupon_usage_frequency")
"""The four columns of the original analysis."""

UNKNOWN = "unknown"
"""The level a customer gets whose gender or city is not known."""


@dataclass(frozen=True)
class Recipe:
    """A way to turn a shop into a matrix, and how k is chosen for it when the analyst does not say.

    Attributes
    ----------
    grain : {"customer", "transaction"}
        What one row of the matrix is.
    k_rule : {"silhouette", "elbow"}
        The rule of `seglib.selection.choose_k` that picks k.
    """

    name: str
    grain: Literal["customer", "transaction"]
    k_rule: Literal["silhouette", "elbow"]
    what: str


RECIPES: dict[str, Recipe] = {
    "customer": Recipe(
        "customer",
        "customer",
        "silhouette",
        "one row a customer; rates and days on comparable scales, names one-hot with a stated weight",
    ),
    "baseline": Recipe(
        "baseline",
        "transaction",
        "elbow",
        "the original analysis: one row a transaction; gender, city and status as integer codes, usage frequency",
    ),
}


@dataclass(frozen=True)
class Matrix:
    """What KMeans sees, and how it came about.

    Attributes
    ----------
    table : pandas.DataFrame of float64, shape (n_rows, n_columns)
        Indexed by customer_id (and transaction_id, in recipe ``baseline``).
    recipe : Recipe
    pipeline : sklearn.pipeline.Pipeline
        Fitted; makes the same columns of new objects.
    left_out : dict of str to str
        Columns that could have been in the matrix and are not, each with the reason.
    """

    table: pd.DataFrame
    recipe: Recipe
    pipeline: Pipeline
    left_out: dict[str, str]

    @property
    def sources(self) -> list[str]:
        """The columns the matrix is made from."""
        return [name for name, _, _ in self.pipeline["columns"].transformers]

    @property
    def text(self) -> str:
        """Size of the matrix, its columns, and what was left out."""
        n, m = self.table.shape
        used = listing([plain(c) for c in self.sources])
        text = f"{n:,} rows (one a {self.recipe.grain}) x {m} column{'s' if m > 1 else ''}, made from {used}."
        for why in dict.fromkeys(self.left_out.values()):
            text += f" Left out: {listing([plain(c) for c, w in self.left_out.items() if w == why])} ({why})."
        return text


class HennigLiaoEncoder(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Weigh the dummy columns of one nominal variable so that together they count as much as half a numeric one.

    Fitted on the 0/1 columns of a one-hot encoder; level l with share p_l gets the column
    ``weight * sqrt(q / (1 - sum p_l^2)) * dummy_l`` with q = 1/2, so that the variance of all columns
    together is ``weight^2 * q``, however many levels there are.

    Parameters
    ----------
    weight : float, default=1.0
        Factor on top: 0 switches the variable off, 2 quadruples its variance.

    Notes
    -----
    Hennig & Liao (2013), J. R. Stat. Soc. C 62(3), section 6.
    """

    def __init__(self, weight: float = 1.0) -> None:
        self.weight = weight

    def fit(self, X, y=None):
        """Learn the shares of the levels from ``X``, 0/1 dummies of shape (n_rows, n_levels)."""
        X = validate_data(self, X, dtype=np.float64)
        spread = 1.0 - np.square(X.mean(axis=0)).sum()
        self.scale_ = self.weight * np.sqrt(0.5 / spread) if spread > 1e-12 else 0.0
        return self

    def transform(self, X):
        """Scale the dummies."""
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, reset=False) * self.scale_


def customer_matrix(
    features: pd.DataFrame,
    *,
    leave_out: Mapping[str, str] | None = None,
    demographic_weight: float = 1.0,
    transform: Literal["log", "none"] = "log",
) -> Matrix:
    """Build the matrix of recipe ``customer``.

    Parameters
    ----------
    features : pandas.DataFrame
        One row a customer (`seglib.features.customer_features`).
    leave_out : mapping of str to str, optional
        Features that shall not build segments, each with the reason (`CustomerFeatures.missing`, ``.unreliable``).
    demographic_weight : float, default=1.0
        Weight of gender and city: at 1 each counts like half a behavioural feature, at 0 they only describe.
    transform : {"log", "none"}, default="log"
        Whether counts are taken to logarithms, log(1 + x), before they are standardised.

    Returns
    -------
    Matrix
        Behavioural columns have mean 0 and standard deviation 1.

    Raises
    ------
    ParameterRefused
        If a weight is negative or a name is unknown.
    InputRefused
        If no column is left in which customers differ.
    """
    if not (np.isfinite(demographic_weight) and demographic_weight >= 0):
        raise ParameterRefused(f"demographic_weight is a number of at least 0, not {demographic_weight}")
    if transform not in ("log", "none"):
        raise ParameterRefused(f"transform is 'log' or 'none', not '{transform}'")
    left_out = dict(leave_out or {})
    if not demographic_weight:
        left_out = {f.name: "demographic_weight is 0" for f in FEATURES if f.role == "demographic"} | left_out
    candidates = [f for f in FEATURES if f.role in ("segmentation", "demographic") and f.name not in left_out]
    left_out |= {f.name: "it is the same for everybody" for f in candidates if features[f.name].nunique() < 2}
    used = [f for f in candidates if f.name not in left_out]
    demographic = [f.name for f in used if f.role == "demographic"]
    if len(demographic) == len(used):
        raise InputRefused(
            f"there is nothing to segment by: no behaviour differs among the customers (there are {len(features):,})"
        )
    steps = {f.name: _weighing(f, demographic_weight, log=f.log and transform == "log") for f in used}
    return _fit(RECIPES["customer"], steps, features.fillna(dict.fromkeys(demographic, UNKNOWN)), left_out)


def _weighing(feature: Feature, demographic_weight: float, *, log: bool) -> TransformerMixin:
    if feature.role == "demographic":
        onehot = OneHotEncoder(sparse_output=False, handle_unknown="ignore")
        return make_pipeline(onehot, HennigLiaoEncoder(demographic_weight))
    if log:
        return make_pipeline(FunctionTransformer(np.log1p, feature_names_out="one-to-one"), StandardScaler())
    return StandardScaler()


def baseline_matrix(unified: pd.DataFrame, *, scale_frequency: bool = True) -> Matrix:
    """Build the matrix of recipe ``baseline``, the original analysis.

    Gender, city and status become the integers 0, 1, 2, ... in alphabetical order (what LabelEncoder does,
    as a transformer that belongs in a pipeline); coupon_usage_frequency is the number of transactions of the
    row's customer. A column that the shop does not record is left out.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row a transaction (``sql/unified.sql``).
    scale_frequency : bool, default=True
        Standardise the frequency, as the original describes; False leaves all four columns as they are, as
        the original's code did.

    Returns
    -------
    Matrix

    Raises
    ------
    InputRefused
        If no column is left in which transactions differ.
    """
    *names, counted = BASELINE_COLUMNS
    left_out = {name: not_recorded(name) for name in names if unified[name].isna().all()}
    names = [name for name in names if name not in left_out]
    rows = unified.set_index(["customer_id", "transaction_id"])
    frequency = unified.groupby("customer_id")["transaction_id"].transform("size")
    rows = rows.fillna(dict.fromkeys(names, UNKNOWN)).assign(**{counted: frequency.to_numpy(float)})
    steps = {name: OrdinalEncoder() for name in names}
    steps[counted] = StandardScaler() if scale_frequency else "passthrough"
    if max(rows[name].nunique() for name in steps) < 2:
        raise InputRefused(
            f"there is nothing to segment by: {listing([plain(name) for name in steps])} "
            f"{'are' if names else 'is'} the same for every transaction"
        )
    return _fit(RECIPES["baseline"], steps, rows, left_out)


def _fit(recipe: Recipe, steps: dict, rows: pd.DataFrame, left_out: dict[str, str]) -> Matrix:
    """Fit one transformer a column; every step bears the name of the column it reads."""
    columns = ColumnTransformer([(name, step, [name]) for name, step in steps.items()], verbose_feature_names_out=False)
    pipeline = Pipeline([("columns", columns)]).set_output(transform="pandas")
    table = pipeline.fit_transform(rows[list(steps)]).astype("float64")
    return Matrix(table, recipe, pipeline, left_out)


def variance_share(matrix: Matrix) -> pd.DataFrame:
    """Say how much of the matrix each source column is: its share of the total variance.

    Squared distances between rows, and so the clusters, are dominated by what varies most.

    Returns
    -------
    pandas.DataFrame
        column, share; largest first. Shares add up to 1.
    """
    variance = matrix.table.var(ddof=0).to_numpy()
    made = matrix.pipeline["columns"].output_indices_
    share = pd.Series({name: variance[made[name]].sum() for name in matrix.sources}, name="share")
    table = (share / share.sum()).rename_axis("column").reset_index()
    return table.sort_values("share", ascending=False, kind="stable", ignore_index=True)
