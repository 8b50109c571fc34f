"""Faults of machines and people, made for real: each ends in one sentence, and leaves nothing half done.

Every line of `FAULTS` is a run in a process of its own, to which something happens. What is expected: the exit code,
what the sentence says, whether there is a page in the report folder, and the earlier report as it was.
"""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import psutil
import pytest

from seglib.run.folders import list_runs
from seglib.run.run import Run
from seglib.runner.staging import Stage

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals, mounts and limits are made as Unix has them")

ROOT = Path(__file__).parents[2]
PATIENCE = 120
"""Seconds to wait for something on a busy machine."""
AFTER = 5
"""Seconds after which nothing of a run that was stopped may be left; it is looked for until it is gone."""

DRIVER = """
import sys
from pathlib import Path
from seglib.runner import kernels, pipeline, request
pipeline.NOTEBOOKS = request.NOTEBOOKS = Path(sys.argv.pop(1))
kernels.COMMON, kernels.MORE = (), {}
from seglib.cli import main
main()
"""
"""The command line with other notebooks."""

WAIT = "from pathlib import Path; import time; Path({flag!r}).touch(); time.sleep(300)"
"""A cell that takes long, and says when it has begun."""


@dataclass
class Machine:
    """A home with notebooks, and processes that work in it."""

    home: Path
    notebooks: Path
    flag: Path
    temporary: Path

    def start(self, *arguments, limit=None, **environment):
        """Start the command line in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(self.notebooks), *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT), "SEGLIB_HOME": str(self.home), "SEGLIB_CHROME": "none",
                 "TMPDIR": str(self.temporary), **environment},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) if limit else None,
        )  # fmt: skip

    def run(self, *arguments, **options):
        """Run the command line; return (exit code, what it said)."""
        process = self.start("run", "--run", "r", *arguments, **options)
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out + err

    def wait_for(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.05)

    def left_at_last(self, **options):
        """List what is left of runs when nothing is left, or after some seconds."""
        end = time.monotonic() + AFTER
        while (left := self.left(**options)) and time.monotonic() < end:
            time.sleep(0.1)
        return left

    def left(self, *, after_kill=False):
        """List what is left of runs: processes whose home this was, and files aside, such as those with keys."""
        files = [path.name for path in self.temporary.iterdir() if not (after_kill and path.is_dir())]
        return files + [process.name() for process in psutil.process_iter() if self._works_here(process)]

    def _works_here(self, process):
        try:
            return str(self.temporary) in process.environ().get("TMPDIR", "") and process.status() != "zombie"
        except psutil.Error:
            return False


@pytest.fixture
def machine(tmp_path, monkeypatch, write_notebooks):
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path / "home"))
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    made = Machine(tmp_path / "home", tmp_path / "notebooks", tmp_path / "started", tmp_path / "tmp")
    made.write = lambda *given: write_notebooks(made.notebooks, *given)
    made.write()
    yield made
    for process in psutil.process_iter():
        if made._works_here(process):
            process.kill()


@pytest.fixture
def mount():
    """Mount a small file system of its own on a folder, where that is allowed; it is taken away at the end."""
    mounted = []

    def make(folder, size="1m", *options):
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", ",".join((f"size={size}", *options)), "tmpfs", str(folder)]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except OSError:
            pytest.skip("there is no command mount")
        if done.returncode:
            pytest.skip("file systems may not be mounted here")
        mounted.append(folder)

    yield make
    for folder in reversed(mounted):
        subprocess.run(["umount", "-l", str(folder)], check=False)


def good_run(seed=1):
    """Put a finished run in place, without any notebook."""
    building = Stage("r")
    building.run.write("homogeneity", pd.DataFrame({"p": [float(seed)]}))
    building.run.write_record({"status": "done", "seed": seed, "started_utc": "2026-11-01T09:05:00+00:00"})
    building.put_in_place()


def is_whole(seed):
    """Say whether data and report of one run are in place, together."""
    run = Run("r", base=Path(os.environ["SEGLIB_HOME"]))
    return (run.read_record().get("seed"), run.read("homogeneity")["p"].tolist()) == (seed, [float(seed)])


# Faults while notebooks run -------------------------------------------------------------------------------------------

FILL = """
import os
from pathlib import Path
here = Path(os.environ["SEGLIB_HOME"])
with (here / "filling").open("wb", buffering=0) as file:
    try:
        while file.write(bytes(4096)):
            pass
    except OSError:
        pass
