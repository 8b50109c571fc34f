"""Steps that an analyst adds to the pipeline: which there can be, and how they are written down.

A step has to be made again of other rows (a sample, a simulated shop, half of the coupons), and the segments are placed
by SQL. So a step is one of those that have both: a name with parameters in ``recipe.json``, and an expression in
`seglib.scoring`. All others are refused before anything is fitted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)

from seglib.errors import ParameterRefused
from seglib.preprocessing.encoders import Winsorizer, log_of_size
from seglib.style import join_words

NUMBER_STEPS, MATRIX_STEPS = "number_steps", "matrix_steps"

PARAMETERS: dict[type[BaseEstimator], tuple[str, ...]] = {
    Winsorizer: ("low", "high"),
    StandardScaler: ("with_mean", "with_std"),
    RobustScaler: ("with_centering", "with_scaling", "quantile_range", "unit_variance"),
    MinMaxScaler: ("feature_range",),
    MaxAbsScaler: (),
    PowerTransformer: ("standardize",),
    FunctionTransformer: ("func",),
    PCA: ("n_components", "whiten"),
}
"""The steps that there can be, with the parameters that may be set; the others are those of scikit-learn."""

FREE = ("copy", "svd_solver", "random_state", "feature_names_out", "inverse_func")
"""Parameters that change no result, or are set here."""

INVERSES: dict[Callable, Callable] = {
    log_of_size: lambda x: np.sign(x) * np.expm1(np.abs(x)),
    np.log1p: np.expm1,
    np.sqrt: np.square,
}
"""The functions that a FunctionTransformer may have, each with the way back."""

_FUNCTIONS = {function.__name__: function for function in INVERSES}
_KINDS = {kind.__name__: kind for kind in PARAMETERS}


def check_steps(steps: Sequence[Any], parameter: str) -> list[BaseEstimator]:
    """Return steps that an analyst has added, unfitted.

    Parameters
    ----------
    steps : sequence of transformer
    parameter : {"number_steps", "matrix_steps"}
        Where they were given. Components are made of all columns, so PCA is a step of the whole matrix.

    Raises
    ------
    ParameterRefused
        If one cannot be made again of other rows, or cannot be written as SQL; the message says which there are.
    """
    if not isinstance(steps, list | tuple):
        raise _refused(parameter, f"it is a list, such as [Winsorizer()], not {type(steps).__name__}")
    kinds = [kind for kind in PARAMETERS if kind is not PCA or parameter == MATRIX_STEPS]
    for step in steps:
        if isinstance(step, type) and step in kinds:
            raise _refused(parameter, f"{step.__name__} stands there without its brackets: {step.__name__}()")
        if isinstance(step, PCA) and parameter == NUMBER_STEPS:
            raise _refused(parameter, "PCA makes components of all columns together: it belongs in matrix_steps")
        if type(step) not in kinds:
            there_are = join_words([kind.__name__ for kind in kinds], last="or")
            raise _refused(
                parameter,
                f"{_name(step)} cannot be made again in simulated shops and in SQL; take {there_are}",
            )
        _refuse_parameters(step, parameter)
    return [_exact(clone(step)) for step in steps]


def to_json(step: BaseEstimator) -> dict[str, Any]:
    """Return a step as ``recipe.json`` has it: its name, and the parameters that `PARAMETERS` lists.

    Of a fitted PCA the number of components is written down, also where it was given as a share of the variance: other
    rows get as many.
    """
    values = {name: getattr(step, name) for name in PARAMETERS[type(step)]}
    if isinstance(step, FunctionTransformer):
        values["func"] = step.func.__name__
    if isinstance(step, PCA):
        values["n_components"] = int(step.n_components_)
    return {"step": type(step).__name__} | {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def from_json(entry: Mapping[str, Any]) -> BaseEstimator:
    """Return the step that `to_json` has written down, unfitted."""
    kind, values = _KINDS[entry["step"]], {name: value for name, value in entry.items() if name != "step"}
    if kind is FunctionTransformer:
        return _exact(FunctionTransformer(_FUNCTIONS[values["func"]]))
    return _exact(kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}))


def inverse(step: BaseEstimator, values: np.ndarray) -> np.ndarray:
    """Undo a fitted step. Of what was capped nothing more is known, and of components that were left out neither."""
    if isinstance(step, Winsorizer):
        return values
    if isinstance(step, FunctionTransformer):
        return INVERSES[step.func](values) if step.func else values
    return step.inverse_transform(values) if hasattr(step, "inverse_transform") else values


def fitting(step: BaseEstimator, n_columns: int) -> BaseEstimator:
    """Return a step that can be fitted to so many columns: there are no more components than columns."""
    if isinstance(step, PCA) and isinstance(step.n_components, int) and step.n_components > n_columns:
        return clone(step).set_params(n_components=n_columns)
    return clone(step)


def _exact(step: BaseEstimator) -> BaseEstimator:
    """Set what must not depend on chance, and how columns are named."""
    if isinstance(step, PCA):
        return step.set_params(svd_solver="full")
    if isinstance(step, FunctionTransformer):
        return step.set_params(feature_names_out="one-to-one", inverse_func=None)
    return step


def _refuse_parameters(step: BaseEstimator, parameter: str) -> None:
    values, usual = step.get_params(deep=False), type(step)
    if isinstance(step, FunctionTransformer) and step.func not in INVERSES:
        functions = join_words([f"np.{name}" for name in _FUNCTIONS if hasattr(np, name)], last="or")
        raise _refused(
            parameter, f"FunctionTransformer cannot be written as SQL with {_name(step.func)}; take {functions}"
        )
    default = (usual(step.func) if isinstance(step, FunctionTransformer) else usual()).get_params(deep=False)
    for name, value in values.items():
        if name not in (*PARAMETERS[usual], *FREE) and value != default[name]:
            raise _refused(parameter, f"{usual.__name__} cannot be written as SQL with {name}={value!r}")
    if isinstance(step, PCA) and not _is_number_of_components(step.n_components):
        raise _refused(parameter, f"n_components of PCA is a number from 1 on, or a share, not {step.n_components!r}")
    if isinstance(step, Winsorizer) and not 0 <= step.low < step.high <= 1:
        raise _refused(parameter, f"Winsorizer has quantiles 0 <= low < high <= 1, not {step.low} and {step.high}")


def _is_number_of_components(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, int) and not isinstance(value, bool):
        return value >= 1
    return isinstance(value, float) and 0 < value < 1


def _name(thing: Any) -> str:
    return getattr(thing, "__name__", type(thing).__name__)


def _refused(parameter: str, why: str) -> ParameterRefused:
    return ParameterRefused(f"{parameter}: {why}", parameter=parameter)
