"""The lines between everybody and the broker, in a thread of this process: the simulators' own relay."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

from simulators.uplink.mischief import Odds
from simulators.uplink.relay import Line, Relay, State

T = TypeVar("T")
_WITHIN_S = 60.0


class Lines:
    """A line for each name, all to one broker's port; those of `good` lose nothing, but can be cut as well."""

    def __init__(self, names: Sequence[str], *, broker_port: int, odds: Odds, good: Sequence[str], seed: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lines", daemon=True)
        self._relay = Relay([(name, 0) for name in names], broker_port=broker_port, odds=odds, seed=seed)
        for name in good:
            self._relay.lines[name].set_odds(Odds())

    def open(self) -> None:
        """Carry from now on."""
        self._thread.start()
        self._ask(self._relay.open)

    def port(self, name: str) -> int:
        """Where this line begins."""
        return self._relay.lines[name].port

    def in_use(self) -> list[str]:
        """The lines somebody is on, in their order."""
        lines = self._relay.lines.items()
        return self._ask(lambda: [name for name, line in lines if _count(line, "connections")])

    def cut(self, name: str) -> bool:
        """Reset whoever is on the line; it is on again at once. Whether anybody was there."""
        return self._ask(lambda: _cut(self._relay.lines[name]))

    def counts(self, of: str) -> int:
        """How many messages of all lines were `published`, `lost`, `doubled` or `delayed`."""
        return self._ask(lambda: sum(_count(line, of) for line in self._relay.lines.values()))

    def close(self) -> None:
        """Let everybody go."""
        asyncio.run_coroutine_threadsafe(self._relay.close(), self._loop).result(_WITHIN_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_WITHIN_S)
        self._loop.close()

    def _ask(self, question: Callable[[], T]) -> T:
        """Ask in the lines' own thread."""
        answer: Future[T] = Future()
        self._loop.call_soon_threadsafe(lambda: answer.set_result(question()))
        return answer.result(_WITHIN_S)


def _cut(line: Line) -> bool:
    was_used = _count(line, "connections") > 0
    line.turn(State.OFF)
    line.turn(State.ON)
    return was_used


def _count(line: Line, of: str) -> int:
    count = line.status()[of]
    assert isinstance(count, int)
    return count