"""
LARGE = """
import numpy as np, pandas as pd
from seglib.run import Run
Run(run).write("unified", pd.DataFrame({"x": np.random.default_rng(0).random(400_000)}))
"""
LOUD = "print('x' * 3_000_000)"
DELETE = """
import os, shutil
shutil.rmtree(os.environ["SEGLIB_HOME"])
"""
DELETE_ALL = "import os, shutil\nfrom pathlib import Path\nshutil.rmtree(Path(os.environ['SEGLIB_HOME']).parent)"
READ = "from seglib.run import Run\nRun(run).read('shop')"
NO_ROOM = (
    r"there is no room for a file \((No space left on device|File too large).*\): make room on the disk, then give "
)
SAME = "give the same command again"
GO_ON = r"give the command \S*seglib run --run r --from 02 \(what is finished is kept\)"

FIRST, LAST = "01_ingest", "06_interpretation"

FAULTS = {
    # what: (notebook with a further cell, its code, size of the disk, limit of a file, sentence, is there a page?)
    "the disk is full when an artefact is written": (FIRST, LARGE, "2m", None, f"{FIRST}.*{NO_ROOM}the same", True),
    "in a later notebook": ("02_eda", LARGE, "2m", None, f"02_eda.ipynb stopped, because {NO_ROOM}the command", True),
    "the disk is full when a notebook is saved": (FIRST, LOUD, "2m", None, f"{FIRST}.*{NO_ROOM}the same", True),
    "the disk is full to the last byte": (FIRST, FILL, "2m", None, f"{NO_ROOM}the same", False),
    "the disk is full when the report is written": (LAST, FILL, "2m", None, f"{NO_ROOM}the command", False),
    "an artefact is beyond a limit": (FIRST, LARGE, None, 1 << 20, f"{FIRST}.*{NO_ROOM}the same", True),
    "a notebook is beyond a limit": (FIRST, LOUD, None, 1 << 20, f"{FIRST}.*{NO_ROOM}the same", True),
    "the stage is deleted": ("02_eda", DELETE, None, None, r"\(.building/r\) was deleted while it ran: " + SAME, True),
    "the stage is deleted and read": (
        "02_eda", f"{DELETE}\n{READ}", None, None, rf"\(.building/r\) was deleted while it ran: {SAME}", True),
    "all stages are deleted": ("02_eda", DELETE_ALL, None, None, rf"was deleted while it ran: {SAME}", True),
    "the last notebook deletes the stage": (
        LAST, DELETE, None, None, rf"was deleted while it ran: {SAME}", True),
    "a kernel is killed": ("02_eda", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", None, None,
                           "02_eda.ipynb stopped because its kernel died", True),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_ends_in_one_sentence_and_the_earlier_report_stays(machine, mount, what):
    step, code, size, limit, sentence, page = FAULTS[what]
    if size:
        mount(machine.home, size)
    good_run()
    machine.write(step, code)
    result, said = machine.run(limit=limit)
    assert (result, "Traceback" in said) == (3, False), said
    assert re.search(sentence, " ".join(said.split())), said
    assert is_whole(1)
    failed = machine.home / "reports" / "r" / "failed.html"
    assert failed.exists() == page
    assert not page or "What to do" in failed.read_text("utf-8")
    assert not machine.left()


@pytest.mark.slow
def test_a_run_goes_on_once_there_is_room(machine, mount):
    mount(machine.home, "2m")
    machine.write("02_eda", LARGE)
    result, said = machine.run()
    assert result == 3
    assert re.search(GO_ON, " ".join(said.split()))
    subprocess.run(["mount", "-o", "remount,size=60m", str(machine.home)], check=True)
    machine.write()
    result, said = machine.run("--from", "02")
    assert result == 0, said
    assert Run("r").read_record()["status"] == "done"
    assert not (machine.home / "reports" / "r" / "failed.html").exists()


# Somebody stops a run -------------------------------------------------------------------------------------------------

SIGNALS = {
    # what: (signals, exit code, name of the signal, is the run taken up again?)
    "Ctrl-C": ([signal.SIGINT], 130, "Ctrl-C", False),
    "Ctrl-C three times": ([signal.SIGINT] * 3, 130, "Ctrl-C", False),
    "SIGTERM": ([signal.SIGTERM], 143, "SIGTERM", False),
    "SIGTERM, then Ctrl-C": ([signal.SIGTERM, signal.SIGINT], 143, "SIGTERM", True),
    "the terminal is closed": ([signal.SIGHUP], 129, "SIGHUP", False),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", SIGNALS)
def test_a_run_that_is_stopped_leaves_nothing_and_says_how_to_go_on(machine, what):
    signals, code, name, goes_on = SIGNALS[what]
    good_run()
    machine.write("02_eda", WAIT.format(flag=str(machine.flag)))
    process = machine.start("run", "--run", "r")
    machine.wait_for(machine.flag.exists)
    for signum in signals:
        process.send_signal(signum)
        time.sleep(0.3)
    _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, machine.left_at_last()) == (code, []), said
    assert "Traceback" not in said
    assert re.search(rf"run 'r' was stopped \({name}\) at 02_eda.ipynb; to go on, {GO_ON}", " ".join(said.split()))
    assert is_whole(1)
    page = (machine.home / "reports" / "r" / "failed.html").read_text("utf-8")
    assert "--from 02" in page
    if goes_on:  # what is left of the run is the same whatever stopped it
        machine.write()
        assert machine.run("--from", "02")[0] == 0


@pytest.mark.slow
def test_a_run_that_is_stopped_while_its_first_kernel_starts(machine):
    process = machine.start("run", "--run", "r")
    machine.wait_for((machine.home / ".building" / "r" / "steps.json").exists)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, machine.left_at_last()) == (143, []), said
    assert re.search(rf"was stopped \(SIGTERM\).*{SAME}", said), said
    assert "Traceback" not in said


@pytest.mark.slow
def test_a_run_that_is_stopped_while_a_browser_prints(machine, tmp_path):
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\ntouch {machine.flag}\nsleep 300 & sleep 300\n")
    browser.chmod(0o755)
    process = machine.start("run", "--run", "r", SEGLIB_CHROME=str(browser))
    machine.wait_for(machine.flag.exists)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, machine.left_at_last()) == (143, []), said
    assert "was stopped (SIGTERM) at the report" in said


@pytest.mark.slow
def test_a_batch_that_is_stopped_begins_no_further_run(machine, tmp_path):
    (tmp_path / "two.yaml").write_text("runs: {first: {}, second: {seed: 2}, third: {seed: 3}}")
    machine.write("02_eda", f"if seed == 2:\n    {WAIT.format(flag=str(machine.flag))}")
    process = machine.start("run", "--params", str(tmp_path / "two.yaml"))
    machine.wait_for(machine.flag.exists)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 143, said
    assert "of batch 'two', not begun: third" in " ".join(said.split())
    entries = json.loads((machine.home / "reports" / "two.json").read_text())["runs"]
    assert [entry["status"] for entry in entries] == ["done", "failed", "not yet"]
    assert not machine.left_at_last()


@pytest.mark.slow
@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_check_that_is_stopped_inside_of_a_query_ends_within_seconds(machine, signum, code):
    source = machine.home / "endless.duckdb"
    with duckdb.connect(str(source)) as con:
        con.execute("CREATE VIEW customers AS SELECT i::VARCHAR AS customer_id FROM range(1000000000000000) r(i)")
        con.execute("CREATE TABLE transactions (transaction_id INT, customer_id INT, transaction_date DATE)")
    process = machine.start("check", "--source", str(source))
    machine.wait_for(lambda: list(machine.temporary.glob("seglib-*")))
    time.sleep(3)  # the query has begun
    process.send_signal(signum)
    begun = time.monotonic()
    _, said = process.communicate(timeout=PATIENCE)
    assert time.monotonic() - begun < 3 * AFTER
    assert process.returncode == code, said
    assert re.search(r"seglib: stopped \((Ctrl-C|SIGTERM)\); nothing was written", said)
    assert "Traceback" not in said
    assert not list(machine.temporary.iterdir())


@pytest.mark.slow
def test_after_a_kill_nothing_is_left_and_the_next_command_works(machine):
    machine.write("02_eda", WAIT.format(flag=str(machine.flag)))
    process = machine.start("run", "--run", "r")
    machine.wait_for(machine.flag.exists)
    process.kill()
    process.communicate(timeout=PATIENCE)
    assert not machine.left_at_last(after_kill=True)
    assert not list(machine.temporary.rglob("*.json"))
    machine.write()
    assert machine.run("--from", "02")[0] == 0
    assert Run("r").read_record()["status"] == "done"


# Data and report are exchanged together -------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
from seglib.runner.staging import Stage
left, rename = int(sys.argv[1]), Path.rename
def counted(self, target):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return rename(self, target)
Path.rename = counted
Stage("r").put_in_place()
"""


