"""A file of words: checked against the words of the package, name by name, before anything is written with it.

The file is YAML. Its keys are the names in `cards`, `verdict` and `pages`, in capitals or not; what it does not name
stays as it is::

    MONEY: "{amount} EUR"                           # a currency
    CUSTOMERS: shoppers                             # any word or sentence
    COUPON: {one: voucher, many: vouchers, claimed: picked up, claim: pick-up}
    PLACES: {city: country}                         # what the place of a customer is called
    WORDS: {burn_rate: [redeemers, collectors]}     # the words for much and for little, which name a segment
    TO_TRY: {recency_days: {much: "a call. Do some come back?"}}
    FEATURES: {income: household income}            # what a column of your own is called
    PAGES: {"who": "Who, and what could we try?"}   # a text of a page, by its key

A text may use the words between braces that the text of the package uses. A translation is a file that names another
``LANGUAGE``, and all words: what it lacks is refused.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from typing import Any

from seglib.style.vocabulary import cards
from seglib.style.vocabulary.vocabulary import WORDS, Vocabulary
from seglib.style.wording import did_you_mean, join_words, shortened

NAMES = tuple(WORDS)
"""What a file of words may name."""

OPEN = ("FEATURES", "PLACES", "MANY_PLACES", "TABLES", "QUESTIONS", "OF_ONE_GENDER", "VERBS", "LABELS", "NEXT")
"""Tables of words that may have an entry for any column or name of the shop's own; the keys of others are given."""

COUPON_WORDS = ("one", "many", "claimed", "claim")
"""The keys of ``COUPON`` and ``TRANSACTION``."""

OUR_FEATURES = ("gender_name", "tenure_days", "burn_rate", "coupons_per_month", "days_to_burn", "recency_days")
OUR_FEATURES += ("spend_per_month", "never_burned")
"""The columns of ours that a translation names in ``FEATURES``."""

NOT_NEEDED = ("MONEY", "OTHERS_GET")
"""What a translation may leave out: no word of a language."""

MUCH, LITTLE = "much", "little"
"""The keys of words for much and for little."""

WORDING = ("coupon", "coupons", "claim", "claimed", "place", "places")
"""The fields that hold what the shop calls its things."""

WORDED = ("VERBS", "LABELS", "TO_TRY", "LAST_CLAIM", "FEATURES", "PAGES", "TERMS", "MEANINGS", "README", "RULES")
WORDED += ("RULE_WORDS", "NEXT", "WORK", "USED_COLUMN", "USED_FIGURE", "USED_NOTE", "LAST", "CITY")
"""The texts that may have them."""

LONGEST = 400
"""Characters of a text."""

