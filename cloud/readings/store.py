"""The tables of readings: one row an interval, one row a register, and behind every value the event that said it.

A meter may be read again and say it better, so an interval is replaced, but only by a statement made later: events
reach the features in the order their tasks run, which is not always the order they were sealed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, Column, Connection, Integer, PrimaryKeyConstraint, Table, Text, func, select
from sqlalchemy.dialects.sqlite import Insert, insert

from cloud.kernel.db import UtcInstant, metadata
from cloud.kernel.ids import EventId, MeterSerial
from wire.units import Quantity

_ROWS_A_STATEMENT: Final = 500

interval_table = Table(
    "interval_reading",
    metadata,
    Column("meter", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("start_at", UtcInstant, nullable=False),
    Column("period_s", Integer, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("as_of", UtcInstant, nullable=False),
    PrimaryKeyConstraint("meter", "quantity", "start_at"),
    sqlite_with_rowid=False,
)
register_table = Table(
    "register_reading",
    metadata,
    Column("meter", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("as_of", UtcInstant, nullable=False),
    PrimaryKeyConstraint("meter", "quantity"),
    sqlite_with_rowid=False,
)
_i, _r = interval_table.c, register_table.c


def _unless_older(table: Table, *also: str) -> Insert:
    """The statement that stores a row, or replaces the one that stands unless that was said later."""
    statement = insert(table)
    said = statement.excluded
    replaced = {name: said[name] for name in ("value", "source", "as_of", *also)}
    key = [column.name for column in table.primary_key]
    return statement.on_conflict_do_update(index_elements=key, set_=replaced, where=said.as_of >= table.c.as_of)


_PUT_INTERVAL: Final = _unless_older(interval_table, "period_s")  # built once, since every event passes here
_PUT_REGISTER: Final = _unless_older(register_table)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalReading:
    """A value over the period that begins at `start_at`, in the quantity's unit."""

    quantity: Quantity
    start_at: datetime
    period_s: int
    value: int
    source: EventId
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReading:
    """What a register said at `as_of`, in the quantity's unit."""

    quantity: Quantity
    value: int
    source: EventId
    as_of: datetime


def put_intervals(connection: Connection, meter: MeterSerial, readings: Sequence[IntervalReading]) -> None:
    """Store interval readings; one that stands is replaced unless it was said later."""
    rows = [
        {
            "meter": meter,
            "quantity": int(reading.quantity),
            "start_at": reading.start_at,
            "period_s": reading.period_s,
            "value": reading.value,
            "source": str(reading.source),
            "as_of": reading.as_of,
        }
        for reading in readings
    ]
    for first in range(0, len(rows), _ROWS_A_STATEMENT):
        connection.execute(_PUT_INTERVAL, rows[first : first + _ROWS_A_STATEMENT])


def put_registers(connection: Connection, meter: MeterSerial, readings: Sequence[RegisterReading]) -> None:
    """Store register readings as the latest, unless a later one stands."""
    rows = [
        {
            "meter": meter,
            "quantity": int(reading.quantity),
            "value": reading.value,
            "source": str(reading.source),
            "as_of": reading.as_of,
        }
        for reading in readings
    ]
    if rows:
        connection.execute(_PUT_REGISTER, rows)


def intervals(
    connection: Connection,
    meter: MeterSerial,
    since: datetime,
    until: datetime,
    *,
    quantity: Quantity = Quantity.ENERGY_IMPORT_WH,
) -> list[IntervalReading]:
    """The readings of one quantity whose intervals begin at `since` or later and before `until`, in order of time."""
    of_meter = (_i.meter == meter) & (_i.quantity == int(quantity))
    within = (_i.start_at >= since) & (_i.start_at < until)
    rows = connection.execute(select(interval_table).where(of_meter, within).order_by(_i.start_at))
    return [
        IntervalReading(
            quantity=Quantity(row.quantity),
            start_at=row.start_at,
            period_s=row.period_s,
            value=row.value,
            source=EventId.parse(row.source),
            as_of=row.as_of,
        )
        for row in rows
    ]


def newest_start_at(
    connection: Connection, meter: MeterSerial, *, quantity: Quantity = Quantity.ENERGY_IMPORT_WH
) -> datetime | None:
    """When the newest interval begins; None when there is none. A page shows the days up to it."""
    newest = select(func.max(_i.start_at, type_=UtcInstant)).where(_i.meter == meter, _i.quantity == int(quantity))
    found: datetime | None = connection.execute(newest).scalar_one()
    return found


def latest(connection: Connection, meter: MeterSerial) -> list[RegisterReading]:
    """What each register said last, in order of quantity."""
    rows = connection.execute(select(register_table).where(_r.meter == meter).order_by(_r.quantity))
    return [
        RegisterReading(
            quantity=Quantity(row.quantity), value=row.value, source=EventId.parse(row.source), as_of=row.as_of
        )
        for row in rows
    ]
