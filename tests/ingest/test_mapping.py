"""Mapping files: any shop's tables, columns and values become the canonical ones; what is wrong is refused by name."""

import pandas as pd
import pytest
import yaml

from seglib.errors import InputRefused, ParameterRefused
from seglib.ingest.mapping.file import parse, read_mapping
from seglib.ingest.shop import ingest
from seglib.schema.columns import CUSTOMER_COLUMNS
from seglib.schema.records import VariableRecord


@pytest.fixture
def write_mapping(tmp_path):
    """Write a mapping file, given as YAML or as a dictionary, and return its path."""

    def write(content):
        path = tmp_path / "mapping.yaml"
        path.write_text(
            content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False), encoding="utf-8"
        )
        return path

    return write


def canonical(shop):
    """Return the canonical tables of a shop, in one order."""
    return {
        name: shop.table(name).sort_values(
            f"{name[:-1] if name != 'cities' else 'city'}_id" if name != "branches" else "branch_id", ignore_index=True
        )
        for name in ("customers", "transactions", "genders", "cities")
    }


def test_a_shop_under_other_names_is_the_same_shop(tables, write_csv, write_mapping):
    wanted = canonical(ingest(write_csv(tables)))
    dates = {"join_date": "%d/%m/%Y", "transaction_date": "%d.%m.%Y", "burn_date": "%d.%m.%Y"}
    for name, table in (("customers", ["join_date"]), ("transactions", ["transaction_date", "burn_date"])):
        for column in table:
            tables[name][column] = pd.to_datetime(tables[name][column]).dt.strftime(dates[column])
    status = tables["transactions"]["transaction_status"]
    tables["transactions"]["transaction_status"] = status.map({"burned": "Eingelöst", "subscribed": "NO"})
    other = {
        "clients": tables["customers"].set_axis(["Client No", "Signup", "Sex", "Town"], axis=1),
        "sexes": tables["genders"],
        "towns": tables["cities"].set_axis(["Town", "Name"], axis=1),
        "orders": tables["transactions"].rename(columns={"transaction_status": "State", "customer_id": "client no "}),
    }
    mapping = """
date_format: ["%d/%m/%Y", "%d.%m.%Y"]
tables:
  customers: {from: Clients, columns: {customer_id: client no, join_date: Signup, gender_id: Sex, city_id: TOWN}}
  genders: {from: sexes}
  cities: {from: towns, columns: {city_id: Town, city_name: Name}}
  transactions:
    from: orders.csv
    columns:
      customer_id: Client No
      transaction_status: {column: State, values: {eingelöst: burned, no: subscribed}}
"""
    read = canonical(ingest(write_csv(other, "other"), mapping=write_mapping(mapping)))
    for name, frame in wanted.items():
        pd.testing.assert_frame_equal(read[name], frame)


def test_constants_and_defaults(tables, write_csv, write_mapping):
    mapping = {
        "tables": {
            "customers": {
                "columns": {"gender_id": {"column": "gender_id", "default": "2"}, "city_id": {"constant": "20"}}
            },
        }
    }
    customers = ingest(write_csv(tables), mapping=write_mapping(mapping)).table("customers")
    assert customers["gender_id"].tolist() == ["1", "2", "2", "2"]
    assert set(customers["city_id"]) == {"20"}


@pytest.mark.parametrize(
    ("entries", "cells", "days"),
    [
        ({"date_format": "excel"}, ["45292", "45301.75"], ["2024-01-01", "2024-01-10"]),
        ({"date_format": "%m/%d/%y"}, ["01/31/24", "2024-02-01"], ["2024-01-31", "2024-02-01"]),  # ISO is always read
        ({"date_format": ["%d %b %Y", "%Y%m%d"]}, ["5 Feb 2024", "20240206"], ["2024-02-05", "2024-02-06"]),
        (
            {"time_zone": "America/New_York", "times_are_in": "UTC"},
            ["2024-01-05 03:00:00", "2024-07-05 05:00:00"],
            ["2024-01-04", "2024-07-05"],
        ),
        (
            {"time_zone": "America/New_York"},
            ["2024-01-05T03:00:00Z", "2024-01-05 03:00:00"],  # a time without a zone is the shop's own
            ["2024-01-04", "2024-01-05"],
        ),
        ({"time_zone": "Asia/Tokyo"}, ["2024-01-05T20:00:00+01:00", "2024-01-05"], ["2024-01-06", "2024-01-05"]),
    ],
)
def test_dates_are_read_as_the_mapping_says(tables, write_csv, write_mapping, entries, cells, days):
    tables["customers"].loc[:1, "join_date"] = cells
    for table in ("transactions",):  # what the test does not look at is left in ISO
        assert tables[table]["transaction_date"].str.match(r"\d{4}-").all()
    shop = ingest(write_csv(tables), mapping=write_mapping(entries))
    assert shop.table("customers")["join_date"].dt.strftime("%Y-%m-%d").tolist()[:2] == days


