"""Run the six notebooks in order with papermill, and write the record of the run.

This module knows the notebooks by name only: it imports nothing of the analysis.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys
import time
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from seglib import __version__, credentials
from seglib.errors import InputRefused, KernelDied, NotebookFailed, ParameterRefused, SeglibError, Stop
from seglib.run import Run, home, project_root
from seglib.runner import parameters
from seglib.runner.kernels import Kernels
from seglib.runner.progress import RunProgress
from seglib.runner.staging import Stage, stage

# jsonschema, which nbformat needs, would otherwise compile a grammar of web addresses, which takes two seconds
sys.modules.setdefault("rfc3987_syntax", None)

STEPS: dict[str, str] = {
    "01_ingest": "Can this data be trusted?",
    "02_eda": "Who are the customers, and do they differ at all?",
    "03_preprocessing": "What describes a customer, and how much does each thing weigh?",
    "04_k_selection": "Is there structure, and how many segments?",
    "05_clustering": "Who belongs where, and how surely?",
    "06_interpretation": "What is each segment, and what would you do with it?",
}
"""The notebooks in their order, each with the question it answers."""

NOTEBOOKS = project_root() / "notebooks"
ADAPTERS = ("sample", "completejourney")
"""Sources that go by a name, as in `seglib.ingest.sources`, which the runner does not know."""

VERDICT = ("structure", "useful", "headline", "sentence", "meaning", "use", "advice")
"""What run.json holds of the verdict."""

CARD = ("segment", "name", "sentence", "customers", "share", "beside", "facts")
"""What run.json holds of a segment."""

PACKAGES = ("pandas", "numpy", "scikit-learn", "duckdb", "pyarrow", "papermill")


@dataclass(frozen=True)
class Request:
    """What somebody asked for.

    Attributes
    ----------
    run : str
        Name of the run.
    source : str, optional
        Where the data are; None where the run continues from an earlier one. Nothing secret in it is written down.
    overrides : mapping of str to Any
        Parameters by name.
    start : str
        First notebook to run; earlier ones are taken over from the last run of that name.
    batch : str, optional
        The batch of runs (`seglib.runner.batch`) that it belongs to.
    place : tuple of int
        Which run of how many it is there.
    """

    run: str
    source: str | None = "sample"
    overrides: Mapping[str, Any] = field(default_factory=dict)
    start: str = "01_ingest"
    batch: str | None = None
    place: tuple[int, int] = (1, 1)


class Checked(NamedTuple):
    """A request that was checked as far as that is possible before anything runs."""

    skipped: list[str]  # notebooks that are taken over
    remaining: list[str]  # those that run
    declared: Mapping[str, Mapping[str, parameters.Parameter]]  # by notebook
    asked: dict[str, Any]  # parameters that were asked for
    wanted: dict[str, dict[str, Any]]  # all of them, by notebook
    whole: str | None  # the source as notebooks see it, with all that is in it


def step_named(name: str) -> str:
    """Return the notebook that ``04``, ``4`` or ``04_k_selection`` stands for.

    Raises
    ------
    ParameterRefused
        If there is none.
    """
    plain = name.removesuffix(".ipynb")
    matches = [step for step in STEPS if step == plain or (plain.isdigit() and step.startswith(f"{int(plain):02d}_"))]
    if not matches:
        raise ParameterRefused(f"there is no notebook '{name}'; there are {', '.join(STEPS)}")
    return matches[0]


def check(request: Request, *, to_come: Collection[str] = ()) -> Checked:
    """Check a request as far as that is possible before anything runs.

    Parameters
    ----------
    request : Request
    to_come : collection of str
        Runs that will be there by then: letters can be kept from them (``align_to``).

    Raises
    ------
    ParameterRefused, InputRefused
        If a name or value does not fit, or the source does not exist.
    """
    order = list(STEPS)
    Run(request.run)  # which refuses a name that is none
    skipped, remaining = order[: order.index(request.start)], order[order.index(request.start) :]
    declared = {step: parameters.declared(NOTEBOOKS / f"{step}.ipynb") for step in order}
    asked = {**request.overrides, "run": request.run}
    given = asked.pop("source", None) if request.source is None else request.source
    if given is not None and not isinstance(given, str):
        raise ParameterRefused(f"parameter 'source' is a text, not {given!r}")
    whole = given and _seen_from_notebooks(given)
    if whole:
        asked["source"] = credentials.recorded(whole)
    for file in ("mapping", "names_file"):
        if asked.get(file):
            asked[file] = _seen_from_notebooks(str(asked[file]))
    wanted = parameters.resolve(declared, asked)
    if not skipped:
        _refuse_early(given, request.overrides.get("mapping"))
    like = str(request.overrides.get("align_to") or "")
    if like and like not in to_come and not Run(like).path("segments").exists():
        raise ParameterRefused(f"align_to: there is no finished run '{like}' whose letters could be kept")
    return Checked(skipped, remaining, declared, asked, wanted, whole)


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
                from seglib import report

                folder = building.run.report_dir
                pages = [meanwhile.submit(report.page_of, folder, step, STEPS[step]) for step in skipped]
                for step in remaining:
                    seconds = _run_notebook(step, values[step], building, progress, kernels)
                    pages.append(meanwhile.submit(report.page_of, folder, step, STEPS[step]))
                    steps[step]["seconds"] = round(seconds, 2)
                    building.record(steps)
                record = _record(building.run, steps, started) | {"batch": request.batch}
                building.run.write_record(record)
                report.build(folder, record, [page.result() for page in pages], before=building.final.report_dir)
        except SeglibError as error:
            report.write_failed(
                building.final, error, steps, STEPS,
                started=started, source=whole, taken_over=skipped, batch=request.batch,
            )  # fmt: skip
            report.write_runs(home())
            raise
        building.put_in_place()
    report.write_runs(home())
    return Run(request.run).report_dir / "index.html"


def _refuse_early(source: str | None, mapping: str | None) -> None:
    """Refuse a source or a mapping file that cannot be there, before a notebook has to find out."""
    if mapping and not Path(mapping).expanduser().is_file():
        raise ParameterRefused(f"mapping file '{mapping}' does not exist")
    if source is not None and credentials.is_url(source):
        credentials.filled(source)
    elif source not in ADAPTERS and not (source and Path(source).expanduser().exists()):
        raise InputRefused(
            f"source '{source}' does not exist; give a workbook (.xlsx), a file or folder of CSV or Parquet, "
            f"a database (file or URL), or one of {', '.join(repr(name) for name in ADAPTERS)}"
        )


def _refuse_late(late: Iterable[str], wanted: dict[str, dict], earlier: dict[str, dict]) -> None:
    """Refuse a new value for what only notebooks that are skipped would read."""
    for step, known in earlier.items():
        for name in late:
            before = known["parameters"].get(name)
            if name in wanted[step] and wanted[step][name] != before:
                raise ParameterRefused(f"'{name}' is read by {step}, which --from skips; it was {before!r} there")


def _seen_from_notebooks(source: str) -> str:
    """Return a path as the notebooks see it, who run in their own folder; also the path in the URL of a file."""
    if credentials.is_url(source):
        scheme, slashes, path = source.strip().partition(":///")
        return f"{scheme}{slashes}{_seen_from_notebooks(path)}" if scheme.startswith("sqlite") and path else source
    if credentials.shown(source) in ADAPTERS:
        return source
    try:
        return Path(os.path.relpath(Path(source).expanduser(), NOTEBOOKS)).as_posix()
    except ValueError:  # another drive
        return str(Path(source).expanduser().resolve())


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


def _audit(found: dict) -> dict:
    """Return what the audit of the matrix found, and in how many checks."""
    return {"findings": found["findings"], "checks": len({line["check"] for line in found["checks"]})}


def _record(run: Run, steps: dict[str, dict], started: dt.datetime) -> dict:
    """Gather run.json, the machine-readable face of a run, from what the notebooks wrote."""
    shop, recipe, choice, clustering = (run.read(name) for name in ("shop", "recipe", "choice", "clustering"))
    cards, verdict = run.read("cards"), run.read("verdict")
    return {
        "status": "done",
        "run": run.name,
        "recipe": recipe["name"],
        "source": shop["source"],
        "kind": shop["kind"],
        "as_of": shop["as_of"],
        "seed": steps["05_clustering"]["parameters"]["seed"],
        "parameters": {step: known["parameters"] for step, known in steps.items()},
        "inputs": shop["inputs"],
        "period": [shop["first_transaction"], shop["last_transaction"]],
        "customers": sum(card["customers"] for card in cards),
        "customers_without_transaction": recipe["customers_without_transaction"],
        "rows": shop["rows"],
        "findings": shop.get("findings", []),
        "notes": shop["notes"],
        "audit": _audit(recipe["audit"]),
        "k": clustering["k"],
        "k_reason": choice["reason"],
        "k_judged": choice["judged"],
        "inertia": clustering["inertia"],
        "silhouette": clustering["silhouette"],
        "verdict": {key: verdict[key] for key in VERDICT},
        "audiences": [path.stem for path in sorted((run.report_dir / "audience").glob("*.csv"))],
        "segments": [{key: card[key] for key in CARD} for card in cards],
        "durations_s": {step: known["seconds"] for step, known in steps.items()},
        "versions": {
            "seglib": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
        "started_utc": started.isoformat(timespec="seconds"),
    }
