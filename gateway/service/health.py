"""What the gateway says of itself: its start, its heartbeat, and once an hour how it fares.

The heartbeat carries how far every lane has come, so that a chain cut at its end is seen within one heartbeat.
"""

from datetime import datetime, timedelta

from gateway.core.outbox import Entry
from gateway.service.ports import Book, Machine
from runtime.clock import Clock
from wire.events import GatewayHealth, GatewayStarted, Heartbeat

TOLD_EVERY = timedelta(hours=1)


class Health:
    """When the gateway says how it is, and what it says."""

    def __init__(self, *, clock: Clock, every: timedelta, software: str, machine: Machine) -> None:
        self._clock = clock
        self._machine = machine
        self._every = every
        self._software = software
        self._started_s = clock.monotonic()
        self._beat_at: datetime | None = None
        self._told_at: datetime | None = None
        self._is_born = False

    def due(self, book: Book, now: datetime) -> tuple[Entry, ...]:
        """What the gateway has to say of itself now: its start, once; heartbeat and health, at once and then regularly.

        It stays due until `told` says that the journal holds it.
        """
        entries: list[Entry] = []
        if not self._is_born:
            entries.append(Entry(subject="", event=GatewayStarted(software=self._software, boot=book.boot)))
        if self._beat_at is None or now >= self._beat_at + self._every:
            uptime_s = round(self._clock.monotonic() - self._started_s)
            beat = Heartbeat(heads=book.heads(), uptime_s=uptime_s, pending=book.waiting())
            entries.append(Entry(subject="", event=beat))
        if self._told_at is None or now >= self._told_at + TOLD_EVERY:
            entries.append(Entry(subject="", event=self._machine.look()))
        return tuple(entries)

    def told(self, entries: tuple[Entry, ...], now: datetime) -> None:
        """The journal holds these."""
        self._is_born = True
        if any(isinstance(entry.event, Heartbeat) for entry in entries):
            self._beat_at = now
        if any(isinstance(entry.event, GatewayHealth) for entry in entries):
            self._told_at = now

    def change_every(self, every: timedelta) -> None:
        """From now on beat as often as this says; from any thread."""
        self._every = every
