"""What a meter puts on its line: octets, how fast they are sent, and how long it waits before them."""

from collections.abc import Sequence
from dataclasses import dataclass

HDLC_TURNAROUND_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmission:
    """Octets for the line: how long to wait before them, and how fast to send them."""

    octets: bytes
    baud: int
    after_s: float = 0.0


def frames_sent(frames: Sequence[bytes], baud: int) -> list[Transmission]:
    """A station's turn: its frames in a row, after the pause in which a line changes direction."""
    return [
        Transmission(octets=frame, baud=baud, after_s=0.0 if place else HDLC_TURNAROUND_S)
        for place, frame in enumerate(frames)
    ]
