"""A session that reads a simulated meter's load profile by entry has the rows that one by time has."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.profile_files import load_profile
from simulators.meter.device import Meter
from simulators.meter.history import History
from simulators.meter.wrapper_port import NETWORK_BAUD
from simulators.moment import Moment
from tests.fakes_head import Head
from tests.fakes_meter import FakeClock
from tests.fakes_simulators import NOW, a_life

BY_RANGE = load_profile("lamplight-sim")
BY_ENTRY = replace(BY_RANGE, load_profile=replace(BY_RANGE.load_profile, is_by_entry=True))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def sessions(*, jump_s=0):
    """Two of one meter, whose clock may have been set two days ago."""
    clock = FakeClock(NOW)
    history = History.of_new_meter("LMP10000001", NOW - timedelta(days=30))
    meter = Meter(a_life(history=history), keep=lambda _history: None)
    set_at = NOW - 2 * DAY - timedelta(minutes=7)
    meter.command(("clock", "jump", str(jump_s)), Moment(at=set_at, mono_s=0.0))

    def session(profile):
        head = Head(meter.open_network(), clock)
        head.baud = NETWORK_BAUD
        return DlmsMeter("tcp://meter:4059", profile, clock=clock, open_line=lambda _address, _baud: head)

    return clock, session(BY_ENTRY), session(BY_RANGE)


@pytest.mark.parametrize("days_ago", [0, 1, 7, 20])
def test_a_day_is_the_same_day(days_ago):
    _, by_entry, by_range = sessions()
    until = NOW - days_ago * DAY

    assert by_entry.read_all(until - DAY, until)[1] == by_range.read_all(until - DAY, until)[1]


@pytest.mark.parametrize("jump_s", [-3 * 3_600, 5 * 3_600])
def test_a_clock_that_was_set_between_loses_and_doubles_nothing(jump_s):
    _, by_entry, by_range = sessions(jump_s=jump_s)

    days = [(NOW - days_ago * DAY, NOW - (days_ago - 1) * DAY) for days_ago in (5, 4, 3, 2)]
    expected = [Counter(by_range.read_all(*day)[1]) for day in days]
    found = [Counter(by_entry.read_all(*day)[1]) for day in days]

    assert found == expected
    assert min(day.total() for day in expected) >= 19


def test_hour_by_hour_every_row_comes_once():
    clock, by_entry, _ = sessions()
    found = []

    for _ in range(30):
        through = found[-1].ends_at if found else NOW - HOUR
        _, rows = by_entry.read_all(through, clock.now())
        found += rows
        clock.seconds += 3_600

    stamps = [row.ends_at for row in found]
    assert len(stamps) >= 29
    assert stamps == [stamps[0] + place * HOUR for place in range(len(stamps))]
