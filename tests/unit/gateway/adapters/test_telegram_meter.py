"""Meters that speak text as sessions: listened to or asked, until what they say is vouched for."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.dlms_security import Identity
from gateway.adapters.meter_session import meter_session
from gateway.adapters.profile_files import load_profile
from gateway.adapters.telegram_meter import TelegramMeter
from gateway.core.errors import MeterGarbled, MeterRefused, MeterSilent, PortGone
from gateway.core.invocation_counter import InvocationCounter, KeptCounter
from gateway.core.line_address import SerialAddress
from gateway.core.meter_access import MeterSecrets
from gateway.core.validation import Limits, check_reading
from runtime.errors import InputRefused
from runtime.secret import Secret
from tests.fakes_meter import NOON, FakeClock
from tests.fakes_telegrams import AUTH_KEY, KEY, block, historic, old_telegram, sealed, seven_bit, standard, telegram
from tests.fakes_text_lines import ReadoutLine, TalkingLine
from wire.terms import Disconnector
from wire.units import Quantity

SERIAL = f"0-0:96.1.1({b'E0003000000297015'.hex()})"
DSMR5 = ("1-3:0.2.8(50)", "0-0:1.0.0(170702192002S)", SERIAL, "1-0:1.8.1(000004.426*kWh)", "1-0:1.8.2(000002.399*kWh)")
READOUT = ("C.1.0(37604977)", "1.8.0(001234.567*kWh)", "32.7(230.1*V)")


def old(tariff_2="00002.399", serial=SERIAL):
    return old_telegram(serial, "1-0:1.8.1(00001.001*kWh)", f"1-0:1.8.2({tariff_2}*kWh)", "1-0:1.7.0(0001.01*kW)")


def frame(energy="010528394", power="00450"):
    return historic(ADCO="270622224349", BASE=energy, PAPP=power)


class Reading:
    """One session, read and interpreted."""

    def __init__(self, profile, line, **options):
        self.line, self.profile = line, load_profile(profile)
        self.opened_at = []
        self.meter = TelegramMeter("/dev/fake", self.profile, clock=line.clock, open_line=self._open, **options)

    def _open(self, _address, baud):
        self.opened_at.append(baud)
        return self.line

    def reading(self):
        return self.profile.interpret(self.meter.read_now())


def listened(profile, *pieces, **options):
    return Reading(profile, TalkingLine(FakeClock(), *pieces), **options)


def asked(*blocks, **options):
    return Reading("iec62056-21-mode-c", ReadoutLine(FakeClock(), *blocks, **options))


def test_one_telegram_with_a_crc_is_a_reading():
    session = listened("p1-dsmr5", telegram(*DSMR5))

    reading = session.reading()

    assert reading.meter_serial == "E0003000000297015"
    assert reading.value(Quantity.ENERGY_IMPORT_WH) == 6_825
    assert reading.meter_clock_at.isoformat() == "2017-07-02T17:20:02+00:00"
    assert reading.taken_at == NOON
    assert session.opened_at == [115_200]
    assert session.line.said == []
    assert session.line.is_closed


def test_a_telegram_that_was_begun_before_the_line_was_opened_is_waited_out():
    whole = telegram(*DSMR5)

    assert listened("p1-dsmr5", whole[40:], whole).reading().value(Quantity.ENERGY_IMPORT_WH) == 6_825


def test_without_a_crc_a_second_telegram_has_to_agree():
    session = listened("p1-dsmr2", seven_bit(old()), seven_bit(old()))

    reading = session.reading()

    assert reading.value(Quantity.ENERGY_IMPORT_WH) == 3_400
    assert reading.taken_at == NOON + timedelta(seconds=1)


def test_energy_may_have_grown_by_what_the_fuse_lets_pass():
    assert listened("p1-dsmr2", old(), old("00002.402")).reading().value(Quantity.ENERGY_IMPORT_WH) == 3_403


def test_a_counter_that_was_damaged_once_is_found_by_the_telegrams_after_it():
    session = listened("p1-dsmr2", old(), old("00902.399"), old(), old())

    assert session.reading().value(Quantity.ENERGY_IMPORT_WH) == 3_400


def test_a_counter_that_is_never_told_alike_is_unread_and_the_rest_stands():
    session = listened("p1-dsmr2", *(old(f"0000{step}.399") for step in (9, 7, 5, 3, 1)))

    reading = session.reading()

    assert reading.value(Quantity.ENERGY_IMPORT_WH) is None
    assert "alike" in dict(reading.unread)[Quantity.ENERGY_IMPORT_WH]
    assert reading.value(Quantity.POWER_IMPORT_W) == 1_010


def test_two_frames_of_the_historic_tic_agree():
    reading = listened("linky-tic-historic", seven_bit(frame()), seven_bit(frame(power="00470"))).reading()

    assert reading.meter_serial == "270622224349"
    assert reading.value(Quantity.ENERGY_IMPORT_WH) == 10_528_394


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 7)), min_size=1, max_size=4))
def test_bits_flipped_in_a_frame_never_become_another_energy(flips):
    spoilt = bytearray(seven_bit(frame()))
    for place, bit in flips:
        spoilt[place] ^= 1 << bit

    reading = listened("linky-tic-historic", bytes(spoilt), *[seven_bit(frame())] * 3).reading()

    assert reading.value(Quantity.ENERGY_IMPORT_WH) == 10_528_394
    assert reading.meter_serial == "270622224349"


def test_the_standard_tic_tells_the_switch_and_the_voltages():
    spoken = standard(
        ("ADSC", "031762120162"), ("DATE", "E260704154230", ""), ("EAST", "033172790"), ("URMS1", "231"),
        ("STGE", "003A0001"),
    )  # fmt: skip

    reading = listened("linky-tic-standard", spoken, spoken).reading()

    assert reading.voltages_mv == (231_000,)
    assert reading.disconnector is Disconnector.CLOSED
    assert reading.meter_clock_at.isoformat() == "2026-07-04T13:42:30+00:00"


def test_a_readout_is_asked_for_twice_since_one_octet_is_little_proof():
    session = asked(block(*READOUT), block(*READOUT))

    reading = session.reading()

    assert reading.meter_serial == "37604977"
    assert reading.value(Quantity.ENERGY_IMPORT_WH) == 1_234_567
    assert session.line.bauds == [300, 9600, 300, 9600]
    assert session.line.said == [b"/?!\r\n", b"\x06050\r\n", b"\x01B0\x03q"] * 2


def test_a_head_that_reflects_is_read_all_the_same():
    assert asked(block(*READOUT), block(*READOUT), reflects=True).reading().voltages_mv == (230_100,)


def test_a_spoilt_block_is_repeated():
    spoilt = block(*READOUT).replace(b"1234.", b"1235.")

    assert asked(spoilt, block(*READOUT), block(*READOUT)).reading().value(Quantity.ENERGY_IMPORT_WH) == 1_234_567


def test_sealed_telegrams_open_by_the_key():
    secrets = MeterSecrets(key=Secret(KEY), auth_key=Secret(AUTH_KEY))
    session = listened("p1-dsmr5", sealed(telegram(*DSMR5), auth_key=AUTH_KEY), secrets=secrets)

    assert session.reading().value(Quantity.ENERGY_IMPORT_WH) == 6_825


def test_what_is_decrypted_unchecked_is_marked_so():
    session = listened("p1-dsmr5", sealed(telegram(*DSMR5), auth_key=AUTH_KEY), secrets=MeterSecrets(key=Secret(KEY)))

    assert not session.reading().is_authenticated


def test_a_meter_that_tells_no_time_has_no_doubtful_clock():
    reading = listened("linky-tic-historic", frame(), frame()).reading()

    checked = check_reading(reading, None, Limits(supply=load_profile("linky-tic-historic").supply))

    assert reading.meter_clock_at is None
    assert checked.findings == ()


@pytest.mark.parametrize(
    ("secrets", "words"),
    [(MeterSecrets(), "ciphered"), (MeterSecrets(key=Secret(bytes(16))), "key is another")],
)
def test_without_the_right_key_a_person_has_to_look(secrets, words):
    session = listened("p1-dsmr5", sealed(telegram(*DSMR5), auth_key=AUTH_KEY), secrets=secrets)

    with pytest.raises(MeterRefused, match=words):
        session.meter.read_now()

    assert session.line.is_closed


def test_a_password_is_for_another_meter():
    with pytest.raises(InputRefused):
        listened("p1-dsmr5", secrets=MeterSecrets(password=Secret(b"x")))


@pytest.mark.parametrize(
    ("session", "error"),
    [
        (listened("p1-dsmr5"), MeterSilent),
        (listened("p1-dsmr5", b"\x55" * 200), MeterGarbled),
        (listened("p1-dsmr5", *[telegram(*DSMR5).replace(b"4.426", b"4.427")] * 30), MeterGarbled),
        (listened("p1-dsmr2", old()), MeterSilent),
        (asked(), MeterGarbled),
        (Reading("iec62056-21-mode-c", TalkingLine(FakeClock())), MeterSilent),
        (Reading("p1-dsmr5", TalkingLine(FakeClock(), breaks_away=True)), PortGone),
    ],
)
def test_what_goes_wrong_has_a_name_and_ends_in_time(session, error):
    began_s = session.line.clock.seconds

    with pytest.raises(error):
        session.meter.read_now()

    assert session.line.is_closed
    assert session.line.clock.seconds - began_s < 61


def test_there_is_no_load_profile_in_text():
    taken = []
    session = listened("p1-dsmr5", telegram(*DSMR5), telegram(*DSMR5))

    _, rows = session.meter.read_all(NOON - timedelta(hours=1), NOON)
    session.meter.read_on((NOON, NOON), lambda snapshot, rows: taken.append((snapshot, rows)))

    assert rows == ()
    assert len(taken) == 1


def test_the_profile_says_which_engine_reads_the_meter():
    nobody = Identity(
        title=b"LMP\x00\x00\x00\x00\x01",
        secrets=MeterSecrets(),
        counter=InvocationCounter(KeptCounter(), lambda _kept: None),
    )

    sessions = [
        meter_session("/dev/fake", load_profile(name), clock=FakeClock(), deadline_s=60, identity=nobody)
        for name in ("p1-dsmr5", "lamplight-sim")
    ]

    assert [type(session) for session in sessions] == [TelegramMeter, DlmsMeter]


def test_an_hdlc_address_is_for_another_meter():
    with pytest.raises(InputRefused, match="speaks HDLC"):
        load_profile("iec62056-21-mode-c").addressed(17, SerialAddress("/dev/fake"))
