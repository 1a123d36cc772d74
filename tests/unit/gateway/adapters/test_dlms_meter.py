"""A meter read through dlms-cosem over our own link: what comes out, and that all is given back."""

import pytest

from gateway.core.dlms.data import Data, DataType
from gateway.core.errors import MeterSilent, MeterUnread
from gateway.core.ports import MeterSession
from tests.builders_meter import a_profile
from tests.fakes_meter import (
    CLOCK,
    IMPORT,
    NOON,
    REJECTED,
    SERIAL,
    VOLTAGE,
    FakeLine,
    FakeMeter,
    home_meter,
    octets,
    stamp,
    structure,
    u32,
)
from tests.fakes_meter_session import HOUR, long_meter, reading_of, used
from wire.units import Quantity


class TestWhatComesOut:
    def test_a_snapshot_holds_what_the_profile_asks_for(self):
        line = FakeLine()

        snapshot = reading_of(line).read_now()

        reading = a_profile().interpret(snapshot)
        assert snapshot.read_at == NOON
        assert (reading.meter_serial, reading.meter_clock_at) == ("LMP10000001", NOON)
        assert reading.value(Quantity.ENERGY_IMPORT_WH) == 1_234_500
        assert reading.voltages_mv == (230_100,)
        assert reading.unread == ()

    def test_everything_is_asked_for_in_one_request(self):
        line = FakeLine()

        reading_of(line).read_now()

        assert [request[:2].hex() for request in line.meter.requests] == ["601d", "c003", "6215"]

    def test_intervals_are_those_that_end_after_since_and_not_after_until(self):
        line = FakeLine()

        _, rows = reading_of(line).read_all(NOON - HOUR, NOON)

        assert used(rows) == [(NOON, 500)]

    def test_the_row_before_is_asked_for_too_since_totals_need_it(self):
        line = FakeLine(meter=FakeMeter(objects=long_meter(48)))

        _, rows = reading_of(line).read_all(NOON - 24 * HOUR, NOON)

        assert used(rows) == [(NOON + (n - 23) * HOUR, 500) for n in range(24)]

    def test_both_come_from_one_association(self):
        line = FakeLine()

        snapshot, rows = reading_of(line).read_all(NOON - 2 * HOUR, NOON)

        assert snapshot.answers[SERIAL] == octets(b"LMP10000001")
        assert [row.ends_at for row in rows] == [NOON - HOUR, NOON]
        assert [request[0] for request in line.meter.requests].count(0x60) == 1

    def test_a_range_is_asked_for_in_the_meters_own_local_time(self):
        line = FakeLine(meter=FakeMeter(objects=home_meter() | {CLOCK: stamp(NOON, deviation_min=180)}))

        reading_of(line).read_all(NOON - HOUR, NOON)

        (selection,) = (request for request in line.meter.requests if request[:2] == b"\xc0\x01" and len(request) > 20)
        assert bytes.fromhex("07ea0b15ff0900000000b400") in selection  # 12:00 UTC is 09:00 at UTC-3

    def test_a_meter_without_load_profile_has_no_intervals(self):
        line = FakeLine()

        assert reading_of(line, a_profile(without=("load_profile",))).read_all(NOON - HOUR, NOON)[1] == ()

    def test_what_a_meter_tells_once_is_asked_for_once(self):
        line = FakeLine()
        meter = reading_of(line)
        meter.read_all(NOON - HOUR, NOON)
        before = len(line.meter.requests)
        line.is_closed = False

        meter.read_all(NOON - HOUR, NOON)

        assert before == 5
        assert len(line.meter.requests) - before == 4

    def test_a_scaler_the_meter_did_not_give_is_asked_for_again(self):
        line = FakeLine()
        scaler = line.meter.objects.pop(VOLTAGE.sibling(3))
        meter = reading_of(line)
        first = a_profile().interpret(meter.read_now())
        line.meter.objects[VOLTAGE.sibling(3)] = scaler
        line.is_closed = False

        second = a_profile().interpret(meter.read_now())

        assert (first.voltages_mv, second.voltages_mv) == ((), (230_100,))

    def test_a_meter_at_utc_is_asked_in_utc_whatever_the_profile_would_assume(self):
        line = FakeLine()
        profile = a_profile(clock={"unspecified_deviation_min": -60})

        reading_of(line, profile).read_all(NOON - HOUR, NOON)

        (selection,) = (request for request in line.meter.requests if request[:2] == b"\xc0\x01" and len(request) > 20)
        assert bytes.fromhex("07ea0b15ff0c00000000000000")[:12] in selection

    def test_another_meter_in_the_same_place_is_asked_anew(self):
        line = FakeLine()
        meter = reading_of(line)
        meter.read_now()
        line.meter.objects |= {
            SERIAL: octets(b"LMP2"),
            IMPORT.sibling(3): structure(Data(DataType.INTEGER, 0), Data(DataType.ENUM, 30)),
        }
        line.is_closed = False

        reading = a_profile().interpret(meter.read_now())

        assert (reading.meter_serial, reading.value(Quantity.ENERGY_IMPORT_WH)) == ("LMP2", 12_345)

    def test_what_the_meter_denies_is_named_in_its_own_word(self):
        line = FakeLine()
        del line.meter.objects[VOLTAGE]

        assert reading_of(line).read_now().denied == {VOLTAGE: "object-undefined"}

    def test_a_register_in_floating_point_does_not_stop_the_rest(self):
        line = FakeLine(meter=FakeMeter(objects=home_meter() | {VOLTAGE: Data(DataType.FLOAT32, 2_305.0)}))

        assert a_profile().interpret(reading_of(line).read_now()).voltages_mv == (230_500,)


