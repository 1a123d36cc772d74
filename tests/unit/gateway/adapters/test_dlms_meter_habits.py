"""Meters of other habits are read all the same: in blocks, one by one, behind a head, behind a socket."""

import pytest

from gateway.adapters.dlms_meter import DlmsMeter
from gateway.core.errors import MeterGarbled, MeterRefused, MeterSilent
from tests.builders_meter import a_profile
from tests.fakes_meter import IMPORT, NOON, SERIAL, FakeLine, FakeMeter, octets, u32
from tests.fakes_meter_session import HOUR, long_meter, reading_of, used
from wire.terms import LinkFault

IDENTIFICATION = b"/LMP5\\2LAMPSIM01\r\n"


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

    def test_an_answer_that_is_none_says_what_to_do(self):
        line = FakeLine(meter=FakeMeter())
        line.meter.answer_to = lambda apdu: b"\xc4" if apdu[:1] == b"\xc0" else None

        with pytest.raises(MeterGarbled, match="makes no sense") as refused:
            reading_of(line).read_now()

        assert "lamplight-gateway trace" in refused.value.do

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
