"""When a meter is read next."""

from datetime import timedelta

import pytest

from gateway.core.interruption import Attention
from gateway.core.schedule import Attempt, Cadence, next_read_at
from tests.fakes_gateway import at

CADENCE = Cadence(routine=timedelta(seconds=60), close=timedelta(seconds=5), longest_back_off=timedelta(seconds=300))


def waited_s(failures: int, attention: Attention, chance: float = 0.5) -> float:
    due = next_read_at(CADENCE, Attempt(asked_at=at(0), failures=failures), attention, chance=chance)
    return (due - at(0)).total_seconds()


def test_a_meter_that_answers_is_read_regularly() -> None:
    assert waited_s(0, Attention.ROUTINE, chance=0.9) == 60


def test_it_is_read_closely_while_something_must_be_proved() -> None:
    assert waited_s(0, Attention.CLOSE) == 5


def test_the_second_word_of_a_silent_meter_is_asked_for_soon() -> None:
    assert waited_s(1, Attention.CLOSE) == 5


@pytest.mark.parametrize(("failures", "seconds"), [(1, 60), (2, 120), (3, 240), (4, 300), (400, 300)])
def test_a_silent_meter_is_asked_less_and_less_often_up_to_a_bound(failures: int, seconds: float) -> None:
    assert waited_s(failures, Attention.ROUTINE) == seconds


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 48), (0.999_999, 72)])
def test_no_two_gateways_ask_in_step(chance: float, seconds: float) -> None:
    assert waited_s(1, Attention.ROUTINE, chance) == pytest.approx(seconds, abs=0.01)


def test_a_routine_longer_than_the_longest_back_off_is_kept() -> None:
    hourly = Cadence(routine=timedelta(hours=1))
    due = next_read_at(hourly, Attempt(asked_at=at(0), failures=3), Attention.ROUTINE, chance=0.5)

    assert due == at(3600)


@pytest.mark.parametrize(
    ("failures", "attention", "seconds"),
    [(0, Attention.ROUTINE, 900), (0, Attention.CLOSE, 5), (1, Attention.ROUTINE, 900)],
)
def test_a_meter_that_pushes_is_asked_less_but_as_closely_as_any_other(
    failures: int, attention: Attention, seconds: float
) -> None:
    last = Attempt(asked_at=at(0), failures=failures)

    assert next_read_at(Cadence(), last, attention, chance=0.5, is_pushed=True) == at(seconds)


def test_a_meter_that_is_asked_seldom_is_not_asked_more_because_it_pushes() -> None:
    hourly = Cadence(routine=timedelta(hours=1))

    due = next_read_at(hourly, Attempt(asked_at=at(0), failures=0), Attention.ROUTINE, chance=0.5, is_pushed=True)

    assert due == at(3600)
