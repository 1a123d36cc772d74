"""What a meter sends unasked: DataNotification in HDLC frames, opened into readings by their OBIS codes.

What comes in is a whole capture, as a technician cut it from a line; what goes out is one `Push` for each message.
A message may span several frames; its date-time may be plain or tagged; readings may stand as structures of code, value
and scaler, or flat in a row. Every checksum must hold.
Refused by name, as CaptureRefused: what is ciphered, sent as general block transfer, over M-Bus or the TCP wrapper,
bare, as P1 text, or no push at all. A list without OBIS codes is refused too: its order is a meter's secret, not data.
"""

import math
from collections.abc import Sequence
from enum import StrEnum

from gateway.core.dlms import axdr, cosem_unit
from gateway.core.dlms.cosem_time import DATE_TIME_BYTES, CosemDate, CosemDateTime, CosemTime
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.hdlc import FLAG, Deframer, Frame, FrameKind
from gateway.core.dlms.obis import OBIS_BYTES, Obis
from gateway.core.dlms.pushed import Push, PushedReading
from gateway.core.errors import CaptureRefused, Undecodable

MAX_CAPTURE_BYTES = 1_000_000
_LLC_HEADERS = (bytes.fromhex("e6e700"), bytes.fromhex("e6e600"))
_DATA_NOTIFICATION = 0x0F
_CLOCK_CODE = b"\x01\x00"  # C and D of 0.x.1.0.0.255


class CaptureKind(StrEnum):
    """What a capture is; all but the first are refused by this version."""

    HDLC_PUSH = "hdlc-push"
    HDLC_DIALOGUE = "hdlc-dialogue"
    HDLC_DAMAGED = "hdlc-damaged"
    CIPHERED = "ciphered"
    BLOCK_TRANSFER = "general-block-transfer"
    M_BUS = "m-bus"
    WRAPPER = "tcp-wrapper"
    RAW_APDU = "raw-apdu"
    P1 = "p1-telegram"
    WITHOUT_OBIS = "list-without-obis"
    UNKNOWN = "unknown"


_WORDS = {
    CaptureKind.HDLC_DIALOGUE: "these HDLC frames are a dialogue with a meter, not a push",
    CaptureKind.HDLC_DAMAGED: "these are HDLC frames whose checksums do not hold or which are not all there",
    CaptureKind.CIPHERED: "this is ciphered, which this version does not open",
    CaptureKind.BLOCK_TRANSFER: "this is general block transfer, which this version does not join",
    CaptureKind.M_BUS: "these are M-Bus frames, which this version does not read",
    CaptureKind.WRAPPER: "this is DLMS behind a TCP wrapper, which this version does not read from a file",
    CaptureKind.RAW_APDU: "this is a bare APDU without any framing that would prove it whole",
    CaptureKind.P1: "this is a P1 or mode D text telegram, which this version does not read",
    CaptureKind.WITHOUT_OBIS: "these values come without OBIS codes, in an order only their maker knows",
    CaptureKind.UNKNOWN: "this is nothing a meter is known to send",
}
_CIPHERED_TAGS = frozenset((*range(0xC8, 0xD8), 0xDB, 0xDC, 0xDD, 0xDF))  # glo-*, ded-*, general-*
_APDU_TAGS = frozenset((0x01, 0x08, 0x0E, _DATA_NOTIFICATION, *range(0x60, 0x64), *range(0xC0, 0xC8), 0xD8))
_BLOCK_TRANSFER_TAG = 0xE0


def read_capture(capture: bytes) -> tuple[Push, ...]:
    """Every message of the capture, in order; raises CaptureRefused, which names what it is instead."""
    if len(capture) > MAX_CAPTURE_BYTES:
        raise CaptureRefused(CaptureKind.UNKNOWN, f"a capture of more than {MAX_CAPTURE_BYTES} octets is not read")
    deframer = Deframer()
    frames = (*deframer.feed(capture), *deframer.flush())
    if not frames:
        raise _refused(recognise(capture))
    if deframer.noise_bytes and any(frame.is_segmented for frame in frames):
        raise _refused(CaptureKind.HDLC_DAMAGED)
    return tuple(_push(message) for message in _messages(frames))


def recognise(capture: bytes) -> CaptureKind:
    """What a capture is by its first octets, where it holds no sound HDLC frame."""
    if not capture:
        return CaptureKind.UNKNOWN
    if capture[0] == FLAG and len(capture) > 1 and capture[1] & 0xF0 == 0xA0:
        return CaptureKind.HDLC_DAMAGED
    if capture[0] == 0x68 and capture[3:4] == b"\x68" and capture[1] == capture[2]:
        return CaptureKind.M_BUS
    if capture[:1] == b"/" and capture[1:4].isalnum():
        return CaptureKind.P1
    if capture[:2] == b"\x00\x01" and int.from_bytes(capture[6:8], "big") == len(capture) - 8:
        return CaptureKind.WRAPPER
    return _kind_of_apdu(capture[0]) or CaptureKind.UNKNOWN


