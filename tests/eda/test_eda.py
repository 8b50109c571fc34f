"""Counts, calendars, and a test of difference that keeps its level."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import CensoredData, ecdf

from seglib.datasets.shop import make_shop
from seglib.eda.correlation import correlated_pairs, correlations, numbers
from seglib.eda.counts import ALIKE, BY_TIME, calendar, claims, coupon_counts, demographics
from seglib.eda.heterogeneity import homogeneity, levels
from seglib.eda.redemption_curve import redemption_by_age, redemption_curve
from seglib.errors import ParameterRefused
from seglib.ingest.shop import ingest
from seglib.schema.features import Feature


@pytest.fixture
def unified(tables, write_csv):
    return ingest(write_csv(tables)).unified.df()


def test_the_calendar_counts_every_month_and_hides_what_is_to_come(unified):
    months = calendar(unified, as_of="2024-06-30")
    assert months["month"].dt.strftime("%Y-%m").tolist() == [f"2024-0{m}" for m in range(1, 7)]
    assert months["claimed"].tolist() == [2, 1, 1, 0, 0, 2]
    assert months["burned"].tolist() == [2, 0, 1, 0, 0, 0]


def test_fates_separate_decided_coupons_from_young_ones(unified):
    table = redemption_by_age(unified, as_of="2024-06-30", burn_window=90).set_index("age")
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
    unified["amount"] = np.nan
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


def test_demographics_count_customers_and_gather_the_rare():
    people = pd.DataFrame(
        {"city_name": ["Giza", "Cairo", "Cairo", None], "n_coupons": [3, 2, 1, 1], "member": [1, 0, 1, 1]}
    )
    table = demographics(people, "city_name").set_index("level")
    assert table["customers"].to_dict() == {"Cairo": 2, "Giza": 1, "unknown": 1}
    assert table.loc["Cairo", "coupons_per_customer"] == 1.5
    assert demographics(people, "member")["level"].tolist() == ["yes", "no"]
    many = pd.DataFrame({"city_name": [f"c{i % 20}" for i in range(40)], "n_coupons": np.nan})
    gathered = demographics(many, "city_name", levels=5)
    assert gathered["level"].iloc[-1] == "16 others"
    assert gathered["customers"].sum() == 40


# The life of a coupon ------------------------------------------------------------------------------------------------


def coupons(lags, ages, *, as_of="2024-06-30"):
    """Coupons of given ages on the day we look from, burned after a number of days (nan: never)."""
    claimed = pd.Timestamp(as_of) - pd.to_timedelta(ages, unit="D")
    burned = claimed + pd.to_timedelta(lags, unit="D")
    status = np.where(np.isnan(lags), "subscribed", "burned")
    return pd.DataFrame({"transaction_date": claimed, "burn_date": burned, "transaction_status": status})


@pytest.mark.parametrize(("n", "seed"), [(5, 0), (60, 1), (500, 2)])
def test_the_share_burned_by_age_is_that_of_kaplan_and_meier(n, seed):
    """SciPy's estimator, from single coupons, gives what the counts give: share and interval."""
    rng = np.random.default_rng(seed)
    age, lag = rng.integers(0, 120, n), np.where(rng.random(n) < 0.7, rng.integers(0, 90, n), np.nan)
    seen = lag <= age
    found = redemption_curve(coupons(lag, age), as_of="2024-06-30", window=90).table.set_index("age")
    theirs = ecdf(CensoredData(lag[seen], right=age[~seen])).sf
    ours = found.loc[theirs.quantiles]
    assert ours["share"].to_numpy() == pytest.approx(1 - theirs.probabilities, abs=1e-12)
    with np.errstate(all="ignore"):
        interval = theirs.confidence_interval(0.95, method="log-log")
    inside = ours["low"].notna().to_numpy()
    assert inside.sum() >= min(n, 10) - 3
    assert ours["low"].to_numpy()[inside] == pytest.approx(1 - interval.high.probabilities[inside], abs=1e-9)
    assert ours["high"].to_numpy()[inside] == pytest.approx(1 - interval.low.probabilities[inside], abs=1e-9)
    assert found["at_risk"].iloc[0] == n
    assert found["burned"].sum() == seen.sum()


def test_a_burn_after_the_day_we_look_from_was_not_seen():
    shop = coupons([2.0, 40.0], [10, 10])
    never = coupons([2.0, np.nan], [10, 10])
    tables = [redemption_curve(rows, as_of="2024-06-30", window=30).table for rows in (shop, never)]
    pd.testing.assert_frame_equal(*tables)
    assert tables[0]["age"].max() == 10


