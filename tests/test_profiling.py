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
