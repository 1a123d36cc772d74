"""HDLC frames: their octets, and finding them in a stream that holds anything."""

import pytest

from gateway.core.dlms.hdlc import MAX_INFO_BYTES, Deframer, Frame, FrameKind, checksum, client_address, server_address

METER, US = server_address(logical=1, physical=0, size=1), client_address(16)


def information(info, **fields):
    return Frame(destination=US, source=METER, kind=FrameKind.INFORMATION, is_final=True, info=info, **fields)


def frame_whose_checksum_ends_in_a_flag():
    """The first of our frames whose last checksum octet is 7E, and which a reader by flags would cut short."""
    candidates = (information(bytes(number.to_bytes(2, "big")) + b"\xe6\xe7\x00") for number in range(65_536))
    return next(frame for frame in candidates if frame.encode()[-2] == 0x7E)


A_GET = bytes.fromhex("e6e600c001c1000f0000280000ff0200")


@pytest.mark.parametrize(
    ("octets", "fields"),
    [
        ("7ea0070321930f017e", {"kind": FrameKind.SET_NORMAL_RESPONSE_MODE}),
        ("7ea0070321b11f037e", {"kind": FrameKind.RECEIVE_READY, "receive_seq": 5}),
        ("7ea00703215303c77e", {"kind": FrameKind.DISCONNECT}),
        (
            "7ea0190321983fd2e6e600c001c1000f0000280000ff020091537e",
            {"kind": FrameKind.INFORMATION, "send_seq": 4, "receive_seq": 4, "info": A_GET},
        ),
    ],
)
def test_a_frame_is_written_as_other_clients_write_it(octets, fields):
    frame = Frame(destination=METER, source=US, is_final=True, **fields)

    assert frame.encode().hex() == octets


def test_the_checksum_is_the_x25_one():
    assert checksum(b"123456789") == bytes.fromhex("6e90")


@pytest.mark.parametrize(
    ("address", "octets"),
    [
        (server_address(logical=1, physical=0, size=1), "03"),
        (server_address(logical=1, physical=17, size=2), "0223"),
        (server_address(logical=1, physical=17, size=4), "00020023"),
        (server_address(logical=300, physical=16_383, size=4), "0458fe ff".replace(" ", "")),
        (client_address(16), "21"),
    ],
)
def test_addresses_carry_seven_bits_an_octet_and_end_in_an_odd_one(address, octets):
    assert address.hex() == octets


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("kind", list(FrameKind))
def test_every_kind_is_found_again_behind_every_address_size(kind, size):
    frame = Frame(
        destination=US,
        source=server_address(logical=1, physical=17, size=size),
        kind=kind,
        is_final=False,
        info=b"\x01",
    )

    assert Deframer().feed(frame.encode()) == (frame,)


def test_sequence_numbers_and_segmentation_travel():
    frame = information(b"abc", send_seq=5, receive_seq=7, is_segmented=True)

    assert Deframer().feed(frame.encode()) == (frame,)


def test_a_checksum_that_ends_in_a_flag_does_not_hold_the_frame_up():
    frame = frame_whose_checksum_ends_in_a_flag()

    assert Deframer().feed(frame.encode()) == (frame,)


@pytest.mark.parametrize("info", [b"\x7e\x7e", b"\x7e" * 64, bytes.fromhex("e6e7007ea00a7e7e")])
def test_flags_inside_the_information_end_nothing(info):
    frame = information(info)

    assert Deframer().feed(frame.encode()) == (frame,)


def test_two_frames_may_share_the_flag_between_them():
    first, second = information(b"one"), information(b"two", send_seq=1)

    assert Deframer().feed(first.encode() + second.encode()[1:]) == (first, second)


def test_noise_before_and_between_frames_is_passed_over_and_counted():
    first, second = information(b"one"), information(b"two")
    deframer = Deframer()

    frames = deframer.feed(b"\x00\xff/?!" + first.encode() + b"\x55" + second.encode())

    assert frames == (first, second)
    assert deframer.noise_bytes == 6


def test_a_false_start_costs_no_waiting():
    frame = information(b"one")
    says_it_is_two_thousand_octets_long = bytes.fromhex("7ea7ff 0321 10 0000")

    assert Deframer().feed(says_it_is_two_thousand_octets_long + frame.encode()) == (frame,)


@pytest.mark.parametrize("place", range(1, 20))
def test_a_frame_with_one_spoilt_octet_is_no_frame(place):
    octets = bytearray(information(b"0123456789").encode())
    octets[place] ^= 0x04
    deframer = Deframer()

    assert deframer.feed(bytes(octets)) + deframer.flush() == ()


def test_a_frame_without_its_closing_flag_is_no_frame():
    octets = information(b"abc").encode()[:-1]
    deframer = Deframer()

    assert deframer.feed(octets + b"\x00") == ()
    assert deframer.flush() == ()


def test_what_stood_behind_a_cut_off_frame_comes_out_when_the_line_falls_silent():
    cut_off = information(bytes(200)).encode()[:50]
    whole = information(b"whole")
    deframer = Deframer()

    assert deframer.feed(cut_off + whole.encode()) == ()
    assert deframer.flush() == (whole,)


@pytest.mark.parametrize(
    "octets",
    [
        "7e90070321930f017e",  # not format type 3
        "7ea0050321937e",  # too short to be a frame
        "7ea00802020293ffff7e",  # an address that does not end
        "7ea008020203 93 0000 7e",  # an address of three octets
    ],
)
def test_what_cannot_be_a_header_is_noise_at_once(octets):
    deframer = Deframer()

    deframer.feed(bytes.fromhex(octets) + bytes(16))

    assert deframer.noise_bytes > 0
    assert deframer.flush() == ()


def test_an_unknown_control_octet_is_no_frame():
    octets = bytes.fromhex("a0070321ef")

    deframer = Deframer()

    assert deframer.feed(b"\x7e" + octets + checksum(octets) + b"\x7e") + deframer.flush() == ()


def test_the_longest_information_field_fits_and_one_octet_more_does_not():
    longest = information(bytes(MAX_INFO_BYTES))

    assert Deframer().feed(longest.encode()) == (longest,)
    with pytest.raises(ValueError, match="do not fit"):
        information(bytes(MAX_INFO_BYTES + 20)).encode()


def test_the_deframer_holds_no_more_than_one_frame_of_noise():
    deframer = Deframer()

    for _ in range(100):
        deframer.feed(bytes.fromhex("7ea7ff") + bytes(1_000))

    assert deframer.noise_bytes > 90_000
