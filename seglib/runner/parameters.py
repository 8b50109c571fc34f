"""The parameters of the notebooks: where their defaults live, and how they are overridden.

A notebook's cell tagged ``parameters`` is the only home of a default. A parameter file (YAML, ``name: value``)
overrides it, and the command line overrides that. Names and types are checked before anything runs.

What a line of that cell declares, and how a value is checked, is said in `seglib.run.parameters`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from seglib.errors import ParameterRefused
from seglib.run import Parameter, check_together, declared_in, list_unknown
from seglib.schema.files import find_file, looked_for_in
from seglib.schema.renamed import RENAMED_PARAMETERS
from seglib.schema.yaml_files import NotReadable, load_yaml


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice: YAML would take the last one, without a word."""

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        if twice := next((key for key, times in keys.items() if times > 1), None):
            raise yaml.composer.ComposerError(None, None, f"'{twice}' is given twice", node.start_mark)
        return node


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
        import nbformat

    cells = nbformat.read(notebook, as_version=4).cells
    source = next((cell.source for cell in cells if "parameters" in cell.metadata.get("tags", [])), "")
    return declared_in(source)


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
        content = load_yaml(find_file(path), _Loader)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ParameterRefused(
            f"parameter file '{path}' does not exist{looked_for_in(path)}", parameter="params"
        ) from error
    except NotReadable as error:
        problem = str(error).removeprefix("it ")
        raise ParameterRefused(f"parameter file '{path}' {problem}", parameter="params") from error
    except OSError as error:
        raise ParameterRefused(
            f"parameter file '{path}' cannot be read: {error.strerror}", parameter="params"
        ) from error
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
    notebooks: Mapping[str, Mapping[str, Parameter]], overrides: Mapping[str, Any], *, together: bool = True
) -> dict[str, dict[str, Any]]:
    """Give every notebook the overrides it declares, in the right type.

    Parameters
    ----------
    notebooks : mapping of str to mapping of str to Parameter
        Declared parameters by notebook.
    overrides : mapping of str to Any
    together : bool, default=True
        Whether values are also checked beside each other: ``k`` beside ``k_max``.

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
        raise ParameterRefused(
            f"no notebook has a parameter {list_unknown(unknown, by_name)}; there are: {', '.join(by_name)}",
            parameter=unknown,
        )
    checked = {name: by_name[name].check(value) for name, value in overrides.items()}
    values = {
        step: {name: checked.get(name, p.default) for name, p in parameters.items()}
        for step, parameters in notebooks.items()
    }
    for step, parameters in notebooks.items() if together else ():
        check_together(parameters, values[step])
    return values


def resolve_again(
    notebooks: Mapping[str, Mapping[str, Parameter]],
    before: Mapping[str, Mapping[str, Any]],
    overrides: Mapping[str, Any],
) -> dict[str, dict[str, Any]]:
    """Give every notebook the values that it had before, and the overrides it declares.

    Notebooks that were run by hand may have had different values of a parameter that they share, such as ``seed``.

    Parameters
    ----------
    notebooks : mapping of str to mapping of str to Parameter
        Declared parameters by notebook.
    before : mapping of str to mapping of str to Any
        Values by notebook; a notebook without any has those of the others.
    overrides : mapping of str to Any

    Returns
    -------
    dict of str to dict
        Values by notebook, defaults included.

    Raises
    ------
    ParameterRefused
        As in `resolve`.
    """
    shared = {name: value for values in before.values() for name, value in values.items()}
    resolve(notebooks, {**shared, **overrides}, together=False)  # refuses names that no notebook has any more
    resolved = {}
    for step, parameters in notebooks.items():
        given = {**shared, **before.get(step, {}), **overrides}
        own_values = {name: value for name, value in given.items() if name in parameters}
        resolved |= resolve({step: parameters}, own_values)
    return resolved
