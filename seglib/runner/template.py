"""A process that has imported what notebooks need, and becomes a kernel whenever one is needed.

Of the three seconds of work that a kernel needs to start, nearly all are imports. Here they are done once: the template
imports, waits, and forks. Each fork is a kernel of its own, in the state in which a new one is after the same imports.
Only Linux forks a process that has imported libraries like these safely; elsewhere every kernel starts by itself.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO

from jupyter_client.provisioning import LocalProvisioner

CAN_FORK = sys.platform == "linux"

LAUNCHER = "ipykernel_launcher"
"""The module that a kernel is started with."""


class Template:
    """The template of the kernels of one run, seen from the runner.

    Parameters
    ----------
    modules : iterable of str
        What it imports.
    cwd, environment, stderr
        Those of the kernels.
    """

    def __init__(self, modules: Iterable[str], *, cwd: Path, environment: Mapping[str, str], stderr: IO) -> None:
        answers, written = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(written), *modules],
            stdin=subprocess.PIPE,
            stderr=stderr,
            cwd=cwd,
            env={**os.environ, **environment},
            pass_fds=[written],
            start_new_session=True,  # Ctrl-C is for the runner
        )
        os.close(written)
        self._answers = os.fdopen(answers, encoding="utf-8")

    def fork(self, arguments: list[str]) -> Fork:
        """Make a kernel with the arguments of its command line.

        Raises
        ------
        OSError
            If the template is no more.
        """
        self._process.stdin.write(json.dumps(arguments).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._answers.readline()
        if not answer:
            raise OSError("the template of the kernels has ended")
        return Fork(int(answer))

    def close(self) -> None:
        """End it. Kernels that are left end by themselves when it is gone."""
        with suppress(OSError):
            self._process.stdin.close()
        self._answers.close()
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:  # it still imports
            self._process.kill()
            self._process.wait()


class Fork:
    """A kernel that was forked: what `subprocess.Popen` offers, of a process that is not our own child."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return None while it runs; how it ended is not known."""
        if self.returncode is None:
            try:
                os.kill(self.pid, 0)
            except ProcessLookupError:
                self.returncode = 1
        return self.returncode

    def wait(self) -> int | None:
        """Return at once: the provisioner only calls it when the process has ended."""
        return self.poll()

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class ForkingProvisioner(LocalProvisioner):
    """Starts a kernel of this Python by forking the template; any other one as jupyter_client does."""

    template: Template

    async def launch_kernel(self, cmd: list[str], **options) -> Mapping:
        """Fork the template."""
        if cmd[0] != sys.executable or LAUNCHER not in cmd:
            return await super().launch_kernel(cmd, **options)
        try:
            self.process = self.template.fork(cmd[cmd.index(LAUNCHER) + 1 :])
        except (OSError, ValueError):  # it was killed, most likely because memory ran out
            return await super().launch_kernel(cmd, **options)
        self.pid = self.pgid = self.process.pid
        self.cwd = options.get("cwd")
        return self.connection_info


def serve(answers: int, modules: list[str]) -> None:
    """Import modules, and make a kernel for each line that is read; ends with the runner."""
    # as in a kernel that is started by itself; ipykernel reads the first one while it is imported
    os.environ["JPY_PARENT_PID"] = str(os.getpid())
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    gc.disable()
    for name in ("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", *modules):
        with suppress(Exception):  # the notebook will say so, if it needs it
            import_module(name)
    gc.enable()
    gc.freeze()  # what was imported stays: no kernel has to look through it for garbage
    atexit.register(gc.unfreeze)  # otherwise DuckDB says at the end that something was left over
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no kernel that has ended is left as a zombie
    while line := sys.stdin.readline():
        pid = os.fork()
        if pid == 0:
            os.close(answers)
            _become_kernel(json.loads(line))
            return
        os.write(answers, f"{pid}\n".encode())


def _become_kernel(arguments: list[str]) -> None:
    """Run a kernel in this process, which was forked just now, until it ends."""
    import numpy as np
    from ipykernel.kernelapp import launch_new_instance

    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    np.random.seed()  # noqa: NPY002 - two kernels must not draw the same where nobody gave a seed
    sys.argv = [LAUNCHER, *arguments]
    launch_new_instance()


if __name__ == "__main__":
    if Path(sys.path[0]) == Path.cwd():  # as ipykernel does while it imports
        del sys.path[0]
    serve(int(sys.argv[1]), sys.argv[2:])
