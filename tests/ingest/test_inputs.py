"""Inputs that people really have: each is read right, or told, or refused with a sentence that says what to do."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import yaml

from seglib.cli import main
from seglib.errors import InputRefused, ParameterRefused
from seglib.ingest.mapping.file import parse, read_mapping
from seglib.ingest.shop import connect, ingest
from seglib.ingest.sources.open import open_source
from seglib.ingest.suggest.suggestion import suggest

CASES = Path(__file__).parent / "cases"

ORDERS = """
tables:
  customers: {from: orders, rows: distinct, columns: {customer_id: client}}
  transactions:
    from: orders
    columns: {transaction_id: no, customer_id: client, transaction_date: day}
"""
"""A mapping of one file of orders; the amount has the contract's own name."""


def orders(*amounts: str, days: tuple[str, ...] = (), delimiter: str = ";") -> str:
    """Return a file of orders, one a line."""
    days = days or ("2024-01-05",) * len(amounts)
    amounts = amounts or ("1",) * len(days)
    head = delimiter.join(["no", "client", "day", "amount"])
    lines = [delimiter.join([str(i), "k1", *pair]) for i, pair in enumerate(zip(days, amounts, strict=True), start=1)]
    return "\n".join([head, *lines, ""])


@dataclass(frozen=True)
class Case:
    """An input and what must come of it: the amounts or days in the order of the file, findings, a note, a refusal."""

    name: str
    content: str | bytes
    amounts: tuple = ()
    days: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    note: str = ""
    refused: str = ""
    mapping: str = ""
    file: str = "orders.csv"


AMBIGUOUS, UNITS, NOTHING = (f"transactions.amount.{problem}" for problem in ("ambiguous", "units", "nothing"))
UNREADABLE = "transactions.amount.unreadable"
JANUARY = ("2024-01-05", "2024-01-12")
ONE = orders("1", "2")

