"""Null models: what they preserve and what they remove, and which of them a run has."""

import numpy as np
import pandas as pd
import pytest
from by_hand import TABLE
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, spearmanr

from seglib.datasets.shop import make_shop
from seglib.k_selection.criteria.batch_kmeans import Rows, best_starts
from seglib.k_selection.criteria.indices import cluster_indices
from seglib.k_selection.validation.benchmark import benchmark
from seglib.k_selection.validation.coupon_history import CouponHistory
from seglib.k_selection.validation.null_models import CopulaNull
from seglib.k_selection.validation.null_shops import STARTS, STARTS_OF_LEVELS, null_models_for
from seglib.k_selection.validation.process_null import ProcessNull
from seglib.k_selection.validation.recommendations import assess_k
from seglib.k_selection.validation.verdict import verdict
from seglib.stats.unimodality import dip, dip_p_value
from seglib.style.wording import NO_TRANSACTIONS

few_examples = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**32 - 1)

# Customers who differ gradually ---------------------------------------------------------------------------------


def mixed(seed, n=1000):
    """Skewed, tied and spiked numbers, and a weighted one-hot name whose levels follow the first number."""
    rng = np.random.default_rng(seed)
    first = rng.normal(size=n)
    numbers = [first, np.exp(first + rng.normal(size=n)), rng.poisson(2 + (first > 1)), rng.gamma(1.5, size=n)]
    level = np.digitize(first + rng.normal(0, 0.3, n), norm.ppf([0.2, 0.6]))
    return np.column_stack([*numbers, 0.7 * np.eye(3)[level]]), [[0], [1], [2], [3], [4, 5, 6]]


@few_examples
@given(seeds)
def test_the_copula_null_keeps_every_column_and_its_correlations(seed):
    X, sources = mixed(seed)
    null = CopulaNull(X, sources)
    one, two = null.draws([np.random.default_rng([seed, i]) for i in range(2)])
    assert (np.sort(one, axis=0) == np.sort(X, axis=0)).all()
    assert not (one == two).all()
    # Given X, a draw scatters about its rank correlations with the standard error of Spearman's rho, at most
    # 1 / sqrt(n - 3) (at rho = 0; Bonett & Wright 2000). Of six correlations, one is beyond five standard errors
    # in less than one of 200,000 draws.
    error = 1 / np.sqrt(len(X) - 3)
    assert np.abs(spearmanr(one[:, :4]).statistic - spearmanr(X[:, :4]).statistic).max() < 5 * error
    assert set(map(tuple, one[:, 4:])) == {(0.7, 0, 0), (0, 0.7, 0), (0, 0, 0.7)}
    mean = [one[one[:, j] > 0, 0].mean() for j in (4, 5, 6)]
    assert mean == sorted(mean)


def test_the_copula_null_of_numbers_that_are_all_the_same():
    X = np.column_stack([np.arange(50.0), np.ones(50), np.repeat([0.0, 1.0], 25)])
    (draw,) = CopulaNull(X).draws([np.random.default_rng(0)])
    assert (np.sort(draw, axis=0) == np.sort(X, axis=0)).all()
    assert spearmanr(draw[:, 0], draw[:, 2]).statistic > 0.5


def answers(seed, n, loadings, thresholds):
    """Yes/no items, each with a threshold on a normal variable that shares one factor with the others."""
    rng = np.random.default_rng(seed)
    loadings = np.asarray(loadings)
    latent = rng.normal(size=(n, 1)) * loadings + rng.normal(size=(n, len(loadings))) * np.sqrt(1 - loadings**2)
    return (latent > thresholds).astype(float)


@pytest.mark.parametrize(
    ("loadings", "thresholds"),
    [([0.8] * 5, [0.0] * 5), ([0.9, 0.7, 0.5, -0.6], [0.8, -0.5, 0.3, 0.0]), ([0.0] * 4, [1.0, 0.0, -1.0, 0.5])],
)
def test_the_copula_null_of_items_is_a_probit_model(loadings, thresholds):
    """Draws of yes/no items have the phi correlations of the data, not the weaker ones of two roundings.

    A phi has a standard error of at most about 1 / sqrt(n), so the mean of 40 draws has .0035 with n = 2000. The latent
    correlations are moved in rounds of one draw each, which leaves the error of the last of them: together .025.
    """
    X = answers(3, 2000, loadings, thresholds)
    null = CopulaNull(X)
    draws = list(null.draws([np.random.default_rng(i) for i in range(40)]))
    assert all((np.sort(draw, axis=0) == np.sort(X, axis=0)).all() for draw in draws)
    simulated = np.mean([np.corrcoef(draw, rowvar=False) for draw in draws], axis=0)
    errors = (simulated - np.corrcoef(X, rowvar=False))[np.triu_indices(len(loadings), 1)]
    assert np.abs(errors).max() < 4 * 0.025
    assert abs(errors.mean()) < 0.03


