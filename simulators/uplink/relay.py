"""A relay on loopback: lines of their own, each a port, that all lead to one broker's port.

A line is `on`; or `off`: who is on it is reset, who comes is refused, as with a modem that says it has no network; or
`mute`: whatever is sent vanishes and nobody is told, as behind a router that has forgotten the connection. Only
keep-alive finds that out. A connection that was muted stays so when the line is on again; a new one is not.

A line that is off keeps its port, so that nobody else can take it meanwhile. What a connection carries goes through
`mischief`. Nothing is queued: who sends faster than the other end reads is made to wait.
"""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from enum import Enum

from runtime.errors import EnvironmentRefused, InputRefused
from simulators.uplink.mischief import Counts, Odds, Side, Traffic

MAX_CONNECTIONS = 64
_LOOPBACK = "127.0.0.1"
_READ_BYTES = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class State(Enum):
    """How a line is."""

    ON = "on"
    OFF = "off"
    MUTE = "mute"


class _Connection:
    """One client's way to the broker and back."""

    def __init__(self, traffic: Traffic) -> None:
        self.traffic = traffic
        self.is_mute = False
        self.writers: dict[Side, asyncio.StreamWriter] = {}

    async def carry(self, speaker: Side, reader: asyncio.StreamReader) -> None:
        """Bring what one end says to the other until it ends."""
        onward_to = speaker.other
        while octets := await reader.read(_READ_BYTES):
            if self.is_mute:
                continue
            moved = self.traffic.hear(speaker, octets)
            for side, said in ((onward_to, moved.onward), (speaker, moved.back)):
                if said:
                    self.writers[side].write(said)
                    await self.writers[side].drain()
        if not self.is_mute:
            self.writers[onward_to].write(self.traffic.end(speaker))

    def reset(self) -> None:
        """End both ways at once, with a reset."""
        for writer in self.writers.values():
            _reset(writer)


class Line:
    """One port and who is on it."""

    def __init__(self, name: str, port: int, *, broker_port: int, odds: Odds, chance: Callable[[], float]) -> None:
        """Take the port, 0 for any that is free; raises EnvironmentRefused when it cannot be had."""
        self.name = name
        self.state = State.OFF
        self.odds = odds
        self._broker_port = broker_port
        self._chance = chance
        self._past = Counts()
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._socket = _bound(name, port)
        self.port: int = self._socket.getsockname()[1]

    def turn(self, state: State) -> None:
        """Switch the line; what is on it meets its fate before this returns."""
        if state is State.OFF:
            self._refuse()
        elif self.state is State.OFF:
            self._listen()
            asyncio.get_running_loop().add_reader(self._socket, self._accept)
        if state is State.MUTE:
            for connection in self._connections:
                connection.is_mute = True
        self.state = state

    def set_odds(self, odds: Odds) -> None:
        """Lose, double and delay so much from now on."""
        self.odds = odds
        for connection in self._connections:
            connection.traffic.odds = odds

    async def close(self) -> None:
        """Let everybody and the port go."""
        self.turn(State.OFF)
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._socket.close()

    def status(self) -> dict[str, object]:
        """What a story wants to know."""
        counts = sum((connection.traffic.counts for connection in self._connections), self._past)
        return {
            "state": self.state.value,
            "port": self.port,
            "connections": len(self._connections),
            "published": counts.published,
            "lost": counts.lost,
            "lost_acknowledged": counts.lost_acknowledged,
            "doubled": counts.doubled,
            "delayed": counts.delayed,
        }

    def _listen(self) -> None:
        try:
            self._socket.listen()
        except OSError as error:
            raise _port_is_taken(self.name, self.port, error) from error

    def _refuse(self) -> None:
        if self.state is not State.OFF:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.shutdown(socket.SHUT_RDWR)  # no longer listens, and still has its port
        for connection in tuple(self._connections):
            self._let_go(connection)

    def _let_go(self, connection: _Connection) -> None:
        """Reset what is not ended yet, and remember what the connection carried."""
        connection.reset()
        if connection in self._connections:
            self._connections.remove(connection)
            self._past += connection.traffic.counts

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            client, _ = self._socket.accept()
            client.setblocking(False)
            task = asyncio.get_running_loop().create_task(self._serve(client))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, client: socket.socket) -> None:
        connection = _Connection(Traffic(self.odds, self._chance))
        connection.is_mute = self.state is State.MUTE
        reader, writer = await asyncio.open_connection(sock=client)
        connection.writers[Side.CLIENT] = writer
        if self.state is State.OFF or len(self._connections) >= MAX_CONNECTIONS:
            _reset(writer)
            return
        self._connections.add(connection)
        try:
            await self._carry_both_ways(connection, reader)
        finally:
            self._let_go(connection)

    async def _carry_both_ways(self, connection: _Connection, reader: asyncio.StreamReader) -> None:
        """Until one end ends; its last words are brought to the other first."""
        readers = {Side.CLIENT: reader}
        if not connection.is_mute:
            try:
                readers[Side.BROKER], broker = await asyncio.open_connection(_LOOPBACK, self._broker_port)
            except OSError:
                return
            connection.writers[Side.BROKER] = broker
        ways = {asyncio.create_task(connection.carry(side, each)) for side, each in readers.items()}
        try:
            await _until_over(connection, ways)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        for writer in () if connection.is_mute or self.state is State.OFF else connection.writers.values():
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


