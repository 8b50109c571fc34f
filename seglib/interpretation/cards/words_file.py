"""06 The words of the cards for one run: those of `vocabulary`, or what a file of the analyst's own says instead.

The file is YAML. Its keys are the names in `vocabulary`, in capitals or not; what it does not name stays as it is::

    MONEY: "{amount} EUR"                           # a currency
    CUSTOMERS: shoppers                             # any word or sentence
    COUPON: {one: voucher, many: vouchers, claimed: picked up, claim: pick-up}
    WORDS: {burn_rate: [redeemers, collectors]}     # the words for much and for little, which name a segment
    TO_TRY: {recency_days: {much: "a call. Do some come back?"}}
    FEATURES: {income: household income}            # what a column of your own is called

A text may use the words between braces that the text of `vocabulary` uses. A translation is a file that names them all.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from seglib.errors import ParameterRefused
from seglib.interpretation.cards import vocabulary
from seglib.schema.files import find_file, looked_for_in
from seglib.schema.yaml_files import NotReadable, load_yaml, shortened_value
from seglib.style import Wording, did_you_mean, humanize, in_words, join_words

FIRST_PAGE = ("WORK", "NEXT", "RULE", "STORY_OF", "STORY", "SPEND_FIGURE")
FIRST_PAGE += ("USED_COLUMN", "USED_FIGURE", "USED_NOTE", "CAME_BACK_COLUMN", "CAME_BACK_FIGURE", "CAME_BACK_NOTE")
LISTS = ("LAST", "USED_SHARE", "NEAR", "CITY", "SEND", "CONTROL")
NOT_FOR_READERS = ("ENGLISH_TIMES", "UNITS", *FIRST_PAGE, *LISTS)
"""What stands in `vocabulary` and is no word of a card: the first page, its headings and the lists stay English."""

NAMES = tuple(name for name in vars(vocabulary) if name.isupper() and name not in NOT_FOR_READERS)
"""What a file of words may name."""

CLOSED = ("TIMES", "COMPARED_WITH", "BY_STRUCTURE", "GIVEN_BY_STRUCTURE", "COUPON")
"""Tables of words whose keys are given; the others have an entry for any column, also of the shop's own."""

COUPON_WORDS = ("one", "many", "claimed", "claim")
"""The keys of ``COUPON``."""

MUCH, LITTLE = "much", "little"
"""The keys of words for much and for little."""

WORDING = ("coupon", "coupons", "claim", "claimed")
"""The fields that `seglib.style.Wording.of` fills."""

WORDED = ("VERBS", "LABELS", "TO_TRY", "LAST_CLAIM")
"""The texts that `seglib.style.Wording.of` fills."""

LONGEST = 400
"""Characters of a text."""


@dataclass(frozen=True)
class Vocabulary:
    """The words of the cards; each is an attribute that is called as in `vocabulary`.

    Attributes
    ----------
    changed : mapping of str to Any
        What stands in the place of the words of `vocabulary`, by name.
    """

    changed: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __getattr__(self, name: str) -> Any:
        """Return the word of that name."""
        if not name.isupper():
            raise AttributeError(name)
        return self.changed.get(name, getattr(vocabulary, name))

    @property
    def text(self) -> str:
        """Which words are not those of the package."""
        return f"Your own words for {join_words(sorted(self.changed))}." if self.changed else ""

    def wording(self, wording: Wording) -> Wording:
        """Return what a transaction is called on the cards."""
        words = self.COUPON
        if not words:
            return wording
        one = words.get("one", wording.one)
        plural = words.get("many") or ("" if "one" in words else wording.plural)
        claimed, claim = words.get("claimed", wording.made), words.get("claim", wording.claim)
        return replace(wording, one=one, plural=plural, made=claimed, claim=claim)

    def in_words(self, value: float, unit: str) -> str:
        """Write a number with its unit as `seglib.style.in_words` does; "money" as an amount of money."""
        if unit == "money":
            return self.MONEY.format(amount=in_words(value, "number"))
        return in_words(value, unit, self.TIMES)

    def customers(self, n: int) -> str:
        """Write a number of customers."""
        return self.ONE_CUSTOMER if n == 1 else self.MANY_CUSTOMERS.format(n=f"{n:,}")

    def join(self, items: Sequence[str]) -> str:
        """Join words as in a sentence."""
        return join_words(items, last=self.AND)

    def name_of(self, column: str, wording: Wording | None = None) -> str:
        """Write the name of a column in words."""
        if column in self.FEATURES:
            return self.FEATURES[column]
        return wording.name_of(column) if wording else humanize(column)


ENGLISH = Vocabulary()
"""The words of the package as they are."""


def read_vocabulary(path: str | Path | None) -> Vocabulary:
    """Read the words of the cards from a file of the analyst's own.

    Parameters
    ----------
    path : str or Path or None
        None: the words of the package.

    Returns
    -------
    Vocabulary

    Raises
    ------
    ParameterRefused
        If the file cannot be read, names a word that there is not, or a text has braces that its place does not fill;
        all problems are named.
    """
    if path is None:
        return ENGLISH
    try:
        content = load_yaml(find_file(path), yaml.BaseLoader)
    except NotReadable as error:
        raise _refused(path, str(error)) from None
    except OSError as error:
        raise _refused(path, f"it cannot be read: {error.strerror}{looked_for_in(path)}") from None
    if not isinstance(content, dict):
        raise _refused(path, "it holds lines such as 'CUSTOMERS: shoppers'")
    changed: dict[str, Any] = {}
    problems: list[str] = []
    for key, given in content.items():
        name = str(key).strip().upper()
        if name not in NAMES:
            problems.append(f"there is no {shortened_value(key)}{did_you_mean(name[:80], NAMES)}")
            continue
        changed[name] = _checked(name, getattr(vocabulary, name), given, problems)
    if problems:
        raise _refused(path, "; ".join(problems))
    return Vocabulary(changed)


