"""The contract: each broken input is found by its rule, nothing is lost, and sources agree."""

import hashlib
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seglib.errors import InputRefused, ParameterRefused
from seglib.ingest import ingest
from seglib.run import Run
from seglib.schema import RULES, TABLES


def reconciles(shop):
    rows = shop.rows.set_index("table")
    assert (rows["rows_in"] == rows["accepted"] + rows["quarantined"]).all()
    assert len(shop.quarantine) == rows["quarantined"].sum()


def test_a_clean_shop_comes_through_whole(tables, write_csv):
    shop = ingest(write_csv(tables))
    reconciles(shop)
    assert shop.rows.set_index("table")["accepted"].to_dict() == {
        name: len(tables[name]) for name in shop.rows["table"]
    }
    assert set(shop.findings["severity"]) == {"fact"}
    assert "6 rows" not in shop.text
    shop.require(max_reject_share=0.0)


def test_the_unified_table_has_one_row_a_transaction_with_names(tables, write_csv):
    unified = ingest(write_csv(tables)).unified.df().set_index("transaction_id")
    assert list(unified.index) == ["1", "4", "2", "5", "3", "6"]  # by day
    assert unified.loc["4", ["gender_name", "city_name", "merchant_name"]].tolist() == ["Female", "Giza", "Alba"]
    assert unified.loc["3", "burn_date"] == pd.Timestamp("2024-07-02")


def test_as_of_hides_the_future(tables, write_csv):
    shop = ingest(write_csv(tables), as_of="2024-06-29")
    found = shop.quality.set_index("rule")["rows"]
    assert len(shop.unified.df()) == 5
    assert found["transactions.transaction_date.after_as_of"] == 1
    assert found["transactions.burn_date.after_as_of"] == 1
    assert found["customers.customer_id.no_transaction"] == 2  # customers 3 and 4
    assert shop.summary()["last_transaction"] == "2024-06-28"


def test_customers_who_come_later_are_not_there_yet(tables, write_csv):
    found = ingest(write_csv(tables), as_of="2024-04-15").quality.set_index("rule")["rows"]
    assert found["customers.join_date.after_as_of"] == 1  # customer 4, who joins in May
    assert found["customers.customer_id.no_transaction"] == 1  # customer 3, who has no coupon yet


def test_a_day_counts_up_to_its_end(tables, write_csv):
    found = ingest(write_csv(tables), as_of="2024-06-28").quality.set_index("rule")["rows"]
    assert found["transactions.transaction_date.after_as_of"] == 1  # of the 30th; the one of the 28th is there
    tables["transactions"].loc[2, "burn_date"] = "2024-06-28"
    found = ingest(write_csv(tables), as_of="2024-06-28").quality.set_index("rule")["rows"]
    assert found["transactions.burn_date.after_as_of"] == 0
    tables["customers"].loc[0, "join_date"] = "2024-01-10"  # the day of the first claim
    found = ingest(write_csv(tables), as_of="2024-06-28").quality.set_index("rule")["rows"]
    assert found["transactions.transaction_date.before_join"] == 0


def test_as_of_defaults_to_the_last_transaction(tables, write_csv):
    assert ingest(write_csv(tables)).as_of == pd.Timestamp("2024-06-30")


@pytest.mark.parametrize("as_of", ["2023-12-31", "not a day", "2024-13-01"])
def test_a_useless_as_of_is_refused(tables, write_csv, as_of):
    with pytest.raises(ParameterRefused, match="as_of"):
        ingest(write_csv(tables), as_of=as_of)


