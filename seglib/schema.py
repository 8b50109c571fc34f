"""The contract: which tables, columns and rules a shop's data must keep.

Everything here is data. `TABLES` names the canonical tables and their columns; `RULES` holds one entry
for every way in which a row can be wrong, with the SQL condition that finds it. `seglib.ingest` applies
them; 01_ingest shows the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["id", "text", "status", "date", "number"]
Severity = Literal["error", "warning", "fact"]


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    Ids are text, whatever the source holds, so that "007" stays "007" and a row of a workbook, a CSV file
    and a database give the same id. Dates are days without a time.
    """

    name: str
    kind: Kind
    what: str
    required: bool = True

    @property
    def sql_type(self) -> str:
        """Type of the column in DuckDB."""
        return {"date": "DATE", "number": "DOUBLE"}.get(self.kind, "VARCHAR")


@dataclass(frozen=True)
class Table:
    """One canonical table: its columns (the first is the key) and whether a shop may do without it."""

    name: str
    what: str
    columns: tuple[Column, ...]
    required: bool = False

    @property
    def key(self) -> str:
        """Name of the column that identifies a row."""
        return self.columns[0].name


STATUSES = ("subscribed", "burned")

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        Table(
            "genders",
            "names of the genders",
            (Column("gender_id", "id", "key"), Column("gender_name", "text", "name as shown in the report")),
        ),
        Table(
            "cities",
            "names of the cities",
            (Column("city_id", "id", "key"), Column("city_name", "text", "name as shown in the report")),
        ),
        Table(
            "merchants",
            "who accepts coupons",
            (Column("merchant_id", "id", "key"), Column("merchant_name", "text", "name")),
        ),
        Table(
            "branches",
            "where coupons are claimed",
            (
                Column("branch_id", "id", "key"),
                Column("merchant_id", "id", "the merchant it belongs to", required=False),
            ),
        ),
        Table(
            "customers",
            "one row a customer",
            (
                Column("customer_id", "id", "key"),
                Column("join_date", "date", "day the customer joined; exposure starts here", required=False),
                Column("gender_id", "id", "refers to genders", required=False),
                Column("city_id", "id", "refers to cities", required=False),
            ),
            required=True,
        ),
        Table(
            "transactions",
            "one row a coupon that a customer claimed",
            (
                Column("transaction_id", "id", "key"),
                Column("customer_id", "id", "refers to customers"),
                Column("transaction_date", "date", "day the coupon was claimed"),
                Column("transaction_status", "status", "subscribed (claimed, still open) or burned (used)"),
                Column("coupon_name", "text", "which coupon", required=False),
                Column("burn_date", "date", "day the coupon was used; empty for open ones"),
                Column("branch_id", "id", "refers to branches", required=False),
                Column("amount", "number", "money spent with the coupon", required=False),
            ),
            required=True,
        ),
    )
}
"""Canonical tables in the order in which they are checked: a table comes after those it refers to."""


@dataclass(frozen=True)
class Rule:
    """One way in which the data can be wrong, or one fact worth knowing.

    Attributes
    ----------
    id : str
        ``table.column.problem``, stable: tests, reports and quarantine use it.
    severity : {"error", "warning", "fact"}
        Rows with an error go to quarantine. A warning keeps the row. A fact is neither: it is counted and told.
    where : str
        DuckDB condition on the staged table (errors, warnings) or on the accepted one (facts).
    sentence, remedy : str
        What it means and what to do about it.
    """

    id: str
    severity: Severity
    where: str
    sentence: str
    remedy: str

    @property
    def table(self) -> str:
        """Canonical table the rule belongs to."""
        return self.id.split(".")[0]


def _key_rules(table: Table) -> list[Rule]:
    key = table.key
    return [
        Rule(
            f"{table.name}.{key}.missing", "error", f"{key} IS NULL",
            f"{key} is empty", "fill in the key, or drop the row at the source",
        ),
        Rule(
            f"{table.name}.{key}.duplicate", "error", f"{key} IS NOT NULL AND key_copy > 1",
            f"{key} has been used by an earlier row", "keep one row a key; the first one is kept here",
        ),
    ]  # fmt: skip


def _reference_rule(table: str, column: str, parent: str, severity: Severity, remedy: str) -> Rule:
    return Rule(
        f"{table}.{column}.unknown", severity,
        f"{column} IS NOT NULL AND {column} NOT IN (SELECT {column} FROM {parent})",
        f"{column} is not in table {parent}", remedy,
    )  # fmt: skip


