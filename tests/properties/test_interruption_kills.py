"""Every story of a street, with the gateway, the probe or the meter's port killed at one moment of it after another.

A small world stands in for the hardware: a supply, a probe that beats each second and forgets its edges when killed, a
meter that counts what it lives through, and a poller that asks as closely as it is told. Sessions take time, fail late,
and are cut off by what happens meanwhile.
"""

from dataclasses import dataclass, field
from functools import cache

import pytest

from gateway.core.interruption import Attention, InterruptionState, Limits, SupplyEvent, step
from gateway.core.observations import MeterAnswered, MeterFailed, Observation, ProbeBeat, ProbeLink, SupplyEdge, Tick
from gateway.core.remembered import recall, remember
from tests.fakes_gateway import at, edge
from wire.events import InterruptionAssessed, SupplyLost, SupplyRestored
from wire.terms import Cause, Disconnector, Grade, LinkFault, Stage

LIMITS = Limits()
KILLED_FOR_S, ENDS_AT_S = 4.0, 230.0
MOMENTS = (4.0, 33.0, 47.0, 52.0, 57.0, 59.0, 60.0, 62.0, 65.0, 69.0, 80.0, 118.0, 122.0, 180.0)
ANSWERS_AFTER_S, FAILS_AFTER_S, CLOSE_S, ROUTINE_S = 2.0, 6.0, 5.0, 30.0


@dataclass(frozen=True, kw_only=True)
class Street:
    """When what is away: the street's line, the gateway's plug, the head."""

    line: tuple[float, float] | None = None
    plug: tuple[float, float] | None = None
    head: tuple[float, float] | None = None

    def is_lit(self, s: float) -> bool:
        return not _within(self.line, s)

    def is_sensed(self, s: float) -> bool:
        return self.is_lit(s) and not _within(self.plug, s)

    def hears_meter(self, s: float) -> bool:
        return self.is_lit(s) and not _within(self.head, s)

    def count(self, s: float) -> int:
        return 12 + (self.line is not None and s >= self.line[0])


def _within(span: tuple[float, float] | None, s: float) -> bool:
    return span is not None and span[0] <= s < span[1]


@dataclass
class World:
    """The hardware and one gateway on it; `killed` is what dies at `killed_at` and is back a little later."""

    street: Street
    killed: str
    killed_at: float
    state: InterruptionState = field(default_factory=InterruptionState)
    said: list[SupplyEvent] = field(default_factory=list)
    unheard: list[SupplyEdge] = field(default_factory=list)
    edges: int = 0
    sensed: bool = True
    boot: int = 1
    is_linked: bool = False
    asked_s: float | None = None
    next_s: float = 0.0
    count: int = 12

    def play(self) -> "World":
        for second in range(int(ENDS_AT_S)):
            self.pass_by(float(second))
        return self

    def is_dead(self, what: str, s: float) -> bool:
        return self.killed == what and self.killed_at <= s < self.killed_at + KILLED_FOR_S

    def pass_by(self, s: float) -> None:
        self.probe_senses(s)
        if self.is_dead("gateway", s):
            self.state = recall(InterruptionState, remember(self.state))
            self.is_linked, self.asked_s, self.next_s = False, None, 0.0
            return
        self.hear_probe(s)
        self.poll(s)
        self.see(s, Tick())

    def probe_senses(self, s: float) -> None:
        is_sensed = self.street.is_sensed(s)
        if self.is_dead("probe", s):
            self.unheard.clear()
            self.sensed, self.edges, self.boot = is_sensed, 0, 2
        elif is_sensed is not self.sensed:
            self.sensed = is_sensed
            self.edges += 1
            self.unheard.append(edge(self.edges, present=is_sensed, s=s, boot_id=self.boot))

    def hear_probe(self, s: float) -> None:
        is_there = not self.is_dead("probe", s)
        if is_there is not self.is_linked:
            self.is_linked = is_there
            self.see(s, ProbeLink(up=is_there))
        for told in self.unheard:
            self.see(s, told)
        self.unheard.clear()
        if is_there:
            self.see(s, ProbeBeat(present=self.sensed, input_mv=5_080 if self.street.is_sensed(s) else 0))

    def poll(self, s: float) -> None:
        if self.asked_s is None:
            if s >= self.next_s:
                self.asked_s, self.count = s, self.street.count(s)
            return
        asked_s = self.asked_s
        if self.is_dead("meter", s):
            self.done(s, MeterFailed(asked_at=at(asked_s), fault=LinkFault.PORT_GONE))
        elif s >= asked_s + FAILS_AFTER_S:
            self.done(s, MeterFailed(asked_at=at(asked_s), fault=LinkFault.SILENT))
        elif s == asked_s + ANSWERS_AFTER_S and self.street.hears_meter(asked_s) and self.street.hears_meter(s):
            self.done(s, self.answer(asked_s))

    def answer(self, asked_s: float) -> MeterAnswered:
        return MeterAnswered(
            asked_at=at(asked_s),
            voltages_mv=(230_000,),
            power_failures=self.count,
            disconnector=Disconnector.CLOSED,
            is_loaded=True,
        )

    def done(self, s: float, report: Observation) -> None:
        self.see(s, report)
        self.asked_s = None
        self.next_s = s + (CLOSE_S if self.state.attention is Attention.CLOSE else ROUTINE_S)

    def see(self, s: float, seen: Observation) -> None:
        before = self.state.phase
        self.state, events = step(self.state, seen, at(s), LIMITS)
        self.said += events
        if self.state.phase is not before:
            self.next_s = 0.0

    @property
    def verdicts(self) -> list[tuple[Cause, Stage]]:
        return [(event.cause, event.stage) for event in self.said if isinstance(event, InterruptionAssessed)]

    def grades(self, cause: Cause) -> list[Grade]:
        return [event.grade for event in self.said if isinstance(event, InterruptionAssessed) and event.cause is cause]

    def times(self, kind: type[SupplyEvent]) -> int:
        return sum(isinstance(event, kind) for event in self.said)


