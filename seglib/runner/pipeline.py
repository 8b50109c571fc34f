"""Run the six notebooks in order with papermill, and write the record of the run.

This module knows the notebooks by name only: it imports nothing of the analysis.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from seglib import credentials
from seglib.errors import InputRefused, KernelDied, NotebookFailed, ParameterRefused, SeglibError, Stop
from seglib.run import Run, home
from seglib.runner import parameters
from seglib.runner.kernels import Kernels
from seglib.runner.progress import RunProgress
from seglib.runner.record import _record
from seglib.runner.request import Request, _refuse_late, check
from seglib.runner.staging import Stage, stage
from seglib.runner.steps import NOTEBOOKS, STEPS

# jsonschema, which nbformat needs, would otherwise compile a grammar of web addresses, which takes two seconds
sys.modules.setdefault("rfc3987_syntax", None)


def execute(request: Request) -> Path:
    """Run the notebooks, build the report, put both in place.

    Returns
    -------
    Path
        ``index.html`` of the report.

    Raises
    ------
    ParameterRefused
        Before anything runs, if a parameter's name or value does not fit, or another process builds this run.
    InputRefused
        If the data are refused. The last good report of that name stays.
    NotebookFailed
        If a notebook stops with an error; the message names it, the cell and the error. The last good
        report of that name stays.

    Notes
    -----
    Where a notebook stopped, ``failed.html`` and ``failed.json`` tell it; either way the list of all runs is renewed.
    """
    started = dt.datetime.now(dt.UTC)
    skipped, remaining, declared, asked, wanted, whole = check(request)
    with stage(request.run) as building:
        expected = building.durations
        earlier = building.continue_from(skipped) if skipped else building.clear()
        _refuse_late(asked.keys() - {name for step in remaining for name in declared[step]}, wanted, earlier)
        before = {name: value for step in earlier.values() for name, value in step["parameters"].items()}
        values = parameters.resolve(declared, {**before, **asked})
        steps = {step: earlier[step] for step in skipped}
        steps |= {step: {"parameters": values[step], "seconds": None} for step in remaining}
        building.record(steps)
        environment = {credentials.VARIABLE: whole} if whole and whole != asked["source"] else {}
        where = {"folder": building.folder, "cwd": NOTEBOOKS, "environment": environment}
        shown = RunProgress(remaining, expected, run=request.run, place=request.place)
        try:
            with shown as progress, ThreadPoolExecutor(1) as meanwhile, Kernels(remaining, **where) as kernels:
                from seglib.report.build import build
                from seglib.report.failed import write_failed
                from seglib.report.pages import page_of
                from seglib.report.run_list import write_runs

                folder = building.run.report_dir
                pages = [meanwhile.submit(page_of, folder, step, STEPS[step]) for step in skipped]
                for step in remaining:
                    seconds = _run_notebook(step, values[step], building, progress, kernels)
                    pages.append(meanwhile.submit(page_of, folder, step, STEPS[step]))
                    steps[step]["seconds"] = round(seconds, 2)
                    building.record(steps)
                record = _record(building.run, steps, started) | {"batch": request.batch}
                building.run.write_record(record)
                build(folder, record, [page.result() for page in pages], before=building.final.report_dir)
        except SeglibError as error:
            write_failed(
                building.final, error, steps, STEPS,
                started=started, source=whole, taken_over=skipped, batch=request.batch,
            )  # fmt: skip
            write_runs(home())
            raise
        building.put_in_place()
    write_runs(home())
    return Run(request.run).report_dir / "index.html"


def _run_notebook(step: str, values: dict[str, Any], building: Stage, progress: RunProgress, kernels: Kernels) -> float:
    """Execute one notebook into the report folder of the stage and return the seconds it took."""
    import nbformat
    import papermill

    source, output = NOTEBOOKS / f"{step}.ipynb", building.run.report_dir / "notebooks" / f"{step}.ipynb"
    output.parent.mkdir(parents=True, exist_ok=True)
    n_cells = sum(cell.cell_type == "code" for cell in nbformat.read(source, as_version=4).cells)
    progress.start(step, n_cells + 1)  # papermill adds a cell with the values
    begun = time.perf_counter()
    with kernels.next() as kernel:
        try:
            papermill.execute_notebook(
                source,
                output,
                parameters=values,
                kernel_name="python3",
                cwd=NOTEBOOKS,
                progress_bar=False,
                km=kernel,
                on_cell_executed=lambda **_: progress.cell(),
            )
        except papermill.PapermillExecutionError as error:
            raise _translated(step, error, output) from None
        except RuntimeError as error:  # nbclient's: the kernel died, or never answered
            raise KernelDied(
                f"{step}.ipynb stopped because its kernel died, most often for want of memory\n"
                f"What it said last is in {kernels.log}",
                stop=_stop_of_dead_kernel(step, error, output, kernels.log),
            ) from None
    seconds = time.perf_counter() - begun
    notebook = nbformat.read(output, as_version=4)
    for path in ("input_path", "output_path"):  # of this machine: nobody else's business
        notebook.metadata["papermill"].pop(path, None)
    nbformat.write(notebook, output)
    progress.done(step, seconds)
    return seconds


def _translated(step: str, error: Any, output: Path) -> SeglibError:
    """Turn papermill's error into one of ours: refused data, a refused value, or a notebook that failed."""
    import nbformat

    cells = nbformat.read(output, as_version=4).cells
    cell = next(c for c in cells if any(o.output_type == "error" for o in c.get("outputs", [])))
    stop = Stop(step, error.ename, error.evalue, cell.id, cell.source, "\n".join(error.traceback))
    for ours in (InputRefused, ParameterRefused):
        if error.ename == ours.__name__:
            return ours(error.evalue, stop=stop)
    first = next((line.strip() for line in cell.source.splitlines() if line.strip()), "")
    return NotebookFailed(
        f"{step}.ipynb stopped in cell '{cell.id}' ({first}): {error.ename}: {error.evalue}\n"
        f"The notebook with the error is {output}",
        stop=stop,
    )


def _stop_of_dead_kernel(step: str, error: Exception, output: Path, log: Path) -> Stop:
    """Find the last cell that papermill began, and what the kernel muttered last."""
    import nbformat

    cells = nbformat.read(output, as_version=4).cells if output.exists() else []
    begun = [c for c in cells if c.cell_type == "code" and c.metadata.get("papermill", {}).get("start_time")]
    cell, source = (begun[-1].id, begun[-1].source) if begun else ("", "")
    muttered = log.read_text(encoding="utf-8", errors="replace").splitlines()[-40:]
    return Stop(step, KernelDied.__name__, f"{error}, most often for want of memory", cell, source, "\n".join(muttered))
