"""Count splitting: an honest test of segments, and what it leaves out."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f_oneway, kstest

from seglib.datasets.shop import make_shop
from seglib.errors import ParameterRefused
from seglib.features.customers import customer_features
from seglib.ingest.shop import ingest
from seglib.interpretation.thinning.inference import FROM_CUSTOMERS, NO_JOINING, UNDERDISPERSED, thinning_tests
from seglib.interpretation.thinning.ratio_tests import ratio_test, underdispersion_test
from seglib.interpretation.thinning.splits import exposure
from seglib.preprocessing.customer import customer_matrix
from seglib.preprocessing.rebuild import rebuild_matrix
from seglib.run.run import Run
from seglib.schema.records import RecipeRecord, VariableRecord
from seglib.study import Study

AS_OF = "2026-06-30"
SOURCES = ("coupons_per_month", "burn_rate", "days_to_burn", "recency_days")


SHRINKAGE = {"burn_mean": 0.6, "burn_reliability": 0.1, "lag_mean": 22.0, "lag_reliability": 0.1}
"""As if customers could be told apart by rates and days: else they would leave the matrix, and nothing be tested."""

STUDY = Study(as_of=AS_OF, burn_window=90, shrinkage=SHRINKAGE)


def recipe_of(sources=SOURCES, grain="customer"):
    """Return the recipe as 03 writes it."""
    return RecipeRecord(name="customer", grain=grain, k_rule="structure", options={}, sources=tuple(sources))


@pytest.fixture(scope="module")
def shops(canonical):
    def build(separation="none", segments=0, seed=1, customers=150, without=(), change=None):
        tables = make_shop(
            customers=customers, transactions=8 * customers, segments=segments, separation=separation, seed=seed
        ).tables
        return canonical(change(tables) if change else tables, without=without)

    return build


@pytest.mark.slow
def test_where_all_customers_are_alike_it_rejects_as_often_as_it_should(shops):
    once, naive = [], []
    for seed in range(101, 141):
        with shops(seed=seed) as con:
            splits = thinning_tests(con, STUDY, recipe_of(), k=3, n_splits=1, n_init=2, seed=seed).splits
            once.append(splits.set_index("feature")["p"])
            if seed <= 104:
                naive.append(naive_p(con))
    once = pd.DataFrame(once)
    assert list(once) == ["burn_rate", "days_to_burn", "coupons_per_month"]
    assert once.isna().to_numpy().sum() <= 2  # counts were called underdispersed by chance
    assert 0.02 <= (once < 0.05).to_numpy().mean() <= 0.08  # 120 tests; 4.7% of 600 (200 shops)
    assert (once < 0.05).mean().max() <= 0.15  # 40 each
    assert all(kstest(once[feature].dropna(), "uniform").pvalue > 0.001 for feature in once)
    assert (pd.DataFrame(naive) < 0.05).to_numpy().mean() > 0.9


def naive_p(con):
    """Cluster everything and test on the same."""
    from seglib.clustering.segmentation import segment

    features = customer_features(con, STUDY).table
    matrix = rebuild_matrix(features, recipe_of()).table
    letters = segment(matrix, k=3, order_by=pd.Series(0.0, matrix.index), n_init=2).table["segment"]
    return {name: f_oneway(*(features[name][letters == s] for s in letters.unique())).pvalue for name in SOURCES}


def test_twice_the_median_of_several_splits_seldom_rejects_and_needs_no_luck(shops):
    rejected = 0
    for seed in range(1, 9):
        with shops(seed=seed) as con:
            tests = thinning_tests(con, STUDY, recipe_of(), k=3, n_splits=5, n_init=2, seed=seed)
        assert (tests.table["p"] == (2 * tests.table["p_median"]).clip(upper=1)).all()
        assert (tests.table["n_splits"] == 5).all()
        medians = tests.splits.groupby("feature")["p"].median()
        assert tests.table.set_index("feature")["p_median"].to_dict() == pytest.approx(medians.to_dict())
        rejected += int(tests.table["differs"].any())
    assert rejected <= 1


def test_planted_segments_are_found_and_what_is_not_tested_is_said(shops):
    recipe = recipe_of((*SOURCES, "gender_name"))
    with shops("strong", 3, customers=300) as con:
        tests = thinning_tests(con, STUDY, recipe, k=3, n_splits=3, seed=5)
        again = thinning_tests(con, STUDY, recipe, k=3, n_splits=3, seed=5)
    assert tests.table["differs"].all()
    assert (tests.table["p_holm"] >= tests.table["p"]).all()
    pd.testing.assert_frame_equal(tests.table, again.table)
    assert set(tests.left_out) == {"recency_days", "gender_name"}
    assert tests.left_out["gender_name"] == FROM_CUSTOMERS
    assert tests.text.startswith(
        "Segments made from one half of the coupons, looked at with the other half: they differ"
    )
    assert "not shown to differ" not in tests.text
    assert "Not tested: recency" in tests.text
    assert "does not make them groups" in tests.text


# What cannot be tested ------------------------------------------------------------------------------------------------


def without_join_dates(tables):
    customers = tables["customers"].copy()
    customers["join_date"] = customers["join_date"].where(customers.index > 0)
    return tables | {"customers": customers}


def as_many_for_everybody(tables):
    """Eight coupons a customer, however long they have been there."""
    customers, rng = tables["customers"], np.random.default_rng(0)
    coupons = tables["transactions"].copy()
    coupons["customer_id"] = np.arange(len(coupons)) % len(customers) + 1
    joined = pd.to_datetime(coupons["customer_id"].map(customers.set_index("customer_id")["join_date"]))
    room = (pd.Timestamp(AS_OF) - joined).dt.days
    gap = pd.to_datetime(coupons["burn_date"]) - pd.to_datetime(coupons["transaction_date"])
    coupons["transaction_date"] = joined + pd.to_timedelta(np.floor(rng.random(len(coupons)) * room), unit="D")
    coupons["burn_date"] = coupons["transaction_date"] + gap
    customers = customers.assign(join_date=customers["join_date"].min())
    return tables | {"transactions": coupons, "customers": customers}


@pytest.mark.parametrize(("change", "why"), [(without_join_dates, NO_JOINING), (as_many_for_everybody, UNDERDISPERSED)])
def test_counts_are_left_out_where_halves_would_not_be_independent(shops, change, why):
    with shops(change=change) as con:
        tests = thinning_tests(con, STUDY, recipe_of(), k=3, n_splits=2)
    assert tests.left_out["coupons_per_month"] == why
    assert tests.table["feature"].tolist() == ["burn_rate", "days_to_burn"]
    assert STUDY.wording.of(why) in tests.text


def test_without_a_status_only_counts_are_tested(shops):
    with shops(without=("status",)) as con:
        tests = thinning_tests(con, STUDY, recipe_of(("coupons_per_month", "recency_days")), k=3, n_splits=2)
    assert tests.table["feature"].tolist() == ["coupons_per_month"]


@pytest.mark.parametrize(
    ("as_of", "grain", "k", "sentence"),
    [
        (None, "customer", 3, "no transactions"),
        ("2024-07-05", "customer", 3, "too few to be divided"),
        (AS_OF, "transaction", 3, "a row is a transaction"),
        (AS_OF, "customer", 100, "cannot be clustered"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(shops, as_of, grain, k, sentence):
    with shops(customers=90) as con:
        tests = thinning_tests(con, replace(STUDY, as_of=as_of), recipe_of(grain=grain), k=k, n_splits=2)
    assert tests.table.empty
    assert sentence in tests.text


def test_bad_numbers_are_refused(shops):
    with shops(customers=60) as con:
        with pytest.raises(ParameterRefused, match="k is at least 2"):
            thinning_tests(con, STUDY, recipe_of(), k=1)
        with pytest.raises(ParameterRefused, match="n_splits is at least 1"):
            thinning_tests(con, STUDY, recipe_of(), k=3, n_splits=0)


def test_variables_of_the_customers_table_stay_in_the_matrix(shops):
    rng = np.random.default_rng(0)

    def with_age(tables):
        return tables | {"customers": tables["customers"].assign(age=rng.normal(40.0, 9.0, len(tables["customers"])))}

    study = Study(as_of=AS_OF, variables={"age": VariableRecord("numeric", "years")})
    with shops("strong", 3, customers=200, change=with_age) as con:
        shrunk = replace(study, burn_window=90, shrinkage=SHRINKAGE)
        tests = thinning_tests(con, shrunk, recipe_of(("burn_rate", "age")), k=3, n_splits=2)
        table = customer_features(con, study).table
    assert "age" in customer_matrix(table, described=study.describe(table)).sources
    assert tests.left_out["age"] == FROM_CUSTOMERS
    assert tests.table.set_index("feature")["differs"]["burn_rate"]


# Its parts ------------------------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_with_two_groups_of_plain_values_it_is_welchs_test(seed):
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(seed)
    x, y = rng.normal(0, 1, rng.integers(3, 40)), rng.normal(0.3, 4, rng.integers(3, 40))
    values = pd.Series(np.concatenate([x, y]))
    groups = pd.Series(["A"] * len(x) + ["B"] * len(y))
    expected = ttest_ind(x, y, equal_var=False).pvalue
    assert ratio_test(values, values * 0 + 1, groups) == pytest.approx(expected, rel=1e-6)


def test_the_ratio_test_says_nothing_where_there_is_nothing():
    ones = pd.Series(1.0, range(6))
    assert np.isnan(ratio_test(ones, ones, pd.Series(list("AAABBB"))))
    assert np.isnan(ratio_test(ones, ones * 0, pd.Series(list("AAABBB"))))
    assert np.isnan(ratio_test(pd.Series(range(6)), ones, pd.Series("A", range(6))))


def test_exposure_adds_up_to_the_coupons_and_weighs_busy_days():
    customers = pd.DataFrame(
        {"customer_id": ["1", "2", "3"], "join_date": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-02-01"])}
    )
    days = ["2026-01-10", "2026-01-10", "2026-01-20", "2026-02-10", "2026-02-10", "2026-02-10"]
    coupons = pd.DataFrame({"customer_id": ["1", "2", "1", "1", "2", "3"], "transaction_date": pd.to_datetime(days)})
    expected = exposure(customers, coupons, as_of="2026-02-28")
    assert expected.to_dict() == pytest.approx({"1": 2.5, "2": 2.5, "3": 1.0})
    late = customers.assign(join_date=pd.Timestamp("2026-02-01"))
    assert exposure(late, coupons, as_of="2026-02-28") is None


def test_only_regular_counts_are_called_underdispersed():
    rng = np.random.default_rng(0)
    expected = rng.uniform(0.5, 12, 300)
    rejected = [underdispersion_test(rng.poisson(expected), expected) for _ in range(200)]
    assert np.mean(rejected) <= 0.03
    assert underdispersion_test(np.round(expected), expected)
    assert not underdispersion_test(rng.negative_binomial(2, 2 / (2 + expected)), expected)


def test_where_nothing_can_be_tested_the_reasons_are_given(tmp_path, root):
    run = Run("invoices", base=tmp_path)
    ingest(root / "data/sample/invoices.csv", mapping=root / "params/mappings/invoices.yaml").save(run)
    con = run.connect()
    features = customer_features(con, run.study())
    matrix = customer_matrix(features.table, described=features.features, leave_out=features.missing)
    tests = thinning_tests(con, features.study, recipe_of(matrix.sources), k=3, n_splits=2)
    assert tests.table.empty
    assert tests.text.startswith("Nothing here can be tested honestly.")
    assert "recency days: " in tests.text
    assert "transactions per month: not every customer has a day of joining" in tests.text
