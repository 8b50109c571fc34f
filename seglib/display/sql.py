"""Display an SQL statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.display import Markdown, display

if TYPE_CHECKING:
    pass


def sql(statement: str) -> None:
    """Display an SQL statement."""
    display(Markdown(f"```sql\n{statement.strip()}\n```"))
