"""A bill of the utility, looked at: reckoned once more from our own readings, and explained by the bills before it.

In go the tables; out comes what is kept of the bill, or `NotYet` where a reading of it is missing that may still come.
The bill itself is rated by our own readings alone. The bill before it was often for days that we did not read: its
energy, which is the utility's, is laid on its days as the head-end knows them, or evenly.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection

from cloud.billing import accounts_store, history_store, weather_store
from cloud.billing.accounts import Contract, ReadQuality, UtilityBill
from cloud.billing.dated_terms import RateOfTariff, side_of
from cloud.billing.day_use import DayUse
from cloud.billing.explained_store import Look
from cloud.billing.explanation import ROUNDING_MINOR, BillSide, Explanation, Reading, explain
from cloud.billing.history import History, days_of
from cloud.billing.running import HISTORY, a_year_before
from cloud.billing.tariff import BillingPeriod, RateMissing, Tariff
from cloud.billing.weather_model import Day
from cloud.customers.model import UsagePoint
from runtime.errors import InputRefused

_BILLS: Final = 15
_READINGS: Final = {ReadQuality.ESTIMATED: Reading.ESTIMATED}


class NotYet(InputRefused):
    """Something the bill rests on is not there yet: look again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of it; `before` is the bill it was explained by, where there is one."""

    look: Look
    before: UtilityBill | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Home:
    """What the sides of an explanation are made of."""

    tariff: Tariff
    history: History
    weather: dict[date, float]

    def own(self, bill: UtilityBill) -> BillSide:
        """The bill by what we read ourselves; raises NotYet where a day is missing."""
        period = _period(bill)
        missing = [day for day in days_of(period) if day not in self.history.own_days]
        if missing:
            what = f"{len(missing)} of {period.days} days are not read, the first being {missing[0]}"
            raise NotYet(what, where=bill.id, do="see whether the gateway reads that meter")
        return self._side(bill, self.history.use_in(period))

    def told(self, bill: UtilityBill) -> BillSide:
        """The bill by its own energy, laid on its days as far as anybody knows them."""
        period, known = _period(bill), self.history.use_in(_period(bill))
        if {use.day for use in known} == set(days_of(period)) and sum(use.energy_wh for use in known) == bill.energy_wh:
            return self._side(bill, known)
        energy_wh = self.history.energy_wh
        days = days_of(period)
        weights = [energy_wh[day] for day in days] if all(day in energy_wh for day in days) else ()
        return self._side(bill, list(self.history.laid(bill.energy_wh, days, weights)))

    def explained(self, before: BillSide, after: BillSide) -> Explanation:
        """Why one differs from the other."""
        past = [
            Day(self.weather[day], energy_wh)
            for day, energy_wh in self.history.energy_wh.items()
            if day < after.period.first_day and day in self.weather
        ]
        return explain(before, after, RateOfTariff(self.tariff), past)

    def _side(self, bill: UtilityBill, use: Sequence[DayUse]) -> BillSide:
        reading = _READINGS.get(bill.quality, Reading.ACTUAL)
        return side_of(self.tariff, use, _period(bill), self.weather, stated=bill.total, reading=reading)


def look(
    connection: Connection, home: UsagePoint, contract: Contract, tariff: Tariff, bill: UtilityBill, now: datetime
) -> Found:
    """What can be said of a bill.

    Raises NotYet, and InputRefused for readings, rates and currencies that do not go together.
    """
    sent = accounts_store.bills_of(connection, contract.id, _BILLS)
    earlier = [each for each in sent if each.last_day < bill.first_day]
    period = _period(bill)
    span = BillingPeriod(first_day=period.first_day - HISTORY, last_day=period.last_day)
    place = _Home(
        tariff=tariff,
        history=history_store.of_home(connection, home, tariff, span),
        weather=weather_store.find(connection, contract.weather_station, span.first_day, span.last_day),
    )
    after = place.own(bill)
    looked = _reckoned(bill, after, now)
    if not earlier:
        return Found(look=replace(looked, why=looked.why or "there is no bill before it"))
    before, ago = earlier[0], a_year_before(earlier[1:], period)
    looked = replace(looked, previous=before.id, since_previous=place.explained(place.told(before), after))
    if ago is not None:
        with suppress(RateMissing):  # the tariff may be younger than the bill
            since = place.explained(place.told(ago), after)
            looked = replace(looked, year_ago=ago.id, since_year_ago=since)
    return Found(look=looked, before=before)


def _reckoned(bill: UtilityBill, side: BillSide, now: datetime) -> Look:
    """Whether the utility asks what we reckon; raises WrongCurrency."""
    ours = side.reckoned
    assert ours is not None, "a side of a tariff is reckoned"
    matches = abs((bill.total - ours).minor) <= ROUNDING_MINOR
    why = f"the utility asks {bill.total} for {bill.energy_wh} Wh, and we reckon {ours} for {side.used_wh} Wh"
    return Look(
        bill=bill.id,
        currency=bill.total.currency,
        looks=1,
        made_at=now,
        reckoned=ours,
        matches=matches,
        why="" if matches else why,
    )


def _period(bill: UtilityBill) -> BillingPeriod:
    return BillingPeriod(first_day=bill.first_day, last_day=bill.last_day, due_on=bill.due_on)
