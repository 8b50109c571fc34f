"""The matrix of a run, rebuilt from other rows: a sample, or a null model."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from seglib.preprocessing.baseline import baseline_matrix
from seglib.preprocessing.customer import customer_matrix
from seglib.preprocessing.matrix import Matrix
from seglib.schema.features import FEATURES, Feature
from seglib.schema.records import RecipeRecord


def rebuild_matrix(rows: pd.DataFrame, recipe: RecipeRecord, *, described: Sequence[Feature] = FEATURES) -> Matrix:
    """Build the matrix of a recipe from other rows, with the same sources, whatever would be chosen for these rows.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per customer; in recipe ``baseline``, the unified table.
    recipe : RecipeRecord
        Its name, options and sources are used.
    described : sequence of Feature
        As in `customer_matrix`.

    Returns
    -------
    Matrix
    """
    if recipe.name == "baseline":
        return baseline_matrix(rows, **recipe.options)
    options = recipe.options | {"segment_by": list(recipe.sources), "drop_correlated": False}
    return customer_matrix(rows, described=described, **options)
