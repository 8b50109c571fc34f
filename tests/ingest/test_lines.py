"""Lines of orders, and ids: what is repeated, what stands on the first line only, and what is no id of a person."""

import random

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from seglib.errors import ParameterRefused
from seglib.features.customers import customer_features
from seglib.ingest.mapping.file import parse, read_mapping
from seglib.ingest.shop import connect, ingest
from seglib.ingest.sources.open import open_source
from seglib.ingest.suggest.suggestion import suggest
from seglib.preprocessing.customer import customer_matrix
from seglib.run.run import Run

CASES = __file__.rsplit("/", 1)[0] + "/cases"

LINES = """
tables:
  customers: {{from: orders, rows: distinct, columns: {{customer_id: client}}}}
  transactions:
    from: orders
    rows: lines
    columns:
      transaction_id: {id}
      customer_id: {client}
      transaction_date: {day}
      amount: {amount}
"""


def lines_of(*, orders: int = 60, seed: int = 1) -> pd.DataFrame:
    """Lines of orders, each with its price: no, client, day, price, total (of the order)."""
    rng = random.Random(seed)
    rows = []
    for number in range(orders):
        prices = [rng.randint(1, 500) for _ in range(rng.randint(1, 4))]
        order = {"no": f"A{number}", "client": f"k{rng.randint(1, 20)}", "day": f"2024-03-{rng.randint(1, 28):02d}"}
        rows += [{**order, "price": price, "total": sum(prices)} for price in prices]
    return pd.DataFrame(rows)


@pytest.fixture
def shop_of(tmp_path):
    """Take a table of lines in, with a mapping of what its columns are."""

    def take_in(table, *, id="no", client="client", day="day", amount="total", text=LINES):
        table.to_csv(tmp_path / "orders.csv", index=False)
        mapping = tmp_path / "mapping.yaml"
        mapping.write_text(text.format(id=id, client=client, day=day, amount=amount), encoding="utf-8")
        return ingest(tmp_path / "orders.csv", mapping=mapping)

    return take_in


def suggested(path):
    return yaml.load(suggest(open_source(path), connect()), Loader=yaml.BaseLoader)["tables"]


def found(shop):
    return {row.rule: row.rows for row in shop.findings.itertuples()}


def total(shop):
    return shop.con.sql("SELECT sum(amount) FROM transactions").fetchall()[0][0]


# Totals that every line repeats -----------------------------------------------------------------------------------


def test_a_total_that_each_line_repeats_is_doubted_and_counted_once_if_the_mapping_says_so(shop_of):
    table = lines_of()
    orders = table.drop_duplicates("no")
    shop = shop_of(table)
    assert found(shop)["transactions.amount.repeated"] == len(table) - len(orders)  # every line but the first of each
    shop = shop_of(table, amount="{column: total, per: transaction}")
    assert total(shop) == orders["total"].sum()
    assert not {rule for rule in found(shop) if rule.startswith("transactions.amount")}


def test_prices_of_lines_add_up_without_a_word(shop_of):
    table = lines_of()
    shop = shop_of(table, amount="price")
    assert total(shop) == table["price"].sum()
    assert "transactions.amount.repeated" not in found(shop)


def test_lines_that_all_cost_the_same_are_not_doubted(shop_of):
    """Vouchers of one price: that all lines of an order agree is no evidence."""
    table = lines_of().assign(price=10)
    assert "transactions.amount.repeated" not in found(shop_of(table, amount="price"))


def test_who_says_per_line_is_believed(shop_of):
    table = lines_of()
    shop = shop_of(table, amount="{column: total, per: line}")
    assert total(shop) == table["total"].sum()
    assert "transactions.amount.repeated" not in found(shop)


def test_totals_of_one_transaction_that_differ_are_told(shop_of):
    table = lines_of()
    several = table["no"].value_counts().loc[lambda n: n > 1].index[0]
    table.loc[table.index[table["no"] == several][-1], "total"] += 1
    shop = shop_of(table, amount="{column: total, per: transaction}")
    assert found(shop)["transactions.amount.varies"] == (table["no"] == several).sum()
    assert total(shop) == table.drop_duplicates("no")["total"].sum()  # the first counts


def test_a_total_on_the_first_line_only_is_counted_once(shop_of):
    table = lines_of()
    table.loc[table.duplicated("no"), "total"] = None
    shop = shop_of(table)
    assert total(shop) == table["total"].sum()
    assert "transactions.amount.repeated" not in found(shop)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(-50, 10_000)), min_size=1, max_size=20))
