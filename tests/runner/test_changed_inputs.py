"""A run begins at the first notebook that may write something else; nothing old is ever taken for new."""

import json
import os
import shutil

import nbformat
import pytest

from seglib.run.run import Run
from seglib.runner import inputs, kernels, parameters, pipeline
from seglib.runner.inputs import FILE, first_changed, made_from
from seglib.runner.request import Request, check
from seglib.runner.steps import NOTEBOOKS, SIX

LINES = {
    "01_ingest": 'source: str = "sample"  # data\nmapping: str = None  # a mapping (a file)',
    "03_preprocessing": "own_features: str = None  # SQL (a file)",
    "04_k_selection": "k: int = None  # number",
    "05_clustering": "align_to: str = None  # a run",
    "06_interpretation": "note: str = None  # a note\ncampaign_name: str = None  # what the lists are for",
}
"""What notebooks declare beside ``run``."""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Make a project with notebooks, data and files, all small; return its folder."""
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path / "home"))
    for folder in ("notebooks", "shop", "libraries", "package/runner", "package/sql"):
        (tmp_path / folder).mkdir(parents=True)
    for file, text in {
        "shop/customers.csv": "customer_id\n1\n",
        "shop.db": "pages",
        "mapping.yaml": "tables: {}",
        "own.sql": "SELECT 1",
        "notebooks/rates.csv": "a\n1\n",
        "package/sql/counts.sql": "SELECT 2",
    }.items():
        (tmp_path / file).write_text(text)
    (tmp_path / "libraries/somelib-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path / "libraries"))
    monkeypatch.setattr(inputs, "__file__", str(tmp_path / "package/runner/inputs.py"))
    for step in SIX:
        lines = f'run: str = "r"  # name\nseed: int = 0  # seed\n{LINES.get(step, "")}'
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(lines, metadata={"tags": ["parameters"]})])
        notebook.cells.append(nbformat.v4.new_markdown_cell("What is seen"))
        notebook.cells.append(nbformat.v4.new_code_cell("%matplotlib inline\nopen('rates.csv')" * (step == "02_eda")))
        nbformat.write(notebook, tmp_path / f"notebooks/{step}.ipynb")
    return tmp_path


@pytest.fixture
def hashes(project):
    """Say what the notebooks of the project are made from now, with some values."""

    def now(**values):
        folder = project / "notebooks"
        declared = {step: parameters.declared(folder / f"{step}.ipynb") for step in SIX}
        values = {"source": "../shop", "mapping": "../mapping.yaml", "own_features": "../own.sql"} | values
        return made_from(parameters.resolve(declared, values), declared, folder)

    return now


def edit(path, change):
    notebook = nbformat.read(path, as_version=4)
    change(notebook.cells)
    nbformat.write(notebook, path)


def write(file, text):
    return lambda project: (project / file).write_text(text)


def write_segments(text):
    def change(project):
        folder = project / "home/data/processed/spring"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "segments.parquet").write_text(text)

    return change


def write_register(campaign, *, salt):
    def change(project):
        entry = {"campaign": campaign, "salt": salt, "control_share": 0.1, "first_run": campaign}
        (project / "home/reports").mkdir(parents=True, exist_ok=True)
        (project / "home/reports/campaigns.json").write_text(json.dumps({"campaigns": [entry]}))

    return change


CHANGES = {
    "a row of the data": ((), write("shop/customers.csv", "customer_id\n2\n"), {"01_ingest"}),
    "another file of the data": ((), write("shop/cities.csv", "city_id\n1\n"), {"01_ingest"}),
    "the mapping": ((), write("mapping.yaml", "tables: {customers: {}}"), {"01_ingest"}),
    "features of one's own": ((), write("own.sql", "SELECT 3"), {"03_preprocessing"}),
    "a file that a cell names": ((), write("notebooks/rates.csv", "a\n2\n"), {"02_eda"}),
    "what a database writes beside its file": (
        {"source": "../shop.db"},
        write("shop.db-wal", "changes"),
        {"01_ingest"},
    ),
    "the segments of the run whose letters are kept": (
        {"align_to": "spring"},
        write_segments("other segments"),
        {"05_clustering"},
    ),
    "a statement of the package": ((), write("package/sql/counts.sql", "SELECT 4"), set(SIX)),
    "a new module of the package": ((), write("package/runner/more.py", ""), set(SIX)),
    "a module beside the notebooks": ((), write("notebooks/helper.py", "X = 1"), set(SIX)),
    "the version of a library": (
        (),
        lambda project: (project / "libraries/somelib-1.0.dist-info").rename(
            project / "libraries/somelib-1.1.dist-info"
        ),
        set(SIX),
    ),
    "a cell": (
        (),
        lambda project: edit(
            project / "notebooks/04_k_selection.ipynb", lambda cells: cells[2].update(source="print(1)")
        ),
        {"04_k_selection"},
    ),
    "a sentence": (
        (),
        lambda project: edit(project / "notebooks/03_preprocessing.ipynb", lambda cells: cells[1].update(source="So")),
        {"03_preprocessing"},
    ),
    "a tag": (
        (),
        lambda project: edit(
            project / "notebooks/02_eda.ipynb", lambda cells: cells[1].metadata.update(tags=["analyst"])
        ),
        {"02_eda"},
    ),
    "what a notebook showed when it was run by hand": (
        (),
        lambda project: edit(
            project / "notebooks/02_eda.ipynb",
            lambda cells: cells[2].update(
                execution_count=7, outputs=[nbformat.v4.new_output("stream", name="stdout", text="x")]
            ),
        ),
        set(),
    ),
    "the last notebook": (
        (),
        lambda project: edit(project / "notebooks/06_interpretation.ipynb", lambda cells: cells[1].update(source="So")),
        {"06_interpretation"},
    ),
    "the salt of its campaign in the register": ((), write_register("r", salt="of last year"), {"06_interpretation"}),
    "another campaign in the register": ((), write_register("autumn", salt="of last year"), set()),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_a_notebook_reads_is_part_of_what_it_is_made_from(project, hashes, what):
    values, change, expected = CHANGES[what]
    write_segments("segments")(project)
    before = hashes(**dict(values))
    assert before == hashes(**dict(values))
    assert set(before) == set(SIX)
    change(project)
    after = hashes(**dict(values))
    assert {step for step in SIX if before[step] != after[step]} == expected


def test_a_value_changes_the_notebooks_that_read_it(hashes):
    before, after = hashes(), hashes(k=3)
    assert {step for step in SIX if before[step] != after[step]} == {"04_k_selection"}
    assert set(hashes(run="other").items()).isdisjoint(before.items())


@pytest.mark.parametrize("source", ["postgresql://host/shop", "completejourney", "../nowhere"])
def test_data_that_cannot_be_looked_at_are_never_known_to_be_the_same(hashes, source):
    assert set(hashes(source=source)) == {*SIX} - {"01_ingest"}


@pytest.mark.parametrize(
    "code",
    [
        "read('../shop')",
        "read(Path('..') / name)",
        "read(f'../shop/{name}.csv')",
        "read('../shop/*.csv')",
        "get('https://a.b/c')",
        "x = !ls",
    ],
)
def test_a_notebook_that_may_read_any_file_of_a_folder_is_never_known_to_be_the_same(project, hashes, code):
    edit(project / "notebooks/03_preprocessing.ipynb", lambda cells: cells[2].update(source=code))
    assert set(hashes()) == {*SIX} - {"03_preprocessing"}


def test_the_notebooks_of_the_package_can_all_be_kept():
    checked = check(Request("r"))
    assert set(made_from(checked.values, checked.declared, NOTEBOOKS)) == set(SIX)


def test_a_file_that_is_gone_is_never_known_to_be_the_same(project, hashes):
    (project / "own.sql").unlink()
    assert set(hashes()) == {*SIX} - {"03_preprocessing"}


# Runs -----------------------------------------------------------------------------------------------------------------

WRITES = """from seglib.run import Run
from seglib.schema.records import *
folder = Run(run)
"""


@pytest.fixture
def small_run(project, record_is_made_of, monkeypatch):
    """Make notebooks that write what the record of a run is made of, quickly; return how they are run."""
    for module in ("pipeline", "request"):
        monkeypatch.setattr(f"seglib.runner.{module}.NOTEBOOKS", project / "notebooks")
    monkeypatch.setattr(kernels, "COMMON", ())
    monkeypatch.setattr(kernels, "MORE", {})
    for step in SIX:
        lines = [f"folder.write({name!r}, {content!r})" for name, content in record_is_made_of.get(step, {}).items()]
        edit(
            project / f"notebooks/{step}.ipynb",
            lambda cells, lines=lines: cells.append(nbformat.v4.new_code_cell("\n".join([WRITES, *lines]))),
        )

    def run(**overrides):
        request = Request("r", str(project / "shop"), overrides, only_changed=True)
        return pipeline.execute(request).parent

    return run


def executed(report):
    """Return the notebooks of a report as they were executed."""
    return {path.stem: path.read_bytes() for path in (report / "notebooks").glob("*.ipynb")}


def parameters_of(report, step):
    return json.loads((report / "run.json").read_text())["parameters"][step]


def test_a_run_begins_where_something_has_changed(project, small_run, capsys, monkeypatch):
    data = project / "shop/customers.csv"
    rows = data.read_bytes()
    ingest = project / "notebooks/01_ingest.ipynb"
    edit(ingest, lambda cells: cells[-1].update(source=cells[-1].source + f"\nopen({str(data)!r}, 'a').write('3')"))
    first = executed(small_run())
    assert "nothing before" not in capsys.readouterr().err
    # the data changed while it ran, and are now what they were before: it is not known which of them 01 has read
    data.write_bytes(rows)
    edit(ingest, lambda cells: cells[-1].update(source=cells[-1].source.rpartition("\n")[0]))
    report = small_run()
    second = executed(report)
    assert "nothing before" not in capsys.readouterr().err
    assert all(first[step] != second[step] for step in SIX)

    report = small_run(note="hello")
    third = executed(report)
    [line] = [line for line in capsys.readouterr().err.splitlines() if "nothing before" in line]
    assert line.startswith("seglib: nothing before 06_interpretation has changed since the last run")
    assert {step for step in SIX if second[step] != third[step]} == {"06_interpretation"}
    assert parameters_of(report, "06_interpretation")["note"] == "hello"
    assert parameters_of(report, "01_ingest")["source"] == os.path.relpath(project / "shop", project / "notebooks")

    # a value that is not given is the default, as in a run from the beginning, and not that of the last run
    report = small_run()
    assert parameters_of(report, "06_interpretation")["note"] is None
    assert {step for step in SIX if executed(report)[step] != third[step]} == {"06_interpretation"}

    # nothing has changed: nothing is run, and the report stays as it is
    capsys.readouterr()
    before = {path: path.read_bytes() for path in report.rglob("*") if path.is_file()}
    assert small_run() == report
    assert "nothing has changed since the last run 'r', so nothing was run (--all" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in report.rglob("*") if path.is_file()} == before
    (report / "index.html").unlink()  # but a report that is not whole is made again
    assert (small_run() / "index.html").is_file()
    assert "nothing before 06_interpretation has changed" in capsys.readouterr().err
    _nothing_old_is_kept(project, Run("r"), monkeypatch)


def _nothing_old_is_kept(project, run, monkeypatch):
    """Hold `first_changed` to what may be done to a finished run."""
    entries = json.loads((run.data_dir / FILE).read_text())
    made = {step: entry["made_from"] for step, entry in entries.items()}
    assert first_changed(run, made) == ""
    assert first_changed(run, {**made, "04_k_selection": "another"}) == "04_k_selection"
    assert first_changed(run, {step: made[step] for step in made if step != "02_eda"}) == "02_eda"
    assert first_changed(Run("nobody"), made) == "01_ingest"

    def after(change, name):
        place = project / f"copy {name}"
        shutil.copytree(project / "home", place)
        copied = Run("r", base=place)
        assert first_changed(copied, made) == ""
        change(copied)
        return first_changed(copied, made)

    def by_hand(copied):
        copied.lineage.record(["recipe"], {}, parameters=None, by_hand=True)

    def rewritten(copied):
        path = copied.path("choice")
        path.write_text(path.read_text().replace('"r"', '"q"'))

    assert after(by_hand, 1) == "03_preprocessing"
    assert after(rewritten, 2) == "04_k_selection"
    assert after(lambda copied: copied.path("shop").unlink(), 3) == "01_ingest"
    assert after(lambda copied: (copied.report_dir / "notebooks/05_clustering.ipynb").write_text("{}"), 4) == SIX[4]
    assert after(lambda copied: (copied.report_dir / "customers_without_transaction.csv").write_text(""), 5) == SIX[2]
    assert after(lambda copied: (copied.data_dir / FILE).write_text("{"), 6) == "01_ingest"
    assert after(lambda copied: (copied.data_dir / FILE).unlink(), 7) == "01_ingest"
    assert after(lambda copied: (copied.report_dir / "segments.csv").write_text("changed"), 8) == SIX[5]


@pytest.mark.parametrize(
    ("options", "expected"), [((), True), (("--all",), False), (("--from", "01"), False), (("--from", "5"), False)]
)
def test_the_command_line_asks_for_it_unless_it_is_told_where_to_begin(command, monkeypatch, options, expected):
    requests = []
    monkeypatch.setattr(pipeline, "execute", requests.append)
    assert command("run", *options)[0] == 0
    assert requests[0].only_changed == expected


def test_all_and_from_do_not_go_together(command):
    code, _, stderr = command("run", "--all", "--from", "04")
    assert code == 2
    assert "--all" in stderr
