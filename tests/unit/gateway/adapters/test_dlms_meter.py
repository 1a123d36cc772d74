"""A meter read through dlms-cosem over our own link: what comes out, what goes wrong, and that all is given back."""

from datetime import timedelta

import pytest

from gateway.adapters.dlms_meter import DlmsMeter
from gateway.core.dlms.data import Data, DataType
from gateway.core.errors import MeterGarbled, MeterRefused, MeterSilent, MeterUnread, PortGone, PortUnavailable
from gateway.core.ports import MeterSession
from runtime.errors import InputRefused
from tests.builders_meter import a_profile
from tests.fakes_meter import (
    CLOCK,
    IMPORT,
    LOAD_PROFILE,
    NOON,
    REJECTED,
    SERIAL,
    VOLTAGE,
    FakeClock,
    FakeLine,
    FakeMeter,
    array,
    home_meter,
    octets,
    stamp,
    structure,
    u8,
    u32,
)
from wire.events import LinkFault
from wire.units import Quantity

HOUR = timedelta(hours=1)
IDENTIFICATION = b"/LMP5\\2LAMPSIM01\r\n"


def reading_of(line, profile=None, **options):
    """A meter session over a fake line."""
    profile = a_profile() if profile is None else profile
    return DlmsMeter("/dev/fake", profile, clock=line.clock, open_line=lambda _address, _baud: line, **options)


def used(rows):
    return [(row.ends_at, row.value(Quantity.ENERGY_IMPORT_WH)) for row in rows]


def long_meter(rows):
    """A meter with so many hours in its load profile."""
    hours = [structure(stamp(NOON + (n - rows) * HOUR), u8(0), u32(5 * n)) for n in range(1, rows + 1)]
    return home_meter() | {LOAD_PROFILE: array(*hours)}


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


class TestMetersOfOtherHabits:
    @pytest.mark.parametrize("max_pdu_bytes", [64, 128, 200])
    def test_long_answers_come_in_blocks(self, max_pdu_bytes):
        line = FakeLine(meter=FakeMeter(objects=long_meter(24), max_pdu_bytes=max_pdu_bytes))

        _, rows = reading_of(line).read_all(NOON - 23 * HOUR, NOON)

        assert [value for _, value in used(rows)] == [500] * 23

    def test_blocks_out_of_order_are_garbled(self):
        line = FakeLine(meter=FakeMeter(objects=long_meter(24), max_pdu_bytes=100))
        block_seven = bytes.fromhex("c402c100 00000007 00 01 00")
        line.meter.answer_to = lambda apdu: block_seven if apdu[:2] == b"\xc0\x02" else None

        with pytest.raises(MeterGarbled, match="out of order"):
            reading_of(line).read_all(NOON - HOUR, NOON)

    @pytest.mark.parametrize("habit", [{"conformance": 0x001014}, {"serves_lists": False}])
    def test_a_meter_that_serves_no_lists_is_asked_one_by_one(self, habit):
        line = FakeLine(meter=FakeMeter(**habit))

        assert reading_of(line).read_now().answers[IMPORT] == u32(12_345)

    def test_a_meter_that_serves_no_selection_gives_its_whole_profile(self):
        line = FakeLine(meter=FakeMeter(conformance=0x001210))

        _, rows = reading_of(line).read_all(NOON - HOUR, NOON)

        assert used(rows) == [(NOON, 500)]
        assert not any(len(request) > 20 for request in line.meter.requests if request[:2] == b"\xc0\x01")

    @pytest.mark.parametrize("info_bytes", [32, 128, 2_030])
    @pytest.mark.parametrize("piece_bytes", [1, 7, 4_096])
    def test_frames_of_any_length_in_any_pieces(self, info_bytes, piece_bytes):
        line = FakeLine(meter=FakeMeter(objects=long_meter(24), info_bytes=info_bytes), piece_bytes=piece_bytes)

        assert len(reading_of(line).read_all(NOON - 23 * HOUR, NOON)[1]) == 23

    def test_a_head_that_reflects_changes_nothing(self):
        line = FakeLine(reflects=True)

        assert reading_of(line).read_now().answers[IMPORT] == u32(12_345)

    def test_every_second_answer_may_be_lost(self):
        line = FakeLine(spoil=lambda number, sent: b"" if number % 2 else sent)

        assert reading_of(line).read_now().answers[IMPORT] == u32(12_345)

    def test_every_third_answer_may_be_spoilt(self):
        line = FakeLine(spoil=lambda number, sent: sent[:-4] + b"\x00" + sent[-3:] if number % 3 == 0 else sent)

        assert reading_of(line).read_now().answers[IMPORT] == u32(12_345)


