"""Kernels that work in the stage, each started while the notebook before it runs.

A kernel needs seconds to start and to import what every notebook imports. A kernel that is started ahead has done both
when its turn comes. It is otherwise a kernel like any other: nothing is put into its namespace.
"""

from __future__ import annotations

import ast
import asyncio
import json
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from queue import Empty
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from seglib.run import FINISHED, home

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager

    from seglib.runner.template import Template

COMMON = (
    "pandas",
    "pyarrow.parquet",
    "duckdb",
    "sqlglot",
    "matplotlib.pyplot",
    "seaborn",
    "sklearn.cluster",
    "sklearn.pipeline",
    "seglib.plots",
)
"""Modules that (nearly) every notebook imports, by itself or when it draws, and that take long to import."""

MORE = {"05_clustering": ("skops.io",), "06_interpretation": ("skops.io", "xlsxwriter")}
"""Further modules that take long to import and are not named in the notebook, by notebook."""

AHEAD = "SEGLIB_AHEAD"
"""Environment variable of a kernel that is started ahead: what it imports before its turn comes."""

AT_FAULT = "getattr(getattr(__import__('sys'), 'last_value', None), 'parameter', ())"
"""Expression that gives, in a kernel, the parameters at fault of the error that was raised last."""

SYSTEM_ERROR = (
    "next((e.errno for v in [getattr(__import__('sys'), 'last_value', None)] for e in "
    "(v, getattr(v, '__cause__', None), getattr(v, '__context__', None)) if isinstance(e, OSError) and e.errno), 0)"
)
"""Expression that gives, in a kernel, the number of the error of the system that was raised last; 0 if it was none."""

GRACE = 3
"""Seconds that a kernel has to end by itself."""

PATIENCE = 10
"""Seconds to wait for the answer of a kernel that has just raised an error."""


