"""Each fitted step of a pipeline as an SQL expression, in DuckDB's dialect."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OrdinalEncoder,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)

from seglib.errors import InputRefused
from seglib.preprocessing import UNKNOWN, WeightScaler, Winsorizer
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
    positions = range(max(place.stop for place in slices.values()))
    return {name: list(positions[slices[name]]) for name in model.sources}


def added_by_level(model: SegmentModel, name: str) -> tuple[list[str], np.ndarray]:
    """Return the levels of a name in training, and what each adds to the squared distances from the centres.

    Returns
    -------
    tuple of list of str and ndarray of float, shape (n_levels + 1, k)
        The levels; and one row per level, the last row for a level that was not in training.
    """
    levels, dummies = _values_of_levels(model, name)
    centres = model.centres.to_numpy()[:, columns(model)[name]]
    return levels, np.square(dummies[:, None, :] - centres[None]).sum(axis=2)


def _values_of_levels(model: SegmentModel, name: str) -> tuple[list[str], np.ndarray]:
    """Return the levels of a name in training, and the dummy columns of each; in the last row, of one that was not."""
    steps = _step(model, name)
    levels = [str(level) for level in steps["onehotencoder"].categories_[0]]
    unseen = max(levels, key=len) + "?"  # longer than every level, so it is none of them
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # scikit-learn warns of the unseen level
        values = steps.transform(pd.DataFrame({name: pd.Series([*levels, unseen], dtype=object)}))
    return levels, values if isinstance(values, np.ndarray) else values.toarray()


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
        value = stepped(name, one, value)
    return value


def stepped(name: str, step: object, value: str, place: int = 0) -> str:
    """Write what a fitted step makes of one of its columns.

    Parameters
    ----------
    name : str
        What a message calls the column.
    step : transformer
        One that treats every column for itself.
    value : str
        SQL of the value before it.
    place : int, default=0
        The number of the column in the step.

    Raises
    ------
    InputRefused
        If there is no expression for it.
    """
    if isinstance(step, SimpleImputer):
        return f"coalesce({value}, {number(step.statistics_[place])})"
    if isinstance(step, Winsorizer):
        return f"least(greatest({value}, {number(step.least_[place])}), {number(step.most_[place])})"
    if isinstance(step, PowerTransformer):
        value = _yeo_johnson(value, float(step.lambdas_[place]))
        return _scaled(value, step._scaler.mean_, step._scaler.scale_, place) if step.standardize else value
    if isinstance(step, StandardScaler):
        return _scaled(value, step.mean_, step.scale_, place)
    if isinstance(step, RobustScaler):
        return _scaled(value, step.center_, step.scale_, place)
    if isinstance(step, WeightScaler):
        return f"({value}) * {number(step.scale_)}"
    if isinstance(step, MaxAbsScaler):
        return _scaled(value, None, step.scale_, place)
    if isinstance(step, MinMaxScaler):
        return f"({value}) * {number(step.scale_[place])} + {number(step.min_[place])}"
    if isinstance(step, FunctionTransformer) and step.func is None:  # as it is
        return value
    if isinstance(step, FunctionTransformer) and step.func.__name__ in _FUNCTIONS:
        return _FUNCTIONS[step.func.__name__].format(x=value)
    raise _unknown_step(name, step)


_FUNCTIONS = {
    "log_of_size": "sign({x}) * ln(1e0 + abs({x}))",
    "log1p": "ln(1e0 + {x})",
    "sqrt": "sqrt({x})",
}
"""SQL of the functions that a FunctionTransformer may have (`seglib.preprocessing.steps`)."""


def _scaled(value: str, centre: np.ndarray | None, scale: np.ndarray | None, place: int) -> str:
    """Write a value less its centre, over its scale."""
    if centre is not None:
        value = f"({value} - {number(centre[place])})"
    return value if scale is None else f"{value} / {number(scale[place])}"


def dummy(model: SegmentModel, name: str, place: int, level: str) -> str:
    """Write one of the columns that the levels of a name became.

    Parameters
    ----------
    model : SegmentModel
    name : str
        A name, or a yes or no.
    place : int
        The number of the column among those of the name.
    level : str
        SQL of the level.
    """
    levels, values = _values_of_levels(model, name)
    heights = values[:, place]
    height, of_unseen = number(heights.max()), heights[-1] != 0
    listed = [sql_literal(s) for s, value in zip(levels, heights[:-1], strict=True) if (value != 0) != of_unseen]
    inside, outside = ("0e0", height) if of_unseen else (height, "0e0")
    return f"CASE WHEN {level} IN ({', '.join(listed)}) THEN {inside} ELSE {outside} END" if listed else outside


def unseen(model: SegmentModel, name: str, level: str) -> str:
    """Write whether a level was not in training."""
    levels, _ = _values_of_levels(model, name)
    return f"{level} NOT IN ({', '.join(sql_literal(s) for s in levels)})"


def component(step: PCA, number_of: int, cells: Sequence[str]) -> str:
    """Write a principal component of columns.

    Parameters
    ----------
    step : PCA
    number_of : int
        Which one, from 0 on.
    cells : sequence of str
        SQL of the columns.
    """
    terms = [
        f"({cell} - {number(mean)}) * {number(weight)}"
        for cell, mean, weight in zip(cells, step.mean_, step.components_[number_of], strict=True)
    ]
    value = f"({' + '.join(terms)})"
    if not step.whiten:
        return value
    return f"{value} / {number(np.sqrt(step.explained_variance_[number_of]))}"


def _yeo_johnson(value: str, power: float) -> str:
    """Write Yeo & Johnson (2000), equation 2."""
    high = f"ln(1e0 + {value})" if power == 0 else f"(pow(1e0 + {value}, {number(power)}) - 1e0) / {number(power)}"
    other = 2 - power
    low = f"-ln(1e0 - {value})" if other == 0 else f"-(pow(1e0 - {value}, {number(other)}) - 1e0) / {number(other)}"
    return f"CASE WHEN {value} >= 0 THEN {high} ELSE {low} END"
