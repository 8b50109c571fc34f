"""Given segments where more than labels is needed: a rule stands for them, or it is left out with the reason."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from seglib.clustering.given import SegmentRule
from seglib.datasets.shop import make_shop
from seglib.features.customers import customer_features
from seglib.interpretation.audiences import audience_lists, customer_list, readme, sample_sizes
from seglib.interpretation.given_lists import without_certainty
from seglib.interpretation.holdout.holdout import evaluate_holdout
from seglib.interpretation.holdout.predictive_gain import predictive_gain
from seglib.interpretation.thinning.inference import thinning_tests
from seglib.preprocessing.customer import customer_matrix
from seglib.schema.records import AuditRecord, LabelsRecord, VerdictRecord
from seglib.study import Study

STUDY = Study(as_of="2026-06-30")
LABELS = LabelsRecord("agency.csv", "0" * 64, {"A": "Gold", "B": "Silver"}, without_label=3, by_rule=0.97)
REASON = "the nearest centre gives only 40% of the labels back"
VERDICT = VerdictRecord("natural", "useful", "", "Natural: v.", "", "Plan.", None, (), use="Useful.")


@pytest.fixture(scope="module")
def shop(canonical):
    """A shop with three planted segments, its recipe, and the centres of these segments."""
    made = make_shop(customers=500, transactions=4000, segments=3, separation="strong", seed=4)
    con = canonical(made.tables)
    features = customer_features(con, STUDY)
    matrix = customer_matrix(
        features.table, described=features.features, leave_out=features.missing, unreliable=features.unreliable
    )
    truth = made.truth.astype({"customer_id": str}).set_index("customer_id")["segment"]
    letters = truth.reindex(matrix.table.index).map({1: "A", 2: "B", 3: "C"})
    return con, features.study, matrix.record(features, AuditRecord()), matrix.table.groupby(letters).mean()


def test_the_rule_places_customers_by_what_was_known_at_the_cut(shop):
    con, study, recipe, centres = shop
    held = evaluate_holdout(con, study, recipe, k=3, rule=SegmentRule(centres))
    assert sorted(held.table["segment"].unique()) == ["A", "B", "C"]
    assert "who was in which on an earlier day is not known; on that day" in held.text
    # letters are those of the centres, whatever their order
    swapped = evaluate_holdout(con, study, recipe, k=3, rule=SegmentRule(centres.rename({"A": "B", "B": "A"})))
    exchanged = held.table["segment"].map({"A": "B", "B": "A", "C": "C"})
    pd.testing.assert_series_equal(swapped.table["segment"], exchanged, check_names=False)


def test_the_rule_is_tested_on_the_other_half_of_the_coupons(shop):
    con, study, recipe, centres = shop
    tests = thinning_tests(con, study, recipe, k=3, n_splits=2, rule=SegmentRule(centres))
    assert tests.table.set_index("feature").loc["burn_rate", "differs"]


def test_where_the_rule_does_not_stand_for_the_labels_the_reason_is_given(shop):
    con, study, recipe, centres = shop
    rule = SegmentRule(centres, REASON)
    held = evaluate_holdout(con, study, recipe, k=3, rule=rule)
    assert held.table.empty
    assert REASON in held.text
    assert predictive_gain(held).useful is None
    tests = thinning_tests(con, study, recipe, k=3, n_splits=2, rule=rule)
    assert tests.table.empty
    assert REASON in tests.text


@pytest.fixture
def lists():
    segments = pd.DataFrame(
        {
            "segment": ["A", "B"] * 30,
            "margin": np.linspace(0, 1, 60),
            "second_segment": ["B", "A"] * 30,
            "outlier": False,
            "agreement": 1.0,
            "probability": np.nan,
        },
        index=pd.Index([str(i) for i in range(60)], name="customer_id"),
    )
    listed = customer_list(segments, LABELS.names)
    return listed, audience_lists(listed, segments, min_segment=10)


def test_what_the_centres_cannot_say_is_empty(lists):
    listed, audiences = lists
    assert without_certainty(listed, audiences, None) == (listed, audiences)
    assert without_certainty(listed, audiences, LABELS)[0] is listed
    bare, emptied = without_certainty(listed, audiences, replace(LABELS, why_no_rule=REASON))
    assert list(bare) == list(listed)
    kept = ["customer_id", "segment", "segment_name", "control"]
    pd.testing.assert_frame_equal(bare[kept], listed[kept])
    assert bare[["confidence", "second_segment", "outlier"]].isna().all(axis=None)
    for letter, table in emptied.tables.items():
        assert list(table) == list(audiences.tables[letter])
        assert table["customer_id"].tolist() == listed.loc[listed["segment"] == letter, "customer_id"].tolist()
        assert table[["confidence", "near_border"]].isna().all(axis=None)
    assert emptied.table["customers"].tolist() == [30, 30]
    assert emptied.table[["borderline", "outliers"]].isna().all(axis=None)


def test_what_goes_with_the_lists_says_whose_segments_they_are(lists):
    listed, audiences = lists
    needed = sample_sizes({"A": 0.5, "B": 0.4}, listed)
    assert "given by" not in readme(audiences, VERDICT, needed, control_share=0.1)
    text = readme(audiences, VERDICT, needed, control_share=0.1, labels=LABELS)
    assert "given by 'agency.csv'" in text
    assert "3 customers have no label" in text
    assert "gives 97% of the customers" in text
    without = readme(audiences, VERDICT, needed, control_share=0.1, labels=replace(LABELS, why_no_rule=REASON))
    assert f"no model.skops and no scoring.sql to place new customers: {REASON}." in without
    assert all(line.endswith("\r") for line in without.split("\n")[:-1])
