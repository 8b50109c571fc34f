"""The parameters of a notebook: what its cell declares, and whether values fit.

A line of the cell tagged ``parameters`` reads ``name: type = default  # what it means``. The type is ``str``,
``int``, ``float`` or ``bool``; a default of None means that the parameter may be left out. Words in brackets in the
comment limit the values:

- ``(one of: a, b)``: one of these;
- ``(a day)``: a day such as 2026-06-30;
- ``(a file)``: the path of a file;
- ``(at least 2)``, ``(0 to 1)``, ``(2 to k_max)``: numbers in these bounds, which may be other parameters.

The same declarations are used by the command line, before anything runs, and in a notebook that is run by hand, when it
opens its run (`check_notebook`).
"""

from __future__ import annotations

import ast
import contextlib
import datetime as dt
import io
import math
import operator
import re
import sys
import tokenize
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from seglib.errors import ParameterRefused
from seglib.run.words import read_vocabulary
from seglib.schema.days import EXAMPLE, iso_day
from seglib.schema.files import find_file, looked_for_in
from seglib.schema.yaml_files import shortened_value
from seglib.style import did_you_mean

TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}

_ARTICLE = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
_CHOICES = re.compile(r"\(one of: ([^)]*)\)")
_BOUNDS = re.compile(r"\((?:at least (?P<least>[^\s)]+)|(?P<low>-?[\w.]+) to (?P<high>-?[\w.]+))\)")


def _shown(value: Any) -> str:
    """Write a wrong value for a message: a text or a number as it is, if it is short, of anything else what it is."""
    is_plain = isinstance(value, str | int | float | bool)
    return shortened_value(repr(value) if is_plain else value)


READ_FIRST: dict[str, Callable[[str], Any]] = {"words_file": read_vocabulary}
"""Files that are read before anything runs, by their parameter: a mistake in them is found at once."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook."""

    name: str
    type: type
    default: Any
    help: str

    @property
    def choices(self) -> list[str]:
        """The allowed values, or nothing if all are."""
        listed = _CHOICES.search(self.help)
        return [choice.strip() for choice in listed[1].split(",")] if listed else []

    @property
    def is_day(self) -> bool:
        """Whether it is a day."""
        return "(a day)" in self.help

    @property
    def is_file(self) -> bool:
        """Whether it is the path of a file."""
        return "(a file)" in self.help

    @property
    def bounds(self) -> tuple[float | str, float | str]:
        """The least and the greatest value: numbers, or names of other parameters."""
        listed = _BOUNDS.search(self.help) if self.type in (int, float) else None
        if listed is None:
            return -math.inf, math.inf
        return _bound(listed["least"] or listed["low"]), _bound(listed["high"] or "inf")

    def check(self, value: Any) -> Any:
        """Return a value (text from the command line, or as YAML gives it) in the parameter's type.

        Raises
        ------
        ParameterRefused
            If it is not of that type, not one of the choices, no day where one is needed, or out of its bounds.
        """
        says_none = isinstance(value, str) and value.lower() == "none"
        if self.default is None and (value is None or says_none):
            return None
        if value is None or (says_none and self.type is not str):  # a run may be called "none"
            raise ParameterRefused(
                f"parameter '{self.name}' cannot be left empty; its default is {self.default!r}", parameter=self.name
            )
        typed = self._read(value)
        if typed is None:
            raise self._refused(_ARTICLE[self.type], value)
        if self.choices and typed not in self.choices:
            raise self._refused(f"one of {', '.join(self.choices)}", value, did_you_mean(str(typed), self.choices))
        if self.is_day and iso_day(typed) is None:
            raise self._refused(f"a day such as {EXAMPLE}", value)
        self._refuse_out_of_bounds(typed, {})
        return typed

    def check_in_notebook(self, value: Any) -> None:
        """Check a value as it stands in a notebook, where a text that could be read as a number is not one.

        Raises
        ------
        ParameterRefused
            As in `check`.
        """
        typed = self.check(value)
        if value is not None and type(typed) is not type(value) and not (self.type is float and type(value) is int):
            raise self._refused("None" if typed is None else _ARTICLE[self.type], value)

    def check_beside(self, values: Mapping[str, Any]) -> None:
        """Check its value where a bound is the value of another parameter.

        Parameters
        ----------
        values : mapping of str to Any
            Of all parameters of the notebook, each in its type.

        Raises
        ------
        ParameterRefused
        """
        self._refuse_out_of_bounds(values.get(self.name), values)

    def refuse_missing_file(self, value: Any) -> None:
        """Refuse the path of a file that is not there, or that says what cannot be (`READ_FIRST`).

        The message says in which folders it was looked for.

        Raises
        ------
        ParameterRefused
        """
        if not self.is_file or value is None:
            return
        if not find_file(value).is_file():
            raise ParameterRefused(
                f"{self.name.removesuffix('_file')} file '{value}' does not exist{looked_for_in(value)}",
                parameter=self.name,
            )
        if self.name in READ_FIRST:
            READ_FIRST[self.name](value)

    def _refused(self, what: str, value: Any, hint: str = "") -> ParameterRefused:
        return ParameterRefused(f"parameter '{self.name}' is {what}, not {_shown(value)}{hint}", parameter=self.name)

    def _refuse_out_of_bounds(self, value: Any, values: Mapping[str, Any]) -> None:
        """Refuse a number out of its bounds; a bound that is the name of a parameter without a value does not count."""
        if value is None or self.type not in (int, float):
            return
        least, most = self.bounds
        for bound, is_beyond, word in ((least, operator.lt, "least"), (most, operator.gt, "most")):
            limit = values.get(bound) if isinstance(bound, str) else bound
            if limit is not None and is_beyond(value, limit):
                names = (self.name, bound) if isinstance(bound, str) else (self.name,)
                limit_in_words = f"{bound} = {limit}" if isinstance(bound, str) else f"{limit:g}"
                raise ParameterRefused(
                    f"parameter '{self.name}' is at {word} {limit_in_words}, not {value!r}", parameter=names
                )

    def _read(self, value: Any) -> Any:
        """Return a value in the parameter's type; None if it is not of that type."""
        if self.type is bool:
            return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).lower())
        if self.type is str:
            if isinstance(value, dt.date):  # YAML reads 2024-07-14 as a date
                return value.isoformat()
            return value if isinstance(value, str) else None
        if isinstance(value, bool):
            return None
        try:
            number = float(value)
        except (TypeError, ValueError):
            return None
        if self.type is int:
            return int(value) if re.fullmatch(r"[+-]?\d+", str(value)) else None
        return number if math.isfinite(number) else None


