"""Profiles: means and shares beside all customers, and what was done with coupons."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from scipy.stats import binomtest, chi2_contingency, kruskal, norm, t
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris

from seglib.clustering.labels import order_values
from seglib.clustering.segmentation import segment
from seglib.errors import ParameterRefused
from seglib.interpretation.cards.cards import segment_cards
from seglib.interpretation.cards.profile_plot import profile_plot
from seglib.interpretation.profiles.coupon_usage import coupon_usage
from seglib.interpretation.profiles.exemplars import exemplars
from seglib.interpretation.profiles.means import interval, profile, v_test
from seglib.interpretation.profiles.profile import DifferenceHeatmap
from seglib.interpretation.profiles.shares import compare_names, compared_names, shares
from seglib.interpretation.profiles.tests import descriptor_tests
from seglib.plots.interpretation import plot_outcomes, plot_status
from seglib.preprocessing.baseline import baseline_matrix
from seglib.preprocessing.customer import customer_matrix
from seglib.schema.features import FEATURES
from seglib.schema.records import VariableRecord
from seglib.study import Study
from seglib.style.colours import colour
from seglib.style.wording import NO_TRANSACTIONS, TRANSACTION


@pytest.fixture
def sample(prepared):
    """(features, assignments, unified) of the committed sample in three segments."""
    run, features = prepared("sample")
    matrix = customer_matrix(features.table).table
    fit = segment(matrix, k=3, order_by=features.table["n_burned"], n_init=20)
    return features.table, fit.table, run.read("unified")


def test_a_profile_holds_what_was_observed_and_how_far_it_lies_from_all(sample):
    features, segments, _ = sample
    table = profile(features, segments["segment"]).table.set_index(["segment", "feature"])
    size = segments["segment"].value_counts().sort_index()
    members = features[segments["segment"] == "B"]
    row = table.loc["B", "days_to_burn"]
    assert row["observed"] == pytest.approx(members["lag_days"].sum() / members["n_matured_burned"].sum())
    assert row["observed_overall"] == pytest.approx(
        np.average(table.xs("days_to_burn", level=1)["observed"], weights=size)
    )
    values = features["days_to_burn"]
    assert row["difference"] == pytest.approx((members["days_to_burn"].mean() - values.mean()) / values.std(ddof=0))
    assert table.loc["B", "recency_days"]["observed"] == pytest.approx(members["recency_days"].mean())
    assert row["customers"] == len(members)
    assert row["marker"] == (abs(row["difference"]) >= 0.5)
    assert not table.index.get_level_values("feature").isin(["spend_per_month", "n_matured"]).any()


@settings(deadline=None)
@given(
    values=st.lists(st.floats(0.01, 1e4), min_size=6, max_size=40),
    cut=st.integers(1, 5),
    recorded=st.integers(0, 63),
)
def test_all_customers_are_what_the_segments_add_up_to(values, cut, recorded):
    """Whatever the feature, its mean over customers of what stands at their segment is what stands at all customers."""
    n = len(values)
    features = pd.DataFrame({f.name: np.nan for f in FEATURES}, index=[f"c{i}" for i in range(n)])
    features["recency_days"] = values
    features["n_matured"] = np.arange(n) % 4
    features["n_matured_burned"] = np.minimum(np.arange(n) % 3, features["n_matured"])
    features["burn_rate"] = 0.5
    features.loc[[bool(recorded >> (i % 6) & 1) for i in range(n)], "recency_days"] = np.nan
    letters = pd.Series(np.where(np.arange(n) < cut, "A", "B"), features.index)
    table = profile(features, letters).table
    for _, rows in table.groupby("feature"):
        rows = rows[rows["observed"].notna()]
        if len(rows):
            wanted = (rows["observed"] * rows["customers"]).sum() / rows["customers"].sum()
            assert rows["observed_overall"].to_numpy() == pytest.approx(wanted, abs=1e-9, rel=1e-9)


def test_weighted_differences_cancel_out(sample):
    features, segments, _ = sample
    table = profile(features, segments["segment"]).table
    table = table[table["feature"] != "never_burned"]  # which is missing for some
    weighted = (table["difference"] * table["customers"]).groupby(table["feature"]).sum()
    assert weighted.abs().max() < 1e-6


def test_what_may_be_chance_marks_no_segment(sample):
    features, segments, _ = sample
    plain, careful = (profile(features, segments["segment"], unreliable=u).table for u in ((), ["days_to_burn"]))
    of = plain["feature"] == "days_to_burn"
    assert plain.loc[of, "marker"].any()
    assert not careful.loc[of, "marker"].any()
    pd.testing.assert_frame_equal(careful[~of], plain[~of])


def test_constant_features_have_no_difference(sample):
    features, segments, _ = sample
    table = profile(features.assign(burn_rate=0.5), segments["segment"]).table
    assert (table.loc[table["feature"] == "burn_rate", "difference"] == 0).all()


def test_shares_have_wilson_intervals(sample):
    features, segments, _ = sample
    row = shares(features, segments["segment"], "gender_name").iloc[0]
    n = (segments["segment"] == row["segment"]).sum()
    z, p = norm.ppf(0.975), row["customers"] / n
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert (row["low"], row["high"]) == pytest.approx((middle - reach, middle + reach))
    assert row["lift"] == pytest.approx(p / row["overall_share"])


def test_shares_add_up_and_unknown_is_a_level(sample):
    features, segments, _ = sample
    some = features.assign(city_name=features["city_name"].where(features["city_name"] != "Genoa"))
    table = shares(some, segments["segment"], "city_name")
    assert table.groupby("segment")["share"].sum().to_numpy() == pytest.approx(np.ones(3))
    assert "unknown" in set(table["level"])


def test_random_segments_are_marked_in_few_shops():
    marked = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        features = pd.DataFrame({"city_name": rng.choice(list("abcdefghijklmnopqrst"), 900)})
        segments = pd.Series(rng.choice(list("ABCDE"), 900))
        marked += shares(features, segments, "city_name")["marker"].any()
    assert marked <= 6  # 5% of 40 shops; Wilson's interval is a little narrow for rare levels


@pytest.mark.parametrize("recipe", ["customer", "baseline"])
def test_usage_counts_every_coupon_once(sample, recipe):
    features, assignments, unified = sample
    if recipe == "baseline":
        matrix = baseline_matrix(unified).table
        order = order_values(features, "n_burned", matrix.index)
        assignments = segment(matrix, k=3, order_by=order, n_init=5).table
    table = coupon_usage(unified, assignments, Study(as_of="2026-06-30")).table
    assert table["coupons"].sum() == len(unified)
    assert (table["subscribed"] + table["burned"]).to_numpy() == pytest.approx(np.ones(3))
    burned = (table["burned"] * table["coupons"]).sum()
    assert burned == pytest.approx(unified["transaction_status"].eq("burned").sum())
    early = coupon_usage(unified, assignments, Study(as_of="2025-06-30")).table
    assert (early["burned"] * early["coupons"]).sum() == pytest.approx((unified["burn_date"] <= "2025-06-30").sum())
    frequency = unified.groupby("customer_id")["transaction_id"].transform("size")
    assert (table["usage_frequency"] * table["coupons"]).sum() == pytest.approx(frequency.sum())


def test_results_say_what_they_show_and_what_does_not_apply(sample):
    features, assignments, unified = sample
    letters, study = assignments["segment"], Study(as_of="2026-06-30")
    profiles = profile(features, letters)
    observed = profiles.observed.table.set_index("feature")
    assert observed.columns.tolist() == ["A", "B", "C", "all customers"]
    rows = profiles.behaviour[profiles.behaviour["feature"] == "burn_rate"].set_index("segment")
    assert observed.loc["burn rate", "B"] == f"{rows.loc['B', 'observed']:.0%}"
    assert observed.loc["burn rate", "all customers"] == f"{rows.loc['B', 'observed_overall']:.0%}"
    assert profiles.observed_of("burn_rate") == rows["observed"].to_dict()
    assert str(int(profiles.table["marker"].sum())) in profiles.heatmap.alt
    assert profiles.added.table.empty
    cards = segment_cards(profiles.table, {})
    drawn = [profiles.heatmap, profile_plot(profiles, cards), coupon_usage(unified, assignments, study).status]
    names = compare_names(features, letters, study)
    assert list(names.tables) == ["gender_name", "city_name"]
    pd.testing.assert_frame_equal(names.tables["city_name"], shares(features, letters, "city_name"))
    assert set(names.table["column"]) == set(names.tables)
    for result in [*drawn, *names.results]:
        assert result.text
        assert result.alt
        assert result.caption
        assert result.figure()
    plt.close("all")


def test_results_of_a_shop_that_records_nothing_have_a_text_and_no_figure(sample):
    _, assignments, unified = sample
    usage = coupon_usage(unified.head(0), assignments, Study())
    assert usage.text == NO_TRANSACTIONS
    assert usage.table.empty
    unstated = coupon_usage(unified.assign(transaction_status=None), assignments, Study(as_of="2026-06-30"))
    assert "burned" not in unstated.printed
    only_names = pd.DataFrame({f.name: np.nan for f in FEATURES}, ["a", "b"]).assign(city_name=["Cairo", "Giza"])
    letters = pd.Series(["A", "B"], ["a", "b"])
    profiles = profile(only_names, letters)
    assert not len(profiles.observed.table)
    assert not len(profiles.added.table)
    assert profiles.observed_of("burn_rate") == {}
    for result in (usage.status, unstated.status, profiles.heatmap, profile_plot(profiles, [])):
        assert result.text
        assert result.alt == ""
    nothing = compare_names(only_names.drop(columns="city_name"), letters)
    assert nothing.results == ()
    assert nothing.table.empty
    assert nothing.text.startswith("This shop records neither")


# Shops that record less, and shops that add columns -----------------------------------------------------------------


@pytest.fixture
def enriched(lacking):
    """(features, letters, unified) of a shop without a status that adds columns."""
    rng = np.random.default_rng(0)
    age = np.where(np.arange(400) < 200, np.nan, rng.normal(40, 9, 400))
    added = {"age_$": age, "tier": rng.choice(["gold", "silver", None], 400), "comment": [f"c{i}" for i in range(400)]}
    features, unified, _ = lacking("status", added=added)
    letters = pd.Series(np.where(features.table.index.astype(int) <= 200, "A", "B"), features.table.index)
    return features.table, letters, unified


def test_numbers_of_the_shops_own_are_descriptors_of_the_profile(enriched):
    features, letters, _ = enriched
    table = profile(features, letters, study=Study(wording=TRANSACTION)).table.set_index(["segment", "feature"])
    row = table.loc["B", "age_$"]
    assert row["observed"] == pytest.approx(features.loc[letters == "B", "age_$"].mean())
    assert (row["role"], row["unit"]) == ("descriptor", "number")
    unseen = table.loc["A", "age_$"]
    assert np.isnan(unseen["observed"])
    assert not unseen["marker"]
    features_compared = set(table.index.get_level_values("feature"))
    assert not features_compared & {"tier", "comment", "burn_rate", "days_to_burn", "n_burned", "never_burned"}
    assert table.loc["A", "coupons_per_month"]["unit"] == "transactions a month"


def test_names_of_the_shops_own_are_compared_where_they_have_few_levels(enriched):
    features, letters, _ = enriched
    assert compared_names(features) == ["gender_name", "city_name", "tier"]
    assert set(shares(features, letters, "tier")["level"]) == {"gold", "silver", "unknown"}
    some = features.assign(
        gender_name=None, city_name="Cairo", flag="yes", thirty=[f"{i % 30}" for i in range(len(features))]
    )
    some["flag"] = some["flag"].where(letters == "A")
    some["more"] = [f"{i % 31}" for i in range(len(features))]
    assert compared_names(some) == ["tier", "flag", "thirty"]  # who has no flag is a level as well


def test_without_a_status_usage_counts_and_says_nothing_of_burning(enriched):
    _, letters, unified = enriched
    table = coupon_usage(unified, letters.to_frame("segment"), Study(as_of="2026-06-30")).table
    assert table["coupons"].sum() == len(unified)
    assert table[["subscribed", "burned"]].isna().all(axis=None)
    assert table["usage_frequency"].notna().all()


def test_without_burn_dates_usage_goes_by_the_status(lacking):
    features, unified, _ = lacking("burn dates")
    segments = pd.DataFrame({"segment": "A"}, index=features.table.index)
    table = coupon_usage(unified, segments, Study(as_of="2025-06-30")).table
    assert table["burned"].tolist() == [(unified["transaction_status"] == "burned").mean()]


def test_variables_are_segmentation_features_by_their_kind(enriched):
    features, letters, _ = enriched
    features = features.assign(member=(letters == "B").astype(float), code=[f"c{i}" for i in range(len(features))])
    kinds = {"age_$": "numeric", "member": "binary", "code": "nominal"}
    study = Study(variables={name: VariableRecord(kind) for name, kind in kinds.items()})
    table = profile(features, letters, study=study).table.set_index(["segment", "feature"])
    assert table.loc["B", "age_$"][["kind", "role"]].tolist() == ["numeric", "segmentation"]
    assert table.loc["B", "member"][["kind", "role", "observed"]].tolist() == ["binary", "segmentation", 1.0]
    assert "code" not in table.index.get_level_values("feature")
    assert "code" not in compared_names(features)  # a descriptor with so many levels says nothing
    assert "code" in compared_names(features, study)


# v, intervals, tests of descriptors, exemplars ------------------------------------------------------------------------


def test_v_is_that_of_catdes_on_iris():
    data = load_iris(as_frame=True).data
    letters = pd.Series(KMeans(3, n_init=10, random_state=0).fit_predict(data)).map(str)
    petal = data["petal length (cm)"]
    setosa = letters.iloc[0]  # the first fifty are setosas, and a cluster of their own
    assert (letters == setosa).sum() == 50
    v = v_test(petal, letters)[setosa]
    error = petal.std(ddof=0) * np.sqrt((150 - 50) / (150 - 1) / 50)
    assert v == pytest.approx((petal[:50].mean() - petal.mean()) / error)
    assert v == pytest.approx(-11.2638, abs=5e-5)


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.sampled_from("ABC")), min_size=3, max_size=40))
def test_v_of_all_segments_weighs_out(rows):
    values, letters = pd.Series([value for value, _ in rows]), pd.Series([s for _, s in rows])
    v = v_test(values, letters)
    n = letters.value_counts().reindex(v.index)
    weighted = v * np.sqrt((len(rows) - n) * n)
    assert weighted.sum(skipna=True) == pytest.approx(0, abs=1e-5 * len(rows) ** 2)


def test_a_profile_has_v_and_intervals_round_what_was_observed(sample):
    features, segments, _ = sample
    table = profile(features, segments["segment"]).table.set_index(["segment", "feature"])
    recorded = table.dropna(subset=["low"])
    assert len(recorded) == len(table)
    assert (recorded["low"] <= recorded["observed"] + 1e-12).all()
    assert (recorded["observed"] <= recorded["high"] + 1e-12).all()
    days = features.loc[segments["segment"] == "B", "recency_days"]
    low, high = t.interval(0.95, len(days) - 1, days.mean(), days.std(ddof=1) / np.sqrt(len(days)))
    assert table.loc[("B", "recency_days"), ["low", "high"]].tolist() == pytest.approx([low, high])
    yes = features.loc[segments["segment"] == "B", "never_burned"].dropna()
    wilson = binomtest(int(yes.sum()), len(yes)).proportion_ci(0.95, "wilson")
    assert table.loc[("B", "never_burned"), ["low", "high"]].tolist() == pytest.approx([wilson.low, wilson.high])
    v = v_test(features["burn_rate"], segments["segment"])
    assert table.loc[("B", "burn_rate"), "v"] == pytest.approx(v["B"])


def test_the_interval_of_a_rate_covers_it_as_often_as_it_says():
    covered, feature = [], next(f for f in FEATURES if f.name == "burn_rate")
    for seed in range(400):
        rng = np.random.default_rng(seed)
        matured = rng.poisson(6, 120)
        chance = rng.beta(2, 2, 120)  # customers differ: their coupons are no independent draws
        low, high = interval(pd.Series(rng.binomial(matured, chance)), pd.Series(matured), feature)
        covered.append(low <= 0.5 <= high)
    assert 0.92 <= np.mean(covered) <= 0.98


def test_one_customer_has_no_interval_and_a_rate_without_exceptions_still_has_one(sample):
    features, _, _ = sample
    letters = pd.Series("B", features.index)
    letters.iloc[0] = "A"
    one = profile(features, letters).table.set_index(["segment", "feature"]).loc["A"]
    assert one.loc[["recency_days", "coupons_per_month"], ["low", "high"]].isna().all(axis=None)
    feature = next(f for f in FEATURES if f.name == "burn_rate")
    low, high = interval(pd.Series([3, 4, 2]), pd.Series([3, 4, 2]), feature)
    assert 0 < low < high == 1


def described(n=400, seed=0, **columns):
    """A shop's features with columns of its own, and letters that have nothing to do with them."""
    rng = np.random.default_rng(seed)
    ours = pd.DataFrame(np.nan, range(n), [f.name for f in FEATURES])
    features = ours.assign(n_burned=rng.poisson(3, n), tenure_days=rng.integers(1, 900, n), **columns)
    return features, pd.Series(rng.choice(list("ABC"), n)), rng


