"""The rules of the tree, and how well they reproduce the segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from seglib.errors import ParameterRefused
from seglib.interpretation.surrogate_tree.sql import case_of
from seglib.interpretation.surrogate_tree.tree import Node, TreePath, grow_tree
from seglib.interpretation.surrogate_tree.wording import conditions
from seglib.schema.features import Feature
from seglib.schema.records import RulesRecord
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import ENGLISH, Vocabulary, Wording, humanize, join_words, position

STANDS_FOR = {"coupon_usage_frequency": "n_coupons", "transaction_status": "burn_rate"}
"""What the columns of a transaction (recipe ``baseline``) are, of a customer."""

SHRUNK = ("burn_rate", "days_to_burn")
"""What is shrunk in the features: the rules ask for the shrunk values."""


@dataclass(frozen=True)
class Rule:
    """A leaf of the tree: the way to it, and who ends there.

    Attributes
    ----------
    path : tuple of (Question, bool)
        The questions with their answers.
    segment : str
    conditions : str
        The path in words.
    customers : int
        Whom the rule takes.
    precision : float
        Share of them that are in the segment; missing if there are none.
    covers : float
        Share of the segment that the rule takes.
    """

    path: TreePath
    segment: str
    conditions: str
    customers: int
    precision: float
    covers: float

    @property
    def sentence(self) -> str:
        """The rule in words: conditions → segment (customers, precision)."""
        n = self.customers
        share = f", {_share(self.precision)} of them in {self.segment}" if n else ""
        return f"{self.conditions} → {self.segment} ({n:,} customer{'' if n == 1 else 's'}{share})"


@dataclass(frozen=True)
class SurrogateTree:
    """A few questions that nearly give the segments.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per rule: rule, segment, customers (that it takes), precision (share of them that are in the segment),
        covers (share of the segment that it takes), conditions.
    sql : str
        A CASE expression over the columns of ``features.parquet``, DuckDB's dialect. Never NULL: where a value is
        missing, it goes the way the tree sends it.
    fidelity : float
        Share of the customers whom the rules put into their segment.
    fidelity_cv : float
        The same for customers that the tree was not fitted to (cross-validation); missing if there are fewer than two
        customers per fold.
    cost_ratio : float
        Sum of squares in the matrix around the means of the groups that the rules make, over that of KMeans.
    sentences : tuple of str
        One per rule.
    columns : tuple of str
        What the rules ask about.
    missed : tuple of str
        Segments that no rule leads to.
    drawn : int or None
        Customers from whom the rules were made, where it was a sample.
    """

    table: pd.DataFrame
    sql: str
    fidelity: float
    fidelity_cv: float
    cost_ratio: float
    sentences: tuple[str, ...]
    columns: tuple[str, ...]
    missed: tuple[str, ...]
    drawn: int | None
    _root: Node = field(repr=False)

    def predict(self, features: pd.DataFrame) -> pd.Series:
        """Return the segment that the rules give each customer, on the index of ``features``."""
        absent = [c for c in self.columns if c not in features]
        if absent:
            raise ParameterRefused(f"the rules ask for columns that are not there: {', '.join(absent)}")
        return pd.Series(self._root.predict(features), features.index, name="segment", dtype=object)

    @property
    def query(self) -> str:
        """The rules as an SQL statement over the features of the customers, in Markdown."""
        return f"```sql\nSELECT customer_id, {self.sql} AS segment FROM features\n```"

    @property
    def record(self) -> RulesRecord:
        """The rules as ``rules.json`` has them; None where something cannot be computed."""
        numbers = (self.fidelity, self.fidelity_cv, self.cost_ratio)
        fidelity, fidelity_cv, cost_ratio = (None if np.isnan(value) else round(value, 6) for value in numbers)
        return RulesRecord(fidelity, fidelity_cv, cost_ratio, self.sentences, self.sql, self.text)

    @property
    def text(self) -> str:
        """How many customers the rules place, and what they cost."""
        n = len(self.table)
        text = f"For most customers, in plain words: {n} rule{'s' if n > 1 else ''} put {self.fidelity:.1%} of the "
        text += "customers into their segment"
        if not np.isnan(self.fidelity_cv):
            text += f" ({self.fidelity_cv:.1%} of customers that the rules were not made from)"
        text += "."
        if self.drawn is not None:
            text += f" The rules were made from {self.drawn:,} customers, drawn at random."
        if not np.isnan(self.cost_ratio):
            text += f" The groups they make are {self.cost_ratio:.2f} times as wide as the segments (sums of squares)."
        if self.missed:
            text += f" No rule leads to {join_words(self.missed)}: so few questions do not tell its customers apart."
        shrunk = [humanize(c) for c in SHRUNK if c in self.columns]
        if shrunk:
            be = "is" if len(shrunk) == 1 else "are"
            text += f" Of a customer with few coupons, {join_words(shrunk)} {be} drawn to the mean of all, as in 03."
        return text


def fit_surrogate_tree(
    features: pd.DataFrame,
    segments: pd.Series,
    matrix: pd.DataFrame,
    *,
    sources: Sequence[str],
    study: Study = DEFAULT_STUDY,
    vocabulary: Vocabulary = ENGLISH,
    most_rules: int | None = None,
    inertia: float | None = None,
    n_folds: int = 5,
    sample_customers: int = 50_000,
    seed: int = 0,
) -> SurrogateTree:
    """Fit a small decision tree that nearly gives the segments.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer, original units.
    segments : pandas.Series of str
        The letter of each customer, on the same index.
    matrix : pandas.DataFrame
        What was clustered, indexed by customer_id, or by customer_id and transaction_id.
    sources : sequence of str
        The columns that it was made of (`seglib.preprocessing.Matrix.sources`): what the questions are about. The
        number of coupons and the burn rate take the place of a transaction's usage frequency and status.
    study : Study, optional
        Which columns of the customers table build segments, and what a transaction is called.
    vocabulary : Vocabulary, optional
        The words of the conditions.
    most_rules : int, optional
        The most leaves; default: twice the number of segments.
    inertia : float, optional
        Sum of squares of KMeans (`seglib.clustering.Segmentation.inertia`); default: that of the segments as given,
        each customer being the mean of its rows.
    n_folds : int, default=5
        Folds of the cross-validation.
    sample_customers : int, default=50_000
        Of more customers, the rules are made from a random sample of this size, and cross-validated on it. All other
        numbers are those of everybody.
    seed : int, default=0
        Decides between questions that are equally good, and assigns customers to folds.

    Returns
    -------
    SurrogateTree

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
    may move at most one in a thousand customers to the other side (`seglib.interpretation.surrogate_tree.tree`). All
    numbers are those of the rounded rules.
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
    candidates = _candidate_features(features, sources, study)
    drawn = features
    if len(features) > sample_customers:
        places = np.random.default_rng([seed, 99]).choice(len(features), sample_customers, replace=False)
        drawn = features.iloc[np.sort(places)]
    root = grow_tree(drawn, letters[drawn.index], candidates, leaves=leaves, seed=seed)
    predicted = root.predict(features)
    rules = _rules(root, features, letters, candidates, study.wording, vocabulary)
    columns = {question.column for path, _ in root.leaves() for question, _ in path}
    if inertia is None and matrix.index.nlevels > 1:  # letters are those of customers: compare their mean rows
        matrix = matrix.groupby("customer_id").mean().reindex(features.index)
    return SurrogateTree(
        table=_rule_table(rules),
        sql=case_of([(rule.path, rule.segment) for rule in rules], features),
        fidelity=round(float((predicted == letters.to_numpy()).mean()), 6),
        fidelity_cv=_cross_validated(
            drawn, letters[drawn.index], candidates, n_folds=n_folds, leaves=leaves, seed=seed
        ),
        cost_ratio=_cost_ratio(matrix, pd.Series(predicted, features.index), letters, inertia),
        sentences=tuple(rule.sentence for rule in rules),
        columns=tuple(feature.name for feature in candidates if feature.name in columns),
        missed=tuple(sorted(set(letters) - {rule.segment for rule in rules}, key=position)),
        drawn=len(drawn) if len(drawn) < len(features) else None,
        _root=root,
    )


