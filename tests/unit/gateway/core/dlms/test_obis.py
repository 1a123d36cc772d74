"""OBIS codes in every spelling people use."""

import pytest

from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.errors import Undecodable


@pytest.mark.parametrize("text", ["1-0:1.8.0*255", "1.0.1.8.0.255", "1-0:1.8.0", "1.0.1.8.0", "1-0:1.8.0.255"])
def test_every_spelling_names_the_same_code(text):
    assert Obis.parse(text) == Obis(bytes((1, 0, 1, 8, 0, 255)))
    assert str(Obis.parse(text)) == "1.0.1.8.0.255"


@pytest.mark.parametrize(
    "text", ["", "1.8.0", "1-0:1.8.0*256", "300.0.1.8.0.255", "1.0.1.8.0.255.1", "a.b.c.d.e.f", "１.0.1.8.0"]
)
def test_what_is_no_code_is_refused_with_how_to_write_one(text):
    with pytest.raises(Undecodable, match="write it as"):
        Obis.parse(text)


def test_a_zero_group_stays_zero():
    assert str(Obis.parse("0.0.0.0.0.0")) == "0.0.0.0.0.0"


def test_octets_of_another_length_are_refused():
    assert str(Obis.of(bytes(6))) == "0.0.0.0.0.0"
    with pytest.raises(Undecodable, match="6 octets, not 5"):
        Obis.of(bytes(5))


def test_an_attribute_has_siblings_in_its_object():
    value = Attribute(class_id=3, obis=Obis.parse("1.0.1.8.0"), index=2)

    assert str(value.sibling(3)) == "3:1.0.1.8.0.255:3"
