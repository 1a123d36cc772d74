"""The frames and the damage of `benchmarks.frames` are what its module says."""

import random
from itertools import islice

from benchmarks import line_damage
from gateway.core.dlms.hdlc import FLAG

SENT = list(line_damage.frames(random.Random(1), 1_500))


def places_of_flags(frame):
    """Where, from the front and from the back, a flag stands inside the frame."""
    octets = frame.encode()
    inside = [at for at in range(1, len(octets) - 1) if octets[at] == FLAG]
    return set(inside) | {at - len(octets) for at in inside}


def test_a_flag_stands_in_every_octet_that_can_hold_one():
    places = set().union(*map(places_of_flags, SENT))
    format_destination_and_control = {1, 3, 7}

    assert set(range(1, 60)) - places <= format_destination_and_control
    assert {-2, -3} <= places


def test_few_flips_are_one_to_three_bits_and_a_burst_no_longer_than_said():
    chance = random.Random(2)

    for frame in islice(SENT, 200):
        octets = frame.encode()
        flips = int.from_bytes(octets, "little") ^ int.from_bytes(line_damage.with_few_flips(octets, chance), "little")
        burst = int.from_bytes(octets, "little") ^ int.from_bytes(line_damage.with_burst(octets, chance), "little")
        assert 1 <= flips.bit_count() <= 3
        assert burst.bit_length() - (burst & -burst).bit_length() < 16


def test_the_same_seed_sends_the_same_frames():
    assert SENT[:50] == list(islice(line_damage.frames(random.Random(1), 1_500), 50))
