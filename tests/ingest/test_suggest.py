"""A first mapping: what names and values say is a line, what they do not is a comment, and it can be used as it is."""

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seglib.errors import InputRefused
from seglib.ingest.mapping.file import parse, read_mapping
from seglib.ingest.mapping.model import ShopMapping
from seglib.ingest.shop import connect, ingest
from seglib.ingest.sources.base import Loaded, Source
from seglib.ingest.sources.open import open_source
from seglib.ingest.suggest import suggestion as module
from seglib.ingest.suggest.draft import scalar
from seglib.ingest.suggest.names import SURE, likeness
from seglib.ingest.suggest.suggestion import suggest
from seglib.schema.tables import TABLES

RENAMED = {
    "customers": ("clients", ["Client No", "Signup Date", "Sex", "Town"]),
    "genders": ("sexes", ["Sex No", "Label"]),
    "cities": ("towns", ["Town No", "Town"]),
    "transactions": ("purchases", ["Purchase No", "Client", "Purchase Date", "State", "Voucher", "Used At", "Store"]),
    "branches": ("stores", ["Store Code", "Vendor"]),
    "merchants": ("vendors", ["Vendor Code", "Vendor Name"]),
}
"""What another shop calls the tables of the contract, and their columns in the order of the contract."""


@pytest.fixture(scope="module")
def sample():
    """The sample's tables, as texts."""
    shop = ingest("sample")
    made = {}
    for name in TABLES:
        table = shop.table(name).dropna(axis="columns", how="all")
        for column in table.columns[[c.endswith("_date") for c in table]]:
            table[column] = table[column].dt.strftime("%Y-%m-%d")
        made[name] = table
    return made


def in_other_words(tables):
    """Return a shop's tables as another shop would have them: other names, other dates, other words for the status."""
    made = {}
    for name, (called, columns) in RENAMED.items():
        table = tables[name].copy()
        for column in table.columns[[c.endswith("_date") for c in table]]:
            table[column] = pd.to_datetime(table[column]).dt.strftime("%d/%m/%Y")
        if name == "transactions":
            table["transaction_status"] = table["transaction_status"].map({"burned": "Used", "subscribed": "Open"})
        made[called] = table.set_axis(columns, axis="columns")
    return made


@pytest.fixture
def renamed(sample):
    """Some customers of the sample, in other words."""
    few = {name: table.copy() for name, table in sample.items()}
    few["customers"] = few["customers"].head(100)
    few["transactions"] = few["transactions"].query("customer_id in @few['customers'].customer_id")
    return in_other_words(few)


@pytest.fixture
def drafted(tmp_path):
    """Write a first mapping of a source; return its text, and what it says."""

    def draft(source):
        text = suggest(open_source(source), connect())
        file = tmp_path / "draft.yaml"
        file.write_text(text, encoding="utf-8")
        return text, parse(read_mapping(file)), file

    return draft


@pytest.fixture
def invoices():
    """A flat file of invoice lines, as a shop without coupons has them: two lines an invoice, some cancelled."""
    number = np.repeat(np.arange(536_000, 536_400), 2)
    customer = (number % 90 + 12_000).astype(float)
    lines = pd.DataFrame(
        {
            "InvoiceNo": number.astype(str),
            "StockCode": number % 17,
            "Quantity": number % 7 + 1,
            "InvoiceDate": (pd.Timestamp("2010-12-01") + pd.to_timedelta((number - 536_000) * 5, unit="h")),
            "UnitPrice": (number % 13 + 1) / 4,
            "CustomerID": np.where(number % 10 == 3, np.nan, customer),
            "Country": np.where(number % 90 < 80, "United Kingdom", "France"),
        }
    )
    lines["InvoiceDate"] = lines["InvoiceDate"].dt.strftime("%m/%d/%Y %H:%M")
    cancelled = number % 20 == 5
    lines.loc[cancelled, "InvoiceNo"] = "C" + lines["InvoiceNo"]
    lines.loc[cancelled, "Quantity"] *= -1
    return lines


def test_the_sample_needs_no_mapping(drafted):
    text, mapping, _ = drafted("sample")
    assert mapping == ShopMapping()
    assert "nothing needs to be said" in text


