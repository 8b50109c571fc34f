"""Each fitted step of a pipeline as an SQL expression, in DuckDB's dialect."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, PowerTransformer, RobustScaler, StandardScaler

from seglib.errors import InputRefused
from seglib.preprocessing import UNKNOWN, WeightScaler
from seglib.scoring.model import SegmentModel
from seglib.sql import sql_literal


def number(value: float) -> str:
    """Write a float so that every engine reads it as one, and as the same.

    Examples
    --------
    >>> number(0.25), number(-1e-7)
    ('0.25e0', '-1e-07')
    """
    text = repr(float(value))
    if not np.isfinite(float(value)):
        raise InputRefused(f"the model holds a number that is not finite: {text}")
    return text if "e" in text else f"{text}e0"


def columns(model: SegmentModel) -> dict[str, list[int]]:
    """Return, by source, the positions of the columns of the matrix that were made from it."""
    slices = model.pipeline["columns"].output_indices_
    positions = range(model.centres.shape[1])
    return {name: list(positions[slices[name]]) for name in model.sources}


def added_by_level(model: SegmentModel, name: str) -> tuple[list[str], np.ndarray]:
    """Return the levels of a name in training, and what each adds to the squared distances from the centres.

    Returns
    -------
    tuple of list of str and ndarray of float, shape (n_levels + 1, k)
        The levels; and one row per level, the last row for a level that was not in training.
    """
    steps = _step(model, name)
    levels = [str(level) for level in steps["onehotencoder"].categories_[0]]
    unseen = max(levels, key=len) + "?"  # longer than every level, so it is none of them
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # scikit-learn warns of the unseen level
        values = steps.transform(pd.DataFrame({name: pd.Series([*levels, unseen], dtype=object)}))
    dummies = values if isinstance(values, np.ndarray) else values.toarray()
    centres = model.centres.to_numpy()[:, columns(model)[name]]
    return levels, np.square(dummies[:, None, :] - centres[None]).sum(axis=2)


def codes(model: SegmentModel, name: str) -> list[str]:
    """Return the levels of a name that is an integer in the matrix, in the order of their integers."""
    return [str(level) for level in _step(model, name, OrdinalEncoder).categories_[0]]


def value_of(model: SegmentModel, name: str, kind: str, cell: str) -> str:
    """Write how a cell becomes a number of the matrix, or the level that `added_by_level` lists.

    Parameters
    ----------
    model : SegmentModel
    name, kind : str
        One of `SegmentModel.sources`.
    cell : str
        SQL of the cell.
    """
    level = f"coalesce({cell}, {sql_literal(UNKNOWN)})"
    if kind == "nominal":
        return level
    if kind == "binary":
        value = f"CAST({cell} AS DOUBLE)"
        return f"CASE WHEN {value} = 0 THEN 'no' WHEN {value} = 1 THEN 'yes' ELSE {sql_literal(UNKNOWN)} END"
    if kind == "code":
        whens = " ".join(f"WHEN {sql_literal(s)} THEN {number(i)}" for i, s in enumerate(codes(model, name)))
        return f"CASE {level} {whens} ELSE -1e0 END"
    return _prepared(name, _step(model, name), f"CAST({cell} AS DOUBLE)")


def _step(model: SegmentModel, name: str, kind: type | None = None) -> object:
    step = model.pipeline["columns"].named_transformers_[name]
    if kind and not isinstance(step, kind):
        raise _unknown_step(name, step)
    return step


def _unknown_step(name: str, step: object) -> InputRefused:
    return InputRefused(f"the model prepares {name} in a way that is not known: {type(step).__name__}")


def _prepared(name: str, step: object, value: str) -> str:
    """Write the steps of a number, each applied to the expression of the step before."""
    for one in (step for _, step in step.steps) if isinstance(step, Pipeline) else [step]:
        if isinstance(one, SimpleImputer):
            value = f"coalesce({value}, {number(one.statistics_[0])})"
        elif isinstance(one, PowerTransformer):
            value = _yeo_johnson(value, float(one.lambdas_[0]))
        elif isinstance(one, StandardScaler):
            value = f"({value} - {number(one.mean_[0])}) / {number(one.scale_[0])}"
        elif isinstance(one, RobustScaler):
            value = f"({value} - {number(one.center_[0])}) / {number(one.scale_[0])}"
        elif isinstance(one, WeightScaler):
            value = f"({value}) * {number(one.scale_)}"
        elif isinstance(one, FunctionTransformer) and one.func is None:  # as it is
            continue
        elif isinstance(one, FunctionTransformer) and one.func.__name__ == "log_of_size":
            value = f"sign({value}) * ln(1e0 + abs({value}))"
        else:
            raise _unknown_step(name, one)
    return value


def _yeo_johnson(value: str, power: float) -> str:
    """Write Yeo & Johnson (2000), equation 2."""
    high = f"ln(1e0 + {value})" if power == 0 else f"(pow(1e0 + {value}, {number(power)}) - 1e0) / {number(power)}"
    other = 2 - power
    low = f"-ln(1e0 - {value})" if other == 0 else f"-(pow(1e0 - {value}, {number(other)}) - 1e0) / {number(other)}"
    return f"CASE WHEN {value} >= 0 THEN {high} ELSE {low} END"
