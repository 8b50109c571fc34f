"""Counts, calendars, and a test of difference that keeps its level."""

import numpy as np
import pandas as pd
import pytest

from seglib.explore import calendar, coupon_counts, demographics, fates, holm, homogeneity
from seglib.ingest import ingest


@pytest.fixture
def unified(tables, write_csv):
    return ingest(write_csv(tables)).unified.df()


def test_the_calendar_counts_every_month_and_hides_what_is_to_come(unified):
    months = calendar(unified, as_of="2024-06-30")
    assert months["month"].dt.strftime("%Y-%m").tolist() == [f"2024-0{m}" for m in range(1, 7)]
    assert months["claimed"].tolist() == [2, 1, 1, 0, 0, 2]
    assert months["burned"].tolist() == [2, 0, 1, 0, 0, 0]


def test_fates_separate_decided_coupons_from_young_ones(unified):
    table = fates(unified, as_of="2024-06-30", burn_window=90).set_index("age")
    assert table.loc["90 days or older"].tolist() == [4, 0.75]
    assert table.loc["younger"].tolist() == [2, 0.0]


def test_expected_counts_are_a_distribution_with_the_same_mean():
    rng = np.random.default_rng(0)
    n = rng.poisson(3, 4000)
    unified = pd.DataFrame({"customer_id": np.repeat(np.arange(4000), n)})
    table = coupon_counts(unified)
    assert table["customers"].sum() == (n > 0).sum()
    assert table["expected"].sum() == pytest.approx((n > 0).sum(), rel=0.01)
    assert (table["coupons"] * table["expected"]).sum() == pytest.approx(n.sum(), rel=0.01)
    assert table["customers"].to_numpy() == pytest.approx(table["expected"].to_numpy(), abs=80)


def test_one_coupon_each_is_no_problem():
    table = coupon_counts(pd.DataFrame({"customer_id": ["a", "b"]}))
    assert table.to_numpy().tolist() == [[1, 2, pytest.approx(2)]]


def test_demographics_count_customers_and_gather_the_rare(unified):
    table = demographics(unified, "city_name").set_index("level")
    assert table["customers"].to_dict() == {"Cairo": 2, "Giza": 1}
    assert table.loc["Cairo", "coupons_per_customer"] == 2
    assert table.loc["Giza", "burned_share"] == 1
    assert demographics(unified, "gender_name")["level"].tolist() == ["Female", "Male"]
    many = pd.DataFrame(
        {"customer_id": range(40), "city_name": [f"c{i % 20}" for i in range(40)], "transaction_status": "burned"}
    )
    gathered = demographics(many, "city_name", levels=5)
    assert gathered["level"].iloc[-1] == "16 others"
    assert gathered["customers"].sum() == 40


def test_unknown_names_are_shown_as_unknown(unified):
    assert "unknown" in demographics(unified.assign(gender_name=None), "gender_name")["level"].tolist()


def test_holm_is_monotone_and_never_smaller():
    p = pd.Series([0.04, 0.01, 0.5, 0.011])
    adjusted = holm(p)
    assert adjusted.tolist() == pytest.approx([0.08, 0.04, 0.5, 0.04])
    assert (adjusted >= p).all()


def evidence(folder, **options):
    shop = ingest(folder)
    settings = {"as_of": f"{shop.as_of:%Y-%m-%d}", "burn_window": 90, "n_shuffles": 199, **options}
    return homogeneity(shop.unified.df(), shop.table("customers"), **settings)


def test_planted_differences_are_found(generated):
    folder, _ = generated(customers=600, transactions=6000, separation="medium", seed=1)
    table = evidence(folder).table.set_index(["behaviour", "between"])
    assert table.loc["burn rate", "customers"]["differ"]
    assert table.loc["days to burn", "customers"]["differ"]
    assert (table["value"] > table["null_high"]).sum() >= 3


def test_without_structure_the_panel_keeps_its_level(generated):
    false_alarms = 0
    for seed in range(20):
        folder, _ = generated(customers=150, transactions=900, segments=0, separation="none", seed=seed)
        false_alarms += evidence(folder, n_shuffles=99).table["differ"].any()
    assert false_alarms <= 4  # 20 panels at a family-wise level of 5%: more than 4 has probability .003


def test_the_panel_does_not_depend_on_row_order_or_run(generated):
    folder, _ = generated(customers=200, transactions=1500, seed=2)
    pd.testing.assert_frame_equal(evidence(folder).table, evidence(folder).table)


def test_shops_without_gender_and_city_are_tested_on_the_rest(tables, write_csv):
    shop = {name: tables[name] for name in ("transactions", "customers")}
    shop["customers"] = shop["customers"][["customer_id", "join_date"]]
    table = evidence(write_csv(shop), burn_window=30).table
    assert set(table["between"]) == {"customers"}
    assert table["p"].between(0, 1).all()


def test_the_sentence_names_what_differs_and_what_does_not(generated):
    folder, _ = generated(customers=400, transactions=4000, segments=0, separation="continuum", seed=1)
    text = evidence(folder).text
    assert "Customers differ by more than chance in number of coupons" in text
    assert "Cities do not differ by more than chance" in text


def test_the_original_workbook_behaves_like_random_draws(workbook):
    found = evidence(workbook, n_shuffles=999)
    assert not found.table["differ"].any()
    assert "Customers do not differ by more than chance" in found.text
