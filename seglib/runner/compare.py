"""Compare a run with an earlier one: run ``07_monitoring`` on the later one, and add its pages to the report."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from seglib.errors import SeglibError
from seglib.run import Run, refuse_missing_run
from seglib.runner import parameters
from seglib.runner.kernels import Kernels
from seglib.runner.pipeline import faults_in_words, run_notebook
from seglib.runner.progress import RunProgress
from seglib.runner.staging import Stage, stage
from seglib.runner.steps import ALONE, NOTEBOOKS

STEP = "07_monitoring"


def compare(old: str, new: str, overrides: Mapping[str, Any]) -> Path:
    """Compare a run with an earlier one.

    Parameters
    ----------
    old, new : str
        Names of the earlier run and of the later one, in whose report the pages are.
    overrides : mapping of str to Any
        Parameters of the notebook by name.

    Returns
    -------
    Path
        The page of the comparison.

    Raises
    ------
    ParameterRefused
        If a parameter does not fit, there is no such run, another process builds it, or both cannot be compared.
    InputRefused
        If a run is not whole.
    NotebookFailed
        If the notebook stops with an error. The report stays as it was.
    """
    from seglib.report.alone_page import write_alone
    from seglib.report.comparison_page import with_comparison
    from seglib.report.words import vocabulary_of_run, wording_of_run

    for name in (old, new):
        refuse_missing_run(name)
    declared = {STEP: parameters.declared(NOTEBOOKS / f"{STEP}.ipynb")}
    values = parameters.resolve(declared, {**overrides, "run": new, "old": old})[STEP]
    page = Run(new).report_dir / f"{STEP}_business.html"
    if page.exists() and _is_made(old, new, values):
        print(
            f"seglib: runs '{old}' and '{new}' are what they were when they were compared: nothing was made again",
            file=sys.stderr,
        )
        return page
    with faults_in_words(new), stage(new) as building:
        building.copy_whole(STEP)
        try:
            running = RunProgress([STEP], {}, run=new)
            kernels_of_run = Kernels([STEP], folder=building.folder, cwd=NOTEBOOKS, environment={})
            with running as progress, kernels_of_run as kernels:
                run_notebook(STEP, values, building, progress, kernels)
            folder = building.run.report_dir
            shutil.copy(building.run.path("comparison"), folder / "compare.json")
            comparison = building.run.read("comparison")
            words = {"words": vocabulary_of_run(building.last), "wording": wording_of_run(building.last)}
            on_index = partial(with_comparison, comparison=comparison, step=STEP, **words)
            write_alone(folder, building.last, step=STEP, question=ALONE[STEP], on_index=on_index)
        except BaseException:
            building.clear()
            raise
        building.put_in_place()
        return page


def _is_made(old: str, new: str, values: Mapping[str, Any]) -> bool:
    """Say whether two runs were compared as they are now, with these values and by this notebook."""
    import nbformat

    runs = [Run(name) for name in (old, new)]
    executed = runs[1].report_dir / "notebooks" / f"{STEP}.ipynb"
    if not (executed.exists() and runs[1].path("trend").exists()):
        return False
    try:
        months = runs[1].read("comparison").months
    except SeglibError:  # of another version
        return False
    started = [(run.name, str(run.read_record().get("started_utc", ""))) for run in runs]
    then = nbformat.read(executed, as_version=4).metadata.get("papermill", {}).get("parameters")
    return (
        [(month.run, month.started) for month in months] == started
        and all(when for _, when in started)
        and then == values
        and not Stage(new).is_changed(STEP)
    )
