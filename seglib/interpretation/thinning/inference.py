"""Segments from one half of the coupons, tests with the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seglib.clustering import SegmentKMeans, check_k
from seglib.errors import InputRefused, ParameterRefused
from seglib.features import features_of
from seglib.interpretation.thinning.ratio_tests import COUNTS, MARKS, ratio_test, ratios_of, underdispersion_test
from seglib.interpretation.thinning.splits import exposure, read_tables, split_counts
from seglib.preprocessing import rebuild_matrix
from seglib.schema.records import RecipeRecord
from seglib.stats import holm
from seglib.study import Study
from seglib.style import NO_TRANSACTIONS, humanize, join_words, p_value

if TYPE_CHECKING:
    import duckdb

NOT_TESTED: dict[str, str] = {
    "recency_days": "the last coupon of one half comes from the same time with us as that of the other, and from the "
    "same number of coupons",
    "never_burned": "it is likelier with few decided coupons, and their number is tied to the time with us in both "
    "halves",
}
"""Behaviours that cannot be tested so, and why."""

FROM_CUSTOMERS = "it does not come from coupons, so it is the same in both halves"
NO_JOINING = "not every customer has a day of joining, so it is not known how long each could claim"
TOO_REGULAR = (
    "the numbers of coupons are more regular than chance would have it, so many in one half mean few in the other"
)
FEWEST_COUPONS, FEWEST_CUSTOMERS = 200, 50
LEVEL = 0.05
COLUMNS = ["feature", "p_median", "p", "p_holm", "differs", "n_splits"]


@dataclass(frozen=True)
class ThinningTests:
    """What the other half of the coupons says of the segments.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a feature that can be tested: feature, p_median (over the splits), p (valid: twice the median, at most
        1), p_holm, differs (p_holm <= .05), n_splits (in which it could be tested). Empty if nothing can be.
    left_out : mapping of str to str
        Features of the matrix that cannot be tested honestly, each with the reason.
    splits : pandas.DataFrame
        split, feature, customers, p: what each split gave.
    why : str
        Why nothing could be tested; empty if something was.
    """

    table: pd.DataFrame
    left_out: Mapping[str, str] = field(default_factory=dict)
    splits: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["split", "feature", "customers", "p"]))
    why: str = ""

    @property
    def text(self) -> str:
        """In which features segments differ on coupons that they were not made from, and what was not tested."""
        if self.why:
            return self.why
        rows = list(self.table.itertuples())
        told = "Segments made from one half of the coupons, looked at with the other half: "
        differ = [f"{humanize(r.feature)} ({p_value(r.p_holm)})" for r in rows if r.differs]
        alike = [f"{humanize(r.feature)} ({p_value(r.p_holm)})" for r in rows if not r.differs]
        parts = [f"they differ in {join_words(differ)}"] * bool(differ)
        parts += [f"they are not shown to differ in {join_words(alike)}"] * bool(alike)
        told += f"{'; '.join(parts)}. (Twice the median p of {int(self.table['n_splits'].max())} splits, after Holm.)"
        if differ:
            told += " That customers differ does not make them groups: whether there are groups is for 04 to say."
        for why in dict.fromkeys(self.left_out.values()):
            names = [humanize(f) for f, reason in self.left_out.items() if reason == why]
            told += f" Not tested: {join_words(names)} ({why})."
        return told


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
        How often the coins are tossed. One toss would do, but another would give another p.
    n_init : int, default=5
        Starts of every KMeans.
    sample_customers : int, default=10_000
        Of more customers a sample of so many stands for the shop.
    seed : int, default=0
        Of coins, sample and starts; every split has its own generator.

    Returns
    -------
    Thinned
        Where it cannot be done (no transactions, too few, rows that are transactions), a sentence that says so.

    Raises
    ------
    ParameterRefused
        If ``n_splits`` or ``k`` is out of range.

    Notes
    -----
    Poisson thinning (Neufeld, Gao, Popp, Battle & Witten 2024, Inference after latent variable estimation for
    single-cell RNA sequencing data, Biostatistics 25(1); Dharamshi et al. 2025, Generalized data thinning, JASA
    120(549)). What it needs, and what can be tested:

    * What happens to a coupon (burned or not, after how many days). If all customers are alike, marks are independent
      of each other and of the coins, whatever the numbers of coupons.
    * Coupons and money a month. Given a customer's time with us, the two halves are independent if coupons come as a
      Poisson process. Time is weighed by how busy the shop was, per customer present (else those who joined before a
      busy season would seem to claim more), and a customer without a coupon in the second half counts with 0. If
      numbers are more regular than Poisson, many in one half mean few in the other: then this is left out. If they
      are less regular, customers differ.
    * Not recency and never burned, see `NOT_TESTED`, and not what comes from the customers table.

    Each feature is the ratio of two sums of a segment (burned over decided, say), tested by Welch's (1951, Biometrika
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
    if why := _impossible(con, study, recipe):
        return ThinningTests(pd.DataFrame(columns=COLUMNS), why=why)
    tables = read_tables(con, study.as_of, sample_customers, seed)
    time = exposure(tables["customers"], tables["transactions"], as_of=study.as_of)
    rngs = [np.random.default_rng([seed, split]) for split in range(n_splits)]
    records, untold = [], ""
    for split, (first, second) in enumerate(split_counts(tables, rngs, study)):
        try:
            matrix = rebuild_matrix(first, recipe, described=features_of(first, study)).table
            check_k(matrix.to_numpy(), k)
            found = SegmentKMeans(k, n_init=n_init, random_state=seed).fit(matrix.to_numpy())
        except (InputRefused, ParameterRefused) as problem:
            untold = str(problem)
            continue
        clusters = pd.Series(found.labels_, matrix.index)
        for feature, (above, below) in ratios_of(first, second, time).items():
            p = ratio_test(above, below, clusters.reindex(above.index))
            records.append({"split": split, "feature": feature, "customers": len(above), "p": p})
    if untold and not records:
        return ThinningTests(pd.DataFrame(columns=COLUMNS), why=f"Half of the coupons cannot be clustered: {untold}.")
    splits = pd.DataFrame(records, columns=["split", "feature", "customers", "p"]).dropna(subset=["p"])
    left_out = _left_out(recipe.sources, time, tables, set(splits["feature"]))
    splits = splits[~splits["feature"].isin(list(left_out))]
    return _summed_up(splits, left_out)


def _impossible(con: duckdb.DuckDBPyConnection, study: Study, recipe: RecipeRecord) -> str:
    """Say why coupons cannot be divided, or nothing."""
    if study.as_of is None:
        return f"{NO_TRANSACTIONS} So they cannot be divided in two."
    if recipe.grain != "customer":
        return (
            f"In recipe {recipe.name} a row is a transaction: which half it is in changes the rows themselves, so "
            "what built these segments is not tested."
        )
    coupons, customers = con.execute(
        "SELECT count(*), count(DISTINCT customer_id) FROM transactions WHERE transaction_date <= CAST(? AS DATE)",
        [study.as_of],
    ).fetchall()[0]
    if coupons < FEWEST_COUPONS or customers < FEWEST_CUSTOMERS:
        return (
            f"{coupons:,} transactions of {customers:,} customers are too few to be divided in two: it takes "
            f"{FEWEST_COUPONS} of {FEWEST_CUSTOMERS}."
        )
    return ""


def _left_out(
    sources: Sequence[str], time: pd.Series | None, tables: Mapping[str, pd.DataFrame], tested: set[str]
) -> dict[str, str]:
    """Give the reason for every feature of the matrix that is not tested."""
    reasons = {name: NOT_TESTED.get(name, FROM_CUSTOMERS) for name in sources if name not in {**MARKS, **COUNTS}}
    if time is None:
        return reasons | {name: NO_JOINING for name in COUNTS if name in sources}
    claimed = tables["transactions"]["customer_id"].value_counts().reindex(time.index, fill_value=0)
    if underdispersion_test(claimed.to_numpy(float), time.to_numpy()):
        reasons |= {name: TOO_REGULAR for name in COUNTS if name in tested}
    return reasons


def _summed_up(splits: pd.DataFrame, left_out: Mapping[str, str]) -> ThinningTests:
    if splits.empty:
        why = "; ".join(f"{humanize(name)}: {reason}" for name, reason in left_out.items())
        return ThinningTests(
            pd.DataFrame(columns=COLUMNS), left_out, why=f"Nothing here can be tested honestly. {why}."
        )
    table = splits.groupby("feature", sort=False)["p"].agg(p_median="median", n_splits="size").reset_index()
    table["p"] = table["p_median"] if (table["n_splits"] == 1).all() else (2 * table["p_median"]).clip(upper=1.0)
    table["p_holm"] = holm(table["p"])
    table["differs"] = table["p_holm"] <= LEVEL
    return ThinningTests(table[COLUMNS], left_out, splits.reset_index(drop=True))
