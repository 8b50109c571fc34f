"""Steps of the analyst's own: which there can be, what they make of the matrix, and the way back."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from seglib.errors import InputRefused, ParameterRefused
from seglib.preprocessing.audit import audit
from seglib.preprocessing.build import CustomerOptions, build_matrix
from seglib.preprocessing.encoders import Winsorizer, log_of_size
from seglib.preprocessing.inverse import column_labels, in_original_units
from seglib.preprocessing.ranges import number_ranges
from seglib.preprocessing.rebuild import rebuild_matrix
from seglib.preprocessing.steps import check_steps, from_json, inverse, to_json
from seglib.preprocessing.variance import variance_share
from seglib.schema.records import AuditRecord, RecipeRecord


@pytest.fixture(scope="module")
def described(prepared):
    _, features = prepared("sample")
    return features


def built(described, **options):
    return build_matrix(described, lambda: None, options=CustomerOptions(**options))


def rebuilt(described, matrix):
    """Build the matrix again from what recipe.json says of it."""
    written = json.loads(json.dumps(matrix.record(described, AuditRecord()).to_json()))
    recipe = RecipeRecord.from_json(written)
    return rebuild_matrix(described.table, recipe, described=described.study.describe(described.table))


def test_outliers_are_capped_in_original_units_before_the_scale(described):
    spend = described.table["coupons_per_month"].astype(float)
    matrix = built(described, transform="none", number_steps=[Winsorizer(0.05, 0.9)])
    capped = spend.clip(*np.quantile(spend, [0.05, 0.9]))
    expected = (capped - capped.mean()) / capped.std(ddof=0)
    np.testing.assert_allclose(matrix.table["coupons_per_month"], expected, atol=1e-12)
    assert len(matrix.table) == len(described.table)


def test_another_transform_stands_in_the_place_of_the_logarithm(described):
    root = np.sqrt(described.table["coupons_per_month"])
    matrix = built(described, transform="none", number_steps=[FunctionTransformer(np.sqrt)])
    np.testing.assert_allclose(matrix.table["coupons_per_month"], (root - root.mean()) / root.std(ddof=0), atol=1e-12)


def test_components_are_eigenvectors_and_the_weights_of_sources_add_up(described):
    plain, matrix = built(described), built(described, matrix_steps=[PCA(n_components=3)])
    values, vectors = np.linalg.eigh(np.cov(plain.table.to_numpy(), rowvar=False, ddof=0))
    largest = np.argsort(values)[::-1][:3]
    assert list(matrix.table) == ["component_1", "component_2", "component_3"]
    np.testing.assert_allclose(matrix.table.var(ddof=0), values[largest], rtol=1e-9)
    pd.testing.assert_frame_equal(matrix.prepared, plain.table)
    shares = variance_share(matrix).table.set_index("column")["share"]
    for source, places in zip(matrix.sources, matrix.places, strict=True):
        of_source = (values[largest] * np.square(vectors[np.ix_(places, largest)])).sum() / values[largest].sum()
        assert shares[source] == pytest.approx(of_source, abs=1e-9)
    assert number_ranges(matrix).table["column"].tolist() == list(matrix.table)
    assert audit(matrix).clean == audit(plain).clean


EVERY = {
    "capped": {"number_steps": [Winsorizer(0.02, 0.98)]},
    "roots": {"transform": "none", "number_steps": [FunctionTransformer(np.sqrt), MinMaxScaler()]},
    "logarithms": {"transform": "none", "number_steps": [FunctionTransformer(np.log1p), RobustScaler()]},
    "scaled": {"matrix_steps": [StandardScaler(), MaxAbsScaler(), MinMaxScaler(feature_range=(-1, 2))]},
    "powers": {"matrix_steps": [PowerTransformer()]},
    "components": {"matrix_steps": [PCA(0.8, whiten=True), Winsorizer(0, 0.95)]},
    "all": {"number_steps": [Winsorizer()], "matrix_steps": [RobustScaler(), PCA(), PCA(4)]},
}


@pytest.mark.parametrize("name", EVERY)
def test_the_same_matrix_is_built_again_from_the_record(described, name):
    matrix = built(described, **EVERY[name])
    again = rebuilt(described, matrix)
    assert not again.table.equals(built(described).table)
    pd.testing.assert_frame_equal(again.table, matrix.table, atol=1e-12)
    for steps in ("number_steps", "matrix_steps"):
        assert again.options.get(steps) == matrix.options.get(steps)


def test_nothing_is_recorded_where_nothing_was_added(described):
    assert not {"number_steps", "matrix_steps"} & built(described).options.keys()


def test_a_share_of_the_variance_is_recorded_as_the_number_of_components_it_gave(described):
    matrix = built(described, matrix_steps=[PCA(0.5)])
    [step] = matrix.options["matrix_steps"]
    assert step["n_components"] == matrix.table.shape[1]
    few = rebuild_matrix(
        described.table.head(60),
        matrix.record(described, AuditRecord()),
        described=described.study.describe(described.table),
    )
    assert few.table.shape == (60, matrix.table.shape[1])


@pytest.mark.parametrize("name", ["roots", "logarithms", "scaled", "powers"])
def test_there_is_a_way_back_to_original_units(described, name):
    plain, matrix = built(described), built(described, **EVERY[name])
    there, here = (in_original_units(m, m.table.head(20)) for m in (plain, matrix))
    for column in plain.numeric:
        np.testing.assert_allclose(here[column], there[column], atol=1e-6)
    levels = [column for column in plain.table if column not in plain.numeric]
    np.testing.assert_allclose(here[levels], there[levels], atol=1e-9)
    assert column_labels(matrix) == column_labels(plain)


def test_all_components_together_are_the_columns(described):
    plain, matrix = built(described), built(described, matrix_steps=[PCA()])
    back = in_original_units(matrix, matrix.table.head(20))
    pd.testing.assert_frame_equal(back, in_original_units(plain, plain.table.head(20)), atol=1e-6)


@pytest.mark.parametrize("function", [np.log1p, np.sqrt, log_of_size])
def test_every_function_has_its_way_back(function):
    values = np.array([[0.0], [0.3], [7.0]])
    step = FunctionTransformer(function)
    np.testing.assert_allclose(inverse(step, step.fit_transform(values)), values, atol=1e-12)


class Renamed(StandardScaler):
    """A step that looks like one of scikit-learn."""


REFUSED = [
    ("number_steps", [PCA(2)], "belongs in matrix_steps"),
    ("number_steps", [KBinsDiscretizer()], "KBinsDiscretizer cannot be made again in simulated shops and in SQL; take"),
    ("matrix_steps", [QuantileTransformer()], "QuantileTransformer cannot"),
    ("matrix_steps", [Renamed()], "Renamed cannot"),
    ("matrix_steps", [np.log1p], "log1p cannot"),
    ("matrix_steps", [PCA], "without its brackets"),
    ("matrix_steps", PCA(2), "it is a list"),
    ("matrix_steps", [PCA("mle")], "n_components"),
    ("matrix_steps", [PCA(0)], "n_components"),
    ("matrix_steps", [MinMaxScaler(clip=True)], "clip=True"),
    ("number_steps", [FunctionTransformer(np.exp)], "take np.log1p or np.sqrt"),
    ("number_steps", [FunctionTransformer(lambda x: x)], "cannot be written as SQL"),
    ("number_steps", [Winsorizer(1, 99)], "quantiles"),
]


@pytest.mark.parametrize(("parameter", "steps", "why"), REFUSED)
def test_a_step_that_cannot_travel_is_refused_before_anything_is_fitted(described, parameter, steps, why):
    with pytest.raises(ParameterRefused, match=why) as refused:
        built(described, **{parameter: steps})
    assert refused.value.parameter == (parameter,)
    assert str(refused.value).count(". ") == 0


def test_values_that_are_no_numbers_are_refused(described):
    with pytest.raises(InputRefused, match="no finite numbers"):
        built(described, matrix_steps=[FunctionTransformer(np.sqrt)])


def test_recipe_baseline_takes_steps_of_the_whole_matrix_only(described, prepared):
    run, _ = prepared("sample")
    options = CustomerOptions(matrix_steps=[PCA(2)])
    matrix = build_matrix(described, lambda: run.read("unified"), recipe="baseline", options=options)
    assert matrix.table.shape[1] == 2
    again = rebuild_matrix(run.read("unified"), matrix.record(described, AuditRecord()))
    pd.testing.assert_frame_equal(again.table, matrix.table, atol=1e-12)
    with pytest.raises(ParameterRefused, match="recipe baseline takes matrix_steps"):
        build_matrix(
            described,
            lambda: run.read("unified"),
            recipe="baseline",
            options=CustomerOptions(number_steps=[Winsorizer()]),
        )


def test_steps_come_back_from_what_is_written_down():
    for step in check_steps([Winsorizer(0.1, 0.7), RobustScaler(quantile_range=(10, 90))], "number_steps"):
        again = from_json(json.loads(json.dumps(to_json(step))))
        assert type(again) is type(step)
        assert again.get_params() == step.get_params()
