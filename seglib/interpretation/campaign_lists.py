"""06 How the lists of a campaign were drawn, written down so that 08 can hold them against it."""

from __future__ import annotations

import pandas as pd

from seglib.campaign import ControlGroup, lists_record
from seglib.interpretation.audiences import Audiences
from seglib.schema.campaign_records import ListsRecord


def control_group(campaign: str, control_share: float) -> ControlGroup:
    """Return the control group of a campaign, as `seglib.interpretation.customer_list` draws it.

    Parameters
    ----------
    campaign : str
        Its name, which is the salt of the draw.
    control_share : float
    """
    return ControlGroup(campaign, control_share)


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
    on_lists = listed[listed["segment"].isin(with_list)]
    return lists_record(on_lists, group=group, campaign=group.salt, as_of=as_of)
