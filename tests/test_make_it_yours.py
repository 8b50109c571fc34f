"""What "Make it yours" in 03 promises, from the changed notebook to the published report.

The changes are those that the notebook names, copied from its text.
"""

import os
import re
import shutil

import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbclient import NotebookClient
from whole import QUICK, ROOT, run_seglib

from seglib.run.run import Run
from seglib.runner.pipeline import execute
from seglib.runner.request import Request
from seglib.runner.steps import NOTEBOOKS
from seglib.scoring.file import load_model
from seglib.sql.connect import in_memory

pytestmark = pytest.mark.slow

STEP = "03_preprocessing"


def yours():
    """The text of the section."""
    cells = nbformat.read(NOTEBOOKS / f"{STEP}.ipynb", as_version=4).cells
    [text] = [cell.source for cell in cells if cell.id == "yours"]
    return text


def quoted(start):
    """What stands in backticks in it and starts so."""
    return [part for part in re.findall(r"`([^`]+)`", yours()) if part.startswith(start)]


def page(home, run, file):
    text = BeautifulSoup((home / "reports" / run / file).read_text(encoding="utf-8"), "html.parser").get_text(" ")
    return " ".join(text.split())


def placed_alike(home, run, scored):
    """Hold the published list, the model, both statements and ``seglib score`` to each other, for every customer."""
    analysed, folder = Run(run, base=home), home / "reports" / run
    listed = pd.read_csv(folder / "segments.csv", dtype=str).set_index("customer_id")
    features = analysed.read("features")
    assert list(listed.index) == list(features.index)
    by_python = load_model(folder / "model.skops").describe(features)["segment"]
    con = in_memory()
    con.register("features", features.reset_index())
    of_features = con.sql((folder / "scoring.sql").read_text(encoding="utf-8")).df()
    of_tables = analysed.connect().sql((folder / "scoring_from_tables.sql").read_text(encoding="utf-8")).df()
    for placed in (of_features, of_tables, pd.read_csv(scored, dtype=str)):
        segment = placed.set_index("customer_id")["segment"].reindex(listed.index)
        assert (segment == listed["segment"]).all()
    assert (by_python == listed["segment"]).all()


def seglib(home, *arguments):
    done = run_seglib(*arguments, home=home, environment=os.environ | {"PYTHONPATH": str(ROOT)}, cwd=home)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def analysed(tmp_path_factory):
    """The sample with the features of the example, analysed by one command; a path as it is given from the root."""
    home = tmp_path_factory.mktemp("home")
    [setting] = quoted("own_features = ")
    file = setting.split('"')[1].removeprefix("../")
    seglib(home, "run", "--run", "own", *QUICK, "--set", f"own_features={file}")
    return home


def test_features_of_your_own_go_all_the_way(analysed, tmp_path):
    run = Run("own", base=analysed)
    recipe, features = run.read("recipe"), run.read("features")
    assert "recent_share" in recipe.sources
    assert "cannot be told apart by their weekend share" in recipe.left_out["weekend_share"]
    unified = run.read("unified")
    age = (pd.Timestamp(run.read("shop").as_of) - unified["transaction_date"]).dt.days
    expected = (age < 365).groupby(unified["customer_id"]).mean().reindex(features.index)
    np.testing.assert_allclose(features["recent_share"], expected, atol=1e-12)
    assert "recent_share" in set(run.read("profiles")["feature"])
    assert "Recent share is computed from the simulated coupons by the same statement" in page(
        analysed, "own", "04_k_selection.html"
    )
    assert "share of coupons claimed in the last year" in page(analysed, "own", "03_preprocessing.html")
    assert "recent share (it comes from a statement of your own" in page(analysed, "own", "06_interpretation.html")
    names = " ".join(card.name.lower() for card in run.read("cards"))
    assert "lapsed" in names  # the word of the example for little of it
    model = analysed / "reports" / "own" / "model.skops"
    seglib(analysed, "score", "--model", model, "--source", "sample", "--out", tmp_path / "scored.csv")
    placed_alike(analysed, "own", tmp_path / "scored.csv")


def test_the_holdout_describes_customers_by_what_was_known_then(analysed):
    run = Run("own", base=analysed)
    from seglib.interpretation.holdout.holdout import evaluate_holdout

    held = evaluate_holdout(run.connect(), run.study(), run.read("recipe"), k=3)
    assert not held.why
    assert not [note for note in held.notes if "recent share" in note]


