"""The exercises of 04 to 06 run exactly as they are written, and show what they promise.

The commands and the code are taken from the notebooks; only what makes them slow gets a small value, where the exercise
does not set it itself.
"""

import os
import re
import shlex
import shutil

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbclient import NotebookClient
from sklearn.metrics import adjusted_rand_score
from whole import QUICK, ROOT, run_seglib

from seglib.run.run import Run
from seglib.runner.pipeline import execute
from seglib.runner.request import Request
from seglib.runner.steps import NOTEBOOKS


def exercise(step, number):
    """The text of one exercise."""
    [path] = NOTEBOOKS.glob(f"{step}_*.ipynb")
    text = nbformat.read(path, as_version=4).cells[-1].source
    return re.split(r"^\d\. ", text, flags=re.M)[number]


def quoted(text, start):
    """What stands in backticks and starts so."""
    return [part for part in re.findall(r"`([^`]+)`", text) if part.startswith(start)]


@pytest.fixture
def follow(home):
    """Run a command of an exercise as it is written; a run that starts from the beginning gets small values."""

    def run(command):
        program, *arguments = shlex.split(command)
        assert program == ".venv/bin/seglib"
        quick = QUICK if arguments[0] == "run" and "--from" not in arguments else ()
        done = run_seglib(*arguments, *quick, home=home, environment=os.environ | {"PYTHONPATH": str(ROOT)}, cwd=home)
        assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture(scope="module")
