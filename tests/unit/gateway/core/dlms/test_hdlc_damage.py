"""What a CRC-16 promises, as far as a frame reaches: no damage within it is ever believed."""

from itertools import combinations

import pytest

from gateway.core.dlms.hdlc import Deframer, Frame, FrameKind, client_address, server_address, with_checksum
from gateway.core.dlms.hdlc_link import HdlcLink
from tests.fakes_hdlc import ANSWER, METER, SETTINGS, US, opened, said


def frame_of(info, *, source=METER):
    return Frame(destination=US, source=source, kind=FrameKind.INFORMATION, is_final=True, info=info)


def out_of(octets):
    deframer = Deframer()
    return deframer.feed(octets) + deframer.flush()


def flipped(octets, *bits):
    spoilt = bytearray(octets)
    for bit in bits:
        spoilt[bit // 8] ^= 1 << bit % 8
    return bytes(spoilt)


@pytest.mark.parametrize("frame", [frame_of(b""), frame_of(b"\x7e\x7e\xa0")])
def test_no_two_wrong_bits_make_another_frame(frame):
    octets = frame.encode()

    believed = [
        bits for bits in combinations(range(8 * len(octets)), 2) if set(out_of(flipped(octets, *bits))) - {frame}
    ]

    assert believed == []


@pytest.mark.parametrize("size", [1, 2, 4])
def test_no_three_wrong_bits_in_length_and_addresses_make_another_frame(size):
    frame = frame_of(bytes(range(0x70, 0x90)), source=server_address(logical=1, physical=17, size=size))
    octets = frame.encode()
    end_bits = [8 * at for at in range(3, 5 + size)]

    believed = [
        bits
        for length_bit in range(16, 27)
        for bits in combinations([*end_bits, length_bit, 8, 9, 10], 3)
        if set(out_of(flipped(octets, *bits))) - {frame}
    ]

    assert believed == []


def test_a_frame_quoted_in_a_spoilt_one_was_not_sent():
    quoted = frame_of(b"the others' reading").encode()
    outer = frame_of(b"they said " + quoted + b", and no more").encode()
    deframer = Deframer()

    found = deframer.feed(flipped(outer, 8 * 14)) + deframer.flush()

    assert (found, deframer.spoilt_frames) == ((), 1)


def test_a_frame_behind_a_spoilt_one_still_counts():
    first, second = frame_of(b"first").encode(), frame_of(b"second")

    assert out_of(flipped(first, 8 * 12) + second.encode()[1:]) == (second,)
    assert out_of(first[:-3] + second.encode()) == (second,)


def test_a_frame_to_which_damage_gave_another_address_is_not_our_meters():
    """Where the end of an address is hit as well as the length, checksums may hold again by intent; the link looks."""
    made_for_it = frame_of(ANSWER, source=server_address(logical=1, physical=0x11, size=2))
    link = opened()
    link.request(b"?", 1.0)

    assert out_of(made_for_it.encode()) == (made_for_it,)
    assert link.receive(made_for_it.encode(), 1.1) == ()


@pytest.mark.parametrize("beginning", ["7e", "7ea0", "7eafff", "7ea0090303"])
def test_what_only_looks_like_frames_is_gone_through_once(beginning):
    deframer = Deframer()

    found = deframer.feed(bytes.fromhex(beginning) * 500) + deframer.flush()

    assert found == ()


def test_headers_that_check_at_every_turn_cost_one_checksum_each():
    header = bytes([0xA0, 0x7F, *METER, *client_address(16), 0x13])
    cheat = (b"\x7e" + with_checksum(header)) * 16
    deframer = Deframer()

    found = deframer.feed(cheat * 4)

    assert found == ()
    assert deframer.spoilt_frames <= 4 * len(cheat) // 0x7F


def test_a_link_takes_nothing_a_damaged_answer_holds():
    link = HdlcLink(SETTINGS)
    link.open(0.0)
    answer = said(FrameKind.UNNUMBERED_ACKNOWLEDGE)

    taken = [link.receive(flipped(answer, bit), 0.1) for bit in range(8 * len(answer))]

    assert set(taken) == {()}
