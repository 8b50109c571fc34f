"""What is told of the rules, and how well they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from seglib.errors import ParameterRefused
from seglib.features import features_of
from seglib.interpretation.surrogate_tree.sql import case_of
from seglib.interpretation.surrogate_tree.tree import Node, grown
from seglib.interpretation.surrogate_tree.wording import conditions
from seglib.schema.features import Feature
from seglib.schema.records import RulesRecord
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import Wording, humanize, join_words, position

STANDS_FOR = {"coupon_usage_frequency": "n_coupons", "transaction_status": "burn_rate"}
"""What the columns of a transaction (recipe ``baseline``) are, of a customer."""

SHRUNK = ("burn_rate", "days_to_burn")
"""What is shrunk in the features: the rules ask for the shrunk values."""

RULE_COLUMNS = ["rule", "segment", "customers", "precision", "covers", "conditions"]


@dataclass(frozen=True)
class DecisionRules:
    """A few questions that nearly give the segments.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a rule: rule, segment, customers (that it takes), precision (share of them that are in the segment),
        covers (share of the segment that it takes), conditions.
    sql : str
        A CASE expression over the columns of ``features.parquet``, DuckDB's dialect. Never NULL: where a value is
        missing, it goes the way the tree sends it.
    fidelity : float
        Share of the customers whom the rules put into their segment.
    fidelity_cv : float
        The same for customers that the rules were not made from (cross-validation); missing for fewer than 10
        customers.
    cost_ratio : float
        Sum of squares in the matrix round the means of the groups that the rules make, over that of KMeans.
    sentences : tuple of str
        One a rule.
    columns : tuple of str
        What the rules ask about.
    missed : tuple of str
        Segments that no rule leads to.
    """

    table: pd.DataFrame
    sql: str
    fidelity: float
    fidelity_cv: float
    cost_ratio: float
    sentences: tuple[str, ...]
    columns: tuple[str, ...]
    missed: tuple[str, ...]
    _root: Node = field(repr=False)

    def predict(self, features: pd.DataFrame) -> pd.Series:
        """Return the segment that the rules give each customer, on the index of ``features``."""
        absent = [c for c in self.columns if c not in features]
        if absent:
            raise ParameterRefused(f"the rules ask for columns that are not there: {', '.join(absent)}")
        return pd.Series(self._root.predict(features), features.index, name="segment", dtype=object)

    @property
    def record(self) -> RulesRecord:
        """The rules as ``rules.json`` has them; None where something cannot be known."""
        known = (self.fidelity, self.fidelity_cv, self.cost_ratio)
        fidelity, fidelity_cv, cost_ratio = (None if np.isnan(value) else round(value, 6) for value in known)
        return RulesRecord(fidelity, fidelity_cv, cost_ratio, self.sentences, self.sql, self.text)

    @property
    def text(self) -> str:
        """How much the rules tell, and what they cost."""
        n = len(self.table)
        told = f"For most customers, in plain words: {n} rule{'s' if n > 1 else ''} put {self.fidelity:.1%} of the "
        told += "customers into their segment"
        if self.fidelity_cv == self.fidelity_cv:
            told += f" ({self.fidelity_cv:.1%} of customers that the rules were not made from)"
        told += "."
        if self.cost_ratio == self.cost_ratio:
            told += (
                f" The groups they make are {self.cost_ratio:.2f} times as wide as those of KMeans (sums of squares)."
            )
        if self.missed:
            told += f" No rule leads to {join_words(self.missed)}: so few questions do not tell its customers apart."
        shrunk = [humanize(c) for c in SHRUNK if c in self.columns]
        be = "is" if len(shrunk) == 1 else "are"
        if shrunk:
            told += f" Of a customer with few coupons, {join_words(shrunk)} {be} drawn to the mean of all, as in 03."
        return told


def fit_surrogate_tree(
    features: pd.DataFrame,
    segments: pd.Series,
    matrix: pd.DataFrame,
    *,
    sources: Sequence[str],
    study: Study = DEFAULT_STUDY,
    most_rules: int | None = None,
    inertia: float | None = None,
    n_folds: int = 5,
    seed: int = 0,
) -> DecisionRules:
    """Say in a few questions who belongs where.

    Parameters
    ----------
    features : pandas.DataFrame
        One row a customer, original units.
    segments : pandas.Series of str
        The letter of each customer, on the same index.
    matrix : pandas.DataFrame
        What was clustered, indexed by customer_id, or by customer_id and transaction_id.
    sources : sequence of str
        The columns that it was made of (`seglib.preprocessing.Matrix.sources`): what the questions are about. Of a
        transaction's usage frequency and status, the number of coupons and the burn rate take the place.
    study : Study, optional
        Which columns of the customers table build segments, and what a transaction is called.
    most_rules : int, optional
        The most leaves; default: twice the number of segments.
    inertia : float, optional
        Sum of squares of KMeans (`seglib.clustering.Segmentation.inertia`); default: that of the segments as given.
    n_folds : int, default=5
        Parts of the cross-validation.
    seed : int, default=0
        Decides between questions that are equally good, and deals out the folds.

    Returns
    -------
    DecisionRules

    Raises
    ------
    ParameterRefused
        If a number is out of range, letters are missing, or no source is a column of ``features``.

    Notes
    -----
    CART (Breiman, Friedman, Olshen & Stone 1984) with the segment as class, grown best first. Explaining clusters by a
    threshold tree, and its price as a ratio of costs: Dasgupta, Frost, Moshkovitz & Rashtchian (2020), Explainable
    k-means and k-medians clustering, ICML; more leaves than clusters: Frost, Moshkovitz & Rashtchian (2020), ExKMC,
    arXiv 2006.02399. Ours is not their algorithm: it is fitted to the letters.

    A threshold is any number between two neighbouring values of customers, so the most readable one there is taken; it
    may move at most one in a thousand customers to the other side (`MOVED_SHARE`). Everything told of the rules is
    told of the rounded ones.
    """
    letters = segments.reindex(features.index)
    if letters.isna().any():
        raise ParameterRefused(f"{int(letters.isna().sum()):,} customers have features and no segment")
    k = letters.nunique()
    leaves = 2 * k if most_rules is None else most_rules
    if leaves < 2:
        raise ParameterRefused(f"most_rules is at least 2, not {leaves}", parameter="most_rules")
    if n_folds < 2:
        raise ParameterRefused(f"n_folds is at least 2, not {n_folds}", parameter="n_folds")
    asked = _asked(features, sources, study)
    options = {"leaves": leaves, "seed": seed}
    root = grown(features, letters, asked, **options)
    made = root.predict(features)
    rules = _rules(root, features, letters, asked, study.wording)
    table = pd.DataFrame([{key: r[key] for key in RULE_COLUMNS} for r in rules], columns=RULE_COLUMNS)
    missed = sorted(set(letters) - set(table["segment"]), key=position)
    cv = _cross_validated(features, letters, asked, n_folds=n_folds, **options)
    used = {question.column for path, _ in root.leaves() for question, _ in path}
    return DecisionRules(
        table,
        case_of([(r["path"], r["segment"]) for r in rules], features),
        round(float((made == letters.to_numpy()).mean()), 6),
        cv,
        _cost_ratio(matrix, pd.Series(made, features.index), letters, inertia),
        tuple(r["sentence"] for r in rules),
        tuple(f.name for f in asked if f.name in used),
        tuple(missed),
        root,
    )


def _asked(features: pd.DataFrame, sources: Sequence[str], study: Study) -> list[Feature]:
    """Return the features that questions are about."""
    wanted = [STANDS_FOR.get(name, name) for name in sources]
    asked = [f for f in features_of(features, study) if f.name in wanted]
    if not asked:
        raise ParameterRefused(
            f"no column to ask about: of {', '.join(map(str, sources))} none is a feature", parameter="sources"
        )
    return asked


def _rules(
    root: Node, features: pd.DataFrame, letters: pd.Series, asked: Sequence[Feature], wording: Wording
) -> list[dict]:
    """Return what there is to tell of every leaf: by segment, those with most customers first."""
    described = {f.name: f for f in asked}
    rules = []
    for path, segment in root.leaves():
        taken = np.ones(len(features), dtype=bool)
        for question, answer in path:
            taken &= question.answer(features[question.column]) == answer
        n, right = int(taken.sum()), int((letters[taken] == segment).sum())
        rules.append(
            {
                "path": path,
                "segment": segment,
                "customers": n,
                "precision": round(right / n, 6) if n else float("nan"),
                "covers": round(right / max(int((letters == segment).sum()), 1), 6),
                "conditions": conditions(path, features, described, wording),
            }
        )
    rules.sort(key=lambda r: (position(r["segment"]), -r["customers"]))
    for number, rule in enumerate(rules, start=1):
        n = rule["customers"]
        share = f", {_share(rule['precision'])} of them in {rule['segment']}" if n else ""
        rule["rule"] = number
        rule["sentence"] = f"{rule['conditions']} → {rule['segment']} ({n:,} customer{'s' if n != 1 else ''}{share})"
    return rules


def _share(value: float) -> str:
    """Write a share in per cent, and 100% only if it is all of them."""
    return "over 99%" if 0.995 <= value < 1 else f"{value:.0%}"


def _cross_validated(
    features: pd.DataFrame, letters: pd.Series, asked: Sequence[Feature], *, n_folds: int, leaves: int, seed: int
) -> float:
    """Return the share of customers put into their segment by rules that were made from the others."""
    if len(letters) < 2 * n_folds:
        return float("nan")
    shuffled = np.random.default_rng(seed).permutation(len(letters))
    dealt = letters.iloc[shuffled]
    # dealt out segment by segment, so that each has its share in every fold
    order = np.argsort(dealt.to_numpy(str), kind="stable")
    fold = np.empty(len(letters), dtype=int)
    fold[shuffled[order]] = np.arange(len(letters)) % n_folds
    right = 0
    for part in range(n_folds):
        out = fold == part
        root = grown(features[~out], letters[~out], asked, leaves=leaves, seed=seed)
        right += int((root.predict(features[out]) == letters[out].to_numpy()).sum())
    return round(right / len(letters), 6)


def _cost_ratio(matrix: pd.DataFrame, made: pd.Series, letters: pd.Series, inertia: float | None) -> float:
    """Return the sum of squares round the means of the groups made by rules, over that of KMeans."""
    customers = matrix.index.get_level_values("customer_id") if matrix.index.nlevels > 1 else matrix.index
    absent = ~customers.isin(made.index)
    if absent.any():
        raise ParameterRefused(f"{int(absent.sum()):,} rows of the matrix belong to no customer with features")
    X = matrix.to_numpy(float)

    def within(of: pd.Series) -> float:
        group = of.reindex(customers).to_numpy()
        return float(sum(((X[group == g] - X[group == g].mean(axis=0)) ** 2).sum() for g in pd.unique(group)))

    whole = within(letters) if inertia is None else float(inertia)
    return round(within(made) / whole, 6) if whole > 1e-12 else float("nan")
