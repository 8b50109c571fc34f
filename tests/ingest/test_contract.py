"""The contract: each broken row is found by its rule, and nothing is lost."""

import contextlib
import warnings

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaErrors

from seglib.errors import InputRefused
from seglib.ingest.contract.rules import RULES
from seglib.ingest.shop import ingest
from seglib.schema.columns import CUSTOMER_COLUMNS
from seglib.schema.tables import TABLES, validate

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
    ("transactions.transaction_date.unreadable", "transactions", 0, "transaction_date", "45302"),
    ("transactions.transaction_date.unreadable", "transactions", 0, "transaction_date", "31.12.2024"),
    ("transactions.transaction_date.out_of_range", "transactions", 0, "transaction_date", "1900-01-01"),
    ("transactions.transaction_date.out_of_range", "transactions", 0, "transaction_date", "2999-01-01"),
    ("transactions.burn_date.out_of_range", "transactions", 0, "burn_date", "2999-12-31"),
    ("customers.join_date.out_of_range", "customers", 0, "join_date", "1900-01-01"),
    ("transactions.burn_date.unreadable", "transactions", 0, "burn_date", "45302"),
    ("transactions.transaction_date.before_join", "transactions", 5, "transaction_date", "2024-02-01"),
    ("transactions.transaction_status.unknown", "transactions", 0, "transaction_status", "redeemed"),
    ("transactions.transaction_status.missing", "transactions", 0, "transaction_status", None),
    ("transactions.transaction_status.missing", "transactions", 0, "transaction_status", " \t"),
    ("transactions.customer_id.missing", "transactions", 0, "customer_id", "\u00a0"),
    ("transactions.customer_id.missing", "transactions", 0, "customer_id", "nan"),
    ("transactions.customer_id.unknown", "transactions", 0, "customer_id", "🎟️"),
    ("customers.customer_id.alike", "customers", 3, "customer_id", "001"),
    ("transactions.amount.unreadable", "transactions", 0, "amount", "1,00.50"),
    ("transactions.amount.unreadable", "transactions", 0, "amount", "12 apples"),
    ("transactions.amount.negative", "transactions", 0, "amount", "-12.50"),
    ("cities.text.formula", "cities", 0, "city_name", "=1+1"),
    ("cities.text.blanks", "cities", 0, "city_name", " Cairo"),
    ("cities.text.blanks", "cities", 0, "city_name", "القاهرة\u00a0"),
    ("transactions.text.formula", "transactions", 0, "coupon_name", '=HYPERLINK("x")'),
    ("transactions.burn_date.missing", "transactions", 0, "burn_date", None),
    ("transactions.burn_date.unreadable", "transactions", 0, "burn_date", "yesterday"),
    ("transactions.burn_date.not_burned", "transactions", 1, "burn_date", "2024-02-12"),
    ("transactions.burn_date.before_claim", "transactions", 0, "burn_date", "2024-01-09"),
    ("transactions.branch_id.unknown", "transactions", 0, "branch_id", "5"),
    ("transactions.amount.unreadable", "transactions", 0, "amount", "1.000,50"),
    ("transactions.amount.unreadable", "transactions", 0, "amount", "inf"),
    ("transactions.amount.nothing", "transactions", 0, "amount", "nan"),
    ("transactions.burn_date.nothing", "transactions", 1, "burn_date", "NULL"),
    ("transactions.amount.ambiguous", "transactions", slice(None), "amount", "1.250"),
    ("transactions.amount.out_of_range", "transactions", 0, "amount", "1e300"),
    ("transactions.amount.out_of_range", "transactions", 0, "amount", "-1.1e12"),
]


def first_of_each_rule():
    """The cases; one of each rule answers soon."""
    seen = set()
    for case in BROKEN:
        yield pytest.param(*case, marks=[pytest.mark.slow] if case[0] in seen else [])
        seen.add(case[0])


@pytest.mark.parametrize(("rule", "table", "row", "column", "value"), first_of_each_rule())
def test_each_broken_row_is_found_by_its_rule(tables, write_csv, reconciles, rule, table, row, column, value):
    if column not in tables[table]:
        tables[table][column] = ["1.5"] * len(tables[table])
    tables[table].loc[row, column] = value
    shop = ingest(write_csv(tables))
    finding = shop.quality.set_index("rule").loc[rule]
    rows = len(tables[table]) if row == slice(None) else 1
    assert finding["rows"] == (2 if rule.endswith("alike") else rows)  # 1 and 001 are alike
    reconciles(shop)
    quarantined = shop.quarantine[shop.quarantine["rules"].str.contains(rule, regex=False)]
    if finding["severity"] == "error":
        assert f"in row {row + 1}" in finding["examples"]
        assert quarantined[["table", "row"]].to_numpy().tolist() == [[table, row + 1]]
    else:
        assert quarantined.empty


