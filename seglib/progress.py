"""What is shown while a run is built: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class RunProgress:
    """Shows which notebook of how many is running, and which of its cells.

    Use it as a context manager; without a terminal every notebook gets one line when it starts and one when
    it is done.
    """

    def __init__(self, n_notebooks: int, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._total, self._started = n_notebooks, 0
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=30), MofNCompleteColumn(), TextColumn("cells"),
            TimeElapsedColumn(), console=self.console, disable=not self.console.is_terminal,
        )  # fmt: skip
        self._task = None

    def __enter__(self) -> RunProgress:
        self._bar.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()

    def start(self, notebook: str, n_cells: int) -> None:
        """Say that a notebook starts, and how many code cells it has."""
        self._started += 1
        label = f"[{self._started}/{self._total}] {notebook}"
        if self.console.is_terminal:
            self._task = self._bar.add_task(label, total=n_cells)
        else:
            self.console.print(label, markup=False)

    def cell(self) -> None:
        """Say that a code cell of the current notebook is done."""
        if self._task is not None:
            self._bar.advance(self._task)

    def done(self, notebook: str, seconds: float) -> None:
        """Say that a notebook is done."""
        if not self.console.is_terminal:
            self.console.print(f"      {notebook} done in {seconds:.1f} s", markup=False)
