"""The canonical tables of some customers: their rows only, in the order of their ids, up to a day."""

import pandas as pd

from seglib.schema.columns import CUSTOMER_COLUMNS
from seglib.sql.canonical import LOOKUP_TABLES, read_canonical_tables


def test_all_tables_are_read_in_the_order_of_their_ids(tables, canonical):
    tables["customers"]["customer_id"] = ["10", "9", "100", "b"]
    read = read_canonical_tables(canonical(tables))
    assert set(read) == {*LOOKUP_TABLES, "customers", "transactions"}
    assert read["customers"]["customer_id"].tolist() == ["9", "b", "10", "100"]
    assert read["customers"].columns.tolist() == ["customer_id", "join_date", "gender_id", "city_id"]
    assert set(read["customers"]) == set(CUSTOMER_COLUMNS)
    assert len(read["transactions"]) == 6


def test_of_some_customers_only_their_rows_are_read_up_to_a_day(tables, canonical):
    con = canonical(tables)
    before = con.sql("SHOW TABLES").fetchall()
    read = read_canonical_tables(con, pd.Index(["3", "1"]), "2024-02-10")
    assert read["customers"]["customer_id"].tolist() == ["1", "3"]
    assert read["transactions"]["transaction_id"].tolist() == ["1", "2"]
    assert len(read["cities"]) == 2
    assert con.sql("SHOW TABLES").fetchall() == before
