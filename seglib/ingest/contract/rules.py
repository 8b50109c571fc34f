"""Every way in which a shop's rows can be wrong, and what else is worth knowing of them, each with an id.

The rules of single columns, references and rows are derived from the schemas of `seglib.schema.tables`. Rules that
concern several tables, and those of severity ``info``, are declared here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from seglib.ingest.contract.alike import alike
from seglib.ingest.mapping.model import VariableKind
from seglib.schema.tables import TABLES, can_be_unreadable, column_range, key, kind
from seglib.sql import quoted

if TYPE_CHECKING:
    import pandera.pandas as pa  # at run time `seglib.schema.tables` imports it, and keeps it silent

Severity = Literal["error", "exclusion", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""In the order in which they are listed."""


@dataclass(frozen=True)
class Rule:
    """One way in which the data can be wrong, or one thing worth knowing of them.

    Attributes
    ----------
    id : str
        ``table.column.problem``, stable: tests, reports and quarantine use it.
    severity : {"error", "exclusion", "warning", "info"}
        Rows with an error go to quarantine. An exclusion is made by the mapping file or by the cities that are asked
        for: its rows are set aside because the analyst said so. A warning keeps the row. An info is only counted.
    where : str
        DuckDB condition on the staged table, which may be called ``t``; on the accepted one, if it is an info.
    sentence, remedy : str
        What it means and what to do about it.
    cells : bool
        Whether it is about how cells are written: then their reading counts them, and ``where`` is empty.
    """

    id: str
    severity: Severity
    where: str
    sentence: str
    remedy: str
    cells: bool = False

    @property
    def table(self) -> str:
        """Canonical table the rule belongs to."""
        return self.id.split(".")[0]

    @property
    def column(self) -> str:
        """The column that is wrong; ``text`` where it can be any text column of the table."""
        return self.id.split(".")[1]

    @property
    def problem(self) -> str:
        """What is wrong with it: the rest of the id."""
        return self.id.split(".", 2)[2]


def _has_parse_error(table: str, what: str) -> str:
    """Write the condition of a row with a parse error in a cell; ``what`` is its column of ``parse_errors_<table>``."""
    return f"row_number IN (SELECT row_number FROM parse_errors_{table} WHERE {what} IS NOT NULL)"


def _column_rules(table: str, name: str, column: pa.Column) -> list[Rule]:
    """Derive the rules of one column from its declaration."""
    rules = []

    def add(problem: str, where: str, sentence: str, remedy: str, severity: Severity = "error") -> None:
        rules.append(Rule(f"{table}.{name}.{problem}", severity, where, f"{name} {sentence}", remedy))

    if column.unique:
        add("missing", f"{name} IS NULL", "is empty", "fill in the key, or drop the row at the source")
        add(
            "duplicate",
            f"row_number IN (FROM repeated_{table})",
            "has been used by an earlier row",
            "keep one row a key; the first one is kept here",
        )
    elif not column.nullable:
        add("missing", f"{name} IS NULL", "is empty", "fill it in, or drop the row at the source")
    keeps: Severity = "warning" if column.metadata["keeps_row"] else "error"
    if can_be_unreadable(column):
        formats = {"date": "a date such as 2024-07-31", "number": "a plain number such as 12.50"}[kind(column)]
        add(
            "unreadable",
            _has_parse_error(table, f"{name}__unreadable"),
            f"cannot be read as a {kind(column)}",
            f"make it {formats}, or say in a mapping file how it is written",
            keeps,
        )
    for check in column.checks:
        bounds = check.statistics
        if check.name == "out_of_range":
            add(
                "out_of_range",
                _has_parse_error(table, f"{name}__out_of_range"),
                f"lies outside of {column_range(column)}",
                "no shop can mean that: correct the typing error at the source",
                keeps,
            )
        elif check.name == "unknown":
            allowed = bounds["allowed_values"]
            listed = ", ".join(f"'{value}'" for value in allowed)
            add(
                "unknown",
                f"{name} NOT IN ({listed})",
                f"is none of {', '.join(allowed)}",
                "translate the value at the source, or under 'values' in a mapping file",
            )
    return rules


