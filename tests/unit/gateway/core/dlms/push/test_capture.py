"""What a meter sends unasked: opened by its codes, or refused by its kind."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms import axdr, wrapper
from gateway.core.dlms.data import NULL, Data, DataType
from gateway.core.dlms.hdlc import Frame, FrameKind, client_address, server_address
from gateway.core.dlms.obis import Obis
from gateway.core.dlms.push.capture import open_capture, read_capture
from gateway.core.dlms.push.capture_kind import MAX_CAPTURE_BYTES, CaptureKind
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.pushed import Proof, Protection, Push, PushedReading
from gateway.core.errors import CaptureRefused
from runtime.secret import Secret
from tests import fakes_axdr
from tests.fakes_meter import array, octets, scaler_unit, structure, u8, u16, u32
from tests.fakes_push_octets import m_bus, with_length

IMPORT, VOLTAGE, SERIAL, CLOCK = (Obis.parse(code) for code in ("1-0:1.8.0", "1-0:32.7.0", "0-0:96.1.0", "0-0:1.0.0"))
SENT = bytes.fromhex("07ea0b15060c000000ffc400")
PLAIN_DATE, TAGGED_DATE, NO_DATE = b"\x0c" + SENT, b"\x09\x0c" + SENT, b"\x00"
BODY = structure(
    structure(octets(SERIAL.octets), octets(b"84895126")),
    structure(octets(IMPORT.octets), u32(261_927), scaler_unit(0, 30)),
    structure(octets(VOLTAGE.octets), u16(2_364), scaler_unit(-1, 35)),
)
READINGS = (
    PushedReading(obis=SERIAL, value="84895126", unit=""),
    PushedReading(obis=IMPORT, value=Decimal(261_927), unit="Wh"),
    PushedReading(obis=VOLTAGE, value=Decimal("236.4"), unit="V"),
)


def notification(body=BODY, date=PLAIN_DATE):
    return b"\x0f\x40\x00\x00\x00" + date + fakes_axdr.encode(body)


def framed(apdu, *, info_bytes=2_000, kind=FrameKind.UNNUMBERED_INFORMATION, llc=b"\xe6\xe7\x00", meter=17):
    """The APDU in as many frames as it takes."""
    message = llc + apdu
    segments = [message[at : at + info_bytes] for at in range(0, len(message), info_bytes)]
    return [
        Frame(
            destination=client_address(103),
            source=server_address(logical=1, physical=meter, size=2),
            kind=kind,
            is_final=number == len(segments) - 1,
            is_segmented=number < len(segments) - 1,
            info=segment,
        ).encode()
        for number, segment in enumerate(segments)
    ]


def spoilt(frame):
    """The frame with one bit of its contents turned over."""
    return frame[:40] + bytes([frame[40] ^ 1]) + frame[41:]


def refusal_of(capture):
    with pytest.raises(CaptureRefused) as refused:
        read_capture(capture)
    return refused.value.kind


def test_a_push_in_one_frame_is_opened():
    (push,) = read_capture(framed(notification())[0])

    assert push.readings == READINGS
    assert push.sent_at is not None
    assert push.sent_at.text() == "2026-11-21T12:00:00+01:00"


@pytest.mark.parametrize("info_bytes", [1, 7, 50])
def test_a_push_over_many_frames_is_joined(info_bytes):
    (push,) = read_capture(b"".join(framed(notification(), info_bytes=info_bytes)))

    assert push.readings == READINGS


@pytest.mark.parametrize("date", [PLAIN_DATE, TAGGED_DATE])
def test_the_date_may_be_plain_or_tagged(date):
    (push,) = read_capture(b"".join(framed(notification(date=date))))

    assert push.sent_at is not None
    assert push.sent_at.encode() == SENT


def test_the_date_may_be_left_out():
    (push,) = read_capture(b"".join(framed(notification(date=NO_DATE))))

    assert push.sent_at is None


def test_information_frames_and_both_llc_headers_serve():
    capture = framed(notification(), kind=FrameKind.INFORMATION, llc=b"\xe6\xe6\x00")[0]

    assert read_capture(capture)[0].readings == READINGS


def test_noise_around_a_frame_is_passed_over():
    assert read_capture(b"\x00\xff" + framed(notification())[0] + b"\x55")[0].readings == READINGS


def test_a_capture_may_hold_several_messages():
    capture = framed(notification())[0] + framed(notification(date=NO_DATE))[0]

    assert [push.sent_at is None for push in read_capture(capture)] == [False, True]


def test_codes_and_values_may_stand_flat_in_a_row():
    body = structure(
        Data(DataType.VISIBLE_STRING, "Kamstrup_V0001"), octets(IMPORT.octets), u32(5), octets(VOLTAGE.octets), u16(230)
    )

    (push,) = read_capture(framed(notification(body))[0])

    assert [(reading.obis, reading.value, reading.unit) for reading in push.readings] == [
        (IMPORT, 5, ""),
        (VOLTAGE, 230, ""),
    ]
    assert push.unnamed == 1


def test_codes_values_and_scalers_may_stand_flat_in_a_row():
    body = array(
        octets(IMPORT.octets), u32(5), scaler_unit(3, 30), octets(VOLTAGE.octets), u16(2300), scaler_unit(-1, 35)
    )

    (push,) = read_capture(framed(notification(body))[0])

    assert [(reading.value, reading.unit) for reading in push.readings] == [(5_000, "Wh"), (230, "V")]


def test_a_six_octet_value_is_not_taken_for_a_code():
    body = structure(structure(octets(SERIAL.octets), octets(b"160456")))

    (push,) = read_capture(framed(notification(body))[0])

    assert push.readings == (PushedReading(obis=SERIAL, value="160456", unit=""),)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (octets(SENT), "2026-11-21T12:00:00+01:00"),
        (axdr.decode(b"\x19" + SENT), "2026-11-21T12:00:00+01:00"),
        (axdr.decode(bytes.fromhex("1a07ea0b1506")), "07ea0b1506"),
        (Data(DataType.BOOLEAN, True), "true"),
        (Data(DataType.BIT_STRING, (True, False, True)), "101"),
        (Data(DataType.FLOAT32, float("nan")), "nan"),
        (Data(DataType.VISIBLE_STRING, "6515"), "6515"),
        (NULL, "none"),
    ],
)
def test_what_is_no_number_is_shown_as_text(value, shown):
    body = structure(structure(octets(CLOCK.octets), value))

    (push,) = read_capture(framed(notification(body))[0])

    assert push.readings == (PushedReading(obis=CLOCK, value=shown, unit=""),)


@pytest.mark.parametrize(
    ("capture", "kind"),
    [
        (b"", CaptureKind.UNKNOWN),
        (b"hello", CaptureKind.UNKNOWN),
        (b"\x7e", CaptureKind.UNKNOWN),
        (bytes.fromhex("c401c1001105"), CaptureKind.RAW_APDU),
        (b"\xdb\x08" + bytes(60), CaptureKind.CIPHERED),
        (b"\xcf\x08" + bytes(60), CaptureKind.RAW_APDU),
        (b"\xe0\x80\x00\x00\x01\x00\x00", CaptureKind.BLOCK_TRANSFER),
        (bytes.fromhex("680d0d6853ff000167") + bytes(10), CaptureKind.M_BUS_DAMAGED),
        (bytes.fromhex("0001006700660003") + b"\xc4\x00\x00", CaptureKind.WRAPPER),
        (framed(notification())[0][:-5], CaptureKind.HDLC_CUT),
        (spoilt(framed(notification())[0]), CaptureKind.HDLC_DAMAGED),
        (bytes(MAX_CAPTURE_BYTES + 1), CaptureKind.UNKNOWN),
    ],
)
def test_every_other_kind_is_refused_by_name(capture, kind):
    assert refusal_of(capture) is kind


@pytest.mark.parametrize(
    ("apdu", "kind"),
    [
        (b"\xdb\x08" + bytes(60), CaptureKind.CIPHERED),
        (b"\xe0\x80\x00\x00\x01\x00\x00", CaptureKind.BLOCK_TRANSFER),
        (bytes.fromhex("c401c1001105"), CaptureKind.HDLC_DIALOGUE),
        (b"", CaptureKind.DAMAGED),
        (notification(structure(u8(1), u8(2))), CaptureKind.WITHOUT_OBIS),
        (notification()[:-2], CaptureKind.DAMAGED),
        (notification() + b"\x00", CaptureKind.DAMAGED),
        (notification(date=b"\x05"), CaptureKind.DAMAGED),
        (notification(u8(1)), CaptureKind.DAMAGED),
    ],
)
def test_sound_frames_with_something_else_inside_are_refused_by_name(apdu, kind):
    assert refusal_of(framed(apdu)[0]) is kind


def test_a_message_with_a_missing_segment_is_refused_whole():
    first, second, third = framed(notification(), info_bytes=40)[:3]
    rest = b"".join(framed(notification(), info_bytes=40)[3:])

    assert refusal_of(first + third + rest) is CaptureKind.DAMAGED
    assert refusal_of(first + second[:-4] + third + rest) is CaptureKind.HDLC_DAMAGED


def test_a_message_that_breaks_off_is_refused_whole():
    assert refusal_of(b"".join(framed(notification(), info_bytes=40)[:-1])) is CaptureKind.HDLC_DAMAGED


def test_segments_of_two_meters_are_not_joined():
    one, other = framed(notification(), info_bytes=40), framed(notification(), info_bytes=40, meter=18)

    assert refusal_of(one[0] + b"".join(other[1:])) is CaptureKind.HDLC_DAMAGED


def test_frames_without_information_are_a_dialogue():
    ready = Frame(
        destination=client_address(16), source=server_address(logical=1, physical=0, size=1),
        kind=FrameKind.RECEIVE_READY, is_final=True,
    )  # fmt: skip

    assert refusal_of(ready.encode()) is CaptureKind.HDLC_DIALOGUE


def test_a_sound_message_is_read_beside_one_that_is_not():
    one, other = framed(notification(), info_bytes=40), framed(notification())[0]

    damaged, push = open_capture(b"".join(one[:-1]) + b"\x00" + other)

    assert damaged.kind is CaptureKind.HDLC_DAMAGED
    assert push.readings == READINGS


def test_requests_and_answers_of_a_dialogue_are_named_once_each():
    request, answer = framed(bytes.fromhex("c001c100080000010000ff0200"))[0], framed(bytes.fromhex("c401c1001105"))[0]

    with pytest.raises(CaptureRefused, match="GET request, GET response"):
        read_capture((request + answer) * 3)


@pytest.mark.parametrize(
    "other",
    [
        m_bus(notification()),
        b"/ISk5\\2MT382-1000\r\n\r\n1-3:0.2.8(50)\r\n!AB12\r\n",
    ],
)
def test_two_captures_of_different_kinds_are_told_apart(other):
    assert refusal_of(framed(notification())[0] + other) is CaptureKind.MIXED


@pytest.mark.parametrize(
    ("capture", "kind", "proof"),
    [
        (framed(notification())[0], CaptureKind.HDLC_PUSH, Proof.CRC16),
        (m_bus(notification()), CaptureKind.M_BUS_PUSH, Proof.BLOCK_CHECK),
        (wrapper.wrap(notification(), source=1, destination=102), CaptureKind.WRAPPER_PUSH, Proof.TCP),
        (notification(), CaptureKind.RAW_PUSH, Proof.NONE),
        (b"\xe6\xe7\x00" + notification(), CaptureKind.RAW_PUSH, Proof.NONE),
        (b"\xe0\xc0\x00\x01\x00\x00" + with_length(notification()), CaptureKind.RAW_PUSH, Proof.NONE),
    ],
    ids=["hdlc", "m-bus", "wrapper", "raw", "raw behind a header", "one block"],
)
def test_every_framing_is_recognised_and_says_what_proves_the_octets(capture, kind, proof):
    pushes = read_capture(capture * 2)

    assert [push.readings for push in pushes] == [READINGS] * 2
    assert {(push.kind, push.proof, push.protection) for push in pushes} == {(kind, proof, Protection.NONE)}


def test_a_push_whose_clock_was_never_set_keeps_its_readings():
    (push,) = read_capture(notification(date=b"\x0c" + bytes(12)))

    assert push.sent_at is None
    assert push.readings == READINGS


@given(
    octets=st.binary(max_size=400),
    head=st.sampled_from([b"", b"\x0f", b"\xc2", b"\xe0", b"\xdb\x08", b"\x7e\xa0", b"\x68"]),
)
def test_no_octets_cause_anything_but_pushes_and_refusals(octets, head):
    outcomes = open_capture(head + octets, PushKeys(key=Secret(bytes(16))))

    assert outcomes
    assert all(isinstance(outcome, (Push, CaptureRefused)) for outcome in outcomes)


@given(cuts=st.lists(st.tuples(st.integers(0, 140), st.integers(0, 255)), max_size=6), size=st.integers(0, 150))
def test_a_notification_that_was_changed_or_cut_is_read_or_refused(cuts, size):
    changed = bytearray(notification())
    for place, octet in cuts:
        changed[place % len(changed)] = octet

    assert open_capture(bytes(changed[:size]))
