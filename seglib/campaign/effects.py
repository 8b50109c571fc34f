"""08 What is the effect on one outcome: per segment, of all together, and the same everywhere?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from seglib.stats import (
    ArmMoments,
    Difference,
    Heterogeneity,
    ReassignedArms,
    arm_moments,
    few_for_their_share,
    few_for_their_skewness,
    reassign,
    share_difference,
    share_heterogeneity,
    share_heterogeneity_p,
    share_randomisation_p,
)
from seglib.style import position

ALL = "all"
"""The row of all segments together, weighted by their sizes."""

EFFECT_COLUMNS = [
    *("outcome", "segment", "customers", "control", "treated_value", "control_value"),
    *("effect", "low", "high", "p"),
]


@dataclass(frozen=True)
class Effects:
    """The effect on one outcome.

    Attributes
    ----------
    outcome, kind : str
        Its name; "share" or "mean".
    table : pandas.DataFrame
        One row for all together, then one per segment: `EFFECT_COLUMNS`. customers are those who were written to.
        Values of all together are weighted as the effect is: by the sizes of the segments.
    p : float
        Of no effect, all together. Of means, and of shares where arms are small: the larger one of the test by a
        formula (Welch, score test) and of the test that reassigns the arms at random.
    heterogeneity : Heterogeneity
        Cochran's Q over segments, its p-value likewise.
    sd : tuple of float
        Standard deviation within segments of those who were written to, and of the control group.
    constant : bool
        Whether everybody has the same value.
    left_out : tuple of str
        Segments in which an arm is too small to be compared.
    """

    outcome: str
    kind: str
    table: pd.DataFrame
    p: float
    heterogeneity: Heterogeneity
    sd: tuple[float, float]
    constant: bool
    left_out: tuple[str, ...] = ()

    @property
    def overall(self) -> pd.Series:
        """The row of all together."""
        return self.table.iloc[0]

    @property
    def by_segment(self) -> pd.DataFrame:
        """The rows of segments."""
        return self.table.iloc[1:]


def estimate_effects(
    outcome: str,
    values: np.ndarray,
    control: np.ndarray,
    segment: pd.Series,
    *,
    kind: str,
    n_permutations: int = 999,
    seed: int = 0,
) -> Effects:
    """Compare those who were written to with the control group, within segments.

    Parameters
    ----------
    outcome : str
    values : numpy.ndarray of float, shape (n,)
    control : numpy.ndarray of bool, shape (n,)
    segment : pandas.Series of str, shape (n,)
    kind : {"share", "mean"}
        Shares of values of 0 and 1 have the score interval of Miettinen & Nurminen, means that of Welch
        (`seglib.stats.share_difference`, `seglib.stats.mean_difference`); where an arm is small for skewed values
        (`seglib.stats.few_for_their_skewness`), the interval of reassigned arms
        (`seglib.stats.ReassignedArms.interval`).
    n_permutations : int, default=999
        How often arms are reassigned at random; 0: formulas alone.
    seed : int, default=0

    Returns
    -------
    Effects
    """
    letters = sorted(segment.unique(), key=position)
    codes = pd.Categorical(segment, categories=letters).codes.astype(int)
    moments = arm_moments(values, control, codes, len(letters))
    least = 1 if kind == "share" else 2
    large = (moments.n >= least) & (moments.n_control >= least)
    left_out = tuple(letter for letter, is_large in zip(letters, large, strict=True) if not is_large)
    constant = len(values) == 0 or bool(np.ptp(values) < 1e-12)
    compared = np.flatnonzero(large)
    nothing = Heterogeneity(float("nan"), max(len(compared) - 1, 0), float("nan"))
    result = _Result({}, None, nothing)
    if len(compared) and not constant:
        rng = np.random.default_rng(seed)
        if kind == "share":
            result = _compare_shares(moments, compared, n_permutations=n_permutations, rng=rng)
        else:
            rows = large[codes]
            kept = np.cumsum(large) - 1  # strata that are compared, numbered anew
            sample = values[rows], control[rows], kept[codes[rows]]
            result = _compare_means(moments, compared, sample, n_permutations=n_permutations, rng=rng)
    records = [
        _record(outcome, letter, moments, np.array([place]), result.by_stratum.get(place))
        for place, letter in enumerate(letters)
    ]
    table = pd.DataFrame([_record(outcome, ALL, moments, compared, result.overall), *records], columns=EFFECT_COLUMNS)
    at = moments.at(compared)
    sds = (_pooled_sd(at.variance, at.n), _pooled_sd(at.variance_control, at.n_control))
    p = result.overall.p if result.overall else float("nan")
    return Effects(outcome, kind, table, p, result.heterogeneity, sds, constant, left_out)


@dataclass(frozen=True)
class _Result:
    """The differences of the strata that are compared, by their place; of all together; and whether they differ."""

    by_stratum: Mapping[int, Difference]
    overall: Difference | None
    heterogeneity: Heterogeneity


def _compare_shares(
    moments: ArmMoments, compared: np.ndarray, *, n_permutations: int, rng: np.random.Generator
) -> _Result:
    """Compare shares by formulas; where an arm has few successes or failures, reassigned arms have to agree."""
    by_stratum = {place: share_difference(*_counts(moments, np.array([place]))) for place in compared}
    counts = _counts(moments, compared)
    overall, heterogeneity = share_difference(*counts), share_heterogeneity(*counts)
    if n_permutations and few_for_their_share(*counts):
        by_chance = share_randomisation_p(*counts, n_permutations=n_permutations, rng=rng)
        overall = replace(overall, p=max(overall.p, by_chance))
        if not np.isnan(heterogeneity.p):
            simulated = share_heterogeneity_p(*counts, n_simulations=n_permutations, rng=rng)
            heterogeneity = replace(heterogeneity, p=max(heterogeneity.p, simulated))
    return _Result(by_stratum, overall, heterogeneity)


def _compare_means(
    moments: ArmMoments,
    compared: np.ndarray,
    sample: tuple[np.ndarray, np.ndarray, np.ndarray],
    *,
    n_permutations: int,
    rng: np.random.Generator,
) -> _Result:
    """Compare means by Welch's formulas, and, where arms are small for skewed values, by arms reassigned at random.

    ``sample`` holds values, arm and stratum of the customers of the strata that are compared.
    """
    by_stratum = {place: moments.at(np.array([place])).overall() for place in compared}
    at = moments.at(compared)
    overall, heterogeneity = at.overall(), at.heterogeneity()
    if not n_permutations or not overall.se > 0:
        return _Result(by_stratum, overall, heterogeneity)
    arms = reassign(*sample, n_permutations=n_permutations, rng=rng)
    few = few_for_their_skewness(*sample, len(compared))
    for number in np.flatnonzero(few):
        place = compared[number]
        by_stratum[place] = _by_reassigning(by_stratum[place], arms, np.array([number]), with_interval=True)
    effect = overall.value
    overall = _by_reassigning(overall, arms, np.arange(len(compared)), with_interval=bool(few.any()))
    if not np.isnan(heterogeneity.p):
        heterogeneity = replace(heterogeneity, p=max(heterogeneity.p, arms.p_same_effect(effect)))
    return _Result(by_stratum, overall, heterogeneity)


def _by_reassigning(
    difference: Difference, arms: ReassignedArms, strata: np.ndarray, *, with_interval: bool
) -> Difference:
    """Return a difference with the larger p-value, and the interval of reassigned arms; NaN where it has no end.

    p counts divisions in another way than the interval does. So that the two never contradict each other, p is no less
    than the level of an interval that holds no effect.
    """
    if not difference.se > 0:
        return difference
    p = max(difference.p, arms.p_no_effect(strata))
    if not with_interval:
        return replace(difference, p=p)
    low, high = arms.interval(strata)
    if not np.isfinite([low, high]).all():
        low = high = float("nan")
    elif low <= 0 <= high:
        p = max(p, 0.05)
    return replace(difference, low=low, high=high, p=p)


def _counts(moments: ArmMoments, places: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return successes and sizes of both arms."""
    n, n_control = moments.n[places], moments.n_control[places]
    return np.round(moments.mean[places] * n), n, np.round(moments.mean_control[places] * n_control), n_control


def _record(outcome: str, letter: str, moments: ArmMoments, places: np.ndarray, difference: Difference | None) -> dict:
    n, n_control = moments.n[places], moments.n_control[places]
    weight = (n + n_control) / max((n + n_control).sum(), 1)
    missing = float("nan")
    is_compared = difference is not None
    return {
        "outcome": outcome,
        "segment": letter,
        "customers": int(n.sum()),
        "control": int(n_control.sum()),
        "treated_value": float(weight @ moments.mean[places]) if len(places) else missing,
        "control_value": float(weight @ moments.mean_control[places]) if len(places) else missing,
        "effect": difference.value if is_compared else missing,
        "low": difference.low if is_compared else missing,
        "high": difference.high if is_compared else missing,
        "p": difference.p if is_compared else missing,
    }


def _pooled_sd(variance: np.ndarray, n: np.ndarray) -> float:
    """Return the standard deviation within segments."""
    freedom = np.maximum(n - 1, 0)
    if freedom.sum() == 0:
        return float("nan")
    return float(np.sqrt((np.where(freedom > 0, variance, 0.0) * freedom).sum() / freedom.sum()))
