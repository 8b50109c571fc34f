"""The matrix that KMeans sees: its recipe, its columns, and the fitted pipeline that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder
from threadpoolctl import threadpool_limits

from seglib.errors import InputRefused
from seglib.features import worth_saying
from seglib.preprocessing.recipes import Recipe
from seglib.preprocessing.steps import MATRIX_STEPS, fitting, to_json
from seglib.schema.records import AuditRecord, RecipeRecord
from seglib.style import COUPON, Wording, humanize, join_words

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
        Keyword arguments with which it was made, so that the same can be made of other rows; steps of the analyst's own
        as `seglib.preprocessing.steps` writes them down.
    before : pandas.DataFrame, optional
        Its columns before the steps that an analyst has added for the whole matrix; None where there are none.
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
    before: pd.DataFrame | None = field(default=None, repr=False)
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
            own_features=features.study.own_features,
        )

    @property
    def sources(self) -> list[str]:
        """The columns the matrix is made from."""
        return [name for name, _, _ in self.pipeline["columns"].transformers]

    @property
    def numeric(self) -> list[str]:
        """Those of its sources that are numbers, each of them one column of the matrix."""
        return [name for name in self.sources if name not in self.nominal]

    @property
    def prepared(self) -> pd.DataFrame:
        """Its columns before the steps that an analyst has added for the whole matrix: what `places` counts."""
        return self.table if self.before is None else self.before

    @property
    def steps(self) -> list[BaseEstimator]:
        """The steps that an analyst has added for the whole matrix, fitted."""
        return [step for _, step in self.pipeline.steps[1:]]

    @property
    def mixes_columns(self) -> bool:
        """Whether these steps make new columns of the others, as PCA does: then no column belongs to one source."""
        return any(isinstance(step, PCA) for step in self.steps)

    @property
    def groups(self) -> list[list[int]]:
        """The numbers of the columns of the table that move together: those of one source, or each for itself."""
        return [[j] for j in range(self.table.shape[1])] if self.mixes_columns else self.places

    @property
    def number_columns(self) -> list[str]:
        """The columns of the table that are numbers."""
        return list(self.table.columns) if self.mixes_columns else self.numeric

    def finish(self, prepared: np.ndarray, *, refit: bool = False) -> np.ndarray:
        """Take rows from the columns of `prepared` to those of the table.

        Parameters
        ----------
        prepared : ndarray of float, shape (n_rows, n_prepared_columns)
        refit : bool, default=False
            Whether the steps are fitted to these rows: they are another shop, with medians and components of its own.
        """
        for step in self.steps:
            prepared = clone(step).fit_transform(prepared) if refit else step.transform(prepared)
        return np.asarray(prepared)

    def made_of(self, source: str) -> pd.DataFrame:
        """Return the columns that one source became: of the matrix, or where these are mixed, before that."""
        table = self.prepared if self.mixes_columns else self.table
        return table.iloc[:, self.pipeline["columns"].output_indices_[source]]

    @property
    def places(self) -> list[list[int]]:
        """The numbers of the columns of `prepared` that each source became."""
        columns = range(self.prepared.shape[1])
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
        for why, names in worth_saying(self.left_out, self.wording).items():
            text += f" Left out: {join_words(names)} ({why})."
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
    matrix_steps: Sequence[BaseEstimator] = (),
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
    matrix_steps : sequence of transformer, optional
        What follows for all columns together (`seglib.preprocessing.steps.check_steps`).

    Raises
    ------
    InputRefused
        If a step gives values that are no finite numbers.
    """
    columns = ColumnTransformer(
        [(name, step, [name]) for name, step in steps.items()],
        sparse_threshold=0 if matrix_steps else 0.3,
        verbose_feature_names_out=False,
    )
    pipeline = Pipeline([("columns", columns)])
    values = pipeline.fit_transform(rows[list(steps)])
    dense = values if isinstance(values, np.ndarray) else values.toarray()
    table = pd.DataFrame(dense, rows.index, pipeline.get_feature_names_out(), dtype="float64")
    _refuse_not_finite(table)
    if not matrix_steps:
        return Matrix(table, recipe, pipeline, left_out, nominal, filled or {}, notes, options)
    # The steps are fitted to an array without names: the columns are numbered in SQL, too. One thread: the components
    # would depend on the number of threads in their last digits.
    fitted, X = [], dense.astype(np.float64)
    with threadpool_limits(limits=1):
        for step in matrix_steps:
            fitted.append(fitting(step, X.shape[1]).fit(X))
            X = np.asarray(fitted[-1].transform(X))
    named = [(f"{type(step).__name__.lower()}_{number}", step) for number, step in enumerate(fitted, start=1)]
    whole = Pipeline([("columns", columns), *named])
    mixes = any(isinstance(step, PCA) for step in fitted)
    names = [f"component_{number}" for number in range(1, X.shape[1] + 1)] if mixes else table.columns
    finished = pd.DataFrame(X, rows.index, names, dtype="float64")
    _refuse_not_finite(finished)
    if mixes:
        notes = (*notes, _note_on_components(table, finished))
    options = options | {MATRIX_STEPS: [to_json(step) for step in fitted]}
    return Matrix(finished, recipe, whole, left_out, nominal, filled or {}, notes, options, before=table)


def _note_on_components(prepared: pd.DataFrame, finished: pd.DataFrame) -> str:
    """Say how many components stand for how many columns."""
    n, m = finished.shape[1], prepared.shape[1]
    exact = "" if n >= m else " Taken back to original units, they give values that are nearly those of the columns."
    return (
        f"{n} component{'s' if n > 1 else ''} stand{'' if n > 1 else 's'} for {m} columns; the audit looks at these "
        f"columns.{exact}"
    )


def _refuse_not_finite(table: pd.DataFrame) -> None:
    bad = ~np.isfinite(table)
    if bad.to_numpy().any():
        column = bad.any().idxmax()
        raise InputRefused(
            f"{humanize(column)} has values in the matrix that are no finite numbers, in {int(bad[column].sum()):,} "
            "rows: take a step that can transform all of its values"
        )


def missing_shares(rows: pd.DataFrame) -> dict[str, float]:
    """Return the share of missing values of every column that has any."""
    gaps = rows.isna().mean()
    return gaps[gaps > 0].to_dict()
