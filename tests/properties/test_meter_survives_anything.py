"""Whatever a reader sends, the meter answers or is silent; it never breaks and never speaks of what it has not."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulators.meter.device import Meter
from simulators.meter.opto import with_even_parity
from tests.fakes_simulators import ASSOCIATE, a_life, associated, moment

LOAD_PROFILE = bytes.fromhex("00070100630100ff02")
CLOCK_COLUMN = bytes.fromhex("020412000809060000010000ff0f02120000")
HEADS = [b"", b"\x60", ASSOCIATE[:20], b"\x62", b"\xc0\x01\xc1", b"\xc0\x02\xc1", b"\xc0\x03\xc1", b"\xc1\x01\xc1"]
SELECTIONS = [b"\x00", b"\x01\x01\x02\x04" + CLOCK_COLUMN, b"\x01\x02\x02\x04\x06", b"\x01"]
requests = st.one_of(
    st.builds(bytes.__add__, st.sampled_from(HEADS), st.binary(max_size=40)),
    st.builds(
        lambda selection, rest: b"\xc0\x01\xc1" + LOAD_PROFILE + selection + rest,
        st.sampled_from(SELECTIONS),
        st.binary(max_size=40),
    ),
)
EARLIEST = bytes.fromhex("090c00010101ff00000000fe0c00") * 2 + b"\x01\x00"


@settings(max_examples=200, deadline=None)
@given(request=requests)
@example(request=b"\xc0\x01\xc1" + LOAD_PROFILE + SELECTIONS[1] + EARLIEST)
def test_every_request_has_an_answer(request: bytes) -> None:
    answer = associated(a_life()).answer(16, request, moment())

    assert answer[0] in (0x61, 0x63, 0xC4, 0xC5, 0xC7, 0xD8, 0x0E)


@settings(max_examples=100, deadline=None)
@given(heard=st.lists(st.binary(max_size=60), max_size=8))
def test_every_noise_is_survived(heard: list[bytes]) -> None:
    meter = Meter(a_life(), keep=lambda _: None)

    for place, octets in enumerate(heard):
        meter.feed(octets, moment(1_000.0 + place))

    [identification] = meter.feed(with_even_parity(b"/?!\r\n"), moment(2_000.0))
    assert identification.baud == 300
