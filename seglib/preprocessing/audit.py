"""The audit: mistakes that make clusters of their own, found in the matrix before any cluster exists.

Every check measures something and says from which value on it speaks up. It never blocks: an analyst may have
reasons, and the original analysis must run as it was. It tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from seglib.eda import HIGH_CORRELATION, correlated_pairs
from seglib.preprocessing.matrix import Matrix, variance_share
from seglib.schema.records import AuditCheckRecord, AuditRecord
from seglib.style import humanize, join_words

DOMINANT = 0.5
"""Share of the variance above which one column makes the clusters on its own."""

MIXED = 3.0
"""Ratio of the largest to the smallest standard deviation above which numbers are on different scales."""

LABEL = 0.9
"""Agreement (adjusted Rand index) with clusters of the other columns above which a column is a label in disguise."""

FEW_VALUES = 30
"""A column with more different whole numbers than this is no label and no code."""

SPIKE = 0.1
"""Share of the rows that have the commonest value of two columns at once, above which they make a lump.

So large is the average one of ten segments, the most that are tried: the lump could become one.
"""

FILLED = 0.05
"""Share of filled-in values of one column above which the filling itself can make a cluster."""


@dataclass(frozen=True)
class AuditReport:
    """What the audit of one matrix found.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a check (and a column, where it concerns one): check, column, measured (missing where there was
        nothing to measure), what (is measured), limit, found, sentence (what it means; empty if nothing was found).
    """

    table: pd.DataFrame

    @property
    def findings(self) -> list[str]:
        """One sentence a finding."""
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
    def record(self) -> AuditRecord:
        """The findings and every measured figure, as ``recipe.json`` has them."""
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
    grain: rows a customer. recoding: adjusted Rand index (Hubert & Arabie 1985, J. Classif. 2) of the clusters with
    those of the same data after the integers were dealt out to the names anew, mean over ``n_recodings``; a code that
    carries no order must give 1. label: adjusted Rand index of a column of few whole numbers with the clusters of
    all others. constant, duplicate: columns that say nothing, or nothing new. dominance: largest share of the
    variance. scales: largest standard deviation of a number over the smallest. ties: Spearman's rank correlation.
    spike: rows that have the commonest value of two measured columns at once, as customers share
    shrunk values of whom nothing was seen. filled: share of values that were missing.
    """
    if isinstance(matrix, pd.DataFrame):
        found = _Sources.of_table(matrix, tuple(nominal))
    else:
        found = _Sources.of_matrix(matrix)
    rng = np.random.default_rng(seed)
    rows = found.table
    if len(rows) > sample_rows:
        rows = rows.iloc[np.sort(rng.choice(len(rows), sample_rows, replace=False))]
    lines = [
        *_grain(found),
        *_recoding(found, rows, k, n_recodings, rng),
        *_label(found, rows, seed),
        *_constant(found),
        *_duplicates(found),
        *_dominance(found),
        *_scales(found),
        *_ties(found),
        *_spike(found),
        *_filled(found),
    ]
    table = pd.DataFrame(lines, columns=["check", "column", "measured", "what", "limit", "found", "sentence"])
    return AuditReport(
        table.assign(measured=table["measured"].astype(float).round(6), found=table["found"].astype(bool))
    )


@dataclass(frozen=True)
class _Sources:
    """A matrix as the checks see it: its columns, and which of them are numbers, codes, and parts of one name."""

    table: pd.DataFrame
    numeric: list[str]
    coded: list[str]
    shares: pd.DataFrame
    filled: dict[str, float]

    @classmethod
    def of_matrix(cls, matrix: Matrix) -> _Sources:
        return cls(matrix.table, matrix.numeric, matrix.coded, variance_share(matrix), matrix.filled)

    @classmethod
    def of_table(cls, table: pd.DataFrame, nominal: tuple[str, ...]) -> _Sources:
        share = table.var(ddof=0)
        shares = (share / share.sum()).rename("share").rename_axis("column").reset_index()
        shares = shares.sort_values("share", ascending=False, kind="stable", ignore_index=True)
        return cls(table, list(table.columns), list(nominal), shares, {})


def _grain(m: _Sources) -> Iterator[tuple]:
    index = m.table.index
    customers = index.get_level_values("customer_id").nunique() if "customer_id" in index.names else index.nunique()
    rows = len(m.table) / max(customers, 1)
    yield (
        "grain", "", rows, "rows a customer", "1", rows > 1,
        f"One row is not one customer: there are {rows:.1f} rows a customer, and one customer's rows can fall into "
        "several clusters." if rows > 1 else "",
    )  # fmt: skip


def _recoding(m: _Sources, rows: pd.DataFrame, k: int, n: int, rng: np.random.Generator) -> Iterator[tuple]:
    what = f"adjusted Rand index, mean of {n} other codes"
    if not m.coded:
        yield "recoding", "", float("nan"), "no name is coded by integers", "1", False, ""
        return
    X, k = rows.to_numpy(dtype=float), min(k, len(rows.drop_duplicates()))
    before = _clusters(X, k)
    for name in m.coded:
        place = rows.columns.get_loc(name)
        values, codes = np.unique(X[:, place], return_inverse=True)
        agreement = []
        for _ in range(n):
            other = X.copy()
            other[:, place] = rng.permutation(values)[codes]
            agreement.append(adjusted_rand_score(before, _clusters(other, k)))
        mean = float(np.mean(agreement))
        yield (
            "recoding", name, mean, what, "1", mean < 0.99,
            f"The integers for {humanize(name)} invent an order: with other integers for the same names the clusters "
            "are "
            f"others (adjusted Rand index {mean:.2f}, where 1 is the same)." if mean < 0.99 else "",
        )  # fmt: skip


