"""The two windows of an HDLC link: what we have sent and is not yet acknowledged, and the answer as it grows.

They hold the only two counters a link lives by, N(S) and V(R), modulo 8. A segment is sent again until the meter says
that it has it, and taken exactly once, however often it comes.
"""

from collections import deque
from dataclasses import dataclass

from gateway.core.dlms.hdlc import Frame

MODULUS = 8


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a request as it goes into a frame."""

    send_seq: int
    octets: bytes
    is_followed: bool  # more of the same request follows


class Outbox:
    """A request in segments."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._unacknowledged: deque[bytes] = deque()
        self._first_seq = 0  # N(S) of the oldest segment not yet acknowledged

    @property
    def is_done(self) -> bool:
        """Whether the meter has the whole request."""
        return not self._waiting and not self._unacknowledged

    def load(self, message: bytes, info_bytes: int) -> None:
        """Take the next request; an answer has shown that the one before arrived, even if no N(R) said so."""
        self._first_seq = (self._first_seq + len(self._unacknowledged)) % MODULUS
        self._unacknowledged.clear()
        self._waiting = deque(message[at : at + info_bytes] for at in range(0, len(message), info_bytes))

    def acknowledge(self, receive_seq: int) -> bool:
        """Take the meter's N(R) and say whether it moved. One for segments never sent is passed over."""
        count = (receive_seq - self._first_seq) % MODULUS
        if not 0 < count <= len(self._unacknowledged):
            return False
        for _ in range(count):
            self._unacknowledged.popleft()
        self._first_seq = receive_seq
        return True

    def burst(self, window: int) -> tuple[Segment, ...]:
        """What to send in one turn: everything not acknowledged, then new segments up to the window."""
        while self._waiting and len(self._unacknowledged) < window:
            self._unacknowledged.append(self._waiting.popleft())
        last = len(self._unacknowledged) - 1
        return tuple(
            Segment((self._first_seq + index) % MODULUS, octets, index < last or bool(self._waiting))
            for index, octets in enumerate(self._unacknowledged)
        )


class Inbox:
    """An answer, segment by segment."""

    def __init__(self) -> None:
        self.expected_seq = 0  # V(R)
        self._whole: deque[bytes] = deque()
        self._segments = bytearray()

    def __len__(self) -> int:
        return len(self._segments) + sum(map(len, self._whole))

    def clear(self) -> None:
        """Forget what came; the counter goes on."""
        self._whole.clear()
        self._segments.clear()

    def message(self) -> bytes | None:
        """The next answer that is whole, given once. There are several where a meter streams blocks of a transfer."""
        return self._whole.popleft() if self._whole else None

    def take(self, frame: Frame) -> bool:
        """Whether this was the segment next in order; one that came twice or too early is passed over."""
        if frame.send_seq != self.expected_seq or len(self._whole) == MODULUS:
            return False
        self.expected_seq = (self.expected_seq + 1) % MODULUS
        self._segments += frame.info
        if not frame.is_segmented:
            self._whole.append(bytes(self._segments))
            self._segments.clear()
        return True
