"""Blocks, and the APDU they make."""

import pytest

from gateway.core.dlms.push.block_joiner import MAX_APDU_BYTES, BlockJoiner
from gateway.core.dlms.push.capture_kind import CaptureKind
from tests.fakes_push_octets import blocks

APDU = bytes(range(256)) * 3
FIRST, SECOND, THIRD = blocks(APDU, bytes_per_block=300)


def taken(*sent):
    joiner = BlockJoiner()
    return [outcome for block in sent for outcome in joiner.take(block)]


@pytest.mark.parametrize("bytes_per_block", [1_000, 300, 100, 40])
def test_blocks_are_joined_to_their_apdu(bytes_per_block):
    assert taken(*blocks(APDU, bytes_per_block=bytes_per_block)) == [APDU]


def test_one_apdu_follows_another():
    assert taken(FIRST, SECOND, THIRD, FIRST, SECOND, THIRD) == [APDU, APDU]


@pytest.mark.parametrize(
    "sent", [(SECOND, THIRD), (FIRST, THIRD), (FIRST, FIRST, THIRD), (FIRST, SECOND, SECOND), (THIRD, SECOND, FIRST)]
)
def test_blocks_that_are_missing_or_out_of_order_are_refused(sent):
    outcomes = taken(*sent)

    assert APDU not in outcomes
    assert {refused.kind for refused in outcomes} == {CaptureKind.BLOCK_TRANSFER}


def test_an_apdu_that_begins_anew_is_read_and_the_old_one_refused():
    refused, apdu = taken(FIRST, FIRST, SECOND, THIRD)

    assert refused.kind is CaptureKind.BLOCK_TRANSFER
    assert apdu == APDU


@pytest.mark.parametrize("block", [b"\xe0\x80", FIRST[:-1], FIRST + b"\x00", b"\xe0\x80\x00\x01\x00\x00\x85"])
def test_a_block_that_is_not_whole_is_refused(block):
    (refused,) = taken(block)

    assert refused.kind is CaptureKind.BLOCK_TRANSFER


def test_an_apdu_without_end_is_given_up():
    endless = [
        b"\xe0\x40" + number.to_bytes(2, "big") + b"\x00\x00\x82\x10\x00" + bytes(4_096)
        for number in range(1, MAX_APDU_BYTES // 4_096 + 2)
    ]

    assert [refused.kind for refused in taken(*endless)] == [CaptureKind.BLOCK_TRANSFER]
