"""The bell inside the process: something was committed, whoever looks may look again.

It carries no content, only a rising number. So a slow listener misses nothing (it finds the newest number when it
comes back), nothing queues up, and nobody holds a database connection while waiting. Rung from any thread, heard by
coroutines of any event loop; `close` lets every listener go at once, so that a web server with open streams can stop.
"""

import asyncio
import threading
from typing import Final

MAX_LISTENERS: Final = 200
"""Open pages per process; one more is refused and falls back to reloading."""


class TooManyListeners(Exception):
    """Every place at the bell is taken; try again later."""


class Bell:
    """A bell that counts its strokes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._is_closed = False
        self._listeners: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    @property
    def count(self) -> int:
        """How often it rang so far."""
        return self._count

    @property
    def is_closed(self) -> bool:
        """Whether it will never ring again."""
        return self._is_closed

    def ring(self) -> None:
        """Say that something was committed; from any thread, never waiting."""
        with self._lock:
            self._count += 1
            self._wake()

    def close(self) -> None:
        """Let every listener go, now and in future."""
        with self._lock:
            self._is_closed = True
            self._wake()

    async def after(self, seen: int) -> int | None:
        """The newest count once it is beyond `seen`; None when the bell is closed.

        Raises: TooManyListeners.
        """
        woken = asyncio.Event()
        with self._lock:
            if self._is_closed:
                return None
            if self._count > seen:
                return self._count
            if len(self._listeners) >= MAX_LISTENERS:
                raise TooManyListeners
            self._listeners[woken] = asyncio.get_running_loop()
        try:
            await woken.wait()
        finally:
            with self._lock:
                self._listeners.pop(woken, None)
        return None if self._is_closed else self._count

    def _wake(self) -> None:
        for woken, loop in self._listeners.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(woken.set)
        self._listeners.clear()
