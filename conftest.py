"""Let no test, and no notebook under nbval, touch the analyst's own runs; and divide the tests among processes."""

import os
import shutil
import tempfile

import pytest

# Tests run beside each other, and each reckons little: more threads would only stand in each other's way. That no
# result depends on their number is tested by runs in processes of their own.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("SEGLIB_CHROME", "none")  # a PDF takes seconds; tests/report/test_summary.py makes its own

FIRST = ("tests/runner/test_pipeline.py", "notebooks/")
"""What takes longest begins first: whole runs, and the notebooks, which feed each other and stay in one process."""


def pytest_configure(config):
    config.seglib_home = tempfile.mkdtemp(prefix="seglib-home-")
    os.environ["SEGLIB_HOME"] = config.seglib_home
    os.environ["SEGLIB_QUIET"] = "1"


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