def test_only_what_did_not_build_the_segments_is_tested(sample):
    features, segments, _ = sample
    letters = segments["segment"]
    table = descriptor_tests(features, letters, used=["burn_rate", "recency_days"]).table
    assert table["descriptor"].tolist() == ["gender_name", "city_name"]
    assert descriptor_tests(features, letters, used=["burn_rate", "gender_name"]).table["descriptor"].tolist() == [
        "city_name"
    ]
    assert descriptor_tests(features, letters, used=["gender_name", "city_name"]).table.empty
    counts = pd.crosstab(letters, features["gender_name"])
    expected = chi2_contingency(counts, correction=False)
    row = table.iloc[0]
    assert (row["statistic"], row["df"], row["p"]) == pytest.approx((*expected[:1], expected.dof, expected.pvalue))
    assert row["effect"] == pytest.approx(np.sqrt(expected.statistic / len(letters)))


def test_numbers_of_the_shop_are_tested_by_ranks_and_variables_are_not():
    features, letters, rng = described()
    features["age"] = rng.normal(40, 9, len(features)) + 9 * (letters == "A")
    features["income"] = rng.lognormal(8, 1, len(features)).round()
    features.loc[:30, "age"] = np.nan
    table = descriptor_tests(features, letters, used=["burn_rate"]).table.set_index("descriptor")
    assert table.index.tolist() == ["age", "income"]
    groups = [features.loc[letters == s, "age"].dropna() for s in "ABC"]
    assert table.loc["age", ["statistic", "p"]].tolist() == pytest.approx(list(kruskal(*groups)))
    assert table.loc["age", "customers"] == features["age"].notna().sum()
    assert table.loc["age", "differs"]
    assert table["p_holm"].tolist() == pytest.approx([2 * table.loc["age", "p"], table.loc["income", "p"]])
    assert "segments differ in age" in table.loc["age", "sentence"]
    study = Study(variables={"age": VariableRecord("numeric")})
    rest = descriptor_tests(features, letters, used=["burn_rate"], study=study).table
    assert rest["descriptor"].tolist() == ["income"]