@pytest.mark.parametrize("renames", range(5))
@pytest.mark.parametrize("earlier", [True, False], ids=["over an earlier run", "for the first time"])
def test_a_kill_at_any_rename_is_finished_by_whoever_comes_next(machine, renames, earlier):
    if earlier:
        good_run(1)
    building = Stage("r")
    building.run.write("homogeneity", pd.DataFrame({"p": [2.0]}))
    building.run.write_record({"status": "done", "seed": 2})
    draft = machine.home / "reports" / "r.draft"
    draft.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", KILLED, str(renames)], env=environment, check=False)
    most = 4 if earlier else 2
    assert done.returncode == (-signal.SIGKILL if renames < most else 0)
    Run("r")  # as a notebook that is run by hand opens it
    assert is_whole(2)
    assert not (machine.home / ".building" / "r").exists()
    assert not draft.exists()


def test_another_command_finishes_it_too(machine, command):
    good_run(1)
    building = Stage("r")
    building.run.write("homogeneity", pd.DataFrame({"p": [2.0]}))
    building.run.write_record({"status": "done", "seed": 2})
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", KILLED, "2"], env=environment, check=False)
    code, _, _ = command("score", "--model", machine.home / "reports" / "r" / "model.skops", "--source", "sample")
    assert code == 1  # this run has no model
    assert is_whole(2)


