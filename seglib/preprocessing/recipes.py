"""The recipes: two ways to turn a shop into a matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Recipe:
    """A way to turn a shop into a matrix, and how k is chosen for it when the analyst does not say.

    Attributes
    ----------
    name : str
    grain : {"customer", "transaction"}
        What one row of the matrix is.
    k_rule : {"structure", "elbow"}
        The rule of `seglib.k_selection.choose_k` that picks k.
    what : str
        What the matrix holds, in a clause.
    """

    name: str
    grain: Literal["customer", "transaction"]
    k_rule: Literal["structure", "elbow"]
    what: str


RECIPES: dict[str, Recipe] = {
    "customer": Recipe(
        "customer",
        "customer",
        "structure",
        "one row a customer; rates and days on comparable scales, names one-hot with a stated weight",
    ),
    "baseline": Recipe(
        "baseline",
        "transaction",
        "elbow",
        "the original analysis: one row a transaction; gender, city and status as integer codes, usage frequency",
    ),
}
"""By name; `customer_matrix` and `baseline_matrix` build them."""
