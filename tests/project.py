"""A copy of the project on a small shop, and the ways in which an analyst runs its notebooks by hand."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd

from seglib.datasets.shop import make_shop
from seglib.runner.steps import STEPS

FEW = {
    "run": "small",
    "source": "data/shop.xlsx",
    "k": 3,
    "k_max": 4,
    "n_init": 3,
    "n_null": 19,
    "n_shuffles": 99,
    "n_models": 10,
    "n_splits": 2,
    "n_permutations": 49,
    "sample_customers": 200,
    "min_segment": 5,
    "n_jobs": 1,
}
"""What the analyst writes into the parameters cells."""


class Project:
    """A copy of the project, and the ways to run its notebooks."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder, self.reports = folder, folder / "reports"
        for part in ("seglib", "notebooks"):
            shutil.copytree(
                root / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
            )
        (folder / "data").mkdir()
        make_shop(customers=300, transactions=2_700, seed=5).write(folder / "data" / "shop.xlsx")
        self.environment = {**os.environ, "PYTHONPATH": str(folder), "SEGLIB_CHROME": "none"}
        self.environment.pop("SEGLIB_HOME", None)
        for step in STEPS:
            self.edit(step, FEW)

    def edit(self, step: str, values: dict) -> None:
        """Change defaults in the parameters cell, as an analyst does."""
        path = self.folder / "notebooks" / f"{step}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        cell = next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
        for name, value in values.items():
            cell.source = re.sub(rf"(?m)^{name}: (\w+) = .*?  #", rf"{name}: \1 = {value!r}  #", cell.source)
        nbformat.write(notebook, path)

    def call(self, *arguments, cwd: str = ".") -> subprocess.CompletedProcess:
        """Run a Python module in the environment of the copy."""
        return subprocess.run(
            [sys.executable, "-m", *map(str, arguments)],
            cwd=self.folder / cwd,
            env=self.environment,
            capture_output=True,
            text=True,
        )

    def papermill(self, step: str, *options, cwd: str = ".") -> subprocess.CompletedProcess:
        """Run a notebook by plain papermill."""
        file = "notebooks" if cwd == "." else "."
        return self.call(
            "papermill", f"{file}/{step}.ipynb", self.folder / "out.ipynb", "--no-progress-bar", *options, cwd=cwd
        )

    def nbconvert(self, step: str, *, cwd: str = ".") -> subprocess.CompletedProcess:
        """Run a notebook by nbconvert."""
        file, out = "notebooks" if cwd == "." else ".", self.folder / "out"
        return self.call(
            "nbconvert", "--to", "notebook", "--execute", "--output-dir", out, f"{file}/{step}.ipynb", cwd=cwd
        )

    def seglib(self, *arguments) -> subprocess.CompletedProcess:
        """Run the command line."""
        return self.call("seglib", *arguments)

    def published(self) -> dict[str, str]:
        """Return what is under reports/ but drafts: the hash of every file."""
        return {
            path.relative_to(self.reports).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.reports.rglob("*"))
            if path.is_file() and ".draft" not in path.parts[len(self.reports.parts)]
        }

    def lists(self, folder: str) -> dict[str, list[str]]:
        """Return the customers of the two lists of every segment, by its letter."""
        customers: dict[str, list[str]] = {}
        for path in sorted((self.reports / folder / "audience").glob("*.csv")):
            letter = path.stem.split("_")[1]
            customers.setdefault(letter, []).extend(pd.read_csv(path, dtype=str)["customer_id"])
        return customers


def ended_well(done: subprocess.CompletedProcess) -> subprocess.CompletedProcess:
    assert done.returncode == 0, done.stderr[-3000:]
    return done
