"""What may stand at each key of a mapping file: a word, a list of words, or lines below it.

It is checked before `seglib.ingest.mapping.file` asks what the words mean, so that no value of a wrong shape reaches
anything that would stumble over it. A key that is not listed here is left to those who read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seglib.errors import ParameterRefused
from seglib.schema.yaml_files import shortened_value


@dataclass(frozen=True)
class Shape:
    """What may stand at a key.

    Attributes
    ----------
    word, words, words_by_name : bool
        Whether it may be a single text, a list of texts, or lines ``name: text``.
    keys : mapping of str to Shape, optional
        What may stand at the keys of the lines below.
    each : Shape, optional
        What may stand at any other key of the lines below.
    """

    word: bool = False
    words: bool = False
    keys: Mapping[str, Shape] = field(default_factory=dict)
    each: Shape | None = None

    @property
    def text(self) -> str:
        """What is expected, in words."""
        expected = ["a word"] if self.word else []
        if self.words:
            expected.append("a list of words")
        if self.keys or self.each:
            expected.append("lines 'name: value'")
        return " or ".join(expected)


WORD = Shape(word=True)
WORDS = Shape(word=True, words=True)
FORMATS = {
    "time_zone": WORD,
    "times_are_in": WORD,
    "date_format": WORDS,
    "decimal": WORD,
    "thousands": WORD,
    "nothing": WORDS,
}
COLUMN_KEYS = FORMATS | {
    "column": WORD,
    "constant": WORD,
    "default": WORD,
    "multiply": Shape(words=True),
    "values": Shape(each=WORD),
    "kind": WORD,
    "contains": WORD,
    "row_number": WORD,
    "fill": WORD,
    "per": WORD,
    "unit": WORD,
}
VARIABLE = Shape(word=True, keys=COLUMN_KEYS | {"log": WORD, "weight": WORD, "scaling": WORD})
COLUMN = Shape(word=True, keys=COLUMN_KEYS)
EXCLUSION = Shape(
    keys={
        "column": WORD,
        "starts_with": WORDS,
        "ends_with": WORDS,
        "contains": WORDS,
        "is": WORDS,
        "empty": WORD,
        "ids": WORDS,
        "file": WORD,
    }
)
TABLE = Shape(
    keys={
        "from": WORDS,
        "header_row": WORD,
        "rows": WORD,
        "columns": Shape(each=COLUMN),
        "segment_by": Shape(words=True, each=VARIABLE),  # a list is refused by who reads it, with what to write instead
        "descriptors": Shape(words=True, each=COLUMN),
        "leave_out": Shape(each=EXCLUSION),
    }
)
MAPPING = Shape(keys=FORMATS | {"csv": Shape(each=WORD), "as_of": WORD, "tables": Shape(each=TABLE)})
"""What may stand at each key of a mapping file."""


def check_shapes(content: Any, shape: Shape = MAPPING, where: str = "the mapping") -> None:
    """Refuse a value of a wrong shape.

    Parameters
    ----------
    content : Any
        As a YAML file gives it; nothing, where nothing stands at a key.
    shape : Shape
    where : str
        The key, with those above it.

    Raises
    ------
    ParameterRefused
        Names the key, what is expected there, and what is there.
    """
    if content is None or content == "":
        return
    if isinstance(content, Mapping):
        fits = bool(shape.keys or shape.each)
        if not all(isinstance(key, str) for key in content):
            raise ParameterRefused(f"{where}: a name is a word, not a list or lines", parameter="mapping")
    elif isinstance(content, list | tuple):
        fits = shape.words
        if fits and not all(isinstance(item, str) and item for item in content):
            raise ParameterRefused(f"{where}: expected {shape.text}; something else is in it", parameter="mapping")
    else:
        fits = shape.word and isinstance(content, str)
    if not fits:
        shown = content if not isinstance(content, str) else f"'{shortened_value(content)}'"
        raise ParameterRefused(f"{where}: expected {shape.text}, not {shortened_value(shown, 90)}", parameter="mapping")
    if isinstance(content, Mapping):
        above = "" if where == "the mapping" else f"{where}."
        for key, value in content.items():
            below = shape.keys.get(key, shape.each)
            if below is not None:
                check_shapes(value, below, f"{above}{shortened_value(key)}")
