"""The matrix that a run made, made again of other rows: of a sample, or of a shop without segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from seglib.preprocessing.baseline import baseline_matrix
from seglib.preprocessing.customer import customer_matrix
from seglib.preprocessing.matrix import Matrix
from seglib.schema.features import FEATURES, Feature


def rebuild_matrix(rows: pd.DataFrame, said: Mapping, *, described: Sequence[Feature] = FEATURES) -> Matrix:
    """Make the matrix that ``recipe.json`` tells of, with the same columns, whatever of them one would choose today.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row a customer; of recipe ``baseline``, the unified table.
    said : mapping
        ``recipe.json``: name, options, sources.
    described : sequence of Feature
        As in `customer_matrix`.
    """
    options = dict(said["options"])
    if said["name"] == "baseline":
        return baseline_matrix(rows, **options)
    demographic = {f.name for f in described if f.role == "demographic"}
    others = dict.fromkeys(demographic.difference(said["sources"]), "it was left out")
    by = [name for name in said["sources"] if name not in demographic]
    own = {"described": described, "leave_out": others, "segment_by": by, "drop_tied": False}
    return customer_matrix(rows, **options | own)
