"""Exemplars: a real customer who stands for each segment."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seglib.errors import ParameterRefused


def exemplars(matrix: pd.DataFrame, segments: pd.Series, centres: pd.DataFrame) -> pd.DataFrame:
    """Return the real customer nearest to each centre: not an average, but somebody one can look up.

    Parameters
    ----------
    matrix : pandas.DataFrame of float
        What was clustered, indexed by customer_id, or by customer_id and transaction_id.
    segments : pandas.Series of str
        The letter of each row, or of each customer.
    centres : pandas.DataFrame
        One row per segment, in the columns of the matrix (`seglib.clustering.Segmentation.centres`).

    Returns
    -------
    pandas.DataFrame
        One row per segment, in the order of ``centres``: segment, customer_id, distance (Euclidean, in the matrix), and
        rows, the number of its rows that lie equally near; the first of them in the matrix is named. Where a row is a
        transaction, the customer of the nearest one. Missing for a segment without members.

    Raises
    ------
    ParameterRefused
        If the columns differ, or a row has no letter.
    """
    if list(matrix.columns) != list(centres.columns):
        raise ParameterRefused("the columns of the centres are not those of the matrix")
    customers = matrix.index.get_level_values("customer_id") if matrix.index.nlevels > 1 else matrix.index
    by_row = segments.index.nlevels == matrix.index.nlevels
    letters = segments.reindex(matrix.index if by_row else customers).to_numpy(object)
    if pd.isna(letters).any():
        raise ParameterRefused(f"{int(pd.isna(letters).sum()):,} rows of the matrix have no segment")
    X = matrix.to_numpy(float)
    records = []
    for segment, centre in zip(centres.index, centres.to_numpy(float), strict=True):
        members = np.flatnonzero(letters == segment)
        if not len(members):
            records.append((segment, None, float("nan"), 0))
            continue
        # rounded, so that equal rows count as equally near whatever the order of the sums
        distance = np.round(np.sqrt(((X[members] - centre) ** 2).sum(axis=1)), 9)
        nearest = distance.min()
        customer = customers[members[distance.argmin()]]
        records.append((segment, customer, float(nearest), int((distance == nearest).sum())))
    return pd.DataFrame(records, columns=["segment", "customer_id", "distance", "rows"])
