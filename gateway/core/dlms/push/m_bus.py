"""M-Bus long frames around DLMS (EN 13757-2 and 13757-3 with CI 00 to 1F): found in a noisy stream, and joined.

    68 L L 68 | C A CI source destination ... | sum 16

L counts what stands between the second 68 and the sum. A message may take several frames: the lower half of CI numbers
them from 0 (after 15 comes 0 again), its bit 4 marks the last one. The sum is one octet, so that one damaged frame in
256 passes it; what is inside has to prove itself further, or come twice.
Passed over and counted: noise. Told as refusals: frames whose sum does not hold, and those of meters that speak M-Bus
itself.
"""

from dataclasses import dataclass

from gateway.core.dlms.push.capture_kind import CaptureKind, refusal
from gateway.core.errors import CaptureRefused

_START, _STOP = 0x68, 0x16
_HEADER_BYTES, _TRAILER_BYTES = 4, 2
_TRANSPORT_BYTES = 5  # C, A, CI and the two service access points
_LAST_SEGMENT, _NUMBER, _MAX_CI = 0x10, 0x0F, 0x1F
MAX_MESSAGE_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class MBusFrame:
    """One long frame whose sum holds: its CI, whether something was passed over right before it, and what is in it."""

    control_information: int
    after_noise: bool
    data: bytes

    @property
    def is_dlms(self) -> bool:
        """Whether its CI says that DLMS is inside."""
        return self.control_information <= _MAX_CI


class MBusDeframer:
    """Finds long frames in a stream that may be cut anywhere and hold anything. It holds one frame at most."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.noise_bytes = 0  # octets that were part of no frame
        self.spoilt_frames = 0  # whole by their lengths and their last octet, and the sum does not hold
        self._noise_before = 0

    def feed(self, octets: bytes) -> tuple[MBusFrame, ...]:
        """The frames that are complete with these octets, in order."""
        self._buffer += octets
        return self._drain(is_last=False)

    def flush(self) -> tuple[MBusFrame, ...]:
        """Nothing more will come now: give up what is cut off, and give the frames that stood behind its start."""
        return self._drain(is_last=True)

    def _drain(self, *, is_last: bool) -> tuple[MBusFrame, ...]:
        frames: list[MBusFrame] = []
        while (at := self._buffer.find(_START)) >= 0:
            self._drop(at)
            size = _promised(self._buffer)
            if size is None or (not is_last and len(self._buffer) < size):
                if not is_last:
                    return tuple(frames)
                self._drop(1)
            elif not _is_whole(self._buffer, size) or not _is_sound(self._buffer, size):
                self.spoilt_frames += _is_whole(self._buffer, size)
                self._drop(1)
            else:
                frames.append(self._frame(size))
        self._drop(len(self._buffer))
        return tuple(frames)

    def _frame(self, size: int) -> MBusFrame:
        inner = bytes(self._buffer[_HEADER_BYTES : size - _TRAILER_BYTES])
        after_noise, self._noise_before = self.noise_bytes > self._noise_before, self.noise_bytes
        del self._buffer[:size]
        return MBusFrame(control_information=inner[2], after_noise=after_noise, data=inner[_TRANSPORT_BYTES:])

    def _drop(self, count: int) -> None:
        self.noise_bytes += count
        del self._buffer[:count]


class MBusMessages:
    """The messages of long frames, joined; a refusal stands where one is not all there."""

    def __init__(self) -> None:
        self._deframer = MBusDeframer()
        self._parts = bytearray()
        self._number = 0

    @property
    def noise_bytes(self) -> int:
        """Octets that were part of no frame."""
        return self._deframer.noise_bytes

    def feed(self, octets: bytes) -> tuple[bytes | CaptureRefused, ...]:
        """The messages that are complete with these octets, in order."""
        before = self._deframer.spoilt_frames
        found = self._joined(self._deframer.feed(octets))
        return (*found, *self._spoilt(before))

    def flush(self) -> tuple[bytes | CaptureRefused, ...]:
        """Nothing more will come now: what has begun and not ended is refused."""
        before = self._deframer.spoilt_frames
        found = (*self._joined(self._deframer.flush()), *self._spoilt(before))
        return (*found, self._given_up("its last frames are missing")) if self._parts else found

    def _spoilt(self, before: int) -> tuple[CaptureRefused, ...]:
        """A refusal for each frame since then that was whole and whose sum does not hold."""
        why = "the sum of a frame does not hold"
        return (refusal(CaptureKind.M_BUS_DAMAGED, why),) * (self._deframer.spoilt_frames - before)

    def _joined(self, frames: tuple[MBusFrame, ...]) -> tuple[bytes | CaptureRefused, ...]:
        found: list[bytes | CaptureRefused] = []
        for frame in frames:
            if not frame.is_dlms:
                found.append(refusal(CaptureKind.M_BUS, f"CI {frame.control_information:02x} is M-Bus' own"))
                continue
            number = frame.control_information & _NUMBER
            if self._parts and (frame.after_noise or number != self._number):
                found.append(self._given_up(f"frame {number} came where frame {self._number} was due"))
            if not self._parts and number != 0:
                found.append(refusal(CaptureKind.M_BUS_DAMAGED, f"frame {number} came without those before it"))
                continue
            self._parts += frame.data
            self._number = number + 1 & _NUMBER
            if frame.control_information & _LAST_SEGMENT:
                found.append(bytes(self._parts))
                self._parts.clear()
            elif len(self._parts) > MAX_MESSAGE_BYTES:
                found.append(self._given_up(f"it is longer than {MAX_MESSAGE_BYTES} octets"))
        return tuple(found)

    def _given_up(self, why: str) -> CaptureRefused:
        self._parts.clear()
        return refusal(CaptureKind.M_BUS_DAMAGED, f"a message is not all there, {why}")


def _promised(buffer: bytearray) -> int | None:
    """How many octets the frame that begins here will have; 0 where none begins, None while that cannot be known."""
    if buffer[1:2] != buffer[2:3][: len(buffer[1:2])] and len(buffer) > 2:
        return 0
    if len(buffer) < _HEADER_BYTES:
        return None
    if buffer[3] != _START or buffer[1] < _TRANSPORT_BYTES:
        return 0
    return _HEADER_BYTES + buffer[1] + _TRAILER_BYTES


def _is_whole(buffer: bytearray, size: int) -> bool:
    return 0 < size <= len(buffer) and buffer[size - 1] == _STOP


def _is_sound(buffer: bytearray, size: int) -> bool:
    return sum(buffer[_HEADER_BYTES : size - _TRAILER_BYTES]) & 0xFF == buffer[size - 2]
