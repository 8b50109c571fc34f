"""Let no test, and no notebook under nbval, touch the analyst's own runs; and divide the tests among processes."""

import os
import shutil
import tempfile

import pytest
from hypothesis import settings

# Tests run beside each other, and each reckons little: more threads would only stand in each other's way. That no
# result depends on their number is tested by runs in processes of their own.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("SEGLIB_CHROME", "none")  # a PDF takes seconds; tests/report/test_summary.py makes its own

FIRST = (
    "tests/runner/test_pipeline.py",
    "notebooks/0",
    "tests/run/test_by_hand.py",
    "tests/test_tweaks.py",
    "tests/runner/test_faults.py",
    "tests/test_exercises_segments.py",
    "tests/test_make_it_yours.py",
    "notebooks/lessons/",
    "tests/campaign/test_lift.py",
    "tests/test_exercises.py",
    "tests/ingest/",
    "tests/scoring/",
)
"""What takes longest begins first: whole runs, and the notebooks, which feed each other and stay in one process."""

QUICKLY = "not slow"
"""The expression (-m) by which `make test` leaves out what takes long; then numbers are small where that is enough."""

settings.register_profile("quick", max_examples=25)


def _quick(config) -> bool:
    return config.option.markexpr == QUICKLY


def pytest_configure(config):
    if _quick(config):
        settings.load_profile("quick")
    config.prepared_notebooks = set()
    config.seglib_home = tempfile.mkdtemp(prefix="seglib-home-")
    os.environ["SEGLIB_HOME"] = config.seglib_home
    os.environ["SEGLIB_QUIET"] = "1"


def pytest_runtest_setup(item):
    """Before the first cell of a notebook under nbval, run the earlier notebooks that nobody has run yet.

    So a single notebook can be tested: what it reads is there. Where slow tests are left out, the notebook is run with
    smaller numbers than those it has; else with its own.
    """
    if item.path.suffix != ".ipynb":
        return
    if _quick(item.config) and "parameters" in item.cell.metadata.get("tags", []):
        item.cell.source += "".join(f"\n{name} = {value}" for name, value in _few(item.path).items())
    if item.path in item.config.prepared_notebooks:
        return
    item.config.prepared_notebooks.add(item.path)
    import papermill

    from seglib.run import ARTEFACTS, Run
    from tests.earlier import make_run

    run = Run("sample")
    if item.path.stem >= "07" and not Run("earlier").path("model").exists():
        make_run("earlier", "sample", as_of="2026-05-31")  # with which 07 compares
    for notebook in sorted(item.path.parent.glob("[0-9]*.ipynb")):
        written = [name for name, artefact in ARTEFACTS.items() if artefact.step == notebook.stem]
        if notebook < item.path and not all(run.path(name).exists() for name in written):
            papermill.execute_notebook(
                notebook,
                None,
                parameters=_few(notebook),
                cwd=notebook.parent,
                kernel_name="python3",
                progress_bar=False,
            )


def _few(notebook) -> dict:
    """Return small values for the parameters of a notebook."""
    from seglib.runner.parameters import declared
    from tests.whole import FEW

    return {name: value for name, value in FEW.items() if name in declared(notebook)}


def pytest_unconfigure(config):
    shutil.rmtree(config.seglib_home, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    from seglib.runner.steps import SIX

    for item in items:
        if item.path.suffix == ".ipynb" and item.path.stem not in SIX:
            item.add_marker("slow")
    items.sort(key=lambda item: next((i for i, name in enumerate(FIRST) if item.nodeid.startswith(name)), len(FIRST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give each process a file of tests at a time, and all notebooks that feed each other to one."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::")[0]
            return "notebooks" if file.startswith("notebooks/0") else file

    config.option.loadscopereorder = False
    return ByFile(config, log)
