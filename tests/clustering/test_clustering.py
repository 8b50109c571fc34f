"""Segments with letters that stay, and a certainty that means something."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from seglib import clustering
from seglib.clustering.bootstrap import LOW_AGREEMENT, Agreement, bands, bootstrap_models
from seglib.clustering.kmeans import SegmentKMeans, best_kmeans
from seglib.clustering.labels import correctly_assigned, lettered_by, match_labels, order_values
from seglib.clustering.lettering import lettering
from seglib.clustering.margins import Margins, least_certain
from seglib.clustering.projection import project
from seglib.clustering.segmentation import customer_segments, segment
from seglib.clustering.sensitivity import ALIKE, Sensitivity, sensitivity
from seglib.clustering.sizes import segment_sizes
from seglib.errors import ParameterRefused
from seglib.preprocessing.baseline import baseline_matrix
from seglib.preprocessing.customer import customer_matrix
from seglib.run.run import Run
from seglib.schema.records import AuditRecord, VariableRecord
from seglib.study import Study
from seglib.style.letters import letter
from seglib.style.wording import TRANSACTION


@pytest.fixture
def three(prepared):
    """Matrix of the sample and its burned coupons."""
    _, features = prepared("sample")
    matrix = customer_matrix(features.table).table
    return matrix, features.table["n_burned"]


def test_the_planted_segments_of_the_sample_are_found(three, truth):
    matrix, burned = three
    fit = segment(matrix, k=3, order_by=burned)
    planted = truth.loc[matrix.index, "segment"]
    assert adjusted_rand_score(planted, fit.table["segment"]) >= 0.9


def test_letters_follow_the_order_and_not_the_numbers(three):
    matrix, burned = three
    fits = [segment(matrix, k=3, order_by=burned, seed=seed) for seed in (0, 1)]
    means = burned.groupby(fits[0].table["segment"]).mean()
    assert means.index.tolist() == ["A", "B", "C"]
    assert means.is_monotonic_decreasing
    assert (fits[0].table["segment"] == fits[1].table["segment"]).mean() >= 0.99


def test_row_order_does_not_matter(three):
    matrix, burned = three
    shuffled = matrix.sample(frac=1, random_state=5)
    a = segment(matrix, k=3, order_by=burned)
    b = segment(shuffled, k=3, order_by=burned.loc[shuffled.index])
    assert (a.table["segment"] == b.table.loc[matrix.index, "segment"]).mean() >= 0.99
    assert a.inertia == pytest.approx(b.inertia, rel=1e-3)


def test_confidence_second_segment_and_centres_agree_with_distances(three):
    matrix, burned = three
    fit = segment(matrix, k=3, order_by=burned)
    distances = pd.DataFrame(
        {s: np.linalg.norm(matrix - fit.centres.loc[s], axis=1) for s in fit.centres.index}, index=matrix.index
    )
    assert (distances.idxmin(axis=1) == fit.table["segment"]).all()
    ranked = np.sort(distances, axis=1)
    assert fit.table["margin"].to_numpy() == pytest.approx(1 - ranked[:, 0] / ranked[:, 1], abs=1e-5)
    second = distances.apply(lambda row: row.nsmallest(2).index[1], axis=1)
    assert (second == fit.table["second_segment"]).all()
    assert fit.inertia == pytest.approx((distances.min(axis=1) ** 2).sum())
    assert fit.silhouette == pytest.approx(silhouette_score(matrix, fit.table["segment"]), abs=1e-5)
    assert fit.sizes.to_dict() == fit.table["segment"].value_counts().to_dict()


def test_renumbered_labels_change_no_number(three, monkeypatch):
    matrix, burned = three
    before = segment(matrix, k=3, order_by=burned)

    def renumbered(X, k, **options):
        model = KMeans(k, n_init=options["n_init"], random_state=options["seed"]).fit(X)
        order = [2, 0, 1]
        model.cluster_centers_ = model.cluster_centers_[order]
        model.labels_ = np.argsort(order)[model.labels_].astype(np.int32)
        return model

    monkeypatch.setattr(clustering.kmeans, "best_kmeans", renumbered)
    after = segment(matrix, k=3, order_by=burned)
    pd.testing.assert_frame_equal(before.table, after.table)
    pd.testing.assert_frame_equal(before.centres, after.centres)
    assert before.silhouette == after.silhouette


def test_a_lonely_row_is_an_outlier():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(np.r_[rng.normal(0, 1, (400, 2)), rng.normal(20, 1, (400, 2)), [[9.0, -3.0]]])
    X.index = pd.Index(map(str, range(len(X))), name="customer_id")
    fit = segment(X, k=2, order_by=X[0])
    assert fit.table.index[fit.table["outlier"]].tolist() == ["800"]
    assert fit.table.loc["800", "margin"] < 0.7


@pytest.mark.parametrize("k", [0, 1, 4, 9])
def test_an_impossible_k_is_refused(k):
    X = pd.DataFrame({"x": [0.0, 0, 1, 1, 2]})
    with pytest.raises(ParameterRefused, match=f"k = {k}"):
        segment(X, k=k, order_by=X["x"])


def test_as_many_segments_as_different_rows():
    X = pd.DataFrame({"x": [0.0, 0, 1, 1, 2]})
    fit = segment(X, k=3, order_by=X["x"])
    assert fit.table["segment"].tolist() == ["C", "C", "B", "B", "A"]
    assert fit.inertia == 0
    assert (fit.table["margin"] == 1).all()


def test_equal_means_go_by_size_then_centre():
    X = pd.DataFrame({"x": [0.0, 0.1, 5.0, 5.1, 5.2, 9.0, 9.1]})
    fit = segment(X, k=3, order_by=pd.Series(np.ones(7)))
    assert fit.table["segment"].tolist() == ["B", "B", "A", "A", "A", "C", "C"]


def test_letters_do_not_depend_on_missing_values_of_the_order():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(np.r_[[rng.normal(c, 0.1, (50, 2)) for c in ((0, 0), (9, 0), (0, 9), (9, 9))]].reshape(-1, 2))
    order = pd.Series(np.repeat([1.0, 4.0, 2.0, 3.0], 50))
    order.iloc[[3, 60, 110]] = np.nan
    for seed in range(6):
        letters = segment(X, k=4, order_by=order, n_init=5, seed=seed).table["segment"]
        assert letters.iloc[[0, 50, 100, 150]].tolist() == ["D", "A", "C", "B"]
    order.iloc[:50] = np.nan
    assert segment(X, k=4, order_by=order, n_init=5).table["segment"].iloc[0] == "D"


@settings(max_examples=60)
@given(st.integers(0, 2000))
def test_letters_are_the_columns_of_a_spreadsheet(i):
    name, number = letter(i), 0
    for c in name:
        number = number * 26 + ord(c) - 64
    assert number == i + 1


def test_order_values_follow_the_customer_of_each_row(prepared):
    run, features = prepared("sample")
    matrix = baseline_matrix(run.read("unified")).table
    values = order_values(features.table, "n_burned", matrix.index)
    assert values.index.equals(matrix.index)
    customer = matrix.index[17][0]
    assert values.iloc[17] == features.table.loc[customer, "n_burned"]


@pytest.mark.parametrize("order_by", ["n_burnt", "gender_name", "spend_per_month"])
def test_an_unusable_order_is_refused(prepared, order_by):
    table = prepared("sample")[1].table
    with pytest.raises(ParameterRefused, match="order_by"):
        order_values(table, order_by, table.index)


def test_without_burned_coupons_the_letters_go_by_the_number_of_transactions(lacking):
    table = lacking("status")[0].table
    assert lettered_by(table, "n_burned") == "n_coupons"
    assert lettered_by(table, "recency_days") == "recency_days"
    assert lettered_by(lacking()[0].table, "n_burned") == "n_burned"
    with pytest.raises(ParameterRefused, match="order_by is a numeric feature"):
        order_values(table, "burn_rate", table.index)
    assert (order_values(table, "n_coupons", table.index) == table["n_coupons"]).all()


def test_a_customer_goes_where_most_of_its_rows_are():
    index = pd.MultiIndex.from_tuples(
        [("10", "1"), ("10", "2"), ("10", "3"), ("9", "4"), ("9", "5"), ("8", "6")],
        names=["customer_id", "transaction_id"],
    )
    rows = pd.DataFrame(
        {
            "segment": ["B", "B", "A", "B", "A", "C"],
            "margin": 0.5,
            "second_segment": "A",
            "outlier": [False, True, False, False, False, False],
        },
        index=index,
    )
    table = customer_segments(rows)
    assert table.index.tolist() == ["8", "9", "10"]
    assert table["segment"].tolist() == ["C", "A", "B"]  # on a tie, the earlier letter
    assert table["margin"].tolist() == pytest.approx([1, 0.5, 2 / 3], abs=1e-6)
    assert table["second_segment"].fillna("none").tolist() == ["none", "B", "A"]
    assert table["outlier"].tolist() == [False, False, True]


def test_where_a_row_is_a_customer_nothing_changes(three):
    matrix, burned = three
    fit = segment(matrix, k=3, order_by=burned)
    assert customer_segments(fit.table) is fit.table


@pytest.mark.parametrize(
    ("scale", "inertia", "silhouette"), [(False, 46122.336, 0.410830), (True, 25577.968, 0.502620)]
)
def test_the_original_analysis(workbook, prepared, scale, inertia, silhouette):
    run, features = prepared(workbook)
    matrix = baseline_matrix(run.read("unified"), scale_frequency=scale).table
    order = order_values(features.table, "n_burned", matrix.index)
    fit = segment(matrix, k=3, order_by=order)
    assert fit.inertia == pytest.approx(inertia, abs=1e-3)
    assert fit.silhouette == pytest.approx(silhouette, abs=1e-5)
    assert len(customer_segments(fit.table)) == 989


def test_letters_go_by_burned_coupons_then_coupons_then_the_first_variable():
    features = pd.DataFrame({"n_burned": [1.0, 2.0], "n_coupons": [3.0, 4.0], "age": [30.0, 40.0], "sex": ["m", "f"]})
    study = Study(variables={"sex": VariableRecord("nominal"), "age": VariableRecord("numeric")})
    names_only = Study(variables={"sex": VariableRecord("nominal")})
    unknown = features.assign(n_burned=np.nan)
    ready = unknown.assign(n_coupons=np.nan)
    assert lettered_by(features, "n_burned", study) == "n_burned"
    assert lettered_by(unknown, "n_burned", study) == "n_coupons"
    assert lettered_by(ready, "n_burned", study) == "age"
    assert lettered_by(ready, "sex", study) == "sex"  # as the analyst says; order_values refuses it
    assert lettered_by(ready, "n_burned", names_only) is None


def test_where_there_is_nothing_to_order_by_the_largest_segment_is_a():
    matrix = pd.DataFrame({"x": [0.0] * 3 + [5.0] * 7, "y": np.arange(10) / 100}, pd.Index(map(str, range(10))))
    matrix.index.name = "customer_id"
    order = order_values(pd.DataFrame(index=matrix.index), None, matrix.index)
    assert segment(matrix, k=2, order_by=order, n_init=2).sizes.to_dict() == {"A": 7, "B": 3}


# An estimator as scikit-learn knows it -----------------------------------------------------------------------------


@parametrize_with_checks([SegmentKMeans(n_init=2)])
def test_the_estimator_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


def test_many_rows_are_clustered_from_a_sample_as_well_as_from_all():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(at, 1, (9000, 3)) for at in (0, 3, 6)])
    warm = best_kmeans(X, 3, n_init=5, seed=0)
    assert warm.inertia_ == pytest.approx(KMeans(3, n_init=5, random_state=0).fit(X).inertia_, rel=1e-6)


# Letters that last --------------------------------------------------------------------------------------------------


def by_customer(letters):
    return pd.Series(list(letters), [str(i) for i in range(len(letters))], name="segment")


@pytest.mark.parametrize(
    ("now", "then", "kept"),
    [
        ("AABBCC", "BBCCAA", {"A": "B", "B": "C", "C": "A"}),
        ("AABBB", "ABBAA", {"A": "B", "B": "A"}),  # most customers stay, not every segment its majority
        ("AABBCC", "AAAABB", {"A": "A", "B": "C", "C": "B"}),  # one segment became two: the new one gets a new letter
        ("AAAABB", "AABBCC", {"A": "A", "B": "C"}),  # two became one: B is not given out again
        ("AABB", "CCEE", {"A": "C", "B": "E"}),
    ],
)
def test_letters_are_kept_for_most_customers(now, then, kept):
    assert match_labels(by_customer(now), by_customer(then)) == kept


def test_letters_cannot_be_kept_where_nobody_was_there_before():
    with pytest.raises(ParameterRefused, match="no customer in common"):
        match_labels(by_customer("AB"), by_customer("AB").rename(lambda i: f"x{i}"))


@given(st.lists(st.integers(0, 4), min_size=8, max_size=60), st.permutations(range(5)), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_kept_letters_are_one_to_one_and_undo_a_renumbering(labels, order, seed):
    then = by_customer([letter(i) for i in labels])
    now = then.map({letter(i): letter(order[i]) for i in range(5)})
    kept = match_labels(now, then)
    assert (now.map(kept) == then).all()
    some = now.sample(frac=0.5, random_state=seed)
    if len(some):
        kept = match_labels(now, then[some.index])
        assert len(set(kept.values())) == len(kept)


@pytest.mark.parametrize("change", ["seed", "row order", "other order_by", "half of the customers"])
def test_aligned_letters_stay_for_nearly_all_customers(three, change):
    matrix, burned = three
    before = segment(matrix, k=3, order_by=burned).table["segment"]
    rows, by, seed = matrix, burned, 0
    if change == "seed":
        seed = 11
    elif change == "row order":
        rows = matrix.sample(frac=1, random_state=3)
    elif change == "other order_by":
        by = -burned
    else:
        rows = matrix.sample(frac=0.5, random_state=4)
    after = segment(rows, k=3, order_by=by.loc[rows.index], align_to=before, seed=seed)
    assert (after.table["segment"] == before.loc[rows.index]).mean() >= 0.99
    assert list(after.centres.index) == sorted(after.centres.index)
    assert (after.sizes == after.table["segment"].value_counts().sort_index()).all()


# How sure? ----------------------------------------------------------------------------------------------------------


def models_of(matrix, fit, **options):
    models = bootstrap_models(matrix.to_numpy(), fit.centres.to_numpy(), **options)
    return pd.Series(models.agreement(matrix.to_numpy(), fit.numbers.to_numpy()), matrix.index)


def test_everybody_agrees_on_what_lies_apart_and_nobody_is_sure_on_a_border():
    rng = np.random.default_rng(1)
    apart = pd.DataFrame(np.concatenate([rng.normal(at, 0.1, (40, 2)) for at in (0, 5, 10)]))
    fit = segment(apart, k=3, order_by=apart[0], n_init=5)
    assert (models_of(apart, fit, n_models=20) == 1).all()
    one = pd.DataFrame({"x": rng.uniform(0, 1, 400)})  # cut in two, somewhere in the middle
    fit = segment(one, k=2, order_by=one["x"], n_init=5)
    agreement = models_of(one, fit, n_models=40)
    border = (one["x"] - fit.centres["x"].mean()).abs()
    assert agreement[border < 0.01].mean() < 0.9
    assert agreement[border > 0.2].min() == 1


def test_agreement_is_the_same_again_and_lies_between_0_and_1(three):
    matrix, burned = three
    fit = segment(matrix, k=4, order_by=burned, n_init=5)
    first, again = (models_of(matrix, fit, n_models=10, sample_rows=400, seed=3) for _ in range(2))
    pd.testing.assert_series_equal(first, again)
    assert first.between(0, 1).all()
    assert first.nunique() > 1


@pytest.mark.parametrize("separation", ["medium", "strong"])
def test_who_agreement_is_sure_of_is_more_often_right(generated, prepared, separation):
    folder, truth = generated(customers=600, transactions=4800, segments=3, separation=separation, seed=21)
    _, features = prepared(folder)
    matrix = customer_matrix(features.table, described=features.features, unreliable=features.unreliable).table
    fit = segment(matrix, k=3, order_by=features.table["n_burned"], n_init=10)
    agreement = models_of(matrix, fit, n_models=40)
    right = correctly_assigned(fit.table["segment"], truth.loc[matrix.index, "segment"])
    assert right[agreement >= 0.95].mean() > right[agreement < 0.95].mean() + 0.1


def test_bands_are_counted_by_hand():
    agreement = pd.Series([0.1, 0.5, 0.79, 0.8, 0.95, 1.0])
    names = ["0% to 50%", "50% to 80%", "50% to 80%", "80% to 95%", "95% to 100%", "95% to 100%"]
    assert bands(agreement).tolist() == names
    segments = pd.DataFrame({"segment": "A", "agreement": agreement, "margin": [0, 0.2, 0.4, 0.5, 0.6, 1]})
    result = Agreement(segments, 20)
    table = result.table.set_index("agreement")
    assert table["customers"].tolist() == [1, 2, 1, 2]
    assert table["median_confidence"].tolist() == pytest.approx([0, 0.3, 0.5, 0.8])
    assert table["share"].sum() == pytest.approx(1)
    assert result.text == "For 67% of the customers fewer than 95% of the models agree."
    assert f"67% of customers lie below {LOW_AGREEMENT}" in result.alt
    assert result.caption == "20 models of bootstrap samples; 6 customers."


def test_segments_are_matched_with_the_truth_one_to_one():
    segments, truth = by_customer("AABBBC"), by_customer("yyxxyz")
    assert correctly_assigned(segments, truth).tolist() == [True, True, True, True, False, True]


# What the notebook shows ----------------------------------------------------------------------------------------------


def test_the_fit_says_what_was_clustered_and_how_well(three):
    matrix, burned = three
    fit = segment(matrix, k=3, order_by=burned, n_init=2)
    assert fit.text.startswith(f"3 segments of {len(matrix):,} rows (one a customer): inertia {fit.inertia:,.1f}, mean")
    assert fit.numbers.map(dict(enumerate("ABC"))).equals(fit.table["segment"])


def test_the_lettering_says_by_what_the_letters_go():
    matrix = pd.DataFrame({"x": [0.0] * 3 + [5.0] * 7, "y": np.arange(10) / 100}, pd.Index(map(str, range(10))))
    matrix.index.name = "customer_id"
    order = pd.Series([4.0] * 3 + [2.0] * 7, matrix.index)
    fit = segment(matrix, k=2, order_by=order, n_init=2)
    result = lettering(fit, order, feature="n_burned", requested="n_burned")
    assert result.table.to_dict("list") == {
        "segment": ["A", "B"],
        "rows": [3, 7],
        "share": [0.3, 0.7],
        "mean_n_burned": [4, 2],
    }
    assert result.text == "Letters go by the mean of their number of coupons burned: A has the greatest."
    assert result.caption == "Rows by segment, lettered by number of coupons burned"
    other = lettering(fit, order, feature="n_coupons", requested="n_burned")
    assert other.text == (
        "Letters go by the mean of their number of coupons: A has the greatest "
        "(number of coupons burned is not recorded here)."
    )
    bought = lettering(fit, order, feature="n_coupons", requested="n_burned", wording=TRANSACTION)
    assert bought.text == "Letters go by the mean of their number of transactions: A has the greatest."
    words = lettering(fit, order, feature="n_coupons", requested="n_coupons", wording=TRANSACTION)
    assert words.caption == "Rows by segment, lettered by number of transactions"
    by_size = lettering(fit, order, feature=None, requested="n_burned")
    assert by_size.text.startswith(
        "Letters go by size: A is the largest (number of coupons burned is not recorded here)."
    )
    assert list(by_size.table) == ["segment", "rows", "share"]
    aligned = lettering(fit, order, feature="n_burned", requested="n_burned", align_to="spring")
    assert aligned.text == "Letters are those of run spring, kept for as many customers as possible."


def test_sizes_count_customers_and_those_who_are_split():
    segments = pd.DataFrame({"segment": ["B", "A", "A", "A"], "margin": [1.0, 0.2, 0.4, 0.9]}, index=list("wxyz"))
    index = pd.MultiIndex.from_tuples([("w", 1), ("w", 2), ("x", 3), ("y", 4), ("z", 5)], names=["customer_id", "t"])
    sizes = segment_sizes(segments, pd.DataFrame({"segment": list("BAAAA")}, index))
    assert sizes.table.to_dict("list") == {
        "segment": ["A", "B"],
        "customers": [3, 1],
        "share": [0.75, 0.25],
        "median_margin": [0.4, 1.0],
    }
    assert sizes.text == (
        "4 customers have a segment; 1 of them (25.0%) have rows in more than one, so a letter describes only part of "
        "what they do."
    )
    assert sizes.range == "2 segments, from 25% to 75% of 4 customers."
    assert sizes.alt == "Bar chart of customers by segment: A 3 and B 1."


@pytest.mark.parametrize("artefact", ["segments", "assignments"])
def test_files_in_which_the_margin_was_called_confidence_are_still_read(tmp_path, artefact):
    run = Run("old", base=tmp_path)
    run.write(artefact, pd.DataFrame({"segment": ["A"], "confidence": [0.4]}, pd.Index(["7"], name="customer_id")))
    with pytest.warns(UserWarning, match="'confidence' is now called 'margin'"):
        assert run.read(artefact)["margin"].tolist() == [0.4]


def test_margins_say_what_applies_to_the_grain():
    segments = pd.DataFrame({"segment": list("AABB"), "margin": [0.1, 1.0, 0.3, 1.0]})
    by_customer = Margins(segments)
    assert by_customer.text == "The median customer has a confidence of 0.65. 25% lie near a border."
    assert by_customer.alt == "Confidence of the members of each segment, sorted; 25% lie below 0.2."
    assert by_customer.table["near_border"].tolist() == [0.5, 0]
    of_transactions = Margins(segments, "transaction")
    assert of_transactions.text.endswith("50% of customers have all their coupons in one segment.")


def test_the_least_certain_come_first_under_the_published_name():
    segments = pd.DataFrame(
        {"segment": "A", "margin": np.linspace(1, 0, 8), "probability": [1, 1, 0.5, 1, 1, 1, 1, 0.5], "outlier": False},
        pd.Index(list("abcdefgh"), name="customer_id"),
    )
    result = least_certain(segments)
    assert result.table["customer_id"].tolist() == list("hcgfe")
    assert "confidence" in result.table
    assert "margin" not in result.table
    assert result.text.startswith("0 customers are outliers")


def test_a_projection_has_the_variance_of_the_principal_components(three):
    matrix, burned = three
    fit = segment(matrix, k=3, order_by=burned, n_init=2)
    projection = project(matrix, fit.table["segment"])
    theirs = PCA(2).fit(matrix)
    assert projection.explained == pytest.approx(theirs.explained_variance_ratio_)
    ours = projection.table[["first", "second"]].abs()
    drawn = np.random.default_rng(0).permutation(len(matrix))[:2000]
    assert ours.to_numpy() == pytest.approx(np.abs(theirs.transform(matrix))[drawn])
    assert projection.table["segment"].tolist() == fit.table["segment"].iloc[drawn].tolist()
    assert 1 <= len(projection.arrows) <= 4


def test_one_column_is_the_only_dimension():
    matrix = pd.DataFrame({"x": [0.0, 1, 5, 6]})
    projection = project(matrix, pd.Series(list("AABB")))
    assert projection.text == "The only dimension there is"
    assert projection.arrows.empty
    assert (projection.table["second"] == 0).all()


# Had it been done otherwise -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sensitive(prepared):
    """Return the sensitivity of the segments of the sample, and what it was asked with."""
    _, features = prepared("sample")
    matrix = customer_matrix(features.table, described=features.features, unreliable=features.unreliable)
    recipe = matrix.record(features, AuditRecord())
    fit = segment(matrix.table, k=3, order_by=features.table["n_burned"])
    arguments = {"features": features.table, "recipe": recipe, "study": features.study}
    return sensitivity(matrix.table, fit, **arguments), matrix.table, fit, arguments


def test_strong_segments_withstand_what_does_not_matter(sensitive):
    table = sensitive[0].table.set_index(["change", "variant"])
    assert {change for change, _ in table.index} == {
        "algorithm",
        "contrast",
        "scale",
        "weight of gender and city",
        "outliers",
        "number of segments",
        "seed",
    }
    for change in ("seed", "outliers", "scale", "algorithm"):
        assert table.loc[change, "ari"].min() >= 0.8
    assert table.loc[("weight of gender and city", "2"), "ari"] < 0.8  # gender and city make the segments then
    assert table["kept"].between(0, 1).all()
    assert table.loc[("number of segments", "4"), "k"] == 4


def test_the_sentence_says_what_the_table_says(sensitive):
    result = sensitive[0]
    judged = result.table[~result.table["change"].isin(["contrast", "number of segments"])]
    worst = judged.sort_values("ari").iloc[0]
    assert f"{(judged['ari'] >= ALIKE).sum()} of {len(judged)} changes" in result.text
    assert f"{worst['change']} ({worst['variant']})" in result.text
    firm = Sensitivity(judged[judged["ari"] >= ALIKE], result.n_rows)
    assert f"under all {len(firm.table)} changes" in firm.text


def test_renumbered_segments_are_as_sensitive(sensitive):
    result, matrix, fit, arguments = sensitive
    letters = fit.table["segment"].map({"A": "C", "B": "A", "C": "B"})
    renamed = replace(fit, table=fit.table.assign(segment=letters))
    pd.testing.assert_frame_equal(sensitivity(matrix, renamed, **arguments).table, result.table)


def test_a_sample_stands_for_many_rows(sensitive):
    _, matrix, fit, arguments = sensitive
    table = sensitivity(matrix, fit, **arguments, sample_rows=500).table
    assert table["rows"].max() == 500
    assert table.loc[table["change"] == "seed", "ari"].min() > 0.8


def test_transactions_are_clustered_otherwise_too(lacking):
    features, unified, _ = lacking()
    baseline = baseline_matrix(unified)
    matrix, recipe = baseline.table, baseline.record(features, AuditRecord())
    order = order_values(features.table, "n_burned", matrix.index)
    fit = segment(matrix, k=3, order_by=order, n_init=3)
    table = sensitivity(
        matrix, fit, features=features.table, recipe=recipe, rows=unified, sample_rows=800, n_init=3
    ).table
    assert ("scale", "frequency not scaled") in set(zip(table["change"], table["variant"], strict=True))


def test_a_segment_that_no_sample_finds_wins_no_row():
    X = np.array([[0.0], [0.0], [0.0], [5.0]])  # most samples of two rows hold one value only
    models = bootstrap_models(X, np.array([[0.0], [5.0]]), n_models=30, sample_rows=2)
    share = models.agreement(X, np.array([0, 0, 0, 1]))
    assert (share[:3] == share[0]).all()
    assert 0 < share[3] < 1
