"""A source becomes a shop: whole, seen on one day, and the same from whatever kind of source."""

import hashlib
import os
import subprocess
import sys

import duckdb
import pandas as pd
import pytest
import sqlalchemy as sa

from seglib.errors import ParameterRefused
from seglib.features.customers import customer_features
from seglib.ingest.shop import ingest
from seglib.run.run import Run
from seglib.study import Study


def test_a_clean_shop_comes_through_whole(tables, write_csv, reconciles):
    shop = ingest(write_csv(tables))
    reconciles(shop)
    assert shop.rows.set_index("table")["accepted"].to_dict() == {
        name: len(tables[name]) for name in shop.rows["table"]
    }
    assert set(shop.findings["severity"]) == {"info"}
    assert "6 rows" not in shop.text
    shop.require(max_reject_share=0.0)


def test_the_unified_table_has_one_row_a_transaction_with_names(tables, write_csv):
    unified = ingest(write_csv(tables)).unified.df().set_index("transaction_id")
    assert list(unified.index) == ["1", "4", "2", "5", "3", "6"]  # by day
    assert unified.loc["4", ["gender_name", "city_name", "merchant_name"]].tolist() == ["Female", "Giza", "Alba"]
    assert unified.loc["3", "burn_date"] == pd.Timestamp("2024-07-02")


def test_the_shop_says_what_happened_to_its_rows(tables, write_csv):
    tables["transactions"].loc[0, "transaction_status"] = "used"
    shop = ingest(write_csv(tables), as_of="2024-06-29")
    counts = shop.row_counts.set_index("table").loc["transactions"]
    assert counts.to_dict() == {"found_in": "transactions", "rows_in": 6, "accepted": 5, "quarantined": 1}
    rejected = shop.require(max_reject_share=0.2)
    assert rejected.table.set_index("table").loc["transactions", "share"] == 1 / 6
    assert rejected.text == "At most 16.7% of any table broke a rule; 20% would have been accepted."
    assert shop.day.text.startswith("The run stands on 29 June 2024. After that day lie 0 joins and 1 transactions")
    assert shop.merged_rows.table.to_dict("records") == [{"accepted": 5, "after_as_of": 1, "unified": 4}]
    assert shop.merged_rows.text == "5 accepted transactions, less 1 after the day, are 4 unified rows."
    assert shop.takeaways[0] == shop.text
    assert shop.takeaways[1] == "1 rule was broken badly enough to set a row aside."
    assert shop.contract.text == "one row per transaction: a purchase, or a coupon that a customer claimed"


def test_a_shop_without_transactions_says_so_itself(root):
    shop = ingest(root / "data/sample/survey.csv", mapping=root / "params/mappings/survey.yaml")
    assert shop.main_table == "customers"
    assert "no day to look from" in shop.day.text
    assert "nothing to merge" in shop.merged_rows.text
    assert "200 customers are described by 5 variables." in shop.takeaways


def test_as_of_hides_the_future(tables, write_csv):
    shop = ingest(write_csv(tables), as_of="2024-06-29")
    rows_by_rule = shop.quality.set_index("rule")["rows"]
    assert len(shop.unified.df()) == 5
    assert rows_by_rule["transactions.transaction_date.after_as_of"] == 1
    assert rows_by_rule["transactions.burn_date.after_as_of"] == 1
    assert rows_by_rule["customers.customer_id.no_transaction"] == 2  # customers 3 and 4
    assert shop.record.last_transaction == "2024-06-28"


def test_customers_who_come_later_are_not_there_yet(tables, write_csv):
    rows_by_rule = ingest(write_csv(tables), as_of="2024-04-15").quality.set_index("rule")["rows"]
    assert rows_by_rule["customers.join_date.after_as_of"] == 1  # customer 4, who joins in May
    assert rows_by_rule["customers.customer_id.no_transaction"] == 1  # customer 3, who has no coupon yet


def test_a_day_counts_up_to_its_end(tables, write_csv):
    rows_by_rule = ingest(write_csv(tables), as_of="2024-06-28").quality.set_index("rule")["rows"]
    assert rows_by_rule["transactions.transaction_date.after_as_of"] == 1  # of the 30th; the one of the 28th is there
    tables["transactions"].loc[2, "burn_date"] = "2024-06-28"
    rows_by_rule = ingest(write_csv(tables), as_of="2024-06-28").quality.set_index("rule")["rows"]
    assert rows_by_rule["transactions.burn_date.after_as_of"] == 0
    tables["customers"].loc[0, "join_date"] = "2024-01-10"  # the day of the first claim
    rows_by_rule = ingest(write_csv(tables), as_of="2024-06-28").quality.set_index("rule")["rows"]
    assert rows_by_rule["transactions.transaction_date.before_join"] == 0


