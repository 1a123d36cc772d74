"""The simulated probe and poller behave as the real ones: what a gateway is given to judge by, and when."""

import random

import pytest

from benchmarks.street.probe import Probe
from benchmarks.street.reader import Reader
from benchmarks.street.world import Change, Clockwork, Fittings, House, Part, instant
from gateway.core.interruption import Attention
from gateway.core.observations import MeterAnswered, MeterFailed, ProbeBeat, SupplyEdge


class Bench:
    """A house with a probe and a reader, and everything they report."""

    def __init__(self, seed=1, is_heard=True):
        self.clock, self.heard, self.read = Clockwork(), [], []
        self.house = House(Fittings(ride_through_s=0.5), random.Random(seed))
        self.is_heard = is_heard
        chance = random.Random(seed)
        self.probe = Probe(self.house, self.clock, chance, self._hear)
        self.reader = Reader(self.house, self.clock, chance, lambda: Attention.CLOSE, self._take)

    def at(self, at_s, part, is_on):
        self.clock.at(at_s, lambda: self._become(Change(at_s=at_s, part=part, is_on=is_on)))
        return self

    def _become(self, change):
        self.house.become(change)
        self.probe.look()
        self.reader.look()
        self.clock.at(change.at_s + 0.5, self.reader.look)

    def _hear(self, seen):
        self.heard.append((self.clock.now_s, seen))
        return self.is_heard

    def _take(self, word):
        self.read.append((self.clock.now_s, word))
        self.reader.plan()

    @property
    def edges(self):
        return [(edge.present, edge.occurred_at) for _, edge in self.heard if isinstance(edge, SupplyEdge)]


def test_an_absence_of_less_than_40_ms_is_not_noticed():
    bench = Bench().at(10, Part.LINE, False).at(10.039, Part.LINE, True)

    bench.clock.run()

    assert bench.edges == []


@pytest.mark.parametrize("seed", range(20))
def test_edges_are_dated_to_what_happened_and_come_in_order_however_late(seed):
    bench = Bench(seed).at(10, Part.LINE, False).at(11, Part.LINE, True)

    bench.clock.run()

    assert list(dict.fromkeys(bench.edges)) == [(False, instant(10)), (True, instant(11))]
    assert all(at_s > 10.04 for at_s, _ in bench.heard)


def test_what_nobody_heard_is_told_to_whoever_listens_next():
    bench = Bench(is_heard=False).at(10, Part.LINE, False)
    bench.clock.run()
    bench.is_heard = True

    bench.probe.greet()
    bench.clock.run()

    assert bench.edges[-1] == (False, instant(10))


def test_a_probe_that_had_died_knows_no_edges_and_bears_another_number():
    bench = Bench(is_heard=False).at(10, Part.LINE, False)
    bench.clock.run()
    bench.probe.die()
    bench.heard.clear()
    bench.is_heard = True

    bench.probe.revive()
    bench.probe.greet()
    bench.clock.run()

    assert bench.edges == []


def test_beats_come_by_the_second_while_something_goes_on_and_then_seldom():
    bench = Bench()
    bench.probe.watch(120)

    bench.clock.run()

    beats = [at_s for at_s, seen in bench.heard if isinstance(seen, ProbeBeat)]
    assert 15 <= sum(at_s < 16 for at_s in beats) <= 17
    assert 3 <= sum(at_s >= 16 for at_s in beats) <= 5


def test_a_meter_in_order_is_read_at_the_schedules_pace():
    bench = Bench(seed=3)
    bench.reader.watch(60)

    bench.clock.run()

    asked = [word.asked_at for _, word in bench.read if isinstance(word, MeterAnswered)]
    assert 11 <= len(asked) <= 13


def test_a_reading_under_way_as_the_line_dies_was_asked_before_and_fails_after():
    bench = Bench(seed=3).at(0.5, Part.LINE, False)
    bench.reader.watch(2)

    bench.clock.run()

    at_s, failed = bench.read[0]
    assert isinstance(failed, MeterFailed)
    assert failed.asked_at == instant(0)
    assert at_s > 1.0


def test_a_reading_dies_with_its_gateway():
    bench = Bench(seed=3)
    bench.reader.watch(2)
    bench.clock.at(0.5, bench.reader.stop)

    bench.clock.run()

    assert bench.read == []
