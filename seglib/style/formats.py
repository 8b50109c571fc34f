"""How numbers, shares and times are written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class NumberForm:
    """How numbers are written in a language.

    Attributes
    ----------
    decimal, thousands : str
        The signs before decimals, and between thousands.
    percent : str
        A share in per cent, with the field ``n``.
    """

    decimal: str = "."
    thousands: str = ","
    percent: str = "{n}%"

    def write(self, value: float, spec: str) -> str:
        """Write a number in this form.

        Parameters
        ----------
        value : float
        spec : str
            As `format` takes it; with "%" a share becomes per cent.

        Examples
        --------
        >>> NumberForm(",", ".", "{n} %").write(1234.5, ",.1f"), NumberForm(",", ".", "{n} %").write(0.125, ".1%")
        ('1.234,5', '12,5 %')
        >>> NumberForm().write(1234.5, ",.1f"), NumberForm().write(0.125, ".1%")
        ('1,234.5', '12.5%')
        """
        text = format(value, spec)
        number = text.removesuffix("%").translate({ord("."): self.decimal, ord(","): self.thousands})
        return self.percent.format(n=number) if text.endswith("%") else number


ENGLISH_NUMBERS = NumberForm()


def p_value(p: float) -> str:
    """Write a p-value as papers do, without the zero before the point: ``p = .03``, ``p < .001``.

    Examples
    --------
    >>> p_value(0.031), p_value(1e-9), p_value(0.5)
    ('p = .031', 'p < .001', 'p = .50')
    """
    if p < 0.001:
        return "p < .001"
    digits = 3 if p < 0.1 else 2
    return f"p = {p:.{digits}f}".replace("0.", ".", 1)


DAYS_A_MONTH = 365.25 / 12

LONG_DAYS, SELDOM = 60, 0.75
"""From so many days on `in_words` gives months; up to so many a month it gives the time between two."""


def format_number(value: float, form: NumberForm = ENGLISH_NUMBERS) -> str:
    """Write a number of any size: large ones without decimals.

    Examples
    --------
    >>> format_number(1.234), format_number(12.7), format_number(41234.5)
    ('1.23', '13', '41,234')
    """
    return form.write(value, ".2f" if abs(value) < 10 else ",.0f")


def counted(n: int, noun: str) -> str:
    """Write a number with its noun, in the plural unless it is one.

    Examples
    --------
    >>> counted(1, "customer"), counted(1200, "customer"), counted(0, "row")
    ('1 customer', '1,200 customers', '0 rows')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def measured(value: float, unit: str, form: NumberForm = ENGLISH_NUMBERS) -> str:
    """Write a number with its unit, one of those that `seglib.interpretation.profile` uses.

    Parameters
    ----------
    value : float
    unit : str
        Shares (also "0 or 1") become per cent, days are rounded, "number" is left out.
    form : NumberForm, optional

    Examples
    --------
    >>> measured(0.903, "share"), measured(0.19, "0 or 1"), measured(9.05, "days"), measured(0.588, "coupons a month")
    ('90%', '19%', '9 days', '0.59 coupons a month')
    >>> measured(41234.5, "number")
    '41,234'
    """
    if unit in ("share", "0 or 1"):
        return form.write(value, ".0%")
    if unit == "days":
        return f"{form.write(value, ',.0f')} days"
    number = format_number(value, form)
    return number if unit == "number" else f"{number} {unit}"


TIMES: dict[str, str] = {
    "days": "{n} days",
    "months": "{n} months",
    "years": "{n} years",
    "a month": "{n} a month",
    "seldom": "1 in {n} months",
}
"""How times and rates are written by `in_words`; "seldom" is a rate, by the months between two events."""


