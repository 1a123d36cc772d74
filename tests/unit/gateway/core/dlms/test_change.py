"""What a meter answers to a change, and a change that is too long for one request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms import change
from gateway.core.dlms.change import BlockTaken, Done
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.get_response import Denied, ServiceRefused
from gateway.core.errors import Undecodable

HEAD = bytes.fromhex("c101c1 0008 0000010000ff 02 00")


@pytest.mark.parametrize(
    ("apdu", "means"),
    [
        ("c501c100", Done()),
        ("c501c10b", Denied("object-unavailable")),
        ("c502c100000003", BlockTaken(3)),
        ("c503c10000000004", Done()),
        ("c503c10300000004", Denied("read-write-denied")),
        ("d80102", ServiceRefused("service-not-allowed, service-not-supported")),
        ("0e060302", ServiceRefused("confirmed-service-error 060302")),
    ],
)
def test_what_a_meter_answers_to_a_set(apdu, means):
    assert change.parse_set(bytes.fromhex(apdu)) == means


@pytest.mark.parametrize(
    ("apdu", "means"),
    [
        ("c701c100", Done()),
        ("c701c10000", Done()),
        ("c701c1000100 1105", Done(Data(DataType.UNSIGNED, 5))),
        ("c701c100010104", Denied("object-undefined")),
        ("c701c10300", Denied("read-write-denied")),
        ("c701c10c", Denied("type-unmatched")),
        ("d80202", ServiceRefused("service-unknown, service-not-supported")),
    ],
)
def test_what_a_meter_answers_to_an_action(apdu, means):
    assert change.parse_action(bytes.fromhex(apdu)) == means


@pytest.mark.parametrize(
    "apdu", ["", "c5", "c501c1", "c501c10000", "c504c100", "c502c1000001", "c503c100", "c401c10011"]
)
def test_no_answer_to_a_set_is_made_up(apdu):
    with pytest.raises(Undecodable):
        change.parse_set(bytes.fromhex(apdu))


@pytest.mark.parametrize(
    "apdu", ["", "c7", "c701c1", "c702c100", "c701c10002", "c701c1000100", "c701c1000101", "c501c100"]
)
def test_no_answer_to_an_action_is_made_up(apdu):
    with pytest.raises(Undecodable):
        change.parse_action(bytes.fromhex(apdu))


@given(st.sampled_from(["c501", "c502", "c503", "c701", "d8", "0e", ""]).map(bytes.fromhex), st.binary(max_size=30))
def test_whatever_comes_it_is_understood_or_undecodable(head, rest):
    for read in (change.parse_set, change.parse_action):
        try:
            read(head + rest)
        except Undecodable:
            continue


@given(value=st.binary(min_size=1, max_size=400), size=st.integers(1, 150))
def test_a_value_in_blocks_is_the_value(value, size):
    first, *others = change.set_blocks(HEAD + value, size)

    assert first.startswith(bytes.fromhex("c102c1") + HEAD[3:])
    blocks = [first[13:], *(other[3:] for other in others)]
    assert [int.from_bytes(block[1:5], "big") for block in blocks] == list(range(1, len(blocks) + 1))
    assert [block[0] for block in blocks] == [0] * (len(blocks) - 1) + [1]
    assert b"".join(block[6 if block[5] < 128 else 7 :] for block in blocks) == value
