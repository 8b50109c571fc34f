"""Inputs that can be read and may mean something else: what they hold is read right, or the doubt is told.

Every line of `INPUTS` is one input of a kind that people have, with what must come of it, worked out by hand. The last
lines are innocent ones that look alike: nothing is told of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from seglib.errors import InputRefused, ParameterRefused
from seglib.ingest.shop import ingest

ORDERS = """
tables:
  customers: {from: orders, rows: distinct, columns: {customer_id: client}}
  transactions:
    from: 'orders*'
    columns: {transaction_id: no, customer_id: client, transaction_date: day}
"""
ONE_FILE = ORDERS.replace("'orders*'", "orders")
LINES = ONE_FILE.replace("    columns: {t", "    rows: lines\n    columns: {t")
FILLED = """
tables:
  customers: {from: orders, rows: distinct, columns: {customer_id: {column: client, fill: down}}}
  transactions:
    from: orders
    rows: lines
    columns:
      transaction_id: {column: no, fill: down}
      customer_id: {column: client, fill: down}
      transaction_date: {column: day, fill: down}
"""
SEVERAL_FILES = LINES.replace("from: orders", "from: 'orders*'")
PEOPLE = "tables: {{customers: {{from: p, columns: {{customer_id: id}}, segment_by: {{{}}}}}}}"
NUMBERED = "tables: {customers: {from: p, columns: {customer_id: {row_number: true}}, segment_by: {x: numeric}}}"
HEAD = "no;client;day;amount\n"


def orders(*amounts: str, days=(), clients=(), more=("", ())) -> str:
    """Write orders, one a line; ``more`` is the name of a further column, and its cells."""
    days = days or ["2024-01-05"] * max(len(amounts), len(clients))
    amounts = amounts or [str(10 + i) for i in range(len(days))]
    clients = clients or ["k1"] * len(days)
    name, cells = more
    lines = [["no", "client", "day", "amount", *([name] if name else [])]]
    for i, row in enumerate(zip(clients, days, amounts, strict=True)):
        lines.append([str(i + 1), *row, *([cells[i]] if name else [])])
    return "".join(";".join(line) + "\n" for line in lines)


def people(*values: str, name: str = "x") -> str:
    return "".join([f"id;{name}\n", *(f"{i};{value}\n" for i, value in enumerate(values, start=1))])


@dataclass(frozen=True)
class Case:
    """An input: its kind, files, mapping; values read, findings, a note."""

    kind: str
    name: str
    files: str | bytes | dict[str, str]
    mapping: str = ONE_FILE
    values: tuple = ()
    of: str = "amount"
    findings: dict[str, int] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    note: str = ""
    refused: str = ""


T, C = "transactions", "customers"
R = range(40)
WEEKS = [f"2024-{i % 3 + 1:02d}-{i % 28 + 1:02d}" for i in R]
CLIENTS = [f"k{i % 8}" for i in R]


def with_column(name: str, *cells: str, amounts=()) -> str:
    """Write forty orders with a further column whose cells repeat."""
    return orders(*amounts, days=WEEKS, clients=CLIENTS, more=(name, [cells[i % len(cells)] for i in R]))


NUMBERS = [
    Case("numbers", "percent beside none", orders("12%", "0.5"), values=(12, 0.5), findings={f"{T}.amount.units": 2}),
    Case(
        "numbers",
        "percent with comma",
        orders("12,5 %", "7,25%"),
        values=(12.5, 7.25),
        without=(f"{T}.amount.units",),
        note="in %",
    ),
    Case("numbers", "crores", orders("1,23,45,678.90", "99.00"), values=(12345678.9, 99)),
    Case("numbers", "thin blanks", orders("1\u2009234,56", "12,00"), values=(1234.56, 12)),
    Case("numbers", "three decimals and a comma", orders("1,250", "0,500"), values=(1.25, 0.5)),
    Case("numbers", "currency before a minus", orders("EUR -1.250,00", "EUR 3,00"), values=(-1250, 3)),
    Case(
        "numbers",
        "prices with a dash for cents",
        orders("12.-", "5.50"),
        values=(None, 5.5),
        findings={f"{T}.amount.unreadable": 1},
    ),
    Case(
        "numbers",
        "half German, half English",
        orders("12,50", "13,75", "12.50"),
        values=(12.5, 13.75, None),
        findings={f"{T}.amount.unreadable": 1},
    ),
    Case(
        "numbers",
        "two currencies in a column of their own",
        with_column("Currency", "EUR", "EUR", "USD", "EUR"),
        findings={f"{T}.amount.currencies": 10},
    ),
    Case(
        "numbers",
        "one month in thousands",
        {"orders_01.csv": HEAD + "1;k1;2024-01-05;1.250\n2;k1;2024-01-06;2.000\n",
         "orders_02.csv": HEAD + "3;k1;2024-02-05;20.5\n4;k1;2024-02-06;30.25\n"},
        ORDERS.replace("from: orders,", "from: 'orders*',"),
        values=(1.25, 2, 20.5, 30.25),
        findings={f"{T}.amount.parts": 2},
    ),
]  # fmt: skip
NOTHING = [
    Case(
        "nothing",
        "in other languages and by spreadsheets",
        orders("3", "k.A.", "keine Angabe", "s/d", "#REF!", "(blank)", "#DIV/0!", "undefined", "4"),
        values=(3, None, None, None, None, None, None, None, 4),
        findings={f"{T}.amount.nothing": 7},
        without=(f"{T}.amount.unreadable",),
    ),
    Case(
        "nothing",
        "as a level",
        people("NULL", "#N/A", r"\N", "gold", "none", name="plan"),
        PEOPLE.format("plan: nominal"),
        values=(None, None, None, "gold", "none"),
        of="plan",
        findings={f"{C}.plan.nothing": 3},
    ),
    Case(
        "nothing",
        "a number with decimals",
        people("99,0", "3", "99", "4"),
        "nothing: [99]\n" + PEOPLE.format("x: numeric"),
        values=(None, 3, None, 4),
        of="x",
        findings={f"{C}.x.nothing": 2},
    ),
    Case(
        "nothing",
        "99 beside answers of 1 to 5",
        people(*["1", "2", "3", "4", "5", "99"] * 4),
        PEOPLE.format("x: numeric"),
        findings={f"{C}.x.code": 4},
    ),
    Case(
        "nothing",
        "9 on a scale to 7",
        people(*"12345679" * 3),
        PEOPLE.format("x: numeric"),
        findings={f"{C}.x.code": 3},
    ),
    Case(
        "nothing",
        "-1 beside ages",
        people("18", "44", "-1", "80", "-1"),
        PEOPLE.format("x: numeric"),
        findings={f"{C}.x.code": 2},
    ),
    Case(
        "nothing",
        "nines beside incomes",
        people("20000", "31000", "25500", "9999999"),
        PEOPLE.format("x: numeric"),
        findings={f"{C}.x.code": 1},
    ),
    Case(
        "nothing",
        "an id",
        orders("1", "2", "3", clients=("k1", "undefined", "(blank)")),
        values=("k1", None, None),
        of="customer_id",
        findings={f"{T}.customer_id.missing": 2},
    ),
]
FILES = [
    Case(
        "files",
        "months that overlap",
        {"orders_01.csv": HEAD + "1;k1;2024-01-05;10\n2;k2;2024-01-31;20\n",
         "orders_02.csv": HEAD + "2;k2;2024-01-31;20\n3;k1;2024-02-03;30\n"},
        SEVERAL_FILES,
        findings={f"{T}.text.repeated_line": 1},
    ),
    Case(
        "files",
        "a copy of the same file",
        {"orders.csv": HEAD + "1;k1;2024-01-05;10\n2;k2;2024-01-31;20\n",
         "orders (1).csv": HEAD + "1;k1;2024-01-05;10\n2;k2;2024-01-31;20\n"},
        SEVERAL_FILES,
        findings={f"{T}.text.repeated_line": 2},
    ),
    Case(
        "files",
        "another delimiter, order and case of columns in the second month",
        {"orders_01.csv": HEAD + "1;k1;2024-01-05;10\n", "orders_02.csv": "Amount,Day,Client,No\n20,2024-01-31,k2,2\n"},
        SEVERAL_FILES,
        values=(10, 20),
    ),
    Case(
        "files",
        "a month without the amount",
        {"orders_01.csv": HEAD + "1;k1;2024-01-05;10\n", "orders_02.csv": "no;client;day\n2;k2;2024-01-31\n"},
        SEVERAL_FILES,
        refused="has no column 'amount'",
    ),
    Case(
        "files",
        "rows without any value",
        HEAD + "1;k1;2024-01-05;1\n;;;\n;;;\n",
        values=(1, None, None),
        findings={f"{T}.transaction_id.missing": 2},
    ),
    Case("files", "nobody's answers", {"p.csv": "x;y\n1;2\n;\n3;4\n"}, NUMBERED, findings={f"{C}.text.empty_row": 1}),
    Case("files", "lines that end in two ways", HEAD + "1;k1;2024-01-05;1\r\n2;k1;2024-01-05;2\n", values=(1, 2)),
    Case(
        "files",
        "a few letters of cp1252 and its euro",
        "no;client;day;amount\n1;Müller;2024-01-05;12,50 €\n2;Çelik;2024-01-05;3,00 €\n".encode("cp1252"),
        values=("Müller", "Çelik"),
        of="customer_id",
        note="encoding cp1252",
    ),
    Case("files", "letters that were spoiled before", orders("1", clients=("MÃ¼ller",)), note="1 sign was spoiled"),
    Case("files", "a sign that could not be read", orders("1", clients=("M\ufffdller",)), note="1 sign was spoiled"),
    Case("files", "first lines inside", HEAD * 2 + "1;k1;2024-01-05;1\n", findings={f"{T}.text.names_again": 1}),
    Case(
        "files",
        "a second line of names",
        {"p.csv": "id;plan\nResponse ID;Response\n1;gold\n2;silver\n"},
        PEOPLE.format("plan: nominal"),
        findings={f"{C}.text.second_names": 1},
    ),
]  # fmt: skip
LINES_OF_ORDERS = [
    Case(
        "lines",
        "a subtotal below each order",
        "no;client;day;amount;what\n1;k1;2024-01-05;10;a\n1;k1;2024-01-05;5;b\n1;k1;2024-01-05;15;Subtotal\n",
        LINES,
        findings={f"{T}.what.total": 1},
    ),
    Case(
        "lines",
        "a total below lines that are filled from above",
        "no;client;day;amount;what\n1;k1;2024-01-05;10;a\n;;;5;b\n;;;15;Summe:\n",
        FILLED,
        findings={f"{T}.what.total": 1},
    ),
    Case(
        "lines",
        "the total of a customer on every order",
        orders(*[str(100 + 37 * (i % 8)) for i in R], days=WEEKS, clients=CLIENTS),
        findings={f"{T}.amount.of_customer": 40},
    ),
    Case(
        "lines",
        "a refund by its type",
        with_column("Type", *["Sale"] * 3, "Refund"),
        findings={f"{T}.type.reversed": 10},
    ),
    Case(
        "lines",
        "a cancellation by its state",
        with_column("Zustand", *["versandt"] * 4, "storniert"),
        findings={f"{T}.zustand.reversed": 8},
    ),
    Case(
        "lines",
        "a return by a flag",
        with_column("isReturned", *["0"] * 7, "1"),
        findings={f"{T}.isreturned.reversed": 5},
    ),
    Case(
        "lines",
        "a total among customers",
        people("10", "20", "30", "60").replace("4;60", "Total;60"),
        PEOPLE.format("x: numeric"),
        findings={f"{C}.id.total": 1},
    ),
    Case(
        "lines",
        "a sum in the last row, and no word",
        {"p.csv": "name;x\na;10\nb;20\nc;30\nd;41\n;101\n"},
        NUMBERED,
        findings={f"{C}.x.sum_of_others": 1},
    ),
    Case(
        "lines",
        "the sum of a group beside its id",
        orders("1", "2", "3", clients=("k1", "k1", "k1 Total")),
        findings={f"{T}.client.total": 1},
    ),
]
ALIKE = {f"{C}.customer_id.alike": 2}
IDS = [
    Case("ids", "capitals", orders("1", "2", clients=("ab1", "AB1")), findings=ALIKE),
    Case("ids", "signs nobody sees", orders("1", "2", clients=("k1", "k1\u200b")), findings=ALIKE),
    Case("ids", "an accent in two signs", orders("1", "2", clients=("Zo\u00eb", "Zoe\u0308")), findings=ALIKE),
    Case(
        "ids",
        "whole numbers with a comma",
        orders("1", "2", clients=("12345,0", "12345")),
        values=("12345", "12345"),
        of="customer_id",
    ),
    Case(
        "ids",
        "shortened with a comma",
        orders("1", clients=("4,90101E+12",)),
        findings={f"{T}.customer_id.shortened": 1},
    ),
    Case(
        "ids",
        "guests",
        orders("1", "2", "3", clients=("k1", "Guest", "guest")),
        findings={f"{T}.customer_id.nobody": 2, f"{C}.customer_id.alike": 2},
    ),
    Case(
        "ids",
        "one id with most of the orders",
        orders(days=WEEKS, clients=["-1" if i < 22 else f"k{i}" for i in R]),
        findings={f"{T}.customer_id.nobody": 22},
    ),
    Case(
        "levels",
        "one country in three spellings",
        people(*["UK", "U.K.", "uk", "France", "UK"] * 2, name="country"),
        PEOPLE.format("country: nominal"),
        findings={f"{C}.country.spelled": 4},
    ),
    Case(
        "levels",
        "several answers with other signs between",
        people("red/blue", "red", "blue & green", "green", "blue", name="c"),
        PEOPLE.format("c: nominal"),
        findings={f"{C}.c.several": 2},
    ),
    Case(
        "levels",
        "an answer with a comma in it",
        people('"Yes, often"', "No", '"No, Yes, often"', name="a"),
        PEOPLE.format("y: {column: a, kind: binary, contains: 'yes, often'}"),
        values=(1, 0, 1),
        of="y",
    ),
]  # fmt: skip
DAYS = [
    Case("days", "a year of 2042", orders(days=[*WEEKS, "2042-01-05"]), findings={f"{T}.transaction_date.far": 1}),
    Case("days", "a year of 1974", orders(days=[*WEEKS, "1974-01-05"]), findings={f"{T}.transaction_date.far": 1}),
    Case(
        "days",
        "midnight elsewhere",
        orders(days=[f"2024-{m:02d}-10T{22 if 3 < m < 11 else 23}:00:00.000Z" for m in range(1, 13)]),
        findings={f"{T}.transaction_date.midnight": 12},
    ),
    Case(
        "days",
        "midnight with its own zone",
        orders(days=("2024-01-05T00:00:00+01:00", "2024-07-06T00:00:00+02:00")),
        values=("2024-01-05", "2024-07-06"),
        of="transaction_date",
    ),
    Case(
        "days",
        "one month with the month first",
        {"orders_01.csv": orders(days=("05/01/2024", "23/01/2024")),
         "orders_02.csv": orders(days=("02/01/2024", "02/06/2024", "02/12/2024")).replace("\n", "\n9")[:-1]},
        "date_format: '%d/%m/%Y'\n" + ORDERS.replace("from: orders,", "from: 'orders*',"),
        findings={f"{T}.transaction_date.swapped": 3},
    ),
    Case(
        "days",
        "a day that stands for none",
        "no;client;day;join_date\n" + "".join(
            f"{i};k{i};2024-01-05;{'1970-01-01' if i < 3 else '2023-05-01'}\n" for i in range(9)
        ),
        ONE_FILE.replace("{customer_id: client}}", "{customer_id: client, join_date: join_date}}"),
        findings={f"{C}.join_date.far": 3},
    ),
    Case("days", "minutes for months", orders("1"), "date_format: '%d/%M/%Y'\n" + ONE_FILE, refused="is none: write"),
    Case("days", "months for minutes", orders("1"), "date_format: '%Y-%m-%d %H:%m'\n" + ONE_FILE, refused="is none"),
    Case("days", "weeks, quarters, months", orders(days=("2024-W05", "2024Q1", "2024-05", "2024-01-05")),
         findings={f"{T}.transaction_date.unreadable": 3}),
    Case(
        "mapping",
        "an exclusion that meets nothing",
        orders("1", clients=("test1",)),
        LINES + "    leave_out: {tests: {column: client, starts_with: TEST}}\n",
        note="leave_out tests leaves no row of table transactions out",
    ),
]  # fmt: skip
DOUBTS = (
    *("units", "currencies", "parts", "code", "repeated_line", "total", "sum_of_others", "names_again", "second_names"),
    *("reversed", "of_customer", "alike", "nobody", "spelled", "far", "midnight", "swapped", "several"),
)
INNOCENT = [
    Case("innocent", "ages to 99", people(*[str(18 + i) for i in range(80)], "99"), PEOPLE.format("x: numeric")),
    Case("innocent", "counts to 9", people(*"0123456789" * 2), PEOPLE.format("x: numeric")),
    Case("innocent", "losses beside gains", people("-1", "-40", "55", "12"), PEOPLE.format("x: numeric")),
    Case("innocent", "new and returning", with_column("Customer type", "new", "returning")),
    Case("innocent", "nothing was returned", with_column("Returned", "no", "no")),
    Case("innocent", "one currency", with_column("Currency", "EUR")),
    Case("innocent", "evenings", orders(days=[f"2024-01-{i % 28 + 1:02d} {18 + i % 5}:{i}:00" for i in range(10, 50)])),
    Case("innocent", "grades", people(*["A", "A+", "A-", "B"] * 3, name="g"), PEOPLE.format("g: nominal")),
    Case(
        "innocent", "a shop that opens twice a year", orders(days=[f"20{10 + i // 4}-0{i % 2 * 5 + 2}-01" for i in R])
    ),
    Case("innocent", "totally", with_column("what", "total loss", "sum of parts", "Totals & Co")),
]
INPUTS = [*NUMBERS, *NOTHING, *FILES, *LINES_OF_ORDERS, *IDS, *DAYS, *INNOCENT]


def test_the_table_has_sixty_inputs_and_no_name_twice():
    assert len(INPUTS) >= 60
    assert len({case.name for case in INPUTS}) == len(INPUTS)


@pytest.mark.parametrize("case", INPUTS, ids=lambda case: f"{case.kind}: {case.name}")
def test_nothing_wrong_in_silence(tmp_path, case):
    first = "p.csv" if "from: p," in case.mapping else "orders.csv"
    files = case.files if isinstance(case.files, dict) else {first: case.files}
    (tmp_path / "shop").mkdir()
    for name, content in files.items():
        (tmp_path / "shop" / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "map.yaml").write_text(case.mapping, encoding="utf-8")
    if case.refused:
        with pytest.raises((InputRefused, ParameterRefused), match=case.refused):
            ingest(tmp_path / "shop", mapping=tmp_path / "map.yaml")
        return
    shop = ingest(tmp_path / "shop", mapping=tmp_path / "map.yaml")
    if case.values:
        table = T if T in shop.loaded_tables else C
        staged = shop.con.sql(f"SELECT {case.of} FROM staged_{table} ORDER BY row_number").fetchall()
        read = [str(value) if case.of.endswith("date") else value for (value,) in staged]
        assert read == list(case.values)
    rows = shop.findings.set_index("rule")["rows"].to_dict()
    assert {rule: rows.get(rule) for rule in case.findings} == case.findings
    assert not {*case.without} & {*rows}
    assert case.note in " ".join(shop.notes)
    if case.kind == "innocent":
        assert not [rule for rule in rows if rule.endswith(DOUBTS)]
