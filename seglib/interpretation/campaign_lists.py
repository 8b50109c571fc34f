"""06 How the lists of a campaign were drawn, written down so that 08 can hold them against it."""

from __future__ import annotations

import pandas as pd

from seglib.campaign import ControlGroup, lists_record, read_holdout
from seglib.interpretation.audiences import Audiences, on_lists
from seglib.schema.campaign_records import ListsRecord


def control_group(campaign: str, salt: str, control_share: float, holdout: str | None = None) -> ControlGroup:
    """Return the control group of a campaign, as `seglib.interpretation.customer_list` draws it.

    Parameters
    ----------
    campaign, salt : str
        Its name, and the salt of the draw (`seglib.run.Run.campaign`).
    control_share : float
    holdout : str, optional
        Share of the customers who get no campaign at all, and the salt of that draw
        (`seglib.campaign.read_holdout`).
    """
    return ControlGroup(salt, control_share, campaign, read_holdout(holdout))


def record_lists(listed: pd.DataFrame, lists: Audiences, group: ControlGroup, *, as_of: str | None) -> ListsRecord:
    """Write down who is on the lists, in which arm, and how the arms were drawn.

    Parameters
    ----------
    listed : pandas.DataFrame
        From `seglib.interpretation.customer_list`.
    lists : Audiences
        Customers of segments without a list are left out.
    group : ControlGroup
        As `control_group` gave it.
    as_of : str or None
        The day the lists look from.
    """
    with_list = lists.table.loc[lists.table["list"].astype(bool), "segment"]
    reached = on_lists(listed)
    return lists_record(reached[reached["segment"].isin(with_list)], group=group, as_of=as_of)
