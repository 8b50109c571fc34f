"""Let no test, and no notebook under nbval, touch the analyst's own runs; and divide the tests among processes."""

import os
import shutil
import tempfile

import pytest

# Tests run beside each other, and each reckons little: more threads would only stand in each other's way. That no
# result depends on their number is tested by runs in processes of their own.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("SEGLIB_CHROME", "none")  # a PDF takes seconds; tests/report/test_summary.py makes its own

FIRST = ("tests/runner/test_pipeline.py", "tests/run/test_by_hand.py", "notebooks/")
"""What takes longest begins first: whole runs, and the notebooks, which feed each other and stay in one process."""


def pytest_configure(config):
    config.prepared_notebooks = set()
    config.seglib_home = tempfile.mkdtemp(prefix="seglib-home-")
    os.environ["SEGLIB_HOME"] = config.seglib_home
    os.environ["SEGLIB_QUIET"] = "1"


FEW = {"n_null": 19, "n_init": 5, "n_models": 20, "n_splits": 4, "sample_customers": 700}
"""Parameters of notebooks that are only run for another one."""


def pytest_runtest_setup(item):
    """Before the first cell of a notebook under nbval, run the earlier notebooks that nobody has run yet.

    So a single notebook can be tested: what it reads is there.
    """
    if item.path.suffix != ".ipynb" or item.path in item.config.prepared_notebooks:
        return
    item.config.prepared_notebooks.add(item.path)
    import papermill

    from seglib.run import ARTEFACTS, Run
    from seglib.runner.parameters import declared
    from tests.earlier import make_run

    run = Run("sample")
    if item.path.stem >= "07" and not Run("earlier").path("model").exists():
        make_run("earlier", "sample", as_of="2026-05-31")  # with which 07 compares
    for notebook in sorted(item.path.parent.glob("[0-9]*.ipynb")):
        written = [name for name, artefact in ARTEFACTS.items() if artefact.step == notebook.stem]
        if notebook < item.path and not all(run.path(name).exists() for name in written):
            few = {name: value for name, value in FEW.items() if name in declared(notebook)}
            papermill.execute_notebook(
                notebook, None, parameters=few, cwd=notebook.parent, kernel_name="python3", progress_bar=False
            )


def pytest_unconfigure(config):
    shutil.rmtree(config.seglib_home, ignore_errors=True)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: next((i for i, name in enumerate(FIRST) if item.nodeid.startswith(name)), len(FIRST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give each process a file of tests at a time, and all notebooks to one."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::")[0]
            return "notebooks" if file.startswith("notebooks/") else file

    config.option.loadscopereorder = False
    return ByFile(config, log)
