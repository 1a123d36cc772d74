"""A port behind a converter, served by pyserial's own RFC 2217 server."""

import socket
import threading

import pytest

from gateway.adapters.rfc2217_port import Rfc2217Port
from gateway.core.errors import PortGone, PortUnavailable
from tests.fakes_rfc2217 import LoopPort, converter
from tests.waiting import SURELY_S


def opened(at, baud, **more):
    """The port behind a converter that may take its time to answer."""
    return Rfc2217Port(*at, baud, answer_timeout_s=SURELY_S, **more)


@pytest.fixture
def far():
    return LoopPort()


@pytest.fixture
def port(far):
    with converter(far) as at:
        port = opened(at, 300, pause=lambda _seconds: None)
        yield port
        port.close()


def test_the_far_port_is_taken_at_the_speed_and_as_8n1(far, port):
    assert (far.baudrate, far.bytesize, far.parity, far.stopbits) == (300, 8, "N", 1)
    assert far.dtr
    assert far.rts


def test_the_far_port_has_even_parity_where_it_is_asked_for(far):
    with converter(far) as at:
        opened(at, 2_400, has_parity=True, pause=lambda _seconds: None).close()

    assert (far.baudrate, far.parity) == (2_400, "E")


def test_octets_of_every_kind_go_both_ways(port):
    every = bytes(range(256)) + b"\xff\xff"
    heard = b""

    port.write(every)
    while len(heard) < len(every):
        heard += port.read(SURELY_S)

    assert heard == every


def test_the_speed_is_changed_at_the_far_port(far, port):
    port.set_baud(9_600)

    assert far.baudrate == 9_600


def test_what_is_written_is_waited_for_at_the_speed_of_the_line(far):
    waited = []

    with converter(far) as at:
        port = opened(at, 300, pause=waited.append)
        port.write(b"/?!\r\n")
        port.set_baud(9_600)
        port.write(bytes(96))
        port.close()

    assert waited == [pytest.approx(5 / 30), pytest.approx(0.1)]


def test_a_silent_line_gives_nothing_once_the_time_is_over(port):
    assert port.read(0.01) == b""
    assert port.read(-1.0) == b""


def test_a_converter_that_keeps_its_speed_is_named(far):
    class Stubborn(LoopPort):
        baudrate = property(lambda _self: 9_600, lambda _self, _baud: None)

    with converter(Stubborn()) as at, pytest.raises(PortUnavailable, match="stays at 9600 baud when 300"):
        opened(at, 300)


def test_a_peer_that_closes_is_gone_at_once():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        opened = []
        threading.Thread(target=lambda: opened.append(listening.accept()[0]) or opened[0].close(), daemon=True).start()

        with pytest.raises(PortUnavailable):
            Rfc2217Port(*listening.getsockname(), 300)


def test_a_converter_that_vanishes_is_gone_and_not_silent(far):
    with converter(far) as at:
        port = opened(at, 300, pause=lambda _seconds: None)
        port._tcp._socket.shutdown(socket.SHUT_RDWR)

        with pytest.raises(PortGone):
            port.read(SURELY_S)
        with pytest.raises(PortGone):
            port.set_baud(300)
        port.close()
        port.close()


def test_whoever_does_not_speak_rfc_2217_is_refused_in_time():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        with pytest.raises(PortUnavailable, match="does not speak RFC 2217") as refused:
            Rfc2217Port(*listening.getsockname(), 300, answer_timeout_s=0.05)

        assert "hdlc+tcp" in refused.value.do


def test_nobody_there_is_refused_with_what_to_do():
    with pytest.raises(PortUnavailable, match="cannot connect"):
        Rfc2217Port("127.0.0.1", 1, 300)
