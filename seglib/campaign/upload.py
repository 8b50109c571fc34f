"""08 From a list of ids to the file that an advertising or mailing platform takes: joined with addresses of the shop.

Addresses pass through here on their way from one file to another. They are in no artefact, report, log, error message
or representation of an object: what is said of them are numbers.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from seglib.campaign.lists import CONTROL, ID, SEGMENT, CampaignLists
from seglib.errors import InputRefused, ParameterRefused
from seglib.schema.files import find_file
from seglib.schema.formulas import unguarded
from seglib.style import did_you_mean, join_words

EMAIL, PHONE = "email", "phone"

FEWEST = 100
"""Rows of an upload: Meta asks for lists of 100 people at least, Google shows ads to no fewer, and the members of a
shorter list can be recognised."""

CONSENTS = ("yes", "y", "true", "t", "1", "1.0", "subscribed", "opted_in", "opted in")
"""What stands for consent; every other word, and an empty cell, does not."""

_AN_EMAIL = re.compile(r"[^\W][^@\s,;<>\"()]*@[^@\s,;<>\"()]+\.[^\W\d_]{2,}", re.ASCII)
_BETWEEN_DIGITS = re.compile(r"[\s().\-/]")
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_GMAIL = ("gmail.com", "googlemail.com")


@dataclass(frozen=True)
class Platform:
    """What a platform takes.

    Attributes
    ----------
    name : str
    headers : mapping of str to str
        The headers of the columns that are written, in their order, by what they hold: email, phone, customer_id.
    hashed : bool
        Whether e-mail and phone are hashed: SHA-256 of the text in UTF-8, in lower-case hexadecimal digits.
    plus : bool
        Whether a phone number keeps the plus sign before its country code.
    without_gmail_dots : bool
        Whether dots, and all from a plus sign on, are left out of the first part of an address of Gmail.
    needs_email : bool
        Whether a row without an e-mail address is of no use.
    """

    name: str
    headers: Mapping[str, str]
    hashed: bool = False
    plus: bool = True
    without_gmail_dots: bool = False
    needs_email: bool = False


PLATFORMS = {
    "google": Platform("Google Customer Match", {EMAIL: "Email", PHONE: "Phone"}, True, without_gmail_dots=True),
    "meta": Platform("Meta customer list", {EMAIL: "email", PHONE: "phone"}, True, plus=False),
    "braze": Platform("Braze", {ID: "external_id", EMAIL: "email", PHONE: "phone"}),
    "klaviyo": Platform("Klaviyo", {EMAIL: "Email", PHONE: "Phone Number"}),
    "mailchimp": Platform("Mailchimp", {EMAIL: "Email Address"}, needs_email=True),
}
"""By the name in the command.

