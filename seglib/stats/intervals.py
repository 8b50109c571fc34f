"""Confidence intervals."""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri


@overload
def wilson(share: float, n: float, *, level: float = 0.95) -> tuple[float, float]: ...
@overload
def wilson(share: ArrayLike, n: ArrayLike, *, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]: ...
def wilson(
    share: ArrayLike, n: ArrayLike, *, level: float = 0.95
) -> tuple[float, float] | tuple[np.ndarray, np.ndarray]:
    """Return the confidence interval of a share (Wilson 1927, JASA 22(158)).

    Parameters
    ----------
    share : float or array_like of float
        The observed share, 0 to 1.
    n : float or array_like of float
        Number of observations, more than 0; an effective number need not be whole. The two are broadcast.
    level : float, default=0.95
        Confidence level.

    Returns
    -------
    tuple of float, or of numpy.ndarray
        Lower and upper limit, within 0 and 1: exactly 0 where the share is 0, exactly 1 where it is 1. Missing where
        the share is missing.

    Notes
    -----
    Method 3 of Newcombe (1998, Statistics in Medicine 17(8)), without continuity correction.

    Examples
    --------
    >>> low, high = wilson(0.5, 100)
    >>> round(low, 3), round(high, 3)
    (0.404, 0.596)
    """
    p, size = np.broadcast_arrays(np.asarray(share, dtype=float), np.asarray(n, dtype=float))
    z = ndtri(0.5 + 0.5 * level)
    denominator = 2 * (size + z**2)
    centre = (2 * size * p + z**2) / denominator
    reach = z / denominator * np.sqrt(4 * size * p * (1 - p) + z**2)
    # At the ends centre and reach are equal in theory, and in floating point only nearly so: the limit is set.
    low, high = np.where(p == 0, 0.0, centre - reach), np.where(p == 1, 1.0, centre + reach)
    if low.ndim == 0:
        return float(low), float(high)
    return low, high
