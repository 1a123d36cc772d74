"""Push ports of the machine: what a peer may do at one, and where it ends."""

import os
import pty
import socket
from collections.abc import Iterator

import pytest

from gateway.adapters import push_ports
from gateway.adapters.push_ports import SerialPushPort, TcpPushPort, UdpPushPort
from gateway.core.errors import PortGone, PortUnavailable
from gateway.core.ports import Heard
from gateway.core.push.address import ListenAddress
from tests.fakes_gateway import FakeClock
from tests.waiting import SURELY_S, eventually

HERE = ListenAddress(transport="tcp", host="127.0.0.1", port=0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def port(clock: FakeClock) -> Iterator[TcpPushPort]:
    port = TcpPushPort(HERE, clock.monotonic)
    yield port
    port.close()


@pytest.fixture
def peers(port: TcpPushPort) -> Iterator[list[socket.socket]]:
    peers = list[socket.socket]()
    yield peers
    for peer in peers:
        peer.close()


def call(port: TcpPushPort, peers: list[socket.socket]) -> socket.socket:
    peers.append(socket.create_connection(("127.0.0.1", port.port), timeout=SURELY_S))
    return peers[-1]


def until(port: TcpPushPort | UdpPushPort | SerialPushPort, octets: bytes) -> list[Heard]:
    """Everything heard, until these octets have come."""
    heard = list[Heard]()

    def have_come() -> bool:
        heard.extend(port.wait(0.01))
        return octets in b"".join(each.octets for each in heard)

    eventually(have_come, what="the octets")
    return heard


def test_each_connection_is_a_conversation_of_its_own_and_ends(port: TcpPushPort, peers: list[socket.socket]) -> None:
    first, second = call(port, peers), call(port, peers)
    first.sendall(b"one")
    heard = until(port, b"one")
    second.sendall(b"two")
    heard += until(port, b"two")
    first.close()

    eventually(lambda: any(each.is_over for each in port.wait(0.01)), what="its end")

    assert len({each.talk for each in heard if each.octets}) == 2


def test_one_connection_too_many_ends_the_one_that_was_silent_longest(
    port: TcpPushPort, peers: list[socket.socket], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_ports, "MAX_TALKS", 2)
    silent, busy = call(port, peers), call(port, peers)
    silent.sendall(b"hello")
    until(port, b"hello")
    clock.advance(5)
    busy.sendall(b"list")
    until(port, b"list")

    call(port, peers).sendall(b"meter")
    until(port, b"meter")

    assert silent.recv(1) == b""
    assert port.refused == {"crowded-out": 1}


def test_who_sends_without_end_is_cut_off_and_counted(
    port: TcpPushPort, peers: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_ports, "MOST_OCTETS_A_MINUTE", 8)
    call(port, peers).sendall(b"0123456789")

    eventually(lambda: bool(port.wait(0.01)), what="its end")

    assert port.refused == {"too-much-sent": 1}


def test_a_minute_later_it_may_speak_again(
    port: TcpPushPort, peers: list[socket.socket], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_ports, "MOST_OCTETS_A_MINUTE", 8)
    peer = call(port, peers)
    for octets in (b"1234567", b"7654321"):
        peer.sendall(octets)
        until(port, octets)
        clock.advance(61)

    assert port.refused == {}


def test_a_conversation_in_which_nothing_is_said_ends(
    port: TcpPushPort, peers: list[socket.socket], clock: FakeClock
) -> None:
    peer = call(port, peers)
    port.wait(SURELY_S)
    clock.advance(901)

    port.wait(0)

    assert peer.recv(1) == b""


def test_a_datagram_is_a_whole_conversation_and_a_flood_of_them_is_not_heard(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_ports, "MOST_DATAGRAMS_A_SECOND", 2)
    port = UdpPushPort(ListenAddress(transport="udp", host="127.0.0.1", port=0), clock.monotonic)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        for _ in range(3):
            peer.sendto(b"gasp", ("127.0.0.1", port.port))
        heard = [each for _ in range(3) for each in port.wait(SURELY_S)]
        clock.advance(2)
        peer.sendto(b"more", ("127.0.0.1", port.port))
        heard += port.wait(SURELY_S)
    port.close()

    assert [(each.octets, each.is_over) for each in heard] == [(b"gasp", True), (b"gasp", True), (b"more", True)]
    assert len({each.talk for each in heard}) == 3
    assert port.refused == {"too-much-sent": 1}


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_an_address_that_is_not_ours_is_told_with_what_to_do(clock: FakeClock, host: str) -> None:
    with pytest.raises(PortUnavailable) as refused:
        TcpPushPort(ListenAddress(transport="tcp", host=host, port=4060), clock.monotonic)

    assert refused.value.do


def test_an_address_in_use_is_told_with_who_to_look_for(port: TcpPushPort, clock: FakeClock) -> None:
    with pytest.raises(PortUnavailable, match="cannot listen") as refused:
        TcpPushPort(ListenAddress(transport="tcp", host="127.0.0.1", port=port.port), clock.monotonic)

    assert "another program listens there" in refused.value.do


def test_seven_bits_are_taken_from_eight() -> None:
    master, slave = pty.openpty()
    port = SerialPushPort(os.ttyname(slave), 9600, "7E1")
    os.write(master, bytes(octet | 0x80 for octet in b"/KFM5"))

    heard = until(port, b"/KFM5")
    os.close(master)
    os.close(slave)

    with pytest.raises(PortGone):
        eventually(lambda: bool(port.wait(0.01)), what="its end")
    port.close()
    assert {each.talk for each in heard} == {0}
