"""Numbers: the mean of every feature in every segment, beside all customers, with its interval."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy.stats import t

from seglib.interpretation.profiles.profile import MARKER, Profile
from seglib.schema.features import Feature
from seglib.stats import wilson
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import position

COLUMNS = [
    "segment",
    "feature",
    "unit",
    "kind",
    "role",
    "customers",
    "observed",
    "low",
    "high",
    "observed_overall",
    "difference",
    "v",
    "marker",
    "scale",
]

LONG_TAIL = 2.0
"""Skewness from which on differences are judged on a logarithmic scale, as they are where a feature says so."""


def profile(
    features: pd.DataFrame,
    segments: pd.Series,
    *,
    unreliable: Collection[str] = (),
    study: Study = DEFAULT_STUDY,
) -> Profile:
    """Compare every segment with all customers, feature by feature.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer, original units.
    segments : pandas.Series
        The letter of each customer, on the same index.
    unreliable : collection of str, optional
        Features in which customers cannot be told apart (`seglib.features.CustomerFeatures.unreliable`). They mark no
        segment, because their differences may be chance.
    study : Study, optional
        Which columns of the customers table build segments, and what a transaction is called.

    Returns
    -------
    Profile
        Its table has one row per segment and feature that is a number, or yes or no: segment, feature, unit, kind,
        role, customers, observed, low, high, observed_overall, difference, v, marker, scale. ``observed`` is what was
        counted in the segment (coupons burned / coupons old enough to judge, say; the plain mean where a feature is no
        ratio), ``observed_overall`` is the mean over all customers of what was observed in their segment, so that the
        segments add up to it, and ``low`` and ``high`` are a 95% interval of ``observed``, see `interval`.
        ``difference`` compares the features that went into the matrix: (mean of the segment - mean of all) / standard
        deviation of all; ``v`` does so in standard errors, see `v_test`. Both are of logarithms, and ``scale`` says
        so, where the dictionary asks for them or values have a long tail (skewness above `LONG_TAIL`): a few large
        values would make a standard deviation in which nobody else differs. A ``marker`` differs in the same direction
        by ``difference`` and by ``observed``. What the shop does not record is not there. Numbers that its customers
        table adds are descriptors like others, unless they are among the variables of the study.

    Notes
    -----
    There is no p-value: segments differ on what they were built from, by construction, and intervals and ``v`` of such
    a feature only describe. What can be tested is in `descriptor_tests` and `seglib.interpretation.thinning_tests`.
    """
    parts = []
    for feature in study.describe(features):
        if feature.role not in ("segmentation", "descriptor") or feature.kind == "nominal":
            continue
        values = features[feature.name].astype(float)
        above, below = (features[c].astype(float) for c in feature.ratio) if feature.ratio else (values, values.notna())
        part = values.groupby(segments).size().rename("customers").rename_axis("segment").reset_index()
        # the ratio of the sums, not the mean of the customers' ratios: every coupon counts once
        observed = above.groupby(segments).sum() / below.groupby(segments).sum()
        judged, scale = judged_values(values, feature)
        mean = judged.groupby(segments).mean()
        sd = judged.std(ddof=0)
        intervals = {s: interval(above[segments == s], below[segments == s], feature) for s in part["segment"]}
        part = part.assign(
            feature=feature.name,
            unit=feature.unit,
            kind=feature.kind,
            role=feature.role,
            observed=part["segment"].map(observed),
            low=[intervals[s][0] for s in part["segment"]],
            high=[intervals[s][1] for s in part["segment"]],
            observed_overall=of_all_customers(part["segment"].map(observed), part["customers"]),
            difference=(part["segment"].map(mean) - judged.mean()) / sd if sd > 1e-12 else 0.0,
            v=part["segment"].map(v_test(judged, segments)),
            scale=scale,
        )
        parts.append(part)
    if not parts:  # a source that has nothing but names
        return Profile(pd.DataFrame(columns=COLUMNS), len(segments), study.wording)
    table = pd.concat(parts, ignore_index=True)
    opposite = (table["observed"] - table["observed_overall"]) * table["difference"] < 0
    table["marker"] = (table["difference"].abs() >= MARKER) & ~opposite & ~table["feature"].isin(list(unreliable))
    table = table[COLUMNS].sort_values("segment", key=lambda s: s.map(position), kind="stable", ignore_index=True)
    return Profile(table, len(segments), study.wording)


def judged_values(values: pd.Series, feature: Feature) -> tuple[pd.Series, str]:
    """Return the values on the scale on which differences are judged, and its name.

    Parameters
    ----------
    values : pandas.Series of float
    feature : seglib.schema.features.Feature

    Returns
    -------
    pandas.Series
        sign(x) log(1 + |x| / m): roughly in proportion below m, and by how many times beyond it. Where the dictionary
        asks for logarithms, m is 1, as in the matrix; else it is the median of the sizes that are not 0, so that the
        unit makes no difference. Without a long tail, the values.
    str
        ``logarithms``; empty where values are judged as they are.
    """
    recorded = values.dropna()
    long_tail = len(recorded) > 2 and abs(recorded.skew()) > LONG_TAIL
    if feature.kind != "numeric" or not (feature.log or long_tail):
        return values, ""
    size = recorded.abs()
    typical = 1.0 if feature.log else size[size > 0].median()
    return np.sign(values) * np.log1p(values.abs() / typical), "logarithms"


def of_all_customers(observed: pd.Series, customers: pd.Series) -> float:
    """Return what the segments add up to: the mean over customers of what was observed in their segment.

    Parameters
    ----------
    observed, customers : pandas.Series, shape (n_segments,)
        A segment without a value does not count.

    Notes
    -----
    A ratio of the sums over the shop, such as all coupons burned by all coupons, is no mean over customers: a segment
    with many coupons pulls it towards itself, and no reader can add the segments up to it.

    Examples
    --------
    >>> of_all_customers(pd.Series([0.9, 0.2]), pd.Series([600, 400])).round(3)
    np.float64(0.62)
    """
    recorded = observed.notna()
    weight = customers[recorded].sum()
    return (observed * customers)[recorded].sum() / weight if weight else float("nan")


def v_test(values: pd.Series, segments: pd.Series) -> pd.Series:
    """Return how far the mean of each segment lies from the mean of all, in standard errors of a random draw.

    Parameters
    ----------
    values : pandas.Series of float, shape (n_customers,)
        Missing ones do not count.
    segments : pandas.Series of str, on the same index

    Returns
    -------
    pandas.Series
        By segment: v = (m_s - m) / (s sqrt((N - n) / (N - 1) / n)), with the mean m and the population standard
        deviation s of all N values, and the mean m_s of the n in the segment. 0 where all values are equal; missing
        where a segment has no value, or all of them.

    Notes
    -----
    The test value of Lebart, Morineau & Piron (1995), *Statistique exploratoire multidimensionnelle*, as in the
    ``catdes`` of FactoMineR: the segment is compared with n customers drawn at random without replacement. Beyond 2
    it would be unusual, but a segment is not drawn at random: of a variable that built it, v describes and no more.

    Examples
    --------
    >>> v_test(pd.Series([1.0, 2.0, 3.0, 6.0]), pd.Series(list("AABB"))).round(3).to_dict()
    {'A': -1.389, 'B': 1.389}
    """
    recorded = values[values.notna()].astype(float)
    by_segment = recorded.groupby(segments.reindex(recorded.index))
    n, mean = by_segment.size(), by_segment.mean()
    spread = recorded.std(ddof=0)
    if not spread > 1e-12:
        return mean * 0.0
    # The n customers are drawn from N without replacement, so the variance of their mean is smaller than s^2 / n: the
    # finite population correction (N - n) / (N - 1). It is 0 for a segment that holds all customers, where v would be
    # 0 / 0; such a v is missing.
    error = spread * np.sqrt((len(recorded) - n) / max(len(recorded) - 1, 1) / n)
    return (mean - recorded.mean()) / error.where(error > 0)


def interval(above: pd.Series, below: pd.Series, feature: Feature) -> tuple[float, float]:
    """Return a 95% interval of what was observed in one segment: sum(above) / sum(below).

    Parameters
    ----------
    above, below : pandas.Series, shape (n_customers,)
        Of each customer of the segment: the value and whether it is recorded; of a ratio, its two counts.
    feature : seglib.schema.features.Feature

    Returns
    -------
    tuple of float
        A yes or no: Wilson (1927). A number: observed -+ t s / sqrt(n) with Student's t of n - 1 degrees of freedom,
        where s is the standard deviation of (above - observed below) / mean(below) over customers, which is the
        ordinary interval of a mean where the feature is no ratio, and the linearised one of a ratio else (Cochran 1977,
        *Sampling Techniques*, section 6.3): customers are the units, since coupons of one customer are alike. A share
        stays within 0 and 1, and where all customers agree Wilson's interval of n customers takes its place. Missing
        where fewer than two customers are recorded.
    """
    recorded = above.notna() & (below > 0)
    y, x = above[recorded].to_numpy(float), below[recorded].to_numpy(float)
    n, missing = len(y), (float("nan"), float("nan"))
    if n == 0:
        return missing
    observed = y.sum() / x.sum()
    share = feature.unit in ("share", "0 or 1")
    # The ratio is linearised: to first order its error is the mean of the residuals y - observed x over the customers,
    # divided by the mean of x. So the customer is the unit of sampling, and coupons of one customer may be alike.
    s = float(np.std((y - observed * x) / x.mean(), ddof=1)) if n > 1 else 0.0
    # Where all customers agree, s is 0 and the interval would have no width, although n customers prove little.
    without_spread = share and s < 1e-12
    if (feature.kind == "binary" or without_spread) and 0 <= observed <= 1:
        return wilson(float(observed), n)
    if n < 2:
        return missing
    reach = float(t.ppf(0.975, n - 1)) * s / np.sqrt(n)
    low, high = observed - reach, observed + reach
    return (max(low, 0.0), min(high, 1.0)) if share else (low, high)