class Relay:
    """All lines, as the control socket knows them."""

    def __init__(self, lines: Iterable[tuple[str, int]], *, broker_port: int, odds: Odds, seed: int) -> None:
        """Take the ports of the lines; raises EnvironmentRefused when one cannot be had."""
        self.lines: dict[str, Line] = {}
        self._odds = odds
        self._keep: Callable[[Mapping[str, State]], None] = _forget
        for name, port in lines:
            chance = random.Random(f"{seed}/{name}").random
            self.lines[name] = Line(name, port, broker_port=broker_port, odds=odds, chance=chance)

    def open(self, states: Mapping[str, State] | None = None) -> None:
        """Switch every line to its state, on where none is given."""
        for name, line in self.lines.items():
            line.turn((states or {}).get(name, State.ON))

    def listen_to_changes(self, keep: Callable[[Mapping[str, State]], None]) -> None:
        """From now on hand every line's state to `keep` before the command that changed one is answered."""
        self._keep = keep

    async def close(self) -> None:
        """Let everybody and the ports go."""
        for line in self.lines.values():
            await line.close()

    def command(self, words: Sequence[str]) -> dict[str, object]:
        """One word of a story; raises InputRefused for what is none."""
        match words:
            case ["line", name, state] if name in self.lines and state in {each.value for each in State}:
                self.lines[name].turn(State(state))
                self._keep({each.name: each.state for each in self.lines.values()})
            case ["lose", percent]:
                self._set_odds(replace(self._odds, lose=share(percent)))
            case ["double", percent]:
                self._set_odds(replace(self._odds, double=share(percent)))
            case ["delay", percent]:
                self._set_odds(replace(self._odds, delay=share(percent)))
            case ["status"]:
                pass
            case _:
                names = "|".join(self.lines)
                do = f"line {names} on|off|mute, lose PERCENT, double PERCENT, delay PERCENT, status"
                raise InputRefused(f"no such command: {' '.join(words)}", do=do)
        return {
            "lose": round(100 * self._odds.lose, 6),
            "double": round(100 * self._odds.double, 6),
            "delay": round(100 * self._odds.delay, 6),
            "lines": {name: line.status() for name, line in self.lines.items()},
        }

    def _set_odds(self, odds: Odds) -> None:
        check_odds(odds)
        self._odds = odds
        for line in self.lines.values():
            line.set_odds(odds)


def share(percent: str) -> float:
    """A percentage as a share of one; raises InputRefused for what is none."""
    try:
        value = float(percent) / 100
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise InputRefused(f"{percent!r} is no percentage", do="say a number from 0 to 100")
    return value


def check_odds(odds: Odds) -> None:
    """Raises InputRefused when more would befall the packets than there are."""
    if odds.lose + odds.double + odds.delay > 1:
        do = "let the percentages be 100 at most together"
        raise InputRefused("what is lost cannot be doubled or delayed too", do=do)


async def _until_over(connection: _Connection, ways: set[asyncio.Task[None]]) -> None:
    """Wait for the first way to end; on a mute line for all, since neither end hears of the other's."""
    pending = ways
    while pending:
        ended, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        if not connection.is_mute and ended:
            return


def _bound(name: str, port: int) -> socket.socket:
    """A socket that has the port, and does not listen."""
    bound = _new_socket()
    try:
        with _new_socket() as finder:
            if port == 0:
                finder.bind((_LOOPBACK, 0))  # a port that was asked for by number is kept when listening ends
            bound.bind((_LOOPBACK, port or finder.getsockname()[1]))
        bound.listen()  # two may be bound to a port; listening shows whose it is
        bound.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        bound.close()
        raise _port_is_taken(name, port, error) from error
    return bound


def _new_socket() -> socket.socket:
    new = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    new.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    new.setblocking(False)
    return new


def _port_is_taken(name: str, port: int, error: OSError) -> EnvironmentRefused:
    what = f"the line cannot have its port: {error.strerror}"
    return EnvironmentRefused(what, where=f"{name}={port}", do="choose another port, or 0")


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with a reset, as one that is cut and not ended."""
    if not writer.transport.is_closing():
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        writer.transport.abort()


def _forget(_states: Mapping[str, State]) -> None:
    """Without a state file every line is on again after a kill."""
