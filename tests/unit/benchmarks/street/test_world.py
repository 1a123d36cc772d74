"""The world of `benchmarks.verdicts`, which everything else is held against, is itself held against physics."""

import random

import pytest

from benchmarks.street.episodes import Kind, script
from benchmarks.street.world import Change, Clockwork, Fittings, House, Part
from wire.terms import Disconnector


def house(**fittings):
    return House(Fittings(**fittings), random.Random(1))


def turn(home, part, is_on, at_s=0.0):
    home.become(Change(at_s=at_s, part=part, is_on=is_on))
    return home


def interrupt(home, from_s, to_s):
    turn(home, Part.LINE, False, from_s)
    return turn(home, Part.LINE, True, to_s)


@pytest.mark.parametrize("part", [Part.LINE, Part.SWITCH, Part.BREAKER, Part.PLUG])
def test_the_probe_senses_nothing_behind_anything_that_is_open(part):
    home = turn(house(), part, False)

    assert not home.is_sensed
    assert not home.is_fed


def test_without_its_lead_the_gateway_starves_beside_a_supply_that_is_sensed():
    home = turn(house(), Part.LEAD, False)

    assert home.is_sensed
    assert not home.is_fed


@pytest.mark.parametrize("part", [Part.SWITCH, Part.BREAKER, Part.PLUG])
def test_the_meter_measures_the_street_whatever_is_open_behind_it(part):
    home = turn(house(), part, False)

    assert home.voltage_mv(5) > 220_000
    assert home.can_be_read(5)


def test_a_meter_lives_on_its_capacitor_for_a_moment_and_measures_no_street_then():
    home = turn(house(ride_through_s=0.5), Part.LINE, False, at_s=10)

    assert home.can_be_read(10.4)
    assert home.voltage_mv(10.4) == 0
    assert not home.can_be_read(10.5)


def test_a_meter_that_rode_through_counts_no_failure():
    home = house(ride_through_s=0.5)
    before = home.failures

    interrupt(home, 10, 10.4)
    interrupt(home, 20, 20.5)

    assert home.failures == before + 1


def test_no_head_no_reading():
    home = turn(house(), Part.HEAD, False)

    assert not home.can_be_read(5)


@pytest.mark.parametrize(("part", "is_drawn"), [(Part.BREAKER, False), (Part.SWITCH, False), (Part.PLUG, True)])
def test_only_what_stands_between_meter_and_home_stops_what_is_drawn(part, is_drawn):
    home = turn(house(), part, False)

    assert home.is_drawn(5) is is_drawn


def test_a_home_with_nothing_but_a_refrigerator_draws_now_and_then():
    home = house(drawn_s=700, cycle_s=2_100)

    assert [home.is_drawn(at_s) for at_s in (0, 699, 700, 2_099, 2_100)] == [True, True, False, False, True]


def test_an_open_switch_that_is_released_waits_for_the_customer():
    home = turn(turn(house(), Part.SWITCH, False), Part.RELEASED, True)

    assert home.disconnector is Disconnector.READY
    assert turn(home, Part.SWITCH, True).disconnector is Disconnector.CLOSED


def test_what_is_due_is_called_in_order_and_never_in_the_past():
    clock, called = Clockwork(), []
    clock.at(5, lambda: clock.at(1, lambda: called.append(("late", clock.now_s))))
    clock.at(3, lambda: called.append(("early", clock.now_s)))

    clock.run()

    assert called == [("early", 3), ("late", 5)]


@pytest.mark.parametrize("kind", Kind)
def test_after_every_trouble_a_home_is_as_it_was(kind):
    for seed in range(50):
        home = house()
        for change in script(kind, random.Random(seed)):
            home.become(change)

        assert home.on == house().on


@pytest.mark.parametrize("kind", [kind for kind in Kind if "outage" in kind.value])
def test_every_outage_has_a_dead_line_for_five_minutes(kind):
    for seed in range(50):
        line = [change for change in script(kind, random.Random(seed)) if change.part is Part.LINE]
        spans = [on.at_s - off.at_s for off, on in zip(line[::2], line[1::2], strict=True)]

        assert max(spans) >= 299.9
        assert min(spans) > 0
