"""One run: where its artefacts lie, how they are read and written, and what each was made from.

A run has two folders. ``data/processed/<run>/`` is for the machine: the artefacts that one notebook writes and a
later one reads (`ARTEFACTS`). ``reports/<run>/`` is for people, and only ever holds a whole run: a notebook that is run
by hand writes to a draft beside it, ``reports/<run>.draft/``. The environment variable SEGLIB_HOME moves all of them;
the source tree stays where it is.

`Run` reads and writes; `swap` puts a finished run in the place of the earlier one; `lineage` knows what every artefact
was made from, and refuses one whose inputs have changed; `parameters` checks the parameters of a notebook.
"""

from seglib.run.artefacts import ARTEFACTS, FIRST, FOR_PEOPLE, TABLES, file_of
from seglib.run.campaigns import note_lists, note_reading
from seglib.run.files import read_json, safe_csv, write_whole
from seglib.run.folders import DRAFT, FAILED, FINISHED, RESERVED, home, list_runs, other_runs, refuse_missing_run
from seglib.run.parameters import Parameter, check_notebook, check_together, declared_in, list_unknown
from seglib.run.run import Run, finished
from seglib.run.swap import STAGES, Swap, finish_swaps, holding, reason
from seglib.schema.files import project_root

__all__ = [
    "ARTEFACTS",
    "DRAFT",
    "FAILED",
    "FINISHED",
    "FIRST",
    "FOR_PEOPLE",
    "RESERVED",
    "STAGES",
    "TABLES",
    "Parameter",
    "Run",
    "Swap",
    "check_notebook",
    "check_together",
    "declared_in",
    "file_of",
    "finish_swaps",
    "finished",
    "holding",
    "home",
    "list_runs",
    "list_unknown",
    "note_lists",
    "note_reading",
    "other_runs",
    "project_root",
    "read_json",
    "reason",
    "refuse_missing_run",
    "safe_csv",
    "write_whole",
]
