"""What an entry of a meter's event log says."""

from datetime import UTC, datetime

import pytest

from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.profile_generic import CLOCK
from gateway.core.errors import Undecodable
from gateway.core.meter_logs.event_log import log_entries, logged
from tests.fakes_event_log import CODES, FAILURES, LOG, NOW, entries, failure, row
from tests.fakes_meter import octets, stamp, u8, u32
from wire.events import MeterAlarmLogged, MeterEventLogged
from wire.meter_log import ClockQuality, MeterEventKind


def test_how_a_row_was_encoded_makes_it_no_other_entry():
    as_octets, as_date_time = stamp(NOW), Data(DataType.DATE_TIME, stamp(NOW).date_time())

    one, other = entries((as_octets, u8(1)), (as_date_time, u32(1)))

    assert one.mark == other.mark


@pytest.mark.parametrize(
    ("status", "quality"),
    [
        (0x00, ClockQuality.GOOD),
        (0x80, ClockQuality.GOOD),
        (0x01, ClockQuality.INVALID),
        (0x02, ClockQuality.DOUBTFUL),
        (0x08, ClockQuality.DOUBTFUL),
        (0xFF, ClockQuality.NOT_SAID),
    ],
)
def test_an_entry_keeps_what_the_meter_said_of_its_clock(status, quality):
    (entry,) = entries(row(NOW, 1, status=status))

    assert logged(entry, LOG, CODES).clock is quality


def test_an_entry_is_an_event_with_the_raw_triple_and_the_cim_type():
    (entry,) = entries(row(NOW, 42))

    event = logged(entry, LOG, CODES)

    assert isinstance(event, MeterAlarmLogged)
    assert (event.family, event.log, event.raw_code, event.cim) == ("dsmr", "standard", 42, (3, 12, 66, 242))
    assert event.occurred_at_ms == round(NOW.timestamp() * 1000)


@pytest.mark.parametrize(("code", "kind"), [(3, MeterEventKind.DAYLIGHT_SAVING), (200, MeterEventKind.OTHER)])
def test_what_is_neither_supply_nor_tamper_is_no_alarm(code, kind):
    (entry,) = entries(row(NOW, code))

    event = logged(entry, LOG, CODES)

    assert isinstance(event, MeterEventLogged)
    assert event.kind is kind


def test_a_failure_is_stamped_at_its_end_and_gives_its_duration():
    event = logged(failure(NOW, 754), FAILURES, CODES)

    assert event is not None
    assert event.kind is MeterEventKind.SUPPLY_FAILED
    assert (event.occurred_at_ms, event.duration_ms) == (round(NOW.timestamp() * 1000), 754_000)


@pytest.mark.parametrize(
    "birth",
    [
        failure(datetime(2000, 1, 1, 0, 0, 1, tzinfo=UTC), 2**31 - 1),
        failure(NOW, 2**31 - 1),
        failure(datetime(2000, 1, 1, 0, 0, 11, tzinfo=UTC), 200),
    ],
)
def test_a_meters_birth_is_no_outage(birth):
    assert logged(birth, FAILURES, CODES) is None


def test_a_failure_whose_end_a_lost_clock_stamped_is_one_nevertheless():
    event = logged(failure(datetime(2000, 1, 1, 0, 0, 11, tzinfo=UTC), 200, status=1), FAILURES, CODES)

    assert event is not None
    assert event.clock is ClockQuality.INVALID


def test_an_entry_without_a_real_time_is_told_without_one():
    (entry,) = entries((octets(bytes.fromhex("ffffffffffffffffff8000ff")), u8(1)))

    event = logged(entry, LOG, CODES)

    assert event is not None
    assert event.occurred_at_ms is None


def test_a_log_without_code_or_duration_is_refused():
    with pytest.raises(Undecodable, match="neither"):
        log_entries([], (CLOCK,), LOG)