class Kernels:
    """The kernels of one run, one for each notebook; at the end none is left, however the run ends.

    Parameters
    ----------
    steps : sequence of str
        The notebooks in their order.
    folder : Path
        Folder of the stage: SEGLIB_HOME of the kernels. Their standard error goes to ``kernel.log`` there.
    cwd : Path
        Where the kernels work.
    environment : mapping of str to str
        Variables that only the kernels get: they are written to no file and reach no other process.
    """

    def __init__(self, steps: Sequence[str], *, folder: Path, cwd: Path, environment: Mapping[str, str]) -> None:
        self.log = folder / "kernel.log"
        self._left, self._cwd = list(steps), cwd
        self._environment = {**environment, "SEGLIB_HOME": str(folder), "SEGLIB_QUIET": "1", FINISHED: str(home())}
        # Threads that wait for each other would keep a processor busy by looking whether they may go on. While another
        # process needs that processor, KMeans takes ten times as long as with threads that sleep.
        self._environment["OMP_WAIT_POLICY"] = os.environ.get("OMP_WAIT_POLICY", "passive")
        self._next: AsyncKernelManager | None = None
        self._template: Template | None = None
        self._open = ExitStack()

    def __enter__(self) -> Kernels:
        from seglib.runner.template import CAN_FORK, Template

        self._out = self._open.enter_context(self.log.open("ab"))
        # what kernels write aside is removed when they have ended, also where one had to be killed
        aside = self._open.enter_context(TemporaryDirectory(prefix="seglib-", ignore_cleanup_errors=True))
        self._environment |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), aside)
        later = self._left[1:]
        if self._left:
            self._start()
        if later and CAN_FORK:
            modules = dict.fromkeys(name for step in later for name in self._modules(step))
            self._template = Template(modules, cwd=self._cwd, environment=self._environment, stderr=self._out)
            self._open.callback(self._template.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @contextmanager
    def next(self) -> Iterator[AsyncKernelManager]:
        """Hand over the kernel that was started ahead and start the next one; dismiss it when its notebook is done."""
        from jupyter_core.utils import run_sync

        if self._next is None:
            self._start()
        kernel, self._next = self._next, None
        try:
            # Without a template, the next kernel starts and imports while this notebook computes: on two cores the
            # second one is idle most of the time.
            if self._left and not self._template:
                self._start(ahead=True)
            yield kernel
        finally:
            run_sync(_dismiss)(kernel)

    @contextmanager
    def another(self) -> Iterator[AsyncKernelManager]:
        """Hand over a further kernel for a notebook whose own ended before it answered; dismiss it afterwards.

        A kernel is told the free ports that it shall use, and needs a moment until it does. If another process takes
        one of them in that moment, the kernel ends at once ("Address already in use"). A further one has other ports.
        """
        from jupyter_core.utils import run_sync

        kernel = _manager()
        try:
            self._launch(kernel)
            yield kernel
        finally:
            run_sync(_dismiss)(kernel)

    def _start(self, *, ahead: bool = False) -> None:
        """Start the kernel of the next notebook; one that is needed at once imports nothing ahead."""
        step, kernel = self._left.pop(0), _manager(self._template)
        self._next = kernel
        self._launch(kernel, **{AHEAD: " ".join(self._modules(step) if ahead else ())})

    def _modules(self, step: str) -> tuple[str, ...]:
        """Return what the kernel of a notebook imports ahead."""
        return (*COMMON, *MORE.get(step, ()), *packages_named(self._cwd / f"{step}.ipynb"))

    def _launch(self, kernel: AsyncKernelManager, **environment: str) -> None:
        """Start the process of a kernel, with further environment variables."""
        from jupyter_core.utils import run_sync

        # registered before the kernel starts: a run that is stopped right now must not leave one behind
        self._open.callback(run_sync(_wait_until_ended), kernel)
        run_sync(kernel.start_kernel)(
            # IPython loads this module as an extension while the kernel starts, before it answers any request. So
            # what happens there happens in the right process, and no name appears in the namespace of the notebook.
            extra_arguments=[
                "--HistoryManager.hist_file=:memory:",
                f"--IPKernelApp.extra_extensions={__name__}",
            ],
            env={**os.environ, **self._environment, **environment},
            cwd=str(self._cwd),
            stderr=self._out,
        )


def packages_named(notebook: Path) -> list[str]:
    """Return the packages of seglib that a notebook imports; none where it cannot be read.

    Only those: what a module of an analyst's own does when it is imported belongs into the notebook.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError):  # whoever runs it will say so
        return []
    named: list[str] = []
    for source in sources:
        with suppress(SyntaxError, ValueError):  # not Python, as a cell with a magic is not
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Import):
                    named += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module == "seglib":
                    named += [f"seglib.{alias.name}" for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    named.append(node.module or "")
    return [name for name in dict.fromkeys(named) if name.partition(".")[0] == "seglib"]


def load_ipython_extension(_: Any) -> None:
    """Import what the notebook will import, in a kernel that is started ahead; IPython calls this in every kernel.

    The kernel has read the file with its ports and its key by then, and nobody needs it any more: it is removed, so
    that none is left however the run ends.
    """
    from ipykernel.kernelapp import IPKernelApp

    if IPKernelApp.initialized():
        Path(IPKernelApp.instance().abs_connection_file).unlink(missing_ok=True)
    for name in os.environ.get(AHEAD, "").split():
        with suppress(Exception):  # the notebook will say so, if it needs it
            import_module(name)


def parameter_at_fault(kernel: AsyncKernelManager) -> tuple[str, ...]:
    """Ask a kernel in which a cell has just failed which parameters are at fault.

    Of an error that is raised inside a notebook only its class name and its message reach the runner, both as text.
    The error itself is still in the kernel (`sys.last_value`), so its field ``parameter``
    (`seglib.errors.ParameterRefused`) is asked for there.

    Parameters
    ----------
    kernel : AsyncKernelManager
        As `Kernels.next` gave it; its notebook has stopped at an error, and it still runs.

    Returns
    -------
    tuple of str
        Empty where none is at fault, or the kernel does not answer.
    """
    from jupyter_core.utils import run_sync

    try:
        answer = ast.literal_eval(run_sync(_evaluate)(kernel, AT_FAULT))
    except Exception:  # a kernel that does not answer must not hide the error that is being reported
        return ()
    return tuple(name for name in answer if isinstance(name, str)) if isinstance(answer, tuple) else ()


def system_error(kernel: AsyncKernelManager) -> int:
    """Ask a kernel in which a cell has just failed which error of the system (`errno`) it was; 0 if it was none.

    Parameters
    ----------
    kernel : AsyncKernelManager
        As in `parameter_at_fault`.
    """
    from jupyter_core.utils import run_sync

    try:
        return int(run_sync(_evaluate)(kernel, SYSTEM_ERROR))
    except Exception:  # as above
        return 0


async def _evaluate(kernel: AsyncKernelManager, expression: str) -> str:
    """Evaluate an expression in a kernel and return how Python writes its value."""
    reply = await kernel.opened.execute(
        "", silent=True, store_history=False, user_expressions={"value": expression}, reply=True, timeout=PATIENCE
    )
    return reply["content"]["user_expressions"]["value"]["data"]["text/plain"]


def _manager(template: Template | None = None) -> AsyncKernelManager:
    """Make what starts, talks to and ends a kernel; with a template, the kernel is forked from it."""
    from jupyter_client.asynchronous import AsyncKernelClient
    from jupyter_client.manager import AsyncKernelManager

    class KernelClient(AsyncKernelClient):
        """Is ready when the kernel has answered on both channels.

        Its parent then listens for another fifth of a second, so that nothing is left of the answer. nbclient knows by
        its header to which cell a message belongs, and passes over others.
        """

        async def wait_for_ready(self, timeout: float | None = None) -> None:
            end = math.inf if timeout is None else time.monotonic() + timeout
            while True:
                self.kernel_info()
                with suppress(Empty):
                    await self.get_shell_msg(timeout=1)
                    await self.get_iopub_msg(timeout=0.2)
                    return
                if not await self.is_alive():
                    raise RuntimeError("Kernel died before replying to kernel_info")
                if time.monotonic() > end:
                    raise RuntimeError(f"Kernel didn't respond in {timeout:.0f} seconds")

    class KernelManager(AsyncKernelManager):
        """Remembers whether its notebook is done, and the client that nbclient asks it for and leaves open."""

        opened, done = None, False

        def client(self, **options: Any) -> Any:
            self.opened = super().client(**options)
            return self.opened

    manager = KernelManager(kernel_name="python3", transport_encryption="auto", client_factory=KernelClient)
    if template:
        from seglib.runner.template import ForkingProvisioner

        manager.provisioner = ForkingProvisioner(kernel_spec=manager.kernel_spec, parent=manager)
        manager.provisioner.template = template
    return manager


async def _dismiss(kernel: AsyncKernelManager) -> None:
    """Ask a kernel to end, without waiting until it has."""
    kernel.done = True
    # If somebody stopped the run in the middle of a cell, nbclient still waits for the answer on this event loop, and
    # its tasks would read from channels that are closed below.
    waiting = asyncio.all_tasks() - {asyncio.current_task()}
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    if kernel.opened:
        kernel.opened.stop_channels()
    if await kernel.is_alive():
        await kernel.interrupt_kernel()
        await kernel.request_shutdown()


async def _wait_until_ended(kernel: AsyncKernelManager) -> None:
    """Wait until a kernel that was dismissed has ended, a few seconds at most; one that was not needed is killed."""
    try:
        if kernel.done:
            await kernel.finish_shutdown(waittime=GRACE)
        elif await kernel.is_alive():
            await kernel.shutdown_kernel(now=True)
    finally:
        await kernel.cleanup_resources()
