"""The matrix: exact where it repeats the original analysis, weighed as stated where it does not."""

import json
from dataclasses import fields, replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import issparse
from scipy.stats import norm, skew, yeojohnson
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, OneHotEncoder, StandardScaler

from seglib.errors import InputRefused, ParameterRefused
from seglib.preprocessing.audit import audit
from seglib.preprocessing.baseline import BASELINE_COLUMNS, baseline_matrix
from seglib.preprocessing.build import CustomerOptions, build_matrix
from seglib.preprocessing.customer import customer_matrix
from seglib.preprocessing.encoders import HennigLiaoScaler
from seglib.preprocessing.ranges import number_ranges
from seglib.preprocessing.rebuild import rebuild_matrix
from seglib.preprocessing.recipes import RECIPES
from seglib.preprocessing.variance import variance_share
from seglib.preprocessing.weights import compare_demographic_weights
from seglib.schema.records import RecipeRecord, VariableRecord
from seglib.study import Study

BEHAVIOUR = ["coupons_per_month", "burn_rate", "days_to_burn", "recency_days"]


@pytest.fixture
def customers(prepared):
    return prepared("sample")[1].table


@pytest.fixture
def built(prepared):
    """The matrix of customers of the sample, or of such a table, as 03 makes it."""
    features = prepared("sample")[1]

    def build(table=None, **options):
        described = {"described": features.features, "unreliable": features.unreliable}
        return customer_matrix(features.table if table is None else table, **described | options)

    return build


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
        top = variance_share(baseline_matrix(unified, scale_frequency=scale)).table.iloc[0]
        assert top["column"] == "city_name"
        assert top["share"] == pytest.approx(share, abs=5e-4)


# Recipe customer ------------------------------------------------------------------------------------------------


def test_customer_columns_are_standardised_and_named_after_what_they_are(customers, built):
    matrix = built()
    assert matrix.table.index.equals(customers.index)
    assert matrix.table.columns[:4].tolist() == BEHAVIOUR
    assert matrix.table[BEHAVIOUR].mean().abs().max() < 1e-12
    assert matrix.table[BEHAVIOUR].std(ddof=0).to_numpy() == pytest.approx(np.ones(4))
    assert "city_name_Genoa" in matrix.table
    assert matrix.pipeline.get_feature_names_out().tolist() == matrix.table.columns.tolist()


@pytest.mark.parametrize("weight", [0.5, 1.0, 2.0])
def test_a_nominal_variable_weighs_half_a_numeric_one_times_its_weight_squared(built, weight):
    matrix = built(demographic_weight=weight)
    variance = matrix.table.var(ddof=0)
    for name in ("gender_name", "city_name"):
        assert variance.filter(like=name).sum() == pytest.approx(0.5 * weight**2)
    shares = variance_share(matrix).table.set_index("column")["share"]
    assert shares["city_name"] / shares["burn_rate"] == pytest.approx(0.5 * weight**2)
    assert shares.sum() == pytest.approx(1)


def test_names_of_cities_do_not_matter(customers, built):
    renamed = customers.assign(city_name=customers["city_name"].map(lambda c: c[::-1]))
    distances = [np.linalg.norm(m.table.to_numpy()[0] - m.table.to_numpy(), axis=1) for m in (built(), built(renamed))]
    assert distances[0] == pytest.approx(distances[1])


def test_weight_zero_leaves_demographics_out_and_says_so(built):
    matrix = built(demographic_weight=0)
    assert matrix.table.columns.tolist() == BEHAVIOUR
    assert "gender and city (demographic_weight is 0)" in matrix.text


def test_what_is_left_out_has_its_reason(customers, built):
    matrix = built(customers.assign(gender_name=None), leave_out={"burn_rate": "because"}, unreliable={})
    assert not matrix.table.columns.str.contains("burn_rate|gender_name").any()
    assert matrix.left_out == {"burn_rate": "because", "gender_name": "the shop records none"}


