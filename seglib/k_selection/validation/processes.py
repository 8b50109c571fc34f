"""Independent tasks on all processors: this process works as well, and its helpers are started ahead of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from threading import RLock
from typing import Any

from joblib import effective_n_jobs
from joblib.externals.loky import get_reusable_executor

from seglib.k_selection.criteria.threads import one_thread

IDLE_SECONDS = 300
"""A helper without work ends after that time."""


def start_processes(n_jobs: int) -> None:
    """Start the processes that help with `run_tasks`; they import what they need while this one goes on.

    If there are any, this process computes in one thread from now on, as they do: threads that wait for each other on a
    processor that is busy take many times as long as one.

    Parameters
    ----------
    n_jobs : int
        As in `run_tasks`.
    """
    n_helpers = effective_n_jobs(n_jobs) - 1
    for _ in range(n_helpers):
        _helpers(n_helpers).submit(_imported)
    if n_helpers:
        one_thread()


def run_tasks(tasks: list, n_jobs: int, *, finished: Callable[[int], None] | None = None) -> list:
    """Return the results of tasks in their order; every process works in one thread.

    Parameters
    ----------
    tasks : list of (callable, tuple, dict)
        From `joblib.delayed`.
    n_jobs : int
        Processes; -1: one for each processor. This process is one of them: starting another one takes as long as many a
        task.
    finished : callable, optional
        Called with the number of finished tasks.
    """
    # Helpers are given tasks from the front, one at a time, and this process takes them from the back: so all end at
    # about the same time, also where helpers have only just been started.
    n_helpers = effective_n_jobs(n_jobs) - 1
    helpers = _helpers(n_helpers) if n_helpers else None
    waiting, given, done, lock = deque(enumerate(tasks)), {}, {}, RLock()

    def give(before: Future | None = None) -> None:
        with lock:
            if before and before.exception():
                waiting.clear()  # where a task fails, the others are not begun
            if waiting:
                place, task = waiting.popleft()
                given[place] = helpers.submit(_in_one_thread, *task)
                given[place].add_done_callback(give)

    def report() -> None:
        if finished:
            finished(len(done) + sum(future.done() for future in list(given.values())))

    try:
        for _ in range(n_helpers):
            give()
        while True:
            with lock:
                if not waiting:
                    break
                place, task = waiting.pop()
            done[place] = _in_one_thread(*task)
            report()
        for future in given.values():
            future.result()
            report()
    finally:
        waiting.clear()
    return [done[place] if place in done else given[place].result() for place in range(len(tasks))]


def _helpers(n_helpers: int) -> Any:
    return get_reusable_executor(max_workers=n_helpers, timeout=IDLE_SECONDS)


def _in_one_thread(function: Callable, args: tuple, options: dict) -> Any:
    # a sum of floats depends on the number of threads
    with one_thread():
        return function(*args, **options)


def _imported() -> None:
    """Do nothing: a process that runs this function has imported the package."""
