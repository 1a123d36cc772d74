"""Which meters there are, compared with those that were told of."""

from gateway.core.fitted import Fitted, Roll, call
from gateway.core.remembered import recall, remember
from tests.fakes_gateway import at
from wire.instants import unix_ms

NOW_MS = unix_ms(at(0))


def meter(number, subject, profile="idis"):
    return Fitted(number=number, subject=subject, profile=profile)


def called(before, *meters):
    """The next roll's numbers, and what is told: subject, event's name, number."""
    roll, told = call(Roll(meters=tuple(before)), meters, at(0))
    return [each.number for each in roll.meters], [(name, type(event).__name__, event.number) for name, event in told]


def test_a_meter_nobody_was_told_of_is_fitted():
    assert called([], meter(1, "A")) == ([1], [("A", "MeterFitted", 1)])


def test_what_was_told_is_no_news():
    assert called([meter(1, "A"), meter(2, "B")], meter(1, "A"), meter(2, "B")) == ([1, 2], [])


def test_a_meter_without_a_name_is_told_of_when_it_has_one():
    assert called([], meter(1, "")) == ([], [])
    assert called([], meter(1, "A")) == ([1], [("A", "MeterFitted", 1)])


def test_a_meter_the_registry_no_longer_has_is_removed():
    assert called([meter(1, "A"), meter(2, "B")], meter(2, "B")) == ([2], [("A", "MeterRemoved", 1)])


def test_another_meter_under_the_number_is_a_removal_and_a_fitting():
    assert called([meter(1, "A")], meter(1, "B")) == ([1], [("A", "MeterRemoved", 1), ("B", "MeterFitted", 1)])


def test_a_number_whose_meter_has_not_named_itself_again_stays():
    assert called([meter(1, "A")], meter(1, "")) == ([1], [])


def test_a_meter_read_by_another_profile_is_told_of_anew_and_not_removed():
    assert called([meter(1, "A")], meter(1, "A", "dsmr5")) == ([1], [("A", "MeterFitted", 1)])


def test_a_meter_that_moved_to_another_number_is_not_removed():
    assert called([meter(1, "A")], meter(2, "A")) == ([2], [("A", "MeterFitted", 2)])


def test_it_says_when_it_was_noticed():
    _, ((_, removed), (_, fitted)) = call(Roll(meters=(meter(1, "A"),)), (meter(1, "B"),), at(0))

    assert (removed.noticed_at_ms, fitted.since_ms, fitted.profile) == (NOW_MS, NOW_MS, "idis")


def test_the_roll_can_be_remembered():
    roll = Roll(meters=(meter(1, "A"), meter(7, "Zähler")))

    assert recall(Roll, remember(roll)) == roll
