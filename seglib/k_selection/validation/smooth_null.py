"""A null model for tables whose columns depend on each other in curves: smoothed rows, without groups.

The copula null only keeps correlations. Rows along a bow, in the triangle of shares that add up to 1, or with joint
extremes beat it without any groups. `SmoothNull` keeps such shapes, as far as a neighbourhood of rows can see them.
``studies/table_nulls.md`` has how often tables with and without groups beat either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.spatial import KDTree

from seglib.k_selection.validation.null_models import GroupedNull

NEIGHBOURS = 0.22
"""Share of the rows that are a row's neighbours, in a table of 500 rows."""

NARROWING = 1 / 8
"""The share falls with the number of rows to this power: of more rows, each sees a smaller part of the curve."""

DONORS = 0.3
"""Share of the rows from which a level is taken: levels do not change gradually, so fewer would keep their groups."""

FEW_VALUES = 10
"""A number of at most so many different values is drawn as a level."""

ISOLATED, NEAREST = 1.5, 0.01
"""A row is isolated if its nearest one in a hundred rows reach this many times as far as usual neighbourhoods do."""

STANDS_OUT = 2.0
"""Standard errors by which a mode must be denser than the way from it to a denser mode, to count."""

DIRECTIONS = 16
"""Number of neighbours whose differences are combined into the noise of one drawn row."""