INPUTS = [
    # numbers
    Case("dollars", orders("$12.00", "$1,250.50"), (12, 1250.5), note="in $", without=(AMBIGUOUS, UNREADABLE)),
    Case("euros behind", orders("1.250,00 €", "12,5 EUR"), (1250, 12.5), note="in EUR", without=(UNITS,)),
    Case("francs", orders("CHF 1'250.00", "CHF 1’250.50"), (1250, 1250.5), note="in CHF"),
    Case("rupees", orders("Rs. 1,25,000.50", "Rs. 500"), (125000.5, 500), note="in INR"),
    Case("brackets", orders("(1250.00)", "3.5"), (-1250, 3.5), findings=("transactions.amount.negative",)),
    Case("minus behind", orders("12.50-", "7"), (-12.5, 7)),
    Case("a minus that is no hyphen", orders("\u221212.5", "7"), (-12.5, 7)),
    Case("minus before and behind the sign", orders("-$2", "$-3", "$ 4"), (-2, -3, 4)),
    Case("brackets round a currency", orders("($3.50)", "$1.00"), (-3.5, 1)),
    Case("narrow blanks", orders("1\u202f250,50", "12,00"), (1250.5, 12)),
    Case("no-break blanks", orders("1\u00a0250", "1\u00a0000\u00a0000"), (1250, 1000000)),
    Case("percent", orders("12%", "7.5 %"), (12, 7.5), note="in %"),
    Case("two currencies", orders("$5", "€6"), (5, 6), findings=(UNITS,)),
    Case("currency and percent", orders("$5", "6%"), (5, 6), findings=(UNITS,)),
    Case("a point, thousands", orders("12", "1.250", "75"), (12, 1250, 75), findings=(AMBIGUOUS,)),
    Case("a comma, thousands", orders("1,250", "2,500"), (1250, 2500), findings=(AMBIGUOUS,)),
    Case("a million settles it", orders("1.250", "1.250.000"), (1250, 1250000), without=(AMBIGUOUS,)),
    Case("a small decimal settles it", orders("1.250", "0.125"), (1.25, 0.125), without=(AMBIGUOUS,)),
    Case("said in the mapping", orders("12", "1.250"), (12, 1.25), without=(AMBIGUOUS,), mapping="decimal: '.'"),
    Case("thousands said", orders("12", "1.250"), (12, 1250), without=(AMBIGUOUS,), mapping="thousands: '.'"),
    Case("exponents", orders("1e3", "1.5E+2", ".5"), (1000, 150, 0.5)),
    Case("no number at all", orders("12 apples", "3", "4"), (None, 3, 4), findings=(UNREADABLE,)),
    Case("digits that are no groups", orders("1.2.3", "3", "4"), (None, 3, 4), findings=(UNREADABLE,)),
    # nothing
    *(
        Case(f"nothing: {word}", orders("3", word, "4"), (3, None, 4), findings=(NOTHING,), without=(UNREADABLE,))
        for word in ("null", "NULL", "NA", "N/A", "n/a", r"\N", "-", "none", "NaN", "#N/A", "<NA>")
    ),
    Case("nothing of one's own", orders("3", "?"), (3, None), findings=(NOTHING,), mapping="nothing: ['?']"),
    Case(
        "nothing means nothing", orders("3", "null", "4"), (3, None, 4), findings=(UNREADABLE,), mapping="nothing: []"
    ),
    # files
    Case("title above", "Sales 2024\nPrinted 2024-02-01\n\n" + ONE, (1, 2), note="its header is line 4"),
    Case("title in cells", "Sales 2024;;;\n;;;\n" + ONE, (1, 2), note="its header is line 3"),
    Case("title with a delimiter", "Sales; 2024\n\n" + ONE, (1, 2), note="its header is line 3"),
    Case("header row said", "a;b;c;d\n1;2;3;4\n" + ONE, (1, 2), mapping="csv: {header_row: 3}"),
    Case("sep=", "sep=;\n" + orders("1,5", "2,5"), (1.5, 2.5), note="delimiter semicolon"),
    Case(
        "sep= a bar", "sep=|\r\n" + orders("1", "2", delimiter="|").replace("\n", "\r\n"), (1, 2), note="delimiter bar"
    ),
    Case("empty lines first", "\n\r\n" + ONE, (1, 2), note="its header is line 3"),
    Case("comment first", "# made by us; 3 columns\n" + ONE, (1, 2), note="its header is line 2"),
    Case("no header", ONE.split("\n", 1)[1] * 3, refused="line 1 looks like values"),
    Case("a row of values as header", ONE.split("\n", 1)[1], refused="header_row: none"),
    Case(
        "blanks between columns",
        "no   client  day        amount\n1    k1      2024-01-05 3\n2    k1 2024-01-12 4\n3 k2 2024-01-13 5\n",
        (3, 4, 5),
        note="delimiter blank",
    ),
    Case(
        "backslash before quotes",
        'no,client,day,amount,remark\n1,k1,2024-01-05,3,"a \\"b\\", c"\n2,k1,2024-01-05,4,x\n',
        (3, 4),
        note="backslash",
    ),
    Case("a path in quotes", 'no,client,day,amount,remark\n1,k1,2024-01-05,3,"C:\\"\n2,k1,2024-01-05,4,x\n', (3, 4)),
    Case(
        "a byte of another encoding",
        "no;client;day;amount\n1;Zoë;2024-01-05;1\n2;Zoë;2024-01-05;2\n".encode() + b"3;Jos\xe9;2024-01-05;3\n",
        (1, 2, 3),
        note="1 byte that is not utf-8 (the first in line 4)",
    ),
    Case("too many fields", ONE + "3;k1;2024-01-05;4;5\n", refused="line 4 has 5 fields, the header has 4"),
    Case("too many fields below a title", "Title\n" + ONE + "3;k1;2024-01-05;4;5\n", refused="line 5 has 5 fields"),
    # days
    Case("seconds since 1970", orders(days=("1704412800", "1705017600")), days=JANUARY, mapping="date_format: unix"),
    Case("thousandths", orders(days=("1704412800000", "1705017600999")), days=JANUARY, mapping="date_format: unix"),
    Case(
        "German months",
        orders(days=("5. Januar 2024", "12. März 2024")),
        days=("2024-01-05", "2024-03-12"),
        mapping="date_format: '%d. %B %Y'",
    ),
    Case(
        "Spanish months",
        orders(days=("5 de enero de 2024", "12 de dic. de 2024")),
        days=("2024-01-05", "2024-12-12"),
        mapping="date_format: '%d de %B de %Y'",
    ),
    Case(
        "French months",
        orders(days=("1er août 2024", "15 févr. 2024")),
        days=("2024-08-01", "2024-02-15"),
        mapping="date_format: '%d %B %Y'",
    ),
    Case(
        "short Russian months",
        orders(days=("05-янв-2024", "12-МАЯ-2024")),
        days=("2024-01-05", "2024-05-12"),
        mapping="date_format: '%d-%b-%Y'",
    ),
    Case(
        "nothing for a day",
        orders(days=("2024-01-05", "null")),
        days=("2024-01-05",),
        findings=("transactions.transaction_date.nothing", "transactions.transaction_date.missing"),
    ),
    Case("another name than in the mapping", ONE, (1, 2), file="orders-2025.csv"),
]


