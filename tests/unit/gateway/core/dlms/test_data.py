"""What a reader asks of a value, and what he is refused."""

import pytest

from gateway.core.dlms.cosem_time import CosemDateTime
from gateway.core.dlms.data import NULL, Data, DataType
from gateway.core.errors import Undecodable

A_DATE_TIME = bytes.fromhex("07ea0b15060c1e0f00ffc400")


def test_a_number_is_a_number():
    assert Data(DataType.LONG_UNSIGNED, 230).integer() == 230
    assert Data(DataType.FLOAT32, 230.5).number() == 230.5


@pytest.mark.parametrize(
    "data", [NULL, Data(DataType.BOOLEAN, True), Data(DataType.OCTET_STRING, b"\x01"), Data(DataType.FLOAT32, 1.5)]
)
def test_what_is_no_whole_number_is_refused_by_its_type(data):
    with pytest.raises(Undecodable, match=str(data.type)):
        data.integer()


def test_a_difference_is_never_taken_for_a_value():
    with pytest.raises(Undecodable, match="delta-long"):
        Data(DataType.DELTA_LONG, 5).number()


def test_printable_octets_are_text_without_their_padding():
    assert Data(DataType.OCTET_STRING, b"LMP10000001\x00\x00").text() == "LMP10000001"
    assert Data(DataType.VISIBLE_STRING, "AIDON_V0001  ").text() == "AIDON_V0001"


def test_other_octets_are_hex_and_never_an_empty_text():
    assert Data(DataType.OCTET_STRING, b"\x01\xff").text() == "01ff"
    assert Data(DataType.OCTET_STRING, b"\x00\x00").text() == "0000"


def test_a_date_time_is_read_from_octets_and_from_its_own_type():
    moment = CosemDateTime.decode(A_DATE_TIME)

    assert Data(DataType.OCTET_STRING, A_DATE_TIME).date_time() == moment
    assert Data(DataType.DATE_TIME, moment).date_time() == moment


def test_only_arrays_and_structures_have_items():
    assert Data(DataType.STRUCTURE, (NULL,)).items() == (NULL,)
    with pytest.raises(Undecodable, match="array or structure"):
        Data(DataType.BIT_STRING, (True, False)).items()


def test_a_number_is_no_octet_string():
    with pytest.raises(Undecodable, match="octet-string was expected, the meter sent unsigned"):
        Data(DataType.UNSIGNED, 1).octets()
