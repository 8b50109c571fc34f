"""Several shops as one: ids of any look stay apart, and every shop gets its own rows back."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from seglib.features.joined_shops import JoinedShops, connect_tables

IDS = ["1", "11", "011", "é 1", ""]


@pytest.mark.parametrize("n_shops", [1, 2, 9, 10, 11, 100])
def test_every_shop_gets_its_own_rows_back(n_shops):
    joined = JoinedShops(n_shops)
    customers = pd.DataFrame({"customer_id": IDS})
    transactions = [pd.DataFrame({"customer_id": IDS, "amount": float(shop)}) for shop in range(n_shops)]
    marked = [joined.mark(table, shop) for shop, table in enumerate(transactions)]
    tables = joined.tables({"customers": customers, "cities": pd.DataFrame({"city_id": ["1"]})}, marked)
    assert len(tables["cities"]) == 1
    assert tables["customers"]["customer_id"].is_unique
    with connect_tables(tables) as con:
        rows = con.sql("SELECT customer_id, amount FROM customers JOIN transactions USING (customer_id)").df()
    for shop, part in enumerate(joined.split(rows.set_index("customer_id"))):
        assert sorted(part.index) == sorted(IDS)
        assert set(part["amount"]) == {float(shop)}


def test_rows_of_one_table_can_belong_to_different_shops():
    table = pd.DataFrame({"customer_id": ["7", "7", "8"]})
    marked = JoinedShops(10).mark(table, np.array([0, 9, 9]))
    assert marked["customer_id"].tolist() == ["007", "097", "098"]
    assert table["customer_id"].tolist() == ["7", "7", "8"]


def test_connections_that_are_open_at_once_see_their_own_tables_only():
    with connect_tables({"t": pd.DataFrame({"x": [1]})}) as one, connect_tables({"t": pd.DataFrame({"x": [2]})}) as two:
        one.execute("CREATE TEMP TABLE study AS SELECT 1 AS day")
        assert (one.sql("FROM t").fetchall(), two.sql("FROM t").fetchall()) == ([(1,)], [(2,)])
        with pytest.raises(duckdb.CatalogException):
            two.sql("FROM study")
    with connect_tables({}) as con, pytest.raises(duckdb.CatalogException):
        con.sql("FROM t")