def _unreadable_rules(table: Table) -> list[Rule]:
    keeps_row = {"customers.join_date"}
    rules = []
    for column in table.columns:
        if column.kind not in ("date", "number"):
            continue
        example = "a date such as 2024-07-31" if column.kind == "date" else "a plain number such as 12.50"
        severity: Severity = "warning" if f"{table.name}.{column.name}" in keeps_row else "error"
        rules.append(
            Rule(
                f"{table.name}.{column.name}.unreadable",
                severity,
                f"{column.name}__unreadable",
                f"{column.name} holds something that is not a {column.kind} a shop can mean",
                f"make it {example}",
            )
        )
    return rules


def _rules() -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for table in TABLES.values():
        rules += _key_rules(table) + _unreadable_rules(table)
    no_name = "the name stays unknown; add the missing row to the table of names"
    rules += [
        _reference_rule("branches", "merchant_id", "merchants", "warning", no_name),
        _reference_rule("customers", "gender_id", "genders", "warning", no_name),
        _reference_rule("customers", "city_id", "cities", "warning", no_name),
        _reference_rule("transactions", "branch_id", "branches", "warning", no_name),
        Rule(
            "transactions.customer_id.missing", "error", "customer_id IS NULL",
            "customer_id is empty", "a coupon without a customer cannot be counted; drop it at the source",
        ),
        _reference_rule(
            "transactions", "customer_id", "customers", "error",
            "add the customer, or drop the row; a customer that was set aside takes its rows along",
        ),
        Rule(
            "transactions.transaction_date.missing", "error",
            "transaction_date IS NULL AND NOT transaction_date__unreadable",
            "transaction_date is empty", "fill in the day the coupon was claimed",
        ),
        Rule(
            "transactions.transaction_status.unknown", "error",
            "transaction_status IS NULL OR transaction_status NOT IN ('subscribed', 'burned')",
            "transaction_status is neither subscribed nor burned", "translate the status at the source",
        ),
        Rule(
            "transactions.burn_date.missing", "error",
            "transaction_status = 'burned' AND burn_date IS NULL AND NOT burn_date__unreadable",
            "the coupon is burned but has no burn_date", "fill in the day, or set the status to subscribed",
        ),
        Rule(
            "transactions.burn_date.not_burned", "error",
            "transaction_status = 'subscribed' AND burn_date IS NOT NULL",
            "the coupon has a burn_date but is not burned", "set the status to burned, or clear the date",
        ),
        Rule(
            "transactions.burn_date.before_claim", "error", "burn_date < transaction_date",
            "the coupon was burned before it was claimed", "one of the two dates is wrong",
        ),
        Rule(
            "transactions.transaction_date.before_join", "warning",
            "transaction_date < (SELECT c.join_date FROM customers AS c WHERE c.customer_id = t.customer_id)",
            "the coupon was claimed before the customer joined",
            "the row is kept and exposure starts with it; check join_date",
        ),
        Rule(
            "transactions.transaction_date.after_as_of", "fact",
            "transaction_date > (SELECT as_of FROM study)",
            "the coupon was claimed after as_of", "such rows are invisible to this run",
        ),
        Rule(
            "transactions.burn_date.after_as_of", "fact",
            "burn_date > (SELECT as_of FROM study)",
            "the coupon was burned after as_of", "it counts as open: on that day nobody could know",
        ),
        Rule(
            "transactions.coupon_name.unique", "fact",
            "coupon_name NOT IN (SELECT coupon_name FROM transactions"
            " WHERE coupon_name IS NOT NULL GROUP BY ALL HAVING count(*) > 1)",
            "the coupon_name occurs once only",
            "if this holds for every row, names say nothing about behaviour and usage frequency is a count of rows",
        ),
        Rule(
            "customers.join_date.after_as_of", "fact",
            "join_date > (SELECT as_of FROM study)",
            "the customer joined after as_of", "not there yet on that day: neither described nor listed",
        ),
        Rule(
            "customers.customer_id.no_transaction", "fact",
            "(join_date IS NULL OR join_date <= (SELECT as_of FROM study)) AND"
            " customer_id NOT IN (SELECT customer_id FROM transactions, study WHERE transaction_date <= as_of)",
            "the customer has no transaction by as_of", "listed, not clustered: there is no behaviour to describe",
        ),
        Rule(
            "merchants.merchant_id.unused", "fact",
            "merchant_id NOT IN (SELECT b.merchant_id FROM transactions AS t JOIN branches AS b USING (branch_id)"
            " WHERE b.merchant_id IS NOT NULL)",
            "the merchant has no transaction", "nothing to do",
        ),
    ]  # fmt: skip
    return tuple(rules)


RULES: tuple[Rule, ...] = _rules()