def test_rare_levels_and_small_segments_are_tested_by_shuffling():
    features, letters, rng = described(60)
    features["tier"] = rng.choice(["a", "b", None], 60, p=[0.05, 0.6, 0.35])
    features["age"] = rng.normal(size=60)
    letters = letters.where(letters != "C", "A")
    letters[:3] = "C"
    table = descriptor_tests(features, letters, used=[], n_shuffles=199, seed=4).table
    assert table["test"].tolist() == ["chi-square, shuffled", "Kruskal-Wallis, shuffled"]
    assert table["p"].between(0, 1).all()
    pd.testing.assert_frame_equal(table, descriptor_tests(features, letters, used=[], n_shuffles=199, seed=4).table)


def test_tests_of_descriptors_reject_as_often_as_they_should():
    rejected = []
    for seed in range(120):
        features, letters, rng = described(80, seed)
        features = features.assign(
            tier=rng.choice(list("abcdef"), 80, p=[0.5, 0.3, 0.08, 0.06, 0.03, 0.03]), age=rng.normal(size=80).round(1)
        )
        table = descriptor_tests(features, letters, used=[], n_shuffles=99, seed=seed).table
        rejected.append([*(table["p"] < 0.05).tolist(), table["differs"].any()])
    assert (np.mean(rejected, axis=0) <= 0.1).all()


