"""A checked mapping file as dataclasses: where each canonical table, column and value comes from.

`seglib.ingest.mapping.file` reads one from a file; `seglib.ingest.contract.loading` and
`seglib.ingest.contract.parsing` act on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from seglib.schema.records import VariableRecord
from seglib.schema.tables import needed
from seglib.style import join_words, shortened

IDS_SHOWN = 5
"""Ids that a sentence names."""

Rows = Literal["as_is", "distinct", "lines"]
VariableKind = Literal["numeric", "binary", "nominal"]
VariableScaling = Literal["standard", "robust", "none"]

TESTS = ("starts_with", "ends_with", "contains", "is", "empty")
"""The conditions on a column by which a mapping can leave rows out."""

LISTS = ("ids", "file")
"""The ways to leave rows out by their id: the ids themselves, or a file that lists them."""


@dataclass(frozen=True)
class Formats:
    """How dates and numbers are written, and in which time zone.

    Attributes
    ----------
    dates : tuple of str
        As in ``strftime``; ``excel`` for serial numbers, ``unix`` for seconds (or thousandths) since 1970. ISO dates
        are always read.
    decimal, thousands : str
        The separators in a number that is text; empty: they are found out from the values.
    time_zone, times_are_in : str
        IANA names; empty: no moment is moved to another time zone.
    nothing : tuple of str, optional
        Words that stand where there is no value, whatever their case, in columns of every kind; None:
        those of `seglib.ingest.contract.nothing`, by the kind of the column. A number among them is that number however
        it is written: 99 is 99,0.
    """

    dates: tuple[str, ...] = ()
    decimal: str = ""
    thousands: str = ""
    time_zone: str = ""
    times_are_in: str = ""
    nothing: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ColumnSource:
    """Where the values of one canonical column come from.

    Attributes
    ----------
    columns : tuple of str
        The source's column; several are multiplied; if empty, ``constant`` is the value of every row.
    constant, default : str, optional
        Value of every row; value of the rows that have none.
    values : mapping of str to str
        Translation of single values, whatever their case.
    formats : Formats, optional
        Where this column is written differently from the others.
    kind : str, optional
        Of a column beyond the contract; None: it is found out from the values.
    row_number : bool
        Whether the number of the row is the value: a key for rows that have no id.
    contains : str
        Of an answer of yes or no: the answer that is looked for in cells that hold several.
    fill_down : bool
        Whether an empty cell has the value of the row above; among the lines of a transaction, of the line above.
    per : {"line", "transaction"}, optional
        Of an amount on several lines: whether each has its own, and they add up, or all repeat that of the transaction,
        and it counts once. None: nothing was said, and they add up.
    unit : str
        Of an amount: the currency; empty where the mapping says none.
    """

    columns: tuple[str, ...] = ()
    constant: str | None = None
    default: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    formats: Formats | None = None
    kind: Literal["number", "binary", "text"] | None = None
    row_number: bool = False
    contains: str = ""
    fill_down: bool = False
    per: Literal["line", "transaction"] | None = None
    unit: str = ""


@dataclass(frozen=True)
class Variable:
    """A column of the customers table that segments are built by, because the analyst says so.

    Attributes
    ----------
    origin : ColumnSource
        Where its values come from.
    kind : {"numeric", "binary", "nominal"}
        A binary variable is read as 0 or 1, a nominal one is a name.
    unit : str
        Empty where the mapping says none.
    log : bool
        Whether differences are judged on the scale of log(1 + x).
    weight : float
        How much it counts; differences are multiplied by it.
    scaling : {"standard", "robust", "none"}, optional
        Its own scale; None: that of the run. A nominal variable has none.
    """

    origin: ColumnSource
    kind: VariableKind
    unit: str = ""
    log: bool = False
    weight: float = 1.0
    scaling: VariableScaling | None = None

    @property
    def record(self) -> VariableRecord:
        """What later notebooks need to know of it."""
        return VariableRecord(self.kind, self.unit, self.log, self.weight, self.scaling)


@dataclass(frozen=True)
class Exclusion:
    """Rows that the mapping leaves out: those whose ``column`` passes ``test`` with one of ``values``.

    Where ``test`` is one of `LISTS`, there is no column: rows are left out by their id. ``values`` are then the ids, or
    the path of the file that lists them.
    """

    name: str
    column: str
    test: str
    values: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What is left out, in words."""
        if self.test == "file":
            return f"the id is in the list '{Path(self.values[0]).name}'"
        if self.test == "ids":
            ids = [f"'{value}'" for value in self.values]
            return f"the id is {shortened(ids, IDS_SHOWN, last='or')}"
        if self.test == "empty":
            return f"{self.column} is empty"
        values = join_words([f"'{value}'" for value in self.values], last="or")
        return f"{self.column} {test_in_words(self.test)} {values}"


