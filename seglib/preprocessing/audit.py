"""The audit: mistakes that make clusters of their own, found in the matrix before any cluster exists.

Every check measures one number and compares it with a limit. The audit only reports and never blocks: an analyst may
have reasons, and the original analysis must run as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from seglib.eda import HIGH_CORRELATION, correlated_pairs
from seglib.preprocessing.artefacts import (
    JOINT_ZEROS,
    NO_VARIANCE,
    SAME_LEVEL,
    ConstantSum,
    constant_sums,
    joint_zeros,
    same_levels,
    smallest_eigenvalue,
)
from seglib.preprocessing.inverse import in_original_units
from seglib.preprocessing.matrix import Matrix
from seglib.preprocessing.outliers import FAR, HANDFUL, SMALL_SHARE, Extreme, extremes, is_handful, smallest_cluster
from seglib.preprocessing.variance import share_table, variance_share
from seglib.schema.records import AuditCheckRecord, AuditRecord
from seglib.style import escape_markdown, format_number, humanize, join_words, shortened

DOMINANT = 0.5
"""Share of the variance above which one column makes the clusters on its own."""

MIXED = 3.0
"""Ratio of the largest to the smallest standard deviation above which numbers are on different scales."""

LABEL = 0.9
"""Agreement (adjusted Rand index) with clusters of the other columns from which on a column looks like a label."""

FEW_VALUES = 30
"""A column with more different values than this is no label, and its commonest value is worth a look."""

SPIKE = 0.1
"""Share of the rows with the commonest value of two columns at once, above which these rows could become a segment.

