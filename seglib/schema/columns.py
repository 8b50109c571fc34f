"""Names of columns that many modules need, without the time that importing the whole contract takes."""

CUSTOMER_COLUMNS = ("customer_id", "join_date", "gender_id", "city_id")
"""The contract's own columns of the customers table, as in `seglib.schema.tables.TABLES`; shops add any others."""