def _candidate_features(features: pd.DataFrame, sources: Sequence[str], study: Study) -> list[Feature]:
    """Return the features that questions may be about."""
    names = [STANDS_FOR.get(name, name) for name in sources]
    candidates = [feature for feature in study.describe(features) if feature.name in names]
    if not candidates:
        raise ParameterRefused(f"no column to ask about: of {', '.join(map(str, sources))} none is a feature")
    return candidates


def _rules(
    root: Node,
    features: pd.DataFrame,
    letters: pd.Series,
    candidates: Sequence[Feature],
    wording: Wording,
    vocabulary: Vocabulary,
) -> list[Rule]:
    """Return the rule of every leaf: by segment, those with most customers first."""
    by_name = {feature.name: feature for feature in candidates}
    rules = []
    for path, segment in root.leaves():
        taken = np.ones(len(features), dtype=bool)
        for question, answer in path:
            taken &= question.answer(features[question.column]) == answer
        n, correct = int(taken.sum()), int((letters[taken] == segment).sum())
        rules.append(
            Rule(
                path=path,
                segment=segment,
                conditions=conditions(path, features, by_name, wording, vocabulary),
                customers=n,
                precision=round(correct / n, 6) if n else float("nan"),
                covers=round(correct / max(int((letters == segment).sum()), 1), 6),
            )
        )
    return sorted(rules, key=lambda rule: (position(rule.segment), -rule.customers))