def in_words(value: float, unit: str, times: Mapping[str, str] = TIMES, form: NumberForm = ENGLISH_NUMBERS) -> str:
    """Write a number for somebody who reads no tables: long times in months or years, rare events by how rare.

    Parameters
    ----------
    value : float
    unit : str
        "days": from 60 on, months of 30.4 days, from 24 months on, years. "a month": of less than 3 in 4 months, the
        time between two. Others as `measured` writes them.
    times : mapping of str to str, optional
        Templates with the field ``n``, by the keys of `TIMES`.
    form : NumberForm, optional

    Examples
    --------
    >>> in_words(59, "days"), in_words(427, "days"), in_words(846, "days")
    ('59 days', '14 months', '2.3 years')
    >>> in_words(0.11, "a month"), in_words(0.59, "a month"), in_words(2.82, "a month")
    ('1 in 9 months', '1 in 1.7 months', '2.8 a month')
    >>> in_words(0.9, "share"), in_words(30.2, "number")
    ('90%', '30')
    """
    if unit == "days" and abs(value) >= LONG_DAYS:
        months = value / DAYS_A_MONTH
        if round(months) < 24:
            return times["months"].format(n=form.write(months, ".0f"))
        return times["years"].format(n=form.write(months / 12, ".1f"))
    if unit == "days":
        return times["days"].format(n=form.write(value, ",.0f"))
    if unit == "a month":
        if not 0 < value < SELDOM:
            return times["a month"].format(n=form.write(value, ".1f"))
        between = 1 / value
        return times["seldom"].format(n=form.write(between, ".1f" if between < 3 else ",.0f"))
    return measured(value, unit, form)


MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


LONG_DAY = "{day} {month} {year}"
"""How a day is written: ``day`` is its number, ``dd`` with two digits, ``month`` a name, ``mm`` a number."""


def long_day(iso: str, form: str = LONG_DAY, months: Sequence[str] = MONTHS) -> str:
    """Write a day with the name of its month; what is no ISO date, as it stands.

    Parameters
    ----------
    iso : str
    form : str, optional
        As `LONG_DAY`.
    months : sequence of str, optional
        Their twelve names.

    Examples
    --------
    >>> long_day("2026-06-30"), long_day("soon"), long_day("2026-06-30", "{dd}.{mm}.{year}")
    ('30 June 2026', 'soon', '30.06.2026')
    """
    try:
        day = dt.date.fromisoformat(iso[:10])
    except ValueError:
        return iso
    parts = {"day": day.day, "dd": f"{day.day:02}", "mm": f"{day.month:02}", "year": day.year}
    return form.format(month=months[day.month - 1], **parts)


def moment(utc: str | dt.datetime) -> str:
    """Write a point in time in UTC.

    Parameters
    ----------
    utc : str or datetime
        ISO format; a time without a zone is taken as UTC.

    Examples
    --------
    >>> moment("2026-11-24T22:39:22+00:00"), moment("2026-11-24T23:39:22+01:00")
    ('24 Nov 2026, 22:39 UTC', '24 Nov 2026, 22:39 UTC')
    """
    when = dt.datetime.fromisoformat(utc) if isinstance(utc, str) else utc
    when = when.astimezone(dt.UTC) if when.tzinfo else when
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[when.month - 1]
    return f"{when.day} {month} {when.year}, {when:%H:%M} UTC"


def percent(share: float, form: NumberForm = ENGLISH_NUMBERS) -> str:
    """Write a share in per cent; a small one is never written 0.0%, and one below 1 never 100.0%.

    Examples
    --------
    >>> percent(0.25), percent(0.00001), percent(0.99999), percent(1)
    ('25.0%', '<0.1%', '>99.9%', '100.0%')
    """
    if 0 < share < 0.0005:
        return f"<{form.write(0.001, '.1%')}"
    return f">{form.write(0.999, '.1%')}" if 0.9995 <= share < 1 else form.write(share, ".1%")


def whole_percent(share: float | None, form: NumberForm = ENGLISH_NUMBERS) -> str:
    """Write a share in whole per cent, a dash where there is none.

    >>> whole_percent(0.442), whole_percent(None), whole_percent(0.001), whole_percent(0.9999)
    ('44%', '–', '<0.5%', '>99.5%')
    """
    if share is None:
        return "–"
    if 0 < share < 0.005:
        return f"<{form.write(0.005, '.1%')}"
    return f">{form.write(0.995, '.1%')}" if 0.995 < share < 1 else form.write(share, ".0%")


def duration(seconds: float) -> str:
    """Write how long something took.

    Parameters
    ----------
    seconds : float

    Examples
    --------
    >>> duration(8.04), duration(75), duration(7384)
    ('8 s', '1 min 15 s', '2 h 3 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
