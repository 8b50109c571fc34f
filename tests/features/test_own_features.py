"""Features that an analyst adds: what the file must say, values by hand, and whether they are chance."""

import textwrap

import duckdb
import numpy as np
import pandas as pd
import pytest

from seglib.datasets.shop import make_shop
from seglib.errors import ParameterRefused
from seglib.features.customers import customer_features
from seglib.features.engines.duckdb import DuckDB
from seglib.features.in_database import features_in_database
from seglib.features.joined_shops import with_own_features
from seglib.features.own_features import own_table, read_own_features, without_unreadable
from seglib.features.own_reliability import own_reliability
from seglib.schema.records import RecipeRecord
from seglib.sql.canonical import read_canonical_tables
from seglib.study import Study

WEEKEND = """
/*
weekend_share:
  unit: share
  meaning: share of coupons claimed at a weekend
  words: [weekend, weekday]
*/
SELECT customer_id, avg(CASE WHEN dayofweek(transaction_date) IN (0, 6) THEN 1.0 ELSE 0.0 END) AS weekend_share
FROM transactions GROUP BY customer_id
"""


@pytest.fixture
def write(tmp_path):
    def file(text):
        path = tmp_path / "own.sql"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return file


@pytest.fixture(scope="module")
def shop(canonical):
    return canonical(make_shop(customers=400, transactions=3000, seed=3).tables)


STUDY = Study(as_of="2026-06-30")


def test_values_are_those_of_pandas_and_whoever_has_no_row_has_no_value(shop, write):
    path = write(WEEKEND.replace("GROUP BY", "WHERE customer_id <> '7' GROUP BY"))
    table = customer_features(shop, STUDY, own_features=path).table
    coupons = shop.table("transactions").df()
    coupons = coupons[coupons["transaction_date"] <= "2026-06-30"]
    at_weekend = (coupons["transaction_date"].dt.day_of_week >= 5).groupby(coupons["customer_id"]).mean()
    expected = at_weekend.reindex(table.index)
    expected.loc["7"] = np.nan
    assert "7" in table.index
    np.testing.assert_allclose(table["weekend_share"], expected, rtol=1e-12)


def test_an_earlier_day_gives_what_the_shop_of_that_day_gives(shop, write, canonical):
    tables = read_canonical_tables(shop, as_of="2025-12-31")
    burned = tables["transactions"]["burn_date"] <= "2025-12-31"
    tables["transactions"]["transaction_status"] = np.where(burned, "burned", "subscribed")
    tables["transactions"]["burn_date"] = tables["transactions"]["burn_date"].where(burned)
    statement = """
    /*
    own_rate: {unit: share, meaning: share burned}
    last_burn: {unit: days, meaning: days from the last burn}
    */
    SELECT t.customer_id, avg(CASE WHEN t.transaction_status = 'burned' THEN 1.0 ELSE 0.0 END) AS own_rate,
        min(date_diff('day', t.burn_date, s.as_of)) AS last_burn
    FROM transactions AS t CROSS JOIN study AS s GROUP BY t.customer_id
    """
    study = Study(as_of="2025-12-31")
    whole, known = (
        customer_features(con, study, own_features=write(statement)).table for con in (shop, canonical(tables))
    )
    pd.testing.assert_frame_equal(whole[["own_rate", "last_burn"]], known[["own_rate", "last_burn"]])
    assert whole["last_burn"].min() >= 0


def test_the_dictionary_and_the_recipe_have_what_the_comment_says(shop, write):
    described = customer_features(shop, STUDY, own_features=write(WEEKEND))
    [line] = [f for f in described.features if f.name == "weekend_share"]
    assert (line.unit, line.meaning, line.role) == ("share", "share of coupons claimed at a weekend", "segmentation")
    assert described.study.own_words == {"weekend_share": ("weekend", "weekday")}
    record = RecipeRecord("customer", "customer", "structure", {}, (), own_features=described.study.own_features)
    assert RecipeRecord.from_json(record.to_json()) == record