def test_there_are_forty_broken_inputs_and_every_kind_of_rule_is_among_them():
    assert len(BROKEN) >= 40
    tested = {rule.split(".", 1)[1] for rule, *_ in BROKEN}
    kinds = {rule.id.split(".", 1)[1] for rule in RULES if rule.severity != "info"} - tested
    assert kinds <= {  # the same rules, made by one function for each table
        "gender_id.missing",
        "city_id.duplicate",
        "merchant_id.missing",
        "branch_id.missing",
        "branch_id.duplicate",
        "amount.units",  # two cells make it: tests of inputs
        "transaction_id.below",  # so do several: tests of lines
        *(kind for kind in kinds if kind.endswith("_id.shortened")),  # tests of lines
    }


def test_the_short_list_of_customer_columns_is_that_of_the_contract():
    assert tuple(TABLES["customers"].columns) == CUSTOMER_COLUMNS


def test_examples_name_the_row_and_what_stood_there(tables, write_csv):
    tables["transactions"].loc[[0, 2], "burn_date"] = ["someday", "2999-01-01"]
    examples = ingest(write_csv(tables)).quality.set_index("rule")["examples"]
    assert examples["transactions.burn_date.unreadable"] == "1 in row 1 (someday)"
    assert examples["transactions.burn_date.out_of_range"] == "3 in row 3 (2999-01-01)"


def test_rules_of_severity_info_keep_every_row(tables, write_csv, reconciles):
    tables["customers"] = tables["customers"].assign(gender_id="1", city_id="10", customer_id=["1", "2", "3", "x"])
    tables["transactions"] = tables["transactions"].assign(transaction_status="burned", burn_date="2024-07-01")
    shop = ingest(write_csv(tables))
    rules = set(shop.findings["rule"])
    assert {"customers.gender_id.constant", "customers.city_id.constant", "customers.customer_id.mixed"} <= rules
    assert "transactions.transaction_status.constant" in rules
    assert shop.rows["quarantined"].sum() == 0
    reconciles(shop)


@pytest.mark.parametrize("name", ["customers", "transactions"])
def test_an_empty_table_is_refused_by_name(tables, write_csv, name):
    tables[name] = tables[name].head(0)
    shop = ingest(write_csv(tables))
    assert name in shop.without_rows
    with pytest.raises(InputRefused, match=f"table {name} has no usable row"):
        shop.require(max_reject_share=1.0)


def test_empty_tables_of_names_are_no_harm(tables, write_csv, reconciles):
    tables |= {name: tables[name].head(0) for name in ("genders", "cities", "branches", "merchants")}
    shop = ingest(write_csv(tables))
    shop.require(max_reject_share=0.0)
    reconciles(shop)


def test_one_customer_only_is_told(tables, write_csv):
    tables["customers"] = tables["customers"].head(1)
    tables["transactions"] = tables["transactions"].head(3)
    assert "customers.customer_id.single" in set(ingest(write_csv(tables)).findings["rule"])


def test_a_quarantined_customer_takes_its_transactions_along(tables, write_csv, reconciles):
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
    for part in ("transactions", "3 of 6 rows (50.0%)", "transaction_status.unknown", "translate the value"):
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
    tables["transactions"] = tables["transactions"].drop(columns=["customer_id", "transaction_date"])
    with pytest.raises(InputRefused) as refused:
        ingest(write_csv(tables))
    message = str(refused.value)
    assert "did you mean 'customerid'" in message
    assert "table transactions: column 'customer_id' is missing" in message
    assert "'transaction_date'" in message


def test_a_missing_table_is_named_with_what_came_near(tables, write_csv):
    tables["transaction"] = tables.pop("transactions")
    with pytest.raises(InputRefused, match=r"no table 'transactions' \(did you mean 'transaction'\?\).*--suggest"):
        ingest(write_csv(tables))


