"""The dip: how far a sample is from having one mode (Hartigan & Hartigan 1985)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

FEW_POINTS = 200
"""Up to so many points, a loop in Python finds a convex hull faster than passes over arrays do."""

MOST_VALUES = 45_000
"""Number of values that are handled at once."""

SMALLEST_P = 1e-4
"""Where the table of p-values ends; a smaller one is given as this."""


def dip(x: np.ndarray) -> float:
    """Return the dip of a sample: its greatest distance from the nearest distribution with one mode.

    Parameters
    ----------
    x : array_like of float, shape (n,)
        In any order. Ties are allowed.

    Returns
    -------
    float
        From 1 / (2 n), one mode, to 1/4, two points of equal weight. 0 if all values are equal.

    Raises
    ------
    ValueError
        If there is no value, or one is not finite.

    Notes
    -----
    Hartigan & Hartigan (1985), Annals of Statistics 13(1): the smallest d such that some distribution function G,
    convex up to its mode and concave beyond it, differs from the empirical one by at most d everywhere. G may jump at
    its mode, so a heavy value in the middle is no sign of two modes. For many samples `dips` is several times faster.

    Examples
    --------
    >>> round(dip([1, 2, 3, 4, 5, 11, 12, 13, 14, 15]), 12)
    0.15
    """
    return float(dips([x])[0])


def dips(samples: Sequence[np.ndarray]) -> np.ndarray:
    """Return the dip of each of many samples (`dip`), all at once.

    Parameters
    ----------
    samples : sequence of array_like of float, shape (n_i,)
        The samples may differ in size.

    Returns
    -------
    ndarray of float, shape (len(samples),)

    Raises
    ------
    ValueError
        If a sample is empty, or a value is not finite.
    """
    result, at = np.zeros(len(samples)), 0
    while at < len(samples):  # as many samples at a time as fit into the cache of a processor
        size, until = len(samples[at]), at + 1
        while until < len(samples) and size + len(samples[until]) <= MOST_VALUES:
            size, until = size + len(samples[until]), until + 1
        result[at:until] = _dips(samples[at:until])
        at = until
    return result


def _dips(samples: Sequence[np.ndarray]) -> np.ndarray:
    steps = _empirical(samples)
    twice, remaining = _split_at_greatest_step(steps)
    first, last = steps.first[remaining], steps.last[remaining]
    # Twice the dip, in observations, is at least what the parts outside the modal interval need: there G follows the
    # convex minorant (left) or the concave majorant (right). The interval shrinks until these two differ by no more
    # than that inside of it. They differ most at a vertex of one of them, which is the next end of the interval; the
    # other end is the nearest vertex of the other curve.
    while len(remaining):
        place, start = _ranges(first, last)
        x, low, up = steps.x[place], steps.low[place], steps.up[place]
        values, is_vertex = _convex_minorants(np.concatenate([x, x]), np.concatenate([low, -up]), start, len(x))
        minorant, majorant = values[: len(x)], -values[len(x) :]
        on_minorant, on_majorant = is_vertex[: len(x)], is_vertex[len(x) :]
        convex, concave, vertices = map(np.flatnonzero, (on_minorant, on_majorant, on_minorant | on_majorant))
        end = np.append(start[1:], len(x))
        difference, of_sample = majorant[vertices] - minorant[vertices], np.searchsorted(vertices, start)
        d = np.maximum.reduceat(difference, of_sample)
        greatest = np.flatnonzero(difference == np.repeat(d, np.diff(of_sample, append=len(vertices))))
        at = vertices[greatest[np.searchsorted(greatest, of_sample)]]  # the first place in each sample
        before = convex[np.searchsorted(convex, at, side="right") - 1]
        after = concave[np.searchsorted(concave, at)]
        left, right = _greatest(up - minorant, start, before + 1), _greatest(majorant - low, after, end)
        outside = np.maximum(np.maximum(left, right), 0.0)
        shrinks = d > twice[remaining]
        remaining = remaining[shrinks]
        twice[remaining] = np.maximum(twice[remaining], outside[shrinks])
        first, last = place[before[shrinks]], place[after[shrinks]]
    return twice / (2 * steps.n)


def dip_p_value(dip: float | np.ndarray, n: int | np.ndarray) -> float | np.ndarray:
    """Return the probability that a uniform sample of the same size has at least this dip.

    Parameters
    ----------
    dip : float or ndarray
        From `dip`.
    n : int or ndarray
        Number of observations of each.

    Returns
    -------
    float or ndarray
        Never less than `SMALLEST_P`, where the table ends. 1 for fewer than 4 observations.

    Notes
    -----
    Among distributions with one mode, the uniform has the greatest dips as n grows (Hartigan & Hartigan 1985), so p is
    on the safe side for all others. The table, ``dip_quantiles.csv``, has quantiles of sqrt(n) * dip for sizes from 4
    to 5,000, from 100,000 simulated samples each (``studies/dip_table.py``). Between two sizes they are interpolated
    linearly in log n; beyond the last they stay as they are. Between two quantiles log p is interpolated.

    Examples
    --------
    >>> round(dip_p_value(0.0702, 50), 2)
    0.05
    """
    levels, sizes, quantiles = _table()
    shape = np.broadcast(dip, n).shape
    p = np.ones(shape)
    for index in np.ndindex(shape):
        d, size = float(np.broadcast_to(dip, shape)[index]), int(np.broadcast_to(n, shape)[index])
        # A dip of 1 / (2 n) is the least that there is; for small n it is frequent, and no quantile tells it apart.
        if size < 4 or d <= 0.5 / size + 1e-12:
            continue
        log_n = np.log(min(max(size, sizes[0]), sizes[-1]))
        upper = min(max(int(np.searchsorted(np.log(sizes), log_n)), 1), len(sizes) - 1)
        low, high = np.log(sizes[upper - 1]), np.log(sizes[upper])
        weight = (log_n - low) / (high - low)
        scaled = (1 - weight) * quantiles[upper - 1] + weight * quantiles[upper]
        p[index] = np.exp(np.interp(np.sqrt(size) * d, scaled, np.log(levels), left=0.0))
    return p if shape else float(p)


@cache
def _table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return p-values, sizes, and the quantiles of sqrt(n) * dip: one row a size, one column a p-value."""
    text = files("seglib.stats").joinpath("dip_quantiles.csv").read_text(encoding="utf-8")
    header, *rows = [line.split(",") for line in text.splitlines()]
    table = np.array(rows, dtype=float)
    return np.array(header[1:], dtype=float), table[:, 0], table[:, 1:]


