"""How much money the rows hold that are set aside: exact, by rule, and only where amounts are recorded."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglib.ingest.shop import ingest

MAPPING = """
date_format: "%d/%m/%Y"
tables:
  transactions:
    from: invoices
    rows: lines
    columns:
      transaction_id: Invoice
      customer_id: Customer
      transaction_date: Date
      amount: {multiply: [Quantity, Price]}
    leave_out:
      cancelled: {column: Invoice, starts_with: C}
      nobody: {column: Customer, empty: true}
  customers:
    from: invoices
    rows: distinct
    columns: {customer_id: Customer}
"""


def shop_of(folder, lines, *, mapping=MAPPING):
    """Read invoice lines: invoice, customer, quantity, price."""
    table = pd.DataFrame(lines, columns=["Invoice", "Customer", "Quantity", "Price"]).assign(Date="03/02/2026")
    table.to_csv(folder / "invoices.csv", index=False)
    (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
    return ingest(folder / "invoices.csv", mapping=folder / "mapping.yaml")


def money_of(shop):
    return {finding.sentence: finding.money for finding in shop.record.findings}


@pytest.mark.slow
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(-9, 99), st.integers(1, 9999)), max_size=12))
@settings(max_examples=15, deadline=None)
def test_money_of_rows_left_out_adds_up(tmp_path_factory, rows):
    lines = [
        (f"{'C' if cancelled else ''}{i}", "" if nobody else f"k{i}", quantity, f"{cents / 100:.2f}")
        for i, (cancelled, nobody, quantity, cents) in enumerate(rows)
    ]
    lines += [("900", "k", 1, "1.00"), ("901", "", 3, "0.10")]
    money = money_of(shop_of(tmp_path_factory.mktemp("shop"), lines))
    cancelled = [round(q * float(price) * 100) for invoice, _, q, price in lines if invoice.startswith("C")]
    nobody = [round(q * float(p) * 100) for invoice, who, q, p in lines if not who and not invoice.startswith("C")]
    found = {
        word: value for sentence, value in money.items() for word in ("starts with", "is empty") if word in sentence
    }
    assert found["is empty"] == pytest.approx(sum(nobody) / 100, abs=1e-9)
    if cancelled:
        assert found["starts with"] == pytest.approx(sum(cancelled) / 100, abs=1e-9)


LINES = [
    ("1", "a", 1, "2.00"),
    ("2", "", 2, "1.00"),
    ("C3", "a", -1, "2.00"),
    ("4", "b", 1, "9.50"),
    ("4", "b", 2, "3.00"),
]


def test_rows_that_came_in_are_those_of_the_file(tmp_path):
    """Customers are read from the same lines: nobody who opens the file counts a line twice."""
    rows = shop_of(tmp_path, LINES).record.rows
    assert (rows.came, rows.accepted, rows.quarantined) == (5, 3, 2)


def test_rows_of_several_tables_add_up(write_csv, tables):
    rows = ingest(write_csv(tables)).record.rows
    assert rows.came == sum(map(len, tables.values()))
    assert rows.came == rows.accepted + rows.quarantined


@pytest.mark.parametrize(
    ("price", "mapping", "currency"),
    [
        ("2.00", MAPPING, ""),
        ("2.00", MAPPING.replace("Price]}", "Price], unit: GBP}"), "GBP"),
        ("2.00 EUR", MAPPING.replace("{multiply: [Quantity, Price]}", "Price"), "EUR"),
        ("2.00 EUR", MAPPING.replace("{multiply: [Quantity, Price]}", "{column: Price, unit: euros}"), "euros"),
    ],
)
def test_the_currency_is_what_the_mapping_or_the_cells_say(tmp_path, price, mapping, currency):
    shop = shop_of(tmp_path, [("1", "a", 1, price), ("2", "b", 1, price)], mapping=mapping)
    assert shop.record.currency == currency


def test_without_amounts_there_is_no_money(write_csv, tables):
    tables["transactions"].loc[0, "customer_id"] = "nobody"
    shop = ingest(write_csv(tables))
    assert shop.record.findings
    assert {finding.money for finding in shop.record.findings} == {None}
