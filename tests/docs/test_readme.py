"""Whoever gives the commands of README.md one after the other, as they stand, gets what they promise.

Null models are few (tests/whole.py) and the shops named path/to are small; nothing else is changed. Left out are `git`
and `cd`, and `make lab`, which tests/browser opens. What `make` would run is run here without `make`, which would make
an environment first.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from documents import ROOT, commands_of, write_project
from test_commands import parsed, printed_by_make
from whole import QUICK, run_seglib

from seglib.campaign.upload import PLATFORMS

SHARED = ("invoices", "survey")
"""Runs that other tests look at too: they are made once (tests/conftest.py), and copied into the folder."""

pytestmark = [pytest.mark.slow, pytest.mark.whole_run(*SHARED)]

COMMANDS = [
    command
    for command in commands_of(ROOT / "README.md")
    if command.words[0] not in {"git", "cd"} and command.words[:2] != ("make", "lab")
]
RUNS = 7
"""Commands that run notebooks 01 to 06, or some of them."""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with what the commands read: the sample, and files of the reader's own."""
    folder = tmp_path_factory.mktemp("readme")
    sample = write_project(folder)
    invoices = pd.read_csv(sample / "invoices.csv", dtype=str, keep_default_na=False)
    earlier = pd.to_datetime(invoices["Date"], format="%d/%m/%Y %H:%M") < "2026-06-15"
    assert 0 < earlier.mean() < 1
    invoices[earlier].to_csv(folder / "path" / "to" / "export.csv", index=False)
    invoices.to_csv(folder / "path" / "to" / "summer.csv", index=False)
    return folder


def words_after_seglib(command):
    """What the command gives to `seglib`; None where it is another program."""
    if command.words[0] == ".venv/bin/seglib":
        return list(command.words[1:])
    lines = printed_by_make(command) if command.words[0] == "make" else []
    [line] = [line for line in lines if " -m seglib " in line] or [""]
    return shlex.split(line.partition(" -m seglib ")[2]) or None


def write_addresses(project):
    """The addresses of all customers of the sample; every tenth does not agree."""
    customers = pd.read_csv(project / "reports" / "sample" / "segments.csv", dtype=str)["customer_id"]
    consent = ["no" if row % 10 == 0 else "yes" for row in range(len(customers))]
    table = {"customer_id": customers, "email": [f"{customer}@example.com" for customer in customers]}
    pd.DataFrame(table | {"consent": consent}).to_csv(project / "mine.csv", index=False)


def correct_the_draft(project):
    """A first mapping is written for the reader to correct: here as the one of the sample."""
    corrected = (ROOT / "params" / "mappings" / "invoices.yaml").read_text("utf-8")
    (project / "mapping.yaml").write_text(corrected.replace("from: invoices", "from: export"), "utf-8")


def give(command, project):
    """Give one command in the folder; return what it did."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "SEGLIB_HOME": str(project)}
    words = words_after_seglib(command)
    if words is None:
        program = [sys.executable, *command.words[1:]]
        return subprocess.run(program, cwd=project, env=environment, capture_output=True, text=True)
    quick = QUICK if words[0] == "run" else ()
    return run_seglib(*words, *quick, home=project, environment=environment, cwd=project)


def take_over(made, words, project):
    """Copy a finished run that was begun by the same command, and return what that one did."""
    options = [str(ROOT / word) if (ROOT / word).is_file() else word for word in words]
    begun = made.done.args[made.done.args.index("run") :]
    assert set(zip(options[1::2], options[2::2], strict=True)) <= set(zip(begun[1::2], begun[2::2], strict=True))
    for part in ("reports", "data/processed"):
        shutil.copytree(made.home / part / made.run.name, project / part / made.run.name)
    return made.done


@pytest.fixture(scope="module")
def story(project, whole_run):
    """Every command of README.md, given in its order: how each ended, and what was there afterwards."""
    ended = {}
    for command in COMMANDS:
        words = words_after_seglib(command) or []
        if words[:1] == ["upload"]:
            write_addresses(project)
        run = parsed(words)[1].get("run") if words else None
        done = take_over(whole_run(run), words, project) if run in SHARED else give(command, project)
        if "--suggest" in words:
            correct_the_draft(project)
        index = project / "reports" / str(run or "sample") / "index.html"
        ended[command.words] = (done, index.read_text("utf-8") if index.exists() else None)
    return ended


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_the_command_works_after_those_before_it(command, story):
    done, index = story[command.words]
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.strip() or done.stderr.strip()
    if (words_after_seglib(command) or [None])[0] in {"run", "report"}:
        assert index
        assert "index.html" in done.stdout


def test_seven_runs_are_made():
    assert sum((words_after_seglib(command) or [None])[0] == "run" for command in COMMANDS) == RUNS


def test_everybody_is_scored_as_in_the_report(story, project):
    scored = pd.read_csv(project / "segments.csv", dtype=str).set_index("customer_id")["segment"]
    report = pd.read_csv(project / "reports" / "sample" / "segments.csv", dtype=str).set_index("customer_id")["segment"]
    assert (scored.reindex(report.index) == report).all()


def test_the_upload_holds_who_agreed_and_no_control(story, project):
    sent = set(pd.read_csv(project / "upload.csv")[PLATFORMS["klaviyo"].headers["email"]].str.partition("@")[0])
    agreed = pd.read_csv(project / "mine.csv", dtype=str).query("consent == 'yes'")["customer_id"]
    report = pd.read_csv(project / "reports" / "sample" / "segments.csv", dtype=str)
    assert sent
    assert sent <= set(agreed)
    assert not sent & set(report.loc[report["control"].isin(["True", "true", "1"]), "customer_id"])


def test_pages_and_numbers_of_campaign_and_comparison_are_there(story, project):
    reports = project / "reports"
    assert json.loads((reports / "sample" / "effect.json").read_text("utf-8"))
    assert json.loads((reports / "summer" / "compare.json").read_text("utf-8"))
    [lift] = [done for words, (done, _) in story.items() if "lift" in words]
    assert "reports" in lift.stdout
