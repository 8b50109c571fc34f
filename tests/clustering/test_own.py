"""An algorithm of the analyst's own: its labels by customer, and what of it is handed out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from seglib.clustering.given import given_labels, segments_given
from seglib.clustering.own import own_labels
from seglib.clustering.segmentation import segment
from seglib.errors import ParameterRefused
from seglib.ingest.labels import LabelsFile
from seglib.schema.records import ClusteringRecord

NO_FILE = LabelsFile()


@pytest.fixture
def matrix():
    """Three groups of twelve customers, far apart, and one customer who is far from everybody."""
    rng = np.random.default_rng(0)
    points = np.vstack([rng.normal(centre, 0.3, (12, 2)) for centre in ((0, 0), (9, 0), (0, 9))] + [[[40.0, 40.0]]])
    index = pd.Index([f"c{number:02d}" for number in range(len(points))], name="customer_id")
    return pd.DataFrame(points, index, ["x", "y"])


def by_hand(matrix):
    return np.repeat(["p", "q", "r", "s"], [12, 12, 12, 1])


def test_without_an_algorithm_the_file_counts(matrix):
    assert own_labels(None, matrix, otherwise=NO_FILE) is NO_FILE


def test_an_algorithm_and_a_file_are_one_too_many(matrix):
    file = LabelsFile("agency.csv", "0" * 64, pd.Series({"c00": "a"}))
    with pytest.raises(ParameterRefused, match=r"from 'agency.csv' and from an algorithm") as refused:
        own_labels(KMeans(3), matrix, otherwise=file)
    assert refused.value.parameter == ("labels",)


class OnlyFit:
    """An algorithm that is not of scikit-learn, as many packages have them: ``fit``, then ``labels_``."""

    def fit(self, X):
        self.labels_ = KMeans(4, n_init=10, random_state=0).fit_predict(X)
        return self


class FitAndPredict:
    def fit(self, X):
        self.model = KMeans(4, n_init=10, random_state=0).fit(X)
        return self

    def predict(self, X):
        return self.model.predict(X)


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [
        (AgglomerativeClustering(n_clusters=4), "AgglomerativeClustering"),
        (GaussianMixture(4, n_init=10, covariance_type="spherical"), "GaussianMixture"),
        (make_pipeline(StandardScaler(), AgglomerativeClustering(n_clusters=4)), "AgglomerativeClustering"),
        (OnlyFit(), "OnlyFit"),
        (FitAndPredict(), "FitAndPredict"),
        (by_hand, "by_hand"),
        (lambda X: by_hand(X), "a function"),
        (list(np.repeat([0, 1, 2, 3], [12, 12, 12, 1])), "labels of the analyst"),
        (np.repeat([0.0, 1.0, 2.0, 3.0], [12, 12, 12, 1]), "labels of the analyst"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_of_algorithm_gives_its_labels(matrix, algorithm, name):
    labelled = own_labels(algorithm, matrix, otherwise=NO_FILE)
    assert labelled.file == name
    assert labelled.labels.index.equals(matrix.index)
    assert adjusted_rand_score(labelled.labels, by_hand(matrix)) == 1
    assert not any("." in label for label in labelled.labels)


def test_a_series_by_customer_is_matched_by_id_and_may_lack_some(matrix):
    labels = pd.Series(by_hand(matrix), matrix.index).sample(frac=1, random_state=0).iloc[:-3]
    labelled = own_labels(labels, matrix, otherwise=NO_FILE)
    assert labelled.labels.to_dict() == labels.to_dict()


def test_a_seed_is_passed_down_and_the_algorithm_is_not_changed(matrix):
    noisy = matrix * 0 + np.random.default_rng(1).normal(size=matrix.shape)
    inner = KMeans(5, n_init=1)
    for algorithm in (inner, make_pipeline(StandardScaler(), inner)):
        digests = {own_labels(algorithm, noisy, otherwise=NO_FILE, seed=seed).sha256 for seed in (0, 0, 1, 2, 3)}
        assert 1 < len(digests) <= 4
    assert inner.random_state is None
    assert not hasattr(inner, "labels_")
    fixed = KMeans(5, n_init=1, random_state=7)
    assert len({own_labels(fixed, noisy, otherwise=NO_FILE, seed=seed).sha256 for seed in range(5)}) == 1


@pytest.mark.parametrize(
    ("algorithm", "message"),
    [
        (KMeans, r"KMeans is a class: write KMeans\(\)"),
        ([0, 1], "gives 2 labels, and there are 37 rows"),
        (lambda X: np.arange(len(X)), "makes 37 segments; at most 26"),
    ],
)
def test_what_is_no_algorithm_is_refused(matrix, algorithm, message):
    with pytest.raises(ParameterRefused, match=message):
        own_labels(algorithm, matrix, otherwise=NO_FILE)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 2)), min_size=1, max_size=40))
def test_a_customer_with_several_rows_gets_the_label_of_most(pairs):
    index = pd.MultiIndex.from_tuples(
        [(f"c{customer}", f"t{place}") for place, (customer, _) in enumerate(pairs)],
        names=["customer_id", "transaction_id"],
    )
    rows = pd.DataFrame({"x": np.zeros(len(pairs))}, index)
    labelled = own_labels([label for _, label in pairs], rows, otherwise=NO_FILE)
    assert set(labelled.labels.index) == {f"c{customer}" for customer, _ in pairs}
    for customer, label in labelled.labels.items():
        own = [str(value) for number, value in pairs if f"c{number}" == customer]
        assert own.count(label) == max(own.count(other) for other in own)
        assert label == min(other for other in own if own.count(other) == own.count(label))


def fit_of(matrix, algorithm):
    given = given_labels(own_labels(algorithm, matrix, otherwise=NO_FILE), matrix.index)
    ours = segment(matrix, k=2, order_by=matrix["x"], n_init=5)
    return given, segments_given(given, given.rows(matrix), ours, order_by=matrix["x"])


def test_noise_is_no_segment_and_keeps_the_model_back(matrix):
    given, fit = fit_of(matrix, DBSCAN(eps=2.0))
    assert (given.noise, len(given.customers), fit.k) == (1, 36, 3)
    assert "1 customers are noise (in no cluster, label -1)" in given.text
    assert fit.all_by_rule == 1
    assert "1 customers a segment who are noise" in fit.why_no_model
    assert not fit.why_no_rule


def test_noise_in_a_file_is_no_segment_either(matrix):
    labels = pd.Series(["0"] * 18 + ["1"] * 18 + ["-1"], matrix.index)
    given = given_labels(LabelsFile("dbscan.csv", "0" * 64, labels), matrix.index)
    assert (given.noise, sorted(set(given.labels))) == (1, ["0", "1"])
    named = given_labels(LabelsFile("x.csv", "0" * 64, labels.replace("0", "gold")), matrix.index)
    assert (named.noise, named.labels.nunique()) == (0, 3)  # beside names, -1 is a name


def test_only_noise_is_refused(matrix):
    with pytest.raises(ParameterRefused, match=r"DBSCAN: 37 customers are noise \(-1\); it takes two segments"):
        fit_of(matrix, DBSCAN(eps=1e-6, min_samples=5))
    with pytest.raises(ParameterRefused, match=r"KMeans: all 37 customers .* are in '0'; it takes two segments"):
        fit_of(matrix, KMeans(1))


def test_a_model_is_handed_out_only_if_it_places_everybody_as_the_algorithm(matrix):
    _, fit = fit_of(matrix, AgglomerativeClustering(n_clusters=4))
    assert fit.why_no_model == ""
    labels = by_hand(matrix)
    labels[0] = "q"  # who is nearest to p
    _, fit = fit_of(matrix, labels)
    assert not fit.why_no_rule
    assert "gives 1 of 37 rows another segment" in fit.why_no_model
    file = LabelsFile("agency.csv", "0" * 64, pd.Series(labels, matrix.index))
    ours = segment(matrix, k=2, order_by=matrix["x"], n_init=5)
    of_file = segments_given(given_labels(file, matrix.index), matrix, ours, order_by=matrix["x"])
    assert of_file.why_no_model == ""  # a file says nothing of how new customers are placed


def test_clusters_that_are_numbered_have_no_names_and_others_keep_theirs(matrix):
    _, numbered = fit_of(matrix, AgglomerativeClustering(n_clusters=4))
    assert numbered.named == {}
    assert sorted(numbered.names.values()) == [f"cluster {number}" for number in range(4)]
    _, named = fit_of(matrix, by_hand)
    assert sorted(named.named.values()) == ["p", "q", "r", "s"]
    record = numbered.completed(None)
    assert ClusteringRecord.from_json(record.to_json()) == record
    assert (record.labels.origin, record.names) == ("made by AgglomerativeClustering", {})


def test_sentences_of_an_algorithm_speak_of_no_file(matrix):
    given, fit = fit_of(matrix, AgglomerativeClustering(n_clusters=4))
    texts = [given.text, fit.text, fit.why_no_sensitivity, fit.why_no_probability, fit.placed_by]
    assert all("'" not in text for text in texts)
    assert given.text.startswith("The segments are made by AgglomerativeClustering: 37 customers in 4 segments.")