def _refused(path: str | Path, problem: str) -> ParameterRefused:
    return ParameterRefused(f"words_file '{path}' cannot be used: {problem}", parameter="words_file")


def _checked(name: str, ours: Any, given: Any, problems: list[str]) -> Any:
    """Return words in the form of ours; what is wrong with them is added to ``problems``."""
    if isinstance(ours, str):
        return _checked_text(name, given, _fields_of(name, ours), problems)
    if not isinstance(given, dict):
        problems.append(f"{name} holds lines 'key: words'")
        return ours
    keys = COUPON_WORDS if name == "COUPON" else tuple(ours) if name in CLOSED else None
    if keys and (unknown := [key for key in given if key not in keys]):
        problems.append(
            f"{name} has no {unknown[0]}{did_you_mean(str(unknown[0]), keys)}; there are {join_words(keys)}"
        )
        return ours
    if name == "WORDS":
        return {**ours, **{key: _much_and_little(f"{name}.{key}", value, problems) for key, value in given.items()}}
    if name in ("TO_TRY", "OTHERS_GET"):
        return {**ours, **dict(_by_side(name, given, problems))}
    every = {field_name for text in ours.values() for field_name in _fields_of(name, text)}
    texts = {
        key: _checked_text(f"{name}.{key}", text, _fields_of(name, ours[key]) if key in ours else every, problems)
        for key, text in given.items()
    }
    return {**ours, **texts}


def _much_and_little(where: str, given: Any, problems: list[str]) -> tuple[str, str]:
    """Read the words for much and for little: a list of both, or lines."""
    words = [given.get(MUCH), given.get(LITTLE)] if isinstance(given, dict) else given
    if not isinstance(words, list) or len(words) != 2 or not all(isinstance(word, str) and word for word in words):
        problems.append(f"{where} takes two words, such as [frequent, occasional]: for much and for little")
        return ("", "")
    much, little = (_checked_text(where, word, set(), problems) for word in words)
    return much, little


def _by_side(name: str, given: Mapping[str, Any], problems: list[str]):
    """Yield the texts for much and for little of each behaviour."""
    for feature, sides in given.items():
        if not isinstance(sides, dict) or not sides or not set(sides) <= {MUCH, LITTLE}:
            problems.append(f"{name}.{feature} holds lines '{MUCH}: text' and '{LITTLE}: text'")
            continue
        for side, text in sides.items():
            where = f"{name}.{feature}.{side}"
            if name == "OTHERS_GET" and text not in vocabulary.COMPARED_WITH:
                problems.append(f"{where} is one of {join_words(list(vocabulary.COMPARED_WITH), last='or')}")
                continue
            yield (feature, side == MUCH), _checked_text(where, text, set(WORDING), problems)


def _fields_of(name: str, text: str) -> set[str]:
    """Return the words between braces that a text of ours may have, with the way in which numbers are written."""
    fields = {f"{field_name}:{form}" if form else field_name for _, field_name, form, _ in _parsed(text) if field_name}
    return fields | set(WORDING) if name in WORDED else fields


def _parsed(text: str):
    return string.Formatter().parse(text)


def _checked_text(where: str, given: Any, allowed: set[str], problems: list[str]) -> str:
    """Return a text whose braces its place can fill; a number is written as in ours, or in another way that fits."""
    if not isinstance(given, str) or not given.strip() or len(given) > LONGEST or not given.isprintable():
        problems.append(f"{where} takes a text in one line, of at most {LONGEST} characters")
        return ""
    try:
        fields = [
            (field_name, form, conversion)
            for _, field_name, form, conversion in _parsed(given)
            if field_name is not None
        ]
    except ValueError:
        problems.append(f"{where}: a brace is open; a brace that is meant is written twice")
        return ""
    forms = {name.partition(":")[0]: name for name in allowed}
    unknown = [name for name, _, _ in fields if name not in forms]
    if unknown:
        listed = join_words([f"{{{name}}}" for name in forms], last="or") if forms else "no braces"
        problems.append(f"{where}: {{{unknown[0]}}} is not filled there; there {'are' if forms else 'may be'} {listed}")
        return ""
    own_form = [f"{{{name}:{form}}}" for name, form, _ in fields if form and f"{name}:{form}" not in allowed]
    if own_form or any(conversion for _, _, conversion in fields):
        problems.append(
            f"{where}: write {join_words([f'{{{form}}}' for form in forms.values()])} as it is in vocabulary.py"
        )
        return ""
    # a number without a form of its own takes that of ours
    for name, form, _ in fields:
        if not form and forms[name] != name:
            given = given.replace(f"{{{name}}}", f"{{{forms[name]}}}")
    return given