Headers and forms as the platforms' own pages give them: Google, support.google.com/google-ads/answer/7659867 (headers)
and developers.google.com/data-manager/api/devguides/concepts/formatting (lower case, no blanks, E.164, SHA-256, Gmail);
Meta, facebook.com/business/help/2082575038703844 (headers, lists of fewer than 100) and its pages for developers on
customer information parameters (digits of a phone number only, with country code, SHA-256); Braze,
braze.com/docs/user_guide (CSV import: headers in lower case; external_id, email, and phone in E.164); Klaviyo,
help.klaviyo.com/hc/en-us/articles/360043841811 (Email, Phone Number, E.164); Mailchimp,
mailchimp.com/help/format-guidelines-for-your-import-file (an e-mail address is required; columns are matched to fields
by hand). Mailchimp takes numbers for text messages in an import of its own, with a consent of its own
(mailchimp.com/help/import-sms-marketing-contacts), and how other numbers are to be written depends on the account: so
no phone number is written for it.
"""


@dataclass(frozen=True)
class AddressColumns:
    """What the columns of an address file are called; upper and lower case are the same."""

    customer: str = ID
    email: str = EMAIL
    phone: str = PHONE
    consent: str = "consent"


@dataclass(frozen=True)
class Upload:
    """What is uploaded.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per customer, with the headers of the platform. It holds addresses, or their hashes: it is not shown.
    platform : Platform
    notes : tuple of str
        Who was left out, and why: numbers only.
    """

    table: pd.DataFrame = field(repr=False)
    platform: Platform
    notes: tuple[str, ...]

    @property
    def text(self) -> str:
        """How many customers are in the file, and who was left out."""
        form = "e-mail and phone as SHA-256" if self.platform.hashed else "addresses as plain text"
        return " ".join([f"{len(self.table):,} customers for {self.platform.name}, {form}.", *self.notes])

    def to_csv(self) -> str:
        """Return the file, as the platform reads it."""
        return self.table.to_csv(index=False, lineterminator="\r\n")


def make_upload(
    lists: CampaignLists,
    addresses: str | Path,
    *,
    platform: str,
    columns: AddressColumns | None = None,
    segments: Sequence[str] = (),
) -> Upload:
    """Join the customers who get the offer with their addresses.

    Parameters
    ----------
    lists : CampaignLists
        Customers of the control group, and those who are held out of every campaign, are never written.
    addresses : str or Path
        A CSV file, one row per customer: an id, whether they agreed to be written to, e-mail, phone or both.
    platform : str
        One of `PLATFORMS`.
    columns : AddressColumns, optional
        What the columns are called.
    segments : sequence of str, optional
        Letters; default: all segments that have a list.

    Returns
    -------
    Upload

    Raises
    ------
    ParameterRefused
        If there is no such platform or segment.
    InputRefused
        If the address file cannot be read, a column is missing, a customer is in it twice, or fewer than `FEWEST`
        customers are left.

    Notes
    -----
    E-mail: without blanks around it, in lower case. Phone: only where it has its country code (a plus sign, or 00),
    which nobody can guess; brackets, blanks, dots and hyphens are left out.
    """
    if platform not in PLATFORMS:
        raise ParameterRefused(
            f"there is no platform '{platform}'{did_you_mean(platform, PLATFORMS)}; there are: "
            f"{join_words([*PLATFORMS])}",
            parameter="platform",
        )
    target = PLATFORMS[platform]
    present = list(lists.by_segment[SEGMENT])
    for letter in segments:
        if letter not in present:
            raise ParameterRefused(
                f"there is no list of segment '{letter}'; there are: {join_words(present)}", parameter="segment"
            )
    send = lists.table.loc[~lists.table[CONTROL] & lists.table[SEGMENT].isin(segments or present), ID]
    by_customer = _read(find_file(addresses), columns or AddressColumns())
    notes = []

    def leave_out(rows: pd.DataFrame, stays: pd.Series, why: str) -> pd.DataFrame:
        if n := int((~stays).sum()):
            notes.append(f"{n:,} left out: {why}.")
        return rows[stays]

    rows = by_customer.reindex(send).rename_axis(ID).reset_index()
    rows = leave_out(rows, rows["consent"].notna(), "not in the address file")
    rows = leave_out(
        rows, rows["consent"].str.strip().str.casefold().isin(CONSENTS), "they did not agree to be written to"
    )
    email = rows[EMAIL].map(lambda text: _email(text, target))
    phone = rows[PHONE].map(lambda text: _phone(text, target))
    for name, written in ((EMAIL, email), (PHONE, phone)):
        if name not in target.headers:
            if (written != "").any():
                notes.append(f"{target.name} takes a {name} number with its own consent: none is in the file.")
            continue
        unfit = int(((rows[name].str.strip() != "") & (written == "")).sum())
        if unfit:
            why = "no e-mail address" if name == EMAIL else "no phone number with its country code"
            notes.append(f"{unfit:,} entries of {name} left empty: {why}.")
    rows = rows.assign(**{EMAIL: email, PHONE: phone})
    if target.needs_email:
        rows = leave_out(rows, rows[EMAIL] != "", "no e-mail address that can be used")
    else:
        rows = leave_out(rows, (rows[EMAIL] != "") | (rows[PHONE] != ""), "no address that can be used")
    if len(rows) < FEWEST:
        raise InputRefused(
            f"{len(rows):,} customers would be in the file for {target.name}, and it takes {FEWEST} at least: in a "
            f"shorter list single persons can be recognised, and platforms refuse it. {' '.join(notes)}".strip()
        )
    if target.hashed:
        rows = rows.assign(**{name: rows[name].map(_sha256) for name in (EMAIL, PHONE)})
    table = rows[[*target.headers]].rename(columns=dict(target.headers)).reset_index(drop=True)
    return Upload(table, target, tuple(notes))


def _read(file: Path, columns: AddressColumns) -> pd.DataFrame:
    """Return email, phone and consent as text, by customer. No message repeats anything of what is in the file."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        header = text.partition("\n")[0]
        table = pd.read_csv(
            file, sep=max(",;\t", key=header.count), dtype=str, keep_default_na=False, encoding="utf-8-sig"
        )
    except FileNotFoundError:
        raise InputRefused(f"the address file '{file.name}' does not exist") from None
    except (OSError, ValueError):
        raise InputRefused(
            f"the address file '{file.name}' cannot be read: it is a CSV file in UTF-8 with a line of headers"
        ) from None
    names = {str(name).strip().casefold(): name for name in table.columns}

    def column(name: str) -> pd.Series | None:
        place = names.get(name.strip().casefold())
        return None if place is None else table[place]

    customer, consent = column(columns.customer), column(columns.consent)
    for option, name, values in (("--id", columns.customer, customer), ("--consent", columns.consent, consent)):
        if values is None:
            raise InputRefused(
                f"the address file '{file.name}' has no column '{name}': name the one that it has with {option}"
            )
    email, phone = column(columns.email), column(columns.phone)
    if email is None and phone is None:
        raise InputRefused(
            f"the address file '{file.name}' has neither a column '{columns.email}' nor '{columns.phone}': name one "
            "with --email or --phone"
        )
    nothing = pd.Series("", table.index)
    by_customer = pd.DataFrame(
        {
            EMAIL: nothing if email is None else email,
            PHONE: nothing if phone is None else phone,
            "consent": consent,
        }
    ).set_axis(customer.str.strip().map(unguarded), axis="index")
    if n_twice := int(by_customer.index.duplicated().sum()):
        raise InputRefused(
            f"the address file '{file.name}' has {n_twice:,} rows of customers who have another row: leave one row for "
            "each, so that it is clear what they agreed to"
        )
    return by_customer


def _email(text: str, platform: Platform) -> str:
    """Write an e-mail address as the platform asks for it; empty where it is none.

    >>> _email(" Mary.Smith+news@GMail.com ", PLATFORMS["google"]), _email(" Mary@Example.com", PLATFORMS["braze"])
    ('marysmith@gmail.com', 'mary@example.com')
    """
    address = text.strip().lower()
    if not _AN_EMAIL.fullmatch(address):
        return ""
    person, _, domain = address.partition("@")
    if platform.without_gmail_dots and domain in _GMAIL:
        person = person.partition("+")[0].replace(".", "")
        return f"{person}@{domain}" if person else ""
    return address


def _phone(text: str, platform: Platform) -> str:
    """Write a phone number as the platform asks for it; empty where it has no country code.

    >>> _phone("+1 (800) 555-0100", PLATFORMS["google"]), _phone("0044 20 7183 8750", PLATFORMS["meta"])
    ('+18005550100', '442071838750')
    >>> _phone("020 7183 8750", PLATFORMS["meta"])
    ''
    """
    number = _BETWEEN_DIGITS.sub("", text.strip().replace("(0)", ""))
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if not _E164.fullmatch(number):
        return ""
    return number if platform.plus else number.removeprefix("+")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest() if text else ""
