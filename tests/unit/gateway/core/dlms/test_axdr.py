"""A-XDR: every type is read and written, and nothing that is not there is believed."""

import pytest

from gateway.core.dlms import axdr
from gateway.core.dlms.cosem_time import CosemDate, CosemDateTime, CosemTime
from gateway.core.dlms.data import Data, DataType
from gateway.core.errors import Undecodable
from tests import fakes_axdr

A_DATE_TIME = bytes.fromhex("07ea0b15060c1e0f00ffc400")
# One value of each type, by hand from the standard's tables: octets, type, value.
EVERY_TYPE = [
    ("00", DataType.NULL_DATA, None),
    ("0102 1101 1102", DataType.ARRAY, (Data(DataType.UNSIGNED, 1), Data(DataType.UNSIGNED, 2))),
    ("0202 1101 00", DataType.STRUCTURE, (Data(DataType.UNSIGNED, 1), Data(DataType.NULL_DATA))),
    ("0301", DataType.BOOLEAN, True),
    ("040a a080", DataType.BIT_STRING, (True, False, True, False, False, False, False, False, True, False)),
    ("05 fffffffe", DataType.DOUBLE_LONG, -2),
    ("06 fffffffe", DataType.DOUBLE_LONG_UNSIGNED, 4_294_967_294),
    ("0903 0102ff", DataType.OCTET_STRING, b"\x01\x02\xff"),
    ("0a03 414244", DataType.VISIBLE_STRING, "ABD"),
    ("0c02 c3a9", DataType.UTF8_STRING, "é"),
    ("0d 42", DataType.BCD, 42),
    ("0f ff", DataType.INTEGER, -1),
    ("10 8000", DataType.LONG, -32_768),
    ("11 ff", DataType.UNSIGNED, 255),
    ("12 ffff", DataType.LONG_UNSIGNED, 65_535),
    ("14 ffffffffffffffff", DataType.LONG64, -1),
    ("15 ffffffffffffffff", DataType.LONG64_UNSIGNED, 2**64 - 1),
    ("16 02", DataType.ENUM, 2),
    ("17 43660000", DataType.FLOAT32, 230.0),
    ("18 406cc00000000000", DataType.FLOAT64, 230.0),
    ("19" + A_DATE_TIME.hex(), DataType.DATE_TIME, CosemDateTime.decode(A_DATE_TIME)),
    ("1a 07ea0b1506", DataType.DATE, CosemDate(year=2026, month=11, day=21, weekday=6)),
    ("1b 0c1e0fff", DataType.TIME, CosemTime(hour=12, minute=30, second=15, hundredths=None)),
    ("1c fb", DataType.DELTA_INTEGER, -5),
    ("1d fffb", DataType.DELTA_LONG, -5),
    ("1e fffffffb", DataType.DELTA_DOUBLE_LONG, -5),
    ("1f fb", DataType.DELTA_UNSIGNED, 251),
    ("20 fffb", DataType.DELTA_LONG_UNSIGNED, 65_531),
    ("21 fffffffb", DataType.DELTA_DOUBLE_LONG_UNSIGNED, 4_294_967_291),
    ("ff", DataType.DONT_CARE, None),
]


@pytest.mark.parametrize(("octets", "type_", "value"), EVERY_TYPE, ids=[str(case[1]) for case in EVERY_TYPE])
def test_every_type_is_read_and_written_again_as_it_came(octets, type_, value):
    data = axdr.decode(bytes.fromhex(octets))

    assert data == Data(type_, value)
    assert fakes_axdr.encode(data) == bytes.fromhex(octets)


def test_no_type_of_the_standard_is_left_out():
    covered = {type_ for _, type_, _ in EVERY_TYPE} | {DataType.COMPACT_ARRAY}

    assert covered == set(DataType)


def test_a_compact_array_tells_its_types_once():
    two_rows = bytes.fromhex("13 02 02 12 06 0c 0001 00000002 0003 00000004")

    data = axdr.decode(two_rows)

    assert [[cell.value for cell in row.items()] for row in data.items()] == [[1, 2], [3, 4]]
    assert {cell.type for row in data.items() for cell in row.items()} == {
        DataType.LONG_UNSIGNED,
        DataType.DOUBLE_LONG_UNSIGNED,
    }
    assert fakes_axdr.encode(data) == two_rows


def test_a_compact_array_may_hold_strings_of_different_lengths_and_inner_arrays():
    octets = bytes.fromhex("13 02 02 09 01 0002 11 09 01 aa 01 02 02 bb cc 03 04")

    data = axdr.decode(octets)

    first, second = (row.items() for row in data.items())
    assert (first[0].value, [item.value for item in first[1].items()]) == (b"\xaa", [1, 2])
    assert (second[0].value, [item.value for item in second[1].items()]) == (b"\xbb\xcc", [3, 4])
    assert fakes_axdr.encode(data) == octets


def test_an_empty_compact_array_has_no_elements():
    assert axdr.decode(bytes.fromhex("13 11 00")).items() == ()


@pytest.mark.parametrize("size", [0, 127, 128, 255, 256, 65_536])
def test_an_octet_string_of_any_length_survives_the_round_trip(size):
    data = Data(DataType.OCTET_STRING, bytes(size))

    assert axdr.decode(fakes_axdr.encode(data)) == data


def test_what_stands_behind_the_first_value_is_handed_back():
    data, rest = axdr.decode_first(bytes.fromhex("1105 1106"))

    assert (data.value, rest) == (5, b"\x11\x06")


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        ("", "promised"),
        ("11", "promised"),
        ("1101 00", "left over"),
        ("02", "promised"),
        ("02 03 1101 1102", "promised"),
        ("09 84 7fffffff 00", "promised"),
        ("01 84 ffffffff", "promised"),
        ("09 85 0000000001 00", "length"),
        ("09 80", "length"),
        ("04 83 ffffff 00", "promised"),
        ("07 00000000", "no data type"),
        ("63", "no data type"),
        ("0d 4a", "BCD"),
        ("0c 01 ff", "UTF-8"),
        ("1a 07ea0d0106", "month"),
        ("02 01" * 14 + "00", "levels"),
        ("13 13 11 01 00", "compact"),
        ("13 12 03 000102", "promised"),
        ("13 12 03 000102 aa", "compact"),
        ("13 00 01 00", "compact"),
        ("13 11 05 01", "compact"),
        ("13 01 ffff 01 ffff 01 ffff 00 01 00", "values"),
        ("13 01 ffff 01 ffff 02 00 01 00", "values"),
    ],
)
def test_octets_that_are_no_value_are_refused(octets, why):
    with pytest.raises(Undecodable, match=why):
        axdr.decode(bytes.fromhex(octets))


def test_twelve_levels_are_read_and_thirteen_are_refused():
    assert axdr.decode(bytes.fromhex("0201" * 12 + "00"))
    with pytest.raises(Undecodable, match="levels"):
        axdr.decode(bytes.fromhex("0201" * 13 + "00"))


def test_a_length_may_be_written_longer_than_it_need_be():
    assert axdr.decode(bytes.fromhex("09 82 0001 aa")).value == b"\xaa"
