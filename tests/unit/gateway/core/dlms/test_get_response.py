"""What a meter answers to a GET."""

import pytest

from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.get_response import Block, Denied, ServiceRefused, Values, parse, values_of_blocks
from gateway.core.errors import Undecodable

FIVE = Data(DataType.UNSIGNED, 5)


def test_one_value():
    assert parse(bytes.fromhex("c401c1001105")) == Values((FIVE,))


def test_one_refusal_in_the_meters_own_word():
    assert parse(bytes.fromhex("c401c10103")) == Values((Denied("read-write-denied"),))


def test_a_refusal_nobody_numbered_keeps_its_number():
    assert parse(bytes.fromhex("c401c10163")) == Values((Denied("access-result-99"),))


def test_a_list_mixes_values_and_refusals_in_the_order_asked():
    answer = parse(bytes.fromhex("c403c1 03 001105 0104 0009020a0b"))

    assert answer == Values((FIVE, Denied("object-undefined"), Data(DataType.OCTET_STRING, b"\x0a\x0b")))


def test_a_value_of_more_than_127_octets_in_a_list():
    answer = parse(bytes.fromhex("c403c1 02 00 09 8180") + bytes(128) + bytes.fromhex("001105"))

    assert answer == Values((Data(DataType.OCTET_STRING, bytes(128)), FIVE))


def test_a_block_and_the_last_one():
    assert parse(bytes.fromhex("c402c1 00 00000001 00 02 aabb")) == Block(number=1, is_last=False, octets=b"\xaa\xbb")
    assert parse(bytes.fromhex("c402c1 01 00000002 00 00")) == Block(number=2, is_last=True, octets=b"")


def test_a_long_answer_that_fails_in_the_middle_says_why():
    assert parse(bytes.fromhex("c402c1 01 00000002 01 0f")) == Values((Denied("long-get-aborted"),))


def test_blocks_together_are_one_value_or_a_list():
    assert values_of_blocks(bytes.fromhex("1105"), is_list=False) == Values((FIVE,))
    assert values_of_blocks(bytes.fromhex("02 001105 0104"), is_list=True) == Values((FIVE, Denied("object-undefined")))


@pytest.mark.parametrize(
    ("apdu", "reason"),
    [
        ("d80101", "service-not-allowed, operation-not-possible"),
        ("d80202", "service-unknown, service-not-supported"),
        ("d8", "0, 0"),
        ("0e050500", "confirmed-service-error 050500"),
    ],
)
def test_a_service_that_is_refused_is_no_answer_to_an_attribute(apdu, reason):
    assert parse(bytes.fromhex(apdu)) == ServiceRefused(reason)


@pytest.mark.parametrize(
    "apdu",
    [
        "",
        "c4",
        "c401",
        "c401c1",
        "c401c102",
        "c401c101",
        "c401c10011",
        "c401c1001105ff",
        "c401c10104ff",
        "c404c1001105",
        "c402c1 00 000001",
        "c402c1 00 00000001 00 05 aabb",
        "c402c1 00 00000001 02 02 aabb",
        "c402c1 01 00000001 01",
        "c403c1 02 001105",
        "c403c1 01 001105 00",
        "c403c1 84ffffffff 001105",
        "0f40000000000000",
        "6129a109",
    ],
)
def test_anything_else_is_undecodable(apdu):
    with pytest.raises(Undecodable):
        parse(bytes.fromhex(apdu))