class SmoothNull:
    """Customers who differ gradually, along the same curves as here: rows are smoothed among their neighbours.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
        The matrix.
    sources : sequence of sequence of int, optional
        The columns that each source became: one for a number, several for the levels of a name. Default: every column
        is a number.

    Notes
    -----
    A smoothed bootstrap (Silverman & Young 1987, Biometrika 74(3)) with the local covariance as its kernel (manifold
    Parzen windows, Vincent & Bengio 2003, Adv. Neural Inf. Process. Syst. 15). A drawn row comes from the normal
    distribution that has the mean and the covariance of the neighbours of one row. Neighbourhoods are so large that
    they reach across the gap between groups, and so small that a curve is nearly straight inside them. The draws are
    then given the covariance of the data by the linear map that moves them least, and every number its sorted values,
    as in the copula null.

    A group of more rows than a neighbourhood has would be drawn as it is. So where the rows have modes that stand out
    at the scale of neighbourhoods, all rows are neighbours of each other, and the numbers are drawn as by a copula
    null.

    Rows that are isolated stay where they are: the mean of their neighbours would pull in the joint extremes of heavy
    tails, and so few rows are no segment. A level, or a number of few values, is that of a neighbour, drawn for each
    source apart: given the place in the table, levels are independent.
    """

    name = "smooth"
    what = "customers differ as much as here, and along the same curves, but gradually"
    customers_differ = True
    follows_the_data = True

    def __init__(self, X: np.ndarray, sources: Sequence[Sequence[int]] | None = None) -> None:
        self.X = np.asarray(X, dtype=np.float64)
        n, m = self.X.shape
        self.sources = sources = [list(s) for s in sources] if sources else [[j] for j in range(m)]
        self._numbers = [s[0] for s in sources if len(s) == 1]
        self._names = [s for s in sources if len(s) > 1]
        n_values = {j: len(np.unique(self.X[:, j])) for j in self._numbers}
        self._few = [j for j in self._numbers if n_values[j] <= FEW_VALUES]
        self._many = [j for j in self._numbers if n_values[j] > FEW_VALUES]
        self._sorted = np.sort(self.X, axis=0)
        share = NEIGHBOURS * (500 / max(n, 1)) ** NARROWING
        n_neighbours = min(max(round(share * n), min(n, 2)), n)
        n_donors = min(max(round(DONORS * n), n_neighbours), n)
        distance, self._neighbours = _nearest(self.X, n_donors)
        values = self.X[:, self._many]
        if has_modes(values, n_neighbours):
            self._neighbours_of_numbers = np.broadcast_to(np.arange(n), (n, n))
        else:
            self._neighbours_of_numbers = self._neighbours[:, :n_neighbours]
        self._mean = np.array([values[row].mean(axis=0) for row in self._neighbours_of_numbers])
        place = min(max(round(NEAREST * n), 3), n_neighbours - 1)
        self._isolated = distance[:, place] > ISOLATED * np.median(distance[:, n_neighbours - 1])
        self._covariance = np.cov(values, rowvar=False, ddof=0) if len(self._many) > 1 else None

    def draws(self, rngs: Sequence[np.random.Generator]) -> Iterator[np.ndarray]:
        """Yield matrices of shops whose customers differ gradually, along the curves of the data."""
        return (self._draw(rng) for rng in rngs)

    def within(self, labels: np.ndarray) -> GroupedNull:
        """Return the null model of as many groups as there are labels, each smoothed by itself.

        Parameters
        ----------
        labels : ndarray of int, shape (n_rows,)
            The group of every row, 0, 1, ...
        """
        return GroupedNull(self.X, labels, lambda rows: SmoothNull(rows, self.sources))

    def _draw(self, rng: np.random.Generator) -> np.ndarray:
        n = len(self.X)
        rows = rng.integers(0, n, n)
        draw = self.X[rows]
        draw[:, self._many] = self._smoothed(rows, rng)
        for columns in [*([j] for j in self._few), *self._names]:
            donor = self._neighbours[rows, rng.integers(0, self._neighbours.shape[1], n)]
            draw[:, columns] = self.X[donor][:, columns]
        for j in self._numbers:
            # The i-th smallest value drawn becomes the i-th smallest of the data. Among equal values drawn the order is
            # random: by place, the same rows would come first in every column, and values would seem to move together.
            order = rng.permutation(n)
            order = order[np.argsort(draw[order, j], kind="stable")]
            draw[order, j] = self._sorted[:, j]
        return draw

    def _smoothed(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw the numbers of many values, one row near each of the given ones."""
        n = len(rows)
        if not self._many:
            return np.empty((n, 0))
        # Differences of random neighbours from their mean, with independent normal weights, have the covariance of the
        # neighbours. No covariance matrix per row has to be kept, whatever the number of columns.
        place = rng.integers(0, self._neighbours_of_numbers.shape[1], (n, DIRECTIONS))
        picked = self._neighbours_of_numbers[rows[:, None], place]
        weights = rng.standard_normal((n, DIRECTIONS)) / np.sqrt(DIRECTIONS)
        mean, values = self._mean[rows], self.X[:, self._many]
        noise = (weights[:, None, :] @ values[picked])[:, 0] - weights.sum(axis=1)[:, None] * mean
        smoothed = np.where(self._isolated[rows][:, None], values[rows], mean + noise)
        return smoothed if self._covariance is None else _with_covariance(smoothed, self._covariance)


def has_modes(X: np.ndarray, n_neighbours: int) -> bool:
    """Say whether rows gather in several places, as seen by neighbourhoods of this size.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
    n_neighbours : int
        Rows in a neighbourhood, the row itself included.

    Notes
    -----
    Modes of the nearest-neighbour density, joined from the densest row down along the graph of neighbours; a mode lasts
    as long as its density exceeds that of the row where it meets a denser one (Chazal et al. 2013, J. ACM 60(6)). The
    logarithm of such a density has a standard error of 1 / sqrt(k), a difference of two sqrt(2 / k). Distances count
    in the dimension that the rows fill (Levina & Bickel 2004, Adv. Neural Inf. Process. Syst. 17): rows along a curve
    are dense or sparse in one dimension, however many columns there are. Rows with most of their neighbours in the very
    same place have no density: such a lump is left out, and the others are looked at alone.
    """
    if n_neighbours < 3 or X.shape[1] == 0:
        return False
    distance, neighbours = _nearest(X, n_neighbours)
    lump = distance[:, -1] <= 1e-3 * distance[:, -1].max()
    if lump.any():
        rest = X[~lump]
        return len(rest) > n_neighbours and has_modes(rest, n_neighbours)
    radius = distance[:, -1]
    ratio = np.log(radius[:, None] / np.maximum(distance[:, 1:-1], 1e-3 * radius[:, None]))
    density = -np.log(radius) / ratio.mean()
    least = STANDS_OUT * np.sqrt(2 / n_neighbours)
    peak = np.full(len(X), -1)  # the mode that a row belongs to, as the number of its densest row
    for row in np.argsort(-density, kind="stable"):
        reached = np.unique(peak[neighbours[row]])
        reached = reached[reached >= 0]
        if len(reached) == 0:
            peak[row] = row
            continue
        densest = reached[density[reached].argmax()]
        for other in reached[reached != densest]:
            if density[other] - density[row] > least:
                return True
            peak[peak == other] = densest
        peak[row] = densest
    return len(np.unique(peak)) > 1


def _nearest(X: np.ndarray, n_nearest: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances of the nearest rows of every row, itself first, and their numbers.

    Rows with equal answers have many neighbours at equal distances. A tiny shift, always the same, puts them in a
    random order: by their place in the table, a part of them would be nobody's neighbours.
    """
    jitter = 1e-6 * np.random.default_rng(0).standard_normal(X.shape)
    shifted = X + jitter * np.maximum(X.std(axis=0), 1e-12)
    distance, neighbours = KDTree(shifted).query(shifted, k=np.arange(1, n_nearest + 1))
    return distance, neighbours


def _with_covariance(values: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Map values linearly to a covariance matrix, moving them as little as can be.

    Notes
    -----
    Optimal transport between normal distributions (Dowson & Landau 1982, J. Multivariate Anal. 12(3)): with S and T the
    covariances before and after, the map is S^(-1/2) (S^(1/2) T S^(1/2))^(1/2) S^(-1/2). Other maps would do, such as
    that of Cholesky factors, but turn the cloud of rows.
    """
    centred = values - values.mean(axis=0)
    variance, vectors = np.linalg.eigh(np.cov(centred, rowvar=False, ddof=0))
    # Where columns repeat each other, there is a direction without variance. Nothing is to be mapped along it.
    varies = variance > 1e-10 * variance.max(initial=0.0)
    root = np.sqrt(np.maximum(variance, 0))
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=varies & (root > 0))
    root_before, inverse_before = (vectors * root) @ vectors.T, (vectors * inverse) @ vectors.T
    between, turned = np.linalg.eigh(root_before @ covariance @ root_before)
    middle = (turned * np.sqrt(np.maximum(between, 0))) @ turned.T
    return centred @ (inverse_before @ middle @ inverse_before)
