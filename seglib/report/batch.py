"""The page that compares the runs of a batch: what they share, in what they differ, and what came of each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seglib.credentials import without_folder
from seglib.report.render import render
from seglib.style import join_words, shortened

STRUCTURE = {
    "natural": "the data fall into groups by themselves",
    "reproducible": "the segments come back, but where one ends is a choice",
    "constructed": "the method made them: other customers like these would be cut elsewhere",
}
"""What the first half of a verdict says, in a few words."""


def build_batch(
    folder: Path, name: str, entries: Sequence[Mapping[str, Any]], *, helps: Mapping[str, str], started: str
) -> Path:
    """Write ``<name>.html`` beside the reports that it compares, and ``<name>.json``, the same for machines.

    Parameters
    ----------
    folder : Path
        That of all reports.
    name : str
        Of the batch.
    entries : sequence of mapping
        entry, said (the parameters of its own section), run, status (done, refused, failed, not yet), seconds,
        notebook, message, failed_page and earlier (whether these pages are there), parameters, record (``run.json``;
        empty if it is not done).
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
    differ = differing([entry["parameters"] for entry in entries])
    same = {n: _value(n, v) for n, v in entries[0]["parameters"].items() if n not in (*differ, "run")}
    told = [
        {
            **entry,
            "own": {n: _value(n, entry["parameters"].get(n)) for n in differ},
            "said": {n: _value(n, entry["parameters"].get(n)) for n in entry["said"]},
            "aligned": entry["parameters"].get("align_to"),
        }
        for entry in entries
    ]
    page = folder / f"{name}.html"
    text = render(
        "batch.html.j2", name=name, entries=told, differ=differ, same=same, started=started, structure=STRUCTURE,
        lead=_lead(told, same, differ), helps={n: _short(said) for n, said in helps.items()},
        verdicts=[s for s in STRUCTURE if any(e["record"] and e["record"]["verdict"]["structure"] == s for e in told)],
    )  # fmt: skip
    page.write_text(text, encoding="utf-8")
    kept = ("entry", "run", "status", "seconds", "notebook", "message")
    apart = [{n: without_folder(n, entry["parameters"].get(n)) for n in differ} for entry in told]
    runs = [{k: e[k] for k in kept} | {"differences": own} for e, own in zip(told, apart, strict=True)]
    machine = {"batch": name, "started_utc": started, "differ": differ, "runs": runs}
    (folder / f"{name}.json").write_text(json.dumps(machine, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
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


def _lead(entries: Sequence[Mapping[str, Any]], same: Mapping[str, str], differ: Sequence[str]) -> str:
    """Say in a few words what there is."""
    source = f"Source {same['source']}" if same.get("source") else "Several sources"
    said = {"done": "done", "failed": "failed", "refused": "refused", "not yet": "not made yet"}
    counts = {status: sum(entry["status"] == status for entry in entries) for status in said}
    what = join_words([f"{n} {said[status]}" for status, n in counts.items() if n])
    apart = f" They differ in {shortened(differ, 6)}." if differ else ""
    return f"{source}: {len(entries)} report{'s' * (len(entries) != 1)}, {what}.{apart}"


def _short(said: str) -> str:
    """Cut from what a parameter means its default and its choices."""
    return said.split(";")[0].split("(one of")[0].strip()


def _value(name: str, value: Any) -> str:
    """Write the value of a parameter."""
    value = without_folder(name, value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
