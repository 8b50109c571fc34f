"""Counts, calendars, and a test of difference that keeps its level."""

import numpy as np
import pandas as pd
import pytest

from seglib.errors import ParameterRefused
from seglib.explore import ALIKE, BY_TIME, calendar, claims, coupon_counts, demographics, fates, homogeneity
from seglib.ingest import ingest
from seglib.sample import make_shop


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
    assert table.loc["under 90 days"].tolist() == [2, 0.0]


def poisson_shop(rate, joined, seed=0):
    """A shop whose customers claim like dice: ``rate(t)`` coupons a day at day t, from the day they joined."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2024-01-01", periods=len(rate), freq="D")
    rows = [
        (str(i), days[t])
        for i, start in enumerate(joined)
        for t in np.repeat(np.arange(start, len(rate)), rng.poisson(rate[start:]))
    ]
    unified = pd.DataFrame(rows, columns=["customer_id", "transaction_date"]).assign(transaction_status="subscribed")
    customers = pd.DataFrame({"customer_id": [str(i) for i in range(len(joined))], "join_date": days[joined]})
    return unified, customers, f"{days[-1]:%Y-%m-%d}"


def test_claims_expect_of_everybody_what_was_claimed_in_their_time():
    rng = np.random.default_rng(1)
    rate = np.linspace(0.01, 0.08, 300)
    unified, customers, as_of = poisson_shop(rate, rng.integers(0, 300, 2000))
    claimed = claims(unified, customers, as_of=as_of)
    assert claimed["expected"].sum() == pytest.approx(len(unified))
    assert claimed["coupons"].sum() == len(unified)
    start = (claimed["since"] - pd.Timestamp("2024-01-01")).dt.days
    assert claimed["expected"].to_numpy() == pytest.approx([rate[t:].sum() for t in start], rel=0.15, abs=0.1)


def test_claims_leave_out_who_comes_later(unified, tables):
    customers = tables["customers"].assign(join_date=pd.to_datetime(tables["customers"]["join_date"]))
    claimed = claims(unified[unified["transaction_date"] <= "2024-03-15"], customers, as_of="2024-03-15")
    assert claimed["coupons"].to_dict() == {"1": 2, "2": 2, "3": 0}


@pytest.mark.parametrize("growth", [0.25, 1, 4])
def test_counts_expected_by_chance_follow_the_calendar(growth):
    rng = np.random.default_rng(2)
    rate = 0.03 * np.geomspace(1, growth, 300)
    unified, customers, as_of = poisson_shop(rate, rng.integers(0, 250, 3000))
    table = coupon_counts(claims(unified, customers, as_of=as_of))
    assert table["customers"].sum() == 3000
    assert table["expected"].sum() == pytest.approx(3000, rel=0.01)
    assert (table["coupons"] * table["expected"]).sum() == pytest.approx(len(unified), rel=0.01)
    assert set(table["view"]) == {BY_TIME}
    assert np.abs(table["customers"] - table["expected"]).sum() / 3000 < 0.08


def test_equal_chances_are_recognised():
    rng = np.random.default_rng(3)
    claimed = pd.DataFrame({"coupons": rng.poisson(5, 2000), "expected": rng.uniform(0, 10, 2000)})
    assert set(coupon_counts(claimed)["view"]) == {ALIKE}


def test_demographics_count_customers_and_gather_the_rare(unified):
    table = demographics(unified, "city_name").set_index("level")
    assert table["customers"].to_dict() == {"Cairo": 2, "Giza": 1}
    assert table.loc["Cairo", "coupons_per_customer"] == 2
    assert demographics(unified, "gender_name")["level"].tolist() == ["Female", "Male"]
    many = pd.DataFrame(
        {"customer_id": range(40), "city_name": [f"c{i % 20}" for i in range(40)], "transaction_status": "burned"}
    )
    gathered = demographics(many, "city_name", levels=5)
    assert gathered["level"].iloc[-1] == "16 others"
    assert gathered["customers"].sum() == 40


def test_unknown_names_are_shown_as_unknown(unified):
    assert "unknown" in demographics(unified.assign(gender_name=None), "gender_name")["level"].tolist()


def evidence(folder, **options):
    shop = ingest(folder)
    settings = {"as_of": f"{shop.as_of:%Y-%m-%d}", "burn_window": 90, "n_shuffles": 399, **options}
    return homogeneity(shop.unified.df(), shop.table("customers"), **settings)


def test_planted_differences_are_found(generated):
    folder, _ = generated(customers=600, transactions=6000, separation="medium", seed=1)
    table = evidence(folder).table.set_index(["behaviour", "among"])
    assert table.loc["burn rate", "customers"]["differ"]
    assert table.loc["days to burn", "customers"]["differ"]
    assert (table["value"] > table["null_high"]).sum() >= 3


def test_without_structure_the_panel_keeps_its_level(generated):
    false_alarms = 0
    for seed in range(20):
        folder, _ = generated(customers=150, transactions=900, segments=0, separation="none", seed=seed)
        false_alarms += evidence(folder, n_shuffles=199).table["differ"].any()
    assert false_alarms <= 4  # 20 panels at a family-wise level of 5%: more than 4 has probability .003


def test_the_panel_does_not_depend_on_row_order_or_run(generated):
    folder, _ = generated(customers=200, transactions=1500, seed=2)
    pd.testing.assert_frame_equal(evidence(folder).table, evidence(folder).table)


@pytest.mark.parametrize("growth", [0.25, 4])
def test_a_shop_that_grows_or_shrinks_is_not_one_whose_customers_differ(growth):
    rejected = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        rate = 0.03 * np.geomspace(1, growth, 300)
        unified, customers, as_of = poisson_shop(rate, rng.integers(0, 280, 500), seed)
        unified = unified.assign(burn_date=pd.NaT, gender_name="x", city_name="y")
        customers = customers.assign(gender_id="1", city_id="1")
        found = homogeneity(unified, customers, as_of=as_of, burn_window=1, n_shuffles=99)
        rejected += found.table["differ"].iloc[0]
    assert rejected <= 2


def test_what_cannot_be_compared_is_said(tables, write_csv):
    tables["transactions"] = tables["transactions"].assign(transaction_status="subscribed", burn_date=None)
    found = evidence(write_csv(tables), burn_window=1)
    assert "Whether customers differ in burn rate or days to burn cannot be told here." in found.text
    told = found.table.set_index(["behaviour", "among"]).loc[("burn rate", "customers")]
    assert np.isnan(told["p_holm"])
    assert not told["differ"]


def test_without_join_dates_counts_cannot_be_told(tables, write_csv):
    tables["customers"]["join_date"] = None
    assert "Whether customers differ in number of coupons" in evidence(write_csv(tables), burn_window=30).text


def test_customers_without_a_coupon_count_among_their_gender(generated):
    """Half of the women never claim: the genders differ, although every woman who claims, claims like a man."""
    rng = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", "2024-12-31")
    active = np.r_[np.ones(300), rng.random(300) < 0.5]
    n = rng.poisson(5, 600) * active.astype(int)
    unified = pd.DataFrame({"customer_id": np.repeat(np.arange(600).astype(str), n)})
    unified["transaction_date"] = rng.choice(days, len(unified))
    unified = unified.assign(transaction_status="subscribed", burn_date=pd.NaT)
    gender = np.repeat(["1", "2"], 300)
    customers = pd.DataFrame({"customer_id": np.arange(600).astype(str), "gender_id": gender, "city_id": "1"})
    customers["join_date"] = days[0]
    found = homogeneity(unified, customers, as_of="2024-12-31", burn_window=1, n_shuffles=199)
    assert "number of coupons among genders" in found.differing


def test_too_few_shuffles_are_refused(generated):
    folder, _ = generated(customers=50, transactions=300, seed=1)
    with pytest.raises(ParameterRefused, match="take at least 180"):
        evidence(folder, n_shuffles=99)


def test_shops_without_gender_and_city_are_tested_on_the_rest(tables, write_csv):
    shop = {name: tables[name] for name in ("transactions", "customers")}
    shop["customers"] = shop["customers"][["customer_id", "join_date"]]
    table = evidence(write_csv(shop), burn_window=30).table
    assert set(table["among"]) == {"customers"}
    assert table["p"].between(0, 1).all()


def test_the_sentence_names_what_differs_and_what_does_not(generated):
    folder, _ = generated(customers=400, transactions=4000, segments=0, separation="continuum", seed=1)
    text = evidence(folder).text
    assert "Customers differ by more than chance in number of coupons" in text
    assert "Cities were not found to differ" in text


def test_the_original_workbook_behaves_like_random_draws(workbook):
    found = evidence(workbook, n_shuffles=999)
    assert not found.table["differ"].any()
    assert found.differing == []
    assert "Customers were not found to differ" in found.text


# Shops that record less ----------------------------------------------------------------------------------------------


def test_the_calendar_has_burns_only_where_they_have_dates(lacking):
    for lacks, columns in (
        ((), ["month", "claimed", "burned"]),
        (("status",), ["month", "claimed"]),
        (("burn dates",), ["month", "claimed"]),
    ):
        _, unified, _ = lacking(*lacks)
        months = calendar(unified, as_of="2026-06-30")
        assert months.columns.tolist() == columns
        assert months["claimed"].sum() == len(unified)


def test_where_no_burn_has_a_date_ages_show_how_the_share_burned_grows(lacking):
    _, unified, _ = lacking("burn dates")
    table = fates(unified, as_of="2026-06-30", burn_window=0)
    ages = ["under 30 days", "30 to 59 days", "60 to 89 days", "90 to 179 days", "180 days or older"]
    assert table["age"].tolist() == ages
    assert table["coupons"].sum() == len(unified)
    assert table["burned"].iloc[0] < table["burned"].iloc[-1] - 0.1


@pytest.mark.parametrize(
    ("lacks", "behaviours", "among"),
    [
        (["status"], {"number of transactions"}, {"customers", "genders", "cities"}),
        (["burn dates"], {"number of coupons", "burn rate"}, {"customers", "genders", "cities"}),
        (["names"], {"number of coupons", "burn rate", "days to burn"}, {"customers"}),
        (["status", "names"], {"number of transactions"}, {"customers"}),
    ],
)
def test_what_is_not_recorded_is_not_asked(lacking, lacks, behaviours, among):
    features, unified, customers = lacking(*lacks)
    found = homogeneity(unified, customers, as_of="2026-06-30", burn_window=features.fates.window, n_shuffles=199)
    assert set(found.table["behaviour"]) == behaviours
    assert set(found.table["among"]) == among
    assert found.table["p"].notna().all()
    assert "cannot be told" not in found.text
    assert f"number of {'transactions' if 'status' in lacks else 'coupons'} among customers" in found.differing


def test_a_burn_without_a_date_is_no_difference_either_where_all_are_alike(canonical):
    rejected = 0
    for seed in range(12):
        shop = make_shop(customers=200, transactions=1500, segments=0, separation="none", seed=seed)
        con = canonical(shop.tables, without=["burn dates", "names"])
        transactions = con.table("transactions").df()
        found = homogeneity(
            transactions, con.table("customers").df(), as_of="2026-06-30", burn_window=0, n_shuffles=99
        ).table.set_index("behaviour")
        rejected += found.loc["burn rate", "p"] < 0.05
    assert rejected <= 3  # at a level of 5% more than 3 of 12 has probability .002
