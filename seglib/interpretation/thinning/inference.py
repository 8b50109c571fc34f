"""Test segments honestly: make them from one half of the coupons, and test with the other half."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seglib.clustering import SegmentKMeans, SegmentRule, check_k
from seglib.errors import InputRefused, ParameterRefused
from seglib.interpretation.thinning.ratio_tests import COUNTS, MARKS, ratio_test, ratios_of, underdispersion_test
from seglib.interpretation.thinning.splits import exposure, read_tables, split_counts
from seglib.preprocessing import rebuild_matrix
from seglib.schema.records import RecipeRecord
from seglib.stats import holm
from seglib.study import Study
from seglib.style import COUPON, NO_TRANSACTIONS, Wording, join_words, p_value

if TYPE_CHECKING:
    import duckdb

NOT_TESTED: dict[str, str] = {
    "recency_days": "the last {coupon} of one half comes from the same time with us as that of the other, and from the "
    "same number of {coupons}",
    "never_burned": "it is likelier with few {coupons} that are old enough to judge, and their number depends on the "
    "time with us in both halves",
}
"""Behaviours that cannot be tested this way, and why (templates of `seglib.style.Wording`, as the next ones)."""

OWN_STATEMENT = (
    "it comes from a statement of your own, and whether chance alone makes the two halves alike in it is not known"
)
FROM_CUSTOMERS = "it does not come from {coupons}, so it is the same in both halves"
NO_JOINING = "not every customer has a day of joining, so it is not known how long each could have come"
UNDERDISPERSED = (
    "the numbers of {coupons} vary less than chance alone would make them (underdispersion), so many in one half mean "
    "few in the other"
)

MIN_COUPONS, MIN_CUSTOMERS = 200, 50
"""A shop with fewer is not divided."""

LEVEL = 0.05
"""Level, after Holm, at which segments count as different."""

COLUMNS = ["feature", "p_median", "p", "p_holm", "differs", "n_splits"]
SPLIT_COLUMNS = ["split", "feature", "customers", "p"]


NOTHING_TO_DIVIDE = f"{NO_TRANSACTIONS} So they cannot be divided in two."
"""Why there are no tests in a table of customers."""


@dataclass(frozen=True)
class ThinningTests:
    """What the other half of the coupons says of the segments.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per feature that can be tested: feature, p_median (over the splits), p (valid: twice the median, at
        most 1), p_holm, differs (p_holm <= .05), n_splits (in which it could be tested). Empty if nothing can be.
    left_out : mapping of str to str
        Features of the matrix that cannot be tested honestly, each with the reason.
    splits : pandas.DataFrame
        split, feature, customers, p: what each split gave.
    why : str
        Why nothing could be tested; empty if something was.
    """

    table: pd.DataFrame
    left_out: Mapping[str, str] = field(default_factory=dict)
    splits: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=SPLIT_COLUMNS))
    why: str = ""
    wording: Wording = field(default=COUPON, repr=False)

    @property
    def printed(self) -> pd.DataFrame:
        """The table with features in the words of the shop."""
        return self.table.assign(feature=self.table["feature"].map(self.wording.name_of))

    @property
    def applies(self) -> bool:
        """Whether there are transactions that could be divided."""
        return self.why != NOTHING_TO_DIVIDE

    @property
    def text(self) -> str:
        """In which features segments differ on coupons that they were not made from, and what was not tested."""
        if self.why:
            return self.why
        differ = self._features(self.table[self.table["differs"]])
        alike = self._features(self.table[~self.table["differs"]])
        results = []
        if differ:
            results.append(f"they differ in {join_words(differ)}")
        if alike:
            results.append(f"they are not shown to differ in {join_words(alike)}")
        sentences = [
            f"Segments made from one half of the {self.wording.many}, looked at with the other half: "
            f"{'; '.join(results)}.",
            f"(Twice the median p of {int(self.table['n_splits'].max())} splits, after Holm.)",
        ]
        if differ:
            sentences.append(
                "That customers differ does not make them groups: whether there are groups is for 04 to say."
            )
        for reason in dict.fromkeys(self.left_out.values()):
            names = [self.wording.name_of(name) for name, why in self.left_out.items() if why == reason]
            sentences.append(f"Not tested: {join_words(names)} ({self.wording.of(reason)}).")
        return " ".join(sentences)

    def _features(self, rows: pd.DataFrame) -> list[str]:
        """Write each feature with its p-value."""
        return [f"{self.wording.name_of(row.feature)} ({p_value(row.p_holm)})" for row in rows.itertuples()]


def thinning_tests(
    con: duckdb.DuckDBPyConnection,
    study: Study,
    recipe: RecipeRecord,
    *,
    k: int,
    n_splits: int = 20,
    n_init: int = 5,
    sample_customers: int = 10_000,
    seed: int = 0,
    rule: SegmentRule | None = None,
) -> ThinningTests:
    """Make segments from half of the coupons, and test with the other half whether they differ.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Sees the canonical tables (`seglib.run.Run.connect`).
    study : Study
        With the burn window and the shrinkage of the run: both halves are shrunk by the same numbers.
    recipe : RecipeRecord
        Of the run: both halves have the same columns.
    k : int
        Number of segments.
    n_splits : int, default=20
        How often the coupons are divided at random. One split would be valid, but another would give another p.
    n_init : int, default=5
        Starts of every KMeans.
    sample_customers : int, default=10_000
        If there are more customers, a random sample of this size is used.
    seed : int, default=0
        Of splits, sample and starts; every split has its own generator.
    rule : SegmentRule, optional
        What stands for segments that were given: it places the customers by one half of the coupons. Default: KMeans
        makes the segments from that half.

    Returns
    -------
    ThinningTests
        Where it cannot be done (no transactions, too few, rows that are transactions), ``why`` says so.

    Raises
    ------
    ParameterRefused
        If ``n_splits`` or ``k`` is out of range.

    Notes
    -----
    Poisson thinning (Neufeld, Gao, Popp, Battle & Witten 2024, Inference after latent variable estimation for
    single-cell RNA sequencing data, Biostatistics 25(1); Dharamshi et al. 2025, Generalized data thinning, JASA
    120(549)). What it needs, and what can be tested:

    * What happens to a coupon (burned or not, after how many days). If all customers are alike, these marks are
      independent of each other and of the split, whatever the numbers of coupons.
    * Coupons and money per month. Given a customer's time with us, the two halves are independent if coupons come as a
      Poisson process. Time is weighted by how busy the shop was, per customer present (otherwise those who joined
      before a busy season would seem to claim more), and a customer without a coupon in the second half counts with
      0. If numbers are more regular than Poisson, many in one half mean few in the other: then this is left out. If
      they are less regular, customers differ.
    * Not recency and never burned, see `NOT_TESTED`, and not what comes from the customers table.

    Each feature is the ratio of two sums of a segment (burned over matured, say), tested by Welch's (1951, Biometrika
    38) one-way analysis, with linearised variances over customers: customers with few coupons scatter more, and a
    rank test or equal variances would take that for a difference.

    Splits share their coupons, so their p-values are not independent, and the median of them is no p-value. Twice the
    median is one, whatever the dependence (Rueger 1978, Metrika 25; the quantile 1/2 of Meinshausen, Meier & Buhlmann
    2009, JASA 104). It errs on the safe side: ``studies/thinning.md`` has the rates measured on shops without segments.
    """
    if n_splits < 1:
        raise ParameterRefused(f"n_splits is at least 1, not {n_splits}", parameter="n_splits")
    if k < 2:
        raise ParameterRefused(f"k is at least 2, not {k}", parameter="k")
    if why := _why_impossible(con, study, recipe):
        return _nothing_tested(why)
    if rule and rule.why_not:
        return _nothing_tested(
            f"The segments were given, and half of the {study.wording.many} does not tell which of them a customer "
            f"would have: {rule.why_not}."
        )
    if rule and recipe.mixes_columns:
        return _nothing_tested(
            f"The segments were given, and half of the {study.wording.many} does not tell which of them a customer "
            "would have: the components of the matrix are others in each half."
        )
    tables = read_tables(con, study.as_of, sample_customers, seed)
    # Expected coupons of each customer if all were alike: the denominator of counts per month. It comes from all
    # coupons, not from one half, so it does not depend on the split.
    time = exposure(tables["customers"], tables["transactions"], as_of=study.as_of)
    rngs = [np.random.default_rng([seed, split]) for split in range(n_splits)]
    rows, problem = [], ""
    for split, (first, second) in enumerate(split_counts(tables, rngs, study)):
        try:
            matrix = rebuild_matrix(first, recipe, described=study.describe(first)).table
            clusters = rule.place(matrix) if rule else _clusters(matrix, k, n_init=n_init, seed=seed)
        except (InputRefused, ParameterRefused) as refused:
            problem = str(refused)
            continue
        # Segments come from the first half only. The ratios are of the second half, so a difference in them cannot be
        # an artefact of the clustering.
        for feature, (above, below) in ratios_of(first, second, time).items():
            p = ratio_test(above, below, clusters.reindex(above.index))
            rows.append({"split": split, "feature": feature, "customers": len(above), "p": p})
    if problem and not rows:
        return _nothing_tested(f"Half of the {study.wording.many} cannot be clustered: {problem}.")
    splits = pd.DataFrame(rows, columns=SPLIT_COLUMNS).dropna(subset=["p"])
    left_out = _untested_features(recipe.sources, time, tables, set(splits["feature"]))
    left_out |= {name: OWN_STATEMENT for name in recipe.sources if name in study.own_from_transactions}
    splits = splits[~splits["feature"].isin(list(left_out))]
    return _combine_splits(splits, left_out, study.wording)


def _clusters(matrix: pd.DataFrame, k: int, *, n_init: int, seed: int) -> pd.Series:
    """Return the cluster of every row."""
    check_k(matrix.to_numpy(), k)
    model = SegmentKMeans(k, n_init=n_init, random_state=seed).fit(matrix.to_numpy())
    return pd.Series(model.labels_, matrix.index)


def _nothing_tested(why: str, left_out: Mapping[str, str] | None = None) -> ThinningTests:
    """Return a result without rows that says why."""
    return ThinningTests(pd.DataFrame(columns=COLUMNS), left_out or {}, why=why)


def _why_impossible(con: duckdb.DuckDBPyConnection, study: Study, recipe: RecipeRecord) -> str:
    """Say why coupons cannot be divided; empty if they can."""
    if study.as_of is None:
        return NOTHING_TO_DIVIDE
    if recipe.grain != "customer":
        return (
            f"In recipe {recipe.name} a row is a transaction: which half it is in changes the rows themselves, so "
            "what built these segments is not tested."
        )
    coupons, customers = con.execute(
        "SELECT count(*), count(DISTINCT customer_id) FROM transactions WHERE transaction_date <= CAST(? AS DATE)",
        [study.as_of],
    ).fetchall()[0]
    if coupons < MIN_COUPONS or customers < MIN_CUSTOMERS:
        return (
            f"{coupons:,} transactions of {customers:,} customers are too few to be divided in two: it takes "
            f"{MIN_COUPONS} of {MIN_CUSTOMERS}."
        )
    return ""


def _untested_features(
    sources: Sequence[str], time: pd.Series | None, tables: Mapping[str, pd.DataFrame], tested: set[str]
) -> dict[str, str]:
    """Give the reason for every feature of the matrix that is not tested."""
    reasons = {name: NOT_TESTED.get(name, FROM_CUSTOMERS) for name in sources if name not in {**MARKS, **COUNTS}}
    if time is None:
        return reasons | {name: NO_JOINING for name in COUNTS if name in sources}
    # Counts of the two halves are independent only if a Poisson process gave them. Too little scatter contradicts
    # that and makes the test wrong; too much scatter does not: it is the very difference that the test looks for.
    claimed = tables["transactions"]["customer_id"].value_counts().reindex(time.index, fill_value=0)
    if underdispersion_test(claimed.to_numpy(float), time.to_numpy()):
        reasons |= {name: UNDERDISPERSED for name in COUNTS if name in tested}
    return reasons


def _combine_splits(splits: pd.DataFrame, left_out: Mapping[str, str], wording: Wording) -> ThinningTests:
    """Combine the p-values of all splits, feature by feature."""
    if splits.empty:
        reasons = "; ".join(f"{wording.name_of(name)}: {wording.of(reason)}" for name, reason in left_out.items())
        return _nothing_tested(f"Nothing here can be tested honestly. {reasons}.", left_out)
    table = splits.groupby("feature", sort=False)["p"].agg(p_median="median", n_splits="size").reset_index()
    # Splits share their coupons, so their p-values depend on each other in an unknown way. If the median is at most c,
    # half of the p-values are at most c. Under the null that half has an expected share of c, so by Markov's inequality
    # this happens with probability at most 2c: twice the median is a valid p-value. One split needs no correction.
    one_split = (table["n_splits"] == 1).all()
    table["p"] = table["p_median"] if one_split else (2 * table["p_median"]).clip(upper=1.0)
    table["p_holm"] = holm(table["p"])
    table["differs"] = table["p_holm"] <= LEVEL
    return ThinningTests(table[COLUMNS], left_out, splits.reset_index(drop=True), wording=wording)
