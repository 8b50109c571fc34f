"""The command line: ``seglib run``, ``runs``, ``check``, ``score``, ``compare``, ``lift``, ``plan``, ``sample``, ...

Each command checks its options and leaves the work to a package, which it imports when it needs it, so that ``--help``
stays quick.

Exit codes: 0 done; 1 the input was refused; 2 wrong usage; 3 a notebook failed, or the disk; 130 and 143 stopped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer
from rich.console import Console

from seglib.errors import ParameterRefused, SeglibError

if TYPE_CHECKING:
    from seglib.runner.batch import Batch

app = typer.Typer(
    name="seglib",
    help="Customer segmentation: six notebooks, one command, one report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


SourceOption = Annotated[
    str | None,
    typer.Option(
        "--source",
        help="A workbook (.xlsx), a file or folder of CSV or Parquet, a database (file or URL), 'sample' or "
        "'completejourney'.",
    ),
]


@app.command()
def run(
    source: SourceOption = None,
    run: Annotated[
        str | None,
        typer.Option("--run", help="Name of the run; default: from the source. Of a batch: what all names begin with."),
    ] = None,
    mapping: Annotated[str | None, typer.Option(help="A mapping file: what the source calls its tables.")] = None,
    recipe: Annotated[str | None, typer.Option(help="How the matrix is made: customer (default) or baseline.")] = None,
    engine: Annotated[
        str | None,
        typer.Option(help="What runs the SQL: duckdb, spark or database; default: the source's own, else duckdb."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Day to look at the shop, such as 2026-06-30; default: its last transaction.")
    ] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="A parameter, name=value. Repeatable.")] = None,
    params: Annotated[
        Path | None,
        typer.Option(
            help="A YAML file of parameters, name: value; with a section 'runs', one report for each entry and a page "
            "that compares them. Paths in it are relative to the folder you are in."
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="First notebook to run, such as 04; earlier ones are kept as they are. Default: the first one that "
            "may write something else than in the last run of that name.",
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Run all notebooks, also those of which nothing has changed.")
    ] = False,
) -> None:
    """Run the six notebooks and build the report; prints the path of its index.html."""
    from seglib.runner import batch, parameters, pipeline
    from seglib.runner.request import Request, name_after
    from seglib.runner.staging import finish_interrupted
    from seglib.runner.steps import STEPS, step_named

    finish_interrupted()
    content: dict[str, Any] = parameters.read_file(params) if params else {}
    if "tables" in content:
        raise ParameterRefused(
            f"'{params}' is a mapping file, not one of parameters: give it with --mapping", parameter="params"
        )
    given: dict[str, Any] = dict(parameters.read_settings(settings or []))
    options = {"source": source, "recipe": recipe, "mapping": mapping, "engine": engine, "as_of": as_of}
    given |= {name: value for name, value in options.items() if value}
    if everything and start:
        raise ParameterRefused("--all runs every notebook, and --from only some: give one of them", parameter="all")
    first = step_named(start or "01")
    if batch.is_batch(content):
        from seglib.ingest import refuse_unknown_cities

        _run_batch(batch.read(content, run or params.stem, given, first, refuse_unknown_cities))
    overrides = parameters.with_new_names(content) | parameters.with_new_names(given)
    source, name_in_file = overrides.pop("source", None), overrides.pop("run", None)
    if source is None and first == next(iter(STEPS)):
        source = "sample"
    request = Request(
        run or name_in_file or name_after(source),
        source,
        overrides,
        first,
        only_changed=start is None and not everything,
    )
    index = pipeline.execute(request)
    typer.echo(index)


@app.command()
def report(
    run: Annotated[str, typer.Option("--run", help="Name of the run whose notebooks were run by hand.")],
) -> None:
    """Check and publish what notebooks that were run by hand have left; prints the path of the report."""
    from seglib.runner import pipeline
    from seglib.runner.staging import finish_interrupted

    finish_interrupted()
    typer.echo(pipeline.publish(run))


@app.command()
def compare(
    old: Annotated[str, typer.Argument(help="Name of the earlier run.")],
    new: Annotated[str, typer.Argument(help="Name of the later run; the pages are in its report.")],
    settings: Annotated[list[str] | None, typer.Option("--set", help="A parameter, name=value. Repeatable.")] = None,
) -> None:
    """Compare a run with an earlier one: what has moved, and is it more than noise? Prints the path of its page."""
    from seglib.runner import parameters
    from seglib.runner.compare import compare as compare_runs

    typer.echo(compare_runs(old, new, dict(parameters.read_settings(settings or []))))


@app.command()
def runs(
    keep: Annotated[
        int | None, typer.Option(help="Remove the oldest, so that so many stay; never the last good one.")
    ] = None,
    named: Annotated[str, typer.Option(help="Which runs, by their names, such as 'monthly-*'; default: all.")] = "*",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --keep: say what would be removed, and do nothing.")
    ] = False,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="Form of the result.")] = "text",
) -> None:
    """List the runs there are, the newest first, or remove the oldest."""
    from seglib.runner import retention
    from seglib.runner.staging import finish_interrupted

    finish_interrupted()
    if keep is None:
        if dry_run:
            raise ParameterRefused("--dry-run goes with --keep", parameter="dry_run")
        listed = retention.runs_named(named)
        lines, content = retention.as_text(listed), retention.as_json(listed)
    else:
        result = retention.keep_newest(keep, named, dry=dry_run)
        lines, content = result.lines, vars(result)
    if form == "json":
        lines = [json.dumps(content, ensure_ascii=False, indent=2)]
    for line in lines:
        typer.echo(line)


@app.command()
def lift(
    name: Annotated[str, typer.Argument(help="Name of the run whose lists were used.")],
    outcomes: Annotated[
        str,
        typer.Option(
            help="What customers did since: a CSV or Parquet file, one row a customer; or a shop, as --source."
        ),
    ],
    mapping: Annotated[str | None, typer.Option(help="A mapping file: what the outcomes call their columns.")] = None,
    lists: Annotated[
        str | None, typer.Option(help="The lists as they were sent, a folder or a file; default: those of the run.")
    ] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="A parameter, name=value. Repeatable.")] = None,
) -> None:
    """Read a campaign that is over: did it work, and for whom? Prints the path of its page."""
    from seglib.runner import parameters
    from seglib.runner.lift import lift as read_lift

    options = {"outcome_mapping": mapping, "lists": lists}
    given = dict(parameters.read_settings(settings or [])) | {key: value for key, value in options.items() if value}
    typer.echo(read_lift(name, outcomes, given))


@app.command()
def plan(
    name: Annotated[str, typer.Argument(help="Name of the run whose lists are used.")],
    outcomes: Annotated[
        str | None,
        typer.Option(help="What customers did in some earlier time, one row a customer; default: the run's own shop."),
    ] = None,
    mapping: Annotated[str | None, typer.Option(help="A mapping file: what the outcomes call their columns.")] = None,
    lift: Annotated[
        list[float] | None, typer.Option(help="A difference, .1 for a tenth more. Repeatable; default: .05, .1 and .2.")
    ] = None,
    days: Annotated[
        list[int] | None, typer.Option(help="How long to wait for outcomes. Repeatable; default: 30, 60 and 90.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A CSV file for the numbers, segment by segment.")] = None,
) -> None:
    """Say what a campaign with the lists of a run would show, after how long, and what more would take."""
    from seglib.campaign import plan_campaign, read_lists
    from seglib.ingest import outcomes_before, read_outcomes
    from seglib.runner.published import published_lists, tables_of

    _refuse_unwritable(out, outcomes, mapping)
    place, record = published_lists(name)
    lists = read_lists(place, record)
    if outcomes:
        before = [(None, read_outcomes(outcomes, mapping=mapping).by_customer)]
    else:
        before = outcomes_before(*tables_of(name), as_of=record.as_of, days=days or (30, 60, 90))
    planned = plan_campaign(lists, before, lifts=lift or (0.05, 0.1, 0.2))
    typer.echo(planned.text)
    if out:
        _deliver(planned.table.to_csv(index=False, lineterminator="\n"), out)


@app.command()
def upload(
    name: Annotated[str, typer.Argument(help="Name of the run whose lists are used.")],
    addresses: Annotated[
        Path, typer.Option(help="A CSV file of your own, one row a customer: id, consent, e-mail, phone.")
    ],
    platform: Annotated[str, typer.Option("--for", help="google, meta, braze, klaviyo or mailchimp.")],
    out: Annotated[Path, typer.Option(help="The file to write, outside of reports/ and data/.")],
    segment: Annotated[list[str] | None, typer.Option(help="A letter; default: all lists. Repeatable.")] = None,
    customer: Annotated[str, typer.Option("--id", help="The column of the customer's id.")] = "customer_id",
    email: Annotated[str, typer.Option(help="The column of the e-mail address.")] = "email",
    phone: Annotated[str, typer.Option(help="The column of the phone number, with country code.")] = "phone",
    consent: Annotated[str, typer.Option(help="The column that says who agreed: yes, true or 1.")] = "consent",
) -> None:
    """Join those who get the offer with their addresses, in the form that a platform takes; never the control group."""
    from seglib.campaign import AddressColumns, make_upload, read_lists
    from seglib.runner.published import published_lists, refuse_inside

    refuse_inside(out)
    _refuse_unwritable(out, addresses)
    lists = read_lists(*published_lists(name), compared=False)
    columns = AddressColumns(customer, email, phone, consent)
    content = make_upload(lists, addresses, platform=platform, columns=columns, segments=segment or [])
    _print_to_stderr(content.text)
    _deliver(content.to_csv(), out)


def _run_batch(entries: Batch) -> NoReturn:
    """Run a batch, print the outcome of each entry, and end with the exit code of the worst one."""
    from seglib.runner import batch

    page = batch.run(entries, _print_to_stderr)
    typer.echo(page)
    raise typer.Exit(entries.code)


@app.command()
def check(
    source: SourceOption = "sample",
    mapping: Annotated[Path | None, typer.Option(help="A mapping file: what the source calls its tables.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Day to look at the shop, such as 2024-07-14.")] = None,
    form: Annotated[Literal["text", "json", "html"], typer.Option("--format", help="Form of the result.")] = "text",
    out: Annotated[Path | None, typer.Option(help="A file to write to; default: standard output.")] = None,
    suggest: Annotated[bool, typer.Option("--suggest", help="Write a first mapping file instead.")] = False,
) -> None:
    """List everything the contract finds in a source; exit code 1 if a row breaks a rule."""
    _refuse_unwritable(out, source, mapping)
    if suggest:
        if mapping or as_of or form != "text":
            raise ParameterRefused(
                "--suggest goes with --source and --out only: it writes a mapping file, no check", parameter="suggest"
            )
        if out and out.exists():
            raise ParameterRefused(
                f"'{out}' exists; a mapping file may hold somebody's work: give another name", parameter="out"
            )
        from seglib.ingest import connect
        from seglib.ingest.sources import open_source
        from seglib.ingest.suggest import suggest as first_mapping

        _deliver(first_mapping(open_source(source), connect()), out)
        return
    from seglib.ingest import ingest
    from seglib.report import check as views

    shop = ingest(source, as_of=as_of, mapping=mapping)
    if form == "json":
        _deliver(json.dumps(views.as_json(shop), ensure_ascii=False, allow_nan=False, indent=2) + "\n", out)
    elif form == "html":
        _deliver(views.as_html(shop), out)
    elif out is None and (terminal := Console()).is_terminal:
        terminal.print(views.as_text(shop))
    else:
        _deliver(views.without_colours(views.as_text(shop)), out)
    if not views.passed(shop):
        raise typer.Exit(1)


def _refuse_unwritable(out: Path | None, *inputs: str | Path | None) -> None:
    """Refuse a file that cannot be written, or that is one of the inputs."""
    if out is None:
        return
    if out.is_dir() or not out.parent.is_dir():
        why = "it is a folder" if out.is_dir() else "there is no such folder"
        raise ParameterRefused(f"'{out}' cannot be written: {why}", parameter="out")
    if out.exists() and any(path and Path(path).exists() and out.samefile(path) for path in inputs):
        raise ParameterRefused(f"'{out}' is read here: give --out another name", parameter="out")


def _deliver(text: str, out: Path | None) -> None:
    """Write a text to a file, and say where it is, or to standard output; in UTF-8 on every machine."""
    if out is None:
        typer.echo(text.encode(), nl=False)
        return
    from seglib.runner.faults import write_output

    with _writing(out):
        write_output(out, text)
    typer.echo(out)


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    """Turn what the system says of a file that is written into one sentence."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or " ".join(str(error).split())
        raise ParameterRefused(f"'{out}' cannot be written: {reason}", parameter="out") from None


