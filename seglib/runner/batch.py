"""A parameter file with ``runs`` is a batch: checked as a whole, then one run and one report for each entry.

It has a section of what all entries start from, then one section for each entry, which may override that::

    shared:                # anything that `seglib run` takes, by its name: source, mapping, recipe, parameters
      source: sample
    runs:
      all: {}
      genoa: {cities: Genoa}

The entry ``genoa`` of ``markets.yaml`` becomes the run ``markets-genoa``; ``reports/markets.html`` compares them all.

Months of one shop are compared, too: with a section ``compare`` (parameters of 07, or nothing), every entry keeps the
letters of the one before it, and 07 says what has moved since. In place of ``runs`` there may be ``months``::

    months: {last: 2026-06-30, number: 6}    # one entry for each month end: 2026-01, ..., 2026-06
    compare: {n_calm: 39}

Paths are relative to the folder in which the command is given, as everywhere on the command line.
"""

from __future__ import annotations

import datetime as dt
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from seglib import credentials
from seglib.errors import InputRefused, MachineFailed, ParameterRefused, SeglibError, Stopped
from seglib.run import RESERVED, Run, home, list_unknown, reason
from seglib.runner import compare as comparing
from seglib.runner import parameters, pipeline
from seglib.runner.monthly import month_ends
from seglib.runner.request import CheckedRequest, Request
from seglib.runner.signals import heard
from seglib.runner.staging import Stage
from seglib.runner.steps import NOTEBOOKS
from seglib.schema.records import RunRecord

SECTIONS = ("shared", "runs", "months", "compare")
FAILED = 3
"""Exit code of an entry that stopped with an error that was not raised on purpose."""


@dataclass
class Entry:
    """One run of a batch, and its outcome.

    Attributes
    ----------
    name : str
        As the file has it.
    request : Request
    given : tuple of str
        Names of the parameters of its own section.
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
    has_failed_page : bool
        Whether there is a page that says what happened, and what to do.
    since : str
        The run with which it was compared; empty where it was not.
    moved : str
        What the comparison says, or why there is none.
    compared : {"", "done", "refused", "failed"}
        What became of the comparison; empty where there was none to make.
    """

    name: str
    request: Request
    given: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    status: str = "not yet"
    code: int = 0
    seconds: float | None = None
    message: str = ""
    notebook: str | None = None
    has_failed_page: bool = False
    since: str = ""
    moved: str = ""
    compared: str = ""

    @property
    def text(self) -> str:
        """The outcome in one line."""
        name = self.request.run
        if self.status == "done":
            moved = f" (since {self.since}: {self.moved})" if self.since else ""
            return f"{name}: done in {self.seconds:.0f} s, {Run(name).report_dir / 'index.html'}{moved}"
        where = f" in {self.notebook}" if self.notebook else ""
        why = f": {self.message.splitlines()[0]}" if self.message else ""
        return f"{name}: {self.status}{where}{why}"


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
    compare : mapping of str to Any or None
        The parameters of 07, which compares every entry with the one before it; None: it does not.
    """

    name: str
    entries: list[Entry]
    helps: Mapping[str, str]
    compare: Mapping[str, Any] | None = None

    @property
    def code(self) -> int:
        """The exit code of the worst entry."""
        return max(entry.code for entry in self.entries)


def is_batch(content: Mapping[str, Any]) -> bool:
    """Say whether a parameter file has entries."""
    return "runs" in content or "months" in content


def read(
    content: Mapping[str, Any],
    name: str,
    given: Mapping[str, Any],
    start: str,
    refuse_cities: Callable[[str, str | None, Sequence[str]], None] | None = None,
) -> Batch:
    """Read a batch and check every entry, before anything runs.

    Parameters
    ----------
    content : mapping
        Of the file: ``shared`` and ``runs``.
    name : str
        What the names of the runs begin with.
    given : mapping of str to Any
        Parameters from the command line: they override the file, for all entries.
    start : str
        First notebook to run, of every entry.
    refuse_cities : callable, optional
        Takes a source, a mapping file and names of cities, and refuses those that are not there
        (`seglib.ingest.refuse_unknown_cities`).

    Raises
    ------
    ParameterRefused, InputRefused
        As for a single run; the message names the entry.
    """
    if unknown := [key for key in content if key not in SECTIONS]:
        raise ParameterRefused(
            f"a batch has shared and runs (or months, and compare), not {list_unknown(unknown, SECTIONS)}; what all "
            "entries start from stands under shared"
        )
    if name.casefold() in RESERVED | {"index"}:
        raise ParameterRefused(
            f"a batch cannot be called '{name}', because its page is reports/{name}.html: --run gives another name",
            parameter="run",
        )
    given = parameters.with_new_names(given)
    shared = parameters.with_new_names(_section(content.get("shared"), "shared"))
    runs = _section(content.get("runs"), "runs")
    compare = _section(content.get("compare"), "compare") if "compare" in content or "months" in content else None
    if "months" in content:
        if runs:
            raise ParameterRefused("a batch has runs or months, not both", parameter="months")
        given = dict(given)
        runs = month_ends(_section(content["months"], "months"), given.pop("as_of", None))
    if not runs:
        raise ParameterRefused("runs: there is no entry; write one line a run, such as 'all: {}'")
    if compare is not None:
        compare = _of_comparison(compare, {**shared, **given})
    entries: list[Entry] = []
    helps: dict[str, str] = {}
    for key, lines in runs.items():
        _refuse_key(key, runs)
        try:
            section = parameters.with_new_names(_section(lines, "its section"))
            overrides = {**shared, **section, **given}
            if "run" in overrides:
                raise ParameterRefused(
                    f"its run is called {name}-{key}: leave 'run' out; --run changes the beginning", parameter="run"
                )
            place = (len(entries) + 1, len(runs))
            request = _request(f"{name}-{key}", overrides, start, name, place)
            checked = pipeline.check(request, to_come=[entry.request.run for entry in entries])
            if checked.skipped:
                Stage(request.run).require(checked.skipped)
            first = checked.values[next(iter(pipeline.STEPS))]
            if refuse_cities and not checked.skipped and first.get("cities"):
                with suppress(InputRefused):  # a source that cannot be read stops its own run, and no other
                    refuse_cities(request.source, overrides.get("mapping"), [first["cities"]])
            entries.append(Entry(key, request, tuple(section), _values(checked, request)))
            helps |= {name: p.help for step in checked.declared.values() for name, p in step.items()}
        except ParameterRefused as error:
            raise ParameterRefused(f"entry '{key}': {error}", parameter=error.parameter) from None
        except SeglibError as error:
            raise type(error)(f"entry '{key}': {error}") from None
    return Batch(name, entries, helps, compare)


def _of_comparison(section: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of the notebook that compares: its section, and the seed that all entries share."""
    declared = {comparing.STEP: parameters.declared(NOTEBOOKS / f"{comparing.STEP}.ipynb")}
    if unfit := [name for name in section if name in ("run", "old")]:
        raise ParameterRefused(
            f"compare: leave {unfit[0]} out, every entry is compared with the one before it", parameter="compare"
        )
    given = {"seed": shared["seed"], **section} if "seed" in shared else dict(section)
    try:
        parameters.resolve(declared, given)
    except ParameterRefused as error:
        raise ParameterRefused(f"compare: {error}", parameter=error.parameter) from None
    return given


