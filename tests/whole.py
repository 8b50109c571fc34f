"""Whole runs of the command line: each takes most of a minute, so they are made beside the tests, and only once."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from seglib.run.run import Run

ROOT = Path(__file__).parents[1]

FEW = {
    "n_shuffles": 199,
    "n_init": 5,
    "n_null": 19,
    "k_max": 6,
    "sample_customers": 700,
    "n_models": 20,
    "n_splits": 4,
    "n_permutations": 99,
    "n_jobs": 1,
}
QUICK = tuple(part for name, value in FEW.items() for part in ("--set", f"{name}={value}"))
"""Options of every whole run: enough to see that it works. What makes runs slow gets its small value here."""


@dataclass(frozen=True)
class Whole:
    """A run to make: name, options and environment; ``after`` names one that it continues, in a copy of its home.

    Options may be a function: it writes what the run needs into a new folder, and returns them. So may be the folder of
    the project.
    """

    run: str
    options: tuple | Callable[[Path], tuple] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    after: str | None = None
    project: Path | Callable[[Path], Path] = ROOT


@dataclass(frozen=True)
class Made:
    """A run that was made: where, and what the command line said."""

    run: Run
    home: Path
    done: subprocess.CompletedProcess


class WholeRuns:
    """Makes whole runs beside the tests, two at a time, in the order in which they are asked for.

    Processes that test beside each other may give the same folder: each run is made by the one that comes first, and
    the others wait for it.
    """

    def __init__(self, folder: Path, runs: Mapping[str, Whole]) -> None:
        self.folder, self.environment = folder, dict(os.environ)  # tests change theirs
        self.folder.mkdir(exist_ok=True)
        self.runs, self.pool = runs, ThreadPoolExecutor(max_workers=2)
        self.started: dict[str, Future] = {}

    def start(self, name: str) -> Future:
        """Begin a run, after the one that it continues, unless it was begun before."""
        if self.runs[name].after:
            self.start(self.runs[name].after)
        if name not in self.started:
            self.started[name] = self.pool.submit(self._make, name)
        return self.started[name]

    def __call__(self, name: str) -> Made:
        """Wait for a run."""
        return self.start(name).result()

    def _make(self, name: str) -> Made:
        whole, home = self.runs[name], self.folder / name.replace(" ", "-")
        finished = home.with_suffix(".json")
        with FileLock(home.with_suffix(".lock")):
            if not finished.exists():
                home.mkdir()
                if whole.after:
                    shutil.copytree(self.started[whole.after].result().home, home, dirs_exist_ok=True)
                environment = {**self.environment, **whole.environment}
                options, project = (self._value_of(given, home) for given in (whole.options, whole.project))
                done = run_seglib("run", "--run", whole.run, *options, home=home, environment=environment, cwd=project)
                finished.write_text(json.dumps([done.args, done.returncode, done.stdout, done.stderr]), "utf-8")
        done = subprocess.CompletedProcess(*json.loads(finished.read_text("utf-8")))
        return Made(Run(whole.run, base=home), home, done)

    @staticmethod
    def _value_of(given, home: Path):
        """Return an option as it was given, or what it writes into a new folder."""
        return given(Path(tempfile.mkdtemp(prefix="given-", dir=home))) if callable(given) else given


def run_seglib(*arguments, home: Path, environment: Mapping[str, str] | None = None, cwd: Path | None = None):
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "seglib", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**(environment or os.environ), "SEGLIB_HOME": str(home)},
    )