@pytest.mark.parametrize(
    ("entries", "cell", "value"),
    [
        ({"decimal": ",", "thousands": "."}, "1.234,50", 1234.5),
        ({"decimal": ","}, "12,5", 12.5),
        ({"thousands": ","}, "1,234,567.25", 1234567.25),
        ({"thousands": "'"}, "1'000", 1000.0),
        ({"thousands": "^", "decimal": "]"}, "1^000]5", 1000.5),
        ({"thousands": "\u00a0", "decimal": ","}, "1\u00a0000,5", 1000.5),
        ({"decimal": ",", "thousands": "."}, "1.5", None),  # no thousand: not guessed
        ({"thousands": ","}, "12,34", None),
    ],
)
def test_numbers_are_read_as_the_mapping_says(tables, write_csv, write_mapping, entries, cell, value):
    tables["transactions"]["amount"] = [cell, "1", "2", "3", "4", "5"]
    shop = ingest(write_csv(tables), mapping=write_mapping(entries))
    amounts = shop.table("transactions").set_index("transaction_id")["amount"]
    if value is None:
        assert "1" not in amounts.index
        assert shop.quality.set_index("rule").loc["transactions.amount.unreadable", "rows"] == 1
    else:
        assert amounts["1"] == value


def test_one_column_can_be_written_differently(tables, write_csv, write_mapping):
    tables["customers"]["join_date"] = ["31.12.2023"] * 4
    mapping = {"tables": {"customers": {"columns": {"join_date": {"column": "join_date", "date_format": "%d.%m.%Y"}}}}}
    shop = ingest(write_csv(tables), mapping=write_mapping(mapping))
    assert set(shop.table("customers")["join_date"].dt.strftime("%Y-%m-%d")) == {"2023-12-31"}


def test_descriptors_are_numbers_or_names_by_their_values(tables, write_csv, write_mapping):
    people = pd.DataFrame({"customer_id": [str(i) for i in range(30)]})
    people["Income, €"] = [f"{1000 + 7 * i}" for i in range(29)] + [""]
    people["Age band"] = ["1", "2", "3"] * 10  # few numbers: a code
    people["row_number of it"] = "x"
    tables["customers"] = people
    mapping = {
        "tables": {"customers": {"descriptors": {"income": "Income, €", "age": "AGE BAND", "it's": "row_number of it"}}}
    }
    shop = ingest(write_csv(tables), mapping=write_mapping(mapping))
    customers = shop.table("customers")
    assert list(customers.columns[-3:]) == ["income", "age", "it's"]
    assert customers["income"].dtype == "float64"
    assert customers["income"].isna().sum() == 1
    assert customers["age"].tolist()[:3] == ["1", "2", "3"]
    assert shop.loaded_tables["customers"].added == {"income": "number", "age": "text", "it's": "text"}


def test_a_shop_without_statuses_counts_every_transaction(tables, write_csv, write_mapping):
    tables["transactions"] = tables["transactions"].drop(columns=["transaction_status", "burn_date"])
    shop = ingest(write_csv(tables))
    assert len(shop.unified.df()) == 6
    assert shop.table("transactions")["transaction_status"].isna().all()
    assert "transactions.transaction_status.absent" in set(shop.findings["rule"])
    assert (shop.findings["severity"] == "info").all()


