"""How papermill executes a notebook here: as it always does, but saved once."""

from __future__ import annotations

from typing import Any

from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

NAME = "seglib"


class SavingOnce(NBClientEngine):
    """Saves a notebook when it starts and when it ends, well or not.

    papermill saves it before and after every cell. With its figures a notebook is a megabyte, and of a run of half a
    minute two seconds were spent on that.
    """

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **options: Any) -> None:
        """Execute the notebook; what follows saves it, whatever comes of it."""
        output_path, nb_man.output_path = nb_man.output_path, None
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **options)
        finally:
            nb_man.output_path = output_path


papermill_engines.register(NAME, SavingOnce)
