"""One report an entry: everything checked before anything runs, one that fails does not stop the others, one page."""

import itertools
import json
import re
from dataclasses import replace

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from seglib.errors import InputRefused, NotebookFailed, ParameterRefused, Stop
from seglib.report.batch import Outcome, build_batch
from seglib.run.folders import home as home_of_runs
from seglib.run.run import Run
from seglib.runner import batch, parameters, pipeline
from seglib.runner.steps import STEPS
from seglib.schema.comparison_records import ComparisonRecord, TrendRecord, UnusualRecord
from seglib.schema.records import RunRecord


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def write(tmp_path):
    def to_file(text, name="markets.yaml"):
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return file

    return to_file


@pytest.fixture
def runs(home, monkeypatch, record_is_made_of):
    """Replace the run of a notebook: it writes what the record is made of, or stops. Returns what was run."""
    seen = []
    stops = {}

    def instead(step, values, building, progress, *rest, **options):
        name = building.run.name
        seen.append((name, step, values))
        progress.start(step, 1)
        if (name, step) in stops:
            raise stops[name, step]
        for artefact, content in record_is_made_of.get(step, {}).items():
            building.run.write(artefact, content)
        building.run.report_dir.mkdir(parents=True, exist_ok=True)
        progress.done(step, 1.0)
        return 1.0

    def pages(folder, record, *_, **__):  # which have tests of their own
        (folder / "index.html").write_text(record.run, encoding="utf-8")

    monkeypatch.setattr(pipeline, "run_notebook", instead)
    monkeypatch.setattr("seglib.report.pages.page_of", lambda *_: None)
    monkeypatch.setattr("seglib.report.build.build", pages)
    instead.seen, instead.stops = seen, stops
    return instead


FOUR = """
shared: {source: sample, seed: 3}
runs:
  all:
  genoa: {cities: Genoa}
  until-march: {as_of: 2026-03-31}
  plain: {recipe: baseline}
"""


def page_of(home, name="markets"):
    return BeautifulSoup((home / "reports" / f"{name}.html").read_text("utf-8"), "html.parser")


def test_every_entry_becomes_a_run_with_what_is_shared_and_its_own(command, write, runs, home):
    code, out, err = command("run", "--params", write(FOUR))
    assert code == 0
    assert out == f"{home / 'reports' / 'markets.html'}\n"
    names = [f"markets-{entry}" for entry in ("all", "genoa", "until-march", "plain")]
    assert [name for name, step, _ in runs.seen if step == "01_ingest"] == names  # one after the other
    assert len(runs.seen) == 4 * len(STEPS)
    records = [Run(name).read_record() for name in names]
    assert {record["batch"] for record in records} == {"markets"}
    ingest = [record["parameters"]["01_ingest"] for record in records]
    assert [(p["cities"], p["as_of"]) for p in ingest] == [
        (None, None),
        ("Genoa", None),
        (None, "2026-03-31"),
        (None, None),
    ]
    assert [r["parameters"]["03_preprocessing"]["recipe"] for r in records] == ["customer"] * 3 + ["baseline"]
    assert {r["seed"] for r in records} == {3}
    assert [line.split(":")[0] for line in err.splitlines() if ": done in" in line] == names
    assert "markets-genoa (2 of 4)" in err


def test_the_command_line_holds_for_all_entries(command, write, runs):
    file = write("shared: {seed: 1, recipe: baseline}\nruns: {a: {seed: 2}, b: {recipe: baseline, k: 4}}")
    code, *_ = command("run", "--params", file, "--set", "seed=9", "--recipe", "customer", "--run", "spring")
    assert code == 0
    records = [Run(f"spring-{entry}").read_record() for entry in "ab"]
    assert {(r["seed"], r["batch"]) for r in records} == {(9, "spring")}
    assert {r["parameters"]["03_preprocessing"]["recipe"] for r in records} == {"customer"}
    assert [r["parameters"]["04_k_selection"]["k"] for r in records] == [None, 4]


