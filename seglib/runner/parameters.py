"""The parameters of the notebooks: where their defaults live, and how they are overridden.

A notebook's cell tagged ``parameters`` is the only home of a default. A parameter file (YAML, ``name: value``)
overrides it, and the command line overrides that. Names and types are checked before anything runs.

A line of that cell reads ``name: type = default  # what it means``. The type is ``str``, ``int``, ``float`` or
``bool``; a default of None means that the parameter may be left out; ``(one of: a, b)`` in the comment limits
the values.
"""

from __future__ import annotations

import ast
import datetime as dt
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from seglib.errors import ParameterRefused
from seglib.schema.renamed import RENAMED_PARAMETERS
from seglib.style import did_you_mean

TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice: YAML would take the last one, without a word."""

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise yaml.composer.ComposerError(None, None, f"'{twice}' is given twice", node.start_mark)
        return node


_ARTICLE = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
_CHOICES = re.compile(r"\(one of: ([^)]*)\)")


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

    def check(self, value: Any) -> Any:
        """Return a value (text from the command line, or as YAML gives it) in the parameter's type.

        Raises
        ------
        ParameterRefused
            If it is not of that type, or not one of the choices.
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
            raise ParameterRefused(
                f"parameter '{self.name}' is {_ARTICLE[self.type]}, not {value!r}", parameter=self.name
            )
        if self.choices and typed not in self.choices:
            raise ParameterRefused(
                f"parameter '{self.name}' is one of {', '.join(self.choices)}, not {value!r}", parameter=self.name
            )
        return typed

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


def declared(notebook: Path) -> dict[str, Parameter]:
    """Read the parameters that a notebook declares.

    Parameters
    ----------
    notebook : Path
        An ``.ipynb`` file with one cell tagged ``parameters``.

    Returns
    -------
    dict of str to Parameter
    """
    with _without_address_grammar():
        from papermill import inspect_notebook

    return {
        name: Parameter(name, TYPES[p["inferred_type_name"]], ast.literal_eval(p["default"]), p["help"])
        for name, p in inspect_notebook(notebook).items()
    }


@contextmanager
def _without_address_grammar() -> Iterator[None]:
    """Import something that imports jsonschema, as papermill and nbformat do, without two seconds of waiting.

    If the package rfc3987_syntax is installed (JupyterLab brings it along), jsonschema imports it for checking web
    addresses, and it compiles a grammar at import. No notebook format has such a check. jsonschema does without it
    where it is missing, so it is made to look missing while jsonschema is imported for the first time; afterwards
    everybody can import it again.
    """
    name = "rfc3987_syntax"
    if name in sys.modules or "jsonschema" in sys.modules:
        yield
        return
    sys.modules[name] = None
    try:
        yield
    finally:
        del sys.modules[name]


def with_new_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Replace names of parameters that have changed since the last version (`RENAMED_PARAMETERS`).

    Each old name gets a note on standard error.

    Parameters
    ----------
    values : mapping of str to Any
        Of one origin: the command line, a section of a parameter file, or the record of an earlier run.

    Raises
    ------
    ParameterRefused
        If both names are given.

    Examples
    --------
    >>> with_new_names({"k": 3, "drop_correlated": False})
    {'k': 3, 'drop_correlated': False}
    """
    new_names = {}
    for name, value in values.items():
        new = RENAMED_PARAMETERS.get(name, name)
        if new != name:
            if new in values:
                raise ParameterRefused(
                    f"'{name}' is now called '{new}', and both are given: keep '{new}'", parameter=(name, new)
                )
            print(f"seglib: '{name}' is now called '{new}'; the old name works until the next version", file=sys.stderr)
        new_names[new] = value
    return new_names


def read_file(path: Path) -> dict[str, Any]:
    """Read a parameter file.

    Raises
    ------
    ParameterRefused
        If there is none, it is not a mapping of names to values, or a name is given twice.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ParameterRefused(f"parameter file '{path}' does not exist", parameter="params") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = " ".join(str(error).split())
        raise ParameterRefused(f"parameter file '{path}' is not valid YAML: {problem}", parameter="params") from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise ParameterRefused(f"parameter file '{path}' is not a list of lines 'name: value'", parameter="params")
    return content


def read_settings(settings: Iterable[str]) -> dict[str, str]:
    """Read ``name=value`` pairs from the command line."""
    pairs = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip():
            raise ParameterRefused(f"--set takes name=value, not '{setting}'", parameter="set")
        pairs[name.strip()] = value.strip()
    return pairs


def resolve(
    notebooks: Mapping[str, Mapping[str, Parameter]], overrides: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Give every notebook the overrides it declares, in the right type.

    Parameters
    ----------
    notebooks : mapping of str to mapping of str to Parameter
        Declared parameters by notebook.
    overrides : mapping of str to Any

    Returns
    -------
    dict of str to dict
        Values by notebook, defaults included.

    Raises
    ------
    ParameterRefused
        If no notebook declares a name (the message names the nearest one), or a value does not fit.
    """
    by_name = {name: p for parameters in notebooks.values() for name, p in parameters.items()}
    if unknown := [name for name in overrides if name not in by_name]:
        quoted = " or ".join(f"'{name}'{did_you_mean(name, list(by_name))}" for name in unknown)
        raise ParameterRefused(
            f"no notebook has a parameter {quoted}; there are: {', '.join(by_name)}", parameter=unknown
        )
    checked = {name: by_name[name].check(value) for name, value in overrides.items()}
    return {
        step: {name: checked.get(name, p.default) for name, p in parameters.items()}
        for step, parameters in notebooks.items()
    }
