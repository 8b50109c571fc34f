"""Let no test, and no notebook under nbval, touch the analyst's own runs."""

import os
import shutil
import tempfile


def pytest_configure(config):
    config.seglib_home = tempfile.mkdtemp(prefix="seglib-home-")
    os.environ["SEGLIB_HOME"] = config.seglib_home
    os.environ["SEGLIB_QUIET"] = "1"


def pytest_unconfigure(config):
    shutil.rmtree(config.seglib_home, ignore_errors=True)
