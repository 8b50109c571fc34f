"""The null model in which all customers are alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from seglib.k_selection.validation.coupon_history import CouponHistory


class ProcessNull:
    """Customers who are all alike: their coupons are resampled, then features and matrix are computed again.

    Every customer keeps the day of joining, the number of coupons, gender, city and all other columns of the customers
    table. Each coupon gets a new day in the time since its customer joined, busy days being likelier; whether it is
    burned, and after how many days, is drawn from the matured coupons of about that day, of all customers; and branch,
    amount and name are those of another coupon.

    Parameters
    ----------
    history : CouponHistory
    rebuild : callable
        From the transactions tables of several shops with the same customers to the matrix of each.
    """

    name = "process"
    what = "all customers are alike, except in when they joined and how many {coupons} they have"
    customers_differ = False
    follows_the_data = False

    def __init__(
        self, history: CouponHistory, rebuild: Callable[[Sequence[pd.DataFrame]], Iterator[np.ndarray]]
    ) -> None:
        self.history, self.rebuild = history, rebuild
        # Outcomes are drawn from matured coupons only: the others have had less time to be burned, and where they are
        # many (in a growing shop) burning would look rarer than it is.
        matured = np.flatnonzero(history.matured)
        self._matured = matured[np.argsort(history.claimed[matured], kind="stable")]
        self._first_outcome = np.searchsorted(history.claimed[self._matured], np.arange(history.n_days))
        status = history.coupons["transaction_status"]
        self._status = status.where(~((status == "burned") & ~history.burned), "subscribed").array

    def draws(self, rngs: Sequence[np.random.Generator]) -> Iterator[np.ndarray]:
        """Yield matrices of shops whose customers are all alike."""
        return self.rebuild([self.resampled(rng) for rng in rngs])

    def resampled(self, rng: np.random.Generator) -> pd.DataFrame:
        """Return the transactions of one simulated shop; those after ``as_of`` are left out."""
        history = self.history
        n, clock = len(history.coupons), history.clock
        start = clock[history.joined[history.owner]]
        day = history.days_of(start + rng.random(n) * (clock[-1] - start))
        claimed = history.dates_of(day)
        moved = [name for name in ("branch_id", "amount", "coupon_name") if name in history.coupons]
        other_coupon = rng.permutation(n)
        columns = {name: history.coupons[name].array.take(other_coupon) for name in moved}
        coupons = history.coupons.assign(transaction_date=claimed, **columns)
        if not len(self._matured):
            return coupons
        # Status and lag come from one coupon, so that they fit each other, and from one claimed at about the same time,
        # so that the seasons of burning stay.
        last, reach = len(self._matured) - 1, history.neighbours
        place = np.abs(self._first_outcome[day] + rng.integers(-reach, reach + 1, n))
        # beyond either end of the calendar the place is reflected
        place = np.clip(np.where(place > last, 2 * last - place, place), 0, last)
        outcome = self._matured[place]
        lag = pd.Series(pd.to_timedelta(history.lag[outcome], unit="D"))
        return coupons.assign(transaction_status=self._status.take(outcome), burn_date=claimed + lag)
