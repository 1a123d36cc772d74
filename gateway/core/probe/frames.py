"""Frames of the probe link, version 1: what stands in one, and the proof that it arrived whole.

    COBS( u8 kind | u8 seq | payload, at most 240 bytes | u32 CRC-32 of all before ) 0x00      integers little-endian

A frame counts only with its checksum right. What is not a frame comes out as a `Noise` with its reason, never as an
exception: a serial line may say anything. An unknown kind is a `Noise` too, so that a newer probe can say more;
a payload longer than this program knows is read as far as it is known.
"""

import struct
from binascii import crc32
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import ClassVar, TypeAlias

from gateway.core.probe import cobs

PROTOCOL = 1
MAX_PAYLOAD = 240
_OVERHEAD = 2 + 4  # kind and seq before the payload, CRC-32 behind it
MAX_ENCODED = MAX_PAYLOAD + _OVERHEAD + 1


class Supply(IntEnum):
    """What happened at the supply sense."""

    LOST = 1
    BACK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """The probe introduces itself; `boot_id` is drawn anew at every start of it."""

    kind: ClassVar[int] = 1
    protocol: int
    boot_id: int
    firmware: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Once a second: what the probe senses now. `hold_mv` stands on the hold-up capacitor."""

    kind: ClassVar[int] = 2
    boot_id: int
    uptime_ms: int
    supply_present: bool
    input_mv: int
    hold_mv: int
    bad_frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyEvent:
    """An edge of the supply sense, repeated until it is acknowledged; times are the probe's uptime."""

    kind: ClassVar[int] = 3
    boot_id: int
    event_id: int
    what: Supply
    occurred_ms: int
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayHello:
    """The gateway asks the probe to introduce itself."""

    kind: ClassVar[int] = 16
    protocol: int = PROTOCOL


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """The gateway has this event safe in its journal; the probe may forget it."""

    kind: ClassVar[int] = 17
    boot_id: int
    event_id: int


class NoiseReason(Enum):
    """Why some bytes are not a frame."""

    TOO_LONG = "longer than any frame"
    NOT_COBS = "not byte-stuffed"
    CHECKSUM = "checksum"
    PAYLOAD = "payload"
    UNKNOWN_KIND = "unknown kind"


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes between two zeros that are no frame of ours."""

    reason: NoiseReason


FromProbe: TypeAlias = Hello | Beat | SupplyEvent
ToProbe: TypeAlias = GatewayHello | Ack
Frame: TypeAlias = FromProbe | ToProbe

_HELLO = struct.Struct("<BIB")
_BEAT = struct.Struct("<IIBHHH")
_EVENT = struct.Struct("<IIBII")
_ACK = struct.Struct("<II")


def encode(frame: Frame, seq: int) -> bytes:
    """The frame as it goes over the line, its closing zero included; `seq` counts frames modulo 256."""
    body = bytes([frame.kind, seq & 0xFF]) + _payload(frame)
    return cobs.encode(body + crc32(body).to_bytes(4, "little")) + b"\0"


def _payload(frame: Frame) -> bytes:
    match frame:
        case Hello():
            firmware = frame.firmware.encode()[: MAX_PAYLOAD - _HELLO.size]
            return _HELLO.pack(frame.protocol, frame.boot_id, len(firmware)) + firmware
        case Beat():
            return _BEAT.pack(
                frame.boot_id, frame.uptime_ms, frame.supply_present, frame.input_mv, frame.hold_mv, frame.bad_frames
            )
        case SupplyEvent():
            return _EVENT.pack(frame.boot_id, frame.event_id, frame.what, frame.occurred_ms, frame.now_ms)
        case GatewayHello():
            return bytes([frame.protocol])
        case Ack():
            return _ACK.pack(frame.boot_id, frame.event_id)


def decode(encoded: bytes) -> Frame | Noise:
    """What stands between two zeros."""
    data = cobs.decode(encoded)
    if data is None:
        return Noise(NoiseReason.NOT_COBS)
    body, checksum = data[:-4], data[-4:]
    if len(data) < _OVERHEAD or crc32(body).to_bytes(4, "little") != checksum:
        return Noise(NoiseReason.CHECKSUM)
    try:
        return _frame(body[0], body[2:])
    except (struct.error, ValueError):
        return Noise(NoiseReason.PAYLOAD)


def _frame(kind: int, payload: bytes) -> Frame | Noise:
    match kind:
        case Hello.kind:
            protocol, boot_id, length = _HELLO.unpack_from(payload)
            firmware = payload[_HELLO.size : _HELLO.size + length]
            if len(firmware) != length:
                raise ValueError("firmware name is cut")
            return Hello(protocol=protocol, boot_id=boot_id, firmware=firmware.decode())
        case Beat.kind:
            boot_id, uptime_ms, supply, input_mv, hold_mv, bad_frames = _BEAT.unpack_from(payload)
            return Beat(
                boot_id=boot_id,
                uptime_ms=uptime_ms,
                supply_present=bool(supply),
                input_mv=input_mv,
                hold_mv=hold_mv,
                bad_frames=bad_frames,
            )
        case SupplyEvent.kind:
            boot_id, event_id, what, occurred_ms, now_ms = _EVENT.unpack_from(payload)
            return SupplyEvent(
                boot_id=boot_id, event_id=event_id, what=Supply(what), occurred_ms=occurred_ms, now_ms=now_ms
            )
        case GatewayHello.kind:
            return GatewayHello(protocol=struct.unpack_from("<B", payload)[0])
        case Ack.kind:
            boot_id, event_id = _ACK.unpack_from(payload)
            return Ack(boot_id=boot_id, event_id=event_id)
        case _:
            return Noise(NoiseReason.UNKNOWN_KIND)


class Decoder:
    """Bytes as they come into frames; holds at most one frame's worth, whatever comes."""

    __slots__ = ("_held", "_too_long")

    def __init__(self) -> None:
        self._held = bytearray()
        self._too_long = False

    def feed(self, data: bytes) -> list[Frame | Noise]:
        """Every frame that `data` completes, in order; the same frames however the stream is cut."""
        found: list[Frame | Noise] = []
        *ended, open_end = data.split(b"\0")
        for piece in ended:
            self._hold(piece)
            if self._too_long:
                found.append(Noise(NoiseReason.TOO_LONG))
            elif self._held:
                found.append(decode(bytes(self._held)))
            self._held.clear()
            self._too_long = False
        self._hold(open_end)
        return found

    def _hold(self, piece: bytes) -> None:
        self._too_long = self._too_long or len(self._held) + len(piece) > MAX_ENCODED
        if self._too_long:
            self._held.clear()
        else:
            self._held += piece
