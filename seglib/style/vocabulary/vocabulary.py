"""All words that a reader of the report may want otherwise, and how numbers and days are written among them."""

from __future__ import annotations

import datetime as dt
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from seglib.style.formats import NumberForm, format_number, in_words, long_day, percent, whole_percent
from seglib.style.vocabulary import cards, pages, verdict
from seglib.style.wording import COUPON, TRANSACTION, Wording, did_you_mean, humanize, join_words

HOME = "seglib/style/vocabulary"
"""Where the words of the package stand, as errors name it."""

NOT_WORDS = ("ENGLISH_TIMES", "ENGLISH_MONTHS", "OWN_COUPON", "OWN_TRANSACTION")

WORDS: dict[str, Any] = {
    name: value
    for module in (cards, verdict, pages)
    for name, value in vars(module).items()
    if name.isupper() and not name.startswith("_") and name not in NOT_WORDS
}
WORDS |= {"COUPON": cards.OWN_COUPON, "TRANSACTION": cards.OWN_TRANSACTION}
"""The words of the package, by name."""

FOR_CARDS_ONLY = ("WORDS", "TO_TRY", "OTHERS_GET", "VERBS", "LABELS")
"""What no page needs once the cards are written."""

TWO_DIGITS = 100
"""Below so much money, a mean has two digits."""


class WordMissing(KeyError):
    """A page asks for a text that there is not."""

    def __str__(self) -> str:
        return str(self.args[0])


class _Filler(string.Formatter):
    """Fills fields; a number with a form is written as the language writes numbers."""

    def __init__(self, numbers: NumberForm) -> None:
        self.numbers = numbers

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, str):  # it is written already; a file of words may still ask for a form
            return value
        return self.numbers.write(value, format_spec) if format_spec else format(value)


@dataclass(frozen=True)
class VerdictWords:
    """The verdict in words for a manager; ``claim`` is empty in another language, as it holds what was measured."""

    headline: str
    meaning: str
    advice: str
    monday: str
    claim: str
    use: str
    use_lead: str


@dataclass(frozen=True)
class GlanceWords:
    """The words round the picture of the verdict."""

    title: str
    alt: str
    caption: str


