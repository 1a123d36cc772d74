"""The frames of the probe link, byte for byte."""

from binascii import crc32

import pytest

from gateway.core.probe import cobs
from gateway.core.probe.frames import (
    MAX_PAYLOAD,
    Ack,
    Beat,
    Decoder,
    Hello,
    Noise,
    NoiseReason,
    Supply,
    SupplyEvent,
    decode,
    encode,
)

EVENT = SupplyEvent(boot_id=0x01020304, event_id=5, what=Supply.LOST, occurred_ms=1_000, now_ms=1_040)


def framed(body: bytes) -> bytes:
    """A frame with a right checksum around any body."""
    return cobs.encode(body + crc32(body).to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("data", "encoded"),
    [
        (b"", b"\x01"),
        (b"\x00", b"\x01\x01"),
        (b"\x00\x00", b"\x01\x01\x01"),
        (b"\x11\x22\x00\x33", b"\x03\x11\x22\x02\x33"),
        (b"\x01" * 253, b"\xfe" + b"\x01" * 253),
        (b"\x01" * 254, b"\xff" + b"\x01" * 254 + b"\x01"),
        (b"\x01" * 255, b"\xff" + b"\x01" * 254 + b"\x02\x01"),
    ],
)
def test_bytes_are_stuffed_as_published(data: bytes, encoded: bytes) -> None:
    assert cobs.encode(data) == encoded
    assert cobs.decode(encoded) == data


@pytest.mark.parametrize("encoded", [b"\x00", b"\x03\x11", b"\x02", b"\x03\x00\x11"])
def test_what_no_stuffing_gives_is_refused(encoded: bytes) -> None:
    assert cobs.decode(encoded) is None


def test_an_event_stands_on_the_line_as_the_link_says() -> None:
    body = cobs.decode(encode(EVENT, 9)[:-1])

    assert body is not None
    assert body[:-4].hex() == "0309040302010500000001e803000010040000"
    assert int.from_bytes(body[-4:], "little") == crc32(body[:-4])


def test_a_longer_payload_of_a_newer_probe_is_read_as_far_as_it_is_known() -> None:
    body = cobs.decode(encode(EVENT, 9)[:-1])
    assert body is not None

    assert decode(framed(body[:-4] + b"more")) == EVENT


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        (b"\x05abc", NoiseReason.NOT_COBS),
        (cobs.encode(b"abc"), NoiseReason.CHECKSUM),
        (cobs.encode(b"\x03\x09" + bytes(17) + b"\0\0\0\0"), NoiseReason.CHECKSUM),
        (framed(b"\x63\x01" + b"some day"), NoiseReason.UNKNOWN_KIND),
        (framed(b"\x02\x01" + bytes(14)), NoiseReason.PAYLOAD),
        (framed(b"\x03\x01" + bytes(8) + b"\x07" + bytes(8)), NoiseReason.PAYLOAD),
        (framed(b"\x01\x01\x01" + bytes(4) + b"\x05abc"), NoiseReason.PAYLOAD),
        (framed(b"\x01\x01\x01" + bytes(4) + b"\x01\xff"), NoiseReason.PAYLOAD),
        (framed(b"\x10\x01"), NoiseReason.PAYLOAD),
        (framed(b"\x11\x01" + bytes(7)), NoiseReason.PAYLOAD),
    ],
)
def test_what_is_not_a_frame_says_why(encoded: bytes, reason: NoiseReason) -> None:
    assert decode(encoded) == Noise(reason)


def test_a_name_longer_than_a_frame_is_cut() -> None:
    hello = Hello(protocol=1, boot_id=1, firmware="x" * 500)

    found = decode(encode(hello, 1)[:-1])

    assert isinstance(found, Hello)
    assert 0 < len(found.firmware) <= MAX_PAYLOAD


def test_zeros_between_frames_are_no_noise() -> None:
    assert Decoder().feed(b"\0\0" + encode(Ack(boot_id=1, event_id=2), 1) + b"\0") == [Ack(boot_id=1, event_id=2)]


def test_the_receiver_is_back_in_step_after_a_cut_frame() -> None:
    beat = Beat(boot_id=1, uptime_ms=2, supply_present=True, input_mv=5_100, hold_mv=4_900, bad_frames=0)

    found = Decoder().feed(encode(EVENT, 1)[3:] + encode(beat, 2))

    assert isinstance(found[0], Noise)
    assert found[1:] == [beat]
