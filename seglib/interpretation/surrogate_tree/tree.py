"""The tree itself: questions in original units, with rounded thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from seglib.schema.features import Feature

FEWEST_SHARE = 0.01
"""A level that fewer customers have gets no question of its own."""

MOVED_SHARE = 0.001
"""Rounding a threshold may move at most this share of the customers to the other side."""


@dataclass(frozen=True)
class Question:
    """One question: is the column at most ``bound`` (of a number), or is it ``level`` (of a name)?

    ``missing`` is the answer where the value is missing.
    """

    column: str
    kind: str
    bound: float = float("nan")
    level: Any = None
    missing: bool = False

    def answer(self, values: pd.Series) -> np.ndarray:
        """Return the answer, yes or no, for every value of the column."""
        if self.kind == "nominal":
            return is_level(values, self.level)
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isnan(numbers), self.missing, numbers <= self.bound)


TreePath = tuple[tuple[Question, bool], ...]
"""The questions that lead to a leaf, with their answers."""


@dataclass(frozen=True)
class Node:
    """A segment, or a question with what follows from yes and from no."""

    segment: str | None = None
    question: Question | None = None
    yes: Node | None = None
    no: Node | None = None

    def leaves(self, path: TreePath = ()) -> Iterator[tuple[TreePath, str]]:
        """Yield, for every leaf, the questions with their answers, and the segment."""
        if self.question is None:
            yield path, self.segment
        else:
            yield from self.yes.leaves((*path, (self.question, True)))
            yield from self.no.leaves((*path, (self.question, False)))

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """Return the segment of every customer."""
        if self.question is None:
            return np.full(len(features), self.segment, dtype=object)
        yes = self.question.answer(features[self.question.column])
        segments = np.empty(len(features), dtype=object)
        segments[yes] = self.yes.predict(features[yes])
        segments[~yes] = self.no.predict(features[~yes])
        return segments


def is_level(values: pd.Series, level: Any) -> np.ndarray:
    """Say of every value whether it is a level; None stands for missing values."""
    if level is None:
        return values.isna().to_numpy(bool)
    return np.array([value == level for value in values.astype(object).where(values.notna(), None)], dtype=bool)


@dataclass(frozen=True)
class _Column:
    """A column of the tree: a number as it is, or a dummy (0 or 1) of one level of a name."""

    feature: Feature
    level: Any
    numbers: np.ndarray


def _columns(features: pd.DataFrame, candidates: Sequence[Feature]) -> list[_Column]:
    """Return the columns of the tree: one per number, and one per level of a name that is not rare."""
    columns = []
    for feature in candidates:
        values = features[feature.name]
        if feature.kind != "nominal":
            columns.append(_Column(feature, None, values.to_numpy(dtype=float, na_value=np.nan)))
            continue
        counts = values.value_counts()
        levels = sorted((level for level, n in counts.items() if n >= FEWEST_SHARE * len(values)), key=str)
        if values.isna().mean() >= FEWEST_SHARE:
            levels.append(None)
        columns += [_Column(feature, level, is_level(values, level).astype(float)) for level in levels]
    return columns


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return the dense rank of every value, from 0; missing where the value is."""
    different = np.unique(values[~np.isnan(values)])
    return np.where(np.isnan(values), np.nan, np.searchsorted(different, values))