def test_old_names_of_parameters_work_in_a_file_and_the_command_line_overrides_them(command, write, runs):
    file = write("shared: {drop_tied: false}\nruns: {a: {}, b: {drop_tied: true}}")
    code, *_ = command("run", "--params", file)
    assert code == 0
    values = [Run(f"markets-{entry}").read_record()["parameters"]["03_preprocessing"] for entry in "ab"]
    assert [v["drop_correlated"] for v in values] == [False, True]
    assert not any("drop_tied" in v for v in values)
    code, _, err = command("run", "--params", file, "--set", "drop_correlated=true")
    assert code == 0
    assert err.count("'drop_tied' is now called 'drop_correlated'") == 2  # shared, and of b
    values = [Run(f"markets-{entry}").read_record()["parameters"]["03_preprocessing"] for entry in "ab"]
    assert [v["drop_correlated"] for v in values] == [True, True]


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("runs: {a: {}, b: {kk: 3}}", 2, "entry 'b': no notebook has a parameter 'kk' (did you mean 'k'?)"),
        ("runs: {a: {}, b: {k: three}}", 2, "entry 'b': parameter 'k' is a whole number"),
        ("shared: {recipe: basline}\nruns: {a: {}}", 2, "entry 'a': parameter 'recipe' is one of"),
        ("runs: {a: {}, b: {source: nowhere.xlsx}}", 1, "entry 'b': source 'nowhere.xlsx' does not exist"),
        ("runs: {a: {source: 7}}", 2, "entry 'a': parameter 'source' is a text"),
        ("runs: {a: {mapping: nowhere.yaml}}", 2, "entry 'a': mapping file 'nowhere.yaml' does not exist"),
        ("runs: {a: {align_to: nobody}}", 2, "entry 'a': align_to: there is no finished run 'nobody'"),
        ("runs: {a: {}, b: {align_to: markets-c}, c: {}}", 2, "entry 'b': align_to"),  # c comes later
        (
            "runs: {a: {cities: Genoa}, b: {cities: Atlantis}}",
            2,
            "entry 'b': cities: there is no 'Atlantis'; there are",
        ),
        ("runs: {a: {}, b: {cities: genova}}", 2, "there is no 'genova' (did you mean 'Genoa'?)"),
        ("shared: {cities: Atlantis}\nruns: {a: {}}", 2, "entry 'a': cities: there is no 'Atlantis'"),
        ("runs: {a: {run: other}}", 2, "entry 'a': its run is called markets-a"),
        ("runs: {a: {drop_tied: true, drop_correlated: true}}", 2, "entry 'a': 'drop_tied' is now called"),
        ("runs: {a: {}, b: {k: 3, k: 4}}", 2, "'k' is given twice"),
        ("runs: {a: {}, a: {}}", 2, "'a' is given twice"),
        ("runs: {a: {}, A: {}}", 2, "'a' and 'A' would share a folder"),
        ("runs: {2026: {}}", 2, "not 2026: put it in quotes"),
        ("runs: {on: {}}", 2, "not True: put it in quotes"),
        ("runs: {a/b: {}}", 2, "entry 'a/b': a run is named"),
        ("runs: {'..': {}}", 2, "a run is named"),
        ("runs: {a: [k]}", 2, "entry 'a': its section: expected lines"),
        ("runs: [a, b]", 2, "runs: expected lines"),
        ("runs: {}", 2, "runs: there is no entry"),
        ("runs:", 2, "runs: there is no entry"),
        ("shared: [k]\nruns: {a: {}}", 2, "shared: expected lines"),
        ("share: {k: 3}\nruns: {a: {}}", 2, "not 'share' (did you mean 'shared'?)"),
        ("recipe: baseline\nruns: {a: {}}", 2, "what all entries start from stands under shared"),
        ("shared: {k: 3}", 2, "did you mean"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_runs(command, write, runs, home, text, code, message):
    got, out, err = command("run", "--params", write(text))
    assert (got, out) == (code, "")
    assert message in err
    assert not runs.seen
    assert not (home / "reports").exists()


def test_a_file_whose_name_is_no_run_name_needs_another(command, write, runs):
    file = write("runs: {a: {}}", "my markets.yaml")
    code, _, err = command("run", "--params", file)
    assert code == 2
    assert "a run is named" in err
    assert command("run", "--params", file, "--run", "mine")[0] == 0


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ({"all": InputRefused("the data are bad")}, 1),
        ({"all": NotebookFailed("it stopped", stop=Stop("02_eda", "E", "m")), "genoa": InputRefused("bad")}, 3),
        ({"plain": ParameterRefused("there is no 'Rome'")}, 2),
        ({"genoa": RuntimeError("nobody thought of that")}, 3),
    ],
)
def test_one_that_stops_does_not_stop_the_others(command, write, runs, home, errors, code):
    runs.stops |= {(f"markets-{entry}", "02_eda"): error for entry, error in errors.items()}
    got, out, err = command("run", "--params", write(FOUR))
    assert got == code
    assert out.strip().endswith("markets.html")
    outcomes = {e["entry"]: e for e in json.loads((home / "reports/markets.json").read_text("utf-8"))["runs"]}
    text = page_of(home).get_text(" ")
    for entry, outcome in outcomes.items():
        stopped = entry in errors
        assert (outcome["status"] == "done") == (not stopped)
        assert bool(Run(f"markets-{entry}").read_record()) == (not stopped)
        if stopped:
            message = errors[entry].args[0]
            assert message in outcome["message"]
            assert message in text
            assert re.search(f"^markets-{entry}: (failed|refused).*{message}", err, flags=re.M)
    if code == 3 and "all" in errors:
        assert outcomes["all"]["notebook"] == "02_eda"
        assert "failed in 02_eda" in text
    for kind in ("html", "json"):
        assert str(home) not in (home / f"reports/markets.{kind}").read_text("utf-8")


