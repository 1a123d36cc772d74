"""The heartbeat: how far every lane has come, so that a chain cut at its end is seen within one heartbeat."""

from datetime import datetime, timedelta

from gateway.core.outbox import Entry
from gateway.service.ports import Book
from runtime.clock import Clock
from wire.events import GatewayStarted, Heartbeat


class Health:
    """When the gateway says how it is, and what it says."""

    def __init__(self, *, clock: Clock, every: timedelta, software: str) -> None:
        self._clock = clock
        self._every = every
        self._software = software
        self._started_s = clock.monotonic()
        self._due_at: datetime | None = None
        self._is_born = False

    def birth(self, book: Book) -> Entry | None:
        """The first thing a started gateway says, and says once, however often its pipeline begins anew."""
        if self._is_born:
            return None
        self._is_born = True
        return Entry(subject="", event=GatewayStarted(software=self._software, boot=book.boot))

    def beat(self, book: Book, now: datetime) -> Entry | None:
        """The heartbeat, when it is due: at once after a start, and then regularly."""
        if self._due_at is not None and now < self._due_at:
            return None
        self._due_at = now + self._every
        uptime_s = round(self._clock.monotonic() - self._started_s)
        return Entry(subject="", event=Heartbeat(heads=book.heads(), uptime_s=uptime_s, pending=book.waiting()))