@app.command()
def score(
    model: Annotated[Path, typer.Option(help="A model file, such as reports/NAME/model.skops.")],
    source: SourceOption = None,
    mapping: Annotated[Path | None, typer.Option(help="A mapping file: what the source calls its tables.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Day to look at the customers, such as 2024-07-14.")] = None,
    dialect: Annotated[
        str | None, typer.Option(help="Write the SQL statement in this dialect instead, such as postgres or spark.")
    ] = None,
    start: Annotated[
        Literal["features", "tables"], typer.Option(help="With --dialect: what the statement reads.")
    ] = "features",
    out: Annotated[
        Path | None, typer.Option(help="A file to write to (.csv, .parquet; .sql); default: standard output, as CSV.")
    ] = None,
) -> None:
    """Place the customers of a source in the segments of a model, or write the SQL statement that does."""
    if (source is None) == (dialect is None):
        raise ParameterRefused(
            "give --source, whose customers are to be placed, or --dialect, to get the statement",
            parameter=("source", "dialect"),
        )
    if dialect and (mapping or as_of):
        raise ParameterRefused(
            "--mapping and --as-of go with --source; in the statement, the day stands in study",
            parameter=("mapping", "as_of"),
        )
    from seglib.runner.staging import finish_interrupted

    finish_interrupted()  # the model may be that of a run which is half in place
    _refuse_unwritable(out, source, mapping, model)
    from seglib.scoring import load_model, scoring_sql
    from seglib.scoring import score as place_customers

    loaded = load_model(model)
    if dialect:
        _deliver(scoring_sql(loaded, dialect=dialect, start=start), out)
        return
    scored = place_customers(loaded, source, mapping=mapping, as_of=as_of)
    _print_to_stderr(scored.text)
    if out and out.suffix == ".parquet":
        with _writing(out):
            scored.table.to_parquet(out)
        typer.echo(out)
        return
    _deliver(scored.to_csv(), out)


