"""A port's speed set over Telnet: what is said, what is heard, and what never confuses it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.rfc2217 import MAX_COMMAND_BYTES, PortCommand, PortControl, command, escaped

DO_PORT_CONTROL = bytes.fromhex("fffd2c")
BAUD_IS_300 = bytes.fromhex("fffa2c650000012cfff0")


def test_it_begins_by_wanting_port_control_and_eight_clean_bits():
    assert PortControl().begin().hex(" ", 3) == "fffb2c fffd2c fffb00 fffd00 fffb03 fffd03"


def test_the_port_is_served_once_the_other_end_agrees():
    control = PortControl()
    control.begin()

    assert control.is_served is None
    assert control.receive(DO_PORT_CONTROL).answer == b""
    assert control.is_served is True


def test_an_end_that_knows_no_port_control_says_so():
    control = PortControl()
    control.begin()

    control.receive(bytes.fromhex("fffe2cfffc2c"))

    assert control.is_served is False


def test_what_is_not_wanted_is_turned_down_once():
    control = PortControl()

    first, second = control.receive(bytes.fromhex("fffb01 fffd18")), control.receive(bytes.fromhex("fffb01 fffd18"))

    assert (first.answer.hex(), second.answer) == ("fffe01fffc18", b"")


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_data_and_commands_are_told_apart_however_they_are_cut(size):
    stream = b"\x7e\xa0" + BAUD_IS_300 + escaped(b"\xff\x00\xff") + DO_PORT_CONTROL + b"\x7e"
    control = PortControl()

    data = b"".join(control.receive(stream[at : at + size]).data for at in range(0, len(stream), size))

    assert data == b"\x7e\xa0\xff\x00\xff\x7e"
    assert control.granted == {PortCommand.BAUD: 300}


def test_a_speed_that_holds_a_255_travels_doubled():
    assert command(PortCommand.BAUD, 0xFF00).hex() == "fffa2c010000ffff00fff0"

    control = PortControl()
    control.receive(bytes.fromhex("fffa2c650000ffff00fff0"))

    assert control.granted == {PortCommand.BAUD: 0xFF00}


def test_a_command_without_end_is_not_kept():
    control = PortControl()

    control.receive(bytes.fromhex("fffa2c") + bytes(100_000))

    assert len(control._subcommand) <= MAX_COMMAND_BYTES
    assert control.receive(bytes.fromhex("fff0") + b"on").data == b"on"


@pytest.mark.parametrize("octets", ["fffafff0", "fffa2cfff0", "fffa2c65fff0", "fffa2cc801fff0", "fffa0165fff0", "fff1"])
def test_what_is_no_answer_of_a_port_grants_nothing(octets):
    control = PortControl()

    assert control.receive(bytes.fromhex(octets)).data == b""
    assert control.granted == {}


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_any_octets_are_survived_and_any_data_comes_back(noise, data):
    control = PortControl()

    control.receive(noise + bytes.fromhex("00fff0fff1"))

    assert control.receive(escaped(data) + b"\x00").data == data + b"\x00"