def _remark_rules(table: str, name: str, kind: str) -> list[Rule]:
    """Return the rules on how the cells of a column are written: words for nothing, and numbers that leave a doubt."""
    of = f"{table}.{name}"
    rules = [
        Rule(
            f"{of}.nothing",
            "info",
            "",
            f"{name} holds a word that means nothing is there: it is read as empty",
            "nothing to do; 'nothing: []' in the mapping file keeps such words, a list says which they are",
            cells=True,
        )
    ]
    if kind == "id":
        rules.append(
            Rule(
                f"{of}.shortened",
                "warning",
                "",
                f"{name} was shortened by a spreadsheet, as 4.90101E+12: digits are lost, and different ids may have "
                "become one",
                "export the column again as text; what was shortened cannot be brought back",
                cells=True,
            )
        )
    if kind == "number":
        rules += [
            Rule(
                f"{of}.ambiguous",
                "warning",
                "",
                f"{name} can be read in two ways that give other numbers, such as 1.250 as 1250 or as 1.25",
                "say which is right: decimal and thousands in the mapping file",
                cells=True,
            ),
            Rule(
                f"{of}.units",
                "warning",
                "",
                f"{name} is written with more than one currency, or with a percent sign in some cells only",
                "the numbers are kept as they are, as if they had one unit: convert them at the source",
                cells=True,
            ),
        ]
    return rules


def _reference_rule(table: str, name: str, column: pa.Column) -> Rule:
    parent = column.metadata["refers_to"]
    missing = f"{name} IS NOT NULL AND {name} NOT IN (SELECT {name} FROM {parent})"
    strict = not column.nullable
    remedy = (
        f"add the missing row to {parent}, or drop this one; a row that was set aside there takes these along"
        if strict
        else "the name stays unknown; add the missing row to the table of names"
    )
    severity: Severity = "error" if strict else "warning"
    return Rule(f"{table}.{name}.unknown", severity, missing, f"{name} is not in table {parent}", remedy)


def _row_rule(table: str, check: pa.Check) -> Rule:
    severity: Severity = "warning" if check.raise_warning else "error"
    return Rule(f"{table}.{check.name}", severity, f"NOT ({check.statistics['sql']})", check.title, check.description)


def _text_rules(table: str) -> list[Rule]:
    return [
        Rule(
            f"{table}.text.blanks",
            "warning",
            _has_parse_error(table, "text__blanks"),
            "a text has blanks before or after it",
            "nothing to do: they were cut off",
        ),
        Rule(
            f"{table}.text.formula",
            "warning",
            _has_parse_error(table, "text__formula"),
            "a text looks like a spreadsheet formula",
            "it is kept as text, and disarmed in every CSV that leaves the house; export values instead of formulas",
        ),
    ]


REMARKED_KINDS = ("id", "date", "number", "text")
"""The kinds whose columns have rules on how their cells are written."""


def variable_rules(name: str, kind: VariableKind) -> tuple[Rule, ...]:
    """Return the rules of a variable to segment by: what is wrong with its values, and whether they differ.

    A value that cannot be read is dropped, and the row stays: gaps in a survey are normal.
    """
    of, column = f"customers.{name}", quoted(name)
    form = {"numeric": "a plain number such as 12.50", "binary": "yes or no"}.get(kind)
    rules = [
        Rule(f"{of}.missing", "warning", f"{column} IS NULL", f"{name} is empty", "fill it in, if it is known"),
        Rule(
            f"{of}.constant",
            "info",
            f"(SELECT count(DISTINCT {column}) FROM customers) = 1",
            f"every customer whose {name} is known has the same",
            f"{name} tells no customer from another",
        ),
    ]
    if form:
        rules.append(_unreadable_rule(name, form))
    if kind == "numeric":
        rules.append(_out_of_range_rule(name))
    if kind == "nominal":
        rules.append(
            Rule(
                f"{of}.several",
                "warning",
                "",
                f"{name} holds several answers in one cell: each combination counts as a level of its own",
                "ask for one answer at a time in the mapping file: {column: ..., kind: binary, contains: the answer}",
                cells=True,
            )
        )
    rules += _remark_rules("customers", name, "number" if kind == "numeric" else kind)
    return tuple(rules)