def _kind_of_apdu(tag: int) -> CaptureKind | None:
    if tag in _CIPHERED_TAGS:
        return CaptureKind.CIPHERED
    if tag == _BLOCK_TRANSFER_TAG:
        return CaptureKind.BLOCK_TRANSFER
    return CaptureKind.RAW_APDU if tag in _APDU_TAGS else None


def _refused(kind: CaptureKind) -> CaptureRefused:
    return CaptureRefused(kind, _WORDS[kind], do="hand in a push in plain HDLC frames, from flag 7e to flag 7e")


def _messages(frames: Sequence[Frame]) -> list[bytes]:
    messages, parts, sender = [], bytearray(), b""
    for frame in frames:
        if frame.kind not in (FrameKind.UNNUMBERED_INFORMATION, FrameKind.INFORMATION):
            continue
        if parts and frame.source != sender:
            raise _refused(CaptureKind.HDLC_DAMAGED)
        sender = frame.source
        parts += frame.info
        if not frame.is_segmented:
            messages.append(bytes(parts))
            parts.clear()
    if parts:
        raise _refused(CaptureKind.HDLC_DAMAGED)
    if not messages:
        raise _refused(CaptureKind.HDLC_DIALOGUE)
    return messages


def _push(message: bytes) -> Push:
    apdu = message[3:] if message[:3] in _LLC_HEADERS else b""
    if apdu[:1] != bytes([_DATA_NOTIFICATION]):
        kind = _kind_of_apdu(apdu[0]) if apdu else None
        is_sealed = kind in (CaptureKind.CIPHERED, CaptureKind.BLOCK_TRANSFER)
        raise _refused(kind if kind and is_sealed else CaptureKind.HDLC_DIALOGUE)
    try:
        sent_at, body = _date_time(apdu[5:])
        items = axdr.decode(body).items()
        readings, unnamed = _readings(items)
    except Undecodable as error:
        raise CaptureRefused(
            CaptureKind.HDLC_DAMAGED, f"the frames are sound, their contents are not: {error}"
        ) from error
    if not readings:
        raise _refused(CaptureKind.WITHOUT_OBIS)
    return Push(kind=CaptureKind.HDLC_PUSH, sent_at=sent_at, readings=readings, unnamed=unnamed)


def _date_time(octets: bytes) -> tuple[CosemDateTime | None, bytes]:
    """The notification's date-time: none, 12 octets, or (Kaifa) the same with an octet-string's tag before it."""
    untagged = octets[1:] if octets[:2] == bytes([DataType.OCTET_STRING, DATE_TIME_BYTES]) else octets
    length, rest = axdr.decode_length(untagged)
    if length == 0:
        return None, rest
    return CosemDateTime.decode(rest[:length]), rest[length:]


def _readings(items: Sequence[Data]) -> tuple[tuple[PushedReading, ...], int]:
    """Readings of a sequence, depth first: a code, its value, and a scaler and unit where they follow."""
    readings: list[PushedReading] = []
    unnamed = at = 0
    while at < len(items):
        item, behind = items[at], items[at + 1 : at + 3]
        if _is_code(item) and behind and not _is_container(behind[0]):
            has_unit = len(behind) > 1 and _is_scaler_unit(behind[1])
            readings.append(_reading(item, behind[0], behind[1] if has_unit else None))
            at += 3 if has_unit else 2
            continue
        if _is_container(item):
            inner, inner_unnamed = _readings(item.items())
            readings += inner
            unnamed += inner_unnamed
        else:
            unnamed += 1
        at += 1
    return tuple(readings), unnamed


def _reading(code: Data, value: Data, unit: Data | None) -> PushedReading:
    obis = Obis.of(code.octets())
    exponent, unit_number = cosem_unit.scaler_unit(unit) if unit else (0, cosem_unit.NO_UNIT)
    match value.value:
        case int() | float() as number if not isinstance(number, bool) and math.isfinite(number):
            scaled = cosem_unit.scaled(number, exponent)
            return PushedReading(obis=obis, value=scaled, unit=cosem_unit.symbol(unit_number))
    return PushedReading(obis=obis, value=_text(value, obis), unit="")


def _text(value: Data, obis: Obis) -> str:
    match value.value:
        case bytes() as octets if obis.octets[2:4] == _CLOCK_CODE and len(octets) == DATE_TIME_BYTES:
            return CosemDateTime.decode(octets).text()
        case bytes() | str():
            return value.text()
        case CosemDateTime() as moment:
            return moment.text()
        case CosemDate() | CosemTime() as pattern:
            return pattern.encode().hex()
        case tuple() as bits:
            return "".join("1" if bit else "0" for bit in bits)
        case other:
            return str(other).lower()


def _is_code(item: Data) -> bool:
    return item.type is DataType.OCTET_STRING and len(item.octets()) == OBIS_BYTES


def _is_container(item: Data) -> bool:
    return item.type in (DataType.ARRAY, DataType.STRUCTURE, DataType.COMPACT_ARRAY)


def _is_scaler_unit(item: Data) -> bool:
    return item.type is DataType.STRUCTURE and [member.type for member in item.items()] == [
        DataType.INTEGER,
        DataType.ENUM,
    ]
