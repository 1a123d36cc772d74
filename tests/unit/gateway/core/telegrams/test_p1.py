"""P1 telegrams: the CRC, what stands in the lines, and what is refused by name."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms.push.pushed import Proof, Push
from gateway.core.errors import CaptureRefused
from gateway.core.telegrams.p1 import MAX_TELEGRAM_BYTES, TelegramKind, TelegramStream, read_telegrams
from tests.fakes_telegrams import old_telegram, readings_of, seven_bit, telegram

ENERGY = "1-0:1.8.1(000004.426*kWh)"
VERSION_5 = "1-3:0.2.8(50)"
STAMP = "0-0:1.0.0(170702192002S)"


def only(capture):
    (push,) = read_telegrams(capture)
    return push


def refused(capture):
    with pytest.raises(CaptureRefused) as caught:
        read_telegrams(capture)
    return caught.value


def test_a_telegram_of_today_is_proved_by_its_crc():
    push = only(telegram(VERSION_5, STAMP, ENERGY))

    assert (push.kind, push.proof, push.sender) == ("p1-telegram", Proof.CRC16, "LMP5\\2LAMPSIM01")
    assert push.sent_at.text() == "2017-07-02T19:20:02"
    assert push.sent_at.status.is_daylight_saving
    assert readings_of(push)["1.0.1.8.1.255"] == Decimal(4426)


def test_a_telegram_of_an_old_meter_has_no_proof():
    assert only(old_telegram(ENERGY)).proof is Proof.NONE


def test_a_telegram_whose_version_has_a_crc_must_bring_it():
    assert "none" in refused(old_telegram(VERSION_5, ENERGY)).what


def test_a_single_wrong_digit_is_found():
    spoilt = telegram(ENERGY).replace(b"4.426", b"4.427")

    error = refused(spoilt)

    assert error.kind == TelegramKind.P1_DAMAGED
    assert "CRC does not hold" in error.what


def test_the_crc_may_be_the_last_that_comes():
    assert only(telegram(ENERGY).rstrip()).proof is Proof.CRC16


def test_text_pasted_by_an_editor_that_took_the_carriage_returns_still_checks():
    assert only(telegram(ENERGY).replace(b"\r\n", b"\n")).proof is Proof.CRC16


def test_what_follows_the_last_line_is_passed_over():
    assert len(only(old_telegram(ENERGY) + b"  25803103\r\n" + b"\xff" * 33 + b"\r\n").readings) == 1


def test_seven_bits_with_parity_are_read():
    push = only(seven_bit(old_telegram(ENERGY)))

    assert readings_of(push) == {"1.0.1.8.1.255": Decimal(4426)}


def test_a_flipped_bit_is_found_by_its_parity():
    spoilt = bytearray(seven_bit(old_telegram(ENERGY)))
    spoilt[40] ^= 0x01

    assert "parity" in refused(bytes(spoilt)).what


def test_gas_of_old_meters_stands_on_two_lines():
    push = only(old_telegram("0-1:24.3.0(161107190000)(00)(60)(1)(0-1:24.2.1)(m3)", "(00001.001)"))

    (gas,) = push.readings
    assert (str(gas.obis), gas.value, gas.unit) == ("0.1.24.2.1.255", Decimal("1.001"), "m³")
    assert gas.at.text() == "2016-11-07T19:00:00"


def test_power_failures_are_told_by_their_ends_and_the_meters_birth_is_none():
    push = only(
        telegram(
            "1-0:99.97.0(3)(0-0:96.7.19)(160104180320W)(0000237126*s)(000101000001W)(2147483647*s)"
            "(160102000003W)(2317482647*s)"
        )
    )

    (failure,) = push.readings
    assert (str(failure.obis), failure.value, failure.unit) == ("0.0.96.7.19.255", Decimal(237_126), "s")
    assert failure.at.text() == "2016-01-04T18:03:20"
    assert push.set_aside == 2


@pytest.mark.parametrize(
    "line", ["1-0:99.97.0()", "1-0:99.97.0(0)(0-0:96.7.19)", "0-0:98.1.0(0)(1-0:1.6.0)(1-0:1.6.0)"]
)
def test_an_empty_table_holds_no_readings(line):
    push = only(telegram(ENERGY, line))

    assert len(push.readings) == 1


@pytest.mark.parametrize(
    "line",
    [
        "1-0:99.97.0(1)(0-0:96.7.19)(160104180320W)(x)",
        "1-0:99.97.0(1)(nothing)(160104180320W)(5*s)",
        "0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)(never)(never)(1*kW)",
        "0-1:24.3.0(161107190000)(00)(60)(1)(what)(m3)(1)",
    ],
)
def test_a_table_of_another_form_is_kept_as_it_stands(line):
    push = only(telegram(line))

    assert push.readings[0].value == line[line.index("(") :]


def test_monthly_peaks_are_told_by_when_they_were():
    push = only(
        telegram(
            "0-0:98.1.0(2)(1-0:1.6.0)(1-0:1.6.0)(200501000000S)(200423192538S)(03.695*kW)"
            "(200401000000S)(200305122139S)(05.980*kW)"
        )
    )

    assert [(reading.value, reading.at.text()) for reading in push.readings] == [
        (Decimal(3695), "2020-04-23T19:25:38"),
        (Decimal(5980), "2020-03-05T12:21:39"),
    ]


def test_a_value_may_have_its_own_time():
    (reading,) = only(telegram("0-1:24.2.3(200512134558S)(00112.384*m3)")).readings

    assert (reading.value, reading.unit, reading.at.text()) == (Decimal("112.384"), "m³", "2020-05-12T13:45:58")


def test_a_device_that_is_not_there_yet_has_a_value_without_a_time():
    (reading,) = only(telegram("0-1:24.2.1(632525252525S)(00000.000*m3)")).readings

    assert (reading.value, reading.at) == (Decimal("0.000"), None)


def test_counts_are_numbers_and_codes_stay_text():
    push = only(
        telegram("0-0:96.7.21(00013)", "0-0:96.3.10(1)", "0-0:96.14.0(0002)", "0-0:96.1.1(0012)", "0-0:96.5.5(80)")
    )

    assert readings_of(push) == {
        "0.0.96.7.21.255": Decimal(13),
        "0.0.96.3.10.255": Decimal(1),
        "0.0.96.14.0.255": "0002",
        "0.0.96.1.1.255": "0012",
        "0.0.96.5.5.255": "80",
    }


def test_a_message_is_text_sent_as_hex():
    push = only(telegram(f"0-0:96.13.0({'Grüße'.encode().hex()})", "0-0:96.13.1(xyz)", "0-0:96.13.2(00)"))

    assert list(readings_of(push).values()) == ["Grüße", "xyz", "00"]


def test_a_line_without_a_code_is_counted_where_the_crc_vouches_for_it():
    push = only(telegram(ENERGY, "this is no data set", "GERA(1)"))

    assert push.unnamed == 2


def test_a_line_without_a_code_is_damage_where_nothing_vouches_for_it():
    assert "no telegram has" in refused(old_telegram(ENERGY, "this is no data set")).what


@pytest.mark.parametrize(
    "capture",
    [b"", b"hello", b"/?!\r\n", telegram(ENERGY)[:-10], old_telegram(), old_telegram(ENERGY).replace(b"!", b"")],
)
def test_what_holds_no_whole_telegram_is_refused(capture):
    assert refused(capture).kind == TelegramKind.P1_DAMAGED


def test_octets_that_are_no_text_are_refused():
    assert "no text" in refused(old_telegram("1-0:1.8.1(1*kWh\xe9)")).what


def test_a_capture_begins_and_ends_anywhere():
    whole = telegram(ENERGY)

    assert len(read_telegrams(whole[-30:] + whole + whole + whole[:25])) == 2


def test_a_telegram_that_breaks_off_within_a_capture_is_refused():
    whole = telegram(ENERGY)

    assert "cut off" in refused(whole[:30] + b"\r\n" + whole + whole).what


def test_a_stream_goes_on_after_a_damaged_telegram():
    stream = TelegramStream()

    found = stream.feed(telegram(ENERGY).replace(b"4.426", b"4.427") + telegram(ENERGY))

    assert [type(item) for item in found] == [CaptureRefused, Push]


def test_what_never_ends_is_refused_and_forgotten():
    found = TelegramStream().feed(b"/LMP5\r\n" + b"1" * MAX_TELEGRAM_BYTES)

    assert [item.what for item in found] == [
        f"this is a P1 or mode D telegram, damaged: it does not end within {MAX_TELEGRAM_BYTES} octets"
    ]


@given(st.lists(st.integers(1, 40), max_size=8), st.booleans())
def test_telegrams_come_out_alike_wherever_the_octets_are_cut(cuts, is_seven_bit):
    capture = telegram(VERSION_5, STAMP, ENERGY) + old_telegram(ENERGY)
    octets, stream, found = seven_bit(capture) if is_seven_bit else capture, TelegramStream(), ()

    for cut in cuts:
        found += stream.feed(octets[:cut])
        octets = octets[cut:]
    found += stream.feed(octets) + stream.flush()

    assert [item.proof for item in found] == [Proof.CRC16, Proof.NONE]


@given(st.binary(max_size=200), st.integers(0, 120))
def test_any_octets_give_telegrams_or_the_typed_refusal(octets, at):
    whole = telegram(VERSION_5, STAMP, ENERGY)
    stream = TelegramStream()

    found = (*stream.feed(whole[:at] + octets + whole[at:]), *stream.flush())

    assert all(isinstance(item, Push | CaptureRefused) for item in found)


def test_heads_without_an_end_are_forgotten_by_the_telegram_and_not_one_by_one():
    octets = b"/LMP" * 50_000

    assert len(TelegramStream().feed(octets)) == len(octets) // MAX_TELEGRAM_BYTES


def test_nothing_behind_a_refused_telegram_is_read():
    spoilt = telegram(ENERGY).replace(b"4.426", b"4.427")

    assert "CRC does not hold" in refused(spoilt + telegram(ENERGY)).what
