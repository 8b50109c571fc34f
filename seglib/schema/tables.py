"""The contract: which tables and columns a shop must have, and what their rows must satisfy.

Everything here is data, declared once, as one pandera schema per table. `seglib.ingest.contract.rules` derives from it
a rule for every way in which a row can be wrong; `seglib.ingest.contract.validation` applies these rules to tables of
any size. `validate` applies the same schemas to a DataFrame. The data dictionary in ``data/README.md`` is written from
them.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

with warnings.catch_warnings():  # where PySpark is installed, pandera imports it, and PySpark warns about pandas
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
    import pandera.pandas as pa

from seglib.schema.days import FIRST_DAY, LAST_DAY

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["id", "text", "status", "date", "number"]

STATUSES = ("subscribed", "burned")

LARGEST_NUMBER = 1e12
"""No shop can mean a larger number; sums of smaller ones fit in exact decimals."""

SQL_TYPES: dict[str, str] = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "status": "VARCHAR",
    "date": "DATE",
    "number": "DOUBLE",
    "binary": "DOUBLE",
}
"""Type of a column in DuckDB, by its kind; only columns that the shop adds are binary (0 or 1)."""

_DTYPES = {"date": None, "number": "float64"}  # pandera knows datetime64[ns] only, which ends in 2262


@dataclass(frozen=True)
class RowCondition:
    """A condition on the columns of one row, in SQL, that can be applied to a DataFrame too.

    Where it is unknown (a value or an optional column is missing) it holds, as in an SQL CHECK constraint.
    """

    sql: str

    def __call__(self, frame: pd.DataFrame) -> pd.Series:
        """Say of every row whether the condition holds."""
        import duckdb

        # optional columns that the frame does not have are NULL in the query, so that the condition is unknown there
        words = re.findall(r"\b[a-z]+_?[a-z]*\b", self.sql)
        absent = [name for name in words if name in _NAMES and name not in frame]
        nulls = "".join(f", NULL AS {name}" for name in dict.fromkeys(absent))
        con = duckdb.connect(config={"enable_external_access": "false", "lock_configuration": "true"})
        con.register("frame", frame)
        rows = con.sql(f"SELECT coalesce(({self.sql}), true) AS holds FROM (SELECT *{nulls} FROM frame)").df()
        return rows["holds"].set_axis(frame.index)


def _column(
    kind: Kind,
    description: str,
    *,
    key: bool = False,
    needed: bool = False,
    filled: bool = False,
    refers_to: str | None = None,
    unit: str = "",
    keeps_row: bool = False,
) -> pa.Column:
    """Declare a column.

    ``needed``: the table must have it; ``filled``: no row may be without it; ``keeps_row``: an unreadable value is
    dropped, the row stays.
    """
    checks = {
        "date": [pa.Check.in_range(FIRST_DAY, LAST_DAY, name="out_of_range")],
        "number": [pa.Check.in_range(-LARGEST_NUMBER, LARGEST_NUMBER, name="out_of_range")],
        "status": [pa.Check.isin(STATUSES, name="unknown")],
    }
    return pa.Column(
        _DTYPES.get(kind, "str"),
        checks=checks.get(kind, []),
        nullable=not (key or filled),
        unique=key,
        report_duplicates="exclude_first",
        required=key or needed,
        coerce=kind != "date",
        description=description,
        metadata={"kind": kind, "refers_to": refers_to, "unit": unit, "keeps_row": keeps_row},
    )


def _check(name: str, condition: str, sentence: str, remedy: str, *, warning: bool = False) -> pa.Check:
    """Declare a condition on several columns of one row; ``name`` is ``column.problem``."""
    return pa.Check(
        RowCondition(condition),
        statistics={"sql": condition},
        ignore_na=False,
        name=name,
        title=sentence,
        description=remedy,
        raise_warning=warning,
    )


def _table(
    name: str, description: str, columns: dict[str, pa.Column], *checks: pa.Check, needed: bool = False
) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(
        columns, name=name, description=description, checks=list(checks), metadata={"needed": needed}, strict=False
    )


TABLES: dict[str, pa.DataFrameSchema] = {
    schema.name: schema
    for schema in (
        _table(
            "genders",
            "names of the genders",
            {
                "gender_id": _column("id", "key", key=True),
                "gender_name": _column("text", "name as shown in the report", needed=True),
            },
        ),
        _table(
            "cities",
            "names of the cities",
            {
                "city_id": _column("id", "key", key=True),
                "city_name": _column("text", "name as shown in the report", needed=True),
            },
        ),
        _table(
            "merchants",
            "who accepts coupons",
            {
                "merchant_id": _column("id", "key", key=True),
                "merchant_name": _column("text", "name", needed=True),
            },
        ),
        _table(
            "branches",
            "where coupons are claimed",
            {
                "branch_id": _column("id", "key", key=True),
                "merchant_id": _column("id", "the merchant it belongs to", refers_to="merchants"),
            },
        ),
        _table(
            "customers",
            "one row a customer",
            {
                "customer_id": _column("id", "key", key=True),
                "join_date": _column(
                    "date", "day the customer joined; exposure starts here", unit="day", keeps_row=True
                ),
                "gender_id": _column("id", "the customer's gender", refers_to="genders"),
                "city_id": _column("id", "the customer's city", refers_to="cities"),
            },
            needed=True,
        ),
        _table(
            "transactions",
            "one row per transaction: a purchase, or a coupon that a customer claimed",
            {
                "transaction_id": _column("id", "key", key=True),
                "customer_id": _column("id", "who made it", needed=True, filled=True, refers_to="customers"),
                "transaction_date": _column("date", "its day", needed=True, filled=True, unit="day"),
                "transaction_status": _column(
                    "status",
                    "subscribed (claimed, still open) or burned (used); a shop without coupons has none",
                    filled=True,
                ),
                "coupon_name": _column("text", "which coupon"),
                "burn_date": _column("date", "day the coupon was used; empty for open ones", unit="day"),
                "branch_id": _column("id", "where", refers_to="branches"),
                "amount": _column("number", "money spent", unit="money"),
            },
            _check(
                "burn_date.missing",
                "transaction_status <> 'burned' OR burn_date IS NOT NULL",
                "the coupon is burned but has no burn_date",
                "fill in the day, or set the status to subscribed; if no burn dates are recorded at all, leave the "
                "column out",
            ),
            _check(
                "burn_date.not_burned",
                "transaction_status <> 'subscribed' OR burn_date IS NULL",
                "the coupon has a burn_date but is not burned",
                "set the status to burned, or clear the date",
            ),
            _check(
                "burn_date.before_claim",
                "burn_date >= transaction_date",
                "the coupon was burned before it was claimed",
                "one of the two dates is wrong",
            ),
            _check(
                "amount.negative",
                "amount >= 0",
                "the amount is below zero",
                "kept and summed as it is; leave refunds and cancellations out with the mapping file if they are no "
                "purchases",
                warning=True,
            ),
            needed=True,
        ),
    )
}
"""Canonical tables in the order in which they are checked: a table comes after those it refers to."""

_NAMES = {name for schema in TABLES.values() for name in schema.columns}


def key(table: str) -> str:
    """Return the column that identifies a row of a canonical table."""
    return next(name for name, column in TABLES[table].columns.items() if column.unique)


def kind(column: pa.Column) -> Kind:
    """Return the kind of a column: how its cells are read."""
    return column.metadata["kind"]


def can_be_unreadable(column: pa.Column) -> bool:
    """Say whether the cells of a column can be unreadable: dates and numbers."""
    return kind(column) in ("date", "number")


def needed(table: str) -> bool:
    """Say whether a shop must have a table."""
    return TABLES[table].metadata["needed"]


def validate(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Check a DataFrame against the contract of one table, all rows and all checks at once.

    For a DataFrame in a notebook. References between tables need all of them: `seglib.ingest.shop.ingest` checks them.

    Parameters
    ----------
    table : str
        One of `TABLES`.
    frame : pandas.DataFrame
        Canonical column names; dates as datetime64.

    Returns
    -------
    pandas.DataFrame
        The frame, in the types of the contract.

    Raises
    ------
    pandera.errors.SchemaErrors
        Its ``failure_cases`` list every row and check.
    """
    return TABLES[table].validate(frame, lazy=True)


def column_range(column: pa.Column) -> str:
    """Write what values a column may have, in words."""
    for check in column.checks:
        if check.name == "unknown":
            return " or ".join(check.statistics["allowed_values"])
    ranges = {"date": f"{FIRST_DAY:%Y-%m-%d} to {LAST_DAY:%Y-%m-%d}", "number": "-1e12 to 1e12"}
    return ranges.get(kind(column), "")


def describe(table: str) -> pd.DataFrame:
    """Describe the columns of a canonical table for people.

    Returns
    -------
    pandas.DataFrame
        One row per column: column, kind, needed (the table must have it), may_be_empty, unit, values, refers_to, what.
    """
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "column": name,
                "kind": kind(column),
                "needed": "yes" if column.required else "no",
                "may_be_empty": "yes" if column.nullable else "no",
                "unit": column.metadata["unit"],
                "values": column_range(column),
                "refers_to": column.metadata["refers_to"] or "",
                "what": column.description,
            }
            for name, column in TABLES[table].columns.items()
        ]
    )