BAD = {
    "SELECT customer_id FROM customers": "does not begin with a comment",
    "/* - a */ SELECT customer_id FROM customers": "does not name a column",
    "/* a: [ */ SELECT customer_id FROM customers": "not valid YAML",
    "/* A b: {unit: x, meaning: y} */ SELECT customer_id FROM customers": "no name of a feature",
    "/* burn_rate: {unit: x, meaning: y} */ SELECT customer_id FROM customers": "there already",
    "/* a: {unit: x} */ SELECT customer_id, 1 AS a FROM customers": "a has no meaning",
    "/* a: {unit: x, meaning: y, kimd: binary} */ SELECT customer_id, 1 AS a FROM customers": "did you mean 'kind'",
    "/* a: {unit: x, meaning: y, kind: text} */ SELECT customer_id, 1 AS a FROM customers": "kind of a is one of",
    "/* a: {unit: x, meaning: y, log: often} */ SELECT customer_id, 1 AS a FROM customers": "log of a",
    "/* a: {unit: x, meaning: y, words: [much]} */ SELECT customer_id, 1 AS a FROM customers": "words of a are two",
    "/*\na: {unit: x, meaning: y}\na: {unit: x, meaning: y}\n*/ SELECT customer_id, 1 AS a FROM customers": "'a' twice",
    "/* a: {unit: x, meaning: y} */ SELECT customer_id, 1 AS b FROM customers": "no column a",
    "/* a: {unit: x, meaning: y} */ SELECT customer_id, 1 AS a, 2 AS b FROM customers": "b, of which the comment says",
    "/* a: {unit: x, meaning: y} */ SELECT customer_id, random() AS a FROM customers": "another one each time",
}


@pytest.mark.parametrize("text", BAD)
def test_a_file_that_cannot_be_used_is_refused_and_says_why(text, write):
    with pytest.raises(ParameterRefused) as refused:
        read_own_features(write(text))
    assert BAD[text] in str(refused.value)
    assert refused.value.parameter == ("own_features",)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ParameterRefused, match=r"nowhere\.sql.*no such file"):
        read_own_features(tmp_path / "nowhere.sql")


WRONG = {
    "SELECT customer_id, 1 AS a FROM transactions": "more than one row",
    "SELECT customer_id, max(nothing) AS a FROM transactions GROUP BY 1": "does not run",
    "SELECT customer_id, CAST(1 AS DOUBLE) / 0 AS a FROM customers": "infinite",
}


@pytest.mark.parametrize("sql", WRONG)
def test_a_statement_that_gives_no_row_a_customer_is_refused(sql, shop, write):
    with pytest.raises(ParameterRefused) as refused:
        customer_features(shop, STUDY, own_features=write(f"/* a: {{unit: x, meaning: y}} */ {sql}"))
    assert WRONG[sql] in str(refused.value)


def test_a_number_that_is_infinite_in_another_shop_is_missing_there(shop, write):
    text = "/* a: {unit: x, meaning: y} */ SELECT customer_id, 1 / (count(*) - 1.0) AS a FROM transactions GROUP BY 1"
    study = Study(as_of="2026-06-30", own_features=read_own_features(write(text)))
    tables = read_canonical_tables(shop)
    counts = tables["transactions"]["customer_id"].value_counts()
    customers = pd.Index(counts.index, name="customer_id")
    nobody = [pd.DataFrame(index=customers)]
    [table] = with_own_features(nobody, tables, [tables["transactions"]], study)
    assert (counts == 1).any()
    np.testing.assert_allclose(table["a"], (1 / (counts - 1)).replace(np.inf, np.nan).reindex(customers))


def test_a_name_of_the_customers_table_is_taken(canonical, write):
    tables = make_shop(customers=50, transactions=300, seed=3).tables
    tables["customers"] = tables["customers"].assign(weekend_share=1.0)
    with pytest.raises(ParameterRefused, match="column of the customers table"):
        customer_features(canonical(tables), STUDY, own_features=write(WEEKEND))


