"""Kernels that work in the stage, each started while the notebook before it runs.

A kernel needs seconds to start and to import what every notebook imports. One that is started ahead has done both when
its turn comes. It is otherwise a kernel like any other: nothing is put into its namespace.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seglib.run import FINISHED, home

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager

COMMON = (
    "pandas", "pyarrow.parquet", "duckdb", "sqlglot", "matplotlib.pyplot", "seaborn", "sklearn.cluster",
    "sklearn.pipeline",
)  # fmt: skip
"""What every notebook imports, or nearly every one, and what takes long."""

MORE = {"05_clustering": ("skops.io",), "06_interpretation": ("skops.io",)}
"""What else takes long, by notebook."""

AHEAD = "SEGLIB_AHEAD"
"""Environment variable of a kernel that is started ahead: what it imports before its turn comes."""


class Kernels:
    """The kernels of one run, one a notebook; at the end none is left, however the run ends.

    Parameters
    ----------
    steps : sequence of str
        The notebooks in their order.
    folder : Path
        Of the stage: SEGLIB_HOME of the kernels. What they mutter goes to ``kernel.log`` there.
    cwd : Path
        Where the kernels work.
    environment : mapping of str to str
        Reaches the kernels and nobody else: no file, no other process.
    """

    def __init__(self, steps: Sequence[str], *, folder: Path, cwd: Path, environment: Mapping[str, str]) -> None:
        self.log = folder / "kernel.log"
        self._left, self._cwd = list(steps), cwd
        self._environment = {**environment, "SEGLIB_HOME": str(folder), "SEGLIB_QUIET": "1", FINISHED: str(home())}
        self._next: AsyncKernelManager | None = None
        self._open = ExitStack()

    def __enter__(self) -> Kernels:
        self._out = self._open.enter_context(self.log.open("ab"))
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @contextmanager
    def next(self) -> Iterator[AsyncKernelManager]:
        """Hand over the kernel that was started ahead and start the next one; dismiss it when its notebook is done."""
        from jupyter_core.utils import run_sync

        kernel = self._next
        try:
            if self._left:
                self._start(ahead=True)
            yield kernel
        finally:
            run_sync(_dismissed)(kernel)

    def _start(self, *, ahead: bool = False) -> None:
        """Start the kernel of the next notebook; the first one is wanted at once, and imports nothing ahead."""
        from jupyter_core.utils import run_sync

        step, kernel = self._left.pop(0), _manager()
        arguments, environment = ["--HistoryManager.hist_file=:memory:"], {**os.environ, **self._environment}
        if ahead:
            arguments.append(f"--IPKernelApp.extra_extensions={__name__}")
            environment[AHEAD] = " ".join((*COMMON, *MORE.get(step, ())))
        self._open.callback(run_sync(_ended), kernel)
        self._next = kernel
        run_sync(kernel.start_kernel)(extra_arguments=arguments, env=environment, cwd=str(self._cwd), stderr=self._out)


def load_ipython_extension(_: Any) -> None:
    """Import what the notebook will import; IPython calls this in a kernel that is started ahead."""
    for name in os.environ.get(AHEAD, "").split():
        with suppress(ImportError):  # the notebook will say so, if it needs it
            import_module(name)


def _manager() -> AsyncKernelManager:
    from jupyter_client.manager import AsyncKernelManager

    class KernelManager(AsyncKernelManager):
        """Remembers whether its notebook is done, and the client that nbclient asks it for and leaves open."""

        opened, done = None, False

        def client(self, **options: Any) -> Any:
            self.opened = super().client(**options)
            return self.opened

    return KernelManager(kernel_name="python3", transport_encryption="auto")


async def _dismissed(kernel: AsyncKernelManager) -> None:
    """Ask a kernel to end, which takes it a while; nobody has to wait for that yet."""
    kernel.done = True
    waiting = asyncio.all_tasks() - {asyncio.current_task()}  # of nbclient, if somebody stopped the run in a cell
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    if kernel.opened:
        kernel.opened.stop_channels()
    if await kernel.is_alive():
        await kernel.interrupt_kernel()
        await kernel.request_shutdown()


async def _ended(kernel: AsyncKernelManager) -> None:
    """Wait until a kernel that was dismissed has ended, five seconds at most; one that was not needed is killed."""
    try:
        if kernel.done:
            await kernel.finish_shutdown()
        elif await kernel.is_alive():
            await kernel.shutdown_kernel(now=True)
    finally:
        await kernel.cleanup_resources()
