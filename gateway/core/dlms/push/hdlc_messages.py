"""Messages out of HDLC frames that nobody asked for: segments joined, the LLC header taken off.

A message begins with its LLC header, in its first frame only, or without one as the APDU of a push does; those of a
block transfer leave it out. UI frames have no numbers, so that a lost segment shows by what was passed over between two
of them, by another sender, or by a beginning that is none: then the whole message is refused.
What is cut off at the end, or does not check at all, comes out as a refusal that says which frame and which checksum.
"""

from gateway.core.dlms.hdlc import FLAG, MAX_LENGTH, Deframer, Frame, FrameKind, checksum
from gateway.core.dlms.push.capture_kind import CaptureKind, refusal
from gateway.core.errors import CaptureRefused

LLC_HEADERS = (bytes.fromhex("e6e700"), bytes.fromhex("e6e600"))
MAX_MESSAGE_BYTES = 65_536
_LLC_BYTES = 3
_WITH_MESSAGES = (FrameKind.UNNUMBERED_INFORMATION, FrameKind.INFORMATION)
_PUSHED_TAGS = b"\x0f\xc2\xdb\xdc\xe0"  # what a message may begin with where there is no LLC header
_MIN_FRAME_BYTES = 9  # with both flags


class HdlcMessages:
    """The messages of a stream of frames, in order."""

    def __init__(self) -> None:
        self._deframer = Deframer()
        self._parts = bytearray()
        self._sender = b""
        self.frames = 0  # that were sound

    @property
    def noise_bytes(self) -> int:
        """Octets that were part of no frame."""
        return self._deframer.noise_bytes

    def feed(self, octets: bytes) -> tuple[bytes | CaptureRefused, ...]:
        """The messages that are complete with these octets, without their LLC header."""
        before = self._deframer.spoilt_frames
        found = self._joined(self._deframer.feed(octets))
        return (*found, *self._spoilt(before))

    def flush(self) -> tuple[bytes | CaptureRefused, ...]:
        """Nothing more will come now: a message that has begun and not ended is refused."""
        before = self._deframer.spoilt_frames
        found = (*self._joined(self._deframer.flush()), *self._spoilt(before))
        return (*found, self._given_up("its last frames are missing")) if self._parts else found

    def _spoilt(self, before: int) -> tuple[CaptureRefused, ...]:
        """A refusal for each frame since then that was whole and whose checksum does not hold."""
        why = "the frame check sequence of a frame does not hold"
        return (refusal(CaptureKind.HDLC_DAMAGED, why),) * (self._deframer.spoilt_frames - before)

    def _joined(self, frames: tuple[Frame, ...]) -> tuple[bytes | CaptureRefused, ...]:
        found: list[bytes | CaptureRefused] = []
        self.frames += len(frames)
        for frame in frames:
            if frame.kind not in _WITH_MESSAGES or not frame.info:
                continue
            if self._parts and (frame.after_noise or frame.source != self._sender):
                found.append(self._given_up("a frame within it is missing"))
            self._sender = frame.source
            is_whole = not self._parts and not frame.is_segmented
            self._parts += frame.info
            if len(self._parts) > MAX_MESSAGE_BYTES:
                found.append(self._given_up(f"it is longer than {MAX_MESSAGE_BYTES} octets"))
            elif not frame.is_segmented:
                found.append(self._message(is_whole=is_whole))
        return tuple(found)

    def _message(self, *, is_whole: bool) -> bytes | CaptureRefused:
        message = bytes(self._parts)
        if message[:_LLC_BYTES] in LLC_HEADERS:
            self._parts.clear()
            return message[_LLC_BYTES:]
        if not is_whole and message[0] not in _PUSHED_TAGS:
            return self._given_up("its first frames are missing")
        self._parts.clear()
        return message

    def _given_up(self, why: str) -> CaptureRefused:
        self._parts.clear()
        return refusal(CaptureKind.HDLC_DAMAGED, f"a message is not all there, {why}")


def what_is_wrong(octets: bytes) -> CaptureRefused | None:
    """Why no frame of these octets is sound, by the first that seems to begin; None where none seems to.

    >>> print(what_is_wrong(bytes.fromhex("7ea0190321")))
    an HDLC frame breaks off: 5 of 27 octets are there: copy it whole, from its first octet to its last
    """
    at = octets.find(FLAG)
    while at >= 0 and octets[at + 1 : at + 2] == bytes([FLAG]):
        at += 1
    if at < 0 or len(octets) < at + 3 or octets[at + 1] & 0xF0 != 0xA0:
        return None
    size = (int.from_bytes(octets[at + 1 : at + 3], "big") & MAX_LENGTH) + 2
    if size < _MIN_FRAME_BYTES:
        return None
    frame = octets[at : at + size]
    if len(frame) < size:
        return refusal(CaptureKind.HDLC_CUT, f"{len(frame)} of {size} octets are there")
    if frame[-1] != FLAG:
        return refusal(CaptureKind.HDLC_DAMAGED, f"the frame at octet {at} does not end where it says")
    if checksum(frame[1:-3]) != frame[-3:-1]:
        return refusal(CaptureKind.HDLC_DAMAGED, f"the frame check sequence of the frame at octet {at} does not hold")
    return refusal(CaptureKind.HDLC_DAMAGED, f"the header of the frame at octet {at} is not sound")
