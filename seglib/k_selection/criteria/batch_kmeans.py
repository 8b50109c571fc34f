"""Many KMeans fits of small matrices: one seeding for every k of a sweep, three matrix products per iteration.

A null distribution needs thousands of fits of a thousand rows. At that size, scikit-learn's KMeans spends most of its
time on seeding and on preparing each fit, so a sweep takes two to three times as long with it (``make bench``). The
final fit that makes the segments, and every sweep of many rows, use scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass

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
        """Return x.c - |c|^2 / 2 for every centre and row, shape (k, n_rows): the greater, the nearer."""
        # |x - c|^2 = |x|^2 - 2 (x.c - |c|^2 / 2), and |x|^2 does not depend on the centre. So the nearest centre needs
        # one matrix product and no squared distances; these follow from the result where they are needed.
        close = centres @ self.transposed
        close -= 0.5 * np.einsum("ij,ij->i", centres, centres)[:, None]
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
    ones = np.ones(len(rows.X), dtype=np.float32)
    previous_members = None
    for _ in range(MOST_ITERATIONS):
        # First matrix product: closeness of every row to every centre. The members of a cluster are the rows for which
        # no other centre is closer, as a matrix of true and false with one row per cluster. Where it is the same as in
        # the last iteration, bit by bit, nothing moves any more.
        close = rows.closeness(centres)
        top = np.maximum.reduce(close)
        is_member = close >= top
        if (members := is_member.tobytes()) == previous_members:
            break
        previous_members = members
        # Second and third: sizes and sums of all clusters. A size is a count, which float32 holds exactly.
        weights = is_member.astype(np.float32)
        size = weights @ ones
        sums = weights @ rows.X
        if np.count_nonzero(size) == len(size):
            centres = sums / size[:, None]
            continue
        centres = sums / np.maximum(size, 1.0)[:, None]
        for empty in np.flatnonzero(size == 0):
            far = int((rows.squares - 2 * top).argmax())
            centres[empty] = rows.X[far]
            top[far] = rows.squares[far] / 2  # its squared distance is now 0, so the next empty cluster takes another
    else:
        close = rows.closeness(centres)
        top = np.maximum.reduce(close)
    labels, squared_distance = close.argmax(axis=0), np.maximum(rows.squares - 2 * top, 0)
    return Fit(centres, labels, float(squared_distance.sum(dtype=np.float64)))


def one_start(rows: Rows, k_max: int, rng: np.random.Generator) -> list[Fit]:
    """Fit k = 1, 2, ..., k_max, each from the centres of the fit before and one more row far from all of them.

    Parameters
    ----------
    rows : Rows
    k_max : int
        At most the number of different rows.
    rng : numpy.random.Generator
        Draws the added rows, with a probability proportional to the squared distance from the nearest centre.

    Returns
    -------
    list of Fit
        One per k.
    """
    fits = [fit(rows, rows.X.mean(axis=0, keepdims=True))]
    for _ in range(1, k_max):
        centres = fits[-1].centres
        # Greedy k-means++: draw a few candidates by their squared distance (by inverting its cumulative sum), and add
        # the one that lowers the inertia most. In units of closeness, a row gains what the candidate is closer.
        top = rows.closeness(centres).max(axis=0)
        cumulative = np.maximum(rows.squares - 2 * top, 0).astype(np.float64).cumsum()
        drawn = np.searchsorted(cumulative, rng.random(CANDIDATES) * cumulative[-1], side="right")
        candidates = np.minimum(drawn, len(cumulative) - 1)
        reduction = np.maximum(rows.closeness(rows.X[candidates]) - top, 0).sum(axis=1)
        fits.append(fit(rows, np.vstack([centres, rows.X[candidates[reduction.argmax()]]])))
    return fits


def best_starts(rows: Rows, k_max: int, rng: np.random.Generator, *, n_init: int = 1) -> list[Fit]:
    """Return, for k = 1, ..., k_max, the fit with the least inertia of ``n_init`` starts (`one_start`)."""
    starts = [one_start(rows, k_max, rng) for _ in range(n_init)]
    return [min(fits, key=lambda f: f.inertia) for fits in zip(*starts, strict=True)]
