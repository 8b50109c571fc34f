"""A run is built in a folder of its own and moved into place when it is whole.

The notebooks of a run work in ``.building/<run>/``, a folder shaped like the home of all runs. Only a finished run
replaces an earlier one of that name, so a crash or a kill never leaves half a report. What was built before a failure
stays there: ``seglib run --from`` continues with it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from seglib.errors import InputRefused, ParameterRefused
from seglib.run import ARTEFACTS, DRAFT, FAILED, Run, home, other_runs
from seglib.runner.parameters import with_new_names
from seglib.runner.steps import ALONE, STEPS
from seglib.schema.records import RunRecord

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
        self.folder = home() / ".building" / name
        self.run = Run(name, base=self.folder)
        self.draft = home() / "reports" / f"{name}{DRAFT}"
        self._record = self.folder / "steps.json"

    @property
    def steps(self) -> dict[str, dict[str, Any]]:
        """The steps of the run that is being built, by notebook: parameters, and seconds (None until it is done)."""
        return json.loads(self._record.read_text(encoding="utf-8")) if self._record.exists() else {}

    @property
    def last(self) -> RunRecord:
        """The last whole run of that name; its fields are empty if there is none."""
        return RunRecord.from_json(self.final.read_record())

    def record(self, steps: dict[str, dict[str, Any]]) -> None:
        """Write down the parameters of every step, and which steps have finished."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._record.write_text(json.dumps(steps, indent=2), encoding="utf-8")

    def clear(self) -> None:
        """Remove everything that was built."""
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
            name: {"parameters": values, "seconds": last.durations_s[name]} for name, values in last.parameters.items()
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
        return bool(needed) and all(self.steps.get(step, {}).get("seconds") is not None for step in needed)

    def first_to_run(self, start: str) -> str:
        """Return the notebook to begin with: an earlier one than ``start`` if that was run by hand since the last run.

        What a notebook that was run by hand has shown stands in no report, so it is run again, with the parameters that
        it had.

        Parameters
        ----------
        start : str
            The first notebook that shall run; empty if none has to.
        """
        order = list(STEPS)
        skipped = order[: order.index(start)] if start else order
        if self.has_finished(skipped):
            return start
        return next((step for step in skipped if self.final.lineage.is_by_hand(step)), start)

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
        again = [step for step in STEPS if step not in needed]
        shutil.copytree(self.final.data_dir, self.run.data_dir)
        shutil.copytree(self.final.report_dir, self.run.report_dir, ignore=shutil.ignore_patterns(*MADE_ANEW, *FAILED))
        # what was read of a campaign belongs to the lists that were
        self.run.forget([*again, *ALONE])
        for step in (*again, *ALONE):
            (self.run.report_dir / "notebooks" / f"{step}.ipynb").unlink(missing_ok=True)
        return self.finished_steps

    def copy_whole(self) -> None:
        """Copy the last whole run, so that something can be added to it.

        Raises
        ------
        ParameterRefused, InputRefused
            As in `require`.
        """
        self.clear()
        self.require(list(STEPS))
        shutil.copytree(self.final.data_dir, self.run.data_dir)
        shutil.copytree(self.final.report_dir, self.run.report_dir)
        self.run.forget(ALONE)

    def put_in_place(self) -> None:
        """Replace the run of that name by this one; its draft, which is older than this one, is removed."""
        # No file system moves two folders in one step, and few replace a folder that is not empty. So each old folder
        # is renamed into the stage before the new one takes its place. A kill between the two renames leaves no folder
        # in place, but the old one in the stage, where `recover` finds it. All renames stay on one file system, so
        # none of them copies. The old folders go with the stage, after both new ones are in place.
        for new, target in self._moves():
            old = self._old(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                target.rename(old)
            new.rename(target)
        shutil.rmtree(self.draft, ignore_errors=True)
        self.clear()

    def recover(self) -> None:
        """Undo a replacement that was cut short between its two renames."""
        # An old folder in the stage whose target is there was replaced completely: it is only not removed yet.
        for _, target in self._moves():
            old = self._old(target)
            if old.exists() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                old.rename(target)

    def _moves(self) -> list[tuple[Path, Path]]:
        """Return the folders of the run as they are built, each with the folder that it will be."""
        return [(self.run.data_dir, self.final.data_dir), (self.run.report_dir, self.final.report_dir)]

    def _old(self, target: Path) -> Path:
        """Return where in the stage an old folder waits until the new one is in place."""
        return self.folder / f"old-{target.parent.name}"


@contextmanager
def stage(name: str) -> Iterator[Stage]:
    """Hold the run of that name for this process alone; what an earlier process left half done is undone first.

    Raises
    ------
    ParameterRefused
        If another process is building it.
    """
    building = Stage(name)
    building.folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(building.folder.with_name(f"{name}.lock"))  # the system gives it back even after a kill
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ParameterRefused(
            f"run '{name}' is being built by another process: wait for it, or choose another name",
            parameter="run",
        ) from error
    try:
        building.recover()
        yield building
    finally:
        lock.release()
