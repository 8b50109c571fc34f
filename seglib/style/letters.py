"""The letters by which segments are called: A, B, ..., Z, AA, ..."""

from __future__ import annotations


def letter(i: int) -> str:
    """Return A, B, ..., Z, AA, AB, ... for 0, 1, 2, ...

    Examples
    --------
    >>> letter(0), letter(25), letter(26)
    ('A', 'Z', 'AA')
    """
    return (letter(i // 26 - 1) if i >= 26 else "") + chr(ord("A") + i % 26)


def position(name: str) -> int:
    """Return 0, 1, 2, ... for A, B, C, ...; a sort key for segments.

    Examples
    --------
    >>> position("A"), position("Z"), position("AA")
    (0, 25, 26)
    """
    return sum((ord(c) - 64) * 26**i for i, c in enumerate(reversed(name))) - 1