@dataclass(frozen=True)
class _Empirical:
    """Empirical distribution functions of several samples, one after the other.

    Attributes
    ----------
    x : ndarray of float, shape (n_different,)
        Different values, ascending within each sample.
    low, up : ndarray of float, shape (n_different,)
        Number of observations below each value, and up to it.
    first, last : ndarray of int, shape (n_samples,)
        Where each sample has its least and its greatest value.
    n : ndarray of int, shape (n_samples,)
        Number of observations.
    """

    x: np.ndarray
    low: np.ndarray
    up: np.ndarray
    first: np.ndarray
    last: np.ndarray
    n: np.ndarray


def _empirical(samples: Sequence[np.ndarray]) -> _Empirical:
    ordered = [np.sort(np.asarray(sample, dtype=np.float64), axis=None) for sample in samples]
    n = np.array([len(sample) for sample in ordered])
    x = np.concatenate(ordered)
    if not n.all():
        raise ValueError("The dip of no value is not defined.")
    if not np.isfinite(x).all():
        raise ValueError("The dip is defined for finite values only.")
    end = np.cumsum(n)
    # Within each sample the least value becomes 0 and the greatest 1, so that no product of widths is too small or too
    # great for a float, whatever the unit. Values that are the same after that count as ties.
    least, width = x[end - n], x[end - 1] - x[end - n]
    x = (x - np.repeat(least, n)) / np.repeat(np.where(width > 0, width, 1.0), n)
    begins = np.ones(len(x), dtype=bool)
    np.not_equal(x[1:], x[:-1], out=begins[1:])
    begins[end[:-1]] = True
    at = np.flatnonzero(begins)  # where each different value begins
    first = np.searchsorted(at, end - n)
    last = np.append(first[1:], len(at)) - 1
    offset = np.repeat(end - n, last - first + 1)
    low, up = (at - offset).astype(float), (np.append(at[1:], len(x)) - offset).astype(float)
    x = x[at]
    return _Empirical(x, low, up, first, last, n)


