"""Crashes are planned by a seed and carried out when they fall due."""

from dataclasses import dataclass, field

import pytest

from simulators.scenarios import chaos
from simulators.scenarios.chaos import Chaos, Crash, plan

VICTIMS = ("gateway", "broker", "cloud")
LENGTHS_S = {"reading": 4.0, "dark": 14.0}


@dataclass
class FakeCast:
    told: list[tuple[str, str]] = field(default_factory=list)

    def kill(self, name):
        self.told.append(("kill", name))

    def restart(self, name):
        self.told.append(("restart", name))


@pytest.fixture
def seconds(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(chaos.time, "monotonic", lambda: now[0])
    return now


def crash(victim="cloud", chapter="dark", delay_s=2.0):
    return Crash(victim=victim, chapter=chapter, delay_s=delay_s, dead_for_s=1.0)


def planned(seed, crashes=3):
    return plan(seed, victims=VICTIMS, lengths_s=LENGTHS_S, crashes=crashes)


def test_a_seed_is_a_plan_in_which_each_process_dies():
    assert planned(7) == planned(7) != planned(8)
    assert {one.victim for one in planned(7)} == set(VICTIMS)
    assert len(planned(7, crashes=5)) == 5
    assert all(one.delay_s <= LENGTHS_S[one.chapter] for one in planned(7, crashes=40))


def test_a_crash_happens_in_its_chapter_after_its_delay_and_ends_in_time(seconds):
    cast = FakeCast()
    playing = Chaos(cast, [crash()])

    playing.enter("reading")
    seconds[0] = 50
    playing.tick()
    playing.enter("dark")
    playing.tick()
    assert cast.told == []

    seconds[0] = 52
    playing.tick()
    assert (cast.told, playing.is_over) == ([("kill", "cloud")], False)

    seconds[0] = 53
    playing.tick()
    assert (cast.told, playing.is_over) == ([("kill", "cloud"), ("restart", "cloud")], True)


def test_the_dead_are_not_killed_again_before_they_live(seconds):
    cast = FakeCast()
    playing = Chaos(cast, [crash(delay_s=0.0), crash(delay_s=0.5)])

    playing.enter("dark")
    for seconds[0] in (0.0, 0.6, 1.1, 1.2, 2.3):
        playing.tick()

    assert [word for word, _ in cast.told] == ["kill", "restart", "kill", "restart"]