def test_scores_of_two_levels_would_be_too_weak_by_themselves():
    """Sheppard (1899): with a threshold at the mean, a latent correlation r gives phi = 2 arcsin(r) / pi.

    So without the move, a phi of .5 would be drawn as .33.
    """
    X = answers(0, 4000, [0.5**0.25] * 2, [0.0, 0.0])  # latent: sqrt(.5) = .707, which is phi = .5
    phi = np.corrcoef(X, rowvar=False)[0, 1]
    assert phi == pytest.approx(0.5, abs=0.06)
    draws = CopulaNull(X).draws([np.random.default_rng(i) for i in range(40)])
    simulated = np.mean([np.corrcoef(draw, rowvar=False)[0, 1] for draw in draws])
    assert simulated == pytest.approx(phi, abs=0.06)
    assert simulated > 0.41  # half-way to .33


def test_a_number_with_a_valley_gets_one_peak():
    rng = np.random.default_rng(1)
    two = rng.normal(size=400) + 8 * (np.arange(400) % 2)
    one = rng.normal(size=400)
    spiked = np.where(rng.random(400) < 0.3, 0.0, two)  # one value of a large share is no peak between others
    X = np.column_stack([two, one, spiked])
    assert dip_p_value(dip(two), 400) < 0.001
    (draw,) = CopulaNull(X).draws([np.random.default_rng(0)])
    assert dip_p_value(dip(draw[:, 0]), 400) > 0.05
    assert X[:, 0].min() <= draw[:, 0].min() <= draw[:, 0].max() <= X[:, 0].max()
    assert (np.sort(draw[:, 1:], axis=0) == np.sort(X[:, 1:], axis=0)).all()


@few_examples
@given(seeds)
def test_a_copula_within_groups_keeps_the_values_of_every_group(seed):
    X, sources = mixed(seed, n=200)
    labels = np.repeat([0, 1, 2], [120, 71, 9])
    one, two = CopulaNull(X, sources).within(labels).draws([np.random.default_rng([seed, i]) for i in range(2)])
    for group in (0, 1, 2):
        rows = labels == group
        assert (np.sort(one[rows], axis=0) == np.sort(X[rows], axis=0)).all()
    assert (one[labels == 2] == X[labels == 2]).all()  # too few for a copula of their own
    assert not (one[labels == 0] == two[labels == 0]).all()
    assert set(map(tuple, one[:, 4:])) <= {(0.7, 0, 0), (0, 0.7, 0), (0, 0, 0.7)}


def test_a_copula_within_groups_keeps_the_groups():
    rng = np.random.default_rng(2)
    labels = np.arange(300) % 3
    X = rng.normal(size=(300, 2)) + np.array([[0, 0], [9, 0], [0, 9]])[labels]
    (draw,) = CopulaNull(X).within(labels).draws([rng])
    assert greatest_silhouette(draw) == pytest.approx(greatest_silhouette(X), abs=0.02)
    (alone,) = CopulaNull(X).draws([rng])
    assert greatest_silhouette(alone) < greatest_silhouette(X) - 0.1


def greatest_silhouette(X):
    rows = Rows(X)
    return np.nanmax(cluster_indices(rows, best_starts(rows, 4, np.random.default_rng(0), n_init=2))["silhouette"])


def test_the_copula_null_of_normal_rows_is_like_them_and_groups_are_gone():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)) @ np.array([[1, 0.6, 0], [0, 1, 0.3], [0, 0, 1]])
    rngs = [np.random.default_rng(i) for i in range(9)]
    draws = [greatest_silhouette(draw) for draw in CopulaNull(X).draws(rngs)]
    assert np.median(draws) == pytest.approx(greatest_silhouette(X), abs=0.02)
    grouped = X + 6 * np.eye(3)[rng.integers(0, 3, 400)]
    draws = [greatest_silhouette(draw) for draw in CopulaNull(grouped).draws(rngs)]
    assert greatest_silhouette(grouped) > max(draws) + 0.05