def row_number_rule(table: str) -> Rule:
    """Return the rule that tells that rows have no id, and are numbered."""
    identity = f"{table}.customer_id"
    return Rule(
        f"{identity}.row_number",
        "info",
        "true",
        "customers have no id: the number of the row stands for it",
        "segments cannot be joined to other tables by it, and another order of the rows gives other ids",
    )


def one_customer_per_transaction(counted: str) -> Rule:
    """Return the rule that the lines of one transaction name one customer; ``counted``: the condition of its lines."""
    return Rule(
        "transactions.customer_id.varies",
        "error",
        "customer_id IS NOT NULL AND transaction_id IN (SELECT transaction_id FROM staged_transactions "
        f"WHERE {counted} GROUP BY ALL HAVING count(DISTINCT customer_id) > 1)",
        "the lines of one transaction name different customers",
        "one transaction belongs to one customer: correct the lines, or the transaction_id",
    )


REPEATED = 0.95
"""Share of the transactions of several lines whose amounts are all the same, from which on they are totals."""

BY_CHANCE = 1e-3
"""Probability with which amounts of single lines would be so much the same."""


def amount_of_lines_rules(per: str | None, counted: str) -> tuple[Rule, ...]:
    """Return the rules on amounts that several lines of one transaction have.

    Parameters
    ----------
    per : {"line", "transaction"} or None
        What the mapping says of them (`seglib.ingest.mapping.model.ColumnSource`).
    counted : str
        SQL condition of a line that counts.

    Notes
    -----
    Amounts are taken for totals if the lines of nearly every transaction have the same one. Where all lines of the
    table have one of few prices, that happens by chance: two lines drawn at random are the same with probability
    sum p^2, and n transactions all agree with this to the power of n.
    """
    lines = f"FROM staged_transactions WHERE {counted} AND amount IS NOT NULL AND transaction_id IS NOT NULL"
    several = f"SELECT transaction_id, min(amount) = max(amount) AS same {lines} GROUP BY ALL HAVING count(*) > 1"
    if per == "line":
        return ()
    if per == "transaction":
        differ = f"SELECT transaction_id FROM ({several}) WHERE NOT same"
        return (
            Rule(
                "transactions.amount.varies",
                "warning",
                f"amount IS NOT NULL AND transaction_id IN ({differ})",
                "the lines of one transaction give different amounts for all of it: the first is taken",
                "if each line has its own amount, say 'per: line' in the mapping file: then they add up",
            ),
        )
    chance = f"SELECT sum(n * n) / pow(sum(n), 2) FROM (SELECT count(*) AS n {lines} GROUP BY amount)"
    repeated = (
        f"SELECT avg(CAST(same AS INTEGER)) >= {REPEATED} AND pow(({chance}), count(*)) < {BY_CHANCE} FROM ({several})"
    )
    firsts = f"SELECT min(row_number) {lines} GROUP BY transaction_id"
    return (
        Rule(
            "transactions.amount.repeated",
            "warning",
            f"amount IS NOT NULL AND row_number NOT IN ({firsts}) AND ({repeated})",
            "amount is the same on every line of a transaction, and is added up: is it the total of all lines?",
            "if it is, say so in the mapping file: amount: {column: ..., per: transaction} counts it once; else "
            "'per: line'",
        ),
    )


def first_line_rules(counted: str) -> tuple[Rule, ...]:
    """Return the rules on what stands only on the first line of a transaction; ``counted``: the lines that count."""
    return tuple(
        Rule(
            f"transactions.{name}.first_line",
            "warning",
            f"{name} IS NULL AND transaction_id IN (SELECT transaction_id FROM staged_transactions WHERE {counted} "
            f"AND {name} IS NOT NULL)",
            f"{name} is empty, and another line of the same transaction has it: is it only on the first line?",
            f"if it is, say so in the mapping file: {name}: {{column: ..., fill: down}}",
        )
        for name in ("customer_id", "transaction_date")
    )


