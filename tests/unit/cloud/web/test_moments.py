"""Instants on a page: the home's clock in sight, UTC behind it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cloud.web.moments import Moments, ago, length

EVENING = datetime(2026, 11, 21, 23, 0, 10, tzinfo=UTC)
RIO = Moments(zone=ZoneInfo("America/Sao_Paulo"), now=EVENING)


def plain(text):
    return text.replace("\xa0", " ")


def test_today_is_told_by_the_clock_alone():
    assert RIO.clock(EVENING) == (
        '<time datetime="2026-11-21T23:00:10.000Z" title="2026-11-21 23:00:10 UTC">20:00:10</time>'
    )


def test_another_day_is_named():
    assert ">Fri 20 Nov, 20:00<" in plain(RIO.minute(EVENING - timedelta(days=1)))


def test_today_is_the_homes_day_and_not_the_cloud_s():
    late = Moments(zone=ZoneInfo("America/Sao_Paulo"), now=datetime(2026, 11, 22, 1, tzinfo=UTC))

    assert ">20:00<" in late.minute(EVENING)


def test_the_hour_that_comes_twice_says_which_one():
    paris = Moments(zone=ZoneInfo("Europe/Paris"), now=datetime(2026, 10, 25, 12, tzinfo=UTC))

    assert "02:30 (UTC+0200)" in plain(paris.minute(datetime(2026, 10, 25, 0, 30, tzinfo=UTC)))
    assert "02:30 (UTC+0100)" in plain(paris.minute(datetime(2026, 10, 25, 1, 30, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "just now"),
        (4, "just now"),
        (5, "5 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3_599, "59 min ago"),
        (3_600, "1 h ago"),
        (86_400, "1 day ago"),
        (172_800, "2 days ago"),
        (-4, "just now"),
        (-60, "in 1 min"),
    ],
)
def test_how_long_ago_is_told_in_the_largest_unit(seconds, told):
    assert plain(ago(timedelta(seconds=seconds))) == told


def test_less_than_a_second_is_told_in_milliseconds():
    assert plain(length(timedelta(milliseconds=120))) == "120 ms"
