"""An analyst who changes a cell of a notebook, runs on to the end, and publishes: the tests of tweaks begin with it."""

import os
import shutil
import subprocess
from pathlib import Path

import nbformat
import pandas as pd
from bs4 import BeautifulSoup
from nbclient import NotebookClient
from whole import ROOT, run_seglib

from seglib.run.run import Run
from seglib.runner.pipeline import execute, publish
from seglib.runner.request import Request
from seglib.runner.steps import NOTEBOOKS, STEPS

RUN = "tweak"

QUICK = {
    "n_shuffles": 99,
    "n_init": 3,
    "n_null": 19,
    "k_max": 4,
    "sample_customers": 300,
    "n_models": 10,
    "n_splits": 2,
    "n_permutations": 99,
    "n_jobs": 1,
}
"""Values that make a run quick, where a tweak sets no others."""


def analyse(folder: Path) -> Path:
    """Make a small shop with three clear segments, analyse it, and return the home of the run."""
    home, shop = folder / "home", folder / "shop"
    home.mkdir()
    planted = ("--segments", 3, "--separation", "strong", "--seed", 1)
    sampled = run_seglib("sample", "--customers", 300, "--transactions", 2400, *planted, "--out", shop, home=home)
    assert sampled.returncode == 0, sampled.stderr
    _add_amounts(shop)
    options = [part for name, value in QUICK.items() for part in ("--set", f"{name}={value}")]
    done = run_seglib("run", "--source", shop, "--run", RUN, *options, home=home)
    assert done.returncode == 0, done.stderr
    return home


def _add_amounts(shop: Path) -> None:
    """Let customers spend money with the coupons that they burn: those of one planted segment ten times as much."""
    path = shop / "transactions.parquet"
    transactions = pd.read_parquet(path)
    truth = pd.read_csv(shop / "truth.csv").set_index("customer_id")["segment"]
    segment = transactions["customer_id"].map(truth)
    amount = 10.0 + transactions["transaction_id"].astype(int) % 7 + 100.0 * (segment == truth.iloc[0])
    transactions.assign(amount=amount.where(transactions["transaction_status"] == "burned")).to_parquet(path)


