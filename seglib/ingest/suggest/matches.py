"""What a canonical table may be made from: the source's table, its columns, and what of it is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seglib.ingest.suggest.values import Guess, SourceTable


@dataclass(frozen=True)
class Exclusion:
    """Rows that had better be left out: name, column and test as in a mapping file; and why, if it is not sure.

    Several values are a tuple.
    """

    name: str
    column: str
    test: str
    value: str | tuple[str, ...]
    doubt: str = ""


@dataclass(frozen=True)
class TableMatch:
    """What a canonical table is made from.

    Attributes
    ----------
    table : str
        Canonical.
    source : SourceTable
    guesses : mapping of str to Guess
        By canonical column.
    rows : {"as_is", "distinct", "lines"}
        As in a mapping file.
    left_out : tuple of Exclusion
    """

    table: str
    source: SourceTable
    guesses: Mapping[str, Guess]
    rows: str = "as_is"
    left_out: tuple[Exclusion, ...] = ()

    def sure(self, column: str) -> str | None:
        """Return the source's column for a canonical match, if it is sure."""
        guess = self.guesses.get(column)
        return guess.names[0] if guess and guess.names and not guess.doubt else None

    @property
    def named(self) -> set[str]:
        """The source's columns that mean something, surely or not."""
        return {name for guess in self.guesses.values() for name in guess.names}

    @property
    def used(self) -> set[str]:
        """The source's columns that surely mean something."""
        return {name for guess in self.guesses.values() if not guess.doubt for name in guess.names}