def test_a_shop_without_burn_dates_keeps_its_statuses(tables, write_csv):
    tables["transactions"] = tables["transactions"].drop(columns="burn_date")
    shop = ingest(write_csv(tables))
    assert shop.quality.set_index("rule").loc["transactions.burn_date.absent", "rows"] == 4
    assert shop.table("transactions")["transaction_status"].value_counts().to_dict() == {"burned": 4, "subscribed": 2}


def test_a_burn_date_alone_tells_the_status(tables, write_csv):
    wanted = ingest(write_csv(tables)).table("transactions")
    tables["transactions"] = tables["transactions"].drop(columns="transaction_status")
    pd.testing.assert_frame_equal(ingest(write_csv(tables)).table("transactions"), wanted)


def test_as_of_of_the_mapping_yields_to_the_parameter(tables, write_csv, write_mapping):
    folder, mapping = write_csv(tables), write_mapping("as_of: 2024-12-31")
    assert ingest(folder, mapping=mapping).as_of == pd.Timestamp("2024-12-31")
    assert ingest(folder, mapping=mapping, as_of="2024-06-30").as_of == pd.Timestamp("2024-06-30")


def test_lines_of_one_transaction_are_added_up_and_reconciled(tmp_path, write_mapping, reconciles):
    lines = pd.DataFrame(
        {
            "invoice": ["A1", "A1", "A1", "A2", "A2", "CA2", "A3", "A4"],
            "day": [
                "2024-01-05",
                "2024-01-04",
                "x",
                "2024-02-01",
                "2024-02-01",
                "2024-02-03",
                "2024-03-01",
                "2024-04-01",
            ],
            "who": ["7", "7", "7", "8", "9", "8", "", "9"],
            "n": ["1", "2", "3", "1", "1", "-1", "1", "3"],
            "price": ["0.1", "0.1", "0.1", "5", "5", "5", "1", "0.1"],
        }
    )
    lines.to_csv(tmp_path / "lines.csv", index=False)
    mapping = """
tables:
  customers: {from: lines, rows: distinct, columns: {customer_id: who}}
  transactions:
    from: lines
    rows: lines
    columns: {transaction_id: invoice, customer_id: who, transaction_date: day, amount: {multiply: [n, price]}}
    leave_out: {cancelled: {column: invoice, starts_with: [C, X]}}
"""
    shop = ingest(tmp_path / "lines.csv", mapping=write_mapping(mapping))
    row = shop.rows.set_index("table").loc["transactions"]
    assert row.to_dict() == {"rows_in": 8, "accepted": 3, "quarantined": 5, "left_out": 1, "rows_out": 2}
    rows_by_rule = shop.findings.set_index("rule")["rows"]
    assert rows_by_rule["transactions.left_out.cancelled"] == 1
    assert rows_by_rule["transactions.customer_id.varies"] == 2  # A2 has lines of 8 and of 9
    assert rows_by_rule["transactions.transaction_date.unreadable"] == 1
    assert rows_by_rule["transactions.customer_id.missing"] == 1
    sold = shop.table("transactions").set_index("transaction_id")
    assert sold["amount"].to_dict() == {"A1": 0.3, "A4": 0.3}  # exact decimals: no 0.30000000000000004
    assert sold.loc["A1", "transaction_date"] == pd.Timestamp("2024-01-04")
    reconciles(shop)


def test_lines_that_are_left_out_make_no_transaction_wrong(tmp_path, write_mapping):
    lines = pd.DataFrame({"no": ["1", "1"], "who": ["7", "till"], "day": "2024-01-05", "n": ["2", "0"]})
    lines.to_csv(tmp_path / "lines.csv", index=False)
    mapping = """
tables:
  customers: {from: lines, rows: distinct, columns: {customer_id: who}}
  transactions:
    from: lines
    rows: lines
    columns: {transaction_id: "no", customer_id: who, transaction_date: day, amount: n}
    leave_out: {till: {column: who, is: till}}
"""
    shop = ingest(tmp_path / "lines.csv", mapping=write_mapping(mapping))
    assert shop.table("transactions")[["transaction_id", "customer_id", "amount"]].to_numpy().tolist() == [
        ["1", "7", 2.0]
    ]


