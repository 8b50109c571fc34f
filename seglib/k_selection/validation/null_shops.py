"""The null models of a run: which of them apply depends on what its matrix is made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.base import clone

from seglib.errors import InputRefused
from seglib.features import JoinedShops, connect_tables, features_with_shrinkage, with_own_features
from seglib.k_selection.validation.coupon_history import CouponHistory
from seglib.k_selection.validation.gradual_null import GradualNull
from seglib.k_selection.validation.null_models import CopulaNull, CopulaOfLump, Null
from seglib.k_selection.validation.process_null import ProcessNull
from seglib.k_selection.validation.smooth_null import SmoothNull
from seglib.preprocessing import Matrix, rebuild_matrix
from seglib.run import Run
from seglib.schema.features import FEATURES
from seglib.schema.records import RecipeRecord
from seglib.sql import UNIFIED_SQL, own_statement, read_canonical_tables
from seglib.study import Study
from seglib.style import NO_TRANSACTIONS, humanize, join_words

FROM_COUPONS = frozenset(f.name for f in FEATURES).difference(["gender_name", "city_name", "tenure_days"])
"""The features that change when coupons are resampled."""


FROM_BRANCHES = frozenset(["n_branches", "n_merchants"])
"""The features that are counted from the branches of transactions."""

COUNTED_COLUMNS = ("customer_id", "transaction_date", "transaction_status", "burn_date", "branch_id", "amount")
"""The columns of transactions that features are counted from (``sql/counts.sql``)."""

FEW_LEVELS = 10
"""Most different values of a column of levels."""

STARTS, STARTS_OF_LEVELS = 5, 20
"""Starts of KMeans for the data and for every simulated shop, and where all columns are levels."""

SPIKE = 0.2
"""Share of the rows with one and the same value from which on a number has a spike."""


@dataclass(frozen=True)
class NullModels:
    """A matrix, of a sample of customers if there are many, and the null models to compare it with.

    Attributes
    ----------
    X : ndarray of float64, shape (n_rows, n_columns)
    nulls : tuple of Null
        The one that is nearest to the data without being clumped comes first: stability is compared with it. Where
        there are coupons: gradual, process, copula; else smooth, copula.
    without_coupons : str
        Why no coupons are simulated; empty where they are.
    sampled : bool
        Whether X is a sample of the rows.
    index : pandas.Index
        Of the rows: customer_id, or customer_id and transaction_id.
    n_starts : int
        Starts of KMeans that these data need.
    remark : str
        What a reader should know of these null models; mostly empty.
    """

    X: np.ndarray
    nulls: tuple[Null, ...]
    without_coupons: str = ""
    sampled: bool = False
    n_starts: int = STARTS
    index: pd.Index = field(default_factory=lambda: pd.Index([]), repr=False)
    remark: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """One row per null model: null, what."""
        return pd.DataFrame({"null": [null.name for null in self.nulls], "what": [null.what for null in self.nulls]})

    @property
    def text(self) -> str:
        """What the matrix is compared with."""
        if len(self.nulls) > 1:
            described = "; ".join(f"({number}) {null.what}" for number, null in enumerate(self.nulls, start=1))
            kinds = f"{len(self.nulls)} kinds of data without segments: {described}"
        else:
            kinds = f"data without segments: {self.nulls[0].what}"
        sentences = [f"Compared with {kinds}."]
        if self.remark:
            sentences.append(self.remark)
        if self.without_coupons:
            sentences.append(self.without_coupons)
        if self.sampled:
            sentences.append(
                f"There are too many rows to do this with all: a sample of {len(self.X):,} stands for them."
            )
        return " ".join(sentences)


def null_models_for(run: Run, *, sample_customers: int = 2_500, seed: int = 0) -> NullModels:
    """Return the null models that the matrix of a run can be compared with.

    Parameters
    ----------
    run : Run
        01 and 03 have written their artefacts.
    sample_customers : int, default=2_500
        Of more customers, a sample of this size is used as if it were the shop; of more rows (recipe ``baseline`` has
        several per customer), a sample of as many rows.
    seed : int

    Returns
    -------
    NullModels
    """
    recipe, study = run.read("recipe"), run.study()
    rng = np.random.default_rng([seed, 99])
    features = run.read("features")
    customers = features.index
    if len(customers) > sample_customers:
        customers = customers[np.sort(rng.choice(len(customers), sample_customers, replace=False))]
    all_rows, rows = features, features.loc[customers]
    if recipe.grain == "transaction":
        all_rows = run.read("unified")
        rows = all_rows[all_rows["customer_id"].isin(customers)]
    described = study.describe(features)
    matrix = rebuild_matrix(rows, recipe, described=described)
    of_all = matrix if len(rows) == len(all_rows) else rebuild_matrix(all_rows, recipe, described=described)
    _refuse_changed_matrix(of_all.table, run.read("matrix"))
    sampled_rows = np.arange(len(matrix.table))
    if len(sampled_rows) > sample_customers:
        sampled_rows = np.sort(rng.choice(len(sampled_rows), sample_customers, replace=False))
    sampled = len(customers) < len(features) or len(sampled_rows) < len(matrix.table)
    index = matrix.table.index[sampled_rows]
    copula = CopulaNull(matrix.table.to_numpy()[sampled_rows], matrix.groups)
    from_coupons = FROM_COUPONS | study.own_from_transactions
    resampled = tuple(name for name in matrix.sources if name in from_coupons or recipe.grain == "transaction")
    # In a table of levels only (yes/no items, answers from 1 to 5) nearest rows are equal rows: a smooth null model
    # would be the data again. Such data have many local optima, so KMeans needs more starts.
    is_lattice = all(len(np.unique(copula.X[:, places[0]])) <= FEW_LEVELS for places in matrix.groups)
    n_starts = STARTS_OF_LEVELS if is_lattice else STARTS
    if not study.as_of or not resampled:
        # Rows that share a value in several columns, such as zero, lie together: the audit of 03 says so, and it is no
        # finding. So all simulated data have them.
        lumped = lump(copula.X, matrix.groups)
        of_table = CopulaOfLump(copula, lumped) if lumped.any() else copula
        gradual_tables = (of_table,) if is_lattice else (SmoothNull(copula.X, matrix.groups), of_table)
        reason = "No column of the matrix comes from coupons, so no coupons are simulated."
        if not study.as_of:
            reason = f"{NO_TRANSACTIONS} So no transactions can be simulated."
        return NullModels(copula.X, gradual_tables, reason, sampled, n_starts, index)
    tables = read_canonical_tables(run.connect(), customers)
    if recipe.grain == "customer":
        tables["transactions"] = _read_columns(tables["transactions"], resampled, study)
    history = CouponHistory.of(
        tables["customers"], tables["transactions"], as_of=study.as_of, burn_window=recipe.burn_window
    )
    rebuild = MatrixRebuilder(tables, matrix, recipe, study, resampled, sampled_rows)
    process = ProcessNull(history, rebuild)
    fixed, order = None, None
    if recipe.grain == "customer":
        fixed = _fixed_columns(matrix, history, resampled)
        order = pd.Index(history.customers).get_indexer(matrix.table.index)
    gradual = GradualNull(history, shrinkage=recipe.shrinkage, rebuild=rebuild, fixed=fixed, order=order, seed=seed)
    for null in (gradual, process):
        null.what = study.wording.of(null.what)
    remark = _remark_on_own(study, resampled)
    return NullModels(copula.X, (gradual, process, copula), sampled=sampled, index=index, remark=remark)


def _read_columns(transactions: pd.DataFrame, resampled: Sequence[str], study: Study) -> pd.DataFrame:
    """Return the columns of transactions that the features of simulated shops are computed from.

    Names of coupons are text, and copying them for every simulated shop takes longer than anything else. Branches, too,
    are copied and counted only where a feature needs them; else none is recorded.
    """
    needed = own_statement(study.own_features.sql).needs if study.own_from_transactions else lambda name: False
    besides = [name for name in ("transaction_id", "coupon_name") if needed(name)]
    read = transactions[[*COUNTED_COLUMNS, *besides]]
    if needed("branch_id") or not FROM_BRANCHES.isdisjoint(resampled):
        return read
    return read.assign(branch_id=pd.Series(None, read.index, dtype=read["branch_id"].dtype))


def _remark_on_own(study: Study, resampled: Sequence[str]) -> str:
    """Say how the features that the analyst has added enter simulated shops; empty where there are none."""
    names = [humanize(name) for name in resampled if name in study.own_from_transactions]
    if not names:
        return ""
    return study.wording.of(
        "{Names} {are} computed from the simulated {coupons} by the same statement. The simulation has no trait for "
        "{it}, so in the first two kinds customers differ in {it} only as far as chance and their other traits make "
        "them; that they may differ more, but gradually, is left to the third kind.",
        Names=f"{join_words(names)[0].upper()}{join_words(names)[1:]}",
        are="is" if len(names) == 1 else "are",
        it="it" if len(names) == 1 else "them",
    )


def _refuse_changed_matrix(expected: pd.DataFrame, matrix: pd.DataFrame) -> None:
    """Refuse a matrix that was changed after its pipeline had made it: no simulated shop would be changed like that.

    Raises
    ------
    InputRefused
    """
    is_same = expected.index.equals(matrix.index) and list(expected.columns) == list(matrix.columns)
    if not (is_same and np.allclose(expected.to_numpy(), matrix.to_numpy(), rtol=0, atol=1e-6)):
        raise InputRefused(
            "matrix.parquet is not what the recipe of 03 gives, so it cannot be compared with simulated shops, nor its "
            "segments written as SQL: instead of changing the table, add a step to number_steps or matrix_steps in 03"
        )


def _fixed_columns(matrix: Matrix, history: CouponHistory, resampled: Sequence[str]) -> np.ndarray:
    """Return the columns of the matrix that coupons do not change, in the order of the customers of the history."""
    places = [
        p for name, columns in zip(matrix.sources, matrix.places, strict=True) if name not in resampled for p in columns
    ]
    return matrix.prepared.loc[history.customers].to_numpy()[:, places]


@dataclass(frozen=True)
class MatrixRebuilder:
    """Computes features and matrix of other transactions by the same code and with the same shrinkage.

    The columns, and the numbers by which rates are shrunk, are those of the shop itself: a shop without differences
    would have fewer columns, and every silhouette is greater in fewer dimensions. Columns that do not come from
    transactions stay as they are.

    Attributes
    ----------
    tables : mapping of str to pandas.DataFrame
        The canonical tables.
    matrix : Matrix
        Made from them.
    recipe : RecipeRecord
    study : Study
        With the shrinkage of the shop itself.
    resampled_sources : tuple of str
        The sources of the matrix that come from transactions.
    sampled_rows : ndarray of int
        The rows to return.
    """

    tables: Mapping[str, pd.DataFrame]
    matrix: Matrix
    recipe: RecipeRecord
    study: Study
    resampled_sources: tuple[str, ...]
    sampled_rows: np.ndarray

    def __call__(self, shops: Sequence[pd.DataFrame]) -> Iterator[np.ndarray]:
        """Yield the matrix of every shop; all have the same customers, and each its own transactions."""
        matrices = self._of_transactions if self.recipe.grain == "transaction" else self._of_customers
        return (_take(X, self.sampled_rows) for X in matrices(shops))

    def _of_transactions(self, shops: Sequence[pd.DataFrame]) -> Iterator[np.ndarray]:
        for transactions in shops:
            with connect_tables({**self.tables, "transactions": transactions}) as con:
                con.execute("CREATE TEMP TABLE study AS SELECT CAST(? AS DATE) AS as_of", [self.study.as_of])
                unified = con.sql(UNIFIED_SQL).df()
            yield rebuild_matrix(unified, self.recipe).table.to_numpy()

    def _of_customers(self, shops: Sequence[pd.DataFrame]) -> Iterator[np.ndarray]:
        joined = JoinedShops(len(shops))
        marked = [joined.mark(transactions, shop) for shop, transactions in enumerate(shops)]
        with connect_tables(joined.tables(self.tables, marked)) as con:
            described = joined.split(features_with_shrinkage(con, self.study, self.resampled_sources))
        if self.study.own_from_transactions:
            described = with_own_features(described, self.tables, shops, self.study)
        features = pd.concat(described)
        # All shops have the same customers in the same order, so a feature is a block of shops x customers. A number is
        # transformed and scaled with one column per shop: every shop gets the median and the scale of its own
        # customers, as the matrix of a real shop does. Levels of a name are encoded as in the shop itself.
        steps = self.matrix.pipeline["columns"].named_transformers_
        blocks = {}
        for name in self.resampled_sources:
            if name in self.matrix.nominal:
                levels = steps[name].transform(features[[name]])
                levels = levels if isinstance(levels, np.ndarray) else levels.toarray()
                blocks[name] = levels.reshape(len(shops), -1, levels.shape[1])
            else:
                by_shop = features[name].to_numpy(dtype="float64").reshape(len(shops), -1).T
                blocks[name] = clone(steps[name]).fit_transform(by_shop).T[:, :, None]
        for shop in range(len(shops)):
            X = self.matrix.prepared.to_numpy(copy=True)
            for name, places in zip(self.matrix.sources, self.matrix.places, strict=True):
                if name in blocks:
                    X[:, places] = blocks[name][shop]
            yield self.matrix.finish(X, refit=True)


def lump(X: np.ndarray, places: Sequence[Sequence[int]]) -> np.ndarray:
    """Say which rows share a value in several numbers: 1 for these, else 0.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
    places : sequence of sequence of int
        The columns of every source. Only numbers of many values are looked at: those with one column and more than
        `FEW_LEVELS` values.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        Rows that are at the spike of two or more numbers: at a value that at least `SPIKE` of the rows have.
    """
    at_spike = np.zeros(len(X), dtype=np.int64)
    for columns in places:
        values, inverse, counts = np.unique(X[:, columns[0]], return_inverse=True, return_counts=True)
        if len(columns) == 1 and len(values) > FEW_LEVELS and counts.max() >= SPIKE * len(X):
            at_spike += inverse == counts.argmax()
    return (at_spike >= 2).astype(np.int64)


def _take(X: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return rows of a matrix; of one with fewer rows, as many as there are, evenly spread."""
    if rows[-1] < len(X):
        return X[rows]
    return X[np.linspace(0, len(X) - 1, min(len(X), len(rows))).astype(np.int64)]
