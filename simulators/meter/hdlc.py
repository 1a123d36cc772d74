"""HDLC frames of IEC 62056-46, format type 3: bytes to frames and back.

In comes a stream, cut anywhere; out come frames whose two checksums hold. A frame is found by its *length field*, never
by looking for the closing flag: there is no byte stuffing here, so 0x7E may stand in the text and may be the last byte
of a checksum. What does not check out is dropped and counted, and the search goes on one byte further, since a lost
byte must not cost the frame behind it.

    7E | A  S  length(11) | destination | source | control | HCS | information | FCS | 7E

The deframer holds one frame at most (2,047 bytes).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

FLAG = 0x7E
FORMAT_TYPE = 0xA000
FORMAT_TYPE_MASK = 0xF000
SEGMENTED = 0x0800
LENGTH_MASK = 0x07FF
POLL_FINAL = 0x10
_CHECKSUM_BYTES = 2


class FrameRefused(ValueError):
    """These bytes are not a frame; the catcher drops them and goes on searching."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An HDLC address of one, two or four bytes: the logical device above, the physical device below.

    >>> Address(logical=1, physical=17, size=2).to_bytes().hex()
    '0223'
    """

    logical: int
    physical: int | None = None
    size: int = 1

    def to_bytes(self) -> bytes:
        """Seven bits a byte; the lowest bit marks the last one."""
        parts = [self.logical] if self.physical is None else [self.logical, self.physical]
        septets = [septet for part in parts for septet in (part >> 7, part & 0x7F)] if self.size == 4 else parts
        return bytes((septet << 1) | (place == self.size - 1) for place, septet in enumerate(septets))

    @classmethod
    def take(cls, data: bytes) -> "Address":
        """The address `data` begins with."""
        for size in (1, 2, 4):
            if len(data) >= size and data[size - 1] & 1 and not any(byte & 1 for byte in data[: size - 1]):
                septets = [byte >> 1 for byte in data[:size]]
                if size == 4:
                    return cls(logical=septets[0] << 7 | septets[1], physical=septets[2] << 7 | septets[3], size=size)
                return cls(logical=septets[0], physical=septets[1] if size == 2 else None, size=size)
        raise FrameRefused("an address has one, two or four bytes")


class Kind(Enum):
    """What a control field orders or tells (IEC 62056-46, table of commands and responses)."""

    INFORMATION = "I"
    RECEIVE_READY = "RR"
    RECEIVE_NOT_READY = "RNR"
    SET_NORMAL_RESPONSE_MODE = "SNRM"
    DISCONNECT = "DISC"
    UNNUMBERED_ACKNOWLEDGE = "UA"
    DISCONNECTED_MODE = "DM"
    FRAME_REJECT = "FRMR"
    UNNUMBERED_INFORMATION = "UI"
    UNKNOWN = "?"


_UNNUMBERED = {
    0x83: Kind.SET_NORMAL_RESPONSE_MODE,
    0x43: Kind.DISCONNECT,
    0x63: Kind.UNNUMBERED_ACKNOWLEDGE,
    0x0F: Kind.DISCONNECTED_MODE,
    0x87: Kind.FRAME_REJECT,
    0x03: Kind.UNNUMBERED_INFORMATION,
}
_SUPERVISORY = {0x01: Kind.RECEIVE_READY, 0x05: Kind.RECEIVE_NOT_READY}


@dataclass(frozen=True, slots=True)
class Control:
    """A control field, taken apart.

    >>> control = Control(0x32)
    >>> control.kind, control.send_number, control.receive_number, control.is_poll
    (<Kind.INFORMATION: 'I'>, 1, 1, True)
    """

    octet: int

    @property
    def kind(self) -> Kind:
        if not self.octet & 0x01:
            return Kind.INFORMATION
        if self.octet & 0x03 == 0x01:
            return _SUPERVISORY.get(self.octet & 0x0F, Kind.UNKNOWN)
        return _UNNUMBERED.get(self.octet & ~POLL_FINAL, Kind.UNKNOWN)

    @property
    def is_poll(self) -> bool:
        """The primary asks for an answer (P), or the secondary ends its turn (F)."""
        return bool(self.octet & POLL_FINAL)

    @property
    def receive_number(self) -> int:
        """N(R): every frame before this number has arrived."""
        return self.octet >> 5

    @property
    def send_number(self) -> int:
        """N(S): the number of this information frame."""
        return self.octet >> 1 & 0x07


def unnumbered(kind: Kind) -> Control:
    """The control field of an unnumbered command or response, with P/F set."""
    octet = next(octet for octet, known in _UNNUMBERED.items() if known is kind)
    return Control(octet | POLL_FINAL)


def receive_ready(receive_number: int) -> Control:
    """RR with P/F set."""
    return Control(receive_number << 5 | POLL_FINAL | 0x01)


def information(send_number: int, receive_number: int, *, final: bool) -> Control:
    """An information frame's control field."""
    return Control(receive_number << 5 | (POLL_FINAL if final else 0) | send_number << 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame; `is_segment` says that the message goes on in the next one."""

    destination: Address
    source: Address
    control: Control
    information: bytes = b""
    is_segment: bool = False

    def to_bytes(self) -> bytes:
        """The frame between its flags."""
        addresses = self.destination.to_bytes() + self.source.to_bytes()
        length = 2 + len(addresses) + 1 + _CHECKSUM_BYTES
        if self.information:
            length += len(self.information) + _CHECKSUM_BYTES
        if length > LENGTH_MASK:
            raise ValueError(f"a frame of {length} bytes does not fit its length field")
        head = (FORMAT_TYPE | (SEGMENTED if self.is_segment else 0) | length).to_bytes(2, "big")
        body = head + addresses + bytes((self.control.octet,))
        if self.information:
            body += checksum(body) + self.information
        return bytes((FLAG,)) + body + checksum(body) + bytes((FLAG,))

    @classmethod
    def parse(cls, body: bytes) -> "Frame":
        """Read what stands between two flags; raises FrameRefused when a checksum or the layout does not hold."""
        if checksum(body[:-_CHECKSUM_BYTES]) != body[-_CHECKSUM_BYTES:]:
            raise FrameRefused("frame checksum")
        destination = Address.take(body[2:])
        source = Address.take(body[2 + destination.size :])
        control_at = 2 + destination.size + source.size
        text = body[control_at + 1 : -_CHECKSUM_BYTES]
        if control_at >= len(body) - _CHECKSUM_BYTES:
            raise FrameRefused("no control field")
        if text:
            if checksum(body[: control_at + 1]) != text[:_CHECKSUM_BYTES]:
                raise FrameRefused("header checksum")
            text = text[_CHECKSUM_BYTES:]
        return cls(
            destination=destination,
            source=source,
            control=Control(body[control_at]),
            information=text,
            is_segment=bool(int.from_bytes(body[:2], "big") & SEGMENTED),
        )


class Deframer:
    """Cuts a stream of bytes into frames, however the stream itself was cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.refused = 0

    @property
    def is_within_a_frame(self) -> bool:
        """Bytes have come that may still become a frame."""
        return len(self._buffer) > 1

    def forget(self) -> None:
        """Drop what has come so far: the line fell silent in the middle of a frame."""
        self._buffer.clear()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes."""
        self._buffer += data
        while (body := self._next_body()) is not None:
            try:
                frame = Frame.parse(body)
            except FrameRefused:
                self.refused += 1
                del self._buffer[:1]
                continue
            # The closing flag stays: it may open the next frame.
            del self._buffer[: len(body) + 1]
            yield frame

    def _next_body(self) -> bytes | None:
        """The bytes between the next two flags that stand a frame's length apart; None when more must come."""
        while True:
            start = self._buffer.find(FLAG)
            del self._buffer[: start if start >= 0 else len(self._buffer)]
            if len(self._buffer) < 3:
                return None
            head = int.from_bytes(self._buffer[1:3], "big")
            length = head & LENGTH_MASK
            if head & FORMAT_TYPE_MASK == FORMAT_TYPE:
                if len(self._buffer) < length + 2:
                    return None
                if self._buffer[length + 1] == FLAG:
                    return bytes(self._buffer[1 : length + 1])
            del self._buffer[:1]


def _crc_table() -> tuple[int, ...]:
    table = []
    for octet in range(256):
        register = octet
        for _ in range(8):
            register = register >> 1 ^ 0x8408 if register & 1 else register >> 1
        table.append(register)
    return tuple(table)


_CRC = _crc_table()


def checksum(data: bytes) -> bytes:
    """HCS and FCS: CRC-16 of ISO/IEC 13239, low byte first.

    >>> checksum(b"123456789").hex()
    '6e90'
    """
    register = 0xFFFF
    for octet in data:
        register = register >> 8 ^ _CRC[(register ^ octet) & 0xFF]
    return (register ^ 0xFFFF).to_bytes(2, "little")