def _label(m: _Sources, rows: pd.DataFrame, seed: int) -> Iterator[tuple]:
    what = "adjusted Rand index with clusters of the other columns"
    highest, suspects = 0.0, []
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
            suspects.append((name, agreement))
    if not suspects:
        yield "label", "", highest, what, f"below {LABEL:g}", False, ""
    for name, agreement in suspects:
        yield (
            "label", name, agreement, what, f"below {LABEL:g}", True,
            f"{humanize(name).capitalize()} looks like a cluster label: clusters of the other columns agree with it "
            f"(adjusted Rand index {agreement:.2f}). A label inside the matrix flatters every criterion.",
        )  # fmt: skip


def _constant(m: _Sources) -> Iterator[tuple]:
    constant = [c for c in m.table if m.table[c].nunique() < 2]
    yield (
        "constant", ", ".join(constant), len(constant), "columns with one value", "0", bool(constant),
        f"The same for every row: {join_words([humanize(c) for c in constant])}." if constant else "",
    )  # fmt: skip


def _duplicates(m: _Sources) -> Iterator[tuple]:
    pairs = _same(m.table[m.numeric])
    told = [f"{humanize(a)} and {humanize(b)}" for a, b in pairs]
    yield (
        "duplicate", ", ".join(b for _, b in pairs), len(pairs), "pairs of columns that are one", "0", bool(pairs),
        f"The same column twice, with double weight: {join_words(told)}." if pairs else "",
    )  # fmt: skip


def _same(numbers: pd.DataFrame) -> list[tuple[str, str]]:
    """List the pairs of columns that are the same but for their scale."""
    varying = numbers.loc[:, numbers.nunique() > 1]
    if varying.shape[1] < 2:
        return []
    r = np.abs(np.corrcoef(varying.to_numpy(dtype=float), rowvar=False))
    return [(varying.columns[i], varying.columns[j]) for i, j in combinations(range(len(r)), 2) if r[i, j] > 1 - 1e-9]


def _dominance(m: _Sources) -> Iterator[tuple]:
    top = m.shares.iloc[0]
    one = len(m.shares) == 1
    yield (
        "dominance", top["column"], top["share"], "share of the variance", f"at most {DOMINANT:g}",
        top["share"] > DOMINANT,
        f"{humanize(top['column']).capitalize()} holds {top['share']:.0%} of the variance: "
        f"{'it is the only column' if one else 'it makes the clusters on its own'}."
        if top["share"] > DOMINANT else "",
    )  # fmt: skip


def _scales(m: _Sources) -> Iterator[tuple]:
    spread = m.table[m.numeric].std(ddof=0)
    spread = spread[spread > 1e-12]
    ratio = spread.max() / spread.min() if len(spread) else 1.0
    yield (
        "scales", "", ratio, "largest standard deviation of a number over the smallest", f"at most {MIXED:g}",
        ratio > MIXED,
        f"The numbers are on different scales: {humanize(spread.idxmax())} varies {ratio:.1f} times as much as "
        f"{humanize(spread.idxmin())}." if ratio > MIXED else "",
    )  # fmt: skip


def _ties(m: _Sources) -> Iterator[tuple]:
    same = set(_same(m.table[m.numeric]))
    pairs = [p for p in correlated_pairs(m.table[m.numeric]).itertuples(index=False) if (p.first, p.second) not in same]
    what, limit = "Spearman's rank correlation", f"at most {HIGH_CORRELATION:g}"
    if not pairs:
        ranks = m.table[m.numeric].corr(method="spearman").abs().to_numpy()
        highest = np.nanmax(np.where(np.eye(len(ranks), dtype=bool), np.nan, ranks), initial=0.0)
        yield "ties", "", highest if not same else HIGH_CORRELATION, what, limit, False, ""
    for pair in pairs:
        yield (
            "ties", pair.second, abs(pair.spearman), what, limit, True,
            f"{humanize(pair.first).capitalize()} and {humanize(pair.second)} are nearly one column (rank correlation "
            f"{pair.spearman:.2f}): it has double weight.",
        )  # fmt: skip


def _spike(m: _Sources) -> Iterator[tuple]:
    common = {}
    for name in m.numeric:
        counts = m.table[name].value_counts()
        if len(counts) > FEW_VALUES:  # a column of few values has common ones by nature
            common[name] = m.table[name] == counts.index[0]
    at_once = [(common[a] & common[b]).mean() for a, b in combinations(common, 2)]
    share = max(at_once, default=0.0)
    yield (
        "spike", "", share, "share of rows with the commonest value of two columns", f"at most {SPIKE:g}",
        share > SPIKE,
        f"{share:.0%} of the rows share one value in two columns at once, as customers do of whom nothing was seen: a "
        "cluster made of them is no segment." if share > SPIKE else "",
    )  # fmt: skip


def _filled(m: _Sources) -> Iterator[tuple]:
    worst = max(m.filled, key=m.filled.get, default="")
    share = m.filled.get(worst, 0.0)
    told = f"{humanize(worst).capitalize()} is missing for {share:.0%} of the rows and was filled in."
    found = share > FILLED
    yield (
        "filled",
        worst,
        share,
        "share of values that were missing",
        f"at most {FILLED:g}",
        found,
        told if found else "",
    )


def _clusters(X: np.ndarray, k: int) -> np.ndarray:
    with threadpool_limits(limits=1):
        return KMeans(k, n_init=10, random_state=0).fit_predict(X)
