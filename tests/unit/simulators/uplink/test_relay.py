"""Lines that are switched, with real sockets on loopback."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from runtime.errors import EnvironmentRefused, InputRefused
from simulators.uplink.mischief import Odds
from simulators.uplink.packets import puback
from simulators.uplink.relay import Line, Relay
from tests.unit.simulators.uplink.test_packets import CONNECT, PING, publish
from tests.waiting import SURELY_S

SILENCE_S = 0.05
GOOD = Odds()
End = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Street:
    """A relay with one line, and the broker it leads to."""

    def __init__(self, relay: Relay, came: "asyncio.Queue[End]") -> None:
        self.relay = relay
        self.line: Line = relay.lines["ana"]
        self._came = came
        self._ends: list[End] = []

    async def call(self) -> End:
        """A client's end of a new connection."""
        end = await asyncio.open_connection("127.0.0.1", self.line.port)
        self._ends.append(end)
        return end

    async def call_through(self) -> tuple[End, End]:
        """Both ends of a new connection."""
        client = await self.call()
        broker = await asyncio.wait_for(self._came.get(), SURELY_S)
        self._ends.append(broker)
        return client, broker

    def tell(self, words: str) -> dict[str, object]:
        return self.relay.command(words.split())

    def hang_up(self) -> None:
        for _, writer in self._ends:
            writer.close()


@contextlib.asynccontextmanager
async def street(odds: Odds = GOOD) -> AsyncIterator[Street]:
    came: asyncio.Queue[End] = asyncio.Queue()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.put_nowait((reader, writer))

    broker = await asyncio.start_server(take, "127.0.0.1", 0)
    port = broker.sockets[0].getsockname()[1]
    relay = Relay([("ana", 0)], broker_port=port, odds=odds, seed=1)
    relay.open()
    playing = Street(relay, came)
    try:
        yield playing
    finally:
        playing.hang_up()
        await relay.close()
        broker.close()


def play(story: Callable[[Street], Awaitable[None]], odds: Odds = GOOD) -> None:
    async def playing() -> None:
        async with street(odds) as there:
            await asyncio.wait_for(story(there), 2 * SURELY_S)

    asyncio.run(playing())


async def say(end: End, octets: bytes) -> None:
    end[1].write(octets)
    await end[1].drain()


async def hear(end: End, count: int) -> bytes:
    return await asyncio.wait_for(end[0].readexactly(count), SURELY_S)


async def is_silent(end: End) -> bool:
    """Whether nothing comes, not even an end."""
    try:
        await asyncio.wait_for(end[0].read(1), SILENCE_S)
    except TimeoutError:
        return True
    return False


async def is_reset(end: End) -> bool:
    try:
        await asyncio.wait_for(end[0].read(1), SURELY_S)
    except ConnectionResetError:
        return True
    return False


def test_what_is_said_goes_through_both_ways() -> None:
    async def story(street: Street) -> None:
        client, broker = await street.call_through()

        await say(client, CONNECT + publish(packet_id=1))
        await say(broker, puback(1))

        assert await hear(broker, len(CONNECT) + 9) == CONNECT + publish(packet_id=1)
        assert await hear(client, 4) == puback(1)

    play(story)


def test_last_words_arrive_before_the_end() -> None:
    async def story(street: Street) -> None:
        client, broker = await street.call_through()

        await say(client, publish() + b"\x30")
        client[1].close()

        assert await asyncio.wait_for(broker[0].read(), SURELY_S) == publish() + b"\x30"

    play(story)


def test_a_line_that_is_off_resets_who_is_on_it_and_refuses_who_comes() -> None:
    async def story(street: Street) -> None:
        client, broker = await street.call_through()

        answer = street.tell("line ana off")

        assert answer["lines"]["ana"]["connections"] == 0  # type: ignore[index]  # the answer is plain JSON
        assert await is_reset(client)
        assert await is_reset(broker)
        with pytest.raises(ConnectionRefusedError):
            await street.call()

    play(story)