def test_nothing_to_compare_is_no_error():
    features, letters, _ = described(20, only=1.0)
    table = descriptor_tests(features, letters, used=[]).table
    tests = descriptor_tests(features, letters, used=[])
    assert tests.sentences == (tests.table.loc[0, "sentence"],)
    assert descriptor_tests(features, letters, used=["only"]).sentences[0].startswith("There is nothing to test")
    assert np.isnan(table.loc[0, "p"])
    assert not table.loc[0, "differs"]
    assert "nothing to compare" in table.loc[0, "sentence"]
    assert descriptor_tests(features, pd.Series("A", features.index), used=[]).table["p"].isna().all()
    with pytest.raises(ParameterRefused, match="have features and no segment"):
        descriptor_tests(features, letters.iloc[5:], used=[])
    with pytest.raises(ParameterRefused, match="n_shuffles"):
        descriptor_tests(features, letters, used=[], n_shuffles=0)


def test_exemplars_are_the_nearest_real_customers(prepared):
    _, features = prepared("sample")
    matrix = customer_matrix(features.table).table
    fit = segment(matrix, k=3, order_by=features.table["n_burned"], n_init=3)
    table = exemplars(matrix, fit.table["segment"], fit.centres)
    assert table["segment"].tolist() == ["A", "B", "C"]
    for row in table.itertuples():
        assert fit.table.loc[row.customer_id, "segment"] == row.segment
        away = np.sqrt(((matrix - fit.centres.loc[row.segment]) ** 2).sum(axis=1))
        assert row.distance == pytest.approx(away[fit.table["segment"] == row.segment].min())
    with pytest.raises(ParameterRefused, match="columns"):
        exemplars(matrix, fit.table["segment"], fit.centres.iloc[:, 1:])
    with pytest.raises(ParameterRefused, match="no segment"):
        exemplars(matrix, fit.table["segment"].iloc[3:], fit.centres)