BROKEN = [
    # rule, table, row, column, value
    ("customers.customer_id.missing", "customers", 3, "customer_id", None),
    ("customers.customer_id.missing", "customers", 3, "customer_id", "   "),
    ("customers.customer_id.duplicate", "customers", 3, "customer_id", "1"),
    ("customers.customer_id.duplicate", "customers", 3, "customer_id", " 1 "),
    ("customers.join_date.unreadable", "customers", 0, "join_date", "soon"),
    ("customers.gender_id.unknown", "customers", 0, "gender_id", "9"),
    ("customers.city_id.unknown", "customers", 0, "city_id", "99"),
    ("genders.gender_id.duplicate", "genders", 1, "gender_id", "1"),
    ("cities.city_id.missing", "cities", 1, "city_id", None),
    ("merchants.merchant_id.duplicate", "merchants", 2, "merchant_id", "7"),
    ("branches.merchant_id.unknown", "branches", 0, "merchant_id", "70"),
    ("transactions.transaction_id.missing", "transactions", 0, "transaction_id", None),
    ("transactions.transaction_id.duplicate", "transactions", 1, "transaction_id", "1"),
    ("transactions.customer_id.missing", "transactions", 0, "customer_id", None),
    ("transactions.customer_id.unknown", "transactions", 0, "customer_id", "007"),
    ("transactions.transaction_date.missing", "transactions", 0, "transaction_date", None),
    ("transactions.transaction_date.unreadable", "transactions", 0, "transaction_date", "31/31/2024"),
    ("transactions.transaction_date.unreadable", "transactions", 0, "transaction_date", "infinity"),
    ("transactions.transaction_date.unreadable", "transactions", 0, "transaction_date", "1900-01-00"),
    ("transactions.transaction_date.unreadable", "transactions", 0, "transaction_date", "2999-01-01"),
    ("transactions.burn_date.unreadable", "transactions", 0, "burn_date", "45302"),
    ("transactions.transaction_date.before_join", "transactions", 5, "transaction_date", "2024-02-01"),
    ("transactions.transaction_status.unknown", "transactions", 0, "transaction_status", "redeemed"),
    ("transactions.transaction_status.unknown", "transactions", 0, "transaction_status", None),
    ("transactions.burn_date.missing", "transactions", 0, "burn_date", None),
    ("transactions.burn_date.unreadable", "transactions", 0, "burn_date", "yesterday"),
    ("transactions.burn_date.not_burned", "transactions", 1, "burn_date", "2024-02-12"),
    ("transactions.burn_date.before_claim", "transactions", 0, "burn_date", "2024-01-09"),
    ("transactions.branch_id.unknown", "transactions", 0, "branch_id", "5"),
    ("transactions.amount.unreadable", "transactions", 0, "amount", "1.000,50"),
    ("transactions.amount.unreadable", "transactions", 0, "amount", "inf"),
    ("transactions.amount.unreadable", "transactions", 0, "amount", "nan"),
    ("transactions.amount.unreadable", "transactions", 0, "amount", "1e300"),
]


@pytest.mark.parametrize(("rule", "table", "row", "column", "value"), BROKEN)
def test_each_broken_row_is_found_by_its_rule(tables, write_csv, rule, table, row, column, value):
    if column not in tables[table]:
        tables[table][column] = ["1.5"] * len(tables[table])
    tables[table].loc[row, column] = value
    shop = ingest(write_csv(tables))
    found = shop.quality.set_index("rule").loc[rule]
    assert found["rows"] == 1
    assert found["examples"]
    reconciles(shop)
    quarantined = shop.quarantine[shop.quarantine["rules"].str.contains(rule, regex=False)]
    if found["severity"] == "error":
        assert quarantined[["table", "row"]].to_numpy().tolist() == [[table, row + 1]]
    else:
        assert quarantined.empty


def test_every_rule_that_sets_rows_aside_is_tested():
    tested = {rule for rule, *_ in BROKEN}
    kinds = {rule.id.split(".", 1)[1] for rule in RULES if rule.severity != "fact"} - {
        rule.split(".", 1)[1] for rule in tested
    }
    assert kinds <= {  # the same rules, made by one function for each table
        "gender_id.missing", "city_id.duplicate", "merchant_id.missing", "branch_id.missing", "branch_id.duplicate",
    }  # fmt: skip


