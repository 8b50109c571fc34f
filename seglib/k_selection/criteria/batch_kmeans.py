"""Many KMeans fits of small matrices: one seeding for every k of a sweep, three matrix products per iteration.

A null distribution needs thousands of fits of a thousand rows. At that size, scikit-learn's KMeans spends most of its
time on seeding and on preparing each fit, so a sweep takes two to three times as long with it (``make bench``). The
final fit that makes the segments, and every sweep of many rows, use scikit-learn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from operator import eq

import numpy as np

MOST_ITERATIONS = 100
"""Largest number of Lloyd's iterations of one fit; on noise most fits need 10 to 40."""

CANDIDATES = 4
"""Number of rows that compete to be the next centre (greedy k-means++, Arthur & Vassilvitskii 2007)."""


@dataclass(frozen=True)
class Fit:
    """KMeans for one k.

    Attributes
    ----------
    centres : ndarray of float32, shape (k, n_columns)
    labels : ndarray of int, shape (n_rows,)
    inertia : float
        Sum of squared distances of the rows to their cluster's centre.
    """

    centres: np.ndarray
    labels: np.ndarray
    inertia: float


class Rows:
    """A matrix prepared for many fits: float32, shifted to mean zero.

    The shift leaves all distances as they are. It makes the numbers small, so that float32 keeps more of their digits.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
    """

    def __init__(self, X: np.ndarray) -> None:
        X = np.asarray(X, dtype=np.float64)
        self.shift = X.mean(axis=0)
        self.X = np.ascontiguousarray(X - self.shift, dtype=np.float32)
        self.transposed = np.ascontiguousarray(self.X.T)
        self.squares = np.einsum("ij,ij->i", self.X, self.X)

    def take(self, rows: np.ndarray) -> Rows:
        """Return some of the rows, prepared in the same way and with the same shift."""
        part = object.__new__(Rows)
        part.shift, part.X, part.squares = self.shift, self.X[rows], self.squares[rows]
        part.transposed = np.ascontiguousarray(part.X.T)
        return part

    def closeness(self, centres: np.ndarray) -> np.ndarray:
        """Return x.c - |c|^2 / 2 for every centre and row, shape (..., k, n_rows): the greater, the nearer."""
        # |x - c|^2 = |x|^2 - 2 (x.c - |c|^2 / 2), and |x|^2 does not depend on the centre. So the nearest centre needs
        # one matrix product and no squared distances; these follow from the result where they are needed.
        close = centres @ self.transposed
        close -= 0.5 * np.einsum("...j,...j->...", centres, centres)[..., None]
        return close

    def nearest(self, centres: np.ndarray) -> np.ndarray:
        """Return the index of the nearest centre of every row."""
        return self.closeness(centres).argmax(axis=0)


def fit(rows: Rows, centres: np.ndarray) -> Fit:
    """Move centres to the means of the rows nearest to them until no row changes its cluster (Lloyd 1982).

    Parameters
    ----------
    rows : Rows
    centres : ndarray of float32, shape (k, n_columns)
        Where to start. A centre that loses all its rows moves to the row that is furthest from its nearest centre.
    """
    return _fit_all(rows, centres[None]).fit(0)


def all_starts(rows: Rows, k_max: int, rng: np.random.Generator, *, n_init: int = 1) -> list[list[Fit]]:
    """Fit k = 1, 2, ..., k_max several times, each from the centres of the fit before and one more row far from them.

    Parameters
    ----------
    rows : Rows
    k_max : int
        At most the number of different rows.
    rng : numpy.random.Generator
        Draws the added rows, with a probability proportional to the squared distance from the nearest centre.
    n_init : int, default=1
        Starts. The first ones are the same, however many there are.

    Returns
    -------
    list of list of Fit
        For every k, one per start.
    """
    return [[fits.fit(start) for start in range(n_init)] for fits in _fits_of_k(rows, k_max, rng, n_init)]


def one_start(rows: Rows, k_max: int, rng: np.random.Generator) -> list[Fit]:
    """Return the fits of a single start, for k = 1, 2, ..., k_max (`all_starts`)."""
    return best_starts(rows, k_max, rng)


def best_starts(rows: Rows, k_max: int, rng: np.random.Generator, *, n_init: int = 1) -> list[Fit]:
    """Return, for k = 1, ..., k_max, the fit with the least inertia of ``n_init`` starts (`all_starts`)."""
    return [fits.fit(int(fits.inertia.argmin())) for fits in _fits_of_k(rows, k_max, rng, n_init)]