def test_of_transactions_the_customer_of_the_nearest_one_is_named():
    index = pd.MultiIndex.from_tuples(
        [("1", "a"), ("1", "b"), ("2", "c"), ("3", "d")], names=["customer_id", "transaction_id"]
    )
    matrix = pd.DataFrame({"x": [0.0, 5.0, 1.0, 9.0]}, index)
    centres = pd.DataFrame({"x": [0.9, 8.0, 50.0]}, pd.Index(["A", "B", "C"], name="segment"))
    rows = pd.Series(["A", "B", "A", "B"], index)
    table = exemplars(matrix, rows, centres)
    assert table["customer_id"].tolist()[:2] == ["2", "3"]
    assert table["distance"].tolist()[:2] == pytest.approx([0.1, 1.0])
    assert table.loc[2, "rows"] == 0
    of_customers = exemplars(matrix, pd.Series({"1": "A", "2": "B", "3": "B"}), centres)
    assert of_customers["customer_id"].tolist()[:2] == ["1", "3"]


# Long tails -----------------------------------------------------------------------------------------------------


def spending(rng, n=300):
    """Half of the customers spend about 50 a month, half about 280, and a handful tens of thousands."""
    low, high = rng.lognormal(np.log(49), 0.3, n), rng.lognormal(np.log(280), 0.5, n)
    high[:5] *= 200
    index = pd.Index([str(i) for i in range(2 * n)], name="customer_id")
    table = pd.DataFrame({"spent": np.r_[low, high]}, index)
    return table, pd.Series(["A"] * n + ["B"] * n, index, name="segment")


