"""Old runs go, and never the last good one, nor one that somebody works on."""

import json
import multiprocessing
import time

import pytest

from seglib.run.swap import holding
from seglib.runner.retention import keep_newest


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path))
    return tmp_path


def make(home, name, month, *, failed=None):
    """Write a run as far as the list of runs needs it: a good report of a month, and an attempt that failed later."""
    report, data = home / "reports" / name, home / "data/processed" / name
    for folder in (report, data):
        folder.mkdir(parents=True, exist_ok=True)
    (data / "shop.json").write_text("{}")
    if month:
        record = {"status": "done", "run": name, "customers": 10, "k": 2, "source": "shop.xlsx"}
        record |= {"started_utc": f"2026-{month:02d}-01T04:00:00+00:00", "verdict": {"structure": "natural"}}
        (report / "run.json").write_text(json.dumps(record))
        (report / "index.html").write_text(name)
    if failed:
        attempt = {"status": "failed", "failed_utc": f"2026-{failed:02d}-02T04:00:00+00:00", "notebook": "02_eda"}
        (report / "failed.json").write_text(json.dumps(attempt | {"error": {"name": "E", "message": "why"}}))


def names(home):
    return sorted(path.name for path in (home / "reports").iterdir() if path.is_dir())


def test_the_newest_stay(home, command):
    for month in range(1, 6):
        make(home, f"m{month}", month)
    code, out, _ = command("runs", "--keep", "2")
    assert code == 0
    assert out.splitlines() == ["m1: removed", "m2: removed", "m3: removed"]
    assert names(home) == ["m4", "m5"]
    assert sorted(path.name for path in (home / "data/processed").iterdir()) == ["m4", "m5"]
    assert "m1" not in (home / "reports/index.html").read_text("utf-8")
    assert command("runs", "--keep", "2")[1] == ""  # again: nothing to do


def test_the_last_good_one_stays_however_many_failed_since(home, command):
    make(home, "old", 1)
    make(home, "good", 2)
    for month in (3, 4, 5):
        make(home, f"bad{month}", None, failed=month)
    assert command("runs", "--keep", "1")[0] == 0
    assert names(home) == ["bad5", "good"]
    assert command("runs", "--keep", "1", "--named", "g*")[0] == 0
    assert names(home) == ["bad5", "good"]


def test_an_earlier_good_report_counts_also_where_the_last_attempt_failed(home):
    make(home, "both", 1, failed=2)
    make(home, "bad", None, failed=3)
    assert keep_newest(1).kept == ["bad", "both"]


def test_other_names_are_left_alone_and_a_dry_run_removes_nothing(home, command):
    for month in (1, 2, 3):
        make(home, f"shop-{month}", month)
    make(home, "mine", 1)
    code, out, _ = command("runs", "--keep", "1", "--named", "shop-*", "--dry-run", "--format", "json")
    assert code == 0
    assert json.loads(out) == {"kept": ["shop-3"], "removed": ["shop-1", "shop-2"], "left": {}}
    assert names(home) == ["mine", "shop-1", "shop-2", "shop-3"]
    command("runs", "--keep", "1", "--named", "shop-*")
    assert names(home) == ["mine", "shop-3"]


def hold(home, name, ready):
    with holding(home, name):
        ready.set()
        time.sleep(60)


def test_what_somebody_works_on_is_left_and_named(home, command):
    for month in (1, 2, 3):
        make(home, f"m{month}", month)
    (home / "reports/m1.draft").mkdir()
    ready = multiprocessing.Event()
    other = multiprocessing.get_context("fork").Process(target=hold, args=(home, "m2", ready))
    (home / ".building").mkdir()
    other.start()
    try:
        assert ready.wait(30)
        _, out, _ = command("runs", "--keep", "1")
    finally:
        other.kill()
        other.join()
    assert "m1: left, because notebooks were run by hand" in out
    assert "m2: left, because another process builds it" in out
    assert names(home) == ["m1", "m1.draft", "m2", "m3"]


def test_pages_of_batches_lose_their_links_to_what_is_gone(home):
    for month in (1, 2):
        make(home, f"m-{month}", month)
    page = home / "reports/m.html"
    page.write_text('<!doctype html><p><a href="m-1/index.html">one</a> <a href="m-2/index.html">two</a></p>')
    page.with_suffix(".json").write_text('{"batch": "m"}')
    keep_newest(1)
    text = page.read_text("utf-8")
    assert "m-1/" not in text
    assert "one" in text
    assert "m-2/index.html" in text


def test_what_makes_no_sense_is_refused(home, command):
    assert command("runs", "--keep", "0")[0] == 2
    assert command("runs", "--dry-run")[0] == 2


def test_the_list_for_machines_has_the_last_attempt_and_the_last_good_report(home, command):
    make(home, "one", 1, failed=2)
    make(home, "two", 3)
    code, out, _ = command("runs", "--format", "json")
    assert code == 0
    two, one = json.loads(out)
    assert (one["run"], one["status"], one["report"]["k"]) == ("one", "failed", 2)
    assert one["error"] == {"notebook": "02_eda", "message": "E: why"}
    assert (two["status"], two["report"]["structure"]) == ("done", "natural")
    assert "one  2026-02-02 04:00 UTC  failed in 02_eda  10 customers in 2 segments, natural" in command("runs")[1]