def test_what_the_mapping_leaves_out_does_not_refuse_the_shop(root):
    shop = ingest(root / "data/sample/invoices.csv", mapping=root / "params/mappings/invoices.yaml")
    row = shop.rows.set_index("table").loc["transactions"]
    assert row["left_out"] == row["quarantined"] > 0.05 * row["rows_in"]
    shop.require(max_reject_share=0.0)
    lines = pd.read_csv(root / "data/sample/invoices.csv", dtype={"Invoice": str})
    kept = lines[~lines["Invoice"].str.startswith("C") & lines["Customer"].notna()]
    by_hand = (kept["Quantity"] * kept["Unit price"]).groupby(kept["Invoice"]).sum()
    sold = shop.table("transactions").set_index("transaction_id")
    pd.testing.assert_series_equal(sold["amount"].sort_index(), by_hand, check_names=False)
    assert shop.unified.df()["city_name"].isin(lines["Country"]).all()


def test_rows_without_an_id_can_be_numbered(tables, write_csv, write_mapping, reconciles):
    tables["transactions"] = tables["transactions"].drop(columns="transaction_id")
    tables["transactions"].loc[1, "customer_id"] = "nobody"
    mapping = {"tables": {"transactions": {"columns": {"transaction_id": {"row_number": True}}}}}
    shop = ingest(write_csv(tables), mapping=write_mapping(mapping))
    assert shop.table("transactions")["transaction_id"].tolist() == ["1", "3", "4", "5", "6"]
    reconciles(shop)


def test_what_a_typed_column_holds_needs_no_signs_but_may_need_a_format(tables, tmp_path, write_mapping):
    tables["transactions"]["amount"] = [12.5, 1.0, 2.0, 3.0, 4.0, 5.0]
    tables["customers"]["join_date"] = [20240101, 20240102, 20240103, 20240104]
    for name, frame in tables.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    mapping = write_mapping({"decimal": ",", "thousands": ".", "date_format": "%Y%m%d"})
    shop = ingest(tmp_path, mapping=mapping)
    assert shop.table("transactions")["amount"].iloc[0] == 12.5
    assert shop.table("customers")["join_date"].iloc[0] == pd.Timestamp("2024-01-01")


def test_numbers_of_descriptors_are_known_by_their_signs(tables, write_csv, write_mapping):
    tables["customers"] = pd.DataFrame({"customer_id": range(20), "income": [f"{i},5" for i in range(20)]})
    mapping = {"decimal": ",", "tables": {"customers": {"descriptors": ["income"]}}}
    customers = ingest(write_csv(tables), mapping=write_mapping(mapping)).table("customers")
    assert customers["income"].tolist()[:2] == [0.5, 1.5]


def test_descriptors_declared_as_numbers_that_cannot_be_read_are_told(tables, write_csv, write_mapping, reconciles):
    tables["customers"] = tables["customers"].assign(
        income=["10,5", "forty", "9e99", None], n=["2", "3", "x", "1"], tier=["7", "gold", "=1+1", None]
    )
    descriptors = {
        "income": {"column": "income", "kind": "number", "decimal": ","},
        "worth": {"multiply": ["n", "n"]},
        "tier": {"column": "tier", "kind": "text"},
        "n": "n",  # nothing is said, and not all of its values are numbers: text
    }
    shop = ingest(write_csv(tables), mapping=write_mapping({"tables": {"customers": {"descriptors": descriptors}}}))
    reconciles(shop)
    assert not len(shop.quarantine)
    findings = shop.findings.set_index("rule")
    assert findings.loc[["customers.income.unreadable", "customers.worth.unreadable"], "rows"].tolist() == [1, 1]
    assert "2 in row 2 (forty)" in findings.loc["customers.income.unreadable", "examples"]
    assert "3 in row 3 (9e99)" in findings.loc["customers.income.out_of_range", "examples"]
    assert set(findings.loc[findings.index.str.contains("income|worth"), "severity"]) == {"warning"}
    assert not {rule for rule in shop.quality["rule"] if rule.startswith(("customers.tier.", "customers.n."))}
    customers = shop.table("customers")
    assert customers["income"].isna().tolist() == [False, True, True, True]
    assert customers["worth"].fillna(-1).tolist() == [4, 9, -1, 1]


