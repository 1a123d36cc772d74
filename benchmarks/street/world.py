"""One home as it really is, whatever anybody thinks of it: the truth that `benchmarks.verdicts` holds verdicts against.

    line --- meter --- switch --- breaker --- wall socket --- plug --- probe's sense --- lead --- gateway's 5 V
               |                                 |
             head (light only)              what is drawn

Independent of the programs by intent: nothing here knows what a verdict is. A meter lives on its line, and for a moment
on its capacitor; it measures the voltage above its switch, counts a failure when it starts anew, and shows a load of
whole watts, in which the gateway's own does not appear (it is below a meter's starting current). Power that comes back
may sag for a while under everything that starts at once.

Time is seconds of the story. `Clockwork` calls what is due, in order; stretches in which nothing is due cost nothing.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum

from wire.terms import Disconnector

T0 = datetime(2026, 11, 1, tzinfo=UTC)
NOMINAL_MV = 230_000
INPUT_MV = 5_080
_SAG_S = 20.0


def instant(at_s: float) -> datetime:
    """A second of the story as everybody's clock shows it, to the millisecond."""
    return T0 + timedelta(milliseconds=round(at_s * 1_000))


class Part(Enum):
    """What can be on or off in a home."""

    LINE = "line"
    SWITCH = "switch"  # the meter's disconnector
    RELEASED = "released"  # an open switch that the customer may close
    BREAKER = "breaker"
    PLUG = "plug"  # of the whole box: the probe senses nothing without it
    LEAD = "lead"  # of the 5 V, behind the probe's sense
    HEAD = "head"
    UPLINK = "uplink"
    PROGRAM = "program"  # off: the gateway's program is killed, and started again by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A part goes on or off, at a second of the story."""

    at_s: float
    part: Part
    is_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fittings:
    """What a home has: these differ from home to home and stay."""

    has_counter: bool = True
    ride_through_s: float = 0.5  # on the meter's capacitor, at a dead line
    hold_up_s: float = 110.0  # of the gateway, without 5 V
    drawn_s: float = 1.0  # of every cycle something is drawn for so long ...
    cycle_s: float = 1.0  # ... and nothing for the rest of it


class House:
    """The parts of a home, and what follows from them at an instant."""

    def __init__(self, fittings: Fittings, chance: random.Random) -> None:
        self.fittings = fittings
        self.on = dict.fromkeys(Part, True) | {Part.RELEASED: False}
        self.failures = 12
        self.line_changed_s = float("-inf")
        self.breaker_changed_s = float("-inf")
        self._chance = chance
        self._sags_to_mv = NOMINAL_MV

    def become(self, change: Change) -> None:
        """A part changes; the meter counts a failure when its line is back after it had died."""
        if change.part is Part.PROGRAM or self.on[change.part] is change.is_on:
            return
        self.on[change.part] = change.is_on
        if change.part is Part.LINE:
            had_died = change.is_on and change.at_s - self.line_changed_s >= self.fittings.ride_through_s
            self.failures += had_died
            self.line_changed_s = change.at_s
            self._sags_to_mv = self._chance.choice((NOMINAL_MV, NOMINAL_MV, NOMINAL_MV, 201_000))
        if change.part is Part.BREAKER:
            self.breaker_changed_s = change.at_s

    @property
    def is_alive(self) -> bool:
        """Whether the street's voltage reaches this home's meter: what a customer may be told of is only this."""
        return self.on[Part.LINE]

    @property
    def disconnector(self) -> Disconnector:
        if self.on[Part.SWITCH]:
            return Disconnector.CLOSED
        return Disconnector.READY if self.on[Part.RELEASED] else Disconnector.OPEN

    @property
    def has_socket(self) -> bool:
        """Whether there is voltage at the wall."""
        return self.is_alive and self.on[Part.SWITCH] and self.on[Part.BREAKER]

    @property
    def is_sensed(self) -> bool:
        """Whether there is voltage where the probe senses it."""
        return self.has_socket and self.on[Part.PLUG]

    @property
    def is_fed(self) -> bool:
        """Whether the gateway has its 5 V."""
        return self.is_sensed and self.on[Part.LEAD]

    def meter_lives(self, at_s: float) -> bool:
        return self.is_alive or at_s - self.line_changed_s < self.fittings.ride_through_s

    def can_be_read(self, at_s: float) -> bool:
        return self.on[Part.HEAD] and self.meter_lives(at_s)

    def voltage_mv(self, at_s: float) -> int:
        """What the meter measures: a capacitor is not the line."""
        if not self.is_alive:
            return 0
        sags = self.line_changed_s <= at_s < self.line_changed_s + _SAG_S
        return (self._sags_to_mv if sags else NOMINAL_MV) + self._chance.randint(-2_500, 2_500)

    def is_drawn(self, at_s: float) -> bool:
        """Whether anything but the gateway draws through the meter."""
        return self.has_socket and at_s % self.fittings.cycle_s < self.fittings.drawn_s


@dataclass(slots=True)
class Clockwork:
    """What is still to happen, and the second it is now."""

    now_s: float = 0.0
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _count: int = 0

    def at(self, at_s: float, call: Callable[[], None]) -> None:
        """Call it then, after what is due at the same second already."""
        self._count += 1
        heapq.heappush(self._due, (max(at_s, self.now_s), self._count, call))

    def run(self) -> None:
        """Until nothing is to happen any more."""
        while self._due:
            self.now_s, _, call = heapq.heappop(self._due)
            call()
