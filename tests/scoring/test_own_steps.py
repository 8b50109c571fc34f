"""What an analyst adds in 03 places the same customers in SQL as in Python, all of them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, PowerTransformer, RobustScaler, StandardScaler

from seglib.clustering.centres import readable_centres
from seglib.clustering.labels import order_values
from seglib.clustering.segmentation import segment
from seglib.errors import InputRefused
from seglib.features.customers import customer_features
from seglib.preprocessing.build import CustomerOptions, build_matrix
from seglib.preprocessing.encoders import Winsorizer
from seglib.schema.records import AuditRecord, RecipeRecord
from seglib.scoring.file import load_model, save_model
from seglib.scoring.model import ModelVerdict, model_of
from seglib.scoring.score import score
from seglib.scoring.sql import scoring_sql
from seglib.sql.connect import in_memory
from seglib.sql.dialects import DIALECTS


@pytest.fixture(scope="module")
def run(prepared):
    run, _ = prepared("sample")
    return run


@pytest.fixture(scope="module")
def placed_by(run, root):
    """Make a model with some options, save and load it, and return it with the features."""

    def make(folder, *, recipe="customer", own=True, **options):
        file = root / "params" / "features" / "habits.sql" if own else None
        described = customer_features(run.connect(), run.new_study(), own_features=file)
        matrix = build_matrix(described, lambda: run.read("unified"), recipe=recipe, options=CustomerOptions(**options))
        record = RecipeRecord.from_json(json.loads(json.dumps(matrix.record(described, AuditRecord()).to_json())))
        order = order_values(described.table, "n_burned", matrix.table.index)
        fit = segment(matrix.table, k=3, n_init=3, order_by=order)
        features = described.study.describe(described.table)
        rows = run.read("unified") if recipe == "baseline" else described.table
        centres = readable_centres(fit, rows, record, features)
        model = model_of(
            fit,
            centres.matrix,
            fit.models(matrix.table.to_numpy(), n_models=3, sample_rows=500, seed=0),
            run="own",
            features=described.table,
            described=features,
            recipe=record,
            shop=run.read("shop"),
            verdict=ModelVerdict("constructed", "not tested", "s"),
        )
        save_model(model, folder / "model.skops")
        return load_model(folder / "model.skops"), described, fit

    return make


CASES = {
    "own features": {},
    "own features that are chance": {"keep_unreliable": True},
    "capped": {"number_steps": [Winsorizer(0.02, 0.98)]},
    "roots": {"transform": "none", "number_steps": [FunctionTransformer(np.sqrt)]},
    "logarithms": {"transform": "none", "number_steps": [FunctionTransformer(np.log1p), Winsorizer(0, 0.9)]},
    "columns": {"matrix_steps": [PowerTransformer(), MaxAbsScaler(), RobustScaler()]},
    "components": {"matrix_steps": [PCA(n_components=3)]},
    "components capped": {"matrix_steps": [PCA(0.9, whiten=True), Winsorizer(0, 0.95), StandardScaler()]},
    "all": {"transform": "yeo-johnson", "number_steps": [Winsorizer()], "matrix_steps": [StandardScaler(), PCA(4)]},
}


@pytest.mark.parametrize("case", CASES)
def test_every_customer_is_placed_alike_by_sql_and_by_python(case, placed_by, run, tmp_path):
    model, described, fit = placed_by(tmp_path, **CASES[case])
    by_python = model.describe(described.table)
    con = in_memory()
    con.register("features", described.table.reset_index())
    for by_sql in (con.sql(scoring_sql(model)), run.connect().sql(scoring_sql(model, start="tables"))):
        table = by_sql.df().set_index("customer_id").reindex(described.table.index)
        assert (table["segment"] == by_python["segment"]).all()
        assert (table["second_segment"] == by_python["second_segment"]).all()
        assert (table["outlier"] == by_python["outlier"]).all()
        np.testing.assert_allclose(table["confidence"], by_python["margin"], atol=2e-6)
    assert (by_python["segment"] == fit.table["segment"]).all()


def test_customers_who_are_new_are_placed_alike(placed_by, tmp_path):
    """New levels, missing values and numbers beyond those of training go the same way."""
    model, described, _ = placed_by(tmp_path, matrix_steps=[PCA(4)])
    new = described.table.copy()
    new.loc[new.index[:50], "city_name"] = "Nowhere"
    new.loc[new.index[25:75], "gender_name"] = None
    new.loc[new.index[60:90], "recent_share"] = np.nan
    new.loc[new.index[80:99], "coupons_per_month"] = 1e4
    con = in_memory()
    con.register("features", new.reset_index())
    table = con.sql(scoring_sql(model)).df().set_index("customer_id").reindex(new.index)
    assert (table["segment"] == model.describe(new)["segment"]).all()
    assert (table["remark"].iloc[:25] == "city_name not seen in training").all()
    assert (table["remark"].iloc[75:80] == "recent_share not known").all()
    assert table["remark"].iloc[90:].isna().all()


def test_recipe_baseline_with_components_is_placed_alike(placed_by, run, tmp_path):
    model, _, _ = placed_by(tmp_path, recipe="baseline", own=False, matrix_steps=[PCA(2)])
    table = run.connect().sql(scoring_sql(model, start="tables")).df().set_index("customer_id")
    by_python = model.describe(run.read("unified"))
    assert (table["segment"].reindex(by_python.index) == by_python["segment"]).all()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_statement_is_written_in_every_dialect(dialect, placed_by, tmp_path):
    model, _, _ = placed_by(tmp_path, matrix_steps=[PCA(3)], number_steps=[Winsorizer()])
    statement = scoring_sql(model, dialect=dialect, start="tables")
    assert "own_features" in statement
    assert "transactions_by_as_of" in statement


def test_the_command_scores_the_source_alike(placed_by, tmp_path):
    model, _, fit = placed_by(tmp_path, matrix_steps=[PCA(3)])
    scored = score(model, "sample").table.set_index("customer_id")
    assert (scored["segment"].reindex(fit.table.index) == fit.table["segment"]).all()


def test_a_source_that_lacks_what_the_statement_reads_is_refused(placed_by, tmp_path, root):
    model, _, _ = placed_by(tmp_path)
    broken = model.recipe.to_json()
    broken["own_features"]["sql"] = broken["own_features"]["sql"].replace("t.transaction_date", "t.claimed_on")
    with pytest.raises(InputRefused, match="recent_share and weekend_share cannot be computed from this source"):
        score(_with_recipe(model, broken), "sample")


def _with_recipe(model, content):
    return replace(model, recipe=RecipeRecord.from_json(content))


FOREIGN = (
    "SELECT customer_id, 1.0 AS recent_share, 1.0 AS weekend_share FROM read_csv('/etc/passwd')",
    "SELECT customer_id, random() AS recent_share, 1.0 AS weekend_share FROM customers",
    "DROP TABLE customers",
    "SELECT customer_id, 1.0 AS recent_share FROM customers",
)


@pytest.mark.parametrize("sql", FOREIGN)
def test_a_model_with_a_statement_that_03_would_refuse_is_refused(sql, placed_by, tmp_path):
    model, _, _ = placed_by(tmp_path)
    content = model.recipe.to_json()
    content["own_features"]["sql"] = sql
    save_model(_with_recipe(model, content), tmp_path / "foreign.skops")
    with pytest.raises(InputRefused, match="is refused"):
        load_model(tmp_path / "foreign.skops")


def test_the_same_model_gives_the_same_bytes(placed_by, tmp_path):
    placed_by(tmp_path, matrix_steps=[PCA(3)])
    first = (tmp_path / "model.skops").read_bytes()
    placed_by(tmp_path, matrix_steps=[PCA(3)])
    assert (tmp_path / "model.skops").read_bytes() == first