def test_a_descriptor_that_no_customer_can_mean_is_told(tables, write_csv, write_mapping):
    tables["customers"]["income"] = ["1", "-5e15", "3", "4"]
    descriptors = {"income": {"column": "income", "kind": "number"}}
    shop = ingest(write_csv(tables), mapping=write_mapping({"tables": {"customers": {"descriptors": descriptors}}}))
    assert shop.findings.set_index("rule").loc["customers.income.out_of_range", "examples"] == "2 in row 2 (-5e15)"
    assert shop.table("customers")["income"].isna().tolist() == [False, True, False, False]


def test_ids_that_were_written_as_floats_are_whole_again(tables, write_csv):
    tables["transactions"]["customer_id"] = tables["transactions"]["customer_id"] + ".0"
    tables["customers"].loc[3, "customer_id"] = "1.50"  # no whole number: stays
    shop = ingest(write_csv(tables))
    assert not len(shop.quarantine)
    assert "1.50" in set(shop.table("customers")["customer_id"])


WRONG = [
    ("tabels: {}", r"the mapping: unknown 'tabels' \(did you mean 'tables'\?\)"),
    ("tables: {customer: {}}", r"tables: unknown 'customer' \(did you mean 'customers'\?\)"),
    ("tables: {customers: {colums: {}}}", r"tables.customers: unknown 'colums' \(did you mean 'columns'\?\)"),
    ("tables: {customers: {columns: {customerid: x}}}", r"unknown 'customerid' \(did you mean 'customer_id'\?\)"),
    ("tables: {customers: {columns: {customer_id: {colum: x}}}}", r"unknown 'colum' \(did you mean 'column'\?\)"),
    ("tables: {customers: {columns: {customer_id: {default: x}}}}", "say one of column, constant$"),
    ("tables: {transactions: {columns: {amount: {multiply: [a]}}}}", "expected a list of columns"),
    ("tables: {customers: {rows: lines}}", "rows is one of as_is, distinct, not 'lines'"),
    ("tables: {transactions: {rows: line}}", r"not 'line' \(did you mean 'lines'\?\)"),
    ("tables: {transactions: {descriptors: [x]}}", "only customers have descriptors"),
    ("tables: {customers: {descriptors: [burn_rate]}}", "'burn_rate' is taken"),
    ("tables: {transactions: {leave_out: {x: {column: a}}}}", "say a column and one of starts_with"),
    ("tables: {transactions: {leave_out: {x: {column: a, begins: b}}}}", "unknown 'begins'"),
    ("tables: {transactions: {leave_out: {x: {column: a, empty: no}}}}", "empty takes true"),
    ("tables: {customers: {columns: {gender_id: {row_number: true}}}}", "unknown 'row_number'"),
    ("tables: {transactions: {columns: {transaction_id: {row_number: 7}}}}", "say one of column, constant$"),
    ("tables: [customers]", "tables: expected lines 'name: value'"),
    ("date_format: DD/MM/YYYY", "date_format 'DD/MM/YYYY' is none"),
    ("date_format: '%Q'", "date_format '%Q' is none"),
    ("time_zone: Europe/Romee", r"is no time zone \(did you mean 'Europe/Rome'\?\)"),
    ("times_are_in: UTC", "times_are_in needs time_zone"),
    ("{decimal: ',', thousands: ','}", "two different signs"),
    ("csv: {separator: ';'}", "csv: unknown 'separator'"),
    ("tables: {customers: {from: a, from: b}}", "'from' is given twice"),
    ("tables: {customers", "not valid YAML"),
    ("- a\n- b", "the mapping: expected lines"),
]