def test_per_transaction_is_the_sum_over_orders(orders):
    """Whatever the orders are: number of lines, and total."""
    import duckdb

    from seglib.ingest.contract.validation import _merged_lines

    con = duckdb.connect()
    rows = [(f"{i}", f"{total}") for i, (n, total) in enumerate(orders) for _ in range(n)]
    frame = pd.DataFrame(rows, columns=["transaction_id", "amount"]).astype({"amount": float})
    frame["row_number"] = range(1, len(frame) + 1)
    others = ["customer_id", "transaction_date", "transaction_status", "coupon_name", "burn_date", "branch_id"]
    con.register("given", frame)
    nulls = ", ".join(f"CAST(NULL AS {'DATE' if 'date' in name else 'VARCHAR'}) AS {name}" for name in others)
    con.execute(f"CREATE VIEW staged_transactions AS SELECT *, {nulls} FROM given")
    merged = f"{_merged_lines('transactions', {'amount': 'transaction'})} GROUP BY transaction_id"
    [(summed,)] = con.sql(f"SELECT sum(amount) FROM ({merged})").fetchall()
    assert summed == sum(total for _, total in orders)


def test_the_suggestion_counts_such_totals_once(tmp_path):
    path = f"{CASES}/14-order-total-on-every-line/lines.csv"
    tables = suggested(path)
    assert tables["transactions"]["columns"]["amount"] == {
        "column": "Order total",
        "per": "transaction",
    }
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(suggest(open_source(path), connect()), encoding="utf-8")
    assert total(ingest(path, mapping=mapping)) == 501_639  # sum.txt


# What only the first line has -------------------------------------------------------------------------------------

DOWN = {"client": "{column: client, fill: down}", "day": "{column: day, fill: down}"}


def first_line_only(table, columns):
    table = table.copy()
    table.loc[table.duplicated("no"), columns] = None
    return table


@pytest.mark.parametrize("blank", ["", "-", "NULL"])
def test_fields_of_the_first_line_are_those_of_the_transaction(shop_of, blank):
    table = lines_of()
    gaps = first_line_only(table, ["client", "day"]).fillna({"client": blank, "day": blank})
    later = int(table.duplicated("no").sum())
    shop = shop_of(gaps, amount="price")
    assert found(shop)["transactions.customer_id.first_line"] == later
    assert found(shop)["transactions.transaction_date.first_line"] == later
    shop = shop_of(gaps, amount="price", **DOWN)
    whole = shop_of(table, amount="price")
    assert total(shop) == table["price"].sum()
    pd.testing.assert_frame_equal(shop.table("transactions"), whole.table("transactions"))
    assert not shop.findings["severity"].isin(["error", "warning"]).any()


def test_merged_cells_of_the_number_are_filled_from_the_row_above(shop_of):
    table = lines_of()
    gaps = table.copy()
    gaps.loc[table.duplicated("no"), ["no", "client", "day"]] = None
    assert found(shop_of(gaps, amount="price"))["transactions.transaction_id.below"] == table.duplicated("no").sum()
    shop = shop_of(gaps, id="{column: no, fill: down}", amount="price", **DOWN)
    pd.testing.assert_frame_equal(shop.table("transactions"), shop_of(table, amount="price").table("transactions"))


def test_a_gap_is_not_filled_from_another_transaction(shop_of):
    """The first order names nobody at all, the second one does: its customer is not given to the first."""
    table = pd.DataFrame(
        {
            "no": ["1", "1", "2", "2", "3"],
            "client": [None, None, "a", None, None],
            "day": ["2024-01-01"] * 5,
            "price": 1,
        }
    )
    shop = shop_of(table, client="{column: client, fill: down}", amount="price")
    assert shop.table("transactions")["transaction_id"].tolist() == ["2"]
    assert found(shop)["transactions.customer_id.missing"] == 3


