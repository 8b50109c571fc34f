"""The lab: a welcome page in the root of the project, and outputs of notebooks that git does not see."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from seglib import lab
from seglib.run.folders import list_runs
from seglib.run.run import Run
from seglib.runner.steps import STEPS

LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": "3.13.1",
}
"""What JupyterLab writes into a notebook when it saves it."""

needs_programs = pytest.mark.skipif(not (shutil.which("git") and shutil.which("make")), reason="needs git and make")


@pytest.fixture
def clone(root, tmp_path):
    """A repository of its own with some of the notebooks, whose filter was set up by `make filter`."""
    folder = tmp_path / "clone"
    (folder / "notebooks").mkdir(parents=True)
    for name in (
        "Makefile",
        ".gitattributes",
        "welcome.ipynb",
        *(f"notebooks/{step}.ipynb" for step in list(STEPS)[3:5]),
    ):
        shutil.copy(root / name, folder / name)
    (folder / ".venv" / "bin").mkdir(parents=True)
    program = folder / ".venv" / "bin" / "nbstripout"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nbstripout "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (folder / ".gitignore").write_text(".venv/\n", encoding="utf-8")

    def run(*command):
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, env={**os.environ, "HOME": str(tmp_path)}
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("git", "init", "-q")
    run("git", "add", ".")
    run("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "as it is")
    run("make", "filter")
    return folder, run


def save_as_jupyterlab(path, change=None):
    """Save a notebook that was run."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["language_info"] = LANGUAGE
    for number, cell in enumerate(cell for cell in notebook.cells if cell.cell_type == "code"):
        cell.execution_count = number + 1
        cell.outputs = [nbformat.v4.new_output("stream", text="17 customers\n")]
        cell.metadata["execution"] = {"iopub.execute_input": "2026-01-01T00:00:00.000000Z"}
        cell.metadata["scrolled"] = True
        if change and "parameters" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace(*change)
    nbformat.write(notebook, path)


@pytest.mark.slow
@needs_programs
def test_saved_outputs_do_not_show_in_git_status_and_changed_parameters_do(clone):
    folder, run = clone
    for path in (folder / "notebooks/04_k_selection.ipynb", folder / "welcome.ipynb"):
        save_as_jupyterlab(path)
        lab.after_save(os_path=str(path), model={"type": "notebook"}, contents_manager=None)
    assert run("git", "status", "--porcelain") == ""
    changed = folder / "notebooks/04_k_selection.ipynb"
    save_as_jupyterlab(changed, ("k_max: int = 10", "k_max: int = 8"))
    lab.after_save(os_path=str(changed), model={"type": "notebook"}, contents_manager=None)
    assert run("git", "status", "--porcelain").split() == ["M", "notebooks/04_k_selection.ipynb"]
    changed = [line for line in run("git", "diff").splitlines() if re.match(r"[-+] ", line)]
    assert len(changed) == 2
    assert all("k_max: int" in line for line in changed)


@needs_programs
def test_outputs_that_something_else_has_saved_are_seen_through_by_make_filter(clone):
    folder, run = clone
    save_as_jupyterlab(folder / "welcome.ipynb")
    save_as_jupyterlab(folder / "notebooks/04_k_selection.ipynb", ("k_max: int = 10", "k_max: int = 8"))
    run("make", "filter")
    assert run("git", "status", "--porcelain").split() == ["M", "notebooks/04_k_selection.ipynb"]
    assert run("git", "diff", "--cached") == ""  # nothing is staged


@pytest.mark.slow
@needs_programs
def test_a_notebook_that_git_does_not_have_is_left_alone(clone):
    folder, run = clone
    new = shutil.copy(folder / "welcome.ipynb", folder / "mine.ipynb")
    lab.after_save(os_path=str(new), model={"type": "notebook"})
    assert run("git", "status", "--porcelain").split() == ["??", "mine.ipynb"]


def test_the_hook_is_one_that_jupyter_takes():
    from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
    from traitlets.config import Config

    config = Config()
    config.FileContentsManager.post_save_hook = "seglib.lab.after_save"
    assert AsyncLargeFileManager(config=config).post_save_hook is lab.after_save


@needs_programs
def test_make_lab_opens_the_page_in_the_root_of_the_project(root):
    plan = subprocess.run(["make", "-n", "lab"], cwd=root, capture_output=True, text=True).stdout
    [line] = re.findall(r".* -m jupyterlab [^\\]*\\\n.*", plan)
    assert "root_dir=. " in line
    assert "post_save_hook=seglib.lab.after_save" in line
    [page] = re.findall(r"default_url=/lab/tree/(\S+)", line)
    assert (root / page).is_file()


def test_the_page_lists_the_notebooks_and_how_to_run_and_publish_them(root):
    notebook = nbformat.read(root / "welcome.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    for step, question in STEPS.items():
        assert re.search(rf"\(notebooks/{step}\.ipynb\) \| {re.escape(question)} \|", text)
    for link in re.findall(r"\]\((notebooks/[^)]+)\)", text):
        assert (root / link).exists()
    for lesson in (root / "notebooks" / "lessons").glob("*.ipynb"):
        assert f"(notebooks/lessons/{lesson.name})" in text
    assert "make report" in text
    assert "seglib report --run" in text
    assert all(not cell.get("outputs") for cell in notebook.cells)


def test_its_cell_lists_the_runs_there_are(root, tmp_path, monkeypatch):
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path))
    assert list_runs().empty
    for name in ("spring", "tried"):
        Run(name, base=tmp_path).write("unified", pd.DataFrame({"n": [1]}))
    Run("spring", base=tmp_path).write_record({"k": 3, "customers": 70})
    Run("tried").write_text("segments.csv", "")
    [code] = [cell for cell in nbformat.read(root / "welcome.ipynb", as_version=4).cells if cell.cell_type == "code"]
    *lines, last = code.source.splitlines()
    names = {}
    exec("\n".join(lines), names)
    table = eval(last, names).set_index("run")
    assert table.loc["spring"].to_dict() == {
        "segments": 3,
        "customers": 70,
        "report": "reports/spring/index.html",
        "draft": "",
    }
    assert table["draft"].to_dict() == {"spring": "", "tried": "reports/tried.draft/"}
    assert pd.isna(table.loc["tried", "segments"])


@needs_programs
def test_notebooks_are_committed_as_the_filter_writes_them(root):
    """Otherwise the first save of an unchanged notebook would show as a change."""
    plan = subprocess.run(["make", "-n", "lint"], cwd=root, capture_output=True, text=True).stdout
    [verify] = [line for line in plan.splitlines() if "nbstripout" in line]
    _, *options = shlex.split(verify)
    options, patterns = options[:-3], options[-3:]
    notebooks = [str(path) for pattern in patterns for path in sorted(root.glob(pattern))]
    assert len(notebooks) > 10
    done = subprocess.run([sys.executable, "-m", "nbstripout", *options, *notebooks], capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}: make format"
    for path in notebooks:
        text = Path(path).read_text(encoding="utf-8")
        assert text == nbformat.writes(nbformat.reads(text, as_version=4)) + "\n", f"{path}: make format"
