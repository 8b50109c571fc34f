"""Display an SQL statement."""

from __future__ import annotations

from IPython.display import Markdown, display


def sql(statement: str, *, applies: bool = True) -> None:
    """Display an SQL statement as code.

    Parameters
    ----------
    statement : str
        It is only shown, not run.
    applies : bool, default=True
        As in `seglib.display.say`.
    """
    options = {} if applies else {"metadata": {"applies": False}}
    display(Markdown(f"```sql\n{statement.strip()}\n```"), **options)
