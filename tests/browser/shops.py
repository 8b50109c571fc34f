"""Shops whose reports a browser looks at: what is rare in a shop is what breaks a page."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pandas as pd
import yaml
from whole import QUICK, ROOT, Whole

from seglib.datasets.months import make_months
from seglib.datasets.shop import make_shop
from seglib.datasets.survey import survey

LONG_NAME = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsge"
"""59 characters without a place to break: with a letter behind it, the longest name that a segment may have."""

FACES = ("", "_business")
"""What the names of the two pages of a notebook end with."""

HOSTILE = "<b>Ōtautahi & Ngāti</b> \"quoted\" 'Llanfairpwllgwyngyllgogerychwyrn'"
RUN_NAME = "the-longest-name-that-a-run-may-have-of-64-characters_0123456789"


def _as_csv(tables: dict[str, pd.DataFrame], folder: Path) -> Path:
    folder.mkdir()
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


def _sample(name: str) -> tuple:
    return ("--source", ROOT / f"data/sample/{name}.csv", "--mapping", ROOT / f"params/mappings/{name}.yaml")


def _without_gender_and_city(folder: Path) -> tuple:
    tables = dict(make_shop(customers=300, transactions=2500, seed=3).tables)
    tables["customers"] = tables["customers"].drop(columns=["gender_id", "city_id"])
    del tables["genders"], tables["cities"]
    return ("--source", _as_csv(tables, folder / "shop"))


def _long_names(folder: Path) -> tuple:
    """Names of segments as long as they may be; the letters are those of eight segments."""
    file = folder / "names.yaml"
    file.write_text("".join(f"{letter}: {LONG_NAME}{letter}\n" for letter in "ABCDEFGH"), encoding="utf-8")
    return ("--set", f"names_file={file}")


def _long_and_hostile_words(folder: Path) -> tuple:
    """Every name of the shop is long, has no place to break or looks like markup; the folder's name too."""
    tables = dict(make_shop(customers=300, transactions=2500, seed=4).tables)
    for table, column in (("cities", "city_name"), ("merchants", "merchant_name"), ("genders", "gender_name")):
        names = tables[table][column]
        tables[table] = tables[table].assign(
            **{column: [f"{HOSTILE if i % 2 else LONG_NAME} {name}" for i, name in enumerate(names)]}
        )
    return ("--source", _as_csv(tables, folder / f"<i>{LONG_NAME}<i>"))


def dirty_shop(folder: Path) -> tuple:
    """The same, with rows that break rules, to be listed on the page of a check."""
    source = Path(_long_and_hostile_words(folder)[1])
    customers, transactions = (pd.read_csv(source / f"{name}.csv", dtype=str) for name in ("customers", "transactions"))
    customers.loc[:2, "join_date"] = f"{HOSTILE} {LONG_NAME}"
    transactions.loc[:2, "customer_id"] = f"nobody{LONG_NAME * 3}"
    transactions.loc[3:5, "transaction_date"] = "31/31/2026"
    customers.to_csv(source / "customers.csv", index=False)
    transactions.to_csv(source / "transactions.csv", index=False)
    return ("--source", source)


def _one_far_away(folder: Path) -> tuple:
    """A survey with one customer who is like nobody else."""
    table = survey(120, seed=5)
    table.loc[0, ["age", "income", "score"]] = ["118", "95000000", "1"]
    table.to_csv(folder / "survey.csv", index=False)
    return ("--source", folder / "survey.csv", "--mapping", ROOT / "params/mappings/survey.yaml")


def _broken_project(folder: Path) -> Path:
    """Copy the project; the third notebook of a run called broken stops with an error that has markup and no end."""
    for part in ("seglib", "notebooks"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "notebooks" / "03_preprocessing.ipynb"
    notebook = nbformat.read(path, as_version=4)
    culprit = f'if run.endswith("broken"):\n    raise ZeroDivisionError("<b>nothing</b> left by {"x" * 400}")'
    after = next(i for i, cell in enumerate(notebook.cells) if "imports" in cell.metadata.get("tags", [])) + 1
    notebook.cells.insert(after, nbformat.v4.new_code_cell(culprit))
    nbformat.write(notebook, path)
    return folder


def _one_of_each_state(folder: Path) -> tuple:
    """A batch: a run that ends well, one that breaks, and one whose shop is refused, as it has no transaction."""
    tables = dict(make_shop(customers=20, transactions=60, seed=1).tables)
    tables["transactions"] = tables["transactions"].head(0)
    shop, nobody = _without_gender_and_city(folder)[1], _as_csv(tables, folder / "nobody")
    runs = {"two": {"k": 2}, "broken": {}, "refused": {"source": str(nobody)}}
    file = folder / "batch.yaml"
    file.write_text(yaml.safe_dump({"shared": {"source": str(shop)}, "runs": runs}), encoding="utf-8")
    return ("--params", file)


def _three_months(folder: Path) -> tuple:
    """Three month ends of a shop, each compared with the one before; the first page of the last one is in German."""
    shop = _as_csv(dict(make_months(customers=300, transactions=2400, movers=0.05, seed=6).tables[-1]), folder / "shop")
    runs = {day[:7]: {"as_of": day} for day in ("2026-04-30", "2026-05-31", "2026-06-30")}
    runs["2026-06"]["words_file"] = str(ROOT / "params/words/german.yaml")
    content = {"shared": {"source": str(shop)}, "runs": runs, "compare": {"n_calm": 20}}
    file = folder / "months.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return ("--params", file)


def _options(*shops: Callable[[Path], tuple] | tuple, **settings: object) -> Callable[[Path], tuple]:
    """Put together the options of a run."""

    def options(folder: Path) -> tuple:
        given = [part for shop in shops for part in (shop(folder) if callable(shop) else shop)]
        return (*given, *QUICK, *(part for name, value in settings.items() for part in ("--set", f"{name}={value}")))

    return options


@dataclass(frozen=True)
class Variant:
    """What is run, which runs come of it, the first of them with so many segments, and the exit code.

    ``pages`` are those that are promised beside the pages of every run and the list of all.
    """

    whole: Whole
    done: tuple[str, ...]
    stopped: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    k: int | None = None
    smallest: int | None = None
    code: int = 0


_EIGHT = Whole(RUN_NAME, _options(_long_and_hostile_words, _long_names, k=8, k_max=8))
_STATES = Whole("states", _options(_one_of_each_state), project=_broken_project)
VARIANTS: dict[str, Variant] = {
    "sample": Variant(Whole("sample", _options()), ("sample",)),
    "states": Variant(
        _STATES, ("states-two",), ("states-broken", "states-refused"), ("states.html", "check.html"), k=2, code=3
    ),
    "eight segments": Variant(_EIGHT, (RUN_NAME,), k=8),
    "baseline": Variant(Whole("sample", ("--from", "03", "--recipe", "baseline"), after="sample"), ("sample",)),
    "one customer": Variant(Whole("survey", _options(_one_far_away, k=3)), ("survey",), k=3, smallest=1),
    "months": Variant(
        Whole("months", _options(_three_months, k=3)),
        ("months-2026-06", "months-2026-05", "months-2026-04"),
        pages=("months.html", *(f"months-2026-{n}/07_monitoring{face}.html" for n in ("05", "06") for face in FACES)),
        k=3,
    ),
    "no coupons": Variant(Whole("invoices", _options(_sample("invoices"))), ("invoices",)),
}
"""By name, in the order in which they are made. ``states`` has two segments, and neither gender nor city."""
