import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.probe.frames import (
    MAX_PAYLOAD_OCTETS,
    Beat,
    Deframer,
    Hello,
    HostAck,
    HostHello,
    Kind,
    frame,
    stuffed,
    unstuffed,
)

ACK = frame(Kind.HOST_ACK, 0, struct.pack("<II", 7, 9))
HELLO = frame(Kind.HOST_HELLO, 1, b"\x01")


@given(data=st.lists(st.sampled_from([0, 0, 1, 255]), max_size=253).map(bytes))
def test_stuffing_leaves_no_zero_and_loses_nothing(data: bytes) -> None:
    assert 0 not in stuffed(data)
    assert unstuffed(stuffed(data)) == data


@pytest.mark.parametrize("data", [b"\x05ab", b"\x02", b"\x01\x00"])
def test_what_is_not_stuffed_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="COBS"):
        unstuffed(data)


@given(cuts=st.lists(st.integers(0, len(ACK + HELLO)), max_size=6).map(sorted))
def test_any_cut_of_the_stream_gives_the_same_messages(cuts: list[int]) -> None:
    stream = ACK + HELLO
    deframer = Deframer()

    heard = [
        message
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for message in deframer.feed(stream[start:end])
    ]

    assert heard == [HostAck(boot_id=7, event_id=9), HostHello(protocol=1)]


@pytest.mark.parametrize("bit", range((len(ACK) - 1) * 8))
def test_no_single_wrong_bit_is_overlooked(bit: int) -> None:
    wrong = bytearray(ACK)
    wrong[bit // 8] ^= 1 << bit % 8
    deframer = Deframer()

    assert list(deframer.feed(bytes(wrong) + HELLO)) == [HostHello(protocol=1)]
    assert deframer.bad_frames >= 1


def test_after_noise_the_next_zero_begins_something_whole() -> None:
    deframer = Deframer()

    assert list(deframer.feed(b"noise" * 100 + b"\x00" + HELLO)) == [HostHello(protocol=1)]
    assert deframer.bad_frames == 1


def test_a_long_noise_that_ends_in_a_frame_is_no_frame() -> None:
    assert list(Deframer().feed(b"\x01" * 300 + HELLO)) == []


def test_an_idle_line_is_no_error() -> None:
    deframer = Deframer()

    assert list(deframer.feed(b"\x00\x00\x00" + HELLO)) == [HostHello(protocol=1)]
    assert deframer.bad_frames == 0


def test_kinds_nobody_knows_are_ignored() -> None:
    deframer = Deframer()

    assert list(deframer.feed(frame(31, 0, b"news") + frame(Kind.BEAT, 0, b"") + HELLO)) == [HostHello(protocol=1)]
    assert deframer.bad_frames == 0


def test_a_newer_host_may_say_more() -> None:
    assert list(Deframer().feed(frame(Kind.HOST_ACK, 0, struct.pack("<IIH", 7, 9, 5)))) == [
        HostAck(boot_id=7, event_id=9)
    ]


@pytest.mark.parametrize(("kind", "payload"), [(Kind.HOST_HELLO, b""), (Kind.HOST_ACK, bytes(7))])
def test_a_message_shorter_than_its_fields_is_bad(kind: Kind, payload: bytes) -> None:
    deframer = Deframer()

    assert list(deframer.feed(frame(kind, 0, payload))) == []
    assert deframer.bad_frames == 1


def test_a_frame_too_short_for_its_checksum_is_bad() -> None:
    deframer = Deframer()

    assert list(deframer.feed(stuffed(zlib.crc32(b"\x10").to_bytes(4, "little")) + b"\x00")) == []
    assert deframer.bad_frames == 1


@pytest.mark.parametrize("size", [0, MAX_PAYLOAD_OCTETS])
def test_the_longest_payload_fits_and_no_longer(size: int) -> None:
    deframer = Deframer()

    assert list(deframer.feed(frame(99, 255, b"\xff" * size))) == []
    assert deframer.bad_frames == 0
    with pytest.raises(ValueError, match="241"):
        frame(99, 0, bytes(241))


def test_a_hello_names_protocol_boot_and_firmware() -> None:
    raw = unstuffed(Hello(boot_id=0x01020304, firmware="ab").frame(0)[:-1])

    assert raw[:-4] == bytes.fromhex("01 00 01 04030201 02 6162")


def test_a_beat_tells_how_things_stand() -> None:
    beat = Beat(boot_id=1, uptime_ms=2, has_supply=True, input_mv=5_080, hold_mv=5_000, bad_frames=3)

    assert unstuffed(beat.frame(9)[:-1])[:-4] == bytes.fromhex("02 09 01000000 02000000 01 d813 8813 0300")
