"""One row a customer: columns of numbers, yes/no answers and names as the tables of a shop without transactions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from .kinds import Made, truth_of


def table_of(columns: Mapping[str, np.ndarray], labels: np.ndarray | None = None) -> Made:
    """Return a customers table with these columns, all of which build segments.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n_customers,)
        A column of text is nominal, one of truth values is binary (written as ``yes`` and ``no``), others are numbers.
    labels : ndarray of int, shape (n_customers,), optional
        The planted groups.
    """
    n = len(next(iter(columns.values())))
    table, kinds = {"customer_id": np.arange(1, n + 1)}, {}
    for name, values in columns.items():
        values = np.asarray(values)
        if values.dtype == bool:
            table[name], kinds[name] = np.where(values, "yes", "no"), "binary"
        elif values.dtype.kind in "OU":
            table[name], kinds[name] = values, "nominal"
        else:
            table[name], kinds[name] = values, "numeric"
    return Made({"customers": pd.DataFrame(table)}, None if labels is None else truth_of(labels), kinds)


def numbered(X: np.ndarray, name: str = "score") -> dict[str, np.ndarray]:
    """Return the columns of a matrix by the names score_1, score_2, ..."""
    return {f"{name}_{j + 1}": X[:, j] for j in range(X.shape[1])}
