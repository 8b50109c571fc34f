"""Are there few customers between each segment and its neighbours? Rows seen along the line from centre to centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seglib.k_selection.criteria.batch_kmeans import Fit
from seglib.stats import dip_p_value, dips, holm

GRID = np.linspace(-2.5, 2.5, 101)
"""Where densities are computed: the two centres are at -1 and 1, the border between the segments is at 0."""

COLUMNS = ["first", "second", "n_first", "n_second", "n_near", "dip", "scaled_dip", "p", "p_holm", "density_between"]


@dataclass(frozen=True)
class Valleys:
    """Every pair of neighbouring segments, the least clear valley first.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a pair: first, second (numbers of the segments), n_first, n_second (rows of each), n_near (rows that the
        dip is computed from, `near_border`), dip, scaled_dip (sqrt(n_near) * dip; the smaller, the less clear), p
        (`seglib.stats.dip_p_value`), p_holm (corrected for the number of pairs), density_between (`density_between`: 1
        is no valley, 0 is empty).
    densities : ndarray of float, shape (n_pairs, len(GRID))
        Density of both segments of each pair along the line from the first centre to the second.
    """

    table: pd.DataFrame
    densities: np.ndarray

    @property
    def larger_first(self) -> np.ndarray:
        """The densities with the larger segment of each pair at -1, so that pairs of several shops can be compared."""
        swap = (self.table["n_second"] > self.table["n_first"]).to_numpy()
        return np.where(swap[:, None], self.densities[:, ::-1], self.densities)

    @property
    def p(self) -> float:
        """The greatest p-value of all pairs: small only if there is a valley between all neighbours. 1 without pairs.

        No correction is needed, because all pairs have to pass (intersection-union test, Berger 1982, Technometrics
        24(4)).
        """
        return float(self.table["p"].max()) if len(self.table) else 1.0


def neighbours(centres: np.ndarray) -> list[tuple[int, int]]:
    """Return the pairs of centres for which no third one is nearer to the midpoint of the two.

    Parameters
    ----------
    centres : array_like of float, shape (k, n_columns)

    Returns
    -------
    list of (int, int)
        The smaller number first, in ascending order. Every centre has at least one neighbour if k > 1.

    Notes
    -----
    The graph of Gabriel & Sokal (1969), Systematic Zoology 18(3): c is inside the sphere around the midpoint of a and b
    through both if |a - c|^2 + |b - c|^2 < |a - b|^2.
    """
    centres = np.asarray(centres, dtype=np.float64)
    squared = ((centres[:, None] - centres) ** 2).sum(axis=2)
    by_way_of = (squared[:, None, :] + squared[None, :, :]).min(
        axis=2
    )  # over all third centres; a and b give |a - b|^2
    is_pair = by_way_of >= squared * (1 - 1e-9)
    return [(int(a), int(b)) for a, b in np.argwhere(np.triu(is_pair, 1))]


def projections(
    rows: np.ndarray, labels: np.ndarray, centres: np.ndarray, pairs: Sequence[tuple[int, int]]
) -> list[np.ndarray]:
    """Return the rows of both segments of each pair along the line through their centres.

    Parameters
    ----------
    rows : ndarray of float, shape (n_rows, n_columns)
    labels : ndarray of int, shape (n_rows,)
        Numbers of the segments, 0, ..., k - 1.
    centres : ndarray of float, shape (k, n_columns)
        In the same units as the rows.
    pairs : sequence of (int, int)
        From `neighbours`.

    Returns
    -------
    list of ndarray of float, shape (n_first + n_second,)
        The first centre is at -1, the second at 1, the border between the two at 0. Rounded to nine decimals, so that
        rows which are equal stay equal. All 0 where two centres are the same.
    """
    if not len(pairs):
        return []
    centres = np.asarray(centres, dtype=np.float64)
    first, second = np.transpose(pairs)
    direction, middle = centres[second] - centres[first], (centres[second] + centres[first]) / 2
    squared = (direction**2).sum(axis=1)
    direction = np.divide(2 * direction, squared[:, None], out=np.zeros_like(direction), where=squared[:, None] > 0)
    along = direction @ np.asarray(rows, dtype=np.float64).T
    along -= (direction * middle).sum(axis=1)[:, None]
    along = np.round(along, 9, out=along)
    members = labels == np.arange(len(centres))[:, None]
    return [line[members[a] | members[b]] for line, (a, b) in zip(along, pairs, strict=True)]


def near_border(along: np.ndarray) -> np.ndarray:
    """Return the rows on both sides of a border, equally many of each: of the larger side those nearest to the border.

    Parameters
    ----------
    along : ndarray of float, shape (n,)
        From `projections`.

    Returns
    -------
    ndarray of float, shape (2 * the rows of the smaller side,)
        In ascending order. At least one row of each side that has any.

    Notes
    -----
    The dip of all rows is a distance between distribution functions. So it hardly sees a small segment, whose whole
    mass is a few per cent. A density with one mode has one mode in any interval, so where there is no valley, nothing
    changes. Measured (``studies/valleys.md``, 1,000 rows): between two normal groups of 80 to 20, 4 standard deviations
    apart, a valley (p <= .05) is seen in 82% instead of 10%; 93 to 7, 5 apart, in 82% instead of 0%; groups of equal
    size as before. In clouds without groups 0.4% of all divisions have valleys between all pairs, by either version.
    """
    ordered = np.sort(along)
    border = int(ordered.searchsorted(0.0, side="right"))
    n = max(min(border, len(ordered) - border), 1)
    return ordered[max(border - n, 0) : border + n]


def scaled_dips(rows: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return sqrt(n) * dip of every pair of neighbours, in the order of `neighbours`; parameters as in `projections`.

    The dip is that of the rows near the border (`near_border`), n their number. Without a valley its distribution
    hardly depends on n, so that pairs can be compared.
    """
    return _scaled(projections(rows, labels, centres, neighbours(centres)))


