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


def test_a_profile_is_means_beside_the_mean_of_all(sample):
    features, segments, _ = sample
    table = profiling.profile(features, segments["segment"]).set_index(["segment", "feature"])
    values = features["days_to_burn"]
    own = values[segments["segment"] == "B"]
    row = table.loc["B", "days_to_burn"]
    assert row["mean"] == pytest.approx(own.mean())
    assert row["overall_mean"] == pytest.approx(values.mean())
    assert row["difference"] == pytest.approx((own.mean() - values.mean()) / values.std(ddof=0))
    assert row["customers"] == len(own)
    assert row["marker"] == (abs(row["difference"]) >= 0.5)
    assert "spend_per_month" not in table.index.get_level_values("feature")  # this shop has no amounts


def test_weighted_differences_cancel_out(sample):
    features, segments, _ = sample
    table = profiling.profile(features, segments["segment"])
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


def test_a_rare_level_is_no_marker_by_chance():
    rng = np.random.default_rng(0)
    features = pd.DataFrame({"city_name": rng.choice(list("abcdefghij"), 60)})
    segments = pd.Series(rng.choice(["A", "B"], 60))
    assert profiling.shares(features, segments, "city_name")["marker"].sum() <= 2


@pytest.mark.parametrize("recipe", ["customer", "baseline"])
def test_usage_counts_every_coupon_once(sample, recipe):
    features, assignments, unified = sample
    if recipe == "baseline":
        matrix = baseline_matrix(unified).table
        order = clustering.order_values(features, "n_burned", matrix.index)
        assignments = clustering.segment(matrix, k=3, order_by=order, n_init=5).table
    table = profiling.usage(unified, assignments)
    assert table["coupons"].sum() == len(unified)
    assert (table["subscribed"] + table["burned"]).to_numpy() == pytest.approx(np.ones(3))
    burned = (table["burned"] * table["coupons"]).sum()
    assert burned == pytest.approx(unified["transaction_status"].eq("burned").sum())
    frequency = unified.groupby("customer_id")["transaction_id"].transform("size")
    assert (table["usage_frequency"] * table["coupons"]).sum() == pytest.approx(frequency.sum())
