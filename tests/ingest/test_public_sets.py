"""Files in the form of well-known public sets, with a known answer: by a mapping file alone they are read and cut."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from seglib.clustering.kmeans import best_kmeans
from seglib.features.customers import customer_features
from seglib.ingest.shop import ingest
from seglib.preprocessing.customer import customer_matrix
from seglib.run.run import Run


def matrix_of(source, mapping, folder):
    """Return the matrix that a mapping file asks for, by way of what 01 and 03 write."""
    (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
    run = Run("public", base=folder / "home")
    ingest(source, mapping=folder / "mapping.yaml").save(run)
    features = customer_features(run.connect(), run.study())
    return customer_matrix(features.table, leave_out=features.missing, described=features.features)


SIZES = {"81": (55, 50), "39": (88, 82), "35": (88, 18), "23": (25, 20), "22": (25, 80)}
"""Customers of a mall by group, and the income and score that each group has in the middle."""

MALL = """
tables:
  customers:
    from: Mall_Customers
    columns: {customer_id: CustomerID, gender_id: Genre}
    segment_by:
      income: {column: Annual Income (k$), kind: numeric, unit: k$}
      score: {column: Spending Score (1-100), kind: numeric}
    descriptors: {own_age: {column: Age, kind: number}}
"""


def test_customers_of_a_mall_are_five_groups_of_known_sizes(tmp_path):
    rng = np.random.default_rng(3)
    group = np.repeat([*SIZES], [int(size) for size in SIZES])
    points = np.array([SIZES[g] for g in group]) + rng.normal(0, 5, (200, 2))
    table = pd.DataFrame(
        {
            "CustomerID": [f"{i:04d}" for i in range(1, 201)],
            "Genre": rng.choice(["Female", "Male"], 200),
            "Age": rng.integers(18, 70, 200),
            "Annual Income (k$)": points[:, 0].round().astype(int),
            "Spending Score (1-100)": points[:, 1].round().astype(int).clip(1, 99),
        }
    )
    table.to_csv(tmp_path / "Mall_Customers.csv", index=False)
    matrix = matrix_of(tmp_path / "Mall_Customers.csv", MALL, tmp_path)
    assert list(matrix.table) == ["income", "score"]  # gender is mapped, and builds no segment
    X = matrix.table.to_numpy()
    width = {k: silhouette_score(X, KMeans(k, n_init=10, random_state=0).fit_predict(X)) for k in range(2, 9)}
    assert max(width, key=width.get) == 5
    labels = pd.Series(best_kmeans(X, 5, n_init=10, seed=1).labels_, matrix.table.index)
    assert sorted(labels.value_counts().tolist(), reverse=True) == [81, 39, 35, 23, 22]
    truth = pd.Series(group, table["CustomerID"])
    assert pd.crosstab(labels, truth.reindex(labels.index)).gt(0).sum().sum() == 5


ITEMS = ["yummy", "convenient", "spicy", "fattening", "greasy", "fast", "cheap", "tasty", "expensive", "healthy"]
ITEMS += ["disgusting"]
BURGERS = f"""
tables:
  customers:
    from: mcdonalds
    columns: {{customer_id: {{row_number: true}}, gender_id: Gender}}
    segment_by:
      {"".join(f"{item}: {{kind: binary, scaling: none}}{chr(10)}      " for item in ITEMS)}
    descriptors: [VisitFrequency]
"""


def test_eleven_answers_of_yes_or_no_give_the_sum_of_squares_of_bare_zeros_and_ones(tmp_path):
    rng = np.random.default_rng(8)
    profile = rng.uniform(0.05, 0.95, (4, 11))
    answers = rng.uniform(size=(400, 11)) < profile[rng.integers(0, 4, 400)]
    table = pd.DataFrame(np.where(answers, "Yes", "No"), columns=ITEMS)
    table["Like"] = rng.choice(["I love it!+5", "+3", "0", "I hate it!-5"], 400)
    table["Age"] = rng.integers(16, 72, 400)
    table["VisitFrequency"] = rng.choice(["Once a month", "Never", "Once a week"], 400)
    table["Gender"] = rng.choice(["Female", "Male"], 400)
    table.to_csv(tmp_path / "mcdonalds.csv", index=False)
    matrix = matrix_of(tmp_path / "mcdonalds.csv", BURGERS, tmp_path)
    assert list(matrix.table) == ITEMS
    in_order = matrix.table.loc[[str(i) for i in range(1, 401)]].to_numpy()
    assert in_order.tolist() == answers.astype(float).tolist()
    expected = KMeans(4, n_init=30, random_state=1).fit(answers.astype(float)).inertia_
    assert best_kmeans(in_order, 4, n_init=30, seed=1).inertia_ == pytest.approx(expected, rel=1e-9)


RETAIL = """
date_format: "%m/%d/%Y %H:%M"
tables:
  transactions:
    from: Online Retail
    rows: lines
    columns:
      transaction_id: InvoiceNo
      customer_id: CustomerID
      transaction_date: InvoiceDate
      amount: {multiply: [Quantity, UnitPrice]}
    leave_out:
      cancelled: {column: InvoiceNo, starts_with: C}
      nobody: {column: CustomerID, empty: true}
  customers:
    from: Online Retail
    rows: distinct
    columns: {customer_id: CustomerID, city_id: Country}