def rows_of_one_key_rule(table: str, column: str, source_columns: str) -> Rule:
    """Return the rule that tells of keys whose rows differ, where the mapping takes the first row of each.

    Parameters
    ----------
    table, column : str
    source_columns : str
        What the source calls the column.
    """
    return Rule(
        f"{table}.{column}.differs",
        "warning",
        "",
        f"the rows of one {key(table)} differ in {column} (column {source_columns}): the first row counts",
        "nothing to do, if the first is as good as any; else correct it at the source, or take another column",
        cells=True,
    )


def descriptor_rules(name: str, kind: str, *, words: bool) -> tuple[Rule, ...]:
    """Return the rules of a descriptor: a number that cannot be read is dropped and reported. A text is never wrong.

    Parameters
    ----------
    name : str
        Of the column.
    kind : {"number", "text"}
        How it is read: as the mapping file says, or, where it says nothing, as all of its values can be.
    words : bool
        Whether the mapping file says of a text which words mean nothing.
    """
    if kind != "number":
        return tuple(_remark_rules("customers", name, kind)) if words else ()
    return (
        _unreadable_rule(name, "a plain number such as 12.50"),
        _out_of_range_rule(name),
        *_remark_rules("customers", name, kind),
    )


def _unreadable_rule(name: str, form: str) -> Rule:
    """Return the rule of a cell of a column beyond the contract that does not have the wanted form."""
    return Rule(
        f"customers.{name}.unreadable",
        "warning",
        _has_parse_error("customers", quoted(f"{name}__unreadable")),
        f"{name} cannot be read as {form}: the value is dropped, the row stays",
        f"make it {form}, or say in the mapping file how it is written",
    )


def _out_of_range_rule(name: str) -> Rule:
    """Return the rule of a number in a column beyond the contract that is too large to be meant."""
    return Rule(
        f"customers.{name}.out_of_range",
        "warning",
        _has_parse_error("customers", quoted(f"{name}__out_of_range")),
        f"{name} lies outside of -1e12 to 1e12: the value is dropped, the row stays",
        "no customer can mean that: correct the typing error at the source",
    )


_BARE_ID = f"ltrim({alike('customer_id', ' ')}, '0')"
"""An id without leading zeros, capitals, blanks and what nobody sees."""

FAR_DAYS, FAR_TIMES, FAR_SHARE, FEWEST_DATED = 180, 3, 0.01, 20
"""Days between two days, at least; how many times that of all others; share of the transactions beyond; of so many."""

_FAR = (
    "WITH days AS (SELECT transaction_date AS day, count(*) AS n FROM transactions GROUP BY day), "
    "gaps AS (SELECT day, day - lag(day) OVER (ORDER BY day) AS gap, lag(day) OVER (ORDER BY day) AS before, "
    "sum(n) OVER (ORDER BY day DESC) AS later, sum(n) OVER (ORDER BY day) - n AS earlier, sum(n) OVER () AS total "
    "FROM days), "
    f"few AS (SELECT *, greatest(1, {FAR_SHARE} * total) AS few FROM gaps), "
    "usual AS (SELECT coalesce(max(gap), 0) AS gap FROM few WHERE later > few AND earlier > few), "
    f"far AS (SELECT * FROM few WHERE gap > {FAR_DAYS} AND gap > {FAR_TIMES} * (SELECT gap FROM usual) "
    f"AND total >= {FEWEST_DATED}) "
    "SELECT day FROM days WHERE day >= (SELECT min(day) FROM far WHERE later <= few) "
    "OR day <= (SELECT max(before) FROM far WHERE earlier <= few)"
)
"""Days that lie far from all others: few transactions are of them, or of days beyond."""

