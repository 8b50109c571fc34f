"""Rules in plain words: they give nearly the segments, and SQL gives what they give."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from seglib.clustering.labels import order_values
from seglib.clustering.segmentation import customer_segments, segment
from seglib.errors import ParameterRefused
from seglib.interpretation.surrogate_tree.rules import fit_surrogate_tree
from seglib.interpretation.surrogate_tree.tree import readable
from seglib.preprocessing.baseline import baseline_matrix
from seglib.preprocessing.customer import customer_matrix
from seglib.schema.records import VariableRecord
from seglib.study import Study


def in_sql(rules, features):
    """Return the segments that the CASE gives on DuckDB."""
    table = features.rename_axis("customer_id").reset_index()
    con = duckdb.connect()
    con.register("features", table)
    return con.sql(f"SELECT customer_id, {rules.sql} AS segment FROM features").df().set_index("customer_id")["segment"]


def agree(rules, features):
    by_sql = in_sql(rules, features)
    assert by_sql.loc[features.index].tolist() == rules.predict(features).tolist()


@pytest.fixture
def clustered(prepared):
    """(features, matrix, fit of k segments) of the committed sample."""
    run, features = prepared("sample")
    matrix = customer_matrix(features.table)

    def fit(k):
        order = features.table["n_burned"]
        return features.table, matrix, segment(matrix.table, k=k, order_by=order, n_init=5)

    fit.run = run
    return fit


@pytest.mark.parametrize("k", [3, 5, 8])
def test_rules_put_most_customers_into_their_segment(clustered, k):
    features, matrix, fit = clustered(k)
    letters = fit.table["segment"]
    rules = fit_surrogate_tree(features, letters, matrix.table, sources=matrix.sources, inertia=fit.inertia)
    assert rules.fidelity == pytest.approx((rules.predict(features) == letters).mean(), abs=1e-6)
    assert rules.fidelity >= 0.9
    assert 0.9 <= rules.fidelity_cv <= rules.fidelity + 0.01
    assert 1 <= rules.cost_ratio < 1.2
    assert len(rules.table) == len(rules.sentences) <= 2 * k
    assert rules.table["customers"].sum() == len(features)
    right = (rules.table["precision"] * rules.table["customers"]).sum()
    assert right == pytest.approx(rules.fidelity * len(features), abs=0.01)
    agree(rules, features)


def test_rules_of_many_customers_are_made_from_a_sample_and_counted_on_everybody(clustered):
    features, matrix, fit = clustered(3)
    letters, given = fit.table["segment"], {"sources": matrix.sources, "inertia": fit.inertia}
    rules = fit_surrogate_tree(features, letters, matrix.table, sample_customers=700, **given)
    assert rules.drawn == 700
    assert "The rules were made from 700 customers, drawn at random." in rules.text
    assert rules.table["customers"].sum() == len(features)
    assert rules.fidelity == pytest.approx((rules.predict(features) == letters).mean(), abs=1e-6)
    assert rules.fidelity >= 0.9
    agree(rules, features)
    everybody = fit_surrogate_tree(features, letters, matrix.table, **given)
    assert everybody.drawn is None
    assert "drawn at random" not in everybody.text


def test_the_cost_ratio_is_that_of_the_groups_that_the_rules_make(clustered):
    features, matrix, fit = clustered(3)
    rules = fit_surrogate_tree(
        features, fit.table["segment"], matrix.table, sources=matrix.sources, inertia=fit.inertia
    )
    predicted, X = rules.predict(features), matrix.table
    within = ((X - X.groupby(predicted).transform("mean")) ** 2).to_numpy().sum()
    assert rules.cost_ratio == pytest.approx(within / fit.inertia, abs=1e-6)


def test_rounded_rules_do_what_the_tree_of_scikit_learn_does(clustered):
    features, matrix, fit = clustered(4)
    numbers = [name for name in matrix.sources if name not in matrix.nominal]
    letters = fit.table["segment"]
    rules = fit_surrogate_tree(features, letters, matrix.table, sources=numbers, seed=1)
    fewest = max(1, min(20, len(features) // 200))
    tree = DecisionTreeClassifier(max_leaf_nodes=8, min_samples_leaf=fewest, random_state=1)
    theirs = tree.fit(features[numbers].rank(method="dense"), letters).predict(features[numbers].rank(method="dense"))
    assert (rules.predict(features) == theirs).mean() >= 1 - 7 * 0.001


def test_rules_read_as_sentences(clustered):
    features, matrix, fit = clustered(3)
    rules = fit_surrogate_tree(features, fit.table["segment"], matrix.table, sources=matrix.sources)
    for row, sentence in zip(rules.table.itertuples(), rules.sentences, strict=True):
        assert sentence.startswith(row.conditions)
        assert f"→ {row.segment} ({row.customers:,} customer" in sentence
        assert "_" not in sentence
    assert rules.table["segment"].is_monotonic_increasing
    assert f"{rules.fidelity:.1%}" in rules.text


def test_the_recipe_of_the_original_analysis_has_rules_too(clustered):
    features, _, _ = clustered(3)
    matrix = baseline_matrix(clustered.run.read("unified"))
    order = order_values(features, "n_burned", matrix.table.index)
    fit = segment(matrix.table, k=3, order_by=order, n_init=3)
    letters = customer_segments(fit.table)["segment"].reindex(features.index)
    rules = fit_surrogate_tree(features, letters, matrix.table, sources=matrix.sources, inertia=fit.inertia)
    assert rules.fidelity > 0.6
    assert rules.cost_ratio >= 1
    agree(rules, features)


# Hostile names, missing values --------------------------------------------------------------------------------------

OF_X = Study(variables={"x": VariableRecord("numeric")})
HOSTILE = ["it's", 'a "quoted" one', "x; DROP TABLE features --", "a$b", "\\", "الإسكندرية", "unknown"]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), gaps=st.sampled_from([0.0, 0.2, 0.9]))
def test_sql_and_rules_agree_whatever_the_data(seed, gaps):
    rng = np.random.default_rng(seed)
    n = 120
    features = pd.DataFrame(
        {
            "we \"ird' $": rng.normal(0, 10.0 ** rng.integers(-6, 7), n),
            "whole": rng.integers(-3, 4, n).astype(float),
            "town": rng.choice(HOSTILE, n),
            "yes": rng.integers(0, 2, n).astype(float),
        },
        index=[f"c{i}" for i in range(n)],
    )
    for column in features:
        features[column] = features[column].where(rng.random(n) >= gaps, np.nan if column != "town" else None)
    features = features.dropna(axis=1, how="all")
    kinds = {"town": "nominal", "yes": "binary"}
    study = Study(variables={column: VariableRecord(kinds.get(column, "numeric")) for column in features})
    letters = pd.Series(rng.choice(list("ABC"), n), features.index)
    if "town" in features:
        letters = letters.mask(features["town"].isin(HOSTILE[:2]), "A").mask(features["town"].isna(), "B")
    matrix = pd.DataFrame({"x": rng.normal(size=n)}, features.index.rename("customer_id"))
    rules = fit_surrogate_tree(
        features.assign(n_burned=np.nan), letters, matrix, sources=list(features), study=study, most_rules=12
    )
    agree(rules, features)
    gone = features.copy()  # also where nothing was missing when the rules were made
    for column in gone:
        gone[column] = gone[column].where(rng.random(n) > 0.5, np.nan if column != "town" else None)
    agree(rules, gone)


def test_a_missing_value_goes_where_the_tree_of_scikit_learn_sends_it():
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    letters = pd.Series(np.where(x > 0.5, "B", "A"))
    x[:60] = np.nan
    letters[:60] = "B"
    features, index = pd.DataFrame({"x": x, "n_burned": np.nan}), pd.Index(range(400), name="customer_id")
    features.index = letters.index = index
    matrix = pd.DataFrame({"x": np.nan_to_num(x)}, index)
    rules = fit_surrogate_tree(features, letters, matrix, sources=["x"], study=OF_X)
    theirs = (
        DecisionTreeClassifier(max_leaf_nodes=4, random_state=0).fit(features[["x"]], letters).predict(features[["x"]])
    )
    assert (rules.predict(features) == theirs).all()
    assert rules.fidelity == 1
    assert any("(or it is not known)" in sentence for sentence in rules.sentences)
    agree(rules, features)


def test_being_known_can_be_the_question():
    index = pd.Index([str(i) for i in range(100)], name="customer_id")
    features = pd.DataFrame({"x": np.where(np.arange(100) < 50, np.nan, np.arange(100.0)), "n_burned": 0}, index)
    letters = pd.Series(np.where(np.arange(100) < 50, "A", "B"), index)
    matrix = pd.DataFrame({"x": np.arange(100.0)}, index)
    rules = fit_surrogate_tree(features, letters, matrix, sources=["x"], study=OF_X)
    assert rules.fidelity == 1
    more = pd.DataFrame({"x": [1e9, -1e9, np.nan]}, ["p", "q", "r"])
    assert rules.predict(more)["r"] == "A"
    agree(rules, more)


@given(values=st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 6)), min_size=2, unique=True), data=st.data())
def test_readable_thresholds_cut_where_they_should(values, data):
    ordered = np.sort(np.array(values))
    place = data.draw(st.integers(0, len(ordered) - 2))
    bound = readable(ordered, ordered[place], ordered[place + 1], 0)
    assert (ordered <= bound).sum() == place + 1
    near = readable(ordered, ordered[place], ordered[place + 1], 1)
    assert abs((ordered <= near).sum() - (place + 1)) <= 1
    assert len(f"{near:.12g}") <= len(f"{bound:.12g}")


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"sources": ["recency"]}, "none is a feature"),
        ({"most_rules": 1}, "most_rules is at least 2"),
        ({"n_folds": 1}, "n_folds is at least 2"),
        ({"letters": 5}, "customers have features and no segment"),
    ],
)
def test_what_cannot_be_is_refused(clustered, bad, why):
    features, matrix, fit = clustered(3)
    letters = fit.table["segment"].iloc[bad.pop("letters", 0) :]
    options = {"sources": matrix.sources} | bad
    with pytest.raises(ParameterRefused, match=why):
        fit_surrogate_tree(features, letters, matrix.table, **options)


def test_one_segment_needs_no_question_and_rules_ask_for_their_columns(clustered):
    features, matrix, fit = clustered(3)
    same = pd.Series("A", features.index)
    rules = fit_surrogate_tree(features, same, matrix.table, sources=matrix.sources)
    assert (rules.fidelity, rules.sql, rules.columns) == (1.0, "'A'", ())
    assert rules.sentences[0].startswith("everybody")
    rules = fit_surrogate_tree(features, fit.table["segment"], matrix.table, sources=matrix.sources)
    with pytest.raises(ParameterRefused, match="not there"):
        rules.predict(features[["recency_days"]])
