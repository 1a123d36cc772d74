"""What `status` and `journal` tell, as facts for programs and as lines for people: the same, with ages and units."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from gateway.adapters.journal_view import JournalView, LaneView, RowView
from gateway.core.batches import IntervalProgress
from gateway.core.conclusions import LatestReading
from gateway.core.consumption import LEARNING_DAYS, Bank, Maturity
from gateway.core.interruption import InterruptionState, Phase, Trouble
from gateway.core.push.pushes import PushRecord
from gateway.core.reachability import Reachability
from gateway.core.reading import Origin
from gateway.core.registered_meter import RegisteredMeter
from gateway.core.remembered import Forgotten, recall
from gateway.core.uplink import UplinkState
from gateway.service.meter_desk import CONSUMPTION, INTERVALS, PUSHES, REACH, READING, SUPPLY, name_of, port_line
from gateway.service.uplink_desk import UPLINK
from wire.bodies import event_name, facts
from wire.events import Event, RegisterReadings
from wire.ids import GatewayId
from wire.instants import from_unix_ms

T = TypeVar("T")
_LONG_LIST = 8
_LONG_TEXT = 40
_FIRST_DIGITS = 8
_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterStatus:
    """One meter as it was last seen."""

    meter: RegisteredMeter
    supply: InterruptionState | None
    reach: Reachability | None
    progress: IntervalProgress | None
    reading: LatestReading | None
    use: Bank | None
    pushes: PushRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PushPortStatus:
    """What was refused at a push port, by reason: of nobody in particular."""

    port: str
    refused: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The gateway at `now`; `process` is None where it does not run."""

    gateway: GatewayId
    gen: int
    boots: int
    process: int | None
    is_enrolled: bool
    refused: int
    now: datetime
    meters: tuple[MeterStatus, ...]
    lanes: tuple[LaneView, ...]
    uplink: UplinkState | None = None
    push_ports: tuple[PushPortStatus, ...] = ()

    def facts(self) -> dict[str, object]:
        """For programs."""
        return {
            "gateway": self.gateway,
            "gen": self.gen,
            "boots": self.boots,
            "process": self.process,
            "is_enrolled": self.is_enrolled,
            "pending": sum(lane.waiting for lane in self.lanes),
            "refused": self.refused,
            "now": self.now.isoformat(),
            "meters": [_meter_facts(meter, self.now) for meter in self.meters],
            "uplink": _uplink_facts(self.uplink),
            "push_ports": [{"port": each.port, "refused": dict(each.refused)} for each in self.push_ports],
            "lanes": [_lane_facts(lane) for lane in self.lanes],
        }


def status_of(
    view: JournalView, meters: tuple[RegisteredMeter, ...], *, now: datetime, process: int | None, is_enrolled: bool
) -> Status:
    """Everything the journal and the registry know."""
    identity = view.identity()
    return Status(
        gateway=identity.gateway,
        gen=identity.gen,
        boots=identity.boots,
        process=process,
        is_enrolled=is_enrolled,
        refused=identity.refused,
        now=now,
        meters=tuple(
            MeterStatus(
                meter=meter,
                supply=_recalled(view, name_of(SUPPLY, meter.number), InterruptionState),
                reach=_recalled(view, name_of(REACH, meter.number), Reachability),
                progress=_recalled(view, name_of(INTERVALS, meter.number), IntervalProgress),
                reading=_recalled(view, name_of(READING, meter.number), LatestReading),
                use=_recalled(view, name_of(CONSUMPTION, meter.number), Bank),
                pushes=_recalled(view, name_of(PUSHES, meter.number), PushRecord),
            )
            for meter in meters
        ),
        lanes=tuple(view.lanes()),
        uplink=_recalled(view, UPLINK, UplinkState),
        push_ports=_push_ports(view, meters),
    )


def _push_ports(view: JournalView, meters: tuple[RegisteredMeter, ...]) -> tuple[PushPortStatus, ...]:
    ports = dict.fromkeys(meter.push for meter in meters if meter.push)
    records = ((port, _recalled(view, port_line(port), PushRecord)) for port in ports)
    return tuple(PushPortStatus(port=port, refused=record.refused if record else ()) for port, record in records)