@pytest.mark.parametrize("merged", [True, False])
def test_the_suggestion_fills_what_only_the_first_line_has(tmp_path, merged):
    table = lines_of().rename(
        columns={"no": "Order ID", "client": "Customer ID", "day": "Order Date", "price": "Amount"}
    )
    gaps = table.drop(columns="total")
    blank = ["Order ID", "Customer ID", "Order Date"] if merged else ["Customer ID", "Order Date"]
    gaps.loc[table.duplicated("Order ID"), blank] = None
    gaps.to_csv(tmp_path / "orders.csv", index=False)
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(suggest(open_source(tmp_path / "orders.csv"), connect()), encoding="utf-8")
    shop = ingest(tmp_path / "orders.csv", mapping=mapping)
    assert total(shop) == table["Amount"].sum()
    assert len(shop.table("transactions")) == table["Order ID"].nunique()
    assert shop.table("transactions")["customer_id"].notna().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"client": "{column: client, fill: up}"}, r"customer_id\.fill is down, not 'up'"),
        ({"client": "{constant: x, fill: down}"}, "fill needs a column"),
        ({"amount": "{column: total, fill: down}"}, "unknown 'fill'"),
        ({"amount": "{column: total, per: order}"}, r"amount\.per is line or transaction, not 'order'"),
        ({"amount": "{column: total, per: [line]}"}, r"amount\.per: expected a word"),
    ],
)
def test_wrong_keys_of_lines_are_refused_by_name(shop_of, change, message):
    with pytest.raises(ParameterRefused, match=message):
        shop_of(lines_of(), **change)


def test_per_is_for_lines(tmp_path):
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("tables: {transactions: {columns: {amount: {column: total, per: transaction}}}}")
    with pytest.raises(ParameterRefused, match=r"amount\.per needs rows: lines"):
        parse(read_mapping(mapping))


# Ids --------------------------------------------------------------------------------------------------------------


def test_an_id_that_is_new_at_every_order_is_asked_about():
    shop = ingest(
        f"{CASES}/12-a-new-id-at-every-order/shop", mapping=f"{CASES}/12-a-new-id-at-every-order/mapping.yaml"
    )
    finding = shop.findings.set_index("rule").loc["transactions.customer_id.once"]
    assert finding["rows"] == 400
    assert "is customer_id the number of an order?" in finding["sentence"]
    assert "column 'person' of table customers" in finding["remedy"]
    assert "town" not in finding["remedy"]


def test_where_somebody_returns_nothing_is_asked(shop_of):
    assert "transactions.customer_id.once" not in found(shop_of(lines_of()))


def test_where_everybody_came_once_nobody_is_frequent(tmp_path):
    """One order each: coupons a month would only tell how long ago it was."""
    case = f"{CASES}/12-a-new-id-at-every-order"
    shop = ingest(f"{case}/shop", mapping=f"{case}/mapping.yaml")
    run = Run("once", base=tmp_path)
    shop.save(run)
    features = customer_features(run.connect(), run.study())
    matrix = customer_matrix(features.table, described=features.features, unreliable=features.unreliable)
    assert "coupons_per_month" not in matrix.sources
    assert matrix.left_out["coupons_per_month"] == (
        "what is counted is the same for everybody: the rate only tells for how long"
    )


@pytest.mark.parametrize(
    ("ids", "rows"),
    [
        (["4.90101E+12", "4.90102E+12", "12"], 2),
        (["4,90101E+12", "5E+15", "1.2345678901234568e+19"], 3),
        (["E+12", "4.9E12", "A4.9E+12"], 0),
    ],
)
def test_ids_that_a_spreadsheet_has_shortened_are_told(write_csv, tables, ids, rows):
    customers = tables["customers"].head(3).assign(customer_id=ids)
    transactions = tables["transactions"].head(3).assign(customer_id=ids)
    shop = ingest(write_csv({**tables, "customers": customers, "transactions": transactions}))
    assert found(shop).get("customers.customer_id.shortened", 0) == rows
    assert found(shop).get("transactions.customer_id.shortened", 0) == rows


def test_ids_that_are_floats_beyond_what_is_exact_are_told(tmp_path):
    import duckdb

    duckdb.connect().execute(
        f"COPY (SELECT 12345678901234567890.0::DOUBLE + i * 1e6 AS customer_id, i AS x FROM range(3) AS r(i)) "
        f"TO '{tmp_path}/customers.parquet' (FORMAT parquet)"
    )
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("tables: {customers: {segment_by: {x: numeric}}}")
    assert found(ingest(tmp_path / "customers.parquet", mapping=mapping))["customers.customer_id.shortened"] == 3


def test_customers_with_two_countries_are_told(shop_of):
    table = lines_of().assign(country="Spain")
    twice = table["client"].value_counts().index[:2]
    for client in twice:
        table.loc[table.index[table["client"] == client][0], "country"] = "Malta"
    text = LINES.replace("{{customer_id: client}}", "{{customer_id: client, city_id: country}}")
    shop = shop_of(table, amount="price", text=text)
    finding = shop.findings.set_index("rule").loc["customers.city_id.differs"]
    assert finding["rows"] == 2
    assert finding["sentence"] == (
        "the rows of one customer_id differ in city_id (column 'country'): the first row counts"
    )
    assert {*finding["examples"].split(", ")} == {*twice}
