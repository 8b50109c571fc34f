"""The matrix that KMeans sees: its recipe, its columns, and the fitted pipeline that made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

from seglib.preprocessing.recipes import Recipe
from seglib.schema.records import AuditRecord, RecipeRecord
from seglib.style import COUPON, Wording, join_words

if TYPE_CHECKING:
    from seglib.features import CustomerFeatures


@dataclass(frozen=True)
class Matrix:
    """What KMeans sees, and how it came about.

    A *source* is a column of the input (a feature, or a column of the unified table). The pipeline is one
    ColumnTransformer with one transformer per source, named after it. A number becomes one column of the matrix; a
    name, or a yes or no, becomes one column per level (recipe ``customer``) or one integer code (recipe ``baseline``).
    So a source has *places*, the numbers of the columns that it became, and whatever concerns a source as a whole (its
    weight, its share of the variance, a null model that permutes it) works on these columns together.

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
        Those of its sources that are names, or yes or no, and have a column per level.
    filled : dict of str to float
        Share of the rows whose value was missing and had to be filled in, by source.
    notes : tuple of str
        Sentences on what a reader would not expect.
    options : dict of str to Any
        Keyword arguments with which it was made, so that the same can be made of other rows.
    wording : Wording
        What a transaction, and the place of a customer, are called.
    """

    table: pd.DataFrame
    recipe: Recipe
    pipeline: Pipeline
    left_out: dict[str, str]
    nominal: tuple[str, ...] = ()
    filled: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    wording: Wording = COUPON

    def record(self, features: CustomerFeatures, audit: AuditRecord) -> RecipeRecord:
        """Return ``recipe.json``: how the matrix was made, from which features, and what the audit found.

        Parameters
        ----------
        features : CustomerFeatures
            Of the same shop.
        audit : AuditRecord
            `seglib.preprocessing.audit.AuditReport.record`.
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
        columns = range(self.table.shape[1])
        return [list(columns[self.pipeline["columns"].output_indices_[name]]) for name in self.sources]

    @property
    def coded(self) -> list[str]:
        """Those of its sources that are names in truth and integers in the matrix."""
        steps = self.pipeline["columns"].named_transformers_
        return [name for name in self.sources if isinstance(steps[name], OrdinalEncoder)]

    @property
    def text(self) -> str:
        """Size of the matrix, its columns, and what was left out."""
        n, m = self.table.shape
        name_of = self.wording.name_of
        used = join_words([name_of(c) for c in self.sources])
        text = f"{n:,} rows (one a {self.recipe.grain}) x {m} column{'s' if m > 1 else ''}, made from {used}."
        for why in dict.fromkeys(self.left_out.values()):
            text += f" Left out: {join_words([name_of(c) for c, w in self.left_out.items() if w == why])} ({why})."
        return " ".join([text, *self.notes])


def fit_matrix(
    recipe: Recipe,
    steps: Mapping[str, BaseEstimator | str],
    rows: pd.DataFrame,
    *,
    left_out: dict[str, str],
    options: dict[str, Any],
    nominal: tuple[str, ...] = (),
    filled: dict[str, float] | None = None,
    notes: tuple[str, ...] = (),
) -> Matrix:
    """Fit one transformer per source, and make the matrix.

    Parameters
    ----------
    recipe : Recipe
    steps : mapping of str to transformer
        By source: what turns it into columns of the matrix. Every step bears the name of the column that it reads.
    rows : pandas.DataFrame
        Has the sources as columns.
    left_out, options, nominal, filled, notes
        As in `Matrix`.
    """
    columns = ColumnTransformer([(name, step, [name]) for name, step in steps.items()], verbose_feature_names_out=False)
    pipeline = Pipeline([("columns", columns)])
    values = pipeline.fit_transform(rows[list(steps)])
    dense = values if isinstance(values, np.ndarray) else values.toarray()
    table = pd.DataFrame(dense, rows.index, pipeline.get_feature_names_out(), dtype="float64")
    return Matrix(table, recipe, pipeline, left_out, nominal, filled or {}, notes, options)


def missing_shares(rows: pd.DataFrame) -> dict[str, float]:
    """Return the share of missing values of every column that has any."""
    gaps = rows.isna().mean()
    return gaps[gaps > 0].to_dict()