def test_a_page_of_what_failed_is_linked_where_there_is_one(command, write, runs, home):
    assert command("run", "--params", write("runs: {a: {}}"))[0] == 0
    runs.stops["markets-a", "04_k_selection"] = NotebookFailed(
        "04_k_selection.ipynb stopped", files="The notebook is /somewhere", stop=Stop("04_k_selection", "E", "m")
    )
    assert command("run", "--all", "--params", write("runs: {a: {}}"))[0] == 3
    links = [a["href"] for a in page_of(home).find_all("a", href=True)]
    assert "markets-a/failed.html" in links
    assert "markets-a/index.html" in links  # the earlier report, which is still there
    assert "earlier report" in page_of(home).get_text()
    assert "/somewhere" not in page_of(home).get_text()


def test_a_run_of_the_last_version_is_continued(command, write, runs):
    """Its record has the old names of parameters."""
    assert command("run", "--params", write("runs: {a: {drop_correlated: false}}"))[0] == 0
    run = Run("markets-a")
    record = run.read_record()
    values = record["parameters"]["03_preprocessing"]
    values["drop_tied"] = values.pop("drop_correlated")
    run.write_record(record)
    code, _, err = command("run", "--run", "markets-a", "--from", "04")
    assert code == 0
    assert err.count("'drop_tied' is now called 'drop_correlated'; the old name works until the next version") == 1
    values = run.read_record()["parameters"]["03_preprocessing"]
    assert values["drop_correlated"] is False
    assert "drop_tied" not in values
    late = ("--from", "04", "--set", "drop_tied=true")
    code, _, err = command("run", "--run", "markets-a", *late)
    assert code == 2
    assert "'drop_correlated' is read by 03_preprocessing, which --from skips; it was False there" in err


