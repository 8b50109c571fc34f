"""A run that stopped has an honest page: what happened, what to do, and the last good report left as it was."""

import datetime as dt
import json
import re

import pandas as pd
import pytest

from seglib import credentials
from seglib.errors import InputRefused, KernelDied, NotebookFailed, ParameterRefused, Stop
from seglib.report.failed import write_failed
from seglib.report.remedies import remedies
from seglib.run.run import Run
from seglib.runner.staging import Stage
from seglib.runner.steps import STEPS

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>\x1b[31m "&'
STARTED = dt.datetime(2026, 11, 24, 22, 39, tzinfo=dt.UTC)
RAISED = {
    "data": (InputRefused, "InputRefused"),
    "value": (ParameterRefused, "ParameterRefused"),
    "memory": (KernelDied, "KernelDied"),
    "notebook": (NotebookFailed, "KeyError"),
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path))
    return Run("spring")


def steps_before(notebook, source="../data/shop.xlsx", **values):
    """The steps of a run that stopped in a notebook."""
    names = list(STEPS)
    before = names[: names.index(notebook)]
    steps = {name: {"parameters": {"run": "spring"}, "seconds": 2.5 if name in before else None} for name in names}
    steps["01_ingest"]["parameters"] |= {"source": source, "mapping": "../params/m.yaml", "as_of": "2026-06-30"}
    steps["03_preprocessing"]["parameters"]["recipe"] = "customer"
    steps[notebook]["parameters"] |= values
    return steps


def fail(run, kind="notebook", *, message="it broke", notebook="04_k_selection", source=None, **values):
    """Let a run stop; return the error and what was written."""
    raised, name = RAISED[kind]
    stop = Stop(notebook, name, message, "culprit", f"# {message}\nfit()", f"\x1b[0;31mTraceback\x1b[0m: {message}")
    error = raised("in the terminal", stop=stop)
    steps = steps_before(notebook, **({"source": source} if source else {}), **values)
    write_failed(run, error, steps, STEPS, started=STARTED)
    return error, json.loads((run.report_dir / "failed.json").read_text("utf-8"))


@pytest.mark.parametrize("kind", list(RAISED))
def test_the_page_says_where_it_stopped_what_was_done_and_what_to_do(run, sound, kind):
    error, record = fail(run, kind, k=99)
    page = sound(run.report_dir / "failed.html")
    text = " ".join(page.get_text(" ").split())
    for part in ("notebook 4 of 6, 04_k_selection", "it broke", "culprit", "What to do", "03_preprocessing: done in"):
        assert part in text
    assert page.find(class_="here").get_text().startswith("×04_k_selection: stopped here")
    assert len(page.find_all(class_="later")) == 2
    assert len(page.find(class_="remedies").find_all("li")) >= 1
    assert not page.find("summary", string=re.compile("traceback|kernel")).parent.has_attr("open")
    assert str(error) == f"in the terminal\nWhat happened and what to do: {run.report_dir / 'failed.html'}"
    assert list(record) == [
        "status",
        "run",
        "batch",
        "recipe",
        "source",
        "notebook",
        "cell",
        "error",
        "started_utc",
        "failed_utc",
        "durations_s",
        "taken_over",
        "earlier_report",
    ]
    assert record["status"] == ("refused" if kind in ("data", "value") else "failed")
    assert (record["recipe"], record["source"], record["cell"]) == ("customer", "data/shop.xlsx", "culprit")
    assert record["durations_s"] == {"01_ingest": 2.5, "02_eda": 2.5, "03_preprocessing": 2.5}


def commands(kind, notebook="04_k_selection", parameter=(), **values):
    stop = Stop(notebook, "Error", "it broke", "culprit", parameter=parameter)
    things = remedies(kind, "spring", stop, steps_before(notebook, **values))
    return " ; ".join(remedy.command for remedy in things), " ".join(remedy.text for remedy in things)


def test_what_to_do_depends_on_what_happened():
    command, _ = commands("data", "01_ingest")
    assert "check --source data/shop.xlsx --mapping params/m.yaml --as-of 2026-06-30 --format html" in command
    command, text = commands("data", "03_preprocessing")
    assert "Do what the message above says" in text
    assert "check --source" in command
    command, text = commands("value", parameter=("k", "not_of_this_notebook"), k=99, k_max=10)
    assert command.endswith("run --run spring --from 04 --set k=VALUE")
    assert "for k, which was 99" in text
    command, text = commands("value", "01_ingest", parameter=("as_of",))
    assert "--from" not in command
    assert "as_of, which was 2026-06-30" in text
    command, text = commands("value", "01_ingest", parameter=("mapping",))
    assert "for mapping, which was params/m.yaml (or correct that file)" in text
    command, text = commands("value", k=99)
    assert command.endswith("--from 04 --set NAME=VALUE")
    assert "for what the message names" in text
    command, text = commands("notebook")
    assert "make lab" in command
    assert command.rstrip(" ;").endswith("run --run spring --from 04")
    assert "notebooks/04_k_selection.ipynb" in text
    assert "culprit" in text
    command, text = commands("memory", sample_customers=2500, n_jobs=-1)
    assert "--from 04 --set sample_customers=1250 --set n_jobs=1" in command
    assert "--from" not in commands("memory", "01_ingest")[0]


