"""What goes wrong when a meter is read is told as what it is, and takes no more with it than it must."""

import pytest

from gateway.adapters.dlms_meter import DlmsMeter
from gateway.core.errors import MeterGarbled, MeterRefused, MeterSilent, PortGone, PortUnavailable
from runtime.errors import InputRefused
from tests.builders_meter import a_profile
from tests.fakes_meter import (
    IMPORT,
    LOAD_PROFILE,
    NOON,
    REJECTED,
    SERIAL,
    FakeClock,
    FakeLine,
    FakeMeter,
    array,
    home_meter,
    structure,
    u8,
    u32,
)
from tests.fakes_meter_session import HOUR, reading_of
from wire.terms import LinkFault


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


@pytest.mark.parametrize(
    ("port", "opened"),
    [("/dev/no-such-port", "no such port"), ("tcp://127.0.0.1:1", "connect"), ("rfc2217://127.0.0.1:1", "connect")],
)
def test_each_kind_of_port_is_opened_by_its_own_kind(port, opened):
    with pytest.raises(PortUnavailable, match=opened):
        DlmsMeter(port, a_profile(), clock=FakeClock()).read_now()