@cache
def worlds(street: Street, killed: str) -> list[World]:
    """The story, with this killed at each moment of it."""
    return [World(street, killed, moment).play() for moment in MOMENTS]


INTERRUPTED = (Cause.SUPPLY_INTERRUPTED, Stage.CONFIRMED)
OUTAGE = Street(line=(60.2, 120.3))
FALSE_ALARMS = {
    "a plug pulled": Street(plug=(60.2, 120.3)),
    "a head knocked off": Street(head=(60.2, 120.3)),
    "a head knocked off, then a plug pulled": Street(head=(30.2, 140.3), plug=(80.2, 120.3)),
    "a plug pulled, then a head knocked off": Street(plug=(30.2, 140.3), head=(60.2, 120.3)),
    "nothing at all": Street(),
}


@pytest.mark.parametrize("killed", ["nobody", "gateway", "probe", "meter"])
def test_a_true_interruption_is_never_lost(killed: str) -> None:
    played = worlds(OUTAGE, killed)

    assert [world.killed_at for world in played if INTERRUPTED not in world.verdicts] == []
    assert [world.killed_at for world in played if world.verdicts[-1] != INTERRUPTED] == []
    assert {(world.times(SupplyLost), world.times(SupplyRestored)) for world in played} == {(1, 1)}


@pytest.mark.parametrize("killed", ["gateway", "probe", "meter"])
@pytest.mark.parametrize("what", FALSE_ALARMS)
def test_a_false_alarm_never_becomes_an_interruption(what: str, killed: str) -> None:
    played = worlds(FALSE_ALARMS[what], killed)

    told = {cause for world in played for cause, _ in world.verdicts}
    assert Cause.SUPPLY_INTERRUPTED not in told


@pytest.mark.parametrize("killed", ["nobody", "gateway", "probe", "meter"])
def test_a_head_off_that_began_has_ended_when_the_head_is_back(killed: str) -> None:
    played = worlds(FALSE_ALARMS["a head knocked off"], killed)

    stages = {tuple(stage for cause, stage in world.verdicts if cause is Cause.HEAD_OFF) for world in played}
    assert stages == {(Stage.PROVISIONAL, Stage.CONFIRMED)}
    assert {world.state.troubles for world in played} == {()}


def test_the_time_in_which_nothing_can_be_told_is_short() -> None:
    """Its port missed just before the street fails, the meter cannot tell in the dark; its count tells later."""
    told = {world.killed_at: world.grades(Cause.SUPPLY_INTERRUPTED) for world in worlds(OUTAGE, "meter")}

    late = [moment for moment, grades in told.items() if Grade.FAIR not in grades]
    assert all(60 - KILLED_FOR_S - CLOSE_S - FAILS_AFTER_S < moment < 61 for moment in late)
