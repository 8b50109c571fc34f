"""Kernels that are started ahead: the same as any other, and none is left."""

import json
import os

import psutil
import pytest
from jupyter_core.utils import run_sync

from seglib.run.folders import FINISHED
from seglib.runner import kernels, template
from seglib.runner.kernels import Kernels, packages_named

STEPS = ("01_ingest", "02_eda", "03_preprocessing")


@pytest.fixture(params=[True, False], ids=["forked", "ahead"])
def three_kernels(tmp_path, monkeypatch, request):
    """Make the kernels of three notebooks, which import something quick; both ways of starting them."""
    if request.param and not template.CAN_FORK:
        pytest.skip("only Linux forks them")
    monkeypatch.setattr(template, "CAN_FORK", request.param)
    monkeypatch.setattr(kernels, "COMMON", ("colorsys", "not_a_module_at_all"))
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path))
    (tmp_path / "stage").mkdir()
    (tmp_path / "notebooks").mkdir()
    environment = {"SECRET": "hush"}
    return Kernels(STEPS, folder=tmp_path / "stage", cwd=tmp_path / "notebooks", environment=environment)


def printed(kernel, code):
    """Run code in a kernel and return what it printed."""
    client = kernel.client()
    client.start_channels()
    run_sync(client.wait_for_ready)(timeout=60)
    heard = []
    run_sync(client.execute_interactive)(code, timeout=60, output_hook=lambda m: heard.append(m["content"].get("text")))
    return "".join(text for text in heard if text)


def pid(kernel):
    return kernel.provisioner.pid


def started(before=frozenset()):
    """Return the processes that work for this one, and did not before."""
    return {process.pid for process in psutil.Process().children(recursive=True)} - before


def is_running(number):
    return psutil.pid_exists(number) and psutil.Process(number).status() != psutil.STATUS_ZOMBIE


def test_every_notebook_has_a_kernel_of_its_own_and_none_is_left(three_kernels):
    before, seen, kernel_pids = started(), set(), set()
    with three_kernels:
        for place, _ in enumerate(STEPS, start=1):
            with three_kernels.next() as kernel:
                assert printed(kernel, "import os; print(os.getpid())") == f"{pid(kernel)}\n"
                kernel_pids.add(pid(kernel))
                seen |= started(before)
                if not template.CAN_FORK and place < len(STEPS):  # the next one is started while a notebook runs
                    assert is_running(pid(three_kernels._next))
    assert len(kernel_pids) == len(STEPS)
    assert kernel_pids < seen or not template.CAN_FORK
    assert not any(is_running(number) for number in seen)


def test_threads_of_a_kernel_sleep_while_they_wait(three_kernels):
    asked = "import os; print(os.environ['OMP_WAIT_POLICY'])"
    with three_kernels:
        for _ in STEPS[:2]:
            with three_kernels.next() as kernel:
                assert printed(kernel, asked) == "passive\n"


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("at", [1, 2])
def test_none_is_left_when_a_notebook_fails_or_somebody_stops_the_run(three_kernels, problem, at):
    before, seen = started(), set()
    with pytest.raises(problem), three_kernels:  # noqa: PT012
        for place in range(1, at + 1):
            with three_kernels.next():
                seen |= started(before)
                if place == at:
                    raise problem
    assert not any(is_running(number) for number in seen)


def test_none_is_left_when_a_kernel_dies(three_kernels):
    before = started()
    with three_kernels:
        with three_kernels.next():
            pass
        with three_kernels.next() as kernel:
            seen = started(before)
            psutil.Process(pid(kernel)).kill()
    assert not any(is_running(number) for number in seen)


def test_a_further_kernel_stands_in_for_one_that_ended_and_none_is_left(three_kernels):
    before = started()
    with three_kernels, three_kernels.next() as kernel:
        psutil.Process(pid(kernel)).kill()
        with three_kernels.another() as further:
            assert printed(further, "print(6 * 7)") == "42\n"
            assert pid(kernel) != pid(further)
            seen = started(before)
    assert not any(is_running(number) for number in seen)


def test_kernels_start_by_themselves_where_their_template_is_gone(three_kernels):
    if not template.CAN_FORK:
        pytest.skip("there is none")
    with three_kernels:
        with three_kernels.next():
            pass
        three_kernels._template._process.kill()
        three_kernels._template._process.wait()
        with three_kernels.next() as kernel:
            assert printed(kernel, "print(6 * 7)") == "42\n"


def test_what_a_kernel_draws_without_a_seed_is_its_own(three_kernels):
    drawn = set()
    with three_kernels:
        for _ in STEPS:
            with three_kernels.next() as kernel:
                drawn.add(printed(kernel, "import numpy, random; print(numpy.random.random(), random.random())"))
    assert len(drawn) == len(STEPS)


def test_a_kernel_that_was_started_ahead_is_like_any_other(three_kernels, tmp_path):
    code = "import os, sys; print(sorted(set(globals()) - {'os', 'sys'})); print(os.getcwd(), *[os.environ.get(n) "
    code += f"for n in ('SEGLIB_HOME', 'SEGLIB_QUIET', {FINISHED!r}, 'SECRET')]); print('colorsys' in sys.modules)"
    with three_kernels:
        with three_kernels.next() as kernel:
            first = printed(kernel, code).splitlines()
        with three_kernels.next() as kernel:
            ahead = printed(kernel, code).splitlines()
    assert first[:2] == ahead[:2]
    stage, notebooks = tmp_path / "stage", tmp_path / "notebooks"
    assert first[1] == f"{notebooks} {stage} 1 {tmp_path} hush"
    assert (first[2], ahead[2]) == ("False", "True")
    assert "SECRET" not in os.environ
    assert (stage / "kernel.log").exists()


def test_what_is_imported_ahead_is_there_to_be_imported():
    from importlib.util import find_spec

    for name in (*kernels.COMMON, *(name for more in kernels.MORE.values() for name in more)):
        assert find_spec(name), name


def test_the_packages_that_a_notebook_names_are_found(tmp_path):
    notebook = tmp_path / "07_mine.ipynb"
    cells = ["%matplotlib inline\nfrom seglib.run import Run", "import helper\nfrom seglib import eda, plots as p"]
    cells += ["if True:\n    import seglib.sql.dialects", "from . import x", "import pandas as pd"]
    content = {"cells": [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]}
    notebook.write_text(json.dumps(content))
    assert packages_named(notebook) == ["seglib.eda", "seglib.plots", "seglib.sql.dialects"]
    assert packages_named(tmp_path / "nowhere.ipynb") == []
