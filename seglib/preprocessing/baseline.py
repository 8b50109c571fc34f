"""Recipe baseline, the original analysis: one row per transaction, names as integer codes."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from seglib.errors import InputRefused
from seglib.features import not_recorded
from seglib.preprocessing.encoders import UNKNOWN
from seglib.preprocessing.matrix import Matrix, fit_matrix, missing_shares
from seglib.preprocessing.recipes import RECIPES
from seglib.preprocessing.steps import MATRIX_STEPS, check_steps
from seglib.style import humanize, join_words

BASELINE_COLUMNS = ("gender_name", "city_name", "transaction_status", "coupon_usage_frequency")
"""The four columns of the original analysis."""


def baseline_matrix(
    unified: pd.DataFrame, *, scale_frequency: bool = True, matrix_steps: Sequence[BaseEstimator] = ()
) -> Matrix:
    """Build the matrix of recipe ``baseline``, the original analysis.

    Gender, city and status become the integers 0, 1, 2, ... in alphabetical order, as by scikit-learn's LabelEncoder,
    whose counterpart for a pipeline is OrdinalEncoder; an unseen name becomes -1. coupon_usage_frequency is the number
    of transactions of the row's customer. A column that the shop does not record is left out.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row per transaction (``sql/unified.sql``).
    scale_frequency : bool, default=True
        Standardise the frequency, as the original describes; False leaves all four columns as they are, as
        the original's code did.
    matrix_steps : sequence of transformer, optional
        Steps of the analyst's own for the whole matrix (`seglib.preprocessing.steps`).

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
    *all_names, counted = BASELINE_COLUMNS
    left_out = {name: not_recorded(name) for name in all_names if unified[name].isna().all()}
    names = [name for name in all_names if name not in left_out]
    rows = unified.set_index(["customer_id", "transaction_id"])
    filled = missing_shares(rows[names])
    frequency = unified.groupby("customer_id")["transaction_id"].transform("size")
    rows = rows.fillna(dict.fromkeys(names, UNKNOWN)).assign(**{counted: frequency.to_numpy(float)})
    steps = {name: OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1) for name in names}
    steps[counted] = StandardScaler() if scale_frequency else "passthrough"
    if max(rows[name].nunique() for name in steps) < 2:
        raise InputRefused(
            f"there is nothing to segment by: {join_words([humanize(name) for name in steps])} "
            f"{'are' if names else 'is'} the same for every transaction"
        )
    return fit_matrix(
        RECIPES["baseline"],
        steps,
        rows,
        left_out=left_out,
        filled=filled,
        matrix_steps=check_steps(matrix_steps, MATRIX_STEPS),
        options={"scale_frequency": scale_frequency},
    )
