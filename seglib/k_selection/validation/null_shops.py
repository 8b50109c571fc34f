"""The nulls that fit a run: what its matrix is made of decides which of them apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.base import clone

from seglib.features import features_of, features_with_shrinkage
from seglib.k_selection.validation.null_models import CopulaNull, Null, ProcessNull
from seglib.preprocessing import Matrix, rebuild_matrix
from seglib.run import Run
from seglib.schema.features import FEATURES
from seglib.schema.records import RecipeRecord
from seglib.sql import UNIFIED_SQL, in_memory, read_canonical_tables
from seglib.study import Study
from seglib.style import NO_TRANSACTIONS

if TYPE_CHECKING:
    import duckdb

DEALT = frozenset(f.name for f in FEATURES).difference(["gender_name", "city_name", "tenure_days"])
"""The features that change when coupons are dealt out anew."""


@dataclass(frozen=True)
class Comparison:
    """A matrix, of a sample of customers if there are many, and the shops without segments to compare it with.

    Attributes
    ----------
    X : ndarray of float64, shape (n_rows, n_columns)
    nulls : tuple of Null
        The process null first, where it applies.
    text : str
        What is compared with what.
    """

    X: np.ndarray
    nulls: tuple[Null, ...]
    text: str


def comparison(run: Run, *, sample_customers: int = 2_500, seed: int = 0) -> Comparison:
    """Find out with which shops without segments the matrix of a run can be compared.

    Parameters
    ----------
    run : Run
        01 and 03 have written their artefacts.
    sample_customers : int, default=2_500
        Of more customers a sample of so many is taken, as if it were the shop; and of more rows (recipe ``baseline``
        has several a customer) as many.
    seed : int

    Returns
    -------
    Comparison
    """
    recipe, study = run.read("recipe"), run.study()
    rng = np.random.default_rng([seed, 99])
    features = run.read("features")
    customers = features.index
    if len(customers) > sample_customers:
        customers = customers[np.sort(rng.choice(len(customers), sample_customers, replace=False))]
    rows = features.loc[customers]
    if recipe.grain == "transaction":
        rows = run.read("unified")
        rows = rows[rows["customer_id"].isin(customers)]
    matrix = rebuild_matrix(rows, recipe, described=features_of(features, study))
    kept = np.arange(len(matrix.table))
    if len(kept) > sample_customers:
        kept = np.sort(rng.choice(len(kept), sample_customers, replace=False))
    copula = CopulaNull(matrix.table.to_numpy()[kept], matrix.places)
    nulls: tuple[Null, ...] = (copula,)
    dealt = [name for name in matrix.sources if name in DEALT or recipe.grain == "transaction"]
    if study.as_of and dealt:
        tables = read_canonical_tables(run.connect(), customers)
        remake = MatrixRebuilder(tables, matrix, recipe, study, tuple(dealt), kept)
        known = {"as_of": study.as_of, "burn_window": recipe.burn_window, "remake": remake}
        nulls = (ProcessNull(tables["customers"], tables["transactions"], **known), copula)
    kinds = "; ".join(f"{which}, {null.what}" for which, null in zip(("in one", "in the other"), nulls, strict=False))
    many = "two kinds of shop" if len(nulls) > 1 else "a kind of shop"
    told = f"Compared with {many} without segments: {kinds if len(nulls) > 1 else nulls[0].what}."
    if not study.as_of:
        told += f" {NO_TRANSACTIONS} So no coupons can be dealt out anew."
    elif not dealt:
        told += " Nothing here comes from coupons, so none are dealt out anew."
    if len(customers) < len(features) or len(kept) < len(matrix.table):
        told += f" There are too many rows to do this with all: a sample of {len(kept):,} stands for them."
    return Comparison(copula.X, nulls, told)


@dataclass(frozen=True)
class MatrixRebuilder:
    """Makes features and matrix of other transactions by the same code, seen through the same lens.

    The columns, and the numbers by which rates are shrunk, are those of the shop itself: a shop without differences
    would have fewer columns, and in fewer dimensions every silhouette is greater. What does not come from transactions
    stays as it is.

    Attributes
    ----------
    tables : mapping of str to pandas.DataFrame
        The canonical tables.
    matrix : Matrix
        Made from them.
    recipe : RecipeRecord
    study : Study
        Its shrinkage is that of the shop itself.
    dealt : tuple of str
        The sources of the matrix that come from transactions.
    kept : ndarray of int
        The rows to return.
    """

    tables: Mapping[str, pd.DataFrame]
    matrix: Matrix
    recipe: RecipeRecord
    study: Study
    dealt: tuple[str, ...]
    kept: np.ndarray

    def __call__(self, shops: Sequence[pd.DataFrame]) -> Iterator[np.ndarray]:
        """Yield the matrix of every shop; all have the same customers, and their own transactions."""
        whole = self._transactions if self.recipe.grain == "transaction" else self._customers
        return (X[self.kept] for X in whole(shops))

    def _transactions(self, shops: Sequence[pd.DataFrame]) -> Iterator[np.ndarray]:
        for transactions in shops:
            with _seeing({**self.tables, "transactions": transactions}) as con:
                con.execute("CREATE TABLE study AS SELECT CAST(? AS DATE) AS as_of", [self.study.as_of])
                unified = con.sql(UNIFIED_SQL).df()
            yield rebuild_matrix(unified, self.recipe).table.to_numpy()

    def _customers(self, shops: Sequence[pd.DataFrame]) -> Iterator[np.ndarray]:
        """Let the statement see all shops as one, whose customers bear the number of their shop before their id."""
        width = len(str(len(shops)))
        signs = [str(number).zfill(width) for number in range(len(shops))]
        joint = {"customers": [self.tables["customers"]] * len(shops), "transactions": shops}
        joint = {
            name: pd.concat(
                [one.assign(customer_id=sign + one["customer_id"]) for sign, one in zip(signs, parts, strict=True)]
            )
            for name, parts in joint.items()
        }
        with _seeing({**self.tables, **joint}) as con:
            features = features_with_shrinkage(con, self.study)
        shop_of = features.index.str[:width].to_numpy(dtype="str")
        features = features.iloc[np.argsort(shop_of, kind="stable")]  # they came by the length of the id first
        steps = self.matrix.pipeline["columns"].named_transformers_
        made = {}
        for name in self.dealt:
            if name in self.matrix.nominal:
                levels = steps[name].transform(features[[name]])
                levels = levels if isinstance(levels, np.ndarray) else levels.toarray()
                made[name] = levels.reshape(len(shops), -1, levels.shape[1])
            else:  # a column for every shop, each with its own median and scale
                each = features[name].to_numpy(dtype="float64").reshape(len(shops), -1).T
                made[name] = clone(steps[name]).fit_transform(each).T[:, :, None]
        for place in range(len(shops)):
            X = self.matrix.table.to_numpy(copy=True)
            for name, places in zip(self.matrix.sources, self.matrix.places, strict=True):
                if name in self.dealt:
                    X[:, places] = made[name][place]
            yield X


def _seeing(tables: Mapping[str, pd.DataFrame]) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB that sees tables under their names, and works in one thread."""
    con = in_memory()
    con.execute("SET threads = 1")
    for name, table in tables.items():
        con.register(name, table)
    return con
