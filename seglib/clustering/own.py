"""The analyst's own algorithm in the place of KMeans: any clusterer of scikit-learn, a function, or labels of the rows.

What it makes is treated as labels that were given (`seglib.clustering.given`): it is judged, profiled and delivered,
and what cannot be had of it, such as a statement in SQL for a mixture, is not written.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from seglib.clustering.given import Labels
from seglib.errors import ParameterRefused

MOST_SEGMENTS = 26
"""So many letters there are, and no reader keeps more segments apart."""


@dataclass(frozen=True)
class OwnLabels:
    """What an algorithm of the analyst's own gives to customers.

    Attributes
    ----------
    file : str
        What the algorithm is called.
    sha256 : str
        The digest of the labels.
    labels : pandas.Series of str
        By customer_id; ``-1`` is noise.
    algorithm : bool
        True: they come from no file.
    """

    file: str
    sha256: str
    labels: pd.Series = field(repr=False)
    algorithm: bool = True


def own_labels(algorithm: Any, matrix: pd.DataFrame, *, otherwise: Labels, seed: int = 0) -> Labels | OwnLabels:
    """Cluster the rows of a matrix with an algorithm of the analyst's own.

    Parameters
    ----------
    algorithm : estimator, callable, array-like or None
        An estimator with ``fit_predict``, or with ``fit`` and then ``labels_`` or ``predict``; it is not changed, and
        where its ``random_state`` is None, ``seed`` takes its place. A function of the matrix that returns the labels
        of its rows. Or these labels, in the order of the rows, or a pandas.Series of them by customer_id. None: no
        algorithm, ``otherwise`` counts.
    matrix : pandas.DataFrame of float, shape (n_rows, n_columns)
        Indexed by customer_id, or by customer_id and transaction_id. A customer with several rows gets the label of
        most of them (on a tie, the one that comes first in the alphabet).
    otherwise : Labels
        Those of a file (`seglib.ingest.read_labels`).
    seed : int, default=0

    Returns
    -------
    Labels or OwnLabels

    Raises
    ------
    ParameterRefused
        If there are both an algorithm and a file; or if labels are not one for every row, or more than 26.
    """
    if algorithm is None:
        return otherwise
    if otherwise.labels is not None:
        raise ParameterRefused(
            f"the segments cannot come from '{otherwise.file}' and from an algorithm: set one of them to None",
            parameter="labels",
        )
    name = _name_of(algorithm)
    labels = _by_customer(_as_text(_cluster(algorithm, matrix, seed), name, matrix))
    if (n := labels.nunique()) > MOST_SEGMENTS:
        raise ParameterRefused(f"{name} makes {n:,} segments; at most {MOST_SEGMENTS} can be told apart")
    lines = "".join(f"{customer},{label}\n" for customer, label in labels.items())
    return OwnLabels(name, hashlib.sha256(lines.encode()).hexdigest(), labels)


def _name_of(algorithm: Any) -> str:
    """Return what an algorithm is called: its class, the last one of a pipeline, or the name of the function."""
    if isinstance(algorithm, type):
        raise ParameterRefused(f"{algorithm.__name__} is a class: write {algorithm.__name__}(), with its options")
    if isinstance(algorithm, pd.Series | pd.Index | np.ndarray | list | tuple):
        return "labels of the analyst"
    steps = getattr(algorithm, "steps", None)
    inner = steps[-1][1] if steps else algorithm
    return getattr(inner, "__name__", type(inner).__name__).replace("<lambda>", "a function")


def _cluster(algorithm: Any, matrix: pd.DataFrame, seed: int) -> Any:
    """Return the labels of the rows."""
    if not (hasattr(algorithm, "fit_predict") or hasattr(algorithm, "fit")):
        return algorithm(matrix) if callable(algorithm) else algorithm
    if isinstance(algorithm, BaseEstimator):
        algorithm = clone(algorithm)
        options = algorithm.get_params()
        unseeded = [key for key, value in options.items() if key.split("__")[-1] == "random_state" and value is None]
        algorithm.set_params(**dict.fromkeys(unseeded, seed))
    if hasattr(algorithm, "fit_predict"):
        return algorithm.fit_predict(matrix)
    fitted = algorithm.fit(matrix)
    return fitted.labels_ if hasattr(fitted, "labels_") else fitted.predict(matrix)


def _as_text(labels: Any, name: str, matrix: pd.DataFrame) -> pd.Series:
    """Return labels as text on the index of the matrix; a row without a label has none."""
    if isinstance(labels, pd.Series) and not labels.index.equals(matrix.index) and not _is_numbered(labels.index):
        labels = labels.reindex(matrix.index.get_level_values("customer_id"))
    values = pd.Series(np.asarray(labels, dtype=object).ravel())
    if len(values) != len(matrix):
        raise ParameterRefused(f"{name} gives {len(values):,} labels, and there are {len(matrix):,} rows: one for each")
    present = values.notna().to_numpy()
    text = values[present].map(_label).astype(object)
    return text.set_axis(matrix.index[present])


def _is_numbered(index: pd.Index) -> bool:
    """Say whether an index only counts rows, so that labels are in the order of the matrix."""
    return isinstance(index, pd.RangeIndex)


def _label(value: Any) -> str:
    """Write a label as text, a whole number without a point."""
    is_whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value)) if is_whole else str(value).strip()


def _by_customer(labels: pd.Series) -> pd.Series:
    """Give every customer one label: that of most of their rows."""
    if labels.index.nlevels == 1:
        return labels
    rows = labels.rename("label").reset_index()
    counts = rows.groupby(["customer_id", "label"], sort=True).size().reset_index(name="rows")
    most = counts.sort_values("rows", ascending=False, kind="stable").drop_duplicates("customer_id")
    return most.set_index("customer_id")["label"].reindex(rows["customer_id"].drop_duplicates())