@pytest.mark.parametrize(("content", "message"), WRONG)
def test_a_wrong_mapping_is_refused_by_name(write_mapping, content, message):
    with pytest.raises(ParameterRefused, match=message):
        parse(read_mapping(write_mapping(content)))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"customers": {"from": "clents"}}, r"no table 'clents'.*found: "),
        (
            {"customers": {"columns": {"join_date": "joindate"}}},
            r"takes join_date from column 'joindate', which is not there \(did you mean 'join_date'\?\)",
        ),
        ({"customers": {"descriptors": ["age"]}}, "takes age from column 'age', which is not there"),
        ({"transactions": {"leave_out": {"x": {"column": "statuss", "is": "y"}}}}, "leave_out names column 'statuss'"),
    ],
)
def test_what_the_mapping_names_and_the_source_lacks_is_refused(tables, write_csv, write_mapping, entry, message):
    with pytest.raises(InputRefused, match=message):
        ingest(write_csv(tables), mapping=write_mapping({"tables": entry}))


def test_a_missing_mapping_file_is_refused(tables, write_csv):
    with pytest.raises(ParameterRefused, match=r"mapping file .nowhere\.yaml. does not exist"):
        ingest(write_csv(tables), mapping="nowhere.yaml")


def test_words_that_yaml_would_take_for_something_else_stay_words(write_mapping):
    status = "{column: 'on', values: {yes: burned, NO: subscribed}}"
    content = f"tables: {{transactions: {{columns: {{transaction_status: {status}}}}}}}"
    origin = parse(read_mapping(write_mapping(content))).table("transactions").columns["transaction_status"]
    assert origin.columns == ("on",)
    assert vars(origin)["values"] == {"yes": "burned", "no": "subscribed"}


# Variables to segment by --------------------------------------------------------------------------------------------


def test_variables_are_read_by_their_kind(tables, write_csv, write_mapping):
    tables["customers"] = pd.DataFrame(
        {
            "customer_id": ["1", "2", "3", "4", "5"],
            "income": ["1.000,5", "2", "x", None, "9e99"],
            "club": ["Gold", "basic", "GOLD", None, "silver"],
            "smoker": ["Ja", "0", " TRUE ", "perhaps", None],
            "it's": ["a", "b", "", "a", "b"],
        }
    )
    by = {
        "income": {"kind": "numeric", "unit": "EUR", "log": True, "decimal": ",", "thousands": "."},
        "in_club": {"kind": "binary", "column": "club", "values": {"gold": "yes", "basic": "no"}, "default": "no"},
        "smoker": "binary",
        "it's": "nominal",
    }
    mapping = write_mapping({"tables": {"customers": {"segment_by": by, "descriptors": {"tier": "club"}}}})
    shop = ingest(write_csv({"customers": tables["customers"]}), mapping=mapping)
    customers = shop.table("customers").drop(columns=[*CUSTOMER_COLUMNS[1:]]).astype(object)
    nothing = None
    wanted = [
        ["1", 1000.5, 1.0, 1.0, "a", "Gold"],
        ["2", 2.0, 0.0, 0.0, "b", "basic"],
        ["3", nothing, 1.0, 1.0, nothing, "GOLD"],
        ["4", nothing, 0.0, nothing, "a", nothing],
        ["5", nothing, nothing, nothing, "b", "silver"],
    ]
    assert customers.where(customers.notna(), None).to_numpy().tolist() == wanted
    findings = shop.findings.set_index("rule")
    assert findings["rows"].to_dict() == {
        "customers.income.missing": 1,
        "customers.income.unreadable": 1,
        "customers.income.out_of_range": 1,
        "customers.in_club.unreadable": 1,
        "customers.smoker.missing": 1,
        "customers.smoker.unreadable": 1,
        "customers.it's.missing": 1,
    }
    assert "3 in row 3 (x)" in findings.loc["customers.income.unreadable", "examples"]


def test_numbers_that_no_customer_can_mean_and_a_constant_are_told(write_csv, write_mapping):
    customers = pd.DataFrame({"customer_id": ["1", "2", "3"], "age": ["40", "5e15", "40"], "sex": ["f", "m", "f"]})
    mapping = write_mapping({"tables": {"customers": {"segment_by": {"age": "numeric", "sex": "nominal"}}}})
    findings = ingest(write_csv({"customers": customers}), mapping=mapping).findings.set_index("rule")
    assert findings["severity"].to_dict() == {"customers.age.out_of_range": "warning", "customers.age.constant": "info"}


