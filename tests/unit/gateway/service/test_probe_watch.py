"""Listening to the probe: handing on, acknowledging what is safe, and opening the port anew."""

import random
from dataclasses import dataclass, field

import pytest

from gateway.core.errors import PortGone, PortUnavailable
from gateway.core.observations import EdgeId, ProbeBeat, ProbeLink, SupplyEdge
from gateway.core.probe.frames import Ack, Beat, Decoder, Frame, GatewayHello, Hello, Supply, SupplyEvent, encode
from gateway.service.inbox import Inbox, ProbeHeard
from gateway.service.probe_watch import ProbeWatch
from tests.fakes_gateway import FakeClock, FakeLine, StoryStop

BEAT = Beat(boot_id=7, uptime_ms=1_000, supply_present=True, input_mv=5_100, hold_mv=4_900, bad_frames=0)


def told(number: int) -> SupplyEvent:
    return SupplyEvent(boot_id=7, event_id=number, what=Supply.LOST, occurred_ms=1_000, now_ms=1_000)


@dataclass
class Bench:
    """A probe's port that can be missing and come back as another one."""

    clock: FakeClock = field(default_factory=FakeClock)
    inbox: Inbox = field(default_factory=Inbox)
    lines: list[FakeLine | PortGone] = field(default_factory=list)
    newest: EdgeId | None = None
    opened: int = 0

    def run_for(self, seconds: float) -> None:
        watch = ProbeWatch(
            open_port=self._open,
            newest_edge=lambda: self.newest,
            inbox=self.inbox,
            clock=self.clock,
            chance=random.Random(1),
        )
        watch.run(Until(self.clock, self.clock.story_s + seconds))

    def _open(self) -> FakeLine:
        line = self.lines[min(self.opened, len(self.lines) - 1)]
        self.opened += 1
        if isinstance(line, PortGone):
            raise line
        return line

    def heard(self) -> list[ProbeHeard]:
        reports = []
        while (report := self.inbox.take(0)) is not None:
            assert isinstance(report, ProbeHeard)
            reports.append(report)
        return reports


class Until(StoryStop):
    def __init__(self, clock: FakeClock, story_s: float) -> None:
        super().__init__(clock)
        self._ends_at = story_s

    def is_set(self) -> bool:
        return self._clock.story_s >= self._ends_at


def written(line: FakeLine) -> list[Frame]:
    return [frame for frame in Decoder().feed(bytes(line.written)) if isinstance(frame, (GatewayHello, Ack))]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_probe_is_greeted_and_what_it_says_handed_on(bench: Bench) -> None:
    line = FakeLine(bench.clock)
    line.feed.append(encode(Hello(protocol=1, boot_id=7, firmware="probe 1"), 1) + encode(BEAT, 2))
    bench.lines = [line]

    bench.run_for(1)

    assert written(line) == [GatewayHello(protocol=1)]
    assert [report.seen for report in bench.heard()] == [ProbeLink(up=True), ProbeBeat(present=True, input_mv=5_100)]
    assert line.is_closed


def test_an_edge_is_acknowledged_when_it_is_safe_and_not_before(bench: Bench) -> None:
    line = SafeAtFifthRead(bench)
    line.feed.append(encode(told(1), 1))
    bench.lines = [line]

    bench.run_for(1)

    assert line.written_before == [GatewayHello(protocol=1)]
    assert written(line) == [GatewayHello(protocol=1), Ack(boot_id=7, event_id=1)]


class SafeAtFifthRead(FakeLine):
    """A line beside a slow journal: what was handed on is safe when it is read for the fifth time."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.clock)
        self._bench = bench
        self._reads = 0
        self.written_before: list[Frame] = []

    def read(self, timeout_s: float) -> bytes:
        self._reads += 1
        for report in self._bench.heard() if self._reads == 5 else ():
            self.written_before = written(self)
            report.done()
        return super().read(timeout_s)


def test_a_port_that_breaks_away_is_told_and_opened_anew(bench: Bench) -> None:
    broken, whole = FakeLine(bench.clock), FakeLine(bench.clock)
    broken.feed.append(encode(BEAT, 1))
    whole.feed.append(encode(BEAT, 1))
    bench.lines = [BreaksAfter(broken, reads=3), whole]

    bench.run_for(3)

    links = [report.seen for report in bench.heard() if isinstance(report.seen, ProbeLink)]
    assert links == [ProbeLink(up=True), ProbeLink(up=False), ProbeLink(up=True)]


class BreaksAfter(FakeLine):
    def __init__(self, line: FakeLine, reads: int) -> None:
        super().__init__(line._clock)
        self.feed = line.feed
        self._reads_left = reads

    def read(self, timeout_s: float) -> bytes:
        self._reads_left -= 1
        self.is_broken = self._reads_left < 0
        return super().read(timeout_s)


def test_a_probe_that_says_nothing_is_gone_and_its_port_opened_again_and_again(bench: Bench) -> None:
    bench.lines = [FakeLine(bench.clock)]

    bench.run_for(60)

    assert {report.seen for report in bench.heard()} == {ProbeLink(up=False)}
    assert 4 <= bench.opened <= 12


def test_a_missing_port_is_tried_less_and_less_often(bench: Bench) -> None:
    bench.lines = [PortUnavailable("there is no such port", where="/dev/serial0")]

    bench.run_for(600)

    assert 50 <= bench.opened <= 80


def test_a_probe_of_another_version_is_not_listened_to(bench: Bench) -> None:
    line = FakeLine(bench.clock)
    line.feed.append(encode(Hello(protocol=9, boot_id=7, firmware="probe 9"), 1) + encode(told(1), 2))
    bench.lines = [line]

    bench.run_for(0.2)

    assert not [report for report in bench.heard() if isinstance(report.seen, SupplyEdge)]


def test_what_the_journal_knows_already_is_not_waited_for(bench: Bench) -> None:
    bench.newest = EdgeId(boot_id=7, event_id=4)
    line = FakeLine(bench.clock)
    line.feed.append(encode(told(5), 1))
    bench.lines = [line]

    bench.run_for(0.3)

    edges = [report.seen.edge.event_id for report in bench.heard() if isinstance(report.seen, SupplyEdge)]
    assert edges == [5]
