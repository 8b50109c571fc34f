"""Rows so far out that they become a segment of their own.

KMeans minimises squared distances. A row ten standard deviations away costs as much as a hundred rows at one, so it is
soon given a centre of its own, and every criterion praises that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

FAR = 10.0
"""Standard deviations of the others beyond which a value is far out."""

MIDDLE = 0.98
"""Share of the rows that mean and standard deviation are taken from: those in question shall not hide themselves."""

FEWEST_ROWS = 20
"""Of fewer rows a cluster of one is nothing special."""

HANDFUL, SMALL_SHARE = 10, 0.01
"""A cluster of fewer rows than both is no segment."""

LARGEST_K = 3
"""Numbers of clusters up to which such clusters are looked for."""


@dataclass(frozen=True)
class Extreme:
    """The value of a column that is furthest out.

    Attributes
    ----------
    column : str
        Empty where there is none.
    row : object
        The label of its row.
    deviations : float
        Distance from the mean of the other rows, in their standard deviations.
    """

    column: str
    row: object
    deviations: float


def extremes(table: pd.DataFrame) -> list[Extreme]:
    """Return the value of every column that is furthest out, the furthest first.

    Parameters
    ----------
    table : pandas.DataFrame of float, shape (n_rows, n_columns)
        Columns of two values, and columns whose middle rows are all the same, have no extremes.
    """
    furthest = []
    for name in table:
        values = table[name].to_numpy(dtype=np.float64)
        if len(values) < 3 or len(np.unique(values)) < 3:
            continue
        cut = max(1, round((1 - MIDDLE) / 2 * len(values)))
        middle = np.sort(values)[cut:-cut]
        spread = middle.std() if len(middle) else 0.0
        if spread <= 1e-9 * np.abs(values).max():
            continue
        distance = np.abs(values - middle.mean()) / spread
        place = int(distance.argmax())
        furthest.append(Extreme(name, table.index[place], float(distance[place])))
    return sorted(furthest, key=lambda extreme: -extreme.deviations)


@dataclass(frozen=True)
class SmallCluster:
    """The smallest cluster of all numbers of clusters that were tried.

    Attributes
    ----------
    k : int
        The number of clusters; 0 where there was nothing to try.
    rows : tuple
        The labels of its rows, at most `HANDFUL`.
    n : int
        How many it has.
    """

    k: int
    rows: tuple
    n: int


def smallest_cluster(table: pd.DataFrame) -> SmallCluster | None:
    """Return the smallest cluster of two, or three, of KMeans; None where there are too few rows."""
    X = table.to_numpy(dtype=np.float64)
    most = min(LARGEST_K, len(np.unique(X, axis=0)))
    if len(X) < FEWEST_ROWS or most < 2:
        return None
    smallest = None
    for k in range(2, most + 1):
        with threadpool_limits(limits=1):
            labels = KMeans(k, n_init=10, random_state=0).fit_predict(X)
        sizes = np.bincount(labels, minlength=k)
        if smallest is None or sizes.min() < smallest.n:
            members = np.flatnonzero(labels == sizes.argmin())
            rows = tuple(table.index[members[:HANDFUL]])
            smallest = SmallCluster(k, rows, int(sizes.min()))
    return smallest


def is_handful(n: int, n_rows: int) -> bool:
    """Say whether a cluster is too small to be a segment: a few rows, and few of all."""
    return n < HANDFUL and n <= max(1, SMALL_SHARE * n_rows)
