"""The matrix: exact where it repeats the original analysis, weighed as stated where it does not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import LabelEncoder

from seglib.errors import InputRefused, ParameterRefused
from seglib.preprocessing import (
    BASELINE_COLUMNS,
    RECIPES,
    HennigLiaoEncoder,
    baseline_matrix,
    customer_matrix,
    variance_share,
)

BEHAVIOUR = ["coupons_per_month", "burn_rate", "days_to_burn", "recency_days"]


@pytest.fixture
def customers(prepared):
    return prepared("sample")[1].table


@pytest.fixture
def unified(prepared):
    return prepared("sample")[0].read("unified")


# Recipe baseline ------------------------------------------------------------------------------------------------


def test_baseline_codes_names_as_label_encoder_does(unified):
    matrix = baseline_matrix(unified, scale_frequency=False).table
    assert matrix.columns.tolist() == list(BASELINE_COLUMNS)
    for column in BASELINE_COLUMNS[:3]:
        assert (matrix[column].to_numpy() == LabelEncoder().fit_transform(unified[column])).all()
    frequency = unified.groupby("customer_id")["transaction_id"].transform("count")
    assert (matrix["coupon_usage_frequency"].to_numpy() == frequency.to_numpy()).all()


def test_baseline_scales_the_frequency_and_nothing_else(unified):
    scaled, plain = baseline_matrix(unified).table, baseline_matrix(unified, scale_frequency=False).table
    pd.testing.assert_frame_equal(scaled.iloc[:, :3], plain.iloc[:, :3])
    assert scaled["coupon_usage_frequency"].mean() == pytest.approx(0, abs=1e-12)
    assert scaled["coupon_usage_frequency"].std(ddof=0) == pytest.approx(1)


def test_baseline_rows_are_transactions_and_know_their_customer(unified):
    matrix = baseline_matrix(unified).table
    assert matrix.index.names == ["customer_id", "transaction_id"]
    assert len(matrix) == len(unified)


def test_baseline_takes_unknown_names(unified):
    unified = unified.assign(city_name=unified["city_name"].where(unified["city_name"] != "Genoa"))
    assert baseline_matrix(unified).table["city_name"].nunique() == 12


def test_the_trap_of_baseline_other_city_names_other_clusters(unified):
    """Integer codes invent an order: renaming the cities must not matter, and does."""
    fit = KMeans(3, n_init=5, random_state=0).fit_predict(baseline_matrix(unified).table)
    names = unified["city_name"].unique()
    renamed = dict(zip(names, np.random.default_rng(1).permutation(names), strict=True))
    again = KMeans(3, n_init=5, random_state=0).fit_predict(
        baseline_matrix(unified.replace({"city_name": renamed})).table
    )
    assert adjusted_rand_score(fit, again) < 0.6


def test_variance_of_the_original_workbook(workbook, prepared):
    unified = prepared(workbook)[0].read("unified")
    for scale, share in ((False, 0.8514), (True, 0.9555)):
        top = variance_share(baseline_matrix(unified, scale_frequency=scale)).iloc[0]
        assert top["column"] == "city_name"
        assert top["share"] == pytest.approx(share, abs=5e-4)


# Recipe customer ------------------------------------------------------------------------------------------------


def test_customer_columns_are_standardised_and_named_after_what_they_are(customers):
    matrix = customer_matrix(customers)
    assert matrix.table.index.equals(customers.index)
    assert matrix.table.columns[:4].tolist() == BEHAVIOUR
    assert matrix.table[BEHAVIOUR].mean().abs().max() < 1e-12
    assert matrix.table[BEHAVIOUR].std(ddof=0).to_numpy() == pytest.approx(np.ones(4))
    assert "city_name_Genoa" in matrix.table
    assert matrix.pipeline.get_feature_names_out().tolist() == matrix.table.columns.tolist()


@pytest.mark.parametrize("weight", [0.5, 1.0, 2.0])
def test_a_nominal_variable_weighs_half_a_numeric_one_times_its_weight_squared(customers, weight):
    matrix = customer_matrix(customers, demographic_weight=weight)
    variance = matrix.table.var(ddof=0)
    for name in ("gender_name", "city_name"):
        assert variance.filter(like=name).sum() == pytest.approx(0.5 * weight**2)
    shares = variance_share(matrix).set_index("column")["share"]
    assert shares["city_name"] / shares["burn_rate"] == pytest.approx(0.5 * weight**2)
    assert shares.sum() == pytest.approx(1)


def test_names_of_cities_do_not_matter(customers):
    renamed = customers.assign(city_name=customers["city_name"].map(lambda c: c[::-1]))
    distances = [
        np.linalg.norm(m.table.to_numpy()[0] - m.table.to_numpy(), axis=1)
        for m in (customer_matrix(customers), customer_matrix(renamed))
    ]
    assert distances[0] == pytest.approx(distances[1])


def test_weight_zero_leaves_demographics_out_and_says_so(customers):
    matrix = customer_matrix(customers, demographic_weight=0)
    assert matrix.table.columns.tolist() == BEHAVIOUR
    assert "Left out: gender and city (demographic_weight is 0)" in matrix.text


def test_what_is_left_out_is_told_with_the_reason(customers):
    matrix = customer_matrix(customers.assign(gender_name=None), leave_out={"burn_rate": "because"})
    assert not matrix.table.columns.str.contains("burn_rate|gender_name").any()
    assert matrix.left_out == {
        "burn_rate": "because",
        "gender_name": "it is the same for everybody",
    }


def test_unknown_cities_are_a_level_and_unseen_ones_are_none(customers):
    some = customers.assign(city_name=customers["city_name"].where(customers["city_name"] != "Genoa"))
    matrix = customer_matrix(some)
    assert "city_name_unknown" in matrix.table
    new = some.head(2).assign(city_name=["Atlantis", "Izmir"])
    made = matrix.pipeline.transform(new.fillna({"city_name": "unknown"})).filter(like="city_name")
    assert made.iloc[0].tolist() == [0] * made.shape[1]
    assert (made.iloc[1] > 0).sum() == 1


def test_counts_enter_as_standardised_logarithms_and_rates_as_they_are(customers):
    made = customer_matrix(customers).table
    for column, values in (
        ("coupons_per_month", np.log1p(customers["coupons_per_month"])),
        ("burn_rate", customers["burn_rate"]),
    ):
        wanted = (values - values.mean()) / values.std(ddof=0)
        assert made[column].to_numpy() == pytest.approx(wanted.to_numpy(), abs=1e-6)


def test_transform_none_keeps_the_scale_of_counts(customers):
    plain = customer_matrix(customers, transform="none").table["coupons_per_month"]
    assert plain.corr(customers["coupons_per_month"]) == pytest.approx(1)
    assert customer_matrix(customers).table["coupons_per_month"].corr(customers["coupons_per_month"]) < 0.999


@pytest.mark.parametrize("options", [{"demographic_weight": -1}, {"demographic_weight": np.nan}, {"transform": "sqrt"}])
def test_values_that_do_not_fit_are_refused(customers, options):
    with pytest.raises(ParameterRefused):
        customer_matrix(customers, **options)


def test_customers_who_are_all_alike_are_refused(customers):
    alike = customers.assign(**dict.fromkeys(BEHAVIOUR, 1.0))
    with pytest.raises(InputRefused, match="nothing to segment by"):
        customer_matrix(alike)


def test_input_is_not_changed(customers, unified):
    before = customers.copy(), unified.copy()
    customer_matrix(customers)
    baseline_matrix(unified)
    pd.testing.assert_frame_equal(customers, before[0])
    pd.testing.assert_frame_equal(unified, before[1])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=2, max_size=80).filter(lambda x: len(set(x)) > 1), st.floats(0.1, 4))
def test_hennig_liao_variance_is_half_whatever_the_levels(levels, weight):
    dummies = pd.get_dummies(pd.Series(levels)).to_numpy(float)
    made = HennigLiaoEncoder(weight).fit_transform(dummies)
    assert made.var(axis=0).sum() == pytest.approx(0.5 * weight**2)


def test_the_encoder_keeps_the_protocol_of_scikit_learn():
    from sklearn.utils.estimator_checks import check_estimator

    check_estimator(HennigLiaoEncoder())


def test_recipes_are_what_their_notebook_offers(root):
    from seglib.parameters import declared

    assert declared(root / "notebooks/03_preprocessing.ipynb")["recipe"].choices == list(RECIPES)


# Shops that record less, and shops that add columns -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("lacks", "sources", "told"),
    [
        (
            ["status"],
            ["coupons_per_month", "recency_days", "gender_name", "city_name"],
            "Left out: burn rate and days to burn (the shop records no coupon status).",
        ),
        (
            ["burn dates"],
            ["coupons_per_month", "burn_rate", "recency_days", "gender_name", "city_name"],
            "Left out: days to burn (the shop records no burn dates).",
        ),
        (["names"], BEHAVIOUR, "Left out: gender and city (the shop records none)."),
        (["status", "names"], ["coupons_per_month", "recency_days"], "(the shop records none)."),
    ],
)
def test_what_is_not_recorded_is_left_out_with_the_reason(lacking, lacks, sources, told):
    features = lacking(*lacks)[0]
    matrix = customer_matrix(features.table, leave_out=features.missing | features.unreliable)
    assert matrix.sources == sources
    assert told in matrix.text
    assert matrix.table.notna().all(axis=None)
    assert matrix.table.var(ddof=0).gt(0).all()
    off = customer_matrix(features.table, leave_out=features.missing, demographic_weight=0)
    assert {name: off.left_out[name] for name in features.missing} == features.missing


def test_columns_of_the_shops_own_never_build_segments(lacking):
    added = {"tier": ["gold", "silver"] * 200, "age": np.arange(400.0)}
    with_them, without = lacking(added=added)[0], lacking()[0]
    assert {"tier", "age"} <= set(with_them.table)
    pd.testing.assert_frame_equal(customer_matrix(with_them.table).table, customer_matrix(without.table).table)


@pytest.mark.parametrize(
    ("lacks", "columns"),
    [
        (["status"], ["gender_name", "city_name", "coupon_usage_frequency"]),
        (["burn dates"], list(BASELINE_COLUMNS)),
        (["names"], ["transaction_status", "coupon_usage_frequency"]),
        (["status", "names"], ["coupon_usage_frequency"]),
    ],
)
def test_baseline_leaves_out_what_is_not_recorded_and_says_so(lacking, lacks, columns):
    _, unified, _ = lacking(*lacks)
    matrix = baseline_matrix(unified)
    assert matrix.table.columns.tolist() == columns
    assert list(matrix.left_out) == [c for c in BASELINE_COLUMNS if c not in columns]
    assert ("(the shop records no coupon status)" in matrix.text) == ("status" in lacks)
    assert variance_share(matrix)["share"].sum() == pytest.approx(1)


def test_baseline_of_rows_that_are_all_alike_is_refused(lacking):
    _, unified, _ = lacking("status", "names")
    once = unified.drop_duplicates("customer_id")
    with pytest.raises(InputRefused, match="nothing to segment by: coupon usage frequency is the same for every"):
        baseline_matrix(once)