@dataclass(frozen=True)
class _Fits:
    """Fits of the same rows for one k, from several starts.

    Attributes
    ----------
    centres : ndarray of float32, shape (n_starts, k, n_columns)
    is_member : ndarray of bool, shape (n_starts, k, n_rows)
        Whether no other centre is nearer to a row. A row that is equally near to two of them is a member of the first.
    top : ndarray of float32, shape (n_starts, n_rows)
        How close the nearest centre of every row is (`Rows.closeness`).
    inertia : ndarray of float, shape (n_starts,)
    """

    centres: np.ndarray
    is_member: np.ndarray
    top: np.ndarray
    inertia: np.ndarray

    def repeated(self, n_starts: int) -> _Fits:
        """Return a single fit as that of several starts, which all end there."""
        return _Fits(*(np.repeat(getattr(self, field.name), n_starts, axis=0) for field in fields(self)))

    def fit(self, start: int) -> Fit:
        """Return the fit of one start."""
        # Numbered from the last to the first, the first of the clusters of a row has the greatest number. Passes over
        # bytes find it several times as fast as `argmax` does along the clusters.
        k = self.centres.shape[1]
        from_last = np.arange(k, 0, -1, dtype=np.min_scalar_type(k))
        labels = k - (self.is_member[start] * from_last[:, None]).max(axis=0).astype(np.int64)
        return Fit(self.centres[start], labels, float(self.inertia[start]))


def _fits_of_k(rows: Rows, k_max: int, rng: np.random.Generator, n_init: int) -> Iterator[_Fits]:
    """Yield the fits for k = 1, 2, ..., k_max (`all_starts`)."""
    draws = rng.random((n_init, k_max - 1, CANDIDATES))
    fits = _fit_all(rows, rows.X.mean(axis=0, keepdims=True)[None]).repeated(n_init)
    yield fits
    for k in range(1, k_max):
        # Greedy k-means++: draw a few candidates by their squared distance (by inverting its cumulative sum), and add
        # the one that lowers the inertia most. In units of closeness, a row gains what the candidate is closer.
        cumulative = np.maximum(rows.squares - 2 * fits.top, 0).cumsum(axis=1, dtype=np.float64)
        drawn = [c.searchsorted(u * c[-1], side="right") for c, u in zip(cumulative, draws[:, k - 1], strict=True)]
        candidates = rows.X[np.minimum(drawn, len(rows.X) - 1)]
        closer = rows.closeness(candidates)
        closer -= fits.top[:, None]
        reduction = np.maximum(closer, 0, out=closer).sum(axis=2)
        added = candidates[np.arange(n_init), reduction.argmax(axis=1)]
        fits = _fit_all(rows, np.concatenate([fits.centres, added[:, None]], axis=1))
        yield fits


def _fit_all(rows: Rows, centres: np.ndarray) -> _Fits:
    """Fit from several starts at once (`fit`); ``centres`` has the shape (n_starts, k, n_columns)."""
    n_starts, k, n_rows = *centres.shape[:2], len(rows.X)
    ones = np.ones(n_rows, dtype=np.float32)
    fits = _Fits(
        np.empty_like(centres),
        np.empty((n_starts, k, n_rows), dtype=bool),
        np.empty((n_starts, n_rows), dtype=np.float32),
        np.empty(n_starts),
    )
    running, previous = list(range(n_starts)), [b""] * n_starts
    for iteration in range(MOST_ITERATIONS + 1):
        # First matrix product: closeness of every row to every centre. The members of a cluster are the rows for which
        # no other centre is closer, as a matrix of true and false with one row per cluster. Where it is the same as in
        # the last iteration, bit by bit, nothing moves any more.
        close = rows.closeness(centres)
        top = np.maximum.reduce(close, axis=1)
        is_member = close >= top[:, None]
        members = [of_start.tobytes() for of_start in is_member]
        if iteration == MOST_ITERATIONS:
            previous = members
        if any(map(eq, members, previous)):
            moves = [place for place, before in enumerate(previous) if members[place] != before]
            for place, start in enumerate(running):
                if members[place] == previous[place]:
                    squared_distance = np.maximum(rows.squares - 2 * top[place], 0)
                    fits.inertia[start] = squared_distance.sum(dtype=np.float64)
                    fits.centres[start], fits.is_member[start], fits.top[start] = (
                        centres[place],
                        is_member[place],
                        top[place],
                    )
            if not moves:
                break
            running, top, is_member = [running[place] for place in moves], top[moves], is_member[moves]
            members = [members[place] for place in moves]
        previous = members
        # Second and third: sizes and sums of all clusters. A size is a count, which float32 holds exactly.
        weights = is_member.astype(np.float32)
        size = weights @ ones
        centres = weights @ rows.X
        centres /= np.maximum(size, 1.0)[:, :, None]
        if np.count_nonzero(size) < size.size:
            for start, empty in np.argwhere(size == 0):
                far = int((rows.squares - 2 * top[start]).argmax())
                centres[start, empty] = rows.X[far]
                top[start, far] = rows.squares[far] / 2  # its squared distance is now 0: the next one takes another row
    return fits