def run(batch: Batch, tell: Callable[[str], None]) -> Path:
    """Run the entries one after the other, each as if it were alone; one that stops does not stop the others.

    Each run uses all processors by itself. The page that compares them is written after every entry, so that there is
    one also where the batch is interrupted.

    Parameters
    ----------
    batch : Batch
        The outcome is written into its entries.
    tell : callable
        Takes a line of text for the person who waits.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    Stopped
        If somebody stops it; entries that were not begun are not.
    MachineFailed
        If the page cannot be written.
    """
    started = dt.datetime.now(dt.UTC)
    page: Path | None = None
    last: Entry | None = None
    for entry in batch.entries:
        begun = time.monotonic()
        stopped: Stopped | None = None
        try:
            pipeline.execute(entry.request if batch.compare is None else _with_letters_of(last, entry.request))
            entry.status = "done"
        except SeglibError as error:
            stopped = error if isinstance(error, Stopped) else None
            failed = stopped or error.exit_code == FAILED
            entry.code, entry.status = error.exit_code, "failed" if failed else "refused"
            # of a notebook that failed only the first line: the others are layout of the error itself
            entry.message = error.message.partition("\n")[0] if entry.status == "failed" else error.message
            entry.notebook = error.stop.notebook if error.stop else None
            entry.has_failed_page = error.page is not None
            if not stopped:
                tell(f"seglib: {entry.request.run}: {error}")
        except Exception as error:  # an error in one entry must not cost the others their report
            traceback.print_exc()
            entry.code, entry.status, entry.message = FAILED, "failed", f"{type(error).__name__}: {error}"
        if batch.compare is not None and entry.status == "done":
            stopped = _compare(entry, last, batch.compare, tell) if last else None
            last = entry
        entry.seconds = round(time.monotonic() - begun, 1)
        unwritten = None
        try:
            page = _write(batch, started)
        except OSError as error:  # the runs themselves are there; the page is written again after the next one
            unwritten = reason(error)
        if not stopped and (signum := heard()):  # it came when this run was being put in place
            stopped = Stopped(f"batch '{batch.name}' was stopped after {entry.request.run}", exit_code=128 + signum)
        if stopped:
            stopped.message += _what_is_left(batch)
            raise stopped
    for entry in batch.entries:
        tell(entry.text)
    if unwritten or page is None:
        raise MachineFailed(
            f"the page that compares the runs of batch '{batch.name}' cannot be written ({unwritten}): the reports of "
            "its runs are there; mend that, and give the same command again with --from 06"
        )
    return page