def _split_at_greatest_step(steps: _Empirical) -> tuple[np.ndarray, np.ndarray]:
    """Return lower limits of twice the dip, in observations, and the samples for which these are not yet the dip.

    A step of the empirical distribution that is greater than twice the dip must be at the mode, because G is continuous
    elsewhere. There G is free to jump, so that each side can be judged for itself: convex to the left of it, concave
    to the right. Where the greatest step is less than either side needs, G is continuous, and twice the dip is at least
    that step.
    """
    height = steps.up - steps.low
    twice = np.maximum.reduceat(height, steps.first)
    tied = np.flatnonzero((twice > 1) | (steps.n == 1))
    if not len(tied):
        return twice, np.arange(len(twice))
    places = np.arange(len(height))
    size = steps.last - steps.first + 1
    mode = np.minimum.reduceat(np.where(height == np.repeat(twice, size), places, len(places)), steps.first)[tied]
    left, left_start = _ranges(steps.first[tied], mode)
    right, right_start = _ranges(mode, steps.last[tied])
    values, _ = _convex_minorants(
        np.concatenate([steps.x[left], steps.x[right]]),
        np.concatenate([steps.low[left], -steps.up[right]]),
        np.concatenate([left_start, right_start + len(left)]),
    )
    gap_left = np.where(np.isin(left, mode), 0.0, steps.up[left] - values[: len(left)])
    gap_right = np.where(np.isin(right, mode), 0.0, -values[len(left) :] - steps.low[right])
    needed = np.maximum(np.maximum.reduceat(gap_left, left_start), np.maximum.reduceat(gap_right, right_start))
    is_mode = needed <= twice[tied]
    twice[tied[is_mode]] = needed[is_mode]
    return twice, np.setdiff1d(np.arange(len(twice)), tied[is_mode])


def _ranges(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return all places from each first to each last one, and where each of these ranges starts."""
    size = last - first + 1
    start = np.cumsum(size) - size
    return np.arange(size.sum()) + np.repeat(first - start, size), start


def _greatest(values: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the greatest value of each of several ranges; they ascend, do not overlap, and none is empty."""
    borders = np.column_stack([begin, end]).ravel()
    return np.maximum.reduceat(np.append(values, 0.0), borders)[::2]


def _convex_minorants(
    x: np.ndarray, y: np.ndarray, start: np.ndarray, repeat: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the greatest convex minorant of each of several sequences of points.

    Parameters
    ----------
    x, y : ndarray of float, shape (n,)
        Points of all sequences, one after the other; x ascends strictly within a sequence.
    start : ndarray of int
        Where each sequence starts.
    repeat : int, optional
        There is a second set of sequences that start so much later.

    Returns
    -------
    values : ndarray of float, shape (n,)
        The minorant at each point.
    is_vertex : ndarray of bool, shape (n,)
        Whether the point is a vertex of it.
    """
    if repeat is not None:
        start = np.concatenate([start, start + repeat])
    is_end = np.zeros(len(x), dtype=bool)
    is_end[start] = is_end[start - 1] = True
    # A point on or above the chord of its two neighbours is no vertex, and stays none when others are removed. So all
    # such points go at once, and again among those that are left: half of a noisy curve goes in each pass.
    vertices, px, py, fixed = np.arange(len(x)), x, y, is_end
    while True:
        if len(vertices) <= FEW_POINTS:
            vertices = vertices[_scan(px.tolist(), py.tolist(), fixed.tolist())]
            break
        dx, dy = np.diff(px), np.diff(py)
        keep = fixed.copy()
        keep[1:-1] |= dy[:-1] * dx[1:] < dy[1:] * dx[:-1]
        kept = np.flatnonzero(keep)
        if len(kept) == len(vertices):
            break
        vertices, px, py, fixed = vertices[kept], px[kept], py[kept], fixed[kept]
    is_vertex = np.zeros(len(x), dtype=bool)
    is_vertex[vertices] = True
    length = np.diff(vertices, append=len(x))
    px, py = x[vertices], y[vertices]
    dx, dy = np.diff(px, append=px[-1]), np.diff(py, append=py[-1])
    slope = np.divide(dy, dx, out=np.zeros_like(dx), where=length > 1)
    return np.repeat(py, length) + np.repeat(slope, length) * (x - np.repeat(px, length)), is_vertex


def _scan(x: list[float], y: list[float], is_end: list[bool]) -> list[int]:
    """Return the vertices of the minorants as `_convex_minorants`, point by point (Graham 1972, from left to right)."""
    vertices: list[int] = []
    for place, (a, b) in enumerate(zip(x, y, strict=True)):
        while vertices and not is_end[last := vertices[-1]]:
            before = vertices[-2]
            if (y[last] - y[before]) * (a - x[last]) < (b - y[last]) * (x[last] - x[before]):
                break
            vertices.pop()
        vertices.append(place)
    return vertices
