"""The probe's link: any frame survives the line, any cut of it gives the same frames, and no noise raises."""

import random

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.probe import cobs
from gateway.core.probe.frames import (
    MAX_ENCODED,
    Ack,
    Beat,
    Decoder,
    Frame,
    GatewayHello,
    Hello,
    Noise,
    NoiseReason,
    Supply,
    SupplyEvent,
    decode,
    encode,
)
from gateway.core.probe.session import ProbeSession
from tests.fakes_gateway import at

u8, u16, u32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
frames = st.one_of(
    st.builds(Hello, protocol=u8, boot_id=u32, firmware=st.text(max_size=50)),
    st.builds(
        Beat, boot_id=u32, uptime_ms=u32, supply_present=st.booleans(), input_mv=u16, hold_mv=u16, bad_frames=u16
    ),
    st.builds(SupplyEvent, boot_id=u32, event_id=u32, what=st.sampled_from(Supply), occurred_ms=u32, now_ms=u32),
    st.builds(GatewayHello, protocol=u8),
    st.builds(Ack, boot_id=u32, event_id=u32),
)


@given(st.binary(max_size=600))
def test_cobs_gives_back_what_it_was_given_without_a_zero(data: bytes) -> None:
    encoded = cobs.encode(data)

    assert 0 not in encoded
    assert cobs.decode(encoded) == data


@given(st.binary(max_size=600))
def test_cobs_never_raises(encoded: bytes) -> None:
    cobs.decode(encoded)


@given(frames, u8)
def test_a_frame_survives_the_line(frame: Frame, seq: int) -> None:
    line = encode(frame, seq)

    assert line.count(0) == 1
    assert decode(line[:-1]) == frame


@given(
    st.lists(st.one_of(frames.map(lambda frame: encode(frame, 1)), st.binary(max_size=300)), max_size=8), st.randoms()
)
def test_any_cut_of_the_stream_gives_the_same_frames(pieces: list[bytes], chance: random.Random) -> None:
    stream = b"".join(pieces)
    whole = Decoder().feed(stream)
    decoder, cut = Decoder(), []

    at_byte = 0
    while at_byte < len(stream):
        size = chance.randint(1, 40)
        cut += decoder.feed(stream[at_byte : at_byte + size])
        at_byte += size

    assert cut == whole


@given(frames, st.integers(0, MAX_ENCODED), u8.filter(bool))
def test_a_changed_byte_is_never_another_frame(frame: Frame, where: int, change: int) -> None:
    line = bytearray(encode(frame, 1)[:-1])
    line[where % len(line)] ^= change

    found = Decoder().feed(bytes(line) + b"\0")

    assert all(isinstance(piece, Noise) for piece in found)


@given(st.lists(st.binary(max_size=400), max_size=10))
def test_the_session_takes_any_noise(chunks: list[bytes]) -> None:
    session = ProbeSession(newest_edge=None)

    observations = [session.receive(chunk, now=at(0), monotonic_s=0.0) for chunk in chunks]

    assert not any(observations)


def test_the_decoder_holds_at_most_one_frame() -> None:
    decoder = Decoder()

    for _ in range(1_000):
        decoder.feed(b"\x01" * 100)
    found = decoder.feed(b"\0" + encode(GatewayHello(), 1))

    assert found == [Noise(NoiseReason.TOO_LONG), GatewayHello()]
