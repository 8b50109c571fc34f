"""From the scale of the matrix back to units that can be read."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from seglib.preprocessing.matrix import Matrix
from seglib.style import humanize


def in_original_units(matrix: Matrix, centres: pd.DataFrame) -> pd.DataFrame:
    """Take centres back through the pipeline.

    Parameters
    ----------
    matrix : Matrix
    centres : pandas.DataFrame of float
        One row a segment, in the columns of the matrix.

    Returns
    -------
    pandas.DataFrame
        One row a segment, the same columns. Of a number the value whose place in the matrix is the centre: where it was
        taken to logarithms this is nearer to the middle customer than to the mean. Of a level its share in the segment.
        Of a name that is an integer in the matrix, the mean of the integers, which says nothing; it is left so.
    """
    made = {}
    for name, places in zip(matrix.sources, matrix.places, strict=True):
        steps = matrix.pipeline["columns"].named_transformers_[name]
        own = centres.iloc[:, places].to_numpy(dtype=np.float64)
        if name in matrix.nominal:
            back = own / steps["hennigliaoscaler"].scale_ if steps["hennigliaoscaler"].scale_ else own * np.nan
        else:
            back = _number(steps, own)
        made |= dict(zip(centres.columns[places], back.T, strict=True))
    return pd.DataFrame(made, centres.index)[list(centres.columns)]


def column_labels(matrix: Matrix) -> dict[str, str]:
    """Return what the columns of a matrix are called in a table for reading: "gender: Female"."""
    labels = {}
    for name, places in zip(matrix.sources, matrix.places, strict=True):
        for column in matrix.table.columns[places]:
            level = column.removeprefix(f"{name}_")
            labels[column] = f"{humanize(name)}: {level}" if name in matrix.nominal else humanize(name)
    return labels


def _number(steps: object, values: np.ndarray) -> np.ndarray:
    """Undo the steps of a number, the last one first."""
    for step in reversed([one for _, one in steps.steps] if isinstance(steps, Pipeline) else [steps]):
        if isinstance(step, FunctionTransformer):
            values = np.sign(values) * np.expm1(np.abs(values)) if step.func else values
        elif hasattr(step, "scale_") or hasattr(step, "lambdas_"):
            values = step.inverse_transform(values)
    return values
