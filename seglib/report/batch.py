"""The page that compares the runs of a batch: what they share, how they differ, and the outcome of each."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nbformat
from bs4 import BeautifulSoup
from markupsafe import Markup

from seglib.credentials import without_folder
from seglib.report.figures import figure_named
from seglib.report.render import render
from seglib.run import read_json, write_whole
from seglib.schema.comparison_records import ComparisonRecord, TrendRecord
from seglib.schema.records import RunRecord
from seglib.style import join_words, shortened

MONITORING = "07_monitoring"
"""The notebook that compares a run with the one before it."""

TREND = ("trend verdicts", "trend sizes", "trend movement", "trend drift")
"""The figures of the months, by their names in that notebook."""

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
    since, moved : str
        The run with which it was compared, and what that says, or why it cannot be; empty where it was not.
    compared : {"", "done", "refused", "failed"}
        What became of the comparison; empty where there was none to make.
    comparison : ComparisonRecord or None
        None unless that is done.
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
    since: str = ""
    moved: str = ""
    compared: str = ""
    comparison: ComparisonRecord | None = None


def build_batch(
    folder: Path,
    name: str,
    entries: Sequence[Outcome],
    *,
    helps: Mapping[str, str],
    started: str,
    trend: TrendRecord | None = None,
) -> Path:
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
    trend : TrendRecord, optional
        Of the last run that was compared with one before it.

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
        compared=any(entry.since for entry in entries),
        trend=trend,
        figures=_figures(folder, trend),
        unusual={unusual.run for unusual in trend.unusual} if trend else set(),
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
            **_moved(entry),
        }
        for entry in entries
    ]
    machine = {"batch": name, "started_utc": started, "differ": differ, "runs": runs}
    if trend:
        unusual = [month.to_json() for month in trend.unusual]
        machine["trend"] = {"text": trend.text, "months": len(trend.comparisons), "unusual": unusual}
    write_whole(folder / f"{name}.json", json.dumps(machine, indent=2, ensure_ascii=False) + "\n")
    return page


def _figures(folder: Path, trend: TrendRecord | None) -> list[Markup]:
    """Return the figures of the months, as the notebook of the last one shows them; none where two were compared."""
    if trend is None:
        return []
    path = folder / trend.comparisons[-1].new / "notebooks" / f"{MONITORING}.ipynb"
    notebook = nbformat.read(path, as_version=4) if path.exists() else nbformat.v4.new_notebook()
    return [figure for name in TREND if (figure := figure_named(notebook, name))]


def _moved(entry: Outcome) -> dict[str, Any]:
    """Return what the page for machines says of the comparison with the run before."""
    if not entry.since:
        return {}
    record = entry.comparison
    if record is None:
        return {"compared": {"since": entry.since, "status": entry.compared, "message": entry.moved}}
    says = {"label": record.label, "advice": record.advice, "headline": record.headline}
    return {"compared": {"since": entry.since, "status": "done", **says}}


def unlink_removed(folder: Path, runs: Collection[str]) -> None:
    """Take the links to runs that are no longer there out of the pages of all batches.

    Parameters
    ----------
    folder : Path
        That of all reports.
    runs : collection of str
    """
    for path in folder.glob("*.json"):
        page = path.with_suffix(".html")
        if "batch" not in read_json(path) or not page.exists():
            continue
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        dead = [link for link in soup.select("a[href]") if unquote(link["href"]).partition("/")[0] in runs]
        for link in dead:
            link.unwrap()
        if dead:
            write_whole(page, soup.decode(formatter="html5"))


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