def status_lines(status: Status) -> Iterator[str]:
    """For people."""
    running = f"runs (process {status.process})" if status.process else "does not run"
    yield f"gateway {status.gateway}, generation {status.gen}, start {status.boots}: {running}"
    if not status.is_enrolled:
        yield "not enrolled: lamplight-gateway enrol DIR FILE"
    for meter in status.meters:
        yield from _meter_lines(meter, status.now)
    if not status.meters:
        yield "no meter: lamplight-gateway meter add DIR --port PORT --profile NAME"
    for port in status.push_ports:
        if port.refused:
            yield f"push port {port.port}: refused {_counts(port.refused)}"
    for lane in status.lanes:
        known = f"{lane.receipted_seq} of {lane.seq} safe in the cloud"
        given_up = f", {lane.given_up} given up" if lane.given_up else ""
        yield f"{lane.lane.name.lower():11}  {known}, {lane.waiting} waiting ({lane.waiting_bytes} B){given_up}"
    if status.uplink is not None and status.uplink.away_since is not None:
        verdict = f": {status.uplink.verdict}" if status.uplink.verdict else ""
        yield f"uplink away since {_ago(status.uplink.away_since, status.now)}{verdict}"
    receipts = [lane.receipted_at_ms for lane in status.lanes if lane.receipted_at_ms is not None]
    last = _ago(from_unix_ms(max(receipts)), status.now) if receipts else "none yet"
    yield f"last receipt: {last}"
    if status.refused:
        yield f"{status.refused} events refused: the disk had room for alarms alone"


def journal_facts(row: RowView) -> dict[str, object]:
    """One row for programs."""
    record = row.record
    return {
        "id": str(record.link),
        "lane": record.link.lane.name.lower(),
        "seq": record.link.seq,
        "at": from_unix_ms(record.stamp.at_ms).isoformat(),
        "type": event_name(record.event),
        "subject": record.subject,
        "facts": facts(record.event),
        "size_bytes": row.size_bytes,
        "is_receipted": row.is_receipted,
    }


def journal_line(row: RowView) -> str:
    """One row for people."""
    record = row.record
    safe = "safe   " if row.is_receipted else "waiting"
    at = f"{from_unix_ms(record.stamp.at_ms):%Y-%m-%d %H:%M:%S}"
    return f"{at}  {safe}  {record.link}  {record.subject or '-'}  {event_name(record.event)}  {_said(record.event)}"


def _meter_facts(status: MeterStatus, now: datetime) -> dict[str, object]:
    reading, supply = status.reading, status.supply
    return {
        "number": status.meter.number,
        "serial": status.meter.serial,
        "port": status.meter.port,
        "address": status.meter.address,
        "profile": status.meter.profile,
        "is_reachable": None if status.reach is None else not status.reach.told,
        "last_reading_at": None if reading is None else reading.taken_at.isoformat(),
        "last_reading_age_s": None if reading is None else round((now - reading.taken_at).total_seconds()),
        "push": status.meter.push,
        "origin": None if reading is None else reading.origin.value,
        "is_authenticated": None if reading is None else reading.is_authenticated,
        "last_push_at": None if (pushed_at := _pushed_at(status)) is None else pushed_at.isoformat(),
        "last_push_age_s": None if pushed_at is None else round((now - pushed_at).total_seconds()),
        "pushes_refused": {} if status.pushes is None else dict(status.pushes.refused),
        "values": {} if reading is None else {quantity.name.lower(): value for quantity, value in reading.values},
        "intervals_through": None if status.progress is None else status.progress.through.isoformat(),
        "supply": None if supply is None else supply.phase.value,
        "supply_began_at": None if supply is None or supply.began_at is None else supply.began_at.isoformat(),
        "verdict": None if supply is None or supply.verdict is None else str(supply.verdict),
        "use": _use_facts(status.use),
        "troubles": [] if supply is None else [_trouble_facts(trouble) for trouble in supply.told_troubles],
    }


