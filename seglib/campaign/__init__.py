"""08 Did it work, and for whom? The control group of a campaign, the size of a test, and what a finished one says.

`ControlGroup` draws the customers of a control group by a hash of their id: the same ones in every run, in every month,
and in every database. `lists_record` writes down how lists were made. When the campaign is over, `read_lists` holds the
lists against that record, `match` gives everybody on them their outcome, and `read_campaign` compares the arms: within
segments, weighted by their sizes, never pooled. It first asks whether the arms have the sizes that they were drawn
with, then what the effect is, whether segments answer differently, and what may be said: *worked*, *did not work* or
*cannot be said*.

Before a campaign, `plan_campaign` says what the lists can show, and `make_upload` joins those who get the offer with
their addresses.

Three published methods are written here and in `seglib.stats`, because no library of this project has them: CUPED, the
score interval of Miettinen & Nurminen over several strata, and the interval by reassigning the arms.
"""

from seglib.campaign.arms import ControlGroup, read_holdout
from seglib.campaign.lists import lists_record, read_lists, read_sent
from seglib.campaign.matching import match
from seglib.campaign.planning import plan_campaign
from seglib.campaign.reading import read_campaign
from seglib.campaign.sample_ratio import sample_ratio
from seglib.campaign.upload import AddressColumns, make_upload

__all__ = [
    "AddressColumns",
    "ControlGroup",
    "lists_record",
    "make_upload",
    "match",
    "plan_campaign",
    "read_campaign",
    "read_holdout",
    "read_lists",
    "read_sent",
    "sample_ratio",
]
