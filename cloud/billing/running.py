"""Where the running bill of a home is going, from all that is known of it.

    contract, history, weather, tariff -> project -> outlook, and whether it must be told

In go the tables; out comes what is kept of the cycle. What is not yet read of it is laid evenly on the days that are
left, each with its hours as they usually are, and rated with the rest by the prices of its own day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from cloud.billing import accounts_store, history_store, weather_store
from cloud.billing.accounts import Contract, UtilityBill
from cloud.billing.cycles import cycle_on
from cloud.billing.facts import Coming
from cloud.billing.history import History, days_of
from cloud.billing.outlook_store import Outlook, Range
from cloud.billing.projection import NoProjection, alarm_line, is_alarming, project
from cloud.billing.rating import bill
from cloud.billing.tariff import BillingPeriod, Tariff
from cloud.customers import preference_store
from cloud.customers.model import UsagePoint
from cloud.kernel.money import Money

HISTORY: Final = timedelta(days=400)
"""How far back a home's own days say something of those to come: a year, and the cycle of that year."""
_A_YEAR: Final = timedelta(days=365)
_SAME_CYCLE: Final = timedelta(days=7)
_BILLS: Final = 14
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of a running bill; with `coming`, its customer must be told."""

    outlook: Outlook
    coming: Coming | None = None


def look(connection: Connection, home: UsagePoint, contract: Contract, tariff: Tariff, now: datetime) -> Seen:
    """The bill of the cycle `now` lies in.

    Raises InputRefused for readings, rates and currencies that do not go together.
    """
    today = now.astimezone(home.zone).date()
    cycle = cycle_on(contract, today)
    history = history_store.of_home(connection, home, tariff, _before(cycle, today))
    use_wh = history.energy_wh
    weather = weather_store.find(connection, contract.weather_station, cycle.first_day - HISTORY, cycle.last_day)
    found = project(use_wh, weather, cycle, today, lambda rest_wh: _rated(rest_wh, history, tariff, cycle, today))
    usual = usual_bill(accounts_store.bills_of(connection, contract.id, _BILLS), cycle)
    so_far = [day for day in days_of(cycle) if day < today and day in use_wh]
    known_until = max(so_far, default=cycle.first_day - _DAY)
    outlook = Outlook(
        contract=contract.id,
        first_day=cycle.first_day,
        last_day=cycle.last_day,
        made_at=now,
        known_until=known_until,
        is_whole=len(so_far) == (known_until - cycle.first_day).days + 1,
        used_wh=sum(use_wh[day] for day in so_far),
        days_left=(cycle.last_day - today).days + 1,
        range=None if isinstance(found, NoProjection) else Range(low=found.low, likely=found.likely, high=found.high),
        usual_bill=None if usual is None else usual.id,
        why=found.why if isinstance(found, NoProjection) else "",
    )
    if isinstance(found, NoProjection) or outlook.range is None or usual is None:
        return Seen(outlook=outlook)
    hers = preference_store.of_customer(connection, home.customer.id).bill_line
    line = alarm_line(usual.total, hers)
    if not is_alarming(found, usual.total, hers):
        return Seen(outlook=outlook)
    coming = Coming(outlook=outlook, found=outlook.range, usual=usual, line=line, is_own_line=line == hers)
    return Seen(outlook=outlook, coming=coming)


def usual_bill(bills: Sequence[UtilityBill], cycle: BillingPeriod) -> UtilityBill | None:
    """What a cycle is held against: the same one of last year, else the last bill, or None; of bills newest first.

    A bill of a few days, as for who has just moved in, or one that gave money back, is a measure for none.
    """
    before = [bill for bill in bills if bill.last_day < cycle.first_day and _is_comparable(bill, cycle)]
    return a_year_before(before, cycle) or (before[0] if before else None)


def a_year_before(bills: Sequence[UtilityBill], cycle: BillingPeriod) -> UtilityBill | None:
    """The bill of the same cycle a year ago, or None."""
    return next((bill for bill in bills if abs(cycle.last_day - _A_YEAR - bill.last_day) <= _SAME_CYCLE), None)


def _is_comparable(bill: UtilityBill, cycle: BillingPeriod) -> bool:
    days = (bill.last_day - bill.first_day).days + 1
    return bill.total.minor > 0 and abs(days - cycle.days) <= _SAME_CYCLE.days


def _before(cycle: BillingPeriod, today: date) -> BillingPeriod:
    """The days of which something may be known; one at least, on a cycle's first."""
    return BillingPeriod(first_day=cycle.first_day - HISTORY, last_day=today - _DAY)


def _rated(rest_wh: int, history: History, tariff: Tariff, cycle: BillingPeriod, today: date) -> Money:
    """The cycle's bill when so much more is used on the days that are not known."""
    so_far = [use for use in history.use_in(cycle) if use.day < today]
    read = {use.day for use in so_far}
    left = [day for day in days_of(cycle) if day not in read]
    return bill(tariff, [*so_far, *history.laid(rest_wh, left)], cycle).total
