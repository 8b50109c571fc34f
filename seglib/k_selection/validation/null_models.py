"""Null models: matrices of shops without segments.

`CopulaNull` lets customers differ, in every column as much as they do and with the same correlations, but without
groups; it does not know how features arise. The null models of the other files know it: in `ProcessNull` all customers
are alike, in `GradualNull` they differ gradually, and in both their coupons are simulated. A shop without segments can
beat one of them, but seldom all. So a shop with segments must beat all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from scipy.stats import norm, rankdata


class Null(Protocol):
    """A null model: a way to simulate matrices of shops without segments.

    Attributes
    ----------
    name : str
    what : str
        What it preserves and what it removes, in a few words.
    customers_differ : bool
        Whether customers differ in these shops, although there are no groups.
    """

    name: str
    what: str
    customers_differ: bool

    def draws(self, rngs: Sequence[np.random.Generator]) -> Iterator[np.ndarray]:
        """Yield the matrix of one such shop for every generator, shape (n_rows, n_columns)."""


class CopulaNull:
    """Customers who differ gradually: every column keeps its values and its correlations, but there are no groups.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
        The matrix.
    sources : sequence of sequence of int, optional
        The columns that each source became: one for a number, several for the levels of a name. Default: every column
        is a number.

    Notes
    -----
    Hennig & Lin (2015), Stat. Comput. 25(4), section 3: normal scores of the ranks, their correlation matrix, a draw
    from the normal distribution with this correlation matrix, mapped back to the sorted values. A nominal variable has
    no ranks: its levels are ordered by the mean of their customers along the first principal component of the numbers,
    which preserves the strongest correlation there is.
    """

    name = "copula"
    what = "customers differ as much as here, and in the same ways, but gradually"
    customers_differ = True

    def __init__(self, X: np.ndarray, sources: Sequence[Sequence[int]] | None = None) -> None:
        self.X = np.asarray(X, dtype=np.float64)
        self.sources = [list(s) for s in sources] if sources else [[j] for j in range(self.X.shape[1])]
        numbers = [s[0] for s in self.sources if len(s) == 1]
        first = _first_component(self.X[:, numbers]) if numbers else np.zeros(len(self.X))
        keys = [self.X[:, s[0]] if len(s) == 1 else _ordered_levels(self.X[:, s], first) for s in self.sources]
        # Equal values get the same normal score, from their mean rank: this weakens the estimated correlation a little,
        # but invents no order among them. The normal draws have no equal values; `_draw` maps them to the sorted values
        # of the data, which bring theirs back.
        scores = np.array([norm.ppf((rankdata(key) - 0.5) / len(key)) for key in keys])
        self._orders = [np.argsort(key, kind="stable") for key in keys]
        # A constant source has no correlation with anything. The root of the correlation matrix comes from its
        # eigenvectors and not from Cholesky, because it is singular where one source repeats another.
        varying = scores.std(axis=1) > 1e-12
        correlation = np.eye(len(keys))
        if varying.sum() > 1:
            correlation[np.ix_(varying, varying)] = np.corrcoef(scores[varying])
        values, vectors = np.linalg.eigh(correlation)
        self._root = vectors * np.sqrt(np.maximum(values, 0))

    def draws(self, rngs: Sequence[np.random.Generator]) -> Iterator[np.ndarray]:
        """Yield matrices of shops whose customers differ gradually."""
        return (self._draw(rng) for rng in rngs)

    def _draw(self, rng: np.random.Generator) -> np.ndarray:
        normal = self._root @ rng.standard_normal((len(self.sources), len(self.X)))
        draw = np.empty_like(self.X)
        for columns, values, order in zip(self.sources, normal, self._orders, strict=True):
            # The row with the i-th smallest normal value gets the i-th smallest value of the data. All columns of a
            # nominal variable move together, so that every row keeps exactly one level.
            rank = np.empty(len(self.X), dtype=np.int64)
            rank[np.argsort(values, kind="stable")] = np.arange(len(self.X))
            draw[:, columns] = self.X[order[rank]][:, columns]
        return draw


def _first_component(numbers: np.ndarray) -> np.ndarray:
    """Return the scores of all rows on the first principal component of the standardised columns."""
    spread = numbers.std(axis=0)
    scaled = (numbers - numbers.mean(axis=0)) / np.where(spread > 1e-12, spread, 1.0)
    return scaled @ np.linalg.eigh(scaled.T @ scaled)[1][:, -1]


def _ordered_levels(dummies: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Return the rank of every row's level, where levels are ordered by the mean of ``along`` over their rows."""
    level = dummies.argmax(axis=1)
    n = np.bincount(level, minlength=dummies.shape[1])
    mean = np.bincount(level, weights=along, minlength=dummies.shape[1]) / np.maximum(n, 1)
    return rankdata(mean, method="ordinal")[level]