def test_with_transactions_variables_are_added_and_the_shop_is_seen_on_its_day(tables, write_csv, write_mapping):
    tables["customers"]["age"] = ["30", "40", "50", "60"]
    shop = ingest(
        write_csv(tables), mapping=write_mapping({"tables": {"customers": {"segment_by": {"age": "numeric"}}}})
    )
    assert shop.record.as_of == "2024-06-30"
    assert shop.record.variables == {"age": VariableRecord("numeric")}
    assert shop.variable_table.to_dict("records") == [{"variable": "age", "kind": "numeric", "unit": "", "log": False}]
    assert len(shop.unified.df()) == 6
    assert ingest(write_csv(tables)).record.variables == {}


def test_transactions_that_the_mapping_speaks_of_must_be_there(write_csv, write_mapping):
    source = write_csv({"customers": pd.DataFrame({"customer_id": ["1", "2"], "age": ["3", "4"]})})
    customers = {"segment_by": {"age": "numeric"}}
    for entry in ({"from": "orders"}, {"columns": {"customer_id": "who"}}):
        with pytest.raises(InputRefused, match=r"no table '(orders|transactions)'"):
            ingest(source, mapping=write_mapping({"tables": {"customers": customers, "transactions": entry}}))


def test_who_has_no_transactions_is_told_of_segment_by(write_csv):
    with pytest.raises(InputRefused, match=r"no table 'transactions'; .*columns to segment by \(segment_by"):
        ingest(write_csv({"customers": pd.DataFrame({"customer_id": ["1"], "age": ["3"]})}))


def test_ids_without_a_table_of_names_are_names(tables, write_csv, write_mapping, reconciles):
    tables["customers"]["sex"] = ["m", "F", "w", None]
    del tables["genders"], tables["cities"]
    columns = {"gender_id": {"column": "sex", "values": {"m": "Male", "f": "Female", "w": "Female"}, "default": "?"}}
    shop = ingest(write_csv(tables), mapping=write_mapping({"tables": {"customers": {"columns": columns}}}))
    reconciles(shop)
    assert shop.unified.df().set_index("transaction_id")["gender_name"].to_dict() == {
        "1": "Male",
        "2": "Male",
        "3": "Male",
        "4": "Female",
        "5": "Female",
        "6": "Female",
    }
    assert set(shop.table("genders")["gender_name"]) == {"Male", "Female", "?"}
    assert not len(shop.table("cities"))  # the mapping does not say that an id of a city is its name


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("[age, income]", "a list does not say what the variables are; .*'age: numeric'"),
        ("{age: Age}", r"segment_by\.age: say its kind, one of numeric, binary, nominal, not 'Age'"),
        ("{age: numerical}", r"not 'numerical' \(did you mean 'numeric'\?\)"),
        ("{age: {column: Age}}", "say its kind"),
        ("{age: {kind: numeric, colum: Age}}", r"unknown 'colum' \(did you mean 'column'\?\)"),
        ("{age: {kind: nominal, log: true}}", "unknown 'log'"),
        ("{age: {kind: numeric, log: maybe}}", "log is true or false, not 'maybe'"),
        ("{age: {kind: numeric, unit: [a]}}", r"segment_by\.age\.unit: expected a word, not a list"),
        ("{club: {kind: binary, values: {gold: vip}}}", "binary variable are yes or no, not 'vip'"),
        ("{burn_rate: numeric}", "'burn_rate' is taken"),
        ("{customer_id: nominal}", "'customer_id' is taken"),
        ("{text: nominal}", "and is not text"),
        ("{'a.b': numeric}", "no point, comma or quotation mark"),
        ("{Tier: nominal}", "'Tier' is named twice under segment_by and descriptors"),
    ],
)
def test_wrong_variables_are_refused_by_name(write_mapping, entry, message):
    content = f"tables: {{customers: {{segment_by: {entry}, descriptors: [tier]}}}}"
    with pytest.raises(ParameterRefused, match=message):
        parse(read_mapping(write_mapping(content)))


def test_only_customers_have_variables(write_mapping):
    with pytest.raises(ParameterRefused, match="only customers are segmented"):
        parse(read_mapping(write_mapping("tables: {transactions: {segment_by: {amount: numeric}}}")))
