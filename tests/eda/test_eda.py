"""Counts, calendars, and a test of difference that keeps its level."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.stats import CensoredData, ecdf

from seglib.datasets.shop import make_shop
from seglib.eda.correlation import correlated_pairs, correlations, distributions, numbers, rank_correlations
from seglib.eda.counts import ALIKE, BY_TIME, calendar, claims, coupon_counts, overview
from seglib.eda.demographics import MOST_DRAWN, demographics, level_shares
from seglib.eda.heterogeneity import homogeneity, levels
from seglib.eda.redemption_curve import redemption_by_age, redemption_curve
from seglib.errors import ParameterRefused
from seglib.features.redemption import Redemption
from seglib.ingest.shop import ingest
from seglib.schema.features import Feature
from seglib.study import Study
from seglib.style.wording import NO_TRANSACTIONS, READY_TABLE, TRANSACTION

MIDSUMMER = Study(as_of="2024-06-30", burn_window=90)
LACKING = Study(as_of="2026-06-30", burn_window=90)
READY = Study(wording=READY_TABLE)
"""A ready table of customers, without transactions."""


@pytest.fixture
def unified(tables, write_csv):
    return ingest(write_csv(tables)).unified.df()


def test_the_calendar_counts_every_month_and_hides_what_is_to_come(unified):
    months = calendar(unified, MIDSUMMER).table
    assert months["month"].dt.strftime("%Y-%m").tolist() == [f"2024-0{m}" for m in range(1, 7)]
    assert months["claimed"].tolist() == [2, 1, 1, 0, 0, 2]
    assert months["burned"].tolist() == [2, 0, 1, 0, 0, 0]


def test_the_burn_window_separates_young_coupons_from_those_old_enough_to_judge(unified):
    table = redemption_by_age(unified, MIDSUMMER).table.set_index("age")
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
    table = coupon_counts(claims(unified, customers, as_of=as_of), MIDSUMMER).table
    assert table["customers"].sum() == 3000
    assert table["expected"].sum() == pytest.approx(3000, rel=0.01)
    assert (table["coupons"] * table["expected"]).sum() == pytest.approx(len(unified), rel=0.01)
    assert set(table["view"]) == {BY_TIME}
    assert np.abs(table["customers"] - table["expected"]).sum() / 3000 < 0.08


def test_equal_chances_are_recognised():
    rng = np.random.default_rng(3)
    claimed = pd.DataFrame({"coupons": rng.poisson(5, 2000), "expected": rng.uniform(0, 10, 2000)})
    assert set(coupon_counts(claimed, MIDSUMMER).table["view"]) == {ALIKE}


def test_demographics_count_customers_and_gather_the_rare():
    people = pd.DataFrame(
        {"city_name": ["Giza", "Cairo", "Cairo", None], "n_coupons": [3, 2, 1, 1], "member": [1, 0, 1, 1]}
    )
    table = level_shares(people, "city_name").set_index("level")
    assert table["customers"].to_dict() == {"Cairo": 2, "Giza": 1, "unknown": 1}
    assert table.loc["Cairo", "coupons_per_customer"] == 1.5
    assert level_shares(people, "member")["level"].tolist() == ["yes", "no"]
    many = pd.DataFrame({"city_name": [f"c{i % 20}" for i in range(40)], "n_coupons": np.nan})
    gathered = level_shares(many, "city_name", levels=5)
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
    observed = lag <= age
    curve = redemption_curve(coupons(lag, age), MIDSUMMER).table.set_index("age")
    theirs = ecdf(CensoredData(lag[observed], right=age[~observed])).sf
    ours = curve.loc[theirs.quantiles]
    assert ours["share"].to_numpy() == pytest.approx(1 - theirs.probabilities, abs=1e-12)
    with np.errstate(all="ignore"):
        interval = theirs.confidence_interval(0.95, method="log-log")
    inside = ours["low"].notna().to_numpy()
    assert inside.sum() >= min(n, 10) - 3
    assert ours["low"].to_numpy()[inside] == pytest.approx(1 - interval.high.probabilities[inside], abs=1e-9)
    assert ours["high"].to_numpy()[inside] == pytest.approx(1 - interval.low.probabilities[inside], abs=1e-9)
    assert curve["at_risk"].iloc[0] == n
    assert curve["burned"].sum() == observed.sum()


def test_a_burn_after_the_day_we_look_from_was_not_seen():
    shop = coupons([2.0, 40.0], [10, 10])
    never = coupons([2.0, np.nan], [10, 10])
    tables = [redemption_curve(rows, MIDSUMMER).table for rows in (shop, never)]
    pd.testing.assert_frame_equal(*tables)
    assert tables[0]["age"].max() == 10


def test_many_young_coupons_do_not_make_burning_rarer():
    """Seven of ten are burned, evenly over 60 days; half of the coupons are younger than that."""
    rng = np.random.default_rng(0)
    age = np.r_[rng.integers(0, 60, 3000), rng.integers(60, 300, 3000)]
    lag = np.where(rng.random(6000) < 0.7, rng.integers(0, 60, 6000), np.nan)
    life = redemption_curve(coupons(lag, age), Study(as_of="2024-06-30", burn_window=60))
    at_window = life.matured
    assert at_window["low"] < 0.7 < at_window["high"] < at_window["low"] + 0.06
    assert at_window["naive"] < 0.6
    assert life.half == pytest.approx(60 * 5 / 7, abs=4)
    assert "Half of the coupons are burned by day 4" in life.finding
    assert "Counting every young coupon as a failure would say 5" in life.text


@pytest.mark.parametrize(
    ("lags", "sentence"),
    [
        ([np.nan] * 4, "No coupon was burned."),
        ([0.0] * 4, "Half of the coupons are burned at once, 100% within 9 days."),
        ([1.0, np.nan, np.nan, np.nan], "25% of the coupons are burned within 9 days (95% interval 4% to 87%)."),
    ],
)
def test_the_sentence_of_the_curve_fits_shops_at_the_edge(lags, sentence):
    life = redemption_curve(coupons(np.array(lags), [9] * 4), Study(as_of="2024-06-30", burn_window=10))
    assert life.text == sentence
    assert life.table["share"].between(0, 1).all()


# Do customers differ? ------------------------------------------------------------------------------------------------


def evidence(folder, *, burn_window=90, n_shuffles=399):
    shop = ingest(folder)
    study = Study(as_of=f"{shop.as_of:%Y-%m-%d}", burn_window=burn_window)
    return homogeneity(shop.unified.df(), shop.table("customers"), study, n_shuffles=n_shuffles)


def test_planted_differences_are_found(generated):
    folder, _ = generated(customers=600, transactions=6000, separation="medium", seed=1)
    table = evidence(folder).table.set_index(["behaviour", "among"])
    assert table.loc["burn rate", "customers"]["differ"]
    assert table.loc["days to burn", "customers"]["differ"]
    assert (table["value"] > table["null_high"]).sum() >= 3
    assert (table.loc[[("burn rate", "customers"), ("days to burn", "customers")], "p_holm"] < 1e-6).all()
    assert (table["p"] > 0).all()


@pytest.mark.slow
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
        study = Study(as_of=as_of, burn_window=1)
        rejected += homogeneity(unified, customers, study, n_shuffles=99).table["differ"].iloc[0]
    assert rejected <= 2


def test_what_cannot_be_compared_is_said(tables, write_csv):
    tables["transactions"] = tables["transactions"].assign(transaction_status="subscribed", burn_date=None)
    result = evidence(write_csv(tables), burn_window=1)
    assert "Whether customers differ in burn rate or days to burn cannot be told here." in result.text
    row = result.table.set_index(["behaviour", "among"]).loc[("burn rate", "customers")]
    assert np.isnan(row["p_holm"])
    assert not row["differ"]


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
    result = homogeneity(unified, customers, Study(as_of="2024-12-31", burn_window=1), n_shuffles=199)
    assert "number of coupons among genders" in result.differing


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


def compared(unified, customers):
    return homogeneity(unified, customers, Study(as_of="2024-06-30", burn_window=1), n_shuffles=99)


def test_spending_is_asked_where_there_are_amounts():
    unified, customers = spenders()
    alike = compared(unified, customers)
    assert "amount a coupon (p = " in alike.text
    assert "amount a coupon among customers" not in alike.differing
    generous = np.random.default_rng(1).lognormal(0, 0.5, 300)[unified["customer_id"].astype(int)]
    assert (
        "amount a coupon among customers"
        in compared(unified.assign(amount=unified["amount"] * generous), customers).differing
    )
    assert "amount" not in compared(unified.assign(amount=np.nan), customers).text


def test_what_the_shop_knows_of_its_customers_is_asked_by_levels_and_quarters():
    rng = np.random.default_rng(2)
    income = rng.lognormal(10, 0.5, 300)
    added = {
        "income": income,
        "tier": rng.choice(["a", "b"], 300),
        "post_code": [f"p{i}" for i in range(300)],
        "all": 1,
    }
    unified, customers = spenders(**added)
    rich = (income > np.median(income))[unified["customer_id"].astype(int)]
    result = compared(unified.assign(amount=unified["amount"] * np.where(rich, 2, 1)), customers)
    assert result.table["among"].unique().tolist() == ["customers", "income", "tier"]
    assert "amount a coupon among customers of different income" in result.differing
    assert "Customers of different income differ by more than chance in amount a coupon (p < .001)." in result.text
    assert "Customers of different tier were not found to differ in anything." in result.text
    assert result.not_asked == ("post_code", "all")
    assert "Not asked, with one level or more than 12: post_code and all." in result.text


def test_a_new_question_does_not_change_the_answers_to_the_others():
    unified, customers = spenders()
    more = customers.assign(tier=np.random.default_rng(0).choice(["a", "b"], 300))
    before, after = (compared(unified, people).table for people in (customers, more))
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


def test_without_transactions_nothing_is_compared():
    unified, customers = spenders()
    result = homogeneity(unified.head(0), customers, READY)
    assert result.table.empty
    assert result.differing == []
    assert result.text == NO_TRANSACTIONS
    assert result.alt == ""
    assert result.takeaway == "Whether customers differ by more than chance cannot be told from this source."
    usual = compared(unified, customers).table
    assert result.table.dtypes.to_dict() == usual.dtypes.to_dict()


def test_the_smallest_p_survives_in_the_artefact():
    unified, customers = spenders(n=60)
    one_buys_all = unified.assign(amount=np.where(unified["customer_id"] == "7", 1e9, 0.01 + 0 * unified["amount"]))
    p = compared(one_buys_all, customers).table.set_index("behaviour")["p"]
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
    result = evidence(workbook, n_shuffles=499)
    assert not result.table["differ"].any()
    alike = result.table.set_index(["behaviour", "among"])["p_holm"]
    assert (alike.loc[[("burn rate", "customers"), ("days to burn", "customers")]] >= 0.05).all()
    assert result.differing == []
    assert "Customers were not found to differ" in result.text


# Shops that record less ----------------------------------------------------------------------------------------------


def test_the_calendar_has_burns_only_where_they_have_dates(lacking):
    for lacks, columns in (
        ((), ["month", "claimed", "burned"]),
        (("status",), ["month", "claimed"]),
        (("burn dates",), ["month", "claimed"]),
    ):
        _, unified, _ = lacking(*lacks)
        months = calendar(unified, LACKING).table
        assert months.columns.tolist() == columns
        assert months["claimed"].sum() == len(unified)


def test_where_no_burn_has_a_date_ages_show_how_the_share_burned_grows(lacking):
    _, unified, _ = lacking("burn dates")
    table = redemption_by_age(unified, replace(LACKING, burn_window=0)).table
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
def test_what_is_not_recorded_is_not_compared(lacking, lacks, behaviours, among):
    features, unified, customers = lacking(*lacks)
    result = homogeneity(unified, customers, features.study, n_shuffles=199)
    assert set(result.table["behaviour"]) == behaviours
    assert set(result.table["among"]) == among
    assert result.table["p"].notna().all()
    assert "cannot be told" not in result.text
    assert f"number of {'transactions' if 'status' in lacks else 'coupons'} among customers" in result.differing


def test_a_burn_without_a_date_is_no_difference_either_where_all_are_alike(canonical):
    rejected = 0
    for seed in range(12):
        shop = make_shop(customers=200, transactions=1500, segments=0, separation="none", seed=seed)
        con = canonical(shop.tables, without=["burn dates", "names"])
        transactions = con.table("transactions").df()
        study = Study(as_of="2026-06-30", burn_window=0)
        table = homogeneity(transactions, con.table("customers").df(), study, n_shuffles=99).table
        rejected += table.set_index("behaviour").loc["burn rate", "p"] < 0.05
    assert rejected <= 3  # at a level of 5% more than 3 of 12 has probability .002


# What is correlated with what ---------------------------------------------------------------------------------------


def test_pairs_are_found_up_and_down_and_what_does_not_vary_is_correlated_with_nothing():
    x = np.arange(50.0)
    noise = np.random.default_rng(0).normal(size=50)
    table = pd.DataFrame({"a": x, "b": -(x**3), "c": noise, "same": 0.1 + 0.2, "none": np.nan})
    assert rank_correlations(table).columns.tolist() == ["a", "b", "c"]
    assert correlated_pairs(table).to_dict("records") == [{"first": "a", "second": "b", "spearman": pytest.approx(-1)}]
    assert rank_correlations(table).loc["a", "b"] == pytest.approx(-1)
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


# What a notebook shows -----------------------------------------------------------------------------------------------


def test_the_overview_counts_and_names_the_days(lacking):
    features, unified, customers = lacking()
    result = overview(unified, claims(unified, customers, as_of="2026-06-30"), features)
    n = len(features.table)
    assert result.text.startswith(f"{len(unified):,} coupons were claimed by {n:,} customers (")
    assert result.takeaway == f"{n:,} customers claimed {len(unified) / n:.1f} coupons each."
    assert result.table["coupons"].sum() == len(unified)


def test_results_have_a_figure_with_alt_text_and_caption(lacking):
    features, unified, customers = lacking()
    study = features.study
    claimed = claims(unified, customers, as_of=study.as_of)
    results = [
        calendar(unified, study),
        coupon_counts(claimed, study),
        redemption_curve(unified, study),
        homogeneity(unified, customers, study, n_shuffles=199),
        distributions(features),
        correlations(features),
        *demographics(features).parts,
    ]
    assert len(results) == 8
    for result in results:
        assert result.alt.endswith("."), type(result)
        assert result.caption.endswith("."), type(result)
        assert len(result.table), type(result)
        drawing = result.figure()
        figure = drawing if isinstance(drawing, Figure) else drawing.figure
        assert figure.get_suptitle(), type(result)
        plt.close(figure)
    assert results[0].text == f"{results[0].finding}."
    assert f"{len(customers):,} customers" in results[1].caption
    assert f"only coupons of {study.burn_window} days or older" in results[3].caption


def test_results_of_a_shop_without_transactions_say_so_and_draw_nothing(lacking):
    features, unified, customers = lacking()
    none = unified.head(0)
    ready = replace(features, study=READY)
    claimed = claims(none, customers, as_of=None)
    results = [
        calendar(none, READY),
        coupon_counts(claimed, READY),
        redemption_curve(none, READY),
        homogeneity(none, customers, READY, n_shuffles=99),
    ]
    for result in results:
        assert (result.text, result.alt) == (NO_TRANSACTIONS, ""), type(result)
        assert result.table.empty
    ages = redemption_by_age(none, READY)
    assert (ages.text, len(ages.table)) == (NO_TRANSACTIONS, 0)
    assert overview(none, claimed, ready).text == f"{len(features.table):,} customers are described, each by one row."
    assert demographics(ready).parts[0].caption == f"{len(features.table):,} customers; labels count them."


def test_results_of_a_shop_that_records_no_burning_say_what_it_records(lacking):
    features, unified, _ = lacking("burn dates")
    curve = redemption_curve(unified, features.study)
    assert (curve.text, curve.alt) == ("No curve: there are no burn dates.", "")
    assert curve.takeaway == features.redemption.text
    features, unified, _ = lacking("status")
    ages = redemption_by_age(unified, features.study)
    assert (len(ages.table), ages.text) == (0, Redemption(status=False, dated=False, window=None).text)
    months = calendar(unified, features.study)
    assert months.alt.startswith("Line chart of transactions made by month;")


def test_a_shop_in_which_nothing_was_burned_says_so(unified):
    never = unified.assign(transaction_status="subscribed", burn_date=pd.NaT)
    ages = redemption_by_age(never, MIDSUMMER)
    assert ages.text.startswith("Nothing was burned by that day: this shop says nothing about burning. A coupon is old")
    assert redemption_curve(never, MIDSUMMER).text == "No coupon was burned."


def test_what_there_is_no_room_for_is_named(lacking):
    added = {f"name_{i}": ["x", "y"] * 200 for i in range(7)}
    features = lacking(added=added)[0]
    people = demographics(features)
    assert len(people.parts) == MOST_DRAWN
    assert people.text == "Not drawn: name 4, name 5 and name 6."
    assert people.table["descriptor"].nunique() == MOST_DRAWN
    assert demographics(lacking("names")[0]).text == "Neither gender nor city is recorded here."


def test_numbers_that_are_the_same_for_everybody_are_named(lacking):
    features = lacking(added={"country_code": [49] * 400})[0]
    spread = distributions(features)
    assert spread.text == "Not drawn: country code (the same for everybody)."
    assert "country_code" not in spread.table


def test_correlated_pairs_are_named_in_the_words_of_the_shop(lacking):
    features = lacking()[0]
    table = features.table.assign(coupons_per_month=features.table["n_coupons"] * 2.0)
    result = correlations(replace(features, table=table, study=replace(features.study, wording=TRANSACTION)))
    assert "transactions per month with number of transactions" in result.text
    assert result.takeaway == f"Correlated: {'; '.join(result.names)}."
    assert result.caption == f"{len(table):,} customers. {result.text}"
    few = replace(features, table=table.assign(**dict.fromkeys(numbers(features.features), 1.0)))
    assert correlations(few).text == "Fewer than two numbers vary: there is no pair to correlate."
    assert correlations(few).alt == ""
