"""Make the outcomes of a campaign whose effect is known: none, the same everywhere, or different by segment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from seglib.campaign import ControlGroup
from seglib.datasets.shop import ARCHETYPES, SampleShop
from seglib.errors import ParameterRefused

BURNS = {+1: 0.45, 0: 0.30, -1: 0.15}
"""Share of customers who burn the coupon without a campaign, by how their segment burns (`ARCHETYPES`)."""

SPEND = {"log_mean": 3.0, "log_sd": 0.8}
"""Of the spend of those who burned, a lognormal distribution: 28 on average, and few spend much."""

OPTIONS = ("lift", "salt", "share")


def make_outcomes(
    shop: SampleShop, *, lift: float | Sequence[float], group: ControlGroup, seed: int = 7
) -> pd.DataFrame:
    """Draw who burned, and what they spent, after a campaign.

    Parameters
    ----------
    shop : SampleShop
        Its truth says who is in which planted segment.
    lift : float or sequence of float
        What the campaign adds to the probability of burning: 0 (none), one number for everybody, or one per planted
        segment, the first one first.
    group : ControlGroup
        Who was not written to.
    seed : int, default=7

    Returns
    -------
    pandas.DataFrame
        One row per customer: customer_id, burned (0 or 1), spend.

    Raises
    ------
    ParameterRefused
        If there are more or fewer lifts than segments, or one makes a probability that is none.
    """
    truth = shop.truth
    planted = int(truth["segment"].max())
    lifts = np.atleast_1d(np.asarray(lift, dtype=float))
    if len(lifts) not in (1, max(planted, 1)):
        raise ParameterRefused(
            f"lift is one number, or one per planted segment ({max(planted, 1)}), not {len(lifts)}",
            parameter="campaign",
        )
    lifts = np.broadcast_to(lifts, max(planted, 1))
    corners = list(ARCHETYPES.values())
    base = np.array([BURNS[corners[s][1]] for s in range(planted)] if planted else [BURNS[0]])
    if ((base + lifts < 0) | (base + lifts > 1)).any():
        raise ParameterRefused("lift makes a probability below 0 or above 1", parameter="campaign")
    place = (truth["segment"] - 1 if planted else truth["segment"]).to_numpy()
    ids = truth["customer_id"].astype(str)
    # a stream of its own: with and without a campaign, the shop is the same
    rng = np.random.default_rng([seed, 8])
    chance, amount = rng.random(len(truth)), rng.lognormal(SPEND["log_mean"], SPEND["log_sd"], len(truth))
    written_to = ~group.contains(ids)
    burned = chance < base[place] + np.where(written_to, lifts[place], 0.0)
    return pd.DataFrame(
        {"customer_id": ids, "burned": burned.astype(int), "spend": np.where(burned, amount, 0.0).round(2)}
    )


def write_campaign(shop: SampleShop, text: str, folder: Path, *, name: str, seed: int = 7) -> Path:
    """Write ``outcomes.csv`` of a campaign.

    Parameters
    ----------
    shop : SampleShop
    text : str
        Such as ``lift=0.05`` or ``lift=0.1/0/0,salt=spring,share=0.2``.
    folder : Path
    name : str
        The salt, where none is given.
    seed : int, default=7

    Raises
    ------
    ParameterRefused
        If the text cannot be read.
    """
    given = {}
    for part in text.split(","):
        key, sign, value = (piece.strip() for piece in part.partition("="))
        if not sign or key not in OPTIONS:
            raise ParameterRefused(
                f"campaign is written like lift=0.05,salt=spring,share=0.1, not '{part.strip()}'",
                parameter="campaign",
            )
        given[key] = value
    try:
        lifts = [float(number) for number in given.get("lift", "0").split("/")]
        share = float(given.get("share", "0.1"))
    except ValueError as error:
        raise ParameterRefused(f"campaign: {error}", parameter="campaign") from None
    outcomes = make_outcomes(
        shop, lift=lifts if len(lifts) > 1 else lifts[0], group=ControlGroup(given.get("salt", name), share), seed=seed
    )
    file = folder / "outcomes.csv"
    outcomes.to_csv(file, index=False, lineterminator="\n")
    return file
