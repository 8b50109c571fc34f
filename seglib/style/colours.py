"""The colours of segments, the same in figures, tables and pages. Never alone: the letter is with it."""

from __future__ import annotations

from seglib.style.letters import position

PALETTE = (
    "#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9",
)  # fmt: skip
"""seaborn's palette ``colorblind``, told apart also by readers who see red and green alike."""


def colour(letter: str) -> str:
    """Return the colour of a segment.

    Examples
    --------
    >>> colour("A"), colour("K") == colour("A")
    ('#0173b2', True)
    """
    return PALETTE[position(letter) % len(PALETTE)]
