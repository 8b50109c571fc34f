"""The recipes: which columns enter the matrix, and what each of them weighs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from seglib.eda import TIED, tied
from seglib.errors import InputRefused, ParameterRefused
from seglib.features import not_recorded
from seglib.preprocessing.encoders import (
    SCALINGS,
    TRANSFORMS,
    UNKNOWN,
    Scaling,
    Transform,
    kept_levels,
    level_steps,
    number_steps,
)
from seglib.schema.features import FEATURES, Feature
from seglib.style import listing, near, plain

BASELINE_COLUMNS = ("gender_name", "city_name", "transaction_status", "coupon_usage_frequency")
"""The four columns of the original analysis."""

FEW, MOST = 0.05, 0.95
"""Shares of customers who never burned a coupon between which a column of its own says so."""


@dataclass(frozen=True)
class Recipe:
    """A way to turn a shop into a matrix, and how k is chosen for it when the analyst does not say.

    Attributes
    ----------
    grain : {"customer", "transaction"}
        What one row of the matrix is.
    k_rule : {"structure", "elbow"}
        The rule of `seglib.k_selection.choose_k` that picks k.
    """

    name: str
    grain: Literal["customer", "transaction"]
    k_rule: Literal["structure", "elbow"]
    what: str


RECIPES: dict[str, Recipe] = {
    "customer": Recipe(
        "customer",
        "customer",
        "structure",
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
        Fitted; makes the same columns of new objects, as a sparse matrix where most of it is zero.
    left_out : dict of str to str
        Columns that could have been in the matrix and are not, each with the reason.
    nominal : tuple of str
        Those of its sources that are names, or yes or no.
    filled : dict of str to float
        Share of the rows whose value was missing and had to be filled in, by source.
    notes : tuple of str
        Sentences on what a reader would not expect.
    """

    table: pd.DataFrame
    recipe: Recipe
    pipeline: Pipeline
    left_out: dict[str, str]
    nominal: tuple[str, ...] = ()
    filled: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def sources(self) -> list[str]:
        """The columns the matrix is made from."""
        return [name for name, _, _ in self.pipeline["columns"].transformers]

    @property
    def numeric(self) -> list[str]:
        """Those of its sources that are numbers, each of them one column of the matrix."""
        return [name for name in self.sources if name not in self.nominal]

    def made_of(self, source: str) -> pd.DataFrame:
        """Return the columns of the matrix that one source became."""
        return self.table.iloc[:, self.pipeline["columns"].output_indices_[source]]

    @property
    def places(self) -> list[list[int]]:
        """The numbers of the columns that each source became."""
        whole = range(self.table.shape[1])
        return [list(whole[self.pipeline["columns"].output_indices_[name]]) for name in self.sources]

    @property
    def coded(self) -> list[str]:
        """Those of its sources that are names in truth and integers in the matrix."""
        steps = self.pipeline["columns"].named_transformers_
        return [name for name in self.sources if isinstance(steps[name], OrdinalEncoder)]

    @property
    def text(self) -> str:
        """Size of the matrix, its columns, and what was left out."""
        n, m = self.table.shape
        used = listing([plain(c) for c in self.sources])
        text = f"{n:,} rows (one a {self.recipe.grain}) x {m} column{'s' if m > 1 else ''}, made from {used}."
        for why in dict.fromkeys(self.left_out.values()):
            text += f" Left out: {listing([plain(c) for c, w in self.left_out.items() if w == why])} ({why})."
        return " ".join([text, *self.notes])