def test_there_are_sixty_inputs():
    assert len(INPUTS) >= 60
    assert len({case.name for case in INPUTS}) == len(INPUTS)


@pytest.fixture
def write(tmp_path):
    """Write files, by their paths below a folder, and return the folder."""

    def write_all(**files: str | bytes) -> Path:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path

    return write_all


@pytest.mark.parametrize("case", INPUTS, ids=lambda case: case.name)
def test_inputs_people_really_have(write, case):
    folder = write(**{case.file: case.content, "mapping.yaml": f"{case.mapping}\n{ORDERS}"})
    if case.refused:
        with pytest.raises(InputRefused, match=case.refused):
            ingest(folder / case.file, mapping=folder / "mapping.yaml")
        return
    shop = ingest(folder / case.file, mapping=folder / "mapping.yaml")
    staged = shop.con.sql("SELECT amount, transaction_date FROM staged_transactions ORDER BY row_number").fetchall()
    if case.amounts:
        assert [amount for amount, _ in staged] == list(case.amounts)
    if case.days:
        assert [str(day) for _, day in staged if day] == list(case.days)
    found = set(shop.findings["rule"])
    assert {*case.findings} <= found
    assert not {*case.without} & found
    assert case.note in " ".join(shop.notes)


def test_the_words_for_nothing_are_counted(write):
    folder = write(**{"orders.csv": orders("3", "null", "NULL", "n/a"), "mapping.yaml": ORDERS})
    finding = ingest(folder / "orders.csv", mapping=folder / "mapping.yaml").findings.set_index("rule").loc[NOTHING]
    assert (finding["rows"], finding["severity"]) == (3, "info")
    assert finding["examples"] == "NULL in 1 row, n/a in 1 row, null in 1 row"


def test_a_translated_word_is_no_word_for_nothing(write):
    mapping = ORDERS.replace("day}", "day, amount: {column: amount, values: {none: '0', free: ''}}}")
    folder = write(**{"orders.csv": orders("3", "none", "free"), "mapping.yaml": mapping})
    shop = ingest(folder / "orders.csv", mapping=folder / "mapping.yaml")
    assert shop.con.sql("SELECT amount FROM staged_transactions ORDER BY row_number").fetchall() == [
        (3,),
        (0,),
        (None,),
    ]


def test_an_id_that_says_nothing_is_missing_and_an_answer_is_kept(write):
    people = "id,plan\n1,none\nnull,none\n3,gold\n"
    mapping = "tables: {customers: {from: people, columns: {customer_id: id}, segment_by: {plan: nominal}}}"
    folder = write(**{"people.csv": people, "mapping.yaml": mapping})
    shop = ingest(folder / "people.csv", mapping=folder / "mapping.yaml")
    assert shop.rows_found("customers.customer_id.missing") == 1
    assert shop.table("customers")["plan"].tolist() == ["none", "gold"]


