"""The words of a run: those of the package, or those of the file that the parameter ``words_file`` names."""

from __future__ import annotations

from pathlib import Path

import yaml

from seglib.errors import ParameterRefused
from seglib.schema.files import find_file, looked_for_in
from seglib.schema.yaml_files import NotReadable, load_yaml
from seglib.style import ENGLISH, Vocabulary, WordsRefused, vocabulary_of


def read_vocabulary(path: str | Path | None) -> Vocabulary:
    """Read the words of the cards and of the pages for a manager from a file of the analyst's own.

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
        If the file cannot be read, names a word that there is not, a text has braces that its place does not fill, or a
        translation is not whole; all problems are named.
    """
    if path is None:
        return ENGLISH
    try:
        return vocabulary_of(load_yaml(find_file(path), yaml.BaseLoader), file=Path(path).name)
    except (NotReadable, WordsRefused) as error:
        problem = str(error)
    except OSError as error:
        problem = f"it cannot be read: {error.strerror}{looked_for_in(path)}"
    raise ParameterRefused(f"words_file '{path}' cannot be used: {problem}", parameter="words_file")