def test_entries_are_continued_with_from(command, write, runs, home):
    file = write("runs: {a: {}, b: {seed: 4}}")
    code, _, err = command("run", "--params", file, "--from", "05")
    assert code == 2
    assert "entry 'a': run 'markets-a' has no finished 01_ingest to continue from" in err
    assert not runs.seen
    assert command("run", "--params", file)[0] == 0
    runs.seen.clear()
    assert command("run", "--params", file, "--from", "05", "--set", "n_models=7")[0] == 0
    assert [(name, step) for name, step, _ in runs.seen] == [
        (f"markets-{entry}", step) for entry in "ab" for step in ("05_clustering", "06_interpretation")
    ]
    record = Run("markets-b").read_record()
    assert (record["seed"], record["parameters"]["05_clustering"]["n_models"]) == (4, 7)


def test_letters_can_be_kept_from_an_entry_that_comes_before(write, home):
    content = parameters.read_file(write("runs: {a: {}, b: {align_to: m-a}}"))
    entries_of_file = batch.read(content, "m", {}, "01_ingest")
    assert [entry.request.run for entry in entries_of_file.entries] == ["m-a", "m-b"]


def test_a_source_in_the_file_is_found_from_where_the_command_is_given(command, write, runs, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "shop.xlsx").write_bytes(b"x")
    file = write("runs: {a: {source: shop.xlsx}}")
    assert command("run", "--params", file)[0] == 1
    monkeypatch.chdir(tmp_path / "here")
    assert command("run", "--params", file)[0] == 0
    assert "shop.xlsx" in page_of(tmp_path / "home").get_text()


def test_no_password_reaches_the_page(command, write, runs, home):
    file = write("shared: {source: 'postgresql://me:hush@host/shop'}\nruns: {a: {}, b: {seed: 1}}")
    runs.stops["markets-b", "02_eda"] = NotebookFailed("hush was in it", stop=Stop("02_eda", "E", "hush"))
    assert command("run", "--params", file)[0] == 3
    for kind in ("html", "json"):
        text = (home / f"reports/markets.{kind}").read_text("utf-8")
        assert "hush" not in text
    assert "postgresql://host/shop" in (home / "reports/markets.html").read_text("utf-8")


# Month ends ---------------------------------------------------------------------------------------------------------

MONTHS = """
months: {last: 2026-06-30, number: 4}
shared: {source: sample, seed: 3}
compare: {n_calm: 25}
"""


def comparison(old, new, **changes):
    record = ComparisonRecord(
        *(old, new, "2026-05-31", "2026-06-30", "movement", "Customers have moved.", "They did.", "watch", "", ""),
        *(90, 1, 0, 5, 0.9, {}, 25),
    )
    return replace(record, **changes)


@pytest.fixture
def compares(monkeypatch, record_is_made_of):
    """Replace the notebook that compares: it writes its records, or refuses. Returns what was compared."""
    seen, refuses = [], {}

    def instead(old, new, overrides):
        seen.append((old, new, dict(overrides)))
        if new in refuses:
            raise refuses[new]
        run = Run(new, base=home_of_runs())
        record = comparison(old, new)
        unusual = UnusualRecord(new, "2026-06-30", 0.01, record.headline)
        run.write_all(comparison=record, trend=TrendRecord(f"Trend of {new}.", (unusual,), (record,)))
        figure = '<figure data-name="trend drift"><img src="data:image/png;base64,AA==" alt="Drift"></figure>'
        shown = nbformat.v4.new_output("display_data", {"text/html": figure})
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[shown])])
        (run.report_dir / "notebooks").mkdir(exist_ok=True)
        nbformat.write(notebook, run.report_dir / "notebooks/07_monitoring.ipynb")
        return run.report_dir

    monkeypatch.setattr(batch.comparing, "compare", instead)
    instead.seen, instead.refuses = seen, refuses
    return instead


@pytest.fixture
def with_segments(monkeypatch, record_is_made_of):
    """Let every run have segments, whose letters the next one keeps."""
    table = pd.DataFrame({"segment": ["A"]}, index=pd.Index(["1"], name="customer_id"))
    monkeypatch.setitem(record_is_made_of.setdefault("05_clustering", {}), "segments", table)


