"""A voltage out of its band: raised once after some readings in a row, over once it is well inside again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.quality import Limits, Quality, step
from gateway.core.remembered import recall, remember
from tests.fakes_gateway import at
from wire.events import VoltageOutOfBand
from wire.instants import unix_ms
from wire.terms import UseStage, VoltageLimit

LIMITS = Limits(low_mv=207_000, high_mv=253_000, absent_below_mv=23_000)
FIVE_MINUTES_S = 300


def play(*volts, every_s=FIVE_MINUTES_S, phase=1, state=None, from_s=0):
    """A reading of one phase every so often; what was told at each, in short."""
    state, told = state or Quality(), []
    for number, each in enumerate(volts):
        state, events = step(state, at(from_s + number * every_s), ((phase, round(each * 1000)),), LIMITS)
        told.append([f"{event.limit.name} {event.stage.name}" for event in events])
    return state, told


def told_by(*volts, **how):
    return play(*volts, **how)[1]


def all_told_by(*volts, **how):
    return [each for told in told_by(*volts, **how) for each in told]


def test_a_voltage_inside_its_band_is_no_news_and_no_state():
    state, told = play(230, 207, 253, 230)

    assert told == [[], [], [], []]
    assert state == Quality()


def test_a_reading_inside_changes_nothing_so_that_nothing_is_written():
    state = Quality()

    after, _ = step(state, at(0), ((1, 230_000),), LIMITS)

    assert after is state


@pytest.mark.parametrize(("volts", "limit"), [(206.9, "LOW"), (253.1, "HIGH")])
def test_three_in_a_row_over_ten_minutes_are_told_once(volts, limit):
    assert told_by(*[volts] * 6) == [[], [], [f"{limit} RAISED"], [], [], []]


def test_two_in_a_row_are_not_told_however_long_they_last():
    assert told_by(255, 255, 230, 255, 255, every_s=3_600) == [[]] * 5


def test_readings_close_together_wait_for_their_ten_minutes():
    told = told_by(*[255] * 121, every_s=5)

    assert told[119] == []
    assert told[120] == ["HIGH RAISED"]


def test_one_reading_inside_breaks_the_row():
    assert told_by(255, 255, 252, 255, 255) == [[]] * 5


def test_readings_that_lie_hours_apart_are_in_no_row():
    assert told_by(*[255] * 6, every_s=7_201) == [[]] * 6
    assert told_by(*[255] * 3, every_s=7_200)[2] == ["HIGH RAISED"]


def test_it_is_over_after_three_readings_well_inside():
    assert told_by(255, 255, 255, 240, 240, 240, 240)[3:] == [[], [], ["HIGH ENDED"], []]


def test_on_the_edge_it_is_told_once_and_not_by_the_hour():
    assert all_told_by(*[255] * 3, *[252.9, 253.1] * 50) == ["HIGH RAISED"]


def test_the_margin_is_one_percent_of_the_limit():
    low_raised, _ = play(200, 200, 200)

    assert all_told_by(*[209.0] * 4, state=low_raised, from_s=1_000) == []
    assert all_told_by(*[209.07] * 4, state=low_raised, from_s=1_000) == ["LOW ENDED"]


def test_from_one_end_to_the_other_the_one_is_over_before_the_other_is_told():
    told = all_told_by(*[200] * 3, *[260] * 7)

    assert told == ["LOW RAISED", "LOW ENDED", "HIGH RAISED"]


def test_a_phase_without_voltage_is_no_matter_of_quality():
    state, told = play(*[0.0, 22.9] * 5)

    assert told == [[]] * 10
    assert state == Quality()


def test_what_was_told_stands_through_an_outage():
    assert all_told_by(200, 200, 200, 0, 0, 0, 200, 200, 230, 230, 230) == ["LOW RAISED", "LOW ENDED"]


def test_it_says_when_it_began_and_how_bad_it_was():
    state, _ = play(206, 201, 203)
    _, events = step(state, at(900), ((1, 190_000),), LIMITS)
    state, _ = step(state, at(900), ((1, 190_000),), LIMITS)
    for s in (1_200, 1_500, 1_800):
        state, events = step(state, at(s), ((1, 230_000),), LIMITS)

    assert events == (
        VoltageOutOfBand(
            stage=UseStage.ENDED,
            phase=1,
            limit=VoltageLimit.LOW,
            limit_mv=207_000,
            began_at_ms=unix_ms(at(0)),
            noticed_at_ms=unix_ms(at(1_800)),
            extreme_mv=190_000,
        ),
    )


def test_each_phase_has_a_state_of_its_own():
    state = Quality()
    said = []
    for number in range(3):
        voltages = ((1, 230_000), (2, 200_000), (3, 260_000))
        state, events = step(state, at(number * FIVE_MINUTES_S), voltages, LIMITS)
        said += [(event.phase, event.limit.name) for event in events]

    assert said == [(2, "LOW"), (3, "HIGH")]


def test_a_phase_that_was_not_read_stays_as_it_was():
    raised, _ = play(255, 255, 255, phase=2)

    after, events = step(raised, at(5_000), ((1, 230_000),), LIMITS)

    assert after is raised
    assert events == ()


@pytest.mark.parametrize("volts", [(255,), (255, 255), (255, 255, 255), (255, 255, 255, 240)])
def test_what_is_remembered_goes_on_as_if_nothing_had_happened(volts):
    state, _ = play(*volts)
    s = len(volts) * FIVE_MINUTES_S
    rest = (255, 240, 240, 240)

    recalled = recall(Quality, remember(state))

    assert recalled == state
    assert play(*rest, state=recalled, from_s=s) == play(*rest, state=state, from_s=s)


@given(st.lists(st.tuples(st.integers(1, 9_000), st.integers(0, 400)), max_size=60))
def test_whatever_is_read_each_raise_has_its_end_before_the_next(readings):
    state, s, told = Quality(), 0, []
    for after_s, volts in readings:
        s += after_s
        state, events = step(state, at(s), ((1, volts * 1000),), LIMITS)
        told += events
    stages = [event.stage for event in told]

    assert stages == [UseStage.RAISED, UseStage.ENDED] * (len(stages) // 2) + [UseStage.RAISED] * (len(stages) % 2)
    assert all(event.noticed_at_ms - event.began_at_ms >= 600_000 for event in told)
    assert all(before.limit is after.limit for before, after in zip(told[::2], told[1::2], strict=False))
    assert len(state.outside) <= 1


def test_a_row_that_was_long_ago_begins_anew_after_the_gap():
    state, _ = play(255, 255)

    _, told = play(255, 255, 255, state=state, from_s=timedelta(days=1).total_seconds())

    assert told == [[], [], ["HIGH RAISED"]]
