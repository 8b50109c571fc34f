"""Read a campaign that is over: run ``08_campaign`` on a finished run, and add its pages to the report."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from seglib import credentials
from seglib.run import note_reading, refuse_missing_run
from seglib.runner import parameters
from seglib.runner.kernels import Kernels
from seglib.runner.pipeline import faults_in_words, run_notebook
from seglib.runner.progress import RunProgress
from seglib.runner.request import refuse_early, seen_from_notebooks
from seglib.runner.staging import stage
from seglib.runner.steps import ALONE, NOTEBOOKS

STEP = "08_campaign"


def lift(name: str, outcomes: str, overrides: Mapping[str, Any]) -> Path:
    """Read a campaign that is over.

    Parameters
    ----------
    name : str
        Of the run whose lists were used.
    outcomes : str
        A table of outcomes, or a later export of the shop (`seglib.ingest.read_outcomes`).
    overrides : mapping of str to Any
        Parameters of the notebook by name.

    Returns
    -------
    Path
        The page of the campaign.

    Raises
    ------
    ParameterRefused
        If a parameter does not fit, there is no such run, or another process builds it.
    InputRefused
        If lists or outcomes cannot be used.
    NotebookFailed
        If the notebook stops with an error. The report stays as it was.
    """
    from seglib.report.alone_page import write_alone
    from seglib.report.campaign_page import with_campaign

    refuse_missing_run(name)
    refuse_early(outcomes, what="outcomes")
    whole = seen_from_notebooks(outcomes)
    given = {**overrides, "run": name, "outcomes": credentials.recorded(whole)}
    for file in ("outcome_mapping", "lists"):
        if given.get(file):
            given[file] = seen_from_notebooks(str(given[file]))
    declared = {STEP: parameters.declared(NOTEBOOKS / f"{STEP}.ipynb")}
    values = parameters.resolve(declared, given)[STEP]
    environment = {} if whole == given["outcomes"] else {credentials.VARIABLE: whole}
    with faults_in_words(name), stage(name) as building:
        building.copy_whole(STEP)
        try:
            running = RunProgress([STEP], {}, run=name)
            kernels_of_run = Kernels([STEP], folder=building.folder, cwd=NOTEBOOKS, environment=environment)
            with running as progress, kernels_of_run as kernels:
                run_notebook(STEP, values, building, progress, kernels)
            effect = building.run.read("effect")
            folder = building.run.report_dir
            shutil.copy(building.run.path("effect"), folder / "effect.json")
            question = ALONE[STEP]
            on_index = partial(with_campaign, effect=effect, step=STEP, question=question)
            write_alone(folder, building.last, step=STEP, question=question, on_index=on_index)
        except BaseException:
            building.clear()
            raise
        building.put_in_place()
        note_reading(building.final, effect)
        return building.final.report_dir / f"{STEP}_business.html"
