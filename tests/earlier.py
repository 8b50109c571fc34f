"""A run without notebooks: what 07 reads of an earlier or a later one, made in a second or two."""

from pathlib import Path

import pandas as pd

from seglib.clustering.bootstrap import bootstrap_models
from seglib.clustering.labels import lettered_by, order_values
from seglib.clustering.segmentation import segment
from seglib.features.customers import customer_features
from seglib.ingest.shop import ingest
from seglib.preprocessing.build import CustomerOptions, build_matrix
from seglib.run.run import Run
from seglib.schema.records import AuditRecord, CardRecord
from seglib.scoring.file import save_model
from seglib.scoring.model import ModelVerdict
from seglib.scoring.score import model_for


def make_run(
    name: str,
    source: str | Path,
    *,
    as_of: str | None = None,
    base: Path | None = None,
    k: int = 3,
    mapping: str | None = None,
    align_to: pd.Series | None = None,
    **options,
) -> Run:
    """Do what 01, 03 and 05 do, with few starts, and write what 07 reads."""
    run = Run(name, base=base)
    ingest(source, as_of=as_of, mapping=mapping).save(run)
    features = customer_features(run.connect(), run.new_study())
    matrix = build_matrix(features, lambda: run.read("unified"), options=CustomerOptions(**options))
    order = order_values(features.table, lettered_by(features.table, "n_burned", features.study), matrix.table.index)
    fit = segment(matrix.table, k=k, order_by=order, align_to=align_to, n_init=5)
    run.write_all(
        features=features.table,
        matrix=matrix.table,
        recipe=matrix.record(features, AuditRecord()),
        segments=fit.table,
        clustering=fit.record,
        cards=[CardRecord(s, f"name of {s}", "", int(n), 0.1, (), (), ()) for s, n in fit.sizes.items()],
    )
    bootstrap = bootstrap_models(matrix.table.to_numpy(), fit.centres.to_numpy(), n_models=20)
    model = model_for(run, fit, matrix, bootstrap, verdict=ModelVerdict("made up", "made up", "Made up."))
    save_model(model, run.path("model"))
    return run