def test_a_renamed_sample_is_the_sample_again(drafted, sample, write_csv):
    folder = write_csv(in_other_words(sample))
    text, mapping, file = drafted(folder)
    assert mapping.formats.dates == ("%d/%m/%Y",)
    assert "???" not in text
    shop = ingest(folder, mapping=file)
    original = ingest("sample")
    assert shop.rows["quarantined"].sum() == 0
    for name in TABLES:
        pd.testing.assert_frame_equal(shop.table(name), original.table(name))


def test_names_in_place_of_ids_make_their_own_tables(drafted, renamed, write_csv):
    for column, (table, number) in {"Sex": ("sexes", "Sex No"), "Town": ("towns", "Town No")}.items():
        names = renamed.pop(table).set_index(number).iloc[:, 0]
        renamed["clients"][column] = renamed["clients"][column].map(names)
    folder = write_csv(renamed)
    _, mapping, file = drafted(folder)
    assert (mapping.table("cities").source, mapping.table("cities").rows) == ("clients", "distinct")
    unified = ingest(folder, mapping=file).unified.df()
    towns = renamed["purchases"]["Client"].map(renamed["clients"].set_index("Client No")["Town"])
    assert unified["city_name"].value_counts().to_dict() == towns.value_counts().to_dict()


def test_a_flat_file_of_invoices(drafted, invoices, tmp_path):
    source = tmp_path / "online.csv"
    invoices.to_csv(source, index=False)
    _, mapping, file = drafted(source)
    asked = mapping.table("transactions")
    assert asked.rows == "lines"
    assert asked.columns["amount"].columns == ("Quantity", "UnitPrice")
    assert mapping.formats.dates == ("%m/%d/%Y %H:%M",)
    assert {(choice.column, choice.test) for choice in asked.leave_out} == {
        ("InvoiceNo", "starts_with"), ("CustomerID", "empty"),
    }  # fmt: skip
    shop = ingest(source, mapping=file)
    shop.require(max_reject_share=0.0)
    assert not (shop.findings["severity"] == "error").any()
    kept = invoices[~invoices["InvoiceNo"].str.startswith("C") & invoices["CustomerID"].notna()]
    assert len(shop.table("transactions")) == kept["InvoiceNo"].nunique()
    assert set(shop.table("cities")["city_name"]) == {"United Kingdom", "France"}
    assert shop.table("transactions")["amount"].sum() == pytest.approx((kept["Quantity"] * kept["UnitPrice"]).sum())


def test_a_decimal_comma_and_points_in_dates_are_found(drafted, invoices, tmp_path):
    invoices["UnitPrice"] = invoices["UnitPrice"].map("{:.2f}".format).str.replace(".", ",")
    invoices["InvoiceDate"] = pd.to_datetime(invoices["InvoiceDate"]).dt.strftime("%d.%m.%Y")
    source = tmp_path / "customers.csv"  # called after the contract, and holding something else
    invoices.to_csv(source, index=False, sep=";")
    _, mapping, file = drafted(source)
    assert (mapping.formats.decimal, mapping.formats.dates) == (",", ("%d.%m.%Y",))
    assert ingest(source, mapping=file).table("transactions")["amount"].sum() > 0


def test_a_hopeless_source_is_marked_as_such(drafted, tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "noise").mkdir()
    for name, columns in (("hiss", "abcd"), ("hum", "efg")):
        frame = pd.DataFrame(rng.random((200, len(columns))), columns=list(columns))
        frame.to_csv(tmp_path / "noise" / f"{name}.csv", index=False)
    text, mapping, _ = drafted(tmp_path / "noise")
    assert mapping == ShopMapping()
    for table in ("customers", "transactions"):
        assert f"  # {table}:\n  #   from: ???  # needed" in text
        for column, declared in TABLES[table].columns.items():
            assert (f"#     {column}: ???  # needed" in text) == declared.required
    assert "# Not used: hiss (a, b, c, d)" in text