def test_unknown_cities_are_a_level_and_unseen_ones_count_as_rare(customers, built):
    some = customers.assign(city_name=customers["city_name"].where(customers["city_name"] != "Genoa"))
    new = some.head(3).assign(city_name=["Atlantis", "Izmir", None])
    none_is_rare = built(some, min_level_share=0)
    assert "city_name_unknown" in none_is_rare.table
    cities = _cities(none_is_rare, new)
    assert cities.loc[0].eq(0).all()
    assert cities.loc[2].idxmax() == "city_name_unknown"
    share = some["city_name"].value_counts(normalize=True, dropna=False)
    limit = (share.iloc[-2] + share.iloc[-3]) / 2  # the two rarest are pooled
    pooled = built(some, min_level_share=limit)
    assert pooled.made_of("city_name").shape[1] == len(share) - 1
    assert "city_name_rare" in pooled.table
    cities = _cities(pooled, new)
    assert cities.loc[0].idxmax() == "city_name_rare"
    assert (cities.gt(0).sum(axis=1) == 1).all()


def _cities(matrix, rows):
    columns = matrix.pipeline.transform(rows)
    dense = columns if isinstance(columns, np.ndarray) else columns.toarray()
    table = pd.DataFrame(dense, columns=matrix.pipeline.get_feature_names_out())
    return table.filter(like="city_name")


def test_counts_enter_as_standardised_logarithms_and_rates_as_they_are(customers, built):
    table = built().table
    for column, values in (
        ("coupons_per_month", np.log1p(customers["coupons_per_month"])),
        ("burn_rate", customers["burn_rate"]),
    ):
        wanted = (values - values.mean()) / values.std(ddof=0)
        assert table[column].to_numpy() == pytest.approx(wanted.to_numpy(), abs=1e-6)


def test_transform_none_keeps_the_scale_of_counts(customers, built):
    plain = built(transform="none").table["coupons_per_month"]
    assert plain.corr(customers["coupons_per_month"]) == pytest.approx(1)
    assert built().table["coupons_per_month"].corr(customers["coupons_per_month"]) < 0.999


def test_yeo_johnson_takes_every_number_to_its_most_normal_scale(customers, built):
    table = built(transform="yeo-johnson").table
    for name in BEHAVIOUR:
        wanted, _ = yeojohnson(customers[name].to_numpy(float))
        assert table[name].to_numpy() == pytest.approx((wanted - wanted.mean()) / wanted.std(), abs=1e-4)
    assert abs(skew(table["recency_days"])) < abs(skew(built().table["recency_days"]))


def test_a_robust_scale_is_the_middle_half_and_falls_back_where_there_is_none(customers, built):
    table = built(scaling="robust").table
    assert table["recency_days"].median() == pytest.approx(0)
    half = table["recency_days"].quantile(0.75) - table["recency_days"].quantile(0.25)
    assert half == pytest.approx(2 * norm.ppf(0.75))
    mostly = customers.assign(recency_days=np.where(np.arange(len(customers)) % 10 == 0, customers["recency_days"], 7))
    spread = built(mostly, scaling="robust").table["recency_days"].std(ddof=0)  # its middle half is one value
    assert spread == pytest.approx(1)


def test_of_a_correlated_pair_the_first_of_the_dictionary_stays(customers, built):
    correlated = customers.assign(recency_days=1000 - 500 * customers["burn_rate"])
    matrix = built(correlated)
    assert "recency_days" not in matrix.sources
    assert matrix.left_out["recency_days"] == "correlated with burn rate, rank correlation -1.00, more than 0.8"
    assert "recency_days" in built(correlated, drop_correlated=False).sources


def test_the_analyst_says_what_builds_segments(customers, built):
    matrix = built(segment_by=["recency_days", "tenure_days"], demographic_weight=0)
    assert matrix.sources == ["recency_days", "tenure_days"]
    with pytest.raises(ParameterRefused, match=r"names no feature 'recency' \(did you mean 'recency_days'"):
        built(segment_by=["recency"])


