"""Whatever a reader sends, the meter answers or is silent; it never breaks and never speaks of what it has not."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simulators.meter.device import Meter
from simulators.meter.gatekeeper import Access
from simulators.meter.opto import with_even_parity
from tests.fakes_access import BY_PASSWORD, GmacReader, aarq, by_keys, locked_server
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
CALLS = [
    aarq(mechanism=1, value=b"open sesam")[:60],
    aarq(mechanism=5, value=bytes(8), title=b"MMM00001", context=3),
    aarq(mechanism=5, value=bytes(8), title=b"MMM00001")[:70],
]
EARLIEST = bytes.fromhex("090c00010101ff00000000fe0c00") * 2 + b"\x01\x00"


@given(request=requests)
@example(request=b"\xc0\x01\xc1" + LOAD_PROFILE + SELECTIONS[1] + EARLIEST)
def test_every_request_has_an_answer(request: bytes) -> None:
    answer = associated(a_life()).answer(16, request, moment())

    assert answer[0] in (0x61, 0x63, 0xC4, 0xC5, 0xC7, 0xD8, 0x0E)


@given(
    request=st.builds(
        bytes.__add__, st.sampled_from([*HEADS, *CALLS, b"\xdb", b"\xc3\x01\xc1"]), st.binary(max_size=60)
    )
)
@pytest.mark.parametrize("access", [BY_PASSWORD, by_keys()], ids=["password", "keys"])
@pytest.mark.parametrize("client_sap", [1, 16, 17])
def test_nobody_comes_in_by_noise(access: Access, client_sap: int, request: bytes) -> None:
    server, keeper = locked_server(a_life(), access)

    answer = server.answer(client_sap, request, moment())

    assert answer[0] in (0x61, 0xC4, 0xC5, 0xC7, 0xD8, 0x0E)
    assert keeper.heard == 0
    assert not server.is_associated or client_sap == 16


@given(bit=st.integers(0, 8 * 17 - 1))
def test_no_flipped_bit_of_a_proof_lets_anybody_in(bit: int) -> None:
    server, _ = locked_server(a_life(), by_keys())
    reader = GmacReader(server, is_ciphered=False)
    reader.call()
    proof = bytearray(reader.proof())
    proof[-17 + bit // 8] ^= 1 << bit % 8

    server.answer(1, bytes(proof), moment())

    assert not server.is_associated


@given(heard=st.lists(st.binary(max_size=60), max_size=8))
def test_every_noise_is_survived(heard: list[bytes]) -> None:
    meter = Meter(a_life(), keep=lambda _: None)

    for place, octets in enumerate(heard):
        meter.feed(octets, moment(1_000.0 + place))

    [identification] = meter.feed(with_even_parity(b"/?!\r\n"), moment(2_000.0))
    assert identification.baud == 300