def test_another_column_of_the_table_settles_how_decimals_are_written(write):
    people = "id;income;height\n1;1.250;1,75\n2;2.000;1,80\n"
    mapping = (
        "tables: {customers: {from: p, columns: {customer_id: id}, segment_by: {income: numeric, height: numeric}}}"
    )
    folder = write(**{"p.csv": people, "mapping.yaml": mapping})
    shop = ingest(folder / "p.csv", mapping=folder / "mapping.yaml")
    assert shop.table("customers")[["income", "height"]].to_numpy().tolist() == [[1250, 1.75], [2000, 1.8]]
    assert "customers.income.ambiguous" not in set(shop.findings["rule"])


def test_the_currency_is_the_unit_of_a_variable(write):
    variables = "{income: numeric, spent: {kind: numeric, unit: points}}"
    mapping = f"tables: {{customers: {{from: p, columns: {{customer_id: id}}, segment_by: {variables}}}}}"
    folder = write(**{"p.csv": "id,income,spent\n1,€5,$2\n2,€7,$3\n", "mapping.yaml": mapping})
    variables = ingest(folder / "p.csv", mapping=folder / "mapping.yaml").variables
    assert (variables["income"].unit, variables["spent"].unit) == ("EUR", "points")


def test_a_column_of_the_contracts_own_name_can_be_left_out(write):
    for unused in ("amount: ''", "amount: null", "amount:"):
        mapping = ORDERS.replace("{transaction_id: no,", "{" + unused + ", transaction_id: no,")
        folder = write(**{"orders.csv": orders("x", "y"), "mapping.yaml": mapping})
        shop = ingest(folder / "orders.csv", mapping=folder / "mapping.yaml")
        assert shop.table("transactions")["amount"].isna().all()
        assert shop.rows["quarantined"].sum() == 0
    with pytest.raises(ParameterRefused, match="customer_id"):
        parse({"tables": {"transactions": {"columns": {"customer_id": ""}}}})


# one file a month


def test_a_file_a_month_is_one_table(write):
    folder = write(
        **{
            "shop/orders-01.csv": orders("1", "2"),
            "shop/orders-02.csv": orders("3").replace("\n1;", "\n3;"),
            "mapping.yaml": ORDERS.replace("from: orders", "from: [orders-01, orders-02]"),
            "pattern.yaml": ORDERS.replace("from: orders", "from: 'orders-*'"),
        }
    )
    for mapping in ("mapping.yaml", "pattern.yaml"):
        shop = ingest(folder / "shop", mapping=folder / mapping)
        assert shop.table("transactions")["amount"].tolist() == [1, 2, 3]
        assert "'orders-01' (2 rows), 'orders-02' (1 rows)" in " ".join(shop.notes)


def test_a_month_without_a_column_that_is_used_is_refused(write):
    folder = write(
        **{
            "shop/orders-01.csv": orders("1", "2"),
            "shop/orders-02.csv": "no;client;day\n9;k1;2024-02-01\n",
            "mapping.yaml": ORDERS.replace("from: orders", "from: 'orders-*'"),
        }
    )
    with pytest.raises(InputRefused, match="table 'orders-02' has no column 'amount'"):
        ingest(folder / "shop", mapping=folder / "mapping.yaml")


def test_a_pattern_that_fits_nothing_is_refused(write):
    folder = write(
        **{"orders.csv": ONE, "other.csv": ONE, "mapping.yaml": ORDERS.replace("from: orders", "from: 'x*'")}
    )
    (folder / "shop").mkdir()
    for name in ("orders.csv", "other.csv"):
        (folder / name).rename(folder / "shop" / name)
    with pytest.raises(InputRefused, match=r"no table 'x\*'"):
        ingest(folder / "shop", mapping=folder / "mapping.yaml")