def customer_matrix(
    features: pd.DataFrame,
    *,
    described: Sequence[Feature] = FEATURES,
    segment_by: Sequence[str] | None = None,
    leave_out: Mapping[str, str] | None = None,
    unreliable: Mapping[str, str] | None = None,
    demographic_weight: float = 1.0,
    transform: Transform = "log",
    scaling: Scaling = "standard",
    drop_tied: bool = True,
    min_level_share: float = 0.01,
) -> Matrix:
    """Build the matrix of recipe ``customer``.

    Parameters
    ----------
    features : pandas.DataFrame
        One row a customer (`seglib.features.customer_features`).
    described : sequence of Feature
        What its columns are (`CustomerFeatures.features`). Their order is the order of preference among tied ones.
    segment_by : sequence of str, optional
        Features that build the segments, whatever their role; default: those whose role is segmentation. Gender and
        city come on top of them, by ``demographic_weight``.
    leave_out : mapping of str to str, optional
        Features that cannot build segments, each with the reason (`CustomerFeatures.missing`).
    unreliable : mapping of str to str, optional
        Features in which customers cannot be told apart, each with the reason (`CustomerFeatures.unreliable`).
        They are left out too, unless nothing else would be left.
    demographic_weight : float, default=1.0
        Weight of gender and city: at 1 each counts like half a behavioural feature, at 0 they only describe.
    transform : {"log", "yeo-johnson", "none"}, default="log"
        ``log`` takes counts and money to logarithms, log(1 + x); ``yeo-johnson`` takes every number to the scale on
        which it is most nearly normal (Yeo & Johnson 2000, Biometrika 87(4)).
    scaling : {"standard", "robust"}, default="standard"
        ``standard``: mean 0, standard deviation 1. ``robust``: median 0, and the interquartile range that a standard
        deviation of 1 has in a normal distribution; extremes then keep their full weight.
    drop_tied : bool, default=True
        Of two numbers whose ranks are correlated by more than .8, keep the one that is described first.
    min_level_share : float, default=0.01
        Levels of a name that fewer customers have are pooled; 0 keeps all.

    Returns
    -------
    Matrix
        With standard scaling, numbers have mean 0 and standard deviation 1; the columns of a name have variance
        one half together, times the square of its weight. A missing number is the median, a missing name a level.

    Raises
    ------
    ParameterRefused
        If a weight or share is out of range, or a name is unknown.
    InputRefused
        If no column is left in which customers differ.
    """
    _refuse(demographic_weight, transform, scaling, min_level_share)
    known = {feature.name: feature for feature in described}
    by_default = segment_by is None
    asked = [f.name for f in described if f.role == "segmentation"] if by_default else list(segment_by)
    unknown = [f"'{name}'{near(name, list(known))}" for name in asked if name not in known]
    if unknown:
        raise ParameterRefused(f"segment_by names no feature {' or '.join(unknown)}; there are: {', '.join(known)}")
    candidates = [f for f in described if f.name in asked or f.role == "demographic"]
    left_out = {name: why for name, why in (leave_out or {}).items() if name not in known or known[name] in candidates}
    if by_default and "days_to_burn" in {**left_out, **(unreliable or {})}:  # nothing to say that never_burned adds to
        candidates = [f for f in candidates if f.name != "never_burned"]
    for feature in candidates:
        if feature.role == "demographic" and not demographic_weight:
            left_out.setdefault(feature.name, "demographic_weight is 0")
        if feature.name not in left_out and (why := _same_for_everybody(feature, features, min_level_share)):
            left_out[feature.name] = (unreliable or {}).get(feature.name, why)  # so, because it was shrunk to one value

    def remaining() -> list[Feature]:
        return [feature for feature in candidates if feature.name not in left_out]

    doubtful = {name: why for name, why in (unreliable or {}).items() if name in {f.name for f in remaining()}}
    notes = []
    if any(f.role != "demographic" and f.name not in doubtful for f in remaining()):
        left_out |= doubtful
    elif doubtful:
        notes.append(f"Kept because nothing else is left: {listing([plain(c) for c in doubtful])}.")
    if by_default and "never_burned" in {f.name for f in remaining()}:
        left_out |= _never_burned_left_out(features["never_burned"].mean())
    if drop_tied:
        numbers = [f.name for f in remaining() if f.kind == "numeric"]
        left_out |= _tied_left_out(features[numbers])
    used = remaining()
    if all(f.role == "demographic" for f in used):
        raise InputRefused(
            f"there is nothing to segment by: no behaviour differs among the customers (there are {len(features):,})"
        )
    steps = {
        f.name: number_steps(features[f.name], log=f.log, transform=transform, scaling=scaling)
        if f.kind == "numeric"
        else level_steps(weight=demographic_weight if f.role == "demographic" else 1.0, min_level_share=min_level_share)
        for f in used
    }
    gaps = features[list(steps)].isna().mean()
    return _fit(
        RECIPES["customer"], steps, features, left_out,
        nominal=tuple(f.name for f in used if f.kind != "numeric"), filled=gaps[gaps > 0].to_dict(), notes=tuple(notes),
    )  # fmt: skip


def _refuse(demographic_weight: float, transform: str, scaling: str, min_level_share: float) -> None:
    if not (np.isfinite(demographic_weight) and demographic_weight >= 0):
        raise ParameterRefused(f"demographic_weight is a number of at least 0, not {demographic_weight}")
    if not 0 <= min_level_share < 1:
        raise ParameterRefused(f"min_level_share is a share, at least 0 and less than 1, not {min_level_share}")
    for name, value, choices in (("transform", transform, TRANSFORMS), ("scaling", scaling, SCALINGS)):
        if value not in choices:
            raise ParameterRefused(f"{name} is one of {', '.join(choices)}, not '{value}'")


