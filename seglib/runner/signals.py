"""Ctrl-C and the signals by which a system ends a process: a run that is stopped leaves nothing behind.

The first signal stops what is being done, as Ctrl-C does everywhere in Python (`Interruption`). Those that follow are
passed over: kernels and browsers are being ended, which takes a few seconds and must not be cut short.

Python hears a signal only between two of its own steps. A query of DuckDB can take minutes without one. So a thread
watches, and ends the process where nothing has happened for a few seconds; not while notebooks run, which take care of
themselves.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


GRACE = 3
"""Seconds after a signal in which the main thread has to react."""


class Interruption(KeyboardInterrupt):
    """A signal has come.

    Attributes
    ----------
    signum : int
    """

    def __init__(self, signum: int) -> None:
        super().__init__()
        self.signum = signum


class _Heard:
    """Which signal has come, whether it has to wait, and whether whoever works takes care of it in time."""

    signum: int | None = None
    waits = False
    is_taken_care_of = False


_heard = _Heard()


@contextmanager
def listening(at_last: Callable[[int], None], *, ends_process: bool = False) -> Iterator[None]:
    """Turn the first signal into an `Interruption`, in the main thread; other threads change nothing.

    Parameters
    ----------
    at_last : callable
        Takes the number of a signal to which the main thread has not reacted, before the process is ended.
    ends_process : bool, default=False
        Whether the process ends with this. Then signals after the one that was heard are passed over to its very end,
        and it ends with the exit code of the first.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _heard.signum = None
    # a signal that is ignored (nohup) stays ignored
    before = {signum: signal.getsignal(signum) for signum in SIGNALS}
    before = {signum: handler for signum, handler in before.items() if handler != signal.SIG_IGN}
    for signum in before:
        signal.signal(signum, _hear)
    over = threading.Event()
    stop_watching = _watch(over, at_last) if os.name == "posix" else lambda: None
    try:
        yield
    finally:
        over.set()
        stop_watching()
        pass_over = ends_process and _heard.signum is not None
        for signum, handler in before.items():
            signal.signal(signum, signal.SIG_IGN if pass_over else handler)


def _watch(over: threading.Event, at_last: Callable[[int], None]) -> Callable[[], None]:
    """Watch for signals in a thread; returns what ends that."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

    def watch() -> None:
        heard_bytes = os.read(reading, 1)
        signum = heard_bytes[0] if heard_bytes else 0
        if signum in SIGNALS and not over.wait(GRACE) and not _heard.is_taken_care_of:
            at_last(signum)
            os._exit(128 + signum)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()

    def stop() -> None:
        signal.set_wakeup_fd(before)
        os.close(writing)  # ends the reading
        thread.join(1)
        os.close(reading)

    return stop


@contextmanager
def taking_care() -> Iterator[None]:
    """Say that whoever works now ends by itself within seconds of a signal, and has to clean up for that."""
    before, _heard.is_taken_care_of = _heard.is_taken_care_of, True
    try:
        yield
    finally:
        _heard.is_taken_care_of = before


@contextmanager
def deferring() -> Iterator[None]:
    """Let no signal cut something short that takes a moment, and is the last thing to do; `heard` tells of it."""
    _heard.waits = True
    try:
        yield
    finally:
        _heard.waits = False


def exit_code_of(interruption: KeyboardInterrupt) -> int:
    """Return the exit code of a process that was stopped, as shells have it: 128 and the number of the signal."""
    return 128 + getattr(interruption, "signum", signal.SIGINT)


def heard() -> int | None:
    """Return the signal that has come while somebody was `listening`; None if none has."""
    return _heard.signum


def name_of(code: int) -> str:
    """Name what stopped a process, by its exit code.

    Examples
    --------
    >>> name_of(130), name_of(143)
    ('Ctrl-C', 'SIGTERM')
    """
    return "Ctrl-C" if code == 128 + signal.SIGINT else signal.Signals(code - 128).name


def _hear(signum: int, _: FrameType | None) -> None:
    if _heard.signum is None:
        _heard.signum = signum
        if not _heard.waits:
            raise Interruption(signum)