def test_a_table_whose_name_has_a_star_is_that_table(write):
    folder = write(
        **{
            "shop/or*.csv": orders("7"),
            "shop/orders.csv": orders("1"),
            "mapping.yaml": ORDERS.replace("from: orders", "from: 'or*'"),
        }
    )
    assert ingest(folder / "shop", mapping=folder / "mapping.yaml").table("transactions")["amount"].tolist() == [7]


def test_a_folder_of_csv_files_is_one_table(write):
    second = orders("3").replace("\n1;", "\n3;")
    folder = write(**{"shop/orders/a.csv": orders("1", "2"), "shop/orders/sub/b.csv": second, "mapping.yaml": ORDERS})
    shop = ingest(folder / "shop", mapping=folder / "mapping.yaml")
    assert shop.table("transactions")["amount"].tolist() == [1, 2, 3]
    (folder / "shop/orders/c.csv").write_text("no;client;day;total\n4;k1;2024-01-05;4\n")
    with pytest.raises(InputRefused, match="has no column"):
        ingest(folder / "shop", mapping=folder / "mapping.yaml")


def test_folders_named_after_a_column_give_that_column(write):
    part = "no;client;day\n{0};k1;2024-01-05\n"
    folder = write(
        **{
            "shop/orders/amount=5/a.csv": part.format(1),
            "shop/orders/amount=7/a.csv": part.format(2),
            "mapping.yaml": ORDERS,
        }
    )
    assert ingest(folder / "shop", mapping=folder / "mapping.yaml").table("transactions")["amount"].tolist() == [5, 7]


# headers


def test_a_file_without_a_header_has_numbered_columns(write):
    mapping = """
csv: {header_row: none}
tables:
  customers: {from: x, rows: distinct, columns: {customer_id: column 2}}
  transactions:
    from: x
    columns: {transaction_id: column 1, customer_id: column 2, transaction_date: column 3, amount: column 4}
"""
    folder = write(**{"x.csv": ONE.split("\n", 1)[1], "mapping.yaml": mapping})
    assert ingest(folder / "x.csv", mapping=folder / "mapping.yaml").table("transactions")["amount"].tolist() == [1, 2]


@pytest.mark.parametrize("header_row", [None, 4])
def test_a_title_above_the_header_of_a_sheet(tmp_path, header_row):
    rows = [
        ["Sales 2024", None, None, None],
        ["printed", None, "today", None],
        [None] * 4,
        ["no", "client", "day", "amount"],
        [1, "k1", dt.date(2024, 1, 5), 3],
    ]
    pd.DataFrame(rows).to_excel(tmp_path / "book.xlsx", sheet_name="orders", index=False, header=False)
    content = yaml.load(ORDERS, Loader=yaml.BaseLoader)
    if header_row:
        content["tables"]["transactions"]["header_row"] = str(header_row)
    (tmp_path / "mapping.yaml").write_text(yaml.safe_dump(content))
    shop = ingest(tmp_path / "book.xlsx", mapping=tmp_path / "mapping.yaml")
    assert shop.table("transactions")["amount"].tolist() == [3]
    assert "the header of sheet 'orders' is row 4" in shop.notes


def test_a_table_of_years_has_its_header_in_the_first_line(write):
    variables = "{y: {column: '2020', kind: numeric}}"
    mapping = f"tables: {{customers: {{from: x, columns: {{customer_id: customer}}, segment_by: {variables}}}}}"
    folder = write(**{"x.csv": "customer,2019,2020,2021\na,1,2,3\nb,4,5,6\n", "mapping.yaml": mapping})
    assert ingest(folder / "x.csv", mapping=folder / "mapping.yaml").table("customers")["y"].tolist() == [2, 5]


# answers


