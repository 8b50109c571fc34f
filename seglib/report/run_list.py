"""``reports/index.html``: all runs, newest first, each with its outcome."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from filelock import FileLock, Timeout

from seglib.report.failed import describe_error
from seglib.report.render import render
from seglib.run import read_json, write_whole

PATIENCE = 10
"""Seconds to wait for another run that writes the list at the same moment."""

FILES = (("index.html", "Report"), ("summary.html", "One page"), ("summary.pdf", "PDF"))
"""Files by which a finished run is linked, if they are there, and the texts of these links."""

_EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Attempt:
    """An attempt that failed: when, refused or failed, in which notebook, and what it said first."""

    when: dt.datetime
    status: str
    notebook: str
    message: str


@dataclass(frozen=True)
class Good:
    """What a finished run found."""

    when: dt.datetime
    customers: int
    k: int
    structure: str
    useful: str
    headline: str
    seconds: float


@dataclass(frozen=True)
class Listed:
    """One run of the list: its last good report, its newest attempt if that failed, or both."""

    name: str
    source: str
    recipe: str
    batch: str
    good: Good | None
    failed: Attempt | None
    links: tuple[tuple[str, str], ...]

    @property
    def when(self) -> dt.datetime:
        """When its newest attempt was made."""
        return max(attempt.when for attempt in (self.good, self.failed) if attempt)


@dataclass(frozen=True)
class Group:
    """Runs of one batch, newest first, or those of none; ``link`` is the page of the batch, if there is one."""

    batch: str
    link: str
    runs: list[Listed]


def write_runs(home: Path) -> Path | None:
    """Write ``reports/index.html`` from what lies in the folders beside it; an earlier one is replaced.

    Two runs that end at the same time take turns, so that the later one sees both. What is in the way (a full disk, a
    file that is open elsewhere) stops no run: the list is written again by the next one.

    Parameters
    ----------
    home : Path
        The folder that holds ``reports`` (`seglib.run.home`).

    Returns
    -------
    Path or None
        The page; None if it could not be written.
    """
    reports, locks = home / "reports", home / ".building"
    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
        locks.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(Timeout):  # a list that lacks one run is better than no list
            stack.enter_context(FileLock(locks / ".runs.lock", timeout=PATIENCE))  # no run has a name with a dot
        runs = list_runs(reports)
        newest = max((run.when for run in runs), default=None)
        page = render("runs.html.j2", groups=group_by_batch(runs, reports), runs=runs, newest=newest)
        return write_whole(reports / "index.html", page)
    return None


def list_runs(reports: Path) -> list[Listed]:
    """Return the runs in a folder, newest first; what is no run, or cannot be read, is left out."""
    folders = [path for path in reports.iterdir() if path.is_dir()] if reports.is_dir() else []
    runs = [run for folder in folders if (run := _listed(folder))]
    return sorted(runs, key=lambda run: (run.when, run.name), reverse=True)


def group_by_batch(runs: Iterable[Listed], reports: Path) -> list[Group]:
    """Put the runs of every batch together, in the order of their newest run."""
    by_batch: dict[str, list[Listed]] = {}
    for run in runs:
        by_batch.setdefault(run.batch, []).append(run)
    return [
        Group(batch, quote(f"{batch}.html") if batch and (reports / f"{batch}.html").is_file() else "", members)
        for batch, members in by_batch.items()
    ]


def _listed(folder: Path) -> Listed | None:
    record, attempt = read_json(folder / "run.json"), read_json(folder / "failed.json")
    good, failed = _good(record), _attempt(attempt)
    if not (good or failed):
        return None
    newest = attempt if failed else record
    place = quote(folder.name, errors="surrogateescape")
    links = [(f"{place}/{file}", label) for file, label in FILES if good and (folder / file).is_file()]
    if failed and (folder / "failed.html").is_file():
        links.append((f"{place}/failed.html", "What happened"))
    batch = _text(newest.get("batch"))
    return Listed(
        name=folder.name,
        source=_text(newest.get("source")).rpartition("/")[2] or _text(record.get("source")),
        recipe=_text(newest.get("recipe")),
        batch=batch if not set(batch) & set("/\\") else "",
        good=good,
        failed=failed,
        links=tuple(links),
    )


def _good(record: dict) -> Good | None:
    """Return what run.json says; what an older version did not write yet is left empty."""
    if record.get("status") != "done":
        return None
    verdict = record.get("verdict")
    verdict = verdict if isinstance(verdict, dict) else {}
    try:
        return Good(
            when=_when(record.get("started_utc")),
            customers=int(record["customers"]),
            k=int(record["k"]),
            structure=_text(verdict.get("structure")),
            useful=_text(verdict.get("useful")),
            headline=_text(verdict.get("headline")),
            seconds=_total(record.get("durations_s")),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _attempt(record: dict) -> Attempt | None:
    """Return what failed.json says."""
    if record.get("status") not in ("failed", "refused"):
        return None
    error = record.get("error")
    error = error if isinstance(error, dict) else {}
    text = describe_error({part: _text(error.get(part)) for part in ("name", "message")})
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return Attempt(_when(record.get("failed_utc")), record["status"], _text(record.get("notebook")), first)


def _when(value: Any) -> dt.datetime:
    """Return a point in time; the earliest possible one if it cannot be read, so that it comes last."""
    try:
        when = dt.datetime.fromisoformat(value)
        return (when if when.tzinfo else when.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (TypeError, ValueError, OverflowError):
        return _EARLIEST


def _total(seconds: Any) -> float:
    """Sum up seconds by notebook; what is no plausible number counts nothing."""
    numbers = seconds.values() if isinstance(seconds, dict) else []
    return float(sum(s for s in numbers if isinstance(s, int | float) and 0 < s < 1e9))


def _text(value: Any) -> str:
    """Return a text, and an empty one for anything else."""
    return value if isinstance(value, str) else ""
