"""Control totals: rows of the file and sums of its amounts, as anybody counts them who has only the file."""

import json
from decimal import Decimal

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seglib.ingest.shop import ingest

ALL, USED = "all rows of the source", "used"


def of_transactions(shop):
    """Return rows and amounts by what became of the rows, of the file with the transactions."""
    table = shop.control_totals.table
    table = table[table["found_in"] == shop.loaded_tables["transactions"].source]
    return {row.rows_are: (row.rows, row.amount) for row in table.itertuples()}


def mapped(folder, transactions, **more):
    """Write a mapping file of one flat file of order lines."""
    columns = {
        "transaction_id": "order",
        "customer_id": "client",
        "transaction_date": "day",
        "amount": {"multiply": ["pieces", "price"]},
    }
    content = {
        "tables": {
            "customers": {"from": "orders", "rows": "distinct", "columns": {"customer_id": "client"}},
            "transactions": {"from": "orders", "columns": columns, **transactions},
        },
        **more,
    }
    (folder / "map.yaml").write_text(yaml.safe_dump(content))
    return folder / "map.yaml"


LINES = [
    # order, client, day, pieces, price
    ("A1", "1", "2024-01-01", "2", "1.50"),  # 3.00
    ("A1", "1", "2024-01-01", "1", "0.10"),  # 0.10
    ("A2", "2", "2024-01-02", "3", "0.10"),  # 0.30
    ("C3", "2", "2024-01-03", "-1", "0.10"),  # -0.10, cancelled
    ("A4", "", "2024-01-04", "5", "2.00"),  # 10.00, of nobody
    ("A5", "3", "some day", "4", "1.00"),  # 4.00, its day cannot be read
    ("A6", "3", "2024-02-01", "10", "1.25"),  # 12.50, after the day
    ("A7", "1", "2024-01-05", "1", ""),  # no amount
]


@pytest.fixture
def orders(tmp_path):
    frame = pd.DataFrame(LINES, columns=["order", "client", "day", "pieces", "price"])
    frame.to_csv(tmp_path / "orders.csv", index=False)
    return tmp_path


def test_every_row_of_the_file_is_counted_at_one_place(orders):
    leave_out = {
        "cancelled": {"column": "order", "starts_with": ["C"]},
        "nobody": {"column": "client", "empty": "true"},
    }
    mapping = mapped(orders, {"rows": "lines", "leave_out": leave_out}, as_of="2024-01-31")
    shop = ingest(orders / "orders.csv", mapping=mapping)
    assert of_transactions(shop) == {
        ALL: (8, pytest.approx(29.80)),
        "left out by the mapping: cancelled": (1, pytest.approx(-0.10)),
        "left out by the mapping: nobody": (1, pytest.approx(10.00)),
        "set aside: they break a rule": (1, pytest.approx(4.00)),
        "after the day we look from": (1, pytest.approx(12.50)),
        USED: (4, pytest.approx(3.40)),
    }
    assert shop.control_totals.table["without_amount"].tolist() == [1, 0, 0, 0, 0, 1]
    assert shop.control_totals.text == (
        "To reconcile with the source: orders has 8 rows, with amounts of 29.80 in all; "
        "4 rows of orders are used, with amounts of 3.40 in all."
    )


def test_the_sum_is_that_of_the_invoices_as_pandas_adds_it_up(root):
    source = root / "data/sample/invoices.csv"
    shop = ingest(source, mapping=root / "params/mappings/invoices.yaml")
    file = pd.read_csv(source, dtype=str)
    money = file["Quantity"].map(Decimal) * file["Unit price"].map(Decimal)
    cancelled = file["Invoice"].str.startswith("C")
    nobody = file["Customer"].isna() & ~cancelled
    totals = of_transactions(shop)
    for what, rows in {
        ALL: cancelled | True,
        "left out by the mapping: cancelled": cancelled,
        "left out by the mapping: nobody": nobody,
        USED: ~cancelled & ~nobody,
    }.items():
        assert totals[what] == (rows.sum(), pytest.approx(float(money[rows].sum()))), what


def test_files_that_lie_one_below_the_other_are_counted_each(orders):
    frame = pd.DataFrame(LINES[:3], columns=["order", "client", "day", "pieces", "price"])
    folder = orders / "months"
    folder.mkdir()
    for name, part in {"may": frame.iloc[:1], "june": frame.iloc[1:]}.items():
        part.to_csv(folder / f"{name}.csv", index=False)
    mapping = mapped(orders, {"rows": "lines", "from": ["may", "june"]})
    content = yaml.safe_load(mapping.read_text())
    content["tables"]["customers"]["from"] = ["may", "june"]
    mapping.write_text(yaml.safe_dump(content))
    table = ingest(folder, mapping=mapping).control_totals.table
    rows = table[table["rows_are"] == ALL].set_index("found_in")["rows"].to_dict()
    assert (rows.pop("may"), rows.pop("june"), list(rows.values())) == (1, 2, [3])


def test_of_rows_that_repeat_a_key_only_the_rows_are_known(orders):
    shop = ingest(orders / "orders.csv", mapping=mapped(orders, {"rows": "distinct"}))
    totals = of_transactions(shop)
    assert totals["repetitions of a key, or without one (rows: distinct)"][0] == 1
    assert sum(rows for what, (rows, _) in totals.items() if what != ALL) == totals[ALL][0] == 8
    assert pd.isna(totals[ALL][1])


def test_a_shop_without_amounts_has_rows_only(tables, write_csv):
    shop = ingest(write_csv(tables), as_of="2024-06-28")
    assert shop.control_totals.text.endswith("transactions has 6 rows; 5 rows of transactions are used.")
    rows = shop.control_totals.table
    assert rows.loc[rows["rows_are"] == ALL, ["found_in", "rows"]].to_numpy().tolist() == [
        [name, len(tables[name])] for name in sorted(tables)
    ]


def test_rows_of_other_cities_are_a_place_too(tables, write_csv):
    shop = ingest(write_csv(tables), cities="Giza")
    assert of_transactions(shop)["of other cities, as asked"][0] == 4  # those of customers 1 and 3
    assert of_transactions(shop)[USED][0] == 2


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.decimals(-10_000, 10_000, places=2), min_size=1, max_size=30))
def test_the_sum_is_exact(tmp_path, amounts):
    frame = pd.DataFrame({"transaction_id": range(len(amounts)), "customer_id": "1", "transaction_date": "2024-01-01"})
    frame["amount"] = [str(amount) for amount in amounts]
    folder = tmp_path / "exact"
    folder.mkdir(exist_ok=True)
    frame.to_csv(folder / "transactions.csv", index=False)
    pd.DataFrame({"customer_id": ["1"]}).to_csv(folder / "customers.csv", index=False)
    assert of_transactions(ingest(folder))[ALL] == (len(amounts), float(sum(amounts)))


def test_the_check_tells_them_in_every_form(orders, command):
    mapping = mapped(orders, {"rows": "lines"})
    options = ("check", "--source", orders / "orders.csv", "--mapping", mapping)
    _, text, _ = command(*options)
    assert "orders has 8 rows, with amounts of 29.80 in all" in text
    assert "29.80" in next(line for line in text.splitlines() if ALL in line and "orders" in line)
    _, machine, _ = command(*options, "--format", "json")
    first = json.loads(machine)["control_totals"][0]
    assert first == {"found_in": "orders", "rows_are": ALL, "rows": 8, "amount": 29.8, "without_amount": 1}
    _, page, _ = command(*options, "--format", "html")
    assert "orders has 8 rows, with amounts of 29.80 in all" in page
    assert '<td class="number">29.80</td>' in page