def test_several_answers_in_one_cell_are_told_and_can_be_taken_apart(write):
    people = 'id,colours\n1,"red, blue"\n2,red\n3,"blue, green"\n4,green\n5,\n'
    mapping = """
tables:
  customers:
    from: people
    columns: {customer_id: id}
    segment_by: {all: {column: colours, kind: nominal}, red: {column: colours, kind: binary, contains: Red}}
"""
    folder = write(**{"people.csv": people, "mapping.yaml": mapping})
    shop = ingest(folder / "people.csv", mapping=folder / "mapping.yaml")
    finding = shop.findings.set_index("rule").loc["customers.all.several"]
    assert (finding["rows"], finding["severity"]) == (2, "warning")
    assert shop.table("customers")["red"].fillna(-1).tolist() == [1, 1, 0, 0, -1]


# the cases that came from reports


def drafted(source: Path) -> tuple[str, dict]:
    """Return the first mapping of a source, as text and as what it says."""
    text = suggest(open_source(source), connect())
    return text, yaml.safe_load(text) or {}


def through_its_own_draft(source: Path, folder: Path):
    """Read a source with the mapping that is suggested for it."""
    text, _ = drafted(source)
    (folder / "draft.yaml").write_text(text, encoding="utf-8")
    return ingest(source, mapping=folder / "draft.yaml")


@pytest.mark.parametrize(
    ("source", "total", "rows"),
    [
        ("01-dot-for-thousands/verkauf.csv", 758_517, 240),
        ("03-one-file-a-month/shop", 17_743.0, 360),
        ("06-currency-and-brackets/dollars.csv", 758_517, 240),
        ("08-title-above-the-header/report.csv", 758_517, 240),
        ("09-first-line-is-no-header/sep.csv", 758_517, 240),
    ],
)
def test_reported_orders_add_up_by_their_own_draft(tmp_path, source, total, rows):
    transactions = through_its_own_draft(CASES / source, tmp_path).table("transactions")
    assert len(transactions) == rows
    assert transactions["amount"].sum() == pytest.approx(total, abs=0.001)


def test_a_point_for_thousands_is_said_out_loud():
    folder = CASES / "01-dot-for-thousands"
    shop = ingest(folder / "verkauf.csv", mapping=folder / "mapping.yaml")
    assert shop.table("transactions")["amount"].sum() == 758_517
    assert shop.rows_found(AMBIGUOUS) > 0
    text, mapping = drafted(folder / "verkauf.csv")
    assert (mapping["decimal"], mapping["thousands"]) == (",", ".")
    assert "say which is right" in text


def test_null_is_no_broken_date():
    folder = CASES / "02-words-for-nothing"
    shop = ingest(folder / "null.csv", mapping=folder / "null.yaml")
    accepted = shop.table("transactions")
    assert len(accepted) == 300
    assert (accepted["transaction_status"] == "burned").sum() == 108
    assert shop.rows_found("transactions.burn_date.nothing") == 192


def test_files_with_the_same_columns_are_suggested_as_one_table():
    _, mapping = drafted(CASES / "03-one-file-a-month/shop")
    assert mapping["tables"]["transactions"]["from"] == "orders*"
    assert mapping["tables"]["customers"]["from"] == "dim_customers"


def test_a_table_with_one_row_a_customer_is_not_one_of_orders():
    text, mapping = drafted(CASES / "04-rfm-table-taken-for-orders/warehouse.csv")
    assert [*mapping["tables"]] == ["customers"]
    assert mapping["tables"]["customers"]["columns"] == {"customer_id": "client_code"}
    assert mapping["tables"]["customers"]["segment_by"] == dict.fromkeys(
        ("num_web_orders", "order_num_store", "total_spend"), "numeric"
    )
    assert "left out (dates): first_order_date, last_order_date" in text


def test_counts_and_services_are_no_ids_and_no_phones():
    text, mapping = drafted(CASES / "05-counts-that-suggest-leaves-out/people.csv")
    assert mapping["tables"]["customers"]["segment_by"] == {
        **dict.fromkeys(("Income", "NumWebPurchases", "NumStorePurchases", "NumWebVisitsMonth"), "numeric"),
        "Education": "nominal",
        "MultipleLines": "nominal",
        "PhoneService": "binary",
    }
    assert "Year_Birth" in text


