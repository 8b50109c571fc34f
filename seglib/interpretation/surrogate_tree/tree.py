"""The tree itself: questions in original units, with thresholds that can be read."""

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
"""A threshold may be rounded until one in so many customers changes sides, and no further."""


@dataclass(frozen=True)
class Question:
    """One question: is the column at most ``bound`` (of a number), or is it ``level`` (of a name)?

    ``missing`` is the answer where nothing is known.
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
        known = values.to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isnan(known), self.missing, known <= self.bound)


@dataclass(frozen=True)
class Node:
    """A segment, or a question with what follows from yes and from no."""

    segment: str | None = None
    question: Question | None = None
    yes: Node | None = None
    no: Node | None = None

    def leaves(self, path: tuple[tuple[Question, bool], ...] = ()) -> Iterator[tuple[tuple, str]]:
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
        made = np.empty(len(features), dtype=object)
        made[yes] = self.yes.predict(features[yes])
        made[~yes] = self.no.predict(features[~yes])
        return made


def is_level(values: pd.Series, level: Any) -> np.ndarray:
    """Say of every value whether it is a level; None is the level of what is not known."""
    if level is None:
        return values.isna().to_numpy(bool)
    return np.array([value == level for value in values.astype(object).where(values.notna(), None)], dtype=bool)


def _questions(features: pd.DataFrame, asked: Sequence[Feature]) -> list[tuple[Feature, Any, np.ndarray]]:
    """Return the columns of the tree: a number as it is, and a name as one dummy for every level that is not rare."""
    columns = []
    for feature in asked:
        values = features[feature.name]
        if feature.kind != "nominal":
            columns.append((feature, None, values.to_numpy(dtype=float, na_value=np.nan)))
            continue
        counts = values.value_counts()
        frequent = [level for level, n in counts.items() if n >= FEWEST_SHARE * len(values)]
        levels = sorted(frequent, key=str) + [None] * bool(values.isna().mean() >= FEWEST_SHARE)
        columns += [(feature, level, is_level(values, level).astype(float)) for level in levels]
    return columns


def grown(features: pd.DataFrame, letters: pd.Series, asked: Sequence[Feature], *, leaves: int, seed: int) -> Node:
    """Grow the tree, round its thresholds, and join what says the same."""
    columns = _questions(features, asked)
    if not columns or letters.nunique() < 2:
        return Node(letters.mode().iloc[0])
    X = np.column_stack([values for _, _, values in columns])
    # ranks of the different values: the tree computes in float32, in which neighbouring values can be equal
    different = [np.unique(x[~np.isnan(x)]) for x in X.T]
    ranks = np.column_stack(
        [np.where(np.isnan(x), np.nan, np.searchsorted(d, x)) for x, d in zip(X.T, different, strict=True)]
    )
    fewest = max(1, min(20, len(X) // 200))
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=fewest, random_state=seed)
    fitted = tree.fit(ranks, letters.to_numpy(dtype=str)).tree_
    names = [str(name) for name in tree.classes_]
    allowed = int(MOVED_SHARE * len(X))

    def build(node: int, rows: np.ndarray) -> Node:
        if fitted.children_left[node] < 0:
            return Node(names[int(fitted.value[node][0].argmax())])
        place = int(fitted.feature[node])
        feature, level, values = columns[place]
        missing = bool(fitted.missing_go_to_left[node])
        if feature.kind == "nominal":  # at most 0.5 of a dummy: no
            question = Question(feature.name, "nominal", level=level)
            left = values[rows] < 0.5
            yes, no = build(fitted.children_right[node], rows[~left]), build(fitted.children_left[node], rows[left])
        else:
            # the tree cuts midway between two ranks that occur in the node; any value between theirs does the same
            inside = values[rows]
            low, high = (
                inside[side(ranks[rows, place], fitted.threshold[node])] for side in (np.less_equal, np.greater)
            )
            if len(low) and len(high):
                bound = readable(inside[~np.isnan(inside)], float(low.max()), float(high.min()), allowed)
            else:  # the question is whether it is known at all
                bound = math.inf if len(low) else -math.inf
            question = Question(feature.name, feature.kind, bound=bound, missing=missing)
            left = question.answer(pd.Series(inside))
            yes, no = build(fitted.children_left[node], rows[left]), build(fitted.children_right[node], rows[~left])
        if yes.question is None and no.question is None and yes.segment == no.segment:
            return Node(yes.segment)
        return Node(None, question, yes, no)

    return build(0, np.arange(len(X)))


def readable(values: np.ndarray, below: float, above: float, allowed: int) -> float:
    """Return the number with the fewest digits that cuts values nearly where ``below`` and ``above`` are told apart.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
    below, above : float
        Neighbouring values: "at most" the result holds for the first and not for the second.
    allowed : int
        So many values may change sides.

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
    """What the questions about one number leave open: more than ``least``, at most ``most``; and may it be unknown?"""

    least: float
    most: float
    unknown: bool

    @classmethod
    def of(cls, own: Sequence[tuple[Question, bool]]) -> Bounds:
        """Join questions about the same number with their answers."""
        return cls(
            max((q.bound for q, answer in own if not answer), default=-math.inf),
            min((q.bound for q, answer in own if answer), default=math.inf),
            all(q.missing == answer for q, answer in own),
        )

    @property
    def known(self) -> bool:
        """Whether any number is left, or only those who have none."""
        return self.least < self.most