def test_months_are_entries_that_keep_letters_and_are_compared(command, write, runs, compares, with_segments, home):
    code, _, err = command("run", "--params", write(MONTHS, "monthly.yaml"))
    assert code == 0, err
    names = [f"monthly-2026-{month}" for month in ("03", "04", "05", "06")]
    first = [(name, values["as_of"]) for name, step, values in runs.seen if step == "01_ingest"]
    days = ("2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30")
    assert first == list(zip(names, days, strict=True))
    letters = [values["align_to"] for _, step, values in runs.seen if step == "05_clustering"]
    assert letters == [None, *names[:3]]
    assert compares.seen == [(*pair, {"seed": 3, "n_calm": 25}) for pair in itertools.pairwise(names)]
    assert "monthly-2026-06: done" in err
    assert "(since monthly-2026-05: Customers have moved.)" in err
    page = page_of(home, "monthly")
    assert "Trend of monthly-2026-06." in page.get_text()
    assert page.find("figure", attrs={"data-name": "trend drift"})
    assert "monthly-2026-06/07_monitoring_business.html" in [a["href"] for a in page.find_all("a", href=True)]
    machine = json.loads((home / "reports/monthly.json").read_text("utf-8"))
    assert [run.get("compared", {}).get("since") for run in machine["runs"]] == [None, *names[:3]]
    assert machine["runs"][-1]["compared"]["advice"] == "watch"
    assert [month["run"] for month in machine["trend"]["unusual"]] == ["monthly-2026-06"]


def test_a_missing_month_is_passed_over(command, write, runs, compares, with_segments, home):
    runs.stops["monthly-2026-04", "01_ingest"] = InputRefused("no transaction up to 2026-04-30")
    code, _, _ = command("run", "--params", write(MONTHS, "monthly.yaml"))
    assert code == 1
    pairs = [(old[-2:], new[-2:]) for old, new, _ in compares.seen]
    assert pairs == [("03", "05"), ("05", "06")]
    letters = {name: values["align_to"] for name, step, values in runs.seen if step == "05_clustering"}
    assert letters["monthly-2026-05"] == "monthly-2026-03"
    assert "no transaction up to 2026-04-30" in page_of(home, "monthly").get_text()


def test_months_that_cannot_be_compared_are_done_and_say_so(command, write, runs, compares, with_segments, home):
    why = "runs 'monthly-2026-04' and 'monthly-2026-05' cannot be compared: their features are others"
    compares.refuses["monthly-2026-05"] = ParameterRefused(why)
    code, _, err = command("run", "--params", write(MONTHS, "monthly.yaml"))
    assert code == 2
    assert f"seglib: monthly-2026-05: {why}" in err
    assert why in page_of(home, "monthly").get_text()
    outcome = json.loads((home / "reports/monthly.json").read_text("utf-8"))["runs"][2]
    assert outcome["status"] == "done"
    assert outcome["compared"] == {"since": "monthly-2026-04", "status": "refused", "message": why}
    assert [new[-2:] for _, new, _ in compares.seen] == ["04", "05", "06"]  # the next month is compared again


def test_what_was_killed_between_two_months_is_not_made_yet(command, write, runs, compares, with_segments, home):
    class Killed(BaseException):
        """What nothing catches, as kill -9."""

    runs.stops["monthly-2026-05", "01_ingest"] = Killed()
    with pytest.raises(Killed):
        command("run", "--params", write(MONTHS, "monthly.yaml"))
    text = page_of(home, "monthly").get_text(" ")
    assert text.count("not made yet") >= 2
    assert "Trend of monthly-2026-04." in text
    runs.stops.clear()
    runs.seen.clear()
    code, _, err = command("run", "--params", write(MONTHS, "monthly.yaml"))
    assert code == 0
    begun = {name: step for name, step, _ in reversed(runs.seen)}
    assert "monthly-2026-03" not in begun  # nothing has changed there, and that is said
    assert "nothing has changed since the last run 'monthly-2026-03', so nothing was run" in err
    assert begun["monthly-2026-05"] == "01_ingest"
    assert "not made yet" not in page_of(home, "monthly").get_text()