def test_in_words(test: str) -> str:
    """Write one of `TESTS` as words."""
    return test.replace("_", " ")


@dataclass(frozen=True)
class TableMapping:
    """What one canonical table is made from.

    Attributes
    ----------
    sources : tuple of str
        The source's table; several with the same columns are one below the other; a name with * or ? that no table has
        is a pattern. Empty: it has the canonical name.
    rows : {"as_is", "distinct", "lines"}
        Whether every row counts, the first row of each key, or several rows are the lines of one.
    columns : mapping of str to ColumnSource
        By canonical name; what is not there goes by the canonical name.
    without : frozenset of str
        Columns that have the canonical name and are not used all the same.
    header_row : int, optional
        Line or row of the file that has the names; 0: none has.
    segment_by : mapping of str to Variable
        Columns beyond the contract that segments are built by.
    descriptors : mapping of str to ColumnSource
        Columns beyond the contract that only describe customers.
    leave_out : tuple of Exclusion
        Rows that the analyst does not want.
    """

    sources: tuple[str, ...] = ()
    rows: Rows = "as_is"
    columns: Mapping[str, ColumnSource] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    header_row: int | None = None
    segment_by: Mapping[str, Variable] = field(default_factory=dict)
    descriptors: Mapping[str, ColumnSource] = field(default_factory=dict)
    leave_out: tuple[Exclusion, ...] = ()

    @property
    def source(self) -> str | None:
        """The first of its sources, as the mapping names it; None: the canonical name."""
        return self.sources[0] if self.sources else None

    @property
    def added(self) -> dict[str, ColumnSource]:
        """The columns beyond the contract: the variables to segment by, then the descriptors."""
        return {name: variable.origin for name, variable in self.segment_by.items()} | dict(self.descriptors)


@dataclass(frozen=True)
class ShopMapping:
    """A mapping file after its content was checked.

    Attributes
    ----------
    tables : mapping of str to TableMapping
        By canonical name.
    formats : Formats
        How dates and numbers are written, unless a column says otherwise.
    csv : mapping of str to str
        ``delimiter``, ``encoding`` and ``header_row`` of CSV files.
    as_of : str, optional
        The day on which the shop is looked at, unless the run says otherwise.
    """

    tables: Mapping[str, TableMapping] = field(default_factory=dict)
    formats: Formats = Formats()
    csv: Mapping[str, str] = field(default_factory=dict)
    as_of: str | None = None

    def table(self, name: str) -> TableMapping:
        """Return what the mapping says about a canonical table; an empty `TableMapping` if nothing."""
        return self.tables.get(name, TableMapping())

    @property
    def header_rows(self) -> dict[str, int]:
        """The row that has the names, by the source's table."""
        return {
            source: table.header_row
            for name, table in self.tables.items()
            if table.header_row is not None
            for source in table.sources or (name,)
        }

    @property
    def variables(self) -> Mapping[str, Variable]:
        """The variables that segments are built by, beside or instead of what customers do."""
        return self.table("customers").segment_by

    def needs(self, name: str) -> bool:
        """Say whether the shop must have a table; with variables to segment by, transactions are optional."""
        return needed(name) and not (name == "transactions" and self.variables and name not in self.tables)