@pytest.mark.parametrize("mapping", ["default_list.yaml", "from_list.yaml"])
def test_a_list_where_one_word_is_wanted_is_refused(mapping):
    folder = CASES / "10-mapping-that-crashes"
    with pytest.raises((ParameterRefused, InputRefused)):
        ingest(folder / "totals.csv", mapping=folder / mapping)


def test_rows_without_an_id_are_numbered(tmp_path):
    folder = CASES / "11-rows-without-an-id"
    shop = ingest(folder / "answers.csv", mapping=folder / "mapping.yaml")
    assert shop.table("customers")["customer_id"].tolist() == [str(i) for i in range(1, 151)]
    assert shop.rows_found("customers.customer_id.row_number") == 150
    _, mapping = drafted(folder / "answers.csv")
    assert mapping["tables"]["customers"]["columns"]["customer_id"] == {"row_number": True}
    assert {*mapping["tables"]["customers"]["segment_by"]} == {"How old are you?", "Visits a month", "Card"}
    assert len(through_its_own_draft(folder / "answers.csv", tmp_path).table("customers")) == 150


# suggestions


@pytest.fixture
def table_of_customers(write):
    """Write a table of customers with columns of one's own, and return its draft."""

    def make(**columns: list[str]) -> tuple[str, dict]:
        n = len(next(iter(columns.values())))
        frame = pd.DataFrame(
            {"customer_id": [f"k{i}" for i in range(n)], "visits": [i % 30 for i in range(n)], **columns}
        )
        folder = write(**{"people.csv": frame.to_csv(index=False)})
        text, mapping = drafted(folder / "people.csv")
        return text, mapping["tables"]["customers"]

    return make


def test_what_is_left_out_is_listed_with_the_reason(table_of_customers):
    text, customers = table_of_customers(
        email=[f"a{i}@x.org" for i in range(60)],
        booked=[f"2024-{i % 12 + 1:02d}-05" for i in range(60)],
        remark=[f"said {i}" for i in range(60)],
        country=["AT"] * 60,
        serial_no=[str(7000 + 3 * i) for i in range(60)],
    )
    assert customers["segment_by"] == {"visits": "numeric"}
    for line in (
        "left out (tells who somebody is): email",
        "left out (dates): booked",
        "left out (text that differs from row to row): remark",
        "left out (tells rows apart): serial_no",
    ):
        assert line in text


def test_codes_outcomes_and_groups_are_doubted(table_of_customers):
    text, customers = table_of_customers(
        Channel=[str(i % 3 + 1) for i in range(60)],
        Churn=["Yes" if i % 4 else "No" for i in range(60)],
        cluster=["ABC"[i % 3] for i in range(60)],
    )
    assert customers["segment_by"] == {"visits": "numeric"}
    for line in ("# Channel: numeric  # 3 whole numbers", "# Churn: binary  # an outcome?", "# cluster: nominal"):
        assert line in text


def test_a_long_tail_gets_a_logarithm_and_a_currency_its_unit(table_of_customers):
    _, customers = table_of_customers(revenue=[f"${1.15**i:.2f}" for i in range(60)])
    assert customers["segment_by"]["revenue"] == {"kind": "numeric", "unit": "$", "log": True}


def test_a_gender_that_is_spelled_in_several_ways_gets_a_hint(table_of_customers):
    text, customers = table_of_customers(gender=["M", "male", "Male", "F", "female", "f"] * 10)
    assert customers["columns"]["gender_id"] == "gender"
    assert "values: {F: female" in text or "values: {f: female, m: male, male: male}" in text


def test_several_answers_get_a_line_each(table_of_customers):
    text, customers = table_of_customers(colours=["red; blue", "red", "blue; green", "green"] * 15)
    assert customers["segment_by"] == {"visits": "numeric"}
    assert "# colours red: {column: colours, kind: binary, contains: red}" in text


