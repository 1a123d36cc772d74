"""An APDU in numbered blocks, whichever side has more to say, and whatever gets lost on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms.block_exchange import (
    MAX_ANSWER_BYTES,
    MAX_REPEATS,
    WINDOW,
    Await,
    Block,
    BlockExchange,
    Send,
    Whole,
)
from gateway.core.errors import Undecodable

ANSWER = bytes(range(250))


def streamed(answer, size=40, *, acknowledged=0):
    """The answer in windows of blocks, as a meter streams them."""
    parts = [answer[at : at + size] for at in range(0, len(answer), size)]
    return [
        Block(
            number=number,
            acknowledged=acknowledged,
            octets=part,
            is_last=number == len(parts),
            is_streaming=bool(number % WINDOW) and number < len(parts),
        ).encode()
        for number, part in enumerate(parts, start=1)
    ]


def test_a_block_is_written_as_the_standard_has_it():
    block = Block(number=3, acknowledged=258, octets=b"ab", is_last=False, is_streaming=True, window=5)

    assert block.encode().hex(" ") == "e0 45 00 03 01 02 02 61 62"
    assert Block.parse(block.encode()) == block


def test_an_answer_in_one_block_is_whole_at_once():
    assert BlockExchange().receive(Block(number=1, acknowledged=0, octets=b"answer").encode()) == Whole(b"answer")


def test_an_answer_without_blocks_is_taken_as_it_is():
    assert BlockExchange().receive(b"\xd8\x01\x01") == Whole(b"\xd8\x01\x01")


def test_blocks_that_stream_are_awaited_and_acknowledged_together():
    exchange = BlockExchange()

    steps = [exchange.receive(block) for block in streamed(ANSWER, 25)]

    assert steps[: WINDOW - 1] == [Await()] * (WINDOW - 1)
    assert steps[WINDOW - 1] == Send(Block(number=1, acknowledged=WINDOW).encode())
    assert steps[-1] == Whole(ANSWER)


def test_a_lost_block_is_asked_for_by_what_was_the_last_in_order():
    exchange = BlockExchange()
    first, _lost, *others = streamed(ANSWER, 40)

    steps = [exchange.receive(block) for block in (first, *others)]

    assert steps[-1] == Send(Block(number=1, acknowledged=1).encode())
    assert [exchange.receive(block) for block in streamed(ANSWER, 40)[1:]][-1] == Whole(ANSWER)


def test_a_block_that_comes_twice_is_taken_once():
    exchange = BlockExchange()
    first, second, *others = streamed(ANSWER, 40)

    steps = [exchange.receive(block) for block in (first, first, second, *others)]

    assert steps[-1] == Whole(ANSWER)


def test_a_long_request_goes_block_by_block():
    exchange = BlockExchange(b"a long request", block_bytes=6)

    said = [Block.parse(exchange.begin())]
    for number in (1, 2):
        step = exchange.receive(Block(number=0, acknowledged=number, is_last=False).encode())
        said.append(Block.parse(step.octets))

    assert [block.octets for block in said] == [b"a long", b" reque", b"st"]
    assert [(block.number, block.is_last) for block in said] == [(1, False), (2, False), (3, True)]
    assert exchange.receive(Block(number=1, acknowledged=3, octets=b"answer").encode()) == Whole(b"answer")


def test_a_block_of_ours_that_got_lost_is_said_again():
    exchange = BlockExchange(b"a long request", block_bytes=6)
    exchange.begin()
    exchange.receive(Block(number=0, acknowledged=1, is_last=False).encode())

    again = exchange.receive(Block(number=0, acknowledged=1, is_last=False).encode())

    assert Block.parse(again.octets).octets == b" reque"


def test_a_meter_that_never_goes_on_is_given_up():
    exchange = BlockExchange()
    stuck = Block(number=9, acknowledged=0, octets=b"x", is_last=False).encode()
    for _ in range(MAX_REPEATS):
        exchange.receive(stuck)

    with pytest.raises(Undecodable, match="does not go on"):
        exchange.receive(stuck)


def test_a_meter_that_never_ends_is_given_up():
    exchange = BlockExchange()
    everlasting = [
        Block(number=number, acknowledged=0, octets=bytes(60_000), is_last=False).encode()
        for number in range(1, 3 + MAX_ANSWER_BYTES // 60_000)
    ]

    with pytest.raises(Undecodable, match="not read"):
        [exchange.receive(block) for block in everlasting]


def test_a_meter_that_has_what_was_never_sent_is_not_believed():
    exchange = BlockExchange(b"a long request", block_bytes=6)
    exchange.begin()

    with pytest.raises(Undecodable, match="were sent"):
        exchange.receive(Block(number=0, acknowledged=2, is_last=False).encode())


@pytest.mark.parametrize("octets", ["", "e0", "e08000010000", "e0800001000002aa", "e0800001000001aabb", "c401c100"])
def test_no_block_is_made_up(octets):
    with pytest.raises(Undecodable):
        Block.parse(bytes.fromhex(octets))


@given(st.binary(max_size=30), st.lists(st.binary(max_size=30).map(lambda rest: b"\xe0" + rest), max_size=12))
def test_no_octets_confuse_an_exchange(request, heard):
    exchange = BlockExchange(request, block_bytes=7)
    for octets in heard:
        try:
            step = exchange.receive(octets)
        except Undecodable:
            return
        assert isinstance(step, Send | Await | Whole)


@given(answer=st.binary(min_size=1, max_size=600), size=st.integers(1, 90))
def test_any_answer_comes_out_as_it_went_in(answer, size):
    exchange = BlockExchange()

    steps = [exchange.receive(block) for block in streamed(answer, size)]

    assert steps[-1] == Whole(answer)


def taken(blocks, octets):
    """What becomes of a meter that goes on for so many blocks, each with these octets."""
    exchange = BlockExchange()
    for number in range(1, blocks + 1):
        exchange.receive(Block(number=number, acknowledged=0, octets=octets, is_last=False).encode())


def test_a_meter_that_sends_empty_blocks_without_end_is_refused():
    taken(MAX_REPEATS, b"")

    with pytest.raises(Undecodable, match="does not go on"):
        taken(MAX_REPEATS + 1, b"")


def test_an_answer_of_more_blocks_than_any_meter_needs_is_refused():
    with pytest.raises(Undecodable, match="more than 10000 blocks"):
        taken(10_001, b"x")
