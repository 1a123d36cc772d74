"""HDLC frames as DLMS uses them (IEC 62056-46, frame format type 3): made from values, and found in a noisy stream.

A frame says its own length, and the length alone says where it ends: the flag 7E may stand anywhere inside, in the
information as in the last octet of a checksum. The `Deframer` takes octets as they come, in any pieces, and gives the
frames that check. All else is passed over and counted: noise, false starts, bad checksums, the cut-off rest of a frame
(on `flush`, when the line has fallen silent). It holds one frame at most and waits for none that its header cannot be.
"""

import binascii
import re
from dataclasses import dataclass, field, replace
from enum import Enum

FLAG = 0x7E
_FORMAT_TYPE_3 = 0xA0
_SEGMENTED = 0x08
_MIN_LENGTH = 7  # format 2, two addresses, control, checksum 2
MAX_LENGTH = 0x7FF
MAX_INFO_BYTES = 2030
_POLL_FINAL = 0x10
_CHECKSUM_BYTES = 2
ADDRESS_SIZES = (1, 2, 4)
# Physical devices: the lowest are reserved; the two highest of each size call whoever listens, and everybody.
FIRST_PHYSICAL = 0x10
LAST_PHYSICAL = {2: 0x7D, 4: 0x3FFD}


class FrameKind(Enum):
    """What a frame is for. The unnumbered kinds carry their control octet without the poll/final bit."""

    INFORMATION = "I"
    RECEIVE_READY = "RR"
    RECEIVE_NOT_READY = "RNR"
    REJECT = "REJ"
    SET_NORMAL_RESPONSE_MODE = "SNRM"
    DISCONNECT = "DISC"
    UNNUMBERED_ACKNOWLEDGE = "UA"
    DISCONNECTED_MODE = "DM"
    FRAME_REJECT = "FRMR"
    UNNUMBERED_INFORMATION = "UI"


