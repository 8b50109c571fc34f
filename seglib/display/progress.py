"""A progress bar in a notebook."""

from __future__ import annotations

import html
import os
from collections.abc import Callable

from IPython.display import HTML, display


def progress(what: str) -> Callable[[int, int], None] | None:
    """Return a function that shows a progress bar during a long computation, and removes it at the end.

    Parameters
    ----------
    what : str
        What is computed; it stands beside the bar.

    Returns
    -------
    callable or None
        Takes the number of steps done and the number of all steps. None where nobody looks: the runner and the tests
        set the environment variable SEGLIB_QUIET.
    """
    if os.environ.get("SEGLIB_QUIET"):
        return None
    shown = display(HTML(""), display_id=True)

    def show_step(done: int, of: int) -> None:
        bar = f'{html.escape(what)}: <progress value="{done}" max="{of}"></progress> {done} of {of}'
        shown.update(HTML(bar if done < of else ""))

    return show_step