@pytest.mark.parametrize("log", [True, False])
def test_a_few_large_values_do_not_hide_that_a_segment_spends_a_sixth(log):
    """In raw standard deviations nobody differs but the handful; half of the customers spend 49 beside 280."""
    table, letters = spending(np.random.default_rng(1))
    study = Study(variables={"spent": VariableRecord("numeric", "EUR", log=log)})
    rows = profile(table, letters, study=study).table.set_index("segment")
    raw = (table["spent"].groupby(letters).mean() - table["spent"].mean()) / table["spent"].std(ddof=0)
    assert raw.abs().max() < 0.5
    unit = 1 if log else table["spent"].median()
    logs = np.log1p(table["spent"] / unit)
    expected = (logs.groupby(letters).mean() - logs.mean()) / logs.std(ddof=0)
    assert rows["difference"].to_dict() == pytest.approx(expected.to_dict())
    assert rows["marker"].all()
    assert (rows["scale"] == "logarithms").all()


def test_where_mean_and_logarithms_disagree_nothing_is_a_marker():
    """Most of segment B spend less than those of A, and two of them so much that its mean is greater."""
    rng = np.random.default_rng(2)
    values = np.r_[rng.lognormal(4, 0.2, 100), rng.lognormal(2, 0.2, 98), 1e5, 1e5]
    index = pd.Index([str(i) for i in range(200)], name="customer_id")
    letters = pd.Series(["A"] * 100 + ["B"] * 100, index)
    study = Study(variables={"spent": VariableRecord("numeric", log=True)})
    rows = profile(pd.DataFrame({"spent": values}, index), letters, study=study).table.set_index("segment")
    assert rows.loc["A", "observed"] < rows.loc["B", "observed"]
    assert rows.loc["A", "difference"] > 0.5
    assert not rows["marker"].any()


