"""Rows into hours of the wall clock: each whole or missing, none twice."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.core.consumption.hours import Hours, HourUse

MADRID, KOLKATA = ZoneInfo("Europe/Madrid"), ZoneInfo("Asia/Kolkata")


def unix_s(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp())


def told(rows, zone=UTC) -> list[HourUse]:
    hours, settled = Hours(), []
    for starts_at_s, period_s, energy_wh in rows:
        hours, new = hours.with_row(starts_at_s, period_s, energy_wh, zone)
        settled += new
    return settled


def test_four_quarters_make_an_hour() -> None:
    start_s = unix_s(2026, 6, 6, 7)

    hours = told([(start_s + 900 * quarter, 900, 10.0 + quarter) for quarter in range(5)])

    assert hours == [HourUse(starts_at_s=start_s, energy_wh=46.0, hour=7, is_weekend=True)]


def test_an_hour_that_lacks_a_quarter_is_missing() -> None:
    start_s = unix_s(2026, 6, 1)

    hours = told([(start_s + 900 * quarter, 900, 10.0) for quarter in (0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11)])

    assert [(hour.hour, hour.energy_wh) for hour in hours] == [(0, 40.0), (1, None), (2, 40.0)]


def test_a_row_seen_before_counts_once() -> None:
    start_s = unix_s(2026, 6, 1)
    row = (start_s, 3600, 100.0)

    assert [hour.energy_wh for hour in told([row, row, (start_s - 3600, 3600, 7.0)])] == [100.0]


def test_a_row_longer_than_an_hour_says_nothing_of_hours() -> None:
    assert told([(unix_s(2026, 6, 1), 86_400, 9_000.0)]) == []


def test_a_long_gap_is_one_day_of_missing_hours() -> None:
    start_s = unix_s(2026, 6, 1)

    hours = told([(start_s, 3600, 1.0), (start_s + 30 * 86_400, 3600, 1.0)])

    assert [hour.energy_wh for hour in hours] == [1.0, *[None] * 24, 1.0]


def test_hours_begin_where_the_wall_clocks_do_also_half_an_hour_off() -> None:
    start_s = unix_s(2026, 6, 1, 0, 30)  # 06:00 in Kolkata

    hours = told([(start_s + 1800 * half, 1800, 10.0) for half in range(4)], KOLKATA)

    assert [(hour.starts_at_s, hour.hour) for hour in hours] == [(start_s, 6), (start_s + 3600, 7)]


@pytest.mark.parametrize(
    ("first", "count", "wall_hours"),
    [
        pytest.param((2026, 3, 28, 23), 4, [0, 1, 3, 4], id="spring"),
        pytest.param((2026, 10, 24, 22), 5, [0, 1, 2, 2, 3], id="autumn"),
    ],
)
def test_summer_time_leaves_no_hour_out_and_counts_none_twice(first, count, wall_hours) -> None:
    start_s = unix_s(*first)

    hours = told([(start_s + 3600 * number, 3600, 5.0) for number in range(count)], MADRID)

    assert [hour.hour for hour in hours] == wall_hours
    assert [hour.energy_wh for hour in hours] == [5.0] * count


def test_the_weekend_is_that_of_the_wall_clock() -> None:
    friday_evening = datetime(2026, 6, 5, 21, tzinfo=UTC)
    rows = [(int((friday_evening + timedelta(hours=hour)).timestamp()), 3600, 1.0) for hour in range(3)]

    assert [hour.is_weekend for hour in told(rows, MADRID)] == [False, True, True]