def _rule_table(rules: Sequence[Rule]) -> pd.DataFrame:
    columns = ["segment", "customers", "precision", "covers", "conditions"]
    table = pd.DataFrame([{name: getattr(rule, name) for name in columns} for rule in rules], columns=columns)
    table.insert(0, "rule", range(1, len(rules) + 1))
    return table


def _share(value: float) -> str:
    """Write a share in per cent, and 100% only if it is all of them."""
    return "over 99%" if 0.995 <= value < 1 else f"{value:.0%}"


def _cross_validated(
    features: pd.DataFrame, letters: pd.Series, candidates: Sequence[Feature], *, n_folds: int, leaves: int, seed: int
) -> float:
    """Return the share of customers put into their segment by a tree that was fitted to the others."""
    if len(letters) < 2 * n_folds:
        return float("nan")
    # Stratified folds: customers are shuffled, sorted by segment with a stable sort (so that the order within a segment
    # stays random), and numbered 0, 1, ..., n_folds - 1, 0, 1, ... Every fold then has its share of every segment.
    shuffled = np.random.default_rng(seed).permutation(len(letters))
    by_segment = np.argsort(letters.iloc[shuffled].to_numpy(str), kind="stable")
    fold = np.empty(len(letters), dtype=int)
    fold[shuffled[by_segment]] = np.arange(len(letters)) % n_folds
    correct = 0
    for number in range(n_folds):
        held_out = fold == number
        # thresholds are rounded by the training folds alone, so the whole procedure is what is validated
        root = grow_tree(features[~held_out], letters[~held_out], candidates, leaves=leaves, seed=seed)
        correct += int((root.predict(features[held_out]) == letters[held_out].to_numpy()).sum())
    return round(correct / len(letters), 6)


def _cost_ratio(matrix: pd.DataFrame, predicted: pd.Series, letters: pd.Series, inertia: float | None) -> float:
    """Return the sum of squares around the means of the groups made by rules, over that of KMeans."""
    customers = matrix.index.get_level_values("customer_id") if matrix.index.nlevels > 1 else matrix.index
    absent = ~customers.isin(predicted.index)
    if absent.any():
        raise ParameterRefused(f"{int(absent.sum()):,} rows of the matrix belong to no customer with features")
    X = matrix.to_numpy(float)

    def within(groups: pd.Series) -> float:
        group = groups.reindex(customers).to_numpy()
        return float(sum(((X[group == g] - X[group == g].mean(axis=0)) ** 2).sum() for g in pd.unique(group)))

    kmeans = within(letters) if inertia is None else float(inertia)
    return round(within(predicted) / kmeans, 6) if kmeans > 1e-12 else float("nan")
