"""The catalogue: every event a gateway may say, with its code and its lane. There is no other list.

The edge speaks of supply and of interruptions; only the cloud speaks of an outage.
Codes are never reused. A new event or a new field is added here, in the CDDL and with a golden vector; a receiver that
does not know it keeps it and acts on nothing.
"""

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Annotated, ClassVar, TypeAlias

from wire.codec import Value
from wire.fields import At, Exactly, Octets, OctetsUpTo, OneOf, Pair, Several, Struct, Text, Whole
from wire.meter_log import ClockQuality, MeterEventKind
from wire.terms import (
    COUNT,
    DURATION_MS,
    ENERGY_WH,
    INSTANT_MS,
    MILLIVOLTS,
    SEQ,
    Cause,
    CommandOutcome,
    Disconnector,
    DropReason,
    EvidenceKind,
    Grade,
    JournalLoss,
    Lane,
    LinkFault,
    ReadingSource,
    SetAsideReason,
    Stage,
    UseKind,
    UseStage,
    VoltageLimit,
)
from wire.units import Quantity

MAX_INTERVALS = 1_000


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
class EventsDropped:
    """The gateway gave up events `first_seq` to `last_seq` of `of_lane` before the cloud had them; never alarms.

    `head` is the hash of the last of them, which the next event of that lane names: the chain goes on behind the hole.
    """

    code: ClassVar[int] = 6
    lane: ClassVar[Lane] = Lane.ALARM
    of_lane: Annotated[Lane, At(1, OneOf(Lane))]
    first_seq: Annotated[int, At(2, SEQ)]
    last_seq: Annotated[int, At(3, SEQ)]
    head: Annotated[bytes, At(4, Octets(16))]
    reason: Annotated[DropReason, At(5, OneOf(DropReason))]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalBegunAnew:
    """The journal of generation `previous_gen` is lost; this is the first alarm of the next."""

    code: ClassVar[int] = 8
    lane: ClassVar[Lane] = Lane.ALARM
    previous_gen: Annotated[int, At(1, COUNT)]
    reason: Annotated[JournalLoss, At(2, OneOf(JournalLoss))]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAnnounced:
    """The last alarm under the old key: what comes after it, and after `heads` in the other lanes, the new key signs.

    `proof` is the new key's signature over who changes from which key to which (`wire.key_life`): nobody can announce
    a key he does not hold.
    """

    code: ClassVar[int] = 9
    lane: ClassVar[Lane] = Lane.ALARM
    spki: Annotated[bytes, At(1, OctetsUpTo(200))]
    proof: Annotated[bytes, At(2, Octets(64))]
    heads: Annotated[tuple[LaneHead, ...], At(3, Several(Struct(LaneHead), 3))]


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
class MeterFitted:
    """The gateway reads this meter (the subject) from `since_ms` on; `number` is its entry in the registry."""

    code: ClassVar[int] = 205
    lane: ClassVar[Lane] = Lane.DIAGNOSTICS
    number: Annotated[int, At(1, COUNT)]
    profile: Annotated[str, At(2, Text(64))]
    since_ms: Annotated[int, At(3, INSTANT_MS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRemoved:
    """The gateway no longer reads this meter (the subject)."""

    code: ClassVar[int] = 206
    lane: ClassVar[Lane] = Lane.DIAGNOSTICS
    number: Annotated[int, At(1, COUNT)]
    noticed_at_ms: Annotated[int, At(2, INSTANT_MS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayHealth:
    """How the gateway itself fares: room on its disk, its memory, its temperature, and what it had to leave out."""

    code: ClassVar[int] = 207
    lane: ClassVar[Lane] = Lane.DIAGNOSTICS
    disk_free_kb: Annotated[int, At(1, COUNT)]
    journal_kb: Annotated[int, At(2, COUNT)]
    memory_kb: Annotated[int, At(3, COUNT)]
    temperature_mc: Annotated[int | None, At(4, Whole(-(2**20), 2**20), optional=True)]
    reports_dropped: Annotated[int, At(5, COUNT)]
    events_refused: Annotated[int, At(6, COUNT)]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSetAside:
    """An event of code `of_code` could not be sent and lies in the gateway, `size` bytes of it, for a technician."""

    code: ClassVar[int] = 208
    lane: ClassVar[Lane] = Lane.DIAGNOSTICS
    of_code: Annotated[int, At(1, COUNT)]
    size: Annotated[int, At(2, COUNT)]
    reason: Annotated[SetAsideReason, At(3, OneOf(SetAsideReason))]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAnswered:
    """What became of a command of the cloud's; what it brought to light are ordinary events before this one."""

    code: ClassVar[int] = 209
    lane: ClassVar[Lane] = Lane.DIAGNOSTICS
    command: Annotated[bytes, At(1, Octets(16))]
    outcome: Annotated[CommandOutcome, At(2, OneOf(CommandOutcome))]
    detail: Annotated[str, At(3, Text(120))]
    took_ms: Annotated[int, At(4, DURATION_MS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageOutOfBand:
    """A phase stays outside its band: since `began_at_ms`, `extreme_mv` at worst. Phases count from 1."""

    code: ClassVar[int] = 210
    lane: ClassVar[Lane] = Lane.DIAGNOSTICS
    stage: Annotated[UseStage, At(1, OneOf(UseStage))]
    phase: Annotated[int, At(2, Whole(1, 3))]
    limit: Annotated[VoltageLimit, At(3, OneOf(VoltageLimit))]
    limit_mv: Annotated[int, At(4, MILLIVOLTS)]
    began_at_ms: Annotated[int, At(5, INSTANT_MS)]
    noticed_at_ms: Annotated[int, At(6, INSTANT_MS)]
    extreme_mv: Annotated[int, At(7, MILLIVOLTS)]


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
    | EventsDropped
    | JournalBegunAnew
    | KeyAnnounced
    | MeterFitted
    | MeterRemoved
    | GatewayHealth
    | EventSetAside
    | CommandAnswered
    | VoltageOutOfBand
)
Event: TypeAlias = KnownEvent | UnknownEvent
CATALOGUE: dict[int, type[KnownEvent]] = {event.code: event for event in KnownEvent.__args__}
