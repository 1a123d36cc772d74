"""Deterministic CBOR: one value, one encoding, and nothing taken that would not be written."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.codec import MAX_DEPTH, decode, encode
from wire.refusals import CodecRefused

INTEGERS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.binary(max_size=40) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(INTEGERS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_reads_back_the_same(value):
    assert decode(encode(value)) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_and_never_crash(data):
    try:
        value = decode(data)
    except CodecRefused:
        return

    assert encode(value) == data


def test_map_keys_stand_in_the_bytewise_order_of_rfc_8949():
    assert encode({-1: 0, 24: 0, 0: 0}).hex() == "a3" + "0000" + "181800" + "2000"


@pytest.mark.parametrize(
    ("why", "data"),
    [
        ("a duplicate key", "a201000101"),
        ("keys out of order", "a202000100"),
        ("a text key", "a1616100"),
        ("a boolean key equal to a number", "a2010af514"),
        ("an integer in more bytes than it needs", "1801"),
        ("an indefinite array", "9f01ff"),
        ("an indefinite text", "7f6161ff"),
        ("a float", "f93c00"),
        ("a float that equals an integer", "fb3ff0000000000000"),
        ("a date tag", "c11a514b67b0"),
        ("a bignum tag", "c2420100"),
        ("a decimal tag that explodes", "c4821b000000004000000001"),
        ("a decimal tag out of the reach of decimals", "c4821b400000000000000003"),
        ("a bigfloat tag that overflows", "c5821b0de0b6b3a764000003"),
        ("a bignum in tags in tags", "c2" * 3 + "40"),
        ("a string reference", "d9010082" + "43616263" + "d81900"),
        ("a regular expression tag", "d8236161"),
        ("a shared reference", "d81c80"),
        ("undefined", "f7"),
        ("a simple value", "e0"),
        ("trailing bytes", "0000"),
        ("nothing at all", ""),
        ("an array that claims to be huge", "9b7fffffffffffffff"),
        ("text that is not UTF-8", "62c328"),
        ("NUL in text", "6100"),
        ("2^64 - 1", "1bffffffffffffffff"),
    ],
)
def test_another_form_of_a_value_is_refused(why, data):
    with pytest.raises(CodecRefused):
        decode(bytes.fromhex(data))


def test_a_few_octets_that_refer_to_each_other_without_end_are_refused_at_their_first_tag():
    refers, innermost = bytes.fromhex("d81d"), bytes.fromhex("d81c") + b"\x98\x3c" + b"\x00" * 60
    bomb = innermost
    for level in reversed(range(4)):
        bomb = bytes.fromhex("d81c") + b"\x98\x3c" + bomb + (refers + bytes([level + 1])) * 59

    with pytest.raises(CodecRefused, match="a tag"):
        decode(bomb)


@given(VALUES, st.data())
def test_no_octet_of_a_value_can_be_dropped_or_added(value, data):
    octets = encode(value)
    at = data.draw(st.integers(0, len(octets) - 1))

    with pytest.raises(CodecRefused):
        decode(octets[:at])
    with pytest.raises(CodecRefused):
        decode(octets + octets[at:])


def test_nesting_over_the_limit_is_refused_both_ways():
    deep: list[object] = []
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]

    with pytest.raises(CodecRefused):
        encode(deep)
    with pytest.raises(CodecRefused):
        decode(cbor2.dumps(deep))


@pytest.mark.parametrize("value", [1.5, {"a": 1}, {True: 1}, 2**63, -(2**63) - 1, "\0", "\ud800", {1, 2}])
def test_what_the_contract_does_not_allow_is_not_written(value):
    with pytest.raises(CodecRefused):
        encode(value)
