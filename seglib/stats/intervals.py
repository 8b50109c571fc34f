"""Confidence intervals."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm


def wilson(share: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Return the confidence interval of a share (Wilson 1927, JASA 22(158)).

    Parameters
    ----------
    share : float
        The observed share, 0 to 1.
    n : float
        Number of observations; an effective number need not be whole.
    level : float, default=0.95
        Confidence level.

    Returns
    -------
    tuple of float
        Lower and upper limit, within 0 and 1.

    Examples
    --------
    >>> low, high = wilson(0.5, 100)
    >>> round(low, 3), round(high, 3)
    (0.404, 0.596)
    """
    z = float(norm.ppf((1 + level) / 2))
    middle, spread = share + z**2 / (2 * n), z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = (middle - spread) / (1 + z**2 / n), (middle + spread) / (1 + z**2 / n)
    return max(0.0, float(low)), min(1.0, float(high))
