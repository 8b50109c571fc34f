"""The command line: ``seglib run``, ``seglib check``, ``seglib sample``.

Exit codes: 0 done; 1 the input was refused; 2 wrong usage; 3 a notebook failed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from seglib import parameters, pipeline
from seglib.errors import SeglibError

app = typer.Typer(
    name="seglib", help="Customer segmentation: six notebooks, one command, one report.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
)  # fmt: skip


SourceOption = Annotated[
    str | None,
    typer.Option("--source", help="A workbook (.xlsx), a folder of CSV or Parquet files, or 'sample'."),
]


@app.command()
def run(
    source: SourceOption = None,
    run: Annotated[str | None, typer.Option("--run", help="Name of the run; default: from the source.")] = None,
    recipe: Annotated[str | None, typer.Option(help="How the matrix is made: customer (default) or baseline.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="A parameter, name=value. Repeatable.")] = None,
    params: Annotated[Path | None, typer.Option(help="A YAML file of parameters, name: value.")] = None,
    start: Annotated[
        str, typer.Option("--from", help="First notebook to run, such as 04; earlier ones are kept.")
    ] = "01",
) -> None:
    """Run the six notebooks and build the report; prints the path of its index.html."""
    overrides: dict[str, Any] = parameters.read_file(params) if params else {}
    overrides |= parameters.read_settings(settings or [])
    if recipe:
        overrides["recipe"] = recipe
    in_file = {name: overrides.pop(name, None) for name in ("source", "run")}
    first = pipeline.step_named(start)
    source = source or in_file["source"]
    if source is None and first == next(iter(pipeline.STEPS)):
        source = "sample"
    name = run or in_file["run"] or _name_after(source)
    index = pipeline.execute(pipeline.Request(name, source, overrides, first))
    typer.echo(index)


@app.command()
def check(source: SourceOption = "sample") -> None:
    """List everything the contract finds in a source; exit code 1 if a row breaks a rule."""
    from seglib.ingest import ingest

    shop = ingest(source)
    typer.echo(f"{shop.source.name}, {shop.source.kind}; as of {shop.as_of:%Y-%m-%d}. {shop.text}")
    for row in shop.findings.itertuples():
        typer.echo(
            f"{row.severity:8}{row.rows:>9,} x {row.rule}: {row.sentence} (such as {row.examples}); {row.remedy}"
        )
    if (shop.findings["severity"] == "error").any():
        raise typer.Exit(1)


@app.command()
def sample(
    out: Annotated[Path, typer.Option(help="A folder (Parquet files), or a path that ends in .xlsx.")],
    customers: Annotated[int, typer.Option(help="Number of customers.")] = 1500,
    transactions: Annotated[int, typer.Option(help="Number of transactions.")] = 12_000,
    segments: Annotated[int, typer.Option(help="Planted segments, 0 to 8.")] = 3,
    separation: Annotated[str, typer.Option(help="none, continuum, weak, medium or strong.")] = "strong",
    seed: Annotated[int, typer.Option(help="Same arguments and seed, same shop.")] = 7,
) -> None:
    """Generate a shop, with planted segments or without any, and its truth.csv."""
    from seglib.sample import make_shop

    shop = make_shop(
        customers=customers, transactions=transactions, segments=segments, separation=separation, seed=seed
    )
    for file in shop.write(out):
        typer.echo(file)


def _name_after(source: str | None) -> str:
    """Return a run name made from the name of a source."""
    stem = Path(source).stem if source else "sample"
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:64] or "run"


def main() -> None:
    """Run the command line; an error that was raised on purpose ends it with one message and its exit code."""
    try:
        app()
    except SeglibError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"seglib: {error}", markup=False)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
