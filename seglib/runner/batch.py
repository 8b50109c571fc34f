"""One report an entry: a parameter file with ``runs`` is a batch, checked as a whole and then run entry by entry.

A section of what all entries start from, then one an entry, which may say otherwise::

    shared:                # anything that `seglib run` takes, by its name: source, mapping, recipe, parameters
      source: sample
    runs:
      all: {}
      genoa: {cities: Genoa}

The entry ``genoa`` of ``markets.yaml`` becomes the run ``markets-genoa``; ``reports/markets.html`` compares them all.
Paths are relative to the folder in which the command is given, as everywhere on the command line.
"""

from __future__ import annotations

import datetime as dt
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seglib import credentials
from seglib.errors import ParameterRefused, SeglibError
from seglib.run import Run, home
from seglib.runner import pipeline
from seglib.runner.request import Checked, Request
from seglib.runner.staging import Stage
from seglib.style import did_you_mean, duration

SECTIONS = ("shared", "runs")
FAILED = 3
"""Exit code of an entry that stopped for a reason nobody foresaw."""


@dataclass
class Entry:
    """One run of a batch, and what became of it.

    Attributes
    ----------
    name : str
        As the file has it.
    request : Request
    said : tuple of str
        The parameters of its own section.
    values : dict of str to Any
        All its parameters, as they may be written down.
    status : {"not yet", "done", "refused", "failed"}
    code : int
        Exit code, as `seglib run` would end with.
    seconds : float or None
    message : str
        Why it was refused, or failed.
    notebook : str or None
        Which one stopped.
    told : bool
        Whether there is a page that says what happened, and what to do.
    """

    name: str
    request: Request
    said: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    status: str = "not yet"
    code: int = 0
    seconds: float | None = None
    message: str = ""
    notebook: str | None = None
    told: bool = False

    @property
    def text(self) -> str:
        """One line: what became of it."""
        name = self.request.run
        if self.status == "done":
            return f"{name}: done in {duration(self.seconds)}, {Run(name).report_dir / 'index.html'}"
        where = f" in {self.notebook}" if self.notebook else ""
        said = (self.message.splitlines() or [""])[0]
        return f"{name}: {self.status}{where}" + (f": {said}" if said else "")


@dataclass(frozen=True)
class Batch:
    """A batch that was read and checked.

    Attributes
    ----------
    name : str
        What the names of its runs begin with.
    entries : list of Entry
    helps : mapping of str to str
        What every parameter means.
    """

    name: str
    entries: list[Entry]
    helps: Mapping[str, str]

    @property
    def code(self) -> int:
        """The exit code of the worst entry."""
        return max(entry.code for entry in self.entries)


def is_batch(content: Mapping[str, Any]) -> bool:
    """Say whether a parameter file has entries."""
    return "runs" in content


def read(content: Mapping[str, Any], name: str, given: Mapping[str, Any], start: str) -> Batch:
    """Read a batch and check every entry, before anything runs.

    Parameters
    ----------
    content : mapping
        Of the file: ``shared`` and ``runs``.
    name : str
        What the names of the runs begin with.
    given : mapping of str to Any
        What the command line says: it holds for all entries, whatever the file says.
    start : str
        First notebook to run, of every entry.

    Raises
    ------
    ParameterRefused, InputRefused
        As for a single run; the message names the entry.
    """
    if unknown := [key for key in content if key not in SECTIONS]:
        hint = did_you_mean(unknown[0], SECTIONS) or "; what all entries start from stands under shared"
        raise ParameterRefused(f"a batch has shared and runs, not '{unknown[0]}'{hint}")
    shared = _lines(content.get("shared"), "shared")
    runs = _lines(content["runs"], "runs")
    if not runs:
        raise ParameterRefused("runs: there is no entry; write one line a run, such as 'all: {}'")
    entries: list[Entry] = []
    helps: dict[str, str] = {}
    for key, said in runs.items():
        _refuse_key(key, runs)
        try:
            section = _lines(said, "its section")
            own = shared | section
            if "run" in {**own, **given}:
                raise ParameterRefused(f"its run is called {name}-{key}: leave 'run' out; --run changes the beginning")
            place = (len(entries) + 1, len(runs))
            request = _request(f"{name}-{key}", {**own, **given}, start, name, place)
            known = pipeline.check(request, to_come=[entry.request.run for entry in entries])
            if known.skipped:
                Stage(request.run).require(known.skipped)
            entries.append(Entry(key, request, tuple(section), _values(known, request)))
            helps |= {name: p.help for step in known.declared.values() for name, p in step.items()}
        except SeglibError as error:
            raise type(error)(f"entry '{key}': {error}") from None
    return Batch(name, entries, helps)


