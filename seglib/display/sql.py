"""Display an SQL statement."""

from __future__ import annotations

from IPython.display import Markdown, display


def sql(statement: str) -> None:
    """Display an SQL statement as code.

    Parameters
    ----------
    statement : str
        It is only shown, not run.
    """
    display(Markdown(f"```sql\n{statement.strip()}\n```"))
