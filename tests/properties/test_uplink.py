"""The relay's laws: no bytes stop it, and a line without faults is a wire."""

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from simulators.uplink.mischief import Odds, Side, Traffic
from simulators.uplink.packets import MAX_HELD_BYTES, Cutter
from tests.unit.simulators.uplink.test_packets import CONNECT, PING, publish

PACKETS = st.one_of(
    st.sampled_from([CONNECT, PING, bytes.fromhex("40020001")]),
    st.builds(publish, st.binary(max_size=5), st.binary(max_size=300), packet_id=st.integers(0, 65_535)),
)
STREAMS = st.one_of(st.binary(max_size=600), st.lists(st.one_of(PACKETS, st.binary(max_size=9))).map(b"".join))


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[begin:end] for begin, end in itertools.pairwise(edges)]


@given(STREAMS, st.lists(st.integers(0, 10_000), max_size=8))
def test_any_bytes_cut_anywhere_come_out_as_they_came_in(stream: bytes, places: list[int]) -> None:
    cutter, out = Cutter(), b""

    for chunk in cut(stream, places):
        out += b"".join(piece.octets for piece in cutter.feed(chunk))
        assert len(cutter.held) <= MAX_HELD_BYTES

    assert out + cutter.held == stream


@given(st.lists(PACKETS, max_size=12), st.lists(st.integers(0, 10_000), max_size=8))
def test_however_packets_are_cut_the_same_are_found(packets: list[bytes], places: list[int]) -> None:
    cutter = Cutter()

    found = [piece.octets for chunk in cut(b"".join(packets), places) for piece in cutter.feed(chunk)]

    assert found == packets


@given(STREAMS, st.lists(st.integers(0, 10_000), max_size=8), st.sampled_from(Side), st.integers())
def test_no_bytes_stop_a_bad_line_and_what_is_no_publish_passes(
    stream: bytes, places: list[int], speaker: Side, seed: int
) -> None:
    traffic = Traffic(Odds(lose=0.5, double=0.5), random.Random(seed).random)

    onward = b"".join(traffic.hear(speaker, chunk).onward for chunk in cut(stream, places)) + traffic.end(speaker)

    assert traffic.counts.published or onward == stream
