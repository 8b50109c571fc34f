"""Names: the share of each level in every segment, beside all customers."""

from __future__ import annotations

import pandas as pd
from scipy.stats import binomtest

from seglib.features import features_of
from seglib.preprocessing import UNKNOWN
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import position

MARKER_SHARE, MARKER_RELATIVE = 0.25, 0.5
"""A level marks a segment if its share differs by 25 points, or by half (and by more than chance)."""

MOST_LEVELS = 30
"""A name of the shop's own with more levels is an address or a comment: shares of it say nothing."""


def compared_names(features: pd.DataFrame, study: Study = DEFAULT_STUDY) -> list[str]:
    """Return the names whose levels can be compared: gender, city, variables, and what the customers table adds.

    Of the latter those with at most `MOST_LEVELS` levels; unknown is a level.
    """
    names = [feature for feature in features_of(features, study) if feature.kind == "nominal"]
    levels = {feature: features[feature.name].fillna(UNKNOWN).nunique() for feature in names}
    return [f.name for f, n in levels.items() if n > 1 and (f.role != "descriptor" or n <= MOST_LEVELS)]


def shares(features: pd.DataFrame, segments: pd.Series, column: str) -> pd.DataFrame:
    """Compare the levels of a name (gender, city) in every segment with all customers.

    Returns
    -------
    pandas.DataFrame
        One row a segment and a level: segment, level, customers, share, low, high (95% Wilson interval of the
        share), overall_share, lift (share / overall share), marker. A marker differs by `MARKER_SHARE` or
        `MARKER_RELATIVE`, and by more than chance: its interval excludes the overall share also at 95% for
        all segments and levels together (Bonferroni).
    """
    level = features[column].fillna(UNKNOWN)
    counts = pd.crosstab(segments.rename("segment"), level.rename("level"))
    overall = level.value_counts(normalize=True)
    together = 1 - 0.05 / max(counts.size, 1)
    records = []
    for segment in sorted(counts.index, key=position):
        n = int(counts.loc[segment].sum())
        for name in overall.index:
            x = int(counts.loc[segment, name])
            alone, all_at_once = (binomtest(x, n).proportion_ci(level, "wilson") for level in (0.95, together))
            differs = not all_at_once.low <= overall[name] <= all_at_once.high
            records.append((segment, name, x, x / n, alone.low, alone.high, overall[name], differs))
    columns = ["segment", "level", "customers", "share", "low", "high", "overall_share", "differs"]
    table = pd.DataFrame(records, columns=columns)
    table["lift"] = table["share"] / table["overall_share"]
    far = (table["share"] - table["overall_share"]).abs() >= MARKER_SHARE
    far |= (table["lift"] - 1).abs() >= MARKER_RELATIVE
    return table.assign(marker=table.pop("differs") & far)