# Customers who are all alike ------------------------------------------------------------------------------------

AS_OF = "2026-03-31"


def process(customers, transactions, burn_window=90):
    return ProcessNull(CouponHistory.of(customers, transactions, as_of=AS_OF, burn_window=burn_window), rebuild=iter)


def day_of_joining(customers, observed):
    first = observed.groupby("customer_id")["transaction_date"].min()
    return pd.concat([customers.set_index("customer_id")["join_date"], first], axis=1).min(axis=1)


def matured(transactions):
    return transactions[transactions["transaction_date"] <= pd.Timestamp(AS_OF) - pd.Timedelta(days=90)]


def share_burned(transactions):
    coupons = matured(transactions)
    return ((coupons["transaction_status"] == "burned") & ~(coupons["burn_date"] > AS_OF)).mean()


def unlikeness(transactions):
    """Chi-squared of burned by customer, per degree of freedom: about 1 where all are alike."""
    coupons = matured(transactions)
    burned = ((coupons["transaction_status"] == "burned") & ~(coupons["burn_date"] > AS_OF)).groupby(
        coupons["customer_id"]
    )
    n, k, p = burned.size(), burned.sum(), share_burned(transactions)
    return ((k - n * p) ** 2 / (n * p * (1 - p))).sum() / (len(n) - 1)


@settings(max_examples=10, deadline=None)
@given(seed=seeds)
def test_resampling_keeps_customers_and_makes_them_alike(tables_of_shop, seed):
    customers, transactions = tables_of_shop()
    observed = transactions[transactions["transaction_date"] <= AS_OF]
    assert len(observed) < len(transactions)
    simulated = process(customers, transactions).resampled(np.random.default_rng(seed))
    assert simulated.columns.tolist() == transactions.columns.tolist()
    assert simulated["customer_id"].value_counts().to_dict() == observed["customer_id"].value_counts().to_dict()
    assert (simulated["transaction_date"] >= simulated["customer_id"].map(day_of_joining(customers, observed))).all()
    assert (simulated["transaction_date"] <= AS_OF).all()
    assert ((simulated["transaction_status"] == "burned") == simulated["burn_date"].notna()).all()
    lag, observed_lags = ((t["burn_date"] - t["transaction_date"]).dropna() for t in (simulated, matured(transactions)))
    assert set(lag) <= set(observed_lags)
    assert lag.min() >= pd.Timedelta(0)
    assert sorted(simulated["branch_id"]) == sorted(observed["branch_id"])
    assert share_burned(simulated) == pytest.approx(share_burned(transactions), abs=0.05)
    assert unlikeness(transactions) > 2
    assert unlikeness(simulated) < 1.35


def test_another_draw_is_another_shop_and_draws_are_rebuilt(tables_of_shop):
    null = process(*tables_of_shop())
    one, two = null.draws([np.random.default_rng(i) for i in (1, 2)])
    pd.testing.assert_frame_equal(one, null.resampled(np.random.default_rng(1)))
    assert not one["transaction_date"].equals(two["transaction_date"])


def test_days_follow_the_calendar(tables_of_shop):
    """A shop with claims on the first of a month only, and four in five of them in December."""
    _, given_days = tables_of_shop()
    rng = np.random.default_rng(0)
    month = given_days["transaction_date"].dt.to_period("M").dt.to_timestamp()
    month = month.where(rng.random(len(month)) < 0.2, pd.Timestamp("2025-12-01"))
    customers, transactions = tables_of_shop(transaction_date=month.to_numpy(), burn_date=None)
    observed = transactions[transactions["transaction_date"] <= AS_OF]
    simulated = process(customers, transactions).resampled(rng)
    assert set(simulated["transaction_date"]) <= set(observed["transaction_date"])
    busy = [(t["transaction_date"] == "2025-12-01").mean() for t in (simulated, observed)]
    assert busy[0] == pytest.approx(busy[1], abs=0.1)


