"""What of a table with one row a customer can build segments, what is doubtful, and what is left out, and why."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from seglib.errors import ParameterRefused
from seglib.ingest.contract.answer_codes import codes, codes_query
from seglib.ingest.contract.loading import several_answers_query
from seglib.ingest.contract.parsing import ANSWERS, NO, YES
from seglib.ingest.mapping.file import parse
from seglib.ingest.suggest.names import spelled_words, words
from seglib.ingest.suggest.values import FEW, MOST, SourceTable, is_date
from seglib.style import join_words

_PERSONAL = frozenset(
    re.findall(
        r"\w+",
        "name email mail phone mobile fax address street zip postal postcode birth surname firstname lastname iban ssn "
        "passport latitude longitude lat lon lng ip "
        "telefon handy plz postleitzahl nachname vorname strasse straße adresse anschrift geburtsdatum geburtstag "
        "nom prénom rue téléphone courriel apellido nombre correo teléfono dirección cognome indirizzo sobrenome "
        "endereço telefone naam achternaam voornaam adres nazwisko imię ulica имя фамилия телефон адрес",
    )
)
"""Words in the name of a column that identifies people, where it has many values; with a few it does not."""

_IDENTITY = {"id", "no", "nr", "num", "number", "key", "code", "uuid", "guid", "identifier"}
"""Last words in the name of a column that tells rows apart, where nearly every row has another value."""

_COUNTS = {
    "num",
    "number",
    "no",
    "nr",
    "nb",
    "n",
    "count",
    "quantity",
    "qty",
    "frequency",
    "times",
    "visit",
    "purchase",
}
_COUNTS |= {"order", "kid", "child", "children", "person", "people", "item", "year", "month", "week", "day", "age"}
"""Words in the name of a column whose whole numbers count something; those of another may be codes."""

_OUTCOMES = frozenset(
    re.findall(
        r"\w+",
        "churn churned churner attrition exited target label outcome response responded converted conversion default "
        "defaulted lapsed cancelled canceled retained fraud fraudulent survived dropout unsubscribed terminated "
        "kündigung gekündigt abgewandert abwanderung betrug résiliation résilié désabonné abandono abandonó baja "
        "fraude cancelou evasão disdetta opgezegd rezygnacja отток",
    )
)
_GROUPS = {"segment", "cluster", "persona"}

FEW_CODES = 10
"""Whole numbers with no more values than that may be codes."""

SLIPS = 0.01
"""A share of other answers than yes and no that is no third answer yet."""

LONG_TAIL = 2.0
"""Skewness from which a variable is judged on the scale of log(1 + x)."""

_SPELLINGS = {
    "male": "m male man men masculine mr h hombre homme masculino masculin mann männlich maschio uomo homem erkek",
    "female": "f female woman women feminine mrs ms w mujer femme femenino feminino frau weiblich donna mulher kadın",
}
"""Ways of writing a gender."""


@dataclass(frozen=True)
class Offer:
    """A column that says what customers are like.

    Attributes
    ----------
    call : str
        The name it can have in a mapping.
    name : str
        Its own name.
    entry : mapping of str to str
        What the mapping says of it, ``kind`` among it.
    doubt : str
        Why it is not sure that it should build segments; empty if it is.
    note : str
        What the analyst should know of it.
    answers : tuple of str
        The answers that its cells hold several of.
    values : mapping of str to str
        A translation that makes one of answers that are spelled differently.
    """

    call: str
    name: str
    entry: Mapping[str, str] = field(default_factory=dict)
    doubt: str = ""
    note: str = ""
    answers: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)


def offers(source: SourceTable, taken: set[str], use: str) -> tuple[list[Offer], dict[str, str]]:
    """Judge every column of a table that nothing else is made of.

    Parameters
    ----------
    source : SourceTable
    taken : set of str
        Columns that have a meaning already.
    use : {"segment_by", "descriptors"}

    Returns
    -------
    list of Offer
    dict of str to str
        The columns that are left out, and why.
    """
    offered: list[Offer] = []
    left_out: dict[str, str] = {}
    for name in source.columns:
        if name in taken:
            continue
        if reason := _why_not(source, name):
            left_out[name] = reason
            continue
        bare = re.sub(r'[.,"]', " ", name).strip()
        call = next((call for call in (name, bare, f"own_{bare}") if _may_be_called(call, use)), None)
        if call is None:
            left_out[name] = "no name for it is free"
        else:
            offered.append(_offer(source, name, call))
    return offered, left_out


def reasons(left_out: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what is left out by its reason."""
    by_reason = defaultdict(list)
    for name, reason in left_out.items():
        by_reason[reason].append(name)
    return dict(by_reason)


def spellings(levels: Mapping[str, int]) -> dict[str, str]:
    """Return a translation for levels that mean the same and are spelled differently; empty if there are none.

    Examples
    --------
    >>> spellings({"M": 5, "male": 3, "F": 4}), spellings({"yes": 3, "Yes ": 2}), spellings({"M": 2, "F": 3})
    ({'m': 'male', 'f': 'female'}, {'yes': 'yes'}, {})
    """
    meanings = {text: meaning for meaning, texts in _SPELLINGS.items() for text in texts.split()}
    meant = {level: meanings.get(level.strip().rstrip(".").casefold(), "") for level in levels}
    if sum(bool(meaning) for meaning in meant.values()) > 2:
        return {level.strip().casefold(): meaning for level, meaning in meant.items() if meaning not in ("", level)}
    folded = defaultdict(list)
    for level in levels:
        folded[level.strip().casefold()].append(level)
    return {same: ways[0].strip() for same, ways in folded.items() if len({way.strip() for way in ways}) > 1}


