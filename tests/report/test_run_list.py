"""The list of all runs: newest first, whatever lies beside it, whoever writes it."""

import datetime as dt
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seglib.report import run_list
from seglib.report.run_list import write_runs

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'
VERDICT = {"structure": "natural", "useful": "useful", "headline": "Yes, these data fall into groups"}
NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def at(hours):
    return (NOON + dt.timedelta(hours=hours)).isoformat(timespec="seconds")


def add(home, name, *, hours=0, files=("index.html",), **other):
    """Put a finished run there."""
    folder = home / "reports" / name
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "status": "done",
        "run": name,
        "recipe": "customer",
        "source": "shop.xlsx",
        "customers": 1353,
        "k": 3,
        "verdict": VERDICT,
        "durations_s": {"01_ingest": 40.0, "02_eda": 35.2},
        "started_utc": at(hours),
        **other,
    }
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    for file in files:
        (folder / file).write_text("x")


def add_failed(home, name, *, hours=0, **other):
    """Put an attempt there that failed."""
    folder = home / "reports" / name
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "status": "failed",
        "run": name,
        "recipe": "baseline",
        "source": "data/shop.xlsx",
        "notebook": "03_preprocessing",
        "error": {"name": "KeyError", "message": "'x'"},
        "failed_utc": at(hours),
        **other,
    }
    (folder / "failed.json").write_text(json.dumps(record), encoding="utf-8")
    (folder / "failed.html").write_text("x")


def listed(page):
    return [heading.get_text() for heading in page.find_all("h3")]


def text_of(page, name):
    heading = next(h for h in page.find_all("h3") if h.get_text() == name)
    return " ".join(heading.find_parent("li").get_text(" ").split())


def test_a_finished_run_is_told_in_words_and_linked_to_what_is_there(tmp_path, sound):
    add(tmp_path, "spring", files=("index.html", "summary.html"))
    page = sound(write_runs(tmp_path))
    text = text_of(page, "spring")
    for part in (
        "1,353 customers in 3 segments",
        "Yes, these data fall into groups",
        "Natural; useful",
        "shop.xlsx",
        "recipe customer",
        "24 Nov 2026, 12:00 UTC",
        "1 min 15 s",
    ):
        assert part in text
    assert [a["href"] for a in page.main.find_all("a")] == [
        "spring/index.html",
        "spring/index.html",
        "spring/summary.html",
    ]


def test_the_newest_attempt_comes_first_and_a_good_report_behind_a_failed_one_is_said(tmp_path, sound):
    add(tmp_path, "spring", hours=1)
    add(tmp_path, "autumn", hours=2)
    add_failed(tmp_path, "spring", hours=3)
    add_failed(tmp_path, "never-good", hours=-1, status="refused", error={"name": "InputRefused", "message": HOSTILE})
    page = sound(write_runs(tmp_path))
    assert listed(page) == ["spring", "autumn", "never-good"]
    sentence = (
        "Failed in 03_preprocessing on 24 Nov 2026, 15:00 UTC; the report of 24 Nov 2026, 13:00 UTC is still there."
    )
    assert sentence in text_of(page, "spring")
    assert "KeyError: 'x'" in text_of(page, "spring")
    assert "1,353 customers" in text_of(page, "spring")
    assert f"Refused in 03_preprocessing. {HOSTILE}" in text_of(page, "never-good")
    assert page.find("a", string="never-good")["href"] == "never-good/failed.html"
    assert "In 2 of them the last attempt failed" in page.get_text()


def test_runs_of_a_batch_are_together_and_lead_to_its_page(tmp_path, sound):
    add(tmp_path, "north", hours=3, batch="countries")
    add_failed(tmp_path, "south", hours=1, batch="countries")
    add(tmp_path, "alone", hours=2, batch=None)
    add(tmp_path, "east", hours=0, batch="not-yet-told")
    (tmp_path / "reports" / "countries.html").write_text("x")
    page = sound(write_runs(tmp_path))
    assert [h.get_text() for h in page.find_all("h2")] == ["Batch countries", "Runs of their own", "Batch not-yet-told"]
    assert listed(page) == ["north", "south", "alone", "east"]
    assert page.h2.a["href"] == "countries.html"
    assert page.find_all("h2")[2].a is None