def test_a_database_is_checked_without_its_password(run, sound, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "s3cr3t/x")
    error = InputRefused(
        "refused",
        stop=Stop(
            "01_ingest",
            "InputRefused",
            "no way in for s3cr3t%2Fx",
            "read",
            "open()",
            "URL postgresql://me:s3cr3t/x@host/shop",
        ),
    )
    given = "postgresql://me:${SHOP_PASSWORD}@host/shop"
    steps = steps_before("01_ingest", source=credentials.recorded(given))
    write_failed(run, error, steps, STEPS, started=STARTED, source=given)
    sound(run.report_dir / "failed.html")
    for file in ("failed.html", "failed.json", "index.html"):
        text = (run.report_dir / file).read_text("utf-8")
        assert "s3cr3t" not in text, file
        assert "***" in text, file
    assert json.loads((run.report_dir / "failed.json").read_text("utf-8"))["source"] == "postgresql://host/shop"


def test_a_source_that_nobody_can_read_is_not_shown(run, sound):
    _, record = fail(run, "data", source="me:secret@nowhere", notebook="01_ingest")
    assert record["source"] == ""
    page = sound(run.report_dir / "failed.html").get_text()
    assert "secret" not in page
    assert "check --source SOURCE" in page


def test_text_from_data_stays_text_and_no_folder_of_this_machine_is_named(run, sound, tmp_path, root):
    _, record = fail(run, message=f"{HOSTILE} in {tmp_path}/data and {root}/seglib/run.py")
    text = sound(run.report_dir / "failed.html").get_text()
    assert '<script>alert("x")</script>' in text
    for part in (text, record["error"]["message"]):
        assert "\x1b" not in part
        assert str(tmp_path) not in part
        assert str(root) not in part
        assert "in data and seglib/run.py" in part


def test_the_last_good_report_stays_as_it_was_and_is_linked(run, sound):
    for file in ("index.html", "segments.csv"):
        run.write_text(file, "good")
    run.write_record({"status": "done", "started_utc": "2026-11-01T09:05:00+00:00"})
    before = {path.name: path.read_bytes() for path in run.report_dir.iterdir()}
    _, record = fail(run)
    assert record["earlier_report"]
    assert {path.name: path.read_bytes() for path in run.report_dir.iterdir() if path.name in before} == before
    assert {path.name for path in run.report_dir.iterdir()} - set(before) == {"failed.html", "failed.json"}
    link = sound(run.report_dir / "failed.html").find(class_="kept").a
    assert (link["href"], link.get_text()) == ("index.html", "The report of 1 Nov 2026, 09:05 UTC")


def test_without_a_good_report_the_known_path_leads_to_the_same_page(run, sound):
    fail(run, message="first")
    _, record = fail(run, message="second")
    assert not record["earlier_report"]
    page = sound(run.report_dir / "index.html")
    assert "second" in page.get_text()
    assert page.find(class_="kept") is None
    assert (run.report_dir / "index.html").read_bytes() == (run.report_dir / "failed.html").read_bytes()


def test_a_whole_run_takes_the_place_of_the_failed_page(run):
    fail(run)
    building = Stage("spring")
    building.run.write("homogeneity", pd.DataFrame({"p": [0.5]}))
    building.run.write_record({"status": "done"})
    building.put_in_place()
    assert [path.name for path in run.report_dir.iterdir()] == ["run.json"]


def test_a_run_that_continues_a_good_one_does_not_take_over_its_failed_page(run):
    run.write("homogeneity", pd.DataFrame({"p": [0.5]}))
    run.write_record({"status": "done", "parameters": {"01_ingest": {}}, "durations_s": {"01_ingest": 1.0}})
    fail(run)
    building = Stage("spring")
    assert building.continue_from(["01_ingest"]) == {"01_ingest": {"parameters": {}, "seconds": 1.0}}
    assert [path.name for path in building.run.report_dir.iterdir()] == ["run.json"]


def test_there_is_nothing_to_continue_where_only_a_failed_page_is(run):
    fail(run)
    with pytest.raises(ParameterRefused, match="no finished 01_ingest to continue from"):
        Stage("spring").continue_from(["01_ingest"])


def test_what_failed_before_anything_ran_gets_no_page(run):
    error = ParameterRefused("no such parameter")
    assert write_failed(run, error, steps_before("01_ingest"), STEPS, started=STARTED) is None
    assert not run.report_dir.exists()
    assert str(error) == "no such parameter"


def test_where_no_page_can_be_written_the_error_is_the_same(run):
    run.report_dir.parent.mkdir(parents=True)
    run.report_dir.write_text("a file is in the way")
    error = NotebookFailed("it broke", stop=Stop("01_ingest", "KeyError", "'x'"))
    assert write_failed(run, error, steps_before("01_ingest"), STEPS, started=STARTED) is None
    assert str(error) == "it broke"


def test_an_error_keeps_its_message_between_processes():
    import pickle

    error = pickle.loads(pickle.dumps(InputRefused("no table", stop=Stop("01_ingest", "InputRefused", "no table"))))
    assert (str(error), error.stop.notebook) == ("no table", "01_ingest")
