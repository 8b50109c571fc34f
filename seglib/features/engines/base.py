"""What an engine does: it runs SQL, written in DuckDB's dialect, where the canonical tables can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd


class Engine(Protocol):
    """Runs SQL, written in DuckDB's dialect, where the canonical tables can be seen.

    Attributes
    ----------
    name : str
    text : str
        Where the statements run, and why there.
    """

    name: str
    text: str

    def keep(self, name: str, sql: str) -> None:
        """Let later statements see the rows of a SELECT under a name; it takes the place of an earlier one."""

    def frame(self, sql: str) -> pd.DataFrame:
        """Return the rows of a SELECT."""