It is the size of the average one of ten segments, the largest number that is tried.
"""

FILLED = 0.05
"""Share of imputed values of one column above which the imputation itself can make a cluster."""


@dataclass(frozen=True)
class AuditCheck:
    """One check of a matrix, of one column where it concerns one.

    Attributes
    ----------
    check, column : str
    measured : float
        Missing where there was nothing to measure.
    what, limit : str
        What is measured, and the values that are no finding.
    sentence : str
        What the finding means; empty if nothing was found.
    """

    check: str
    column: str
    measured: float
    what: str
    limit: str
    sentence: str = ""

    @property
    def found(self) -> bool:
        """Whether it is a finding."""
        return bool(self.sentence)


@dataclass(frozen=True)
class AuditReport:
    """What the audit of one matrix found.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per check (and per column, where it concerns one): check, column, measured, what, limit, found,
        sentence; see `AuditCheck`.
    """

    table: pd.DataFrame

    @property
    def findings(self) -> list[str]:
        """One sentence per finding."""
        return self.table.loc[self.table["found"], "sentence"].tolist()

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def text(self) -> str:
        """All findings, or that there are none."""
        if self.clean:
            return f"The audit found nothing in {self.table['check'].nunique()} checks."
        number = len(self.findings)
        return f"The audit found {number} thing{'s' if number > 1 else ''}. {' '.join(self.findings)}"

    @property
    def markdown(self) -> str:
        """The findings as a list, or that there are none, in bold."""
        if self.clean:
            return f"**{self.text}**"
        return "\n".join(f"- **{escape_markdown(finding)}**" for finding in self.findings)

    @property
    def record(self) -> AuditRecord:
        """The findings and every measured number, as ``recipe.json`` has them."""
        checks = tuple(
            AuditCheckRecord(row.check, row.column, None if pd.isna(row.measured) else row.measured, bool(row.found))
            for row in self.table.itertuples()
        )
        return AuditRecord(tuple(self.findings), checks)


def audit(
    matrix: Matrix | pd.DataFrame,
    *,
    nominal: Sequence[str] = (),
    k: int = 3,
    n_recodings: int = 20,
    sample_rows: int = 5_000,
    seed: int = 0,
) -> AuditReport:
    """Look for mistakes in a matrix before it is clustered.

    Parameters
    ----------
    matrix : Matrix or pandas.DataFrame of float, shape (n_rows, n_columns)
        A matrix from elsewhere is indexed by customer_id, alone or with another level; each of its columns is
        taken for a source of its own.
    nominal : sequence of str
        Columns of a matrix from elsewhere that are names in truth, and integers here.
    k : int, default=3
        Number of clusters on which other codes are tried.
    n_recodings : int, default=20
        Number of random other codes for every integer-coded name.
    sample_rows : int, default=5_000
        Largest number of rows that are clustered for it.
    seed : int, default=0

    Returns
    -------
    AuditReport

    Notes
    -----
    grain: rows per customer. recoding: adjusted Rand index (Hubert & Arabie 1985, J. Classif. 2) of the clusters with
    those of the same data after the integers were randomly reassigned to the names, mean over ``n_recodings``; a code
    that carries no order must give 1. label: adjusted Rand index of a column of few values with the clusters of all
    others. constant, duplicate: columns that say nothing, or nothing new. dominance: largest share of the variance.
    scales: largest standard deviation of a number over the smallest. correlation: Spearman's, of ranks. spike: rows
    that have the commonest value of two measured columns at once, as have customers of whom nothing was observed, whose
    rates are all shrunk to the same value. filled: share of values that were missing. sum: smallest eigenvalue of the
    correlation matrix of the numbers in original units, which is 0 where some of them add up to the same in every row
    (`constant_sums`). extreme: the value furthest out, in standard deviations of the middle 98% of its column
    (`extremes`). handful: rows of the smallest of two, or three, clusters (`smallest_cluster`). zeros: rows in which
    several numbers are zero together (`joint_zeros`). levels: Cohen's kappa of levels of different names
    (`same_levels`).
    """
    if isinstance(matrix, pd.DataFrame):
        audited = _Audited.of_table(matrix, tuple(nominal))
    else:
        audited = _Audited.of_matrix(matrix)
    rng = np.random.default_rng(seed)
    rows = audited.table
    if len(rows) > sample_rows:
        rows = rows.iloc[np.sort(rng.choice(len(rows), sample_rows, replace=False))]
    checks = [
        _grain(audited),
        *_recoding(audited, rows, k, n_recodings, rng),
        *_label(audited, rows),
        _constant(audited),
        _duplicates(audited),
        _dominance(audited),
        _scales(audited),
        *_correlated(audited),
        _spike(audited),
        _filled(audited),
        *_constant_sums(audited),
        _joint_zeros(audited),
        *_same_levels(audited),
        *_extremes(audited),
        _handful(audited, rows),
    ]
    table = pd.DataFrame([asdict(check) for check in checks])
    table["measured"] = table["measured"].astype(float).round(6)
    table.insert(5, "found", [check.found for check in checks])
    return AuditReport(table)


@dataclass(frozen=True)
class _Audited:
    """A matrix as the checks see it.

    Attributes
    ----------
    table : pandas.DataFrame
    numeric : list of str
        Columns that are one number each, codes among them.
    coded : list of str
        Columns that are names in truth, and integers here.
    shares : pandas.DataFrame
        column, share: of the total variance, by source.
    filled : dict of str to float
        Share of values that were missing.
    original : pandas.DataFrame
        The numbers in original units, without codes. Of a matrix from elsewhere, its columns as they are.
    levels : dict of str to pandas.DataFrame of bool
        By source that has a column per level: which rows have which.
    remedy : str
        How a column is left out.
    name_of : callable
        From a column to its name in the words of the shop.
    """

    table: pd.DataFrame
    numeric: list[str]
    coded: list[str]
    shares: pd.DataFrame
    filled: dict[str, float]
    original: pd.DataFrame
    levels: dict[str, pd.DataFrame]
    remedy: str
    name_of: Callable[[str], str] = humanize

    @classmethod
    def of_matrix(cls, matrix: Matrix) -> _Audited:
        original = in_original_units(matrix, matrix.table)[[c for c in matrix.numeric if c not in matrix.coded]]
        original = original.loc[:, np.isfinite(original).all()]  # some powers of Yeo and Johnson have no way back
        levels = {}
        for name in matrix.nominal:
            dummies = matrix.made_of(name) > 0
            levels[name] = dummies.rename(columns=lambda column, name=name: column.removeprefix(f"{name}_"))
        for name in original:
            if set(np.unique(original[name])) == {0.0, 1.0}:
                levels[name] = pd.DataFrame({"no": original[name] == 0, "yes": original[name] == 1})
        remedy = "parameter `segment_by`" if matrix.recipe.name == "customer" else "by hand"
        shares = variance_share(matrix).table
        name_of = matrix.wording.name_of
        return cls(matrix.table, matrix.numeric, matrix.coded, shares, matrix.filled, original, levels, remedy, name_of)

    @classmethod
    def of_table(cls, table: pd.DataFrame, nominal: tuple[str, ...]) -> _Audited:
        numeric, shares = list(table.columns), share_table(table.var(ddof=0))
        original = table[[c for c in table if c not in nominal]]
        levels = {}
        for name in table:
            values = np.unique(table[name])
            if name in nominal or len(values) == 2:
                dummies = {format_number(float(value)): table[name] == value for value in values}
                levels[name] = pd.DataFrame(dummies)
        return cls(table, numeric, list(nominal), shares, {}, original, levels, "before the table is made")


def _grain(m: _Audited) -> AuditCheck:
    index = m.table.index
    customers = index.get_level_values("customer_id").nunique() if "customer_id" in index.names else index.nunique()
    rows = len(m.table) / max(customers, 1)
    sentence = ""
    if rows > 1:
        sentence = (
            f"One row is not one customer: there are {rows:.1f} rows a customer, and one customer's rows can fall into "
            "several clusters."
        )
    return AuditCheck("grain", "", rows, "rows a customer", "1", sentence)


def _recoding(m: _Audited, rows: pd.DataFrame, k: int, n: int, rng: np.random.Generator) -> list[AuditCheck]:
    if not m.coded:
        return [AuditCheck("recoding", "", float("nan"), "no name is coded by integers", "1")]
    X, k = rows.to_numpy(dtype=float), min(k, len(rows.drop_duplicates()))
    labels = _clusters(X, k)
    checks = []
    for name in m.coded:
        place = rows.columns.get_loc(name)
        values, codes = np.unique(X[:, place], return_inverse=True)
        agreement = []
        for _ in range(n):
            # The same integers, reassigned to the names at random: the rows that share a name still do, and only the
            # order of the names has changed. Clusters that depend on it are made of the alphabet, not of customers.
            recoded = X.copy()
            recoded[:, place] = rng.permutation(values)[codes]
            agreement.append(adjusted_rand_score(labels, _clusters(recoded, k)))
        mean = float(np.mean(agreement))
        sentence = ""
        if mean < 0.99:  # below 1 by more than single rows that two runs of KMeans can place differently
            sentence = (
                f"The integers for {m.name_of(name)} invent an order: with other integers for the same names the "
                f"clusters are others (adjusted Rand index {mean:.2f}, where 1 is the same)."
            )
        what = f"adjusted Rand index, mean of {n} other codes"
        checks.append(AuditCheck("recoding", name, mean, what, "1", sentence))
    return checks


def _label(m: _Audited, rows: pd.DataFrame) -> list[AuditCheck]:
    what, limit = "adjusted Rand index with clusters of the other columns", f"below {LABEL:g}"
    highest, checks = 0.0, []
    for name in m.numeric:
        values = rows[name]
        levels = values.nunique()
        others = rows.drop(columns=name)
        few = 2 <= levels <= min(FEW_VALUES, len(rows) // 5)  # or clusters of a handful of rows would agree by chance
        if not few or others.shape[1] == 0 or len(others.drop_duplicates()) < levels:
            continue
        agreement = adjusted_rand_score(values.astype("category").cat.codes, _clusters(others.to_numpy(float), levels))
        highest = max(highest, agreement)
        if agreement >= LABEL:
            sentence = (
                f"{m.name_of(name).capitalize()} looks like a cluster label: clusters of the other columns agree with "
                f"it (adjusted Rand index {agreement:.2f}). A label inside makes every criterion look too good."
            )
            checks.append(AuditCheck("label", name, agreement, what, limit, sentence))
    return checks or [AuditCheck("label", "", highest, what, limit)]


def _constant(m: _Audited) -> AuditCheck:
    constant = [c for c in m.table if m.table[c].nunique() < 2]
    sentence = f"The same for every row: {join_words([m.name_of(c) for c in constant])}." if constant else ""
    return AuditCheck("constant", ", ".join(constant), len(constant), "columns with one value", "0", sentence)


def _duplicates(m: _Audited) -> AuditCheck:
    pairs = _identical_pairs(m.table[m.numeric])
    sentence = ""
    if pairs:
        names = join_words([f"{m.name_of(a)} and {m.name_of(b)}" for a, b in pairs])
        sentence = f"The same column twice, with double weight: {names}."
    columns = ", ".join(second for _, second in pairs)
    return AuditCheck("duplicate", columns, len(pairs), "pairs of columns that are one", "0", sentence)


def _identical_pairs(numbers: pd.DataFrame) -> list[tuple[str, str]]:
    """List the pairs of columns that are the same but for their scale."""
    varying = numbers.loc[:, numbers.nunique() > 1]
    if varying.shape[1] < 2:
        return []
    r = np.abs(np.corrcoef(varying.to_numpy(dtype=float), rowvar=False))
    return [(varying.columns[i], varying.columns[j]) for i, j in combinations(range(len(r)), 2) if r[i, j] > 1 - 1e-9]


def _dominance(m: _Audited) -> AuditCheck:
    column, share = m.shares["column"].iloc[0], m.shares["share"].iloc[0]
    sentence = ""
    if share > DOMINANT:
        effect = "it is the only column" if len(m.shares) == 1 else "it makes the clusters on its own"
        sentence = f"{m.name_of(column).capitalize()} holds {share:.0%} of the variance: {effect}."
    return AuditCheck("dominance", column, share, "share of the variance", f"at most {DOMINANT:g}", sentence)


def _scales(m: _Audited) -> AuditCheck:
    # two answers vary by how many give either, not by the unit they are measured in
    spread = m.table[[name for name in m.numeric if m.table[name].nunique() > 2]].std(ddof=0)
    spread = spread[spread > 1e-12]
    ratio = spread.max() / spread.min() if len(spread) else 1.0
    sentence = ""
    if ratio > MIXED:
        sentence = (
            f"The numbers are on different scales: {m.name_of(spread.idxmax())} varies {ratio:.1f} times as much as "
            f"{m.name_of(spread.idxmin())}."
        )
    what = "largest standard deviation of a number over the smallest"
    return AuditCheck("scales", "", ratio, what, f"at most {MIXED:g}", sentence)


def _correlated(m: _Audited) -> list[AuditCheck]:
    what, limit = "Spearman's rank correlation", f"at most {HIGH_CORRELATION:g}"
    numbers = m.table[m.numeric]
    identical = set(_identical_pairs(numbers))  # which are a finding of their own
    checks = []
    for pair in correlated_pairs(numbers).itertuples(index=False):
        if (pair.first, pair.second) in identical:
            continue
        sentence = (
            f"{m.name_of(pair.first).capitalize()} and {m.name_of(pair.second)} are nearly one column (rank "
            f"correlation {pair.spearman:.2f}): it has double weight."
        )
        checks.append(AuditCheck("correlation", pair.second, abs(pair.spearman), what, limit, sentence))
    if checks:
        return checks
    if identical:
        return [AuditCheck("correlation", "", HIGH_CORRELATION, what, limit)]
    ranks = numbers.corr(method="spearman").abs().to_numpy()
    highest = np.nanmax(np.where(np.eye(len(ranks), dtype=bool), np.nan, ranks), initial=0.0)
    return [AuditCheck("correlation", "", highest, what, limit)]


def _spike(m: _Audited) -> AuditCheck:
    common = {}
    for name in m.numeric:
        counts = m.table[name].value_counts()
        if len(counts) > FEW_VALUES:  # a column of few values has common ones by nature
            common[name] = m.table[name] == counts.index[0]
    share = max(((common[a] & common[b]).mean() for a, b in combinations(common, 2)), default=0.0)
    sentence = ""
    if share > SPIKE:
        sentence = (
            f"{share:.0%} of the rows share one value in two columns at once, as customers do of whom nothing was "
            "seen: a cluster made of them is no segment."
        )
    what = "share of rows with the commonest value of two columns"
    return AuditCheck("spike", "", share, what, f"at most {SPIKE:g}", sentence)


def _filled(m: _Audited) -> AuditCheck:
    worst = max(m.filled, key=m.filled.get, default="")
    share = m.filled.get(worst, 0.0)
    sentence = ""
    if share > FILLED:
        sentence = f"{m.name_of(worst).capitalize()} is missing for {share:.0%} of the rows and was filled in."
    return AuditCheck("filled", worst, share, "share of values that were missing", f"at most {FILLED:g}", sentence)


def _constant_sums(m: _Audited) -> list[AuditCheck]:
    identical = {second for _, second in _identical_pairs(m.original)}  # which are a finding of their own
    numbers = m.original[[c for c in m.original if c not in identical]]
    what, limit = "smallest eigenvalue of the correlations of the numbers", f"at least {NO_VARIANCE:g}"
    smallest = smallest_eigenvalue(numbers)
    checks = [
        AuditCheck("sum", ", ".join(total.weights), smallest, what, limit, _sentence_of_sum(total, m))
        for total in constant_sums(numbers)
    ]
    return checks or [AuditCheck("sum", "", smallest, what, limit)]


def _sentence_of_sum(constant: ConstantSum, m: _Audited) -> str:
    """Say which columns add up to what, what that does, and what to do."""
    names = [m.name_of(name) for name in constant.weights]
    total = format_number(round(constant.total, 2) + 0.0)  # which is 0 for -0
    if constant.plain:
        relation = f"{join_words(names).capitalize()} add up to {total} in every row"
    else:
        terms = [f"{weight:+.3g} x {name}" for name, weight in zip(names, constant.weights.values(), strict=True)]
        relation = f"A weighted sum of columns is {total} in every row: {' '.join(terms).removeprefix('+')}"
    return (
        f"{relation}. So each of them follows from the others, and the rows fill a shape with corners, which look like "
        f"segments. Leave one of them out ({m.remedy}), or take logarithms of their ratios."
    )


def _joint_zeros(m: _Audited) -> AuditCheck:
    lump = joint_zeros(m.original)
    what, limit = "share of rows that are zero in several columns", f"below {JOINT_ZEROS:g}"
    if not lump.columns:
        return AuditCheck("zeros", "", lump.share, what, limit)
    value = "zero" if lump.zero else "at their lowest value"
    sentence = (
        f"{join_words([m.name_of(name) for name in lump.columns]).capitalize()} are {value} together in {lump.rows:,} "
        f"rows ({lump.share:.0%}). These rows are a lump in one place that every criterion takes for a segment. Set "
        "them apart by this rule, and segment the others alone; or let a yes or no stand for these columns."
    )
    return AuditCheck("zeros", ", ".join(lump.columns), lump.share, what, limit, sentence)


def _same_levels(m: _Audited) -> list[AuditCheck]:
    what, limit = "Cohen's kappa of two levels of different columns", f"below {SAME_LEVEL:g}"
    groups, highest = same_levels(m.levels)
    checks = []
    for group in groups:
        times = len(group.levels)
        pairs = join_words([f"{m.name_of(source)}: {level}" for source, level in group.levels.items()])
        sentence = (
            f"Levels that always come together ({pairs}): {group.rows:,} rows have all of them, and are counted "
            f"{times} times. Keep one of these columns ({m.remedy})."
        )
        checks.append(AuditCheck("levels", ", ".join(group.levels), group.kappa, what, limit, sentence))
    return checks or [AuditCheck("levels", "", highest, what, limit)]


def _extremes(m: _Audited) -> list[AuditCheck]:
    what, limit = "standard deviations of the others from their mean", f"at most {FAR:g}"
    furthest = extremes(m.table[m.numeric])
    checks = [
        AuditCheck("extreme", one.column, one.deviations, what, limit, _sentence_of_extreme(one, m))
        for one in furthest
        if one.deviations > FAR
    ]
    return checks or [AuditCheck("extreme", "", furthest[0].deviations if furthest else 0.0, what, limit)]


def _sentence_of_extreme(extreme: Extreme, m: _Audited) -> str:
    """Say who is how far out, what that does, and what to do."""
    return (
        f"{m.name_of(extreme.column).capitalize()} of {_row_name(extreme.row, m)} lies {extreme.deviations:.0f} "
        "standard deviations of the others from their mean. Distances are squared, so such a row gets a segment of its "
        "own, and the others look alike. Take logarithms (log: true in the mapping file, or transform = yeo-johnson), "
        "or leave the row out (leave_out) and treat it by hand."
    )


def _handful(m: _Audited, rows: pd.DataFrame) -> AuditCheck:
    what, limit = "rows of the smallest of two or three clusters", f"at least {HANDFUL} or {SMALL_SHARE:.0%}"
    smallest = smallest_cluster(rows)
    if smallest is None:
        return AuditCheck("handful", "", float("nan"), what, limit)
    sentence = ""
    if is_handful(smallest.n, len(rows)):
        names = shortened([_row_name(row, m) for row in smallest.rows], 3)
        is_one = smallest.n == 1
        sentence = (
            f"Of {smallest.k} clusters one has {smallest.n} {'row' if is_one else 'rows'} only ({names}): that is no "
            f"segment. Look at {'it' if is_one else 'them'}, and take logarithms (log: true), or leave "
            f"{'it' if is_one else 'them'} out (leave_out)."
        )
    return AuditCheck("handful", "", smallest.n, what, limit, sentence)


def _row_name(row: object, m: _Audited) -> str:
    """Name a row by its customer."""
    names = m.table.index.names
    if isinstance(row, tuple):
        row = row[names.index("customer_id")] if "customer_id" in names else row[0]
    return f"customer {row}"


def _clusters(X: np.ndarray, k: int) -> np.ndarray:
    with threadpool_limits(limits=1):
        return KMeans(k, n_init=10, random_state=0).fit_predict(X)
