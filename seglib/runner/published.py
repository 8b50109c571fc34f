"""What a published run has for a campaign: its lists, and how they were made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seglib.errors import ParameterRefused
from seglib.run import Run, home, refuse_missing_run
from seglib.schema.campaign_records import ListsRecord

if TYPE_CHECKING:
    import duckdb


def published_lists(name: str) -> tuple[Path, ListsRecord]:
    """Return the folder of the lists of a run, and how they were made.

    Raises
    ------
    ParameterRefused
        If there is no such run.
    InputRefused
        If it has no lists yet.
    """
    refuse_missing_run(name)
    run = Run(name)
    return run.published("audience"), run.read("lists")


def tables_of(name: str) -> tuple[duckdb.DuckDBPyConnection, str]:
    """Return the tables of a run, and what a transaction is called there."""
    run = Run(name)
    return run.connect(), run.read("shop").wording


def refuse_inside(out: Path) -> None:
    """Refuse to write a file with addresses among artefacts and reports, which are copied and published.

    Raises
    ------
    ParameterRefused
    """
    place = out.resolve()
    for folder in (home() / "data", home() / "reports"):
        if place.is_relative_to(folder.resolve()):
            raise ParameterRefused(
                f"'{out}' lies in {folder.name}/, whose files are published or passed on: give another place",
                parameter="out",
            )
