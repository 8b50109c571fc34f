"""The progress of a run: two lines that move on a terminal, plain lines elsewhere.

The time that is left is only shown where the same run was made before. Then every notebook has the weight of the
seconds that it took the last time, and the rest is corrected by how this run compares so far.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

WIDTH = 32
"""Width of the bar in characters."""

LATE = 0.95
"""Largest share of a notebook that counts as done before it is, when it takes longer than the last time."""


def approximately(seconds: float) -> str:
    """Write a time that is not known exactly.

    Examples
    --------
    >>> approximately(3), approximately(38), approximately(100)
    ('a few seconds', 'about 40 s', 'about 1 min 40 s')
    >>> approximately(1300), approximately(7400)
    ('about 22 min', 'about 2 h 3 min')
    """
    if seconds < 7.5:
        return "a few seconds"
    if seconds < 57.5:
        return f"about {5 * round(seconds / 5)} s"
    if seconds < 295:
        minutes, rest = divmod(10 * round(seconds / 10), 60)
        return f"about {minutes} min{f' {rest} s' if rest else ''}"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"about {hours} h {minutes} min" if hours else f"about {minutes} min"


def _clock(seconds: float) -> str:
    """Write seconds like a clock: minutes and seconds, and hours if there are any.

    >>> _clock(75.9), _clock(3725)
    ('01:15', '1:02:05')
    """
    minutes = f"{seconds // 60 % 60:02.0f}:{seconds % 60 // 1:02.0f}"
    return f"{seconds // 3600:.0f}:{minutes}" if seconds >= 3600 else minutes


class RunProgress:
    """Shows which notebook of how many is running, which of its cells, for how long, and what is left.

    Use it as a context manager; without a terminal every notebook gets one line when it starts and one when
    it is done.

    Parameters
    ----------
    notebooks : sequence of str
        Those that will run, in their order.
    expected : mapping of str to float, optional
        Seconds that they took the last time. Unless all of them are known, no time is predicted.
    run : str
        Name of the run; it is shown where there are several.
    place : tuple of int
        Which run of how many this is.
    console : rich.console.Console, optional
        Default: standard error.
    clock : callable
        Returns seconds.
    """

    def __init__(
        self,
        notebooks: Sequence[str],
        expected: Mapping[str, float] | None = None,
        *,
        run: str = "",
        place: tuple[int, int] = (1, 1),
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._notebooks, self._clock = list(notebooks), clock
        before = expected or {}
        can_predict = all(before.get(name, 0) > 0 for name in self._notebooks)
        self._expected = {name: before[name] for name in self._notebooks} if can_predict else {}
        self._entry = f"{run} ({place[0]} of {place[1]})" if place[1] > 1 else ""
        self._at = -1
        self._cells, self._n_cells = 0, 1
        self._took: dict[str, float] = {}
        self._begun = self._begun_here = clock()
        self._stopped: float | None = None
        self._live = Live(
            console=self.console,
            get_renderable=self._render,
            refresh_per_second=4,
            auto_refresh=True,
            vertical_overflow="visible",
        )

    def __enter__(self) -> RunProgress:
        self._begun = self._clock()
        if self.console.is_terminal:
            self._live.start()
        elif self._entry:
            self.console.print(self._entry, markup=False)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopped = self._clock()
        if self.console.is_terminal:
            self._live.stop()

    def start(self, notebook: str, n_cells: int) -> None:
        """Say that a notebook starts, and how many code cells it has."""
        self._at += 1
        self._cells, self._n_cells, self._begun_here = 0, max(n_cells, 1), self._clock()
        if not self.console.is_terminal:
            left = self.left
            rest = "" if left is None else f" ({approximately(left)} left)"
            self.console.print(f"[{self._at + 1}/{len(self._notebooks)}] {notebook}{rest}", markup=False)

    def cell(self) -> None:
        """Say that a code cell of the current notebook is done."""
        self._cells = min(self._cells + 1, self._n_cells)

    def done(self, notebook: str, seconds: float) -> None:
        """Say that a notebook is done."""
        self._took[notebook] = seconds
        self._cells = self._n_cells
        if not self.console.is_terminal:
            self.console.print(f"      {notebook} done in {seconds:.1f} s", markup=False)

    def note(self, sentence: str) -> None:
        """Say something that the reader should know now; it stays above what moves."""
        self.console.print(f"seglib: {sentence}", markup=False)

    @property
    def left(self) -> float | None:
        """Seconds until the last notebook will be done; None where that is not known."""
        if not self._expected:
            return None
        rest = [name for name in self._notebooks[max(self._at, 0) :] if name not in self._took]
        if not rest:
            return 0.0
        here = self._now() - self._begun_here if self._at >= 0 else 0.0
        first, *later = (self._expected[name] * self._pace for name in rest)
        return max(first - here, 0.0) + sum(later)

    @property
    def share(self) -> float:
        """How much is done, 0 to 1: in expected seconds where they are known, else in notebooks and their cells."""
        if not self._notebooks:
            return 1.0
        weights = self._expected or dict.fromkeys(self._notebooks, 1.0)
        done = sum(weights[name] for name in self._took)
        current = self._notebooks[self._at] if 0 <= self._at < len(self._notebooks) else None
        if current is not None and current not in self._took:
            part = self._cells / self._n_cells
            if self._expected:
                part = (self._now() - self._begun_here) / (self._expected[current] * self._pace)
            done += weights[current] * min(part, LATE)
        return done / sum(weights.values())

    @property
    def _pace(self) -> float:
        """How much longer than the last time the notebooks took that are done."""
        before = sum(self._expected[name] for name in self._took)
        return sum(self._took.values()) / before if before else 1.0

    def _now(self) -> float:
        return self._clock() if self._stopped is None else self._stopped

    def _render(self) -> RenderableType:
        """Make the two lines: where the run is; the bar, the time since it started, and the time that is left."""
        finished = len(self._took) == len(self._notebooks)
        where = f"{len(self._took)} notebooks done" if finished else "starting"
        if not finished and self._at >= 0:
            cell = f"cell {min(self._cells + 1, self._n_cells)} of {self._n_cells}"
            where = f"[{self._at + 1}/{len(self._notebooks)}] {self._notebooks[self._at]}, {cell}"
        left = self.left if self._stopped is None else None
        rest = f", {approximately(left)} left" if left else ""
        after = f"{self.share:4.0%}  {_clock(self._now() - self._begun)}{rest}"
        line = Table.grid(padding=(0, 1))
        line.add_row(ProgressBar(total=1.0, completed=self.share, width=WIDTH), Text(after, no_wrap=True))
        lines = Table.grid()
        lines.add_row(Text(f"{self._entry}  {where}".strip(), no_wrap=True, overflow="ellipsis"))
        lines.add_row(line)
        return lines
