"""06 What does the analyst call the segments? A YAML file of names, refused where something is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path

import yaml

from seglib.errors import ParameterRefused
from seglib.schema.files import find_file, looked_for_in
from seglib.schema.yaml_files import NotReadable, load_yaml, shortened_value
from seglib.style import join_words

LONGEST_NAME = 60
"""Characters of a name that the analyst gives; longer ones fit into no figure."""


def read_names(path: str | Path | None, letters: Collection[str]) -> dict[str, str]:
    """Read what the analyst calls the segments, from a YAML file of lines such as ``A: Loyal burners``.

    Parameters
    ----------
    path : str or Path or None
        None: the analyst gives no names.
    letters : collection of str
        The segments there are. The file may name some of them.

    Returns
    -------
    dict of str to str
        Name by letter; empty without a file.

    Raises
    ------
    ParameterRefused
        If the file cannot be read, names a segment that is not there, or gives an empty, a too long or the same name.
    """
    if path is None:
        return {}
    try:
        content = load_yaml(find_file(path), yaml.SafeLoader)
    except (OSError, NotReadable) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ParameterRefused(
            f"names_file '{path}' cannot be read: {reason}{looked_for_in(path)}", parameter="names_file"
        ) from None
    if not isinstance(content, dict):
        raise ParameterRefused(
            f"names_file '{path}' holds lines such as 'A: Loyal burners', a name for each letter",
            parameter="names_file",
        )
    if wrong := [letter for letter, name in content.items() if not isinstance(name, str) or not name.strip()]:
        raise ParameterRefused(
            f"names_file '{path}' holds lines such as 'A: Loyal burners', a name for each letter; the name of "
            f"{shortened_value(wrong[0])} is {shortened_value(content[wrong[0]]) or 'empty'}",
            parameter="names_file",
        )
    names = {str(letter): " ".join(name.split()) for letter, name in content.items()}
    if unknown := sorted(names.keys() - set(letters)):
        raise ParameterRefused(
            f"names_file '{path}' names {join_words(unknown)}; there are {join_words(sorted(letters))}",
            parameter="names_file",
        )
    if too_long := [name for name in names.values() if len(name) > LONGEST_NAME]:
        raise ParameterRefused(
            f"names_file '{path}': '{too_long[0]}' has more than {LONGEST_NAME} characters", parameter="names_file"
        )
    twice = [name for name, n in Counter(name.casefold() for name in names.values()).items() if n > 1]
    if twice:
        raise ParameterRefused(f"names_file '{path}' gives the name '{twice[0]}' twice", parameter="names_file")
    return names
