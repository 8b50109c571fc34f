"""The exercises of 04 to 06 run exactly as they are written, and show what they promise.

The commands and the code are taken from the notebooks; only what makes them slow gets a small value, where the exercise
does not set it itself. Commands that begin a run of their own are whole runs that other tests look at too; where an
exercise looks at one notebook, that notebook runs in this process with the parameters of the command.
"""

import os
import re
import shlex
import shutil

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from in_process import Notebooks, enter
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score
from whole import FEW, ROOT, run_seglib

from seglib.run.run import Run
from seglib.runner.steps import NOTEBOOKS

pytestmark = pytest.mark.slow


def exercise(step, number):
    """The text of one exercise."""
    [path] = NOTEBOOKS.glob(f"{step}_*.ipynb")
    text = nbformat.read(path, as_version=4).cells[-1].source
    return re.split(r"^\d\. ", text, flags=re.M)[number]


def quoted(text, start):
    """What stands in backticks and starts so."""
    return [part for part in re.findall(r"`([^`]+)`", text) if part.startswith(start)]


def settings(command, *, run="sample", start=None):
    """Return the parameters that a command sets, and hold it to the run and the notebook where it begins."""
    words = iter(shlex.split(command))
    assert [next(words), next(words)] == [".venv/bin/seglib", "run"]
    given = [(option, next(words)) for option in words]
    values = dict(value.split("=", 1) for option, value in given if option == "--set")
    options = {option: value for option, value in given if option != "--set"}
    assert options.pop("--run") == run
    assert options.pop("--from", None) == start
    return {option.removeprefix("--"): value for option, value in options.items()} | values


def begins_with(command, made):
    """Say whether a whole run was begun by that command, with further options after it."""
    program, *arguments = shlex.split(command)
    assert program == ".venv/bin/seglib"
    assert made.done.returncode == 0, made.done.stderr
    start = made.done.args.index("seglib") + 1
    return made.done.args[start : start + len(arguments)] == arguments


@pytest.fixture(scope="module")
def notebooks(whole_run, tmp_path_factory):
    """The notebooks in a project in which the sample has been analysed, as the exercises take for granted."""
    project = tmp_path_factory.mktemp("exercises") / "project"
    shutil.copytree(whole_run("customer").home, project)
    with pytest.MonkeyPatch.context() as patch:
        enter(project, patch)
        yield Notebooks(project, FEW)


def analyse(notebooks, sample, command, run):
    """Make a shop by one command, and take it through the notebooks up to 04 as the other one does."""
    notebooks.command(sample)
    given = settings(command, run=run)
    assert list(given) == ["source"]
    notebooks.end("01_ingest", run=run, source=f"../{given['source']}")
    for step in ("02_eda", "03_preprocessing", "04_k_selection"):
        notebooks.end(step, run=run)
    return Run(run)


def page(home, run, file):
    """The text of a page of the report."""
    text = BeautifulSoup((home / "reports" / run / file).read_text(encoding="utf-8"), "html.parser").get_text(" ")
    return " ".join(text.split())


def segments_of(home, run="sample"):
    """The published list, by customer."""
    listed = pd.read_csv(home / "reports" / run / "segments.csv", dtype=str, keep_default_na=False)
    return listed.set_index("customer_id")


def test_every_exercise_is_followed_here():
    """What an exercise asks to run is run by a test: who adds one, adds a test."""
    for step, n in {"04": 3, "05": 3, "06": 3}.items():
        followed = [name for name in globals() if name.startswith(f"test_{step}_")]
        assert len(followed) == n
        with pytest.raises(IndexError):
            exercise(step, n + 1)


@pytest.mark.whole_run("customer from 04")
def test_04_1_another_number_is_used_and_judged(whole_run):
    [command] = quoted(exercise("04", 1), ".venv/bin/seglib run")
    made = whole_run("customer from 04")
    assert begins_with(command, made)
    assert segments_of(made.home)["segment"].nunique() == 5
    text = page(made.home, "sample", "04_k_selection.html")
    assert re.search(r"k = 5: given by the analyst\. With k = 5, the least stable segment", text)


@pytest.mark.whole_run("customer")
def test_04_2_a_shop_without_segments_has_curves_that_mislead(notebooks):
    run = analyse(notebooks, *quoted(exercise("04", 2), ".venv/bin/seglib"), "calm")
    choice, scores = run.read("choice"), run.read("k_scores")
    assert choice.verdict.structure == "constructed"
    assert (
        choice.criteria["elbow"] is not None or choice.criteria["silhouette"] is not None
    )  # something to be misled by
    silhouette = scores[scores["metric"] == "silhouette"].groupby("k")["value"].first()
    assert silhouette.max() > silhouette.median()