def test_a_quarantined_customer_takes_its_transactions_along(tables, write_csv):
    tables["customers"].loc[0, "customer_id"] = None
    shop = ingest(write_csv(tables))
    assert shop.quality.set_index("rule").loc["transactions.customer_id.unknown", "rows"] == 3
    reconciles(shop)


def test_quarantine_keeps_the_original_values_and_every_rule(tables, write_csv):
    tables["transactions"].loc[0, ["transaction_status", "burn_date"]] = ["Burnt?", "someday"]
    row = ingest(write_csv(tables)).quarantine.iloc[0]
    assert row["rules"] == "transactions.burn_date.unreadable, transactions.transaction_status.unknown"
    assert '"transaction_status":"Burnt?"' in row["original"]


def test_too_much_in_quarantine_is_refused_with_table_counts_rule_and_remedy(tables, write_csv):
    tables["transactions"].loc[:2, "transaction_status"] = "used"
    shop = ingest(write_csv(tables))
    with pytest.raises(InputRefused) as refused:
        shop.require(max_reject_share=0.05)
    message = str(refused.value)
    for part in ("transactions", "3 of 6 rows (50.0%)", "transaction_status.unknown", "translate the status"):
        assert part in message


def test_status_and_ids_are_read_leniently(tables, write_csv):
    tables["transactions"]["transaction_status"] = tables["transactions"]["transaction_status"].str.upper() + " "
    tables["transactions"]["customer_id"] = " " + tables["transactions"]["customer_id"]
    shop = ingest(write_csv(tables))
    assert not len(shop.quarantine)


def test_leading_zeros_survive(tables, write_csv):
    tables["customers"]["customer_id"] = ["007", "7", "3", "4"]
    tables["transactions"]["customer_id"] = ["007", "007", "007", "7", "7", "3"]
    shop = ingest(write_csv(tables))
    assert not len(shop.quarantine)
    assert set(shop.unified.df()["customer_id"]) == {"007", "7", "3"}


def test_names_tables_may_be_absent(tables, write_csv):
    shop = ingest(write_csv({name: tables[name] for name in ("customers", "transactions")}))
    unified = shop.unified.df()
    assert len(unified) == 6
    assert unified[["gender_name", "city_name", "merchant_name"]].isna().all(axis=None)


def test_all_missing_columns_are_named_at_once(tables, write_csv):
    tables["customers"] = tables["customers"].rename(columns={"customer_id": "customerid"})
    tables["transactions"] = tables["transactions"].drop(columns=["transaction_status", "transaction_date"])
    with pytest.raises(InputRefused) as refused:
        ingest(write_csv(tables))
    message = str(refused.value)
    assert "did you mean 'customerid'" in message
    assert "'transaction_status'" in message
    assert "'transaction_date'" in message


def test_a_column_given_twice_is_refused(tables, tmp_path):
    for name, frame in tables.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    tables["customers"].assign(**{"customer_id ": "x"}).to_parquet(tmp_path / "customers.parquet")
    with pytest.raises(InputRefused, match="'customer_id' is there more than once"):
        ingest(tmp_path)


def test_a_missing_table_is_named_with_what_came_near(tables, write_csv):
    tables["transaction"] = tables.pop("transactions")
    with pytest.raises(InputRefused, match=r"no table 'transactions' \(did you mean 'transaction.csv'\?\)"):
        ingest(write_csv(tables))


def test_no_usable_transaction_is_refused_with_the_reason(tables, write_csv):
    tables["transactions"]["transaction_status"] = "x"
    with pytest.raises(InputRefused, match=r"no usable row.*transaction_status.unknown \(6 rows\)"):
        ingest(write_csv(tables))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"customer_id,join_date\n1,2024-01-01\n", "not a workbook"),
        (b"", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "password"),
        (b"PK\x03\x04 cut short", "damaged"),
    ],
)
def test_a_file_that_only_claims_to_be_a_workbook_is_refused(tmp_path, content, reason):
    path = tmp_path / "shop.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputRefused, match=reason):
        ingest(path)


