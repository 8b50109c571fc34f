"""Numbers: the mean of every feature in every segment, beside all customers, with its interval."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy.stats import binomtest, t

from seglib.features import features_of
from seglib.schema.features import Feature
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import position

MARKER = 0.5
"""A behaviour marks a segment if its mean lies this many standard deviations from the mean of all customers."""

COLUMNS = [
    "segment", "feature", "unit", "kind", "role", "customers", "seen", "low", "high", "seen_overall", "difference",
    "v", "marker",
]  # fmt: skip


def profile(
    features: pd.DataFrame,
    segments: pd.Series,
    *,
    unreliable: Collection[str] = (),
    study: Study = DEFAULT_STUDY,
) -> pd.DataFrame:
    """Compare every segment with all customers, feature by feature.

    Parameters
    ----------
    features : pandas.DataFrame
        One row a customer, original units.
    segments : pandas.Series
        The letter of each customer, on the same index.
    unreliable : collection of str, optional
        Features in which customers cannot be told apart (`seglib.features.CustomerFeatures.unreliable`): no segment
        is marked by what may be chance.
    study : Study, optional
        Which columns of the customers table build segments, and what a transaction is called.

    Returns
    -------
    pandas.DataFrame
        One row a segment and a feature that is a number, or yes or no: segment, feature, unit, kind, role, customers,
        seen, low, high, seen_overall, difference, v, marker. ``seen`` and ``seen_overall`` are what was counted in the
        segment and in all (coupons burned / coupons decided, say; the plain mean where a feature is no ratio), and
        ``low`` and ``high`` a 95% interval of ``seen``, see `interval`. ``difference`` compares the features that went
        into the matrix: (mean of the segment - mean of all) / standard deviation of all; ``v`` does so in standard
        errors, see `v_test`. What the shop does not record is not there; numbers that its customers table adds are
        descriptors like others, unless they are among the variables of the study.

    Notes
    -----
    There is no p-value: segments differ on what they were built from, by construction, and intervals and ``v`` of such
    a feature only describe. What can be tested is in `descriptor_tests` and in `seglib.interpretation`.
    """
    parts = []
    for feature in features_of(features, study):
        if feature.role not in ("segmentation", "descriptor") or feature.kind == "nominal":
            continue
        values = features[feature.name].astype(float)
        above, below = (features[c].astype(float) for c in feature.ratio) if feature.ratio else (values, values.notna())
        part = values.groupby(segments).agg(customers="size", mean="mean").rename_axis("segment").reset_index()
        seen = above.groupby(segments).sum() / below.groupby(segments).sum()
        sd = values.std(ddof=0)
        apart = {s: interval(above[segments == s], below[segments == s], feature) for s in part["segment"]}
        part = part.assign(
            feature=feature.name,
            unit=feature.unit,
            kind=feature.kind,
            role=feature.role,
            seen=part["segment"].map(seen),
            low=[apart[s][0] for s in part["segment"]],
            high=[apart[s][1] for s in part["segment"]],
            seen_overall=above.sum() / below.sum() if below.sum() else float("nan"),
            difference=(part["mean"] - values.mean()) / sd if sd > 1e-12 else 0.0,
            v=part["segment"].map(v_test(values, segments)),
        )
        parts.append(part)
    if not parts:  # a source that has nothing but names
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(parts, ignore_index=True)
    table["marker"] = (table["difference"].abs() >= MARKER) & ~table["feature"].isin(list(unreliable))
    return table[COLUMNS].sort_values("segment", key=lambda s: s.map(position), kind="stable", ignore_index=True)


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
    known = values[values.notna()].astype(float)
    by = known.groupby(segments.reindex(known.index))
    n, mean = by.size(), by.mean()
    spread = known.std(ddof=0)
    if not spread > 1e-12:
        return mean * 0.0
    error = spread * np.sqrt((len(known) - n) / max(len(known) - 1, 1) / n)
    return (mean - known.mean()) / error.where(error > 0)


def interval(above: pd.Series, below: pd.Series, feature: Feature) -> tuple[float, float]:
    """Return a 95% interval of what was seen in one segment: sum(above) / sum(below).

    Parameters
    ----------
    above, below : pandas.Series, shape (n_customers,)
        Of each customer of the segment: the value and whether it is known; of a ratio, its two counts.
    feature : seglib.schema.features.Feature

    Returns
    -------
    tuple of float
        A yes or no: Wilson (1927). A number: seen -+ t s / sqrt(n) with Student's t of n - 1 degrees of freedom, where
        s is the standard deviation of (above - seen below) / mean(below) over customers, which is the ordinary
        interval of a mean where the feature is no ratio, and the linearised one of a ratio else (Cochran 1977,
        *Sampling Techniques*, section 6.3): customers are the units, since coupons of one customer are alike. A share
        stays within 0 and 1, and where all customers agree Wilson's interval of n customers takes its place. Missing
        where fewer than two customers are known.
    """
    known = above.notna() & (below > 0)
    y, x = above[known].to_numpy(float), below[known].to_numpy(float)
    n, nothing = len(y), (float("nan"), float("nan"))
    if not n:
        return nothing
    seen = y.sum() / x.sum()
    share = feature.unit in ("share", "0 or 1")
    s = float(np.std((y - seen * x) / x.mean(), ddof=1)) if n > 1 else 0.0
    if (feature.kind == "binary" or (share and s < 1e-12)) and 0 <= seen <= 1:
        wilson = binomtest(round(seen * n), n).proportion_ci(0.95, "wilson")
        return float(wilson.low), float(wilson.high)
    if n < 2:
        return nothing
    reach = float(t.ppf(0.975, n - 1)) * s / np.sqrt(n)
    low, high = seen - reach, seen + reach
    return (max(low, 0.0), min(high, 1.0)) if share else (low, high)
