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


def shop_of(folder, lines):
    """Read invoice lines: invoice, customer, quantity, price."""
    table = pd.DataFrame(lines, columns=["Invoice", "Customer", "Quantity", "Price"]).assign(Date="03/02/2026")
    table.to_csv(folder / "invoices.csv", index=False)
    (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    return ingest(folder / "invoices.csv", mapping=folder / "mapping.yaml")


def money_of(shop):
    return {finding.sentence: finding.money for finding in shop.record.findings}


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


def test_without_amounts_there_is_no_money(write_csv, tables):
    tables["transactions"].loc[0, "customer_id"] = "nobody"
    shop = ingest(write_csv(tables))
    assert shop.record.findings
    assert {finding.money for finding in shop.record.findings} == {None}
