"""Readings come as events like everything else; here they become rows a page and a bill can ask for."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from cloud.ingest.store import StoredEvent
from cloud.kernel.ids import MeterSerial
from cloud.readings import store
from cloud.readings.store import IntervalReading, RegisterReading
from wire.events import IntervalReadings, RegisterReadings
from wire.instants import from_unix_ms


def on_event(connection: Connection, event: StoredEvent, now: datetime) -> None:  # noqa: ARG001 - a Subscriber's form
    """Keep what the event says about its meter's readings; every other event is none of ours."""
    meter = MeterSerial(event.record.subject)
    if not meter:
        return
    match event.record.event:
        case IntervalReadings() as batch:
            store.put_intervals(connection, meter, _intervals(event, batch))
        case RegisterReadings() as registers:
            store.put_registers(connection, meter, _registers(event, registers))
        case _:
            return


def _intervals(event: StoredEvent, batch: IntervalReadings) -> list[IntervalReading]:
    start_at, period = from_unix_ms(batch.start_ms), timedelta(seconds=batch.period_s)
    return [
        IntervalReading(
            quantity=batch.quantity,
            start_at=start_at + index * period,
            period_s=batch.period_s,
            value=value,
            source=event.id,
            as_of=event.at,
        )
        for index, value in enumerate(batch.values)
    ]


def _registers(event: StoredEvent, registers: RegisterReadings) -> list[RegisterReading]:
    as_of = from_unix_ms(registers.at_ms)
    return [
        RegisterReading(quantity=quantity, value=value, source=event.id, as_of=as_of)
        for quantity, value in registers.values
    ]
