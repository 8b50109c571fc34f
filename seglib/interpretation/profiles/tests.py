"""Descriptors: what did not build the segments, and so can be tested."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy.stats import chi2, kruskal, rankdata

from seglib.errors import ParameterRefused
from seglib.features import features_of
from seglib.interpretation.profiles.shares import compared_names
from seglib.preprocessing import UNKNOWN
from seglib.schema.features import FEATURES
from seglib.stats import holm, tail_p_value
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import humanize, p_value

FEW = 5
"""Below this expected count (or number of customers in a segment) the curve is not trusted: p comes from shuffles."""

LEVEL = 0.05

COLUMNS = ["descriptor", "kind", "test", "customers", "statistic", "df", "effect", "p", "p_holm", "differs", "sentence"]


def descriptor_tests(
    features: pd.DataFrame,
    segments: pd.Series,
    *,
    used: Collection[str],
    study: Study = DEFAULT_STUDY,
    n_shuffles: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """Test whether segments differ in what did not build them.

    There is deliberately no p-value for a variable that built the segments: KMeans has cut it where it differs most, so
    any such test rejects, in shops without any segment as well (`studies/thinning.md` has the numbers; what can be said
    of those variables is said by `seglib.interpretation`). Neither is there one for what is tied to such a variable by
    how it is counted: tenure to recency and to every rate, the number of coupons to coupons a month. That leaves
    columns of the customers table: gender and city where their weight was 0, and what the shop adds, unless the mapping
    file segments by it. Whether such a column was itself computed from coupons ("lifetime value") cannot be seen from
    here: if so, ignore its line.

    Parameters
    ----------
    features : pandas.DataFrame
        One row a customer.
    segments : pandas.Series
        The letter of each customer, on the same index.
    used : collection of str
        The sources of the matrix (`seglib.preprocessing.Matrix.sources`, ``sources`` of ``recipe.json``).
    study : Study, optional
        None of its variables is tested, even if it was left out of the matrix because another one stands for it.
    n_shuffles : int, default=999
        Shuffles of the letters, where a test needs them.
    seed : int, default=0

    Returns
    -------
    pandas.DataFrame
        One row a descriptor: descriptor, kind, test, customers (of those whose value is known; unknown is a level of a
        name), statistic, df, effect, p, p_holm, differs (p_holm <= .05), sentence. Names: chi-square of independence,
        effect is Cramer's V. Numbers: Kruskal-Wallis, effect is epsilon squared, H / (n - 1). Where an expected count,
        or a segment, is below 5, p comes from shuffled letters (`seglib.stats.permutation.tail_p_value`). Holm's (1979)
        adjustment is over all rows; p is missing where there is nothing to compare. No row if there is no descriptor.

    Raises
    ------
    ParameterRefused
        If ``n_shuffles`` is less than 1, or letters are missing.
    """
    if n_shuffles < 1:
        raise ParameterRefused(f"n_shuffles is at least 1, not {n_shuffles}", parameter="n_shuffles")
    letters = segments.reindex(features.index)
    if letters.isna().any():
        raise ParameterRefused(f"{int(letters.isna().sum()):,} customers have features and no segment")
    ours = {f.name for f in FEATURES if f.role != "demographic"}
    closed = {*used, *study.variables, *ours}
    names = set(compared_names(features, study))
    records = []
    for place, feature in enumerate(features_of(features, study)):
        if feature.name in closed or (feature.kind == "nominal" and feature.name not in names):
            continue
        rng = np.random.default_rng([seed, place])
        values = features[feature.name]
        found = (_names if feature.kind == "nominal" else _numbers)(values, letters, n_shuffles, rng)
        records.append({"descriptor": feature.name, "kind": feature.kind, **found})
    table = pd.DataFrame(records, columns=COLUMNS)
    table["p_holm"] = holm(table["p"])
    table["differs"] = table["p_holm"] <= LEVEL
    table["sentence"] = [_told(row) for row in table.itertuples()]
    return table.astype({"differs": bool})


def _names(values: pd.Series, letters: pd.Series, n_shuffles: int, rng: np.random.Generator) -> dict:
    level, who = pd.factorize(values.fillna(UNKNOWN), sort=False)[0], pd.factorize(letters)[0]
    shape = (who.max() + 1, level.max() + 1)
    found = {"test": "chi-square", "customers": len(level)}
    if min(shape) < 2:
        return found
    expected = np.outer(np.bincount(who), np.bincount(level)) / len(level)

    def statistic(codes: np.ndarray) -> float:
        counts = np.bincount(codes * shape[1] + level, minlength=shape[0] * shape[1]).reshape(shape)
        return float(((counts - expected) ** 2 / expected).sum())

    value, df = statistic(who), (shape[0] - 1) * (shape[1] - 1)
    found |= {"statistic": value, "df": df, "effect": float(np.sqrt(value / len(level) / (min(shape) - 1)))}
    if expected.min() >= FEW:
        return found | {"p": float(chi2.sf(value, df))}
    null = np.array([statistic(rng.permutation(who)) for _ in range(n_shuffles)])
    return found | {"test": "chi-square, shuffled", "p": float(tail_p_value(value, null))}


def _numbers(values: pd.Series, letters: pd.Series, n_shuffles: int, rng: np.random.Generator) -> dict:
    known = values.notna()
    x, who = rankdata(values[known].astype(float)), pd.factorize(letters[known])[0]
    found = {"test": "Kruskal-Wallis", "customers": len(x)}
    size = np.bincount(who) if len(who) else np.zeros(0)
    if len(size) < 2 or np.ptp(x) == 0:
        return found
    value, p = (float(v) for v in kruskal(*(x[who == g] for g in range(len(size)))))
    found |= {"statistic": value, "df": len(size) - 1, "effect": value / (len(x) - 1)}
    if size.min() >= FEW:
        return found | {"p": p}
    scaled = (x - x.mean()) / x.std(ddof=1)

    def statistic(codes: np.ndarray) -> float:  # H, corrected for ties
        return float((np.bincount(codes, weights=scaled) ** 2 / size).sum())

    null = np.array([statistic(rng.permutation(who)) for _ in range(n_shuffles)])
    return found | {"test": "Kruskal-Wallis, shuffled", "p": float(tail_p_value(statistic(who), null))}


def _told(row) -> str:
    name = humanize(row.descriptor)
    if row.p != row.p:
        return f"{name}: there is nothing to compare"
    differ = "differ" if row.differs else "are not shown to differ"
    return f"segments {differ} in {name} ({row.test}, {p_value(row.p)}, after Holm {p_value(row.p_holm)})"
