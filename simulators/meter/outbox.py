"""What the meter has to say on one HDLC link: a message cut into segments, a window of them under way at a time.

The reader acknowledges with N(R), "every frame before this number has arrived". What it has not acknowledged is simply
sent again on its next poll, so that a lost frame and a lost acknowledgement mend themselves alike.

>>> outbox = Outbox(segment_bytes=4, window=2)
>>> outbox.load(b"abcdefghij")
>>> [(segment.number, segment.data) for segment in outbox.next_window()]
[(0, b'abcd'), (1, b'efgh')]
>>> outbox.acknowledge(1)
True
>>> [(segment.number, segment.data, segment.is_last) for segment in outbox.next_window()]
[(1, b'efgh', False), (2, b'ij', True)]
"""

from collections import deque
from dataclasses import dataclass
from itertools import islice, pairwise

MODULUS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a message and the number N(S) it travels under."""

    number: int
    data: bytes
    is_last: bool


class Outbox:
    """Segments in order; it holds one message and what is still unacknowledged of the one before."""

    def __init__(self, *, segment_bytes: int, window: int) -> None:
        self._segment_bytes = segment_bytes
        self._window = window
        self._first = 0
        self._in_flight = 0
        self._waiting: deque[tuple[bytes, bool]] = deque()
        self.is_held = False

    @property
    def next_number(self) -> int:
        """V(S): the number the next new frame will have."""
        return (self._first + self._in_flight) % MODULUS

    def load(self, message: bytes, *, first_bytes: int = 0) -> None:
        """Speak of something else: what has not been sent of the message before is dropped.

        The first segment is as long as any, or `first_bytes` where that is not nought.
        """
        while len(self._waiting) > self._in_flight:
            self._waiting.pop()
        first = min(first_bytes or self._segment_bytes, self._segment_bytes, len(message))
        cuts = [*range(first, len(message), self._segment_bytes), len(message)] if message else []
        for start, end in pairwise([0, *cuts]):
            self._waiting.append((message[start:end], end == len(message)))

    def acknowledge(self, receive_number: int) -> bool:
        """Drop what the reader has; False when it claims to have what was never sent."""
        arrived = (receive_number - self._first) % MODULUS
        if arrived > self._in_flight:
            return False
        for _ in range(arrived):
            self._waiting.popleft()
        self._first = receive_number
        self._in_flight -= arrived
        return True

    def next_window(self) -> list[Segment]:
        """What to send now, from the first segment that is not acknowledged; nothing while the reader is not ready."""
        if self.is_held:
            return []
        segments = [
            Segment(number=(self._first + place) % MODULUS, data=data, is_last=is_last)
            for place, (data, is_last) in enumerate(islice(self._waiting, self._window))
        ]
        self._in_flight = max(self._in_flight, len(segments))
        return segments