def test_columns_that_are_needed_and_not_there_are_marked(drafted, tables, write_csv):
    foreign = {"transaction_id": "foo", "transaction_date": "bar"}
    tables["transactions"] = tables["transactions"].rename(columns=foreign)
    text, mapping, _ = drafted(write_csv(tables))
    assert "# transaction_id: ???  # needed" in text
    assert "# transaction_date: bar  # needed; its values are dates, its name does not say which" in text
    assert not mapping.table("transactions").columns
    tables["transactions"]["baz"] = tables["transactions"]["bar"]
    text, _, _ = drafted(write_csv(tables))
    assert "# transaction_date: ???  # needed" in text  # there are two now


def test_day_or_month_first_is_said_to_be_open(drafted, tables, write_csv):
    tables["transactions"]["transaction_date"] = ["01/02/2024", "02/02/2024", "03/02/2024", "04/05/2024"] + [
        "05/05/2024"
    ] * 2
    tables["transactions"] = tables["transactions"].drop(columns=["burn_date"])
    text, mapping, _ = drafted(write_csv(tables))
    assert mapping.table("transactions").columns["transaction_date"].formats.dates == ("%d/%m/%Y",)
    assert "# %d/%m/%Y and %m/%d/%Y fit alike: say which is right" in text


def test_another_column_settles_whether_the_day_comes_first(drafted, tables, write_csv):
    tables["transactions"]["transaction_date"] = "01/02/2024"
    tables["transactions"]["burn_date"] = "02/22/2024"
    text, mapping, _ = drafted(write_csv(tables))
    assert mapping.formats.dates == ()
    for column in ("transaction_date", "burn_date"):
        assert mapping.table("transactions").columns[column].formats.dates == ("%m/%d/%Y",)
    assert "fit alike" not in text


def test_a_year_that_begins_with_twelve_days_is_read_on(drafted, tables, tmp_path, write_csv, monkeypatch):
    monkeypatch.setattr("seglib.ingest.suggest.values.ROWS_EXAMINED", 4)
    tables["transactions"]["transaction_date"] = [
        "01/02/2024",
        "01/03/2024",
        "01/04/2024",
        "01/05/2024",
        "01/31/2024",
        "",
    ]
    tables["transactions"] = tables["transactions"].drop(columns=["burn_date"])
    _, mapping, _ = drafted(write_csv(tables))
    assert mapping.table("transactions").columns["transaction_date"].formats.dates == ("%m/%d/%Y",)


@pytest.mark.parametrize(
    ("joined", "claimed", "burned"),
    [("%d-%b-%Y", "excel", "%d.%m.%y"), ("%B %d, %Y", "%Y%m%d", "%m/%d/%Y %I:%M %p")],
)
def test_ways_of_writing_dates(drafted, tables, write_csv, joined, claimed, burned):
    expected = ingest(write_csv(tables, name="before"))
    forms = {"join_date": ("customers", joined), "transaction_date": ("transactions", claimed)}
    forms["burn_date"] = ("transactions", burned)
    for column, (table, form) in forms.items():
        days = pd.to_datetime(tables[table][column])
        serial = (days - pd.Timestamp("1899-12-30")).dt.days
        tables[table][column] = serial if form == "excel" else days.dt.strftime(form)
    folder = write_csv(tables)
    _, mapping, file = drafted(folder)
    shop = ingest(folder, mapping=file)
    for column, (table, form) in forms.items():
        assert mapping.table(table).columns[column].formats.dates == (form,)
        pd.testing.assert_frame_equal(shop.table(table), expected.table(table))


@pytest.mark.parametrize(
    ("written", "decimal", "thousands"),
    [
        ("12,5", ",", ""), ("1,234", ".", ","), ("1.234,50", ",", "."), ("1 234,5", ",", " "),
    ],
)  # fmt: skip
def test_ways_of_writing_numbers(drafted, tables, write_csv, written, decimal, thousands):
    tables["transactions"]["Total"] = written
    _, mapping, _ = drafted(write_csv(tables))
    assert (mapping.formats.decimal, mapping.formats.thousands) == (decimal, thousands)
    assert mapping.table("transactions").columns["amount"].columns == ("Total",)


def test_an_amount_that_is_no_number_is_a_comment_with_an_example(drafted, tables, write_csv):
    tables["transactions"]["Total"] = "12.50 a kilo"
    text, mapping, _ = drafted(write_csv(tables))
    assert "# amount: Total  # 0% of its values can be read as a number, not '12.50 a kilo'" in text
    assert "amount" not in mapping.table("transactions").columns