def test_the_last_month_can_be_named_on_the_command_line(command, write, runs, compares, with_segments):
    file = write("months: {number: 2}\nshared: {source: sample}", "m.yaml")
    assert command("run", "--params", file, "--as-of", "2026-01-15")[0] == 0
    days = [(name, values["as_of"]) for name, step, values in runs.seen if step == "01_ingest"]
    assert days == [("m-2025-12", "2025-12-31"), ("m-2026-01", "2026-01-15")]


def test_letters_of_another_run_stay_where_they_are_named(command, write, runs, compares, with_segments):
    assert command("run", "--params", write("runs: {a: {}}", "m.yaml"))[0] == 0
    runs.seen.clear()
    file = write("runs: {b: {as_of: 2026-04-30}, c: {align_to: m-a}, d: {}}\ncompare:", "m.yaml")
    assert command("run", "--params", file)[0] == 0
    letters = [values["align_to"] for _, step, values in runs.seen if step == "05_clustering"]
    assert letters == [None, "m-a", "m-c"]
    assert [(old, new) for old, new, _ in compares.seen] == [("m-b", "m-c"), ("m-c", "m-d")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("months: {number: 3}", "months: last is missing; --as-of on the command line"),
        ("months: {last: soon, number: 3}", "months: last is a day such as 2026-06-30, not 'soon'"),
        ("months: {last: 2026-06-30}", "months: number is a whole number from 2 to 120, not None"),
        ("months: {last: 2026-06-30, number: 1}", "not 1"),
        ("months: {last: 2026-06-30, number: true}", "not True"),
        ("months: {last: 2026-06-30, numbers: 3}", "not 'numbers' (did you mean 'number'?)"),
        ("months: {last: 2026-06-30, number: 3}\nruns: {a: {}}", "a batch has runs or months, not both"),
        ("runs: {a: {}}\ncompare: {n_calms: 30}", "compare: no notebook has a parameter 'n_calms'"),
        ("runs: {a: {}}\ncompare: {old: b}", "compare: leave old out"),
        ("runs: {a: {}}\ncompare: {n_calm: 3}", "compare: parameter 'n_calm'"),
    ],
)
def test_what_is_wrong_with_months_is_refused_before_anything_runs(command, write, runs, compares, text, message):
    code, out, err = command("run", "--params", write(text))
    assert (code, out) == (2, "")
    assert message in err
    assert not runs.seen


# The page -------------------------------------------------------------------------------------------------------


@pytest.fixture
def write_page():
    """Write the page of entries; each is (name, parameters, what replaces parts of its record; None: it failed)."""

    def make(folder, *entries):
        return build_batch(
            folder, "m", [entry_of(*entry) for entry in entries], helps={"cities": "only these; or all"}, started="now"
        )

    return make


def entry_of(name, values, record):
    done = {
        "customers": 1200,
        "period": ["2025-01-01", "2026-06-30"],
        "as_of": "2026-06-30",
        "k": 2,
        "k_reason": "why.",
        "verdict": {"structure": "natural", "useful": "useful", "headline": "Yes"},
        "segments": [
            {"segment": "A", "name": "Quick burners", "customers": 900, "share": 0.75},
            {"segment": "B", "name": "Slow burners", "customers": 300, "share": 0.25},
        ],
    }
    failed = record is None
    return Outcome(
        entry=name,
        run=f"m-{name}",
        given=tuple(values),
        status="failed" if failed else "done",
        seconds=75.0,
        notebook="02_eda" if failed else None,
        message="<b>why</b>" if failed else "",
        failed_page=False,
        earlier=False,
        parameters={"source": "sample", "seed": 0, **values},
        record=None if failed else RunRecord.from_json(done | record),
    )