def grow_tree(
    features: pd.DataFrame, letters: pd.Series, candidates: Sequence[Feature], *, leaves: int, seed: int
) -> Node:
    """Grow the tree, round its thresholds, and merge leaves that give the same segment.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer, original units.
    letters : pandas.Series of str
        The segment of each customer, in the same order.
    candidates : sequence of Feature
        What questions may be about.
    leaves : int
        The most leaves.
    seed : int
        Decides between questions that are equally good.
    """
    columns = _columns(features, candidates)
    if not columns or letters.nunique() < 2:
        return Node(letters.mode().iloc[0])
    # The tree of scikit-learn computes in float32, in which neighbouring values can be equal. A tree depends only on
    # the order of the values, so it gets their ranks, which float32 holds exactly.
    ranks = np.column_stack([_ranks(column.numbers) for column in columns])
    fewest = max(1, min(20, len(ranks) // 200))
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=fewest, random_state=seed)
    fitted = tree.fit(ranks, letters.to_numpy(dtype=str)).tree_
    names = [str(name) for name in tree.classes_]
    allowed = int(MOVED_SHARE * len(ranks))

    def build(node: int, rows: np.ndarray) -> Node:
        """Translate a node of scikit-learn's tree, in which ``rows`` are, back to original units."""
        if fitted.children_left[node] < 0:
            return Node(names[int(fitted.value[node][0].argmax())])
        place = int(fitted.feature[node])
        column = columns[place]
        if column.feature.kind == "nominal":  # at most 0.5 of a dummy means that it is not the level
            question = Question(column.feature.name, "nominal", level=column.level)
            yes_node, no_node = fitted.children_right[node], fitted.children_left[node]
            yes_rows = column.numbers[rows] >= 0.5
        else:
            bound = _original_bound(column.numbers[rows], ranks[rows, place], fitted.threshold[node], allowed)
            missing = bool(fitted.missing_go_to_left[node])
            question = Question(column.feature.name, column.feature.kind, bound=bound, missing=missing)
            yes_node, no_node = fitted.children_left[node], fitted.children_right[node]
            # by the rounded bound: the nodes below are rounded for the customers who really get there
            yes_rows = question.answer(pd.Series(column.numbers[rows]))
        yes, no = build(yes_node, rows[yes_rows]), build(no_node, rows[~yes_rows])
        if yes.question is None and no.question is None and yes.segment == no.segment:
            return Node(yes.segment)
        return Node(None, question, yes, no)

    return build(0, np.arange(len(ranks)))


def _original_bound(values: np.ndarray, ranks: np.ndarray, threshold: float, allowed: int) -> float:
    """Return a threshold on ranks as a readable threshold on the values, for the customers of one node.

    The tree cuts midway between two ranks that occur in the node. Any value between the two values with these ranks
    divides the customers in the same way, so the most readable one is taken.
    """
    low, high = values[ranks <= threshold], values[ranks > threshold]
    if len(low) and len(high):
        return readable(values[~np.isnan(values)], float(low.max()), float(high.min()), allowed)
    return math.inf if len(low) else -math.inf  # the question is whether there is a value at all


def readable(values: np.ndarray, below: float, above: float, allowed: int) -> float:
    """Return the number with the fewest digits that divides values nearly as one between ``below`` and ``above`` does.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
    below, above : float
        Neighbouring values: "at most" the result holds for the first and not for the second.
    allowed : int
        How many values may change sides.

    Returns
    -------
    float

    Examples
    --------
    >>> values = np.array([0.12, 0.3712, 0.4398, 0.81])
    >>> readable(values, 0.3712, 0.4398, 0), readable(np.array([44.0, 45.0]), 44.0, 45.0, 0)
    (0.4, 44.0)
    """
    middle = (below + above) / 2
    if middle == 0:
        return below if below == 0 else 0.0
    exact = np.count_nonzero(values <= below)
    size = math.floor(math.log10(abs(middle)))
    # With one significant digit more each time: the numbers next to the middle, below and above it, and the value below
    # itself. Of those the one that moves fewest values is taken, and among equals the one nearest to the middle. It is
    # refused if it moves too many values, or leaves one side empty.
    for digits in range(1, 16):
        places = digits - 1 - size
        step = 10.0**-places
        candidates = {round(math.floor(middle / step) * step, places), round(math.ceil(middle / step) * step, places)}
        candidates |= {round(middle, places), round(below, places)}
        moved = {c: abs(np.count_nonzero(values <= c) - exact) for c in candidates}
        best = min(candidates, key=lambda c: (moved[c], abs(c - middle), c))
        if moved[best] <= allowed and 0 < np.count_nonzero(values <= best) < len(values):
            return float(best)
    return below


@dataclass(frozen=True)
class Bounds:
    """What the questions about one number leave open: more than ``least``, at most ``most``; may it be missing?"""

    least: float
    most: float
    missing: bool

    @classmethod
    def of(cls, path: Sequence[tuple[Question, bool]]) -> Bounds:
        """Join questions about the same number with their answers."""
        return cls(
            max((question.bound for question, answer in path if not answer), default=-math.inf),
            min((question.bound for question, answer in path if answer), default=math.inf),
            all(question.missing == answer for question, answer in path),
        )

    @property
    def possible(self) -> bool:
        """Whether any number is left, or only customers without one."""
        return self.least < self.most


def by_column(path: TreePath) -> dict[str, list[tuple[Question, bool]]]:
    """Return the questions of a path with their answers by column, in the order of the first question about each."""
    grouped: dict[str, list[tuple[Question, bool]]] = {}
    for question, answer in path:
        grouped.setdefault(question.column, []).append((question, answer))
    return grouped
