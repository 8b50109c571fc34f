"""From one draw of data to features, matrix and null models: the work of the notebooks 01 to 03 in this process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import yaml

from seglib import k_selection
from seglib.eda import homogeneity
from seglib.features import CustomerFeatures, customer_features
from seglib.ingest import ingest
from seglib.preprocessing import Matrix, audit, customer_matrix
from seglib.run import Run

from .kinds import Made

if TYPE_CHECKING:
    from seglib.eda import Homogeneity

N_SHUFFLES = 99
"""Simulated shops of every test of whether customers differ."""


@dataclass(frozen=True)
class Prepared:
    """A draw of data, prepared for the comparison with null models.

    Attributes
    ----------
    run : Run
        Has the artefacts of 01 and 03, so that `seglib.k_selection.null_models_for` finds them. Its folder must stay
        until that was called.
    features : CustomerFeatures
    matrix : Matrix
    homogeneity : Homogeneity
        Do customers differ at all? Without any row for a table without transactions.
    truth : pandas.Series or None
        The planted group of every row of the matrix.
    """

    run: Run
    features: CustomerFeatures
    matrix: Matrix
    homogeneity: Homogeneity
    truth: pd.Series | None

    @property
    def X(self) -> pd.DataFrame:
        """The matrix: one row per customer that has a transaction, indexed by customer_id."""
        return self.matrix.table

    def null_models(self, *, seed: int, sample_customers: int = 2_500) -> k_selection.NullModels:
        """Return the null models that the matrix can be compared with."""
        return k_selection.null_models_for(self.run, sample_customers=sample_customers, seed=seed)


def study_of(data: Made, folder: str | Path, *, seed: int = 0, sample_customers: int = 2_500) -> Prepared:
    """Take a draw of data from its tables to the matrix, as the notebooks 01 to 03 do.

    Parameters
    ----------
    data : Made
    folder : str or Path
        An empty folder, which the caller removes (`tempfile.TemporaryDirectory`).
    seed : int, default=0
        Of the simulated shops of `seglib.eda.homogeneity`.
    sample_customers : int, default=2_500
        For `seglib.eda.homogeneity`: of more customers, a sample is asked.

    Returns
    -------
    Prepared

    Raises
    ------
    InputRefused
        If the tables break the contract.
    """
    folder = Path(folder)
    mapping = write_source(data, folder)
    run = Run("study", base=folder)
    shop = ingest(folder / "source", mapping=mapping)
    shop.require(max_reject_share=0.0)
    shop.save(run)
    features = customer_features(run.connect(), run.study())
    panel = homogeneity(
        run.read("unified"),
        run.read_table("customers"),
        features.study,
        n_shuffles=N_SHUFFLES,
        sample_customers=sample_customers,
        seed=seed,
    )
    matrix = customer_matrix(
        features.table, described=features.features, leave_out=features.missing, unreliable=features.unreliable
    )
    run.write("features", features.table)
    run.write("matrix", matrix.table)
    run.write("recipe", matrix.record(features, audit(matrix).record))
    truth = None if data.truth is None else data.truth.loc[matrix.table.index]
    return Prepared(run, features, matrix, panel, truth)


def write_source(data: Made, folder: Path) -> Path | None:
    """Write the tables as Parquet files to ``folder / "source"``; return the mapping file where one is needed."""
    source = folder / "source"
    source.mkdir(parents=True)
    for name, table in data.tables.items():
        table.to_parquet(source / f"{name}.parquet", index=False)
    if not data.variables:
        return None
    mapping = folder / "mapping.yaml"
    content = {"tables": {"customers": {"segment_by": dict(data.variables)}}}
    mapping.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return mapping
