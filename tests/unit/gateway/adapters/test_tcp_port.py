"""A TCP connection as a line."""

import socket

import pytest

from gateway.adapters.tcp_port import TcpPort
from gateway.core.errors import PortGone, PortUnavailable
from tests.waiting import SURELY_S


@pytest.fixture
def meter():
    """A listening socket on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def ends(meter):
    port = TcpPort(*meter.getsockname())
    peer, _ = meter.accept()
    with peer:
        yield port, peer
    port.close()


def test_octets_go_both_ways(ends):
    port, peer = ends

    port.write(b"ask")
    peer.sendall(b"answer")

    assert peer.recv(16) == b"ask"
    assert port.read(SURELY_S) == b"answer"


def test_a_silent_peer_gives_nothing_once_the_time_is_over(ends):
    port, _ = ends

    assert port.read(0.01) == b""
    assert port.read(-1.0) == b""


def test_a_peer_that_closes_is_gone_at_once_and_nobody_spins(ends):
    port, peer = ends

    peer.close()

    with pytest.raises(PortGone, match="the peer closed it"):
        port.read(SURELY_S)


def test_a_broken_connection_is_gone(ends):
    port, _ = ends

    port.close()

    with pytest.raises(PortGone):
        port.write(b"ask")
    with pytest.raises(PortGone):
        port.read(0.0)


def test_a_converter_keeps_its_own_speed(ends):
    port, peer = ends

    port.set_baud(300)
    port.write(b"still here")

    assert peer.recv(16) == b"still here"


def test_nobody_there_is_refused_with_what_to_do(meter):
    address = meter.getsockname()
    meter.close()

    with pytest.raises(PortUnavailable, match="refused") as refused:
        TcpPort(*address)

    assert "network" in refused.value.do


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".invalid"])
def test_a_name_nobody_has_is_refused(host):
    with pytest.raises(PortUnavailable):
        TcpPort(host, 4_059, connect_timeout_s=5.0)