def _with_letters_of(last: Entry | None, request: Request) -> Request:
    """Return a request that keeps the letters of the last entry that is done, unless it names others."""
    if last is None or "align_to" in request.overrides:
        return request
    return replace(request, overrides={**request.overrides, "align_to": last.request.run})


def _compare(entry: Entry, last: Entry, overrides: Mapping[str, Any], tell: Callable[[str], None]) -> Stopped | None:
    """Compare an entry with the last one that is done; return what somebody stopped it by, if so.

    Where they cannot be compared, the entry says why, and its run stays as it is.
    """
    entry.since = last.request.run
    try:
        comparing.compare(entry.since, entry.request.run, overrides)
        entry.moved, entry.compared = Run(entry.request.run).read("comparison").headline, "done"
    except SeglibError as error:
        entry.code, entry.moved = error.exit_code, error.message.partition("\n")[0]
        entry.compared = "failed" if isinstance(error, Stopped) or error.exit_code == FAILED else "refused"
        if isinstance(error, Stopped):
            return error
        tell(f"seglib: {entry.request.run}: {error}")
    except Exception as error:  # as of a run: the other entries must not pay for it
        traceback.print_exc()
        entry.code, entry.moved, entry.compared = FAILED, f"{type(error).__name__}: {error}", "failed"
    return None


def _what_is_left(batch: Batch) -> str:
    """Return the end of a message about a batch that was stopped: which entries were not begun."""
    left = [entry.name for entry in batch.entries if entry.status == "not yet"]
    return f"; of batch '{batch.name}', not begun: {', '.join(left)}" if left else ""


def _write(batch: Batch, started: dt.datetime) -> Path:
    """Write the page that compares the runs, and the same for machines."""
    from seglib.report.batch import Outcome, build_batch
    from seglib.report.failed import cleaner
    from seglib.report.run_list import write_runs

    outcomes = []
    for entry in batch.entries:
        run = Run(entry.request.run)
        record = RunRecord.from_json(run.read_record()) if entry.status == "done" else None
        values = dict(entry.values)
        for step in record.parameters.values() if record else ():
            values |= step
        values |= {name: entry.values[name] for name in credentials.PATHS if entry.values.get(name)}
        outcomes.append(
            Outcome(
                entry=entry.name,
                given=entry.given,
                run=run.name,
                status=entry.status,
                seconds=entry.seconds,
                notebook=entry.notebook,
                message=cleaner(entry.request.source or "")(entry.message),
                failed_page=entry.has_failed_page,
                earlier=entry.status != "done" and (run.report_dir / "run.json").exists(),
                parameters=values,
                record=record,
                since=entry.since,
                moved=cleaner(entry.request.source or "")(entry.moved),
                compared=entry.compared,
                comparison=run.read("comparison") if entry.compared == "done" else None,
            )
        )
    when = started.isoformat(timespec="seconds")
    compared = [entry.request.run for entry in batch.entries if entry.compared == "done"]
    trend = Run(compared[-1]).read("trend") if compared else None
    page = build_batch(home() / "reports", batch.name, outcomes, helps=batch.helps, started=when, trend=trend)
    write_runs(home())  # which links it now
    return page


def _request(run: str, given: Mapping[str, Any], start: str, batch: str, place: tuple[int, int]) -> Request:
    overrides = dict(given)
    source = overrides.pop("source", None)
    if source is None and start == next(iter(pipeline.STEPS)):
        source = "sample"
    return Request(run, source, overrides, start, batch=batch, place=place)


def _values(checked: CheckedRequest, request: Request) -> dict[str, Any]:
    """Return all parameters of a run, as they may be written down."""
    values = {name: value for step in checked.values.values() for name, value in step.items()}
    given = {name: request.overrides.get(name) for name in credentials.PATHS}  # paths as the user gave them
    given["source"] = credentials.shown(request.source) if request.source else None
    return values | given


def _section(lines: Any, where: str) -> dict[str, Any]:
    """Return a section; it may be empty."""
    if lines is None:
        return {}
    if not isinstance(lines, Mapping):
        raise ParameterRefused(f"{where}: expected lines 'name: value', not {lines!r}")
    return dict(lines)


def _refuse_key(key: Any, runs: Mapping[Any, Any]) -> None:
    """Refuse what cannot be the name of an entry."""
    if not isinstance(key, str):
        raise ParameterRefused(f"runs: the name of an entry is a text, not {key!r}: put it in quotes")
    alike = [other for other in runs if str(other).casefold() == key.casefold()]
    if len(alike) > 1:
        raise ParameterRefused(f"runs: '{alike[0]}' and '{alike[1]}' would share a folder on some machines")