def test_numbers_without_a_long_tail_are_compared_as_they_are():
    rng = np.random.default_rng(3)
    index = pd.Index([str(i) for i in range(100)], name="customer_id")
    table = pd.DataFrame({"age": rng.normal(40, 10, 100)}, index)
    letters = pd.Series(["A"] * 30 + ["B"] * 70, index)
    rows = profile(table, letters, study=Study(variables={"age": VariableRecord("numeric")})).table
    expected = (table["age"].groupby(letters).mean() - table["age"].mean()) / table["age"].std(ddof=0)
    assert rows.set_index("segment")["difference"].to_dict() == pytest.approx(expected.to_dict())
    assert (rows["scale"] == "").all()


# What a manager would read wrongly ----------------------------------------------------------------------------------


def test_no_headline_is_made_of_coupons_that_are_too_young_and_no_word_stands_on_the_other_part():
    usage = pd.DataFrame({"segment": list("AB"), "burned": [0.9, 0.17], "subscribed": [0.1, 0.83]})
    ax = plot_status(usage)
    title = ax.figure.get_suptitle()
    assert "young" in title
    assert not re.search(r"\d", title)
    labels = {text.get_text(): text.xy[0] for text in ax.texts}
    assert set(labels) == {"used 90%, not yet 10%", "used 17%, not yet 83%"}
    assert min(labels.values()) >= ax.get_xlim()[1] == 1  # beside the bars, which end at 1
    plt.close("all")


@given(differences=st.lists(st.floats(-3, 3).map(lambda x: round(x, 2)), min_size=4, max_size=4))
@settings(max_examples=15, deadline=None)
def test_title_and_alternative_text_of_a_figure_name_the_same_number(differences):
    table = pd.DataFrame({"segment": list("AABB"), "feature": ["x", "y"] * 2, "difference": differences})
    heatmap = DifferenceHeatmap(table.assign(role="segmentation"), 40)
    title = heatmap.figure().figure.get_suptitle()
    [stated] = re.findall(r"(\d+) reach half", heatmap.alt)
    assert int(stated) == int(title.split()[0]) == sum(abs(difference) >= 0.5 for difference in differences)
    plt.close("all")


def test_groups_of_another_day_have_neither_the_colours_nor_the_bare_letters_of_today():
    rows = pd.DataFrame({"segment": list("ABC"), "outcome": "burned", "unit": "share of customers", "overall": 0.5})
    rows = rows.assign(value=[0.2, 0.5, 0.8], low=[0.1, 0.4, 0.7], high=[0.3, 0.6, 0.9])
    ax = plot_outcomes(rows, outcome="burned")
    used = {to_hex(line.get_color()) for line in ax.lines}
    assert not used & {to_hex(colour(letter)) for letter in "ABC"}
    assert not {label.get_text() for label in ax.get_yticklabels()} & set("ABC")
    plt.close("all")
