"""Golden bytes by hand, from Green Book 9.4.6.13."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.meter import general_blocks
from simulators.meter.axdr import NotAxdr
from simulators.meter.general_blocks import Block, GeneralBlocks
from simulators.meter.objects import model_of
from simulators.meter.server import Server
from tests.fakes_simulators import NOW, a_life, moment


def acknowledgement(number: int, acknowledged: int) -> Block:
    return Block(is_last=True, number=number, acknowledged=acknowledged)


def test_a_short_answer_is_no_block() -> None:
    assert GeneralBlocks().cut(b"short", 12) == b"short"


def test_a_long_answer_is_cut_and_each_block_waits_for_the_readers_word() -> None:
    blocks = GeneralBlocks()

    first = blocks.cut(b"abcdefghijkl", 11)

    assert first.hex() == "e0010001000004" + b"abcd".hex()
    assert blocks.following(acknowledgement(1, 1)).hex() == "e0010002000104" + b"efgh".hex()
    assert blocks.following(acknowledgement(2, 2)).hex() == "e0810003000204" + b"ijkl".hex()


def test_a_block_that_was_lost_is_said_again() -> None:
    blocks = GeneralBlocks()
    blocks.cut(b"abcdefghijkl", 11)
    blocks.following(acknowledgement(1, 1))

    assert general_blocks.parse(blocks.following(acknowledgement(2, 1))).data == b"efgh"


@pytest.mark.parametrize("acknowledged", [3, 65_535])
def test_a_block_behind_the_last_is_refused(acknowledged: int) -> None:
    blocks = GeneralBlocks()
    blocks.cut(b"abcdefghijkl", 11)

    with pytest.raises(NotAxdr):
        blocks.following(acknowledgement(1, acknowledged))


def test_a_long_request_is_taken_in_order_alone() -> None:
    blocks = GeneralBlocks()

    assert blocks.take(Block(is_last=False, number=1, acknowledged=0, data=b"ab")) is None
    assert blocks.acknowledgement().hex() == "e00100000001" + "00"
    with pytest.raises(NotAxdr):
        blocks.take(Block(is_last=True, number=3, acknowledged=0, data=b"ef"))
    assert blocks.take(Block(is_last=True, number=2, acknowledged=0, data=b"cd")) == b"abcd"


def test_a_meter_without_general_blocks_does_not_know_them() -> None:
    server = Server(model_of(a_life()))

    assert server.answer(16, bytes.fromhex("e0810001000000"), moment(at=NOW)).hex() == "d80202"


@given(st.binary(max_size=40))
def test_any_octets_are_a_block_or_refused(octets: bytes) -> None:
    try:
        block = general_blocks.parse(octets)
    except NotAxdr:
        return
    assert block.number <= 0xFFFF