def analysed(tmp_path_factory):
    """A folder in which the sample has been analysed, as the exercises take for granted."""
    folder = tmp_path_factory.mktemp("analysed")
    done = run_seglib("run", "--run", "sample", *QUICK, home=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def home(analysed, tmp_path):
    """A copy of that folder for one exercise."""
    return shutil.copytree(analysed, tmp_path / "home")


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


def test_04_1_another_number_is_used_and_judged(home, follow):
    [command] = quoted(exercise("04", 1), ".venv/bin/seglib run")
    follow(command)
    assert segments_of(home)["segment"].nunique() == 5
    text = page(home, "sample", "04_k_selection.html")
    assert re.search(r"k = 5: given by the analyst\. With k = 5, the least stable segment", text)


def test_04_2_a_shop_without_segments_has_curves_that_mislead(home, follow):
    [sample, command] = quoted(exercise("04", 2), ".venv/bin/seglib")
    follow(sample)
    follow(command)
    run = Run("calm", base=home)
    choice, scores = run.read("choice"), run.read("k_scores")
    assert choice.verdict.structure == "constructed"
    assert (
        choice.criteria["elbow"] is not None or choice.criteria["silhouette"] is not None
    )  # something to be misled by
    silhouette = scores[scores["metric"] == "silhouette"].groupby("k")["value"].first()
    assert silhouette.max() > silhouette.median()


def test_04_3_customers_who_differ_gradually_differ_and_form_no_groups(home, follow):
    [sample, command] = quoted(exercise("04", 3), ".venv/bin/seglib")
    follow(sample)
    follow(command)
    verdict = Run("gradual", base=home).read("choice").verdict
    holds = {line.evidence: line.holds for line in verdict.evidence}
    assert holds["differences"]
    assert not holds["silhouette"]
    assert verdict.structure == "constructed"


@pytest.fixture(scope="module")
def notebook_05(analysed):
    """Notebook 05, executed for the sample, with the cells of its exercises at the end: what each displays."""
    [path] = NOTEBOOKS.glob("05_*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    [single] = quoted(exercise("05", 1), "pd.")
    [crossed] = quoted(exercise("05", 3), "pd.")
    assert "n_init=1," in single
    added = [single, single.replace("n_init=1,", "n_init=50,"), crossed]
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in added]
    environment = os.environ | {"SEGLIB_HOME": str(analysed), "SEGLIB_QUIET": "1", "PYTHONPATH": str(ROOT)}
    client = NotebookClient(notebook, timeout=300, kernel_name="python3")
    client.execute(cwd=str(NOTEBOOKS), env=environment)
    return [cell.outputs[-1]["data"]["text/plain"] for cell in notebook.cells[-3:]]


def test_05_1_single_starts_end_at_several_solutions_and_fifty_at_one(notebook_05):
    single, fifty, _ = notebook_05
    assert int(single.split("(")[-1].rstrip(")")) > int(fifty.split("(")[-1].rstrip(")")) == 1


def test_05_2_letters_move_with_their_order_and_stay_when_aligned(home, follow):
    text = exercise("05", 2)
    [command] = quoted(text, ".venv/bin/seglib run")
    [added] = quoted(text, "--set align_to")
    before = segments_of(home)["segment"]
    follow(command)
    after = segments_of(home)["segment"]
    assert adjusted_rand_score(before, after[before.index]) == 1
    assert (before != after[before.index]).any()
    follow(f"{command} {added}")
    assert (segments_of(home)["segment"][after.index] == after).all()


def test_05_3_another_method_splits_or_joins_segments(notebook_05):
    crossed = notebook_05[2]
    assert crossed.count("\n") >= 3
    assert all(letter in crossed for letter in "ABC")


def test_06_1_your_own_names_are_on_every_list(home, follow):
    text = exercise("06", 1)
    [file] = quoted(text, "names.yaml")
    [line] = quoted(text, "A: ")
    (home / file).write_text(f"{line}\nB: My B\nC: My C\n", encoding="utf-8")
    [command] = quoted(text, ".venv/bin/seglib run")
    follow(command)
    listed = segments_of(home)
    assert listed.groupby("segment")["segment_name"].first().to_dict() == {"A": line[3:], "B": "My B", "C": "My C"}
    assert "My B" in page(home, "sample", "06_interpretation_business.html")


def test_06_2_the_original_analysis_makes_its_segments_of_other_things(home, follow):
    [command] = quoted(exercise("06", 2), ".venv/bin/seglib run")
    follow(command)
    run = Run("original", base=home)
    assert run.read("recipe").name == "baseline"
    text = page(home, "original", "06_interpretation.html")
    assert "For most customers, in plain words" in text
    assert run.read("rules").sentences


def test_06_3_an_earlier_day_is_asked_for_and_answered(home, follow):
    [command] = quoted(exercise("06", 3), ".venv/bin/seglib run")
    follow(command)
    text = page(home, "sample", "06_interpretation.html")
    assert "The shop as it stood on 2025-09-30" in text
    assert Run("sample", base=home).read("verdict").useful in ("useful", "not shown to be useful")
    assert "Customers that a test needs" in text


def test_a_section_added_to_06_appears_in_the_report(home, tmp_path, monkeypatch):
    folder = shutil.copytree(NOTEBOOKS, tmp_path / "notebooks", ignore=shutil.ignore_patterns("lessons"))
    path = folder / "06_interpretation.ipynb"
    notebook = nbformat.read(path, as_version=4)
    at = next(i for i, cell in enumerate(notebook.cells) if cell.source.startswith("## Takeaways"))
    chart = (
        "own = features.assign(segment=letters)\n"
        "ax = sns.barplot(own, x='segment', y='tenure_days', hue='segment', palette=plots.palette(letters))\n"
        "show(ax, alt='Mean tenure by segment.', caption='All customers.')"
    )
    notebook.cells[at:at] = [
        nbformat.v4.new_markdown_cell("## How long have they been here?", id="own-section"),
        nbformat.v4.new_code_cell(chart, id="own-chart"),
    ]
    nbformat.write(notebook, path)
    monkeypatch.setenv("SEGLIB_HOME", str(home))
    for module in ("pipeline", "request"):
        monkeypatch.setattr(f"seglib.runner.{module}.NOTEBOOKS", folder)
    execute(Request("sample", source=None, start="06_interpretation"))
    for file in ("06_interpretation.html", "06_interpretation_business.html"):
        soup = BeautifulSoup((home / "reports" / "sample" / file).read_text(encoding="utf-8"), "html.parser")
        assert "How long have they been here?" in [h2.get_text(strip=True).rstrip("¶") for h2 in soup.find_all("h2")]
        assert soup.find("img", alt="Mean tenure by segment.")