def test_shops_that_record_less_are_resampled_too(tables_of_shop):
    for without in (("status",), ("burn dates",)):
        customers, transactions = tables_of_shop(*without)
        simulated = process(customers, transactions, burn_window=None).resampled(np.random.default_rng(0))
        assert simulated["burn_date"].isna().all()
        assert simulated["transaction_status"].isna().all() == ("status" in without)
    assert share_burned(simulated) == pytest.approx(share_burned(transactions), abs=0.05)
    nobody_joined = customers.assign(join_date=pd.NaT)
    simulated = process(nobody_joined, transactions).resampled(np.random.default_rng(0))
    first = transactions.groupby("customer_id")["transaction_date"].min()
    assert (simulated["transaction_date"] >= simulated["customer_id"].map(first)).all()


def test_amounts_stay_with_their_branches(tables_of_shop):
    """Branch and amount go together to another customer: an expensive branch stays expensive."""
    customers, transactions = tables_of_shop()
    customers, transactions = tables_of_shop(amount=transactions["branch_id"].astype(float) * 10)
    simulated = process(customers, transactions).resampled(np.random.default_rng(0))
    assert (simulated["amount"] == simulated["branch_id"].astype(float) * 10).all()
    assert not simulated["amount"].equals(transactions["amount"].head(len(simulated)))


def test_a_coupon_before_joining_counts_from_itself(tables_of_shop):
    customers, transactions = tables_of_shop()
    late = customers.assign(join_date=pd.Timestamp("2026-03-01"))
    simulated = process(late, transactions).resampled(np.random.default_rng(0))
    first = transactions.groupby("customer_id")["transaction_date"].min().clip(upper=pd.Timestamp("2026-03-01"))
    assert (simulated["transaction_date"] >= simulated["customer_id"].map(first)).all()


# The null models of a run ---------------------------------------------------------------------------------------------


def text_ids(tables):
    """Ids that are no numbers, of several lengths, some with a digit before: none may be taken for another's."""
    ids = {str(i): f"{i % 3}{'x' * (i % 4)}é{i}" for i in tables["customers"]["customer_id"]}
    return tables | {
        name: tables[name].assign(customer_id=tables[name]["customer_id"].astype(str).map(ids))
        for name in ("customers", "transactions")
    }


@pytest.fixture
def with_text_ids(write_csv):
    return write_csv(text_ids(make_shop(customers=200, transactions=1600, seed=4).tables), "texts")


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["customer", "baseline"])
def test_the_shop_itself_comes_out_as_its_matrix(recorded, with_text_ids, shop, recipe):
    """From transactions that were not resampled, the same code makes the same matrix, to the last bit."""
    for source in (with_text_ids, shop, "sample"):
        run = recorded(source, recipe)
        null_models = null_models_for(run, sample_customers=100_000)
        matrix = run.read("matrix").to_numpy()
        assert (matrix == null_models.X).all()
        assert [null.name for null in null_models.nulls] == ["gradual", "process", "copula"]
        whole = run.read_table("transactions")
        rebuilt = list(null_models.nulls[0].rebuild([whole, whole]))
        assert [np.array_equal(X, matrix) for X in rebuilt] == [True, True]


def test_the_options_of_the_matrix_hold_for_the_null_models_too(recorded, shop):
    options = {"transform": "yeo-johnson", "scaling": "robust", "demographic_weight": 2.0, "min_level_share": 0.1}
    run = recorded(shop, **options, segment_by=["coupons_per_month", "burn_rate", "tenure_days"], drop_correlated=False)
    assert {"burn_rate", "tenure_days"} < set(run.read("recipe").sources)
    null_models = null_models_for(run)
    assert (run.read("matrix").to_numpy() == null_models.X).all()
    (again,) = null_models.nulls[0].rebuild([run.read_table("transactions")])
    assert (again == null_models.X).all()
    (other,) = null_models.nulls[0].draws([np.random.default_rng(0)])
    tenure = run.read("matrix").columns.get_loc("tenure_days")
    changed = (other != null_models.X).any(axis=0)
    assert not changed[tenure]  # what does not come from transactions stays
    assert changed[run.read("matrix").columns.get_loc("burn_rate")]


def test_where_nothing_comes_from_coupons_none_are_resampled(recorded, shop):
    null_models = null_models_for(recorded(shop, segment_by=["tenure_days"], drop_correlated=False))
    assert [null.name for null in null_models.nulls] == list(TABLE)
    assert "No column of the matrix comes from coupons" in null_models.text


