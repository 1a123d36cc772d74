"""Linky TIC: both modes, their checks, and frames that are none."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms.push.pushed import Proof, Push
from gateway.core.errors import CaptureRefused
from gateway.core.telegrams.tic import MAX_FRAME_BYTES, TelegramStream, TicKind, is_sound, read_telegrams
from tests.fakes_telegrams import historic, readings_of, seven_bit, standard, tic_frame, tic_group

HISTORIC = historic(ADCO="270622224349", BASE="010528394", PTEC="TH..", IINST="002", PAPP="00450", HHPHC="A")
STANDARD = standard(
    ("ADSC", "031762120162"),
    ("DATE", "E260704154230", ""),
    ("EAST", "033172790"),
    ("EASF01", "011020345"),
    ("SINSTS", "00750"),
    ("SMAXSN", "E260704034526", "05460"),
    ("URMS1", "231"),
    ("UMOY1", "e260704154000", "232"),
    ("STGE", "003A0001"),
    ("MSG1", "PAS DE          MESSAGE         "),
)


def only(capture):
    (push,) = read_telegrams(capture)
    return push


def refused(capture):
    with pytest.raises(CaptureRefused) as caught:
        read_telegrams(capture)
    return caught.value


@pytest.mark.parametrize(
    "group",
    # as printed in the open by owners of these meters
    [b"ADCO 270622224349 B", b"OPTARIF HC.. <", b"ISOUSC 30 9", b"HHPHC A ,", b"MOTDETAT 000000 B", b"VTIC\t02\tJ"],
)
def test_checks_of_real_meters_hold(group):
    assert is_sound(group)


def test_a_historic_frame_is_read():
    push = only(HISTORIC)

    assert (push.kind, push.proof, push.sender) == (TicKind.HISTORIC, Proof.LINE_CHECKS, "270622224349")
    assert push.sent_at is None
    assert push.unnamed == 1
    assert readings_of(push) == {
        "0.0.96.1.0.255": "270622224349",
        "1.0.1.8.0.255": Decimal(10_528_394),
        "0.0.96.14.0.255": "TH..",
        "1.0.31.7.0.255": Decimal(2),
        "1.0.9.7.0.255": Decimal(450),
    }


def test_a_standard_frame_is_read_with_its_times_and_its_status():
    push = only(STANDARD)

    readings = readings_of(push)
    assert (push.kind, push.sender, push.set_aside) == (TicKind.STANDARD, "031762120162", 0)
    assert push.sent_at.text() == "2026-07-04T15:42:30"
    assert push.sent_at.status.is_daylight_saving
    assert readings["1.0.1.8.0.255"] == Decimal(33_172_790)
    assert readings["1.0.1.8.1.255"] == Decimal(11_020_345)
    assert readings["0.0.96.3.10.255"] == Decimal(1)
    assert readings["0.0.96.5.0.255"] == "003A0001"
    assert readings["0.0.96.13.0.255"] == "PAS DE          MESSAGE"


def test_a_peak_has_its_own_time_and_a_small_letter_tells_a_degraded_clock():
    by_code = {str(reading.obis): reading for reading in only(STANDARD).readings}

    assert by_code["1.0.9.6.0.255"].at.text() == "2026-07-04T03:45:26"
    assert not by_code["1.0.9.6.0.255"].at.status.is_doubtful
    assert by_code["1.0.32.5.0.255"].at.status.is_doubtful


@pytest.mark.parametrize("frame", [HISTORIC, STANDARD])
def test_seven_bits_with_parity_are_read(frame):
    assert only(seven_bit(frame)) == only(frame)


def test_the_total_is_the_sum_of_all_tariffs_of_the_contract():
    assert readings_of(only(historic(HCHC="000000700", HCHP="000000300")))["1.0.1.8.0.255"] == Decimal(1_000)


def test_without_one_of_its_tariffs_there_is_no_total():
    frame = tic_frame(tic_group("HCHC", "000000700", separator=" "), b"\nHCHP 000000300 ?\r")

    push = only(frame)

    assert "1.0.1.8.0.255" not in readings_of(push)
    assert push.set_aside == 1


def test_a_group_whose_parity_is_wrong_is_left_out():
    octets = bytearray(seven_bit(HISTORIC))
    octets[octets.index(b"5")] ^= 0x80

    assert only(bytes(octets)).set_aside == 1


def test_subscribed_power_is_told_in_volt_ampere():
    (reading,) = only(standard(("PREF", "06"))).readings

    assert (reading.value, reading.unit) == (Decimal(6_000), "VA")


def test_a_status_that_is_none_is_kept_as_it_stands():
    assert readings_of(only(standard(("STGE", "unknown!")))) == {"0.0.96.5.0.255": "unknown!"}


def test_a_number_that_is_none_is_counted():
    assert only(standard(("EAST", "----"), ("URMS1", "230"))).unnamed == 1


def test_a_frame_broken_off_by_eot_is_passed_over_and_the_next_one_read():
    stream = TelegramStream()

    found = stream.feed(HISTORIC[:40] + b"\x04" + b"somebody's dialogue" + HISTORIC)

    assert [type(item) for item in found] == [CaptureRefused, Push]
    assert "EOT" in found[0].what


def test_a_capture_begins_and_ends_anywhere():
    assert len(read_telegrams(HISTORIC[-30:] + HISTORIC + HISTORIC + HISTORIC[:25])) == 2


def test_text_copied_without_its_control_characters_is_one_frame():
    copied = HISTORIC.strip(b"\x02\x03").replace(b"\r", b"\r\n").replace(b"\n\r", b"\r")

    assert len(only(copied).readings) == 5


@pytest.mark.parametrize("capture", [b"", b"\x02", b"\x02\x03", b"hello", HISTORIC[:-1], b"\x02\nBASE 1 ?\r\x03"])
def test_what_holds_no_sound_group_or_no_end_is_refused(capture):
    assert refused(capture).kind == TicKind.DAMAGED


def test_a_frame_cut_off_between_whole_ones_is_refused():
    assert "cut off" in refused(HISTORIC[:30] + HISTORIC + HISTORIC).what


def test_what_never_ends_is_refused_and_forgotten():
    stream = TelegramStream()

    found = stream.feed(b"\x02" + b"1" * (MAX_FRAME_BYTES + 1))

    assert "does not end" in found[0].what
    assert len(stream.feed(HISTORIC)) == 1


@given(st.lists(st.integers(1, 60), max_size=8), st.booleans())
def test_frames_come_out_alike_wherever_the_octets_are_cut(cuts, is_seven_bit):
    octets = seven_bit(HISTORIC + STANDARD) if is_seven_bit else HISTORIC + STANDARD
    stream, found = TelegramStream(), ()

    for cut in cuts:
        found += stream.feed(octets[:cut])
        octets = octets[cut:]
    found += stream.feed(octets)

    assert [item.kind for item in found] == [TicKind.HISTORIC, TicKind.STANDARD]


@given(st.binary(max_size=200), st.integers(0, 120))
def test_any_octets_give_frames_or_the_typed_refusal(octets, at):
    stream = TelegramStream()

    found = (*stream.feed(STANDARD[:at] + octets + STANDARD[at:]), *stream.flush())

    assert all(isinstance(item, Push | CaptureRefused) for item in found)


@pytest.mark.parametrize("noise", [b"\x02", b"\x82", b"\x03\x02", b"\x02\x04", b"\x82\x02"])
@pytest.mark.parametrize("as_sent", [bytes, seven_bit])
def test_noise_that_looks_like_a_beginning_costs_one_frame_at_most(noise, as_sent):
    frame = as_sent(historic(ADCO="270622224349", BASE="010528394"))
    stream = TelegramStream()

    stream.feed(noise)
    outcomes = [outcome for _ in range(3) for outcome in stream.feed(frame)]

    assert [isinstance(outcome, Push) for outcome in outcomes][-2:] == [True, True]
