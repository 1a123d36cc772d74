"""The catalogue: every event a gateway may say, with its code and its lane. There is no other list.

The edge speaks of supply and of interruptions; only the cloud speaks of an outage.
Codes are never reused. A new event or a new field is added here, in the CDDL and with a golden vector; a receiver that
does not know it keeps it and acts on nothing.
"""

from dataclasses import dataclass, fields
from enum import Enum, IntEnum
from itertools import accumulate, pairwise
from typing import Annotated, ClassVar, TypeAlias

from wire.codec import Value
from wire.fields import At, Exactly, Octets, OneOf, Pair, Several, Struct, Text, Whole, pack, unpack
from wire.meter_log import ClockQuality, MeterEventKind
from wire.refusals import Reason, RecordRefused
from wire.units import Quantity

INSTANT_MS = Whole(0, 2**47)  # Unix milliseconds, UTC; to the year 6429
DURATION_MS = Whole(0, 2**40)
MILLIVOLTS = Whole(0, 2**31)
COUNT = Whole(0, 2**32)
ENERGY_WH = Whole(0, 2**48)
MAX_INTERVALS = 1_000


class Lane(IntEnum):
    """A lane has its own chain, so that a month of readings never delays an alarm."""

    ALARM = 0
    READINGS = 1
    DIAGNOSTICS = 2


class Cause(IntEnum):
    """What a gateway holds to be the cause of an interruption at its usage point."""

    CANNOT_TELL = 0
    SUPPLY_INTERRUPTED = 1
    GATEWAY_UNPLUGGED = 2
    HEAD_OFF = 3
    WAN_FAULT = 4
    PHASE_LOST = 5
    SWITCHED_OFF = 6
    OWN_BREAKER = 7


class Stage(IntEnum):
    """How far a verdict has come."""

    PROVISIONAL = 1
    CONFIRMED = 2
    WITHDRAWN = 3


class Grade(IntEnum):
    """How strong the evidence is, all taken together."""

    NONE = 0
    WEAK = 1
    FAIR = 2
    STRONG = 3


class EvidenceKind(IntEnum):
    """What was looked at; the unit of its value stands behind it."""

    SUPPLY_SENSE = 1  # 0 lost, 1 present
    INPUT_VOLTAGE = 2  # mV at the gateway's 5 V input
    METER_ANSWERS = 3  # 0 silent, 1 answers; proves nothing about the street by itself
    METER_VOLTAGE = 4  # mV, lowest phase, read by the meter now
    POWER_FAILURES = 5  # increase of the meter's own counter since before
    DISCONNECTOR = 6  # a Disconnector
    METER_LINK = 7  # a LinkFault, 0 for none
    METER_LOAD = 8  # 0 nothing is drawn through the meter, 1 something is; how much is nobody's business here
    UPLINK = 9  # 0 away, 1 there
    METER_LAST_GASP = 10  # 1: the meter said of itself that it was losing its supply, in a push that proves its sender


class Disconnector(IntEnum):
    """The meter's supply switch: COSEM class 70 control state, 0 where the meter has none or did not say."""

    UNKNOWN = 0
    CLOSED = 1
    OPEN = 2
    READY = 3


class LinkFault(IntEnum):
    """Why a meter could not be read."""

    SILENT = 1
    GARBLED = 2
    REFUSED = 3
    PORT_GONE = 4


class ReadingSource(IntEnum):
    """How registers came to the gateway, where it did not ask for them."""

    PUSHED = 1  # the meter said them unasked, and proved that it did
    UNAUTHENTICATED = 2  # pushed, and anybody may have said so; nothing of supply stands among them


class UseKind(IntEnum):
    """In which way a home's use is unusual; each is noticed by a channel of its own."""

    SPIKE = 1  # one hour far above any before it
    SUSTAINED = 2  # whole days above what is usual
    BASE_LOAD = 3  # the quiet hours above what is usual
    ZERO = 4  # nothing at all, for longer than ever, though the meter is read


