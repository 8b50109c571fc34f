"""Run the notebooks in order with papermill, and write the record of the run.

This module knows the notebooks by name only: it imports nothing of the analysis.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seglib.errors import (
    InputRefused,
    KernelDied,
    MachineFailed,
    NotebookFailed,
    ParameterRefused,
    SeglibError,
    Stop,
    Stopped,
)
from seglib.run import FIRST, Run, file_of, home, note_lists, reason, refuse_missing_run
from seglib.runner import parameters
from seglib.runner.faults import OF_THE_MACHINE, in_words, system_text, why
from seglib.runner.inputs import first_changed, made_from, write_down
from seglib.runner.kernels import Kernels, parameter_at_fault, system_error
from seglib.runner.memory import why_it_may_not_fit
from seglib.runner.progress import RunProgress
from seglib.runner.record import record_of
from seglib.runner.request import CheckedRequest, Request, check, refuse_late
from seglib.runner.signals import deferring, exit_code_of, name_of, taking_care
from seglib.runner.staging import Stage, stage
from seglib.runner.steps import NOTEBOOKS, STEPS, own_notebooks

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager


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
        report of that name stays. `MachineFailed` where the disk is full, or a folder is gone.
    Stopped
        If somebody stops it (Ctrl-C or a signal). What is finished is kept.

    Notes
    -----
    Where a notebook stopped, ``failed.html`` and ``failed.json`` say so; either way the list of all runs is renewed.
    """
    started = dt.datetime.now(dt.UTC)
    checked = check(request)
    with faults_in_words(request.run), stage(request.run) as building:
        start = building.first_to_run(request.start)
        if start != request.start:
            checked = check(replace(request, start=start))
        if request.only_changed:
            checked = _without_what_would_be_the_same(checked, building, request.batch)
            if not checked.remaining:
                return building.final.report_dir / "index.html"
        if request.only_changed and checked.skipped:
            building.clear()
            building.continue_from(checked.skipped)
            durations = building.durations
            # all values are those of a run from the beginning, and not those of the last one
            earlier = {
                step: {"parameters": values, "seconds": durations.get(step)} for step, values in checked.values.items()
            }
        elif checked.skipped:
            earlier = building.continue_from(checked.skipped)
        else:
            # where 01 was run by hand, and is run again for that, everything is as it was there
            earlier = building.finished_steps if request.start != start else {}
            building.clear()
        refuse_late(checked, {step: earlier[step] for step in checked.skipped})
        _build(building, checked, earlier, started=started, batch=request.batch, place=request.place)
    return Run(request.run).report_dir / "index.html"


def _without_what_would_be_the_same(checked: CheckedRequest, building: Stage, batch: str | None) -> CheckedRequest:
    """Leave out the notebooks at the beginning that would write what they wrote in the last run, and say so.

    All of them are left out only where the report of that run is there too, made alone or in the same batch.
    """
    start = first_changed(building.final, made_from(checked.values, checked.declared, NOTEBOOKS))
    order = list(STEPS)
    skipped = order[: order.index(start)] if start else order
    if not skipped or any(step not in building.last.durations_s for step in skipped):
        return checked
    if not start and building.is_published(batch):
        print(
            f"seglib: nothing has changed since the last run '{building.final.name}', so nothing was run (--all runs "
            "everything)",
            file=sys.stderr,
        )
        return replace(checked, skipped=skipped, remaining=[])
    start, skipped = start or order[-1], skipped if start else skipped[:-1]
    print(
        f"seglib: nothing before {start} has changed since the last run '{building.final.name}', so this one begins "
        "there (--all runs everything)",
        file=sys.stderr,
    )
    return replace(checked, skipped=skipped, remaining=order[len(skipped) :])


def publish(name: str) -> Path:
    """Publish what notebooks that were run by hand have left: check that it belongs together, and build the report.

    The pages of a report show executed notebooks. So the first notebook that was run by hand since the last report, and
    those after it, are run again as they are saved, with the parameters that they had. What they write must be what is
    there, byte by byte; earlier notebooks are taken over from the last report.

    Parameters
    ----------
    name : str
        Of the run.

    Returns
    -------
    Path
        ``index.html`` of the report.

    Raises
    ------
    ParameterRefused
        If there is no such run, or another process builds it.
    InputRefused
        If an artefact is missing, was made from one that has changed since, or is not what the notebook writes as it is
        saved. The last good report of that name stays.
    NotebookFailed
        As in `execute`.
    """
    started = dt.datetime.now(dt.UTC)
    final = Run(name)
    refuse_missing_run(name)
    final.refuse_unfit(own_notebooks())
    with faults_in_words(name), stage(name) as building:
        building.clear()
        checked = check(Request(name, None, {}, building.first_to_run("")))
        earlier = building.continue_from(checked.skipped) if checked.skipped else building.finished_steps
        _build(building, checked, earlier, started=started, same_as=final)
    return final.report_dir / "index.html"


