"""Print a page to a PDF with a browser that is installed. Without one, a note says how to get the PDF."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

VARIABLE = "SEGLIB_CHROME"
"""Environment variable: the browser to print with, or ``none``."""

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
    "microsoft-edge-stable",
)
"""Names of such browsers on the PATH."""

FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
)

LOOK = 0.2
"""Seconds after which a browser at work is looked after."""

OTHERWISE = "Any browser can do it by hand: open summary.html, print, A4, save as PDF."


@dataclass(frozen=True)
class Printed:
    """The result of printing a page.

    Attributes
    ----------
    path : Path or None
        The PDF; None if there is none.
    pages : int
        How many pages it has; 0 if there is none.
    seconds : float
        What it took.
    note : str
        Why there is none, and how to get one; empty if there is one.
    """

    path: Path | None = None
    pages: int = 0
    seconds: float = 0.0
    note: str = ""


def find_browser() -> str | None:
    """Return a browser that can print: the one that SEGLIB_CHROME names, or any that is installed."""
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        return None if named.lower() == "none" else shutil.which(named)
    for name in NAMES:
        if path := shutil.which(name):
            return path
    return next((str(path) for path in _usual_places() if path.is_file()), None)


def print_pdf(text: str, pdf: Path, *, timeout: float = 60, given_up: Event | None = None) -> Printed:
    """Print a page of ours to a PDF. Whatever goes wrong ends in a note, not in an error.

    Parameters
    ----------
    text : str
        HTML that stands alone, with a title in ASCII by which the PDF is known again, and without links to files: they
        would become links to folders of this machine.
    pdf : Path
        Where the PDF goes, whole or not at all; an earlier one is taken away.
    timeout : float, default=60
        Seconds after which the browser is ended.
    given_up : threading.Event, optional
        Once it is set, the browser is ended at once.

    Notes
    -----
    The same page gives the same picture, but not the same bytes: the browser writes the time into the file.
    """
    begun = time.perf_counter()
    pdf.unlink(missing_ok=True)
    browser = find_browser()
    if browser is None:
        return Printed(note=_no_browser())
    try:
        with tempfile.TemporaryDirectory(prefix="seglib-print-", ignore_cleanup_errors=True) as folder:
            page, printed = Path(folder) / "page.html", Path(folder) / "page.pdf"
            page.write_text(text, encoding="utf-8")
            ended = _run_browser(browser, page, printed, Path(folder) / "profile", timeout, given_up)
            content = printed.read_bytes() if printed.exists() else b""
            title = re.search(r"<title>(.*?)</title>", text, flags=re.S)
            # a browser may end well and have printed its own page that says what went wrong: that has another title
            if not content.rstrip().endswith(b"%%EOF") or f"({title[1]})".encode() not in content:
                return Printed(note=f"No PDF was made: {Path(browser).name} {ended}. {OTHERWISE}")
            shutil.move(printed, pdf)
    except OSError as error:
        why = error.strerror or type(error).__name__
        return Printed(note=f"No PDF was made: {Path(browser).name} could not be used ({why}). {OTHERWISE}")
    return Printed(pdf, len(re.findall(rb"/Type\s*/Page\b(?!s)", content)), time.perf_counter() - begun)


def _run_browser(
    browser: str, page: Path, pdf: Path, profile: Path, timeout: float, given_up: Event | None = None
) -> str:
    """Print, and return how the browser ended, as the end of a sentence."""
    command = [browser, *FLAGS, f"--user-data-dir={profile}", f"--print-to-pdf={pdf}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--no-sandbox")  # the sandbox of a browser refuses to work for root
    process = subprocess.Popen(
        [*command, page.resolve().as_uri()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + timeout
    try:
        while (code := process.poll()) is None:
            if given_up is not None and given_up.is_set():
                return "was ended, because the run was stopped"
            if time.monotonic() > end:
                return f"did not end within {timeout:.0f} seconds"
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK)
    finally:
        _end(process)
    return f"ended with code {code}" if code else "printed something else"


def _end(process: subprocess.Popen) -> None:
    """End a browser that still runs, with the processes that it started."""
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _no_browser() -> str:
    """Say why there is no browser, and how to get the PDF."""
    named = os.environ.get(VARIABLE, "").strip()
    if named.lower() == "none":
        return f"No PDF was made, because {VARIABLE} is none. {OTHERWISE}"
    if named:
        return f"No PDF was made: {VARIABLE} names no browser that is there. {OTHERWISE}"
    return (
        "No PDF was made, because no Chromium, Chrome or Edge was found. Install one of them, or put the path of one "
        f"into the environment variable {VARIABLE}, and run again. {OTHERWISE}"
    )


def _usual_places() -> list[Path]:
    """Return the paths at which such a browser is usually installed on a Mac or on Windows."""
    if sys.platform == "darwin":
        apps = ("Google Chrome", "Chromium", "Microsoft Edge")
        roots = (Path("/Applications"), Path.home() / "Applications")
        return [root / f"{app}.app" / "Contents" / "MacOS" / app for root in roots for app in apps]
    if os.name == "nt":
        parts = (r"Google\Chrome\Application\chrome.exe", r"Microsoft\Edge\Application\msedge.exe")
        roots = [os.environ[v] for v in ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData") if v in os.environ]
        return [Path(root) / part for root in roots for part in parts]
    return []