class UseStage(IntEnum):
    """Whether something unusual was noticed, or is over."""

    RAISED = 1
    ENDED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing looked at: its value, and how old it was when the verdict was made."""

    kind: Annotated[EvidenceKind, At(1, OneOf(EvidenceKind))]
    value: Annotated[int, At(2, Whole(-(2**31), 2**31))]
    age_ms: Annotated[int, At(3, DURATION_MS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneHead:
    """How far a lane's chain has come: its last number and that event's hash."""

    lane: Annotated[Lane, At(1, OneOf(Lane))]
    seq: Annotated[int, At(2, COUNT)]
    head: Annotated[bytes, At(3, Octets(16))]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyLost:
    """The probe's supply sense fell and stayed away past the hold-off.

    One that falls again after the meter read a voltage, but before a return was proved, is another loss: told at once,
    and the one before it is never said to be restored.
    """

    code: ClassVar[int] = 1
    lane: ClassVar[Lane] = Lane.ALARM
    began_at_ms: Annotated[int, At(1, INSTANT_MS)]
    input_mv: Annotated[int, At(2, MILLIVOLTS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyRestored:
    """Supply is back, the meter reads voltage in band for `held_s` without a break, and its disconnector is closed."""

    code: ClassVar[int] = 2
    lane: ClassVar[Lane] = Lane.ALARM
    began_at_ms: Annotated[int, At(1, INSTANT_MS)]
    restored_at_ms: Annotated[int, At(2, INSTANT_MS)]
    held_s: Annotated[int, At(3, Whole(0, 2**20))]
    voltages_mv: Annotated[tuple[int, ...], At(4, Several(MILLIVOLTS, 3))]
    disconnector: Annotated[Disconnector, At(5, OneOf(Disconnector))]
    power_failures: Annotated[int | None, At(6, COUNT, optional=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptionAssessed:
    """A verdict on the interruption that began at `began_at_ms`, with the evidence it rests on."""

    code: ClassVar[int] = 3
    lane: ClassVar[Lane] = Lane.ALARM
    began_at_ms: Annotated[int, At(1, INSTANT_MS)]
    cause: Annotated[Cause, At(2, OneOf(Cause))]
    stage: Annotated[Stage, At(3, OneOf(Stage))]
    grade: Annotated[Grade, At(4, OneOf(Grade))]
    evidence: Annotated[tuple[Evidence, ...], At(5, Several(Struct(Evidence), 32))]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyDipped:
    """Supply went away and came back within the hold-off: recorded and counted, told to nobody."""

    code: ClassVar[int] = 4
    lane: ClassVar[Lane] = Lane.DIAGNOSTICS
    began_at_ms: Annotated[int, At(1, INSTANT_MS)]
    duration_ms: Annotated[int, At(2, DURATION_MS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalReadings:
    """Consecutive interval readings of one quantity: the first value, then differences from one to the next.

    >>> IntervalReadings.of(0, 3600, Quantity.ENERGY_IMPORT_WH, (200, 220, 150)).deltas
    (20, -70)
    """

    code: ClassVar[int] = 100
    lane: ClassVar[Lane] = Lane.READINGS
    start_ms: Annotated[int, At(1, INSTANT_MS)]
    period_s: Annotated[int, At(2, Whole(1, 86_400 * 31))]
    quantity: Annotated[Quantity, At(3, OneOf(Quantity))]
    base: Annotated[int, At(4, Whole(-(2**62), 2**62))]
    deltas: Annotated[tuple[int, ...], At(5, Several(Whole(-(2**48), 2**48), MAX_INTERVALS - 1))]

    @classmethod
    def of(cls, start_ms: int, period_s: int, quantity: Quantity, values: tuple[int, ...]) -> "IntervalReadings":
        """From plain values, at least one and at most `MAX_INTERVALS`."""
        deltas = tuple(after - before for before, after in pairwise(values))
        return cls(start_ms=start_ms, period_s=period_s, quantity=quantity, base=values[0], deltas=deltas)

    @property
    def values(self) -> tuple[int, ...]:
        """The values of the intervals, each beginning `period_s` after the one before."""
        return tuple(accumulate(self.deltas, initial=self.base))


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReadings:
    """What the meter's registers said at one instant; without a `source`, the gateway asked for them."""

    code: ClassVar[int] = 101
    lane: ClassVar[Lane] = Lane.READINGS
    at_ms: Annotated[int, At(1, INSTANT_MS)]
    values: Annotated[
        tuple[tuple[Quantity, int], ...], At(2, Several(Pair(OneOf(Quantity), Whole(-(2**62), 2**62)), 64))
    ]
    source: Annotated[ReadingSource | None, At(3, OneOf(ReadingSource), optional=True)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusualUse:
    """The home uses more, or less, than is usual there, since `began_at_ms`; it follows the readings it rests on.

    `observed_wh` and `usual_wh` are both over one `period_s`: an hour, or a day for SUSTAINED. `noticed_at_ms` is the
    end of the hour that settled it. A score of 1000 stands exactly at the line. ENDED names the same `began_at_ms`.
    """

    code: ClassVar[int] = 110
    lane: ClassVar[Lane] = Lane.READINGS
    kind: Annotated[UseKind, At(1, OneOf(UseKind))]
    stage: Annotated[UseStage, At(2, OneOf(UseStage))]
    began_at_ms: Annotated[int, At(3, INSTANT_MS)]
    noticed_at_ms: Annotated[int, At(4, INSTANT_MS)]
    observed_wh: Annotated[int, At(5, ENERGY_WH)]
    usual_wh: Annotated[int, At(6, ENERGY_WH)]
    period_s: Annotated[int, At(7, Whole(1, 86_400 * 31))]
    score_milli: Annotated[int, At(8, COUNT)]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayStarted:
    """The gateway's program started; `boot` counts its starts."""

    code: ClassVar[int] = 200
    lane: ClassVar[Lane] = Lane.DIAGNOSTICS
    software: Annotated[str, At(1, Text(32))]
    boot: Annotated[int, At(2, COUNT)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """How far every lane has come, so that a chain cut at its end is seen within one heartbeat."""

    code: ClassVar[int] = 201
    lane: ClassVar[Lane] = Lane.DIAGNOSTICS
    heads: Annotated[tuple[LaneHead, ...], At(1, Several(Struct(LaneHead), 3))]
    uptime_s: Annotated[int, At(2, COUNT)]
    pending: Annotated[int, At(3, COUNT)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterUnreachable:
    """The meter cannot be read since `since_ms`."""

    code: ClassVar[int] = 202
    lane: ClassVar[Lane] = Lane.DIAGNOSTICS
    since_ms: Annotated[int, At(1, INSTANT_MS)]
    reason: Annotated[LinkFault, At(2, OneOf(LinkFault))]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReachable:
    """The meter answers again after `silent_for_ms`."""

    code: ClassVar[int] = 203
    lane: ClassVar[Lane] = Lane.DIAGNOSTICS
    silent_for_ms: Annotated[int, At(1, DURATION_MS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """An entry of one of the meter's own logs: the meter's word, not ours.

    `family`, `log` and `code` are what the meter wrote, untouched: a code means something only within the log it stands
    in. `kind` and `cim` (IEC 61968-9: type, domain, subdomain, event or action) are what our table makes of them.
    `occurred_at_ms` is by the meter's clock, and None where its stamp is no instant; a bit of an alarm register has no
    stamp, and was set when the gateway saw it. An entry with a `duration_ms` was written at the END of what it tells
    of, as failure logs do: it began that much earlier. Phases count from 1.
    """

    kind: Annotated[MeterEventKind, At(1, OneOf(MeterEventKind))]
    occurred_at_ms: Annotated[int | None, At(2, INSTANT_MS, optional=True)]
    clock: Annotated[ClockQuality, At(3, OneOf(ClockQuality))]
    family: Annotated[str, At(4, Text(24))]
    log: Annotated[str, At(5, Text(24))]
    raw_code: Annotated[int, At(6, COUNT)]
    cim: Annotated[tuple[int, ...] | None, At(7, Exactly(Whole(0, 2**16), 4), optional=True)]
    phase: Annotated[int | None, At(8, Whole(1, 3), optional=True)]
    duration_ms: Annotated[int | None, At(9, DURATION_MS, optional=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterAlarmLogged(LogEntry):
    """The meter logged something about supply, its supply switch or tamper: `MeterEventKind.is_alarm`."""

    code: ClassVar[int] = 5
    lane: ClassVar[Lane] = Lane.ALARM


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterEventLogged(LogEntry):
    """The meter logged anything else."""

    code: ClassVar[int] = 204
    lane: ClassVar[Lane] = Lane.DIAGNOSTICS


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent:
    """A signed event this program cannot read (`why`): kept in its place of the chain, never acted on."""

    code: int
    lane: Lane
    body: dict[int, Value]
    why: str


KnownEvent: TypeAlias = (
    SupplyLost
    | SupplyRestored
    | InterruptionAssessed
    | SupplyDipped
    | IntervalReadings
    | RegisterReadings
    | UnusualUse
    | GatewayStarted
    | Heartbeat
    | MeterUnreachable
    | MeterReachable
    | MeterAlarmLogged
    | MeterEventLogged
)
Event: TypeAlias = KnownEvent | UnknownEvent
CATALOGUE: dict[int, type[KnownEvent]] = {event.code: event for event in KnownEvent.__args__}


def encode_body(event: Event) -> dict[int, Value]:
    """The event's own map, key 11 of a record; raises RecordRefused when a value is out of its bounds."""
    return event.body if isinstance(event, UnknownEvent) else pack(event)


def decode_body(code: int, lane: Lane, body: dict[int, Value]) -> Event:
    """The event of this code; an UnknownEvent when the code, its lane or its body is not of this catalogue."""
    cls = CATALOGUE.get(code)
    if cls is None:
        return UnknownEvent(code=code, lane=lane, body=body, why="unknown code")
    try:
        if cls.lane is not lane:
            raise RecordRefused(Reason.NOT_A_RECORD, f"{cls.__name__} does not belong to lane {lane.name}")
        event: Event = unpack(cls, body)
    except RecordRefused as refused:
        return UnknownEvent(code=code, lane=lane, body=body, why=str(refused))
    return event


def event_name(event: Event) -> str:
    """The event's name for people and programs."""
    return f"Unknown{event.code}" if isinstance(event, UnknownEvent) else type(event).__name__


def facts(event: Event) -> dict[str, object]:
    """The event's fields in plain values, for JSON and for people: enumerations as words, bytes as hex.

    >>> facts(MeterUnreachable(since_ms=5, reason=LinkFault.SILENT))
    {'since_ms': 5, 'reason': 'silent'}
    """
    return {field.name: _plain(getattr(event, field.name)) for field in fields(event)}


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.name.lower()
        case bytes():
            return value.hex()
        case tuple() | list():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case Evidence() | LaneHead():
            return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            return value