def test_variables_of_the_shops_own_build_segments_where_the_mapping_says_so(customers):
    rng = np.random.default_rng(0)
    declared = {
        "age": VariableRecord("numeric", "years"),
        "income": VariableRecord("numeric", "EUR", log=True),
        "member": VariableRecord("binary", "0 or 1"),
        "plan": VariableRecord("nominal", "name"),
    }
    table = customers[["gender_name", "city_name"]].assign(
        age=rng.normal(40, 10, len(customers)),
        income=rng.lognormal(10, 1, len(customers)),
        member=rng.integers(0, 2, len(customers)) * 1.0,
        plan=rng.choice(["a", "b", "c"], len(customers)),
        n_burned=np.nan,
    )
    table.loc[table.index[:40], ["age", "member", "plan"]] = None
    matrix = customer_matrix(table, described=Study(variables=declared).describe(table))
    assert matrix.sources == [*declared]
    assert list(matrix.made_of("member")) == ["member_no", "member_unknown", "member_yes"]
    assert matrix.table["income"].corr(np.log1p(table["income"])) == pytest.approx(1)
    shares = variance_share(matrix).table.set_index("column")["share"]
    assert shares["plan"] / shares["age"] == pytest.approx(0.5)
    assert matrix.filled == {name: pytest.approx(40 / len(table)) for name in ("age", "member", "plan")}


def test_never_burned_enters_beside_the_days_it_explains_and_only_if_it_says_something(customers, built):
    """METHODS: customers without a burn get the mean days, and a column of their own if they are 5% to 95%."""
    assert "never_burned" in built(unreliable={}).sources
    assert "never_burned" not in built(unreliable={"days_to_burn": "no difference"}).sources
    few = customers.assign(never_burned=(np.arange(len(customers)) < 20) * 1.0)
    assert built(few, unreliable={}).left_out["never_burned"] == "1.5% of the customers, which is too few"
    assert "never_burned" in built(segment_by=["never_burned", "recency_days"], unreliable={}).sources


def test_names_stay_sparse_until_the_end(customers, built):
    many = customers.assign(city_name=[f"city {i % 300}" for i in range(len(customers))])
    matrix = built(many, min_level_share=0)
    assert issparse(matrix.pipeline.transform(many))
    assert matrix.table.shape[1] == 4 + 2 + 300
    assert matrix.pipeline.get_feature_names_out().tolist() == matrix.table.columns.tolist()


@pytest.mark.parametrize(
    "options",
    [
        {"demographic_weight": -1},
        {"demographic_weight": np.nan},
        {"transform": "sqrt"},
        {"scaling": "minmax"},
        {"min_level_share": 1},
        {"min_level_share": -0.1},
    ],
)
def test_values_that_do_not_fit_are_refused(built, options):
    with pytest.raises(ParameterRefused, match=next(iter(options))):
        built(**options)


def test_customers_who_are_all_alike_are_refused(customers, built):
    alike = customers.assign(**dict.fromkeys([*BEHAVIOUR, "never_burned"], 1.0))
    with pytest.raises(InputRefused, match="nothing to segment by"):
        built(alike)


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
    scaled = HennigLiaoScaler(weight).fit_transform(dummies)
    assert scaled.var(axis=0).sum() == pytest.approx(0.5 * weight**2)


def test_the_encoder_keeps_the_protocol_of_scikit_learn():
    from sklearn.utils.estimator_checks import check_estimator

    check_estimator(HennigLiaoScaler())


def test_recipes_are_what_their_notebook_offers(root):
    from seglib.runner.parameters import declared

    assert declared(root / "notebooks/03_preprocessing.ipynb")["recipe"].choices == list(RECIPES)


# Shops that record less, and shops that add columns -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("lacks", "sources", "sentence"),
    [
        (
            ["status"],
            ["coupons_per_month", "recency_days", "gender_name", "city_name"],
            "Left out: burn rate and days to burn (the shop records no coupon status)",
        ),
        (
            ["burn dates"],
            ["coupons_per_month", "burn_rate", "recency_days", "gender_name", "city_name"],
            "Left out: days to burn (the shop records no burn dates)",
        ),
        (["names"], BEHAVIOUR, "Left out: gender and city (the shop records none)"),
        (["status", "names"], ["coupons_per_month", "recency_days"], "(the shop records none)"),
    ],
)
def test_what_is_not_recorded_is_left_out_with_the_reason(lacking, lacks, sources, sentence):
    features = lacking(*lacks)[0]
    described, missing = features.features, features.missing
    matrix = customer_matrix(features.table, described=described, leave_out=missing, unreliable=features.unreliable)
    assert matrix.sources == sources
    assert sentence in matrix.text
    assert matrix.table.notna().all(axis=None)
    assert matrix.table.var(ddof=0).gt(0).all()
    off = customer_matrix(features.table, described=described, leave_out=missing, demographic_weight=0)
    assert {name: off.left_out[name] for name in missing} == missing


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
    assert variance_share(matrix).table["share"].sum() == pytest.approx(1)


