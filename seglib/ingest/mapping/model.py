"""What a shop's own tables, columns and values are called here, once it is known: a `ShopMapping`.

`seglib.ingest.mapping.file` reads one from a file; `seglib.ingest.contract.loading` and
`seglib.ingest.contract.parsing` act on it.
"""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from typing import Literal

from seglib.schema.records import VariableRecord
from seglib.schema.tables import needed
from seglib.style import join_words

Rows = Literal["as_is", "distinct", "lines"]
VariableKind = Literal["numeric", "binary", "nominal"]

TESTS = ("starts_with", "ends_with", "contains", "is", "empty")
"""How a row can be told that the mapping leaves out."""


@dataclass(frozen=True)
class Formats:
    """How dates and numbers are written, and on which clock.

    Attributes
    ----------
    dates : tuple of str
        As in ``strftime``, or ``excel``; ISO dates are always read.
    decimal, thousands : str
        The signs in a number that is text.
    time_zone, times_are_in : str
        IANA names; empty: no moment is moved to another clock.
    """

    dates: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""
    time_zone: str = ""
    times_are_in: str = ""


@dataclass(frozen=True)
class ColumnSource:
    """Where the values of one canonical column come from.

    Attributes
    ----------
    columns : tuple of str
        The source's column; several are multiplied; none: ``constant`` is the value of every row.
    constant, default : str, optional
        Value of every row; value of the rows that have none.
    values : mapping of str to str
        Translation of single values, whatever their case.
    formats : Formats, optional
        Where this column is written differently from the others.
    kind : str, optional
        Of a column beyond the contract: number, binary or text; None: whatever its values are.
    row_number : bool
        Whether the number of the row is the value: a key for rows that have none.
    """

    columns: tuple[str, ...] = ()
    constant: str | None = None
    default: str | None = None
    values: AnyMapping[str, str] = field(default_factory=dict)
    formats: Formats | None = None
    kind: Literal["number", "binary", "text"] | None = None
    row_number: bool = False


@dataclass(frozen=True)
class Variable:
    """A column of the customers that segments are built by, because the analyst says so.

    Attributes
    ----------
    origin : Origin
    kind : {"numeric", "binary", "nominal"}
        A binary variable is read as 0 or 1, a nominal one is a name.
    unit : str
        Empty where the mapping says none.
    log : bool
        Whether differences are judged on the scale of log(1 + x).
    """

    origin: ColumnSource
    kind: VariableKind
    unit: str = ""
    log: bool = False

    @property
    def record(self) -> VariableRecord:
        """What later notebooks need to know of it."""
        return VariableRecord(self.kind, self.unit, self.log)


@dataclass(frozen=True)
class Choice:
    """Rows that the mapping leaves out: those whose ``column`` passes ``test`` with one of ``values``."""

    name: str
    column: str
    test: str
    values: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What is left out, in words."""
        said = join_words([f"'{value}'" for value in self.values], last="or")
        return f"{self.column} is empty" if self.test == "empty" else f"{self.column} {plain_test(self.test)} {said}"


def plain_test(test: str) -> str:
    """Write a test as words."""
    return test.replace("_", " ")


@dataclass(frozen=True)
class TableMapping:
    """What one canonical table is made from."""

    source: str | None = None
    rows: Rows = "as_is"
    columns: AnyMapping[str, ColumnSource] = field(default_factory=dict)
    segment_by: AnyMapping[str, Variable] = field(default_factory=dict)
    descriptors: AnyMapping[str, ColumnSource] = field(default_factory=dict)
    leave_out: tuple[Choice, ...] = ()

    @property
    def added(self) -> dict[str, ColumnSource]:
        """The columns beyond the contract: the variables to segment by, then the descriptors."""
        return {name: variable.origin for name, variable in self.segment_by.items()} | dict(self.descriptors)


@dataclass(frozen=True)
class ShopMapping:
    """A mapping file, checked."""

    tables: AnyMapping[str, TableMapping] = field(default_factory=dict)
    formats: Formats = Formats()
    csv: AnyMapping[str, str] = field(default_factory=dict)
    as_of: str | None = None

    def table(self, name: str) -> TableMapping:
        """Return what is said about a canonical table."""
        return self.tables.get(name, TableMapping())

    @property
    def variables(self) -> AnyMapping[str, Variable]:
        """What the analyst segments by, beside or instead of what customers do."""
        return self.table("customers").segment_by

    def needs(self, name: str) -> bool:
        """Say whether the shop must have a table: who names variables to segment by needs no transactions."""
        return needed(name) and not (name == "transactions" and self.variables and name not in self.tables)