_CROSS_TABLE_RULES: tuple[Rule, ...] = (
    Rule(
        "transactions.transaction_date.before_join",
        "warning",
        "transaction_date < (SELECT c.join_date FROM customers AS c WHERE c.customer_id = t.customer_id)",
        "the transaction was made before the customer joined",
        "the row is kept and exposure starts with it; check join_date",
    ),
    Rule(
        "transactions.transaction_id.below",
        "warning",
        "row_number > 1 AND transaction_id IS NULL AND customer_id IS NULL AND transaction_date IS NULL",
        "the row names no transaction, customer and day: are they only on the first line of each transaction?",
        "if they are, say 'rows: lines' in the mapping file, and {column: ..., fill: down} of each of them",
    ),
    Rule(
        "customers.customer_id.alike",
        "warning",
        f"{_BARE_ID} IN (SELECT {_BARE_ID} FROM staged_customers GROUP BY ALL HAVING count(DISTINCT customer_id) > 1)",
        "the customer_id differs from another one by leading zeros, capitals, blanks or invisible signs only",
        "007 and 7 are two customers here, and so are ab1 and AB1; if they are one, write them alike at the source",
    ),
)

FEWEST_TO_RETURN = 20
"""Of fewer transactions nothing follows if nobody has a second one."""

NOBODY_RETURNS = Rule(
    "transactions.customer_id.once",
    "info",
    f"(SELECT count(*) >= {FEWEST_TO_RETURN} AND count(*) = count(DISTINCT customer_id) FROM transactions)",
    "no customer has more than one transaction: is customer_id the number of an order?",
    "if it is, map the column that names the person; if nobody ever comes twice, how often tells no customer from "
    "another",
)

FAR_YEARS = 10
"""Years between the first day and the next from which on the first stands for no date, such as 1970-01-01."""

_SAME_BY_CUSTOMER = (
    f"SELECT coalesce(avg(CAST(same AS INTEGER)) >= {REPEATED} AND pow((SELECT sum(n * n) / pow(sum(n), 2) FROM ("
    "SELECT count(*) AS n FROM transactions WHERE amount IS NOT NULL GROUP BY amount)), count(*)) < "
    f"{BY_CHANCE}, false) FROM (SELECT min(amount) = max(amount) AS same FROM transactions WHERE amount IS NOT NULL "
    "GROUP BY customer_id "
    "HAVING count(*) > 1)"
)
"""Whether the transactions of nearly every customer have one amount, and not because few amounts occur at all."""