def test_a_ready_table_has_the_smooth_null_model_and_the_copula(recorded, root, small):
    run = recorded(root / "data/sample/survey.csv", mapping=root / "params/mappings/survey.yaml")
    null_models = null_models_for(run)
    assert (run.read("matrix").to_numpy() == null_models.X).all()
    assert [null.name for null in null_models.nulls] == list(TABLE)
    assert NO_TRANSACTIONS in null_models.text
    assert null_models.n_starts == STARTS
    benchmark_result = benchmark(null_models.X, null_models.nulls, **small)
    assert set(benchmark_result.scores["null"]) == {*TABLE, ""}
    assert benchmark_result.follows_the_data == {"smooth": True, "copula": False}
    assert verdict(benchmark_result).structure in ("natural", "reproducible", "constructed", "borderline")
    assert "without segments" in assess_k(2, benchmark_result)


LEVELS = """
tables:
  customers:
    from: items
    columns: {customer_id: id}
    segment_by:
      first: binary
      second: binary
      third: {kind: numeric}
      fourth: {kind: numeric}
"""
NUMBERS = LEVELS.replace("binary", "{kind: numeric}")


def table_of(write_csv, recorded, text, **columns):
    n = len(next(iter(columns.values())))
    folder = write_csv({"items": pd.DataFrame({"id": [f"R{i:03}" for i in range(n)], **columns})}, "table")
    (folder / "mapping.yaml").write_text(text, encoding="utf-8")
    return recorded(folder / "items.csv", mapping=folder / "mapping.yaml")


def test_a_table_of_levels_has_only_the_copula_and_needs_more_starts(write_csv, recorded):
    """Neighbours of a row of few levels are equal rows, so there is nothing to smooth."""
    rng = np.random.default_rng(0)
    items = np.where(answers(1, 300, [0.8] * 2, [0.0, 0.3]) > 0, "yes", "no")
    scale = rng.integers(1, 6, size=(300, 2))
    columns = {"first": items[:, 0], "second": items[:, 1], "third": scale[:, 0], "fourth": scale[:, 1]}
    null_models = null_models_for(table_of(write_csv, recorded, LEVELS, **columns))
    assert [null.name for null in null_models.nulls] == ["copula"]
    assert null_models.n_starts == STARTS_OF_LEVELS > STARTS
    assert null_models.text.startswith("Compared with data without segments:")


@pytest.mark.parametrize(("n_spiked", "together"), [(0, False), (1, False), (2, True), (3, True)])
def test_rows_that_share_a_value_in_two_numbers_stay_together(write_csv, recorded, n_spiked, together):
    """Zeros in several columns are a lump that the audit reports: no null model may lack it."""
    rng = np.random.default_rng(0)
    values = rng.gamma(2.0, size=(300, 4))
    values[:100, :n_spiked] = 0
    columns = dict(zip(("first", "second", "third", "fourth"), values.T.round(6), strict=True))
    smooth, copula = null_models_for(table_of(write_csv, recorded, NUMBERS, **columns)).nulls
    assert (smooth.name, smooth.follows_the_data) == ("smooth", True)
    assert (copula.name, copula.follows_the_data) == ("copula", False)
    zero = copula.X[0, :2] if together else copula.X[:, :2].min(axis=0)
    (draw,) = copula.draws([np.random.default_rng(1)])
    joint = np.isclose(draw[:, :2], zero).all(axis=1).sum()
    assert joint == 100 if together else joint < 100
    assert np.allclose(np.sort(draw, axis=0), np.sort(copula.X, axis=0))
    assert copula.within(np.arange(300) % 2) is not None


@pytest.mark.parametrize("recipe", ["customer", "baseline"])
def test_of_many_customers_a_sample_is_taken(recorded, recipe):
    run = recorded("sample", recipe)
    null_models = null_models_for(run, sample_customers=100)
    assert null_models.X.shape == (100, run.read("matrix").shape[1])
    assert "a sample of 100 stands for them" in null_models.text
    for null in null_models.nulls:
        one, two = null.draws([np.random.default_rng(i) for i in (1, 2)])
        assert one.shape == two.shape == null_models.X.shape
        assert not (one == two).all()
    assert (null_models_for(run, sample_customers=100).X == null_models.X).all()
    assert not (null_models_for(run, sample_customers=100, seed=1).X == null_models.X).all()
