"""The page of a run that stopped: what happened, which notebooks are done, and what to do now."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from seglib import credentials
from seglib.errors import InputRefused, SeglibError
from seglib.report.remedies import KINDS, from_project, kind_of, remedies
from seglib.report.render import render
from seglib.run import Run, home, project_root, write_whole
from seglib.style import moment, visible

HIDDEN = "***"
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def write_failed(
    run: Run,
    error: SeglibError,
    steps: Mapping[str, Mapping[str, Any]],
    questions: Mapping[str, str],
    *,
    started: dt.datetime,
    source: str | None = None,
    taken_over: Iterable[str] = (),
    batch: str | None = None,
) -> Path | None:
    """Write ``failed.json`` and ``failed.html`` beside the last good report of a run, which stays as it is.

    Where there is no good report, ``index.html`` is the same page: the path of the report then leads to the
    explanation.

    Parameters
    ----------
    run : Run
        The run as it is kept, not as it is being built.
    error : SeglibError
        What stopped it; its ``page`` is set. An error without ``stop`` (nothing had run yet) gets no page.
    steps : mapping of str to mapping
        By notebook: ``parameters``, and ``seconds``, None until it has finished.
    questions : mapping of str to str
        The notebooks in their order, each with its question.
    started : datetime.datetime
    source : str, optional
        As it was given, maybe with credentials: what is secret in it is taken out of every text.
    taken_over : iterable of str
        Notebooks that were not run but taken over from an earlier run.
    batch : str, optional
        The batch that the run belongs to.

    Returns
    -------
    Path or None
        ``failed.html``; None where it could not be written (the error itself says what matters).
    """
    if error.stop is None:
        return None
    recorded = str(steps["01_ingest"]["parameters"].get("source") or "")
    stop, kind, good = error.stop, kind_of(error), run.report_dir / "run.json"
    clean = cleaner(source or recorded)
    record = {
        "status": "refused" if kind in ("data", "value") else "failed",
        "run": run.name,
        "batch": batch,
        "recipe": steps["03_preprocessing"]["parameters"].get("recipe"),
        "source": _shown(recorded),
        "notebook": stop.notebook,
        "cell": stop.cell or None,
        "error": {"name": stop.name, "message": clean(stop.message)},
        "started_utc": started.isoformat(timespec="seconds"),
        "failed_utc": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "durations_s": {name: step["seconds"] for name, step in steps.items() if step["seconds"] is not None},
        "taken_over": list(taken_over),
        "earlier_report": good.exists(),
    }
    executed = Path(".building") / run.name / "reports" / run.name / "notebooks" / f"{stop.notebook}.ipynb"
    page = render(
        "failed.html.j2",
        record=record,
        description=describe_error(record["error"]),
        kind=kind,
        questions=questions,
        earlier=_earlier(good),
        remedies=remedies(kind, run.name, stop, steps),
        executed=executed.as_posix() if (home() / executed).exists() else "",
        source=clean(stop.source),
        traceback=clean(stop.traceback),
    )
    try:
        write_whole(run.report_dir / "failed.json", json.dumps(record, indent=2, ensure_ascii=False) + "\n")
        error.page = write_whole(run.report_dir / "failed.html", page)
        if not good.exists():
            write_whole(run.report_dir / "index.html", page)
    except OSError:
        return None
    return error.page


def describe_error(error: Mapping[str, str]) -> str:
    """Return an error of ``failed.json`` as a text; one that was not raised on purpose begins with its name.

    Examples
    --------
    >>> describe_error({"name": "InputRefused", "message": "no table"})
    'no table'
    >>> describe_error({"name": "KeyError", "message": "'k'"})
    "KeyError: 'k'"
    """
    name, message = error["name"], error["message"]
    if name in {kind.__name__ for kind in KINDS} or not name:
        return message
    return f"{name}: {message}" if message else name


def _earlier(good: Path) -> str:
    """Return when the last good report was made, in words; empty if there is none."""
    if not good.exists():
        return ""
    try:
        return f"of {moment(json.loads(good.read_text(encoding='utf-8'))['started_utc'])}"
    except (OSError, ValueError, KeyError, TypeError):
        return "that was there before"


def _shown(source: str) -> str:
    """Return a source, as the notebooks recorded it, without anything that concerns who connects."""
    try:
        return from_project(credentials.shown(source))
    except InputRefused:  # it cannot be read, which is why the data were refused
        return ""


def cleaner(source: str) -> Callable[[str], str]:
    """Return a function that takes passwords, folders of this machine and control characters out of a text."""
    secrets = set()
    if credentials.is_url(source):
        with contextlib.suppress(InputRefused):
            secrets = credentials.secrets(credentials.filled(source))
    secrets |= {quote(secret, safe="") for secret in secrets}
    # the longest first: a secret, or a folder, may be part of another one
    replacements = dict.fromkeys(sorted(secrets, key=len, reverse=True), HIDDEN)
    folders = {folder for folder in (project_root(), home()) if len(folder.parts) > 1}
    replacements |= dict.fromkeys((f"{folder}{os.sep}" for folder in sorted(folders, key=str, reverse=True)), "")

    def clean(text: str) -> str:
        text = _COLOURS.sub("", text).expandtabs(4)
        for hidden, replacement in replacements.items():
            text = text.replace(hidden, replacement)
        return "\n".join(map(visible, text.splitlines()))

    return clean