def test_many_young_coupons_do_not_make_burning_rarer():
    """Seven of ten are burned, evenly over 60 days; half of the coupons are younger than that."""
    rng = np.random.default_rng(0)
    age = np.r_[rng.integers(0, 60, 3000), rng.integers(60, 300, 3000)]
    lag = np.where(rng.random(6000) < 0.7, rng.integers(0, 60, 6000), np.nan)
    life = redemption_curve(coupons(lag, age), as_of="2024-06-30", window=60)
    at_window = life.decided
    assert at_window["low"] < 0.7 < at_window["high"] < at_window["low"] + 0.06
    assert at_window["naive"] < 0.6
    assert life.half == pytest.approx(60 * 5 / 7, abs=4)
    assert "Half of the coupons are burned by day 4" in life.finding
    assert "Counting every young coupon as a failure would say 5" in life.text


@pytest.mark.parametrize(
    ("lags", "told"),
    [
        ([np.nan] * 4, "No coupon was burned."),
        ([0.0] * 4, "Half of the coupons are burned at once, 100% within 9 days."),
        ([1.0, np.nan, np.nan, np.nan], "25% of the coupons are burned within 9 days (95% interval 4% to 87%)."),
    ],
)
def test_the_sentence_of_the_curve_fits_shops_at_the_edge(lags, told):
    life = redemption_curve(coupons(np.array(lags), [9] * 4), as_of="2024-06-30", window=10)
    assert life.text == told
    assert life.table["share"].between(0, 1).all()


# Do customers differ? ------------------------------------------------------------------------------------------------


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
    assert (table.loc[[("burn rate", "customers"), ("days to burn", "customers")], "p_holm"] < 1e-6).all()
    assert (table["p"] > 0).all()


def test_without_structure_the_panel_keeps_its_level(generated):
    false_alarms = 0
    for seed in range(20):
        folder, _ = generated(customers=150, transactions=900, segments=0, separation="none", seed=seed)
        false_alarms += evidence(folder, n_shuffles=99).table["differ"].any()
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
    unified = unified.assign(transaction_status="subscribed", burn_date=pd.NaT, amount=np.nan)
    gender = np.repeat(["1", "2"], 300)
    customers = pd.DataFrame({"customer_id": np.arange(600).astype(str), "gender_id": gender, "city_id": "1"})
    customers["join_date"] = days[0]
    found = homogeneity(unified, customers, as_of="2024-12-31", burn_window=1, n_shuffles=199)
    assert "number of coupons among genders" in found.differing


def test_too_few_shuffles_are_refused(generated):
    folder, _ = generated(customers=50, transactions=300, seed=1)
    with pytest.raises(ParameterRefused, match=r"n_shuffles = 98 is too few for 9 tests.*take at least 99"):
        evidence(folder, n_shuffles=98)
    assert evidence(folder, n_shuffles=99).table["p"].notna().any()


