"""What a look at a clock is worth: its offset and doubt, its flags in words, and a setting as the meter tells time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.core.clock.view import ClockReading, encoded, leaves_period, setting_for, status_words
from gateway.core.dlms.cosem_time import UNSPECIFIED_STATUS, ClockStatus, CosemDateTime, from_utc
from gateway.core.dlms.data import Data, DataType
from gateway.core.errors import Undecodable
from tests.fakes_meter import CLOCK

NOON = datetime(2026, 7, 1, 12, 10, tzinfo=UTC)
SUMMER_IN_BERLIN = -120


def look(shown_at=NOON, *, took_s=0.4, deviation_min=SUMMER_IN_BERLIN, octet=0x80, **others):
    shown = replace(from_utc(shown_at, deviation_min=deviation_min), status=ClockStatus(octet=octet))
    return ClockReading(
        asked_at=NOON,
        answered_at=NOON + timedelta(seconds=took_s),
        told=Data(DataType.OCTET_STRING, others.pop("octets", shown.encode())),
        attribute=CLOCK,
        details={},
        period_s=others.pop("period_s", 900),
        unspecified_deviation_min=others.pop("unspecified_deviation_min", None),
    )


def test_the_offset_is_reckoned_from_the_middle_and_from_half_a_told_second():
    reading = look(NOON + timedelta(seconds=10), took_s=0.4)

    assert reading.offset.total_seconds() == pytest.approx(10 + 0.5 - 0.2)
    assert reading.uncertainty_s == pytest.approx(0.2 + 0.5)


def test_a_clock_with_hundredths_is_known_better():
    assert look(NOON + timedelta(milliseconds=250)).uncertainty_s < 0.21


def test_a_clock_without_seconds_is_known_to_a_minute():
    octets = bytearray(from_utc(NOON).encode())
    octets[7:9] = b"\xff\xff"

    assert look(octets=bytes(octets)).uncertainty_s > 30


def test_a_clock_of_an_unknown_place_has_no_offset_unless_the_profile_knows_it():
    octets = bytearray(from_utc(NOON, deviation_min=SUMMER_IN_BERLIN).encode())
    octets[9:11] = b"\x80\x00"

    with pytest.raises(Undecodable, match="how far from UTC"):
        _ = look(octets=bytes(octets)).offset
    with pytest.raises(Undecodable, match="how far from UTC"):
        setting_for(look(octets=bytes(octets)), NOON)
    known = look(octets=bytes(octets), unspecified_deviation_min=SUMMER_IN_BERLIN)
    assert abs(known.offset.total_seconds()) < 1


def test_a_setting_keeps_local_time_and_summer_flag_and_nothing_against_the_clock():
    setting = setting_for(look(octet=0x83), NOON)

    assert setting.text() == "2026-07-01T14:10:00+02:00"
    assert setting.status.octet == 0x80
    assert setting.date.weekday == 3


def test_a_setting_is_told_as_the_meter_tells_the_time():
    setting = setting_for(look(), NOON)
    as_date_time = Data(DataType.DATE_TIME, setting)

    assert encoded(setting, as_told=look().told)[:2] == b"\x09\x0c"
    assert encoded(setting, as_told=as_date_time)[:1] == b"\x19"
    assert CosemDateTime.decode(encoded(setting, as_told=as_date_time)[1:]) == setting


@pytest.mark.parametrize(("off_s", "leaves"), [(0, False), (290, False), (301, True), (-599, False), (-602, True)])
def test_a_jump_leaves_its_capture_period_or_not(off_s, leaves):
    assert leaves_period(look(NOON + timedelta(seconds=off_s), took_s=0.0), NOON) is leaves


@pytest.mark.parametrize(
    ("octet", "words"),
    [
        (0x00, ()),
        (0x80, ()),
        (0x01, ("invalid",)),
        (0x0E, ("doubtful", "on another time base", "these flags are invalid themselves")),
    ],
)
def test_each_flag_has_its_words(octet, words):
    assert status_words(ClockStatus(octet=octet)) == words


def test_a_clock_that_says_nothing_of_itself_says_nothing_against_itself():
    assert status_words(UNSPECIFIED_STATUS) == ()


def test_a_setting_in_summer_is_summer_time_also_where_the_meter_tells_no_deviation():
    told = replace(from_utc(NOON, deviation_min=SUMMER_IN_BERLIN), deviation_min=None, status=ClockStatus(octet=0x80))
    reading = look(octets=told.encode(), unspecified_deviation_min=-60)

    setting = setting_for(reading, NOON)

    assert setting.text() == "2026-07-01T14:10:00"
    assert setting.deviation_min is None
    assert abs(reading.offset.total_seconds()) < 1


@pytest.mark.parametrize(("off_s", "leaves"), [(-1201, True), (-1199, False), (2399, False), (2401, True)])
def test_an_hour_of_capture_begins_by_the_meters_own_clock(off_s, leaves):
    at_twenty_past_in_india = NOON.replace(minute=50)
    reading = look(
        at_twenty_past_in_india + timedelta(seconds=off_s, milliseconds=10), deviation_min=-330, period_s=3600
    )
    reading = replace(reading, asked_at=at_twenty_past_in_india, answered_at=at_twenty_past_in_india)

    assert leaves_period(reading, at_twenty_past_in_india) is leaves
