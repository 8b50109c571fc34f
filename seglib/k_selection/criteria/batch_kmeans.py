"""Many KMeans fits of small matrices: every k of a sweep from one seeding, three matrix products an iteration.

A null distribution needs thousands of fits of a thousand rows. There, most of the time of scikit-learn's KMeans goes
into seeding and into preparing each fit, so a sweep takes it two to three times as long (``make bench``). The fit that
makes the segments, and every sweep of many rows, is scikit-learn's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_ITERATIONS = 100
"""Lloyd's iterations of one fit; on noise most fits need 10 to 40."""

CANDIDATES = 4
"""Rows that are tried as the next centre (greedy k-means++, Arthur & Vassilvitskii 2007)."""


@dataclass(frozen=True)
class Fit:
    """KMeans for one k.

    Attributes
    ----------
    centres : ndarray of float32, shape (k, n_columns)
    labels : ndarray of int, shape (n_rows,)
    inertia : float
        Sum of squared distances to the own centre.
    """

    centres: np.ndarray
    labels: np.ndarray
    inertia: float


class Rows:
    """A matrix made ready for many fits: float32, shifted to mean zero (distances stay, digits are won).

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
        """Return the same for some of the rows, in the same place."""
        part = object.__new__(Rows)
        part.shift, part.X, part.squares = self.shift, self.X[rows], self.squares[rows]
        part.transposed = np.ascontiguousarray(part.X.T)
        return part

    def closeness(self, centres: np.ndarray) -> np.ndarray:
        """Return x.c - |c|^2 / 2 for every centre and row: the greater, the nearer."""
        close = centres @ self.transposed
        close -= 0.5 * np.einsum("ij,ij->i", centres, centres)[:, None]
        return close

    def nearest(self, centres: np.ndarray) -> np.ndarray:
        """Return the number of the nearest centre of every row."""
        return self.closeness(centres).argmax(axis=0)


def fit(rows: Rows, centres: np.ndarray) -> Fit:
    """Move centres to the means of the rows nearest to them until no row changes sides (Lloyd 1982).

    Parameters
    ----------
    rows : Rows
    centres : ndarray of float32, shape (k, n_columns)
        Where to start. A centre that loses all its rows moves to the row furthest from its own.
    """
    ones = np.ones(len(rows.X), dtype=np.float32)
    before = None
    for _ in range(MOST_ITERATIONS):
        close = rows.closeness(centres)
        top = np.maximum.reduce(close)
        own = close >= top
        if (sides := own.tobytes()) == before:
            break
        before = sides
        member = own.astype(np.float32)
        size = member @ ones  # whole numbers, exact
        sums = member @ rows.X
        if np.count_nonzero(size) == len(size):
            centres = sums / size[:, None]
            continue
        centres = sums / np.maximum(size, 1.0)[:, None]
        for lost in np.flatnonzero(size == 0):
            far = int((rows.squares - 2 * top).argmax())
            centres[lost] = rows.X[far]
            top[far] = rows.squares[far] / 2
    else:
        close = rows.closeness(centres)
        top = np.maximum.reduce(close)
    labels, gaps = close.argmax(axis=0), np.maximum(rows.squares - 2 * top, 0)
    return Fit(centres, labels, float(gaps.sum(dtype=np.float64)))


def one_start(rows: Rows, k_max: int, rng: np.random.Generator) -> list[Fit]:
    """Fit k = 1, 2, ..., k_max, each from the centres of the one before and one more row far from all of them.

    Parameters
    ----------
    rows : Rows
    k_max : int
        No more than there are different rows.
    rng : numpy.random.Generator
        Draws the added rows, with a chance proportional to their squared distance from the nearest centre.

    Returns
    -------
    list of Fit
        One a k.
    """
    fits = [fit(rows, rows.X.mean(axis=0, keepdims=True))]
    for _ in range(1, k_max):
        centres = fits[-1].centres
        top = rows.closeness(centres).max(axis=0)
        chance = np.maximum(rows.squares - 2 * top, 0).astype(np.float64).cumsum()
        drawn = np.searchsorted(chance, rng.random(CANDIDATES) * chance[-1], side="right")
        tried = np.minimum(drawn, len(chance) - 1)
        gain = np.maximum(rows.closeness(rows.X[tried]) - top, 0).sum(axis=1)
        fits.append(fit(rows, np.vstack([centres, rows.X[tried[gain.argmax()]]])))
    return fits


def best_starts(rows: Rows, k_max: int, rng: np.random.Generator, *, n_init: int = 1) -> list[Fit]:
    """Return, for k = 1, ..., k_max, the fit with the least inertia of ``n_init`` starts (`one_start`)."""
    starts = [one_start(rows, k_max, rng) for _ in range(n_init)]
    return [min(fits, key=lambda f: f.inertia) for fits in zip(*starts, strict=True)]
