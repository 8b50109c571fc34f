"""JupyterLab: after a notebook is saved, git sees only what was changed in its cells.

A filter (`.gitattributes`, ``make filter``) keeps outputs out of what git stores. But ``git status`` also compares the
size of a file with the size that it had when git looked last, and lists a file of another size without a look at its
content. So after every save, git is asked to look: where the filtered content is what git has, it notes the new size.
``make lab`` sets `after_save` as the hook of JupyterLab.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any


def after_save(os_path: str, model: dict[str, Any], **_: Any) -> None:
    """Let git look at a notebook that was just saved; a hook of Jupyter, which calls it with these names.

    Parameters
    ----------
    os_path : str
        Path of the file.
    model : dict
        What was saved; ``type`` says whether it is a notebook.
    """
    if model["type"] == "notebook" and shutil.which("git"):
        note_size(Path(os_path))


def note_size(notebook: Path) -> None:
    """Let git note the size of a notebook whose cells have not changed; a change of cells is not staged.

    Does nothing where the notebook is in no repository, or not in the index of one.
    """

    def git(*arguments: str) -> bool:
        command = ["git", "-C", str(notebook.parent), *arguments, "--", notebook.name]
        return subprocess.run(command, capture_output=True).returncode == 0

    if git("ls-files", "--error-unmatch") and git("diff", "--quiet"):
        git("update-index")