"""


def test_an_online_shop_adds_up_to_its_control_total(tmp_path):
    rng = np.random.default_rng(4)
    rows, by_hand = [], Decimal(0)
    for invoice in range(536_365, 536_665):
        customer = rng.integers(12_346, 12_400)
        number = f"C{invoice}" if invoice % 17 == 0 else str(invoice)
        known = invoice % 11 != 0
        for _ in range(rng.integers(1, 5)):
            quantity = int(rng.integers(1, 48)) * (-1 if number.startswith("C") else 1)
            price = Decimal(int(rng.integers(10, 2_500))) / 100
            day = f"12/{invoice % 28 + 1}/2010 {invoice % 12 + 8}:{invoice % 60:02d}"
            text = 'RED, "RETRO" SPOT'
            who = f"{customer}.0" if known else ""
            rows.append((number, "85123A", text, quantity, day, price, who, "United Kingdom"))
            if known and not number.startswith("C"):
                by_hand += quantity * price
    columns = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
    source = tmp_path / "Online Retail.csv"
    pd.DataFrame(rows, columns=columns).to_csv(source, index=False, encoding="cp1252")
    (tmp_path / "mapping.yaml").write_text(RETAIL, encoding="utf-8")
    shop = ingest(source, mapping=tmp_path / "mapping.yaml")
    used = shop.control_totals.table.query("rows_are == 'used' and found_in == 'Online Retail' and amount.notna()")
    assert used["amount"].tolist() == [float(by_hand)]
    assert f"{by_hand:,.2f}" in shop.control_totals.text
    assert {*shop.table("customers")["customer_id"]} == {row[6][:-2] for row in rows if row[6]}


JOURNEY = """
date_format: excel
tables:
  transactions:
    from: transaction_data
    rows: lines
    columns: {transaction_id: BASKET_ID, customer_id: household_key, transaction_date: DAY, amount: SALES_VALUE}
  customers:
    from: hh_demographic
    columns: {customer_id: household_key}
    descriptors: [AGE_DESC, INCOME_DESC]
"""


def test_households_of_a_panel_are_known_by_their_demography_and_their_baskets(tmp_path):
    """Days are counted from a day nobody names: 1 to 711, as serial numbers."""
    baskets = pd.DataFrame(
        {
            "household_key": [i % 20 + 1 for i in range(400)],
            "BASKET_ID": [26984851472 + i // 2 for i in range(400)],
            "DAY": [36_892 + i // 2 for i in range(400)],  # 2001-01-01 is day 36,892 of a spreadsheet
            "PRODUCT_ID": [1004906 + i for i in range(400)],
            "SALES_VALUE": [f"{i % 37 / 4 + 1:.2f}" for i in range(400)],
        }
    )
    baskets["household_key"] = (baskets["BASKET_ID"] % 20) + 1
    folder = tmp_path / "journey"
    folder.mkdir()
    baskets.to_csv(folder / "transaction_data.csv", index=False)
    people = pd.DataFrame({"household_key": range(1, 21), "AGE_DESC": ["45-54", "65+"] * 10})
    people.assign(INCOME_DESC=["35-49K", "Under 15K"] * 10).to_csv(folder / "hh_demographic.csv", index=False)
    (tmp_path / "mapping.yaml").write_text(JOURNEY, encoding="utf-8")
    shop = ingest(folder, mapping=tmp_path / "mapping.yaml")
    transactions = shop.table("transactions")
    assert (len(transactions), len(shop.table("customers"))) == (200, 20)
    assert transactions["amount"].sum() == pytest.approx(sum(map(float, baskets["SALES_VALUE"])))
    assert str(transactions["transaction_date"].min())[:10] == "2001-01-01"
    assert shop.table("customers")["AGE_DESC"].value_counts().to_dict() == {"45-54": 10, "65+": 10}