def test_values_of_a_status_that_are_not_known_are_left_to_fill_in(drafted, tables, write_csv):
    tables["transactions"]["transaction_status"] = ["Redeemed"] * 3 + ["Claimed", "Claimed", "Lapsed: why?"]
    text, mapping, _ = drafted(write_csv(tables))
    origin = mapping.table("transactions").columns["transaction_status"]
    assert origin.values == {"redeemed": "burned", "claimed": "subscribed"}  # noqa: PD011
    assert '# "Lapsed: why?": ???  # subscribed or burned' in text


def test_a_status_that_says_something_else_is_a_comment(drafted, tables, write_csv):
    orders = tables["transactions"].rename(columns={"transaction_status": "State"}).drop(columns=["burn_date"])
    tables["transactions"] = orders.assign(State=["shipped", "lost"] * 3)
    text, mapping, _ = drafted(write_csv(tables))
    assert "# transaction_status:  # say what its values mean" in text
    assert "#     shipped: ???" in text
    assert not mapping.table("transactions").columns


def test_a_flag_is_a_status(drafted, tables, write_csv):
    used = tables["transactions"].pop("transaction_status").eq("burned").map({True: "Yes", False: "No"})
    tables["transactions"]["Is Redeemed"] = used
    folder = write_csv(tables)
    _, mapping, file = drafted(folder)
    assert mapping.table("transactions").columns["transaction_status"].columns == ("Is Redeemed",)
    assert ingest(folder, mapping=file).table("transactions")["transaction_status"].tolist().count("burned") == 4


def test_a_reference_that_is_not_found_is_doubted(drafted, tables, write_csv):
    tables["transactions"] = tables["transactions"].rename(columns={"customer_id": "Client No"})
    tables["transactions"]["Client No"] = [f"X{i}" for i in range(6)]
    text, mapping, _ = drafted(write_csv(tables))
    assert (
        "# customer_id: Client No  # needed; 0% of its values are in column 'customer_id' of table 'customers'" in text
    )
    assert "customer_id" not in mapping.table("transactions").columns


def test_what_is_wrong_under_the_name_of_the_contract_is_said(drafted, tables, write_csv):
    tables["transactions"]["customer_id"] = [f"X{i}" for i in range(6)]
    tables["transactions"]["amount"] = "twelve"
    text, mapping, _ = drafted(write_csv(tables))
    assert "# customer_id: needed; 0% of its values are in column 'customer_id' of table 'customers'" in text
    assert "# amount: 0% of its values can be read as a number, not 'twelve'" in text
    assert not mapping.table("transactions").columns  # they are taken in any case


def test_a_number_that_several_customers_share_is_no_key(drafted, tables, write_csv):
    tables["transactions"] = tables["transactions"].rename(columns={"transaction_id": "Order No"})
    tables["transactions"]["Order No"] = "1"
    text, mapping, _ = drafted(write_csv(tables))
    assert "# transaction_id: Order No  # needed; rows with one of its values name several customers" in text
    assert mapping.table("transactions").rows == "as_is"


def test_customers_that_repeat_are_taken_once(drafted, tables, write_csv):
    tables["customers"] = pd.concat([tables["customers"]] * 3)
    _, mapping, _ = drafted(write_csv(tables))
    assert mapping.table("customers").rows == "distinct"


def test_what_else_is_known_of_customers_is_offered(drafted, tables, write_csv):
    tables["customers"] = pd.concat([tables["customers"]] * 10, ignore_index=True)
    rows = range(len(tables["customers"]))
    tables["customers"]["customer_id"] = [*rows]
    tables["customers"] = tables["customers"].assign(
        Age=[20 + i for i in rows], Tier=["gold", "silver"] * 20, Amount=[3 * i for i in rows],
        Email=[f"{i}@x" for i in rows], Remark=[f"remark {i}" for i in rows], Phone=[*rows], Empty="",
    )  # fmt: skip
    text, mapping, file = drafted(write_csv(tables))
    offer = "descriptors: {Age: Age, Tier: Tier, own_Amount: Amount}"
    assert f"# {offer}" in text
    assert not mapping.table("customers").descriptors
    file.write_text(text.replace(f"# {offer}", offer), encoding="utf-8")
    assert list(parse(read_mapping(file)).table("customers").descriptors) == ["Age", "Tier", "own_Amount"]