def _same_for_everybody(feature: Feature, features: pd.DataFrame, min_level_share: float) -> str:
    """Say why a feature tells nobody apart, or nothing if it does."""
    values = features[feature.name]
    if values.isna().all():
        return not_recorded(feature.name)
    if values.nunique() < 2 and (feature.kind == "numeric" or values.notna().all()):
        return "the same for everybody"
    if feature.kind != "numeric" and kept_levels(values, min_level_share) < 2:
        return f"of all its levels none has {min_level_share:.1%} of the customers"
    return ""


def _never_burned_left_out(share: float) -> dict[str, str]:
    """Say why customers without a burned coupon get no column of their own, beside the mean days they are given."""
    if FEW <= share <= MOST:
        return {}
    return {"never_burned": f"{share:.1%} of the customers, which is {'too few' if share < FEW else 'nearly all'}"}


def _tied_left_out(numbers: pd.DataFrame) -> dict[str, str]:
    """Of every tied pair, name the second one, going from the first column to the last."""
    pairs, dropped = tied(numbers), {}
    order = {name: place for place, name in enumerate(numbers)}
    for first, second, rho in sorted(pairs.itertuples(index=False), key=lambda p: (order[p[0]], order[p[1]])):
        if first not in dropped and second not in dropped:
            dropped[second] = f"tied to {plain(first)}, rank correlation {rho:.2f}, more than {TIED:g}"
    return dropped


def baseline_matrix(unified: pd.DataFrame, *, scale_frequency: bool = True) -> Matrix:
    """Build the matrix of recipe ``baseline``, the original analysis.

    Gender, city and status become the integers 0, 1, 2, ... in alphabetical order (what LabelEncoder does,
    as a transformer that belongs in a pipeline; a name it has not seen becomes -1); coupon_usage_frequency is the
    number of transactions of the row's customer. A column that the shop does not record is left out.

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
        If there is no transaction, or no column is left in which transactions differ.
    """
    if unified.empty:
        raise InputRefused(
            "recipe baseline clusters transactions, and this source has none: take recipe customer, which clusters "
            "customers by what segment_by names"
        )
    *names, counted = BASELINE_COLUMNS
    left_out = {name: not_recorded(name) for name in names if unified[name].isna().all()}
    names = [name for name in names if name not in left_out]
    rows = unified.set_index(["customer_id", "transaction_id"])
    gaps = rows[names].isna().mean()
    frequency = unified.groupby("customer_id")["transaction_id"].transform("size")
    rows = rows.fillna(dict.fromkeys(names, UNKNOWN)).assign(**{counted: frequency.to_numpy(float)})
    steps = {name: OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1) for name in names}
    steps[counted] = StandardScaler() if scale_frequency else "passthrough"
    if max(rows[name].nunique() for name in steps) < 2:
        raise InputRefused(
            f"there is nothing to segment by: {listing([plain(name) for name in steps])} "
            f"{'are' if names else 'is'} the same for every transaction"
        )
    return _fit(RECIPES["baseline"], steps, rows, left_out, filled=gaps[gaps > 0].to_dict())


def _fit(
    recipe: Recipe, steps: dict[str, BaseEstimator | str], rows: pd.DataFrame, left_out: dict[str, str], **more
) -> Matrix:
    """Fit one transformer a column; every step bears the name of the column it reads."""
    columns = ColumnTransformer([(name, step, [name]) for name, step in steps.items()], verbose_feature_names_out=False)
    pipeline = Pipeline([("columns", columns)])
    made = pipeline.fit_transform(rows[list(steps)])
    dense = made if isinstance(made, np.ndarray) else made.toarray()
    table = pd.DataFrame(dense, rows.index, pipeline.get_feature_names_out(), dtype="float64")
    return Matrix(table, recipe, pipeline, left_out, **more)


def variance_share(matrix: Matrix) -> pd.DataFrame:
    """Say how much of the matrix each source column is: its share of the total variance.

    Squared distances between rows, and so the clusters, are dominated by what varies most.

    Returns
    -------
    pandas.DataFrame
        column, share; largest first. Shares add up to 1.
    """
    variance = {name: matrix.made_of(name).var(ddof=0).sum() for name in matrix.sources}
    share = pd.Series(variance, name="share")
    table = (share / share.sum()).rename_axis("column").reset_index()
    return table.sort_values("share", ascending=False, kind="stable", ignore_index=True)
