"""The table of daily use as the utility's head-end tells it, and a home's history from it and from our own readings."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Column, Connection, Date, ForeignKey, Integer, Table, Text, select

from cloud.billing.day_use import MAX_SHARED_S, IntervalUse, midnight, within
from cloud.billing.history import DailyUse, History, known
from cloud.billing.tariff import BillingPeriod, Tariff
from cloud.customers.model import UsagePoint
from cloud.kernel.db import metadata, upsert
from cloud.readings import store as readings

HEAD_END: Final = "head-end"
"""Who told it; our own readings are not kept here but reckoned anew, so they always win."""
_DAY: Final = timedelta(days=1)

daily_use_table = Table(
    "daily_use",
    metadata,
    Column("usage_point", ForeignKey("usage_point.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("energy_wh", Integer, nullable=False),
    Column("source", Text, nullable=False),
    sqlite_with_rowid=False,
)
_d = daily_use_table.c


def keep(connection: Connection, days: Iterable[DailyUse]) -> None:
    """Let these days stand as told; IntegrityError for one of no home."""
    rows = (
        {"usage_point": each.usage_point, "day": each.day, "energy_wh": each.energy_wh, "source": HEAD_END}
        for each in days
    )
    upsert(connection, daily_use_table, rows)


def told(connection: Connection, usage_point: str, first_day: date, last_day: date) -> dict[date, int]:
    """What the head-end knows of a home's days, both ends included."""
    days = select(_d.day, _d.energy_wh).where(_d.usage_point == usage_point, _d.day.between(first_day, last_day))
    return {row.day: row.energy_wh for row in connection.execute(days.order_by(_d.day))}


def of_home(connection: Connection, home: UsagePoint, tariff: Tariff, period: BillingPeriod) -> History:
    """What is known of a home's days in a period; raises ReadingsRefused where its readings contradict each other."""
    since = midnight(period.first_day, tariff) - timedelta(seconds=MAX_SHARED_S)
    until = midnight(period.last_day + _DAY, tariff)
    intervals = tuple(
        IntervalUse(starts_at=each.start_at, period_s=each.period_s, energy_wh=each.value)
        for each in readings.intervals(connection, home.meter, since, until)
    )
    before = told(connection, home.id, period.first_day, period.last_day)
    return known(within(intervals, tariff, period), before, tariff, period)