def run(batch: Batch, tell: Callable[[str], None]) -> Path:
    """Run the entries one after the other, each as if it were alone; one that stops does not stop the others.

    Each run uses all processors by itself. The page that compares them is written after every entry, so that there is
    one also where somebody stops the batch.

    Parameters
    ----------
    batch : Batch
        Its entries are told what became of them.
    tell : callable
        Says a line to whoever waits.

    Returns
    -------
    Path
        The page.
    """
    started = dt.datetime.now(dt.UTC)
    for entry in batch.entries:
        begun = time.monotonic()
        try:
            pipeline.execute(entry.request)
            entry.status = "done"
        except SeglibError as error:
            entry.code, entry.status = error.exit_code, "failed" if error.exit_code == FAILED else "refused"
            said = str(error.args[0])  # without the page, whose path is nobody else's business
            entry.message = said.partition("\n")[0] if entry.status == "failed" else said
            entry.notebook, entry.told = error.stop and error.stop.notebook, error.page is not None
            tell(f"seglib: {entry.request.run}: {error}")
        except Exception as error:  # a mistake of ours must not cost the others their report
            traceback.print_exc()
            entry.code, entry.status, entry.message = FAILED, "failed", f"{type(error).__name__}: {error}"
        entry.seconds = round(time.monotonic() - begun, 1)
        page = _write(batch, started)
    for entry in batch.entries:
        tell(entry.text)
    return page


def _write(batch: Batch, started: dt.datetime) -> Path:
    """Write the page that compares the runs, and the same for machines."""
    from seglib.report.batch import build_batch
    from seglib.report.failed import cleaner
    from seglib.report.run_list import write_runs

    told = []
    for entry in batch.entries:
        run = Run(entry.request.run)
        record = run.read_record() if entry.status == "done" else {}
        values = entry.values | {n: v for step in record.get("parameters", {}).values() for n, v in step.items()}
        told.append(
            {
                "entry": entry.name, "said": entry.said, "run": run.name, "status": entry.status,
                "seconds": entry.seconds, "notebook": entry.notebook,
                "message": cleaner(entry.request.source or "")(entry.message),
                "failed_page": entry.told,
                "earlier": entry.status != "done" and (run.report_dir / "run.json").exists(),
                "parameters": values | {name: given for name in credentials.PATHS if (given := entry.values.get(name))},
                "record": record,
            }
        )  # fmt: skip
    when = started.isoformat(timespec="seconds")
    page = build_batch(home() / "reports", batch.name, told, helps=batch.helps, started=when)
    write_runs(home())  # which links it now
    return page


def _request(run: str, said: Mapping[str, Any], start: str, batch: str, place: tuple[int, int]) -> Request:
    overrides = dict(said)
    source = overrides.pop("source", None)
    if source is None and start == next(iter(pipeline.STEPS)):
        source = "sample"
    return Request(run, source, overrides, start, batch, place)


def _values(known: Checked, request: Request) -> dict[str, Any]:
    """Return all parameters of a run, as they may be written down."""
    values = {name: value for step in known.wanted.values() for name, value in step.items()}
    given = {name: request.overrides.get(name) for name in credentials.PATHS}  # not as notebooks see them
    given["source"] = credentials.shown(request.source) if request.source else None
    return values | given


def _lines(said: Any, where: str) -> dict[str, Any]:
    """Return a section; it may be empty."""
    if said is None:
        return {}
    if not isinstance(said, Mapping):
        raise ParameterRefused(f"{where}: expected lines 'name: value', not {said!r}")
    return dict(said)


def _refuse_key(key: Any, runs: Mapping[Any, Any]) -> None:
    """Refuse what cannot be the name of an entry."""
    if not isinstance(key, str):
        raise ParameterRefused(f"runs: the name of an entry is a text, not {key!r}: put it in quotes")
    alike = [other for other in runs if str(other).casefold() == key.casefold()]
    if len(alike) > 1:
        raise ParameterRefused(f"runs: '{alike[0]}' and '{alike[1]}' would share a folder on some machines")