@dataclass(frozen=True)
class Vocabulary:
    """The words of a report; each is an attribute that is called as in `seglib.style.vocabulary`.

    Attributes
    ----------
    changed : mapping of str to Any
        What stands in the place of the words of the package, by name.
    currency : str
        Of amounts, where ``MONEY`` is not changed.
    file : str
        Where the words come from, as errors name it.
    """

    changed: Mapping[str, Any] = field(default_factory=dict, repr=False)
    currency: str = ""
    file: str = HOME

    def __getattr__(self, name: str) -> Any:
        """Return the word of that name."""
        if name not in WORDS:
            raise AttributeError(name)
        return self.changed.get(name, WORDS[name])

    @property
    def text(self) -> str:
        """Which words are not those of the package."""
        if self.foreign:
            return f"Language of the cards and of the first pages: {self.LANGUAGE}."
        return f"Your own words for {join_words(sorted(self.changed))}." if self.changed else ""

    @property
    def foreign(self) -> bool:
        """Whether the language is not that of the package."""
        return self.LANGUAGE.split("-")[0] != "en"

    def allows(self, text: str) -> bool:
        """Say whether a text of the analyses, which speak as the package does, can stand on a page in these words.

        In another language none can; else a text that says nothing which these words call otherwise.
        """
        old_words = [rf"\b{re.escape(old)}\b" for old in self._replaced]
        return not self.foreign and not any(re.search(word, text, re.I) for word in old_words)

    @property
    def _replaced(self) -> list[str]:
        """The words of the package for what has other names in these: transactions, places and columns."""
        old = [humanize(name) for name in self.changed.get("FEATURES", {})]
        for name, wording in (("COUPON", COUPON), ("TRANSACTION", TRANSACTION)):
            if name in self.changed:
                old += [wording.one, wording.many]
        for name in ("PLACES", "MANY_PLACES"):
            ours = WORDS[name]
            old += [ours[key] for key, text in self.changed.get(name, {}).items() if key in ours and text != ours[key]]
        return old

    @property
    def record(self) -> dict[str, Any]:
        """What pages need to be written in these words, as JSON has it."""
        words = {name: value for name, value in self.changed.items() if name not in FOR_CARDS_ONLY}
        return words | {"MONEY": self._money} if self.currency else words

    @property
    def numbers(self) -> NumberForm:
        """How numbers are written."""
        return NumberForm(self.DECIMAL, self.THOUSANDS, self.PERCENT)

    @property
    def _money(self) -> str:
        if "MONEY" in self.changed or not self.currency:
            return self.MONEY
        return f"{{amount}} {self.currency}"

    def entry(self, table: str, key: str) -> str:
        """Return a text of a table of words.

        Raises
        ------
        WordMissing
            If there is no such key; the error names it, the file, and the nearest key.
        """
        texts = getattr(self, table)
        if key not in texts:
            raise WordMissing(f"{self.file} has no text {table}.{key}{did_you_mean(key, list(texts))}")
        return texts[key]

    def fill(self, template: str, wording: Wording | None = None, **values: Any) -> str:
        """Fill the fields of a text with values, and with what the shop calls its things.

        Parameters
        ----------
        template : str
            A text of this vocabulary, never one from the data.
        wording : Wording, optional
            In these words (`wording`).
        **values
            Texts are put in as they are; numbers with a form (``{share:.0%}``) as the language writes them.
        """
        return _Filler(self.numbers).vformat(template, (), (wording.words if wording else {}) | values)

    def page(self, key: str, wording: Wording | None = None, **values: Any) -> str:
        """Return a text of the pages, filled."""
        return self.fill(self.entry("PAGES", key), wording, **values)

    def wording(self, wording: Wording) -> Wording:
        """Return what a transaction and a place are called in these words."""
        words = self.COUPON
        if wording.kind == "transaction" and self.TRANSACTION:
            words = self.TRANSACTION
        place = self.PLACES.get(wording.place, wording.place)
        places = self.MANY_PLACES.get(wording.place, "")
        if not places or (place != wording.place and places == WORDS["MANY_PLACES"].get(wording.place)):
            places = self.MANY_PLACES.get(place) or wording.at(place).places
        names = tuple(self.FEATURES.items())
        wording = replace(wording, place=place, places=places, names=names)
        if not words:
            return wording
        one = words.get("one", wording.one)
        plural = words.get("many") or ("" if "one" in words else wording.plural)
        claimed, claim = words.get("claimed", wording.made), words.get("claim", wording.claim)
        return replace(wording, one=one, plural=plural, made=claimed, claim=claim)

    def in_words(self, value: float, unit: str) -> str:
        """Write a number with its unit as `seglib.style.in_words` does; "money" as an amount of money."""
        return self.money(value) if unit == "money" else in_words(value, unit, self.TIMES, self.numbers)

    def money(self, value: float, *, total: bool = False) -> str:
        """Write an amount of money: a mean with two digits or without decimals, a total without decimals.

        Examples
        --------
        >>> [ENGLISH.money(x) for x in (9.97, 25.3, 0.274, 198.4)], ENGLISH.money(9.97, total=True)
        (['10', '25', '0.27', '198'], '10')
        """
        small = not total and 0 < abs(value) < TWO_DIGITS
        number = float(f"{value:.2g}") if small else value
        spec = ",.0f" if total or number == round(number) or abs(number) >= 10 else ".1f" if abs(number) >= 1 else ".2f"
        return self.amount(self.numbers.write(number, spec))

    def amount(self, number: str) -> str:
        """Write a number that is written already as an amount of money."""
        return self._money.format(amount=number)

    def number(self, value: float) -> str:
        """Write a number as `seglib.style.format_number` does."""
        return format_number(value, self.numbers)

    def count(self, n: float) -> str:
        """Write a whole number."""
        return self.numbers.write(n, ",.0f")

    def percent(self, share: float) -> str:
        """Write a share as `seglib.style.percent` does."""
        return percent(share, self.numbers)

    def whole_percent(self, share: float | None) -> str:
        """Write a share as `seglib.style.whole_percent` does."""
        return whole_percent(share, self.numbers)

    def points(self, change: float) -> str:
        """Write a change of a share in points of a hundred: whole ones, but never 0 or 1 of what is more or less.

        Examples
        --------
        >>> [Vocabulary().points(change) for change in (0.1449, 0.016, 0.0138, 0.0034, 0.0002)]
        ['14', '2', '1.4', '0.3', '<0.1']
        """
        if 100 * change < 0.05:
            return f"<{self.numbers.write(0.1, '.1f')}"
        return self.numbers.write(100 * change, ".0f" if round(100 * change) > 1 else ".1f")

    def day(self, iso: str) -> str:
        """Write a day."""
        return long_day(iso, self.DAY, [self.MONTHS[str(number)] for number in range(1, 13)])

    def moment(self, utc: str) -> str:
        """Write a point in time (ISO format, UTC if it names no zone)."""
        when = dt.datetime.fromisoformat(utc)
        when = when.astimezone(dt.UTC) if when.tzinfo else when
        month = self.MONTHS[str(when.month)]
        fields = {"day": when.day, "dd": f"{when:%d}", "mon": month[:3], "month": month, "mm": f"{when:%m}"}
        return self.MOMENT.format(year=when.year, time=f"{when:%H:%M}", **fields)

    def glance(self, record: Any, headline: str, k: int) -> GlanceWords:
        """Return the words of the picture of the verdict.

        Parameters
        ----------
        record : GlanceRecord
        headline : str
        k : int
        """
        n, of = sum(measure.beyond for measure in record.measures), len(record.measures)
        title = self.PICTURE["none" if n == 0 else "all" if n == of else "some"]
        return GlanceWords(
            title=self.fill(title, n=n, of=of),
            alt=self.fill(self.PICTURE["alt"], headline=headline, k=k, n=n, of=of),
            caption=self.fill(
                self.PICTURE["caption"], k=k, rows=self.count(record.rows), simulated=self.count(record.simulated)
            ),
        )

    def verdict(self, record: Any) -> VerdictWords:
        """Return the verdict in words for a manager.

        Parameters
        ----------
        record : VerdictRecord or RunVerdictRecord
            Its own texts are taken where the words are those of the package. One of an earlier version names no
            keys: then the labels decide.
        """
        weakest = record.between[-1] if record.between else record.structure
        by_label = {"headline": record.structure, "meaning": record.structure, "use": record.useful}
        by_label |= {"advice": f"{weakest}, {record.useful}", "monday": f"{weakest}, {record.useful}"}

        def text(table: str, kind: str, otherwise: str) -> str:
            if not self.foreign and table not in self.changed:
                return otherwise
            key = record.keys.get(kind) or by_label[kind]
            if key not in getattr(self, table):
                return "" if self.foreign else otherwise
            features = self.join([self.name_of(name) for name in record.two_kinds])
            return self.fill(getattr(self, table)[key], features=features)

        return VerdictWords(
            headline=text("HEADLINES", "headline", record.headline),
            meaning=text("MEANING", "meaning", record.meaning),
            advice=text("ADVICE", "advice", record.advice),
            monday=text("MONDAY", "monday", record.monday),
            claim="" if self.foreign else record.claim,
            use=text("USE", "use", record.use_claim or ""),
            use_lead=text("USE", "use", record.use_lead or ""),
        )

    def customers(self, n: int) -> str:
        """Write a number of customers."""
        return self.ONE_CUSTOMER if n == 1 else self.MANY_CUSTOMERS.format(n=self.count(n))

    def join(self, items: Sequence[str], *, last: str = "") -> str:
        """Join words as in a sentence."""
        return join_words(items, last=last or self.AND)

    def name_of(self, column: str, wording: Wording | None = None) -> str:
        """Write the name of a column in words."""
        words = self.wording(wording or COUPON)
        if column in self.FEATURES:
            return self.fill(self.FEATURES[column], words)
        return words.name_of(column) if wording else humanize(column)


ENGLISH = Vocabulary()
"""The words of the package as they are."""
