"""The page that compares the runs of a batch: what they share, how they differ, and the outcome of each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seglib.credentials import without_folder
from seglib.report.render import render
from seglib.run import write_whole
from seglib.schema.records import RunRecord
from seglib.style import join_words, shortened

STATUSES = {"done": "done", "failed": "failed", "refused": "refused", "not yet": "not made yet"}
"""The outcomes of an entry, and how they are written."""


@dataclass(frozen=True)
class Outcome:
    """What became of one entry of a batch.

    Attributes
    ----------
    entry, run : str
        Its name in the file, and the name of its run.
    given : sequence of str
        Names of the parameters of its own section.
    status : {"done", "refused", "failed", "not yet"}
    seconds : float or None
    notebook : str or None
        Which one stopped.
    message : str
        Why it stopped.
    failed_page, earlier : bool
        Whether there is a page that explains why, and an earlier report of that name.
    parameters : mapping of str to Any
        All of them.
    record : RunRecord or None
        None if it is not done.
    """

    entry: str
    run: str
    given: Sequence[str]
    status: str
    seconds: float | None
    notebook: str | None
    message: str
    failed_page: bool
    earlier: bool
    parameters: Mapping[str, Any]
    record: RunRecord | None


def build_batch(folder: Path, name: str, entries: Sequence[Outcome], *, helps: Mapping[str, str], started: str) -> Path:
    """Write ``<name>.html`` beside the reports that it compares, and ``<name>.json``, the same for machines.

    Parameters
    ----------
    folder : Path
        That of all reports.
    name : str
        Of the batch.
    entries : sequence of Outcome
    helps : mapping of str to str
        What every parameter means.
    started : str
        When, in UTC.

    Returns
    -------
    Path
        The page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    differ = differing([entry.parameters for entry in entries])
    same = {n: _value(n, v) for n, v in entries[0].parameters.items() if n not in (*differ, "run")}
    meanings = {entry.record.verdict.structure: entry.record.verdict.meaning for entry in entries if entry.record}
    page = folder / f"{name}.html"
    text = render(
        "batch.html.j2",
        name=name,
        entries=[_shown(entry, differ) for entry in entries],
        differ=differ,
        same=same,
        started=started,
        lead=_lead(entries, same, differ),
        helps={n: _short(text) for n, text in helps.items()},
        meanings=meanings,
    )
    write_whole(page, text)
    runs = [
        {
            "entry": entry.entry,
            "run": entry.run,
            "status": entry.status,
            "seconds": entry.seconds,
            "notebook": entry.notebook,
            "message": entry.message,
            "differences": {n: without_folder(n, entry.parameters.get(n)) for n in differ},
        }
        for entry in entries
    ]
    machine = {"batch": name, "started_utc": started, "differ": differ, "runs": runs}
    write_whole(folder / f"{name}.json", json.dumps(machine, indent=2, ensure_ascii=False) + "\n")
    return page


def differing(parameters: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the parameters that are not the same everywhere, in the order of the notebooks.

    Examples
    --------
    >>> differing([{"run": "a", "k": 3, "seed": 0}, {"run": "b", "k": None, "seed": 0}])
    ['k']
    """
    names = dict.fromkeys(name for values in parameters for name in values)
    return [n for n in names if n != "run" and any(v.get(n) != parameters[0].get(n) for v in parameters)]


def _shown(entry: Outcome, differ: Sequence[str]) -> dict[str, Any]:
    """Return what the page shows of an entry: its outcome, and the values of parameters as texts."""
    return {
        **vars(entry),
        "differing": {n: _value(n, entry.parameters.get(n)) for n in differ},
        "given": {n: _value(n, entry.parameters.get(n)) for n in entry.given},
        "aligned": entry.parameters.get("align_to"),
    }


def _lead(entries: Sequence[Outcome], same: Mapping[str, str], differ: Sequence[str]) -> str:
    """Say in a few words what there is."""
    source = f"Source {same['source']}" if same.get("source") else "Several sources"
    counts = {status: sum(entry.status == status for entry in entries) for status in STATUSES}
    outcomes = join_words([f"{n} {STATUSES[status]}" for status, n in counts.items() if n])
    differences = f" They differ in {shortened(differ, 6)}." if differ else ""
    reports = "1 report" if len(entries) == 1 else f"{len(entries)} reports"
    return f"{source}: {reports}, {outcomes}.{differences}"


def _short(text: str) -> str:
    """Return what a parameter means, without its default and its choices."""
    return text.split(";")[0].split("(one of")[0].strip()


def _value(name: str, value: Any) -> str:
    """Write the value of a parameter."""
    value = without_folder(name, value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
