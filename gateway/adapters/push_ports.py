"""Where pushes arrive, as `PushPort`s: a serial customer port, and our own address on TCP or UDP.

Whoever reaches a listening address may send what he likes, so everything has a bound: connections at a time, octets of
each in a minute, minutes of silence, datagrams in a second. Where one more connection comes than there may be, the one
that has said nothing for longest makes room: the meter that calls now is worth more. What is cut short is counted.
"""

import errno
import selectors
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from gateway.adapters.serial_port import SerialPort
from gateway.core.errors import PortGone, PortUnavailable
from gateway.core.line_address import SerialAddress
from gateway.core.ports import Heard, PushPort
from gateway.core.profile_settings import PushSettings
from gateway.core.push.address import ListenAddress, PushAddress

MAX_TALKS = 16
MOST_OCTETS_A_MINUTE = 256_000
MOST_DATAGRAMS_A_SECOND = 50
LONGEST_SILENCE_S = 900.0
_READ_BYTES = 16_384
_MOST_ACCEPTED = 4  # in one turn, so that what is there is read as well
_SEVEN_BITS = bytes(octet & 0x7F for octet in range(256))
_WHAT_TO_DO = {
    errno.EADDRINUSE: "another program listens there: `ss -lntup` names it",
    errno.EADDRNOTAVAIL: "give an address of this machine, or 0.0.0.0 for all of them",
    errno.EACCES: "ports below 1024 are the system's: give another",
}


def open_push_port(address: PushAddress, settings: PushSettings, monotonic: Callable[[], float]) -> PushPort:
    """Open a push port; raises PortUnavailable."""
    if isinstance(address, SerialAddress):
        return SerialPushPort(address.path, settings.baud, settings.character)
    return (TcpPushPort if address.transport == "tcp" else UdpPushPort)(address, monotonic)


class SerialPushPort:
    """A customer port on a serial line. Seven bits with even parity are taken from eight, as everywhere here."""

    def __init__(self, path: str, baud: int, character: str) -> None:
        """Open it; raises PortUnavailable."""
        self._port = SerialPort(path, baud, has_parity=character == "8E1")
        self._has_seven_bits = character == "7E1"
        self.refused: Counter[str] = Counter()

    def wait(self, timeout_s: float) -> list[Heard]:
        octets = self._port.read(timeout_s)
        if self._has_seven_bits:
            octets = octets.translate(_SEVEN_BITS)
        return [Heard(talk=0, octets=octets)] if octets else []

    def close(self) -> None:
        self._port.close()


@dataclass(slots=True)
class _Talk:
    """One connection: when it last said something, and how much it has said in the minute that began at `minute_s`."""

    number: int
    socket: socket.socket
    heard_s: float
    minute_s: float
    octets: int = 0


class TcpPushPort:
    """Our own address, to which meters connect."""

    def __init__(self, address: ListenAddress, monotonic: Callable[[], float]) -> None:
        """Listen; raises PortUnavailable."""
        self.refused: Counter[str] = Counter()
        self._where = str(address)
        self._monotonic = monotonic
        self._numbers = count(1)
        self._talks: dict[int, _Talk] = {}
        self._over: list[Heard] = []
        self._listener = _bound(address, socket.SOCK_STREAM)
        self._listener.listen(MAX_TALKS)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, None)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._listener.getsockname()[1])

    def wait(self, timeout_s: float) -> list[Heard]:
        try:
            ready = self._selector.select(0 if self._over else max(timeout_s, 0))
        except OSError as error:
            raise PortGone(f"the push port broke away: {error}", where=self._where) from error
        heard: list[Heard] = []
        for key, _ in ready:
            talk: _Talk | None = key.data
            if talk is None:
                self._accept()
            elif talk.number in self._talks:
                heard += self._read(talk)
        self._end_the_silent()
        over, self._over = self._over, []
        return heard + over

    def close(self) -> None:
        for talk in tuple(self._talks.values()):
            self._end(talk)
        self._selector.close()
        self._listener.close()

    def _accept(self) -> None:
        for _ in range(_MOST_ACCEPTED):
            try:
                accepted, _peer = self._listener.accept()
            except OSError:
                return  # nobody waits any more, or he has gone again
            accepted.setblocking(False)
            if len(self._talks) >= MAX_TALKS:
                self.refused["crowded-out"] += 1
                self._end(min(self._talks.values(), key=lambda talk: talk.heard_s))
            now_s = self._monotonic()
            talk = _Talk(next(self._numbers), accepted, heard_s=now_s, minute_s=now_s)
            self._talks[talk.number] = talk
            self._selector.register(accepted, selectors.EVENT_READ, talk)

    def _read(self, talk: _Talk) -> list[Heard]:
        try:
            octets = talk.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            octets = b""
        if not octets:
            self._end(talk)
            return []
        now_s = self._monotonic()
        if now_s - talk.minute_s >= 60:
            talk.minute_s, talk.octets = now_s, 0
        talk.heard_s, talk.octets = now_s, talk.octets + len(octets)
        if talk.octets > MOST_OCTETS_A_MINUTE:
            self.refused["too-much-sent"] += 1
            self._end(talk)
            return []
        return [Heard(talk=talk.number, octets=octets)]

    def _end_the_silent(self) -> None:
        oldest_s = self._monotonic() - LONGEST_SILENCE_S
        for talk in [talk for talk in self._talks.values() if talk.heard_s < oldest_s]:
            self._end(talk)

    def _end(self, talk: _Talk) -> None:
        del self._talks[talk.number]
        self._selector.unregister(talk.socket)
        talk.socket.close()
        self._over.append(Heard(talk=talk.number, is_over=True))


class UdpPushPort:
    """Our own address, to which meters send datagrams; each is a message of its own."""

    def __init__(self, address: ListenAddress, monotonic: Callable[[], float]) -> None:
        """Listen; raises PortUnavailable."""
        self.refused: Counter[str] = Counter()
        self._where = str(address)
        self._monotonic = monotonic
        self._numbers = count(1)
        self._second_s = monotonic()
        self._datagrams = 0
        self._socket = _bound(address, socket.SOCK_DGRAM)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._socket.getsockname()[1])

    def wait(self, timeout_s: float) -> list[Heard]:
        self._socket.settimeout(max(timeout_s, 0.001))
        try:
            octets = self._socket.recv(_READ_BYTES * 4)
        except TimeoutError:
            return []
        except ConnectionError:
            return []  # somebody we never wrote to is not there
        except OSError as error:
            raise PortGone(f"the push port broke away: {error}", where=self._where) from error
        now_s = self._monotonic()
        if now_s - self._second_s >= 1:
            self._second_s, self._datagrams = now_s, 0
        self._datagrams += 1
        if self._datagrams > MOST_DATAGRAMS_A_SECOND:
            self.refused["too-much-sent"] += 1
            return []
        return [Heard(talk=next(self._numbers), octets=octets, is_over=True)]

    def close(self) -> None:
        self._socket.close()


def _bound(address: ListenAddress, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    bound = socket.socket(family, kind)
    try:
        if kind is socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.setblocking(False)
        bound.bind((address.host, address.port))
    except OSError as error:
        bound.close()
        do = _WHAT_TO_DO.get(error.errno or 0, "check the address and the network")
        raise PortUnavailable(f"cannot listen: {error.strerror}", where=str(address), do=do) from error
    return bound