def test_a_line_that_is_off_keeps_its_port_and_carries_again_when_it_is_on() -> None:
    async def story(street: Street) -> None:
        street.tell("line ana off")
        street.tell("line ana off")
        with pytest.raises(OSError, match="in use"), socket.socket() as other:
            other.bind(("127.0.0.1", street.line.port))
        street.tell("line ana on")

        client, broker = await street.call_through()
        await say(client, PING)

        assert await hear(broker, 2) == PING

    play(story)


def test_on_a_mute_line_nobody_hears_anything_not_even_an_end() -> None:
    async def story(street: Street) -> None:
        client, broker = await street.call_through()

        street.tell("line ana mute")
        newcomer = await street.call()
        await say(client, PING)
        await say(broker, PING)
        await say(newcomer, CONNECT)

        assert [await is_silent(end) for end in (client, broker, newcomer)] == [True, True, True]
        client[1].close()
        assert await is_silent(broker)

    play(story)


def test_what_was_muted_stays_so_and_a_new_connection_goes_through() -> None:
    async def story(street: Street) -> None:
        old, _ = await street.call_through()
        street.tell("line ana mute")
        street.tell("line ana on")

        new, broker = await street.call_through()
        await say(old, PING)
        await say(new, CONNECT)

        assert await hear(broker, len(CONNECT)) == CONNECT
        assert await is_silent(old)

    play(story)


def test_a_mute_line_can_be_cut() -> None:
    async def story(street: Street) -> None:
        client, _ = await street.call_through()
        street.tell("line ana mute")

        street.tell("line ana off")

        assert await is_reset(client)

    play(story)


def test_without_a_broker_a_connection_is_reset() -> None:
    async def story() -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            relay = Relay([("ana", 0)], broker_port=nobody.getsockname()[1], odds=Odds(), seed=1)
            relay.open()
            client = await asyncio.open_connection("127.0.0.1", relay.lines["ana"].port)
            assert await is_reset(client)
            client[1].close()
            await relay.close()

    asyncio.run(story())


def test_losing_can_be_switched_while_it_carries_and_is_counted() -> None:
    async def story(street: Street) -> None:
        client, broker = await street.call_through()
        street.tell("double 0")
        street.tell("lose 100")
        await say(client, publish() + PING)
        assert await hear(broker, 2) == PING
        street.tell("lose 0")
        street.tell("double 100")
        await say(client, publish())
        assert await hear(broker, 14) == publish() * 2

        status = street.tell("status")

        line = {"state": "on", "port": street.line.port, "connections": 1}
        counts = {"published": 2, "lost": 1, "lost_acknowledged": 0, "doubled": 1, "delayed": 0}
        assert status == {"lose": 0.0, "double": 100.0, "delay": 0.0, "lines": {"ana": {**line, **counts}}}

    play(story)


def test_what_ended_connections_carried_stays_counted() -> None:
    async def story(street: Street) -> None:
        client, broker = await street.call_through()
        await say(client, publish())
        await hear(broker, 7)

        street.tell("line ana off")

        assert street.line.status()["published"] == 1

    play(story)


@pytest.mark.parametrize("words", ["line bob off", "line ana away", "line ana", "lose", "lose all", "lose 101", ""])
def test_other_words_are_refused(words: str) -> None:
    async def story(street: Street) -> None:
        with pytest.raises(InputRefused):
            street.tell(words)

    play(story)


def test_no_more_than_everything_can_befall_the_packets() -> None:
    async def story(street: Street) -> None:
        with pytest.raises(InputRefused, match="100 at most together"):
            street.tell("lose 60")

    play(story, Odds(double=0.5))


def test_a_taken_port_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(EnvironmentRefused, match="in use"):
        Relay([("ana", other.getsockname()[1])], broker_port=1, odds=Odds(), seed=1)
