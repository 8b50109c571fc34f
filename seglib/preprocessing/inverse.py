"""From the scale of the matrix back to original units."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

from seglib.preprocessing.matrix import Matrix
from seglib.preprocessing.steps import inverse


def in_original_units(matrix: Matrix, centres: pd.DataFrame) -> pd.DataFrame:
    """Take centres back through the pipeline.

    Parameters
    ----------
    matrix : Matrix
    centres : pandas.DataFrame of float
        One row per segment, in the columns of the matrix.

    Returns
    -------
    pandas.DataFrame
        One row per segment, the columns of the matrix before the analyst's own steps for the whole of it
        (`Matrix.prepared`). Of a number, the value that lies at the centre: where it was taken to logarithms, this is
        nearer to the median than to the mean. Of a level, its share in the segment. Of a name that is an integer in the
        matrix, the mean of the integers, which means nothing; it is left as it is.
    """
    values = centres.to_numpy(dtype=np.float64)
    for step in reversed(matrix.steps):
        values = inverse(step, values)
    return columns_in_original_units(matrix, pd.DataFrame(values, centres.index, matrix.prepared.columns))


def columns_in_original_units(matrix: Matrix, centres: pd.DataFrame) -> pd.DataFrame:
    """Do the same with rows in the columns of `Matrix.prepared`."""
    columns = {}
    for name, places in zip(matrix.sources, matrix.places, strict=True):
        steps = matrix.pipeline["columns"].named_transformers_[name]
        values = centres.iloc[:, places].to_numpy(dtype=np.float64)
        if name not in matrix.nominal:
            original = _inverse_of_number(steps, values)
        elif scale := steps["hennigliaoscaler"].scale_:
            original = values / scale
        else:  # a weight of 0 leaves nothing to go back from
            original = np.full_like(values, np.nan)
        columns |= dict(zip(centres.columns[places], original.T, strict=True))
    return pd.DataFrame(columns, centres.index)[list(centres.columns)]


def column_labels(matrix: Matrix) -> dict[str, str]:
    """Return the names that columns of a matrix have in a table for reading, such as "gender: Female"."""
    labels, name_of = {}, matrix.wording.name_of
    for name, places in zip(matrix.sources, matrix.places, strict=True):
        for column in matrix.prepared.columns[places]:
            level = column.removeprefix(f"{name}_")
            labels[column] = f"{name_of(name)}: {level}" if name in matrix.nominal else name_of(name)
    return labels


def _inverse_of_number(steps: object, values: np.ndarray) -> np.ndarray:
    """Undo the steps of a number, the last one first."""
    transformers = [transformer for _, transformer in steps.steps] if isinstance(steps, Pipeline) else [steps]
    for step in reversed(transformers):
        if not isinstance(step, SimpleImputer | OrdinalEncoder):
            values = inverse(step, values)
    return values