def test_a_truncated_workbook_is_refused(tmp_path, root):
    path = tmp_path / "shop.xlsx"
    path.write_bytes((root / "data/sample/shop.xlsx").read_bytes()[:100_000])
    with pytest.raises(InputRefused, match="damaged"):
        ingest(path)


def test_a_zip_that_is_no_workbook_is_refused(tmp_path):
    path = tmp_path / "shop.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(InputRefused, match="not a workbook"):
        ingest(path)


@pytest.mark.parametrize("source", ["nowhere.xlsx", "nowhere/"])
def test_a_missing_source_is_refused(source):
    with pytest.raises(InputRefused, match="does not exist"):
        ingest(source)


def test_another_kind_of_file_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text("customer_id\n1\n")
    with pytest.raises(InputRefused, match="into a folder"):
        ingest(path)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("5,2024-01-01,1,10,too,many,columns\n", "line 6 has 7 fields, the header has 4"),
        ("5,2024-01-01\n", "line 6 has 2 fields, the header has 4"),
        ("5,2024-01-01,caf\xe9,10\n", "UTF-8"),
        ('5,2024-01-01,"never closed,10\n', "line 6"),
    ],
)
def test_a_malformed_csv_is_refused_with_file_and_line(tables, write_csv, line, reason):
    folder = write_csv(tables)
    with (folder / "customers.csv").open("ab") as file:
        file.write(line.encode("latin-1"))
    with pytest.raises(InputRefused, match=rf"customers\.csv.*{reason}"):
        ingest(folder)


def test_other_delimiters_a_byte_order_mark_and_crlf_are_read(tables, tmp_path):
    for name, frame in tables.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False, sep=";", encoding="utf-8-sig", lineterminator="\r\n")
    shop = ingest(tmp_path)
    assert shop.rows["accepted"].sum() == sum(map(len, tables.values()))


def test_a_line_that_starts_with_a_hash_is_data(tables, write_csv):
    tables["customers"].loc[3, "customer_id"] = "#4"
    assert "#4" in set(ingest(write_csv(tables)).table("customers")["customer_id"])


def test_quoted_line_breaks_stay_in_their_cell(tables, write_csv):
    tables["cities"].loc[0, "city_name"] = 'New "Cairo",\nEast'
    assert ingest(write_csv(tables)).table("cities")["city_name"].iloc[0] == 'New "Cairo",\nEast'


