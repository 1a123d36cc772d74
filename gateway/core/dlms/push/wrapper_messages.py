"""Messages behind TCP wrappers (IEC 62056-47), as a meter sends them to whoever listens.

Each has eight octets before it: version 1, source, destination, length. TCP and UDP repeat and check by themselves, so
that what does not begin with a header is no noise but something else: it is passed over to the next header that can be
one, and counted. A length that no message of a meter has is taken for none.
"""

from gateway.core.dlms.push.capture_kind import CaptureKind, refusal
from gateway.core.dlms.wrapper import HEADER_BYTES
from gateway.core.errors import CaptureRefused

MAX_MESSAGE_BYTES = 16_384
_VERSION = b"\x00\x01"


class WrapperMessages:
    """The messages of a stream, in order; a refusal stands where one is not all there."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.noise_bytes = 0  # octets that were part of no message

    def feed(self, octets: bytes) -> tuple[bytes | CaptureRefused, ...]:
        """The messages that are complete with these octets."""
        self._buffer += octets
        found: list[bytes | CaptureRefused] = []
        while self._skip_to_header():
            end = HEADER_BYTES + int.from_bytes(self._buffer[6:8], "big")
            if len(self._buffer) < end:
                break
            found.append(bytes(self._buffer[HEADER_BYTES:end]))
            del self._buffer[:end]
        return tuple(found)

    def flush(self) -> tuple[bytes | CaptureRefused, ...]:
        """Nothing more will come now: a message that has begun and not ended is refused."""
        if len(self._buffer) < HEADER_BYTES:
            self._drop(len(self._buffer))
            return ()
        promised = int.from_bytes(self._buffer[6:8], "big")
        there = len(self._buffer) - HEADER_BYTES
        self._drop(len(self._buffer))
        return (refusal(CaptureKind.WRAPPER_CUT, f"{there} of {promised} octets are there"),)

    def _skip_to_header(self) -> bool:
        while True:
            at = self._buffer.find(_VERSION)
            if at < 0:
                self._drop(len(self._buffer) - (1 if self._buffer.endswith(_VERSION[:1]) else 0))
                return False
            self._drop(at)
            if len(self._buffer) < HEADER_BYTES:
                return False
            if 0 < int.from_bytes(self._buffer[6:8], "big") <= MAX_MESSAGE_BYTES:
                return True
            self._drop(1)

    def _drop(self, count: int) -> None:
        self.noise_bytes += count
        del self._buffer[:count]


def begins_here(octets: bytes) -> bool:
    """Whether the octets begin with a header, and hold what it promises or end within it."""
    if octets[:2] != _VERSION or len(octets) <= HEADER_BYTES:
        return False
    return 0 < int.from_bytes(octets[6:8], "big") <= MAX_MESSAGE_BYTES
