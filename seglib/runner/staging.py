"""A run is built aside and moved into place when it is whole.

The notebooks of a run work in ``.building/<run>/``, a folder shaped like the home of all runs. Only a
finished run replaces an earlier one of that name, so a crash or a kill never leaves half a report. What was
built before a failure stays there: ``seglib run --from`` continues with it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from seglib.errors import ParameterRefused
from seglib.run import FAILED, Run, home


class Stage:
    """The folder in which a run is being built, and the record of its steps."""

    def __init__(self, name: str) -> None:
        self.final = Run(name)
        self.folder = home() / ".building" / name
        self.run = Run(name, base=self.folder)
        self._record = self.folder / "steps.json"

    @property
    def steps(self) -> dict[str, dict]:
        """What is known of the steps, by name: parameters, and seconds (None until it has finished)."""
        return json.loads(self._record.read_text(encoding="utf-8")) if self._record.exists() else {}

    def record(self, steps: dict[str, dict]) -> None:
        """Write down with what every step runs, and which ones have finished."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._record.write_text(json.dumps(steps, indent=2), encoding="utf-8")

    def clear(self) -> dict[str, dict]:
        """Start with nothing, and return that."""
        shutil.rmtree(self.folder, ignore_errors=True)
        return {}

    @property
    def durations(self) -> dict[str, float]:
        """Seconds that notebooks took the last time, as far as is known: in the last whole run, or in one since."""
        since = {step: told["seconds"] for step, told in self.steps.items() if told["seconds"] is not None}
        return {**self.final.read_record().get("durations_s", {}), **since}

    def require(self, needed: list[str]) -> dict[str, dict] | None:
        """Return the steps of the last whole run, if ``needed`` must come from there; None if they are here.

        Raises
        ------
        ParameterRefused
            If neither has them.
        """
        if all(self.steps.get(step, {}).get("seconds") is not None for step in needed):
            return None
        record = self.final.read_record() if self.final.data_dir.exists() else {}
        finished = {
            step: {"parameters": values, "seconds": record["durations_s"][step]}
            for step, values in record.get("parameters", {}).items()
        }
        missing = [step for step in needed if step not in finished]
        if missing:
            raise ParameterRefused(
                f"run '{self.final.name}' has no finished {missing[0]} to continue from: leave --from out"
            )
        return finished

    def continue_from(self, needed: list[str]) -> dict[str, dict]:
        """Make the finished steps ``needed`` available: from a run that broke off, or from the last whole one.

        Returns
        -------
        dict of str to dict
            All steps that were to run there, the later ones too: parameters, seconds.

        Raises
        ------
        ParameterRefused
            If neither has them.
        """
        finished = self.require(needed)
        if finished is None:
            return self.steps
        self.clear()
        shutil.copytree(self.final.data_dir, self.run.data_dir)
        shutil.copytree(self.final.report_dir, self.run.report_dir, ignore=shutil.ignore_patterns(*FAILED))
        return finished

    def put_in_place(self) -> None:
        """Replace the run of that name by this one."""
        for new, target in self._moves():
            old = self._old(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                target.rename(old)
            new.rename(target)
        self.clear()

    def recover(self) -> None:
        """Undo a replacement that was cut short between its two renames."""
        for _, target in self._moves():
            old = self._old(target)
            if old.exists() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                old.rename(target)

    def _moves(self) -> list[tuple[Path, Path]]:
        return [(self.run.data_dir, self.final.data_dir), (self.run.report_dir, self.final.report_dir)]

    def _old(self, target: Path) -> Path:
        return self.folder / f"old-{target.parent.name}"


@contextmanager
def stage(name: str) -> Iterator[Stage]:
    """Hold the run of that name for this process alone.

    Raises
    ------
    ParameterRefused
        If another process is building it.
    """
    made = Stage(name)
    made.folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(made.folder.with_name(f"{name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ParameterRefused(
            f"run '{name}' is being built by another process: wait for it, or choose another name"
        ) from error
    try:
        made.recover()
        yield made
    finally:
        lock.release()
