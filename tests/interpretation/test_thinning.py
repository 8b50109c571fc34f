"""Two halves of the coupons: an honest test of segments, and what it leaves out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f_oneway, kstest

from seglib.datasets.shop import make_shop
from seglib.errors import ParameterRefused
from seglib.features.customers import customer_features
from seglib.features.dictionary import features_of
from seglib.ingest.shop import ingest
from seglib.interpretation.thinning.inference import FROM_CUSTOMERS, NO_JOINING, TOO_REGULAR, thinning_tests
from seglib.interpretation.thinning.ratio_tests import ratio_test, underdispersion_test
from seglib.interpretation.thinning.splits import exposure
from seglib.preprocessing.customer import customer_matrix
from seglib.preprocessing.rebuild import rebuild_matrix
from seglib.run import Run

AS_OF = "2026-06-30"
SOURCES = ("coupons_per_month", "burn_rate", "days_to_burn", "recency_days")


LENS = {"burn_mean": 0.6, "burn_reliability": 0.1, "lag_mean": 22.0, "lag_reliability": 0.1}
"""As if customers could be told apart by rates and days: else they would leave the matrix, and nothing be tested."""


def recipe_of(sources=SOURCES, **changed):
    """Return ``recipe.json``."""
    made = {"name": "customer", "grain": "customer", "options": {}, "sources": list(sources), "shrinkage": LENS}
    return made | {"burn_window": 90} | changed


@pytest.fixture(scope="module")
def shops(canonical):
    def build(separation="none", segments=0, seed=1, customers=150, without=(), change=None):
        tables = make_shop(
            customers=customers, transactions=8 * customers, segments=segments, separation=separation, seed=seed
        ).tables
        return canonical(change(tables) if change else tables, without=without)

    return build


def test_where_all_customers_are_alike_it_rejects_as_often_as_it_should(shops):
    once, naive = [], []
    for seed in range(101, 141):
        with shops(seed=seed) as con:
            recipe = recipe_of()
            splits = thinning_tests(con, as_of=AS_OF, recipe=recipe, k=3, n_splits=1, n_init=2, seed=seed).splits
            once.append(splits.set_index("feature")["p"])
            if seed <= 104:
                naive.append(naive_p(con, recipe))
    once = pd.DataFrame(once)
    assert list(once) == ["burn_rate", "days_to_burn", "coupons_per_month"]
    assert once.isna().to_numpy().sum() <= 2  # counts were called too regular by chance
    assert 0.02 <= (once < 0.05).to_numpy().mean() <= 0.08  # 120 tests; 4.7% of 600 (200 shops)
    assert (once < 0.05).mean().max() <= 0.15  # 40 each
    assert all(kstest(once[feature].dropna(), "uniform").pvalue > 0.001 for feature in once)
    assert (pd.DataFrame(naive) < 0.05).to_numpy().mean() > 0.9


def naive_p(con, recipe):
    """Cluster everything and test on the same."""
    from seglib.clustering.segmentation import segment

    lens = {"burn_window": recipe["burn_window"], "shrinkage": recipe["shrinkage"]}
    features = customer_features(con, as_of=AS_OF, **lens).table
    matrix = rebuild_matrix(features, recipe).table
    letters = segment(matrix, k=3, order_by=pd.Series(0.0, matrix.index), n_init=2).table["segment"]
    return {name: f_oneway(*(features[name][letters == s] for s in letters.unique())).pvalue for name in SOURCES}


def test_twice_the_median_of_several_splits_seldom_rejects_and_needs_no_luck(shops):
    rejected = 0
    for seed in range(1, 9):
        with shops(seed=seed) as con:
            found = thinning_tests(con, as_of=AS_OF, recipe=recipe_of(), k=3, n_splits=5, n_init=2, seed=seed)
        assert (found.table["p"] == (2 * found.table["p_median"]).clip(upper=1)).all()
        assert (found.table["n_splits"] == 5).all()
        medians = found.splits.groupby("feature")["p"].median()
        assert found.table.set_index("feature")["p_median"].to_dict() == pytest.approx(medians.to_dict())
        rejected += int(found.table["differs"].any())
    assert rejected <= 1


def test_planted_segments_are_found_and_what_is_not_tested_is_said(shops):
    with shops("strong", 3, customers=300) as con:
        found = thinning_tests(con, as_of=AS_OF, recipe=recipe_of((*SOURCES, "gender_name")), k=3, n_splits=3, seed=5)
        again = thinning_tests(con, as_of=AS_OF, recipe=recipe_of((*SOURCES, "gender_name")), k=3, n_splits=3, seed=5)
    assert found.table["differs"].all()
    assert (found.table["p_holm"] >= found.table["p"]).all()
    pd.testing.assert_frame_equal(found.table, again.table)
    assert set(found.left_out) == {"recency_days", "gender_name"}
    assert found.left_out["gender_name"] == FROM_CUSTOMERS
    assert "Not tested: recency" in found.text
    assert "does not make them groups" in found.text


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


@pytest.mark.parametrize(("change", "why"), [(without_join_dates, NO_JOINING), (as_many_for_everybody, TOO_REGULAR)])
def test_counts_are_left_out_where_halves_would_not_be_independent(shops, change, why):
    with shops(change=change) as con:
        found = thinning_tests(con, as_of=AS_OF, recipe=recipe_of(), k=3, n_splits=2)
    assert found.left_out["coupons_per_month"] == why
    assert found.table["feature"].tolist() == ["burn_rate", "days_to_burn"]
    assert why in found.text


def test_without_a_status_only_counts_are_tested(shops):
    with shops(without=("status",)) as con:
        found = thinning_tests(
            con, as_of=AS_OF, recipe=recipe_of(("coupons_per_month", "recency_days")), k=3, n_splits=2
        )
    assert found.table["feature"].tolist() == ["coupons_per_month"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"as_of": None}, "no transactions"),
        ({"as_of": "2024-07-05"}, "too few to be divided"),
        ({"grain": "transaction"}, "a row is a transaction"),
        ({"k": 100}, "cannot be clustered"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(shops, asked, told):
    with shops(customers=90) as con:
        recipe = recipe_of(grain=asked.get("grain", "customer"))
        found = thinning_tests(con, as_of=asked.get("as_of", AS_OF), recipe=recipe, k=asked.get("k", 3), n_splits=2)
    assert found.table.empty
    assert told in found.text


def test_bad_numbers_are_refused(shops):
    with shops(customers=60) as con:
        recipe = recipe_of()
        for bad in ({"k": 1}, {"n_splits": 0}):
            with pytest.raises(ParameterRefused):
                thinning_tests(con, as_of=AS_OF, recipe=recipe, **{"k": 3} | bad)


def test_variables_of_the_customers_table_stay_in_the_matrix(shops):
    rng = np.random.default_rng(0)

    def with_age(tables):
        return tables | {"customers": tables["customers"].assign(age=rng.normal(40.0, 9.0, len(tables["customers"])))}

    variables = {"age": {"kind": "numeric", "unit": "years", "log": False}}
    with shops("strong", 3, customers=200, change=with_age) as con:
        recipe = recipe_of(("burn_rate", "age"))
        found = thinning_tests(con, as_of=AS_OF, recipe=recipe, variables=variables, k=3, n_splits=2)
        table = customer_features(con, as_of=AS_OF, variables=variables).table
    assert "age" in customer_matrix(table, described=features_of(table, variables)).sources
    assert found.left_out["age"] == FROM_CUSTOMERS
    assert found.table.set_index("feature")["differs"]["burn_rate"]


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
    found = exposure(customers, coupons, as_of="2026-02-28")
    assert found.to_dict() == pytest.approx({"1": 2.5, "2": 2.5, "3": 1.0})
    late = customers.assign(join_date=pd.Timestamp("2026-02-01"))
    assert exposure(late, coupons, as_of="2026-02-28") is None


def test_only_regular_counts_are_called_too_regular():
    rng = np.random.default_rng(0)
    expected = rng.uniform(0.5, 12, 300)
    called = [underdispersion_test(rng.poisson(expected), expected) for _ in range(200)]
    assert np.mean(called) <= 0.03
    assert underdispersion_test(np.round(expected), expected)
    assert not underdispersion_test(rng.negative_binomial(2, 2 / (2 + expected)), expected)


def test_where_nothing_can_be_tested_the_reasons_are_told(tmp_path, root):
    run = Run("invoices", base=tmp_path)
    ingest(root / "data/sample/invoices.csv", mapping=root / "params/mappings/invoices.yaml").save(run)
    con = run.connect()
    features = customer_features(con, as_of="2026-06-30")
    matrix = customer_matrix(features.table, described=features.features, leave_out=features.missing)
    recipe = {"name": "customer", "grain": "customer", "options": {}, "sources": matrix.sources}
    recipe |= {"shrinkage": features.shrinkage_params, "burn_window": None}
    found = thinning_tests(con, as_of="2026-06-30", recipe=recipe, k=3, n_splits=2)
    assert found.table.empty
    assert found.text.startswith("Nothing here can be tested honestly.")
    assert "recency days: " in found.text
    assert "coupons per month: not every customer has a day of joining" in found.text