def test_sixty_runs_are_listed_and_none_makes_the_page_wide(tmp_path, sound):
    for i in range(60):
        add(tmp_path, f"run-{i:02d}-{'x' * 50}", hours=-i, source="s" * 200)
    page = sound(write_runs(tmp_path))
    assert listed(page) == [f"run-{i:02d}-{'x' * 50}" for i in range(60)]
    assert "60 runs" in page.get_text()
    assert not page.find_all("table")
    assert "overflow-wrap: anywhere" in page.style.get_text()


BROKEN = ("", "{", "[]", "null", "3", '"text"', "[" * 100_000, '{"status": "done"}', '{"status": "done", "k": "many"}')


@pytest.mark.parametrize("content", [*map(str.encode, BROKEN), b"\xff\xfe\x00"], ids=range(len(BROKEN) + 1))
@pytest.mark.parametrize("file", ["run.json", "failed.json"])
def test_a_broken_or_foreign_folder_is_left_out(tmp_path, sound, file, content):
    add(tmp_path, "good")
    for name in ("broken", "foreign", "empty"):
        (tmp_path / "reports" / name).mkdir()
    (tmp_path / "reports" / "broken" / file).write_bytes(content)
    (tmp_path / "reports" / "foreign" / "notes.txt").write_text("x")
    (tmp_path / "reports" / "README.md").write_text("x")
    (tmp_path / "reports" / "empty" / "run.json").mkdir()
    assert listed(sound(write_runs(tmp_path))) == ["good"]


def test_a_run_of_an_older_version_is_listed_with_what_it_wrote(tmp_path, sound):
    add(tmp_path, "old", verdict=None, durations_s=None, started_utc=None)
    add(tmp_path, "new")
    page = sound(write_runs(tmp_path))
    assert listed(page) == ["new", "old"]
    assert "1,353 customers in 3 segments" in text_of(page, "old")
    assert "a day unknown" in text_of(page, "old")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(HOSTILE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = (
    "source",
    "recipe",
    "batch",
    "customers",
    "k",
    "verdict",
    "durations_s",
    "started_utc",
    "failed_utc",
    "error",
    "notebook",
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    done=st.fixed_dictionaries({"status": st.just("done")}, optional=dict.fromkeys(KEYS, ANYTHING)),
    failed=st.fixed_dictionaries({"status": st.sampled_from(["failed", "x"])}, optional=dict.fromkeys(KEYS, ANYTHING)),
)
def test_whatever_a_file_holds_the_list_is_written(tmp_path, sound, done, failed):
    folder = tmp_path / "reports" / "odd"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(done))
    (folder / "failed.json").write_text(json.dumps(failed))
    sound(write_runs(tmp_path))


def test_two_runs_that_end_together_leave_a_whole_page_with_both(tmp_path, sound):
    together = threading.Barrier(4)

    def end(i):
        together.wait()
        add(tmp_path, f"run-{i}", hours=-i)
        return write_runs(tmp_path)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(end, range(4)))
    assert listed(sound(tmp_path / "reports" / "index.html")) == [f"run-{i}" for i in range(4)]
    assert [path.name for path in (tmp_path / "reports").iterdir() if path.is_file()] == ["index.html"]


def test_what_is_in_the_way_stops_no_run(tmp_path, monkeypatch, sound):
    add(tmp_path, "spring")
    monkeypatch.setattr(run_list, "PATIENCE", 0)
    (tmp_path / ".building").mkdir()
    with FileLock(tmp_path / ".building" / ".runs.lock"):
        assert listed(sound(write_runs(tmp_path))) == ["spring"]
    (tmp_path / "reports" / "index.html").unlink()
    (tmp_path / "reports" / "index.html").mkdir()
    assert write_runs(tmp_path) is None


def test_without_a_run_the_page_says_so(tmp_path, sound):
    assert "There is no run yet" in sound(write_runs(tmp_path)).get_text()
