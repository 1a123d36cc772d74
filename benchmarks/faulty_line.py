"""A simulated meter and a reader's line to it in memory: its faults, its pace, and time that only waiting takes.

So ten thousand reads of half a minute each take minutes. What one read gives is cut anywhere. A reader that keeps
asking a line where nothing comes, without letting time pass, is told so after `MAX_READS`: it hangs.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simulators.meter.device import Door, Meter
from simulators.meter.gatekeeper import Access
from simulators.meter.history import History
from simulators.meter.life import Life
from simulators.meter.transmission import Transmission
from simulators.moment import Moment

STEADY_W = 1_000.0
BEGAN_AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MAX_READS = 20_000
FIRST_BAUD = 9_600
LINE_FAULTS = (
    "drop", "flip", "burst", "garbage", "cut", "parity", "baud", "mishear", "dip", "flag", "echo", "silence",
)  # fmt: skip


class HangsError(Exception):
    """The reader asks and asks, and nothing can come."""


class VirtualClock:
    """A `Clock` on which time passes when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return BEGAN_AT + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return 1_000.0 + self.seconds

    def wall_seconds(self, story_seconds: float) -> float:
        return story_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyHome:
    """Draws the same for ever, so that every value that was read can be held against what is true."""

    def energy_wh_between(self, began_at: datetime, ended_at: datetime) -> float:
        return STEADY_W * ((ended_at - began_at) / timedelta(hours=1))

    def exported_wh_between(self, began_at: datetime, ended_at: datetime) -> float:  # noqa: ARG002 - it gives nothing
        return 0.0

    def power_w(self, at: datetime) -> float:  # noqa: ARG002 - always the same
        return STEADY_W


def a_meter(*, seed: int, access: Access | None = None) -> Meter:
    """A meter that has hung in this home for three days."""
    history = History.of_new_meter("LMP10000001", BEGAN_AT - timedelta(days=3))
    return Meter(Life(household=SteadyHome(), history=history), keep=lambda _history: None, seed=seed, access=access)


def tell(meter: Meter, clock: VirtualClock, *words: str) -> dict[str, object]:
    """As over its control socket."""
    return meter.command(words, Moment.read(clock))


class FaultyLine:
    """A `SerialLine` to one door of a meter."""

    def __init__(self, door: Door, clock: VirtualClock, chance: random.Random) -> None:
        self._door, self._clock, self._chance = door, clock, chance
        self._baud = FIRST_BAUD
        self._arrived = bytearray()
        self._reads = 0
        self.is_closed = False

    def read(self, timeout_s: float) -> bytes:
        self._reads += 1
        if self._reads > MAX_READS:
            raise HangsError
        if not self._arrived:
            self._clock.seconds += max(timeout_s, 0.0)
        size = self._chance.choice((1, 7, 64, 4_096, 4_096, 4_096))
        piece = bytes(self._arrived[:size])
        del self._arrived[:size]
        return piece

    def write(self, data: bytes) -> None:
        self._clock.seconds += 10 * len(data) / self._baud
        now = Moment.read(self._clock)
        is_understood = self._door.baud_at(now.mono_s) == self._baud
        self._hear(self._door.feed(data if is_understood else self._chance.randbytes(len(data)), now))

    def _hear(self, said: Sequence[Transmission]) -> None:
        for transmission in said:
            octets, baud, after_s = transmission.octets, transmission.baud, transmission.after_s
            self._clock.seconds += after_s + 10 * len(octets) / baud
            self._arrived += octets if baud == self._baud else self._chance.randbytes(len(octets))

    def set_baud(self, baud: int) -> None:
        self._baud = baud

    def close(self) -> None:
        self.is_closed = True
