"""Are segments useful? Nothing of the future enters them, RFM is a fair baseline, and chance is not a gain."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_predict
from threadpoolctl import threadpool_limits

from seglib.datasets.shop import make_shop
from seglib.errors import ParameterRefused
from seglib.features.customers import customer_features
from seglib.ingest.shop import UNIFIED_SQL, ingest
from seglib.interpretation.holdout.by_group import OUTCOMES
from seglib.interpretation.holdout.holdout import Holdout, evaluate_holdout
from seglib.interpretation.holdout.predictive_gain import COLUMNS, PredictiveGain, _gains, design, predictive_gain
from seglib.interpretation.holdout.rfm import BURNED, LOGS, SCORES, quintiles, rfm_logs, rfm_scores, signed_log
from seglib.interpretation.holdout.rfm_table import rfm_table
from seglib.interpretation.holdout.usefulness import with_usefulness
from seglib.plots.interpretation import plot_gain, plot_outcomes
from seglib.preprocessing.baseline import baseline_matrix
from seglib.preprocessing.customer import customer_matrix
from seglib.schema.records import RecipeRecord, VerdictRecord
from seglib.stats.intervals import wilson
from seglib.study import Study
from seglib.style.wording import NO_TRANSACTIONS, PLAIN_RULE, PLAIN_RULE_MEANING, TRANSACTION

few_examples = settings(max_examples=25, deadline=None)
AS_OF = "2026-06-30"
STUDY = Study(as_of=AS_OF)
OPTIONS = {
    "demographic_weight": 1.0,
    "transform": "log",
    "scaling": "standard",
    "drop_correlated": True,
    "min_level_share": 0.01,
    "segment_by": None,
}
QUICK = {"n_repeats": 2, "n_permutations": 99}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="module")
def look(canonical):
    """Make tables into a shop, its recipe as 03 writes it, and hold out the last third."""

    def hold(tables, *, study=STUDY, recipe="customer", without=(), segment_by=None, k=3, **options):
        con = canonical(tables, without=without)
        return evaluate_holdout(con, study, recipe_of(con, recipe, segment_by), k=k, n_init=5, **options)

    return hold


def recipe_of(con, name="customer", segment_by=None, study=STUDY):
    """Return the recipe as 03 would write it."""
    features = customer_features(con, study)
    if name == "baseline":
        con.execute(f"CREATE OR REPLACE TEMP TABLE study AS SELECT DATE '{study.as_of}' AS as_of")
        matrix, options = baseline_matrix(con.sql(UNIFIED_SQL).df()), {"scale_frequency": True}
    else:
        options = OPTIONS | {"segment_by": segment_by}
        matrix = customer_matrix(
            features.table,
            described=features.features,
            leave_out=features.missing,
            unreliable=features.unreliable,
            **options,
        )
    return RecipeRecord(
        name=name,
        grain="customer" if name == "customer" else "transaction",
        k_rule="structure" if name == "customer" else "elbow",
        options=options,
        sources=tuple(matrix.sources),
        burn_window=features.redemption.window,
    )


@pytest.fixture(scope="module")
def strong(look):
    tables = make_shop(customers=700, transactions=6000, seed=3).tables
    return tables, look(tables)


# RFM scores ----------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 6) | st.floats(-1e6, 1e6), min_size=1, max_size=60), st.randoms())
@example([0, 0, 0, 0, 0, 0, 1], None)
@few_examples
def test_equal_values_get_equal_scores_and_greater_values_no_smaller_ones(values, random):
    scores = quintiles(pd.Series(values, dtype=float))
    assert scores.between(1, 5).all()
    by_value = pd.DataFrame({"value": values, "score": scores}).groupby("value")["score"]
    assert (by_value.nunique() == 1).all()
    assert by_value.first().is_monotonic_increasing
    if random:  # the order of the rows does not matter
        order = list(range(len(values)))
        random.shuffle(order)
        shuffled = quintiles(pd.Series(values, dtype=float).iloc[order])
        pd.testing.assert_series_equal(shuffled.sort_index(), scores)


@given(st.lists(st.integers(0, 1000), min_size=5, max_size=60))
@few_examples
def test_scores_do_not_depend_on_the_scale(values):
    x = pd.Series(values, dtype=float)
    pd.testing.assert_series_equal(quintiles(x), quintiles(np.log1p(x) * 3 - 7))


def test_fifths_are_equal_where_nobody_ties_and_missing_values_get_no_score():
    scores = quintiles(pd.Series([*range(100), np.nan]))
    assert scores.value_counts().to_dict() == {1.0: 20, 2.0: 20, 3.0: 20, 4.0: 20, 5.0: 20}
    assert np.isnan(scores.iloc[-1])
    assert quintiles(pd.Series([np.nan, np.nan])).isna().all()


def test_rfm_scores_take_spend_where_it_is_recorded_and_else_burned_coupons():
    features = pd.DataFrame(
        {"recency_days": [5, 400, 30, 90, 200], "n_coupons": [9, 1, 5, 3, 2], "n_burned": [1.0, 2, 3, 4, 5]}
    )
    burned = rfm_scores(features.assign(spend=np.nan))
    assert burned["recency_score"].tolist() == [5, 1, 4, 3, 2]
    assert burned["frequency_score"].tolist() == [5, 1, 4, 3, 2]
    assert burned["monetary_score"].tolist() == [1, 2, 3, 4, 5]
    assert rfm_scores(features.assign(spend=[5.0, 4, 3, 2, 1]))["monetary_score"].tolist() == [5, 4, 3, 2, 1]
    assert rfm_scores(features.assign(spend=np.nan, n_burned=np.nan))["monetary_score"].isna().all()


# Logarithms -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30))
@few_examples
def test_the_logarithm_keeps_order_and_sign_of_any_money(values):
    x = np.sort(np.array(values))
    logs = signed_log(x)
    assert np.isfinite(logs).all()
    assert (np.diff(logs) >= 0).all()
    assert (np.sign(logs) == np.sign(x)).all()
    np.testing.assert_allclose(signed_log(-x), -logs)


def test_logarithms_are_of_what_the_scores_are_of():
    features = pd.DataFrame(
        {"recency_days": [0, 9], "n_coupons": [1, 99], "n_burned": [0.0, 9.0], "spend": [-99.0, np.nan]},
        index=["x", "y"],
    )
    logs = rfm_logs(features)
    assert list(logs) == list(LOGS)
    np.testing.assert_allclose(logs.loc["x"], [0, np.log(2), -np.log(100), 0])
    np.testing.assert_allclose(logs.loc["y"], [np.log(10), np.log(100), np.nan, np.log(10)])
    without_spend = rfm_logs(features.assign(spend=np.nan))
    np.testing.assert_allclose(without_spend["log_monetary"], [0, np.log(10)])
    assert without_spend["log_burned"].isna().all()
    assert rfm_logs(features.assign(spend=np.nan, n_burned=np.nan))["log_monetary"].isna().all()
    scores = rfm_scores(features)
    assert (logs.isna().to_numpy() == scores[[*SCORES, BURNED]].isna().to_numpy()).all()


# The snapshot ---------------------------------------------------------------------------------------------------------


def test_two_thirds_of_the_calendar_are_known_by_default(strong):
    tables, holdout = strong
    first, cut = tables["transactions"]["transaction_date"].min(), pd.Timestamp(holdout.cut)
    assert (cut - first) / (pd.Timestamp(AS_OF) - first) == pytest.approx(2 / 3, abs=0.002)
    assert f"{len(holdout.table):,} customers" in holdout.text
    assert f"{(pd.Timestamp(AS_OF) - cut).days} days" in holdout.text


def test_who_came_later_is_not_there_and_the_others_are_counted_by_hand(strong):
    tables, holdout = strong
    rows = tables["transactions"].assign(customer_id=lambda t: t["customer_id"].astype(str))
    before = rows[rows["transaction_date"] <= holdout.cut]
    after = rows[(rows["transaction_date"] > holdout.cut) & rows["customer_id"].isin(before["customer_id"])]
    assert set(holdout.table.index) == set(before["customer_id"])
    counted = after["customer_id"].value_counts().reindex(holdout.table.index, fill_value=0)
    assert (holdout.table["coupons"] == counted).all()
    assert (holdout.table["active"] == (counted > 0)).all()
    burned = set(after.loc[after["transaction_status"] == "burned", "customer_id"])
    assert (holdout.table["burned"] == holdout.table.index.isin(list(burned))).all()
    matured = holdout.table["matured"] > 0
    assert holdout.table["burn_rate"].notna().equals(matured)


@pytest.mark.parametrize("recipe", ["customer", "baseline"])
def test_nothing_that_happens_after_the_cut_changes_a_segment(look, canonical, recipe):
    tables = make_shop(customers=300, transactions=2500, seed=5).tables
    recipe = recipe_of(canonical(tables), recipe)
    cut = pd.Timestamp("2025-10-30")
    holdout = evaluate_holdout(canonical(tables), STUDY, recipe, cut="2025-10-30", k=3, n_init=5)
    rng = np.random.default_rng(1)
    rows = tables["transactions"].copy()
    later = rows["burn_date"] > cut  # burned after the cut: burned on another day, or never, or all of a sudden
    rows.loc[later, "burn_date"] = rows.loc[later, "burn_date"] + pd.Timedelta(days=3)
    never = later & (rng.random(len(rows)) < 0.5)
    rows["transaction_status"] = rows["transaction_status"].astype(str).where(~never, "subscribed")
    rows["burn_date"] = rows["burn_date"].where(~never)
    gone = (rows["transaction_date"] > cut) & (rng.random(len(rows)) < 0.7)
    other = dict(tables, transactions=rows[~gone])
    other["customers"] = other["customers"].assign(spend_2026=rng.normal(size=300))
    again = evaluate_holdout(canonical(other), STUDY, recipe, cut="2025-10-30", k=3, n_init=5)
    at_cut = ["segment", "tenure_days", *SCORES, *LOGS]
    pd.testing.assert_frame_equal(again.table[at_cut], holdout.table[at_cut])
    assert not again.table["coupons"].equals(holdout.table["coupons"])


def test_the_order_of_the_rows_changes_nothing(look, strong):
    tables, holdout = strong
    mixed = {name: table.sample(frac=1, random_state=4) for name, table in tables.items()}
    again = look(mixed)
    pd.testing.assert_frame_equal(again.table, holdout.table)
    shuffled = replace(holdout, table=holdout.table.sample(frac=1, random_state=2))
    pd.testing.assert_frame_equal(predictive_gain(shuffled, **QUICK).table, predictive_gain(holdout, **QUICK).table)


def test_a_column_of_the_shops_own_stays_out_unless_it_was_known(look):
    tables = make_shop(customers=300, transactions=2500, seed=5).tables
    spent = np.random.default_rng(0).gamma(2, 50, 300)
    tables["customers"] = tables["customers"].assign(spend_2026=spent)
    by = ["coupons_per_month", "recency_days", "spend_2026"]
    holdout = look(tables, segment_by=by)
    assert "spend 2026" in holdout.text
    assert "nothing says when" in holdout.text
    with_spend = look(tables, segment_by=by, known_by_cut=["spend_2026"])
    assert "spend 2026" not in with_spend.text
    assert not with_spend.table["segment"].equals(holdout.table["segment"])
    only = look(tables, segment_by=["spend_2026"])
    assert "no segments could be made" in only.why


def test_without_days_of_burning_nothing_is_known_of_burning_at_the_cut(look):
    tables = make_shop(customers=300, transactions=2500, seed=5).tables
    holdout = look(tables, without=("burn dates",))
    assert "The days of burning are not recorded" in holdout.text
    assert holdout.table["monetary_score"].isna().all()
    assert holdout.table["burned"].mean() > 0.2
    flipped = tables["transactions"].assign(
        transaction_status=tables["transactions"]["transaction_status"]
        .astype(str)
        .sample(frac=1, random_state=0)
        .values
    )
    again = look(dict(tables, transactions=flipped), without=("burn dates",))
    assert again.table["segment"].equals(holdout.table["segment"])


def test_what_is_not_recorded_falls_away_and_amounts_are_looked_at(look):
    tables = make_shop(customers=300, transactions=2500, seed=5).tables
    bare = look(tables, without=("status",), study=Study(as_of=AS_OF, wording=TRANSACTION))
    assert [o.name for o in bare.outcomes] == ["active", "coupons"]
    assert "Burning is not looked at" in bare.text
    assert "made a transaction" in bare.text
    rng = np.random.default_rng(0)
    tables["transactions"] = tables["transactions"].assign(amount=rng.gamma(2, 20, 2500).round(2))
    rich = look(tables)
    assert [o.name for o in rich.outcomes] == [o.name for o in OUTCOMES]
    rows = tables["transactions"].assign(customer_id=lambda t: t["customer_id"].astype(str))
    spent = rows[rows["transaction_date"] > rich.cut].groupby("customer_id")["amount"].sum()
    np.testing.assert_allclose(rich.table["spend"], spent.reindex(rich.table.index).fillna(0))
    assert "stand for money" not in rich.text


def test_recipe_baseline_is_held_out_as_well(look):
    tables = make_shop(customers=300, transactions=2500, seed=5).tables
    holdout = look(tables, recipe="baseline")
    assert not holdout.why
    assert sorted(holdout.table["segment"].unique()) == ["A", "B", "C"]


# What cannot be done ------------------------------------------------------------------------------------------------


def test_what_cannot_be_done_is_said_and_not_raised(look, canonical):
    tables = make_shop(customers=300, transactions=2500, seed=5).tables
    few = look(tables, cut="2024-08-15")
    assert "only" in few.why
    assert "customers had a transaction" in few.why
    assert "fewer than 28 days" in look(tables, cut="2026-06-20").why
    assert "fewer than 28 days" in look(tables, share=0.001).why
    assert "k = 400 is not possible" in look(tables, k=400).why
    assert "fewer than two segments" in look(tables, k=90).why
    con = canonical(tables)
    recipe = recipe_of(con)
    nothing = evaluate_holdout(con, Study(), recipe, k=3)
    assert nothing.why == NO_TRANSACTIONS
    assert evaluate_holdout(con, Study(as_of="2001-01-01"), recipe, k=3).why == NO_TRANSACTIONS
    for holdout in (few, nothing):
        answer = predictive_gain(holdout)
        assert holdout.table.empty
        assert holdout.why in holdout.text
        assert answer.useful is None
        assert holdout.why in answer.text
        assert not holdout.figures
        assert not answer.alt
        assert rfm_table(holdout).table.empty
        assert rfm_table(holdout).wide.empty
        assert rfm_table(holdout).text == holdout.text


@pytest.mark.parametrize("wrong", [{"share": 0.0}, {"share": 1.0}, {"cut": "soon"}, {"cut": "2030-01-01"}])
def test_wrong_parameters_are_refused(look, strong, wrong):
    with pytest.raises(ParameterRefused):
        look(strong[0], **wrong)


@pytest.mark.parametrize("wrong", [{"n_folds": 1}, {"n_repeats": 0}, {"n_permutations": 18}])
def test_a_gain_that_could_show_nothing_is_refused(strong, wrong):
    with pytest.raises(ParameterRefused):
        predictive_gain(strong[1], **wrong)


# Intervals ----------------------------------------------------------------------------------------------------------


def test_shares_have_wilson_intervals_and_means_have_t_intervals(strong):
    holdout = strong[1]
    rows = holdout.by_segment.set_index(["segment", "outcome"])
    for segment, part in holdout.table.groupby("segment"):
        row = rows.loc[(segment, "burned")]
        interval = binomtest(int(part["burned"].sum()), len(part)).proportion_ci(0.95, "wilson")
        assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
        assert row["value"] == pytest.approx(part["burned"].mean())
        mean = rows.loc[(segment, "coupons")]
        assert mean["high"] - mean["value"] == pytest.approx(1.97 * part["coupons"].sem(), rel=0.02)
        rate = rows.loc[(segment, "burn_rate")]
        assert rate["value"] == pytest.approx(part["matured_burned"].sum() / part["matured"].sum())
        # coupons of one customer are alike: they are worth fewer than as many coupons of strangers
        assert rate["high"] - rate["low"] > 0.95 * np.diff(wilson(rate["value"], part["matured"].sum()))[0]
    assert (holdout.by_segment["low"] <= holdout.by_segment["value"]).all()
    assert (holdout.by_segment["value"] <= holdout.by_segment["high"]).all()


def test_rfm_scores_are_reported_like_the_segments(strong):
    holdout = strong[1]
    table = rfm_table(holdout).table
    assert set(table["by"]) == set(SCORES)
    assert table["score"].between(1, 5).all()
    assert (table[table["outcome"] == "active"].groupby("by")["customers"].sum() == len(holdout.table)).all()
    active = table[(table["by"] == "recency_score") & (table["outcome"] == "active")].set_index("score")["value"]
    assert active[5] > active[1]
    wide = rfm_table(holdout).wide.set_index(["by", "score"])
    assert wide.loc[("recency score", 5), "active"] == active[5]


# Gain ---------------------------------------------------------------------------------------------------------------


def simulated(rng, *, n=400, effect=0.0):
    """A holdout in which segments depend on RFM, and outcomes on RFM and, by ``effect``, on the segment."""
    rfm = pd.DataFrame(rng.integers(1, 6, (n, 3)).astype(float), columns=list(SCORES))
    segment = np.where(rfm["frequency_score"] + rng.normal(0, 1.5, n) > 3, "A", "B")
    lifted = 0.5 * rfm["frequency_score"] + effect * (segment == "A")
    table = rfm.assign(
        segment=segment,
        burned_score=np.nan,
        **dict.fromkeys(LOGS, np.nan),
        tenure_days=rng.integers(1, 700, n).astype(float),
        active=(rng.random(n) < 1 / (1 + np.exp(1.5 - lifted))).astype(float),
        coupons=rng.poisson(np.exp(lifted / 2)).astype(float),
    ).set_axis([str(i) for i in range(n)])
    outcomes = tuple(o for o in OUTCOMES if o.name in ("active", "coupons"))
    return Holdout(table, pd.DataFrame(), "2025-10-30", AS_OF, outcomes)


def test_a_planted_gain_is_found(strong):
    answer = predictive_gain(strong[1], **QUICK)
    assert answer.useful
    assert answer.text.startswith("Useful:")
    table = answer.table.set_index("outcome")
    assert (table["with_segments"] - table["baseline"]).to_numpy() == pytest.approx(table["gain"].to_numpy(), abs=2e-6)
    assert (table["low"] <= table["gain"]).all()
    assert (table["gain"] <= table["high"]).all()
    assert (table["p_holm"] >= table["p"]).all()


def test_no_gain_is_found_where_segments_only_repeat_what_rfm_says():
    """Segments go with the outcome in every shop, because both go with frequency: that alone must not be a gain."""
    useful, p = 0, []
    for number in range(30):
        answer = predictive_gain(simulated(np.random.default_rng(number)), n_repeats=1, n_permutations=39)
        useful += answer.useful
        p += answer.table["p"].tolist()
        assert (answer.table["segments_alone"] > 0).all()
    assert useful <= 5  # 5% of 30 are 1 or 2; more than 5 come once in 300 times
    assert (np.array(p) <= 0.05).mean() <= 0.15
    answer = predictive_gain(simulated(np.random.default_rng(1), effect=1.5), n_repeats=1, n_permutations=39)
    assert answer.useful


def heavy_tailed(rng, *, n=500):
    """A holdout of a shop without groups: one trait with a Pareto tail moves all, and segments cut it into three."""
    rate = 1 + rng.pareto(1.2, n)
    before, after = rng.poisson(3 * rate).astype(float) + 1, rng.poisson(2 * rate).astype(float)
    features = pd.DataFrame({"recency_days": 0.0, "n_coupons": before, "n_burned": np.nan, "spend": np.nan})
    cuts = np.quantile(before, [0.8, 0.97])
    table = pd.concat([rfm_scores(features), rfm_logs(features)], axis=1).assign(
        segment=np.array(list("CBA"))[np.searchsorted(cuts, before)], tenure_days=1.0, coupons=after
    )
    outcomes = tuple(o for o in OUTCOMES if o.name == "coupons")
    return Holdout(table.set_axis([str(i) for i in range(n)]), pd.DataFrame(), "2025-10-30", AS_OF, outcomes)


def test_a_pareto_tail_is_useful_beside_quintiles_only_and_not_beside_logarithms():
    options = {"n_repeats": 1, "n_permutations": 39}
    beside_logs = beside_quintiles = 0
    for number in range(12):
        holdout = heavy_tailed(np.random.default_rng(number))
        beside_logs += predictive_gain(holdout, **options).useful
        without = holdout.table.assign(**dict.fromkeys(LOGS, np.nan))
        beside_quintiles += predictive_gain(replace(holdout, table=without), **options).useful
    assert beside_quintiles >= 10
    assert beside_logs <= 2  # of 12 at 5%: more than 2 come once in 50 times


def test_units_of_money_change_little_and_missing_or_constant_values_nothing():
    rng = np.random.default_rng(4)
    holdout = simulated(rng)
    money = rng.lognormal(6, 1, len(holdout.table))
    table = holdout.table.assign(log_monetary=signed_log(money), log_recency=0.0)
    predictors = design(table)
    assert predictors.rfm.shape[1] == design(holdout.table).rfm.shape[1] + 1  # a constant is left out
    column = predictors.rfm[:, -1]
    assert (column.mean(), column.std()) == pytest.approx((0, 1), abs=1e-9)
    in_cents = design(table.assign(log_monetary=signed_log(100 * money))).rfm[:, -1]
    np.testing.assert_allclose(in_cents, column, atol=0.05)
    unknown = table.assign(log_monetary=table["log_monetary"].mask(np.arange(len(table)) < 9))
    assert (design(unknown).rfm[:9, -1] == 0).all()
    refunds = design(table.assign(log_monetary=signed_log(money - 2_000)))
    assert np.isfinite(refunds.rfm).all()


def test_the_rivals_are_named_in_one_place(strong):
    gain = predictive_gain(strong[1], **QUICK)
    assert PLAIN_RULE in gain.lead
    assert gain.caption.endswith(PLAIN_RULE_MEANING)
    labels = [text.get_text() for text in plot_gain(gain.table).figure.legends[0].get_texts()]
    assert PLAIN_RULE in labels


def test_the_model_is_scikit_learns_ridge_out_of_sample(strong):
    holdout = strong[1]
    active = replace(holdout, outcomes=tuple(o for o in holdout.outcomes if o.name == "active"))
    answer = predictive_gain(active, n_repeats=20, n_permutations=19).table.set_index("outcome")
    predictors, y = design(holdout.table), holdout.table["active"].to_numpy()
    X = np.hstack([predictors.tenure, predictors.rfm])
    predicted = cross_val_predict(Ridge(), X, y, cv=5)
    assert answer.loc["active", "baseline"] == pytest.approx(
        1 - ((y - predicted) ** 2).sum() / y.var() / len(y), abs=0.02
    )


def test_processes_and_threads_change_nothing(strong):
    few = {"n_repeats": 1, "n_permutations": 19}
    one = predictive_gain(strong[1], **few).table
    with threadpool_limits(limits=2):
        two = predictive_gain(strong[1], **few, n_jobs=2).table
    pd.testing.assert_frame_equal(one, two)


def test_what_cannot_be_predicted_is_left_out_with_a_reason():
    holdout = simulated(np.random.default_rng(0))
    always = replace(holdout, table=holdout.table.assign(active=1.0))
    answer = predictive_gain(always, **QUICK)
    assert answer.left_out == {"active": "the same for all customers"}
    assert answer.table["outcome"].tolist() == ["coupons"]
    neither = predictive_gain(replace(always, table=always.table.assign(coupons=2.0)), **QUICK)
    assert neither.useful is None
    assert "no outcome can be predicted" in neither.text


def test_more_than_chance_is_not_enough_to_be_useful():
    row = {"outcome": "burn_rate", "n": 900, "baseline": 0.2, "segments_alone": 0.1, "rfm_alone": 0.2, "gain": 0.001}
    row |= {"with_segments": 0.201, "low": -0.01, "high": 0.012, "p": 0.002, "p_holm": 0.004}
    text = PredictiveGain(pd.DataFrame([row]), useful=False, left_out={}).text
    assert text.startswith("Not shown to be useful: the group says more than chance about burn rate")
    assert "RFM predicts as much as groups or more" in text


def test_the_lead_is_the_first_sentence_of_the_claim(strong):
    nothing = PredictiveGain(pd.DataFrame(columns=COLUMNS), None, {}, "too few.")
    assert nothing.lead == nothing.claim == nothing.text == "Whether the groups are useful cannot be said: too few."
    for gain in (predictive_gain(strong[1], **QUICK), predictive_gain(simulated(np.random.default_rng(0)), **QUICK)):
        assert gain.claim.startswith(gain.lead + " ")
        assert gain.lead.endswith(".")
        assert ". " not in gain.lead


def test_the_workbook_is_not_shown_to_be_useful(workbook):
    con = ingest(workbook).con
    study = Study(as_of="2024-07-14")
    answer = predictive_gain(evaluate_holdout(con, study, recipe_of(con, study=study), k=3))
    assert answer.useful is False
    assert answer.text.startswith("Not shown to be useful")
    assert (answer.table["p_holm"] > 0.05).all()


# Figures ------------------------------------------------------------------------------------------------------------


def test_figures_show_the_table_they_are_given(strong):
    holdout = strong[1]
    ax = plot_outcomes(holdout.by_segment, outcome="burned", names={"A": "often there"})
    assert [label.get_text() for label in ax.get_yticklabels()] == ["A · often there", "B then", "C then"]
    assert "share of customers" in ax.get_xlabel()
    answer = predictive_gain(holdout, **QUICK)
    ax = plot_gain(answer.table)
    assert len(ax.get_yticklabels()) == len(answer.table)
    assert plot_gain(answer.table.head(1), ax=ax.figure.add_subplot()) is not None


def test_results_say_what_their_figures_show(strong):
    holdout = strong[1]
    figures = {result.outcome.name: result for result in holdout.figures}
    assert list(figures) == [outcome.name for outcome in holdout.outcomes]
    rate = figures["burn_rate"]
    assert rate.table["segment"].tolist() == ["A", "B", "C"]
    assert rate.alt.startswith("burn rate after the cut by segment: A 0.")
    assert rate.text.startswith(rate.alt.removesuffix("."))
    assert rate.caption.endswith(
        "how many of the coupons claimed were burned; 95% intervals. Letters are those of that day, not of today."
    )
    assert "share of decided coupons" in rate.figure().get_xlabel()
    template = next(outcome for outcome in OUTCOMES if outcome.name == "coupons")
    transactions = replace(figures["coupons"], outcome=template, wording=TRANSACTION)
    assert transactions.alt.startswith("transactions after the cut")
    assert "how many transactions a customer made" in transactions.caption
    gain = predictive_gain(holdout, **QUICK)
    assert gain.alt == gain.text
    assert gain.caption.startswith(f"{len(holdout.table):,} customers, predicted by")
    assert len(gain.figure().get_yticklabels()) == len(gain.table)


# The verdict --------------------------------------------------------------------------------------------------------

VERDICT = VerdictRecord(
    structure="constructed",
    useful="not tested",
    headline="h",
    sentence="s",
    meaning="m",
    advice="as 04 said",
    k_star=None,
    evidence=(),
)


@pytest.mark.parametrize("structure", ["natural", "reproducible", "constructed"])
@pytest.mark.parametrize(
    ("useful", "label"), [(True, "useful"), (False, "not shown to be useful"), (None, "cannot be said")]
)
def test_the_verdict_has_a_second_axis(structure, useful, label):
    rows = pd.DataFrame([("active", 500, 0.1, 0.05, 0.08, 0.2, 0.1, 0.05, 0.15, 0.01, 0.01)], columns=COLUMNS)
    gain = PredictiveGain(rows, useful, {}, "too few." if useful is None else "")
    verdict = with_usefulness(replace(VERDICT, structure=structure), gain)
    assert verdict.useful == label
    assert verdict.structure == structure
    assert (verdict.use, verdict.use_claim, verdict.use_lead) == (gain.text, gain.claim, gain.lead)
    assert verdict.use
    if useful is None:
        assert verdict.advice == "as 04 said"
    elif useful:
        assert "what customers do next" in verdict.advice
    else:
        assert "recency and frequency" in verdict.advice or "how recently" in verdict.advice
        assert "tell what customers do next" not in verdict.advice


@pytest.mark.parametrize("structure", ["natural", "reproducible", "constructed"])
@pytest.mark.parametrize(("alone", "alike"), [((0.0, -0.1), True), ((0.0, 0.01), False), ((0.01, 0.0), False)])
def test_where_nothing_predicts_the_advice_is_to_treat_all_alike(structure, alone, alike):
    """Recency and frequency are no advice where they say nothing either."""
    rows = pd.DataFrame([("active", 500, 0.1, *alone, 0.1, 0.0, -0.05, 0.05, 0.5, 0.5)], columns=COLUMNS)
    verdict = with_usefulness(replace(VERDICT, structure=structure), PredictiveGain(rows, False, {}))
    assert ("Treat all customers alike" in verdict.advice) == alike
    assert ("recen" in verdict.advice) == (not alike)
    assert ("Neither RFM nor groups" in verdict.use_claim) == alike


def test_money_that_is_spend_leaves_burned_coupons_as_a_score():
    features = pd.DataFrame(
        {"recency_days": range(10), "n_coupons": range(10), "spend": range(10), "n_burned": range(10)}, dtype=float
    )
    assert rfm_scores(features)[BURNED].notna().all()
    assert rfm_scores(features.assign(spend=np.nan))[BURNED].isna().all()  # there they stand for money


def test_of_many_customers_a_sample_is_predicted_and_the_caption_says_so():
    holdout = simulated(np.random.default_rng(2), n=3_000, effect=1.5)
    answer = predictive_gain(holdout, sample_customers=1_000, **QUICK)
    assert (answer.customers, answer.known) == (1_000, 3_000)
    assert answer.caption.startswith("1,000 customers (drawn at random from 3,000), ")
    assert (answer.table["n"] == 1_000).all()
    assert answer.useful  # as sharp: a third of the customers shows the planted effect
    shuffled = replace(holdout, table=holdout.table.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(answer.table, predictive_gain(shuffled, sample_customers=1_000, **QUICK).table)
    whole = predictive_gain(holdout, **QUICK)
    assert "drawn" not in whole.caption
    assert whole.table["gain"].to_numpy() == pytest.approx(answer.table["gain"].to_numpy(), abs=0.05)


@pytest.mark.parametrize("seed", range(3))
def test_gains_from_sums_of_products_are_those_of_scikit_learns_ridge(seed):
    """The errors of ridge regressions, fold by fold, row by row, beside those that are computed from sums."""
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(1, 1, (90, 5)), rng.normal(3, 2, (90, 4))
    X[:, 2] = X[:, 2] > 1
    splits = list(KFold(4, shuffle=True, random_state=seed).split(X))
    errors = dict.fromkeys(("baseline", "all", "mean"), 0.0)
    for fit, rest in splits:
        for name, columns in {"baseline": 3, "all": 5}.items():
            predicted = Ridge(alpha=1.0).fit(X[fit, :columns], Y[fit]).predict(X[rest, :columns])
            errors[name] = errors[name] + ((Y[rest] - predicted) ** 2).sum(axis=0)
        errors["mean"] = errors["mean"] + ((Y[rest] - Y[fit].mean(axis=0)) ** 2).sum(axis=0)
    expected = (errors["baseline"] - errors["all"]) / errors["mean"]
    assert _gains(X, 3, Y, [splits]) == pytest.approx(expected, abs=1e-12)