@app.command()
def sample(
    out: Annotated[
        Path, typer.Option(help="A folder (Parquet), or a path that ends in .xlsx, or in .csv (invoice lines).")
    ],
    kind: Annotated[
        Literal["shop", "survey"],
        typer.Option(help="A shop, or a survey: one CSV file with one row a customer, without transactions."),
    ] = "shop",
    customers: Annotated[int, typer.Option(help="Number of customers.")] = 1500,
    transactions: Annotated[int, typer.Option(help="Number of transactions.")] = 12_000,
    segments: Annotated[int, typer.Option(help="Planted segments, 0 to 8.")] = 3,
    separation: Annotated[str, typer.Option(help="none, continuum, weak, medium or strong.")] = "strong",
    seed: Annotated[int, typer.Option(help="Same arguments and seed, same shop.")] = 7,
    campaign: Annotated[
        str | None,
        typer.Option(
            help="Also outcomes.csv of a campaign with a known effect: lift=0.05, or lift=0.1/0/0 for one per planted "
            "segment; salt=NAME,share=0.1 as the lists have them."
        ),
    ] = None,
    months: Annotated[
        int | None,
        typer.Option(help="So many month ends of the shop instead, each in a folder; truth.csv says who moved."),
    ] = None,
    movers: Annotated[
        float | None, typer.Option(help="With --months: share of the customers who move to another segment each month.")
    ] = None,
    newcomers: Annotated[
        float | None, typer.Option(help="With --months: share of the customers who join between two month ends.")
    ] = None,
    prices: Annotated[
        float | None, typer.Option(help="With --months: amounts, which grow by this share each month; 0: they stay.")
    ] = None,
    student: Annotated[
        str | None, typer.Option(help="A student's name: a shop of their own, other than that of every other name.")
    ] = None,
    teacher_key: Annotated[
        str | None, typer.Option(help="With --student: makes that shop again, with its truth. None: a new key.")
    ] = None,
) -> None:
    """Generate a shop, with planted segments or without any, and its truth.csv."""
    given = {"movers": movers, "newcomers": newcomers, "prices": prices}
    changes = {name: value for name, value in given.items() if value is not None}
    if months is None and changes:
        raise ParameterRefused(f"--{next(iter(changes))} goes with --months", parameter=tuple(changes))
    if months is not None and (student is not None or campaign or kind == "survey"):
        raise ParameterRefused("--months goes with a shop, and not with --campaign or --student", parameter="months")
    if student is not None:
        from seglib.datasets import new_key, student_shop

        key = teacher_key or new_key()
        for file in student_shop(student, key).shop.write(out, with_truth=teacher_key is not None):
            typer.echo(file)
        if teacher_key is None:
            _print_to_stderr(f"Without its truth. The teacher's key of this shop: {key}")
        return
    if kind == "survey":
        if campaign:
            raise ParameterRefused("--campaign goes with a shop", parameter="campaign")
        from seglib.datasets import write_survey

        typer.echo(write_survey(out, customers=customers, seed=seed))
        return
    from seglib.datasets import make_shop

    size = {"customers": customers, "transactions": transactions, "segments": segments}
    if months is not None:
        from seglib.datasets import make_months

        for file in make_months(months=months, separation=separation, seed=seed, **size, **changes).write(out):
            typer.echo(file)
        return
    shop = make_shop(separation=separation, seed=seed, **size)
    files = shop.write(out)
    if campaign:
        from seglib.datasets import write_campaign

        files.append(write_campaign(shop, campaign, files[-1].parent, name=out.stem, seed=seed))
    for file in files:
        typer.echo(file)