@pytest.mark.whole_run("customer")
def test_04_3_customers_who_differ_gradually_differ_and_form_no_groups(notebooks):
    run = analyse(notebooks, *quoted(exercise("04", 3), ".venv/bin/seglib"), "gradual")
    verdict = run.read("choice").verdict
    holds = {line.evidence: line.holds for line in verdict.evidence}
    assert holds["differences"]
    assert not holds["silhouette"]
    assert verdict.structure == "constructed"


@pytest.fixture(scope="module")
def notebook_05(notebooks):
    """What the names of 05 stand for at its end, where the exercises add a cell."""
    return notebooks.end("05_clustering", run="sample")


@pytest.mark.whole_run("customer")
def test_05_1_single_starts_end_at_several_solutions_and_fifty_at_one(notebook_05):
    [single] = quoted(exercise("05", 1), "pd.")
    assert "n_init=1," in single
    assert eval(single, notebook_05) > eval(single.replace("n_init=1,", "n_init=50,"), notebook_05) == 1


@pytest.mark.whole_run("customer")
def test_05_2_letters_move_with_their_order_and_stay_when_aligned(notebooks, notebook_05):
    text = exercise("05", 2)
    [command] = quoted(text, ".venv/bin/seglib run")
    [added] = quoted(text, "--set align_to")
    before = notebook_05["segments"]["segment"]
    after = notebooks.end("05_clustering", **settings(command, start="05"))["segments"]["segment"]
    assert adjusted_rand_score(before, after[before.index]) == 1
    assert (before != after[before.index]).any()
    kept = notebooks.end("05_clustering", **settings(f"{command} {added}", start="05"))["segments"]["segment"]
    assert (kept[after.index] == after).all()


@pytest.mark.whole_run("customer")
def test_05_3_another_method_splits_or_joins_segments(notebook_05):
    [crossed] = quoted(exercise("05", 3), "pd.")
    assert notebook_05["AgglomerativeClustering"] is AgglomerativeClustering  # the cell needs no import
    table = eval(crossed, notebook_05)
    assert list(table.index) == ["A", "B", "C"]
    assert table.shape[1] == 3


@pytest.fixture(scope="module")
def from_06(whole_run, tmp_path_factory):
    """The sample, interpreted anew by the commands of the first and the third exercise of 06 in one; and the first."""
    home = tmp_path_factory.mktemp("from-06") / "home"
    shutil.copytree(whole_run("customer").home, home)
    text = exercise("06", 1)
    [file] = quoted(text, "names.yaml")
    [line] = quoted(text, "A: ")
    (home / file).write_text(f"{line}\nB: My B\nC: My C\n", encoding="utf-8")
    [names], [earlier] = (quoted(exercise("06", number), ".venv/bin/seglib run") for number in (1, 3))
    both = settings(names, start="06") | settings(earlier, start="06")
    options = [part for name, value in both.items() for part in ("--set", f"{name}={value}")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = run_seglib("run", "--run", "sample", "--from", "06", *options, home=home, environment=environment, cwd=home)
    assert done.returncode == 0, done.stderr
    return home, line


@pytest.mark.whole_run("customer")
def test_06_1_your_own_names_are_on_every_list(from_06):
    home, line = from_06
    listed = segments_of(home)
    assert listed.groupby("segment")["segment_name"].first().to_dict() == {"A": line[3:], "B": "My B", "C": "My C"}
    assert "My B" in page(home, "sample", "06_interpretation_business.html")


@pytest.mark.whole_run("baseline")
def test_06_2_the_original_analysis_makes_its_segments_of_other_things(whole_run):
    [command] = quoted(exercise("06", 2), ".venv/bin/seglib run")
    made = whole_run("baseline")
    assert begins_with(command, made)
    assert made.run.read("recipe").name == "baseline"
    text = page(made.home, "original", "06_interpretation.html")
    assert "For most customers, in plain words" in text
    assert made.run.read("rules").sentences


@pytest.mark.whole_run("customer")
def test_06_3_an_earlier_day_is_asked_for_and_answered(from_06):
    home, _ = from_06
    text = page(home, "sample", "06_interpretation.html")
    assert "The shop as it stood on 2025-09-30" in text
    assert Run("sample", base=home).read("verdict").useful in ("useful", "not shown to be useful")
    assert "Customers that a test needs" in text