def _why_not(source: SourceTable, name: str) -> str:
    """Say why a column does not say what customers are like; empty if it may."""
    filled, levels = source.filled[name], source.distinct[name]
    spelled = spelled_words(name)
    if not filled:
        return "empty"
    if levels < 2:
        return "one value only"
    if levels > FEW and _PERSONAL & {*spelled}:
        return "tells who somebody is"
    if is_date(source, name):
        return "dates"
    unique = levels > max(FEW, 0.9 * filled)
    if unique and spelled and spelled[-1] in _IDENTITY:
        return "tells rows apart"
    is_number = source.share_of_numbers(name) >= MOST
    if is_number and unique and _counts_rows(source, name):
        return "counts the rows"
    if not is_number and levels > max(FEW, filled / 2):
        return "text that differs from row to row"
    return ""


def _counts_rows(source: SourceTable, name: str) -> bool:
    number = source.number(name)
    [first, last, whole] = source.ask(f"min({number})", f"max({number})", f"bool_and({number} = floor({number}))")
    return bool(whole) and last - first + 1 == source.distinct[name] == source.filled[name] and first in (0, 1)


def _offer(source: SourceTable, name: str, call: str) -> Offer:
    """Say what kind of variable a column is, and what is doubtful about it."""
    entry = {"column": name} if call != name else {}
    spelled = {*spelled_words(name)}
    doubt = ""
    if spelled & _OUTCOMES:
        doubt = "an outcome? Segments may explain it, but should not be made of it"
    elif spelled & _GROUPS:
        doubt = "groups that somebody made already?"
    kind, note = _kind(source, name)
    if kind == "numeric":
        return _numeric(source, Offer(call, name, entry, doubt))
    if kind == "binary":
        return Offer(call, name, {**entry, "kind": "binary"}, doubt, note)
    offer = Offer(call, name, {**entry, "kind": "nominal"}, doubt)
    cells = source.con.sql(several_answers_query(source.text(name), source.first_rows)).fetchall()
    if len(cells) > 1:
        answers = sorted({part for (cell,) in cells for part in re.split(ANSWERS, cell)})
        return replace(offer, doubt="several answers in one cell: ask for one at a time", answers=tuple(answers[:FEW]))
    levels = source.levels(name)
    if values := spellings(levels):
        return replace(offer, note=f"spelled in several ways: {_listed(levels)}", values=values)
    return offer


def _listed(levels: Mapping[str, int]) -> str:
    return ", ".join([*levels][:6])


def _kind(source: SourceTable, name: str) -> tuple[str, str]:
    """Say of what kind a column is, and what the analyst should know: a third answer makes yes and no nominal.

    A slip does not: an answer in one row of a hundred, or fewer, is named and dropped.
    """
    levels = source.levels(name)
    answers = {level.casefold() for level in levels} & {*YES, *NO}
    others = [level for level in levels if level.casefold() not in answers]
    numeric = source.share_of_numbers(name) >= MOST
    both = bool(answers & {*YES}) and bool(answers & {*NO})
    slips = source.filled[name] - sum(rows for level, rows in levels.items() if level.casefold() in answers)
    if both and slips <= SLIPS * source.filled[name] and not (numeric and source.distinct[name] > 2):
        return "binary", f"neither yes nor no: {', '.join(others)}" if others else ""
    return ("numeric" if numeric else "nominal"), ""


def _numeric(source: SourceTable, offer: Offer) -> Offer:
    """Say how a number is written, whether it has a long tail, and whether it may be a code."""
    style, number = source.style(offer.name), source.number(offer.name)
    entry, notes = {**offer.entry, "kind": "numeric"}, []
    if style.decimal != ".":
        entry["decimal"] = style.decimal
    if style.thousands:
        entry["thousands"] = style.thousands
    if style.alike:
        entry["decimal"] = style.decimal
        notes.append("the numbers can be read in two ways, such as 1.250 as 1250 or as 1.25: say which")
    if style.unit:
        entry["unit"] = style.unit
    elif len(style.units) > 1:
        notes.append(f"several units: {', '.join(style.units)}")
    [least, whole, skew, skew_of_logs] = source.ask(
        f"min({number})",
        f"bool_and({number} IS NULL OR {number} = floor({number}))",
        f"skewness({number})",
        f"skewness(ln(1 + greatest({number}, 0)))",
    )
    if least >= 0 and skew is not None and skew > LONG_TAIL and abs(skew_of_logs) < skew:
        entry["log"] = "true"
        notes.append("a long tail")
    [values] = source.con.sql(codes_query(number, source.first_rows)).fetchall()
    no_answer = codes(dict(values[0] or {}), *values[1:4], whole=bool(values[4]))
    if no_answer:
        listed = join_words([f"{code:.0f}" for code in no_answer], last="or")
        notes.append(f"{listed}: no answer? Then say nothing: [{', '.join(f'{code:.0f}' for code in no_answer)}]")
    doubt = offer.doubt
    counts = {*spelled_words(offer.name), *words(offer.name)} & _COUNTS
    if whole and source.distinct[offer.name] <= FEW_CODES and not counts:
        n = source.distinct[offer.name]
        doubt = doubt or f"{n} whole numbers: amounts, or codes? Codes are nominal"
    return Offer(offer.call, offer.name, entry, doubt, "; ".join(notes))


def _may_be_called(name: str, use: str) -> bool:
    """Say whether a descriptor, or a variable to segment by, can have a name."""
    kind = "text" if use == "descriptors" else "nominal"
    try:
        parse({"tables": {"customers": {use: {name: {"column": name, "kind": kind}}}}})
    except ParameterRefused:
        return False
    return True
