"""Database URLs: what may be written down of them, and where the rest comes from.

A URL can hold a password. What a run records (parameters, notebooks, run.json) is the URL as `recorded` gives it; the
runner hands the whole one to its notebooks in the environment variable `VARIABLE` and nowhere else. Better still is a
URL that holds none: ``postgresql://me:${SHOP_PASSWORD}@host/shop`` is filled from the environment, and a driver's own
ways (``PGPASSWORD``, ``~/.pgpass``) work too.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from seglib.errors import InputRefused

VARIABLE = "SEGLIB_SOURCE_URL"
"""Environment variable with the whole URL of a source that is recorded without its credentials."""

PATHS = ("source", "mapping", "names_file", "words_file", "labels")
"""Parameters that may be paths."""

_SCHEME = re.compile(r"\s*[A-Za-z][\w+]+://")  # two letters at least: "C:" is a drive
_FILE = re.compile(r"(?P<scheme>sqlite[\w+]*)://(?P<path>/[^?]*)?(?P<query>\?.*)?", re.S)
_SERVER = re.compile(
    r"(?P<scheme>[A-Za-z][\w+]+)://"
    r"(?:(?P<user>[^:/?@]*)(?::(?P<password>[^?@]*))?@)?"
    r"(?P<place>(?:\[[0-9A-Fa-f:.]+\]|[^\[\]:/?@]*)(?::(?:\d*|\$\{\w+\}))?)"
    r"(?P<path>/[^?@]*)?(?P<query>\?[^@]*)?",
    re.S,
)
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_PLACEHOLDERS = re.compile(r"(\$\{\w+\})+")
_PLACEHOLDER_QUERY = re.compile(r"\?\w+=(\$\{\w+\})+(&\w+=(\$\{\w+\})+)*")
_LOOKS_SECRET = re.compile(r"(?![a-z]:[\\/]).*:.*@|.*\b(password|pwd)\s*=", re.S | re.I)


def is_url(source: str) -> bool:
    r"""Say whether a source is a URL, and not a path or a name.

    Examples
    --------
    >>> is_url("postgresql://host/shop"), is_url("sqlite:///shop.db")
    (True, True)
    >>> is_url("shop.xlsx"), is_url(r"C:\shop"), is_url("C://shop")
    (False, False, False)
    """
    return bool(_SCHEME.match(source))


def recorded(source: str) -> str:
    """Return what may be written down of a source: no user, no password, no query, unless they are placeholders.

    Raises
    ------
    InputRefused
        If the URL cannot be read, so that it is not clear where its password ends. The message does not repeat it.

    Examples
    --------
    >>> recorded("postgresql://me:secret@host:5432/shop?sslmode=require")
    'postgresql://host:5432/shop'
    >>> recorded("postgresql://me:${SHOP_PASSWORD}@host/shop")
    'postgresql://me:${SHOP_PASSWORD}@host/shop'
    >>> recorded("shop.xlsx")
    'shop.xlsx'
    """
    if not is_url(source):
        return shown(source)
    url = _split(source)
    login = f"{url['user']}:{url['password']}@" if url["password"] else f"{url['user']}@"
    login = login if _PLACEHOLDERS.fullmatch(url["password"] or url["user"]) else ""
    query = url["query"] if _PLACEHOLDER_QUERY.fullmatch(url["query"]) else ""
    return f"{url['scheme']}://{login}{url['place']}{url['path']}{query}"


def without_folder(name: str, value: Any) -> Any:
    """Return the value of a parameter for a page: of a path to somewhere else the last part, everything else as it is.

    Examples
    --------
    >>> without_folder("source", "/home/me/shop.xlsx"), without_folder("mapping", "../params/ours.yaml")
    ('shop.xlsx', 'ours.yaml')
    >>> without_folder("source", "data/shop.xlsx"), without_folder("source", "sqlite:///shop.db")
    ('data/shop.xlsx', 'sqlite:///shop.db')
    """
    if name not in PATHS or not isinstance(value, str) or is_url(value):
        return value
    return Path(value).name if Path(value).is_absolute() or value.startswith(("..", "~")) else value


def shown(source: str) -> str:
    """Return a source without anything that concerns who connects; a path or a name as it is.

    Examples
    --------
    >>> shown("postgresql://me:${SHOP_PASSWORD}@host/shop")
    'postgresql://host/shop'
    """
    if is_url(source):
        url = _split(source)
        return f"{url['scheme']}://{url['place']}{url['path']}"
    if _LOOKS_SECRET.match(source) and not os.path.exists(source):
        raise InputRefused(
            "the source is neither a path nor a database URL, and seems to hold a password (so it is not repeated "
            "here); a URL reads postgresql://user:password@host/database"
        )
    return source


def whole(url: str) -> str:
    """Return the URL with everything in it, where it was `recorded` without: from the environment variable `VARIABLE`.

    A URL that is complete by itself comes back as it is.
    """
    in_environment = os.environ.get(VARIABLE, "")
    return in_environment if is_url(in_environment) and recorded(in_environment) == url else url


def filled(url: str) -> str:
    """Replace every ``${NAME}`` by the environment variable of that name, escaped as its place in the URL needs it.

    Raises
    ------
    InputRefused
        If a variable is not set, or the URL cannot be read. No message repeats a value.
    """
    parts = _split(url)
    for name in _PLACEHOLDER.findall(url):
        if name not in os.environ:
            raise InputRefused(f"the source needs the environment variable {name}, which is not set")

    def with_values(part: str, escape: bool = True) -> str:
        return _PLACEHOLDER.sub(lambda m: quote(os.environ[m[1]], safe="") if escape else os.environ[m[1]], parts[part])

    place = with_values("place", escape=False)  # a host is never escaped
    user, password = with_values("user"), with_values("password")
    login = f"{user}:{password}@" if password else f"{user}@"
    if not user and not password:
        login = ""
    url = f"{with_values('scheme')}://{login}{place}{with_values('path')}{with_values('query')}"
    _split(url)  # a value may have broken it
    return url


def secrets(url: str) -> set[str]:
    """Return the secret parts of a filled URL: the password (the user, where there is none) and the query."""
    parts = _split(url)
    return {unquote(parts["password"] or parts["user"]), *(value for _, value in parse_qsl(parts["query"][1:]))} - {""}


def _split(url: str) -> dict[str, str]:
    """Return the parts of a URL: scheme, user, password, place, path, query; empty where it has none."""
    url = url.strip()
    match = (_FILE if url.startswith("sqlite") else _SERVER).fullmatch(url)
    if not match:
        raise InputRefused(
            "the database URL cannot be read (it is not repeated here, as it may hold a password); it is written "
            "postgresql://user:password@host:port/database, with '@', ':', '/', '?' and '%' in user or password as "
            "%40, %3A, %2F, %3F and %25"
        )
    return dict.fromkeys(("user", "password", "place"), "") | match.groupdict(default="")