def declared_in(source: str) -> dict[str, Parameter]:
    """Read the parameters that a cell declares.

    Parameters
    ----------
    source : str
        The text of a cell. A line that declares no parameter, or whose default is computed, is passed over.
    """
    comments = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    parameters = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            name, kind = node.target.id, TYPES.get(ast.unparse(node.annotation))
            with contextlib.suppress(ValueError):  # a default that is computed
                default = ast.literal_eval(node.value)
                if kind is not None:
                    parameters[name] = Parameter(name, kind, default, comments.get(node.end_lineno, ""))
    return parameters


def check_together(parameters: Mapping[str, Parameter], values: Mapping[str, Any]) -> None:
    """Check values of one notebook beside each other, such as ``k`` beside ``k_max``.

    Raises
    ------
    ParameterRefused
    """
    for parameter in parameters.values():
        parameter.check_beside(values)


def list_unknown(names: Iterable[str], choices: Iterable[str]) -> str:
    """Return names that do not exist, each with the nearest one that does.

    Examples
    --------
    >>> list_unknown(["kk", "colour"], ["k", "k_max"])
    "'kk' (did you mean 'k'?) or 'colour'"
    """
    choices = list(choices)
    return " or ".join(f"'{name}'{did_you_mean(name, choices)}" for name in names)


def notebook_parameters() -> dict[str, tuple[Parameter, Any]]:
    """Return the parameters of the notebook in whose kernel this is called, each with its value of now.

    The cell that declares them is the last one run that gives ``run`` a type. Values that were set afterwards, as
    papermill does, count.

    Returns
    -------
    dict of str to (Parameter, Any)
        Empty outside of a notebook, in one without such a cell, and where the front end keeps no history.
    """
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    names = shell.user_ns if shell is not None else {}
    for source in reversed(names.get("In", [])):
        if "run" in source:
            try:
                parameters = declared_in(source)
            except (SyntaxError, ValueError, tokenize.TokenError):  # not Python, as a cell with a magic is not
                continue
            if "run" in parameters:
                return {name: (p, names.get(name, p.default)) for name, p in parameters.items()}
    return {}


def check_notebook() -> None:
    """Check the parameters of the notebook in whose kernel this is called, as the command line checks them.

    Does nothing elsewhere.

    Raises
    ------
    ParameterRefused
    """
    parameters = notebook_parameters()
    for parameter, value in parameters.values():
        parameter.check_in_notebook(value)
        parameter.refuse_missing_file(value)
    check_together(
        {name: parameter for name, (parameter, _) in parameters.items()},
        {name: value for name, (_, value) in parameters.items()},
    )


def _bound(text: str) -> float | str:
    """Return a bound: a number, or else the name of a parameter."""
    try:
        return float(text)
    except ValueError:
        return text