class Changed:
    """A copy of the run and of the notebooks, which are changed there, run by hand or by the command line."""

    def __init__(self, home, folder):
        self.home, self.folder = home, folder

    def change(self, step, *, parameters=(), **changes):
        """Write other values into the cell of the parameters, and other code into the cells of those ids."""
        path = self.folder / f"{step}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.id == "parameters":
                for name, value in dict(parameters).items():
                    typed = value if str(value).isdigit() else repr(value)
                    cell.source = re.sub(rf"^({name}: \w+ = )[^#]*(?=  #)", rf"\g<1>{typed}", cell.source, flags=re.M)
            for old, new in changes.get(cell.id, {}).items():
                assert old in cell.source
                cell.source = cell.source.replace(old, new)
        nbformat.write(notebook, path)

    def run_by_hand(self, step):
        """Run a notebook as JupyterLab would."""
        self.change(step, parameters={"run": "own"} | dict(part.split("=") for part in QUICK[1::2]))
        environment = os.environ | {"SEGLIB_QUIET": "1", "PYTHONPATH": str(ROOT)}
        notebook = nbformat.read(self.folder / f"{step}.ipynb", as_version=4)
        NotebookClient(notebook, timeout=600, kernel_name="python3").execute(cwd=str(self.folder), env=environment)


@pytest.fixture
def changed(analysed, tmp_path, monkeypatch):
    home, folder = shutil.copytree(analysed, tmp_path / "home"), tmp_path / "notebooks"
    shutil.copytree(NOTEBOOKS, folder, ignore=shutil.ignore_patterns("lessons"))
    os.symlink(ROOT / "params", tmp_path / "params")
    for module in ("pipeline", "request"):
        monkeypatch.setattr(f"seglib.runner.{module}.NOTEBOOKS", folder)
    monkeypatch.setenv("SEGLIB_HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return Changed(home, folder)


def test_capped_outliers_and_components_go_all_the_way(changed, tmp_path):
    home = changed.home
    [capped], [components], [line] = quoted("number_steps=[prep."), quoted("matrix_steps="), quoted("from sklearn.dec")
    before = (home / "reports" / "own" / "segments.csv").read_bytes()
    options = {"options = ": f"{line}\noptions = ", "number_steps=[]": capped, "matrix_steps=[]": components}
    changed.change(STEP, options=options)
    execute(Request("own", source=None, start=STEP))  # with the features of your own, as before
    analysed = Run("own", base=home)
    recipe, matrix = analysed.read("recipe"), analysed.read("matrix")
    assert [step["step"] for step in recipe.options["number_steps"]] == ["Winsorizer"]
    assert recipe.options["matrix_steps"] == [{"step": "PCA", "n_components": 3, "whiten": False}]
    assert list(matrix) == ["component_1", "component_2", "component_3"]
    assert (home / "reports" / "own" / "segments.csv").read_bytes() != before
    assert "3 components stand for" in page(home, "own", "03_preprocessing.html")
    assert not analysed.read("sensitivity").empty
    model = home / "reports" / "own" / "model.skops"
    seglib(home, "score", "--model", model, "--source", "sample", "--out", tmp_path / "scored.csv")
    placed_alike(home, "own", tmp_path / "scored.csv")


def test_another_transform_is_built_as_the_text_says(changed):
    [power], [numpy], [line] = quoted("number_steps=[Func"), quoted("import numpy"), quoted("from sklearn.prep")
    [setting] = quoted("transform = ")
    options = {"options = ": f"{numpy}\n{line}\noptions = ", "number_steps=[]": power}
    changed.change(STEP, options=options, parameters={"transform": setting.split('"')[1]})
    changed.run_by_hand(STEP)
    analysed = Run("own", base=changed.home)
    root = np.sqrt(analysed.read("features")["coupons_per_month"])
    expected = (root - root.mean()) / root.std(ddof=0)
    np.testing.assert_allclose(analysed.read("matrix")["coupons_per_month"], expected, atol=1e-9)


def test_a_changed_table_stops_04_with_the_way_out(changed):
    changed.change(STEP, save={"matrix=matrix.table,": "matrix=matrix.table.clip(-2, 2),"})
    changed.run_by_hand(STEP)
    with pytest.raises(Exception, match=r"number_steps or matrix_steps in 03"):
        changed.run_by_hand("04_k_selection")