def test_where_a_folder_cannot_be_moved_the_earlier_run_stays(machine, mount):
    good_run(1)
    building = Stage("r")
    building.run.write("homogeneity", pd.DataFrame({"p": [2.0]}))
    building.run.write_record({"status": "done", "seed": 2})
    mount(machine.home / "reports" / "r" / "in-use")  # a folder with a mount in it can be moved ...
    mount(machine.home / "reports" / "r")  # ... one that is a mount cannot
    with pytest.raises(OSError, match=r"busy|cross-device"):
        building.put_in_place()
    assert (building.run.read_record()["seed"], Run("r").read("homogeneity")["p"].tolist()) == (2, [1.0])
    assert not building.swap.mark.exists()


# Found before anything runs -------------------------------------------------------------------------------------------


def on_another_disk(*parts):
    return lambda home, mount: mount(home.joinpath(*parts))


def read_only(*parts):
    return lambda home, mount: mount(home.joinpath(*parts), "1m", "ro")


def a_file(*parts):
    def make(home, mount):
        home.joinpath(*parts).parent.mkdir(parents=True, exist_ok=True)
        home.joinpath(*parts).write_text("in the way")

    return make


def full(home, mount):
    mount(home, "64k")
    with (home / "filling").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1024)):
                pass
        except OSError:
            pass


