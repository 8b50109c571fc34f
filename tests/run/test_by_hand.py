"""Notebooks that an analyst runs by hand, from a first try to a published report, in a copy of the project.

Every notebook is run as somebody would: by nbconvert or by plain papermill, from the root of the project or from
notebooks/. Nothing that is published changes until `seglib report`.
"""

import re
from pathlib import Path

import pandas as pd
import pytest
from project import Project, ended_well

from seglib.run.run import Run
from seglib.runner.steps import STEPS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(root, tmp_path_factory):
    return Project(root, tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def tried(project):
    """All six by hand, in every way there is; on the way k is changed, and 06 comes too early."""
    for step, run_it, cwd in (
        ("01_ingest", project.nbconvert, "."),
        ("02_eda", project.papermill, "."),
        ("03_preprocessing", project.papermill, "notebooks"),
        ("04_k_selection", project.nbconvert, "notebooks"),
        ("05_clustering", project.papermill, "."),
    ):
        ended_well(run_it(step, cwd=cwd))
    three = Run("small", base=project.folder).read("segments")["segment"].nunique()
    ended_well(project.papermill("04_k_selection", "-p", "k", 2))
    too_early = project.papermill("06_interpretation")
    ended_well(project.papermill("05_clustering", cwd="notebooks"))
    ended_well(project.nbconvert("06_interpretation", cwd="."))
    return three, too_early, project.published(), project.lists("small.draft")


def test_all_six_run_by_hand_from_both_folders_and_publish_nothing(tried):
    three, _, published, draft = tried
    assert three == 3
    assert published == {}
    assert list(draft) == ["A", "B"]


def test_a_notebook_that_would_read_old_segments_says_which_to_run_first(tried):
    _, too_early, *_ = tried
    assert too_early.returncode != 0
    assert "InputRefused: run 'small': 04 is newer than 05: run 05 first" in too_early.stderr


@pytest.fixture(scope="module")
def first(tried, project):
    """What was tried is published."""
    return ended_well(project.seglib("report", "--run", "small"))


def test_report_publishes_what_was_tried(first, tried, project):
    *_, draft = tried
    assert Path(first.stdout.strip()) == project.reports / "small" / "index.html"
    assert {f"small/{step}.html" for step in STEPS} <= project.published().keys()
    assert project.lists("small") == draft
    assert not (project.reports / "small.draft").exists()
    record = Run("small", base=project.folder).read_record()
    assert (record["status"], record["k"], record["k_reason"]) == ("done", 2, "given by the analyst.")
    assert record["parameters"]["02_eda"]["n_shuffles"] == 99
    assert record["parameters"]["01_ingest"]["source"] == "../data/shop.xlsx"


def test_the_report_is_of_one_k_and_nobody_stands_in_two_lists(first, project):
    record = Run("small", base=project.folder).read_record()
    assert (record["k"], record["parameters"]["04_k_selection"]["k"]) == (2, 2)
    assert [segment["segment"] for segment in record["segments"]] == ["A", "B"]
    lists = project.lists("small")
    assert list(lists) == ["A", "B"]
    customers = [customer for members in lists.values() for customer in members]
    assert len(set(customers)) == len(customers)
    listed = pd.read_csv(project.reports / "small" / "segments.csv", dtype=str)
    assert set(listed["segment"]) == {"A", "B"}


def test_a_report_without_a_change_runs_no_notebook(first, project):
    before = project.published()
    done = ended_well(project.seglib("report", "--run", "small"))
    assert "[1/" not in done.stderr
    after = project.published()
    assert before.keys() - {"small/moved.csv"} == after.keys()  # nobody has moved since
    assert before["small/segments.csv"] == after["small/segments.csv"]


@pytest.fixture(scope="module")
def second(first, project):
    """Another order of the letters by hand, and a report too early; then the command line goes on from a later one."""
    published = project.published()
    ended_well(project.papermill("05_clustering", "-p", "order_by", "recency_days"))
    too_early = project.seglib("report", "--run", "small")
    unchanged = project.published() == published
    return too_early, unchanged, ended_well(project.seglib("run", "--run", "small", "--from", "06"))


def test_nothing_published_changes_until_all_is_there(second):
    too_early, unchanged, _ = second
    assert unchanged
    assert too_early.returncode == 1
    assert too_early.stderr.strip() == "seglib: run 'small': 05 is newer than 06: run 06 first"


def test_the_command_line_begins_where_somebody_went_on_by_hand(second, project):
    assert re.findall(r"\[1/2\] (\w+)", second[2].stderr) == ["05_clustering"]  # the others were taken over
    record = Run("small", base=project.folder).read_record()
    assert (record["k"], record["parameters"]["05_clustering"]["order_by"]) == (2, "recency_days")
    assert list(project.lists("small")) == ["A", "B"]


def test_a_notebook_that_writes_something_else_now_is_not_published(second, project):
    """It was run by hand, and changed afterwards: what would be published, nobody has looked at."""
    ended_well(project.papermill("06_interpretation"))
    path = project.folder / "notebooks" / "06_interpretation.ipynb"
    saved, published = path.read_text(encoding="utf-8"), project.published()
    changed = saved.replace("thinning=honest.table,", "thinning=honest.table.head(1),")
    assert changed != saved
    path.write_text(changed, encoding="utf-8")
    done = project.seglib("report", "--run", "small")
    path.write_text(saved, encoding="utf-8")
    assert done.returncode == 1
    assert "06_interpretation.ipynb as it is saved writes another thinning.parquet" in done.stderr
    assert project.published() == published