def _build(
    building: Stage,
    checked: CheckedRequest,
    earlier: Mapping[str, Mapping[str, Any]],
    *,
    started: dt.datetime,
    batch: str | None = None,
    place: tuple[int, int] = (1, 1),
    same_as: Run | None = None,
) -> None:
    """Run the remaining notebooks in the stage, build the report, and put both in place.

    Parameters
    ----------
    building : Stage
    checked : CheckedRequest
    earlier : mapping of str to mapping
        The steps of the run that is continued: ``parameters`` and ``seconds`` by notebook.
    started : datetime.datetime
    batch, place
        As in `Request`.
    same_as : Run, optional
        A run whose artefacts the notebooks must write again.
    """
    name, expected = building.final.name, building.durations
    before = {step: values["parameters"] for step, values in earlier.items()}
    values = parameters.resolve_again(checked.declared, before, checked.overrides)
    hashes = made_from(values, checked.declared, NOTEBOOKS)
    steps = {step: dict(earlier[step]) for step in checked.skipped}
    steps |= {step: {"parameters": values[step], "seconds": None} for step in checked.remaining}
    building.record(steps)
    running = RunProgress(checked.remaining, expected, run=name, place=place)
    starting = Kernels(checked.remaining, folder=building.folder, cwd=NOTEBOOKS, environment=checked.environment)
    step = (checked.remaining or checked.skipped)[0]
    try:
        # a page is converted (in a thread of its own) while the next notebook runs
        with running as progress, _one_thread() as meanwhile, starting as kernels:
            # imported while the first kernel starts
            from seglib.report.build import build
            from seglib.report.pages import page_of

            folder = building.run.report_dir
            pages = [meanwhile.submit(page_of, folder, done, STEPS[done]) for done in checked.skipped]
            for step in checked.remaining:
                seconds = run_notebook(step, values[step], building, progress, kernels)
                if same_as:
                    _refuse_other_result(step, building.run, same_as)
                pages.append(meanwhile.submit(page_of, folder, step, STEPS[step]))
                steps[step]["seconds"] = round(seconds, 2)
                building.record(steps)
                if step == FIRST and (problem := why_it_may_not_fit(building.run)):
                    progress.note(problem)
            # what has changed while the notebooks ran may have been read by them, or not
            now = made_from(values, checked.declared, NOTEBOOKS)
            hashes = {each: value for each, value in hashes.items() if now.get(each) == value}
            write_down(building.run, hashes, before=building.final, kept=checked.skipped)
            record = record_of(building.run, steps, started=started, batch=batch)
            building.run.write_record(record.to_json())
            build(folder, record, [page.result() for page in pages], before=building.final.report_dir)
        building.refuse_deleted()
        with deferring():
            building.put_in_place()
            note_lists(building.final)
            _write_list_of_runs()
    except (SeglibError, OSError, KeyboardInterrupt) as raised:
        from seglib.report.failed import write_failed

        error = in_words(raised, building, step, steps)
        write_failed(
            building.final,
            error,
            steps,
            STEPS,
            started=started,
            source=checked.whole,
            taken_over=checked.skipped,
            batch=batch,
        )
        _write_list_of_runs()
        raise error from None


def _write_list_of_runs() -> None:
    from seglib.report.run_list import write_runs

    write_runs(home())


@contextmanager
def _one_thread() -> Iterator[ThreadPoolExecutor]:
    """Open a thread that works aside; what it has not begun when an error comes is left."""
    pool = ThreadPoolExecutor(1)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def faults_in_words(name: str) -> Iterator[None]:
    """Turn what the system says, and what nobody has put into words yet, into an error of ours.

    Raises
    ------
    MachineFailed, Stopped
    """
    try:
        with taking_care():
            yield
    except OSError as error:
        raise MachineFailed(
            f"run '{name}' cannot go on, because {why(error.errno, reason(error))}, and give the same command again"
        ) from None
    except KeyboardInterrupt as interruption:
        code = exit_code_of(interruption)
        raise Stopped(
            f"run '{name}' was stopped ({name_of(code)}): give the same command again",
            exit_code=code,
        ) from None


def _refuse_other_result(step: str, run: Run, by_hand: Run) -> None:
    """Refuse a notebook that does not write again what it wrote when it was run by hand."""
    now, then = run.lineage.hashes(step), by_hand.lineage.hashes(step)
    if differing := sorted(file_of(name) for name in {*now, *then} if now.get(name) != then.get(name)):
        raise InputRefused(
            f"run '{run.name}': {step}.ipynb as it is saved writes another {', '.join(differing)} than the one that is "
            f"there: save the notebook, and run it and those after it again"
        )