def test_a_shop_without_transactions_has_own_features_of_its_customers(canonical, write):
    tables = make_shop(customers=50, transactions=300, seed=3).tables
    tables["customers"] = tables["customers"].assign(income=np.arange(50.0), persons=2.0)
    tables["transactions"] = tables["transactions"].head(0)
    con = canonical(tables)
    comment = "/* per_head: {unit: money, meaning: income a head} */"
    text = f"{comment} SELECT customer_id, income / persons AS per_head FROM customers"
    described = customer_features(con, Study(), own_features=write(text))
    assert sorted(described.table["per_head"]) == [n / 2 for n in range(50)]
    assert described.unreliable == {}
    with pytest.raises(ParameterRefused, match="reads transactions, and this shop has none"):
        customer_features(con, Study(), own_features=write(WEEKEND))


def test_several_shops_are_described_one_by_one(shop, write):
    text = """
    /* beside: {unit: coupons, meaning: coupons beside the mean of the shop} */
    SELECT customer_id, count(*) - avg(count(*)) OVER () AS beside FROM transactions GROUP BY customer_id
    """
    study = customer_features(shop, STUDY, own_features=write(text)).study
    tables = read_canonical_tables(shop)
    coupons = tables["transactions"].drop(columns=["coupon_name"])
    shops = [coupons, coupons.iloc[::3]]
    customers = pd.Index(sorted(coupons["customer_id"].unique()), name="customer_id")
    tables_of = list(with_own_features([pd.DataFrame(index=customers)] * 2, tables, shops, study))
    for table, own_coupons in zip(tables_of, shops, strict=True):
        counts = own_coupons["customer_id"].value_counts()
        np.testing.assert_allclose(table["beside"], (counts - counts.mean()).reindex(customers))


def test_what_stays_on_the_engine_has_them_too(shop, write):
    described = customer_features(shop, STUDY, own_features=write(WEEKEND))
    study = Study(as_of="2026-06-30", own_features=described.study.own_features)
    fetched = features_in_database(DuckDB(shop), study).fetch()
    pd.testing.assert_series_equal(fetched.table["weekend_share"], described.table["weekend_share"])


def test_columns_that_are_not_there_on_an_earlier_day_take_the_statement_along(shop, write, canonical):
    tables = make_shop(customers=50, transactions=300, seed=3).tables
    tables["customers"] = tables["customers"].assign(income=1.0)
    text = "/* own: {unit: money, meaning: y} */ SELECT customer_id, income AS own FROM customers"
    study = customer_features(canonical(tables), STUDY, own_features=write(text)).study
    assert without_unreadable(canonical(tables), study) is study
    assert without_unreadable(shop, study).own_features is None


# Reliability: does it come back in the other half of the coupons? -----------------------------------------------------

SHARES = """
/*
chance: {unit: share, meaning: share of coupons with an even number}
top: {unit: share, meaning: largest share of one branch}
own_share: {unit: share, meaning: share of coupons at branch 1} */
WITH visits AS (SELECT customer_id, branch_id, count(*) AS n FROM transactions GROUP BY customer_id, branch_id),
    most AS (SELECT customer_id, CAST(max(n) AS DOUBLE) / sum(n) AS top FROM visits GROUP BY customer_id)
SELECT t.customer_id, avg(CASE WHEN t.coupon_name = 'even' THEN 1.0 ELSE 0.0 END) AS chance, max(m.top) AS top,
    avg(CASE WHEN t.amount > 0 THEN 1.0 ELSE 0.0 END) AS own_share
FROM transactions AS t INNER JOIN most AS m ON m.customer_id = t.customer_id GROUP BY t.customer_id
"""


