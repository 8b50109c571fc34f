"""The segment profile plot: a panel for every card, its features beside those of all customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from seglib.interpretation.cards.cards import SegmentCard
from seglib.interpretation.profiles.profile import MARKER, NO_NUMBERS, Profile

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class ProfilePlot:
    """Bars of each segment beside all customers, with the names and sentences of the cards.

    Attributes
    ----------
    profile : Profile
    cards : tuple of SegmentCard
    """

    profile: Profile
    cards: tuple[SegmentCard, ...]

    @property
    def table(self) -> pd.DataFrame:
        """The rows of the profile that are drawn."""
        return self.profile.behaviour

    @property
    def text(self) -> str:
        """The sentences of the cards, or that the source has no numbers."""
        if self.table.empty:
            return NO_NUMBERS
        return " ".join(card.sentence for card in self.cards)

    @property
    def alt(self) -> str:
        """What the figure shows; empty if there are no numbers."""
        return "" if self.table.empty else f"Bars of each segment beside all customers. {self.text}"

    @property
    def caption(self) -> str:
        """Number of customers, and what the colours mean."""
        return f"{self.profile.customers:,} customers. Coloured: half a standard deviation or more; pale: less."

    def figure(self) -> Figure:
        """Draw a panel for each segment."""
        from seglib.plots import plot_profile

        names = {card.segment: card.name for card in self.cards}
        return plot_profile(self.profile.in_words, names, coloured_from=MARKER)


def profile_plot(profile: Profile, cards: Sequence[SegmentCard]) -> ProfilePlot:
    """Return the segment profile plot of Dolnicar & Leisch (2014) for named segments.

    Parameters
    ----------
    profile : Profile
        From `seglib.interpretation.profile`.
    cards : sequence of SegmentCard
    """
    return ProfilePlot(profile, tuple(cards))
