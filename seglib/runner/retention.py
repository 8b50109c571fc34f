"""Which runs there are, and how many of them stay: the oldest go, and never the last good one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from seglib.errors import MachineFailed, ParameterRefused
from seglib.report.batch import unlink_removed
from seglib.report.run_list import Listed, list_runs, write_runs
from seglib.run import DRAFT, STAGES, Run, holding, home, reason

ALL = "*"
"""The pattern of all names."""


@dataclass(frozen=True)
class Retention:
    """What became of the runs when the oldest were to go.

    Attributes
    ----------
    kept : list of str
        The newest, and the last good one.
    removed : list of str
        The oldest first.
    left : dict of str to str
        Runs that should have gone, and why they are still there.
    """

    kept: list[str]
    removed: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """One line for each run that is not among the newest."""
        return [f"{name}: removed" for name in self.removed] + [f"{n}: left, {why}" for n, why in self.left.items()]


def runs_named(pattern: str = ALL) -> list[Listed]:
    """Return the runs whose name fits a pattern (``monthly-*``), the newest first."""
    return [run for run in list_runs(home() / "reports") if fnmatchcase(run.name, pattern)]


def as_json(runs: Sequence[Listed]) -> list[dict[str, Any]]:
    """Return runs for machines: run, status of the last attempt, when, batch, source; of a good one what it says."""
    content = []
    for run in runs:
        entry: dict[str, Any] = {"run": run.name, "status": run.failed.status if run.failed else "done"}
        entry |= {"when_utc": run.when.isoformat(timespec="seconds"), "batch": run.batch or None, "source": run.source}
        if run.good:
            good = run.good
            entry["report"] = {
                "when_utc": good.when.isoformat(timespec="seconds"),
                "customers": good.customers,
                "k": good.k,
                "structure": good.structure,
                "useful": good.useful,
            }
        if run.failed:
            entry["error"] = {"notebook": run.failed.notebook or None, "message": run.failed.message}
        content.append(entry)
    return content


def as_text(runs: Sequence[Listed]) -> list[str]:
    """Return one line for each run."""
    lines = []
    for run in runs:
        parts = [run.name, f"{run.when:%Y-%m-%d %H:%M} UTC"]
        if run.failed:
            parts.append(f"{run.failed.status}{' in ' + run.failed.notebook if run.failed.notebook else ''}")
        if run.good:
            parts.append(f"{run.good.customers:,} customers in {run.good.k} segments, {run.good.structure}")
        lines.append("  ".join(parts))
    return lines


def keep_newest(n: int, pattern: str = ALL, *, dry: bool = False) -> Retention:
    """Remove the oldest runs, data and report, so that so many stay.

    The last run with a good report stays, however old it is. So does one that is being built, and one with a draft of
    notebooks that were run by hand, which nobody has published yet.

    Parameters
    ----------
    n : int
        How many stay: those whose last attempt is newest.
    pattern : str
        Which runs are meant, by their names; all others are left alone.
    dry : bool, default=False
        Only say what would be removed.

    Returns
    -------
    Retention

    Raises
    ------
    ParameterRefused
        If not even one shall stay.
    MachineFailed
        If a folder cannot be removed.
    """
    if n < 1:
        raise ParameterRefused(f"keep is a number from 1 on, not {n}", parameter="keep")
    runs = runs_named(pattern)
    last_good = next((run.name for run in runs if run.good), None)
    kept = [run.name for place, run in enumerate(runs) if place < n or run.name == last_good]
    result = Retention(kept)
    for run in reversed(runs):
        if run.name in kept:
            continue
        if _has_draft(run.name):
            result.left[run.name] = "because notebooks were run by hand in it: seglib report publishes them"
            continue
        with holding(home(), run.name) as held:
            if not held:
                result.left[run.name] = "because another process builds it"
                continue
            if not dry:
                _remove(run.name)
            result.removed.append(run.name)
    if result.removed and not dry:
        unlink_removed(home() / "reports", result.removed)
        write_runs(home())
    return result


def _has_draft(name: str) -> bool:
    """Say whether notebooks of a run were run by hand since its last report."""
    return (home() / "reports" / f"{name}{DRAFT}").exists()


def _remove(name: str) -> None:
    """Remove a run: moved aside as a whole first, so that a kill leaves nothing that looks like one."""
    run, aside = Run(name), home() / STAGES / name
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True, exist_ok=True)
        for place, folder in enumerate((run.report_dir, run.data_dir)):
            with suppress(FileNotFoundError):
                folder.rename(aside / f"removed-{place}")
        shutil.rmtree(aside)
    except OSError as error:
        raise MachineFailed(
            f"run '{name}' cannot be removed ({reason(error)}): mend that, and give the command again"
        ) from None
