"""Profiles: means and shares beside all customers, and what was done with coupons."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from seglib import clustering, profiling
from seglib.preprocessing import baseline_matrix, customer_matrix


@pytest.fixture
def sample(prepared):
    """(features, assignments, unified) of the committed sample in three segments."""
    run, features = prepared("sample")
    matrix = customer_matrix(features.table).table
    fit = clustering.segment(matrix, k=3, order_by=features.table["n_burned"], n_init=20)
    return features.table, fit.table, run.read("unified")


def test_a_profile_holds_what_was_seen_and_how_far_it_lies_from_all(sample):
    features, segments, _ = sample
    table = profiling.profile(features, segments["segment"]).set_index(["segment", "feature"])
    own = features[segments["segment"] == "B"]
    row = table.loc["B", "days_to_burn"]
    assert row["seen"] == pytest.approx(own["lag_days"].sum() / own["n_decided_burned"].sum())
    assert row["seen_overall"] == pytest.approx(features["lag_days"].sum() / features["n_decided_burned"].sum())
    values = features["days_to_burn"]
    assert row["difference"] == pytest.approx((own["days_to_burn"].mean() - values.mean()) / values.std(ddof=0))
    assert table.loc["B", "recency_days"]["seen"] == pytest.approx(own["recency_days"].mean())
    assert row["customers"] == len(own)
    assert row["marker"] == (abs(row["difference"]) >= 0.5)
    assert not table.index.get_level_values("feature").isin(["spend_per_month", "n_decided"]).any()


def test_weighted_differences_cancel_out(sample):
    features, segments, _ = sample
    table = profiling.profile(features, segments["segment"])
    table = table[table["feature"] != "never_burned"]  # which is missing for some
    weighted = (table["difference"] * table["customers"]).groupby(table["feature"]).sum()
    assert weighted.abs().max() < 1e-6


def test_what_may_be_chance_marks_no_segment(sample):
    features, segments, _ = sample
    plain, careful = (profiling.profile(features, segments["segment"], unreliable=u) for u in ((), ["days_to_burn"]))
    of = plain["feature"] == "days_to_burn"
    assert plain.loc[of, "marker"].any()
    assert not careful.loc[of, "marker"].any()
    pd.testing.assert_frame_equal(careful[~of], plain[~of])


def test_constant_features_have_no_difference(sample):
    features, segments, _ = sample
    table = profiling.profile(features.assign(burn_rate=0.5), segments["segment"])
    assert (table.loc[table["feature"] == "burn_rate", "difference"] == 0).all()


def test_shares_have_wilson_intervals(sample):
    features, segments, _ = sample
    row = profiling.shares(features, segments["segment"], "gender_name").iloc[0]
    n = (segments["segment"] == row["segment"]).sum()
    z, p = norm.ppf(0.975), row["customers"] / n
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert (row["low"], row["high"]) == pytest.approx((middle - reach, middle + reach))
    assert row["lift"] == pytest.approx(p / row["overall_share"])


def test_shares_add_up_and_unknown_is_a_level(sample):
    features, segments, _ = sample
    some = features.assign(city_name=features["city_name"].where(features["city_name"] != "Genoa"))
    table = profiling.shares(some, segments["segment"], "city_name")
    assert table.groupby("segment")["share"].sum().to_numpy() == pytest.approx(np.ones(3))
    assert "unknown" in set(table["level"])


def test_random_segments_are_marked_in_few_shops():
    marked = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        features = pd.DataFrame({"city_name": rng.choice(list("abcdefghijklmnopqrst"), 900)})
        segments = pd.Series(rng.choice(list("ABCDE"), 900))
        marked += profiling.shares(features, segments, "city_name")["marker"].any()
    assert marked <= 6  # 5% of 40 shops; Wilson's interval is a little narrow for rare levels


@pytest.mark.parametrize("recipe", ["customer", "baseline"])
def test_usage_counts_every_coupon_once(sample, recipe):
    features, assignments, unified = sample
    if recipe == "baseline":
        matrix = baseline_matrix(unified).table
        order = clustering.order_values(features, "n_burned", matrix.index)
        assignments = clustering.segment(matrix, k=3, order_by=order, n_init=5).table
    table = profiling.usage(unified, assignments, as_of="2026-06-30")
    assert table["coupons"].sum() == len(unified)
    assert (table["subscribed"] + table["burned"]).to_numpy() == pytest.approx(np.ones(3))
    burned = (table["burned"] * table["coupons"]).sum()
    assert burned == pytest.approx(unified["transaction_status"].eq("burned").sum())
    early = profiling.usage(unified, assignments, as_of="2025-06-30")
    assert (early["burned"] * early["coupons"]).sum() == pytest.approx((unified["burn_date"] <= "2025-06-30").sum())
    frequency = unified.groupby("customer_id")["transaction_id"].transform("size")
    assert (table["usage_frequency"] * table["coupons"]).sum() == pytest.approx(frequency.sum())


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
    table = profiling.profile(features, letters).set_index(["segment", "feature"])
    row = table.loc["B", "age_$"]
    assert row["seen"] == pytest.approx(features.loc[letters == "B", "age_$"].mean())
    assert (row["role"], row["unit"]) == ("descriptor", "number")
    unseen = table.loc["A", "age_$"]
    assert np.isnan(unseen["seen"])
    assert not unseen["marker"]
    told = set(table.index.get_level_values("feature"))
    assert not told & {"tier", "comment", "burn_rate", "days_to_burn", "n_burned", "never_burned"}
    assert table.loc["A", "coupons_per_month"]["unit"] == "transactions a month"


def test_names_of_the_shops_own_are_compared_where_they_have_few_levels(enriched):
    features, letters, _ = enriched
    assert profiling.compared_names(features) == ["gender_name", "city_name", "tier"]
    assert set(profiling.shares(features, letters, "tier")["level"]) == {"gold", "silver", "unknown"}
    some = features.assign(
        gender_name=None, city_name="Cairo", flag="yes", thirty=[f"{i % 30}" for i in range(len(features))]
    )
    some["flag"] = some["flag"].where(letters == "A")
    some["more"] = [f"{i % 31}" for i in range(len(features))]
    assert profiling.compared_names(some) == ["tier", "flag", "thirty"]  # who has no flag is a level as well


def test_without_a_status_usage_counts_and_says_nothing_of_burning(enriched):
    _, letters, unified = enriched
    table = profiling.usage(unified, letters.to_frame("segment"), as_of="2026-06-30")
    assert table["coupons"].sum() == len(unified)
    assert table[["subscribed", "burned"]].isna().all(axis=None)
    assert table["usage_frequency"].notna().all()


def test_without_burn_dates_usage_goes_by_the_status(lacking):
    features, unified, _ = lacking("burn dates")
    segments = pd.DataFrame({"segment": "A"}, index=features.table.index)
    table = profiling.usage(unified, segments, as_of="2025-06-30")
    assert table["burned"].tolist() == [(unified["transaction_status"] == "burned").mean()]


def test_variables_are_segmentation_features_by_their_kind(enriched):
    features, letters, _ = enriched
    features = features.assign(member=(letters == "B").astype(float), code=[f"c{i}" for i in range(len(features))])
    kinds = {"age_$": "numeric", "member": "binary", "code": "nominal"}
    variables = {name: {"kind": kind, "unit": "", "log": False} for name, kind in kinds.items()}
    table = profiling.profile(features, letters, variables=variables).set_index(["segment", "feature"])
    assert table.loc["B", "age_$"][["kind", "role"]].tolist() == ["numeric", "segmentation"]
    assert table.loc["B", "member"][["kind", "role", "seen"]].tolist() == ["binary", "segmentation", 1.0]
    assert "code" not in table.index.get_level_values("feature")
    assert "code" not in profiling.compared_names(features)  # a descriptor with so many levels says nothing
    assert "code" in profiling.compared_names(features, variables)
