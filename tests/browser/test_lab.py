"""JupyterLab in a real browser: open a notebook, run all its cells, and look at what is there afterwards."""

import json
import subprocess
import sys
import time

import nbformat
import pytest
from project import Project, ended_well

from seglib.run.run import Run

STEP = "04_k_selection"

OPTIONS = (
    "--no-browser",
    "--allow-root",
    "--ServerApp.root_dir=.",
    "--ServerApp.port=0",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)
"""As `make lab` starts it, but on any free port, without a window and without a look into the network."""

WAIT = 120
"""Seconds until a server, a page or a notebook counts as stuck."""


def wait_for(what, condition):
    """Return what the condition gives once it is true."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.2)
    pytest.fail(f"{what}: nothing after {WAIT} s")


@pytest.fixture(scope="module")
def project(root, tmp_path_factory):
    """A project with a published report on four segments; the analyst asks for three, in the cell of the parameters."""
    project = Project(root, tmp_path_factory.mktemp("project"))
    few = {
        "n_shuffles": 99,
        "n_null": 19,
        "k": 4,
        "k_max": 4,
        "n_init": 3,
        "n_models": 10,
        "n_splits": 2,
        "n_permutations": 49,
    }
    options = [part for name, value in few.items() for part in ("--set", f"{name}={value}")]
    ended_well(project.seglib("run", "--source", "data/shop.xlsx", "--run", "small", *options))
    return project


@pytest.fixture(scope="module")
def lab(project, tmp_path_factory):
    """The address of a JupyterLab that was started in the project, with its token; ended here."""
    runtime = tmp_path_factory.mktemp("runtime")
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *OPTIONS],
        cwd=project.folder,
        env={**project.environment, "JUPYTER_RUNTIME_DIR": str(runtime), "JUPYTER_CONFIG_DIR": str(runtime)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        file = wait_for("the server", lambda: next(runtime.glob("jpserver-*.json"), None))
        facts = json.loads(file.read_text("utf-8"))
        yield "{url}lab/tree/{{}}?token={token}&reset".format(**facts)
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture(scope="module")
def after(lab, project, browser):
    """Open 04 by hand, run all cells by the menu, save, and return what was published before and what is there now."""
    before = project.published()
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(WAIT * 1000)
    page.goto(lab.format(f"notebooks/{STEP}.ipynb"))
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    page.get_by_text("(ipykernel) | Idle").wait_for()  # the kernel is there
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    notebook = project.folder / "notebooks" / f"{STEP}.ipynb"
    count = sum(cell.cell_type == "code" for cell in nbformat.read(notebook, as_version=4).cells)
    page.get_by_text(f"[{count}]:", exact=True).wait_for()  # JupyterLab goes along to the last cell
    figures = page.locator(".jp-OutputArea figure img").evaluate_all(
        "images => images.map(image => ({alt: image.alt, width: image.naturalWidth, shown: image.clientWidth}))"
    )
    page.keyboard.press("Control+s")

    def saved():
        cells = [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]
        return cells[-1].execution_count and cells

    cells = wait_for("the notebook on disk", saved)
    context.close()
    return before, project.published(), cells, figures


def outputs(cells, kind):
    return [out for cell in cells for out in cell.outputs if out.output_type == kind]


def test_all_cells_run_without_an_error(after):
    _, _, cells, _ = after
    assert outputs(cells, "error") == []
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


def test_every_figure_is_there_and_drawn(after):
    _, _, cells, figures = after
    written = sum(out.data.get("text/html", "").count("<figure") for out in outputs(cells, "display_data"))
    assert written >= 10
    assert len(figures) == written
    assert all(figure["alt"] and figure["width"] > 300 and figure["shown"] > 300 for figure in figures)


def test_nothing_that_is_published_changes(after, project):
    before, now, *_ = after
    assert now == before
    assert "small/index.html" in now
    assert Run("small", base=project.folder).read("choice").k == 3  # the artefacts are those of the run by hand
