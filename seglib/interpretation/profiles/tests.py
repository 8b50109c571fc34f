"""Descriptors: what did not build the segments, and so can be tested."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2, kruskal, rankdata

from seglib.errors import ParameterRefused
from seglib.interpretation.profiles.shares import compared_names
from seglib.preprocessing import UNKNOWN
from seglib.schema.features import FEATURES
from seglib.stats import holm, tail_p_value
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import Wording, p_value

FEW = 5
"""Below this expected count, or number of customers in a segment, p comes from permuted letters."""

LEVEL = 0.05

COLUMNS = ["descriptor", "kind", "test", "customers", "statistic", "df", "effect", "p", "p_holm", "differs", "sentence"]


@dataclass(frozen=True)
class DescriptorTests:
    """Whether segments differ in what did not build them.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per descriptor: descriptor, kind, test, customers (of those whose value is recorded; unknown is a level
        of a name), statistic, df, effect, p, p_holm, differs (p_holm <= .05), sentence.
    """

    table: pd.DataFrame

    @property
    def sentences(self) -> tuple[str, ...]:
        """One per descriptor; where there is none, one that says so."""
        if self.table.empty:
            return (
                "There is nothing to test: everything known of customers helped to build the segments, or is "
                "correlated with it by the way it is counted.",
            )
        return tuple(self.table["sentence"])

    @property
    def text(self) -> str:
        """The sentences in one."""
        if self.table.empty:
            return self.sentences[0]
        return f"{'; '.join(self.sentences)}."


def descriptor_tests(
    features: pd.DataFrame,
    segments: pd.Series,
    *,
    used: Collection[str],
    study: Study = DEFAULT_STUDY,
    n_shuffles: int = 999,
    seed: int = 0,
) -> DescriptorTests:
    """Test whether segments differ in what did not build them.

    There is deliberately no p-value for a variable that built the segments: KMeans has cut it where it differs most, so
    any such test rejects, in shops without any segment as well (`studies/thinning.md` has the numbers; for those
    variables see `seglib.interpretation.thinning_tests`). Neither is there one for what depends on such a variable by
    the way it is counted: tenure on recency and every rate, the number of coupons on coupons a month. That leaves
    columns of the customers table: gender and city where their weight was 0, and what the shop adds, unless the mapping
    file segments by it. Whether such a column was itself computed from coupons ("lifetime value") is not known here: if
    so, ignore its line.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer.
    segments : pandas.Series
        The letter of each customer, on the same index.
    used : collection of str
        The sources of the matrix (`seglib.preprocessing.Matrix.sources`, ``sources`` of ``recipe.json``).
    study : Study, optional
        None of its variables is tested, even if it was left out of the matrix because another one stands for it.
    n_shuffles : int, default=999
        Permutations of the letters, where a test needs them.
    seed : int, default=0

    Returns
    -------
    DescriptorTests
        Names: chi-square of independence, effect is Cramer's V. Numbers: Kruskal-Wallis, effect is epsilon squared,
        H / (n - 1). Where an expected count, or a segment, is below 5, p comes from permuted letters
        (`seglib.stats.tail_p_value`). Holm's (1979) adjustment is over all rows; p is missing where there is
        nothing to compare. No row if there is no descriptor.

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
    counted_from_coupons = {f.name for f in FEATURES if f.role != "demographic"}
    excluded = {*used, *study.variables, *counted_from_coupons}
    names = set(compared_names(features, study))
    records = []
    for place, feature in enumerate(study.describe(features)):
        if feature.name in excluded or (feature.kind == "nominal" and feature.name not in names):
            continue
        # a generator for each descriptor: its p-value does not depend on how many permutations the others needed
        rng = np.random.default_rng([seed, place])
        test = _chi_square if feature.kind == "nominal" else _kruskal_wallis
        result = test(features[feature.name], letters, n_shuffles, rng)
        records.append({"descriptor": feature.name, "kind": feature.kind, **result})
    table = pd.DataFrame(records, columns=COLUMNS)
    table["p_holm"] = holm(table["p"])
    table["differs"] = table["p_holm"] <= LEVEL
    table["sentence"] = [_sentence(row, study.wording) for row in table.itertuples()]
    return DescriptorTests(table.astype({"differs": bool}))


def _chi_square(values: pd.Series, letters: pd.Series, n_shuffles: int, rng: np.random.Generator) -> dict:
    """Test whether a name and the segments are independent."""
    level, segment = pd.factorize(values.fillna(UNKNOWN), sort=False)[0], pd.factorize(letters)[0]
    shape = (segment.max() + 1, level.max() + 1)
    result = {"test": "chi-square", "customers": len(level)}
    if min(shape) < 2:
        return result
    # permuting the letters leaves both margins as they are, so the expected counts are the same for every permutation
    expected = np.outer(np.bincount(segment), np.bincount(level)) / len(level)

    def statistic(codes: np.ndarray) -> float:
        # segment and level make one number, so that one bincount gives the whole table of counts
        counts = np.bincount(codes * shape[1] + level, minlength=shape[0] * shape[1]).reshape(shape)
        return float(((counts - expected) ** 2 / expected).sum())

    value, df = statistic(segment), (shape[0] - 1) * (shape[1] - 1)
    result |= {"statistic": value, "df": df, "effect": float(np.sqrt(value / len(level) / (min(shape) - 1)))}
    if expected.min() >= FEW:
        return result | {"p": float(chi2.sf(value, df))}
    null = np.array([statistic(rng.permutation(segment)) for _ in range(n_shuffles)])
    return result | {"test": "chi-square, shuffled", "p": float(tail_p_value(value, null))}


def _kruskal_wallis(values: pd.Series, letters: pd.Series, n_shuffles: int, rng: np.random.Generator) -> dict:
    """Test whether a number has the same distribution in all segments, by ranks."""
    recorded = values.notna()
    x, segment = rankdata(values[recorded].astype(float)), pd.factorize(letters[recorded])[0]
    result = {"test": "Kruskal-Wallis", "customers": len(x)}
    size = np.bincount(segment) if len(segment) else np.zeros(0)
    if len(size) < 2 or np.ptp(x) == 0:
        return result
    value, p = (float(v) for v in kruskal(*(x[segment == g] for g in range(len(size)))))
    result |= {"statistic": value, "df": len(size) - 1, "effect": value / (len(x) - 1)}
    if size.min() >= FEW:
        return result | {"p": p}
    # Ranks scaled to mean 0 and variance 1: the sum over segments of (sum of ranks)^2 / n is then H, already corrected
    # for ties. Permuted letters need only this sum, which is much quicker than ranking again.
    scaled = (x - x.mean()) / x.std(ddof=1)

    def statistic(codes: np.ndarray) -> float:
        return float((np.bincount(codes, weights=scaled) ** 2 / size).sum())

    null = np.array([statistic(rng.permutation(segment)) for _ in range(n_shuffles)])
    return result | {"test": "Kruskal-Wallis, shuffled", "p": float(tail_p_value(statistic(segment), null))}


def _sentence(row, wording: Wording) -> str:
    name = wording.name_of(row.descriptor)
    if pd.isna(row.p):
        return f"{name}: there is nothing to compare"
    differ = "differ" if row.differs else "are not shown to differ"
    return f"segments {differ} in {name} ({row.test}, {p_value(row.p)}, after Holm {p_value(row.p_holm)})"
