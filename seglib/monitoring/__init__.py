"""07 What has moved, and is it more than noise? Two runs of one shop compared, a month or more apart.

`read_months` lays them side by side: the letters of the later run become those of the earlier one, and the features of
both days are made in the same way. `compare_months` splits the movement into four parts that add up: ageing (the clock
alone), real movement (what customers did), redefinition (the segments were made anew) and label noise. Each stands
beside what calm months give: the same customers, who go on as they did (`seglib.monitoring.calm`).

- In: two finished runs (`seglib.run`), and the model of the earlier one (`seglib.scoring`).
- Out: a `MonthComparison`: migration, movement, drift, and the advice to keep, watch or refit.
- What cannot be compared is refused in one sentence (`seglib.monitoring.refusals`).
- Over many months: a `Trend` of all comparisons so far, and the months that stand out (`trend_of`).

Start with `seglib.monitoring.movement.Movement`, which defines the parts.
"""

from seglib.monitoring.calm import FROM_TRANSACTIONS, CalmMonths
from seglib.monitoring.comparison import LEVEL, compare_months, max_t
from seglib.monitoring.drift import distances, numbers_of, stability_index
from seglib.monitoring.months import lay_side_by_side, read_months
from seglib.monitoring.trend import trend_of

__all__ = [
    "FROM_TRANSACTIONS",
    "LEVEL",
    "CalmMonths",
    "compare_months",
    "distances",
    "lay_side_by_side",
    "max_t",
    "numbers_of",
    "read_months",
    "stability_index",
    "trend_of",
]