def least_clear(rows: np.ndarray, fits: Sequence[Fit]) -> np.ndarray:
    """Return the smallest sqrt(n) * dip over all pairs of neighbours, for several fits of the same rows.

    Parameters
    ----------
    rows : ndarray of float, shape (n_rows, n_columns)
        In the units of the centres: for fits of `Rows`, their attribute ``X``.
    fits : sequence of Fit

    Returns
    -------
    ndarray of float, shape (len(fits),)
        NaN for a fit of one segment.
    """
    rows = np.asarray(rows, dtype=np.float64)
    lines = [projections(rows, fit.labels, fit.centres, neighbours(fit.centres)) for fit in fits]
    scaled = _scaled([along for of_fit in lines for along in of_fit])
    ends = np.cumsum([len(of_fit) for of_fit in lines])
    return np.array([part.min() if len(part) else np.nan for part in np.split(scaled, ends[:-1])])


def valleys(rows: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> Valleys:
    """Look for a valley between every two neighbouring segments; parameters as in `projections`.

    Notes
    -----
    The dip of Hartigan & Hartigan (1985) along the line through two centres. KMeans cuts at the border, and half a
    cloud beside the other half has one mode; so cutting in two makes no valley. Two of many parts of a cloud can have
    one, because customers between two centres may belong to a third. So a valley between one pair says nothing, only
    valleys between all. Measured on clouds of five shapes without groups, k = 2 to 6 (``studies/valleys.md``): some
    pair has p_holm <= .05 in 4 to 64%, every pair has p <= .05 in 0 to 2% (8.9% of uniform clouds for k = 2, where dips
    are greatest and KMeans chooses the direction).
    """
    pairs = neighbours(centres)
    lines = projections(rows, labels, centres, pairs)
    table = pd.DataFrame(pairs, columns=COLUMNS[:2], dtype=int)
    size = np.bincount(labels, minlength=len(centres))
    near = [near_border(along) for along in lines]
    n, dip = np.array([len(along) for along in near], dtype=int), dips(near)
    table = table.assign(n_first=size[table["first"]], n_second=size[table["second"]], n_near=n, dip=dip)
    table = table.assign(scaled_dip=np.sqrt(n) * dip, p=dip_p_value(dip, n))
    table["p_holm"] = holm(table["p"])
    curves = np.array([density(along) for along in lines]).reshape(-1, len(GRID))
    table["density_between"] = [density_between(curve) for curve in curves]
    order = np.lexsort((table["scaled_dip"], -table["p"]))  # by the dip among those whose p is at its least
    return Valleys(table.iloc[order].reset_index(drop=True), curves[order])


def density(along: np.ndarray) -> np.ndarray:
    """Return the density of rows along a line from centre to centre, at the places of `GRID`.

    Parameters
    ----------
    along : ndarray of float, shape (n,)
        From `projections`.

    Returns
    -------
    ndarray of float, shape (len(GRID),)
        Its integral over the whole line is 1.

    Notes
    -----
    Gaussian kernel with the bandwidth 1.06 s / n^(1/5) (Silverman 1986, eq. 3.28). s is the standard deviation within
    the two segments: that of all rows would grow with the distance between the segments, and fill the valley.
    """
    is_second = along > 0
    inside = along - np.where(is_second, along[is_second].sum() / max(is_second.sum(), 1), 0)
    inside = inside - np.where(is_second, 0, along[~is_second].sum() / max((~is_second).sum(), 1))
    width = max(1.06 * np.sqrt((inside**2).mean()) * len(along) ** -0.2, GRID[1] - GRID[0])
    z = (GRID[:, None] - along) / width
    return np.exp(-0.5 * z**2).sum(axis=1) / (len(along) * width * np.sqrt(2 * np.pi))


def density_between(curve: np.ndarray) -> float:
    """Return the least density between two centres relative to the lower of the two peaks on its sides.

    Parameters
    ----------
    curve : ndarray of float, shape (len(GRID),)
        From `density`.

    Returns
    -------
    float
        1: no valley; 0: nobody is between the two. The lowest point need not be at the border, which for a large
        segment beside a small one is on the slope of the large one.
    """
    lower_peak = np.minimum(np.maximum.accumulate(curve), np.maximum.accumulate(curve[::-1])[::-1])
    between = np.abs(GRID) <= 1
    share = np.divide(curve, lower_peak, out=np.ones_like(curve), where=lower_peak > 0)
    return float(share[between].min())


def _scaled(lines: list[np.ndarray]) -> np.ndarray:
    near = [near_border(along) for along in lines]
    return np.sqrt([len(along) for along in near]) * dips(near)