class TestGivingBack:
    def test_a_good_session_releases_disconnects_and_closes(self):
        line = FakeLine()

        reading_of(line).read_now()

        assert (line.meter.is_associated, line.meter.is_linked, line.is_closed) == (False, False, True)

    @pytest.mark.parametrize(
        "trouble",
        [
            {"association_result": REJECTED},
            {"answer_to": lambda apdu: b"\xff" if apdu[0] == 0xC0 else None},
            {"answer_to": lambda apdu: b"\xff" if apdu[0] == 0x62 else None},
            {"objects": {}},
        ],
    )
    def test_a_session_that_fails_disconnects_and_closes_as_well(self, trouble):
        line = FakeLine(meter=FakeMeter(**trouble))

        outcome = _outcome(reading_of(line))

        assert outcome is None or isinstance(outcome, MeterUnread)
        assert (line.meter.is_linked, line.is_closed) == (False, True)

    def test_a_meter_that_dies_in_the_middle_does_not_hold_the_port(self):
        line = FakeLine(spoil=lambda number, sent: sent if number < 3 else b"")

        with pytest.raises(MeterSilent):
            reading_of(line).read_now()

        assert line.is_closed
        assert line.written[-1][5] == 0x53  # DISC, in case it still hears
        assert line.clock.seconds < 15

    def test_the_same_session_object_reads_again_after_a_failure(self):
        line = FakeLine(is_silent=True)
        meter = reading_of(line)
        with pytest.raises(MeterSilent):
            meter.read_now()
        line.is_silent = line.is_closed = False

        assert meter.read_now().answers[IMPORT] == u32(12_345)


def _outcome(meter: MeterSession) -> Exception | None:
    try:
        meter.read_now()
    except MeterUnread as error:
        return error
    return None


def test_a_profile_may_name_a_class_dlms_cosem_does_not_know():
    profile = a_profile(quantities={"power_failures": {"class_id": 9_999, "obis": "0.0.96.7.21.255"}})

    snapshot = reading_of(FakeLine(), profile).read_now()

    assert list(snapshot.denied.values()) == ["object-undefined"]
