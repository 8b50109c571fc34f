"""`seglib compare`: from two finished runs to a page, a record and a list; a refusal leaves the report as it was."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from seglib.runner.staging import stage
from seglib.style.vocabulary.vocabulary import ENGLISH
from tests.earlier import make_run


@pytest.fixture(scope="module")
def home(whole_run, tmp_path_factory):
    """A finished run of the sample, and an earlier one of the same shop, a month before."""
    folder = tmp_path_factory.mktemp("compare") / "home"
    shutil.copytree(whole_run("customer").home, folder)
    k = json.loads((folder / "reports/sample/run.json").read_text(encoding="utf-8"))["k"]
    make_run("may", "sample", as_of="2026-05-31", base=folder, k=k)
    return folder


@pytest.mark.whole_run("customer")
def test_two_runs_are_compared_and_linked(home, seglib, sound):
    before = {path.name: path.read_bytes() for path in (home / "reports/sample").glob("0[1-6]_*.html")}
    done = seglib("compare", "may", "sample", "--set", "n_calm=19", home=home)
    assert done.returncode == 0, done.stderr
    reports = home / "reports/sample"
    assert done.stdout.strip() == str(reports / "07_monitoring_business.html")
    record = json.loads((reports / "compare.json").read_text(encoding="utf-8"))
    assert (record["old"], record["new"], record["day"]) == ("may", "sample", "2026-05-31")
    assert sum(path["customers"] for path in record["paths"]) == record["customers"]
    movers = pd.read_csv(reports / "movers.csv", dtype=str)
    assert movers["what"].value_counts().get("moved", 0) == record["moved"]
    assert movers["what"].value_counts().get("new", 0) == record["joined"]
    index = sound(reports / "index.html")
    [section] = index.select("#monitoring")
    assert ENGLISH.MOVED[record["label"]] in section.get_text()
    assert {a["href"] for a in section.select("a")} == {
        *("07_monitoring.html", "07_monitoring_business.html", "movers.csv", "compare.json")
    }
    without_code, with_code = (
        BeautifulSoup((reports / name).read_text(encoding="utf-8"), "html.parser").get_text()
        for name in ("07_monitoring_business.html", "07_monitoring.html")
    )
    assert record["headline"] in without_code
    assert "read_months" not in without_code
    assert "read_months" in with_code
    assert before == {name: (reports / name).read_bytes() for name in before}
    [first] = json.loads((home / "data/processed/sample/trend.json").read_text(encoding="utf-8"))["comparisons"]
    assert first == record
    # the same again: both runs are what they were
    written = {path: path.stat().st_mtime_ns for path in reports.rglob("*")}
    again = seglib("compare", "may", "sample", "--set", "n_calm=19", home=home)
    assert (again.returncode, again.stdout) == (0, done.stdout)
    assert "nothing was made again" in again.stderr
    assert written == {path: path.stat().st_mtime_ns for path in reports.rglob("*")}
    saved = pd.read_parquet(home / "data/processed/sample/migration.parquet")
    assert saved["customers"].sum() == record["customers"]


KILLED = """
import os, signal
from seglib.runner import compare
compare.run_notebook = lambda *given: os.kill(os.getpid(), signal.SIGKILL)
compare.compare("may", "sample", {"n_calm": 20})
"""


@pytest.mark.whole_run("customer")
def test_what_is_killed_leaves_the_report_and_can_be_given_again(home, monkeypatch):
    """As by kill -9 while the notebook runs: nothing of the report changes, and nothing is held for ever."""
    reports = home / "reports/sample"
    before = {path: path.stat().st_mtime_ns for path in reports.rglob("*")}
    environment = {**os.environ, "SEGLIB_HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", KILLED], env=environment, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (home / ".building/sample/reports/sample/index.html").exists()  # it was killed in the middle
    assert before == {path: path.stat().st_mtime_ns for path in reports.rglob("*")}
    monkeypatch.setenv("SEGLIB_HOME", str(home))
    with stage("sample") as building:  # which nobody holds any more
        building.copy_whole("07_monitoring")
        assert building.run.path("segments").exists()
        building.clear()


@pytest.mark.whole_run("customer")
def test_what_cannot_be_compared_leaves_the_report(home, seglib):
    index = home / "reports/sample/index.html"
    before = index.read_bytes()
    make_run("same", "sample", base=home)
    for old, why in (
        ("same", "name the earlier run first"),
        ("mai", "there is no run 'mai' (did you mean 'may'?)"),
    ):
        done = seglib("compare", old, "sample", home=home)
        assert done.returncode == 2, done.stderr
        assert why in done.stderr
        assert "Traceback" not in done.stderr
    assert index.read_bytes() == before


def test_names_from_data_are_text():
    from seglib.report.comparison_page import with_comparison
    from seglib.schema.comparison_records import ComparisonRecord

    texts = ("<script>x</script>",) * 2
    record = ComparisonRecord(
        *("<b>may", "june", "2026-05-31", "2026-06-30", "nothing"),
        *(*texts, "keep", "Keep.", "rule", 10, 1, 0, 2, 0.5, {}, 19),
    )
    sections = "".join(f"<section id='{name}'><h2>Part</h2></section>" for name in ("one", "groups", "two"))
    index = f"<html><main><article><h1>Shop</h1>{sections}</article></main></html>"
    once = with_comparison(index, record, "07_monitoring")
    page = BeautifulSoup(with_comparison(once, record, "07_monitoring"), "html.parser")
    assert [section["id"] for section in page.find_all("section")] == ["one", "groups", "monitoring", "two"]
    assert not page.find_all(["script", "b"])
    assert "<b>may" in page.find(id="monitoring").get_text()