def habits(seed, write):
    """A shop in which customers differ in how often an amount is positive, and in nothing else but their numbers."""
    rng = np.random.default_rng(seed)
    n = rng.geometric(0.15, 400)
    owner = np.repeat(np.arange(400), n)
    taste = rng.beta(1, 1, 400)[owner]
    coupons = pd.DataFrame(
        {
            "transaction_id": np.arange(len(owner)).astype(str),
            "customer_id": owner.astype(str),
            "transaction_date": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(rng.integers(0, 300, len(owner)), unit="D"),
            "coupon_name": np.where(rng.random(len(owner)) < 0.4, "even", "odd"),
            "branch_id": rng.integers(0, 3, len(owner)).astype(str),
            "amount": (rng.random(len(owner)) < taste).astype(float),
        }
    )
    customers = pd.DataFrame({"customer_id": np.arange(400).astype(str)})
    empty = {name: pd.DataFrame(columns=[f"{name}_id"]) for name in ("genders", "cities", "branches", "merchants")}
    study = Study(as_of="2024-12-31", own_features=read_own_features(write(SHARES)))
    return {"customers": customers, "transactions": coupons, **empty}, study


@pytest.mark.slow
def test_what_is_chance_is_not_taken_for_a_difference(write, canonical):
    """The level is 1%; the largest of several shares is smaller where there are more coupons, which must not count."""
    found = {"chance": 0, "top": 0, "own_share": 0}
    for seed in range(10):
        tables, study = habits(seed, write)
        for test in own_reliability(canonical(tables), study):
            found[test.feature] += test.reliable
    assert found["chance"] <= 1
    assert found["top"] <= 1
    assert found["own_share"] == 10


def test_the_reliability_is_that_of_the_other_half(write, canonical):
    """Uniform tastes p have variance 1/12, a share of m coupons varies by E[p (1 - p)] / m = 1 / 6m around them."""
    tables, study = habits(1, write)
    tables["transactions"] = tables["transactions"].groupby("customer_id").head(12)
    sizes = tables["transactions"]["customer_id"].value_counts()
    tables["transactions"] = tables["transactions"][tables["transactions"]["customer_id"].map(sizes) == 12]
    [test] = [test for test in own_reliability(canonical(tables), study) if test.feature == "own_share"]
    assert test.reliability == pytest.approx((1 / 12) / (1 / 12 + 1 / 6 / 12), abs=0.06)
    assert "customers with as many coupons can be told apart by their own share" in test.sentence


def test_chance_leaves_the_matrix_with_its_reason_unless_it_is_asked_for(shop, write):
    from seglib.preprocessing.build import CustomerOptions, build_matrix

    described = customer_features(shop, STUDY, own_features=write(WEEKEND))
    matrix = build_matrix(described, lambda: None)
    assert "cannot be told apart by their weekend share" in matrix.left_out["weekend_share"]
    kept = build_matrix(described, lambda: None, options=CustomerOptions(keep_unreliable=True))
    assert "weekend_share" in kept.sources


def test_sums_of_floats_do_not_depend_on_threads(write):
    """A third of a million rows are added in several parts where there are threads for it."""
    text = (
        "/* a: {unit: money, meaning: y} */ SELECT customer_id, sum(amount) AS a FROM transactions GROUP BY customer_id"
    )
    study = Study(as_of="2024-12-31", own_features=read_own_features(write(text)))
    rng = np.random.default_rng(0)
    amounts = 10.0 ** rng.uniform(-8, 8, 300_000)
    customers = pd.Index(["1"], name="customer_id")
    sums = set()
    for threads in (1, 2, 4):
        con = duckdb.connect(config={"threads": threads})
        con.register("amounts", pd.DataFrame({"amount": amounts}))
        con.execute(
            "CREATE TABLE transactions AS SELECT 'i' AS transaction_id, '1' AS customer_id, DATE '2024-01-01' AS "
            "transaction_date, NULL AS transaction_status, NULL AS coupon_name, CAST(NULL AS DATE) AS burn_date, "
            "NULL AS branch_id, amount FROM amounts"
        )
        con.execute("CREATE TABLE study AS SELECT DATE '2024-12-31' AS as_of")
        sums |= {own_table(DuckDB(con), study, customers).loc["1", "a"] for _ in range(5)}
    assert len(sums) == 1