def test_where_one_column_cannot_be_read_the_others_are_suggested(write):
    folder = write(
        **{
            "x.csv": "Order No,Client No,Order Date,Total\n"
            + "".join(f"{i},{i % 5},Q{i % 4 + 1},{i}\n" for i in range(40))
        }
    )
    text, mapping = drafted(folder / "x.csv")
    assert mapping["tables"]["transactions"]["columns"] == {
        "transaction_id": "Order No",
        "customer_id": "Client No",
        "amount": "Total",
    }
    assert "# transaction_date: Order Date  # needed; 0% of its values can be read as a date, not 'Q1'" in text


def test_seconds_and_months_in_another_language_are_suggested(write):
    seconds = "Order No,Client No,Order Date\n" + "".join(
        f"{i},{i % 5},{1_704_412_800 + i * 90_000}\n" for i in range(40)
    )
    months = "Order No,Client No,Order Date\n" + "".join(
        f"{i},{i % 5},{i % 28 + 1}. {'März' if i % 2 else 'Mai'} 2024\n" for i in range(40)
    )
    folder = write(**{"a.csv": seconds, "b.csv": months})
    assert drafted(folder / "a.csv")[1]["date_format"] == "unix"
    assert drafted(folder / "b.csv")[1]["date_format"] == "%d. %B %Y"


@pytest.mark.slow
def test_a_draft_of_anything_can_be_read_as_a_mapping(tmp_path):
    for source in sorted(CASES.glob("*/*.csv")):
        text, _ = drafted(source)
        (tmp_path / "draft.yaml").write_text(text, encoding="utf-8")
        parse(read_mapping(tmp_path / "draft.yaml"))


def test_a_shape_that_is_wrong_ends_the_command_with_a_sentence(capsys, monkeypatch):
    folder = CASES / "10-mapping-that-crashes"
    arguments = [
        "seglib",
        "check",
        "--source",
        str(folder / "totals.csv"),
        "--mapping",
        str(folder / "default_list.yaml"),
    ]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 2
    assert "tables.transactions.columns.amount.default" in capsys.readouterr().err


def test_sheets_of_months_are_one_table(tmp_path):
    with pd.ExcelWriter(tmp_path / "book.xlsx") as writer:
        for month, first in (("Jan", 1), ("Feb", 11), ("Mrz", 21)):
            rows = {"Order No": range(first, first + 10), "Client No": [i % 4 for i in range(10)]}
            rows |= {"Order Date": ["2024-01-05"] * 10, "Total": ["1 250,50"] * 10}
            pd.DataFrame(rows).to_excel(writer, sheet_name=month, index=False, startrow=2)
    transactions = through_its_own_draft(tmp_path / "book.xlsx", tmp_path).table("transactions")
    assert transactions["amount"].tolist() == [1250.5] * 30


def test_tables_with_the_same_columns_and_other_names_are_a_question(write):
    head = "Order No,Client No,Order Date,Total\n"
    lines = {part: "".join(f"{part}{i},{i % 4},2024-01-05,{i}\n" for i in range(20)) for part in ("n", "s")}
    folder = write(**{"shop/orders_north.csv": head + lines["n"], "shop/orders_south.csv": head + lines["s"]})
    text, _ = drafted(folder / "shop")
    assert "# from: [orders_north, orders_south]  # the same columns: are they parts of one table?" in text


@pytest.mark.slow
def test_columns_may_have_any_name(write):
    columns = ("x", "n", "v0", "cell", "row", "named", "below", "part", "place")
    people = (
        ",".join(["id", *columns])
        + "\n"
        + "".join(",".join([str(i), *([f"{i % 7},5".join('""')] * len(columns))]) + "\n" for i in range(30))
    )
    folder = write(**{"people.csv": people})
    _, mapping = drafted(folder / "people.csv")
    assert {*mapping["tables"]["customers"]["segment_by"]} == {*columns}
    customers = through_its_own_draft(folder / "people.csv", folder).table("customers")
    assert customers["x"].tolist() == [i % 7 + 0.5 for i in range(30)]