UNUSABLE = {
    "reports on another disk": (on_another_disk("reports"), "reports: it lies on another file system than"),
    "data on another disk": (on_another_disk("data"), "data/processed: it lies on another file system than"),
    "the report on another disk": (on_another_disk("reports", "r"), "reports/r: it lies on another file system than"),
    "reports cannot be written": (read_only("reports"), "reports: .*(Read-only|another) file system"),
    "nothing can be written": (read_only(), ".building: Read-only file system"),
    "reports is a file": (a_file("reports"), "reports: Not a directory"),
    "the report is a file": (a_file("reports", "r"), "reports/r: a file of that name is in the way"),
    "the stage is a file": (a_file(".building"), ".building: Not a directory"),
    "the disk is full": (full, ".building: No space left on device"),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_folders_that_cannot_be_used_are_refused_before_anything_runs(machine, mount, command, what):
    make, sentence = UNUSABLE[what]
    make(machine.home, mount)
    before = sorted(machine.home.rglob("*"))
    code, _, said = command("run", "--run", "r")
    assert code == 2, said
    assert re.search(rf"no run can use the folder \S*{sentence}.*SEGLIB_HOME", " ".join(said.split()))
    assert sorted(machine.home.rglob("*")) == before


@pytest.mark.parametrize("command_line", [("check", "--out"), ("check", "--suggest", "--out")])
def test_a_file_that_cannot_be_written_is_whole_or_not_there(machine, mount, command, command_line):
    mount(machine.home, "4k")
    out = machine.home / "out.txt"
    (machine.home / "filling").write_bytes(bytes(4096))
    code, _, said = command(*command_line, out)
    assert code == 2
    assert "out.txt' cannot be written: No space left on device" in " ".join(said.split())
    assert not out.exists()


# Broken records are none ----------------------------------------------------------------------------------------------

BROKEN = {
    "empty": b"",
    "cut": b'{"status": "do',
    "no text": b"\x80\x00\xff",
    "a list": b"[1, 2]",
    "nothing": b"null",
    "deep": b"[" * 100_000,
    "other types": b'{"status": 1, "parameters": [1], "durations_s": "a", "k": {}, "verdict": 3, "segments": 7}',
    "half": b'{"status": "done", "parameters": {"01_ingest": 3}, "durations_s": {}}',
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_record_is_treated_as_none(machine, command, what):
    good_run()
    (machine.home / "reports" / "r" / "run.json").write_bytes(BROKEN[what])
    (machine.home / "reports" / "r" / "failed.json").write_bytes(BROKEN[what])
    stage = machine.home / ".building" / "r"
    stage.mkdir(parents=True)
    (stage / "steps.json").write_bytes(BROKEN[what])
    manifest = machine.home / "data" / "processed" / "r" / "manifest"
    (manifest / "02_eda.json").write_bytes(BROKEN[what])
    building = Stage("r")
    assert (building.steps, building.durations, building.finished_steps) == ({}, {}, {})
    code, _, said = command("run", "--run", "r", "--from", "04")
    assert code == 2
    assert "no finished 01_ingest to continue from" in said
    assert list_runs()["run"].tolist() == ["r"]
    assert Run("r").read("homogeneity")["p"].tolist() == [1.0]


@pytest.mark.slow
def test_a_run_over_broken_records_is_like_a_first_one(machine):
    good_run()
    (machine.home / "reports" / "r" / "run.json").write_bytes(b"{")
    (machine.home / ".building").mkdir(exist_ok=True)
    (machine.home / ".building" / "r").mkdir()
    (machine.home / ".building" / "r" / "steps.json").write_bytes(b"")
    result, said = machine.run()
    assert result == 0, said
    assert Run("r").read_record()["status"] == "done"


@pytest.mark.slow
def test_what_is_no_file_is_written_to_as_it_is_and_a_link_stays_one(tmp_path, command):
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["cat", str(tmp_path / "pipe")], stdout=subprocess.PIPE, text=True)
    code, _, _ = command("check", "--out", tmp_path / "pipe")
    out, _ = reader.communicate(timeout=PATIENCE)
    assert (code, "rules were checked" in out, (tmp_path / "pipe").is_fifo()) == (0, True, True)
    (tmp_path / "target").write_text("before")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    assert command("check", "--out", tmp_path / "link")[0] == 0
    assert (tmp_path / "link").is_symlink()
    assert "rules were checked" in (tmp_path / "target").read_text()
