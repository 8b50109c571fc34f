"""Null models: matrices of shops without segments.

`CopulaNull` lets customers differ, in every column as much as they do and with the same correlations, but without
groups; it does not know how features arise. The null models of the other files know it: in `ProcessNull` all customers
are alike, in `GradualNull` they differ gradually, and in both their coupons are simulated. A shop without segments can
beat one of them, but seldom all. So a shop with segments must beat all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
from scipy.stats import norm, rankdata

from seglib.stats import dip_p_value, dips, one_peak_values

ROUNDS = 8
"""Rounds in which the correlations of tied variables are moved."""

FEWEST_ROWS = 10
"""A group with fewer rows is not simulated."""

MANY_LEVELS = 30
"""A number with fewer different values counts as tied."""

LARGEST_TIE = 0.05
"""A number of which one value has a greater share is no continuous one."""

ALPHA_OF_DIPS = 0.05
"""Level of the dip tests of all sources together."""


class Null(Protocol):
    """A null model: a way to simulate matrices of shops without segments.

    Attributes
    ----------
    name : str
    what : str
        What it preserves and what it removes, in a few words; a template that `seglib.style.Wording.of` fills where it
        speaks of coupons.
    customers_differ : bool
        Whether customers differ in these shops, although there are no groups.
    follows_the_data : bool
        Whether it follows the data so closely that groups which lie apart stay apart: it then says whether groups that
        overlap are more than a curve, but not whether there is a valley.
    """

    name: str
    what: str
    customers_differ: bool
    follows_the_data: bool

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

    Two things are added. Where values are tied (yes and no, levels, whole numbers), scores are less correlated than the
    normal variables behind them; so the correlations of these are moved until draws show the observed ones. For yes/no
    items the null model is then a multivariate probit model. And a number whose values have a valley (dip test) gets
    values with one peak in its place: two peaks in a column are two groups, which a null model must not have.
    """

    name = "copula"
    what = "customers differ as much as here, and in the same ways, but gradually"
    customers_differ = True
    follows_the_data = False

    def __init__(self, X: np.ndarray, sources: Sequence[Sequence[int]] | None = None) -> None:
        self.X = np.asarray(X, dtype=np.float64)
        self.sources = [list(s) for s in sources] if sources else [[j] for j in range(self.X.shape[1])]
        numbers = [s[0] for s in self.sources if len(s) == 1]
        first = _first_component(self.X[:, numbers]) if numbers else np.zeros(len(self.X))
        keys = [self.X[:, s[0]] if len(s) == 1 else _ordered_levels(self.X[:, s], first) for s in self.sources]
        # Equal values get the same normal score, from their mean rank. The normal draws have no equal values; `_draw`
        # maps them to the sorted values of the data, which bring theirs back.
        scores = np.array([norm.ppf((rankdata(key) - 0.5) / len(key)) for key in keys])
        orders = [np.argsort(key, kind="stable") for key in keys]
        self._sorted_scores = [score[order] for score, order in zip(scores, orders, strict=True)]
        self._values = [self.X[order][:, columns] for order, columns in zip(orders, self.sources, strict=True)]
        for place, columns in enumerate(self.sources):
            if len(columns) == 1 and _has_valley(self._values[place][:, 0], len(self.sources)):
                self._values[place] = one_peak_values(self._values[place][:, 0])[:, None]
        self._root = _root(self._latent_correlation(scores))

    def draws(self, rngs: Sequence[np.random.Generator]) -> Iterator[np.ndarray]:
        """Yield matrices of shops whose customers differ gradually."""
        return (self._draw(rng) for rng in rngs)

    def within(self, labels: np.ndarray) -> GroupedNull:
        """Return the null model of as many groups as there are labels, with a copula inside each.

        Parameters
        ----------
        labels : ndarray of int, shape (n_rows,)
            The group of every row, 0, 1, ...
        """
        return GroupedNull(self.X, labels, lambda rows: CopulaNull(rows, self.sources))

    def _draw(self, rng: np.random.Generator) -> np.ndarray:
        draw = np.empty_like(self.X)
        for columns, values, rank in zip(self.sources, self._values, self._ranks(self._root, rng), strict=True):
            # The row with the i-th smallest normal value gets the i-th smallest value of the data. All columns of a
            # nominal variable move together, so that every row keeps exactly one level.
            draw[:, columns] = values[rank]
        return draw

    def _ranks(self, root: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the ranks of normal draws, from 0 on, shape (n_sources, n_rows)."""
        normal = root @ rng.standard_normal((len(self.sources), len(self.X)))
        ranks = np.empty(normal.shape, dtype=np.int64)
        place = np.arange(len(self.X))
        for rank, values in zip(ranks, normal, strict=True):
            rank[np.argsort(values, kind="stable")] = place
        return ranks

    def _latent_correlation(self, scores: np.ndarray) -> np.ndarray:
        """Return the correlation of the normal variables behind the scores."""
        # A constant source has no correlation with anything.
        varying = scores.std(axis=1) > 1e-12
        observed = np.eye(len(scores))
        if varying.sum() < 2:
            return observed
        observed[np.ix_(varying, varying)] = np.corrcoef(scores[varying])
        tied = np.array([len(np.unique(score)) < MANY_LEVELS for score in scores])
        if not tied.any():
            return observed
        rng, latent = np.random.default_rng(0), observed
        for _ in range(ROUNDS):
            ranks = self._ranks(_root(latent), rng)
            drawn = np.array([values[rank] for values, rank in zip(self._sorted_scores, ranks, strict=True)])
            simulated = np.eye(len(scores))
            simulated[np.ix_(varying, varying)] = np.corrcoef(drawn[varying])
            latent = np.clip(latent + (observed - simulated) * (tied[:, None] | tied), -0.99, 0.99)
            np.fill_diagonal(latent, 1.0)
        return latent


class GroupedNull:
    """Groups that are given, and inside each of them rows that differ gradually.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
    labels : ndarray of int, shape (n_rows,)
        The group of every row.
    null_of : callable
        From the rows of a group to the null model of them.
    """

    name = "groups"
    what = "the groups are given, and inside each customers differ gradually"
    customers_differ = True
    follows_the_data = False

    def __init__(self, X: np.ndarray, labels: np.ndarray, null_of: Callable[[np.ndarray], Null]) -> None:
        self.X = X
        self._members = [np.flatnonzero(labels == group) for group in np.unique(labels)]
        self._members = [rows for rows in self._members if len(rows) >= FEWEST_ROWS]
        self._inside = [null_of(X[rows]) for rows in self._members]

    def draws(self, rngs: Sequence[np.random.Generator]) -> Iterator[np.ndarray]:
        """Yield matrices of these groups; a group of very few rows stays as it is."""
        for rng in rngs:
            draw = self.X.copy()
            for rows, null in zip(self._members, self._inside, strict=True):
                (draw[rows],) = null.draws([rng])
            yield draw


class CopulaOfLump(GroupedNull):
    """The copula null model of a table with rows that share a value in several columns: they stay together.

    Parameters
    ----------
    copula : CopulaNull
    lump : ndarray of int, shape (n_rows,)
        1 for the rows that stay together, else 0.
    """

    name = CopulaNull.name
    what = CopulaNull.what

    def __init__(self, copula: CopulaNull, lump: np.ndarray) -> None:
        super().__init__(copula.X, lump, lambda rows: CopulaNull(rows, copula.sources))
        self.within = copula.within


def _root(correlation: np.ndarray) -> np.ndarray:
    """Return a square root of the nearest correlation matrix.

    It comes from the eigenvectors and not from Cholesky, because the matrix is singular where one source repeats
    another.
    """
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0))
    return root / np.sqrt((root**2).sum(axis=1))[:, None]


def _has_valley(values: np.ndarray, n_sources: int) -> bool:
    """Say whether the values of a number have a valley, by the dip test at 5% for all sources together.

    Numbers of which one value has a large share are left out: whether there is a peak between levels is no question.
    """
    largest_share = np.unique(values, return_counts=True)[1].max() / len(values)
    if largest_share > LARGEST_TIE:
        return False
    return bool(dip_p_value(dips([values])[0], len(values)) <= ALPHA_OF_DIPS / n_sources)


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