_INFO_RULES: tuple[Rule, ...] = (
    NOBODY_RETURNS,
    Rule(
        "transactions.transaction_date.after_as_of",
        "info",
        "transaction_date > (SELECT as_of FROM study)",
        "the transaction was made after the day we look from",
        "such rows are invisible to this run",
    ),
    Rule(
        "transactions.transaction_date.far",
        "info",
        f"transaction_date IN ({_FAR})",
        "the day lies far from all others: is its year a typing error? Without as_of, a run looks from the last day",
        "correct it at the source; or say as_of, if it is right",
    ),
    Rule(
        "transactions.amount.of_customer",
        "info",
        f"amount IS NOT NULL AND ({_SAME_BY_CUSTOMER})",
        "every transaction of a customer has the same amount: is it a total of the customer, on every row?",
        "if it is, take the column of the single transaction; a fee that is paid every time is as it should be",
    ),
    Rule(
        "customers.join_date.far",
        "info",
        f"join_date = (SELECT min(join_date) FROM customers) AND (SELECT min(join_date) FROM customers) < (SELECT "
        f"min(join_date) FROM customers WHERE join_date > (SELECT min(join_date) FROM customers)) - {FAR_YEARS * 365}",
        f"the join_date lies more than {FAR_YEARS} years before any other: does it stand for no date?",
        "if it does, make it empty at the source",
    ),
    Rule(
        "transactions.burn_date.after_as_of",
        "info",
        "burn_date > (SELECT as_of FROM study)",
        "the coupon was used after the day we look from",
        "it counts as open: on that day nobody could know",
    ),
    Rule(
        "transactions.transaction_status.absent",
        "info",
        "NOT EXISTS (SELECT 1 FROM transactions WHERE transaction_status IS NOT NULL)",
        "no transaction has a status",
        "every transaction counts; if the source knows which ones were used, name that column in the mapping file",
    ),
    Rule(
        "transactions.burn_date.absent",
        "info",
        "transaction_status = 'burned' AND NOT EXISTS (SELECT 1 FROM transactions WHERE burn_date IS NOT NULL)",
        "the coupon is burned, and the shop records no burn dates",
        "burned counts as recorded, whatever as_of is; days to burn fall away",
    ),
    Rule(
        "transactions.transaction_status.constant",
        "info",
        "transaction_status IS NOT NULL AND (SELECT count(DISTINCT transaction_status) FROM transactions) = 1",
        "every transaction has the same status",
        "the status tells no customer from another",
    ),
    Rule(
        "transactions.coupon_name.unique",
        "info",
        "coupon_name IS NOT NULL AND coupon_name NOT IN (SELECT coupon_name FROM transactions"
        " WHERE coupon_name IS NOT NULL GROUP BY ALL HAVING count(*) > 1)",
        "the coupon_name occurs once only",
        "if this holds for every row, names say nothing about behaviour and usage frequency is a count of rows",
    ),
    Rule(
        "customers.customer_id.single",
        "info",
        "(SELECT count(*) FROM customers) = 1",
        "the shop has one customer only",
        "there is nothing to segment",
    ),
    Rule(
        "customers.customer_id.mixed",
        "info",
        "NOT regexp_full_match(customer_id, '[0-9]+') AND "
        "EXISTS (SELECT 1 FROM customers WHERE regexp_full_match(customer_id, '[0-9]+'))",
        "the customer_id is no number while others are",
        "ids are text, so nothing is lost; check that two systems were not mixed",
    ),
    Rule(
        "customers.gender_id.constant",
        "info",
        "(SELECT count(DISTINCT gender_id) FROM customers) = 1",
        "every customer whose gender is known has the same",
        "gender tells no customer from another",
    ),
    Rule(
        "customers.city_id.constant",
        "info",
        "(SELECT count(DISTINCT city_id) FROM customers) = 1",
        "every customer whose place is known lives in the same",
        "the place tells no customer from another",
    ),
    Rule(
        "customers.join_date.after_as_of",
        "info",
        "join_date > (SELECT as_of FROM study)",
        "the customer joined after the day we look from",
        "not there yet on that day: neither described nor listed",
    ),
    Rule(
        "customers.customer_id.no_transaction",
        "info",
        "(SELECT as_of FROM study) IS NOT NULL AND (join_date IS NULL OR join_date <= (SELECT as_of FROM study)) AND"
        " customer_id NOT IN (SELECT DISTINCT customer_id FROM transactions, study WHERE transaction_date <= as_of)",
        "the customer has no transaction by the day we look from",
        "listed, not clustered: there is no behaviour to describe",
    ),
    Rule(
        "merchants.merchant_id.unused",
        "info",
        "(SELECT as_of FROM study) IS NOT NULL AND"
        " merchant_id NOT IN (SELECT merchant_id FROM branches WHERE merchant_id IS NOT NULL"
        " AND branch_id IN (SELECT DISTINCT branch_id FROM transactions))",
        "the merchant has no transaction",
        "nothing to do",
    ),
)


def _rules() -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for table, schema in TABLES.items():
        for name, column in schema.columns.items():
            rules += _column_rules(table, name, column)
            if kind(column) in REMARKED_KINDS:
                rules += _remark_rules(table, name, kind(column))
        rules += [
            _reference_rule(table, name, column)
            for name, column in schema.columns.items()
            if column.metadata["refers_to"]
        ]
        rules += [_row_rule(table, check) for check in schema.checks]
        rules += [rule for rule in _CROSS_TABLE_RULES if rule.table == table]
        rules += _text_rules(table)
    return (*rules, *_INFO_RULES)


RULES: tuple[Rule, ...] = _rules()
"""Every rule, in the order in which they are listed."""
