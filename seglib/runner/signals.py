"""Ctrl-C and the signals by which a system ends a process: a run that is stopped leaves nothing behind.

The first signal stops what is being done, as Ctrl-C does everywhere in Python (`Interruption`). Those that follow are
passed over: kernels and browsers are being ended, which takes a few seconds and must not be cut short.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


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
    """Which signal has come, and whether it has to wait."""

    signum: int | None = None
    waits = False


_heard = _Heard()


@contextmanager
def listening() -> Iterator[None]:
    """Turn the first signal into an `Interruption`, in the main thread; other threads change nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _heard.signum = None
    # a signal that is ignored (nohup) stays ignored
    before = {signum: signal.getsignal(signum) for signum in SIGNALS}
    before = {signum: handler for signum, handler in before.items() if handler != signal.SIG_IGN}
    for signum in before:
        signal.signal(signum, _hear)
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


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