@app.command()
def course(
    out: Annotated[Path, typer.Option(help="A new folder, or a path that ends in .zip.")],
    students: Annotated[
        Path | None, typer.Option(help="A CSV file of names: a shop for each, and for you the key and the answers.")
    ] = None,
    teacher_key: Annotated[str | None, typer.Option(help="The key of an earlier course; default: a new one.")] = None,
    grader: Annotated[
        Literal["nbgrader", "otter"] | None,
        typer.Option("--for", help="Write, for the teacher, what this program for grading reads; with the solutions."),
    ] = None,
) -> None:
    """Write what a class gets: the lessons without their solutions, and all that they need."""
    from seglib.lab import make_course

    for file in make_course(out, students=students, key=teacher_key, grader=grader):
        typer.echo(file)


def _print_to_stderr(line: str) -> None:
    """Print a line for the person who waits, as it is, and not wrapped."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(line, markup=False)


def main() -> None:
    """Run the command line; an error that was raised on purpose ends it with its message and its exit code."""
    from seglib.runner.signals import heard, listening

    with listening(_end_at_last, ends_process=True):
        try:
            app()
        except SeglibError as error:
            _print_to_stderr(f"seglib: {error}")
            sys.exit(error.exit_code)
        except OSError as error:
            _print_to_stderr(
                f"seglib: a file cannot be read or written: {error}; mend that, and give the command again"
            )
            sys.exit(3)
        except (Exception, SystemExit):
            if signum := heard():  # whatever came of it
                _print_stopped(signum)
                sys.exit(128 + signum)
            raise


def _print_stopped(signum: int) -> None:
    from seglib.runner.signals import name_of

    _print_to_stderr(f"seglib: stopped ({name_of(128 + signum)}); nothing was written: give the command again")


def _end_at_last(signum: int) -> None:
    """Say that a command was stopped, and clean up, where its main thread does not."""
    from seglib.ingest import remove_what_is_aside

    _print_stopped(signum)
    remove_what_is_aside()


if __name__ == "__main__":
    main()