def test_values_with_types_of_their_own(drafted, renamed, tmp_path):
    renamed["clients"]["Signup Date"] = pd.to_datetime(renamed["clients"]["Signup Date"], dayfirst=True)
    purchases = renamed["purchases"]
    purchases["Purchase Date"] = pd.to_datetime(purchases["Purchase Date"], dayfirst=True).dt.date
    purchases["Used"] = purchases.pop("State").eq("Used")
    purchases["Client"] = purchases["Client"].astype(int)
    purchases["Tags"] = [["a", "b"]] * len(purchases)
    (tmp_path / "lake").mkdir()
    for name, table in renamed.items():
        table.to_parquet(tmp_path / "lake" / f"dim_{name}.parquet")
    _, mapping, file = drafted(tmp_path / "lake")
    assert mapping.table("transactions").columns["transaction_status"].values["true"] == "burned"  # noqa: PD011
    made = ingest(tmp_path / "lake", mapping=file).table("transactions").set_index("transaction_id")
    original = ingest("sample").table("transactions").set_index("transaction_id")
    pd.testing.assert_frame_equal(made, original.loc[made.index])
    assert len(made) == len(purchases)


def test_other_tables_do_no_harm(drafted, renamed, tmp_path):
    extra = {"README": pd.DataFrame({"Notes": ["x"]}), "products": pd.DataFrame({"id": [1, 2], "name": ["a", "b"]})}
    with pd.ExcelWriter(tmp_path / "shop.xlsx") as book:
        pd.DataFrame().to_excel(book, sheet_name="Sheet1")
        for name, table in {**extra, **renamed}.items():
            table.to_excel(book, sheet_name=name, index=False)
    text, mapping, _ = drafted(tmp_path / "shop.xlsx")
    assert "# Not looked at: Sheet1: " in text
    assert "# Not used: README, products" in text
    assert {table.source for table in mapping.tables.values()} == {*renamed}


def test_a_source_without_a_readable_table_is_refused(tmp_path):
    (tmp_path / "customers.csv").write_bytes(b"")
    with pytest.raises(InputRefused, match=r"'customers.csv' cannot be read as csv: it is empty"):
        suggest(open_source(tmp_path), connect())
    (tmp_path / "customers.csv").unlink()
    with pytest.raises(InputRefused, match="has no tables"):
        suggest(open_source(tmp_path), connect())


def test_of_many_tables_the_likeliest_are_looked_at(drafted, renamed, tmp_path, write_csv, monkeypatch):
    monkeypatch.setattr(module, "MOST_TABLES", len(renamed))
    spare = {f"zz_{i}": pd.DataFrame({"id": [1]}) for i in range(3)}
    text, mapping, _ = drafted(write_csv({**spare, **renamed}))
    assert "# Not looked at: zz_0, zz_1, zz_2: only" in text
    assert len(mapping.tables) == 6


def test_a_source_that_knows_its_meaning_keeps_it():
    known = {"as_of": "2017-12-31", "tables": {"customers": {"descriptors": ["Age"]}}}
    source = Source("a: b", "public data set", {}, mapping=known)
    text = suggest(source, connect())
    assert text.startswith('# "a: b" knows')
    assert parse(yaml.safe_load(text)) == parse(known)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=5, unique_by=lambda n: n.strip().casefold()),
    cells=st.lists(st.text(max_size=8) | st.none(), min_size=5, max_size=5),
    called=st.text(min_size=1, max_size=12) | st.sampled_from(["orders", "customers", "Coupons"]),
)
def test_whatever_the_names_and_values_the_draft_can_be_read(tmp_path, names, cells, called):
    names = [name for name in names if name.strip("\x00")] or ["x"]

    def load(con, target):
        columns = ", ".join('"' + name.replace("\x00", "0").replace('"', '""') + '" VARCHAR' for name in names)
        con.execute(f'CREATE TABLE {target} ({columns}, "Order No" VARCHAR, status VARCHAR, customer VARCHAR)')
        for cell in cells:
            con.execute(f"INSERT INTO {target} VALUES ({', '.join('?' * (len(names) + 3))})", [cell] * (len(names) + 3))
        return Loaded("")

    file = tmp_path / "draft.yaml"
    file.write_text(suggest(Source(called, "test", {called: load}), connect()), encoding="utf-8")
    parse(read_mapping(file))