def test_baseline_of_rows_that_are_all_alike_is_refused(lacking):
    _, unified, _ = lacking("status", "names")
    once = unified.drop_duplicates("customer_id")
    with pytest.raises(InputRefused, match="nothing to segment by: coupon usage frequency is the same for every"):
        baseline_matrix(once)


# The audit ------------------------------------------------------------------------------------------------------


def fires(report):
    """The checks that found something."""
    return set(report.table.loc[report.table["found"], "check"])


def measured(report, check):
    return report.table.set_index("check")["measured"][check]


@pytest.fixture
def blobs():
    """A matrix with nothing wrong: three groups, three numbers of one scale."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3)) + 3 * np.eye(3)[rng.integers(0, 3, 600)]
    index = pd.Index([str(i) for i in range(600)], name="customer_id")
    return pd.DataFrame((X - X.mean(0)) / X.std(0), index=index, columns=["one", "two", "four"])


def test_the_audit_of_a_sound_matrix_is_clean(blobs, built):
    assert audit(blobs).clean
    assert audit(blobs).text == "The audit found nothing in 15 checks."
    assert audit(built()).clean


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        ("grain", lambda m: pd.concat([m, m.iloc[:300] + 0.1])),
        ("label", lambda m: m.assign(cluster=KMeans(3, n_init=5, random_state=1).fit_predict(m))),
        ("constant", lambda m: m.assign(three=3.0)),
        ("duplicate", lambda m: m.assign(three=5 - 2 * m["one"])),
        ("dominance", lambda m: m.assign(one=3 * m["one"])),
        ("scales", lambda m: m.assign(one=m["one"] / 5)),
        ("correlation", lambda m: m.assign(three=m["one"] ** 3)),
        ("spike", lambda m: pd.concat([m.iloc[:500], m.iloc[500:] * 0 + 0.25])),
    ],
)
def test_the_audit_finds_what_is_wrong_and_says_so(blobs, check, wrong):
    report = audit(wrong(blobs))
    assert check in fires(report)
    assert len(report.findings) == report.table["found"].sum()
    assert all(sentence.endswith(".") for sentence in report.findings)
    assert report.text.startswith("The audit found ")


def test_other_integers_for_the_same_names_are_tried(blobs):
    rng = np.random.default_rng(3)
    coded = blobs.assign(city=rng.integers(0, 12, 600).astype(float))
    report = audit(coded, nominal=["city"], seed=1)
    assert measured(report, "recoding") < 0.3
    assert "recoding" in fires(report)
    two = blobs.assign(sex=rng.integers(0, 2, 600).astype(float))
    assert measured(audit(two, nominal=["sex"]), "recoding") == pytest.approx(1)  # two codes have no order


def test_filled_in_values_are_reported(customers, built):
    gaps = customers.assign(recency_days=customers["recency_days"].where(np.arange(len(customers)) % 5 > 0))
    report = audit(built(gaps))
    assert "filled" in fires(report)
    assert measured(report, "filled") == pytest.approx(0.2, abs=0.001)
    assert "Recency days is missing for 20% of the rows" in report.text


def test_the_audit_does_not_depend_on_the_order_of_rows_and_repeats_itself(blobs):
    coded = blobs.assign(city=np.random.default_rng(3).integers(0, 9, 600) * 1.0)
    first = audit(coded, nominal=["city"], seed=4)
    pd.testing.assert_frame_equal(first.table, audit(coded, nominal=["city"], seed=4).table)
    assert fires(audit(coded.iloc[::-1], nominal=["city"], seed=4)) == fires(first)


@pytest.mark.parametrize("scale", [True, False])
def test_the_audit_fires_on_the_original_analysis_and_not_on_recipe_customer(workbook, prepared, scale):
    run, features = prepared(workbook)
    report = audit(baseline_matrix(run.read("unified"), scale_frequency=scale))
    assert {"grain", "recoding", "dominance"} <= fires(report)
    assert measured(report, "grain") == pytest.approx(5000 / 989)
    city = report.table.query("check == 'recoding' and column == 'city_name'").iloc[0]
    assert city["measured"] < 0.2
    if not scale:
        assert measured(report, "dominance") == pytest.approx(0.85, abs=0.01)
    matrix = customer_matrix(
        features.table, described=features.features, leave_out=features.missing, unreliable=features.unreliable
    )
    assert audit(matrix).clean


# What the notebook shows ------------------------------------------------------------------------------------------


def test_the_options_of_the_notebook_give_the_matrix_of_its_recipe(prepared, built, unified):
    run, features = prepared("sample")
    default = build_matrix(features, partial(run.read, "unified"))
    pd.testing.assert_frame_equal(default.table, built().table, check_exact=True)
    options = CustomerOptions(segment_by="recency_days, tenure_days", demographic_weight=0, keep_unreliable=True)
    assert build_matrix(features, partial(run.read, "unified"), options=options).sources == [
        "recency_days",
        "tenure_days",
    ]
    baseline = build_matrix(features, partial(run.read, "unified"), recipe="baseline", scale_frequency=False)
    assert baseline.table.equals(baseline_matrix(unified, scale_frequency=False).table)
    with pytest.raises(ParameterRefused, match=r"no recipe 'custome' \(did you mean 'customer'"):
        build_matrix(features, partial(run.read, "unified"), recipe="custome")


@pytest.mark.parametrize(("n", "there"), [(1, "there is 1 customer"), (3, "there are 3 customers"), (7, "are 7")])
@pytest.mark.parametrize("recipe", ["customer", "baseline"])
def test_a_market_of_a_few_customers_is_refused_in_a_sentence(prepared, n, there, recipe):
    run, features = prepared("sample")
    few = replace(features, table=features.table.head(n))
    with pytest.raises(InputRefused, match=f"{there}.* to segment, and segments need at least 8: take more"):
        build_matrix(few, partial(run.read, "unified"), recipe=recipe)


def test_options_of_the_notebook_have_its_defaults(root):
    from seglib.runner.parameters import declared

    parameters = declared(root / "notebooks/03_preprocessing.ipynb")
    in_the_cell = {"number_steps", "matrix_steps"}  # objects, which no parameter can be
    for option in (option for option in fields(CustomerOptions) if option.name not in in_the_cell):
        assert parameters[option.name].default == option.default, option.name


def test_results_say_what_their_figures_show(prepared, built):
    features = prepared("sample")[1]
    matrix = built()
    shares, ranges = variance_share(matrix), number_ranges(matrix)
    assert shares.text.endswith("; none dominates.")
    assert shares.caption == f"{len(matrix.table):,} rows, {matrix.table.shape[1]} columns. Shares add up to 100%."
    far = matrix.table[matrix.numeric].abs().max()
    assert f"{far.max():.1f}" in ranges.alt
    assert ranges.table["column"].tolist() == matrix.numeric
    weights = compare_demographic_weights(features, (0, 2))
    assert weights.table[2]["city_name"] > weights.table[0]["city_name"] == 0
    assert weights.alt == "Bar chart of variance shares for demographics of weight 0 and 2."
    for result in (shares, ranges, weights):
        assert result.figure().figure.get_suptitle()


def test_results_that_do_not_apply_say_so(lacking, prepared):
    weights = compare_demographic_weights(lacking("names")[0], (0, 1, 2))
    assert (weights.alt, weights.text) == ("", "This shop records neither gender nor city: there is nothing to weigh.")
    features = prepared("sample")[1]
    names = customer_matrix(features.table, segment_by=["never_burned"], unreliable={})
    ranges = number_ranges(names)
    assert (ranges.alt, ranges.text) == ("", "There is no number in this matrix.")


# Rebuilt -----------------------------------------------------------------------------------------------------

OPTIONS = {
    "demographic_weight": 1.0,
    "transform": "log",
    "scaling": "standard",
    "drop_correlated": True,
    "min_level_share": 0.01,
    "segment_by": None,
}


def recipe_of(matrix, options):
    """What is read from recipe.json."""
    recipe = RecipeRecord(
        name=matrix.recipe.name,
        grain=matrix.recipe.grain,
        k_rule=matrix.recipe.k_rule,
        options=options,
        sources=tuple(matrix.sources),
    )
    return RecipeRecord.from_json(json.loads(json.dumps(recipe.to_json())))


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"transform": "yeo-johnson", "scaling": "robust"},
        {"demographic_weight": 2.5, "min_level_share": 0.09},
        {"demographic_weight": 0.0, "transform": "none"},
        {"drop_correlated": False, "segment_by": ["n_coupons", "coupons_per_month", "tenure_days", "never_burned"]},
        {"segment_by": ["recency_days"], "min_level_share": 0.0},
    ],
)
def test_the_matrix_can_be_rebuilt_from_its_record(built, prepared, changed):
    features = prepared("sample")[1]
    matrix = built(**changed)
    again = rebuild_matrix(features.table, recipe_of(matrix, OPTIONS | changed), described=features.features)
    pd.testing.assert_frame_equal(again.table, matrix.table, check_exact=True)
    assert again.sources == matrix.sources
    assert again.nominal == matrix.nominal


def test_a_matrix_that_kept_the_unreliable_is_rebuilt_with_them(customers, built):
    matrix = built(unreliable={})
    assert "never_burned" in matrix.sources
    pd.testing.assert_frame_equal(
        rebuild_matrix(customers, recipe_of(matrix, OPTIONS)).table, matrix.table, check_exact=True
    )


def test_of_other_rows_the_same_columns_are_made_whatever_one_would_choose_today(customers, built):
    """Here recency is correlated with the claims of half of the customers: it stays, because it was there."""
    matrix = built()
    some = customers.iloc[::2].assign(recency_days=lambda t: -t["coupons_per_month"])
    assert "recency_days" not in built(some).sources
    again = rebuild_matrix(some, recipe_of(matrix, OPTIONS))
    assert again.sources == matrix.sources
    assert len(again.table) == len(some)


@pytest.mark.parametrize("scale", [True, False])
def test_the_original_analysis_can_be_rebuilt(unified, scale):
    matrix = baseline_matrix(unified, scale_frequency=scale)
    again = rebuild_matrix(unified, recipe_of(matrix, {"scale_frequency": scale}))
    pd.testing.assert_frame_equal(again.table, matrix.table, check_exact=True)


def test_places_cover_every_column_once(built, unified):
    for matrix in (built(), built(demographic_weight=0.0), built(min_level_share=0.0), baseline_matrix(unified)):
        places = matrix.places
        assert len(places) == len(matrix.sources)
        assert sorted(place for of in places for place in of) == list(range(matrix.table.shape[1]))
        for source, of in zip(matrix.sources, places, strict=True):
            assert matrix.made_of(source).columns.tolist() == matrix.table.columns[of].tolist()
            assert len(of) == 1 or source in matrix.nominal


def test_the_matrix_by_hand_of_the_notebook_has_the_columns_of_the_package(prepared):
    """The steps that notebook 03 shows with scikit-learn give the columns of recipe customer, but for the logarithm."""
    _, features = prepared("sample")
    levels = make_pipeline(OneHotEncoder(min_frequency=0.01), HennigLiaoScaler())
    steps = [("numbers", StandardScaler(), ["burn_rate"]), ("names", levels, ["city_name"])]
    by_hand = ColumnTransformer(steps, sparse_threshold=0, verbose_feature_names_out=False)
    X = by_hand.fit_transform(features.table)
    matrix = build_matrix(features, lambda: None)
    np.testing.assert_allclose(X, matrix.table[by_hand.get_feature_names_out()])
    assert X[:, 1:].var(axis=0).sum() == pytest.approx(0.5)