class TestSigningOn:
    optical = a_profile(line={"sign_on": "mode-e", "baud": 9600})

    def test_a_meter_behind_a_head_is_woken_and_told_of(self):
        line, told = FakeLine(meter=FakeMeter(sign_on=IDENTIFICATION)), []

        snapshot = reading_of(line, self.optical, report=told.append).read_now()

        assert snapshot.answers[SERIAL] == octets(b"LMP10000001")
        assert told == ["signing on at 300 baud", "LMP LAMPSIM01 answers; going on at 9600 baud"]
        assert line.baud == 9_600

    def test_a_reflecting_head_before_a_sleeping_meter(self):
        line = FakeLine(meter=FakeMeter(sign_on=IDENTIFICATION), reflects=True)

        assert reading_of(line, self.optical).read_now().answers[IMPORT] == u32(12_345)

    def test_a_meter_left_in_hdlc_by_whoever_was_cut_off_is_read_all_the_same(self):
        line, told = FakeLine(meter=FakeMeter(sign_on=IDENTIFICATION, has_signed_on=True)), []

        reading_of(line, self.optical, report=told.append).read_now()

        assert told[-1] == "the meter was still in HDLC"
        assert line.clock.seconds < 10

    def test_a_meter_of_mode_c_is_refused_by_name(self):
        line = FakeLine(meter=FakeMeter(sign_on=b"/ABB5EMH4\r\n"))

        with pytest.raises(MeterRefused, match="mode C, not mode E"):
            reading_of(line, self.optical).read_now()

    def test_a_socket_is_never_signed_on_to(self):
        line = FakeLine()
        meter = DlmsMeter(
            "hdlc+tcp://meter:4001", self.optical, clock=line.clock, open_line=lambda _address, _baud: line
        )

        assert meter.read_now().answers[IMPORT] == u32(12_345)

    def test_a_dead_meter_is_silent_within_seconds(self):
        line = FakeLine(meter=FakeMeter(sign_on=IDENTIFICATION), is_silent=True)

        with pytest.raises(MeterSilent, match="nobody answered") as silent:
            reading_of(line, self.optical).read_now()

        assert silent.value.fault is LinkFault.SILENT
        assert line.clock.seconds < 10


