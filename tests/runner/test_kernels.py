"""Kernels that are started ahead: the same as any other, and none is left."""

import os

import psutil
import pytest
from jupyter_core.utils import run_sync

from seglib.run.folders import FINISHED
from seglib.runner import kernels
from seglib.runner.kernels import Kernels

STEPS = ("01_ingest", "02_eda", "03_preprocessing")


@pytest.fixture
def three_kernels(tmp_path, monkeypatch):
    """Make the kernels of three notebooks; those that are started ahead import something quick."""
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


def test_the_next_kernel_is_started_while_a_notebook_runs_and_none_is_left(three_kernels):
    seen = []
    with three_kernels:
        for _ in STEPS:
            with three_kernels.next() as kernel:
                seen.append(pid(kernel))
                assert psutil.pid_exists(pid(three_kernels._next))
                assert (three_kernels._next is kernel) == (len(seen) == len(STEPS))
    assert len(set(seen)) == len(STEPS)
    assert not any(psutil.pid_exists(number) for number in seen)


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt])
def test_none_is_left_when_a_notebook_fails_or_somebody_stops_the_run(three_kernels, problem):
    seen = []
    with pytest.raises(problem), three_kernels, three_kernels.next() as kernel:  # noqa: PT012
        seen += [pid(kernel), pid(three_kernels._next)]
        raise problem
    assert not any(psutil.pid_exists(number) for number in seen)


def test_none_is_left_when_a_kernel_dies(three_kernels):
    with three_kernels, three_kernels.next() as kernel:
        seen = [pid(kernel), pid(three_kernels._next)]
        psutil.Process(pid(kernel)).kill()
    assert not any(psutil.pid_exists(number) for number in seen)


def test_a_further_kernel_stands_in_for_one_that_ended_and_none_is_left(three_kernels):
    with three_kernels, three_kernels.next() as kernel:
        psutil.Process(pid(kernel)).kill()
        with three_kernels.another() as further:
            assert printed(further, "print(6 * 7)") == "42\n"
            seen = [pid(kernel), pid(further), pid(three_kernels._next)]
    assert len(set(seen)) == 3
    assert not any(psutil.pid_exists(number) for number in seen)


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
