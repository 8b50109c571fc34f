"""How many observations a comparison of two shares needs, and what it can see with those there are."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri


def two_proportion_sample_size(
    p_control: float, p_treated: float, *, share_control: float = 0.5, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Return how many observations a two-sided test of two shares needs, in both arms together.

    Parameters
    ----------
    p_control, p_treated : float
        The two true shares, more than 0 and less than 1, not equal.
    share_control : float, default=0.5
        Part of all observations that is in the control arm, more than 0 and less than 1.
    alpha : float, default=0.05
        Two-sided level of the test.
    power : float, default=0.8
        Probability that the test sees the difference, at least .5 and less than 1.

    Returns
    -------
    float
        Number of observations in all, not rounded: ``share_control`` of it is the control arm, the rest is treated.

    Raises
    ------
    ValueError
        If a share is not inside its bounds, or the two are equal.

    Notes
    -----
    With c the share of the control arm and P = c p_control + (1 - c) p_treated,

        N = (z_(1 - alpha/2) sqrt(P (1 - P) (1/c + 1/(1 - c)))
             + z_power sqrt(p_control (1 - p_control) / c + p_treated (1 - p_treated) / (1 - c)))^2
            / (p_treated - p_control)^2.

    The test pools the variance (the chi-square test); the formula takes the variance without a difference for its
    level, and that with the difference for its power: Fleiss, Levin & Paik (2003), *Statistical Methods for Rates and
    Proportions*, chapter 4, for arms of unequal size also Fleiss, Tytun & Ury (1980, Biometrics 36), here without the
    continuity correction. That correction makes the test conservative, as Fisher's exact test is; the chi-square test
    without it keeps its level nearly, and needs fewer observations. The formula rests on the normal distribution: with
    fewer than about five successes or failures expected in an arm it is a rough guide.

    Examples
    --------
    >>> round(two_proportion_sample_size(0.5, 0.75, power=0.9) / 2, 1)  # in each arm
    76.7
    """
    _check(power, p_control=p_control, p_treated=p_treated, share_control=share_control, alpha=alpha)
    if p_control == p_treated:
        raise ValueError(f"no number of observations tells two equal shares apart: both are {p_control}")
    needed = _detectable(p_control, p_treated, share_control, 1 - share_control, alpha, power)
    return float((needed / (p_treated - p_control)) ** 2)


def smallest_difference(
    p_control: float, n_control: float, n_treated: float, *, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Return the smallest rise of a share that a two-sided test with these arms sees.

    It is the inverse of `two_proportion_sample_size`.

    Parameters
    ----------
    p_control : float
        The true share in the control arm, more than 0 and less than 1.
    n_control, n_treated : float
        Observations in each arm, more than 0.
    alpha, power : float
        As in `two_proportion_sample_size`.

    Returns
    -------
    float
        p_treated - p_control; missing where the arms are so small that even a rise to 1 is not seen.

    Raises
    ------
    ValueError
        If a share is not inside its bounds, or an arm is empty.
    """
    _check(power, p_control=p_control, alpha=alpha)
    if not (n_control > 0 and n_treated > 0):
        raise ValueError(f"both arms hold at least one observation, not {n_control} and {n_treated}")

    def missing_to_be_seen(difference: float) -> float:
        return _detectable(p_control, p_control + difference, n_control, n_treated, alpha, power) - difference

    # In the difference this is a sum of roots of concave quadratics, less a straight line: it is concave, and positive
    # at 0, so that it crosses zero once or not at all, and the bracket holds that one root. (With a power below .5 the
    # second root would be subtracted.)
    largest = 1 - p_control
    if missing_to_be_seen(largest) > 0:
        return float("nan")
    return float(brentq(missing_to_be_seen, 0.0, largest, xtol=1e-14, rtol=1e-12))


def _check(power: float, **shares: float) -> None:
    """Raise ValueError if a share is not inside its bounds."""
    for name, value in shares.items():
        if not 0 < value < 1:
            raise ValueError(f"{name} is more than 0 and less than 1, not {value}")
    if not 0.5 <= power < 1:
        raise ValueError(f"power is at least 0.5 and less than 1, not {power}")


def _detectable(
    p_control: float, p_treated: float, control: float, treated: float, alpha: float, power: float
) -> float:
    """Return the difference that is seen if these are the true shares, by the sizes of the arms or their shares."""
    pooled = (control * p_control + treated * p_treated) / (control + treated)
    equal = pooled * (1 - pooled) * (1 / control + 1 / treated)
    different = p_control * (1 - p_control) / control + p_treated * (1 - p_treated) / treated
    # rounding may leave a share at its bound a little beyond it, and its variance a little below zero
    return float(ndtri(1 - alpha / 2) * np.sqrt(max(equal, 0.0)) + ndtri(power) * np.sqrt(max(different, 0.0)))


def two_mean_sample_size(
    sd_control: float,
    sd_treated: float,
    difference: float,
    *,
    share_control: float = 0.5,
    alpha: float = 0.05,
    power: float = 0.8,
) -> float:
    """Return how many observations a two-sided test of two means needs, in both arms together.

    Parameters
    ----------
    sd_control, sd_treated : float
        The standard deviations in the two arms, not both 0.
    difference : float
        The true difference of the means, not 0.
    share_control, alpha, power : float
        As in `two_proportion_sample_size`.

    Returns
    -------
    float
        Number of observations in all, not rounded.

    Raises
    ------
    ValueError
        If a number is not inside its bounds.

    Notes
    -----
    N = (z_(1 - alpha/2) + z_power)^2 (sd_control^2 / c + sd_treated^2 / (1 - c)) / difference^2, c the share of the
    control arm. It rests on the normal distribution of the means: of skewed values (spend of customers of whom few buy
    anything) an arm of less than a few hundred needs more.

    Examples
    --------
    >>> round(two_mean_sample_size(1, 1, 0.5) / 2, 1)  # in each arm
    62.8
    """
    _check(power, share_control=share_control, alpha=alpha)
    if difference == 0 or not sd_control**2 + sd_treated**2 > 0:
        raise ValueError("the means differ, and the values vary in one arm at least")
    needed = _seen_of_means(sd_control, sd_treated, share_control, 1 - share_control, alpha, power)
    return float((needed / difference) ** 2)


def smallest_mean_difference(
    sd_control: float,
    sd_treated: float,
    n_control: float,
    n_treated: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
) -> float:
    """Return the smallest difference of means that a two-sided test with these arms sees.

    It is the inverse of `two_mean_sample_size`.
    """
    _check(power, alpha=alpha)
    if not (n_control > 0 and n_treated > 0):
        raise ValueError(f"both arms hold at least one observation, not {n_control} and {n_treated}")
    return _seen_of_means(sd_control, sd_treated, n_control, n_treated, alpha, power)


def _seen_of_means(
    sd_control: float, sd_treated: float, control: float, treated: float, alpha: float, power: float
) -> float:
    z = float(ndtri(1 - alpha / 2) + ndtri(power))
    return z * float(np.sqrt(sd_control**2 / control + sd_treated**2 / treated))