def spenders(n=300, seed=0, **added):
    """Customers who claim alike; each of their coupons has an amount, and they have what ``added`` says."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(n), 6)
    unified = pd.DataFrame({"customer_id": who.astype(str), "transaction_status": "subscribed", "burn_date": pd.NaT})
    unified["transaction_date"] = rng.choice(pd.date_range("2024-01-01", "2024-06-30"), len(who))
    unified["amount"] = rng.lognormal(3, 1, len(who)).round(2)
    customers = pd.DataFrame({"customer_id": np.arange(n).astype(str), "gender_id": "1", "city_id": "1", **added})
    return unified, customers.assign(join_date=pd.Timestamp("2024-01-01"))


def asked(unified, customers, **options):
    options = {"as_of": "2024-06-30", "burn_window": 1, "n_shuffles": 99, **options}
    return homogeneity(unified, customers, **options)


def test_spending_is_asked_where_there_are_amounts():
    unified, customers = spenders()
    alike = asked(unified, customers)
    assert "amount a coupon (p = " in alike.text
    assert "amount a coupon among customers" not in alike.differing
    generous = np.random.default_rng(1).lognormal(0, 0.5, 300)[unified["customer_id"].astype(int)]
    assert (
        "amount a coupon among customers"
        in asked(unified.assign(amount=unified["amount"] * generous), customers).differing
    )
    assert "amount" not in asked(unified.assign(amount=np.nan), customers).text


def test_what_the_shop_knows_of_its_customers_is_asked_by_levels_and_quarters():
    rng = np.random.default_rng(2)
    income = rng.lognormal(10, 0.5, 300)
    known = {
        "income": income,
        "tier": rng.choice(["a", "b"], 300),
        "post_code": [f"p{i}" for i in range(300)],
        "all": 1,
    }
    unified, customers = spenders(**known)
    rich = (income > np.median(income))[unified["customer_id"].astype(int)]
    found = asked(unified.assign(amount=unified["amount"] * np.where(rich, 2, 1)), customers)
    assert found.table["among"].unique().tolist() == ["customers", "income", "tier"]
    assert "amount a coupon among customers of different income" in found.differing
    assert "Customers of different income differ by more than chance in amount a coupon (p < .001)." in found.text
    assert "Customers of different tier were not found to differ in anything." in found.text
    assert found.not_asked == ("post_code", "all")
    assert "Not asked, with one level or more than 12: post_code and all." in found.text


def test_a_new_question_does_not_change_the_answers_to_the_others():
    unified, customers = spenders()
    more = customers.assign(tier=np.random.default_rng(0).choice(["a", "b"], 300))
    before, after = (asked(unified, people).table for people in (customers, more))
    pd.testing.assert_frame_equal(before.drop(columns="p_holm"), after.drop(columns="p_holm").head(len(before)))


def test_levels_are_names_or_quarters():
    assert levels(pd.Series(["x"] * 20)) is None
    assert levels(pd.Series([str(i) for i in range(20)])) is None
    assert levels(pd.Series([0, 1, None, 1])).tolist()[:2] == [0, 1]
    quarters = levels(pd.Series([*range(40), None], dtype=float))
    assert quarters.value_counts().tolist() == [10] * 4
    assert quarters.isna().tolist() == [False] * 40 + [True]
    mostly_zero = levels(pd.Series([0.0] * 90 + list(range(1, 21)) + [None]))
    assert mostly_zero.value_counts().tolist() == [90, 20]


def test_without_transactions_nothing_is_asked():
    unified, customers = spenders()
    found = homogeneity(unified.head(0), customers, as_of=None, burn_window=None)
    assert found.table.empty
    assert found.differing == []
    assert found.text == "This source has no transactions: what is counted from them does not apply."
    usual = asked(unified, customers).table
    assert found.table.dtypes.to_dict() == usual.dtypes.to_dict()


def test_the_smallest_p_survives_in_the_artefact():
    unified, customers = spenders(n=60)
    one_buys_all = unified.assign(amount=np.where(unified["customer_id"] == "7", 1e9, 0.01 + 0 * unified["amount"]))
    p = asked(one_buys_all, customers).table.set_index("behaviour")["p"]
    assert 0 < p["amount a coupon"] < 1e-7


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
    found = evidence(workbook, n_shuffles=499)
    assert not found.table["differ"].any()
    alike = found.table.set_index(["behaviour", "among"])["p_holm"]
    assert (alike.loc[[("burn rate", "customers"), ("days to burn", "customers")]] >= 0.05).all()
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
    table = redemption_by_age(unified, as_of="2026-06-30", burn_window=0)
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
    found = homogeneity(unified, customers, as_of="2026-06-30", burn_window=features.redemption.window, n_shuffles=199)
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


# What is tied to what ------------------------------------------------------------------------------------------------


def test_ties_are_found_up_and_down_and_what_does_not_vary_is_tied_to_nothing():
    x = np.arange(50.0)
    noise = np.random.default_rng(0).normal(size=50)
    table = pd.DataFrame({"a": x, "b": -(x**3), "c": noise, "same": 0.1 + 0.2, "none": np.nan})
    assert correlations(table).columns.tolist() == ["a", "b", "c"]
    assert correlated_pairs(table).to_dict("records") == [{"first": "a", "second": "b", "spearman": pytest.approx(-1)}]
    assert correlations(table).loc["a", "b"] == pytest.approx(-1)
    assert correlated_pairs(table[["a", "c"]]).empty


def test_the_numbers_worth_a_look_end_with_the_time_as_a_customer():
    described = [
        Feature("rate", "", "", "segmentation"),
        Feature("never", "", "", "segmentation", kind="binary"),
        Feature("city_name", "", "", "demographic", kind="nominal"),
        Feature("tenure_days", "", "", "descriptor"),
        Feature("n_burned", "", "", "descriptor"),
        Feature("spend", "", "", "count"),
        *(Feature(f"own{i}", "", "", "descriptor") for i in range(20)),
        Feature("score", "", "", "segmentation"),
    ]
    names = numbers(described)
    assert names[:3] == ["rate", "score", "own0"]
    assert names[-1] == "tenure_days"
    assert len(names) == 10
