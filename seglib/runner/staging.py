"""A run is built in a folder of its own and moved into place when it is whole.

The notebooks of a run work in ``.building/<run>/``, a folder shaped like the home of all runs. Only a finished run
replaces an earlier one of that name (`seglib.run.swap`), so a crash or a kill never leaves half a report. What was
built before a failure stays there: ``seglib run --from`` continues with it.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from seglib.errors import InputRefused, ParameterRefused, StageGone
from seglib.run import (
    ARTEFACTS,
    FAILED,
    STAGES,
    Run,
    Swap,
    finish_swaps,
    holding,
    home,
    other_runs,
    read_json,
    reason,
    write_whole,
)
from seglib.runner.parameters import with_new_names
from seglib.runner.steps import ALONE, NOTEBOOKS, SIX, STEPS, own_notebooks
from seglib.schema.records import RunRecord

INJECTED = "injected-parameters"
"""The tag of the cell that papermill adds to a notebook."""

MADE_ANEW = ("*.html", "summary.pdf")
"""Files of a report that are written for every run, whichever notebooks it runs."""


class Stage:
    """The folder in which a run is being built, and the record of its steps.

    Parameters
    ----------
    name : str
        Of the run.
    """

    def __init__(self, name: str) -> None:
        self.final = Run(name)
        self.swap = Swap(home(), name)
        self.folder = self.swap.folder
        self.run = Run(name, base=self.folder)
        self._record, self._owner = self.folder / "steps.json", self.folder / "owner"
        self._key = ""

    @property
    def steps(self) -> dict[str, dict[str, Any]]:
        """The steps of the run that is being built, by notebook: parameters, and seconds (None until it is done)."""
        steps = read_json(self._record)
        return steps if all(map(_is_step, steps.values())) else {}

    @property
    def last(self) -> RunRecord:
        """The last whole run of that name; its fields are empty if there is none, or its record is broken."""
        try:
            record = RunRecord.from_json(self.final.read_record())
            return record if _fits(record) else RunRecord()
        except (KeyError, ValueError, TypeError, AttributeError):  # of another shape
            return RunRecord()

    def is_published(self, batch: str | None) -> bool:
        """Say whether the report of the last run is there, whole, and was made in the same batch or alone."""
        whole = read_json(self.final.report_dir / "run.json")
        same = whole.get("status") == "done" and whole.get("batch") == batch
        return same and (self.final.report_dir / "index.html").is_file()

    def record(self, steps: dict[str, dict[str, Any]]) -> None:
        """Write down the parameters of every step, and which steps have finished.

        Raises
        ------
        StageGone
            If the folder was deleted since the last time.
        """
        if self._key:
            self.refuse_deleted()
        else:
            self._key = uuid.uuid4().hex
            write_whole(self._owner, self._key)
        write_whole(self._record, json.dumps(steps, indent=2))

    def refuse_deleted(self) -> None:
        """Refuse to go on in a folder that somebody deleted while the run was being built.

        Raises
        ------
        StageGone
        """
        try:
            is_there = self._owner.read_text(encoding="utf-8") == self._key
        except OSError:
            is_there = False
        if self._key and not is_there:
            raise StageGone(
                f"the folder in which run '{self.final.name}' was being built ({STAGES}/{self.final.name}) was deleted "
                "while it ran: give the same command again"
            )

    def clear(self) -> None:
        """Remove everything that was built; what says that steps are finished goes first."""
        self._key = ""
        with suppress(OSError):
            self._record.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def durations(self) -> dict[str, float]:
        """Seconds that notebooks took the last time, as far as is known: in the last whole run, or in one since."""
        since = {name: step["seconds"] for name, step in self.steps.items() if step["seconds"] is not None}
        return {**self.last.durations_s, **since}

    @property
    def finished_steps(self) -> dict[str, dict[str, Any]]:
        """The steps of the last whole run, by notebook: parameters (by their names of today), and seconds.

        Notebooks that were run by hand since then count with the parameters that they had.
        """
        return {
            name: {**step, "parameters": with_new_names(step["parameters"])}
            for name, step in self._finished_steps().items()
        }

    def _finished_steps(self) -> dict[str, dict[str, Any]]:
        """Return the same with the names that parameters had then."""
        last, lineage = self.last if self.final.data_dir.exists() else RunRecord(), self.final.lineage
        steps = {
            name: {"parameters": values, "seconds": last.durations_s[name]}
            for name, values in last.parameters.items()
            if name in STEPS
        }
        for name in STEPS:
            values = lineage.parameters_of(name) if lineage.is_by_hand(name) else None
            if values:
                given = {key: value for key, value in values.items() if value is not None or key != "source"}
                before = steps.get(name, {"parameters": {}, "seconds": None})
                steps[name] = {**before, "parameters": before["parameters"] | given}
        return steps

    def has_finished(self, needed: list[str]) -> bool:
        """Say whether steps are finished in the run that is being built, because it broke off later."""
        steps = self.steps
        return bool(needed) and all(
            steps.get(step, {}).get("seconds") is not None and self._has_files(step) for step in needed
        )

    def _has_files(self, step: str) -> bool:
        """Say whether what a finished step wrote is there: its artefacts, and the notebook as it was executed."""
        notebook = self.run.report_dir / "notebooks" / f"{step}.ipynb"
        written = self.run.lineage.entries(step)
        return notebook.exists() and all(self.run.lineage.hash_of(name) == written[name].sha256 for name in written)

    def first_to_run(self, start: str) -> str:
        """Return the notebook to begin with: an earlier one than ``start`` if that was run by hand since the last run.

        What a notebook that was run by hand has shown stands in no report, so it is run again, with the parameters that
        it had. If none has to run, a notebook of an analyst's own is run that is new, or was saved with another text
        since the last run: it may write nothing that would tell.

        Parameters
        ----------
        start : str
            The first notebook that shall run; empty if none has to.
        """
        order = list(STEPS)
        skipped = order[: order.index(start)] if start else order
        if self.has_finished(skipped):
            return start
        changed = [] if start else [step for step in own_notebooks() if self.is_changed(step)]
        return next((step for step in skipped if self.final.lineage.is_by_hand(step) or step in changed), start)

    def is_changed(self, step: str) -> bool:
        """Say whether a notebook is not the one that was run last."""
        import nbformat

        executed = self.final.report_dir / "notebooks" / f"{step}.ipynb"
        if not executed.exists():
            return True
        texts = [
            [
                cell.source
                for cell in nbformat.read(path, as_version=4).cells
                if INJECTED not in cell.metadata.get("tags", [])
            ]
            for path in (executed, NOTEBOOKS / f"{step}.ipynb")
        ]
        return texts[0] != texts[1]

    def require(self, needed: list[str]) -> None:
        """Refuse to continue from steps that are finished neither here nor in the last whole run, or do not fit.

        Raises
        ------
        ParameterRefused
            If they are not finished.
        InputRefused
            If one of them was made from what has changed since.
        """
        if self.has_finished(needed):
            return
        finished = self._finished_steps()
        missing = [step for step in needed if step not in finished]
        if missing:
            others = "" if self.final.data_dir.exists() else other_runs(self.final.name)
            raise ParameterRefused(
                f"run '{self.final.name}' has no finished {missing[0]} to continue from: leave --from out{others}",
                parameter="from",
            )
        names = [name for name, artefact in ARTEFACTS.items() if artefact.step in needed]
        names += [name for step in needed if step not in SIX for name in self.final.lineage.entries(step)]
        if outdated := self.final.lineage.outdated(names):
            again = f"seglib run --run {self.final.name} --from {outdated.steps[0][:2]}"
            raise InputRefused(f"run '{self.final.name}': {outdated.text} ({again})")

    def continue_from(self, needed: list[str]) -> dict[str, dict[str, Any]]:
        """Make the finished steps ``needed`` available: from a run that broke off, or from the last whole one.

        Of the last whole one, nothing is taken over that the other notebooks wrote: neither artefacts nor files for
        people, so that a list of a segment that is no more cannot stay.

        Returns
        -------
        dict of str to dict
            All steps that were to run there, the later ones too: parameters (by their names of today), seconds.

        Raises
        ------
        ParameterRefused, InputRefused
            As in `require`.
        """
        self.require(needed)
        if self.has_finished(needed):
            return {
                name: {**step, "parameters": with_new_names(step["parameters"])} for name, step in self.steps.items()
            }
        self.clear()
        again = [step for step in {**STEPS, **dict.fromkeys(self.final.lineage.steps)} if step not in needed]
        shutil.copytree(self.final.data_dir, self.run.data_dir)
        shutil.copytree(self.final.report_dir, self.run.report_dir, ignore=shutil.ignore_patterns(*MADE_ANEW, *FAILED))
        # what was read of a campaign belongs to the lists that were
        self.run.forget(list(dict.fromkeys([*again, *ALONE])))
        for notebook in (self.run.report_dir / "notebooks").glob("*.ipynb"):
            if notebook.stem not in needed:
                notebook.unlink()
        return self.finished_steps

    def copy_whole(self, step: str) -> None:
        """Copy the last whole run, so that something can be added to it.

        Parameters
        ----------
        step : str
            The notebook that is run by itself: what it wrote before is left out, and what others wrote stays.

        Raises
        ------
        ParameterRefused, InputRefused
            As in `require`.
        """
        self.clear()
        self.require(list(STEPS))
        shutil.copytree(self.final.data_dir, self.run.data_dir)
        shutil.copytree(self.final.report_dir, self.run.report_dir)
        self.run.forget([step])

    def put_in_place(self) -> None:
        """Replace the run of that name by this one; its draft, which is older than this one, is removed.

        Raises
        ------
        OSError
            If a folder cannot be moved; then the earlier run is as it was.
        """
        self.swap.begin()

    def recover(self) -> None:
        """Finish a replacement that was cut short.

        Raises
        ------
        MachineFailed
            If that is not possible.
        """
        self.swap.finish()


def _is_step(step: Any) -> bool:
    """Say whether what stands in a record can be a step."""
    return (
        isinstance(step, dict)
        and isinstance(step.get("parameters"), dict)
        and isinstance(step.get("seconds", ""), int | float | None)
    )


def _fits(record: RunRecord) -> bool:
    """Say whether a record has parameters and seconds for every notebook."""
    return all(
        isinstance(values, dict) and isinstance(record.durations_s.get(step), int | float)
        for step, values in record.parameters.items()
    )


@contextmanager
def stage(name: str) -> Iterator[Stage]:
    """Hold the run of that name for this process alone; what an earlier process left half done is finished first.

    Raises
    ------
    ParameterRefused
        If another process is building it, or its folders cannot be used.
    """
    refuse_folders(name)
    building = Stage(name)
    building.folder.parent.mkdir(parents=True, exist_ok=True)
    with holding(home(), name) as held:
        if not held:
            raise ParameterRefused(
                f"run '{name}' is being built by another process: wait for it, or choose another name",
                parameter="run",
            )
        building.recover()
        yield building


def finish_interrupted() -> None:
    """Put all runs in place that other processes left half in place.

    Raises
    ------
    MachineFailed
        If that is not possible.
    """
    finish_swaps(home())


def refuse_folders(name: str) -> None:
    """Refuse folders in which a run cannot be put in place, before anything runs.

    A run is built in one folder and moved into two others. So all must be writable, and on one file system.

    Parameters
    ----------
    name : str
        Of the run.

    Raises
    ------
    ParameterRefused
        The message names the folder, and what to do.
    """
    swap = Swap(home(), name)
    stages = swap.folder.parent
    _refuse_unusable(stages, stages)
    for _, target, _ in swap.moves:
        if target.exists() and not target.is_dir():
            raise _unusable(target, "a file of that name is in the way")
        if target.exists() and target.stat().st_dev != target.parent.stat().st_dev:
            raise _unusable(target, "it lies on another file system than the folder that holds it")
        _refuse_unusable(target.parent, stages)


def _refuse_unusable(folder: Path, stages: Path) -> None:
    """Try whether a folder can be moved from the folder of stages into another one; nothing is left behind."""
    start, end = _nearest(stages), _nearest(folder)
    probe = f".probe-{uuid.uuid4().hex}"
    moved = start / probe
    try:
        moved.mkdir()
        (moved / "file").write_text("a run has files")
        moved = moved.rename(end / probe)
    except OSError as error:
        if start.is_dir() and end.is_dir() and start.stat().st_dev != end.stat().st_dev:
            raise _unusable(folder, f"it lies on another file system than {stages}") from None
        raise _unusable(folder if moved.exists() else stages, reason(error).replace(f": '{probe}'", "")) from None
    finally:
        shutil.rmtree(moved, ignore_errors=True)


def _nearest(folder: Path) -> Path:
    """Return a folder, or, where it is not there yet, the nearest one above it that is."""
    return next(above for above in (folder, *folder.parents) if above.exists())


def _unusable(folder: Path, why: str) -> ParameterRefused:
    return ParameterRefused(
        f"no run can use the folder {folder}: {why}. Mend that, or let the environment variable SEGLIB_HOME name a "
        "folder that can be written, for data and reports together"
    )