def test_no_usable_transaction_is_refused_with_the_reason(tables, write_csv):
    tables["transactions"]["transaction_status"] = "x"
    tables["customers"].loc[0, "join_date"] = "soon"
    shop = ingest(write_csv(tables))  # everything is listed all the same
    assert {"transactions.transaction_status.unknown", "customers.join_date.unreadable"} <= set(shop.findings["rule"])
    with pytest.raises(InputRefused, match=r"6 of 6 rows .*transaction_status.unknown \(6 rows\)"):
        shop.require(max_reject_share=0.05)
    with pytest.raises(InputRefused, match="no usable row"):
        shop.require(max_reject_share=1.0)


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


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_damage_never_loses_a_row_and_never_crashes(tables, write_csv, reconciles, data):
    damaged = {name: frame.copy() for name, frame in tables.items()}
    for _ in range(data.draw(st.integers(1, 8))):
        table = data.draw(st.sampled_from(list(damaged)))
        row = data.draw(st.integers(0, len(damaged[table]) - 1))
        column = data.draw(st.sampled_from(list(damaged[table].columns)))
        damaged[table].loc[row, column] = data.draw(st.sampled_from(JUNK))
    if data.draw(st.booleans()):
        damaged["transactions"] = pd.concat([damaged["transactions"]] * 2)
    shop = ingest(write_csv(damaged))
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


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,  # a number of rows that is broken just so keeps DuckDB reading for minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_file_with_broken_bytes_is_read_or_refused_and_never_crashes(tables, write_csv, reconciles, kind, data):
    folder = write_csv(tables)
    files = sorted(folder.glob("*.csv"))
    if kind == "parquet":
        files = [file.rename(file.with_suffix(".old")) for file in files]
        for file in files:
            tables[file.stem].to_parquet(folder / f"{file.stem}.parquet")
            file.unlink()
        files = sorted(folder.glob("*.parquet"))
    source = folder
    if kind == "xlsx":
        source = folder / "shop.xlsx"
        with pd.ExcelWriter(source) as writer:
            for name, frame in tables.items():
                frame.to_excel(writer, sheet_name=name, index=False)
        files = [source]
    victim = data.draw(st.sampled_from(files))
    content = bytearray(victim.read_bytes())
    place = st.floats(0, 1, exclude_max=True)  # of the file's length, which differs from workbook to workbook
    for _ in range(data.draw(st.integers(1, 4))):
        content[int(data.draw(place) * len(content))] = data.draw(st.integers(0, 255))
    end = int(data.draw(place) * len(content)) if data.draw(st.booleans()) else len(content)
    victim.write_bytes(content[:end])
    with contextlib.suppress(InputRefused):  # one sentence; anything else is a crash
        reconciles(ingest(source))
    for file in [*folder.glob("*.parquet"), *folder.glob("*.xlsx")]:
        file.unlink()


ROWS = st.fixed_dictionaries(
    {
        "transaction_id": st.sampled_from(["1", "2", "3", "4", None]),
        "customer_id": st.sampled_from(["1", "2", None]),
        "transaction_date": st.sampled_from(["2024-01-10", "2024-02-10", "1900-01-01", None]),
        "transaction_status": st.sampled_from(["burned", "subscribed", "used", None]),
        "burn_date": st.sampled_from(["2024-01-20", "2024-03-01", "2999-01-01", None]),
        "amount": st.sampled_from(["1.5", "-2", "1e300", None]),
    }
)


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, min_size=1, max_size=8))
def test_pandera_and_duckdb_read_the_one_declaration_alike(tables, write_csv, rows):
    rows.append(dict.fromkeys(rows[0], None) | {"transaction_id": "good", "customer_id": "1", "burn_date": None})
    rows[-1] |= {"transaction_date": "2024-01-01", "transaction_status": "subscribed"}
    frame = pd.DataFrame(rows)
    tables["transactions"] = frame
    quality = ingest(write_csv(tables)).quality.query("table == 'transactions' and severity in ['error', 'warning']")
    of_values = ~quality["rule"].str.contains("unreadable|before_join|text|customer_id.unknown|branch_id|below")
    in_duckdb = quality[of_values].set_index("rule")["rows"].pipe(lambda n: n[n > 0]).to_dict()
    assert in_duckdb == _by_pandera(frame)


def _by_pandera(frame):
    """Count the failures of the pandera schema, by our rule ids."""
    typed = {c: pd.to_datetime(frame[c]) for c in ("transaction_date", "burn_date")}
    frame, counts = frame.assign(**typed, amount=frame["amount"].astype(float)), {}
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            validate("transactions", frame)
        cases = pd.DataFrame(columns=["column", "check", "index"])
    except SchemaErrors as failed:
        cases = failed.failure_cases
    if any("amount.negative" in str(w.message) for w in caught):
        counts["transactions.amount.negative"] = int(frame["amount"].between(-1e12, 0).sum())
    named = {"not_nullable": "missing", "field_uniqueness": "duplicate", "isin": "unknown", "in_range": "out_of_range"}
    beyond = cases.loc[cases["check"].str.startswith("in_range") & cases["column"].eq("burn_date"), "index"]
    excused = cases["check"].str.match(r"\w+\.") & cases["index"].isin(beyond)  # such a cell is no date at all
    for (column, check), group in cases[~excused].groupby(["column", "check"]):
        rule = check if "." in check.split("(")[0] else f"{column}.{named[check.split('(')[0]]}"
        counts[f"transactions.{rule}"] = group["index"].nunique()
    return counts