@given(st.text())
def test_any_text_is_written_on_one_line_and_read_back(text):
    written = scalar(text)
    assert written.isprintable()
    assert yaml.load(f"{written}: [{written}, {written}]  # x", Loader=yaml.BaseLoader) == {text: [text, text]}


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("clientno", "customer_id"), ("CUST_ID", "customer_id"), ("household_id", "customer_id"),
        ("User", "customer_id"),
        ("Custmer ID", "customer_id"), ("InvoiceNo", "transaction_id"), ("redemption_id", "transaction_id"),
        ("DateOfPurchase", "transaction_date"), ("claimed_at", "transaction_date"), ("Order Date", "transaction_date"),
        ("registered", "join_date"), ("member since", "join_date"), ("used_at", "burn_date"), ("sex", "gender_id"),
        ("Shipping City", "city_id"), ("Country", "city_id"), ("shop_id", "branch_id"), ("State", "transaction_status"),
        ("Purchase Amount (USD)", "amount"), ("total", "amount"), ("spend", "amount"), ("voucher", "coupon_name"),
        ("tblClients", "customers"), ("dim_household", "customers"), ("coupon_redemptions", "transactions"),
        ("customer_orders", "transactions"), ("Towns", "cities"), ("sexes", "genders"), ("shops", "branches"),
    ],
)  # fmt: skip
def test_names_that_mean_it(name, target):
    assert likeness(name, target) >= SURE


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("Customer Name", "customer_id"), ("product_id", "transaction_id"), ("Date of birth", "transaction_date"),
        ("delivery_date", "transaction_date"), ("updated_at", "transaction_date"),
        ("Marital status", "transaction_status"),
        ("Store City", "city_id"), ("discount_amount", "amount"), ("Store Size", "branch_id"), ("Tier", "customer_id"),
        ("customer_segment", "customer_id"), ("products", "transactions"), ("customer_orders", "customers"),
    ],
)  # fmt: skip
def test_names_that_mean_something_else(name, target):
    assert likeness(name, target) < SURE


def test_the_worked_example_is_guessed_as_it_was_written(drafted, root):
    source = root / "data/sample/invoices.csv"
    _, _, file = drafted(source)
    guessed, written = (ingest(source, mapping=m) for m in (file, root / "params/mappings/invoices.yaml"))
    for name in ("customers", "transactions", "cities"):
        pd.testing.assert_frame_equal(guessed.table(name), written.table(name))


def test_a_table_with_one_row_a_customer_gets_variables_to_segment_by(drafted, root, tmp_path):
    table = pd.read_csv(root / "data/sample/survey.csv", dtype=str)
    table["children"], table["spent, net"] = [f"{i % 3}" for i in range(200)], [f"{i},5" for i in range(200)]
    table["email"] = [f"{i}@example.org" for i in range(200)]
    table.to_csv(tmp_path / "survey.csv", index=False)
    text, said, file = drafted(tmp_path / "survey.csv")
    assert {name: variable.kind for name, variable in said.variables.items()} == {
        "age": "numeric", "income": "numeric", "score": "numeric", "member": "binary", "children": "numeric",
        "spent  net": "numeric",
    }  # fmt: skip
    assert "no table holds transactions" in text
    assert "# transactions:" not in text
    guessed = ingest(tmp_path / "survey.csv", mapping=file).table("customers")
    written = ingest(root / "data/sample/survey.csv", mapping=root / "params/mappings/survey.yaml").table("customers")
    shared = ["customer_id", "age", "income", "score", "member"]
    pd.testing.assert_frame_equal(guessed[shared], written[shared])
    assert guessed["spent  net"].iloc[3] == 3.5
