"""How many connections the page keeps, so that nobody takes the machine's last open file by connecting and waiting.

Whoever reaches the port can open connections and say nothing. Without a bound the program runs out of files: it
answers nobody any more, operators included, and its own database and mail go without. So a number of connections is
kept and no more. One too many ends the one that has waited longest for its reader to ask, or to finish asking; only
where all are being answered is the newest one ended itself. An operator's request takes moments, so it is not the one
that has waited longest.
"""

import asyncio
import resource
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS: Final = 400
BACKLOG: Final = 64
"""How many connections are let in before any of them is looked at."""


def _room() -> int:
    """Half of the files this process may open, if that is less."""
    most_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(MAX_CONNECTIONS, most_files // 2) if most_files > 0 else MAX_CONNECTIONS


class Connection(H11Protocol):
    """One connection among a bounded crowd; uvicorn makes them."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.room = _room()
        self.waits_since_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's signature
        super().connection_made(transport)
        self.waits_since_s = self.loop.time()
        if len(self.connections) > self.room:
            self._make_room()

    def on_response_complete(self) -> None:
        self.waits_since_s = self.loop.time()
        super().on_response_complete()

    @property
    def is_waiting(self) -> bool:
        """Whether it is the reader's turn to say something."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def _make_room(self) -> None:
        crowd = (each for each in self.connections if isinstance(each, Connection) and each is not self)
        waiting = (each for each in crowd if each.is_waiting)
        leaves = min(waiting, key=lambda each: each.waits_since_s, default=self)
        self.connections.discard(leaves)
        leaves.transport.abort()