MOST_LISTED = 12
"""Keys that an error lists."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")


class WordsRefused(ValueError):
    """A file of words says what cannot be said; the message names all problems."""


def vocabulary_of(content: Any, *, file: str) -> Vocabulary:
    """Return the words that a file of words gives.

    Parameters
    ----------
    content : Any
        What the file holds, all values texts.
    file : str
        Its name, for errors.

    Raises
    ------
    WordsRefused
        If it names a word that there is not, a text has braces that its place does not fill, or a translation lacks a
        word; all problems are named.
    """
    if not isinstance(content, dict):
        raise WordsRefused("it holds lines such as 'CUSTOMERS: shoppers'")
    changed: dict[str, Any] = {}
    problems: list[str] = []
    for key, given in content.items():
        name = str(key).strip().upper()
        if name not in NAMES:
            problems.append(f"there is no {str(key)[:80]}{did_you_mean(name[:80], NAMES)}")
            continue
        changed[name] = _checked(name, WORDS[name], given, problems)
    words = Vocabulary(changed, file=file)
    if not problems and words.foreign:
        given = {str(key).strip().upper(): value for key, value in content.items()}
        if lacking := _lacking(given):
            problems.append(
                f"LANGUAGE is {words.LANGUAGE}, so that all words are needed; {len(lacking)} "
                f"{'is' if len(lacking) == 1 else 'are'} missing: {shortened(lacking, MOST_LISTED)}"
            )
    if problems:
        raise WordsRefused("; ".join(problems))
    return words


def _lacking(given: Mapping[str, Any]) -> list[str]:
    """Return the words that a translation lacks, as NAME or NAME.key."""
    lacking = []
    for name, ours in WORDS.items():
        if name in NOT_NEEDED:
            continue
        if name not in given:
            lacking.append(name)
        elif isinstance(ours, dict):
            lacking += [f"{name}.{key}" for key in _needed_keys(name, ours) if not _has(given[name], key)]
    return lacking


def _needed_keys(name: str, ours: Mapping[Any, Any]) -> list[Any]:
    if name in ("COUPON", "TRANSACTION"):
        return list(COUPON_WORDS)
    if name == "FEATURES":
        return list(OUR_FEATURES)
    if name == "TO_TRY":
        return [f"{feature}.{MUCH if much else LITTLE}" for feature, much in ours]
    return [key for key in ours if (name, key) != ("PAGES", "no PDF")]


def _has(given: Mapping[str, Any], key: str) -> bool:
    """Say whether a table has a key; of TO_TRY it is that of a feature and of a side."""
    if key in given:
        return True
    feature, _, side = key.rpartition(".")
    return bool(feature) and isinstance(given.get(feature), dict) and side in given[feature]


def _checked(name: str, ours: Any, given: Any, problems: list[str]) -> Any:
    """Return words in the form of ours; what is wrong with them is added to ``problems``."""
    if name in ("DECIMAL", "THOUSANDS"):
        return _checked_sign(name, given, problems)
    if name == "LANGUAGE" and not (isinstance(given, str) and _LANGUAGE.fullmatch(given)):
        problems.append("LANGUAGE is a code such as de, or pt-BR")
        return ours
    if isinstance(ours, str):
        return _checked_text(name, given, _fields_of(name, ours), problems)
    if not isinstance(given, dict):
        problems.append(f"{name} holds lines 'key: words'")
        return ours
    keys = COUPON_WORDS if name in ("COUPON", "TRANSACTION") else tuple(ours)
    if name in (*OPEN, "WORDS", "TO_TRY", "OTHERS_GET"):
        keys = ()
    if keys and (unknown := [key for key in given if key not in keys]):
        there_are = f"; there are {join_words(keys)}" if len(keys) <= MOST_LISTED else ""
        problems.append(f"{name} has no {unknown[0]}{did_you_mean(str(unknown[0]), keys)}{there_are}")
        return ours
    if name == "WORDS":
        return {**ours, **{key: _much_and_little(f"{name}.{key}", value, problems) for key, value in given.items()}}
    if name in ("TO_TRY", "OTHERS_GET"):
        return {**ours, **dict(_by_side(name, given, problems))}
    every = set(WORDING) if name in WORDED else set()
    every |= {field_name for text in ours.values() for field_name in _fields_of(name, text)}
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
            if name == "OTHERS_GET" and text not in cards.COMPARED_WITH:
                problems.append(f"{where} is one of {join_words(list(cards.COMPARED_WITH), last='or')}")
                continue
            yield (feature, side == MUCH), _checked_text(where, text, set(WORDING), problems)


def _fields_of(name: str, text: str) -> set[str]:
    """Return the words between braces that a text of ours may have, with the way in which numbers are written."""
    if name in ("DAY", "MOMENT"):
        return {"day", "dd", "mon", "month", "mm", "year", "time"} - ({"time", "mon"} if name == "DAY" else set())
    fields = {f"{field_name}:{form}" if form else field_name for _, field_name, form, _ in _parsed(text) if field_name}
    return fields | set(WORDING) if name in WORDED else fields


def _parsed(text: str):
    return string.Formatter().parse(text)


def _checked_text(where: str, given: Any, allowed: set[str], problems: list[str]) -> str:
    """Return a text whose braces its place can fill; a number is written as in ours, or in another way that fits."""
    one_line = given
    if isinstance(given, str):
        one_line = re.sub("[\u00a0\u202f]", " ", given)  # blanks at which no line breaks
        if where.startswith("PICTURE."):
            one_line = one_line.replace("\n", " ")
    if not isinstance(given, str) or not given.strip() or len(given) > LONGEST or not one_line.isprintable():
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
        problems.append(f"{where}: write {join_words([f'{{{form}}}' for form in forms.values()])} as the package does")
        return ""
    # a number without a form of its own takes that of ours
    for name, form, _ in fields:
        if not form and forms[name] != name:
            given = given.replace(f"{{{name}}}", f"{{{forms[name]}}}")
    return given


def _checked_sign(name: str, given: Any, problems: list[str]) -> str:
    """Return the sign before decimals or between thousands."""
    if name == "THOUSANDS" and given == "none":
        return ""
    if not isinstance(given, str) or len(given) != 1 or given.isalnum():
        problems.append(f"{name} is one sign, such as ,{'' if name == 'DECIMAL' else ' or none'}")
        return WORDS[name]
    return given
