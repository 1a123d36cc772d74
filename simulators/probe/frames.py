"""The probe link, version 1, from the probe's end: frames and their meaning. `docs/probe-link.md` has an example.

A frame is COBS(kind, seq, payload, CRC-32 of all before it) and a zero, which stands nowhere else on the line: whatever
was lost or garbled, the octet behind a zero begins something whole. All numbers are little-endian. What does not check
out is dropped and counted. Kinds nobody knows, and octets behind the fields that are known, are ignored, so that a
newer end can say more. The deframer holds one frame at most.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

PROTOCOL = 1
MAX_PAYLOAD_OCTETS = 240
END = 0x00
_HEAD = struct.Struct("<BB")
_CRC = struct.Struct("<I")
_HELLO = struct.Struct("<BIB")
_BEAT = struct.Struct("<IIBHHH")
_EVENT = struct.Struct("<IIBII")
_ACK = struct.Struct("<II")
_MAX_ENCODED_OCTETS = _HEAD.size + MAX_PAYLOAD_OCTETS + _CRC.size + 1


class Kind(IntEnum):
    """What a frame is: 1 to 15 from the probe, 16 to 31 to it."""

    HELLO = 1
    BEAT = 2
    EVENT = 3
    HOST_HELLO = 16
    HOST_ACK = 17


class What(IntEnum):
    """What an event tells."""

    SUPPLY_LOST = 1
    SUPPLY_BACK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """Who speaks: sent at the start and whenever a host says hello."""

    boot_id: int
    firmware: str
    protocol: int = PROTOCOL

    def frame(self, seq: int) -> bytes:
        name = self.firmware.encode()
        return frame(Kind.HELLO, seq, _HELLO.pack(self.protocol, self.boot_id, len(name)) + name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """How things stand, once a second."""

    boot_id: int
    uptime_ms: int
    has_supply: bool
    input_mv: int
    hold_mv: int
    bad_frames: int

    def frame(self, seq: int) -> bytes:
        fields = (self.boot_id, self.uptime_ms, self.has_supply, self.input_mv, self.hold_mv, self.bad_frames)
        return frame(Kind.BEAT, seq, _BEAT.pack(*fields))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The supply went or came; `now_ms - occurred_ms` is how long ago that was when the frame was sent."""

    boot_id: int
    event_id: int
    what: What
    occurred_ms: int
    now_ms: int

    def frame(self, seq: int) -> bytes:
        fields = (self.boot_id, self.event_id, self.what, self.occurred_ms, self.now_ms)
        return frame(Kind.EVENT, seq, _EVENT.pack(*fields))


@dataclass(frozen=True, slots=True, kw_only=True)
class HostHello:
    """A host begins to listen, in the version it speaks."""

    protocol: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostAck:
    """A host has an event and keeps it."""

    boot_id: int
    event_id: int


def frame(kind: int, seq: int, payload: bytes) -> bytes:
    """One frame with its end mark."""
    if len(payload) > MAX_PAYLOAD_OCTETS:
        raise ValueError(f"a payload of {len(payload)} octets is longer than {MAX_PAYLOAD_OCTETS}")
    body = _HEAD.pack(kind, seq & 0xFF) + payload
    return stuffed(body + _CRC.pack(zlib.crc32(body))) + bytes((END,))


def stuffed(data: bytes) -> bytes:
    """COBS for at most 253 octets: no zero is left, and each code says how far away the next one was.

    >>> stuffed(bytes.fromhex("11220033")).hex(" ")
    '03 11 22 02 33'
    """
    return b"".join(bytes((len(chunk) + 1,)) + chunk for chunk in data.split(b"\x00"))


def unstuffed(data: bytes) -> bytes:
    """COBS undone; raises ValueError when a code leads beyond the end."""
    chunks = []
    at = 0
    while at < len(data):
        code = data[at]
        if code == END or at + code > len(data):
            raise ValueError("not COBS")
        chunks.append(data[at + 1 : at + code])
        at += code
    return b"\x00".join(chunks)


class Deframer:
    """What a host says, from its octets, however they were cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._is_too_long = False
        self.bad_frames = 0

    def feed(self, octets: bytes) -> Iterator[HostHello | HostAck]:
        """The messages that `octets` complete, of the kinds a probe knows."""
        for octet in octets:
            if octet != END:
                # One octet more than a frame can have is kept, as a sign that this is none.
                self._buffer += bytes((octet,))[: _MAX_ENCODED_OCTETS + 1 - len(self._buffer)]
                continue
            data = bytes(self._buffer)
            self._buffer.clear()
            if data:
                yield from self._understood(data)

    def _understood(self, data: bytes) -> Iterator[HostHello | HostAck]:
        try:
            message = _message(data)
        except ValueError:
            self.bad_frames += 1
            return
        if message is not None:
            yield message


def _message(data: bytes) -> HostHello | HostAck | None:
    """What a frame says; None for a kind a probe does not know. Raises ValueError when it does not check out."""
    if len(data) > _MAX_ENCODED_OCTETS:
        raise ValueError("longer than a frame")
    raw = unstuffed(data)
    body, crc = raw[: -_CRC.size], raw[-_CRC.size :]
    if len(body) < _HEAD.size or crc != _CRC.pack(zlib.crc32(body)):
        raise ValueError("checksum")
    kind, payload = body[0], body[_HEAD.size :]
    if kind == Kind.HOST_HELLO and payload:
        return HostHello(protocol=payload[0])
    if kind == Kind.HOST_ACK and len(payload) >= _ACK.size:
        boot_id, event_id = _ACK.unpack_from(payload)
        return HostAck(boot_id=boot_id, event_id=event_id)
    if kind in (Kind.HOST_HELLO, Kind.HOST_ACK):
        raise ValueError("cut short")
    return None
