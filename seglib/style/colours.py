"""The colours of segments, the same in figures, tables and pages. The letter always stands beside the colour."""

from __future__ import annotations

from seglib.style.letters import position

PALETTE = (
    "#0173b2",
    "#de8f05",
    "#029e73",
    "#d55e00",
    "#cc78bc",
    "#ca9161",
    "#fbafe4",
    "#949494",
    "#ece133",
    "#56b4e9",
)
"""seaborn's palette ``colorblind``: readers who confuse red and green can tell these colours apart, too."""


def colour(letter: str) -> str:
    """Return the colour of a segment as a hexadecimal code; after ten segments colours repeat.

    Examples
    --------
    >>> colour("A"), colour("K") == colour("A")
    ('#0173b2', True)
    """
    return PALETTE[position(letter) % len(PALETTE)]
