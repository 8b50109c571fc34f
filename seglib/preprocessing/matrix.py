"""The matrix that KMeans sees: its recipe, its columns, and what each of them weighs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

from seglib.schema.records import AuditRecord, RecipeRecord
from seglib.style import humanize, join_words

if TYPE_CHECKING:
    from seglib.features import CustomerFeatures


@dataclass(frozen=True)
class Recipe:
    """A way to turn a shop into a matrix, and how k is chosen for it when the analyst does not say.

    Attributes
    ----------
    grain : {"customer", "transaction"}
        What one row of the matrix is.
    k_rule : {"structure", "elbow"}
        The rule of `seglib.k_selection.choose_k` that picks k.
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


@dataclass(frozen=True)
class Matrix:
    """What KMeans sees, and how it came about.

    Attributes
    ----------
    table : pandas.DataFrame of float64, shape (n_rows, n_columns)
        Indexed by customer_id (and transaction_id, in recipe ``baseline``).
    recipe : Recipe
    pipeline : sklearn.pipeline.Pipeline
        Fitted; makes the same columns of new objects, as a sparse matrix where most of it is zero.
    left_out : dict of str to str
        Columns that could have been in the matrix and are not, each with the reason.
    nominal : tuple of str
        Those of its sources that are names, or yes or no.
    filled : dict of str to float
        Share of the rows whose value was missing and had to be filled in, by source.
    notes : tuple of str
        Sentences on what a reader would not expect.
    options : dict of str to Any
        Keyword arguments with which it was made, so that the same can be made of other rows.
    """

    table: pd.DataFrame
    recipe: Recipe
    pipeline: Pipeline
    left_out: dict[str, str]
    nominal: tuple[str, ...] = ()
    filled: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def record(self, features: CustomerFeatures, audit: AuditRecord) -> RecipeRecord:
        """Return ``recipe.json``: how the matrix was made, from which features, and what the audit found.

        Parameters
        ----------
        features : CustomerFeatures
            Of the same shop.
        audit : AuditRecord
            `seglib.preprocessing.AuditReport.record`.
        """
        return RecipeRecord(
            name=self.recipe.name,
            grain=self.recipe.grain,
            k_rule=self.recipe.k_rule,
            options=self.options,
            sources=tuple(self.sources),
            left_out=self.left_out,
            customers_without_transaction=len(features.absent),
            shrinkage=dict(features.study.shrinkage),
            burn_window=features.redemption.window,
            burns_dated=features.redemption.dated,
            audit=audit,
        )

    @property
    def sources(self) -> list[str]:
        """The columns the matrix is made from."""
        return [name for name, _, _ in self.pipeline["columns"].transformers]

    @property
    def numeric(self) -> list[str]:
        """Those of its sources that are numbers, each of them one column of the matrix."""
        return [name for name in self.sources if name not in self.nominal]

    def made_of(self, source: str) -> pd.DataFrame:
        """Return the columns of the matrix that one source became."""
        return self.table.iloc[:, self.pipeline["columns"].output_indices_[source]]

    @property
    def places(self) -> list[list[int]]:
        """The numbers of the columns that each source became."""
        whole = range(self.table.shape[1])
        return [list(whole[self.pipeline["columns"].output_indices_[name]]) for name in self.sources]

    @property
    def coded(self) -> list[str]:
        """Those of its sources that are names in truth and integers in the matrix."""
        steps = self.pipeline["columns"].named_transformers_
        return [name for name in self.sources if isinstance(steps[name], OrdinalEncoder)]

    @property
    def text(self) -> str:
        """Size of the matrix, its columns, and what was left out."""
        n, m = self.table.shape
        used = join_words([humanize(c) for c in self.sources])
        text = f"{n:,} rows (one a {self.recipe.grain}) x {m} column{'s' if m > 1 else ''}, made from {used}."
        for why in dict.fromkeys(self.left_out.values()):
            text += f" Left out: {join_words([humanize(c) for c, w in self.left_out.items() if w == why])} ({why})."
        return " ".join([text, *self.notes])


def _fit(
    recipe: Recipe, steps: dict[str, BaseEstimator | str], rows: pd.DataFrame, left_out: dict[str, str], **more
) -> Matrix:
    """Fit one transformer a column; every step bears the name of the column it reads."""
    columns = ColumnTransformer([(name, step, [name]) for name, step in steps.items()], verbose_feature_names_out=False)
    pipeline = Pipeline([("columns", columns)])
    made = pipeline.fit_transform(rows[list(steps)])
    dense = made if isinstance(made, np.ndarray) else made.toarray()
    table = pd.DataFrame(dense, rows.index, pipeline.get_feature_names_out(), dtype="float64")
    return Matrix(table, recipe, pipeline, left_out, **more)


def variance_share(matrix: Matrix) -> pd.DataFrame:
    """Say how much of the matrix each source column is: its share of the total variance.

    Squared distances between rows, and so the clusters, are dominated by what varies most.

    Returns
    -------
    pandas.DataFrame
        column, share; largest first. Shares add up to 1.
    """
    variance = {name: matrix.made_of(name).var(ddof=0).sum() for name in matrix.sources}
    share = pd.Series(variance, name="share")
    table = (share / share.sum()).rename_axis("column").reset_index()
    return table.sort_values("share", ascending=False, kind="stable", ignore_index=True)