def test_as_of_defaults_to_the_last_transaction(tables, write_csv):
    assert ingest(write_csv(tables)).as_of == pd.Timestamp("2024-06-30")


@pytest.mark.parametrize("as_of", ["2023-12-31", "not a day", "2024-13-01"])
def test_a_useless_as_of_is_refused(tables, write_csv, as_of):
    with pytest.raises(ParameterRefused, match="as_of"):
        ingest(write_csv(tables), as_of=as_of)


@pytest.fixture(scope="session")
def copies(root, tmp_path_factory):
    """The sample as workbook, CSV, Parquet, DuckDB and SQLite file, and in PostgreSQL where there is a server."""
    folder = tmp_path_factory.mktemp("copies")
    book = pd.read_excel(root / "data/sample/shop.xlsx", sheet_name=None, engine="calamine")
    typed = {"join_date", "transaction_date", "burn_date"}
    types = {name: dict.fromkeys(typed & set(frame), sa.Date()) for name, frame in book.items()}
    sources = {"xlsx": root / "data/sample/shop.xlsx", "csv": folder / "csv", "parquet": folder / "parquet"}
    sources |= {"duckdb": folder / "shop.duckdb", "sqlite": f"sqlite:///{folder}/shop.db"}
    for kind in ("csv", "parquet"):
        sources[kind].mkdir()
    databases = {"sqlite": sa.create_engine(sources["sqlite"])}
    if server := os.environ.get("SEGLIB_TEST_POSTGRES"):
        sources["postgres"] = server
        databases["postgres"] = sa.create_engine(server.replace("postgresql://", "postgresql+psycopg://"))
    with duckdb.connect(str(sources["duckdb"])) as con:
        for name, frame in book.items():
            frame.to_csv(sources["csv"] / f"{name}.csv", index=False)
            frame.to_parquet(sources["parquet"] / f"{name}.parquet")
            con.register("frame", frame)
            con.execute(f"CREATE TABLE {name} AS FROM frame")
            con.unregister("frame")
            for engine in databases.values():
                frame.to_sql(name, engine, index=False, dtype=types[name], if_exists="replace")
    yield sources
    for engine in databases.values():
        with engine.begin() as server:
            for name in book:
                server.execute(sa.text(f"DROP TABLE {name}"))
        engine.dispose()


@pytest.mark.parametrize("kind", ["csv", "parquet", "duckdb", "sqlite", "postgres"])
def test_a_copy_in_another_kind_of_source_gives_identical_artefacts(copies, tmp_path, kind):
    if kind not in copies:
        pytest.skip("no PostgreSQL server is at hand: set SEGLIB_TEST_POSTGRES to its URL")
    hashes = {}
    for source in ("xlsx", kind):
        run = Run(source, base=tmp_path)
        ingest(copies[source]).save(run)
        run.write("features", customer_features(run.connect(), Study.of(run.read("shop"))).table)
        files = [run.path("features"), run.path("unified"), *sorted((run.data_dir / "tables").iterdir())]
        hashes[source] = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    assert hashes[kind] == hashes["xlsx"]


def test_facts_of_the_original_workbook(workbook):
    shop = ingest(workbook)
    rows_by_rule = shop.quality.set_index("rule")["rows"]
    assert not (shop.findings["severity"] == "error").any()
    assert rows_by_rule["transactions.burn_date.after_as_of"] == 454
    assert rows_by_rule["customers.customer_id.no_transaction"] == 11
    assert rows_by_rule["merchants.merchant_id.unused"] == 12
    assert rows_by_rule["transactions.coupon_name.unique"] == 5000
    assert shop.as_of == pd.Timestamp("2024-07-14")
    assert len(shop.unified.df()) == 5000


def test_importing_it_says_nothing_also_where_pyspark_is_installed():
    """PySpark warns of pandas 3 as soon as pandera imports it: the first page of a report would begin with that."""
    command = [sys.executable, "-W", "error::FutureWarning", "-c", "import seglib.ingest"]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stderr == ""