_SUPERVISORY = {0x01: FrameKind.RECEIVE_READY, 0x05: FrameKind.RECEIVE_NOT_READY, 0x09: FrameKind.REJECT}
_UNNUMBERED = {
    0x83: FrameKind.SET_NORMAL_RESPONSE_MODE,
    0x43: FrameKind.DISCONNECT,
    0x63: FrameKind.UNNUMBERED_ACKNOWLEDGE,
    0x0F: FrameKind.DISCONNECTED_MODE,
    0x87: FrameKind.FRAME_REJECT,
    0x03: FrameKind.UNNUMBERED_INFORMATION,
}
_CONTROL = {kind: control for control, kind in (_SUPERVISORY | _UNNUMBERED).items()} | {FrameKind.INFORMATION: 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame. Addresses are kept as their octets; `is_final` is a command's poll bit and an answer's final bit.

    `send_seq` N(S) and `receive_seq` N(R) count modulo 8, and are 0 in kinds that have none. `after_noise` says that
    something was passed over right before the frame, which may have been another one; it is no part of the frame.
    """

    destination: bytes
    source: bytes
    kind: FrameKind
    is_final: bool
    send_seq: int = 0
    receive_seq: int = 0
    is_segmented: bool = False
    info: bytes = b""
    after_noise: bool = field(default=False, compare=False)

    def encode(self) -> bytes:
        """The frame's octets, flags and checksums included."""
        header_and_control = self.destination + self.source + bytes([self._control()])
        checksums = 2 * _CHECKSUM_BYTES if self.info else _CHECKSUM_BYTES
        length = 2 + len(header_and_control) + len(self.info) + checksums
        if length > MAX_LENGTH:
            raise ValueError(f"{len(self.info)} octets do not fit one frame")
        format_field = (_FORMAT_TYPE_3 << 8) | (_SEGMENTED << 8 if self.is_segmented else 0) | length
        octets = with_checksum(format_field.to_bytes(2, "big") + header_and_control)
        if self.info:
            octets = with_checksum(octets + self.info)
        return bytes([FLAG]) + octets + bytes([FLAG])

    def _control(self) -> int:
        control = _CONTROL[self.kind] | (_POLL_FINAL if self.is_final else 0)
        if self.kind is FrameKind.INFORMATION:
            control |= self.send_seq << 1
        if self.kind is FrameKind.INFORMATION or self.kind in _SUPERVISORY.values():
            control |= self.receive_seq << 5
        return control


def client_address(sap: int) -> bytes:
    """The one-octet address of a client service access point (16 is the public client)."""
    return bytes([sap << 1 | 1])


def server_address(*, logical: int, physical: int, size: int) -> bytes:
    """A meter's address of 1 octet (logical device only), 2 or 4 (logical and physical device).

    >>> server_address(logical=1, physical=17, size=2).hex()
    '0223'
    """
    if size == 1:
        return bytes([logical << 1 | 1])
    if size == 2:
        return bytes([logical << 1, physical << 1 | 1])
    return bytes([logical >> 6 & 0xFE, logical << 1 & 0xFE, physical >> 6 & 0xFE, physical << 1 & 0xFE | 1])


def described(address: bytes) -> str:
    """An address as a technician knows it, and its octets.

    >>> described(bytes.fromhex("0223")), described(bytes.fromhex("03"))
    ('address 17 (0223)', 'logical device 1 (03)')
    """
    parts = [octet >> 1 for octet in address]
    number = parts[-1] if len(parts) <= 2 else parts[-2] << 7 | parts[-1]
    return f"{'logical device' if len(parts) == 1 else 'address'} {number} ({address.hex()})"


# HDLC sends the lowest bit first; the machine's own CRC-16 takes the highest first.
_MIRRORED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


def checksum(octets: bytes | bytearray) -> bytes:
    """HDLC's CRC-16 (X.25), low octet first.

    Its polynomial tells all of up to three wrong bits, and any burst of up to sixteen, in 4,095 octets and fewer: every
    frame is shorter.

    >>> checksum(b"123456789").hex()
    '6e90'
    """
    crc = binascii.crc_hqx(octets.translate(_MIRRORED), 0xFFFF) ^ 0xFFFF
    return bytes((_MIRRORED[crc >> 8], _MIRRORED[crc & 0xFF]))


def with_checksum(octets: bytes) -> bytes:
    """The octets and their checksum behind them."""
    return octets + checksum(octets)


class Deframer:
    """Finds frames in a stream that may be cut anywhere and hold anything; the module says by which rules."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.noise_bytes = 0  # octets that were part of no frame
        self.spoilt_frames = 0  # whole by their header and flags, and the checksum does not hold
        self._noise_before = 0  # as many octets of noise when the last frame was found

    def feed(self, octets: bytes) -> tuple[Frame, ...]:
        """The frames that are complete with these octets, in order."""
        self._buffer += octets
        return self._drain(is_last=False)

    def flush(self) -> tuple[Frame, ...]:
        """Nothing more will come now: give up what is cut off, and give the frames that stood behind its start."""
        return self._drain(is_last=True)

    def _drain(self, *, is_last: bool) -> tuple[Frame, ...]:
        frames = []
        while self._skip_to_start():
            found = _first_frame(self._buffer)
            if found is None and not is_last:
                break
            if found is None or found.frame is None:
                self.spoilt_frames += found is not None and found.octets > 1
                self._drop(1 if found is None else found.octets)
            else:
                frames.append(self._marked(found.frame))
                del self._buffer[: found.octets]
        return tuple(frames)

    def _marked(self, frame: Frame) -> Frame:
        before, self._noise_before = self._noise_before, self.noise_bytes
        return frame if self.noise_bytes == before else replace(frame, after_noise=True)

    def _skip_to_start(self) -> bool:
        start = _START.search(self._buffer)
        self._drop(start.start() if start else len(self._buffer))
        return start is not None

    def _drop(self, count: int) -> None:
        self.noise_bytes += count - self._buffer.count(FLAG, 0, count)
        del self._buffer[:count]


# A flag, and behind it the format type, unless that is yet to come.
_START = re.compile(rb"\x7e(?:[\xa0-\xaf]|\Z)")


@dataclass(frozen=True, slots=True)
class _Found:
    """What begins with the flag at 0 and how many octets it took; without a frame, how many are to be passed over."""

    frame: Frame | None
    octets: int


_FALSE_START = _Found(None, 1)


def _first_frame(buffer: bytearray) -> _Found | None:
    """What begins with the flag at 0; None while octets are missing.

    That no frame begins there is said as early as it can be known: a false start must not make the reader wait for two
    thousand octets that never come. The closing flag is not taken, it may open the next frame. A frame whose header
    checks and whose flag stands where it says is passed over whole when its checksum does not hold: a frame that is
    quoted in its information was not sent, and looking for one would cost a checksum at every octet.
    """
    if len(buffer) < 3:
        return None
    length = int.from_bytes(buffer[1:3], "big") & MAX_LENGTH
    source_at = _address_end(buffer, 3)
    control_at = _address_end(buffer, source_at) if source_at > 0 else source_at
    if length < _MIN_LENGTH or control_at == _NO_ADDRESS:
        return _FALSE_START
    if control_at == _CUT_OFF or len(buffer) <= control_at + _CHECKSUM_BYTES:
        return None
    info_at, end = control_at + 1 + _CHECKSUM_BYTES, length + 1
    has_info = end != info_at
    if (has_info and end <= info_at + _CHECKSUM_BYTES) or not _holds(buffer[1:info_at]):
        return _FALSE_START
    if len(buffer) <= end:
        return None
    if buffer[end] != FLAG:
        return _FALSE_START
    if has_info and not _holds(buffer[1:end]):
        return _Found(None, end)
    frame = _frame(
        control=buffer[control_at],
        destination=bytes(buffer[3:source_at]),
        source=bytes(buffer[source_at:control_at]),
        is_segmented=bool(buffer[1] & _SEGMENTED),
        info=bytes(buffer[info_at : end - _CHECKSUM_BYTES]) if has_info else b"",
    )
    return _Found(frame, end)


_CUT_OFF, _NO_ADDRESS = 0, -1


def _address_end(buffer: bytearray, begin: int) -> int:
    """Where the address ends, its last octet being the first odd one; or that it is not all there, or none."""
    for size in range(1, max(ADDRESS_SIZES) + 1):
        if begin + size > len(buffer):
            return _CUT_OFF
        if buffer[begin + size - 1] & 1:
            return begin + size if size in ADDRESS_SIZES else _NO_ADDRESS
    return _NO_ADDRESS


def _holds(octets: bytearray) -> bool:
    return checksum(octets[:-_CHECKSUM_BYTES]) == octets[-_CHECKSUM_BYTES:]


def _frame(*, control: int, destination: bytes, source: bytes, is_segmented: bool, info: bytes) -> Frame | None:
    """The frame of a control octet; None for an octet that is none of DLMS."""
    is_final, without_final = bool(control & _POLL_FINAL), control & ~_POLL_FINAL
    send_seq = receive_seq = 0
    if control & 0x01 == 0:
        kind, send_seq, receive_seq = FrameKind.INFORMATION, control >> 1 & 7, control >> 5
    elif control & 0x0F in _SUPERVISORY:
        kind, receive_seq = _SUPERVISORY[control & 0x0F], control >> 5
    elif without_final in _UNNUMBERED:
        kind = _UNNUMBERED[without_final]
    else:
        return None
    return Frame(
        destination=destination,
        source=source,
        kind=kind,
        is_final=is_final,
        send_seq=send_seq,
        receive_seq=receive_seq,
        is_segmented=is_segmented,
        info=info,
    )