def _use_facts(use: Bank | None) -> dict[str, object] | None:
    if use is None:
        return None
    unusual = [
        {"kind": kind.name.lower(), "began_at": from_unix_ms(at_s * 1000).isoformat()} for kind, at_s in use.unusual
    ]
    return {"is_known": use.maturity is Maturity.LEARNED, "known_days": use.known_h // 24, "unusual": unusual}


def _use_line(use: Bank, now: datetime) -> str:
    """How well the home's use is known, and what is unusual in it now."""
    is_known = use.maturity is Maturity.LEARNED
    known = "known" if is_known else f"still learning, {use.known_h // 24} of {LEARNING_DAYS} days"
    unusual = [
        f"; unusual: {kind.name.lower().replace('_', ' ')}, since {_ago(from_unix_ms(at_s * 1000), now)}"
        for kind, at_s in use.unusual
    ]
    return f"  use {known}{''.join(unusual)}"


def _trouble_facts(trouble: Trouble) -> dict[str, object]:
    return {"verdict": str(trouble.verdict), "began_at": trouble.began_at.isoformat()}


def _uplink_facts(uplink: UplinkState | None) -> dict[str, object]:
    away_since = None if uplink is None else uplink.away_since
    verdict = None if uplink is None else uplink.verdict
    return {
        "away_since": None if away_since is None else away_since.isoformat(),
        "verdict": None if verdict is None else str(verdict),
    }


def _meter_lines(status: MeterStatus, now: datetime) -> Iterator[str]:
    meter, reading, supply = status.meter, status.reading, status.supply
    yield f"meter {meter.number}  {meter.serial or 'not read yet'}  {meter.place}  {meter.profile}"
    if status.reach is not None and status.reach.told and status.reach.failing_since is not None:
        yield f"  out of reach since {_ago(status.reach.failing_since, now)}"
    if reading is not None:
        values = "  ".join(
            f"{quantity.name.lower()} {value} {quantity.unit}".rstrip() for quantity, value in reading.values
        )
        how = "pushed" if reading.origin is Origin.PUSHED else "read"
        doubt = "" if reading.is_authenticated else ", unauthenticated"
        yield f"  {how} {_ago(reading.taken_at, now)}{doubt}: {values}"
    if status.pushes is not None:
        yield _push_line(status, status.pushes, now)
    if status.progress is not None and meter.port:
        yield f"  load profile taken over up to {status.progress.through:%Y-%m-%d %H:%M} UTC"
    if status.use is not None:
        yield _use_line(status.use, now)
    if supply is not None:
        since = f" since {_ago(supply.began_at, now)}" if supply.began_at else ""
        verdict = f": {supply.verdict}" if supply.verdict else ""
        present = "not known yet, no interruption seen" if reading is None else supply.phase.value
        phase = present if supply.phase is Phase.PRESENT else supply.phase.value
        yield f"  supply {phase}{since}{verdict}"
        for trouble in supply.told_troubles:
            yield f"  {trouble.verdict}, since {_ago(trouble.began_at, now)}"


def _push_line(status: MeterStatus, pushes: PushRecord, now: datetime) -> str:
    """Whether it pushes, and what of that was refused."""
    pushed_at = _pushed_at(status)
    last = "nothing pushed yet" if pushed_at is None else f"last push kept {_ago(pushed_at, now)}"
    return f"  {last}{f'; refused {_counts(pushes.refused)}' if pushes.refused else ''}"


def _pushed_at(status: MeterStatus) -> datetime | None:
    return None if status.pushes is None else status.pushes.kept_at


def _counts(refused: tuple[tuple[str, int], ...]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in refused)


def _lane_facts(lane: LaneView) -> dict[str, object]:
    receipted_at = None if lane.receipted_at_ms is None else from_unix_ms(lane.receipted_at_ms).isoformat()
    return {
        "lane": lane.lane.name.lower(),
        "seq": lane.seq,
        "head": lane.head.hex(),
        "receipted_seq": lane.receipted_seq,
        "last_receipt_at": receipted_at,
        "pending": lane.waiting,
        "pending_bytes": lane.waiting_bytes,
        "given_up": lane.given_up,
    }


def _recalled(view: JournalView, name: str, cls: type[T]) -> T | None:
    line = view.recall(name)
    try:
        return None if line is None else recall(cls, line)
    except Forgotten:
        return None


def _ago(at: datetime, now: datetime) -> str:
    """An instant with its age, as a person says it.

    >>> from datetime import UTC, timedelta
    >>> at = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
    >>> _ago(at, at + timedelta(minutes=3, seconds=5))
    '2026-11-21 18:00:00 UTC (3 min ago)'
    """
    seconds = round((now - at).total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{at:%Y-%m-%d %H:%M:%S} UTC ({seconds // length} {unit} ago)"
    age = f"{seconds} s ago" if seconds >= 0 else "ahead of this clock"
    return f"{at:%Y-%m-%d %H:%M:%S} UTC ({age})"


def _said(event: Event) -> str:
    """An event's facts in one line: registers by name, long lists counted, keys and hashes by their beginning."""
    if isinstance(event, RegisterReadings):
        return " ".join(f"{quantity.name.lower()}={value}" for quantity, value in event.values)
    return " ".join(f"{name}={_short(value)}" for name, value in facts(event).items())


def _short(value: object) -> str:
    match value:
        case None:
            return "-"
        case {"lane": lane, "seq": seq}:
            return f"{lane} {seq}"
        case dict():
            return " ".join(f"{name}={_short(each)}" for name, each in value.items())
        case list() if len(value) > _LONG_LIST:
            return f"[{len(value)} values]"
        case list():
            return f"[{', '.join(map(_short, value))}]"
        case str() if len(value) > _LONG_TEXT and _DIGITS.issuperset(value):
            return f"{value[:_FIRST_DIGITS]}..."
        case _:
            return str(value)
