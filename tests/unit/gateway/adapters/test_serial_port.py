"""A serial port: ours alone, and honest about what is wrong with it. A pty stands in for the device."""

import os
import tty

import pytest

from gateway.adapters.serial_port import SerialPort
from gateway.core.errors import PortGone, PortUnavailable
from tests.waiting import eventually


@pytest.fixture
def pty():
    """A pty's two ends: the far one as a file descriptor, the near one as a path."""
    far, near = os.openpty()
    tty.setraw(near)
    path = os.ttyname(near)
    yield far, path
    for descriptor in (far, near):
        try:
            os.close(descriptor)
        except OSError:
            continue


@pytest.fixture
def port(pty):
    opened = SerialPort(pty[1], 9_600)
    yield opened
    opened.close()


def whole(read, count):
    """So many octets, in however many pieces they come."""
    came = bytearray()
    eventually(lambda: came.extend(read()) or len(came) >= count, what=f"{count} octets")
    return bytes(came)


def test_octets_go_both_ways_as_they_are(pty, port):
    every_octet = bytes(range(256))

    port.write(every_octet)
    os.write(pty[0], every_octet)

    assert whole(lambda: os.read(pty[0], 1_024), 256) == every_octet
    assert whole(lambda: port.read(1.0), 256) == every_octet


def test_a_silent_line_gives_nothing_once_the_time_is_over(port):
    assert port.read(0.01) == b""
    assert port.read(-1.0) == b""


def test_the_speed_can_be_changed_while_open(pty, port):
    port.set_baud(300)

    port.write(b"slow")

    assert whole(lambda: os.read(pty[0], 16), 4) == b"slow"


def test_a_port_in_use_is_refused_to_a_second_program(pty, port):
    with pytest.raises(PortUnavailable, match="another program uses the port") as refused:
        SerialPort(pty[1], 9_600)

    assert "fuser" in refused.value.do


@pytest.mark.parametrize(
    ("path", "what"), [("/dev/no-such-port", "no such port"), ("/dev", "a folder"), ("/dev/null", "no serial port")]
)
def test_what_is_no_port_is_named_with_what_to_do(path, what):
    with pytest.raises(PortUnavailable, match=what) as refused:
        SerialPort(path, 9_600)

    assert refused.value.where == path
    assert refused.value.do


def test_a_speed_the_port_does_not_know_is_refused(pty):
    with pytest.raises(PortUnavailable):
        SerialPort(pty[1], -1)


def test_a_device_that_is_pulled_is_gone_and_not_silent(pty, port):
    os.close(pty[0])

    with pytest.raises(PortGone, match="broke away"):
        port.read(1.0)


def test_writing_and_switching_tell_a_vanished_device_too(port):
    port.close()

    with pytest.raises(PortGone):
        port.write(b"anybody?")
    with pytest.raises(PortGone):
        port.read(0.0)


def test_a_speed_that_cannot_be_set_while_open_is_told(port):
    with pytest.raises(PortGone):
        port.set_baud(-1)


def test_closing_twice_does_nothing(port):
    port.close()
    port.close()


def test_a_pty_is_opened_again_and_again_though_it_has_no_parity_bit(pty):
    for _ in range(3):
        SerialPort(pty[1], 2_400, has_parity=True).close()

    with_parity = SerialPort(pty[1], 2_400, has_parity=True)
    os.write(pty[0], b"\xff7")

    assert whole(lambda: with_parity.read(1.0), 2) == b"\xff7"
    with_parity.close()
