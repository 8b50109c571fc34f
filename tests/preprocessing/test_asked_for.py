"""What the mapping file asks to segment by is what is used: with its weight, and on its scale."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans

from seglib.clustering.kmeans import best_kmeans
from seglib.errors import ParameterRefused
from seglib.ingest.mapping.file import parse, read_mapping
from seglib.preprocessing.audit import audit
from seglib.preprocessing.build import CustomerOptions
from seglib.preprocessing.customer import customer_matrix
from seglib.preprocessing.inverse import in_original_units
from seglib.preprocessing.ranges import number_ranges
from seglib.preprocessing.rebuild import rebuild_matrix
from seglib.preprocessing.weights import NAMES_NEITHER, compare_demographic_weights
from seglib.schema.records import RecipeRecord, VariableRecord
from seglib.study import Study


def variables(text, tmp_path):
    """The variables of a mapping file, as later notebooks know them."""
    path = tmp_path / "mapping.yaml"
    path.write_text(f"tables: {{customers: {{segment_by: {text}}}}}", encoding="utf-8")
    return {name: variable.record for name, variable in parse(read_mapping(path)).variables.items()}


def matrix_of(table, declared, **options):
    return customer_matrix(table, described=Study(variables=declared).describe(table), **options)


@pytest.fixture
def mall():
    """A table in the form of a well-known one: gender beside income and a score that fall into five groups."""
    rng = np.random.default_rng(5)
    centres = np.array([[25, 20], [25, 80], [55, 50], [88, 18], [88, 82]])
    group = np.repeat(range(5), [23, 22, 81, 35, 39])
    points = centres[group] + rng.normal(0, 6, (200, 2))
    index = pd.Index([str(i) for i in range(200)], name="customer_id")
    gender = rng.choice(["Female", "Male"], 200)
    table = pd.DataFrame({"gender_name": gender, "income": points[:, 0], "score": points[:, 1]}, index)
    return table, group


def test_gender_builds_segments_only_if_the_mapping_asks_for_it(mall):
    table, group = mall
    two = {"income": VariableRecord("numeric"), "score": VariableRecord("numeric")}
    matrix = matrix_of(table, two)
    assert list(matrix.table) == ["income", "score"]
    assert matrix.left_out == {"gender_name": "not named in segment_by"}
    labels = KMeans(5, n_init=10, random_state=0).fit_predict(matrix.table)
    assert pd.crosstab(labels, group).gt(0).sum().sum() == 5  # each of the five groups is one cluster
    matrix = matrix_of(table.assign(sex=table["gender_name"]), two | {"sex": VariableRecord("nominal")})
    assert list(matrix.table) == ["income", "score", "sex_Female", "sex_Male"]


def test_gender_builds_segments_if_the_parameter_names_it(mall):
    table, _ = mall
    two = {"income": VariableRecord("numeric"), "score": VariableRecord("numeric")}
    matrix = matrix_of(table, two, segment_by=["income", "gender_name"], demographic_weight=2.0)
    assert matrix.sources == ["gender_name", "income"]
    assert matrix.made_of("gender_name").var(ddof=0).sum() == pytest.approx(0.5 * 2**2)
    by_name = matrix_of(table, two, segment_by=["income", "score"])
    assert by_name.sources == ["income", "score"]


def test_a_matrix_without_gender_is_rebuilt_without_it(mall):
    table, _ = mall
    two = {"income": VariableRecord("numeric"), "score": VariableRecord("numeric", weight=3)}
    matrix = matrix_of(table, two)
    recipe = RecipeRecord("customer", "customer", "structure", options=matrix.options, sources=tuple(matrix.sources))
    rebuilt = rebuild_matrix(table, recipe, described=Study(variables=two).describe(table))
    pd.testing.assert_frame_equal(rebuilt.table, matrix.table, check_exact=True)


def test_a_weight_multiplies_differences(mall):
    table, _ = mall
    table = table.assign(plan=np.where(np.arange(200) % 4, "a", "b"))
    declared = {
        "income": VariableRecord("numeric", weight=2.0),
        "score": VariableRecord("numeric"),
        "plan": VariableRecord("nominal", weight=0.5),
    }
    matrix = matrix_of(table, declared)
    spread = matrix.table.std(ddof=0)
    assert spread["income"] == pytest.approx(2.0)
    assert spread["score"] == pytest.approx(1.0)
    assert matrix.made_of("plan").var(ddof=0).sum() == pytest.approx(0.5 * 0.5**2)
    back = in_original_units(matrix, matrix.table)
    assert back["income"].to_numpy() == pytest.approx(table["income"].to_numpy())


@pytest.fixture
def items():
    """Eleven answers of yes or no, as a survey on a brand has them."""
    rng = np.random.default_rng(11)
    profile = rng.uniform(0.1, 0.9, (4, 11))
    answers = (rng.uniform(size=(600, 11)) < profile[rng.integers(0, 4, 600)]).astype(float)
    index = pd.Index([str(i) for i in range(600)], name="customer_id")
    return pd.DataFrame(answers, index, [f"item{i}" for i in range(11)])


@pytest.mark.parametrize("where", ["variables", "parameter"])
def test_yes_and_no_stay_0_and_1(items, where):
    """The sum of squares is that of scikit-learn on the bare answers, as published analyses of such items state it."""
    own = "none" if where == "variables" else None
    declared = {name: VariableRecord("binary", scaling=own) for name in items}
    matrix = matrix_of(items, declared, scaling="none" if own is None else "standard")
    assert matrix.table.to_numpy().tolist() == items.to_numpy().tolist()
    expected = KMeans(4, n_init=50, random_state=1).fit(items.to_numpy()).inertia_
    assert best_kmeans(matrix.table.to_numpy(), 4, n_init=50, seed=1).inertia_ == pytest.approx(expected, rel=1e-9)
    assert number_ranges(matrix).text == "There is no number in this matrix."
    assert audit(matrix).clean, audit(matrix).text


def test_a_missing_answer_is_the_commoner_one(items):
    table = items.copy()
    table.iloc[:5, 0] = np.nan
    commoner = float(items.iloc[5:, 0].mean() > 0.5)
    matrix = matrix_of(table, {name: VariableRecord("binary", scaling="none") for name in items})
    assert matrix.table["item0"].iloc[:5].tolist() == [commoner] * 5


def test_each_variable_has_its_own_scale(items, mall):
    table = mall[0].assign(item=items["item0"].to_numpy()[:200])
    declared = {
        "income": VariableRecord("numeric", scaling="none"),
        "score": VariableRecord("numeric", scaling="robust", weight=2),
        "item": VariableRecord("binary", weight=3),
    }
    matrix = matrix_of(table, declared)
    assert matrix.table["income"].tolist() == table["income"].tolist()
    low, high = table["score"].quantile([0.25, 0.75])
    # the interquartile range of a standard normal distribution is 1.349
    scaled = 2 * (table["score"] - table["score"].median()) / (high - low) * 1.3489795
    assert matrix.table["score"].to_numpy() == pytest.approx(scaled.to_numpy(), rel=1e-6)
    assert matrix.made_of("item").var(ddof=0).sum() == pytest.approx(0.5 * 3**2)


def test_answers_that_are_one_are_found_although_they_are_not_scaled(items):
    table = items.assign(item1=items["item0"])
    declared = {name: VariableRecord("binary", scaling="none") for name in table}
    found = audit(matrix_of(table, declared)).table.query("found")
    assert {"levels", "duplicate"} <= {*found["check"]}


def test_the_mapping_says_weight_and_scale(tmp_path):
    text = (
        "{a: {kind: binary, scaling: none, weight: 2}, b: {kind: numeric, scaling: robust}, "
        "c: {kind: nominal, weight: 0.5}}"
    )
    assert variables(text, tmp_path) == {
        "a": VariableRecord("binary", weight=2.0, scaling="none"),
        "b": VariableRecord("numeric", scaling="robust"),
        "c": VariableRecord("nominal", weight=0.5),
    }


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{kind: numeric, weight: 0}", "weight is a number above 0 and at most 1000, not '0'; .* under descriptors"),
        ("{kind: numeric, weight: -1}", "weight is a number above 0"),
        ("{kind: numeric, weight: nan}", "weight is a number above 0"),
        ("{kind: numeric, weight: much}", "weight is a number above 0"),
        ("{kind: numeric, weight: [1]}", "weight: expected a word"),
        ("{kind: binary, scaling: minmax}", "scaling is one of standard, robust, none, not 'minmax'"),
        ("{kind: binary, scaling: {a: b}}", "scaling: expected a word"),
        ("{kind: nominal, scaling: none}", "unknown 'scaling'"),
    ],
)
def test_a_wrong_weight_or_scale_is_refused_by_name(entry, message, tmp_path):
    with pytest.raises(ParameterRefused, match=rf"segment_by\.a.*{message}"):
        variables(f"{{a: {entry}}}", tmp_path)


def test_where_gender_is_not_named_there_is_nothing_to_weigh(prepared):
    features = prepared("sample")[1]
    weights = compare_demographic_weights(
        features, (0, 1), options=CustomerOptions(segment_by="burn_rate, recency_days")
    )
    assert (weights.alt, weights.text) == ("", NAMES_NEITHER)
    weights = compare_demographic_weights(features, (0, 1), options=CustomerOptions(segment_by="burn_rate, city_name"))
    assert weights.table.loc["city_name", 1] > 0
