"""Dependences between columns that make lumps and corners by themselves, without any groups of customers.

Three kinds are looked for: numbers that add up to the same total in every row, numbers that are zero together in many
rows, and levels of different names that always come together. All of them make clusters which every criterion praises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

NO_VARIANCE = 1e-3
"""Variance of a weighted sum of standardised columns, relative to independent columns, below which it is constant.

It allows for rounding: percentages that were rounded to whole numbers and vary by 10 points or so stay below it.
"""

SMALL_WEIGHT = 0.03
"""Weight in such a sum, relative to the largest, below which a column has no part in it: the root of `NO_VARIANCE`."""

JOINT_ZEROS = 0.2
"""Share of the rows that are zero in several columns together from which on they are a lump.

A segment of this size is the average one of five.
"""

BEYOND_CHANCE = 5.0
"""Standard errors by which two columns are zero together more often than independent ones, before it counts."""

SAME_LEVEL = 0.9
"""Agreement of two levels (Cohen's kappa) from which on they are one."""

FEWEST_ROWS = 10
"""A level of fewer rows agrees with another one by chance too easily."""

MANY_VALUES = 30
"""A column of more different values than this is measured on a scale, and its lowest value is an end of the scale."""


@dataclass(frozen=True)
class ConstantSum:
    """A weighted sum of columns that is the same in every row.

    Attributes
    ----------
    weights : dict of str to float
        By column, in the order of the table; the largest is 1 in size, and the first is positive.
    total : float
        The mean of the sum.
    """

    weights: dict[str, float]
    total: float

    @property
    def plain(self) -> bool:
        """Whether the columns themselves add up, all with the same weight."""
        return all(abs(weight - 1) < 0.02 for weight in self.weights.values())


def smallest_eigenvalue(table: pd.DataFrame) -> float:
    """Return the smallest eigenvalue of the correlation matrix; missing where there are too few rows or columns."""
    standardised = _standardised(table.loc[:, table.nunique() > 1])
    if standardised is None:
        return float("nan")
    return float(max(np.linalg.eigvalsh(np.cov(standardised, rowvar=False, ddof=0))[0], 0.0))


def constant_sums(table: pd.DataFrame) -> list[ConstantSum]:
    """List the weighted sums of three or more columns that are the same in every row.

    Parameters
    ----------
    table : pandas.DataFrame of float, shape (n_rows, n_columns)
        In original units: a sum of logarithms is no sum. Of columns that are the same but for their scale only one.
        Columns of one value are not looked at.

    Returns
    -------
    list of ConstantSum
        None where there are fewer than two rows per column.

    Notes
    -----
    A weighted sum that does not vary is an eigenvector of the correlation matrix with an eigenvalue of 0 (Belsley, Kuh
    & Welsch 1980, Regression Diagnostics, ch. 3). Where there are several, their eigenvectors are any rotation of them,
    so they are brought to reduced row echelon form, which has as few columns in each as there can be.
    """
    table = table.loc[:, table.nunique() > 1]
    standardised = _standardised(table)
    if standardised is None:
        return []
    values, vectors = np.linalg.eigh(np.cov(standardised, rowvar=False, ddof=0))
    basis = vectors[:, values < NO_VARIANCE].T.copy()
    # Gauss-Jordan elimination with the largest entry left as the pivot: small pivots would blow up rounding errors.
    free = np.ones(basis.shape[1], dtype=bool)
    for row in range(len(basis)):
        pivot = int(np.where(free, np.abs(basis[row]), -1).argmax())
        free[pivot] = False
        basis[row] /= basis[row, pivot]
        for other in range(len(basis)):
            if other != row:
                basis[other] -= basis[other, pivot] * basis[row]
    sums = []
    spread = table.std(ddof=0).to_numpy()
    for weights in basis:
        weights = np.where(np.abs(weights) < SMALL_WEIGHT * np.abs(weights).max(), 0.0, weights)
        involved = np.flatnonzero(weights)
        # Without its smallest weights the sum may vary after all; of two columns it is a correlation, found elsewhere.
        if len(involved) < 3 or (standardised @ weights).var() > NO_VARIANCE * (weights**2).sum():
            continue
        raw = weights[involved] / spread[involved]
        raw = raw / np.abs(raw).max() * np.sign(raw[0])
        columns = table.columns[involved]
        total = float((table[columns].to_numpy(dtype=float) @ raw).mean())
        sums.append(ConstantSum(dict(zip(columns, map(float, raw), strict=True)), total))
    return sorted(sums, key=lambda s: [table.columns.get_loc(c) for c in s.weights])


def _standardised(table: pd.DataFrame) -> np.ndarray | None:
    """Return the columns with mean 0 and standard deviation 1; nothing where there are too few rows or columns."""
    n, m = table.shape
    if m < 2 or n < 2 * m:
        return None
    values = table.to_numpy(dtype=float)
    return (values - values.mean(axis=0)) / values.std(axis=0)


@dataclass(frozen=True)
class JointZeros:
    """Columns that are zero, or at the end of their scale, in the same rows.

    Attributes
    ----------
    columns : tuple of str
        Two or more that belong together; empty where none do.
    rows : int
        Rows at zero in all of them; where there is no lump, in the pair that comes nearest to one.
    share : float
        The same as a share of all rows.
    zero : bool
        Whether it is zero in all of them, and not the lowest value of some.
    """

    columns: tuple[str, ...]
    rows: int
    share: float
    zero: bool = True


def joint_zeros(table: pd.DataFrame) -> JointZeros:
    """Find the columns that are zero together in most rows.

    Parameters
    ----------
    table : pandas.DataFrame of float, shape (n_rows, n_columns)
        In original units. A column of two values is a yes or no and not looked at. Where a column of many values has
        no zero, its lowest value stands for it: a scaled column has its zero somewhere else.

    Returns
    -------
    JointZeros
        The pair with most rows, and whatever other columns are zero in enough of the same rows. Two columns only count
        where they are zero together more often than independent columns are.
    """
    at_zero, literal = {}, {}
    for name in table:
        values = table[name].to_numpy(dtype=float)
        n_values = len(np.unique(values))
        size = np.abs(values).max(initial=0.0)
        zero = np.abs(values) <= 1e-9 * size  # a value that was scaled and scaled back is zero but for rounding
        literal[name] = bool(zero.any())
        if n_values > MANY_VALUES and not zero.any():
            low = values.min()
            zero = values <= low + 1e-9 * max(abs(low), values.max() - low)
        if n_values > 2 and zero.any():
            at_zero[name] = zero
    n = len(table)
    pairs = {}
    for a, b in combinations(at_zero, 2):
        both, expected = (at_zero[a] & at_zero[b]).mean(), at_zero[a].mean() * at_zero[b].mean()
        if both > expected + BEYOND_CHANCE * np.sqrt(expected * (1 - expected) / n):
            pairs[a, b] = both
    largest = max(pairs.values(), default=0.0)
    if largest < JOINT_ZEROS:
        return JointZeros((), round(largest * n), largest)
    columns = list(max(pairs, key=pairs.get))
    lump = at_zero[columns[0]] & at_zero[columns[1]]
    while candidates := [
        c for c in at_zero if c not in columns and all(pair in pairs for pair in _pairs_with(c, columns, at_zero))
    ]:
        best = max(candidates, key=lambda c: (lump & at_zero[c]).sum())
        if (lump & at_zero[best]).mean() < JOINT_ZEROS:
            break
        columns.append(best)
        lump &= at_zero[best]
    in_order = tuple(c for c in table if c in columns)
    return JointZeros(in_order, int(lump.sum()), float(lump.mean()), all(literal[c] for c in in_order))


def _pairs_with(column: str, others: Sequence[str], order: Mapping[str, object]) -> list[tuple[str, str]]:
    """List the pairs of one column with each of the others, both in the order of the table."""
    place = {name: i for i, name in enumerate(order)}
    return [(column, other) if place[column] < place[other] else (other, column) for other in others]


@dataclass(frozen=True)
class SameLevels:
    """Levels of different names that (nearly) the same rows have.

    Attributes
    ----------
    levels : dict of str to str
        The level of every source.
    rows : int
        Rows that have all of them.
    kappa : float
        The least agreement of two of them.
    """

    levels: dict[str, str]
    rows: int
    kappa: float


def same_levels(levels: Mapping[str, pd.DataFrame]) -> tuple[list[SameLevels], float]:
    """List the levels of different sources that always come together.

    Parameters
    ----------
    levels : mapping of str to pandas.DataFrame of bool, shape (n_rows, n_levels)
        By source: which rows have which level; the columns are called as the levels.

    Returns
    -------
    list of SameLevels
        The largest first. Sources that agree in several levels are listed once, by the one with most rows in common.
    float
        The greatest agreement of two levels of different sources; missing where there are no two.

    Notes
    -----
    Cohen (1960), Educ. Psychol. Meas. 20(1): kappa = (o - e) / (1 - e), where o is the share of the rows on which two
    levels agree and e the share expected of independent ones. Without this correction two levels that nearly all rows
    have would agree.
    """
    names = [(source, level) for source, table in levels.items() for level in table]
    if len(levels) < 2:
        return [], float("nan")
    has = np.column_stack([table.to_numpy(dtype=np.float64) for table in levels.values()])
    n, count = len(has), has.sum(axis=0)
    both = has.T @ has
    observed = 1 - (count[:, None] + count - 2 * both) / n
    expected = (count[:, None] * count + (n - count[:, None]) * (n - count)) / n**2
    kappa = np.where(expected < 1, (observed - expected) / np.maximum(1 - expected, 1e-12), 0.0)
    source = np.array([list(levels).index(name) for name, _ in names])
    enough = (count >= FEWEST_ROWS) & (n - count >= FEWEST_ROWS)
    comparable = (source[:, None] != source) & enough[:, None] & enough
    if not comparable.any():
        return [], float("nan")
    kappa = np.where(comparable, kappa, -1.0)
    groups, grouped = [], set()
    for first in np.argsort(-count, kind="stable"):
        members = [first, *(j for j in range(len(names)) if kappa[first, j] >= SAME_LEVEL)]
        sources = frozenset(names[j][0] for j in members)
        if len(members) < 2 or any(sources <= other for other in grouped):
            continue
        grouped.add(sources)
        members = sorted(members)
        least = min(kappa[i, j] for i, j in combinations(members, 2) if source[i] != source[j])
        groups.append(
            SameLevels({names[j][0]: names[j][1] for j in members}, int(has[:, members].all(axis=1).sum()), least)
        )
    return groups, float(kappa.max())
