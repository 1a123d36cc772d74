from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from simulators.meter.meter_clock import MAX_SETTINGS, Capture, MeterClock

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
QUARTER, MINUTE, HOUR = timedelta(minutes=15), timedelta(minutes=1), timedelta(hours=1)


def captures(clock: MeterClock, since: datetime, until: datetime, limit: int = 100) -> list[Capture]:
    return clock.captures(since, until, period=QUARTER, zone=UTC, limit=limit)


def stamps(clock: MeterClock, since: datetime, until: datetime) -> list[datetime]:
    return [capture.stamp for capture in captures(clock, since, until)]


def test_a_clock_nobody_touched_captures_every_full_period_and_the_last_one_too() -> None:
    assert captures(MeterClock(), NOON, NOON + 2 * QUARTER) == [
        Capture(stamp=NOON + QUARTER, at=NOON + QUARTER),
        Capture(stamp=NOON + 2 * QUARTER, at=NOON + 2 * QUARTER),
    ]


def test_the_newest_are_kept() -> None:
    assert [row.stamp for row in captures(MeterClock(), NOON, NOON + HOUR, limit=2)] == [
        NOON + 3 * QUARTER,
        NOON + HOUR,
    ]


def test_what_a_jump_forward_passes_over_is_never_captured() -> None:
    clock = MeterClock().jumped(HOUR, NOON + MINUTE)

    assert stamps(clock, NOON - QUARTER, NOON + QUARTER) == [NOON, NOON + HOUR + QUARTER]


def test_what_a_jump_back_comes_by_again_is_captured_twice() -> None:
    clock = MeterClock().jumped(-2 * QUARTER, NOON + MINUTE)

    assert stamps(clock, NOON - 2 * QUARTER, NOON + HOUR) == [
        NOON - QUARTER,
        NOON,
        NOON - QUARTER,
        NOON,
        NOON + QUARTER,
        NOON + 2 * QUARTER,
    ]


def test_a_fast_clock_captures_early() -> None:
    clock = MeterClock().drifting(100_000, NOON)

    [first] = captures(clock, NOON, NOON + timedelta(minutes=14))

    assert first.stamp == NOON + QUARTER
    assert abs(first.at - (NOON + QUARTER / 1.1)) < timedelta(milliseconds=1)


def test_a_change_of_pace_is_no_jump_and_a_setting_keeps_the_pace() -> None:
    clock = MeterClock().drifting(100, NOON)

    assert clock.shown(NOON) == NOON
    assert not clock.was_set_between(NOON - HOUR, NOON + HOUR)
    assert clock.set_to(NOON, NOON + HOUR).settings[-1].drift_ppm == 100
    assert clock.set_to(NOON, NOON + HOUR).was_set_between(NOON, NOON + HOUR)


def test_the_settings_it_remembers_are_bounded() -> None:
    clock = MeterClock()

    for minute in range(MAX_SETTINGS + 5):
        clock = clock.jumped(MINUTE, NOON + MINUTE * minute)

    assert len(clock.settings) == MAX_SETTINGS


def test_periods_are_those_of_local_time() -> None:
    rows = MeterClock().captures(NOON, NOON + HOUR, period=HOUR, zone=ZoneInfo("Asia/Kolkata"), limit=9)

    assert [row.stamp for row in rows] == [NOON + HOUR / 2]


@given(st.integers(-7_200, 7_200), st.integers(-1_000, 1_000), st.integers(0, 7_200))
def test_every_capture_is_when_the_clock_showed_it(jump_s: int, drift_ppm: int, after_s: int) -> None:
    clock = MeterClock().drifting(drift_ppm, NOON).jumped(timedelta(seconds=jump_s), NOON + timedelta(seconds=after_s))

    rows = captures(clock, NOON - HOUR, NOON + 5 * HOUR)

    assert all(abs(clock.shown(row.at) - row.stamp) < timedelta(milliseconds=1) for row in rows)
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    assert clock.next_quarter(NOON + 5 * HOUR) > NOON + 5 * HOUR
