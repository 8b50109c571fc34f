"""How a YAML file may look, whatever it says: so long, so deep, and no larger with its aliases written out.

A text of ten lines can stand for billions of values, because an alias repeats what its anchor holds. So the size is
counted before anything is built.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

LARGEST = 500_000
"""Characters of a file; those of real shops have a few thousand."""

DEEPEST = 20
"""Levels of nesting; a mapping file has six."""

MOST_VALUES = 50_000
"""Values and keys, with every alias written out."""

LONGEST_SHOWN = 80
"""Characters of a wrong value that a message repeats."""


class NotReadable(ValueError):
    """A file that is no YAML, or that asks for too much; the message says which, for a sentence that begins with it."""


def load_yaml(path: Path, loader: type[yaml.BaseLoader] | type[yaml.SafeLoader]) -> Any:
    """Read a YAML file within bounds.

    Parameters
    ----------
    path : Path
    loader : type
        How its values are read.

    Raises
    ------
    OSError
        If it cannot be opened; FileNotFoundError and IsADirectoryError among others.
    NotReadable
        If it is a pipe or a device, too long, too deep, too large, or no YAML.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise NotReadable("it is a pipe or a device, not a file")
    with path.open(encoding="utf-8") as stream:
        try:
            text = stream.read(LARGEST + 1)
        except UnicodeDecodeError as error:
            raise NotReadable(f"it is not valid YAML: it is not written in UTF-8 (byte {error.start})") from None
    if len(text) > LARGEST:
        raise NotReadable(f"it has more than {LARGEST:,} characters")
    try:
        _refuse_large(text)
        return yaml.load(text, Loader=loader)
    except NotReadable:
        raise
    except Exception as error:  # beside its own errors, PyYAML lets through what int, float and date raise
        raise NotReadable(f"it is not valid YAML: {shortened_value(' '.join(str(error).split()), 300)}") from None


def shortened_value(value: Any, longest: int = LONGEST_SHOWN) -> str:
    """Write a value for a message: of a list or of lines only what it is, of a long text the beginning.

    Examples
    --------
    >>> shortened_value("a" * 100, 5), shortened_value(["a", "b"]), shortened_value({"a": 1}), shortened_value(None)
    ('aaaaa ...', 'a list', "lines 'name: value'", 'nothing')
    """
    if value is None:
        return "nothing"
    if isinstance(value, list | tuple | set):
        return "a list"
    if isinstance(value, dict):
        return "lines 'name: value'"
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= longest else f"{text[:longest]} ..."


def _refuse_large(text: str) -> None:
    """Refuse a text that is nested too deeply, or too large with its aliases written out; nothing is built."""
    sizes: dict[str, int] = {}  # of what each anchor holds, with its aliases written out
    open_nodes: list[tuple[str | None, int]] = []
    size = 0
    for event in yaml.parse(text):
        if isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_nodes):
                raise NotReadable(f"it is not valid YAML: the alias '{event.anchor}' stands inside of what it repeats")
            size += sizes.get(event.anchor, 1)
        elif isinstance(event, yaml.ScalarEvent):
            size += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, size))
            size += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            if anchor:
                sizes[anchor] = size - before
        if len(open_nodes) > DEEPEST:
            raise NotReadable(f"it is nested more than {DEEPEST} levels deep")
        if size > MOST_VALUES:
            raise NotReadable(f"it stands for more than {MOST_VALUES:,} values")
