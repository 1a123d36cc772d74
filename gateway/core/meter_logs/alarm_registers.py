"""A meter's alarm registers (0.0.97.98.x): which bits are newly set, as the same events its logs give.

A bit stays set until the utility's system clears it, so a bit is told when it appears and not again while it stands;
what stands is remembered over a restart. The event's log is `alarm-1`, `alarm-2`, ...; its code is the bit. Alarms come
with every reading, or with a push: earlier than the log that tells the same. They are stamped with when they were seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.core.dlms.data import Data
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.errors import Undecodable
from gateway.core.meter_logs.event_codes import EventCodes, alarm_log
from gateway.core.meter_logs.event_log import Logged
from wire.events import MeterAlarmLogged, MeterEventLogged
from wire.instants import unix_ms
from wire.meter_log import ClockQuality

_MOST = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRegisters:
    """Where a meter keeps its alarms, register 1 first, and whose bits they are."""

    family: str
    registers: tuple[Attribute, ...]


def alarms_in(answers: Mapping[Attribute, Data], alarms: AlarmRegisters) -> dict[Obis, int]:
    """The registers that a meter gave, by their codes."""
    given = {}
    for register in alarms.registers:
        try:
            if register in answers:
                given[register.obis] = answers[register].integer()
        except Undecodable:
            continue
    return {obis: value for obis, value in given.items() if 0 <= value < _MOST}


def newly_set(
    before: tuple[int, ...], given: Mapping[Obis, int], alarms: AlarmRegisters, codes: EventCodes, seen_at: datetime
) -> tuple[tuple[int, ...], tuple[Logged, ...]]:
    """What stands in the registers now, and an event for each bit that did not stand there `before`."""
    standing, events = [], []
    for place, register in enumerate(alarms.registers):
        known = before[place] if place < len(before) else 0
        value = given.get(register.obis, known)
        standing.append(value)
        for bit, meaning in codes.alarms_of(alarms.family, place + 1, value & ~known):
            event = MeterAlarmLogged if meaning.kind.is_alarm else MeterEventLogged
            events.append(
                event(
                    kind=meaning.kind,
                    occurred_at_ms=unix_ms(seen_at),
                    clock=ClockQuality.NOT_SAID,
                    family=alarms.family,
                    log=alarm_log(place + 1),
                    raw_code=bit,
                    cim=meaning.cim,
                    phase=meaning.phase,
                    duration_ms=None,
                )
            )
    return tuple(standing), tuple(events)
