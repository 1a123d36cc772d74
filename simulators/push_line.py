"""Where a simulated meter's pushes go: a second pseudo-terminal, a TCP connection of its own making, or datagrams.

A connection that cannot be made, or breaks, loses what was being said and is made again with the next push: a meter
has no room to keep it. Nothing is ever read.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from runtime.clock import Clock
from runtime.errors import InputRefused
from simulators.meter.push import Pusher
from simulators.moment import Moment
from simulators.serial_line import SerialLine, open_line

_LOOK_S = 0.02
_CONNECT_WITHIN_S = 2.0
_DO = "give a path, tcp://HOST:PORT or udp://HOST:PORT"


class PushLine(Protocol):
    """What carries what is pushed."""

    async def send(self, octets: bytes) -> None:
        """Bring it on its way, or lose it."""
        ...


class _Terminal:
    def __init__(self, line: SerialLine) -> None:
        self._line = line

    async def send(self, octets: bytes) -> None:
        self._line.write(octets)


class _Connection:
    def __init__(self, host: str, port: int) -> None:
        self._place = (host, port)
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, octets: bytes) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            if self._writer is None or self._writer.is_closing():
                async with asyncio.timeout(_CONNECT_WITHIN_S):
                    _, self._writer = await asyncio.open_connection(*self._place)
            self._writer.write(octets)
            await self._writer.drain()
            return
        self.close()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class _Datagrams:
    def __init__(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._place = (host, port)
        self._socket = socket.socket(family, socket.SOCK_DGRAM)

    async def send(self, octets: bytes) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendto(octets, self._place)

    def close(self) -> None:
        self._socket.close()


def check_place(place: str, *, where: str) -> None:
    """Raises InputRefused for what is no place to push to."""
    if "://" in place:
        _network_place(place, where)


def is_network(place: str) -> bool:
    """Whether it is no terminal."""
    return "://" in place


@contextlib.asynccontextmanager
async def open_push_line(place: str) -> AsyncIterator[PushLine]:
    """The line while the context lasts; raises EnvironmentRefused where its name cannot be had."""
    if not is_network(place):
        async with open_line(Path(place)) as terminal:
            yield _Terminal(terminal)
        return
    scheme, host, port = _network_place(place, "--push")
    line = _Connection(host, port) if scheme == "tcp" else _Datagrams(host, port)
    try:
        yield line
    finally:
        line.close()


async def push_for_ever(pusher: Pusher, line: PushLine, clock: Clock) -> None:
    """Send what is due when it is due, until cancelled."""
    while True:
        octets = pusher.due(Moment.read(clock))
        if octets:
            await line.send(octets)
        await asyncio.sleep(_LOOK_S)


def _network_place(place: str, where: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(place)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        scheme, host, port = "", None, None
    if scheme not in ("tcp", "udp") or not host or not port:
        raise InputRefused(f"{place!r} is no place to push to", where=where, do=_DO)
    return scheme, host, port