class Analyst:
    """A copy of an analysed shop and of the notebooks, which the analyst changes.

    Parameters
    ----------
    home : Path
        What `analyse` returned; it is copied.
    folder : Path
        Empty; the copies go here.
    patch : pytest.MonkeyPatch
    """

    def __init__(self, home: Path, folder: Path, patch) -> None:
        self.shop = home.parent / "shop"
        self.home = shutil.copytree(home, folder / "home")
        self.notebooks = shutil.copytree(NOTEBOOKS, folder / "notebooks", ignore=shutil.ignore_patterns("lessons"))
        self.run = Run(RUN, base=self.home)
        self.report = self.home / "reports" / RUN
        self.python = {"PYTHONPATH": str(ROOT), "SEGLIB_HOME": str(self.home), "SEGLIB_QUIET": "1"}
        for name, value in self.python.items():
            patch.setenv(name, value)
        for module in ("pipeline", "request"):
            patch.setattr(f"seglib.runner.{module}.NOTEBOOKS", self.notebooks)

    def change(self, step: str, cell: str, *replacements: tuple[str, str]) -> None:
        """Change the text of a cell, or of the line of a parameter, and save the notebook."""
        path = self.notebooks / f"{step}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        [changed] = [one for one in notebook.cells if one.id == cell]
        for old, new in replacements:
            assert changed.source.count(old) == 1, f"{step}, {cell} has not one {old!r}"
            changed.source = changed.source.replace(old, new)
        nbformat.write(notebook, path)

    def source(self, step: str, cell: str) -> str:
        """The text of a cell."""
        notebook = nbformat.read(self.notebooks / f"{step}.ipynb", as_version=4)
        [source] = [one.source for one in notebook.cells if one.id == cell]
        return source

    def add(self, step: str, before: str, *cells: nbformat.NotebookNode) -> None:
        """Add cells to a notebook, before the cell of that id."""
        path = self.notebooks / f"{step}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        at = next(i for i, cell in enumerate(notebook.cells) if cell.id == before)
        notebook.cells[at:at] = cells
        nbformat.write(notebook, path)

    def set(self, step: str, **parameters: object) -> None:
        """Change values in the cell of the parameters, and save the notebook."""
        path = self.notebooks / f"{step}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        [cell] = [one for one in notebook.cells if "parameters" in one.metadata.get("tags", [])]
        lines = {line.split(":")[0]: line for line in cell.source.splitlines()}
        for name, value in parameters.items():
            declared, comment = lines[name].split("  # ", 1)
            lines[name] = f"{declared.split(' = ')[0]} = {value!r}  # {comment}"
        cell.source = "\n".join(lines.values())
        nbformat.write(notebook, path)

    def run_by_hand(self, start: str, **parameters: object) -> None:
        """Run the notebooks from that one on, as JupyterLab would: nothing that is published changes."""
        before = self.published()
        steps = list(STEPS)
        for step in steps[steps.index(start) :]:
            notebook = nbformat.read(self.notebooks / f"{step}.ipynb", as_version=4)
            [cell] = [one for one in notebook.cells if "parameters" in one.metadata.get("tags", [])]
            declared = {line.split(":")[0] for line in cell.source.splitlines()}
            values = {"run": RUN, "source": str(self.shop), **QUICK, **parameters}
            self.set(step, **{name: value for name, value in values.items() if name in declared})
            notebook = nbformat.read(self.notebooks / f"{step}.ipynb", as_version=4)
            client = NotebookClient(notebook, timeout=300, kernel_name="python3")
            client.execute(cwd=str(self.notebooks), env=os.environ | self.python)
        assert self.published() == before

    def run_from(self, start: str, **parameters: object) -> None:
        """Run the notebooks from that one on and publish, as ``seglib run`` does, with ``--from`` or from the first."""
        if start == next(iter(STEPS)):
            execute(Request(RUN, source=str(self.shop), overrides=QUICK | parameters))
        else:
            execute(Request(RUN, source=None, overrides=parameters, start=start))

    def publish(self) -> None:
        """Publish what was run by hand, as ``seglib report --run`` does."""
        publish(RUN)

    def published(self) -> dict[str, bytes]:
        """The files of the published report, by path."""
        files = sorted(path for path in self.report.rglob("*") if path.is_file())
        return {path.relative_to(self.report).as_posix(): path.read_bytes() for path in files}

    def page(self, file: str) -> str:
        """The text of a page of the report."""
        soup = BeautifulSoup((self.report / file).read_text(encoding="utf-8"), "html.parser")
        return " ".join(soup.get_text(" ").split())

    @property
    def listed(self) -> pd.DataFrame:
        """The published list, by customer."""
        return pd.read_csv(self.report / "segments.csv", dtype=str, keep_default_na=False).set_index("customer_id")

    def score(self, *options: object) -> subprocess.CompletedProcess:
        """Place the customers of the shop by the published model, on the command line."""
        model, out = self.report / "model.skops", self.home / "scored.csv"
        out.unlink(missing_ok=True)
        source = ("--model", model, "--source", self.shop, "--out", out)
        return run_seglib("score", *source, *options, home=self.home, environment=os.environ | self.python)

    def check(self, *, has_model: bool = True, exact: bool = True, score: tuple = ()) -> None:
        """Hold the published report to what every report promises, whatever the analyst has changed.

        All files that name a segment name the same ones; a list has those customers that ``segments.csv`` puts there;
        a statement in SQL, where there is one, gives every customer the segment that ``segments.csv`` gives, in DuckDB,
        as ``seglib score`` does; where there is none, nothing else is there that would place customers. Labels that
        came in a file are given back as far as the record says (``exact=False``), and all ways of placing agree.
        """
        listed, record = self.listed, self.run.read_record()
        letters = sorted(set(listed["segment"]))
        assert sorted(one["segment"] for one in record["segments"]) == letters
        assert sorted(card.segment for card in self.run.read("cards")) == letters
        assert set(self.run.read("profiles")["segment"]) == set(letters)
        assert self.run.read("segments")["segment"].to_dict() == listed["segment"].to_dict()
        names = {one["segment"]: one["name"] for one in record["segments"]}
        assert listed["segment_name"].to_dict() == listed["segment"].map(names).to_dict()
        files = {path.stem: path for path in (self.report / "audience").glob("*.csv")}
        entries = self.run.read("overview").lists
        assert {entry.file for entry in entries} == set(files)
        assert {entry.segment for entry in entries} == set(record["audiences"]) <= set(letters)
        for letter in record["audiences"]:
            own_files = [files[entry.file] for entry in entries if entry.segment == letter]
            members = [customer for path in own_files for customer in pd.read_csv(path, dtype=str)["customer_id"]]
            assert sorted(members) == sorted(listed.index[listed["segment"] == letter])
        self.run.refuse_unfit()
        files = ("model.skops", "scoring.sql", "scoring_from_tables.sql")
        assert [(self.report / file).exists() for file in files] == [has_model] * 3
        if not has_model:
            assert self.score(*score).returncode == 1
            return
        con, placed = self.run.connect(), {}
        for file in files[1:]:
            statement = (self.report / file).read_text(encoding="utf-8")
            placed[file] = con.sql(statement).df().set_index("customer_id")["segment"].dropna().to_dict()
        done = self.score(*score)
        assert done.returncode == 0, done.stderr
        scored = pd.read_csv(self.home / "scored.csv", dtype=str, keep_default_na=False).set_index("customer_id")
        placed["seglib score"] = scored.loc[scored["segment"] != "", "segment"].to_dict()
        expected = listed["segment"].to_dict() if exact else placed["seglib score"]
        for way, segments in placed.items():
            assert segments == expected, way
        if not exact:
            same = listed["segment"].eq(pd.Series(expected)[listed.index]).mean()
            assert round(same, 6) == self.run.read("clustering").labels.by_rule
