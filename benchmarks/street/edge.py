"""The gateway of one home on the story's clock: the real pure cores, between the probe, the poller and the uplink.

Every observation steps both cores, as the pipeline does. Without its 5 V the gateway lives on a capacitor, or on a
battery; run dry or killed it forgets what it does not remember, and starts again: by itself, or with the power.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

from benchmarks.street.probe import Probe
from benchmarks.street.reader import Reader
from benchmarks.street.world import Change, Clockwork, House, Part, instant
from gateway.core import interruption, uplink
from gateway.core.interruption import InterruptionState, Limits, Phase
from gateway.core.observations import MeterAnswered, MeterFailed, Observation, ProbeBeat, Tick
from gateway.core.remembered import recall, remember
from gateway.core.uplink import UplinkSeen, UplinkState
from wire.events import InterruptionAssessed, SupplyDipped, SupplyLost, SupplyRestored

Said: TypeAlias = InterruptionAssessed | SupplyDipped | SupplyLost | SupplyRestored

_LIMITS = Limits()
_WAN_FAULT_AFTER = timedelta(seconds=30)
_TICK_S = 0.2
_PROBE_LIVES_ON_S = 600.0
_STARTS_S, _BOOTS_S = (3.0, 30.0), (20.0, 40.0)


class Edge:
    """What one gateway makes of its home.

    `say` takes what it says, and whether that is about the meter; `connect` is told when the broker is reached, and
    when it no longer is.
    """

    def __init__(
        self,
        house: House,
        clock: Clockwork,
        chance: random.Random,
        say: Callable[[Said, bool], None],
        connect: Callable[[bool], None],
    ) -> None:
        self.state = InterruptionState()
        self.is_running, self.started_s = True, 0.0
        self.trace: Callable[[str], None] | None = None
        self._house, self._clock, self._chance = house, clock, chance
        self._say, self._connect = say, connect
        self._probe = Probe(house, clock, chance, self._hear)
        self._reader = Reader(house, clock, chance, lambda: self.state.attention, self._take)
        self._wan = UplinkState()
        self._seen: UplinkSeen | None = UplinkSeen(up=True, at=instant(0))
        self._lines = ("", "")
        self._is_fed, self._is_dry, self._has_way, self._is_ticking = True, False, True, False
        self._feeds = self._starts = self._ways = 0

    def watch(self, until_s: float) -> None:
        """Begin a stretch in which something happens; after `until_s` nothing new is begun."""
        self._probe.watch(until_s)
        self._reader.watch(until_s)

    @property
    def has_just_failed(self) -> bool:
        """Whether the meter's last reading failed."""
        return self._reader.has_failed

    def changed(self, change: Change) -> None:
        """The house is another since `change`."""
        self._probe.look()
        self._look_at_power()
        self._look_at_way()
        self._reader.look()
        if change.part is Part.LINE and not change.is_on:
            self._clock.at(self._clock.now_s + self._house.fittings.ride_through_s, self._reader.look)
        if change.part is Part.PROGRAM and self.is_running:
            self._stop()
            self._start_in(_STARTS_S)

    # The cores

    def _hear(self, seen: Observation) -> bool:
        if self.is_running:
            self._observe(seen)
        return self.is_running

    def _take(self, word: MeterAnswered | MeterFailed) -> None:
        if isinstance(word, MeterFailed):
            self._probe.rouse(1)  # a beat after a failed reading says that it failed alone
        self._observe(word)

    def _observe(self, seen: Observation) -> None:
        now, before = instant(self._clock.now_s), self.state.phase
        self.state, events = interruption.step(self.state, seen, now, _LIMITS)
        self._wan, ways = uplink.step(self._wan, self._seen, self.state.is_sensed, now, _WAN_FAULT_AFTER)
        if self.trace and (events or ways or not isinstance(seen, Tick | ProbeBeat)):
            self.trace(f"{seen} -> {self.state.phase.value}; {self.state.verdict}")
        for event in events:
            self._say(event, True)
        for way in ways:
            self._say(way, False)
        if self.state.phase is not before:
            self._reader.call()
        if self.state.phase is Phase.SUSPECT and not self._is_ticking:
            self._is_ticking = True
            self._clock.at(self._clock.now_s + _TICK_S, self._tick)
        self._reader.plan()

    def _tick(self) -> None:
        self._is_ticking = False
        self._hear(Tick())

    # Power

    def _look_at_power(self) -> None:
        if self._house.is_fed is self._is_fed:
            return
        self._is_fed = self._house.is_fed
        self._feeds += 1
        self._probe.rouse()
        if not self._is_fed:
            feed, dry_s = self._feeds, self._clock.now_s + self._house.fittings.hold_up_s
            self._clock.at(dry_s, lambda: self._run_dry(feed))
            self._clock.at(dry_s + _PROBE_LIVES_ON_S, lambda: self._run_out(feed))
            return
        self._is_dry = False
        self._probe.revive()
        if not self.is_running:
            self._start_in(_BOOTS_S)

    def _run_dry(self, feed: int) -> None:
        if feed == self._feeds:
            self._is_dry = True
            if self.is_running:
                self._stop()

    def _run_out(self, feed: int) -> None:
        if feed == self._feeds:
            self._probe.die()

    def _stop(self) -> None:
        self.is_running = False
        self._lines = (remember(self.state), remember(self._wan))
        self._starts += 1
        self._reader.stop()
        self._look_at_way()

    def _start_in(self, between_s: tuple[float, float]) -> None:
        start = self._starts
        self._clock.at(self._clock.now_s + self._chance.uniform(*between_s), lambda: self._start(start))

    def _start(self, start: int) -> None:
        if start != self._starts or self.is_running or self._is_dry:
            return
        self.is_running, self.started_s = True, self._clock.now_s
        self.state = recall(InterruptionState, self._lines[0])
        self._wan = recall(UplinkState, self._lines[1])
        self._seen = None
        self._look_at_way(is_new=True)
        self._reader.start()
        self._observe(Tick())
        self._probe.greet()

    # The uplink

    def _look_at_way(self, *, is_new: bool = False) -> None:
        """The broker is reached some seconds after it can be, and missed some time after it cannot."""
        has_way = self._house.on[Part.UPLINK] and self.is_running
        if has_way is self._has_way and not is_new:
            return
        self._has_way = has_way
        self._ways += 1
        way = self._ways
        if not has_way:
            self._connect(False)
        self._clock.at(
            self._clock.now_s + (self._chance.uniform(1, 30) if has_way else self._chance.uniform(0, 45)),
            lambda: self._see_way(way),
        )

    def _see_way(self, way: int) -> None:
        if way != self._ways or not self.is_running:
            return
        if self._seen is None or self._seen.up is not self._has_way:
            self._seen = UplinkSeen(up=self._has_way, at=instant(self._clock.now_s))
        self._observe(Tick())
        if self._has_way:
            self._connect(True)
        else:
            self._clock.at(self._clock.now_s + _WAN_FAULT_AFTER.total_seconds(), lambda: self._see_way(way))