def run_notebook(step: str, values: dict[str, Any], building: Stage, progress: RunProgress, kernels: Kernels) -> float:
    """Execute one notebook into the report folder of the stage and return the seconds it took."""
    import nbformat

    source, output = NOTEBOOKS / f"{step}.ipynb", building.run.report_dir / "notebooks" / f"{step}.ipynb"
    output.parent.mkdir(parents=True, exist_ok=True)
    n_cells = sum(cell.cell_type == "code" for cell in nbformat.read(source, as_version=4).cells)
    progress.start(step, n_cells + 1)  # papermill adds a cell with the values
    begun = time.perf_counter()
    with kernels.next() as kernel:
        try:
            _execute(step, values, output, kernel, progress, kernels.log)
        except KernelDied as error:
            if error.stop.cell:
                raise
            # no cell was begun, so nothing is done twice
            with kernels.another() as further:
                _execute(step, values, output, further, progress, kernels.log)
    seconds = time.perf_counter() - begun
    notebook = nbformat.read(output, as_version=4)
    for path in ("input_path", "output_path"):  # folders of this machine do not belong in a report
        notebook.metadata["papermill"].pop(path, None)
    nbformat.write(notebook, output)
    progress.done(step, seconds)
    return seconds


def _without_fields(path: Path) -> str:
    """Write a path so that papermill, which fills fields such as ``{run}`` in it, finds none."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _execute(
    step: str, values: dict[str, Any], output: Path, kernel: AsyncKernelManager, progress: RunProgress, log: Path
) -> None:
    """Execute one notebook in a kernel, and turn what goes wrong into an error of ours."""
    import papermill

    from seglib.runner import engine

    try:
        papermill.execute_notebook(
            _without_fields(NOTEBOOKS / f"{step}.ipynb"),
            _without_fields(output),
            parameters=values,
            engine_name=engine.NAME,
            kernel_name="python3",
            language="python",
            cwd=NOTEBOOKS,
            progress_bar=False,
            km=kernel,
            on_cell_executed=lambda **_: progress.cell(),
        )
    except papermill.PapermillExecutionError as error:
        number = system_error(kernel)
        if number in OF_THE_MACHINE:
            raise OSError(number, system_text(number)) from None
        raise _as_seglib_error(step, error, output, parameter_at_fault(kernel)) from None
    except RuntimeError as error:  # nbclient's: the kernel died, or never answered
        raise KernelDied(
            f"{step}.ipynb stopped because its kernel died, most often because memory ran out",
            files=f"Its last output is in {log}",
            stop=_stop_of_dead_kernel(step, error, output, log),
        ) from None


def _as_seglib_error(step: str, error: Any, output: Path, parameter: tuple[str, ...]) -> SeglibError:
    """Turn papermill's error into one of ours: refused data, a refused value, or a notebook that failed.

    Parameters
    ----------
    step : str
    error : papermill.PapermillExecutionError
        It has the class name and the message of what was raised in the kernel.
    output : Path
        The notebook as far as it ran.
    parameter : tuple of str
        The parameters at fault.
    """
    import nbformat

    cells = nbformat.read(output, as_version=4).cells if output.exists() else []
    failed = [c for c in cells if any(o.output_type == "error" for o in c.get("outputs", []))]
    cell = failed[0].id if failed else ""
    stop = Stop(step, error.ename, error.evalue, cell, error.source, "\n".join(error.traceback), parameter)
    if error.ename == InputRefused.__name__:
        return InputRefused(error.evalue, stop=stop)
    if error.ename == ParameterRefused.__name__:
        return ParameterRefused(error.evalue, parameter=parameter, stop=stop)
    first = next((line.strip() for line in error.source.splitlines() if line.strip()), "")
    return NotebookFailed(
        f"{step}.ipynb stopped in cell '{cell}' ({first}): {error.ename}: {error.evalue}",
        files=f"The notebook with the error is {output}",
        stop=stop,
    )


def _stop_of_dead_kernel(step: str, error: Exception, output: Path, log: Path) -> Stop:
    """Find the last cell that papermill began, and the last lines that the kernel wrote to its log."""
    import nbformat

    cells = nbformat.read(output, as_version=4).cells if output.exists() else []
    begun = [c for c in cells if c.cell_type == "code" and c.metadata.get("papermill", {}).get("start_time")]
    cell, source = (begun[-1].id, begun[-1].source) if begun else ("", "")
    last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-40:] if log.exists() else []
    message = f"{error}, most often because memory ran out"
    return Stop(step, KernelDied.__name__, message, cell, source, "\n".join(last))