class TestWhatGoesWrong:
    def test_a_silent_meter_is_told_from_a_missing_port(self):
        def missing(_address, _baud):
            raise PortUnavailable("there is no such port", where="/dev/fake")

        with pytest.raises(MeterSilent) as silent:
            reading_of(FakeLine(is_silent=True)).read_now()
        with pytest.raises(PortUnavailable) as unavailable:
            DlmsMeter("/dev/fake", a_profile(), clock=FakeClock(), open_line=missing).read_now()

        assert (silent.value.fault, unavailable.value.fault) == (LinkFault.SILENT, LinkFault.PORT_GONE)
        assert silent.value.where == "/dev/fake"

    def test_noise_is_garbled(self):
        line = FakeLine(spoil=lambda _number, sent: bytes(octet ^ 0x55 for octet in sent))

        with pytest.raises(MeterGarbled):
            reading_of(line).read_now()

    @pytest.mark.parametrize("writes", range(3))
    def test_a_port_that_breaks_away_is_gone_whenever_it_happens(self, writes):
        line = FakeLine(breaks_away_after=writes)

        with pytest.raises(PortGone):
            reading_of(line).read_now()

        assert line.is_closed

    @pytest.mark.parametrize("writes", [3, 4])
    def test_what_was_read_before_the_port_broke_away_is_not_lost(self, writes):
        line = FakeLine(breaks_away_after=writes)

        assert reading_of(line).read_now().answers[IMPORT] == u32(12_345)
        assert line.is_closed

    def test_a_refused_association_is_refused(self):
        line = FakeLine(meter=FakeMeter(association_result=REJECTED))

        with pytest.raises(MeterRefused, match="association"):
            reading_of(line).read_now()

    @pytest.mark.parametrize(
        "answer", ["00", "ff", "61", "6103", "61ff0000", "6129a1", "d80101", "c401c100", "0f4000000000", "6103800100"]
    )
    def test_an_answer_to_the_association_that_makes_no_sense_is_told_as_such(self, answer):
        line = FakeLine(meter=FakeMeter(answer_to=lambda apdu: bytes.fromhex(answer) if apdu[0] == 0x60 else None))

        with pytest.raises((MeterGarbled, MeterRefused)):
            reading_of(line).read_now()

    @pytest.mark.parametrize(
        "answer", ["00", "c4", "c403c101", "c403c10100", "c403c1010163ff", "c405c100", "6103800100"]
    )
    def test_an_answer_that_makes_no_sense_is_garbled(self, answer):
        line = FakeLine(meter=FakeMeter(answer_to=lambda apdu: bytes.fromhex(answer) if apdu[0] == 0xC0 else None))

        with pytest.raises(MeterGarbled):
            reading_of(line).read_now()

    def test_too_few_answers_are_garbled(self):
        line = FakeLine(
            meter=FakeMeter(answer_to=lambda apdu: bytes.fromhex("c403c101001105") if apdu[0] == 0xC0 else None)
        )

        with pytest.raises(MeterGarbled, match="values were asked for, 1 came"):
            reading_of(line).read_now()

    def test_a_list_where_one_value_was_asked_for_is_garbled(self):
        two = bytes.fromhex("c403c102001105001106")
        line = FakeLine(meter=FakeMeter(conformance=0x001014, answer_to=lambda apdu: two if apdu[0] == 0xC0 else None))

        with pytest.raises(MeterGarbled, match="one value was asked for, 2 came"):
            reading_of(line).read_now()

    def test_a_request_longer_than_the_meter_takes_is_refused(self):
        line = FakeLine(meter=FakeMeter(max_pdu_bytes=12))

        with pytest.raises(MeterRefused, match="does not fit the association"):
            reading_of(line).read_now()

    def test_a_meter_that_refuses_to_be_read_is_refused(self):
        line = FakeLine(meter=FakeMeter(answer_to=lambda apdu: b"\xd8\x01\x01" if apdu[0] == 0xC0 else None))

        with pytest.raises(MeterRefused, match="service-not-allowed"):
            reading_of(line).read_now()

    def test_a_meter_that_keeps_its_serial_number_is_refused(self):
        line = FakeLine()
        del line.meter.objects[SERIAL]

        with pytest.raises(MeterRefused, match="serial number"):
            reading_of(line).read_now()

    @pytest.mark.parametrize("missing", [LOAD_PROFILE, LOAD_PROFILE.sibling(3), LOAD_PROFILE.sibling(4)])
    def test_why_the_meter_does_not_give_its_load_profile_is_told(self, missing):
        line = FakeLine()
        del line.meter.objects[missing]

        snapshot, rows = reading_of(line).read_all(NOON - HOUR, NOON)

        assert rows == ()
        assert "load profile" in snapshot.denied[LOAD_PROFILE]

    @pytest.mark.parametrize("unreadable", [u32(1), array(u8(1)), array(structure(u8(1)))])
    def test_what_the_meter_measures_now_is_not_lost_with_its_load_profile(self, unreadable):
        line = FakeLine(meter=FakeMeter(objects=home_meter() | {LOAD_PROFILE: unreadable}))

        snapshot, rows = reading_of(line).read_all(NOON - HOUR, NOON)

        assert snapshot.answers[IMPORT] == u32(12_345)
        assert (rows, list(snapshot.denied)) == ((), [LOAD_PROFILE])

    def test_a_load_profile_without_a_period_cannot_be_used(self):
        line = FakeLine(meter=FakeMeter(objects=home_meter() | {LOAD_PROFILE.sibling(4): u32(0)}))

        snapshot, rows = reading_of(line).read_all(NOON - HOUR, NOON)

        assert rows == ()
        assert "capture period" in snapshot.denied[LOAD_PROFILE]

    def test_a_meter_that_talks_for_ever_ends_with_the_session(self):
        line = FakeLine(piece_bytes=1)
        not_ours = bytes.fromhex("7ea00741439301047e")
        line.spoil = lambda _number, _sent: not_ours * 100_000
        original = line.read

        def slow_read(timeout_s):
            line.clock.seconds += 0.05
            return original(timeout_s)

        line.read = slow_read
        with pytest.raises(MeterGarbled, match=r"not done within 5 s|no frame among them"):
            reading_of(line, deadline_s=5.0).read_now()

        assert line.clock.seconds < 10

    def test_a_port_that_can_be_none_is_refused_before_anything_is_opened(self):
        with pytest.raises(InputRefused):
            DlmsMeter("udp://meter", a_profile(), clock=FakeClock())


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


@pytest.mark.parametrize(("port", "opened"), [("/dev/no-such-port", "no such port"), ("tcp://127.0.0.1:1", "connect")])
def test_each_kind_of_port_is_opened_by_its_own_kind(port, opened):
    with pytest.raises(PortUnavailable, match=opened):
        DlmsMeter(port, a_profile(), clock=FakeClock()).read_now()


def test_the_wrapper_serves_a_meter_on_tcp():
    class WrapperLine(FakeLine):
        def write(self, data):
            self.written.append(data)
            apdu = self.meter._answer(data[8:])
            self._arrived += bytes.fromhex("000100010010") + len(apdu).to_bytes(2, "big") + apdu

    line = WrapperLine()
    meter = DlmsMeter("tcp://meter:4059", a_profile(), clock=line.clock, open_line=lambda _address, _baud: line)

    _, rows = meter.read_all(NOON - 2 * HOUR, NOON)

    assert [value for _, value in used(rows)] == [500, 500]


def test_a_profile_may_name_a_class_dlms_cosem_does_not_know():
    profile = a_profile(quantities={"power_failures": {"class_id": 9_999, "obis": "0.0.96.7.21.255"}})

    snapshot = reading_of(FakeLine(), profile).read_now()

    assert list(snapshot.denied.values()) == ["object-undefined"]
