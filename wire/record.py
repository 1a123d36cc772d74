"""A record: one event in its place of a gateway's chain, with the time and how far that time can be trusted.

This is what is signed. Its map (docs/wire.md, wire/schema/lamplight.cddl):

    1 version | 2 gateway | 3 gen | 4 lane | 5 seq | 6 prev | 7 at | 8 [source, +-ms, mono, boot] | 9 code | 10 subject
    | 11 body | 12 extensions

`seq` counts on across restarts of the gateway. `gen` rises only when a gateway lost its journal and must begin anew.
"""

from dataclasses import dataclass, field
from enum import IntEnum

from wire.bodies import decode_body, encode_body
from wire.codec import Value, decode, encode
from wire.events import Event
from wire.fields import Octets, OneOf, Text, Whole, refuse_unknown_negative
from wire.ids import GatewayId
from wire.refusals import Reason, RecordRefused
from wire.terms import COUNT, DURATION_MS, INSTANT_MS, SEQ, Lane

VERSION = 1
_SUBJECT = Text(32)
_HASH = Octets(16)
_CODE = Whole(1, 2**16)
_LANE = OneOf(Lane)


class ClockSource(IntEnum):
    """Where a gateway's time comes from."""

    NONE = 0
    RTC = 1
    NTP = 2
    CLOUD = 3
    METER = 4


_SOURCE = OneOf(ClockSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The place of an event in its chain; `prev` is the hash of the event before it, 16 bytes."""

    gateway: GatewayId
    gen: int
    lane: Lane
    seq: int
    prev: bytes

    def __str__(self) -> str:
        """The event's identity in one word, as people and the cloud's tables write it."""
        return f"{self.gateway}/{self.gen}/{self.lane.value}/{self.seq}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When the event was sealed: Unix ms in UTC, its source and uncertainty, and machine milliseconds since boot."""

    at_ms: int
    source: ClockSource
    uncertainty_ms: int
    mono_ms: int
    boot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One event, where it stands, when it was said and of which meter (`subject`, empty for the gateway itself)."""

    link: Link
    stamp: Stamp
    subject: str
    event: Event
    extensions: dict[int, Value] = field(default_factory=dict)


def encode_record(record: Record) -> bytes:
    """The payload to sign; raises RecordRefused or CodecRefused when a value is out of its bounds."""
    link, stamp = record.link, record.stamp
    payload: dict[int, Value] = {
        1: VERSION,
        2: str(link.gateway),
        3: COUNT.pack(link.gen),
        4: int(link.lane),
        5: SEQ.pack(link.seq),
        6: _HASH.pack(link.prev),
        7: INSTANT_MS.pack(stamp.at_ms),
        8: [
            int(stamp.source),
            DURATION_MS.pack(stamp.uncertainty_ms),
            INSTANT_MS.pack(stamp.mono_ms),
            COUNT.pack(stamp.boot),
        ],
        9: record.event.code,
        10: _SUBJECT.pack(record.subject),
        11: encode_body(record.event),
    }
    if record.extensions:
        payload[12] = record.extensions
    return encode(payload)


def decode_record(payload: bytes) -> Record:
    """The record in a verified payload.

    Raises CodecRefused or RecordRefused when its place or time cannot be read; an event that cannot be read comes back
    as UnknownEvent, so that it keeps its place in the chain.
    """
    packed = decode(payload)
    if not isinstance(packed, dict):
        raise RecordRefused(Reason.NOT_A_RECORD, "not a map")
    if packed.get(1) != VERSION or type(packed[1]) is not int:
        raise RecordRefused(Reason.VERSION, f"{packed.get(1)!r:.40}")
    refuse_unknown_negative(packed)
    try:
        lane = _LANE.unpack(packed[4])
        return Record(
            link=_link(packed, lane),
            stamp=_stamp(packed),
            subject=_SUBJECT.unpack(packed[10]),
            event=decode_body(_CODE.unpack(packed[9]), lane, _map(packed[11])),
            extensions=_extensions(packed),
        )
    except KeyError as error:
        raise RecordRefused(Reason.NOT_A_RECORD, f"key {error} is missing") from error


def _link(packed: dict[int, Value], lane: Lane) -> Link:
    try:
        gateway = GatewayId.parse(_SUBJECT.unpack(packed[2]))
    except ValueError as error:
        raise RecordRefused(Reason.NOT_A_RECORD, "not a gateway identifier") from error
    return Link(
        gateway=gateway,
        gen=COUNT.unpack(packed[3]),
        lane=lane,
        seq=SEQ.unpack(packed[5]),
        prev=_HASH.unpack(packed[6]),
    )


def _stamp(packed: dict[int, Value]) -> Stamp:
    clock = packed[8]
    if not isinstance(clock, list) or len(clock) != 4:
        raise RecordRefused(Reason.NOT_A_RECORD, "clock is not an array of four")
    return Stamp(
        at_ms=INSTANT_MS.unpack(packed[7]),
        source=_SOURCE.unpack(clock[0]),
        uncertainty_ms=DURATION_MS.unpack(clock[1]),
        mono_ms=INSTANT_MS.unpack(clock[2]),
        boot=COUNT.unpack(clock[3]),
    )


def _extensions(packed: dict[int, Value]) -> dict[int, Value]:
    extensions = _map(packed.get(12, {}))
    refuse_unknown_negative(extensions)
    return extensions


def _map(value: Value) -> dict[int, Value]:
    if not isinstance(value, dict):
        raise RecordRefused(Reason.NOT_A_RECORD, "not a map")
    return value
