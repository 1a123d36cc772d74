"""A meter's time: local, with gaps, and turned into an instant only where it is one."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.core.dlms.cosem_time import CosemDate, CosemDateTime, CosemTime, from_utc
from gateway.core.errors import Undecodable


def moment(hex_octets):
    return CosemDateTime.decode(bytes.fromhex(hex_octets))


@pytest.mark.parametrize(
    ("octets", "utc"),
    [
        ("07e60704010f2a1e 00 ff88 80", "2022-07-04T13:42:30+00:00"),  # +02:00, as summer time in Zurich
        ("07ea0b15060c0000 00 00b4 00", "2026-11-21T15:00:00+00:00"),  # -03:00, as in Sao Paulo
        ("07ea0b15060c0000 00 0000 00", "2026-11-21T12:00:00+00:00"),  # UTC itself
        ("07ea0101ff000000 00 ffc4 00", "2025-12-31T23:00:00+00:00"),  # over the year's end
        ("07ea0b15060c1eff ff 0000 ff", "2026-11-21T12:30:00+00:00"),  # no seconds, no hundredths
        ("07ea0b15060c1e0f 32 0000 00", "2026-11-21T12:30:15.500000+00:00"),
    ],
)
def test_local_time_and_deviation_make_an_aware_instant(octets, utc):
    at = moment(octets.replace(" ", "")).to_utc()

    assert at.isoformat() == utc
    assert at.tzinfo is UTC


def test_local_time_of_an_unknown_place_is_no_instant():
    with pytest.raises(Undecodable, match="does not say how far from UTC"):
        moment("07ea0b15060c0000008000ff").to_utc()


def test_the_profile_may_know_the_place_the_meter_does_not_tell():
    at = moment("07ea0b15060c0000008000ff").to_utc(unspecified_deviation_min=-60)

    assert at == datetime(2026, 11, 21, 11, 0, tzinfo=UTC)


def test_a_deviation_the_meter_tells_is_not_overruled():
    at = moment("07ea0b15060c000000000000").to_utc(unspecified_deviation_min=-60)

    assert at == datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "pattern",
    [
        "ffff0b15060c000000000000",  # any year
        "07eaff15060c000000000000",  # any month
        "07ea0bff060c000000000000",  # any day
        "07ea0b1506ff000000000000",  # any hour
        "07ea0b15060cff0000000000",  # any minute
        "ffff03fe070200ff00000000",  # the last Sunday of March
    ],
)
def test_a_pattern_of_times_is_read_and_is_no_instant(pattern):
    parsed = moment(pattern)

    with pytest.raises(Undecodable, match="pattern"):
        parsed.to_utc()


@pytest.mark.parametrize("octets", ["000101010100000000000000", "270f0c1f0500000000000000"])
def test_a_clock_at_the_end_of_all_time_is_none_that_anybody_could_reckon_with(octets):
    with pytest.raises(Undecodable, match="no real date"):
        moment(octets).to_utc()


@pytest.mark.parametrize("octets", ["07ea021e060c000000000000", "000001010100000000ffff00", "270f0c1f0517000000034800"])
def test_a_day_that_does_not_exist_is_no_instant(octets):
    with pytest.raises(Undecodable, match="no real date"):
        moment(octets).to_utc()


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        ("07ea0d15060c000000000000", "month"),
        ("07ea0b20060c000000000000", "day"),
        ("07ea0b15080c000000000000", "day of week"),
        ("07ea0b150618000000000000", "hour"),
        ("07ea0b15060c3c0000000000", "minute"),
        ("07ea0b15060c003c00000000", "second"),
        ("07ea0b15060c000064000000", "hundredths"),
        ("07ea0b15060c000000034900", "minutes from UTC"),
        ("07ea0b15060c0000000000", "12 octets"),
        ("", "12 octets"),
    ],
)
def test_fields_out_of_range_are_refused(octets, why):
    with pytest.raises(Undecodable, match=why):
        moment(octets)


def test_a_status_that_is_not_specified_sets_no_flag():
    status = moment("07ea0b15060c0000000000ff").status

    assert status.octet is None
    assert not any((status.is_invalid, status.is_doubtful, status.is_of_other_base, status.is_status_invalid))
    assert not status.is_daylight_saving


@pytest.mark.parametrize(
    ("octet", "flag"),
    [
        ("01", "is_invalid"),
        ("02", "is_doubtful"),
        ("04", "is_of_other_base"),
        ("08", "is_status_invalid"),
        ("80", "is_daylight_saving"),
    ],
)
def test_each_status_bit_says_one_thing(octet, flag):
    status = moment("07ea0b15060c000000000000"[:-2] + octet).status

    flags = ("is_invalid", "is_doubtful", "is_of_other_base", "is_status_invalid", "is_daylight_saving")
    assert [name for name in flags if getattr(status, name)] == [flag]


@pytest.mark.parametrize(
    "octets",
    ["07e60704010f2a1e00ff8880", "ffff03fe070200ff008000ff", "ffffffffffffffffff8000ff", "07ea0bfdff0c000000003c00"],
)
def test_every_field_is_written_again_as_it_came(octets):
    assert moment(octets).encode().hex() == octets


def test_an_instant_is_told_in_the_meters_own_local_time():
    at = datetime(2026, 11, 21, 23, 30, tzinfo=timezone(timedelta(hours=0)))

    told = from_utc(at, deviation_min=-60)

    assert (told.date.day, told.time.hour, told.deviation_min) == (22, 0, -60)
    assert told.to_utc() == at


def test_people_read_local_time_with_its_offset_and_stars_for_what_is_unsaid():
    assert moment("07e60704010f2a1e00ff8880").text() == "2022-07-04T15:42:30+02:00"
    assert moment("07ea0b15060c000000003c00").text() == "2026-11-21T12:00:00-01:00"
    assert moment("ffff03fe070200ff008000ff").text() == "*-03-254T02:00:*"


def test_a_date_and_a_time_have_their_own_sizes():
    with pytest.raises(Undecodable, match="5 octets"):
        CosemDate.decode(bytes(4))
    with pytest.raises(Undecodable, match="4 octets"):
        CosemTime.decode(bytes(5))


def test_a_clock_that_tells_summer_time_and_no_deviation_is_an_hour_ahead_of_the_profiles():
    at = moment("07ea0715030c000000800080").to_utc(unspecified_deviation_min=-60)

    assert at == datetime(2026, 7, 21, 10, 0, tzinfo=UTC)