def test_moments_with_a_time_zone_are_read_as_their_day_in_utc(tables, tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    moments = pd.to_datetime(tables["transactions"]["transaction_date"]).dt.tz_localize("UTC") + pd.Timedelta(hours=23)
    tables["transactions"]["transaction_date"] = moments.dt.tz_convert("America/Lima")
    tables["transactions"]["burn_date"] = pd.to_datetime(tables["transactions"]["burn_date"]) + pd.Timedelta(hours=23)
    for name, frame in tables.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    dates = ingest(tmp_path).table("transactions")
    assert dates["transaction_date"].dt.strftime("%Y-%m-%d").tolist() == moments.dt.strftime("%Y-%m-%d").tolist()
    assert dates["burn_date"].iloc[0] == pd.Timestamp("2024-01-12")


def test_a_folder_of_parquet_parts_is_one_table(tables, tmp_path):
    for name, frame in tables.items():
        (tmp_path / name).mkdir()
        for part in range(2):
            frame.iloc[part::2].to_parquet(tmp_path / name / f"part-{part}.parquet")
    assert ingest(tmp_path).rows["accepted"].sum() == sum(map(len, tables.values()))


def test_a_table_given_twice_is_refused(tables, write_csv):
    folder = write_csv(tables)
    tables["customers"].to_parquet(folder / "customers.parquet")
    with pytest.raises(InputRefused, match="'customers' twice"):
        ingest(folder)


def test_numbers_with_gaps_and_dates_of_a_workbook_are_read(tables, tmp_path):
    tables["customers"] = tables["customers"].astype({"customer_id": int}).assign(gender_id=[1.0, 2.0, 2.0, np.nan])
    for table, column in (("customers", "join_date"), ("transactions", "transaction_date")):
        tables[table][column] = pd.to_datetime(tables[table][column])
    path = tmp_path / "shop.xlsx"
    with pd.ExcelWriter(path) as writer:
        for name, frame in tables.items():
            frame.to_excel(writer, sheet_name=name.upper(), index=False)
    shop = ingest(path)
    assert not len(shop.quarantine)
    assert shop.table("customers")["gender_id"].tolist()[:3] == ["1", "2", "2"]
    assert shop.table("transactions")["transaction_date"].iloc[0] == pd.Timestamp("2024-01-10")


def test_xlsx_csv_and_parquet_copies_give_identical_artefacts(root, tmp_path):
    book = pd.read_excel(root / "data/sample/shop.xlsx", sheet_name=None, engine="calamine")
    sources = {"xlsx": root / "data/sample/shop.xlsx", "csv": tmp_path / "csv", "parquet": tmp_path / "parquet"}
    for kind in ("csv", "parquet"):
        sources[kind].mkdir()
    for name, frame in book.items():
        frame.to_csv(sources["csv"] / f"{name}.csv", index=False)
        frame.to_parquet(sources["parquet"] / f"{name}.parquet")
    hashes = {}
    for kind, source in sources.items():
        run = Run(kind, base=tmp_path)
        ingest(source).save(run)
        files = [run.path("unified"), *sorted((run.data_dir / "tables").iterdir())]
        hashes[kind] = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    assert hashes["csv"] == hashes["parquet"] == hashes["xlsx"]


JUNK = [
    None,
    "",
    " ",
    "1",
    "2",
    "x",
    "0",
    "-1",
    "2024-01-05",
    "1900-01-00",
    "burned",
    "subscribed",
    "🎟️",
    "a,b\n",
    "NaN",
]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_damage_never_loses_a_row_and_never_crashes(tables, write_csv, data):
    damaged = {name: frame.copy() for name, frame in tables.items()}
    for _ in range(data.draw(st.integers(1, 8))):
        table = data.draw(st.sampled_from(list(damaged)))
        row = data.draw(st.integers(0, len(damaged[table]) - 1))
        column = data.draw(st.sampled_from(list(damaged[table].columns)))
        damaged[table].loc[row, column] = data.draw(st.sampled_from(JUNK))
    if data.draw(st.booleans()):
        damaged["transactions"] = pd.concat([damaged["transactions"]] * 2)
    try:
        shop = ingest(write_csv(damaged))
    except InputRefused as refused:
        if "no usable row" not in str(refused):
            raise
        return
    reconciles(shop)
    assert shop.rows.set_index("table")["rows_in"].to_dict() == {name: len(damaged[name]) for name in TABLES}
    transactions, customers = shop.table("transactions"), shop.table("customers")
    assert transactions["transaction_id"].is_unique
    assert customers["customer_id"].is_unique
    assert transactions["customer_id"].isin(customers["customer_id"]).all()
    assert transactions["transaction_status"].isin(["subscribed", "burned"]).all()
    assert (transactions["burn_date"].notna() == transactions["transaction_status"].eq("burned")).all()
    assert not (transactions["burn_date"] < transactions["transaction_date"]).any()
    assert len(shop.unified.df()) == len(transactions)


def test_facts_of_the_original_workbook(workbook):
    shop = ingest(workbook)
    found = shop.quality.set_index("rule")["rows"]
    assert not (shop.findings["severity"] == "error").any()
    assert found["transactions.burn_date.after_as_of"] == 454
    assert found["customers.customer_id.no_transaction"] == 11
    assert found["merchants.merchant_id.unused"] == 12
    assert found["transactions.coupon_name.unique"] == 5000
    assert shop.as_of == pd.Timestamp("2024-07-14")
    assert len(shop.unified.df()) == 5000