def test_the_page_says_what_differs_and_what_does_not(write_page, tmp_path):
    page = write_page(tmp_path, ("all", {"cities": None}, {}), ("genoa", {"cities": "Genoa"}, {"customers": 200}))
    soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    differ = soup.find("caption", string=re.compile("not the same")).find_parent("table")
    assert [row.th.get_text() for row in differ.tbody.find_all("tr")] == ["cities"]
    assert [cell.get_text() for cell in differ.tbody.find_all("td")] == ["–", "Genoa"]
    shared = soup.find("details")
    assert [row.th.get_text() for row in shared.tbody.find_all("tr")] == ["source", "seed"]
    machine = json.loads((tmp_path / "m.json").read_text("utf-8"))
    assert machine["differ"] == ["cities"]
    assert machine["runs"][1]["differences"] == {"cities": "Genoa"}


def test_the_page_shows_every_segment_with_its_share(write_page, tmp_path):
    page = write_page(tmp_path, ("all", {}, {}), ("b", {"k": 3}, {}))
    soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    first = soup.find("ul", class_="shares")
    assert " ".join(first.li.get_text(" ").split()) == "A Quick burners 75.0% · 900"
    assert first.find(class_="bar").span["style"] == "width: 75.0%"
    assert "2 reports" in soup.h1.get_text()
    assert "1 min 15 s" in soup.get_text()


def test_the_page_warns_of_many_looks_and_of_letters(write_page, tmp_path):
    text = " ".join(
        BeautifulSoup(write_page(tmp_path, ("a", {}, {})).read_text("utf-8"), "html.parser").get_text().split()
    )
    assert "The more reports there are, the more of them will look special although they are not" in text
    assert "A here is not A there" in text
    kept = write_page(tmp_path, ("a", {"align_to": None}, {}), ("b", {"align_to": "m-a"}, {}))
    text = " ".join(BeautifulSoup(kept.read_text("utf-8"), "html.parser").get_text().split())
    assert "A here is not A there" not in text
    assert "Letters as in m-a" in text


def test_the_page_stands_alone_and_is_well_made(write_page, tmp_path):
    page = write_page(tmp_path, ("all", {"cities": None}, {}), ("<i>", {"cities": "<script>"}, {}), ("no", {}, None))
    text = page.read_text("utf-8")
    soup = BeautifulSoup(text, "html.parser")
    assert not soup.find_all(["script", "link", "iframe", "img"])
    assert "<script>" not in text
    assert "<b>why" not in text
    assert len(soup.find_all("h1")) == 1
    levels = [int(heading.name[1]) for heading in soup.find_all(re.compile("^h[1-6]$"))]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert len({i["id"] for i in soup.find_all(id=True)}) == len(soup.find_all(id=True))
    for table in soup.find_all("table"):
        box = table.find_parent(class_="table-scroll")
        assert (box["role"], box["tabindex"]) == ("region", "0")
        assert box["aria-label"]
    for row in soup.find("tbody").find_all("tr"):
        assert sum(int(cell.get("colspan", 1)) for cell in row.find_all(["td", "th"])) == 6


def test_a_survey_has_no_day_and_no_period(write_page, tmp_path):
    page = write_page(tmp_path, ("a", {}, {"period": [None, None], "as_of": None}))
    text = page.read_text("utf-8")
    assert "no day" in text
    assert "None" not in text


def test_the_shipped_batch_is_one(root):
    content = parameters.read_file(root / "params/markets.yaml")
    entries_of_file = batch.read(content, "markets", {}, "01_ingest")
    assert len(entries_of_file.entries) == 4
    assert entries_of_file.name == "markets"
    assert batch.is_batch(content)
    assert not batch.is_batch(parameters.read_file(root / "params/original.yaml"))
